"""Strokes of a pen become an image like those of the data set: of the same size, place and thickness.

MNIST's digits fit into a box of 20 x 20 pixels and lie in 28 x 28 so that their centre of mass is in the middle (LeCun
et al. 1998, "Gradient-based learning applied to document recognition", section III.A). The package's own digits fill a
box of 32 x 32 black or white pixels, of which each 4 x 4 are counted (Alpaydin and Kaynak 1998, "Optical recognition of
handwritten digits", UCI Machine Learning Repository). A network knows only such images; what lies or is drawn
otherwise is foreign to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stroke", "image_of"]

Stroke = Sequence[tuple[float, float]]
"""Points (x, y) from 0 to 1 that a line joins; y is down, as in an image."""

Points = NDArray[np.float64]

_BOX, _RADIUS = 20.0, 1.3
"""Of MNIST, in pixels: what digits fit into, and half the width of a line: a digit is then about as dark as theirs."""

_FINE, _FINE_RADIUS = 32, 2.5
"""Of the package's digits: the pixels that are counted by fours, and half the width of a line in these."""


def image_of(strokes: Sequence[Stroke], side: int) -> NDArray[np.uint8]:
    """Return strokes as an image.

    Parameters
    ----------
    strokes : sequence of Stroke
        At least one point.
    side : int
        28 for an image like MNIST's with pixels 0..255, 8 for one like those of `feedforward.datasets.digits`, 0..16.

    Returns
    -------
    uint8 array, shape (side, side)
    """
    lines = [np.array(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if side == 8:
        fitted = _fitted(lines, _FINE, _FINE, _FINE_RADIUS)
        is_black = _distances(fitted, _FINE) <= _FINE_RADIUS
        counts: NDArray[np.uint8] = is_black.reshape(8, 4, 8, 4).sum((1, 3)).astype(np.uint8)
        return counts
    fitted = _fitted(lines, side, _BOX, _RADIUS)
    ink = _ink(fitted, side)
    y, x = np.indices(ink.shape)
    middle = (side - 1) / 2
    shift = [middle - (x * ink).sum() / ink.sum(), middle - (y * ink).sum() / ink.sum()]
    centred = _ink([line + np.round(shift) for line in fitted], side)  # by whole pixels, as MNIST's were
    image: NDArray[np.uint8] = np.round(centred * 255).astype(np.uint8)
    return image


def _fitted(lines: Sequence[Points], side: int, box: float, radius: float) -> list[Points]:
    """Return lines in pixels, drawn as large as fits into a box, which is in the middle."""
    points = np.concatenate(lines)
    low, high = points.min(0), points.max(0)
    extent = (high - low).max()
    scale = (box - 2 * radius) / extent if extent > 0 else 0.0  # a dot stays a dot
    return [(line - (low + high) / 2) * scale + (side - 1) / 2 for line in lines]


def _ink(lines: Sequence[Points], side: int) -> Points:
    """Return how much of each pixel is covered, from 0 to 1, shape (side, side)."""
    return np.clip(_RADIUS + 0.5 - _distances(lines, side), 0, 1)


def _distances(lines: Sequence[Points], side: int) -> Points:
    """Return how far the middle of each pixel is from the nearest line, shape (side, side)."""
    y, x = np.indices((side, side))[..., None]
    nearest = np.full((side, side), np.inf)
    for line in lines:
        starts = line[:-1] if len(line) > 1 else line
        along = (line[1:] if len(line) > 1 else line) - starts
        (x0, y0), (dx, dy) = starts.T, along.T  # apart, each of all segments: much quicker than a last axis of 2
        lengths = np.maximum(dx**2 + dy**2, 1e-12)  # of a dot, whose line has no length
        part = np.clip(((x - x0) * dx + (y - y0) * dy) / lengths, 0, 1)
        squares = (x - (x0 + part * dx)) ** 2 + (y - (y0 + part * dy)) ** 2
        nearest = np.minimum(nearest, np.sqrt(squares.min(-1)))
    return nearest
