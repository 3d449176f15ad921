"""Losses: how far a network's outputs are from the targets, one number for each sample.

Here stand those of probabilities, in nats per sample; those of a margin are in ``margins.py``, those of numbers in
``regression.py``, and what all have in common in ``loss.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedforward.errors import ShapeError
from feedforward.functions import (
    abs,
    clip,
    exp,
    expand_dims,
    log,
    log1p,
    mean,
    squeeze,
    sum,
    take_along_axis,
    where,
)
from feedforward.graph.node import Array, location_text
from feedforward.lookup import namespace
from feedforward.nn.activations import log_softmax
from feedforward.nn.config import Range, check_bool, check_number, registered
from feedforward.nn.loss import EPSILON, check_class_count, logits_behind, mean_of_sample

# What a loss or a metric of one's own needs, too.
from feedforward.nn.loss import LOSSES as LOSSES
from feedforward.nn.loss import Loss as Loss
from feedforward.nn.loss import OutputShape as OutputShape
from feedforward.nn.loss import align as align
from feedforward.nn.loss import labels_of as labels_of
from feedforward.nn.loss import resolve_loss as resolve_loss
from feedforward.nn.loss import weight_of_samples as weight_of_samples
from feedforward.nn.margins import (
    CategoricalHinge,
    CategoricalPerceptron,
    CrammerSinger,
    Exponential,
    Hinge,
    Logistic,
    ModifiedHuber,
    OneVsAllHinge,
    Perceptron,
    SigmoidLoss,
    SquaredHinge,
)
from feedforward.nn.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    Quantile,
)
from feedforward.tensor import Tensor

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CategoricalPerceptron",
    "CosineSimilarity",
    "CrammerSinger",
    "Exponential",
    "Hinge",
    "Huber",
    "KullbackLeiblerDivergence",
    "LogCosh",
    "Logistic",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "ModifiedHuber",
    "OneVsAllHinge",
    "Perceptron",
    "Poisson",
    "Quantile",
    "SigmoidLoss",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


@registered(LOSSES, "bce")
@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """The mean of -y log(p) - (1 - y) log(1 - p) over the outputs, each of which decides between 0 and 1.

    Parameters
    ----------
    from_logits : bool
        Whether the network gives logits z, with p = sigmoid(z), rather than probabilities p.
    label_smoothing : float
        a, from 0 to 1: targets y become y (1 - a) + a / 2.

    Notes
    -----
    From logits: max(z, 0) - z y + log(1 + exp(-|z|)), which neither overflows nor loses digits. Probabilities that
    come straight from `sigmoid` are treated so too; others are kept in [1e-7, 1 - 1e-7] first, and have derivative 0
    outside of it.

    References
    ----------
    Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2; label smoothing: Szegedy et al.,
    "Rethinking the Inception architecture", 2016, section 7.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_bool(self._name, "from_logits", self.from_logits)
        check_number(self._name, "label_smoothing", self.label_smoothing, Range(0, 1))

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the binary cross-entropy of each sample."""
        y, p = align(y_true, y_pred)
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        z = logits_behind(p, "sigmoid", self.from_logits)
        if z is None:
            p = clip(p, EPSILON, 1.0 - EPSILON)
            return mean_of_sample(-(y * log(p) + (1.0 - y) * log(1.0 - p)))
        # The first two terms cancel exactly where the answer is right, so that the small third one is not lost.
        is_positive = z >= 0.0
        rest = log1p(exp(where(is_positive, -z, z)))
        return mean_of_sample(where(is_positive, z, 0.0) - z * y + rest)

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a target from 0 to 1 for each output."""
        self._check_shape(y, output_shape)
        advice = "Number two classes 0 and 1; for more of them use SparseCategoricalCrossentropy."
        self._refuse(y, (y < 0) | (y > 1), "targets must lie between 0 and 1", advice)

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return binary accuracy, its threshold where p = 1/2."""
        return {"class": "binary_accuracy", "threshold": 0.0 if self.from_logits else 0.5}


@registered(LOSSES)
@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """-sum(y log(p)) over the classes, for one-hot targets y or other probabilities.

    Parameters
    ----------
    from_logits : bool
        Whether the network gives logits z, with p = softmax(z), rather than probabilities p.
    label_smoothing : float
        a, from 0 to 1: targets y become y (1 - a) + a / c for c classes.

    Notes
    -----
    From logits: log(p) = z - logsumexp(z), finite for finite logits however far apart, see `log_softmax`.
    Probabilities that come straight from `softmax` are treated so too; others are divided by their sum (unless that is
    0), then kept in [1e-7, 1 - 1e-7].

    References
    ----------
    Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.3; label smoothing: Szegedy et al.,
    "Rethinking the Inception architecture", 2016, section 7.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_bool(self._name, "from_logits", self.from_logits)
        check_number(self._name, "label_smoothing", self.label_smoothing, Range(0, 1))

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cross-entropy of each sample."""
        y, p = align(y_true, y_pred)
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + self.label_smoothing / _class_count(self._name, p)
        return mean_of_sample(-sum(y * _log_probabilities(p, self.from_logits), -1))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a row of probabilities for each row of outputs.

        Raises
        ------
        ShapeError
            If the network has a single output, the targets are labels, or their shape is another.
        DataError
            If a target lies outside 0 and 1.
        """
        check_class_count(self._name, output_shape)
        has_labels = y.ndim == len(output_shape) - 1 or (y.ndim == len(output_shape) and y.shape[-1] == 1)
        if has_labels:
            raise ShapeError(
                f"{self._name}: the targets have shape {y.shape}, expected one-hot rows of {output_shape[-1]}. "
                f"Did you mean SparseCategoricalCrossentropy, which takes labels?"
            )
        self._check_shape(y, output_shape)
        advice = "Give one-hot rows, or probabilities."
        self._refuse(y, (y < 0) | (y > 1), "targets must lie between 0 and 1", advice)

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return categorical accuracy."""
        return {"class": "categorical_accuracy"}


@registered(LOSSES)
@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """-log(p of the right class), for targets that are the numbers of the classes, from 0 to c - 1.

    Parameters
    ----------
    from_logits : bool
    label_smoothing : float
        As for `CategoricalCrossentropy`, whose value on one-hot targets this is.

    Notes
    -----
    Labels are checked by `check_targets` before a model is trained; of tensors, one outside the classes is an
    OutOfRangeError.

    Examples
    --------
    Both right classes have the probability 1/2, so the loss is log(2):

    >>> loss = SparseCategoricalCrossentropy()
    >>> print(f"{loss([1, 0], [[0.25, 0.5, 0.25], [0.5, 0.0, 0.5]]).numpy():.4f}")
    0.6931
    """

    from_logits: bool = False
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_bool(self._name, "from_logits", self.from_logits)
        check_number(self._name, "label_smoothing", self.label_smoothing, Range(0, 1))

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cross-entropy of each sample."""
        labels = labels_of(y_true, y_pred)
        log_p = _log_probabilities(y_pred, self.from_logits)
        chosen = squeeze(take_along_axis(log_p, expand_dims(labels, -1), -1), -1)
        if self.label_smoothing:
            chosen = chosen * (1.0 - self.label_smoothing) + mean(log_p, -1) * self.label_smoothing
        return mean_of_sample(-chosen)

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a label from 0 to c - 1 for each row of outputs.

        Raises
        ------
        ShapeError
            If the network has a single output, the targets are one-hot rows, or their shape is another.
        DataError
            If a label is no whole number, or outside the classes.
        """
        check_class_count(self._name, output_shape)
        if y.ndim == len(output_shape) and y.shape[-1] == output_shape[-1]:
            raise ShapeError(
                f"{self._name}: the targets have shape {y.shape}, expected one label for each sample, shape "
                f"({len(y)},). Did you mean CategoricalCrossentropy, which takes one-hot rows?"
            )
        self._check_labels(y, output_shape)

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return sparse categorical accuracy."""
        return {"class": "sparse_categorical_accuracy"}


@registered(LOSSES, "kl_divergence", "kld")
@dataclass(frozen=True)
class KullbackLeiblerDivergence(Loss):
    """sum(y log(y / p)) over the last axis: how far probabilities p are from the probabilities y that are wanted.

    Notes
    -----
    It is the cross-entropy less the entropy of y, so both have one gradient; 0 where p = y. Terms with y = 0 are 0.
    Probabilities that come straight from `softmax` are computed from its logits; others are kept in [1e-7, 1].

    References
    ----------
    Kullback and Leibler, "On information and sufficiency", 1951.
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the divergence of each sample."""
        y, p = align(y_true, y_pred)
        z = logits_behind(p, "softmax", from_logits=False)
        log_p = log(clip(p, EPSILON, 1.0)) if z is None else log_softmax(z)
        log_y = log(where(y > 0.0, y, 1.0))
        return mean_of_sample(sum(y * (log_y - log_p), -1))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a row of probabilities for each row of outputs."""
        check_class_count(self._name, output_shape)
        self._check_shape(y, output_shape)
        self._refuse(y, (y < 0) | (y > 1), "targets must lie between 0 and 1", "Give rows of probabilities.")

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return categorical accuracy."""
        return {"class": "categorical_accuracy"}


def _log_probabilities(y_pred: Tensor, from_logits: bool) -> Tensor:
    """Return the logarithms of the classes' probabilities, along the last axis."""
    z = logits_behind(y_pred, "softmax", from_logits)
    if z is not None:
        return log_softmax(z)
    total = sum(y_pred, -1, keepdims=True)
    p = y_pred / where(abs(total) > 1e-30, total, 1.0)
    return log(clip(p, EPSILON, 1.0 - EPSILON))


def _class_count(owner: str, y_pred: Tensor) -> int:
    count = y_pred.shape[-1]
    if count is None:
        raise ShapeError(f"{owner}: the number of classes is not known{location_text()}. Give the last axis its size.")
    return count


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.losses", __all__)
