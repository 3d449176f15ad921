"""What a kernel costs, and the tasks that it is cut into.

A kernel is some number of *units* that need not wait for each other: the turns of its outermost loop, or the pieces of
a product. A task is a share of them, large enough that handing it out to a thread costs little. That is counted once
for each kernel; stages, emission and the texts go by the same record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedforward.compiler.loops import (
    Accumulate,
    Combine,
    Expr,
    For,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    expressions,
    loops_of,
    walk,
)
from feedforward.graph.op import OPS

__all__ = ["Work", "work_of"]

_TASK_WORK = 20_000
"""About how many operations a task should have: some microseconds, so that handing it out costs little."""

_LANES_GAIN = 8
"""By how much many lanes are quicker than one."""

_MOST_LANES, _FEW_OPERATIONS = 64, 4
"""How many columns are added up side by side, where a term takes so few operations: one addition waits for the other,
and rows are read through once."""


@dataclass(frozen=True)
class Work:
    """What a kernel costs, and how it is cut.

    Parameters
    ----------
    operations : int
        About how many there are in all.
    lanes : int
        How many elements its loops in lanes take at a time.
    units : int
        What may be done at the same time, in any order.
    share : int
        How many of these are a task, at least 1; the last task may have fewer.
    """

    operations: int
    lanes: int
    units: int
    share: int

    @property
    def tasks(self) -> int:
        """How many tasks there are; they may run at the same time, in any order."""
        return max(1, -(-self.units // self.share))


def work_of(kernel: Kernel) -> Work:
    """Return what a kernel costs, and how it is cut."""
    operations, lanes, units = _operations(kernel.body), _lanes(kernel.body), _units(kernel.body)
    share = units
    if operations >= 2 * _TASK_WORK:
        match kernel.body:
            case (Pack() | Multiply() as product,):
                # The pieces of one matrix are cut for threads; those of many may be small.
                share = _TASK_WORK * units // operations if product.batch > 1 else 1
            case (For() as loop,):
                share = -(-units * _TASK_WORK // operations)
                share = -(-share // lanes) * lanes if loop.is_lanes else share
    return Work(operations, lanes, units, max(1, share))


def _units(body: Sequence[Statement]) -> int:
    """Return how much of a kernel may be done at the same time."""
    match body:
        case (Pack() as pack,):
            return pack.batch * pack.panels.tasks
        case (Multiply() as product,):
            return product.batch * product.plan.tasks
        case (For() as loop,):
            return loop.var.size
    return 1


def _operations(body: Sequence[Statement]) -> int:
    """Return about how many operations statements take."""
    total = 0
    for statement in body:
        match statement:
            case For():
                inner = _operations(statement.body)
                total += statement.var.size * inner // (_LANES_GAIN if statement.is_lanes else 1)
            case Store() | Accumulate():
                # A store costs something even of a number: many of them are worth several tasks.
                total += max(1, sum(_cost(expr) for expr in walk([statement.value])))
            case Multiply():
                plan = statement.plan
                each = plan.inner + _operations(statement.epilogue)
                total += statement.batch * (plan.rows * plan.columns * each // _LANES_GAIN)
            case Pack():
                total += statement.batch * statement.panels.size
    return total


def _cost(expr: Expr) -> int:
    """Return about how many additions an expression takes, without its arguments: none for an index or a number."""
    return OPS[expr.op].cost if expr.op in OPS else int(expr.op in ("load", "multiply_add"))


def _lanes(body: Sequence[Statement]) -> int:
    """Return how many elements loops in lanes take at a time: fewer where any is of 8 bytes."""
    inner = [one for loop in loops_of(body) if loop.is_lanes for one in loop.body]
    is_wide = any(part.dtype == np.float64 for root in expressions(inner) for part in walk([root]))
    most = 8 if is_wide else 16
    longest = max((loop.var.size for loop in loops_of(body) if loop.is_lanes), default=most)
    if longest > most // 2 or _combines(body):
        terms = [loop for loop in loops_of(inner) if not loops_of(loop.body)]
        if terms and not _combines(body) and all(_operations(loop.body) <= _FEW_OPERATIONS for loop in terms):
            while most < _MOST_LANES and longest % (2 * most) == 0:
                most *= 2
        return most
    # All elements lie in half the lanes, of which the processor then does more at a time: 6 channels of an image, say.
    return most // 2


def _combines(body: Sequence[Statement]) -> bool:
    """Return whether lanes become one number, whose bits go by how many there are."""
    return any(isinstance(one, Combine) or (isinstance(one, For) and _combines(one.body)) for one in body)
