"""Oracle (e): killed and resumed = never stopped: weights, optimizer, history and calls of callbacks, to the bit."""

import json

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.callbacks import BackupAndRestore, Callback

L = ff.layers
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(58, 3)).astype(np.float32), RNG.normal(size=(58, 1)).astype(np.float32)
STEPS = 20
"""Batches of three in an epoch; the last one has one sample."""


class Killed(BaseException):
    """What stands for a kill -9 in this process."""


class Diary(Callback):
    """Writes down what it is told, which is its state; and is killed after so many chunks."""

    every = 1

    def __init__(self, kill_after=-1):
        self.calls, self.left = [], kill_after

    def get_state(self):
        return {"calls": self.calls}

    def set_state(self, state):
        self.calls = state["calls"]

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(["begin", epoch])

    def on_chunk_end(self, step, logs):
        self.calls.append(["chunk", step, logs["loss"]])
        self.left -= 1
        if self.left == 0:
            raise Killed

    def on_epoch_end(self, epoch, logs):
        self.calls.append(["end", epoch, *logs.values()])


class Decay(Callback):
    """Changes the learning rate within epochs: nothing but the model knows it."""

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = 0.02  # which must not stand when training goes on

    def on_chunk_end(self, step, logs):
        self.model.optimizer.learning_rate *= 0.97


def plain():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="tanh"), L.Dropout(0.2), L.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model


def double():
    x = ff.Input((3,), dtype="float64")
    model = ff.Model(x, L.Dense(1, dtype="float64")(L.Dense(3, activation="tanh", dtype="float64")(x)))
    model.compile(ff.optimizers.SGD(ff.Variable(0.05, name="rate"), momentum=0.9), "mean_squared_error")
    return model


def nested():
    inner = ff.Sequential([ff.Input((3,)), L.Dense(2), L.Dropout(0.1)])
    frozen = L.Dense(2, trainable=False)
    x = ff.Input((3,))
    model = ff.Model(x, L.Dense(1)(frozen(inner(x))))
    schedule = ff.optimizers.schedules.ExponentialDecay(0.05, 7, 0.9)
    model.compile(ff.optimizers.RMSprop(schedule), "mean_absolute_error")
    return model


def made(kind=plain, seed=1):
    ff.set_seed(seed)
    return kind()


def fit(model, folder=None, callbacks=(), data=None, **options):
    backup = [] if folder is None else [BackupAndRestore(folder, options.pop("save_freq", 1))]
    settings = {"batch_size": 3, "epochs": 3, "verbose": 0} | options
    settings["validation_data"] = (X[:5], Y[:5])
    return model.fit(*(data or (X, Y)), callbacks=[*backup, *callbacks], **settings)


def state(model):
    """Return all that training goes by, as bits."""
    variables = [*model.weights, *model.optimizer.variables]
    rate = model.optimizer.learning_rate
    kept = rate if isinstance(rate, float) else rate.item() if isinstance(rate, ff.Variable) else None
    return [variable.numpy().tobytes() for variable in variables], model._epochs_done, kept


def told(diary):
    return json.dumps(diary.calls)


@pytest.fixture(scope="module", params=[plain, double, nested], ids=lambda kind: kind.__name__)
def whole(request):
    """A training that was never stopped."""
    diary, model = Diary(), made(request.param)
    history = fit(model, callbacks=[diary, *([Decay()] if request.param is plain else [])])
    return request.param, state(model), history.history, told(diary)


@pytest.mark.parametrize("save_freq", [1, 7, "epoch"])
def test_training_stopped_after_any_step_goes_on_to_the_same_bits(whole, save_freq, tmp_path):
    kind, bits, numbers, calls = whole
    options = {"save_freq": save_freq}
    for steps in range(1, 61, 1 if kind is plain else 7):
        folder = tmp_path / str(steps)
        more = [Decay()] if kind is plain else []
        with pytest.raises(Killed):
            fit(made(kind), folder, [Diary(steps), *more], **options)
        assert [*folder.iterdir()] == [folder / "backup.ff-backup"]
        model, diary = made(kind), Diary()
        history = fit(model, folder, [diary, *more], **options)
        assert (state(model), history.history, told(diary)) == (bits, numbers, calls), steps
        assert history.epoch == [0, 1, 2] and model.history.epoch == [0, 1, 2]
        assert not [*folder.iterdir()]  # deleted at the end
