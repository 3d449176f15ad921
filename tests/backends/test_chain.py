"""Oracles: the same program compiled as a whole; the interpreter; NumPy's arithmetic in float32 by hand."""

import copy
import gc
import warnings
import weakref

import numpy as np
import pytest

import feedforward as ff
import feedforward.backends.llvm as backend
from feedforward import Tensor, Variable, ops
from feedforward.backends import codes
from feedforward.backends.chain import Chain
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.errors import InterpretedWarning, ShapeError
from feedforward.execution import use_backend
from feedforward.graph.cut import cut
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.program import Program, substitute
from feedforward.graph.text import from_text, to_text
from feedforward.graph.verify import verify
from looping import looped
from random_programs import RandomProgram

DEEP = 20_000
"""Operations of a deep graph: twenty times what Python's stack has room for, and more than is compiled as a whole."""


def in_pieces(monkeypatch, most):
    monkeypatch.setattr(backend, "_LONGEST", {"once": 0, "loop": 0})
    monkeypatch.setattr(backend, "_SECTION", most)
    codes._slots.clear()


def training_step(seed, dtype="float64"):
    """Return a random program whose inputs are variables that go down the gradient, and their values."""
    random = RandomProgram(seed)
    inputs, loss = random.nodes(dtype)
    parts = [zeros_like(x) if part is None else part for x, part in zip(inputs, gradient(loss, inputs), strict=True)]
    variables = {x: ops.variable(x.shape, dtype, f"v{i}") for i, x in enumerate(inputs)}
    program = substitute(Program(tuple(inputs), (), (loss, *parts)), variables)
    updates = tuple((v, v - 0.01 * part) for v, part in zip(variables.values(), program.outputs[1:], strict=True))
    outputs = (*program.outputs, *variables.values(), ops.constant(np.float64(2.5)))
    return Program((), tuple(variables.values()), outputs, updates), [x.astype(dtype) for x in random.inputs]


def check_close(found, wanted):
    """Compare float64: sums of what was computed in another piece may be added in another order."""
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.shape == theirs.shape and mine.dtype == theirs.dtype
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("most", [1, 2, 7, 40])
def test_pieces_compute_what_the_whole_does(most, monkeypatch):
    for seed in range(most, most + 3):
        program, start = training_step(seed)
        whole = Native().compile(program)
        outputs, variables = whole.run([], start)
        totals, after = looped(whole, [], np.zeros(3, np.int64), 1, start)
        with monkeypatch.context() as patch:
            in_pieces(patch, most)
            pieces = Native().compile(program)
            found, new = pieces.run([], start)
            sums, last = looped(pieces, [], np.zeros(3, np.int64), 1, start)
            assert [type(code) for code in pieces._specialised.values()] == [Chain, Chain]
        check_close([*found, *new], [*outputs, *variables])
        check_close([*sums, *last], [*totals, *after])
        assert not any(mine is array for mine in found for array in start)


def test_a_loop_of_pieces_goes_over_rows_as_the_whole_does(monkeypatch):
    batch = ff.graph.dimension.unknown("batch")
    x, w = ops.placeholder((batch, 3), name="x"), ops.variable((3,), name="w")
    y = ops.sin(x * w).sum(1)
    program = Program((x,), (w,), (y.sum(), ops.exp(y).sum()), ((w, w - 0.01 * gradient(y.sum(), [w])[0]),))
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    order = np.random.default_rng(1).permutation(50)
    fed = [rows], order, 16, [np.ones(3, np.float32)]
    whole = looped(Native().compile(program), *fed)
    in_pieces(monkeypatch, 4)
    pieces = Native().compile(program)
    for totals in ((), [np.float64(3), np.float64(4)]):
        whole = looped(Interpreter().compile(program), *fed, totals), looped(pieces, *fed, totals)
        for theirs, mine in zip(*(outputs + variables for outputs, variables in whole), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5)  # sums of 16 terms, in another order
    with pytest.raises(ShapeError, match=r"variable 'w' has shape \(2,\). Expected \(3,\)"):
        pieces.run([rows], [np.ones(2, np.float32)])


@pytest.mark.parametrize("turn", [1, 3, 5, 11])
def test_turns_of_a_loop_are_cut_alike(turn):
    x = ops.placeholder((4,))
    y = x
    for _ in range(200):
        for step in range(turn):
            y = y * x if step % 2 == 0 else ops.sin(y) + x
    pieces = cut(Program((x,), (), (y,)), 32)
    assert sum(len(verify(piece.program).nodes) for piece in pieces) >= 200 * turn
    assert all(len([node for node in piece.program.nodes if node.inputs]) <= 32 for piece in pieces)
    assert len({piece.program for piece in pieces}) <= 3  # the first, those in between, the last
    assert len(pieces) <= 200 * 1.5 * turn / 16 + 1


def test_pieces_hand_on_few_values_and_drop_those_that_are_done():
    x = ops.placeholder((4,))
    y = x
    for _ in range(50):
        y = ops.exp(y) + ops.sin(y) * ops.cos(y)
    pieces = cut(Program((x,), (), (y,)), 16)
    assert [len(piece.outputs) for piece in pieces] == [1] * len(pieces)
    assert [piece.done for piece in pieces[1:]] == [piece.outputs for piece in pieces[:-1]]


# depth


def logistic(x, operations):
    """Return steps of the logistic map with a stable cycle of two, three operations each."""
    for _ in range(operations // 3):
        x = 3.2 * x * (1.0 - x)
    return x


def slope(x, operations):
    """Return the derivative of `logistic` by the chain rule, in float64, and its value."""
    product = 1.0
    for _ in range(operations // 3):
        product *= 3.2 * (1.0 - 2.0 * x)
        x = 3.2 * x * (1.0 - x)
    return product, x


@pytest.fixture(params=["llvm", "interpreter"])
def either_backend(request):
    use_backend(request.param)
    yield
    use_backend("llvm")


@pytest.mark.usefixtures("either_backend")
def test_a_deep_graph_has_its_value_and_its_gradient():
    expected = np.float32(0.3)
    for _ in range(DEEP // 3):
        expected = np.float32(3.2) * expected * (np.float32(1.0) - expected)
    assert np.float32(logistic(Tensor(0.3), DEEP)) == expected
    # Differentiated over few turns more than once around, the product neither overflows nor is lost.
    x = Variable(np.float64(0.3))
    with ff.GradientTape() as tape:
        y, turned = x * 1.0, x * 0.0
        for _ in range(DEEP // 4):
            turned = turned * 0.5 + y * 0.25
    by_hand = 0.0
    for _ in range(DEEP // 4):
        by_hand = by_hand * 0.5 + 0.25
    assert float(tape.gradient(turned, x)) == pytest.approx(by_hand, rel=1e-12)
    with ff.GradientTape() as tape:
        y = logistic(x, 60)
    product, value = slope(0.3, 60)
    assert float(tape.gradient(y, x)) == pytest.approx(product, rel=1e-9)
    assert float(y) == pytest.approx(value, rel=1e-12)


def test_a_deep_graph_is_copied_written_read_and_freed():
    x = ops.placeholder((), name="x")
    y = x
    for _ in range(DEEP // 2):
        y = y * 0.5 + x
    program = Program((x,), (), (y,))
    assert from_text(to_text(program)).key == program.key
    copied = copy.deepcopy({"program": program, "node": copy.copy(y)})
    assert copied["node"] is y
    assert copied["program"].outputs == (y,)
    (found,), _ = Native().compile(program).run([np.float32(1)], [])
    (wanted,), _ = Interpreter().compile(program).run([np.float32(1)], [])
    assert found == wanted
    tensor = logistic(Tensor(0.3), DEEP)
    assert float(copy.deepcopy(tensor)) == float(tensor)
    first = weakref.ref(x)
    del x, y, program, copied
    gc.collect()
    assert first() is None


def test_a_deep_model_predicts():
    x = ff.Input((2,))
    h = x
    for _ in range(DEEP // 2):
        h = h * 0.5 + x
    rows = np.array([[1.0, 2.0], [3.0, -4.0]], np.float32)
    np.testing.assert_array_equal(ff.Model(x, h).predict(rows), rows * 2)  # 1 + 1/2 + 1/4 ..., as float32 rounds it


X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(6, 6)).astype(np.float32) * 0.4
AT, ALONG = np.array([1, 0, 3, 2]), np.array([[1], [0], [-1], [5]])

STEPS = {
    "arithmetic": lambda x: -abs(x) * 0.9 + 0.1,
    "broadcast": lambda x: x[:, :1] * 0.5 + x * 0.5,
    "cast": lambda x: x.astype("float64").astype("float32"),
    "concatenate": lambda x: ff.concatenate([x[1:], x[:1]]),
    "flip": lambda x: x[::-1],
    "matmul": lambda x: ff.tanh(x @ WEIGHTS),
    "maximum": lambda x: ff.maximum(x, 0.5 * x),
    "one_hot": lambda x: x * 0.5 + ff.one_hot(x.argmax(1), 6),
    "pad": lambda x: ff.pad(x, [(1, 0), (0, 0)])[1:],
    "power": lambda x: (x * x + 1.0) ** 0.25,
    "reshape": lambda x: x.reshape(6, 4).T.reshape(4, 6),
    "sum": lambda x: x / (1.0 + 0.01 * (x * x).sum(1, keepdims=True)),
    "take": lambda x: ff.take(x, Tensor(AT)),
    "take_along_axis": lambda x: x * 0.5 + 0.5 * ff.take_along_axis(x, Tensor(ALONG), 1),
    "where": lambda x: ff.where(x > 0.1, x, x * 0.5),
    "windows": lambda x: ff.windows(x, [2], axes=[1], padding="same").sum(-1) * 0.5,
}


@pytest.mark.parametrize("name", STEPS)
def test_operations_of_every_kind_may_be_in_one_another_forty_deep(name):
    def total(x):
        for _ in range(40):
            x = STEPS[name](x)
        return x.sum()

    found = []
    for one in ("llvm", "interpreter"):
        use_backend(one)
        found.append((total(Tensor(X)).numpy(), ff.grad(total)(Tensor(X)).numpy()))
    use_backend("llvm")
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(
            mine, theirs, rtol=1e-3, atol=1e-5
        )  # some hundred roundings, the gradient's with those of the values


def test_rows_that_are_kept_are_those_of_the_whole(monkeypatch):
    # With an operation that NumPy computes, a random order, in a section of its own.
    batch = unknown("batch")
    x, key = ops.placeholder((batch, 3), "float32", "x"), ops.variable((), "int64", "key")
    moved = ops.tanh(x) * 2.0 + ops.cast(ops.permutation(3, 1, key), "float32")
    program = Program((x,), (key,), (ops.sum(moved), moved), ((key, key + 1),))
    fed, order = (
        np.random.default_rng(2).normal(size=(23, 3)).astype(np.float32),
        np.random.default_rng(3).permutation(23),
    )
    in_pieces(monkeypatch, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpretedWarning)
        (_, rows), _ = looped(Native().compile(program), [fed], order, 5, [np.int64(0)])
    (_, expected), _ = looped(Interpreter().compile(program), [fed], order, 5, [np.int64(0)])
    assert rows.shape == (23, 3)
    np.testing.assert_allclose(rows, expected, rtol=0, atol=4 * 2**-23)  # of numbers up to 4; another tanh
