"""Locks that a fork does not leave locked in the child, which has none of the other threads that may hold them."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import AbstractContextManager, suppress
from typing import Any

from feedforward.interrupts import held_interrupts

__all__ = ["fork_safe_lock", "Locked"]


def fork_safe_lock() -> AbstractContextManager[Any]:
    """Return a lock for which a fork waits, so that what it guards is whole in the child.

    It lives as long as the process: for a module's own lock. Whoever holds it must not wait for another lock of the
    package, else a fork, which takes them one by one, could wait for ever. The thread that holds it may take it again:
    the handler of a signal may come back to it.
    """
    lock = threading.RLock()

    def take() -> None:
        # Python ignores what is raised here, and forks: so the lock is waited for whatever signals come.
        with held_interrupts(also_second=True):
            lock.acquire()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=take, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


class Locked:
    """Base of what has a lock that is held long, ``_lock``: a fork does not wait for it, the child has it anew.

    What it guards must be such that an exception may leave it at any line: so may a thread that the child lacks. The
    thread that holds it may take it again, as with `fork_safe_lock`.
    """

    def __init__(self) -> None:
        with suppress(IndexError):  # another thread may take the last one between a look and the taking
            while True:
                del _locked[_gone.pop()]
        self._lock = threading.RLock()
        _locked[weakref.ref(self, _gone.append)] = None


_locked: dict[weakref.ref[Locked], None] = {}
"""All that there are."""

_gone: list[weakref.ref[Locked]] = []
"""Those that are there no more: noted by a call into C, since a Ctrl-C in the midst of Python code would be lost."""


def _renew_locks() -> None:
    for reference in list(_locked):
        owner = reference()
        if owner is not None:
            owner._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
