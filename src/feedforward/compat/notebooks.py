"""A Jupyter notebook as a program: its cells of code, and what of them is no Python.

Lines of ``%`` and ``!`` are passed over, with a word; those that only measure (``%time``, ``%%time``) leave the code
that they measure. Files of the formats 3 and 4 are read as the JSON that they are. Not here: running the cells.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedforward.errors import FormatError

__all__ = ["Cell", "Shell", "display", "parse_error", "read_notebook"]

_MEASURING = ("time", "timeit", "prun", "capture")
_NOT_PYTHON = re.compile(r"\s*([%!?]|.*\?\??\s*$|(ls|cd|cat|cp|mv|rm|mkdir|pwd)\b[^=(]*$)")


@dataclass(frozen=True)
class Cell:
    """A cell of code.

    Parameters
    ----------
    number : int
        Its place among the cells of code, from 1.
    text : str
        The Python in it, each line where it stands in the notebook.
    passed_over : tuple of (int, str)
        Which lines are passed over, and what stands there.
    """

    number: int
    text: str
    passed_over: tuple[tuple[int, str], ...]


def read_notebook(path: Path) -> list[Cell]:
    """Return the cells of code of a notebook.

    Raises
    ------
    FormatError
        If it is no notebook, or one of another language.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        sheets = notebook["worksheets"] if notebook["nbformat"] == 3 else [notebook]
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        # A cell's text is one string or a list of lines, which format 3 keeps under another name.
        texts = ["".join(cell["source" if "source" in cell else "input"]) for cell in cells]
        about = notebook.get("metadata", {})
        language = about.get("kernelspec", {}).get("language") or about.get("language_info", {}).get("name") or "python"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{path} is no notebook that can be read ({type(error).__name__}: {error}). Expected JSON of Jupyter's "
            f"formats 3 or 4. Save it anew in Jupyter, or give a file of Python."
        ) from error
    if not str(language).startswith(("python", "ipython")):
        raise FormatError(f"{path} is a notebook of {language}. Expected one of Python.")
    return [_cell(number, text) for number, text in enumerate(texts, 1)]


def parse_error(text: str, filename: str = "") -> SyntaxError | None:
    """Return what Python does not understand in a text; None if it is Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said once, when the cell is compiled
        try:
            ast.parse(text, filename)
        except SyntaxError as error:
            return error
        except ValueError as error:  # a zero byte, before Python 3.12
            return SyntaxError(str(error))
    return None


def _cell(number: int, text: str) -> Cell:
    """Return a cell of code without what is no Python, which is found where Python does not understand it."""
    lines = text.splitlines()
    passed: list[tuple[int, str]] = []
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines:  # as Jupyter does: a cell may be indented as a whole
        common = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines = [line.removeprefix(common) for line in lines]
    if lines and lines[first].startswith("%%"):
        is_measured = re.match(r"%%(\w+)", lines[first])
        rest = lines[first + 1 :] if is_measured and is_measured[1] in _MEASURING else []
        passed.append((first + 1, lines[first] + (" and all below it" if not rest else "")))
        lines = [""] * (first + 1) + rest
    while (error := parse_error("\n".join(lines))) is not None:
        others = [place for place, line in enumerate(lines) if _NOT_PYTHON.match(line)]
        if not others:
            break  # a mistake, which is told when the cell is compiled
        place = (error.lineno or 0) - 1
        place = place if place in others else others[0]
        indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
        measured = re.match(rf"\s*%({'|'.join(_MEASURING)})\s+(-\w+\s*\d*\s+)*(?=\w)", lines[place])
        passed.append((place + 1, lines[place].strip() if measured is None else measured[0].strip()))
        while measured is None and lines[place].endswith("\\") and place + 1 < len(lines):
            lines[place] = ""
            place += 1
        lines[place] = indent + ("pass" if measured is None else lines[place][measured.end() :])
    return Cell(number, "\n".join(lines) + "\n", tuple(sorted(passed)))


class Shell:
    """What ``get_ipython()`` returns: its commands are passed over, with a word.

    Parameters
    ----------
    say : callable
        Says it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def magic(self, line: str) -> None:
        """Pass over ``%line``."""
        self._say(f"passed over: %{line}")

    def run_line_magic(self, name: str, line: str, *rest: Any) -> None:
        """Pass over ``%name line``."""
        self._say(f"passed over: %{name} {line}")

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Pass over ``%%name line`` and what stands below it."""
        self._say(f"passed over: %%{name} {line} and all below it")

    def system(self, command: str) -> None:
        """Pass over ``!command``."""
        self._say(f"passed over: !{command}")


def display(*things: Any) -> None:
    """Show things as a notebook without a screen does: by their texts."""
    for thing in things:
        sys.stdout.write(f"{thing!r}\n")
