"""A message with arrays: JSON, and after it the arrays' bytes as they lie in memory; a page need not parse them.

    length of the JSON (uint32, little-endian) | JSON | zeros up to a multiple of 8 | array | zeros | array | ...

In the JSON an array is ``{"array": [first byte, type, shape]}``; bytes are counted from the first array's.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

__all__ = ["pack"]

_TYPES = {"float32": "f4", "float64": "f8", "int32": "i4", "uint8": "u1"}


def pack(message: dict[str, Any]) -> bytes:
    """Return a message as bytes.

    Parameters
    ----------
    message : dict
        As JSON has it, and with arrays of float32, float64, int32 or uint8. A number that is not finite becomes null:
        JSON has none.
    """
    parts: list[bytes] = []
    length = 0

    def plain(value: Any) -> Any:
        nonlocal length
        if isinstance(value, np.ndarray):
            kind = _TYPES[value.dtype.name]
            content = np.ascontiguousarray(value).tobytes()
            place, padding = length, -len(content) % 8
            parts.extend((content, bytes(padding)))
            length += len(content) + padding
            return {"array": [place, kind, list(value.shape)]}
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value

    head = json.dumps(plain(message), allow_nan=False, separators=(",", ":")).encode()
    return b"".join((len(head).to_bytes(4, "little"), head, bytes(-(4 + len(head)) % 8), *parts))
