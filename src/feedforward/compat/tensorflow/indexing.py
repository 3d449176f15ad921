"""What picks parts of tensors by their places or by conditions, and what puts numbers at places."""

from __future__ import annotations

import functools
from collections import namedtuple
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import ints, like, picked, places_of
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import UnknownValueError, known_value
from feedforward.compat.tensorflow.joining import of_one_dtype
from feedforward.compat.tensorflow.shapes import Dimension
from feedforward.compat.tensorflow.tensors import Tensor, operators
from feedforward.compat.tensorflow.variables import EagerVariable, GraphVariable, as_tensor, assign_operation
from feedforward.compat.version import written_for

__all__: list[str] = []


Span = namedtuple("Span", ["start", "stop", "step"])
"""A slice whose bounds are tensors, as arguments of an operation hold it."""


def _spelled(index: Any) -> Any:
    """Return an index with a `Span` in place of each slice that has a tensor in it."""
    if isinstance(index, tuple):
        return tuple(map(_spelled, index))
    if isinstance(index, slice) and any(isinstance(part, Tensor) for part in (index.start, index.stop, index.step)):
        return Span(index.start, index.stop, index.step)
    return index


@operation(kind="strided_slice")
def _getitem(x: Any, index: Any) -> Any:
    """Return a part of a tensor."""
    if isinstance(index, ff.Tensor | np.ndarray) and np.dtype(index.dtype) == np.bool_ and index.ndim:
        return _masked(x, index, 0)
    return picked(x, _known_index(index))


def getitem(x: Any, index: Any) -> Any:
    """Return a part of a tensor."""
    return _getitem(x, _spelled(index))


operators["getitem"] = getitem


def _known_index(index: Any) -> Any:
    """Return an index whose numbers are Python's, but for one array of them that may depend on what is fed."""
    if isinstance(index, Span):
        return _known_index(slice(*index))
    if isinstance(index, tuple | list):
        return tuple(map(_known_index, index))
    if isinstance(index, slice):
        return slice(*(None if part is None else ints(part)[0] for part in (index.start, index.stop, index.step)))
    if isinstance(index, ff.Tensor):
        try:
            return int(known_value(index)) if not index.ndim else known_value(index)
        except UnknownValueError:
            return index
    return int(index) if isinstance(index, Dimension) else index


@operation("tf.slice", kind="Slice")
def slice_(input_: Any, begin: Any, size: Any) -> Any:
    """Return a part that begins at some place and has some sizes; -1 is all that is left."""
    x, counts = like(input_, None), ints(size)
    try:
        starts = ints(begin)
    except UnknownValueError:
        return _slice_at(x, like(begin, None), counts)
    ends = [None if count < 0 else start + count for start, count in zip(starts, counts, strict=True)]
    for axis, (end, length) in enumerate(zip(ends, x.node.shape, strict=True)):
        if end is not None and isinstance(length, int) and end > length:
            raise ValueError(f"slice: begin {starts} and size {counts} reach beyond {length} along axis {axis}.")
    return picked(x, tuple(slice(start, end) for start, end in zip(starts, ends, strict=True)))


def _slice_at(x: ff.Tensor, begin: ff.Tensor, counts: list[int]) -> ff.Tensor:
    """Return a part of known sizes that begins at a place which depends on what is fed."""
    for axis, count in enumerate(counts):
        if count >= 0:
            x = ff.take(x, ff.Tensor(np.arange(count).astype(begin.dtype)) + begin[axis], axis)
    return x


@operation("tf.strided_slice", kind="StridedSlice")
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Any:
    """Return what the slice [begin:end:stride] along each axis has; masks say where it is something else."""
    starts, ends = ints(begin), ints(end)
    steps = [1] * len(starts) if strides is None else ints(strides)
    items: list[Any] = []
    for place, (low, high, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            items.append(...)
        elif new_axis_mask & bit:
            items.append(None)
        elif shrink_axis_mask & bit:
            items.append(low)
        else:
            items.append(slice(None if begin_mask & bit else low, None if end_mask & bit else high, step))
    return picked(like(input_, None), tuple(items))


@operation("tf.gather", kind="GatherV2")
def gather(params: Any, indices: Any, validate_indices: Any = None, *, axis: Any = 0) -> Any:
    """Return the slices along an axis that indices name."""
    return ff.take(like(params, None), places_of(indices), ints(axis)[0])


def _flat_places(indices: ff.Tensor, shape: list[int]) -> tuple[ff.Tensor, int]:
    """Return vectors of indices as places in the first axes taken as one, and how many axes these are."""
    (count,) = ints(indices.node.shape[-1:])
    steps = [int(np.prod(shape[axis + 1 : count], dtype=np.int64)) for axis in range(count)]
    weights = ff.Tensor(np.array(steps).astype(indices.dtype))
    return ff.sum(indices * weights, -1), count


@operation("tf.gather_nd", kind="GatherNd")
def gather_nd(params: Any, indices: Any) -> Any:
    """Return the elements, or slices, that vectors of indices name."""
    x, places = like(params, None), places_of(indices)
    shape = ints(x.node.shape)
    flat, count = _flat_places(places, shape)
    return ff.take(ff.reshape(x, [-1, *shape[count:]]), flat, 0)


@operation("tf.scatter_nd", kind="ScatterNd")
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    """Return zeros with updates added at the places that vectors of indices name."""
    places, sizes, values = places_of(indices), ints(shape), like(updates, None)
    flat, count = _flat_places(places, sizes)
    added = ff.scatter_add(values, flat, int(np.prod(sizes[:count], dtype=np.int64)))
    return ff.reshape(added, sizes)


def _known_mask(mask: Any, what: str) -> Any:
    try:
        return np.asarray(known_value(like(mask, None)))
    except UnknownValueError:
        raise UnknownValueError(
            f"{what}: how many elements are taken depends on what is fed. Expected a condition that is known. Multiply "
            f"by tf.cast(condition, tf.float32), use tf.where(condition, x, y), or choose the elements with NumPy."
        ) from None


def _masked(x: ff.Tensor, mask: Any, axis: int) -> ff.Tensor:
    known = _known_mask(mask, "boolean_mask")
    shape = ints(x.node.shape)
    if list(known.shape) != shape[axis : axis + known.ndim]:
        raise ValueError(f"boolean_mask: a mask of shape {known.shape} does not fit a tensor of shape {tuple(shape)}.")
    flat = ff.reshape(x, [*shape[:axis], -1, *shape[axis + known.ndim :]])
    return ff.take(flat, ff.Tensor(np.flatnonzero(known)), axis)


@operation("tf.boolean_mask", kind="boolean_mask")
def boolean_mask(tensor: Any, mask: Any, *, axis: Any = None) -> Any:
    """Return the elements at which a mask is true."""
    return _masked(like(tensor, None), mask, 0 if axis is None else ints(axis)[0])


@operation("tf.where", "tf.select", kind="Select")
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return x where a condition is true and y elsewhere; without both, the indices at which it is true.

    Before TensorFlow 2.0 x and y have one shape, and the condition may be a vector that chooses rows.
    """
    if x is None and y is None:
        return ff.Tensor(np.argwhere(_known_mask(condition, "where")).astype(np.int64))
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    chosen = like(condition, None)
    left, right = of_one_dtype([x, y])
    if written_for().tensorflow < (2, 0):
        if left.node.shape != right.node.shape:
            raise ValueError(f"where: x has shape {left.shape}, y {right.shape}. Expected one shape.")
        if chosen.ndim == 1 and left.ndim > 1:
            chosen = ff.reshape(chosen, [-1, *[1] * (left.ndim - 1)])
    return ff.where(chosen, left, right)


@operation("tf.where_v2", kind="SelectV2")
def where_v2(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return x where a condition is true and y elsewhere, of shapes that are broadcast."""
    if x is None and y is None:
        return ff.Tensor(np.argwhere(_known_mask(condition, "where")).astype(np.int64))
    return ff.where(like(condition, None), *of_one_dtype([x, y]))


@operation("tf.one_hot", kind="one_hot")
def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None
) -> Any:
    """Return rows that have `on_value` at an index and `off_value` elsewhere, also for an index outside."""
    places = like(indices, None)
    if dtype is None:
        given = on_value if on_value is not None else off_value
        dtype = "float32" if given is None else like(given, None).dtype
    kind = as_dtype(dtype).as_numpy_dtype
    count = ints(depth)[0]
    at = -1 if axis is None else ints(axis)[0]
    if on_value is None and off_value is None and kind != np.bool_:
        found = ff.one_hot(places, count, dtype=kind)
    else:
        numbers = ff.Tensor(np.arange(count).astype(places.dtype))
        is_on = ff.equal(ff.expand_dims(places, -1), numbers)
        high, low = (
            like(default if given is None else given, None) for given, default in ((on_value, 1), (off_value, 0))
        )
        found = ff.where(is_on, ff.cast(high, kind), ff.cast(low, kind))
    if at in (-1, found.ndim - 1):
        return found
    order = list(range(found.ndim - 1))
    order.insert(at, found.ndim - 1)
    return ff.transpose(found, order)


def _diagonal_mask(rows: int, columns: int) -> ff.Tensor:
    return ff.Tensor(np.eye(rows, columns, dtype=np.bool_))


@operation("tf.diag", "tf.matrix_diag", "tf.linalg.tensor_diag", "tf.linalg.diag", kind="Diag")
def diag(diagonal: Any) -> Any:
    """Return matrices with given diagonals."""
    x = like(diagonal, None)
    (count,) = ints(x.node.shape[-1:])
    zero = ff.Tensor(np.zeros((), x.dtype))
    return ff.where(_diagonal_mask(count, count), ff.expand_dims(x, -1), zero)


@operation("tf.diag_part", "tf.matrix_diag_part", "tf.linalg.diag_part", "tf.linalg.tensor_diag_part", kind="DiagPart")
def diag_part(input: Any) -> Any:
    """Return the diagonals of matrices."""
    x = like(input, None)
    rows, columns = ints(x.node.shape[-2:])
    flat = ff.reshape(x, [*ints(x.node.shape[:-2]), rows * columns])
    step = slice(0, min(rows, columns) * columns, columns + 1)
    return picked(flat, (..., step if columns > 1 else slice(1)))


@operation("tf.trace", "tf.linalg.trace", kind="Trace")
def trace(x: Any) -> Any:
    """Return the sums of the diagonals of matrices."""
    matrices = like(x, None)
    rows, columns = ints(matrices.node.shape[-2:])
    return ff.sum(ff.where(_diagonal_mask(rows, columns), matrices, ff.Tensor(np.zeros((), matrices.dtype))), (-2, -1))


@operation("tf.matrix_set_diag", "tf.linalg.set_diag", kind="MatrixSetDiag")
def matrix_set_diag(input: Any, diagonal: Any) -> Any:
    """Return matrices with other diagonals."""
    x, new = of_one_dtype([input, diagonal])
    rows, columns = ints(x.node.shape[-2:])
    if rows != columns:
        raise ValueError(f"matrix_set_diag: matrices of {rows} rows and {columns} columns. Expected square ones.")
    return ff.where(_diagonal_mask(rows, columns), ff.expand_dims(new, -1), x)


@operation("tf.matrix_band_part", "tf.linalg.band_part", kind="MatrixBandPart")
def matrix_band_part(input: Any, num_lower: Any, num_upper: Any) -> Any:
    """Return matrices with zeros further from the diagonal than some numbers; -1 keeps all on that side."""
    x = like(input, None)
    rows, columns = ints(x.node.shape[-2:])
    lower, upper = ints(num_lower)[0], ints(num_upper)[0]
    below = np.arange(rows)[:, None] - np.arange(columns)[None, :]
    inside = ((lower < 0) | (below <= lower)) & ((upper < 0) | (-below <= upper))
    return ff.where(ff.Tensor(inside), x, ff.Tensor(np.zeros((), x.dtype)))


@operation("tf.invert_permutation", "tf.math.invert_permutation", kind="InvertPermutation")
def invert_permutation(x: Any) -> Any:
    """Return for each number where it stands in an order."""
    order = like(x, None)
    (count,) = ints(order.node.shape)
    numbers = ff.Tensor(np.arange(count).astype(order.dtype))
    return ff.cast(ff.argmax(ff.cast(ff.equal(order, ff.expand_dims(numbers, -1)), "int32"), 1), order.dtype)


Unique = namedtuple("Unique", ["y", "idx"])
UniqueWithCounts = namedtuple("UniqueWithCounts", ["y", "idx", "count"])
ListDifference = namedtuple("ListDifference", ["out", "idx"])


def _unique(x: Any, kind: Any) -> tuple[Any, ...]:
    known = _known_mask(x, "unique")
    values, first, inverse, counts = np.unique(known, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    ranks = np.argsort(order)
    found = values[order], ranks[inverse.ravel()].astype(kind), counts[order].astype(kind)
    return tuple(map(ff.Tensor, found))


@operation("tf.unique", kind="Unique")
def unique(x: Any, out_idx: Any = "int32") -> Any:
    """Return the numbers of a vector that is known, each once in the order in which they come, and which each was."""
    return Unique(*_unique(x, as_dtype(out_idx).as_numpy_dtype)[:2])


@operation("tf.unique_with_counts", kind="UniqueWithCounts")
def unique_with_counts(x: Any, out_idx: Any = "int32") -> Any:
    """Return what `tf.unique` does, and how often each number comes."""
    return UniqueWithCounts(*_unique(x, as_dtype(out_idx).as_numpy_dtype))


@operation("tf.setdiff1d", "tf.listdiff", kind="ListDiff")
def setdiff1d(x: Any, y: Any, index_dtype: Any = "int32") -> Any:
    """Return the numbers of a known vector that another has not, and where they stood."""
    left, right = _known_mask(x, "setdiff1d"), _known_mask(y, "setdiff1d")
    places = np.flatnonzero(~np.isin(left, right))
    return ListDifference(ff.Tensor(left[places]), ff.Tensor(places.astype(as_dtype(index_dtype).as_numpy_dtype)))


@operation("tf.sparse_to_dense", kind="SparseToDense")
def sparse_to_dense(sparse_indices: Any, output_shape: Any, sparse_values: Any, default_value: Any = 0) -> Any:
    """Return a tensor that has given numbers at given places, none of them twice, and one number elsewhere."""
    values, sizes = like(sparse_values, None), ints(output_shape)
    places = like(sparse_indices, None)
    places = ff.reshape(places, [-1, 1]) if places.ndim < 2 else places
    flat, _ = _flat_places(places, sizes)
    given = ff.broadcast_to(values, [ints(places.node.shape)[0]])
    count = int(np.prod(sizes, dtype=np.int64))
    is_given = ff.scatter_add(flat * 0 + 1, flat, count)
    found = ff.where(ff.greater(is_given, 0), ff.scatter_add(given, flat, count), like(default_value, values))
    return ff.reshape(found, sizes)


# Rows of variables


def _updated_rows(before: Any, indices: Any, updates: Any) -> Any:
    """Return a variable's value with rows replaced; of two for one row the last counts."""
    rows, places = before.node.shape[0], ff.reshape(places_of(indices), (-1,))
    (count,) = ints(places.node.shape)
    new = ff.reshape(like(updates, before), [count, *ints(before.node.shape[1:])])
    numbers = ff.Tensor(np.arange(ints([rows])[0]).astype(places.dtype))
    is_at = ff.equal(ff.expand_dims(numbers, -1), places)
    last = ff.max(ff.where(is_at, ff.Tensor(np.arange(count)), ff.Tensor(np.array(-1))), 1)
    taken = ff.take(new, ff.maximum(last, ff.Tensor(np.array(0))), 0)
    return ff.where(ff.reshape(ff.greater_equal(last, 0), [-1, *[1] * (before.ndim - 1)]), taken, before)


def _moved_rows(before: Any, indices: Any, updates: Any, sign: float) -> Any:
    """Return a variable's value with updates added to rows, or taken away."""
    places = places_of(indices)
    added = ff.scatter_add(like(updates, before), places, before.node.shape[0])
    return before + added if sign > 0 else before - added


def _scatter(ref: Any, rule: Any, indices: Any, updates: Any, name: str | None, what: str) -> Any:
    if isinstance(ref, EagerVariable):
        ref.ours.assign(rule(ref.ours.value(), as_tensor(indices).ours, as_tensor(updates, ref.dtype).ours))
        return ref
    if not isinstance(ref, GraphVariable):
        raise TypeError(f"{what}: {ref!r} is no variable. Expected one made by tf.Variable or tf.get_variable.")
    given = as_tensor(indices), as_tensor(updates, ref.dtype.base_dtype)
    return assign_operation(ref, rule, *given, name=name or what)


@provided("tf.scatter_update")
def scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
    """Return a variable's new value, in which some rows are others."""
    return _scatter(ref, _updated_rows, indices, updates, name, "ScatterUpdate")


@provided("tf.scatter_add")
def scatter_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Return a variable's new value, in which something was added to some rows."""
    return _scatter(ref, functools.partial(_moved_rows, sign=1.0), indices, updates, name, "ScatterAdd")


@provided("tf.scatter_sub")
def scatter_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Return a variable's new value, in which something was taken from some rows."""
    return _scatter(ref, functools.partial(_moved_rows, sign=-1.0), indices, updates, name, "ScatterSub")


provide(np.newaxis, "tf.newaxis")
refuse(
    "it makes tensors whose sizes depend on their values. Use tf.gather, tf.concat or tf.where.",
    *(
        f"tf.{name}"
        for name in ("dynamic_partition", "dynamic_stitch", "scatter_mul", "scatter_div", "scatter_nd_update")
    ),
    *(f"tf.{name}" for name in ("scatter_nd_add", "reverse_sequence", "batch_to_space", "space_to_batch")),
)
