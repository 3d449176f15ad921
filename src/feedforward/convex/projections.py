"""Projections: the point of a convex set that is nearest to a given one.

    z = argmin |z - x|  over z in C.   KKT: (x - z)' (y - z) <= 0 for all y in C: C lies behind the plane through z.

They are operations on tensors: a step that projects can be compiled, and differentiated. Sets that weights are kept in
have their formulas in ``feedforward.constraints``, which are used here. NaN stays NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.arrays import numbers
from feedforward.convex.points import as_matrix, as_tensor, as_vector
from feedforward.errors import DataError, ShapeError
from feedforward.functions import abs, maximum, minimum, reshape, sign, sum, where
from feedforward.nn.config import Range, check_number
from feedforward.nn.constraints import Ball, Simplex
from feedforward.tensor import Tensor

__all__ = [
    "project_affine",
    "project_ball",
    "project_box",
    "project_halfspace",
    "project_l1_ball",
    "project_simplex",
    "project_subspace",
]


def project_box(x: Any, low: Any = None, high: Any = None) -> Tensor:
    """Return the nearest point of a box: min(max(x, low), high), element by element.

    Parameters
    ----------
    x : float tensor, shape (...)
    low, high : float, or float array of x's shape, or None
        The bounds; None: there is none. ``low=0`` is the nonnegative orthant.

    Raises
    ------
    ValueError
        If there is no bound, one is NaN, or a lower one is above its upper one.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 8.1.1.

    Examples
    --------
    >>> from feedforward.convex import project_box
    >>> print(project_box([3.0, -4.0, 0.5], -1.0, [1.0, 1.0, 0.0]))
    [ 1. -1.  0.]
    """
    if low is None and high is None:
        raise ValueError("project_box(low=None, high=None): it has no bounds. Give one.")
    z = as_tensor(x)
    bounds = [np.asarray(numbers(each, "project_box: a bound"), np.float64) for each in (low, high) if each is not None]
    if any(np.isnan(each).any() for each in bounds) or (len(bounds) == 2 and (bounds[0] > bounds[1]).any()):
        raise ValueError(
            f"project_box(low={low!r}, high={high!r}): low must be <= high everywhere, and no NaN. Correct it."
        )
    z = z if low is None else maximum(z, _bound(low, z))
    return z if high is None else minimum(z, _bound(high, z))


def project_ball(x: Any, radius: float = 1.0, center: Any = 0.0) -> Tensor:
    """Return the nearest point of a Euclidean ball: c + (x - c) r / max(|x - c|, r).

    Parameters
    ----------
    x : float tensor, shape (...)
    radius : float
        r, above 0.
    center : float, or float array of x's shape
        c.

    Raises
    ------
    ValueError
        If the radius is not above 0.

    Examples
    --------
    >>> from feedforward.convex import project_ball
    >>> print(project_ball([3.0, 4.0]).numpy().round(4))
    [0.6 0.8]
    """
    z = as_tensor(x)
    middle = _bound(center, z)
    return Ball(radius)(z - middle) + middle


def project_simplex(x: Any, total: float = 1.0) -> Tensor:
    """Return the nearest point of {z >= 0, sum(z) = s}: max(x - t, 0), t such that the sum is s.

    Parameters
    ----------
    x : float tensor, shape (n,)
    total : float
        s, above 0.

    Raises
    ------
    ShapeError, ValueError
        If x is no vector; if the total is not above 0.

    Notes
    -----
    The formula is that of `constraints.Simplex`: n^2 comparisons, in parallel and without memory, instead of a sort.

    References
    ----------
    Duchi et al., "Efficient projections onto the l1-ball for learning in high dimensions", 2008, figure 1.

    Examples
    --------
    >>> from feedforward.convex import project_simplex
    >>> print(project_simplex([1.0, 0.5, 0.5]).numpy().round(4))  # t = 1/3
    [0.6667 0.1667 0.1667]
    """
    z = as_tensor(x)
    if z.ndim != 1:
        raise ShapeError(
            f"project_simplex: x has shape {z.shape}. Expected a vector. Reshape it, or use Simplex(axis=)."
        )
    return Simplex(total)(z)


def project_l1_ball(x: Any, radius: float = 1.0) -> Tensor:
    """Return the nearest point of {sum |z_i| <= r}: x if it is there, else sign(x) times the simplex's point for |x|.

    Parameters
    ----------
    x : float tensor, shape (...)
    radius : float
        r, above 0.

    Raises
    ------
    ValueError
        If the radius is not above 0.

    Notes
    -----
    It shrinks all elements by one number and sets those below it to 0, as the proximal operator of the norm does: hence
    the zeros of the lasso.

    References
    ----------
    Duchi et al., 2008, lemma 3 and figure 1.

    Examples
    --------
    >>> from feedforward.convex import project_l1_ball
    >>> print(project_l1_ball([3.0, -1.0], 2.5))  # both nearer to 0 by 0.75
    [ 2.25 -0.25]
    """
    check_number("project_l1_ball", "radius", radius, Range(0, has_low=False))
    z = as_tensor(x)
    flat = reshape(z, (-1,))
    shrunk = sign(flat) * Simplex(radius)(abs(flat))
    return reshape(where(sum(abs(flat)) <= radius, flat, shrunk), z.node.shape)


def project_halfspace(x: Any, normal: Any, offset: float) -> Tensor:
    """Return the nearest point of {z : a' z <= b}: x - a max(a' x - b, 0) / (a' a).

    Parameters
    ----------
    x : float tensor, shape (n,)
    normal : float array, shape (n,)
        a, not 0.
    offset : float
        b.

    Raises
    ------
    ShapeError, DataError
        If the shapes differ; if a is 0 or not finite.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 8.1.1.

    Examples
    --------
    >>> from feedforward.convex import project_halfspace
    >>> print(project_halfspace([2.0, 2.0], [1.0, 1.0], 2.0))
    [1. 1.]
    """
    check_number("project_halfspace", "offset", offset, Range())
    z = _vector("project_halfspace", x)
    a = as_vector("project_halfspace", "normal", normal, len(z))
    largest = float(np.abs(a).max())
    if largest == 0:
        raise DataError("project_halfspace: the normal is 0. Expected a direction. Give a vector that is not 0.")
    unit = a / largest  # so that no square is beyond the range of floats
    direction = _bound(unit, z)
    over = maximum(sum(direction * z) - offset / largest, 0.0)
    return z - direction * (over / float(unit @ unit))


def project_affine(x: Any, matrix: Any, values: Any) -> Tensor:
    """Return the nearest point of {z : A z = b}: x - A+ (A x - b), A+ the pseudoinverse.

    Parameters
    ----------
    x : float tensor, shape (n,)
    matrix : float array, shape (m, n)
        A; its rows may depend on each other.
    values : float array, shape (m,)
        b.

    Raises
    ------
    ShapeError, DataError
        If shapes differ; if no z fulfils A z = b.

    Notes
    -----
    Singular values below max(m, n) 2^-52 of the largest count as 0.

    References
    ----------
    Boyd and Vandenberghe, 2004, section 8.1.1 and appendix A.5.4.

    Examples
    --------
    >>> from feedforward.convex import project_affine
    >>> print(project_affine([1.0, 2.0, 6.0], [[1.0, 1.0, 1.0]], [0.0]).numpy().round(6))
    [-2. -1.  3.]
    """
    z = _vector("project_affine", x)
    a = as_matrix("project_affine", "matrix", matrix, len(z))
    b = as_vector("project_affine", "values", values, len(a))
    inverse = np.linalg.pinv(a, rcond=max(a.shape) * np.finfo(np.float64).eps)
    missed = np.abs(a @ (inverse @ b) - b).max()
    if missed > 1e-9 * max(1.0, float(np.abs(b).max())):
        raise DataError(
            f"project_affine: no point fulfils the equations; the nearest misses one by {missed:.3g}. Expected "
            f"equations that agree. Look for rows that say the same of different values."
        )
    return z - _times(inverse, _times(a, z) - _bound(b, z))


def project_subspace(x: Any, basis: Any) -> Tensor:
    """Return the nearest point of a subspace, the span of some vectors: V V+ x.

    Parameters
    ----------
    x : float tensor, shape (n,)
    basis : float array, shape (m, n)
        V', a row for each vector; they need not be independent.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> from feedforward.convex import project_subspace
    >>> print(project_subspace([1.0, 2.0, 6.0], [[1.0, 1.0, 1.0]]).numpy().round(6))  # all their mean
    [3. 3. 3.]
    """
    z = _vector("project_subspace", x)
    rows = as_matrix("project_subspace", "basis", basis, len(z))
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    q = directions[sizes > max(rows.shape) * np.finfo(np.float64).eps * max(sizes[0], np.finfo(np.float64).tiny)]
    return z * 0.0 if not len(q) else _times(q.T, _times(q, z))


def _vector(caller: str, x: Any) -> Tensor:
    """Return what a user gave as a tensor of one axis."""
    z = as_tensor(x)
    if z.ndim != 1:
        raise ShapeError(f"{caller}: x has shape {z.shape}. Expected a vector, shape (n,). Reshape it.")
    return z


def _bound(value: Any, x: Tensor) -> Tensor:
    """Return a number or an array as a tensor of x's dtype."""
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value), x.dtype)


def _times(matrix: Any, x: Tensor) -> Tensor:
    """Return a matrix times a vector."""
    return reshape(_bound(matrix, x) @ reshape(x, (-1, 1)), (-1,))
