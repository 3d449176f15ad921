"""Oracles: JAX's convolution and reduce_window; NumPy's sliding_window_view; ceil(length / stride) for the counts."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from feedforward import ops
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.ops import placeholder


@pytest.mark.parametrize(("size", "stride"), list(itertools.product((1, 2, 3, 5), (1, 2, 3))))
def test_counts_of_windows_follow_the_formulas(size, stride):
    for length in range(1, 10):
        x = placeholder((length,))
        assert ops.windows(x, [size], [stride], axes=[0], padding="same").shape == (-(-length // stride), size)
        if length >= size:
            valid = ops.windows(x, [size], [stride], axes=[0])
            assert valid.shape == (len(range(0, length - size + 1, stride)), size)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), list(itertools.product((1, 2, 3), (1, 2, 3))))
def test_windows_of_an_unknown_length_are_those_of_the_length_fed(size, stride, padding, run):
    x = placeholder((unknown("n"),), "float64")
    node = ops.windows(x, [size], [stride], axes=[0], padding=padding, value=-1.0)
    (part,) = gradient(node.sum(), [x])
    for length in range(3, 9):
        known = placeholder((length,), "float64")
        direct = ops.windows(known, [size], [stride], axes=[0], padding=padding, value=-1.0)
        value = np.arange(1.0, length + 1)
        found, slope = run([node, part], {x: value})
        expected, known_slope = run([direct, *gradient(direct.sum(), [known])], {known: value})
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(slope, known_slope)


def test_the_odd_element_of_the_border_is_at_the_end(run):
    x = placeholder((3,), "float64")
    found = run([ops.windows(x, [2], axes=[0], padding="same")], {x: np.array([1.0, 2.0, 3.0])})[0]
    assert found.tolist() == [[1, 2], [2, 3], [3, 0]]
    found = run([ops.windows(x, [4], axes=[0], padding="same", value=9.0)], {x: np.array([1.0, 2.0, 3.0])})[0]
    assert found.tolist() == [[9, 1, 2, 3], [1, 2, 3, 9], [2, 3, 9, 9]]


def test_windows_along_axes_in_another_order_are_numpy_s(run):
    x = placeholder((4, 2, 5), "float64")
    value = np.random.default_rng(0).normal(size=(4, 2, 5))
    found = run([ops.windows(x, [2, 3], axes=[-1, 0])], {x: value})[0]
    np.testing.assert_array_equal(found, np.lib.stride_tricks.sliding_window_view(value, (2, 3), (2, 0)))


def test_integers_can_be_padded(run):
    x = placeholder((3,), "int32")
    found = run([ops.windows(x, [3], axes=[0], padding="same")], {x: np.array([1, 2, 3], np.int32)})[0]
    assert found.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 0]]


def convolution(x, kernel, strides, padding):
    """Compose a convolution: (n, height, width, d) by (rows, columns, d, k), both NHWC as TensorFlow has them."""
    rows, columns, d, k = kernel.shape
    seen = ops.windows(x, (rows, columns), strides, axes=(1, 2), padding=padding)  # n, h, w, d, rows, columns
    seen = seen.transpose(0, 1, 2, 4, 5, 3)
    flat = seen.reshape((*seen.shape[:3], rows * columns * d))
    return flat @ kernel.reshape((rows * columns * d, k))


CASES = [
    ((2, 5, 6, 3), (3, 3, 3, 4), (1, 1)),
    ((2, 5, 6, 3), (3, 2, 3, 4), (2, 1)),
    ((1, 7, 7, 1), (2, 2, 1, 1), (2, 3)),
    ((1, 4, 4, 2), (1, 1, 2, 3), (1, 1)),
]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("shape", "kernel_shape", "strides"), CASES)
def test_convolution_and_its_gradients_are_jax_s(shape, kernel_shape, strides, padding, run):
    rng = np.random.default_rng(0)
    x, kernel = placeholder(shape, "float64"), placeholder(kernel_shape, "float64", "kernel")
    value, weights = rng.normal(size=shape), rng.normal(size=kernel_shape)

    def theirs(x, kernel):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, kernel, strides, padding.upper(), dimension_numbers=numbers)

    expected, pull = jax.vjp(theirs, jnp.asarray(value), jnp.asarray(weights))
    g = rng.normal(size=expected.shape)
    node = convolution(x, kernel, strides, padding)
    parts = gradient(node, [x, kernel], ops.constant(g))
    # sums of at most 9 * 4 * 60 products of normal numbers, none of a product above 20
    tolerance = 20 * np.sqrt(9 * 4 * 60) * np.finfo(float).eps
    for mine, other in zip(run([node, *parts], {x: value, kernel: weights}), [expected, *pull(g)], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (2, 1)])
def test_max_pooling_and_its_gradient_are_jax_s(size, stride, padding, run):
    shape = (2, 5, 6, 3)
    x = placeholder(shape, "float64")
    value = np.random.default_rng(1).permutation(np.prod(shape)).reshape(shape).astype(float)  # no ties

    def theirs(x):
        window, strides = (1, size, size, 1), (1, stride, stride, 1)
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, padding.upper())

    node = ops.windows(x, (size, size), (stride, stride), axes=(1, 2), padding=padding, value=-np.inf).max((-2, -1))
    expected, pull = jax.vjp(theirs, jnp.asarray(value))
    g = np.random.default_rng(2).integers(-9, 9, expected.shape).astype(float)  # so that sums are exact
    (part,) = gradient(node, [x], ops.constant(g))
    for mine, other in zip(run([node, part], {x: value}), [expected, *pull(g)], strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_window_that_does_not_fit_the_length_fed_is_refused(run):
    x = placeholder((unknown("n"),))
    node = ops.windows(x, [3], axes=[0])
    with pytest.raises(ShapeError, match=r"a window of 3 does not fit axis 0 of \(2,\), built at test_window.py"):
        run([node], {x: np.zeros(2, np.float32)})
