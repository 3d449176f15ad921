"""A line that shows how far many fits are, where there is a terminal to show it; see ``training/progress.py``."""

from __future__ import annotations

import time

from feedforward.training.data import check_verbose
from feedforward.training.progress import erase_line, find_terminal

__all__ = ["Bar"]

_WIDTH = 24
_SECONDS_BETWEEN_DRAWINGS = 0.1


class Bar:
    """Shows a part of a whole, and a word about what was found.

    Parameters
    ----------
    verbose : "auto" or int
        0: nothing. Else a line in a terminal, drawn over and over; elsewhere nothing.
    """

    def __init__(self, verbose: str | int) -> None:
        check_verbose(verbose)
        self._console = find_terminal() if verbose != 0 else None
        self._last = 0.0

    def show(self, part: float, text: str) -> None:
        """Draw the line, at most ten times a second.

        Parameters
        ----------
        part : float
            How much is done, from 0 to 1.
        text : str
            What stands behind the bar.
        """
        now = time.perf_counter()
        if self._console is None or now - self._last < _SECONDS_BETWEEN_DRAWINGS:
            return
        from rich.text import Text

        self._last = now
        filled = round(_WIDTH * min(max(part, 0.0), 1.0))
        line = Text("━" * filled, "cyan").append("─" * (_WIDTH - filled), "bright_black").append(f" {text}")
        line.truncate(max(self._console.width - 1, 1), overflow="ellipsis")
        erase_line(self._console)
        self._console.print(line, end="", soft_wrap=True)
        self._console.file.flush()

    def close(self) -> None:
        """Remove the line."""
        if self._console is not None and self._last:
            erase_line(self._console)
            self._last = 0.0
