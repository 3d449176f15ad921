"""Tables: a CSV or TSV file to the arrays a network learns from.

Here: which columns are features and which is the target, labels to classes, and messages that name the cell at fault.
Not here: which row is a header (``sheet``), what else than numbers a network can learn from (``columns``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from feedforward.data.cells import Cells, is_ambiguous, is_date, is_number, listed, looks_like_number, shortened
from feedforward.data.sheet import Dialect, read_sheet
from feedforward.data.text import check_encoding
from feedforward.errors import DataError
from feedforward.lookup import did_you_mean

__all__ = [
    "TASKS",
    "Labels",
    "Table",
    "all_numbers",
    "check_words",
    "number_name",
    "read_csv",
    "read_labels",
    "read_weights",
    "refuse_word",
]

TASKS = ("auto", "classification", "regression")
"""What a target can be taken for."""

_MOST_AUTOMATIC_CLASSES = 20
_FEWEST_WORDS = 0.05
"""A smaller share of words in a column of numbers or dates is a mistake, not what the column is about."""
_ADVICE = {
    "feature": "encode or drop the column",
    "target": 'correct it, or give task="classification"',
    "weight": "correct it, or give another column",
}

Labels = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """The arrays of one file.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str
        Names of the features.
    features : float64 array, shape (n, d)
        A row for each row of the file, a column for each name in `columns`; all finite.
    target : str or None
        Name of the target's column, None if the table has no target.
    labels : int64 array, float64 array or None, shape (n,)
        Indices into `classes`; for a regression the finite values themselves; None without target.
    classes : tuple of str or None
        Names of the classes, None for a regression and without target.
    has_header : bool
        Whether the first row was taken for names of columns.
    """

    path: Path
    columns: tuple[str, ...]
    features: NDArray[np.float64]
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
    header: bool | None = None,
    encoding: str | None = None,
) -> Table:
    r"""Return the features and the labels of a CSV or TSV file.

    The first row is a header if it has no numbers, or a word above a column of numbers, or counts ``0,1,2,...``; not if
    a word of it stands in its column again. Columns without header are called ``"c1"``, ``"c2"``, ...

    Parameters
    ----------
    path : str or path
        Text, ``.gz`` of it too. Comments begin with ``#``.
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
    header : bool or None
        Whether the first row is a header, if that is not to be found out.
    encoding : str or None
        Python's name of what the text is written in. None: UTF-16 if it has a byte order mark, else UTF-8 if it can be
        that; else GB18030 if that makes common Chinese characters of it, else Windows-1252.

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
    Labels that are numbers are compared as numbers: ``1`` and ``1.0`` are one class, called ``"1"``. Numbers may have
    commas (``1,234.5``; ``1.234,5``), as all of a column have them. A network computes in float32: standardise large
    numbers that differ little, such as time stamps, before they are trained on. A million cells take about half a
    second.

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
    if encoding is not None:
        check_encoding(encoding)
    wanted = None if target is None else str(target)
    known = [*(columns or ()), *([] if wanted is None else [wanted])]
    # A number may be a place instead of a name.
    known = [name for name in known if not is_number(name)]
    sheet = read_sheet(Path(path), known, Dialect(delimiter, encoding, header))
    label_index = None if wanted is None else sheet.index_of(wanted, "for the target")
    label_name = None if label_index is None else sheet.names[label_index]
    if columns is None:
        feature_indices = [index for index in range(len(sheet.names)) if index != label_index]
    else:
        feature_indices = sheet.indices_of(columns)
        if label_name in columns:
            raise ValueError(f"columns has the target {label_name!r}. A target is no feature. Leave it out of columns.")
    if not feature_indices:
        raise DataError(
            f"{sheet.path}: no feature columns left, the only column {sheet.names[0]!r} is the target. At least one"
            " feature is expected. Add a column, or give another target or delimiter."
        )
    features = np.empty((len(sheet), len(feature_indices)))
    for position, index in enumerate(feature_indices):
        features[:, position] = all_numbers(sheet.cells(index), "feature")

    labels: Labels | None = None
    class_names: tuple[str, ...] | None = None
    if label_index is not None:
        labels, class_names = read_labels(sheet.cells(label_index), classes, task)
    feature_names = tuple(sheet.names[index] for index in feature_indices)
    return Table(sheet.path, feature_names, features, label_name, labels, class_names, sheet.has_header)


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


def all_numbers(cells: Cells, role: str) -> NDArray[np.float64]:
    """Return the values of a column of which every cell has to be a number.

    Parameters
    ----------
    cells : Cells
        The column.
    role : str
        What messages call a cell: ``"feature"``, ``"target"`` or ``"weight"``.

    Raises
    ------
    DataError
        If one is missing, no number, or too large for float32.
    """
    if cells.missing.any():
        cells.refuse_missing(role)
    if cells.numbers is None:
        refuse_word(cells, role)
    cells.check_finite()
    return cells.numbers


def refuse_word(cells: Cells, role: str) -> NoReturn:
    """Raise for the first cell that makes a column no column of numbers."""
    texts = list(enumerate(cells.texts))
    for row, text in texts:
        if is_ambiguous(text, cells.delimiter):
            cells.refuse(
                row, "may be thousands or a fraction. Write it without comma, or with a point for the fraction."
            )
    for row, text in texts:
        if not cells.missing[row] and not looks_like_number(text):
            cells.refuse(row, f"is not a number. Every {role} must be a number; {_ADVICE[role]}.")
    # Each is a number by itself, but not all are in the same way.
    row = next(row for row, text in texts if not cells.missing[row] and not is_number(text))
    cells.refuse(row, "writes a number in another way than the column's other cells. Write all in one way.")


def read_weights(cells: Cells) -> NDArray[np.float64]:
    """Return what each row counts, shape (n,).

    Raises
    ------
    DataError
        If one is missing, no number, infinite or below 0.
    """
    weights = all_numbers(cells, "weight")
    if (weights < 0).any():
        cells.refuse(int((weights < 0).argmax()), "is below 0. A weight says how often its row counts. Correct it.")
    return weights


def check_words(cells: Cells) -> None:
    """Raise if a column that is neither of numbers nor of dates is one but for a few cells.

    Raises
    ------
    DataError
        For the first of them.
    """
    counts = Counter(text for text, is_missing in zip(cells.texts, cells.missing, strict=True) if not is_missing)
    total = counts.total()
    others = total - sum(count for text, count in counts.items() if looks_like_number(text))
    if others == 0 or others < _FEWEST_WORDS * total:
        refuse_word(cells, "feature")
    if total - sum(count for text, count in counts.items() if is_date(text)) < _FEWEST_WORDS * total:
        row = next(row for row, text in enumerate(cells.texts) if not cells.missing[row] and not is_date(text))
        cells.refuse(row, "is no date such as 2024-02-29, as the column's other cells are; encode or drop the column.")


def read_labels(cells: Cells, classes: Sequence[str] | None, task: str) -> tuple[Labels, tuple[str, ...] | None]:
    """Return the labels of a target's column, and the classes' names or None; see `read_csv`.

    Raises
    ------
    DataError
        If a label is missing, or is none that the task can have.
    """
    # A file of new rows may hold the class "-" without its "+".
    known = set(classes or ())
    if any(is_one and text not in known for text, is_one in zip(cells.texts, cells.missing, strict=True)):
        cells.refuse_missing("target")
    values = cells.numbers
    if values is None and task == "regression":
        refuse_word(cells, "target")
    cells.check_finite()
    if classes is not None:
        return _known_labels(cells, classes), tuple(classes)
    if values is None:
        if task == "auto":
            _refuse_mixture(cells)
        distinct = sorted(set(cells.texts))
        places = {label: index for index, label in enumerate(distinct)}
        indices = np.array([places[cell] for cell in cells.texts], dtype=np.int64)
        class_names = tuple(distinct)
    else:
        unique, inverse = np.unique(values, return_inverse=True)
        has_few_whole = len(unique) <= _MOST_AUTOMATIC_CLASSES and bool(np.all(unique == np.floor(unique)))
        if task == "regression" or (task == "auto" and not has_few_whole):
            return values, None
        indices = inverse.astype(np.int64)
        class_names = tuple(number_name(float(value)) for value in unique)
    if len(class_names) == 1:
        raise DataError(
            f"{cells.path}, column {cells.name!r}: all {len(indices)} rows have the label {class_names[0]!r}. A"
            ' classification needs at least two classes. Give another target, or task="regression".'
        )
    return indices, class_names


def number_name(value: float) -> str:
    """Return what a class or a category that is a number is called.

    Examples
    --------
    >>> number_name(2.0), number_name(0.5)
    ('2', '0.5')
    """
    return str(int(value)) if value.is_integer() else repr(value)


def _known_labels(cells: Cells, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return labels as indices into `classes`; ``1.0`` is the class ``"1"``, and ``>50K.`` is ``">50K"``."""
    places = {label: index for index, label in enumerate(classes)}
    for cell in set(cells.texts) - set(places):
        is_finite = is_number(cell) and np.isfinite(float(cell))
        label = number_name(float(cell)) if is_finite else cell.removesuffix(".")  # as the test part of adult has them
        if label in places:
            places[cell] = places[label]
    for row, cell in enumerate(cells.texts):
        if cell not in places:
            raise DataError(
                f"{cells.path}, line {cells.lines[row]}, column {cells.name!r}: label {shortened(cell)} is out of"
                f" range. The {len(classes)} known classes are {listed(classes)}. Correct the label, or drop the row."
            )
    return np.array([places[cell] for cell in cells.texts], dtype=np.int64)


def _refuse_mixture(cells: Cells) -> None:
    """Raise if some labels are numbers and some are words: one is a mistake, unless the user says otherwise."""
    number = next((index for index, cell in enumerate(cells.texts) if is_number(cell)), None)
    word = next((index for index, cell in enumerate(cells.texts) if not is_number(cell)), None)
    if number is not None and word is not None:
        raise DataError(
            f"{cells.path}, line {cells.lines[word]}, column {cells.name!r}: {shortened(cells.texts[word])} is a word,"
            f" but line {cells.lines[number]} has the number {cells.texts[number]}. Labels must be all numbers or all"
            ' words. Correct them, or give task="classification" to take each distinct label as a class.'
        )
