"""Movement: operations that change only the indices of elements."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.attribute import AXES, AXIS, OFFSETS, SIZES, STEPS
from feedforward.graph.dimension import Dimension, Size, largest, product
from feedforward.graph.node import Array, Node, Shape, Shaped, Spec, build, location_text, shape_text
from feedforward.graph.op import Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.axes import flat_of, index_of, is_inside, normalize_axes, normalize_axis, unify
from feedforward.ops.state import as_node, constant, domains, one_dtype

__all__ = [
    "reshape",
    "transpose",
    "broadcast_to",
    "SLICE",
    "pad",
    "concatenate",
    "stack",
    "expand_dims",
    "squeeze",
    "flip",
]


def _infer_reshape(x: Shaped, *, shape: Shape) -> Spec:
    before, after = product(x.shape), product(shape)
    if isinstance(before, int) and isinstance(after, int) and before != after:
        raise ShapeError(
            f"reshape: {shape_text(x.shape)} has {before} elements, {shape_text(shape)} has {after}{location_text()}. "
            f"Keep the number of elements, or give one size as -1."
        )
    return Spec(shape, x.dtype)


_RESHAPE = define(
    Op(
        name="reshape",
        kind="movement",
        infer=_infer_reshape,
        evaluate=lambda x, *, shape: x.reshape(shape),
        gradient=lambda node, g: (g.reshape(node.inputs[0].shape),),
        attrs={"shape": SIZES},
        samples=lambda: [
            Sample(domains(before), {"shape": after})
            for before, after in [
                ((6,), (2, 3)),
                ((2, 3), (6,)),
                ((2, 3, 4), (4, 6)),
                ((1,), ()),
                ((), (1, 1)),
                ((0, 3), (3, 0)),
                ((4,), (4,)),
                ((2, 2), (1, 4, 1)),
                ((12,), (3, 2, 2)),
                ((5, 7), (7, 5)),
            ]
        ],
        invalid=(
            Invalid(
                lambda: reshape(constant(np.zeros((2, 3))), (4, 2)), "reshape: (2, 3) has 6 elements, (4, 2) has 8"
            ),
            Invalid(lambda: reshape(constant(np.zeros((2, 3))), (-1, 4)), "reshape: (2, 3) has 6 elements"),
            Invalid(lambda: reshape(constant(np.zeros((2, 3))), (-1, -1)), "reshape: (-1, -1) has more than one -1"),
            Invalid(lambda: reshape(constant(np.zeros((2, 3))), (-2, -3)), "reshape: (-2, -3) has a negative size"),
        ),
        read=lambda index, x, *, shape: x[index_of(flat_of(index, shape), x.shape)],
    )
)


@method
def reshape(x: Operand, shape: Size | Sequence[Size]) -> Node:
    """Return the elements of x, in row-major order, in another shape.

    Parameters
    ----------
    x : array
        What to reshape.
    shape : sequence of int
        The new shape; one size may be -1, and is what is left.

    Raises
    ------
    ShapeError
        If the number of elements would change.
    """
    x = as_node(x)
    sizes: Shape = (shape,) if isinstance(shape, int | np.integer | Dimension) else tuple(shape)
    if any(isinstance(size, int | np.integer) and size < -1 for size in sizes):
        raise ShapeError(f"reshape: {shape_text(sizes)} has a negative size. Every size is at least 0, or -1 once.")
    if sizes.count(-1) > 1:
        raise ShapeError(f"reshape: {shape_text(sizes)} has more than one -1. At most one size can be inferred.")
    if -1 in sizes:
        rest = product(size for size in sizes if size != -1)
        inferred = product(x.shape) // rest if rest != 0 else 0
        sizes = tuple(inferred if size == -1 else size for size in sizes)
    return x if sizes == x.shape else build(_RESHAPE, (x,), {"shape": sizes})


def _infer_transpose(x: Shaped, *, axes: tuple[int, ...]) -> Spec:
    if sorted(axes) != list(range(len(x.shape))):
        raise ShapeError(
            f"transpose: axes {axes} do not name each of the {len(x.shape)} axes once{location_text()}. "
            f"Give an order of {tuple(range(len(x.shape)))}."
        )
    return Spec(tuple(x.shape[axis] for axis in axes), x.dtype)


_TRANSPOSE = define(
    Op(
        name="transpose",
        kind="movement",
        infer=_infer_transpose,
        evaluate=lambda x, *, axes: np.transpose(x, axes),
        gradient=lambda node, g: (
            transpose(g, [node.attrs["axes"].index(axis) for axis in range(len(node.attrs["axes"]))]),
        ),
        attrs={"axes": AXES},
        samples=lambda: [
            Sample(domains(shape), {"axes": axes})
            for shape, axes in [
                ((2, 3), (1, 0)),
                ((2, 3, 4), (1, 2, 0)),
                ((2, 3, 4), (2, 1, 0)),
                ((2, 3, 4), (0, 2, 1)),
                ((3,), (0,)),
                ((0, 2), (1, 0)),
                ((1, 5), (1, 0)),
                ((2, 3, 1, 2), (3, 1, 0, 2)),
                ((), ()),
                ((16, 17), (1, 0)),
            ]
        ],
        invalid=(
            Invalid(lambda: transpose(constant(np.zeros((2, 3))), (0, 2)), "transpose: axis 2 does not exist"),
            Invalid(
                lambda: transpose(constant(np.zeros((2, 3))), (0,)),
                "transpose: axes (0,) do not name each of the 2 axes",
            ),
            Invalid(
                lambda: transpose(constant(np.zeros((2, 3))), (1, 1)),
                "transpose: axes (1, 1) do not name each of the 2 axes",
            ),
        ),
        read=lambda index, x, *, axes: x[[index[axes.index(axis)] for axis in range(len(axes))]],
    )
)


@method
def transpose(x: Operand, axes: Sequence[int] | None = None) -> Node:
    """Return x with its axes in the order `axes`, by default reversed."""
    x = as_node(x)
    given = range(x.ndim)[::-1] if axes is None else axes
    order = tuple(normalize_axis("transpose", axis, x.ndim) for axis in given)
    return x if order == tuple(range(x.ndim)) else build(_TRANSPOSE, (x,), {"axes": order})


def _infer_broadcast(x: Shaped, *, shape: Shape) -> Spec:
    if len(shape) < len(x.shape) or any(
        isinstance(m, int) and isinstance(n, int) and m not in (1, n)
        for m, n in zip(x.shape, shape[len(shape) - len(x.shape) :], strict=True)
    ):
        raise ShapeError(
            f"broadcast_to: {shape_text(x.shape)} cannot become {shape_text(shape)}{location_text()}. "
            f"From the end, each size must be 1 or the one wanted."
        )
    return Spec(shape, x.dtype)


def _broadcast_gradient(node: Node, g: Node) -> tuple[Node]:
    """Sum g over what was repeated.

    An axis that may or may not have been is seen as ``after // before`` times ``before`` elements: as one times all of
    them where it was not.
    """
    before, after = node.inputs[0].shape, node.shape
    new = len(after) - len(before)
    sizes: list[Size] = list(after[:new])
    repeated = list(range(new))
    for size, whole in zip(before, after[new:], strict=True):
        if size != whole:
            repeated.append(len(sizes))
        sizes += [whole] if size in (1, whole) else [whole // size, size]
    return (g.reshape(sizes).sum(repeated).reshape(before),)


def _read_broadcast(index: Any, x: Any, *, shape: Any) -> Any:
    kept = zip(index[len(shape) - len(x.shape) :], x.shape, strict=True)
    return x[[0 if size == 1 else at for at, size in kept]]


_BROADCAST_TO = define(
    Op(
        name="broadcast_to",
        kind="movement",
        infer=_infer_broadcast,
        evaluate=lambda x, *, shape: np.broadcast_to(x, shape),
        gradient=_broadcast_gradient,
        attrs={"shape": SIZES},
        samples=lambda: [
            Sample(domains(before), {"shape": after})
            for before, after in [
                ((), (3,)),
                ((1,), (3,)),
                ((3,), (2, 3)),
                ((3, 1), (3, 4)),
                ((1, 3), (2, 3)),
                ((1, 1), (2, 3)),
                ((2, 1, 3), (4, 2, 5, 3)),
                ((1,), (0,)),
                ((0, 1), (0, 3)),
                ((), (2, 2)),
                ((1, 4), (1, 4)),
            ]
        ],
        invalid=(
            Invalid(lambda: broadcast_to(constant(np.zeros(3)), (4,)), "broadcast_to: (3,) cannot become (4,)"),
            Invalid(lambda: broadcast_to(constant(np.zeros((2, 3))), (3,)), "broadcast_to: (2, 3) cannot become (3,)"),
        ),
        read=_read_broadcast,
    )
)


@method
def broadcast_to(x: Operand, shape: Sequence[Size]) -> Node:
    """Return x repeated along new leading axes, and along axes of size 1, up to `shape`."""
    x, shape = as_node(x), tuple(shape)
    return x if x.shape == shape else build(_BROADCAST_TO, (x,), {"shape": shape})


def _infer_slice(x: Shaped, *, starts: Shape, sizes: Shape, steps: tuple[int, ...]) -> Spec:
    for length, start, size, step in zip(x.shape, starts, sizes, steps, strict=True):
        if not any(isinstance(number, Dimension) for number in (length, start, size)):
            first, last = int(start), int(start) + (int(size) - 1) * step  # type: ignore[arg-type]
            if size != 0 and not (0 <= first and last < length):  # type: ignore[operator]
                raise ShapeError(
                    f"slice: positions {first} to {last} are out of range for an axis of size {length} of "
                    f"{shape_text(x.shape)}{location_text()}. Index inside the array."
                )
    return Spec(sizes, x.dtype)


def _span(size: Size, step: int) -> Size:
    """Return how many positions `size` elements take up, `step` apart."""
    return size if step == 1 else largest(0, (size - 1) * step + 1)


def _slices(starts: Sequence[int], sizes: Sequence[int], steps: Sequence[int]) -> tuple[slice, ...]:
    return tuple(
        slice(start, start + max((size - 1) * step + 1, 0), step)
        for start, size, step in zip(starts, sizes, steps, strict=True)
    )


def _slice_gradient(node: Node, g: Node) -> tuple[Node]:
    """Put g back at its positions, zeros around and between."""
    x, starts, steps = node.inputs[0], node.attrs["starts"], node.attrs["steps"]
    spans = [_span(size, step) for size, step in zip(node.shape, steps, strict=True)]
    after = [total - start - span for total, start, span in zip(x.shape, starts, spans, strict=True)]
    return (build(_PAD, (g, constant(0, g.dtype)), {"before": starts, "after": tuple(after), "steps": steps}),)


SLICE = define(
    Op(
        name="slice",
        kind="movement",
        infer=_infer_slice,
        evaluate=lambda x, *, starts, sizes, steps: x[_slices(starts, sizes, steps)],
        gradient=_slice_gradient,
        attrs={"starts": OFFSETS, "sizes": SIZES, "steps": STEPS},
        samples=lambda: [
            Sample(domains(shape), {"starts": starts, "sizes": sizes, "steps": steps})
            for shape, starts, sizes, steps in [
                ((5,), (1,), (3,), (1,)),
                ((5,), (0,), (5,), (1,)),
                ((5,), (0,), (3,), (2,)),
                ((5,), (1,), (2,), (2,)),
                ((4, 6), (1, 2), (2, 3), (1, 1)),
                ((4, 6), (0, 1), (2, 2), (2, 3)),
                ((3,), (3,), (0,), (1,)),
                ((0, 2), (0, 0), (0, 1), (1, 1)),
                ((2, 3, 4), (1, 0, 2), (1, 3, 2), (1, 1, 1)),
                ((1,), (0,), (1,), (1,)),
            ]
        ],
        invalid=(
            Invalid(lambda: constant(np.zeros(3))[3], "index 3 is out of range for an axis of size 3"),
            Invalid(lambda: constant(np.zeros(3))[0, 0], "too many indices: 2 for an array of 1 dimension"),
            Invalid(lambda: constant(np.zeros(3))[::0], "a slice's step must not be 0"),
            Invalid(lambda: constant(np.zeros(3))[1.5], "1.5 cannot be an index"),
        ),
        read=lambda index, x, *, starts, sizes, steps: x[
            [at * step + start for at, start, step in zip(index, starts, steps, strict=True)]
        ],
    )
)


def _infer_pad(x: Shaped, value: Shaped, *, before: Shape, after: Shape, steps: tuple[int, ...]) -> Spec:
    one_dtype("pad", x, value)
    if value.shape != ():
        raise ShapeError(f"pad: the value has shape {shape_text(value.shape)}{location_text()}. Give one number.")
    for low, size, high in zip(before, x.shape, after, strict=True):
        is_negative = any(isinstance(width, int) and width < 0 for width in (low, high))
        if is_negative and isinstance(size, int) and size > 0:  # what has no elements may lie anywhere
            raise ShapeError(f"pad: width {(low, high)} is negative{location_text()}. Use a slice to remove elements.")
    spans = (_span(size, step) for size, step in zip(x.shape, steps, strict=True))
    return Spec(tuple(low + span + high for low, span, high in zip(before, spans, after, strict=True)), x.dtype)


def _evaluate_pad(x: Array, value: Array, *, before: Any, after: Any, steps: Any) -> Array:
    spans = [max((size - 1) * step + 1, 0) for size, step in zip(x.shape, steps, strict=True)]
    result = np.full([low + span + high for low, span, high in zip(before, spans, after, strict=True)], value, x.dtype)
    result[_slices(before, x.shape, steps)] = x
    return result


def _read_pad(index: Any, x: Any, value: Any, *, before: Any, after: Any, steps: Any) -> Any:
    """Read x where the index, less what stands before, falls on one of its elements, and the border elsewhere."""
    if 0 in x.shape:
        return value[()]
    conditions, positions = [], []
    for at, start, step, size in zip(index, before, steps, x.shape, strict=True):
        if start == 0 and step == 1 and at.is_below(size):
            positions.append(at)
            continue
        moved = at - start
        position, rest = divmod(moved.where(is_inside(moved, size * step), 0), step)
        conditions.append(is_inside(moved, (size - 1) * step + 1))
        if step > 1:
            conditions.append(rest.equals(0))
        positions.append(position.where(is_inside(position, size), 0))
    inner = x[positions]
    return inner.where(functools.reduce(operator.and_, conditions), value[()]) if conditions else inner


def _pad_gradient(node: Node, g: Node) -> tuple[Node, Node]:
    x = node.inputs[0]
    kept = build(SLICE, (g,), {"starts": node.attrs["before"], "sizes": x.shape, "steps": node.attrs["steps"]})
    return kept, g.sum() - kept.sum()


_PAD = define(
    Op(
        name="pad",
        kind="movement",
        infer=_infer_pad,
        evaluate=_evaluate_pad,
        gradient=_pad_gradient,
        attrs={"before": OFFSETS, "after": OFFSETS, "steps": STEPS},
        samples=lambda: [
            Sample(domains(shape, ()), {"before": before, "after": after, "steps": steps})
            for shape, before, after, steps in [
                ((3,), (1,), (2,), (1,)),
                ((3,), (0,), (0,), (2,)),
                ((3,), (2,), (1,), (3,)),
                ((2, 3), (1, 0), (0, 2), (1, 1)),
                ((2, 3), (1, 1), (1, 1), (2, 2)),
                ((0,), (2,), (1,), (1,)),
                ((0, 2), (1, 0), (0, 0), (1, 1)),
                ((1,), (0,), (0,), (1,)),
                ((2, 1, 2), (0, 1, 0), (1, 1, 0), (1, 1, 2)),
                ((), (), (), ()),
            ]
        ],
        invalid=(
            Invalid(lambda: pad(constant(np.zeros(3)), [(1, -1)]), "pad: width (1, -1) is negative"),
            Invalid(lambda: pad(constant(np.zeros((2, 3))), [(1, 1)]), "pad: 1 pair of widths for 2 dimensions"),
        ),
        read=_read_pad,
    )
)


def pad(x: Operand, widths: Sequence[tuple[Size, Size]], value: Operand = 0) -> Node:
    """Return x with a border.

    Parameters
    ----------
    x : array
        What to pad.
    widths : sequence of (before, after)
        How many elements to put before and after, for each axis.
    value : number
        What the border holds.

    Raises
    ------
    ShapeError
        If a width is negative, or there is not one pair for each axis.
    """
    x = as_node(x)
    if len(widths) != x.ndim:
        pairs = "1 pair" if len(widths) == 1 else f"{len(widths)} pairs"
        raise ShapeError(f"pad: {pairs} of widths for {x.ndim} dimensions{location_text()}. Give one pair for each.")
    for width in widths:
        if any(isinstance(amount, int) and amount < 0 for amount in width):
            raise ShapeError(f"pad: width {tuple(width)} is negative{location_text()}. Use a slice to remove elements.")
    before, after = tuple(low for low, _ in widths), tuple(high for _, high in widths)
    return build(_PAD, (x, as_node(value, x)), {"before": before, "after": after, "steps": (1,) * x.ndim})


def _infer_concatenate(*inputs: Shaped, axis: int) -> Spec:
    if not inputs:
        raise ShapeError("concatenate: no arrays. Give at least one.")
    dtype = one_dtype("concatenate", *inputs)
    total: Size = 0
    rest = inputs[0].shape
    normalize_axis("concatenate", axis, len(rest))
    for node in inputs:
        if len(node.shape) != len(rest):
            raise ShapeError(
                f"concatenate: {shape_text(rest)} and {shape_text(node.shape)} have different numbers of dimensions"
                f"{location_text()}. Reshape one."
            )
        total = total + node.shape[axis]
        rest = unify("concatenate", rest[:axis] + rest[axis + 1 :], node.shape[:axis] + node.shape[axis + 1 :])
        rest = (*rest[:axis], total, *rest[axis:])
    return Spec(rest, dtype)


def _concatenate_gradient(node: Node, g: Node) -> list[Node]:
    axis, start, parts = node.attrs["axis"], 0, []
    for source in node.inputs:
        starts = tuple(start if i == axis else 0 for i in range(node.ndim))
        parts.append(build(SLICE, (g,), {"starts": starts, "sizes": source.shape, "steps": (1,) * node.ndim}))
        start = start + source.shape[axis]
    return parts


def _read_concatenate(index: Any, *inputs: Any, axis: int) -> Any:
    """Read the input in whose part of the axis the index falls, found by halving."""
    starts = np.cumsum([0, *(x.shape[axis] for x in inputs)]).tolist()
    parts = [(start, x) for start, x in zip(starts, inputs, strict=False) if x.shape[axis]]

    def read(first: int, end: int) -> Any:
        if end - first == 1:
            start, x = parts[first]
            moved = index[axis] - start
            return x[(*index[:axis], moved.where(is_inside(moved, x.shape[axis]), 0), *index[axis + 1 :])]
        half = (first + end) // 2
        return read(first, half).where(index[axis] < parts[half][0], read(half, end))

    return read(0, len(parts)) if parts else 0


_CONCATENATE = define(
    Op(
        name="concatenate",
        kind="movement",
        infer=_infer_concatenate,
        evaluate=lambda *arrays, axis: np.concatenate(arrays, axis),
        gradient=_concatenate_gradient,
        attrs={"axis": AXIS},
        samples=lambda: [
            Sample(domains(*shapes), {"axis": axis})
            for shapes, axis in [
                (((2,), (3,)), 0),
                (((2,),), 0),
                (((0,), (3,)), 0),
                (((2, 3), (1, 3)), 0),
                (((2, 3), (2, 1)), 1),
                (((1,), (1,), (1,)), 0),
                (((2, 1, 3), (2, 2, 3)), 1),
                (((2, 1, 3), (2, 1, 1), (2, 1, 2)), 2),
                (((0, 2), (0, 2)), 1),
                (((4, 4), (4, 4)), 0),
            ]
        ],
        invalid=(
            Invalid(lambda: concatenate([]), "concatenate: no arrays"),
            Invalid(
                lambda: concatenate([constant(np.zeros((2, 3))), constant(np.zeros((2, 4)))]),
                "concatenate: shapes (3,) and (4,) differ",
            ),
            Invalid(
                lambda: concatenate([constant(np.zeros((2, 3))), constant(np.zeros(3))]),
                "have different numbers of dimensions",
            ),
            Invalid(lambda: concatenate([constant(1.0), constant(2.0)]), "concatenate: axis 0 does not exist"),
        ),
        read=_read_concatenate,
    )
)


def concatenate(arrays: Sequence[Operand], axis: int = 0) -> Node:
    """Return arrays joined along an existing axis.

    Raises
    ------
    ShapeError
        If there are none, or they differ in another axis than `axis`.
    """
    if not arrays:
        raise ShapeError("concatenate: no arrays. Give at least one.")
    nodes = tuple(as_node(array) for array in arrays)
    axis = normalize_axis("concatenate", axis, nodes[0].ndim)
    return nodes[0] if len(nodes) == 1 else build(_CONCATENATE, nodes, {"axis": axis})


def stack(arrays: Sequence[Operand], axis: int = 0) -> Node:
    """Return arrays of one shape joined along a new axis."""
    nodes = [as_node(array) for array in arrays]
    if not nodes:
        raise ShapeError("stack: no arrays. Give at least one.")
    return concatenate([expand_dims(node, axis) for node in nodes], axis)


def expand_dims(x: Operand, axis: int) -> Node:
    """Return x with a new axis of size 1, the axis `axis` of the result."""
    node = as_node(x)
    at = normalize_axis("expand_dims", axis, node.ndim + 1)
    return node.reshape((*node.shape[:at], 1, *node.shape[at:]))


def squeeze(x: Operand, axis: int | Sequence[int] | None = None) -> Node:
    """Return x without the axes of size 1 named, or without any of size 1.

    Raises
    ------
    ShapeError
        If an axis named is not of size 1.
    """
    node = as_node(x)
    shape = node.shape
    ones = [i for i, size in enumerate(shape) if size == 1]
    drop = ones if axis is None else normalize_axes("squeeze", axis, node.ndim)
    for one in drop:
        if shape[one] != 1:
            raise ShapeError(
                f"squeeze: axis {one} of {shape_text(shape)} is not 1{location_text()}. Name an axis of size 1."
            )
    return node.reshape(tuple(size for i, size in enumerate(shape) if i not in drop))


def _infer_flip(x: Shaped, *, axes: tuple[int, ...]) -> Spec:
    normalize_axes("flip", axes, len(x.shape))
    return Spec(x.shape, x.dtype)


_FLIP = define(
    Op(
        name="flip",
        kind="movement",
        infer=_infer_flip,
        evaluate=lambda x, *, axes: np.flip(x, axes),
        gradient=lambda node, g: (flip(g, node.attrs["axes"]),),
        attrs={"axes": AXES},
        samples=lambda: [
            Sample(domains(shape), {"axes": axes})
            for shape, axes in [
                ((3,), (0,)),
                ((1,), (0,)),
                ((0,), (0,)),
                ((2, 3), (0,)),
                ((2, 3), (1,)),
                ((2, 3), (0, 1)),
                ((2, 3, 4), (1,)),
                ((2, 3, 4), (0, 2)),
                ((17,), (0,)),
                ((), ()),
            ]
        ],
        invalid=(Invalid(lambda: flip(constant(np.zeros(3)), 1), "flip: axis 1 does not exist"),),
        read=lambda index, x, *, axes: x[
            [n - 1 - at if axis in axes else at for axis, (at, n) in enumerate(zip(index, x.shape, strict=True))]
        ],
    )
)


def flip(x: Operand, axis: int | Sequence[int] | None = None) -> Node:
    """Return x with the order of its elements reversed along axes, by default along all."""
    x = as_node(x)
    return build(_FLIP, (x,), {"axes": normalize_axes("flip", axis, x.ndim)})
