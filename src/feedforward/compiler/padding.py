"""A program that adds up over rows, run with more rows than there are: those that are none add zeros.

``sum(x) over rows -> sum(where(mask, x, 0))``, and ``size(batch) -> number``: masks and numbers are fed beside the
variables. So code for 64 rows computes any number from 33 on, and its sums have the bits of code for that number: the
zeros come last in the order of each sum, and adding 0 changes no bit of a sum that began with 0. Where a sum would be
cut into other parts, `Padded.fits` says no.
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
from feedforward.graph.node import Array, Node, build, in_own_context, known, origin_of
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
        Of inputs whose first axis is ``batch``; it updates no variables.
    """
    batch = unknown("batch")
    if (
        program.updates
        or not program.inputs
        or any(not node.shape or node.shape[0] != batch for node in program.inputs)
    ):
        return None
    masks: dict[object, Node] = {}
    numbers: dict[tuple[Size, np.dtype[Any]], Node] = {}
    widths: set[int] = set()
    new: dict[Node, Node] = {}
    for node in program.nodes:
        inputs = tuple(new[source] for source in node.inputs)
        with origin_of(node):
            if node.op.name == "size" and any(sizes_in(node.attrs)):
                key = node.attrs["size"], node.dtype
                new[node] = numbers.setdefault(key, variable((), node.dtype, "number"))
                continue
            if node.op.name == "sum" and 0 in node.attrs["axes"] and steps_per_row(inputs[0].shape):
                source = inputs[0]
                mask = masks.setdefault(source.shape, variable(source.shape, "bool", "mask"))
                inputs = (where(mask, source, constant(0, source.dtype)),)
                counts = known((steps_per_row(source.shape) or 0, *source.shape[1:]))
                widths.add(math.prod(counts[axis] for axis in node.attrs["axes"]))
            elif not keeps_rows(node):
                return None
            new[node] = node if inputs == node.inputs else build(node.op, inputs, node.attrs)
    if any(steps_per_row(node.shape) != 0 for node in program.outputs):
        return None
    special = replace(
        program,
        outputs=tuple(new[node] for node in program.outputs),
        variables=(*program.variables, *masks.values(), *numbers.values()),
    )
    return Padded(
        special, tuple(masks.values()), tuple((size, node) for (size, _), node in numbers.items()), frozenset(widths)
    )
