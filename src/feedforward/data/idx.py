"""The IDX format, in which MNIST and its successors come.

Here: bytes to an array. Not here: where the bytes come from (``fetch``) and what they mean (``datasets``).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

_UINT8 = 8
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
        A new, writable array of the shape that the file gives.

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
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"{name}: its gzip stream is damaged ({error}). {_ANOTHER_COPY}") from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError(f"{name}: not an IDX file, it begins with {content[:4]!r}, not with two zeros. {_ANOTHER_COPY}")
    element_type, ndim = content[2], content[3]
    if element_type != _UINT8 or ndim == 0:
        raise DataError(
            f"{name}: IDX type {element_type} with {ndim} axes. Type 8 (unsigned bytes) with at least one axis is"
            " expected. Convert the file."
        )
    start = 4 + 4 * ndim
    if len(content) < start:
        raise DataError(f"{name}: cut off after {len(content)} bytes, inside its header of {start}. {_ANOTHER_COPY}")
    shape = struct.unpack(f">{ndim}I", content[4:start])
    expected = start + math.prod(shape)
    if len(content) != expected:
        raise DataError(
            f"{name}: {len(content)} bytes uncompressed. Its shape {shape} needs {expected}. {_ANOTHER_COPY}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()
