"""Threads: how many may share a program, and those that help the one that calls."""

from __future__ import annotations

import _thread
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

__all__ = ["set_threads", "thread_count", "sharing_threads", "available_threads", "Helpers", "helpers"]

_MOST = 64
"""More threads than this do not share a program."""

_limit: int | None = None


def set_threads(count: int | None = None) -> None:
    """Choose how many threads may share a program from now on.

    Parameters
    ----------
    count : int, optional
        At least 1. By default what ``FEEDFORWARD_THREADS`` says; without it the processors of this process, but no
        more than ``OMP_NUM_THREADS``.

    Raises
    ------
    ValueError
        If it is no int >= 1.

    Notes
    -----
    It changes no bit of any result.
    """
    global _limit
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError(f"set_threads: count must be an int >= 1. Got {count!r}.")
    _limit = count


def thread_count() -> int:
    """Return how many threads may share a program."""
    return max(1, min(_default() if _limit is None else _limit, _MOST) // _present.callers)


class _Present(threading.local):
    """How many threads, this one among them, run programs of their own at present."""

    callers = 1


_present = _Present()


@contextmanager
def sharing_threads(callers: int) -> Iterator[None]:
    """Leave the programs that this thread runs inside the ``with`` one of so many parts of all threads."""
    before = _present.callers
    try:
        _present.callers = callers
        yield
    finally:
        _present.callers = before


@cache
def _default() -> int:
    own = _from_environment("FEEDFORWARD_THREADS")
    if own is not None:
        return own
    return min(available_threads(), _from_environment("OMP_NUM_THREADS") or _MOST)


def _from_environment(name: str) -> int | None:
    """Return the number that a variable of the environment holds, None for anything else."""
    text = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP's may go on for nested threads: "4,2"
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else None


@cache
def available_threads() -> int:
    """Return how many processors this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # a quota of "max" is no limit
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, max(1, int(quota) // int(period)))
    return count


class Helpers:
    """Threads that wait for something to help with.

    Requests go through a queue and threads are started by calls that no handler of a signal can interrupt half way:
    none of Python's locks, which an exception may leave locked.
    """

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the threads there were: the child of a fork has none of them."""
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._started = 0

    def ask(self, help_with: Callable[[], None], count: int) -> None:
        """Let as many threads as there are to be had, at most `count`, call a function, soon or late."""
        try:
            while self._started < count:
                _thread.start_new_thread(self._serve, ())
                self._started += 1
        except RuntimeError:  # the system starts no more threads: those there are will do
            pass
        for _ in range(count):
            self._requests.put(help_with)

    def _serve(self) -> None:
        while True:
            self._requests.get()()


helpers = Helpers()
"""Those that all programs ask."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=helpers.begin_anew)
