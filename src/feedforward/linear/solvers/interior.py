"""Interior point: losses with kinks, exactly, in some twenty steps, where the data have few columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import outer, squared_norms
from feedforward.linear.losses import Box, inner
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch
from feedforward.linear.rows import Rows

__all__ = ["InteriorPoint", "is_small", "pairs"]

Floats = NDArray[np.float64]

_ROOM = 2**20
"""About so many numbers of the rows are made dense together."""

_MOST_COLUMNS = 10_000
"""Of these the system of a step takes 800 MB, and some minutes to be solved."""


_WORK = 2**27
"""So many multiplications take about a tenth of a second."""


_DENSE_GAIN = 8
"""How many times as fast a library multiplies dense blocks."""


def pairs(rows: Rows) -> int:
    """Return how many pairs of elements the rows have: what their outer products cost."""
    if not rows.is_sparse:
        return rows.shape[0] * rows.shape[1] ** 2
    _, _, starts = rows.compressed()
    return int(np.square(np.diff(starts), dtype=np.float64).sum())


def is_small(problem: Problem) -> bool:
    """Return whether a step costs at most 2**27 multiplications: 1,000 rows of 360 elements, or 30,000 of 65."""
    return max(pairs(problem.rows), problem.size**3) <= _WORK


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
        return self.after(None, problem, tol, max_iter)

    def after(self, earlier: Result | None, problem: Problem, tol: float, max_iter: int) -> Result:
        """Return what `solve` does; what another solver found for the problem counts, in passes and gap."""
        box = problem.box
        used = np.flatnonzero(problem.cost > 0)
        if box is None or not np.isfinite([box.low[used], box.high[used]]).all():
            raise ValueError(
                f"InteriorPoint: the dual variables of {type(problem.loss).__name__} have no upper end. Expected hinge "
                "or epsilon_insensitive, or their like. Use Newton for this one."
            )
        if problem.size > _MOST_COLUMNS:
            raise ValueError(
                f"InteriorPoint: {problem.size} columns with that of the intercept, expected at most {_MOST_COLUMNS}, "
                "since each step solves a system of that size. Use DualCoordinateDescent."
            )
        watch = Watch(tol, max_iter, problem.advice)
        if earlier is not None:
            watch.follow(earlier, problem.start(earlier))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # `watch` says where numbers end
            return self._solved(problem, box, watch)

    def _solved(self, problem: Problem, box: Box, watch: Watch) -> Result:
        """Return weights and their certificate, for a box whose ends are finite."""
        used = np.flatnonzero(problem.cost > 0)
        # beta = up - down: the two parts of a variable, each with its end, if that is not 0.
        ups, downs = used[box.high[used] > 0], used[box.low[used] < 0]
        parts = _Parts(problem, np.concatenate([ups, downs]), np.repeat([1.0, -1.0], [len(ups), len(downs)]))
        ends = np.concatenate([box.high[ups], -box.low[downs]])
        p = parts.sign * box.p[parts.rows] - box.e
        q = box.q[parts.rows]
        zero = np.zeros(problem.size)
        if watch.see(0, zero, problem.primal(zero), 0.0, np.zeros_like(problem.y)):  # where there is nothing to learn
            return watch.result(problem.scale)
        # Dual variables that matter are near 1 / |x|^2: a box that is much larger must not set the scale.
        norms = squared_norms(problem.rows)[parts.rows] + problem.scale**2
        start_at = np.minimum(ends / 2.0, 1.0 / max(float(norms.mean()), 1e-300))
        steps = _descended(parts, p, q, ends, start_at, watch)
        if watch.history[-1].passes < watch.max_iter:  # else `watch` has its own words
            watch.stall(
                f"relative gap {watch.gap:.1e} after {steps} steps, wanted {watch.tol:g}: float64 has no digits for a "
                "better step. Scale the columns, ask for a larger tol, or use DualCoordinateDescent."
            )
        return watch.result(problem.scale)


def _descended(parts: _Parts, p: Floats, q: Floats, ends: Floats, a: Floats, watch: Watch) -> int:
    """Step from some variables until `watch` has seen enough or no step is left, and return how many it were."""
    problem, steps = parts.problem, 0
    low, high = np.ones_like(a), np.ones_like(a)  # the multipliers of both ends
    while np.isfinite(a).all():
        beta = parts.joined(a)
        u = problem.weights(beta)
        s = problem.scores(u)
        if watch.see(steps, u, problem.primal(u, s), problem.dual(beta, u), beta):
            break
        point = _Point(a, ends - a, low, high)
        gap = point.gap()
        if not gap > 0:  # all products are rounded to 0
            break
        try:
            system = _System.at(parts, point, parts.sign * s[parts.rows] + q * a - p, q)
            ahead = system.step(np.zeros_like(a), np.zeros_like(a), corrections=0)  # it says how far to go, no more
            length = point.longest(ahead)
            centre = gap * (point.moved(ahead, length).gap() / gap) ** 3
            step = system.step(centre - ahead.a * ahead.low, centre + ahead.a * ahead.high)
        except np.linalg.LinAlgError:
            break
        length = 0.995 * point.longest(step)
        moved = point.moved(step, length)
        a, low, high = np.clip(moved.a, 1e-300, np.nextafter(ends, 0.0)), moved.low, moved.high
        steps += 1
        if length < 1e-8:
            break
    return steps


@dataclass(frozen=True)
class _Parts:
    """Which row each variable a belongs to, and with which sign: beta_i is the sum of its signed parts."""

    problem: Problem
    rows: NDArray[np.int64]
    sign: Floats

    def joined(self, a: Floats) -> Floats:
        """Return the sum of the signed parts of each row."""
        joined: Floats = np.bincount(self.rows, self.sign * a, len(self.problem.y)).astype(np.float64, copy=False)
        return joined


@dataclass(frozen=True)
class _Point:
    """Variables, their room up to the upper ends, and the multipliers of both ends; or a step of these."""

    a: Floats
    room: Floats
    low: Floats
    high: Floats

    def gap(self) -> float:
        """Return the mean product of a distance to an end with its multiplier, 0 at the solution."""
        return (inner(self.a, self.low) + inner(self.room, self.high)) / (2 * len(self.a))

    def moved(self, step: _Point, length: float) -> _Point:
        """Return the point after a step."""
        pairs = zip(_parts_of(self), _parts_of(step), strict=True)
        return _Point(*(value + length * change for value, change in pairs))

    def longest(self, step: _Point) -> float:
        """Return the largest step of at most 1 at which nothing falls below 0."""
        length = 1.0
        for value, change in zip(_parts_of(self), _parts_of(step), strict=True):
            falling = change < 0
            if falling.any():
                length = min(length, float((-value[falling] / change[falling]).min()))
        return length


def _parts_of(point: _Point) -> tuple[Floats, ...]:
    return point.a, point.room, point.low, point.high


@dataclass(frozen=True)
class _System:
    """The linear equations of a step at a point: (Z Z^T + D) x = r."""

    parts: _Parts
    point: _Point
    slope: Floats
    diagonal: Floats
    matrix: Floats

    @classmethod
    def at(cls, parts: _Parts, point: _Point, slope: Floats, q: Floats) -> _System:
        """Return the equations at a point, given the slope there."""
        diagonal = point.low / point.a + point.high / point.room + q
        weight = np.bincount(parts.rows, 1.0 / diagonal, len(parts.problem.y)).astype(np.float64, copy=False)
        return cls(parts, point, slope, diagonal, _system(parts.problem, weight))

    def step(self, wanted_low: Floats, wanted_high: Floats, corrections: int = 2) -> _Point:
        """Return the step after which the products with the multipliers would be those wanted, to first order."""
        here = self.point
        right = -self.slope + wanted_low / here.a - wanted_high / here.room
        a = self._solved(right)
        # The identity loses digits where the diagonal is small: solve for what is left, too.
        for _ in range(corrections):
            a = a + self._solved(right - self._times(a))
        low = (wanted_low - here.low * a) / here.a - here.low
        high = (wanted_high + here.high * a) / here.room - here.high
        return _Point(a, -a, low, high)

    def _solved(self, right: Floats) -> Floats:
        """Return x with (Z Z^T + D) x = right, up to roundings."""
        weights = self.parts.problem.weights(self.parts.joined(right / self.diagonal))
        small = np.linalg.solve(self.matrix, weights).astype(np.float64, copy=False)
        solved: Floats = (right - self._scores(small)) / self.diagonal
        return solved

    def _times(self, x: Floats) -> Floats:
        """Return (Z Z^T + D) x."""
        product: Floats = self._scores(self.parts.problem.weights(self.parts.joined(x))) + self.diagonal * x
        return product

    def _scores(self, u: Floats) -> Floats:
        """Return Z u."""
        scores: Floats = self.parts.sign * self.parts.problem.scores(u)[self.parts.rows]
        return scores


def _system(problem: Problem, weight: Floats) -> Floats:
    """Return the identity plus sum_i weight_i x_i x_i^T, shape (d + 1, d + 1)."""
    rows = problem.rows
    system = np.eye(problem.size)
    if pairs(rows) < rows.shape[0] * problem.size**2 / _DENSE_GAIN:
        border = problem.weights(weight) * problem.scale
        system[:-1, :-1] += outer(rows, weight)
        system[:-1, -1] += border[:-1]
        system[-1] += border
        return system
    block = max(1, _ROOM // problem.size)
    for first in range(0, rows.shape[0], block):
        chosen = np.arange(first, min(first + block, rows.shape[0]))
        dense = np.full((len(chosen), problem.size), problem.scale)
        dense[:, :-1] = rows.take(chosen).dense() if rows.is_sparse else rows.values[first : first + block]
        system += (dense * weight[chosen, None]).T @ dense
    return system
