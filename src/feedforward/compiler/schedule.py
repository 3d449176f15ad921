"""How threads share a program: one word says which stage is running and which of its tasks are taken.

Every thread runs the same native function. It reads the word, takes a task by changing the word, runs it, and counts it
as done; who finishes a stage's last task moves the word on to the next stage. So a thread that another process keeps
from running holds back nothing but a task it has begun, and a thread that comes late joins where the others are. Which
thread runs a task never changes its bits.

The word is ``stage instance * 2**32 + tasks taken from the back * 2**16 + tasks taken from the front``, where
instances count the stages of all steps. One half of the threads takes tasks from the front, the other half from the
back: what a thread computed in one stage, it mostly reads itself in the next, from its own cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from llvmlite import ir

from feedforward.compiler.instructions import loop, plus

__all__ = ["KERNEL", "POINTER", "STATE_BYTES", "Strand", "add_record", "emit_worker"]

I32, I64 = ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()

WORD, DONE, THREADS = 0, 64, 128
"""Where the word, the count of finished tasks and that of threads lie, in bytes from the state's start: a line each."""

STATE_BYTES = 192

_MOST_TAKEN = (1 << 16) - 1
"""How often tasks of one stage can be taken: where it has more tasks, several at a time."""

_SPINS = 2000
"""How often a thread looks at the word before it lets others run."""


KERNEL = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I64])
"""``code(context, record, step, task)``: what a kernel's machine code is."""


class _CodeAddress(ir.PointerType):  # type: ignore[misc]
    """The address of a kernel's code: llvmlite asks the type of what is called for that of the function."""

    pointee = KERNEL


@dataclass(frozen=True)
class Strand:
    """Kernels of a stage: several that run one after the other, as one task, or one that is cut into tasks.

    Parameters
    ----------
    kernels : tuple of (ir.Function, ir.GlobalVariable)
        The code of each and its record; see `add_record`.
    tasks : int
        How many tasks they are.
    """

    kernels: tuple[tuple[ir.Function, ir.GlobalVariable], ...]
    tasks: int


def add_record(module: ir.Module, name: str, code: ir.Function, numbers: Sequence[int] = ()) -> ir.GlobalVariable:
    """Add constants in memory: the address of a kernel's code, then what the code reads there."""
    entries = ir.Constant(ir.ArrayType(I64, len(numbers)), numbers)
    record = ir.GlobalVariable(module, ir.LiteralStructType([POINTER, entries.type]), name)
    record.global_constant, record.linkage = True, "internal"
    record.initializer = ir.Constant(record.value_type, [code, entries])
    return record


class _Tables:
    """The stages as constants in memory: code that walks through them is as short for a thousand kernels as for one."""

    def __init__(self, module: ir.Module, name: str, stages: Sequence[Sequence[Strand]]) -> None:
        self.module, self.name = module, name
        strands = [strand for stage in stages for strand in stage]
        totals = [sum(strand.tasks for strand in stage) for stage in stages]
        shares = [max(1, -(-total // _MOST_TAKEN)) for total in totals]
        self.stages, self.strands = len(stages), len(strands)
        self.records = self._table("records", POINTER, list(map(self._record, range(len(strands)), strands)))
        self.tasks = self._table("tasks", I64, [strand.tasks for strand in strands])
        self.first_strand = self._table("first_strand", I64, _starts([len(stage) for stage in stages]))
        self.totals = self._table("totals", I64, totals)
        self.shares = self._table("shares", I64, shares)
        self.takes = self._table("takes", I64, [-(-a // b) for a, b in zip(totals, shares, strict=True)])

    def _record(self, number: int, strand: Strand) -> ir.GlobalVariable:
        """Return a record of a strand's code, which of several kernels calls one after the other."""
        if len(strand.kernels) == 1:
            return strand.kernels[0][1]
        # Each from a place of its own, where the processor foresees it, and without a record that it does not read, so
        # that LLVM sees every call and drops what is not used: small kernels are over in some nanoseconds.
        function = ir.Function(self.module, KERNEL, f"{self.name}_chain_{number}")
        function.linkage = "internal"
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        context, _, step, _ = function.args
        for code, record in strand.kernels:
            is_read = record.value_type.elements[1].count > 0
            builder.call(code, [context, record if is_read else ir.Constant(POINTER, None), step, ir.Constant(I64, 0)])
        builder.ret_void()
        return add_record(self.module, f"{self.name}_strand_{number}", function)

    def _table(self, what: str, kind: ir.Type, values: Sequence[Any]) -> ir.GlobalVariable:
        table = ir.GlobalVariable(self.module, ir.ArrayType(kind, len(values)), f"{self.name}_{what}")
        table.global_constant, table.linkage = True, "internal"
        table.initializer = ir.Constant(table.value_type, values)
        return table


def _starts(counts: Sequence[int]) -> list[int]:
    """Return where each of some groups begins when they lie one behind the other, and where the last ends."""
    return [0, *accumulate(counts)]


def _entry(builder: ir.IRBuilder, table: ir.GlobalVariable, index: ir.Value) -> ir.Value:
    """Emit the load of an entry of a table."""
    zero, kind = ir.Constant(I64, 0), table.value_type
    return builder.load(builder.gep(table, [zero, index], source_etype=kind, inbounds=True), typ=kind.element)


def _emit_strand(
    builder: ir.IRBuilder, tables: _Tables, strand: ir.Value, context: ir.Value, step: ir.Value, task: ir.Value
) -> None:
    """Emit a task of a strand."""
    record = _entry(builder, tables.records, strand)
    builder.call(builder.load(record, typ=_CodeAddress()), [context, record, step, task])


def _emit_plain(builder: ir.IRBuilder, tables: _Tables, context: ir.Value, steps: ir.Value, stop: int | None) -> None:
    """Emit all tasks of all stages of all steps, one after the other, and the return."""
    zero = ir.Constant(I64, 0)
    with loop(builder, zero, steps, "step") as step:
        with loop(builder, zero, ir.Constant(I64, tables.strands), "strand") as at:
            with loop(builder, zero, _entry(builder, tables.tasks, at.index), "task") as task:
                _emit_strand(builder, tables, at.index, context, step.index, task.index)
        if stop is not None:
            with builder.if_then(_is_set(builder, context, stop), likely=False):
                builder.ret_void()
    builder.ret_void()


def _is_set(builder: ir.IRBuilder, context: ir.Value, word: int) -> ir.Value:
    """Return whether a word of the context is not 0."""
    value = builder.load(builder.gep(context, [ir.Constant(I64, word)], source_etype=I64), typ=I64)
    return builder.icmp_unsigned("!=", value, ir.Constant(I64, 0))


def _emit_task(
    builder: ir.IRBuilder, tables: _Tables, stage: ir.Value, context: ir.Value, step: ir.Value, task: ir.Value
) -> None:
    """Emit a task of a stage: its strands' tasks are counted on from one to the next."""
    before, head, following, found = builder.block, *(builder.append_basic_block(f"find{n}") for n in range(3))
    first = _entry(builder, tables.first_strand, stage)
    builder.branch(head)
    builder.position_at_end(head)
    strand, left = builder.phi(I64), builder.phi(I64)
    tasks = _entry(builder, tables.tasks, strand)
    builder.cbranch(builder.icmp_unsigned("<", left, tasks), found, following)
    builder.position_at_end(following)
    for phi, start, later in (
        (strand, first, plus(builder, strand, 1)),
        (left, task, builder.sub(left, tasks)),
    ):
        phi.add_incoming(start, before)
        phi.add_incoming(later, following)
    builder.branch(head)
    builder.position_at_end(found)
    _emit_strand(builder, tables, strand, context, step, left)


def emit_worker(
    module: ir.Module, name: str, stages: Sequence[Sequence[Strand]], stop: int | None = None
) -> ir.Function:
    """Emit ``name(state, context, steps)``: what every thread runs until all stages of all steps are done.

    Parameters
    ----------
    module : ir.Module
        Where to.
    name : str
        What the function is called.
    stages : sequence of sequences of Strand
        In the order in which they run within a step; the strands of a stage do not wait for each other.
    stop : int, optional
        Which word of the context: if the last stage of a step leaves it other than 0, that step is the last.

    Notes
    -----
    Without a state (null), the one thread that calls runs all tasks in order.
    """
    tables = _Tables(module, name, stages)
    work = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64]), name)
    _Worker(work, tables, stop).emit()
    return work


class _Worker:
    """Emits what every thread runs: one block after another, of which each goes on to those named at its end."""

    def __init__(self, work: ir.Function, tables: _Tables, stop: int | None) -> None:
        self.tables, self.stop = tables, stop
        self.state, self.context, self.steps = work.args
        labels = ("entry", "look", "choose", "take", "run", "finished", "next", "wait", "yield", "end")
        self.blocks = {label: work.append_basic_block(label) for label in labels}
        self.builder = ir.IRBuilder(self.blocks["entry"])

    def emit(self) -> None:
        """Emit all blocks."""
        self._enter()
        self._choose()
        self._run()
        self._finish()
        self._wait()
        ir.IRBuilder(self.blocks["end"]).ret_void()

    def _go_on(self, condition: ir.Value, then: str, otherwise: str) -> None:
        self.builder.cbranch(condition, self.blocks[then], self.blocks[otherwise])

    def _enter(self) -> None:
        """Run everything, if alone; else find out which end of a stage this thread takes tasks from."""
        builder = self.builder
        is_alone = builder.icmp_unsigned("==", self.state, ir.Constant(POINTER, None))
        with builder.if_then(is_alone, likely=False):
            _emit_plain(builder, self.tables, self.context, self.steps, self.stop)
        self.done, threads = (
            builder.gep(self.state, [ir.Constant(I64, offset)], source_etype=ir.IntType(8))
            for offset in (DONE, THREADS)
        )
        thread = builder.atomic_rmw("add", threads, ir.Constant(I64, 1), "acq_rel")
        self.is_front = builder.icmp_unsigned("==", builder.and_(thread, ir.Constant(I64, 1)), ir.Constant(I64, 0))
        self.taking = builder.select(self.is_front, ir.Constant(I64, 1), ir.Constant(I64, 1 << 16))
        self.spins = builder.alloca(I64)
        builder.store(ir.Constant(I64, 0), self.spins)
        self.count = ir.Constant(I64, self.tables.stages)
        self.last = builder.mul(self.steps, self.count)
        builder.branch(self.blocks["look"])

    def _choose(self) -> None:
        """Look at the word, and take a task of the present stage if there is one left."""
        builder = self.builder
        builder.position_at_end(self.blocks["look"])
        word = builder.load_atomic(self.state, "acquire", 8, typ=I64)
        self.instance = builder.lshr(word, ir.Constant(I64, 32))
        self._go_on(builder.icmp_unsigned("<", self.instance, self.last), "choose", "end")

        builder.position_at_end(self.blocks["choose"])
        self.front = builder.and_(word, ir.Constant(I64, 0xFFFF))
        self.back = builder.and_(builder.lshr(word, ir.Constant(I64, 16)), ir.Constant(I64, 0xFFFF))
        taken = builder.add(self.front, self.back)
        self.stage = builder.urem(self.instance, self.count)
        self.step = builder.udiv(self.instance, self.count)
        self.total = _entry(builder, self.tables.takes, self.stage)
        self._go_on(builder.icmp_unsigned("<", taken, self.total), "take", "wait")

        builder.position_at_end(self.blocks["take"])
        exchanged = builder.cmpxchg(self.state, word, builder.add(word, self.taking), "acq_rel", "acquire")
        self._go_on(builder.extract_value(exchanged, 1), "run", "look")

    def _run(self) -> None:
        """Run what was taken."""
        builder = self.builder
        builder.position_at_end(self.blocks["run"])
        builder.store(ir.Constant(I64, 0), self.spins)
        from_back = builder.sub(builder.sub(self.total, ir.Constant(I64, 1)), self.back)
        share, most = (_entry(builder, one, self.stage) for one in (self.tables.shares, self.tables.totals))
        first = builder.mul(builder.select(self.is_front, self.front, from_back), share)
        end = builder.add(first, share)
        bound = builder.select(builder.icmp_unsigned("<", end, most), end, most)
        with loop(builder, first, bound, "each") as each:
            _emit_task(builder, self.tables, self.stage, self.context, self.step, each.index)
        builder.branch(self.blocks["finished"])

    def _finish(self) -> None:
        """Count the task as done; move the word on after a stage's last one."""
        builder = self.builder
        builder.position_at_end(self.blocks["finished"])
        before = builder.atomic_rmw("add", self.done, ir.Constant(I64, 1), "acq_rel")
        is_last = builder.icmp_unsigned("==", builder.add(before, ir.Constant(I64, 1)), self.total)
        self._go_on(is_last, "next", "look")

        builder.position_at_end(self.blocks["next"])
        builder.atomic_rmw("xchg", self.done, ir.Constant(I64, 0), "release")
        following = builder.add(self.instance, ir.Constant(I64, 1))
        if self.stop is not None:
            # Only the last stage sets it, and who ends that one is alone here: no other thread reads it.
            following = builder.select(_is_set(builder, self.context, self.stop), self.last, following)
        builder.atomic_rmw("xchg", self.state, builder.shl(following, ir.Constant(I64, 32)), "release")
        builder.branch(self.blocks["look"])

    def _wait(self) -> None:
        """Look at the word again, after some looks when others had their turn."""
        builder = self.builder
        builder.position_at_end(self.blocks["wait"])
        looked = builder.add(builder.load(self.spins, typ=I64), ir.Constant(I64, 1))
        builder.store(looked, self.spins)
        self._go_on(builder.icmp_unsigned("<", looked, ir.Constant(I64, _SPINS)), "look", "yield")

        builder.position_at_end(self.blocks["yield"])
        name, kind = "sched_yield", ir.FunctionType(I32, [])
        give_way = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(give_way, [])
        builder.branch(self.blocks["look"])
