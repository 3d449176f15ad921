"""Cutting planes: a convex risk is replaced by the planes that touch it, and the minimum is sought above these.

    P(w) = 1/2 |w|^2 + R(w) >= 1/2 |w|^2 + max(0, a_1' w + b_1, ..., a_t' w + b_t)

a_k is a subgradient of R at w_k and a_k' w_k + b_k = R(w_k). The right side is smallest at w = -sum alpha_k a_k, where
alpha, on the unit simplex, makes the dual of t variables largest:

    D(alpha) = sum alpha_k b_k - 1/2 |sum alpha_k a_k|^2

D is below the minimum of P whatever alpha is, so that P(best w) - D(alpha) is a gap.

References: Teo et al., "Bundle methods for regularized risk minimization", 2010; Franc and Sonnenburg, "Optimized
cutting plane algorithm for large-scale risk minimization", 2009 (the search along a line, and where the next plane
touches).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.result import Result, Watch

__all__ = ["CuttingPlanes", "Risky"]

Floats = NDArray[np.float64]

_HALVINGS = 10
"""Of the part of a line that is searched: the minimum above it is known to 1/1000 of its length."""


_IDLE = 10
"""After so many steps that improve nothing, rounding is all that is left of the gap."""


class Risky(Protocol):
    """An objective 1/2 |u|^2 + R, R a convex function of scores that are linear in u."""

    @property
    def scale(self) -> float:
        """The constant of the intercept's column."""

    def scores(self, u: Floats) -> Floats:
        """Return the scores."""

    def risk(self, scores: Floats) -> tuple[float, Floats]:
        """Return R, at least 0, and a subgradient by the scores."""

    def weights(self, v: Floats) -> Floats:
        """Return the transpose of `scores` times a vector."""

    def start(self, result: Result | None) -> Floats:
        """Return weights to begin with."""

    def advice(self) -> str:
        """Return what to do where the steps were not enough."""


@dataclass(frozen=True)
class CuttingPlanes:
    """The cutting plane method with a search along a line (OCAS).

    Parameters
    ----------
    ahead : float
        Where the next plane touches R: at the best point, and this share of the way from there to the minimum above the
        planes; from 0 to 1. A plane at the best point itself would often be one that is there already.
    """

    ahead: float = 0.1

    def solve(self, problem: Risky, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return the minimum.

        Parameters
        ----------
        problem : RankingProblem, or another with a risk
        tol : float
            The relative duality gap to reach.
        max_iter : int
            The most planes.
        seed : int
            Not needed: nothing here is drawn.
        start : Result, optional
            Where to begin.
        """
        watch = Watch(tol, max_iter, problem.advice)
        best = problem.start(start)
        scores = at_scores = problem.scores(best)
        at, planes, steps, idle = best, _Planes(len(best), max(1e-14, min(1e-9, tol / 10))), 0, 0
        while True:
            risk, slope = problem.risk(at_scores)
            planes.add(problem.weights(slope), risk, at)
            lowest, dual = planes.lowest()
            primal = 0.5 * float(best @ best) + problem.risk(scores)[0]
            idle = 0 if primal < watch.primal or dual > watch.dual else idle + 1
            if watch.see(steps, best, primal, dual):
                break
            if idle == _IDLE:
                watch.stall(
                    f"relative gap {watch.gap:.1e} after {steps} passes, wanted {tol:g}: float64 has no digits left to "
                    f"make it smaller. Ask for a larger tol."
                )
                break
            direction = lowest - best
            along = problem.scores(direction)
            length = _searched(problem, best, direction, scores, along)
            best, scores = best + length * direction, scores + length * along
            # `lowest` is best + direction as it was before this step.
            rest = self.ahead * (1 - length)
            at, at_scores = best + rest * direction, scores + rest * along
            steps += 1
        return watch.result(problem.scale)


def _searched(problem: Risky, u: Floats, direction: Floats, scores: Floats, along: Floats) -> float:
    """Return about the k >= 0 where P(u + k direction) is smallest: up to 1, or beyond where it still falls."""
    linear, square = float(u @ direction), float(direction @ direction)

    def slope(k: float) -> float:
        return linear + k * square + float(problem.risk(scores + k * along)[1] @ along)

    low, high = 0.0, 1.0
    while slope(high) < 0 and high < 2**10:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return low  # up to there P falls


class _Planes:
    """The planes below the risk, the first of which is 0, and the alpha of each."""

    def __init__(self, size: int, enough: float) -> None:
        self._enough = enough
        self._slopes = np.zeros((1, size))
        self._offsets = np.zeros(1)
        self._products = np.zeros((1, 1))
        self._alpha = np.ones(1)

    def add(self, slope: Floats, value: float, at: Floats) -> None:
        """Add the plane of a slope that has a value at a point."""
        products = self._slopes @ slope
        self._products = np.block([[self._products, products[:, None]], [products, slope @ slope]])
        self._slopes = np.vstack([self._slopes, slope])
        self._offsets = np.append(self._offsets, value - float(slope @ at))
        self._alpha = np.append(self._alpha, 0.0)

    def lowest(self) -> tuple[Floats, float]:
        """Return where 1/2 |w|^2 above the planes is smallest, and D there.

        Two alpha change at a time, the one that D rises most with and, of those above 0, the one that it rises least
        with (as in sequential minimal optimisation), until D can rise by no more than a small share of itself.
        """
        alpha, gradient = self._alpha, self._offsets - self._products @ self._alpha
        for _ in range(100 * len(alpha) + 1000):
            up = int(np.argmax(gradient))
            down = int(np.argmin(np.where(alpha > 0, gradient, np.inf)))
            value = float(alpha @ (gradient + self._offsets)) / 2
            # The simplex's own bound of what is missing: max_k g_k - alpha' g.
            if gradient[up] - float(alpha @ gradient) <= self._enough * max(abs(value), np.finfo(np.float64).tiny):
                break
            bend = self._products[up, up] + self._products[down, down] - 2 * self._products[up, down]
            step = float(alpha[down])
            if bend > 0:
                step = min(step, float(gradient[up] - gradient[down]) / float(bend))
            alpha[up] += step
            alpha[down] = max(0.0, alpha[down] - step)
            gradient -= step * (self._products[:, up] - self._products[:, down])
        w = -(alpha @ self._slopes)
        return w, float(alpha @ self._offsets - w @ w / 2)
