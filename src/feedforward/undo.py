"""Undo: what a function changed before an exception, Ctrl-C included, ended it, is changed back.

So whoever is interrupted while layers make their weights can begin anew, with the same weights in the end. Not here:
Ctrl-C held back for a moment (``interrupts.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from feedforward.interrupts import held_interrupts

__all__ = ["Undo", "all_or_nothing", "on_error", "remember"]

P = ParamSpec("P")
R = TypeVar("R")

Undo = Callable[[], object]
"""Changes something back; does nothing where it has not been changed."""


class _Open(threading.local):
    """What this thread has to undo for the innermost `all_or_nothing` under way, the last change last."""

    journal: list[Undo] | None = None


_open = _Open()


def all_or_nothing(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that does what `function` does; an exception undoes what was entered by `on_error` meanwhile.

    Notes
    -----
    A decorator, not a ``with``: Ctrl-C can come before the first line of an ``__exit__``, which would then do nothing.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        outer = _open.journal
        journal: list[Undo] = []
        try:
            _open.journal = journal
            result = function(*args, **kwargs)
            if outer is not None:  # what it is a part of may fail yet
                outer.extend(journal)
            return result
        except BaseException:
            with held_interrupts(also_second=True):
                while journal:
                    journal.pop()()
            raise
        finally:
            _open.journal = outer

    return wrapped


def on_error(undo: Undo) -> None:
    """Let `undo` be called when an exception ends the `all_or_nothing` under way; enter it before the change."""
    if _open.journal is not None:
        _open.journal.append(undo)


def remember(thing: object) -> None:
    """Let the attributes of a thing, and what its lists and dicts hold, be as they are now when an exception comes."""
    if _open.journal is not None:
        before = {
            name: (value, copy(value) if type(value) in (list, dict) else None) for name, value in vars(thing).items()
        }
        _open.journal.append(partial(_restore, thing, before))


def _restore(thing: object, before: dict[str, tuple[Any, Any]]) -> None:
    attributes = vars(thing)  # past any __setattr__
    for name in attributes.keys() - before.keys():
        del attributes[name]
    for name, (value, items) in before.items():
        if items is not None:
            value.clear()
            (value.extend if type(value) is list else value.update)(items)
        attributes[name] = value
