"""Operations that compute each element of the result from the elements at the same place of the inputs.

The inputs of an operation here have one shape: the builder functions put in an explicit `broadcast_to` where shapes
differ, so no rule below speaks of broadcasting. Derivatives at kinks: sign(0) = 0, hence |x|'(0) = 0; where `maximum`
or `minimum` meet a tie, both sides get half the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.graph.attribute import DTYPE
from feedforward.graph.node import Array, Node, Shaped, Spec, as_dtype, build
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.axes import broadcast_shapes, unify
from feedforward.ops.shape import broadcast_to
from feedforward.ops.state import accept, as_node, constant, one_dtype

__all__ = [
    "Gradient",
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "power",
    "maximum",
    "minimum",
    "negative",
    "exp",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "sqrt",
    "square",
    "sin",
    "cos",
    "abs",
    "sign",
    "floor",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "where",
    "cast",
    "stop_gradient",
    "clip",
    "is_finite",
]

_SHAPES: tuple[tuple[int, ...], ...] = (
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


def _same_shape(name: str, kinds: str, count: int, *inputs: Shaped, dtype: npt.DTypeLike | None = None) -> Spec:
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


def _elementwise(
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
    """Define an elementwise operation of `count` inputs, tested on values from `low` to `high` without `avoid`."""
    domain_dtype = "float" if "f" in kinds else "bool"
    return define(
        Op(
            name=name,
            kind="elementwise",
            infer=lambda *inputs: _same_shape(name, kinds, count, *inputs, dtype=dtype),
            evaluate=evaluate,
            gradient=gradient,
            samples=lambda: [
                Sample((Domain(shape, low, high, domain_dtype, distinct, avoid),) * count) for shape in _SHAPES
            ],
            invalid=invalid,
            emit=emit,
            read=read,
            cost=cost,
            is_portable=is_portable,
        )
    )


def _unary(op: Op, x: Operand) -> Node:
    return build(op, (as_node(x),))


def _binary(op: Op, x: Operand, y: Operand) -> Node:
    """Apply `op` to two operands brought to one dtype and one shape."""
    x = as_node(x, y if isinstance(y, Node) else None)
    y = as_node(y, x)
    if x.shape != y.shape:
        shape = broadcast_shapes(op.name, x.shape, y.shape)
        x, y = broadcast_to(x, shape), broadcast_to(y, shape)
    return build(op, (x, y))


def _mismatch(function: Callable[[Node, Node], Node], name: str) -> tuple[Invalid, ...]:
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
    op = _elementwise(
        name,
        evaluate,
        gradient,
        kinds="f",
        low=low,
        high=high,
        avoid=avoid,
        invalid=(Invalid(lambda: _unary(op, constant([1, 2])), f"{name}: dtype int32 is not float"),),
        emit=emit,
        cost=cost,
        is_portable=is_portable,
    )
    return op


_ADD = _elementwise(
    "add",
    np.add,
    lambda node, g: (g, g),
    kinds="fi",
    count=2,
    invalid=_mismatch(lambda x, y: add(x, y), "add"),
    emit=lambda x, y: x + y,
)
_SUBTRACT = _elementwise(
    "subtract",
    np.subtract,
    lambda node, g: (g, -g),
    kinds="fi",
    count=2,
    invalid=_mismatch(lambda x, y: subtract(x, y), "subtract"),
    emit=lambda x, y: x - y,
)
_MULTIPLY = _elementwise(
    "multiply",
    np.multiply,
    lambda node, g: (g * node.inputs[1], g * node.inputs[0]),
    kinds="fi",
    count=2,
    invalid=_mismatch(lambda x, y: multiply(x, y), "multiply"),
    emit=lambda x, y: x * y,
)
_DIVIDE = _elementwise(
    "divide",
    np.divide,
    lambda node, g: (g / node.inputs[1], -(g * node) / node.inputs[1]),
    kinds="f",
    count=2,
    low=0.5,
    invalid=_mismatch(lambda x, y: divide(x, y), "divide"),
    emit=lambda x, y: x / y,
    cost=3,
)


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


_POWER = _elementwise(
    "power",
    np.power,
    _power_gradient,
    kinds="f",
    count=2,
    low=0.3,
    high=2.5,
    invalid=_mismatch(lambda x, y: power(x, y), "power"),
    emit=lambda x, y: x.power(y),
    cost=20,
    is_portable=False,
)


def _share_ties(node: Node, g: Node, is_first: Node) -> tuple[Node, Node]:
    """Give g to the side that won, half of it to each side of a tie."""
    x, y = node.inputs
    half = where(equal(x, y), 0.5 * g, 0.0)
    is_second = logical_not(logical_or(is_first, equal(x, y)))
    return where(is_first, g, half), where(is_second, g, half)


_MAXIMUM = _elementwise(
    "maximum",
    np.maximum,
    lambda node, g: _share_ties(node, g, node.inputs[0] > node.inputs[1]),
    kinds="fiu",
    count=2,
    distinct=True,
    invalid=_mismatch(lambda x, y: maximum(x, y), "maximum"),
    emit=lambda x, y: x.maximum(y),
)
_MINIMUM = _elementwise(
    "minimum",
    np.minimum,
    lambda node, g: _share_ties(node, g, node.inputs[0] < node.inputs[1]),
    kinds="fiu",
    count=2,
    distinct=True,
    invalid=_mismatch(lambda x, y: minimum(x, y), "minimum"),
    emit=lambda x, y: x.minimum(y),
)
_NEGATIVE = _elementwise(
    "negative",
    np.negative,
    lambda node, g: (-g,),
    kinds="fi",
    invalid=(Invalid(lambda: negative(constant([True])), "negative: dtype bool is not float or signed integer"),),
    emit=lambda x: -x,
)
_EXP = _function("exp", np.exp, lambda node, g: (g * node,), lambda x: x.exp(), cost=8)
_LOG = _function("log", np.log, lambda node, g: (g / node.inputs[0],), lambda x: x.log(), cost=8, low=0.3, high=5.0)
_LOG1P = _function(
    "log1p", np.log1p, lambda node, g: (g / (1.0 + node.inputs[0]),), lambda x: x.log1p(), cost=10, low=-0.7, high=5.0
)
_EXPM1 = _function("expm1", np.expm1, lambda node, g: (g * exp(node.inputs[0]),), lambda x: x.expm1(), cost=10)
_TANH = _function("tanh", np.tanh, lambda node, g: (g * (1.0 - node * node),), lambda x: x.tanh(), cost=10)
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
_SIN = _function("sin", np.sin, lambda node, g: (g * cos(node.inputs[0]),), lambda x: x.sin(), cost=10)
_COS = _function("cos", np.cos, lambda node, g: (-g * sin(node.inputs[0]),), lambda x: x.cos(), cost=10)
_ABS = _elementwise(
    "abs",
    np.abs,
    lambda node, g: (g * sign(node.inputs[0]),),
    kinds="fi",
    avoid=(0.0,),
    invalid=(Invalid(lambda: abs(constant([True])), "abs: dtype bool is not float or signed integer"),),
    emit=lambda x: x.abs(),
)


def _emit_sign(x: Any) -> Any:
    """Return -1 below 0, 1 above, 0 for -0 too, and NaN for NaN."""
    result = x.constant(-1).where(x.compare("<", 0), x)
    result = x.constant(1).where(x.compare(">", 0), result)
    return x.constant(0).where(x.compare("==", 0), result)


_SIGN = _elementwise(
    "sign",
    np.sign,
    None,
    kinds="fi",
    avoid=(0.0,),
    invalid=(Invalid(lambda: sign(constant([True])), "sign: dtype"),),
    emit=_emit_sign,
)
_FLOOR = _function("floor", np.floor, None, lambda x: x.floor(), avoid=(float("nan"),), is_portable=True)
_FLOOR_DIVIDE = _elementwise(
    "floor_divide",
    np.floor_divide,
    None,
    kinds="fiu",
    count=2,
    low=0.3,
    high=2.5,
    invalid=_mismatch(lambda x, y: floor_divide(x, y), "floor_divide"),
    emit=lambda x, y: x.floor_divide(y),
    cost=30,
)
_REMAINDER = _elementwise(
    "remainder",
    np.remainder,
    lambda node, g: (g, -(g * floor_divide(*node.inputs))),
    kinds="fiu",
    count=2,
    low=0.3,
    high=2.5,
    invalid=_mismatch(lambda x, y: remainder(x, y), "remainder"),
    emit=lambda x, y: x.remainder(y),
    cost=30,
)
_EQUAL = _elementwise(
    "equal",
    np.equal,
    None,
    kinds="fiub",
    count=2,
    dtype="bool",
    invalid=_mismatch(lambda x, y: equal(x, y), "equal"),
    emit=lambda x, y: x.compare("==", y),
)
_LESS = _elementwise(
    "less",
    np.less,
    None,
    kinds="fiu",
    count=2,
    dtype="bool",
    invalid=_mismatch(lambda x, y: less(x, y), "less"),
    emit=lambda x, y: x.compare("<", y),
)
_LESS_EQUAL = _elementwise(
    "less_equal",
    np.less_equal,
    None,
    kinds="fiu",
    count=2,
    dtype="bool",
    invalid=_mismatch(lambda x, y: less_equal(x, y), "less_equal"),
    emit=lambda x, y: x.compare("<=", y),
)
_LOGICAL_AND = _elementwise(
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
_LOGICAL_OR = _elementwise(
    "logical_or",
    np.logical_or,
    None,
    kinds="b",
    count=2,
    invalid=(Invalid(lambda: logical_or(constant([True]), constant([1])), "logical_or: dtype int32 is not bool"),),
    emit=lambda x, y: x | y,
)
_LOGICAL_NOT = _elementwise(
    "logical_not",
    np.logical_not,
    None,
    kinds="b",
    invalid=(Invalid(lambda: logical_not(constant([1.0])), "logical_not: dtype float32 is not bool"),),
    emit=lambda x: ~x,
)


def _infer_where(condition: Shaped, x: Shaped, y: Shaped) -> Spec:
    accept("where", condition, "b")
    spec = _same_shape("where", "fiub", 2, x, y)
    return Spec(unify("where", condition.shape, spec.shape), spec.dtype)


_WHERE = define(
    Op(
        name="where",
        kind="elementwise",
        infer=_infer_where,
        evaluate=np.where,
        gradient=lambda node, g: (None, where(node.inputs[0], g, 0.0), where(node.inputs[0], 0.0, g)),
        samples=lambda: [Sample((Domain(shape, dtype="bool"), Domain(shape), Domain(shape))) for shape in _SHAPES],
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
            for shape in _SHAPES[:6]
            for dtype in ("float32", "float64", "int32", "bool")
        ],
        invalid=(Invalid(lambda: cast(constant(1.0), "complex64"), "dtype 'complex64' is not supported"),),
        emit=lambda x, *, dtype: x.cast(dtype),
    )
)

_STOP_GRADIENT = _elementwise(
    "stop_gradient",
    lambda x: x,
    None,
    kinds="fiub",
    invalid=(Invalid(lambda: stop_gradient("x"), "constant: 'x' is not a number"),),
    read=lambda index, x: x[index],
)


@method
def add(x: Operand, y: Operand) -> Node:
    """Return x + y, element by element."""
    return _binary(_ADD, x, y)


@method
def subtract(x: Operand, y: Operand) -> Node:
    """Return x - y, element by element."""
    return _binary(_SUBTRACT, x, y)


@method
def multiply(x: Operand, y: Operand) -> Node:
    """Return x * y, element by element."""
    return _binary(_MULTIPLY, x, y)


@method
def divide(x: Operand, y: Operand) -> Node:
    """Return x / y, element by element; integers are cast to float32 first."""
    x = as_node(x, y if isinstance(y, Node) and y.dtype.kind == "f" else None)
    x = x if x.dtype.kind == "f" else cast(x, "float32")
    y = as_node(y, x)
    return _binary(_DIVIDE, x, y if y.dtype.kind == "f" else cast(y, x.dtype))


@method
def floor_divide(x: Operand, y: Operand) -> Node:
    """Return the largest whole number not above x / y, element by element; its derivative is 0.

    Notes
    -----
    As NumPy's and Python's: -7 // 2 is -4. Of floats, the exact quotient counts: 1.0 // 0.1 is 9. An integer over 0
    gives 0, a float x / 0.
    """
    return _binary(_FLOOR_DIVIDE, x, y)


@method
def remainder(x: Operand, y: Operand) -> Node:
    """Return x - y (x // y), what is left of x over y, element by element; it has the sign of y.

    Notes
    -----
    As NumPy's and Python's: -7 % 2 is 1. That of floats is exact. Over 0, an integer leaves 0, a float NaN. The
    derivatives are 1 by x and -(x // y) by y, also where x is a multiple of y.
    """
    return _binary(_REMAINDER, x, y)


@method
def power(x: Operand, y: Operand) -> Node:
    """Return x to the power y, element by element.

    Notes
    -----
    The derivative by y is x^y log(x), taken as 0 where x <= 0; the one by x is 0 where y = 0.
    """
    return _binary(_POWER, x, y)


def maximum(x: Operand, y: Operand) -> Node:
    """Return the larger of x and y, element by element; NaN if either is. A tie shares the gradient equally."""
    return _binary(_MAXIMUM, x, y)


def minimum(x: Operand, y: Operand) -> Node:
    """Return the smaller of x and y, element by element; NaN if either is. A tie shares the gradient equally."""
    return _binary(_MINIMUM, x, y)


@method
def negative(x: Operand) -> Node:
    """Return -x."""
    return _unary(_NEGATIVE, x)


def exp(x: Operand) -> Node:
    """Return e to the power x."""
    return _unary(_EXP, x)


def log(x: Operand) -> Node:
    """Return the natural logarithm of x; -inf at 0, NaN below."""
    return _unary(_LOG, x)


def log1p(x: Operand) -> Node:
    """Return log(1 + x), exact for small x."""
    return _unary(_LOG1P, x)


def expm1(x: Operand) -> Node:
    """Return exp(x) - 1, exact for small x."""
    return _unary(_EXPM1, x)


def tanh(x: Operand) -> Node:
    """Return the hyperbolic tangent of x."""
    return _unary(_TANH, x)


def sqrt(x: Operand) -> Node:
    """Return the square root of x; NaN below 0. The derivative at 0 is infinite."""
    return _unary(_SQRT, x)


def square(x: Operand) -> Node:
    """Return x * x."""
    node = as_node(x)
    return node * node


def sin(x: Operand) -> Node:
    """Return the sine of x, in radians.

    Notes
    -----
    In machine code the error is at most 0.501 units in the last place in float32 and 1.1 in float64, for
    |x| < 2**49 (5.6e14). Beyond, where neighbouring float32 numbers are millions of turns apart, the angle is taken
    as 0: sin(x) = 0 with the sign of x, and cos(x) = 1. The interpreter gives what NumPy does. sin(+-inf) = NaN.
    """
    return _unary(_SIN, x)


def cos(x: Operand) -> Node:
    """Return the cosine of x, in radians: exact up to the same bounds as `sin`, and 1 from |x| = 2**49 on."""
    return _unary(_COS, x)


@method
def abs(x: Operand) -> Node:
    """Return the absolute value of x; its derivative at 0 is 0."""
    return _unary(_ABS, x)


def sign(x: Operand) -> Node:
    """Return -1, 0 or 1 as x is negative, zero or positive; its derivative is 0."""
    return _unary(_SIGN, x)


def floor(x: Operand) -> Node:
    """Return the largest whole number not above x; its derivative is 0."""
    return _unary(_FLOOR, x)


@method
def equal(x: Operand, y: Operand) -> Node:
    """Return where x equals y, as bool; NaN equals nothing."""
    return _binary(_EQUAL, x, y)


@method
def not_equal(x: Operand, y: Operand) -> Node:
    """Return where x differs from y, as bool; NaN differs from everything."""
    return logical_not(equal(x, y))


@method
def less(x: Operand, y: Operand) -> Node:
    """Return where x < y, as bool."""
    return _binary(_LESS, x, y)


@method
def less_equal(x: Operand, y: Operand) -> Node:
    """Return where x <= y, as bool; false where either is NaN."""
    return _binary(_LESS_EQUAL, x, y)


@method
def greater(x: Operand, y: Operand) -> Node:
    """Return where x > y, as bool."""
    return less(y, x)


@method
def greater_equal(x: Operand, y: Operand) -> Node:
    """Return where x >= y, as bool; false where either is NaN."""
    return less_equal(y, x)


@method
def logical_and(x: Operand, y: Operand) -> Node:
    """Return where both x and y are true."""
    return _binary(_LOGICAL_AND, x, y)


@method
def logical_or(x: Operand, y: Operand) -> Node:
    """Return where x or y is true."""
    return _binary(_LOGICAL_OR, x, y)


@method
def logical_not(x: Operand) -> Node:
    """Return where x is false."""
    return _unary(_LOGICAL_NOT, x)


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


def stop_gradient(x: Operand) -> Node:
    """Return x, as a constant to the gradient."""
    return _unary(_STOP_GRADIENT, x)


def clip(x: Operand, low: Operand, high: Operand) -> Node:
    """Return x kept between `low` and `high`; the gradient is 1 inside, 1/2 on a bound, 0 outside."""
    return minimum(maximum(x, low), high)


def is_finite(x: Operand) -> Node:
    """Return where x is neither NaN nor infinite, as bool."""
    x = as_node(x)
    return equal(x - x, 0)
