"""Contractions: the matrix product, from which every dense layer, convolution and attention is made.

Also here: products of many small matrices that lie beside one another, as those of many small networks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.attribute import FLAG
from feedforward.graph.dimension import product
from feedforward.graph.node import Array, Node, Shaped, Spec, build, location_text, shape_text
from feedforward.graph.op import Invalid, Op, Reduction, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.axes import broadcast_shapes, unify
from feedforward.ops.state import accept, as_node, constant, domains, one_dtype

__all__ = ["matmul", "matmul_beside"]


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


def _infer_beside(x: Shaped, y: Shaped) -> Spec:
    accept("matmul_beside", x, "f")
    dtype = one_dtype("matmul_beside", x, y)
    shapes = f"{shape_text(x.shape)} and {shape_text(y.shape)}"
    if len(x.shape) != 3 or len(y.shape) != 3:
        raise ShapeError(
            f"matmul_beside: {shapes} are not matrices beside one another{location_text()}. Give (n, d, k) and "
            f"(d, u, k)."
        )
    if any(
        isinstance(m, int) and isinstance(n, int) and m != n for m, n in zip(x.shape[1:], y.shape[::2], strict=True)
    ):
        raise ShapeError(
            f"matmul_beside: {shapes} do not fit{location_text()}. Give (n, d, k) and (d, u, k), of the same d and k."
        )
    return Spec((x.shape[0], y.shape[1], x.shape[2]), dtype)


def _read_beside(index: Any, x: Any, y: Any) -> Any:
    row, column, matrix, turn = index
    return x[(row, turn, matrix)].times(y[(turn, column, matrix)])


_MATMUL_BESIDE = define(
    Op(
        name="matmul_beside",
        kind="reduce",
        infer=_infer_beside,
        evaluate=lambda x, y: np.matmul(x.transpose(2, 0, 1), y.transpose(2, 0, 1)).transpose(1, 2, 0),
        gradient=lambda node, g: (
            matmul_beside(g, node.inputs[1].transpose((1, 0, 2))),
            matmul_beside(node.inputs[0].transpose((1, 0, 2)), g),
        ),
        samples=lambda: [
            Sample(domains(x, y))
            for x, y in [
                ((2, 3, 5), (3, 4, 5)),
                ((2, 3, 1), (3, 4, 1)),
                ((1, 1, 2), (1, 1, 2)),
                ((3, 2, 64), (2, 1, 64)),
                ((4, 10, 17), (10, 2, 17)),
                ((1, 9, 3), (9, 8, 3)),
                ((0, 2, 4), (2, 3, 4)),
                ((2, 0, 4), (0, 3, 4)),
                ((2, 3, 0), (3, 2, 0)),
                ((5, 17, 8), (17, 3, 8)),
            ]
        ],
        invalid=(
            Invalid(
                lambda: matmul_beside(constant(np.zeros((2, 3, 4))), constant(np.zeros((2, 5, 4)))),
                "matmul_beside: (2, 3, 4) and (2, 5, 4) do not fit",
            ),
            Invalid(
                lambda: matmul_beside(constant(np.zeros((2, 3))), constant(np.zeros((3, 2)))),
                "matmul_beside: (2, 3) and (3, 2) are not matrices beside one another",
            ),
            Invalid(
                lambda: matmul_beside(constant([[[1]]]), constant([[[1]]])), "matmul_beside: dtype int32 is not float"
            ),
        ),
        read=_read_beside,
        reduce=Reduction("multiply_add", 0, over=lambda x, y: (x.shape[1],)),
        is_portable=False,
    )
)


def matmul_beside(x: Operand, y: Operand) -> Node:
    """Return the products of matrices that lie beside one another, with their number last.

    Parameters
    ----------
    x : float array, shape (n, d, k)
        The left sides: that of product m is ``x[:, :, m]``.
    y : float array, shape (d, u, k)
        The right sides.

    Returns
    -------
    float array, shape (n, u, k)
        The element of each is the same chain of fused multiply-adds as in `matmul`, to the bit for d up to 4,096. Many
        small products are quicker so, since the same element of all of them is computed at a time.

    Raises
    ------
    ShapeError
        If they are not such arrays, or differ in d or k.
    """
    x = as_node(x, y if isinstance(y, Node) else None)
    return build(_MATMUL_BESIDE, (x, as_node(y, x)))
