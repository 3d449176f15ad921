"""Oracle: functions whose convexity is known by calculus; counterexamples checked by their own inequality in NumPy."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.convex import (
    is_convex,
    is_convex_by_hessian,
    is_subgradient,
    norm,
    quadratic_model,
    subgradient,
)
from feedforward.errors import DataError, ShapeError

RANDOM = np.random.default_rng(5)
POINTS = 2 * RANDOM.standard_normal((12, 3))
KINKS = np.concatenate([POINTS, np.eye(3), np.zeros((1, 3)), np.ones((1, 3))])

CONVEX = {
    "squares": lambda x: ff.sum(ff.square(x)),
    "max": ff.max,
    "abs": lambda x: ff.sum(ff.abs(x)),
    "norm": norm,
    "largest": lambda x: norm(x, np.inf),
    "hinge": lambda x: ff.sum(ff.maximum(0.0, 1.0 - x)),
    "relu": lambda x: ff.sum(ff.relu(x - 1.0)),
    "logsumexp": ff.logsumexp,
    "affine": lambda x: ff.sum(3.0 * x) - 1.0,
}
NOT_CONVEX = {
    "sine": lambda x: ff.sum(ff.sin(x)),
    "saddle": lambda x: x[0] * x[1] + x[2],
    "hinge upside down": lambda x: -ff.sum(ff.maximum(0.0, 1.0 - x)),
    "sigmoid": lambda x: ff.sum(ff.sigmoid(x)),
}


@pytest.mark.parametrize("name", CONVEX)
def test_no_counterexample_is_found_for_a_convex_function(name):
    found = is_convex(CONVEX[name], POINTS)
    assert found and found.is_convex and found.counterexample is None
    assert found.checked == 66 * 3  # all pairs of 12, the midpoint and two more


@pytest.mark.parametrize("name", NOT_CONVEX)
def test_a_counterexample_is_one(name):
    function = NOT_CONVEX[name]
    found = is_convex(function, POINTS)
    assert not found
    worst = found.counterexample
    t = worst.weight
    x, y, z = (float(function(ff.Tensor(p))) for p in (worst.x, worst.y, t * worst.x + (1 - t) * worst.y))
    assert z - t * x - (1 - t) * y == worst.excess > 0


def test_a_domain_that_is_not_convex_is_a_counterexample_and_the_outside_asks_nothing():
    def ring(x):  # finite for |x| >= 1 alone
        return ff.where(ff.sum(ff.abs(x)) >= 1.0, 0.0, np.inf)

    assert not is_convex(ring, [[-1.0], [1.0]])

    def ball(x):
        return ff.where(ff.sum(ff.abs(x)) <= 1.0, 0.0, np.inf)

    assert is_convex(ball, [[-3.0], [-0.5], [0.5], [2.0]])


def test_a_jump_is_found_by_other_weights_than_one_half():
    def step(x):  # convex but for one jump, at 1/3 of the way, which midpoints of these samples do not meet
        return ff.where(ff.abs(ff.sum(x) - 1.0) < 0.9, 1.0, 0.0)

    assert is_convex(step, [[0.0], [6.0]], weights=0)
    assert not is_convex(step, [[0.0], [6.0]], weights=20)


def test_hessians_tell_the_smallest_eigenvalue():
    assert is_convex_by_hessian(CONVEX["squares"], POINTS)
    assert is_convex_by_hessian(CONVEX["logsumexp"], POINTS)  # one eigenvalue is 0
    # f = x1^2 + 4 x1 x2 + x2^2: H = [[2, 4], [4, 2]] with eigenvalues 6 and -2, the latter along (1, -1).
    found = is_convex_by_hessian(lambda x: x[0] * x[0] + 4.0 * x[0] * x[1] + x[1] * x[1], [[0.0, 0.0], [1.0, 2.0]])
    assert not found and found.checked == 2
    assert found.counterexample.excess == pytest.approx(2.0, abs=1e-14)
    direction = found.counterexample.y - found.counterexample.x
    assert abs(direction @ [1, -1]) == pytest.approx(np.sqrt(2), abs=1e-14)


@pytest.mark.parametrize("name", CONVEX)
def test_gradient_conventions_give_subgradients_also_at_kinks(name):
    function = CONVEX[name]
    samples = np.concatenate([KINKS, 1e-3 * POINTS])
    for x in KINKS:
        assert is_subgradient(function, x, subgradient(function)(x), samples), x


@pytest.mark.parametrize(
    ("name", "x", "wanted"),
    [
        ("max", [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]),
        ("abs", [0.0, -2.0, 1.0], [0.0, -1.0, 1.0]),
        ("norm", [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ("norm", [3.0, 0.0, -4.0], [0.6, 0.0, -0.8]),
        ("hinge", [1.0, 0.0, 2.0], [-0.5, -1.0, 0.0]),
        ("relu", [1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
    ],
)
def test_the_subgradient_at_a_kink_is_the_one_of_the_table(name, x, wanted):
    np.testing.assert_allclose(subgradient(CONVEX[name])(x), wanted, atol=1e-15)


def test_what_is_no_subgradient_is_told_by_how_much():
    check = is_subgradient(CONVEX["abs"], [0.0, 0.0], [0.0, 2.0], [[1.0, 1.0], [0.0, 3.0]])
    assert not check
    assert (check.slack, check.at.tolist()) == (-3.0, [0.0, 3.0])  # |3| - 2 * 3
    # A function that is not convex has none at 0, and the convention gives none.
    assert not is_subgradient(lambda x: -ff.sum(ff.abs(x)), [0.0], [0.0], [[1.0]])


def test_a_subgradient_holds_where_the_function_is_infinite():
    def half(x):
        return ff.where(ff.sum(x) >= 0.0, ff.sum(x), np.inf)

    assert is_subgradient(half, [0.0], [-5.0], [[-1.0], [1.0]])


def test_the_quadratic_model_is_the_taylor_polynomial():
    # f = exp(x1) + x1 x2^2 at (0, 1): f = 1, g = (1 + 1, 0), H = [[1, 2], [2, 0]].
    model = quadratic_model(lambda x: ff.exp(x[0]) + x[0] * x[1] * x[1], [0.0, 1.0])
    assert model.value == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(model.gradient, [2, 0], atol=1e-15)
    np.testing.assert_allclose(model.hessian, [[1, 2], [2, 0]], atol=1e-15)
    assert model([1.0, 2.0]) == pytest.approx(1 + 2 + (1 + 4) / 2, abs=1e-14)
    assert model(np.zeros((4, 3, 2))).shape == (4, 3)
    with pytest.raises(DataError, match=r"^QuadraticModel.minimum: the smallest eigenvalue of the Hessian at \[0.0, 1"):
        model.minimum()
    bowl = quadratic_model(lambda x: ff.sum(ff.square(x - 2.0)), [5.0, -1.0])
    np.testing.assert_allclose(bowl.minimum(), [2, 2], atol=1e-14)
    np.testing.assert_allclose(bowl.eigenvalues, [2, 2])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: is_convex(ff.sum, [[1.0]]),
            ShapeError,
            "is_convex: samples have shape (1, 1). Expected at least 2 poi",
        ),
        (
            lambda: is_convex(ff.sum, [[1.0], [2.0]], pairs=0),
            ValueError,
            "is_convex(pairs=0): pairs must be an int >= 1",
        ),
        (
            lambda: is_convex(ff.square, [[1.0], [2.0]]),
            ShapeError,
            "is_convex: the function returned shape (1,). It must return a scalar: take sum().",
        ),
        (
            lambda: is_convex(lambda x: ff.sum(ff.log(x)), [[-1.0], [2.0]]),
            DataError,
            "is_convex: the function is NaN at [-1.0]. Expected a number. Give points in its domain, or return",
        ),
        (
            lambda: is_convex_by_hessian(lambda x: ff.sum(ff.sqrt(x)), [[0.0]]),
            DataError,
            "is_convex_by_hessian: the Hessian at [0.0] is not finite. Expected two derivatives there.",
        ),
        (
            lambda: subgradient(lambda x: ff.sqrt(ff.sum(ff.square(x))))([0.0]),
            DataError,
            "subgradient: the function's gradient at [0.0] is not finite: 0.0, [nan].",
        ),
        (
            lambda: is_subgradient(ff.sum, [1.0], [1.0], [1.0]),
            ShapeError,
            "is_subgradient: x, g, samples have shapes (1,)",
        ),
        (lambda: norm([1.0], 3), ValueError, "norm(order=3): order must be 1, 2 or infinity. Got 3."),
        (lambda: quadratic_model(ff.sum, [np.inf]), DataError, "quadratic_model: x is not finite in row 0."),
    ],
)
def test_what_cannot_be_asked_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
