"""What the linear lab draws in the plane: regions of classes, lines of equal score, arrows, all within a square."""

from __future__ import annotations

import numpy as np

from feedforward.labs.linear.state import EDGE, Floats

__all__ = ["arrow", "line", "region"]

Corners = list[list[float]]

_SMALLEST = 1e-140
"""A vector, or a slope, below it is none: what is divided by it or its square would not be finite."""

_SQUARE = [[-EDGE, -EDGE], [EDGE, -EDGE], [EDGE, EDGE], [-EDGE, EDGE]]


def region(W: Floats, b: Floats, row: int) -> Corners:
    """Return the corners of the region in which one score is larger than all others; nothing where they tie.

    Parameters
    ----------
    W : float64 array, shape (r, 2)
    b : float64 array, shape (r,)
    row : int
        Whose score it is.
    """
    corners = _SQUARE
    for other in range(len(b)):
        if other != row:
            corners = _cut(corners, W[row] - W[other], b[row] - b[other])
    return corners


def _cut(corners: Corners, w: Floats, c: float) -> Corners:
    """Return what of a convex polygon lies where w x + c > 0 (Sutherland and Hodgman, 1974)."""
    kept: Corners = []
    heights = [float(w @ corner + c) for corner in corners]
    for index, corner in enumerate(corners):
        before, height, last = corners[index - 1], heights[index], heights[index - 1]
        if height < 0 < last or last < 0 < height:  # their product may be too small for a number
            part = last / (last - height)
            kept.append([a + part * (z - a) for a, z in zip(before, corner, strict=True)])
        if height > 0:
            kept.append(corner)
    return kept


def line(w: Floats, c: float) -> Corners | None:
    """Return the ends of the line w x + c = 0 within the square; None where there is none."""
    size = float(np.hypot(*w))
    if size < _SMALLEST:
        return None
    normal = w / size
    foot, along = -c / size * normal, np.array([-normal[1], normal[0]])
    low, high = -np.inf, np.inf
    for start, slope in zip(foot, along, strict=True):
        if abs(slope) < _SMALLEST:
            if abs(start) > EDGE:
                return None
            continue
        ends = sorted([(-EDGE - start) / slope, (EDGE - start) / slope])
        low, high = max(low, ends[0]), min(high, ends[1])
    if low >= high:
        return None
    return [(foot + place * along).tolist() for place in (low, high)]


def arrow(w: Floats, c: float, scale: float) -> Corners | None:
    """Return tail and head of the vector w times a scale, on the line w x + c = 0 next to the origin."""
    ends = line(w, c)
    if ends is None:
        return None
    foot = -c / (w @ w) * w
    tail = foot if np.abs(foot).max() <= EDGE else np.mean(ends, 0)
    return [tail.tolist(), (tail + scale * w).tolist()]
