"""What is measured of a network on all points: losses, right answers, and which class was taken for which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import feedforward as ff
from feedforward.labs.playground.data import Data, Floats
from feedforward.labs.playground.network import Network

__all__ = ["Measured", "measure_with"]


@dataclass(frozen=True)
class Measured:
    """What a network does on the points.

    Parameters
    ----------
    train, test : float
        The mean loss of the training and of the test points, without penalties.
    accuracy : pair of float, or None
        The share of right answers among both; None for numbers.
    confusion : int array, shape (c, c), or None
        Of the test points, by true class and by answer.
    """

    train: float
    test: float
    accuracy: tuple[float, float] | None
    confusion: npt.NDArray[np.int32] | None

    @property
    def largest(self) -> float:
        """The larger loss; NaN if one is."""
        return float(np.maximum(self.train, self.test))


def measure_with(network: Network, loss: Any, data: Data, output: str) -> Callable[[Floats, np.ndarray], Measured]:
    """Return a function of features and targets that measures a network as it is when it is called."""

    @ff.function
    def said_and_losses(inputs: Any, targets: Any) -> Any:
        said = network.model(inputs)
        return said, loss.per_sample(targets, said)

    classes = data.values.astype(np.int64) if data.names else None
    count = len(data.names)

    def measure(inputs: Floats, targets: np.ndarray) -> Measured:
        said, losses = (one.numpy() for one in said_and_losses(inputs, targets))
        train, test = (float(losses[rows].mean()) for rows in (data.train, data.test))
        if classes is None:
            return Measured(train, test, None, None)
        answers = said.argmax(1) if count > 2 else (said[:, 0] > (0.5 if output == "sigmoid" else 0.0)).astype(np.int64)
        is_right = answers == classes
        pairs = classes[data.test] * count + answers[data.test]
        confusion = np.bincount(pairs, minlength=count * count).reshape(count, count).astype(np.int32)
        accuracy = (float(is_right[data.train].mean()), float(is_right[data.test].mean()))
        return Measured(train, test, accuracy, confusion)

    return measure
