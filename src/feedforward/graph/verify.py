"""The legality of a graph: what must hold of every program, after every transformation."""

from __future__ import annotations

from feedforward.errors import FormatError, GraphError
from feedforward.graph.attribute import DTYPES
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Node, Shape
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.graph.text import to_text

__all__ = ["verify"]


def verify(program: Program) -> Program:
    """Return `program` when it is legal.

    Every operation is a registered one; inputs come before their users; shapes and dtypes are those that the rules
    infer; attributes can be hashed; inputs are placeholders and variables variables, each named once; every leaf that
    needs a value is among them; an update has its variable's shape and dtype, and no variable has two.

    Raises
    ------
    GraphError
        At the first breach, with the program's text.
    """
    for node in program.nodes:
        problem = _node_problem(node)
        if problem:
            raise GraphError(f"{problem}, in\n{_text(program)}")
    problem = _program_problem(program)
    if problem:
        raise GraphError(f"{problem}, in\n{_text(program)}")
    return program


def _text(program: Program) -> str:
    """Return the text of a program that may be too broken to have one: then its nodes, a line each."""
    try:
        return to_text(program)
    except FormatError:
        return "\n".join(map(str, program.nodes))


def _node_problem(node: Node) -> str:
    if OPS.get(node.op.name) is not node.op:
        return f"operation {node.op.name!r} is not registered"
    if node.dtype.name not in DTYPES:
        return f"{node} has an unsupported dtype"
    if any(source.serial >= node.serial for source in node.inputs):
        return f"{node} comes before one of its inputs"
    if any(not isinstance(size, Dimension) and size < 0 for size in node.shape):
        return f"{node} has a negative size"
    try:
        spec = node.op.infer(*node.inputs, **node.attrs)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return f"{node} breaks the rule of its operation: {error}"
    if spec.shape != node.shape or spec.dtype != node.dtype:
        return f"{node} should have shape {spec.shape} and dtype {spec.dtype.name}"
    try:
        hash(tuple(node.attrs.items()))
    except TypeError:
        return f"{node} has an attribute that cannot be hashed: {dict(node.attrs)}"
    return ""


def _program_problem(program: Program) -> str:
    leaves = {"placeholder": program.inputs, "variable": program.variables}
    for name, nodes in leaves.items():
        if any(node.op.name != name for node in nodes):
            return f"one of the {name}s is something else"
        if len(set(nodes)) < len(nodes):
            return f"a {name} is listed twice"
        unlisted = [node for node in program.nodes if node.op.name == name and node not in set(nodes)]
        if unlisted:
            return f"{name} {unlisted[0].attrs['name']!r} is used but not listed"
    updated = [variable for variable, _ in program.updates]
    if len(set(updated)) < len(updated) or not set(updated) <= set(program.variables):
        return "a variable is updated twice, or is not one of the program's"
    for variable, value in program.updates:
        if variable.dtype != value.dtype or not _compatible(variable.shape, value.shape):
            return f"{value} cannot become the value of {variable}"
    return ""


def _compatible(a: Shape, b: Shape) -> bool:
    return len(a) == len(b) and all(
        isinstance(m, Dimension) or isinstance(n, Dimension) or m == n for m, n in zip(a, b, strict=True)
    )
