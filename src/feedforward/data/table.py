"""Tables: a CSV or TSV file to the arrays a network learns from.

Here: which columns are features and which is the target, cells to numbers, labels to classes, and messages that name
the cell at fault. Not here: the text format (``delimited``), scaling, splitting into training and test rows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from feedforward.data.delimited import Rows, is_number, read_rows
from feedforward.errors import DataError
from feedforward.lookup import did_you_mean

__all__ = ["TASKS", "Labels", "Table", "read_csv"]

TASKS = ("auto", "classification", "regression")
"""What a target can be taken for."""

_MOST_AUTOMATIC_CLASSES = 20
_LARGEST = float(np.finfo(np.float32).max)

Labels = NDArray[np.int64] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """The arrays of one file.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str
        Names of the features.
    features : float32 array, shape (n, d)
        A row for each row of the file, a column for each name in `columns`; all finite.
    target : str or None
        Name of the target's column, None if the table has no target.
    labels : int64 array, float32 array or None, shape (n,)
        Indices into `classes`; for a regression the finite values themselves; None without target.
    classes : tuple of str or None
        Names of the classes, None for a regression and without target.
    has_header : bool
        Whether the first row was taken for names of columns.
    """

    path: Path
    columns: tuple[str, ...]
    features: NDArray[np.float32]
    target: str | None
    labels: Labels | None
    classes: tuple[str, ...] | None
    has_header: bool


def read_csv(
    path: str | os.PathLike[str],
    target: str | int | None = None,
    *,
    columns: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    task: str = "auto",
    delimiter: str | None = None,
) -> Table:
    r"""Return the features and the labels of a CSV or TSV file.

    The first row is a header unless a cell of it outside the target's column is a number; columns without header are
    called ``"0"``, ``"1"``, ...

    Parameters
    ----------
    path : str or path
        UTF-8 text, with or without byte order mark; ``.gz`` of it too.
    target : str, int or None
        Name of the column to predict, or its place: 0 is the first column, -1 the last. A name comes before a place.
    columns : sequence of str or None
        The features wanted, in this order, as a trained network knows them; other columns of the file are ignored.
        None: all but the target, in the file's order.
    classes : sequence of str or None
        The classes a trained network knows; any other label is an error. None: those in the file, numbers by value,
        words by code point.
    task : str
        ``"classification"``, ``"regression"`` or ``"auto"``: classification if `classes` are given, if the labels are
        words, or if they are whole numbers with at most 20 distinct values; else regression.
    delimiter : str or None
        One character; a blank stands for any run of blanks and tabs. None: found from the first 20 lines.

    Returns
    -------
    Table
        Its arrays have a row for each row of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If the file, a row or a cell cannot be used; the message names file, line and column.
    TypeError, ValueError
        If an argument is none of the above.

    Notes
    -----
    Labels that are numbers are compared as numbers: ``1`` and ``1.0`` are one class, called ``"1"``. Numbers are read
    as float64 and rounded to float32 once. A million cells take about half a second.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "iris.csv"
    >>> _ = path.write_text("length,width,kind\n5.1,3.5,setosa\n7.0,3.2,versicolor\n4.9,3.0,setosa\n")
    >>> table = read_csv(path, target="kind")
    >>> table.columns, table.features.shape
    (('length', 'width'), (3, 2))
    >>> table.classes, table.labels
    (('setosa', 'versicolor'), array([0, 1, 0]))
    """
    _check_arguments(target, columns, classes, task, delimiter)
    rows = read_rows(Path(path), delimiter)
    wanted = None if target is None else str(target)
    names, rows, has_header = _header(rows, wanted)
    hint = "" if has_header else " The first row holds numbers, so it is data and the columns are called 0, 1, ..."
    label_index = None if wanted is None else _target_index(rows.path, names, wanted, hint)
    label_name = None if label_index is None else names[label_index]

    if columns is None:
        feature_indices = [index for index in range(len(names)) if index != label_index]
    else:
        feature_indices = _column_indices(rows.path, names, columns, hint)
        if label_name in columns:
            raise ValueError(f"columns has the target {label_name!r}. A target is no feature. Leave it out of columns.")
    if not feature_indices:
        raise DataError(
            f"{rows.path}: no feature columns left, the only column {names[0]!r} is the target. At least one feature is"
            " expected. Add a column, or give another target or delimiter."
        )
    features = np.empty((len(rows.cells), len(feature_indices)), dtype=np.float32)
    for position, index in enumerate(feature_indices):
        cells = [row[index] for row in rows.cells]
        values = _numbers(cells)
        if values is None:
            _raise_for_cell(rows, cells, names[index], "feature")
        features[:, position] = values

    labels: Labels | None = None
    class_names: tuple[str, ...] | None = None
    if label_index is not None:
        cells = [row[label_index].strip() for row in rows.cells]
        labels, class_names = _labels(rows, cells, names[label_index], classes, task)
    feature_names = tuple(names[index] for index in feature_indices)
    return Table(rows.path, feature_names, features, label_name, labels, class_names, has_header)


def _check_arguments(
    target: str | int | None,
    columns: Sequence[str] | None,
    classes: Sequence[str] | None,
    task: str,
    delimiter: str | None,
) -> None:
    """Raise for arguments that no file could satisfy."""
    for name, value in (("columns", columns), ("classes", classes)):
        if value is None:
            continue
        if isinstance(value, str) or not all(isinstance(item, str) for item in value):
            raise TypeError(f"{name} must be a sequence of str or None. Got {value!r}.")
        if not value or len(set(value)) != len(value):
            raise ValueError(f"{name} must be distinct names, at least one. Got {value!r}.")
    if task not in TASKS:
        raise ValueError(f"Unknown task {task!r}. {did_you_mean(str(task), list(TASKS))}")
    if classes is not None and (target is None or task == "regression"):
        raise ValueError(
            f"classes were given with target={target!r} and task={task!r}. They name the labels of a classification."
            " Leave classes out, or give a target and another task."
        )
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ValueError(f"delimiter must be one character, not a quote or a line end, or None. Got {delimiter!r}.")


def _header(rows: Rows, target: str | None) -> tuple[list[str], Rows, bool]:
    """Return the columns' names, the rows of data, and whether the first row was a header."""
    first = [cell.strip() for cell in rows.cells[0]]
    target_index = None if target is None else _place(target, len(first))
    if any(is_number(cell) for index, cell in enumerate(first) if index != target_index and cell != target):
        return [str(index) for index in range(len(first))], rows, False
    where = f"{rows.path}, line {rows.lines[0]}"
    places: dict[str, int] = {}
    for index, name in enumerate(first):
        if not name:
            raise DataError(
                f"{where}: column {index + 1} of {len(first)} has no name. Every column needs one. Name it, or remove"
                " it (an index that pandas wrote: to_csv(index=False))."
            )
        if places.setdefault(name, index) != index:
            raise DataError(
                f"{where}: two columns are called {name!r}, number {places[name] + 1} and number {index + 1}."
                " Names must be distinct. Rename one."
            )
    if len(rows.cells) == 1:
        raise DataError(f"{where}: only a header. At least one row of data is expected. Check the file.")
    return first, Rows(rows.path, rows.cells[1:], rows.lines[1:]), True


def _place(target: str, count: int) -> int | None:
    """Return which of `count` columns `target` stands for as a number, None if it does not."""
    try:
        index = int(target)
    except ValueError:
        return None
    return index % count if -count <= index < count else None


def _target_index(path: Path, names: list[str], target: str, hint: str) -> int:
    """Return the place of the target's column."""
    index = names.index(target) if target in names else _place(target, len(names))
    if index is None:
        raise DataError(f"{path}: no column {target!r} for the target among {len(names)}. {_near(target, names)}{hint}")
    return index


def _column_indices(path: Path, names: list[str], columns: Sequence[str], hint: str) -> list[int]:
    """Return the places of the features' columns."""
    places = {name: index for index, name in enumerate(names)}
    missing = [name for name in columns if name not in places]
    if missing:
        raise DataError(
            f"{path}: {len(missing)} of {len(columns)} features have no column: {_listed(missing)}."
            f" {_near(missing[0], names)}{hint}"
        )
    return [places[name] for name in columns]


def _near(name: str, names: list[str]) -> str:
    """Return "Did you mean", or the known columns if they are not too many to read."""
    candidates = names[:1000]  # comparing takes long
    suggestion = did_you_mean(
        name, [name for name in candidates if all(name.split("_"))]
    )  # it fails on "_a" and "a__b"
    return suggestion if suggestion.startswith("Did") else f"The file has: {_listed(names)}."


def _listed(names: Sequence[str]) -> str:
    """Return names for a message, the first ten of many."""
    rest = f", ... ({len(names) - 10} more)" if len(names) > 10 else ""
    return ", ".join(map(repr, names[:10])) + rest


def _numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the cells' values, None if one of them is not a number that float32 can hold."""
    try:
        values = np.array(cells, dtype=np.float64)
    except ValueError:
        try:  # slower, and as `_fault` looks at a cell: strip() knows more blanks than numbers may have around them
            values = np.array([float(cell.strip()) for cell in cells])
        except ValueError:
            return None
    if "_" in "".join(cells) or not np.all(np.abs(values) <= _LARGEST):  # float("1_0") is 10.0; nan <= x is false
        return None
    return values


def _fault(cell: str, role: str) -> str:
    """Return why `cell` is not a number that float32 can hold, and what to do; "" if it is one."""
    if not cell:
        return f"the cell is empty. Every {role} needs a value; fill it in, or drop its row or the column."
    must = f"Every {role} must be a number;"
    if not is_number(cell):
        if "," in cell and is_number(cell.replace(",", ".")):
            advice = "write decimals with a point"
        else:
            advice = "encode or drop the column" if role == "feature" else 'correct it, or give task="classification"'
        return f"{_shortened(cell)} is not a number. {must} {advice}."
    if not abs(float(cell)) <= _LARGEST:
        return (
            f"{_shortened(cell)} is not finite in float32. {must} correct it (at most {_LARGEST:.1e}), or drop its row"
            " or the column."
        )
    return ""


def _raise_for_cell(rows: Rows, cells: Sequence[str], name: str, role: str) -> NoReturn:
    """Raise for the first cell because of which `_numbers` returned None."""
    faults = ((line, _fault(cell.strip(), role)) for line, cell in zip(rows.lines, cells, strict=True))
    line, fault = next((line, fault) for line, fault in faults if fault)
    raise DataError(f"{rows.path}, line {line}, column {name!r}: {fault}")


def _shortened(cell: str) -> str:
    """Return a cell for a message."""
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _labels(
    rows: Rows, cells: list[str], name: str, classes: Sequence[str] | None, task: str
) -> tuple[Labels, tuple[str, ...] | None]:
    """Return the labels, and the classes' names or None."""
    if "" in cells:
        line = rows.lines[cells.index("")]
        raise DataError(f"{rows.path}, line {line}, column {name!r}: {_fault('', 'target')}")
    values = _numbers(cells)
    if values is None and (task == "regression" or all(map(is_number, cells))):
        _raise_for_cell(rows, cells, name, "target")
    if classes is not None:
        return _known_labels(rows, cells, name, classes), tuple(classes)
    if values is None:
        if task == "auto":
            _refuse_mixture(rows, cells, name)
        distinct = sorted(set(cells))
        places = {label: index for index, label in enumerate(distinct)}
        indices = np.array([places[cell] for cell in cells], dtype=np.int64)
        class_names = tuple(distinct)
    else:
        unique, inverse = np.unique(values, return_inverse=True)
        has_few_whole = len(unique) <= _MOST_AUTOMATIC_CLASSES and bool(np.all(unique == np.floor(unique)))
        if task == "regression" or (task == "auto" and not has_few_whole):
            return values.astype(np.float32), None
        indices = inverse.astype(np.int64)
        class_names = tuple(_class_name(float(value)) for value in unique)
    if len(class_names) == 1:
        raise DataError(
            f"{rows.path}, column {name!r}: all {len(cells)} rows have the label {class_names[0]!r}. A classification"
            ' needs at least two classes. Give another target, or task="regression".'
        )
    return indices, class_names


def _class_name(value: float) -> str:
    """Return the name of the class that a number stands for."""
    return str(int(value)) if value.is_integer() else repr(value)


def _known_labels(rows: Rows, cells: list[str], name: str, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return labels as indices into `classes`; ``1.0`` is the class ``"1"``."""
    places = {label: index for index, label in enumerate(classes)}
    for cell in set(cells) - set(places):
        label = _class_name(float(cell)) if is_number(cell) and np.isfinite(float(cell)) else cell
        if label in places:
            places[cell] = places[label]
    for line, cell in zip(rows.lines, cells, strict=True):
        if cell not in places:
            raise DataError(
                f"{rows.path}, line {line}, column {name!r}: label {_shortened(cell)} is out of range. The"
                f" {len(classes)} known classes are {_listed(classes)}. Correct the label, or drop the row."
            )
    return np.array([places[cell] for cell in cells], dtype=np.int64)


def _refuse_mixture(rows: Rows, cells: list[str], name: str) -> None:
    """Raise if some labels are numbers and some are words: one is a mistake, unless the user says otherwise."""
    number = next((index for index, cell in enumerate(cells) if is_number(cell)), None)
    word = next((index for index, cell in enumerate(cells) if not is_number(cell)), None)
    if number is not None and word is not None:
        raise DataError(
            f"{rows.path}, line {rows.lines[word]}, column {name!r}: {_shortened(cells[word])} is a word, but line"
            f" {rows.lines[number]} has the number {cells[number]}. Labels must be all numbers or all words. Correct"
            ' them, or give task="classification" to take each distinct label as a class.'
        )
