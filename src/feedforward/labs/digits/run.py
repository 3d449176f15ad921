"""A network that learns: its steps, and what is measured of it on the way.

What a run comes to depends on its settings and the number of steps alone, not on when it was looked at; so a program of
a few lines, or the same run begun anew, comes to the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from feedforward.labs.digits.networks import Network, networks, optimizer
from feedforward.labs.digits.pictures import SHOWN, Pictures

__all__ = ["BATCH", "QUANTILES", "Point", "Run", "Seen"]

BATCH = 100
"""Digits of a step."""

QUANTILES = (0.0, 0.07, 0.16, 0.31, 0.5, 0.69, 0.84, 0.93, 1.0)
"""Where the bands of weights and biases begin and end: those of a normal distribution at -1.5, -1, ... deviations."""

_MOST_POINTS = 400
_POINTS_A_BAND = 4
"""For one place of the bands there are so many points of the curves: quantiles take long."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """What was measured after some steps: on the batch that comes next, and on the test digits that the page shows."""

    step: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class Seen:
    """What the network says of digits: shape (n,) each."""

    predicted: NDArray[np.uint8]
    probability: Floats


class Run:
    """A network and its training.

    Parameters
    ----------
    name : str
        The network's name.
    data : Pictures
        What it learns from, and is tested with.
    rate : float
        See `feedforward.labs.digits.networks.optimizer`.
    decay : int
        The same.
    seed : int
        Of the weights, of dropout and of the order of the digits.

    Attributes
    ----------
    step : int
        How many steps were made.
    curves : list of Point
        What was measured at every so many steps; when there are too many, every other is dropped.
    at_100 : Point or None
        What was measured after 100 steps, kept for a lesson.
    """

    def __init__(self, name: str, data: Pictures, rate: float, decay: int, seed: int) -> None:
        self.data = data
        self.network: Network = networks(data.side)[name]
        ff.set_seed(seed)
        layers: list[Any] = [part.layer() for part in self.network.parts]  # not all have a kernel
        scaling = ff.layers.Rescaling(1 / data.largest)
        self.model = ff.Sequential([ff.Input((data.side, data.side), dtype="uint8"), scaling, *layers])
        self._optimizer = optimizer(self.network, rate, decay)
        self.model.compile(self._optimizer, "sparse_categorical_crossentropy", ["accuracy"])
        self.weighted = [place for place, layer in enumerate(layers) if hasattr(layer, "kernel")]
        self.layers = layers
        self._input = scaling.input
        self._random = np.random.default_rng(seed)
        self._rows = np.zeros(0, np.int64)
        self.step = 0
        self.every = self.network.every
        self.curves: list[Point] = []
        self.at_100: Point | None = None
        self.bands: list[tuple[int, list[tuple[Floats, Floats]]]] = []
        self._latest: Point | None = None
        self._note()

    # What is trained

    def train(self, count: int) -> None:
        """Make steps, at most up to the next point of the curves.

        Raises
        ------
        NotFiniteError
            If the loss or a weight is no number any more; the weights are then those of before that step.
        """
        count = min(count, self.every - self.step % self.every)
        order = self._coming(count)
        done = count
        try:
            self.model.train_on_batches(self.data.x, self.data.y, order=order, batch_size=BATCH)
        except ff.errors.NotFiniteError as error:
            done = error.batches_done or 0
            raise
        finally:
            self._rows = self._rows[done * BATCH :]
            self.step += done
            if self.step % self.every == 0 and self.step > self.curves[-1].step:
                self._note()

    @property
    def epoch(self) -> float:
        """How often each digit was learnt from."""
        return self.step * BATCH / len(self.data.x)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        rate: Any = self._optimizer.learning_rate
        return float(rate(self.step) if callable(rate) else rate)

    @property
    def batch(self) -> NDArray[np.int64]:
        """The rows of the batch that comes next."""
        return self._coming(1)

    def _coming(self, count: int) -> NDArray[np.int64]:
        """Return the rows of the next steps: all digits in a random order, then in another, without a gap."""
        while len(self._rows) < count * BATCH:
            self._rows = np.concatenate([self._rows, self._random.permutation(len(self.data.x))])
        return self._rows[: count * BATCH]

    # What is measured

    def latest(self) -> Point:
        """Return what is measured now."""
        if self._latest is None or self._latest.step != self.step:
            train, test = self._measured(*self._batch_digits), self._measured(*self.shown)
            self._latest = Point(self.step, *train, *test)
        return self._latest

    def quantiles(self) -> list[tuple[Floats, Floats]]:
        """Return for each layer with weights the quantiles of its weights and of its biases, shapes (9,)."""
        return [
            (_quantiles(self.kernel(index).numpy()), _quantiles(self.bias(index).numpy()))
            for index in range(len(self.weighted))
        ]

    def kernel(self, index: int) -> ff.Variable:
        """Return the weights of a layer; the index counts layers with weights."""
        found: ff.Variable = self.layers[self.weighted[index]].kernel
        return found

    def bias(self, index: int) -> ff.Variable:
        """Return its biases; where a batch normalization follows, they are that one's (beta)."""
        place = self.weighted[index]
        found: ff.Variable | None = self.layers[place].bias
        return found if found is not None else self.layers[place + 1].beta

    @property
    def shown(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The test digits that the page shows."""
        return self.data.x_test[:SHOWN], self.data.y_test[:SHOWN]

    def see(self, images: NDArray[np.uint8]) -> Seen:
        """Return what the network says of images, shape (n, side, side)."""
        outputs = self.model.predict_on_batch(images)
        return Seen(outputs.argmax(1).astype(np.uint8), outputs.max(1))

    def outputs(self, image: NDArray[np.uint8]) -> list[tuple[str, Floats]]:
        """Return what the layers make of an image, after their activations; the last are the probabilities.

        Returns
        -------
        list of (str, float32 array)
            ``"maps"``, shape (height, width, channels), or ``"units"``, shape (units,). Where the first layer is the
            last one, ``"evidence"`` comes before it, shape (side, side, 10): pixels times weights.
        """
        found = self._watching.predict_on_batch(image[None])
        values: list[Floats] = [each[0] for each in (found if isinstance(found, list) else [found])]
        kinds = ["units" if each.ndim == 1 else "maps" for each in values]
        if len(values) == 1:  # without a hidden layer: what each pixel adds to the sum of each digit
            kernel = self.kernel(0).numpy().reshape(*image.shape, -1)
            kinds.insert(0, "evidence")
            values.insert(0, (image[..., None] / self.data.largest * kernel).astype(np.float32))
        return list(zip(kinds, values, strict=True))

    @cached_property
    def _watching(self) -> ff.Model:
        shown = [layer for part, layer in zip(self.network.parts, self.layers, strict=True) if part.is_shown]
        return ff.Model(self._input, [layer.output for layer in shown])

    @property
    def _batch_digits(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return self.data.x[self.batch], self.data.y[self.batch]

    def _measured(self, x: NDArray[np.uint8], y: NDArray[np.uint8]) -> tuple[float, float]:
        loss, accuracy = self.model.evaluate(x, y, batch_size=len(x), verbose=0)
        return loss, accuracy

    def _note(self) -> None:
        """Add a point to the curves, and now and then one to the bands."""
        self.curves.append(self.latest())
        if self.step == 100:
            self.at_100 = self.latest()
        if self.step % (_POINTS_A_BAND * self.every) == 0:
            self.bands.append((self.step, self.quantiles()))
        if len(self.curves) > _MOST_POINTS:
            self.every *= 2
            self.curves = [point for point in self.curves if point.step % self.every == 0]
            self.bands = [band for band in self.bands if band[0] % (_POINTS_A_BAND * self.every) == 0]


def _quantiles(values: Floats) -> Floats:
    return np.quantile(values, QUANTILES).astype(np.float32)
