"""LIBLINEAR through its own Python package, its sparse problem made before; all its solvers of each objective."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
from liblinear.liblinear import parameter
from liblinear.liblinear import problem as liblinear_problem
from liblinear.liblinearutil import train
from numpy.typing import NDArray

from benchmarks.linear.forms import sparse_matrix
from benchmarks.linear.problems import LinearProblem
from feedforward.linear import Rows

Floats = NDArray[np.float64]

_SOLVERS = {
    "hinge": {"-s 3, dual": 3},
    "squared_hinge": {"-s 1, dual": 1, "-s 2, primal": 2},
    "logistic": {"-s 7, dual": 7, "-s 0, primal": 0},
}


class LiblinearFitter:
    """The data as LIBLINEAR's nodes; see `Fitter`."""

    loosest = 10.0

    def __init__(self, problem: LinearProblem, rows: Rows, y: Floats) -> None:
        self.cost, self.solvers = problem.cost, _SOLVERS[problem.loss]
        self.methods = tuple(self.solvers)
        self.problem = liblinear_problem(y, sparse_matrix(rows))

    def fit(self, method: str, tolerance: float) -> Any:
        """Fit; the tolerance is ``-e``, a violation or a norm of the gradient."""
        return train(self.problem, parameter(f"-s {self.solvers[method]} -c {self.cost} -e {tolerance} -q"))

    def weights(self, found: Any) -> Floats:
        """Return the weights, turned so that they are those of label 1."""
        weights = np.ctypeslib.as_array(found.w, (found.nr_feature,)).copy()
        return weights if found.get_labels()[0] == 1 else -weights


def prepare(problem: LinearProblem, rows: Rows, y: Floats) -> LiblinearFitter:
    """Return the problem, ready to be fitted."""
    return LiblinearFitter(problem, rows, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"liblinear-official": importlib.metadata.version("liblinear-official")}
