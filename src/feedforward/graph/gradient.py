"""Reverse mode: the gradient of a graph is a graph.

One walk over the nodes between the inputs and the output, users before inputs, asks each operation's record for the
gradient of its inputs, written in operations. So a gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.call import CALL, whole_of, written_out
from feedforward.graph.node import Node, in_own_context, origin_of, reachable, shape_text
from feedforward.graph.operators import function

__all__ = ["gradient", "zeros_like"]


@in_own_context
def gradient(
    output: Node,
    inputs: Sequence[Node],
    output_gradient: Node | None = None,
    is_recorded: Callable[[Node], bool] | None = None,
) -> list[Node | None]:
    """Return the gradient of a scalar with respect to each of `inputs`.

    Parameters
    ----------
    output : float node, shape ()
        What to differentiate; any shape when `output_gradient` is given.
    inputs : sequence of Node
        With respect to what.
    output_gradient : Node, optional
        The gradient of something further on with respect to `output`, of its shape; 1 by default.
    is_recorded : callable, optional
        Which nodes the walk may pass through; by default all.

    Returns
    -------
    list of Node or None
        A node of each input's shape; None where `output` does not depend on the input.

    Raises
    ------
    ShapeError
        If `output` is no scalar and `output_gradient` is missing or of another shape.
    DtypeError
        If `output` is not a float.

    Notes
    -----
    Takes one visit per node and no recursion. A node used twice adds up what comes from both uses.

    References
    ----------
    Baydin et al., "Automatic differentiation in machine learning: a survey", 2018, section 3.2.
    """
    if output.dtype.kind != "f":
        raise DtypeError(
            f"gradient: the output is {output.dtype.name}. Only a float can be differentiated; cast it before the loss."
        )
    if output_gradient is None:
        if output.shape != ():
            raise ShapeError(
                f"gradient: the output has shape {shape_text(output.shape)}. A scalar was expected: "
                f"take its sum() or mean(), or give output_gradient."
            )
        output_gradient = _ones_like(output)
    elif output_gradient.shape != output.shape:
        raise ShapeError(
            f"gradient: output_gradient has shape {shape_text(output_gradient.shape)}, the output "
            f"{shape_text(output.shape)}. Give it the output's shape."
        )

    nodes = reachable([output])
    if any(node.op is CALL for node in nodes):
        written_out(nodes)
    # Also without a call here: an output that is itself a gradient depends on what was written out for that alone.
    output = whole_of(output)
    inputs = [whole_of(node) for node in inputs]
    path = _between(inputs, output, is_recorded)
    gradients: dict[Node, Node] = {output: output_gradient}
    wanted = set(inputs)
    found: dict[Node, Node] = {}
    for node in reversed(path):
        g = gradients.pop(node, None)
        if g is None:
            continue
        if node in wanted:
            found[node] = g
        if node.op.gradient is None or (is_recorded is not None and not is_recorded(node)):
            continue
        with origin_of(node):
            for source, part in zip(node.inputs, node.op.gradient(node, g), strict=True):
                if part is not None and source in path:
                    before = gradients.get(source)
                    gradients[source] = part if before is None else before + part
    return [found.get(node) for node in inputs]


def zeros_like(node: Node) -> Node:
    """Return zeros of a node's shape and dtype: the gradient with respect to an input that is not used."""
    return _filled(node, 0)


def _ones_like(node: Node) -> Node:
    return _filled(node, 1)


def _filled(node: Node, value: int) -> Node:
    filled: Node = function("constant")(np.asarray(value, node.dtype)).broadcast_to(node.shape)
    return filled


def _between(inputs: Sequence[Node], output: Node, is_recorded: Callable[[Node], bool] | None) -> dict[Node, None]:
    """Return the float nodes that depend on an input and that the output depends on, in topological order."""
    depends = set(inputs)
    path: dict[Node, None] = {}
    for node in reachable([output], stop=None if is_recorded is None else lambda node: not is_recorded(node)):
        passes = is_recorded is None or is_recorded(node)
        if node in depends or (passes and any(source in depends for source in node.inputs)):
            if node.dtype.kind == "f":
                depends.add(node)
                path[node] = None
    return path
