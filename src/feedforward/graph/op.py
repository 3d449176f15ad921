"""The record of an operation: all that graph, gradient, backends and tests know of it, in one place.

A record is made where the operation is defined (``feedforward.ops``) and found by name here. Outside that block it is
known by its builder function; only leaves, rewrites of graphs and the compiler's lowering go by the name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from feedforward.errors import GraphError
from feedforward.graph.node import Array, Node, Spec

Kind = Literal["elementwise", "reduce", "movement", "contraction", "indexing", "window", "random", "state"]
"""How a compiler may treat an operation.

``elementwise``: each output element from the elements of the inputs at the same place. ``reduce``: over axes.
``movement``: elements only change places. ``contraction``: sums of products. ``indexing``: places from data.
``window``: overlapping views. ``random``: from a seed and a counter. ``state``: leaves, whose value comes from outside.
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


@dataclass(frozen=True, eq=False)
class Op:
    """A primitive operation.

    Parameters
    ----------
    name : str
        Its name in text and messages.
    kind : Kind
        How a compiler may treat it.
    infer : callable
        ``infer(*inputs, **attrs) -> Spec``: the rule of shape and dtype. Raises for what does not fit.
    evaluate : callable
        ``evaluate(*arrays, **attrs) -> array``: the value, by NumPy. Shapes in attributes are known by then.
    gradient : callable or None
        ``gradient(node, g) -> [Node or None, ...]``: given g = d(loss)/d(node), the same for each input, written in
        operations; None for an input that has no derivative. None in place of the rule: no input has one.
    samples : callable
        Makes at least ten rows of tests.
    invalid : tuple of Invalid
        Wrong uses.
    """

    name: str
    kind: Kind
    infer: Callable[..., Spec]
    evaluate: Callable[..., Array]
    gradient: Callable[[Node, Node], Sequence[Node | None]] | None
    samples: Callable[[], list[Sample]]
    invalid: tuple[Invalid, ...] = ()

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
