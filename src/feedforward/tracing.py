"""Tracing: a Python function on tensors becomes a program. So a model's training step is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass

from feedforward import ops
from feedforward.graph.node import Node
from feedforward.graph.program import Program, substitute
from feedforward.tensor import Tensor, Variable, collect_assignments

__all__ = ["Traced", "trace"]


@dataclass(frozen=True)
class Traced:
    """A function as a program, with the variables that it reads and changes, in the program's order."""

    program: Program
    variables: tuple[Variable, ...]


def trace(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> Traced:
    """Return the program of a Python function on tensors.

    Parameters
    ----------
    function : callable
        Takes tensors, returns a sequence of tensors, and may assign to variables: the assignments become the program's
        updates. It is called once.
    inputs : sequence of symbolic tensors
        What to call it with: tensors whose nodes are placeholders.
    """
    # In a context of its own, which ends the trace whatever happens: Ctrl-C may come before any line that would.
    outputs, assigned = copy_context().run(_call, function, inputs)
    updated = list(assigned)
    start = Program(tuple(tensor.node for tensor in inputs), (), (*outputs, *assigned.values()))
    variables = list(updated)
    for node in start.nodes:
        owner = None if node.owner is None else node.owner()
        if owner is not None and owner not in set(variables):
            variables.append(owner)
    # A trace outlives the present values: variables become unbound leaves, what the function closed over constants.
    leaves = {variable: ops.variable(variable.leaf.shape, variable.dtype, variable.name) for variable in variables}
    replacements = {variable.leaf: leaf for variable, leaf in leaves.items()}
    for node in start.nodes:
        if node.value is not None and node.op.name != "constant" and node not in replacements:
            replacements[node] = ops.constant(node.value)
    program = substitute(start, replacements)
    return Traced(
        Program(
            program.inputs,
            tuple(leaves.values()),
            program.outputs[: len(outputs)],
            tuple(zip([leaves[variable] for variable in updated], program.outputs[len(outputs) :], strict=True)),
        ),
        tuple(variables),
    )


def _call(
    function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]
) -> tuple[list[Node], dict[Variable, Node]]:
    """Return the nodes of what a function returns, and the assignments that it makes."""
    assigned = collect_assignments()
    return [tensor.node for tensor in function(*inputs)], assigned
