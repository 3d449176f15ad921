"""Oracles: the recursion worked by hand or by a Riemann sum; backpropagation written out in NumPy; measured beside."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward import theory
from feedforward.theory.signals import weight_variance


def expected(function, square):
    """The mean of a function of normal numbers of a mean square, by a Riemann sum over 20 standard deviations."""
    z, step = np.linspace(-10, 10, 200_000, retstep=True)  # none at 0, where relu' steps
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return float((function(np.sqrt(square) * z) * density).sum() * step)


def logistic(z):
    return 1 / (1 + np.exp(-z))


FORMULAS = {
    "sigmoid": (logistic, lambda z: logistic(z) * (1 - logistic(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: z > 0),
}


@pytest.mark.parametrize("activation", FORMULAS)
@pytest.mark.parametrize(("initializer", "scale"), [("he_normal", 2.0), ("glorot_uniform", 1.0), ("orthogonal", 1.0)])
def test_predictions_follow_the_recursion_and_measured_gradients_the_predictions(activation, initializer, scale):
    value, slope = FORMULAS[activation]
    found = theory.gradient_norms(activation, initializer, depth=5, width=64, draws=100, seed=1)
    square, factors, sums = scale, [], []  # n v = scale
    for _ in range(5):
        sums.append(np.sqrt(square))
        factors.append(scale * expected(lambda z: slope(z) ** 2.0, square))
        square = scale * expected(lambda z: value(z) ** 2, square)
    predicted = np.sqrt(np.cumprod(factors[::-1])[::-1])
    np.testing.assert_allclose(found.sums, sums, rtol=1e-5)
    np.testing.assert_allclose(found.predicted, predicted, rtol=1e-5)
    # Squares have a variance of some 5 x 5 layers / (64 units x 100 draws): roots scatter by 3 %; three times that.
    np.testing.assert_allclose(found.measured, found.predicted, rtol=0.1)
    assert found.factor == found.measured[0] ** (1 / 5)


def test_relu_keeps_its_gradients_with_he_and_halves_their_squares_with_glorot():
    assert theory.gradient_norms("relu", "he_uniform", depth=3, width=8, draws=1).predicted.tolist() == pytest.approx(
        [1] * 3
    )
    halved = theory.gradient_norms("relu", "glorot_normal", depth=3, width=8, draws=1).predicted ** 2
    assert halved.tolist() == pytest.approx([1 / 8, 1 / 4, 1 / 2])


def test_large_weights_explode_through_linear_layers():
    # n v = 16 * 0.25: squares grow by 4 a layer, roots by 2.
    found = theory.gradient_norms("linear", ff.initializers.RandomNormal(0.0, 0.5), depth=4, width=16, draws=64)
    assert found.predicted.tolist() == pytest.approx([16, 8, 4, 2])
    assert found.measured.tolist() == pytest.approx([16, 8, 4, 2], rel=0.2)  # 2 x 4 / (16 x 64) of the squares, 4 times


def test_what_is_measured_is_backpropagation_written_out():
    found = theory.gradient_norms("tanh", ff.initializers.GlorotNormal(seed=99), depth=3, width=5, draws=1, seed=7)
    random = np.random.default_rng(7)
    kernels = [
        ff.initializers.GlorotNormal(seed=int(random.integers(2**31)))((5, 5), "float64").numpy() for _ in range(4)
    ]
    h, delta = random.standard_normal((2, 1, 5))
    slopes, last = [], delta
    for kernel in kernels[:-1]:
        h = np.tanh(h @ kernel)
        slopes.append(1 - h * h)
    norms = []
    for kernel, slope in zip(kernels[:0:-1], slopes[::-1], strict=True):
        delta = delta @ kernel.T * slope
        norms.append(np.sqrt((delta**2).mean() / (last**2).mean()))
    np.testing.assert_allclose(found.measured, norms[::-1], rtol=1e-13)


@pytest.mark.parametrize(
    "initializer",
    [
        "he_normal",
        "he_uniform",
        "glorot_normal",
        "lecun_uniform",
        "orthogonal",
        "truncated_normal",
        ff.initializers.RandomNormal(0.0, 0.3),
        ff.initializers.RandomUniform(-0.3, 0.3),
        ff.initializers.Orthogonal(1.5),
    ],
    ids=str,
)
def test_variances_are_those_of_what_is_drawn(initializer):
    draw = ff.nn.config.resolve(ff.nn.initializers.INITIALIZERS, initializer)
    ff.set_seed(0)
    kernel = draw((300, 300), "float64").numpy()
    # 90,000 numbers: the mean of their squares scatters by sqrt(2 / 90,000) = 0.5 % at most; four times that.
    assert (kernel**2).mean() == pytest.approx(weight_variance(draw, 300), rel=0.02)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: theory.gradient_norms(depth=0),
            ValueError,
            "gradient_norms(depth=0): depth must be an int >= 1. Got 0.",
        ),
        (
            lambda: theory.gradient_norms(width=0),
            ValueError,
            "gradient_norms(width=0): width must be an int >= 1. Got 0.",
        ),
        (
            lambda: theory.gradient_norms(draws=0),
            ValueError,
            "gradient_norms(draws=0): draws must be an int >= 1. Got 0.",
        ),
        (
            lambda: theory.gradient_norms(seed=-1),
            ValueError,
            "gradient_norms(seed=-1): seed must be an int >= 0. Got -1.",
        ),
        (lambda: theory.gradient_norms("rellu"), ValueError, "Unknown activation 'rellu'. Did you mean 'relu'?"),
        (
            lambda: theory.gradient_norms("relu", "ones"),
            ValueError,
            "gradient_norms(initializer=Ones()): its weights do not have mean 0 and a known variance. Expected one",
        ),
        (
            lambda: theory.gradient_norms("relu", ff.initializers.RandomNormal(1.0)),
            ValueError,
            "gradient_norms(initializer=RandomNormal(mean=1.0, stddev=0.05, seed=None)): its weights do not have mean",
        ),
    ],
)
def test_what_cannot_be_predicted_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
