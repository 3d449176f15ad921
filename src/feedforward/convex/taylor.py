"""The quadratic model of a function near a point: its Taylor polynomial of degree 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.convex.points import Floats, Function, as_vector
from feedforward.convex.subgradients import value_and_subgradient
from feedforward.derivatives import hessian
from feedforward.errors import DataError

__all__ = ["QuadraticModel", "quadratic_model"]


@dataclass(frozen=True)
class QuadraticModel:
    """q(y) = f(x) + g' (y - x) + 1/2 (y - x)' H (y - x), with the error |y - x|^3 times a constant near x.

    Attributes
    ----------
    point : float64 array, shape (d,)
        x.
    value : float
        f(x).
    gradient : float64 array, shape (d,)
        g.
    hessian : float64 array, shape (d, d)
        H, symmetric.
    """

    point: Floats
    value: float
    gradient: Floats
    hessian: Floats

    def __call__(self, y: Any) -> Any:
        """Return q at one point, shape (d,), as a float; or at many, shape (..., d), as an array."""
        moved = np.asarray(y, np.float64) - self.point
        return self.value + moved @ self.gradient + 0.5 * np.einsum("...i,ij,...j->...", moved, self.hessian, moved)

    @property
    def eigenvalues(self) -> Floats:
        """Curvatures of f at x in the directions of the eigenvectors, ascending: all above 0 where q is a bowl."""
        return np.asarray(np.linalg.eigvalsh(self.hessian), np.float64)

    def minimum(self) -> Floats:
        """Return the point where q is smallest, x - H^-1 g: where Newton's method goes next.

        Raises
        ------
        DataError
            If H has an eigenvalue that is not above 0: then q has no smallest value, or many such points.
        """
        smallest = float(self.eigenvalues[0])
        if smallest <= 0:
            raise DataError(
                f"QuadraticModel.minimum: the smallest eigenvalue of the Hessian at {self.point.tolist()} is "
                f"{smallest:.3g}. Expected all above 0. Take a point where the function curves up in all directions."
            )
        return self.point - np.linalg.solve(self.hessian, self.gradient)


def quadratic_model(function: Function, x: Any) -> QuadraticModel:
    """Return the quadratic model of a function at a point.

    Parameters
    ----------
    function : callable
        Takes a float64 tensor of shape (d,) and returns a scalar tensor.
    x : float array, shape (d,)
        The point.

    Raises
    ------
    DataError
        If value, gradient or Hessian are not finite there.

    Notes
    -----
    Costs d + 1 gradients. At a kink the derivatives are by convention, and the model is none.

    References
    ----------
    Boyd and Vandenberghe, 2004, appendix A.4.1 and section 9.5.

    Examples
    --------
    >>> from feedforward.convex import quadratic_model
    >>> q = quadratic_model(lambda x: (x * x * x).sum(), [2.0])  # 8 + 12 d + 6 d^2
    >>> print(q([3.0]), q.minimum())
    26.0 [1.]
    """
    point = as_vector("quadratic_model", "x", x)
    value, gradient = value_and_subgradient("quadratic_model", function, point)
    matrix = np.asarray(hessian(function)(point).numpy(), np.float64)
    if not np.isfinite(matrix).all():
        raise DataError(
            f"quadratic_model: the Hessian at {point.tolist()} is not finite: {matrix.tolist()}. Expected two "
            f"derivatives there. Take another point."
        )
    return QuadraticModel(point, value, gradient, (matrix + matrix.T) / 2)
