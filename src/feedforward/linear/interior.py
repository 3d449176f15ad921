"""Interior point: losses with kinks, exactly, in some twenty steps, where the data have few columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.problem import Problem
from feedforward.linear.result import Result, Watch

__all__ = ["InteriorPoint"]

Floats = NDArray[np.float64]

_ROOM = 2**20
"""About so many numbers of the rows are made dense together."""


@dataclass(frozen=True)
class InteriorPoint:
    """Mehrotra's predictor and corrector on the dual: min 1/2 |Z^T a|^2 + a Q a / 2 - p a for 0 <= a <= h.

    The rows of Z are those of the data times y or, of a loss of |s - y|, taken twice, with + and -. A step solves
    (Z Z^T + D) x = r with D diagonal, by the Woodbury identity: a system of d + 1 equations, and n (d + 1)^2 operations
    to set it up, so that it pays for up to some hundred columns.

    References
    ----------
    Mehrotra, "On the implementation of a primal-dual interior point method", 1992; Ferris and Munson, "Interior-point
    methods for massive support vector machines", 2002.
    """

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate; it begins in the middle of the box, wherever `start` is."""
        box = problem.loss.box(problem.y, problem.cost)
        used = np.flatnonzero(problem.cost > 0)
        if box is None or not np.isfinite([box.low[used], box.high[used]]).all():
            raise ValueError(
                f"InteriorPoint: the dual variables of {type(problem.loss).__name__} have no upper end. Expected hinge "
                "or epsilon_insensitive, or their like. Use Newton for this one."
            )
        # beta = up - down: the two parts of a variable, each with its end, if that is not 0.
        ups, downs = used[box.high[used] > 0], used[box.low[used] < 0]
        places = np.concatenate([ups, downs])
        sign = np.repeat([1.0, -1.0], [len(ups), len(downs)])
        ends = np.concatenate([box.high[ups], -box.low[downs]])
        p = sign * box.p[places] - box.e
        q = box.q[places]

        def spread(a: Floats) -> Floats:
            return np.bincount(places, sign * a, len(problem.y))

        watch = Watch(tol, max_iter, problem.advice())
        a, low, high = ends / 2.0, np.ones_like(ends), np.ones_like(ends)
        steps = 0
        while True:
            beta = spread(a)
            u = problem.weights(beta)
            s = problem.scores(u)
            if watch.see(steps, u, problem.primal(u, s), problem.dual(beta, u), beta):
                break
            slope = sign * s[places] + q * a - p
            room = ends - a
            middle = float(a @ low + room @ high) / (2 * len(a))
            diagonal = low / a + high / room + q
            system = _system(problem, np.bincount(places, 1.0 / diagonal, len(problem.y)))

            def direction(
                wanted_low: Floats,
                wanted_high: Floats,
                *,
                at: tuple[Floats, Floats, Floats, Floats] = (a, room, low, high),
                slope: Floats = slope,
                diagonal: Floats = diagonal,
                system: Floats = system,
            ) -> tuple[Floats, Floats, Floats]:
                a, room, low, high = at
                right = -slope + wanted_low / a - wanted_high / room
                small = np.linalg.solve(system, problem.weights(spread(right / diagonal)))
                step = (right - sign * problem.scores(small)[places]) / diagonal
                return step, (wanted_low - low * step) / a - low, (wanted_high + high * step) / room - high

            step, low_step, high_step = direction(np.zeros_like(a), np.zeros_like(a))
            length = _longest((a, step), (room, -step), (low, low_step), (high, high_step))
            ahead = float(
                (a + length * step) @ (low + length * low_step) + (room - length * step) @ (high + length * high_step)
            ) / (2 * len(a))
            centre = middle * (ahead / middle) ** 3
            step, low_step, high_step = direction(centre - step * low_step, centre + step * high_step)
            length = 0.995 * _longest((a, step), (room, -step), (low, low_step), (high, high_step))
            a, low, high = a + length * step, low + length * low_step, high + length * high_step
            a = np.clip(a, 1e-300, np.nextafter(ends, 0.0))
            steps += 1
            if length < 1e-8 or not np.isfinite(a).all():
                watch.stall(
                    f"relative gap {watch.gap:.1e} after {steps} steps, wanted {tol:g}: float64 has no digits left for a "
                    "better step. Ask for a larger tol, or use DualCoordinateDescent."
                )
                break
        return watch.result(problem.scale)


def _system(problem: Problem, weight: Floats) -> Floats:
    """Return the identity plus sum_i weight_i x_i x_i^T, shape (d + 1, d + 1)."""
    rows = problem.rows
    system = np.eye(problem.size)
    block = max(1, _ROOM // problem.size)
    for first in range(0, rows.shape[0], block):
        chosen = np.arange(first, min(first + block, rows.shape[0]))
        dense = np.full((len(chosen), problem.size), problem.scale)
        dense[:, :-1] = rows.take(chosen).dense() if rows.is_sparse else rows.values[first : first + block]
        system += (dense * weight[chosen, None]).T @ dense
    return system


def _longest(*pairs: tuple[Floats, Floats]) -> float:
    """Return the largest step of at most 1 at which no value falls below 0."""
    length = 1.0
    for value, step in pairs:
        falling = step < 0
        if falling.any():
            length = min(length, float((-value[falling] / step[falling]).min()))
    return length
