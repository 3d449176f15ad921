"""Accuracies: the fraction of answers that are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from feedforward.functions import argmax, cast, equal, expand_dims, less_equal, logical_not, sum, take_along_axis, where
from feedforward.nn.config import Range, check_int, check_number, registered
from feedforward.nn.loss import align, classes_of, labels_of
from feedforward.nn.metrics.classes import class_count
from feedforward.nn.metrics.metric import METRICS, Metric
from feedforward.tensor import Tensor

__all__ = [
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ClassAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
]


@dataclass(frozen=True)
class _Accuracy(Metric):
    is_larger_better: ClassVar[bool | None] = True


@registered(METRICS)
@dataclass(frozen=True)
class BinaryAccuracy(_Accuracy):
    """The fraction of outputs that are on the right side of a threshold; targets are 0 or 1, or -1, which counts as 0.

    Parameters
    ----------
    threshold : float
        An output above it says 1, one at it or below says 0; for logits it should be 0.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("BinaryAccuracy", "threshold", self.threshold, Range())

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each right output and 0 for each wrong one."""
        y, p = align(y_true, y_pred)
        return cast(equal(cast(p > self.threshold, p.dtype), where(y == -1.0, 0.0, y)), p.dtype)


@registered(METRICS)
@dataclass(frozen=True)
class CategoricalAccuracy(_Accuracy):
    """The fraction of samples whose largest output is where the largest target is; of equal ones the first counts."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        y, p = align(y_true, y_pred)
        return cast(equal(argmax(p, -1), argmax(y, -1)), p.dtype)


@registered(METRICS)
@dataclass(frozen=True)
class SparseCategoricalAccuracy(_Accuracy):
    """The fraction of samples whose largest output is that of their label; of equal ones the first counts."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        return cast(equal(argmax(y_pred, -1), labels_of(y_true, y_pred)), _float_of(y_pred))


@registered(METRICS)
@dataclass(frozen=True)
class ClassAccuracy(_Accuracy):
    """The fraction of samples whose largest output is that of their class, told by its number or by a one-hot row."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        return cast(equal(argmax(y_pred, -1), classes_of(y_true, y_pred)), _float_of(y_pred))


@registered(METRICS)
@dataclass(frozen=True)
class TopKCategoricalAccuracy(_Accuracy):
    """The fraction of samples whose class is among the k largest outputs; targets are one-hot rows.

    Parameters
    ----------
    k : int
        How many outputs count as answers.

    Notes
    -----
    Of equal outputs the first count, so that k = 1 is `CategoricalAccuracy`; Keras and TensorFlow count all that are
    equal to the k-th.

    Examples
    --------
    >>> TopKCategoricalAccuracy(2)([[0, 0, 1], [1, 0, 0]], [[0.5, 0.2, 0.3], [0.1, 0.2, 0.7]])
    0.5
    """

    k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("TopKCategoricalAccuracy", "k", self.k, 1)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        y, p = align(y_true, y_pred)
        return _is_among(self, argmax(y, -1), p)


@registered(METRICS)
@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(_Accuracy):
    """The fraction of samples whose label is among the k largest outputs; see `TopKCategoricalAccuracy`.

    Examples
    --------
    >>> SparseTopKCategoricalAccuracy(2)([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.2, 0.7]])
    0.5
    """

    k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("SparseTopKCategoricalAccuracy", "k", self.k, 1)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        return _is_among(self, labels_of(y_true, y_pred), y_pred)


def _is_among(metric: TopKCategoricalAccuracy | SparseTopKCategoricalAccuracy, labels: Tensor, p: Tensor) -> Tensor:
    """Return 1 where fewer than k outputs come before that of the label, else 0."""
    count = class_count(p)
    if metric.k > count:
        raise ValueError(
            f"{type(metric).__name__}(k={metric.k}): the network has {count} outputs, so every answer would be right. "
            f"Give a smaller k."
        )
    place = expand_dims(labels, -1)
    own = take_along_axis(p, place, -1)
    numbers = Tensor(np.arange(count))
    # What is no number comes before the label's output, so that NaN is never right.
    is_before = logical_not(less_equal(p, own)) | (equal(p, own) & (numbers < place))
    dtype = _float_of(p)
    return cast(sum(cast(is_before, dtype), -1) < float(metric.k), dtype)


def _float_of(y_pred: Tensor) -> np.dtype[Any]:
    return y_pred.dtype if y_pred.dtype.kind == "f" else np.dtype("float32")
