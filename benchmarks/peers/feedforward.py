"""Our library, as a user writes it: `Model.fit`, with all its checks."""

from __future__ import annotations

from typing import Any

import numpy as np

import feedforward as ff
from benchmarks.networks import (
    BATCH_NORMALIZATION_EPSILON,
    BATCH_NORMALIZATION_MOMENTUM,
    BETA_1,
    BETA_2,
    EPSILON,
    LEARNING_RATE,
    Array,
    Network,
)

_ONE_AT_ONCE = 64


class FeedforwardTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(self, network: Network, x: Array, y: Array) -> None:
        self.network = network
        self.x, self.y, self.batch_size = network.as_given(x), y, network.batch_size
        self.model = build(network)

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=epochs, verbose=0)

    def predict(self, x: Array) -> Array:
        """Return logits."""
        x = self.network.as_given(x)
        if len(x) <= _ONE_AT_ONCE:
            return np.asarray(self.model.predict_on_batch(x))
        return np.asarray(self.model.predict(x, verbose=0))


def build(network: Network) -> Any:
    """Return a compiled model."""
    layers: list[Any] = [ff.Input(network.as_given(np.zeros((1, network.units[0]), np.float32)).shape[1:])]
    for layer in network.convolutions:
        layers.append(ff.layers.Conv2D(layer.filters, layer.size, layer.stride, layer.padding, activation="relu"))
        layers += [ff.layers.MaxPooling2D(layer.pool)] if layer.pool > 1 else []
    layers += [ff.layers.Flatten()] if network.convolutions else []
    for units in network.units[1:-1]:
        if network.has_batch_normalization:
            layers.append(ff.layers.Dense(units, use_bias=False))
            layers.append(
                ff.layers.BatchNormalization(momentum=BATCH_NORMALIZATION_MOMENTUM, epsilon=BATCH_NORMALIZATION_EPSILON)
            )
            layers.append(ff.layers.Activation("relu"))
        else:
            layers += [ff.layers.Dense(units, activation=network.activation)]
    model = ff.Sequential([*layers, ff.layers.Dense(network.units[-1])])
    dense = [layer for layer in model.layers if isinstance(layer, ff.layers.Dense | ff.layers.Conv2D)]
    for layer, kernel in zip(dense, network.kernels(), strict=True):
        layer.set_weights([kernel, *layer.get_weights()[1:]])
    model.compile(
        ff.optimizers.Adam(LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON),
        ff.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def prepare(network: Network, x: Array, y: Array) -> FeedforwardTrainer:
    """Return the network, ready to be trained."""
    ff.use_backend("llvm")
    ff.set_seed(0)
    return FeedforwardTrainer(network, x, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import llvmlite

    return {"feedforward": ff.__version__, "llvmlite": llvmlite.__version__, "numpy": np.__version__}
