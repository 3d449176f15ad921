"""A sheet: a file to columns that have names.

Here: whether the first row is a header, names, which column a name or a place means. Not here: the text format
(``delimited``), what the cells of a column stand for (``cells``, ``columns``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from feedforward.data.cells import MISSING, Cells, is_date, is_number, listed
from feedforward.data.delimited import Rows, read_rows
from feedforward.errors import DataError
from feedforward.lookup import did_you_mean

__all__ = ["Dialect", "Sheet", "read_sheet"]

_ROWS_LOOKED_AT = 1000
"""How many rows say whether the one above them is a header."""


@dataclass(frozen=True)
class Dialect:
    """What a user says of how a file is written; None: it is found out, see `read_sheet`.

    Parameters
    ----------
    delimiter : str or None
        What divides its cells.
    encoding : str or None
        Python's name of what it is encoded in.
    header : bool or None
        Whether its first row names the columns.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of a file.

    Parameters
    ----------
    rows : Rows
        Its rows without the header, at least one.
    names : tuple of str
        The columns' names, all different: those of the header, or ``"c1"``, ``"c2"``, ...
    has_header : bool
        Whether the first row was taken for the names.
    """

    rows: Rows
    names: tuple[str, ...]
    has_header: bool

    @property
    def path(self) -> Path:
        """The file."""
        return self.rows.path

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows.cells)

    def cells(self, index: int) -> Cells:
        """Return the column at a place."""
        texts = [row[index].strip() for row in self.rows.cells]
        return Cells(self.path, self.names[index], texts, self.rows.lines, self.rows.delimiter)

    def index_of(self, name: str, what: str) -> int:
        """Return the place of the column that a name, or a place written as a number, means; a name comes first.

        Parameters
        ----------
        name : str
            The name or place.
        what : str
            What messages say of it: ``"for the target"``.

        Raises
        ------
        DataError
            If there is none.
        """
        index = self.names.index(name) if name in self.names else _place(name, len(self.names))
        if index is None:
            raise DataError(
                f"{self.path}: no column {name!r} {what} among {len(self.names)}. {self._near(name)}{self._hint}"
            )
        return index

    def indices_of(self, columns: Sequence[str]) -> list[int]:
        """Return the places of columns; without a header numbers are places, too, the first of them 0.

        Raises
        ------
        DataError
            If one is not there.
        """
        places = {name: index for index, name in enumerate(self.names)}
        if not self.has_header:
            places |= {str(index): index for index in range(len(self.names))}
        missing = [name for name in columns if name not in places]
        if missing:
            raise DataError(
                f"{self.path}: {len(missing)} of {len(columns)} features have no column: {listed(missing)}."
                f" {self._near(missing[0])}{self._hint}"
            )
        return [places[name] for name in columns]

    @property
    def _hint(self) -> str:
        """What to say to who gave a name where there is no header."""
        return "" if self.has_header else " The first row was taken for data, so the columns are called c1, c2, ..."

    def _near(self, name: str) -> str:
        """Return "Did you mean", or the known columns if they are not too many to read."""
        candidates = self.names[:1000]  # comparing takes long
        # It fails on "_a" and "a__b".
        suggestion = did_you_mean(name, [name for name in candidates if all(name.split("_"))])
        return suggestion if suggestion.startswith("Did") else f"The file has: {listed(self.names)}."


def read_sheet(path: Path, known: Sequence[str] = (), dialect: Dialect | None = None) -> Sheet:
    """Return the columns of a file.

    Parameters
    ----------
    path : Path
        A CSV or TSV file.
    known : sequence of str
        Names of columns that the user or a trained network knows: a first row that holds all of them is a header.
    dialect : Dialect or None
        What is known of how it is written; what is not: see `read_rows` and `_is_header`.

    Raises
    ------
    FileNotFoundError, DataError
        If the file cannot be read, or its header has no name or the same twice.
    """
    dialect = dialect or Dialect()
    rows, header = read_rows(path, dialect.delimiter, dialect.encoding), dialect.header
    first = [cell.strip() for cell in rows.cells[0]]
    if not (_is_header(first, rows.cells[1:], known) if header is None else header):
        return Sheet(rows, tuple(f"c{number}" for number in range(1, len(first) + 1)), False)
    where = f"{rows.path}, line {rows.lines[0]}"
    places: dict[str, int] = {}
    for index, name in enumerate(first):
        if not name:
            raise DataError(
                f"{where}: column {index + 1} of {len(first)} has no name. Every column needs one. Name it, or remove"
                " it (an index that pandas wrote: to_csv(index=False))."
            )
        if places.setdefault(name, index) != index:
            raise DataError(
                f"{where}: two columns are called {name!r}, number {places[name] + 1} and number {index + 1}."
                " Names must be distinct. Rename one."
            )
    if len(rows.cells) == 1:
        raise DataError(f"{where}: only a header. At least one row of data is expected. Check the file.")
    data = replace(rows, cells=rows.cells[1:], lines=rows.lines[1:])
    return Sheet(data, tuple(first), True)


def _is_header(first: list[str], rest: list[list[str]], known: Sequence[str]) -> bool:
    """Return whether the first row names the columns.

    1. It does if it holds all the names that are known.
    2. It does if a word of it stands above a column of numbers.
    3. It does not if a word of it stands in its column again, for then it is a value, nor if a date stands above dates.
    4. It does if it holds no number.
    5. Numbers are names if they count up by one, as pandas writes them, or a table by years: ``0,1,2`` unless ``3,4,5``
       is below or all of it stands there again, other numbers only above fractions.
    """
    if known and set(known) <= set(first):
        return True
    some = rest[:_ROWS_LOOKED_AT]
    words = [index for index, cell in enumerate(first) if cell.lower() not in MISSING and not is_number(cell)]
    for index in words:
        below = [cell for row in some if (cell := row[index].strip()).lower() not in MISSING]
        if below and sum(map(is_number, below)) >= 0.9 * len(below):  # a header may come again where files were joined
            return True
    if any(row[index].strip() == first[index] for index in words for row in some):
        return False
    if any(is_date(first[index]) and all(is_date(row[index].strip()) for row in some[:1]) for index in words):
        return False
    numbers = [(index, cell) for index, cell in enumerate(first) if is_number(cell)]
    if not numbers:
        return True
    if len(numbers) < 2 or not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for _, cell in numbers):
        return False
    start = int(numbers[0][1])
    if [cell for _, cell in numbers] != [str(start + step) for step in range(len(numbers))]:
        return False
    stripped = [[cell.strip() for cell in row] for row in rest[:1]]
    if any(row[numbers[0][0]].strip() == numbers[0][1] and [cell.strip() for cell in row] == first for row in rest):
        return False
    if any("." in row[index] and is_number(row[index]) for index, _ in numbers for row in some):
        return True
    goes_on = [str(start + len(first) + step) for step in range(len(first))] in stripped
    return start == 0 and len(numbers) == len(first) > 2 and bool(rest) and not goes_on


def _place(target: str, count: int) -> int | None:
    """Return which of `count` columns `target` stands for as a number, None if it does not."""
    try:
        index = int(target)
    except ValueError:
        return None
    return index % count if -count <= index < count else None
