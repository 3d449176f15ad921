"""Constants, placeholders, and what changes the shape of tensors, picks parts of them or puts them together."""

from __future__ import annotations

from typing import Any

import numpy as np

import feedforward
from feedforward import Tensor as Array
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.dispatch import operation, records
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import default_graph, known_value
from feedforward.compat.tensorflow.shapes import TensorShape, as_shape
from feedforward.compat.tensorflow.tensors import EagerTensor, GraphTensor, Tensor, operators

__all__ = ["convert_to_tensor", "like", "ints"]


def _array(value: Any, dtype: Any) -> Any:
    """Return what a program writes as a value as an array of TensorFlow's dtype."""
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if isinstance(value, feedforward.Tensor):
        return value if wanted is None else feedforward.cast(value, wanted.as_numpy_dtype)
    if isinstance(value, TensorShape):
        value = value.as_list()
    found = np.asarray(known_value(value) if isinstance(value, list | tuple) else value)
    if found.dtype.kind in "US":
        found = np.array([str(each).encode() if isinstance(each, str) else each for each in found.ravel()], object)
        return found.reshape(np.shape(value))
    if found.dtype == object:
        if wanted is not None and wanted.name != "string":
            raise ValueError(
                f"Failed to convert {value!r:.60} to a tensor: its rows differ in length, or it holds None."
            )
        return found
    if wanted is None:
        is_python = not hasattr(value, "dtype") and not _has_numpy(value)
        if found.dtype == np.float64 and is_python:
            wanted = as_dtype("float32")
        elif found.dtype == np.int64 and is_python:
            wanted = as_dtype("int32")
        else:
            wanted = as_dtype(found.dtype)
    elif wanted.is_integer and found.dtype.kind == "f" and not hasattr(value, "dtype"):
        raise TypeError(f"Expected {wanted.name}, got {value!r} of type 'float' instead.")
    return Array(found.astype(wanted.as_numpy_dtype))


def _has_numpy(value: Any) -> bool:
    return hasattr(value, "dtype") or (isinstance(value, list | tuple) and any(map(_has_numpy, value)))


@provided("tf.constant")
def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = None, verify_shape: bool = False
) -> Any:
    """Return a tensor of a number or array; with a shape, one that is filled with the last number."""

    def rule(value: Any, shape: Any) -> Any:
        array = _array(value, dtype)
        if shape is None:
            return array
        sizes = ints(shape)
        flat = (array.numpy() if isinstance(array, feedforward.Tensor) else array).ravel()
        count = int(np.prod(sizes))
        if len(flat) > count:
            raise ValueError(f"Too many elements provided. Needed at most {count}, but received {len(flat)}")
        if verify_shape and len(flat) != count:
            raise TypeError(f"Expected Tensor's shape: {tuple(sizes)}, got {np.shape(value)}.")
        filled = np.concatenate([flat, np.full(count - len(flat), flat[-1])]).reshape(sizes)
        return Array(filled) if filled.dtype != object else filled

    if isinstance(value, GraphTensor):
        raise TypeError(f"constant: {value.name!r} is a tensor. Expected a number, an array or a list.")
    return _made("Const", rule, (value, shape), name)


@provided("tf.convert_to_tensor")
def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None) -> Any:
    """Return a tensor of a tensor, variable, number or array.

    Raises
    ------
    ValueError
        If it is a tensor of another dtype than the one wanted.
    """
    is_tensor = isinstance(value, Tensor) or hasattr(value, "tensor")
    if is_tensor or isinstance(value, feedforward.Tensor):
        wanted = None if dtype is None else as_dtype(dtype).base_dtype
        found = as_dtype(value.dtype).base_dtype
        if wanted is not None and wanted != found:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype {found.name}: {value!r}"
            )
        if isinstance(value, feedforward.Tensor):
            return EagerTensor(value)
        return value if isinstance(value, Tensor) and not hasattr(value, "assign") else _identity(value, name)
    if callable(value):
        raise TypeError(f"convert_to_tensor: {value!r} is a function. Expected a tensor, a number or an array.")
    if isinstance(value, list | tuple) and any(
        isinstance(part, Tensor) or hasattr(part, "tensor") for part in _flat(value)
    ):
        return _made("packed", lambda value: _stacked(value, dtype), (value,), name)
    return _made("Const", lambda value: _array(value, dtype), (value,), name)


def _stacked(value: Any, dtype: Any = None) -> Any:
    """Return nested lists of tensors and numbers as one tensor."""
    if isinstance(value, list | tuple) and any(isinstance(part, feedforward.Tensor | list | tuple) for part in value):
        first = next((part for part in _flat(value) if isinstance(part, feedforward.Tensor)), None)
        if first is not None:
            parts = [_stacked(part, as_dtype(first.dtype) if dtype is None else dtype) for part in value]
            return feedforward.stack([_array(part, dtype or first.dtype) for part in parts])
    return _array(value, dtype)


def _flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, list | tuple) else [value]


def _made(kind: str, rule: Any, args: tuple[Any, ...], name: str | None) -> Any:
    """Return what a rule that takes no name makes, recorded or at once."""
    if records(args):
        return default_graph().record(kind, rule, args, {}, name)
    from feedforward.compat.tensorflow.tensors import plain, shown

    return shown(rule(*plain(args)))


def like(value: Any, other: Any) -> feedforward.Tensor:
    """Return a value as our tensor; a number or list beside a tensor gets its dtype."""
    if isinstance(value, feedforward.Tensor):
        return value
    if isinstance(other, feedforward.Tensor):
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub" and value.dtype != other.dtype:
            if value.dtype.kind == "f" and other.dtype.kind in "iu":
                raise TypeError(
                    f"Input has type {value.dtype.name} that does not match type {other.dtype.name}. Cast it."
                )
            return Array(value.astype(other.dtype))
        found: feedforward.Tensor = _stacked(value, as_dtype(other.dtype))
        return found
    found = _stacked(value)
    return found


def ints(value: Any) -> list[int]:
    """Return a shape, axes or the like as Python's ints."""
    if isinstance(value, TensorShape):
        return [int(size) for size in value]
    found = known_value(value)
    return [int(each) for each in (np.asarray(found).ravel() if np.ndim(found) else [found])]


@provided("tf.placeholder")
def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Any:
    """Return a tensor that is fed when a session runs.

    Parameters
    ----------
    dtype : dtype
        The type of its elements.
    shape : sequence of int or None, optional
        Its sizes, None where any will do; left out, any shape will do.
    name : str, optional
        Its name.
    """
    _refuse_eager("tf.placeholder")
    return default_graph().record(
        "Placeholder", None, name=name, outputs=[(as_shape(shape), as_dtype(dtype).base_dtype)]
    )


@provided("tf.placeholder_with_default")
def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Any:
    """Return a tensor that may be fed, and is `input` otherwise."""
    _refuse_eager("tf.placeholder_with_default")
    tensor = convert_to_tensor(input)
    made = default_graph().record("PlaceholderWithDefault", lambda value: value, (tensor,), {}, name)
    made._shape = as_shape(shape)
    from feedforward.compat.tensorflow.tensors import probe_of

    made.probes = probe_of(made._shape, made.dtype)
    return made


def _refuse_eager(name: str) -> None:
    from feedforward.compat.tensorflow.dispatch import is_eager

    if is_eager():
        raise RuntimeError(f"{name}() is not compatible with eager execution: give the function your data.")


@operation("tf.identity", kind="Identity")
def identity(input: Any) -> Any:
    """Return a tensor of the same value."""
    return feedforward.Tensor(input) if isinstance(input, feedforward.Tensor) else _array(input, None)


def _identity(value: Any, name: str | None) -> Any:
    call: Any = identity
    return call(value, name=name)


def _reshape_fallback(tensor: Any, shape: Any) -> Any:
    try:
        return [None if size < 0 else size for size in ints(shape)]
    except (ValueError, TypeError):
        return None


@operation("tf.reshape", kind="Reshape", fallback=_reshape_fallback)
def reshape(tensor: Any, shape: Any) -> Any:
    """Return the elements in another shape; one size may be -1."""
    return feedforward.reshape(like(tensor, None), ints(shape))


@operation("tf.shape", kind="Shape")
def shape(input: Any, out_type: Any = None) -> Any:
    """Return the sizes as a tensor, int32 unless told otherwise."""
    return Array(np.array(like(input, None).shape, as_dtype(out_type or "int32").as_numpy_dtype))


@operation("tf.zeros", kind="zeros")
def zeros(shape: Any, dtype: Any = "float32") -> Any:
    """Return zeros."""
    return Array(np.zeros(ints(shape), as_dtype(dtype).as_numpy_dtype))


@operation("tf.ones", kind="ones")
def ones(shape: Any, dtype: Any = "float32") -> Any:
    """Return ones."""
    return Array(np.ones(ints(shape), as_dtype(dtype).as_numpy_dtype))


@operation("tf.concat", kind="concat")
def concat(values: Any, axis: Any) -> Any:
    """Return tensors put together along an axis; before TensorFlow 1.0 the axis came first."""
    if not isinstance(values, list | tuple):
        values, axis = (axis, values) if isinstance(axis, list | tuple) else ([values], axis)
    first = next((each for each in values if isinstance(each, feedforward.Tensor)), None)
    parts = [like(each, first) for each in values]
    return feedforward.concatenate(parts, axis=ints(axis)[0])


@operation("tf.transpose", "tf.linalg.transpose", kind="transpose")
def transpose(a: Any, perm: Any = None) -> Any:
    """Return a tensor with its axes in another order, by default reversed."""
    return feedforward.transpose(like(a, None), None if perm is None else ints(perm))


@operation(kind="strided_slice", operator="getitem")
def getitem(x: Any, index: Any) -> Any:
    """Return a part of a tensor."""
    return x[_known_index(index)]


def _known_index(index: Any) -> Any:
    if isinstance(index, tuple | list):
        return tuple(map(_known_index, index))
    if isinstance(index, slice):
        return slice(*(None if part is None else ints(part)[0] for part in (index.start, index.stop, index.step)))
    if isinstance(index, feedforward.Tensor):
        return int(known_value(index)) if not index.ndim else known_value(index)
    from feedforward.compat.tensorflow.shapes import Dimension

    return int(index) if isinstance(index, Dimension) else index


provide(np.newaxis, "tf.newaxis")
_ = operators
