"""Oracle (d): Keras 3.15's ReduceLROnPlateau on the same numbers, recorded; (a) rates and messages worked by hand."""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.callbacks import Callback, LearningRateScheduler, ReduceLROnPlateau

X = np.ones((2, 1), np.float32)


def made(rate=1.0):
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    return model


class Rates(Callback):
    """Writes down the rate that each epoch was trained with."""

    def __init__(self):
        self.found = []

    def on_chunk_end(self, step, logs):
        rate = self.model.optimizer.learning_rate
        self.found.append(float(rate.item() if isinstance(rate, ff.Variable) else rate))


def rates(model, *callbacks, epochs=4):
    seen = Rates()
    model.fit(X, X * 0, epochs=epochs, verbose=0, callbacks=[*callbacks, seen])
    return seen.found


@pytest.mark.parametrize("rate", [1.0, lambda: ff.Variable(1.0)])
def test_a_function_sets_the_rate_before_each_epoch(rate):
    model = made(rate() if callable(rate) else rate)
    assert rates(model, LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)) == [1, 0.5, 0.25, 0.125]
    assert rates(model, LearningRateScheduler(lambda epoch: 2.0**-epoch)) == [1, 0.5, 0.25, 0.125]
    assert rates(model, LearningRateScheduler([0.5, 0.25, 0.0, 1].__getitem__)) == [0.5, 0.25, 0.0, 1.0]


def test_it_says_what_it_sets(capsys):
    rates(made(), LearningRateScheduler(lambda epoch: 0.5, verbose=1), epochs=1)
    assert capsys.readouterr().out == "epoch 1: the learning rate is 0.5\n"


@pytest.mark.parametrize("bad", [None, -1, math.nan, math.inf, "0.1", True])
def test_a_function_that_returns_no_rate_is_named(bad):
    message = r"^LearningRateScheduler: schedule\(0, 1\.0\) returned .*\. Expected the learning rate, a number >= 0\."
    with pytest.raises(ValueError, match=message):
        rates(made(), LearningRateScheduler(lambda epoch, rate: bad))


@pytest.mark.parametrize("callback", [LearningRateScheduler(lambda epoch: 0.1), ReduceLROnPlateau("loss")])
def test_an_optimizer_with_a_schedule_is_refused_before_training(callback):
    model = made(ff.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9))
    message = rf"^{type(callback).__name__}: the optimizer's learning_rate is ExponentialDecay\(.*\), which sets it in"
    with pytest.raises(TypeError, match=message):
        rates(model, callback)
    assert model.optimizer.iterations.item() == 0


class Scripted(ReduceLROnPlateau):
    """Is told numbers of a script, whatever training gave."""

    script = ()

    def on_epoch_end(self, epoch, logs):
        super().on_epoch_end(epoch, {"loss": self.script[epoch]})


# Of Keras 3.15.1 on JAX: the rate after each epoch, from 1.0; not of NaN, which is the best ever there if it is first.
#   callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", **options); callback.set_model(model)
#   callback.on_train_begin(); for epoch, loss in enumerate(script): callback.on_epoch_end(epoch, {"loss": loss})
KERAS = [
    ({"factor": 0.5, "patience": 2}, [5, 4, 4, 4, 4, 4, 3, 3], [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]),
    (
        {"factor": 0.5, "patience": 1, "cooldown": 2},
        [5] * 10,
        [1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625, 0.03125],
    ),
    (
        {"factor": 0.5, "patience": 2, "cooldown": 1, "min_delta": 0.5},
        [5, 4.8, 4.6, 4.4, 4.4, 4.4, 4.4, 4.4, 4.4],
        [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125],
    ),
    ({"factor": 0.25, "patience": 0, "min_lr": 0.1}, [1] * 5, [1, 0.25, 0.1, 0.1, 0.1]),
    (
        {"factor": 0.5, "patience": 1, "mode": "max"},
        [1, 2, 3, 3, 2, 4, 4, 5],
        [1, 1, 1, 0.5, 0.25, 0.25, 0.125, 0.125],
    ),
    (
        {"factor": 0.5, "patience": 3, "cooldown": 3},
        [3] * 14,
        [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125],
    ),
]
BY_HAND = [
    # NaN is never better, whenever it comes: epochs 1, 2, 4 and 6 bring nothing.
    (
        {"factor": 0.5, "patience": 1},
        [math.nan, math.nan, 2, math.nan, 1, math.inf],
        [0.5, 0.25, 0.25, 1 / 8, 1 / 8, 1 / 16],
    ),
]


@pytest.mark.parametrize(("options", "script", "wanted"), KERAS + BY_HAND)
def test_the_rate_falls_when_nothing_becomes_better(options, script, wanted):
    reduce, after = Scripted("loss", **options), []

    class After(Callback):
        def on_epoch_end(self, epoch, logs):
            after.append(self.model.optimizer.learning_rate)

    reduce.script = script
    made_and_fit = made()
    made_and_fit.fit(X, X * 0, epochs=len(script), verbose=0, callbacks=[reduce, After()])
    assert after == wanted


def test_a_number_by_name_is_watched_and_what_is_done_is_said(capsys):
    # With rate 2 the loss of w = 1 stays as it is: w becomes -1, then 1.
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(ff.optimizers.SGD(1.0), "mean_squared_error")
    reduce = ReduceLROnPlateau("val_loss", factor=0.5, patience=1, verbose=1)
    history = model.fit(X, X * 0, epochs=3, verbose=0, validation_data=(X, X * 0), callbacks=[reduce])
    assert history.history["val_loss"] == [1.0, 1.0, 0.0] and reduce.best == 0.0
    assert capsys.readouterr().out == "epoch 2: val_loss is no better, the learning rate becomes 0.5\n"
    with pytest.raises(ValueError, match=r"^ReduceLROnPlateau\(monitor='val_loss'\): training has no such number\."):
        model.fit(X, X, verbose=0, callbacks=[reduce])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 1.0}, r"factor=1\.0\): factor must be a number above 0 up to, but not, 1\."),
        ({"factor": 0}, r"factor=0\): factor must be"),
        ({"patience": -1}, r"patience=-1\): patience must be an int >= 0"),
        ({"cooldown": 1.5}, r"cooldown=1\.5\): cooldown must be an int >= 0"),
        ({"min_lr": -1}, r"min_lr=-1\): min_lr must be a number >= 0"),
        ({"min_delta": math.nan}, r"min_delta=nan\): min_delta must be a number"),
        ({"mode": "best"}, r"mode='best'\): mode must be 'auto', 'min' or 'max'"),
        ({"verbose": 2}, r"verbose=2\): verbose must be 0 or 1"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=rf"^ReduceLROnPlateau\({message}"):
        ReduceLROnPlateau(**arguments)


def test_what_is_no_function_is_named():
    with pytest.raises(TypeError, match=r"^LearningRateScheduler\(schedule=0\.1\): expected a function, such as"):
        LearningRateScheduler(0.1)
