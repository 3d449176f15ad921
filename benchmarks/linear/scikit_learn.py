"""scikit-learn's LinearSVC and LogisticRegression, with the solvers that suit each objective."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from benchmarks.linear.forms import matrix
from benchmarks.linear.problems import LinearProblem
from feedforward.linear import Rows

Floats = NDArray[np.float64]

_MOST_PASSES = 10_000

_FEW_COLUMNS = 1000
"""Up to how many the Hessian is made, whose memory and factors grow as their square and cube."""


class ScikitLearnFitter:
    """The data as an array or a CSR matrix; see `Fitter`."""

    loosest = 10.0

    def __init__(self, problem: LinearProblem, rows: Rows, y: Floats) -> None:
        self.loss, self.cost = problem.loss, problem.cost
        self.x, self.y = matrix(rows), y
        of_logistic = ["lbfgs", "liblinear"] + (["newton-cholesky"] if rows.shape[1] <= _FEW_COLUMNS else [])
        self.methods = {"hinge": ["dual"], "squared_hinge": ["dual", "primal"], "logistic": of_logistic}[self.loss]

    def fit(self, method: str, tolerance: float) -> Any:
        """Fit; the tolerance is ``tol``."""
        model: Any
        if self.loss == "logistic":
            model = LogisticRegression(
                C=self.cost, fit_intercept=False, solver=method, tol=tolerance, max_iter=_MOST_PASSES
            )
        else:
            model = LinearSVC(
                C=self.cost,
                loss=self.loss,
                dual=method == "dual",
                fit_intercept=False,
                tol=tolerance,
                max_iter=_MOST_PASSES,
                random_state=0,
            )
        return model.fit(self.x, self.y)

    def weights(self, found: Any) -> Floats:
        """Return the weights; the second class is that of label 1."""
        return np.asarray(found.coef_[0])


def prepare(problem: LinearProblem, rows: Rows, y: Floats) -> ScikitLearnFitter:
    """Return the problem, ready to be fitted."""
    return ScikitLearnFitter(problem, rows, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"scikit-learn": sklearn.__version__}
