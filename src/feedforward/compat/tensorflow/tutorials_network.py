"""``tensorflow.examples.tutorials.mnist.mnist``, the network of the tutorials: two hidden layers of ReLU."""

from __future__ import annotations

import math
from typing import Any

from feedforward.compat.names import provide, provided, submodule

__all__ = ["evaluation", "inference", "loss", "training"]

_MODULES = ("tf.examples.tutorials.mnist.mnist", "tf.g3doc.tutorials.mnist.mnist")


def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{module}.{name}" for module in _MODULES)


_CLASSES = provide(10, *_names("NUM_CLASSES"))
_SIZE = provide(28, *_names("IMAGE_SIZE"))
_PIXELS = provide(_SIZE**2, *_names("IMAGE_PIXELS"))

_tf: Any = submodule("tf")


def _layer(scope: str, inputs: Any, width: int, units: int) -> Any:
    """Return ``inputs W + b``; W is drawn from a cut normal distribution of deviation 1 / sqrt(width), b is zeros."""
    with _tf.name_scope(scope):
        drawn = _tf.truncated_normal([width, units], stddev=1.0 / math.sqrt(float(width)))
        weights = _tf.Variable(drawn, name="weights")
        biases = _tf.Variable(_tf.zeros([units]), name="biases")
        return _tf.matmul(inputs, weights) + biases


@provided(*_names("inference"))
def inference(images: Any, hidden1_units: int, hidden2_units: int) -> Any:
    """Return the logits of images.

    Parameters
    ----------
    images : tensor, shape (n, 784)
        The images.
    hidden1_units, hidden2_units : int
        Units of the hidden layers.
    """
    first = _tf.nn.relu(_layer("hidden1", images, _PIXELS, hidden1_units))
    second = _tf.nn.relu(_layer("hidden2", first, hidden1_units, hidden2_units))
    return _layer("softmax_linear", second, hidden2_units, _CLASSES)


@provided(*_names("loss"))
def loss(logits: Any, labels: Any) -> Any:
    """Return the mean cross-entropy of labels, whole numbers, under logits."""
    labels = _tf.cast(labels, _tf.int64)
    each = _tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
    return _tf.reduce_mean(each, name="xentropy_mean")


@provided(*_names("training"))
def training(loss: Any, learning_rate: float) -> Any:
    """Return the operation of a step of gradient descent, which counts its steps, and summarise the loss."""
    _tf.summary.scalar("loss", loss)
    steps = _tf.Variable(0, name="global_step", trainable=False)
    return _tf.train.GradientDescentOptimizer(learning_rate).minimize(loss, global_step=steps)


@provided(*_names("evaluation"))
def evaluation(logits: Any, labels: Any) -> Any:
    """Return how many labels have the largest logit, as int32."""
    is_right = _tf.nn.in_top_k(logits, labels, 1)
    return _tf.reduce_sum(_tf.cast(is_right, _tf.int32))
