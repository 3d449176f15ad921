"""What a metric is: totals of a batch, and the number taken from them; and the registry of all metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from feedforward import ops
from feedforward.functions import broadcast_to, stack, sum
from feedforward.graph.dimension import product
from feedforward.graph.node import Array
from feedforward.lookup import Registry
from feedforward.nn.config import snake_case
from feedforward.nn.loss import Loss, OutputShape, weight_of_samples
from feedforward.tensor import Tensor, of_node

__all__ = ["METRICS", "Metric"]

METRICS: Registry[type[Metric]] = Registry("metric")
"""Every metric by its name."""


@dataclass(frozen=True)
class Metric:
    """Base of all metrics: a weighted mean of values.

    Parameters
    ----------
    name : str
        What logs and histories call it; by default its class in snake case.

    Attributes
    ----------
    is_larger_better : bool or None
        Whether a larger number is better, as callbacks with ``mode="auto"`` ask; None where the class does not say.

    Notes
    -----
    A metric is exact over the samples of an epoch: what `totals` returns for each batch is added up in float64, or
    kept where it has a row for each sample, and `result` is taken at the end. It is no mean of the batches' results.

    To keep one of your own in a file, register it, also where the file is read: ``@registered(METRICS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``METRICS`` from `feedforward.nn.metrics`.
    """

    is_larger_better: ClassVar[bool | None] = None

    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"{type(self).__name__}(name={self.name!r}): name must be a str. Got {self.name!r}.")
        if not self.name:
            object.__setattr__(self, "name", snake_case(type(self).__name__))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Return the metric of some samples; arguments as for `totals`.

        Raises
        ------
        DataError, ShapeError
            If the targets are not what the metric expects, or the shapes do not fit.

        Examples
        --------
        >>> import feedforward as ff
        >>> ff.metrics.MeanSquaredError()([0.0, 1.0], [3.0, 1.0])
        4.5
        """
        y, p = Tensor(y_true), Tensor(y_pred)
        self.check_targets(y.numpy(), p.shape)
        return self.result(self.totals(y, p, sample_weight).numpy())

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
            sum(w v) and sum(w). Counts are exact up to 2**24 in a batch, 2**53 in an epoch. A metric of another kind
            may return another shape, the same for every batch; or a row for each sample, shape (n, ...), to have
            `result` given the rows of all samples: then an epoch's rows are held in memory.
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

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check targets for what this metric expects, before a model is trained or measured; by default nothing.

        Parameters
        ----------
        y : array, shape (n, ...)
            The targets.
        output_shape : sequence of int or None
            The shape of the network's output, the batch included.
        """

    def fitting(self, loss: Loss, output_shape: OutputShape) -> Self:
        """Return the metric that its name alone stands for beside a loss: logits, say, have another threshold."""
        return self
