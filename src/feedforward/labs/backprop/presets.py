"""Networks to begin with: their settings, weights and data; and the weights and data where there is no preset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.labs.backprop.network import Array, Network

__all__ = ["PRESETS", "Preset", "data_of", "fitted_targets", "weights_of"]


@dataclass(frozen=True)
class Preset:
    """A network to begin with.

    Parameters
    ----------
    settings : mapping
        What differs from the defaults.
    vector : tuple of float, or None
        Weights and biases, in the order that ``network.py`` describes; None for random ones.
    x, targets : tuple of rows of float
        An example a row.
    axes : (int, int) or None
        The entries of the vector that the slice of the loss surface shows; None for the last layer's first two.
    """

    settings: Mapping[str, Any]
    vector: tuple[float, ...] | None
    x: tuple[tuple[float, ...], ...]
    targets: tuple[tuple[float, ...], ...]
    axes: tuple[int, int] | None = None


PRESETS = {
    # M. Mazur, "A step by step backpropagation example", 2015: its biases are shared by a layer, and stay.
    "mazur": Preset(
        {},
        (0.15, 0.20, 0.25, 0.30, 0.35, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.60),
        ((0.05, 0.10),),
        ((0.01, 0.99),),
    ),
    "xor": Preset(
        {
            "shape": "2-3-1",
            "activation": "tanh",
            "loss": "cross_entropy",
            "examples": 4,
            "example": 2,  # the first, all zeros, has no gradient at its weights
            "trains_biases": True,
            "seed": 3,
        },
        None,
        ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)),
        ((0.0,), (1.0,), (1.0,), (0.0,)),
    ),
    "softmax": Preset(
        {
            "shape": "2-3-2",
            "activation": "tanh",
            "output": "softmax",
            "loss": "cross_entropy",
            "examples": 2,
            "trains_biases": True,
        },
        (0.5, -0.3, 0.8, 0.2, -0.6, 0.4, 0.1, 0.0, -0.1, 0.7, -0.5, 0.3, -0.4, 0.6, 0.2, 0.0, 0.0),
        ((1.0, 0.5), (-0.5, 1.0)),
        ((1.0, 0.0), (0.0, 1.0)),
    ),
    # All that comes into o1 is positive: the gradients of its weights share a sign.
    "positive": Preset(
        {"shape": "2-2-1", "trains_biases": True},
        (0.5, -0.4, -0.3, 0.8, 0.1, -0.2, 1.5, -2.0, 0.3),
        ((1.0, 0.5),),
        ((0.9,),),
    ),
    # Sums of 9 and -8 in the first layer: slopes of 1e-4 let nothing through.
    "saturated": Preset(
        {"shape": "2-2-2-1", "trains_biases": True},
        (6.0, 3.0, -5.0, -3.0, 0.0, 0.0, 0.8, -0.5, 0.4, 0.9, 0.1, -0.1, 1.0, -1.2, 0.2),
        ((1.0, 1.0),),
        ((1.0,),),
    ),
    # h1's sums are negative for both examples.
    "dead": Preset(
        {
            "shape": "2-3-1",
            "activation": "relu",
            "output": "linear",
            "examples": 2,
            "trains_biases": True,
            "learning_rate": 0.05,
        },
        (0.5, 0.4, 0.6, -0.2, -0.3, 0.7, -3.0, 0.1, 0.2, 0.9, 0.5, -0.4, 0.1),
        ((1.0, 2.0), (2.0, 1.0)),
        ((1.0,), (0.0,)),
    ),
    "zeros": Preset(
        {"shape": "2-3-1", "activation": "sigmoid", "loss": "cross_entropy", "trains_biases": True},
        (0.0,) * 13,
        ((1.0, -0.5),),
        ((1.0,),),
        (9, 10),
    ),
}


def weights_of(network: Network, seed: int) -> Array:
    """Return random weights, uniform from -1 to 1 and of two decimals so that they can be read, and biases of zero."""
    drawn = np.round(np.random.default_rng(seed).uniform(-1, 1, len(network.parameters)), 2)
    return np.array(
        [0.0 if one.source is None else value for one, value in zip(network.parameters, drawn, strict=True)]
    )


def data_of(network: Network, examples: int) -> tuple[Array, Array]:
    """Return inputs and targets to begin with."""
    inputs, outputs = network.widths[0], network.widths[-1]
    x = np.array([[0.5, -1.0, 1.0], [1.0, 0.5, -0.5], [-1.0, 1.0, 0.5], [-0.5, -0.5, -1.0]])[:examples, :inputs]
    # One output has targets 1, 0, 1, 0; more have one class after the other.
    targets: Array = np.eye(max(outputs, 2))[np.arange(examples) % max(outputs, 2), :outputs]
    return x, targets


def fitted_targets(network: Network, targets: Array) -> Array:
    """Return targets that the loss can take: from 0 to 1 for a cross-entropy, adding up to 1 for a softmax's."""
    if network.loss == "squared":
        return targets
    targets = np.clip(targets, 0.0, 1.0)
    if network.output == "sigmoid":
        return targets
    totals = targets.sum(1, keepdims=True)
    return np.where(totals > 0, targets / np.where(totals > 0, totals, 1.0), 1.0 / targets.shape[1])
