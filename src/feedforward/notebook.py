"""What a notebook shows in place of text: tables, arrays, and an area that is drawn over. Every text is escaped.

Here: HTML, and how to reach the notebook. Not here: what models and histories say of themselves (``summary.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from feedforward.graph.node import Array

__all__ = ["table_html", "text_html", "array_html", "Area", "find_area"]

_MOST_CELLS = 12
"""Rows, and columns, of an array that are shown; of more the first and the last."""


def table_html(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """Return a table as HTML.

    Parameters
    ----------
    title : str
        What stands above it.
    head : sequence of str
        Titles of its columns; none where it is empty.
    rows : sequence of sequence of str
        Its cells; the first column is aligned to the left, the others to the right.
    note : str
        What stands below it.

    Examples
    --------
    >>> table_html("Sizes", [], [["a<b", "2"]])
    '<div><div><b>Sizes</b></div><table><tr><td style="text-align:left">a&lt;b</td><td>2</td></tr></table></div>'
    """
    lines = [_row("th", head)] if head else []
    lines.extend(_row("td", row) for row in rows)
    below = f"<div>{escape(note)}</div>" if note else ""
    return f"<div><div><b>{escape(title)}</b></div><table>{''.join(lines)}</table>{below}</div>"


def _row(tag: str, cells: Sequence[str]) -> str:
    first = f'<{tag} style="text-align:left">'
    texts = (f"{f'<{tag}>' if place else first}{escape(cell)}</{tag}>" for place, cell in enumerate(cells))
    return f"<tr>{''.join(texts)}</tr>"


def text_html(text: str) -> str:
    """Return lines of text as HTML."""
    return f"<pre>{escape(text)}</pre>"


def array_html(title: str, value: Array) -> str:
    """Return an array as HTML: a table of one or two dimensions, text of more; of a large one the borders."""
    if value.ndim not in (1, 2) or not value.size:
        return text_html(f"{title}\n{np.array2string(value, separator=', ', threshold=100)}")
    columns = _shown(value.shape[-1])
    rows = [
        ["…" if column is None or row is None else str(np.atleast_2d(value)[row, column]) for column in columns]
        for row in _shown(len(np.atleast_2d(value)))
    ]
    return table_html(title, [], rows)


def _shown(count: int) -> list[int | None]:
    """Return the places of `count` things that are shown; None stands for those between."""
    if count <= _MOST_CELLS:
        return list(range(count))
    half = _MOST_CELLS // 2
    return [*range(half), None, *range(count - half, count)]


class Area:
    """A part of a notebook's output that can be drawn over.

    Parameters
    ----------
    display : callable
        IPython's ``display``.
    """

    def __init__(self, display: Any) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Show lines of text in place of those before."""
        content = {"text/html": text_html(text), "text/plain": text}
        if self._handle is None:
            self._handle = self._display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


def find_area() -> Area | None:
    """Return a new area of the notebook that the program runs in, or None where there is no notebook.

    Notes
    -----
    IPython is not imported: where it runs, it has been. In a terminal its shell has no kernel.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if ipython is None or getattr(shell, "kernel", None) is None:
        return None
    return Area(ipython.display.display)
