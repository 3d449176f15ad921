"""Metrics: what is reported beside the loss, exact over the samples of an epoch.

To add a metric, write one dataclass in the file of its kind: its fields are its configuration, `values` its formula if
it is a mean, else `totals` and `result`; `is_larger_better` says which way is better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from feedforward.errors import ShapeError
from feedforward.lookup import did_you_mean, namespace
from feedforward.nn.config import resolve
from feedforward.nn.loss import LOSSES, Loss, applied, name_of
from feedforward.nn.metrics.accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    ClassAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from feedforward.nn.metrics.detection import (
    F1Score,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from feedforward.nn.metrics.likelihood import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanLoss,
    SparseCategoricalCrossentropy,
)
from feedforward.nn.metrics.metric import METRICS as METRICS
from feedforward.nn.metrics.metric import Metric
from feedforward.nn.metrics.ranking import AUC
from feedforward.nn.metrics.regression import (
    CosineSimilarity,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
)
from feedforward.tensor import Tensor

__all__ = [
    "Metric",
    "AUC",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "ClassAccuracy",
    "CosineSimilarity",
    "F1Score",
    "FalseNegatives",
    "FalsePositives",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanLoss",
    "MeanSquaredError",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
]


@dataclass(frozen=True)
class _Function(Metric):
    """The mean of what a function of targets and predictions returns."""

    function: Callable[[Tensor, Tensor], Any] = NotImplemented

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", name_of(self.function))

    def __str__(self) -> str:
        return f"function {self.name}"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return what the function gives for each sample."""
        values = applied(self.function, y_true, y_pred, f"metric {self.name}")
        if values.ndim == 0 or values.node.shape[0] != y_pred.node.shape[0]:
            raise ShapeError(
                f"it returned shape {values.shape}, expected a number for each sample. Do not take "
                f"a mean: that is done over all of an epoch."
            )
        return values


def resolve_metric(thing: Any, loss: Loss, output_shape: Sequence[int | None]) -> Metric:
    """Return the metric that a name, a configuration, an instance, a loss or a function stands for.

    Parameters
    ----------
    thing : str, dict, Metric, Loss, or function of targets and predictions
        What the user gave, which is what logs call it, as in Keras; ``"accuracy"`` and ``"acc"`` stand for the
        accuracy that fits the loss, see `Loss.accuracy`, and other names for what fits it, see `Metric.fitting`. The
        name of a loss, or a loss, is measured by its mean; a function, by the mean of what it returns.
    loss : Loss
        What is trained.
    output_shape : sequence of int or None
        The shape of the network's output, the batch included.

    Raises
    ------
    ValueError, TypeError
        If there is no such metric.
    """
    if isinstance(thing, Loss):
        return MeanLoss(thing)
    if callable(thing) and not isinstance(thing, type | Metric):
        return _Function(thing)
    if not isinstance(thing, str):
        return resolve(METRICS, thing)
    if thing.casefold() in ("accuracy", "acc"):
        return replace(resolve(METRICS, loss.accuracy(output_shape)), name=thing)
    if METRICS.find(thing) is not None:
        return replace(METRICS[thing]().fitting(loss, output_shape), name=thing)
    if LOSSES.find(thing) is not None:
        return MeanLoss(thing, name=thing)
    raise ValueError(f"Unknown metric {thing!r}. {did_you_mean(thing, ['accuracy', *METRICS])}")


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.metrics", __all__)
