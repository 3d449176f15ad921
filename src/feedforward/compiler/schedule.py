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

from llvmlite import ir

from feedforward.compiler.pieces import loop, minimum, plus, times

__all__ = ["POINTER", "STATE_BYTES", "emit_worker"]

I32, I64 = ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()

WORD, DONE, THREADS = 0, 64, 128
"""Where the word, the count of finished tasks and that of threads lie, in bytes from the state's start: a line each."""

STATE_BYTES = 192

_MOST_TAKEN = (1 << 16) - 1
"""How often tasks of one stage can be taken: where it has more tasks, several at a time."""

_SPINS = 2000
"""How often a thread looks at the word before it lets others run."""


def _emit_plain(
    builder: ir.IRBuilder,
    stages: Sequence[ir.Function],
    tasks: Sequence[int],
    context: ir.Value,
    steps: ir.Value,
    stop: int | None,
) -> None:
    """Emit all tasks of all stages of all steps, one after the other, and the return."""
    zero = ir.Constant(I64, 0)
    with loop(builder, zero, steps, "step") as step:
        for function, most in zip(stages, tasks, strict=True):
            with loop(builder, zero, ir.Constant(I64, most), "task") as task:
                builder.call(function, [context, step.index, task.index])
        if stop is not None:
            with builder.if_then(_is_set(builder, context, stop), likely=False):
                builder.ret_void()
    builder.ret_void()


def _is_set(builder: ir.IRBuilder, context: ir.Value, place: int) -> ir.Value:
    """Return whether a word of the context is not 0."""
    word = builder.load(builder.gep(context, [ir.Constant(I64, place)], source_etype=I64), typ=I64)
    return builder.icmp_unsigned("!=", word, ir.Constant(I64, 0))


def emit_worker(
    module: ir.Module, name: str, stages: Sequence[ir.Function], tasks: Sequence[int], stop: int | None = None
) -> ir.Function:
    """Emit ``name(state, context, steps)``: what every thread runs until all stages of all steps are done.

    Parameters
    ----------
    module : ir.Module
        Where to.
    name : str
        What the function is called.
    stages : sequence of ir.Function
        ``stage(context, step, task)``, in the order in which they run within a step.
    tasks : sequence of int
        Into how many tasks each is cut.
    stop : int, optional
        The place of a word in the context: if the last stage of a step leaves it other than 0, that step is the last.

    Notes
    -----
    Without a state (null), the one thread that calls runs all tasks in order.
    """
    work = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64]), name)
    state, context, steps = work.args
    labels = ("entry", "look", "choose", "take", "run", "finished", "next", "wait", "yield", "end")
    blocks = {label: work.append_basic_block(label) for label in labels}
    builder = ir.IRBuilder(blocks["entry"])
    is_alone = builder.icmp_unsigned("==", state, ir.Constant(POINTER, None))
    with builder.if_then(is_alone, likely=False):
        _emit_plain(builder, stages, tasks, context, steps, stop)
    done_address, threads_address = (
        builder.gep(state, [ir.Constant(I64, place)], source_etype=ir.IntType(8)) for place in (DONE, THREADS)
    )
    thread = builder.atomic_rmw("add", threads_address, ir.Constant(I64, 1), "acq_rel")
    is_front = builder.icmp_unsigned("==", builder.and_(thread, ir.Constant(I64, 1)), ir.Constant(I64, 0))
    taking = builder.select(is_front, ir.Constant(I64, 1), ir.Constant(I64, 1 << 16))
    shares = [max(1, -(-most // _MOST_TAKEN)) for most in tasks]
    spins = builder.alloca(I64)
    builder.store(ir.Constant(I64, 0), spins)
    count = ir.Constant(I64, len(stages))
    last = builder.mul(steps, count)
    table = ir.GlobalVariable(module, ir.ArrayType(I64, len(tasks)), f"{name}_tasks")
    table.global_constant, table.linkage = True, "internal"
    takes = [-(-most // share) for most, share in zip(tasks, shares, strict=True)]
    table.initializer = ir.Constant(table.value_type, takes)
    builder.branch(blocks["look"])

    builder.position_at_end(blocks["look"])
    word = builder.load_atomic(state, "acquire", 8, typ=I64)
    instance = builder.lshr(word, ir.Constant(I64, 32))
    builder.cbranch(builder.icmp_unsigned("<", instance, last), blocks["choose"], blocks["end"])

    builder.position_at_end(blocks["choose"])
    front = builder.and_(word, ir.Constant(I64, 0xFFFF))
    back = builder.and_(builder.lshr(word, ir.Constant(I64, 16)), ir.Constant(I64, 0xFFFF))
    taken = builder.add(front, back)
    stage = builder.urem(instance, count)
    step = builder.udiv(instance, count)
    total = builder.load(builder.gep(table, [ir.Constant(I64, 0), stage], source_etype=table.value_type), typ=I64)
    builder.cbranch(builder.icmp_unsigned("<", taken, total), blocks["take"], blocks["wait"])

    builder.position_at_end(blocks["take"])
    exchanged = builder.cmpxchg(state, word, builder.add(word, taking), "acq_rel", "acquire")
    builder.cbranch(builder.extract_value(exchanged, 1), blocks["run"], blocks["look"])

    builder.position_at_end(blocks["run"])
    builder.store(ir.Constant(I64, 0), spins)
    from_back = builder.sub(builder.sub(total, ir.Constant(I64, 1)), back)
    task = builder.select(is_front, front, from_back)
    switch = builder.switch(stage, blocks["finished"])
    for number, (function, share, most) in enumerate(zip(stages, shares, tasks, strict=True)):
        block = work.append_basic_block(f"stage_{number}")
        switch.add_case(ir.Constant(I64, number), block)
        builder.position_at_end(block)
        first = times(builder, task, share)
        with loop(builder, first, minimum(builder, plus(builder, first, share), most), "each") as each:
            builder.call(function, [context, step, each.index])
        builder.branch(blocks["finished"])

    builder.position_at_end(blocks["finished"])
    before = builder.atomic_rmw("add", done_address, ir.Constant(I64, 1), "acq_rel")
    is_last = builder.icmp_unsigned("==", builder.add(before, ir.Constant(I64, 1)), total)
    builder.cbranch(is_last, blocks["next"], blocks["look"])

    builder.position_at_end(blocks["next"])
    builder.atomic_rmw("xchg", done_address, ir.Constant(I64, 0), "release")
    following = builder.add(instance, ir.Constant(I64, 1))
    if stop is not None:  # only the last stage sets it, and who ends that one is alone here: no other thread reads it
        following = builder.select(_is_set(builder, context, stop), last, following)
    builder.atomic_rmw("xchg", state, builder.shl(following, ir.Constant(I64, 32)), "release")
    builder.branch(blocks["look"])

    builder.position_at_end(blocks["wait"])
    looked = builder.add(builder.load(spins, typ=I64), ir.Constant(I64, 1))
    builder.store(looked, spins)
    builder.cbranch(builder.icmp_unsigned("<", looked, ir.Constant(I64, _SPINS)), blocks["look"], blocks["yield"])

    builder.position_at_end(blocks["yield"])
    give_way = module.globals.get("sched_yield") or ir.Function(module, ir.FunctionType(I32, []), "sched_yield")
    builder.call(give_way, [])
    builder.branch(blocks["look"])

    ir.IRBuilder(blocks["end"]).ret_void()
    return work
