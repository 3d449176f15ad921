"""Evaluation: predictions beside the truth, and the numbers that follow from them.

Here: arithmetic on arrays. Not here: running a model, showing anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Classification", "Regression", "Evaluation", "wilson_interval"]


@dataclass(frozen=True, eq=False)
class Classification:
    """What a classifier said about n samples.

    Parameters
    ----------
    labels : int array, shape (n,)
        The true classes, 0 to c - 1.
    probabilities : float array, shape (n, c)
        What the network gave each class; the largest counts.
    class_names : tuple of str
        What the c classes are called.
    loss : float
        Mean over the samples: cross-entropy in nats, or what else the network was trained by.
    has_probabilities : bool
        Whether these are probabilities, and not outputs whose margin alone has a meaning.
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    class_names: tuple[str, ...]
    loss: float
    has_probabilities: bool = True

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The class of each sample that was given most, the first of equals, shape (n,)."""
        predicted: NDArray[np.int64] = np.argmax(self.probabilities, axis=1)
        return predicted

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """How many samples of each class (row) were taken for each class (column), shape (c, c)."""
        count = len(self.class_names)
        cells = np.bincount(self.labels * count + self.predicted, minlength=count * count)
        return cells.reshape(count, count)

    @property
    def right(self) -> int:
        """How many samples were classified rightly."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of the samples classified rightly."""
        return self.right / len(self.labels)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy that new samples would show; see `wilson_interval`."""
        return wilson_interval(self.right, len(self.labels))

    @property
    def recalls(self) -> list[float]:
        """For each class the share of its samples found, NaN for a class without samples."""
        return _shares(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def precisions(self) -> list[float]:
        """For each class the share that is right of those taken for it, NaN for a class never named."""
        return _shares(np.diag(self.confusion), self.confusion.sum(axis=0))

    def most_confused(self, count: int) -> list[tuple[int, int, int]]:
        """Return the pairs most often mistaken: (true class, predicted class, how often), at most `count`."""
        mistakes = self.confusion.copy()
        np.fill_diagonal(mistakes, 0)
        order = np.argsort(-mistakes, axis=None, kind="stable")[:count]
        pairs = [divmod(int(place), len(mistakes)) for place in order]
        return [
            (true, predicted, int(mistakes[true, predicted])) for true, predicted in pairs if mistakes[true, predicted]
        ]

    def worst(self, count: int) -> NDArray[np.int64]:
        """Return the mistakes of which the network was most sure, surest first, at most `count`."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        sureness = self.probabilities[wrong, self.predicted[wrong]]
        return wrong[np.argsort(-sureness, kind="stable")[:count]]

    def least_given(self, count: int) -> NDArray[np.int64]:
        """Return the samples whose own class was given least, least first, at most `count`.

        Of probabilities these have the largest cross-entropy; of outputs it counts how much less they were given than
        the class named.
        """
        every = np.arange(len(self.labels))
        given = self.probabilities[every, self.labels]
        if not self.has_probabilities:
            given = given - self.probabilities[every, self.predicted]
        return np.argsort(given, kind="stable")[:count]

    def summary(self) -> dict[str, Any]:
        """Return the main numbers, as a model's file keeps them."""
        return {"accuracy": self.accuracy, "loss": self.loss, "samples": len(self.labels)}


@dataclass(frozen=True, eq=False)
class Regression:
    """What a network said about n numbers.

    Parameters
    ----------
    labels : float array, shape (n,)
        The true values.
    predicted : float array, shape (n,)
        The network's.
    """

    labels: NDArray[np.floating]
    predicted: NDArray[np.floating]

    @cached_property
    def errors(self) -> NDArray[np.float64]:
        """Predicted minus true values, shape (n,)."""
        return self.predicted.astype(np.float64) - self.labels.astype(np.float64)

    @property
    def mean_squared_error(self) -> float:
        """The mean of the squared errors."""
        return float(np.mean(self.errors**2))

    @property
    def mean_absolute_error(self) -> float:
        """The mean of the errors without their sign."""
        return float(np.mean(np.abs(self.errors)))

    @property
    def r_squared(self) -> float:
        """R^2 = 1 - sum(error^2) / sum((true - mean)^2); NaN where all true values are equal."""
        labels = self.labels.astype(np.float64)
        total = float(np.sum((labels - labels.mean()) ** 2))
        return 1.0 - float(np.sum(self.errors**2)) / total if total > 0 else math.nan

    def worst(self, count: int) -> NDArray[np.int64]:
        """Return the rows with the largest errors, largest first, at most `count`."""
        return np.argsort(-np.abs(self.errors), kind="stable")[:count]

    def summary(self) -> dict[str, Any]:
        """Return the main numbers, as a model's file keeps them."""
        r_squared = self.r_squared
        return {
            "mean_squared_error": self.mean_squared_error,
            "mean_absolute_error": self.mean_absolute_error,
            "r_squared": None if math.isnan(r_squared) else r_squared,
            "samples": len(self.labels),
        }


Evaluation: TypeAlias = Classification | Regression
"""Either kind."""


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `right` of `total` is the estimate.

    With p = right / total, n = total, z = 1.96: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).

    References
    ----------
    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", equation 6.

    Examples
    --------
    >>> low, high = wilson_interval(90, 100)
    >>> round(low, 4), round(high, 4)
    (0.8256, 0.9448)
    """
    z = 1.959963984540054
    p = right / total
    middle = p + z * z / (2 * total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _shares(part: NDArray[np.int64], whole: NDArray[np.int64]) -> list[float]:
    return [int(a) / int(b) if b else math.nan for a, b in zip(part, whole, strict=True)]
