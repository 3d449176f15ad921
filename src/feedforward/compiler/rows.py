"""Which programs compute each row of their results from the same row of their inputs alone, wherever it stands.

Such a program may be run on any choice of rows, in blocks of any size, and each row comes out the same to the bit: no
sum goes over rows, and how a sum within a row is computed does not depend on how many rows there are.

A row of a value is what lies behind one another for one sample: of shape (4*batch, 3), as a reshape makes it of (batch,
4, 3), twelve elements. That an operation keeps rows apart is not said in its record: it follows from its rule of places
(`Op.read`), which is asked for an element of an unknown row. Not here: what is done with it (``backends/llvm.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.compiler.loops import INT, Buffer, Expr, Var, as_expr, depends, load, number, split, var
from feedforward.graph.dimension import Dimension, evaluate, unknown
from feedforward.graph.node import Node, Shape, known
from feedforward.graph.program import Program, fill

__all__ = ["keeps_rows", "maps_rows", "sizes_in", "steps_per_row"]

_ROWS = {"batch": 97}
"""So many rows the rules are asked for: any number will do, since sizes are multiples of it."""

_ROW = Var("row", _ROWS["batch"])


def maps_rows(program: Program) -> bool:
    """Return whether every row of the outputs comes from that row of the inputs, and from variables, alone.

    Parameters
    ----------
    program : Program
        Of unknown sizes: a row is a step along ``batch``, the first axis of all inputs and outputs. A program that
        updates variables, draws random numbers for rows, or has other unknown sizes is taken for one that does not.
    """
    batch = unknown("batch")
    ends = (*program.inputs, *program.outputs)
    if program.updates or not program.inputs or any(not node.shape or node.shape[0] != batch for node in ends):
        return False
    return all(keeps_rows(node) for node in program.nodes)


def steps_per_row(shape: Shape) -> int | None:
    """Return how many steps along the first axis are a row; 0 if the shape is the same for any number; else None."""
    if not any(isinstance(size, Dimension) for size in shape):
        return 0
    batch = unknown("batch")
    count = shape[0] // batch if isinstance(shape[0], Dimension) else 0
    is_rows = isinstance(count, int) and count * batch == shape[0] and all(isinstance(one, int) for one in shape[1:])
    return count if is_rows and isinstance(count, int) else None


def keeps_rows(node: Node) -> bool:
    """Return whether a row of a node comes from that row of its inputs alone; one without rows, from none at all."""
    steps = steps_per_row(node.shape)
    sources = [steps_per_row(source.shape) for source in node.inputs]
    if steps is None or None in sources or not all(steps_per_row((one,)) is not None for one in sizes_in(node.attrs)):
        return False
    op = node.op
    if not steps:
        return not any(sources) and not any(sizes_in(node.attrs))
    if op.kind in ("state", "elementwise"):
        return True
    if op.kind == "contraction":
        # Of one matrix the rows are those of its left side; of many, each row has its own.
        return node.ndim > 2 or not (sources[1] or node.attrs["transpose_x"])
    if op.read is not None or op.scatter is not None:
        return _has_own_places(node, steps)
    return op.kind == "reduce" and 0 not in node.attrs.get("axes", (node.attrs.get("axis"),))


def sizes_in(attrs: Mapping[str, Any]) -> Iterator[Dimension]:
    """Yield the sizes in attributes that are not known yet."""
    for value in attrs.values():
        parts = value if isinstance(value, tuple) else (value,)
        while any(isinstance(part, tuple) for part in parts):
            parts = tuple(one for part in parts for one in (part if isinstance(part, tuple) else (part,)))
        yield from (part for part in parts if isinstance(part, Dimension))


@dataclass
class _Source:
    """An input of a node as the rule of places in its record sees it: it notes whether a row reads another."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    steps: int
    has_strayed: bool = False

    def __getitem__(self, index: Sequence[Expr | int]) -> Expr:
        at = [as_expr(one, INT) for one in index]
        if self.steps:
            row, at[0] = split(at[0], self.steps)
            self.has_strayed |= row != var(_ROW)
        self.has_strayed |= any(depends(one, _ROW) for one in at)
        # An element of this row, without a trace of where: so an index that is made of it counts for no row's own.
        return load(Buffer("x", math.prod(self.shape), self.dtype), number(0))


def _has_own_places(node: Node, steps: int) -> bool:
    """Return whether a rule of places stays, for an element of some row, in that row, and is the same for each."""
    op, attrs = node.op, fill(node.attrs, _ROWS)
    sources = [_Source(_known(one.shape), one.dtype, steps_per_row(one.shape) or 0) for one in node.inputs]
    result = _Source(_known(node.shape), node.dtype, steps)
    if any(0 in one.shape for one in (result, *sources)):
        return False
    start = result if op.scatter is None else sources[0]  # whose places the rule begins with
    index = [var(Var(f"i{axis}", size)) for axis, size in enumerate((start.steps, *start.shape[1:]))]
    index[0] += var(_ROW) * start.steps
    if op.scatter is not None:
        value = result[op.scatter(tuple(index), *sources, **attrs)]
    elif op.read is not None:
        sizes = op.reduce.over(*sources, **attrs) if op.reduce is not None and op.reduce.over is not None else ()
        index += [var(Var(f"o{place}", size)) for place, size in enumerate(sizes)]
        value = as_expr(op.read(tuple(index), *sources, **attrs), node.dtype)
    return not depends(value, _ROW) and not any(one.has_strayed for one in (result, *sources))


def _known(shape: Shape) -> tuple[int, ...]:
    return known(tuple(evaluate(size, _ROWS) for size in shape))
