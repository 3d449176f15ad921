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

__all__ = ["MarginProblem", "SoftmaxProblem"]

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
        log_p = _log_shares(self.scores(u) if s is None else s)
        return 0.5 * inner(u, u) - inner(self.cost, log_p[np.arange(len(log_p)), self.labels])

    def local(self, u: Floats, s: Floats | None = None) -> Local:
        """Return the objective near a point, given its scores if they are known."""
        log_p = _log_shares(self.scores(u) if s is None else s)
        p = np.exp(log_p)
        every = np.arange(len(p))
        alpha = -self.cost[:, None] * p
        alpha[every, self.labels] = 0.0
        alpha[every, self.labels] = -alpha.sum(1)  # 1 - p of the row's class, with the digits of the others
        back = self.weights(alpha)
        primal = 0.5 * inner(u, u) - inner(self.cost, log_p[every, self.labels])
        dual = -inner(self.cost, (p * log_p).sum(1)) - 0.5 * inner(back, back)

        def curve(v: Floats) -> Floats:
            t = self.scores(v)
            t = p * (t - (p * t).sum(1, keepdims=True))
            return v + self.weights(self.cost[:, None] * t)

        return Local(primal, dual, alpha, u - back, curve)


def _log_shares(s: Floats) -> Floats:
    """Return the logarithms of softmax, shape of s; where a share is near 1, with the digits of the others."""
    s = s - s.max(1, keepdims=True)
    others = np.exp(s)
    others[np.arange(len(s)), s.argmax(1)] = 0.0
    logs: Floats = s - np.log1p(others.sum(1, keepdims=True))
    return logs


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
