"""Arrays of Python objects as arrays of numbers: what NumPy makes of a table whose columns differ in dtype.

Here: a frame of floats and bools, of nullable columns, a list with a Decimal in it. Not here: text as numbers
(``data``), whether an array fits a network (``training/data.py``).
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from feedforward.errors import DataError
from feedforward.graph.node import Array

__all__ = ["numbers_of"]

_MISSING = ("NoneType", "NAType", "NaTType")
"""Types of what stands for a missing value: None, pandas.NA, pandas.NaT; by name, for pandas is no requirement."""


def numbers_of(array: Array, source: Any, name: str) -> Array:
    """Return an array of objects as bools if all are, else as int64 if all are whole, else as float64.

    Parameters
    ----------
    array : object array
        What NumPy made of `source`.
    source : Any
        What the user gave; a frame names its columns.
    name : str
        What messages call it: ``"fit: x"``.

    Raises
    ------
    TypeError, DataError
        If one of them is no number, or is missing, or a whole one is beyond int64; names its row and column.

    Examples
    --------
    >>> numbers_of(np.array([[0.5, True], [1, False]], dtype=object), None, "x")
    array([[0.5, 1. ],
           [1. , 0. ]])
    """
    kinds = set(map(type, array.flat))
    for kind in kinds:
        if not issubclass(kind, Real | Decimal | np.bool_):
            _refuse(array, kind, source, name)
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return array.astype(bool)
    if all(issubclass(kind, int | np.integer | np.bool_) for kind in kinds):
        try:
            return array.astype(np.int64)
        except OverflowError:
            largest = max(array.flat, key=abs)
            raise DataError(f"{name} has numbers up to {largest}, beyond int64. Give floats.") from None
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise DataError(f"{name} has an int of more than 308 digits, beyond any float. Scale the numbers.") from None


def _refuse(array: Array, kind: type, source: Any, name: str) -> None:
    """Raise for the first object of a type that is no number."""
    place = next(place for place, value in np.ndenumerate(array) if type(value) is kind)
    columns = getattr(source, "columns", None)
    where = f"row {place[0]}"
    if len(place) > 1:
        column = place[1] if columns is None else columns[place[1]]
        where += f", column {column!r}"
    if kind.__name__ in _MISSING:
        raise DataError(
            f"{name}: {where} is missing ({array[place]}). Every sample needs a number there. Fill or drop it."
        )
    if issubclass(kind, list | tuple | np.ndarray):
        raise DataError(f"{name}: rows differ in length. Give every sample the same shape.")
    shown = repr(array[place])
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    raise TypeError(
        f"{name}: {where} holds {shown}, a {kind.__name__}. Expected real numbers. Encode text and dates as numbers"
        " first, or drop the column."
    )
