"""Step sizes: how far a gradient method goes in its k-th step, k = 1, 2, ...

A constant step reaches a smooth function's minimum if it is at most 1/L, L the largest slope of the gradient. A
subgradient method needs steps that go to 0, and whose sum does not end: 1/k, the shorter ones, and 1/sqrt(k); or
Polyak's, which know how far the value is from the smallest one. What is proven of each is in ``rates.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from feedforward.nn.config import Range, check_number

__all__ = ["Backtracking", "Constant", "InverseRoot", "InverseTime", "Polyak", "Step"]

_POSITIVE = Range(0, has_low=False)


@dataclass(frozen=True)
class Step:
    """Base of the rules whose steps are known beforehand."""

    def at(self, iteration: int) -> float:
        """Return the length of the step of an iteration, counted from 1."""
        raise NotImplementedError(f"{type(self).__name__} has no at(). Define at(self, iteration).")


@dataclass(frozen=True)
class Constant(Step):
    """The same step always: 1/L, of a function whose gradient changes by at most L |x - y|.

    Parameters
    ----------
    length : float
        Above 0.
    """

    length: float

    def __post_init__(self) -> None:
        check_number("Constant", "length", self.length, _POSITIVE)

    def at(self, iteration: int) -> float:
        """Return the length."""
        return self.length


@dataclass(frozen=True)
class InverseTime(Step):
    """a / (k + c). For f at least m/2 |x - y|^2 above its planes: a = 1/m and c = 0, as in Pegasos, or 2/m and 1.

    Parameters
    ----------
    first : float
        a, above 0.
    offset : float
        c, at least 0. With a = 2/m and c = 1 the rate has no logarithm, see `CurvedSubgradientRate`.
    """

    first: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        check_number("InverseTime", "first", self.first, _POSITIVE)
        check_number("InverseTime", "offset", self.offset, Range(0))

    def at(self, iteration: int) -> float:
        """Return a / (k + c)."""
        return self.first / (iteration + self.offset)


@dataclass(frozen=True)
class InverseRoot(Step):
    """a / sqrt(k): the order that is best for subgradients bounded by G at a distance R, with a = R / G.

    Parameters
    ----------
    first : float
        a, above 0.
    """

    first: float = 1.0

    def __post_init__(self) -> None:
        check_number("InverseRoot", "first", self.first, _POSITIVE)

    def at(self, iteration: int) -> float:
        """Return a / sqrt(k)."""
        return self.first / math.sqrt(iteration)


@dataclass(frozen=True)
class Polyak:
    """(f(x) - f*) / |g|^2: the step that lessens the bound of the distance to a minimum most; f* must be known.

    |x - t g - x*|^2 <= |x - x*|^2 - 2 t (f(x) - f*) + t^2 |g|^2, which is smallest for this t.

    It has no settings: `subgradient_method` takes its `lower_bound` for f*. If that is below f*, steps are too long.

    References
    ----------
    Polyak, "Introduction to optimization", 1987; Boyd, Xiao and Mutapcic, "Subgradient methods", lecture notes, 2003.
    """


@dataclass(frozen=True)
class Backtracking:
    """A step t that is cut until f lies below its bound there: no L need be known.

    f(z) <= f(x) + g' (z - x) + |z - x|^2 / (2 t)

    Parameters
    ----------
    first : float
        What the first iteration tries; each later one begins with what the one before it came to.
    factor : float
        What t is multiplied by, above 0 and below 1.

    Notes
    -----
    Without a term, z = x - t g, and the condition is Armijo's with its constant 1/2: f(z) <= f(x) - t/2 |g|^2.

    References
    ----------
    Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives", 1966; Beck and Teboulle,
    "A fast iterative shrinkage-thresholding algorithm for linear inverse problems", 2009, section 3.
    """

    first: float = 1.0
    factor: float = 0.5

    def __post_init__(self) -> None:
        check_number("Backtracking", "first", self.first, _POSITIVE)
        check_number("Backtracking", "factor", self.factor, Range(0, 1, has_low=False, has_high=False))
