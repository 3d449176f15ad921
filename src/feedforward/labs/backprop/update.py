"""One update as the engine computes it, each part when it is first asked for, and what the page is shown of it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from feedforward.labs.backprop.network import (
    Array,
    LayerValues,
    Network,
    Values,
    evaluate,
    losses_at,
    numeric_gradient,
)
from feedforward.labs.backprop.paths import paths_of
from feedforward.labs.backprop.state import State
from feedforward.labs.backprop.surface import Surface, surface_of

__all__ = ["Update"]

_LARGEST_SLOPE = {"sigmoid": 0.25, "tanh": 1.0}

_SATURATED = 0.05
"""A unit is saturated where its slope is less than this part of the largest that its activation has."""


class Update:
    """What is computed of one vector of weights.

    Parameters
    ----------
    network : Network
    state : State
        Its vector, data, path and axes; the rest of it may change meanwhile.
    learning_rate : float
    trains_biases : bool
    span : float
        See `surface_of`.
    """

    def __init__(self, network: Network, state: State, learning_rate: float, trains_biases: bool, span: float) -> None:
        self.network = network
        self.state = state
        self._rates = learning_rate, trains_biases
        self._span = span

    @cached_property
    def values(self) -> Values:
        """Both passes at the vector."""
        return evaluate(self.network, self.state.vector, self.state.x, self.state.targets, *self._rates)

    @cached_property
    def after(self) -> Values:
        """Both passes at the vector after the update."""
        return evaluate(self.network, self.values.after, self.state.x, self.state.targets, *self._rates)

    @cached_property
    def numeric(self) -> Array:
        """Central differences of the loss."""
        return numeric_gradient(self.network, self.state.vector, self.state.x, self.state.targets)

    @cached_property
    def of_examples(self) -> tuple[Array, ...]:
        """The gradient of each example's own loss."""
        rows = zip(self.state.x, self.state.targets, strict=True)
        return tuple(
            evaluate(self.network, self.state.vector, x[None], targets[None], *self._rates).gradient
            for x, targets in rows
        )

    @cached_property
    def surface(self) -> Surface:
        """The slice of the loss surface that the state asks for."""
        state = self.state
        return surface_of(self.network, state.history, state.axes, self._span, state.x, state.targets)

    def conditions(self, example: int) -> list[list[str]]:
        """Return of each unit of each layer ``"dead"``, ``"off"``, ``"saturated"`` or ``""``.

        A unit is off where a ReLU lets nothing of this example through, dead where it lets nothing of any.
        """
        return [
            [_condition(name, layer, example, unit) for unit in range(layer.z.shape[1])]
            for name, layer in zip(self.network.activations, self.values.layers, strict=True)
        ]

    @cached_property
    def description(self) -> dict[str, Any]:
        """What the page is told whatever step it is at."""
        network, values, after = self.network, self.values, self.after
        return {
            "network": {
                "widths": list(network.widths),
                "activations": list(network.activations),
                "loss": network.loss,
                "is_joined": network.is_joined,
                "parameters": [
                    {"name": one.name, "layer": one.layer, "source": one.source, "unit": one.unit}
                    for one in network.parameters
                ],
                "names": [
                    [network.unit_name(layer, unit) for unit in range(width)]
                    for layer, width in enumerate(network.widths, -1)
                ],
            },
            "x": self.state.x.tolist(),
            "targets": self.state.targets.tolist(),
            "layers": [_listed(layer) for layer in values.layers],
            "losses": values.losses.tolist(),
            "loss": values.loss,
            "vector": self.state.vector.tolist(),
            "gradient": values.gradient.tolist(),
            "numeric": self.numeric.tolist(),
            "after": {
                "vector": values.after.tolist(),
                "change": (values.after - self.state.vector).tolist(),
                "loss": after.loss,
                "losses": after.losses.tolist(),
                "layers": [{"z": layer.z.tolist(), "a": layer.a.tolist()} for layer in after.layers],
            },
            "curve": losses_at(network, self.state.history, self.state.x, self.state.targets).tolist(),
            "surface": {
                "first": list(self.surface.first),
                "second": list(self.surface.second),
                "losses": self.surface.losses,
                "path": self.state.history[:, self.state.axes].tolist(),
                "next": values.after[list(self.state.axes)].tolist(),
                "axes": list(self.state.axes),
            },
        }

    def trace(self, example: int, traced: int) -> dict[str, Any]:
        """Return what the page is told of a parameter's paths."""
        paths = paths_of(self.network, self.values, example, self.network.parameters[traced])
        return {
            "parameter": traced,
            "paths": [
                {
                    "units": [list(unit) for unit in path.units],
                    "factors": [{"of": one.of, "by": one.by, "value": one.value} for one in path.factors],
                    "product": path.product,
                }
                for path in paths
            ],
            "sum": float(np.sum([path.product for path in paths])),
            "gradient": float(self.of_examples[example][traced]),
            "of_examples": [float(one[traced]) for one in self.of_examples],
        }


def _condition(activation: str, layer: LayerValues, example: int, unit: int) -> str:
    if layer.slope is None:
        return ""
    slopes = layer.slope[:, unit]
    if activation == "relu" and slopes[example] == 0:
        return "off" if slopes.any() else "dead"
    if activation in _LARGEST_SLOPE and slopes[example] < _SATURATED * _LARGEST_SLOPE[activation]:
        return "saturated"
    return ""


def _listed(layer: LayerValues) -> dict[str, Any]:
    return {
        name: None if (value := getattr(layer, name)) is None else value.tolist()
        for name in (
            "kernel",
            "bias",
            "before",
            "z",
            "a",
            "slope",
            "a_gradient",
            "delta",
            "kernel_gradient",
            "bias_gradient",
        )
    }
