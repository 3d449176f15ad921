"""Files that may be gzip-compressed, unpacked piece by piece: a small file cannot fill the memory.

Here: bytes out of bytes, and when to stop. Not here: what they mean (``idx``, ``delimited``).
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from feedforward.errors import DataError

__all__ = ["MOST_GROWTH", "pieces"]

MOST_GROWTH = 1032
"""How many bytes one byte of a gzip stream can become: 258 for each two bits (RFC 1951)."""

_PIECE = 2**20
_FREE = 2**25
"""Bytes that may come out whatever the growth: a table may well be one word over and over."""


def pieces(file: BinaryIO, name: str, growth: int) -> Iterator[bytes]:
    """Yield what a file holds, at most a MiB at a time.

    Parameters
    ----------
    file : binary file
        Its content, gzip-compressed or not.
    name : str
        What messages call it.
    growth : int
        How many bytes a byte of a gzip stream may become, on average over what has been read. Beyond that it is made
        to fill the memory and not to hold data; with `MOST_GROWTH` the caller has to know when to stop.

    Raises
    ------
    DataError
        If the gzip stream is damaged or grows too much.
    """
    first = file.read(_PIECE)
    if first[:2] != b"\x1f\x8b":
        while first:
            yield first
            first = file.read(_PIECE)
        return
    packed = io.BytesIO(first + file.read())
    size = 0
    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > max(_FREE, growth * packed.tell()):
                    raise DataError(
                        f"{name}: its first {packed.tell():,} bytes unpack to more than {size:,}. At most {growth}"
                        " times as many are expected of data. If it is what it should be, unpack it with gunzip first."
                    )
                yield piece
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{name}: its gzip stream is damaged ({error}). Get another copy of the file.") from error
