"""Files of the svmlight and LETOR form: a target, a query, and the columns that are not 0, a line for each row.

    line  ::= target ["qid:" query] (column ":" value)* ["#" comment]
    target, value ::= a decimal number;  query, column ::= a whole number

Columns rise within a line and are counted from 1. What stands in a file is checked as if an attacker had written it: no
number, line or column can take more memory than the text itself takes times a constant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from feedforward.data.packed import pieces
from feedforward.errors import DataError
from feedforward.linear.rows import Rows, csr
from feedforward.nn.config import check_int

__all__ = ["QueryRows", "read_svmlight"]

Floats = NDArray[np.float64]

_MOST_GROWTH = 100
"""How many bytes a byte of a gzip stream may become: files of this form come to 20."""

_LONGEST_LINE = 2**24
_MOST_COLUMNS = 2**31 - 1
_NUMBER = rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,5})?"
_LINE = re.compile(rb"[ \t]*(%b)(?:[ \t]+qid:(\d{1,18}))?((?:[ \t]+\d{1,10}:%b)*)[ \t]*" % (_NUMBER, _NUMBER))
_TARGET, _ENTRY, _QUERY = re.compile(_NUMBER), re.compile(rb"\d{1,10}:" + _NUMBER), re.compile(rb"qid:\d{1,18}")


@dataclass(frozen=True)
class QueryRows:
    """The rows of a file.

    Parameters
    ----------
    rows : Rows
        n rows, d columns, compressed: float64.
    targets : float64 array, shape (n,)
        What stands first in each line: a label, or how relevant a document is.
    queries : int64 array, shape (n,), or None
        The query of each row; None where the file has none.
    """

    rows: Rows
    targets: Floats
    queries: NDArray[np.int64] | None


def read_svmlight(path: str | Path, columns: int | None = None) -> QueryRows:
    r"""Return the rows of a file in svmlight or LETOR form, gzip-compressed or not.

    Parameters
    ----------
    path : path
        ``2 qid:10 1:0.5 3:-2 # a comment``, a line for each row. Blank lines and comments are left out.
    columns : int, optional
        d; else the largest column that occurs. Give it where test data may lack the last columns.

    Returns
    -------
    QueryRows

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If a line is not of this form, names line and column as an editor shows them; if a number is not finite, some
        lines have a query and others none, there are no rows, or what is unpacked grows beyond measure.

    References
    ----------
    Joachims, "Making large-scale SVM learning practical", 1999 (svmlight); Qin and Liu, "Introducing LETOR 4.0
    datasets", 2013.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "small.txt"
    ...     _ = path.write_text("2 qid:7 1:0.5 3:-2 # good\n0 qid:7 2:1\n")
    ...     found = read_svmlight(path)
    >>> found.targets, found.queries
    (array([2., 0.]), array([7, 7]))
    >>> found.rows.dense()
    array([[ 0.5,  0. , -2. ],
           [ 0. ,  1. ,  0. ]])
    """
    if columns is not None:
        check_int("read_svmlight", "columns", columns, 1)
    path = Path(path)
    targets: list[float] = []
    queries: list[int] = []
    indices: list[NDArray[np.int64]] = []
    values: list[Floats] = []
    for number, line in _lines(path):
        found = _LINE.fullmatch(line)
        if found is None:
            _refuse(path, number, line)
        if targets and (found[2] is None) == bool(queries):  # the first line decided
            raise DataError(
                f"{path}, line {number}: it has {'no' if queries else 'a'} qid, unlike the lines before it. Expected "
                f"one in all lines or in none. Correct the line."
            )
        tokens = found[3].replace(b":", b" ").split()
        places, numbers = np.array(tokens[::2], dtype=np.int64), np.array(tokens[1::2], dtype=np.float64)
        target = float(found[1])
        if not (np.isfinite(numbers).all() and np.isfinite(target)):
            _refuse(path, number, line)
        most = _MOST_COLUMNS if columns is None else columns
        if len(places) and (places[0] < 1 or places[-1] > most or (np.diff(places) <= 0).any()):
            _refuse_order(path, number, line, most)
        targets.append(target)
        if found[2] is not None:
            queries.append(int(found[2]))
        indices.append(places - 1)
        values.append(numbers)
    if not targets:
        raise DataError(f"{path}: the file has no rows. Expected lines such as '1 qid:7 1:0.5 3:2'. Check the file.")
    starts = np.concatenate([[0], np.cumsum([len(each) for each in indices])])
    together = np.concatenate(indices)
    width = columns or max(1, int(together.max(initial=0)) + 1)
    rows = csr(np.concatenate(values), together, starts, width)
    return QueryRows(rows, np.array(targets), np.array(queries, np.int64) if queries else None)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file that hold something, without comments, each with its number from 1."""
    rest, number = b"", 0
    with path.open("rb") as file:
        for piece in pieces(file, str(path), _MOST_GROWTH):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                number += 1
                if text := line.partition(b"#")[0].strip():
                    yield number, line.partition(b"#")[0].rstrip()
            if len(rest) > _LONGEST_LINE:
                raise DataError(
                    f"{path}, line {number + 1}: it is longer than {_LONGEST_LINE:,} bytes. Expected a row for each "
                    f"line. Check that the file is text."
                )
    text = rest.partition(b"#")[0].rstrip()
    if text.strip():
        yield number + 1, text


def _refuse(path: Path, number: int, line: bytes) -> NoReturn:
    """Raise for the first word of a line that is not what it should be."""
    for place, word in enumerate(re.finditer(rb"[^ \t]+", line)):
        pattern, wanted = (_TARGET, "a number, the target") if place == 0 else (_ENTRY, "column:value")
        if place == 1 and word[0].startswith(b"qid"):
            pattern, wanted = _QUERY, "qid: and a whole number of at most 18 digits"
        is_form = pattern.fullmatch(word[0]) is not None
        if not is_form or (pattern is not _QUERY and not np.isfinite(float(word[0].rpartition(b":")[2]))):
            shown = word[0][:40].decode("utf-8", "replace")
            raise DataError(
                f"{path}, line {number}, column {word.start() + 1}: {shown!r}. Expected {wanted}"
                f"{', finite' if is_form else ''}. Correct the line."
            )
    raise DataError(f"{path}, line {number}: it is not of the form 'target qid:query column:value'. Correct the line.")


def _refuse_order(path: Path, number: int, line: bytes, most: int) -> NoReturn:
    """Raise for the first column of a line that is not above the one before it, or beyond the last."""
    before = 0
    for word in re.finditer(rb"[ \t](\d+):", line):
        column = int(word[1])
        if not before < column <= most:
            break
        before = column
    raise DataError(
        f"{path}, line {number}, column {word.start(1) + 1}: column {column} of the data after {before}. Expected "
        f"columns to rise, from 1 to {most}. Sort them, or give a larger columns=."
    )
