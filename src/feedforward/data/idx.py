"""The IDX format, in which MNIST and its successors come.

Here: bytes to an array. Not here: where the bytes come from (``fetch``) and what they mean (``datasets``).
"""

from __future__ import annotations

import io
import math
import struct

import numpy as np
from numpy.typing import NDArray

from feedforward.data.packed import MOST_GROWTH, pieces
from feedforward.errors import DataError

__all__ = ["read_idx"]

_UINT8 = 8
_MOST_AXES = 32  # of an array in NumPy 1; 64 since 2
_ANOTHER_COPY = "Get another copy of the file."


def read_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """Return the array that an IDX file of unsigned bytes holds.

    ``file = 0 0 8 ndim, size * ndim, element*``: four bytes (8 stands for unsigned byte), the shape as big-endian
    uint32, then the elements, last axis fastest.

    Parameters
    ----------
    content : bytes
        The whole file, gzip-compressed or not.
    name : str
        What messages call the file.

    Returns
    -------
    uint8 array
        A new, writable array of the shape that the file gives. No memory is taken beyond what that shape needs.

    Raises
    ------
    DataError
        If the file is not IDX, holds another type than unsigned bytes, or is longer or shorter than its shape says.

    References
    ----------
    LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".

    Examples
    --------
    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "three.idx")
    array([7, 8, 9], dtype=uint8)
    """
    source = pieces(io.BytesIO(content), name, MOST_GROWTH)
    data = bytearray(next(source, b""))  # a piece is longer than any header
    if len(data) < 4 or data[:2] != b"\0\0":
        begin = bytes(data[:4])
        raise DataError(f"{name}: not an IDX file, it begins with {begin!r}, not with two zeros. {_ANOTHER_COPY}")
    element_type, ndim = data[2], data[3]
    if element_type != _UINT8 or not 1 <= ndim <= _MOST_AXES:
        raise DataError(
            f"{name}: IDX type {element_type} with {ndim} axes. Type 8 (unsigned bytes) with 1 to {_MOST_AXES} axes is"
            " expected. Convert the file."
        )
    start = 4 + 4 * ndim
    if len(data) < start:
        raise DataError(f"{name}: cut off after {len(data)} bytes, inside its header of {start}. {_ANOTHER_COPY}")
    shape = struct.unpack(f">{ndim}I", data[4:start])
    expected = start + math.prod(shape)
    # Sizes beside a 0 need no byte, but NumPy multiplies them all the same.
    if math.prod(size or 1 for size in shape) > MOST_GROWTH * len(content):
        raise DataError(
            f"{name}: a file of {len(content)} bytes, compressed or not, cannot hold its shape {shape}. {_ANOTHER_COPY}"
        )
    while len(data) <= expected and (piece := next(source, b"")):
        data += piece
    if len(data) != expected:
        more = " and more" if next(source, b"") else ""
        raise DataError(
            f"{name}: {len(data)} bytes{more} uncompressed. Its shape {shape} needs {expected}. {_ANOTHER_COPY}"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)
