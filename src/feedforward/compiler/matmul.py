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

Y is first copied (``emit_pack``) into *panels*, so that a tile reads it from front to back: panel p holds the columns
``p * panel ... (p + 1) * panel - 1``, the last one filled up with zeros, as an array of shape ``(inner, panel)``. A
product that uses Y only a few times, or whose Y is small, reads it where it lies. X is always read where it lies.

``tasks`` are the independent pieces of the work: a task is one panel and a block of consecutive tiles in it::

                  panel 0     panel 1                        task = panel * blocks + block
                +-----------+-----------+--
        block 0 |  task 0   |  task 2   |                    Any thread may take any task, in any order.
                +-----------+-----------+--
        block 1 |  task 1   |  task 3   |
                +-----------+-----------+--

When the rows are no multiple of a tile's, the last tile is moved up until it ends at the last row; the rows it then
shares with the tile before it are computed twice and finished once. So one inner loop serves every size. Panels that
are read where they lie are moved to the left in the same way.

Every element of C is ``fma(x[k], y[k], c)`` for k = 0, 1, ... in this order, beginning with c = 0: one accumulator, one
rounding a turn. Tiles, tasks, threads, panels and registers only choose *when* this happens, so they change no bit.
With K turns and u the unit roundoff (half the machine epsilon), the error is at most
``K u / (1 - K u) * sum |x[k]| |y[k]|`` (Higham 2002, equation 3.5), and about ``sqrt(K) u`` times that sum when
roundings behave like independent random numbers.

References
----------
Goto, K., van de Geijn, R. (2008). Anatomy of high-performance matrix multiplication. ACM TOMS 34(3), article 12. We
need no blocks of the inner sum: at the sizes of a feedforward network a panel stays in the second-level cache.
Higham, N. (2002). Accuracy and stability of numerical algorithms, 2nd edition. SIAM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir

from feedforward.compiler.vector import bits_of, fma, splat
from feedforward.errors import GraphError

INDEX = ir.IntType(64)
POINTER = ir.PointerType()
VECTOR_BYTES = 64
"""Bytes of the vectors that the caller sees: 16 float32 or 8 float64 lanes on every target."""

Finish: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value, int], None]
"""``finish(builder, row, column, value, count)`` emits what becomes of the ``count`` first lanes of ``value``."""

Prepare: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
"""``prepare(builder, row, column)`` emits what is done before the sums that begin at this row and column."""

ReadX: TypeAlias = Callable[[ir.IRBuilder, ir.Value], list[ir.Value]]
"""``read_x(builder, k)`` emits the numbers in the rows of one tile and column ``k`` of op(X)."""

_DIRECT_TILES = 4
"""So few tiles in a column of C use Y less often than a copy of it is worth."""
_DIRECT_BYTES = 32 * 1024
"""A Y so small stays in the first-level cache however it lies."""
_LEAST_TASK, _MOST_TASK = 1 << 17, 1 << 20
"""Multiplications in a task: about 2.5 and 20 microseconds of one thread."""
_PACK_ELEMENTS = 1 << 14
"""Elements in a task of the copy: about 2 microseconds."""


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

    Raises
    ------
    GraphError
        For a negative size or another dtype: the compiler checks both long before.

    Examples
    --------
    >>> plan = Matmul(128, 784, 512, False, False, np.dtype("float32"))
    >>> plan.tile, plan.panel, plan.panels, plan.scratch == 784 * 512
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

        More than 8 rows pay only where they divide the rows of C, and more than 2 vectors only where rows are few.
        """
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
        if self._swaps_y and not self.is_empty:
            return False
        return self.groups <= _DIRECT_TILES or self.inner * self.columns * self.dtype.itemsize <= _DIRECT_BYTES

    @property
    def _swaps_y(self) -> bool:
        """Whether Y lies transposed; a matrix of one row or column lies the same either way."""
        return self.transpose_y and self.inner > 1 and self.columns > 1

    @property
    def scratch(self) -> int:
        """Elements of the panels of Y; 0 when Y is read where it lies. Best aligned to 64 bytes."""
        return 0 if self.is_direct else self.panels * self.panel * self.inner

    @property
    def _panels_per_pack_task(self) -> int:
        return max(1, min(self.panels, _PACK_ELEMENTS // (self.panel * self.inner)))

    @property
    def pack_tasks(self) -> int:
        """Independent pieces of the copy; 0 when there is none."""
        return 0 if self.is_direct else -(-self.panels // self._panels_per_pack_task)

    @cached_property
    def _groups_per_task(self) -> int:
        """Tiles in a task: a 32nd of the work, but neither too little for a thread's while nor too long to wait for."""
        tile = self.tile[0] * self.panel * max(1, self.inner)
        share = self.groups * self.panels * tile // 32
        return max(1, min(self.groups, min(max(share, _LEAST_TASK), _MOST_TASK) // tile))

    @property
    def blocks(self) -> int:
        """Blocks of rows."""
        return -(-self.groups // self._groups_per_task)

    @property
    def tasks(self) -> int:
        """Independent pieces of the product, at least 1; 0 only when C is empty."""
        return 0 if self.is_empty else self.blocks * self.panels

    @property
    def element(self) -> ir.Type:
        """The LLVM type of an element."""
        return ir.FloatType() if self.dtype.itemsize == 4 else ir.DoubleType()

    @property
    def vector(self) -> ir.Type:
        """The LLVM type of a vector in the inner loop."""
        return ir.VectorType(self.element, self.width)


def emit_pack(
    builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, scratch_pointer: ir.Value, task_index: ir.Value
) -> None:
    """Emit one of ``plan.pack_tasks`` pieces of the copy of Y into panels; nothing when ``plan.is_direct``.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where to emit; stands behind the piece afterwards.
    plan : Matmul
        The product.
    y_pointer, scratch_pointer : ir.Value of type ptr
        Y, and room for ``plan.scratch`` elements, of which the task writes its share in full.
    task_index : ir.Value of type i64
        In 0 ... ``plan.pack_tasks`` - 1.

    Notes
    -----
    All pieces must be done before a task begins. They take 0.1 ns an element, 0.2 ns when Y is transposed.
    """
    if plan.is_direct:
        return
    share = plan._panels_per_pack_task
    first = _times(builder, task_index, share)
    with _loop(builder, first, _minimum(builder, _plus(builder, first, share), plan.panels), "panel") as panel:
        target = _at(builder, plan, scratch_pointer, _times(builder, panel.index, plan.panel * plan.inner))
        if not plan._swaps_y:
            _pack_rows(builder, plan, y_pointer, target, panel.index)
        elif plan.inner >= _block_size(plan) and plan.panel >= _block_size(plan):
            _pack_blocks(builder, plan, y_pointer, target, panel.index)
        else:
            _pack_elements(builder, plan, y_pointer, target, panel.index)


def emit_task(
    builder: ir.IRBuilder,
    plan: Matmul,
    x_pointer: ir.Value,
    y_pointer: ir.Value,
    task_index: ir.Value,
    finish: Finish,
    prepare: Prepare | None = None,
) -> None:
    """Emit one of ``plan.tasks`` pieces of the product.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where to emit; stands behind the piece afterwards.
    plan : Matmul
        The product.
    x_pointer : ir.Value of type ptr
        X.
    y_pointer : ir.Value of type ptr
        The packed panels of Y; Y itself when ``plan.is_direct``.
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
    """
    if plan.is_empty:
        return
    panel = builder.udiv(task_index, _index(plan.blocks))
    column = _times(builder, panel, plan.panel)
    start = _minimum(builder, column, plan.columns - plan.panel) if _overlaps(plan) else column
    place = start if plan.is_direct else _times(builder, panel, plan.panel * plan.inner)
    source = _at(builder, plan, y_pointer, place)
    stored = _stack(builder, plan, plan.tile[0] * _tile_stride(plan) + plan.unit)
    first = _times(builder, builder.urem(task_index, _index(plan.blocks)), plan._groups_per_task)
    last = _minimum(builder, _plus(builder, first, plan._groups_per_task), plan.groups)
    with _loop(builder, first, last, "group") as group:
        row = _times(builder, group.index, plan.tile[0])
        top = row if plan.rows % plan.tile[0] == 0 else _minimum(builder, row, plan.rows - plan.tile[0])
        corner_of_x = _at(builder, plan, x_pointer, _times(builder, top, 1 if plan.transpose_x else plan.inner))

        def request(i: ir.Value, top: ir.Value = top) -> None:
            for j in range(plan.tile[1]):
                if prepare:
                    prepare(builder, builder.add(top, i), _plus(builder, column, j * plan.unit))

        sums = _multiply(builder, plan, _column_of_x(builder, plan, corner_of_x), source, request if prepare else None)
        _store_tile(builder, plan, stored, sums)
        corner = _at(builder, plan, stored, _offset(builder, plan, builder.sub(row, top), builder.sub(column, start)))
        _finish_tile(builder, plan, corner, row, column, finish)


def _overlaps(plan: Matmul) -> bool:
    """Tell whether the last panel is moved left to end at the last column, as Y is read where it lies."""
    return plan.is_direct and plan.columns > plan.panel and plan.columns % plan.panel != 0


def _column_of_x(builder: ir.IRBuilder, plan: Matmul, corner: ir.Value) -> ReadX:
    """Return what emits the elements of op(X) in the rows of a tile and column k; `corner` is where the first lies."""
    row_step, k_step = (1, plan.rows) if plan.transpose_x else (plan.inner, 1)

    def read(builder: ir.IRBuilder, k: ir.Value) -> list[ir.Value]:
        first = _at(builder, plan, corner, _times(builder, k, k_step))
        if plan.transpose_x:
            prefetch(builder, builder.gep(first, [_index(plan.unit)], source_etype=plan.element))
        pointers = [_at(builder, plan, first, _index(i * row_step)) for i in range(plan.tile[0])]
        return [builder.load(pointer, typ=plan.element, align=plan.dtype.itemsize) for pointer in pointers]

    return read


def prefetch(builder: ir.IRBuilder, pointer: ir.Value) -> None:
    """Emit the request for a cache line, which may lie behind the array.

    The processor foresees a walk along a row; down a column it has to be told: 3 to 10 % of the time of a product.
    """
    arguments = [pointer, *(ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))]  # to read, to keep, data
    _call(builder, "llvm.prefetch.p0", ir.VoidType(), arguments)


def _multiply(
    builder: ir.IRBuilder,
    plan: Matmul,
    read_x: ReadX,
    source: ir.Value,
    request: Callable[[ir.Value], None] | None,
) -> list[ir.Value]:
    """Emit the inner loop of one tile.

    It is cut into as many parts as the tile has rows, if there is something to `request` for a row before each.

    Returns
    -------
    list of ir.Value
        The sums, row by row, those of a row from left to right.
    """
    rows, vectors = plan.tile
    zeros = [ir.Constant(plan.vector, None)] * (rows * vectors)

    def run(begin: ir.Value, end: ir.Value, values: Sequence[ir.Value]) -> list[ir.Value]:
        with _loop(builder, begin, end, "inner", values) as inner:
            y = _load_row(builder, plan, source, inner.index)
            x = [splat(builder, number, plan.vector) for number in read_x(builder, inner.index)]
            inner.values = [
                fma(builder, x[place // vectors], y[place % vectors], value) for place, value in enumerate(inner.values)
            ]
        return inner.values

    if request is None:
        return run(_index(0), _index(plan.inner), zeros)
    with _loop(builder, _index(0), _index(rows), "part", zeros) as part:
        request(part.index)
        begin, end = (
            builder.udiv(_times(builder, _plus(builder, part.index, ahead), plan.inner), _index(rows))
            for ahead in (0, 1)
        )
        part.values = run(begin, end, part.values)
    return part.values


def _load_row(builder: ir.IRBuilder, plan: Matmul, source: ir.Value, k: ir.Value) -> list[ir.Value]:
    """Emit the loads of row k of a panel."""
    row = _at(builder, plan, source, _times(builder, k, plan.columns if plan.is_direct else plan.panel))
    starts = range(0, plan.panel, plan.width)
    counts = [plan.columns - start if plan.is_direct else plan.width for start in starts]
    pointers = [_at(builder, plan, row, _index(start)) for start in starts]
    return [load_lanes(builder, p, plan.vector, min(n, plan.width)) for p, n in zip(pointers, counts, strict=True)]


def _tile_stride(plan: Matmul) -> int:
    """Return the elements from one row of the stored tile to the next."""
    return max(plan.panel, plan.unit)


def _offset(builder: ir.IRBuilder, plan: Matmul, row: ir.Value, column: ir.Value) -> ir.Value:
    """Return the place of an element in the stored tile."""
    return builder.add(_times(builder, row, _tile_stride(plan)), column)


def _store_tile(builder: ir.IRBuilder, plan: Matmul, stored: ir.Value, sums: list[ir.Value]) -> None:
    """Emit the stores of the sums, narrow vectors filled up with zeros."""
    for place, value in enumerate(sums):
        i, j = divmod(place, plan.tile[1])
        pointer = _at(builder, plan, stored, _index(i * _tile_stride(plan) + j * plan.width))
        builder.store(_widen(builder, plan, value), pointer, align=plan.dtype.itemsize)


def _finish_tile(
    builder: ir.IRBuilder, plan: Matmul, corner: ir.Value, row: ir.Value, column: ir.Value, finish: Finish
) -> None:
    """Emit the loop over the rows of a stored tile that calls ``finish`` for their full and partial vectors."""
    rows, whole, rest = plan.tile[0], plan.columns // plan.unit, plan.columns % plan.unit
    stop = _minimum(builder, _plus(builder, row, rows), plan.rows) if plan.rows % rows else _plus(builder, row, rows)

    def vector(i: ir.Value, j: ir.Value, count: int) -> None:
        place = _offset(builder, plan, builder.sub(i, row), builder.sub(j, column))
        pointer = _at(builder, plan, corner, place)
        value = builder.load(pointer, typ=ir.VectorType(plan.element, plan.unit), align=plan.dtype.itemsize)
        finish(builder, i, j, value, count)

    with _loop(builder, row, stop, "row") as line:
        if plan.columns % max(plan.panel, plan.unit) == 0:
            for j in range(plan.tile[1]):
                vector(line.index, _plus(builder, column, j * plan.unit), plan.unit)
        elif whole:
            first = builder.udiv(column, _index(plan.unit))
            end = _minimum(builder, _plus(builder, first, plan.tile[1]), whole)
            with _loop(builder, first, end, "vector") as place:
                vector(line.index, _times(builder, place.index, plan.unit), plan.unit)
        if rest and plan.panels == 1:
            vector(line.index, _index(whole * plan.unit), rest)
        elif rest:
            with builder.if_then(builder.icmp_signed(">", _plus(builder, column, plan.panel), _index(plan.columns))):
                vector(line.index, _index(whole * plan.unit), rest)


def _pack_rows(builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, target: ir.Value, panel: ir.Value) -> None:
    """Emit the copy of one panel from a Y that is not transposed; a partial last panel has a loop of its own."""
    column = _times(builder, panel, plan.panel)
    rest = plan.columns % plan.panel

    def copy(columns: int) -> None:
        with _loop(builder, _index(0), _index(plan.inner), "k") as k_loop:
            k = k_loop.index
            source = _at(builder, plan, y_pointer, builder.add(_times(builder, k, plan.columns), column))
            row = _at(builder, plan, target, _times(builder, k, plan.panel))
            for start in range(0, plan.panel, plan.width):
                count = max(0, min(columns - start, plan.width))
                value = load_lanes(builder, _at(builder, plan, source, _index(start)), plan.vector, count)
                store_lanes(builder, _at(builder, plan, row, _index(start)), value, plan.width)

    if not rest or plan.panels == 1:
        copy(rest or plan.panel)
        return
    with builder.if_else(builder.icmp_signed("<", panel, _index(plan.panels - 1))) as (full, partial):
        with full:
            copy(plan.panel)
        with partial:
            copy(rest)


def _block_size(plan: Matmul) -> int:
    """Return the side of the square blocks that are transposed in registers: half a vector, 32 bytes."""
    return plan.unit // 2


def _pack_blocks(builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, target: ir.Value, panel: ir.Value) -> None:
    """Emit the copy of one panel from a transposed Y, in square blocks; the last block is moved to end at ``inner``."""
    size = _block_size(plan)
    vector = ir.VectorType(plan.element, size)
    with _loop(builder, _index(0), _index(plan.panel // size), "block") as block_loop:
        block = block_loop.index
        start = _times(builder, block, size)
        column = builder.add(_times(builder, panel, plan.panel), start)
        lines = [_column_pointer(builder, plan, y_pointer, _plus(builder, column, i)) for i in range(size)]
        with _loop(builder, _index(0), _index(-(-plan.inner // size)), "k_block") as k_block_loop:
            k_block = k_block_loop.index
            k = _minimum(builder, _times(builder, k_block, size), plan.inner - size)
            values = []
            for line, inside in lines:
                value = builder.load(_at(builder, plan, line, k), typ=vector, align=plan.dtype.itemsize)
                values.append(builder.select(inside, value, ir.Constant(vector, None)) if inside is not None else value)
            row = _at(builder, plan, target, builder.add(_times(builder, k, plan.panel), start))
            for i, value in enumerate(_transpose(builder, values)):
                store_lanes(builder, _at(builder, plan, row, _index(i * plan.panel)), value, size)


def _pack_elements(builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, target: ir.Value, panel: ir.Value) -> None:
    """Emit the copy of one panel from a transposed Y too small for blocks."""
    with _loop(builder, _index(0), _index(plan.panel), "column") as column_loop:
        column = column_loop.index
        line, inside = _column_pointer(
            builder, plan, y_pointer, builder.add(_times(builder, panel, plan.panel), column)
        )
        with _loop(builder, _index(0), _index(plan.inner), "k") as k_loop:
            k = k_loop.index
            value = builder.load(_at(builder, plan, line, k), typ=plan.element, align=plan.dtype.itemsize)
            if inside is not None:
                value = builder.select(inside, value, ir.Constant(plan.element, 0.0))
            place = builder.add(_times(builder, k, plan.panel), column)
            builder.store(value, _at(builder, plan, target, place), align=plan.dtype.itemsize)


def _column_pointer(
    builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, column: ir.Value
) -> tuple[ir.Value, ir.Value | None]:
    """Return where a column of op(Y) begins in a transposed Y and whether it exists (None: surely).

    A column of the padding has the address of the last column, so that reading it does no harm.
    """
    if plan.columns % plan.panel == 0:
        return _at(builder, plan, y_pointer, _times(builder, column, plan.inner)), None
    inside = builder.icmp_signed("<", column, _index(plan.columns))
    existing = builder.select(inside, column, _index(plan.columns - 1))
    return _at(builder, plan, y_pointer, _times(builder, existing, plan.inner)), inside


def _transpose(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Emit the transpose of a square block, ``rows[i][j] -> rows[j][i]``.

    Bit after bit of i changes places with the same bit of j: blocks of 1, then of 2, then of 4 elements.
    """
    size, distance = len(rows), 1
    while distance < size:
        low = [j if not j & distance else size + j - distance for j in range(size)]
        high = [j + distance if not j & distance else size + j for j in range(size)]
        for i in (i for i in range(size) if not i & distance):
            pair = rows[i], rows[i + distance]
            rows[i], rows[i + distance] = (builder.shuffle_vector(*pair, _lane_numbers(order)) for order in (low, high))
        distance *= 2
    return rows


def load_lanes(builder: ir.IRBuilder, pointer: ir.Value, vector: ir.Type, count: ir.Value | int) -> ir.Value:
    """Emit a load of the first ``count`` lanes of a vector, the others zero; nothing behind them is touched.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where to emit.
    pointer : ir.Value of type ptr
        The first lane; aligned to an element at least.
    vector : ir.VectorType
        What to load, of whole bytes.
    count : int or ir.Value of type i64
        At least 0; more than all lanes means all.

    Returns
    -------
    ir.Value
        The vector.
    """
    size = bits_of(vector) // 8
    if isinstance(count, int) and count >= vector.count:
        return builder.load(pointer, typ=vector, align=size)
    if isinstance(count, int) and count <= 0:
        return ir.Constant(vector, None)
    mask = _mask(builder, vector.count, count)
    arguments = [pointer, ir.Constant(ir.IntType(32), size), mask, ir.Constant(vector, None)]
    return _call(builder, f"llvm.masked.load.{_suffix(vector)}.p0", vector, arguments)


def store_lanes(builder: ir.IRBuilder, pointer: ir.Value, value: ir.Value, count: ir.Value | int) -> None:
    """Emit a store of the first ``count`` lanes of ``value``; nothing behind them is touched.

    The parameters are those of `load_lanes`.
    """
    vector, size = value.type, bits_of(value.type) // 8
    if isinstance(count, int) and count >= vector.count:
        builder.store(value, pointer, align=size)
    elif not (isinstance(count, int) and count <= 0):
        mask = _mask(builder, vector.count, count)
        arguments = [value, pointer, ir.Constant(ir.IntType(32), size), mask]
        _call(builder, f"llvm.masked.store.{_suffix(vector)}.p0", ir.VoidType(), arguments)


def _suffix(vector: ir.VectorType) -> str:
    """Return what LLVM calls a vector in the names of intrinsics."""
    return f"v{vector.count}{'i' if isinstance(vector.element, ir.IntType) else 'f'}{bits_of(vector)}"


def _mask(builder: ir.IRBuilder, lanes: int, count: ir.Value | int) -> ir.Value:
    """Return lanes of which the first ``count`` are true."""
    if isinstance(count, int):
        return ir.Constant(ir.VectorType(ir.IntType(1), lanes), [int(i < count) for i in range(lanes)])
    numbers = ir.VectorType(INDEX, lanes)
    return builder.icmp_signed("<", ir.Constant(numbers, list(range(lanes))), splat(builder, count, numbers))


def _widen(builder: ir.IRBuilder, plan: Matmul, value: ir.Value) -> ir.Value:
    """Return ``value`` with zeros appended up to a whole unit of lanes."""
    if plan.width == plan.unit:
        return value
    order = [min(i, plan.width) for i in range(plan.unit)]
    return builder.shuffle_vector(value, ir.Constant(plan.vector, None), _lane_numbers(order))


def _call(builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list[ir.Value]) -> ir.Value:
    """Emit a call of an intrinsic, declared on first use (llvmlite's own declarations know no vectors)."""
    function = builder.module.globals.get(name)
    if function is None:
        signature = ir.FunctionType(result, [argument.type for argument in arguments])
        function = ir.Function(builder.module, signature, name)
    return builder.call(function, arguments)


def _lane_numbers(numbers: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)


def _stack(builder: ir.IRBuilder, plan: Matmul, elements: int) -> ir.Value:
    """Return memory that lives as long as the function: in its entry block, or a loop would take more at every turn."""
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(plan.element, elements))
    memory.align = VECTOR_BYTES
    memory.type = POINTER  # llvmlite's alloca still has the typed pointer that LLVM no longer reads
    return memory


def _at(builder: ir.IRBuilder, plan: Matmul, pointer: ir.Value, index: ir.Value) -> ir.Value:
    """Return the address of an element."""
    return builder.gep(pointer, [index], source_etype=plan.element, inbounds=True)


def _index(value: int) -> ir.Constant:
    return ir.Constant(INDEX, value)


def _times(builder: ir.IRBuilder, value: ir.Value, factor: int) -> ir.Value:
    return value if factor == 1 else builder.mul(value, _index(factor), flags=("nsw",))


def _plus(builder: ir.IRBuilder, value: ir.Value, number: int) -> ir.Value:
    return value if number == 0 else builder.add(value, _index(number), flags=("nsw",))


def _minimum(builder: ir.IRBuilder, value: ir.Value, bound: int) -> ir.Value:
    return builder.select(builder.icmp_signed("<", value, _index(bound)), value, _index(bound))


@dataclass
class _Loop:
    """A loop while it is emitted: its index, and the values that one turn hands to the next and the last one leaves."""

    index: ir.Value
    values: list[ir.Value]


@contextmanager
def _loop(
    builder: ir.IRBuilder, start: ir.Value, stop: ir.Value, name: str, values: Sequence[ir.Value] = ()
) -> Iterator[_Loop]:
    """Emit a loop over ``start ... stop - 1`` around the body of the ``with``, which may replace the loop's values."""
    before = builder.block
    head, body, after = (builder.append_basic_block(name + part) for part in ("", "_body", "_end"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(INDEX, name)
    carried = [builder.phi(value.type) for value in values]
    builder.cbranch(builder.icmp_signed("<", index, stop), body, after)
    builder.position_at_end(body)
    loop = _Loop(index, list(carried))
    yield loop
    for phi, first, following in zip(
        [index, *carried], [start, *values], [_plus(builder, index, 1), *loop.values], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(following, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    loop.values = list(carried)
