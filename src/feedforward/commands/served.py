"""What a model answers to rows that come as JSON: the check of the rows, the predictions, what is said of both.

Here: values to answers. Not here: HTTP (``server``), what a model's file says (``about``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedforward import __version__
from feedforward.commands.about import About, predicted
from feedforward.data.cells import LARGEST, listed, shortened
from feedforward.data.columns import Column, Schema
from feedforward.data.values import inputs_of_values
from feedforward.errors import DataError, FormatError
from feedforward.lookup import did_you_mean

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["MOST_ROWS", "Served", "ServedArrays", "ServedTable", "served"]

MOST_ROWS = 4096
"""How many rows a request may ask of."""


class Served(Protocol):
    """A model that answers to rows."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What it wants and gives, as JSON can hold it."""

    @property
    def example(self) -> Any:
        """A row that it takes."""

    def answer(self, rows: Any) -> dict[str, Any]:
        """Return the predictions for rows, as JSON can hold them.

        Raises
        ------
        DataError
            If `rows` is anything else than rows that it takes; the message names row and column.
        """


def served(model: Model, path: str) -> Served:
    """Return what answers for the model in a file.

    Parameters
    ----------
    model : Model
        Trained on a table or on images by the command line, or a network of one input and one output of numbers.
    path : str
        The file.

    Raises
    ------
    FormatError
        If it is no such model, or its file contradicts itself.
    """
    if not model.metadata:
        return ServedArrays(model, path, None)
    about = About.of(model, path)
    return ServedArrays(model, path, about) if about.schema is None else ServedTable(model, path, about, about.schema)


@dataclass(frozen=True, eq=False)
class ServedTable:
    """A network of a table, which takes rows as the table has them.

    Parameters
    ----------
    model : Model
        The network.
    path : str
        Its file.
    about : About
        What that says of its outputs.
    schema : Schema
        What that says of its inputs.
    """

    model: Model
    path: str
    about: About
    schema: Schema

    @property
    def description(self) -> Mapping[str, Any]:
        """What it wants and gives; see `Served`."""
        columns = []
        for column in self.schema.used:
            told: dict[str, Any] = {"name": column.name, "type": column.taken_for}
            if column.taken_for == "text":
                told["values"] = list(column.values)
            columns.append(told | {"null": _takes_null(column)})
        return {
            **_said(self.path, self.about),
            "target": self.schema.target.name,
            "columns": columns,
            "ignored": self._ignored,
        }

    @property
    def example(self) -> dict[str, Any]:
        """A row of what is usual: medians, and the first of the texts."""
        return {column.name: _usual(column) for column in self.schema.used}

    @cached_property
    def _names(self) -> list[str]:
        return [column.name for column in self.schema.used]

    @cached_property
    def _ignored(self) -> list[str]:
        """Columns of the table that a row may have, and that say nothing to the network."""
        dropped = [column.name for column in self.schema.columns if not column.inputs]
        return [*dropped, self.schema.target.name]

    def answer(self, rows: Any) -> dict[str, Any]:
        """Return the predictions for rows; see `Served`.

        Each row is an object of columns and values, or a list of values in the order of the columns. A number is a
        number, a text a string, yes and no true and false or as the table has them, a gap null.
        """
        _check_rows(rows)
        parts, unknown = [], {}
        for column, values in zip(self.schema.used, self._by_column(rows), strict=True):
            inputs, count = inputs_of_values(column, _checked(column, values))
            parts.append(inputs)
            if count:
                unknown[column.name] = count
        outputs = predicted(self.model, np.concatenate(parts, axis=1), self.schema)
        answer = _answer(outputs, self.about.class_names)
        return {**answer, "unknown": unknown} if unknown else answer

    def _by_column(self, rows: list[Any]) -> list[Sequence[Any]]:
        """Return the values of each column that is used."""
        names = self._names
        if type(rows[0]) is list:
            for row, values in enumerate(rows):
                if type(values) is not list or len(values) != len(names):
                    got = f"a list of {len(values)}" if type(values) is list else _told(values)
                    raise DataError(
                        f"row {row} is {got}. Expected a list of {len(names)} values, in the order of the columns:"
                        f" {listed(names)}. Give all of them."
                    )
            return list(zip(*rows, strict=True))
        for row, values in enumerate(rows):
            if type(values) is not dict:
                raise DataError(
                    f"row {row} is {_told(values)}. Expected an object of columns and values, or every row a list. Give"
                    f" {{{shortened(names[0])[1:-1]!r}: ...}}."
                )
            if len(values) != len(names) or not all(name in values for name in names):
                _check_names(row, values, names, self._ignored)
        return [[row[name] for row in rows] for name in names]


@dataclass(frozen=True, eq=False)
class ServedArrays:
    """A network of one array of numbers a row, such as an image.

    Parameters
    ----------
    model : Model
        The network.
    path : str
        Its file.
    about : About or None
        What that says of its outputs.

    Raises
    ------
    FormatError
        If it has several inputs or outputs, or sizes that are not known.
    """

    model: Model
    path: str
    about: About | None

    def __post_init__(self) -> None:
        network = self.model.network
        shapes = [node.shape[1:] for node in (*network.inputs, *network.outputs)]
        if len(shapes) != 2 or not all(type(size) is int for shape in shapes for size in shape):
            raise FormatError(
                f"{self.path} has {len(network.inputs)} inputs and {len(network.outputs)} outputs, of shapes"
                f" {', '.join(map(str, shapes))}. Expected one of each, of known sizes. Serve a model of them, such as"
                " Model(inputs, outputs[0])."
            )

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(size for size in self.model.network.inputs[0].shape[1:] if isinstance(size, int))

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(str(self.model.network.inputs[0].dtype))

    @property
    def description(self) -> Mapping[str, Any]:
        """What it wants and gives; see `Served`."""
        return {**_said(self.path, self.about), "shape": list(self._shape), "dtype": str(self._dtype)}

    @property
    def example(self) -> Any:
        """A row of zeros."""
        return np.zeros(self._shape, int).tolist()

    def answer(self, rows: Any) -> dict[str, Any]:
        """Return the predictions for rows; see `Served`.

        Each row is lists in lists of numbers, as the shape has them, or all of them in one list.
        """
        _check_rows(rows)
        shape, count = self._shape, math.prod(self._shape)
        x = np.empty((len(rows), *shape))
        for row, values in enumerate(rows):
            try:
                array = np.array(values)
            except (ValueError, OverflowError):  # lists of different lengths
                array = np.empty(0, object)
            if array.dtype.kind not in "iuf" or array.shape not in (shape, (count,)):
                raise DataError(
                    f"row {row} is {_told(values)} that makes no array of shape {shape}. Expected {count} numbers in"
                    f" lists of that shape, or in one list. Give all of them."
                )
            x[row] = array.reshape(shape)
        low, high = _range_of(self._dtype)
        is_bad = ~((x >= low) & (x <= high) & ((self._dtype.kind == "f") | (x == np.floor(x))))
        if is_bad.any():
            place = np.argwhere(is_bad)[0]
            raise DataError(
                f"row {place[0]} has {x[tuple(place)]:g} at {tuple(place[1:].tolist())}. Expected"
                f" {'numbers' if self._dtype.kind == 'f' else 'whole numbers'} from {low:g} to {high:g}. Correct it."
            )
        outputs = predicted(self.model, x.astype(self._dtype), None)
        return _answer(outputs, () if self.about is None else self.about.class_names)


def _said(path: str, about: About | None) -> dict[str, Any]:
    """Return what is said of every model."""
    said: dict[str, Any] = {"model": Path(path).name, "feedforward": __version__}
    if about is not None:
        said["task"] = about.task
    if about is not None and about.class_names:
        said["classes"] = list(about.class_names)
    return said


def _check_rows(rows: Any) -> None:
    if type(rows) is not list or not 1 <= len(rows) <= MOST_ROWS:
        got = f"a list of {len(rows)}" if type(rows) is list else _told(rows)
        raise DataError(f"rows is {got}. Expected a list of 1 to {MOST_ROWS:,} rows. Send as many at a time.")


def _check_names(row: int, values: Mapping[str, Any], names: Sequence[str], ignored: Sequence[str]) -> None:
    """Raise for a row that lacks a column, or has one that the table had not."""
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names and name not in ignored]
    if unknown:
        near = did_you_mean(unknown[0], missing or list(names))
        raise DataError(
            f"row {row} has what is no column of the table: {listed(unknown)}. Expected {listed(names)}."
            f" {near if near.startswith('Did') else 'Leave it out.'}"
        )
    if missing:
        raise DataError(
            f"row {row} says nothing of {listed(missing)}. Expected {listed(names)}. Give all, and null for what is"
            " missing."
        )


def _checked(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a column as `inputs_of_values` takes them."""
    types = set(map(type, values))
    if type(None) in types and not _takes_null(column):
        row = next(row for row, value in enumerate(values) if value is None)
        raise DataError(
            f"row {row}, column {column.name!r}: got null, and nothing is known that could stand for it. Expected a"
            " number. Give one."
        )
    if column.taken_for != "number":
        allowed = {str, type(None)} | ({bool} if column.taken_for == "yes/no" else set())
        if not types <= allowed:
            expected = "a string or null" if column.taken_for == "text" else "true, false, a string or null"
            _refuse(column, values, lambda value: type(value) in allowed, expected)
        return [str(value).lower() if type(value) is bool else value for value in values]
    if not types <= {int, float, type(None)}:
        _refuse(column, values, lambda value: type(value) in (int, float, type(None)), "a number or null")
    if not all(value is None or -LARGEST <= value <= LARGEST for value in values):
        expected = f"a number up to {LARGEST:.1e}"
        _refuse(column, values, lambda value: value is None or -LARGEST <= value <= LARGEST, expected)
    return [math.nan if value is None else float(value) for value in values]


def _refuse(column: Column, values: Sequence[Any], is_good: Any, expected: str) -> None:
    """Raise for the first value that is not good."""
    row = next(row for row, value in enumerate(values) if not is_good(value))
    raise DataError(f"row {row}, column {column.name!r}: got {_told(values[row])}. Expected {expected}. Correct it.")


def _usual(column: Column) -> Any:
    """Return a value that a column may have."""
    if column.taken_for == "text":
        return column.values[0]
    value = column.mean if column.median is None else column.median
    return bool(value) if column.taken_for == "yes/no" else value


def _takes_null(column: Column) -> bool:
    return column.taken_for == "text" or column.median is not None


def _told(value: Any) -> str:
    """Return a value of JSON in words."""
    if isinstance(value, str):
        return f"the string {shortened(value)}"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int) and abs(value) >= 10**100:  # more than a float holds, perhaps
        return "a number of more than 100 digits"
    return f"{value:.4g}"


def _range_of(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return -LARGEST, LARGEST
    if dtype.kind == "b":
        return 0, 1
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def _answer(outputs: NDArray[Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return outputs as JSON can hold them.

    Raises
    ------
    DataError
        If one is not finite: the row is far from all that was learnt from.
    """
    is_bad = ~np.isfinite(outputs).reshape(len(outputs), -1).all(axis=1)
    if is_bad.any():
        raise DataError(
            f"row {int(is_bad.argmax())}: the network gives no finite number for it. Expected numbers like those it"
            " learnt from. Correct the row."
        )
    if not classes:
        return {"predictions": (outputs[:, 0] if outputs.shape[1:] == (1,) else outputs).tolist()}
    return {
        "predictions": [classes[place] for place in np.argmax(outputs, axis=1).tolist()],
        "probabilities": [dict(zip(classes, row, strict=True)) for row in outputs.tolist()],
    }
