"""What the layers have in common that slide a window over an image or a sequence: settings, frames, orders of axes.

Here axes are in the order (n, places..., channels), ``"channels_last"``; a layer with ``"channels_first"`` moves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedforward.errors import ShapeError
from feedforward.functions import reshape, transpose, windows
from feedforward.graph.dimension import Dimension, product
from feedforward.graph.node import Shape, location_text, shape_text
from feedforward.nn.config import check_choice, is_int
from feedforward.tensor import Tensor

__all__ = [
    "frames",
    "columns",
    "channels_last",
    "channels_first",
    "check_format",
    "check_shape",
    "per_axis",
    "settled",
    "spans_of",
]

_NAMES = {1: "length", 2: "height, width"}


def frames(x: Tensor, sizes: Sequence[int], strides: Sequence[int], dilation: Sequence[int], **border: Any) -> Tensor:
    """Return every window of x, its elements `dilation` apart: shape (n, places..., channels, *sizes).

    Parameters
    ----------
    x : tensor, shape (n, places..., channels)
        An image or a sequence.
    sizes, strides, dilation : sequence of int
        Of the window, along each axis between the first and the last.
    **border
        `padding` and `value`, as `windows` has them.
    """
    spans = spans_of(sizes, dilation)
    seen = windows(x, spans, strides, axes=range(1, len(spans) + 1), **border)
    steps = tuple(slice(None, None, step) for step in dilation)
    return seen if set(dilation) == {1} else seen[(..., *steps)]


def spans_of(sizes: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Return how far windows reach whose elements are `dilation` apart."""
    return [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]


def columns(seen: Tensor, rank: int) -> Tensor:
    """Return windows as vectors, whose elements are in the order of a kernel's: (n, places..., size of a window)."""
    places = range(rank + 1)
    moved = transpose(seen, (*places, *range(rank + 2, 2 * rank + 2), rank + 1))
    shape = moved.node.shape
    return reshape(moved, (*shape[: rank + 1], product(shape[rank + 1 :])))


def channels_last(x: Tensor, data_format: str) -> Tensor:
    """Return x with its channels in the last axis, where `data_format` says they are in the second."""
    return transpose(x, (0, *range(2, x.ndim), 1)) if data_format == "channels_first" else x


def channels_first(x: Tensor, data_format: str) -> Tensor:
    """Return x, whose channels are in the last axis, with them where `data_format` wants them."""
    return transpose(x, (0, x.ndim - 1, *range(1, x.ndim - 1))) if data_format == "channels_first" else x


def per_axis(owner: str, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return a setting with one int >= 1 for each axis; one for all may be given.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> per_axis("Conv2D", "strides", 2, 2), per_axis("Conv2D", "strides", (1, 2), 2)
    ((2, 2), (1, 2))
    """
    numbers = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(numbers) != rank or not all(is_int(number, 1) for number in numbers):
        wanted = "an int >= 1" if rank == 1 else f"an int >= 1, or {rank} of them"
        raise ValueError(f"{owner}({name}={value!r}): {name} must be {wanted}. Got {value!r}.")
    return tuple(int(number) for number in numbers)


def settled(setting: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return a setting that `per_axis` made a tuple, for a type checker."""
    return setting if isinstance(setting, tuple) else ()


def check_format(owner: str, data_format: Any) -> None:
    """Check where a layer is told that channels are."""
    check_choice(owner, "data_format", data_format, ("channels_last", "channels_first"))


def check_shape(layer: Any, shape: Shape, rank: int, spans: Sequence[int] = ()) -> int:
    """Return the number of channels of what a layer is called on, given its shape.

    Raises
    ------
    ShapeError
        If it has another number of axes, the number of channels is not known, or windows that reach so far and have to
        be inside do not fit.
    """
    is_last = layer.data_format == "channels_last"
    channels = shape[-1 if is_last else 1] if len(shape) == rank + 2 else None
    if not isinstance(channels, int) or isinstance(channels, Dimension):
        names = f"{_NAMES[rank]}, channels" if is_last else f"channels, {_NAMES[rank]}"
        advice = "Give the Input its shape"
        if len(shape) == rank + 1 and all(isinstance(size, int) for size in shape[1:]):
            one = (*shape[1:], 1) if is_last else (1, *shape[1:])
            advice = f"Begin with Reshape({one}) or Input({one})"
        raise ShapeError(
            f"layer {layer.name!r}: input shape {shape_text(shape)}{location_text()}. {type(layer).__name__} expects "
            f"(batch, {names}), the number of channels known. {advice}."
        )
    lengths = shape[1:-1] if is_last else shape[2:]
    for length, span in zip(lengths, spans, strict=False):
        if layer.padding == "valid" and isinstance(length, int) and length < span:
            raise ShapeError(
                f"layer {layer.name!r}: input shape {shape_text(shape)}{location_text()}, in which no window of {span} "
                f"fits along an axis of {length}. Use a smaller window, or padding='same'."
            )
    return channels
