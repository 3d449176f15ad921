"""Metrics of numbers: how far predictions are from targets, and how much of their variance they tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from feedforward.functions import abs, maximum, square
from feedforward.graph.node import Array
from feedforward.nn.config import registered
from feedforward.nn.cosines import cosine
from feedforward.nn.loss import align
from feedforward.nn.metrics.metric import METRICS, Metric
from feedforward.nn.metrics.rows import columns, rows_of
from feedforward.tensor import Tensor

__all__ = [
    "CosineSimilarity",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "R2Score",
    "RootMeanSquaredError",
]


@dataclass(frozen=True)
class _Error(Metric):
    is_larger_better: ClassVar[bool | None] = False


@registered(METRICS, "mse")
@dataclass(frozen=True)
class MeanSquaredError(_Error):
    """The mean of (y_true - y_pred)^2."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return (y_true - y_pred)^2 of each output."""
        y, p = align(y_true, y_pred)
        return square(p - y)


@registered(METRICS, "rmse")
@dataclass(frozen=True)
class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of (y_true - y_pred)^2 over all samples, in the unit of the targets.

    Examples
    --------
    >>> RootMeanSquaredError()([0.0, 0.0], [1.0, 7.0])
    5.0
    """

    def result(self, totals: Array) -> float:
        """Return the root of the mean."""
        return math.sqrt(super().result(totals))


@registered(METRICS, "mae")
@dataclass(frozen=True)
class MeanAbsoluteError(_Error):
    """The mean of |y_true - y_pred|."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return |y_true - y_pred| of each output."""
        y, p = align(y_true, y_pred)
        return abs(p - y)


@registered(METRICS, "mape")
@dataclass(frozen=True)
class MeanAbsolutePercentageError(_Error):
    """The mean of 100 |y_true - y_pred| / max(|y_true|, 1e-7), in per cent, as in Keras.

    Examples
    --------
    >>> MeanAbsolutePercentageError()([2.0, 4.0], [1.0, 4.0])
    25.0
    """

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each output in per cent of its target."""
        y, p = align(y_true, y_pred)
        return 100.0 * abs(p - y) / maximum(abs(y), 1e-7)


@registered(METRICS)
@dataclass(frozen=True)
class CosineSimilarity(Metric):
    """The mean of y_true . y_pred / (|y_true| |y_pred|) over the samples: 1 for equal directions, -1 for opposite ones.

    Notes
    -----
    0 where a vector is zero. Its length does not matter otherwise; Keras lets the similarity of vectors shorter than
    1e-6 fade to 0.

    Examples
    --------
    >>> CosineSimilarity()([[3.0, 4.0], [1.0, 0.0]], [[6.0, 8.0], [0.0, 2.0]])
    0.5
    """

    is_larger_better: ClassVar[bool | None] = True

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cosine of the angle between target and prediction."""
        return cosine(*align(y_true, y_pred))


@registered(METRICS, "r2")
@dataclass(frozen=True)
class R2Score(Metric):
    """The share of the targets' variance that is predicted: 1 - sum(w (y - p)^2) / sum(w (y - m)^2), m their mean.

    1 for a perfect prediction, 0 for one that says m always, negative for a worse one; of several outputs the mean of
    their scores.

    Notes
    -----
    The mean is taken first, in float64, so that no digits cancel where it is large beside the spread. Therefore the
    rows of an epoch are kept: 8 bytes for each sample and output, 12 with weights, in float32. As in scikit-learn, an
    output whose targets are all equal has the score 1 where it is met exactly, else 0; a single sample has none, NaN.

    Examples
    --------
    By hand 1 - (1 + 0 + 1) / (4 + 0 + 4):

    >>> R2Score()([1.0, 3.0, 5.0], [2.0, 3.0, 4.0])
    0.75
    """

    is_larger_better: ClassVar[bool | None] = True

    def totals(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return target, prediction and, if there are any, the weight of each output of each sample."""
        return rows_of(*align(Tensor(y_true), Tensor(y_pred)), sample_weight)

    def result(self, totals: Array) -> float:
        """Return the score from the rows of all samples."""
        if len(totals) < 2:
            return math.nan
        scores = []
        for y, p, weight in columns(totals):
            if not weight.any():
                return math.nan
            apart = y - np.average(y, weights=weight)
            apart -= np.average(apart, weights=weight)  # a large mean was rounded
            wrong, spread = np.sum(weight * (y - p) ** 2), np.sum(weight * apart**2)
            scores.append(1 - wrong / spread if spread else float(wrong == 0))
        return float(np.mean(scores))
