"""Programs for tests that keep the rows of a batch apart: some by name, and random ones.

Oracles stand in the test files that use them.
"""

import numpy as np

from feedforward import ops
from feedforward.graph.dimension import unknown
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
    "a quotient's logarithm": lambda x, w: ops.log(ops.exp(x) / ops.exp(w[:1])),
    "no input": lambda x, w: ops.broadcast_to(ops.sum(w, 0), (BATCH, 6)),
}


def program(function):
    x = ops.placeholder((BATCH, 6), "float32", "x")
    w = ops.variable((6, 6), "float32", "w")
    return Program((x,), (w,), (function(x, w),))


def fed(rows, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 6)).astype("float32"), rng.normal(size=(6, 6)).astype("float32")


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
