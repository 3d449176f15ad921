"""A slice of the loss surface: the loss over two of the weights, all others held where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedforward.labs.backprop.network import Array, Network, losses_at

__all__ = ["COUNT", "Surface", "surface_of"]

COUNT = 41
"""Points along each side of the slice."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss over a square of two weights.

    Parameters
    ----------
    first, second : (float, float)
        The ends of the horizontal and of the vertical weight.
    losses : array, shape (COUNT, COUNT)
        Rows from the top, where the second weight is largest.
    """

    first: tuple[float, float]
    second: tuple[float, float]
    losses: Array


def surface_of(
    network: Network, history: Array, axes: tuple[int, int], span: float, x: Array, targets: Array
) -> Surface:
    """Return the slice around the first of a path's vectors, through the last.

    Parameters
    ----------
    history : array, shape (m, entries)
        The path.
    axes : (int, int)
        The entries that vary.
    span : float
        How far the slice goes to each side; farther if the path does.
    """
    path = history[:, axes]
    half = max(span, 1.15 * float(np.abs(path - path[0]).max()))
    low, high = path[0] - half, path[0] + half
    vectors = np.repeat(history[-1:], COUNT * COUNT, 0)
    lines = np.linspace(low, high, COUNT)
    vectors[:, axes[0]] = np.tile(lines[:, 0], COUNT)
    vectors[:, axes[1]] = np.repeat(lines[::-1, 1], COUNT)
    losses = losses_at(network, vectors, x, targets).reshape(COUNT, COUNT)
    return Surface((float(low[0]), float(high[0])), (float(low[1]), float(high[1])), losses)
