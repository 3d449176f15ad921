"""Losses as metrics: a loss that is measured and not made small, and the cross-entropies by their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from feedforward.graph.node import Array
from feedforward.nn import losses
from feedforward.nn.config import check_bool, registered, snake_case
from feedforward.nn.loss import Loss, OutputShape, resolve_loss
from feedforward.nn.metrics.metric import METRICS, Metric
from feedforward.tensor import Tensor

__all__ = ["BinaryCrossentropy", "CategoricalCrossentropy", "MeanLoss", "SparseCategoricalCrossentropy"]


@registered(METRICS)
@dataclass(frozen=True)
class MeanLoss(Metric):
    """The mean of a loss over the samples.

    Parameters
    ----------
    loss : str or Loss
        Which one; its class is the metric's name by default. ``compile(metrics=["hinge"])`` means this, too.

    Notes
    -----
    The mean is sum(w l) / sum(w), as of every metric; what is trained on is sum(w l) / n.

    Examples
    --------
    >>> MeanLoss("mean_squared_error")([0.0, 1.0], [3.0, 1.0])
    4.5
    """

    is_larger_better: ClassVar[bool | None] = False

    loss: Any = "mean_squared_error"

    def __post_init__(self) -> None:
        object.__setattr__(self, "loss", resolve_loss(self.loss))
        if self.name == "":
            object.__setattr__(self, "name", snake_case(type(self.loss).__name__))
        super().__post_init__()

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each sample."""
        losses: Tensor = self.loss.per_sample(y_true, y_pred)
        return losses

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check targets for the loss."""
        self.loss.check_targets(y, output_shape)


@dataclass(frozen=True)
class _Crossentropy(Metric):
    is_larger_better: ClassVar[bool | None] = False

    from_logits: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bool(type(self).__name__, "from_logits", self.from_logits)

    @property
    def loss(self) -> Loss:
        """The loss of the same name."""
        raise NotImplementedError(f"{type(self).__name__} has no loss. Define the property loss(self).")

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cross-entropy of each sample."""
        return self.loss.per_sample(y_true, y_pred)

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check targets as the loss of the same name does."""
        self.loss.check_targets(y, output_shape)

    def fitting(self, loss: Loss, output_shape: OutputShape) -> Self:
        """Return the metric for logits, if the loss takes logits."""
        return replace(self, from_logits=getattr(loss, "from_logits", False))


@registered(METRICS, "bce")
@dataclass(frozen=True)
class BinaryCrossentropy(_Crossentropy):
    """The mean binary cross-entropy, or log loss, in nats per sample; see `losses.BinaryCrossentropy`.

    Parameters
    ----------
    from_logits : bool
        Whether the network gives logits. By the name ``"binary_crossentropy"`` it is what the loss says.

    Examples
    --------
    >>> round(BinaryCrossentropy()([1, 0], [0.5, 0.5]), 4)
    0.6931
    """

    @property
    def loss(self) -> Loss:
        """The loss of the same name."""
        return losses.BinaryCrossentropy(self.from_logits)


@registered(METRICS)
@dataclass(frozen=True)
class CategoricalCrossentropy(_Crossentropy):
    """The mean cross-entropy of one-hot rows, in nats per sample; see `losses.CategoricalCrossentropy`."""

    @property
    def loss(self) -> Loss:
        """The loss of the same name."""
        return losses.CategoricalCrossentropy(self.from_logits)


@registered(METRICS)
@dataclass(frozen=True)
class SparseCategoricalCrossentropy(_Crossentropy):
    """The mean cross-entropy of labels, in nats per sample; see `losses.SparseCategoricalCrossentropy`."""

    @property
    def loss(self) -> Loss:
        """The loss of the same name."""
        return losses.SparseCategoricalCrossentropy(self.from_logits)
