"""Projections: sets that an optimizer keeps parameters in, by moving each to the nearest point after its step.

To add a set, write one registered dataclass: its fields are its configuration, `nearest` its formula. A parameter is
one vector of all its elements. What is nearest is measured by the optimizer: by the Euclidean norm, unless it has a
norm of its own, see `Optimizer.norm`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.functions import cast, clip, expand_dims, max, maximum, minimum, reshape, sqrt, square, sum
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, number_setting, registered
from feedforward.tensor import Tensor

__all__ = ["Ball", "Box", "Projection", "Simplex"]

PROJECTIONS: Registry[type[Projection]] = Registry("projection")
"""Every set by its name in files."""

Norm: TypeAlias = Tensor | tuple[Tensor, Tensor] | None
"""By what distances are measured: None, d^T d; a tensor h, sum(h d^2); matrices H and its inverse, d^T H d."""

_MOST_OF_SIMPLEX = 4096

_NEWTON_STEPS, _GRADIENT_STEPS = 16, 64


@dataclass(frozen=True)
class Projection:
    """Base of all sets, which have to be convex.

    Notes
    -----
    One of your own needs `nearest` alone. To keep it in a file, register it, also where the file is read:
    ``@registered(PROJECTIONS)`` above ``@dataclass(frozen=True)``, with ``registered`` from `feedforward.nn.config` and
    ``PROJECTIONS`` from `feedforward.nn.projections`.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            if "allowed" in field.metadata and not (value is None and field.default is None):
                check_number(type(self).__name__, name, value, field.metadata["allowed"])
                object.__setattr__(self, name, float(value))

    def __call__(self, parameter: Tensor, norm: Norm = None) -> Tensor:
        """Return the point of the set that is nearest to a parameter.

        Parameters
        ----------
        parameter : float tensor or array, shape (...)
            Where it is before.
        norm : tensor, pair of tensors, or None
            A tensor h > 0 of the parameter's shape; or H, positive definite, and its inverse, both (n, n) for a
            parameter of n elements.

        Raises
        ------
        DtypeError
            If the parameter does not hold floats.

        Notes
        -----
        Computed in float64. By H, and by h in a set of your own, it is what 64 steps of a projected gradient with
        momentum come to: in the set, and as far from the nearest point as these leave it, about exp(-64 / sqrt(k)) of
        the way, where k is the condition of H. 16 steps of Newton's method find the point of a ball by h; all else is
        exact.
        """
        parameter = parameter if isinstance(parameter, Tensor) else Tensor(parameter)
        dtype, shape = parameter.dtype, parameter.node.shape
        if dtype.kind != "f":
            raise DtypeError(
                f"{self!r}: what was given is {dtype.name}. Give floats, among which there is a nearest point."
            )
        wide = cast(reshape(parameter, (-1,)), "float64")
        if norm is None:
            found = self.nearest(wide)
        elif isinstance(norm, Tensor):
            found = self.nearest_by(wide, cast(reshape(norm, (-1,)), "float64"))
        else:
            matrix, inverse = (cast(each, "float64") for each in norm)
            found = self._descended(wide, matrix, _largest(matrix), 1.0 / _largest(inverse))
        return reshape(cast(found, dtype), shape)

    def nearest(self, w: Tensor) -> Tensor:
        """Return the nearest point by the Euclidean norm.

        Parameters
        ----------
        w : float64 tensor, shape (n,)
            Where it is before.
        """
        raise NotImplementedError(f"{type(self).__name__} has no nearest(). Define nearest(self, w).")

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return the point x where sum(h (x - w)^2) is smallest.

        Parameters
        ----------
        w, h : float64 tensor, shape (n,)
            Where it is before, and what the directions count, above 0.
        """
        return self._descended(w, h, max(h), 1.0 / max(1.0 / h))

    def _descended(self, w: Tensor, norm: Tensor, largest: Tensor, smallest: Tensor) -> Tensor:
        """Return where a projected gradient with momentum comes to; the bounds are those of the norm's eigenvalues."""
        root = sqrt(largest / smallest)
        momentum = (root - 1.0) / (root + 1.0) * (w * 0.0 + 1.0)
        part = norm / largest
        is_matrix = len(part.shape) == 2
        identity = Tensor(np.eye(len(part)) if is_matrix else 1.0, "float64")
        keep, start = identity - part, part @ w if is_matrix else part * w
        x = ahead = self.nearest(w)
        for _ in range(_GRADIENT_STEPS):
            before, x = x, self.nearest((keep @ ahead if is_matrix else keep * ahead) + start)
            ahead = x + (x - before) * momentum
        return x


def _largest(matrix: Tensor) -> Tensor:
    """Return a bound on the largest eigenvalue, too large by n^(1/8) at most."""
    squared = matrix @ matrix
    return sqrt(sqrt(_length(squared @ squared)))


def _length(x: Tensor) -> Tensor:
    return sqrt(sum(square(x)))


@registered(PROJECTIONS)
@dataclass(frozen=True)
class Box(Projection):
    """All elements from a low to a high number.

    Parameters
    ----------
    low, high : float or None
        The bounds; None: there is none. By default elements are not negative.

    Examples
    --------
    >>> print(Box(-1.0, 1.0)(Tensor([-3.0, 0.5, 2.0])))
    [-1.   0.5  1. ]
    """

    low: float | None = number_setting(Range(), 0.0)
    high: float | None = number_setting(Range(), None)

    def __post_init__(self) -> None:
        if self.low is not None:
            super().__post_init__()
        elif self.high is None:
            raise ValueError("Box(low=None, high=None): it has no bounds. Give one.")
        else:
            check_number("Box", "high", self.high, Range())
            object.__setattr__(self, "high", float(self.high))
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"Box(low={self.low:g}, high={self.high:g}): it is empty. Give low <= high.")

    def nearest(self, w: Tensor) -> Tensor:
        """Return the elements, each cut at the bounds."""
        if self.low is None:
            return minimum(w, self.high)
        return maximum(w, self.low) if self.high is None else clip(w, self.low, self.high)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return the same: each element is on its own."""
        return self.nearest(w)


@registered(PROJECTIONS)
@dataclass(frozen=True)
class Ball(Projection):
    """All points whose distance to 0 is at most a radius.

    Parameters
    ----------
    radius : float
        R, above 0: |x| <= R in the Euclidean norm.

    Notes
    -----
    By h the nearest point is x = h w / (h + a), with the a >= 0 for which |x| = R if w is outside. Newton's method on
    1 / |x| - 1 / R comes to it from below.

    References
    ----------
    More and Sorensen, "Computing a trust region step", 1983, section 3.

    Examples
    --------
    >>> print(Ball(1.0)(Tensor([3.0, 4.0])))
    [0.6 0.8]
    """

    radius: float = number_setting(Range(0, has_low=False), 1.0)

    def nearest(self, w: Tensor) -> Tensor:
        """Return w R / max(|w|, R)."""
        return w * (self.radius / maximum(_length(w), self.radius))

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return h w / (h + a)."""
        largest, a = max(h), Tensor(0.0, "float64")
        h = h / largest
        for _ in range(_NEWTON_STEPS):
            x = h * w / (h + a)
            length = _length(x)
            a = a + maximum(length / self.radius - 1.0, 0.0) * square(length) / maximum(
                sum(square(x) / (h + a)), np.finfo(np.float64).tiny
            )
        return self.nearest(h * w / (h + a))


@registered(PROJECTIONS)
@dataclass(frozen=True)
class Simplex(Projection):
    """All points whose elements are not negative and add up to a total: the probabilities, if that is 1.

    Parameters
    ----------
    total : float
        s, above 0.

    Notes
    -----
    The nearest point is max(w - a / h, 0) with h = 1 unless the norm says otherwise. The a for which it adds up to s is
    the largest of all (sum(w) - s) / sum(1 / h) over the elements for which h w is not below that of one: computed for
    each of n elements, n^2 operations in all, at most 4,096 elements.

    References
    ----------
    Held, Wolfe and Crowder, "Validation of subgradient optimization", 1974; Duchi et al., "Efficient projections onto
    the l1-ball for learning in high dimensions", 2008, figure 1.

    Examples
    --------
    >>> print(Simplex()(Tensor([0.5, 1.5, -2.0])))
    [0. 1. 0.]
    """

    total: float = number_setting(Range(0, has_low=False), 1.0)

    def nearest(self, w: Tensor) -> Tensor:
        """Return max(w - a, 0)."""
        return self.nearest_by(w, w * 0.0 + 1.0)

    def nearest_by(self, w: Tensor, h: Tensor) -> Tensor:
        """Return max(w - a / h, 0)."""
        count = w.shape[0]
        if count is not None and count > _MOST_OF_SIMPLEX:
            raise ShapeError(
                f"Simplex: a parameter of {count} elements was given, which takes n^2 operations. Expected at most "
                f"{_MOST_OF_SIMPLEX}; give the pattern of smaller ones."
            )
        level = h * w
        above = cast(expand_dims(level, 0) >= expand_dims(level, 1), "float64")
        a = max((sum(above * w, axis=1) - self.total) / sum(above / h, axis=1))
        return maximum(w - a / h, 0.0)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.optimizers.projections", __all__)
