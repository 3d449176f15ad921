"""Proximal operators: the step towards a smaller h that does not go far from x.

    prox_{t h}(x) = argmin over z of  h(z) + |z - x|^2 / (2 t)

A projection is the one of an indicator. To add a term, write one dataclass: `__call__` is h, `prox` its operator.

Book: Parikh and Boyd, "Proximal algorithms", 2014.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.convex.points import Floats, as_matrix, as_tensor, as_vector, check_callable
from feedforward.convex.subgradients import norm
from feedforward.functions import abs, all, cast, maximum, sign, square, sum, where
from feedforward.nn.config import Range, check_number
from feedforward.tensor import Tensor

__all__ = ["Indicator", "L1", "L2", "SquaredL2", "Term", "lasso_gap"]


@dataclass(frozen=True)
class Term:
    """Base of the terms h whose proximal operator has a formula."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return h(x), a scalar tensor; infinity outside of its domain."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, x).")

    def prox(self, x: Tensor, step: float) -> Tensor:
        """Return prox_{t h}(x) in x's shape; t = step, above 0."""
        raise NotImplementedError(f"{type(self).__name__} has no prox(). Define prox(self, x, step).")


@dataclass(frozen=True)
class L1(Term):
    """h(x) = a sum |x_i|, whose operator is the soft threshold: sign(x) max(|x| - t a, 0).

    Parameters
    ----------
    weight : float
        a, at least 0.

    References
    ----------
    Parikh and Boyd, 2014, section 6.5.2.

    Examples
    --------
    >>> from feedforward.convex import L1
    >>> print(L1(2.0).prox([3.0, -0.5, -1.5], 0.5))
    [ 2.  -0.  -0.5]
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        check_number("L1", "weight", self.weight, Range(0))

    def __call__(self, x: Tensor) -> Tensor:
        """Return a sum |x_i|."""
        return self.weight * norm(x, 1)

    def prox(self, x: Tensor, step: float) -> Tensor:
        """Return the soft threshold."""
        z = as_tensor(x)
        return sign(z) * maximum(abs(z) - step * self.weight, 0.0)


@dataclass(frozen=True)
class L2(Term):
    """h(x) = a |x|, not squared, whose operator shortens x as a whole: x max(1 - t a / |x|, 0).

    Parameters
    ----------
    weight : float
        a, at least 0.

    References
    ----------
    Parikh and Boyd, 2014, section 6.5.1.

    Examples
    --------
    >>> from feedforward.convex import L2
    >>> print(L2(1.0).prox([3.0, 4.0], 2.5), L2(1.0).prox([3.0, 4.0], 9.0))
    [1.5 2. ] [0. 0.]
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        check_number("L2", "weight", self.weight, Range(0))

    def __call__(self, x: Tensor) -> Tensor:
        """Return a |x|."""
        return self.weight * norm(x)

    def prox(self, x: Tensor, step: float) -> Tensor:
        """Return x, shorter by t a."""
        z = as_tensor(x)
        length = norm(z)
        return z * maximum(1.0 - step * self.weight / where(length == 0.0, 1.0, length), 0.0)


@dataclass(frozen=True)
class SquaredL2(Term):
    """h(x) = a/2 |x|^2, whose operator is x / (1 + t a).

    Parameters
    ----------
    weight : float
        a, at least 0.

    References
    ----------
    Parikh and Boyd, 2014, section 6.1.1.

    Examples
    --------
    >>> from feedforward.convex import SquaredL2
    >>> print(SquaredL2(3.0).prox([4.0, 8.0], 1.0))
    [1. 2.]
    """

    weight: float = 1.0

    def __post_init__(self) -> None:
        check_number("SquaredL2", "weight", self.weight, Range(0))

    def __call__(self, x: Tensor) -> Tensor:
        """Return a/2 |x|^2."""
        return self.weight / 2.0 * sum(square(as_tensor(x)))

    def prox(self, x: Tensor, step: float) -> Tensor:
        """Return x / (1 + t a)."""
        z = as_tensor(x)
        return z / (1.0 + step * self.weight)


@dataclass(frozen=True)
class Indicator(Term):
    """h(x) = 0 in a convex set, infinity elsewhere; its operator is the projection, whatever the step.

    Parameters
    ----------
    project : callable
        Returns the nearest point of the set, as the functions of this package do, or a constraint of
        ``feedforward.constraints`` whose set is convex.

    Notes
    -----
    A point counts as in the set if no element is moved by more than 10^-9 (1 + |x_i|), for rounding.

    References
    ----------
    Parikh and Boyd, 2014, section 1.2.

    Examples
    --------
    >>> from feedforward.convex import Indicator, project_box
    >>> h = Indicator(lambda x: project_box(x, -1.0, 1.0))
    >>> print(h([0.5]), h([2.0]), h.prox([2.0], 0.1))
    0.0 inf [1.]
    """

    project: Callable[[Tensor], Tensor]

    def __post_init__(self) -> None:
        check_callable("Indicator", "project", self.project)

    def __call__(self, x: Tensor) -> Tensor:
        """Return 0 or infinity."""
        z = as_tensor(x)
        is_inside = all(abs(self.project(z) - z) <= 1e-9 * (1.0 + abs(z)))
        return where(is_inside, 0.0, cast(Tensor(np.inf), z.dtype))

    def prox(self, x: Tensor, step: float) -> Tensor:
        """Return the nearest point of the set."""
        return self.project(as_tensor(x))


def lasso_gap(matrix: Any, target: Any, weight: float) -> Callable[[Floats], float]:
    """Return the duality gap of the lasso as a function of x: how far its value can be from the smallest one.

    P(x) = 1/2 |A x - b|^2 + a |x|_1;  D(u) = 1/2 |b|^2 - 1/2 |u - b|^2  for |A' u|_inf <= a.

    Parameters
    ----------
    matrix : float array, shape (n, d)
        A.
    target : float array, shape (n,)
        b.
    weight : float
        a, above 0.

    Returns
    -------
    callable
        Takes x, shape (d,), returns P(x) - D(u) >= 0 for u = s (b - A x), where s is the best of those that D allows.

    References
    ----------
    Kim et al., "An interior-point method for large-scale l1-regularized least squares", 2007, section III.

    Examples
    --------
    >>> from feedforward.convex import lasso_gap
    >>> gap = lasso_gap([[1.0]], [3.0], 1.0)  # 1/2 (x - 3)^2 + |x| is smallest at 2
    >>> gap([2.0]), gap([0.0])
    (0.0, 2.0)
    """
    check_number("lasso_gap", "weight", weight, Range(0, has_low=False))
    a = as_matrix("lasso_gap", "matrix", matrix)
    b = as_vector("lasso_gap", "target", target, len(a))

    def _gap(x: Any) -> float:
        point = as_vector("lasso_gap", "x", x, a.shape[1])
        residual = b - a @ point
        # D(s r) = 1/2 |b|^2 - 1/2 |s r - b|^2 is largest at s = b' r / |r|^2; |s| is cut where A' u leaves the box.
        most = weight / max(float(np.abs(a.T @ residual).max()), np.finfo(np.float64).tiny)
        best = float(b @ residual) / max(float(residual @ residual), np.finfo(np.float64).tiny)
        u = float(np.clip(best, -most, most)) * residual
        primal = residual @ residual / 2 + weight * np.abs(point).sum()
        return max(0.0, float(primal - (b @ b - (u - b) @ (u - b)) / 2))

    return _gap
