"""Subgradients: what stands for a gradient where a convex function has a kink.

g is a subgradient of f at x if f(y) >= f(x) + g' (y - x) for all y: the plane through f(x) with slope g is nowhere
above f. Where f has a gradient, that is the only one; at a kink there are many, and the gradient conventions of the
package pick one of them:

| function | kink | all subgradients there | the one that is given |
|---|---|---|---|
| abs(x) | x = 0 | -1 to 1 | 0 |
| relu(m) | m = 0 | 0 to 1 | 0 |
| maximum(0, 1 - m) | m = 1 | -1 to 0 | -1/2: a tie is shared |
| max(x) | several are largest | averages of their unit vectors, by any weights | the plain average |
| `norm` (x) | x = 0 | the unit ball of the dual norm | 0 |

Rules of sums and chains hold for subgradients only where the outer function is convex and, in the inner one, increasing
or the inner one affine. Elsewhere what comes out need not be one: abs(x) - abs(2 x) is not convex and has none at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.convex.points import Floats, Function, as_point, as_tensor, check_callable, value_of
from feedforward.derivatives import value_and_grad
from feedforward.errors import DataError, ShapeError
from feedforward.functions import abs, cast, max, sqrt, square, sum, where
from feedforward.nn.config import Range, check_number
from feedforward.tensor import Tensor

__all__ = ["SubgradientCheck", "is_subgradient", "norm", "subgradient", "value_and_subgradient"]


def norm(x: Any, order: float = 2) -> Tensor:
    """Return the norm of all elements of a tensor together: a convex function with a subgradient everywhere.

    order 1: sum |x_i|;  2: sqrt(sum x_i^2);  infinity: max |x_i|.

    Parameters
    ----------
    x : float tensor, shape (...)
        The vector, of any shape.
    order : 1, 2 or infinity
        Which norm.

    Returns
    -------
    tensor, shape ()

    Raises
    ------
    ValueError
        If the order is another.

    Notes
    -----
    At 0 the gradient is 0. The formula sqrt(sum(square(x))) itself has none there: the root's slope is infinite.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 3.1.5 (norms are convex) and appendix A.1.2.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import norm
    >>> print(norm([3.0, -4.0]), norm([3.0, -4.0], 1), norm([3.0, -4.0], float("inf")))
    5.0 7.0 4.0
    >>> print(ff.grad(norm)([0.0, 0.0]))
    [0. 0.]
    """
    tensor = as_tensor(x)
    if order == 1:
        return sum(abs(tensor))
    if order == 2:
        squares = sum(square(tensor))
        is_zero = squares == 0.0
        # The root is taken of 1 instead of 0, so that its slope is finite where it is multiplied by 0.
        return sqrt(where(is_zero, 1.0, squares)) * (1.0 - cast(is_zero, tensor.dtype))
    if order == np.inf:
        return max(abs(tensor))
    raise ValueError(f"norm(order={order!r}): order must be 1, 2 or infinity. Got {order!r}.")


def subgradient(function: Function) -> Callable[[Any], Floats]:
    """Return a function that gives a subgradient of a convex function: its gradient, at kinks by convention.

    Parameters
    ----------
    function : callable
        Takes a tensor and returns a scalar tensor.

    Returns
    -------
    callable
        Takes a point, returns a float64 array of its shape.

    Raises
    ------
    DataError
        When called: if the gradient is not finite there, as that of sqrt at 0.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import subgradient
    >>> print(subgradient(ff.max)([2.0, 2.0, 1.0]))  # between [1, 0, 0] and [0, 1, 0]
    [0.5 0.5 0. ]
    """

    def _subgradient(x: Any) -> Floats:
        return value_and_subgradient("subgradient", function, as_point("subgradient", "x", x))[1]

    return _subgradient


def value_and_subgradient(caller: str, function: Function, x: Floats) -> tuple[float, Floats]:
    """Return the value of a function and its gradient at a point, both finite.

    Raises
    ------
    DataError
        If one of them is not.
    """
    check_callable(caller, "function", function)
    value, slope = value_and_grad(function)(x)
    number, array = float(value), np.asarray(slope.numpy(), np.float64)
    if not (np.isfinite(number) and np.isfinite(array).all()):
        what = "value" if not np.isfinite(number) else "gradient"
        raise DataError(
            f"{caller}: the function's {what} at {x.tolist()} is not finite: {number}, {array.tolist()}. Expected a "
            f"function with a finite value and slope there. Use convex.norm for a root of squares, or another start."
        )
    return number, array


@dataclass(frozen=True)
class SubgradientCheck:
    """Whether a vector can be a subgradient, as far as samples tell; true in an `if` when it can.

    Attributes
    ----------
    is_subgradient : bool
        Whether the inequality holds at all samples.
    slack : float
        The smallest f(y) - f(x) - g' (y - x) of all samples.
    at : float64 array
        The y where it is smallest.
    """

    is_subgradient: bool
    slack: float
    at: Floats

    def __bool__(self) -> bool:
        return self.is_subgradient


def is_subgradient(function: Function, x: Any, g: Any, samples: Any, *, tolerance: float = 1e-9) -> SubgradientCheck:
    """Check whether a vector is a subgradient: f(y) >= f(x) + g' (y - x) at all samples y.

    Parameters
    ----------
    function : callable
        Takes a tensor and returns a scalar tensor; infinity outside of its domain.
    x, g : float array, shape (...)
        The point and the vector.
    samples : float array, shape (n, ...)
        The y.
    tolerance : float
        What the inequality may fail by for rounding, as a share of the largest of 1, |f(x)| and |f(y)|.

    Returns
    -------
    SubgradientCheck

    Raises
    ------
    ShapeError, DataError
        If shapes differ, or f(x) is not finite.

    References
    ----------
    Boyd and Vandenberghe, 2004, (3.2), where g is the gradient; Rockafellar, "Convex analysis", 1970, section 23.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.convex import is_subgradient
    >>> around = [[-1.0], [-0.1], [0.1], [1.0]]
    >>> bool(is_subgradient(lambda x: ff.sum(ff.abs(x)), [0.0], [0.3], around))
    True
    >>> check = is_subgradient(lambda x: ff.sum(ff.abs(x)), [0.0], [1.5], around)
    >>> check.slack, check.at  # |1| - 1.5
    (-0.5, array([1.]))
    """
    check_number("is_subgradient", "tolerance", tolerance, Range(0))
    point, slope = as_point("is_subgradient", "x", x), as_point("is_subgradient", "g", g)
    others = as_point("is_subgradient", "samples", samples)
    if slope.shape != point.shape or others.shape[1:] != point.shape or others.ndim != point.ndim + 1:
        raise ShapeError(
            f"is_subgradient: x, g, samples have shapes {point.shape}, {slope.shape}, {others.shape}. Expected x and g "
            f"of one shape, and a row of that shape for each sample. Reshape them."
        )
    value = value_of("is_subgradient", function, point)
    if not np.isfinite(value):
        raise DataError(f"is_subgradient: f(x) is {value}. Expected a finite number. Give an x in the domain of f.")
    is_right, smallest, at = True, np.inf, others[0]
    for y in others:
        there = value_of("is_subgradient", function, y)
        slack = there - value - float(np.vdot(slope, y - point))
        is_right &= slack == np.inf or slack >= -tolerance * np.max([1.0, np.abs(value), np.abs(there)])
        if slack < smallest:
            smallest, at = slack, y
    return SubgradientCheck(bool(is_right), float(smallest), at)
