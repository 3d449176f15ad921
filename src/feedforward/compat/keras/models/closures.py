"""Losses and metrics that use tensors of the model itself, not only targets and outputs, as those of autoencoders do.

Such a tensor stands in the description of the network and has no value. In a step it is computed once more from what
the network was applied to: equal operations become one when the step is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from feedforward.compat.tensorflow.graphs.variables import with_variables
from feedforward.graph.node import Node, reachable
from feedforward.graph.program import Program, substitute
from feedforward.nn.layer import layer_calls
from feedforward.tensor import Tensor, Variable, is_tracing, symbolic
from feedforward.training.network import Network

__all__ = ["connected", "noted"]


@dataclass(frozen=True)
class _Application:
    """A network, and what it was applied to."""

    network: Network
    inputs: Sequence[Tensor]
    training: bool


_last: ContextVar[_Application | None] = ContextVar("last", default=None)
"""What the step under way applied its network to."""


def noted(
    network: Network,
    apply: Callable[..., list[Tensor]],
    inputs: Sequence[Tensor],
    training: bool,
    parameters: Mapping[Variable, Tensor] | None = None,
) -> list[Tensor]:
    """Return what a network gives, and note what it was applied to."""
    if is_tracing():
        _last.set(_Application(network, inputs, training))
    return apply(inputs, training, parameters)


def connected(values: Any) -> Any:
    """Return values in which tensors of the network's description are computed from what it was applied to."""
    values = with_variables(values)
    step = _last.get()
    if step is None or not isinstance(values, Tensor) or not is_tracing():
        return values
    described = [node for node in reachable([values.node]) if _is_described(node, step.network)]
    if not described:
        return values
    between = Network([symbolic(node) for node in step.network.inputs], [symbolic(node) for node in described])
    found = between.apply(step.inputs, step.training)
    replacements = {node: tensor.node for node, tensor in zip(described, found, strict=True)}
    return symbolic(substitute(Program((), (), (values.node,)), replacements).outputs[0])


def _is_described(node: Node, network: Network) -> bool:
    return node in layer_calls or node in network.inputs
