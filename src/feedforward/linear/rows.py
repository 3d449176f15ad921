"""Rows: what models are fitted to, dense or compressed (CSR), checked once before any solver reads it.

Here: the record, how it is made from what users give, and which cell a message names. Not here: targets and weights
(``targets.py``), products with rows (``loops/``).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import Origin, blocks, numbers
from feedforward.backends.ragged import RoutineCode
from feedforward.errors import DataError, DtypeError, ShapeError
from feedforward.linear.loops.layout import Form
from feedforward.linear.loops.routines import routine

__all__ = ["Rows", "check_sizes", "column_names", "csr", "rows_of"]

Floats = NDArray[np.float64]

_LARGEST = 1e45
"""Of six such values the product is no more than a float64 holds: the norm of a gradient's curvature has so many."""


@dataclass(frozen=True)
class Rows:
    """Data of n rows and d columns, as the solvers' inner loops take it.

    Parameters
    ----------
    shape : tuple of int
        (n, d).
    values : float32 or float64 array, shape (n, d), in C order; or of CSR, shape (nonzeros,)
        The numbers, all finite.
    indices : int32 or int64 array, shape (nonzeros,), optional
        Of CSR: the column of each value, from 0 to d - 1, none twice in a row.
    starts : integer array of the same dtype, shape (n + 1,), optional
        Of CSR: where each row begins in `values`, and where the last one ends (SciPy's ``indptr``).
    """

    shape: tuple[int, int]
    values: NDArray[Any] = field(repr=False)
    indices: NDArray[Any] | None = field(default=None, repr=False)
    starts: NDArray[Any] | None = field(default=None, repr=False)

    @property
    def is_sparse(self) -> bool:
        """Whether only the values that are not 0 are held."""
        return self.indices is not None

    def compressed(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return values, indices and starts of rows that are sparse."""
        if self.indices is None or self.starts is None:
            raise TypeError("Rows: dense rows have no indices. Expected CSR. Ask is_sparse before.")
        return self.values, self.indices, self.starts

    def row(self, number: int) -> tuple[NDArray[Any] | slice, NDArray[Any]]:
        """Return the columns and the values of one row; of dense rows, all columns as a slice."""
        if self.indices is None or self.starts is None:
            return slice(None), self.values[number]
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.indices[part], self.values[part]

    def take(self, chosen: NDArray[Any]) -> Rows:
        """Return some of the rows, copied."""
        if self.indices is None or self.starts is None:
            return Rows((len(chosen), self.shape[1]), self.values[chosen])
        counts = np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(self.starts.dtype)
        places = np.repeat(self.starts[chosen] - starts[:-1], counts) + np.arange(starts[-1])
        return Rows((len(chosen), self.shape[1]), self.values[places], self.indices[places], starts)

    def dense(self) -> NDArray[Any]:
        """Return the rows as an array of shape (n, d)."""
        if self.indices is None or self.starts is None:
            return self.values
        full = np.zeros(self.shape, self.values.dtype)
        full[np.repeat(np.arange(self.shape[0]), np.diff(self.starts)), self.indices] = self.values
        return full

    def column_norms(self) -> Floats:
        """Return the Euclidean norm of each column, shape (d,)."""
        squares = np.zeros(self.shape[1])
        if self.is_sparse:
            values, indices, _ = self.compressed()
            squares += np.bincount(indices, np.square(values, dtype=np.float64), self.shape[1])
        else:
            for _, block in blocks(self.values):
                squares += np.square(block, dtype=np.float64).sum(0)
        return np.sqrt(squares)


def csr(values: Any, indices: Any, starts: Any, columns: int) -> Rows:
    """Return rows from the three arrays of compressed rows (CSR), which are not copied.

    Parameters
    ----------
    values : float32 or float64 array, shape (nonzeros,)
    indices : int32 or int64 array, shape (nonzeros,)
        The column of each value, from 0 to `columns` - 1, none twice in a row.
    starts : integer array, shape (n + 1,)
        Row i is ``values[starts[i]:starts[i + 1]]``.
    columns : int
        How many columns there are.

    Raises
    ------
    ShapeError, DtypeError, DataError
        If the arrays do not describe rows; says at which row and column.

    Examples
    --------
    The rows (0, 2) and (1, 0):

    >>> csr(np.array([2.0, 1.0]), np.array([1, 0]), np.array([0, 1, 2]), 2).shape
    (2, 2)
    """
    return _checked_csr(np.asarray(values), np.asarray(indices), np.asarray(starts), columns, "csr")


def rows_of(x: Any, name: str, like: NDArray[Any] | None = None) -> Rows:
    """Return rows from what a user gave.

    Parameters
    ----------
    x : array, frame or nested lists of shape (n, d); a SciPy sparse array; or Rows
        float32 and float64 in C order are not copied, nor is CSR; other numbers become float64.
    name : str
        What messages begin with.
    like : array of str, optional
        The columns' names in the data that a model was fitted to.

    Raises
    ------
    ShapeError
        If there are not two axes, or no row, or no column.
    DataError
        If a value is missing, NaN or infinite, names row and column; or columns have other names or another order.
    TypeError, DtypeError
        If it holds something else than real numbers.
    """
    if isinstance(x, Rows):
        return _checked_again(x, name)
    if hasattr(x, "tocsr"):
        if len(x.shape) != 2:
            raise ShapeError(f"{name}: x has shape {x.shape}. Expected 2D array, samples by features. Give two axes.")
        compressed = x.tocsr()
        if compressed is not x:
            compressed.sum_duplicates()
        elif not compressed.has_canonical_format:  # columns twice in a row: added up in a copy, the user's stay
            compressed = compressed.copy()
            compressed.sum_duplicates()
        values, indices, starts = compressed.data, compressed.indices, compressed.indptr
        return _checked_csr(values, indices, starts, compressed.shape[1], name)
    names = column_names(x)
    if like is not None and names is not None and not np.array_equal(like, names):
        raise DataError(
            f"{name}: the columns are {names.tolist()}, expected {like.tolist()}. Give them in the order of fit."
        )
    values = _dense_numbers(x, name)
    if values.ndim != 2:
        raise ShapeError(
            f"{name}: x has shape {values.shape}. Expected 2D array, samples by features. Reshape your data either "
            f"using array.reshape(-1, 1) if it has a single feature or array.reshape(1, -1) if it is a single sample."
        )
    _check_counts(values.shape, name)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    rows = Rows((values.shape[0], values.shape[1]), _lying_together(values))
    _check_finite(rows, Origin.of(x), name)
    return rows


def _checked_again(rows: Rows, name: str) -> Rows:
    """Return rows that a user may have made by hand, or changed since, after a look at all of them."""
    if rows.is_sparse:
        values, indices, starts = rows.compressed()
        same = _checked_csr(values, indices, starts, rows.shape[1], name)
    else:
        same = rows_of(rows.values, name)
    if same.shape != rows.shape:
        raise ShapeError(
            f"{name}: rows of shape {rows.shape} hold those of shape {same.shape}. Expected the same. Make them with "
            "rows_of or csr."
        )
    is_same = same.values is rows.values and same.indices is rows.indices and same.starts is rows.starts
    return rows if is_same else same


def _lying_together(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as machine code reads it, in C order and aligned; copied only if it is not."""
    return np.require(array, requirements=["C", "A", "E"])


def check_sizes(rows: Rows, name: str) -> None:
    """Check that a solver's products of some values do not overflow.

    Raises
    ------
    DataError
        If a value is larger than 1e45; with its row and column.
    """
    if rows.values.dtype == np.float32 or not rows.values.size:
        return
    if max(float(rows.values.max()), -float(rows.values.min())) > _LARGEST:
        place = int(np.argmax(np.abs(rows.values) > _LARGEST))
        row, column = divmod(place, rows.shape[1])
        if rows.is_sparse:
            _, indices, starts = rows.compressed()
            row, column = int(np.searchsorted(starts, place, "right")) - 1, int(indices[place])
        raise DataError(
            f"{name}: x has {rows.values.flat[place]:g} at row {row}, column {column}. Expected numbers up to "
            f"{_LARGEST:g}, whose products a float64 holds. Divide the column by its largest."
        )


def column_names(x: Any) -> NDArray[Any] | None:
    """Return the columns' names of a frame, or None where not all are texts."""
    columns = getattr(x, "columns", None)
    if columns is None or callable(columns):
        return None
    names = np.asarray(list(columns), dtype=object)
    return names if len(names) and all(isinstance(each, str) for each in names) else None


def _dense_numbers(x: Any, name: str) -> NDArray[Any]:
    """Return an array of real numbers."""
    dtype = getattr(x, "dtype", None)
    if getattr(dtype, "kind", "") == "c":
        raise DataError(f"{name}: x has dtype {dtype}. Complex data not supported. Give real and imaginary columns.")
    try:
        return numbers(x, name)
    except TypeError as error:
        if isinstance(error, DtypeError):
            raise
        raise TypeError(f"{error} (Each argument must be a string of a number or a real number.)") from None


def _check_counts(shape: tuple[int, ...], name: str) -> None:
    """Check that there are rows and columns."""
    for count, what in zip(shape, ("sample(s)", "feature(s)"), strict=True):
        if count == 0:
            raise ShapeError(f"{name}: found array with 0 {what} (shape={shape}) while a minimum of 1 is required.")


def _checked_csr(values: NDArray[Any], indices: NDArray[Any], starts: NDArray[Any], columns: int, name: str) -> Rows:
    """Return rows of three arrays after everything that the inner loops rely on was looked at.

    The loops read and write where `indices` and `starts` point, without looking: what is wrong here would be memory of
    another array there.
    """
    if values.dtype.kind == "c":
        raise DataError(f"{name}: x has dtype {values.dtype}. Complex data not supported. Give real numbers.")
    if values.dtype not in (np.float32, np.float64):
        if values.dtype.kind not in "biuf":
            raise DtypeError(f"{name}: values have dtype {values.dtype}, expected float32 or float64. Convert them.")
        values = values.astype(np.float64)
    for array, what in ((indices, "indices"), (starts, "starts")):
        if array.dtype not in (np.int32, np.int64):
            raise DtypeError(f"{name}: {what} have dtype {array.dtype}, expected int32 or int64. Convert them.")
    if values.ndim != 1 or indices.shape != values.shape or starts.ndim != 1 or starts.size == 0:
        raise ShapeError(
            f"{name}: shapes of values {values.shape}, indices {indices.shape} and starts {starts.shape}; expected "
            f"(nonzeros,), (nonzeros,) and (rows + 1,). Give the three arrays of one CSR matrix."
        )
    if not isinstance(columns, int | np.integer) or columns < 0:
        raise ShapeError(f"{name}: columns={columns!r}, expected an int >= 1. Give how many columns there are.")
    shape = (len(starts) - 1, int(columns))
    _check_counts(shape, name)
    steps = np.diff(starts)
    if starts[0] != 0 or starts[-1] != len(values) or (steps < 0).any():
        row = int(np.argmax(steps < 0)) if (steps < 0).any() else 0 if starts[0] else shape[0]
        raise DataError(
            f"{name}: starts go from {starts[0]} to {starts[-1]}, with {len(values)} values; at row {row} they are "
            f"wrong. Expected to rise from 0 to the number of values. Give the indptr of a CSR matrix."
        )
    if indices.size and not (0 <= int(indices.min()) and int(indices.max()) < columns):
        place = int(np.argmax((indices < 0) | (indices >= columns)))
        row = int(np.searchsorted(starts, place, "right")) - 1
        raise DataError(
            f"{name}: row {row} has column {indices[place]}, expected 0 to {columns - 1}. Give columns="
            f"{indices.max() + 1} or more, or correct the index."
        )
    _refuse_twice(indices, starts, shape, name)
    if starts.dtype != indices.dtype:  # n + 1 numbers; the long arrays stay
        starts = starts.astype(indices.dtype) if len(values) < np.iinfo(indices.dtype).max else starts
    rows = Rows(shape, _lying_together(values), _lying_together(indices), _lying_together(starts))
    _check_finite(rows, Origin(), name)
    return rows


@lru_cache(maxsize=4)
def _count_of_repeats(indices: str, starts: str) -> RoutineCode:
    """Return what counts columns that a row has twice; it reads no values."""
    return RoutineCode(routine("repeats", Form("float64", indices, starts)))


def _refuse_twice(indices: NDArray[Any], starts: NDArray[Any], shape: tuple[int, int], name: str) -> None:
    """Raise for a column that a row has twice: its squared norm, by which solvers step, would be wrong."""
    if indices.size < 2:
        return
    is_first = np.zeros(indices.size, bool)
    is_first[starts[:-1][np.diff(starts) > 0]] = True
    if ((np.diff(indices) > 0) | is_first[1:]).all():
        return  # rising within each row, the usual case
    repeats = np.zeros(1)
    sizes = {"n": shape[0], "d": shape[1], "stored": len(indices)}
    arrays = {"indices": indices, "starts": starts, "seen": np.zeros(shape[1], np.int64), "result": repeats}
    _count_of_repeats(indices.dtype.name, starts.dtype.name)(sizes, arrays)
    if not repeats[0]:
        return
    row = np.repeat(np.arange(shape[0]), np.diff(starts))
    order = np.lexsort((indices, row))
    is_twice = (np.diff(row[order]) == 0) & (np.diff(indices[order]) == 0)
    if is_twice.any():
        place = order[int(np.argmax(is_twice))]
        raise DataError(
            f"{name}: row {row[place]} has column {indices[place]} twice. Expected each column at most once in a row. "
            "Add them up: SciPy's sum_duplicates() does."
        )


def _check_finite(rows: Rows, origin: Origin, name: str) -> None:
    """Check that no value is NaN or infinite; names row and column of the first that are."""
    for first, block in blocks(rows.values):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            total = block.sum()
        if np.isfinite(total) or np.isfinite(block).all():  # a sum of finite numbers may overflow
            continue
        is_bad = ~np.isfinite(block)
        if rows.is_sparse:
            _, indices, starts = rows.compressed()
            place = first + int(np.argmax(is_bad))
            row = int(np.searchsorted(starts, place, "right")) - 1
            where, value = f"row {row}, column {indices[place]}", rows.values[place]
        else:
            where = Origin(origin.index, origin.columns, first).cells(is_bad)
            value = block[is_bad][0]
        shown = "NaN" if np.isnan(value) else "inf" if value > 0 else "-inf"
        raise DataError(f"{name}: x has {shown} at {where}. Expected finite numbers. Fill or drop it.")
