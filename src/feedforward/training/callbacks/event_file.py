"""Event files, as TensorBoard reads them: records of one protocol buffer each.

record : length (uint64), masked CRC-32C of it, content, masked CRC-32C of that    little-endian, each CRC 4 bytes
Event  : wall_time = 1 (double), step = 2 (int64), file_version = 3 (string) | summary = 5 (Summary)
Summary: value = 1 (Value), repeated
Value  : tag = 1 (string), simple_value = 2 (float) | histo = 5 (HistogramProto)
HistogramProto: min = 1, max = 2, num = 3, sum = 4, sum_squares = 5 (double),
                bucket_limit = 6, bucket = 7 (packed doubles)

References: ``tensorflow/core/lib/io/record_writer.h``, ``tensorflow/core/util/event.proto`` and ``summary.proto`` of
TensorFlow; the wire format of Protocol Buffers; CRC-32C: RFC 3720, appendix B.4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache

import numpy as np

from feedforward.graph.node import Array

__all__ = [
    "VERSION",
    "event",
    "summary_event",
    "version_event",
    "record",
    "tagged",
    "scalar",
    "histogram",
    "int_field",
    "bytes_field",
    "double_field",
    "float_field",
]

VERSION = "brain.Event:2"

_BUCKETS = 30


def record(content: bytes) -> bytes:
    """Return a record of an event file."""
    length = struct.pack("<Q", len(content))
    return length + _masked_crc(length) + content + _masked_crc(content)


def version_event(seconds: float) -> bytes:
    """Return the event that a file begins with."""
    return double_field(1, seconds) + bytes_field(3, VERSION.encode())


def event(seconds: float, step: int, values: Mapping[str, bytes]) -> bytes:
    """Return the event of a step.

    Parameters
    ----------
    seconds : float
        When it was, since 1970.
    step : int
        Its number.
    values : mapping of str to bytes
        What `scalar` and `histogram` returned, by their tags.
    """
    return summary_event(seconds, step, b"".join(tagged(tag, value) for tag, value in values.items()))


def summary_event(seconds: float, step: int, summary: bytes) -> bytes:
    """Return the event of a step from its summary."""
    return double_field(1, seconds) + int_field(2, step) + bytes_field(5, summary)


def tagged(tag: str, value: bytes) -> bytes:
    """Return the summary of one value, of which `scalar` and the like are a part; summaries may be put together."""
    return bytes_field(1, bytes_field(1, tag.encode()) + value)


def scalar(number: float) -> bytes:
    """Return the part of a value that holds a number; as float32."""
    with np.errstate(over="ignore"):  # to infinity
        return float_field(2, number)


def histogram(values: Array) -> bytes:
    """Return the part of a value that says how often numbers lie in each of 30 ranges of one width; NaN is left out."""
    finite = np.clip(np.asarray(values, np.float64)[np.isfinite(values)], -1e150, 1e150)  # whose squares are finite
    if finite.size:
        counts, edges = np.histogram(finite, _BUCKETS)
        low, high = finite.min(), finite.max()
    else:
        counts, edges, low, high = np.zeros(1), np.zeros(2), 0.0, 0.0
    moments = (low, high, finite.size, finite.sum(), np.square(finite).sum())
    numbers = b"".join(double_field(field, float(number)) for field, number in enumerate(moments, 1))
    packed = bytes_field(6, edges[1:].astype("<f8").tobytes()) + bytes_field(7, counts.astype("<f8").tobytes())
    return bytes_field(5, numbers + packed)


def int_field(field: int, number: int) -> bytes:
    """Return a field that holds a whole number."""
    return _key(field, 0) + _varint(number & 2**64 - 1)


def bytes_field(field: int, content: bytes) -> bytes:
    """Return a field that holds text, bytes or a message."""
    return _key(field, 2) + _varint(len(content)) + content


def double_field(field: int, number: float) -> bytes:
    """Return a field that holds a float64."""
    return _key(field, 1) + struct.pack("<d", number)


def float_field(field: int, number: float) -> bytes:
    """Return a field that holds a float32."""
    return _key(field, 5) + struct.pack("<f", np.float32(number))


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(number: int) -> bytes:
    """Return a whole number >= 0, seven bits a byte, the lowest first."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


@cache  # made when the first record is: importing the package need not wait for it
def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def _crc(content: bytes) -> int:
    """Return the CRC-32C of bytes.

    Examples
    --------
    >>> hex(_crc(b"123456789"))
    '0xe3069283'
    """
    table, rest = _crc_table(), 0xFFFFFFFF
    for byte in content:
        rest = rest >> 8 ^ table[(rest ^ byte) & 0xFF]
    return rest ^ 0xFFFFFFFF


def _masked_crc(content: bytes) -> bytes:
    """Return a CRC so that a record within a record, which holds one, is no trouble."""
    crc = _crc(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
