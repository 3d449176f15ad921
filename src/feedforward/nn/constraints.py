"""Constraints: sets that weights are kept in, by taking the nearest point of the set after each update.

To add one, write one dataclass here: its fields are its configuration, `__call__` its projection. A variable that is
made with a constraint (`Layer.add_weight`, or ``Variable(..., constraint=)``) is projected by every optimizer, within
the compiled step; with `optimizers.SGD` that is the projected gradient method.

References: Boyd and Vandenberghe, "Convex optimization", 2004, section 8.1 (projections); Bertsekas, "Nonlinear
programming", 1999, section 2.3 (projected gradients).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedforward.functions import cast, clip, expand_dims, max, maximum, minimum, sqrt, square, sum, where
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, is_int, registered, resolve
from feedforward.tensor import Tensor

__all__ = ["Ball", "Box", "Constraint", "MaxNorm", "MinMaxNorm", "NonNegative", "Simplex", "UnitNorm"]

CONSTRAINTS: Registry[type[Constraint]] = Registry("constraint")
"""Every constraint by its name."""

_POSITIVE = Range(0, has_low=False)


@dataclass(frozen=True)
class Constraint:
    """Base of all constraints.

    Notes
    -----
    A layer's first weights are projected too; what `set_weights` or `assign` give are taken as they are until the next
    update. Weights that are not trained stay as they are.

    To keep one of your own in a file, register it, also where the file is read: ``@registered(CONSTRAINTS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``CONSTRAINTS`` from
    `feedforward.nn.constraints`.

    Examples
    --------
    >>> import feedforward as ff
    >>> w = ff.Variable([3.0, -4.0], constraint=ff.constraints.Box(-1.0, 1.0))
    >>> ff.optimizers.SGD(1.0).apply_gradients([(ff.Tensor([2.5, 1.0]), w)])
    >>> print(w)  # 3 - 2.5 and -4 - 1, which is below the box
    [ 0.5 -1. ]
    """

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the point of the set that is nearest to a weight, in its shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, weight).")


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class MaxNorm(Constraint):
    """Keeps the Euclidean norm along an axis at most m: w becomes w m / max(|w|, m).

    Parameters
    ----------
    max_value : float
        m, above 0.
    axis : int or sequence of int
        Along which axes the squares are added up. 0, the inputs of a `Dense` kernel (d, k), bounds the weights of each
        unit; of a convolution's kernel (height, width, d, k) they are ``(0, 1, 2)``.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 5.1.
    """

    max_value: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        check_number("MaxNorm", "max_value", self.max_value, _POSITIVE)
        _check_axis(self)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight whose norms are at most m."""
        return weight * cast(self.max_value / maximum(_norm(weight, self.axis), self.max_value), weight.dtype)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class UnitNorm(Constraint):
    """Keeps the Euclidean norm along an axis at 1: w becomes w / |w|; zeros stay zeros.

    Parameters
    ----------
    axis : int or sequence of int
        As for `MaxNorm`.
    """

    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        _check_axis(self)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight whose norms are 1."""
        return weight * cast(1.0 / _not_zero(_norm(weight, self.axis)), weight.dtype)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class MinMaxNorm(Constraint):
    """Draws the Euclidean norm n along an axis to the interval from l to h: to r clip(n, l, h) + (1 - r) n.

    Parameters
    ----------
    min_value, max_value : float
        l, at least 0, and h, at least l.
    rate : float
        r, above 0 and at most 1, which puts the norm into the interval at once.
    axis : int or sequence of int
        As for `MaxNorm`.

    Notes
    -----
    Zeros stay zeros.
    """

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        check_number("MinMaxNorm", "min_value", self.min_value, Range(0))
        check_number("MinMaxNorm", "max_value", self.max_value, Range(0))
        check_number("MinMaxNorm", "rate", self.rate, Range(0, 1, has_low=False))
        _check_order("MinMaxNorm", "min_value", self.min_value, "max_value", self.max_value)
        _check_axis(self)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the weight with norms in the interval, or nearer to it."""
        norm = _norm(weight, self.axis)
        wanted = self.rate * clip(norm, self.min_value, self.max_value) + (1.0 - self.rate) * norm
        return weight * cast(wanted / _not_zero(norm), weight.dtype)


@registered(CONSTRAINTS, "non_neg")
@dataclass(frozen=True)
class NonNegative(Constraint):
    """Keeps every weight at or above 0: w becomes max(w, 0)."""

    def __call__(self, weight: Tensor) -> Tensor:
        """Return max(w, 0)."""
        return maximum(weight, 0.0)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class Box(Constraint):
    """Keeps every weight from `low` to `high`: w becomes min(max(w, low), high).

    Parameters
    ----------
    low, high : float
        The bounds.
    """

    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_number("Box", "low", self.low, Range())
        check_number("Box", "high", self.high, Range())
        _check_order("Box", "low", self.low, "high", self.high)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the weight, cut off at the bounds."""
        return minimum(maximum(weight, self.low), self.high)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class Ball(Constraint):
    """Keeps the Euclidean norm of a weight as a whole at most r: w becomes w r / max(|w|, r).

    Parameters
    ----------
    radius : float
        r, above 0.

    References
    ----------
    Shalev-Shwartz et al., "Pegasos: primal estimated sub-gradient solver for SVM", 2007, whose optional step this is.
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        check_number("Ball", "radius", self.radius, _POSITIVE)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight of norm at most r."""
        return weight * cast(self.radius / maximum(_norm(weight, None), self.radius), weight.dtype)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class Simplex(Constraint):
    """Keeps weights at or above 0 with sum s along an axis: w becomes max(w - t, 0), t such that the sum is s.

    Parameters
    ----------
    total : float
        s, above 0: with 1 the weights are probabilities.
    axis : int
        Along which axis they are added up.

    Notes
    -----
    t = (sum of the k largest - s) / k for the largest k whose smallest member is above it. Instead of sorting, each
    weight is compared with all others along the axis: n^2 comparisons for n of them, but no memory.

    References
    ----------
    Duchi et al., "Efficient projections onto the l1-ball for learning in high dimensions", 2008, figure 1.

    Examples
    --------
    >>> print(Simplex()(Tensor([1.0, 0.5, 0.5])).numpy().round(4))  # 1/3 less of each
    [0.6667 0.1667 0.1667]
    >>> print(Simplex()(Tensor([2.0, 0.25, -1.0])))
    [1. 0. 0.]
    """

    total: float = 1.0
    axis: int = 0

    def __post_init__(self) -> None:
        check_number("Simplex", "total", self.total, _POSITIVE)
        if not is_int(self.axis):
            raise ValueError(f"Simplex(axis={self.axis!r}): axis must be an int. Got {self.axis!r}.")

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight whose parts along the axis are probabilities times s."""
        # An equal shift of all changes nothing; after this one no sum cancels.
        w = weight - max(weight, self.axis, keepdims=True)
        axis = self.axis % w.ndim
        each, other = expand_dims(w, axis + 1), expand_dims(w, axis)
        is_above = other >= each  # each counts itself
        sum_above = sum(where(is_above, other, 0.0), axis + 1)
        count_above = sum(cast(is_above, w.dtype), axis + 1)
        is_kept = w * count_above - sum_above + self.total > 0.0
        excess = sum(where(is_kept, w, 0.0), axis, keepdims=True) - self.total
        return maximum(w - excess / sum(cast(is_kept, w.dtype), axis, keepdims=True), 0.0)


def as_constraint(constraint: Any) -> Constraint | None:
    """Return the constraint that a name, a configuration or an instance stands for; None for none."""
    return None if constraint is None else resolve(CONSTRAINTS, constraint)


def _norm(weight: Tensor, axis: int | Sequence[int] | None) -> Tensor:
    """Return Euclidean norms in float64, where no square of a float32 overflows."""
    return sqrt(sum(square(cast(weight, "float64")), axis, keepdims=True))


def _not_zero(norm: Tensor) -> Tensor:
    """Return norms, and 1 for those that are 0, to divide by."""
    return where(norm == 0.0, 1.0, norm)


def _check_axis(constraint: Any) -> None:
    """Check that the axis is an int or several."""
    axis = constraint.axis
    if not (is_int(axis) or (isinstance(axis, list | tuple) and axis and all(is_int(each) for each in axis))):
        raise ValueError(
            f"{type(constraint).__name__}(axis={axis!r}): axis must be an int or a tuple of ints. Got {axis!r}."
        )
    object.__setattr__(constraint, "axis", int(axis) if is_int(axis) else tuple(int(each) for each in axis))


def _check_order(owner: str, low_name: str, low: float, high_name: str, high: float) -> None:
    if low > high:
        raise ValueError(
            f"{owner}({low_name}={low!r}, {high_name}={high!r}): {low_name} must be <= {high_name}. "
            f"Got {low!r} and {high!r}."
        )


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.constraints", __all__)
