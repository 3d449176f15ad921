"""Oracle (b): P and D of the weights and dual variables found, written out in float64; and weak duality, an identity.

No data, however strange, may keep a solver from ending, or make it claim a gap that is not there.
"""

import warnings

import numpy as np
import pytest
from scipy import sparse

from feedforward.linear import (
    SAGA,
    SGD,
    SVRG,
    DualCoordinateDescent,
    DualThenInterior,
    InteriorPoint,
    LinearSVC,
    MiniBatch,
    Newton,
    Problem,
    SubgradientDescent,
    losses,
    rows_of,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 4))
Y = np.where(X[:, 0] + 0.5 * RANDOM.normal(size=40) > 0, 1.0, -1.0)
DATA = {
    "a single row": (X[:1], Y[:1]),
    "a single class": (X, np.ones(40)),
    "constant columns": (np.ones((40, 4)), Y),
    "columns of zeros": (np.zeros((40, 4)), Y),
    "columns of all scales": (X * [1e-8, 1e-3, 1e3, 1e8], Y),
    "the same two rows again and again": (np.repeat(X[:2], 20, axis=0), Y),
    "classes far apart": (X + 5.0 * Y[:, None], Y),
    "numbers near 0": (X * 1e-200, Y),
    "many more columns than rows": (sparse.random(40, 60, 1e-1, "csr", rng=RANDOM), Y),
}
SOLVERS = [Newton(), InteriorPoint(), DualCoordinateDescent(), SubgradientDescent(), SGD(), MiniBatch(), SVRG(), SAGA()]
CONVEX = {
    losses.Hinge(): lambda m: np.maximum(0, 1 - m),
    losses.SquaredHinge(): lambda m: np.maximum(0, 1 - m) ** 2,
    losses.Logistic(): lambda m: np.logaddexp(0, -m),
    losses.Perceptron(): lambda m: np.maximum(0, -m),
}
DUALS = {
    losses.Hinge(): lambda a, c: a,
    losses.SquaredHinge(): lambda a, c: a - a**2 / (4 * c),
    losses.Logistic(): lambda a, c: -(_entropy(a, c) + _entropy(c - a, c)),
    losses.Perceptron(): lambda a, c: 0 * a,
}


def _entropy(a, c):
    return a * np.log(np.where(a > 0, a, c) / c)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("cost", [1e-8, 1.0, 1e8])
def test_every_solver_ends_with_the_primal_and_dual_that_it_says(name, cost):
    x, y = DATA[name]
    whole = sparse.csr_array(x) if sparse.issparse(x) else x
    for loss, formula in CONVEX.items():
        of = Problem(rows_of(x, "x"), y, np.full(len(y), cost), loss, 1.0)
        least, most = np.inf, -np.inf
        for solver in SOLVERS:
            try:
                result = solver.solve(of, 1e-6, 20)
            except ValueError as error:
                assert "Expected" in str(error) or "expected" in str(error)  # a loss that it does not take
                continue
            u = np.append(result.w, result.intercept)
            primal = u @ u / 2 + cost * formula(y * (whole @ result.w + result.intercept)).sum()
            assert result.primal == pytest.approx(primal, rel=1e-7)  # scores are differences of products of 1e8
            assert result.reason and result.dual <= result.primal * (1 + 1e-7)
            a = y * result.beta
            assert (a >= 0).all()
            back = np.append(whole.T @ result.beta, result.beta.sum())
            dual = DUALS[loss](a, cost).sum() - back @ back / 2
            size = np.abs(DUALS[loss](a, cost)).sum() + back @ back
            assert result.dual == pytest.approx(dual, rel=1e-7, abs=1e-6 * size)
            least, most = min(least, result.primal), max(most, result.dual)
        assert most <= least * (1 + 1e-7)


def test_a_singular_system_ends_an_interior_point_in_words():
    of = Problem(rows_of(np.ones((40, 4)), "x"), Y, np.full(40, 1e8), losses.Perceptron(), 1.0)
    result = InteriorPoint().solve(of, 1e-6, 100)
    assert result.is_done or "float64 has no digits for a better step" in result.reason


@pytest.mark.parametrize("solver", [InteriorPoint(), DualThenInterior()])
def test_an_interior_point_whose_products_round_to_0_ends_in_words(solver):
    of = Problem(rows_of(np.zeros((1, 2)), "x"), np.ones(1), np.full(1, 1e6), losses.ModifiedHuber(), 1.0)
    result = solver.solve(of, 0.0, 300)
    # By hand: b^2 / 2 + C (1 - b)^2 is smallest at b = 2 C / (1 + 2 C), where it is C / (1 + 2 C).
    assert result.primal == pytest.approx(1e6 / (1 + 2e6), rel=1e-12)
    assert result.is_done or "float64 has no digits for a better step" in result.reason


@pytest.mark.parametrize("solver", [Newton(), DualCoordinateDescent()])
def test_a_logistic_dual_far_below_its_cost_is_not_above_the_primal(solver):
    of = Problem(rows_of([[1.4e8]], "x"), np.ones(1), np.full(1, 10.0), losses.Logistic(), 1.0)
    result = solver.solve(of, 1e-9, 1000)
    assert 0 < result.dual <= result.primal * (1 + 1e-12) < 1e-10


def test_an_interior_point_refuses_a_system_that_is_too_large():
    of = Problem(rows_of(sparse.csr_array((2, 20_000)), "x"), np.array([1.0, -1.0]), np.ones(2), losses.Hinge(), 1.0)
    with pytest.raises(ValueError, match="InteriorPoint: 20001 columns with that of the intercept, expected at most"):
        InteriorPoint().solve(of, 1e-6, 100)


def test_weights_of_0_that_lose_nothing_are_the_minimum():
    of = Problem(rows_of(X, "x"), Y, np.ones(40), losses.Perceptron(), 1.0)
    result = InteriorPoint().solve(of, 1e-6, 100)
    assert result.is_done and result.primal == result.dual == 0.0 and not result.w.any()


def test_newton_ends_where_its_systems_are_too_ill_conditioned():
    x = sparse.random(40, 500, 1e-2, "csr", rng=np.random.default_rng(1))
    result = Newton().solve(Problem(rows_of(x, "x"), Y, np.full(40, 1e9), losses.SquaredHinge(), 1.0), 1e-12, 1000)
    assert result.is_done or "digits" in result.reason or "it no less" in result.reason
    assert result.passes < 200


def test_numbers_that_overflow_are_refused_before_a_solver_starts():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"LinearSVC.fit: x has 1e\+200 at row 0, column 0"):
            LinearSVC().fit([[1e200], [-1e200]], [0, 1])


def test_a_result_shows_what_was_reached_in_a_line():
    model = LinearSVC().fit(X, Y)
    shown = repr(model.result_)
    assert shown.startswith("Result(primal=") and "reason='relative gap" in shown and len(shown) < 200
    of = Problem(rows_of(X, "x"), Y, np.ones(40), losses.Hinge(), 1.0)
    assert repr(of) == "Problem(rows=Rows(shape=(40, 4)), loss=Hinge(), scale=1.0)"
