"""Tasks done beside each other, each by a thread that has its part of the threads for the programs that it runs.

Several programs that need not wait for each other are quicker than one whose parts several threads share.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from feedforward.backends.backend import Look
from feedforward.backends.threads import sharing_threads, thread_count
from feedforward.interrupts import held_interrupts

__all__ = ["beside"]

T = TypeVar("T")

_SECONDS_BETWEEN_LOOKS = 0.05
"""How long Ctrl-C may wait where this thread waits for others."""


def beside(tasks: Sequence[Callable[[Look], T]], is_left: bool = False, most: int | None = None) -> list[T]:
    """Do tasks beside each other, on as many threads as may be used, and return what they return.

    Parameters
    ----------
    tasks : sequence of callable
        Each is given what it is to ask now and then whether to stop: after Ctrl-C, or the failure of another, all do.
    is_left : bool
        Whether Ctrl-C takes effect at once, and leaves those that are under way to end by themselves: for tasks that
        do not ask. Otherwise it takes effect once they have stopped, so that nothing in them is left half done.
    most : int, optional
        On how many threads, at most; by default as many as may be used. Another thread comes some 0.1 ms later, and
        where all processors are busy 5 ms.

    Raises
    ------
    BaseException
        What the first that failed has raised.

    Examples
    --------
    >>> beside([lambda look: 1, lambda look: 2])
    [1, 2]
    """
    count = min(len(tasks), thread_count() if most is None else most)
    pending = deque(enumerate(tasks))
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def work(look: Look) -> None:
        with sharing_threads(count):
            while pending and not errors:
                try:
                    number, task = pending.popleft()
                except IndexError:  # another thread was quicker
                    return
                try:
                    results[number] = task(look)
                except BaseException as error:
                    errors.append(error)

    # A signal takes effect where `look` lets it.
    with held_interrupts(also_second=True) as let_through:

        def look() -> bool:
            try:
                let_through()
            except BaseException as error:
                errors.append(error)
            return bool(errors)

        helpers = [
            threading.Thread(target=work, args=(lambda: bool(errors),), daemon=True)
            for _ in range(count if is_left else count - 1)
        ]
        for helper in helpers:
            helper.start()
        if not is_left:
            work(look)
        for helper in helpers:
            while helper.is_alive() and not (look() and is_left):
                helper.join(_SECONDS_BETWEEN_LOOKS)
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(tasks))]
