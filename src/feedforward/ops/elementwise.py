"""Operations that compute each element of the result from the elements at the same place of the inputs.

Here stands what they have in common; the operations themselves are in ``arithmetic.py``, ``comparison.py`` and
``elementary.py``. The inputs of one have one shape: the builder functions put in an explicit `broadcast_to` where
shapes differ, so no rule there speaks of broadcasting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.graph.node import Array, Node, Shaped, Spec, as_dtype, build
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand
from feedforward.ops.axes import broadcast_shapes, unify
from feedforward.ops.shape import broadcast_to
from feedforward.ops.state import accept, as_node, constant, one_dtype

__all__ = ["SHAPES", "Gradient", "same_shape", "elementwise", "unary", "binary"]

SHAPES: tuple[tuple[int, ...], ...] = (
    (),
    (1,),
    (0,),
    (3,),
    (2, 3),
    (3, 1, 2),
    (0, 2),
    (1, 1),
    (17,),
    (33,),
    (2, 3, 4),
    (5, 7),
)


Gradient = Callable[[Node, Node], Sequence[Node | None]]


def same_shape(name: str, kinds: str, count: int, *inputs: Shaped, dtype: npt.DTypeLike | None = None) -> Spec:
    """Infer the spec of an operation on `count` inputs of one shape and dtype."""
    if len(inputs) != count:
        raise TypeError(f"{name}: {len(inputs)} inputs. Expected {count}.")
    for node in inputs:
        accept(name, node, kinds)
    common = one_dtype(name, *inputs)
    shape = inputs[0].shape
    for node in inputs[1:]:
        shape = unify(name, shape, node.shape)
    return Spec(shape, common if dtype is None else as_dtype(dtype))


def elementwise(
    name: str,
    evaluate: Callable[..., Array],
    gradient: Gradient | None,
    *,
    kinds: str,
    count: int = 1,
    low: float = -2.0,
    high: float = 2.0,
    avoid: tuple[float, ...] = (),
    distinct: bool = False,
    dtype: npt.DTypeLike | None = None,
    invalid: tuple[Invalid, ...] = (),
    emit: Callable[..., Any] | None = None,
    read: Callable[..., Any] | None = None,
    cost: int = 1,
    is_portable: bool = True,
) -> Op:
    """Define an elementwise operation of `count` inputs, tested on values from `low` to `high` without `avoid`.

    One of two numbers has the wrong uses that all of these must refuse.
    """
    domain_dtype = "float" if "f" in kinds else "bool"
    op = define(
        Op(
            name=name,
            kind="elementwise",
            infer=lambda *inputs: same_shape(name, kinds, count, *inputs, dtype=dtype),
            evaluate=evaluate,
            gradient=gradient,
            samples=lambda: [
                Sample((Domain(shape, low, high, domain_dtype, distinct, avoid),) * count) for shape in SHAPES
            ],
            invalid=_mismatches(lambda x, y: binary(op, x, y), name) if count == 2 and "f" in kinds else invalid,
            emit=emit,
            read=read,
            cost=cost,
            is_portable=is_portable,
        )
    )
    return op


def unary(op: Op, x: Operand) -> Node:
    """Apply `op` to an operand."""
    return build(op, (as_node(x),))


def binary(op: Op, x: Operand, y: Operand) -> Node:
    """Apply `op` to two operands brought to one dtype and one shape."""
    x = as_node(x, y if isinstance(y, Node) else None)
    y = as_node(y, x)
    if x.shape != y.shape:
        shape = broadcast_shapes(op.name, x.shape, y.shape)
        x, y = broadcast_to(x, shape), broadcast_to(y, shape)
    return build(op, (x, y))


def _mismatches(function: Callable[[Node, Node], Node], name: str) -> tuple[Invalid, ...]:
    """Return the wrong uses that every operation of two numbers must refuse."""
    return (
        Invalid(
            lambda: function(constant(np.zeros((2, 3))), constant(np.zeros((4, 3)))),
            f"{name}: shapes (2, 3) and (4, 3) cannot be broadcast together",
        ),
        Invalid(
            lambda: function(constant(np.zeros(3, np.float32)), constant(np.zeros(3, np.float64))),
            f"{name}: dtypes differ, float32 and float64",
        ),
    )
