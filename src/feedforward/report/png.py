"""PNG pictures: a grey or colour image as the bytes of a file, with nothing but zlib."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["encode", "data_uri"]

_COLOUR_TYPES = {1: 0, 3: 2}  # channels -> the format's number for grey and for red-green-blue


def encode(image: NDArray[np.uint8]) -> bytes:
    r"""Return an image as a PNG file.

    Parameters
    ----------
    image : uint8 array, shape (height, width) or (height, width, 1 or 3)
        0 is black.

    Returns
    -------
    bytes
        8 bits per channel, not interlaced, every row unfiltered.

    Raises
    ------
    ValueError
        If it is no such array, or has no pixels.

    References
    ----------
    W3C, "Portable Network Graphics (PNG) Specification", 3rd edition, sections 5 and 11.

    Examples
    --------
    >>> encode(np.zeros((2, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or channels not in _COLOUR_TYPES or image.size == 0:
        raise ValueError(
            f"encode: image is {image.dtype} of shape {image.shape}. Expected uint8, shape (height, width) or"
            " (height, width, 1 or 3), at least one pixel. Convert it."
        )
    height, width = image.shape[:2]
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # the byte before each row: filter 0, none
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return an image as an address that holds the picture itself; see `encode`."""
    return "data:image/png;base64," + base64.b64encode(encode(image)).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
