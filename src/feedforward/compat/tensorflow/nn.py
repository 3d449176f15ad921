"""``tf.nn``: activations, dropout, normalization, cross-entropies from logits, embeddings.

Not here: convolutions and poolings (``convolutions.py``), losses that add up and keep themselves (``losses.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import convert_to_tensor, ints, like, places_of
from feedforward.compat.tensorflow.convolutions import is_channels_first
from feedforward.compat.tensorflow.dispatch import operation
from feedforward.compat.tensorflow.maths import pair
from feedforward.compat.tensorflow.random import drawn, draws_of
from feedforward.compat.version import written_for
from feedforward.nn import activations

__all__ = ["dropout", "relu"]


def _activation(function: Callable[[ff.Tensor], Any], name: str, kind: str, *others: str) -> Callable[..., Any]:
    """Return an operation: an activation of one tensor of floats."""

    def rule(features: Any) -> Any:
        return function(_floats(features, name))

    rule.__name__, rule.__doc__ = name, f"Return what ``tf.nn.{name}`` does, element by element."

    def refuse_text(features: Any) -> None:
        if features.dtype.base_dtype.name == "string":  # where no rule can be tried out
            raise TypeError(f"Value passed to parameter 'features' of {name} has DataType string. Expected floats.")

    return operation(f"tf.nn.{name}", *others, kind=kind, fallback=refuse_text)(rule)


def _floats(value: Any, what: str) -> ff.Tensor:
    x = like(value, None)
    if not isinstance(x, ff.Tensor) or x.dtype.kind not in "fiu":
        raise TypeError(f"{what}: {value!r:.60} holds no numbers. Expected floats.")
    return x


def _selu(x: ff.Tensor) -> Any:
    """Return selu, whose derivative at 0 is that of the side above, as TensorFlow has it."""
    return ff.where(ff.equal(x, 0.0), x * 1.0507009873554805, activations.selu(x))


relu = _activation(activations.relu, "relu", "Relu")
_activation(activations.relu6, "relu6", "Relu6")
_activation(activations.elu, "elu", "Elu")
_activation(_selu, "selu", "Selu")
_activation(activations.softplus, "softplus", "Softplus", "tf.math.softplus")
_activation(activations.softsign, "softsign", "Softsign", "tf.math.softsign")
_activation(activations.swish, "swish", "swish", "tf.nn.silu")


@operation("tf.nn.leaky_relu", kind="LeakyRelu")
def leaky_relu(features: Any, alpha: Any = 0.2) -> Any:
    """Return x where it is positive and alpha x elsewhere."""
    x = _floats(features, "leaky_relu")
    return activations.leaky_relu(x, like(alpha, x))


@operation("tf.nn.crelu", kind="CRelu")
def crelu(features: Any, axis: Any = -1) -> Any:
    """Return relu(x) and relu(-x) put together along an axis."""
    x = _floats(features, "crelu")
    return activations.relu(ff.concatenate([x, -x], ints(axis)[0]))


def _along(axis: Any, dim: Any) -> int:
    given = axis if dim is None else dim
    return -1 if given is None else ints(given)[0]


@operation("tf.nn.softmax", "tf.math.softmax", "tf.contrib.layers.softmax", kind="Softmax")
def softmax(logits: Any, axis: Any = None, *, dim: Any = None) -> Any:
    """Return exp(x) / sum(exp(x)) along an axis, by default the last."""
    return activations.softmax(_floats(logits, "softmax"), _along(axis, dim))


@operation("tf.nn.log_softmax", "tf.math.log_softmax", kind="LogSoftmax")
def log_softmax(logits: Any, axis: Any = None, *, dim: Any = None) -> Any:
    """Return the logarithm of softmax along an axis, by default the last."""
    return activations.log_softmax(_floats(logits, "log_softmax"), _along(axis, dim))


# Dropout


def _shape_of_first(x: Any, *_: Any, **__: Any) -> Any:
    return x.shape


# Its keep_prob is mostly fed, and a placeholder without a shape would leave open the output's, too.
@operation(kind="dropout", fallback=_shape_of_first)
def _dropout(x: Any, keep_prob: Any, noise_shape: Any, draws: Any) -> Any:
    """Return x divided by `keep_prob` where a number drawn is below it, and 0 elsewhere."""
    value = like(x, None)
    if value.dtype.kind != "f":
        raise ValueError(f"x has to be a floating point tensor since it's going to be scaled. Got {value.dtype.name}.")
    shape = ints(value.node.shape) if noise_shape is None else ints(noise_shape)
    shape = [size if given < 0 else given for size, given in zip(ints(value.node.shape), shape, strict=True)]
    numbers = drawn(
        draws,
        lambda stream: stream.uniform(tuple(shape), value.dtype.name),
        lambda: ff.random.uniform(shape, dtype=value.dtype),
        shape,
        value.dtype,
        "uniform",
    )
    kept = like(keep_prob, value)
    return value / kept * ff.floor(kept + numbers)


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: Any = None, name: str | None = None, rate: Any = None
) -> Any:
    """Return x with elements set to 0 at random, and the others scaled up so that the mean stays.

    Parameters
    ----------
    x : tensor
        What is dropped from.
    keep_prob : float or tensor
        The probability that an element stays.
    noise_shape : sequence of int, optional
        The shape of what is drawn; along an axis of 1 elements stay or go together.
    seed : int, optional
        The operation's seed.
    rate : float or tensor, optional
        1 - keep_prob.

    Raises
    ------
    ValueError
        If both are given, neither, or one outside of its range.
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError(f"dropout: keep_prob={keep_prob!r} and rate={rate!r}. Expected one of them.")
    if isinstance(rate, int | float | np.number) and not 0 <= rate < 1:
        raise ValueError(f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}")
    if isinstance(keep_prob, int | float | np.number) and not 0 < keep_prob <= 1:
        raise ValueError(f"keep_prob must be a scalar tensor or a float in the range (0, 1], got {keep_prob:g}")
    kept = keep_prob if rate is None else 1 - rate
    if isinstance(kept, int | float | np.number) and kept == 1:
        return convert_to_tensor(x)
    return _dropout(x, kept, noise_shape, draws_of(seed), name=name)  # type: ignore[call-arg]


def _dropout_2(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: str | None = None) -> Any:
    """Return x with elements set to 0 with probability `rate`; see `dropout`."""
    return dropout(x, None, noise_shape, seed, name, rate)


# Normalization


@operation("tf.nn.moments", kind="moments")
def moments(x: Any, axes: Any, shift: Any = None, *, keep_dims: Any = None, keepdims: Any = None) -> Any:
    """Return mean and variance over some axes."""
    value = _floats(x, "moments")
    keep = bool(keepdims if keep_dims is None else keep_dims)
    return _moments(value, tuple(ints(axes)), keep)


def _moments(x: ff.Tensor, axes: tuple[int, ...], keep: bool) -> tuple[Any, Any]:
    mean = ff.mean(x, axes, True)
    variance = ff.mean(ff.square(x - ff.stop_gradient(mean)), axes, keep)
    return (mean if keep else ff.squeeze(mean, axes)), variance


@operation("tf.nn.weighted_moments", kind="weighted_moments")
def weighted_moments(x: Any, axes: Any, frequency_weights: Any, *, keep_dims: Any = None, keepdims: Any = None) -> Any:
    """Return mean and variance over some axes, in which elements have weights."""
    value = _floats(x, "weighted_moments")
    weights = ff.broadcast_to(ff.cast(like(frequency_weights, value), value.dtype), value.node.shape)
    over = tuple(ints(axes))
    total = ff.sum(weights, over, True)
    mean = ff.sum(weights * value, over, True) / total
    variance = ff.sum(weights * ff.square(value - mean), over, True) / total
    if keepdims or keep_dims:
        return mean, variance
    return ff.squeeze(mean, over), ff.squeeze(variance, over)


@operation("tf.nn.batch_normalization", kind="batchnorm", called="batchnorm/add_1")
def batch_normalization(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any) -> Any:
    """Return scale (x - mean) / sqrt(variance + epsilon) + offset; None for either leaves it out."""
    value = _floats(x, "batch_normalization")
    return _standardised(value, like(mean, value), like(variance, value), offset, scale, like(variance_epsilon, value))


def _standardised(x: ff.Tensor, mean: Any, variance: Any, offset: Any, scale: Any, epsilon: Any) -> Any:
    factor = 1.0 / ff.sqrt(variance + epsilon)
    factor = factor if scale is None else factor * like(scale, x)
    shift = -mean * factor if offset is None else like(offset, x) - mean * factor
    return x * factor + shift


@operation("tf.nn.fused_batch_norm", kind="FusedBatchNormV3")
def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
) -> Any:
    """Return images standardised by channel, and mean and variance of the batch, the latter with divisor n - 1."""
    value = _floats(x, "fused_batch_norm")
    at = 1 if is_channels_first(data_format) else value.ndim - 1
    axes = tuple(axis for axis in range(value.ndim) if axis != at)
    shape = [-1 if axis == at else 1 for axis in range(value.ndim)]
    if is_training:
        means, variances = _moments(value, axes, False)
    else:
        means, variances = like(mean, value), like(variance, value)
    mean, variance, offset, scale = (ff.reshape(like(each, value), shape) for each in (means, variances, offset, scale))
    y = _standardised(value, mean, variance, offset, scale, epsilon)
    if not is_training:
        return y, means, variances
    count = math.prod(ints([value.node.shape[axis] for axis in axes]))
    return y, means, variances * (count / max(count - 1, 1))


@operation("tf.nn.bias_add", kind="BiasAdd")
def bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    """Return a bias added along the last axis, or along the channels of ``NCHW``."""
    x, shift = pair(value, bias)
    if shift.ndim != 1:
        raise ValueError(f"Shape must be rank 1 but is rank {shift.ndim} for 'BiasAdd': a bias is a vector.")
    at = 1 if is_channels_first(data_format) else x.ndim - 1
    if shift.node.shape[0] != x.node.shape[at]:
        raise ValueError(
            f"Dimensions must be equal, but are {x.node.shape[at]} and {shift.node.shape[0]} for 'BiasAdd'."
        )
    return x + ff.reshape(shift, [-1 if axis == at else 1 for axis in range(x.ndim)])


@operation("tf.nn.xw_plus_b", kind="xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any) -> Any:
    """Return x W + b."""
    left, right = pair(x, weights)
    return left @ right + like(biases, left)


@operation("tf.nn.relu_layer", kind="relu_layer")
def relu_layer(x: Any, weights: Any, biases: Any) -> Any:
    """Return relu(x W + b)."""
    left, right = pair(x, weights)
    return activations.relu(left @ right + like(biases, left))


@operation("tf.nn.l2_loss", kind="L2Loss")
def l2_loss(t: Any) -> Any:
    """Return half the sum of squares."""
    return ff.sum(ff.square(_floats(t, "l2_loss"))) * 0.5


@operation("tf.nn.zero_fraction", "tf.math.zero_fraction", kind="zero_fraction")
def zero_fraction(value: Any) -> Any:
    """Return which part of the elements is 0."""
    x = like(value, None)
    return ff.mean(ff.cast(ff.equal(x, ff.Tensor(np.zeros((), x.dtype))), "float32"))


# Cross-entropies from logits


def _logits_and_labels(what: str, args: tuple[Any, ...], labels: Any, logits: Any) -> tuple[Any, Any]:
    """Return labels and logits: by name since TensorFlow 1.0, by position logits first before, labels since 2.0."""
    version = written_for().tensorflow
    if args and (1, 0) <= version < (2, 0):
        raise ValueError(f"Only call `{what}` with named arguments (labels=..., logits=..., ...)")
    given = iter(args)
    if version < (1, 0):
        logits = next(given, logits)
        labels = next(given, labels)
    else:
        labels = next(given, labels)
        logits = next(given, logits)
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")
    return labels, logits


def _shifted(logits: ff.Tensor, axis: int) -> tuple[ff.Tensor, Any]:
    """Return logits less their maximum, and the logarithm of the sum of their exponentials."""
    shifted = logits - ff.stop_gradient(ff.max(logits, axis, True))
    return shifted, ff.log(ff.sum(ff.exp(shifted), axis, True))


@operation(kind="softmax_cross_entropy_with_logits")
def _softmax_cross_entropy(labels: Any, logits: Any, axis: Any, is_label_constant: bool) -> Any:
    """Return - sum of labels times log softmax(logits), whose derivative is softmax(logits) - labels.

    TensorFlow takes labels to add up to 1 in the derivative; where they do not, it is not that of the value.
    """
    scores = _floats(logits, "softmax_cross_entropy_with_logits")
    targets = ff.cast(like(labels, scores), scores.dtype)
    targets = ff.stop_gradient(targets) if is_label_constant else targets
    if len(targets.node.shape) != len(scores.node.shape):
        raise ValueError(
            f"logits and labels must be of one shape: logits_size={scores.shape} labels_size={targets.shape}"
        )
    at = ints(axis)[0]
    shifted, total = _shifted(scores, at)
    count = ff.sum(targets, at, True)
    whole = total + (count - 1.0) * ff.stop_gradient(total)
    return ff.squeeze(whole, at) - ff.sum(targets * shifted, at)


@provided("tf.nn.softmax_cross_entropy_with_logits")
def softmax_cross_entropy_with_logits(
    *args: Any,
    labels: Any = None,
    logits: Any = None,
    dim: Any = -1,
    name: str | None = None,
    axis: Any = None,
) -> Any:
    """Return the cross-entropy of each row of probabilities `labels` and softmax(logits).

    Before TensorFlow 2.0 no gradient goes to the labels.
    """
    dim, name = _trailing(args, dim, name)
    labels, logits = _logits_and_labels("softmax_cross_entropy_with_logits", args[:2], labels, logits)
    at, is_old = dim if axis is None else axis, written_for().tensorflow < (2, 0)
    return _softmax_cross_entropy(labels, logits, at, is_old, name=name)  # type: ignore[call-arg]


def _trailing(args: tuple[Any, ...], dim: Any, name: Any) -> tuple[Any, Any]:
    """Return the axis and the name, which may follow labels and logits by position."""
    rest = list(args[2:])
    if rest and not isinstance(rest[0], str):
        dim = rest.pop(0)
    return dim, rest[0] if rest else name


@provided("tf.nn.softmax_cross_entropy_with_logits_v2")
def softmax_cross_entropy_with_logits_v2(
    labels: Any = None, logits: Any = None, axis: Any = None, name: str | None = None, dim: Any = None
) -> Any:
    """Return the cross-entropy of each row of probabilities `labels` and softmax(logits); both have a gradient."""
    at = axis if dim is None else dim
    return _softmax_cross_entropy(labels, logits, -1 if at is None else at, False, name=name)  # type: ignore[call-arg]


@operation(kind="SparseSoftmaxCrossEntropyWithLogits")
def _sparse_softmax_cross_entropy(labels: Any, logits: Any) -> Any:
    """Return - log softmax(logits) of the class of each row."""
    scores, classes = _floats(logits, "sparse_softmax_cross_entropy_with_logits"), places_of(labels)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"labels have dtype {classes.dtype.name}. Expected int32 or int64.")
    if classes.ndim != scores.ndim - 1:
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {classes.ndim}) should equal rank of logits minus 1 (received "
            f"{scores.ndim})."
        )
    shifted, total = _shifted(scores, -1)
    own = ff.take_along_axis(shifted, ff.expand_dims(classes, -1), shifted.ndim - 1)
    return ff.squeeze(total - own, -1)


@provided("tf.nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(
    *args: Any, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Return the cross-entropy of each row's class and softmax(logits)."""
    labels, logits = _logits_and_labels("sparse_softmax_cross_entropy_with_logits", args[:2], labels, logits)
    return _sparse_softmax_cross_entropy(labels, logits, name=name)  # type: ignore[call-arg]


def _binary_parts(logits: ff.Tensor) -> tuple[Any, Any]:
    """Return max(x, 0) and -|x|, whose derivatives at 0 are those of the side above, as TensorFlow has it."""
    is_up = ff.greater_equal(logits, 0.0)
    return ff.where(is_up, logits, 0.0), ff.where(is_up, -logits, logits)


@operation(kind="logistic_loss")
def _sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    """Return max(x, 0) - x z + log(1 + exp(-|x|))."""
    scores, targets = pair(logits, labels)
    if scores.node.shape != targets.node.shape:
        raise ValueError(f"logits and labels must have the same shape ({scores.shape} vs {targets.shape})")
    above, below = _binary_parts(scores)
    return above - scores * targets + ff.log1p(ff.exp(below))


@provided("tf.nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(
    *args: Any, labels: Any = None, logits: Any = None, name: str | None = None, targets: Any = None
) -> Any:
    """Return the cross-entropy of probabilities `labels` and sigmoid(logits), element by element."""
    given = labels if targets is None else targets
    labels, logits = _logits_and_labels("sigmoid_cross_entropy_with_logits", args[:2], given, logits)
    return _sigmoid_cross_entropy(labels, logits, name=name)  # type: ignore[call-arg]


@operation(kind="logistic_loss")
def _weighted_cross_entropy(targets: Any, logits: Any, pos_weight: Any) -> Any:
    scores, wanted = pair(logits, targets)
    weight = 1.0 + (like(pos_weight, scores) - 1.0) * wanted
    rest = ff.log1p(ff.exp(-ff.abs(scores))) + activations.relu(-scores)
    return (1.0 - wanted) * scores + weight * rest


@provided("tf.nn.weighted_cross_entropy_with_logits")
def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Any:
    """Return what `sigmoid_cross_entropy_with_logits` does, in which positive examples count `pos_weight` times."""
    given = labels if targets is None else targets
    return _weighted_cross_entropy(given, logits, pos_weight, name=name)  # type: ignore[call-arg]


@operation("tf.nn.log_poisson_loss", kind="log_poisson_loss")
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False) -> Any:
    """Return exp(c) - z c, with Stirling's approximation of log z! where the whole is asked for."""
    rates, counts = pair(log_input, targets)
    loss = ff.exp(rates) - rates * counts
    if not compute_full_loss:
        return loss
    is_small = ff.logical_and(ff.greater_equal(counts, 0.0), ff.less_equal(counts, 1.0))
    safe = ff.where(is_small, 1.0, counts)
    stirling = safe * ff.log(safe) - safe + 0.5 * ff.log(2.0 * math.pi * safe)
    return loss + ff.where(is_small, 0.0, stirling)


@operation("tf.nn.embedding_lookup", kind="embedding_lookup")
def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    *,
    validate_indices: bool = True,
    max_norm: Any = None,
) -> Any:
    """Return the rows of a table that ids name, scaled down to a norm of at most `max_norm` if there is one."""
    tables = params if isinstance(params, list | tuple) else [params]
    if len(tables) != 1:
        raise ValueError(
            f"embedding_lookup: params are {len(tables)} tables. Expected one; put them together with tf.concat."
        )
    rows = ff.take(like(tables[0], None), places_of(ids), 0)
    if max_norm is None:
        return rows
    axes = tuple(range(like(ids, None).ndim, rows.ndim))
    length = ff.sqrt(ff.sum(ff.square(rows), axes, True))
    return rows * like(max_norm, rows) / ff.maximum(length, like(max_norm, rows))


class _Dropout:
    """`tf.nn.dropout`, whose second argument is what to keep before TensorFlow 2.0, and what to drop since."""

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return (dropout if written_for().tensorflow < (2, 0) else _dropout_2)(x, *args, **kwargs)


provide(_Dropout(), "tf.nn.dropout")

refuse(
    "losses that sample classes are not provided. Use tf.nn.sparse_softmax_cross_entropy_with_logits over all classes.",
    *(f"tf.nn.{name}" for name in ("nce_loss", "sampled_softmax_loss", "learned_unigram_candidate_sampler")),
    *(f"tf.nn.{name}" for name in ("log_uniform_candidate_sampler", "uniform_candidate_sampler")),
)
refuse(
    "sparse tensors are not provided. Use tf.nn.embedding_lookup, and sum with tf.reduce_sum.",
    "tf.nn.embedding_lookup_sparse",
)
refuse(
    "few programs use it. Use tf.nn.moments.",
    *(
        f"tf.nn.{name}"
        for name in ("sufficient_statistics", "normalize_moments", "batch_norm_with_global_normalization")
    ),
)
