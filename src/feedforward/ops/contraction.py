"""Contractions: the matrix product, from which every dense layer, convolution and attention is made."""

from __future__ import annotations

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.attribute import FLAG
from feedforward.graph.dimension import product
from feedforward.graph.node import Array, Node, Shaped, Spec, build, location_text, shape_text
from feedforward.graph.op import Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.axes import broadcast_shapes, unify
from feedforward.ops.state import accept, as_node, constant, domains, one_dtype

__all__ = ["matmul"]


def _swap(x: Array, transpose: bool) -> Array:
    return np.swapaxes(x, -1, -2) if transpose else x


def _infer_matmul(x: Shaped, y: Shaped, *, transpose_x: bool, transpose_y: bool) -> Spec:
    accept("matmul", x, "f")
    dtype = one_dtype("matmul", x, y)
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise ShapeError(
            f"matmul: {shape_text(x.shape)} @ {shape_text(y.shape)} are not matrices{location_text()}. Reshape them."
        )
    rows, inner = x.shape[-2:][::-1] if transpose_x else x.shape[-2:]
    inner_y, columns = y.shape[-2:][::-1] if transpose_y else y.shape[-2:]
    if isinstance(inner, int) and isinstance(inner_y, int) and inner != inner_y:
        raise ShapeError(
            f"matmul: inner sizes differ, {shape_text(x.shape)} @ {shape_text(y.shape)}{location_text()}. "
            f"Transpose one side or change units."
        )
    batch = unify("matmul", x.shape[:-2], y.shape[:-2])
    return Spec((*batch, rows, columns), dtype)


def _matmul_gradient(node: Node, g: Node) -> tuple[Node, Node]:
    """For C = A B: dA = G B', dB = A' G, with the transposes of the operands kept inside the products."""
    x, y = node.inputs
    is_x, is_y = node.attrs["transpose_x"], node.attrs["transpose_y"]
    dx = _product(y, g, is_y, True) if is_x else _product(g, y, False, not is_y)
    dy = _product(g, x, True, is_x) if is_y else _product(x, g, not is_x, False)
    return dx, dy


_MATMUL = define(
    Op(
        name="matmul",
        kind="contraction",
        infer=_infer_matmul,
        evaluate=lambda x, y, *, transpose_x, transpose_y: np.matmul(_swap(x, transpose_x), _swap(y, transpose_y)),
        gradient=_matmul_gradient,
        attrs={"transpose_x": FLAG, "transpose_y": FLAG},
        samples=lambda: [
            Sample(domains(x, y), {"transpose_x": is_x, "transpose_y": is_y})
            for x, y, is_x, is_y in [
                ((2, 3), (3, 4), False, False),
                ((3, 2), (3, 4), True, False),
                ((2, 3), (4, 3), False, True),
                ((3, 2), (4, 3), True, True),
                ((1, 1), (1, 1), False, False),
                ((1, 5), (5, 1), False, False),
                ((0, 3), (3, 2), False, False),
                ((2, 0), (0, 3), False, False),
                ((2, 2, 3), (2, 3, 2), False, False),
                ((2, 3, 2), (2, 2, 3), True, True),
                ((2, 1, 2, 3), (2, 1, 3, 2), False, False),
                ((17, 33), (33, 9), False, False),
            ]
        ],
        invalid=(
            Invalid(
                lambda: constant(np.zeros((32, 784))) @ constant(np.zeros((512, 10))),
                "matmul: inner sizes differ, (32, 784) @ (512, 10), built at",
            ),
            Invalid(lambda: constant(1.0) @ constant([[1.0]]), "matmul: a number cannot be multiplied as a matrix"),
            Invalid(
                lambda: constant(np.zeros((2, 3), np.float32)) @ constant(np.zeros((3, 2))),
                "matmul: dtypes differ, float32 and float64",
            ),
            Invalid(lambda: constant([[1]]) @ constant([[1]]), "matmul: dtype int32 is not float"),
            Invalid(
                lambda: constant(np.zeros((2, 2, 3))) @ constant(np.zeros((4, 3, 2))),
                "matmul: shapes (2,) and (4,) cannot be broadcast together",
            ),
        ),
        is_portable=False,
    )
)


def _product(x: Node, y: Node, transpose_x: bool, transpose_y: bool) -> Node:
    return build(_MATMUL, (x, y), {"transpose_x": transpose_x, "transpose_y": transpose_y})


@method
def matmul(x: Operand, y: Operand, transpose_x: bool = False, transpose_y: bool = False) -> Node:
    """Return the matrix product of x and y.

    Parameters
    ----------
    x : float array, shape (..., n, d)
        The left side; a vector (d,) is taken as one row.
    y : float array, shape (..., d, k)
        The right side; a vector (d,) is taken as one column.
    transpose_x, transpose_y : bool
        Whether to swap the last two axes of a side first.

    Returns
    -------
    float array, shape (..., n, k)
        Leading axes are broadcast; the axis of a vector is dropped.

    Raises
    ------
    ShapeError
        If the inner sizes differ, a side is a single number, or leading axes do not fit.
    """
    x = as_node(x, y if isinstance(y, Node) else None)
    y = as_node(y, x)
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(f"matmul: a number cannot be multiplied as a matrix{location_text()}. Use * for it.")
    row, column = x.ndim == 1, y.ndim == 1
    x = x.reshape((1, *x.shape)) if row else x
    y = y.reshape((*y.shape, 1)) if column else y
    result = _matrices(x, y, transpose_x and not row, transpose_y and not column)
    shape = result.shape
    return result.reshape((*shape[:-2], *(() if row else shape[-2:-1]), *(() if column else shape[-1:])))


def _matrices(x: Node, y: Node, transpose_x: bool, transpose_y: bool) -> Node:
    """Multiply arrays of at least two axes; rows of many matrices times one matrix become one tall product."""
    if x.ndim > 2 and y.ndim == 2 and not transpose_x:
        tall = _product(x.reshape((product(x.shape[:-1]), x.shape[-1])), y, False, transpose_y)
        return tall.reshape((*x.shape[:-1], tall.shape[-1]))
    if x.shape[:-2] != y.shape[:-2]:
        batch = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
        x, y = x.broadcast_to((*batch, *x.shape[-2:])), y.broadcast_to((*batch, *y.shape[-2:]))
    return _product(x, y, transpose_x, transpose_y)
