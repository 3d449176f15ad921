"""Oracle: an identity. Sums over some rows, and over these and others that count for nothing, have the same bits.

Which programs may be padded is worked by hand.
"""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.blocks import WithPadding
from feedforward.backends.llvm import Native
from feedforward.compiler.padding import pad
from feedforward.graph.program import Program
from row_programs import BATCH, drawn, fed, program

SUMS = {
    "of numbers": lambda x, w: ops.sum(x[:, 0]),
    "of rows": lambda x, w: ops.sum(x, 0),
    "of all": lambda x, w: ops.sum(x),
    "of two axes of three": lambda x, w: ops.sum(x.reshape((BATCH, 2, 3)), (0, 1)),
    "of outer axes": lambda x, w: ops.sum(x.reshape((BATCH, 2, 3)), (0, 2)),
    "of steps of rows": lambda x, w: ops.sum(x.reshape((2 * BATCH, 3)), 0),
    "in float64": lambda x, w: ops.sum(ops.sum(x.astype("float64"), 1)),
    "of what is used elsewhere": lambda x, w: ops.sum(ops.exp(x)) + ops.sum(ops.exp(x) * 2.0),
    "of a column": lambda x, w: ops.sum(x @ w[:, :1]),
    "of a product": lambda x, w: ops.sum(ops.tanh(x @ w), 0),
    "of places": lambda x, w: ops.sum(ops.argmax(x, 1)),
    "of truths": lambda x, w: ops.sum(x > 0.0),
    "a mean": lambda x, w: ops.mean(x, 0),
    "a mean of all": lambda x, w: ops.mean(x @ w),
    "a variance": lambda x, w: ops.sum(ops.square(x - ops.mean(x, 0, keepdims=True)), 0),
    "per sample, then of all": lambda x, w: ops.sum(ops.mean(ops.square(x @ w), 1)),
    "of what is infinite where no row is": lambda x, w: ops.sum(ops.log(ops.square(x))),
    "of products": lambda x, w: ops.matmul(x, ops.exp(x), transpose_x=True),
    "of products with draws": lambda x, w: ops.matmul(
        x * (ops.random_uniform((BATCH, 6), 1, 2) < 0.5).astype("float32"), ops.tanh(x @ w), transpose_x=True
    ),
    "in rows of a table": lambda x, w: ops.scatter_add(x, ops.cast(abs(x[:, 0]) * 3.0, "int64") % 4, 4),
    "and what has no rows": lambda x, w: ops.sum(x, 0) * ops.sum(w, 0),
    "rows": lambda x, w: x,
    "rows less their mean": lambda x, w: ops.tanh(x @ w) - ops.mean(x, 0),
    "steps of rows": lambda x, w: (x * ops.sum(x)).reshape((3 * BATCH, 2)),
}
OTHERS = {
    "a maximum": lambda x, w: ops.max(x, 0),
    "the place of a maximum": lambda x, w: ops.argmax(x, 0),
    "a product of rows turned before": lambda x, w: ops.transpose(x) @ x,
    "the first row": lambda x, w: x[0],
    "a sum from behind": lambda x, w: ops.sum(ops.flip(x, 0)),
    "what is fed to no row": lambda x, w: ops.sum(ops.broadcast_to(w[0], (BATCH, 6)), 0),
    "draws in an order of their own": lambda x, w: ops.sum(ops.truncated_normal((BATCH,), 1, 2) * x[:, 0]),
}


def check(one, seed=0, numbers=(4, 7, 100)):
    x, w = fed(600, seed)
    padded = pad(one)
    assert padded is not None
    runner, exact = WithPadding(padded, Native().compile(padded.program)), Native().compile(one)
    compared = 0
    for count in numbers:
        if runner.fits(count):
            (ours,), (weights,) = runner.run([x[:count]], [w])
            (expected,), _ = exact.run([x[:count]], [w])
            assert ours.tobytes() == expected.tobytes(), count
            assert weights is w
            compared += 1
    assert compared > len(numbers) // 2


@pytest.mark.parametrize("name", SUMS)
def test_sums_over_rows_have_the_bits_of_code_for_that_number(name):
    check(program(SUMS[name]))


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_more_than_add_up_over_rows_is_not_padded(name):
    assert pad(program(OTHERS[name])) is None


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[] if n < 5 else pytest.mark.slow) for n in range(10)])
def test_sums_of_random_programs_have_the_bits_of_code_for_that_number(seed):
    one = drawn(seed)
    rng = np.random.default_rng(seed)
    axes = [(0,), (0, 1)][rng.integers(2)]
    check(Program(one.inputs, one.variables, (ops.sum(one.outputs[0].reshape((BATCH, -1)), axes),)), seed)


def test_few_rows_and_those_that_make_a_sum_long_do_not_fit():
    runner = WithPadding(pad(program(lambda x, w: ops.sum(x))), None)
    # Sums of up to 4,096 terms are one; of 6 a row, 682 rows have so many, 683 have more; 1,024 would stand for both.
    assert [runner.fits(count) for count in (1, 3, 4, 512, 513, 682, 683)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        True,
    ]


def test_updates_have_the_bits_of_code_for_that_number():
    x, w = ops.placeholder((BATCH, 6), "float32", "x"), ops.variable((6, 6), "float32", "w")
    slope = ops.matmul(x, x @ w, transpose_x=True) / ops.size(BATCH, "float32")
    one = Program((x,), (w,), (ops.sum(x @ w),), ((w, w - 0.1 * slope),))
    padded = pad(one)
    runner, exact = WithPadding(padded, Native().compile(padded.program)), Native().compile(one)
    x, w = fed(100)
    for count in (4, 7, 31, 100):
        (total,), (after,) = runner.run([x[:count]], [w])
        (expected,), (weights,) = exact.run([x[:count]], [w])
        assert total.tobytes() == expected.tobytes()
        assert after.tobytes() == weights.tobytes()
