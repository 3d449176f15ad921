"""Rewrites of what is joined of parts, see ``simplify.py``, and which concatenations are written part by part.

How that is done, ``lower.py`` says. A part has code of its own, so no rewrite here makes many of few: where parts are
small, it would take longer to begin each than to choose among them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

from feedforward.graph.node import Node, build, known
from feedforward.ops.indexing import getitem
from feedforward.ops.shape import concatenate
from feedforward.ops.state import is_filled

__all__ = ["is_in_parts", "join_parts", "join_pads", "into_parts"]

_MOST_PARTS = 16
"""Sums of more terms are not looked through, and so many parts are few, however small they are."""

_LARGE = 1000
"""More elements than this are many. For parts of fewer, the time to compile their loops comes back only in thousands of
runs."""

_ROOM = 1000
"""Nodes by which `into_parts` may make a program longer, and by as many as that has. A function in a hundred parts is a
hundred nodes, and a chain of thousands of them, in a few lines of a file, must stay a program of thousands."""


def is_in_parts(node: Node) -> bool:
    """Return whether a concatenation is written part by part: one of many elements, whose parts are few or large.

    Any other is an expression with a choice: to read one element is to compute that of each part, and to choose.
    """
    return node.op.name == "concatenate" and math.prod(known(node.shape)) > _LARGE and _is_worth(len(node.inputs), node)


def _is_worth(count: int, node: Node) -> bool:
    """Return whether so many parts of a node are worth code of their own: if they are few, or large on average."""
    return count <= _MOST_PARTS or math.prod(known(node.shape)) > count * _LARGE


def join_parts(uses: Counter[Node]) -> Callable[[Node], Node]:
    """``concatenate(concatenate(x, y), z) -> concatenate(x, y, z)``, along one axis, if nothing else uses the inner.

    So no program has more parts than before: twenty times ``y = concatenate(y, y)`` would be a million of them.
    """

    def join(node: Node) -> Node:
        parts: list[Node] = []
        for source in node.inputs if node.op.name == "concatenate" else ():
            is_inner = source.op is node.op and source.attrs == node.attrs and uses[source] == 1
            parts.extend(source.inputs if is_inner else (source,))
        is_joined = len(parts) > len(node.inputs) and _is_worth(len(parts), node)
        return build(node.op, tuple(parts), node.attrs) if is_joined else node

    return join


def join_pads(node: Node) -> Node:
    """``pad(x) + pad(y) + ... -> concatenate(x + 0, y + 0, ...)``, where each element is in one of them, among zeros.

    That is the gradient of what is cut into pieces. The zero that is still added makes 0 of -0, as those around do.
    """
    if node.op.name != "add":
        return node
    parts, terms = [], [node]
    while terms:
        term = terms.pop()
        if term.op.name == "add":
            terms.extend(term.inputs)
        elif term.op.name == "pad" and is_filled(term.inputs[1], 0) and set(term.attrs["steps"]) == {1}:
            parts.append(term)
        else:
            return node
        if len(parts) + len(terms) > _MOST_PARTS:
            return node
    edges = [list(zip(part.attrs["before"], part.attrs["after"], strict=True)) for part in parts]
    axes = {axis for widths in edges for axis, width in enumerate(widths) if width != (0, 0)}
    if len(axes) != 1:
        return node
    axis = axes.pop()
    parts.sort(key=lambda part: part.attrs["before"][axis])
    starts = [*(part.attrs["before"][axis] for part in parts), known(node.shape)[axis]]
    ends = accumulate((known(part.inputs[0].shape)[axis] for part in parts), initial=0)
    return concatenate([part.inputs[0] + 0 for part in parts], axis) if starts == [*ends] else node


def into_parts(uses: Counter[Node]) -> Callable[[Node], Node]:
    """``f(concatenate(x, y), z) -> concatenate(f(x, z[..]), f(y, z[..]))``, f of each element, if nothing else uses it.

    So what computes the parts goes on with them, where else all of them would be written, and read again.
    """
    room = len(uses) + _ROOM

    def move(node: Node) -> Node:
        nonlocal room
        joined = next((one for one in node.inputs if uses[one] == 1 and is_in_parts(one)), None)
        made = len(joined.inputs) * len(node.inputs) if joined else 0
        if node.op.kind != "elementwise" or joined is None or made > room:
            return node
        room -= made
        axis, start, parts = joined.attrs["axis"], 0, []
        for part in joined.inputs:
            end = start + known(part.shape)[axis]
            place = (*[slice(None)] * axis, slice(start, end))
            inputs = [part if one is joined else getitem(one, place) for one in node.inputs]
            parts.append(build(node.op, tuple(inputs), node.attrs))
            start = end
        return concatenate(parts, axis)

    return move
