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
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from feedforward.functions import cast, clip, expand_dims, max, maximum, minimum, reshape, sqrt, square, sum, where
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, is_int, registered, resolve
from feedforward.tensor import Tensor

__all__ = ["Ball", "Box", "Constraint", "MaxNorm", "MinMaxNorm", "NonNegative", "Simplex", "UnitNorm"]

CONSTRAINTS: Registry[type[Constraint]] = Registry("constraint")
"""Every constraint by its name."""

Norm: TypeAlias = Tensor | tuple[Tensor, Tensor] | None
"""By what distances are measured: None, d^T d; a tensor h, sum(h d^2); matrices H and its inverse, d^T H d."""

_POSITIVE = Range(0, has_low=False)

_NEWTON_STEPS, _GRADIENT_STEPS = 16, 64


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

    is_convex: ClassVar[bool] = False
    """Whether the set is convex, and `__call__` its nearest point: then it has one by every norm."""

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the point of the set that is nearest to a weight, in its shape and dtype."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, weight).")

    def nearest(self, weight: Tensor, norm: Norm) -> Tensor:
        """Return the point of a convex set that is nearest to a weight by a norm; of another set, what `__call__` does.

        Parameters
        ----------
        weight : float tensor, shape (...)
            Where it is before.
        norm : tensor, pair of tensors, or None
            A tensor h > 0 of the weight's shape; or H, positive definite, and its inverse, both (n, n) for a weight of
            n elements; None is the Euclidean one.

        Notes
        -----
        Computed in float64. By H, and by h in a set of your own, it is what 64 steps of a projected gradient with
        momentum come to: in the set, and as far from the nearest point as these leave it, about exp(-64 / sqrt(k)) of
        the way, where k is the condition of H. 16 steps of Newton's method find a length by h; all else is exact.
        """
        if norm is None or not self.is_convex:
            return self(weight)
        wide = cast(weight, "float64")
        if isinstance(norm, Tensor):
            found = self.nearest_by(wide, cast(norm, "float64"))
        else:
            matrix, inverse = (cast(each, "float64") for each in norm)
            found = self._descended(wide, matrix, _largest(matrix), 1.0 / _largest(inverse))
        return cast(found, weight.dtype)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return the point x of a convex set where sum(h (x - w)^2) is smallest.

        Parameters
        ----------
        w, h : float64 tensor, shape (...)
            Where it is before, and what the directions count, above 0.
        """
        return self._descended(w, h, max(h), 1.0 / max(1.0 / h))

    def _descended(self, weight: Tensor, norm: Tensor, largest: Tensor, smallest: Tensor) -> Tensor:
        """Return where a projected gradient with momentum comes to; the bounds are those of the norm's eigenvalues."""
        shape = weight.node.shape

        def inside(point: Tensor) -> Tensor:
            return reshape(self(reshape(point, shape)), (-1, 1))

        root = sqrt(largest / smallest)
        w = reshape(weight, (-1, 1))
        momentum = (root - 1.0) / (root + 1.0) * (w * 0.0 + 1.0)
        is_matrix = norm.node.shape != shape
        part = norm / largest if is_matrix else reshape(norm / largest, (-1, 1))
        identity = Tensor(np.eye(len(part)) if is_matrix else 1.0, "float64")
        keep, start = identity - part, part @ w if is_matrix else part * w
        x = ahead = inside(w)
        for _ in range(_GRADIENT_STEPS):
            before, x = x, inside((keep @ ahead if is_matrix else keep * ahead) + start)
            ahead = x + (x - before) * momentum
        return reshape(x, shape)


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

    is_convex = True

    max_value: float = 2.0
    axis: int | Sequence[int] = 0

    def __post_init__(self) -> None:
        check_number("MaxNorm", "max_value", self.max_value, _POSITIVE)
        _check_axis(self)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight whose norms are at most m."""
        return _shortened(weight, self.max_value, self.axis)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return h w / (h + a), with an a for each norm."""
        return _shortened_by(w, h, self.max_value, self.axis)


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

    is_convex = True

    def __call__(self, weight: Tensor) -> Tensor:
        """Return max(w, 0)."""
        return maximum(weight, 0.0)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return the same: each element is on its own."""
        return self(w)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class Box(Constraint):
    """Keeps every weight from `low` to `high`: w becomes min(max(w, low), high).

    Parameters
    ----------
    low, high : float or None
        The bounds; None: there is none.
    """

    is_convex = True

    low: float | None = -1.0
    high: float | None = 1.0

    def __post_init__(self) -> None:
        for name, bound in (("low", self.low), ("high", self.high)):
            if bound is not None:
                check_number("Box", name, bound, Range())
        if self.low is not None and self.high is not None:
            _check_order("Box", "low", self.low, "high", self.high)
        elif self.low is self.high:
            raise ValueError("Box(low=None, high=None): it has no bounds. Give one.")

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the weight, cut off at the bounds."""
        weight = weight if self.low is None else maximum(weight, self.low)
        return weight if self.high is None else minimum(weight, self.high)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return the same: each element is on its own."""
        return self(w)


@registered(CONSTRAINTS)
@dataclass(frozen=True)
class Ball(Constraint):
    """Keeps the Euclidean norm of a weight as a whole at most r: w becomes w r / max(|w|, r).

    Parameters
    ----------
    radius : float
        r, above 0.

    Notes
    -----
    By h the nearest point is x = h w / (h + a), with the a >= 0 for which |x| = r if w is outside. Newton's method on
    1 / |x| - 1 / r comes to it from below.

    References
    ----------
    Shalev-Shwartz et al., "Pegasos: primal estimated sub-gradient solver for SVM", 2007, whose optional step this is.
    By h: More and Sorensen, "Computing a trust region step", 1983, section 3.
    """

    is_convex = True

    radius: float = 1.0

    def __post_init__(self) -> None:
        check_number("Ball", "radius", self.radius, _POSITIVE)

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight of norm at most r."""
        return _shortened(weight, self.radius, None)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return h w / (h + a)."""
        return _shortened_by(w, h, self.radius, None)


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
    By h it is max(w - t / h, 0). t is the largest of all (sum(w) - s) / sum(1 / h), over the weights whose h w is not
    below that of one of them. Instead of sorting, each is compared with all others along the axis: n^2 comparisons for
    n of them, but no memory.

    References
    ----------
    Held, Wolfe and Crowder, "Validation of subgradient optimization", 1974; Duchi et al., "Efficient projections onto
    the l1-ball for learning in high dimensions", 2008, figure 1.

    Examples
    --------
    >>> print(Simplex()(Tensor([1.0, 0.5, 0.5])).numpy().round(4))  # 1/3 less of each
    [0.6667 0.1667 0.1667]
    >>> print(Simplex()(Tensor([2.0, 0.25, -1.0])))
    [1. 0. 0.]
    """

    is_convex = True

    total: float = 1.0
    axis: int = 0

    def __post_init__(self) -> None:
        check_number("Simplex", "total", self.total, _POSITIVE)
        if not is_int(self.axis):
            raise ValueError(f"Simplex(axis={self.axis!r}): axis must be an int. Got {self.axis!r}.")

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the nearest weight whose parts along the axis are probabilities times s."""
        return self._nearest(weight, None)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return max(w - t / h, 0)."""
        return self._nearest(w, 1.0 / h)

    def _nearest(self, w: Tensor, inverse: Tensor | None) -> Tensor:
        """Return the nearest weight by the norm whose inverse is 1 / h; None: 1."""
        level = w if inverse is None else w / inverse
        # Another t for all changes nothing; after this one no sum cancels.
        top = max(level, self.axis, keepdims=True)
        level, w = level - top, w - (top if inverse is None else top * inverse)
        axis = self.axis % w.ndim
        is_above = cast(expand_dims(level, axis) >= expand_dims(level, axis + 1), w.dtype)  # each counts itself
        weights = is_above if inverse is None else is_above * expand_dims(inverse, axis)
        t = (sum(is_above * expand_dims(w, axis), axis + 1) - self.total) / sum(weights, axis + 1)
        t = max(t, axis, keepdims=True)
        return maximum(w - (t if inverse is None else t * inverse), 0.0)


def as_constraint(constraint: Any) -> Constraint | None:
    """Return the constraint that a name, a configuration or an instance stands for; None for none."""
    return None if constraint is None else resolve(CONSTRAINTS, constraint)


def _norm(weight: Tensor, axis: int | Sequence[int] | None) -> Tensor:
    """Return Euclidean norms in float64, where no square of a float32 overflows."""
    return sqrt(sum(square(cast(weight, "float64")), axis, keepdims=True))


def _shortened(weight: Tensor, length: float, axis: int | Sequence[int] | None) -> Tensor:
    """Return a weight whose norms are at most a length."""
    return weight * cast(length / maximum(_norm(weight, axis), length), weight.dtype)


def _shortened_by(w: Tensor, h: Tensor, length: float, axis: int | Sequence[int] | None) -> Tensor:
    """Return the weight x whose norms are at most a length, and sum(h (x - w)^2) smallest."""
    h = h / max(h, axis, keepdims=True)
    a = 0.0 * sum(h, axis, keepdims=True)
    for _ in range(_NEWTON_STEPS):
        x = h * w / (h + a)
        norm = _norm(x, axis)
        slope = maximum(sum(square(x) / (h + a), axis, keepdims=True), np.finfo(np.float64).tiny)
        a = a + maximum(norm / length - 1.0, 0.0) * square(norm) / slope
    return _shortened(h * w / (h + a), length, axis)


def _largest(matrix: Tensor) -> Tensor:
    """Return a bound on the largest eigenvalue, too large by n^(1/8) at most."""
    squared = matrix @ matrix
    return sqrt(sqrt(sqrt(sum(square(squared @ squared)))))


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
