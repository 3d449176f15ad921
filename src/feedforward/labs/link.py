"""The state of a lab as a text that fits into an address, and back: JSON with arrays, packed, in the letters of links.

A link comes from elsewhere. What is read here has a bounded size and holds nothing but JSON's kinds and finite arrays;
what it means, the lab checks.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from typing import Any

import numpy as np

from feedforward.labs.errors import LabError

__all__ = ["LONGEST", "read_link", "write_link"]

LONGEST = 1 << 20
"""The most characters of a link's state; Chromium takes addresses of 2 MiB."""

_MOST_BYTES = 8 << 20
_MOST_PARTS = 100_000
"""Lists and mappings: millions of them, which pack well, would take seconds to read."""

_TYPES = {"float32": np.float32, "float64": np.float64, "int64": np.int64, "int32": np.int32, "uint8": np.uint8}


def write_link(state: dict[str, Any]) -> str:
    """Return a state as a text.

    Raises
    ------
    LabError
        If it is too long for a link.
    """
    content = json.dumps(_plain(state), allow_nan=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")
    if len(text) > LONGEST or len(content) > _MOST_BYTES or _parts(content) > _MOST_PARTS:
        raise LabError("link_too_long", length=len(text), most=LONGEST)
    return text


def read_link(text: str) -> dict[str, Any]:
    """Return the state that `write_link` was given.

    Raises
    ------
    LabError
        If the text is no such state, or too large.
    """
    if len(text) > LONGEST:
        raise LabError("link_too_long", length=len(text), most=LONGEST)
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, _MOST_BYTES)
        if not unpacking.eof or unpacking.unused_data or _parts(content) > _MOST_PARTS:
            raise LabError("bad_link")
        state = _with_arrays(json.loads(content, parse_constant=_refuse))
    except (ValueError, binascii.Error, zlib.error, RecursionError) as error:
        raise LabError("bad_link") from error
    if not isinstance(state, dict):
        raise LabError("bad_link")
    return state


def _parts(content: bytes) -> int:
    """Return how many lists and mappings a JSON text has at most; texts in it may hold their signs, too."""
    return content.count(b"[") + content.count(b"{")


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        content = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": [value.dtype.name, list(value.shape), content]}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _with_arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return _array(value["array"]) if list(value) == ["array"] else {k: _with_arrays(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_arrays(one) for one in value]
    return value


def _array(described: Any) -> Any:
    if not isinstance(described, list) or len(described) != 3:
        raise LabError("bad_link")
    name, shape, content = described
    if (
        not isinstance(name, str)
        or name not in _TYPES
        or not isinstance(content, str)
        or not isinstance(shape, list)
        or len(shape) > 4
    ):
        raise LabError("bad_link")
    if not all(type(size) is int and 0 <= size <= _MOST_BYTES for size in shape):
        raise LabError("bad_link")
    array = np.frombuffer(base64.b64decode(content, validate=True), _TYPES[name])
    if array.size != math.prod(shape) or not np.isfinite(array).all():
        raise LabError("bad_link")
    return array.reshape(shape).copy()  # what frombuffer returns cannot be written to


def _refuse(name: str) -> Any:
    raise LabError("bad_link")
