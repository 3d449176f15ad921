"""A program as one LLVM module: a function for each kind of kernel, and the functions in which threads run them all.

The code of a kernel is ``code(context, record, step, task)``. The context is a list of addresses: the table of buffers,
the arena of temporary ones, and for a loop the arrays to gather rows from, the totals to add to or to write rows to,
and the order of the rows. A kernel's *record*, called as the kernel, holds the address of its code. Kernels of one
kind, such as those of equal layers, share their code; the record of each then holds also where in the table its buffers
are to be found, and which streams it draws random numbers from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from llvmlite import ir

from feedforward.compiler.bounds import check_bounds
from feedforward.compiler.emit import I8, I64, POINTER, STATUS_BYTES, TYPES, KernelEmitter
from feedforward.compiler.flush import emit_flushing, flush_what_is_folded
from feedforward.compiler.instructions import loop, prefetch
from feedforward.compiler.kinds import Member, member
from feedforward.compiler.loop_text import kernel_text
from feedforward.compiler.loops import Buffer, Expr, For, Kernel, Multiply, Statement, Store, stores, walk
from feedforward.compiler.lower import Lowered, lower
from feedforward.compiler.memory import Arena, arena_of, operands, read, touched, written
from feedforward.compiler.schedule import KERNEL, Strand, add_record, emit_worker
from feedforward.compiler.stages import Stage, arrange
from feedforward.compiler.target import Target
from feedforward.compiler.vector import canonical
from feedforward.compiler.work import Work, work_of
from feedforward.graph.node import Node, known
from feedforward.graph.program import Program
from feedforward.graph.text import type_text

__all__ = ["Entry", "Layout", "lay_out", "emit_module", "summary", "text", "short_names"]

Entry: TypeAlias = Literal["once", "loop"]
"""The native functions."""

TABLE, ARENA, ARRAYS, SUMS, ORDER, LAST, DONE, STOP = range(8)
"""The words of the context. ``ORDER`` and ``LAST`` are where the order begins, and where its last row stands; ``DONE``
counts a loop's steps; ``STOP`` is not 0 once the total of its first output is not finite, and no step follows then."""

_GATHERED = 1 << 15
"""Bytes of rows that a task gathers: some microseconds."""

_AHEAD, _MOST_AHEAD, _ASKED = 3200, 32, 4096
"""About how many bytes, and at most how many rows, before it is copied a row is asked for; how many of its bytes."""


@dataclass(frozen=True)
class Layout:
    """A program as kernels, and where everything lies: what is needed to emit its code, and to call it.

    Parameters
    ----------
    target : Target
        The processor.
    program : Program
        The simplified program.
    lowered : Lowered
        Its kernels, and the buffers of its nodes.
    works : list of Work
        What each kernel costs, and how it is cut into tasks.
    outer_slots : dict of Buffer to int
        The slot in the table of each buffer that lives outside, and is not temporary.
    moves, swaps, copies : lists of (Buffer, Buffer)
        A variable's old and new value. Of ``moves``, the new one is written beside the old in the first step, and over
        itself from then on: its slot is then the old one's too. Of ``swaps``, the two change slots after each step.
        Sources and goals of what is copied before that.
    stages : list of Stage
        Which kernels run at the same time.
    arena : Arena
        Where the temporary ones lie in the arena.
    """

    target: Target
    program: Program
    lowered: Lowered
    works: list[Work]
    outer_slots: dict[Buffer, int]
    moves: list[tuple[Buffer, Buffer]]
    swaps: list[tuple[Buffer, Buffer]]
    copies: list[tuple[Buffer, Buffer]]
    stages: list[Stage]
    arena: Arena

    @property
    def work(self) -> int:
        """About how many operations a step takes."""
        return sum(work.operations for work in self.works)

    @cached_property
    def slots(self) -> dict[Buffer, int]:
        """The slot in the table of each buffer; the temporary ones stand behind the others."""
        return {**self.outer_slots, **{one: slot for slot, one in enumerate(self.arena.offsets, len(self.outer_slots))}}

    @property
    def has_rows(self) -> bool:
        """Whether there is a ``loop``: every input has rows to gather."""
        return all(node.shape for node in self.program.inputs)


def lay_out(program: Program, target: Target) -> Layout:
    """Return the kernels of a specialised program for a processor, and where everything lies.

    Raises
    ------
    GraphError
        If a kernel may reach outside of its buffers.
    """
    lowered = lower(program, target)
    check_bounds(lowered.kernels)
    buffers = lowered.buffers
    olds = [buffers[variable] for variable, _ in program.updates]
    fresh = [Buffer(f"{old.name}.next", old.size, old.dtype) for old in olds]
    moves, swaps, copies = _updates(program, lowered, fresh)
    ends = [*program.inputs, *program.variables, *program.outputs, *(value for _, value in program.updates)]
    outside = dict.fromkeys([*(buffers[node] for node in ends), *lowered.constants, *(goal for _, goal in copies)])
    outer_slots = {buffer: slot for slot, buffer in enumerate(outside)}
    works = list(map(work_of, lowered.kernels))
    stages = arrange(lowered.kernels, works, {new: old for old, new in moves})
    arena = arena_of([[lowered.kernels[number] for number in (*one.chain, *one.others)] for one in stages], outside)
    return Layout(target, program, lowered, works, outer_slots, moves, swaps, copies, stages, arena)


def emit_module(layout: Layout, entries: Sequence[Entry] = ("once", "loop"), is_checked: bool = False) -> ir.Module:
    """Return the code of ``once(state, context, steps)`` and, where the inputs have rows, of ``loop``.

    Code that `is_checked`, for tests, has a global ``status``; see `KernelEmitter`.
    """
    module = ir.Module("program")
    module.triple = layout.target.triple
    status = None
    if is_checked:
        status = ir.GlobalVariable(module, ir.ArrayType(I64, STATUS_BYTES // 8), "status")
        status.initializer = ir.Constant(status.value_type, None)
    builder = _Builder(module, layout, status)
    lowered, program = layout.lowered, layout.program
    kinds: dict[Hashable, dict[int, Member]] = {}
    for number, kernel in enumerate(lowered.kernels):
        one = member(kernel)
        kinds.setdefault(one.kind, {})[number] = one
    kernels: dict[int, Strand] = {}
    for members in kinds.values():
        kernels |= builder.kind(lowered.kernels[min(members)], members)
    stages = [_strands(kernels, stage) for stage in layout.stages]
    if layout.copies or not kernels:
        stages.append([builder.copies(layout.copies)])
    if "once" in entries:
        emit_flushing(emit_worker(module, "once_worker", _joined(stages)), "once")
    if "loop" in entries and layout.has_rows:
        gather = builder.gather([(node, lowered.buffers[node]) for node in program.inputs])
        finish = builder.finish([lowered.buffers[node] for node in program.outputs], layout)
        emit_flushing(emit_worker(module, "loop_worker", _joined([[gather], *stages, [finish]]), stop=STOP), "loop")
    return module


def _strands(kernels: Mapping[int, Strand], stage: Stage) -> list[Strand]:
    """Return the strands of a stage: its chain, which is one task, and the others."""
    chain = [Strand(tuple(each for one in stage.chain for each in kernels[one].kernels), 1)] if stage.chain else []
    return [*chain, *(kernels[one] for one in stage.others)]


def _joined(stages: Sequence[Sequence[Strand]]) -> list[Sequence[Strand]]:
    """Return stages in which neighbours of one task each are one."""
    result: list[Sequence[Strand]] = []
    for stage in stages:
        if result and all(len(one) == 1 and one[0].tasks == 1 for one in (result[-1], stage)):
            result[-1] = [Strand(result[-1][0].kernels + stage[0].kernels, 1)]
        else:
            result.append(stage)
    return result


def summary(layout: Layout) -> str:
    """Return a table of the kernels: their tasks, about how many operations they take, what they read and write."""
    lines = [f"{'kernel':<52} {'tasks':>5} {'operations':>11}  writes <- reads"]
    names = short_names(layout)
    for number, (kernel, work) in enumerate(zip(layout.lowered.kernels, layout.works, strict=True)):
        results, sources = (", ".join(names[one] for one in found(kernel.body)) for found in (written, read))
        name = f"kernel_{number} {kernel.name}"
        lines.append(f"{name:<52} {work.tasks:>5} {work.operations:>11,}  {results} <- {sources}")
    lines.append(f"temporary memory: {layout.arena.size:,} bytes")
    return "\n".join(lines)


def text(layout: Layout) -> str:
    """Return the kernels as text, called as their functions are in LLVM's form, and what the variables are after them.

    Then what each buffer holds, and what the words mean.
    """
    names = short_names(layout)
    parts = [kernel_text(kernel, names, f"kernel_{number}") for number, kernel in enumerate(layout.lowered.kernels)]
    if layout.program.updates:
        called = [[names[layout.lowered.buffers[node]] for node in pair] for pair in layout.program.updates]
        parts.append("\n".join(["after the step:", *(f"  {old} := {new}" for old, new in called)]))
    return "\n\n".join([*parts, "\n".join(["buffers:", *_buffer_lines(layout, names)]), _LEGEND])


_LEGEND = """\
legend:
  x[i]         the element of a buffer at place i, counted along its last axis first
  x @ y, xᵀ    the product of two matrices; a matrix with its axes swapped
  panels of y  a side of a product in the order in which that reads it: some columns at a time
  keep x       the product x is stored too, since a later kernel reads it; else it is used as soon as it is computed
  t1, t2       terms that stand in several places below
  lanes        of a loop: many elements are computed at a time; over the lanes: their totals are made one"""


def _buffer_lines(layout: Layout, names: Mapping[Buffer, str]) -> list[str]:
    """Return a line for each buffer that is named: its dtype and shape, and where it comes from or goes to."""
    program, lowered = layout.program, layout.lowered
    roles = dict.fromkeys([value for _, value in program.updates], "the variable's next value")
    roles |= dict.fromkeys(program.outputs, "a result")
    roles |= dict.fromkeys(program.variables, "a variable") | dict.fromkeys(program.inputs, "fed")
    used = {buffer for kernel in lowered.kernels for buffer in (*written(kernel.body), *read(kernel.body))}
    nodes = {buffer: node for node, buffer in lowered.buffers.items()}
    lines = []
    for buffer, name in names.items():
        node = nodes.get(buffer)
        if buffer in used or (node is not None and node in roles):
            kind = f"{buffer.dtype.name}[{buffer.size}]" if node is None else type_text(node)
            role = roles.get(node, "") if node is not None else ""
            lines.append(f"  {name} : {kind}{f'  {role}' if role else ''}")
    return lines


def short_names(layout: Layout) -> dict[Buffer, str]:
    """Return what to call each buffer: its name without the number, where no other has that."""
    products = [one for kernel in layout.lowered.kernels for one in kernel.body if isinstance(one, Multiply)]
    used = [buffer for kernel in layout.lowered.kernels for buffer in touched(kernel.body)]
    buffers = dict.fromkeys([*layout.lowered.buffers.values(), *used, *(product.out for product in products)])
    short = {buffer: re.sub(r"\.\d+(?=\.(?:panels|rows|partial)$|$)", "", buffer.name) for buffer in buffers}
    taken = Counter([*short.values(), *(buffer.name for buffer in buffers if short[buffer] != buffer.name)])
    return {buffer: name if taken[name] == 1 else buffer.name for buffer, name in short.items()}


def _updates(
    program: Program, lowered: Lowered, fresh: Sequence[Buffer]
) -> tuple[list[tuple[Buffer, Buffer]], list[tuple[Buffer, Buffer]], list[tuple[Buffer, Buffer]]]:
    """Return how variables get their new values: the moves, swaps and copies of a `Layout`."""
    buffers = lowered.buffers
    values = [value for _, value in program.updates]
    counts = Counter(values)
    ends = {buffers[node] for node in program.outputs}
    uses = _Uses(lowered.kernels, {buffers[value] for value in values})
    moves, swaps, copies = [], [], []
    for (variable, value), spare in zip(program.updates, fresh, strict=True):
        old, new = buffers[variable], buffers[value]
        is_leaf = value.op.name in ("placeholder", "variable") or new in lowered.constants
        if is_leaf or counts[value] > 1:
            copies.append((new, spare))
            swaps.append((old, spare))
        elif old not in ends and new not in ends and _is_in_place(uses, old, new):
            moves.append((old, new))
        else:
            swaps.append((old, new))
    return moves, swaps, copies


class _Uses:
    """Which kernel first writes each buffer, at which index, and which is the last to touch it; and which are maps."""

    def __init__(self, kernels: Sequence[Kernel], values: set[Buffer]) -> None:
        self.kernels, self.values = kernels, values
        self.writer: dict[Buffer, tuple[int, Expr]] = {}
        self.last: dict[Buffer, int] = {}
        self.maps: set[int] = set()
        self.in_parts: set[Buffer] = set()
        self._loads: dict[int, dict[Buffer, list[Expr]]] = {}
        for position, kernel in enumerate(kernels):
            written = stores(kernel.body)
            for store in written:
                if self.writer.setdefault(store.buffer, (position, store.index)) != (position, store.index):
                    self.in_parts.add(store.buffer)
            self.last |= dict.fromkeys(touched(kernel.body), position)
            if _is_plain(kernel.body) and not any(store.is_sum for store in written):
                self.maps.add(position)

    def loads(self, position: int, buffer: Buffer) -> list[Expr]:
        """Return the indices at which a kernel's stores read a buffer."""
        if position not in self._loads:
            found = self._loads[position] = dict[Buffer, list[Expr]]()
            for expr in walk(
                [part for store in stores(self.kernels[position].body) for part in (store.index, store.value)]
            ):
                if expr.op == "load":
                    found.setdefault(expr.data, []).append(expr.args[0])
        return self._loads[position].get(buffer, [])


def _is_in_place(uses: _Uses, old: Buffer, new: Buffer) -> bool:
    """Return whether a new value may be written over the old one: each element is read only where it is written."""
    if old in uses.values or new not in uses.writer or new in uses.in_parts:
        return False
    writer, index = uses.writer[new]
    if writer not in uses.maps or uses.last.get(old, -1) > writer:
        return False
    products = [one for one in uses.kernels[writer].body if isinstance(one, Multiply)]
    if any(old in operands(one) for one in products):
        return False
    return all(read == index for read in uses.loads(writer, old))


def _is_plain(body: Sequence[Statement]) -> bool:
    """Return whether statements are nothing but stores, in loops or as the epilogue of a product."""
    return all(isinstance(one, Store | Multiply) or (isinstance(one, For) and _is_plain(one.body)) for one in body)


class _Builder:
    """Adds functions and records to a module."""

    def __init__(self, module: ir.Module, layout: Layout, status: ir.Value | None) -> None:
        self.module, self.status = module, status
        self.slots, self.arena, self.works = layout.slots, layout.arena, layout.works

    def kind(self, kernel: Kernel, members: Mapping[int, Member]) -> dict[int, Strand]:
        """Add the kernels of a kind, given one of them, and all as members by their numbers."""
        number, one = min(members), members[min(members)]
        function, builder = self._function(f"code_{number}")
        context, record, _, task = function.args
        is_shared = len(members) > 1
        if is_shared:
            table, (slots, streams) = _load(builder, context, TABLE), _entries(builder, record, one)
            addresses = [_at(builder, table, slot) for slot in slots]
        else:  # as near as can be: the smallest networks, where a kernel takes some nanoseconds, feel a look-up
            addresses = [self._address(builder, context, buffer) for buffer in one.buffers]
            streams = [ir.Constant(I64, stream) for stream in one.streams]
        pointers = dict(zip(one.buffers, addresses, strict=True))
        start = builder.append_basic_block("start")
        builder.branch(start)
        builder.position_at_end(start)
        draws = dict(zip(one.draws, streams, strict=True))
        work = self.works[number]
        # Of one task the number is known, which LLVM, to whom a function's address may go anywhere, cannot find out.
        known_task = task if work.tasks > 1 else ir.Constant(I64, 0)
        KernelEmitter(builder, pointers, draws, self.status, number + 1).emit(kernel, work, known_task)
        builder.ret_void()
        strands = {}
        for number, one in members.items():
            entries = [*(self.slots[buffer] for buffer in one.buffers), *one.streams] if is_shared else []
            strands[number] = self._strand(f"kernel_{number}", function, work.tasks, entries)
        return strands

    def _strand(self, name: str, code: ir.Function, tasks: int = 1, numbers: Sequence[int] = ()) -> Strand:
        """Add a kernel's record, and return it as a strand of its own."""
        return Strand(((code, add_record(self.module, name, code, numbers)),), tasks)

    def copies(self, pairs: Sequence[tuple[Buffer, Buffer]]) -> Strand:
        """Add a kernel that copies buffers."""
        function, builder = self._function("code_copies")
        for source, goal in pairs:
            end, start = (self._address(builder, function.args[0], buffer) for buffer in (goal, source))
            if not source.is_fed or source.dtype.kind != "f":
                _copy(builder, end, start, source.size * source.dtype.itemsize)
                continue
            kind = TYPES[source.dtype.name]
            with loop(builder, ir.Constant(I64, 0), ir.Constant(I64, source.size), "element") as turn:
                value = builder.load(builder.gep(start, [turn.index], source_etype=kind), typ=kind)
                builder.store(canonical(builder, value), builder.gep(end, [turn.index], source_etype=kind))
        builder.ret_void()
        return self._strand("copies", function)

    def gather(self, inputs: Sequence[tuple[Node, Buffer]]) -> Strand:
        """Add a kernel that fills the inputs with the rows of a batch."""
        function, builder = self._function("code_gather")
        context, _, step, task = function.args
        rows = min((known(node.shape)[0] for node, _ in inputs), default=0)
        widths = [buffer.size * buffer.dtype.itemsize // max(rows, 1) for _, buffer in inputs]
        share = max(1, _GATHERED // max(sum(widths), 1))
        arrays, order, last = (_load(builder, context, entry) for entry in (ARRAYS, ORDER, LAST))
        sources = [_load(builder, arrays, entry) for entry in range(len(inputs))]
        goals = [self._address(builder, context, buffer) for _, buffer in inputs]
        batch = builder.gep(order, [builder.mul(step, ir.Constant(I64, rows))], source_etype=I64)
        ahead = min(_MOST_AHEAD, max(1, _AHEAD // max(sum(widths), 1)))
        first = builder.mul(task, ir.Constant(I64, share))
        end = builder.add(first, ir.Constant(I64, share))
        stop = builder.select(builder.icmp_signed("<", end, ir.Constant(I64, rows)), end, ir.Constant(I64, rows))
        with loop(builder, first, stop, "row") as turn:
            row = turn.index
            current = builder.gep(batch, [row], source_etype=I64)
            chosen = builder.load(current, typ=I64)
            # Rows are asked for before their turn, those of the next batch too.
            following = builder.gep(current, [ir.Constant(I64, ahead)], source_etype=I64)
            is_there = builder.icmp_unsigned("<", following, last)
            later = builder.load(builder.select(is_there, following, last), typ=I64)
            for source, width in zip(sources, widths, strict=True):
                start = builder.gep(source, [builder.mul(later, ir.Constant(I64, width))], source_etype=I8)
                for line in range(0, min(width, _ASKED), 64):
                    prefetch(builder, builder.gep(start, [ir.Constant(I64, line)], source_etype=I8), level=2)
            for source, goal, width in zip(sources, goals, widths, strict=True):
                start, end = (
                    builder.gep(base, [builder.mul(number, ir.Constant(I64, width))], source_etype=I8)
                    for base, number in ((source, chosen), (goal, row))
                )
                _copy(builder, end, start, width)
        builder.ret_void()
        return self._strand("gather", function, max(1, -(-rows // share)))

    def finish(self, totals: Sequence[Buffer], layout: Layout) -> Strand:
        """Add the kernel that ends a step: it adds the outputs up, gives new values the slots of the old, and counts.

        Outputs that are kept it writes behind those of the steps before.

        It runs in one thread, when all else is done: so a step counts with its totals and new values, or not at all.
        """
        function, builder = self._function("code_finish")
        context, _, step, _ = function.args
        sums = _load(builder, context, SUMS)
        for number, buffer in enumerate(totals):
            total, source = _load(builder, sums, number), self._address(builder, context, buffer)
            if number in layout.program.kept:
                size = buffer.size * buffer.dtype.itemsize
                end = builder.gep(total, [builder.mul(step, ir.Constant(I64, size))], source_etype=I8)
                _copy(builder, end, source, size)
                continue
            kind = I8 if buffer.dtype == np.bool_ else TYPES[buffer.dtype.name]
            with loop(builder, ir.Constant(I64, 0), ir.Constant(I64, buffer.size), "element") as turn:
                element = turn.index
                value = builder.load(builder.gep(source, [element], source_etype=kind), typ=kind)
                address = builder.gep(total, [element], source_etype=ir.DoubleType())
                before = builder.load(address, typ=ir.DoubleType())
                after = builder.fadd(before, _as_double(builder, value, buffer.dtype))
                builder.store(after, address)
                if number == 0:  # the loss; x - x is 0 of a finite number, and NaN of any other
                    is_finite = builder.fcmp_ordered(
                        "==", builder.fsub(after, after), ir.Constant(ir.DoubleType(), 0.0)
                    )
                    with builder.if_then(builder.not_(is_finite), likely=False):
                        builder.store(ir.Constant(I64, 1), _word(builder, context, STOP))
        table = _load(builder, context, TABLE)
        with builder.if_then(builder.icmp_signed("==", step, ir.Constant(I64, 0))):  # from then on it is the old one's
            self._exchange(builder, table, layout.moves, "moves")
        self._exchange(builder, table, layout.swaps, "swaps")
        done = _word(builder, context, DONE)
        builder.store(builder.add(builder.load(done, typ=I64), ir.Constant(I64, 1)), done)
        builder.ret_void()
        return self._strand("finish", function)

    def _exchange(
        self, builder: ir.IRBuilder, table: ir.Value, pairs: Sequence[tuple[Buffer, Buffer]], name: str
    ) -> None:
        """Emit, for each pair of buffers, that the first lies where the second did; of swaps, the second the first."""
        kind = ir.ArrayType(I64, 2 * len(pairs))
        numbers = ir.GlobalVariable(self.module, kind, name)
        numbers.global_constant, numbers.linkage = True, "internal"
        numbers.initializer = ir.Constant(kind, [self.slots[one] for pair in pairs for one in pair])
        with loop(builder, ir.Constant(I64, 0), ir.Constant(I64, len(pairs)), "pair") as turn:
            pair = builder.gep(numbers, [builder.mul(turn.index, ir.Constant(I64, 2))], source_etype=I64)
            slots = [
                builder.gep(table, [_number(builder, pair, side)], source_etype=POINTER, inbounds=True)
                for side in range(2)
            ]
            old, new = [builder.load(slot, typ=POINTER) for slot in slots]
            builder.store(new, slots[0])
            if name == "swaps":
                builder.store(old, slots[1])

    def _function(self, name: str) -> tuple[ir.Function, ir.IRBuilder]:
        function = ir.Function(self.module, KERNEL, name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        flush_what_is_folded(function)
        return function, ir.IRBuilder(function.append_basic_block("entry"))

    def _address(self, builder: ir.IRBuilder, context: ir.Value, buffer: Buffer) -> ir.Value:
        """Emit the address of a buffer."""
        offset = self.arena.offsets.get(buffer)
        if offset is None:
            return _load(builder, _load(builder, context, TABLE), self.slots[buffer])
        return builder.gep(_load(builder, context, ARENA), [ir.Constant(I64, offset)], source_etype=I8)


def _load(builder: ir.IRBuilder, table: ir.Value, entry: int) -> ir.Value:
    """Emit the load of the address at a known entry of a table of addresses."""
    return _at(builder, table, ir.Constant(I64, entry))


def _at(builder: ir.IRBuilder, table: ir.Value, entry: ir.Value) -> ir.Value:
    """Emit the load of an address from a table of addresses."""
    return builder.load(builder.gep(table, [entry], source_etype=POINTER), typ=POINTER)


def _entries(builder: ir.IRBuilder, record: ir.Value, one: Member) -> tuple[list[ir.Value], list[ir.Value]]:
    """Emit the loads of what stands in a kernel's record behind the address of its code: slots, then streams."""
    start = builder.gep(record, [ir.Constant(I64, 1)], source_etype=POINTER, inbounds=True)
    count = len(one.buffers)
    entries = [_number(builder, start, entry) for entry in range(count + len(one.draws))]
    return entries[:count], entries[count:]


def _number(builder: ir.IRBuilder, table: ir.Value, entry: int) -> ir.Value:
    """Emit the load of a number at a known entry of a table of them."""
    return builder.load(builder.gep(table, [ir.Constant(I64, entry)], source_etype=I64, inbounds=True), typ=I64)


def _word(builder: ir.IRBuilder, context: ir.Value, word: int) -> ir.Value:
    """Return where a number of the context stands."""
    return builder.gep(context, [ir.Constant(I64, word)], source_etype=I64)


def _copy(builder: ir.IRBuilder, goal: ir.Value, source: ir.Value, size: int) -> None:
    name, bit = "llvm.memcpy.p0.p0.i64", ir.IntType(1)
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, bit])
    copy = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    builder.call(copy, [goal, source, ir.Constant(I64, size), ir.Constant(bit, 0)])


def _as_double(builder: ir.IRBuilder, value: ir.Value, dtype: np.dtype[Any]) -> ir.Value:
    if dtype == np.float64:
        return value
    if dtype.kind == "f":
        return builder.fpext(value, ir.DoubleType())
    return builder.sitofp(value, ir.DoubleType()) if dtype.kind == "i" else builder.uitofp(value, ir.DoubleType())
