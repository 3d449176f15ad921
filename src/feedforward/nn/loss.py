"""The loss: what every loss has in common. Which there are stands in ``losses.py``.

To add a loss, write one dataclass: its fields are its configuration, `per_sample` its formula, `check` what its targets
must be, `accuracy` which metric counts right answers. Logarithms are natural, so that cross-entropies are in nats per
sample, where it does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.arrays import Origin
from feedforward.attributes import is_ours
from feedforward.errors import DataError, ShapeError
from feedforward.functions import argmax, cast, expand_dims, mean, reshape, squeeze
from feedforward.graph.node import Array, location_text, shape_text
from feedforward.lookup import Registry
from feedforward.nn.activations import logits_of, note_logits
from feedforward.nn.config import resolve
from feedforward.replay import can_replay, replay
from feedforward.tensor import Tensor

__all__ = [
    "LOSSES",
    "EPSILON",
    "Loss",
    "OutputShape",
    "align",
    "check_class_count",
    "classes_of",
    "labels_of",
    "logits_behind",
    "mean_of_sample",
    "resolve_loss",
    "weight_of_samples",
    "applied",
    "name_of",
]

LOSSES: Registry[type[Loss]] = Registry("loss")
"""Every loss by its name."""

EPSILON = 1e-7
"""How near to 0 and 1 a probability may come before its logarithm is taken; Keras's number."""

OutputShape = Sequence[int | None]


@dataclass(frozen=True)
class Loss:
    """Base of all losses.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(LOSSES)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``LOSSES`` from `feedforward.nn.losses`.
    """

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each sample.

        Parameters
        ----------
        y_true : tensor, shape (n, ...)
            The targets, of any dtype.
        y_pred : float tensor, shape (n, ...)
            What the network says.

        Returns
        -------
        tensor, shape (n,)
            A mean over all axes but the first.

        Raises
        ------
        ShapeError
            If the shapes do not fit.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no per_sample(). Define per_sample(self, y_true, y_pred)."
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the mean loss of the samples: sum(w l) / n.

        Parameters
        ----------
        y_true, y_pred : tensor, array, or nested lists
            As for `per_sample`.
        sample_weight : tensor, array, or list, shape (n,), optional
            What each loss is multiplied by; the sum is divided by n, not by the sum of the weights, as in Keras.

        Examples
        --------
        >>> from feedforward.nn.losses import MeanSquaredError
        >>> print(MeanSquaredError()([0.0, 1.0], [3.0, 1.0]))
        4.5
        """
        given = [each if isinstance(each, Tensor) else Tensor(each) for each in (y_true, y_pred)]
        if sample_weight is not None:
            given.append(Tensor(sample_weight))
        if not (self._repeats and can_replay(given)):
            return self._mean(*given)
        logits = logits_of(given[1])
        if logits is None:
            return replay(self, None, lambda inputs: ([self._mean(*inputs)], None), given)[0][0]
        kind, z = logits

        def mean_of(inputs: Sequence[Tensor]) -> tuple[list[Tensor], None]:
            note_logits(inputs[1], kind, inputs[-1])
            return [self._mean(*inputs[:-1])], None

        return replay(self, kind, mean_of, [*given, z])[0][0]

    @property
    def _repeats(self) -> bool:
        """Whether it is the same graph each time: not where code of a user's has a say."""
        return is_ours(type(self))

    def _mean(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Return the mean loss of the samples."""
        losses = self.per_sample(y_true, y_pred)
        return mean(losses if sample_weight is None else losses * weight_of_samples(sample_weight, losses))

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return the configuration of the metric that "accuracy" stands for beside this loss.

        Parameters
        ----------
        output_shape : sequence of int or None
            The shape of the network's output, the batch included.

        Returns
        -------
        dict
            The metric's class and settings, as in a file; by default binary for one output, categorical for several.
        """
        has_one = len(output_shape) < 2 or output_shape[-1] == 1
        return {"class": "binary_accuracy" if has_one else "categorical_accuracy"}

    def check_targets(self, y: Array, output_shape: OutputShape) -> None:
        """Check targets before they are trained on.

        Parameters
        ----------
        y : array, shape (n, ...)
            The targets.
        output_shape : sequence of int or None
            The shape of the network's output, the batch included.

        Raises
        ------
        DataError
            If a target is no finite number, or not what the loss expects; names the first row where that is so.
        ShapeError
            If the targets have another shape than the loss expects.
        """
        if y.dtype.kind not in "biuf":
            raise DataError(f"{self._name}: the targets have dtype {y.dtype}. Give numbers.")
        if y.dtype.kind == "f":
            self._refuse(y, ~np.isfinite(y), "targets must be finite", "Drop the row or replace the value.")
        self.check(y, tuple(output_shape))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check finite targets for what this loss expects; by default one for each output. See `check_targets`."""
        self._check_shape(y, output_shape)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _check_shape(self, y: Array, expected: tuple[int | None, ...]) -> None:
        """Check that there is one target for each output; (n,) and (n, 1) are the same."""
        shape: tuple[int | None, ...] = y.shape
        if len(shape) == len(expected) + 1 and shape[-1] == 1:
            shape = shape[:-1]
        elif len(shape) == len(expected) - 1 and expected[-1] == 1:
            shape = (*shape, 1)
        if len(shape) != len(expected) or not _can_be_equal(shape[1:], expected[1:]):
            wanted = f"({', '.join(['n', *map(str, expected[1:])])}{',' if len(expected) == 1 else ''})"
            raise ShapeError(
                f"{self._name}: the targets have shape {y.shape}, expected {wanted}. "
                f"Give one target for each output, or change the last layer."
            )

    def _check_labels(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a whole number from 0 to c - 1 for each row of outputs."""
        self._check_shape(y, output_shape[:-1])
        count = output_shape[-1]
        if y.dtype.kind == "f":
            self._refuse(y, y != np.floor(y), "labels must be whole numbers", "Number the classes 0, 1, 2, ...")
        if count is not None and y.size and y.dtype.kind != "b":
            least, most = int(y.min()), int(y.max())
            rule = f"labels range from {least} to {most}, but the network has {count} outputs"
            advice = f"Give the last layer {most + 1} units, or number the classes from 0 to {count - 1}."
            if least < 0 or most - least < count:
                advice = f"Number the classes from 0 to {count - 1}."
            self._refuse(y, (y < 0) | (y >= count), rule, advice)

    def _refuse(self, y: Array, is_bad: Array, rule: str, advice: str) -> None:
        """Raise if any target is bad; names the first."""
        if is_bad.any():
            place = tuple(np.argwhere(is_bad)[0].tolist())
            cell = Origin().cell(place).capitalize() if place else "The target"
            rows = np.count_nonzero(is_bad.reshape(len(y), -1).any(1)) if place else 1
            more = f", the first of {rows} such rows" if rows > 1 else ""
            raise DataError(f"{self._name}: {rule}. {cell} holds {y[place].item()!r}{more}. {advice}")


@dataclass(frozen=True)
class _Function(Loss):
    """A loss made of a function of targets and predictions, whose further axes a mean is taken over."""

    function: Callable[[Tensor, Tensor], Tensor]

    @property
    def _repeats(self) -> bool:
        return False  # the function is a user's

    @property
    def _name(self) -> str:
        return name_of(self.function)

    def __str__(self) -> str:
        return f"function {self._name}"

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return what the function gives for each sample."""
        return mean_of_sample(applied(self.function, y_true, y_pred, f"loss {self._name}"))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Take all finite targets: only the function knows what it expects."""


def resolve_loss(thing: Any) -> Loss:
    """Return the loss that a name, a configuration, an instance or a function of targets and predictions stands for.

    Raises
    ------
    ValueError, TypeError
        If it is none of them.
    """
    is_function = callable(thing) and not isinstance(thing, type | Loss)
    return _Function(thing) if is_function else resolve(LOSSES, thing)


def name_of(function: Any) -> str:
    """Return what a user's function is called, or an object's class that can be called."""
    return getattr(function, "__name__", type(function).__name__)


def applied(function: Callable[[Tensor, Tensor], Any], y_true: Tensor, y_pred: Tensor, name: str) -> Tensor:
    """Return what a user's function makes of targets and predictions, in one shape and dtype where they fit.

    Raises
    ------
    TypeError
        If that is no tensor; begins with `name`.
    """
    try:
        y, p = align(y_true, y_pred)
    except ShapeError:  # labels beside rows, say: the function knows what they mean
        y, p = y_true, y_pred
    values = function(y, p)
    if not isinstance(values, Tensor):
        raise TypeError(f"{name}: it returned {values!r}. It must return a tensor.")
    return values


def align(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets and predictions in one shape and dtype: those of the predictions.

    Raises
    ------
    ShapeError
        If they differ in more than a last axis of size 1, which one of them lacks.
    """
    p = y_pred if y_pred.dtype.kind == "f" else cast(y_pred, "float32")
    y = cast(y_true, p.dtype)
    if y.ndim == p.ndim + 1 and y.shape[-1] == 1:
        y = squeeze(y, -1)
    elif y.ndim == p.ndim - 1 and p.shape[-1] == 1:
        y = expand_dims(y, -1)
    if y.ndim != p.ndim or not _can_be_equal(y.shape, p.shape):
        raise ShapeError(
            f"targets have shape {shape_text(y_true.node.shape)}, predictions {shape_text(y_pred.node.shape)}"
            f"{location_text()}. Give one target for each output."
        )
    return y, p


def labels_of(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return labels as int64, in the shape of the predictions without their last axis.

    Raises
    ------
    ShapeError
        If they do not fit.
    """
    labels = cast(y_true, "int64")
    if labels.ndim == y_pred.ndim and labels.shape[-1:] == (1,):
        labels = squeeze(labels, -1)
    if labels.ndim != y_pred.ndim - 1 or not _can_be_equal(labels.shape, y_pred.shape[:-1]):
        raise ShapeError(
            f"labels have shape {shape_text(y_true.node.shape)}, predictions {shape_text(y_pred.node.shape)}"
            f"{location_text()}. Give one label for each row of predictions."
        )
    return labels


def classes_of(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return labels as `labels_of` does, also of one-hot rows.

    Raises
    ------
    ShapeError
        If they do not fit.
    """
    is_one_hot = y_true.ndim == y_pred.ndim and y_true.shape[-1:] != (1,)
    return argmax(align(y_true, y_pred)[0], -1) if is_one_hot else labels_of(y_true, y_pred)


def check_class_count(owner: str, output_shape: tuple[int | None, ...], binary: str = "BinaryCrossentropy") -> None:
    """Check that a network has an output for each class.

    Raises
    ------
    ShapeError
        If it has only one; names the loss to use then.
    """
    if len(output_shape) < 2 or output_shape[-1] == 1:
        raise ShapeError(
            f"{owner}: the network has 1 output, expected one for each class. "
            f"Give the last layer more units, or use {binary}."
        )


def weight_of_samples(sample_weight: Tensor, values: Tensor) -> Tensor:
    """Return weights of samples in the dtype of `values`, shape (n, ...), and with as many axes.

    Raises
    ------
    ShapeError
        If there is not one weight for each sample.
    """
    is_column = sample_weight.ndim == 2 and sample_weight.shape[-1] == 1
    weight = squeeze(sample_weight, -1) if is_column else sample_weight
    if weight.ndim != 1 or not _can_be_equal(weight.shape, values.shape[:1]):
        raise ShapeError(
            f"sample_weight has shape {shape_text(sample_weight.node.shape)} for {shape_text(values.node.shape[:1])} "
            f"samples{location_text()}. Give one weight for each sample."
        )
    return reshape(cast(weight, values.dtype), (weight.node.shape[0], *[1] * (values.ndim - 1)))


def _can_be_equal(shape: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Return whether two shapes with as many axes agree where both are known."""
    return len(shape) == len(other) and all(a is None or b is None or a == b for a, b in zip(shape, other, strict=True))


def mean_of_sample(values: Tensor) -> Tensor:
    """Return the mean over all axes but the first."""
    return mean(values, tuple(range(1, values.ndim))) if values.ndim > 1 else values


def logits_behind(y_pred: Tensor, activation: str, from_logits: bool) -> Tensor | None:
    """Return the logits, if the predictions are logits or come straight from the activation; else None."""
    if from_logits:
        return y_pred
    origin = logits_of(y_pred)
    return origin[1] if origin is not None and origin[0] == activation else None
