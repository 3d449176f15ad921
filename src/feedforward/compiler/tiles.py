"""The matrix product, emitted as pieces that a kernel inlines; nothing here knows threads, buffers or graphs.

How it is cut into tiles and tasks, and in which order sums are taken, stands in ``matmul.py``; how the right side is
copied before, in ``panels.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from llvmlite import ir

from feedforward.compiler.instructions import (
    POINTER,
    index_of,
    lane_numbers,
    load_lanes,
    loop,
    minimum,
    plus,
    prefetch,
    times,
)
from feedforward.compiler.matmul import CHAIN, VECTOR_BYTES, Matmul
from feedforward.compiler.vector import fma, splat, type_of

__all__ = ["Finish", "Prepare", "ReadX", "emit_task", "at", "vector_of"]

Finish: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value, int], None]
"""``finish(builder, row, column, value, count)`` emits what becomes of the ``count`` first lanes of ``value``."""

Prepare: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
"""``prepare(builder, row, column)`` emits what is done before the sums that begin at this row and column."""

ReadX: TypeAlias = Callable[[ir.IRBuilder, ir.Value], list[ir.Value]]
"""``read_x(builder, k)`` emits the numbers in the rows of one tile and column ``k`` of op(X)."""

_PART = 32
"""Turns of the inner loop between requests: so many are worth the end of a loop."""


def emit_task(
    builder: ir.IRBuilder,
    plan: Matmul,
    x_pointer: ir.Value,
    y_pointer: ir.Value,
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
    is_flat : bool
        Only for C of one panel: finish vectors of elements in row-major order, over ends of rows. ``column`` is then
        the flat index of the first in C, and ``row`` means nothing.
    """
    if plan.is_empty:
        return
    panel = builder.udiv(task_index, index_of(plan.blocks))
    column = times(builder, panel, plan.panel)
    start = minimum(builder, column, plan.columns - plan.panel) if _overlaps(plan) else column
    offset = start if plan.is_direct else times(builder, panel, plan.panel * plan.inner)
    source = at(builder, plan, y_pointer, offset)
    stored = _stack(builder, plan, plan.tile[0] * _tile_stride(plan) + plan.unit)
    first = times(builder, builder.urem(task_index, index_of(plan.blocks)), plan.groups_per_task)
    last = minimum(builder, plus(builder, first, plan.groups_per_task), plan.groups)
    with loop(builder, first, last, "group") as group:
        row = times(builder, group.index, plan.tile[0])
        top = row if plan.rows % plan.tile[0] == 0 else minimum(builder, row, plan.rows - plan.tile[0])
        corner_of_x = at(builder, plan, x_pointer, times(builder, top, 1 if plan.transpose_x else plan.inner))

        def request(i: ir.Value, top: ir.Value = top) -> None:
            for j in range(plan.tile[1]):
                if prepare:
                    prepare(builder, builder.add(top, i), plus(builder, column, j * plan.unit))

        sums = _multiply(builder, plan, _column_of_x(builder, plan, corner_of_x), source, request if prepare else None)
        _store_tile(builder, plan, stored, sums, plan.columns if is_flat else _tile_stride(plan))
        if is_flat:
            _finish_flat(builder, plan, stored, row, finish)
            return
        corner = at(builder, plan, stored, _offset(builder, plan, builder.sub(row, top), builder.sub(column, start)))
        _finish_tile(builder, plan, corner, row, column, finish)


def _overlaps(plan: Matmul) -> bool:
    """Tell whether the last panel is moved left to end at the last column, as Y is read where it lies."""
    return plan.is_direct and plan.columns > plan.panel and plan.columns % plan.panel != 0


def _column_of_x(builder: ir.IRBuilder, plan: Matmul, corner: ir.Value) -> ReadX:
    """Return what emits the elements of op(X) in the rows of a tile and column k; `corner` is where the first lies."""
    row_step, k_step = (1, plan.rows) if plan.transpose_x else (plan.inner, 1)

    def read(builder: ir.IRBuilder, k: ir.Value) -> list[ir.Value]:
        first = at(builder, plan, corner, times(builder, k, k_step))
        if plan.transpose_x:
            prefetch(builder, builder.gep(first, [index_of(plan.unit)], source_etype=type_of(plan.dtype)))
        pointers = [at(builder, plan, first, index_of(i * row_step)) for i in range(plan.tile[0])]
        return [builder.load(pointer, typ=type_of(plan.dtype), align=plan.dtype.itemsize) for pointer in pointers]

    return read


def _multiply(
    builder: ir.IRBuilder,
    plan: Matmul,
    read_x: ReadX,
    source: ir.Value,
    request: Callable[[ir.Value], None] | None,
) -> list[ir.Value]:
    """Emit the inner loop of one tile.

    If there is something to `request` for its rows, the loop is cut into parts, and each begins with some of that. A
    loop of more turns than `CHAIN` is cut into sums of so many.

    Returns
    -------
    list of ir.Value
        The sums, row by row, those of a row from left to right.
    """
    rows, vectors = plan.tile
    zeros = [ir.Constant(vector_of(plan), None)] * (rows * vectors)

    def run(begin: ir.Value, end: ir.Value, values: Sequence[ir.Value]) -> list[ir.Value]:
        with loop(builder, begin, end, "inner", values) as inner:
            y = _load_row(builder, plan, source, inner.index)
            x = [splat(builder, number, vector_of(plan)) for number in read_x(builder, inner.index)]
            inner.values = [
                fma(builder, x[number // vectors], y[number % vectors], value)
                for number, value in enumerate(inner.values)
            ]
        return inner.values

    if plan.inner > CHAIN:
        if request is not None:
            for i in range(rows):
                request(index_of(i))
        with loop(builder, index_of(0), index_of(-(-plan.inner // CHAIN)), "chain", zeros) as chain:
            begin = times(builder, chain.index, CHAIN)
            terms = run(begin, minimum(builder, plus(builder, begin, CHAIN), plan.inner), zeros)
            chain.values = [builder.fadd(total, one) for total, one in zip(chain.values, terms, strict=True)]
        return chain.values
    if request is None:
        return run(index_of(0), index_of(plan.inner), zeros)
    parts = next(n for n in range(rows, 0, -1) if rows % n == 0 and (n == 1 or plan.inner >= n * _PART))
    with loop(builder, index_of(0), index_of(parts), "part", zeros) as part:
        for i in range(rows // parts):
            request(plus(builder, times(builder, part.index, rows // parts), i))
        begin, end = (
            builder.udiv(times(builder, plus(builder, part.index, ahead), plan.inner), index_of(parts))
            for ahead in (0, 1)
        )
        part.values = run(begin, end, part.values)
    return part.values


def _load_row(builder: ir.IRBuilder, plan: Matmul, source: ir.Value, k: ir.Value) -> list[ir.Value]:
    """Emit the loads of row k of a panel."""
    row = at(builder, plan, source, times(builder, k, plan.columns if plan.is_direct else plan.panel))
    starts = range(0, plan.panel, plan.width)
    counts = [plan.columns - start if plan.is_direct else plan.width for start in starts]
    pointers = [at(builder, plan, row, index_of(start)) for start in starts]
    return [load_lanes(builder, p, vector_of(plan), min(n, plan.width)) for p, n in zip(pointers, counts, strict=True)]


def _tile_stride(plan: Matmul) -> int:
    """Return the elements from one row of the stored tile to the next."""
    return max(plan.panel, plan.unit)


def _offset(builder: ir.IRBuilder, plan: Matmul, row: ir.Value, column: ir.Value) -> ir.Value:
    """Return the offset of an element in the stored tile."""
    return builder.add(times(builder, row, _tile_stride(plan)), column)


def _store_tile(builder: ir.IRBuilder, plan: Matmul, stored: ir.Value, sums: list[ir.Value], stride: int) -> None:
    """Emit the stores of the sums, narrow vectors filled up with zeros; a row may overwrite what fills the last one."""
    for number, value in enumerate(sums):
        i, j = divmod(number, plan.tile[1])
        pointer = at(builder, plan, stored, index_of(i * stride + j * plan.width))
        builder.store(_widen(builder, plan, value), pointer, align=plan.dtype.itemsize)


def _finish_tile(
    builder: ir.IRBuilder, plan: Matmul, corner: ir.Value, row: ir.Value, column: ir.Value, finish: Finish
) -> None:
    """Emit the loop over the rows of a stored tile that calls ``finish`` for their full and partial vectors."""
    rows, whole, rest = plan.tile[0], plan.columns // plan.unit, plan.columns % plan.unit
    stop = minimum(builder, plus(builder, row, rows), plan.rows) if plan.rows % rows else plus(builder, row, rows)

    def vector(i: ir.Value, j: ir.Value, count: int) -> None:
        offset = _offset(builder, plan, builder.sub(i, row), builder.sub(j, column))
        pointer = at(builder, plan, corner, offset)
        value = builder.load(pointer, typ=ir.VectorType(type_of(plan.dtype), plan.unit), align=plan.dtype.itemsize)
        finish(builder, i, j, value, count)

    with loop(builder, row, stop, "row") as line:
        if plan.columns % max(plan.panel, plan.unit) == 0:
            for j in range(plan.tile[1]):
                vector(line.index, plus(builder, column, j * plan.unit), plan.unit)
        elif whole:
            first = builder.udiv(column, index_of(plan.unit))
            end = minimum(builder, plus(builder, first, plan.tile[1]), whole)
            with loop(builder, first, end, "vector") as turn:
                vector(line.index, times(builder, turn.index, plan.unit), plan.unit)
        if rest and plan.panels == 1:
            vector(line.index, index_of(whole * plan.unit), rest)
        elif rest:
            with builder.if_then(builder.icmp_signed(">", plus(builder, column, plan.panel), index_of(plan.columns))):
                vector(line.index, index_of(whole * plan.unit), rest)


def _finish_flat(builder: ir.IRBuilder, plan: Matmul, stored: ir.Value, row: ir.Value, finish: Finish) -> None:
    """Emit calls of ``finish`` for the elements of a tile in row-major order, that of the last one from `row` on."""
    first = times(builder, row, plan.columns)

    def vector(start: ir.Value, skipped: int, count: int) -> None:
        pointer = at(builder, plan, stored, plus(builder, start, skipped))
        value = builder.load(pointer, typ=ir.VectorType(type_of(plan.dtype), plan.unit), align=plan.dtype.itemsize)
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
    return builder.shuffle_vector(value, ir.Constant(vector_of(plan), None), lane_numbers(order))


def _stack(builder: ir.IRBuilder, plan: Matmul, elements: int) -> ir.Value:
    """Return memory that lives as long as the function: in its entry block, or a loop would take more at every turn."""
    with builder.goto_entry_block():
        memory = builder.alloca(ir.ArrayType(type_of(plan.dtype), elements))
    memory.align = VECTOR_BYTES
    memory.type = POINTER  # llvmlite's alloca still has the typed pointer that LLVM no longer reads
    return memory


def at(builder: ir.IRBuilder, plan: Matmul, pointer: ir.Value, index: ir.Value) -> ir.Value:
    """Return the address of an element."""
    return builder.gep(pointer, [index], source_etype=type_of(plan.dtype), inbounds=True)


def vector_of(plan: Matmul) -> ir.Type:
    """Return the LLVM type of a vector in the inner loop."""
    return ir.VectorType(type_of(plan.dtype), plan.width)
