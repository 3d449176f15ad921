"""What puts tensors together, takes them apart, repeats, pads and turns them around."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.tensorflow.arrays import ints, like, picked
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.graph import known_value

__all__ = ["concat", "split", "stack", "unstack"]


def of_one_dtype(values: Sequence[Any]) -> list[ff.Tensor]:
    """Return values as our tensors; numbers get the dtype of the first tensor among them.

    Raises
    ------
    TypeError
        If two have other dtypes.
    """
    first = next((each for each in values if isinstance(each, ff.Tensor)), None)
    parts = [like(each, first) for each in values]
    for part in parts:
        if part.dtype != parts[0].dtype:
            raise TypeError(
                f"Tensors in list passed to 'values' have types {[each.dtype.name for each in parts]} that don't all "
                f"match. Use tf.cast."
            )
    return parts


@operation("tf.concat", kind="concat")
def concat(values: Any = None, axis: Any = None, *, concat_dim: Any = None) -> Any:
    """Return tensors put together along an axis; before TensorFlow 1.0 the axis came first."""
    axis = axis if concat_dim is None else concat_dim
    if not isinstance(values, list | tuple):
        values, axis = (axis, values) if isinstance(axis, list | tuple) else ([values], axis)
    return ff.concatenate(of_one_dtype(values), axis=ints(axis)[0])


@operation("tf.stack", "tf.pack", "tf.parallel_stack", kind="stack")
def stack(values: Any, axis: Any = 0) -> Any:
    """Return tensors of one shape put together along a new axis."""
    if isinstance(values, ff.Tensor | np.ndarray):
        values = unstacked(like(values, None), 0)
    return ff.stack(of_one_dtype(values), ints(axis)[0])


def unstacked(x: ff.Tensor, axis: int) -> list[ff.Tensor]:
    """Return the slices along an axis."""
    at = axis % x.ndim
    (count,) = ints(x.node.shape[at : at + 1])
    return [picked(x, (slice(None),) * at + (place,)) for place in range(count)]


@operation("tf.unstack", "tf.unpack", kind="unstack")
def unstack(value: Any, num: Any = None, axis: Any = 0) -> Any:
    """Return the slices along an axis, one by one."""
    found = unstacked(like(value, None), ints(axis)[0])
    if num is not None and len(found) != ints(num)[0]:
        raise ValueError(f"unstack: num={num}, but there are {len(found)} slices along axis {axis}.")
    return found


@operation("tf.split", kind="split")
def split(
    value: Any = None,
    num_or_size_splits: Any = None,
    axis: Any = 0,
    num: Any = None,
    *,
    split_dim: Any = None,
    num_split: Any = None,
) -> Any:
    """Return parts along an axis, of equal or given sizes; before TensorFlow 1.0 the tensor came last."""
    axis = axis if split_dim is None else split_dim
    parts = num_or_size_splits if num_split is None else num_split
    if isinstance(value, int) and not isinstance(axis, int):
        value, axis = axis, value
    x, at = like(value, None), ints(axis)[0]
    at %= x.ndim
    (length,) = ints(x.node.shape[at : at + 1])
    sizes = ints(parts)
    if num is not None and np.ndim(known_value(parts)) and len(sizes) != ints(num)[0]:
        raise ValueError(f"split: num={num}, but there are {len(sizes)} sizes, {sizes}. Leave num out.")
    if not np.ndim(known_value(parts)):
        if length % sizes[0]:
            raise ValueError(
                f"Dimension size must be evenly divisible by {sizes[0]} but is {length} for 'split' along axis {at}."
            )
        sizes = [length // sizes[0]] * sizes[0]
    elif -1 in sizes:
        sizes[sizes.index(-1)] = length - sum(sizes) - 1
    if sum(sizes) != length:
        raise ValueError(f"split: sizes {sizes} add up to {sum(sizes)}. Expected {length}, the size of axis {at}.")
    ends = np.cumsum([0, *sizes]).tolist()
    whole = (slice(None),) * at
    return [picked(x, (*whole, slice(low, high))) for low, high in itertools.pairwise(ends)]


@operation("tf.tile", kind="Tile")
def tile(input: Any, multiples: Any) -> Any:
    """Return a tensor repeated along each axis."""
    x, counts = like(input, None), ints(multiples)
    if len(counts) != x.ndim:
        raise ValueError(f"tile: multiples {counts} for a tensor of shape {x.shape}. Expected one for each axis.")
    sizes = ints(x.node.shape)
    apart = ff.reshape(x, [number for size in sizes for number in (1, size)])
    repeated = ff.broadcast_to(apart, [each for pair in zip(counts, sizes, strict=True) for each in pair])
    return ff.reshape(repeated, [count * size for count, size in zip(counts, sizes, strict=True)])


@operation("tf.pad", kind="Pad")
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", *, constant_values: Any = 0) -> Any:
    """Return a tensor with a border: of one number, or of what is inside, mirrored."""
    x = like(tensor, None)
    widths = [(int(before), int(after)) for before, after in np.asarray(known_value(paddings)).reshape(-1, 2)]
    if len(widths) != x.ndim:
        raise ValueError(f"pad: paddings for {len(widths)} axes of a tensor of shape {x.shape}.")
    if mode.upper() == "CONSTANT":
        return ff.pad(x, widths, like(constant_values, x))
    if mode.upper() not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(f"Unknown padding mode: {mode}. Expected CONSTANT, REFLECT or SYMMETRIC.")
    skipped = int(mode.upper() == "REFLECT")
    for axis, ((before, after), length) in enumerate(zip(widths, ints(x.node.shape), strict=True)):
        if max(before, after) > length - skipped:
            raise ValueError(f"paddings must be no greater than the size of the axis: {before},{after} for {length}.")
        whole = (slice(None),) * axis
        parts = [x]
        if before:
            parts.insert(0, ff.flip(picked(x, (*whole, slice(skipped, skipped + before))), axis))
        if after:
            parts.append(ff.flip(picked(x, (*whole, slice(length - skipped - after, length - skipped))), axis))
        x = ff.concatenate(parts, axis)
    return x


@operation("tf.reverse", "tf.reverse_v2", kind="ReverseV2")
def reverse(tensor: Any, axis: Any = None, *, dims: Any = None) -> Any:
    """Return a tensor with the order along some axes reversed; before TensorFlow 1.0 `axis` was a bool for each."""
    x = like(tensor, None)
    given = np.asarray(known_value(axis if dims is None else dims)).ravel()
    axes = np.flatnonzero(given) if given.dtype == np.bool_ else given
    return ff.flip(x, tuple(int(each) for each in axes)) if len(axes) else x


@operation("tf.meshgrid", kind="meshgrid")
def meshgrid(*args: Any, indexing: str = "xy") -> Any:
    """Return for each of some vectors a grid that has its numbers along one axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing parameter must be either 'xy' or 'ij', got {indexing!r}.")
    vectors = [ff.reshape(like(each, None), (-1,)) for each in args]
    sizes = [ints(vector.node.shape)[0] for vector in vectors]
    grids = [
        ff.broadcast_to(ff.reshape(vector, [-1 if axis == place else 1 for axis in range(len(sizes))]), sizes)
        for place, vector in enumerate(vectors)
    ]
    if indexing == "xy" and len(sizes) > 1:
        grids = [ff.transpose(grid, [1, 0, *range(2, len(sizes))]) for grid in grids]
    return grids
