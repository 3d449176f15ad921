"""Sheets to tables: the columns of a file become typed columns.

Numbers are numbers, yes and no (true and false) booleans, ISO dates dates, other words categories; gaps are kept. Not
here: reading files and which cells are missing (``feedforward.data``), what a network gets (``encoding``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from feedforward.data.cells import Cells
from feedforward.data.columns import Column as SheetColumn
from feedforward.data.sheet import Sheet
from feedforward.data.table import check_words, refuse_word
from feedforward.tabular.columns import Column, Table

__all__ = ["sheet_table"]


def sheet_table(sheet: Sheet, names: Sequence[str] | None = None, kinds: Mapping[str, str] | None = None) -> Table:
    r"""Return columns of a file as a table of typed columns.

    Parameters
    ----------
    sheet : Sheet
        The file.
    names : sequence of str, optional
        The columns wanted, in this order; all by default.
    kinds : mapping of str to str, optional
        Of which kind a column is known to be, as ``Encoding.kinds`` says; the others are found out.

    Raises
    ------
    DataError
        If a column is not there, a number is too large for float32, a column of numbers or dates holds a few words, or
        a cell is none that the known kind of its column has; names file, line and column.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from feedforward.data.sheet import read_sheet
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = path.write_text("age,born,city,paid\n31,1990-01-02,Bern,yes\n?,1971-05-06,Rome,no\n")
    >>> table = sheet_table(read_sheet(path))
    >>> [(column.name, column.kind, column.values.tolist()) for column in table.columns[:2]]
    [('age', 'number', [31.0, nan]), ('born', 'date', [7306.0, 490.0])]
    >>> [(column.name, column.kind, column.values.tolist()) for column in table.columns[2:]]
    [('city', 'category', ['Bern', 'Rome']), ('paid', 'boolean', [1.0, 0.0])]
    """
    places = sheet.indices_of(sheet.names if names is None else names)
    return Table(tuple(_column(sheet.cells(place), (kinds or {}).get(sheet.names[place])) for place in places))


def _column(cells: Cells, known: str | None) -> Column:
    """Return a column of the kind that is known, or of the one that its cells are of."""
    kind = known or _kind(cells)
    if kind == "category":
        texts = [None if is_missing else text for text, is_missing in zip(cells.texts, cells.missing, strict=True)]
        return Column(cells.name, kind, np.array(texts, object))
    values = {"boolean": _booleans, "date": _dates}.get(kind, _numbers)(cells)
    is_bad = np.isnan(values) & ~cells.missing
    if is_bad.any():
        row = int(is_bad.argmax())
        cells.refuse(row, "is not yes or no. Every cell of the column is expected to be; correct it.")
    return Column(cells.name, kind, values)


def _kind(cells: Cells) -> str:
    """Return what the cells of a column are."""
    if cells.numbers is not None:
        return "number"
    words = {text for text, is_missing in zip(cells.texts, cells.missing, strict=True) if not is_missing}
    if _is_yes_no(cells, words):
        return "boolean"
    if cells.days is not None:
        return "date"
    check_words(cells)
    return "category"


def _is_yes_no(cells: Cells, words: set[str]) -> bool:
    """Return whether each word is a yes or a no, with one word for either."""
    if len({word.lower() for word in words}) > 2:
        return False
    values = _booleans(cells)[~cells.missing]
    return not np.isnan(values).any() and len({word.lower() for word in words}) == len(np.unique(values))


def _numbers(cells: Cells) -> NDArray[np.float64]:
    if cells.numbers is None:
        refuse_word(cells, "feature")
    cells.check_finite()
    return cells.numbers


def _booleans(cells: Cells) -> NDArray[np.float64]:
    """Return 1 for each yes, 0 for each no, NaN for what is neither."""
    return SheetColumn(cells.name, "yes/no").encoded(cells)[0][:, 0]


def _dates(cells: Cells) -> NDArray[np.float64]:
    """Return days since 1970-01-01."""
    return SheetColumn(cells.name, "date").encoded(cells)[0][:, 0]
