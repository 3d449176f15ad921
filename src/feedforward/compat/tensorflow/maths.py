"""Arithmetic, comparisons, reductions and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.tensorflow.arrays import ints, like
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.dtypes import as_dtype

__all__: list[str] = []


def _pair(x: Any, y: Any) -> tuple[ff.Tensor, ff.Tensor]:
    """Return two operands as our tensors of one dtype.

    Raises
    ------
    TypeError
        If both are tensors and differ in dtype.
    """
    left, right = like(x, y), like(y, x)
    if left.dtype != right.dtype:
        raise TypeError(
            f"the operands have dtypes {left.dtype.name} and {right.dtype.name}. Expected one: use tf.cast."
        )
    return left, right


def _binary(function: Callable[..., Any], *names: str, kind: str, operator: str = "", shown: str = "") -> None:
    """Make an operation of two tensors, and of an operator of Python's, whose nodes have another name."""

    def rule(x: Any, y: Any) -> Any:
        return function(*_pair(x, y))

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does, element by element."
    operation(*names, kind=kind)(rule)
    if operator:
        operation(kind=kind, called=shown or kind.lower(), operator=operator)(rule)


def _divide(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y as Python 3 divides: of integers a float64."""
    if x.dtype.kind in "iu":
        to = "float32" if x.dtype.itemsize < 4 else "float64"
        x, y = ff.cast(x, to), ff.cast(y, to)
    return ff.divide(x, y)


def _old_divide(x: ff.Tensor, y: ff.Tensor) -> Any:
    """Return x / y as Python 2 divides: of integers their floor."""
    return ff.floor_divide(x, y) if x.dtype.kind in "iu" else ff.divide(x, y)


_binary(ff.add, "tf.add", "tf.math.add", kind="Add", operator="add", shown="add")
_binary(ff.subtract, "tf.subtract", "tf.sub", "tf.math.subtract", kind="Sub", operator="subtract", shown="sub")
_binary(ff.multiply, "tf.multiply", "tf.mul", "tf.math.multiply", kind="Mul", operator="multiply", shown="mul")
_binary(
    _divide,
    "tf.divide",
    "tf.truediv",
    "tf.realdiv",
    "tf.math.divide",
    kind="truediv",
    operator="divide",
    shown="truediv",
)
_binary(_old_divide, "tf.div", kind="div")
_binary(ff.floor_divide, "tf.floordiv", "tf.floor_div", "tf.math.floordiv", kind="floordiv", operator="floor_divide")
_binary(ff.remainder, "tf.mod", "tf.floormod", "tf.math.floormod", kind="FloorMod", operator="remainder", shown="mod")
_binary(ff.power, "tf.pow", "tf.math.pow", kind="Pow", operator="power", shown="pow")
_binary(ff.maximum, "tf.maximum", "tf.math.maximum", kind="Maximum")
_binary(ff.minimum, "tf.minimum", "tf.math.minimum", kind="Minimum")
_binary(ff.equal, "tf.equal", "tf.math.equal", kind="Equal", operator="equal", shown="Equal")
_binary(ff.not_equal, "tf.not_equal", "tf.math.not_equal", kind="NotEqual", operator="not_equal", shown="NotEqual")
_binary(ff.less, "tf.less", "tf.math.less", kind="Less", operator="less", shown="Less")
_binary(
    ff.less_equal, "tf.less_equal", "tf.math.less_equal", kind="LessEqual", operator="less_equal", shown="LessEqual"
)
_binary(ff.greater, "tf.greater", "tf.math.greater", kind="Greater", operator="greater", shown="Greater")
_binary(
    ff.greater_equal,
    "tf.greater_equal",
    "tf.math.greater_equal",
    kind="GreaterEqual",
    operator="greater_equal",
    shown="GreaterEqual",
)
_binary(
    ff.logical_and,
    "tf.logical_and",
    "tf.math.logical_and",
    kind="LogicalAnd",
    operator="logical_and",
    shown="LogicalAnd",
)
_binary(
    ff.logical_or, "tf.logical_or", "tf.math.logical_or", kind="LogicalOr", operator="logical_or", shown="LogicalOr"
)
_binary(lambda x, y: ff.square(x - y), "tf.squared_difference", "tf.math.squared_difference", kind="SquaredDifference")


def _unary(function: Callable[..., Any], *names: str, kind: str, operator: str = "") -> None:
    """Make an operation of one tensor."""

    def rule(x: Any) -> Any:
        return function(like(x, None))

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does, element by element."
    operation(*names, kind=kind, operator=operator)(rule)


_unary(ff.negative, "tf.negative", "tf.neg", "tf.math.negative", kind="Neg", operator="negative")
_unary(ff.abs, "tf.abs", "tf.math.abs", kind="Abs", operator="abs")
_unary(ff.logical_not, "tf.logical_not", "tf.math.logical_not", kind="LogicalNot", operator="logical_not")
_unary(ff.square, "tf.square", "tf.math.square", kind="Square")
_unary(ff.sqrt, "tf.sqrt", "tf.math.sqrt", kind="Sqrt")
_unary(lambda x: 1.0 / ff.sqrt(x), "tf.rsqrt", "tf.math.rsqrt", kind="Rsqrt")
_unary(ff.exp, "tf.exp", "tf.math.exp", kind="Exp")
_unary(ff.log, "tf.log", "tf.math.log", kind="Log")
_unary(ff.log1p, "tf.log1p", "tf.math.log1p", kind="Log1p")
_unary(ff.expm1, "tf.expm1", "tf.math.expm1", kind="Expm1")
_unary(ff.sign, "tf.sign", "tf.math.sign", kind="Sign")
_unary(ff.floor, "tf.floor", "tf.math.floor", kind="Floor")
_unary(ff.sin, "tf.sin", "tf.math.sin", kind="Sin")
_unary(ff.cos, "tf.cos", "tf.math.cos", kind="Cos")
_unary(ff.tanh, "tf.tanh", "tf.nn.tanh", "tf.math.tanh", kind="Tanh")
_unary(ff.sigmoid, "tf.sigmoid", "tf.nn.sigmoid", "tf.math.sigmoid", kind="Sigmoid")
_unary(ff.relu, "tf.nn.relu", kind="Relu")


@operation("tf.matmul", "tf.linalg.matmul", kind="MatMul", operator="matmul")
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
) -> Any:
    """Return the product of matrices, or of batches of them."""
    left, right = _pair(a, b)
    if transpose_a or adjoint_a:
        left = _turned(left)
    if transpose_b or adjoint_b:
        right = _turned(right)
    if min(left.ndim, right.ndim) < 2:
        raise ValueError(f"Shape must be rank 2 but is rank {min(left.ndim, right.ndim)}: matmul takes matrices.")
    return ff.matmul(left, right)


def _turned(x: ff.Tensor) -> ff.Tensor:
    axes = list(range(x.ndim))
    return ff.transpose(x, [*axes[:-2], axes[-1], axes[-2]])


@operation("tf.cast", "tf.dtypes.cast", kind="Cast")
def cast(x: Any, dtype: Any) -> Any:
    """Return a tensor with its elements converted."""
    return ff.cast(like(x, None), as_dtype(dtype).base_dtype.as_numpy_dtype)


def _reduction(function: Callable[..., Any], *names: str, kind: str) -> None:
    """Make an operation that reduces axes."""

    def rule(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = None,
        reduction_indices: Any = None,
        keep_dims: Any = None,
    ) -> Any:
        axes = axis if reduction_indices is None else reduction_indices
        keep = bool(keepdims if keep_dims is None else keep_dims)
        return function(like(input_tensor, None), None if axes is None else tuple(ints(axes)), keep)

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does over some axes, by default all."
    operation(*names, kind=kind)(rule)


def _mean(x: ff.Tensor, axis: Any, keepdims: bool) -> Any:
    """Return the mean, of integers rounded towards zero as TensorFlow does."""
    return ff.mean(x, axis, keepdims)


_reduction(ff.sum, "tf.reduce_sum", "tf.math.reduce_sum", kind="Sum")
_reduction(_mean, "tf.reduce_mean", "tf.math.reduce_mean", kind="Mean")
_reduction(ff.max, "tf.reduce_max", "tf.math.reduce_max", kind="Max")
_reduction(ff.min, "tf.reduce_min", "tf.math.reduce_min", kind="Min")
_reduction(ff.any, "tf.reduce_any", "tf.math.reduce_any", kind="Any")
_reduction(ff.all, "tf.reduce_all", "tf.math.reduce_all", kind="All")


@operation("tf.argmax", "tf.arg_max", "tf.math.argmax", kind="ArgMax")
def argmax(input: Any, axis: Any = None, dimension: Any = None, output_type: Any = "int64") -> Any:
    """Return where the largest elements along an axis are."""
    at = axis if dimension is None else dimension
    return ff.cast(ff.argmax(like(input, None), 0 if at is None else ints(at)[0]), as_dtype(output_type).as_numpy_dtype)


_ = np
