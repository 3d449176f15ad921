"""Constants, placeholders, and what fills tensors or changes their shape.

Not here: what puts tensors together or takes them apart (``joining.py``), or picks parts of them (``indexing.py``).
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.graphs.dispatch import has_tensor, is_eager, is_of_numpy, operation, records
from feedforward.compat.tensorflow.graphs.dtypes import as_dtype
from feedforward.compat.tensorflow.graphs.errors import InvalidArgumentError
from feedforward.compat.tensorflow.graphs.graph import default_graph, known_value
from feedforward.compat.tensorflow.graphs.shapes import TensorShape, as_shape
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor, Tensor, plain, probe_of, shown
from feedforward.tensor import bind, lift, of_node

Array = feedforward.Tensor

__all__ = ["convert_to_tensor", "ints", "like", "picked", "places_of"]


def _array(value: Any, dtype: Any) -> Any:
    """Return what a program writes as a value as an array of TensorFlow's dtype."""
    wanted = None if dtype is None else as_dtype(dtype).base_dtype
    if isinstance(value, feedforward.Tensor):
        return value if wanted is None else feedforward.cast(value, wanted.as_numpy_dtype)
    if isinstance(value, TensorShape):
        value = value.as_list()
    is_list = isinstance(value, list | tuple)
    found = np.asarray(known_value(value) if is_list and not is_of_numpy(value) else value)
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
    # A list became an array of its own above, which is not copied again.
    return of_node(bind(found.astype(wanted.as_numpy_dtype, copy=not is_list)), is_symbolic=False)


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
        If it is a tensor of another dtype than the one wanted; what is only preferred is passed over where it does not
        fit.
    """
    is_tensor = isinstance(value, Tensor) or hasattr(value, "tensor")
    if preferred_dtype is not None and dtype is None and not is_tensor:
        with contextlib.suppress(TypeError, ValueError):
            return convert_to_tensor(value, preferred_dtype, name)
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
    if isinstance(value, list | tuple) and has_tensor(value):
        return _made("packed", lambda value: _stacked(value, dtype), (value,), name)
    return _made("Const", lambda value: _array(value, dtype), (value,), name)


def _stacked(value: Any, dtype: Any = None) -> Any:
    """Return nested lists of tensors and numbers as one tensor."""
    if isinstance(value, list | tuple) and is_of_numpy(value):
        return _array(value, dtype)
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
    return shown(rule(*plain(args)))


def like(value: Any, other: Any) -> feedforward.Tensor:
    """Return a value as our tensor; a number or list beside a tensor gets its dtype."""
    if isinstance(value, feedforward.Tensor):
        return value
    if isinstance(other, feedforward.Tensor):
        if type(value) in (int, float) and other.dtype.kind == "f":  # as below, in a fifth of the time
            return of_node(bind(np.asarray(value, other.dtype)), is_symbolic=False)
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


def places_of(value: Any) -> feedforward.Tensor:
    """Return indices as our tensor, none of which counts from the end, as NumPy's may.

    Raises
    ------
    InvalidArgumentError
        If one is negative, where they are known; a session looks at the others when it runs.
    """
    found = like(value, None)
    known = found.node.value
    if known is not None and known.dtype.kind == "i" and known.size and known.min() < 0:
        raise InvalidArgumentError(None, None, f"index {known.min()} is negative. Give places from 0 on.")
    return found


picked = lift(feedforward.ops.getitem)
"""``x[index]`` as a node, also of a constant, whose elements ``x[index]`` gives at once, without a gradient to it."""


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
    if not made._shape.is_compatible_with(tensor.shape):
        raise ValueError(f"placeholder_with_default: shape {made._shape} for a default of shape {tensor.shape}.")
    made.probes = probe_of(made._shape, made.dtype)
    return made


def _refuse_eager(name: str) -> None:
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
    except (ValueError, TypeError, NotImplementedError):  # it depends on tensors of the graph
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


@operation("tf.transpose", "tf.linalg.transpose", kind="transpose")
def transpose(a: Any, perm: Any = None) -> Any:
    """Return a tensor with its axes in another order, by default reversed."""
    return feedforward.transpose(like(a, None), None if perm is None else ints(perm))


@operation("tf.matrix_transpose", "tf.linalg.matrix_transpose", kind="matrix_transpose")
def matrix_transpose(a: Any) -> Any:
    """Return matrices with rows and columns exchanged."""
    x = like(a, None)
    return feedforward.transpose(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


@operation("tf.expand_dims", kind="ExpandDims")
def expand_dims(input: Any, axis: Any = None, *, dim: Any = None) -> Any:
    """Return a tensor with another axis of one element."""
    at = axis if dim is None else dim
    if at is None:
        raise ValueError("expand_dims: axis is missing. Say where the new axis stands: 0, or -1 for the last.")
    return feedforward.expand_dims(like(input, None), ints(at)[0])


@operation(kind="Squeeze")
def _squeeze(input: Any, axis: Any = None, *, squeeze_dims: Any = None) -> Any:
    """Return a tensor without axes of one element: those named, or all."""
    axes = axis if squeeze_dims is None else squeeze_dims
    return feedforward.squeeze(like(input, None), None if axes is None or axes == [] else tuple(ints(axes)))


@provided("tf.squeeze")
def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """Return a tensor without axes of one element: those named, or all."""
    found = _squeeze(input, axis, squeeze_dims=squeeze_dims, name=name)  # type: ignore[call-arg]
    if axis is None and squeeze_dims is None and isinstance(found, GraphTensor) and found.op.inputs:
        shape = found.op.inputs[0].shape
        if shape.ndims is not None and None in shape.as_list():  # which may turn out to be one
            found._shape, found.probes = TensorShape(None), None
    return found


def _known_type(dtype: Any, default: Any) -> Any:
    return default if dtype is None else as_dtype(dtype).base_dtype.as_numpy_dtype


@operation("tf.zeros_like", kind="zeros_like")
def zeros_like(tensor: Any, dtype: Any = None, *, optimize: bool = True) -> Any:
    """Return zeros in the shape of a tensor."""
    x = like(tensor, None)
    return Array(np.zeros(ints(x.node.shape), _known_type(dtype, x.dtype)))


@operation("tf.ones_like", kind="ones_like")
def ones_like(tensor: Any, dtype: Any = None, *, optimize: bool = True) -> Any:
    """Return ones in the shape of a tensor."""
    x = like(tensor, None)
    return Array(np.ones(ints(x.node.shape), _known_type(dtype, x.dtype)))


@operation("tf.fill", kind="Fill")
def fill(dims: Any, value: Any) -> Any:
    """Return a tensor that holds one number everywhere."""
    return feedforward.broadcast_to(like(value, None), ints(dims))


@operation("tf.shape_n", kind="ShapeN")
def shape_n(input: Any, out_type: Any = None) -> Any:
    """Return the sizes of each tensor."""
    kind = as_dtype(out_type or "int32").as_numpy_dtype
    return [Array(np.array(like(each, None).shape, kind)) for each in input]


@operation("tf.size", kind="Size")
def size(input: Any, out_type: Any = None) -> Any:
    """Return the number of elements."""
    sizes = ints(like(input, None).node.shape)
    return Array(np.array(np.prod(sizes, dtype=np.int64), as_dtype(out_type or "int32").as_numpy_dtype))


@operation("tf.rank", kind="Rank")
def rank(input: Any) -> Any:
    """Return the number of axes."""
    return Array(np.array(like(input, None).ndim, np.int32))


@operation(kind="range")
def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    """Return the numbers from `start` to below `limit`, `delta` apart; of one number those from 0 to below it."""
    first, last = (0, start) if limit is None else (start, limit)
    numbers = [known_value(_array(each, None)) for each in (first, last, delta)]
    floats = [np.asarray(number).dtype for number in numbers if np.asarray(number).dtype.kind == "f"]
    kind = _known_type(dtype, np.result_type(*(floats or numbers)))
    low, high, step = (np.asarray(number).item() for number in numbers)
    if step == 0:
        raise ValueError("Requires delta != 0: 0")
    if (high - low) * step < 0:
        raise ValueError(f"range: {low} to {high} is no way that steps of {step} lead. Exchange them, or its sign.")
    count = max(0, int(np.ceil((high - low) / step)))
    # TensorFlow adds the step up in the dtype of the numbers.
    return Array(np.arange(count, dtype=kind) * np.asarray(step, kind) + np.asarray(low, kind))


provide(range_, "tf.range")


@operation("tf.linspace", "tf.lin_space", "tf.linalg.linspace", kind="LinSpace")
def linspace(start: Any, stop: Any, num: Any) -> Any:
    """Return `num` numbers from `start` to `stop`, both among them."""
    first, last = (np.asarray(known_value(_array(each, None))) for each in (start, stop))
    if first.dtype.kind != "f":
        raise TypeError(f"linspace: start has dtype {first.dtype.name}. Expected float32 or float64.")
    return Array(np.linspace(first, last, ints(num)[0], dtype=first.dtype))


@operation("tf.eye", "tf.linalg.eye", kind="eye")
def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32") -> Any:
    """Return matrices with ones on the diagonal and zeros elsewhere."""
    rows = ints(num_rows)[0]
    found = np.eye(rows, rows if num_columns is None else ints(num_columns)[0], dtype=as_dtype(dtype).as_numpy_dtype)
    sizes = [] if batch_shape is None else ints(batch_shape)
    return Array(np.broadcast_to(found, (*sizes, *found.shape)).copy())


@operation("tf.broadcast_to", kind="BroadcastTo")
def broadcast_to(input: Any, shape: Any) -> Any:
    """Return a tensor repeated along axes of one element."""
    return feedforward.broadcast_to(like(input, None), ints(shape))


@provided("tf.broadcast_static_shape")
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Return the shape of an operation on tensors of two shapes."""
    return TensorShape(np.broadcast_shapes(tuple(ints(as_shape(shape_x))), tuple(ints(as_shape(shape_y)))))


@operation("tf.sequence_mask", kind="SequenceMask")
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool") -> Any:
    """Return for each length so many true values, then false ones up to `maxlen`, by default the longest."""
    counts = like(lengths, None)
    longest = int(np.max(known_value(counts))) if maxlen is None else ints(maxlen)[0]
    places = Array(np.arange(longest).astype(counts.dtype))
    found = feedforward.less(places, feedforward.expand_dims(counts, -1))
    return feedforward.cast(found, as_dtype(dtype).as_numpy_dtype)


@operation("tf.string_join", "tf.strings.join", kind="StringJoin")
def string_join(inputs: Any, separator: str = "") -> Any:
    """Return texts put together, element by element."""
    parts = [np.asarray(_array(each, None), object) for each in inputs]
    joined = np.frompyfunc(lambda *each: separator.encode().join(each), len(parts), 1)(*parts)
    return np.asarray(joined, object)


@operation("tf.as_string", "tf.strings.as_string", kind="AsString")
def as_string(input: Any, precision: int = -1) -> Any:
    """Return numbers as texts, as C prints them."""
    numbers = np.asarray(known_value(like(input, None)))
    form = f"%.{precision}f" if precision >= 0 else "%f" if numbers.dtype.kind == "f" else "%s"
    texts = [(form % each).lower() if numbers.dtype.kind == "b" else form % each for each in numbers.ravel().tolist()]
    return np.array([text.encode() for text in texts], object).reshape(numbers.shape)


refuse(
    "texts are not parsed here. Prepare them with Python or NumPy, and feed the numbers.",
    *(f"tf.{name}" for name in ("string_split", "decode_csv", "decode_raw", "decode_base64", "string_to_number")),
    *(f"tf.{name}" for name in ("regex_replace", "substr", "string_to_hash_bucket", "encode_base64", "decode_json")),
    "tf.strings",
)
refuse("images are not decoded here. Read them with Pillow or Matplotlib, and feed arrays.", "tf.image")
refuse(
    "sparse tensors are not provided. Use dense ones; tf.one_hot and tf.scatter_nd make them of indices.",
    *(f"tf.{name}" for name in ("SparseTensor", "sparse_placeholder", "sparse_tensor_to_dense")),
    *(f"tf.{name}" for name in ("sparse_tensor_dense_matmul", "sparse_matmul", "IndexedSlices", "sparse")),
)
