"""Layers that look at an image or a sequence through a window, and keep of each one number a channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from feedforward.functions import broadcast_to, max, mean, sum
from feedforward.graph.node import Shape
from feedforward.nn.config import check_bool, check_choice, registered
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.sliding import (
    channels_first,
    channels_last,
    check_format,
    check_shape,
    frames,
    per_axis,
    settled,
)
from feedforward.tensor import Tensor

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


@dataclass(eq=False)
class _Pooling(Layer):
    """What layers that pool windows have in common."""

    pool_size: int | Sequence[int] = 2
    strides: int | Sequence[int] | None = None
    padding: str = "valid"
    data_format: str = "channels_last"

    _rank: ClassVar[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        owner = type(self).__name__
        self.pool_size = per_axis(owner, "pool_size", self.pool_size, self._rank)
        strides = self.pool_size if self.strides is None else self.strides
        self.strides = per_axis(owner, "strides", strides, self._rank)
        check_choice(owner, "padding", self.padding, ("valid", "same"))
        check_format(owner, self.data_format)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return what is left of each window.

        Raises
        ------
        ShapeError
            If the input has other axes, or no window fits.
        """
        check_shape(self, x.node.shape, self._rank, settled(self.pool_size))
        return channels_first(self._pooled(channels_last(self.as_float(x), self.data_format)), self.data_format)

    def _pooled(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no _pooled(). Define _pooled(self, x).")

    def _windows(self, x: Tensor, value: float) -> Tensor:
        """Return every window of x; `value` is what the border holds."""
        sizes, strides = settled(self.pool_size), settled(self.strides)
        return frames(x, sizes, strides, (1,) * self._rank, padding=self.padding, value=value)

    @property
    def _inner(self) -> range:
        """The axes of a window."""
        return range(-self._rank, 0)


@dataclass(eq=False)
class _MaxPooling(_Pooling):
    """What `MaxPooling1D` and `MaxPooling2D` have in common."""

    def _pooled(self, x: Tensor) -> Tensor:
        return max(self._windows(x, -math.inf), self._inner)


@dataclass(eq=False)
class _AveragePooling(_Pooling):
    """What `AveragePooling1D` and `AveragePooling2D` have in common."""

    def _pooled(self, x: Tensor) -> Tensor:
        if self.padding == "valid":
            return mean(self._windows(x, 0.0), self._inner)
        places: Shape = (1, *x.node.shape[1:-1], 1)
        ones = broadcast_to(Tensor(1.0).astype(x.dtype), places)
        return sum(self._windows(x, 0.0), self._inner) / sum(self._windows(ones, 0.0), self._inner)


@registered(LAYERS)
@dataclass(eq=False)
class MaxPooling2D(_MaxPooling):
    """A layer that keeps of each window of an image the largest element of each channel.

    Parameters
    ----------
    pool_size : int or two of them
        Height and width of the window.
    strides : int or two of them, optional
        The step from one window to the next; by default the window's size, so that none overlap.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the image. ``"same"``: windows go beyond the image, so that there are
        ceil(h / s) of them; what lies outside is never the largest, nor is it counted in an average.
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).

    Raises
    ------
    ValueError
        If a number is no int >= 1, or a word is unknown.

    Notes
    -----
    The gradient goes to the largest element; equal ones share it, where other libraries give it to the first.

    Examples
    --------
    >>> import numpy as np
    >>> print(MaxPooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0])
    [[ 5.  7.]
     [13. 15.]]
    """

    _rank = 2


@registered(LAYERS)
@dataclass(eq=False)
class MaxPooling1D(_MaxPooling):
    """A layer that keeps of each window of a sequence the largest element of each channel; see `MaxPooling2D`.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `MaxPooling2D`, along one axis: sequences are (n, length, channels).

    Examples
    --------
    >>> print(MaxPooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]])[0, :, 0])
    [3. 2.]
    """

    _rank = 1


@registered(LAYERS)
@dataclass(eq=False)
class AveragePooling2D(_AveragePooling):
    """A layer that keeps of each window of an image the mean of each channel.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `MaxPooling2D`; the mean is that of the elements inside the image.

    Examples
    --------
    >>> import numpy as np
    >>> print(AveragePooling2D()(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0])
    [[ 2.5  4.5]
     [10.5 12.5]]
    """

    _rank = 2


@registered(LAYERS)
@dataclass(eq=False)
class AveragePooling1D(_AveragePooling):
    """A layer that keeps of each window of a sequence the mean of each channel; see `AveragePooling2D`.

    Parameters
    ----------
    pool_size, strides, padding, data_format
        As for `MaxPooling2D`, along one axis: sequences are (n, length, channels).

    Examples
    --------
    >>> print(AveragePooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]])[0, :, 0])
    [2. 1.]
    """

    _rank = 1


@dataclass(eq=False)
class _GlobalPooling(Layer):
    """What layers have in common that pool an image or a sequence as a whole."""

    data_format: str = "channels_last"
    keepdims: bool = False

    _rank: ClassVar[int]
    _is_maximum: ClassVar[bool]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_format(type(self).__name__, self.data_format)
        check_bool(type(self).__name__, "keepdims", self.keepdims)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return one number for each channel.

        Raises
        ------
        ShapeError
            If the input has other axes.
        """
        check_shape(self, x.node.shape, self._rank)
        first = 1 if self.data_format == "channels_last" else 2
        pool = max if self._is_maximum else mean
        return pool(self.as_float(x), range(first, first + self._rank), self.keepdims)


@registered(LAYERS)
@dataclass(eq=False)
class GlobalAveragePooling2D(_GlobalPooling):
    """A layer that keeps of an image the mean of each channel: (n, height, width, c) becomes (n, c).

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).
    keepdims : bool
        Whether the axes that are gone stay as ones of one element.

    References
    ----------
    Lin, Chen and Yan, "Network in network", 2014, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> print(GlobalAveragePooling2D()(np.arange(8.0).reshape(1, 2, 2, 2)))
    [[3. 4.]]
    """

    _rank = 2
    _is_maximum = False


@registered(LAYERS)
@dataclass(eq=False)
class GlobalAveragePooling1D(_GlobalPooling):
    """A layer that keeps of a sequence the mean of each channel: (n, length, c) becomes (n, c).

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalAveragePooling2D`, along one axis.
    """

    _rank = 1
    _is_maximum = False


@registered(LAYERS)
@dataclass(eq=False)
class GlobalMaxPooling2D(_GlobalPooling):
    """A layer that keeps of an image the largest element of each channel: (n, height, width, c) becomes (n, c).

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalAveragePooling2D`.
    """

    _rank = 2
    _is_maximum = True


@registered(LAYERS)
@dataclass(eq=False)
class GlobalMaxPooling1D(_GlobalPooling):
    """A layer that keeps of a sequence the largest element of each channel: (n, length, c) becomes (n, c).

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalAveragePooling2D`, along one axis.
    """

    _rank = 1
    _is_maximum = True
