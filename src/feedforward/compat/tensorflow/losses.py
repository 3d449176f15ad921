"""``tf.losses``: costs of examples, weighted, added up, and kept in a collection so that a program finds them all."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

import feedforward as ff
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow import maths, nn
from feedforward.compat.tensorflow.arrays import constant, convert_to_tensor, ints, like
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.scopes import name_scope

__all__ = ["Reduction", "compute_weighted_loss"]

F = TypeVar("F", bound=Callable[..., Any])


@provided("tf.losses.Reduction")
class Reduction:
    """How the weighted costs of examples become a loss."""

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_BY_NONZERO_WEIGHTS = SUM_OVER_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all of them."""
        return cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def validate(cls, key: Any) -> None:
        """Raise ValueError unless a reduction is one of them."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}. Expected one of {', '.join(cls.all())}.")


@operation(kind="weighted_loss")
def _weighted(losses: Any, weights: Any, reduction: str) -> Any:
    """Return costs times weights, added up and divided as a reduction says."""
    values = like(losses, None)
    values = values if values.dtype.kind == "f" else ff.cast(values, "float32")
    if type(weights) is float and weights == 1.0 and reduction not in (Reduction.NONE, Reduction.SUM):
        size = math.prod(values.node.shape)
        if type(size) is int and size:
            return ff.sum(values) / float(size)  # what comes of it below, in three nodes
    factors = ff.cast(like(weights, values), values.dtype)
    _check_weights(values, factors)
    products = values * factors
    if reduction == Reduction.NONE:
        return products
    total = ff.sum(products)
    if reduction == Reduction.SUM:
        return total
    ones = ff.Tensor(np.ones(tuple(ints(values.node.shape)), values.dtype))
    if reduction == Reduction.MEAN:
        count = ff.sum(ones * factors)
    elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
        count = ff.sum(ones)
    else:
        count = ff.sum(ff.where(ff.not_equal(factors, 0.0), ones, ones * 0.0))
    is_empty = ff.equal(count, 0.0)
    return ff.where(is_empty, 0.0 * count, total / ff.where(is_empty, 1.0 + 0.0 * count, count))


def _check_weights(values: ff.Tensor, weights: ff.Tensor) -> None:
    sizes = list(zip(weights.node.shape, values.node.shape, strict=False))
    if weights.ndim and (weights.ndim != values.ndim or any(size not in (1, whole) for size, whole in sizes)):
        raise ValueError(
            f"weights can not be broadcast to values. values.rank={values.ndim}. weights.rank={weights.ndim}. "
            f"values.shape={values.shape}. weights.shape={weights.shape}. Expected a number, or one for each value."
        )


@provided("tf.losses.compute_weighted_loss")
def compute_weighted_loss(
    losses: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Return the loss that costs of examples make.

    Parameters
    ----------
    losses : tensor
        What each example costs.
    weights : number or tensor
        What each counts: of the shape of `losses`, sizes of 1 allowed.
    scope : str, optional
        The name scope.
    loss_collection : str, optional
        Where the loss is kept.
    reduction : str
        See `Reduction`; by default the sum divided by the number of weights that are not 0.
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss", (losses, weights)):
        return _kept(losses, weights, loss_collection, reduction)


def _kept(losses: Any, weights: Any, loss_collection: str | None, reduction: str) -> Any:
    Reduction.validate(reduction)
    loss = _weighted(losses, weights, reduction, name="value")  # type: ignore[call-arg]
    add_loss(loss, loss_collection)
    return loss


def _loss(name: str, scope: str, parameters: str, **defaults: Any) -> Callable[[F], F]:
    """Return a decorator that provides a loss of a rule, which returns what each example costs.

    Parameters
    ----------
    name, scope : str
        What it is called, and its default scope.
    parameters : str
        The names of its arguments in TensorFlow's order, before those that all losses have; the rule takes them, but
        not the weights.
    **defaults
        What those are by default that need not be given.
    """
    names = parameters.split()
    ends = {
        "weights": 1.0,
        "scope": None,
        "loss_collection": GraphKeys.LOSSES,
        "reduction": Reduction.SUM_BY_NONZERO_WEIGHTS,
    } | defaults
    order = [*names, *(each for each in ends if each not in names)]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [inspect.Parameter(each, kind, default=ends.get(each, inspect.Parameter.empty)) for each in order]
    )

    def decorate(rule: F) -> F:
        costs = operation(kind=scope)(rule)

        def loss(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            if given.get("dim") is not None:
                given["axis"] = given["dim"]
            with name_scope(given["scope"], scope):
                values = costs(*(given[each] for each in names if each != "weights"))
                return _kept(values, given["weights"], given["loss_collection"], given["reduction"])

        loss.__name__, loss.__doc__ = name, rule.__doc__
        loss.__signature__ = signature  # type: ignore[attr-defined]
        provide(loss, f"tf.losses.{name}")
        return rule

    return decorate


def _floats(predictions: Any, labels: Any) -> tuple[ff.Tensor, ff.Tensor]:
    """Return predictions and labels as floats of one dtype and shape."""
    guessed = like(predictions, None)
    guessed = guessed if guessed.dtype.kind == "f" else ff.cast(guessed, "float32")
    true = ff.cast(like(labels, guessed), guessed.dtype)
    if guessed.node.shape != true.node.shape:
        raise ValueError(
            f"Shapes {guessed.shape} and {true.shape} are incompatible: predictions and labels must be alike."
        )
    return guessed, true


@_loss("mean_squared_error", "mean_squared_error", "labels predictions weights")
def _mean_squared_error(labels: Any, predictions: Any) -> Any:
    """Return the mean of (predictions - labels)^2; see `compute_weighted_loss`."""
    guessed, true = _floats(predictions, labels)
    return ff.square(guessed - true)


@_loss("absolute_difference", "absolute_difference", "labels predictions weights")
def _absolute_difference(labels: Any, predictions: Any) -> Any:
    """Return the mean of |predictions - labels|; see `compute_weighted_loss`."""
    guessed, true = _floats(predictions, labels)
    return ff.abs(guessed - true)


@_loss("huber_loss", "huber_loss", "labels predictions weights delta", delta=1.0)
def _huber_loss(labels: Any, predictions: Any, delta: Any) -> Any:
    """Return half the squared error up to `delta`, and a line beyond; see `compute_weighted_loss`."""
    guessed, true = _floats(predictions, labels)
    error = ff.abs(guessed - true)
    near = maths.minimum(error, like(delta, error))
    return 0.5 * ff.square(near) + like(delta, error) * (error - near)


@_loss("log_loss", "log_loss", "labels predictions weights epsilon", epsilon=1e-7)
def _log_loss(labels: Any, predictions: Any, epsilon: Any) -> Any:
    """Return the cross-entropy of probabilities, to which `epsilon` is added; see `compute_weighted_loss`."""
    guessed, true = _floats(predictions, labels)
    small = like(epsilon, guessed)
    return -true * ff.log(guessed + small) - (1.0 - true) * ff.log(1.0 - guessed + small)


@_loss("hinge_loss", "hinge_loss", "labels logits weights")
def _hinge_loss(labels: Any, logits: Any) -> Any:
    """Return the mean of max(0, 1 - t x), where labels 0 and 1 stand for t = -1 and 1; see `compute_weighted_loss`."""
    scores, true = _floats(logits, labels)
    return ff.relu(1.0 - (2.0 * true - 1.0) * scores)


@_loss("cosine_distance", "cosine_distance_loss", "labels predictions axis weights", axis=None, dim=None)
def _cosine_distance(labels: Any, predictions: Any, axis: Any) -> Any:
    """Return the mean of 1 - the product of vectors of length 1 along an axis; see `compute_weighted_loss`."""
    if axis is None:
        raise ValueError("You must specify 'axis': along which axis the vectors are.")
    guessed, true = _floats(predictions, labels)
    return 1.0 - ff.sum(guessed * true, ints(axis)[0], True)


@operation(kind="smoothed_labels")
def _smoothed(labels: Any, logits: Any, smoothing: float, is_binary: bool) -> Any:
    """Return labels as floats, moved towards equal probabilities."""
    true = ff.cast(like(labels, None), like(logits, None).dtype)
    if not smoothing:
        return ff.stop_gradient(true)
    count = 2 if is_binary else ints(true.node.shape[-1:])[0]
    return ff.stop_gradient(true * (1.0 - smoothing) + smoothing / count)


@provided("tf.losses.sigmoid_cross_entropy")
def sigmoid_cross_entropy(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Return the mean cross-entropy of labels and sigmoid(logits); see `compute_weighted_loss`."""
    with name_scope(scope, "sigmoid_cross_entropy_loss", (logits, multi_class_labels)):
        scores = convert_to_tensor(logits)
        true = _smoothed(multi_class_labels, scores, label_smoothing, True)
        costs = nn.sigmoid_cross_entropy_with_logits(labels=true, logits=scores, name="xentropy")
        return _kept(costs, weights, loss_collection, reduction)


@provided("tf.losses.softmax_cross_entropy")
def softmax_cross_entropy(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Return the mean cross-entropy of rows of labels and softmax(logits); see `compute_weighted_loss`."""
    with name_scope(scope, "softmax_cross_entropy_loss", (logits, onehot_labels)):
        scores = convert_to_tensor(logits)
        true = _smoothed(onehot_labels, scores, label_smoothing, False)
        costs = nn.softmax_cross_entropy_with_logits_v2(labels=true, logits=scores, name="xentropy")
        return _kept(costs, weights, loss_collection, reduction)


@operation(kind="squeezed_labels")
def _one_less_axis(labels: Any, logits: Any) -> Any:
    """Return classes without a last axis of one element where logits have no axis more."""
    classes, scores = like(labels, None), like(logits, None)
    return ff.squeeze(classes, -1) if classes.ndim == scores.ndim and classes.node.shape[-1] == 1 else classes


@provided("tf.losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(
    labels: Any,
    logits: Any,
    weights: Any = 1.0,
    scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Return the mean cross-entropy of classes and softmax(logits); see `compute_weighted_loss`."""
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", (logits, labels)):
        scores = convert_to_tensor(logits)
        classes = _one_less_axis(labels, scores)
        costs = nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=scores, name="xentropy")
        return _kept(costs, weights, loss_collection, reduction)


# The collection


@provided("tf.losses.add_loss")
def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Keep a loss in a collection; where nothing is recorded, there is none."""
    if loss_collection and not is_eager():
        default_graph().add_to_collection(loss_collection, loss)


@provided("tf.losses.get_losses")
def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """Return the losses of a collection."""
    return default_graph().get_collection(loss_collection, scope)


@provided("tf.losses.get_regularization_losses")
def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """Return what variables cost by their regularizers."""
    return default_graph().get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


@provided("tf.losses.get_regularization_loss")
def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """Return the sum of what variables cost by their regularizers."""
    return _total(get_regularization_losses(scope), name) if get_regularization_losses(scope) else constant(0.0)


@provided("tf.losses.get_total_loss")
def get_total_loss(add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None) -> Any:
    """Return the sum of all losses, and of what variables cost unless told otherwise."""
    found = get_losses(scope) + (get_regularization_losses(scope) if add_regularization_losses else [])
    if not found:
        raise ValueError("get_total_loss: there is no loss. Make one with tf.losses.* before.")
    return _total(found, name)


def _total(found: list[Any], name: str) -> Any:
    add: Any = maths.add_n
    return add(found, name=name)


refuse(
    "write it with tf.losses.compute_weighted_loss, from what each example costs.",
    "tf.losses.mean_pairwise_squared_error",
    "tf.contrib.losses",
)
