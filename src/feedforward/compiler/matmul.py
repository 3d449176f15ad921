"""The matrix product, emitted as pieces that a kernel inlines; nothing here knows threads, buffers or graphs.

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
product that uses Y only a few times, or whose Y is small, reads it where it lies. X is read where it lies unless it is
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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir

from feedforward.compiler.panels import VECTOR_BYTES, Panels
from feedforward.compiler.pieces import (
    POINTER,
    at,
    index_of,
    lane_numbers,
    load_lanes,
    loop,
    minimum,
    plus,
    prefetch,
    times,
)
from feedforward.compiler.vector import fma, splat
from feedforward.errors import GraphError

__all__ = ["Finish", "Prepare", "ReadX", "CHAIN", "Matmul", "emit_task"]

Finish: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value, int], None]
"""``finish(builder, row, column, value, count)`` emits what becomes of the ``count`` first lanes of ``value``."""

Prepare: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
"""``prepare(builder, row, column)`` emits what is done before the sums that begin at this row and column."""

ReadX: TypeAlias = Callable[[ir.IRBuilder, ir.Value], list[ir.Value]]
"""``read_x(builder, k)`` emits the numbers in the rows of one tile and column ``k`` of op(X)."""

_QUICKEST, _QUICK, _LARGE = 32, 256, 1 << 20
"""Turns of the inner loop, few and more, and bytes of C, up to and from which memory takes much of the time."""
_DIRECT_TILES = 4
"""So few tiles in a column of C use Y less often than a copy of it is worth."""
_DIRECT_BYTES = 32 * 1024
"""A Y so small stays in the first-level cache however it lies."""
_LEAST_TASK, _MOST_TASK = 1 << 17, 1 << 20
"""Multiplications in a task: about 2.5 and 20 microseconds of one thread."""
CHAIN = 4096
"""Terms of a sum that are added up one after the other, before they are added to a total: of products and others."""
_PART = 32
"""Turns of the inner loop between requests: so many are worth the end of a loop."""
_FAR_APART = 1 << 14
"""Bytes of a row of X from which on the rows that a task needs push each other out of the cache."""
_PANEL_SHARE, _LEAST_DEPTH = 8, 128
"""The part of the cache that a panel may take, and how many turns a task does at least before it goes on."""
_MOST_PANELS, _PARTS = 8, 32
"""Panels in a task that goes over its tiles several times; into about how many tasks a product is cut."""


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
        if self.inner <= _QUICK and self.rows * self.columns * self.dtype.itemsize >= _LARGE:
            low = 2 if self.inner <= _QUICKEST else 4
            wide = [(low, vectors) for vectors in (8, 4, 2) if self._fits(low, vectors)]
            if wide:
                return wide[0]
        heights = [rows for rows in range(1, 13) if rows <= 8 or self.rows % rows == 0]
        widths = (1, 2) if self.rows >= 8 else (1, 2, 4, 8)
        candidates = [(rows, vectors) for vectors in widths for rows in heights if self._fits(rows, vectors)]
        return min(candidates, key=self._estimated_time, default=(1, 1))

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
        return self.groups <= _DIRECT_TILES or self.inner * self.columns * self.dtype.itemsize <= _DIRECT_BYTES

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
        if self.panels < _DIRECT_TILES:
            return False
        if self.transpose_x:
            return min(self.rows, self.inner) > 1 and self._x_bytes > self.cache_bytes // 2
        return self.depth < self.inner and self.inner * self.dtype.itemsize >= _FAR_APART

    @property
    def _x_bytes(self) -> int:
        return self.rows * self.inner * self.dtype.itemsize

    @cached_property
    def depth(self) -> int:
        """Turns of the inner loop that a task does for all its tiles before it goes on; all of them, if few.

        Of two sides that the second cache cannot hold, it then holds some rows of X, and a panel as far as they go. A
        sum that is made of chains of `CHAIN` turns is cut between two of them alone.
        """
        far = self.cache_bytes // 2
        is_far = min(self._x_bytes, self.inner * self.columns * self.dtype.itemsize) > far and not self.is_direct
        depth = max(_LEAST_DEPTH, self.cache_bytes // (_PANEL_SHARE * self.panel * self.dtype.itemsize))
        if not is_far or self.inner <= depth:
            return max(1, self.inner)
        return CHAIN if self.inner > CHAIN else depth

    @property
    def partial(self) -> int:
        """Elements of the sums that are kept from one part of the inner loop to the next; 0 if there is one part."""
        return self.groups * self.tile[0] * self.panels * self.panel if self.depth < self.inner else 0

    @property
    def _panels_per_task(self) -> int:
        """Panels in a task, which use the same rows of X while the cache holds them."""
        return max(1, min(_MOST_PANELS, self.panels * self.blocks // _PARTS)) if self.partial else 1

    @cached_property
    def _groups_per_task(self) -> int:
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
        return -(-self.groups // self._groups_per_task)

    @property
    def tasks(self) -> int:
        """Independent pieces of the product, at least 1; 0 only when C is empty."""
        return 0 if self.is_empty else self.blocks * -(-self.panels // self._panels_per_task)

    @property
    def element(self) -> ir.Type:
        """The LLVM type of an element."""
        return ir.FloatType() if self.dtype.itemsize == 4 else ir.DoubleType()

    @property
    def vector(self) -> ir.Type:
        """The LLVM type of a vector in the inner loop."""
        return ir.VectorType(self.element, self.width)


def emit_task(
    builder: ir.IRBuilder,
    plan: Matmul,
    x_pointer: ir.Value,
    y_pointer: ir.Value,
    partial_pointer: ir.Value | None,
    task_index: ir.Value,
    finish: Finish,
    prepare: Prepare | None = None,
    is_flat: bool = False,
) -> None:
    """Emit one of ``plan.tasks`` pieces of the product.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where to emit; stands behind the piece afterwards.
    plan : Matmul
        The product.
    x_pointer, y_pointer : ir.Value of type ptr
        The panels of X and Y; X or Y itself where ``plan.left`` or ``plan.right`` is None.
    partial_pointer : ir.Value of type ptr, optional
        Room for ``plan.partial`` elements, aligned to 64 bytes; None where that is 0.
    task_index : ir.Value of type i64
        In 0 ... ``plan.tasks`` - 1.
    finish : callable
        Called once or twice with ``(builder, row, column, value, count)`` while emitting; what it emits runs once for
        every vector of C: ``value`` has ``plan.unit`` lanes, of which the first ``count`` are the elements from
        ``column`` on of row ``row``, and the others mean nothing. ``count`` is an int, ``plan.unit`` or
        ``plan.columns % plan.unit``, so the code for full vectors needs no masks. It must not write to X or Y.
    prepare : callable, optional
        ``prepare(builder, row, column)``, called once for each row and vector of a tile before its sums are computed:
        requests for the memory that ``finish`` will read, which arrives while the sums are computed.
    is_flat : bool
        Only for C of one panel: finish vectors of elements in row-major order, over ends of rows. ``column`` is then
        the place of the first in C, and ``row`` means nothing.
    """
    if plan.is_empty:
        return
    task = _Task(builder, plan, x_pointer, y_pointer, partial_pointer, finish, prepare, is_flat)
    groups = _share(builder, builder.urem(task_index, index_of(plan.blocks)), plan._groups_per_task, plan.groups)
    panels = _share(builder, builder.udiv(task_index, index_of(plan.blocks)), plan._panels_per_task, plan.panels)
    before = (plan.inner - 1) // plan.depth * plan.depth if plan.partial else 0
    if before:
        with loop(builder, index_of(0), index_of(before // plan.depth), "depth") as part:
            begin = times(builder, part.index, plan.depth)
            with loop(builder, *panels, "panel") as panel, loop(builder, *groups, "group") as group:
                task.part(panel.index, group.index, begin)
    with loop(builder, *panels, "panel") as panel, loop(builder, *groups, "group") as group:
        task.end(panel.index, group.index, index_of(before))


def _share(builder: ir.IRBuilder, number: ir.Value, size: int, count: int) -> tuple[ir.Value, ir.Value]:
    """Return where a share of so many things of `count` begins and ends."""
    first = times(builder, number, size)
    end = plus(builder, first, size)
    return first, end if size == 1 else minimum(builder, end, count)


@dataclass
class _Task:
    """What the tiles of a task are emitted from; see `emit_task`."""

    builder: ir.IRBuilder
    plan: Matmul
    x: ir.Value
    y: ir.Value
    partial: ir.Value | None
    finish: Finish
    prepare: Prepare | None
    is_flat: bool

    def __post_init__(self) -> None:
        plan = self.plan
        self.stored = _stack(self.builder, plan, plan.tile[0] * _tile_stride(plan) + plan.unit)

    def part(self, panel: ir.Value, group: ir.Value, begin: ir.Value) -> None:
        """Emit the turns of a tile from `begin` on that are a part of the inner sum, but not the last."""
        builder, plan = self.builder, self.plan
        place = self._place(panel, group)
        end = plus(builder, begin, plan.depth)
        sums = _multiply(builder, plan, *self._sources(place, begin), None, begin, end, self._before(place, begin))
        for pointer, value in zip(self._kept(place), sums, strict=True):
            builder.store(value, pointer, align=plan.width * plan.dtype.itemsize)

    def end(self, panel: ir.Value, group: ir.Value, begin: ir.Value) -> None:
        """Emit all turns of a tile from `begin` on, and what becomes of its sums."""
        builder, plan = self.builder, self.plan
        place = self._place(panel, group)

        def request(i: ir.Value) -> None:
            for j in range(plan.tile[1]):
                if self.prepare:
                    self.prepare(builder, builder.add(place.top, i), plus(builder, place.column, j * plan.unit))

        sums = _multiply(
            builder,
            plan,
            *self._sources(place, begin),
            request if self.prepare else None,
            begin,
            index_of(plan.inner),
            self._before(place, begin),
        )
        _store_tile(builder, plan, self.stored, sums, plan.columns if self.is_flat else _tile_stride(plan))
        if self.is_flat:
            _finish_flat(builder, plan, self.stored, place.row, self.finish)
            return
        below, beside = builder.sub(place.row, place.top), builder.sub(place.column, place.start)
        corner = at(builder, plan.element, self.stored, _offset(builder, plan, below, beside))
        _finish_tile(builder, plan, corner, place.row, place.column, self.finish)

    def _place(self, panel: ir.Value, group: ir.Value) -> _Place:
        builder, plan = self.builder, self.plan
        row, column = times(builder, group, plan.tile[0]), times(builder, panel, plan.panel)
        top = row if plan.rows % plan.tile[0] == 0 else minimum(builder, row, plan.rows - plan.tile[0])
        start = minimum(builder, column, plan.columns - plan.panel) if _overlaps(plan) else column
        return _Place(panel, group, row, top, column, start)

    def _sources(self, place: _Place, begin: ir.Value) -> tuple[ReadX, ir.Value]:
        """Return what emits the numbers of X in a tile, and where the columns of Y begin; for turns from `begin` on."""
        builder, plan = self.builder, self.plan
        first = place.start if plan.is_direct else times(builder, place.panel, plan.panel * plan.inner)
        source = at(builder, plan.element, self.y, first)
        if plan.left is None:
            corner = times(builder, place.top, 1 if plan.transpose_x else plan.inner)
        else:  # the panel of X in which turn `begin` is the first of a row
            panel = times(builder, builder.udiv(begin, index_of(plan.depth)), plan.rows * plan.depth)
            corner = builder.sub(builder.add(panel, times(builder, place.top, plan.depth)), begin)
        return _column_of_x(builder, plan, at(builder, plan.element, self.x, corner)), source

    def _kept(self, place: _Place) -> list[ir.Value]:
        """Return where the vectors of a tile are kept from one part to the next; tiles lie one behind the other."""
        builder, plan = self.builder, self.plan
        rows, vectors = plan.tile
        number = builder.add(times(builder, place.panel, plan.groups), place.group)
        corner = at(builder, plan.element, self.partial, times(builder, number, rows * plan.panel))
        return [at(builder, plan.element, corner, index_of(i * plan.width)) for i in range(rows * vectors)]

    def _before(self, place: _Place, begin: ir.Value) -> list[ir.Value]:
        """Return the sums of the parts before: zeros before the first."""
        builder, plan = self.builder, self.plan
        zero = ir.Constant(plan.vector, None)
        if not plan.partial:
            return [zero] * (plan.tile[0] * plan.tile[1])
        is_first = builder.icmp_signed("==", begin, index_of(0))
        align = plan.width * plan.dtype.itemsize
        kept = [builder.load(one, typ=plan.vector, align=align) for one in self._kept(place)]
        return [builder.select(is_first, zero, one) for one in kept]


@dataclass(frozen=True)
class _Place:
    """Where a tile is: its panel and group, its first row and column, and those from which on it is computed."""

    panel: ir.Value
    group: ir.Value
    row: ir.Value
    top: ir.Value
    column: ir.Value
    start: ir.Value


def _overlaps(plan: Matmul) -> bool:
    """Tell whether the last panel is moved left to end at the last column, as Y is read where it lies."""
    return plan.is_direct and plan.columns > plan.panel and plan.columns % plan.panel != 0


def _column_of_x(builder: ir.IRBuilder, plan: Matmul, corner: ir.Value) -> ReadX:
    """Return what emits the elements of op(X) in the rows of a tile and column k; `corner` is where the first lies."""
    row_step, k_step = (1, plan.rows) if plan.transpose_x else (plan.inner, 1)
    if plan.left:
        row_step, k_step = plan.depth, 1

    def read(builder: ir.IRBuilder, k: ir.Value) -> list[ir.Value]:
        first = at(builder, plan.element, corner, times(builder, k, k_step))
        if plan.transpose_x and not plan.left:
            prefetch(builder, builder.gep(first, [index_of(plan.unit)], source_etype=plan.element))
        pointers = [at(builder, plan.element, first, index_of(i * row_step)) for i in range(plan.tile[0])]
        return [builder.load(pointer, typ=plan.element, align=plan.dtype.itemsize) for pointer in pointers]

    return read


def _multiply(
    builder: ir.IRBuilder,
    plan: Matmul,
    read_x: ReadX,
    source: ir.Value,
    request: Callable[[ir.Value], None] | None,
    first: ir.Value,
    last: ir.Value,
    before: list[ir.Value],
) -> list[ir.Value]:
    """Emit the turns `first` ... `last` - 1 of the inner loop of one tile.

    If there is something to `request` for its rows, the loop is cut into parts, and each begins with some of that. A
    sum of more turns than `CHAIN` is made of chains of so many, each of which begins at zero.

    Returns
    -------
    list of ir.Value
        The sums that were `before`, and these; row by row, those of a row from left to right.
    """
    rows, vectors = plan.tile

    def run(begin: ir.Value, end: ir.Value, values: Sequence[ir.Value]) -> list[ir.Value]:
        with loop(builder, begin, end, "inner", values) as inner:
            y = _load_row(builder, plan, source, inner.index)
            x = [splat(builder, number, plan.vector) for number in read_x(builder, inner.index)]
            inner.values = [
                fma(builder, x[place // vectors], y[place % vectors], value) for place, value in enumerate(inner.values)
            ]
        return inner.values

    if plan.inner > CHAIN:
        if request is not None:
            for i in range(rows):
                request(index_of(i))
        zeros = [ir.Constant(plan.vector, None)] * (rows * vectors)
        end = builder.udiv(plus(builder, last, CHAIN - 1), index_of(CHAIN))
        with loop(builder, builder.udiv(first, index_of(CHAIN)), end, "chain", before) as chain:
            begin = times(builder, chain.index, CHAIN)
            terms = run(begin, minimum(builder, plus(builder, begin, CHAIN), plan.inner), zeros)
            chain.values = [builder.fadd(total, one) for total, one in zip(chain.values, terms, strict=True)]
        return chain.values
    if request is None:
        return run(first, last, before)
    parts = next(n for n in range(rows, 0, -1) if rows % n == 0 and (n == 1 or plan.inner >= n * _PART))
    count = builder.sub(last, first)
    with loop(builder, index_of(0), index_of(parts), "part", before) as part:
        for i in range(rows // parts):
            request(plus(builder, times(builder, part.index, rows // parts), i))
        begin, end = (
            builder.add(first, builder.udiv(builder.mul(plus(builder, part.index, ahead), count), index_of(parts)))
            for ahead in (0, 1)
        )
        part.values = run(begin, end, part.values)
    return part.values


def _load_row(builder: ir.IRBuilder, plan: Matmul, source: ir.Value, k: ir.Value) -> list[ir.Value]:
    """Emit the loads of row k of a panel."""
    row = at(builder, plan.element, source, times(builder, k, plan.columns if plan.is_direct else plan.panel))
    starts = range(0, plan.panel, plan.width)
    counts = [plan.columns - start if plan.is_direct else plan.width for start in starts]
    pointers = [at(builder, plan.element, row, index_of(start)) for start in starts]
    return [load_lanes(builder, p, plan.vector, min(n, plan.width)) for p, n in zip(pointers, counts, strict=True)]


def _tile_stride(plan: Matmul) -> int:
    """Return the elements from one row of the stored tile to the next."""
    return max(plan.panel, plan.unit)


def _offset(builder: ir.IRBuilder, plan: Matmul, row: ir.Value, column: ir.Value) -> ir.Value:
    """Return the place of an element in the stored tile."""
    return builder.add(times(builder, row, _tile_stride(plan)), column)


def _store_tile(builder: ir.IRBuilder, plan: Matmul, stored: ir.Value, sums: list[ir.Value], stride: int) -> None:
    """Emit the stores of the sums, narrow vectors filled up with zeros; a row may overwrite what fills the last one."""
    for place, value in enumerate(sums):
        i, j = divmod(place, plan.tile[1])
        pointer = at(builder, plan.element, stored, index_of(i * stride + j * plan.width))
        builder.store(_widen(builder, plan, value), pointer, align=plan.dtype.itemsize)


def _finish_tile(
    builder: ir.IRBuilder, plan: Matmul, corner: ir.Value, row: ir.Value, column: ir.Value, finish: Finish
) -> None:
    """Emit the loop over the rows of a stored tile that calls ``finish`` for their full and partial vectors."""
    rows, whole, rest = plan.tile[0], plan.columns // plan.unit, plan.columns % plan.unit
    stop = minimum(builder, plus(builder, row, rows), plan.rows) if plan.rows % rows else plus(builder, row, rows)

    def vector(i: ir.Value, j: ir.Value, count: int) -> None:
        place = _offset(builder, plan, builder.sub(i, row), builder.sub(j, column))
        pointer = at(builder, plan.element, corner, place)
        value = builder.load(pointer, typ=ir.VectorType(plan.element, plan.unit), align=plan.dtype.itemsize)
        finish(builder, i, j, value, count)

    with loop(builder, row, stop, "row") as line:
        if plan.columns % max(plan.panel, plan.unit) == 0:
            for j in range(plan.tile[1]):
                vector(line.index, plus(builder, column, j * plan.unit), plan.unit)
        elif whole:
            first = builder.udiv(column, index_of(plan.unit))
            end = minimum(builder, plus(builder, first, plan.tile[1]), whole)
            with loop(builder, first, end, "vector") as place:
                vector(line.index, times(builder, place.index, plan.unit), plan.unit)
        if rest and plan.panels == 1:
            vector(line.index, index_of(whole * plan.unit), rest)
        elif rest:
            with builder.if_then(builder.icmp_signed(">", plus(builder, column, plan.panel), index_of(plan.columns))):
                vector(line.index, index_of(whole * plan.unit), rest)


def _finish_flat(builder: ir.IRBuilder, plan: Matmul, stored: ir.Value, row: ir.Value, finish: Finish) -> None:
    """Emit calls of ``finish`` for the elements of a tile in row-major order, that of the last one from `row` on."""
    first = times(builder, row, plan.columns)

    def vector(start: ir.Value, skipped: int, count: int) -> None:
        pointer = at(builder, plan.element, stored, plus(builder, start, skipped))
        value = builder.load(pointer, typ=ir.VectorType(plan.element, plan.unit), align=plan.dtype.itemsize)
        finish(builder, index_of(0), builder.add(first, start), value, count)

    def elements(count: int, skipped: int) -> None:
        with loop(builder, index_of(0), index_of(count // plan.unit), "vector") as turn:
            vector(times(builder, turn.index, plan.unit), skipped, plan.unit)
        if count % plan.unit:
            vector(index_of(count - count % plan.unit), skipped, count % plan.unit)

    rest = plan.rows % plan.tile[0]
    if not rest:
        elements(plan.tile[0] * plan.columns, 0)
        return
    with builder.if_else(builder.icmp_signed("<", row, index_of(plan.rows - rest))) as (whole, last):
        with whole:
            elements(plan.tile[0] * plan.columns, 0)
        with last:
            elements(rest * plan.columns, (plan.tile[0] - rest) * plan.columns)


def _widen(builder: ir.IRBuilder, plan: Matmul, value: ir.Value) -> ir.Value:
    """Return ``value`` with zeros appended up to a whole unit of lanes."""
    if plan.width == plan.unit:
        return value
    order = [min(i, plan.width) for i in range(plan.unit)]
    return builder.shuffle_vector(value, ir.Constant(plan.vector, None), lane_numbers(order))


def _stack(builder: ir.IRBuilder, plan: Matmul, elements: int) -> ir.Value:
    """Return memory that lives as long as the function: in its entry block, or a loop would take more at every turn."""
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(plan.element, elements))
    memory.align = VECTOR_BYTES
    memory.type = POINTER  # llvmlite's alloca still has the typed pointer that LLVM no longer reads
    return memory
