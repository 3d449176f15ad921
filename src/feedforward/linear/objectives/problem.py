"""What is minimised: P(u) = 1/2 |u|^2 + sum_i c_i l(s_i, y_i), its dual, and so how far a point is from the minimum.

The intercept is regularised as the weight of a constant column, see ``loops/kernels.py``. c_i = C * sample weight *
class weight. Here: one score a row; several, one for each class, are in ``multiclass.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError, ShapeError
from feedforward.linear.loops.kernels import curved, losses_of, margins, squares, transposed
from feedforward.linear.losses import Box, RowLoss, inner
from feedforward.linear.result import Result
from feedforward.linear.rows import Rows

__all__ = ["Local", "Problem", "scores_of", "sum_of_rows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Local:
    """A smooth objective near a point.

    Parameters
    ----------
    primal, dual : float
        P(u), and D at the dual variables that belong to u.
    beta : float64 array
        These.
    gradient : float64 array, shape of u
    curve : callable
        The product of the Hessian with a vector of u's shape.
    diagonal : float64 array of u's shape, or float
        About the Hessian's diagonal, to precondition by; 1 where it is not known.
    """

    primal: float
    dual: float
    beta: Floats
    gradient: Floats
    curve: Callable[[Floats], Floats]
    diagonal: Floats | float = 1.0


def scores_of(rows: Rows, u: Floats, scale: float) -> Floats:
    """Return X u[:d] + B u[d], shape (n,) or (n, c)."""
    scores: Floats = margins(rows, u[:-1]) + scale * u[-1]
    return scores


def sum_of_rows(rows: Rows, v: Floats, scale: float) -> Floats:
    """Return sum_i v_i (x_i, B), shape (d + 1,) or (d + 1, c): the transpose of `scores_of`."""
    return np.concatenate([transposed(rows, v), scale * v.sum(0, keepdims=True)])


@dataclass(frozen=True)
class Problem:
    """Rows with one score each: two classes, or a number to be predicted.

    Parameters
    ----------
    rows : Rows
    y : float64 array, shape (n,)
        -1 and 1 for losses of classes.
    cost : float64 array, shape (n,)
        c_i, at least 0.
    loss : RowLoss
    scale : float
        B, the constant of the intercept's column; 0 without intercept.

    Examples
    --------
    One row x = 1 with y = 1, C = 1 and the squared loss: w^2 / 2 + (w - 1)^2 is smallest at w = 2/3, where it is 1/3.

    >>> from feedforward.linear.losses import Squared
    >>> from feedforward.linear.rows import rows_of
    >>> problem = Problem(rows_of([[1.0]], "x"), np.ones(1), np.ones(1), Squared(), 0.0)
    >>> print(f"{problem.primal(np.array([2 / 3, 0.0])):.4f} {problem.dual(np.array([2 / 3])):.4f}")
    0.3333 0.3333
    """

    rows: Rows
    y: Floats = field(repr=False)
    cost: Floats = field(repr=False)
    loss: RowLoss
    scale: float

    def __post_init__(self) -> None:
        count = self.rows.shape[0]
        for name, array in (("y", self.y), ("cost", self.cost)):
            if array.dtype != np.float64 or array.shape != (count,):
                raise ShapeError(
                    f"Problem: {name} has dtype {array.dtype} and shape {array.shape}, expected float64 and ({count},)."
                    " Give one for each row, as np.float64."
                )
        if self.loss.of_classes and not (np.abs(self.y) == 1.0).all():
            raise DataError(
                f"Problem: {type(self.loss).__name__} has classes, and y is {self.y[np.abs(self.y) != 1.0][0]}. "
                "Expected -1 and 1. Give np.where(is_second, 1.0, -1.0)."
            )
        if not (np.isfinite(self.cost) & (self.cost >= 0)).all():
            raise DataError(f"Problem: a cost is {self.cost.min()}. Expected finite numbers >= 0. Lower C or weights.")

    @cached_property
    def box(self) -> Box | None:
        """The dual where it is quadratic in each variable; made once."""
        return self.loss.box(self.y, self.cost)

    @property
    def size(self) -> int:
        """The number of weights, with that of the intercept's column."""
        return self.rows.shape[1] + 1

    def scores(self, u: Floats) -> Floats:
        """Return the scores, shape (n,)."""
        return scores_of(self.rows, u, self.scale)

    def weights(self, beta: Floats) -> Floats:
        """Return u(beta) = sum_i beta_i x_i, shape (d + 1,)."""
        return sum_of_rows(self.rows, beta, self.scale)

    def primal(self, u: Floats, s: Floats | None = None) -> float:
        """Return P(u), given the scores if they are known."""
        with np.errstate(over="ignore", invalid="ignore"):  # an objective that overflows is reported as inf
            if s is None:
                _, losses = losses_of(self.rows, self.y, self.cost, self.loss, self.scale, u)
                return 0.5 * inner(u, u) + float(losses.sum())
            return 0.5 * inner(u, u) + inner(self.cost, self.loss.value(s, self.y))

    def dual(self, beta: Floats, u: Floats | None = None) -> float:
        """Return D(beta), given u(beta) if it is known; -inf where the loss has no dual."""
        if not self.loss.is_convex:
            return -np.inf
        u = self.weights(beta) if u is None else u
        earned = self.loss.conjugate_sum(beta, self.y, self.cost) if self.box is None else self.box.value(beta)
        return earned - 0.5 * inner(u, u)

    def slopes(self, s: Floats) -> Floats:
        """Return c_i l'(s_i), shape (n,)."""
        return self.cost * self.loss.slope(s, self.y)

    def beta_of(self, s: Floats) -> Floats:
        """Return the dual variables that belong to scores: -c_i l'(s_i), where the dual is finite."""
        return self._allowed(-self.slopes(s))

    def local(self, u: Floats, s: Floats | None = None) -> Local:
        """Return the objective near a point, given its scores if they are known.

        Raises
        ------
        ValueError
            If the loss has no curvature.
        """
        if type(self.loss).curvature is RowLoss.curvature:
            raise ValueError(
                f"Newton: {type(self.loss).__name__} has kinks or is not convex, so that no second derivative leads to "
                "its minimum. Expected squared_hinge, logistic, squared or their like. Use solver='dual' or 'sgd'."
            )
        s = self.scores(u) if s is None else s
        slopes = self.slopes(s)
        beta = self._allowed(-slopes)
        data = self.weights(slopes)
        curvature = self.cost * self.loss.curvature(s, self.y)

        def curve(v: Floats) -> Floats:
            return v + curved(self.rows, curvature, self.scale, v)

        diagonal = 1.0 + np.append(squares(self.rows, curvature), self.scale**2 * curvature.sum())
        return Local(self.primal(u, s), self.dual(beta, -data), beta, u + data, curve, diagonal)

    def start(self, result: Result | None) -> Floats:
        """Return weights to begin with: 0, or those of an earlier result."""
        if result is None:
            return np.zeros(self.size)
        return np.append(result.w, result.intercept / self.scale if self.scale else 0.0)

    def start_beta(self, result: Result | None) -> Floats:
        """Return dual variables to begin with: 0, or the nearest allowed to those of an earlier result."""
        if result is None or result.beta is None or result.beta.shape != self.y.shape:
            return np.zeros_like(self.y)
        return self._allowed(result.beta)

    def _allowed(self, beta: Floats) -> Floats:
        """Return the nearest dual variables at which the dual is finite."""
        if self.box is None:
            return self.loss.clipped(beta, self.y, self.cost)
        return np.clip(beta, self.box.low, self.box.high)

    def advice(self) -> str:
        """Return what to do where the passes were not enough."""
        norms = self.rows.column_norms()
        norms = norms[norms > 0]
        ratio = float(norms.max() / norms.min()) if norms.size else 1.0
        if ratio > 100.0:
            return f"raise max_iter, or scale the columns, whose norms differ by a factor {ratio:.0e}"
        return "raise max_iter, or lower C, which makes the problem easier"
