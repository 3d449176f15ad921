"""Comparisons, logic, and the choice that a truth value makes between two others; see ``elementwise.py``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from feedforward.graph.node import Array, Node, Shaped, Spec, build
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.axes import broadcast_shapes, unify
from feedforward.ops.elementwise import SHAPES, binary, elementwise, same_shape, unary
from feedforward.ops.shape import broadcast_to
from feedforward.ops.state import accept, as_node, constant

__all__ = [
    "equal",
    "not_equal",
    "less",
    "greater",
    "less_equal",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "is_finite",
    "where",
]


def _comparison(name: str, evaluate: Callable[..., Array], sign: str, kinds: str) -> Op:
    """Define an operation of two numbers that gives a bool."""
    return elementwise(name, evaluate, None, kinds=kinds, count=2, dtype="bool", emit=lambda x, y: x.compare(sign, y))


_EQUAL = _comparison("equal", np.equal, "==", "fiub")


@method
def equal(x: Operand, y: Operand) -> Node:
    """Return where x equals y, as bool; NaN equals nothing."""
    return binary(_EQUAL, x, y)


@method
def not_equal(x: Operand, y: Operand) -> Node:
    """Return where x differs from y, as bool; NaN differs from everything."""
    return logical_not(equal(x, y))


_LESS = _comparison("less", np.less, "<", "fiu")


@method
def less(x: Operand, y: Operand) -> Node:
    """Return where x < y, as bool."""
    return binary(_LESS, x, y)


@method
def greater(x: Operand, y: Operand) -> Node:
    """Return where x > y, as bool."""
    return less(y, x)


_LESS_EQUAL = _comparison("less_equal", np.less_equal, "<=", "fiu")


@method
def less_equal(x: Operand, y: Operand) -> Node:
    """Return where x <= y, as bool; false where either is NaN."""
    return binary(_LESS_EQUAL, x, y)


@method
def greater_equal(x: Operand, y: Operand) -> Node:
    """Return where x >= y, as bool; false where either is NaN."""
    return less_equal(y, x)


_LOGICAL_AND = elementwise(
    "logical_and",
    np.logical_and,
    None,
    kinds="b",
    count=2,
    invalid=(
        Invalid(lambda: logical_and(constant([1.0]), constant([True])), "logical_and: dtype float32 is not bool"),
    ),
    emit=lambda x, y: x & y,
)


@method
def logical_and(x: Operand, y: Operand) -> Node:
    """Return where both x and y are true."""
    return binary(_LOGICAL_AND, x, y)


_LOGICAL_OR = elementwise(
    "logical_or",
    np.logical_or,
    None,
    kinds="b",
    count=2,
    invalid=(Invalid(lambda: logical_or(constant([True]), constant([1])), "logical_or: dtype int32 is not bool"),),
    emit=lambda x, y: x | y,
)


@method
def logical_or(x: Operand, y: Operand) -> Node:
    """Return where x or y is true."""
    return binary(_LOGICAL_OR, x, y)


_LOGICAL_NOT = elementwise(
    "logical_not",
    np.logical_not,
    None,
    kinds="b",
    invalid=(Invalid(lambda: logical_not(constant([1.0])), "logical_not: dtype float32 is not bool"),),
    emit=lambda x: ~x,
)


@method
def logical_not(x: Operand) -> Node:
    """Return where x is false."""
    return unary(_LOGICAL_NOT, x)


def is_finite(x: Operand) -> Node:
    """Return where x is neither NaN nor infinite, as bool."""
    x = as_node(x)
    return equal(x - x, 0)


def _infer_where(condition: Shaped, x: Shaped, y: Shaped) -> Spec:
    accept("where", condition, "b")
    spec = same_shape("where", "fiub", 2, x, y)
    return Spec(unify("where", condition.shape, spec.shape), spec.dtype)


_WHERE = define(
    Op(
        name="where",
        kind="elementwise",
        infer=_infer_where,
        evaluate=np.where,
        gradient=lambda node, g: (None, where(node.inputs[0], g, 0.0), where(node.inputs[0], 0.0, g)),
        samples=lambda: [Sample((Domain(shape, dtype="bool"), Domain(shape), Domain(shape))) for shape in SHAPES],
        invalid=(
            Invalid(lambda: where(constant([1.0]), 1.0, 2.0), "where: dtype float32 is not bool"),
            Invalid(
                lambda: where(constant([True, False]), constant([1.0, 2.0, 3.0]), 0.0),
                "where: shapes (2,) and (3,) cannot be broadcast together",
            ),
        ),
        emit=lambda condition, x, y: x.where(condition, y),
    )
)


def where(condition: Operand, x: Operand, y: Operand) -> Node:
    """Return x where `condition` is true and y where it is false, element by element.

    Notes
    -----
    The gradient of the side that is not taken is 0, but a NaN that arises inside that side's own derivative is not
    hidden: keep its input in range as well.
    """
    condition = as_node(condition)
    x = as_node(x, y if isinstance(y, Node) else None)
    y = as_node(y, x)
    shape = broadcast_shapes("where", broadcast_shapes("where", condition.shape, x.shape), y.shape)
    return build(_WHERE, tuple(broadcast_to(node, shape) for node in (condition, x, y)))
