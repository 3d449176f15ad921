"""Scores and probabilities beside the truth: ROC and precision-recall curves, and whether probabilities hold.

Here: arithmetic on the arrays of one class or of one kind of event. Not here: which class counts most
(``evaluation``), drawing (``charts``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking", "Reliability", "ranking_of", "reliability_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranking:
    """What is found as the threshold of a score falls: how well the score ranks one class above the rest.

    Parameters
    ----------
    thresholds : float64 array, shape (t,)
        The different scores, largest first; a sample is taken for the class if its score is at least so large.
    found : int64 array, shape (t,)
        How many samples of the class are taken for it then.
    mistaken : int64 array, shape (t,)
        How many other samples are.
    """

    thresholds: Floats
    found: NDArray[np.int64]
    mistaken: NDArray[np.int64]

    @property
    def positives(self) -> int:
        """How many samples are of the class."""
        return int(self.found[-1])

    @property
    def negatives(self) -> int:
        """How many are not."""
        return int(self.mistaken[-1])

    @cached_property
    def roc(self) -> tuple[Floats, Floats]:
        """The receiver operating characteristic: shares of the others and of the class taken for it, shapes (t + 1,).

        It begins with (0, 0), a threshold above all scores. Only a ranking with samples of both kinds has one.
        """
        return (
            np.concatenate([[0.0], self.mistaken / self.negatives]),
            np.concatenate([[0.0], self.found / self.positives]),
        )

    @cached_property
    def precision_recall(self) -> tuple[Floats, Floats]:
        """Precision and recall at each threshold, shapes (t,)."""
        return self.found / (self.found + self.mistaken), self.found / self.positives

    @property
    def area(self) -> float:
        """The area under the ROC curve: the probability that a sample of the class has the larger score, ties halved.

        NaN where there are no samples of the class, or no others.
        """
        if not (self.positives and self.negatives):
            return math.nan
        x, y = self.roc
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    @property
    def average_precision(self) -> float:
        """The mean of the precision over the recall, sum_t (R_t - R_t-1) P_t; NaN without samples of the class."""
        if not self.positives:
            return math.nan
        precision, recall = self.precision_recall
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def ranking_of(is_positive: NDArray[np.bool_], scores: NDArray[np.floating]) -> Ranking:
    """Return what is found at each threshold of a score.

    Parameters
    ----------
    is_positive : bool array, shape (n,), n >= 1
        Which samples are of the class.
    scores : float array, shape (n,)
        What speaks for the class, finite.

    References
    ----------
    Fawcett, "An introduction to ROC analysis", 2006, algorithm 1. Davis and Goadrich, "The relationship between
    precision-recall and ROC curves", 2006: points of precision and recall must not be joined by lines, so the average
    precision is a sum of steps.

    Examples
    --------
    >>> ranking = ranking_of(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
    >>> ranking.area  # of the four pairs, three are in order
    0.75
    >>> round(ranking.average_precision, 4)  # 1/2 * 1/1 + 1/2 * 2/3
    0.8333
    """
    order = np.argsort(-scores, kind="stable")
    ordered, is_found = scores[order].astype(np.float64), is_positive[order]
    # Equal scores cannot be told apart by a threshold: the last of each run stands for all of it.
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    found = np.cumsum(is_found, dtype=np.int64)[ends]
    return Ranking(ordered[ends], found, ends + 1 - found)


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often that happened which was given a probability, in bins of equal width.

    Parameters
    ----------
    edges : float64 array, shape (b + 1,)
        Where the bins begin and end, from 0 to 1; a probability on an edge is of the lower bin.
    counts : int64 array, shape (b,)
        How many samples are in each bin.
    happened : int64 array, shape (b,)
        For how many of them it happened.
    predicted : float64 array, shape (b,)
        The mean of their probabilities, NaN for an empty bin.
    """

    edges: Floats
    counts: NDArray[np.int64]
    happened: NDArray[np.int64]
    predicted: Floats

    @property
    def observed(self) -> Floats:
        """The share for which it happened, shape (b,), NaN for an empty bin."""
        return _shares(self.happened, self.counts)

    @property
    def error(self) -> float:
        """The expected calibration error: mean over the samples of abs(observed - predicted) of their bin."""
        is_filled = self.counts > 0
        gaps = np.abs(self.observed - self.predicted)[is_filled]
        return float(np.sum(gaps * self.counts[is_filled]) / np.sum(self.counts))


def reliability_of(has_happened: NDArray[np.bool_], probabilities: NDArray[np.floating], bins: int = 10) -> Reliability:
    """Return how often that happened which was given a probability.

    Parameters
    ----------
    has_happened : bool array, shape (n,), n >= 1
        Whether it did: the sample is of the class, or the class named is the right one.
    probabilities : float array, shape (n,)
        What it was given, from 0 to 1.
    bins : int
        How many bins of equal width.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017, equation 3.

    Examples
    --------
    >>> found = reliability_of(np.array([True, False, True, True]), np.array([0.6, 0.6, 0.9, 0.9]), bins=2)
    >>> found.counts.tolist(), found.observed.tolist(), round(found.error, 4)
    ([0, 4], [nan, 0.75], 0.0)
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.searchsorted(edges[1:-1], probabilities)
    counts = np.bincount(places, minlength=bins)
    sums = np.bincount(places, probabilities.astype(np.float64), minlength=bins)
    return Reliability(edges, counts, np.bincount(places[has_happened], minlength=bins), _shares(sums, counts))


def _shares(parts: NDArray[np.number[Any]], counts: NDArray[np.int64]) -> Floats:
    """Return parts / counts, NaN where there is nothing."""
    shares = np.full(len(counts), np.nan)
    np.divide(parts, counts, out=shares, where=counts > 0)
    return shares
