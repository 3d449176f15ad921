"""The lasso by coordinate descent: one weight after the other is set to its best value, until the gap is small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import margins, transposed
from feedforward.linear.losses import inner
from feedforward.linear.result import Result, Watch
from feedforward.linear.rows import Rows

__all__ = ["coordinate_descent"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Columns:
    """The rows, read by columns; of CSR a copy in which each column's values lie together."""

    rows: Rows
    order: NDArray[Any]
    ends: NDArray[Any]
    numbers: NDArray[Any]

    @classmethod
    def of(cls, rows: Rows) -> _Columns:
        """Return the columns of rows."""
        if not rows.is_sparse:
            nothing = np.zeros(0, np.int64)
            return cls(rows, nothing, nothing, nothing)
        values, indices, starts = rows.compressed()
        order = np.argsort(indices, kind="stable")
        ends = np.cumsum(np.bincount(indices, minlength=rows.shape[1]))
        numbers = np.repeat(np.arange(rows.shape[0]), np.diff(starts))[order]
        return cls(rows, values[order], ends, numbers)

    def column(self, j: int) -> tuple[NDArray[Any] | slice, NDArray[Any]]:
        """Return the rows that have a value in a column, and these values."""
        if not self.rows.is_sparse:
            return slice(None), self.rows.values[:, j]
        part = slice(int(self.ends[j - 1]) if j else 0, int(self.ends[j]))
        return self.numbers[part], self.order[part]


def coordinate_descent(
    rows: Rows,
    y: Floats,
    cost: Floats,
    alpha: float,
    use_intercept: bool,
    tol: float,
    max_iter: int,
    start: Floats | None = None,
) -> Result:
    """Minimise P(w) = sum_i c_i (y_i - x_i w - b)^2 / (2 N) + alpha |w|_1, N = sum_i c_i.

    With the residual r, the dual point is s r with the largest s <= 1 at which |X^T C s r| <= N alpha:
    D = sum_i c_i (y_i^2 - (y_i - s r_i)^2) / (2 N), y centred where there is an intercept.

    Parameters
    ----------
    start : float64 array, shape (d,), optional
        Weights to begin with.

    References
    ----------
    Friedman, Hastie and Tibshirani 2010; Kim, Koh, Lustig, Boyd and Gorinevsky, "An interior-point method for
    large-scale l1-regularized least squares", 2007 (the gap).
    """
    total = float(cost.sum())
    columns = _Columns.of(rows)
    share = cost / total
    mean = transposed(rows, share) if use_intercept else np.zeros(rows.shape[1])
    middle = float(share @ y) if use_intercept else 0.0
    square = transposed(Rows(rows.shape, np.square(rows.values, dtype=np.float64), rows.indices, rows.starts), share)
    square = np.maximum(square - mean * mean, 0.0)
    w = np.zeros(rows.shape[1]) if start is None else start.copy()
    centred = y - middle
    used = np.flatnonzero(square > 1e-14 * np.maximum(mean * mean, 1e-300))  # a constant column says nothing
    watch = Watch(tol, max_iter, lambda: "raise max_iter, or alpha, or scale the columns to equal norms")
    passes = 0
    while True:
        left = centred - _fitted(rows, w, mean)
        slopes = transposed(rows, share * left)
        squares = inner(share, left * left)
        primal = squares / 2.0 + alpha * float(np.abs(w).sum())
        largest = float(np.abs(slopes[used]).max()) if used.size else 0.0
        scaled = min(1.0, alpha / largest if largest else 1.0) * left
        rest = centred - scaled
        dual = (inner(share, centred * centred) - inner(share, rest * rest)) / 2.0
        if watch.see(passes, np.append(w, middle - float(mean @ w)), primal, dual, scaled):
            return watch.result(1.0)
        _one_pass(columns, share, w, left, mean, square, used, alpha)
        passes += 1


def _fitted(rows: Rows, w: Floats, mean: Floats) -> Floats:
    """Return the predictions without their mean."""
    return margins(rows, w) - float(mean @ w)


def _one_pass(
    columns: _Columns,
    share: Floats,
    w: Floats,
    left: Floats,
    mean: Floats,
    square: Floats,
    used: NDArray[Any],
    alpha: float,
) -> None:
    """Set each weight to soft(w_j + x_j^T C r / (N q_j), alpha / q_j), q_j its column's variance, in place.

    A centred sparse column has no zeros: what its mean adds to all residuals is kept as one number, `shift`.
    """
    shift = 0.0
    for j in used.tolist():
        numbers, values = columns.column(j)
        slope = float((share[numbers] * left[numbers]) @ values) + shift * mean[j]
        target = w[j] * square[j] + slope
        new = np.sign(target) * max(abs(target) - alpha, 0.0) / square[j]
        change = new - w[j]
        if change:
            left[numbers] -= change * values
            shift += change * mean[j]
            w[j] = new
