"""What the engine computes of a small network: values, losses, gradients, an update, and losses at many weights.

All numbers are float64. The weights and biases of a network are one vector: layer after layer, of each the weights
unit by unit (``w1`` leads from the first input to the first unit, ``w2`` from the second input), then the biases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff

__all__ = ["Array", "LayerValues", "Network", "Parameter", "Values", "evaluate", "losses_at", "numeric_gradient"]

Array = NDArray[np.float64]

_STEP = 1e-5
"""h of a central difference: its error, h^2 times a third derivative and eps / h times the loss, is some 1e-10 here."""


@dataclass(frozen=True)
class Parameter:
    """A weight or a bias: where it is.

    Parameters
    ----------
    layer : int
        0 is the first layer with weights.
    source : int or None
        The unit of the layer before that it leads from; None for a bias.
    unit : int
        The unit of its layer that it leads to.
    name : str
        ``"w5"`` or ``"b2"``.
    """

    layer: int
    source: int | None
    unit: int
    name: str


@dataclass(frozen=True)
class Network:
    """A fully connected network.

    Parameters
    ----------
    widths : tuple of int
        Units of each layer; the first are the inputs.
    activation, output : str
        Activations of the hidden layers and of the last one.
    loss : str
        ``"squared"``, the sum over outputs of (a - t)^2 / 2; or ``"cross_entropy"``, the sum of -t log(a) for a
        softmax, of -t log(a) - (1 - t) log(1 - a) for a sigmoid. The loss of a batch is the mean over its examples.
    """

    widths: tuple[int, ...]
    activation: str
    output: str
    loss: str

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer."""
        return (*[self.activation] * (len(self.widths) - 2), self.output)

    @property
    def is_joined(self) -> bool:
        """Whether the last activation and the loss are differentiated as one.

        A softmax's outputs depend on each other; and where a cross-entropy's factor 1/a meets a slope of 0, their
        product is no number although the derivative is.
        """
        return self.output == "softmax" or self.loss == "cross_entropy"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Where each entry of the vector is."""
        return _parameters(self.widths)

    def unit_name(self, layer: int, unit: int) -> str:
        """Return what a unit is called: ``"x1"`` at layer -1, ``"h3"``, ``"o1"``; hidden ones are counted through."""
        if layer < 0:
            return f"x{unit + 1}"
        if layer == len(self.widths) - 2:
            return f"o{unit + 1}"
        return f"h{sum(self.widths[1 : layer + 1]) + unit + 1}"

    def arrays(self, vector: Array) -> list[Array]:
        """Return kernels and biases, of shapes (..., inputs, units) and (..., 1, units), of vectors (..., entries)."""
        found, start = [], 0
        for inputs, units in pairwise(self.widths):
            end = start + inputs * units
            kernel = vector[..., start:end].reshape(*vector.shape[:-1], units, inputs)
            found.append(np.ascontiguousarray(kernel.swapaxes(-1, -2)))
            found.append(np.ascontiguousarray(vector[..., None, end : end + units]))
            start = end + units
        return found

    def vector(self, arrays: list[Array]) -> Array:
        """Return the vector of kernels and biases."""
        parts = [array.T.ravel() if index % 2 == 0 else array.ravel() for index, array in enumerate(arrays)]
        return np.concatenate(parts)


@dataclass(frozen=True)
class LayerValues:
    """What the engine has computed at one layer; n examples, m inputs of the layer, k units.

    Parameters
    ----------
    kernel, bias : arrays, shapes (m, k) and (k,)
    before, z, a : arrays, shapes (n, m), (n, k) and (n, k)
        What comes in, the sums, the activations.
    slope : array, shape (n, k), or None
        The activation's derivative at z; None for a softmax, which has no such thing for each unit.
    a_gradient : array, shape (n, k), or None
        Of each example's own loss; None where the network is joined.
    delta : array, shape (n, k)
        The derivative of each example's own loss with respect to z.
    kernel_gradient, bias_gradient : arrays, shapes (m, k) and (k,)
        Of the loss of the batch.
    """

    kernel: Array
    bias: Array
    before: Array
    z: Array
    a: Array
    slope: Array | None
    a_gradient: Array | None
    delta: Array
    kernel_gradient: Array
    bias_gradient: Array


@dataclass(frozen=True)
class Values:
    """A forward and a backward pass.

    Parameters
    ----------
    layers : tuple of LayerValues
    losses : array, shape (n,)
        Of each example.
    loss : float
        Their mean.
    gradient : array
        Of the loss, in the order of the vector.
    after : array
        The vector after one step of gradient descent.
    """

    layers: tuple[LayerValues, ...]
    losses: Array
    loss: float
    gradient: Array
    after: Array


def evaluate(
    network: Network, vector: Array, x: Array, targets: Array, learning_rate: float, trains_biases: bool
) -> Values:
    """Return what a step of gradient descent computes."""
    arrays = network.arrays(vector)
    rates = np.array([learning_rate, learning_rate if trains_biases else 0.0])
    found = {name: _numpy(value) for name, value in _pass(network)(x, targets, arrays, rates).items()}
    layers = []
    for index in range(len(network.widths) - 1):
        is_last = index == len(network.widths) - 2
        layers.append(
            LayerValues(
                kernel=arrays[2 * index],
                bias=arrays[2 * index + 1][0],
                before=x if index == 0 else found["a"][index - 1],
                z=found["z"][index],
                a=found["a"][index],
                slope=None if is_last and network.output == "softmax" else found["slope"][index],
                a_gradient=None if is_last and network.is_joined else found["a_gradient"][index],
                delta=found["delta"][index],
                kernel_gradient=found["gradient"][2 * index],
                bias_gradient=found["gradient"][2 * index + 1][0],
            )
        )
    gradient, after = network.vector(found["gradient"]), network.vector(found["after"])
    return Values(tuple(layers), found["losses"], float(found["loss"]), gradient, after)


def losses_at(network: Network, vectors: Array, x: Array, targets: Array) -> Array:
    """Return the batch's loss at each of many vectors, shape (count, entries)."""
    return np.asarray(_losses(network)(x, targets, network.arrays(vectors)).numpy())


def numeric_gradient(network: Network, vector: Array, x: Array, targets: Array) -> Array:
    """Return (L(w + h) - L(w - h)) / 2h for each entry of the vector."""
    steps = _STEP * np.eye(len(vector))
    high, low = np.split(losses_at(network, np.concatenate([vector + steps, vector - steps]), x, targets), 2)
    return (high - low) / (2 * _STEP)


@cache
def _parameters(widths: tuple[int, ...]) -> tuple[Parameter, ...]:
    def listed() -> Iterator[Parameter]:
        weights = biases = 0
        for layer, (inputs, units) in enumerate(pairwise(widths)):
            for unit in range(units):
                for source in range(inputs):
                    weights += 1
                    yield Parameter(layer, source, unit, f"w{weights}")
            for unit in range(units):
                biases += 1
                yield Parameter(layer, None, unit, f"b{biases}")

    return tuple(listed())


def _forward(network: Network, x: Any, arrays: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return sums and activations of each layer; a further axis in front of the arrays is one of many networks."""
    z, a, before = [], [], x
    for name, kernel, bias in zip(network.activations, arrays[::2], arrays[1::2], strict=True):
        z.append(before @ kernel + bias)
        before = getattr(ff.activations, name)(z[-1])
        a.append(before)
    return z, a


def _losses_of(network: Network, z: Any, a: Any, targets: Any) -> Any:
    """Return the loss of each example, of the last layer's sums and activations."""
    if network.loss == "squared":
        return ff.sum(0.5 * ff.square(a - targets), -1)
    if network.output == "softmax":
        return -ff.sum(targets * ff.log_softmax(z), -1)
    return ff.sum(targets * ff.softplus(-z) + (1.0 - targets) * ff.softplus(z), -1)


@cache
def _pass(network: Network) -> Callable[..., dict[str, Any]]:
    @ff.function
    def run(x: Any, targets: Any, arrays: list[Any], rates: Any) -> dict[str, Any]:
        with ff.GradientTape(persistent=True) as tape:
            tape.watch(arrays)
            z, a = _forward(network, x, arrays)
            losses = _losses_of(network, z[-1], a[-1], targets)
            total, loss = ff.sum(losses), ff.mean(losses)
            activated = [ff.sum(one) for one in a]
        inner = a[:-1] if network.is_joined else a
        apart = a[:-1] if network.output == "softmax" else a
        gradient = tape.gradient(loss, arrays)
        return {
            "z": z,
            "a": a,
            "slope": [tape.gradient(activated[index], z[index]) for index in range(len(apart))],
            # The sum of the examples' losses, not their mean: a row is then the gradient of its own example.
            "a_gradient": tape.gradient(total, inner) if inner else [],
            "delta": tape.gradient(total, z),
            "losses": losses,
            "loss": loss,
            "gradient": gradient,
            "after": [array - rates[index % 2] * gradient[index] for index, array in enumerate(arrays)],
        }

    return run


@cache
def _losses(network: Network) -> Callable[..., Any]:
    @ff.function
    def run(x: Any, targets: Any, arrays: list[Any]) -> Any:
        z, a = _forward(network, x, arrays)
        return ff.mean(_losses_of(network, z[-1], a[-1], targets), -1)

    return run


def _numpy(value: Any) -> Any:
    return [one.numpy() for one in value] if isinstance(value, list) else value.numpy()
