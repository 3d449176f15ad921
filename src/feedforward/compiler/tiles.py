"""The matrix product, emitted as pieces that a kernel inlines; nothing here knows threads, buffers or graphs.

How it is cut into tiles and tasks, and in which order sums are taken, stands in ``matmul.py``; how the right side is
copied before, in ``panels.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from feedforward.compiler.instructions import (
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
from feedforward.compiler.matmul import CHAIN, VECTOR_BYTES, Matmul
from feedforward.compiler.vector import fma, splat, type_of

__all__ = ["Finish", "OfOne", "Offset", "Prepare", "ReadX", "SeenX", "emit_task", "vector_of"]

Finish: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value, int], None]
"""``finish(builder, row, column, value, count)`` emits what becomes of the ``count`` first lanes of ``value``."""

Prepare: TypeAlias = Callable[[ir.IRBuilder, ir.Value, ir.Value], None]
"""``prepare(builder, row, column)`` emits what is done before the sums that begin at this row and column."""


OfOne: TypeAlias = Callable[[ir.IRBuilder, ir.Value], ir.Value]
"""``of_row(builder, row)`` emits a number that goes by a row, or by a column."""


@dataclass(frozen=True)
class Offset:
    """By how many elements the rows, or the columns, of an X that is a view begin behind the first element.

    Parameters
    ----------
    emit : callable
        ``emit(builder, number)`` emits that of one of them.
    run, step : int
        From each multiple of `run` on, it grows by `step` in each of so many.
    """

    emit: OfOne
    run: int
    step: int


@dataclass(frozen=True)
class SeenX:
    """An X that is a view: its elements lie at the sum of what a row and a column say.

    Parameters
    ----------
    of_row, of_column : Offset
        The two.
    inside : (callable, callable), optional
        From which turn on, and before which, a row is multiplied; the same for all rows of a tile.
    """

    of_row: Offset
    of_column: Offset
    inside: tuple[OfOne, ...] | None = None


ReadX: TypeAlias = Callable[[ir.IRBuilder, ir.Value], list[ir.Value]]
"""``read_x(builder, k)`` emits the numbers in the rows of one tile and column ``k`` of op(X)."""


@dataclass(frozen=True)
class _Reader:
    """What emits the numbers of X in a tile: `from_run(builder, k)` those of the run of columns that begins at k."""

    from_run: Callable[[ir.IRBuilder, ir.Value], ReadX]
    run: int


_LONG_RUN, _FEW_SUMS = 16, 12
"""Where a run is shorter, and a turn has more sums, a loop for each run takes longer than to find each turn's place."""

_PART = 32
"""Turns of the inner loop between requests: so many are worth the end of a loop."""


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
    view: SeenX | None = None,
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
    view : SeenX, optional
        Where X has its elements.
    """
    if plan.is_empty:
        return
    task = _Task(builder, plan, x_pointer, y_pointer, partial_pointer, finish, prepare, is_flat, view)
    groups = _share(builder, builder.urem(task_index, index_of(plan.blocks)), plan.groups_per_task, plan.groups)
    panels = _share(builder, builder.udiv(task_index, index_of(plan.blocks)), plan.panels_per_task, plan.panels)
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
    view: SeenX | None

    def __post_init__(self) -> None:
        plan = self.plan
        self.stored = _stack(self.builder, plan, plan.tile[0] * _tile_stride(plan) + plan.unit)

    def part(self, panel: ir.Value, group: ir.Value, begin: ir.Value) -> None:
        """Emit the turns of a tile from `begin` on that are a part of the inner sum, but not the last."""
        builder, plan = self.builder, self.plan
        place = self._place(panel, group)
        turns = self._turns(place, begin, plus(builder, begin, plan.depth))
        sums = _multiply(builder, plan, *self._sources(place, begin), None, *turns, self._before(place, begin))
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
            *self._turns(place, begin, index_of(plan.inner)),
            self._before(place, begin),
        )
        _store_tile(builder, plan, self.stored, sums, plan.columns if self.is_flat else _tile_stride(plan))
        if self.is_flat:
            _finish_flat(builder, plan, self.stored, place.row, self.finish)
            return
        below, beside = builder.sub(place.row, place.top), builder.sub(place.column, place.start)
        corner = at(builder, type_of(plan.dtype), self.stored, _offset(builder, plan, below, beside))
        _finish_tile(builder, plan, corner, place.row, place.column, self.finish)

    def _turns(self, place: _Place, begin: ir.Value, end: ir.Value) -> tuple[ir.Value, ir.Value]:
        """Return from which turn on, and before which, the rows of a tile are multiplied: of some, those inside."""
        builder = self.builder
        if self.view is None or self.view.inside is None:
            return begin, end
        first, behind = (emit(builder, place.top) for emit in self.view.inside)
        first = builder.select(builder.icmp_signed("<", first, begin), begin, first)
        behind = builder.select(builder.icmp_signed("<", behind, end), behind, end)
        return first, builder.select(builder.icmp_signed("<", behind, first), first, behind)

    def _place(self, panel: ir.Value, group: ir.Value) -> _Place:
        builder, plan = self.builder, self.plan
        row, column = times(builder, group, plan.tile[0]), times(builder, panel, plan.panel)
        top = row if plan.rows % plan.tile[0] == 0 else minimum(builder, row, plan.rows - plan.tile[0])
        start = minimum(builder, column, plan.columns - plan.panel) if _overlaps(plan) else column
        return _Place(panel, group, row, top, column, start)

    def _sources(self, place: _Place, begin: ir.Value) -> tuple[_Reader, ir.Value]:
        """Return what emits the numbers of X in a tile, and where the columns of Y begin; for turns from `begin` on."""
        builder, plan = self.builder, self.plan
        first = place.start if plan.is_direct else times(builder, place.panel, plan.panel * plan.inner)
        source = at(builder, type_of(plan.dtype), self.y, first)
        if self.view:
            return _column_of_view(builder, plan, self.x, place.top, self.view), source
        if plan.left is None:
            corner = times(builder, place.top, 1 if plan.transpose_x else plan.inner)
        else:  # the panel of X in which turn `begin` is the first of a row
            panel = times(builder, builder.udiv(begin, index_of(plan.depth)), plan.rows * plan.depth)
            corner = builder.sub(builder.add(panel, times(builder, place.top, plan.depth)), begin)
        return _column_of_x(plan, at(builder, type_of(plan.dtype), self.x, corner)), source

    def _kept(self, place: _Place) -> list[ir.Value]:
        """Return where the vectors of a tile are kept from one part to the next; tiles lie one behind the other."""
        builder, plan = self.builder, self.plan
        rows, vectors = plan.tile
        number = builder.add(times(builder, place.panel, plan.groups), place.group)
        corner = at(builder, type_of(plan.dtype), self.partial, times(builder, number, rows * plan.panel))
        return [at(builder, type_of(plan.dtype), corner, index_of(i * plan.width)) for i in range(rows * vectors)]

    def _before(self, place: _Place, begin: ir.Value) -> list[ir.Value]:
        """Return the sums of the parts before: zeros before the first."""
        builder, plan = self.builder, self.plan
        zero = ir.Constant(vector_of(plan), None)
        if not plan.partial:
            return [zero] * (plan.tile[0] * plan.tile[1])
        is_first = builder.icmp_signed("==", begin, index_of(0))
        align = plan.width * plan.dtype.itemsize
        kept = [builder.load(one, typ=vector_of(plan), align=align) for one in self._kept(place)]
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


def _column_of_view(builder: ir.IRBuilder, plan: Matmul, x: ir.Value, top: ir.Value, view: SeenX) -> _Reader:
    """Return what emits the elements in the rows of a tile from `top` on and column k, of an X that is a view."""
    kind, of_row, of_column = type_of(plan.dtype), view.of_row, view.of_column
    if plan.is_even:
        corner = at(builder, kind, x, of_row.emit(builder, top))
        rows = [(corner, i * of_row.step) for i in range(plan.tile[0])]
    else:
        rows = [(at(builder, kind, x, of_row.emit(builder, plus(builder, top, i))), 0) for i in range(plan.tile[0])]

    def from_run(builder: ir.IRBuilder, begin: ir.Value) -> ReadX:
        before = builder.sub(of_column.emit(builder, begin), times(builder, begin, of_column.step))

        def read(builder: ir.IRBuilder, k: ir.Value) -> list[ir.Value]:
            offset = builder.add(before, times(builder, k, of_column.step))
            pointers = [at(builder, kind, at(builder, kind, row, offset), index_of(more)) for row, more in rows]
            return [builder.load(pointer, typ=kind, align=plan.dtype.itemsize) for pointer in pointers]

        return read

    is_worth = of_column.run >= _LONG_RUN or plan.tile[0] * plan.tile[1] <= _FEW_SUMS
    return _Reader(from_run, of_column.run if is_worth else 1)


def _column_of_x(plan: Matmul, corner: ir.Value) -> _Reader:
    """Return what emits the elements of op(X) in the rows of a tile and column k; `corner` is where the first lies."""
    row_step, k_step = (1, plan.rows) if plan.transpose_x else (plan.inner, 1)
    if plan.left:
        row_step, k_step = plan.depth, 1

    def read(builder: ir.IRBuilder, k: ir.Value) -> list[ir.Value]:
        first = at(builder, type_of(plan.dtype), corner, times(builder, k, k_step))
        if plan.transpose_x and not plan.left:
            prefetch(builder, builder.gep(first, [index_of(plan.unit)], source_etype=type_of(plan.dtype)))
        pointers = [at(builder, type_of(plan.dtype), first, index_of(i * row_step)) for i in range(plan.tile[0])]
        return [builder.load(pointer, typ=type_of(plan.dtype), align=plan.dtype.itemsize) for pointer in pointers]

    return _Reader(lambda builder, begin: read, plan.inner)


def _multiply(
    builder: ir.IRBuilder,
    plan: Matmul,
    reader: _Reader,
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
        if reader.run >= plan.inner:
            return turns(reader.from_run(builder, index_of(0)), begin, end, values)
        if reader.run == 1:
            return turns(lambda builder, k: reader.from_run(builder, k)(builder, k), begin, end, values)
        size = index_of(reader.run)
        behind = builder.udiv(plus(builder, end, reader.run - 1), size)
        with loop(builder, builder.udiv(begin, size), behind, "run", values) as one:
            start = times(builder, one.index, reader.run)
            stop = plus(builder, start, reader.run)
            first = builder.select(builder.icmp_signed("<", start, begin), begin, start)
            last = builder.select(builder.icmp_signed("<", stop, end), stop, end)
            one.values = turns(reader.from_run(builder, start), first, last, one.values)
        return one.values

    def turns(read_x: ReadX, begin: ir.Value, end: ir.Value, values: Sequence[ir.Value]) -> list[ir.Value]:
        with loop(builder, begin, end, "inner", values) as inner:
            y = _load_row(builder, plan, source, inner.index)
            x = [splat(builder, number, vector_of(plan)) for number in read_x(builder, inner.index)]
            inner.values = [
                fma(builder, x[place // vectors], y[place % vectors], value) for place, value in enumerate(inner.values)
            ]
        return inner.values

    if plan.inner > CHAIN:
        if request is not None:
            for i in range(rows):
                request(index_of(i))
        zeros = [ir.Constant(vector_of(plan), None)] * (rows * vectors)
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
    row = at(builder, type_of(plan.dtype), source, times(builder, k, plan.columns if plan.is_direct else plan.panel))
    starts = range(0, plan.panel, plan.width)
    counts = [plan.columns - start if plan.is_direct else plan.width for start in starts]
    pointers = [at(builder, type_of(plan.dtype), row, index_of(start)) for start in starts]
    return [load_lanes(builder, p, vector_of(plan), min(n, plan.width)) for p, n in zip(pointers, counts, strict=True)]


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
        pointer = at(builder, type_of(plan.dtype), stored, index_of(i * stride + j * plan.width))
        builder.store(_widen(builder, plan, value), pointer, align=plan.dtype.itemsize)


def _finish_tile(
    builder: ir.IRBuilder, plan: Matmul, corner: ir.Value, row: ir.Value, column: ir.Value, finish: Finish
) -> None:
    """Emit the loop over the rows of a stored tile that calls ``finish`` for their full and partial vectors."""
    rows, whole, rest = plan.tile[0], plan.columns // plan.unit, plan.columns % plan.unit
    stop = minimum(builder, plus(builder, row, rows), plan.rows) if plan.rows % rows else plus(builder, row, rows)

    def vector(i: ir.Value, j: ir.Value, count: int) -> None:
        place = _offset(builder, plan, builder.sub(i, row), builder.sub(j, column))
        pointer = at(builder, type_of(plan.dtype), corner, place)
        value = builder.load(pointer, typ=ir.VectorType(type_of(plan.dtype), plan.unit), align=plan.dtype.itemsize)
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
        pointer = at(builder, type_of(plan.dtype), stored, plus(builder, start, skipped))
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


def vector_of(plan: Matmul) -> ir.Type:
    """Return the LLVM type of a vector in the inner loop."""
    return ir.VectorType(type_of(plan.dtype), plan.width)
