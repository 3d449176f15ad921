"""Losses of a row's score s = w x + b and its target y, with slope, curvature and conjugate, in float64.

The values are those of ``feedforward.losses`` where it has the same loss (tests compare both); what stands here and not
there is what certificates and solvers need beside the value: the conjugate, and the box of the dual variables.

With P(w) = 1/2 |w|^2 + sum_i c_i l(s_i, y_i), the Fenchel dual is D(beta) = sum_i -c_i l*(-beta_i / c_i) - 1/2
|w(beta)|^2, w(beta) = sum_i beta_i x_i. D(beta) <= min P for any beta, and the two are equal at beta_i = -c_i l'(s_i),
w the minimiser.

References: Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", 2008; Yu, Huang and Lin, "Dual
coordinate descent methods for logistic regression and maximum entropy models", 2011; Ho and Lin, "Large-scale linear
support vector regression", 2012; Boyd and Vandenberghe, "Convex Optimization", 2004, section 3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from feedforward.lookup import did_you_mean

__all__ = [
    "Box",
    "EpsilonInsensitive",
    "Exponential",
    "Hinge",
    "Logistic",
    "ModifiedHuber",
    "Perceptron",
    "RowLoss",
    "Sigmoid",
    "Squared",
    "SquaredEpsilonInsensitive",
    "SquaredHinge",
    "inner",
    "loss_of",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """A dual that is quadratic in each variable: sum_i p_i b_i - e |b_i| - q_i b_i^2 / 2 for low_i <= b_i <= high_i.

    Parameters
    ----------
    p, q, low, high : float64 arrays, shape (n,)
    e : float
        At least 0.
    """

    p: Floats
    q: Floats
    low: Floats
    high: Floats
    e: float = 0.0

    def value(self, beta: Floats) -> float:
        """Return the dual at some variables, the box not looked at."""
        kink = self.e * float(np.abs(beta).sum()) if self.e else 0.0
        return inner(self.p - 0.5 * self.q * beta, beta) - kink


@dataclass(frozen=True)
class RowLoss:
    """Base of losses of one row's score.

    Attributes
    ----------
    of_classes : bool
        Whether targets are -1 and 1, and the loss one of the margin m = y s; else targets are numbers.
    smoothness : float
        The largest curvature; inf where the slope jumps.
    is_convex : bool
        Whether there is a dual that meets the primal.
    """

    of_classes: ClassVar[bool] = True
    smoothness: ClassVar[float] = math.inf
    is_convex: ClassVar[bool] = True

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return the loss of each row, shape (n,)."""
        raise NotImplementedError(f"{type(self).__name__} has no value(). Define value(self, s, y).")

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return the derivative by s; at a kink, a subgradient."""
        raise NotImplementedError(f"{type(self).__name__} has no slope(). Define slope(self, s, y).")

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return the second derivative by s; at a jump of it, one of the two."""
        raise NotImplementedError(f"{type(self).__name__} has no curvature(). Use a solver that needs slopes alone.")

    def box(self, y: Floats, cost: Floats) -> Box | None:
        """Return the dual if it is quadratic in each variable, else None."""
        return None

    def clipped(self, beta: Floats, y: Floats, cost: Floats) -> Floats:
        """Return the nearest dual variables at which the dual is finite."""
        box = self.box(y, cost)
        return beta if box is None else np.clip(beta, box.low, box.high)

    def conjugate_sum(self, beta: Floats, y: Floats, cost: Floats) -> float:
        """Return sum_i -c_i l*(-beta_i / c_i), the dual without its -1/2 |w|^2; -inf where there is no dual."""
        box = self.box(y, cost)
        if box is None:
            return -math.inf
        return box.value(beta)


def inner(a: Floats, b: Floats) -> float:
    """Return sum_i a_i b_i, added up in pairs: a gap is a small difference of such sums, and BLAS loses more digits."""
    return float((a * b).sum())


def _sided(y: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the ends of 0 <= y beta <= high."""
    return np.where(y > 0, 0.0, -high), np.where(y > 0, high, 0.0)


def _half_inverse(cost: Floats) -> Floats:
    """Return 1 / (2 c), and 0 where c = 0, whose dual variable is kept at 0."""
    return np.divide(0.5, cost, out=np.zeros_like(cost), where=cost > 0)


@dataclass(frozen=True)
class Hinge(RowLoss):
    """max(0, 1 - m). Dual: sum_i a_i with a_i = y_i beta_i in [0, c_i] (Hsieh et al. 2008, equation 2)."""

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return max(0, 1 - m)."""
        return np.maximum(0.0, 1.0 - y * s)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -y where m < 1, and 0 at m = 1 as in ``feedforward.losses.Hinge``."""
        return np.where(y * s < 1.0, -y, 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        return Box(y, np.zeros_like(y), *_sided(y, cost))


@dataclass(frozen=True)
class SquaredHinge(RowLoss):
    """max(0, 1 - m)^2. Dual: sum_i a_i - a_i^2 / (4 c_i), a_i >= 0 (Hsieh et al. 2008, equation 2)."""

    smoothness: ClassVar[float] = 2.0

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return max(0, 1 - m)^2."""
        return np.square(np.maximum(0.0, 1.0 - y * s))

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -2 y max(0, 1 - m)."""
        return -2.0 * y * np.maximum(0.0, 1.0 - y * s)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return 2 where m < 1, else 0."""
        return np.where(y * s < 1.0, 2.0, 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        return Box(y, _half_inverse(cost), *_sided(y, np.where(cost > 0, np.inf, 0.0)))


@dataclass(frozen=True)
class ModifiedHuber(SquaredHinge):
    """max(0, 1 - m)^2 where m >= -1, and -4 m below. Dual: that of the squared hinge with a_i <= 4 c_i.

    References
    ----------
    Zhang, "Solving large scale linear prediction problems using stochastic gradient descent algorithms", 2004.
    """

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return the loss of each row."""
        m = y * s
        return np.where(m < -1.0, -4.0 * m, np.square(np.maximum(0.0, 1.0 - np.maximum(m, -1.0))))

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -2 y min(2, max(0, 1 - m))."""
        return -2.0 * y * np.clip(1.0 - y * s, 0.0, 2.0)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return 2 where -1 <= m < 1, else 0."""
        m = y * s
        return np.where((m < 1.0) & (m >= -1.0), 2.0, 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        return Box(y, _half_inverse(cost), *_sided(y, 4.0 * cost))


@dataclass(frozen=True)
class Perceptron(RowLoss):
    """max(0, -m). Dual: 0 for a_i in [0, c_i]; at m = 0 the slope is -y, as in Rosenblatt's rule."""

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return max(0, -m)."""
        return np.maximum(0.0, -y * s)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -y where m <= 0."""
        return np.where(y * s <= 0.0, -y, 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        return Box(np.zeros_like(y), np.zeros_like(y), *_sided(y, cost))


@dataclass(frozen=True)
class Logistic(RowLoss):
    """log(1 + exp(-m)), in nats: log(2) times that of ``feedforward.losses``.

    Dual: -sum_i a_i log(a_i / c_i) + (c_i - a_i) log(1 - a_i / c_i), a_i in [0, c_i] (Yu et al. 2011, equation 3).
    """

    smoothness: ClassVar[float] = 0.25

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return log(1 + exp(-m)), which never overflows."""
        return np.logaddexp(0.0, -y * s)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -y / (1 + exp(m))."""
        return -y * _sigmoid(-y * s)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return p (1 - p), p = 1 / (1 + exp(-s))."""
        return _sigmoid(s) * _sigmoid(-s)

    def clipped(self, beta: Floats, y: Floats, cost: Floats) -> Floats:
        """Return beta within 0 <= y beta <= c."""
        return np.clip(beta, *_sided(y, cost))

    def conjugate_sum(self, beta: Floats, y: Floats, cost: Floats) -> float:
        """Return the entropy of the dual variables, with 0 log(0) = 0."""
        share = np.divide(y * beta, cost, out=np.zeros_like(cost), where=cost > 0)
        # log1p, for 1 - share has no digits of a small share: of large costs these are more than the whole dual.
        rest = (1.0 - share) * np.log1p(-np.where(share < 1.0, share, 0.0))
        return -inner(cost, _times_log(share) + rest)


@dataclass(frozen=True)
class Exponential(RowLoss):
    """exp(-m), as in AdaBoost; at most exp(709), for there float64 ends.

    Dual: sum_i a_i - a_i log(a_i / c_i), a_i >= 0.
    """

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return exp(-m)."""
        values: Floats = np.exp(np.minimum(-y * s, 709.0))
        return values

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -y exp(-m)."""
        return -y * self.value(s, y)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return exp(-m)."""
        return self.value(s, y)

    def clipped(self, beta: Floats, y: Floats, cost: Floats) -> Floats:
        """Return beta where y beta >= 0."""
        return np.clip(beta, *_sided(y, np.where(cost > 0, np.finfo(float).max, 0.0)))

    def conjugate_sum(self, beta: Floats, y: Floats, cost: Floats) -> float:
        """Return sum_i a_i - a_i log(a_i / c_i)."""
        share = np.divide(y * beta, cost, out=np.zeros_like(cost), where=cost > 0)
        return inner(cost, share - _times_log(share))


@dataclass(frozen=True)
class Sigmoid(RowLoss):
    """1 - tanh(m): bounded, so that no outlier counts for more than 2; not convex, so that no dual bounds it."""

    smoothness: ClassVar[float] = 0.7698003589195009  # 4 / (3 sqrt(3)), where tanh^2 = 1/3
    is_convex: ClassVar[bool] = False

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return 1 - tanh(m)."""
        return 1.0 - np.tanh(y * s)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return -y (1 - tanh(m)^2)."""
        return -y * (1.0 - np.square(np.tanh(y * s)))


@dataclass(frozen=True)
class Squared(RowLoss):
    """(s - y)^2, ridge regression with the penalty 1/2 |w|^2. Dual: sum_i y_i b_i - b_i^2 / (4 c_i)."""

    of_classes: ClassVar[bool] = False
    smoothness: ClassVar[float] = 2.0

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return (s - y)^2."""
        return np.square(s - y)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return 2 (s - y)."""
        return 2.0 * (s - y)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return 2."""
        return np.full_like(s, 2.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        end = np.where(cost > 0, np.inf, 0.0)
        return Box(y, _half_inverse(cost), -end, end)


@dataclass(frozen=True)
class EpsilonInsensitive(RowLoss):
    """max(0, |s - y| - epsilon). Dual: sum_i y_i b_i - epsilon |b_i|, |b_i| <= c_i (Ho and Lin 2012, equation 6).

    Parameters
    ----------
    epsilon : float
        At least 0; at 0 it is the absolute loss.
    """

    epsilon: float = 0.0
    of_classes: ClassVar[bool] = False

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return max(0, |s - y| - epsilon)."""
        return np.maximum(0.0, np.abs(s - y) - self.epsilon)

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return the sign of s - y outside of the tube, else 0."""
        return np.where(np.abs(s - y) > self.epsilon, np.sign(s - y), 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        return Box(y, np.zeros_like(y), -cost, cost, self.epsilon)


@dataclass(frozen=True)
class SquaredEpsilonInsensitive(EpsilonInsensitive):
    """max(0, |s - y| - epsilon)^2. Dual: sum_i y_i b_i - epsilon |b_i| - b_i^2 / (4 c_i) (Ho and Lin 2012)."""

    smoothness: ClassVar[float] = 2.0

    def value(self, s: Floats, y: Floats) -> Floats:
        """Return max(0, |s - y| - epsilon)^2."""
        return np.square(super().value(s, y))

    def slope(self, s: Floats, y: Floats) -> Floats:
        """Return 2 sign(s - y) max(0, |s - y| - epsilon)."""
        return 2.0 * np.sign(s - y) * super().value(s, y)

    def curvature(self, s: Floats, y: Floats) -> Floats:
        """Return 2 outside of the tube, else 0."""
        return np.where(np.abs(s - y) > self.epsilon, 2.0, 0.0)

    def box(self, y: Floats, cost: Floats) -> Box:
        """Return its dual."""
        end = np.where(cost > 0, np.inf, 0.0)
        return Box(y, _half_inverse(cost), -end, end, self.epsilon)


_LOSSES: dict[str, type[RowLoss]] = {
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "modified_huber": ModifiedHuber,
    "perceptron": Perceptron,
    "logistic": Logistic,
    "exponential": Exponential,
    "sigmoid": Sigmoid,
    "squared": Squared,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
}


def loss_of(name: str | RowLoss, of_classes: bool, caller: str) -> RowLoss:
    """Return the loss of a name, or one that is a loss already.

    Raises
    ------
    ValueError
        If there is none of that name for such targets; offers the nearest.
    """
    if isinstance(name, RowLoss) and type(name) in _LOSSES.values() and name.of_classes == of_classes:
        return name
    known = {key: each for key, each in _LOSSES.items() if each.of_classes == of_classes}
    if not isinstance(name, str) or name not in known:
        hint = did_you_mean(str(name), list(known))
        raise ValueError(f"{caller}: loss={name!r} is none for {'classes' if of_classes else 'numbers'}. {hint}")
    return known[name]()


def _sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow, exact to roundings at both ends."""
    small = np.exp(-np.abs(z))
    return np.where(z >= 0.0, 1.0, small) / (1.0 + small)


def _times_log(p: Floats) -> Floats:
    """Return p log(p), 0 at 0."""
    return p * np.log(np.where(p > 0.0, p, 1.0))
