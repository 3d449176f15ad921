"""The copy of a product's right side into panels, the layout in which `tiles.emit_task` reads it."""

from __future__ import annotations

from llvmlite import ir

from feedforward.compiler.instructions import (
    index_of,
    lane_numbers,
    load_lanes,
    loop,
    minimum,
    plus,
    store_lanes,
    times,
)
from feedforward.compiler.matmul import Matmul
from feedforward.compiler.tiles import at, vector_of
from feedforward.compiler.vector import type_of

__all__ = ["emit_pack"]


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
    share = plan.panels_per_pack_task
    first = times(builder, task_index, share)
    with loop(builder, first, minimum(builder, plus(builder, first, share), plan.panels), "panel") as panel:
        target = at(builder, plan, scratch_pointer, times(builder, panel.index, plan.panel * plan.inner))
        if not plan.swaps_y:
            _pack_rows(builder, plan, y_pointer, target, panel.index)
        elif plan.inner >= _block_size(plan) and plan.panel >= _block_size(plan):
            _pack_blocks(builder, plan, y_pointer, target, panel.index)
        else:
            _pack_elements(builder, plan, y_pointer, target, panel.index)


def _pack_rows(builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, target: ir.Value, panel: ir.Value) -> None:
    """Emit the copy of one panel from a Y that is not transposed; a partial last panel has a loop of its own."""
    column = times(builder, panel, plan.panel)
    rest = plan.columns % plan.panel

    def copy(columns: int) -> None:
        with loop(builder, index_of(0), index_of(plan.inner), "k") as k_loop:
            k = k_loop.index
            source = at(builder, plan, y_pointer, builder.add(times(builder, k, plan.columns), column))
            row = at(builder, plan, target, times(builder, k, plan.panel))
            for start in range(0, plan.panel, plan.width):
                count = max(0, min(columns - start, plan.width))
                value = load_lanes(builder, at(builder, plan, source, index_of(start)), vector_of(plan), count)
                store_lanes(builder, at(builder, plan, row, index_of(start)), value, plan.width)

    if not rest or plan.panels == 1:
        copy(rest or plan.panel)
        return
    with builder.if_else(builder.icmp_signed("<", panel, index_of(plan.panels - 1))) as (full, partial):
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
    vector = ir.VectorType(type_of(plan.dtype), size)
    with loop(builder, index_of(0), index_of(plan.panel // size), "block") as block_loop:
        block = block_loop.index
        start = times(builder, block, size)
        column = builder.add(times(builder, panel, plan.panel), start)
        lines = [_column_pointer(builder, plan, y_pointer, plus(builder, column, i)) for i in range(size)]
        with loop(builder, index_of(0), index_of(-(-plan.inner // size)), "k_block") as k_block_loop:
            k_block = k_block_loop.index
            k = minimum(builder, times(builder, k_block, size), plan.inner - size)
            values = []
            for line, inside in lines:
                value = builder.load(at(builder, plan, line, k), typ=vector, align=plan.dtype.itemsize)
                values.append(builder.select(inside, value, ir.Constant(vector, None)) if inside is not None else value)
            row = at(builder, plan, target, builder.add(times(builder, k, plan.panel), start))
            for i, value in enumerate(_transpose(builder, values)):
                store_lanes(builder, at(builder, plan, row, index_of(i * plan.panel)), value, size)


def _pack_elements(builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, target: ir.Value, panel: ir.Value) -> None:
    """Emit the copy of one panel from a transposed Y too small for blocks."""
    with loop(builder, index_of(0), index_of(plan.panel), "column") as column_loop:
        column = column_loop.index
        line, inside = _column_pointer(builder, plan, y_pointer, builder.add(times(builder, panel, plan.panel), column))
        with loop(builder, index_of(0), index_of(plan.inner), "k") as k_loop:
            k = k_loop.index
            value = builder.load(at(builder, plan, line, k), typ=type_of(plan.dtype), align=plan.dtype.itemsize)
            if inside is not None:
                value = builder.select(inside, value, ir.Constant(type_of(plan.dtype), 0.0))
            offset = builder.add(times(builder, k, plan.panel), column)
            builder.store(value, at(builder, plan, target, offset), align=plan.dtype.itemsize)


def _column_pointer(
    builder: ir.IRBuilder, plan: Matmul, y_pointer: ir.Value, column: ir.Value
) -> tuple[ir.Value, ir.Value | None]:
    """Return where a column of op(Y) begins in a transposed Y and whether it exists (None: surely).

    A column of the padding has the address of the last column, so that reading it does no harm.
    """
    if plan.columns % plan.panel == 0:
        return at(builder, plan, y_pointer, times(builder, column, plan.inner)), None
    inside = builder.icmp_signed("<", column, index_of(plan.columns))
    existing = builder.select(inside, column, index_of(plan.columns - 1))
    return at(builder, plan, y_pointer, times(builder, existing, plan.inner)), inside


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
            rows[i], rows[i + distance] = (builder.shuffle_vector(*pair, lane_numbers(order)) for order in (low, high))
        distance *= 2
    return rows
