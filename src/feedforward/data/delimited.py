"""Delimited text: a file to rows of cells, each row with the line at which an editor shows it.

Here: compression, encoding, quotes, the delimiter, blank lines, rows of unequal length. Not here: what the cells mean,
which row is a header (``table``).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedforward.data.packed import pieces
from feedforward.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader  # csv does not name the type before Python 3.13

__all__ = ["Rows", "read_rows", "sniff_delimiter", "is_number"]

_SNIFFED_LINES = 20
_MOST_GROWTH = 100  # of a gzip-compressed text; numbers reach 3, words 20. Tables of little but zeros reach 400
_BLANKS = " "  # as a delimiter: any run of blanks and tabs


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
    """

    path: Path
    cells: list[list[str]]
    lines: list[int]


def read_rows(path: Path, delimiter: str | None = None) -> Rows:
    """Return the rows of a file, blank lines left out.

    Parameters
    ----------
    path : Path
        UTF-8 text, with or without byte order mark, gzip-compressed or not.
    delimiter : str or None
        One character; a blank stands for any run of blanks and tabs. None: see `sniff_delimiter`; a ``.tsv`` file has
        tabs.

    Returns
    -------
    Rows
        Cells as they stand in the file, quotes removed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If it is a folder, empty, not UTF-8 text or wrongly quoted, if a row has another number of cells than the first,
        or if a gzip stream of more than 32 MiB is more than 100 times as long as what it is packed in.
    """
    text = _text(path)
    if delimiter is None:
        is_tsv = ".tsv" in path.suffixes and "\t" in text
        delimiter = "\t" if is_tsv else sniff_delimiter(text)
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = _reader(io.StringIO(text, newline=""), delimiter)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: the row that begins here is wrongly quoted ({error}). A quoted cell ends with a"
            ' quote right before the delimiter, and quotes within it are doubled: "". Correct the quotes.'
        ) from error
    if not rows:
        raise DataError(f"{path}: the file has no rows. A header and at least one row are expected. Check the file.")
    if any(len(row) != len(rows[0]) for row in rows):
        index = next(index for index, row in enumerate(rows) if len(row) != len(rows[0]))
        raise DataError(
            f"{path}, line {lines[index]}: {len(rows[index])} cells, but line {lines[0]} has {len(rows[0])}"
            f" (delimiter {delimiter!r}). Every row needs the same number. Correct the row, or give another delimiter."
        )
    return Rows(path, rows, lines)


def sniff_delimiter(text: str) -> str:
    r"""Return the delimiter of `text`: the comma, semicolon or tab that divides the most of its first lines alike.

    Of equals, the one that leaves the most numbers wins. If neither comma nor semicolon does it, tabs do not divide all
    lines alike, and all have the same number of words, more than one, it is a blank, which stands for any run of blanks
    and tabs.

    Parameters
    ----------
    text : str
        The text; its first 20 lines that are not blank are looked at.

    Returns
    -------
    str
        One of ``","``, ``";"``, ``"\t"`` and ``" "``; a comma if nothing divides the lines.

    Examples
    --------
    >>> sniff_delimiter("height;weight\n1,80;75\n")
    ';'
    >>> sniff_delimiter("petal length\n1.4\n")
    ','
    """
    first_lines: list[str] = []
    for line in io.StringIO(text, newline=""):
        if line.strip():
            first_lines.append(line)
        if len(first_lines) == _SNIFFED_LINES:
            break
    best, best_score, divides_all = ",", (0, 0), False  # score: rows equally long, cells that are numbers
    for candidate in (",", ";", "\t"):
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


def _text(path: Path) -> str:
    """Return the file's text."""
    if path.is_dir():
        raise DataError(f"{path}: a folder. A CSV or TSV file is expected. Give the path of a file in it.")
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file. A CSV or TSV file is expected. Check the path.")
    content = bytearray()
    with path.open("rb") as file:
        for part in pieces(file, str(path), _MOST_GROWTH):
            if not content and part[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise DataError(f"{path}: UTF-16 text. UTF-8 is expected. Save the table as 'CSV UTF-8'.")
            if b"\0" in part:  # at the first of them: /dev/zero has no end
                raise DataError(
                    f"{path}: a binary file, it holds zero bytes. UTF-8 text is expected. Export the table as CSV."
                )
            content += part
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8. UTF-8 text is expected. Save the"
            " table as 'CSV UTF-8'."
        ) from error
    if not text.strip():
        raise DataError(f"{path}: the file is empty. A header and at least one row are expected. Check the file.")
    return text
