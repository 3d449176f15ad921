"""Oracle (e): killed and resumed = never stopped: weights, optimizer, history and calls of callbacks, to the bit."""

import copy
import importlib.util
import itertools
import json
import math
import os
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
import killed
from feedforward.errors import DataError, FormatError
from feedforward.sealed import digest_of
from feedforward.training.callbacks import BackupAndRestore, Callback, EarlyStopping, ReduceLROnPlateau
from feedforward.training.callbacks import backup_and_restore as module

L = ff.layers
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(58, 3)).astype(np.float32), RNG.normal(size=(58, 1)).astype(np.float32)
STEPS = 20
"""Batches of three in an epoch; the last one has one sample."""


@pytest.fixture(autouse=True)
def no_power_cuts(monkeypatch):
    """Bring nothing to the disk: thousands of backups are written here, and only a power cut would tell."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


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
    save_freq = options.pop("save_freq", 1)
    backup = [] if folder is None else [BackupAndRestore(folder, save_freq)]
    settings = {"batch_size": 3, "epochs": 3, "verbose": 0, "validation_data": (X[:5], Y[:5])} | options
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
    for steps in range(1, 61, 17 if kind is not plain else 3 if save_freq == 1 else 7):  # at other places of each epoch
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


def stop(folder, steps, kind=plain, callbacks=(), **options):
    """Train until so many steps are done."""
    with pytest.raises(Killed):
        fit(made(kind), folder, [*callbacks, Diary(steps)], **options)


def file_of(folder):
    return Path(folder) / "backup.ff-backup"


def test_the_interpreter_goes_on_to_its_own_bits(tmp_path):
    try:
        ff.use_backend("interpreter")
        expected, model = made(), made()
        history = fit(expected, callbacks=[Diary()])
        stop(tmp_path, 33)
        again = fit(model, tmp_path, [Diary()])
    finally:
        ff.use_backend("llvm")
    assert (state(model), again.history) == (state(expected), history.history)


def raising(error, place):
    """Return a callback that raises at the first call of one of its methods."""

    def fail(self, *_):
        raise error

    return type("Raising", (Callback,), {place: fail})()


@pytest.mark.parametrize("place", ["on_train_begin", "on_epoch_begin", "on_test_begin", "on_epoch_end", "on_train_end"])
def test_training_stopped_between_batches_goes_on_to_the_same_bits(place, tmp_path):
    expected, model = made(), made()
    history = fit(expected, callbacks=[LambdaFree()])
    with pytest.raises(Killed):
        fit(made(), tmp_path, [raising(Killed(), place)], save_freq=4)
    again = fit(model, tmp_path, [raising(Killed(), "on_predict_begin")], save_freq=4)
    assert (state(model), again.history, again.epoch) == (state(expected), history.history, [0, 1, 2])


class LambdaFree(Callback):
    """Does nothing."""


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_callbacks_go_on_with_what_they_know(kind, tmp_path):
    def watch():
        options = {"restore_best_weights": True} if kind is EarlyStopping else {"factor": 0.5}
        return kind("val_loss", min_delta=0.01, patience=2, **options)

    def run(folder=None, steps=-1):
        model, seen = made(), watch()
        # Validation by another target: it gets worse after some epochs.
        history = fit(model, folder, [seen, Diary(steps)], epochs=12, validation_data=(X[:9], -Y[:9]), save_freq=7)
        return state(model), history.history, seen.get_state()

    weights, numbers, known = run()
    assert len(numbers["loss"]) < 12 or kind is ReduceLROnPlateau
    for steps in range(5, 20 * len(numbers["loss"]), 33):
        with pytest.raises(Killed):
            run(tmp_path, steps)
        found = run(tmp_path)
        assert found[:2] == (weights, numbers), steps
        assert {name: np.asarray(value).tolist() for name, value in found[2].items()} == {
            name: np.asarray(value).tolist() for name, value in known.items()
        }


SIGN = (X[:, :1] > 0).astype(np.float32)
TEXTS = np.array(["red", "green", "blue"])[RNG.integers(0, 3, 58)]


def measured_by_rows():
    model = ff.Sequential([ff.Input((3,)), L.Dense(3, "tanh"), L.Dense(1, "sigmoid")])
    area = ff.metrics.AUC(name="area")
    model.compile("adam", "binary_crossentropy", [ff.metrics.AUC(), "accuracy"], weighted_metrics=[area])
    return model


def with_snapshots():
    model = ff.Sequential([ff.Input((3,)), L.GaussianNoise(0.1), L.Dense(3, "tanh"), L.Dense(1)])
    optimizer = ff.optimizers.SVRG(0.05, snapshot_epochs=2, use_ema=True, ema_momentum=None)
    model.compile(optimizer, "mean_squared_error")
    return model


def of_texts():
    words = ff.Input((), dtype="string")
    lookup = L.StringLookup(vocabulary=["blue", "green", "red"])
    model = ff.Model(words, L.Dense(1)(L.Embedding(4, 2)(lookup(words))))
    model.compile("adam", "mean_squared_error")
    return model


@pytest.mark.parametrize("sampler", [None, "interleaved", ff.sampling.Weighted(np.arange(58.0))], ids=str)
@pytest.mark.parametrize(("kind", "x"), [(measured_by_rows, X), (with_snapshots, X), (of_texts, TEXTS)])
def test_training_of_every_kind_goes_on_to_the_same_bits(kind, x, sampler, tmp_path):
    """With metrics that keep rows, snapshots and averages of weights, and texts; in every order of the samples."""
    options = {"data": (x, SIGN), "sampler": sampler, "validation_data": (x[:9], SIGN[:9]), "epochs": 4}
    expected = made(kind)
    history = fit(expected, callbacks=[Diary()], **options)
    for steps in (1, 19, 47, 80):
        with pytest.raises(Killed):
            fit(made(kind), tmp_path, [Diary(steps)], **options)
        model = made(kind)
        again = fit(model, tmp_path, [Diary()], **options)
        assert (state(model), again.history) == (state(expected), history.history), steps


def test_an_order_that_is_measured_goes_on_between_epochs_whatever_the_first_weights(tmp_path):
    options = {"sampler": "hardest_first", "epochs": 4, "save_freq": "epoch", "validation_data": None}

    expected = made(measured_by_rows)
    fit(expected, callbacks=[Diary()], data=(X, SIGN), **options)
    for steps in (5, 20, 47):
        with pytest.raises(Killed):
            fit(made(measured_by_rows), tmp_path, [Diary(steps)], data=(X, SIGN), **options)
        model = made(measured_by_rows)
        model.set_weights([weight + 1 for weight in model.get_weights()])  # as another seed would have drawn
        fit(model, tmp_path, [Diary()], data=(X, SIGN), **options)
        assert state(model) == state(expected), steps
    with pytest.raises(
        ValueError, match=r"^fit: BackupAndRestore\(save_freq=3\): the sampler's order goes by the weig"
    ):
        fit(made(measured_by_rows), tmp_path, data=(X, SIGN), **options | {"save_freq": 3})
    assert not file_of(tmp_path).exists()


def test_weights_are_their_averages_after_a_backup_of_the_end(tmp_path):
    model = made(with_snapshots)
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
    expected = state(model)
    for again in (model, made(with_snapshots)):
        again.fit(X, Y, epochs=2, verbose=0, callbacks=[backup])
        assert state(again) == expected


def batches(x, y):
    for start in range(0, len(x), 5):
        yield x[start : start + 5], y[start : start + 5]


class Places:
    """Batches that have places, and an end of the epoch that changes them, as Keras has it."""

    def __init__(self):
        self.parts = list(batches(X, Y))
        self.epochs = 0

    def __len__(self):
        return len(self.parts)

    def __getitem__(self, place):
        x, y = self.parts[place]
        return x * (1 + self.epochs), y

    def on_epoch_end(self):
        self.epochs += 1


@pytest.mark.parametrize("steps_per_epoch", [None, 7])
@pytest.mark.parametrize(
    "source",
    [lambda: lambda: batches(X, Y), Places, lambda: list_of(batches(X, Y))],
    ids=["function", "places", "iterable"],
)
def test_batches_that_are_yielded_go_on_where_they_were(source, steps_per_epoch, tmp_path):
    def run(folder=None, steps=-1):
        model, diary = made(), Diary(steps)
        backup = [] if folder is None else [BackupAndRestore(folder, save_freq=3)]
        history = model.fit(source(), epochs=4, steps_per_epoch=steps_per_epoch, verbose=0, callbacks=[diary, *backup])
        return state(model), history.history, told(diary)

    expected = run()
    for steps in range(1, 4 * (steps_per_epoch or 12), 4):
        with pytest.raises(Killed):
            run(tmp_path, steps)
        assert run(tmp_path) == expected, steps


class list_of:
    """What can be gone through over and over, and has no length."""

    def __init__(self, parts):
        self.parts = [*parts]

    def __iter__(self):
        return iter(self.parts)


def test_a_generator_is_refused_before_training(tmp_path):
    model = made()
    with pytest.raises(DataError, match=r"^fit: a generator cannot go on from a backup\. Give a function that"):
        model.fit(batches(X, Y), verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert not [*tmp_path.iterdir()]


def test_large_arrays_are_known_by_some_of_their_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("feedforward.training.feed._READ_WHOLE", 100)
    monkeypatch.setattr("feedforward.training.feed._SPREAD_ROWS", 4)
    stop(tmp_path, 5)
    changed = X.copy()
    changed[-1, 0] += 1  # the first and the last row are among them
    with pytest.raises(ValueError, match=r"is of another training: the data, numbers: not"):
        fit(made(), tmp_path, [Diary()], (changed, Y))
    fit(made(), tmp_path, [Diary()])


def other_network():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="relu"), L.Dropout(0.2), L.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model


def other_rate():
    model = plain()
    model.optimizer.learning_rate = 0.02
    return model


def other_loss():
    model = plain()
    model.compile(ff.optimizers.Adam(0.01), lambda y, p: (y - p) ** 2, ["mean_absolute_error"])
    return model


def own_loss(factor):
    model = plain()
    model.compile(ff.optimizers.Adam(0.01), lambda y, p: factor * (y - p) ** 2)
    return model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": other_network}, "the network, layers 0, activation: tanh there, relu here"),
        ({"kind": other_rate}, "the optimizer, learning_rate: 0.01 there, 0.02 here"),
        ({"kind": other_loss}, "the losses 0"),
        ({"data": (X + 1, Y)}, "the data, numbers: not the same. "),
        ({"data": (X, Y * 2)}, "the data, numbers: not the same. "),
        ({"data": (X[:-1], Y[:-1])}, "the data, samples: 58 there, 57 here"),
        ({"batch_size": 4}, "the data, batch_size: 3 there, 4 here"),
        ({"shuffle": False}, "the data, order: not the same. "),
        ({"steps_per_epoch": 5}, "the data, steps: 20 there, 5 here"),
        ({"sample_weight": np.ones(58)}, "the data, numbers: not the same. "),
        ({"validation_data": (X[:5], Y[5:10])}, "the validation data, numbers: not the same. "),
        ({"validation_data": None}, "the validation data: {'samples': 5"),
        ({"callbacks": [EarlyStopping("loss")]}, "the callbacks 0: Diary there, EarlyStopping here"),
        ({"callbacks": []}, "the callbacks: ['Diary', 'BackupAndRestore'] there, ['BackupAndRestore'] here"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else "",
)
def test_another_training_is_refused_and_named_and_the_backup_stays(change, message, tmp_path):
    stop(tmp_path, 30)
    before = file_of(tmp_path).read_bytes()
    change = dict(change)
    model = made(change.pop("kind", plain))
    bits, seed = [weight.numpy().tobytes() for weight in model.weights], model.seed
    with pytest.raises(ValueError, match=r"^fit: the backup in .* is of another training: ") as caught:
        fit(model, tmp_path, **{"callbacks": [Diary()]} | change)
    assert f"is of another training: {message}" in str(caught.value)
    assert str(caught.value).endswith(f"or delete {file_of(tmp_path)} to begin anew.")
    assert file_of(tmp_path).read_bytes() == before
    assert ([weight.numpy().tobytes() for weight in model.weights], model.seed) == (bits, seed)
    assert model._epochs_done == 0


def test_what_no_file_can_describe_is_told_apart_by_what_it_computes(tmp_path):
    def run(factor, steps=-1):
        ff.set_seed(1)
        return fit(own_loss(factor), tmp_path, [Diary(steps)])

    with pytest.raises(Killed):
        run(1.5, 5)
    with pytest.raises(ValueError, match=r"is of another training: the step: not the same"):
        run(2.5)
    assert run(1.5).epoch == [0, 1, 2]


def test_a_seed_that_was_set_must_be_the_same_and_one_that_was_drawn_is_taken_over(tmp_path, monkeypatch):
    model = made()
    fit(model, callbacks=[Diary()])
    stop(tmp_path, 30)
    with pytest.raises(ValueError, match=r"is of a training with another seed: \d+ there, \d+ here\. Call set_seed"):
        fit(made(seed=2), tmp_path, [Diary()])
    monkeypatch.setattr("feedforward.random._is_seeded", False)
    other = made(seed=2)
    monkeypatch.setattr("feedforward.random._is_seeded", False)
    fit(other, tmp_path, [Diary()])
    assert other.seed == model.seed and state(other) == state(model)


def test_names_that_count_the_layers_of_a_process_do_not_matter(tmp_path):
    stop(tmp_path, 30)
    names = [layer.name for layer in made().layers]
    model = made()
    assert [layer.name for layer in model.layers] != names
    assert fit(model, tmp_path, [Diary()]).epoch == [0, 1, 2]


def test_a_training_that_came_to_its_end_goes_on_with_more_epochs_if_its_backup_is_kept(tmp_path):
    def run(folder, epochs):
        model = made()
        backup = BackupAndRestore(folder, delete_checkpoint=False)
        history = model.fit(X, Y, batch_size=3, epochs=epochs, verbose=0, callbacks=[backup])
        return state(model), history.history, history.epoch

    (tmp_path / "a").mkdir()
    expected = run(tmp_path / "b", 4)
    run(tmp_path / "a", 2)
    assert run(tmp_path / "a", 4) == expected
    assert run(tmp_path / "a", 4) == expected  # there is nothing left to do
    with pytest.raises(ValueError, match=r"^fit\(epochs=3\): the backup in .* stands after 4 epochs\. Give as many"):
        run(tmp_path / "a", 3)


def test_training_that_a_callback_ended_stays_ended(tmp_path):
    class End(Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.stop_training = epoch == 1

    model, other = made(), made()
    fit(model, callbacks=[End()])
    with pytest.raises(Killed):
        fit(made(), tmp_path, [End(), raising(Killed(), "on_train_end")])
    history = fit(other, tmp_path, [End(), raising(Killed(), "on_predict_end")])
    assert (state(other), history.epoch) == (state(model), [0, 1])


def test_a_model_trained_before_goes_on_in_its_own_epochs(tmp_path):
    def run(folder=None, steps=-1):
        model = made()
        fit(model, epochs=2)
        fit(model, folder, [Diary(steps)], initial_epoch=2, epochs=4)
        return state(model)

    expected = run()
    with pytest.raises(Killed):
        run(tmp_path, 27)
    assert run(tmp_path) == expected


def test_progress_says_which_epoch_goes_on(tmp_path, capsys):
    stop(tmp_path, 30)
    fit(made(), tmp_path, [Diary()], verbose=2)
    assert [line.split(" - ")[0] for line in capsys.readouterr().out.splitlines()] == ["epoch 2/3", "epoch 3/3"]


def test_backups_by_the_clock_are_as_far_apart_as_was_said(tmp_path, monkeypatch):
    clock, written = itertools.count(), []
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    write = module.write_bytes
    monkeypatch.setattr(module, "write_bytes", lambda *what: (written.append(1), write(*what)))
    # The clock ticks when asked: at 19 batches within each epoch, and at each backup.
    fit(made(), None, [BackupAndRestore(tmp_path, save_freq=1, seconds=8)], epochs=1)
    assert len(written) == 1 + 19 // 8 + 1


@pytest.mark.parametrize("failing", [1, 2, 7])
def test_a_disk_that_is_full_is_an_error_and_the_older_backup_goes_on(failing, tmp_path, monkeypatch):
    model, other = made(), made()
    fit(model)
    count, replace = itertools.count(1), os.replace

    def full(*what):
        if next(count) == failing:
            raise OSError(28, "No space left on device")
        replace(*what)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(
            OSError, match=r"^fit: the backup .* cannot be written: No space left on device\. If there was"
        ):
            fit(made(), tmp_path, save_freq=4)
    assert [*tmp_path.iterdir()] == ([file_of(tmp_path)] if failing > 1 else [])
    assert fit(other, tmp_path, save_freq=4).epoch == [0, 1, 2]
    assert state(other) == state(model)


def test_a_folder_that_cannot_be_written_to_is_known_before_the_first_batch(tmp_path, monkeypatch):
    def refuse(*what):  # root, who runs tests in containers, may write anywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("feedforward.atomic._new_file", refuse)
    model = made()
    with pytest.raises(PermissionError, match=r"cannot be written: the folder .* does not let a new file take its"):
        fit(model, tmp_path)
    assert model.optimizer.iterations.item() == 0


def test_wrong_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^fit: BackupAndRestore: there is no folder .*no\. Make it first\.$"):
        fit(made(), tmp_path / "no" / "folder")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError, match=r"file is a file\. Give the name of a folder\.$"):
        fit(made(), tmp_path / "file")
    file_of(tmp_path).mkdir()
    with pytest.raises(IsADirectoryError, match=r"^fit: .*backup.ff-backup is a folder\."):
        fit(made(), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"backup_dir": 3}, TypeError, r"backup_dir=3\): expected the name of a folder"),
        ({"backup_dir": ""}, TypeError, r"backup_dir=''\): expected the name of a folder"),
        ({"save_freq": 0}, ValueError, r"save_freq=0\): save_freq must be 'epoch' or an int >= 1\. Got 0"),
        ({"save_freq": "batch"}, ValueError, r"save_freq='batch'\): save_freq must be 'epoch' or an int >= 1"),
        ({"save_freq": True}, ValueError, r"save_freq=True\): save_freq must be"),
        ({"save_freq": 5, "seconds": -1}, ValueError, r"seconds=-1\): seconds must be a number >= 0"),
        ({"seconds": 9}, ValueError, r"save_freq='epoch', seconds=9\): seconds are for backups within epochs"),
        ({"delete_checkpoint": 1}, ValueError, r"delete_checkpoint=1\): delete_checkpoint must be True or False"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=rf"^BackupAndRestore\({message}"):
        BackupAndRestore(**{"backup_dir": "folder"} | arguments)


def test_two_of_them_are_refused(tmp_path):
    backups = [BackupAndRestore(tmp_path / "a"), BackupAndRestore(tmp_path / "b")]
    with pytest.raises(ValueError, match=r"^fit: callbacks holds BackupAndRestore twice\."):
        made().fit(X, Y, verbose=0, callbacks=backups)


@pytest.mark.parametrize(
    "bad", [{"a": threading.Lock()}, {"a": {1: 2}}, {"a": (1, 2)}, {1: 2}, [1], {"a": np.array(["x"])}]
)
def test_a_state_that_no_file_holds_is_named(bad, tmp_path):
    class Mine(Callback):
        def get_state(self):
            return bad

    with pytest.raises(FormatError, match=r"^BackupAndRestore: (the state of Mine cannot be kept|Mine\.get_state\(\))"):
        fit(made(), tmp_path, [Mine()])


def test_a_state_that_nobody_takes_is_refused(tmp_path):
    class Mine(Diary):
        set_state = Callback.set_state

    with pytest.raises(Killed):
        fit(made(), tmp_path, [Mine(5)])
    message = (
        r"^fit: the backup cannot be used: the backup has a state for Mine, which has no set_state\. Define it\. Del"
    )
    with pytest.raises(FormatError, match=message):
        fit(made(), tmp_path, [Mine()])


def test_a_model_is_no_backup_and_a_backup_no_model(tmp_path):
    stop(tmp_path, 5)
    with pytest.raises(FormatError, match=r"is no feedforward model, or is damaged"):
        ff.load(file_of(tmp_path))
    made().save(file_of(tmp_path))
    with pytest.raises(
        FormatError, match=r"^fit: the backup cannot be used: .*is no backup of a training, or is damaged .* Delete"
    ):
        fit(made(), tmp_path)


def mutated(header, tensors, rng):
    """Change something of a description, or of the arrays."""
    header, tensors = json.loads(json.dumps(header)), dict(tensors)
    odd = [None, True, -1, 0, 1, 2**40, 2**70, 1e300, float("nan"), "", "x", [], {}, [[]], ["Diary", {}], {"a": 1}]
    for _ in range(rng.choice([1, 1, 2, 5])):
        pick = rng.random()
        if pick < 0.6:
            place = header
            while True:
                key = rng.choice([*place]) if isinstance(place, dict) else rng.randrange(len(place))
                inner = place[key]
                if not isinstance(inner, dict | list) or not inner or rng.random() < 0.4:
                    break
                place = inner
            if rng.random() < 0.15 and isinstance(place, dict) and key != "version":
                del place[key]
            elif key != "version":
                place[key] = copy.deepcopy(rng.choice(odd))
        else:
            name = rng.choice([*tensors])
            array = tensors.pop(name)
            wrong = [array.astype(np.float16), array.reshape(-1)[:0], np.zeros((3, 1)), np.full_like(array, 127)]
            if rng.random() < 0.7:
                tensors[name if rng.random() < 0.8 else name + "1"] = rng.choice(wrong)
        if not tensors or not header:
            break
    return header, tensors


@pytest.mark.parametrize("count", [150, pytest.param(2_000, marks=pytest.mark.slow)])
def test_backups_as_an_attacker_writes_them_do_no_harm(count, tmp_path):
    def run(model, steps=-1):
        callbacks = [Diary(steps), EarlyStopping("loss", restore_best_weights=True), ReduceLROnPlateau("loss")]
        callbacks += [ff.callbacks.CSVLogger(tmp_path / "log.csv"), ff.callbacks.TensorBoard(tmp_path / "board")]
        callbacks.append(ff.callbacks.ModelCheckpoint(tmp_path / "best.ff", "loss", save_best_only=True))
        return fit(model, tmp_path, callbacks, save_freq=5)

    victim = tmp_path / "board" / "events.out.tfevents.0.v2"
    with pytest.raises(Killed):
        run(made(), 33)
    victim.write_text("not to be cut")
    path, rng = file_of(tmp_path), random.Random(0)
    good, log = path.read_bytes(), (tmp_path / "log.csv").read_bytes()
    refused = 0
    for case in range(count):
        header, tensors = mutated(*module._SEAL.unpack("good", good), rng)
        path.write_bytes(module._SEAL.pack(header, tensors))
        assert digest_of(header, tensors)
        (tmp_path / "log.csv").write_bytes(log)
        try:
            run(made())
        except (ff.errors.FormatError, ff.errors.DataError, ff.errors.NotFiniteError, ValueError) as error:
            refused += not isinstance(error, ff.errors.NotFiniteError)
            assert type(error).__module__.startswith("feedforward") or "the backup in" in str(error), case
    assert refused > count / 2
    assert victim.read_text() == "not to be cut"


def kills(folder, rng):
    """Train in processes that are killed at random moments until one comes to its end; return how many were."""
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for count in itertools.count():
        command = [sys.executable, killed.__file__, str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            assert process.stdout.readline() == "begun\n", process.stderr.read()
            try:
                process.wait(rng.uniform(0, 0.2 * (count + 1)))  # ever later: on a busy machine one must get somewhere
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
            errors = process.stderr.read()
            if process.returncode == 0:
                return count
            assert process.returncode == -9, errors
        finally:
            process.kill()
            process.communicate()


def events(folder):
    """Return the events of the one file in a folder, without their times."""
    (file,) = folder.iterdir()
    content, found = file.read_bytes(), []
    while content:
        (length,) = struct.unpack_from("<Q", content)
        found.append(content[12 + 9 : 12 + length])
        content = content[16 + length :]
    return found


@pytest.mark.parametrize("wanted", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_processes_killed_at_random_moments_leave_files_as_if_none_was(wanted, tmp_path):
    (tmp_path / "never").mkdir()
    command = [sys.executable, killed.__file__, str(tmp_path / "never")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    expected = [(tmp_path / "never" / name).read_bytes() for name in killed.FILES]
    rng, count, trainings = random.Random(1), 0, 0
    while count < wanted:
        trainings += 1
        folder = tmp_path / str(trainings)
        count += kills(folder, rng)
        assert [(folder / name).read_bytes() for name in killed.FILES] == expected
        assert [*(folder / "backup").iterdir()] == [file_of(folder / "backup")]
        for part in ("train", "validation"):
            assert events(folder / "board" / part) == events(tmp_path / "never" / "board" / part)
    print(f"{count} kills of {trainings} trainings")


def test_the_example_goes_on_where_it_was_stopped(tmp_path, capsys):
    path = Path(__file__).parents[2] / "examples" / "resume.py"
    if not path.exists():
        pytest.skip("the source archive has no examples")
    specification = importlib.util.spec_from_file_location("resume", path)
    example = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(example)
    whole = example.main(2, str(tmp_path / "a"))
    first, _, printed = capsys.readouterr().out.partition("\n")
    assert first.startswith("epoch 1/2 - ") and printed.startswith("epoch 2/2 - ")
    assert whole == example.main(2, str(tmp_path / "b")) > 0.7


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    message = r"^fit: BackupAndRestore: the folder .*xx cannot be made: File name too long\. Give another\.$"
    with pytest.raises(OSError, match=message):
        fit(made(), tmp_path / ("x" * 300))


def ranked():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="tanh"), L.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", ["auc", "accuracy"])
    return model


@pytest.mark.parametrize("kill_after", [1, 2, 6, 9])
def test_rows_that_a_metric_keeps_are_gone_on_with(kill_after, tmp_path):
    data = (X, (Y > 0).astype(np.float32))
    whole = fit(made(ranked), callbacks=[Diary()], data=data, validation_data=None)
    with pytest.raises(Killed):
        fit(made(ranked), tmp_path, [Diary(kill_after)], data, validation_data=None)
    again = fit(made(ranked), tmp_path, [Diary()], data, validation_data=None)
    assert again.history == whole.history
    assert not any(math.isnan(number) for number in again.history["auc"])


def test_kept_rows_that_do_not_fit_are_refused(tmp_path):
    data = (X, (Y > 0).astype(np.float32))
    with pytest.raises(Killed):
        fit(made(ranked), tmp_path, [Diary(2)], data, validation_data=None)
    header, tensors = module._SEAL.unpack("good", file_of(tmp_path).read_bytes())
    rows = tensors["total/1"]
    for wrong in (rows[1:], rows.astype(np.float64), rows[..., :1], np.zeros(3)):
        file_of(tmp_path).write_bytes(module._SEAL.pack(header, tensors | {"total/1": wrong.copy()}))
        with pytest.raises(
            FormatError, match=r"^fit: the backup cannot be used: it lacks totals of the epoch\. Delete"
        ):
            fit(made(ranked), tmp_path, [Diary()], data, validation_data=None)


def test_an_order_that_is_measured_is_not_backed_up_in_the_middle(tmp_path):
    message = r"^fit: BackupAndRestore\(save_freq=2\): the sampler's order goes .* Give save_freq='epoch', or"
    with pytest.raises(ValueError, match=message):
        fit(made(), tmp_path, save_freq=2, sampler="hardest_first")
    assert not list(tmp_path.iterdir())
    whole = fit(made(), callbacks=[Diary()], sampler="hardest_first")
    with pytest.raises(Killed):
        fit(made(), tmp_path, [Diary(9)], save_freq="epoch", sampler="hardest_first")
    again = fit(made(), tmp_path, [Diary()], save_freq="epoch", sampler="hardest_first")
    assert again.history == whole.history
