"""``keras.backend``: functions on tensors, as programs write losses, metrics and layers of their own with.

They are the package's operations under Keras's names. A shape is a tuple: of a size that is not known yet it holds the
unknown itself, with which one may count.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from feedforward import activations, functions, ops, random
from feedforward.compat.keras.computing.boundary import (
    FreeVariable,
    Update,
    entry,
    has_graph_tensor,
    seen,
    taken,
)
from feedforward.compat.keras.computing.numbers import floatx
from feedforward.compat.keras.layers.initializers import as_initializer, drawn_seed, seeded
from feedforward.compat.keras.layers.layer import (
    FORMAT,
    is_in_step,
    layer_name,
    new_names,
    plain_shape,
    with_batch,
)
from feedforward.compat.keras.layers.layer import data_format as format_of
from feedforward.compat.keras.models.in_graphs import session_of_models
from feedforward.compat.keras.models.phase import is_training, set_free
from feedforward.compat.keras.objectives.losses import binary, categorical, sparse
from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow.arithmetic import reductions
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.graph import default_graph, reset_default_graph
from feedforward.compat.tensorflow.graphs.variables import (
    graph_variable,
    stands_for_later,
    with_symbols,
    with_variables,
)
from feedforward.graph.dimension import Dimension, product
from feedforward.nn.convolution import convolve, convolve_depthwise
from feedforward.nn.layer import Input as our_input
from feedforward.nn.sliding import channels_first, channels_last
from feedforward.tensor import Tensor, Variable, of_node

__all__ = [
    "arange",
    "argmax",
    "argmin",
    "batch_dot",
    "batch_flatten",
    "bias_add",
    "binary_crossentropy",
    "cast",
    "categorical_crossentropy",
    "clip",
    "concatenate",
    "constant",
    "conv2d",
    "depthwise_conv2d",
    "dot",
    "dropout",
    "expand_dims",
    "flatten",
    "gather",
    "in_test_phase",
    "in_top_k",
    "in_train_phase",
    "l2_normalize",
    "log",
    "one_hot",
    "ones_like",
    "permute_dimensions",
    "pow",
    "prod",
    "random_normal",
    "random_uniform",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "round",
    "sparse_categorical_crossentropy",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "switch",
    "temporal_padding",
    "tile",
    "transpose",
    "truncated_normal",
    "update",
    "update_add",
    "update_sub",
    "var",
    "zeros_like",
]

Axis = int | Sequence[int] | None


def _t(x: Any) -> Tensor:
    """Return a value as a tensor of floats, integers or bools."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, Dimension):
        return of_node(ops.size(x, "int32"), is_symbolic=True)
    return Tensor(np.asarray(x, floatx()) if np.asarray(x).dtype == np.float64 else x)


def _pair(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Return two values as tensors of one dtype, that of the one that is a tensor."""
    if isinstance(x, Tensor) and not isinstance(y, Tensor):
        return x, _t(y) if isinstance(y, Dimension) else Tensor(np.asarray(y, x.dtype))
    if isinstance(y, Tensor) and not isinstance(x, Tensor):
        return Tensor(np.asarray(x, y.dtype)), y
    return _t(x), _t(y)


def _axis(x: Tensor, axis: Axis) -> Any:
    return tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, list | tuple) else axis


def _same(*names: str) -> None:
    """Let programs know functions of one tensor that are called the same here."""
    for name in names:
        function = getattr(functions, name)
        entry(f"keras.backend.{name}")(lambda x, _function=function: _function(_t(x)))


def _between(*names: str) -> None:
    """Let programs know functions of two tensors that are called the same here."""
    for name in names:
        function = getattr(functions, name)
        entry(f"keras.backend.{name}")(lambda x, y, _function=function: _function(*_pair(x, y)))


def _reducing(*names: str) -> None:
    """Let programs know functions that reduce axes."""
    for name in names:
        function = getattr(functions, name)

        def reduce(x: Any, axis: Axis = None, keepdims: bool = False, _function: Any = function) -> Tensor:
            tensor = _t(x)
            if _function is functions.mean and tensor.dtype.kind == "b":
                tensor = functions.cast(tensor, floatx())
            found: Tensor = _function(tensor, _axis(tensor, axis), keepdims=keepdims)
            return found

        entry(f"keras.backend.{name}")(reduce)


_same("square", "abs", "exp", "sign", "sin", "cos", "stop_gradient")
_between("maximum", "minimum", "equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
_reducing("sum", "mean", "max", "min", "any", "all", "logsumexp")


@entry("keras.backend.sqrt")
def sqrt(x: Any) -> Tensor:
    """Return the square root, 0 below 0."""
    return functions.sqrt(functions.maximum(_t(x), 0.0))


@entry("keras.backend.log")
def log(x: Any) -> Tensor:
    """Return the natural logarithm."""
    return functions.log(_t(x))


@entry("keras.backend.round")
def round(x: Any) -> Tensor:
    """Return the nearest whole numbers, halves to the even one; their derivative is 0."""
    x = functions.stop_gradient(_t(x))
    low = functions.floor(x)
    is_up = (x - low > 0.5) | ((x - low == 0.5) & (functions.remainder(low, 2.0) == 1.0))
    return low + functions.cast(is_up, x.dtype)


@entry("keras.backend.pow")
def pow(x: Any, a: Any) -> Tensor:
    """Return x to the power a."""
    return functions.power(*_pair(x, a))


@entry("keras.backend.clip")
def clip(x: Any, min_value: Any, max_value: Any) -> Tensor:
    """Return x kept between two numbers."""
    x = _t(x)
    low = -float("inf") if min_value is None else min_value
    high = float("inf") if max_value is None else max_value
    x = x if low == -float("inf") else functions.maximum(*_pair(x, low))
    return x if high == float("inf") else functions.minimum(*_pair(x, max(low, high)))


@entry("keras.backend.prod")
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the product along axes; also of sizes, of which some may not be known yet."""
    if isinstance(x, tuple) and any(isinstance(size, Dimension) for size in x):
        return product(x)
    x = _t(x)
    axes = _axis(x, axis)
    return reductions.product(x, (axes,) if isinstance(axes, int) else axes, keepdims)


@entry("keras.backend.var")
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the variance along axes."""
    x = _t(x)
    means = functions.mean(x, _axis(x, axis), keepdims=True)
    return functions.mean(functions.square(x - means), _axis(x, axis), keepdims=keepdims)


@entry("keras.backend.std")
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the standard deviation along axes."""
    return functions.sqrt(var(x, axis, keepdims))


@entry("keras.backend.argmax")
def argmax(x: Any, axis: int = -1) -> Tensor:
    """Return where the largest element is along an axis."""
    return functions.argmax(_t(x), axis)


@entry("keras.backend.argmin")
def argmin(x: Any, axis: int = -1) -> Tensor:
    """Return where the smallest element is along an axis."""
    return functions.argmax(-_t(x), axis)


@entry("keras.backend.cast")
def cast(x: Any, dtype: Any) -> Tensor:
    """Return a tensor in another dtype."""
    return functions.cast(_t(x), np.dtype(getattr(dtype, "name", dtype)))


@entry("keras.backend.dot")
def dot(x: Any, y: Any) -> Tensor:
    """Return the product of matrices: of more axes over the last of x and the one before the last of y."""
    x, y = _t(x), _t(y)
    if y.ndim <= 2:
        return x @ y if y.ndim == 2 else functions.sum(x * y, -1)
    order = [y.ndim - 2, *range(y.ndim - 2), y.ndim - 1]
    moved = functions.transpose(y, order)
    sizes = moved.node.shape[1:]
    flat = functions.reshape(moved, (moved.node.shape[0], product(sizes)))
    return functions.reshape(x @ flat, (*x.node.shape[:-1], *sizes))


@entry("keras.backend.batch_dot")
def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Return products sample by sample, over one axis of each."""
    from feedforward.compat.keras.layers.merging import _dot

    x, y = _t(x), _t(y)
    return _dot((x, y), (x.ndim - 1, max(y.ndim - 2, 1)) if axes is None else axes, normalize=False)


@entry("keras.backend.transpose")
def transpose(x: Any) -> Tensor:
    """Return x with its axes in the reverse order."""
    return functions.transpose(_t(x))


@entry("keras.backend.permute_dimensions")
def permute_dimensions(x: Any, pattern: Sequence[int]) -> Tensor:
    """Return x with its axes in another order."""
    return functions.transpose(_t(x), tuple(pattern))


@entry("keras.backend.gather")
def gather(reference: Any, indices: Any) -> Tensor:
    """Return rows of a tensor."""
    return functions.take(_t(reference), functions.cast(_t(indices), "int64"), 0)


@entry("keras.backend.concatenate")
def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Return tensors behind one another."""
    return functions.concatenate([_t(each) for each in tensors], axis)


@entry("keras.backend.stack", "keras.backend.pack")
def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Return tensors along a new axis."""
    return functions.stack([_t(each) for each in x], axis)


@entry("keras.backend.reshape")
def reshape(x: Any, shape: Sequence[Any]) -> Tensor:
    """Return x in another shape."""
    sizes = [each if isinstance(each, Dimension) else -1 if each is None else int(each) for each in with_batch(shape)]
    return functions.reshape(_t(x), tuple(sizes))


@entry("keras.backend.flatten")
def flatten(x: Any) -> Tensor:
    """Return all elements one behind another."""
    return functions.reshape(_t(x), (-1,))


@entry("keras.backend.batch_flatten")
def batch_flatten(x: Any) -> Tensor:
    """Return all axes but the first as one."""
    x = _t(x)
    return functions.reshape(x, (x.node.shape[0], -1))


@entry("keras.backend.expand_dims")
def expand_dims(x: Any, axis: int = -1, dim: int | None = None) -> Tensor:
    """Return x with an axis of one element; Keras 1 calls it dim."""
    return functions.expand_dims(_t(x), axis if dim is None else dim)


@entry("keras.backend.squeeze")
def squeeze(x: Any, axis: int) -> Tensor:
    """Return x without an axis of one element."""
    return functions.squeeze(_t(x), axis)


@entry("keras.backend.repeat")
def repeat(x: Any, n: int) -> Tensor:
    """Return rows repeated along a new second axis."""
    x = _t(x)
    rows, size = x.node.shape
    return functions.broadcast_to(functions.expand_dims(x, 1), (rows, n, size))


@entry("keras.backend.repeat_elements")
def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Return each element repeated along an axis."""
    x = _t(x)
    shape, axis = x.node.shape, axis % x.ndim
    blocks = functions.reshape(x, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
    blocks = functions.broadcast_to(blocks, (*shape[: axis + 1], rep, *shape[axis + 1 :]))
    return functions.reshape(blocks, (*shape[:axis], shape[axis] * rep, *shape[axis + 1 :]))


@entry("keras.backend.tile")
def tile(x: Any, n: Any) -> Tensor:
    """Return x several times along each axis."""
    found: Tensor = _t(x)
    for axis, times in enumerate(n if isinstance(n, list | tuple) else (n,)):
        found = functions.concatenate([found] * int(times), axis)
    return found


@entry("keras.backend.reverse")
def reverse(x: Any, axes: Any) -> Tensor:
    """Return x backwards along axes."""
    return functions.flip(_t(x), axes)


@entry("keras.backend.one_hot")
def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Return labels as one-hot rows."""
    return functions.one_hot(functions.cast(_t(indices), "int64"), num_classes)


@entry("keras.backend.arange")
def arange(start: int, stop: int | None = None, step: int = 1, dtype: str = "int32") -> Tensor:
    """Return numbers in a row."""
    return Tensor(np.arange(0 if stop is None else start, start if stop is None else stop, step).astype(dtype))


@entry("keras.backend.temporal_padding")
def temporal_padding(x: Any, padding: tuple[int, int] = (1, 1)) -> Tensor:
    """Return a sequence with zeros at its ends."""
    return functions.pad(_t(x), ((0, 0), padding, (0, 0)))


@entry("keras.backend.l2_normalize")
def l2_normalize(x: Any, axis: Axis = None) -> Tensor:
    """Return vectors along an axis brought to length 1."""
    vectors = _t(x)
    length = functions.sum(functions.square(vectors), _axis(vectors, axis), keepdims=True)
    return vectors / functions.sqrt(functions.maximum(length, 1e-12))


@entry("keras.backend.bias_add")
def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Return x with a bias for each channel."""
    x = _t(x)
    order = format_of(data_format) if x.ndim > 2 else "channels_last"
    return channels_first(channels_last(x, order) + _t(bias), order)


@entry("keras.backend.conv2d")
def conv2d(
    x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Tensor:
    """Return a convolution of images."""
    steps = (dilation_rate, dilation_rate) if isinstance(dilation_rate, int) else tuple(dilation_rate)
    order = format_of(data_format)
    found = convolve(channels_last(_t(x), order), _t(kernel), tuple(strides), padding.lower(), steps)
    return channels_first(found, order)


@entry("keras.backend.depthwise_conv2d")
def depthwise_conv2d(
    x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: Any = None
) -> Tensor:
    """Return a convolution of each channel of images."""
    order = format_of(data_format)
    found = convolve_depthwise(channels_last(_t(x), order), _t(kernel), tuple(strides), padding.lower(), (1, 1))
    return channels_first(found, order)


@entry("keras.backend.categorical_crossentropy")
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return -sum(y log(p)) along an axis."""
    return categorical(_t(target), _t(output), from_logits, axis)


@entry("keras.backend.sparse_categorical_crossentropy")
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return -log(p of the right class), the classes along the last axis."""
    p = _t(output)
    if axis not in (-1, p.ndim - 1):
        raise ValueError(f"K.sparse_categorical_crossentropy(axis={axis}): expected the last axis. Move the classes.")
    return sparse(_t(target), p, from_logits)


@entry("keras.backend.binary_crossentropy")
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Return -y log(p) - (1 - y) log(1 - p) of each output."""
    return binary(_t(target), _t(output), from_logits)


@entry("keras.backend.in_top_k")
def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Return whether each label is among the k largest outputs."""
    p = _t(predictions)
    own = functions.take_along_axis(p, functions.expand_dims(functions.cast(_t(targets), "int64"), -1), -1)
    return functions.sum(functions.cast(p > own, "float32"), -1) < float(k)


@entry("keras.backend.switch")
def switch(condition: Any, then_expression: Any, else_expression: Any) -> Tensor:
    """Return one of two tensors, element by element; each may be a function that returns it."""
    first = taken(then_expression() if callable(then_expression) else then_expression)
    second = taken(else_expression() if callable(else_expression) else else_expression)
    return functions.where(_t(condition), *_pair(first, second))


@entry("keras.backend.in_train_phase")
def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return one of two tensors: in training the first, else the second; each may be a function that returns it."""
    chosen = x if (is_training() if training is None else bool(training)) else alt
    return taken(chosen() if callable(chosen) else chosen)


@entry("keras.backend.in_test_phase")
def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return one of two tensors: in training the second, else the first."""
    return in_train_phase(alt, x, training)


@entry("keras.backend.dropout")
def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Tensor:
    """Return x, a share of its elements set to 0 and the others scaled up."""
    x = _t(x)
    draw = random.uniform_of_step(tuple(noise_shape or x.node.shape), x.dtype, seed)
    return functions.where(draw >= level, x * (1.0 / (1.0 - level)), 0.0)


@entry("keras.backend.random_normal")
def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None, std: Any = None
) -> Tensor:
    """Return normal numbers, in a model new ones in each step."""
    stddev = stddev if std is None else std
    dtype = dtype or floatx()
    if is_in_step():
        return random.normal_of_step(with_batch(shape), dtype, seed) * stddev + mean
    return random.normal(tuple(shape), mean, stddev, dtype, drawn_seed() if seed is None else seed)


@entry("keras.backend.random_uniform")
def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Return numbers uniform between two others, in a model new ones in each step."""
    dtype = dtype or floatx()
    if is_in_step():
        return random.uniform_of_step(with_batch(shape), dtype, seed) * (maxval - minval) + minval
    return random.uniform(tuple(shape), minval, maxval, dtype, drawn_seed() if seed is None else seed)


@entry("keras.backend.truncated_normal")
def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Return normal numbers within two standard deviations."""
    return random.truncated_normal(
        tuple(shape), mean, stddev, dtype or floatx(), drawn_seed() if seed is None else seed
    )


# Variables and values


@provided("keras.backend.variable")
def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """Return a variable, of floats unless a dtype is given."""
    given = with_variables(taken(value))
    dtype = np.dtype(getattr(dtype, "name", dtype) or floatx())
    array = np.asarray(given.numpy() if isinstance(given, Tensor) else given, dtype)
    # Tapes watch it; without them, only what a layer or TensorFlow's optimizers make of it trains it.
    return FreeVariable(array, trainable=is_eager(), name=name or layer_name("variable"), constraint=constraint)


@entry("keras.backend.constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """Return a tensor of numbers."""
    array = np.asarray(value, np.dtype(getattr(dtype, "name", dtype) or floatx()))
    return Tensor(array if shape is None else np.broadcast_to(array, tuple(shape)))


def _filled(number: float, shape: Any, dtype: Any, name: str | None) -> Any:
    sizes = (shape,) if isinstance(shape, int | Dimension) else with_batch(shape)
    if any(isinstance(size, Dimension) for size in sizes):
        return seen(functions.broadcast_to(Tensor(np.asarray(number, dtype or floatx())), sizes))
    return variable(np.full(sizes, number), dtype, name)


@provided("keras.backend.zeros")
def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of zeros."""
    return _filled(0, shape, dtype, name)


@provided("keras.backend.ones")
def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of ones."""
    return _filled(1, shape, dtype, name)


@provided("keras.backend.eye")
def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """Return a variable that is the identity."""
    return variable(np.eye(size), dtype, name)


@entry("keras.backend.zeros_like")
def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return zeros in the shape of a tensor."""
    x = _t(x)
    return functions.broadcast_to(Tensor(np.zeros((), dtype or x.dtype)), x.node.shape)


@entry("keras.backend.ones_like")
def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return ones in the shape of a tensor."""
    x = _t(x)
    return functions.broadcast_to(Tensor(np.ones((), dtype or x.dtype)), x.node.shape)


@provided("keras.backend.random_uniform_variable")
def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """Return a variable of uniform numbers."""
    start = seeded(
        as_initializer({"class_name": "RandomUniform", "config": {"minval": low, "maxval": high, "seed": seed}})
    )
    return variable(start(tuple(shape)), dtype, name)


@provided("keras.backend.random_normal_variable")
def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Variable:
    """Return a variable of normal numbers."""
    start = seeded(
        as_initializer({"class_name": "RandomNormal", "config": {"mean": mean, "stddev": scale, "seed": seed}})
    )
    return variable(start(tuple(shape)), dtype, name)


@provided("keras.backend.eval", "keras.backend.get_value")
def get_value(x: Any) -> Any:
    """Return the value of a variable, or what a tensor that depends on no input is by what variables are now."""
    if has_graph_tensor(x):
        return session_of_models().run(x)
    ours = with_variables(taken(x))
    if isinstance(x, Update):
        x.run()
    value = np.array(ours.numpy() if isinstance(ours, Tensor) else x)
    return value.item() if value.ndim == 0 and value.dtype.kind == "i" else value[()]


@provided("keras.backend.set_value")
def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    if has_graph_tensor(x):
        x.load(value, session_of_models())
        return
    taken(x).assign(np.asarray(value, taken(x).dtype))


@provided("keras.backend.batch_get_value")
def batch_get_value(ops: Sequence[Any]) -> list[Any]:
    """Return the values of variables."""
    return [get_value(each) for each in ops]


@provided("keras.backend.batch_set_value")
def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Give variables values."""
    for each, value in tuples:
        set_value(each, value)


@provided("keras.backend.update")
def update(x: Any, new_x: Any) -> Any:
    """Give a variable a value: where a model runs at once, else when the result is evaluated or a function updates."""
    if has_graph_tensor((x, new_x)):
        ours = taken(x)
        return (graph_variable(ours, default_graph()) if isinstance(ours, Variable) else x).assign(new_x)
    variable, value = taken(x), taken(new_x)
    if not stands_for_later():
        return seen(variable.assign(value))
    value = Tensor(with_symbols(value), variable.dtype)
    return Update(variable, functions.broadcast_to(value, variable.node.shape))


@provided("keras.backend.update_add")
def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable; see `update`."""
    return update(x, x + increment)


@provided("keras.backend.update_sub")
def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable; see `update`."""
    return update(x, x - decrement)


@provided("keras.backend.moving_average_update")
def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """Move a variable towards a value, by 1 - momentum of the way; see `update`."""
    return update(x, x * momentum + value * (1.0 - momentum))


@provided("keras.backend.placeholder")
def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False, name: str | None = None
) -> Any:
    """Return a tensor that stands for what `function` is fed."""
    if sparse:
        raise ValueError("K.placeholder(sparse=True): it is not provided. Feed arrays.")
    if shape is None:
        raise ValueError(f"K.placeholder(ndim={ndim}): give its shape, with None where a size is not known.")
    tensor = our_input(tuple(shape)[1:], np.dtype(dtype or floatx()).name, name or layer_name("Placeholder"))
    return seen(tensor)


@provided("keras.backend.shape")
def shape(x: Any) -> tuple[Any, ...]:
    """Return the sizes of a tensor."""
    return tuple(_t(taken(x)).node.shape)


@provided("keras.backend.int_shape", "keras.backend.get_variable_shape")
def int_shape(x: Any) -> tuple[int | None, ...]:
    """Return the sizes of a tensor, None where one is not known."""
    return plain_shape(_t(taken(x)).node.shape)


@provided("keras.backend.ndim")
def ndim(x: Any) -> int:
    """Return the number of axes."""
    return _t(taken(x)).ndim


@provided("keras.backend.dtype")
def dtype(x: Any) -> str:
    """Return the name of a tensor's dtype."""
    return _t(taken(x)).dtype.name


@provided("keras.backend.count_params")
def count_params(x: Any) -> np.int64:
    """Return the number of elements."""
    return np.int64(_t(taken(x)).size)


@provided("keras.backend.is_keras_tensor", "keras.backend.is_tensor")
def is_tensor(x: Any) -> bool:
    """Return whether a value is a tensor."""
    return isinstance(taken(x), Tensor)


# What a program sets for all


@provided("keras.backend.image_data_format")
def image_data_format() -> str:
    """Return where channels are when a layer does not say."""
    FORMAT.is_settled = True
    return FORMAT.name


@provided("keras.backend.set_image_data_format")
def set_image_data_format(value: str) -> None:
    """Set where channels are."""
    FORMAT.settle(format_of(value))


@provided("keras.backend.image_dim_ordering", "keras.backend.common.image_dim_ordering")
def image_dim_ordering() -> str:
    """Return the same in Keras 1's words: 'tf' is channels last, as it was with TensorFlow from 1.1 on."""
    FORMAT.is_settled = True
    return "th" if FORMAT.name == "channels_first" else "tf"


@provided("keras.backend.set_image_dim_ordering", "keras.backend.common.set_image_dim_ordering")
def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set it in Keras 1's words; Keras 1.0 had 'th' by default."""
    if dim_ordering not in ("th", "tf"):
        raise ValueError(f"set_image_dim_ordering({dim_ordering!r}): expected 'th' or 'tf'.")
    FORMAT.settle(format_of(dim_ordering))


@provided("keras.backend.backend")
def backend() -> str:
    """Return the backend that a program is told of."""
    return "tensorflow"


@provided("keras.backend.get_uid")
def get_uid(prefix: str = "") -> int:
    """Return the number of the next thing of a kind."""
    return int(layer_name(prefix).rpartition("_")[2] or 0)


@provided("keras.backend.clear_session", "keras.backend.reset_uids")
def clear_session() -> None:
    """Begin anew: names of layers, the learning phase, and the default graph."""
    new_names()
    set_free()
    reset_default_graph()


@provided("keras.backend.name_scope")
@contextlib.contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Name nothing: operations have no names in models here."""
    yield


refuse(
    "few programs use it. Write it with the operations that there are.",
    *(
        f"keras.backend.{name}"
        for name in ("rnn", "map_fn", "foldl", "foldr", "ctc_batch_cost", "ctc_decode", "local_conv1d", "local_conv2d")
    ),
)
entry("keras.backend.identity")(lambda x, name=None: activations.linear(_t(x)))
