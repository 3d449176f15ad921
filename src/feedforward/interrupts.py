"""Signals, held back while something must not be left half done: Ctrl-C, and any other whose handler may raise."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # ``signal`` makes enums of all it returns, which takes ten times longer
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from itertools import compress
from types import FrameType
from typing import Any

__all__ = ["held_interrupts"]

_NUMBERS = tuple(map(int, signal.valid_signals()))


@contextlib.contextmanager
def held_interrupts(also_second: bool = False) -> Iterator[Callable[[], None]]:
    """Let signals that come inside the ``with`` take effect at its end; a second Ctrl-C takes effect at once.

    Parameters
    ----------
    also_second : bool
        Whether a second Ctrl-C waits for the end, too: where leaving early would be worse than waiting, and the end is
        sure to come.

    Yields
    ------
    callable
        Lets those take effect that have come up to now: for a place inside where leaving does no harm.

    Notes
    -----
    As with the system's own pending signals, several of one number are one. Only those with a handler in Python are
    held, since no other can raise an exception. Python runs handlers in the main thread alone; in another thread
    nothing is held back, nor need it be.
    """
    if threading.current_thread() is not threading.main_thread():
        yield _nothing
        return
    hold = _Hold(also_second)
    try:
        hold.begin()
        yield hold.let_through
    finally:
        hold.end()


def _nothing() -> None:
    """Let nothing through, where nothing is held."""


class _Hold:
    """The handler of all signals while they are held.

    Handlers that raise may come in the midst of `end`, so that some stay replaced. No harm is done: a hold that is over
    passes signals on, and the next one puts in its place what it had replaced.
    """

    def __init__(self, also_second: bool) -> None:
        self._also_second = also_second
        self._is_over = False
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._held: dict[int, FrameType | None] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Keep a signal for later, unless the hold is over, or is now: for a second Ctrl-C."""
        if number == signal.SIGINT and number in self._held and not self._also_second:
            del self._held[number]
            self._is_over = True
        if self._is_over:
            self._handlers[number](number, frame)
        else:
            self._held[number] = frame

    def begin(self) -> None:
        """Take the place of all handlers that are written in Python."""
        handlers = [*map(_signal.getsignal, _NUMBERS)]
        for number, handler in compress(zip(_NUMBERS, handlers, strict=True), map(callable, handlers)):  # of 64 a few
            while isinstance(handler, _Hold) and handler._is_over:
                handler = handler._handlers[number]
            self._handlers[number] = handler
            _signal.signal(number, self)

    def end(self) -> None:
        """Give the handlers their places back, and call those whose signals came."""
        self._is_over = True
        try:
            for number, handler in self._handlers.items():
                if _signal.getsignal(number) is self:  # else a handler that was let through has put another there
                    _signal.signal(number, handler)
        finally:
            self.let_through()

    def let_through(self) -> None:
        """Call the handlers of the signals that have come."""
        calls, self._held = list(self._held.items()), {}
        self._call(calls)

    def _call(self, calls: list[tuple[int, FrameType | None]]) -> None:
        """Call the handlers of some signals: of each, whatever the others raise."""
        if calls:
            number, frame = calls.pop()
            try:
                self._handlers[number](number, frame)
            finally:
                self._call(calls)
