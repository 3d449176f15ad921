"""The memory plan: where each buffer lies, decided once, so that nothing is allocated while a program runs.

A buffer that only kernels use lives from the kernel that writes it to the last that reads it; buffers that never live
at the same time share memory.
"""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from feedforward.compiler.loops import Accumulate, Buffer, For, Kernel, Multiply, Pack, Statement, Store, walk

__all__ = ["ALIGNMENT", "Arena", "arena_of", "touched", "written", "read", "operands"]

ALIGNMENT = 64
"""Bytes; a cache line, and the widest vector."""


@dataclass(frozen=True)
class Arena:
    """Where buffers lie in one block of memory.

    Parameters
    ----------
    offsets : dict of Buffer to int
        Bytes from the start of the block.
    size : int
        Bytes of the block.
    """

    offsets: dict[Buffer, int]
    size: int


def arena_of(stages: Sequence[Sequence[Kernel]], outside: Collection[Buffer]) -> Arena:
    """Return where the buffers of kernels lie, but for those that lie `outside`.

    Parameters
    ----------
    stages : sequence of sequences of Kernel
        Those of a stage may run at the same time.
    outside : collection of Buffer
        What has its memory already.

    Notes
    -----
    First fit in order of birth: each buffer takes the lowest place that no buffer alive at the same time overlaps. What
    is free is kept as gaps, few even where thousands of buffers are alive, as in the gradient of a long loop.
    """
    lives: dict[Buffer, list[int]] = {}
    for stage, kernels in enumerate(stages):
        for buffer in (one for kernel in kernels for one in touched(kernel.body)):
            if buffer not in outside:
                lives.setdefault(buffer, [stage, stage])[1] = stage
    offsets: dict[Buffer, int] = {}
    gaps: list[tuple[int, int]] = [(0, sys.maxsize)]
    alive: list[tuple[int, int, int]] = []  # when each dies, where it begins and ends
    total = 0
    for buffer, (birth, death) in lives.items():
        while alive and alive[0][0] < birth:
            _free(gaps, *heappop(alive)[1:])
        size = _bytes(buffer)
        number, (start, end) = next(one for one in enumerate(gaps) if one[1][1] - one[1][0] >= size)
        offsets[buffer] = start
        if size:
            gaps[number : number + 1] = [(start + size, end)] if start + size < end else []
            heappush(alive, (death, start, start + size))
        total = max(total, start + size)
    return Arena(offsets, total)


def _free(gaps: list[tuple[int, int]], start: int, end: int) -> None:
    """Add a gap to some in order, as one with those beside it."""
    number = bisect(gaps, (start, end))
    if gaps[number][0] == end:  # the last gap has no end, so there is always one behind
        end = gaps.pop(number)[1]
    if number and gaps[number - 1][1] == start:
        number -= 1
        start = gaps.pop(number)[0]
    gaps.insert(number, (start, end))


def touched(body: Sequence[Statement]) -> list[Buffer]:
    """Return the buffers that statements read or write."""
    found: dict[Buffer, None] = {}
    for statement in body:
        match statement:
            case For():
                found |= dict.fromkeys(touched(statement.body))
            case Pack():
                found |= dict.fromkeys((statement.source, statement.out))
            case Multiply():
                found |= dict.fromkeys(operands(statement))
                found |= dict.fromkeys(touched(statement.epilogue) if statement.epilogue else (statement.out,))
            case Store():
                found[statement.buffer] = None
                found |= {expr.data: None for expr in walk([statement.index, statement.value]) if expr.op == "load"}
            case Accumulate():
                found |= {expr.data: None for expr in walk([statement.value]) if expr.op == "load"}
    return list(found)


def written(body: Sequence[Statement]) -> list[Buffer]:
    """Return the buffers that statements write."""
    found: dict[Buffer, None] = {}
    for statement in body:
        match statement:
            case For():
                found |= dict.fromkeys(written(statement.body))
            case Pack():
                found[statement.out] = None
            case Multiply():
                found |= dict.fromkeys(written(statement.epilogue) if statement.epilogue else (statement.out,))
                found |= dict.fromkeys((statement.partial,) if statement.partial else ())
            case Store():
                found[statement.buffer] = None
    return list(found)


def read(body: Sequence[Statement]) -> list[Buffer]:
    """Return the buffers that statements read, but for what they computed before."""
    products = [one.out for one in body if isinstance(one, Multiply)]
    own = {*written(body), *products}
    return [buffer for buffer in touched(body) if buffer not in own]


def operands(product: Multiply) -> list[Buffer]:
    """Return the buffers that a product works on, but for the one it writes to."""
    return [one for one in (product.x, product.y, product.left, product.right, product.partial) if one is not None]


def _bytes(buffer: Buffer) -> int:
    return -(-buffer.size * buffer.dtype.itemsize // ALIGNMENT) * ALIGNMENT
