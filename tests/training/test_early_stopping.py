"""Oracle (a): where training stops and which weights stay, worked by hand from what an epoch is said to have given."""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.callbacks import Callback, EarlyStopping

NAN = math.nan


class Scripted(EarlyStopping):
    """Is told numbers of a script, whatever training gave."""

    script: tuple[float, ...] = ()

    def on_epoch_end(self, epoch, logs):
        super().on_epoch_end(epoch, {**logs, self.monitor: self.script[epoch]})


class Count(Callback):
    """Makes the weight tell its epoch."""

    def on_epoch_end(self, epoch, logs):
        self.model.set_weights([np.full((1, 1), float(epoch))])


def run(script, *, metrics=None, **options):
    """Return the callback, the epochs trained and the epoch whose weights the model has in the end."""
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False)])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error", metrics)
    stop = Scripted(**{"monitor": "loss", **options})
    stop.script = script
    x = np.ones((2, 1))
    history = model.fit(x, x, epochs=len(script), verbose=0, callbacks=[Count(), stop])
    return stop, len(history.epoch), int(model.get_weights()[0].item())


@pytest.mark.parametrize(
    ("script", "options", "epochs", "best"),
    [
        ((3, 2, 1), {}, 3, 2),
        ((3, 3, 1), {}, 2, 0),  # no patience: the first epoch without improvement ends it
        ((3, 4, 5, 1), {"patience": 2}, 3, 0),
        ((3, 4, 2, 4, 5, 1), {"patience": 2}, 5, 2),
        ((3, 2.9, 2.8, 0), {"patience": 2, "min_delta": 0.5}, 3, 0),
        ((3, 2.9, 2.8, 0), {"patience": 2, "min_delta": -0.5}, 3, 0),
        ((3, 2.6, 2.4, 0), {"patience": 2, "min_delta": 0.5}, 4, 3),  # 3 - 2.4 > 0.5: compared with the best
        ((1, 2, 3, 2, 1), {"mode": "max", "patience": 1}, 4, 2),
        ((5, 4, 3, 3), {"baseline": 1, "patience": 2}, 4, 2),  # better each time, so never stopped at once
        ((0.5, 4, 0.4), {"baseline": 1, "patience": 1}, 2, 0),
        ((1, 9, 9, 8, 9, 9), {"start_from_epoch": 2, "patience": 2}, 6, 3),
        ((NAN, NAN, NAN, NAN), {"patience": 3}, 3, 0),
        ((NAN, 2, NAN, 1), {"patience": 2}, 4, 3),
        ((2, 1), {"patience": 9}, 2, 1),  # nothing stopped it
        ((1, 2), {"patience": 9}, 2, 0),
    ],
)
def test_training_stops_where_it_is_due_and_the_best_weights_stay(script, options, epochs, best):
    stop, trained, weight = run(script, restore_best_weights=True, **options)
    assert (trained, stop.best_epoch, weight) == (epochs, best, best)


def test_without_restoring_the_last_weights_stay():
    assert run((1, 2, 3), patience=2)[1:] == (3, 2)


def test_an_accuracy_is_better_when_larger_whatever_it_is_called():
    hits = ff.metrics.BinaryAccuracy(name="hits")
    assert run((1, 2, 3), metrics=[hits], monitor="hits")[1] == 3
    assert run((3, 2, 1), metrics=[hits], monitor="hits")[1] == 2
    assert run((3, 2, 1), metrics=["mean_absolute_error"], monitor="mean_absolute_error")[1] == 3


def test_stopped_epoch_says_where_and_a_second_training_begins_anew():
    stop = run((1, 2, 3), patience=2)[0]
    assert (stop.stopped_epoch, stop.best) == (2, 1)
    stop.script = (7, 6)
    model = stop.model
    assert model.fit(np.ones((2, 1)), np.ones((2, 1)), epochs=2, verbose=0, callbacks=[stop]).epoch == [0, 1]
    assert (stop.stopped_epoch, stop.best) == (0, 6)


def test_verbose_says_what_was_done(capsys):
    run((1, 2), verbose=1, restore_best_weights=True)
    assert capsys.readouterr().out == (
        "epoch 2: stopped early, loss was best in epoch 1\nthe weights are those of epoch 1\n"
    )


def test_the_weights_are_those_that_validation_liked_best():
    # y = 0 x + noise: the error on validation data only grows, so the first epoch's weights stay.
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(40, 20)), draw.normal(size=(40, 1))
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((20,)), ff.layers.Dense(64, activation="relu"), ff.layers.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error")
    stop = EarlyStopping(patience=5, restore_best_weights=True)
    history = model.fit(x, y, epochs=200, validation_split=0.5, verbose=0, callbacks=[stop])
    losses = history.history["val_loss"]
    assert len(losses) == int(np.argmin(losses)) + 6
    assert model.evaluate(x[20:], y[20:], verbose=0) == min(losses)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"monitor": 3}, TypeError, r"EarlyStopping\(monitor=3\): expected the name of a number, such as 'val_loss'"),
        ({"min_delta": NAN}, ValueError, r"min_delta=nan\): min_delta must be a number\. Got nan"),
        ({"baseline": "1"}, ValueError, r"baseline='1'\): baseline must be a number"),
        ({"patience": -1}, ValueError, r"patience=-1\): patience must be an int >= 0"),
        ({"start_from_epoch": 1.5}, ValueError, r"start_from_epoch=1\.5\): start_from_epoch must be an int >= 0"),
        ({"mode": "maximum"}, ValueError, r"mode='maximum'\): mode must be 'auto', 'min' or 'max'\. Got 'maximum'"),
        ({"verbose": 2}, ValueError, r"verbose=2\): verbose must be 0 or 1"),
        ({"restore_best_weights": 1}, TypeError, r"restore_best_weights=1\): expected True or False"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        EarlyStopping(**options)


def test_a_number_that_nobody_measures_is_an_error_that_says_how_to_have_it():
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    x = np.ones((2, 1))
    with pytest.raises(
        ValueError, match=r"monitor='val_loss'\): training has no such number\. .*Give fit\(\) validation"
    ):
        model.fit(x, x, verbose=0, callbacks=[EarlyStopping()])
    with pytest.raises(ValueError, match=r"monitor='lss'\): training has no such number\. Did you mean 'loss'\?"):
        model.fit(x, x, verbose=0, callbacks=[EarlyStopping("lss")])


def test_a_number_of_which_nobody_knows_what_is_better_asks_for_the_mode():
    message = r"'gain'\): mode='auto' asks the metric, and this one does not say\. Give mode='min' or mode='max', or"
    with pytest.raises(ValueError, match=message):
        run((1, 2), monitor="gain")
