"""Layers that put elements in another order, repeat them, or add and drop those at a border. `Reshape` is another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedforward.errors import ShapeError
from feedforward.functions import broadcast_to, pad, reshape, transpose
from feedforward.graph.node import location_text, shape_text
from feedforward.nn.config import check_int, is_int, registered
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.sliding import check_format, check_shape, per_axis, settled
from feedforward.tensor import Tensor

__all__ = ["Cropping2D", "Permute", "RepeatVector", "UpSampling2D", "ZeroPadding2D"]


@registered(LAYERS)
@dataclass(eq=False)
class Permute(Layer):
    """A layer that puts the axes of each sample in another order.

    Parameters
    ----------
    dims : sequence of int
        Which axis comes first, second, ..., counted from 1, for the batch stays first: ``Permute((2, 1))`` makes
        (n, a, b) (n, b, a).

    Raises
    ------
    ValueError
        If it does not hold each number from 1 on once.

    Examples
    --------
    >>> print(Permute((2, 1))([[[1, 2, 3], [4, 5, 6]]])[0])
    [[1 4]
     [2 5]
     [3 6]]
    """

    dims: Sequence[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        given: Any = self.dims
        is_right = isinstance(given, list | tuple) and all(map(is_int, given))
        if not is_right or sorted(given) != list(range(1, len(given) + 1)):
            raise ValueError(
                f"Permute(dims={given!r}): dims must hold each axis from 1 on once, such as (2, 1). Got {given!r}."
            )
        self.dims = tuple(int(axis) for axis in given)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x with its axes in that order.

        Raises
        ------
        ShapeError
            If it has more or fewer.
        """
        if x.ndim != len(self.dims) + 1:
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()} has {x.ndim - 1} axes "
                f"behind the batch, dims={self.dims} has {len(self.dims)}. Give one for each."
            )
        return transpose(x, (0, *self.dims))


@registered(LAYERS)
@dataclass(eq=False)
class RepeatVector(Layer):
    """A layer that repeats a vector: (n, d) becomes (n, times, d).

    Parameters
    ----------
    n : int
        How often, at least 1.

    Raises
    ------
    ValueError
        If it is no int >= 1.

    Examples
    --------
    >>> print(RepeatVector(2)([[1.0, 2.0]])[0])
    [[1. 2.]
     [1. 2.]]
    """

    n: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("RepeatVector", "n", self.n, 1)
        self.n = int(self.n)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, repeated.

        Raises
        ------
        ShapeError
            If it has not two axes.
        """
        if x.ndim != 2:
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()}. RepeatVector expects "
                f"(batch, d). Begin with Flatten()."
            )
        rows, size = x.node.shape
        return broadcast_to(reshape(x, (rows, 1, size)), (rows, self.n, size))


@registered(LAYERS)
@dataclass(eq=False)
class ZeroPadding2D(Layer):
    """A layer that puts zeros around an image.

    Parameters
    ----------
    padding : int, two of them, or two pairs
        Rows above and below, columns left and right: one number for all; (rows, columns); or
        ((above, below), (left, right)).
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).

    Raises
    ------
    ValueError
        If a number is no int >= 0, or a word is unknown.

    Examples
    --------
    >>> print(ZeroPadding2D(((1, 0), (0, 2)))([[[[5.0]]]])[0, :, :, 0])
    [[0. 0. 0.]
     [5. 0. 0.]]
    """

    padding: int | Sequence[Any] = 1
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.padding = _as_pairs("ZeroPadding2D", "padding", self.padding)
        check_format("ZeroPadding2D", self.data_format)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the larger image.

        Raises
        ------
        ShapeError
            If the input has other axes.
        """
        check_shape(self, x.node.shape, 2)
        none = (0, 0)
        around: Any = self.padding
        is_last = self.data_format == "channels_last"
        return pad(x, (none, *around, none) if is_last else (none, none, *around))


@registered(LAYERS)
@dataclass(eq=False)
class Cropping2D(Layer):
    """A layer that drops rows and columns at the border of an image.

    Parameters
    ----------
    cropping : int, two of them, or two pairs
        How many, as for `ZeroPadding2D`.
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).

    Raises
    ------
    ValueError
        If a number is no int >= 0, or a word is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> print(Cropping2D(1)(np.arange(9.0).reshape(1, 3, 3, 1)))
    [[[[4.]]]]
    """

    cropping: int | Sequence[Any] = 0
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cropping = _as_pairs("Cropping2D", "cropping", self.cropping)
        check_format("Cropping2D", self.data_format)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the smaller image.

        Raises
        ------
        ShapeError
            If the input has other axes, or nothing is left.
        """
        check_shape(self, x.node.shape, 2)
        first = 1 if self.data_format == "channels_last" else 2
        border: Any = self.cropping
        parts = [slice(None)] * x.ndim
        for axis, (before, after) in enumerate(border, first):
            length = x.node.shape[axis]
            if isinstance(length, int) and before + after >= length:
                raise ShapeError(
                    f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()}, of which "
                    f"cropping={self.cropping} leaves nothing. Crop less."
                )
            parts[axis] = slice(before, -after or None)
        return x[tuple(parts)]


@registered(LAYERS)
@dataclass(eq=False)
class UpSampling2D(Layer):
    """A layer that makes an image larger: each element becomes a block of equal ones.

    Parameters
    ----------
    size : int or two of them
        Rows and columns of a block.
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).

    Raises
    ------
    ValueError
        If a number is no int >= 1, or a word is unknown.

    Examples
    --------
    >>> print(UpSampling2D((1, 2))([[[[1.0], [2.0]]]])[0, :, :, 0])
    [[1. 1. 2. 2.]]
    """

    size: int | Sequence[int] = 2
    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.size = per_axis("UpSampling2D", "size", self.size, 2)
        check_format("UpSampling2D", self.data_format)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the larger image.

        Raises
        ------
        ShapeError
            If the input has other axes.
        """
        check_shape(self, x.node.shape, 2)
        first = 1 if self.data_format == "channels_last" else 2
        shape, (rows, columns) = x.node.shape, settled(self.size)
        before, (height, width), behind = shape[:first], shape[first : first + 2], shape[first + 2 :]
        blocks = broadcast_to(
            reshape(x, (*before, height, 1, width, 1, *behind)), (*before, height, rows, width, columns, *behind)
        )
        return reshape(blocks, (*before, height * rows, width * columns, *behind))


def _as_pairs(owner: str, name: str, value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how much there is at the four borders of an image: ((above, below), (left, right))."""
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    pairs = [tuple(each) if isinstance(each, list | tuple) else (each, each) for each in pair]
    if len(pairs) != 2 or not all(len(each) == 2 and all(is_int(number, 0) for number in each) for each in pairs):
        raise ValueError(
            f"{owner}({name}={value!r}): {name} must be an int >= 0, two of them, or two pairs. Got {value!r}."
        )
    (above, below), (left, right) = pairs
    return (int(above), int(below)), (int(left), int(right))
