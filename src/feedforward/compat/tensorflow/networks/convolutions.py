"""Convolutions and poolings of ``tf.nn``, on the products of windows that layers of this package use."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow.arithmetic.arrays import ints, like
from feedforward.compat.tensorflow.arithmetic.maths import maximum, pair
from feedforward.compat.tensorflow.graphs.dispatch import operation
from feedforward.graph.gradient import gradient
from feedforward.graph.node import known
from feedforward.nn.convolution import convolve, convolve_depthwise
from feedforward.nn.sliding import frames
from feedforward.tensor import of_node

__all__ = ["is_channels_first", "largest", "pooled", "transposed"]


def is_channels_first(data_format: Any) -> bool:
    """Return whether channels are in the second axis.

    Raises
    ------
    ValueError
        If the format is none.
    """
    if data_format in (None, "NHWC", "NWC", "channels_last"):
        return False
    if data_format in ("NCHW", "NCW", "channels_first"):
        return True
    raise ValueError(f"data_format={data_format!r}. Expected 'NHWC' or 'NCHW'.")


def _last(x: ff.Tensor, is_first: bool) -> ff.Tensor:
    return ff.transpose(x, [0, *range(2, x.ndim), 1]) if is_first else x


def _first(x: ff.Tensor, is_first: bool) -> ff.Tensor:
    return ff.transpose(x, [0, x.ndim - 1, *range(1, x.ndim - 1)]) if is_first else x


def _steps(what: str, name: str, value: Any, is_first: bool, rank: int = 2) -> list[int]:
    """Return strides, dilations or sizes along the axes of an image, of one number, two, or one for each axis."""
    numbers = ints(1 if value is None else value)
    if len(numbers) == 1:
        return numbers * rank
    if len(numbers) == rank:
        return numbers
    places = slice(2, None) if is_first else slice(1, -1)
    rest = numbers[:2] if is_first else [numbers[0], numbers[-1]]
    if len(numbers) != rank + 2 or rest != [1, 1]:
        raise ValueError(
            f"{what}: {name}={value!r}. Expected {rank + 2} numbers, those of the batch and of the channels 1."
        )
    return numbers[places]


def _padded(x: ff.Tensor, padding: Any, is_first: bool, what: str, value: float = 0.0) -> tuple[ff.Tensor, str]:
    """Return images with channels last and their border, if its widths are given, and our word for the padding."""
    images = _last(x, is_first)
    if isinstance(padding, str) and padding.upper() in ("SAME", "VALID"):
        return images, padding.lower()
    if isinstance(padding, list | tuple) and len(padding) == images.ndim:
        widths = [(int(before), int(after)) for before, after in padding]
        order = [0, *range(2, images.ndim), 1] if is_first else range(images.ndim)
        return ff.pad(images, [widths[axis] for axis in order], value), "valid"
    raise ValueError(f"{what}: padding={padding!r}. Expected 'SAME' or 'VALID'.")


def _check(what: str, x: ff.Tensor, kernel: ff.Tensor, rank: int, channels: int) -> None:
    if x.ndim != rank + 2 or kernel.ndim != rank + 2:
        raise ValueError(
            f"Shape must be rank {rank + 2} but is rank {x.ndim if x.ndim != rank + 2 else kernel.ndim} for {what!r} "
            f"with input shapes: {x.shape}, {kernel.shape}."
        )
    if x.node.shape[-1] != channels:
        raise ValueError(
            f"Dimensions must be equal, but are {x.node.shape[-1]} and {channels} for {what!r} with input shapes: "
            f"{x.shape}, {kernel.shape}: the input's channels, and those of the filter."
        )


def _convolved(
    what: str, input: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, rank: int = 2
) -> Any:
    """Return a convolution with a kernel, shape (window..., channels, filters)."""
    x, weights = pair(input, kernel)
    is_first = is_channels_first(data_format)
    steps, gaps = (
        _steps(what, name, value, is_first, rank) for name, value in (("strides", strides), ("dilations", dilations))
    )
    images, border = _padded(x, padding, is_first, what)
    _check(what, images, weights, rank, known(weights.node.shape)[-2])
    return _first(convolve(images, weights, steps, border, gaps), is_first)


@operation("tf.nn.conv2d", kind="Conv2D")
def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = True,
    data_format: Any = "NHWC",
    dilations: Any = None,
    *,
    filters: Any = None,
) -> Any:
    """Return the convolution of images with a filter, shape (height, width, channels, filters)."""
    if isinstance(use_cudnn_on_gpu, str):  # since TensorFlow 2.0 the format stands there
        data_format, dilations = use_cudnn_on_gpu, data_format if data_format != "NHWC" else dilations
    return _convolved("Conv2D", input, filter if filters is None else filters, strides, padding, data_format, dilations)


@operation("tf.nn.convolution", kind="convolution")
def convolution(
    input: Any,
    filter: Any = None,
    padding: Any = "VALID",
    strides: Any = None,
    dilation_rate: Any = None,
    *,
    data_format: Any = None,
    filters: Any = None,
) -> Any:
    """Return the convolution of sequences or images with a filter."""
    kernel = filter if filters is None else filters
    rank = like(input, None).ndim - 2
    return _convolved("convolution", input, kernel, strides, padding, data_format, dilation_rate, rank)


@operation("tf.nn.conv1d", kind="conv1d")
def conv1d(
    value: Any = None,
    filters: Any = None,
    stride: Any = None,
    padding: Any = None,
    use_cudnn_on_gpu: Any = None,
    data_format: Any = None,
    *,
    input: Any = None,
    dilations: Any = None,
) -> Any:
    """Return the convolution of sequences with a filter, shape (length, channels, filters)."""
    x = value if input is None else input
    return _convolved("conv1d", x, filters, stride, padding, data_format, dilations, 1)


@operation("tf.nn.atrous_conv2d", kind="convolution")
def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: Any) -> Any:
    """Return the convolution of images with a filter whose elements are `rate` apart."""
    return _convolved("atrous_conv2d", value, filters, 1, padding, "NHWC", rate)


def _depthwise(
    what: str, x: ff.Tensor, kernel: ff.Tensor, strides: Any, padding: Any, rate: Any, is_first: bool
) -> Any:
    """Return each channel's convolutions with kernels of its own, channels last."""
    images, border = _padded(x, padding, is_first, what)
    _check(what, images, kernel, 2, known(kernel.node.shape)[2])
    steps = _steps(what, "strides", strides, is_first)
    return convolve_depthwise(images, kernel, steps, border, _steps(what, "rate", rate, is_first))


@operation("tf.nn.depthwise_conv2d", "tf.nn.depthwise_conv2d_native", kind="depthwise")
def depthwise_conv2d(
    input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, *, data_format: Any = None
) -> Any:
    """Return each channel's convolutions with kernels of its own, shape (height, width, channels, multiplier)."""
    x, kernel = pair(input, filter)
    is_first = is_channels_first(data_format)
    return _first(_depthwise("depthwise_conv2d", x, kernel, strides, padding, rate, is_first), is_first)


@operation("tf.nn.separable_conv2d", kind="separable_conv2d")
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    rate: Any = None,
    *,
    data_format: Any = None,
) -> Any:
    """Return a convolution of each channel, and then a mixture of them at each place."""
    x, kernel = pair(input, depthwise_filter)
    is_first = is_channels_first(data_format)
    seen = _depthwise("separable_conv2d", x, kernel, strides, padding, rate, is_first)
    return _first(convolve(seen, like(pointwise_filter, seen), (1, 1), "valid", (1, 1)), is_first)


def transposed(
    value: ff.Tensor, kernel: ff.Tensor, shape: Sequence[int], strides: Sequence[int], padding: str, gaps: Sequence[int]
) -> Any:
    """Return the adjoint of a convolution: the gradient of its images, of a shape, where its output's is `value`."""
    images = ff.Tensor(
        np.zeros(tuple(shape), value.dtype)
    )  # the gradient of what is linear in them knows only their shape
    y = convolve(images, kernel, strides, padding, gaps)
    if y.node.shape != value.node.shape:
        raise ValueError(
            f"conv2d_transpose: output_shape {list(shape)} does not fit: an image of that shape gives one of "
            f"{y.shape}, the input has {value.shape}."
        )
    (found,) = gradient(y.node, [images.node], value.node)
    if found is None:
        raise ValueError(f"conv2d_transpose: an image of shape {list(shape)} has no element.")
    return of_node(found, value.is_symbolic or kernel.is_symbolic)


@operation("tf.nn.conv2d_transpose", kind="conv2d_transpose")
def conv2d_transpose(
    value: Any = None,
    filter: Any = None,
    output_shape: Any = None,
    strides: Any = None,
    padding: Any = "SAME",
    data_format: Any = "NHWC",
    *,
    input: Any = None,
    filters: Any = None,
) -> Any:
    """Return the adjoint of a convolution with a filter, shape (height, width, output channels, input channels)."""
    x, kernel = pair(value if input is None else input, filter if filters is None else filters)
    is_first = is_channels_first(data_format)
    steps = _steps("conv2d_transpose", "strides", strides, is_first)
    images, border = _padded(x, padding, is_first, "conv2d_transpose")
    _check("conv2d_transpose", images, kernel, 2, known(kernel.node.shape)[3])
    shape = ints(output_shape)
    shape = [shape[0], *shape[2:], shape[1]] if is_first else shape
    shape[0] = known(images.node.shape)[0] if shape[0] < 0 else shape[0]
    return _first(transposed(images, kernel, shape, steps, border, (1, 1)), is_first)


# Poolings


_MOST_COMPARED = 64
"""How many elements a window may have whose largest is found by comparing them in turn."""


def largest(x: ff.Tensor, sizes: Sequence[int], strides: Sequence[int], padding: str) -> Any:
    """Return the largest element of each window of what has its channels last.

    Notes
    -----
    Where several are the largest, the gradient goes to the first of them, row by row, as in TensorFlow on a CPU. The
    package's own layers share it among them.
    """
    rank, gaps = len(sizes), (1,) * len(sizes)
    seen = frames(x, sizes, strides, gaps, padding=padding, value=-math.inf)
    if math.prod(sizes) <= _MOST_COMPARED:
        places = [seen[(..., *place)] for place in np.ndindex(*sizes)]
        return functools.reduce(maximum, places)
    flat = ff.reshape(seen, (*seen.node.shape[:-rank], math.prod(sizes)))
    place = ff.argmax(flat, -1)
    return ff.squeeze(ff.take_along_axis(flat, ff.expand_dims(place, -1), -1), -1)


def pooled(x: ff.Tensor, kind: str, sizes: Sequence[int], strides: Sequence[int], padding: str) -> Any:
    """Return the largest or the mean of each window of what has its channels last; means count what is inside alone."""
    rank = len(sizes)
    inner, gaps = tuple(range(-rank, 0)), (1,) * rank
    if kind == "max":
        return largest(x, sizes, strides, padding)
    seen = frames(x, sizes, strides, gaps, padding=padding, value=0.0)
    if padding == "valid":
        return ff.mean(seen, inner)
    ones = ff.broadcast_to(ff.Tensor(np.ones((), x.dtype)), (1, *x.node.shape[1:-1], 1))
    return ff.sum(seen, inner) / ff.sum(frames(ones, sizes, strides, gaps, padding=padding, value=0.0), inner)


def _pooling(kind: str) -> Callable[..., Any]:
    """Return the rule of a pooling of images."""

    def rule(
        value: Any = None, ksize: Any = None, strides: Any = None, padding: Any = None, data_format: Any = "NHWC", *,
        input: Any = None,
    ) -> Any:  # fmt: skip
        what, is_first = f"{kind}_pool", is_channels_first(data_format)
        x = like(value if input is None else input, None)
        if x.ndim != 4:
            raise ValueError(f"Shape must be rank 4 but is rank {x.ndim} for {what!r} with input shape {x.shape}.")
        images, border = _padded(x, padding, is_first, what, -math.inf if kind == "max" else 0.0)
        sizes, steps = (_steps(what, name, given, is_first) for name, given in (("ksize", ksize), ("strides", strides)))
        return _first(pooled(images, kind, sizes, steps, border), is_first)

    rule.__name__ = f"{kind}_pool"
    rule.__doc__ = f"Return what ``tf.nn.{kind}_pool`` does: one number for each window and channel."
    return rule


operation("tf.nn.max_pool", "tf.nn.max_pool2d", kind="MaxPool")(_pooling("max"))
operation("tf.nn.avg_pool", "tf.nn.avg_pool2d", kind="AvgPool")(_pooling("avg"))


@operation("tf.nn.lrn", "tf.nn.local_response_normalization", kind="LRN")
def local_response_normalization(
    input: Any, depth_radius: Any = 5, bias: Any = 1.0, alpha: Any = 1.0, beta: Any = 0.5
) -> Any:
    """Return x / (bias + alpha s)^beta, where s is the sum of squares over channels at most `depth_radius` away."""
    x, radius = like(input, None), ints(depth_radius)[0]
    squares = ff.pad(ff.square(x), [(0, 0)] * (x.ndim - 1) + [(radius, radius)])
    sums = ff.sum(ff.windows(squares, (2 * radius + 1,), (1,), axes=(x.ndim - 1,)), -1)
    return x / ff.power(like(bias, x) + like(alpha, x) * sums, like(beta, x))


@provided("tf.space_to_depth", "tf.nn.space_to_depth")
def space_to_depth(input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC") -> Any:
    """Return images whose blocks are channels."""
    if data_format != "NHWC":
        raise ValueError(f"space_to_depth: data_format={data_format!r}. Expected 'NHWC'.")
    return _space_to_depth(input, block_size, name=name)  # type: ignore[call-arg]


@operation(kind="SpaceToDepth")
def _space_to_depth(input: Any, size: int) -> Any:
    x = like(input, None)
    n, height, width, channels = known(x.node.shape)
    apart = ff.reshape(x, (n, height // size, size, width // size, size, channels))
    return ff.reshape(
        ff.transpose(apart, (0, 1, 3, 2, 4, 5)), (n, height // size, width // size, size * size * channels)
    )


refuse(
    "feedforward has no convolution or pooling in three dimensions, nor with indices. Use tf.nn.conv2d and max_pool.",
    *(f"tf.nn.{name}" for name in ("conv3d", "conv3d_transpose", "max_pool3d", "avg_pool3d", "max_pool_with_argmax")),
    *(f"tf.nn.{name}" for name in ("fractional_max_pool", "fractional_avg_pool", "dilation2d", "erosion2d", "pool")),
)
