"""Layers of Keras 1 and 2 that look through a window at sequences and images, or pad, crop and enlarge them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from feedforward import functions, layers
from feedforward.compat.keras.layers.initializers import as_initializer
from feedforward.compat.keras.layers.layer import KerasLayer
from feedforward.compat.keras.layers.layers import _Own
from feedforward.compat.keras.layers.penalties import as_constraint, as_regularizer
from feedforward.compat.keras.models.serializing import serialized
from feedforward.compat.keras.spelling import is_alone, is_keras_1
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.networks.convolutions import largest
from feedforward.graph.node import known
from feedforward.nn.activating import as_activation
from feedforward.nn.convolution import convolve, convolve_depthwise
from feedforward.nn.sliding import channels_first, channels_last, settled
from feedforward.tensor import Tensor, Variable

__all__ = ["transposed"]

_ENDING_1 = (
    *("init", "activation", "weights", "border_mode", "subsample", "dim_ordering", "W_regularizer", "b_regularizer"),
    *("activity_regularizer", "W_constraint", "b_constraint", "bias"),
)
_ENDING = (
    *("activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer"),
    *("activity_regularizer", "kernel_constraint", "bias_constraint"),
)


class _Window(KerasLayer):
    """What layers with a window have in common: ``padding`` in any case of letters, two sizes for one."""

    is_flat = False

    def __init__(self, *args: Any, **settings: Any) -> None:
        has_three = len(args) > 2 and all(isinstance(each, int) for each in args[1:3])
        if not self.is_flat and has_three and is_alone():  # Convolution2D(32, 3, 3): rows and columns
            args = (args[0], (args[1], args[2]), *args[3:])
        super().__init__(*args, **settings)

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("nb_row", "nb_col")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Bring padding and sizes to our form."""
        if "nb_row" in given:
            given["kernel_size"] = (given.pop("nb_row"), given.pop("nb_col"))
        if isinstance(given.get("padding"), str):
            given["padding"] = given["padding"].lower()
        for name in ("kernel_size", "strides", "dilation_rate", "pool_size"):
            if isinstance(given.get(name), list):
                given[name] = tuple(given[name])
        return given


@provided(
    *("keras.layers.Conv2D", "keras.layers.Convolution2D", "keras.layers.AtrousConvolution2D"),
    *("keras.layers.convolutional.Conv2D", "keras.layers.convolutional.Convolution2D"),
)
class Conv2D(_Window, layers.Conv2D):
    """Our `Conv2D`."""

    has_format = True
    ignored = ("groups",)
    order: ClassVar[tuple[str, ...] | None] = (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        *_ENDING,
    )
    order_1: ClassVar[tuple[str, ...]] = ("nb_filter", "kernel_size", *_ENDING_1)

    def _moved(self, values: Sequence[Any], axes: tuple[int, ...]) -> list[Any]:
        """Return weights, the axes of the kernel in another order where Keras 1 had one of its own."""
        if not is_keras_1() or self.data_format != "channels_first" or not len(values):
            return list(values)
        return [np.transpose(values[0], axes), *values[1:]]

    def get_weights(self) -> list[Any]:
        """Return the weights; of Keras 1 with channels first the kernel is (filters, channels, rows, columns)."""
        return self._moved(super().get_weights(), (3, 2, 0, 1))

    def set_weights(self, values: Sequence[Any]) -> None:
        """Give the weights new values, as `get_weights` returns them."""
        super().set_weights(self._moved(values, (2, 3, 1, 0)))


@provided(
    *("keras.layers.Conv1D", "keras.layers.Convolution1D", "keras.layers.AtrousConvolution1D"),
    *("keras.layers.convolutional.Conv1D", "keras.layers.convolutional.Convolution1D"),
)
class Conv1D(_Window, layers.Conv1D):
    """Our `Conv1D`, and padding "causal": no place sees a later one."""

    is_flat = True
    ignored = ("groups",)
    order = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", *_ENDING)
    order_1 = ("nb_filter", "filter_length", *(name for name in _ENDING_1 if name != "dim_ordering"))

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take causal padding apart, which ours does not know."""
        given = super().prepared(given)
        given["data_format"] = given.get("data_format") or "channels_last"
        self._is_causal = given.get("padding") == "causal"
        if self._is_causal:
            given["padding"] = "valid"
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return super().get_config() | ({"padding": "causal"} if self._is_causal else {})

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x * W + b)."""
        if self._is_causal:
            (size,), (step,) = self.kernel_size, self.dilation_rate  # type: ignore[misc]
            before = ((size - 1) * step, 0)
            is_last = self.data_format == "channels_last"
            x = functions.pad(self.as_float(x), ((0, 0), before, (0, 0)) if is_last else ((0, 0), (0, 0), before))
        return super().call(x, training)


@provided("keras.layers.DepthwiseConv2D", "keras.layers.convolutional.DepthwiseConv2D")
class DepthwiseConv2D(_Window, layers.DepthwiseConv2D):
    """Our `DepthwiseConv2D`."""

    is_flat = True  # its first number is the kernel's
    has_format = True
    ignored = ("dilation_rate",)


@provided(
    *("keras.layers.Conv2DTranspose", "keras.layers.Deconvolution2D", "keras.layers.Convolution2DTranspose"),
    *("keras.layers.convolutional.Conv2DTranspose", "keras.layers.convolutional.Deconvolution2D"),
)
class Conv2DTranspose(Conv2D):
    """The transpose of a convolution: each pixel of the input is spread over a window of the output.

    y[n, s i + a, s j + b, f] = activation(sum over i, j, c of x[n, i, j, c] W[a, b, f, c] + b[f]), where "valid" keeps
    all of it, so that there are s h + max(k - s, 0) rows, and "same" s h of them.
    """

    order = (
        *("filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate"),
        *_ENDING,
    )
    order_1 = ("nb_filter", "kernel_size", "output_shape", *_ENDING_1)

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return (*super().extra_names(), "output_padding", "output_shape")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse what changes the output's size by itself; its size is known without `output_shape`."""
        given = super().prepared(given)
        given.pop("output_shape", None)
        dilation = given.get("dilation_rate", 1)
        if given.pop("output_padding", None) is not None or dilation not in (1, (1, 1)):
            raise ValueError(
                f"Conv2DTranspose(output_padding=..., dilation_rate={dilation!r}): neither is provided. Leave it out."
            )
        return given

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make kernel, shape (height, width, filters, channels), and bias."""
        channels = shape[-1 if self.data_format == "channels_last" else 1]
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.filters, channels),  # type: ignore[misc]
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation of what is spread, plus b."""
        x = channels_last(self.as_float(x), self.data_format)
        kernel = functions.transpose(functions.flip(self.kernel, (0, 1)), (0, 1, 3, 2))
        y = transposed(x, kernel, self.strides, self.padding)
        y = channels_first(y if self.bias is None else y + self.bias, self.data_format)
        return as_activation(self.activation)(y)


def transposed(x: Tensor, kernel: Tensor, strides: Any, padding: str) -> Tensor:
    """Return x spread over an output, as a convolution of x with zeros between its pixels.

    Parameters
    ----------
    x : tensor, shape (n, height, width, c)
        The images.
    kernel : tensor, shape (rows, columns, c, f)
        The window, flipped.
    strides : two ints
        How far pixels are apart in the output.
    padding : {"valid", "same"}
        Whether all of the output is kept.
    """
    around, sizes = [], []
    for axis, step in enumerate(strides):
        window = known(kernel.node.shape)[axis]
        excess = max(window - step, 0)
        around.append((window - 1, excess))
        sizes.append((excess // 2 if padding == "same" else 0, excess))
    rows, height, width, channels = x.node.shape
    x = functions.reshape(x, (rows, height, 1, width, 1, channels))
    gaps = [(0, step - 1) for step in strides]
    x = functions.pad(x, ((0, 0), (0, 0), gaps[0], (0, 0), gaps[1], (0, 0)))
    x = functions.reshape(x, (rows, height * strides[0], width * strides[1], channels))
    y = convolve(functions.pad(x, ((0, 0), *around, (0, 0))), kernel, (1, 1), "valid", (1, 1))
    if padding == "valid":
        return y
    parts = [
        slice(first, length - (excess - first))
        for (first, excess), length in zip(sizes, y.node.shape[1:3], strict=True)
    ]
    return y[:, parts[0], parts[1]]


@provided(
    *("keras.layers.SeparableConv2D", "keras.layers.SeparableConvolution2D"),
    *("keras.layers.convolutional.SeparableConv2D", "keras.layers.convolutional.SeparableConvolution2D"),
)
class SeparableConv2D(_Window, layers.DepthwiseConv2D):
    """A convolution channel by channel, then one of a single pixel across channels."""

    has_format = True
    order = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier")
    order_1 = ("nb_filter", "kernel_size", "init", "activation", "weights", "border_mode", "subsample")
    filters: int
    pointwise_initializer: Any
    pointwise_regularizer: Any
    pointwise_constraint: Any
    depthwise_kernel: Variable
    pointwise_kernel: Variable

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        own = ("filters", "pointwise_initializer", "pointwise_regularizer", "pointwise_constraint", "init")
        return (*super().extra_names(), *own)

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep what the second convolution needs."""
        given = super().prepared(given)
        start = given.pop("init", "glorot_uniform")
        given.setdefault("depthwise_initializer", start)
        vars(self)["filters"] = int(given.pop("filters"))
        vars(self)["pointwise_initializer"] = as_initializer(given.pop("pointwise_initializer", start))
        vars(self)["pointwise_regularizer"] = as_regularizer(given.pop("pointwise_regularizer", None))
        vars(self)["pointwise_constraint"] = as_constraint(given.pop("pointwise_constraint", None))
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        own = ("filters", "pointwise_initializer", "pointwise_regularizer", "pointwise_constraint")
        return super().get_config() | {name: serialized(vars(self)[name]) for name in own}

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the two kernels and the bias."""
        channels = shape[-1 if self.data_format == "channels_last" else 1]
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),  # type: ignore[misc]
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (1, 1, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (self.filters,), self.bias_initializer, regularizer=self.bias_regularizer
            )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x * W_1 * W_2 + b)."""
        x = channels_last(self.as_float(x), self.data_format)
        strides: Any = self.strides
        dilation: Any = self.dilation_rate
        y = convolve_depthwise(x, self.depthwise_kernel, strides, self.padding, dilation)
        y = convolve(y, self.pointwise_kernel, (1, 1), "valid", (1, 1))
        y = channels_first(y if self.bias is None else y + self.bias, self.data_format)
        return as_activation(self.activation)(y)


class _Pooling1D(_Window):
    is_flat = True

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Say where channels are: last, whatever is set for images."""
        given = super().prepared(given)
        given["data_format"] = given.get("data_format") or "channels_last"
        return given


class _Pooling2D(_Window):
    is_flat = True
    has_format = True


class _Largest(_Window):
    """What the poolings of largest elements have in common: the gradient of equal ones is TensorFlow's."""

    pool_size: Any
    strides: Any
    padding: str

    def _pooled(self, x: Tensor) -> Any:
        return largest(x, settled(self.pool_size), settled(self.strides), self.padding)


class _MaxPooling1D(_Largest, _Pooling1D):
    """One of sequences."""


class _MaxPooling2D(_Largest, _Pooling2D):
    """One of images."""


_POOLINGS: tuple[tuple[str, type[_Window], type[layers.Layer]], ...] = (
    ("MaxPooling2D MaxPool2D", _MaxPooling2D, layers.MaxPooling2D),
    ("AveragePooling2D AvgPool2D", _Pooling2D, layers.AveragePooling2D),
    ("MaxPooling1D MaxPool1D", _MaxPooling1D, layers.MaxPooling1D),
    ("AveragePooling1D AvgPool1D", _Pooling1D, layers.AveragePooling1D),
    ("GlobalMaxPooling2D GlobalMaxPool2D", _Pooling2D, layers.GlobalMaxPooling2D),
    ("GlobalAveragePooling2D GlobalAvgPool2D", _Pooling2D, layers.GlobalAveragePooling2D),
    ("GlobalMaxPooling1D GlobalMaxPool1D", _Pooling1D, layers.GlobalMaxPooling1D),
    ("GlobalAveragePooling1D GlobalAvgPool1D", _Pooling1D, layers.GlobalAveragePooling1D),
)

for _names, _base, _ours in _POOLINGS:
    _first, _second = _names.split()
    _body: dict[str, Any] = {
        "__doc__": f"Our `{_first}`.",
        "__module__": __name__,
        "ignored": ("keepdims",),
        "order_1": ("pool_length", "stride", "border_mode")
        if issubclass(_base, _Pooling1D) and "Global" not in _first
        else (),
    }
    provide(
        type(_first, (_base, _ours), _body),
        *(f"keras.layers.{name}" for name in (_first, _second)),
        *(f"keras.layers.{room}.{_first}" for room in ("pooling", "convolutional")),
    )


@provided("keras.layers.ZeroPadding2D", "keras.layers.convolutional.ZeroPadding2D")
class ZeroPadding2D(KerasLayer, layers.ZeroPadding2D):
    """Our `ZeroPadding2D`."""

    has_format = True

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the four numbers of Keras 1, by place or by name, for two pairs."""
        border = given.get("padding", 1)
        if isinstance(border, dict):
            border = tuple(border.get(f"{side}_pad", 0) for side in ("top", "bottom", "left", "right"))
        if isinstance(border, list | tuple) and len(border) == 4:
            border = (border[:2], border[2:])
        return {**given, "padding": border}


@provided("keras.layers.Cropping2D", "keras.layers.convolutional.Cropping2D")
class Cropping2D(KerasLayer, layers.Cropping2D):
    """Our `Cropping2D`."""

    has_format = True


@provided("keras.layers.UpSampling2D", "keras.layers.convolutional.UpSampling2D")
class UpSampling2D(KerasLayer, layers.UpSampling2D):
    """Our `UpSampling2D`."""

    has_format = True

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("interpolation",)

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse to interpolate."""
        kind = given.pop("interpolation", "nearest")
        if kind != "nearest":
            raise ValueError(f"UpSampling2D(interpolation={kind!r}): only 'nearest' is provided.")
        return given


@provided("keras.layers.ZeroPadding1D", "keras.layers.convolutional.ZeroPadding1D")
class ZeroPadding1D(_Own):
    """A layer that puts zeros before and behind a sequence."""

    order, defaults = ("padding",), (1,)
    padding: Any

    def call(self, x: Tensor) -> Tensor:
        """Return the longer sequence."""
        return functions.pad(x, ((0, 0), _pair(self.padding), (0, 0)))


@provided("keras.layers.Cropping1D", "keras.layers.convolutional.Cropping1D")
class Cropping1D(_Own):
    """A layer that drops places at the ends of a sequence."""

    order, defaults = ("cropping",), ((1, 1),)
    cropping: Any

    def call(self, x: Tensor) -> Tensor:
        """Return the shorter sequence."""
        before, behind = _pair(self.cropping)
        return x[:, before : -behind or None]


@provided("keras.layers.UpSampling1D", "keras.layers.convolutional.UpSampling1D")
class UpSampling1D(_Own):
    """A layer that repeats each place of a sequence."""

    order, defaults = ("size",), (2,)
    size: int

    def call(self, x: Tensor) -> Tensor:
        """Return the longer sequence."""
        rows, length, channels = x.node.shape
        blocks = functions.reshape(x, (rows, length, 1, channels))
        blocks = functions.broadcast_to(blocks, (rows, length, int(self.size), channels))
        return functions.reshape(blocks, (rows, length * int(self.size), channels))


def _pair(value: Any) -> tuple[int, int]:
    """Return how much there is at two ends."""
    before, behind = value if isinstance(value, list | tuple) else (value, value)
    return int(before), int(behind)


refuse(
    "volumes are not provided. Use layers of images or sequences.",
    *(
        f"keras.layers.{name}"
        for name in (
            *("Conv3D", "Convolution3D", "Conv3DTranspose", "MaxPooling3D", "AveragePooling3D", "ZeroPadding3D"),
            *("UpSampling3D", "Cropping3D", "GlobalMaxPooling3D", "GlobalAveragePooling3D", "SpatialDropout3D"),
        )
    ),
)
refuse(
    "use Conv1D or Conv2D, whose weights are shared.",
    "keras.layers.LocallyConnected1D",
    "keras.layers.LocallyConnected2D",
)
refuse("put a DepthwiseConv2D on Reshape((length, 1, channels)).", "keras.layers.SeparableConv1D")
