"""Least squares: by singular values where rows are dense, by conjugate gradients where they are sparse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import margins, transposed
from feedforward.linear.rows import Rows

__all__ = ["least_squares"]

Floats = NDArray[np.float64]


def least_squares(rows: Rows, y: Floats, cost: Floats, use_intercept: bool) -> tuple[Floats, float, float]:
    """Return weights, intercept, and how far the residual is from orthogonal to the columns.

    Parameters
    ----------
    y, cost : float64 arrays, shape (n,)
    use_intercept : bool

    Returns
    -------
    w : float64 array, shape (d,)
    intercept : float
    residual : float
        |A^T r| / (|A| |r|) of the centred, weighted rows A, in Frobenius's norm; 0 where r is no more
        than roundings.
    """
    total = cost.sum()
    mean = transposed(rows, cost) / total if use_intercept else np.zeros(rows.shape[1])
    middle = float(cost @ y / total) if use_intercept else 0.0
    root = np.sqrt(cost)
    target = root * (y - middle)
    if rows.is_sparse:
        w = _conjugate_gradients(rows, target, root, mean)
    else:
        w = np.linalg.lstsq(root[:, None] * (rows.values - mean), target, rcond=None)[0]
    left = target - root * (margins(rows, w) - mean @ w)
    back = _back(rows, left, root, mean)
    squares = transposed(_squared(rows), cost).sum() - total * float(mean @ mean)
    norm, error = float(np.sqrt(max(squares, 0.0))), float(np.linalg.norm(left))
    # Of rows that are fitted exactly nothing but roundings is left, which have no direction.
    largest = float(norm * np.linalg.norm(w) + np.linalg.norm(target))
    rounding = 4 * float(np.finfo(np.float64).eps) * max(rows.shape) ** 0.5 * largest
    residual = float(np.linalg.norm(back)) / (norm * error) if norm and error > rounding else 0.0
    return w, middle - float(mean @ w), residual


def _conjugate_gradients(rows: Rows, target: Floats, root: Floats, mean: Floats) -> Floats:
    """Return the least squares of |target - A w|, A = root (X - mean), which is never formed (Björck 1996, CGLS).

    From w = 0 it stays among the combinations of rows, where of all minima the smallest lies.
    """
    w = np.zeros(rows.shape[1])
    left = target.copy()
    back = _back(rows, left, root, mean)
    direction = back.copy()
    square = first = float(back @ back)
    for _ in range(10 * min(rows.shape) + 10):
        if square <= 1e-30 * first:
            break
        image = root * (margins(rows, direction) - mean @ direction)
        length = float(image @ image)
        if length == 0.0:
            break
        w += square / length * direction
        left -= square / length * image
        back = _back(rows, left, root, mean)
        last, square = square, float(back @ back)
        direction = back + square / last * direction
    return w


def _back(rows: Rows, left: Floats, root: Floats, mean: Floats) -> Floats:
    """Return A^T left."""
    weighted = root * left
    back: Floats = transposed(rows, weighted) - mean * weighted.sum()
    return back


def _squared(rows: Rows) -> Rows:
    """Return the rows with squared values."""
    return Rows(rows.shape, np.square(rows.values, dtype=np.float64), rows.indices, rows.starts)
