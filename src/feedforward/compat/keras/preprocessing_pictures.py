"""``array_to_img``, ``img_to_array``, ``load_img`` of ``keras.preprocessing.image``: pictures as arrays and as files.

Files need Pillow, which is no dependency of this package.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.names import NotProvidedError, provided, submodule

__all__ = ["array_to_img", "axes_of", "img_to_array", "load_img", "pillow"]


def axes_of(data_format: str | None) -> tuple[int, int, int]:
    """Return which axes of an image are its rows, columns and channels.

    Raises
    ------
    ValueError
        If the data format is not known.
    """
    if data_format in (None, "default"):
        try:
            data_format = submodule("keras.backend").image_data_format()
        except NotProvidedError:
            data_format = "channels_last"
    if data_format in ("channels_last", "tf"):
        return 0, 1, 2
    if data_format in ("channels_first", "th"):
        return 1, 2, 0
    raise ValueError(f"data_format must be 'channels_last' or 'channels_first'. Got {data_format!r}.")


def pillow(part: str = "Image") -> Any:
    """Return a module of Pillow's.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    try:
        return importlib.import_module(f"PIL.{part}")
    except ImportError as error:
        raise ImportError("pictures in files need Pillow, which is not installed. Run pip install pillow.") from error


@provided("keras.preprocessing.image.array_to_img")
def array_to_img(x: Any, data_format: str | None = None, scale: bool = True) -> Any:
    """Return an array as a picture of Pillow's.

    Parameters
    ----------
    x : array, shape (height, width, 1 or 3), or channels first
        The pixels.
    data_format : str or None
        Which axis the channels are; None: `keras.backend` says it. Keras 1 calls it `dim_ordering`.
    scale : bool
        Whether to stretch the pixels to 0..255, from the smallest one if that is negative.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If the shape is another.
    """
    image = pillow()
    pixels = np.asarray(x, dtype=np.float32)
    if pixels.ndim != 3:
        raise ValueError(f"array_to_img: an image must have 3 axes. Got the shape {pixels.shape}.")
    pixels = pixels.transpose(axes_of(data_format))
    if scale:
        pixels = pixels + max(-pixels.min(), np.float32(0))
        pixels = pixels / (pixels.max() or np.float32(1)) * 255
    if pixels.shape[2] == 3:
        return image.fromarray(pixels.astype(np.uint8))
    if pixels.shape[2] == 1:
        return image.fromarray(pixels[:, :, 0].astype(np.uint8))
    raise ValueError(f"array_to_img: an image must have 1 or 3 channels. Got the shape {np.shape(x)}.")


@provided("keras.preprocessing.image.img_to_array")
def img_to_array(img: Any, data_format: str | None = None) -> NDArray[np.float32]:
    """Return a picture of Pillow's as a float32 array of three axes, pixels 0..255.

    Parameters
    ----------
    img : picture or array
        The picture.
    data_format : str or None
        Which axis the channels shall be; see `array_to_img`.
    """
    pixels = np.asarray(img, dtype=np.float32)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.ndim != 3:
        raise ValueError(f"img_to_array: a picture must have 2 or 3 axes. Got the shape {pixels.shape}.")
    return pixels if axes_of(data_format) == (0, 1, 2) else pixels.transpose(2, 0, 1)


@provided("keras.preprocessing.image.load_img")
def load_img(
    path: Any,
    grayscale: bool = False,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
) -> Any:
    """Return a picture from a file.

    Parameters
    ----------
    path : str or path
        The file.
    grayscale : bool
        Whether to have one channel; as ``color_mode="grayscale"``.
    color_mode : {"rgb", "grayscale", "rgba"}
        Which channels to have.
    target_size : (int, int) or None
        Height and width to change it to.
    interpolation : str
        How: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"`` or ``"hamming"``.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If a mode or an interpolation is not known.
    """
    modes = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}
    ways = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
    if color_mode not in modes or interpolation not in ways:
        raise ValueError(
            f"load_img: color_mode must be one of {', '.join(modes)}, interpolation one of {', '.join(ways)}."
            f" Got {color_mode!r} and {interpolation!r}."
        )
    image = pillow()
    picture = image.open(path).convert("L" if grayscale else modes[color_mode])
    if target_size is not None and picture.size != (target_size[1], target_size[0]):
        picture = picture.resize((target_size[1], target_size[0]), getattr(image, interpolation.upper()))
    return picture
