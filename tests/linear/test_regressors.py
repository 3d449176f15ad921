"""Oracles: the normal equations by NumPy, scikit-learn's lasso, the lasso of one column by hand."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Lasso as TheirLasso

from feedforward.errors import DataError, ModelWarning
from feedforward.linear import Lasso, LinearRegression
from linear_problems import overlapping

X, _ = overlapping()
Y = X @ np.array([1.0, -2.0, 0.0, 0.0, 0.5]) + 3.0 + np.sin(np.arange(60.0))
WEIGHT = 1.0 + np.arange(60) % 3


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("use_intercept", [False, True])
def test_least_squares_solve_the_normal_equations(form, use_intercept):
    model = LinearRegression(fit_intercept=use_intercept).fit(form(X), Y, WEIGHT)
    full = np.concatenate([X, np.ones((60, 1))], 1) if use_intercept else X
    expected = np.linalg.solve(full.T * WEIGHT @ full, full.T * WEIGHT @ Y)
    assert np.append(model.coef_, model.intercept_)[: full.shape[1]] == pytest.approx(expected, rel=1e-10)
    assert model.residual_ < 1e-14
    assert model.intercept_ == 0.0 or use_intercept


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_what_rounding_leaves_of_rows_that_are_fitted_exactly_is_no_residual(form):
    random = np.random.default_rng(0)
    model = LinearRegression().fit(form(random.normal(size=(5, 30))), random.normal(size=5))
    assert model.residual_ == 0.0


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_of_several_minima_the_shortest_is_taken(form):
    x = np.random.default_rng(0).normal(size=(4, 9))
    model = LinearRegression(fit_intercept=False).fit(form(x), np.arange(4.0))
    assert model.coef_ == pytest.approx(np.linalg.pinv(x) @ np.arange(4.0), abs=1e-10)
    assert model.score(form(x), np.arange(4.0)) == pytest.approx(1.0)


def test_a_line_is_found_again():
    model = LinearRegression().fit(np.array([[0.0], [1.0], [2.0]], np.float32), [1, 3, 5])
    assert model.coef_ == pytest.approx([2.0]) and model.intercept_ == pytest.approx(1.0)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("use_intercept", [False, True])
@pytest.mark.parametrize("alpha", [0.01, 0.3])
def test_the_lasso_has_the_minimum_of_scikit_learn(form, use_intercept, alpha):
    shifted = np.where(X != 0, X + 2.0, 0.0)  # columns whose means are not 0
    model = Lasso(alpha, fit_intercept=use_intercept, tol=1e-11).fit(form(shifted), Y, WEIGHT)
    theirs = TheirLasso(alpha, fit_intercept=use_intercept, tol=1e-12, max_iter=100000).fit(shifted, Y, WEIGHT)
    assert model.coef_ == pytest.approx(theirs.coef_, abs=1e-4)
    left = Y - theirs.predict(shifted)
    objective = WEIGHT @ left**2 / (2 * WEIGHT.sum()) + alpha * np.abs(theirs.coef_).sum()
    assert model.result_.primal == pytest.approx(objective, rel=1e-9)
    assert model.result_.dual <= objective * (1 + 1e-12)


def test_the_lasso_of_one_column_is_a_soft_threshold():
    x, y = np.array([[-1.0], [1.0]]), np.array([-2.0, 2.0])  # mean of x^2 is 1, of x y 2
    assert Lasso(0.5).fit(x, y).coef_ == pytest.approx([1.5])
    assert Lasso(2.0).fit(x, y).coef_.tolist() == [0.0]
    # P = (0.5^2) / 2 + 0.5 * 1.5 = 0.875
    assert Lasso(0.5).fit(x, y).result_.primal == pytest.approx(0.875)


def test_a_constant_column_has_no_weight():
    model = Lasso(0.1).fit(np.concatenate([X, np.full((60, 1), 7.0)], 1), Y)
    assert model.coef_[5] == 0.0 and model.result_.is_done


def test_a_lasso_that_was_stopped_says_so():
    with pytest.warns(
        ModelWarning, match=r"Lasso\.fit: stopped after 1 pass at relative gap .* raise max_iter, or alpha"
    ):
        Lasso(1e-4, max_iter=1, tol=1e-12).fit(X + 5.0, Y)


def test_a_warm_start_has_less_to_do():
    model = Lasso(0.1, warm_start=True, tol=1e-9).fit(X, Y)
    first = model.n_iter_
    assert first > 1
    model.fit(X, Y)
    assert model.results_[0].passes <= 1
    model.fit(X[:, :2], Y)
    assert model.coef_.shape == (2,)


def test_equal_targets_have_no_score():
    model = LinearRegression().fit(X, Y)
    with pytest.raises(DataError, match=r"all targets are equal, so that R\^2 is 0 / 0"):
        model.score(X, np.ones(60))


def test_least_squares_have_no_gap():
    with pytest.raises(AttributeError, match="LinearRegression has no result_"):
        _ = LinearRegression().fit(X, Y).result_
