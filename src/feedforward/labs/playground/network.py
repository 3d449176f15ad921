"""The playground's network: layers of the package, in float64, with penalties and held weights that are inputs.

What a penalty costs, which weights are held and at what are variables, so that a change of them compiles nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import feedforward as ff

__all__ = [
    "LOSSES",
    "Held",
    "Network",
    "Penalty",
    "Plan",
    "build",
    "hold_nothing",
    "keep_state",
    "layers_of",
    "take_over",
]

LOSSES = {
    ("binary", "squared"): ("MeanSquaredError", "tanh"),
    ("binary", "cross_entropy"): ("BinaryCrossentropy", "sigmoid"),
    ("classes", "cross_entropy"): ("SparseCategoricalCrossentropy", "softmax"),
    ("regression", "squared"): ("MeanSquaredError", "linear"),
}
"""The name of the loss in `feedforward.losses`, and the output's activation, by task and kind of loss."""


@dataclass(frozen=True)
class Penalty(ff.regularizers.Regularizer):
    """l1 sum(|w|) + l2 sum(w^2), where l1 and l2 are variables."""

    l1: ff.Variable
    l2: ff.Variable

    def __call__(self, weight: ff.Tensor) -> ff.Tensor:
        """Return what a weight costs."""
        return ff.sum(ff.abs(weight)) * self.l1 + ff.sum(ff.square(weight)) * self.l2


@dataclass(frozen=True)
class Held(ff.constraints.Constraint):
    """Weights that stay at a value, where a mask says so."""

    is_held: ff.Variable
    value: ff.Variable

    def __call__(self, weight: ff.Tensor) -> ff.Tensor:
        """Return a weight with what is held at its value."""
        return ff.where(self.is_held.value(), self.value.value(), weight)


def hold_nothing(shape: tuple[int, ...]) -> Held:
    """Return a constraint for weights of a shape that holds none of them."""
    return Held(
        ff.Variable(np.zeros(shape, bool), trainable=False, name="is_held"),
        ff.Variable(np.zeros(shape), trainable=False, name="value"),
    )


def keep_state(model: ff.Sequential, before: Any) -> None:
    """Give a model's optimizer the state of another of the same kind; one of another kind begins anew."""
    optimizer: Any = model.optimizer
    optimizer.build(model.trainable_weights)
    new, old = ([one for one in each.variables if one.name != "learning_rate"] for each in (optimizer, before))
    if type(optimizer) is type(before) and len(new) == len(old):
        for one, other in zip(new, old, strict=True):
            one.assign(other.numpy())


@dataclass(frozen=True)
class Plan:
    """What a network is built from.

    Parameters
    ----------
    inputs, outputs : int
        How many features, and how many numbers it says.
    layers : tuple of int
        The neurons of each hidden layer.
    activations : tuple of str
        Of each hidden layer.
    output : str
        The activation of the last layer.
    dropout : float
        The rate behind each hidden layer, below 1.
    batch_norm : bool
        Whether sums are normalised before their activation.
    seed : int
        Of the first weights.
    """

    inputs: int
    outputs: int
    layers: tuple[int, ...]
    activations: tuple[str, ...]
    output: str
    dropout: float
    batch_norm: bool
    seed: int


@dataclass(frozen=True)
class Network:
    """A model, and what the playground looks at and steers in it.

    Parameters
    ----------
    model : Sequential
        The whole.
    dense : tuple of Dense
        The layers with weights, the output's last.
    activations : tuple of Activation
        What their neurons say.
    held : tuple of pairs of Held
        Which kernels and biases are held.
    penalty : Penalty
        What the kernels cost.
    """

    model: ff.Sequential
    dense: tuple[Any, ...]
    activations: tuple[Any, ...]
    held: tuple[tuple[Held, Held], ...]
    penalty: Penalty

    @property
    def optimizer(self) -> Any:
        """The model's optimizer."""
        return self.model.optimizer

    @property
    def weights(self) -> list[np.ndarray]:
        """The kernels, each (inputs, neurons)."""
        return [layer.kernel.numpy() for layer in self.dense]

    @property
    def biases(self) -> list[np.ndarray]:
        """The biases, each (neurons,)."""
        return [layer.bias.numpy() for layer in self.dense]

    def set_penalties(self, rates: tuple[float, float]) -> None:
        """Let kernels cost so much, by L1 and L2."""
        for variable, rate in zip((self.penalty.l1, self.penalty.l2), rates, strict=True):
            variable.assign(rate)

    def cost(self) -> float:
        """Return what the kernels cost now, in units of the loss."""
        l1, l2 = float(self.penalty.l1.numpy()), float(self.penalty.l2.numpy())
        with np.errstate(over="ignore"):
            return sum(l1 * float(np.abs(one).sum()) + l2 * float(np.square(one).sum()) for one in self.weights)

    def set_weight(self, layer: int, place: tuple[int, ...], value: float) -> None:
        """Let one weight, at (source, target), or one bias, at (target,), be a number; it is held there if it is held.

        Parameters
        ----------
        layer : int
            Counted from 0, the first with weights.
        place : tuple of int
            Which of its kernel, if two, or of its bias.
        value : float
            Finite.
        """
        held = self.held[layer][len(place) == 1]
        for variable in (self._variable(layer, place), held.value):
            values = np.array(variable.numpy())
            values[place] = value
            variable.assign(values)

    def hold(self, layer: int, place: tuple[int, ...], is_held: bool) -> None:
        """Hold one weight or bias at what it is, or let it go; places as for `set_weight`."""
        held = self.held[layer][len(place) == 1]
        mask, values = np.array(held.is_held.numpy()), np.array(held.value.numpy())
        mask[place] = is_held
        values[place] = self._variable(layer, place).numpy()[place]
        held.is_held.assign(mask)
        held.value.assign(values)

    def _variable(self, layer: int, place: tuple[int, ...]) -> Any:
        dense = self.dense[layer]
        return dense.kernel if len(place) == 2 else dense.bias

    def units(self, x: ff.Tensor) -> list[ff.Tensor]:
        """Return what the neurons of each layer with weights say, each (n, neurons)."""
        said, values = [], x
        for layer in self.model.layers:
            values = layer(values)
            if layer in self.activations:
                said.append(values)
        return said


def take_over(network: Network, before: Network) -> None:
    """Let a compiled network go on with the weights of another, its optimizer's state, and what it holds."""
    network.model.set_weights(before.model.get_weights())
    keep_state(network.model, before.optimizer)
    for new, old in zip(network.held, before.held, strict=True):
        for one, other in zip(new, old, strict=True):
            one.is_held.assign(other.is_held.numpy())
            one.value.assign(other.value.numpy())


def layers_of(plan: Plan, penalty: Any, held: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Return new layers, with a regularizer for kernels, and constraints for each kernel and bias."""
    layers: list[Any] = []
    for index, (units, (kernel, bias)) in enumerate(zip((*plan.layers, plan.outputs), held, strict=True)):
        is_last = index == len(plan.layers)
        layers.append(
            ff.layers.Dense(
                units,
                kernel_initializer=ff.initializers.GlorotUniform(seed=plan.seed + index),
                kernel_regularizer=penalty,
                kernel_constraint=kernel,
                bias_constraint=bias,
            )
        )
        if plan.batch_norm and not is_last:
            layers.append(ff.layers.BatchNormalization())
        layers.append(ff.layers.Activation(plan.output if is_last else plan.activations[index]))
        if plan.dropout and not is_last:
            layers.append(ff.layers.Dropout(plan.dropout))
    return layers


def build(plan: Plan) -> Network:
    """Return a new network."""
    penalty = Penalty(*(ff.Variable(np.float64(0), trainable=False, name=name) for name in ("l1", "l2")))
    sizes = (plan.inputs, *plan.layers, plan.outputs)
    held = tuple((hold_nothing(shape), hold_nothing(shape[1:])) for shape in pairwise(sizes))
    layers = layers_of(plan, penalty, held)
    model = ff.Sequential([ff.Input((plan.inputs,), dtype="float64"), *layers])
    model.seed = plan.seed
    dense = tuple(layer for layer in layers if isinstance(layer, ff.layers.Dense))
    activations = tuple(layer for layer in layers if isinstance(layer, ff.layers.Activation))
    return Network(model, dense, activations, held, penalty)
