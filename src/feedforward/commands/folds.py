"""Folds: how much a score varies with the rows that happen to be learnt from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.commands.experiment import Outcome, build, fit
from feedforward.commands.settings import Settings
from feedforward.report.evaluation import Classification
from feedforward.report.examples import Examples, LabelledTable
from feedforward.training.progress import Progress

__all__ = ["Folds", "cross_validated"]


@dataclass(frozen=True)
class Folds:
    """What networks did, each on a part of the rows that it did not learn from.

    Parameters
    ----------
    score : str
        What was measured: ``"accuracy"`` or ``"R^2"``.
    each : tuple of float
        The score of each part.
    rows : int
        How many rows all parts have.
    """

    score: str
    each: tuple[float, ...]
    rows: int

    @property
    def mean(self) -> float:
        """The mean of the scores."""
        return float(np.mean(self.each))

    @property
    def deviation(self) -> float:
        """The standard deviation of the scores, with one less than their number in the denominator."""
        return float(np.std(self.each, ddof=1))

    def text(self, score: float) -> str:
        """Return a score as people are told it."""
        return f"{score:.2%}" if self.score == "accuracy" else f"{score:.4f}"

    def __str__(self) -> str:
        """Return a sentence about them."""
        return (
            f"{self.score} {self.text(self.mean)} in {len(self.each)} folds of the {self.rows:,} other rows, standard"
            f" deviation {self.text(self.deviation)}, from {self.text(min(self.each))} to {self.text(max(self.each))}"
        )

    def summary(self) -> dict[str, Any]:
        """Return the numbers as a model's file keeps them."""
        return {"score": self.score, "mean": self.mean, "deviation": self.deviation, "each": list(self.each)}


def cross_validated(
    table: LabelledTable, examples: Examples, settings: Settings, deadline: float | None, tell: Callable[[str], None]
) -> Folds:
    """Return how networks do on each part of the rows that are not held out, each trained on the other parts.

    Parameters
    ----------
    table : LabelledTable
        The table.
    examples : Examples
        What is held out of it.
    settings : Settings
        How each network is made and trained; all of it is learnt anew, medians and scales of columns, too.
    deadline : float or None
        When all of it is to be done, as `time.perf_counter` counts; each has an equal share of the time left.
    tell : callable
        Who is told a line of each.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C.
    """
    score = "accuracy" if examples.class_names else "R^2"
    found = Folds(score, (), len(examples.y_train))
    for one in table.folds(examples, settings.folds, settings.seed, settings.validation_split):
        left = settings.folds - len(found.each)
        share = None if deadline is None else time.perf_counter() + (deadline - time.perf_counter()) / left
        outcome = fit(build(one, settings), one, settings, Progress(verbose=0), share)
        if outcome.stopped_after is not None:
            raise KeyboardInterrupt
        found = Folds(score, (*found.each, _score(outcome)), found.rows)
        tell(f"fold {len(found.each)}/{settings.folds} - {score} {found.text(found.each[-1])}")
    return found


def _score(outcome: Outcome) -> float:
    found = outcome.evaluation
    return found.accuracy if isinstance(found, Classification) else found.r_squared
