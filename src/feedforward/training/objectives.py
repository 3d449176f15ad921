"""The objectives of a model: what `compile` settles of the loss and the metrics, and what they make of a batch.

A step adds up totals over batches; `Objectives.logs` turns them into the numbers that users see. Not here: gradients
and updates (``step.py``), the optimizer, and which samples are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedforward import ops
from feedforward.errors import ShapeError
from feedforward.functions import cast
from feedforward.graph.node import Array, Shape, scope
from feedforward.nn.losses import LOSSES, Loss, resolve_loss
from feedforward.nn.metrics import Metric, resolve_metric
from feedforward.tensor import Tensor, symbolic
from feedforward.training.fault import LOSS_SCOPE

__all__ = ["Objectives"]


@dataclass(frozen=True)
class Objectives:
    """A loss and metrics.

    Parameters
    ----------
    loss : Loss
        What is made small.
    metrics : tuple of str, dict or Metric
        What is measured besides. A name is resolved when the output's shape is known, on which the meaning of
        ``"accuracy"`` may depend.
    """

    loss: Loss
    metrics: tuple[Any, ...]

    @classmethod
    def chosen(cls, loss: Any, metrics: Any) -> Objectives:
        """Return the objectives that the arguments of `Model.compile` stand for.

        Raises
        ------
        ValueError, TypeError
            If one of them is unknown, or two numbers would have one name.
        """
        if loss is None:
            raise ValueError(f"compile: no loss. Give one: {', '.join(sorted(LOSSES))}.")
        if isinstance(metrics, str) or (metrics is not None and not isinstance(metrics, list | tuple)):
            raise TypeError(f"compile: metrics={metrics!r} is no list. Give a list, such as ['accuracy'].")
        new_loss = resolve_loss(loss)
        resolved = [resolve_metric(metric, new_loss, (None, 1)) for metric in metrics or []]
        names = ["loss", *(metric.name for metric in resolved)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"compile: two numbers would be called {name!r}. Give the metric another name=.")
        given = zip(metrics or [], resolved, strict=True)
        return cls(new_loss, tuple(metric if isinstance(metric, str) else found for metric, found in given))

    def resolved_metrics(self, output_shape: Shape) -> list[Metric]:
        """Return the metrics, names resolved for the output's shape."""
        shape = tuple(size if isinstance(size, int) else None for size in output_shape)
        return [resolve_metric(metric, self.loss, shape) for metric in self.metrics]

    def measure(self, target: Tensor, prediction: Tensor, weight: Tensor | None) -> tuple[list[Tensor], Tensor]:
        """Return the totals of loss and metrics over a batch, and its number of samples.

        Parameters
        ----------
        target, prediction : tensor, shape (n, ...)
            What the outputs should be, and what they are.
        weight : tensor, shape (n,), optional
            What the loss of each sample is multiplied by.
        """
        with scope(LOSS_SCOPE):
            losses = self.loss.per_sample(target, prediction)
            if losses.node.shape != target.node.shape[:1]:
                raise ShapeError(
                    f"compile(loss={self.loss!r}): it returned shape {losses.shape}, expected one number for each "
                    f"sample. Take the mean over all axes but the first."
                )
            total = (losses if weight is None else losses * cast(weight, losses.dtype)).sum()
        metrics = self.resolved_metrics(prediction.node.shape)
        totals = [total, *(metric.totals(target, prediction) for metric in metrics)]
        return totals, symbolic(ops.size(target.node.shape[0], total.dtype))

    def logs(self, totals: Sequence[Array], samples: int, output_shape: Shape) -> dict[str, float]:
        """Return loss and metrics by name from what a step added up."""
        logs = {"loss": float(totals[0]) / samples}
        for metric, total in zip(self.resolved_metrics(output_shape), totals[1:], strict=True):
            logs[metric.name] = metric.result(total)
        return logs
