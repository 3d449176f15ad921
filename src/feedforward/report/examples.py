"""Examples: a data set or a table, cut into what is learnt from, what training is watched with, and what is held out.

Here: which rows these are, and what belongs to the arrays (names of classes, what columns were taken for). Not here:
reading files (``feedforward.data``), networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

if TYPE_CHECKING:
    from feedforward.data.columns import Schema
    from feedforward.data.table import Labels

__all__ = ["Examples", "dataset_examples", "table_examples", "held_out_rows", "file_sha256", "VALIDATION_SPLIT"]

VALIDATION_SPLIT = 0.1
"""The share of the rows to learn from that tells when to stop, where nobody says otherwise."""

_MANY_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Examples:
    """Samples with their labels, some of them held out.

    Parameters
    ----------
    name : str
        The data set's name, or the table's path as the user wrote it.
    task : str
        ``"classification"`` or ``"regression"``.
    x_train, x_test : array, shape (n, ...)
        Samples to learn from and samples held out; of a table float64, what `Schema.encoded` made of its rows.
    y_train, y_test : array, shape (n,)
        Their labels: int64 classes, or float64 values.
    class_names : tuple of str
        Names of the classes, empty for a regression.
    columns : tuple of str
        Names of the inputs that a table's columns become, empty for images.
    target : str
        Name of a table's target, "" for images.
    largest : int
        The largest value of a pixel, 0 for a table.
    test_rows : int array, shape (n,)
        Which rows of the whole the held-out samples are, counted from 0.
    sha256 : str
        Of a table's file, "" for a data set, whose content is fixed.
    validation_rows : int array or None, shape (n,)
        Which samples of `x_train` are not learnt from, but watched to see how training goes.
    schema : Schema or None
        What a table's columns were taken for.
    unknown : mapping of str to int
        For columns of text: how many cells hold a value that no row learnt from has.
    texts : mapping of str to array of str, shape (n,)
        Of each column of a table but the target, used or not: the held-out rows' cells, as they stand in the file.
    """

    name: str
    task: str
    x_train: NDArray[Any]
    y_train: NDArray[Any]
    x_test: NDArray[Any]
    y_test: NDArray[Any]
    class_names: tuple[str, ...]
    columns: tuple[str, ...]
    target: str
    largest: int
    test_rows: NDArray[np.int64]
    sha256: str
    validation_rows: NDArray[np.int64] | None = None
    schema: Schema | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def is_validation(self) -> NDArray[np.bool_]:
        """Which samples of `x_train` are watched, as bools, shape (n,)."""
        is_watched = np.zeros(len(self.y_train), dtype=bool)
        if self.validation_rows is not None:
            is_watched[self.validation_rows] = True
        return is_watched

    @property
    def is_table(self) -> bool:
        """Whether the samples are rows of a table rather than images."""
        return bool(self.columns)

    @property
    def noun(self) -> str:
        """What the samples are called."""
        return "rows" if self.is_table else "images"


def dataset_examples(name: str, validation_split: float = 0.0, seed: int = 0) -> Examples:
    """Return a known data set with the test part that its authors gave it.

    Parameters
    ----------
    name : str
        Which.
    validation_split : float
        The share of the rest to watch, from 0.
    seed : int
        Which samples these are.

    Raises
    ------
    ValueError
        If there is no such data set.
    DataError
        If its files cannot be had, or a part would be empty.
    """
    from feedforward.data import find

    dataset = find(name)
    (x_train, y_train), (x_test, y_test) = dataset.read(dataset)
    return Examples(
        name=dataset.name,
        task="classification",
        x_train=x_train,
        y_train=y_train.astype(np.int64),
        x_test=x_test,
        y_test=y_test.astype(np.int64),
        validation_rows=np.flatnonzero(_is_validation(dataset.name, y_train, validation_split, seed, True)),
        class_names=dataset.class_names,
        columns=(),
        target="",
        largest=dataset.largest,
        test_rows=np.arange(len(y_test)),
        sha256="",
    )


def table_examples(
    path: str,
    target: str,
    task: str,
    test_split: float,
    seed: int,
    *,
    validation_split: float | None = 0.0,
    drop: Sequence[str] = (),
    header: bool | None = None,
    schema: Schema | None = None,
) -> Examples:
    """Return a table with a share of its rows held out; see `held_out_rows`.

    Parameters
    ----------
    path : str
        A CSV or TSV file.
    target : str
        The column to predict.
    task : str
        ``"auto"``, ``"classification"`` or ``"regression"``.
    test_split : float
        The share held out, above 0 and below 1.
    seed : int
        Which rows these are.
    validation_split : float or None
        The share of the rest to watch; None: `VALIDATION_SPLIT`, or nothing where a part would be empty.
    drop : sequence of str
        Columns to leave out.
    header : bool or None
        Whether the first row names the columns; None: see `read_csv`.
    schema : Schema or None
        What a trained network takes the columns for; None: it is found out.

    Raises
    ------
    FileNotFoundError, DataError
        If the file cannot be used.
    """
    from feedforward.data.cells import is_number
    from feedforward.data.columns import Column, schema_of
    from feedforward.data.sheet import read_sheet
    from feedforward.data.table import read_labels

    # A number may be a place instead of a name.
    sheet = read_sheet(Path(path), known=[] if is_number(target) else [target], header=header)
    index = sheet.index_of(target, "for the target")
    labels, classes = read_labels(sheet.cells(index), None if schema is None else schema.target.values or None, task)
    is_stratified = classes is not None
    is_test = held_out_rows(labels, test_split, seed, is_stratified=is_stratified)
    for part, rows in (("learn from", ~is_test), ("hold out", is_test)):
        if not rows.any():
            _refuse_names(path, sheet.names[index], labels, classes)
            raise DataError(
                f"{path}: of {len(labels)} rows none is left to {part} with a test split of {test_split:g}."
                " At least one is expected. Give more rows, or another --test-split."
            )
    _refuse_names(path, sheet.names[index], labels, classes)
    is_validation = _is_validation(path, labels[~is_test], validation_split, seed, is_stratified)
    is_learnt = ~is_test
    is_learnt[is_learnt] = ~is_validation
    if schema is None:
        record = Column(sheet.names[index], "target", values=classes or ())
        record = record if classes is not None else record.learnt(labels[is_learnt].astype(np.float64))
        schema = schema_of(sheet, record, drop, is_learnt)
        x, unknown = schema.encoded(sheet)
        schema = schema.learnt(x[is_learnt])
    else:
        x, unknown = schema.encoded(sheet)
    return Examples(
        name=path,
        task="classification" if classes is not None else "regression",
        x_train=x[~is_test],
        y_train=labels[~is_test],
        x_test=x[is_test],
        y_test=labels[is_test],
        validation_rows=np.flatnonzero(is_validation),
        class_names=classes or (),
        columns=schema.inputs,
        target=schema.target.name,
        largest=0,
        test_rows=np.flatnonzero(is_test),
        sha256=file_sha256(path),
        schema=schema,
        unknown=unknown,
        texts={
            name: np.array(sheet.cells(place).texts, dtype=object)[is_test]
            for place, name in enumerate(sheet.names)
            if place != index
        },
    )


def _refuse_names(path: str, target: str, labels: Labels, classes: tuple[str, ...] | None) -> None:
    """Raise for a target that names rows instead of putting them into classes: most labels stand there once."""
    count = 0 if classes is None else len(classes)
    if len(labels) > 2 and (count == len(labels) or (count > _MANY_CLASSES and 2 * count > len(labels))):
        many = "all different" if count == len(labels) else f"{count} different ones"
        raise DataError(
            f"{path}, column {target!r}: {len(labels)} rows have {len(labels)} labels, {many}, so it names rows rather"
            ' than classes of them. A class needs several rows. Give another target, or task="regression".'
        )


def _is_validation(
    name: str, labels: NDArray[Any], share: float | None, seed: int, is_stratified: bool
) -> NDArray[np.bool_]:
    """Return which of the samples to learn from are watched instead, as bools, shape (n,)."""
    if share == 0:
        return np.zeros(len(labels), dtype=bool)
    rows = held_out_rows(labels, VALIDATION_SPLIT if share is None else share, seed, is_stratified=is_stratified)
    if rows.any() and not rows.all():
        return rows
    if share is None:
        return np.zeros(len(labels), dtype=bool)
    raise DataError(
        f"{name}: a validation split of {share:g} of {len(labels)} samples leaves a part empty. Give more samples, or"
        " another --validation-split."
    )


def held_out_rows(labels: NDArray[Any], share: float, seed: int, is_stratified: bool) -> NDArray[np.bool_]:
    """Return which rows are held out, as bools, shape (n,).

    Parameters
    ----------
    labels : array, shape (n,)
        The rows' labels.
    share : float
        How much of the whole, from 0 to 1.
    seed : int
        The rows are shuffled by ``feedforward.random.permutation(n, seed)``; the first ones are held out.
    is_stratified : bool
        Whether the share is taken of each class by itself, so that both parts hold the classes in the same proportion.

    Notes
    -----
    The number of rows held out is rounded, of each class for itself; a class with one row is always learnt from.
    """
    from feedforward import random

    order = random.permutation(len(labels), seed=seed).numpy()
    is_held_out = np.zeros(len(labels), dtype=bool)
    if not is_stratified:
        is_held_out[order[: round(share * len(labels))]] = True
        return is_held_out
    shuffled = labels[order]
    for label in np.unique(labels):
        rows = order[shuffled == label]
        is_held_out[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    return is_held_out


def file_sha256(path: str) -> str:
    """Return the SHA-256 sum of a file's content, 64 hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
