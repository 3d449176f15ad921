"""Delimited text: a file to rows of cells, each row with the line at which an editor shows it.

Here: quotes, the delimiter, comments, blank lines, rows of unequal length. Not here: compression and encoding
(``text``), what the cells mean (``cells``), which row is a header (``sheet``).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from feedforward.data.cells import is_number
from feedforward.data.text import read_text
from feedforward.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader  # csv does not name the type before Python 3.13

__all__ = ["Rows", "read_rows", "sniff_delimiter", "is_number"]

_SNIFFED_LINES = 20
_BLANKS = " "  # as a delimiter: any run of blanks and tabs
_CANDIDATES = (",", ";", "\t", "|")
_STATED_DELIMITER = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)  # a first line for Excel


@dataclass(frozen=True)
class Rows:
    """The rows of a delimited file, all equally long and at least one.

    Parameters
    ----------
    path : Path
        The file.
    cells : list of list of str
        The cells, row by row.
    lines : list of int
        For each row the line at which it begins, the first line of the file being 1.
    delimiter : str
        What divides the cells; a blank stands for any run of blanks and tabs.
    encoding : str
        What the file is written in; see `read_text`.
    """

    path: Path
    cells: list[list[str]]
    lines: list[int]
    delimiter: str
    encoding: str


def read_rows(path: Path, delimiter: str | None = None, encoding: str | None = None) -> Rows:
    """Return the rows of a file, blank lines and comments left out.

    Parameters
    ----------
    path : Path
        Text, gzip-compressed or not; ``-`` is standard input.
    delimiter : str or None
        One character; a blank stands for any run of blanks and tabs. None: what a first line ``sep=;`` says, else see
        `sniff_delimiter`; a ``.tsv`` file has tabs.
    encoding : str or None
        What it is written in; None: found, see `read_text`.

    Returns
    -------
    Rows
        Cells as they stand in the file, quotes removed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If the text cannot be read (see `read_text`) or is wrongly quoted, or if a row has another number of cells than
        the first.

    Notes
    -----
    A comment is a line that begins with ``#``: before the first row; after it where the file begins with comments, or
    where the line has another number of cells. The last comment before the first row is the header if it has as many
    cells, none of them a number, and the row has a number: so ``numpy.savetxt`` writes one. Empty cells beyond the last
    that the first row fills are cut off where no row has anything there: they come of delimiters at the ends of lines.
    """
    whole = read_text(path, encoding)
    text, comment, line = _without_comments(whole.content)
    if found := _STATED_DELIMITER.match(text):
        delimiter = delimiter or found[1]
        text, line = text[found.end() :], line + 1
    if delimiter is None:
        is_tsv = ".tsv" in path.suffixes and "\t" in text
        delimiter = "\t" if is_tsv else sniff_delimiter(text)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = _reader(io.StringIO(text, newline=""), delimiter)
    before, line = line, line + 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(row)
                lines.append(line)
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: the row that begins here is wrongly quoted ({error}). A quoted cell ends with a"
            ' quote right before the delimiter, and quotes within it are doubled: "". Correct the quotes.'
        ) from error
    if not rows:
        raise DataError(f"{path}: the file has no rows. A header and at least one row are expected. Check the file.")
    rows, lines = _without_later_comments(rows, lines, bool(comment))
    header = next(_reader([comment.removeprefix("#")], delimiter), []) if comment else []
    header[:1] = [name.strip() or "#" for name in header[:1]]  # a column may be called so
    if len(header) == len(rows[0]) > 1 and not any(map(is_number, header)) and any(map(is_number, rows[0])):
        rows, lines = [header, *rows], [before, *lines]
    rows = _without_empty_ends(rows)
    if any(len(row) != len(rows[0]) for row in rows):
        index = next(index for index, row in enumerate(rows) if len(row) != len(rows[0]))
        raise DataError(
            f"{path}, line {lines[index]}: {len(rows[index])} cells, but line {lines[0]} has {len(rows[0])}"
            f" (delimiter {delimiter!r}). Every row needs the same number. Correct the row, or give another delimiter."
        )
    return Rows(path, rows, lines, delimiter, whole.encoding)


def _without_comments(text: str) -> tuple[str, str, int]:
    """Return a text without the comments before its first row, the last of them, and how many lines are gone."""
    comment, start, count = "", 0, 0
    for line in io.StringIO(text, newline=""):
        if line.strip() and not line.startswith("#"):
            break
        comment = line.strip() or comment
        start, count = start + len(line), count + 1
    # Where nothing else is left, the lines that begin with # are the rows.
    return (text[start:], comment, count) if start < len(text) else (text, "", 0)


def _without_later_comments(
    rows: list[list[str]], lines: list[int], has_comments: bool
) -> tuple[list[list[str]], list[int]]:
    """Return rows and their lines without those that are comments."""
    is_row = [
        not (row[0].startswith("#") and (has_comments or len(row) != len(rows[0])) and index)
        for index, row in enumerate(rows)
    ]
    if all(is_row):
        return rows, lines
    return list(compress(rows, is_row)), list(compress(lines, is_row))


def _without_empty_ends(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the cells beyond the last that the first row fills, where all of those are empty."""
    width = max((place for place, cell in enumerate(rows[0], 1) if cell.strip()), default=len(rows[0]))
    if all(len(row) == width for row in rows):
        return rows
    if any(len(row) < width or any(cell.strip() for cell in row[width:]) for row in rows):
        return rows
    return [row[:width] for row in rows]


def sniff_delimiter(text: str) -> str:
    r"""Return the delimiter of `text`: the comma, semicolon, tab or bar that divides the most of its first lines alike.

    Of equals, the one that leaves the most numbers wins. If neither comma, semicolon nor bar does it, tabs do not
    divide all lines alike, and all have the same number of words, more than one, it is a blank, which stands for any
    run of blanks and tabs.

    Parameters
    ----------
    text : str
        The text; its first 20 lines that are not blank are looked at.

    Returns
    -------
    str
        One of ``","``, ``";"``, ``"\t"``, ``"|"`` and ``" "``; a comma if nothing divides the lines.

    Examples
    --------
    >>> sniff_delimiter("height;weight\n1,80;75\n")
    ';'
    >>> sniff_delimiter("petal length\n1.4\n")
    ','
    """
    first_lines: list[str] = []
    for line in io.StringIO(text, newline=""):
        if line.strip() and not line.startswith("#"):
            first_lines.append(line)
        if len(first_lines) == _SNIFFED_LINES:
            break
    best, best_score, divides_all = ",", (0, 0), False  # score: rows equally long, cells that are numbers
    for candidate in _CANDIDATES:
        rows = _sniffed_rows(first_lines, candidate)
        size, alike = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        score = (alike if size > 1 else 0, sum(is_number(cell) for row in rows for cell in row))
        if score[0] and score > best_score:
            best, best_score, divides_all = candidate, score, alike == len(rows)
    if best_score[0] == 0 or (best == "\t" and not divides_all):
        sizes = {len(row) for row in _sniffed_rows(first_lines, _BLANKS)}
        if len(sizes) == 1 and max(sizes) > 1:
            return _BLANKS
    return best


def _sniffed_rows(lines: list[str], delimiter: str) -> list[list[str]]:
    """Return the rows that `lines` make, as many as are rightly quoted."""
    rows = []
    try:
        for row in _reader(lines, delimiter):
            rows.append(row)
    except csv.Error:  # the last line may be one half of a row; a real fault is reported when all is read
        pass
    return rows


def _reader(lines: Iterable[str], delimiter: str) -> Reader:
    """Return the rows of `lines`."""
    if delimiter == _BLANKS:  # csv skips blanks after a delimiter, not tabs, nor blanks that end a line
        lines = (line.replace("\t", " ").strip() for line in lines)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
