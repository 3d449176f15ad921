"""Oracles: float64 NumPy formulas of the cited papers, central differences, and values of Keras and sklearn.

KERAS was recorded with keras 3.15.1 on TensorFlow 2.21.0, each loss with ``reduction=None`` on Y, T and Q below.
"""

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss, mean_poisson_deviance

import feedforward as ff
from feedforward.derivatives import grad
from feedforward.errors import DataError
from feedforward.nn.config import from_config, to_config
from feedforward.nn.loss import LOSSES, Loss
from feedforward.nn.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    Quantile,
)
from feedforward.tensor import Tensor

Y = np.float32([[0, 1, 0], [0.5, 0.25, 0.25]])
T = np.float32([[1, 2, 4], [0.5, 3, 7]])
Q = np.float32([[2, 5, 3], [0, 0, 0.5]])

KERAS = [
    (Huber(), Y, [2.5, 0.0625]),
    (Huber(2.0), Y, [4.0, 0.0625]),
    (LogCosh(), Y, [2.3138396739959717, 0.06065801903605461]),
    (CosineSimilarity(), Y, [-0.8111070990562439, -0.40824827551841736]),
    (Poisson(), T, [0.5645092129707336, 20.58845329284668]),
    (MeanAbsolutePercentageError(), T, [91.66667175292969, 97.61904907226562]),
    (MeanSquaredLogarithmicError(), T, [0.23154933750629425, 1.6294702291488647]),
]


def of_mean(formula):
    return lambda y, p: formula(y, p).mean(tuple(range(1, y.ndim)))


def cosine(y, p):
    return -(y * p).sum(-1) / np.linalg.norm(y, axis=-1) / np.linalg.norm(p, axis=-1)


FORMULAS = {
    MeanSquaredError(): of_mean(lambda y, p: (y - p) ** 2),
    MeanAbsoluteError(): of_mean(lambda y, p: abs(y - p)),
    MeanAbsolutePercentageError(): of_mean(lambda y, p: 100 * abs(y - p) / abs(y)),
    MeanSquaredLogarithmicError(): of_mean(lambda y, p: (np.log1p(y) - np.log1p(p)) ** 2),
    Huber(): of_mean(lambda y, p: np.where(abs(y - p) <= 1, (y - p) ** 2 / 2, abs(y - p) - 0.5)),
    Huber(0.25): of_mean(lambda y, p: np.where(abs(y - p) <= 0.25, (y - p) ** 2 / 2, (abs(y - p) - 0.125) / 4)),
    LogCosh(): of_mean(lambda y, p: np.log(np.cosh(y - p))),
    Quantile(): of_mean(lambda y, p: abs(y - p) / 2),
    Quantile(0.9): of_mean(lambda y, p: np.maximum(0.9 * (y - p), -0.1 * (y - p))),
    Poisson(): of_mean(lambda y, p: p - y * np.log(p)),
    CosineSimilarity(): lambda y, p: cosine(y, p).reshape(len(y), -1).mean(1) if y.ndim > 2 else cosine(y, p),
}


def test_every_loss_of_numbers_has_an_oracle():
    here = {LOSSES[name] for name in LOSSES if LOSSES[name].__module__ == "feedforward.nn.regression"}
    assert {type(loss) for loss in FORMULAS} == here


@pytest.mark.parametrize(("loss", "y", "per_sample"), KERAS, ids=lambda x: repr(x)[:30])
def test_values_are_those_of_keras(loss, y, per_sample):
    # Keras computes in float32 too: some logarithms and sums of three.
    np.testing.assert_allclose(loss.per_sample(Tensor(y), Tensor(Q)).numpy(), per_sample, rtol=32 * 2**-24)


@pytest.mark.parametrize(
    ("loss", "formula"),
    FORMULAS.items(),
    ids=lambda x: "formula" if callable(x) and not isinstance(x, Loss) else repr(x)[:30],
)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (0, 3), (2, 4, 3)])
def test_each_sample_has_the_loss_of_the_formula(loss, formula, shape):
    random = np.random.default_rng(7)
    y, p = random.uniform(0.1, 4, shape), random.uniform(0.1, 4, shape)
    result = loss.per_sample(Tensor(y), Tensor(p)).numpy()
    assert result.shape == shape[:1]
    np.testing.assert_allclose(result, formula(y, p), rtol=64 * 2**-53, atol=64 * 2**-53)


@pytest.mark.parametrize("loss", FORMULAS, ids=repr)
def test_gradient_is_that_of_central_differences(loss, central_difference):
    random = np.random.default_rng(8)
    y, p, direction = random.uniform(0.5, 3, (4, 3)), random.uniform(0.5, 3, (4, 3)), random.normal(size=(4, 3))
    expected, tolerance = central_difference(lambda a: float(loss(Tensor(y), Tensor(a[0]))), [p], [direction], 100)
    slope = grad(lambda t: loss(Tensor(y), t))(Tensor(p)).numpy()
    assert abs((slope * direction).sum() - expected) <= tolerance


def test_values_are_those_of_sklearn():
    random = np.random.default_rng(9)
    y, p = random.uniform(1, 4, 50), random.uniform(1, 4, 50)
    assert float(Quantile(0.3)(y, p)) == pytest.approx(mean_pinball_loss(y, p, alpha=0.3), rel=1e-13)
    # The deviance is 2 (y log(y / p) - y + p): what depends on y alone is not part of the loss.
    deviance = 2 * (float(Poisson()(y, p)) - float(Poisson()(y, y)))
    assert deviance == pytest.approx(mean_poisson_deviance(y, p), rel=1e-12)


@pytest.mark.parametrize("d", [0.0, 1e-30, 1e-10, 1e-4, 0.1, 0.999, 1.0, 1.001, 5.0, 44.0, 88.0, 1e4, 3e38])
def test_log_cosh_keeps_its_accuracy_for_small_differences_and_never_overflows(d):
    d = float(np.float32(d))
    exact = d * d / 2 - d**4 / 12 if d < 1e-3 else d + np.log1p(np.exp(-2 * d)) - np.log(2)
    slope = grad(lambda t: LogCosh()([0.0], t))
    for sign in (1, -1):
        x = Tensor(np.float32([sign * d]))
        # A dozen roundings; d^2 of 1e-30 is a subnormal number: 0.
        assert float(LogCosh()([0.0], x)) == pytest.approx(exact, rel=12 * 2**-24, abs=2.0**-126)
        assert float(slope(x)[0]) == pytest.approx(sign * np.tanh(d), rel=12 * 2**-24)


@pytest.mark.parametrize(
    ("loss", "p", "slope"),
    [
        (MeanAbsoluteError(), 2.0, 0.0),
        (Huber(0.5), 2.0, 0.0),
        (Huber(0.5), 2.5, 0.5),
        (Huber(0.5), 9.0, 0.5),
        (LogCosh(), 2.0, 0.0),
        (Quantile(0.75), 2.0, -0.75),
        (Quantile(0.75), 2.5, 0.25),
        (MeanAbsolutePercentageError(), 2.0, 0.0),
        (MeanSquaredLogarithmicError(), -1.0, 0.0),
        (MeanSquaredLogarithmicError(), 0.0, 0.0),
        (Poisson(), 2.0, 0.0),
        (Poisson(), 0.0, 1.0),
    ],
)
def test_derivatives_at_kinks_are_the_documented_ones(loss, p, slope):
    found = float(grad(lambda t: loss([2.0], t))(Tensor([p]))[0])
    # At its bound |d| = delta Huber's two formulas have one derivative; a tie of a minimum shares it.
    assert found == pytest.approx(slope, rel=2**-22)


def test_vectors_of_zeros_have_no_direction_and_a_finite_gradient():
    loss = CosineSimilarity()
    for y, p in (([[0.0, 0.0]], [[1.0, 2.0]]), ([[1.0, 2.0]], [[0.0, 0.0]]), ([[0.0, 0.0]], [[0.0, 0.0]])):
        assert float(loss(y, p)) == 0
        assert np.isfinite(grad(lambda t, y=y: loss(y, t))(Tensor(p)).numpy()).all()
    assert float(loss([[3.0, 4.0]], [[3.0, 4.0]])) == -1
    assert float(loss([[3.0, 4.0]], [[-6.0, -8.0]])) == 1


def test_cosines_of_any_length_of_vectors():
    y, p = np.float32([[1e-30, 0], [1e30, 1e30], [-3e-30, 4e-30]]), np.float32([[2, 0], [1e-30, 0], [3e30, 4e30]])
    # By hand 1, 1 / sqrt(2), 7 / 25; each from two divisions, two roots and a sum.
    found = CosineSimilarity().per_sample(Tensor(y), Tensor(p)).numpy()
    np.testing.assert_allclose(found, [-1, -(0.5**0.5), -0.28], rtol=16 * 2**-24)
    # Of a number the direction is its sign.
    np.testing.assert_array_equal(
        CosineSimilarity().per_sample(Tensor([2.0, -3.0]), Tensor([5.0, 4.0])).numpy(), [-1, 1]
    )


@pytest.mark.parametrize("size", [1e-18, 1.0, 1e18])  # beyond, squares leave float32
def test_the_gradient_of_a_cosine_is_that_of_its_formula_whatever_the_length(size):
    y, p = np.array([[1.0, -2.0, 0.5]]), np.array([[0.25, 3.0, 1.0]])
    # d/dp of -y . p / (|y| |p|) is (c p / |p| - y / |y|) / |p| with the cosine c.
    length = np.linalg.norm(p)
    c = -cosine(y, p)
    expected = (c * p / length - y / np.linalg.norm(y)) / (length * size)
    found = grad(lambda t: CosineSimilarity()(np.float32(y), t))(Tensor(np.float32(p * size))).numpy()
    np.testing.assert_allclose(found, expected, rtol=64 * 2**-24)


@pytest.mark.parametrize("loss", FORMULAS, ids=repr)
def test_nan_stays_nan_and_dtypes_are_kept(loss):
    assert np.isnan(float(loss([[1.0, 2.0]], [[1.0, np.nan]])))
    for dtype in (np.float32, np.float64):
        assert loss(np.ones((2, 2)), np.ones((2, 2), dtype)).dtype == dtype


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        (
            MeanAbsolutePercentageError(),
            [1.0, 0.0],
            "MeanAbsolutePercentageError: a target of 0 has no percents. Row 1 holds 0.0. Drop the row, or use "
            "MeanAbsoluteError.",
        ),
        (
            MeanSquaredLogarithmicError(),
            [-0.5, 0.0],
            "MeanSquaredLogarithmicError: targets must be >= 0. Row 0 holds -0.5. Shift them, or use MeanSquaredError.",
        ),
        (
            Poisson(),
            [3.0, -1.0],
            "Poisson: counts must be >= 0. Row 1 holds -1.0. Drop the row, or use MeanSquaredError.",
        ),
    ],
)
def test_wrong_targets_are_refused_with_the_row_and_what_to_do(loss, y, message):
    with pytest.raises(DataError) as caught:
        loss.check_targets(np.array(y), (None, 1))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(0), "Huber(delta=0): delta must be a number > 0. Got 0."),
        (lambda: Quantile(1), "Quantile(tau=1): tau must be a number above 0 up to, but not, 1. Got 1."),
        (lambda: Quantile(np.nan), "Quantile(tau=nan): tau must be a number above 0 up to, but not, 1. Got nan."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ("mape", MeanAbsolutePercentageError()),
        ("MSLE", MeanSquaredLogarithmicError()),
        ("log_cosh", LogCosh()),
        ("logcosh", LogCosh()),
        ("cosine_similarity", CosineSimilarity()),
        ("pinball", Quantile()),
    ],
)
def test_names_that_keras_takes_are_known(given, loss):
    assert LOSSES[given]() == loss


def test_a_configuration_makes_an_equal_loss():
    for loss in FORMULAS:
        assert from_config(LOSSES, to_config(loss)) == loss


def test_a_quantile_is_learned():
    # A bias alone learns the quantile of the targets: 0.9 of them are below it.
    y = np.random.default_rng(10).normal(size=1000).astype(np.float32)
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.2), Quantile(0.9))
    model.fit(np.zeros((1000, 1), np.float32), y, epochs=30, batch_size=100, verbose=0)
    assert (y < model.predict(np.zeros((1, 1), np.float32)).item()).mean() == pytest.approx(0.9, abs=0.02)
