"""How threads share a program: one word says which kernel is running and which of its tasks is next.

Every thread runs the same native function. It reads the word, takes the next task by changing the word, runs it, and
counts it as done; who finishes a kernel's last task moves the word on to the next kernel. So a thread that another
process keeps from running holds back nothing but a task it has begun, and a thread that comes late joins where the
others are. Which thread runs a task never changes its bits.

The word is ``kernel instance * 2**32 + next task``, where instances count the kernels of all steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

I32, I64 = ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()

WORD, DONE = 0, 64
"""Where the word and the count of finished tasks lie, in bytes from the state's start: a cache line each."""

STATE_BYTES = 128

_SPINS = 2000
"""How often a thread looks at the word before it lets others run."""


def emit_worker(module: ir.Module, name: str, kernels: Sequence[ir.Function], tasks: Sequence[int]) -> ir.Function:
    """Emit ``name(state, context, steps)``: what every thread runs until all kernels of all steps are done.

    Parameters
    ----------
    module : ir.Module
        Where to.
    name : str
        What the function is called.
    kernels : sequence of ir.Function
        ``kernel(context, step, task)``, in the order in which they run within a step.
    tasks : sequence of int
        Into how many tasks each is cut.
    """
    work = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64]), name)
    state, context, steps = work.args
    labels = ("entry", "look", "choose", "take", "run", "finished", "next", "wait", "yield", "end")
    blocks = {label: work.append_basic_block(label) for label in labels}
    builder = ir.IRBuilder(blocks["entry"])
    done_address = builder.gep(state, [ir.Constant(I64, DONE)], source_etype=ir.IntType(8))
    spins = builder.alloca(I64)
    builder.store(ir.Constant(I64, 0), spins)
    count = ir.Constant(I64, len(kernels))
    last = builder.mul(steps, count)
    table = ir.GlobalVariable(module, ir.ArrayType(I64, len(tasks)), f"{name}_tasks")
    table.global_constant, table.linkage = True, "internal"
    table.initializer = ir.Constant(table.value_type, list(tasks))
    builder.branch(blocks["look"])

    builder.position_at_end(blocks["look"])
    word = builder.load_atomic(state, "acquire", 8, typ=I64)
    instance = builder.lshr(word, ir.Constant(I64, 32))
    builder.cbranch(builder.icmp_unsigned("<", instance, last), blocks["choose"], blocks["end"])

    builder.position_at_end(blocks["choose"])
    task = builder.and_(word, ir.Constant(I64, 0xFFFFFFFF))
    kernel = builder.urem(instance, count)
    step = builder.udiv(instance, count)
    total = builder.load(builder.gep(table, [ir.Constant(I64, 0), kernel], source_etype=table.value_type), typ=I64)
    builder.cbranch(builder.icmp_unsigned("<", task, total), blocks["take"], blocks["wait"])

    builder.position_at_end(blocks["take"])
    exchanged = builder.cmpxchg(state, word, builder.add(word, ir.Constant(I64, 1)), "acq_rel", "acquire")
    builder.cbranch(builder.extract_value(exchanged, 1), blocks["run"], blocks["look"])

    builder.position_at_end(blocks["run"])
    builder.store(ir.Constant(I64, 0), spins)
    switch = builder.switch(kernel, blocks["finished"])
    for number, function in enumerate(kernels):
        block = work.append_basic_block(f"kernel_{number}")
        switch.add_case(ir.Constant(I64, number), block)
        builder.position_at_end(block)
        builder.call(function, [context, step, task])
        builder.branch(blocks["finished"])

    builder.position_at_end(blocks["finished"])
    before = builder.atomic_rmw("add", done_address, ir.Constant(I64, 1), "acq_rel")
    is_last = builder.icmp_unsigned("==", builder.add(before, ir.Constant(I64, 1)), total)
    builder.cbranch(is_last, blocks["next"], blocks["look"])

    builder.position_at_end(blocks["next"])
    builder.atomic_rmw("xchg", done_address, ir.Constant(I64, 0), "release")
    following = builder.shl(builder.add(instance, ir.Constant(I64, 1)), ir.Constant(I64, 32))
    builder.atomic_rmw("xchg", state, following, "release")
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
