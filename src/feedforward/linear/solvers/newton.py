"""Truncated Newton: for smooth losses the exact minimum in some ten steps, each of a few products with the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.objectives.problem import Local
from feedforward.linear.result import Result, Watch

__all__ = ["Newton", "Smooth"]

Floats = NDArray[np.float64]


_PATIENCE = 30
"""In so many steps, three times as many as a problem usually takes, the gap has to fall by a hundredth."""


class Smooth(Protocol):
    """An objective that Newton's method minimises."""

    @property
    def scale(self) -> float:
        """The constant of the intercept's column."""

    def scores(self, u: Floats) -> Floats:
        """Return the scores, which are linear in u."""

    def local(self, u: Floats, s: Floats) -> Local:
        """Return the objective near a point, given its scores."""

    def primal(self, u: Floats, s: Floats) -> float:
        """Return the objective at a point, given its scores."""

    def start(self, result: Result | None) -> Floats:
        """Return weights to begin with."""

    def advice(self) -> str:
        """Return what to do where the steps were not enough."""


@dataclass(frozen=True)
class Newton:
    """Newton's method, its linear systems solved by conjugate gradients as far as it pays.

    The direction p solves H p = -g up to |H p + g| <= min(1/10, sqrt(|g| / |g_0|)) |g|, preconditioned by the diagonal
    of H; the step halves until P falls by at least 1e-4 of what its slope promises (Armijo). A smooth convex loss is
    enough; where the second derivative jumps, as that of the squared hinge does, H is one of the generalised Hessians
    (Mangasarian 2002).

    References
    ----------
    Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.1; Lin, Weng and Keerthi, "Trust region Newton
    method for large-scale logistic regression", 2008.
    """

    def solve(self, problem: Smooth, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return the minimum.

        Parameters
        ----------
        problem : Problem or SoftmaxProblem
        tol : float
            The relative duality gap to reach.
        max_iter : int
            The most steps.
        seed : int
            Not needed: nothing here is drawn.
        start : Result, optional
            Where to begin.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # `watch` says so where numbers end
            return self._solved(problem, tol, max_iter, start)

    def _solved(self, problem: Smooth, tol: float, max_iter: int, start: Result | None) -> Result:
        """Return the minimum."""
        watch = Watch(tol, max_iter, problem.advice)
        u = problem.start(start)
        s = problem.scores(u)
        first = 0.0
        last_primal, last_gap = np.inf, np.inf
        gap_before = np.inf
        steps = 0
        while True:
            here = problem.local(u, s)
            if watch.see(steps, u, here.primal, here.dual, here.beta):
                break
            norm = float(np.linalg.norm(here.gradient))
            first = first or norm
            direction = _solved(here, min(0.1, (norm / first) ** 0.5 if first else 0.0) * norm)
            slope = float(np.vdot(here.gradient, direction))
            along, step = problem.scores(direction), 1.0
            while step > 1e-10:
                ahead, ahead_s = u + step * direction, s + step * along
                if problem.primal(ahead, ahead_s) <= here.primal + 1e-4 * step * slope:
                    break
                step /= 2.0
            has_digits = here.primal < last_primal or watch.gap < last_gap
            last_primal, last_gap = here.primal, watch.gap
            if step <= 1e-10 or not has_digits:
                watch.stall(
                    f"relative gap {watch.gap:.1e} after {steps} steps, wanted {tol:g}: float64 has no digits left to "
                    f"make the objective smaller. Ask for a larger tol."
                )
                break
            u, s = ahead, ahead_s
            steps += 1
            if steps % _PATIENCE == 0:
                if watch.gap > 0.99 * gap_before:
                    watch.stall(
                        f"relative gap {watch.gap:.1e} after {steps} steps, wanted {tol:g}: the last {_PATIENCE} made "
                        f"it no less, for the systems are too ill-conditioned to be solved. To go on, {watch.advice()}."
                    )
                    break
                gap_before = watch.gap
        return watch.result(problem.scale)


def _solved(here: Local, enough: float) -> Floats:
    """Return p with |H p + g| <= enough, by preconditioned conjugate gradients, in at most 20 or d steps, or 500."""
    p = np.zeros_like(here.gradient)
    residual = -here.gradient
    scaled = residual / here.diagonal
    direction = scaled
    square = float(np.vdot(residual, scaled))
    for _ in range(max(20, min(p.size, 500))):
        if float(np.vdot(residual, residual)) <= enough * enough:
            break
        product = here.curve(direction)
        step = square / float(np.vdot(direction, product))
        p += step * direction
        residual -= step * product
        scaled = residual / here.diagonal
        last, square = square, float(np.vdot(residual, scaled))
        direction = scaled + square / last * direction
    return p
