"""Typed columns: a table as the encoding takes it, whatever it was given as.

Here: the two records, and which numbers and texts stand for cells. Not here: frames (``frames``), what Python objects
in a column stand for (``cells``), what a network gets of it (``encoding``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

__all__ = ["KINDS", "Column", "Table", "days_of", "number_text", "time_days_of"]

KINDS = ("number", "category", "boolean", "date", "duration")
"""What the cells of a column can be."""

_DAY = np.timedelta64(1, "D")
_EPOCH = np.datetime64(0, "D")


@dataclass(frozen=True, eq=False)
class Column:
    """A column of one kind.

    Parameters
    ----------
    name : str
        What it is called.
    kind : str
        One of `KINDS`.
    values : float64 array or array of objects, shape (n,)
        Of a category: a str for each cell, None where it is missing. Else numbers, NaN where one is missing: 1 and 0
        for true and false, days since 1970-01-01 (in UTC where a zone is known) for a date, days for a duration.
    """

    name: str
    kind: str
    values: NDArray[Any] = field(repr=False)

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which cells are missing, shape (n,)."""
        # Of objects, NumPy's comparison gives objects.
        return np.asarray(self.values == np.array(None) if self.kind == "category" else np.isnan(self.values), bool)

    def take(self, rows: NDArray[Any]) -> Column:
        """Return some of the rows."""
        return Column(self.name, self.kind, self.values[rows])

    def as_category(self) -> Column:
        """Return the same cells as texts: numbers as `number_text` writes them, ``False`` and ``True``."""
        if self.kind == "category":
            return self
        distinct, places = np.unique(self.values, return_inverse=True)
        if self.kind == "boolean":
            texts = [None if np.isnan(value) else str(bool(value)) for value in distinct]
        else:
            texts = [None if np.isnan(value) else number_text(float(value)) for value in distinct]
        return Column(self.name, "category", np.array(texts, object)[places])


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length.

    Parameters
    ----------
    columns : tuple of Column
        In the order of what they were made of; at least one, with names that are all different.
    is_named : bool
        Whether the user named them; else they are known by their places, and are called x0, x1, ...

    Raises
    ------
    DataError
        If there is no column, two have one name, or two differ in length.

    Examples
    --------
    >>> table = Table((Column("size", "number", np.array([1.0, np.nan])),))
    >>> len(table), table.names, table.columns[0].is_missing
    (2, ('size',), array([False,  True]))
    """

    columns: tuple[Column, ...]
    is_named: bool = True

    def __post_init__(self) -> None:
        """Check that it is a table."""
        if not self.columns:
            raise DataError("Table: 0 columns. Expected at least one. Give one.")
        if len(set(self.names)) < len(self.columns):
            twice = next(name for at, name in enumerate(self.names) if name in self.names[:at])
            raise DataError(f"Table: two columns are called {twice!r}. Expected different names. Rename one.")
        for column in self.columns:
            if len(column.values) != len(self):
                raise DataError(
                    f"Table: column {self.columns[0].name!r} has {len(self)} rows, column {column.name!r} has "
                    f"{len(column.values)}. Expected one length. Give a cell for each row, None where one is missing."
                )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0].values)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    def take(self, rows: NDArray[Any]) -> Table:
        """Return some of the rows: by a bool for each, or by their numbers."""
        return Table(tuple(column.take(rows) for column in self.columns), self.is_named)


def days_of(dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01, NaN where one is NaT.

    Examples
    --------
    >>> days_of(np.array(["1970-01-02T12:00", "NaT"], "datetime64[m]"))
    array([1.5, nan])
    """
    return (dates - _EPOCH) / _DAY


def time_days_of(times: NDArray[np.timedelta64]) -> NDArray[np.float64]:
    """Return durations as days, NaN where one is NaT.

    Examples
    --------
    >>> time_days_of(np.array([36, "NaT"], "timedelta64[h]"))
    array([1.5, nan])
    """
    return times / _DAY


def number_text(value: float) -> str:
    """Return the text of a number that is a category: the same for 3 and 3.0.

    Examples
    --------
    >>> number_text(3.0), number_text(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if value.is_integer() else repr(value)
