"""Reductions: operations that combine the elements along axes into one.

Where several elements share a maximum they share its gradient equally.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.attribute import AXES, AXIS
from feedforward.graph.dimension import product
from feedforward.graph.node import Array, Node, Shape, Shaped, Spec, as_dtype, build, location_text, shape_text
from feedforward.graph.op import OPS, Domain, Invalid, Op, Reduction, Sample, define
from feedforward.graph.operators import Axes, Operand, method
from feedforward.ops.arithmetic import cast, stop_gradient
from feedforward.ops.axes import normalize_axes, normalize_axis
from feedforward.ops.comparison import equal, is_finite, logical_not, where
from feedforward.ops.elementary import exp, log
from feedforward.ops.state import accept, as_node, constant, size

__all__ = ["sum", "max", "min", "any", "all", "mean", "argmax", "logsumexp"]

_CASES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((3,), (0,)),
    ((1,), (0,)),
    ((2, 3), (0,)),
    ((2, 3), (1,)),
    ((2, 3), (0, 1)),
    ((2, 3, 4), (1,)),
    ((2, 3, 4), (0, 2)),
    ((17,), (0,)),
    ((33, 2), (0,)),
    ((1, 1), (0, 1)),
    ((), ()),
]
"""Shapes and the axes to reduce, none of them empty."""


def _samples(cases: list[tuple[tuple[int, ...], tuple[int, ...]]], distinct: bool = False) -> list[Sample]:
    return [Sample((Domain(shape, distinct=distinct),), {"axes": axes}) for shape, axes in cases]


def _without(shape: Shape, axes: Sequence[int]) -> Shape:
    return tuple(length for axis, length in enumerate(shape) if axis not in axes)


def _with_ones(shape: Shape, axes: Sequence[int]) -> Shape:
    return tuple(1 if axis in axes else length for axis, length in enumerate(shape))


def _infer_sum(x: Shaped, *, axes: tuple[int, ...]) -> Spec:
    accept("sum", x, "fi")
    normalize_axes("sum", axes, len(x.shape))
    return Spec(_without(x.shape, axes), x.dtype)


def _infer_extreme(name: str, x: Shaped, axes: tuple[int, ...]) -> Spec:
    """Infer the spec of a maximum or minimum, which needs at least one element."""
    accept(name, x, "fiu")
    normalize_axes(name, axes, len(x.shape))
    if 0 in [x.shape[axis] for axis in axes]:
        raise ShapeError(
            f"{name}: {shape_text(x.shape)} has no elements along axes {axes}{location_text()}. Give at least one."
        )
    return Spec(_without(x.shape, axes), x.dtype)


def _infer_argmax(x: Shaped, *, axis: int) -> Spec:
    accept("argmax", x, "fiu")
    normalize_axis("argmax", axis, len(x.shape))
    if x.shape[axis] == 0:
        raise ShapeError(
            f"argmax: {shape_text(x.shape)} has no elements along axis {axis}{location_text()}. Give at least one."
        )
    return Spec(_without(x.shape, (axis,)), as_dtype("int64"))


def _sum_gradient(node: Node, g: Node) -> tuple[Node]:
    x = node.inputs[0]
    return (g.reshape(_with_ones(x.shape, node.attrs["axes"])).broadcast_to(x.shape),)


def _extreme_gradient(node: Node, g: Node) -> tuple[Node]:
    """Share g among all elements that equal the maximum, or minimum."""
    x, axes = node.inputs[0], node.attrs["axes"]
    ones = _with_ones(x.shape, axes)
    is_best = cast(equal(x, node.reshape(ones).broadcast_to(x.shape)), x.dtype)
    share = g.reshape(ones) / is_best.sum(axes).reshape(ones)
    return (share.broadcast_to(x.shape) * is_best,)


_SUM = define(
    Op(
        name="sum",
        kind="reduce",
        infer=_infer_sum,
        evaluate=lambda x, *, axes: np.sum(x, axes, x.dtype),
        gradient=_sum_gradient,
        attrs={"axes": AXES},
        samples=lambda: _samples([*_CASES, ((0,), (0,)), ((0, 2), (0,)), ((2, 0), (0,))]),
        invalid=(
            Invalid(
                lambda: constant(np.zeros((2, 3))).sum(2), "sum: axis 2 does not exist in an array of 2 dimensions"
            ),
            Invalid(lambda: constant(np.zeros((2, 3))).sum((1, -1)), "sum: axes (1, -1) name one twice"),
            Invalid(
                lambda: build(OPS["sum"], (constant([True]),), {"axes": (0,)}),
                "sum: dtype bool is not float or signed integer",
            ),
        ),
        reduce=Reduction("add", 0),
        is_portable=False,
    )
)


def _extreme(name: str, evaluate: Callable[..., Array], function: Callable[..., Node], reduction: Reduction) -> Op:
    """Define a maximum or minimum over axes."""
    return define(
        Op(
            name=name,
            kind="reduce",
            infer=lambda x, *, axes: _infer_extreme(name, x, axes),
            evaluate=lambda x, *, axes: evaluate(x, axes),
            gradient=_extreme_gradient,
            attrs={"axes": AXES},
            samples=lambda: _samples([*_CASES, ((2, 0), (0,))], distinct=True),
            invalid=(
                Invalid(
                    lambda: function(constant(np.zeros((0, 2))), 0), f"{name}: (0, 2) has no elements along axes (0,)"
                ),
                Invalid(lambda: function(constant(np.zeros((2, 3))), -3), f"{name}: axis -3 does not exist"),
                Invalid(lambda: function(constant([True])), f"{name}: dtype bool is not float"),
            ),
            reduce=reduction,
        )
    )


_MAX = _extreme("max", np.max, lambda *arguments: max(*arguments), Reduction("maximum", -np.inf))
_MIN = _extreme("min", np.min, lambda *arguments: min(*arguments), Reduction("minimum", np.inf))

_ARGMAX = define(
    Op(
        name="argmax",
        kind="reduce",
        infer=_infer_argmax,
        evaluate=lambda x, *, axis: np.asarray(np.argmax(x, axis), np.int64),
        gradient=None,
        attrs={"axis": AXIS},
        samples=lambda: [
            Sample((Domain(shape, distinct=True),), {"axis": axis})
            for shape, axis in [
                ((3,), 0),
                ((1,), 0),
                ((2, 3), 0),
                ((2, 3), 1),
                ((2, 3, 4), 0),
                ((2, 3, 4), 1),
                ((2, 3, 4), 2),
                ((17,), 0),
                ((0, 3), 1),
                ((33, 2), 0),
            ]
        ],
        invalid=(
            Invalid(lambda: constant(np.zeros((2, 0))).argmax(1), "argmax: (2, 0) has no elements along axis 1"),
            Invalid(lambda: constant(np.zeros(3)).argmax(1), "argmax: axis 1 does not exist"),
        ),
        reduce=Reduction("maximum", -np.inf, is_position=True),
    )
)


def _reduce(op: Op, x: Operand, axis: Axes, keepdims: bool) -> Node:
    x = as_node(x)
    axes = normalize_axes(op.name, axis, x.ndim)
    node = build(op, (x,), {"axes": axes}) if axes or x.ndim == 0 else x
    return node.reshape(_with_ones(x.shape, axes)) if keepdims else node


@method
def sum(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return the sum of x over axes, by default over all; 0 over none.

    Parameters
    ----------
    x : array
        What to add up. The result has its dtype, but for bools, which are counted, and unsigned integers: int64.
    axis : int, sequence of int, or None
        Which axes; None for all.
    keepdims : bool
        Whether to keep the axes, with size 1.
    """
    x = as_node(x)
    return _reduce(_SUM, cast(x, "int64") if x.dtype.kind in "bu" else x, axis, keepdims)


@method
def max(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return the maximum of x over axes, NaN if there is one; see `sum` for the arguments.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Elements that tie for the maximum share its gradient equally.
    """
    return _reduce(_MAX, x, axis, keepdims)


@method
def min(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return the minimum of x over axes, NaN if there is one; see `max`."""
    return _reduce(_MIN, x, axis, keepdims)


@method
def any(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return whether any element of the bool array x is true, over axes; see `sum` for the arguments."""
    accept("any", as_node(x), "b")
    return cast(sum(cast(x, "int32"), axis, keepdims), "bool")


@method
def all(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return whether all elements of the bool array x are true, over axes; see `sum` for the arguments."""
    accept("all", as_node(x), "b")
    return logical_not(any(logical_not(x), axis, keepdims))


@method
def mean(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return the arithmetic mean of x over axes; integers are cast to float32 first. See `sum` for the arguments."""
    x = as_node(x)
    x = x if x.dtype.kind == "f" else cast(x, "float32")
    axes = normalize_axes("mean", axis, x.ndim)
    return sum(x, axes, keepdims) / size(product(x.shape[one] for one in axes), x.dtype)


@method
def argmax(x: Operand, axis: int | None = None) -> Node:
    """Return the index of the first maximum along an axis, as int64; None looks through the flattened array.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.
    """
    x = as_node(x)
    if axis is None:
        x, axis = x.reshape((-1,)), 0
    return build(_ARGMAX, (x,), {"axis": normalize_axis("argmax", axis, x.ndim)})


def logsumexp(x: Operand, axis: Axes = None, keepdims: bool = False) -> Node:
    """Return log(sum(exp(x))) over axes, without overflow: m + log(sum(exp(x - m))) with m = max(x).

    See `sum` for the arguments. Where the maximum is infinite, m is taken as 0, so that inf and -inf come out as such.
    """
    x = as_node(x)
    axes = normalize_axes("logsumexp", axis, x.ndim)
    top = stop_gradient(max(x, axes, keepdims=True))
    top = where(is_finite(top), top, 0.0)
    result = log(sum(exp(x - top), axes, keepdims=True)) + top
    return result if keepdims else result.reshape(_without(x.shape, axes))
