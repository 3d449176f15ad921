"""Which matrices of products are read where their elements lie, rather than copied into rows first.

The windows of an image are the rows of a convolution's left side (im2col), k * k times as large as the image. But where
an element lies is a sum, of a part that goes by its row and a part that goes by its column::

    matrix[row, column]  =  image[of_row(row) + of_column(column)]

So the product finds it: `of_row` once for each row of a tile, `of_column` once for each run of turns of its inner loop.
This holds of windows, their transposes, slices and reshapes alike; not of a border (which reads no element), which is
why a padded image is stored, and its windows are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedforward.compiler.loops import (
    INT,
    Buffer,
    Expr,
    Var,
    add,
    as_expr,
    flat,
    linear_terms,
    load,
    number,
    scale,
    var,
    walk,
)
from feedforward.graph.node import Node, known
from feedforward.graph.program import Program
from feedforward.ops.axes import index_of

__all__ = ["Seen", "moved", "seen_operands"]

_LEAST_RUN = 16
"""Fewer turns are multiplied sooner than it is found out for each tile whether they see a border."""

_MOST_MOVED = 16
"""So many movements in one another are looked through."""


@dataclass(frozen=True)
class Seen:
    """A matrix as a view of the elements of another node.

    Parameters
    ----------
    source : Node
        Which has a buffer.
    row, column : Var
        The place of an element in the matrix.
    of_row, of_column : Expr
        Where it lies in the source: the sum of both, each of which goes by one variable.
    inside : (Expr, Expr), optional
        By the row, from which column on, and before which, there is more than a border of zeros.
    """

    source: Node
    row: Var
    column: Var
    of_row: Expr
    of_column: Expr
    inside: tuple[Expr, Expr] | None = None

    @property
    def is_matrix(self) -> bool:
        """Whether the elements lie row by row without gaps, as they are wanted."""
        return self.of_row == scale(var(self.row), self.column.size) and self.of_column == var(self.column)


def seen_operands(program: Program) -> dict[Node, Seen]:
    """Return the operands of products that need no buffer of their own, and how each is seen.

    The left side of a single product may be any view; another side one that lies as a matrix.
    """
    ends = {*program.outputs, *(value for _, value in program.updates)}
    found: dict[Node, Seen] = {}
    plain: set[Node] = set()
    for node in program.nodes:
        if node.op.kind != "contraction":
            continue
        for number_of_side, side in enumerate(node.inputs):
            if side in ends or side in plain:
                continue
            view = found.get(side) or _seen(side)
            if view is not None and (view.is_matrix or (number_of_side == 0 and side.ndim == 2)):
                found[side] = view
            else:
                plain.add(side)
                found.pop(side, None)
    return found


def _seen(node: Node) -> Seen | None:
    """Return the view of the node furthest down that has the elements of a matrix, or of several behind one another."""
    shape = known(node.shape)
    if 0 in shape:
        return None
    row, column = Var("row", math.prod(shape[:-1])), Var("column", shape[-1])
    index = (*index_of(var(row), shape[:-1]), var(column))
    result: Seen | None = None
    for _ in range(_MOST_MOVED):
        below = moved(node, index)
        if below is None:
            break
        node, index = below
        parts = _parts(flat(index, known(node.shape)), row, column)
        if parts is not None:
            result = Seen(node, row, column, *parts, _inside(node, index, row, column))
    return result


def _inside(node: Node, index: Sequence[Expr], row: Var, column: Var) -> tuple[Expr, Expr] | None:
    """Return from which column on, and before which, a row of windows sees more than the border above and below.

    Where the place along an axis is ``at(row) + column // run``, that is where it is from `before` to `before + size`.
    """
    before, whole = [0] * node.ndim, known(node.shape)
    while node.op.name == "pad" and set(node.attrs["steps"]) == {1} and _is_zero(node.inputs[1]):
        before = [sum(widths) for widths in zip(before, node.attrs["before"], strict=True)]
        node = node.inputs[0]
    for first, size, total, place in zip(before, known(node.shape), whole, index, strict=True):
        at, by = _parts(place, row, column) or (None, None)
        if size < total and at is not None and by is not None and by.op == "quotient" and by.args[0] == var(column):
            run: int = by.args[1].data
            if run < _LEAST_RUN:
                return None
            return (first - at) * run, (first + size - at) * run
    return None


def _is_zero(node: Node) -> bool:
    return node.op.name == "constant" and not np.any(node.attrs["value"].value)


@dataclass
class _Asked:
    """An input of a node as its rule of indices sees it, which notes where it is read."""

    source: Node
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    asked: dict[Expr, tuple[Node, tuple[Expr, ...]]] = field(repr=False)

    def __getitem__(self, index: Sequence[Expr | int]) -> Expr:
        element = load(Buffer(f"{len(self.asked)}", 1, self.dtype), number(0))
        self.asked[element] = self.source, tuple(as_expr(at, INT) for at in index)
        return element


def moved(node: Node, index: tuple[Expr, ...]) -> tuple[Node, tuple[Expr, ...]] | None:
    """Return of which node, and where, a node has the element at an index, if it moves elements and no more."""
    op = node.op
    if op.read is None or op.reduce is not None or op.kind not in ("movement", "window") or len(node.inputs) > 2:
        return None
    asked: dict[Expr, tuple[Node, tuple[Expr, ...]]] = {}
    inputs = [_Asked(source, known(source.shape), source.dtype, asked) for source in node.inputs]
    return asked.get(op.read(index, *inputs, **node.attrs))


def _parts(index: Expr, row: Var, column: Var) -> tuple[Expr, Expr] | None:
    """Return an index as a part that goes by the row and one that goes by the column, if it is their sum."""
    parts = {row: number(0), column: number(0)}
    for factor, coefficient in linear_terms(index).items():
        uses = _variables(factor)
        if len(uses) > 1:
            return None
        by = next(iter(uses), row)
        parts[by] = add(parts[by], scale(factor, coefficient))
    return parts[row], parts[column]


def _variables(expr: Expr) -> set[Var]:
    return {part.data for part in walk([expr]) if part.op == "var"}
