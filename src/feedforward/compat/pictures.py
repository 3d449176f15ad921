"""Where there is no screen, ``plt.show()`` writes its pictures into the working folder and says so.

Matplotlib takes ``without_screen.py`` for a backend then. With a screen, or where the user chose a backend, it does
what it always does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["without_screen", "show", "show_all"]

_BACKEND = "module://feedforward.compat.without_screen"

_program = "program"
"""What the names of the pictures begin with."""

_is_due = False
"""Whether figures were shown without waiting, as animations do: then their last state is written at the end."""


@contextmanager
def without_screen(program: str) -> Iterator[None]:
    """Let ``plt.show()`` write pictures if there is no screen and the user chose no backend of Matplotlib.

    Parameters
    ----------
    program : str
        What the names of the pictures begin with.
    """
    global _program
    has_screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_screen or "MPLBACKEND" in os.environ:
        yield
        return
    _program = program
    before = _use(_BACKEND)
    os.environ["MPLBACKEND"] = _BACKEND  # for a Matplotlib that is imported later
    try:
        yield
        if _is_due:
            show_all()
    finally:
        del os.environ["MPLBACKEND"]
        if "matplotlib.pyplot" in sys.modules:  # what a program leaves open goes with it
            sys.modules["matplotlib.pyplot"].close("all")
        _use(before)


def _use(backend: str) -> str:
    """Change Matplotlib's backend if it is loaded; return which one it had."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return "agg"
    before = str(matplotlib.get_backend())
    matplotlib.use("agg" if before == backend == _BACKEND else backend)
    return before


def show(*, block: bool | None = None) -> None:
    """Write the figures that are open, and close them, as a reader closes windows: what ``plt.show()`` does here.

    Parameters
    ----------
    block : bool, optional
        False to go on at once: then they are written at the end of the program. By default that is so after
        ``plt.ion()`` alone.
    """
    global _is_due
    from matplotlib import pyplot

    if not pyplot.isinteractive() if block is None else block:
        show_all()
    else:
        _is_due = True


def show_all() -> None:
    """Write all figures that are open, and close them; nothing if the program chose another backend."""
    global _is_due
    _is_due = False
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or sys.modules["matplotlib"].get_backend() != _BACKEND:
        return
    for number in pyplot.get_fignums():
        _write(pyplot.figure(number))
    pyplot.close("all")


def _write(figure: Any) -> None:
    """Write a figure under the first name that is free, and say where it is."""
    number = 1
    while (path := Path(f"{_program}-figure-{number}.png")).exists():  # nothing of the user's is written over
        number += 1
    try:
        figure.savefig(path)
    except OSError as error:
        said = f"a figure is passed over: there is no screen, and {path} cannot be written ({error.strerror})"
    else:
        said = f"there is no screen; a figure is in {path}"
    print(f"feedforward: {said}", file=sys.stderr)
