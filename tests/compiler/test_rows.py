"""Oracle: an identity. Rows of a batch equal the same rows alone, to the bit, wherever `maps_rows` says that they do.

Whether it says so is worked by hand for programs that keep rows apart, and for those that mix them.
"""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.llvm import Native
from feedforward.compiler.rows import maps_rows
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from row_programs import BATCH, KEPT, drawn, fed, program

MIXED = {
    "a sum over rows": lambda x, w: x - ops.sum(x, 0),
    "a maximum over rows": lambda x, w: x - ops.max(x, 0, keepdims=True),
    "a product over rows": lambda x, w: x @ ops.matmul(x, x, transpose_x=True),
    "rows times rows": lambda x, w: ops.matmul(x, x, transpose_y=True),
    "rows from behind": lambda x, w: ops.flip(x, 0),
    "rows that another step begins": lambda x, w: x.reshape((6, BATCH)).reshape((BATCH, 6)),
    "turned rows": lambda x, w: ops.transpose(x).reshape((BATCH, 6)),
    "the first row": lambda x, w: x + x[0],
    "rows that data choose": lambda x, w: ops.take(x, ops.argmax(x, 1), 0),
    "rows moved on": lambda x, w: ops.concatenate([x[1:], x[:1]], 0),
    "every other step of rows": lambda x, w: ops.concatenate([x, x], 0)[::2],
    "the number of rows": lambda x, w: x / ops.size(BATCH, "float32"),
    "draws": lambda x, w: x + ops.random_uniform((BATCH, 6), 1, 2),
    "a step that begins where rows are 97": lambda x, w: build(
        OPS["slice"],
        (ops.concatenate([x, x], 1).reshape((4 * BATCH, 3)),),
        {"starts": (BATCH - 97, 0), "sizes": (BATCH, 3), "steps": (4, 1)},
    ),
    "an end that is no row": lambda x, w: ops.sum(x, 0),
}


def bits(array):
    return array.shape, array.dtype, np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_rows_apart_is_known_and_gives_each_the_bits_it_has_alone(name):
    one = program(KEPT[name])
    assert maps_rows(one)
    x, w = fed(33)
    run = Native().compile(one).run
    whole = run([x], [w])[0][0]
    for rows in (slice(0, 1), slice(5, 6), slice(1, 3), slice(3, 20), slice(7, 33)):
        assert bits(run([x[rows]], [w])[0][0]) == bits(whole[rows])


@pytest.mark.parametrize("name", MIXED)
def test_what_mixes_rows_is_known(name):
    assert not maps_rows(program(MIXED[name]))


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[] if n < 8 else pytest.mark.slow) for n in range(25)])
def test_random_programs_give_rows_the_bits_they_have_alone(seed):
    one = drawn(seed)
    assert maps_rows(one)
    x, w = fed(300, seed)
    run = Native().compile(one).run
    whole = run([x], [w])[0][0]
    for rows in (slice(299, 300), slice(5, 7), slice(1, 4), slice(3, 12), slice(40, 140), slice(0, 99)):
        assert bits(run([x[rows]], [w])[0][0]) == bits(whole[rows])
