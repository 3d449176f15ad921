"""The run as a program of its own: the same network, data and updates, by the package's public names."""

from __future__ import annotations

from itertools import pairwise

from feedforward.labs.backprop.network import Array, Network

__all__ = ["script_of"]

_LOSSES = {
    ("squared", ""): "ff.sum(0.5 * ff.square(model(x) - targets)) / len(x)",
    ("cross_entropy", "softmax"): "ff.losses.CategoricalCrossentropy()(targets, model(x))",
    ("cross_entropy", "sigmoid"): "len(targets[0]) * ff.losses.BinaryCrossentropy()(targets, model(x))",
}


def script_of(
    network: Network, first: Array, x: Array, targets: Array, learning_rate: float, trains_biases: bool, updates: int
) -> str:
    """Return a program that does so many updates from a first vector and prints the loss before each and after all."""
    loss = _LOSSES[network.loss, "" if network.loss == "squared" else network.output]
    layers = "\n".join(
        f'    ff.layers.Dense({units}, activation="{name}"),'
        for units, name in zip(network.widths[1:], network.activations, strict=True)
    )
    arrays = network.arrays(first)
    weights = []
    for index, (inputs, units) in enumerate(pairwise(network.widths)):
        weights.append(f"    # {inputs} x {units} weights, a column for each unit; its biases\n")
        weights.append(f"    np.array({arrays[2 * index].tolist()}),\n")
        weights.append(f"    np.array({arrays[2 * index + 1][0].tolist()}),\n")
    trained = "model.trainable_weights" if trains_biases else "model.trainable_weights[::2]  # the biases stay"
    return f'''"""A small network, trained by gradient descent on one batch."""

import numpy as np

import feedforward as ff

x = np.array({x.tolist()})
targets = np.array({targets.tolist()})

model = ff.Sequential([
    ff.Input(({network.widths[0]},), dtype="float64"),
{layers}
])
model.set_weights([
{"".join(weights)}])
weights = {trained}
learning_rate = {learning_rate!r}


def loss():
    """Return the mean loss of the examples."""
    return {loss}


for update in range({updates}):
    with ff.GradientTape() as tape:
        value = loss()
    print(f"update {{update}}: loss {{float(value)!r}}")
    for weight, gradient in zip(weights, tape.gradient(value, weights), strict=True):
        weight.assign_sub(learning_rate * gradient)

print(f"loss {{float(loss())!r}}")
'''
