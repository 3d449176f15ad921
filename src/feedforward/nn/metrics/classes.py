"""Targets as yes or no for each class, whether they are given so or as labels."""

from __future__ import annotations

import numpy as np

from feedforward.errors import DataError, ShapeError
from feedforward.functions import cast, one_hot
from feedforward.graph.node import Array, location_text
from feedforward.nn.loss import OutputShape, align, labels_of
from feedforward.tensor import Tensor

__all__ = ["check_classes", "class_count", "per_class"]


def per_class(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets, 1 for yes and 0 for no, and predictions in one shape (n, ..., c); labels become one-hot rows.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    """
    p = y_pred if y_pred.dtype.kind == "f" else cast(y_pred, "float32")
    if _are_labels(y_true.shape, p.shape):
        return cast(one_hot(labels_of(y_true, p), class_count(p)), p.dtype), p
    y, p = align(y_true, p)
    return cast(y > 0.0, p.dtype), p


def class_count(y_pred: Tensor) -> int:
    """Return how many outputs there are for each sample.

    Raises
    ------
    ShapeError
        If that is not known.
    """
    count = y_pred.shape[-1] if y_pred.ndim > 1 else 1
    if count is None:
        raise ShapeError(f"the number of classes is not known{location_text()}. Give the last axis its size.")
    return count


def check_classes(owner: str, y: Array, output_shape: OutputShape) -> None:
    """Check that targets are labels of the classes, or yes or no for each: 1 or 0, or 1 or -1.

    Raises
    ------
    DataError
        If one is neither.
    """
    if _are_labels(y.shape, tuple(output_shape)):
        count = output_shape[-1] or 0
        is_bad = (y != np.floor(y)) | (y < 0) | (y >= count)
        expected = f"labels from 0 to {count - 1}"
    else:
        low = -1 if (y < 0).any() else 0
        is_bad = (y != 1) & (y != low)
        expected = f"targets of {low} or 1"
    if is_bad.any():
        raise DataError(
            f"{owner}: expected {expected}. Got {y[is_bad][0].item()!r}. Drop the metric, or number the targets so."
        )


def _are_labels(targets: tuple[int | None, ...], outputs: tuple[int | None, ...]) -> bool:
    """Return whether targets of a shape are one label for each row of several outputs."""
    if len(outputs) < 2 or outputs[-1] == 1:
        return False
    return len(targets) == len(outputs) - 1 or (len(targets) == len(outputs) and targets[-1] == 1)
