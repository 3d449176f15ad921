"""What each column of a table was taken for, and what becomes of its cells: one record, made once, applied ever after.

A column of numbers, or of dates as numbers of days, is one input, its gaps filled with the median. A column of words is
an input for each word, 1 where the cell holds it and 0 elsewhere. Records are made where a network is trained, are kept
in its file, and new rows go through the same. All of it is computed in float64. Not here: files (``sheet``), labels
(``table``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.data.cells import LARGEST, Cells, few, is_date, is_number
from feedforward.data.sheet import Sheet
from feedforward.data.table import all_numbers, check_words, number_name, refuse_word
from feedforward.errors import DataError, FormatError

__all__ = ["MOST_VALUES", "Column", "Roles", "Schema", "schema_of"]

MOST_VALUES = 50
"""How many different texts a column may hold to become inputs."""

_KINDS = ("number", "date", "yes/no", "text", "target", "weights", "dropped")
_NO_INPUT = ("target", "weights", "dropped")
_YES_NO = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))
_MEANINGS = {text: float(place) for pair in (*_YES_NO, ("0", "1"), ("0.0", "1.0")) for place, text in enumerate(pair)}
_FEWEST_RUNNING = 10  # rows from which on numbers that count up are no accident

_MOST_OFFSET = 1000.0
"""How many deviations the mean may be away from 0 before rows are standardised in float64.

float32 rounds such a number by 1000 * 2**-24 = 6e-5 of a deviation; what is nearer 0 the network standardises itself.
"""
_LEAST_SCALE, _LARGEST_SCALE = 1e-15, 1e15  # the network keeps variances, in float32


@dataclass(frozen=True)
class Column:
    """What a column was taken for.

    Parameters
    ----------
    name : str
        Its name in the file.
    taken_for : str
        ``"number"``, ``"date"`` (days since 1970-01-01), ``"yes/no"`` (0 or 1), ``"text"``, ``"target"``, ``"weights"``
        (what each row counts) or ``"dropped"``.
    values : tuple of str
        A text's values, an input for each; a target's classes.
    median : float or None
        What takes the place of gaps; None: a gap is an error.
    mean, scale : float
        Mean and standard deviation of a number in the rows learnt from.
    is_standardised : bool
        Whether the network gets (x - mean) / scale, computed in float64; else it gets x and standardises by itself.
    gaps : int
        How many cells of the file it was learnt from are missing.
    why : str
        Why it was dropped, or perhaps should be.
    """

    name: str
    taken_for: str
    values: tuple[str, ...] = ()
    median: float | None = None
    mean: float = 0.0
    scale: float = 1.0
    is_standardised: bool = False
    gaps: int = 0
    why: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network's inputs that it becomes."""
        if self.taken_for == "text":
            return tuple(f"{self.name}={value}" for value in self.values)
        return () if self.taken_for in _NO_INPUT else (self.name,)

    def __str__(self) -> str:
        """Return what a person is told it was taken for."""
        gaps = f"{self.gaps:,} gap{'s' * (self.gaps != 1)}"
        if self.taken_for == "dropped":
            return f"dropped: {self.why}"
        if self.taken_for == "target":
            return f"target: {f'{len(self.values)} classes' if self.values else 'a number'}"
        if self.taken_for == "text":
            count = len(self.values)
            told = f"text: {count} value{'s' * (count != 1)} ({few(self.values)}), an input each"
            return f"{told}; {gaps}: all of them 0" if self.gaps else told
        if self.taken_for == "weights":
            return "what each row counts in training"
        told = "date, as days since 1970-01-01" if self.taken_for == "date" else self.taken_for
        if self.why:
            told += f", {self.why}"
        if self.scale == 0:
            told += f", always {self.mean:.6g}"
        if self.is_standardised:
            told += f", standardised in float64 (mean {self.mean:.10g}, deviation {self.scale:.4g})"
        return f"{told}; {gaps}: the median {self.median:.6g}" if self.gaps and self.median is not None else told

    def encoded(self, cells: Cells) -> tuple[NDArray[np.float64], int]:
        """Return the inputs for cells, shape (n, number of inputs), and how many of them hold an unknown value.

        Raises
        ------
        DataError
            If a cell is no number where one is needed, or is missing where there is no median.
        """
        if self.taken_for == "text":
            places = {value: place for place, value in enumerate(self.values)}
            result = np.zeros((len(cells.texts), len(places)))
            unknown = 0
            for row, text in enumerate(cells.texts):
                place = places[text] if text in places else places.get(_number_name(text))
                if place is not None:
                    result[row, place] = 1.0
                elif not cells.missing[row]:
                    unknown += 1
            return result, unknown
        if self.taken_for == "yes/no":
            values = _answers(cells)
            unknown = int((np.isnan(values) & ~cells.missing).sum())
        elif self.taken_for == "date":
            values, unknown = _dates(cells), 0
        elif self.median is None:
            values, unknown = all_numbers(cells, "feature"), 0
        else:
            if cells.numbers is None:
                refuse_word(cells, "feature")
            cells.check_finite()
            values, unknown = cells.numbers, 0
        if self.median is not None:
            values = np.where(np.isnan(values), self.median, values)
        return values[:, None], unknown

    def learnt(self, values: NDArray[np.float64]) -> Column:
        """Return the record with mean and scale of the values learnt from, shape (n,)."""
        mean, scale = float(values.mean()), float(values.std())
        if values.min() == values.max():  # a mean is rounded, so equal numbers would differ from it
            mean, scale = float(values[0]), 0.0
        is_far = abs(mean) > _MOST_OFFSET * scale or not _LEAST_SCALE < scale < _LARGEST_SCALE
        return replace(self, mean=mean, scale=scale, is_standardised=scale > 0 and is_far)


@dataclass(frozen=True)
class Roles:
    """What a user says of columns, each by its name or its place.

    Parameters
    ----------
    drop : tuple of str
        To be left out.
    categorical : tuple of str
        Whose numbers are names of things: each number gets an input, as words do.
    weights : str or None
        What each row counts in training.
    """

    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    weights: str | None = None

    def of(self, sheet: Sheet, target: str) -> dict[str, str]:
        """Return the names of a file's columns that are spoken of, each with ``drop``, ``categorical`` or ``weights``.

        Parameters
        ----------
        sheet : Sheet
            The file.
        target : str
            The name of the column to predict.

        Raises
        ------
        DataError
            If a column is not there, or is named for two purposes.
        """
        given = [("drop", "to drop", name) for name in self.drop]
        given += [("categorical", "to take for categories", name) for name in self.categorical]
        given += [("weights", "for the weights", name) for name in (self.weights,) if name is not None]
        uses = {target: "target"}
        for use, what, given_name in given:
            name = sheet.names[sheet.index_of(given_name, what)]
            if uses.setdefault(name, use) != use:
                raise DataError(f"{sheet.path}: {name!r} is given for {uses[name]} and for {use}. Give one of the two.")
        del uses[target]
        return uses


@dataclass(frozen=True)
class Schema:
    """What the columns of a table were taken for.

    Parameters
    ----------
    columns : tuple of Column
        All but the target, in the order of the file.
    target : Column
        The target: its classes, or its mean and scale.
    has_header : bool
        Whether the file that was learnt from names its columns.
    """

    columns: tuple[Column, ...]
    target: Column
    has_header: bool = True

    @cached_property  # asked for again with every row that is served
    def used(self) -> tuple[Column, ...]:
        """The columns that a file to predict from has to have."""
        return tuple(column for column in self.columns if column.inputs)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network's inputs, in their order."""
        return tuple(name for column in self.used for name in column.inputs)

    def encoded(self, sheet: Sheet) -> tuple[NDArray[np.float64], dict[str, int]]:
        """Return the inputs for all rows of a file, shape (n, d), not standardised, and the unknown values by column.

        Raises
        ------
        DataError
            If a column is missing, or a cell cannot be used.
        """
        parts, unknown = [], {}
        for column, index in zip(self.used, sheet.indices_of([one.name for one in self.used]), strict=True):
            values, count = column.encoded(sheet.cells(index))
            parts.append(values)
            if count:
                unknown[column.name] = count
        return np.concatenate(parts, axis=1), unknown

    def learnt(self, x: NDArray[np.float64]) -> Schema:
        """Return the schema with the means and scales of the rows learnt from, shape (n, d)."""
        columns, start = [], 0
        for column in self.columns:
            is_one_number = column.taken_for in ("number", "date", "yes/no")
            columns.append(column.learnt(x[:, start]) if is_one_number else column)
            start += len(column.inputs)
        return replace(self, columns=tuple(columns))

    def fed(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return rows as the network takes them: standardised in float64 where float32 could not tell them apart.

        Raises
        ------
        DataError
            If a number is then beyond float32: it has nothing to do with those that were learnt from.
        """
        far = [(start, column) for start, column in self._places if column.is_standardised]
        if far:
            x = x.copy()
        for start, column in far:
            with np.errstate(over="ignore"):
                x[:, start] = (x[:, start] - column.mean) / column.scale
            if not (np.abs(x[:, start]) <= LARGEST).all():
                row = int((~(np.abs(x[:, start]) <= LARGEST)).argmax())
                raise DataError(
                    f"row {row}, column {column.name!r}: the number is beyond float32 once it is standardised with mean"
                    f" {column.mean:g} and deviation {column.scale:g}. Correct it."
                )
        return x.astype(np.float32)

    def normalization(self) -> tuple[list[float], list[float]]:
        """Return means and variances for the network's first layer: 0 and 1 where there is nothing left to do."""
        means, variances = [], []
        for column in self.used:
            is_own = column.taken_for != "text" and not column.is_standardised
            means += [column.mean if is_own else 0.0] * len(column.inputs)
            variances += [column.scale**2 if is_own else 1.0] * len(column.inputs)
        return means, variances

    @cached_property
    def _places(self) -> list[tuple[int, Column]]:
        """The columns that are used, each with the place of its first input."""
        places, start = [], 0
        for column in self.used:
            places.append((start, column))
            start += len(column.inputs)
        return places

    def to_config(self) -> dict[str, Any]:
        """Return it as JSON can hold it, without what is as usual."""
        return {
            "has_header": self.has_header,
            "target": _config(self.target),
            "columns": [_config(column) for column in self.columns],
        }

    @classmethod
    def from_config(cls, config: Any, has_inputs: bool = True) -> Schema:
        """Return what `to_config` wrote; every type is checked, for anybody may have written it.

        Parameters
        ----------
        config : object
            What a file holds.
        has_inputs : bool
            Whether some column has to become an input.

        Raises
        ------
        FormatError
            If it is anything else.
        """
        if type(config) is not dict or config.keys() != {"has_header", "target", "columns"}:
            raise FormatError("the record of its table is no dict of has_header, target and columns")
        if type(config["has_header"]) is not bool or type(config["columns"]) is not list:
            raise FormatError("the record of its table has a has_header or columns of another type")
        columns, target = tuple(map(_column, config["columns"])), _column(config["target"])
        names = [column.name for column in (*columns, target)]
        if len(set(names)) < len(names):
            raise FormatError("the record of its table names a column twice")
        if target.taken_for != "target" or any(column.taken_for == "target" for column in columns):
            raise FormatError("the record of its table has another number of targets than one")
        schema = cls(columns, target, config["has_header"])
        if has_inputs and not schema.used:
            raise FormatError("the record of its table has no column that becomes an input")
        return schema


def schema_of(sheet: Sheet, target: Column, roles: Roles, is_learnt: NDArray[np.bool_]) -> Schema:
    """Return what the columns of a file are taken for.

    Parameters
    ----------
    sheet : Sheet
        The file.
    target : Column
        The column to predict.
    roles : Roles
        What the user says of others.
    is_learnt : bool array, shape (n,)
        Which rows are learnt from: medians and the values of texts come of them alone.

    Raises
    ------
    DataError
        If a column that is named is not there, or is named for two purposes; if none is left; if one of numbers holds a
        few words, or one that is to be categorical too many values.
    """
    uses = roles.of(sheet, target.name)
    columns = []
    for index, name in enumerate(sheet.names):
        if uses.get(name) == "drop":
            columns.append(Column(name, "dropped", why="you asked for it"))
        elif uses.get(name) == "weights":
            columns.append(Column(name, "weights"))
        elif uses.get(name) == "categorical":
            columns.append(_categories(sheet.cells(index), is_learnt))
        elif name != target.name:
            columns.append(_taken_for(sheet.cells(index), is_learnt))
    schema = Schema(tuple(columns), target, sheet.has_header)
    if not schema.used:
        told = "; ".join(f"{column.name!r} was {column}" for column in columns[:10])
        raise DataError(
            f"{sheet.path}: no column is left to learn from{f' ({told})' if told else ''}. At least one feature is"
            " expected. Add a column, drop fewer, or give another target or delimiter."
        )
    return schema


def _taken_for(cells: Cells, is_learnt: NDArray[np.bool_]) -> Column:
    """Return what a column is taken for."""
    gaps = int(cells.missing.sum())
    is_there = ~cells.missing & is_learnt
    if not is_there.any():
        return Column(cells.name, "dropped", gaps=gaps, why="no cell of the rows to learn from has a value")
    if cells.numbers is not None:
        cells.check_finite()
        why = "counting the rows: drop it if it does no more" if _is_running(cells.numbers) else ""
        return Column(cells.name, "number", median=float(np.median(cells.numbers[is_there])), gaps=gaps, why=why)
    if cells.days is not None:
        return Column(cells.name, "date", median=float(np.median(cells.days[is_there])), gaps=gaps)
    words = {text for text, is_missing in zip(cells.texts, cells.missing, strict=True) if not is_missing}
    if any({text.lower() for text in words} <= set(pair) for pair in _YES_NO):
        return Column(cells.name, "yes/no", median=float(np.median(_answers(cells)[is_there])), gaps=gaps)
    check_words(cells)
    if len(words) > MOST_VALUES:
        is_another = len(words) == len(cells.texts) - gaps
        many = "no two alike, so they name rows" if is_another else f"more than {MOST_VALUES}"
        return Column(cells.name, "dropped", gaps=gaps, why=f"{len(words):,} different texts, {many}")
    return _categories(cells, is_learnt)


def _categories(cells: Cells, is_learnt: NDArray[np.bool_]) -> Column:
    """Return a column of which each value is an input, numbers by value."""
    is_there = ~cells.missing & is_learnt
    learnt = {text for text, is_one in zip(cells.texts, is_there, strict=True) if is_one}
    values = sorted(learnt)
    if cells.numbers is not None:
        values = [number_name(value) for value in np.unique(cells.numbers[is_there]).tolist()]
    if not 1 <= len(values) <= MOST_VALUES:
        raise DataError(
            f"{cells.path}, column {cells.name!r}: {len(values):,} different values in the rows to learn from. A column"
            f" of categories needs at least 1 and at most {MOST_VALUES}. Take it for numbers, or drop it."
        )
    return Column(cells.name, "text", values=tuple(values), gaps=int(cells.missing.sum()))


def _is_running(values: NDArray[np.float64]) -> bool:
    """Return whether numbers count the rows, in any order."""
    if len(values) < _FEWEST_RUNNING or np.isnan(values).any():
        return False
    return bool((np.diff(np.sort(values)) == 1).all())


def _number_name(text: str) -> str:
    """Return what a category that is a number is called: ``1`` for ``1.0``."""
    return number_name(float(text)) if is_number(text) and math.isfinite(float(text)) else text


def _dates(cells: Cells) -> NDArray[np.float64]:
    """Return the days of dates, NaN where one is missing."""
    if cells.days is not None:
        return cells.days
    for row, text in enumerate(cells.texts):
        if not cells.missing[row] and not is_date(text):
            cells.refuse(row, "is no date. Dates such as 2024-02-29 or 2024-02-29T18:30 were learnt from; write it so.")
    return np.full(len(cells.texts), np.nan)


def _answers(cells: Cells) -> NDArray[np.float64]:
    """Return 1 for each yes, 0 for each no, NaN for what is neither."""
    return np.array([_MEANINGS.get(text.lower(), math.nan) for text in cells.texts])


_USUAL = {one.name: one.default for one in fields(Column) if one.name not in ("name", "taken_for")}
_TYPES: Mapping[str, type] = {
    "name": str,
    "taken_for": str,
    "values": list,
    "median": float,
    "mean": float,
    "scale": float,
    "is_standardised": bool,
    "gaps": int,
    "why": str,
}


def _config(column: Column) -> dict[str, Any]:
    config = {name: value for name, value in vars(column).items() if name not in _USUAL or value != _USUAL[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in config.items()}


def _column(config: Any) -> Column:
    """Return the record of a column that a file holds."""
    if type(config) is not dict or not {"name", "taken_for"} <= config.keys() <= _TYPES.keys():
        raise FormatError(f"the record of a column is {str(config)[:100]}")
    for name, value in config.items():
        if type(value) is not _TYPES[name] or (type(value) is float and not math.isfinite(value)):
            raise FormatError(f"the record of a column has {name}={str(value)[:100]}")
    values = config.get("values", [])
    column = Column(**{**config, "values": tuple(values)})
    is_good = (
        column.taken_for in _KINDS
        and column.gaps >= 0
        and column.scale >= 0
        and max(abs(column.mean), abs(column.median or 0.0)) <= LARGEST
        and not (column.is_standardised and column.scale == 0)
        and all(type(value) is str for value in values)
        and len(set(values)) == len(values)
        and (column.taken_for != "text" or 1 <= len(values) <= MOST_VALUES)
        and (column.taken_for != "yes/no" or column.median is not None)
    )
    if not is_good:
        raise FormatError(f"the record of column {column.name[:100]!r} contradicts itself")
    return column
