"""Numbers written in a program become values fed to its code: a new dropout rate or momentum makes no new code.

``0.9 * x -> number * x``, and the value 0.9 beside it. What is computed from numbers alone (``1.0 - 0.9``) is one
number, computed ahead as `fold` computes it, so that no bit changes. A number stays in the program where a rule of the
compiler or of LLVM's knows it: 0 and 1; the exponents 1/2, 2 and 3; a divisor of 2 or 1/2; integers, but for the key of
a random draw, since dividing or indexing by a known one is quicker. So a rate that leaves 0 makes code once more.

Also here: the key that programs have in common which the same code computes. No name, layer or source line is in it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from feedforward import ops
from feedforward.compiler.simplify import folded, is_foldable
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Array, Literal, Node, origin_of
from feedforward.graph.program import Program, specialise

__all__ = ["Lifted", "lift"]

_KNOWN: dict[str, tuple[float, ...]] = {"power": (0.5, 2.0, 3.0), "divide": (0.5, 2.0)}
"""They and their negatives stay in the program where they are the second operand of these operations: LLVM leaves out
the parts of a power that are not needed, and multiplies in place of a division. As few as may be, since a slider that
comes across one makes code again; so a divisor of 4 is fed."""


@dataclass(frozen=True, eq=False)
class Lifted:
    """A program whose numbers are fed.

    Parameters
    ----------
    program : Program
        As it was written.
    numbers : dict of Node to array
        The nodes whose value is fed, in the order in which that happens: behind the variables.
    known : dict of Node to array
        Nodes computed from numbers alone whose value is one that rules know.
    key : hashable
        What two programs have in common exactly when the same code computes them, but for the shapes of the inputs.
    """

    program: Program
    numbers: Mapping[Node, Array]
    known: Mapping[Node, Array]
    key: Hashable

    def specialise(self, shapes: tuple[tuple[int, ...], ...]) -> Program:
        """Return the program for inputs of these shapes, with variables in place of its numbers."""
        leaves = {}
        for node, value in self.numbers.items():
            with origin_of(node):
                leaves[node] = ops.variable(value.shape, value.dtype, "number")
        constants = {node: ops.constant(value) for node, value in self.known.items()}
        special = specialise(self.program, shapes, leaves | constants)
        return replace(special, variables=(*special.variables, *leaves.values()), numbers=len(leaves))


def lift(program: Program) -> Lifted:
    """Return a program with its numbers apart."""
    values: dict[Node, Array] = {}  # of constants, and of what is computed from them alone
    keys: set[Node] = set()
    second: dict[Node, set[str]] = {}  # constants by the operations that they are the second operand of
    for node in program.nodes:
        if node.op.name == "constant":
            values[node] = node.attrs["value"].value
        elif node.inputs and all(source in values for source in node.inputs) and _is_known(node) and is_foldable(node):
            values[node] = folded(node, [values[source] for source in node.inputs])
        elif node.op.kind == "random":
            keys.update(node.inputs)
        elif node.op.name in _KNOWN:
            operand = node.inputs[1]
            while operand.op.name in ("broadcast_to", "reshape") and operand not in values:
                operand = operand.inputs[0]
            second.setdefault(operand, set()).add(node.op.name)

    def is_number(node: Node) -> bool:
        return node in values and (node in keys or _is_fed(values[node], second.get(node, ())))

    updated = [node for pair in program.updates for node in pair]
    ends = [*program.outputs, *updated]
    leaves = {node: position for position, node in enumerate((*program.inputs, *program.variables))}
    numbers: dict[Node, int] = {}
    known: dict[Node, Array] = {}
    number_of: dict[Node, int] = {}
    lines: list[Hashable] = []
    # From the ends down, so that the order in which parts were built does not count.
    pending = [*reversed(ends)]
    while pending:
        node = pending[-1]
        if node in number_of:
            pending.pop()
            continue
        line: Hashable
        if node in leaves:
            line = leaves[node]
        elif node in values:
            value = values[node]
            if is_number(node):
                line = ("number", len(numbers), value.shape, value.dtype)
                numbers[node] = len(numbers)
            else:
                line = Literal(value)
                if node.inputs:
                    known[node] = value
        else:
            missing = [source for source in reversed(node.inputs) if source not in number_of]
            if missing:
                pending += missing
                continue
            line = (node.op.name, tuple([number_of[source] for source in node.inputs]), tuple(node.attrs.items()))
        pending.pop()
        number_of[node] = len(lines)
        lines.append(line)
    given = tuple([(leaf.shape, leaf.dtype) for leaf in leaves])
    counts = len(program.inputs), len(program.outputs), program.max_elements
    key = counts, given, tuple(lines), tuple([number_of[node] for node in ends])
    return Lifted(program, {node: values[node] for node in numbers}, known, key)


def _is_fed(value: Array, uses: Iterable[str]) -> bool:
    """Return whether a constant is fed, by its value and by what it is the second operand of."""
    if value.ndim:
        return True
    if value.dtype.kind != "f":
        return False
    size = abs(value.item())
    return math.isfinite(size) and size not in (0.0, 1.0, *(one for use in uses for one in _KNOWN[use]))


def _is_known(node: Node) -> bool:
    """Return whether neither shape nor attributes of a node hold sizes that are not known yet."""

    def is_open(value: Any) -> bool:
        return isinstance(value, Dimension) or (isinstance(value, tuple) and any(map(is_open, value)))

    return not is_open(node.shape) and not any(map(is_open, node.attrs.values()))
