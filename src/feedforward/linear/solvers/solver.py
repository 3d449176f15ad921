"""What all solvers have in common, and the step sizes of those that step along subgradients."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import squared_norms
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch

__all__ = ["STEPS", "Certificates", "Solver", "check_positive", "check_steps", "check_whole", "rates", "steepest"]

Floats = NDArray[np.float64]

STEPS = ("constant", "1/k", "1/sqrt(k)")
"""How step sizes fall: r, r / (1 + r k), r / sqrt(1 + k) at step k = 0, 1, ... of a first step r."""


class Solver(Protocol):
    """A solver: a record of its settings, with one method."""

    def solve(self, problem: Any, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate.

        Parameters
        ----------
        problem : Problem, or a problem of several classes
        tol : float
            The relative duality gap to reach.
        max_iter : int
            The most passes over the rows.
        seed : int
            Of what is drawn, such as the order of the rows.
        start : Result, optional
            Where to begin; else at 0.
        """


def rates(steps: str, first: float, begin: int, count: int) -> Floats:
    """Return the sizes of some steps, the first of which is step `begin`.

    "1/k" is r / (1 + r k): it begins at r and tends to 1 / k, the step for an objective whose curvature is at least 1,
    as that of 1/2 |u|^2 is; with r = 1 it is 1 / (k + 1), as in Pegasos.

    Examples
    --------
    >>> rates("1/k", 1.0, 0, 3).tolist() == [1, 1 / 2, 1 / 3]
    True
    """
    k = np.arange(begin, begin + count, dtype=np.float64)
    if steps == "constant":
        return np.full(count, first)
    return first / (1.0 + first * k) if steps == "1/k" else first / np.sqrt(1.0 + k)


def check_steps(solver: str, steps: str, learning_rate: float | None) -> None:
    """Check the settings of step sizes."""
    if steps not in STEPS:
        raise ValueError(f"{solver}: steps={steps!r}, expected one of {', '.join(map(repr, STEPS))}. Choose one.")
    check_positive(solver, "learning_rate", learning_rate)


def check_positive(solver: str, name: str, value: float | None) -> None:
    """Check that a setting is above 0 and finite, or left out."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{solver}: {name}={value!r}, expected a finite number > 0. Leave it out for a usual one.")


def check_whole(solver: str, name: str, value: int) -> None:
    """Check that a setting is a whole number above 0."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{solver}: {name}={value!r}, expected an int >= 1. Leave it out for a usual one.")


def steepest(problem: Problem, weights: float) -> float:
    """Return the largest curvature of 1/2 |u|^2 + `weights` times one row's loss; a kink counts as 1 in the score."""
    norms = squared_norms(problem.rows) + problem.scale**2
    smoothness = problem.loss.smoothness if math.isfinite(problem.loss.smoothness) else 1.0
    return 1.0 + weights * smoothness * float((problem.cost * norms).max())


class Certificates:
    """Dual points for weights that no dual variables come with: those of the scores, and their average.

    Each point u seen gives beta_i = -c_i l'(s_i). Where the slope jumps, a single such beta does not tend to the best
    one even if u does; the average over the points, the k-th counting as k, does.
    """

    def __init__(self, problem: Problem, watch: Watch) -> None:
        self._problem, self._watch = problem, watch
        self._mean: Floats = np.zeros_like(problem.y)
        self._count = 0

    def see(self, passes: int, u: Floats, last: Floats | None = None) -> bool:
        """Note a point, and return whether to stop; where u is an average, `last` is the newest of its points."""
        problem = self._problem
        s = problem.scores(u)
        primal = problem.primal(u, s)
        if not (problem.loss.is_convex and math.isfinite(primal)):
            return self._watch.see(passes, u, primal, -math.inf)
        beta = problem.beta_of(s)
        self._count += 1
        newest = beta if last is None else problem.beta_of(problem.scores(last))
        self._mean += 2.0 / (self._count + 1.0) * (newest - self._mean)
        dual, mean_dual = problem.dual(beta), problem.dual(self._mean)
        best = beta if dual >= mean_dual else self._mean
        return self._watch.see(passes, u, primal, max(dual, mean_dual), best)
