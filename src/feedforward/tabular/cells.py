"""What cells stand for: an array of any dtype becomes a typed column, or is refused by its first bad cell.

Here: one column at a time. Not here: where columns come from (``frames``), texts in files (``feedforward.data``).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import shown
from feedforward.errors import DataError
from feedforward.tabular.columns import Column, days_of, number_text, time_days_of

__all__ = ["LARGEST", "MISSING_TYPES", "column_of"]

LARGEST = 1e300
"""What a number may be at most: the difference of two is no more than a float64 holds."""

MISSING_TYPES = ("NoneType", "NAType", "NaTType")
"""Types of None, pandas.NA and pandas.NaT; by name, for pandas is no requirement."""

# The order matters: NumPy's durations are integers to Python, True is one, too.
_FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("boolean", (bool, np.bool_)),
    ("duration", (datetime.timedelta, np.timedelta64)),
    ("number", (Real, Decimal)),
    ("category", (str,)),
    ("date", (datetime.date, np.datetime64)),
)
_PLURAL = {"boolean": "booleans", "duration": "durations", "number": "numbers", "category": "texts", "date": "dates"}

Where = Callable[[int], str]
"""What a message calls the cell in a row: ``fit: row 3, column 'age'``."""


def column_of(name: str, cells: NDArray[Any], where: Where, *, is_category: bool = False) -> Column:
    """Return a column of the kind that its cells are of.

    Parameters
    ----------
    name : str
        The column's.
    cells : array, shape (n,)
        Of numbers, bools, dates, durations, texts, or of objects that are; missing are None, NaN, NaT and pandas.NA.
    where : callable
        What messages call the cell in a row.
    is_category : bool
        Whether what the cells are called matters, not what they are.

    Returns
    -------
    Column
        Without any cell that has a value it is one of numbers.

    Raises
    ------
    TypeError
        If cells are of different kinds, or hold what is none of them, such as a list.
    DataError
        If a number is infinite, above 1e300, or complex.

    Examples
    --------
    >>> column_of("size", np.array([1, None, Decimal("2.5")], object), "row {}".format).values
    array([1. , nan, 2.5])
    """
    kind = cells.dtype.kind
    if kind in "OU":
        column = _column_of_objects(name, cells.astype(object), where, is_category)
    elif kind in "biuf":
        column = Column(name, "boolean" if kind == "b" else "number", cells.astype(np.float64))
    elif kind == "M":
        column = Column(name, "date", days_of(cells))
    elif kind == "m" and np.datetime_data(cells.dtype)[0] in ("Y", "M"):
        raise TypeError(f"{where(0)} holds a number of months or years. Expected a duration of days. Give numbers.")
    elif kind == "m":
        column = Column(name, "duration", time_days_of(cells))
    else:
        _refuse(cells[:1].tolist()[0], where(0))
    if column.kind != "category":
        _check_finite(column.values, where)
    return column.as_category() if is_category else column


def _column_of_objects(name: str, array: NDArray[Any], where: Where, is_category: bool) -> Column:
    """Return a column of Python objects: each different one is looked at once."""
    cells = array.tolist()
    try:
        distinct = set(cells)
    except TypeError:  # a list, a dict or an array
        row = next(row for row, cell in enumerate(cells) if not _is_hashable(cell))
        _refuse(cells[row], where(row))
    missing = {cell for cell in distinct if type(cell).__name__ in MISSING_TYPES or bool(cell != cell)}
    present = distinct - missing
    family = {kind: _family(kind) for kind in set(map(type, present))}
    if is_category:
        texts = {cell: _text(cell, family[type(cell)]) for cell in present} | dict.fromkeys(missing)
        return Column(name, "category", np.array(list(map(texts.__getitem__, cells)), object))
    if None in family.values():
        row = next(row for row, cell in enumerate(cells) if cell in present and _family(type(cell)) is None)
        _refuse(cells[row], where(row))
    kinds = set(family.values())
    if len(kinds) > 1:
        _refuse_mixture(cells, missing, where)
    only = kinds.pop() if kinds else "number"
    if only == "category":
        words = {cell: str(cell) for cell in present} | dict.fromkeys(missing)
        return Column(name, "category", np.array(list(map(words.__getitem__, cells)), object))
    numbers: dict[Any, float] = dict.fromkeys(missing, math.nan)
    for cell in present:
        try:
            numbers[cell] = _number(cell, only)
        except OverflowError:
            numbers[cell] = math.inf  # an int of more than 308 digits; refused with its row
    return Column(name, str(only), np.array(list(map(numbers.__getitem__, cells)), np.float64))


def _family(kind: type) -> str | None:
    """Return which kind of column objects of a type belong to."""
    return next((family for family, types in _FAMILIES if issubclass(kind, types)), None)


def _number(cell: Any, family: str | None) -> float:
    """Return the number that stands for a cell."""
    if family == "date":
        if getattr(cell, "tzinfo", None) is not None:
            cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
        return float(days_of(np.array([cell], "datetime64[us]"))[0])
    if family == "duration":
        return float(time_days_of(np.array([cell], "timedelta64[us]"))[0])
    return float(cell)


def _text(cell: Any, family: str | None) -> str:
    """Return the text of a cell of a category: the same for 3, 3.0 and Decimal(3)."""
    return number_text(float(cell)) if family == "number" and math.isfinite(cell) else str(cell)


def _is_hashable(cell: Any) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True


def _check_finite(values: NDArray[np.float64], where: Where) -> None:
    """Raise for the first number that is infinite or too large."""
    is_bad = np.abs(values) > LARGEST  # false for NaN, which is missing
    if is_bad.any():
        row = int(is_bad.argmax())
        raise DataError(
            f"{where(row)} holds {values[row]:g}. Expected finite numbers, at most {LARGEST:g}. Correct it, or give "
            "NaN, which is missing."
        )


def _refuse(cell: Any, where: str) -> None:
    """Raise for a cell that is of no kind that a table has."""
    kind = type(cell).__name__
    if isinstance(cell, complex | np.complexfloating):
        raise DataError(f"{where} holds {cell}. Complex data not supported. Give real and imaginary parts as columns.")
    advice = "Drop the column, or make it text with str()."
    if isinstance(cell, list | tuple | dict | set | np.ndarray):
        advice = "Make what is in it columns of their own."
    elif isinstance(cell, bytes):
        advice = "Make it text with decode()."
    elif kind == "Period":
        advice = "Make it dates with to_timestamp()."
    elif kind == "time":
        advice = "Give it as a number of hours."
    raise TypeError(
        f"{where} holds {shown(cell)}, a {kind}. Expected numbers, texts, booleans, dates or durations: each "
        f"argument must be a string of a category or a number. {advice}"
    )


def _refuse_mixture(cells: list[Any], missing: set[Any], where: Where) -> None:
    """Raise for a column of several kinds, with the first cell of two of them."""
    rows = [row for row, cell in enumerate(cells) if cell not in missing]
    first = _family(type(cells[rows[0]]))
    other = next(row for row in rows if _family(type(cells[row])) != first)
    second = _family(type(cells[other]))
    raise TypeError(
        f"{where(other)} holds {shown(cells[other])}, row {rows[0]} {shown(cells[rows[0]])}: {_PLURAL[str(second)]} "
        f"and {_PLURAL[str(first)]} in one column. Expected one kind. Correct the cell, or make all text with str()."
    )
