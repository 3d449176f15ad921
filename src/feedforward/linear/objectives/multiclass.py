"""Objectives with a score for each class: softmax, Weston and Watkins's machine, Crammer and Singer's.

One against the rest is no objective of its own: it is a `Problem` for each class. U has a row for each column of the
data and a last one for the intercepts' column, and a column for each class: P(U) = 1/2 |U|^2 + sum_i c_i l(s_i, y_i).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.losses import inner
from feedforward.linear.objectives.problem import Local, Problem, scores_of, sum_of_rows
from feedforward.linear.result import Result
from feedforward.linear.rows import Rows

__all__ = ["MarginProblem", "SoftmaxProblem", "class_pass"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class _Classes:
    """Rows of several classes.

    Parameters
    ----------
    rows : Rows
    labels : int64 array, shape (n,)
        The number of each row's class, from 0.
    cost : float64 array, shape (n,)
    classes : int
        c, how many there are.
    scale : float
        The constant of the intercept's column; 0 without intercepts.
    """

    rows: Rows
    labels: Whole = field(repr=False)
    cost: Floats = field(repr=False)
    classes: int
    scale: float

    def scores(self, u: Floats) -> Floats:
        """Return the scores, shape (n, c)."""
        return scores_of(self.rows, u, self.scale)

    def weights(self, alpha: Floats) -> Floats:
        """Return U(alpha) = sum_i x_i alpha_i, shape (d + 1, c)."""
        return sum_of_rows(self.rows, alpha, self.scale)

    def right(self) -> Floats:
        """Return 1 for the class of each row, else 0, shape (n, c)."""
        return np.eye(self.classes)[self.labels]

    def start(self, result: Result | None) -> Floats:
        """Return weights to begin with, shape (d + 1, c)."""
        if result is None:
            return np.zeros((self.rows.shape[1] + 1, self.classes))
        last = result.intercept / self.scale if self.scale else np.zeros(self.classes)
        return np.concatenate([result.w, np.reshape(last, (1, -1))])

    def advice(self) -> str:
        """Return what to do where the passes were not enough."""
        return Problem.advice(self)  # type: ignore[arg-type]  # it asks for the rows alone


@dataclass(frozen=True)
class SoftmaxProblem(_Classes):
    """l = log(sum_j exp(s_j)) - s_y, nats. Dual: -sum_i c_i sum_j p_ij log(p_ij) - 1/2 |U(c (e_y - p))|^2.

    References
    ----------
    Yu, Huang and Lin, "Dual coordinate descent methods for logistic regression and maximum entropy models", 2011.
    """

    def primal(self, u: Floats, s: Floats | None = None) -> float:
        """Return P(U), given the scores if they are known."""
        s = self.scores(u) if s is None else s
        top = s.max(1)
        own = s[np.arange(len(s)), self.labels]
        return 0.5 * inner(u, u) + inner(self.cost, top + np.log(np.exp(s - top[:, None]).sum(1)) - own)

    def local(self, u: Floats, s: Floats | None = None) -> Local:
        """Return the objective near a point, given its scores if they are known."""
        s = self.scores(u) if s is None else s
        s = s - s.max(1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(1, keepdims=True))
        p = np.exp(log_p)
        alpha = self.cost[:, None] * (self.right() - p)
        back = self.weights(alpha)
        own = log_p[np.arange(len(s)), self.labels]
        primal = 0.5 * inner(u, u) - inner(self.cost, own)
        dual = -inner(self.cost, (p * log_p).sum(1)) - 0.5 * inner(back, back)

        def curve(v: Floats) -> Floats:
            t = self.scores(v)
            t = p * (t - (p * t).sum(1, keepdims=True))
            return v + self.weights(self.cost[:, None] * t)

        return Local(primal, dual, alpha, u - back, curve)


@dataclass(frozen=True)
class MarginProblem(_Classes):
    """Support vector machines of several classes.

    Weston and Watkins: l = sum_(j != y) max(0, 1 + s_j - s_y); dual variables -c_i <= alpha_ij <= 0 for j != y.
    Crammer and Singer: l = max_(j != y) max(0, 1 + s_j - s_y); alpha_ij <= 0 for j != y, and their sum >= -c_i.
    In both, sum_j alpha_ij = 0, and D = sum_i alpha_iy - 1/2 |U(alpha)|^2.

    Parameters
    ----------
    kind : str
        "weston_watkins" or "crammer_singer".

    References
    ----------
    Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999; Crammer and Singer, "On the
    algorithmic implementation of multiclass kernel-based vector machines", 2001.
    """

    kind: str = "crammer_singer"

    def primal(self, u: Floats) -> float:
        """Return P(U)."""
        s = self.scores(u)
        excess = np.maximum(0.0, 1.0 + s - s[np.arange(len(s)), self.labels][:, None])
        excess[np.arange(len(s)), self.labels] = 0.0
        losses = excess.sum(1) if self.kind == "weston_watkins" else excess.max(1)
        return 0.5 * inner(u, u) + inner(self.cost, losses)

    def dual(self, alpha: Floats, u: Floats | None = None) -> float:
        """Return D(alpha), given U(alpha) if it is known."""
        u = self.weights(alpha) if u is None else u
        return float(alpha[np.arange(len(alpha)), self.labels].sum()) - 0.5 * inner(u, u)

    def start_alpha(self, result: Result | None) -> Floats:
        """Return dual variables to begin with: 0, or those of a result, made smaller where a row now counts less."""
        shape = (self.rows.shape[0], self.classes)
        if result is None or result.beta is None or result.beta.shape != shape:
            return np.zeros(shape)
        alpha = np.where(self.right() > 0, 0.0, np.minimum(result.beta, 0.0))
        used = -alpha.sum(1) if self.kind == "crammer_singer" else -alpha.min(1)
        alpha *= np.minimum(1.0, np.divide(self.cost, used, out=np.ones_like(used), where=used > 0))[:, None]
        alpha[np.arange(len(alpha)), self.labels] = -alpha.sum(1)
        return alpha


def class_pass(problem: MarginProblem, norms: Floats, alpha: Floats, u: Floats, order: Whole) -> None:
    """Maximise the dual in the variables of one row after the other; `alpha` and U(alpha) change in place.

    Parameters
    ----------
    norms : float64 array, shape (n,)
        |x_i|^2 + B^2.
    """
    is_weston = problem.kind == "weston_watkins"
    for i in order.tolist():
        columns, values = problem.rows.row(i)
        if norms[i] == 0.0:
            continue
        wide = values.astype(np.float64, copy=False)
        s = wide @ u[:-1][columns] + problem.scale * u[-1]
        step = _weston_watkins if is_weston else _crammer_singer
        new = step(s, alpha[i], int(problem.labels[i]), float(norms[i]), float(problem.cost[i]))
        change = new - alpha[i]
        if change.any():
            alpha[i] = new
            u[:-1][columns] += np.multiply.outer(wide, change)
            u[-1] += problem.scale * change


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
    sums = np.cumsum(order) - norm * cost
    t = sums / np.arange(1, len(d) + 1)
    last = np.append(order[1:], -np.inf) <= t
    threshold = t[int(np.argmax(last))]
    top = np.zeros_like(b)
    top[y] = cost
    best: Floats = np.minimum(top, (threshold - b) / norm)
    # Scores near 1 leave no digits for a cost that is far below: within the constraints to the bit, D stays a bound.
    best[y] = 0.0
    total = -float(best.sum())
    if total > cost:
        best *= cost / total
    best[y] = -float(best.sum())
    return best


def _weston_watkins(s: Floats, alpha: Floats, y: int, norm: float, cost: float) -> Floats:
    """Return better variables of a row: one exact step in each pair (j, y), j != y, one after the other."""
    new, score = alpha.copy(), s.copy()
    for j in range(len(s)):
        if j == y:
            continue
        slope = 1.0 + score[j] - score[y]  # how fast D rises as alpha_j falls and alpha_y rises
        change = min(max(-new[j] + slope / (2.0 * norm), 0.0), cost) + new[j]
        if change:
            new[j] -= change
            new[y] += change
            score[j] -= norm * change
            score[y] += norm * change
    return new
