"""The tables of the part ``tables``: rows of numbers, standardised, with labels or numbers to predict."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.outside import data_folder

Array = NDArray[Any]


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    read : callable
        Takes the folder of the data sets, and returns x, shape (n, d), and y, shape (n,).
    epochs : int
        So many of them are timed: enough for a second of scikit-learn's, or some.
    is_classification : bool
        Whether y are labels.
    """

    read: Callable[[Path], tuple[Array, Array]]
    epochs: int
    is_classification: bool = True


def load_table(name: str) -> tuple[Array, Array]:
    """Return x, shape (n, d), float64 with columns of mean 0 and variance 1, and y, shape (n,).

    Raises
    ------
    FileNotFoundError
        If the data sets are not there.
    """
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("the data sets are not in the folder that FEEDFORWARD_DATA names")
    x, y = TABLES[name].read(folder)
    spread = x.std(0)
    x = (x - x.mean(0)) / np.where(spread > 0.0, spread, 1.0)
    if not TABLES[name].is_classification:
        y = (y - y.mean()) / y.std()
    return np.ascontiguousarray(x, np.float64), y


def _digits(folder: Path) -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x, y


def _svmlight(name: str, columns: int) -> Callable[[Path], tuple[Array, Array]]:
    def read(folder: Path) -> tuple[Array, Array]:
        from sklearn.datasets import load_svmlight_file

        x, y = load_svmlight_file(str(folder / "libsvm" / name), n_features=columns)
        return x.toarray(), y.astype(np.int64)

    return read


def _separated(
    name: str, target: int, *, has_header: bool = False, drop: tuple[int, ...] = (), labels: bool = True
) -> Any:
    """Return a reader of a file of separated values: columns of text become one column for each text."""

    def read(folder: Path) -> tuple[Array, Array]:
        text = gzip.decompress((folder / "tabular" / name).read_bytes()).decode()
        rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row][has_header:]
        columns = [[row[place] for row in rows] for place in range(len(rows[0]))]
        place = target % len(columns)
        parts = [_numbers(column) for at, column in enumerate(columns) if at != place and at not in drop]
        y = np.array(columns[place])
        return np.concatenate(parts, 1), y if labels else y.astype(np.float64)

    return read


def _numbers(column: list[str]) -> Array:
    """Return a column as numbers, shape (n, k); a missing one is the median of the others."""
    try:
        values = np.array([float(value) if value else np.nan for value in column])
    except ValueError:
        texts = np.array(column)
        return (texts[:, None] == np.unique(texts)).astype(np.float64)
    return np.where(np.isnan(values), np.nanmedian(values), values)[:, None]


TABLES = {
    "digits": Table(_digits, 60),
    "pendigits": Table(_svmlight("pendigits.gz", 16), 20),
    "letter": Table(_svmlight("letter.scale.gz", 16), 10),
    "a9a": Table(_svmlight("a9a.gz", 123), 5),
    "adult": Table(_separated("adult-train.csv.gz", -1), 5),
    "covtype": Table(_separated("covtype_kaggle_train.csv.gz", -1, has_header=True, drop=(0,)), 10),
    "magic": Table(_separated("magic04.data.gz", -1), 10),
    "california": Table(_separated("california_housing.csv.gz", 8, has_header=True, labels=False), 10, False),
    "wine": Table(_separated("winequality-white.csv.gz", -1, labels=False), 40, False),
    "abalone": Table(_separated("abalone.csv.gz", -1, labels=False), 40, False),
}
"""By their names."""
