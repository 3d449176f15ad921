"""Keras on TensorFlow: `Model.fit` as it comes."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras

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


def build(network: Network) -> Any:
    """Return a compiled model."""
    layers: list[Any] = [keras.Input((network.units[0],))]
    for units in network.units[1:-1]:
        if network.has_batch_normalization:
            normalization = keras.layers.BatchNormalization(
                momentum=BATCH_NORMALIZATION_MOMENTUM, epsilon=BATCH_NORMALIZATION_EPSILON
            )
            layers += [keras.layers.Dense(units, use_bias=False), normalization, keras.layers.Activation("relu")]
        else:
            layers += [keras.layers.Dense(units, activation="relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(network.units[-1])])
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    for layer, kernel in zip(dense, network.kernels(), strict=True):
        layer.set_weights([kernel, *layer.get_weights()[1:]])
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


class KerasTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(self, network: Network, x: Array, y: Array) -> None:
        self.x, self.y, self.batch_size = x, y, network.batch_size
        self.model = build(network)

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        self.model.fit(self.x, self.y, batch_size=self.batch_size, epochs=epochs, verbose=0)

    def predict(self, x: Array) -> Array:
        """Return logits."""
        if len(x) <= _ONE_AT_ONCE:
            return np.asarray(self.model.predict_on_batch(x))
        return np.asarray(self.model.predict(x, batch_size=1024, verbose=0))


def prepare(network: Network, x: Array, y: Array) -> KerasTrainer:
    """Return the network, ready to be trained."""
    keras.utils.set_random_seed(0)
    return KerasTrainer(network, x, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    backend = __import__(keras.backend.backend())
    return {"keras": keras.__version__, backend.__name__: backend.__version__}
