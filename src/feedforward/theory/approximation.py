"""One hidden layer comes as near as one wants to a function of one number: networks with a proven and a measured error.

Here: constructions, what is proven of them, and how far a network is from a function. Not here: functions of two
numbers (``surfaces.py``), what training finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from feedforward.arrays import numbers
from feedforward.convex.points import Floats, as_vector
from feedforward.errors import DataError, ShapeError
from feedforward.figures import new_figure
from feedforward.nn.config import Range, check_choice, check_int, check_number
from feedforward.theory.chain import make_network, values_of
from feedforward.theory.pieces import linear_pieces
from feedforward.training.model import Model
from feedforward.training.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Approximation",
    "Curve",
    "Function",
    "SupremumError",
    "approximate",
    "as_domain",
    "supremum_error",
    "values_at",
]

Function: TypeAlias = Callable[[Floats], Any]
"""From numbers x, shape (n,), to as many."""

_MOST_UNITS = 4096
"""A measured error takes some (units x units) numbers in memory: 128 MiB of these."""


@dataclass(frozen=True)
class Curve:
    """A function of one number that knows where it has a given slope, so that errors against it are exact.

    Parameters
    ----------
    function : callable
        From numbers x, shape (n,), to as many.
    where_slope_is : callable
        For a slope, all x at which the function has it; others among them do no harm.
    kinks : sequence of float
        Where it has no derivative.

    Examples
    --------
    >>> wave = Curve.polynomial([0.0, 1.0, -1.0])  # x - x^2
    >>> wave(np.array([0.5])), wave.where_slope_is(0.0)
    (array([0.25]), array([0.5]))
    """

    function: Function
    where_slope_is: Callable[[float], Any]
    kinks: Sequence[float] = ()

    def __call__(self, x: Floats) -> Any:
        """Return the function's values."""
        return self.function(x)

    @classmethod
    def polynomial(cls, coefficients: Any) -> Curve:
        """Return a polynomial, the constant first."""
        polynomial = np.polynomial.Polynomial(as_vector("Curve.polynomial", "coefficients", coefficients))
        slope = polynomial.deriv()
        # Rounding may part a double root into two that are not quite real: real parts are all kept.
        return cls(polynomial, lambda wanted: np.real((slope - wanted).roots()))

    @classmethod
    def through(cls, x: Any, y: Any) -> Curve:
        """Return straight lines from point to point, x ascending, shape (n,); on both sides it is constant."""
        knots = as_vector("Curve.through", "x", x)
        heights = as_vector("Curve.through", "y", y, len(knots))
        if (np.diff(knots) <= 0).any():
            raise DataError(f"Curve.through: x is {knots.tolist()}. Expected ascending numbers. Sort the points.")
        return cls(lambda z: np.interp(z, knots, heights), lambda _: (), tuple(knots.tolist()))


@dataclass(frozen=True)
class SupremumError:
    """Between which numbers the largest |f(x) - network(x)| lies.

    Attributes
    ----------
    low, high : float
        Bounds; the same where the extremes are known.
    at : float, or pair of float
        A point with the error `low`.
    """

    low: float
    high: float
    at: float | tuple[float, float]

    @property
    def is_exact(self) -> bool:
        """Whether the two bounds are one number, up to rounding of float64."""
        return self.low == self.high

    def __str__(self) -> str:
        return f"{self.low:.6g}" if self.is_exact else f"{self.low:.6g} to {self.high:.6g}"


@dataclass(frozen=True)
class Approximation:
    """A network that is near a function, how near it must be, and how near it is.

    Attributes
    ----------
    model : Sequential
        The network, of float64: from shape (n, 1) to (n, 1).
    construction : str
        How it was made.
    units : int
        In its hidden layer.
    bound : float
        No function with the Lipschitz constant that was given is further from its network, but for rounding.
    error : SupremumError
        How far this one is.
    function : callable
    domain : tuple of float
    """

    model: Sequential
    construction: str
    units: int
    bound: float
    error: SupremumError
    function: Function
    domain: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.construction}, {self.units} units: error {self.error}, proven <= {self.bound:.6g}"

    def plot(self, points: int = 1000) -> Figure:
        """Draw function and network, and below them their difference between the bounds that are proven.

        Parameters
        ----------
        points : int
            For how many x, at least 2.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        check_int("Approximation.plot", "points", points, 2)
        x = np.linspace(*self.domain, points)
        true, made = values_at("Approximation.plot", self.function, x), values_of(self.model, x[:, np.newaxis])[:, 0]
        figure, axes = new_figure("Approximation.plot", 2, 1, (6.4, 5.6))
        axes[0, 0].plot(x, true, label="f")
        axes[0, 0].plot(x, made, "--", label=f"network of {self.units} units")
        axes[0, 0].legend()
        axes[1, 0].plot(x, true - made, "k")
        for side in (-self.bound, self.bound):
            axes[1, 0].axhline(side, color="C3", linestyle=":")
        axes[1, 0].set(xlabel="x", ylabel="f - network", title=f"largest {self.error}, proven <= {self.bound:.3g}")
        return figure  # type: ignore[no-any-return]


def approximate(
    function: Function,
    lipschitz: float,
    epsilon: float,
    domain: tuple[float, float] = (0.0, 1.0),
    construction: Literal["minimal", "bumps", "sigmoid"] = "minimal",
) -> Approximation:
    """Return a network of one hidden layer that is nowhere further than epsilon from a function.

    The domain [a, b] is cut into n pieces of width w = (b - a) / n <= 2 epsilon / L.

    Parameters
    ----------
    function : callable or Curve
        f: from x, float64 of shape (n,), to as many numbers. Of a `Curve` the error is measured exactly.
    lipschitz : float
        L, above 0: |f(x) - f(y)| <= L |x - y| in the domain.
    epsilon : float
        How far the network may be, above 0.
    domain : tuple of float
        a and b, a < b.
    construction : {"minimal", "bumps", "sigmoid"}
        ``"minimal"``: n units relu(x - x_i), which bend the network at the ends of the pieces so that it has the values
        of f there. ``"bumps"``: the value of f at each piece's middle, and between two pieces a step, which takes two
        units: (relu(x - t + w/4) - relu(x - t - w/4)) 2 / w. ``"sigmoid"``: steps of one unit each, sigmoid(k (x - t)).

    Returns
    -------
    Approximation

    Raises
    ------
    ValueError
        If a number is out of its range, or more than 4096 units would be needed.
    TypeError, ShapeError, DataError
        If the function is none, or returns no finite number for each x, or changes by more than `lipschitz` allows.

    Notes
    -----
    minimal: at x = x_i + s w, the interpolant is (1 - s) f(x_i) + s f(x_i + w), from which f(x) differs by at most
    (1 - s) L s w + s L (1 - s) w <= L w / 2. For a network that knows only these values no less can be promised: of f
    that are the same at the x_i, two may differ by L w in between.

    bumps: between two middles the network is (1 - s) f(c_i) + s f(c_{i+1}) with s <= 1/2 where c_i is nearer; f(x)
    differs by at most L times the same average of the distances, which is at most L w / 2.

    sigmoid: the same holds of the step at hand, s = sigmoid(k (x - t)). Each other step, of height at most L w, is off
    from 0 or 1 by less than exp(-k distance), and these are at most q + q^2 + q^3 + ..., q = exp(-k w / 2). So the
    bound is L w (1/2 + q / (1 - q)); n is one more than above, and k so large that this is epsilon.

    Rounding adds up to about n L (b - a) 2**-52 to each.

    References
    ----------
    Cybenko, "Approximation by superpositions of a sigmoidal function", 1989; Hornik, "Approximation capabilities of
    multilayer feedforward networks", 1991; for ReLU steps, Nielsen, "Neural networks and deep learning", 2015, chapter
    4.

    Examples
    --------
    >>> from feedforward import theory
    >>> hill = theory.Curve.polynomial([0.0, 1.0, -1.0])  # x - x^2, |slope| <= 1
    >>> print(theory.approximate(hill, 1.0, 0.1))  # between two values, 1/5 apart, it is (1/5)^2 / 4 off
    minimal, 5 units: error 0.01, proven <= 0.1
    >>> print(theory.approximate(hill, 1.0, 0.1, construction="bumps"))
    bumps, 8 units: error 0.09, proven <= 0.1
    """
    caller = "approximate"
    check_number(caller, "lipschitz", lipschitz, Range(0, has_low=False))
    check_number(caller, "epsilon", epsilon, Range(0, has_low=False))
    check_choice(caller, "construction", construction, ["minimal", "bumps", "sigmoid"])
    a, b = as_domain(caller, domain)
    pieces = max(1 if construction == "minimal" else 2, math.ceil(lipschitz * (b - a) / (2 * epsilon)))
    if lipschitz * (b - a) / pieces > 2 * epsilon or construction == "sigmoid":
        pieces += 1  # the quotient was rounded down; or there must be room for what the other steps add
    if pieces > _MOST_UNITS:
        raise ValueError(
            f"{caller}(lipschitz={lipschitz!r}, epsilon={epsilon!r}): {pieces} pieces are needed on {(a, b)}. Expected "
            f"at most {_MOST_UNITS}. Raise epsilon, or take a smaller domain."
        )
    width = (b - a) / pieces
    if construction == "minimal":
        knots: Floats = np.linspace(a, b, pieces + 1)
        values = _checked(caller, function, knots, lipschitz)
        slopes = np.diff(values) / np.diff(knots)
        model = _one_layer(1.0, knots[:-1], np.diff(slopes, prepend=0.0), values[0], "relu")
        bound = lipschitz * width / 2
    else:
        middles: Floats = np.linspace(a + width / 2, b - width / 2, pieces)
        values = _checked(caller, function, middles, lipschitz)
        steps: Floats = np.diff(values)
        at: Floats = np.linspace(a, b, pieces + 1)[1:-1]
        if construction == "bumps":
            ends, rises = np.concatenate([at - width / 4, at + width / 4]), steps * 2 / width
            model = _one_layer(1.0, ends, np.concatenate([rises, -rises]), values[0], "relu")
            bound = lipschitz * width / 2
        else:
            room = epsilon / (lipschitz * width) - 0.5  # q / (1 - q)
            steepness = 2 / width * math.log1p(1 / room)
            model = _one_layer(steepness, at, steps, values[0], "sigmoid")
            # The slope of a step is at most k / 4 at its middle, and k exp(-k distance) elsewhere.
            bound, net_slope = epsilon, lipschitz * width * steepness * (0.25 + room)
    error = (
        _error_between(caller, model, function, np.array([a, b]), lipschitz + net_slope, 16 * pieces)
        if construction == "sigmoid"
        else supremum_error(model, function, lipschitz, (a, b))
    )
    units = pieces if construction == "minimal" else (pieces - 1) * (2 if construction == "bumps" else 1)
    return Approximation(model, construction, units, bound, error, function, (a, b))


def supremum_error(
    model: Model, function: Function, lipschitz: float, domain: tuple[float, float] = (0.0, 1.0), points: int = 16
) -> SupremumError:
    """Return between which numbers the largest |f(x) - network(x)| lies, for a piecewise linear network.

    Parameters
    ----------
    model : Model
        From one number to one; a chain, as for `linear_pieces`, of float64.
    function : callable or Curve
        f. On a piece of the network with slope s, a `Curve` is furthest at an end, at a kink of its own, or where its
        slope is s, too: there the error is computed, and so is exact. Else see Notes.
    lipschitz : float
        L, above 0: |f(x) - f(y)| <= L |x - y|.
    domain : tuple of float
    points : int
        Into how many parts each piece is cut, at least 1, where f is no `Curve`.

    Returns
    -------
    SupremumError

    Raises
    ------
    ValueError, TypeError, ShapeError, DataError
        As for `approximate` and `linear_pieces`.

    Notes
    -----
    Between two points at a distance d the network is linear, and f at most L d / 2 from the line through its own
    values; so no error there is above the larger one of the two and L d / 2.

    Examples
    --------
    >>> from feedforward import theory
    >>> line = theory.make_network(([[1.0]], [0.0], None))
    >>> theory.supremum_error(line, theory.Curve.polynomial([0.0, 0.0, 1.0]), 2.0)  # x - x^2 is largest at 1/2
    SupremumError(low=0.25, high=0.25, at=0.5)
    """
    caller = "supremum_error"
    check_number(caller, "lipschitz", lipschitz, Range(0, has_low=False))
    check_int(caller, "points", points, 1)
    a, b = as_domain(caller, domain)
    pieces = linear_pieces(model, [a], [b])
    edges = a + pieces.breaks * (b - a)
    slopes = pieces.slopes / (b - a)
    if slopes.shape[1] != 1:
        raise ShapeError(f"{caller}: the network has {slopes.shape[1]} outputs. Expected one. Take one of them.")
    if not isinstance(function, Curve):
        return _error_between(caller, model, function, edges, lipschitz, points)
    parts = [edges, np.asarray(function.kinks, np.float64)]
    for slope, left, right in zip(slopes[:, 0].tolist(), edges, edges[1:], strict=False):
        parts.append(np.clip(np.asarray(function.where_slope_is(slope), np.float64).reshape(-1), left, right))
    x = np.concatenate(parts)
    x = x[(a <= x) & (x <= b)]
    errors = np.abs(values_at(caller, function, x) - values_of(model, x[:, np.newaxis])[:, 0])
    largest = int(errors.argmax())
    return SupremumError(float(errors[largest]), float(errors[largest]), float(x[largest]))


def _error_between(
    caller: str, model: Model, function: Function, edges: Floats, change: float, points: int
) -> SupremumError:
    """Return bounds of the largest error, which over a distance d rises by at most change d / 2 above both ends."""
    shares = np.arange(points) / points
    x = np.append((edges[:-1, np.newaxis] + np.diff(edges)[:, np.newaxis] * shares).reshape(-1), edges[-1])
    errors = np.abs(values_at(caller, function, x) - values_of(model, x[:, np.newaxis])[:, 0])
    between = np.maximum(errors[1:], errors[:-1]) + change * np.diff(x) / 2
    largest = int(errors.argmax())
    return SupremumError(float(errors[largest]), float(between.max()), float(x[largest]))


def _one_layer(scale: float, at: Floats, heights: Floats, start: float, activation: str) -> Sequential:
    """Return start + sum_i heights_i activation(scale (x - at_i))."""
    return make_network(
        (np.full((1, len(at)), scale), -scale * at, activation), (heights[:, np.newaxis], [start], None)
    )


def as_domain(caller: str, domain: Any) -> tuple[float, float]:
    """Return an interval as two numbers.

    Raises
    ------
    DataError, ShapeError
        If it is not two finite numbers, the first below the second.
    """
    a, b = as_vector(caller, "domain", domain, 2).tolist()
    if not a < b:
        raise DataError(f"{caller}: domain is {(a, b)}. Expected (a, b) with a < b. Exchange them, or move one.")
    return a, b


def values_at(caller: str, function: Function, x: Floats) -> Floats:
    """Return what a user's function gives for x, shape (n, ...): as many finite numbers, shape (n,).

    Raises
    ------
    TypeError, ShapeError, DataError
        If it is no function, or returns something else.
    """
    if not callable(function):
        raise TypeError(f"{caller}: function is {function!r:.60}. Expected a function of an array. Give one: np.sin.")
    values = np.asarray(numbers(function(x), f"{caller}: what the function returned"), np.float64)
    if values.shape != (len(x),):
        raise ShapeError(
            f"{caller}: the function returned shape {values.shape} for x of shape {x.shape}. Expected {(len(x),)}. Use "
            f"operations of arrays, such as np.sin; or np.vectorize."
        )
    is_bad = ~np.isfinite(values)
    if is_bad.any():
        raise DataError(
            f"{caller}: the function is {values[is_bad][0]} at {x[is_bad][0].tolist()}. Expected finite numbers. Take "
            f"a domain in which it has values."
        )
    return values


def _checked(caller: str, function: Function, x: Floats, lipschitz: float) -> Floats:
    """Return values of a function at ascending x that change no faster than they may."""
    values = values_at(caller, function, x)
    # Values may be off by some roundings of their own size.
    excess = np.abs(np.diff(values)) - lipschitz * np.diff(x) - 2.0**-48 * np.abs(values).max()
    if (excess > 0).any():
        at = int(excess.argmax())
        raise DataError(
            f"{caller}: the function changes from {values[at]:g} to {values[at + 1]:g} between x = {x[at]:g} and "
            f"{x[at + 1]:g}. Expected at most lipschitz = {lipschitz:g} times the distance. Give a larger one."
        )
    return values
