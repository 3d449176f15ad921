"""Our library, as a user writes it: `Model.fit`, with all its checks."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(eq=False)
class BatchNormalization(ff.layers.Layer):
    """A layer that standardises each feature over the batch; outside training, by running averages."""

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make scale and shift, which are trained, and the running averages, which are not."""
        self.gamma = self.add_weight("gamma", (shape[-1],), "ones")
        self.beta = self.add_weight("beta", (shape[-1],), "zeros")
        self.moving_mean = self.add_weight("moving_mean", (shape[-1],), "zeros", trainable=False)
        self.moving_variance = self.add_weight("moving_variance", (shape[-1],), "ones", trainable=False)

    def call(self, x: ff.Tensor, training: bool) -> ff.Tensor:
        """Return gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        if training:
            mean = ff.mean(x, axis=0)
            variance = ff.mean(ff.square(x - mean), axis=0)
            rest = 1.0 - BATCH_NORMALIZATION_MOMENTUM
            self.moving_mean.assign_add(rest * (mean - self.moving_mean))
            self.moving_variance.assign_add(rest * (variance - self.moving_variance))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return (x - mean) * (self.gamma / ff.sqrt(variance + BATCH_NORMALIZATION_EPSILON)) + self.beta


@dataclass(eq=False)
class Conv2D(ff.layers.Layer):
    """A convolution of images (n, height, width, channels) and a ReLU: the matrix of windows times the kernel."""

    filters: int
    size: int
    stride: int
    padding: str

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make kernel and bias."""
        self.kernel = self.add_weight("kernel", (self.size, self.size, shape[-1], self.filters), "glorot_uniform")
        self.bias = self.add_weight("bias", (self.filters,), "zeros")

    def call(self, x: ff.Tensor, training: bool) -> ff.Tensor:
        """Return relu(x * kernel + bias)."""
        sides, strides = [self.size] * 2, [self.stride] * 2
        seen = ff.transpose(ff.windows(x, sides, strides, axes=[1, 2], padding=self.padding), (0, 1, 2, 4, 5, 3))
        rows, columns, channels = seen.shape[1], seen.shape[2], seen.shape[5]
        size = self.size * self.size * channels
        y = ff.reshape(seen, (-1, rows, columns, size)) @ ff.reshape(self.kernel, (size, self.filters))
        return ff.relu(y + self.bias)


@dataclass(eq=False)
class MaxPooling2D(ff.layers.Layer):
    """The maximum of each square of `size` by `size`."""

    size: int

    def call(self, x: ff.Tensor, training: bool) -> ff.Tensor:
        """Return one element for each square."""
        sides = [self.size] * 2
        return ff.max(ff.windows(x, sides, sides, axes=[1, 2]), axis=(-2, -1))


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
        if len(x) <= _ONE_AT_ONCE and hasattr(self.model, "predict_on_batch"):
            return np.asarray(self.model.predict_on_batch(x))
        return np.asarray(self.model.predict(x, verbose=0))


def build(network: Network) -> Any:
    """Return a compiled model."""
    layers: list[Any] = [ff.Input(network.as_given(np.zeros((1, network.units[0]), np.float32)).shape[1:])]
    for layer in network.convolutions:
        layers.append(Conv2D(layer.filters, layer.size, layer.stride, layer.padding))
        layers += [MaxPooling2D(layer.pool)] if layer.pool > 1 else []
    layers += [ff.layers.Flatten()] if network.convolutions else []
    for units in network.units[1:-1]:
        if network.has_batch_normalization:
            layers += [ff.layers.Dense(units, use_bias=False), _batch_normalization(), ff.layers.Activation("relu")]
        else:
            layers += [ff.layers.Dense(units, activation=network.activation)]
    model = ff.Sequential([*layers, ff.layers.Dense(network.units[-1])])
    dense = [layer for layer in model.layers if isinstance(layer, ff.layers.Dense | Conv2D)]
    for layer, kernel in zip(dense, network.kernels(), strict=True):
        layer.set_weights([kernel, *layer.get_weights()[1:]])
    model.compile(
        ff.optimizers.Adam(LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON),
        ff.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def _batch_normalization() -> Any:
    """Return the library's layer if it has one, else the one above."""
    return getattr(ff.layers, "BatchNormalization", BatchNormalization)()


def prepare(network: Network, x: Array, y: Array) -> FeedforwardTrainer:
    """Return the network, ready to be trained."""
    ff.use_backend("llvm")
    ff.set_seed(0)
    return FeedforwardTrainer(network, x, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import llvmlite

    return {"feedforward": ff.__version__, "llvmlite": llvmlite.__version__, "numpy": np.__version__}
