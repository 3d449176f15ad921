"""Which tapes may still be asked for a gradient: tensors keep the history that one of them needs.

Also here: how often it was changed what may be trained, on which depends what a tape watches.
"""

from __future__ import annotations

import itertools
import weakref
from typing import Any

from feedforward.forks import fork_safe_lock

__all__ = ["keep_history", "drop_history", "live_tapes", "note_freezing", "freezings"]

_freezings = itertools.count(1)
_last_freezing = 0

_live_tapes: weakref.WeakSet[Any] = weakref.WeakSet()
_lock = fork_safe_lock()


def keep_history(tape: Any) -> None:
    """Let tensors keep what `tape` records until `drop_history`, or until the tape is gone."""
    with _lock:
        _live_tapes.add(tape)


def drop_history(tape: Any) -> None:
    """Let tensors forget what only `tape` needed: it is not asked for a gradient any more."""
    with _lock:
        _live_tapes.discard(tape)


def live_tapes() -> list[Any]:
    """Return the tapes that may still be asked; a copy, since other threads open tapes too."""
    if not _live_tapes:
        return []
    with _lock:
        return list(_live_tapes)


def note_freezing() -> None:
    """Note that `trainable` of a variable or a layer was changed: what was traced before may not be so now."""
    global _last_freezing
    _last_freezing = next(_freezings)


def freezings() -> int:
    """Return how often that was noted."""
    return _last_freezing
