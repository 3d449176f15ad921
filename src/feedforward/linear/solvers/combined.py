"""Two solvers in turn: one that comes near quickly, and one that is exact and has its price."""

from __future__ import annotations

from dataclasses import dataclass

from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result
from feedforward.linear.solvers.dual import DualCoordinateDescent
from feedforward.linear.solvers.interior import InteriorPoint, pairs

__all__ = ["DualThenInterior"]

_STEPS = 20
"""About how many steps `InteriorPoint` makes."""

_OF_ROW, _OF_ELEMENT = 15, 16
"""What a step costs beside its outer products, in passes of `DualCoordinateDescent` times rows and elements."""


@dataclass(frozen=True)
class DualThenInterior:
    """`DualCoordinateDescent` for about as long as `InteriorPoint` would take, and that one if the gap is still larger.

    The first needs few passes to a gap of 1e-3 and, where classes overlap and C is large, thousands to 1e-6; the second
    some twenty steps to either. So both together take at most about twice as long as the better one would alone.
    """

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate."""
        passes = min(_passes_of_interior(problem), max_iter // 2)  # enough are left for the second
        near = DualCoordinateDescent().solve(problem, tol, passes, seed, start)
        return near if near.is_done else InteriorPoint().after(near, problem, tol, max_iter)


def _passes_of_interior(problem: Problem) -> int:
    """Return how many passes of dual coordinate descent take as long as an interior point."""
    rows, stored = problem.rows.shape[0], problem.rows.values.size
    step = pairs(problem.rows) + problem.size**3 + _OF_ELEMENT * stored + _OF_ROW * rows
    return max(1, _STEPS * step // (4 * stored + 16 * rows))
