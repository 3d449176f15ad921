"""The area under a curve over all thresholds: how well scores rank what is right before what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from feedforward.graph.node import Array
from feedforward.nn.config import registered
from feedforward.nn.loss import OutputShape
from feedforward.nn.metrics.classes import check_classes, per_class
from feedforward.nn.metrics.metric import METRICS, Metric
from feedforward.nn.metrics.rows import columns, rows_of
from feedforward.tensor import Tensor

__all__ = ["AUC"]


@registered(METRICS)
@dataclass(frozen=True)
class AUC(Metric):
    """The area under the curve that a threshold draws as it falls from the largest score to the smallest.

    ROC: the true positive rate over the false positive rate, by trapezoids: the chance that a positive sample has a
    larger score than a negative one, ties counting half. PR: precision over recall, as the sum of (R_i - R_(i-1)) P_i,
    which is called average precision.

    Parameters
    ----------
    curve : {"ROC", "PR"}
        Which curve.
    average : {"macro", "micro", "weighted"}
        Of several outputs: the mean of their areas; the area of all their scores together; or the mean with the
        weights of their positives. Labels are taken for one class against the rest.

    Notes
    -----
    Exact, as scikit-learn's `roc_auc_score` and `average_precision_score`, ties and weights of samples included; Keras
    takes 200 thresholds. Only the order of scores matters, so logits do as well as probabilities. For that the scores
    of an epoch are kept: 8 bytes for each sample and output, 12 with weights, in float32; each time when numbers are
    reported they are sorted.

    Without positives, or for ROC without negatives, there is no curve: NaN, but 0 for PR without positives. A score
    that is NaN gives NaN.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006, algorithm 3.

    Examples
    --------
    Of the four pairs of a positive and a negative sample, three are in order:

    >>> AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """

    is_larger_better: ClassVar[bool | None] = True

    curve: str = "ROC"
    average: str = "macro"

    def __post_init__(self) -> None:
        super().__post_init__()
        for setting, value, known in (
            ("curve", self.curve, ("ROC", "PR")),
            ("average", self.average, ("macro", "micro", "weighted")),
        ):
            if value not in known:
                raise ValueError(
                    f"AUC({setting}={value!r}): {setting} must be one of {', '.join(map(repr, known))}. Got {value!r}."
                )

    def totals(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return target, score and, if there are any, the weight of each output of each sample."""
        return rows_of(*per_class(Tensor(y_true), Tensor(y_pred)), sample_weight)

    def result(self, totals: Array) -> float:
        """Return the area from the rows of all samples."""
        if self.average == "micro" and totals.ndim > 2:
            totals = totals.reshape(-1, totals.shape[-1])
        area = _roc if self.curve == "ROC" else _precision_recall
        each = list(columns(totals))
        areas = [area(y, score, weight) for y, score, weight in each]
        if self.average == "weighted":
            shares = [float(np.sum(y * weight)) for y, _, weight in each]
            return float(np.average(areas, weights=shares)) if any(shares) else math.nan
        return float(np.mean(areas))

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check that targets are yes or no, or labels."""
        check_classes("AUC", y, output_shape)


def _counts(y: Array, score: Array, weight: Array) -> tuple[Array, Array]:
    """Return the weights of the true and false positives at each threshold, from the largest score on."""
    # Counts are exact in any order of equal scores, so a quicker sort will do; sums of weights have the same bits on
    # every machine in one order alone.
    order = np.argsort(-score, kind="stable" if np.any(weight != 1) else None)
    y, score, weight = y[order], score[order], weight[order]
    is_last = np.append(score[1:] != score[:-1], True)  # of equal scores
    return np.cumsum(y * weight)[is_last], np.cumsum((1 - y) * weight)[is_last]


def _roc(y: Array, score: Array, weight: Array) -> float:
    if not len(y) or np.isnan(score).any():
        return math.nan
    true, false = (np.concatenate([[0.0], count]) for count in _counts(y, score, weight))
    if not (true[-1] and false[-1]):
        return math.nan
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1])) / (2 * true[-1] * false[-1]))


def _precision_recall(y: Array, score: Array, weight: Array) -> float:
    if not len(y) or np.isnan(score).any():
        return math.nan
    true, false = _counts(y, score, weight)
    if not true[-1]:
        return 0.0
    said = true + false
    precision = np.divide(true, said, out=np.zeros_like(true), where=said > 0)
    return float(np.sum(np.diff(true, prepend=0.0) * precision) / true[-1])
