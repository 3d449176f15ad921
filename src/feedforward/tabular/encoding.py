"""What is learnt of a table's columns, and applied to every table after: typed columns to the arrays of a network.

A number x becomes (x - median) / (q75 - q25), then z / sqrt(1 + (z / 3)^2), which no outlier takes beyond 3; where the
quartiles are equal, half the range divides; a constant is 0. A gap is the median, and a column says where gaps are.
A category of two values is one column of 1 and -1, 0 where it is missing or unknown; of up to `most_one_hot`, a column
for each value; these are scaled like numbers. Of more values it is a code for an embedding: 0 where it is missing or
unknown, else 1, 2, ... All of it is computed in float64 and rounded once.

The values are those of RealMLP (Holzmüller, Grinsztajn and Steinwart 2024, arXiv 2407.04491, section 3 and appendix A),
which has no gaps in numbers. Not here: frames (``frames``), targets (``targets``).
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.data.cells import few
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.lookup import did_you_mean
from feedforward.tabular.columns import KINDS, Column, Table

__all__ = ["MOST_VALUES", "ColumnEncoding", "Encoded", "Encoding"]

MOST_VALUES = 10_000
"""How many values of a category are told apart, the most frequent ones; the others are as unknown ones."""

_MOST_CHARACTERS = 2**22
"""How many characters the values of all columns may have together, since they stand in the header of a model's file."""

_FEWEST_ROWS = 20
"""In so many rows a text that is another in each is a name or a number of the row, of which nothing is learnt."""

_TAKEN_FOR = ("number", "pair", "one-hot", "embedding", "unused")
_BOOLEANS: tuple[str, ...] = ("True", "False")
_PAIR = np.array([0.0, 1.0, -1.0])
"""What stands for the codes of a category of two values."""
_FAR = 1e12
"""Beyond it z / sqrt(1 + (z / 3)^2) is 3 in float64; cut there, no square overflows."""
_LEAST_RANGE = 1e-300


@dataclass(frozen=True)
class ColumnEncoding:
    """What was learnt of one column.

    Parameters
    ----------
    name : str
        Its name, or x0, x1, ... by its place.
    kind : str
        Of which kind its cells are, one of ``columns.KINDS``.
    taken_for : str
        ``"number"``, ``"pair"`` (a category of two values), ``"one-hot"``, ``"embedding"`` or ``"unused"``.
    values : tuple of str
        A category's values, of codes 1, 2, ...
    centers, scales : tuple of float
        Of each input: what is taken away, and by what the rest is multiplied. A number's first center is its median.
    gaps : int
        How many cells of the rows learnt from are missing.
    note : str
        What a reader should know, such as why it is unused.
    """

    name: str
    kind: str
    taken_for: str
    values: tuple[str, ...] = ()
    centers: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    gaps: int = 0
    note: str = ""

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns of numbers that it becomes."""
        if self.taken_for == "one-hot":
            return tuple(f"{self.name}={value}" for value in self.values)
        if self.taken_for == "number" and self.gaps:
            return self.name, f"{self.name} is missing"
        return (self.name,) if self.taken_for in ("number", "pair") else ()

    def __str__(self) -> str:
        """Return what a person is told it was taken for."""
        gaps = f"{self.gaps:,} gap{'s' * (self.gaps != 1)}"
        if self.taken_for == "number":
            told = {"date": "date: days since 1970-01-01", "duration": "duration: days"}.get(self.kind, "number")
            if self.scales[0] == 0:
                told += f", always {self.centers[0]:.6g}"
            end = f"{gaps}: the median {self.centers[0]:.6g}, and a column that says so"
        elif self.taken_for == "unused":
            told, end = "unused", gaps
        else:
            what = "boolean" if self.kind == "boolean" else "category"
            count = len(self.values)
            told = f"{what}: {count:,} value{'s' * (count != 1)} ({few(self.values)})"
            told += {"pair": ", 1 and -1", "one-hot": ", a column each", "embedding": ", embedded"}[self.taken_for]
            end = f"{gaps}: " + {"pair": "0", "one-hot": "0 in all", "embedding": "code 0"}[self.taken_for]
        told = f"{told}; {self.note}" if self.note else told
        return f"{told}; {end}" if self.gaps else told

    def codes(self, column: Column) -> NDArray[np.int32]:
        """Return 1, 2, ... for the values of a category, 0 for what is missing or unknown, shape (n,)."""
        if column.kind == "boolean":
            return np.where(np.isnan(column.values), 0, 2 - column.values).astype(np.int32)
        found = map(self._places.get, column.as_category().values.tolist(), repeat(0))
        return np.fromiter(found, np.int32, len(column.values))

    def scaled(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return inputs, shape (n, number of inputs), centered, scaled and smoothly clipped."""
        with np.errstate(over="ignore"):
            scaled = np.clip((inputs - self.centers) * self.scales, -_FAR, _FAR)
        clipped: NDArray[np.float64] = scaled / np.sqrt(1 + np.square(scaled / 3))
        return clipped

    def encoded(self, column: Column, codes: NDArray[np.int32] | None) -> NDArray[np.float64]:
        """Return the columns of numbers that a column of numbers or categories becomes."""
        if codes is not None and self.taken_for == "pair":
            return self.scaled(_PAIR[:, None])[codes]
        if codes is not None:
            off, on = self.scaled(np.array([[0.0], [1.0]]))
            block, rows = np.tile(off, (len(codes), 1)), np.flatnonzero(codes)
            block[rows, codes[rows] - 1] = on[codes[rows] - 1]
            return block
        is_missing = np.isnan(column.values)
        filled = np.where(is_missing, self.centers[0], column.values)
        return self.scaled(np.column_stack([filled, is_missing][: len(self.inputs)]))

    @cached_property
    def _places(self) -> dict[str | None, int]:
        return {value: place for place, value in enumerate(self.values, 1)}


@dataclass(frozen=True, eq=False)
class Encoded:
    """The arrays that a table becomes.

    Parameters
    ----------
    numbers : float32 array, shape (n, d)
        Of absolute value at most 3.
    codes : int32 array, shape (n, c)
        Of each embedded column; 0 is missing or unknown.
    unknown : dict of str to int
        How many cells of a column hold a value that was not there when it was learnt, where there are any.
    """

    numbers: NDArray[np.float32] = field(repr=False)
    codes: NDArray[np.int32] = field(repr=False)
    unknown: dict[str, int]


@dataclass(frozen=True)
class Encoding:
    r"""What was learnt of the columns of a table.

    Parameters
    ----------
    columns : tuple of ColumnEncoding
        Of all columns, in the order of the table.
    is_named : bool
        Whether columns are found by their names; else by their places.

    Examples
    --------
    >>> from feedforward.tabular.frames import table_of
    >>> table = table_of({"size": [1.0, 2.0, 4.0, None], "city": ["Bern", "Rome", "Bern", "Rome"]}, "fit")
    >>> encoding = Encoding.learnt(table)
    >>> print("\n".join(encoding.lines()))
    size: number; 1 gap: the median 2, and a column that says so
    city: category: 2 values (Bern, Rome), 1 and -1
    >>> encoding.encoded(table_of({"city": ["Oslo"], "size": [2.0]}, "predict"), "predict").unknown
    {'city': 1}
    """

    columns: tuple[ColumnEncoding, ...]
    is_named: bool = True

    @classmethod
    def learnt(
        cls,
        table: Table,
        *,
        categorical: Sequence[str | int] = (),
        most_one_hot: int = 8,
        caller: str = "Encoding.learnt",
    ) -> Encoding:
        """Return what a table's columns are taken for.

        Parameters
        ----------
        table : Table
            The rows to learn from.
        categorical : sequence of str or int, or of a bool for each column
            Names or places of columns whose numbers stand for categories.
        most_one_hot : int
            A category of more values is embedded.
        caller : str
            What messages begin with.

        Raises
        ------
        DataError
            If a column is not there, none is left to learn from, or the categories' values are too long for a file.
        TypeError, ValueError
            If an argument is none of the above.
        """
        if type(most_one_hot) is not int or most_one_hot < 0:
            raise ValueError(f"{caller}: most_one_hot={most_one_hot!r}. Expected an int >= 0. Give one.")
        forced = _places_of(categorical, table, caller)
        columns = tuple(_learnt(column, place in forced, most_one_hot) for place, column in enumerate(table.columns))
        encoding = cls(columns, table.is_named)
        if not encoding.used:
            told = "; ".join(encoding.lines()[:10])
            raise DataError(f"{caller}: no column is left to learn from ({told}). Expected at least one. Add a column.")
        lengths = {column.name: sum(map(len, column.values)) for column in columns}
        if sum(lengths.values()) > _MOST_CHARACTERS:
            worst = max(lengths, key=lengths.__getitem__)
            raise DataError(
                f"{caller}: the categories' values have {sum(lengths.values()):,} characters, those of column "
                f"{worst!r} {lengths[worst]:,}. Expected at most {_MOST_CHARACTERS:,}, which a file "
                "holds. Drop the column."
            )
        for column in encoding.used:
            if column.kind in ("date", "duration"):
                logging.getLogger("feedforward").info("%s: column %r is a %s", caller, column.name, column)
        return encoding

    @cached_property
    def used(self) -> tuple[ColumnEncoding, ...]:
        """The columns that a table has to have."""
        return tuple(column for column in self.columns if column.taken_for != "unused")

    @cached_property
    def number_names(self) -> tuple[str, ...]:
        """Names of the columns of `Encoded.numbers`."""
        return tuple(name for column in self.columns for name in column.inputs)

    @property
    def is_number(self) -> tuple[bool, ...]:
        """Of each column of `Encoded.numbers`: whether it is a number itself, not made of a category or of gaps."""
        return tuple(
            column.taken_for == "number" and place == 0
            for column in self.columns
            for place, _ in enumerate(column.inputs)
        )

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each column of `Encoded.codes` has, 0 among them."""
        return tuple(len(column.values) + 1 for column in self.columns if column.taken_for == "embedding")

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Of each column: of which kind its cells are."""
        return {column.name: column.kind for column in self.columns}

    def lines(self) -> list[str]:
        """Return a line for each column: what it was taken for."""
        return [f"{column.name}: {column}" for column in self.columns]

    def encoded(self, table: Table, caller: str) -> Encoded:
        """Return the arrays that a table becomes.

        Parameters
        ----------
        table : Table
            With the columns learnt from: in any order and beside others where both have names, else in the same order.
        caller : str
            What messages begin with.

        Raises
        ------
        DataError, ShapeError
            If a column is missing.
        TypeError
            If one is of another kind than the one learnt from; one without any value fits all kinds.

        Notes
        -----
        A million numbers take about 10 ms, a million texts about 60 ms.
        """
        numbers = np.empty((len(table), len(self.number_names)), np.float32)
        all_codes = np.empty((len(table), len(self.sizes)), np.int32)
        unknown: dict[str, int] = {}
        start = at = 0
        for one, column in zip(self.used, self._found(table, caller), strict=True):
            codes = None if one.taken_for == "number" else one.codes(column)
            if codes is not None:
                count = int((codes == 0).sum() - column.is_missing.sum())
                unknown |= {one.name: count} if count else {}
            if codes is not None and one.taken_for == "embedding":
                all_codes[:, at] = codes
                at += 1
            else:
                numbers[:, start : start + len(one.inputs)] = one.encoded(column, codes)
                start += len(one.inputs)
        return Encoded(numbers, all_codes, unknown)

    def _found(self, table: Table, caller: str) -> list[Column]:
        """Return the columns of a table that are used, each of its kind."""
        if self.is_named and table.is_named:
            by_name = {column.name: column for column in table.columns}
            missing = [column.name for column in self.used if column.name not in by_name]
            if missing:
                more = f", nor {', '.join(map(repr, missing[1:10]))}" if len(missing) > 1 else ""
                raise DataError(
                    f"{caller}: x has no column {missing[0]!r}{more}{', ...' if len(missing) > 10 else ''}. Expected "
                    f"the {len(self.used)} columns learnt from. {did_you_mean(missing[0], list(table.names))}"
                )
            found = [by_name[column.name] for column in self.used]
        elif len(table.columns) != len(self.columns):
            raise ShapeError(
                f"{caller}: X has {len(table.columns)} features, but Encoding is expecting {len(self.columns)} "
                "features as input. Give the columns learnt from, in their order."
            )
        else:
            pairs = zip(self.columns, table.columns, strict=True)
            found = [column for one, column in pairs if one.taken_for != "unused"]
        return [_of_kind(column, one, caller) for one, column in zip(self.used, found, strict=True)]

    def to_config(self) -> dict[str, Any]:
        """Return it as JSON can hold it, without what is as usual."""
        return {"is_named": self.is_named, "columns": [_config(column) for column in self.columns]}

    @classmethod
    def from_config(cls, config: Any) -> Encoding:
        """Return what `to_config` wrote; all of it is checked, for anybody may have written it.

        Raises
        ------
        FormatError
            If it is anything else.
        """
        if type(config) is not dict or config.keys() != {"is_named", "columns"}:
            raise FormatError(
                "the encoding of its table is no dict of is_named and columns. Take a file that is whole."
            )
        if type(config["is_named"]) is not bool or type(config["columns"]) is not list:
            raise FormatError(
                "the encoding of its table has is_named or columns of another type. Take a file that is whole."
            )
        encoding = cls(tuple(map(_column, config["columns"])), config["is_named"])
        names = [column.name for column in encoding.columns]
        if len(set(names)) < len(names):
            raise FormatError("the encoding of its table names a column twice. Take a file that is whole.")
        if not encoding.used:
            raise FormatError("the encoding of its table uses no column. Take a file that is whole.")
        return encoding


def _learnt(column: Column, is_forced: bool, most_one_hot: int) -> ColumnEncoding:
    """Return what a column is taken for."""
    name, kind = column.name, column.kind
    is_missing = column.is_missing
    gaps, present = int(is_missing.sum()), int((~is_missing).sum())
    if not present:
        return ColumnEncoding(name, kind, "unused", gaps=gaps, note="no cell has a value")
    if kind != "category" and kind != "boolean" and not is_forced:
        values = column.values[~is_missing]
        centers, scales = _robust([values, is_missing.astype(np.float64)] if gaps else [values])
        is_other = (
            present >= _FEWEST_ROWS and kind == "number" and _are_whole(values) and len(np.unique(values)) == present
        )
        note = "another whole number in every row: drop it if it only counts them" if is_other else ""
        return ColumnEncoding(name, kind, "number", (), centers, scales, gaps, note)
    if kind == "boolean":
        words, note = _BOOLEANS, ""
    else:
        words, note = _words(column.as_category(), is_forced)
    if not words:
        return ColumnEncoding(name, kind, "unused", gaps=gaps, note=note)
    taken_for = "pair" if len(words) == 2 else "one-hot" if len(words) <= most_one_hot else "embedding"
    bare = ColumnEncoding(name, kind, taken_for, words, gaps=gaps, note=note)
    if taken_for == "embedding":
        return bare
    codes = bare.codes(column)
    one_hot = ((codes == code).astype(np.float64) for code in range(1, len(words) + 1))  # one at a time in memory
    centers, scales = _robust([_PAIR[codes]] if taken_for == "pair" else one_hot)
    return ColumnEncoding(name, kind, taken_for, words, centers, scales, gaps, note)


def _words(column: Column, is_forced: bool) -> tuple[tuple[str, ...], str]:
    """Return the values of a category that are told apart, in the order of their code points, and a note on others."""
    counts = Counter(column.values.tolist())
    counts.pop(None, None)
    if not is_forced and len(counts) == counts.total() >= _FEWEST_ROWS:
        return (), "another text in every row"
    kept = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_VALUES]
    note = f"{len(counts):,} values, of which the most frequent are told apart" if len(counts) > len(kept) else ""
    return tuple(sorted(kept)), note


def _robust(inputs: Iterable[NDArray[np.float64]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the median of each input, and 1 / (q75 - q25), or 1 / (half of the range), or 0."""
    centers, scales = [], []
    for values in inputs:
        low, center, high = np.quantile(values, [0.25, 0.5, 0.75])
        length = high - low if high > low else (values.max() - values.min()) / 2
        centers.append(float(center))
        scales.append(float(1 / length) if length > _LEAST_RANGE else 0.0)
    return tuple(centers), tuple(scales)


def _are_whole(values: NDArray[np.float64]) -> bool:
    return bool((values == np.floor(values)).all())


def _of_kind(column: Column, one: ColumnEncoding, caller: str) -> Column:
    """Return a column if it is of the kind learnt from, or has no value."""
    if column.kind == one.kind:
        return column
    is_missing = column.is_missing
    if is_missing.all():
        empty = np.full(len(is_missing), None, object) if one.kind == "category" else np.full(len(is_missing), np.nan)
        return Column(one.name, one.kind, empty)
    row = int(np.argmin(is_missing))
    value = column.values[row] if column.kind == "category" else float(column.values[row])
    raise TypeError(
        f"{caller}: column {column.name!r} of x is a {column.kind}, {value!r} at row {row}. Expected a {one.kind}, "
        "as it was when it was learnt. Convert it."
    )


def _places_of(categorical: Sequence[str | int], table: Table, caller: str) -> set[int]:
    """Return the places of the columns that are said to be categories."""
    if isinstance(categorical, str):
        raise TypeError(
            f"{caller}: categorical={categorical!r}. Expected a list of names or places. Give a list of one."
        )
    chosen = list(categorical)
    if chosen and all(isinstance(one, bool | np.bool_) for one in chosen):
        if len(chosen) != len(table.columns):
            raise ValueError(
                f"{caller}: categorical has {len(chosen)} bools, x has {len(table.columns)} columns. Expected one for "
                "each. Give names instead."
            )
        return {place for place, is_one in enumerate(chosen) if is_one}
    places = set()
    for one in chosen:
        if isinstance(one, str) and one in table.names:
            places.add(table.names.index(one))
        elif isinstance(one, int | np.integer) and not isinstance(one, bool) and 0 <= one < len(table.columns):
            places.add(int(one))
        else:
            known = did_you_mean(one, list(table.names)) if isinstance(one, str) else "Give names."
            raise DataError(
                f"{caller}: categorical has {one!r}. Expected names of columns, or places from 0 to "
                f"{len(table.columns) - 1}. {known}"
            )
    return places


_USUAL = {one.name: one.default for one in fields(ColumnEncoding) if one.name not in ("name", "kind", "taken_for")}
_TYPES: Mapping[str, type] = {
    "name": str,
    "kind": str,
    "taken_for": str,
    "values": list,
    "centers": list,
    "scales": list,
    "gaps": int,
    "note": str,
}
_ELEMENTS: Mapping[str, type] = {"values": str, "centers": float, "scales": float}


def _config(column: ColumnEncoding) -> dict[str, Any]:
    """Return a column's record as JSON holds it."""
    config = {name: getattr(column, name) for name in _TYPES}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in config.items()
        if name not in _USUAL or value != _USUAL[name]
    }


def _column(config: Any) -> ColumnEncoding:
    """Return the record of a column that a file holds."""
    if type(config) is not dict or not {"name", "kind", "taken_for"} <= config.keys() <= _TYPES.keys():
        raise FormatError(f"the encoding of a column is {str(config)[:100]}. Take a file that is whole.")
    for name, value in config.items():
        elements = value if isinstance(value, list) else []
        if type(value) is not _TYPES[name] or any(type(one) is not _ELEMENTS[name] for one in elements):
            raise FormatError(f"the encoding of a column has {name}={str(value)[:100]}. Take a file that is whole.")
    settings: dict[str, Any] = {name: tuple(value) if name in _ELEMENTS else value for name, value in config.items()}
    column = ColumnEncoding(**settings)
    words, inputs = len(column.values), len(column.inputs)
    allowed = {"number": words == 0, "pair": words == 2, "unused": words == 0}
    is_word = column.kind in ("category", "boolean") or column.taken_for in ("pair", "one-hot", "embedding")
    is_good = (
        column.kind in KINDS
        and column.taken_for in _TAKEN_FOR
        and allowed.get(column.taken_for, 1 <= words <= MOST_VALUES)
        and column.gaps >= 0
        and not (column.taken_for == "number" and is_word)
        and (column.kind != "boolean" or column.taken_for == "unused" or column.values == _BOOLEANS)
        and len(set(column.values)) == words
        and len(column.centers) == len(column.scales) == inputs
        and all(map(math.isfinite, (*column.centers, *column.scales)))
        and all(scale >= 0 for scale in column.scales)
    )
    if not is_good:
        raise FormatError(
            f"the encoding of column {column.name[:100]!r} contradicts itself. Take a file that is whole."
        )
    return column
