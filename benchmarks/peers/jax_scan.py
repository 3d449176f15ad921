"""JAX: a whole epoch is one compiled `lax.scan` over its batches; everything by hand, as an expert writes it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.networks import (
    BATCH_NORMALIZATION_EPSILON,
    BATCH_NORMALIZATION_MOMENTUM,
    BETA_1,
    BETA_2,
    EPSILON,
    LEARNING_RATE,
    Array,
    Convolution,
    Network,
)

_UNROLLED = 2
"""Steps that XLA sees at once; 1 to 8 differ by less than the noise."""

_NARROW = 64
"""Rows of at most so many numbers are gathered for the whole epoch at once: faster, then, than batch by batch."""


def initialise(network: Network) -> dict[str, Any]:
    """Return weights, Adam's moments, running averages and the number of steps made."""
    weights, averages = [], []
    for place, kernel in enumerate(network.kernels()):
        units = kernel.shape[-1]
        layer = {"kernel": kernel}
        is_normalised = network.has_batch_normalization and place < len(network.kernels()) - 1
        if is_normalised:
            layer["gamma"] = np.ones(units, np.float32)
            averages.append({"mean": np.zeros(units, np.float32), "variance": np.ones(units, np.float32)})
        layer["bias"] = np.zeros(units, np.float32)
        weights.append(layer)
    zeros = jax.tree.map(np.zeros_like, weights)
    state = {
        "weights": weights,
        "first": zeros,
        "second": zeros,
        "averages": averages,
        "step": np.zeros((), np.float32),
    }
    on_device: dict[str, Any] = jax.tree.map(jnp.array, state)  # a copy of each, since an epoch overwrites them
    return on_device


def forward(network: Network, weights: Any, averages: Any, x: Any, training: bool) -> tuple[Any, Any]:
    """Return logits, and the running averages after them."""
    after = []
    for layer, weight in zip(network.convolutions, weights, strict=False):
        x = _convolution(layer, weight, x)
    x = x.reshape(x.shape[0], -1)
    weights = weights[len(network.convolutions) :]
    activation = getattr(jnp, network.activation, jax.nn.relu)
    for place, layer in enumerate(weights):
        y = x @ layer["kernel"]
        if "gamma" in layer:
            running = averages[place]
            if training:
                mean = y.mean(axis=0)
                variance = jnp.square(y - mean).mean(axis=0)
                after.append({"mean": _move(running["mean"], mean), "variance": _move(running["variance"], variance)})
            else:
                mean, variance = running["mean"], running["variance"]
            y = (y - mean) * (layer["gamma"] * lax.rsqrt(variance + BATCH_NORMALIZATION_EPSILON))
        y = y + layer["bias"]
        x = activation(y) if place < len(weights) - 1 else y
    return x, after


def _convolution(layer: Convolution, weight: Any, x: Any) -> Any:
    names = ("NHWC", "HWIO", "NHWC")
    strides = (layer.stride, layer.stride)
    y = lax.conv_general_dilated(x, weight["kernel"], strides, layer.padding.upper(), dimension_numbers=names)
    y = jax.nn.relu(y + weight["bias"])
    pool = (1, layer.pool, layer.pool, 1)
    return y if layer.pool == 1 else lax.reduce_window(y, -jnp.inf, lax.max, pool, pool, "VALID")


def _move(average: Any, value: Any) -> Any:
    return average + (1 - BATCH_NORMALIZATION_MOMENTUM) * (value - average)


def step(network: Network, state: Any, x: Any, y: Any) -> Any:
    """Return the state after one step of Adam."""

    def loss(weights: Any) -> Any:
        logits, after = forward(network, weights, state["averages"], x, training=True)
        own = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
        return (jax.nn.logsumexp(logits, axis=1) - own).mean(), after

    (_, averages), slopes = jax.value_and_grad(loss, has_aux=True)(state["weights"])
    count = state["step"] + 1
    rate = LEARNING_RATE * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    first = jax.tree.map(lambda m, g: m + (1 - BETA_1) * (g - m), state["first"], slopes)
    second = jax.tree.map(lambda v, g: v + (1 - BETA_2) * (g * g - v), state["second"], slopes)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), state["weights"], first, second)
    return {"weights": weights, "first": first, "second": second, "averages": averages, "step": count}


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _epoch(network: Network, state: Any, x: Any, y: Any, order: Any) -> Any:
    """Return the state after the batches that `order`, shape (steps, batch size), names."""

    def gather(rows: Any) -> Any:
        return x.at[rows].get(mode="clip"), y.at[rows].get(mode="clip")

    if x.shape[1] <= _NARROW:
        batches = gather(order)
        return lax.scan(lambda state, batch: (step(network, state, *batch), None), state, batches, unroll=_UNROLLED)[0]
    return lax.scan(lambda state, rows: (step(network, state, *gather(rows)), None), state, order, unroll=_UNROLLED)[0]


_logits = jax.jit(
    lambda network, state, x: forward(network, state["weights"], state["averages"], x, training=False)[0],
    static_argnums=0,
)


class JaxTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(self, network: Network, x: Array, y: Array) -> None:
        self.network = network
        self.x, self.y = jnp.asarray(network.as_given(x)), jnp.asarray(y)
        self.state = initialise(network)
        self.random = np.random.default_rng(1)

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        network = self.network
        for _ in range(epochs):
            order = self.random.permutation(network.rows).astype(np.int32)
            self.state = _epoch(network, self.state, self.x, self.y, order.reshape(network.steps, network.batch_size))
        jax.tree.map(lambda leaf: leaf.block_until_ready(), self.state)

    def predict(self, x: Array) -> Array:
        """Return logits."""
        return np.asarray(_logits(self.network, self.state, self.network.as_given(x)))


def prepare(network: Network, x: Array, y: Array) -> JaxTrainer:
    """Return the network, ready to be trained."""
    return JaxTrainer(network, x, y)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import jaxlib.version

    return {"jax": jax.__version__, "jaxlib": jaxlib.version.__version__}
