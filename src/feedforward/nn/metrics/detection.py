"""Precision, recall and their like: how well classes are found, from counts of right and wrong answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from feedforward import ops
from feedforward.functions import argmax, broadcast_to, cast, one_hot, reshape, stack, sum
from feedforward.graph.dimension import product
from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_int, check_number, registered
from feedforward.nn.loss import Loss, OutputShape, weight_of_samples
from feedforward.nn.metrics.classes import check_classes, class_count, per_class
from feedforward.nn.metrics.metric import METRICS, Metric
from feedforward.tensor import Tensor, of_node

__all__ = [
    "F1Score",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
]

_AVERAGES = ("micro", "macro", "weighted")


@dataclass(frozen=True)
class _Counted(Metric):
    """A number made of counts of each class: of what was found, of what was said, of what there was, and of all.

    Parameters
    ----------
    threshold : float or None
        An output above it says yes, for logits it should be 0. None: the largest of several outputs says yes; of one
        output, what is above 1/2.
    class_id : int, optional
        The one class that counts; all by default.
    """

    threshold: float | None = 0.5
    class_id: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold is not None:
            check_number(type(self).__name__, "threshold", self.threshold, Range())
        if self.class_id is not None:
            check_int(type(self).__name__, "class_id", self.class_id, 0)

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return the number of each class from its counts."""
        raise NotImplementedError(
            f"{type(self).__name__} has no number(). Define number(self, found, said, real, every)."
        )

    def totals(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return, for each class, the weights of the samples that were found, said, real, and of all: shape (4, c)."""
        y, p = per_class(Tensor(y_true), Tensor(y_pred))
        count = class_count(p)
        if self.threshold is None and count != 1:
            said = cast(one_hot(argmax(p, -1), count), p.dtype)
        else:
            said = cast(p > (0.5 if self.threshold is None else self.threshold), p.dtype)
        kinds = [said * y, said, y]
        if sample_weight is not None:
            weight = broadcast_to(weight_of_samples(Tensor(sample_weight), p), p.node.shape)
            kinds = [*(kind * weight for kind in kinds), weight]
        sums = [sum(reshape(kind, (-1, count)), 0) for kind in kinds]
        if sample_weight is None:
            samples = ops.size(product(p.node.shape[:-1] if p.ndim > 1 else p.node.shape), p.dtype)
            sums.append(broadcast_to(of_node(samples, p.is_symbolic), (count,)))
        return stack(sums)

    def result(self, totals: Array) -> float:
        """Return the number from the counts of all samples."""
        totals, count = totals.astype(np.float64), totals.shape[1]
        if self.class_id is not None:
            if self.class_id >= count:
                raise ValueError(
                    f"{type(self).__name__}(class_id={self.class_id}): the network has {count} outputs. Give a number "
                    f"below that."
                )
            totals = totals[:, [self.class_id]]
        return self.averaged(totals)

    def averaged(self, totals: Array) -> float:
        """Return the number of all classes that count, from the counts of each."""
        return float(self.number(*totals.sum(1, keepdims=True)).item())

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check that targets are yes or no, or labels."""
        check_classes(type(self).__name__, y, output_shape)

    def fitting(self, loss: Loss, output_shape: OutputShape) -> Self:
        """Return the metric with the threshold of the accuracy that fits the loss."""
        return replace(self, threshold=loss.accuracy(output_shape).get("threshold"))


@registered(METRICS)
@dataclass(frozen=True)
class TruePositives(_Counted):
    """How often yes was said and right; the sum of weights, if samples weigh. See `F1Score` for the arguments.

    Examples
    --------
    >>> y, p = [1, 1, 0, 0, 1], [0.9, 0.8, 0.7, 0.1, 0.2]
    >>> TruePositives()(y, p), FalsePositives()(y, p), TrueNegatives()(y, p), FalseNegatives()(y, p)
    (2.0, 1.0, 1.0, 1.0)
    """

    is_larger_better: ClassVar[bool | None] = True

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return found."""
        return found


@registered(METRICS)
@dataclass(frozen=True)
class FalsePositives(_Counted):
    """How often yes was said and wrong; see `TruePositives`."""

    is_larger_better: ClassVar[bool | None] = False

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return said - found."""
        return said - found


@registered(METRICS)
@dataclass(frozen=True)
class TrueNegatives(_Counted):
    """How often no was said and right; see `TruePositives`."""

    is_larger_better: ClassVar[bool | None] = True

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return every - said - real + found."""
        return every - said - real + found


@registered(METRICS)
@dataclass(frozen=True)
class FalseNegatives(_Counted):
    """How often no was said and wrong; see `TruePositives`."""

    is_larger_better: ClassVar[bool | None] = False

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return real - found."""
        return real - found


@dataclass(frozen=True)
class _Ratio(_Counted):
    """A ratio of counts, of which an average over the classes may be taken; see `F1Score`."""

    is_larger_better: ClassVar[bool | None] = True

    average: str = "micro"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in _AVERAGES:
            what = f"average must be one of {', '.join(map(repr, _AVERAGES))}. Got {self.average!r}."
            one = " Of each class alone: class_id." if self.average is None else ""
            raise ValueError(f"{type(self).__name__}(average={self.average!r}): {what}{one}")

    def averaged(self, totals: Array) -> float:
        """Return the average, as it was chosen."""
        if self.average == "micro":
            return super().averaged(totals)
        each = self.number(*totals)
        shares = totals[2] if self.average == "weighted" else np.ones(len(each))
        return float(np.average(each, weights=shares)) if shares.any() else 0.0


@registered(METRICS)
@dataclass(frozen=True)
class Precision(_Ratio):
    """The share of what is right among what the network said yes to.

    Parameters
    ----------
    threshold, class_id, average
        See `F1Score`.

    Examples
    --------
    Yes to three samples, of which two are right:

    >>> Precision()([1, 1, 0, 0, 1], [0.9, 0.8, 0.7, 0.1, 0.2]) == 2 / 3
    True
    """

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return found / said."""
        return _divided(found, said)


@registered(METRICS)
@dataclass(frozen=True)
class Recall(_Ratio):
    """The share of what the network said yes to among what is right.

    Parameters
    ----------
    threshold, class_id, average
        See `F1Score`.

    Examples
    --------
    Of three that are right two were found:

    >>> Recall()([1, 1, 0, 0, 1], [0.9, 0.8, 0.7, 0.1, 0.2]) == 2 / 3
    True
    """

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return found / real."""
        return _divided(found, real)


@registered(METRICS, "f1")
@dataclass(frozen=True)
class F1Score(_Ratio):
    """The harmonic mean of precision and recall, 2 found / (said + real).

    Parameters
    ----------
    threshold : float or None
        An output above it says yes, for logits it should be 0. None, the default: the largest of several outputs says
        yes; of one output, what is above 1/2.
    class_id : int, optional
        The one class that counts; all by default.
    average : {"macro", "micro", "weighted"}
        Of several classes: the mean of their numbers, of those that never occur, too; the number of their added counts;
        or the mean with the classes' shares of the targets as weights.

    Notes
    -----
    Targets are 1 or 0 (or -1) for each output, or labels of several outputs. A ratio 0 / 0 is 0. Thresholds are by
    default those of Keras: 1/2 for `Precision` and `Recall`, None here. Given by its name, ``"f1_score"``, a metric has
    the one that fits the loss, as ``"accuracy"`` does.

    Examples
    --------
    >>> F1Score(average="micro")([0, 1, 2, 2], [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.1, 0.2, 0.7]])
    0.75
    """

    threshold: float | None = None
    average: str = "macro"

    def number(self, found: Array, said: Array, real: Array, every: Array) -> Array:
        """Return 2 found / (said + real)."""
        return _divided(2 * found, said + real)


def _divided(x: Array, y: Array) -> Array:
    """Return x / y, 0 where y is 0."""
    return np.divide(x, y, out=np.zeros_like(x), where=y != 0)
