"""A network as a chain of affine maps and bends, read from a model in float64, and a model made of such numbers.

    x -> bend(x W + b) -> ...

Here: which layers are such a chain, and what each one is as numbers. Not here: what is found out about a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.convex.points import Floats
from feedforward.errors import ShapeError
from feedforward.functions import abs as absolute
from feedforward.nn.activation_layers import LeakyReLU, PReLU
from feedforward.nn.layers import Activation, Dense, Dropout, Input, Rescaling
from feedforward.training.model import Model
from feedforward.training.network import Network
from feedforward.training.sequential import Sequential

__all__ = ["Bend", "Step", "make_network", "steps_of", "values_of"]

_MOST_NUMBERS = 2**22
"""So many outputs of hidden units are computed together when a network is evaluated at many points."""

_KINKS: dict[Any, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]] = {
    "linear": ((), (1,), (0,)),
    "relu": ((0,), (0, 1), (0, 0)),
    "leaky_relu": ((0,), (0.2, 1), (0, 0)),
    "relu6": ((0, 6), (0, 1, 0), (0, 0, 6)),
    "hard_tanh": ((-1, 1), (0, 1, 0), (-1, 0, 1)),
    "hard_sigmoid": ((-3, 3), (0, 1 / 6, 0), (0, 0.5, 1)),
    absolute: ((0,), (-1, 1), (0, 0)),
    None: ((), (1,), (0,)),
}
"""Of each activation that is piecewise linear: where it bends, and slope and height at 0 of the line on each piece."""


@dataclass(frozen=True)
class Bend:
    """An activation that is linear between its kinks: slope z + intercept.

    Parameters
    ----------
    kinks : tuple of float
        Where it bends, ascending; none if it is linear.
    slopes, intercepts : float64 array, shape (kinks + 1, units)
        The line on each piece, for each unit.
    """

    kinks: tuple[float, ...]
    slopes: Floats
    intercepts: Floats

    def lines(self, z: Floats) -> tuple[Floats, Floats]:
        """Return slope and intercept of the lines on which numbers lie, each of the shape of z, (..., units)."""
        piece: NDArray[np.intp] = np.searchsorted(self.kinks, z)
        unit = np.arange(z.shape[-1])
        return self.slopes[piece, unit], self.intercepts[piece, unit]

    def __call__(self, z: Floats) -> Floats:
        """Return what the activation makes of z, shape (..., units)."""
        slope, intercept = self.lines(z)
        return slope * z + intercept


@dataclass(frozen=True)
class Step:
    """One link of a chain: h -> bend(h kernel + bias).

    Parameters
    ----------
    layer : str
        The name of the layer.
    kernel : float64 array, shape (d, k)
    bias : float64 array, shape (k,)
    bend : Bend
    """

    layer: str
    kernel: Floats
    bias: Floats
    bend: Bend


def steps_of(caller: str, model: Model) -> list[Step]:
    """Return the steps of a model that is a chain of piecewise linear layers on vectors.

    Parameters
    ----------
    caller : str
        What messages begin with.
    model : Model
        Its layers may be Dense, Activation, LeakyReLU, PReLU, Rescaling, Dropout (which does nothing after training)
        and models of these.

    Raises
    ------
    TypeError
        If it is no model.
    ValueError
        If there is another layer or activation, an operation between layers, a branch, or no layer.
    ShapeError
        If its input is no vector.
    """
    if not isinstance(model, Model):
        raise TypeError(f"{caller}: got {model!r:.60}, which is no model. Give a Sequential or Model.")
    network = model.network
    sizes = network.inputs[0].shape
    if len(sizes) != 2 or not isinstance(sizes[1], int):
        raise ShapeError(
            f"{caller}: the input of {model.name!r} has {len(sizes) - 1} axes. Expected vectors. Begin it with "
            f"Input((d,))."
        )
    steps = _steps(caller, network, sizes[1])
    if not steps:
        raise ValueError(f"{caller}: {model.name!r} has no layers. Expected layers one after another. Give it some.")
    return steps


def _steps(caller: str, network: Network, size: int) -> list[Step]:
    if len(network.outputs) != 1:
        raise ValueError(
            f"{caller}: the network has {len(network.outputs)} outputs. Expected layers one after another. Make a "
            f"Model with one of them."
        )
    steps: list[Step] = []
    nodes = network.nodes
    for before, node in pairwise(nodes):
        output = network.calls.get(node)
        if output is None:
            raise ValueError(
                f"{caller}: the network has {node.op.name!r} between layers, or a second input. Expected layers one "
                f"after another. Give the part of it that is a chain."
            )
        if output.call.inputs != (before,):
            raise ValueError(
                f"{caller}: layer {output.call.layer.name!r} does not follow the one before it: there is a branch. "
                f"Expected layers one after another. Give the part of it that is a chain."
            )
        layer: Any = output.call.layer
        steps += _steps(caller, layer.network, size) if layer.is_network else [_step(caller, layer, size)]
        size = steps[-1].kernel.shape[1]
    return steps


def _step(caller: str, layer: Any, size: int) -> Step:
    """Return what one layer does to vectors of a size."""
    kind = type(layer)  # not isinstance: a subclass may compute something else
    kernel, bias, activation = np.eye(size), np.zeros(size), None
    if kind is Dense:
        kernel = layer.kernel.numpy().astype(np.float64)
        bias = np.zeros(layer.units) if layer.bias is None else layer.bias.numpy().astype(np.float64)
        activation = layer.activation
    elif kind is Activation:
        activation = layer.activation
    elif kind is Rescaling:
        kernel, bias = kernel * layer.scale, bias + layer.offset
    elif kind in (LeakyReLU, PReLU):
        activation = layer
    elif kind is not Dropout:
        raise ValueError(
            f"{caller}: layer {layer.name!r} is a {kind.__name__}. Expected Dense, Activation, LeakyReLU, PReLU, "
            f"Rescaling or Dropout. Build the network of these."
        )
    return Step(str(layer.name), kernel, bias, _bend(caller, layer, activation, kernel.shape[1]))


def _bend(caller: str, layer: Any, activation: Any, units: int) -> Bend:
    """Return the activation of a layer as lines."""
    if type(activation) in (LeakyReLU, PReLU):
        is_learned = type(activation) is PReLU
        below: Any = activation.alpha.numpy() if is_learned else activation.negative_slope
        return Bend((0.0,), np.stack([np.broadcast_to(below, units), np.ones(units)]), np.zeros((2, units)))
    if activation not in _KINKS:
        known = ", ".join(name for name in _KINKS if isinstance(name, str))
        raise ValueError(
            f"{caller}: layer {layer.name!r} has the activation {activation!r:.40}, which is not piecewise linear, or "
            f"not known to be. Expected {known}, ff.abs, LeakyReLU or PReLU. Build the network with one of these."
        )
    kinks, slopes, intercepts = _KINKS[activation]
    rows = [np.repeat(np.array(each, np.float64)[:, np.newaxis], units, 1) for each in (slopes, intercepts)]
    return Bend(kinks, *rows)


def make_network(*layers: tuple[Any, Any, str | None]) -> Sequential:
    """Return a model of float64 with given numbers: for each layer its kernel (d, k), bias (k,) and activation.

    Examples
    --------
    >>> double = make_network(([[2.0]], [1.0], None))
    >>> print(double(np.array([[3.0]])))
    [[7.]]
    """
    numbers = [(np.array(kernel, np.float64), np.array(bias, np.float64)) for kernel, bias, _ in layers]
    model = Sequential([Input((len(numbers[0][0]),), dtype="float64")])
    for (kernel, _), (_, _, activation) in zip(numbers, layers, strict=True):
        model.add(Dense(kernel.shape[1], activation, kernel_initializer="zeros"))
    model.set_weights([number for pair in numbers for number in pair])
    return model


def values_of(model: Model, x: Floats) -> Floats:
    """Return what a model of float64 gives for rows, shape (n, d), as float64, shape (n, k)."""
    widest = max(max(weight.numpy().shape) for weight in model.weights)
    rows = max(1, _MOST_NUMBERS // widest)
    parts: Sequence[Floats] = [model(x[first : first + rows]).numpy() for first in range(0, len(x), rows)]
    return np.concatenate(parts)
