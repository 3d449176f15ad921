"""Oracle: the graph written by hand, as text, and the interpreter: a rewritten program computes what the other did.

The gradient of the naive cross-entropy is compared with (softmax(z) - y) / n, worked by hand.
"""

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.compiler.simplify import simplify
from feedforward.graph.gradient import gradient
from feedforward.graph.node import build, reachable
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed
from feedforward.graph.text import to_text
from feedforward.graph.verify import verify
from feedforward.ops.state import is_filled
from feedforward.tracing import trace

SPECIAL = np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 3.5, -104.0, 88.5, 1e30, -2.0, 1.0])
X = ops.placeholder((12,), "float32", "x")
M = ops.placeholder((3, 4), "float32", "m")
CUBE = X.reshape((2, 3, 2))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def constant(value, shape=(12,), dtype="float32"):
    return ops.constant(np.full(shape, value, dtype))


def programs(before, after, inputs=(X,)):
    """Return the simplified program and the one expected, both legal."""
    found = verify(simplify(verify(Program(inputs, (), (before,)))))
    return found, verify(Program(inputs, (), (after,)))


def run(program, *arrays):
    return Interpreter().compile(program).run(list(arrays), [])[0]


def canonical(x):
    return np.where(x != x, np.nan, x).astype(x.dtype).tobytes()


REWRITES = {
    # fold
    "fold": (X * (ops.constant(2.0) + 3.0), X * 5.0),
    "fold a movement": (
        X + ops.constant([[1.0] * 6, [2.0] * 6]).reshape((12,)),
        X + ops.constant([1.0] * 6 + [2.0] * 6),
    ),
    "fold leaves a logarithm": (X + ops.log(constant(2.0)), X + ops.log(constant(2.0))),
    "fold leaves a large constant": (ops.constant(np.ones(2000, np.float32)).reshape((40, 50)),) * 2,
    # unwrap_movement
    "two reshapes": (X.reshape((3, 4)).reshape((2, 6)), X.reshape((2, 6))),
    "a reshape and back": (X.reshape((3, 4)).reshape((12,)) + 1.0, X + 1.0),
    "two broadcasts": (
        X.reshape((1, 12)).broadcast_to((1, 12)).broadcast_to((2, 12)),
        X.reshape((1, 12)).broadcast_to((2, 12)),
    ),
    "broadcasts that add axes twice": (X.broadcast_to((2, 12)).broadcast_to((3, 2, 12)),) * 2,
    # unwrap_transpose
    "a transpose and back": (CUBE.transpose((1, 2, 0)).transpose((2, 0, 1)) + 1.0, CUBE + 1.0),
    "two transposes": (CUBE.transpose((1, 0, 2)).transpose((0, 2, 1)), CUBE.transpose((1, 2, 0))),
    "a transpose that moves nothing": (build(OPS["transpose"], (X,), {"axes": (0,)}) + 1.0, X + 1.0),
    # drop_neutral
    "x * 1": (X * constant(1.0), X),
    "1 * x": (constant(1.0) * X, X),
    "x / 1": (X / constant(1.0), X),
    "x - 0": (X - constant(0.0), X),
    "x - -0 stays, for -0 - -0 is 0": (X - constant(-0.0), X - constant(-0.0)),
    "x + 0 stays, for -0 + 0 is 0": (X + constant(0.0), X + constant(0.0)),
    "x * 0 stays, for NaN": (X * constant(0.0), X * constant(0.0)),
    "x * 2 stays": (X * constant(2.0), X * constant(2.0)),
    # share
    "equal nodes": (ops.sin(X) * ops.sin(X), (lambda y: y * y)(ops.sin(X))),
}


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_gives_the_text_expected_and_changes_no_value(name):
    before, after = REWRITES[name]
    inputs = (X,) if X in reachable([before]) else ()
    found, expected = programs(before, after, inputs)
    assert to_text(found) == to_text(expected)
    arrays = [SPECIAL] * len(inputs)
    (mine,), (other,) = run(found, *arrays), run(Program(inputs, (), (before,)), *arrays)
    assert canonical(mine) == canonical(other)


PRODUCTS = {
    # name: shapes of a and b, before, after
    "x @ transpose(y)": ((2, 3), (4, 3), lambda a, b: a @ b.transpose(), lambda a, b: ops.matmul(a, b, False, True)),
    "transpose(x) @ y": ((3, 2), (3, 4), lambda a, b: a.transpose() @ b, lambda a, b: ops.matmul(a, b, True, False)),
    "both": ((3, 2), (4, 3), lambda a, b: a.transpose() @ b.transpose(), lambda a, b: ops.matmul(a, b, True, True)),
    "both, transposed before": (
        (2, 3),
        (3, 4),
        lambda a, b: ops.matmul(a.transpose(), b.transpose(), True, True),
        lambda a, b: a @ b,
    ),
    "transposed three times": (
        (2, 3),
        (4, 3),
        lambda a, b: a @ b.transpose().transpose().transpose(),
        lambda a, b: ops.matmul(a, b, False, True),
    ),
    "many matrices": (
        (5, 2, 3),
        (5, 4, 3),
        lambda a, b: a @ b.transpose((0, 2, 1)),
        lambda a, b: ops.matmul(a, b, False, True),
    ),
    "other axes swapped": ((5, 2, 3), (3, 5, 4), lambda a, b: a @ b.transpose((1, 0, 2)), None),
    "all axes reversed": ((5, 2, 3), (4, 3, 5), lambda a, b: a @ b.transpose(), None),
    "transpose(x @ y)": (
        (2, 3),
        (3, 4),
        lambda a, b: (a @ b).transpose(),
        lambda a, b: ops.matmul(b, a, True, True),
    ),
    "transpose(x @ transpose(y))": (
        (2, 3),
        (4, 3),
        lambda a, b: (a @ b.transpose()).transpose(),
        lambda a, b: ops.matmul(b, a, False, True),
    ),
    "the transpose of many products": (
        (5, 3, 2),
        (5, 3, 4),
        lambda a, b: ops.matmul(a, b, True).transpose((0, 2, 1)),
        lambda a, b: ops.matmul(b, a, True, False),
    ),
    "a product used twice is not computed again": (
        (2, 3),
        (3, 2),
        lambda a, b: (lambda c: c + c.transpose())(a @ b),
        None,
    ),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_of_transposes_reads_what_lies_transposed(name):
    """The values are those of the program as written, interpreted: of small integers, so that nothing is rounded."""
    x_shape, y_shape, make_before, make_after = PRODUCTS[name]
    inputs = ops.placeholder(x_shape, "float32", "a"), ops.placeholder(y_shape, "float32", "b")
    before = make_before(*inputs)
    found, expected = programs(before, make_after(*inputs) if make_after else before, inputs)
    assert to_text(found) == to_text(expected)
    arrays = [np.random.default_rng(3).integers(-4, 5, shape).astype(np.float32) for shape in (x_shape, y_shape)]
    (other,) = run(Program(inputs, (), (before,)), *arrays)
    for code in (Interpreter(), Native()):
        np.testing.assert_array_equal(code.compile(found).run(arrays, [])[0][0], other)


def test_the_gradient_of_a_product_with_a_transpose_has_none():
    """Of the sum of squares of C = A B': dA = 2 C B, dB = 2 C' A, worked by hand."""
    a, b = ops.placeholder((5, 3), "float64", "a"), ops.placeholder((4, 3), "float64", "b")
    product = a @ b.transpose()
    program = Program((a, b), (), tuple(gradient((product * product).sum(), [a, b])))
    found = verify(simplify(program))
    assert "transpose" not in names(found)
    x, y = np.arange(15.0).reshape(5, 3), np.arange(12.0).reshape(4, 3) - 5
    slopes = run(found, x, y)
    np.testing.assert_array_equal(slopes[0], 2 * x @ y.T @ y)  # integers far below 2 ** 53: no rounding
    np.testing.assert_array_equal(slopes[1], 2 * y @ x.T @ x)


def test_draws_of_one_stream_are_shared_and_not_folded():
    one, two = ops.random_uniform((3,), 1, 2, 5), ops.random_uniform((3,), 1, 2, 6)
    again = ops.random_uniform((3,), 1, 2, 5)
    program = simplify(Program((), (), (one, two, again)))
    assert program.outputs[0] is program.outputs[2]
    assert program.outputs[0] is not program.outputs[1]
    assert program.outputs[0].op.name == "random_uniform"


def test_constants_of_other_bits_or_types_are_not_shared():
    outputs = [
        ops.constant(value) for value in (np.float32(0.0), np.float32(-0.0), np.float64(0.0), np.int32(0), False)
    ]
    assert len(set(simplify(Program((), (), tuple(outputs))).outputs)) == len(outputs)


def test_updates_and_unused_inputs_are_kept():
    a, b = ops.variable((12,), "float32", "a"), ops.variable((12,), "float32", "b")
    program = simplify(Program((X,), (a, b), (), ((b, a * constant(1.0)), (a, a - constant(0.0)))))
    assert verify(program).inputs == (X,)
    assert program.variables == (a, b)
    assert program.updates == ((b, a), (a, a))


def test_a_filled_node_is_known_through_movements():
    assert is_filled(constant(1.0).reshape((3, 4)).broadcast_to((2, 3, 4)), 1)
    assert is_filled(constant(0.0), 0)
    assert not is_filled(constant(-0.0), 0)
    assert not is_filled(constant(1.0, (0,)), 1)
    assert not is_filled(ops.constant([1.0, 2.0]), 1)
    assert not is_filled(X, 1)


def test_the_logarithm_of_an_exponential_is_its_exponent():
    found, expected = programs(ops.log(ops.exp(X)), X)
    assert to_text(found) == to_text(expected)
    (mine,) = run(found, SPECIAL)
    np.testing.assert_array_equal(mine, flushed(SPECIAL))  # at 1e30 and -104, log(exp(x)) was inf and -inf


def softmax(x, axes=(-1,), keepdims=True):
    powers = ops.exp(x)
    return powers / ops.sum(powers, axes, keepdims)


def shifted_softmax(x, axes=(-1,)):
    return softmax(x - ops.stop_gradient(ops.max(x, axes, True)), axes)


def names(program):
    return [node.op.name for node in program.nodes]


SOFTMAXES = [
    (shifted_softmax, (3, 4), (-1,)),
    (shifted_softmax, (3, 4), (0,)),
    (shifted_softmax, (2, 3, 4), (0, 2)),
    (shifted_softmax, (12,), (-1,)),
    (softmax, (3, 4), (-1,)),
    (softmax, (12,), (-1,)),
    (lambda x, axes: softmax(x, axes, keepdims=False), (12,), (-1,)),
]


@pytest.mark.parametrize("make, shape, axes", SOFTMAXES)
def test_the_logarithm_of_a_softmax_has_no_quotient(make, shape, axes):
    x = ops.placeholder(shape, "float64", "x")
    program = Program((x,), (), (ops.log(make(x, axes)),))
    found = verify(simplify(program))
    assert "divide" not in names(found)
    array = np.random.default_rng(0).uniform(-3, 3, shape)
    (mine,), (other,) = run(found, array), run(program, array)
    np.testing.assert_allclose(mine, other, atol=1e-14)  # some ten roundings of numbers below 10
    (far,) = run(found, array * 1e4)
    exact = array * 1e4
    top = exact.max(axes, keepdims=True)
    exact = exact - top - np.log(np.exp(exact - top).sum(axes, keepdims=True))
    np.testing.assert_allclose(far, exact, rtol=1e-14, atol=1e-11)


@pytest.mark.parametrize("make, shape, axes", SOFTMAXES)
def test_the_gradient_of_a_softmaxs_logarithm_has_no_quotient(make, shape, axes):
    x, y = ops.placeholder(shape, "float64", "x"), ops.placeholder(shape, "float64", "y")
    loss = -(y * ops.log(make(x, axes))).sum()
    program = Program((x, y), (), (loss, *gradient(loss, [x])))
    found = verify(simplify(program))
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(-3, 3, shape), rng.uniform(0, 1, shape)]
    for mine, other in zip(run(found, *arrays), run(program, *arrays), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-13)  # some ten roundings of numbers below 100
    assert names(found).count("divide") == 1  # the softmax itself
    far = run(found, arrays[0] * 1e4, arrays[1])
    top = (arrays[0] * 1e4).max(axes, keepdims=True)
    p = np.exp(arrays[0] * 1e4 - top)
    p /= p.sum(axes, keepdims=True)
    np.testing.assert_allclose(far[1], p * arrays[1].sum(axes, keepdims=True) - arrays[1], atol=1e-12)
    assert np.isfinite(far[0])


def test_nan_and_infinity_in_logits_are_not_hidden():
    y = ops.placeholder((3, 4), "float32", "y")
    loss = -(y * ops.log(shifted_softmax(M))).sum(1)
    program = Program((M, y), (), (loss, *gradient(loss.sum(), [M])))
    rows = np.float32([[np.nan, 1, 2, 3], [np.inf, 1, 2, 3], [1, 2, 3, 4]])
    for code in (Interpreter(), Native()):
        found, slope = code.compile(simplify(program)).run([rows, np.float32(np.eye(4)[[0, 1, 2]])], [])[0]
        assert np.isnan(found).tolist() == [True, True, False]
        assert np.isnan(slope).all(1).tolist() == [True, True, False]


def test_a_shifted_exponential_is_not_shifted_again():
    program = simplify(Program((M,), (), (shifted_softmax(M), ops.logsumexp(M, 1))))
    assert names(program).count("max") == 1
    assert names(simplify(Program((M,), (), (softmax(M),)))).count("max") == 1


def test_quotients_that_are_no_softmax_are_left():
    """Among them sums along other axes, of other numbers, or not along any."""
    powers = ops.exp(M)
    other = powers / ops.exp(M + 1.0).sum(1, keepdims=True)
    for node in (M / M.sum(1, keepdims=True), other, ops.exp(M) / build(OPS["sum"], (ops.exp(M),), {"axes": ()})):
        assert "max" not in names(simplify(Program((M,), (), (node,))))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", ["library", "slide"])
def test_a_slides_naive_cross_entropy_survives_logits_of_ten_thousand(make, dtype):
    """-mean(sum(y log(softmax(z)))): the whole program, loss and gradient, against the closed form."""
    rng = np.random.default_rng(2)
    z = rng.choice([1e4, -1e4, 0.0, 3.0, 9999.0], (37, 10)).astype(dtype)
    y = np.eye(10, dtype=dtype)[rng.integers(0, 10, 37)]
    logits, labels = ops.placeholder((37, 10), dtype, "z"), ops.placeholder((37, 10), dtype, "y")
    if make == "library":
        probabilities = trace(lambda x: [ff.activations.softmax(x)], [ff.tensor.symbolic(logits)]).program.outputs[0]
    else:
        probabilities = softmax(logits)
    loss = -ops.mean(ops.sum(labels * ops.log(probabilities), 1))
    program = Program((logits, labels), (), (loss, *gradient(loss, [logits])))
    found, slope = Native().compile(program).run([z, y], [])[0]
    wide = z.astype(np.float64)
    top = wide.max(1, keepdims=True)
    logp = wide - top - np.log(np.exp(wide - top).sum(1, keepdims=True))
    epsilon = np.finfo(dtype).eps
    np.testing.assert_allclose(found, -(y * logp).sum(1).mean(), rtol=20 * epsilon)  # sums of 10 and 37, in lanes
    np.testing.assert_allclose(slope, (np.exp(logp) - y) / 37, rtol=0, atol=30 * epsilon / 37)
