"""Stochastic gradients whose variance falls to 0, so that steps need not: SVRG and SAGA, for smooth losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from feedforward.linear.loops.kernels import saga_pass, svrg_pass
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch
from feedforward.linear.solvers.solver import Certificates, check_positive, steepest

__all__ = ["SAGA", "SVRG"]


@dataclass(frozen=True)
class SVRG:
    """Stochastic variance-reduced gradient: a pass of steps corrected by the whole gradient at its first point.

    Parameters
    ----------
    learning_rate : float, optional
        The step; else 1 / (3 L) with L = 1 + n max(c_i |x_i|^2) k, k the largest curvature of the loss.

    Notes
    -----
    A pass of steps looks at the rows twice, once for the gradient; it is counted as one.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", 2013.
    """

    learning_rate: float | None = None

    def __post_init__(self) -> None:
        check_positive("SVRG", "learning_rate", self.learning_rate)

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate."""
        rate = _rate(problem, self.learning_rate, "SVRG")
        watch = Watch(tol, max_iter, problem.advice)
        certificates = Certificates(problem, watch)
        random = np.random.default_rng(seed)
        rows, y, cost, loss, scale = problem.rows, problem.y, problem.cost, problem.loss, problem.scale
        u = problem.start(start)
        passes = 0
        while not certificates.see(passes, u):
            slopes = problem.slopes(problem.scores(u))
            order = random.integers(rows.shape[0], size=rows.shape[0])
            with np.errstate(over="ignore", invalid="ignore"):
                svrg_pass(rows, y, cost, loss, scale, u, order, rate, slopes, problem.weights(slopes))
            passes += 1
        return watch.result(scale)


@dataclass(frozen=True)
class SAGA:
    """Steps corrected by the mean of the last gradients of all rows, of which the slope of each is remembered.

    Parameters
    ----------
    learning_rate : float, optional
        The step; else 1 / (3 L), as for `SVRG`.

    References
    ----------
    Defazio, Bach and Lacoste-Julien, "SAGA: a fast incremental gradient method", 2014.
    """

    learning_rate: float | None = None

    def __post_init__(self) -> None:
        check_positive("SAGA", "learning_rate", self.learning_rate)

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate."""
        rate = _rate(problem, self.learning_rate, "SAGA")
        watch = Watch(tol, max_iter, problem.advice)
        certificates = Certificates(problem, watch)
        random = np.random.default_rng(seed)
        rows, y, cost, loss, scale = problem.rows, problem.y, problem.cost, problem.loss, problem.scale
        u = problem.start(start)
        slopes = problem.slopes(problem.scores(u))
        gradient = problem.weights(slopes)
        passes = 0
        while not certificates.see(passes, u):
            order = random.integers(rows.shape[0], size=rows.shape[0])
            with np.errstate(over="ignore", invalid="ignore"):
                saga_pass(rows, y, cost, loss, scale, u, order, rate, slopes, gradient)
            passes += 1
        return watch.result(scale)


def _rate(problem: Problem, learning_rate: float | None, solver: str) -> float:
    """Return the step, for a loss that is smooth."""
    if not math.isfinite(problem.loss.smoothness):
        raise ValueError(
            f"{solver}: {type(problem.loss).__name__} has kinks, where its slope jumps. Expected a smooth loss, such "
            "as squared_hinge or logistic. Use DualCoordinateDescent or SGD for this one."
        )
    return learning_rate or 1.0 / (3.0 * steepest(problem, problem.rows.shape[0]))
