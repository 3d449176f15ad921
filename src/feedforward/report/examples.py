"""Examples: a data set or a table, cut into what is learnt from, what training is watched with, and what is held out.

Here: which rows these are, and what belongs to the arrays (names of classes, what columns were taken for). Not here:
reading files (``feedforward.data``), networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

if TYPE_CHECKING:
    from feedforward.data.columns import Roles
    from feedforward.data.sheet import Dialect, Sheet
    from feedforward.data.table import Labels
    from feedforward.tabular.columns import Table
    from feedforward.tabular.schema import AnySchema

__all__ = [
    "Examples",
    "LabelledTable",
    "dataset_examples",
    "labelled_table",
    "table_examples",
    "held_out_rows",
    "rows_of_folds",
    "file_sha256",
    "VALIDATION_SPLIT",
]

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
    schema : Schema, TableSchema or None
        What a table's columns were taken for.
    unknown : mapping of str to int
        For columns of text: how many cells hold a value that no row learnt from has.
    weights : float64 array or None, shape (n,)
        What each sample of `x_train` counts in training; None: all the same.
    encoding : str
        What a table's file is written in.
    columns_train, columns_test : Table or None
        The typed columns that `x_train` and `x_test` were made of, where a RealMLP is to learn them.
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
    schema: AnySchema | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    weights: NDArray[np.float64] | None = None
    encoding: str = "UTF-8"
    columns_train: Table | None = None
    columns_test: Table | None = None
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


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """A table of which one column is known to be the target.

    Parameters
    ----------
    name : str
        The table's path as the user wrote it.
    sheet : Sheet
        Its columns.
    target : str
        The column to predict.
    labels : int64 or float64 array, shape (n,)
        Its labels.
    classes : tuple of str or None
        Their names, None for a regression.
    roles : Roles
        What the user says of other columns.
    weights : float64 array or None, shape (n,)
        What each row counts in training.
    is_encoded : bool
        Whether an `Encoding` brings columns to a network, as a RealMLP wants; else a `Schema`.
    """

    name: str
    sheet: Sheet
    target: str
    labels: Labels
    classes: tuple[str, ...] | None
    roles: Roles
    weights: NDArray[np.float64] | None
    is_encoded: bool = False

    def cut(
        self,
        is_train: NDArray[np.bool_],
        is_test: NDArray[np.bool_],
        validation_split: float | None,
        seed: int,
        schema: AnySchema | None = None,
    ) -> Examples:
        """Return some rows to learn from and others held out.

        Parameters
        ----------
        is_train, is_test : bool array, shape (n,)
            Which rows these are; some may be neither.
        validation_split : float or None
            The share of the first to watch; None: `VALIDATION_SPLIT`, or nothing where a part would be empty.
        seed : int
            Which rows these are.
        schema : Schema, TableSchema or None
            What a trained network takes the columns for; None: it is found out.

        Raises
        ------
        DataError
            If a column or a cell cannot be used, or no row to learn from or to watch has a weight above 0.
        """
        from feedforward.data.columns import Column, schema_of
        from feedforward.tabular.schema import TableSchema, table_schema

        labels, classes = self.labels, self.classes
        is_validation = _is_validation(self.name, labels[is_train], validation_split, seed, classes is not None)
        is_learnt = is_train.copy()
        is_learnt[is_train] = ~is_validation
        if self.weights is not None:
            for part, rows in (("learn from", is_learnt), ("validate", is_train & ~is_learnt)):
                if rows.any() and not self.weights[rows].any():
                    raise DataError(
                        f"{self.name}, column {self.roles.weights!r}: the weights of all {rows.sum()} rows to {part}"
                        " are 0. Some must count. Give other weights."
                    )
        record = Column(self.target, "target", values=classes or ())
        if schema is None and self.is_encoded:
            schema = table_schema(self.sheet, record, self.roles, is_learnt)
        if schema is not None:
            x, unknown = schema.encoded(self.sheet)
        else:
            record = record if classes is not None else record.learnt(labels[is_learnt].astype(np.float64))
            plain = schema_of(self.sheet, record, self.roles, is_learnt)
            x, unknown = plain.encoded(self.sheet)
            schema = plain.learnt(x[is_learnt])
        typed = schema.table(self.sheet, is_whole=True) if isinstance(schema, TableSchema) else None
        return Examples(
            name=self.name,
            task="classification" if classes is not None else "regression",
            x_train=x[is_train],
            y_train=labels[is_train],
            x_test=x[is_test],
            y_test=labels[is_test],
            validation_rows=np.flatnonzero(is_validation),
            class_names=classes or (),
            columns=schema.inputs,
            target=schema.target.name,
            largest=0,
            test_rows=np.flatnonzero(is_test),
            sha256=file_sha256(self.name),
            schema=schema,
            unknown=unknown,
            weights=None if self.weights is None else self.weights[is_train],
            encoding=self.sheet.rows.encoding,
            columns_train=None if typed is None else typed.take(is_train),
            columns_test=None if typed is None else typed.take(is_test),
            texts={
                name: np.array(self.sheet.cells(place).texts, dtype=object)[is_test]
                for place, name in enumerate(self.sheet.names)
                if name != self.target
            },
        )

    def held_out(
        self, test_split: float, seed: int, validation_split: float | None = 0.0, schema: AnySchema | None = None
    ) -> Examples:
        """Return the table with a share of its rows held out; see `held_out_rows`.

        Parameters
        ----------
        test_split : float
            The share held out, above 0 and below 1.
        seed, validation_split, schema
            As for `cut`.

        Raises
        ------
        DataError
            If a part would be empty, the target names rows, or as for `cut`.
        """
        labels = self.labels
        is_test = held_out_rows(labels, test_split, seed, is_stratified=self.classes is not None)
        _refuse_names(self.name, self.target, labels, self.classes)
        for part, rows in (("learn from", ~is_test), ("hold out", is_test)):
            if not rows.any():
                raise DataError(
                    f"{self.name}: of {len(labels)} rows none is left to {part} with a test split of {test_split:g}."
                    " At least one is expected. Give more rows, or another --test-split."
                )
        return self.cut(~is_test, is_test, validation_split, seed, schema)

    def folds(self, examples: Examples, count: int, seed: int, validation_split: float | None) -> Iterator[Examples]:
        """Yield the rows that `examples` does not hold out in so many ways, of which each holds out another part.

        Parameters
        ----------
        examples : Examples
            What `held_out` returned.
        count : int
            How many parts; see `rows_of_folds`.
        seed, validation_split
            As for `cut`. Medians, words and scales are learnt anew of the rows that each part leaves.

        Raises
        ------
        DataError
            If there are fewer rows than parts, or as for `cut`.
        """
        is_open = np.ones(len(self.labels), dtype=bool)
        is_open[examples.test_rows] = False
        if is_open.sum() < count:
            raise DataError(f"{self.name}: {is_open.sum()} rows cannot make {count} folds. Give fewer --folds.")
        place = np.full(len(self.labels), -1)
        place[is_open] = rows_of_folds(self.labels[is_open], count, seed, is_stratified=self.classes is not None)
        for fold in range(count):
            yield self.cut(is_open & (place != fold), place == fold, validation_split, seed)


def labelled_table(
    path: str,
    target: str,
    task: str = "auto",
    *,
    roles: Roles | None = None,
    dialect: Dialect | None = None,
    schema: AnySchema | None = None,
    is_encoded: bool = False,
) -> LabelledTable:
    """Return a table and its labels.

    Parameters
    ----------
    path : str
        A CSV or TSV file.
    target : str
        The column to predict.
    task : str
        ``"auto"``, ``"classification"`` or ``"regression"``.
    roles : Roles or None
        What the user says of other columns.
    dialect : Dialect or None
        What is known of how the file is written.
    schema : Schema, TableSchema or None
        What a trained network takes the columns for.
    is_encoded : bool
        As in `LabelledTable`.

    Raises
    ------
    FileNotFoundError, DataError
        If the file, a label or a weight cannot be used.
    """
    from feedforward.data.cells import is_number
    from feedforward.data.columns import Roles
    from feedforward.data.sheet import read_sheet
    from feedforward.data.table import read_labels, read_weights

    # A number may be a place instead of a name.
    sheet = read_sheet(Path(path), [] if is_number(target) else [target], dialect)
    index = sheet.index_of(target, "for the target")
    labels, classes = read_labels(sheet.cells(index), None if schema is None else schema.target.values or None, task)
    roles, weights = roles or Roles(), None
    if roles.weights is not None:
        weights = read_weights(sheet.cells(sheet.index_of(roles.weights, "for the weights")))
    return LabelledTable(path, sheet, sheet.names[index], labels, classes, roles, weights, is_encoded)


def table_examples(
    path: str,
    target: str,
    task: str,
    test_split: float,
    seed: int,
    *,
    validation_split: float | None = 0.0,
    roles: Roles | None = None,
    dialect: Dialect | None = None,
    schema: AnySchema | None = None,
) -> Examples:
    """Return a table with a share of its rows held out: `labelled_table`, and `LabelledTable.held_out` of it."""
    table = labelled_table(path, target, task, roles=roles, dialect=dialect, schema=schema)
    return table.held_out(test_split, seed, validation_split, schema)


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
    order = _shuffled(len(labels), seed)
    is_held_out = np.zeros(len(labels), dtype=bool)
    if not is_stratified:
        is_held_out[order[: round(share * len(labels))]] = True
        return is_held_out
    shuffled = labels[order]
    for label in np.unique(labels):
        rows = order[shuffled == label]
        is_held_out[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    return is_held_out


def rows_of_folds(labels: NDArray[Any], count: int, seed: int, is_stratified: bool) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 to count - 1, shape (n,).

    Parameters
    ----------
    labels : array, shape (n,)
        The rows' labels.
    count : int
        How many folds, at least 2.
    seed : int
        The rows are shuffled by ``feedforward.random.permutation(n, seed)``, and dealt out one after another.
    is_stratified : bool
        Whether each class is dealt out after the other, so that all folds have nearly the same number of each.
    """
    order = _shuffled(len(labels), seed)
    if is_stratified:
        order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % count
    return folds


def _shuffled(count: int, seed: int) -> NDArray[np.int64]:
    """Return what ``feedforward.random.permutation(count, seed)`` holds, whatever the backend.

    As machine code it has no form, which a user of many folds would be told of.
    """
    from feedforward import execution, random

    order: NDArray[np.int64] = execution.values([random.permutation(count, seed=seed).node], is_eager=True)[0]
    return order


def file_sha256(path: str) -> str:
    """Return the SHA-256 sum of a file's content, 64 hexadecimal digits; "" of standard input, which is gone."""
    from feedforward.data.text import is_standard_input

    if is_standard_input(Path(path)):
        return ""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
