"""Products with rows and the inner loops of the solvers, in NumPy, to be read: the oracle of ``loops/kernels.py``.

A weight vector u holds the d weights and, last, that of a column of the constant B, which is not in the data: the score
is s = u[:d] x + B u[d], the intercept b = B u[d], and without intercept B = 0. So the intercept is regularised as a
weight, as in LIBLINEAR; a larger B lets it more free. Everything is computed in float64, whatever the data's dtype,
which is widened block by block.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import blocks
from feedforward.linear.losses import Box, RowLoss
from feedforward.linear.rows import Rows

__all__ = ["class_pass", "dual_pass", "margins", "perceptron_pass", "saga_pass", "sgd_pass", "svrg_pass", "transposed"]

Floats = NDArray[np.float64]
Order = NDArray[np.integer[Any]]


def sums_of_rows(values: Floats, starts: NDArray[Any]) -> Floats:
    """Return the sum of each CSR row of values; an empty row's is 0, which reduceat alone would not give."""
    sums = np.zeros(len(starts) - 1)
    full = np.flatnonzero(np.diff(starts))
    if full.size:
        sums[full] = np.add.reduceat(values, starts[:-1][full])
    return sums


def margins(rows: Rows, w: Floats) -> Floats:
    """Return X w.

    Parameters
    ----------
    w : float64 array, shape (d,) or (d, c)

    Returns
    -------
    float64 array, shape (n,) or (n, c)
    """
    if rows.is_sparse:
        values, indices, starts = rows.compressed()
        if w.ndim == 1:
            return sums_of_rows(values * w[indices], starts)
        return np.stack([sums_of_rows(values * column[indices], starts) for column in w.T], axis=1)
    result = np.empty((rows.shape[0], *w.shape[1:]))
    for first, block in blocks(rows.values):
        result[first : first + len(block)] = block.astype(np.float64, copy=False) @ w
    return result


def transposed(rows: Rows, v: Floats) -> Floats:
    """Return X^T v.

    Parameters
    ----------
    v : float64 array, shape (n,) or (n, c)

    Returns
    -------
    float64 array, shape (d,) or (d, c)
    """
    if rows.is_sparse:
        values, indices, starts = rows.compressed()
        counts = np.diff(starts)
        if v.ndim == 1:
            sums: Floats = np.bincount(indices, values * np.repeat(v, counts), rows.shape[1]).astype(
                np.float64, copy=False
            )
            return sums
        return np.stack(
            [np.bincount(indices, values * np.repeat(column, counts), rows.shape[1]) for column in v.T], axis=1
        )
    result = np.zeros((rows.shape[1], *v.shape[1:]))
    for first, block in blocks(rows.values):
        result += block.astype(np.float64, copy=False).T @ v[first : first + len(block)]
    return result


def sgd_pass(
    rows: Rows, y: Floats, cost: Floats, loss: RowLoss, scale: float, u: Floats, order: Order, rates: Floats
) -> None:
    """Step along one row's subgradient after the other: u <- (1 - r) u - r n c_i l'(s_i) x_i, in place.

    The expectation of what is subtracted over a random row i is r times the subgradient of
    P(u) = 1/2 |u|^2 + sum_i c_i l(s_i). With r = 1/k at step k this is Pegasos (Shalev-Shwartz et al. 2007).

    Parameters
    ----------
    scale : float
        B, the constant of the intercept's column.
    u : float64 array, shape (d + 1,)
    order : int array, shape (m,)
        The rows to step along.
    rates : float64 array, shape (m,)
        The step sizes r.
    """
    n = rows.shape[0]
    for i, rate in zip(order.tolist(), rates.tolist(), strict=True):
        columns, values = rows.row(i)
        s = _score(u, columns, values, scale)
        slope = n * cost[i] * _slope(loss, s, y[i])
        u *= 1.0 - rate
        _add(u, columns, values, scale, -rate * slope)


def svrg_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rate: float,
    slopes: Floats,
    gradient: Floats,
) -> None:
    """Step with a variance that shrinks: u <- u - r (u + n (g_i(s_i) - slopes_i) x_i + gradient), in place.

    Parameters
    ----------
    slopes : float64 array, shape (n,)
        c_i l'(s_i) at the anchor.
    gradient : float64 array, shape (d + 1,)
        sum_i slopes_i x_i.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance reduction", 2013.
    """
    n = rows.shape[0]
    for i in order.tolist():
        columns, values = rows.row(i)
        s = _score(u, columns, values, scale)
        change = n * (cost[i] * _slope(loss, s, y[i]) - slopes[i])
        u -= rate * (u + gradient)
        _add(u, columns, values, scale, -rate * change)


def saga_pass(
    rows: Rows,
    y: Floats,
    cost: Floats,
    loss: RowLoss,
    scale: float,
    u: Floats,
    order: Order,
    rate: float,
    slopes: Floats,
    gradient: Floats,
) -> None:
    """Step as `svrg_pass` does, and remember each row's last slope: `slopes` and `gradient` change too.

    References
    ----------
    Defazio, Bach and Lacoste-Julien, "SAGA: a fast incremental gradient method", 2014.
    """
    n = rows.shape[0]
    for i in order.tolist():
        columns, values = rows.row(i)
        s = _score(u, columns, values, scale)
        change = cost[i] * _slope(loss, s, y[i]) - slopes[i]
        u -= rate * (u + gradient)
        _add(u, columns, values, scale, -rate * n * change)
        _add(gradient, columns, values, scale, change)
        slopes[i] += change


def perceptron_pass(rows: Rows, y: Floats, scale: float, u: Floats, order: Order) -> int:
    """Add y_i x_i to u, in place, for each row with y_i s_i <= 0, and return how many these were (Rosenblatt 1958)."""
    mistakes = 0
    for i in order.tolist():
        columns, values = rows.row(i)
        if y[i] * _score(u, columns, values, scale) <= 0.0:
            _add(u, columns, values, scale, float(y[i]))
            mistakes += 1
    return mistakes


def dual_pass(
    rows: Rows, box: Box, scale: float, norms: Floats, beta: Floats, u: Floats, order: Order, worst: float
) -> tuple[Order, float]:
    """Maximise the dual along one variable after the other; `beta` and u = sum_i beta_i x_i change in place.

    Along variable i, -D has slope g = s_i - p_i + q_i beta_i (plus e times the sign of beta_i), and curvature
    h = |x_i|^2 + B^2 + q_i; its minimum within the box is clip(soft(beta_i - g / h, e / h)).

    Parameters
    ----------
    norms : float64 array, shape (n,)
        |x_i|^2 + B^2.
    order : int array
        The variables, those that shrinking has left.
    worst : float
        The largest violation of the pass before: a variable at an end of its box, or at its kink at 0, that wants to
        leave the other way by more than this, is shrunk. inf shrinks none.

    Returns
    -------
    order : int array
        The variables that are left.
    worst : float
        The largest violation seen, in units of the score.

    References
    ----------
    Hsieh et al. 2008, algorithm 3; Ho and Lin 2012, algorithm 4.
    """
    kept = []
    largest = 0.0
    for i in order.tolist():
        columns, values = rows.row(i)
        old, low, high = beta[i], box.low[i], box.high[i]
        g = _score(u, columns, values, scale) - box.p[i] + box.q[i] * old
        down, up = _one_sided(g, old, low, high, box.e)
        if max(down, up) < -worst:
            continue
        kept.append(i)
        largest = max(largest, down, up)
        h = norms[i] + box.q[i]
        if h > 0.0:
            z = old - g / h
            new = min(max(math.copysign(max(abs(z) - box.e / h, 0.0), z), low), high)
        else:  # an empty row: the slope alone says to which end
            new = high if g < -box.e else low if g > box.e else old
            new = new if np.isfinite(new) else old
        if new != old:
            beta[i] = new
            _add(u, columns, values, scale, new - old)
    return np.asarray(kept, dtype=order.dtype), largest


def _one_sided(g: float, beta: float, low: float, high: float, e: float) -> tuple[float, float]:
    """Return how fast -D falls when a variable goes down and when it goes up; -inf where the box forbids it."""
    down = g - e if beta <= 0.0 else g + e
    up = -g - e if beta >= 0.0 else -g + e
    return (down if beta > low else -np.inf), (up if beta < high else -np.inf)


def class_pass(
    rows: Rows,
    kind: str,
    labels: NDArray[np.int64],
    cost: Floats,
    scale: float,
    norms: Floats,
    alpha: Floats,
    u: Floats,
    order: Order,
    least: float,
) -> tuple[Order, float]:
    """Maximise the dual in the variables of one row after the other; `alpha` and U(alpha) change in place.

    Returns
    -------
    order : int array
        The rows whose variables moved by more than `least`, times the row's norm.
    moves : float
        How far those of all moved, times norms.
    """
    best = _weston_watkins if kind == "weston_watkins" else _crammer_singer
    kept, moves = [], 0.0
    for i in order.tolist():
        columns, values = rows.row(i)
        if norms[i] == 0.0:
            continue
        wide = values.astype(np.float64, copy=False)
        s = wide @ u[:-1][columns] + scale * u[-1]
        new = best(s, alpha[i], int(labels[i]), float(norms[i]), float(cost[i]))
        change = new - alpha[i]
        alpha[i] = new
        u[:-1][columns] += np.multiply.outer(wide, change)
        u[-1] += scale * change
        move = norms[i] * float(np.abs(change).sum())
        moves += move
        if move > least:
            kept.append(i)
    return np.asarray(kept, dtype=order.dtype), moves


def _crammer_singer(s: Floats, alpha: Floats, y: int, norm: float, cost: float) -> Floats:
    """Return the best variables of a row: min over a of norm |a|^2 / 2 + b a, a_j <= c [j = y], sum 0.

    Solved by a_j = min(c [j = y], (t - b_j) / norm) for the t that makes the sum 0 (Crammer and Singer 2001).
    """
    b = s + 1.0 - norm * alpha
    b[y] -= 1.0
    d = b.copy()
    d[y] += norm * cost
    order = np.sort(d)[::-1]
    # t = (sum of the r largest d - norm c) / r, for the first r at which the next is no larger.
    t = (np.cumsum(order) - norm * cost) / np.arange(1, len(d) + 1)
    last = np.append(order[1:], -np.inf) <= t
    top = np.zeros_like(b)
    top[y] = cost
    best: Floats = np.minimum(top, (t[int(np.argmax(last))] - b) / norm)
    return best


def _weston_watkins(s: Floats, alpha: Floats, y: int, norm: float, cost: float) -> Floats:
    """Return the best variables of a row: a_j = -clip(r_j - S, 0, c) for j != y, where S is the sum of what is clipped.

    r_j = (1 + s_j - s_y) / norm - alpha_j + alpha_y, from setting the slope by each variable to 0. The sum falls as S
    rises, so that halving an interval finds S.
    """
    r = (1.0 + s - s[y]) / norm - alpha + alpha[y]
    r[y] = -np.inf
    low, high = 0.0, cost * len(s)
    for _ in range(100):
        middle = 0.5 * (low + high)
        is_above = np.clip(r - middle, 0.0, cost).sum() > middle
        low, high = (middle, high) if is_above else (low, middle)
    best: Floats = -np.clip(r - low, 0.0, cost)
    best[y] = -best.sum()
    return best


def _score(u: Floats, columns: NDArray[Any] | slice, values: NDArray[Any], scale: float) -> float:
    """Return the score of one row."""
    return float(values @ u[:-1][columns]) + scale * float(u[-1])


def _add(u: Floats, columns: NDArray[Any] | slice, values: NDArray[Any], scale: float, factor: float) -> None:
    """Add a multiple of one row to weights, in place."""
    u[:-1][columns] += factor * values.astype(np.float64, copy=False)
    u[-1] += factor * scale


def _slope(loss: RowLoss, s: float, y: float) -> float:
    """Return the slope at one score."""
    return float(loss.slope(np.array(s), np.array(y)))
