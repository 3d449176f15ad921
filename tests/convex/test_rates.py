"""Oracle: minima by hand and by CVXPY, and functions of the literature that are as bad as a bound allows."""

import dataclasses
import re

import matplotlib
import numpy as np
import pytest

import feedforward as ff
from feedforward.convex import (
    L1,
    AcceleratedRate,
    Backtracking,
    Constant,
    ContractionRate,
    CurvedSubgradientRate,
    GradientRate,
    InverseRoot,
    InverseTime,
    LinearRate,
    Polyak,
    PolyakRate,
    Rate,
    RateCheck,
    SmoothGradientRate,
    SubgradientRate,
    check_rate,
    lasso_gap,
    linear_program,
    norm,
    plot_rates,
    project_ball,
    projected_gradient,
    proximal_gradient,
    quadratic_program,
    rates_table,
    subgradient_method,
)
from feedforward.errors import DataError

matplotlib.use("Agg")

RANDOM = np.random.default_rng(3)
A, B = RANDOM.standard_normal((40, 6)), RANDOM.standard_normal(40)
SIGNS = np.where(A[:, 0] + 0.5 * B > 0, 1.0, -1.0)


def product(matrix, x):
    return ff.reshape(ff.Tensor(matrix) @ ff.reshape(x, (-1, 1)), (-1,))


def squares(x):
    return ff.sum(ff.square(product(A, x) - B)) / 2.0


def bends_like_the_worst_of_huber(k, smoothness, distance):
    """Return L x^2 / 2 up to R / (2 k + 1), and the lines that go on from there."""
    knee = distance / (2 * k + 1)
    return lambda x: ff.sum(
        ff.where(ff.abs(x) < knee, smoothness * ff.square(x) / 2.0, smoothness * knee * (ff.abs(x) - knee / 2.0))
    )


def resists(n):
    """Return max_i x_i, made unique by 1e-12 i: each subgradient is a number that no earlier one has moved."""
    ramp = 1e-12 * np.arange(n)
    return lambda x: ff.max(x - ramp)


# Rules for subgradients.


@pytest.mark.parametrize("step", [Constant(0.05), InverseRoot(1.5), InverseTime(2.0), InverseTime(2.0, 3.0)], ids=repr)
def test_an_absolute_value_keeps_the_bound_of_each_rule_of_steps(step):
    found = subgradient_method(lambda x: norm(x - 2.0, 1), [-1.3], step=step, tolerance=0.0, max_iterations=300)
    check = check_rate(SubgradientRate(step, lipschitz=1.0, distance=3.3), found, 0.0)
    assert check.is_kept and check.point == "best" and len(check.measured) == found.iterations


@pytest.mark.parametrize("step", [Constant(0.002), InverseRoot(0.02), Polyak()], ids=repr)
def test_a_regression_in_absolute_values_keeps_its_bound_above_the_minimum_that_cvxpy_finds(step):
    pytest.importorskip("cvxpy", reason="CVXPY is not installed")
    # minimise sum s with -s <= A x - b <= s; a subgradient A' sign(.) is at most |A| sqrt(40) long.
    sides = np.block([[A, -np.eye(40)], [-A, -np.eye(40)]])
    solved = linear_program(np.concatenate([np.zeros(6), np.ones(40)]), (sides, np.concatenate([B, -B])))
    steepest, far = np.linalg.norm(A, 2) * np.sqrt(40), np.linalg.norm(solved.x[:6] - 1)
    lowest = solved.value - 1e-7  # what the solver's own gap, 1e-8 of numbers of some 10, leaves
    found = subgradient_method(
        lambda x: norm(product(A, x) - B, 1),
        np.ones(6),
        step=step,
        tolerance=0.0,
        max_iterations=400,
        lower_bound=lowest,
    )
    is_polyak = isinstance(step, Polyak)
    rate = PolyakRate(steepest, far) if is_polyak else SubgradientRate(step, steepest, far)
    check = check_rate(rate, found, lowest)
    assert check.is_kept and check.tightness > 0.01
    assert check.measured[-1] < 0.1 * (found.values[0] - lowest)


@pytest.mark.parametrize("average", ["uniform", "linear"])
def test_a_support_vector_machine_keeps_the_bounds_of_its_best_point_and_of_its_average(average):
    pytest.importorskip("cvxpy", reason="CVXPY is not installed")
    m, rows = 0.1, SIGNS[:, np.newaxis] * A
    # m/2 |w|^2 + mean max(0, 1 - y w x): as a quadratic program, with slacks s >= 0 and s >= 1 - y w x.
    solved = quadratic_program(
        np.diag([m] * 6 + [0.0] * 40),
        np.concatenate([np.zeros(6), np.full(40, 1 / 40)]),
        (
            np.block([[np.zeros((40, 6)), -np.eye(40)], [-rows, -np.eye(40)]]),
            np.concatenate([np.zeros(40), -np.ones(40)]),
        ),
    )
    radius = 1 / np.sqrt(m)  # m/2 |w*|^2 <= f(w*) and the duality of Pegasos, section 2: w* is in this ball
    assert np.linalg.norm(solved.x[:6]) < radius
    rate = CurvedSubgradientRate(average, lipschitz=m * radius + np.linalg.norm(A, axis=1).mean(), curvature=m)
    found = subgradient_method(
        lambda w: m / 2 * ff.sum(ff.square(w)) + ff.mean(ff.maximum(0.0, 1.0 - product(rows, w))),
        np.full(6, 1.0),
        lambda w: project_ball(w, radius),
        step=rate.step,
        max_iterations=300,
        average=average,
    )
    lowest = solved.value - 1e-7
    single, mean = check_rate(rate, found, lowest), check_rate(rate, found, lowest, use_average=True)
    assert single.is_kept and mean.is_kept and mean.point == f"{average} average"
    assert single.measured[-1] < 0.02 > mean.measured[-1]


def test_averages_are_those_of_the_points_so_far():
    # |x| from 1 by steps of 1/2: 1, 1/2, 0, where the subgradient is 0. Uniform: 1, 3/4, 1/2; linear: 1, 2/3, 1/3.
    for average, wanted in (("uniform", [1, 3 / 4, 1 / 2]), ("linear", [1, 2 / 3, 1 / 3])):
        found = subgradient_method(lambda x: norm(x, 1), [1.0], step=Constant(0.5), average=average)
        assert found.values == (1.0, 0.5, 0.0) and found.average == average
        np.testing.assert_allclose(found.averages, wanted, rtol=1e-15)
    assert subgradient_method(lambda x: norm(x, 1), [1.0], step=Constant(0.5)).averages == ()


def test_a_constant_step_holds_of_the_uniform_average_too():
    step = Constant(0.1)
    found = subgradient_method(lambda x: norm(x - 2.0, 1), [0.05], step=step, max_iterations=50, average="uniform")
    check = check_rate(SubgradientRate(step, 1.0, 1.95), found, 0.0, use_average=True)
    assert check.is_kept and check.tightness > 0.9  # points that fall by 1/10 a step: what the average is made of


def test_polyaks_steps_reach_a_kink_at_once_and_know_where_it_is():
    # |x - 2| from 7: (5 - 0) / 1^2 is the way.
    found = subgradient_method(lambda x: norm(x - 2.0, 1), [7.0], step=Polyak(), lower_bound=0.0)
    assert found.x.tolist() == [2.0] and found.iterations == 1


# No function can be worse, and these are as bad.


def test_a_constant_step_and_polyaks_attain_their_bound_where_each_subgradient_is_new():
    # max_i x_i in the unit ball: smallest, -1/sqrt(n), where all are that; a number not yet moved is 0.
    n = 64
    lowest, ball = -1 / np.sqrt(n) - 1e-12 * n, lambda x: project_ball(x, 1.0)
    constant = SubgradientRate(Constant(1 / np.sqrt(n)), lipschitz=1.0, distance=1.0)
    found = subgradient_method(resists(n), np.zeros(n), ball, step=constant.step, max_iterations=n - 1)
    check = check_rate(constant, found, lowest)
    assert check.measured[-1] == pytest.approx(1 / 8, rel=1e-8) and check.proven[-1] == pytest.approx(1 / 8, rel=1e-12)
    polyak = subgradient_method(
        resists(n), np.zeros(n), ball, step=Polyak(), lower_bound=lowest, tolerance=0.0, max_iterations=n - 1
    )
    check = check_rate(PolyakRate(1.0, 1.0 + 1e-9), polyak, lowest)
    assert check.is_kept and check.tightness == pytest.approx(1, rel=1e-6)


def test_a_step_of_1_over_root_k_is_within_a_factor_of_two_there():
    n = 64
    rate = SubgradientRate(InverseRoot(1.0), lipschitz=1.0, distance=1.0)
    found = subgradient_method(
        resists(n), np.zeros(n), lambda x: project_ball(x, 1.0), step=rate.step, max_iterations=n - 1
    )
    check = check_rate(rate, found, -1 / np.sqrt(n) - 1e-12 * n)
    # (1 + H_64) / (2 sum 1/sqrt(i)) = 5.744 / 29.16 = 0.197, and the gap is at least 1/8.
    assert check.is_kept and 0.5 < check.measured[-1] / check.proven[-1] <= 1


@pytest.mark.parametrize(("average", "factor"), [("uniform", 2 * (1 + np.log(32))), ("linear", 8)])
def test_the_bounds_with_curvature_are_within_their_factor_where_each_subgradient_is_new(average, factor):
    # max_i x_i + m/2 |x|^2: smallest, -1 / (2 m n), at x_i = -1 / (m n). |g|^2 = 1 + m^2 |x|^2 <= 2 on the way.
    m, n = 0.5, 32
    rate = CurvedSubgradientRate(average, lipschitz=np.sqrt(2), curvature=m)
    found = subgradient_method(
        lambda x: resists(n)(x) + m / 2 * ff.sum(ff.square(x)), np.zeros(n), step=rate.step, max_iterations=n - 1
    )
    check = check_rate(rate, found, -1 / (2 * m * n) - 1e-12 * n)
    # A number not yet moved is 0, so the gap is at least 1 / (2 m n); bounds are 4 / (m (n + 1)), (1 + log n) / (m n).
    assert check.is_kept and check.measured[-1] / check.proven[-1] > 1 / factor


@pytest.mark.parametrize("k", [1, 7, 40])
def test_a_huber_function_attains_the_bound_of_the_gradient_method(k):
    smoothness, far = 3.0, 2.0
    found = proximal_gradient(
        bends_like_the_worst_of_huber(k, smoothness, far),
        [far],
        step=Constant(1 / smoothness),
        is_accelerated=False,
        tolerance=0.0,
        max_iterations=k,
    )
    sharp = check_rate(SmoothGradientRate(smoothness, far), found, 0.0)
    # Each step is R / (2 k + 1), so x_k = R (k + 1) / (2 k + 1), and f there L R^2 / (4 k + 2).
    assert sharp.measured[-1] == pytest.approx(smoothness * far**2 / (4 * k + 2), rel=1e-12)
    assert sharp.is_kept and sharp.tightness == pytest.approx(1, rel=1e-12)
    assert 1 / 3 <= check_rate(GradientRate(smoothness, far), found, 0.0).tightness <= 1 / 2  # 2 k / (4 k + 2)


def test_acceleration_is_within_a_factor_of_64_thirds_on_nesterovs_function():
    # L/4 (1/2 x' T x - x_1), T = 2 on the diagonal, -1 beside it: x*_i = 1 - i / (n + 1), f* = -L/8 n / (n + 1).
    n, k, smoothness = 41, 20, 1.0
    matrix = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    best = 1 - np.arange(1, n + 1) / (n + 1)
    np.testing.assert_allclose(matrix @ best, np.eye(n)[0], atol=1e-13)

    def function(x):
        return smoothness / 4 * (ff.sum(x * product(matrix, x)) / 2.0 - x[0])

    found = proximal_gradient(
        function, np.zeros(n), step=Constant(1 / smoothness), use_restart=False, tolerance=0.0, max_iterations=k
    )
    check = check_rate(AcceleratedRate(smoothness, np.linalg.norm(best)), found, -smoothness / 8 * n / (n + 1))
    assert check.is_kept and check.measured[-1] / check.proven[-1] > 3 / 64


@pytest.mark.parametrize("k", [1, 5, 20])
def test_a_parabola_is_within_its_factor_of_the_linear_rates(k):
    # m/2 x^2 with steps of 1/L: x is multiplied by 1 - m/L, here 1/2.
    found = proximal_gradient(
        lambda x: ff.sum(ff.square(x)),
        [3.0],
        step=Constant(0.25),
        is_accelerated=False,
        tolerance=0.0,
        max_iterations=k,
    )
    sharp, plain = (check_rate(rate(4.0, 3.0, 2.0), found, 0.0) for rate in (ContractionRate, LinearRate))
    assert sharp.measured[-1] == pytest.approx(9 / 4**k, rel=1e-12)
    np.testing.assert_allclose(sharp.measured / sharp.proven, 1 / 4, rtol=1e-12)
    np.testing.assert_allclose(plain.measured / plain.proven, 0.5 ** (np.arange(k) + 2), rtol=1e-12)
    assert sharp.is_kept and plain.is_kept


# Problems that are not made to be bad.


@pytest.mark.parametrize("step", ["constant", "short", "backtracking"])
def test_a_lasso_keeps_the_bounds_of_its_gradient_methods(step):
    largest = np.linalg.norm(A, 2) ** 2
    rule = {"constant": Constant(1 / largest), "short": Constant(0.3 / largest), "backtracking": Backtracking()}[step]
    smoothness = {"constant": largest, "short": largest / 0.3, "backtracking": largest / 0.5}[step]
    gap = lasso_gap(A, B, 4.0)
    exact = proximal_gradient(squares, np.zeros(6), L1(4.0), tolerance=1e-12, gap=gap)
    assert exact.is_converged and (exact.x == 0).any()
    begin = np.full(6, 5.0)
    far = np.linalg.norm(exact.x - begin)
    for is_accelerated, rates in (
        (False, [GradientRate(smoothness, far), LinearRate(smoothness, far, np.linalg.eigvalsh(A.T @ A)[0])]),
        (True, [AcceleratedRate(smoothness, far)]),
    ):
        found = proximal_gradient(
            squares,
            begin,
            L1(4.0),
            step=rule,
            is_accelerated=is_accelerated,
            use_restart=False if is_accelerated else None,
            tolerance=0.0,
            max_iterations=60,
        )
        for rate in rates:
            check = check_rate(rate, found, exact.value - 1e-12)
            assert check.is_kept and check.tightness > 1e-3 and check.point == "last"


def test_the_lassos_minimum_is_the_one_that_cvxpy_finds():
    pytest.importorskip("cvxpy", reason="CVXPY is not installed")
    # |x|_1 as a sum of t with -t <= x <= t.
    exact = proximal_gradient(squares, np.zeros(6), L1(4.0), tolerance=1e-12, gap=lasso_gap(A, B, 4.0))
    zero = np.zeros((6, 6))
    sides = np.block([[np.eye(6), -np.eye(6)], [-np.eye(6), -np.eye(6)]])
    solved = quadratic_program(
        np.block([[A.T @ A, zero], [zero, zero]]), np.concatenate([-A.T @ B, np.full(6, 4.0)]), (sides, np.zeros(12))
    )
    assert solved.value + B @ B / 2 == pytest.approx(exact.value, abs=1e-6)


def test_least_squares_keep_all_bounds_that_hold_of_them():
    largest, smallest = np.linalg.norm(A, 2) ** 2, np.linalg.eigvalsh(A.T @ A)[0]
    best = np.linalg.lstsq(A, B, rcond=None)[0]
    far = np.linalg.norm(best - 2)
    found = proximal_gradient(
        squares, np.full(6, 2.0), step=Constant(1 / largest), is_accelerated=False, tolerance=0.0, max_iterations=60
    )
    rates = [
        GradientRate(largest, far),
        SmoothGradientRate(largest, far),
        LinearRate(largest, far, smallest),
        ContractionRate(largest, far, smallest),
    ]
    checks = [check_rate(rate, found, np.sum((A @ best - B) ** 2) / 2) for rate in rates]
    assert all(check.is_kept for check in checks)
    assert [check.proven[-1] for check in checks] == sorted((check.proven[-1] for check in checks), reverse=True)


def test_a_projected_gradient_keeps_the_bound_too_and_a_restart_can_be_left_out():
    largest = np.linalg.norm(A, 2) ** 2
    ball = lambda x: project_ball(x, 0.1)  # noqa: E731
    exact = projected_gradient(squares, np.zeros(6), ball, tolerance=1e-12)
    for is_accelerated, kind in ((False, GradientRate), (True, AcceleratedRate)):
        found = projected_gradient(
            squares,
            np.full(6, 3.0),
            ball,
            step=Constant(1 / largest),
            is_accelerated=is_accelerated,
            use_restart=False if is_accelerated else None,
            tolerance=0.0,
            max_iterations=40,
        )
        # The first value is that of a point out of the ball, infinite; no bound is of it.
        found = dataclasses.replace(found, values=(found.values[1], *found.values[1:]))
        assert check_rate(kind(largest, np.linalg.norm(exact.x - 3)), found, exact.value - 1e-9).is_kept


def test_restarts_change_the_path_and_nothing_else_does():
    kept = {"step": Constant(1 / 40.0), "tolerance": 0.0, "max_iterations": 60}
    skewed = np.array([1.0, 40.0])

    def function(x):
        return ff.sum(skewed * ff.square(x)) / 2.0

    free, begun_anew, default = (
        proximal_gradient(function, [1.0, 1.0], use_restart=restart, **kept) for restart in (False, True, None)
    )
    assert default.values == begun_anew.values
    assert max(np.diff(free.values)) > 0  # it swings
    assert begun_anew.values[-1] < free.values[-1]


# What a check says.


def test_a_bound_that_does_not_hold_is_noticed():
    # |x| from 1 by steps of 1/10, but R said to be 1/10: (1/100 + n / 100) / (2 n / 10) = 0.05 (1 + 1/n).
    step = Constant(0.1)
    found = subgradient_method(lambda x: norm(x, 1), [1.0], step=step, max_iterations=5)
    check = check_rate(SubgradientRate(step, 1.0, 0.1), found, 0.0, name="too near")
    assert not check.is_kept and check.tightness == pytest.approx(0.9 / 0.075, rel=1e-12)
    assert str(check) == "too near: gap of the best point 0.5 is not always <= 0.0583 after 5 steps"


def test_rounding_is_no_gap():
    check = RateCheck("r", "last", np.array([1e-16, 2.0]), np.array([1e-17, 4.0]), 1e-15)
    assert check.is_kept and check.tightness == 0.5
    none = RateCheck("r", "last", np.array([1e-16]), np.array([1.0]), 1e-15)
    assert none.tightness == 0.0 and str(none) == "r: gap of the last point rounding <= 1 after 1 steps"


def test_the_table_has_a_line_for_each_rule():
    checks = [
        RateCheck("a", "last", np.array([1.0, 0.5]), np.array([2.0, 1.0]), 0.0),
        RateCheck("longer", "best", np.array([1.0]), np.array([1.0]), 0.0),
    ]
    assert rates_table(checks, [1, 2]).splitlines() == [
        "Rule    Gap of  1 step  2 steps   Share",
        "a       last    1 <= 2  0.5 <= 1  0.50",
        "longer  best    1 <= 1  -         1.00",
    ]


def test_the_picture_has_measured_and_proven_gaps_on_logarithmic_axes():
    check = RateCheck("a", "last", np.array([1.0, 0.5, 0.0]), np.array([2.0, 1.0, 0.5]), 1e-15)
    (axis,) = plot_rates([check]).axes
    measured, proven = axis.lines
    np.testing.assert_array_equal(measured.get_ydata(), [1.0, 0.5, np.nan])  # 0 has no logarithm
    assert proven.get_ydata().tolist() == [2.0, 1.0, 0.5] and proven.get_xdata().tolist() == [1, 2, 3]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert measured.get_color() == proven.get_color() and proven.get_linestyle() == "--"
    left, right = plot_rates({"kinks": [check], "smooth": [check]}, use_log_steps=False).axes
    assert (left.get_title(), right.get_title(), left.get_xscale()) == ("kinks", "smooth", "linear")
    matplotlib.pyplot.close("all")


FOUND = subgradient_method(lambda x: norm(x, 1), [1.0], step=Constant(0.5))
GOOD = RateCheck("a", "last", np.array([1.0]), np.array([2.0]), 0.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: SubgradientRate(Backtracking(), 1.0, 1.0),
            TypeError,
            "SubgradientRate(step=Backtracking(first=1.0, factor=0.5)): expected a Step whose lengths are known.",
        ),
        (
            lambda: PolyakRate(0.0, 1.0),
            ValueError,
            "PolyakRate(lipschitz=0.0): lipschitz must be a number > 0. Got 0.0.",
        ),
        (
            lambda: CurvedSubgradientRate("last", 1.0, 1.0),
            ValueError,
            "CurvedSubgradientRate(average='last'): average must be 'uniform' or 'linear'.",
        ),
        (lambda: GradientRate(1.0, -1.0), ValueError, "GradientRate(distance=-1.0): distance must be a number > 0."),
        (
            lambda: LinearRate(1.0, 1.0, 2.0),
            ValueError,
            "LinearRate(curvature=2.0): curvature must be a number above 0 to 1.",
        ),
        (lambda: GradientRate(1.0, 1.0).bounds(0), ValueError, "GradientRate(steps=0): steps must be an int >= 1."),
        (lambda: Rate().bounds(3), NotImplementedError, "Rate has no bounds(). Define bounds(self, steps)."),
        (
            lambda: InverseTime(1.0, -1.0),
            ValueError,
            "InverseTime(offset=-1.0): offset must be a number >= 0. Got -1.0.",
        ),
        (
            lambda: check_rate(None, FOUND, 0.0),
            TypeError,
            "check_rate(rate=None, found=Descent(",
        ),
        (
            lambda: check_rate(GradientRate(1.0, 1.0), FOUND, np.nan),
            ValueError,
            "check_rate(smallest=nan): smallest must be a number.",
        ),
        (
            lambda: check_rate(GradientRate(1.0, 1.0), FOUND, 0.0, use_average=True),
            ValueError,
            "check_rate(use_average=True): GradientRate is proven of a single point: no average, and the ",
        ),
        (
            lambda: check_rate(SubgradientRate(Constant(1.0), 1.0, 1.0), FOUND, 0.0, use_average=True),
            ValueError,
            "check_rate(use_average=True): SubgradientRate is proven of average='uniform', and the method was run with "
            "average=None.",
        ),
        (
            lambda: check_rate(GradientRate(1.0, 1.0), FOUND, 0.5),
            DataError,
            "check_rate: a value is 0, below smallest=0.5. Expected a number that f is nowhere below.",
        ),
        (
            lambda: check_rate(GradientRate(1.0, 1.0), subgradient_method(lambda x: norm(x, 1), [0.0]), 0.0),
            DataError,
            "check_rate: found has 0 steps. Expected at least 1.",
        ),
        (lambda: rates_table([]), ValueError, "rates_table(checks=[]): there is none. Give at least one."),
        (
            lambda: rates_table([3]),
            TypeError,
            "rates_table(checks=[3]): expected a sequence of RateCheck. Give [check_rate(",
        ),
        (lambda: rates_table([GOOD], [0]), ValueError, "rates_table(steps=0): steps must be an int >= 1. Got 0."),
        (lambda: plot_rates({}), ValueError, "plot_rates(checks={}): there is none. Give at least one."),
        (
            lambda: subgradient_method(norm, [1.0], step=Polyak()),
            ValueError,
            "subgradient_method(step=Polyak()): expected lower_bound, f's smallest value. Give it, or another step.",
        ),
        (
            lambda: subgradient_method(norm, [1.0], average="last"),
            ValueError,
            "subgradient_method(average='last'): average must be 'uniform' or 'linear'.",
        ),
        (
            lambda: proximal_gradient(norm, [1.0], is_accelerated=False, use_restart=False),
            ValueError,
            "proximal_gradient(use_restart=False, is_accelerated=False): nothing runs ahead that could begin anew. "
            "Expected acceleration. Set is_accelerated=True, or leave use_restart out.",
        ),
        (
            lambda: projected_gradient(norm, [1.0], lambda x: x, use_restart=True),
            ValueError,
            "proximal_gradient(use_restart=True, is_accelerated=False): nothing runs ahead",
        ),
        (
            lambda: proximal_gradient(norm, [1.0], use_restart=1),
            ValueError,
            "proximal_gradient(use_restart=1): use_restart must be True or False.",
        ),
    ],
)
def test_a_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
