"""Augmentation: layers that change each picture of a batch at random in training, and leave it alone otherwise.

They are compiled with the step, and draw from the package's counters: a seed fixes every bit, whatever the batch, and a
model that is saved goes on with the same pictures. Those that move pixels say where each pixel of the result comes
from, and `resample` reads it there (``resampling.py``). Not here: what is fitted to data (``preprocessing.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from feedforward import random
from feedforward.errors import ShapeError
from feedforward.functions import (
    broadcast_to,
    cast,
    cos,
    exp,
    expand_dims,
    flip,
    floor,
    logical_and,
    reshape,
    sin,
    transpose,
    where,
)
from feedforward.graph.node import location_text, shape_text
from feedforward.nn.config import Range, check_int, check_number, registered
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.resampling import FILL_MODES, INTERPOLATIONS, resample
from feedforward.nn.sliding import check_format
from feedforward.tensor import Tensor

__all__ = [
    "RandomAffine",
    "RandomCutout",
    "RandomDeletion",
    "RandomElastic",
    "RandomFlip",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
]

Factor: TypeAlias = float | tuple[float, float]
"""How much, at most: f stands for from -f to f, a pair for from its first number to its second."""

FLIPS = ("horizontal_and_vertical", "horizontal", "vertical")
_ANY = Range()
_ZOOMS = Range(-1, has_low=False), ", above -1"
_TURNS = Range(-1, 1), ", in full turns from -1 to 1: 20 degrees are 20 / 360"


@dataclass(eq=False)
class _Augmentation(Layer):
    """What changes pictures in training.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}
        Where the channels are, of pictures that have four axes.
    seed : int, optional
        The key of the draws, beside the step; by default the model's.
    """

    data_format: str = field(default="channels_last", kw_only=True)
    seed: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_format(type(self).__name__, self.data_format)
        if self.seed is not None:
            self.seed = random.check_seed(self.seed)

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if not isinstance(value, str) or value not in choices:
            known = " or ".join(map(repr, choices))
            raise ValueError(f"{type(self).__name__}({name}={value!r}): {name} must be {known}. Got {value!r}.")

    def _check_factor(self, name: str, allowed: Range = _ANY, hint: str = "") -> None:
        """Check a setting that says how much, and keep its numbers."""
        value = getattr(self, name)
        is_pair = isinstance(value, list | tuple)
        low, high = value if is_pair and len(value) == 2 else (0.0, value)
        if low not in allowed or high not in allowed or low > high or (not is_pair and -high not in allowed):
            raise ValueError(
                f"{type(self).__name__}({name}={value!r}): {name} must be a number f >= 0, for from -f to f, or a pair "
                f"(low, high){hint}. Got {value!r}."
            )
        setattr(self, name, (float(low), float(high)) if is_pair else float(high))

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: each call in training draws other numbers."""
        return super().repeats(training) and not training

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the pictures as floats, changed in training.

        Raises
        ------
        ShapeError
            If they are no pictures of a known height and width.
        """
        shape = x.node.shape
        sizes = shape[self._high(shape) :][:2]
        if len(shape) not in (3, 4) or not all(isinstance(size, int) and size > 0 for size in sizes):
            expected = "(batch, c, h, w)" if self.data_format == "channels_first" else "(batch, h, w, c)"
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()}. {type(self).__name__} expects "
                f"pictures, (batch, h, w) or {expected}, with h and w known: put Reshape((h, w)) before it."
            )
        x = self.as_float(x)
        return self._changed(x) if training else x

    def _high(self, shape: tuple[Any, ...]) -> int:
        """Return the axis of the height; that of the width follows."""
        return 2 if len(shape) == 4 and self.data_format == "channels_first" else 1

    def _sizes(self, x: Tensor) -> tuple[Any, int, int]:
        """Return the number of pictures, and their height and width."""
        shape: tuple[Any, ...] = x.node.shape
        high = self._high(shape)
        return shape[0], shape[high], shape[high + 1]

    def _draw(self, shape: tuple[Any, ...], x: Tensor) -> Tensor:
        return random.uniform_of_step(shape, x.dtype, self.seed)

    def _by_pixel(self, values: Tensor, x: Tensor) -> Tensor:
        """Return numbers of each pixel, (n, h, w) or sizes of 1, so that they meet all channels."""
        return values if x.ndim == 3 else expand_dims(values, 1 if self.data_format == "channels_first" else 3)

    def _changed(self, x: Tensor) -> Tensor:
        """Return the pictures, changed."""
        raise NotImplementedError(f"{type(self).__name__} has no _changed(). Define _changed(self, x).")


@dataclass(frozen=True)
class _Motion:
    """How pictures are moved at most: shifts in heights and widths, the angle in turns, the others as they are."""

    down: Factor = 0.0
    right: Factor = 0.0
    turn: Factor = 0.0
    height: Factor = 0.0
    width: Factor | None = None
    shear_x: Factor = 0.0
    shear_y: Factor = 0.0
    flip: str | None = None


@dataclass(eq=False)
class _Resampling(_Augmentation):
    """What moves pixels.

    Parameters
    ----------
    fill_mode, fill_value, interpolation
        See `resample`.
    """

    fill_mode: str = field(default="reflect", kw_only=True)
    fill_value: float = field(default=0.0, kw_only=True)
    interpolation: str = field(default="bilinear", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_choice("fill_mode", FILL_MODES)
        self._check_choice("interpolation", INTERPOLATIONS)
        check_number(type(self).__name__, "fill_value", self.fill_value, Range())
        self.fill_value = float(self.fill_value)
        if self.fill_value and self.fill_mode != "constant":
            raise ValueError(
                f"{type(self).__name__}(fill_value={self.fill_value!r}): fill_mode={self.fill_mode!r} takes none. Give "
                f"fill_mode='constant', too."
            )

    def _read(self, x: Tensor, row: Tensor, column: Tensor) -> Tensor:
        """Return the pictures read at places of each pixel."""
        n, height, width = self._sizes(x)
        return resample(
            x,
            broadcast_to(row, (n, height, width)),
            broadcast_to(column, (n, height, width)),
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            interpolation=self.interpolation,
            data_format=self.data_format,
        )


def _grid(size: int, axis: int, x: Tensor) -> Tensor:
    """Return the places of pixels along an axis of (n, h, w), counted from the middle."""
    places = np.arange(size, dtype=x.dtype) - (size - 1) / 2
    return Tensor(places.astype(x.dtype).reshape([-1 if axis == other else 1 for other in range(3)]))


@dataclass(eq=False)
class _Affine(_Resampling):
    """What moves each picture by a matrix and a shift: its pixel q is read at p = S H R (q - t), from the middle.

    S flips and scales, H shears, R turns, t shifts.
    """

    def _motion(self) -> _Motion:
        """Return how much of each."""
        raise NotImplementedError(f"{type(self).__name__} has no _motion(). Define _motion(self).")

    def _changed(self, x: Tensor) -> Tensor:
        n, height, width = self._sizes(x)
        motion = self._motion()
        drawn: list[tuple[float, float]] = []

        def number(factor: Factor) -> int | None:
            """Return which number of each picture's draw is for a factor, None if there is nothing to draw."""
            low, high = factor if isinstance(factor, tuple) else (-factor, factor)
            if low == high == 0:
                return None
            drawn.append((low, high))
            return len(drawn) - 1

        parts = [motion.down, motion.right, motion.turn, motion.height]
        parts += [motion.width or 0.0, motion.shear_x, motion.shear_y]
        places = [number(factor) for factor in parts]
        flips = [number(1.0) if motion.flip in (FLIPS[0], way) else None for way in ("vertical", "horizontal")]
        if not drawn:
            return x
        uniform = self._draw((n, len(drawn)), x)

        def value(place: int | None) -> Any:
            if place is None:
                return 0.0
            low, high = drawn[place]
            return reshape(uniform[:, place] * (high - low) + low, (n, 1, 1))

        down, right, turn, by_height, by_width, shear_x, shear_y = map(value, places)
        by_width = by_height if motion.width is None else by_width
        scales = [1.0 + by_height, 1.0 + by_width]
        for axis, way in enumerate(flips):
            if way is not None:
                scales[axis] = scales[axis] * (cast(value(way) >= 0.0, x.dtype) * 2.0 - 1.0)
        cosine, sine = (1.0, 0.0) if places[2] is None else (cos(turn * math.tau), sin(turn * math.tau))
        # The matrix is put together for each picture, so that a pixel costs two products a coordinate.
        below, beside = _grid(height, 1, x) - down * height, _grid(width, 2, x) - right * width
        row = below * ((cosine - shear_y * sine) * scales[0]) + beside * ((sine + shear_y * cosine) * scales[0])
        column = below * ((shear_x * cosine - sine) * scales[1]) + beside * ((cosine + shear_x * sine) * scales[1])
        return self._read(x, row + (height - 1) / 2, column + (width - 1) / 2)


@registered(LAYERS)
@dataclass(eq=False)
class RandomTranslation(_Affine):
    """A layer that, in training, shifts each picture by a random part of its size.

    Parameters
    ----------
    height_factor, width_factor : float or pair of float
        How far down and to the right, in heights and widths: 0.1 stands for from -0.1 to 0.1.
    fill_mode : {"reflect", "nearest", "constant"}
        What comes in: the picture mirrored, its border, or `fill_value`.
    fill_value : float
        For "constant"; 0 by default.
    interpolation : {"bilinear", "nearest"}
        What is read between pixels.
    data_format : {"channels_last", "channels_first"}
        Where the channels are, of pictures that have four axes.
    seed : int, optional
        The key of the draws, beside the step; by default the model's.

    Notes
    -----
    Pictures have shape (n, h, w), (n, h, w, c), or channels first (n, c, h, w). Bytes become floats, their values stay.

    Examples
    --------
    >>> layer = RandomTranslation((1.0, 1.0), 0.0, fill_mode="nearest")  # down, by a whole height
    >>> print(layer([[[1.0, 2.0], [3.0, 4.0]]], training=True))
    [[[1. 2.]
      [1. 2.]]]
    """

    height_factor: Factor
    width_factor: Factor

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_factor("height_factor")
        self._check_factor("width_factor")

    def _motion(self) -> _Motion:
        return _Motion(down=self.height_factor, right=self.width_factor)


@registered(LAYERS)
@dataclass(eq=False)
class RandomRotation(_Affine):
    """A layer that, in training, turns each picture around its middle.

    Parameters
    ----------
    factor : float or pair of float
        How far, in full turns against the clock: 0.25 stands for from -90 to 90 degrees.
    fill_mode, fill_value, interpolation, data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> layer = RandomRotation((0.25, 0.25), interpolation="nearest")
    >>> print(layer([[[1.0, 2.0], [3.0, 4.0]]], training=True))
    [[[2. 4.]
      [1. 3.]]]
    """

    factor: Factor

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_factor("factor", *_TURNS)

    def _motion(self) -> _Motion:
        return _Motion(turn=self.factor)


@registered(LAYERS)
@dataclass(eq=False)
class RandomZoom(_Affine):
    """A layer that, in training, scales each picture around its middle.

    Parameters
    ----------
    height_factor : float or pair of float
        By how much more is seen: 0.2 stands for from 80 % to 120 % of the height. Above 0 the picture becomes smaller,
        as in Keras.
    width_factor : float or pair of float, optional
        The same of the width; by default as much as of the height, so that nothing is stretched.
    fill_mode, fill_value, interpolation, data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> layer = RandomZoom((1.0, 1.0), fill_mode="constant", interpolation="nearest")  # half as large
    >>> print(layer([[[1.0, 1.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 1.0]]], training=True))
    [[[0. 0. 0.]
      [0. 5. 0.]
      [0. 0. 0.]]]
    """

    height_factor: Factor
    width_factor: Factor | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_factor("height_factor", *_ZOOMS)
        if self.width_factor is not None:
            self._check_factor("width_factor", *_ZOOMS)

    def _motion(self) -> _Motion:
        return _Motion(height=self.height_factor, width=self.width_factor)


@registered(LAYERS)
@dataclass(eq=False)
class RandomShear(_Affine):
    """A layer that, in training, slants each picture.

    Parameters
    ----------
    x_factor, y_factor : float or pair of float
        How far a pixel is moved to the left for each that it is below the middle, and up for each to the right.
    fill_mode, fill_value, interpolation, data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> layer = RandomShear((1.0, 1.0), fill_mode="constant")
    >>> print(layer([[[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]], training=True))
    [[[0. 0. 1.]
      [0. 1. 0.]
      [1. 0. 0.]]]
    """

    x_factor: Factor = 0.0
    y_factor: Factor = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_factor("x_factor")
        self._check_factor("y_factor")

    def _motion(self) -> _Motion:
        return _Motion(shear_x=self.x_factor, shear_y=self.y_factor)


@registered(LAYERS)
@dataclass(eq=False)
class RandomAffine(_Affine):
    """A layer that, in training, flips, scales, slants, turns and shifts each picture, and reads it once.

    As `RandomFlip`, `RandomZoom`, `RandomShear`, `RandomRotation` and `RandomTranslation` one after another, but
    quicker, and blurred once rather than five times.

    Parameters
    ----------
    translation : float or pair of float
        How far down and, drawn apart, to the right, in heights and widths.
    rotation : float or pair of float
        How far, in full turns against the clock.
    zoom : float or pair of float
        By how much more is seen, of height and width alike.
    shear : float or pair of float
        How far a pixel is moved for each that it is from the middle: to the left by those below and, drawn apart, up by
        those to the right.
    flip : {"horizontal_and_vertical", "horizontal", "vertical"}, optional
        What is swapped in half of the pictures.
    fill_mode, fill_value, interpolation, data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> layer = RandomAffine(translation=0.1, rotation=0.03, zoom=0.1, shear=0.1, fill_mode="constant")
    >>> layer(np.ones((5, 28, 28), np.uint8), training=True).shape
    (5, 28, 28)
    """

    translation: Factor = 0.0
    rotation: Factor = 0.0
    zoom: Factor = 0.0
    shear: Factor = 0.0
    flip: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("translation", "shear"):
            self._check_factor(name)
        self._check_factor("zoom", *_ZOOMS)
        self._check_factor("rotation", *_TURNS)
        if self.flip is not None:
            self._check_choice("flip", FLIPS)

    def _motion(self) -> _Motion:
        shift, shear = self.translation, self.shear
        return _Motion(shift, shift, self.rotation, self.zoom, None, shear, shear, self.flip)


@registered(LAYERS)
@dataclass(eq=False)
class RandomFlip(_Augmentation):
    """A layer that, in training, mirrors each picture with a probability of a half.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        What is swapped: left and right, top and bottom, or, drawn apart, both.
    data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> from feedforward.random import set_seed
    >>> set_seed(1)
    >>> print(RandomFlip("horizontal")([[[1.0, 2.0, 3.0]]], training=True))
    [[[3. 2. 1.]]]
    """

    mode: str = "horizontal_and_vertical"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_choice("mode", FLIPS)

    def _changed(self, x: Tensor) -> Tensor:
        high = self._high(x.node.shape)
        uniform = self._draw((x.node.shape[0], 2), x)
        for place, way in enumerate(("vertical", "horizontal")):
            if self.mode in (FLIPS[0], way):
                is_swapped = reshape(uniform[:, place], (x.node.shape[0], *[1] * (x.ndim - 1))) < 0.5
                x = where(is_swapped, flip(x, high + place), x)
        return x


@registered(LAYERS)
@dataclass(eq=False)
class RandomElastic(_Resampling):
    """A layer that, in training, bends each picture: each pixel is read a little beside, neighbours about as far.

    Row and column of each pixel are moved by alpha (g * u), u uniform in [-1, 1) and drawn for each pixel, g a Gaussian
    of deviation sigma whose weights add up to 1, * the convolution, in which u is 0 outside of the picture.

    Parameters
    ----------
    alpha : float
        How far, in pixels: the deviation of a shift is about 0.16 alpha / sigma of them.
    sigma : float
        How stiff, in pixels, above 0.
    fill_mode, fill_value, interpolation, data_format, seed
        See `RandomTranslation`.

    References
    ----------
    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual document
    analysis", 2003, section 2, who take sigma = 4 and alpha = 34 for digits of 29 by 29 pixels.

    Examples
    --------
    >>> layer = RandomElastic(alpha=34, sigma=4, fill_mode="constant")
    >>> layer(np.ones((5, 28, 28), np.uint8), training=True).shape
    (5, 28, 28)
    """

    alpha: float
    sigma: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("RandomElastic", "alpha", self.alpha, Range(0))
        check_number("RandomElastic", "sigma", self.sigma, Range(0, has_low=False))
        self.alpha, self.sigma = float(self.alpha), float(self.sigma)

    def _changed(self, x: Tensor) -> Tensor:
        n, height, width = self._sizes(x)
        field = self._draw((n, 2, height, width), x) * 2.0 - 1.0
        field = field @ self._blur(width, x)
        field = transpose(transpose(field, (0, 1, 3, 2)) @ self._blur(height, x), (0, 1, 3, 2)) * self.alpha
        row = field[:, 0] + (_grid(height, 1, x) + (height - 1) / 2)
        return self._read(x, row, field[:, 1] + (_grid(width, 2, x) + (width - 1) / 2))

    def _blur(self, size: int, x: Tensor) -> Tensor:
        """Return the matrix (size, size) whose product with a line is the line blurred."""
        # All that the Gaussian weighs, also outside of the picture; far from 0 its sum is its integral.
        lags, wide = np.arange(-100.0, 101.0), math.sqrt(math.tau) * self.sigma
        whole = wide if self.sigma > 10 else float(np.exp(-0.5 * (lags / self.sigma) ** 2).sum())
        steps = Tensor((np.arange(1.0 - size, size) ** 2).astype(x.dtype))
        weights = exp(steps * (-0.5 / self.sigma**2)) * (1.0 / whole)
        places = np.arange(size)
        return weights[places[:, None] - places[None, :] + (size - 1)]


@registered(LAYERS)
@dataclass(eq=False)
class RandomDeletion(_Augmentation):
    """A layer that, in training, blanks rows, columns and single pixels of each picture.

    Parameters
    ----------
    rows, columns, pixels : float
        The probability of each to be blanked, from 0 up to but not 1.
    fill_value : float
        What stands there then.
    data_format, seed
        See `RandomTranslation`.

    Examples
    --------
    >>> from feedforward.random import set_seed
    >>> set_seed(3)
    >>> print(RandomDeletion(rows=0.5)([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]], training=True))
    [[[0. 0.]
      [3. 4.]
      [5. 6.]]]
    """

    rows: float = 0.0
    columns: float = 0.0
    pixels: float = 0.0
    fill_value: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("rows", "columns", "pixels"):
            check_number("RandomDeletion", name, getattr(self, name), Range(0, 1, has_high=False))
            setattr(self, name, float(getattr(self, name)))
        check_number("RandomDeletion", "fill_value", self.fill_value, Range())
        self.fill_value = float(self.fill_value)

    def _changed(self, x: Tensor) -> Tensor:
        n, height, width = self._sizes(x)
        kinds = [(self.rows, (n, height, 1)), (self.columns, (n, 1, width)), (self.pixels, (n, height, width))]
        for share, shape in kinds:
            if share:
                x = where(self._by_pixel(self._draw(shape, x), x) >= share, x, self.fill_value)
        return x


@registered(LAYERS)
@dataclass(eq=False)
class RandomCutout(_Augmentation):
    """A layer that, in training, blanks a square of each picture.

    Parameters
    ----------
    size : int
        The side of the square in pixels, at least 1. Its middle is any pixel, so that a part may lie outside.
    fill_value : float
        What stands there then.
    data_format, seed
        See `RandomTranslation`.

    References
    ----------
    DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.

    Examples
    --------
    >>> from feedforward.random import set_seed
    >>> set_seed(2)
    >>> print(RandomCutout(2)(np.ones((1, 4, 4)), training=True))
    [[[1. 1. 1. 1.]
      [1. 1. 1. 1.]
      [1. 0. 0. 1.]
      [1. 0. 0. 1.]]]
    """

    size: int
    fill_value: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("RandomCutout", "size", self.size, 1)
        check_number("RandomCutout", "fill_value", self.fill_value, Range())
        self.size, self.fill_value = int(self.size), float(self.fill_value)

    def _changed(self, x: Tensor) -> Tensor:
        n, height, width = self._sizes(x)
        uniform, size = self._draw((n, 2), x), min(self.size, 2 * max(height, width))  # which covers all
        masks = []
        for axis, length in enumerate((height, width)):
            middle = reshape(floor(uniform[:, axis] * length), (n, 1, 1))
            past = _grid(length, axis + 1, x) + (length - 1) / 2 - middle + size // 2
            masks.append(logical_and(past >= 0.0, past < float(size)))
        is_out = logical_and(*(broadcast_to(mask, (n, height, width)) for mask in masks))
        return where(self._by_pixel(is_out, x), self.fill_value, x)
