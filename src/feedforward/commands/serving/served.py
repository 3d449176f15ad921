"""What a model answers to rows that come as JSON, and what is said of both.

Here: values to answers. Not here: which values rows may have (``rows``), HTTP (``server``), what a model's file says of
itself (``about``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward import __version__
from feedforward.commands.about import About, check_outputs, predicted
from feedforward.commands.serving.rows import Wanted, check_rows, told, values_by_column, wanted_of
from feedforward.data.cells import LARGEST
from feedforward.data.columns import Column, Schema
from feedforward.data.values import inputs_of_values
from feedforward.errors import DataError, FormatError
from feedforward.tabular.columns import Column as TypedColumn
from feedforward.tabular.columns import Table
from feedforward.tabular.encoding import Encoding
from feedforward.tabular.fitting import TableRecord

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["Served", "ServedArrays", "ServedTable", "served"]

Values: TypeAlias = Mapping[str, Sequence[Any]]
"""Of each column the values of rows, as `Wanted.checked` returns them."""

Answering: TypeAlias = Callable[[Values], tuple[NDArray[Any], dict[str, int]]]
"""A network of a table: for values its outputs, and by column how many of these it learnt nothing of."""


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
        Of a table or of images, trained by the command line; the `model_` of an estimator of tables; or a network of
        one input and one output of numbers.
    path : str
        The file.

    Raises
    ------
    FormatError
        If it is no such model, or its file contradicts itself.
    """
    said = {"model": Path(path).name, "feedforward": __version__}
    if not model.metadata:
        return ServedArrays(model, path, said, ())
    if "task" not in model.metadata and "table" in model.metadata:
        record = TableRecord.of(model)
        classes = () if record.labels is None else tuple(record.labels.classes.tolist())
        ignored = [column.name for column in record.encoding.columns if column not in record.encoding.used]
        wanted = tuple(map(wanted_of, record.encoding.used))
        return ServedTable(said | _task(classes), wanted, ignored, classes, _by_encoding(model, record.encoding))
    about = About.of(model, path)
    said |= _task(about.class_names)
    schema = about.schema
    if schema is None:
        return ServedArrays(model, path, said, about.class_names)
    used = {column.name for column in schema.used}
    ignored = [*(column.name for column in schema.columns if column.name not in used), schema.target.name]
    answering = _by_schema(model, schema) if isinstance(schema, Schema) else _by_encoding(model, schema.encoding)
    wanted = tuple(wanted_of(column) for column in schema.used)
    return ServedTable({**said, "target": schema.target.name}, wanted, ignored, about.class_names, answering)


def _task(classes: Sequence[Any]) -> dict[str, Any]:
    return {"task": "classification", "classes": list(classes)} if classes else {"task": "regression"}


def _by_schema(model: Model, schema: Schema) -> Answering:
    def answering(values: Values) -> tuple[NDArray[Any], dict[str, int]]:
        found = {column.name: inputs_of_values(column, values[column.name]) for column in schema.used}
        x = np.concatenate([inputs for inputs, _ in found.values()], axis=1)
        return predicted(model, x, schema), {name: count for name, (_, count) in found.items() if count}

    return answering


def _by_encoding(model: Model, encoding: Encoding) -> Answering:
    used = {column.name for column in encoding.used}

    def answering(values: Values) -> tuple[NDArray[Any], dict[str, int]]:
        columns, unknown = list[TypedColumn](), dict[str, int]()
        count = len(next(iter(values.values())))
        # Those that are not used stand there, too, for a table without names goes by places.
        for column in encoding.columns:
            given = values[column.name] if column.name in used else [None] * count
            if column.kind == "category":
                columns.append(TypedColumn(column.name, column.kind, np.array(given, object)))
                continue
            if column.kind == "boolean" and column.name in used:
                inputs, strange = inputs_of_values(Column(column.name, "yes/no"), given)
                unknown |= {column.name: strange} if strange else {}
                given = inputs[:, 0].tolist()
            columns.append(TypedColumn(column.name, column.kind, np.array(given, np.float64)))
        encoded = encoding.encoded(Table(tuple(columns), encoding.is_named), "serve")
        arrays = [array for array in (encoded.numbers, encoded.codes) if array.shape[1]]
        outputs: NDArray[Any] = model.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)
        return outputs, unknown | encoded.unknown

    return answering


@dataclass(frozen=True, eq=False)
class ServedTable:
    """A network of a table, which takes rows as the table has them.

    Parameters
    ----------
    said : mapping of str to object
        What is said of it, beside its columns.
    wanted : tuple of Wanted
        What a row has to say.
    ignored : sequence of str
        Columns of the table that a row may have, and that say nothing to the network.
    classes : sequence
        What it tells apart; empty where it predicts numbers.
    answering : Answering
        The network.
    """

    said: Mapping[str, Any]
    wanted: tuple[Wanted, ...]
    ignored: Sequence[str]
    classes: Sequence[Any]
    answering: Answering

    @property
    def description(self) -> Mapping[str, Any]:
        """What it wants and gives; see `Served`."""
        return {**self.said, "columns": [one.description for one in self.wanted], "ignored": list(self.ignored)}

    @property
    def example(self) -> dict[str, Any]:
        """A row of what is usual: medians, and the first of the texts."""
        return {one.name: one.example for one in self.wanted}

    @cached_property
    def _names(self) -> list[str]:
        return [one.name for one in self.wanted]

    def answer(self, rows: Any) -> dict[str, Any]:
        """Return the predictions for rows; see `Served`.

        Each row is an object of columns and values, or a list of values in the order of the columns.
        """
        check_rows(rows)
        given = values_by_column(rows, self._names, self.ignored)
        values = {one.name: one.checked(part) for one, part in zip(self.wanted, given, strict=True)}
        outputs, unknown = self.answering(values)
        answer = _answer(outputs, self.classes)
        return {**answer, "unknown": unknown} if unknown else answer


@dataclass(frozen=True, eq=False)
class ServedArrays:
    """A network of one array of numbers a row, such as an image.

    Parameters
    ----------
    model : Model
        The network.
    path : str
        Its file.
    said : mapping of str to object
        What is said of it, beside its input.
    classes : sequence
        What it tells apart; empty where that is not known.

    Raises
    ------
    FormatError
        If it has several inputs or outputs, or sizes that are not known.
    """

    model: Model
    path: str
    said: Mapping[str, Any]
    classes: Sequence[Any]

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
        return {**self.said, "shape": list(self._shape), "dtype": str(self._dtype)}

    @property
    def example(self) -> Any:
        """A row of zeros."""
        return np.zeros(self._shape, int).tolist()

    def answer(self, rows: Any) -> dict[str, Any]:
        """Return the predictions for rows; see `Served`.

        Each row is lists in lists of numbers, as the shape has them, or all of them in one list.
        """
        check_rows(rows)
        shape, count = self._shape, math.prod(self._shape)
        x = np.empty((len(rows), *shape))
        for row, values in enumerate(rows):
            try:
                array = np.array(values)
            except (ValueError, OverflowError):  # lists of different lengths
                array = np.empty(0, object)
            if array.dtype.kind not in "iuf" or array.shape not in (shape, (count,)):
                raise DataError(
                    f"row {row} is {told(values)} that makes no array of shape {shape}. Expected {count} numbers in"
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
        return _answer(outputs, self.classes)


def _range_of(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return -LARGEST, LARGEST
    if dtype.kind == "b":
        return 0, 1
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def _answer(outputs: NDArray[Any], classes: Sequence[Any]) -> dict[str, Any]:
    """Return outputs as JSON can hold them.

    Raises
    ------
    DataError
        If one is not finite.
    """
    check_outputs(outputs)
    if not classes:
        return {"predictions": (outputs[:, 0] if outputs.shape[1:] == (1,) else outputs).tolist()}
    return {
        "predictions": [classes[place] for place in np.argmax(outputs, axis=1).tolist()],
        "probabilities": [dict(zip(map(str, classes), row, strict=True)) for row in outputs.tolist()],
    }
