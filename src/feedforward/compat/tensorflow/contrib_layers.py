"""``tf.contrib.layers``: functions that make a layer's variables in a scope of their own, and regularizers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow import convolutions, initializers, layers, linear_algebra, maths, nn
from feedforward.compat.tensorflow.arrays import constant, convert_to_tensor, identity, ints, like
from feedforward.compat.tensorflow.contrib_framework import add_arg_scope
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.scopes import get_variable, name_scope, variable_scope

__all__: list[str] = []


def _collected(outputs: Any, collections: Any) -> Any:
    if collections and not is_eager():
        default_graph().add_to_collections(collections, outputs)
    return outputs


def _keep(variable: Any, collections: Any) -> None:
    """Keep a variable in collections, or in those that a dict has for its name, unless it is there already."""
    given = collections.get(variable.op.name.rpartition("/")[2]) if isinstance(collections, dict) else collections
    for key in [given] if isinstance(given, str) else given or []:
        if variable not in default_graph().get_collection(key):
            default_graph().add_to_collection(key, variable)


def _variable(name: str, shape: Any, initializer: Any, regularizer: Any, trainable: bool, collections: Any) -> Any:
    """Return a variable of a layer, kept among the model's."""
    given = collections.get(name) if isinstance(collections, dict) else collections
    keys = [
        GraphKeys.GLOBAL_VARIABLES,
        GraphKeys.MODEL_VARIABLES,
        *([given] if isinstance(given, str) else given or []),
    ]
    return get_variable(name, shape, None, initializer, regularizer, trainable, list(dict.fromkeys(keys)))


def _finished(outputs: Any, size: int, settings: dict[str, Any], data_format: str = "NHWC") -> Any:
    """Return outputs with what stands in place of a bias, or the bias, and then the activation."""
    normalizer, initializer = settings["normalizer_fn"], settings["biases_initializer"]
    if normalizer is not None:
        outputs = normalizer(outputs, **(settings["normalizer_params"] or {}))
    elif initializer is not None:
        bias = _variable(
            "biases", [size], initializer, settings["biases_regularizer"], settings["trainable"],
            settings["variables_collections"],
        )  # fmt: skip
        outputs = nn.bias_add(outputs, bias, data_format)
    activation = settings["activation_fn"]
    return _collected(outputs if activation is None else activation(outputs), settings["outputs_collections"])


@provided("tf.contrib.layers.fully_connected", "tf.contrib.layers.relu")
@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: Any,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = initializers.xavier_initializer(),  # noqa: B008  # has no state
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Return activation(x W + b), with variables ``weights`` and ``biases``.

    Parameters
    ----------
    inputs : tensor
        The input x.
    num_outputs : int
        The size of the last axis of the output.
    activation_fn : callable, optional
        The activation; relu by default, None for none.
    normalizer_fn, normalizer_params : callable and dict, optional
        What stands in place of the bias.
    weights_initializer, weights_regularizer, biases_initializer, biases_regularizer
        See `get_variable`; without an initializer there is no bias.
    reuse, scope
        See `variable_scope`.
    variables_collections, outputs_collections : optional
        Where variables and output are kept beside.
    trainable : bool
        Whether optimizers change them.
    """
    settings = dict(locals())
    inputs = convert_to_tensor(inputs)
    with variable_scope(scope, "fully_connected", [inputs], reuse=reuse):
        size, count = layers._channels("fully_connected", inputs.get_shape()), ints(num_outputs)[0]
        weights = _variable(
            "weights", [size, count], weights_initializer, weights_regularizer, trainable, variables_collections
        )
        if inputs.get_shape().ndims > 2:
            outputs = linear_algebra.tensordot(inputs, weights, [[inputs.get_shape().ndims - 1], [0]])
        else:
            outputs = linear_algebra.matmul(inputs, weights)
        return _finished(outputs, count, settings)


provide(functools.partial(fully_connected, activation_fn=None), "tf.contrib.layers.linear")


@provided("tf.contrib.layers.conv2d", "tf.contrib.layers.convolution2d", "tf.contrib.layers.convolution")
@add_arg_scope
def conv2d(
    inputs: Any,
    num_outputs: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: str = "SAME",
    data_format: str | None = None,
    rate: Any = 1,
    activation_fn: Any = nn.relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = initializers.xavier_initializer(),  # noqa: B008  # has no state
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.Zeros(),  # noqa: B008
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Return activation(x * W + b) of images; see `fully_connected`.

    Parameters
    ----------
    kernel_size, stride, rate : int or two of them
        The size of the window, the steps between windows and between their elements.
    padding : {"SAME", "VALID"}
        See `tf.nn.conv2d`.
    data_format : {"NHWC", "NCHW"}
        Where the channels are.
    """
    settings = dict(locals())
    inputs = convert_to_tensor(inputs)
    with variable_scope(scope, "Conv", [inputs], reuse=reuse):
        shape = inputs.get_shape()
        channels, count = layers._channels("conv2d", shape, 1 if data_format == "NCHW" else -1), ints(num_outputs)[0]
        size = [*layers._for_axes(kernel_size, 2), channels, count]
        weights = _variable("weights", size, weights_initializer, weights_regularizer, trainable, variables_collections)
        steps, gaps = list(layers._for_axes(stride, 2)), list(layers._for_axes(rate, 2))
        outputs = convolutions.convolution(inputs, weights, padding, steps, gaps, data_format=data_format)
        return _finished(outputs, count, settings, data_format or "NHWC")


def _pooling(kind: str, default: str) -> Callable[..., Any]:
    """Return a pooling of images."""

    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: str | None = None,
    ) -> Any:
        with name_scope(scope, default, [inputs]):
            sizes, steps = layers._for_axes(kernel_size, 2), layers._for_axes(stride, 2)
            is_first = convolutions.is_channels_first(data_format)
            found = layers._pooled(inputs, kind, sizes, steps, padding.lower(), is_first)
            return _collected(found, outputs_collections)

    pool.__name__ = f"{kind}_pool2d"
    pool.__doc__ = f"Return the {kind} of each window of images; see `tf.nn.{kind[:3]}_pool`."
    return pool


provide(add_arg_scope(_pooling("max", "MaxPool2D")), "tf.contrib.layers.max_pool2d")
provide(add_arg_scope(_pooling("average", "AvgPool2D")), "tf.contrib.layers.avg_pool2d")


@provided("tf.contrib.layers.flatten")
@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Any:
    """Return the elements of each example in one row."""
    with name_scope(scope, "Flatten", [inputs]):
        return _collected(layers._flattened(inputs, False), outputs_collections)


@provided("tf.contrib.layers.dropout")
@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: str | None = None,
    seed: Any = None,
) -> Any:
    """Return the input with elements set to 0 at random in training; see `tf.nn.dropout`."""
    with name_scope(scope, "Dropout", [inputs]):
        found = layers._chosen(
            is_training,
            lambda: nn.dropout(inputs, keep_prob, noise_shape, seed),
            lambda: convert_to_tensor(inputs),
        )
        return _collected(found, outputs_collections)


@provided("tf.contrib.layers.batch_norm")
@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    fused: bool | None = None,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Return what `tf.layers.batch_normalization` does, without gamma unless asked for.

    Parameters
    ----------
    decay : float
        What moving moments keep of themselves in each step.
    updates_collections : str or None
        Where what moves them is kept; None: it is carried out whenever the output is computed in training.
    is_training : bool or tensor
        Whether moments are those of the batch.
    """
    settings: dict[str, Any] = dict(param_initializers or {})
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as found:
        layer = layers.BatchNormalization(
            1 if convolutions.is_channels_first(data_format) else -1, decay, epsilon, center, scale,
            settings.get("beta", initializers.Zeros()), settings.get("gamma", initializers.Ones()),
            settings.get("moving_mean", initializers.Zeros()), settings.get("moving_variance", initializers.Ones()),
            (param_regularizers or {}).get("beta"), (param_regularizers or {}).get("gamma"),
            fused=fused, trainable=trainable, _scope=found, _reuse=reuse,
        )  # fmt: skip
        layer.update_collection = updates_collections
        outputs = layer(inputs, training=is_training)
        for variable in layer.variables:
            _keep(variable, variables_collections)
        if updates_collections is None and layer.updates and not is_eager():
            with default_graph().control_dependencies(layer.updates):
                outputs = identity(outputs)
        return _collected(outputs if activation_fn is None else activation_fn(outputs), outputs_collections)


# Regularizers


def _check_scale(name: str, scale: Any) -> None:
    if isinstance(scale, int | np.integer):
        raise ValueError(f"{name}: scale cannot be an integer: {scale}. Write {scale}.0.")
    if isinstance(scale, float) and scale < 0:
        raise ValueError(f"{name}: setting a scale less than 0 on a regularizer: {scale:g}.")


def _nothing(_: Any) -> None:
    return


@operation(kind="l1_regularizer")
def _l1(weights: Any, scale: float) -> Any:
    return ff.sum(ff.abs(like(weights, None))) * scale


@operation(kind="l2_regularizer")
def _l2(weights: Any, scale: float) -> Any:
    return ff.sum(ff.square(like(weights, None))) * 0.5 * scale


@provided("tf.contrib.layers.l1_regularizer")
def l1_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """Return the function of weights whose value is `scale` times the sum of their sizes."""
    _check_scale("l1_regularizer", scale)
    if scale == 0.0:
        return _nothing

    return lambda weights: _l1(weights, scale, name=scope or "l1_regularizer")  # type: ignore[call-arg]


@provided("tf.contrib.layers.l2_regularizer")
def l2_regularizer(scale: float, scope: str | None = None) -> Callable[[Any], Any]:
    """Return the function of weights whose value is `scale` times half the sum of their squares."""
    _check_scale("l2_regularizer", scale)
    if scale == 0.0:
        return _nothing

    return lambda weights: _l2(weights, scale, name=scope or "l2_regularizer")  # type: ignore[call-arg]


@provided("tf.contrib.layers.l1_l2_regularizer")
def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None) -> Callable[[Any], Any]:
    """Return the function of weights whose value is the sum of those of `l1_regularizer` and `l2_regularizer`."""
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer")


@provided("tf.contrib.layers.sum_regularizer")
def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Callable[[Any], Any]:
    """Return the function of weights whose value is the sum of some others."""
    parts = [each for each in regularizer_list if each is not None and each is not _nothing]

    def total(weights: Any) -> Any:
        with name_scope(scope, "sum_regularizer", [weights]):
            return maths.add_n([part(weights) for part in parts]) if parts else None

    return total


@provided("tf.contrib.layers.apply_regularization")
def apply_regularization(regularizer: Callable[[Any], Any], weights_list: Any = None) -> Any:
    """Return the sum of what weights cost, which is kept among the regularization losses, too."""
    weights = default_graph().get_collection(GraphKeys.WEIGHTS) if weights_list is None else weights_list
    if not weights:
        raise ValueError("No weights to regularize.")
    costs = [cost for cost in map(regularizer, weights) if cost is not None]
    total = maths.add_n(costs) if costs else constant(0.0)
    default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
    return total


refuse(
    "few programs use it. Write it with tf.layers or tf.nn.",
    *(f"tf.contrib.layers.{name}" for name in ("summarize_tensor", "summarize_activation", "optimize_loss", "stack")),
    *(f"tf.contrib.layers.{name}" for name in ("repeat", "separable_conv2d", "layer_norm", "embed_sequence")),
    "tf.contrib.layers.one_hot_encoding",
    "tf.contrib.framework",
)
