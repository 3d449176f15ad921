"""Tracing: a Python function on tensors becomes a program. So a model's training step is made, and `Function`'s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from feedforward import ops
from feedforward.execution import function_of
from feedforward.graph.node import Node, location_of, next_serial, reachable
from feedforward.graph.program import Program, substitute
from feedforward.ops.indexing import computed_places
from feedforward.random import trace_draws
from feedforward.tensor import Tensor, Trace, Variable, begin_trace, of_node, symbolic

__all__ = ["Traced", "TracedFunction", "trace", "trace_function"]


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
    outputs, traced = copy_context().run(_call, function, inputs)
    updated = list(traced.assigned)
    start = Program(tuple(tensor.node for tensor in inputs), (), (*outputs, *traced.assigned.values()))
    reached = set(start.nodes)
    read = [variable for variable, leaf in traced.leaves.items() if leaf in reached and variable not in traced.assigned]
    variables = [*updated, *sorted(read, key=lambda variable: variable.leaf.serial)]
    leaves = {variable: traced.leaf_of(variable) for variable in variables}
    # A trace outlives the present values: what the function closed over becomes constants.
    replacements = {
        node: ops.constant(node.value) for node in start.nodes if node.value is not None and node.op.name != "constant"
    }
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


@dataclass(frozen=True)
class TracedFunction(Traced):
    """A user's function as a program.

    Parameters
    ----------
    captured : tuple of tensors
        What it closed over, or made of arrays: the inputs that follow those given. The last two inputs, if it draws,
        are seed and step of its first draw.
    draws : int
        How many random draws it makes.
    result : object
        What it returned.
    checked : tuple of (int, str)
        The program's last outputs are indices: for each the size of its axis, and where the operation was built.
    is_read_back : bool
        Whether it reads a variable after it has assigned to it.
    """

    captured: tuple[Tensor, ...]
    draws: int
    result: Any
    checked: tuple[tuple[int, str], ...]
    is_read_back: bool


def trace_function(
    function: Callable[..., Any],
    name: str,
    inputs: Sequence[Tensor],
    outputs_of: Callable[[Any], Sequence[Tensor]],
) -> TracedFunction:
    """Return the program of a user's function, which may be called whatever variables and random draws are by then.

    Parameters
    ----------
    function : callable
        Takes tensors, and returns anything. It is called once.
    name : str
        What messages call it.
    inputs : sequence of symbolic tensors
        What to call it with.
    outputs_of : callable
        Returns the tensors in what the function returned.

    Raises
    ------
    NewVariableError
        If the function makes a variable.
    """
    keys = [ops.placeholder((), "int64", what) for what in ("the seed", "the random draws")]
    function_of.update(dict.fromkeys([*keys, *(tensor.node for tensor in inputs)], name))
    start = next_serial()
    result, outputs, traced, draws = copy_context().run(_call_function, function, name, inputs, outputs_of, keys)
    updated = list(traced.assigned)
    ends = [*outputs, *traced.assigned.values()]

    # What was there before, and what holds data, is not computed anew in each call.
    def is_data(node: Node) -> bool:
        return node.serial < start or node.value is not None

    given = {*keys, *(tensor.node for tensor in inputs)}
    reached = reachable(ends, stop=is_data)
    found = [node for node in reached if is_data(node) and node not in given and node.op.name != "constant"]
    leaves = {variable: traced.leaf_of(variable) for variable in updated}
    leaves |= {variable: leaf for variable, leaf in traced.leaves.items() if leaf in set(reached)}
    inside = [ops.placeholder(node.shape, node.dtype, "captured") for node in found]
    checked = [(indices, node, size) for node, indices, size in computed_places(reached)]
    start_of = Program((), (), (*ends, *(indices for indices, _, _ in checked)))
    new = substitute(start_of, dict(zip(found, inside, strict=True))).outputs
    places = len(outputs), len(ends)
    return TracedFunction(
        Program(
            (*(tensor.node for tensor in inputs), *inside, *(keys if draws else ())),
            tuple(leaves.values()),
            (*new[: places[0]], *new[places[1] :]),
            tuple(zip([leaves[variable] for variable in updated], new[places[0] : places[1]], strict=True)),
        ),
        tuple(leaves),
        tuple(of_node(node, is_symbolic=False) for node in found),
        draws,
        result,
        tuple((size, location_of(node)) for _, node, size in checked),
        traced.is_read_back,
    )


def _call_function(
    function: Callable[..., Any],
    name: str,
    inputs: Sequence[Tensor],
    outputs_of: Callable[[Any], Sequence[Tensor]],
    keys: Sequence[Node],
) -> tuple[Any, list[Node], Trace, int]:
    """Return what a function returns, the nodes of it, what it reads and assigns, and how often it draws."""
    traced = begin_trace(name)
    drawn = trace_draws(*map(symbolic, keys))
    result = function(*inputs)
    return result, [tensor.node for tensor in outputs_of(result)], traced, drawn.count


def _call(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> tuple[list[Node], Trace]:
    """Return the nodes of what a function returns, and what it reads and assigns."""
    traced = begin_trace(None)
    return [tensor.node for tensor in function(*inputs)], traced
