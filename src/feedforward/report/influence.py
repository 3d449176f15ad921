"""What the columns of a table do to a model: permutation importance and partial dependence.

A model is a function here, from columns of rows to outputs; which network is behind it, and what it makes of texts and
of what is missing, is that function's affair. So a column is permuted or set as the user knows it, as a whole. Not
here: where rows come from (``examples``), how this is shown (``sections``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.report.evaluation import Classification, Evaluation, Regression

__all__ = [
    "Columns",
    "Dependence",
    "Importance",
    "Influence",
    "Predict",
    "influence_of",
    "partial_dependence",
    "permutation_importances",
    "values_to_try",
]

Columns: TypeAlias = Mapping[str, NDArray[Any]]
"""Rows of a table: of each column the values, float64 with NaN for what is missing, or str with None for it."""

Predict: TypeAlias = Callable[[Columns], NDArray[Any]]
"""A model: for n rows its outputs, shape (n, k), probabilities of k classes or a number."""

_REPEATS = 5
_DEPENDENCES = 6
_NUMBERS, _TEXTS, _BINS = 20, 10, 24
_DEPENDENCE_ROWS = 1000

_MOST_WORK = 1e10
"""How many multiplications the importances may cost: about a second.

They are counted rather than timed, so that the same model and rows give the same page.
"""
_WORK_OF_AN_INPUT = 300  # to bring an input of a row to the network takes as long as so many multiplications
_FEWEST_ROWS = 200


@dataclass(frozen=True, eq=False)
class Importance:
    """How much worse a model gets when the values of one column are dealt out anew among the rows.

    Parameters
    ----------
    name : str
        The column.
    changes : float64 array, shape (r,)
        The score with the column as it is less that of each of r permutations.
    """

    name: str
    changes: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean change."""
        return float(self.changes.mean())

    @property
    def deviation(self) -> float:
        """The standard deviation of the changes."""
        return float(self.changes.std())


@dataclass(frozen=True, eq=False)
class Dependence:
    """What a model says on average when one column has the same value in all rows.

    Parameters
    ----------
    name : str
        The column.
    values : float64 array or array of str and None, shape (g,)
        What the column was set to: numbers from small to large, or texts, the most common first.
    outputs : float64 array, shape (g, k)
        The mean outputs.
    counts : int array, shape (g,) or (b,)
        How many rows have each text, or lie in each of b bins of equal width from the first to the last number.
    missing : int
        In how many rows the column has no value.
    unit : str
        What its numbers count, or "".
    """

    name: str
    values: NDArray[Any]
    outputs: NDArray[np.float64]
    counts: NDArray[np.int64]
    missing: int
    unit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column is one of numbers."""
        return self.values.dtype.kind == "f"


@dataclass(frozen=True, eq=False)
class Influence:
    """What the columns of a table do to a model.

    Parameters
    ----------
    importances : tuple of Importance
        Of all columns, the most important first.
    dependences : tuple of Dependence
        Of the first of them.
    score : str
        What the importances are growths of.
    rows, repeats : int
        On how many rows they were measured, and with how many permutations of each column.
    dependence_rows : int
        On how many rows the dependences are means.
    """

    importances: tuple[Importance, ...]
    dependences: tuple[Dependence, ...]
    score: str
    rows: int
    repeats: int
    dependence_rows: int


def permutation_importances(
    columns: Columns, predict: Predict, score: Callable[[NDArray[Any]], float], orders: Sequence[NDArray[np.integer]]
) -> list[Importance]:
    """Return how much worse a model gets when a column's values change their rows, for each column.

    Parameters
    ----------
    columns : Columns
        The rows.
    predict : Predict
        The model.
    score : callable
        Takes outputs for these rows; larger is better.
    orders : sequence of int arrays, shape (n,)
        The permutations: with each, row i gets the value of row ``order[i]``. All columns get the same ones.

    References
    ----------
    Breiman, "Random forests", 2001, section 10. Columns that say the same share their importance: each alone can be
    permuted with little loss.

    Examples
    --------
    >>> rows = {"used": np.array([0.0, 1.0]), "unused": np.array([5.0, 6.0])}
    >>> score = lambda outputs: -float(np.mean(np.abs(outputs[:, 0] - [0, 1])))
    >>> found = permutation_importances(rows, lambda rows: rows["used"][:, None], score, [np.array([1, 0])])
    >>> [(one.name, one.mean) for one in found]
    [('used', 1.0), ('unused', 0.0)]
    """
    best = score(predict(columns))
    return [
        Importance(
            name, np.array([best - score(predict({**columns, name: values[order]})) for order in orders], np.float64)
        )
        for name, values in columns.items()
    ]


def partial_dependence(columns: Columns, name: str, values: NDArray[Any], predict: Predict) -> NDArray[np.float64]:
    """Return the mean outputs over the rows when a column has one value in all of them, shape (g, k).

    Parameters
    ----------
    columns : Columns
        The rows.
    name : str
        The column to set.
    values : array, shape (g,)
        What it is set to, one after another.
    predict : Predict
        The model.

    References
    ----------
    Friedman, "Greedy function approximation", 2001, equation 53. Where columns depend on each other, some of the rows
    that this makes up do not exist.

    Examples
    --------
    >>> rows = {"a": np.array([1.0, 2.0]), "b": np.array([10.0, 30.0])}
    >>> partial_dependence(rows, "a", np.array([0.0, 5.0]), lambda rows: (rows["a"] * rows["b"])[:, None]).tolist()
    [[0.0], [100.0]]
    """
    means = []
    for value in values:
        filled = np.full(len(columns[name]), value, dtype=columns[name].dtype)
        means.append(predict({**columns, name: filled}).mean(axis=0, dtype=np.float64))
    return np.stack(means)


def values_to_try(values: NDArray[Any]) -> NDArray[Any]:
    """Return what to set a column to.

    Of numbers all different ones if they are at most 20, else 20 in equal steps from the 5th to the 95th percentile:
    beyond these a model has seen little. Of texts the 10 most common, of equals the first by code point.
    """
    if values.dtype.kind == "f":
        there = values[~np.isnan(values)]
        unique = np.unique(there)
        if len(unique) <= _NUMBERS:
            return unique
        low, high = np.quantile(there, [0.05, 0.95])
        return np.linspace(low, high, _NUMBERS) if high > low else unique[:: -(-len(unique) // _NUMBERS)]
    counts = Counter(value for value in values if value is not None)
    common = sorted(counts, key=lambda text: (-counts[text], text))[:_TEXTS]
    return np.array(common, dtype=object)


def influence_of(
    columns: Columns,
    predict: Predict,
    evaluation: Evaluation,
    *,
    parameters: int,
    inputs: int,
    seed: int = 0,
    units: Mapping[str, str] | None = None,
) -> Influence:
    """Return what the columns of a table do to a model, on the rows that it was measured on, or on some of them.

    Parameters
    ----------
    columns : Columns
        The rows.
    predict : Predict
        The model.
    evaluation : Classification or Regression
        How these rows went.
    parameters, inputs : int
        Numbers of weights and of inputs of the network, which say what a row costs; of many rows an evenly spaced
        choice is taken.
    seed : int
        The permutations are ``feedforward.random.permutation(n, seed)``, with seeds that follow each other.
    units : mapping of str to str
        What the numbers of some columns count.
    """
    from feedforward import random

    cost = (parameters + _WORK_OF_AN_INPUT * inputs) * len(columns) * _REPEATS
    count = min(len(evaluation.labels), max(int(_MOST_WORK // cost), _FEWEST_ROWS))
    chosen, part = _spaced(columns, len(evaluation.labels), count)
    orders = [random.permutation(count, seed=seed + repeat).numpy() for repeat in range(_REPEATS)]
    name, score = _score_of(evaluation, chosen)
    found = sorted(permutation_importances(part, predict, score, orders), key=lambda one: -one.mean)
    few, fewer = _spaced(part, count, min(count, _DEPENDENCE_ROWS))
    dependences = []
    for importance in found[:_DEPENDENCES]:
        values = values_to_try(columns[importance.name])
        if len(values) > 1:
            outputs = partial_dependence(fewer, importance.name, values, predict)
            dependence = _with_distribution(importance.name, values, outputs, columns[importance.name])
            dependences.append(replace(dependence, unit=(units or {}).get(importance.name, "")))
    return Influence(tuple(found), tuple(dependences), name, count, _REPEATS, len(few))


def _spaced(columns: Columns, total: int, count: int) -> tuple[NDArray[np.int64], Columns]:
    """Return which of the rows are taken, and these rows; a table may be sorted, so they come from all of it."""
    rows = np.linspace(0, total - 1, count).round().astype(np.int64)
    return rows, {name: values[rows] for name, values in columns.items()}


def _with_distribution(
    name: str, values: NDArray[Any], outputs: NDArray[np.float64], column: NDArray[Any]
) -> Dependence:
    if values.dtype.kind == "f":
        missing = int(np.isnan(column).sum())
        counts = np.histogram(column[~np.isnan(column)], bins=_BINS, range=(values[0], values[-1]))[0]
    else:
        missing = sum(value is None for value in column)
        tally = Counter(column.tolist())
        counts = np.array([tally[value] for value in values])
    return Dependence(name, values, outputs, counts.astype(np.int64), missing)


def _score_of(evaluation: Evaluation, rows: NDArray[np.int64]) -> tuple[str, Callable[[NDArray[Any]], float]]:
    """Return what a model is judged by on some rows, and its name."""
    if isinstance(evaluation, Classification):
        labels = evaluation.labels[rows]

        def negative_loss(outputs: NDArray[Any]) -> float:
            given = outputs[np.arange(len(labels)), labels]
            return float(np.mean(np.log(np.maximum(given, np.finfo(outputs.dtype).eps).astype(np.float64))))

        return "cross-entropy (nats)", negative_loss

    def negative_error(outputs: NDArray[Any]) -> float:
        return -math.sqrt(Regression(evaluation.labels[rows], outputs.reshape(-1)).mean_squared_error)

    return "root mean squared error", negative_error
