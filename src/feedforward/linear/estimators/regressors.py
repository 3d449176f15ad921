"""Regressions: least squares, the lasso, and the support vector machine of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.estimators.estimator import Regressor, solver_of
from feedforward.linear.losses import EpsilonInsensitive, RowLoss, SquaredEpsilonInsensitive, loss_of
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.solvers.lasso import coordinate_descent
from feedforward.linear.solvers.least_squares import least_squares
from feedforward.linear.solvers.solver import Solver
from feedforward.linear.targets import costs_of, numbers_of
from feedforward.nn.config import Range, check_number

__all__ = ["Lasso", "LinearRegression", "LinearSVR"]

Floats = NDArray[np.float64]


@dataclass(eq=False)
class LinearRegression(Regressor):
    """sum_i c_i (y_i - x_i w - b)^2, least squares; of several minima the one with the smallest |w|.

    Parameters
    ----------
    fit_intercept : bool

    Attributes
    ----------
    residual_ : float
        |X^T C r| / (|C^(1/2) X| |C^(1/2) r|), with columns centred where there is an intercept: 0 at the minimum, where
        what is left is orthogonal to all columns. Rounding leaves some 1e-16; 0 where r is
        no more than roundings.

    Notes
    -----
    Dense rows are solved by singular values, in a float64 copy; CSR by conjugate gradients on the normal equations,
    which are never formed (CGLS), without a copy.

    Examples
    --------
    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> print(f"{model.coef_[0]:.3f} {model.intercept_:.3f}")
    2.000 1.000
    """

    fit_intercept: bool = True
    residual_: float = field(init=False, repr=False)

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the weights, and return the estimator; parameters and errors as for `LinearSVR.fit`."""
        name = "LinearRegression.fit"
        self._check_settings()
        rows = self._rows_to_fit(x)
        target = numbers_of(y, rows.shape[0], name)
        cost = costs_of(sample_weight, rows.shape[0], name)
        found = least_squares(rows, target, cost, self.fit_intercept)
        self._keep_columns(x, rows)
        self.coef_, self.intercept_, self.residual_ = found
        return self


@dataclass(eq=False)
class Lasso(Regressor):
    """1 / (2 sum(c)) sum_i c_i (y_i - x_i w - b)^2 + alpha sum_j |w_j|: few weights are not 0.

    Parameters
    ----------
    alpha : float
        Above 0; from max_j |x_j^T C (y - mean(y))| / sum(c) on, all weights are 0.
    fit_intercept : bool
        The intercept costs nothing.
    tol : float
        The duality gap to reach, as a share of the objective.
    max_iter : int
        The most passes over the columns.
    warm_start : bool
        Whether `fit` begins where the last one ended.

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso", 1996; Friedman, Hastie and Tibshirani,
    "Regularization paths for generalized linear models via coordinate descent", 2010.

    Examples
    --------
    With one centred column of mean square 1, w = soft(mean(x y), alpha) = 2 - 1/2:

    >>> model = Lasso(alpha=0.5).fit([[-1.0], [1.0]], [-2.0, 2.0])
    >>> print(f"{model.coef_[0]:.3f}")
    1.500
    """

    alpha: float = 1.0
    fit_intercept: bool = True
    tol: float = 1e-6
    max_iter: int = 1000
    warm_start: bool = False

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the weights, and return the estimator; parameters and errors as for `LinearSVR.fit`."""
        self._check_settings()
        self._check_positive(alpha=self.alpha, tol=self.tol, max_iter=self.max_iter)
        start = self.coef_ if self.warm_start and self.__sklearn_is_fitted__() else None
        rows = self._rows_to_fit(x)
        target = numbers_of(y, rows.shape[0], "Lasso.fit")
        cost = costs_of(sample_weight, rows.shape[0], "Lasso.fit")
        if start is not None and len(start) != rows.shape[1]:
            start = None
        result = coordinate_descent(rows, target, cost, self.alpha, self.fit_intercept, self.tol, self.max_iter, start)
        self._keep_columns(x, rows)
        self.coef_, self.intercept_ = result.w, result.intercept
        self._keep([result])
        return self


@dataclass(eq=False)
class LinearSVR(Regressor):
    """1/2 |w|^2 + C sum_i c_i l(s_i - y_i), with errors up to epsilon free.

    Parameters
    ----------
    epsilon : float
        Half the width of the tube, in units of y, at least 0.
    loss : str
        "epsilon_insensitive", "squared_epsilon_insensitive" or "squared" (ridge regression, whatever epsilon).
    C : float
        What a loss of 1 costs, above 0.
    fit_intercept, intercept_scaling, tol, max_iter, warm_start, random_state
        As for `LogisticRegression`.
    solver : str or Solver
        "auto" is "newton" for squared losses, "dual" where their columns are more than 300 and than the rows; else
        "dual_then_interior" for small data (n d^2 and d^3 <= 2**27), and "dual" above.

    References
    ----------
    Vapnik, "The Nature of Statistical Learning Theory", 1995; Ho and Lin, "Large-scale linear support vector
    regression", 2012.
    """

    epsilon: float = 0.0
    loss: str | RowLoss = "epsilon_insensitive"
    C: float = 1.0
    fit_intercept: bool = True
    intercept_scaling: float = 1.0
    solver: str | Solver = "auto"
    tol: float = 1e-6
    max_iter: int = 1000
    warm_start: bool = False
    random_state: int = 0

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the weights, and return the estimator.

        Parameters
        ----------
        x : array, frame, sparse array or Rows, shape (n, d)
            float32 or float64; dense in C order, or CSR, it is not copied.
        y : array of numbers, shape (n,)
        sample_weight : array, shape (n,), optional
            What each row counts, at least 0.

        Raises
        ------
        ShapeError, DataError, TypeError
            If the data cannot be used as they are; says where.
        ValueError
            If a parameter is none.

        Warns
        -----
        ModelWarning
            If the gap asked for was not reached; says how far it is and what to do.
        """
        self._check_settings()
        self._check_positive(C=self.C, tol=self.tol, max_iter=self.max_iter)
        if self.fit_intercept:
            self._check_positive(intercept_scaling=self.intercept_scaling)
        start = self.results_[0] if self.warm_start and self.__sklearn_is_fitted__() else None
        rows = self._rows_to_fit(x)
        target = numbers_of(y, rows.shape[0], "LinearSVR.fit")
        cost = self.C * costs_of(sample_weight, rows.shape[0], "LinearSVR.fit")
        scale = float(self.intercept_scaling) if self.fit_intercept else 0.0
        problem = Problem(rows, target, cost, self._loss(), scale)
        if start is not None and len(start.w) != rows.shape[1]:
            start = None
        solver = solver_of(self.solver, problem, "LinearSVR.fit")
        result = solver.solve(problem, self.tol, self.max_iter, self.random_state, start)
        self._keep_columns(x, rows)
        self.coef_, self.intercept_ = result.w, result.intercept
        self._keep([result])
        return self

    def _loss(self) -> RowLoss:
        """Return the loss, with its epsilon."""
        check_number("LinearSVR", "epsilon", self.epsilon, Range(0))
        loss = loss_of(self.loss, False, "LinearSVR")
        if type(loss) is SquaredEpsilonInsensitive and isinstance(self.loss, str):
            return SquaredEpsilonInsensitive(self.epsilon)
        if type(loss) is EpsilonInsensitive and isinstance(self.loss, str):
            return EpsilonInsensitive(self.epsilon)
        return loss
