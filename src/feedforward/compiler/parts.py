"""Rewrites of what is joined of parts: see ``simplify.py``. How a concatenation is written, ``lower.py`` says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np

from feedforward.graph.node import Node, build, known
from feedforward.ops.indexing import getitem
from feedforward.ops.shape import concatenate

__all__ = ["join_parts", "join_pads", "into_parts", "is_filled"]

_MOST_PARTS = 16
"""Sums of more terms are not looked through."""

_LARGE = 1000
"""What has more elements than this is written part by part."""


def join_parts(node: Node) -> Node:
    """``concatenate(concatenate(x, y), z) -> concatenate(x, y, z)``, along one axis."""
    if node.op.name != "concatenate":
        return node
    parts: list[Node] = []
    for source in node.inputs:
        is_same = source.op is node.op and source.attrs == node.attrs
        parts.extend(source.inputs if is_same else (source,))
    return build(node.op, tuple(parts), node.attrs) if len(parts) > len(node.inputs) else node


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
    axis, end = axes.pop(), 0
    parts.sort(key=lambda part: part.attrs["before"][axis])
    for part in parts:
        if part.attrs["before"][axis] != end:
            return node
        end += known(part.inputs[0].shape)[axis]
    return concatenate([part.inputs[0] + 0 for part in parts], axis) if end == known(node.shape)[axis] else node


def into_parts(uses: Counter[Node]) -> Callable[[Node], Node]:
    """``f(concatenate(x, y), z) -> concatenate(f(x, z[..]), f(y, z[..]))``, f of each element, if nothing else uses it.

    So what computes the parts goes on with them, where else all of them would be written, and read again.
    """

    def move(node: Node) -> Node:
        if node.op.kind != "elementwise" or math.prod(known(node.shape)) <= _LARGE:
            return node
        joined = next((one for one in node.inputs if one.op.name == "concatenate" and uses[one] == 1), None)
        if joined is None:
            return node
        axis, start, parts = joined.attrs["axis"], 0, []
        for part in joined.inputs:
            end = start + known(part.shape)[axis]
            place = (*[slice(None)] * axis, slice(start, end))
            inputs = [part if one is joined else getitem(one, place) for one in node.inputs]
            parts.append(build(node.op, tuple(inputs), node.attrs))
            start = end
        return concatenate(parts, axis)

    return move


def is_filled(node: Node, value: float) -> bool:
    """Return whether every element of a node is known to be `value`, and not -0."""
    while node.op.name in ("broadcast_to", "reshape"):
        node = node.inputs[0]
    if node.op.name != "constant" or not node.attrs["value"].value.size:
        return False
    array = node.attrs["value"].value
    return bool((array == value).all()) and not (value == 0 and array.dtype.kind == "f" and np.signbit(array).any())
