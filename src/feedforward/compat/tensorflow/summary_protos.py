"""Summaries as protocol buffers: what a file for TensorBoard is made of, as small classes.

The wire format stands in ``feedforward/training/callbacks/event_file.py``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from feedforward.compat.names import provided
from feedforward.errors import FormatError
from feedforward.graph.node import Array
from feedforward.training.callbacks.event_file import bytes_field, double_field, float_field, int_field, tagged

__all__ = ["HistogramProto", "Image", "Summary", "Value", "image_part", "png", "text_part"]


@provided("tf.HistogramProto")
class HistogramProto:
    """How often numbers lie in ranges.

    Parameters
    ----------
    min, max, num, sum, sum_squares : float
        Of the numbers.
    bucket_limit, bucket : sequences of float
        Where each range ends, and how many numbers it has.
    """

    def __init__(
        self,
        min: float = 0.0,
        max: float = 0.0,
        num: float = 0.0,
        sum: float = 0.0,
        sum_squares: float = 0.0,
        bucket_limit: Iterable[float] = (),
        bucket: Iterable[float] = (),
    ) -> None:
        self.min, self.max, self.num, self.sum, self.sum_squares = min, max, num, sum, sum_squares
        self.bucket_limit, self.bucket = list(bucket_limit), list(bucket)

    def SerializeToString(self) -> bytes:
        """Return its bytes."""
        moments = (self.min, self.max, self.num, self.sum, self.sum_squares)
        numbers = b"".join(double_field(place, float(number)) for place, number in enumerate(moments, 1))
        lists = [np.asarray(each, "<f8").tobytes() for each in (self.bucket_limit, self.bucket)]
        return numbers + bytes_field(6, lists[0]) + bytes_field(7, lists[1])


@provided("tf.Summary.Image", "tf.summary.Summary.Image")
class Image:
    """A picture.

    Parameters
    ----------
    height, width : int
        In pixels.
    colorspace : int
        1: gray, 3: colours, 4: with transparency.
    encoded_image_string : bytes
        As PNG or JPEG.
    """

    def __init__(self, height: int = 0, width: int = 0, colorspace: int = 0, encoded_image_string: bytes = b"") -> None:
        self.height, self.width, self.colorspace = height, width, colorspace
        self.encoded_image_string = encoded_image_string

    def SerializeToString(self) -> bytes:
        """Return its bytes."""
        sizes = b"".join(int_field(place, n) for place, n in ((1, self.height), (2, self.width), (3, self.colorspace)))
        return sizes + bytes_field(4, self.encoded_image_string)


@provided("tf.Summary.Value", "tf.summary.Summary.Value")
class Value:
    """One thing that a summary tells of: a number, a picture or a histogram, under a tag.

    Parameters
    ----------
    tag : str
        What TensorBoard shows it under.
    simple_value : float, optional
        A number.
    image : Image, optional
        A picture.
    histo : HistogramProto, optional
        A histogram.
    node_name : str
        The operation that it is of, which nothing shows.
    """

    def __init__(
        self,
        tag: str = "",
        simple_value: float | None = None,
        image: Image | None = None,
        histo: HistogramProto | None = None,
        node_name: str = "",
    ) -> None:
        self.tag, self.simple_value, self.image, self.histo, self.node_name = tag, simple_value, image, histo, node_name
        self._rest: bytes | None = None

    def HasField(self, name: str) -> bool:
        """Return whether it holds a thing."""
        return getattr(self, name, None) is not None

    def SerializeToString(self) -> bytes:
        """Return the bytes of a summary of it alone."""
        if self._rest is not None:
            return bytes_field(1, self._rest)
        if self.simple_value is not None:
            return tagged(self.tag, float_field(2, float(self.simple_value)))
        if self.image is not None:
            return tagged(self.tag, bytes_field(4, self.image.SerializeToString()))
        if self.histo is not None:
            return tagged(self.tag, bytes_field(5, self.histo.SerializeToString()))
        raise ValueError(
            f"Summary.Value(tag={self.tag!r}) holds nothing. Expected a simple_value, an image or a histo."
        )

    @classmethod
    def read(cls, content: bytes) -> Value:
        """Return what bytes hold: the tag, and a number if it is one."""
        value = cls()
        value._rest = content
        for field, part in _fields(content):
            if field == 1:
                value.tag = bytes(part).decode()
            elif field == 2:
                value.simple_value = struct.unpack("<f", part)[0]
        return value


class _Values(list[Value]):
    """The things that a summary tells of."""

    def add(self, **parts: Any) -> Value:
        """Add one and return it."""
        self.append(Value(**parts))
        return self[-1]


@provided("tf.Summary", "tf.summary.Summary")
class Summary:
    """What is told of a step.

    Parameters
    ----------
    value : sequence of Summary.Value
        The things that it tells of.
    """

    def __init__(self, value: Iterable[Value] = ()) -> None:
        self.value = _Values(value)

    def SerializeToString(self) -> bytes:
        """Return its bytes."""
        return b"".join(each.SerializeToString() for each in self.value)

    def ParseFromString(self, serialized: bytes) -> int:
        """Let it be what bytes hold."""
        self.value.clear()
        return self.MergeFromString(serialized)

    def MergeFromString(self, serialized: bytes) -> int:
        """Add what bytes hold."""
        self.value += [Value.read(bytes(part)) for field, part in _fields(serialized) if field == 1]
        return len(serialized)

    @classmethod
    def FromString(cls, serialized: bytes) -> Summary:
        """Return the summary that bytes hold."""
        found = cls()
        found.ParseFromString(serialized)
        return found


Summary.Value, Summary.Image = Value, Image  # type: ignore[attr-defined]


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and bytes of each field of a message."""
    place = 0

    def varint() -> int:
        nonlocal place
        number = shift = 0
        while True:
            if place >= len(content) or shift > 63:
                raise FormatError("a summary's bytes are damaged. Expected what a summary operation gave.")
            byte = content[place]
            place += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while place < len(content):
        key = varint()
        field, wire = key >> 3, key & 7
        if wire == 0:
            start = place
            varint()
            yield field, content[start:place]
            continue
        size = {1: 8, 5: 4}.get(wire)
        if size is None and wire == 2:
            size = varint()
        if size is None or place + size > len(content):
            raise FormatError("a summary's bytes are damaged. Expected what a summary operation gave.")
        yield field, content[place : place + size]
        place += size


# Pictures and text


def png(pixels: Array) -> bytes:
    """Return a picture as PNG.

    Parameters
    ----------
    pixels : uint8 array, shape (height, width, channels)
        With 1 channel for gray, 2 and 4 with transparency, 3 for colours.
    """
    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # 0: no filter
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes())),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in [*parts, (b"IEND", b"")]
    )


def image_part(picture: Array) -> bytes:
    """Return the part of a value that holds a picture; see `png`. Numbers are scaled as TensorFlow does.

    All >= 0: the largest becomes 255. Otherwise 0 becomes 128, and what is largest in size 1 or 255. What is not finite
    is red, or white in gray.
    """
    height, width, channels = picture.shape
    if picture.dtype != np.uint8:
        is_finite = np.isfinite(picture)
        finite = np.where(is_finite, picture, 0).astype(np.float64)
        low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
        largest = max(-low, high)
        scale = 0.0 if largest < 1e-6 else (127.0 if low < 0 else 255.0) / largest
        is_bad = ~is_finite.all(-1)
        picture = (finite * scale + (128.0 if low < 0 else 0.0)).astype(np.uint8)
        picture[is_bad] = np.array([255, 0, 0, 255] if channels > 2 else [255, 255], np.uint8)[:channels]
    return bytes_field(4, Image(height, width, channels, png(picture)).SerializeToString())


def text_part(texts: Any) -> bytes:
    """Return the part of a value that holds text, or an array of texts."""
    array = np.asarray(texts, object)
    plugin = bytes_field(9, bytes_field(1, bytes_field(1, b"text")))
    shape = b"".join(bytes_field(2, int_field(1, size)) for size in array.shape)
    content = b"".join(
        bytes_field(8, each if isinstance(each, bytes) else str(each).encode()) for each in array.ravel()
    )
    return bytes_field(8, int_field(1, 7) + bytes_field(2, shape) + content) + plugin
