"""A table in, a model out: what a RealMLP learns from columns of any kind, and what its file keeps of the table.

The model is a `Model` like any other, with the inputs ``numbers`` and ``codes``; its metadata hold how columns become
these. Not here: how it is trained (``members.py``), data frames (``frames.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.errors import FormatError
from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_number
from feedforward.tabular.aims import Aim, Classes, Numbers
from feedforward.tabular.columns import Table
from feedforward.tabular.encoding import MOST_VALUES, Encoding
from feedforward.tabular.members import Fitted, Rows, Tell, fitted
from feedforward.tabular.realmlp import RealMLP, Shape
from feedforward.tabular.targets import Labels
from feedforward.training.model import Model

__all__ = ["TableRecord", "fit_table", "held_out"]

_KEY = "table"


@dataclass(frozen=True, eq=False)
class TableRecord:
    """What a model keeps of the table that it was trained on.

    Parameters
    ----------
    encoding : Encoding
        How columns become what is fed.
    labels : Labels or None
        The classes that it tells apart; None where it predicts numbers.
    residuals : list of list of float
        Of each number, by how much it was off in rows that it was not trained on, in order; empty without such rows.

    Examples
    --------
    >>> from feedforward.tabular.frames import table_of
    >>> table = table_of({"size": [1.0, 2.0, 3.0, 4.0] * 5}, "fit")
    >>> outcome = fit_table(table, Labels.learnt([0, 0, 1, 1] * 5, 20, "fit"), [0, 0, 1, 1] * 5, RealMLP(epochs=2))
    >>> record = TableRecord.of(outcome.model)
    >>> outcome.model.predict(record.fed(table, "predict")).shape, record.labels.classes.tolist()
    ((20, 2), [0, 1])
    """

    encoding: Encoding
    labels: Labels | None
    residuals: list[list[float]]

    @classmethod
    def of(cls, model: Model) -> TableRecord:
        """Return the record of a model, which may come from a file: all of it is checked.

        Raises
        ------
        FormatError
            If the model has none, it is no such record, or one of another network.
        """
        config = model.metadata.get(_KEY)
        if type(config) is not dict or config.keys() != {"encoding", "labels", "residuals"}:
            raise FormatError(
                f"model {model.name!r} keeps no record of a table. Expected one that fit_table or an estimator of "
                f"feedforward.sklearn made. Train one."
            )
        residuals = config["residuals"]
        lists = residuals if type(residuals) is list else [None]
        if not all(
            type(each) is list
            and all(type(number) is float and math.isfinite(number) for number in each)
            and each == sorted(each)
            for each in lists
        ):
            raise FormatError(f"the residuals of model {model.name!r} are {str(residuals)[:100]}. Take a whole file.")
        labels = None if config["labels"] is None else Labels.from_config(config["labels"])
        record = cls(Encoding.from_config(config["encoding"]), labels, residuals)
        if not record._fits(model):
            raise FormatError(
                f"the network of model {model.name!r} does not take the columns of its table, or gives no probability "
                f"of each class, no number for each target. Take a whole file."
            )
        return record

    def _fits(self, model: Model) -> bool:
        """Return whether a network has the inputs and the classes, or the targets, that are spoken of."""
        inputs, outputs = (
            [node.shape[1:] for node in nodes] for nodes in (model.network.inputs, model.network.outputs)
        )
        counts = len(self.encoding.number_names), len(self.encoding.sizes)
        wanted = len(self.residuals) if self.labels is None else len(self.labels.classes)
        gives_wanted = outputs == [(wanted,)] or not wanted  # without residuals nothing is known of targets
        return gives_wanted and inputs == [(count,) for count in counts if count]

    def to_config(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "encoding": self.encoding.to_config(),
            "labels": None if self.labels is None else self.labels.to_config(),
            "residuals": self.residuals,
        }

    def fed(self, table: Table, caller: str) -> Any:
        """Return what the model takes of a table.

        Parameters
        ----------
        table : Table
            With the columns that it learnt from.
        caller : str
            What messages begin with.

        Raises
        ------
        DataError, ShapeError, TypeError
            If a column is missing or of another kind.
        """
        found = self.encoding.encoded(table, caller)
        arrays = [array for array in (found.numbers, found.codes) if array.shape[1]]
        return arrays if len(arrays) > 1 else arrays[0]


def fit_table(
    table: Table,
    labels: Labels | None,
    y: Any,
    settings: RealMLP,
    *,
    weights: Array | None = None,
    validation: Array | None = None,
    categorical: Sequence[str | int] = (),
    members: int = 1,
    seed: int = 0,
    budget_s: float | None = None,
    tell: Tell | None = None,
    caller: str = "fit_table",
) -> Fitted:
    """Return a model of a table, and how its training went.

    Parameters
    ----------
    table : Table
        The columns, n rows.
    labels : Labels or None
        The classes of the target; None for numbers.
    y : sequence, shape (n,) or (n, k)
        Labels, or numbers in float64.
    settings : RealMLP
        The network and its training.
    weights : float array, shape (n,), optional
        What each row counts: training divides them by their mean.
    validation : bool array, shape (n,), optional
        Which rows are not trained on, but decide which epoch is kept, make probabilities honest, and say how wide
        intervals are.
    categorical : sequence of str or int
        Names or places of columns whose numbers stand for categories.
    members : int
        How many networks are trained, whose predictions are averaged.
    seed : int
        What all draws come from.
    budget_s : float, optional
        Seconds that all of it may take.
    tell : callable, optional
        Who is told after each epoch, see `members`.
    caller : str
        What messages begin with.

    Raises
    ------
    DataError, TypeError, ValueError
        If there is no column to learn from, a label is unknown, or an argument is out of range.
    """
    if budget_s is not None:
        check_number(caller, "budget_s", budget_s, Range(0, has_low=False))
    is_held = np.zeros(len(table), bool) if validation is None else validation
    most = 8 if settings.waves or settings.is_measured else MOST_VALUES  # of the small variant all are one-hot
    encoding = Encoding.learnt(table.take(~is_held), categorical=categorical, most_one_hot=most, caller=caller)
    record = TableRecord(encoding, labels, [])
    given = record.fed(table, caller)
    arrays = given if isinstance(given, list) else [given]
    aim: Aim
    if labels is None:
        aim = Numbers.of(np.asarray(y)[~is_held], settings)
        targets = aim.fed(np.asarray(y))
    else:
        aim = Classes(len(labels.classes))
        targets = aim.fed(labels.codes(y, len(table), caller))

    def rows(chosen: Array) -> Rows:
        own = None if weights is None else (weights[chosen] / weights[~is_held].mean()).astype(np.float32)
        return Rows([array[chosen] for array in arrays], targets[chosen], own)

    waved = tuple(np.flatnonzero(encoding.is_number).tolist())
    shape = Shape(len(encoding.number_names), waved, encoding.sizes, aim.outputs)
    outcome = fitted(
        settings,
        aim,
        shape,
        rows(~is_held),
        rows(is_held) if is_held.any() else None,
        members=members,
        seed=seed,
        budget_s=budget_s,
        tell=tell,
    )
    outcome.model.metadata = {_KEY: TableRecord(encoding, labels, outcome.residuals).to_config()}
    return outcome


def held_out(rows: int, fraction: float, classes: Array | None, generator: np.random.Generator) -> Array:
    """Return which rows are held out for validation, bool array of shape (n,).

    Parameters
    ----------
    rows : int
        n.
    fraction : float
        Which part of them, from 0 up to, but not, 1.
    classes : int array, shape (n,), optional
        Of each row: each class then has its part, rounded, and one row at least that is not held out.
    generator : Generator
        What draws them.

    Examples
    --------
    >>> held_out(10, 0.2, np.array([0] * 9 + [1]), np.random.default_rng(0)).tolist().count(True)
    2
    """
    found = np.zeros(rows, bool)
    groups = [np.arange(rows)] if classes is None else [np.flatnonzero(classes == one) for one in np.unique(classes)]
    for group in groups:
        count = min(int(len(group) * fraction + 0.5), len(group) - 1)
        found[generator.permutation(group)[:count]] = True
    return found
