"""How a matrix product is computed: its tiles, panels and tasks; ``tiles.py`` and ``panels.py`` emit what is said here.

``C = op(X) op(Y)`` has ``rows`` rows, ``columns`` columns and an ``inner`` sum, all known when the code is emitted.
C is cut into tiles that fit into vector registers; a tile walks the whole inner sum before the next begins::

                                   panel (tile columns)
                                  |<------------------->|
                                  +----------+----------+
                       inner    k |  y[k,0]  |  y[k,1]  |      one vector each, loaded once a turn
                                  +----------+----------+
             inner                      |          |
           k                            v          v
         +---+----------+         +----------+----------+
    row  | x |          |  ---->  | c += x y | c += x y |      tile rows x tile vectors accumulators,
         | x |          |  ---->  | c += x y | c += x y |      all in registers;
         | x |          |  ---->  | c += x y | c += x y |      x is one number, spread over the lanes
         +---+----------+         +----------+----------+

Y is first copied (``panels.py``) into *panels*, so that a tile reads it from front to back: panel p holds the columns
``p * panel ... (p + 1) * panel - 1``, the last one filled up with zeros, as an array of shape ``(inner, panel)``. A
product that uses Y only a few times, whose Y is small, or whose inner sum is so short that a panel stays in the
first-level cache wherever its rows lie, reads it there. X is read where it lies unless it is
large and what a tile reads of it lies far apart: down the columns of an X that is transposed, each number would be in
another page of memory. It is then copied into panels of ``depth`` columns.

``tasks`` are the independent pieces of the work: a task is one panel and a block of consecutive tiles in it::

                  panel 0     panel 1                        task = panel * blocks + block
                +-----------+-----------+--
        block 0 |  task 0   |  task 2   |                    Any thread may take any task, in any order.
                +-----------+-----------+--
        block 1 |  task 1   |  task 3   |
                +-----------+-----------+--

Where the second cache holds neither side, the inner sum is cut into parts of ``depth`` turns, and a task is a block of
tiles in several panels: for each part, it goes over all its tiles, whose sums so far lie in memory meanwhile, which
changes none of their bits. The cache then holds the part of X that these tiles share, and the part of a panel::

        for each part of the inner sum               X: block of rows x depth        stays for all panels
            for each panel of the task               Y: depth x panel                stays for all tiles of the block
                for each tile of the block           C: tile, in registers

When the rows are no multiple of a tile's, the last tile is moved up until it ends at the last row; the rows it then
shares with the tile before it are computed twice and finished once. So one inner loop serves every size. Panels that
are read where they lie are moved to the left in the same way.

Every element of C is ``fma(x[k], y[k], c)`` for k = 0, 1, ... in this order, beginning with c = 0: one accumulator, one
rounding a turn. After each 4,096 turns (``CHAIN``) the accumulator is added to a total and begins at 0 again. Tiles,
tasks, threads, panels and registers only choose *when* this happens, so they change no bit. With K turns, n the smaller
of K and 4,096 + K / 4,096, and u the unit roundoff (half the machine epsilon), the error is at most
``n u / (1 - n u) * sum |x[k]| |y[k]|`` (Higham 2002, section 4.2), and about ``sqrt(n) u`` times that sum when
roundings behave like independent random numbers.

References
----------
Goto, K., van de Geijn, R. (2008). Anatomy of high-performance matrix multiplication. ACM TOMS 34(3), article 12. Their
part of a panel stays in the first cache; ours is longer and streams from the second, which was no slower, with fewer
parts.
Higham, N. (2002). Accuracy and stability of numerical algorithms, 2nd edition. SIAM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedforward.errors import GraphError

__all__ = ["VECTOR_BYTES", "CHAIN", "Matmul", "Panels"]

VECTOR_BYTES = 64
"""Bytes of the vectors that the caller sees: 16 float32 or 8 float64 lanes on every target."""

_ELEMENTS = 1 << 14
"""Elements in a task of the copy: about 2 microseconds."""

_FAR, _FEW = 1 << 20, 16
"""Bytes of a matrix, and panels, from and up to which it is cut along the rows for the sake of many threads."""

_QUICKEST, _QUICK, _LARGE = 32, 256, 1 << 20
"""Turns of the inner loop, few and more, and bytes of C, up to and from which memory takes much of the time."""
_HIGHEST, _HIGHEST_SEEN = 16, 12
"""Rows of the highest tile: of all, and of those that go down the columns of a view."""
_EVEN = 5
"""So high a tile is high enough to be chosen because its rows are equally far apart."""
_DIRECT_TILES = 4
"""So few tiles in a column of C use Y less often than a copy of it is worth."""
_DIRECT_BYTES = 32 * 1024
"""A Y so small stays in the first-level cache however it lies."""
_PUSHED_OUT = 512
"""Rows of Y that are a multiple of so many bytes long share an eighth of the first-level cache, or less."""
_LEAST_TASK, _MOST_TASK = 1 << 17, 1 << 20
"""Multiplications in a task: about 2.5 and 20 microseconds of one thread."""
CHAIN = 4096
"""Terms of a sum that are added up one after the other, before they are added to a total: of products and others."""
_FAR_APART = 1 << 14
"""Bytes of a row of X from which on the rows that a task needs push each other out of the cache."""
_PANEL_SHARE, _LEAST_DEPTH = 8, 128
"""The part of the cache that a panel may take, and how many turns a task does at least before it goes on."""
_MOST_PANELS, _PARTS = 8, 32
"""Panels in a task that goes over its tiles several times; into about how many tasks a product is cut."""


@dataclass(frozen=True)
class Panels:
    """A matrix in panels.

    Parameters
    ----------
    inner, columns : int
        The matrix has shape (inner, columns).
    panel : int
        Columns of a panel.
    is_swapped : bool
        Whether it is stored as (columns, inner).
    dtype : numpy.dtype
        float32 or float64.
    """

    inner: int
    columns: int
    panel: int
    is_swapped: bool
    dtype: np.dtype[Any]

    @property
    def count(self) -> int:
        """Panels that cover the columns."""
        return -(-self.columns // self.panel)

    @property
    def size(self) -> int:
        """Elements of all panels. Best aligned to 64 bytes."""
        return self.count * self.panel * self.inner

    @property
    def is_cut_in_rows(self) -> bool:
        """Whether a piece of the copy is some rows of all panels, rather than all rows of some: those are too few."""
        is_far = self.inner * self.columns * self.dtype.itemsize > _FAR
        return is_far and self.count < _FEW and (self.has_blocks or not self.is_swapped)

    @property
    def share(self) -> int:
        """Rows, or panels, of a piece of the copy."""
        if not self.is_cut_in_rows:
            return max(1, min(self.count, _ELEMENTS // max(1, self.panel * self.inner)))
        step = self.block if self.is_swapped else 1
        return max(1, _ELEMENTS // (self.columns * step)) * step

    @property
    def tasks(self) -> int:
        """Independent pieces of the copy."""
        return -(-(self.inner if self.is_cut_in_rows else self.count) // self.share)

    @property
    def block(self) -> int:
        """The side of the square blocks that are transposed in registers: half a vector, 32 bytes."""
        return VECTOR_BYTES // self.dtype.itemsize // 2

    @property
    def has_blocks(self) -> bool:
        """Whether a swapped matrix is transposed in square blocks."""
        return self.is_swapped and self.inner >= self.block and self.panel % self.block == 0


@dataclass(frozen=True)
class Matmul:
    """How one product is computed: its sizes and, from them, its tile, panels and tasks.

    Parameters
    ----------
    rows, inner, columns : int
        op(X) has shape (rows, inner), op(Y) shape (inner, columns). Each at least 0.
    transpose_x, transpose_y : bool
        Whether X is stored as (inner, rows), Y as (columns, inner); both row by row, without gaps.
    dtype : numpy.dtype
        float32 or float64, of X, Y and C.
    registers : int
        Vector registers of the machine: 32 for AVX-512 and NEON, 16 for AVX2 and SSE.
    register_bytes : int
        Their size: 64 for AVX-512, 32 for AVX2, 16 for NEON and SSE.
    cache_bytes : int
        What the second cache of a core holds.
    viewed_bytes : int
        Those of the array in which X is seen, rather than lying as a matrix; 0 where it does.
    run : int
        Of an X that is seen: so many of its rows are equally far apart, from each multiple of that number on.

    Raises
    ------
    GraphError
        For a negative size or another dtype: the compiler checks both long before.

    Examples
    --------
    >>> plan = Matmul(128, 784, 512, False, False, np.dtype("float32"))
    >>> plan.tile, plan.panel, plan.panels, plan.right is not None
    ((8, 2), 32, 16, True)
    >>> Matmul(128, 784, 512, False, False, np.dtype("float32"), registers=16, register_bytes=32).tile
    (4, 1)
    """

    rows: int
    inner: int
    columns: int
    transpose_x: bool
    transpose_y: bool
    dtype: np.dtype[Any]
    registers: int = 32
    register_bytes: int = 64
    cache_bytes: int = 1 << 20
    viewed_bytes: int = 0
    run: int = 1

    def __post_init__(self) -> None:
        if min(self.rows, self.inner, self.columns) < 0 or self.dtype not in (np.float32, np.float64):
            raise GraphError(
                f"matmul plan: sizes {self.rows}, {self.inner}, {self.columns} of {self.dtype}; expected sizes >= 0 of "
                f"float32 or float64. Report this as a fault of the compiler."
            )

    @property
    def unit(self) -> int:
        """Lanes of the vectors given to ``finish``: 16 for float32, 8 for float64."""
        return VECTOR_BYTES // self.dtype.itemsize

    @property
    def width(self) -> int:
        """Lanes of the vectors in the inner loop: ``unit``, or the next power of two when C has fewer columns."""
        return min(self.unit, 1 << max(0, self.columns - 1).bit_length())

    @property
    def is_empty(self) -> bool:
        """Whether C has no element."""
        return self.rows == 0 or self.columns == 0

    @cached_property
    def tile(self) -> tuple[int, int]:
        """Rows and vectors of a tile: of all that fit into the registers, the one with the least estimated time.

        More than 8 rows pay only where they divide the rows of C, and more than 2 vectors only where rows are few. A C
        that is large, and quickly computed, is a matter of memory: its tiles are wide, to go along few rows at a time.
        """
        if self._is_wide:
            low = 2 if self.inner <= _QUICKEST else 4
            wide = [(low, vectors) for vectors in (8, 4, 2) if self._fits(low, vectors)]
            if wide:
                return wide[0]
        heights = [rows for rows in self._heights if rows <= 8 or self.rows % rows == 0]
        # Rows that are equally far apart are found by one number, which counts where a turn has little else to do.
        heights = self._even_heights(heights) or heights
        widths = (1, 2) if self.rows >= 8 else (1, 2, 4, 8)
        if self.viewed_bytes:  # there are as many columns as a convolution has filters: 48, say
            widths = tuple(sorted({*widths, 3}))
        candidates = [(rows, vectors) for vectors in widths for rows in heights if self._fits(rows, vectors)]
        return min(candidates, key=self._estimated_time, default=(1, 1))

    @property
    def _is_wide(self) -> bool:
        """Whether C is large, and so quickly computed that memory takes much of the time."""
        return self.inner <= _QUICK and self.rows * self.columns * self.dtype.itemsize >= _LARGE

    @property
    def _heights(self) -> range:
        """How many rows a tile may have: fewer where each turn's place in a view takes as long as its sums."""
        return range(1, (_HIGHEST_SEEN if self.viewed_bytes and self.transpose_x else _HIGHEST) + 1)

    def _even_heights(self, heights: Sequence[int]) -> list[int]:
        """Return which heights have a tile's rows equally far apart, in a narrow product where that counts."""
        is_narrow = self.columns <= self.unit
        return [rows for rows in heights if is_narrow and rows >= _EVEN and self.run % rows == self.rows % rows == 0]

    @property
    def has_even_rows(self) -> bool:
        """Whether the rows of every tile are equally far apart, whatever the registers."""
        return bool(self._even_heights(self._heights))

    def _registers_per_vector(self) -> int:
        return max(1, self.width * self.dtype.itemsize // self.register_bytes)

    def _fits(self, rows: int, vectors: int) -> bool:
        """Tell whether accumulators, a row of Y and one number of X fit into the registers, and the tile into C."""
        held = (rows + 1) * vectors * self._registers_per_vector() + 1
        return held <= self.registers and rows <= self.rows and (vectors - 1) * self.width < self.columns

    def _estimated_time(self, tile: tuple[int, int]) -> float:
        """Return the time of the whole product, in units of one fma of a register.

        At least 8 sums must be under way to hide the latency of an fma (4 cycles, two units). Loads mostly hide behind
        the sums; a quarter for a vector of Y and an eighth for a number of X rank tiles as measured on Zen 4.
        """
        rows, vectors = tile
        tiles = -(-self.rows // rows) * -(-self.columns // (vectors * self.width))
        loads = vectors * self._registers_per_vector()
        return tiles * (max(rows * loads, 8) + loads / 4 + rows / 8)

    @property
    def is_even(self) -> bool:
        """Whether the rows of every tile of an X that is seen are equally far apart."""
        return self.run % self.tile[0] == self.rows % self.tile[0] == 0

    @property
    def panel(self) -> int:
        """Columns of a tile and of a panel."""
        return self.tile[1] * self.width

    @property
    def panels(self) -> int:
        """Panels that cover the columns."""
        return -(-self.columns // self.panel)

    @property
    def groups(self) -> int:
        """Tiles that cover the rows."""
        return -(-self.rows // self.tile[0])

    @property
    def is_direct(self) -> bool:
        """Whether Y is read where it lies, because it is used too few times or is too small to be worth a copy."""
        if self.swaps_y and not self.is_empty:
            return False
        if self.viewed_bytes and self.panels == 1:  # the gradient of a kernel: a copy would lie the same, but for gaps
            return True
        row = self.columns * self.dtype.itemsize
        if self.groups <= _DIRECT_TILES or self.inner * row <= _DIRECT_BYTES:
            return True
        # Where C is a matter of memory, so is a copy of Y; tiles find a panel in the first-level cache from the second
        # one on, unless its rows lie so that they push each other out.
        fits = self.inner * self.panel * self.dtype.itemsize <= _DIRECT_BYTES and row % _PUSHED_OUT != 0
        return self._is_wide and fits

    @property
    def swaps_y(self) -> bool:
        """Whether Y lies transposed; a matrix of one row or column lies the same either way."""
        return self.transpose_y and self.inner > 1 and self.columns > 1

    @property
    def right(self) -> Panels | None:
        """The panels of op(Y); None when Y is read where it lies."""
        return None if self.is_direct else Panels(self.inner, self.columns, self.panel, self.swaps_y, self.dtype)

    @property
    def left(self) -> Panels | None:
        """The panels of op(X), each as wide as a task goes at a time; None when X is read where it lies."""
        if self.is_empty or not self._packs_x:
            return None
        return Panels(self.rows, self.inner, self.depth, self.transpose_x, self.dtype)

    @property
    def _packs_x(self) -> bool:
        """Whether X is read too far apart: down columns, or along rows whose lines compete for the same few places."""
        if self.panels < _DIRECT_TILES or self.viewed_bytes:
            return False
        if self.transpose_x:
            return min(self.rows, self.inner) > 1 and self._x_bytes > self.cache_bytes // 2
        return self.depth < self.inner and self.inner * self.dtype.itemsize >= _FAR_APART

    @property
    def _x_bytes(self) -> int:
        return self.viewed_bytes or self.rows * self.inner * self.dtype.itemsize

    @cached_property
    def depth(self) -> int:
        """Turns of the inner loop that a task does for all its tiles before it goes on; all of them, if few.

        Of two sides that the second cache cannot hold, it then holds some rows of X, and a panel as far as they go. A
        sum that is made of chains of `CHAIN` turns is cut between two of them alone.
        """
        far = self.cache_bytes // 2
        is_far = min(self._x_bytes, self.inner * self.columns * self.dtype.itemsize) > far
        is_far = is_far and (not self.is_direct or (self.panels == 1 and self.groups > _DIRECT_TILES))
        depth = max(_LEAST_DEPTH, self.cache_bytes // (_PANEL_SHARE * self.panel * self.dtype.itemsize))
        if not is_far or self.inner <= depth:
            return max(1, self.inner)
        return CHAIN if self.inner > CHAIN else depth

    @property
    def partial(self) -> int:
        """Elements of the sums that are kept from one part of the inner loop to the next; 0 if there is one part."""
        return self.groups * self.tile[0] * self.panels * self.panel if self.depth < self.inner else 0

    @property
    def panels_per_task(self) -> int:
        """Panels in a task, which use the same rows of X while the cache holds them."""
        return max(1, min(_MOST_PANELS, self.panels * self.blocks // _PARTS)) if self.partial else 1

    @cached_property
    def groups_per_task(self) -> int:
        """Tiles in a task: about a 32nd of the work, but neither too little for a thread's while nor long to wait for.

        Of the numbers near that, the nearest that makes the tasks even in number and equal in size, if there is one:
        two threads then end together.
        """
        if self.partial:  # as many rows as fill half of the cache
            rows = self.cache_bytes // (2 * self.depth * self.dtype.itemsize)
            return max(1, min(self.groups, rows // self.tile[0]))
        tile = self.tile[0] * self.panel * max(1, self.inner)
        share = self.groups * self.panels * tile // _PARTS
        about = max(1, min(self.groups, min(max(share, _LEAST_TASK), _MOST_TASK) // tile))

        def loss(size: int) -> tuple[bool, bool, int]:
            tasks = -(-self.groups // size) * self.panels
            return tasks % 2 != 0, self.groups % size != 0, abs(size - about)

        return min(range(-(-about // 2), min(2 * about, max(1, self.groups)) + 1), key=loss)

    @property
    def blocks(self) -> int:
        """Blocks of rows."""
        return -(-self.groups // self.groups_per_task)

    @property
    def tasks(self) -> int:
        """Independent pieces of the product, at least 1; 0 only when C is empty."""
        return 0 if self.is_empty else self.blocks * -(-self.panels // self.panels_per_task)
