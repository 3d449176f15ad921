"""Operations whose positions come from data, and NumPy's square brackets.

An index below 0 counts from the end, as in NumPy. One outside the array is an error: at once where it is known, and for
tensors, where it is computed on the way, before a result is handed out. Only inside a model, where machine code meets
it in the data, is there nobody to tell: `take` reads NaN there, so that a loss tells of it, and `scatter_add` drops
what goes there. `one_hot`, which reads nothing, has a row of zeros for every index that is no position, -1 too.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.arrays import numbers
from feedforward.errors import DtypeError, OutOfRangeError, ShapeError
from feedforward.graph.attribute import AXIS, DTYPE, SIZE
from feedforward.graph.dimension import Dimension, Size, largest, smallest
from feedforward.graph.node import Array, Node, Shaped, Spec, as_dtype, build, location_of, location_text, shape_text
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand, method
from feedforward.ops.arithmetic import cast
from feedforward.ops.axes import is_inside, normalize_axis, unify
from feedforward.ops.comparison import where
from feedforward.ops.shape import SLICE, flip, transpose
from feedforward.ops.state import accept, as_node, constant, size

__all__ = ["take", "scatter_add", "one_hot", "take_along_axis", "getitem", "check_places", "computed_places"]


def check_places(indices: Array, size: int, where_built: str | Node) -> None:
    """Check that indices name positions of an axis.

    Parameters
    ----------
    indices : integer array
        What was given.
    size : int
        The size of the axis.
    where_built : str or Node
        What `location_text` says of the line that gave them, or the node that it built: few are ever asked for theirs.

    Raises
    ------
    OutOfRangeError
        If one does not; names it.
    """
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        where = where_built if isinstance(where_built, str) else location_of(where_built)
        raise _out_of_range(indices[(indices >= size) | (indices < -size)].flat[0], size, where)


def _out_of_range(index: int, size: int, where_built: str) -> OutOfRangeError:
    advice = f"Give ints from {-size} to {size - 1}." if size else "Give an array that has elements there."
    return OutOfRangeError(f"index {index} is out of range for an axis of size {size}{where_built}. {advice}")


def computed_places(nodes: Sequence[Node]) -> list[tuple[Node, Node, int]]:
    """Return the nodes whose indices are known only when a program runs: each with its indices and its axis' size."""
    found: dict[tuple[Node, int], Node] = {}
    for node in nodes:
        if node.op in (_TAKE, _TAKE_ALONG, _SCATTER_ADD, _SCATTER_ALONG) and node.inputs[1].value is None:
            is_read = node.op in (_TAKE, _TAKE_ALONG)
            size = node.inputs[0].shape[node.attrs["axis"]] if is_read else node.attrs["size"]
            if isinstance(size, int):
                found.setdefault((node.inputs[1], size), node)
    return [(node, indices, size) for (indices, size), node in found.items()]


def _check_known(indices: Shaped, size: Size) -> None:
    """Check indices against the size of their axis, where both are known."""
    value = indices.value if isinstance(indices, Node) else None
    if value is not None and isinstance(size, int):
        check_places(value, size, location_text())


def _clean(indices: Array, size: int) -> tuple[Array, Array]:
    """Return indices made safe to read with, counted from the front, and where they were so from the start."""
    wide = indices.astype(np.int64)
    positions = np.where(wide < 0, wide + size, wide)
    is_safe = is_inside(positions, size)
    return np.where(is_safe, positions, 0), is_safe


def _nothing(dtype: np.dtype[Any]) -> Any:
    """Return what is read where nothing is: NaN, or the integer farthest from 0, as JAX has it; True for bool."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min or np.iinfo(dtype).max
    return dtype.type(np.nan)


def _replaced(index: Any, axis: int, count: int, at: Any) -> tuple[Any, ...]:
    """Return an index with `at` in place of `count` of its entries."""
    return *index[:axis], at, *index[axis + count :]


def _read_inside(x: Any, index: Any, axis: int) -> Any:
    """Read x at an index whose entry of an axis is from data: `_nothing` where that is outside."""
    size, nothing = x.shape[axis], _nothing(x.dtype)
    if size == 0:
        return nothing
    at = index[axis].from_end(size)
    if at.is_below(size):
        return x[_replaced(index, axis, 1, at)]
    is_safe = at < size if index[axis] is at else is_inside(at, size)  # itself, where it is known not to be below 0
    return x[_replaced(index, axis, 1, at.where(is_safe, 0))].where(is_safe, nothing)


def _infer_take(x: Shaped, indices: Shaped, *, axis: int) -> Spec:
    accept("take: indices", indices, "iu")
    normalize_axis("take", axis, len(x.shape))
    _check_known(indices, x.shape[axis])
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


def _evaluate_take(x: Array, indices: Array, *, axis: int) -> Array:
    nothing = np.asarray(_nothing(x.dtype), x.dtype)
    if x.shape[axis] == 0:
        return np.full((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), nothing)
    safe, is_safe = _clean(indices, x.shape[axis])
    rows = np.take(x, safe, axis)
    if is_safe.all():
        return rows
    shape = (1,) * axis + indices.shape + (1,) * (x.ndim - axis - 1)
    return np.where(is_safe.reshape(shape), rows, nothing)


def _read_take(index: Any, x: Any, indices: Any, *, axis: int) -> Any:
    count = len(indices.shape)
    at = indices[index[axis : axis + count]].as_index()
    return _read_inside(x, _replaced(index, axis, count, at), axis)


def _take_gradient(node: Node, g: Node) -> tuple[Node, None]:
    x, indices = node.inputs
    axis = node.attrs["axis"]
    return build(_SCATTER_ADD, (g, indices), {"axis": axis, "size": x.shape[axis]}), None


def _infer_scatter_add(updates: Shaped, indices: Shaped, *, axis: int, size: Size) -> Spec:
    accept("scatter_add", updates, "fi")
    accept("scatter_add: indices", indices, "iu")
    end = axis + len(indices.shape)
    if len(updates.shape) < end:
        raise ShapeError(
            f"scatter_add: updates of shape {shape_text(updates.shape)} have no place for indices of shape "
            f"{shape_text(indices.shape)} at axis {axis}{location_text()}. Give an update for each index."
        )
    unify("scatter_add", updates.shape[axis:end], indices.shape)
    _check_known(indices, size)
    return Spec((*updates.shape[:axis], size, *updates.shape[end:]), updates.dtype)


def _evaluate_scatter_add(updates: Array, indices: Array, *, axis: int, size: int) -> Array:
    end = axis + indices.ndim
    rows = updates.reshape(*updates.shape[:axis], -1, *updates.shape[end:]) if updates.size else updates
    result = np.zeros((*updates.shape[:axis], size, *updates.shape[end:]), updates.dtype)
    if updates.size and size:
        safe, is_safe = _clean(indices.reshape(-1), size)
        kept = np.moveaxis(rows, axis, 0)[is_safe]
        np.add.at(np.moveaxis(result, axis, 0), safe[is_safe], kept)
    return result


def _scatter_rows(index: Any, updates: Any, indices: Any, *, axis: int, size: int) -> Any:
    count = len(indices.shape)
    return _replaced(index, axis, count, indices[index[axis : axis + count]].as_index().from_end(size))


def _scatter_gradient(node: Node, g: Node) -> tuple[Node, None]:
    """Read the gradient of each update where it was added; of one that was dropped it is 0."""
    indices = node.inputs[1]
    read = build(_TAKE if node.op is _SCATTER_ADD else _TAKE_ALONG, (g, indices), {"axis": node.attrs["axis"]})
    if indices.value is not None:
        return read, None  # known to be inside, since it was built
    if node.op is _SCATTER_ADD:
        axes = range(node.attrs["axis"], node.attrs["axis"] + indices.ndim)
        indices = indices.reshape(tuple(length if i in axes else 1 for i, length in enumerate(read.shape)))
    positions, length = cast(indices, "int64"), size(node.attrs["size"])
    return where((positions < length) & (positions >= -length), read, 0), None


def _indices(shape: tuple[int, ...], size: int) -> Domain:
    return Domain(shape, -size, size, "int64")


_TAKE = define(
    Op(
        name="take",
        kind="indexing",
        infer=_infer_take,
        evaluate=_evaluate_take,
        gradient=_take_gradient,
        attrs={"axis": AXIS},
        samples=lambda: [
            Sample((Domain(shape), _indices(shape_of_indices, shape[axis])), {"axis": axis})
            for shape, shape_of_indices, axis in [
                ((5,), (3,), 0),
                ((5,), (), 0),
                ((5, 2), (3,), 0),
                ((5, 2), (3, 2), 0),
                ((2, 5), (4,), 1),
                ((2, 5, 3), (4,), 1),
                ((2, 5, 3), (2, 2), 1),
                ((1, 3), (7,), 0),
                ((4, 3), (0,), 0),
                ((17, 2), (33,), 0),
            ]
        ],
        invalid=(
            Invalid(
                lambda: take(constant(np.zeros((3, 2))), constant([0.5])), "take: indices: dtype float32 is not integer"
            ),
            Invalid(lambda: take(constant(np.zeros((3, 2))), constant([0]), 2), "take: axis 2 does not exist"),
        ),
        read=_read_take,
    )
)

_SCATTER_ADD = define(
    Op(
        name="scatter_add",
        kind="indexing",
        infer=_infer_scatter_add,
        evaluate=_evaluate_scatter_add,
        gradient=_scatter_gradient,
        attrs={"axis": AXIS, "size": SIZE},
        samples=lambda: [
            Sample((Domain(shape), _indices(shape_of_indices, size)), {"axis": axis, "size": size})
            for shape, shape_of_indices, axis, size in [
                ((3,), (3,), 0, 5),
                ((), (), 0, 5),
                ((3, 2), (3,), 0, 5),
                ((3, 2, 2), (3, 2), 0, 5),
                ((2, 4), (4,), 1, 5),
                ((2, 4, 3), (4,), 1, 5),
                ((2, 2, 2, 3), (2, 2), 1, 5),
                ((7, 3), (7,), 0, 1),
                ((0, 3), (0,), 0, 4),
                ((33, 2), (33,), 0, 17),
            ]
        ],
        invalid=(
            Invalid(
                lambda: scatter_add(constant(np.zeros((3, 2))), constant([0, 1]), 4),
                "scatter_add: shapes (3,) and (2,) differ",
            ),
            Invalid(lambda: scatter_add(constant(1.0), constant([0, 1]), 4), "scatter_add: updates of shape ()"),
            Invalid(lambda: scatter_add(constant([1.0]), constant([0.0]), 4), "scatter_add: indices: dtype float32"),
        ),
        scatter=_scatter_rows,
    )
)


def take(x: Operand, indices: Operand, axis: int = 0) -> Node:
    """Return the slices of x that `indices` name along an axis.

    Parameters
    ----------
    x : array, shape (..., n, ...)
        What to read, n elements along `axis`.
    indices : integer array
        Which to read, from 0 to n - 1, or from -n to -1 counted from the end; the result has its shape in place of
        `axis`.
    axis : int
        Where to read.

    Raises
    ------
    OutOfRangeError
        If an index is known and outside. Inside a model, one in its data reads NaN.
    """
    x = as_node(x)
    return build(_TAKE, (x, as_node(indices)), {"axis": normalize_axis("take", axis, x.ndim)})


def scatter_add(updates: Operand, indices: Operand, size: Size, axis: int = 0) -> Node:
    """Return zeros of `size` along an axis, with each update added at the place its index names: the adjoint of `take`.

    Parameters
    ----------
    updates : array
        What to add, one slice an index.
    indices : integer array
        Where to, from 0 to size - 1, or from -size to -1 counted from the end.
    size : int
        The result's size along `axis`.
    axis : int
        Where the indices' axes begin in `updates`.

    Raises
    ------
    OutOfRangeError
        If an index is known and outside. Inside a model, what goes outside is dropped.
    """
    updates = as_node(updates)
    axis = normalize_axis("scatter_add", axis, updates.ndim) if updates.ndim else 0
    return build(_SCATTER_ADD, (updates, as_node(indices)), {"axis": axis, "size": size})


def _infer_one_hot(indices: Shaped, *, depth: Size, dtype: np.dtype[Any]) -> Spec:
    accept("one_hot", indices, "iu")
    return Spec((*indices.shape, depth), dtype)


_ONE_HOT = define(
    Op(
        name="one_hot",
        kind="indexing",
        infer=_infer_one_hot,
        evaluate=lambda indices, *, depth, dtype: (indices[..., None] == np.arange(depth)).astype(dtype),
        gradient=None,
        attrs={"depth": SIZE, "dtype": DTYPE},
        samples=lambda: [
            Sample((Domain(shape, -1, depth + 1, "int64"),), {"depth": depth, "dtype": as_dtype(dtype)})
            for shape in [(3,), (), (0,), (2, 3), (17,)]
            for depth, dtype in [(4, "float32"), (1, "int32"), (10, "bool")]
        ],
        invalid=(
            Invalid(lambda: one_hot(constant([1.0]), 3), "one_hot: dtype float32 is not integer"),
            Invalid(lambda: one_hot(constant([1]), -3), "one_hot: depth=-3 must be an int from 0"),
        ),
        read=lambda index, indices, *, depth, dtype: indices[index[:-1]].as_index().equals(index[-1]).cast(dtype),
    )
)


def one_hot(indices: Operand, depth: Size, dtype: npt.DTypeLike = "float32") -> Node:
    """Return rows with 1 at the position of each index and 0 elsewhere; a row of zeros for an index outside.

    Parameters
    ----------
    indices : integer array, shape (...)
        The positions, from 0 to depth - 1.
    depth : int
        The length of a row.
    dtype : dtype
        The result's dtype; its shape is (..., depth).
    """
    return build(_ONE_HOT, (as_node(indices),), {"depth": depth, "dtype": as_dtype(dtype)})


def _infer_along(name: str, x: Shaped, indices: Shaped, axis: int) -> None:
    accept(f"{name}: indices", indices, "iu")
    if len(x.shape) != len(indices.shape):
        raise ShapeError(
            f"{name}: shapes {shape_text(x.shape)} and {shape_text(indices.shape)} differ in their number of dimensions"
            f"{location_text()}. Give the indices as many dimensions as the array."
        )
    normalize_axis(name, axis, len(x.shape))
    unify(name, x.shape[:axis] + x.shape[axis + 1 :], indices.shape[:axis] + indices.shape[axis + 1 :])
    _check_known(indices, x.shape[axis])


def _infer_take_along(x: Shaped, indices: Shaped, *, axis: int) -> Spec:
    _infer_along("take_along_axis", x, indices, axis)
    return Spec(indices.shape, x.dtype)


def _evaluate_take_along(x: Array, indices: Array, *, axis: int) -> Array:
    nothing = np.asarray(_nothing(x.dtype), x.dtype)
    if x.shape[axis] == 0:
        return np.full(indices.shape, nothing)
    safe, is_safe = _clean(indices, x.shape[axis])
    return np.where(is_safe, np.take_along_axis(x, safe, axis), nothing)


def _take_along_gradient(node: Node, g: Node) -> tuple[Node, None]:
    x, indices = node.inputs
    axis = node.attrs["axis"]
    # One position in each row, as of a label: quicker asked of each element than scattered.
    if indices.shape[axis] == 1:
        return where(_is_position(indices, axis, x.shape[axis]), g, 0), None
    return build(_SCATTER_ALONG, (g, indices), {"axis": axis, "size": x.shape[axis]}), None


def _is_position(indices: Node, axis: int, length: Size) -> Node:
    """Return which elements along an axis indices name, one for each row: the others of a row are False."""
    source = indices
    while source.op.name in ("cast", "reshape") and source.dtype.kind != "u":
        source = source.inputs[0]
    is_natural = source.dtype.kind == "u"
    positions = cast(indices, "int64")
    positions = positions if is_natural else where(positions < 0, positions + size(length), positions)
    rows = positions.reshape((*indices.shape[:axis], *indices.shape[axis + 1 :]))
    order = [*range(axis), indices.ndim - 1, *range(axis, indices.ndim - 1)]
    return transpose(one_hot(rows, length, "bool"), order)


def _infer_scatter_along(updates: Shaped, indices: Shaped, *, axis: int, size: Size) -> Spec:
    accept("scatter_along_axis", updates, "fi")
    accept("scatter_along_axis: indices", indices, "iu")
    shape = unify("scatter_along_axis", updates.shape, indices.shape)
    normalize_axis("scatter_along_axis", axis, len(shape))
    _check_known(indices, size)
    return Spec((*shape[:axis], size, *shape[axis + 1 :]), updates.dtype)


def _evaluate_scatter_along(updates: Array, indices: Array, *, axis: int, size: int) -> Array:
    result = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + 1 :]), updates.dtype)
    if updates.size and size:
        safe, is_safe = _clean(indices, size)
        positions: list[Array] = list(np.indices(indices.shape, sparse=True))
        positions[axis] = safe
        np.add.at(result, tuple(positions), np.where(is_safe, updates, np.zeros((), updates.dtype)))
    return result


_ALONG_CASES: list[tuple[tuple[int, ...], tuple[int, ...], int]] = [
    ((5,), (3,), 0),
    ((1,), (4,), 0),
    ((3, 4), (3, 1), 1),
    ((3, 4), (3, 2), 1),
    ((3, 4), (2, 4), 0),
    ((2, 3, 4), (2, 1, 4), 1),
    ((2, 3, 4), (2, 3, 5), 2),
    ((3, 4), (3, 0), 1),
    ((1, 4), (1, 1), 1),
    ((17, 10), (17, 1), 1),
]

_TAKE_ALONG = define(
    Op(
        name="take_along_axis",
        kind="indexing",
        infer=_infer_take_along,
        evaluate=_evaluate_take_along,
        gradient=_take_along_gradient,
        attrs={"axis": AXIS},
        samples=lambda: [
            Sample((Domain(shape), _indices(shape_of_indices, shape[axis])), {"axis": axis})
            for shape, shape_of_indices, axis in _ALONG_CASES
        ],
        invalid=(
            Invalid(
                lambda: take_along_axis(constant(np.zeros((3, 4))), constant([0, 1, 2]), 1),
                "take_along_axis: shapes (3, 4) and (3,) differ in their number of dimensions",
            ),
            Invalid(
                lambda: take_along_axis(constant(np.zeros((3, 4))), constant([[0], [1]]), 1),
                "take_along_axis: shapes (3,) and (2,) differ",
            ),
            Invalid(
                lambda: take_along_axis(constant([1.0]), constant([0.0]), 0), "take_along_axis: indices: dtype float32"
            ),
        ),
        read=lambda index, x, indices, *, axis: _read_inside(
            x, _replaced(index, axis, 1, indices[index].as_index()), axis
        ),
    )
)

_SCATTER_ALONG: Op = define(
    Op(
        name="scatter_along_axis",
        kind="indexing",
        infer=_infer_scatter_along,
        evaluate=_evaluate_scatter_along,
        gradient=_scatter_gradient,
        attrs={"axis": AXIS, "size": SIZE},
        samples=lambda: [
            Sample(
                (Domain(shape_of_indices), _indices(shape_of_indices, shape[axis])), {"axis": axis, "size": shape[axis]}
            )
            for shape, shape_of_indices, axis in _ALONG_CASES
        ],
        invalid=(
            Invalid(
                lambda: build(_SCATTER_ALONG, (constant([1.0]), constant([0, 1])), {"axis": 0, "size": 3}),
                "scatter_along_axis: shapes (1,) and (2,) differ",
            ),
        ),
        scatter=lambda index, updates, indices, *, axis, size: _replaced(
            index, axis, 1, indices[index].as_index().from_end(size)
        ),
    )
)


def take_along_axis(x: Operand, indices: Operand, axis: int) -> Node:
    """Return, for each element of `indices`, the element of x that the index names along an axis.

    Parameters
    ----------
    x : array
        What to read.
    indices : integer array
        As many dimensions as x, and its sizes except along `axis`; the result has this shape.
    axis : int
        Where the indices count.

    Raises
    ------
    OutOfRangeError
        If an index is known and outside; see `take`.

    Examples
    --------
    The probability that each row gives its own label: ``take_along_axis(p, labels[:, None], axis=1)``.
    """
    x = as_node(x)
    return build(_TAKE_ALONG, (x, as_node(indices)), {"axis": normalize_axis("take_along_axis", axis, x.ndim)})


@method
def getitem(x: Operand, index: Any) -> Node:
    """Return ``x[index]`` as NumPy does for ints, slices, ``...``, ``None`` and one array of integers or bools.

    Raises
    ------
    OutOfRangeError
        If an int is out of range; in an array, if it is known, see `take`.
    ShapeError
        If there are more indices than axes, or a step is 0.
    TypeError
        If the index is something else.
    """
    x = as_node(x)
    items = [_as_int(item) for item in (index if isinstance(index, tuple) else (index,))]
    consumed = [item for item in items if item is not None and not isinstance(item, EllipsisType)]
    if len(consumed) > x.ndim:
        dimensions = f"{x.ndim} dimension{'s' * (x.ndim != 1)}"
        raise ShapeError(f"too many indices: {len(consumed)} for an array of {dimensions}{location_text()}. Drop some.")
    positions = [i for i, item in enumerate(items) if isinstance(item, EllipsisType)]
    if len(positions) > 1:
        raise ShapeError(f"an index has more than one '...'{location_text()}. Keep one.")
    from_data = [i for i, item in enumerate(items) if item is not None and not isinstance(item, slice | EllipsisType)]
    is_apart = len(from_data) > 1 and from_data[-1] - from_data[0] >= len(from_data)
    at = positions[0] if positions else len(items)
    items[at : at + 1] = [slice(None)] * (x.ndim - len(consumed))
    return _apply_index(x, items, is_apart)


def _as_int(item: Any) -> Any:
    """Return an array of one integer without axes as that integer, which NumPy takes it for; all else as it is."""
    is_number = isinstance(item, np.ndarray) and item.ndim == 0 and item.dtype.kind in "iu"
    return int(item) if is_number else item


def _apply_index(x: Node, items: list[Any], is_apart: bool) -> Node:
    """Apply an index that names every axis: slices first, then the array of integers, then dropped and new axes.

    Where something stands between an array and an int (`is_apart`), NumPy puts the array's axes first.
    """
    starts: list[Size] = []
    sizes: list[Size] = []
    steps: list[int] = []
    reverse: list[int] = []
    shape: list[Size] = []
    gather: tuple[int, Node, int] | None = None
    for item in items:
        if item is None:
            shape.append(1)
            continue
        axis = len(starts)
        length = x.shape[axis]
        start: Size = 0
        size: Size = length
        step = 1
        if isinstance(item, slice):
            start, size, step = _resolve_slice(item, length)
            if step < 0:
                reverse.append(axis)
                start, step = start + (size - 1) * step if size != 0 else 0, -step
            shape.append(size)
        elif isinstance(item, int | np.integer) and not isinstance(item, bool):
            start, size = _resolve_int(int(item), length), 1
        else:
            indices = _as_indices(item, length)
            if gather is not None:
                raise TypeError(
                    f"an index has two arrays{location_text()}. Use take_along_axis, or index in two steps."
                )
            gather = axis, indices, len(shape)
            shape.extend(indices.shape)
        starts.append(start)
        sizes.append(size)
        steps.append(step)
    if tuple(sizes) != x.shape or set(steps) - {1}:
        x = build(SLICE, (x,), {"starts": tuple(starts), "sizes": tuple(sizes), "steps": tuple(steps)})
    if reverse:
        x = flip(x, reverse)
    if gather is None:
        return x.reshape(tuple(shape))
    axis, indices, position = gather
    result = take(x, indices, axis).reshape(tuple(shape))
    moved = range(position, position + indices.ndim) if is_apart else range(0)
    return transpose(result, [*moved, *(i for i in range(result.ndim) if i not in moved)])


def _resolve_int(item: int, length: Size) -> Size:
    if isinstance(length, int) and not -length <= item < length:
        raise _out_of_range(item, length, location_text())
    return item if item >= 0 else length + item


def _resolve_slice(item: slice, length: Size) -> tuple[Size, Size, int]:
    """Return first position, number of positions and step of a slice along an axis of `length`."""
    step = 1 if item.step is None else item.step
    bounds = (item.start, item.stop, step)
    if step == 0:
        raise ShapeError(f"{item} cannot be an index: a slice's step must not be 0{location_text()}. Give 1 for all.")
    if any(bound is not None and not isinstance(bound, int | np.integer) for bound in bounds):
        raise TypeError(f"{item} cannot be an index{location_text()}. A slice's bounds and step must be ints.")
    if isinstance(length, int):
        positions = range(length)[item]
        return (positions.start if len(positions) else 0), len(positions), step
    if step < 0 and (item.start is not None or item.stop is not None):
        raise TypeError(f"{item} cannot index an axis of unknown size. Reverse it with [::-1] first.")
    if step < 0:
        return length - 1, (length + -step - 1) // -step, step
    start = _bound(item.start, 0, length)
    return start, largest(0, (_bound(item.stop, length, length) - start + step - 1) // step), step


def _bound(bound: int | None, default: Size, length: Dimension) -> Size:
    if bound is None:
        return default
    return smallest(bound, length) if bound >= 0 else largest(length + bound, 0)


def _as_indices(item: Any, length: Size) -> Node:
    """Return an array index as a node; `take` checks its numbers."""
    if not isinstance(item, Node):
        array = numbers(item, "index") if isinstance(item, list | np.ndarray) else None
        if array is not None and array.dtype == np.bool_ and array.ndim == 1 and array.size == length:
            array = np.flatnonzero(array)
        if array is None or (array.dtype.kind not in "iu" and array.size):
            raise TypeError(
                f"{item!r} cannot be an index{location_text()}. Use ints, slices, '...', None, or one array of ints."
            )
        return constant(array.astype(np.int64))
    if item.dtype == np.bool_:
        raise DtypeError(
            f"index: a mask that is a tensor picks a number of elements that is not known yet{location_text()}. "
            f"Use where(mask, x, 0), or index the values: x.numpy()[mask.numpy()]."
        )
    accept("index", item, "iu")
    return item
