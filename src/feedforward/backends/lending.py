"""The memory that programs work in: lent for one call, then to the next, whichever program's that is."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from feedforward.compiler.memory import ALIGNMENT
from feedforward.forks import fork_safe_lock
from feedforward.graph.node import Array

__all__ = ["Lender", "lender"]

_KEPT = 1 << 28
"""Bytes that are kept while nobody uses them."""

_SHARE = 8
"""The block that came back last is kept, too, up to this part of the memory there is: a program that is called again
and again, such as the gradient of a long loop, else had its pages cleared by the system for every call."""

_GROUPS, _LIMITS = Path("/sys/fs/cgroup"), ("memory.max", "memory/memory.limit_in_bytes")
"""Where a container's control group, of version 2 or 1, says how many bytes of the machine's memory are its own."""


def _most_of_one() -> int:
    """Return how many bytes a block may have that is kept although it is more than `_KEPT`."""
    found = []
    with suppress(AttributeError, OSError, ValueError):  # which not every system tells
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in _LIMITS:
        with suppress(OSError, ValueError):  # "max" is no limit
            found.append(int((_GROUPS / limit).read_text()))
    return min(found) // _SHARE if found else _KEPT


class Lender:
    """Lends blocks of memory.

    Notes
    -----
    The block that is kept because it came back last stays when its program is gone, until another block comes back. To
    hear of a program's end would take a lock wherever Python collects what is unused, in the midst of `take`, too.
    """

    def __init__(self) -> None:
        self._free: list[Array] = []
        self._lock = fork_safe_lock()
        self._most_of_one = _most_of_one()

    def take(self, size: int) -> Array:
        """Return at least `size` bytes that begin at a multiple of the alignment; what is in them means nothing."""
        with self._lock:
            fitting = [block for block in self._free if size <= block.size <= 2 * size]
            if fitting:
                block = min(fitting, key=len)
                self._free = [other for other in self._free if other is not block]
                return block
        raw = np.empty(size + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + size]

    def give_back(self, block: Array) -> None:
        """Take back a block, to lend it again; the ones that came back longest ago go if there are too many."""
        most = max(_KEPT, len(block)) if len(block) <= self._most_of_one else _KEPT
        with self._lock:
            self._free.append(block)
            while sum(map(len, self._free)) > most:
                del self._free[0]


lender = Lender()
"""The one that all programs ask."""
