"""Arithmetic, the larger and the smaller of two, conversions; see ``elementwise.py``.

Derivatives at kinks: sign(0) = 0, hence |x|'(0) = 0; where `maximum` or `minimum` meet a tie, both sides get half the
gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.graph.attribute import DTYPE
from feedforward.graph.node import Array, Node, Spec, as_dtype, build
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.comparison import equal, logical_and, logical_not, logical_or, where
from feedforward.ops.elementary import log
from feedforward.ops.elementwise import SHAPES, binary, elementwise, unary
from feedforward.ops.state import as_node, constant

__all__ = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "power",
    "square",
    "negative",
    "abs",
    "sign",
    "maximum",
    "minimum",
    "clip",
    "cast",
    "stop_gradient",
]

_ADD = elementwise(
    "add",
    np.add,
    lambda node, g: (g, g),
    kinds="fi",
    count=2,
    emit=lambda x, y: x + y,
)


@method
def add(x: Operand, y: Operand) -> Node:
    """Return x + y, element by element."""
    return binary(_ADD, x, y)


_SUBTRACT = elementwise(
    "subtract",
    np.subtract,
    lambda node, g: (g, -g),
    kinds="fi",
    count=2,
    emit=lambda x, y: x - y,
)


@method
def subtract(x: Operand, y: Operand) -> Node:
    """Return x - y, element by element."""
    return binary(_SUBTRACT, x, y)


_MULTIPLY = elementwise(
    "multiply",
    np.multiply,
    lambda node, g: (g * node.inputs[1], g * node.inputs[0]),
    kinds="fi",
    count=2,
    emit=lambda x, y: x * y,
)


@method
def multiply(x: Operand, y: Operand) -> Node:
    """Return x * y, element by element."""
    return binary(_MULTIPLY, x, y)


_DIVIDE = elementwise(
    "divide",
    np.divide,
    lambda node, g: (g / node.inputs[1], -(g * node) / node.inputs[1]),
    kinds="f",
    count=2,
    low=0.5,
    emit=lambda x, y: x / y,
    cost=3,
)


@method
def divide(x: Operand, y: Operand) -> Node:
    """Return x / y, element by element; integers are cast to float32 first."""
    x = as_node(x, y if isinstance(y, Node) and y.dtype.kind == "f" else None)
    x = x if x.dtype.kind == "f" else cast(x, "float32")
    y = as_node(y, x)
    return binary(_DIVIDE, x, y if y.dtype.kind == "f" else cast(y, x.dtype))


_FLOOR_DIVIDE = elementwise(
    "floor_divide",
    np.floor_divide,
    None,
    kinds="fiu",
    count=2,
    low=0.3,
    high=2.5,
    emit=lambda x, y: x.floor_divide(y),
    cost=30,
)


@method
def floor_divide(x: Operand, y: Operand) -> Node:
    """Return the largest whole number not above x / y, element by element; its derivative is 0.

    Notes
    -----
    As NumPy's and Python's: -7 // 2 is -4. Of floats, the exact quotient counts: 1.0 // 0.1 is 9. An integer over 0
    gives 0, a float x / 0.
    """
    return binary(_FLOOR_DIVIDE, x, y)


_REMAINDER = elementwise(
    "remainder",
    np.remainder,
    lambda node, g: (g, -(g * floor_divide(*node.inputs))),
    kinds="fiu",
    count=2,
    low=0.3,
    high=2.5,
    emit=lambda x, y: x.remainder(y),
    cost=30,
)


@method
def remainder(x: Operand, y: Operand) -> Node:
    """Return x - y (x // y), what is left of x over y, element by element; it has the sign of y.

    Notes
    -----
    As NumPy's and Python's: -7 % 2 is 1. That of floats is exact. Over 0, an integer leaves 0, a float NaN. The
    derivatives are 1 by x and -(x // y) by y, also where x is a multiple of y.
    """
    return binary(_REMAINDER, x, y)


def _power_gradient(node: Node, g: Node) -> tuple[Node, Node]:
    """Differentiate x^y: y x^(y-1) by x, and x^y log(x) by y; the second only where x > 0."""
    x, y = node.inputs
    is_positive = x > 0.0
    growth = where(is_positive, node * log(where(is_positive, x, 1.0)), 0.0)
    if _is_constant_without_zero(y):
        return g * (y * power(x, y - 1.0)), g * growth
    # A slope of 0 in place of y x^(y-1) hides how it changes with y. So it stands only where the product would be
    # 0 * inf, and where x^y counts as constant in y, as `growth` has it: then mixed derivatives are equal.
    is_flat = logical_and(equal(y, 0.0), logical_not(x > np.finfo(x.dtype).tiny))
    exponent = where(is_positive, y, stop_gradient(y))
    slope = where(is_flat, 0.0, exponent * power(where(is_flat, 1.0, x), exponent - 1.0))
    return g * slope, g * growth


def _is_constant_without_zero(node: Node) -> bool:
    """Return whether a node is an array written in the program, or one number of it repeated, that holds no 0."""
    source = node.inputs[0] if node.op.name == "broadcast_to" else node
    return source.op.name == "constant" and bool(source.attrs["value"].value.all())


_POWER = elementwise(
    "power",
    np.power,
    _power_gradient,
    kinds="f",
    count=2,
    low=0.3,
    high=2.5,
    emit=lambda x, y: x.power(y),
    cost=20,
    is_portable=False,
)


@method
def power(x: Operand, y: Operand) -> Node:
    """Return x to the power y, element by element.

    Notes
    -----
    The derivative by y is x^y log(x), taken as 0 where x <= 0; the one by x is 0 where y = 0.
    """
    return binary(_POWER, x, y)


def square(x: Operand) -> Node:
    """Return x * x."""
    node = as_node(x)
    return node * node


_NEGATIVE = elementwise(
    "negative",
    np.negative,
    lambda node, g: (-g,),
    kinds="fi",
    invalid=(Invalid(lambda: negative(constant([True])), "negative: dtype bool is not float or signed integer"),),
    emit=lambda x: -x,
)


@method
def negative(x: Operand) -> Node:
    """Return -x."""
    return unary(_NEGATIVE, x)


_ABS = elementwise(
    "abs",
    np.abs,
    lambda node, g: (g * sign(node.inputs[0]),),
    kinds="fi",
    avoid=(0.0,),
    invalid=(Invalid(lambda: abs(constant([True])), "abs: dtype bool is not float or signed integer"),),
    emit=lambda x: x.abs(),
)


@method
def abs(x: Operand) -> Node:
    """Return the absolute value of x; its derivative at 0 is 0."""
    return unary(_ABS, x)


def _emit_sign(x: Any) -> Any:
    """Return -1 below 0, 1 above, 0 for -0 too, and NaN for NaN."""
    result = x.constant(-1).where(x.compare("<", 0), x)
    result = x.constant(1).where(x.compare(">", 0), result)
    return x.constant(0).where(x.compare("==", 0), result)


_SIGN = elementwise(
    "sign",
    np.sign,
    None,
    kinds="fi",
    avoid=(0.0,),
    invalid=(Invalid(lambda: sign(constant([True])), "sign: dtype"),),
    emit=_emit_sign,
)


def sign(x: Operand) -> Node:
    """Return -1, 0 or 1 as x is negative, zero or positive; its derivative is 0."""
    return unary(_SIGN, x)


def _share_ties(node: Node, g: Node, is_first: Node) -> tuple[Node, Node]:
    """Give g to the side that won, half of it to each side of a tie."""
    x, y = node.inputs
    half = where(equal(x, y), 0.5 * g, 0.0)
    is_second = logical_not(logical_or(is_first, equal(x, y)))
    return where(is_first, g, half), where(is_second, g, half)


_MAXIMUM = elementwise(
    "maximum",
    np.maximum,
    lambda node, g: _share_ties(node, g, node.inputs[0] > node.inputs[1]),
    kinds="fiu",
    count=2,
    distinct=True,
    emit=lambda x, y: x.maximum(y),
)


def maximum(x: Operand, y: Operand) -> Node:
    """Return the larger of x and y, element by element; NaN if either is. A tie shares the gradient equally."""
    return binary(_MAXIMUM, x, y)


_MINIMUM = elementwise(
    "minimum",
    np.minimum,
    lambda node, g: _share_ties(node, g, node.inputs[0] < node.inputs[1]),
    kinds="fiu",
    count=2,
    distinct=True,
    emit=lambda x, y: x.minimum(y),
)


def minimum(x: Operand, y: Operand) -> Node:
    """Return the smaller of x and y, element by element; NaN if either is. A tie shares the gradient equally."""
    return binary(_MINIMUM, x, y)


def clip(x: Operand, low: Operand, high: Operand) -> Node:
    """Return x kept between `low` and `high`; the gradient is 1 inside, 1/2 on a bound, 0 outside."""
    return minimum(maximum(x, low), high)


def _evaluate_cast(x: Array, *, dtype: np.dtype[Any]) -> Array:
    """Return x converted. What NumPy leaves open of floats as integers is decided: NaN is 0, the rest saturates."""
    if x.dtype.kind != "f" or dtype.kind not in "iu":
        return x.astype(dtype)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    is_low, is_high = x <= low, x >= high + 1.0
    is_open = is_low | is_high | (x != x)
    if not is_open.any():
        return x.astype(dtype)
    inside = np.where(is_open, 0, x).astype(dtype)
    return np.where(is_high, high, np.where(is_low, low, inside)).astype(dtype)


_CAST = define(
    Op(
        name="cast",
        kind="elementwise",
        infer=lambda x, *, dtype: Spec(x.shape, dtype),
        evaluate=_evaluate_cast,
        gradient=lambda node, g: (cast(g, node.inputs[0].dtype) if node.inputs[0].dtype.kind == "f" else None,),
        attrs={"dtype": DTYPE},
        samples=lambda: [
            Sample((Domain(shape, avoid=(float("nan"),)),), {"dtype": as_dtype(dtype)})
            for shape in SHAPES[:6]
            for dtype in ("float32", "float64", "int32", "bool")
        ],
        invalid=(Invalid(lambda: cast(constant(1.0), "complex64"), "dtype 'complex64' is not supported"),),
        emit=lambda x, *, dtype: x.cast(dtype),
    )
)


@method
def cast(x: Operand, dtype: npt.DTypeLike) -> Node:
    """Return x converted to `dtype`; a float becomes an integer by dropping its fraction.

    Notes
    -----
    Of floats as integers, NaN becomes 0, and infinity or a number beyond the range becomes the nearest end of it. An
    integer that another dtype cannot hold keeps its lowest bits.
    """
    x, dtype = as_node(x), as_dtype(dtype)
    return x if x.dtype == dtype else build(_CAST, (x,), {"dtype": dtype})


_STOP_GRADIENT = elementwise(
    "stop_gradient",
    lambda x: x,
    None,
    kinds="fiub",
    invalid=(Invalid(lambda: stop_gradient("x"), "constant: 'x' is not a number"),),
    read=lambda index, x: x[index],
)


def stop_gradient(x: Operand) -> Node:
    """Return x, as a constant to the gradient."""
    return unary(_STOP_GRADIENT, x)
