"""ReHLine: its ridge-regularised estimator, for losses made of pieces that are linear or quadratic; so not logistic."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rehline import plqERM_Ridge

from benchmarks.linear.forms import matrix
from benchmarks.linear.problems import LinearProblem
from feedforward.linear import Rows

Floats = NDArray[np.float64]

_LOSSES = {"hinge": "svm", "squared_hinge": "squared SVM"}


class RehlineFitter:
    """The data as an array or a CSR matrix; see `Fitter`."""

    loosest = 10.0

    def __init__(self, problem: LinearProblem, rows: Rows, y: Floats) -> None:
        self.loss, self.cost = problem.loss, problem.cost
        self.methods = ("coordinate descent",) if problem.loss in _LOSSES else ()
        self.x, self.y = matrix(rows), y

    def fit(self, method: str, tolerance: float) -> Any:
        """Fit; the tolerance is ``tol``."""
        loss = {"name": _LOSSES[self.loss]}
        return plqERM_Ridge(loss=loss, C=self.cost, tol=tolerance, max_iter=10_000, verbose=0).fit(self.x, self.y)

    def weights(self, found: Any) -> Floats:
        """Return the weights."""
        return np.ravel(found.coef_)


def prepare(problem: LinearProblem, rows: Rows, y: Floats) -> RehlineFitter:
    """Return the problem, ready to be fitted."""
    return RehlineFitter(problem, rows, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"rehline": importlib.metadata.version("rehline")}
