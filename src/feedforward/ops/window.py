"""Windows: an array seen through a sliding frame, and the adjoint that adds overlapping frames up again.

A convolution is a product with the windows of a padded image; a pooling is a maximum or a mean over them. The view
itself computes nothing (im2col: Chellapilla, Puri and Simard, 2006, section 3).
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.attribute import AXES, SIZES, STEPS
from feedforward.graph.dimension import Size, largest
from feedforward.graph.node import Array, Node, Shape, Shaped, Spec, build, location_text, shape_text
from feedforward.graph.op import Domain, Invalid, Op, Reduction, Sample, define
from feedforward.graph.operators import Operand
from feedforward.ops.axes import is_inside, normalize_axes, normalize_axis, unify
from feedforward.ops.shape import pad
from feedforward.ops.state import accept, as_node, constant

__all__ = ["windows"]


def _infer_windows(x: Shaped, *, axes: tuple[int, ...], sizes: tuple[int, ...], strides: tuple[int, ...]) -> Spec:
    shape = list(x.shape)
    normalize_axes("windows", axes, len(shape))
    for axis, size, stride in zip(axes, sizes, strides, strict=True):
        length = x.shape[axis]
        if isinstance(length, int) and length < size:
            raise ShapeError(
                f"windows: a window of {size} does not fit axis {axis} of {shape_text(x.shape)}{location_text()}. "
                f"Use a smaller window, or padding='same'."
            )
        shape[axis] = (length - size) // stride + 1
    return Spec((*shape, *sizes), x.dtype)


def _evaluate_windows(x: Array, *, axes: Any, sizes: Any, strides: Any) -> Array:
    view = np.lib.stride_tricks.sliding_window_view(x, sizes, axes)
    step = [slice(None)] * x.ndim
    for axis, stride in zip(axes, strides, strict=True):
        step[axis] = slice(None, None, stride)
    return view[tuple(step)]


def _read_windows(index: Any, x: Any, *, axes: Any, sizes: Any, strides: Any) -> Any:
    positions = list(index[: len(x.shape)])
    for axis, stride, offset in zip(axes, strides, index[len(x.shape) :], strict=True):
        positions[axis] = positions[axis] * stride + offset
    return x[positions]


def _windows_gradient(node: Node, g: Node) -> tuple[Node]:
    axes, strides = node.attrs["axes"], node.attrs["strides"]
    lengths = tuple(node.inputs[0].shape[axis] for axis in axes)
    is_apart = all(stride >= size for stride, size in zip(strides, node.attrs["sizes"], strict=True))
    if is_apart and all(isinstance(length, int) for length in lengths):
        return (_side_by_side(g, axes, strides, lengths),)
    return (build(_OVERLAP_ADD, (g,), {**node.attrs, "lengths": lengths}),)


def _side_by_side(x: Node, axes: Sequence[int], strides: Sequence[int], lengths: Shape) -> Node:
    """Return windows that do not overlap put back where they lay, zeros where there was none."""
    for axis, stride, length in reversed([*zip(axes, strides, lengths, strict=True)]):
        # The last axis is that of the elements in a window: it is filled up to the next one, and put behind its axis.
        x = _filled(x, x.ndim - 1, stride)
        x = x.transpose((*range(axis + 1), x.ndim - 1, *range(axis + 1, x.ndim - 1)))
        x = x.reshape((*x.shape[:axis], x.shape[axis] * stride, *x.shape[axis + 2 :]))
        x = _filled(x[(*[slice(None)] * axis, slice(0, length))], axis, length)
    return x


def _filled(x: Node, axis: int, length: Size) -> Node:
    """Return x with zeros at the end of an axis, up to a length."""
    missing = length - x.shape[axis]
    return x if missing == 0 else pad(x, [(0, missing if one == axis else 0) for one in range(x.ndim)])


_Attrs = dict[str, tuple[int, ...]]


def _infer_overlap_add(x: Shaped, *, axes: Any, sizes: Any, strides: Any, lengths: Shape) -> Spec:
    accept("overlap_add", x, "f")
    shape = list(x.shape[: len(x.shape) - len(axes)])
    normalize_axes("overlap_add", axes, len(shape))
    for axis, length in zip(axes, lengths, strict=True):
        shape[axis] = length
    spec = Spec(tuple(shape), x.dtype)
    frames = _infer_windows(spec, axes=axes, sizes=sizes, strides=strides).shape
    unify("overlap_add: frames and those of the result:", x.shape, frames)  # it is the adjoint of exactly this
    return spec


def _evaluate_overlap_add(x: Array, *, axes: Any, sizes: Any, strides: Any, lengths: Any) -> Array:
    ndim = x.ndim - len(axes)
    shape = list(x.shape[:ndim])
    for axis, length in zip(axes, lengths, strict=True):
        shape[axis] = length
    result = np.zeros(shape, x.dtype)
    for offsets in itertools.product(*(range(size) for size in sizes)):
        spans: list[Any] = [slice(None)] * ndim
        for axis, offset, stride in zip(axes, offsets, strides, strict=True):
            spans[axis] = slice(offset, offset + (x.shape[axis] - 1) * stride + 1 if x.shape[axis] else offset, stride)
        corner: tuple[Any, ...] = (..., *offsets)
        result[tuple(spans)] += x[corner]
    return result


def _read_overlap(index: Any, x: Any, *, axes: Any, sizes: Any, strides: Any, lengths: Any) -> Any:
    """Read, at a position and an offset, what the window that has it at this offset holds there, or 0 for none."""
    if 0 in x.shape:
        return 0
    ndim = len(x.shape) - len(axes)
    conditions, positions = [], list(index)
    for axis, stride, offset in zip(axes, strides, index[ndim:], strict=True):
        moved = index[axis] - offset
        is_window = is_inside(moved, (x.shape[axis] - 1) * stride + 1)
        positions[axis], rest = divmod(moved.where(is_window, 0), stride)
        conditions.append(is_window)
        if stride > 1:
            conditions.append(rest.equals(0))
    inner = x[positions]
    return inner.where(functools.reduce(operator.and_, conditions), 0) if conditions else inner


_CASES: list[tuple[tuple[int, ...], _Attrs]] = [
    (shape, {"axes": axes, "sizes": sizes, "strides": strides})
    for shape, axes, sizes, strides in [
        ((5,), (0,), (3,), (1,)),
        ((5,), (0,), (2,), (2,)),
        ((7,), (0,), (2,), (3,)),
        ((1,), (0,), (1,), (1,)),
        ((4, 5), (0, 1), (2, 3), (1, 1)),
        ((4, 5), (1,), (2,), (2,)),
        ((2, 4, 4, 3), (1, 2), (2, 2), (2, 2)),
        ((2, 5, 4, 1), (1, 2), (3, 2), (2, 1)),
        ((0, 4, 4, 1), (1, 2), (2, 2), (1, 1)),
        ((1, 3, 3, 2), (1, 2), (3, 3), (1, 1)),
        ((3, 2), (0,), (3,), (5,)),
    ]
]

_WINDOWS = define(
    Op(
        name="windows",
        kind="window",
        infer=_infer_windows,
        evaluate=_evaluate_windows,
        gradient=_windows_gradient,
        attrs={"axes": AXES, "sizes": STEPS, "strides": STEPS},
        samples=lambda: [Sample((Domain(shape),), attrs) for shape, attrs in _CASES],
        invalid=(
            Invalid(
                lambda: windows(constant(np.zeros(3)), [4], axes=[0]), "windows: a window of 4 does not fit axis 0"
            ),
            Invalid(lambda: windows(constant(np.zeros(3)), [0], axes=[0]), "windows: size 0 must be an int >= 1"),
            Invalid(
                lambda: windows(constant(np.zeros(3)), [2], [0], axes=[0]), "windows: stride 0 must be an int >= 1"
            ),
            Invalid(
                lambda: windows(constant(np.zeros(3)), [2], axes=[0], padding="full"),
                "windows: padding 'full' is not 'valid' or 'same'",
            ),
            Invalid(lambda: windows(constant(np.zeros(3)), [2, 2], axes=[0]), "windows: 2 sizes for 1 axes"),
            Invalid(
                lambda: windows(constant(np.zeros(3)), [2, 2], axes=[0, -1]), "windows: axes (0, -1) name one twice"
            ),
        ),
        read=_read_windows,
    )
)

_OVERLAP_ADD: Op = define(
    Op(
        name="overlap_add",
        kind="window",
        infer=_infer_overlap_add,
        evaluate=_evaluate_overlap_add,
        gradient=lambda node, g: (
            build(_WINDOWS, (g,), {key: value for key, value in node.attrs.items() if key != "lengths"}),
        ),
        attrs={"axes": AXES, "sizes": STEPS, "strides": STEPS, "lengths": SIZES},
        samples=lambda: [
            Sample(
                (Domain(_infer_windows(Spec(shape, np.dtype("float32")), **attrs).shape),),  # type: ignore[arg-type]
                {**attrs, "lengths": tuple(shape[axis] for axis in attrs["axes"])},
            )
            for shape, attrs in _CASES
        ],
        invalid=(
            Invalid(
                lambda: build(
                    _OVERLAP_ADD,
                    (constant(np.zeros((2, 2), np.int32)),),
                    {"axes": (0,), "sizes": (2,), "strides": (1,), "lengths": (3,)},
                ),
                "overlap_add: dtype int32 is not float",
            ),
        ),
        read=_read_overlap,
        reduce=Reduction("add", 0, over=lambda x, *, axes, sizes, strides, lengths: sizes),
        is_portable=False,
    )
)


def windows(
    x: Operand,
    sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    *,
    axes: Sequence[int],
    padding: str = "valid",
    value: float = 0,
) -> Node:
    """Return every window of x along `axes`.

    Parameters
    ----------
    x : array, shape (..., length, ...)
        What to look at; images are (n, height, width, channels) with ``axes=(1, 2)``.
    sizes : sequence of int
        The window's size along each axis.
    strides : sequence of int, optional
        The step from one window to the next along each axis; 1 by default.
    axes : sequence of int
        The axes along which the window slides.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside x, ``(length - size) // stride + 1`` of them. ``"same"``: x is padded so that
        there are ``ceil(length / stride)``, the odd element of the border at the end, as TensorFlow does.
    value : float
        What the border holds: 0 for a convolution, -inf for a maximum.

    Returns
    -------
    array, shape (..., count, ..., *sizes)
        The number of windows in place of each axis, and the windows' own axes at the end.

    Raises
    ------
    ShapeError, ValueError
        If a window does not fit, a size or stride is below 1, or the padding is unknown.
    """
    x = as_node(x)
    strides = (1,) * len(sizes) if strides is None else tuple(strides)
    if not len(sizes) == len(strides) == len(axes):
        raise ShapeError(f"windows: {len(sizes)} sizes for {len(axes)} axes{location_text()}. Give one for each.")
    for word, numbers in (("size", sizes), ("stride", strides)):
        for number in numbers:
            if not isinstance(number, int | np.integer) or number < 1:
                raise ValueError(f"windows: {word} {number!r} must be an int >= 1{location_text()}.")
    if padding not in ("valid", "same"):
        raise ValueError(f"windows: padding {padding!r} is not 'valid' or 'same'{location_text()}.")
    axes_of_x = tuple(normalize_axis("windows", axis, x.ndim) for axis in axes)
    normalize_axes("windows", axes, x.ndim)
    if padding == "same":
        widths: list[tuple[Size, Size]] = [(0, 0)] * x.ndim
        for axis, size, stride in zip(axes_of_x, sizes, strides, strict=True):
            length = x.shape[axis]
            count = (length + stride - 1) // stride
            total = largest(0, (count - 1) * stride + size - length)
            widths[axis] = total // 2, total - total // 2
        x = pad(x, widths, value) if any(width != (0, 0) for width in widths) else x
    return build(_WINDOWS, (x,), {"axes": axes_of_x, "sizes": tuple(sizes), "strides": strides})
