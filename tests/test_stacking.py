"""Oracle: an identity. Programs that were made one have the bits of each by itself."""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.llvm import Native
from feedforward.graph.program import Program
from feedforward.stacking import Axis, Stack

DRAW = np.random.default_rng(3)
BACKEND = Native()


def run(program, inputs=(), variables=()):
    return BACKEND.compile(program).run(inputs, variables)[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "d", "u", "k"), [(10, 2, 4, 64), (3, 33, 1, 5), (1, 7, 9, 17)])
def test_products_beside_one_another_have_the_bits_of_each(n, d, u, k, dtype):
    x, y = DRAW.normal(size=(n, d, k)).astype(dtype), DRAW.normal(size=(d, u, k)).astype(dtype)
    nodes = ops.placeholder(x.shape, dtype), ops.placeholder(y.shape, dtype)
    (found,) = run(Program(nodes, (), (ops.matmul_beside(*nodes),)), [x, y])
    sides = ops.placeholder((n, d), dtype), ops.placeholder((d, u), dtype)
    program = Program(sides, (), (ops.matmul(*sides),))
    for one in range(k):
        (expected,) = run(program, [x[..., one].copy(), y[..., one].copy()])
        np.testing.assert_array_equal(found[..., one], expected)


FUNCTIONS = {
    "a sum of what follows one another": lambda x, w: (x * w).sum(),
    "a sum of a few": lambda x, w: (x * w)[0, :3].sum(),
    "a sum of a few terms of each row": lambda x, w: (x * w).sum(1),
    "a sum of many terms of each row": lambda x, w: (x * w).reshape((5, 21)).sum(1),
    "sums of columns": lambda x, w: (x * w).sum(0),
    "sums over the outer and the inner axis": lambda x, w: (x * w).reshape((5, 3, 7)).sum((0, 2)),
    "a transposed product": lambda x, w: ops.matmul(x, x * w, transpose_x=True),
    "movements": lambda x, w: ops.flip(ops.concatenate([w, x], 0)[1:, ::2].T, 1),
    "extremes": lambda x, w: (x * w).max(0) - (x * w).min(0) + ops.cast((x * w).argmax(0), x.dtype),
    "picked elements": lambda x, w: ops.take_along_axis(x * w, ops.constant([[k % 7] for k in range(15)]), 1).sum(),
    "what is the same for all": lambda x, w: x.sum(1),
    "numbers that differ": lambda x, w: x * w * ops.constant(NUMBERS.pop(), x.dtype),
    "rows taken at the same places": lambda x, w: ops.take(w, ops.constant([3, -1, 3]), 0),
    "columns taken at the same places": lambda x, w: ops.take(w, ops.constant([[3, -1], [3, 0]]), 1),
    "additions at the same places": lambda x, w: ops.scatter_add(w, ops.constant([k % 4 for k in range(15)]), 4),
    "many products": lambda x, w: (x * w).reshape((3, 5, 7)) @ w.reshape((3, 5, 7)).transpose((0, 2, 1)),
    "many products of transposes": lambda x, w: ops.matmul(
        w.reshape((5, 3, 7)), (x * w).reshape((5, 3, 7)), transpose_x=True
    ),
    "zeros between": lambda x, w: ops.pad(w, [(1, 2), (0, 1)]),
    "sines": lambda x, w: ops.sin(w) + ops.cos(x * w),
    "draws": lambda x, w: (
        ops.random_normal(w.shape, np.int64(SEEDS.pop()), ops.cast(w[0, 0] * 0, "int64"), 5, w.dtype) * w
    ),
}
NUMBERS = [0.25, 0.0, -1.5] * 4
SEEDS = [2**40 + 3, 2, 1] * 4


@pytest.mark.parametrize("is_first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_stack_has_the_bits_of_each_of_its_programs(name, dtype, is_first):
    x, w = DRAW.normal(size=(15, 7)).astype(dtype), DRAW.normal(size=(15, 7, 3)).astype(dtype)
    programs = []
    for _ in range(3):
        leaves = ops.placeholder(x.shape, dtype), ops.variable(x.shape, dtype)
        programs.append(Program(leaves[:1], leaves[1:], (FUNCTIONS[name](*leaves),)))
    axis = Axis(3, is_first)
    stack = Stack.of(programs, axis, "test")
    (found,) = run(stack.specialise([x.shape]), [x], [np.moveaxis(w, -1, axis.place), *stack.numbers.values()])
    for one, program in enumerate(programs):
        (expected,) = run(program, [x], [w[..., one].copy()])
        np.testing.assert_array_equal(axis.of(found, one), expected)


@pytest.mark.parametrize("is_first", [False, True], ids=["last", "first"])
def test_programs_with_rows_of_their_own_read_those(is_first):
    x, w = DRAW.normal(size=(6, 2)), DRAW.normal(size=(2, 4, 3))
    leaves = ops.placeholder((2, 2), "float64"), ops.variable((2, 4), "float64")
    program = Program(leaves[:1], leaves[1:], (leaves[0] @ leaves[1],))
    axis = Axis(3, is_first)
    stacked = Stack.of([program] * 3, axis, "test").specialise([(2, 2)], has_own_rows=True)
    (found,) = run(stacked, [x], [np.moveaxis(w, -1, axis.place)])
    for one in range(3):
        (expected,) = run(program, [x[2 * one : 2 * one + 2]], [w[..., one].copy()])
        np.testing.assert_array_equal(axis.of(found, one), expected)


@pytest.mark.parametrize("is_first", [False, True], ids=["last", "first"])
def test_programs_with_indices_of_their_own_read_and_add_up_at_those(is_first):
    """Some indices count from the end, or lie outside: there nothing is read, and nothing added."""
    given = np.array([2, -1, 7, 0, 2, 1, 1, 1, -5, 3, 0, 2], np.int32)
    w = DRAW.normal(size=(3, 4, 2, 3))
    leaves = ops.placeholder((4,), "int32"), ops.variable((3, 4, 2), "float64")
    indices = leaves[0].reshape((2, 2))
    outputs = (
        ops.take(leaves[1], indices, 1),
        ops.take(leaves[1].transpose((1, 0, 2)), leaves[0], 0),
        ops.scatter_add(leaves[1].reshape((3, 2, 2, 2)), indices, 3, 1),
        ops.one_hot(indices, 3),
    )
    program, axis = Program(leaves[:1], leaves[1:], outputs), Axis(3, is_first)
    stacked = Stack.of([program] * 3, axis, "test").specialise([(4,)], has_own_rows=True)
    found = run(stacked, [given], [np.moveaxis(w, -1, axis.place)])
    for one in range(3):
        expected = run(program, [given[4 * one : 4 * one + 4]], [w[..., one].copy()])
        for mine, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(axis.of(mine, one), other)


def test_what_computes_otherwise_or_has_no_rule_is_refused():
    x, w = ops.placeholder((4, 2)), ops.variable((4, 2))
    plain, other = Program((x,), (w,), (x * w,)), Program((x,), (w,), (x + w,))
    with pytest.raises(ValueError, match=r"^test: model 1 differs from model 0 in more than numbers: add \(4, 2\)"):
        Stack.of([plain, other], Axis(2, False), "test")
    longer = Program((x,), (w,), (x * w, x * w * x))
    with pytest.raises(ValueError, match=r"its step has 5 operations, that of model 0 3\. Give models"):
        Stack.of([plain, longer], Axis(2, False), "test")
    seen = Program((x,), (w,), (ops.windows(w, (2,), axes=(0,)),))
    assert Stack.is_possible(plain) and not Stack.is_possible(seen)
    with pytest.raises(ValueError, match=r"^test: windows, built at test_stacking\.py:\d+ cannot be computed for many"):
        Stack.of([seen], Axis(1, False), "test").specialise([(4, 2)])
