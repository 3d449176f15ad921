"""Rows: targets, predictions and weights of all samples, for metrics that need them side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from feedforward.functions import broadcast_to, stack
from feedforward.graph.node import Array
from feedforward.nn.loss import weight_of_samples
from feedforward.tensor import Tensor

__all__ = ["columns", "rows_of"]


def rows_of(y: Tensor, p: Tensor, sample_weight: Any) -> Tensor:
    """Return targets, predictions and, if there are any, weights, shape (n, ..., 2 or 3)."""
    parts = [y, p]
    if sample_weight is not None:
        parts.append(broadcast_to(weight_of_samples(Tensor(sample_weight), p), p.node.shape))
    return stack(parts, -1)


def columns(rows: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Yield, for each output, targets, predictions and weights in float64, shape (n,); the weights are 1 by default.

    The axes between the first and the outputs' are taken for samples, too.
    """
    parts = rows.shape[-1]
    outputs = rows.shape[-2] if rows.ndim > 2 else 1
    for column in np.moveaxis(rows.reshape(-1, outputs, parts), 1, 0).astype(np.float64):
        y, p = column[:, 0], column[:, 1]
        yield y, p, column[:, 2] if parts == 3 else np.ones(len(column))
