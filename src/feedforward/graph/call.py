"""Calls: one node that stands for all nodes of a program, applied to other inputs.

Whoever computes the same again and again (a function of a user's, an optimizer's update) traces it once. From then on
``call`` makes one node for it, and one for each result, in place of hundreds::

    call(program, inputs)  ->  c = call(*inputs, program=program);  result(c, place=0), result(c, place=1), ...

Nothing but this file knows how to take a call apart: `substitute` writes every call out that it meets, and whatever is
compiled, traced or shown as text went through it; `gradient` differentiates what `written_out` gives. So no backend, no
rule and no file ever meets a call. The program of a call has itself none, and no unknown sizes.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.errors import GraphError
from feedforward.graph.attribute import AttributeType
from feedforward.graph.node import (
    Array,
    Node,
    Spec,
    in_own_context,
    origin_of,
    present_origin,
    set_value,
    shape_text,
)
from feedforward.graph.op import Op

if TYPE_CHECKING:
    from feedforward.graph.program import Program

__all__ = ["CALL", "RESULT", "call", "has_whole", "instantiate", "result", "whole_of", "written_out"]


_BOOL = np.dtype(bool)


def _infer_call(*inputs: Node, program: Program) -> Spec:
    """Check that inputs fit a program. A call itself has no value: only its results have."""
    wanted = program.specs
    if tuple([(node.shape, node.dtype) for node in inputs]) != wanted:
        raise GraphError(
            f"call: inputs {', '.join(f'{shape_text(node.shape)} {node.dtype.name}' for node in inputs) or 'none'}. "
            f"Expected those of the program: "
            f"{', '.join(f'{shape_text(shape)} {dtype.name}' for shape, dtype in wanted) or 'none'}."
        )
    return Spec((0,), _BOOL)


def _infer_result(whole: Node, *, place: int) -> Spec:
    end = whole.attrs["program"].ends[place]
    return Spec(end.shape, end.dtype)


def _is_not_written_out(*_: Any, **__: Any) -> Array:
    raise GraphError("a call was to be computed as it is. Expected its program: write it out first, see graph/call.py.")


# They are in no registry, so that no file and no text can have them.
CALL = Op(
    name="call",
    kind="call",
    infer=_infer_call,
    evaluate=_is_not_written_out,
    gradient=None,
    samples=list,
    attrs={"program": AttributeType("a Program", lambda value: hasattr(value, "leaves"), GraphError)},
)
"""A program applied to inputs: as many as it has inputs and variables."""

RESULT = Op(
    name="result",
    kind="call",
    infer=_infer_result,
    evaluate=_is_not_written_out,
    gradient=None,
    samples=list,
    attrs={"place": AttributeType("an int >= 0", lambda value: type(value) is int and value >= 0)},
)
"""One of the ends of a call's program: its outputs, then the new values of its variables."""

_places = tuple(MappingProxyType({"place": place}) for place in range(64))

_whole: weakref.WeakKeyDictionary[Node, Node] = weakref.WeakKeyDictionary()
"""For each node that comes of a call, the node in its place once all calls are written out; the same one every time,
so that two gradients meet in it, as they would without calls."""

_ends: weakref.WeakKeyDictionary[Node, list[Node]] = weakref.WeakKeyDictionary()
"""For each call that was written out, the nodes that are its results."""


def call(program: Program, inputs: Sequence[Node]) -> list[Node]:
    """Return the ends of a program, its outputs and the new values of its variables, applied to other inputs.

    Parameters
    ----------
    program : Program
        Without unknown sizes, and without calls: as `trace` and `substitute` return it.
    inputs : sequence of Node
        What stands for its inputs, then for its variables; of their shapes and dtypes.

    Raises
    ------
    GraphError
        If the inputs do not fit.
    """
    _infer_call(*inputs, program=program)
    # Not by `build`: everything is known to be right, and there may be hundreds in each turn of a loop.
    scope, line = present_origin()
    whole = Node(CALL, tuple(inputs), {"program": program}, (0,), _BOOL, scope, line, program)
    return [
        Node(RESULT, (whole,), _place(place), end.shape, end.dtype, scope, line, place)
        for place, end in enumerate(program.ends)
    ]


def result(whole: Node, place: int) -> Node:
    """Return one of the ends of a call's program."""
    end = whole.attrs["program"].ends[place]
    return Node(RESULT, (whole,), _place(place), end.shape, end.dtype, whole.scope, whole.line, place)


def _place(place: int) -> MappingProxyType[str, int]:
    return _places[place] if place < len(_places) else MappingProxyType({"place": place})


@in_own_context
def instantiate(whole: Node, inputs: Sequence[Node], serials: Iterator[float] | None = None) -> list[Node]:
    """Return the ends of a call's program on inputs: nodes like those of the program, each with its scope and source.

    Parameters
    ----------
    whole : Node
        The call.
    inputs : sequence of Node
        What is to stand for its inputs.
    serials : iterator of float, optional
        The serial numbers of the nodes; new ones by default.

    Raises
    ------
    OutOfRangeError
        If an index that is known names a place that an axis does not have.
    """
    program = whole.attrs["program"]
    new: dict[Node, Node] = dict(zip(program.leaves, inputs, strict=True))
    for node in program.nodes:
        if node not in new:
            scope = "/".join(filter(None, (whole.scope, node.scope)))
            sources = tuple(new[source] for source in node.inputs)
            # Shapes and dtypes are those of the program, so only a rule that looks at values need run again: whether
            # places lie inside of an axis is known as soon as they are.
            if node.op.kind == "indexing":
                with origin_of(node):
                    node.op.infer(*sources, **node.attrs)
            serial = None if serials is None else next(serials)
            new[node] = Node(node.op, sources, node.attrs, node.shape, node.dtype, scope, node.line, node.form, serial)
            if node.value is not None:  # a constant
                set_value(new[node], node.value)
    return [new[end] for end in program.ends]


def written_out(nodes: Iterable[Node]) -> dict[Node, Node]:
    """Return what stands for nodes once all calls are written out, for those for which it is another node.

    Parameters
    ----------
    nodes : iterable of Node
        Inputs before users, and all that they depend on.

    Notes
    -----
    Nodes get the serial numbers that they would have had without calls: those of a call's program lie between the call
    and what came next, and what depends on it keeps its own. A gradient so adds up in the same order, to the bit, and a
    tape knows what was computed while it was open.
    """
    new: dict[Node, Node] = {}
    for node in nodes:
        found = _whole.get(node)
        if found is None:
            inputs = tuple(new.get(source, source) for source in node.inputs)
            if node.op is CALL:
                if node not in _ends:
                    count = len(node.attrs["program"].nodes) + 1
                    _ends[node] = instantiate(node, inputs, (node.serial + k / count for k in itertools.count(1)))
                continue
            if node.op is RESULT:
                found = _ends[node.inputs[0]][node.attrs["place"]]
            elif inputs != node.inputs:
                found = Node(
                    node.op, inputs, node.attrs, node.shape, node.dtype, node.scope, node.line, node.form, node.serial
                )
            else:
                continue
            if node.value is not None and found.value is None:
                set_value(found, node.value)
            _whole[node] = found
        new[node] = found
    return new


def whole_of(node: Node) -> Node:
    """Return what `written_out` put in the place of a node, whenever that was; else the node itself."""
    return _whole.get(node, node)


def has_whole(node: Node) -> bool:
    """Return whether `written_out` has put another node in the place of one, or others in those of a call's results."""
    return node in (_ends if node.op is CALL else _whole)
