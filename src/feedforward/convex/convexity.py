"""Whether a function is convex: by Jensen's inequality along segments, and by the eigenvalues of its Hessian.

Neither is a proof. What is returned when a function is not convex is one: a counterexample, whose numbers can be
checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.convex.points import Floats, Function, as_point, value_of
from feedforward.derivatives import hessian
from feedforward.errors import DataError, ShapeError
from feedforward.nn.config import Range, check_int, check_number

__all__ = ["Convexity", "Counterexample", "is_convex", "is_convex_by_hessian"]


@dataclass(frozen=True)
class Counterexample:
    """Why a function is not convex.

    Attributes
    ----------
    x, y : float64 array
        The ends of a segment; of a Hessian, a point and the point one step along the eigenvector from it.
    weight : float
        t of the point z = t x + (1 - t) y; NaN for a Hessian.
    excess : float
        f(z) - t f(x) - (1 - t) f(y), above 0; of a Hessian, its smallest eigenvalue, negated.
    """

    x: Floats
    y: Floats
    weight: float
    excess: float


@dataclass(frozen=True)
class Convexity:
    """What a search for a counterexample found; true in an `if` when it found none.

    Attributes
    ----------
    counterexample : Counterexample or None
        The worst that was found.
    checked : int
        How many inequalities, or points, were looked at.
    """

    counterexample: Counterexample | None
    checked: int

    @property
    def is_convex(self) -> bool:
        """Whether nothing speaks against it."""
        return self.counterexample is None

    def __bool__(self) -> bool:
        return self.is_convex


def is_convex(
    function: Function, samples: Any, *, pairs: int = 200, weights: int = 2, tolerance: float = 1e-9, seed: int = 0
) -> Convexity:
    """Look for a segment above which a function does not lie.

    f(t x + (1 - t) y) <= t f(x) + (1 - t) f(y), for pairs x, y of samples, t = 1/2 and some more t drawn from [0, 1].

    Parameters
    ----------
    function : callable
        Takes a tensor, a sample, and returns a scalar tensor; infinity outside of its domain.
    samples : float array, shape (n, ...)
        At least 2 points: where the function is asked about.
    pairs : int
        How many pairs of them at most; all, if there are no more.
    weights : int
        How many t beside the midpoint.
    tolerance : float
        What an inequality may fail by for the rounding of f, as a share of the largest of 1, |f(x)| and |f(y)|.
    seed : int
        Of the pairs and the t.

    Returns
    -------
    Convexity
        With the counterexample that is worst by that share.

    Raises
    ------
    DataError, ShapeError
        If there are fewer than 2 samples, or the function is NaN or no scalar.

    Notes
    -----
    A function can be convex on the samples and not elsewhere. A continuous one for which the midpoint is enough
    everywhere is convex; the other t find what has a jump.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 3.1.1 and (3.5).

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import is_convex
    >>> bool(is_convex(lambda x: ff.sum(ff.square(x)), [[0.0], [1.0], [-2.0]]))
    True
    >>> found = is_convex(lambda x: ff.sum(ff.sin(x)), [[0.0], [3.0]], weights=0)
    >>> round(found.counterexample.excess, 4)  # sin(1.5) - sin(3) / 2
    0.9269
    """
    check_int("is_convex", "pairs", pairs, 1)
    check_int("is_convex", "weights", weights, 0)
    check_number("is_convex", "tolerance", tolerance, Range(0))
    check_int("is_convex", "seed", seed, 0)
    points = as_point("is_convex", "samples", samples)
    if points.ndim < 1 or len(points) < 2:
        raise ShapeError(f"is_convex: samples have shape {points.shape}. Expected at least 2 points, a row each.")
    random = np.random.default_rng(seed)
    chosen = _pairs(len(points), pairs, random)
    values = {place: value_of("is_convex", function, points[place]) for place in sorted(set(chosen.flat))}
    worst, share_of_worst = None, tolerance
    for first, second in chosen.tolist():
        x, y, high = points[first], points[second], max(1.0, abs(values[first]), abs(values[second]))
        for t in (0.5, *random.random(weights).tolist()):
            chord = t * values[first] + (1 - t) * values[second]
            if chord == np.inf:  # an end outside of the domain asks nothing
                continue
            excess = value_of("is_convex", function, t * x + (1 - t) * y) - chord
            share = excess / high if np.isfinite(high) else excess
            if share > share_of_worst:
                worst, share_of_worst = Counterexample(x, y, t, excess), share
    return Convexity(worst, len(chosen) * (1 + weights))


def is_convex_by_hessian(function: Function, points: Any, *, tolerance: float = 1e-9) -> Convexity:
    """Look for a point at which the Hessian of a function has an eigenvalue below 0.

    v' H(x) v >= 0 for all v, H_ij = d^2 f / dx_i dx_j.

    Parameters
    ----------
    function : callable
        Takes a tensor, a point, and returns a scalar tensor; it has two derivatives at the points.
    points : float array, shape (n, ...)
        Where it is asked about.
    tolerance : float
        How far below 0 an eigenvalue may be for rounding, as a share of the largest |eigenvalue| there, or of 1.

    Returns
    -------
    Convexity
        The counterexample has the smallest eigenvalue of all, negated, as `excess`.

    Raises
    ------
    DataError, ShapeError
        If a Hessian is not finite, or the function returns no scalar.

    Notes
    -----
    At a kink a gradient is by convention, and a Hessian knows nothing of the kink: use `is_convex`. The cost of a point
    of d elements is d gradients and an eigenvalue problem, d^3.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 3.1.4.

    Examples
    --------
    >>> from feedforward.convex import is_convex_by_hessian
    >>> found = is_convex_by_hessian(lambda x: x[0] * x[1], [[1.0, 1.0]])  # H = [[0, 1], [1, 0]]
    >>> bool(found), round(found.counterexample.excess, 12)
    (False, 1.0)
    """
    check_number("is_convex_by_hessian", "tolerance", tolerance, Range(0))
    array = np.atleast_1d(as_point("is_convex_by_hessian", "points", points))
    second = hessian(function)
    worst, smallest = None, 0.0
    for x in array:
        matrix = np.asarray(second(x).numpy(), np.float64).reshape(x.size, x.size)
        if not np.isfinite(matrix).all():
            raise DataError(
                f"is_convex_by_hessian: the Hessian at {x.tolist()} is not finite. Expected two derivatives there. "
                f"Give points in the inside of the domain, or use is_convex."
            )
        eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        largest = max(1.0, float(np.abs(eigenvalues).max()))
        if eigenvalues[0] < -tolerance * largest and eigenvalues[0] < smallest:
            smallest = float(eigenvalues[0])
            worst = Counterexample(x, x + vectors[:, 0].reshape(x.shape), float("nan"), -smallest)
    return Convexity(worst, len(array))


def _pairs(count: int, most: int, random: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return pairs of different samples, shape (pairs, 2): all of them, or as many as asked for."""
    if count * (count - 1) // 2 <= most:
        return np.stack(np.triu_indices(count, 1), 1)
    first = random.integers(count, size=most)
    return np.stack([first, (first + random.integers(1, count, size=most)) % count], 1)
