"""Oracles: calls of LLVM, counted; the bits of a model trained alone; messages with the model's own names."""

import gc
import math
import threading
import time
import weakref
from collections import OrderedDict

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution, ops
from feedforward.backends import codes
from feedforward.backends.llvm import Native
from feedforward.errors import BackendError, DtypeError, NotFiniteError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.program import Program

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = np.arange(40) % 3
ROWS = np.eye(3, dtype=np.float32)[Y]


@pytest.fixture(autouse=True)
def _best_code():
    """Make code the quick way, unlike the other tests of backends: here it is only counted."""


@pytest.fixture
def made(monkeypatch):
    """What LLVM was asked for: a list of the entries of code that was neither known nor on the disk."""
    monkeypatch.setattr(execution, "_backend", Native(threads=1))
    monkeypatch.setattr(codes, "read_code", lambda key: None)
    monkeypatch.setattr(codes, "write_code", lambda key, code: None)
    found, emit = [], codes.emit_module
    monkeypatch.setattr(codes, "emit_module", lambda layout, entries: found.append(*entries) or emit(layout, entries))
    return found


class Penalty(ff.layers.Layer):
    """A user's layer with a number of its own."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def call(self, x, training):
        """Return a kinked line."""
        return ff.where(x > self.slope, x, self.slope * x)


def trained(optimizer=None, loss=None, rate=0.3, slope=0.2, targets=Y, seed=None):
    """Return a model that was trained, and asked for a prediction."""
    layers = [ff.layers.Dense(8, activation="tanh"), ff.layers.Dropout(rate, seed=seed), Penalty(slope)]
    model = ff.Sequential([ff.Input((6,)), *layers, ff.layers.Dense(3, activation="softmax")])
    model.compile(optimizer or ff.optimizers.Adam(0.01), loss or "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(X, targets, batch_size=16, verbose=0)
    model.predict(X, verbose=0)
    return model


def test_a_second_model_makes_no_code_though_its_layers_are_named_anew(made):
    first = trained()
    assert made[-3:] == ["loop", "loop", "once"]  # batches of 16, the last one of 8, and the prediction
    made.clear()
    second = trained()
    assert made == []
    assert [layer.name for layer in first.layers] != [layer.name for layer in second.layers]


OPTIMIZERS = {
    "rate": [ff.optimizers.Adam(0.01), ff.optimizers.Adam(0.5)],
    "beta_1": [ff.optimizers.Adam(0.01, beta_1=0.9), ff.optimizers.Adam(0.01, beta_1=0.5)],
    "beta_2": [ff.optimizers.Adam(0.01, beta_2=0.999), ff.optimizers.Adam(0.01, beta_2=0.9)],
    "epsilon": [ff.optimizers.Adam(0.01, epsilon=1e-7), ff.optimizers.Adam(0.01, epsilon=0.5)],
    "momentum": [ff.optimizers.SGD(0.01, momentum=0.9), ff.optimizers.SGD(0.01, momentum=0.5)],
    "nesterov": [ff.optimizers.SGD(0.01, 0.9, nesterov=True), ff.optimizers.SGD(0.01, 0.25, nesterov=True)],
    "rho": [ff.optimizers.RMSprop(0.01, rho=0.9, momentum=0.9), ff.optimizers.RMSprop(0.01, rho=0.5, momentum=0.2)],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_new_setting_of_an_optimizer_makes_no_code(name, made):
    first, second = OPTIMIZERS[name]
    trained(first)
    made.clear()
    trained(second)
    assert made == []


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_a_new_rate_of_a_layer_makes_no_code(rate, made):
    trained(rate=0.3, slope=0.2, seed=3)
    made.clear()
    trained(rate=rate, slope=rate, seed=4)
    assert made == []


@pytest.mark.parametrize("kind", [ff.losses.CategoricalCrossentropy, ff.losses.BinaryCrossentropy])
def test_a_new_label_smoothing_makes_no_code(kind, made):
    trained(loss=kind(label_smoothing=0.1), targets=ROWS)
    made.clear()
    for smoothing in (0.2, 0.5):
        trained(loss=kind(label_smoothing=smoothing), targets=ROWS)
    assert made == []


def test_a_rate_that_leaves_0_makes_code_once_more(made):
    trained(rate=0.0)
    made.clear()
    trained(rate=0.4)
    assert made == ["loop", "loop"]
    made.clear()
    trained(rate=0.6)
    assert made == []


def test_what_was_computed_with_known_code_has_the_bits_of_what_was_computed_alone(made):
    def weights(rate, momentum):
        ff.set_seed(5)
        return [w.tobytes() for w in trained(ff.optimizers.SGD(0.1, momentum), rate=rate).get_weights()]

    settings = [(0.3, 0.9), (0.5, 0.9), (0.3, 0.5), (0.3, 0.9)]
    shared = [weights(*one) for one in settings]
    alone = []
    for one in settings:
        codes._slots.clear()
        alone.append(weights(*one))
    assert shared == alone
    assert len({tuple(one) for one in shared}) == 3


def test_messages_and_texts_have_the_names_of_the_model_that_is_asked(made):
    def network(prefix):
        layers = [ff.layers.Dense(4, name=f"{prefix}_hidden"), ff.layers.Dense(1, name=f"{prefix}_out")]
        model = ff.Sequential([ff.Input((6,), name=f"{prefix}_x"), *layers])
        model.compile(ff.optimizers.SGD(1e30), "mean_squared_error")
        return model

    for prefix in ("first", "second"):
        model = network(prefix)
        with pytest.raises(NotFiniteError, match=f"layer '{prefix}_"):
            model.fit(X, X[:, :1], batch_size=20, epochs=20, verbose=0)
        assert f"{prefix}_hidden/kernel" in model.explain("loops")
    assert made.count("loop") == 1

    def compiled(name):
        x = ops.placeholder((unknown("batch"), 6), "float32", name)
        w = ops.variable((6,), "float32", f"weight of {name}")
        return Native().compile(Program((x,), (w,), (x * w,)))

    compiled("a").run([X], [X[0]])
    made.clear()
    other = compiled("b")
    other.run([X], [X[0]])
    assert made == []
    with pytest.raises(ShapeError, match=r"variable 'weight of b' has shape \(5,\)\. Expected \(6,\)"):
        other.run([X], [X[0, :5]])
    with pytest.raises(DtypeError, match="variable 'weight of b' has dtype float64"):
        other.run([X], [X[0].astype(np.float64)])
    with pytest.raises(DtypeError, match="placeholder 'b' has dtype float64"):
        other.run([X.astype(np.float64)], [X[0]])


def test_known_code_keeps_no_model_no_array_and_no_node():
    array = np.arange(6, dtype=np.float32) + 0.5

    def watched():
        x = ops.placeholder((unknown("batch"), 6), "float32", "x")
        number = ops.constant(array.copy())
        program = Program((x,), (), (x * number,))
        native = Native().compile(program)
        native.run([X], [])
        model = trained()
        things = [x, number, program.outputs[0], native, model.layers[0], model.layers[0].kernel, model.optimizer]
        return [weakref.ref(thing) for thing in (*things, number.attrs["value"].value.base)]

    references = watched()
    gc.collect()
    assert len(codes._slots) > 1
    assert [reference() for reference in references] == [None] * len(references)


def test_the_code_used_longest_ago_is_forgotten_and_made_again(monkeypatch, made):
    monkeypatch.setattr(codes, "_KEPT", 2)

    def run(depth):
        x = ops.placeholder((3,), "float32", "x")
        total = x
        for _ in range(depth):
            total = total + x
        return Native().compile(Program((x,), (), (total,))).run([np.ones(3, np.float32)], [])[0][0].tolist()

    counts = []
    for depth in (1, 2, 1, 3, 1, 2):
        assert run(depth) == [depth + 1] * 3
        counts.append(len(made))
    assert counts == [1, 2, 2, 3, 3, 4]
    assert len(codes._slots) == 2


def test_threads_that_want_one_code_at_once_make_it_once(made, monkeypatch):
    emit = codes.emit_module
    monkeypatch.setattr(codes, "emit_module", lambda *given: time.sleep(0.05) or emit(*given))  # so that all want it
    found = []

    def run(number):
        x = ops.placeholder((3,), "float32", "x")
        native = Native(threads=1).compile(Program((x,), (), (ops.exp(x) * (number + 0.25),)))
        found.append((number, native.run([np.zeros(3, np.float32)], [])[0][0].tolist()))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(number, [number + 0.25] * 3) for number in range(8)]
    assert made == ["once"]


def test_code_that_could_not_be_made_is_made_by_the_next_who_asks(made, monkeypatch):
    x = ops.placeholder((3,), "float32", "x")
    program = Program((x,), (), (x + x,))
    with monkeypatch.context() as patch:
        patch.setattr(codes, "lay_out", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Native().compile(program).run([np.ones(3, np.float32)], [])
    assert Native().compile(program).run([np.ones(3, np.float32)], [])[0][0].tolist() == [2, 2, 2]


def test_a_limit_on_elements_holds_though_the_code_is_known(made):
    x = ops.placeholder((unknown("batch"), 6), "float32", "x")
    many = x.sum().broadcast_to((10_000_000,)).sum()
    Native().compile(Program((x,), (), (many,))).run([X], [])
    limited = Native().compile(Program((x,), (), (many,), max_elements=1000))
    with pytest.raises(ff.errors.LimitError, match=r"10000000,\), in a model from a file, has more elements"):
        limited.run([X], [])


def test_code_that_cannot_be_made_better_for_want_of_memory_goes_on_as_it_is(made, monkeypatch):
    """The oracle: by hand."""
    make, tried = codes.object_code, []

    def object_code(text, target, effort):
        if effort != "quick":
            tried.append(target)
            raise BackendError("machine code: LLVM may need 32 MiB of memory")
        return make(text, target, effort)

    monkeypatch.setattr(codes, "object_code", object_code)
    monkeypatch.setattr(codes, "_WORTH", {"quick": 1e-9, "plain": 1e-9, "full": math.inf})
    monkeypatch.setattr(codes, "_slots", OrderedDict())
    x = ops.placeholder((3,), "float32", "x")
    code = Native(threads=1).compile(Program((x,), (), (x * 3.0,)))
    for _ in range(3):
        assert code.run([np.array([1, 2, 3], np.float32)], [])[0][0].tolist() == [3, 6, 9]
    assert len(tried) == 1
