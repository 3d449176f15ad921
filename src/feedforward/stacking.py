"""Programs that differ in numbers alone are one, on values with one axis more: over the programs.

k models of one architecture, with other weights, learning rates or rates of decay, have steps that differ in the values
of variables and constants alone::

    x @ w_1 * 0.1  and  x @ w_2 * 0.2  ->  matmul_beside(x, w) * r    with w (d, u, 2) and r (2,) = [0.1, 0.2]

Of small layers the axis is the last: the same element of all models lies side by side, so that a processor's lanes
compute it for several at a time. Of large ones, which fill lanes by themselves, it is the first: products are a batch.

The bits are those of each program by itself: products are the same chains, and a sum is taken in the order in which
machine code takes it of one program (`_sum`; where terms were transposed or cut from a larger array first, it may be
another). Not here: models, and what becomes of one whose loss is not finite (``training/many.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedforward import ops
from feedforward.compiler.loops import LEAST_LANES, MOST_APART
from feedforward.graph.node import Array, Node, build, in_own_context, known, location_of, origin_of
from feedforward.graph.op import OPS
from feedforward.graph.program import Program, specialise
from feedforward.ops.shape import SLICE

__all__ = ["Axis", "Stack", "are_alike"]

_LANES = {4: 16, 8: 8}
"""By the bytes of an element: how many terms of a sum machine code takes at a time, where one follows another."""


_SMALL = 128
"""Elements of the largest matrix up to which the axis over programs is the last."""


@dataclass(frozen=True)
class Axis:
    """The axis over programs.

    Parameters
    ----------
    count : int
        k, how many there are.
    is_first : bool
        Whether it comes before all others of a value, or behind them.
    """

    count: int
    is_first: bool

    @staticmethod
    def chosen(program: Program, count: int) -> Axis:
        """Return the axis that is quicker for so many programs like one."""
        sizes = [math.prod(known(node.shape)) for node in program.variables if node.ndim > 1]
        return Axis(count, max(sizes, default=0) > _SMALL)

    @property
    def place(self) -> int:
        """Which axis it is, as NumPy counts them."""
        return 0 if self.is_first else -1

    def of(self, value: Array, number: int) -> Array:
        """Return a view of the value that one program has."""
        return value[number, ...] if self.is_first else value[..., number]

    def part(self, value: Array, numbers: slice) -> Array:
        """Return a view of the value that some programs have."""
        return value[numbers] if self.is_first else value[..., numbers]

    def shape(self, shape: Sequence[Any], one: Any = None) -> tuple[Any, ...]:
        """Return a shape, or what goes by axes as it does, with k, or something else, for this axis."""
        one = self.count if one is None else one
        return (one, *shape) if self.is_first else (*shape, one)

    def others(self, axes: Sequence[int]) -> tuple[int, ...]:
        """Return axes of a value of one program as those of a value of all."""
        return tuple([axis + self.is_first for axis in axes])

    def ahead(self, node: Node) -> Node:
        """Return a value of all with the axis before all others."""
        return node if self.is_first else ops.transpose(node, [node.ndim - 1, *range(node.ndim - 1)])

    def behind(self, node: Node) -> Node:
        """Return what has the axis before all others as a value of all: undoes `ahead`."""
        return node if self.is_first else ops.transpose(node, [*range(1, node.ndim), 0])

    def spread(self, node: Node) -> Node:
        """Return what is the same for all, once for each."""
        return ops.broadcast_to(ops.reshape(node, self.shape(node.shape, 1)), self.shape(node.shape))

    def whole(self, numbers: Node, like: Node) -> Node:
        """Return a number for each program, shape (k,), as an array like a value of all."""
        return ops.broadcast_to(ops.reshape(numbers, self.shape((1,) * (like.ndim - 1))), like.shape)


@dataclass(frozen=True, eq=False)
class Stack:
    """Programs that differ in numbers alone.

    Parameters
    ----------
    program : Program
        The first of them.
    axis : Axis
        That over all of them.
    numbers : dict of Node to array, shape (..., k) or (k, ...)
        Those constants of the first program that are not the same in all, and their values in each.
    caller : str
        What messages begin with.
    """

    program: Program
    axis: Axis
    numbers: Mapping[Node, Array]
    caller: str

    @staticmethod
    def of(programs: Sequence[Program], axis: Axis, caller: str) -> Stack:
        """Return programs as a stack.

        Parameters
        ----------
        programs : sequence of Program
            At least one.
        axis : Axis
            Over as many.
        caller : str
            What messages begin with.

        Raises
        ------
        ValueError
            If one of them differs from the first in more than numbers; says where.
        """
        first = programs[0]
        for number, program in enumerate(programs):
            where = _difference(first, program)
            if where is not None:
                raise ValueError(
                    f"{caller}: model {number} differs from model 0 in more than numbers: {where}. Give models of one "
                    f"architecture, with the same kinds of settings, whose weights, seeds and rates may differ."
                )
        rows = zip(*(_constants(program) for program in programs), strict=True)
        values = {row[0]: [node.attrs["value"].value for node in row] for row in rows}
        differing = {
            node: np.stack(each, axis.place)
            for node, each in values.items()
            if any(value.tobytes() != each[0].tobytes() for value in each)
        }
        return Stack(first, axis, differing, caller)

    @staticmethod
    def is_possible(program: Program) -> bool:
        """Return whether there is a rule for each operation of a program."""
        return all(
            node.op.kind == "state" or node.op.name in _RULES_OF_SHARED or _rule_of(node) is not None
            for node in program.nodes
        )

    @in_own_context
    def specialise(
        self,
        shapes: Sequence[tuple[int, ...]],
        has_own_rows: bool = False,
        seen: Callable[[Node], None] | None = None,
    ) -> Program:
        """Return one program for all.

        Parameters
        ----------
        shapes : sequence of tuple of int
            Those of the inputs of each program by itself.
        has_own_rows : bool
            Whether each has rows of its own: inputs are then k times as long, those of the first program first.
        seen : callable, optional
            Called with the first output of all as soon as it is built, so that what it builds of that stands before
            the rest. A product can then compute what is made of both.

        Returns
        -------
        Program
            Its variables are those of one program, then `numbers`, all with the axis, as its outputs and updates.

        Raises
        ------
        ValueError
            If an operation cannot be computed for many at a time.
        """
        axis = self.axis
        leaves = {node: ops.variable(node.shape, node.dtype, "number") for node in self.numbers}
        one = specialise(self.program, shapes, leaves)
        variables = (*one.variables, *leaves.values())
        new: dict[Node, Node] = {}
        has_axis: set[Node] = set()
        inputs: list[Node] = []
        for node in one.inputs:
            rows, *rest = known(node.shape)
            count = axis.count if has_own_rows else 1
            fed = ops.placeholder((count * rows, *rest), node.dtype, node.attrs["name"])
            inputs.append(fed)
            if has_own_rows:
                new[node] = axis.behind(ops.reshape(fed, (count, rows, *rest)))
                has_axis.add(node)
            else:
                new[node] = fed
        for node in variables:
            new[node] = ops.variable(axis.shape(node.shape), node.dtype, node.attrs["name"])
            has_axis.add(node)
        for node in one.nodes:
            if node in new:
                continue
            with origin_of(node):
                if has_axis.isdisjoint(node.inputs):
                    new[node] = build(node.op, tuple(new[source] for source in node.inputs), node.attrs)
                    continue
                of_shared = _RULES_OF_SHARED.get(node.op.name)
                if of_shared is not None and node.inputs[1] not in has_axis:
                    new[node] = of_shared(node, tuple(new[source] for source in node.inputs), axis)
                else:
                    spread = tuple(
                        new[source] if source in has_axis else axis.spread(new[source]) for source in node.inputs
                    )
                    new[node] = self._rule(node)(node, spread, axis)
                has_axis.add(node)
            if seen is not None and node is one.outputs[0]:
                seen(new[node] if node in has_axis else axis.spread(new[node]))

        def whole(node: Node) -> Node:
            return new[node] if node in has_axis else axis.spread(new[node])

        return replace(
            one,
            inputs=tuple(inputs),
            variables=tuple(new[node] for node in variables),
            outputs=tuple(whole(node) for node in one.outputs),
            updates=tuple((new[variable], whole(value)) for variable, value in one.updates),
            kept=frozenset(),
        )

    def _rule(self, node: Node) -> Rule:
        """Return by what rule an operation is computed for many at a time."""
        rule = _rule_of(node)
        if rule is None:
            of_layer = f" of layer {node.scope!r}" if node.scope else ""
            raise ValueError(
                f"{self.caller}: {node.op.name}{of_layer}{location_of(node)} cannot be computed for many models at a "
                f"time. Train such models one after another."
            )
        return rule


def are_alike(first: Program, other: Program) -> bool:
    """Return whether two programs differ in numbers alone."""
    return _difference(first, other) is None


def _constants(program: Program) -> list[Node]:
    return [node for node in program.nodes if node.op.name == "constant"]


def _difference(first: Program, other: Program) -> str | None:
    """Return where another program differs from the first in more than the values of constants; None for nowhere."""
    numbers = [{node: number for number, node in enumerate(program.nodes)} for program in (first, other)]
    for mine, theirs in zip(first.nodes, other.nodes, strict=False):
        if _form(mine, numbers[0]) != _form(theirs, numbers[1]):
            where = f" of layer {theirs.scope!r}" if theirs.scope else ""
            return f"{_called(theirs)}{where} stands where model 0 has {_called(mine)}"
    ends = [
        [[numbers[of][node] for node in part] for part in (program.variables, program.ends)]
        for of, program in enumerate((first, other))
    ]
    if len(first.nodes) != len(other.nodes) or ends[0] != ends[1]:
        return f"its step has {len(other.nodes)} operations, that of model 0 {len(first.nodes)}"
    return None


def _form(node: Node, numbers: Mapping[Node, int]) -> tuple[Any, ...]:
    """Return what nodes have in common that compute the same but for numbers."""
    attrs = {} if node.op.name == "constant" else {name: node.attrs[name] for name in node.attrs if name != "name"}
    return node.op.name, node.shape, node.dtype, attrs, [numbers[source] for source in node.inputs]


def _called(node: Node) -> str:
    return f"{node.op.name} {node.shape} {node.dtype.name}"


Rule = Callable[[Node, tuple[Node, ...], Axis], Node]
"""Returns what computes an operation for all: given its node in one program, the inputs of all, and the axis."""


def _same(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    """Operations that know no axis, or name some."""
    attrs = dict(node.attrs)
    if "axis" in attrs:
        attrs["axis"] += axis.is_first
    if "axes" in attrs:
        attrs["axes"] = axis.others(attrs["axes"])
    return build(node.op, inputs, attrs)


def _matmul(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    if axis.is_first:
        return build(node.op, inputs, node.attrs)
    *batch, rows, columns = known(node.shape)
    many = len(batch)
    swaps = node.attrs["transpose_x"], node.attrs["transpose_y"]
    sides = []
    for side, is_swapped in zip(inputs, swaps, strict=True):
        # (b, n, d, k) -> (n, d, b*k): the products of each program are beside one another, too.
        matrix = (many + 1, many) if is_swapped else (many, many + 1)
        apart = ops.transpose(side, (*matrix, *range(many), many + 2))
        sides.append(ops.reshape(apart, (*apart.shape[:2], math.prod(batch) * axis.count)))
    product = ops.reshape(ops.matmul_beside(*sides), (rows, columns, *batch, axis.count))
    return ops.transpose(product, (*range(2, many + 2), 0, 1, many + 2))


def _random(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    """Return the draws of all: each has its own seed and step."""
    return axis.behind(build(node.op, tuple(axis.ahead(key) for key in inputs), node.attrs))


def _take(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    """Return what each takes at indices of its own: one for each element that is taken."""
    (x, indices), at, shape = inputs, node.attrs["axis"], known(node.shape)
    end = at + node.inputs[1].ndim
    along = *shape[:at], math.prod(shape[at:end]), *shape[end:]
    taken = ops.take_along_axis(x, _indices_along(indices, along, at, axis), at + axis.is_first)
    return ops.reshape(taken, axis.shape(shape))


def _scatter_add(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    """Return what each adds up at indices of its own: undoes `_take`."""
    (updates, indices), at, shape = inputs, node.attrs["axis"], known(node.inputs[0].shape)
    end = at + node.inputs[1].ndim
    along = *shape[:at], math.prod(shape[at:end]), *shape[end:]
    sides = ops.reshape(updates, axis.shape(along)), _indices_along(indices, along, at, axis)
    return build(OPS["scatter_along_axis"], sides, {"axis": at + axis.is_first, "size": node.attrs["size"]})


def _indices_along(indices: Node, shape: tuple[int, ...], at: int, axis: Axis) -> Node:
    """Return indices of all, which count along one axis of values of a shape, for each element of these."""
    alone = [size if one == at else 1 for one, size in enumerate(shape)]
    return ops.broadcast_to(ops.reshape(indices, axis.shape(alone)), axis.shape(shape))


def _one_hot(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    return axis.behind(build(node.op, (axis.ahead(inputs[0]),), node.attrs))


def _broadcast_to(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    before = node.inputs[0].shape
    ones = (1,) * (node.ndim - len(before))
    return ops.broadcast_to(ops.reshape(inputs[0], axis.shape((*ones, *before))), axis.shape(node.shape))


def _transpose(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    return ops.transpose(inputs[0], axis.shape(axis.others(node.attrs["axes"]), 0 if axis.is_first else node.ndim))


def _pad(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    own = {"before": 0, "after": 0, "steps": 1}
    return build(node.op, inputs, {name: axis.shape(node.attrs[name], one) for name, one in own.items()})


def _slice(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    own = {"starts": 0, "sizes": axis.count, "steps": 1}
    return build(node.op, inputs, {name: axis.shape(node.attrs[name], one) for name, one in own.items()})


def _sum(node: Node, inputs: tuple[Node, ...], axis: Axis) -> Node:
    """Return sums in the order in which machine code adds the terms of one program.

    Where terms follow one another in memory, those in the same place of each group of lanes are added up first; what
    comes of that is folded in halves: see ``Combine`` in ``compiler/loops.py``.
    """
    (x,), axes, shape = inputs, node.attrs["axes"], known(node.inputs[0].shape)
    run, first = 1, len(shape)  # terms that follow one another: the last axes, as far as they are added up
    while first and (first - 1 in axes or shape[first - 1] == 1):
        first -= 1
        run *= shape[first]
    lanes = _LANES.get(node.dtype.itemsize, 1)
    is_in_lanes = run >= LEAST_LANES and (0 in axes or run > MOST_APART)
    is_as_ever = axis.is_first and run > MOST_APART  # then those of all are taken so by themselves
    if axis.count == 1 or node.dtype.kind != "f" or not is_in_lanes or is_as_ever or _is_picked(node.inputs[0]):
        return _same(node, inputs, axis)
    rest = -run % lanes
    terms = ops.reshape(x, axis.shape((*shape[:first], run)))
    if rest:
        terms = ops.pad(terms, axis.shape([*((0, 0) for _ in shape[:first]), (0, rest)], (0, 0)))
    groups = ops.reshape(terms, axis.shape((*shape[:first], (run + rest) // lanes, lanes)))
    total = ops.sum(groups, axis.others([*(one for one in axes if one < first), first]))
    while lanes > 1:
        lanes //= 2
        low, high = (_lanes_from(total, start, lanes, axis) for start in (0, lanes))
        total = low + high
    return ops.reshape(total, axis.shape(node.shape))


def _is_picked(node: Node) -> bool:
    """Return whether elements are picked by data, such as the logarithm of each label's probability: one by one."""
    pending = [node]
    while pending:
        node = pending.pop()
        if node.op.name == "take_along_axis":
            return True
        if node.op.kind in ("elementwise", "movement"):
            pending += node.inputs
    return False


def _lanes_from(x: Node, start: int, lanes: int, axis: Axis) -> Node:
    """Return some places of the last axis that is not that over programs."""
    starts, sizes, at = [0] * x.ndim, [*x.shape], -1 if axis.is_first else -2
    starts[at], sizes[at] = start, lanes
    return build(SLICE, (x,), {"starts": tuple(starts), "sizes": tuple(sizes), "steps": (1,) * x.ndim})


def _rule_of(node: Node) -> Rule | None:
    return _RULES.get(node.op.name, {"elementwise": _same, "random": _random}.get(node.op.kind))


_RULES: dict[str, Rule] = {
    "matmul": _matmul,
    "sum": _sum,
    "slice": _slice,
    "take": _take,
    "scatter_add": _scatter_add,
    "one_hot": _one_hot,
    "broadcast_to": _broadcast_to,
    "transpose": _transpose,
    "reshape": lambda node, inputs, axis: ops.reshape(inputs[0], axis.shape(node.shape)),
    **dict.fromkeys(("max", "min", "argmax", "flip", "concatenate", "take_along_axis", "scatter_along_axis"), _same),
}

_RULES_OF_SHARED: dict[str, Rule] = {"take": _same, "scatter_add": _same, "pad": _pad}
"""Rules for where the second input is the same for all: it stays as it is."""
