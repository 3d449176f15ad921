"""What a network for tables learns: classes or numbers, each with its loss, its error, and what users want of outputs.

Not here: labels as users have them (``targets.py``), the network (``realmlp.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from feedforward.functions import log, maximum, minimum
from feedforward.graph.node import Array
from feedforward.nn.layers import Average, Rescaling, Softmax
from feedforward.nn.loss import Loss
from feedforward.nn.losses import MeanSquaredError, SparseCategoricalCrossentropy
from feedforward.tabular.realmlp import RealMLP
from feedforward.tensor import Tensor

__all__ = ["Aim", "Classes", "Numbers", "interval"]

_LEAST = 1e-30
"""What a probability is at least before its logarithm is taken."""

_MOST_RESIDUALS = 999
"""How many quantiles of what was wrong a model keeps: for an interval of a coverage up to 99.8 %."""


class Aim(Protocol):
    """What a network learns, and what becomes of its outputs."""

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""

    def fed(self, y: Array) -> Array:
        """Return targets as the network is to learn them."""

    def loss(self, settings: RealMLP) -> Loss:
        """Return what training makes small."""

    def error(self, outputs: Array, fed: Array, weights: Array | None) -> float:
        """Return what decides which epoch is kept, the smaller the better."""

    def result(self, outputs: Sequence[Tensor], sharpness: float) -> Tensor:
        """Return what users want of the outputs of all members."""

    def sharpness(self, outputs: Sequence[Array], fed: Array, weights: Array | None) -> float:
        """Return what makes the members' probabilities honest, found on validation rows."""

    def residuals(self, outputs: Sequence[Array], fed: Array) -> list[list[float]]:
        """Return, for each number, by how much the members' mean was off in validation rows, in order."""


@dataclass(frozen=True)
class Classes:
    """One of c classes, as numbers from 0 to c - 1.

    Parameters
    ----------
    count : int
        c, at least 2.
    """

    count: int

    @property
    def outputs(self) -> int:
        """See `Aim`."""
        return self.count

    def fed(self, y: Array) -> Array:
        """See `Aim`."""
        return y.astype(np.int32)

    def loss(self, settings: RealMLP) -> Loss:
        """Return the cross-entropy of logits."""
        return SparseCategoricalCrossentropy(from_logits=True, label_smoothing=settings.label_smoothing)

    def error(self, outputs: Array, fed: Array, weights: Array | None) -> float:
        """Return the share of the rows, or of their weight, that got another class."""
        return float(np.average(outputs.argmax(axis=-1) != fed, weights=weights))

    def result(self, outputs: Sequence[Tensor], sharpness: float) -> Tensor:
        """Return probabilities: the mean p of the members', then softmax(s log(p)) with the sharpness s."""
        logits = outputs[0]
        if len(outputs) > 1:
            logits = log(maximum(Average()(*[Softmax()(each) for each in outputs]), _LEAST))
        return Softmax(name="probabilities")(Rescaling(sharpness, name="sharpness")(logits))

    def sharpness(self, outputs: Sequence[Array], fed: Array, weights: Array | None) -> float:
        """Return s, one over the temperature, with the least cross-entropy.

        Notes
        -----
        A row counts as right with 1 - 1 / (n + 1) alone, the rest is for all classes: where all n rows are right, s
        would be infinite. The cross-entropy is convex in s; its minimum is where the slope is 0, which halving finds.

        References
        ----------
        Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017, section 4.2.
        """
        logits = _log_softmax(outputs[0].astype(np.float64))
        if len(outputs) > 1:
            mean = np.mean([np.exp(_log_softmax(each.astype(np.float64))) for each in outputs], axis=0)
            logits = np.log(np.maximum(mean, _LEAST))
        rest = 1 / (len(fed) + 1)
        aimed = np.full(logits.shape, rest / self.count)
        aimed[np.arange(len(fed)), fed] += 1 - rest

        def slope(s: float) -> float:
            wrong = np.exp(_log_softmax(s * logits)) - aimed
            return float(np.average((wrong * logits).sum(axis=1), weights=weights))

        low, high = math.log(1 / 64), math.log(64)
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(math.exp(middle)) < 0 else (low, middle)
        return math.exp((low + high) / 2)

    def residuals(self, outputs: Sequence[Array], fed: Array) -> list[list[float]]:
        """See `Aim`."""
        return []


@dataclass(frozen=True, eq=False)
class Numbers:
    """One number, or several.

    Parameters
    ----------
    mean, spread, low, high : float64 array, shape (k,)
        Of the targets in training: mean, standard deviation, least and largest.
    is_clamped : bool
        Whether predictions stay between the least and the largest.
    """

    mean: Array
    spread: Array
    low: Array
    high: Array
    is_clamped: bool

    @classmethod
    def of(cls, y: Array, settings: RealMLP) -> Numbers:
        """Return what targets in training, shape (n, k), say."""
        exponents = np.frexp(np.abs(y).max(axis=0))[1]
        spread = np.ldexp(np.ldexp(y, -exponents).std(axis=0), exponents)  # no square overflows, or becomes 0
        spread[spread == 0] = 1.0  # all are the same: they become 0
        return cls(y.mean(axis=0), spread, y.min(axis=0), y.max(axis=0), settings.is_clamped)

    @property
    def outputs(self) -> int:
        """See `Aim`."""
        return len(self.mean)

    def fed(self, y: Array) -> Array:
        """Return targets less their mean, in units of their standard deviation."""
        return ((y - self.mean) / self.spread).astype(np.float32)

    def loss(self, settings: RealMLP) -> Loss:
        """Return the squared error."""
        return MeanSquaredError()

    def error(self, outputs: Array, fed: Array, weights: Array | None) -> float:
        """Return the root of the mean squared error, in units of the standard deviation."""
        if self.is_clamped:
            outputs = np.clip(outputs, self.fed(self.low), self.fed(self.high))
        squares = np.square(outputs.astype(np.float64) - fed).mean(axis=1)
        return math.sqrt(np.average(squares, weights=weights))

    def result(self, outputs: Sequence[Tensor], sharpness: float) -> Tensor:
        """Return the mean of the members' numbers, in the targets' units: in float64, for targets far from 0."""
        parts = []
        for each in outputs:
            part = each.astype("float64") * self.spread + self.mean
            if self.is_clamped:
                part = minimum(maximum(part, self.low), self.high)
            parts.append(part)
        return parts[0] if len(parts) == 1 else Average(name="numbers")(*parts)

    def sharpness(self, outputs: Sequence[Array], fed: Array, weights: Array | None) -> float:
        """Return 1: numbers have none."""
        return 1.0

    def residuals(self, outputs: Sequence[Array], fed: Array) -> list[list[float]]:
        """See `Aim`; predicted is what `result` gives, without a program for so many rows."""
        found = [each.astype(np.float64) * self.spread + self.mean for each in outputs]
        predicted = np.mean([np.clip(each, self.low, self.high) if self.is_clamped else each for each in found], axis=0)
        residuals = np.sort(fed * self.spread + self.mean - predicted, axis=0)
        if len(residuals) > _MOST_RESIDUALS:  # the i-th of m stands for the quantile i / (m + 1), as that of n does
            places = np.arange(1, _MOST_RESIDUALS + 1) * (len(residuals) + 1) / (_MOST_RESIDUALS + 1) - 1
            residuals = np.stack([np.interp(places, np.arange(len(each)), each) for each in residuals.T], axis=1)
        return [list(map(float, each)) for each in residuals.T]


def interval(predicted: Array, residuals: Sequence[Sequence[float]], coverage: float) -> Array:
    """Return intervals around predicted numbers that hold the true ones with a probability.

    Parameters
    ----------
    predicted : array, shape (n, k)
        The numbers.
    residuals : sequence of sequence of float
        By how much each target was off on m rows that it was not trained on, in order.
    coverage : float
        The probability, above 0 and below 1.

    Returns
    -------
    float64 array, shape (n, k, 2)
        Low and high ends: the number plus the residuals of the ranks (m + 1) a / 2, rounded down, and (m + 1) (1 -
        a / 2), rounded up, with a = 1 - coverage; infinite where m is too small for that.

    Notes
    -----
    Where rows are exchangeable with those m, that is, drawn in the same way, the true number is within with at least
    that probability, whatever the model: there are m + 1 places among the m residuals, each as likely.

    References
    ----------
    Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005, section 4.2; for pairs of quantiles,
    Romano, Patterson and Candès, "Conformalized quantile regression", 2019, theorem 2.
    """
    tail = (1 - coverage) / 2
    ends = []
    for each in residuals:
        padded = np.concatenate([[-math.inf], each, [math.inf]])
        rank = math.floor((len(each) + 1) * tail + 1e-9)  # of 0.1 * 10 no rounding is to make 0
        ends.append((padded[rank], padded[len(each) + 1 - rank]))
    found: Array = predicted.astype(np.float64)[..., None] + np.array(ends)
    return found


def _log_softmax(x: Array) -> Array:
    x = x - x.max(axis=1, keepdims=True)
    found: Array = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return found
