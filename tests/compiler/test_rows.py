"""Oracle: an identity. Rows of a batch equal the same rows alone, to the bit, wherever `maps_rows` says that they do.

Whether it says so is worked by hand for programs that keep rows apart, and for those that mix them.
"""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.llvm import Native
from feedforward.compiler.rows import maps_rows
from feedforward.graph.dimension import unknown
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program

BATCH = unknown("batch")
KEPT = {
    "a product": lambda x, w: x @ w,
    "a product of many matrices": lambda x, w: x.reshape((BATCH, 3, 2)) @ x.reshape((BATCH, 2, 3)),
    "matrices times one": lambda x, w: x.reshape((BATCH, 2, 3)) @ w[:3],
    "a bias": lambda x, w: x + ops.sum(w, 0)[:6],
    "a softmax": lambda x, w: ops.exp(x) / ops.sum(ops.exp(x), 1, keepdims=True),
    "a flattening": lambda x, w: x.reshape((BATCH, 2, 3)).reshape((BATCH, 6)),
    "steps of a row": lambda x, w: x.reshape((2 * BATCH, 3)).reshape((BATCH, 6)),
    "axes of a row": lambda x, w: ops.transpose(x.reshape((BATCH, 2, 3)), (0, 2, 1)),
    "a part of each row": lambda x, w: x[:, 1:5:2],
    "each row from behind": lambda x, w: ops.flip(x, 1),
    "rows side by side": lambda x, w: ops.concatenate([x, x * 2.0], 1),
    "rows of a table": lambda x, w: ops.take(w, ops.cast(abs(x), "int64") % 6, 0),
    "places along a row": lambda x, w: ops.take_along_axis(x, ops.cast(abs(x), "int64") % 6, 1),
    "a maximum": lambda x, w: ops.max(x, 1),
    "the place of a maximum": lambda x, w: ops.argmax(x, 1),
    "one-hot rows": lambda x, w: ops.one_hot(ops.argmax(x, 1), 6),
    "no input": lambda x, w: ops.broadcast_to(ops.sum(w, 0), (BATCH, 6)),
}
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


def program(function):
    x = ops.placeholder((BATCH, 6), "float32", "x")
    w = ops.variable((6, 6), "float32", "w")
    return Program((x,), (w,), (function(x, w),))


def fed(rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 6)).astype("float32"), rng.normal(size=(6, 6)).astype("float32")


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


UNARY = [
    ops.exp,
    ops.tanh,
    ops.sin,
    lambda x: ops.log(x * x + 0.5),
    lambda x: ops.maximum(x, 0.1 * x),
    lambda x: x.astype("float64").astype("float32"),
    lambda x: ops.where(x > 0.0, x, 1.0 - x),
]
BINARY = [lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y, lambda x, y: x / (y * y + 1.0), ops.maximum]
WITHIN = [
    *(one for name, one in KEPT.items() if name not in ("rows side by side", "a product of many matrices", "no input")),
    lambda x, w: ops.mean(x, 1, keepdims=True),
    lambda x, w: ops.logsumexp(x, 1, keepdims=True),
    lambda x, w: x.reshape((BATCH, 3, 2)) @ ops.tanh(x).reshape((BATCH, 2, 3)),
    lambda x, w: ops.concatenate([x, x @ ops.concatenate([w] * 6, 1)], 1),
]


def drawn(seed):
    """Return a random program that keeps rows apart."""
    rng = np.random.default_rng(seed)

    def one(choices):
        return choices[rng.integers(len(choices))]

    def function(x, w):
        values = [x]
        for _ in range(rng.integers(3, 12)):
            kind = rng.random()
            if kind < 0.35:
                values.append(one(UNARY)(one(values)))
            elif kind < 0.6:
                values.append(one(BINARY)(one(values), one(values)))
            else:
                wide = one(WITHIN)(ops.tanh(one(values)), w).astype("float32")
                wide = wide.reshape((BATCH, -1))
                many = wide.shape[1]
                values.append(wide @ ops.sin(ops.concatenate([w] * (-(-many // 6)), 0)[:many]) if many != 6 else wide)
        return values[-1] + values[-2]

    return program(function)


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_give_rows_the_bits_they_have_alone(seed):
    one = drawn(seed)
    assert maps_rows(one)
    x, w = fed(300, seed)
    run = Native().compile(one).run
    whole = run([x], [w])[0][0]
    for rows in (slice(299, 300), slice(5, 7), slice(1, 4), slice(3, 12), slice(40, 140), slice(0, 99)):
        assert bits(run([x[rows]], [w])[0][0]) == bits(whole[rows])
