"""Oracle (a): the order of calls and the weights of a tiny network, worked by hand; (e) stopped = trained as long.

The order of the calls for batches, validation and predictions is that of Keras 3's trainers (`fit`, `evaluate`,
`predict` in ``keras/src/backend/jax/trainer.py``).
"""

import gc
import itertools
import re
import signal
import subprocess
import sys
import textwrap
import threading
import weakref

import numpy as np
import pytest

import feedforward as ff
from feedforward.training.callbacks import Callback, History, Plan

L = ff.layers


def draw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


X, Y = draw(10, 3), draw(10, 1, seed=1)


def ready(seed=1):
    ff.set_seed(seed)
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="tanh"), L.Dense(1)])
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model


class Diary(Callback):
    """Writes down every call."""

    def __init__(self):
        self.calls = []

    def on_train_begin(self):
        self.calls.append(("train begin",))

    def on_epoch_begin(self, epoch):
        self.calls.append(("epoch begin", epoch))

    def on_chunk_end(self, step, logs):
        self.calls.append(("chunk", step, dict(logs)))

    def on_epoch_end(self, epoch, logs):
        self.calls.append(("epoch end", epoch, dict(logs)))

    def on_train_end(self, logs):
        self.calls.append(("train end", dict(logs)))


def test_callbacks_are_called_in_order_with_the_right_numbers():
    model, diary = ready(), Diary()
    history = model.fit(
        X, Y, batch_size=4, epochs=4, initial_epoch=2, verbose=0, callbacks=[diary], validation_data=(X, Y)
    )
    calls = [call[:2] for call in diary.calls if call[0] not in ("chunk", "train end")]
    assert calls == [
        ("train begin",),
        ("epoch begin", 2),
        ("epoch end", 2),
        ("epoch begin", 3),
        ("epoch end", 3),
    ]
    assert diary.calls[-1][0] == "train end"
    assert diary.plan == Plan(epochs=4, initial_epoch=2, steps=3, samples=10)
    assert diary.model is model
    ends = [call[2] for call in diary.calls if call[0] == "epoch end"]
    assert [*ends[0]] == ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    for key in ends[0]:
        assert history.history[key] == [logs[key] for logs in ends]
    assert diary.calls[-1][1] == ends[-1]
    assert history.epoch == [2, 3]
    # The last chunk of an epoch says of the training data what its end says.
    place = diary.calls.index(("epoch end", 2, ends[0]))
    _, step, logs = diary.calls[place - 1]
    assert step == 3
    assert logs == {key: ends[0][key] for key in ("loss", "mean_absolute_error")}


class Log(Callback):
    """Writes down every call for a batch, a validation, or a prediction."""

    def __init__(self):
        self.calls = []

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append("epoch begin")

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"batch {batch} begin")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append((batch, dict(logs)))

    def on_test_begin(self, logs=None):
        self.calls.append("test begin")

    def on_test_end(self, logs=None):
        self.calls.append(("test end", logs))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append("epoch end")

    def on_predict_begin(self, logs=None):
        self.calls.append("predict begin")

    def on_predict_end(self, logs=None):
        self.calls.append("predict end")


def test_batches_and_validation_are_told_in_the_order_of_keras():
    model, log = ready(), Log()
    history = model.fit(X, Y, batch_size=4, verbose=0, callbacks=[log], validation_data=(X, Y))
    calls = [call[0] if isinstance(call, tuple) else call for call in log.calls]
    batches = ["batch 0 begin", 0, "batch 1 begin", 1, "batch 2 begin", 2]
    assert calls == ["epoch begin", *batches, "test begin", "test end", "epoch end"]
    assert log.calls[6][1] == {key: history.history[key][0] for key in ("loss", "mean_absolute_error")}
    assert log.calls[8][1] == {key: history.history[f"val_{key}"][0] for key in ("loss", "mean_absolute_error")}


def test_what_is_told_of_a_batch_are_means_over_the_epoch_so_far():
    # Rate 0: w stays 0, and the losses of the four samples are 1, 4, 9, 16.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    log = Log()
    model.fit(np.ones((4, 1)), [1, 2, 3, 4], batch_size=1, shuffle=False, verbose=0, callbacks=[log])
    assert [call[1]["loss"] for call in log.calls if isinstance(call, tuple)] == [1, 5 / 2, 14 / 3, 30 / 4]


def test_evaluate_and_predict_tell_of_begin_and_end():
    model, log = ready(), Log()
    logs = model.evaluate(X, Y, verbose=0, return_dict=True, callbacks=[log])
    assert log.calls == ["test begin", ("test end", logs)] and log.model is model
    log = Log()
    model.predict(X, callbacks=[log])
    assert log.calls == ["predict begin", "predict end"] and log.model is model


def test_batches_told_one_by_one_change_no_bit():
    model, told = ready(), ready()
    expected = model.fit(X, Y, batch_size=3, epochs=3, verbose=0, validation_split=0.2).history
    assert (
        told.fit(X, Y, batch_size=3, epochs=3, verbose=0, validation_split=0.2, callbacks=[Log()]).history == expected
    )
    for one, other in zip(model.get_weights(), told.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_and_rates_set_before_a_batch_are_used_in_it():
    # Loss (w - 1)^2 with rate 1/4 halves the distance to 1: the rate is 1/4 in the second of three steps alone.
    class Schedule(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.25 if batch == 1 else 0.0
            if batch == 0:
                self.model.set_weights([np.full((1, 1), 3.0)])

    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False)])
    model.compile(ff.optimizers.SGD(1.0), "mean_squared_error")
    model.fit(np.ones((3, 1)), np.ones(3), batch_size=1, verbose=0, callbacks=[Schedule()])
    assert model.get_weights()[0].item() == 2.0


def test_training_stopped_after_a_batch_ends_there_and_measures_what_was_seen():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model, other, diary = ready(), ready(), Diary()
    history = model.fit(X, Y, batch_size=2, epochs=5, shuffle=False, verbose=0, callbacks=[Stop(), diary])
    expected = other.fit(X[:4], Y[:4], batch_size=2, shuffle=False, verbose=0)
    assert history.epoch == [0] and history.history == expected.history
    assert [call[0] for call in diary.calls[-2:]] == ["epoch end", "train end"]
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def of_method(name, function=lambda self, *_: None):
    return type("Mine", (Callback,), {name: function})()


TOLD = "Callbacks are told: on_train_begin, on_epoch_begin, on_train_batch_begin,"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("on_epoch_ends", "Did you mean 'on_epoch_end'?"),
        ("on_epochs_begin", "Did you mean 'on_epoch_begin'?"),
        ("on_batch_end", "Did you mean"),
        ("on_test_batch_end", "Did you mean"),
        ("on_predict_batch_begin", "Did you mean"),
        ("on_train_epoch_end", "Did you mean"),
        ("on_fit", "Known: "),
        ("onEpochEnd", "Did you mean 'on_epoch_end'?"),
        ("onepoch_end", "Did you mean 'on_epoch_end'?"),
    ],
)
def test_a_method_that_nobody_calls_is_refused_before_training(name, hint):
    model = ready()
    begun = model.get_weights()
    for use in (lambda m, c: m.fit(X, Y, callbacks=c), lambda m, c: m.evaluate(X, Y, callbacks=c)):
        with pytest.raises(
            TypeError, match=rf"^(fit|evaluate): nobody calls Mine\.{name}\. {re.escape(hint)}"
        ) as caught:
            use(model, [of_method(name)])
        assert TOLD in str(caught.value) and str(caught.value).endswith("method of your own that begins with on_.")
    with pytest.raises(TypeError, match=rf"^predict: nobody calls Mine\.{name}\."):
        model.predict(X, callbacks=[of_method(name)])
    for one, other in zip(begun, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("name", "use"), [("set_model", "on_train_begin"), ("set_params", "self.plan")])
def test_what_keras_calls_beside_the_hooks_is_refused(name, use):
    with pytest.raises(TypeError, match=rf"^fit: nobody calls Mine\.{name}\. Use {use}.*, or rename it\.$"):
        ready().fit(X, Y, callbacks=[of_method(name)])


def test_methods_and_attributes_of_their_own_are_no_business_of_fit():
    mine = of_method("only_once")
    mine.on_cluster = True
    mine.once = print
    ready().fit(X, Y, verbose=0, callbacks=[mine])


def test_a_function_put_on_a_callback_is_called_and_a_slip_refused():
    seen, mine = [], of_method("helper")
    mine.on_train_batch_end = lambda batch, logs: seen.append(batch)
    ready().fit(X, Y, batch_size=5, verbose=0, callbacks=[mine])
    assert seen == [0, 1]
    mine.on_epoch_ended = print
    with pytest.raises(TypeError, match=r"^fit: nobody calls Mine\.on_epoch_ended\."):
        ready().fit(X, Y, callbacks=[mine])


@pytest.mark.parametrize(
    ("name", "function", "given", "definition"),
    [
        ("on_epoch_end", lambda self, epoch: None, "epoch, logs", "self, epoch, logs"),
        ("on_epoch_begin", lambda self: None, "epoch", "self, epoch"),
        ("on_train_begin", lambda self, logs: None, "", "self"),
        ("on_train_batch_end", lambda self, batch, logs, more: None, "batch, logs", "self, batch, logs"),
        ("on_test_end", None, "logs", "self, logs"),
    ],
)
def test_a_method_that_cannot_be_called_is_refused_before_training(name, function, given, definition):
    message = rf"^fit: Mine\.{name} cannot be called with \({given}\): .+\. Write def {name}\({definition}\)\.$"
    with pytest.raises(TypeError, match=message):
        ready().fit(X, Y, callbacks=[of_method(name, function)])


def test_a_class_something_else_and_the_same_callback_twice_are_refused():
    model, log = ready(), Log()
    for caller, use in (("fit", model.fit), ("evaluate", model.evaluate)):
        with pytest.raises(
            TypeError, match=rf"^{caller}: callbacks holds the class Log\. Make an object of it: Log\(\)\.$"
        ):
            use(X, Y, callbacks=[Log])
        message = rf"^{caller}: callbacks holds 3\. Give objects of classes derived from Callback\.$"
        with pytest.raises(TypeError, match=message):
            use(X, Y, callbacks=[3])
        with pytest.raises(ValueError, match=rf"^{caller}: callbacks holds the same Log twice\. Give it once\.$"):
            use(X, Y, callbacks=[log, History(), log])
        with pytest.raises(TypeError, match=rf"^{caller}: callbacks=.*: expected a list of Callback objects\. Write"):
            use(X, Y, callbacks=log)


def test_a_method_may_call_that_of_the_base_class_as_in_keras():
    class Polite(Callback):
        def on_train_begin(self, logs=None):
            super().on_train_begin(logs)

        def on_epoch_begin(self, epoch, logs=None):
            super().on_epoch_begin(epoch, logs)

        def on_train_batch_begin(self, batch, logs=None):
            super().on_train_batch_begin(batch, logs)

        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)

    ready().fit(X, Y, verbose=0, callbacks=[Polite()])


def test_several_callbacks_are_called_in_their_order_after_the_history():
    seen = []

    class One(Callback):
        def __init__(self, name):
            self.name = name

        def on_epoch_end(self, epoch, logs):
            seen.append(self.name)

    ready().fit(X, Y, verbose=0, callbacks=(One("a"), One("b")))
    assert seen == ["a", "b"]


def test_a_history_collects_numbers_by_name():
    history = History()
    history.on_epoch_end(3, {"loss": 1.0})
    history.on_epoch_end(4, {"loss": 0.5, "extra": 2.0})
    assert history.epoch == [3, 4]
    assert history.history == {"loss": [1.0, 0.5], "extra": [2.0]}


def assert_same_weights(one, other):
    for mine, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def stopping(place):
    """Return a callback that ends training at the first call of one of its methods."""

    def stop(self, *_):
        self.model.stop_training = True

    return type("Stop", (Callback,), {place: stop})()


@pytest.mark.parametrize("place", ["on_train_begin", "on_epoch_begin", "on_chunk_end"])
def test_stop_training_ends_after_the_batch_under_way_and_is_forgotten_by_the_next_fit(place):
    model, other, diary = ready(), ready(), Diary()
    history = model.fit(
        X, Y, batch_size=2, epochs=5, verbose=0, callbacks=[stopping(place), diary], validation_data=(X, Y)
    )
    order = other._order(10, True, 0)[:2]
    assert history.epoch == [0]
    assert [*history.history] == ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]
    assert [call[0] for call in diary.calls[-2:]] == ["epoch end", "train end"]
    assert model.stop_training
    # As in Keras, one batch: its loss is the epoch's.
    assert (
        history.history["loss"] == other.fit(X[order], Y[order], batch_size=2, shuffle=False, verbose=0).history["loss"]
    )
    assert_same_weights(model, other)
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


def test_another_thread_may_stop_training_at_once():
    model = ready()
    x, y = np.zeros((400_000, 3), np.float32), np.zeros((400_000, 1), np.float32)
    model.fit(x[:64], y[:64], verbose=0)
    timer = threading.Timer(0.2, lambda: setattr(model, "stop_training", True))
    timer.start()
    history = model.fit(x, y, epochs=1000, batch_size=1, verbose=0)
    timer.join()
    assert len(history.epoch) < 1000
    assert 2 < model.optimizer.iterations.item() < 1000 * 400_000


@pytest.mark.parametrize(
    ("every", "rows", "steps"),
    [
        (None, 10, [*range(1, 11)]),
        (None, 120, [*range(3, 121, 3)]),  # 120 / 50, rounded up
        (4, 10, [4, 8, 10]),
        (5, 10, [5, 10]),
        (100, 10, [10]),
    ],
)
def test_chunks_are_counted_in_batches(every, rows, steps):
    diary = Diary()
    diary.every = every
    x, y = draw(rows, 3), draw(rows, 1)
    ready().fit(x, y, batch_size=1, epochs=2, verbose=0, callbacks=[diary])
    assert [call[1] for call in diary.calls if call[0] == "chunk"] == 2 * steps


def test_each_callback_is_told_after_as_many_batches_as_it_says():
    diaries = [Diary(), Diary()]
    diaries[0].every, diaries[1].every = 2, 3
    ready().fit(X, Y, batch_size=1, verbose=0, callbacks=diaries)
    found = [[call[1] for call in diary.calls if call[0] == "chunk"] for diary in diaries]
    assert found == [[2, 4, 6, 8, 10], [3, 6, 9, 10]]


@pytest.mark.parametrize("is_known", [True, False])
def test_batches_are_told_of_before_and_after_each_as_in_keras(is_known):
    class Batches(Callback):
        def __init__(self):
            self.calls = []

        def on_train_batch_begin(self, batch, logs=None):
            self.calls.append(("begin", batch, self.model.optimizer.iterations.item()))
            self.model.optimizer.learning_rate = 0.01 / (1 + batch)

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append(("end", batch, self.model.optimizer.iterations.item()))
            assert [*logs] == ["loss", "mean_absolute_error"]

    model, other, seen = ready(), ready(), Batches()
    parts = [(X[start : start + 4], Y[start : start + 4]) for start in (0, 4, 8)]
    data = (X, Y, 4) if is_known else (lambda: iter(parts),)
    model.fit(*data, epochs=2, shuffle=False, verbose=0, callbacks=[seen])
    number = itertools.count()
    expected = [("begin", batch, next(number)) for _ in range(2) for batch in range(3)]
    assert seen.calls[::2] == expected
    assert seen.calls[1::2] == [("end", batch, count + 1) for _, batch, count in expected]
    for _ in range(2):
        for batch, (x, y) in enumerate(parts):
            other.optimizer.learning_rate = 0.01 / (1 + batch)
            other.fit(x, y, 4, shuffle=False, verbose=0)
    assert_same_weights(model, other)


@pytest.mark.parametrize("every", [0, -1, 2.5, "2", True])
def test_a_number_of_batches_that_is_none_is_refused(every):
    diary = Diary()
    diary.every = every
    with pytest.raises(ValueError, match=rf"Diary\(every={every!r}\): every must be an int >= 1"):
        ready().fit(X, Y, verbose=0, callbacks=[diary])


@pytest.mark.parametrize("seconds", [1e-9, 0.05, 1e9])
def test_a_learning_rate_set_after_a_chunk_gives_the_same_bits_at_every_pace(seconds, monkeypatch):
    """It gave three results for one seed, by where the clock had cut."""

    class Decay(Callback):
        def on_chunk_end(self, step, logs):
            self.model.optimizer.learning_rate *= 0.99

    def train():
        model = ready()
        model.fit(draw(400, 3), draw(400, 1), batch_size=2, epochs=3, verbose=0, callbacks=[Decay()])
        return model

    expected = train()
    monkeypatch.setattr("feedforward.backends.llvm._CALL_SECONDS", seconds)
    assert_same_weights(train(), expected)


def test_who_only_looks_cuts_nothing_and_sees_the_means_so_far():
    seen = []

    class Look(Callback):
        def on_look(self, step, logs):
            seen.append((step, logs))

    model, other = ready(), ready()
    x, y = np.tile(X, (20_000, 1)), np.tile(Y, (20_000, 1))
    model.fit(x, y, batch_size=1, verbose=0, callbacks=[Look()])
    other.fit(x, y, batch_size=1, verbose=0)
    assert_same_weights(model, other)
    assert all(0 < step <= 200_000 for step, _ in seen)
    assert all(np.isfinite([*logs.values()]).all() for _, logs in seen)


def test_weights_seen_after_a_chunk_are_those_of_that_moment():
    # Loss (w - 1)^2 with rate 1/4 halves the distance to 1 at every step: w = 1 - 2^-steps, exact in float32.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    seen = []

    class Look(Callback):
        def on_chunk_end(self, step, logs):
            seen.append((step, self.model.get_weights()[0].item()))

    model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=1, verbose=0, callbacks=[Look()])
    assert seen[-1][0] == 6
    for step, w in seen:
        assert w == 1 - 2.0**-step


def test_a_model_saved_after_a_chunk_is_the_one_of_that_moment(tmp_path):
    model = ready()

    class Save(Callback):
        def on_chunk_end(self, step, logs):
            self.model.save(tmp_path / "m.ff")
            self.weights = self.model.get_weights()

    keeper = Save()
    model.fit(X, Y, batch_size=1, verbose=0, callbacks=[keeper])
    for one, other in zip(ff.load(tmp_path / "m.ff").get_weights(), keeper.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_and_learning_rate_set_after_a_chunk_are_used_in_the_next():
    class Reset(Callback):
        def on_chunk_end(self, step, logs):
            self.model.set_weights([np.full((1, 1), 5.0)])
            self.model.optimizer.learning_rate = 0.0

    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False)])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=1, verbose=0, callbacks=[Reset()])
    assert model.get_weights()[0].item() == 5.0


def test_looking_on_changes_no_bit():
    model, watched = ready(), ready()

    class Look(Callback):
        def on_chunk_end(self, step, logs):
            self.model.get_weights()
            self.model.predict(X)
            self.model.evaluate(X, Y, verbose=0)

    model.fit(X, Y, batch_size=1, epochs=3, verbose=0)
    watched.fit(X, Y, batch_size=1, epochs=3, verbose=0, callbacks=[Look()])
    for one, other in zip(model.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("place", ["on_train_begin", "on_epoch_begin", "on_chunk_end", "on_epoch_end", "on_train_end"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_a_callback_comes_through_and_leaves_whole_steps(place, error):
    model, other = ready(), ready()

    def fail(self, *_):
        raise error("stop")

    with pytest.raises(error, match=r"stop"):
        model.fit(X, Y, batch_size=2, verbose=0, callbacks=[type("Fail", (Callback,), {place: fail})()])
    steps = int(model.optimizer.iterations.numpy()) if model.optimizer.variables else 0
    assert steps == {"on_train_begin": 0, "on_epoch_begin": 0, "on_chunk_end": 1}.get(place, 5)
    if steps:
        order = other._order(10, True, 0)[: 2 * steps]
        other.fit(X[order], Y[order], batch_size=2, shuffle=False, verbose=0)
        for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)
    model.fit(X, Y, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


_SCRIPT = """
import os, signal, sys
import numpy as np
import feedforward as ff

class Told(ff.callbacks.Callback):
    def on_chunk_end(self, step, logs):
        if step >= 2:
            print("ready", flush=True)

ff.set_seed(1)
model = ff.Sequential([ff.Input((20,)), ff.layers.Dense(30, activation="relu"), ff.layers.Dense(1)])
model.compile(ff.optimizers.SGD(0.001), "mean_squared_error")
x, y = np.ones((100_000, 20), np.float32), np.ones((100_000, 1), np.float32)
try:
    model.fit(x, y, epochs=1000, verbose=0, callbacks=[Told()], shuffle=False)
except KeyboardInterrupt:
    steps = int(model.optimizer.iterations.numpy())
    ff.set_seed(1)
    again = ff.Sequential([ff.Input((20,)), ff.layers.Dense(30, activation="relu"), ff.layers.Dense(1)])
    again.compile(ff.optimizers.SGD(0.001), "mean_squared_error")
    rows = 32 * (steps % 3125)
    for _ in range(steps // 3125):
        again.fit(x, y, verbose=0, shuffle=False)
    if rows:
        again.fit(x[:rows], y[:rows], verbose=0, shuffle=False)
    same = all((a == b).all() for a, b in zip(model.get_weights(), again.get_weights()))
    print("interrupted", steps > 0, same, flush=True)
"""


def test_ctrl_c_comes_through_and_leaves_the_weights_of_whole_steps():
    command = [sys.executable, "-c", textwrap.dedent(_SCRIPT)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert output.splitlines()[-1] == "interrupted True True", errors
    assert process.returncode == 0


def test_a_model_that_keeps_its_history_is_gone_with_its_last_name():
    model = ready()
    history = model.fit(X, Y, epochs=2, verbose=0)
    gc.collect()  # frames of the compilation, which Python 3.13 leaves in a cycle
    gc.disable()  # so that a cycle through the history would keep the model
    try:
        assert (model.history.history, model.history.epoch) == (history.history, [0, 1])
        seen = weakref.ref(model)
        del model, history
        assert seen() is None
    finally:
        gc.enable()


_NOBODY_LOOKS = """
import os, signal, sys, threading, time
import numpy as np
import feedforward as ff

class Mine(Exception):
    pass

def out(number, frame):
    raise Mine

def made():
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((20,)), ff.layers.Dense(30, activation="relu"), ff.layers.Dense(1)])
    model.compile(ff.optimizers.SGD(0.001), "mean_squared_error")
    return model

signal.signal(signal.SIGTERM, out)
ff.set_threads(int(sys.argv[1]))
if sys.argv[2] == "interpreter":
    ff.use_backend("interpreter")
rows = 4_000_000 if sys.argv[2] == "llvm" else 400_000
x, y = np.ones((rows, 20), np.float32), np.ones((rows, 1), np.float32)
model = made()
model.fit(x[:320], y[:320], verbose=0, shuffle=False)  # all is compiled
before = int(model.optimizer.iterations.numpy())
for number, kind in ((signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Mine)):
    sent = []
    def send():
        time.sleep(0.3)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), number)
    begun = ff.callbacks.Callback()
    begun.on_train_begin = threading.Thread(target=send).start
    try:
        model.fit(x, y, epochs=100, verbose=0, shuffle=False, callbacks=[begun])
    except kind:
        late = time.perf_counter() - sent[0]
    steps = int(model.optimizer.iterations.numpy()) - before
    whole, rest = divmod(steps, rows // 32)
    again = made()
    again.fit(x[:320], y[:320], verbose=0, shuffle=False)
    for _ in range(whole):
        again.fit(x, y, verbose=0, shuffle=False)
    if rest:
        again.fit(x[:32 * rest], y[:32 * rest], verbose=0, shuffle=False)
    same = all((a == b).all() for a, b in zip(model.get_weights(), again.get_weights()))
    print(steps > 0, same, model._epochs_done == 1 + whole, late < 5)
    model = again = made()
    model.fit(x[:320], y[:320], verbose=0, shuffle=False)
"""


@pytest.mark.parametrize(("threads", "backend"), [("1", "llvm"), ("2", "llvm"), ("2", "interpreter")])
def test_a_signal_ends_training_soon_where_nobody_looks_and_all_batches_done_count(threads, backend):
    command = [sys.executable, "-c", _NOBODY_LOOKS, threads, backend]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.stdout == "True True True True\n" * 2, found.stderr


def test_a_learning_rate_that_another_thread_sets_takes_effect_within_an_epoch():
    # Loss (w - 1)^2: with rate 0 the weight stays at 0; with 1/2 one step brings it to 1.
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    x = np.ones((3_000_000, 1), np.float32)
    timer = threading.Timer(0.1, lambda: setattr(model.optimizer, "learning_rate", 0.5))
    model.fit(x[:1], x[:1], verbose=0)  # compiled
    timer.start()
    model.fit(x, x, batch_size=1, verbose=0)  # takes about a second
    timer.join()
    assert model.get_weights()[0].item() == 1.0


def test_every_without_what_is_called_so_often_is_refused():
    class Often(Callback):
        every = 3

    with pytest.raises(ValueError, match=r"^fit: Often\.every=3 is for on_chunk_end, which it does not define\."):
        ready().fit(X, Y, verbose=0, callbacks=[Often()])
