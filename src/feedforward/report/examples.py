"""Examples: a data set or a table, cut into what is learnt from and what is held out.

Here: which rows are held out, and what belongs to the arrays (names of classes and columns). Not here: reading files
(``feedforward.data``), networks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError

__all__ = ["Examples", "dataset_examples", "table_examples", "held_out_rows", "file_sha256"]


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
        Samples to learn from and samples held out.
    y_train, y_test : array, shape (n,)
        Their labels: int64 classes, or float32 values.
    class_names : tuple of str
        Names of the classes, empty for a regression.
    columns : tuple of str
        Names of a table's features, empty for images.
    target : str
        Name of a table's target, "" for images.
    largest : int
        The largest value of a pixel, 0 for a table.
    test_rows : int array, shape (n,)
        Which rows of the whole the held-out samples are, counted from 0.
    sha256 : str
        Of a table's file, "" for a data set, whose content is fixed.
    has_header : bool
        Whether a table's first row was taken for names of columns.
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
    has_header: bool = True

    @property
    def is_table(self) -> bool:
        """Whether the samples are rows of a table rather than images."""
        return bool(self.columns)

    @property
    def noun(self) -> str:
        """What the samples are called."""
        return "rows" if self.is_table else "images"


def dataset_examples(name: str) -> Examples:
    """Return a known data set with the test part that its authors gave it.

    Raises
    ------
    ValueError
        If there is no such data set.
    DataError
        If its files cannot be had.
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
    columns: tuple[str, ...] | None = None,
    class_names: tuple[str, ...] | None = None,
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
    columns, class_names : tuple of str or None
        What a trained network knows; None: what the file has.

    Raises
    ------
    FileNotFoundError, DataError
        If the file cannot be used.
    """
    from feedforward.data import read_csv

    table = read_csv(path, target=target, columns=columns, classes=class_names, task=task)
    labels = np.asarray(table.labels)
    is_test = held_out_rows(labels, test_split, seed, is_stratified=table.classes is not None)
    for part, rows in (("learn from", ~is_test), ("hold out", is_test)):
        if not rows.any():
            raise DataError(
                f"{path}: of {len(labels)} rows none is left to {part} with a test split of {test_split:g}."
                " At least one is expected. Give more rows, or another --test-split."
            )
    return Examples(
        name=path,
        task="classification" if table.classes is not None else "regression",
        x_train=table.features[~is_test],
        y_train=labels[~is_test],
        x_test=table.features[is_test],
        y_test=labels[is_test],
        class_names=table.classes or (),
        columns=table.columns,
        target=str(table.target),
        largest=0,
        test_rows=np.flatnonzero(is_test),
        sha256=file_sha256(path),
        has_header=table.has_header,
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
