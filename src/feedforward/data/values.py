"""Rows that come as values rather than as cells of a file: what a network is given for them.

A value is what a user would call it: a number, a text, or nothing where it is missing. What it becomes is said by the
record of its column (``columns``), as for cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.data.cells import MISSING, Cells
from feedforward.data.columns import Column, Schema

__all__ = ["inputs_of_values", "values_of_rows"]


def inputs_of_values(column: Column, values: Sequence[Any] | NDArray[Any]) -> tuple[NDArray[np.float64], int]:
    """Return the inputs for values of a column, and how many of them are unknown; see `Column.encoded`.

    Parameters
    ----------
    column : Column
        What the column was taken for.
    values : sequence, length n
        Of a number, and of days of a date: finite floats, NaN for what is missing. Of texts and of yes and no: str, and
        None for it.

    Returns
    -------
    tuple of (float64 array, int)
        The array has shape (n, number of the column's inputs).

    Raises
    ------
    DataError
        If a value is missing where there is no median.

    Examples
    --------
    >>> inputs, unknown = inputs_of_values(Column("colour", "text", values=("blue", "red")), ["red", None, "pink"])
    >>> inputs.tolist(), unknown
    ([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]], 1)
    """
    if column.taken_for in ("number", "date") and column.median is not None:
        numbers = np.asarray(values, dtype=np.float64)
        return np.where(np.isnan(numbers), column.median, numbers)[:, None], 0
    texts = ["" if value is None else str(value).strip() for value in values]
    return column.encoded(Cells(Path(), column.name, texts, list(range(len(texts))), ","))


def values_of_rows(
    schema: Schema, x: NDArray[np.float64], texts: Mapping[str, Sequence[str] | NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Return the values of rows that were read from a file, by column, as `inputs_of_values` takes them.

    Parameters
    ----------
    schema : Schema
        What the columns were taken for.
    x : float64 array, shape (n, d)
        What `Schema.encoded` made of the rows; numbers are taken from there, for how they are written is settled by
        the whole file.
    texts : mapping of str to sequence of str
        The cells of each column that is used.
    """
    columns, start = {}, 0
    for column in schema.used:
        cells = texts[column.name]
        known = set(column.values)  # of which "-" may be one
        is_missing = np.fromiter((text.lower() in MISSING and text not in known for text in cells), bool, len(cells))
        if column.taken_for in ("number", "date"):
            columns[column.name] = np.where(is_missing, math.nan, x[:, start])
        else:
            values = np.array(cells, dtype=object)
            values[is_missing] = None
            columns[column.name] = values
        start += len(column.inputs)
    return columns
