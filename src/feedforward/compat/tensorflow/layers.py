"""``tf.layers``: layers as objects that make their variables when they are first called, and as functions.

Not here: the mathematics (``nn.py``, ``convolutions.py``); ``tf.contrib.layers`` (``contrib_layers.py``).
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse, submodule
from feedforward.compat.tensorflow import convolutions, initializers, linear_algebra, nn
from feedforward.compat.tensorflow.arrays import convert_to_tensor, identity, ints, like
from feedforward.compat.tensorflow.control import cond
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.scopes import VariableScope, get_variable, name_scope, variable_scope
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.tensorflow.tensors import Tensor
from feedforward.compat.version import written_for
from feedforward.graph.node import known

__all__ = ["Layer"]


@provided("tf.layers.Layer")
class Layer:
    """Base of the layers: a function with variables of its own.

    Parameters
    ----------
    trainable : bool
        Whether optimizers change its variables.
    name : str, optional
        Its name; by default that of its class, made unique.
    dtype : dtype, optional
        The type of its variables; by default that of its first input.
    activity_regularizer : callable, optional
        What its output costs.
    """

    waiting: Callable[[list[Any]], None] | None = None
    """Called once with the variables when they are made: a checkpoint was restored before."""

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        activity_regularizer: Any = None,
        _scope: Any = None,
        _reuse: Any = None,
    ) -> None:
        words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", type(self).__name__)
        self._base_name = name or re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
        self.trainable, self.dtype, self.activity_regularizer = trainable, dtype, activity_regularizer
        self.built = False
        self.update_collection: str | None = GraphKeys.UPDATE_OPS
        self.updates: list[Any] = []
        self.losses: list[Any] = []
        self._scope: VariableScope | None = None
        self._given_scope, self._reuse = _scope, _reuse
        self._variables: list[Any] = []

    @property
    def name(self) -> str:
        """Its name, once it was called that of its scope."""
        return self._base_name if self._scope is None else self._scope.name

    scope_name = name

    @property
    def variables(self) -> list[Any]:
        """Its variables."""
        return list(self._variables)

    weights = variables

    @property
    def trainable_variables(self) -> list[Any]:
        """Those that optimizers change."""
        return [variable for variable in self._variables if variable.trainable]

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Those that they do not."""
        return [variable for variable in self._variables if not variable.trainable]

    non_trainable_weights = non_trainable_variables

    def build(self, input_shape: Any) -> None:
        """Make the variables, given the shape of the input; layers that have some define it."""

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the output."""
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define call(self, inputs).")

    def add_variable(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Any:
        """Return a variable of the layer; see `get_variable`."""
        made = get_variable(
            name,
            shape,
            as_dtype(dtype or self.dtype or "float32"),
            _initializer(initializer),
            regularizer,
            trainable and self.trainable,
            constraint=constraint,
        )
        self._variables.append(made)
        return made

    add_weight = add_variable

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Note operations that a training step has to carry out; a graph keeps them, by default as `UPDATE_OPS`."""
        for update in updates if isinstance(updates, list | tuple) else [updates]:
            self.updates.append(update)
            if not is_eager() and self.update_collection is not None:
                default_graph().add_to_collection(self.update_collection, update)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Note what the layer costs; a graph keeps it among its `REGULARIZATION_LOSSES`."""
        for loss in losses if isinstance(losses, list | tuple) else [losses]:
            self.losses.append(loss)
            if not is_eager():
                default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def __call__(self, inputs: Any, *args: Any, scope: Any = None, **kwargs: Any) -> Any:
        """Return the output, and make the variables before if there are none yet."""
        whole = [convert_to_tensor(each) for each in inputs] if isinstance(inputs, list | tuple) else _as_input(inputs)
        if self._scope is None:
            given = self._given_scope if self._given_scope is not None else scope
            if self._reuse:
                entered = variable_scope(given if given is not None else self._base_name)
            else:
                entered = variable_scope(given, self._base_name)
            with entered as found:
                self._scope = found
        reuse = True if self.built else self._reuse
        names: Any = name_scope(self._scope.original_name_scope) if not is_eager() else contextlib.nullcontext()
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False), names:
            if not self.built:
                first = whole[0] if isinstance(whole, list) else whole
                self.dtype = self.dtype or as_dtype(first.dtype).base_dtype
                shapes = [each.get_shape() for each in whole] if isinstance(whole, list) else whole.get_shape()
                self.build(shapes)
                self.built = True
                if self.waiting is not None:
                    restore, self.waiting = self.waiting, None
                    restore(self.variables)
            outputs = self.call(whole, *args, **kwargs)
            if self.activity_regularizer is not None:
                self.add_loss(self.activity_regularizer(outputs))
        return outputs

    apply = __call__


def _as_input(inputs: Any) -> Any:
    return inputs if isinstance(inputs, Tensor) else convert_to_tensor(inputs)


def _initializer(initializer: Any) -> Any:
    """Return an initializer, also of its name."""
    if not isinstance(initializer, str):
        return initializer
    return getattr(submodule("tf.initializers"), initializer)()


def _activated(activation: Any, outputs: Any) -> Any:
    """Return what an activation makes of outputs: a function, or the name of one of ``tf.nn``."""
    if activation is None or activation == "linear":
        return outputs
    return (getattr(submodule("tf.nn"), activation) if isinstance(activation, str) else activation)(outputs)


def _channels(owner: str, shape: TensorShape, axis: int = -1) -> int:
    """Return how many channels an input has.

    Raises
    ------
    ValueError
        If that is not known.
    """
    size = None if shape.ndims is None else shape.as_list()[axis]
    if size is None:
        raise ValueError(f"The channel dimension of the inputs to `{owner}` should be defined. Found shape {shape}.")
    return size


def _check_rank(owner: str, shape: TensorShape, rank: int) -> None:
    if shape.ndims is not None and shape.ndims != rank:
        raise ValueError(
            f"Input 0 of layer {owner} is incompatible with the layer: expected ndim={rank}, found ndim={shape.ndims}. "
            f"Full shape received: {shape}"
        )


class Dense(Layer):
    """Returns activation(x W + b), the product over the last axis.

    Parameters
    ----------
    units : int
        The size of the last axis of the output.
    activation : callable, optional
        What is applied to the sums.
    use_bias : bool
        Whether there is a bias b.
    kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint
        See `get_variable`.
    activity_regularizer, trainable, name
        See `Layer`.
    """

    def __init__(
        self,
        units: Any,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = initializers.Zeros(),  # noqa: B008  # has no state
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.activation, self.use_bias = ints(units)[0], activation, use_bias
        self._kernel_settings = kernel_initializer, kernel_regularizer, True, kernel_constraint
        self._bias_settings = bias_initializer, bias_regularizer, True, bias_constraint

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        size = None if input_shape.ndims is None else input_shape.as_list()[-1]
        if size is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.kernel = self.add_variable("kernel", [size, self.units], None, *self._kernel_settings)
        self.bias = self.add_variable("bias", [self.units], None, *self._bias_settings) if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """Return the output."""
        if inputs.get_shape().ndims > 2:
            outputs = linear_algebra.tensordot(inputs, self.kernel, [[inputs.get_shape().ndims - 1], [0]])
        else:
            outputs = linear_algebra.matmul(inputs, self.kernel)
        outputs = outputs if self.bias is None else nn.bias_add(outputs, self.bias)
        return _activated(self.activation, outputs)


class _Convolution(Layer):
    """What convolutions have in common."""

    _rank: int

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = None,
        bias_initializer: Any = initializers.Zeros(),  # noqa: B008  # has no state
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **kwargs)
        self.filters, self.padding, self.data_format = ints(filters)[0], padding.lower(), data_format
        self.kernel_size, self.strides, self.dilation_rate = (
            _for_axes(value, self._rank) for value in (kernel_size, strides, dilation_rate)
        )
        self.activation, self.use_bias = activation, use_bias
        self._kernel_settings = kernel_initializer, kernel_regularizer, True, kernel_constraint
        self._bias_settings = bias_initializer, bias_regularizer, True, bias_constraint

    def build(self, input_shape: TensorShape) -> None:
        """Make kernel and bias."""
        _check_rank(self.name, input_shape, self._rank + 2)
        channels = _channels(type(self).__name__, input_shape, 1 if self.data_format == "channels_first" else -1)
        self._make(channels)
        self.bias = self.add_variable("bias", [self.filters], None, *self._bias_settings) if self.use_bias else None

    def _make(self, channels: int) -> None:
        shape = [*self.kernel_size, channels, self.filters]
        self.kernel = self.add_variable("kernel", shape, None, *self._kernel_settings)

    def call(self, inputs: Any) -> Any:
        """Return the output."""
        outputs = self._convolved(inputs)
        if self.bias is not None:
            outputs = nn.bias_add(outputs, self.bias, "NCHW" if self.data_format == "channels_first" else "NHWC")
        return _activated(self.activation, outputs)

    def _convolved(self, inputs: Any) -> Any:
        settings = self.padding.upper(), list(self.strides), list(self.dilation_rate)
        return convolutions.convolution(inputs, self.kernel, *settings, data_format=self.data_format)


def _for_axes(value: Any, rank: int) -> tuple[int, ...]:
    """Return a number for each axis, of one for all of them or as many."""
    numbers = ints(value)
    if len(numbers) not in (1, rank):
        raise ValueError(f"{value!r}: expected an int, or {rank} of them.")
    return tuple(numbers * rank if len(numbers) == 1 else numbers)


class Conv1D(_Convolution):
    """Returns activation(x * W + b) of sequences; see `Conv2D`."""

    _rank = 1


class Conv2D(_Convolution):
    """Returns activation(x * W + b) of images, shape (n, height, width, channels) unless channels come first.

    Parameters
    ----------
    filters : int
        The channels of the output.
    kernel_size, strides, dilation_rate : int, or one for each axis
        The size of the window, the steps between windows and between their elements.
    padding : {"valid", "same"}
        Whether windows lie inside the image, or there are as many as it has places.
    data_format : {"channels_last", "channels_first"}
        Where the channels are.
    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
    activity_regularizer, kernel_constraint, bias_constraint, trainable, name
        See `Dense`.
    """

    _rank = 2


@operation(kind="conv2d_transpose")
def _transposed(inputs: Any, kernel: Any, strides: tuple[int, ...], padding: str, is_first: bool) -> Any:
    """Return the adjoint of a convolution, in the smallest shape whose convolution would be as large as the input."""
    x, weights = like(inputs, None), like(kernel, None)
    x = ff.transpose(x, (0, 2, 3, 1)) if is_first else x
    height, width, filters, _ = known(weights.node.shape)
    sizes = [
        size * step + (max(window - step, 0) if padding == "valid" else 0)
        for size, step, window in zip(known(x.node.shape)[1:3], strides, (height, width), strict=True)
    ]
    found = convolutions.transposed(x, weights, (known(x.node.shape)[0], *sizes, filters), strides, padding, (1, 1))
    return ff.transpose(found, (0, 3, 1, 2)) if is_first else found


class Conv2DTranspose(_Convolution):
    """Returns the adjoint of a convolution: an image that is larger by the strides; see `Conv2D`."""

    _rank = 2

    def __init__(
        self, filters: Any, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", activation: Any = None, use_bias: bool = True, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, *args, **kwargs)

    def _make(self, channels: int) -> None:
        shape = [*self.kernel_size, self.filters, channels]
        self.kernel = self.add_variable("kernel", shape, None, *self._kernel_settings)

    def _convolved(self, inputs: Any) -> Any:
        is_first = convolutions.is_channels_first(self.data_format)
        return _transposed(inputs, self.kernel, self.strides, self.padding, is_first)


class SeparableConv2D(_Convolution):
    """Returns a convolution of each channel, and then a mixture of them at each place; see `Conv2D`.

    Parameters
    ----------
    depth_multiplier : int
        How many filters each channel has.
    depthwise_initializer, pointwise_initializer, depthwise_regularizer, pointwise_regularizer, depthwise_constraint,
    pointwise_constraint
        See `get_variable`.
    """

    _rank = 2

    def __init__(
        self,
        filters: Any,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = None,
        pointwise_initializer: Any = None,
        bias_initializer: Any = initializers.Zeros(),  # noqa: B008  # has no state
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, trainable=trainable, name=name,
            **kwargs,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self._depthwise_settings = depthwise_initializer, depthwise_regularizer, True, depthwise_constraint
        self._pointwise_settings = pointwise_initializer, pointwise_regularizer, True, pointwise_constraint

    def _make(self, channels: int) -> None:
        shape = [*self.kernel_size, channels, self.depth_multiplier]
        self.depthwise_kernel = self.add_variable("depthwise_kernel", shape, None, *self._depthwise_settings)
        shape = [1, 1, channels * self.depth_multiplier, self.filters]
        self.pointwise_kernel = self.add_variable("pointwise_kernel", shape, None, *self._pointwise_settings)

    def _convolved(self, inputs: Any) -> Any:
        return convolutions.separable_conv2d(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            list(self.strides),
            self.padding.upper(),
            list(self.dilation_rate),
            data_format=self.data_format,
        )


@operation(kind="Pool")
def _pooled(inputs: Any, kind: str, sizes: Sequence[int], strides: Sequence[int], padding: str, is_first: bool) -> Any:
    x = like(inputs, None)
    x = ff.transpose(x, (0, *range(2, x.ndim), 1)) if is_first else x
    found = convolutions.pooled(x, kind, sizes, strides, padding)
    return ff.transpose(found, (0, found.ndim - 1, *range(1, found.ndim - 1))) if is_first else found


class _Pooling(Layer):
    """What poolings have in common.

    Parameters
    ----------
    pool_size, strides : int, or one for each axis
        The size of a window, and the step from one to the next.
    padding : {"valid", "same"}
        See `Conv2D`.
    data_format : {"channels_last", "channels_first"}
        Where the channels are.
    name : str, optional
        See `Layer`.
    """

    _rank: int
    _kind: str

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size, self.strides = _for_axes(pool_size, self._rank), _for_axes(strides, self._rank)
        self.padding, self.data_format = padding.lower(), data_format
        if self.padding not in ("valid", "same"):
            raise ValueError(f"The `padding` argument must be one of 'valid', 'same'. Received: {padding}")

    def build(self, input_shape: TensorShape) -> None:
        """Check the number of axes."""
        _check_rank(self.name, input_shape, self._rank + 2)

    def call(self, inputs: Any) -> Any:
        """Return the output."""
        is_first = convolutions.is_channels_first(self.data_format)
        settings = self._kind, self.pool_size, self.strides, self.padding, is_first
        name = "MaxPool" if self._kind == "max" else "AvgPool"
        return _pooled(inputs, *settings, name=name)  # type: ignore[call-arg]


class MaxPooling1D(_Pooling):
    """Returns the largest number of each window of sequences."""

    _rank, _kind = 1, "max"


class MaxPooling2D(_Pooling):
    """Returns the largest number of each window of images."""

    _rank, _kind = 2, "max"


class AveragePooling1D(_Pooling):
    """Returns the mean of each window of sequences."""

    _rank, _kind = 1, "average"


class AveragePooling2D(_Pooling):
    """Returns the mean of each window of images."""

    _rank, _kind = 2, "average"


@operation(kind="Reshape")
def _flattened(inputs: Any, is_first: bool) -> Any:
    x = like(inputs, None)
    x = ff.transpose(x, (0, *range(2, x.ndim), 1)) if is_first and x.ndim > 2 else x
    return ff.reshape(x, (known(x.node.shape)[0], -1))


class Flatten(Layer):
    """Returns the elements of each example in one row."""

    def __init__(self, data_format: str = "channels_last", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format

    def call(self, inputs: Any) -> Any:
        """Return the output."""
        return _flattened(inputs, convolutions.is_channels_first(self.data_format))


def _chosen(training: Any, when_training: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Return what one of two functions returns, as a Python value or a tensor says."""
    if isinstance(training, Tensor) or hasattr(training, "tensor"):
        return cond(training, when_training, otherwise)
    return when_training() if training else otherwise()


class Dropout(Layer):
    """Returns the input with elements set to 0 at random where it is called with ``training=True``.

    Parameters
    ----------
    rate : float or tensor
        The probability that an element is dropped.
    noise_shape, seed
        See `tf.nn.dropout`.
    """

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Return the output."""

        def dropped() -> Any:
            if isinstance(self.rate, int | float):
                return nn.dropout(inputs, 1 - self.rate, self.noise_shape, self.seed) if self.rate < 1 else inputs * 0
            return nn.dropout(inputs, None, self.noise_shape, self.seed, rate=self.rate)

        return _chosen(training, dropped, lambda: identity(inputs))


class BatchNormalization(Layer):
    """Returns gamma (x - mean) / sqrt(variance + epsilon) + beta, by the batch in training, else by moving moments.

    Parameters
    ----------
    axis : int
        The channels'.
    momentum : float
        What moving moments keep of themselves in each step.
    epsilon : float
        What is added to the variance.
    center, scale : bool
        Whether there is a beta, and a gamma.
    fused : bool, optional
        Whether the moving variance is that with the divisor n - 1, as TensorFlow's fused kernel has it; by default for
        images since TensorFlow 1.3.

    Notes
    -----
    What moves the moments is among the graph's `UPDATE_OPS`: a training step has to depend on it, as in TensorFlow.
    """

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = initializers.Zeros(),  # noqa: B008  # has no state
        gamma_initializer: Any = initializers.Ones(),  # noqa: B008
        moving_mean_initializer: Any = initializers.Zeros(),  # noqa: B008
        moving_variance_initializer: Any = initializers.Ones(),  # noqa: B008
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: bool | None = None,
        trainable: bool = True,
        virtual_batch_size: Any = None,
        adjustment: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable, name, **kwargs)
        for word, value in (("renorm", renorm), ("virtual_batch_size", virtual_batch_size), ("adjustment", adjustment)):
            if value:
                raise ValueError(f"batch_normalization({word}={value!r}) is not provided. Leave it out.")
        if len(ints(axis)) != 1:
            raise ValueError(f"batch_normalization(axis={axis!r}): expected one axis, that of the channels.")
        self.axis = ints(axis)[0]
        self.momentum, self.epsilon, self.center, self.scale, self.fused = momentum, epsilon, center, scale, fused
        self._beta_settings = beta_initializer, beta_regularizer, True, beta_constraint
        self._gamma_settings = gamma_initializer, gamma_regularizer, True, gamma_constraint
        self._moving = moving_mean_initializer, moving_variance_initializer

    def build(self, input_shape: TensorShape) -> None:
        """Make beta, gamma and the moving moments."""
        if input_shape.ndims is None:
            raise ValueError(f"Input has undefined rank: {input_shape}.")
        size = [_channels("BatchNormalization", input_shape, self.axis)]
        if self.fused is None:
            self.fused = input_shape.ndims == 4 and written_for().tensorflow >= (1, 3)
        self.gamma = self.add_variable("gamma", size, None, *self._gamma_settings) if self.scale else None
        self.beta = self.add_variable("beta", size, None, *self._beta_settings) if self.center else None
        self.moving_mean = self.add_variable("moving_mean", size, None, self._moving[0], None, False)
        self.moving_variance = self.add_variable("moving_variance", size, None, self._moving[1], None, False)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Return the output."""
        moving = self.moving_mean, self.moving_variance
        is_constant = not (isinstance(training, Tensor) or hasattr(training, "tensor"))
        if is_constant and not training:
            return _normalized(inputs, *moving, self.beta, self.gamma, self.epsilon, self.axis)
        seen = _batch_moments(inputs, self.axis, bool(self.fused))
        # The moving moments may be moved by the same step, and are read before.
        mean, variance = _chosen(training, lambda: seen[:2], lambda: (moving[0].value(), moving[1].value()))
        momentum = self.momentum if is_constant else _momentum(training, self.momentum)
        for variable, value in zip(moving, (seen[0], seen[2]), strict=True):
            self.add_update(variable.assign_sub(_step(variable, value, momentum)))
        return _normalized(inputs, mean, variance, self.beta, self.gamma, self.epsilon, self.axis)


@operation(kind="momentum")
def _momentum(training: Any, momentum: float) -> Any:
    """Return the momentum in training, else 1."""
    return ff.where(like(training, None), momentum, 1.0)


@operation(kind="moving_average")
def _step(moving: Any, value: Any, momentum: Any) -> Any:
    """Return (m - v) (1 - momentum), which is taken from a moving average m; none of v where momentum is 1."""
    before = like(moving, None)
    return (before - like(value, before)) * (1.0 - like(momentum, before))


@operation(kind="moments")
def _batch_moments(inputs: Any, axis: int, is_unbiased: bool) -> Any:
    """Return mean and variance of a batch by channel, and the variance that is kept."""
    x = like(inputs, None)
    axes = tuple(place for place in range(x.ndim) if place != axis % x.ndim)
    mean = ff.mean(x, axes, True)
    variance = ff.mean(ff.square(x - mean), axes)
    count = 1
    for place in axes:
        count *= known(x.node.shape)[place]
    kept = variance * (count / max(count - 1, 1)) if is_unbiased else variance
    return ff.squeeze(mean, axes), variance, kept


@operation(kind="batchnorm", called="batchnorm/add_1")
def _normalized(inputs: Any, mean: Any, variance: Any, beta: Any, gamma: Any, epsilon: Any, axis: int) -> Any:
    x = like(inputs, None)
    shape = [-1 if place == axis % x.ndim else 1 for place in range(x.ndim)]
    m, v, b, g = (None if each is None else ff.reshape(like(each, x), shape) for each in (mean, variance, beta, gamma))
    factor = 1.0 / ff.sqrt(v + epsilon)
    factor = factor if g is None else factor * g
    return x * factor + (-m * factor if b is None else b - m * factor)  # type: ignore[operator]


def _as_function(layer: type[Layer], name: str, takes: str = "") -> None:
    """Provide a layer as an object, and as a function of its input and its settings.

    Parameters
    ----------
    layer : type
        The layer.
    name : str
        What the function is called.
    takes : str
        An argument that goes to the call, not to the layer, by name.
    """
    parameters = [
        each
        for each in inspect.signature(layer).parameters.values()
        if each.kind is each.POSITIONAL_OR_KEYWORD and each.name != "name"
    ]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    ends = ["name"] if issubclass(layer, _Pooling | Flatten | Dropout) else ["name", "reuse"]
    more = [inspect.Parameter(takes, kind, default=False)] if takes else []
    at = [each.name for each in parameters].index("trainable") if takes and "trainable" in str(parameters) else None
    order = [*parameters[:at], *more, *parameters[at:]] if at is not None else [*parameters, *more]
    signature = inspect.Signature(
        [inspect.Parameter("inputs", kind), *order, *(inspect.Parameter(each, kind, default=None) for each in ends)]
    )

    def function(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs).arguments
        inputs, called = bound.pop("inputs"), bound.pop("name", None)
        reuse = bound.pop("reuse", None)
        given = {takes: bound.pop(takes)} if takes in bound else {}
        return layer(**bound, name=called, _scope=called, _reuse=reuse)(inputs, **given)

    function.__name__, function.__doc__ = name, layer.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    provide(layer, f"tf.layers.{layer.__name__}")
    provide(function, f"tf.layers.{name}")


for _layer, _name, _takes in (
    (Dense, "dense", ""),
    (Conv1D, "conv1d", ""),
    (Conv2D, "conv2d", ""),
    (Conv2DTranspose, "conv2d_transpose", ""),
    (SeparableConv2D, "separable_conv2d", ""),
    (MaxPooling1D, "max_pooling1d", ""),
    (MaxPooling2D, "max_pooling2d", ""),
    (AveragePooling1D, "average_pooling1d", ""),
    (AveragePooling2D, "average_pooling2d", ""),
    (Flatten, "flatten", ""),
    (Dropout, "dropout", "training"),
    (BatchNormalization, "batch_normalization", "training"),
):
    _as_function(_layer, _name, _takes)

refuse(
    "feedforward has no convolution or pooling in three dimensions. Use tf.layers.conv2d.",
    *(f"tf.layers.{name}" for name in ("conv3d", "conv3d_transpose", "max_pooling3d", "average_pooling3d")),
)
refuse("few programs use it. Use tf.layers.separable_conv2d, or conv1d.", "tf.layers.separable_conv1d")
