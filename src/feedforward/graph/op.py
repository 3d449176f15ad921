"""The record of an operation: all that graph, gradient, backends and tests know of it, in one place.

A record is made where the operation is defined (``feedforward.ops``) and found by name here. Outside that block it is
known by its builder function; only leaves, rewrites of graphs and the compiler's loops go by the name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from feedforward.errors import GraphError
from feedforward.graph.attribute import AttributeType
from feedforward.graph.node import Array, Node, Spec

__all__ = ["Kind", "Domain", "Sample", "Invalid", "Reduction", "Op", "OPS", "define"]

Kind = Literal["elementwise", "reduce", "movement", "contraction", "indexing", "window", "random", "state", "call"]
"""How a compiler may treat an operation.

``elementwise``: each output element from the elements of the inputs at the same index. ``reduce``: over axes.
``movement``: only the indices of elements change. ``contraction``: the product of matrices. ``indexing``: positions
from data. ``window``: overlapping views. ``random``: from a seed and a counter. ``state``: leaves, whose value comes
from outside. ``call``: what stands for a program, and is written out before a compiler sees it.
"""


@dataclass(frozen=True)
class Domain:
    """The values from which a test draws one input of an operation.

    Parameters
    ----------
    shape : tuple of int
        The input's shape.
    low, high : float
        Bounds; integers are drawn from low to high - 1.
    dtype : str
        ``"float"`` stands for float32 and float64 alike.
    distinct : bool
        No two values may be closer than 0.05: for rules with ties.
    avoid : tuple of float
        Kinks and steps: no value may be closer than 0.05 to one of these, nor to a whole number when it holds ``nan``.
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    dtype: str = "float"
    distinct: bool = False
    avoid: tuple[float, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One row of an operation's tests: its inputs and attributes."""

    inputs: tuple[Domain, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Invalid:
    """A wrong use and the message it must give.

    Parameters
    ----------
    build : callable
        Makes the mistake.
    message : str
        What the message must contain.
    """

    build: Callable[[], object]
    message: str


@dataclass(frozen=True)
class Reduction:
    """How machine code makes one of many terms: ``total = operation(total, term)`` for each.

    Parameters
    ----------
    operation : str
        An elementwise operation of two inputs; or ``"multiply_add"``, where terms are products of two: they are added
        before they are rounded.
    start : float
        The total of no terms. -inf and inf stand for the least and the greatest number of a dtype.
    over : callable or None
        ``over(*inputs, **attrs) -> sizes``: how many terms there are, along as many further axes; the operation's
        `read` gives one, at an index that names these axes last. None: the elements of the input along ``axes``.
    is_position : bool
        Whether the result is the position of the first winner along ``axis``: ``maximum`` and ``minimum`` only.
    """

    operation: str
    start: float
    over: Callable[..., Sequence[int]] | None = None
    is_position: bool = False


@dataclass(frozen=True, eq=False)
class Op:
    """A primitive operation.

    One of the rules `emit`, `read`, `reduce` and `scatter` is its native form, from which machine code is made. They
    are formulas on what they are given, and so need nothing of the compiler. Without one, NumPy computes the operation
    by `evaluate`, between two pieces of machine code.

    Parameters
    ----------
    name : str
        Its name in text and messages.
    kind : Kind
        How a compiler may treat it.
    infer : callable
        ``infer(*inputs, **attrs) -> Spec``: the rule of shape and dtype. Raises for all that does not fit: a rule that
        lets something through lets machine code reach outside of an array.
    evaluate : callable
        ``evaluate(*arrays, **attrs) -> array``: the value, by NumPy. Shapes in attributes are known by then.
    gradient : callable or None
        ``gradient(node, g) -> [Node or None, ...]``: given g = d(loss)/d(node), the same for each input, written in
        operations; None for an input that has no derivative. None in place of the rule: no input has one.
    samples : callable
        Makes at least ten rows of tests.
    attrs : mapping of str to AttributeType
        Its attributes, and what each may be by itself; whether they fit the inputs is for `infer` to say. Together they
        hold of every node, and machine code relies on it.
    invalid : tuple of Invalid
        Wrong uses.
    emit : callable or None
        ``emit(*elements, **attrs) -> element``: an element of the result as a formula of those at the same index of the
        inputs (``lambda x, y: x + y``); what they can do stands in ``compiler/element.py``. For a random draw, the
        elements are the seed, the step and the flat index.
    read : callable or None
        ``read(index, *inputs, **attrs) -> element``: the element at `index`, one integer expression for each axis, as
        an element of an input (``lambda index, x: x[index]``), or a number. Inputs have a shape and a dtype.
    reduce : Reduction or None
        How an element is made of many.
    scatter : callable or None
        ``scatter(index, *inputs, **attrs) -> index``: where to in the result the element of the first input at `index`
        is added. An index from data that lies outside drops it.
    cost : int
        About how many additions one element costs.
    is_portable : bool
        Whether `evaluate` gives the same bits on every processor. Only such operations are computed ahead.
    """

    name: str
    kind: Kind
    infer: Callable[..., Spec]
    evaluate: Callable[..., Array]
    gradient: Callable[[Node, Node], Sequence[Node | None]] | None
    samples: Callable[[], list[Sample]]
    attrs: Mapping[str, AttributeType] = field(default_factory=dict)
    invalid: tuple[Invalid, ...] = ()
    emit: Callable[..., Any] | None = None
    read: Callable[..., Any] | None = None
    reduce: Reduction | None = None
    scatter: Callable[..., Sequence[Any]] | None = None
    cost: int = 1
    is_portable: bool = True

    @property
    def is_native(self) -> bool:
        """Whether machine code can be made of it. Leaves and products have a form that the compiler knows."""
        rule = self.emit or self.read or self.reduce or self.scatter
        return rule is not None or self.kind in ("state", "contraction")

    def __repr__(self) -> str:
        return f"Op({self.name})"


OPS: dict[str, Op] = {}
"""Every operation by name."""


def define(op: Op) -> Op:
    """Enter `op` into `OPS` and return it.

    Raises
    ------
    GraphError
        If the name is taken.
    """
    if op.name in OPS:
        raise GraphError(f"operation {op.name!r} is defined already. Choose another name.")
    OPS[op.name] = op
    return op
