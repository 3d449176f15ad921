"""Ctrl-C, held back while something must not be left half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def held_interrupts(also_second: bool = False) -> Iterator[None]:
    """Let a Ctrl-C that comes inside the ``with`` take effect at its end; a second one takes effect at once.

    Parameters
    ----------
    also_second : bool
        Whether a second one waits for the end, too: where leaving early would be worse than waiting, and the end is
        sure to come.

    Notes
    -----
    Python runs handlers of signals in the main thread alone; in another thread nothing is held back, nor need it be.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append((number, frame))
        if len(held) > 1 and not also_second:
            handler(number, frame)

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if also_second or len(held) == 1:
            for each in held:
                handler(*each)
