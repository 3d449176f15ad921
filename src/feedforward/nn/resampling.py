"""Resampling: pictures read at places between their pixels, as one gather composed of the graph's operations.

What moves pixels, by how much and when, is said elsewhere (``augmentation.py``).
"""

from __future__ import annotations

from typing import Any

from feedforward.functions import (
    abs,
    broadcast_to,
    cast,
    clip,
    expand_dims,
    floor,
    maximum,
    minimum,
    reshape,
    take_along_axis,
)
from feedforward.tensor import Tensor

__all__ = ["FILL_MODES", "INTERPOLATIONS", "resample"]

FILL_MODES = ("reflect", "nearest", "constant")
INTERPOLATIONS = ("bilinear", "nearest")


def resample(
    x: Tensor,
    row: Tensor,
    column: Tensor,
    *,
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    interpolation: str = "bilinear",
    data_format: str = "channels_last",
) -> Tensor:
    """Return pictures whose pixels are read from `x` at places between its pixels.

    y[s, i, j] = sum over the pixels (k, l) of x[s, k, l] w(row[s, i, j] - k) w(column[s, i, j] - l), where w(t) is
    max(0, 1 - |t|): the mean of the four pixels around a place, by nearness.

    Parameters
    ----------
    x : float tensor, shape (n, h, w), (n, h, w, c) or, channels first, (n, c, h, w)
        The pictures.
    row, column : float tensor, shape (n, h, w)
        The places, in pixels: (0, 0) is the middle of the first.
    fill_mode : {"reflect", "nearest", "constant"}
        What lies outside of a picture: ``d c b a | a b c d | d c b a``, its border, or `fill_value`.
    fill_value : float
        For "constant".
    interpolation : {"bilinear", "nearest"}
        The mean of four pixels, or the nearest one (of two that are as near, the one below or to the right).
    data_format : {"channels_last", "channels_first"}
        Where the channels are, of four axes.

    Returns
    -------
    float tensor, shape of x
        At places of pixels it is x, to the bit.

    Notes
    -----
    NaN or infinity spreads to the pixels beside it, as 0 times infinity is NaN.

    Examples
    --------
    >>> x = Tensor([[[0.0, 8.0], [4.0, 12.0]]])
    >>> print(resample(x, Tensor([[[0.0, 0.5], [1.0, 1.0]]]), Tensor([[[0.0, 0.0], [0.75, 1.0]]])))
    [[[ 0.  2.]
      [10. 12.]]]
    """
    shape: tuple[Any, ...] = x.node.shape
    high = 2 if len(shape) == 4 and data_format == "channels_first" else 1
    height, width = shape[high], shape[high + 1]
    count = height * width
    flat = reshape(x, (*shape[:high], count, *shape[high + 2 :]))

    def spread(values: Tensor) -> Tensor:
        """Return numbers of each pixel so that they meet those of all its channels."""
        values = reshape(values, (shape[0], count))
        return values if len(shape) == 3 else expand_dims(values, high % 2 + 1)

    top, rows = _neighbours(_folded(row, height, fill_mode), height, interpolation)
    left, columns = _neighbours(_folded(column, width, fill_mode), width, interpolation)
    place = spread(cast(top, "int32") * width + cast(left, "int32"))
    result: Any = None
    for down, weight in enumerate(rows):
        line: Any = None
        for right, share in enumerate(columns):
            offset = down * width + right
            index = broadcast_to(place + offset if offset else place, flat.node.shape)
            term = take_along_axis(flat, index, high) * spread(share)
            line = term if line is None else line + term
        line = line * spread(weight)
        result = line if result is None else result + line
    if fill_mode == "constant" and fill_value:
        inside = spread(_added(rows)) * spread(_added(columns))
        result = result + (1.0 - inside) * fill_value
    return reshape(result, shape)


def _folded(place: Tensor, size: int, fill_mode: str) -> Tensor:
    """Return a place along an axis as one inside the picture, unless what is outside is not in it."""
    if fill_mode == "constant":
        return clip(place, -1.0, float(size))  # there, nothing of the picture is seen any more
    if fill_mode == "reflect":
        moved = place + 0.5
        moved = moved - floor(moved * (0.5 / size)) * (2.0 * size)
        place = minimum(moved, 2.0 * size - moved) - 0.5
    return clip(place, 0.0, size - 1.0)


def _neighbours(place: Tensor, size: int, interpolation: str) -> tuple[Tensor, list[Tensor]]:
    """Return the first pixel to read along an axis, and what it and the one after it weigh; 0 outside."""
    if interpolation == "nearest":
        nearest = floor(place + 0.5)
        first = clip(nearest, 0.0, size - 1.0)
        return first, [cast(nearest == first, place.dtype)]
    first = clip(floor(place), 0.0, max(size - 2.0, 0.0))
    past = place - first
    return first, [maximum(1.0 - abs(past - step), 0.0) for step in ((0.0, 1.0) if size > 1 else (0.0,))]


def _added(weights: list[Tensor]) -> Tensor:
    return weights[0] if len(weights) == 1 else weights[0] + weights[1]
