"""The cells of a column: which are missing, what number a text stands for, and which cell is at fault.

Here: one column at a time. Not here: the text format (``delimited``), what a column is taken for (``columns``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

__all__ = [
    "MISSING",
    "LARGEST",
    "Cells",
    "day_of",
    "few",
    "is_date",
    "is_number",
    "looks_like_number",
    "is_ambiguous",
    "shortened",
    "listed",
]

MISSING = frozenset(("", "-", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "+nan", "-nan", "null", "none"))
"""What stands for a missing value, in lower case: what pandas takes for one, the mark of the UCI tables, and a dash.

A column that also holds ``+`` has two signs for values, so there ``-`` is one. Elsewhere a text column cannot tell a
value called ``-`` from an empty cell: that is what it costs to take tables with dashes as they are.
"""

LARGEST = float(np.finfo(np.float32).max)
"""What a number in a table may be at most, for the network computes in float32."""

_SPACED = re.compile(r"(?<=\d)[ \u00a0\u202f'\u2019](?=\d{3}(?!\d))")
_ENGLISH = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d*)?")  # 0,942 has no thousands
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTINENTAL = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?")


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of a file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The column's.
    texts : list of str
        Its cells, blanks around them removed.
    lines : list of int
        For each the line at which its row begins.
    delimiter : str
        What divides the cells of the file.
    """

    path: Path
    name: str
    texts: list[str]
    lines: list[int]
    delimiter: str

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells are missing, shape (n,)."""
        if self._plain_numbers is not None:  # most columns; all texts that NumPy reads as NaN are in MISSING
            return np.isnan(self._plain_numbers)
        gaps = self._gaps
        return np.fromiter((text in gaps for text in self.texts), bool, len(self.texts))

    @cached_property
    def _gaps(self) -> set[str]:
        """The different cells that stand for a missing value; see `MISSING`."""
        texts = set(self.texts)
        return {text for text in texts if text.lower() in MISSING} - ({"-"} if "+" in texts else set())

    @cached_property
    def numbers(self) -> NDArray[np.float64] | None:
        """The cells' values, NaN where one is missing, shape (n,); None if one of them is no number."""
        return self._uncommon_numbers() if self._plain_numbers is None else self._plain_numbers

    @cached_property
    def _plain_numbers(self) -> NDArray[np.float64] | None:
        """The cells' values if NumPy reads them all, shape (n,)."""
        try:
            values = np.array(self.texts, dtype=np.float64)
        except ValueError:
            return None
        return None if "_" in "".join(self.texts) else values  # float("1_0") is 10.0

    def _uncommon_numbers(self) -> NDArray[np.float64] | None:
        """Return `numbers` where some cells are missing or written in the way of a country."""
        values = _values(set(self.texts) - self._gaps, self.delimiter)
        if values is None:
            return None
        return np.array([values.get(text, np.nan) for text in self.texts])

    @cached_property
    def days(self) -> NDArray[np.float64] | None:
        """The cells' dates as days since 1970-01-01, NaN where one is missing, shape (n,); None if one is no date."""
        days = {text: day_of(text) for text in set(self.texts) - self._gaps}
        if not days or any(map(math.isnan, days.values())):
            return None
        return np.array([days.get(text, np.nan) for text in self.texts], dtype=np.float64)

    def check_finite(self) -> None:
        """Raise if a number is infinite, or too large for float32."""
        if self.numbers is not None:
            is_bad = np.abs(self.numbers) > LARGEST  # false for NaN, which is missing
            if is_bad.any():
                self.refuse(
                    int(is_bad.argmax()),
                    f"is not finite in float32. Correct it (at most {LARGEST:.1e}), or drop its row or the column.",
                )

    def refuse(self, row: int, fault: str) -> NoReturn:
        """Raise a DataError that names file, line, column and cell, and says what is wrong with it."""
        where = f"{self.path}, line {self.lines[row]}, column {self.name!r}"
        raise DataError(f"{where}: {shortened(self.texts[row])} {fault}")

    def refuse_missing(self, role: str) -> NoReturn:
        """Raise for the first missing cell of a column that needs all of them."""
        row, count = int(self.missing.argmax()), int(self.missing.sum())
        mark = "the cell is empty" if not self.texts[row] else f"the cell is missing ({shortened(self.texts[row])})"
        many = f", as are {count} of {len(self.texts)}" if count > 1 else ""
        raise DataError(
            f"{self.path}, line {self.lines[row]}, column {self.name!r}: {mark}{many}. Every {role} needs a value;"
            f" fill it in, or drop its row{'' if role == 'target' else ' or the column'}."
            + (" If it is a class, call it otherwise." if self.texts[row] and role == "target" else "")
        )


def is_number(cell: str) -> bool:
    """Return whether `cell` is written as a number, among which are ``nan`` and ``inf``.

    Examples
    --------
    >>> [is_number(cell) for cell in ("-1.5e3", " 7 ", "nan", "1,5", "1_000", "")]
    [True, True, True, False, False, False]
    """
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def is_date(cell: str) -> bool:
    """Return whether a cell is a date, or a date with a time, as ISO 8601 writes it.

    Examples
    --------
    >>> [is_date(cell) for cell in ("2024-02-29", "2024-02-29T12:00:00Z", "2023-02-29", "2024-02", "20240229")]
    [True, True, False, False, False]
    """
    return not math.isnan(day_of(cell))


def day_of(cell: str) -> float:
    """Return the days since 1970-01-01 of a date with or without time, in UTC if it names no zone; NaN of what is none.

    Examples
    --------
    >>> day_of("1970-01-02T12:00"), day_of("1970-01-02T12:00+12:00"), day_of("2020-02-30")
    (1.5, 1.0, nan)
    """
    if not _DATE.match(cell):
        return math.nan
    try:
        date = datetime.fromisoformat(cell)
        return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH) / timedelta(days=1)
    except (ValueError, OverflowError):
        return math.nan


def looks_like_number(cell: str) -> bool:
    """Return whether a cell is a number in the way of some country.

    Examples
    --------
    >>> [looks_like_number(cell) for cell in ("1.5", "1,5", "1,234.5", "1.234,5", "12 345", "1,2,3", "a")]
    [True, True, True, True, True, False, False]
    """
    bare = _SPACED.sub("", cell)
    return is_number(cell) or any(form.fullmatch(bare) for form in (_ENGLISH, _CONTINENTAL))


def is_ambiguous(cell: str, delimiter: str) -> bool:
    """Return whether a comma or a point of a cell may stand for thousands as well as for decimals: ``1,234``."""
    return not is_number(cell) and _ENGLISH.fullmatch(cell) is not None and _values({cell}, delimiter) is None


def shortened(cell: str) -> str:
    """Return a cell for a message."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _values(words: set[str], delimiter: str) -> dict[str, float] | None:
    """Return what the different cells of a column stand for, None if one is no number or it cannot be told.

    ``1,234.5`` and ``1,234,567`` are English, ``1.234,5`` and ``1,5`` continental; blanks and apostrophes may divide
    thousands in both. A column is written in one of the ways. ``1,234`` alone is read as English in a file whose
    delimiter is the comma, for who writes decimals with a comma takes another one.
    """
    if all(map(is_number, words)):
        return {word: float(word) for word in words}
    bare = {word: _SPACED.sub("", word) for word in words}
    is_english = all(_ENGLISH.fullmatch(text) for text in bare.values())
    is_continental = all(_CONTINENTAL.fullmatch(text) for text in bare.values())
    if is_english and (not is_continental or delimiter == "," or not any("," in text for text in bare.values())):
        return {word: float(text.replace(",", "")) for word, text in bare.items()}
    if is_continental and not is_english:
        return {word: float(text.replace(".", "").replace(",", ".")) for word, text in bare.items()}
    return None


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first ten of many."""
    rest = f", ... ({len(names) - 10} more)" if len(names) > 10 else ""
    return ", ".join(map(repr, names[:10])) + rest


def few(values: Sequence[str]) -> str:
    r"""Return the first values of many for a line.

    Examples
    --------
    >>> few(["blue", "light\n blue", "red", "of a name without an end", "green"])
    'blue, light blue, red, of a name without..., ...'
    """
    lines = [" ".join(value.split()) for value in values[:4]]
    shown = [line if len(line) <= 20 else f"{line[:17]}..." for line in lines]
    return ", ".join(shown) + (", ..." if len(values) > 4 else "")
