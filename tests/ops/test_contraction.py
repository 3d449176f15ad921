"""Oracle: numpy.matmul in float64, and for gradients jax.vjp of jnp.matmul."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from feedforward import ops
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.ops import placeholder

SHAPES = [
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (6, 3, 2)),
    ((2, 3, 0), (0, 4)),
    ((2, 0), (0, 4)),
    ((0, 2, 3), (3, 4)),
    ((2, 0, 3), (3, 4)),
    ((0,), (0,)),
    ((0,), (0, 2)),
    ((1, 1), (1, 1)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_and_its_gradients_are_numpy_s_and_jax_s(left, right, run):
    rng = np.random.default_rng(0)
    x, y = placeholder(left, "float64", "x"), placeholder(right, "float64", "y")
    values = rng.uniform(-1, 1, left), rng.uniform(-1, 1, right)
    node = x @ y
    expected = np.matmul(*values)
    assert node.shape == expected.shape
    _, pull = jax.vjp(jnp.matmul, *map(jnp.asarray, values))
    g = rng.uniform(-1, 1, expected.shape)
    parts = gradient(node, [x, y], ops.constant(np.asarray(g)))
    found = run([node, *parts], dict(zip((x, y), values, strict=True)))
    for mine, other in zip(found, [expected, *pull(jnp.asarray(g))], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=30 * np.finfo(float).eps)  # at most 30 terms below 1


@pytest.mark.parametrize(("is_x", "is_y"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("batch", [((), ()), ((4,), ()), ((), (4,)), ((4, 1), (5,))])
def test_transposed_sides_are_transposed_first(is_x, is_y, batch, run):
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(*batch[0], 2, 3)), rng.normal(size=(*batch[1], 3, 4))
    values = [np.swapaxes(v, -1, -2) if swap else v for v, swap in ((left, is_x), (right, is_y))]
    x, y = (placeholder(v.shape, "float64") for v in values)
    (found,) = run([ops.matmul(x, y, is_x, is_y)], {x: values[0], y: values[1]})
    np.testing.assert_allclose(found, left @ right, rtol=0, atol=30 * np.finfo(float).eps)


def test_an_unknown_number_of_rows_keeps_its_name():
    x, w = placeholder((unknown("batch"), 5, 3)), placeholder((3, 4))
    assert (x @ w).shape == (unknown("batch"), 5, 4)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ((3,), (4,), r"inner sizes differ, \(1, 3\) @ \(4, 1\)"),
        ((2, 3), (2, 3), r"inner sizes differ, \(2, 3\) @ \(2, 3\)"),
        ((), (2, 2), "a number cannot be multiplied as a matrix"),
        ((2, 2, 3), (4, 3, 2), r"shapes \(2,\) and \(4,\) cannot be broadcast"),
    ],
)
def test_sides_that_do_not_fit_are_refused(left, right, message):
    with pytest.raises(ShapeError, match=f"matmul: {message}.*built at test_contraction.py"):
        placeholder(left) @ placeholder(right)
