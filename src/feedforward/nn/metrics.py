"""Metrics: what is reported beside the loss, as sums that are added up over batches and a result taken from them.

To add a metric, write one dataclass: its fields are its configuration, `values` its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import ops
from feedforward.functions import abs, argmax, broadcast_to, cast, equal, square, stack, sum, where
from feedforward.graph.dimension import product
from feedforward.graph.node import Array
from feedforward.lookup import Registry, did_you_mean, namespace
from feedforward.nn.config import Range, check_number, registered, resolve, snake_case
from feedforward.nn.loss import Loss, align, classes_of, labels_of, weight_of_samples
from feedforward.tensor import Tensor, of_node

__all__ = [
    "Metric",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ClassAccuracy",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalAccuracy",
]

METRICS: Registry[type[Metric]] = Registry("metric")
"""Every metric by its name."""


@dataclass(frozen=True)
class Metric:
    """Base of all metrics: a weighted mean of values.

    Parameters
    ----------
    name : str
        What logs and histories call it; by default its class in snake case.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(METRICS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``METRICS`` from `feedforward.nn.metrics`.
    """

    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", snake_case(type(self).__name__))

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values whose mean is the metric.

        Parameters
        ----------
        y_true, y_pred : tensor
            As for `Loss.per_sample`.

        Returns
        -------
        float tensor, shape (n, ...)
            As many for each sample.
        """
        raise NotImplementedError(f"{type(self).__name__} has no values(). Define values(self, y_true, y_pred).")

    def totals(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return what a batch adds.

        Parameters
        ----------
        y_true, y_pred : tensor, array, or nested lists
            As for `values`.
        sample_weight : tensor, array, or list, shape (n,), optional
            The weight of each sample; 1 by default.

        Returns
        -------
        float tensor, shape (2,)
            sum(w v) and sum(w). Counts are exact up to 2**24 in a batch.
        """
        values = self.values(Tensor(y_true), Tensor(y_pred))
        if sample_weight is None:
            count = ops.size(product(values.node.shape), values.dtype)
            return stack([sum(values), of_node(count, values.is_symbolic)])
        weight = broadcast_to(weight_of_samples(Tensor(sample_weight), values), values.node.shape)
        return stack([sum(weight * values), sum(weight)])

    def result(self, totals: Array) -> float:
        """Return the metric from totals that were added up: their ratio, NaN when there were no samples."""
        total, weight = (float(number) for number in totals)
        return total / weight if weight else float("nan")


@registered(METRICS)
@dataclass(frozen=True)
class BinaryAccuracy(Metric):
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
class CategoricalAccuracy(Metric):
    """The fraction of samples whose largest output is where the largest target is; of equal ones the first counts."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        y, p = align(y_true, y_pred)
        return cast(equal(argmax(p, -1), argmax(y, -1)), p.dtype)


@registered(METRICS)
@dataclass(frozen=True)
class SparseCategoricalAccuracy(Metric):
    """The fraction of samples whose largest output is that of their label; of equal ones the first counts."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        dtype = y_pred.dtype if y_pred.dtype.kind == "f" else np.dtype("float32")
        return cast(equal(argmax(y_pred, -1), labels_of(y_true, y_pred)), dtype)


@registered(METRICS)
@dataclass(frozen=True)
class ClassAccuracy(Metric):
    """The fraction of samples whose largest output is that of their class, told by its number or by a one-hot row."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return 1 for each sample that is right and 0 for each that is wrong."""
        dtype = y_pred.dtype if y_pred.dtype.kind == "f" else np.dtype("float32")
        return cast(equal(argmax(y_pred, -1), classes_of(y_true, y_pred)), dtype)


@registered(METRICS, "mse")
@dataclass(frozen=True)
class MeanSquaredError(Metric):
    """The mean of (y_true - y_pred)^2."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return (y_true - y_pred)^2 of each output."""
        y, p = align(y_true, y_pred)
        return square(p - y)


@registered(METRICS, "mae")
@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The mean of |y_true - y_pred|."""

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return |y_true - y_pred| of each output."""
        y, p = align(y_true, y_pred)
        return abs(p - y)


def resolve_metric(thing: Any, loss: Loss, output_shape: Sequence[int | None]) -> Metric:
    """Return the metric that a name, a configuration or an instance stands for.

    Parameters
    ----------
    thing : str, dict or Metric
        What the user gave, which is what logs call it, as in Keras; ``"accuracy"`` and ``"acc"`` stand for the
        accuracy that fits the loss, see `Loss.accuracy`.
    loss : Loss
        What is trained.
    output_shape : sequence of int or None
        The shape of the network's output, the batch included.

    Raises
    ------
    ValueError, TypeError
        If there is no such metric.
    """
    if not isinstance(thing, str) or thing in METRICS:
        return resolve(METRICS, thing)
    if thing.casefold() in ("accuracy", "acc"):
        metric = resolve(METRICS, loss.accuracy(output_shape))
    elif METRICS.find(thing) is None:
        raise ValueError(f"Unknown metric {thing!r}. {did_you_mean(thing, ['accuracy', *METRICS])}")
    else:
        metric = METRICS[thing]()
    return replace(metric, name=thing)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.metrics", __all__)
