"""Elementary functions of one float: exp, log, sin and their like; see ``elementwise.py``.

What machine code makes of each, and how exactly, stands in ``compiler/elementary.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from feedforward.graph.node import Array, Node
from feedforward.graph.op import Invalid, Op
from feedforward.graph.operators import Operand
from feedforward.ops.elementwise import Gradient, elementwise, unary
from feedforward.ops.state import constant

__all__ = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    "erf",
    "sqrt",
    "sin",
    "cos",
    "floor",
]


def _function(
    name: str,
    evaluate: Callable[..., Array],
    gradient: Gradient | None,
    emit: Callable[..., Any],
    *,
    cost: int = 1,
    low: float = -2.0,
    high: float = 2.0,
    avoid: tuple[float, ...] = (),
    is_portable: bool = False,
) -> Op:
    """Define a function of one float."""
    op = elementwise(
        name,
        evaluate,
        gradient,
        kinds="f",
        low=low,
        high=high,
        avoid=avoid,
        invalid=(Invalid(lambda: unary(op, constant([1, 2])), f"{name}: dtype int32 is not float"),),
        emit=emit,
        cost=cost,
        is_portable=is_portable,
    )
    return op


_EXP = _function("exp", np.exp, lambda node, g: (g * node,), lambda x: x.exp(), cost=8)


def exp(x: Operand) -> Node:
    """Return e to the power x."""
    return unary(_EXP, x)


_EXPM1 = _function("expm1", np.expm1, lambda node, g: (g * exp(node.inputs[0]),), lambda x: x.expm1(), cost=10)


def expm1(x: Operand) -> Node:
    """Return exp(x) - 1, exact for small x."""
    return unary(_EXPM1, x)


_LOG = _function("log", np.log, lambda node, g: (g / node.inputs[0],), lambda x: x.log(), cost=8, low=0.3, high=5.0)


def log(x: Operand) -> Node:
    """Return the natural logarithm of x; -inf at 0, NaN below."""
    return unary(_LOG, x)


_LOG1P = _function(
    "log1p", np.log1p, lambda node, g: (g / (1.0 + node.inputs[0]),), lambda x: x.log1p(), cost=10, low=-0.7, high=5.0
)


def log1p(x: Operand) -> Node:
    """Return log(1 + x), exact for small x."""
    return unary(_LOG1P, x)


_TANH = _function("tanh", np.tanh, lambda node, g: (g * (1.0 - node * node),), lambda x: x.tanh(), cost=16)


def tanh(x: Operand) -> Node:
    """Return the hyperbolic tangent of x."""
    return unary(_TANH, x)


def _erf(x: Array) -> Array:
    """Return erf of each element in float64, as the C library computes it; NumPy has no such function."""
    return np.fromiter(map(math.erf, x.ravel().tolist()), np.float64, x.size).astype(x.dtype).reshape(x.shape)


_ERF = _function(
    "erf",
    _erf,
    lambda node, g: (g * (2.0 / math.sqrt(math.pi)) * exp(-(node.inputs[0] * node.inputs[0])),),
    lambda x: x.erf(),
    cost=16,
)


def erf(x: Operand) -> Node:
    """Return the error function of x: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Notes
    -----
    The probability that a standard normal number is below x is (1 + erf(x / sqrt(2))) / 2. In machine code the error is
    at most 1.2 units in the last place.
    """
    return unary(_ERF, x)


_SQRT = _function(
    "sqrt",
    np.sqrt,
    lambda node, g: (0.5 * g / node,),
    lambda x: x.sqrt(),
    cost=3,
    low=0.3,
    high=4.0,
    is_portable=True,
)


def sqrt(x: Operand) -> Node:
    """Return the square root of x; NaN below 0. The derivative at 0 is infinite."""
    return unary(_SQRT, x)


_SIN = _function("sin", np.sin, lambda node, g: (g * cos(node.inputs[0]),), lambda x: x.sin(), cost=10)


def sin(x: Operand) -> Node:
    """Return the sine of x, in radians.

    Notes
    -----
    In machine code the error is at most 0.501 units in the last place in float32 and 1.1 in float64, for
    |x| < 2**49 (5.6e14). Beyond, where neighbouring float32 numbers are millions of turns apart, the angle is taken
    as 0: sin(x) = 0 with the sign of x, and cos(x) = 1. The interpreter gives what NumPy does. sin(+-inf) = NaN.
    """
    return unary(_SIN, x)


_COS = _function("cos", np.cos, lambda node, g: (-g * sin(node.inputs[0]),), lambda x: x.cos(), cost=10)


def cos(x: Operand) -> Node:
    """Return the cosine of x, in radians: exact up to the same bounds as `sin`, and 1 from |x| = 2**49 on."""
    return unary(_COS, x)


_FLOOR = _function("floor", np.floor, None, lambda x: x.floor(), avoid=(float("nan"),), is_portable=True)


def floor(x: Operand) -> Node:
    """Return the largest whole number not above x; its derivative is 0."""
    return unary(_FLOOR, x)
