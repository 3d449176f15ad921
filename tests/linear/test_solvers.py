"""Oracles: LIBLINEAR's objective, CVXPY's where it is installed, a hand calculation; and weak duality, an identity."""

import math
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC, LinearSVR

from feedforward.linear import (
    SAGA,
    SGD,
    SVRG,
    DualCoordinateDescent,
    DualThenInterior,
    Hogwild,
    InteriorPoint,
    MiniBatch,
    Newton,
    Problem,
    QuadraticProgram,
    SubgradientDescent,
    losses,
    rows_of,
)
from feedforward.linear.loops import kernels
from feedforward.linear.solvers import dual
from feedforward.linear.solvers.solver import rates
from linear_problems import problem

SMOOTH = [
    losses.SquaredHinge(),
    losses.Logistic(),
    losses.ModifiedHuber(),
    losses.Exponential(),
    losses.Squared(),
    losses.SquaredEpsilonInsensitive(0.2),
]
KINKED = [losses.Hinge(), losses.EpsilonInsensitive(0.2), losses.EpsilonInsensitive(0.0)]
BOXED = [loss for loss in [*SMOOTH, *KINKED] if not isinstance(loss, losses.Logistic | losses.Exponential)]
FORMS = [("dense", np.float64), ("dense", np.float32), ("csr", np.float64), ("csr", np.float32)]


def exact(loss):
    return InteriorPoint() if loss in KINKED else Newton()


def liblinear(of, cost):
    """The objective at LIBLINEAR's weights."""
    x, y, loss = of.rows.dense().astype(np.float64), of.y, of.loss
    weight = of.cost / cost
    if isinstance(loss, losses.Logistic):
        model = LogisticRegression(C=cost, solver="liblinear", tol=1e-10, max_iter=10000)
    elif isinstance(loss, losses.Hinge | losses.SquaredHinge):
        kind = "hinge" if isinstance(loss, losses.Hinge) else "squared_hinge"
        model = LinearSVC(C=cost, loss=kind, dual=kind == "hinge", tol=1e-10, max_iter=1000000)
    else:
        kind = "squared_epsilon_insensitive" if math.isfinite(loss.smoothness) else "epsilon_insensitive"
        model = LinearSVR(C=cost, loss=kind, epsilon=loss.epsilon, dual=True, tol=1e-10, max_iter=1000000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge to 1e-10
        model.fit(x, y, weight)
    return of.primal(np.append(model.coef_.ravel(), model.intercept_))


@pytest.mark.parametrize(
    "loss",
    [
        losses.Hinge(),
        losses.SquaredHinge(),
        losses.Logistic(),
        losses.EpsilonInsensitive(0.2),
        losses.SquaredEpsilonInsensitive(0.2),
    ],
)
@pytest.mark.parametrize("cost", [0.05, 2.0])
def test_the_objective_is_that_of_liblinear(loss, cost):
    of = problem(loss, cost)
    result = exact(loss).solve(of, 1e-9, 100)
    assert result.is_done
    assert result.primal == pytest.approx(liblinear(of, cost), rel=1e-6)
    assert result.primal <= liblinear(of, cost) * (1 + 1e-9)


@pytest.mark.parametrize("loss", [*SMOOTH[:2], *SMOOTH[4:], *KINKED])
def test_the_objective_is_that_of_cvxpy(loss):
    pytest.importorskip("cvxpy")
    of = problem(loss)
    assert exact(loss).solve(of, 1e-9, 100).primal == pytest.approx(
        QuadraticProgram().solve(of, 1e-9, 100).primal, rel=1e-6
    )


@pytest.mark.parametrize(("form", "dtype"), FORMS)
@pytest.mark.parametrize("loss", [losses.Hinge(), losses.Logistic()])
def test_dense_and_sparse_rows_of_either_dtype_have_the_same_minimum(form, dtype, loss):
    expected = exact(loss).solve(problem(loss), 1e-9, 100)
    found = exact(loss).solve(problem(loss, form=form, dtype=dtype), 1e-9, 100)
    assert found.primal == pytest.approx(expected.primal, rel=1e-6)  # float32 data are other data, by 6e-8
    assert found.w == pytest.approx(expected.w, abs=1e-3)  # a gap of 1e-9 P leaves sqrt(2e-9 P) of w


@pytest.mark.parametrize("loss", [*BOXED, losses.Logistic()], ids=str)
@pytest.mark.parametrize("use_shrinking", [False, True])
def test_dual_coordinate_descent_reaches_the_minimum(loss, use_shrinking):
    of = problem(loss, 0.2, "csr")
    result = DualCoordinateDescent(use_shrinking).solve(of, 1e-4, 500)
    assert result.is_done, result.reason
    assert result.primal == pytest.approx(exact(loss).solve(of, 1e-9, 100).primal, rel=1.1e-4)
    assert of.dual(result.beta) == pytest.approx(result.dual, rel=1e-12)


@pytest.mark.parametrize(("form", "dtype"), FORMS)
@pytest.mark.parametrize("cost", [0.05, 2.0])
def test_the_logistic_dual_has_the_minimum_of_that_of_liblinear(form, dtype, cost):
    of = problem(losses.Logistic(), cost, form, dtype)
    result = DualCoordinateDescent().solve(of, 1e-8, 2000)
    assert result.is_done, result.reason
    model = LogisticRegression(C=cost, solver="liblinear", dual=True, tol=1e-8, max_iter=100000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge to 1e-8
        model.fit(of.rows.dense().astype(np.float64), of.y, of.cost / cost)
    assert result.primal == pytest.approx(of.primal(np.append(model.coef_.ravel(), model.intercept_)), rel=1e-6)
    assert of.dual(result.beta) == pytest.approx(result.dual, rel=1e-12)
    assert (np.abs(result.beta) <= of.cost).all() and (of.y * result.beta >= 0).all()


@pytest.mark.parametrize("cost", [1e-12, 1e-3, 1.0, 1e3, 1e12])
def test_the_logistic_dual_of_one_row_takes_a_few_passes_whatever_its_cost(cost):
    # x = 1, y = 1: w = a = c / (1 + exp(w)), by halving an interval.
    low, high = 0.0, cost
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle < cost * math.exp(-middle) / (1.0 + math.exp(-middle)) else (low, middle)
    of = Problem(rows_of([[1.0]], "test"), np.ones(1), np.full(1, cost), losses.Logistic(), 0.0)
    result = DualCoordinateDescent().solve(of, 1e-9, 8)
    assert result.is_done, result.reason
    assert result.w == pytest.approx([low], rel=1e-4)  # a gap of 1e-9 P


def test_passes_of_dual_coordinate_descent_are_those_made(monkeypatch):
    steps = []

    def counted(*arguments):
        steps[-1] += len(arguments[6])  # the order
        return kernels.dual_pass(*arguments)

    monkeypatch.setattr(dual, "dual_pass", counted)
    for seed in range(10):
        x = np.random.default_rng(seed).normal(size=(5, 3))
        steps.append(0)
        of = Problem(rows_of(x, "x"), np.sign(x[:, 0]), np.ones(5), losses.Hinge(), 1.0)
        result = DualCoordinateDescent(use_shrinking=False).solve(of, 1e-13, 100)
        assert result.passes == steps[-1] / 5


@pytest.mark.parametrize("loss", KINKED, ids=str)
@pytest.mark.parametrize("cost", [0.05, 100.0])
def test_two_solvers_in_turn_reach_the_minimum(loss, cost):
    of = problem(loss, cost, "csr")
    result = DualThenInterior().solve(of, 1e-9, 1000)
    assert result.is_done, result.reason
    assert result.primal == pytest.approx(InteriorPoint().solve(of, 1e-9, 100).primal, rel=2e-9)
    assert of.primal(np.append(result.w, result.intercept / of.scale)) == pytest.approx(result.primal, rel=1e-12)
    assert of.dual(result.beta) == pytest.approx(result.dual, rel=1e-12)


def test_a_loose_gap_is_left_to_the_first_of_two_solvers():
    of = problem(losses.Hinge(), 0.2)
    both, first = DualThenInterior().solve(of, 1e-2, 1000), DualCoordinateDescent().solve(of, 1e-2, 1000)
    assert both.is_done and (both.w == first.w).all() and both.passes == first.passes


def test_the_second_of_two_solvers_goes_on_from_what_the_first_had_found():
    of = problem(losses.Hinge(), 100.0)
    first = DualCoordinateDescent().solve(of, 0.0, 3)
    result = InteriorPoint().after(first, of, 1e-9, 100)
    gaps, seconds, passes = zip(*((step.gap, step.seconds, step.passes) for step in result.history), strict=True)
    assert result.history[: len(first.history)] == first.history
    assert list(gaps) == sorted(gaps, reverse=True) and list(seconds) == sorted(seconds)
    assert list(passes) == sorted(passes) and passes[len(first.history)] == 3
    assert f"after {passes[-1]} passes" in result.reason
    assert InteriorPoint().after(first, of, 1e-9, 4).passes == 4


def test_two_solvers_share_the_passes():
    of = problem(losses.Hinge(), 100.0)
    result = DualThenInterior().solve(of, 0.0, 7)
    assert result.passes == 7 and not result.is_done and "stopped after 7 passes" in result.reason


@pytest.mark.parametrize("solver", [DualCoordinateDescent(), DualThenInterior(), Newton()], ids=str)
def test_a_gap_is_true_of_the_weights_that_are_returned(solver):
    """Where single looks at averages and at last weights alternate, too: P(w) and D(beta) in NumPy, by weak duality."""
    loss = losses.SquaredHinge() if isinstance(solver, Newton) else losses.Hinge()
    of = problem(loss, 3.0, "csr")
    for tol in (0.3, 0.03, 0.003):
        result = solver.solve(of, tol, 1000)
        x, u = of.rows.dense(), np.append(result.w, result.intercept / of.scale)
        s = x @ u[:-1] + of.scale * u[-1]
        back = np.append(x.T @ result.beta, of.scale * result.beta.sum())
        primal = 0.5 * u @ u + of.cost @ loss.value(s, of.y)
        dual = loss.conjugate_sum(result.beta, of.y, of.cost) - 0.5 * back @ back
        assert result.is_done and result.relative_gap <= tol
        assert (primal, dual) == pytest.approx((result.primal, result.dual), rel=1e-10)
        assert dual <= primal


@pytest.mark.parametrize("solver", [SVRG(), SAGA()], ids=str)
@pytest.mark.parametrize("loss", SMOOTH[:3], ids=str)
def test_steps_of_falling_variance_reach_the_minimum(solver, loss):
    of = problem(loss, 0.2, "csr")
    result = solver.solve(of, 1e-5, 200)
    assert result.is_done, result.reason
    assert result.primal == pytest.approx(Newton().solve(of, 1e-9, 100).primal, rel=1.1e-5)


@pytest.mark.parametrize(
    "solver",
    [
        SGD(),
        SGD("1/sqrt(k)"),
        MiniBatch(batch_size=7),
        Hogwild(threads=2),
        SubgradientDescent(),
        SubgradientDescent("1/sqrt(k)"),
        SubgradientDescent("1/k", learning_rate=1.0),
        SubgradientDescent("constant", use_average=False),
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", [losses.Hinge(), losses.Logistic()], ids=str)
def test_steps_along_subgradients_come_near_the_minimum(solver, loss):
    of = problem(loss, 0.2)
    least = exact(loss).solve(of, 1e-9, 100).primal
    result = solver.solve(of, 1e-9, 200)
    assert least * (1 - 1e-9) <= result.primal <= 1.05 * least
    assert result.dual <= least * (1 + 1e-9)
    if not result.is_done:
        assert "stopped after 200 passes at relative gap" in result.reason and "raise max_iter" in result.reason


@pytest.mark.parametrize("loss", [*BOXED, losses.Logistic(), losses.Exponential()], ids=str)
def test_no_dual_point_is_above_any_primal_one(loss):
    of = problem(loss)
    random = np.random.default_rng(0)
    for _ in range(20):
        u = random.normal(size=of.size)
        beta = of.loss.clipped(random.normal(size=len(of.y)), of.y, of.cost)
        assert of.dual(beta) <= of.primal(u)
        assert of.dual(of.beta_of(of.scores(u))) <= of.primal(u) * (1 + 1e-12)


@pytest.mark.parametrize("loss", SMOOTH, ids=str)
def test_the_gradient_and_the_hessian_are_central_differences(loss):
    of = problem(loss)
    random = np.random.default_rng(1)
    u, v, step = random.normal(size=of.size), random.normal(size=of.size), 1e-6
    here, ahead, behind = of.local(u), of.local(u + step * v), of.local(u - step * v)
    assert here.primal == pytest.approx(of.primal(u), rel=1e-14)  # sums of 100 terms in another order
    assert here.gradient @ v == pytest.approx((ahead.primal - behind.primal) / (2 * step), rel=1e-6)
    assert here.curve(v) == pytest.approx((ahead.gradient - behind.gradient) / (2 * step), rel=1e-5, abs=1e-4)


def test_one_row_is_solved_as_by_hand():
    # x = 2, y = 1, C = 1, hinge: w^2 / 2 + max(0, 1 - 2 w) is smallest at the kink, w = 1/2, where it is 1/8; the dual
    # variable is w / x = 1/4.
    of = Problem(rows_of([[2.0]], "test"), np.ones(1), np.ones(1), losses.Hinge(), 0.0)
    for solver in (InteriorPoint(), DualCoordinateDescent()):
        result = solver.solve(of, 1e-9, 100)
        assert result.w == pytest.approx([0.5], abs=1e-4) and result.intercept == 0.0
        assert (result.primal, result.dual) == pytest.approx((0.125, 0.125), rel=1e-8)
        assert result.beta == pytest.approx([0.25], abs=1e-4)


@pytest.mark.parametrize("cost", [1e-4, 1e2])
@pytest.mark.parametrize("size", [1e-3, 1e3])
@pytest.mark.parametrize("loss", [losses.Hinge(), losses.SquaredHinge(), losses.Exponential(), *KINKED[1:]], ids=str)
def test_the_minimum_is_reached_whatever_the_scales(cost, size, loss):
    random = np.random.default_rng(0)
    rows = rows_of(size * random.normal(size=(30, 4)), "test")
    of = Problem(rows, np.where(np.arange(30) % 2, 1.0, -1.0), np.full(30, cost), loss, 1.0)
    assert exact(loss).solve(of, 1e-6, 200).is_done


def test_targets_of_zero_need_no_steps():
    of = Problem(rows_of([[1.0], [2.0]], "test"), np.zeros(2), np.ones(2), losses.EpsilonInsensitive(0.1), 1.0)
    result = InteriorPoint().solve(of, 1e-6, 10)
    assert result.is_done and result.primal == 0.0 and result.w.tolist() == [0.0]


def test_an_empty_row_is_not_stepped_along():
    of = Problem(rows_of([[0.0], [2.0]], "test"), np.ones(2), np.ones(2), losses.Hinge(), 0.0)
    result = DualCoordinateDescent().solve(of, 1e-9, 10)
    assert result.primal == pytest.approx(1.125) and result.is_done  # its hinge is 1, whatever w


@pytest.mark.parametrize("solver", [SGD(), SVRG(), DualCoordinateDescent()], ids=str)
def test_a_seed_gives_the_same_weights_again(solver):
    of = problem(losses.SquaredHinge(), 0.2)
    first, second, other = (solver.solve(of, 1e-12, 3, seed) for seed in (1, 1, 2))
    assert (first.w == second.w).all() and (first.w != other.w).any()


@pytest.mark.parametrize("solver", [Newton(), DualCoordinateDescent(), SubgradientDescent(), SVRG()], ids=str)
def test_a_solver_begins_where_an_earlier_one_ended(solver):
    of = problem(losses.SquaredHinge(), 0.2)
    earlier = Newton().solve(of, 1e-12, 100)
    result = solver.solve(of, 1e-4, 100, start=earlier)
    assert result.passes == 0 and result.is_done


def test_the_history_is_of_the_best_values_seen():
    result = SGD().solve(problem(losses.Hinge(), 0.2), 1e-9, 20)
    assert [step.passes for step in result.history] == list(range(21))
    gaps = [step.gap for step in result.history]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] == result.gap
    assert result.gap == result.primal - result.dual


def test_the_reason_says_what_was_reached():
    result = Newton().solve(problem(losses.Logistic()), 1e-6, 100)
    assert result.reason == f"relative gap {result.relative_gap:.1e} <= 1e-06 after {result.passes} passes"


def test_the_reason_names_columns_of_other_scales():
    of = problem(losses.Hinge())
    of.rows.values[:, 0] *= 1e5
    result = DualCoordinateDescent().solve(of, 1e-9, 2)
    assert "or scale the columns, whose norms differ by a factor 9e+04" in result.reason


def test_steps_that_are_too_large_are_named():
    result = SubgradientDescent("constant", learning_rate=1e6, use_average=False, use_projection=False).solve(
        problem(losses.SquaredHinge()), 1e-6, 1000
    )
    assert not result.is_done and "diverged in pass" in result.reason and "Lower learning_rate" in result.reason


def test_what_cannot_be_smaller_in_float64_is_named():
    result = Newton().solve(problem(losses.Logistic()), 1e-18, 100)
    assert result.is_done or "float64 has no digits left" in result.reason


def test_a_loss_that_is_not_convex_has_no_dual():
    of = problem(losses.Sigmoid(), 0.2)
    result = SGD().solve(of, 1e-3, 20)
    assert result.dual == -math.inf and not result.is_done
    assert "a loss without a dual" in result.reason
    assert result.primal < of.primal(np.zeros(of.size))


@pytest.mark.parametrize(
    ("solver", "loss", "message"),
    [
        (SVRG(), losses.Hinge(), "SVRG: Hinge has kinks"),
        (SAGA(), losses.Hinge(), "SAGA: Hinge has kinks"),
        (DualCoordinateDescent(), losses.Exponential(), "the dual of Exponential is not quadratic"),
        (InteriorPoint(), losses.SquaredHinge(), "the dual variables of SquaredHinge have no upper end"),
        (Newton(), losses.Hinge(), "Newton: Hinge has kinks or is not convex"),
        (Newton(), losses.Sigmoid(), "Newton: Sigmoid has kinks or is not convex"),
    ],
    ids=str,
)
def test_a_loss_that_a_solver_cannot_take_is_refused(solver, loss, message):
    with pytest.raises(ValueError, match=message):
        solver.solve(problem(loss), 1e-6, 10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD("1/k^2"), "SGD: steps='1/k\\^2', expected one of 'constant', '1/k', '1/sqrt\\(k\\)'"),
        (lambda: SubgradientDescent(learning_rate=0.0), "learning_rate=0.0, expected a finite number > 0"),
        (lambda: SVRG(learning_rate=math.nan), "SVRG: learning_rate=nan"),
        (lambda: MiniBatch(batch_size=0), "MiniBatch: batch_size=0"),
        (lambda: MiniBatch(batch_size=2.5), "MiniBatch: batch_size=2.5, expected an int >= 1"),
        (lambda: Hogwild(threads=0), "Hogwild: threads=0"),
        (lambda: Hogwild(threads=1.5), "Hogwild: threads=1.5, expected an int >= 1"),
    ],
)
def test_settings_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_step_sizes_are_those_of_their_formulas():
    assert rates("constant", 0.5, 3, 2).tolist() == [0.5, 0.5]
    assert rates("1/k", 0.5, 2, 2).tolist() == [0.25, 0.2]  # 1/2 / (1 + 2/2), 1/2 / (1 + 3/2)
    assert rates("1/sqrt(k)", 0.5, 3, 1).tolist() == [0.25]


def test_the_projection_ends_in_the_ball():
    of = problem(losses.Hinge())
    radius = math.sqrt(2 * of.primal(np.zeros(of.size)))
    free = SubgradientDescent("constant", 0.9, use_average=False, use_projection=False).solve(of, 1e-9, 1)
    held = SubgradientDescent("constant", 0.9, use_average=False).solve(of, 1e-9, 1)
    assert np.linalg.norm(np.append(free.w, free.intercept)) > radius or free.primal >= held.primal
    assert np.linalg.norm(np.append(held.w, held.intercept)) <= radius * (1 + 1e-12)


def test_batches_of_one_row_are_steps_along_rows():
    of = problem(losses.Hinge(), 0.2, "csr")
    assert MiniBatch(batch_size=1).solve(of, 1e-9, 3).primal == pytest.approx(
        SGD().solve(of, 1e-9, 3).primal, rel=1e-12
    )


def test_cvxpy_is_asked_for_only_when_it_is_used(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cvxpy", None)
    with pytest.raises(ImportError, match="CVXPY is not installed"):
        QuadraticProgram().solve(problem(losses.Hinge()), 1e-6, 10)
