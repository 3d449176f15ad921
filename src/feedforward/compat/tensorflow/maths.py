"""Arithmetic, comparisons and functions, element by element.

Not here: what goes over axes (``reductions.py``), products of matrices (``linear_algebra.py``), activations
(``nn.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import refuse
from feedforward.compat.tensorflow.arrays import like
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import UnknownValueError, known_value
from feedforward.compat.tensorflow.joining import of_one_dtype
from feedforward.compat.tensorflow.shapes import as_shape

__all__ = ["maximum", "minimum", "pair"]


def pair(x: Any, y: Any) -> tuple[ff.Tensor, ff.Tensor]:
    """Return two operands as our tensors of one dtype.

    Raises
    ------
    TypeError
        If both are tensors and differ in dtype.
    """
    left, right = like(x, y), like(y, x)
    if not isinstance(left, ff.Tensor) or not isinstance(right, ff.Tensor):
        raise TypeError(f"{x!r:.60} and {y!r:.60}: texts cannot be computed with. Expected numbers.")
    if left.dtype != right.dtype:
        raise TypeError(
            f"Input 'y' has type {right.dtype.name} that does not match type {left.dtype.name} of argument 'x'. "
            f"Expected one type: use tf.cast."
        )
    return left, right


def _binary(function: Callable[..., Any], *names: str, kind: str, operator: str = "", shown: str = "") -> None:
    """Make an operation of two tensors, and of an operator of Python's, whose nodes have another name."""

    def rule(x: Any, y: Any) -> Any:
        left, right = pair(x, y)
        if left.dtype.kind != "u":
            return function(left, right)
        found = function(ff.cast(left, "int64"), ff.cast(right, "int64"))  # which has no arithmetic of its own
        return found if found.dtype == np.bool_ else ff.cast(found, left.dtype)

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does, element by element."
    operation(*names, kind=kind, fallback=_broadcast)(rule)
    if operator:
        operation(kind=kind, called=shown or kind.lower(), operator=operator, fallback=_broadcast)(rule)


def _broadcast(x: Any, y: Any) -> list[int | None] | None:
    """Return the shape of an operation on two tensors: a size that is not known, beside one that is not 1, is that."""
    a, b = (as_shape(getattr(each, "shape", np.shape(each))) for each in (x, y))
    if a.dims is None or b.dims is None:
        return None
    count = max(len(a), len(b))
    pairs = zip([1] * (count - len(a)) + a.as_list(), [1] * (count - len(b)) + b.as_list(), strict=True)
    return [y if x == 1 else x if y == 1 or y is None else y for x, y in pairs]


def _divide(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y as Python 3 divides: of integers a float64."""
    if x.dtype.kind in "iu":
        to = "float32" if x.dtype.itemsize < 4 else "float64"
        x, y = ff.cast(x, to), ff.cast(y, to)
    return ff.divide(x, y)


def _old_divide(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y as Python 2 divides: of integers their floor."""
    return ff.floor_divide(x, y) if x.dtype.kind in "iu" else ff.divide(x, y)


def _power(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x**y; of integers as products of squares, bit by bit of the exponent."""
    if x.dtype.kind == "f":
        return ff.power(x, y)
    one = ff.Tensor(np.ones((), x.dtype))
    try:
        largest = int(np.max(known_value(y)))
        if int(np.min(known_value(y))) < 0:
            raise ValueError("pow: Integers to negative integer powers are not allowed.")
    except UnknownValueError:
        largest = 63  # a larger one overflows but for 0, 1 and -1
    total, rest = one, y
    while largest:
        total = total * ff.where(ff.equal(ff.remainder(rest, 2), 1), x, one)
        x, rest, largest = x * x, ff.floor_divide(rest, 2), largest // 2
    return total


def _truncated(x: ff.Tensor, y: ff.Tensor) -> ff.Tensor:
    """Return what is left of x / y rounded towards zero: it has the sign of x."""
    rest = ff.remainder(x, y)
    has_other_sign = ff.logical_and(ff.not_equal(rest, 0), ff.not_equal(ff.less(x, 0), ff.less(y, 0)))
    return ff.where(has_other_sign, rest - y, rest)


def _truncated_quotient(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y rounded towards zero."""
    return ff.floor_divide(x - _truncated(x, y), y)


def _is_number(x: ff.Tensor) -> ff.Tensor:
    return ff.equal(x, x)


def maximum(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return the larger one, whose gradient goes to x where both are equal, as TensorFlow has it."""
    if x.dtype.kind != "f":
        return ff.maximum(x, y)
    return ff.where(ff.logical_or(ff.greater_equal(x, y), ff.logical_not(_is_number(x))), x, y)


def minimum(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return the smaller one; see `maximum`."""
    if x.dtype.kind != "f":
        return ff.minimum(x, y)
    return ff.where(ff.logical_or(ff.less_equal(x, y), ff.logical_not(_is_number(x))), x, y)


def _quotient_or_zero(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y, and 0 where y is 0."""
    is_zero = ff.equal(y, 0)
    zero = ff.Tensor(np.zeros((), x.dtype))
    return ff.where(is_zero, zero, ff.divide(x, ff.where(is_zero, ff.Tensor(np.ones((), x.dtype)), y)))


def _exclusive_or(x: ff.Tensor, y: ff.Tensor) -> Any:
    return ff.not_equal(x, y)


_BINARY: tuple[tuple[Callable[..., Any], str, str, str, str], ...] = (
    (ff.add, "tf.add tf.math.add", "Add", "add", "add"),
    (ff.subtract, "tf.subtract tf.sub tf.math.subtract", "Sub", "subtract", "sub"),
    (ff.multiply, "tf.multiply tf.mul tf.math.multiply", "Mul", "multiply", "mul"),
    (_divide, "tf.divide tf.truediv tf.math.divide tf.math.truediv", "truediv", "divide", "truediv"),
    (ff.divide, "tf.realdiv tf.math.realdiv", "RealDiv", "", ""),
    (_old_divide, "tf.div", "div", "", ""),
    (ff.floor_divide, "tf.floordiv tf.floor_div tf.math.floordiv", "floordiv", "floor_divide", "floordiv"),
    (ff.remainder, "tf.mod tf.floormod tf.math.floormod tf.math.mod", "FloorMod", "remainder", "mod"),
    (_truncated, "tf.truncatemod tf.math.truncatemod", "TruncateMod", "", ""),
    (_truncated_quotient, "tf.truncatediv tf.math.truncatediv", "TruncateDiv", "", ""),
    (_quotient_or_zero, "tf.div_no_nan tf.math.divide_no_nan", "DivNoNan", "", ""),
    (_power, "tf.pow tf.math.pow", "Pow", "power", "pow"),
    (maximum, "tf.maximum tf.math.maximum", "Maximum", "", ""),
    (minimum, "tf.minimum tf.math.minimum", "Minimum", "", ""),
    (ff.equal, "tf.equal tf.math.equal", "Equal", "equal", "Equal"),
    (ff.not_equal, "tf.not_equal tf.math.not_equal", "NotEqual", "not_equal", "NotEqual"),
    (ff.less, "tf.less tf.math.less", "Less", "less", "Less"),
    (ff.less_equal, "tf.less_equal tf.math.less_equal", "LessEqual", "less_equal", "LessEqual"),
    (ff.greater, "tf.greater tf.math.greater", "Greater", "greater", "Greater"),
    (ff.greater_equal, "tf.greater_equal tf.math.greater_equal", "GreaterEqual", "greater_equal", "GreaterEqual"),
    (ff.logical_and, "tf.logical_and tf.math.logical_and", "LogicalAnd", "logical_and", "LogicalAnd"),
    (ff.logical_or, "tf.logical_or tf.math.logical_or", "LogicalOr", "logical_or", "LogicalOr"),
    (_exclusive_or, "tf.logical_xor tf.math.logical_xor", "LogicalXor", "logical_xor", "LogicalXor"),
    (lambda x, y: ff.square(x - y), "tf.squared_difference tf.math.squared_difference", "SquaredDifference", "", ""),
)
for _function, _names, _kind, _operator, _shown in _BINARY:
    _binary(_function, *_names.split(), kind=_kind, operator=_operator, shown=_shown)


def _unary(function: Callable[..., Any], *names: str, kind: str, operator: str = "") -> None:
    """Make an operation of one tensor."""

    def rule(x: Any) -> Any:
        return function(like(x, None))

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does, element by element."
    operation(*names, kind=kind, operator=operator)(rule)


def _round(x: ff.Tensor) -> Any:
    """Return the nearest whole number, the even one of two."""
    if x.dtype.kind != "f":
        return x
    low = ff.floor(x)
    above = x - low  # exact, but where it is so near 1 that it is rounded to it
    is_up = ff.logical_or(
        ff.greater(above, 0.5), ff.logical_and(ff.equal(above, 0.5), ff.equal(ff.remainder(low, 2.0), 1.0))
    )
    return ff.where(is_up, low + 1.0, low)


def _hyperbolic_sine(x: ff.Tensor) -> Any:
    grown = ff.expm1(x)
    return (grown + grown / (grown + 1.0)) * 0.5


_ARCTANGENT = (
    (-8.750608600031904122785e-1, -1.615753718733365076637e1, -7.500855792314704667340e1, -1.228866684490136173410e2,
     -6.485021904942025371773e1),
    (1.0, 2.485846490142306297962e1, 1.650270098316988542046e2, 4.328810604912902668951e2, 4.853903996359136964868e2,
     1.945506571482613964425e2),
)  # fmt: skip
"""Numerator and denominator of (arctan(x) - x) / x**3 in x**2 for |x| <= 0.66 (Moshier, Cephes, atan.c)."""


def _polynomial(x: ff.Tensor, coefficients: tuple[float, ...]) -> Any:
    total: Any = coefficients[0]
    for each in coefficients[1:]:
        total = total * x + each
    return total


def _arctangent(x: ff.Tensor) -> Any:
    """Return the arctangent, by the arguments 1 / x and (x - 1) / (x + 1) where x is large."""
    size = ff.abs(x)
    is_large, is_middle = ff.greater(size, 2.414213562373095), ff.greater(size, 0.66)
    one = ff.Tensor(np.ones((), x.dtype))
    large = -1.0 / ff.where(is_large, size, one)
    middle = (size - 1.0) / (size + 1.0)
    t = ff.where(is_large, large, ff.where(is_middle, ff.where(is_large, one, middle), size))
    start = ff.where(is_large, one * (np.pi / 2), ff.where(is_middle, one * (np.pi / 4), one * 0.0))
    z = t * t
    found = start + (t + t * z * (_polynomial(z, _ARCTANGENT[0]) / _polynomial(z, _ARCTANGENT[1])))
    return ff.where(ff.less(x, 0.0), -found, found)


def _arcsine(x: ff.Tensor) -> Any:
    return _arctangent(x / ff.sqrt((1.0 - x) * (1.0 + x)))


_LANCZOS = (
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
)  # fmt: skip
"""Coefficients of Lanczos's approximation of the gamma function for g = 7 and n = 9 (Godfrey, 2001)."""


def _logarithm_of_gamma(x: ff.Tensor) -> Any:
    """Return log |gamma(x)|, in double inside, by gamma(x) gamma(1 - x) = pi / sin(pi x) where x < 1/2."""
    whole = ff.cast(x, "float64")
    is_low = ff.less(whole, 0.5)
    t = ff.where(is_low, 1.0 - whole, whole) - 1.0
    total: Any = _LANCZOS[0]
    for place, each in enumerate(_LANCZOS[1:], 1):
        total = total + each / (t + float(place))
    base = t + 7.5
    found = 0.5 * float(np.log(2 * np.pi)) + (t + 0.5) * ff.log(base) - base + ff.log(total)
    sine = ff.abs(ff.sin(np.pi * ff.where(is_low, whole - ff.floor(whole), 0.5 + 0.0 * whole)))
    return ff.cast(ff.where(is_low, float(np.log(np.pi)) - ff.log(sine) - found, found), x.dtype)


_UNARY: tuple[tuple[Callable[..., Any], str, str, str], ...] = (
    (ff.negative, "tf.negative tf.neg tf.math.negative", "Neg", "negative"),
    (ff.abs, "tf.abs tf.math.abs", "Abs", "abs"),
    (ff.logical_not, "tf.logical_not tf.math.logical_not", "LogicalNot", "logical_not"),
    (ff.square, "tf.square tf.math.square", "Square", ""),
    (ff.sqrt, "tf.sqrt tf.math.sqrt", "Sqrt", ""),
    (lambda x: 1.0 / ff.sqrt(x), "tf.rsqrt tf.math.rsqrt", "Rsqrt", ""),
    (lambda x: 1.0 / x, "tf.reciprocal tf.inv tf.math.reciprocal", "Reciprocal", ""),
    (ff.exp, "tf.exp tf.math.exp", "Exp", ""),
    (ff.log, "tf.log tf.math.log", "Log", ""),
    (ff.log1p, "tf.log1p tf.math.log1p", "Log1p", ""),
    (ff.expm1, "tf.expm1 tf.math.expm1", "Expm1", ""),
    (ff.sign, "tf.sign tf.math.sign", "Sign", ""),
    (ff.floor, "tf.floor tf.math.floor", "Floor", ""),
    (lambda x: -ff.floor(-x), "tf.ceil tf.math.ceil", "Ceil", ""),
    (_round, "tf.round tf.math.round", "Round", ""),
    (_round, "tf.rint tf.math.rint", "Rint", ""),
    (ff.sin, "tf.sin tf.math.sin", "Sin", ""),
    (ff.cos, "tf.cos tf.math.cos", "Cos", ""),
    (lambda x: ff.sin(x) / ff.cos(x), "tf.tan tf.math.tan", "Tan", ""),
    (_arctangent, "tf.atan tf.math.atan", "Atan", ""),
    (_arcsine, "tf.asin tf.math.asin", "Asin", ""),
    (lambda x: np.pi / 2 - _arcsine(x), "tf.acos tf.math.acos", "Acos", ""),
    (_hyperbolic_sine, "tf.sinh tf.math.sinh", "Sinh", ""),
    (lambda x: (ff.exp(x) + ff.exp(-x)) * 0.5, "tf.cosh tf.math.cosh", "Cosh", ""),
    (ff.tanh, "tf.tanh tf.nn.tanh tf.math.tanh", "Tanh", ""),
    (ff.sigmoid, "tf.sigmoid tf.nn.sigmoid tf.math.sigmoid", "Sigmoid", ""),
    (ff.nn.activations.log_sigmoid, "tf.log_sigmoid tf.math.log_sigmoid tf.nn.log_sigmoid", "LogSigmoid", ""),
    (ff.erf, "tf.erf tf.math.erf", "Erf", ""),
    (lambda x: 1.0 - ff.erf(x), "tf.erfc tf.math.erfc", "Erfc", ""),
    (_logarithm_of_gamma, "tf.lgamma tf.math.lgamma", "Lgamma", ""),
    (lambda x: ff.logical_not(_is_number(x)), "tf.is_nan tf.debugging.is_nan tf.math.is_nan", "IsNan", ""),
    (lambda x: ff.equal(ff.abs(x), np.inf), "tf.is_inf tf.debugging.is_inf tf.math.is_inf", "IsInf", ""),
    (ff.is_finite, "tf.is_finite tf.debugging.is_finite tf.math.is_finite", "IsFinite", ""),
)
for _function, _names, _kind, _operator in _UNARY:
    _unary(_function, *_names.split(), kind=_kind, operator=_operator)


def _check_numbers(x: Any) -> ff.Tensor:
    found = like(x, None)
    if not isinstance(found, ff.Tensor):
        raise TypeError(f"{x!r:.60} is text. Expected numbers.")
    return found


@operation("tf.cast", "tf.dtypes.cast", kind="Cast")
def cast(x: Any, dtype: Any) -> Any:
    """Return a tensor with its elements converted."""
    return ff.cast(_check_numbers(x), as_dtype(dtype).base_dtype.as_numpy_dtype)


@operation("tf.saturate_cast", "tf.dtypes.saturate_cast", kind="saturate_cast")
def saturate_cast(value: Any, dtype: Any) -> Any:
    """Return a tensor with its elements converted, those outside of the new dtype's range to its ends."""
    x, kind = _check_numbers(value), as_dtype(dtype).base_dtype
    if float(kind.min) > float(as_dtype(x.dtype).min):
        x = ff.maximum(x, ff.Tensor(np.asarray(kind.min, x.dtype)))
    if float(kind.max) < float(as_dtype(x.dtype).max):
        x = ff.minimum(x, ff.Tensor(np.asarray(kind.max, x.dtype)))
    return ff.cast(x, kind.as_numpy_dtype)


def _to(kind: str, *names: str) -> None:
    """Make an operation that converts to one dtype."""

    def rule(x: Any) -> Any:
        return ff.cast(_check_numbers(x), kind)

    rule.__name__, rule.__doc__ = names[0][3:], f"Return a tensor with its elements converted to {kind}."
    operation(*names, kind=f"To{kind.title()}")(rule)


for _kind, _name in (("float32", "float"), ("float64", "double"), ("int32", "int32"), ("int64", "int64")):
    _to(_kind, f"tf.to_{_name}")


@operation("tf.add_n", "tf.math.add_n", kind="AddN")
def add_n(inputs: Any) -> Any:
    """Return the sum of tensors of one shape."""
    return _sum_of(inputs, "add_n")


@operation("tf.accumulate_n", "tf.math.accumulate_n", kind="AccumulateN")
def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None) -> Any:
    """Return the sum of tensors of one shape, which a shape and a dtype that are given must be."""
    total = _sum_of(inputs, "accumulate_n")
    if shape is not None and not as_shape(shape).is_compatible_with(total.node.shape):
        raise ValueError(f"accumulate_n(shape={shape}): the inputs have shape {total.shape}. Leave it out.")
    if tensor_dtype is not None and as_dtype(tensor_dtype) != as_dtype(total.dtype):
        raise TypeError(f"accumulate_n(tensor_dtype={tensor_dtype}): the inputs are {total.dtype.name}. Leave it out.")
    return total


def _sum_of(inputs: Any, what: str) -> Any:
    parts = of_one_dtype(inputs if isinstance(inputs, list | tuple) else [inputs])
    if not parts or any(part.node.shape != parts[0].node.shape for part in parts):
        raise ValueError(f"{what}: inputs must be a list of at least one tensor, all of one dtype and shape.")
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@operation("tf.clip_by_value", kind="clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """Return a tensor with what is smaller or larger replaced by the bounds."""
    x = like(t, None)
    return maximum(minimum(x, like(clip_value_max, x)), like(clip_value_min, x))


refuse(
    "feedforward has no such function. Compute it with NumPy or SciPy, and feed the numbers.",
    *(f"tf.{name}" for name in ("digamma", "igamma", "igammac", "polygamma", "betainc", "zeta", "lbeta", "bitcast")),
    *(f"tf.{name}" for name in ("complex", "real", "imag", "conj", "angle", "fft", "ifft", "quantize", "atan2")),
    *(f"tf.{name}" for name in ("asinh", "acosh", "atanh", "spectral", "signal", "bitwise", "sets")),
)
