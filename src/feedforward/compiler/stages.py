"""Which kernels run at the same time.

Threads finish a stage together before they begin the next. Neighbouring kernels of one task each are a *chain*: one
task, for one thread. What no other kernel waits for, such as a layer's update, is put off until there is a chain, so
that the other threads have something to do meanwhile::

    the gradient of a layer's inputs    -> in tasks, by all threads
    what becomes of it in the next one  -> a chain, by one thread ...
    the layer's update                  -> in tasks, by the others, and by all as soon as the chain is done
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feedforward.compiler.loops import Buffer, Kernel
from feedforward.compiler.memory import touched, written
from feedforward.compiler.work import Work

__all__ = ["Stage", "arrange"]


@dataclass(frozen=True)
class Stage:
    """Kernels that do not wait for each other, but for those of a chain.

    Parameters
    ----------
    chain : tuple of int
        The numbers of kernels that run one after the other, as one task.
    others : tuple of int
        The numbers of kernels that are cut into tasks.
    """

    chain: tuple[int, ...]
    others: tuple[int, ...]


def arrange(kernels: Sequence[Kernel], works: Sequence[Work], olds: Mapping[Buffer, Buffer]) -> list[Stage]:
    """Return the stages of kernels that are given in an order in which they may run.

    Parameters
    ----------
    kernels : sequence of Kernel
        All of a program's.
    works : sequence of Work
        What each of them costs.
    olds : mapping of Buffer to Buffer
        For a variable's new value that is written over the old one, the latter.
    """
    is_awaited = _awaited(kernels, olds)
    stages: list[Stage] = []
    chain: list[int] = []
    put_off: list[int] = []

    def end_chain() -> None:
        if chain:
            stages.append(Stage(tuple(chain), tuple(put_off)))
            chain.clear()
            put_off.clear()

    for number, work in enumerate(works):
        if work.tasks == 1:
            chain.append(number)
            continue
        end_chain()  # with what was put off before it began
        if is_awaited[number]:
            stages.append(Stage((), (number,)))
        else:
            put_off.append(number)
    if put_off:
        stages.append(Stage((), tuple(put_off)))
        put_off.clear()
    end_chain()
    return stages


def _awaited(kernels: Sequence[Kernel], olds: Mapping[Buffer, Buffer]) -> list[bool]:
    """Return for each kernel whether a later one needs what it writes, or overwrites what it reads or writes."""
    result = [False] * len(kernels)
    writer: dict[Buffer, int] = {}
    users: dict[Buffer, list[int]] = {}
    for number, kernel in enumerate(kernels):
        results = {olds.get(buffer, buffer) for buffer in written(kernel.body)}
        for buffer in {olds.get(buffer, buffer) for buffer in touched(kernel.body)}:
            before = users.get(buffer, []) if buffer in results else [writer[buffer]] if buffer in writer else []
            for other in before:
                result[other] = True
            if buffer in results:
                writer[buffer] = number
                users[buffer] = [number]
            else:
                users.setdefault(buffer, []).append(number)
    return result
