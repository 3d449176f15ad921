"""Oracle (e): who is interrupted at any line and begins anew has the names and the bits of who never was."""

import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import feedforward as ff
import interrupted
from feedforward.nn.layer import Layer
from feedforward.tensor import store
from feedforward.undo import all_or_nothing, remember

FILES = ["training/sequential.py", "training/model.py", "training/step.py", "training/network.py", "tracing.py"]
FILES += [
    "tensor.py",
    "undo.py",
    "random.py",
    "nn/layer.py",
    "nn/naming.py",
    "nn/layers.py",
    "nn/optimizer.py",
    "nn/optimizers.py",
    "nn/initializers.py",
]

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(10, 4)).astype(np.float32), RNG.normal(size=(10, 2)).astype(np.float32)
OTHER = RNG.normal(size=(10, 3)).astype(np.float32)


class Scaled(Layer):
    """A layer with three weights, a list of its own, a layer made in build, and one that the first call builds."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.parts = []
        self.late = ff.layers.Dense(3, kernel_initializer="he_normal")

    def build(self, shape):
        self.scale = self.add_weight("scale", (shape[-1],), "random_normal")
        self.parts.append(self.scale)
        self.shift = self.add_weight("shift", (shape[-1],), "random_uniform")
        self.inner = ff.layers.Dense(3)
        self.last = self.add_weight("last", (3,), "zeros", trainable=False)

    def call(self, x, training):
        (scale,) = self.parts
        y = self.inner(x * scale + self.shift)
        if training:
            self.last.assign(y.mean(axis=0))
        return y + self.late(y, training=training)


def plain():
    model = ff.Sequential([ff.layers.Dense(3, activation="tanh"), ff.layers.Dropout(0.5), ff.layers.Dense(2)])
    model.compile(ff.optimizers.Adam(0.1), "mean_squared_error")
    return model


def nested():
    model = ff.Sequential([Scaled(), ff.layers.Dense(2)])
    model.compile(ff.optimizers.SGD(0.1, momentum=0.5), "mean_squared_error", ["mean_absolute_error"])
    return model


def described():
    x = ff.Input((4,))
    model = ff.Model(x, ff.layers.Dense(2)(Scaled()(x)))
    model.compile(ff.optimizers.RMSprop(0.1), "mean_squared_error")
    return model


def fit(model, x=X):
    return model.fit(x, Y, batch_size=4, epochs=2, verbose=0).history["loss"]


def state(model):
    """Return all that training goes by, as something to compare: names and bits."""
    variables = [*model.weights, *model.optimizer.variables]
    return [*((v.name, v.numpy().tobytes()) for v in variables), model.seed, model._epochs_done]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("feedforward.execution._backend", ff.execution.BACKENDS["interpreter"]())


def places(work, is_whole=False, first=0, every=4):
    """Return the lines of `work` at which to interrupt: one in `every` where it is run first or last, or all."""
    lines = interrupted.run(work, FILES)
    return range(1, len(lines) + 1) if is_whole else interrupted.first_and_last(lines)[first::every]


def begun(make, monkeypatch):
    """Return a model made as at the start of a program: with the same seed and the same names."""
    monkeypatch.setattr("feedforward.nn.naming._counts", {})
    ff.set_seed(3)
    return make()


@pytest.mark.parametrize(("first", "error"), [(0, KeyboardInterrupt), (6, MemoryError)])
@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", [plain, nested, described])
def test_preparing_a_fit_can_be_broken_off_at_any_line(make, is_whole, first, error, monkeypatch):
    def act():
        raise error

    def prepare(model):
        return lambda: model._prepare(X, Y, None, 0.0, None, True, None, None, None, None, [], 1, None)

    model = begun(make, monkeypatch)
    fit(model)
    expected, expected_next = state(model), ff.random.uniform((2,)).tolist()
    expected_name = ff.layers.Dense(1).name
    for place in places(prepare(begun(make, monkeypatch)), is_whole, first, every=12):  # each error at lines of its own
        model = begun(make, monkeypatch)
        with pytest.raises(error):
            interrupted.run(prepare(model), FILES, act, place)
        fit(model)
        assert state(model) == expected, place
        assert ff.random.uniform((2,)).tolist() == expected_next, place
        assert ff.layers.Dense(1).name == expected_name, place


def chain():
    """Make, extend and compile a model of layers made before, with whatever was made kept for another try."""
    layers = [Scaled(), ff.layers.Dense(3), ff.layers.Dense(2)]
    models = []

    def work():
        if not models:
            models.append(ff.Sequential([ff.Input((4,)), *layers[:1]]))
        model = models[0]
        for layer in layers[len(model.layers) :]:
            model.add(layer)
        model.compile(ff.optimizers.Adam(0.1), "mean_squared_error", ["mean_absolute_error"])
        return model

    return work


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_making_extending_and_compiling_a_model_can_be_broken_off_at_any_line(is_whole, monkeypatch):
    model = begun(chain, monkeypatch)()
    fit(model)
    expected, taken = state(model), [metric.name for metric in model.wanted("test")[0].metrics]
    for place in places(begun(chain, monkeypatch), is_whole, every=8):
        work = begun(chain, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(work, FILES, interrupted.ctrl_c, place)
        model = work()
        fit(model)
        # An Input's own name is free to differ: the user makes it anew.
        assert state(model) == expected, place
        assert [metric.name for metric in model.wanted("test")[0].metrics] == taken, place


def test_after_an_error_in_its_first_fit_a_model_learns_another_shape():
    for model in (plain(), nested()):
        with pytest.raises(ValueError, match="y has"):
            model.fit(OTHER, Y[:5], verbose=0)
        fit(model)
        assert model.weights[0].shape[0] == 4


def test_after_an_error_in_its_first_fit_a_model_can_be_extended():
    model = plain()
    with pytest.raises(ff.errors.ShapeError):
        model.fit(X, RNG.normal(size=(10, 7)), verbose=0)
    model.add(ff.layers.Dense(2))
    fit(model)
    assert len(model.weights) == 6


def test_a_layer_called_alone_makes_no_weight_twice_and_loses_none():
    for place in range(1, 4):
        layer, calls = Scaled(name="scaled"), []
        real = layer.add_weight

        def add_weight(name, *arguments, calls=calls, real=real, place=place, **options):
            calls.append(name)
            if len(calls) == place:
                raise KeyboardInterrupt
            return real(name, *arguments, **options)

        object.__setattr__(layer, "add_weight", add_weight)
        with pytest.raises(KeyboardInterrupt):
            layer(X)
        assert layer.weights == []
        layer(X)
        names = ["scale", "shift", "last", "late/kernel", "late/bias", "inner/kernel", "inner/bias"]
        assert [weight.name for weight in layer.weights] == [f"scaled/{name}" for name in names]


def test_an_optimizer_is_built_in_full_or_not_at_all():
    weights = [ff.Variable([1.0, 2.0], name="a"), ff.Variable(3.0, name="b")]
    first = ff.optimizers.Adam()
    for place in places(lambda: first.build(weights)):
        optimizer = ff.optimizers.Adam()
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(lambda optimizer=optimizer: optimizer.build(weights), FILES, interrupted.ctrl_c, place)
        optimizer.build(weights)
        names = [f"{slot}/{name}" for name in "ab" for slot in ("momentum", "velocity")]
        assert [variable.name for variable in optimizer.variables] == ["iterations", "learning_rate", *names]


def test_assignments_outlive_ctrl_c_while_they_are_carried_out(monkeypatch):
    def start():
        v, w = ff.Variable([1.0, 2.0]), ff.Variable(3.0)
        v.assign(v * w)
        w.assign(5.0)
        return v, w

    def look(pair):
        return lambda: pair[0].numpy()

    # The least of some: what is collected as garbage meanwhile runs lines of this file, too.
    count = min(len(interrupted.run(look(start()), ["tensor.py"])) for _ in range(3))
    for place in range(1, count + 1):
        v, w = start()
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(look((v, w)), ["tensor.py"], interrupted.ctrl_c, place)
        assert (v.tolist(), w.item()) == ([3.0, 6.0], 5.0)
    v.assign(v * 2)
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patched:
        patched.setattr("feedforward.tensor.values", lambda *_: interrupted.ctrl_c())
        v.numpy()
    assert v.tolist() == [6.0, 12.0]


def test_draws_that_are_undone_are_made_again_and_those_of_other_threads_stand():
    @all_or_nothing
    def draw():
        first = ff.random.uniform((2,)).tolist()
        worker = threading.Thread(target=lambda: seen.append(ff.random.uniform((2,)).tolist()))
        worker.start()
        worker.join()
        seen.append(first)
        raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        draw()
    assert ff.random.uniform((2,)).tolist() == seen[1] != seen[0]


def test_what_an_inner_part_did_is_undone_with_the_whole_and_alone():
    @all_or_nothing
    def inner(number, error=None):
        remember(thing)
        thing.items.append(number)
        thing.last = number
        if error:
            raise error

    @all_or_nothing
    def outer():
        inner(1)
        with pytest.raises(ValueError, match="inner"):
            inner(2, ValueError("inner"))
        assert (thing.items, thing.last) == ([0, 1], 1)
        inner(3)
        raise KeyboardInterrupt

    thing = SimpleNamespace(items=[0])
    kept = thing.items
    with pytest.raises(KeyboardInterrupt):
        outer()
    assert vars(thing) == {"items": [0]}
    assert thing.items is kept


FIT_FILES = ["training/model.py", "training/trainer.py", "training/loop.py"]
FIT_FILES += ["training/callbacks/callback.py", "training/callbacks/history.py"]
FIT_FILES += ["training/feed.py", "training/step.py", "tensor.py", "undo.py", "random.py", "nn/optimizer.py"]
FIT_FILES += ["nn/optimizers.py"]


def two_epochs(model, callbacks=(), epochs=2):
    """Train in batches of four, four and two, and measure after each epoch."""
    return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, validation_data=(X, Y), callbacks=list(callbacks))


class Record(ff.callbacks.Callback):
    """Keeps what training goes by after each chunk."""

    def __init__(self):
        self.states = []

    def on_chunk_end(self, step, logs):
        self.states.append(state(self.model))


def interrupt():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("first", "act"), [(1, interrupted.ctrl_c), (14, interrupt)])
@pytest.mark.parametrize("is_cut", [True, False])
@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_fit_broken_off_at_any_line_leaves_whole_batches_and_their_epochs(first, act, is_cut, is_whole, monkeypatch):
    record, model = Record(), begun(plain, monkeypatch)
    model.fit(X[:1], Y[:1], verbose=0)
    model.evaluate(X, Y, verbose=0)  # all is compiled: what is broken off is training
    variables = [*model.weights, *model.optimizer.variables]
    values = [variable.numpy() for variable in variables]

    def restart():
        store(variables, values)
        model._epochs_done = 0
        history = ff.callbacks.History()
        return history, lambda: two_epochs(model, [history, *([Record()] if is_cut else [])])

    restart()
    record.states.append(state(model))
    two_epochs(model, [record])
    legal = record.states
    assert [each[-1] for each in legal] == [0, 0, 0, 1, 1, 1, 2]  # batches done // 3
    two_epochs(model)
    expected = state(model)
    lines = interrupted.run(restart()[1], FIT_FILES)
    for place in range(1, len(lines) + 1) if is_whole else range(first, len(lines) + 1, 27):
        history, work = restart()
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(work, FIT_FILES, act, place)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        found = state(model)
        assert found in legal, place
        assert model._epochs_done - 1 <= len(history.epoch) <= model._epochs_done
        assert all(len(numbers) == len(history.epoch) for numbers in history.history.values())
        if legal.index(found) % 3 == 0:
            two_epochs(model, epochs=4 - model._epochs_done)
            assert state(model) == expected, place


def test_an_epoch_broken_off_is_begun_anew_in_its_own_order():
    class Stop(ff.callbacks.Callback):
        def on_chunk_end(self, step, logs):
            if step == 1:
                raise KeyboardInterrupt

    model = plain()
    fit(model)
    orders = [model._order(10, True, model._epochs_done).tolist()]
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=2, verbose=0, callbacks=[Stop()])
    orders.append(model._order(10, True, model._epochs_done).tolist())
    fit(model)
    orders.append(model._order(10, True, model._epochs_done).tolist())
    assert orders[0] == orders[1] != orders[2]


def test_weights_that_a_callback_set_stay_when_it_then_fails():
    class Reset(ff.callbacks.Callback):
        def on_chunk_end(self, step, logs):
            self.model.set_weights([np.zeros(weight.shape) for weight in self.model.weights])
            raise KeyboardInterrupt

    model = plain()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[Reset()])
    assert all((value == 0).all() for value in model.get_weights())
