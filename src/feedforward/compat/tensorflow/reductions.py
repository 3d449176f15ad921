"""What goes over the axes of tensors: reductions, sums from the start, segments, the largest elements, norms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.arrays import convert_to_tensor, ints, like, picked
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import known_value
from feedforward.compat.tensorflow.maths import minimum
from feedforward.graph.node import known

__all__ = ["product"]


def _axes(axis: Any, reduction_indices: Any = None) -> Any:
    """Return axes as a tuple of ints, None for all."""
    given = axis if reduction_indices is None else reduction_indices
    return None if given is None else tuple(ints(given))


def _reduction(function: Callable[..., Any], name: str, kind: str) -> None:
    """Make an operation that reduces axes."""

    def rule(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = None,
        *,
        reduction_indices: Any = None,
        keep_dims: Any = None,
    ) -> Any:
        keep = bool(keepdims if keep_dims is None else keep_dims)
        return function(like(input_tensor, None), _axes(axis, reduction_indices), keep)

    rule.__name__, rule.__doc__ = name, f"Return what ``tf.{name}`` does over some axes, by default all."
    operation(f"tf.{name}", f"tf.math.{name}", kind=kind)(rule)


def _mean(x: ff.Tensor, axis: Any, keepdims: bool) -> Any:
    """Return the mean, of integers rounded towards zero as TensorFlow does."""
    if x.dtype.kind not in "iu":
        return ff.mean(x, axis, keepdims)
    total = ff.cast(ff.sum(x, axis, keepdims), "float64")
    sizes = known(x.node.shape)
    count = np.prod([size for place, size in enumerate(sizes) if axis is None or _has(axis, place, x.ndim)])
    mean = total / float(count)
    return ff.cast(ff.where(ff.less(mean, 0.0), -ff.floor(-mean), ff.floor(mean)), x.dtype)


def _has(axes: Any, place: int, ndim: int) -> bool:
    return any(axis % ndim == place for axis in axes)


def _extreme(function: Callable[..., Any], is_largest: bool) -> Callable[..., Any]:
    """Return a reduction that gives the end of the dtype's range where there is no element."""

    def reduce(x: ff.Tensor, axis: Any, keepdims: bool) -> Any:
        if 0 not in x.node.shape:
            return function(x, axis, keepdims)
        kind = np.finfo(x.dtype) if x.dtype.kind == "f" else np.iinfo(x.dtype)
        start = (-np.inf if is_largest else np.inf) if x.dtype.kind == "f" else kind.min if is_largest else kind.max
        shape = ff.sum(x, axis, keepdims).node.shape
        return ff.Tensor(np.full(tuple(known(shape)), start, x.dtype))

    return reduce


def product(x: ff.Tensor, axis: Any, keepdims: bool) -> Any:
    """Return the product, halves by halves."""
    for at in range(x.ndim) if axis is None else axis:
        x = _product_along(x, at % x.ndim)
    axes = tuple(range(x.ndim)) if axis is None else axis
    return x if keepdims or not axes else ff.squeeze(x, axes)


def _product_along(x: ff.Tensor, axis: int) -> ff.Tensor:
    whole = (slice(None),) * axis
    (count,) = ints(x.node.shape[axis : axis + 1])
    if count == 0:
        sizes = [1 if place == axis else size for place, size in enumerate(known(x.node.shape))]
        return ff.Tensor(np.ones(sizes, x.dtype))
    while count > 1:
        half = count // 2
        rest = [picked(x, (*whole, slice(2 * half, count)))] if count % 2 else []
        x = ff.concatenate([picked(x, (*whole, slice(half))) * picked(x, (*whole, slice(half, 2 * half))), *rest], axis)
        count = half + len(rest)
    return x


def _variance(x: ff.Tensor, axis: Any, keepdims: bool) -> Any:
    return ff.mean(ff.square(x - ff.mean(x, axis, True)), axis, keepdims)


for _function, _name, _kind in (
    (ff.sum, "reduce_sum", "Sum"),
    (_mean, "reduce_mean", "Mean"),
    (_extreme(ff.max, True), "reduce_max", "Max"),
    (_extreme(ff.min, False), "reduce_min", "Min"),
    (product, "reduce_prod", "Prod"),
    (ff.any, "reduce_any", "Any"),
    (ff.all, "reduce_all", "All"),
    (ff.logsumexp, "reduce_logsumexp", "LogSumExp"),
    (_variance, "reduce_variance", "reduce_variance"),
    (lambda x, axis, keep: ff.sqrt(_variance(x, axis, keep)), "reduce_std", "reduce_std"),
    (lambda x, axis, keep: ff.sqrt(ff.sum(ff.square(x), axis, keep)), "reduce_euclidean_norm", "EuclideanNorm"),
):
    _reduction(_function, _name, _kind)


@operation("tf.count_nonzero", "tf.math.count_nonzero", kind="count_nonzero")
def count_nonzero(
    input_tensor: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64", *,
    reduction_indices: Any = None, keep_dims: Any = None, input: Any = None,
) -> Any:  # fmt: skip
    """Return how many elements are not zero, over some axes."""
    x = like(input_tensor if input is None else input, None)
    counted = ff.cast(ff.not_equal(x, ff.Tensor(np.zeros((), x.dtype))), as_dtype(dtype).as_numpy_dtype)
    return ff.sum(counted, _axes(axis, reduction_indices), bool(keepdims if keep_dims is None else keep_dims))


def _place(x: ff.Tensor, axis: Any, dimension: Any, output_type: Any) -> Any:
    at = axis if dimension is None else dimension
    if x.dtype.kind == "f":  # TensorFlow passes over NaN, where NumPy finds the first
        x = ff.where(ff.equal(x, x), x, ff.Tensor(np.asarray(-np.inf, x.dtype)))
    return ff.cast(ff.argmax(x, 0 if at is None else ints(at)[0]), as_dtype(output_type).as_numpy_dtype)


@operation("tf.argmax", "tf.arg_max", "tf.math.argmax", kind="ArgMax")
def argmax(input: Any, axis: Any = None, *, dimension: Any = None, output_type: Any = "int64") -> Any:
    """Return where the largest elements along an axis are, by default the first."""
    return _place(like(input, None), axis, dimension, output_type)


@operation("tf.argmin", "tf.arg_min", "tf.math.argmin", kind="ArgMin")
def argmin(input: Any, axis: Any = None, *, dimension: Any = None, output_type: Any = "int64") -> Any:
    """Return where the smallest elements along an axis are, by default the first."""
    x = like(input, None)
    return _place(-x if x.dtype.kind in "fi" else -ff.cast(x, "int64"), axis, dimension, output_type)


# From the start of an axis


def _scan(
    x: ff.Tensor, axis: Any, exclusive: bool, reverse: bool, combine: Callable[..., Any], neutral: float
) -> ff.Tensor:
    """Return what an operation makes of all elements up to each one, in as many steps as the size has bits."""
    at = ints(axis)[0] % x.ndim
    whole = (slice(None),) * at
    (count,) = ints(x.node.shape[at : at + 1])
    fill = ff.Tensor(np.asarray(neutral, x.dtype))

    def shifted(y: ff.Tensor, step: int) -> ff.Tensor:
        kept = picked(y, (*whole, slice(max(count - step, 0))))
        return ff.pad(kept, [(min(step, count), 0) if place == at else (0, 0) for place in range(y.ndim)], fill)

    x = ff.flip(x, at) if reverse else x
    x = shifted(x, 1) if exclusive else x
    step = 1
    while step < count:
        x = combine(x, shifted(x, step))
        step *= 2
    return ff.flip(x, at) if reverse else x


@operation("tf.cumsum", "tf.math.cumsum", kind="Cumsum")
def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """Return the sums of all elements up to each one along an axis."""
    return _scan(like(x, None), axis, exclusive, reverse, ff.add, 0)


@operation("tf.cumprod", "tf.math.cumprod", kind="Cumprod")
def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False) -> Any:
    """Return the products of all elements up to each one along an axis."""
    return _scan(like(x, None), axis, exclusive, reverse, ff.multiply, 1)


# Segments


def _segments(reduce: Callable[..., Any], data: Any, ids: Any, count: int, neutral: Any) -> Any:
    """Return what a reduction makes of the rows that have each number."""
    x, places = like(data, None), like(ids, None)
    rest = ints(x.node.shape[places.ndim :])
    x, places = ff.reshape(x, [-1, *rest]), ff.reshape(places, [-1])
    numbers = ff.Tensor(np.arange(count).astype(places.dtype))
    is_in = ff.equal(places, ff.expand_dims(numbers, -1))
    mask = ff.reshape(is_in, [count, -1, *[1] * len(rest)])
    return reduce(ff.where(mask, ff.expand_dims(x, 0), ff.Tensor(np.asarray(neutral, x.dtype))), (1,), False)


def _lowest(x: Any, sign: int) -> Any:
    kind = like(x, None).dtype
    limits = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    return limits.min if sign < 0 else limits.max


def _segment_rule(name: str, data: Any, ids: Any, count: int, empty: Any = None) -> Any:
    if name == "sum":
        return ff.scatter_add(like(data, None), like(ids, None), count)
    if name == "mean":
        x = like(data, None)
        ones = ff.Tensor(np.ones(tuple(known(like(ids, None).node.shape)), x.dtype))
        counts = ff.maximum(ff.scatter_add(ones, like(ids, None), count), ff.Tensor(np.ones((), x.dtype)))
        total = ff.scatter_add(x, like(ids, None), count)
        return total / ff.reshape(counts, [count, *[1] * (total.ndim - 1)])
    if name == "prod":
        return _segments(product, data, ids, count, 1)
    sign = -1 if name == "max" else 1
    found = _segments(ff.max if name == "max" else ff.min, data, ids, count, _lowest(data, sign))
    if empty is None:
        return found
    places = like(ids, None)
    counts = ff.scatter_add(ff.Tensor(np.ones(tuple(known(places.node.shape)), np.int32)), places, count)
    is_there = ff.reshape(ff.greater(counts, 0), [count, *[1] * (found.ndim - 1)])
    return ff.where(is_there, found, ff.Tensor(np.asarray(empty, found.dtype)))


def _segment_operations(name: str) -> None:
    """Make the operations that reduce the rows of each segment."""

    def sorted_rule(data: Any, segment_ids: Any) -> Any:
        ids = np.asarray(known_value(like(segment_ids, None)))
        if (np.diff(ids) < 0).any():
            raise ValueError(f"segment ids {ids.tolist()} are not increasing. Use tf.unsorted_segment_{name}.")
        return _segment_rule(name, data, segment_ids, int(ids.max()) + 1 if ids.size else 0, empty=0)

    def unsorted_rule(data: Any, segment_ids: Any, num_segments: Any) -> Any:
        return _segment_rule(name, data, segment_ids, ints(num_segments)[0])

    for rule, prefix in ((sorted_rule, "segment"), (unsorted_rule, "unsorted_segment")):
        rule.__name__ = f"{prefix}_{name}"
        rule.__doc__ = f"Return what ``reduce_{name}`` makes of the rows of each segment."
        operation(f"tf.{prefix}_{name}", f"tf.math.{prefix}_{name}", kind=f"{prefix}_{name}".title().replace("_", ""))(
            rule
        )


for _name in ("sum", "mean", "prod", "max", "min"):
    _segment_operations(_name)


@operation("tf.bincount", "tf.math.bincount", kind="bincount")
def bincount(arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32") -> Any:
    """Return how often each number comes in a known array, or the sum of its weights."""
    numbers = np.asarray(known_value(like(arr, None))).ravel()
    size = max(int(numbers.max()) + 1 if numbers.size else 0, 0 if minlength is None else ints(minlength)[0])
    size = size if maxlength is None else min(size, ints(maxlength)[0])
    each = like(weights, None) if weights is not None else ff.Tensor(np.ones(1, as_dtype(dtype).as_numpy_dtype))
    given = ff.broadcast_to(ff.reshape(each, [-1]), [len(numbers)])
    kept = np.flatnonzero(numbers < size)
    return ff.scatter_add(ff.take(given, ff.Tensor(kept), 0), ff.Tensor(numbers[kept]), size)


@operation("tf.histogram_fixed_width", kind="histogram_fixed_width")
def histogram_fixed_width(values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32") -> Any:
    """Return how many numbers lie in each of some equal parts of a range; those outside count at its ends."""
    x, count = ff.reshape(like(values, None), [-1]), ints(nbins)[0]
    low, high = (np.asarray(part, x.dtype).item() for part in np.asarray(known_value(value_range)).ravel())
    places = ff.floor(ff.cast(x - low, "float64") / (high - low) * float(count))
    places = ff.cast(ff.clip(places, 0.0, float(count - 1)), "int32")
    ones = ff.Tensor(np.ones(tuple(known(places.node.shape)), as_dtype(dtype).as_numpy_dtype))
    return ff.scatter_add(ones, places, count)


@operation("tf.confusion_matrix", "tf.math.confusion_matrix", kind="confusion_matrix")
def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, dtype: Any = "int32", *, weights: Any = None
) -> Any:
    """Return how often each class (row) was taken for each (column)."""
    true, guessed = ff.reshape(like(labels, None), [-1]), ff.reshape(like(predictions, None), [-1])
    if num_classes is None:
        count = 1 + max(int(np.max(known_value(each))) for each in (true, guessed))
    else:
        count = ints(num_classes)[0]
    kind = as_dtype(dtype).as_numpy_dtype
    size = known(true.node.shape)
    each = ff.Tensor(np.ones(tuple(size), kind)) if weights is None else ff.cast(like(weights, None), kind)
    places = ff.cast(true, "int64") * count + ff.cast(guessed, "int64")
    return ff.reshape(ff.scatter_add(each, places, count * count), [count, count])


# The largest

TopKV2 = namedtuple("TopKV2", ["values", "indices"])


@operation("tf.nn.top_k", "tf.math.top_k", kind="TopKV2")
def top_k(input: Any, k: Any = 1, sorted: bool = True) -> Any:
    """Return the k largest elements along the last axis, the largest first, and where they stand."""
    x = like(input, None)
    left, count = x, ints(k)[0]
    (size,) = ints(x.node.shape[-1:])
    if count > size:
        raise ValueError(f"input must have at least k columns. Had {size}, needed {count}")
    numbers, lowest = ff.Tensor(np.arange(size)), ff.Tensor(np.asarray(_below(x), x.dtype))
    is_free = ff.Tensor(np.ones(tuple(known(x.node.shape)), np.bool_))
    places = []
    for _ in range(count):
        # What is -inf itself is told from what was taken by a second look.
        score = ff.where(is_free, ff.where(ff.equal(left, lowest), ff.cast(is_free, "int32"), 2), 0)
        best = ff.argmax(ff.where(is_free, left, lowest), -1)
        is_spent = ff.equal(ff.squeeze(ff.take_along_axis(score, ff.expand_dims(best, -1), -1), -1), 0)
        best = ff.where(is_spent, ff.argmax(ff.cast(is_free, "int32"), -1), best)
        places.append(ff.expand_dims(best, -1))
        is_free = ff.logical_and(is_free, ff.not_equal(ff.expand_dims(best, -1), numbers))
    found = ff.concatenate(places, -1) if places else ff.Tensor(np.zeros((*known(x.node.shape)[:-1], 0), np.int64))
    return TopKV2(ff.take_along_axis(x, found, -1), ff.cast(found, "int32"))


def _below(x: ff.Tensor) -> Any:
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min


@operation("tf.nn.in_top_k", "tf.math.in_top_k", kind="InTopKV2")
def in_top_k(predictions: Any, targets: Any, k: Any) -> Any:
    """Return for each row whether fewer than k predictions are larger than that of the target."""
    scores, labels = like(predictions, None), like(targets, None)
    (count,) = ints(scores.node.shape[1:])
    is_inside = ff.logical_and(ff.greater_equal(labels, 0), ff.less(labels, count))
    safe = ff.where(is_inside, labels, ff.Tensor(np.zeros((), labels.dtype)))
    own = ff.take_along_axis(scores, ff.expand_dims(safe, -1), 1)
    larger = ff.sum(ff.cast(ff.greater(scores, own), "int32"), 1)
    is_known = ff.logical_and(is_inside, ff.squeeze(ff.is_finite(own), 1))
    return ff.logical_and(is_known, ff.less(larger, ints(k)[0]))


# Norms


@operation("tf.norm", "tf.linalg.norm", kind="norm")
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, *, keep_dims: Any = None) -> Any:
    """Return the norm of a vector, or of a matrix as one, over some axes."""
    x, axes = like(tensor, None), _axes(axis)
    keep = bool(keepdims if keep_dims is None else keep_dims)
    if ord in ("euclidean", "fro", 2):
        if ord == 2 and axes is not None and len(axes) == 2:
            raise ValueError("norm: ord=2 of matrices is not provided. Use ord='fro', or NumPy.")
        return ff.sqrt(ff.sum(ff.square(x), axes, keep))
    if axes is not None and len(axes) > 1:
        raise ValueError(f"norm: ord={ord!r} of matrices is not provided. Use 'euclidean', or NumPy.")
    if ord == 1:
        return ff.sum(ff.abs(x), axes, keep)
    if ord == np.inf:
        return ff.max(ff.abs(x), axes, keep)
    if not isinstance(ord, int | float) or ord <= 0:
        raise ValueError(f"norm: ord={ord!r}. Expected 'euclidean', np.inf or a number > 0.")
    return ff.power(ff.sum(ff.power(ff.abs(x), float(ord)), axes, keep), 1.0 / ord)


@operation("tf.global_norm", "tf.linalg.global_norm", kind="global_norm")
def global_norm(t_list: Any) -> Any:
    """Return the norm of all elements of some tensors; None among them is passed over."""
    return _global_norm(t_list)


def _global_norm(tensors: Any) -> Any:
    squares = [ff.sum(ff.square(like(t, None))) for t in tensors if t is not None]
    if not squares:
        raise ValueError("global_norm: t_list holds no tensor.")
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    return ff.sqrt(total)


@operation("tf.clip_by_norm", kind="clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Any:
    """Return a tensor scaled down so that its norm is at most `clip_norm`."""
    x = like(t, None)
    limit = like(clip_norm, x)
    squares = ff.sum(ff.square(x), _axes(axes), True)
    is_zero = ff.equal(squares, 0.0)  # where the root has no derivative
    length = ff.where(is_zero, squares, ff.sqrt(ff.where(is_zero, ff.Tensor(np.ones((), x.dtype)), squares)))
    return x * limit / ff.maximum(length, limit)


@operation("tf.clip_by_average_norm", kind="clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any) -> Any:
    """Return a tensor scaled down so that its norm divided by the number of elements is at most `clip_norm`."""
    x = like(t, None)
    limit = like(clip_norm, x)
    count = float(np.prod(known(x.node.shape)))
    return x * limit * ff.minimum(count / ff.sqrt(ff.sum(ff.square(x))), 1.0 / limit)


@operation(kind="clip_by_global_norm")
def _clip_by_global_norm(tensors: Any, clip_norm: Any, length: Any) -> Any:
    limit = like(clip_norm, length)
    factor = limit * minimum(1.0 / length, 1.0 / limit)
    factor = factor + (length - length)  # NaN where the norm is not finite
    return [like(t, None) * factor for t in tensors]


@provided("tf.clip_by_global_norm")
def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Return tensors scaled down together so that the norm of all is at most `clip_norm`, and the norm before.

    Parameters
    ----------
    t_list : list of tensors or None
        None stays None.
    clip_norm : float
        The largest norm.
    use_norm : tensor, optional
        The norm, where it is known already.
    """
    given = [None if t is None else convert_to_tensor(t) for t in t_list]
    length = global_norm([t for t in given if t is not None]) if use_norm is None else use_norm
    present = [t for t in given if t is not None]
    clipped = iter(_clip_by_global_norm(present, clip_norm, length, name=name))  # type: ignore[call-arg]
    return [None if t is None else next(clipped) for t in given], length


@operation("tf.nn.l2_normalize", "tf.math.l2_normalize", "tf.linalg.l2_normalize", kind="l2_normalize")
def l2_normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12, *, dim: Any = None) -> Any:
    """Return a tensor divided by its norm over some axes, or by the root of `epsilon` where that is larger."""
    given = like(x, None)
    squares = ff.sum(ff.square(given), _axes(axis, dim), True)
    return given / ff.sqrt(ff.maximum(squares, like(epsilon, given)))
