"""The networks that are trained, and the data that they learn from: made from a seed, so that nothing is downloaded.

Every peer trains the same networks on the same float32 rows: ReLU between layers, unless it says tanh, softmax
cross-entropy, Adam.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LEARNING_RATE = 1e-3
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam, with Keras's epsilon, for every peer."""

BATCH_NORMALIZATION_MOMENTUM, BATCH_NORMALIZATION_EPSILON = 0.99, 1e-3
"""Keras's, for every peer; running averages move by 1 - momentum a step."""

_LATENT = 8
_WRONG_LABELS = 0.1


_SIDE = 28
"""Height and width of an image, of one channel: a row of 784 numbers."""


@dataclass(frozen=True)
class Convolution:
    """A convolution, its activation, and a pooling.

    Parameters
    ----------
    filters, size, stride : int
        Windows of `size` by `size`, `stride` apart.
    padding : {"same", "valid"}
        As TensorFlow has it: the odd row of zeros at the end.
    pool : int
        The side of the squares of which the maximum is kept; 1 for none.
    """

    filters: int
    size: int
    stride: int = 1
    padding: str = "same"
    pool: int = 1

    def places(self, side: int) -> int:
        """Return on how many places along an axis the window is put."""
        return -(-side // self.stride) if self.padding == "same" else (side - self.size) // self.stride + 1

    def border(self, side: int) -> tuple[int, int]:
        """Return how many zeros stand before and after an axis."""
        total = max(0, (self.places(side) - 1) * self.stride + self.size - side) if self.padding == "same" else 0
        return total // 2, total - total // 2


@dataclass(frozen=True)
class Network:
    """A network, and how it is trained.

    Parameters
    ----------
    units : tuple of int
        Inputs first, classes last.
    batch_size : int
        Samples in a step.
    rows : int
        Samples in an epoch, whole batches of them.
    has_batch_normalization : bool
        Whether each hidden layer's sums are normalised before the ReLU; such a dense layer has no bias.
    convolutions : tuple of Convolution
        What comes before the dense layers, on rows that are images.
    activation : {"relu", "tanh"}
        Of the hidden layers.
    title : str
        What to call it instead of its widths.
    """

    units: tuple[int, ...]
    batch_size: int
    rows: int
    has_batch_normalization: bool = False
    convolutions: tuple[Convolution, ...] = ()
    activation: str = "relu"
    title: str = ""

    @property
    def name(self) -> str:
        """Its widths and batch size, by which the command line finds it: ``784-512-10/128``."""
        if self.title:
            return f"{self.title}/{self.batch_size}"
        normalised = "+bn" if self.has_batch_normalization else ""
        return f"{'-'.join(map(str, self.units))}{normalised}/{self.batch_size}"

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.rows // self.batch_size

    def kernels(self) -> list[Array]:
        """Return what every peer's layers begin with: Glorot uniform, float32.

        Shapes are (height, width, channels, filters) of convolutions, then (inputs, units). Biases begin with zeros.
        """
        random = np.random.default_rng(1)
        shapes: list[tuple[int, ...]] = []
        inputs, channels = self.units[0], 1
        for side, layer in self.sides():
            shapes.append((layer.size, layer.size, channels, layer.filters))
            channels, places = layer.filters, layer.places(side) // layer.pool
            inputs = places * places * channels
        widths = (inputs, *self.units[1:])
        shapes += pairwise(widths)
        limits = (((6 / (math.prod(shape[:-2]) * sum(shape[-2:]))) ** 0.5, shape) for shape in shapes)
        return [random.uniform(-limit, limit, shape).astype(np.float32) for limit, shape in limits]

    def sides(self) -> Iterator[tuple[int, Convolution]]:
        """Yield each convolution behind the side of the images that it is given."""
        side = _SIDE
        for layer in self.convolutions:
            yield side, layer
            side = layer.places(side) // layer.pool

    def as_given(self, x: Array) -> Array:
        """Return rows as the first layer takes them: images (n, height, width, 1) where that is a convolution."""
        return x.reshape(-1, _SIDE, _SIDE, 1) if self.convolutions else x

    def data(self, rows: int | None = None) -> tuple[Array, Array]:
        """Return samples, float32, shape (rows, inputs), and labels, int32, shape (rows,).

        Samples are points of a plane of up to 8 dimensions, with noise; a fixed random network labels the points. A
        tenth of the labels is drawn anew, so that the loss stays away from 0, where some peers meet denormal numbers
        and others do not.
        """
        rows = self.rows if rows is None else rows
        random = np.random.default_rng(0)
        inputs, classes = self.units[0], self.units[-1]
        latent = min(_LATENT, inputs)
        directions = random.standard_normal((latent, inputs), np.float32) / np.float32(latent**0.5)
        hidden, linear = (random.standard_normal((latent, classes), np.float32) for _ in range(2))
        points = random.standard_normal((rows, latent), np.float32)
        labels = (np.tanh(points @ hidden) + points @ linear).argmax(axis=1).astype(np.int32)
        is_wrong = random.random(rows) < _WRONG_LABELS
        labels[is_wrong] = random.integers(0, classes, int(is_wrong.sum()))
        x = points @ directions
        x += np.float32(0.3) * random.standard_normal(x.shape, np.float32)
        return x, labels


_LENET = (Convolution(6, 5, pool=2), Convolution(16, 5, padding="valid", pool=2))
_LADDER_4 = (Convolution(4, 5), Convolution(8, 5, 2), Convolution(12, 4, 2))
_LADDER_6 = (Convolution(6, 6), Convolution(12, 5, 2), Convolution(24, 4, 2))
_LADDER_24 = (Convolution(24, 6), Convolution(48, 5, 2), Convolution(64, 4, 2))

NETWORKS = {
    network.name: network
    for network in (
        Network((784, 512, 10), 128, 25_600),
        Network((784, 512, 512, 10), 128, 25_600),
        Network((784, 10), 100, 20_000),
        Network((30, 64, 64, 2), 32, 16_000),
        Network((2, 4, 2, 2), 10, 10_000),
        Network((784, 200, 100, 60, 30, 10), 100, 20_000, has_batch_normalization=True),
        Network((1024, 1024, 1024, 10), 256, 5_120),
        Network((2048, 2048, 2048, 10), 256, 2_560),
        Network((2048, 2048, 2048, 10), 1024, 5_120),
        Network((4, 32, 16, 4), 10_000, 10_000, activation="tanh", title="4-32-16-4 tanh"),
        Network((784, 120, 84, 10), 128, 12_800, convolutions=_LENET, title="LeNet-5"),
        *(
            Network((784, 200, 10), 100, rows, convolutions=layers, title=f"conv {'-'.join(map(str, filters))}")
            for filters, layers, rows in (
                ((4, 8, 12), _LADDER_4, 10_000),
                ((6, 12, 24), _LADDER_6, 10_000),
                ((24, 48, 64), _LADDER_24, 2_000),
            )
        ),
    )
}
"""What the main table measures, by name."""


def find_network(name: str) -> Network:
    """Return a network of the main table, or one that its name describes: ``64-64-10/32``, of at least 20 steps.

    Raises
    ------
    ValueError
        If the name describes none.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    try:
        widths, batch = name.split("/")
        units, batch_size = tuple(int(width) for width in widths.removesuffix("+bn").split("-")), int(batch)
    except ValueError:
        raise ValueError(f"network {name!r}: expected widths and a batch size. Write 64-64-10/32.") from None
    steps = max(20, 4096 // batch_size)
    return Network(units, batch_size, batch_size * steps, widths.endswith("+bn"))


def cross_entropy(logits: Array, labels: Array) -> float:
    """Return the mean of -log softmax(logits)[label], computed in float64: the loss by which all peers are judged."""
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=1, keepdims=True)
    own = scores[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - own))
