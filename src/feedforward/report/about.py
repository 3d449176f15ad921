"""About a model: what its file says of its inputs and outputs, and what follows from that.

Which columns of a table it wants and in which order, which rows were held out, what its outputs mean. Not here: making
and training a network (``experiment``).
"""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward import __version__
from feedforward.errors import DataError, FormatError
from feedforward.report.evaluation import Evaluation
from feedforward.report.examples import Examples, dataset_examples, file_sha256, table_examples

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = [
    "About",
    "as_classifier",
    "trained_on",
    "labelled",
    "unlabelled",
    "predictions_csv",
    "metadata",
    "described",
    "versions",
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
    columns : tuple of str
        A table's features, empty for images.
    target : str
        What it predicts.
    class_names : tuple of str
        Empty for a regression.
    test_split : float
        The share of a table that was held out.
    seed : int
        Which rows these were.
    """

    task: str
    data: str
    sha256: str
    columns: tuple[str, ...]
    target: str
    class_names: tuple[str, ...]
    test_split: float
    seed: int

    @classmethod
    def of(cls, content: Mapping[str, Any], path: str) -> About:
        """Return what the metadata of the model in the file `path` say.

        Raises
        ------
        FormatError
            If they do not say it: the model was not trained by the command line.
        """
        try:
            texts = {name: content[name] for name in ("task", "data", "sha256", "target")}
            lists = {name: content[name] for name in ("columns", "class_names")}
            settings = content["settings"]
            test_split, seed = float(settings["test_split"]), int(settings["seed"])
            is_good = all(isinstance(text, str) for text in texts.values()) and all(
                isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists.values()
            )
        except (KeyError, TypeError, ValueError):
            is_good = False
        if not is_good or texts["task"] not in ("classification", "regression"):
            raise FormatError(
                f"{path} does not say what its inputs and outputs mean: it was not written by `feedforward train`. Use"
                " it from Python: feedforward.load(path).predict(x)."
            )
        return cls(
            columns=tuple(lists["columns"]),
            class_names=tuple(lists["class_names"]),
            test_split=test_split,
            seed=seed,
            **texts,
        )


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
    about = About("classification", name, "", (), "", dataset.class_names, 0.0, 0)
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
    if not about.columns:
        return dataset_examples(about.data)
    if not Path(about.data).is_file():
        raise DataError(
            f"{about.data}, the table that {path} was trained on, is not there. Name a table to measure on."
        )
    if file_sha256(about.data) != about.sha256:
        raise DataError(
            f"{about.data} has changed since {path} was trained, so its held-out rows are not known. Name the table to"
            f" measure on all of its rows: feedforward evaluate {path} {about.data}"
        )
    names = about.class_names or None
    return table_examples(about.data, about.target, about.task, about.test_split, about.seed, about.columns, names)


def labelled(about: About, name: str, is_file: bool, path: str) -> tuple[NDArray[Any], NDArray[Any], str]:
    """Return samples, labels and what they are called, of a table or of a data set's test part.

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

    Returns
    -------
    x, y, what : array of shape (n, ...), array of shape (n,), str
        ``what`` is such as ``"rows of iris.csv"``.

    Raises
    ------
    FileNotFoundError, DataError
        If the table or data set cannot be read, is not of the kind that the model takes, or has other classes.
    """
    _check_kind(about, name, is_file, path)
    if not is_file:
        examples = dataset_examples(name)
        if examples.class_names != about.class_names:
            raise DataError(
                f"{name} has other classes than {path} knows: {', '.join(examples.class_names[:4])}, ... instead of"
                f" {', '.join(about.class_names[:4])}, ... Give the data set it was trained on: {about.data}."
            )
        return examples.x_test, examples.y_test, f"test images of {name}"
    from feedforward.data import read_csv

    table = read_csv(
        name, target=about.target, columns=about.columns, classes=about.class_names or None, task=about.task
    )
    note = ", of which it was trained on a part" if file_sha256(name) == about.sha256 else ""
    return table.features, np.asarray(table.labels), f"rows of {name}{note}"


def unlabelled(about: About, name: str, is_file: bool, path: str) -> NDArray[Any]:
    """Return samples, of a table or of a data set's test part."""
    _check_kind(about, name, is_file, path)
    if not is_file:
        return dataset_examples(name).x_test
    from feedforward.data import read_csv

    return read_csv(name, columns=about.columns).features


def _check_kind(about: About, name: str, is_file: bool, path: str) -> None:
    if is_file and not about.columns:
        raise DataError(
            f"{path} was trained on the images of {about.data}, {name} is a table. Give a data set of images."
        )
    if about.columns and not is_file:
        raise DataError(
            f"{path} was trained on the table {about.data}, {name} is a data set of images. Give a CSV file."
        )


def predictions_csv(model: Model, about: About, x: NDArray[Any], has_all: bool) -> str:
    """Return a CSV text with a row for each sample: its class and the probability of that, or its number.

    Parameters
    ----------
    model : Model
        The network.
    about : About
        What its outputs mean.
    x : array, shape (n, ...)
        The samples.
    has_all : bool
        Whether a column for each class follows, called ``probability_`` and the class's name.
    """
    outputs = model.predict(x, batch_size=_PREDICTION_BATCH, verbose=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if about.task == "regression":
        writer.writerow(["prediction"])
        writer.writerows([f"{value:.7g}"] for value in outputs.reshape(-1).tolist())
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
    }


def described(model: Model) -> dict[str, str]:
    """Return what a model's file says of its training, as names and values."""
    lines: dict[str, str] = {}
    if model.optimizer is not None:
        lines["optimizer"] = type(model.optimizer).__name__
    for name, value in model.metadata.items():
        if isinstance(value, dict):
            lines.update({f"{name}: {key}".replace("_", " "): _text(part) for key, part in value.items()})
        elif value not in ("", []):
            lines[name.replace("_", " ")] = _text(value)
    return lines


def versions() -> dict[str, str]:
    """Return the versions of the programs that take part."""
    return {"feedforward": __version__, "Python": platform.python_version(), "NumPy": np.__version__}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
