"""About a model: what its file says of its inputs and outputs, and what follows from that.

Which columns of a table it wants and what it takes them for, which rows were held out, what its outputs mean. Not here:
making and training a network (``experiment``).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward import __version__
from feedforward.data.columns import Column, Schema
from feedforward.data.sheet import Dialect, read_sheet
from feedforward.data.text import STANDARD_INPUT, check_encoding
from feedforward.data.values import inputs_of_values
from feedforward.errors import DataError, FormatError
from feedforward.report.evaluation import Evaluation
from feedforward.report.examples import Examples, dataset_examples, file_sha256, table_examples
from feedforward.report.influence import Columns, Predict
from feedforward.tabular.fitting import TableRecord
from feedforward.tabular.schema import AnySchema, TableSchema

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = [
    "About",
    "as_classifier",
    "trained_on",
    "GivenSamples",
    "samples",
    "predicted",
    "predictor",
    "check_outputs",
    "predictions_csv",
    "metadata",
    "described",
]

_PREDICTION_BATCH = 1024


@dataclass(frozen=True)
class About:
    """What a model's file says of its inputs and outputs.

    Parameters
    ----------
    task : str
        ``"classification"`` or ``"regression"``.
    data : str
        The data set or the table's path.
    sha256 : str
        Of the table's file.
    schema : Schema, TableSchema or None
        What a table's columns were taken for, None for images.
    class_names : tuple of str
        Empty for a regression.
    test_split : float
        The share of a table that was held out.
    seed : int
        Which rows these were.
    dialect : Dialect
        What was said of how the table's file is written.
    """

    task: str
    data: str
    sha256: str
    schema: AnySchema | None
    class_names: tuple[str, ...]
    test_split: float
    seed: int
    dialect: Dialect = field(default_factory=Dialect)

    @classmethod
    def of(cls, model: Model, path: str) -> About:
        """Return what the metadata of the model in the file `path` say.

        Raises
        ------
        FormatError
            If they do not say it, for the model was trained neither by the command line nor by an estimator of tables;
            or if they contradict themselves or the network.
        """
        content = model.metadata
        if "task" not in content and "table" in content:
            return cls._of_estimator(model, path)
        try:
            texts = {name: content[name] for name in ("task", "data", "sha256", "target")}
            lists = {name: content[name] for name in ("columns", "class_names")}
            test_split, seed = content["settings"]["test_split"], content["settings"]["seed"]
            delimiter, encoding = (content["settings"].get(name, "") for name in ("delimiter", "encoding"))
            is_good = (
                all(type(text) is str for text in texts.values())
                and all(type(names) is list and all(type(name) is str for name in names) for names in lists.values())
                and texts["task"] in ("classification", "regression")
                and type(test_split) is float
                and 0 <= test_split < 1
                and type(seed) is int
                and 0 <= seed < 2**63
                and type(delimiter) is type(encoding) is str
                and len(delimiter) <= 1
                and delimiter not in ('"', "\r", "\n")
            )
            if is_good and encoding:
                check_encoding(encoding)
        except (AttributeError, KeyError, TypeError, ValueError):
            is_good = False
        if not is_good:
            raise FormatError(
                f"{path} does not say what its inputs and outputs mean: it was not written by `feedforward train`. Use"
                " it from Python: feedforward.load(path).predict(x)."
            )
        class_names = tuple(lists["class_names"])
        try:
            schema = _schema(model, lists["columns"], texts["target"], class_names)
            _check_network(model, schema, class_names, texts["task"])
        except FormatError as error:
            fault = str(error).split(". Take a ")[0]  # another advice
            raise FormatError(f"{path} cannot be used: {fault}. Train it again.") from None
        dialect = Dialect(delimiter or None, encoding or None, None if schema is None else schema.has_header)
        return cls(texts["task"], texts["data"], texts["sha256"], schema, class_names, test_split, seed, dialect)

    @classmethod
    def _of_estimator(cls, model: Model, path: str) -> About:
        """Return what an estimator of tables has kept: of no file, and its target has no name of its own."""
        record = TableRecord.of(model)
        names = () if record.labels is None else tuple(map(str, record.labels.classes.tolist()))
        task = "classification" if names else "regression"
        schema = TableSchema(record.encoding, Column("target", "target", values=names))
        try:
            _check_network(model, schema, names, task)
        except FormatError as error:
            raise FormatError(f"{path} cannot be used here: {error}. Use it from Python.") from None
        return cls(task, "data given in Python", "", schema, names, 0.0, 0)


def _schema(model: Model, columns: list[str], target: str, classes: tuple[str, ...]) -> AnySchema | None:
    """Return what a model's file says that the columns of its table were taken for, None for images."""
    content = model.metadata
    if not columns:
        return None
    if "table" in content:
        schema: AnySchema
        if "file" in content:
            schema = TableSchema.from_config(TableRecord.of(model).encoding, content["file"])
        else:
            schema = Schema.from_config(content["table"])
        if schema.inputs != tuple(columns) or schema.target.name != target or schema.target.values != classes:
            raise FormatError("the record of its table contradicts the names of its columns or classes")
        return schema
    # Files before release 0.2 took numbers alone, and gaps for errors.
    if len({*columns, target}) <= len(columns):
        raise FormatError("two of its columns have one name")
    return Schema(tuple(Column(name, "number") for name in columns), Column(target, "target", values=classes))


def _check_network(model: Model, schema: AnySchema | None, classes: tuple[str, ...], task: str) -> None:
    """Raise unless a network has an input for each column and an output for each class."""
    network = model.network
    outputs = (len(classes),) if task == "classification" else (1,)
    inputs = [node.shape[1:] for node in network.inputs]
    if (task == "classification") != bool(classes) or [node.shape[1:] for node in network.outputs] != [outputs]:
        raise FormatError(f"its network does not give what a {task} with {len(classes)} classes gives")
    if schema is None:
        return
    counts = [len(schema.inputs)]
    if isinstance(schema, TableSchema):
        counts = [count for count in (len(schema.encoding.number_names), len(schema.encoding.sizes)) if count]
    if inputs != [(count,) for count in counts]:
        raise FormatError(f"its network does not take the {len(schema.inputs)} inputs that its table has")


def as_classifier(model: Model, name: str) -> tuple[Model, About] | None:
    """Return a model whose file says nothing of its inputs, as a classifier of a data set's images.

    Parameters
    ----------
    model : Model
        With metadata or without.
    name : str
        The data set.

    Returns
    -------
    tuple of (Model, About) or None
        The model, with a softmax after it unless its outputs are probabilities already; None if it has metadata, or
        if its inputs and outputs are not one image and a number for each class.
    """
    import feedforward as ff
    from feedforward.data import find

    dataset, network = find(name), model.network
    shape = dataset.train_shape[1:]
    shapes = [node.shape[1:] for node in (*network.inputs, *network.outputs)]
    if model.metadata or shapes != [shape, (dataset.classes,)]:
        return None
    about = About("classification", name, "", None, dataset.class_names, 0.0, 0)
    image = ff.Input(shape, dtype=str(network.inputs[0].dtype))
    outputs = model(image)
    some = model.predict(dataset_examples(name).x_test[:_PREDICTION_BATCH], verbose=0)
    if (some < 0).any() or (abs(some.sum(axis=1) - 1) > 1e-3).any():
        outputs = ff.layers.Activation("softmax")(outputs)
    classifier = ff.Model(image, outputs)
    classifier.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    return classifier, about


def trained_on(about: About, path: str) -> Examples:
    """Return the data that the model in the file `path` was trained on, cut in the same way.

    Raises
    ------
    DataError
        If its table is gone or has changed.
    """
    if about.schema is None:
        return dataset_examples(about.data)
    if about.data == STANDARD_INPUT:
        raise DataError(f"{path} was trained on standard input, which is gone. Name a table to measure on.")
    if not Path(about.data).is_file():
        raise DataError(
            f"{about.data}, the table that {path} was trained on, is not there. Name a table to measure on."
        )
    if file_sha256(about.data) != about.sha256:
        raise DataError(
            f"{about.data} has changed since {path} was trained, so its held-out rows are not known. Name the table to"
            f" measure on all of its rows: feedforward evaluate {path} {about.data}"
        )
    schema = about.schema
    return table_examples(
        about.data,
        schema.target.name,
        about.task,
        about.test_split,
        about.seed,
        dialect=about.dialect,
        schema=schema,
    )


@dataclass(frozen=True, eq=False)
class GivenSamples:
    """Samples that a network is used on.

    Parameters
    ----------
    x : array, shape (n, ...)
        The samples; of a table float64, what `Schema.encoded` made of its rows.
    y : array, shape (n,)
        Their labels; of no samples where they were not wanted.
    what : str
        What they are called: ``"rows of iris.csv"``.
    unknown : mapping of str to int
        For columns of text: how many cells hold a value that no row learnt from has.
    encoding : str
        What the table's file is written in.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    what: str
    unknown: Mapping[str, int]
    encoding: str = "UTF-8"


def samples(about: About, name: str, is_file: bool, path: str, dialect: Dialect, *, has_labels: bool) -> GivenSamples:
    """Return samples of a table or of a data set's test part.

    Parameters
    ----------
    about : About
        What the model's file says.
    name : str
        The table's path, or the data set's name.
    is_file : bool
        Which of the two it is.
    path : str
        The model's file, for messages.
    dialect : Dialect
        What the user says of how the table's file is written.
    has_labels : bool
        Whether the labels are wanted, too.

    Raises
    ------
    FileNotFoundError, DataError
        If the table or data set cannot be read, is not of the kind that the model takes, or has other classes.
    """
    schema = about.schema
    if is_file and schema is None:
        raise DataError(
            f"{path} was trained on the images of {about.data}, {name} is a table. Give a data set of images."
        )
    if schema is not None and not is_file:
        raise DataError(
            f"{path} was trained on the table {about.data}, {name} is a data set of images. Give a CSV file."
        )
    if schema is None:
        examples = dataset_examples(name)
        if has_labels and examples.class_names != about.class_names:
            raise DataError(
                f"{name} has other classes than {path} knows: {', '.join(examples.class_names[:4])}, ... instead of"
                f" {', '.join(about.class_names[:4])}, ... Give the data set it was trained on: {about.data}."
            )
        return GivenSamples(examples.x_test, examples.y_test, f"test images of {name}", {})
    from feedforward.data.cells import is_number
    from feedforward.data.table import read_labels

    names = [column.name for column in schema.used]
    # Numbers may stand for places, and be data.
    known = names if schema.has_header and not all(map(is_number, names)) else []
    sheet = read_sheet(Path(name), known, dialect)
    y: NDArray[Any] = np.empty(0)
    if has_labels:
        index = sheet.index_of(schema.target.name, "for the target")
        y = np.asarray(read_labels(sheet.cells(index), about.class_names or None, about.task)[0])
    x, unknown = schema.encoded(sheet)
    is_same = has_labels and about.sha256 and file_sha256(name) == about.sha256
    note = ", of which it was trained on a part" if is_same else ""
    return GivenSamples(x, y, f"rows of {name}{note}", unknown, sheet.rows.encoding)


def predicted(model: Model, x: NDArray[Any], schema: AnySchema | None) -> NDArray[Any]:
    """Return what a network gives for samples, numbers in units of the target.

    Parameters
    ----------
    model : Model
        The network.
    x : array, shape (n, ...)
        Samples, of a table as `Schema.encoded` returns them.
    schema : Schema or None
        What the columns of a table were taken for.
    """
    fed = x if schema is None else schema.fed(x)
    outputs: NDArray[Any] = model.predict(fed, batch_size=_PREDICTION_BATCH, verbose=0)
    if schema is None or not schema.target.is_standardised:
        return outputs
    # float32 could not hold the result, as it could not hold what was learnt.
    return outputs.astype(np.float64) * schema.target.scale + schema.target.mean


def predictor(model: Model, schema: AnySchema) -> Predict:
    """Return a network of a table as a function of its columns' values, shape (n, k) for n rows.

    Parameters
    ----------
    model : Model
        The network.
    schema : Schema or TableSchema
        What the columns were taken for; the function takes them as `values_of_rows` returns them, or as typed columns
        hold them.

    Notes
    -----
    What a column first comes with is encoded once. So a function that changes one column after another pays for that
    one alone.
    """
    if isinstance(schema, TableSchema):
        return lambda columns: predicted(model, schema.encoded_values(columns), schema)
    first: dict[str, tuple[NDArray[Any], NDArray[np.float64]]] = {}

    def predict(columns: Columns) -> NDArray[Any]:
        parts = []
        for column in schema.used:
            values = columns[column.name]
            if column.name not in first:
                first[column.name] = values, inputs_of_values(column, values)[0]
            known, inputs = first[column.name]
            parts.append(inputs if values is known else inputs_of_values(column, values)[0])
        return predicted(model, np.concatenate(parts, axis=1), schema)

    return predict


def check_outputs(outputs: NDArray[Any], first: int = 0) -> None:
    """Raise unless all outputs of a network are finite.

    Parameters
    ----------
    outputs : float array, shape (n, ...)
        Of each row.
    first : int
        The number of the first row.

    Raises
    ------
    DataError
        If one is not: the row is far from all that was learnt from.
    """
    is_bad = ~np.isfinite(outputs).reshape(len(outputs), -1).all(axis=1)
    if is_bad.any():
        raise DataError(
            f"row {first + int(is_bad.argmax())}: the network gives no finite number for it. Expected numbers like"
            " those it learnt from. Correct the row."
        )


def predictions_csv(model: Model, about: About, x: NDArray[Any], has_all: bool, first: int = 0) -> str:
    """Return a CSV text with a row for each sample: its class and the probability of that, or its number.

    Parameters
    ----------
    model : Model
        The network.
    about : About
        What its outputs mean.
    x : array, shape (n, ...)
        The samples, of a table as `Schema.encoded` returns them.
    has_all : bool
        Whether a column for each class follows, called ``probability_`` and the class's name.
    first : int
        The number of the first sample, for messages.

    Raises
    ------
    DataError
        If the network gives no finite number for one.
    """
    outputs = predicted(model, x, about.schema)
    check_outputs(outputs, first)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if about.task == "regression":
        digits = 7
        if about.schema is not None and about.schema.target.is_standardised:
            target = about.schema.target  # 7 digits of what the network gave
            digits = min(max(7 + math.ceil(math.log10(abs(target.mean) / target.scale or 1.0)), 7), 17)
        writer.writerow(["prediction"])
        writer.writerows([f"{value:.{digits}g}"] for value in outputs.reshape(-1).tolist())
        return text.getvalue()
    names = [f"probability_{name}" for name in about.class_names] if has_all else []
    writer.writerow(["class", "probability", *names])
    for row, best in zip(outputs.tolist(), np.argmax(outputs, axis=1).tolist(), strict=True):
        rest = [f"{value:.6g}" for value in row] if has_all else []
        writer.writerow([about.class_names[best], f"{row[best]:.6g}", *rest])
    return text.getvalue()


def metadata(examples: Examples, settings: Mapping[str, Any], evaluation: Evaluation) -> dict[str, Any]:
    """Return what a model's file is to say of it.

    No times and no places are in it, so equal runs give equal files.
    """
    key = "file" if isinstance(examples.schema, TableSchema) else "table"  # of a RealMLP the other has its encoding
    table = {} if examples.schema is None else {key: examples.schema.to_config()}
    return {
        "version": __version__,
        "task": examples.task,
        "data": examples.name,
        "sha256": examples.sha256,
        "columns": list(examples.columns),
        "target": examples.target,
        "class_names": list(examples.class_names),
        "settings": dict(settings),
        "held_out": evaluation.summary(),
        **table,
    }


def described(model: Model) -> dict[str, str]:
    """Return what a model's file says of its training, as names and values."""
    lines: dict[str, str] = {}
    if model.optimizer is not None:
        lines["optimizer"] = type(model.optimizer).__name__
    for name, value in model.metadata.items():
        if "table" in model.metadata and name in ("table", "file", "columns"):  # told line by line; see `taken_for`
            continue
        if isinstance(value, dict):
            parts = {key: part for key, part in value.items() if part not in ("", [])}
            lines.update({f"{name}: {key}".replace("_", " "): _text(part) for key, part in parts.items()})
        elif value not in ("", []):
            lines[name.replace("_", " ")] = _text(value)
    return lines


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
