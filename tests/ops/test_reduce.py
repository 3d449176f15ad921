"""Oracle: NumPy's reductions, SciPy's logsumexp; rows with infinities worked by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import logsumexp

from feedforward import ops
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.ops import constant, placeholder

AXES = [None, (), 0, -1, (0, 2), (2, 0), (-1, 1), [1], (0, 1, 2)]
FUNCTIONS = {
    "sum": (ops.sum, np.sum),
    "mean": (ops.mean, np.mean),
    "max": (ops.max, np.max),
    "min": (ops.min, np.min),
    "logsumexp": (ops.logsumexp, logsumexp),
}


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_reductions_are_numpy_s_over_any_axes(name, keepdims, run):
    ours, theirs = FUNCTIONS[name]
    value = np.random.default_rng(0).normal(size=(2, 3, 4))
    x = placeholder(value.shape, "float64")
    for axis in AXES:
        expected = theirs(value, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
        (found,) = run([ours(x, axis, keepdims)], {x: value})
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=0, atol=24 * 4 * np.finfo(float).eps)  # 24 terms below 4


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_argmax_is_the_first_of_ties(axis, run):
    value = np.array([[1.0, 3.0, 3.0], [3.0, 0.0, 3.0]])
    x = placeholder(value.shape, "float64")
    (found,) = run([x.argmax(axis)], {x: value})
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.argmax(value, axis))


INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([-INF, -INF], -INF),  # log(0 + 0)
        ([INF, 1.0], INF),
        ([INF, INF], INF),
        ([INF, -INF], INF),
        ([-INF, 2.0], 2.0),  # log(0 + e^2)
        ([NAN, 1.0], NAN),
        ([NAN, INF], NAN),
        ([1e308, 1e308], 1e308),  # log 2 is lost beside it
        ([-1e308, -1e308], -1e308),
        ([1000.0, 1000.0], 1000.0 + math.log(2)),
        ([-1000.0, -1000.0], -1000.0 + math.log(2)),
        ([3.0], 3.0),
    ],
)
def test_logsumexp_neither_overflows_nor_loses_infinities(row, expected, run):
    (found,) = run([ops.logsumexp(constant(np.array(row)))])
    np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(float).eps)
    np.testing.assert_allclose(found, logsumexp(row), rtol=2 * np.finfo(float).eps)


def test_gradient_of_logsumexp_is_softmax_and_0_at_minus_infinity(run):
    x = placeholder((4,), "float64")
    (part,) = gradient(ops.logsumexp(x), [x])
    value = np.array([1000.0, -INF, 999.0, 1000.0])
    weights = np.array([1.0, 0.0, math.exp(-1), 1.0])
    np.testing.assert_allclose(run([part], {x: value})[0], weights / weights.sum(), rtol=8 * np.finfo(float).eps)


def test_nan_comes_through_maximum_and_minimum(run):
    x = constant(np.array([1.0, NAN, INF]))
    assert np.isnan(run([x.max(), x.min(), x.sum(), x.mean()])).all()


def test_mean_of_integers_is_a_float32(run):
    (found,) = run([ops.mean(np.array([1, 2, 4], np.uint8))])
    assert found.dtype == np.float32
    assert float(found) == np.float32(7) / np.float32(3)


def test_sums_of_integers_keep_their_dtype(run):
    assert run([constant(np.array([2**31 - 1, 0], np.int32)).sum()])[0].dtype == np.int32


def test_mean_over_an_unknown_size_divides_by_the_size_fed(run):
    x = placeholder((unknown("n"), 2), "float64")
    node = x.mean()
    for n in (1, 3):
        assert float(run([node], {x: np.full((n, 2), 5.0)})[0]) == 5.0


def test_a_maximum_over_nothing_is_refused_when_the_size_is_known(run):
    x = placeholder((unknown("n"),))
    node = x.max()
    with pytest.raises(ShapeError, match=r"max: \(0,\) has no elements along axes \(0,\)"):
        run([node], {x: np.zeros(0, np.float32)})


def test_a_sum_over_nothing_is_zero(run):
    for shape, axis in itertools.product([(0, 3), (3, 0)], [None, 0, 1]):
        (found,) = run([ops.sum(np.zeros(shape), axis)])
        np.testing.assert_array_equal(found, np.zeros(shape).sum(axis))
