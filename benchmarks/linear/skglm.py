"""skglm: its LinearSVC for the hinge, L-BFGS with an L2 penalty for the logistic loss; it has no squared hinge."""

from __future__ import annotations

from typing import Any

import numpy as np
import skglm
from numpy.typing import NDArray
from skglm.datafits import Logistic
from skglm.estimators import LinearSVC
from skglm.penalties import L2
from skglm.solvers import LBFGS

from benchmarks.linear.forms import matrix, sparse_matrix
from benchmarks.linear.problems import LinearProblem
from feedforward.linear import Rows

Floats = NDArray[np.float64]

_METHODS = {"hinge": ("working sets",), "squared_hinge": (), "logistic": ("lbfgs",)}


class SkglmFitter:
    """The data as an array or a CSC matrix; see `Fitter`."""

    loosest = 10.0

    def __init__(self, problem: LinearProblem, rows: Rows, y: Floats) -> None:
        self.loss, self.cost = problem.loss, problem.cost
        self.methods = _METHODS[problem.loss]
        # It goes along columns: compressed ones where they are compressed.
        self.x, self.y = sparse_matrix(rows).tocsc() if rows.is_sparse else matrix(rows), y

    def fit(self, method: str, tolerance: float) -> Any:
        """Fit; the tolerance is ``tol``."""
        if self.loss == "hinge":
            model = LinearSVC(C=self.cost, tol=tolerance, fit_intercept=False, max_iter=1000)
            return model.fit(self.x, self.y).coef_
        # The mean of the losses instead of their sum: everything is divided by C n.
        share = 1.0 / (self.cost * len(self.y))
        solver = LBFGS(max_iter=10_000, tol=tolerance * share)
        return solver.solve(self.x, self.y, Logistic(), L2(share))[0]

    def weights(self, found: Any) -> Floats:
        """Return the weights."""
        return np.ravel(found)


def prepare(problem: LinearProblem, rows: Rows, y: Floats) -> SkglmFitter:
    """Return the problem, ready to be fitted."""
    return SkglmFitter(problem, rows, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"skglm": skglm.__version__}
