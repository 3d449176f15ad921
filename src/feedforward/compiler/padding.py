"""A program that adds up over rows, run with more rows than there are: those that are none add zeros.

``sum(x) over rows -> sum(where(mask, x, 0))``, likewise both sides of a product ``x' @ y`` over rows and what a scatter
adds; ``size(batch) -> number``. Masks and numbers are fed behind the variables. So code for 64 rows computes any number
of them from 33 on, and its sums have the bits of code for that number: the zeros come last in the order of each, and to
add 0 changes no bit of a sum that began with 0. Where a sum would be cut into other parts, `Padded.fits` says no.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedforward.compiler.loops import LEAST_LANES
from feedforward.compiler.matmul import CHAIN
from feedforward.compiler.rows import keeps_rows, sizes_in, steps_per_row
from feedforward.graph.dimension import Size, evaluate, unknown
from feedforward.graph.node import Array, Node, Shape, build, in_own_context, known, origin_of
from feedforward.graph.program import Program
from feedforward.ops.comparison import where
from feedforward.ops.state import constant, variable

__all__ = ["Padded", "pad"]


@dataclass(frozen=True, eq=False)
class Padded:
    """A program that may be fed rows that are none.

    Parameters
    ----------
    program : Program
        Its last variables are the masks, then the numbers.
    masks : tuple of Node
        Variables that hold which elements belong to rows that there are.
    numbers : tuple of (Size, Node)
        Sizes that grow with the number of rows, and the variables that hold them.
    widths : frozenset of int
        How many elements of each row sums over rows add up.
    """

    program: Program
    masks: tuple[Node, ...]
    numbers: tuple[tuple[Size, Node], ...]
    widths: frozenset[int]

    def fits(self, rows: int, size: int) -> bool:
        """Return whether sums over `size` rows, of which `rows` are there, have the bits of sums over these alone."""
        is_alike = all((rows * width > CHAIN) == (size * width > CHAIN) for width in self.widths)
        return rows >= LEAST_LANES and is_alike

    def fed(self, rows: int, size: int) -> Iterator[Array]:
        """Yield the values of masks and numbers for `size` rows, of which `rows` are there."""
        for node in self.masks:
            shape, real = (
                known(tuple(evaluate(one, {"batch": count}) for one in node.shape)) for count in (size, rows)
            )
            mask = np.zeros(shape, np.bool_)
            mask[: real[0]] = True
            yield mask
        for number, node in self.numbers:
            yield np.array(evaluate(number, {"batch": rows}), node.dtype)


@in_own_context
def pad(program: Program) -> Padded | None:
    """Return a program that may be fed rows that are none; None where rows do other than being added up.

    Parameters
    ----------
    program : Program
        Of inputs whose first axis is ``batch``; no variable's shape grows with it.
    """
    batch = unknown("batch")
    if not program.inputs or any(not node.shape or node.shape[0] != batch for node in program.inputs):
        return None
    if any(steps_per_row(node.shape) is None for node in program.outputs):
        return None
    padding = _Padding()
    new: dict[Node, Node] = {}
    fed = set(program.inputs)  # and what depends on them
    for node in program.nodes:
        inputs = tuple(new[source] for source in node.inputs)
        with origin_of(node):
            if node.op.name == "size" and any(sizes_in(node.attrs)):
                new[node] = padding.number(node)
                continue
            if _adds_up_rows(node) and fed.issuperset(node.inputs[:1]):
                inputs = padding.masked(node, inputs)
            elif not keeps_rows(node) and not _draws_for_rows(node):
                return None
            new[node] = node if inputs == node.inputs else build(node.op, inputs, node.attrs)
        if not fed.isdisjoint(node.inputs):
            fed.add(node)
    special = replace(
        program,
        outputs=tuple(new[node] for node in program.outputs),
        updates=tuple((variable, new[value]) for variable, value in program.updates),
        variables=(*program.variables, *padding.masks.values(), *padding.numbers.values()),
    )
    numbers = tuple((size, node) for (size, _), node in padding.numbers.items())
    return Padded(special, tuple(padding.masks.values()), numbers, frozenset(padding.widths))


def _adds_up_rows(node: Node) -> bool:
    """Return whether a node without rows adds up over those of its inputs."""
    sources = [steps_per_row(source.shape) for source in node.inputs]
    if steps_per_row(node.shape) != 0 or None in sources or not any(sources):
        return False
    if node.op.name == "sum":
        return 0 in node.attrs["axes"]
    if node.op.kind == "contraction":
        return node.ndim == 2 and all(sources) and node.attrs["transpose_x"] and not node.attrs["transpose_y"]
    return node.op.scatter is not None and bool(sources[0])


def _draws_for_rows(node: Node) -> bool:
    """Return whether a node is random numbers, as many for each row: those of a row go by its place alone."""
    is_apart = not any(steps_per_row(source.shape) != 0 for source in node.inputs)
    return node.op.kind == "random" and node.op.is_native and bool(steps_per_row(node.shape)) and is_apart


class _Padding:
    """The masks and numbers of a program, and the widths of its sums, as they are found."""

    def __init__(self) -> None:
        self.masks: dict[Shape, Node] = {}
        self.numbers: dict[tuple[Size, np.dtype[Any]], Node] = {}
        self.widths: set[int] = set()

    def number(self, node: Node) -> Node:
        """Return what holds a size."""
        key = node.attrs["size"], node.dtype
        return self.numbers.setdefault(key, variable((), node.dtype, "number"))

    def masked(self, node: Node, inputs: tuple[Node, ...]) -> tuple[Node, ...]:
        """Return the inputs of a node that adds up over rows, with zeros for those that are none."""
        counts = known((steps_per_row(inputs[0].shape) or 0, *inputs[0].shape[1:]))
        self.widths.add(math.prod(counts[axis] for axis in node.attrs.get("axes", (0,))))
        count = 2 if node.op.kind == "contraction" else 1  # 0 times what is infinite would not be 0
        return (*map(self._mask, inputs[:count]), *inputs[count:])

    def _mask(self, node: Node) -> Node:
        mask = self.masks.setdefault(node.shape, variable(node.shape, "bool", "mask"))
        return where(mask, node, constant(0, node.dtype))
