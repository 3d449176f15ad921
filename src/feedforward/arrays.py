"""What users give as arrays: made arrays of numbers, or refused by the row and column that hold something else.

Here: nested lists, frames, arrays of objects, of masked numbers; which of NumPy's functions tensors have, too. Not
here: the dtypes of graphs (``ops/state.py``), whether an array fits a network (``training/data.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError, DtypeError, ShapeError

__all__ = ["UFUNCS", "Origin", "blocks", "numbers", "shown"]

_BLOCK = 2**22
"""About so many numbers are looked at together, so that a file that is mapped need not fit into memory."""

_MISSING = ("NoneType", "NAType", "NaTType")
"""Types of what stands for a missing value: None, pandas.NA, pandas.NaT; by name, for pandas is no requirement."""

_SAME_NAMES = (
    "add subtract multiply divide floor_divide remainder power matmul negative sign floor exp log log1p expm1 tanh "
    "sqrt square sin cos maximum minimum equal not_equal less less_equal greater greater_equal "
    "logical_and logical_or logical_not"
)
UFUNCS = {name: name for name in _SAME_NAMES.split()} | {
    "true_divide": "divide",
    "absolute": "abs",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "invert": "logical_not",
    "isfinite": "is_finite",
}
"""NumPy's functions that give a tensor for a tensor, and ours for them; its operators call them beside an array."""

_ROWS = (list, tuple, np.ndarray)
_NAMED = 3
"""How many bad rows a message names; the rest it counts."""

_ADVICE = {
    "c": "Give real and imaginary parts as columns of their own.",
    "M": "Give dates as numbers, such as (x - x.min()) / np.timedelta64(1, 'D').",
    "m": "Give times as numbers, such as x / np.timedelta64(1, 's').",
    "V": "Make its fields columns: np.lib.recfunctions.structured_to_unstructured(x).",
}
"""What to do about a dtype that is none of real numbers, by its kind."""


@dataclass(frozen=True)
class Origin:
    """What messages call the cells of an array: their places, and the labels that a frame has for them.

    Parameters
    ----------
    index, columns : sequence, optional
        The frame's labels of rows and columns.
    first : int
        The row that the array begins with, where it is the end of what the user gave.
    """

    index: Any = None
    columns: Any = None
    first: int = 0

    @classmethod
    def of(cls, value: Any) -> Origin:
        """Return the origin of what a user gave."""
        index = getattr(value, "index", None)
        # A list has a method index; the columns of an Arrow table are its arrays.
        columns = getattr(value, "column_names", getattr(value, "columns", None))
        return cls(None if callable(index) else index, columns)

    def cell(self, place: tuple[int, ...]) -> str:
        """Return what one cell is called: ``row 3 (index 'd'), column 'age'``."""
        row = place[0] + self.first
        text = f"row {row}"
        if self.index is not None and row < len(self.index) and self.index[row] != row:
            text += f" (index {_plain(self.index[row])!r})"
        if len(place) == 2:
            has_name = self.columns is not None and place[1] < len(self.columns)
            text += f", column {_plain(self.columns[place[1]]) if has_name else place[1]!r}"
        return text if len(place) < 3 else f"{text}, element {place[1:]}"

    def cells(self, is_bad: NDArray[np.bool_]) -> str:
        """Return the first bad cell of the first rows that have one, and how many rows those are."""
        rows = np.flatnonzero(is_bad.reshape(len(is_bad), -1).any(1))
        return self.cells_of(rows, is_bad.__getitem__, len(is_bad))

    def cells_of(self, rows: NDArray[np.integer[Any]], is_bad: Callable[[int], NDArray[np.bool_]], count: int) -> str:
        """Return the same, given the rows, what is bad in one of them, and the number of all rows."""
        cells = [self.cell((row, *np.argwhere(is_bad(row))[0].tolist())) for row in rows[:_NAMED].tolist()]
        return "; ".join(cells) + (f" ({len(rows)} of {count} rows)" if len(rows) > 1 else "")


def numbers(value: Any, name: str) -> NDArray[Any]:
    """Return a value as an array of real numbers, in the dtype that NumPy gives it.

    Parameters
    ----------
    value : array, frame, or nested lists of numbers
        What the user gave. Objects become bools if all are, else int64 if all are whole, else float64.
    name : str
        What messages call it: ``"fit: x"``.

    Returns
    -------
    array
        Not copied where it need not be. What is no array, such as None or a text, has no axes and no dtype of numbers:
        to refuse it is left to the caller, who knows what it stands for.

    Raises
    ------
    ShapeError
        If rows differ in length; names two that do.
    DataError
        If a number is missing or masked; names its row and column.
    TypeError, DtypeError
        If it holds something else than real numbers, is sparse, or an int in it is beyond int64.

    Examples
    --------
    >>> numbers([[0.5, True], [1, Decimal("0.25")]], "x")
    array([[0.5 , 1.  ],
           [1.  , 0.25]])
    """
    _refuse_masked(value, name)
    try:
        array: NDArray[Any] = np.asarray(value)
    except ValueError:
        raise _ragged(value, name) from None
    if array.dtype.kind in "biuf":
        return array
    if array.ndim == 0 and hasattr(value, "toarray"):
        raise TypeError(
            f"{name} is a {type(value).__name__}, which is sparse. Expected a dense array. Give x.toarray()."
        )
    if array.dtype.kind in "OUS" and (array.ndim or isinstance(array[()], Real | Decimal)):
        return _numbers_of(np.asarray(value, object), value, name)
    if array.dtype.kind in _ADVICE:
        raise DtypeError(f"{name} has dtype {array.dtype}, expected real numbers. {_ADVICE[array.dtype.kind]}")
    return array


def blocks(data: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the rows of data in blocks, each with the number of its first row."""
    count = max(1, _BLOCK // max(1, data[:1].size))
    for first in range(0, len(data), count):
        yield first, data[first : first + count]


def shown(value: Any) -> str:
    """Return a value as messages show it: one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def _numbers_of(array: NDArray[Any], source: Any, name: str) -> NDArray[Any]:
    """Return an array of objects as one of numbers; a frame names its rows and columns."""
    if not array.size:
        return array.astype(np.float64)
    kinds = set(map(type, array.flat))
    if all(issubclass(kind, bool | np.bool_) for kind in kinds):
        return array.astype(bool)
    if all(issubclass(kind, int | np.integer | np.bool_) for kind in kinds):
        try:
            return array.astype(np.int64)
        except OverflowError:
            largest = max(array.flat, key=abs)
            raise DtypeError(f"{name}: {largest} does not fit int64. Give floats, or numbers below 2**63.") from None
    if all(issubclass(kind, _ROWS) for kind in kinds):  # a column of vectors
        try:
            rows = np.asarray(array.tolist())
        except ValueError:
            raise _ragged(array, name) from None
        if rows.ndim > array.ndim and rows.dtype != object:
            return numbers(rows, name)
        raise _ragged(array, name)
    bad = {kind for kind in kinds if not issubclass(kind, Real | Decimal | np.bool_)}
    if bad:
        _refuse(array, bad, Origin.of(source), name)
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise DtypeError(f"{name}: an int of more than 308 digits fits no float. Scale the numbers.") from None


def _refuse(array: NDArray[Any], bad: set[type], origin: Origin, name: str) -> None:
    """Raise for the first object of a type that is no number."""
    place = next(place for place, value in np.ndenumerate(array) if type(value) in bad)
    value, where = array[place], origin.cell(place)
    if type(value).__name__ in _MISSING:
        raise DataError(f"{name}: {where} is missing ({value}). Every sample needs a number there. Fill or drop it.")
    if isinstance(value, _ROWS):
        raise _ragged(array, name)
    advice = "Encode text and dates as numbers first, or drop the column."
    if hasattr(value, "toarray"):
        advice = "Make what is sparse an array with toarray() first."
    raise TypeError(f"{name}: {where} holds {shown(value)}, a {type(value).__name__}. Expected real numbers. {advice}")


def _refuse_masked(value: Any, name: str) -> None:
    """Raise for numbers that are masked, which NumPy would hand out as if they were not."""
    masked = sys.modules.get("numpy.ma")  # who has a masked array has loaded it; loading it takes time
    if masked is None or not hasattr(masked, "is_masked"):  # not loaded, or by another thread just now
        return
    if isinstance(value, list | tuple):
        for place, part in enumerate(value):
            if isinstance(part, masked.MaskedArray):
                _refuse_masked(part, f"{name}[{place}]")
    elif isinstance(value, masked.MaskedArray) and masked.is_masked(value):
        where = Origin().cells(np.atleast_1d(masked.getmaskarray(value)))
        raise DataError(
            f"{name} is masked in {where}. Every sample needs a number there. Fill it with filled(), or drop the row."
        )


def _ragged(value: Any, name: str) -> ShapeError:
    """Return the error for rows that are no array together."""
    return ShapeError(f"{name}: rows differ in length{_difference(value)}. Give every row the same length.")


def _difference(value: Any, place: tuple[int, ...] = ()) -> str:
    """Return which two rows differ, with their shapes."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for number, row in enumerate(value if isinstance(value, Iterable) else ()):
        try:
            shape = np.shape(row)
        except ValueError:
            return _difference(row, (*place, number))
        found.append((f"element {(*place, number)}" if place else f"row {number}", shape))
        if shape != found[0][1]:
            return ": " + ", ".join(f"{name} has shape {shape}" for name, shape in (found[0], found[-1]))
    return ""


def _plain(label: Any) -> Any:
    """Return a label as Python writes it."""
    return label.item() if isinstance(label, np.generic) else label
