"""Rows that come as JSON: what they have to say of each column of a table, and the values that follow from that.

A number is a number, a text a string, yes and no are true and false or what the table's file may say, a date is a
string such as 2020-12-31, a gap null. Not here: what a network makes of values (``served``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from feedforward.data.cells import LARGEST, day_of, is_number, listed, shortened
from feedforward.data.columns import Column
from feedforward.errors import DataError
from feedforward.lookup import did_you_mean
from feedforward.tabular.encoding import ColumnEncoding

__all__ = ["MOST_ROWS", "Wanted", "check_rows", "told", "values_by_column", "wanted_of"]

MOST_ROWS = 4096
"""How many rows a request may ask of."""


@dataclass(frozen=True)
class Wanted:
    """What a row has to say of a column.

    Parameters
    ----------
    name : str
        The column.
    kind : str
        ``"number"``, ``"text"``, ``"yes/no"``, ``"date"``, or ``"duration"`` in days.
    example : object
        A value that it may have.
    values : tuple of str
        The texts, or the numbers that stand for categories, of which something was learnt.
    takes_null : bool
        Whether it may be missing.
    """

    name: str
    kind: str
    example: Any
    values: tuple[str, ...] = ()
    takes_null: bool = True

    @property
    def description(self) -> dict[str, Any]:
        """It, as JSON can hold it."""
        values = {"values": list(self.values)} if self.values else {}
        return {"name": self.name, "type": self.kind, **values, "null": self.takes_null}

    def checked(self, values: Sequence[Any]) -> list[Any]:
        """Return values of JSON as floats with NaN for null, or as str with None for it, of texts and of yes and no.

        Raises
        ------
        DataError
            If one is of another type, is no finite float32, no date, or null where it may not be.
        """
        types = set(map(type, values))
        if type(None) in types and not self.takes_null:
            row = next(row for row, value in enumerate(values) if value is None)
            raise DataError(
                f"row {row}, column {self.name!r}: got null, and nothing is known that could stand for it. Expected a"
                " number. Give one."
            )
        allowed, expected = _ALLOWED[self.kind]
        if not types <= allowed:
            self._refuse(values, lambda value: type(value) in allowed, expected)
        if self.kind == "text":
            return list(values)
        if self.kind == "yes/no":
            return [str(value).lower() if type(value) is bool else value for value in values]
        if self.kind == "date":
            days = [math.nan if value is None else day_of(value.strip()) for value in values]
            if any(math.isnan(day) and value is not None for day, value in zip(days, values, strict=True)):
                self._refuse(values, lambda value: value is None or not math.isnan(day_of(value.strip())), expected)
            return days
        if not all(value is None or -LARGEST <= value <= LARGEST for value in values):
            is_finite = lambda value: value is None or -LARGEST <= value <= LARGEST  # noqa: E731
            self._refuse(values, is_finite, f"a number up to {LARGEST:.1e}")
        return [math.nan if value is None else float(value) for value in values]

    def _refuse(self, values: Sequence[Any], is_good: Callable[[Any], bool], expected: str) -> NoReturn:
        """Raise for the first value that is not good."""
        row = next(row for row, value in enumerate(values) if not is_good(value))
        raise DataError(f"row {row}, column {self.name!r}: got {told(values[row])}. Expected {expected}. Correct it.")


_NULL = type(None)
_ALLOWED: Mapping[str, tuple[set[type], str]] = {
    "number": ({int, float, _NULL}, "a number or null"),
    "duration": ({int, float, _NULL}, "a number of days or null"),
    "text": ({str, _NULL}, "a string or null"),
    "yes/no": ({bool, str, _NULL}, "true, false, a string or null"),
    "date": ({str, _NULL}, "a date such as 2020-12-31 or null"),
}


def wanted_of(column: Column | ColumnEncoding) -> Wanted:
    """Return what a row has to say of a column that was taken for something."""
    if isinstance(column, ColumnEncoding):
        kind = {"category": "text", "boolean": "yes/no"}.get(column.kind, column.kind)
        values, takes_null = () if kind == "yes/no" else column.values, True
        usual = 1.0 if kind == "yes/no" or values else column.centers[0]
    else:
        values, takes_null = column.values, column.taken_for == "text" or column.median is not None
        # A number in each text: the user said that these numbers stand for categories.
        kind = "number" if values and all(map(is_number, values)) else column.taken_for
        usual = column.mean if column.median is None else column.median
    if kind == "text":
        return Wanted(column.name, kind, values[0], values)
    example = float(values[0]) if values else usual
    of_kind = {"yes/no": bool(usual), "date": str(np.datetime64(0, "D") + int(usual)) if kind == "date" else None}
    return Wanted(column.name, kind, of_kind.get(kind, example), values, takes_null)


def check_rows(rows: Any) -> None:
    """Raise a DataError unless `rows` is a list of some rows, and not of too many."""
    if type(rows) is not list or not 1 <= len(rows) <= MOST_ROWS:
        got = f"a list of {len(rows)}" if type(rows) is list else told(rows)
        raise DataError(f"rows is {got}. Expected a list of 1 to {MOST_ROWS:,} rows. Send as many at a time.")


def values_by_column(rows: list[Any], names: Sequence[str], ignored: Sequence[str]) -> list[Sequence[Any]]:
    """Return the values of each column.

    Parameters
    ----------
    rows : list
        All of them objects of columns and values, or all of them lists of values in the order of the columns.
    names : sequence of str
        The columns.
    ignored : sequence of str
        Others that an object may have.

    Raises
    ------
    DataError
        If a row is anything else, lacks a column, or has another one.
    """
    if type(rows[0]) is list:
        for row, values in enumerate(rows):
            if type(values) is not list or len(values) != len(names):
                got = f"a list of {len(values)}" if type(values) is list else told(values)
                raise DataError(
                    f"row {row} is {got}. Expected a list of {len(names)} values, in the order of the columns:"
                    f" {listed(names)}. Give all of them."
                )
        return list(zip(*rows, strict=True))
    for row, values in enumerate(rows):
        if type(values) is not dict:
            raise DataError(
                f"row {row} is {told(values)}. Expected an object of columns and values, or every row a list. Give"
                f" {{{shortened(names[0])}: ...}}."
            )
        if len(values) != len(names) or not all(name in values for name in names):
            _check_names(row, values, names, ignored)
    return [[row[name] for row in rows] for name in names]


def _check_names(row: int, values: Mapping[str, Any], names: Sequence[str], ignored: Sequence[str]) -> None:
    """Raise for a row that lacks a column, or has one that the table had not."""
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names and name not in ignored]
    if unknown:
        near = did_you_mean(unknown[0], missing or list(names))
        raise DataError(
            f"row {row} has what is no column of the table: {_shortened(unknown)}. Expected {listed(names)}."
            f" {near if near.startswith('Did') else 'Leave it out.'}"
        )
    if missing:
        raise DataError(
            f"row {row} says nothing of {listed(missing)}. Expected {listed(names)}. Give all, and null for what is"
            " missing."
        )


def _shortened(names: Sequence[str]) -> str:
    """Return names that others thought of, for a message."""
    return ", ".join(map(shortened, names[:10])) + (", ..." if len(names) > 10 else "")


def told(value: Any) -> str:
    """Return a value of JSON in words.

    Examples
    --------
    >>> [told(value) for value in (None, True, "a", 1.5, [1], {})]
    ['null', 'true', "the string 'a'", '1.5', 'a list', 'an object']
    """
    if isinstance(value, str):
        return f"the string {shortened(value)}"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int) and abs(value) >= 10**100:  # more than a float holds, perhaps
        return "a number of more than 100 digits"
    return f"{value:.4g}"
