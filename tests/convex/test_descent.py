"""Oracle: minima worked by hand and by NumPy's solver, KKT conditions, the rates that the cited theorems promise."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.convex import (
    L1,
    Backtracking,
    Constant,
    InverseRoot,
    InverseTime,
    is_subgradient,
    lasso_gap,
    norm,
    project_box,
    project_simplex,
    projected_gradient,
    proximal_gradient,
    subgradient_method,
)
from feedforward.errors import DataError

RANDOM = np.random.default_rng(11)
A, B = RANDOM.standard_normal((30, 8)), RANDOM.standard_normal(30)
LARGEST = np.linalg.norm(A, 2) ** 2
BEST = np.linalg.lstsq(A, B, rcond=None)[0]


def squares(x):
    return ff.sum(ff.square(ff.Tensor(A) @ ff.reshape(x, (-1, 1)) - B.reshape(-1, 1))) / 2.0


def least(x):
    return np.sum((A @ x - B) ** 2) / 2


@pytest.mark.parametrize("step", [Constant(1 / LARGEST), Backtracking(), Backtracking(0.1, 0.8)], ids=repr)
@pytest.mark.parametrize("is_accelerated", [False, True])
def test_least_squares_come_to_the_solution_of_the_normal_equations(step, is_accelerated):
    found = proximal_gradient(squares, np.zeros(8), step=step, is_accelerated=is_accelerated, tolerance=1e-9)
    assert found.is_converged and found.iterations == len(found.values) - 1
    # The mapping bounds the gradient, that the error by the smallest eigenvalue of A' A, which is above 1.
    np.testing.assert_allclose(found.x, BEST, atol=2e-9)
    assert found.value == pytest.approx(least(BEST), rel=1e-12)
    assert found.reason.endswith(f"<= 1e-09 max(1, |x|) after {found.iterations} steps")


def test_values_are_below_the_bounds_of_beck_and_teboulle():
    plain = proximal_gradient(squares, np.ones(8), step=Constant(1 / LARGEST), is_accelerated=False, max_iterations=40)
    fast = proximal_gradient(
        squares, np.ones(8), step=Constant(1 / LARGEST), use_restart=False, max_iterations=40, tolerance=0.0
    )
    distance = np.sum((BEST - 1) ** 2)
    for k in range(1, 41):
        assert plain.values[k] - least(BEST) <= LARGEST * distance / (2 * k)
        assert fast.values[k] - least(BEST) <= 2 * LARGEST * distance / (k + 1) ** 2 + 1e-12
    assert list(plain.values) == sorted(plain.values, reverse=True)  # it never rises
    assert fast.values[6] < plain.values[6]  # later it swings around the minimum, which curvature makes the other find


def test_the_lasso_fulfils_its_optimality_condition_and_stops_at_its_gap():
    gap = lasso_gap(A, B, 3.0)
    found = proximal_gradient(squares, np.zeros(8), L1(3.0), tolerance=1e-10, gap=gap)
    assert found.is_converged and found.measure == gap(found.x) <= 1e-10
    assert re.match(r"^gap \S+ <= 1e-10 after \d+ steps$", found.reason)
    slope = A.T @ (A @ found.x - B)
    is_zero = found.x == 0
    assert 0 < is_zero.sum() < 8
    # 0 is in A'(A x - b) + 3 sign(x); a gap of 1e-10 leaves a slope of sqrt(2 L gap) < 1e-4.
    np.testing.assert_allclose(slope[~is_zero], -3 * np.sign(found.x[~is_zero]), atol=1e-4)
    assert (np.abs(slope[is_zero]) <= 3 + 1e-4).all()
    assert found.value == pytest.approx(least(found.x) + 3 * np.abs(found.x).sum(), rel=1e-14)


@pytest.mark.parametrize("is_accelerated", [False, True])
def test_a_projected_gradient_stops_where_the_gradient_points_out_of_the_set(is_accelerated):
    found = projected_gradient(squares, np.zeros(8), project_simplex, is_accelerated=is_accelerated, tolerance=1e-9)
    assert found.is_converged
    slope = A.T @ (A @ found.x - B)
    # On a simplex all gradients of elements above 0 are one number, and the others are no smaller.
    inside = found.x > 0
    assert 0 < inside.sum() < 8 and found.x.sum() == pytest.approx(1, abs=1e-14)
    assert np.ptp(slope[inside]) <= 1e-6 and slope[~inside].min() >= slope[inside].max() - 1e-6


def test_a_constraint_of_a_variable_serves_as_a_set():
    # (x - 3)^2 + (y + 5)^2 in a box: the nearest point.
    found = projected_gradient(lambda x: ff.sum(ff.square(x - [3.0, -5.0])), [0.0, 0.0], ff.constraints.Box(-1.0, 2.0))
    assert found.x.tolist() == [2.0, -1.0]


def test_subgradient_steps_come_to_a_kink_within_their_bound():
    # f = |x - 2| + |x + 1|, smallest, 3, from -1 to 2. After k steps a / sqrt(j): (R^2 + G^2 sum a_j^2) / (2 sum a_j).
    def function(x):
        return norm(x - 2.0, 1) + norm(x + 1.0, 1)

    found = subgradient_method(function, [9.0], step=InverseRoot(2.0), lower_bound=3.0, tolerance=1e-3)
    assert found.is_converged and found.measure <= 1e-3
    far = subgradient_method(function, [9.0], step=InverseRoot(0.3), max_iterations=30)
    lengths = np.array([InverseRoot(0.3).at(k) for k in range(1, 32)])
    assert min(far.values) - 3 <= (49 + 4 * np.sum(lengths**2)) / (2 * lengths.sum())
    assert not far.is_converged and np.isnan(far.measure)
    assert far.reason == "stopped after 30 steps; without a lower bound nothing says how near the minimum is"
    assert far.value == min(far.values)


def test_a_subgradient_of_0_ends_it():
    found = subgradient_method(lambda x: norm(x - 2.0), [2.0, 2.0])
    assert found.is_converged and found.reason == "the subgradient is 0 after 0 steps: a minimum"


def test_steps_of_1_over_k_solve_a_small_svm_as_pegasos_does():
    x, y = np.array([[2.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [0.0, -3.0]]), np.array([1.0, 1.0, -1.0, -1.0])

    def objective(w):
        margins = y.reshape(-1, 1) * (ff.Tensor(x) @ ff.reshape(w, (-1, 1)))
        return ff.sum(ff.square(w)) / 20.0 + ff.mean(ff.maximum(0.0, 1.0 - margins))

    found = subgradient_method(objective, [0.0, 0.0], step=InverseTime(10.0), max_iterations=400)
    near = found.x + 0.3 * RANDOM.standard_normal((60, 2))
    assert is_subgradient(objective, found.x, [0.0, 0.0], near, tolerance=5e-3)  # near a minimum by 1/400 and a factor


def test_projected_subgradients_stay_in_the_set():
    found = subgradient_method(
        lambda x: norm(x - 5.0, 1), [0.0, 9.0], lambda x: project_box(x, -1.0, 2.0), max_iterations=30
    )
    assert found.x.tolist() == [2.0, 2.0] and found.value == 6.0


def test_running_out_of_steps_says_what_was_wanted():
    found = proximal_gradient(squares, np.zeros(8), step=Constant(1e-6), max_iterations=3)
    assert not found.is_converged and found.iterations == 3
    wanted = r"^stopped after 3 steps at gradient mapping \S+, wanted 1e-06 max\(1, \|x\|\): raise max_iterations, sc"
    assert re.match(wanted, found.reason)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: proximal_gradient(lambda x: norm(x, 1), [1e-9], step=Backtracking(first=1.0)),
            ValueError,
            "proximal_gradient: no step from ",
        ),
        (
            lambda: proximal_gradient(lambda x: ff.sum(ff.exp(x)), [1e4]),
            DataError,
            "proximal_gradient: the function's value at [10000.0] is not finite: inf",
        ),
        (
            lambda: proximal_gradient(ff.sum, [1.0], step=0.1),
            TypeError,
            "proximal_gradient(term=None, step=0.1): expec",
        ),
        (
            lambda: proximal_gradient(ff.sum, [1.0], tolerance=-1),
            ValueError,
            "proximal_gradient(tolerance=-1): toleranc",
        ),
        (lambda: proximal_gradient(ff.sum, []), DataError, "proximal_gradient: x has shape (0,), no element."),
        (
            lambda: subgradient_method(ff.sum, [1.0], step=Backtracking()),
            TypeError,
            "subgradient_method(step=Backtracki",
        ),
        (
            lambda: proximal_gradient(3, [1.0]),
            TypeError,
            "proximal_gradient(function=3): expected a function of a tensor.",
        ),
        (
            lambda: projected_gradient(ff.sum, [1.0], None),
            TypeError,
            "Indicator(project=None): expected a function of a",
        ),
        (
            lambda: proximal_gradient(ff.sum, [1.0], gap=lambda x: np.nan),
            DataError,
            "proximal_gradient: the gap at [0.0] is NaN. Expected a number >= 0.",
        ),
        (
            lambda: subgradient_method(norm, [1.0], lower_bound=5.0),
            DataError,
            "subgradient_method: f is 1 at [1.0], below lower_bound=5.0. Expected a number that f is nowhere below.",
        ),
        (lambda: Constant(0), ValueError, "Constant(length=0): length must be a number > 0. Got 0."),
        (
            lambda: Backtracking(factor=1),
            ValueError,
            "Backtracking(factor=1): factor must be a number above 0 up to, bu",
        ),
        (lambda: InverseTime(-1), ValueError, "InverseTime(first=-1): first must be a number > 0. Got -1."),
        (lambda: InverseRoot(0), ValueError, "InverseRoot(first=0): first must be a number > 0. Got 0."),
    ],
)
def test_what_cannot_be_minimised_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
