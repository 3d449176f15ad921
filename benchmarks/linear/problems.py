"""The problems: data of two classes, and the objective 1/2 |w|^2 + C sum_i l(y_i w x_i), without intercept.

Without one, since peers regularise it in different ways or not at all; with C = 1, LIBLINEAR's default.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.outside import data_folder
from feedforward.linear import Rows, csr, rows_of
from feedforward.linear.losses import loss_of
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.ranking import read_svmlight

Floats = NDArray[np.float64]

LOSSES = ("hinge", "squared_hinge", "logistic")

STEPS = "steps"
"""Instead of a loss: what a pass of stochastic steps costs."""

_WRONG_LABELS = 0.05
"""The share of synthetic labels that are turned around."""


@dataclass(frozen=True)
class LinearProblem:
    """Data and a loss.

    Parameters
    ----------
    data : str
        A name of `DATA`, for those that are drawn ``NAME:ROWS`` with another number of rows.
    loss : str
        A name of `LOSSES`, or `STEPS`.
    """

    data: str
    loss: str

    @property
    def name(self) -> str:
        """What tables and the command line call it."""
        return f"{self.data}/{self.loss}"

    @property
    def cost(self) -> float:
        """C."""
        return 1.0

    def objective(self, rows: Rows, y: Floats) -> Problem:
        """Return the objective, by which the weights of all peers are judged; the steps are those of a hinge."""
        loss = loss_of("hinge" if self.loss == STEPS else self.loss, True, "benchmarks")
        return Problem(rows, y, np.full(len(y), self.cost), loss, 0.0)


def find_problem(name: str) -> LinearProblem:
    """Return the problem of a name: ``a9a/hinge``, ``rcv1-like:78000/logistic``.

    Raises
    ------
    ValueError
        If there is none.
    """
    data, _, loss = name.partition("/")
    kind, _, rows = data.partition(":")
    is_drawn = kind in _DRAWN and rows.isdecimal() and int(rows) > 0
    if (data in DATA or is_drawn) and loss in (*LOSSES, STEPS):
        return LinearProblem(data, loss)
    raise ValueError(
        f"problem {name!r}: expected data and a loss. Write one of {', '.join(DATA)}, then / and one of "
        f"{', '.join((*LOSSES, STEPS))}; {' and '.join(_DRAWN)} with :ROWS for fewer."
    )


def save_data(data: str, folder: Path) -> None:
    """Write rows and labels of -1 and 1 to a folder, for the processes of all peers.

    Raises
    ------
    FileNotFoundError
        If they are made of a file that is not there.
    """
    kind, _, count = data.partition(":")
    rows, y = _DRAWN[kind](int(count) if count else DATA[kind]) if kind in _DRAWN else _FILES[kind](_source())
    np.save(folder / "y.npy", y)
    np.save(folder / "values.npy", rows.values)
    if rows.is_sparse:
        _, indices, starts = rows.compressed()
        np.save(folder / "indices.npy", indices.astype(np.int32))
        np.save(folder / "starts.npy", starts.astype(np.int32))
        np.save(folder / "columns.npy", np.array(rows.shape[1]))


def load_data(folder: Path) -> tuple[Rows, Floats]:
    """Return what `save_data` has written."""
    values, y = np.load(folder / "values.npy"), np.load(folder / "y.npy")
    if values.ndim == 2:
        return rows_of(values, "benchmarks"), y
    arrays = [np.load(folder / f"{name}.npy") for name in ("indices", "starts", "columns")]
    return csr(values, arrays[0], arrays[1], int(arrays[2])), y


def _source() -> Path:
    """Return the folder with the data sets."""
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("the data sets are not in the folder that FEEDFORWARD_DATA names")
    return folder


def _svmlight(name: str, is_first: Callable[[Floats], NDArray[np.bool_]]) -> Callable[[Path], tuple[Rows, Floats]]:
    """Return a reader of a file in svmlight form, the labels of whose first class are told by a function."""

    def read(folder: Path) -> tuple[Rows, Floats]:
        found = read_svmlight(folder / "libsvm" / name)
        return found.rows, np.where(is_first(found.targets), 1.0, -1.0)

    return read


def _covertype(folder: Path) -> tuple[Rows, Floats]:
    """Return lodgepole pine against the rest, every column scaled to 0 ... 1 as in LIBSVM's data."""
    with gzip.open(folder / "tabular" / "covtype_kaggle_train.csv.gz", "rt") as stream:
        table = np.loadtxt(stream, delimiter=",", skiprows=1)
    x, label = table[:, 1:-1], table[:, -1]
    x -= x.min(0)
    x /= np.maximum(x.max(0), 1e-12)
    return _compressed(x), np.where(label == 2, 1.0, -1.0)


def _mnist(folder: Path) -> tuple[Rows, Floats]:
    """Return zeros against the rest, pixels from 0 to 1."""
    with gzip.open(folder / "mnist" / "train-images-idx3-ubyte.gz") as stream:
        pixels = np.frombuffer(stream.read(), np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(folder / "mnist" / "train-labels-idx1-ubyte.gz") as stream:
        label = np.frombuffer(stream.read(), np.uint8, offset=8)
    return _compressed(pixels / 255.0), np.where(label == 0, 1.0, -1.0)


def _compressed(x: Floats) -> Rows:
    """Return rows without their zeros."""
    row, column = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(x)))])
    return csr(x[row, column], column.astype(np.int32), starts.astype(np.int32), x.shape[1])


_COLUMNS, _PER_ROW = 47_236, 76
_DRAWS = 1.06
"""How many words are drawn for each that is left when those drawn twice are one."""


def _text_like(count: int) -> tuple[Rows, Floats]:
    """Return documents with the statistics of RCV1: words of a Zipf law, 76 a row, of length 1.

    A word weighs (1 + ln of how often it was drawn) * ln(rows / rows that have it), as there; half of the words belong
    to a class a little more than to the other.
    """
    random = np.random.default_rng(0)
    # Mandelbrot's law: the commonest words are in about half of the rows, not in all.
    share = 1.0 / (np.arange(_COLUMNS) + 20.0)
    ends = np.cumsum(share / share.sum())
    kept, times, lengths = [], [], []
    for first in range(0, count, 20_000):
        rows = min(20_000, count - first)
        length = np.maximum(2, random.lognormal(np.log(_PER_ROW * _DRAWS) - 0.18, 0.6, rows)).astype(np.int64)
        word = np.minimum(np.searchsorted(ends, random.random(int(length.sum()))), _COLUMNS - 1)
        key, number = np.unique(np.repeat(np.arange(rows), length) * _COLUMNS + word, return_counts=True)
        kept.append((key % _COLUMNS).astype(np.int32))
        times.append(number)
        lengths.append(np.bincount(key // _COLUMNS, minlength=rows))
    # Columns do not lie in the order of how common they are.
    indices = random.permutation(_COLUMNS).astype(np.int32)[np.concatenate(kept)]
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    rarity = np.log(count / np.maximum(1, np.bincount(indices, minlength=_COLUMNS)))
    values = (1.0 + np.log(np.concatenate(times))) * rarity[indices]
    norms = np.sqrt(np.add.reduceat(values * values, starts[:-1]))
    values /= np.repeat(np.maximum(norms, 1e-12), np.diff(starts))
    plane = random.standard_normal(_COLUMNS) * (random.random(_COLUMNS) < 0.5)
    score = np.add.reduceat(values * plane[indices], starts[:-1])
    is_wrong = random.random(count) < _WRONG_LABELS
    return csr(values, indices, starts.astype(np.int32), _COLUMNS), np.where((score > 0) ^ is_wrong, 1.0, -1.0)


def _dense(count: int) -> tuple[Rows, Floats]:
    """Return float32 rows of 18 columns, which depend on each other, as those of SUSY do."""
    random = np.random.default_rng(0)
    x = random.standard_normal((count, 18), np.float32)
    x @= (np.eye(18) + 0.3 * random.standard_normal((18, 18))).astype(np.float32)
    score = x @ random.standard_normal(18).astype(np.float32) + 2.0 * random.standard_normal(count, np.float32)
    return rows_of(x, "benchmarks"), np.where(score > 0, 1.0, -1.0)


_FILES: dict[str, Callable[[Path], tuple[Rows, Floats]]] = {
    "a9a": _svmlight("a9a.gz", lambda label: label > 0),
    "w8a": _svmlight("w8a.gz", lambda label: label > 0),
    "covertype": _covertype,
    "sector": _svmlight("sector.scale.gz", lambda label: label <= 52),
    "mnist-0": _mnist,
}

_DRAWN: dict[str, Callable[[int], tuple[Rows, Floats]]] = {"rcv1-like": _text_like, "dense-18": _dense}

DATA: dict[str, Any] = dict.fromkeys(_FILES) | {"rcv1-like": 781_265, "dense-18": 5_000_000}
"""The data, and the number of rows of those that are drawn from a seed."""

PROBLEMS = (*(f"{data}/{loss}" for data in DATA for loss in LOSSES), f"rcv1-like/{STEPS}")
"""What is measured."""
