"""Replays: what computes the same graph every time is traced once, and is one node of the graph from then on.

A loop of the user's own calls the same layers, losses and optimizer in each turn. Ours are known to do the same for the
same shapes, so their second call makes a single node, see ``graph/call.py``, in place of hundreds. Classes of users are
never replayed: their Python may count, print, or look at values.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from feedforward import ops
from feedforward.execution import with_checks
from feedforward.general import General, generalise
from feedforward.graph.call import CALL, call, has_whole
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Node, in_own_context, unscoped
from feedforward.graph.program import Program, outline, substitute
from feedforward.tensor import Tensor, Variable, assign_all, is_plain, of_node, symbolic
from feedforward.tracing import trace

__all__ = ["can_replay", "replay", "replay_gradient"]

_traces: weakref.WeakKeyDictionary[object, dict[Hashable, _Replayed]] = weakref.WeakKeyDictionary()
"""What was traced of each layer, loss and optimizer, by all that its graph depends on."""

_MOST_TRACES = 64
"""Of one thing, which may be called on ever new shapes."""


def can_replay(inputs: Sequence[Tensor]) -> bool:
    """Return whether calls on these tensors may be replayed: no one else traces them, or puts tensors for variables."""
    return is_plain() and not any([x.is_symbolic for x in inputs])


def replay(
    owner: object,
    key: Hashable,
    function: Callable[[Sequence[Tensor]], tuple[Sequence[Tensor], Any]],
    inputs: Sequence[Tensor],
) -> tuple[list[Tensor], Any]:
    """Return what a function on tensors returns, and carry out its assignments; it is called for new shapes alone.

    Parameters
    ----------
    owner : object
        Whose function it is; when it is gone, nothing is kept of it.
    key : hashable
        All that its graph depends on besides the shapes and dtypes of its inputs.
    function : callable
        Takes tensors and returns others, computed from these and from variables alone, and what is to be known of them.
    inputs : sequence of tensors
        What to call it with.
    """
    nodes = [x.node for x in inputs]
    key = (key, *[(node.shape, node.dtype) for node in nodes])
    traces = _traces.get(owner)
    if traces is None:
        traces = _traces[owner] = {}
    traced = traces.get(key)
    if traced is None:
        if len(traces) >= _MOST_TRACES:
            traces.clear()
        traced = traces[key] = _traced_or_known(traces, function, nodes, key[0])
    program, variables = traced.program, traced.variables
    results = call(program, [*nodes, *[variable.node for variable in variables]])
    if program.updates:
        assign_all(variables[: len(program.updates)], results[len(program.outputs) :])
    return [of_node(node, is_symbolic=False) for node in results[: traced.count]], traced.remark


@dataclass(frozen=True)
class _Replayed:
    """A function that was traced: its program, the variables that it reads, how many tensors it returns, a remark.

    And, once it was traced for two numbers of rows, its program for any.
    """

    program: Program
    variables: tuple[Variable, ...]
    count: int
    remark: Any
    general: General | None = None


def _traced_or_known(
    traces: dict[Hashable, _Replayed],
    function: Callable[[Sequence[Tensor]], tuple[Sequence[Tensor], Any]],
    nodes: Sequence[Node],
    key: Hashable,
) -> _Replayed:
    """Return a function as a program for such inputs: from that for any number of rows, where it is known."""
    form = None, key, tuple([(node.ndim, node.shape[1:], node.dtype) for node in nodes])
    before = traces.get(form)
    program = None if before is None or before.general is None else before.general.for_inputs(nodes)
    if before is not None and program is not None:
        return replace(before, program=with_checks(program))
    traced = _traced(function, [symbolic(leaf) for leaf in _leaves_like(nodes)])
    if before is None or before.general is None:
        is_alike = before is not None and [*map(id, before.variables)] == [*map(id, traced.variables)]
        general = generalise(_bare(before), _bare(traced)) if before is not None and is_alike else None
        traces[form] = replace(traced, general=general)
    return traced


def _bare(traced: _Replayed) -> Program:
    """Return a program without what `with_checks` added."""
    return replace(traced.program, outputs=traced.program.outputs[: traced.count])


@in_own_context
def _traced(
    function: Callable[[Sequence[Tensor]], tuple[Sequence[Tensor], Any]], inputs: Sequence[Tensor]
) -> _Replayed:
    remarks: list[Any] = []

    def outputs(*given: Tensor) -> Sequence[Tensor]:
        tensors, remark = function(given)
        remarks.append(remark)
        return tensors

    with unscoped():  # a call puts its own scope before those of its program
        traced = trace(outputs, inputs)
    return _Replayed(with_checks(traced.program), traced.variables, len(traced.program.outputs), remarks[0])


def _leaves_like(nodes: Sequence[Node]) -> list[Node]:
    return [ops.placeholder(node.shape, node.dtype, f"input_{place}") for place, node in enumerate(nodes)]


_gradients: dict[Hashable, tuple[Program, tuple[bool, ...]]] = {}
"""The gradients of what tapes recorded, by its structure, and which of the sources it depends on."""

_MOST_GRADIENTS = 512


def replay_gradient(
    output: Node, sources: Sequence[Node], output_gradient: Node | None, is_recorded: Callable[[Node], bool]
) -> list[Node | None]:
    """Return what `gradient` does, in one node: the rules are asked for a structure that is new alone.

    The nodes between are written again, beside those that the gradient is taken through, and merged with them when they
    are compiled. So it is for gradients that no other gradient is to be taken of.
    """
    is_known = False

    def is_leaf(node: Node) -> bool:
        nonlocal is_known
        if is_recorded(node):
            is_known = is_known or (node.value is not None and node is not output) or _has_array_exponent(node)
            return False
        return node.op.name != "constant" or node.shape != ()

    recorded = outline([output], is_leaf)
    # What is known is not to be computed again, and a rule looks at an array that is an exponent. What was written out
    # for a gradient that `output` depends on would be another copy of the same beside its call.
    calls = [node for node in recorded.nodes if node.op is CALL]
    if is_known or any(map(has_whole, (*sources, *calls))):
        return gradient(output, sources, output_gradient, is_recorded)
    leaves, numbers = recorded.leaves, recorded.numbers
    key = recorded.key, tuple([numbers.get(source) for source in sources]), output_gradient is None
    found = _gradients.get(key)
    if found is None:
        if len(_gradients) >= _MOST_GRADIENTS:
            _gradients.clear()
        found = _gradients[key] = _gradient_of(output, sources, output_gradient, leaves)
    program, is_found = found
    results = iter(call(program, [*leaves, *([] if output_gradient is None else [output_gradient])]))
    return [next(results) if is_there else None for is_there in is_found]


def _has_array_exponent(node: Node) -> bool:
    """Return whether a node is a power whose rule looks at an array that is the exponent, and an input otherwise."""
    if node.op.name != "power":
        return False
    exponent = node.inputs[1].inputs[0] if node.inputs[1].op.name == "broadcast_to" else node.inputs[1]
    return exponent.op.name == "constant" and exponent.shape != ()


@in_own_context
def _gradient_of(
    output: Node, sources: Sequence[Node], output_gradient: Node | None, leaves: Sequence[Node]
) -> tuple[Program, tuple[bool, ...]]:
    """Return the program of a gradient: of the leaves, and of the output's own gradient where there is one."""
    inputs = _leaves_like(leaves)
    start = None if output_gradient is None else _leaves_like([output_gradient])[0]
    copy = substitute(Program((), (), (output, *sources)), dict(zip(leaves, inputs, strict=True)))
    with unscoped():
        parts = gradient(copy.outputs[0], copy.outputs[1:], start)
    found = tuple(part for part in parts if part is not None)
    return with_checks(Program((*inputs, *([] if start is None else [start])), (), found)), tuple(
        part is not None for part in parts
    )
