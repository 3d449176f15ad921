"""Progress: what a person who waits for training sees.

In a terminal one line is drawn over and over: a bar, speed, time left, the running loss and metrics. In a notebook it
stands below the lines of the last epochs. Elsewhere (a file, a pipe, ``TERM=dumb``) each epoch leaves one plain line.
Nothing here changes what is learnt.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from feedforward.nn.config import check_int
from feedforward.notebook import Area, find_area
from feedforward.training.callbacks.callback import Callback, Logs, without_model
from feedforward.training.data import check_verbose
from feedforward.training.summary import number_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Progress", "erase_line", "find_terminal"]

_SECONDS_BETWEEN_DRAWINGS = 0.1
_BAR_WIDTH = 24
_NOTEBOOK_LINES = 20
"""Epochs that a notebook shows while training: all of what it shows is sent anew for each drawing."""


class Progress(Callback):
    """Shows how training goes.

    Parameters
    ----------
    verbose : "auto" or int
        0: nothing. 1 and ``"auto"``: a bar in a terminal or a notebook, where epochs leave a line too; elsewhere as 2.
        2: one plain line for each epoch.
    most_lines : int or None
        In a terminal at most about this many epochs leave a line: all of 20, every tenth of 200. None: all of them.

    Attributes
    ----------
    epoch : int
        The epoch under way, counted from 0.

    Raises
    ------
    ValueError
        If `verbose` or `most_lines` is none of these.

    Notes
    -----
    The cursor is never hidden and no thread runs, so an exception in the middle of training leaves the terminal as it
    was. ``NO_COLOR`` is respected.

    Examples
    --------
    >>> from feedforward.training.callbacks import Plan
    >>> progress = Progress(verbose=2)
    >>> progress.plan = Plan(epochs=2, initial_epoch=1, steps=10, samples=100)
    >>> progress.on_train_begin()
    >>> progress.on_epoch_begin(1)
    >>> progress.on_epoch_end(1, {"loss": 0.5, "accuracy": 0.75})  # doctest: +ELLIPSIS
    epoch 2/2 - ... s - loss 0.5000 - accuracy 0.7500
    """

    verbose: str | int
    most_lines: int | None
    epoch: int

    def __init__(self, verbose: str | int = "auto", most_lines: int | None = None) -> None:
        check_verbose(verbose)
        if most_lines is not None:
            check_int("Progress", "most_lines", most_lines, 1)
        self.verbose = verbose
        self.most_lines = most_lines
        self._console: Console | None = None
        self._area: Area | None = None
        self._lines: deque[str] = deque(maxlen=_NOTEBOOK_LINES)
        self._is_drawn = False
        self._start = self._epoch_start = self._last_drawing = 0.0
        self.epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out whether there is a terminal or a notebook."""
        self._console = find_terminal() if self.verbose in ("auto", 1) else None
        self._area = find_area() if self.verbose in ("auto", 1) else None
        self._lines.clear()
        self._is_drawn = False
        self._start = self._epoch_start = time.perf_counter()
        self.epoch = self.plan.initial_epoch  # of an epoch that goes on from a backup nobody tells the begin

    @without_model
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin a bar."""
        self.epoch = epoch
        self._epoch_start = time.perf_counter()
        self._draw(0, {})

    def on_look(self, step: int, logs: Logs) -> None:
        """Draw the bar anew, at most ten times a second."""
        self._draw(step, logs)

    @without_model
    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Leave a line about the epoch."""
        if self.verbose == 0:
            return
        line = f"{self._place(epoch)} - {_seconds(time.perf_counter() - self._epoch_start)}{_numbers(logs, ' - ')}"
        if self._area is not None:
            if self._leaves_line(epoch):
                self._lines.append(line)  # to be shown with the next bar, or when the bar is removed
                self._is_drawn = True
        elif self._console is None:
            print(line, flush=True)
        elif self._leaves_line(epoch):
            self._erase()
            self._console.print(line.replace(" - ", "  "), highlight=False, soft_wrap=True)

    def on_train_end(self, logs: Logs) -> None:
        """Remove the bar."""
        self.close()

    def close(self) -> None:
        """Remove the bar, if one is drawn: for a program that ends training with an exception."""
        self._erase()

    def _leaves_line(self, epoch: int) -> bool:
        count = self.plan.epochs - self.plan.initial_epoch
        every = 1 if self.most_lines is None else -(-count // self.most_lines)
        return (epoch + 1) % every == 0 or epoch + 1 == self.plan.epochs

    def _place(self, epoch: int) -> str:
        total = str(self.plan.epochs)
        return f"epoch {epoch + 1:>{len(total)}}/{total}"

    def _erase(self) -> None:
        if self._is_drawn and self._area is not None:
            self._show()
        elif self._is_drawn and self._console is not None:
            erase_line(self._console)
        self._is_drawn = False

    def _show(self, bar: str = "") -> None:
        """Draw the lines of the last epochs, and the bar, in the notebook."""
        if self._area is not None:
            self._area.show("\n".join([*self._lines, *([bar] if bar else [])]))

    def _draw(self, step: int, logs: Mapping[str, float]) -> None:
        now = time.perf_counter()
        is_seen = self._console is not None or self._area is not None
        if not is_seen or now - self._last_drawing < _SECONDS_BETWEEN_DRAWINGS:
            return
        self._last_drawing = now
        line = self._bar(step, now, logs)
        if self._console is None:
            self._show(line.plain)
            self._is_drawn = True
            return
        line.truncate(max(self._console.width - 1, 1), overflow="ellipsis")
        erase_line(self._console)
        self._console.print(line, end="", soft_wrap=True)
        self._console.file.flush()
        self._is_drawn = True

    def _bar(self, step: int, now: float, logs: Mapping[str, float]) -> Text:
        """Return the line: epoch, bar, steps, speed, time left, loss and metrics, as far as they are known."""
        from rich.text import Text

        text = Text.assemble(f"{self._place(self.epoch)} ")
        steps, samples, elapsed = self.plan.steps, self.plan.samples, now - self._epoch_start
        if steps is None:
            text.append(f"{step} steps")
        else:
            filled = round(_BAR_WIDTH * min(step / steps, 1.0))
            text.append("━" * filled, "cyan").append("─" * (_BAR_WIDTH - filled), "bright_black")
            text.append(f" {step}/{steps}")
            if samples is not None and step and elapsed > 0:
                text.append(f"  {samples * step / steps / elapsed:,.0f} samples/s", "bright_black")
            done = (self.epoch - self.plan.initial_epoch) * steps + step
            total = (self.plan.epochs - self.plan.initial_epoch) * steps
            if done and now > self._start:
                text.append(f"  {_clock((total - done) * (now - self._start) / done)} left", "bright_black")
        text.append(_numbers(logs, "  "))
        return text


def find_terminal() -> Console | None:
    """Return a console if standard output is a terminal on which a line can be drawn over, else None."""
    if not (hasattr(sys.stdout, "isatty") and sys.stdout.isatty()):
        return None
    from rich.console import Console

    console = Console(file=sys.stdout)
    is_able = console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only
    return console if is_able else None


def erase_line(console: Console) -> None:
    """Erase the line on which the cursor stands, and put it at its beginning."""
    from rich.control import Control
    from rich.segment import ControlType

    console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))


def _numbers(logs: Mapping[str, float], separator: str) -> str:
    """Return the loss and the metrics, each with four significant digits or four decimals."""
    return "".join(f"{separator}{name} {number_text(value)}" for name, value in logs.items())


def _clock(seconds: float) -> str:
    """Return seconds as ``m:ss`` or ``h:mm:ss``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
