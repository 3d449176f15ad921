"""Oracles: LIBLINEAR's machine of Crammer and Singer, scikit-learn's softmax, the losses of networks, a QP by SciPy."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import feedforward as ff
from feedforward.linear import DualCoordinateDescent, MarginProblem, Newton, SoftmaxProblem, rows_of
from linear_problems import three_classes

X, LABELS = three_classes()
COST = 0.1 * (1.0 + np.arange(len(LABELS)) % 2)


def margin(kind, form="dense", scale=1.0):
    rows = rows_of(X if form == "dense" else sparse.csr_array(X), "test")
    return MarginProblem(rows, LABELS, COST, 3, scale, kind)


def softmax(form="dense", scale=1.0):
    rows = rows_of(X if form == "dense" else sparse.csr_array(X), "test")
    return SoftmaxProblem(rows, LABELS, COST, 3, scale)


NETWORKS = {
    "weston_watkins": ff.losses.CategoricalHinge(),
    "crammer_singer": ff.losses.CrammerSinger(),
    "softmax": ff.losses.SparseCategoricalCrossentropy(from_logits=True),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_losses_are_those_of_networks(kind):
    of = softmax() if kind == "softmax" else margin(kind)
    u = np.random.default_rng(0).normal(size=(3, 3))
    each = NETWORKS[kind].per_sample(ff.Tensor(LABELS), ff.Tensor(of.scores(u), dtype="float64")).numpy()
    assert of.primal(u) == pytest.approx(0.5 * (u**2).sum() + COST @ each, rel=1e-13)


@pytest.mark.parametrize("form", ["dense", "csr"])
def test_softmax_has_the_minimum_of_lbfgs(form):
    of = softmax(form, scale=0.0)  # its intercept costs nothing, and so is left out
    result = Newton().solve(of, 1e-9, 50)
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=1000).fit(X, LABELS, COST)
    assert result.is_done
    assert result.primal == pytest.approx(of.primal(np.vstack([model.coef_.T, np.zeros(3)])), rel=1e-6)
    assert result.w == pytest.approx(model.coef_.T, abs=1e-4)


@pytest.mark.parametrize(("size", "cost"), [(1e8, 1e-3), (1.4e8, 10.0)])
def test_a_gap_of_softmax_far_below_its_costs_is_true(size, cost):
    of = SoftmaxProblem(rows_of(size * np.eye(3), "x"), np.arange(3), np.full(3, cost), 3, 0.0)
    result = Newton().solve(of, 1e-9, 300)

    # Each class's weights are t / size in its own column and -t / (2 size) in the others, by symmetry.
    def objective(t):
        return 2.25 * (t / size) ** 2 + 3 * cost * np.log1p(2 * np.exp(-1.5 * t))

    least = minimize_scalar(objective, bounds=(1, 100), method="bounded", options={"xatol": 1e-9}).fun
    assert result.dual <= least * (1 + 1e-9) and result.primal >= least * (1 - 1e-9)
    assert result.primal - least <= result.gap + 1e-9 * least


def test_the_gradient_of_softmax_is_a_central_difference():
    of = softmax()
    random = np.random.default_rng(1)
    u, v, step = random.normal(size=(3, 3)), random.normal(size=(3, 3)), 1e-6
    here, ahead, behind = of.local(u), of.local(u + step * v), of.local(u - step * v)
    assert here.primal == pytest.approx(of.primal(u), rel=1e-14)
    assert np.vdot(here.gradient, v) == pytest.approx((ahead.primal - behind.primal) / (2 * step), rel=1e-6)
    assert here.curve(v) == pytest.approx((ahead.gradient - behind.gradient) / (2 * step), rel=1e-5, abs=1e-6)
    assert here.dual <= here.primal


@pytest.mark.parametrize("form", ["dense", "csr"])
def test_crammer_and_singer_have_the_minimum_of_liblinear(form):
    of = margin("crammer_singer", form)
    result = DualCoordinateDescent().solve(of, 1e-6, 3000)
    assert result.is_done, result.reason
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearSVC(C=1.0, multi_class="crammer_singer", tol=1e-9, max_iter=100000).fit(X, LABELS, COST)
    assert result.primal == pytest.approx(of.primal(np.vstack([model.coef_.T, model.intercept_])), rel=1e-6)


def test_weston_and_watkins_have_the_minimum_of_a_quadratic_program():
    of = replace(margin("weston_watkins"), rows=rows_of(X[:15], "test"), labels=LABELS[:15], cost=COST[:15])
    right = of.right().astype(bool)

    def objective(flat):  # the dual in -alpha_ij, j != y, written down a second time
        alpha = np.zeros((15, 3))
        alpha[~right] = -flat
        alpha[right] = -alpha.sum(1)
        return -of.dual(alpha)

    bounds = [(0.0, cost) for cost in np.repeat(of.cost, 2)]
    found = minimize(objective, np.zeros(30), bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9})
    result = DualCoordinateDescent().solve(of, 1e-6, 3000)
    assert result.is_done, result.reason
    assert result.dual == pytest.approx(-found.fun, rel=2e-6)


@pytest.mark.parametrize("kind", ["weston_watkins", "crammer_singer"])
def test_dual_variables_stay_where_the_dual_is_finite(kind):
    result = DualCoordinateDescent().solve(margin(kind), 1e-3, 500)
    alpha = result.beta
    right = np.eye(3)[LABELS] > 0
    assert result.is_done
    assert alpha.sum(1) == pytest.approx(np.zeros(len(X)), abs=1e-12)
    assert (alpha[~right] <= 0).all()
    wrong = -alpha[~right].reshape(-1, 2)
    assert (wrong <= COST[:, None] + 1e-12).all()
    if kind == "crammer_singer":
        assert (wrong.sum(1) <= COST + 1e-12).all()


@pytest.mark.parametrize("kind", ["weston_watkins", "crammer_singer"])
def test_both_machines_of_two_classes_are_the_hinge_of_a_difference(kind):
    # With two classes s_y - s_j = 2 y s, so that |U|^2 / 2 = |w|^2: a machine of margin 1 at 2 w, of twice the cost.
    labels = LABELS % 2
    of = MarginProblem(rows_of(X, "test"), labels, COST, 2, 0.0, kind)
    result = DualCoordinateDescent().solve(of, 1e-7, 3000)
    w = result.w[:, 1]
    assert result.w[:, 0] == pytest.approx(-w, abs=1e-9)
    y = np.where(labels == 1, 1.0, -1.0)
    assert result.primal == pytest.approx(w @ w + COST @ np.maximum(0, 1 - 2 * y * (X @ w)), rel=1e-9)


def test_a_start_is_scaled_into_what_rows_now_cost():
    earlier = DualCoordinateDescent().solve(margin("crammer_singer"), 1e-4, 1000)
    cheaper = replace(margin("crammer_singer"), cost=COST / 2)
    alpha = cheaper.start_alpha(earlier)
    assert (-np.where(cheaper.right() > 0, 0.0, alpha).sum(1) <= cheaper.cost + 1e-12).all()
    assert DualCoordinateDescent().solve(cheaper, 1e-4, 1000, start=earlier).is_done


@pytest.mark.parametrize("kind", ["crammer_singer", "weston_watkins"])
def test_dual_variables_keep_their_constraints_where_rows_cost_next_to_nothing(kind):
    x, labels = three_classes()
    cost = 1e-13  # of what a score near 1 has no digits
    of = MarginProblem(rows_of(x, "x"), labels, np.full(len(labels), cost), 3, 1.0, kind)
    alpha = DualCoordinateDescent().solve(of, 1e-6, 20).beta
    others = np.where(of.right() > 0, 0.0, alpha)
    used = -others.sum(1) if kind == "crammer_singer" else -others.min(1)
    assert (others <= 0).all() and (used <= cost * (1 + 1e-15)).all()
    assert np.abs(alpha.sum(1)).max() <= 1e-15 * cost
