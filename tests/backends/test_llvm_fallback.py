"""Oracles: a list written by hand: all operations but those become machine code; the interpreter, where some do not.

Where an operation is left to NumPy, a comparison with the interpreter compares it with itself.
"""

import gc
import weakref

import numpy as np
import pytest

import feedforward as ff
import feedforward.backends.llvm as backend
from feedforward import execution, ops
from feedforward.backends import codes
from feedforward.backends.chain import Chain
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native, host
from feedforward.compiler.lower import lower
from feedforward.compiler.simplify import simplify
from feedforward.errors import GraphError, InterpretedWarning
from feedforward.graph.cut import cut
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program, specialise
from feedforward.nn.layer import Layer

LEFT = {"permutation", "truncated_normal"}
"""They are mostly run before a training or between its epochs, not in a step."""

COMPUTED = [op for op in OPS.values() if op.kind != "state"]


def program_of(op, sample, dtype):
    """Return a program of one operation on placeholders like a sample's inputs."""
    kinds = [dtype if domain.dtype == "float" else domain.dtype for domain in sample.inputs]
    inputs = [
        ops.placeholder(x.shape, kind, f"x{i}") for i, (x, kind) in enumerate(zip(sample.inputs, kinds, strict=True))
    ]
    return Program(tuple(inputs), (), (build(op, tuple(inputs), sample.attrs),))


def is_left(program):
    shapes = [node.shape for node in program.inputs]
    try:
        lower(simplify(specialise(program, shapes)), host())
    except GraphError as error:
        return "has no native form" in str(error)
    return False


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_two_operations_are_left_to_numpy(dtype):
    samples = [(op, sample) for op in COMPUTED for sample in op.samples()]
    assert {op.name for op, _ in samples} == {op.name for op in COMPUTED}
    assert {op.name for op, sample in samples if is_left(program_of(op, sample, dtype))} == LEFT


@pytest.mark.parametrize("name", ["permutation", "truncated_normal", "random_uniform"])
def test_what_is_left_is_run_by_numpy_without_a_word_where_it_was_asked_for_alone(name):
    sample = OPS[name].samples()[0]
    code = Native().compile(program_of(OPS[name], sample, "float32"))
    arrays = [np.ones(domain.shape, domain.dtype if domain.dtype != "float" else "float32") for domain in sample.inputs]
    code.run(arrays, [])
    (found,) = code._specialised.values()
    assert isinstance(found, Chain if name in LEFT else backend._Code)


class Shuffle(Layer):
    """A layer that puts features into another order in each batch, and adds noise."""

    def call(self, x, training):
        order = ff.random.permutation(x.shape[1])
        return ff.take(x, order, axis=1) + 0.1 * ff.random.truncated_normal((x.shape[1],))


def shuffled(names=("shuffle",)):
    ff.set_seed(4)
    shuffles = [Shuffle(name=name) for name in names]
    model = ff.Sequential([ff.Input((6,)), *shuffles, ff.layers.Dense(4, "tanh"), ff.layers.Dense(1)])
    model.compile("adam", "mean_squared_error")
    return model


def trained_weights(model):
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    history = model.fit(x, x[:, :1], batch_size=16, epochs=2, verbose=0)
    return [*model.get_weights(), np.float32(history.history["loss"]), model.predict(x, verbose=0)]


@pytest.fixture
def _nothing_told(monkeypatch):
    monkeypatch.setattr(backend, "_told", weakref.WeakValueDictionary())


@pytest.mark.usefixtures("_nothing_told")
@pytest.mark.filterwarnings("ignore::feedforward.errors.InterpretedWarning")
def test_a_step_with_operations_of_numpy_is_machine_code_around_them(monkeypatch):
    monkeypatch.setattr(execution, "_backend", Interpreter())
    wanted = trained_weights(shuffled(["a", "b"]))
    monkeypatch.setattr(execution, "_backend", Native())
    made, lay_out = [], codes.lay_out
    monkeypatch.setattr(codes, "lay_out", lambda *given: made.append(given[0]) or lay_out(*given))
    codes._slots.clear()
    found = trained_weights(shuffled(["a", "b"]))
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)  # six steps of Adam
    inside = [node.op for program in made for node in program.nodes]
    assert all(op.is_native for op in inside)
    assert sum(op.name == "matmul" for op in inside) >= 5
    assert [array.tobytes() for array in trained_weights(shuffled(["a", "b"]))] == [one.tobytes() for one in found]


@pytest.mark.usefixtures("_nothing_told")
def test_a_draw_outside_of_a_step_is_no_matter_for_a_warning(monkeypatch):
    monkeypatch.setattr(execution, "_backend", Native())
    layers = [ff.layers.Dense(4, kernel_initializer=name) for name in ("truncated_normal", "he_normal")]
    model = ff.Sequential([ff.Input((6,)), *layers])  # a warning would be an error
    assert np.isfinite(model.predict(np.ones((2, 6)), verbose=0)).all()
    assert (ff.random.truncated_normal((9,)) * 0.5 + 1.0).numpy().shape == (9,)


@pytest.mark.usefixtures("_nothing_told")
def test_a_warning_names_each_operation_of_numpy_and_its_layer_once(monkeypatch):
    monkeypatch.setattr(execution, "_backend", Native())
    model = shuffled()
    with pytest.warns(InterpretedWarning) as caught:
        trained_weights(model)
    told = sorted(str(one.message) for one in caught)
    assert [text.split(", built at ")[0] for text in told] == [
        "permutation of layer 'shuffle'",
        "truncated_normal of layer 'shuffle'",
    ]
    advice = (
        "has no native form: NumPy computes it in each batch, between two pieces of machine code. Draw it before the "
        "training, or use another operation, for a step that is machine code throughout."
    )
    assert all(text.endswith(advice) for text in told)
    trained_weights(model)  # a warning would be an error
    with pytest.warns(InterpretedWarning, match="of layer 'other'"):  # the code is known, but not who it is run by
        trained_weights(shuffled(["other"]))


@pytest.mark.usefixtures("_nothing_told")
def test_a_model_made_when_another_of_its_name_is_gone_is_told_too(monkeypatch):
    monkeypatch.setattr(execution, "_backend", Native())
    for _ in range(2):
        with pytest.warns(InterpretedWarning, match="of layer 'shuffle'"):
            trained_weights(shuffled())
        gc.collect()
    assert len(backend._told) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_chain_of_operations_of_numpy_and_native_ones_is_cut_into_few_pieces(seed):
    step = ops.placeholder((), "int64", "step")
    first = ops.permutation(5, seed, step + 1)
    second = ops.permutation(5, seed + 1, first[0])
    other = ops.truncated_normal((5,), seed, step * 2)
    free = ops.exp(ops.cast(step, "float32"))
    total = ops.cast(second + first, "float32") * other + free
    program = Program((step,), (), (total, first, free))
    assert [piece.is_outside for piece in cut(program, 100)] == [False, True, False, True, False]
    found = Native().compile(program).run([np.int64(3)], [])[0]
    wanted = Interpreter().compile(program).run([np.int64(3)], [])[0]
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
    np.testing.assert_array_equal(found[1], wanted[1])
