"""Layers that look at an image or a sequence through a window: convolutions.

What is called so in networks is a cross-correlation: the kernel is not flipped (Goodfellow, Bengio and Courville, "Deep
Learning", 2016, equation 9.6).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from feedforward.errors import ShapeError
from feedforward.functions import reshape, sum, transpose
from feedforward.graph.dimension import product
from feedforward.graph.node import known, location_text, shape_text
from feedforward.nn.activating import as_activation, as_name, is_activation_ours
from feedforward.nn.config import check_bool, check_choice, check_int, registered, resolve
from feedforward.nn.constraints import Constraint, as_constraint
from feedforward.nn.initializers import INITIALIZERS, Initializer
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.regularizers import Regularizer, as_regularizer
from feedforward.nn.sliding import (
    channels_first,
    channels_last,
    check_format,
    check_shape,
    columns,
    frames,
    per_axis,
    settled,
    spans_of,
)
from feedforward.tensor import Tensor, Variable

__all__ = ["Conv1D", "Conv2D", "DepthwiseConv2D", "convolve", "convolve_depthwise"]


def convolve(
    x: Tensor, kernel: Tensor, strides: Sequence[int], padding: str, dilation: Sequence[int], groups: int = 1
) -> Tensor:
    """Return what a kernel gives at each place: y[n, p, f] = sum over q and c of x[n, p s + q d, c] kernel[q, c, f].

    Parameters
    ----------
    x : tensor, shape (n, places..., c)
        Images or sequences.
    kernel : tensor, shape (window..., c / groups, f)
        What each window is multiplied with.
    strides, dilation : sequence of int
        The step s from one window to the next and d from one element of a window to the next, along each axis.
    padding : {"valid", "same"}
        As for `windows`.
    groups : int
        Into how many parts channels are divided: those of a part see only the kernel's filters of that part.

    Returns
    -------
    tensor, shape (n, places..., f)
        The matrix of windows, a row for each place, times the kernel as a matrix.
    """
    rank, (*sizes, seen, filters) = len(strides), known(kernel.node.shape)
    found = frames(x, sizes, strides, dilation, padding=padding)
    window = math.prod(sizes) * seen
    if groups == 1:
        return columns(found, rank) @ reshape(kernel, (window, filters))
    return _convolve_groups(found, reshape(kernel, (window, groups, filters // groups)), rank)


def _convolve_groups(found: Tensor, kernel: Tensor, rank: int) -> Tensor:
    """Return the products of windows, shape (n, places..., channels, *sizes), with a kernel for each group of channels.

    One batch of products, whose first axis is the group, however many there are.
    """
    window, groups, given = known(kernel.node.shape)
    places = found.node.shape[: rank + 1]
    sizes = found.node.shape[rank + 2 :]
    apart = reshape(found, (*places, groups, window // product(sizes), *sizes))
    order = (rank + 1, *range(rank + 1), *range(rank + 3, apart.ndim), rank + 2)
    rows = reshape(transpose(apart, order), (groups, product(places), window))
    y = reshape(rows @ transpose(kernel, (1, 0, 2)), (groups, *places, given))
    return reshape(transpose(y, (*range(1, rank + 2), 0, rank + 2)), (*places, groups * given))


def convolve_depthwise(
    x: Tensor, kernel: Tensor, strides: Sequence[int], padding: str, dilation: Sequence[int]
) -> Tensor:
    """Return each channel convolved with kernels of its own: y[n, p, c m + i] = sum over q of x[n, .., c] k[q, c, i].

    Parameters
    ----------
    x : tensor, shape (n, places..., c)
        Images.
    kernel : tensor, shape (window..., c, m)
        m kernels for each channel.
    strides, padding, dilation
        As for `convolve`.

    Returns
    -------
    tensor, shape (n, places..., c m)
        No product of matrices: a sum over each window.
    """
    rank, (*sizes, channels, count) = len(strides), known(kernel.node.shape)
    seen = frames(x, sizes, strides, dilation, padding=padding)
    places = seen.node.shape[: rank + 1]
    weights = transpose(kernel, (rank, rank + 1, *range(rank)))
    products = reshape(seen, (*places, channels, 1, *sizes)) * weights
    return reshape(sum(products, range(-rank, 0)), (*places, channels * count))


@dataclass(eq=False)
class _Convolution(Layer):
    """What a convolution along one axis and one along two have in common."""

    filters: int
    kernel_size: int | Sequence[int]
    strides: int | Sequence[int] = 1
    padding: str = "valid"
    data_format: str = "channels_last"
    dilation_rate: int | Sequence[int] = 1
    groups: int = 1
    activation: str | Callable[[Tensor], Tensor] | None = None
    use_bias: bool = True
    kernel_initializer: str | Initializer | dict[str, Any] = "glorot_uniform"
    bias_initializer: str | Initializer | dict[str, Any] = "zeros"
    kernel_regularizer: str | Regularizer | dict[str, Any] | None = None
    bias_regularizer: str | Regularizer | dict[str, Any] | None = None
    kernel_constraint: str | Constraint | dict[str, Any] | None = None
    bias_constraint: str | Constraint | dict[str, Any] | None = None
    kernel: Variable = field(init=False, repr=False)
    bias: Variable | None = field(init=False, repr=False)

    _rank: ClassVar[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        owner = type(self).__name__
        check_int(owner, "filters", self.filters, 1)
        check_int(owner, "groups", self.groups, 1)
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}(filters={self.filters}, groups={self.groups}): filters must be a multiple of groups. "
                f"Got {self.filters} and {self.groups}."
            )
        self.filters, self.groups = int(self.filters), int(self.groups)
        self.kernel_initializer = resolve(INITIALIZERS, self.kernel_initializer)
        self.kernel_regularizer = as_regularizer(self.kernel_regularizer)
        self.kernel_constraint = as_constraint(self.kernel_constraint)
        _settle(self, self._rank)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make kernel and bias.

        Raises
        ------
        ShapeError
            If the input has other axes, an unknown number of channels, or one that is no multiple of `groups`.
        """
        channels = check_shape(self, shape, self._rank)
        if channels % self.groups:
            raise ShapeError(
                f"layer {self.name!r}: {channels} channels in input shape {shape_text(shape)}{location_text()} are no "
                f"multiple of groups={self.groups}. Choose other groups."
            )
        size = (*settled(self.kernel_size), channels // self.groups, self.filters)
        self.kernel = self.add_weight(
            "kernel",
            size,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        _make_bias(self, self.filters)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return super().repeats(training) and is_activation_ours(self.activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x * W + b).

        Raises
        ------
        ShapeError
            If the input has other axes, or another number of channels than W.
        """
        x = _checked(self, x, known(self.kernel.node.shape)[-2] * self.groups, self._rank)
        strides, dilation = settled(self.strides), settled(self.dilation_rate)
        return _finished(self, convolve(x, self.kernel, strides, self.padding, dilation, self.groups))


@registered(LAYERS)
@dataclass(eq=False)
class Conv2D(_Convolution):
    """A convolution of images: each filter sees the same window of all channels at every place.

    y[n, i, j, f] = activation(sum over a, b, c of x[n, s i + d a, s j + d b, c] W[a, b, c, f] + b[f]).

    Parameters
    ----------
    filters : int
        The number of filters, the channels of the output.
    kernel_size : int or two of them
        Height and width of the window.
    strides : int or two of them
        The step s from one window to the next.
    padding : {"valid", "same"}
        ``"valid"``: only windows inside the image, (h - k) // s + 1 of them, where k counts the gaps of a dilated
        window. ``"same"``: zeros around the image, so that there are ceil(h / s); the odd row of zeros comes at the
        end, as TensorFlow has it.
    data_format : {"channels_last", "channels_first"}
        Whether images are (n, height, width, channels) or (n, channels, height, width).
    dilation_rate : int or two of them
        The step d from one element of a window to the next.
    groups : int
        Into how many parts channels and filters are divided; each part is a convolution of its own.
    activation : str or callable, optional
        What is applied to the sums; none by default.
    use_bias : bool
        Whether there is a bias b.
    kernel_initializer, bias_initializer : str or Initializer
        What fills W, shape (height, width, channels / groups, filters), and b, shape (filters,).
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        What W and b cost, beside the loss.
    kernel_constraint, bias_constraint : str or Constraint, optional
        What set W and b are kept in: ``MaxNorm(2.0, axis=(0, 1, 2))`` bounds the norm of each filter.

    Raises
    ------
    ValueError, TypeError
        If a number is no int >= 1, filters are no multiple of groups, or a word or name is unknown.

    Notes
    -----
    The kernel is not flipped, as in all libraries. Integers are cast to float32, or to the layer's dtype. An activation
    along an axis, such as softmax, goes over channels in both formats; Keras takes the last axis.

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", 1998, section II. Dilation: Yu and Koltun,
    "Multi-scale context aggregation by dilated convolutions", 2016. Groups: Krizhevsky, Sutskever and Hinton, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2D(1, 2, kernel_initializer="ones")
    >>> print(layer(np.arange(9.0).reshape(1, 3, 3, 1))[0, :, :, 0])
    [[ 8. 12.]
     [20. 24.]]
    """

    _rank = 2


@registered(LAYERS)
@dataclass(eq=False)
class Conv1D(_Convolution):
    """A convolution of sequences: y[n, i, f] = activation(sum over a, c of x[n, s i + d a, c] W[a, c, f] + b[f]).

    Parameters
    ----------
    filters, strides, padding, dilation_rate, groups, activation, use_bias, kernel_initializer, bias_initializer,
    kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint
        As for `Conv2D`, along one axis.
    kernel_size : int
        The length of the window.
    data_format : {"channels_last", "channels_first"}
        Whether sequences are (n, length, channels) or (n, channels, length).

    Raises
    ------
    ValueError, TypeError
        As for `Conv2D`.

    Examples
    --------
    >>> layer = Conv1D(1, 2, kernel_initializer="ones")
    >>> print(layer([[[1.0], [2.0], [4.0]]])[0, :, 0])
    [3. 6.]
    """

    _rank = 1


@registered(LAYERS)
@dataclass(eq=False)
class DepthwiseConv2D(Layer):
    """A convolution of images in which each channel has filters of its own: no channel sees another.

    y[n, i, j, c m + k] = activation(sum over a, b of x[n, s i + d a, s j + d b, c] W[a, b, c, k] + b[c m + k]).

    Parameters
    ----------
    kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer, bias_regularizer,
    bias_constraint
        As for `Conv2D`.
    depth_multiplier : int
        The number m of filters for each channel.
    depthwise_initializer : str or Initializer
        What fills W, shape (height, width, channels, m).
    depthwise_regularizer : str or Regularizer, optional
        What W costs, beside the loss.
    depthwise_constraint : str or Constraint, optional
        What set W is kept in.

    Raises
    ------
    ValueError, TypeError
        As for `Conv2D`.

    Notes
    -----
    An element of W connects height * width inputs with m times as many outputs: by these the variance of its first
    value goes. Keras takes the channels for inputs, too.

    References
    ----------
    Chollet, "Xception: deep learning with depthwise separable convolutions", 2017.

    Examples
    --------
    >>> layer = DepthwiseConv2D(1, depthwise_initializer="ones")
    >>> print(layer([[[[1.0, 2.0]]]])[0, 0, 0])
    [1. 2.]
    """

    kernel_size: int | Sequence[int]
    strides: int | Sequence[int] = 1
    padding: str = "valid"
    depth_multiplier: int = 1
    data_format: str = "channels_last"
    dilation_rate: int | Sequence[int] = 1
    activation: str | Callable[[Tensor], Tensor] | None = None
    use_bias: bool = True
    depthwise_initializer: str | Initializer | dict[str, Any] = "glorot_uniform"
    bias_initializer: str | Initializer | dict[str, Any] = "zeros"
    depthwise_regularizer: str | Regularizer | dict[str, Any] | None = None
    bias_regularizer: str | Regularizer | dict[str, Any] | None = None
    depthwise_constraint: str | Constraint | dict[str, Any] | None = None
    bias_constraint: str | Constraint | dict[str, Any] | None = None
    kernel: Variable = field(init=False, repr=False)
    bias: Variable | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("DepthwiseConv2D", "depth_multiplier", self.depth_multiplier, 1)
        self.depth_multiplier = int(self.depth_multiplier)
        self.depthwise_initializer = resolve(INITIALIZERS, self.depthwise_initializer)
        self.depthwise_regularizer = as_regularizer(self.depthwise_regularizer)
        self.depthwise_constraint = as_constraint(self.depthwise_constraint)
        _settle(self, 2)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make kernel and bias.

        Raises
        ------
        ShapeError
            If the input has other axes, or an unknown number of channels.
        """
        channels = check_shape(self, shape, 2)
        window = math.prod(settled(self.kernel_size))
        self.kernel = self.add_weight(
            "kernel",
            (*settled(self.kernel_size), channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            fan=(window, window * self.depth_multiplier),
        )
        _make_bias(self, channels * self.depth_multiplier)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return super().repeats(training) and is_activation_ours(self.activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x * W + b), channel by channel.

        Raises
        ------
        ShapeError
            If the input has other axes, or another number of channels than W.
        """
        x = _checked(self, x, known(self.kernel.node.shape)[-2], 2)
        strides, dilation = settled(self.strides), settled(self.dilation_rate)
        return _finished(self, convolve_depthwise(x, self.kernel, strides, self.padding, dilation))


def _settle(layer: Any, rank: int) -> None:
    """Check the settings that all convolutions have, and bring them to one form."""
    owner = type(layer).__name__
    for name in ("kernel_size", "strides", "dilation_rate"):
        setattr(layer, name, per_axis(owner, name, getattr(layer, name), rank))
    check_choice(owner, "padding", layer.padding, ("valid", "same"))
    check_format(owner, layer.data_format)
    check_bool(owner, "use_bias", layer.use_bias)
    layer.bias_initializer = resolve(INITIALIZERS, layer.bias_initializer)
    layer.bias_regularizer = as_regularizer(layer.bias_regularizer)
    layer.bias_constraint = as_constraint(layer.bias_constraint)
    layer.activation = as_name(layer.activation)


def _make_bias(layer: Any, size: int) -> None:
    layer.bias = None
    if layer.use_bias:
        layer.bias = layer.add_weight(
            "bias",
            (size,),
            layer.bias_initializer,
            regularizer=layer.bias_regularizer,
            constraint=layer.bias_constraint,
        )


def _checked(layer: Any, x: Tensor, channels: int, rank: int) -> Tensor:
    """Return what a convolution is called on as floats, its channels last."""
    sizes, dilation = settled(layer.kernel_size), settled(layer.dilation_rate)
    given = check_shape(layer, x.node.shape, rank, spans_of(sizes, dilation))
    if given != channels:
        raise ShapeError(
            f"layer {layer.name!r}: input shape {shape_text(x.node.shape)}, but its kernel has shape "
            f"{shape_text(layer.kernel.node.shape)}{location_text()}. Give inputs with {channels} channels."
        )
    return channels_last(layer.as_float(x), layer.data_format)


def _finished(layer: Any, y: Tensor) -> Tensor:
    """Return the sums of a convolution with bias and activation, its channels where the layer has them."""
    y = y if layer.bias is None else y + layer.bias
    return channels_first(as_activation(layer.activation)(y), layer.data_format)
