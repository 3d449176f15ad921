"""A program: what a backend compiles. Inputs and variables go in, outputs and new values of variables come out.

Also here: rewriting a graph node by node (`substitute`), replacing unknown sizes by numbers (`specialise`), and the key
by which two programs with the same structure are the same program.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.call import CALL, RESULT, instantiate
from feedforward.graph.dimension import BroadcastError, Dimension, evaluate
from feedforward.graph.limits import check_elements
from feedforward.graph.node import Node, Shape, build, in_own_context, location_text, origin_of, reachable, shape_text

__all__ = ["Program", "Outline", "outline", "structure", "substitute", "specialise", "match_sizes", "fill"]


@dataclass(frozen=True, eq=False)
class Program:
    """A graph with its ends named.

    Parameters
    ----------
    inputs : tuple of Node
        Placeholders, in the order in which they are fed.
    variables : tuple of Node
        Variable nodes, in the order in which their values are kept.
    outputs : tuple of Node
        What is computed.
    updates : tuple of (Node, Node)
        A variable and the node that is its next value. All reads in a run see the old values.
    max_elements : int, optional
        Elements that a value may have, for a program that came from a file; see `check_elements`.
    numbers : int
        How many of the variables, the last ones, stand for numbers that were written in the program: no step changes
        them, and machine code is the same whatever they are; see ``compiler/lift.py``.
    kept : frozenset of int
        Which outputs a loop over batches keeps, row after row, rather than adding them up; see `row_outputs`. Set by
        `specialise`, which leaves nothing else to tell them by.
    """

    inputs: tuple[Node, ...]
    variables: tuple[Node, ...]
    outputs: tuple[Node, ...]
    updates: tuple[tuple[Node, Node], ...] = ()
    max_elements: int | None = None
    numbers: int = 0
    kept: frozenset[int] = frozenset()

    @cached_property
    def row_outputs(self) -> frozenset[int]:
        """The numbers of the outputs that have a row for each of the batch: their first size is not known yet."""
        shapes = [node.shape for node in self.outputs]
        return frozenset(number for number, shape in enumerate(shapes) if shape and isinstance(shape[0], Dimension))

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """What comes from outside: inputs, then variables."""
        return (*self.inputs, *self.variables)

    @cached_property
    def specs(self) -> tuple[tuple[Shape, np.dtype[Any]], ...]:
        """Shapes and dtypes of `leaves`."""
        return tuple((leaf.shape, leaf.dtype) for leaf in self.leaves)

    @cached_property
    def ends(self) -> tuple[Node, ...]:
        """What is computed: outputs, then new values of variables."""
        return (*self.outputs, *(value for _, value in self.updates))

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node of the program, inputs before users."""
        return reachable([*self.leaves, *self.ends])

    @cached_property
    def key(self) -> Hashable:
        """What two programs have in common exactly when they compute the same: their structure."""
        updated = [node for pair in self.updates for node in pair]
        counts = (len(self.inputs), len(self.variables), len(self.outputs), self.numbers)
        return counts, structure(self.nodes, [*self.inputs, *self.variables], [*self.outputs, *updated])


def structure(nodes: Sequence[Node], leaves: Sequence[Node], ends: Sequence[Node]) -> Hashable:
    """Return what two graphs have in common exactly when they compute the same from the same leaves.

    Parameters
    ----------
    nodes : sequence of Node
        The graph, inputs before users.
    leaves : sequence of Node
        Those whose value comes from outside: of these only shape and dtype count.
    ends : sequence of Node
        Those whose value is wanted.
    """
    number_of = {node: number for number, node in enumerate(nodes)}
    given = {leaf: number for number, leaf in enumerate(leaves)}
    return (
        tuple(
            (given[node], node.shape, node.dtype)
            if node in given
            else (node.op.name, tuple(number_of[source] for source in node.inputs), tuple(node.attrs.items()))
            for node in nodes
        ),
        tuple(number_of[node] for node in ends),
    )


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """What a graph has in common with others that compute the same from leaves of the same shapes and dtypes.

    Parameters
    ----------
    key : hashable
        That.
    leaves : list of Node
        Those whose value comes from outside, in the order that the key goes by.
    nodes : list of Node
        The others, inputs before users; calls, but not their results.
    numbers : dict of Node to int
        Where in the key each node stands.
    """

    key: Hashable
    leaves: list[Node]
    nodes: list[Node]
    numbers: dict[Node, int]

    def number(self, node: Node) -> int:
        """Return where in the key a node stands, also a result of a call that was not asked for."""
        return self.numbers[node.inputs[0]] + 1 + node.attrs["place"] if node.op is RESULT else self.numbers[node]


def outline(ends: Sequence[Node], is_leaf: Callable[[Node], bool]) -> Outline:
    """Return the outline of what some nodes depend on, in one walk: each turn of a loop asks for it.

    Parameters
    ----------
    ends : sequence of Node
        Those whose value is wanted.
    is_leaf : callable
        Tells of a node whether its value comes from outside.
    """
    numbers: dict[Node, int] = {}
    leaves: list[Node] = []
    nodes: list[Node] = []
    lines: list[Hashable] = []
    count = 0
    pending: list[Node | None] = [None]  # which stands for what the ends are the inputs of
    while pending:
        node = pending[-1]
        if node in numbers:
            pending.pop()
            continue
        line = [None if node is None else node.form]
        is_open = False
        for source in ends if node is None else node.inputs:
            number = numbers.get(source)
            if number is None and is_leaf(source):
                number = count
                count += 1
                leaves.append(source)
                lines.append((source.shape, source.dtype))
            elif number is None:
                whole = source.inputs[0] if source.op is RESULT else source
                if whole not in numbers:
                    pending.append(whole)
                    is_open = True
                    continue
                number = numbers[whole] + 1 + source.attrs["place"]
            numbers[source] = number
            line.append(number)
        if is_open:
            continue
        pending.pop()
        lines.append(tuple(line))
        if node is not None:
            numbers[node] = count
            nodes.append(node)
            count += 1 + (len(node.attrs["program"].ends) if node.op is CALL else 0)  # one for each result
    return Outline(tuple(lines), leaves, nodes, numbers)


@in_own_context
def substitute(
    program: Program,
    replacements: Mapping[Node, Node],
    sizes: Mapping[str, int] | None = None,
    is_copied: bool = False,
) -> Program:
    """Return `program` with some nodes replaced by others, unknown sizes by numbers, and calls written out.

    Parameters
    ----------
    program : Program
        What to rewrite; it stays as it is.
    replacements : mapping of Node to Node
        What to put in place of a node; whatever depends on it is built anew, with its scope and source.
    sizes : mapping of str to int, optional
        A number for each unknown size; rules of shape run again.
    is_copied : bool
        Whether every node is built anew, so that whoever keeps the result keeps nothing of the program.
    """
    new: dict[Node, Node] = dict(replacements)
    results: dict[Node, list[Node]] = {}
    for node in program.nodes:
        if node in new:
            continue
        if node.op is RESULT:
            new[node] = results[node.inputs[0]][node.attrs["place"]]
            continue
        inputs = tuple(new[source] for source in node.inputs)
        if node.op is CALL:
            new[node], results[node] = node, instantiate(node, inputs)
            continue
        with origin_of(node):
            attrs = node.attrs if sizes is None else fill(node.attrs, sizes)
            is_kept = inputs == node.inputs and attrs is node.attrs and not is_copied
            new[node] = node if is_kept else build(node.op, inputs, attrs)
    return Program(
        tuple(new[node] for node in program.inputs),
        tuple(new[node] for node in program.variables),
        tuple(new[node] for node in program.outputs),
        tuple((new[variable], new[value]) for variable, value in program.updates),
        program.max_elements,
        program.numbers,
    )


def specialise(
    program: Program, shapes: Sequence[tuple[int, ...]], replacements: Mapping[Node, Node] | None = None
) -> Program:
    """Return `program` for inputs of the shapes given, without unknown sizes.

    With `replacements` it is a copy, which shares no node with `program`, and has some nodes replaced by others.

    Raises
    ------
    ShapeError
        If an input's shape is not the one declared, or two inputs disagree on a size they share.
    LimitError
        If the program came from a file and asks for more than it may.
    """
    special = _with_sizes(program, shapes, replacements)
    if special.max_elements is not None:
        check_elements(special.nodes, special.max_elements, special.inputs)
    return special


def _with_sizes(
    program: Program, shapes: Sequence[tuple[int, ...]], replacements: Mapping[Node, Node] | None
) -> Program:
    sizes: dict[str, int] = {}
    owner: dict[str, str] = {}
    for node, shape in zip(program.inputs, shapes, strict=True):
        name = node.attrs["name"]
        match_sizes(name, node.shape, shape, sizes, owner)
    if not sizes and not any(isinstance(size, Dimension) for node in program.nodes for size in node.shape):
        return program if replacements is None else substitute(program, replacements, is_copied=True)
    special = substitute(program, replacements or {}, sizes, is_copied=replacements is not None)
    special = replace(special, kept=program.row_outputs)
    for node, shape in zip(special.inputs, shapes, strict=True):
        if node.shape != shape:
            raise ShapeError(
                f"input {node.attrs['name']!r} has shape {shape_text(shape)}. Expected {shape_text(node.shape)}, "
                f"as the other sizes say."
            )
    return special


def match_sizes(name: str, declared: Shape, shape: Shape, sizes: dict[str, Any], owner: dict[str, str]) -> None:
    """Enter into `sizes` what the shape of one input says of unknown sizes.

    Raises
    ------
    ShapeError
        If the shape is not the one declared, or disagrees with an input before it; `owner` tells with which.
    """
    if len(declared) != len(shape):
        raise ShapeError(
            f"input {name!r} has shape {shape_text(shape)}. Expected {shape_text(declared)}: "
            f"{len(declared)} dimensions, not {len(shape)}."
        )
    for axis, (wanted, got) in enumerate(zip(declared, shape, strict=True)):
        if isinstance(wanted, Dimension):
            key = str(wanted)
            if not key.isidentifier():
                continue
            if sizes.setdefault(key, got) != got:
                raise ShapeError(
                    f"input {name!r} has {got} along axis {axis}, but input {owner[key]!r} has {sizes[key]}. "
                    f"Give both the same number."
                )
            owner.setdefault(key, name)
        elif wanted != got:
            raise ShapeError(f"input {name!r} has shape {shape_text(shape)}. Expected {shape_text(declared)}.")


def fill(attrs: Mapping[str, Any], sizes: Mapping[str, int]) -> Mapping[str, Any]:
    """Return attributes with unknown sizes replaced; the same object when there are none.

    Raises
    ------
    ShapeError
        If an unknown has no value in `sizes`, or two sizes side by side do not fit.
    """
    try:
        filled = {key: _fill_value(value, sizes) for key, value in attrs.items()}
    except KeyError as error:
        raise ShapeError(
            f"size {error.args[0]!r} stands in no input's shape alone. Declare an input that has it."
        ) from None
    except BroadcastError as error:
        raise ShapeError(
            f"{error} cannot be broadcast together{location_text()}. They must be equal, or one of them 1: feed such "
            f"arrays, or reshape one side."
        ) from None
    return filled if any(filled[key] is not attrs[key] for key in attrs) else attrs


def _fill_value(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, Dimension):
        return evaluate(value, sizes)
    if isinstance(value, tuple):
        parts = tuple(_fill_value(part, sizes) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return value
