"""The layers: each a dataclass whose fields are its configuration.

To add one, write one dataclass here: `build` makes its variables, `call` computes its output from tensors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import random
from feedforward.arrays import Origin, numbers
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.functions import cast, reshape, sqrt, where
from feedforward.graph.dimension import Dimension, Size, product
from feedforward.graph.node import Array, Shape, location_text, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import namespace
from feedforward.nn.activating import as_activation, as_name, is_activation_ours
from feedforward.nn.activation_layers import ELU, ActivationLayer, LeakyReLU, Maxout, PReLU, Softmax, Swish
from feedforward.nn.augmentation import (
    RandomAffine,
    RandomCutout,
    RandomDeletion,
    RandomElastic,
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from feedforward.nn.categories import CategoryEncoding, Discretization, Embedding, StringLookup
from feedforward.nn.config import Range, check_bool, check_int, check_number, from_config, is_int, registered, resolve
from feedforward.nn.constraints import Constraint, as_constraint
from feedforward.nn.convolution import Conv1D, Conv2D, DepthwiseConv2D
from feedforward.nn.initializers import INITIALIZERS, Initializer
from feedforward.nn.layer import LAYERS, Input, Layer, is_loading
from feedforward.nn.merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from feedforward.nn.noise import GaussianDropout, GaussianNoise
from feedforward.nn.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from feedforward.nn.preprocessing import PCA, Centering, MinMaxScaling, Whitening, as_doubles, check_finite, means_of
from feedforward.nn.rearranging import Cropping2D, Permute, RepeatVector, UpSampling2D, ZeroPadding2D
from feedforward.nn.regularizers import Regularizer, as_regularizer
from feedforward.nn.schedules import SCHEDULES, LearningRateSchedule
from feedforward.nn.sliding import channels_last, check_format
from feedforward.nn.statistics import BatchNormalization, LayerNormalization
from feedforward.nn.tabular import ParametricActivation, PeriodicEmbedding, Scaling
from feedforward.tensor import Tensor, Variable

__all__ = [
    "Activation",
    "ActivationLayer",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "CategoryEncoding",
    "Centering",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Input",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Maxout",
    "MinMaxScaling",
    "Minimum",
    "Multiply",
    "Normalization",
    "PCA",
    "PReLU",
    "ParametricActivation",
    "PeriodicEmbedding",
    "Permute",
    "RandomAffine",
    "RandomCutout",
    "RandomDeletion",
    "RandomElastic",
    "RandomFlip",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Scaling",
    "Softmax",
    "StringLookup",
    "Subtract",
    "Swish",
    "UpSampling2D",
    "Whitening",
    "ZeroPadding2D",
]


@registered(LAYERS)
@dataclass(eq=False)
class Dense(Layer):
    """A layer in which every unit sees every input: y = activation(x W + b).

    Parameters
    ----------
    units : int
        The number of outputs k, at least 1.
    activation : str, callable or ActivationLayer, optional
        What is applied to the sums; none by default. ``"prelu"`` and `PReLU` bring weights, which are this layer's.
    use_bias : bool
        Whether there is a bias b.
    kernel_initializer, bias_initializer : str or Initializer
        What fills W, shape (d, k), and b, shape (k,).
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
        What W and b cost, beside the loss: ``"l2"``, or `regularizers.L2` with a factor of its own.
    kernel_constraint, bias_constraint : str or Constraint, optional
        What set W and b are kept in: ``"max_norm"``, or `constraints.MaxNorm` with a number of its own.

    Raises
    ------
    ValueError, TypeError
        If `units` is no int >= 1, `use_bias` no bool, or an activation or initializer is unknown.

    Notes
    -----
    Input (..., d), output (..., k): leading axes are kept. Integers and bools are cast to float32, or to its dtype.

    Examples
    --------
    >>> layer = Dense(2, activation="relu", kernel_initializer="ones")
    >>> print(layer([[1, 2, 3], [-1, -1, 0]]))
    [[6. 6.]
     [0. 0.]]
    """

    units: int
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

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("Dense", "units", self.units, 1)
        check_bool("Dense", "use_bias", self.use_bias)
        self.units = int(self.units)
        self.kernel_initializer = resolve(INITIALIZERS, self.kernel_initializer)
        self.bias_initializer = resolve(INITIALIZERS, self.bias_initializer)
        self.kernel_regularizer = as_regularizer(self.kernel_regularizer)
        self.bias_regularizer = as_regularizer(self.bias_regularizer)
        self.kernel_constraint = as_constraint(self.kernel_constraint)
        self.bias_constraint = as_constraint(self.bias_constraint)
        self.activation = as_name(self.activation)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make kernel and bias.

        Raises
        ------
        ShapeError
            If the input has fewer than two axes, or d is not known.
        """
        if len(shape) < 2 or isinstance(shape[-1], Dimension):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()}. "
                f"Dense expects (batch, d) with d known: give the Input its shape."
            )
        size = (shape[-1], self.units)
        self.kernel = self.add_weight(
            "kernel",
            size,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias: Variable | None = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                size[1:],
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return super().repeats(training) and is_activation_ours(self.activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x W + b).

        Raises
        ------
        ShapeError
            If the input has fewer than two axes, or another number of features than W.
        """
        x = self.as_float(x)
        if x.ndim < 2 or x.node.shape[-1] != self.kernel.shape[0]:
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}, but its kernel has shape "
                f"{shape_text(self.kernel.node.shape)}{location_text()}. "
                f"Give inputs with {self.kernel.shape[0]} features."
            )
        y = x @ self.kernel
        return as_activation(self.activation)(y if self.bias is None else y + self.bias)


@registered(LAYERS)
@dataclass(eq=False)
class Activation(Layer):
    """A layer that applies an activation function.

    Parameters
    ----------
    activation : str, callable or ActivationLayer
        Its name, a function of one tensor, or a layer such as `PReLU`.
    """

    activation: str | Callable[[Tensor], Tensor] | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.activation = as_name(self.activation)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return super().repeats(training) and is_activation_ours(self.activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return activation(x)."""
        return as_activation(self.activation)(self.as_float(x))


@dataclass(eq=False)
class Lambda(Layer):
    """A layer that applies a function of yours: y = function(x).

    Parameters
    ----------
    function : callable
        Takes a tensor, or several, and returns one, computed by the operations of this package.

    Raises
    ------
    TypeError
        If it is no function.

    Notes
    -----
    It has no weights, and no file holds it: a file holds no code, and runs none. To keep it, register the function as
    an activation, ``@ff.activations.ACTIVATIONS.register("its name")``, and take ``Activation("its name")``; or write a
    layer of your own, see `Layer`.

    Examples
    --------
    >>> print(Lambda(lambda x: x**2)([[1.0, 3.0]]))
    [[1. 9.]]
    """

    function: Callable[..., Tensor]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.function) or isinstance(self.function, type):
            raise TypeError(
                f"Lambda(function={self.function!r}): function must be a function of tensors. Got {self.function!r}."
            )

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: what the function does is not known."""
        return False

    def nested_config(self) -> dict[str, Any] | None:
        """Say that no file holds it.

        Raises
        ------
        FormatError
            In any case.
        """
        raise FormatError(
            f"save: layer {self.name!r} is a Lambda, and no file holds a function. Register the function as an "
            f"activation and use Activation(its name), or write a registered Layer: help(feedforward.layers.Lambda)."
        )

    def call(self, *inputs: Tensor) -> Tensor:
        """Return function(x)."""
        return self.function(*inputs)


@registered(LAYERS)
@dataclass(eq=False)
class Dropout(Layer):
    """A layer that, in training, sets inputs to 0 with a probability and scales the others up: y = x m / (1 - rate).

    Parameters
    ----------
    rate : float or LearningRateSchedule
        The probability of dropping an input, from 0 up to but not 1; or a schedule of it, by the number of calls in
        training, which `steps` counts: ``schedules.FlatCosine(0.15, total_steps)``.
    noise_shape : sequence of int or None, optional
        The shape of the mask m, counted with the batch: 1 where elements along an axis share theirs, None for as many
        as there are. ``(None, 1, 1, None)`` drops whole channels of an image. By default each element has its own.
    seed : int, optional
        The key of the masks; by default the model's.

    Raises
    ------
    ValueError
        If the rate is not from 0 up to 1, or a size is no int >= 1.

    Notes
    -----
    Outside training y = x. The mean of y is x: "inverted" dropout.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014; scaled in training
    rather than in use, as Keras does.

    Examples
    --------
    >>> from feedforward.random import set_seed
    >>> set_seed(1)
    >>> layer = Dropout(0.5)
    >>> print(layer([[1, 1, 1, 1, 1, 1]], training=True))
    [[2. 0. 2. 0. 0. 2.]]
    >>> print(layer([[1, 1, 1, 1, 1, 1]]))
    [[1 1 1 1 1 1]]
    """

    rate: float | LearningRateSchedule
    noise_shape: Sequence[int | None] | None = None
    seed: int | None = None
    steps: Variable | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.rate, dict):  # the configuration in a file
            self.rate = from_config(SCHEDULES, self.rate)
        if not isinstance(self.rate, LearningRateSchedule):
            check_number("Dropout", "rate", self.rate, Range(0, 1, has_high=False))
            self.rate = float(self.rate)
        sizes: Any = self.noise_shape
        if sizes is not None:
            if not isinstance(sizes, list | tuple) or not all(size is None or is_int(size, 1) for size in sizes):
                raise ValueError(
                    f"Dropout(noise_shape={sizes!r}): noise_shape must hold ints >= 1 or None, one for each axis, the "
                    f"batch's first. Got {sizes!r}."
                )
            self.noise_shape = tuple(None if size is None else int(size) for size in sizes)
        if self.seed is not None:
            self.seed = random.check_seed(self.seed)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: each call draws other numbers."""
        return super().repeats(training) and (not training or self.rate == 0)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the count of steps, if the rate goes by it."""
        is_scheduled = isinstance(self.rate, LearningRateSchedule)
        self.steps = Variable(np.int64(0), trainable=False) if is_scheduled else None

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, thinned out in training.

        Raises
        ------
        ShapeError
            If `noise_shape` does not fit the input.
        """
        shape = self._shape_of_mask(x.node.shape)
        if not training or self.rate == 0:
            return x
        x = self.as_float(x)
        draw = random.uniform_of_step(shape, x.dtype, self.seed)
        rate = self.rate_now(x)
        return where(draw >= rate, x * (1.0 / (1.0 - rate)), 0.0)

    def rate_now(self, x: Tensor) -> Any:
        """Return the rate of this call in training, and count it if the rate goes by that."""
        if self.steps is None or not isinstance(self.rate, LearningRateSchedule):
            return self.rate
        step = self.steps.value()
        self.steps.assign(step + 1)
        return cast(self.rate.value_at(cast(step, "float64")), x.dtype)

    def _shape_of_mask(self, shape: Shape) -> Shape:
        given = (None,) * len(shape) if self.noise_shape is None else self.noise_shape
        if len(given) != len(shape) or any(
            one not in (None, 1) and one != size for one, size in zip(given, shape, strict=True)
        ):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()} does not go with "
                f"noise_shape={self.noise_shape}. Give 1, None, or the same size for each axis, the batch's first."
            )
        return tuple(size if one is None else one for one, size in zip(given, shape, strict=True))


@registered(LAYERS)
@dataclass(eq=False)
class Flatten(Layer):
    """A layer that makes each sample a vector: (n, a, b, ...) becomes (n, a b ...).

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}
        Where channels are in the input. In the vector they come last in any case, so that the layers behind it have the
        same weights in both formats.

    Raises
    ------
    ValueError
        If it is neither.
    """

    data_format: str = "channels_last"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_format("Flatten", self.data_format)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x with all axes but the first joined."""
        x = channels_last(x, self.data_format) if x.ndim > 2 else x
        shape = x.node.shape
        return reshape(x, (shape[0], product(shape[1:]))) if len(shape) != 2 else x


@registered(LAYERS)
@dataclass(eq=False)
class Reshape(Layer):
    """A layer that gives each sample another shape.

    Parameters
    ----------
    target_shape : sequence of int
        The shape of a sample, without the batch; one size may be -1.
    """

    target_shape: Sequence[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        given: Any = self.target_shape
        sizes = given if isinstance(given, list | tuple) else (given,)
        if not all(is_int(size, -1) and size != 0 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                f"Reshape(target_shape={given!r}): sizes must be ints >= 1, at most one of them -1. Got {given!r}."
            )
        self.target_shape = tuple(int(size) for size in sizes)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x in the new shape.

        Raises
        ------
        ShapeError
            If a sample has another number of elements.
        """
        before: tuple[Size, ...] = x.node.shape
        count, rest = product(before[1:]), product(size for size in self.target_shape if size != -1)
        sizes: list[Size] = [count // rest if size == -1 else size for size in self.target_shape]
        if not before or (isinstance(count, int) and product(sizes) != count):
            raise ShapeError(
                f"layer {self.name!r}: samples of shape {shape_text(before[1:])} do not fit "
                f"{shape_text(tuple(self.target_shape))}{location_text()}. Keep the number of elements."
            )
        return reshape(x, (before[0], *sizes))


@registered(LAYERS)
@dataclass(eq=False)
class Rescaling(Layer):
    """A layer that computes x scale + offset; integers, such as the bytes of an image, become float32.

    Parameters
    ----------
    scale, offset : float
        ``Rescaling(1 / 255)`` maps bytes to [0, 1].
    """

    scale: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("Rescaling", "scale", self.scale, Range())
        check_number("Rescaling", "offset", self.offset, Range())
        self.scale, self.offset = float(self.scale), float(self.offset)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x scale + offset."""
        y = self.as_float(x) * self.scale
        return y + self.offset if self.offset else y


@registered(LAYERS)
@dataclass(eq=False)
class Normalization(Layer):
    """A layer that standardises each feature: y = (x - mean) / sqrt(variance), features along the last axis.

    Parameters
    ----------
    mean, variance : sequence of float, optional
        Of each feature; `adapt` computes them from data instead.

    Notes
    -----
    A feature that never varies is only centred. Mean and variance are kept as weights that training does not change.

    Raises
    ------
    ValueError
        If only one of them is given, or a number is not finite, or a variance below 0.
    """

    mean: Sequence[float] | None = None
    variance: Sequence[float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.mean is None) != (self.variance is None):
            raise ValueError(
                "Normalization: one of mean and variance is missing. Give both, or neither and call adapt()."
            )
        self.mean = self._numbers("mean", self.mean, Range())
        self.variance = self._numbers("variance", self.variance, Range(0))

    def _numbers(self, name: str, value: Any, allowed: Range) -> tuple[float, ...] | None:
        """Return a setting as a tuple of numbers."""
        if value is None:
            return None
        found = numbers(value, f"Normalization: {name}").ravel().tolist()
        if not all(number in allowed for number in found):
            raise ValueError(
                f"Normalization({name}={value!r}): {name} must hold {allowed} for each feature. Got {value!r}."
            )
        return tuple(float(number) for number in found)

    def adapt(self, x: Any) -> None:
        """Take mean and variance from the samples `x`, shape (n, ..., d), before the layer is first used.

        Raises
        ------
        DataError
            If there are no samples, they are not finite numbers, or the variance of a feature is one that float32 does
            not hold.
        ShapeError, TypeError
            If rows differ in length, or hold something else than numbers.

        Warns
        -----
        UserWarning
            If float32, to which `fit` and `predict` round samples before any layer sees them, takes more than 1 % of a
            feature's deviation from its numbers.

        Notes
        -----
        Both are computed in float64. Large numbers that differ little, such as time stamps, have to be standardised in
        float64 before: ``(x - layer.mean) / np.sqrt(layer.variance)``.
        """
        data = numbers(x, "Normalization.adapt: x")
        if data.ndim < 2 or not data.size:
            raise DataError(f"Normalization.adapt: got shape {data.shape}. Give at least one sample, shape (n, d).")
        check_finite("Normalization.adapt", data, Origin.of(x))
        with np.errstate(over="ignore"):
            means, variances = means_of(data), np.zeros(data.shape[-1])
            for block in as_doubles(data):
                variances += ((block.reshape(-1, data.shape[-1]) - means) ** 2).sum(0) / (data.size / data.shape[-1])
        self._check_float32(means, variances)
        mean, variance = means.tolist(), variances.tolist()
        with held_interrupts():  # what it was given and what it computes with agree
            if self.is_built:
                self.set_weights([mean, variance])
            # Past `__setattr__`, which refuses to change what has no effect alone: here the weights change with it.
            vars(self).update(mean=tuple(mean), variance=tuple(variance))

    @staticmethod
    def _check_float32(means: Array, variances: Array) -> None:
        """Raise for the first feature whose mean or variance float32 does not hold, warn where it rounds too much."""
        limits, deviations = np.finfo(np.float32), np.sqrt(variances)
        names = [f"feature {i} has mean {mean:.6g}, deviation {deviations[i]:.6g}" for i, mean in enumerate(means)]
        is_out = (np.abs(means) > limits.max) | (variances > limits.max) | ((0 < variances) & (variances < limits.tiny))
        if is_out.any():
            what = names[int(is_out.argmax())]
            raise DataError(f"Normalization.adapt: {what}, and float32 does not hold its variance. Scale the feature.")
        lost = np.abs(means) * float(limits.eps) / 2
        is_lossy = (deviations > 0) & (lost > 0.01 * deviations)
        if is_lossy.any():
            place = int(is_lossy.argmax())
            warnings.warn(
                f"Normalization.adapt: {names[place]}. Samples are rounded to float32 before they come here, which"
                f" takes up to {lost[place] / deviations[place]:.2g} deviations. Standardise it in float64 before fit"
                " and predict: (x - mean) / deviation.",
                stacklevel=3,
            )

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make mean and variance weights.

        Raises
        ------
        ValueError
            If there are no mean and variance yet.
        ShapeError
            If the input does not have a feature for each of them.
        """
        if self.mean is None or self.variance is None:
            raise ValueError(
                f"layer {self.name!r} has no mean and variance. Call adapt(x) with the training data first."
            )
        if len(shape) < 2 or not len(self.mean) == len(self.variance) == shape[-1]:
            raise ShapeError(
                f"layer {self.name!r}: mean of {len(self.mean)} and variance of {len(self.variance)} features, "
                f"input shape {shape_text(shape)}{location_text()}. Give one of each for every feature."
            )
        self._mean = self.add_weight("mean", (shape[-1],), "zeros", trainable=False)
        self._variance = self.add_weight("variance", (shape[-1],), "ones", trainable=False)
        if not is_loading():
            self.set_weights([self.mean, self.variance])

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the standardised x."""
        deviation = sqrt(self._variance)
        return (self.as_float(x) - self._mean) / where(deviation > 0.0, deviation, 1.0)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.layers", __all__)
