"""What a program became, told at its end by those who built it: ``feedforward run --explain``.

A front end calls `tell` when it has built something (a session's step, a model); `explanation` asks for the texts once
the program has ended. Outside of ``--explain`` nothing is noted, so that nothing is kept alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from feedforward.backends.backend import Executable
from feedforward.execution import backend
from feedforward.graph.program import Program
from feedforward.graph.text import to_text

__all__ = ["tell", "explained", "explanation"]

_WIDTH = 200

_told: dict[str, list[Callable[[], str]]] | None = None
"""What was told under each heading; None where nobody listens."""


def tell(heading: str, text: Callable[[], str]) -> None:
    """Say what the program became under a heading, as far as somebody listens.

    Parameters
    ----------
    heading : str
        Under which the text comes, after what was told before under it.
    text : callable
        Returns the text when the program has ended; an empty one is left out.
    """
    if _told is not None:
        _told.setdefault(heading, []).append(text)


@contextmanager
def explained(is_wanted: bool) -> Iterator[None]:
    """Note what is told, and which programs are compiled, if that is wanted."""
    global _told
    if not is_wanted:
        yield
        return
    chosen = backend()
    compile_program = chosen.compile

    def compile_and_tell(program: Program) -> Executable:
        tell("Compiled programs", lambda: _text(program))
        return compile_program(program)

    _told = {}
    chosen.compile = compile_and_tell  # type: ignore[method-assign]
    try:
        yield
    finally:
        _told = None
        del chosen.compile


def _text(program: Program) -> str:
    """Return the text of a program, whose arrays are cut."""
    count = sum(bool(node.inputs) for node in program.nodes)
    lines = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]}..." for line in to_text(program).splitlines()]
    return "\n".join([f"{count} operation{'s' * (count != 1)}:", *lines, ""])


def explanation() -> str:
    """Return all that was told, under headings; the empty text if nobody listens.

    Examples
    --------
    >>> with explained(True):
    ...     tell("Variables", lambda: "W  float32  (784, 10)")
    ...     print(explanation())
    Variables
    ---------
    W  float32  (784, 10)
    """
    parts = []
    for heading, texts in (_told or {}).items():
        written = [text for text in (make().rstrip("\n") for make in texts) if text]
        if written:
            parts.append("\n".join([heading, "-" * len(heading), *written]))
    return "\n\n".join(parts)
