"""Our estimators, given rows that were checked before, as LIBLINEAR is given its problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import feedforward
from benchmarks.linear.problems import LinearProblem
from feedforward.linear import LinearSVC, LogisticRegression, Rows

Floats = NDArray[np.float64]

_SOLVERS = {"hinge": ("auto", "dual"), "squared_hinge": ("auto", "dual"), "logistic": ("auto",)}


class FeedforwardFitter:
    """The rows, and an estimator for each fit; see `Fitter`."""

    loosest = 1e4
    """A gap: far from the minimum, the dual point is much further away than the weights."""

    def __init__(self, problem: LinearProblem, rows: Rows, y: Floats) -> None:
        self.problem, self.rows, self.y = problem, rows, y
        self.methods = _SOLVERS[problem.loss]

    def fit(self, method: str, tolerance: float) -> LinearSVC | LogisticRegression:
        """Fit; the tolerance is the relative duality gap."""
        estimator: LinearSVC | LogisticRegression
        if self.problem.loss == "logistic":
            estimator = LogisticRegression(
                C=self.problem.cost, fit_intercept=False, solver=method, tol=tolerance, max_iter=2000
            )
        else:
            estimator = LinearSVC(
                loss=self.problem.loss,
                C=self.problem.cost,
                fit_intercept=False,
                solver=method,
                tol=tolerance,
                max_iter=2000,
            )
        return estimator.fit(self.rows, self.y)

    def weights(self, found: LinearSVC | LogisticRegression) -> Floats:
        """Return the weights; the second class is that of label 1."""
        return found.coef_[0]


def prepare(problem: LinearProblem, rows: Rows, y: Floats) -> FeedforwardFitter:
    """Return the problem, ready to be fitted."""
    return FeedforwardFitter(problem, rows, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"feedforward": feedforward.__version__}
