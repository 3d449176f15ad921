"""An expression as gates: values run forward through a circuit, gradients back, one gate at a time."""

from feedforward.labs.backprop.gates.actions import GateActions
from feedforward.labs.backprop.gates.circuit import Circuit

__all__ = ["Circuit", "GateActions"]
