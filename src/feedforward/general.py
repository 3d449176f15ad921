"""Programs that differ in a number of rows alone are one program, of an unknown number of rows.

Whoever calls a layer on tensors, or writes a loop of his own, builds a graph for each number of rows::

    x (32, 6) @ w (6, 3)  and  x (17, 6) @ w (6, 3)  ->  x (batch, 6) @ w (6, 3)

Two such programs show which sizes are rows. A third number is asked whether the program that was found is, for it, the
same node by node; so whoever is right about two numbers and wrong about a third gets code of his own. What is done with
a program of any number of rows stands in ``backends/blocks.py``. Not here: when programs are looked for
(``execution.py``, ``function.py``).
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedforward import ops
from feedforward.backends.backend import Backend
from feedforward.backends.chain import Runnable
from feedforward.backends.interpreter import Interpreter
from feedforward.compiler.rows import sizes_in
from feedforward.errors import GraphError
from feedforward.forks import fork_safe_lock
from feedforward.graph.dimension import evaluate, unknown
from feedforward.graph.node import Array, Literal, Node, build, in_own_context, known, origin_of, set_value
from feedforward.graph.program import Program, fill

__all__ = ["General", "compiled", "generalise", "outer_form"]

_MOST_FORMS, _MOST_OF_A_FORM = 256, 8
"""How many forms of programs are remembered, the last used, and how many programs of a form that differ in more."""


_LEAVES = ("placeholder", "variable")


@dataclass(frozen=True, eq=False)
class General:
    """A program for any number of rows.

    Parameters
    ----------
    program : Program
        Its inputs are those that have rows; the others follow its variables.
    nodes : tuple of Node
        For each node of a program that it was made of, what stands for it.
    has_rows : tuple of bool
        For each input of these, whether it has rows.
    """

    program: Program
    nodes: tuple[Node, ...]
    has_rows: tuple[bool, ...]

    @cached_property
    def _growing(self) -> frozenset[Node]:
        """The nodes in whose shape or attributes the number of rows stands."""
        return frozenset(node for node in self.nodes if any(sizes_in({"shape": node.shape, **node.attrs})))

    def is_for(self, program: Program) -> bool:
        """Return whether a program of the same form is this one for some number of rows."""
        sizes = {"batch": known(program.inputs[self.has_rows.index(True)].shape)[0]}
        for own, node in zip(self.nodes, program.nodes, strict=True):
            shape, attrs = own.shape, own.attrs
            if own.op.name == "size":
                attrs = {"value": Literal(np.asarray(evaluate(attrs["size"], sizes), own.dtype))}
            elif own in self._growing:
                shape, attrs = tuple([evaluate(size, sizes) for size in shape]), fill(attrs, sizes)
            if shape != node.shape or (attrs != node.attrs and node.op.name not in _LEAVES):
                return False
        return True

    @in_own_context
    def for_inputs(self, nodes: Sequence[Node]) -> Program | None:
        """Return the program for some number of rows, with inputs like these; None if it is for no such inputs."""
        rows = {node.shape[:1] for node, has in zip(nodes, self.has_rows, strict=True) if has}
        if len(rows) != 1 or rows <= {(0,), (1,)}:  # an axis of one row may be broadcast
            return None
        sizes = {"batch": known(rows.pop())[0]}
        new: dict[Node, Node] = {}
        for node in self.program.nodes:
            new[node] = self._for_number(node, tuple([new[source] for source in node.inputs]), sizes)
        variables = [new[node] for node in self.program.variables]
        rest = len(variables) - self.has_rows.count(False)
        with_rows, others = iter([new[node] for node in self.program.inputs]), iter(variables[rest:])
        inputs = tuple([next(with_rows if has else others) for has in self.has_rows])
        if any(one.shape != node.shape for one, node in zip(inputs, nodes, strict=True)):
            return None
        outputs = tuple([new[node] for node in self.program.outputs])
        updates = tuple([(new[variable], new[value]) for variable, value in self.program.updates])
        return Program(inputs, tuple(variables[:rest]), outputs, updates)

    def _for_number(self, node: Node, sources: tuple[Node, ...], sizes: dict[str, int]) -> Node:
        """Return a node for some number of rows: in a third of the time of `build`, whose rules it came from."""
        if node.op.name == "size":
            with origin_of(node):
                return ops.constant(evaluate(node.attrs["size"], sizes), node.dtype)
        if node.op.kind == "indexing":  # whose rule looks at places
            with origin_of(node):
                return build(node.op, sources, fill(node.attrs, sizes))
        shape, attrs, form = node.shape, node.attrs, node.form
        if node in self._growing:
            shape, attrs, form = tuple([evaluate(size, sizes) for size in shape]), fill(attrs, sizes), None
        made = Node(node.op, sources, attrs, shape, node.dtype, node.scope, node.line, form)
        if node.value is not None:
            set_value(made, node.value)
        return made


class _NotAlikeError(Exception):
    """Two programs differ in more than their number of rows."""


@in_own_context
def generalise(first: Program, second: Program) -> General | None:
    """Return the program that two are for their numbers of rows; None where they differ in more.

    Rows are the sizes of the first axes of inputs, where the two differ: the same two numbers in all of them. A size
    within is a multiple of rows where it is the same multiple in both, and so is a constant.
    """
    if outer_form(first) != outer_form(second):  # for one row nothing may have to be broadcast
        return None
    pairs = [
        (known(one.shape)[0], known(other.shape)[0])
        for one, other in zip(first.inputs, second.inputs, strict=True)
        if one.shape
    ]
    rows = {pair for pair in pairs if pair[0] != pair[1]}
    if len(rows) != 1 or 0 in (both := next(iter(rows))):
        return None
    new: dict[Node, Node] = {}
    beside: dict[Node, Node] = {}
    try:
        for node, other in zip(first.nodes, second.nodes, strict=True):
            # Code that looks at sizes, as broadcasting does at 1, may have made another graph of as many nodes.
            if node.op is not other.op or tuple([beside[source] for source in node.inputs]) != other.inputs:
                return None
            beside[node] = other
            with origin_of(node):
                new[node] = _common_node(node, other, new, both)
    except (_NotAlikeError, GraphError, ValueError, TypeError):  # or it cannot be built for an unknown number
        return None
    has_rows = tuple(one.shape != other.shape for one, other in zip(first.inputs, second.inputs, strict=True))
    given = tuple(zip(first.inputs, has_rows, strict=True))
    others = [new[node] for node, has in given if not has]
    program = Program(
        tuple(new[node] for node, has in given if has),
        (*(new[node] for node in first.variables), *others),
        tuple(new[node] for node in first.outputs),
        tuple((new[variable], new[value]) for variable, value in first.updates),
    )
    return General(program, tuple(new.values()), has_rows)


def _common_node(one: Node, other: Node, new: dict[Node, Node], rows: tuple[int, int]) -> Node:
    """Return the node that two are for their numbers of rows."""
    shape = _common(one.shape, other.shape, rows)
    if one.op.name in _LEAVES:
        make = ops.variable if one.shape == other.shape else ops.placeholder
        return make(shape, one.dtype, one.attrs["name"])
    if one.op.name == "constant":
        if one.attrs == other.attrs:
            return build(one.op, (), one.attrs)  # anew, so that nodes stay in their order
        numbers = [node.attrs["value"].value.item() for node in (one, other) if node.shape == ()]
        if not (numbers and all(float(number).is_integer() for number in numbers)):
            raise _NotAlikeError
        return ops.size(_common(int(numbers[0]), int(numbers[1]), rows), one.dtype)  # as in a mean
    if one.attrs.keys() != other.attrs.keys():
        raise _NotAlikeError
    attrs = {name: _common(value, other.attrs[name], rows) for name, value in one.attrs.items()}
    node = build(one.op, tuple(new[source] for source in one.inputs), attrs)
    if node.shape != shape:
        raise _NotAlikeError
    return node


def _common(one: Any, other: Any, rows: tuple[int, int]) -> Any:
    """Return a size, an attribute or a tuple of them that two are for their numbers of rows."""
    if type(one) is tuple and type(other) is tuple and len(one) == len(other):
        return tuple([_common(*pair, rows) for pair in zip(one, other, strict=True)])
    if one == other:
        return one
    if type(one) is int and type(other) is int and one % rows[0] == 0 and one // rows[0] * rows[1] == other:
        return unknown("batch") * (one // rows[0])
    raise _NotAlikeError


def outer_form(program: Program) -> Hashable:
    """Return what programs have in common that may differ in their number of rows alone; more do."""
    number_of = {node: number for number, node in enumerate(program.nodes)}
    given = {leaf: number for number, leaf in enumerate(program.leaves)}
    lines = [
        (given[node], node.dtype, node.ndim, node.shape[1:])
        if node in given
        else (node.op.name, node.dtype, *[number_of[source] for source in node.inputs])
        for node in program.nodes
    ]
    ends = [number_of[node] for pair in program.updates for node in pair]
    return len(program.inputs), tuple(lines), tuple([*(number_of[node] for node in program.outputs), *ends])


class _ForRows:
    """What runs a program by one for any number of rows."""

    def __init__(self, general: General, executable: Runnable) -> None:
        self.general, self.executable = general, executable

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        rows: list[Array] = []
        others = [*variables]
        for array, has_rows in zip(inputs, self.general.has_rows, strict=True):
            (rows if has_rows else others).append(array)
        outputs, after = self.executable.run(rows, others)
        return outputs, after[: len(variables)]


_forms: OrderedDict[Hashable, list[weakref.ref[Program | _ForRows]]] = OrderedDict()
"""By backend and form, the programs for one number of rows alone, and those for any; as long as somebody runs them."""

_lock = fork_safe_lock()


def compiled(chosen: Backend, program: Program) -> Runnable:
    """Return what runs a program; where one is in use that differs in its number of rows alone, by code for any.

    Parameters
    ----------
    chosen : Backend
        Which compiles it.
    program : Program
        Without unknown sizes.
    """
    if isinstance(chosen, Interpreter):  # which makes no code
        return chosen.compile(program)
    key = chosen, outer_form(program)
    with _lock:
        seen = _forms.setdefault(key, [])
        _forms.move_to_end(key)
        while len(_forms) > _MOST_FORMS:
            _forms.popitem(last=False)
        for place, reference in enumerate(seen):
            found = reference()
            general = generalise(found, program) if isinstance(found, Program) else None
            if general is not None:
                found = _ForRows(general, chosen.compile(general.program))
                seen[place] = weakref.ref(found)
            if isinstance(found, _ForRows) and found.general.is_for(program):
                return found
        seen[:] = [*[one for one in seen if one() is not None][1 - _MOST_OF_A_FORM :], weakref.ref(program)]
    return chosen.compile(program)
