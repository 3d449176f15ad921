"""The cosine of an angle, for the layer, the loss and the metric that take it."""

from __future__ import annotations

from feedforward.functions import abs, expand_dims, max, sqrt, square, stop_gradient, sum, where
from feedforward.tensor import Tensor

__all__ = ["cosine"]


def cosine(x: Tensor, y: Tensor) -> Tensor:
    """Return the cosine of the angle between vectors along the last axis: x . y / (|x| |y|), 0 where one is zero.

    Parameters
    ----------
    x, y : float tensors of one shape
        Vectors of any length; of shape (n,) each number is a vector of one.

    Returns
    -------
    tensor
        Of the shape without its last axis, or of shape (n,).

    Examples
    --------
    >>> print(cosine(Tensor([[3e30, 4e30]]), Tensor([[2e-30, 0.0]])).numpy().round(3))
    [0.6]
    """
    if x.ndim == 1:
        x, y = expand_dims(x, -1), expand_dims(y, -1)
    return sum(_direction(x) * _direction(y), -1)


def _direction(x: Tensor) -> Tensor:
    """Return vectors of length 1, or 0."""
    # Divided by its largest element first, no square overflows or is rounded to 0. A direction does not depend on it.
    largest = stop_gradient(max(abs(x), -1, keepdims=True))
    scaled = x / where(largest > 0.0, largest, 1.0)
    squares = sum(square(scaled), -1, keepdims=True)
    return scaled / sqrt(where(squares > 0.0, squares, 1.0))
