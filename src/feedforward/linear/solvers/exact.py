"""The same objective handed to CVXPY: slow, written down a second time, and so what the solvers are measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.linear.losses import (
    EpsilonInsensitive,
    Hinge,
    Logistic,
    Squared,
    SquaredEpsilonInsensitive,
    SquaredHinge,
)
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch

__all__ = ["QuadraticProgram"]


@dataclass(frozen=True)
class QuadraticProgram:
    """The primal as a program of CVXPY's, solved by Clarabel: an interior-point method of another make.

    The rows are made dense. Losses: hinge, squared hinge, logistic (an exponential cone), squared, both that are
    insensitive up to epsilon.

    References
    ----------
    Diamond and Boyd, "CVXPY: a Python-embedded modeling language for convex optimization", 2016; Goulart and Chen,
    "Clarabel: an interior-point solver for conic programs with quadratic objectives", 2024.
    """

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights, with a certificate that is computed here, from them."""
        cvxpy = _loaded()
        x = problem.rows.dense().astype(np.float64)
        x = np.concatenate([x, np.full((len(x), 1), problem.scale)], axis=1)
        u = cvxpy.Variable(problem.size)
        losses = _losses(cvxpy, problem, x @ u)
        program = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(u) / 2 + problem.cost @ losses))
        program.solve(solver=cvxpy.CLARABEL, tol_gap_abs=tol / 10, tol_gap_rel=tol / 10, tol_feas=1e-9)
        if u.value is None:
            raise ValueError(
                f"QuadraticProgram: Clarabel ended as {program.status!r}, expected a solution. Scale the columns."
            )
        watch = Watch(tol, max_iter, lambda: "scale the columns; Clarabel was done by its own measure")
        point = np.asarray(u.value, dtype=np.float64)
        s = problem.scores(point)
        beta = problem.beta_of(s)
        watch.see(1, point, problem.primal(point, s), problem.dual(beta), beta)
        return watch.result(problem.scale)


def _loaded() -> Any:
    """Return CVXPY, of which few functions are typed."""
    try:
        import cvxpy
    except ImportError:
        raise ImportError(
            "QuadraticProgram: CVXPY is not installed. Install it with pip install cvxpy, or use InteriorPoint."
        ) from None
    return cvxpy


def _losses(cvxpy: Any, problem: Problem, s: Any) -> Any:
    """Return the loss of each row as CVXPY writes it."""
    y, loss = problem.y, problem.loss
    kind = type(loss)
    if kind in (Hinge, SquaredHinge):
        hinges = cvxpy.pos(1 - cvxpy.multiply(y, s))
        return hinges if kind is Hinge else cvxpy.square(hinges)
    if kind is Logistic:
        return cvxpy.logistic(-cvxpy.multiply(y, s))
    if kind is Squared:
        return cvxpy.square(s - y)
    if isinstance(loss, EpsilonInsensitive):
        outside = cvxpy.pos(cvxpy.abs(s - y) - loss.epsilon)
        return cvxpy.square(outside) if kind is SquaredEpsilonInsensitive else outside
    raise ValueError(
        f"QuadraticProgram: no form of {kind.__name__}. Expected a loss that is convex. Use Newton or SGD."
    )
