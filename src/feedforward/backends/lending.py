"""The memory that programs work in: lent for one call, then to the next, whichever program's that is."""

from __future__ import annotations

import numpy as np

from feedforward.compiler.memory import ALIGNMENT
from feedforward.forks import fork_safe_lock
from feedforward.graph.node import Array

__all__ = ["Lender", "lender"]

_KEPT = 1 << 28
"""Bytes that are kept while nobody uses them."""


class Lender:
    """Lends blocks of memory."""

    def __init__(self) -> None:
        self._free: list[Array] = []
        self._lock = fork_safe_lock()

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
        with self._lock:
            self._free.append(block)
            while sum(map(len, self._free)) > _KEPT:
                del self._free[0]


lender = Lender()
"""The one that all programs ask."""
