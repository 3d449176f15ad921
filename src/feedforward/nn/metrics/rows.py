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
    for column in rows.reshape(-1, outputs, parts).transpose(1, 2, 0):
        y, p, *weight = np.array(column, np.float64, order="C")
        yield y, p, weight[0] if weight else np.ones(len(y))
