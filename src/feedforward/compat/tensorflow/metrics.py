"""``tf.metrics``: numbers over all batches, kept in local variables that an update operation moves."""

from __future__ import annotations

from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow import arrays
from feedforward.compat.tensorflow.arrays import like
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.scopes import get_variable_scope, variable_scope
from feedforward.compat.tensorflow.variables import GraphVariable

__all__: list[str] = []


def _refuse_eager(name: str) -> None:
    if is_eager():
        raise RuntimeError(
            f"tf.metrics.{name} is not supported when eager execution is enabled. Use tf.keras.metrics, or NumPy."
        )


def _local(name: str, shape: Any = (), dtype: str = "float32") -> GraphVariable:
    """Return a variable that starts from 0, which `tf.local_variables_initializer` sets back."""
    keys = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
    graph = default_graph()
    # Variables have the names of the variable scope, whatever scope of names is entered.
    prefix = get_variable_scope().name
    with graph.name_scope(None):
        return GraphVariable(
            arrays.zeros(list(shape), dtype), False, keys, name=f"{prefix}/{name}" if prefix else name, dtype=dtype
        )


@operation(kind="ratio")
def _ratio(total: Any, count: Any) -> Any:
    """Return total / count, 0 where there is nothing."""
    top, bottom = like(total, None), like(count, None)
    is_empty = ff.equal(bottom, 0.0)
    return ff.where(is_empty, 0.0 * top, top / ff.where(is_empty, 1.0 + 0.0 * bottom, bottom))


@operation(kind="weighted_sums")
def _weighted_sums(values: Any, weights: Any) -> Any:
    """Return the sum of weighted values and that of the weights."""
    x = ff.cast(like(values, None), "float32")
    if weights is None:
        return ff.sum(x), ff.sum(ff.Tensor(np.ones(tuple(arrays.ints(x.node.shape)), np.float32)))
    each = ff.broadcast_to(ff.cast(like(weights, None), "float32"), x.node.shape)
    return ff.sum(x * each), ff.sum(each)


def _collected(value: Any, update: Any, metrics_collections: Any, updates_collections: Any) -> tuple[Any, Any]:
    default_graph().add_to_collections(metrics_collections, value)
    default_graph().add_to_collections(updates_collections, update)
    return value, update


def _mean(values: Any, weights: Any) -> tuple[Any, Any]:
    """Return the mean of all values up to now, and the operation that counts more of them and returns it."""
    total, count = _local("total"), _local("count")
    given, number = _weighted_sums(values, weights)
    value: Any = _ratio
    return value(total, count, name="value"), value(total.assign_add(given), count.assign_add(number), name="update_op")


@provided("tf.metrics.mean")
def mean(
    values: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Return the mean of all values so far, and the operation that adds a batch to them.

    Parameters
    ----------
    values : tensor
        The values of a batch.
    weights : tensor, optional
        What each counts.
    metrics_collections, updates_collections : list of str, optional
        Where what is returned is kept.
    name : str, optional
        The scope of the variables.
    """
    _refuse_eager("mean")
    with variable_scope(name, "mean", (values, weights)):
        return _collected(*_mean(values, weights), metrics_collections, updates_collections)


@operation(kind="is_correct")
def _is_correct(labels: Any, predictions: Any) -> Any:
    """Return 1 where a prediction is the label, else 0."""
    guessed = like(predictions, None)
    true = like(labels, guessed)
    if true.ndim == guessed.ndim + 1:
        true = ff.squeeze(true, -1)
    elif guessed.ndim == true.ndim + 1:
        guessed = ff.squeeze(guessed, -1)
    if true.node.shape != guessed.node.shape:
        raise ValueError(f"Shapes {guessed.shape} and {true.shape} are incompatible: those of predictions and labels.")
    true = true if true.dtype == guessed.dtype else ff.cast(true, guessed.dtype)
    return ff.cast(ff.equal(true, guessed), "float32")


@provided("tf.metrics.accuracy")
def accuracy(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Return which part of all predictions so far is right, and the operation that adds a batch; see `mean`."""
    _refuse_eager("accuracy")
    with variable_scope(name, "accuracy", (predictions, labels, weights)):
        found = _mean(_is_correct(labels, predictions), weights)
        return _collected(*found, metrics_collections, updates_collections)


@operation(kind="Sqrt")
def _root(x: Any) -> Any:
    return ff.sqrt(like(x, None))


def _error(name: str, kind: str) -> None:
    """Provide a metric that is the mean of an error."""

    @operation(kind=name)
    def errors(labels: Any, predictions: Any) -> Any:
        guessed = ff.cast(like(predictions, None), "float32")
        difference = guessed - ff.cast(like(labels, guessed), "float32")
        return ff.abs(difference) if kind == "absolute" else ff.square(difference)

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        _refuse_eager(default)
        with variable_scope(name, default, (predictions, labels, weights)):
            value, update = _mean(errors(labels, predictions), weights)
            if kind == "root":
                value, update = _root(value), _root(update)
            return _collected(value, update, metrics_collections, updates_collections)

    default = name
    metric.__name__ = name
    metric.__doc__ = f"Return the {name.replace('_', ' ')} of all examples so far, and what adds a batch; see `mean`."
    provided(f"tf.metrics.{name}")(metric)


for _name, _kind in (
    ("mean_squared_error", "square"),
    ("mean_absolute_error", "absolute"),
    ("root_mean_squared_error", "root"),
):
    _error(_name, _kind)

# Of truth values

_KINDS = {
    "true_positives": (True, True),
    "false_positives": (False, True),
    "true_negatives": (False, False),
    "false_negatives": (True, False),
}
"""What the label is, and what the prediction."""


@operation(kind="matches")
def _matches(labels: Any, predictions: Any, weights: Any, label: bool, prediction: bool) -> Any:
    """Return how many examples have a label and a prediction, each counted by its weight."""
    true, guessed = ff.cast(like(labels, None), "bool"), ff.cast(like(predictions, None), "bool")
    true = true if label else ff.logical_not(true)
    guessed = guessed if prediction else ff.logical_not(guessed)
    found = ff.cast(ff.logical_and(true, guessed), "float32")
    return ff.sum(found if weights is None else found * ff.cast(like(weights, None), "float32"))


def _count(kind: str, labels: Any, predictions: Any, weights: Any) -> tuple[Any, Any]:
    """Return how many there were so far, and what adds a batch."""
    with variable_scope(None, kind):
        count = _local("count")
        more = _matches(labels, predictions, weights, *_KINDS[kind])
        return count.value(), count.assign_add(more)


def _counting(kind: str) -> None:
    """Provide a metric that counts."""

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        _refuse_eager(kind)
        with variable_scope(name, kind, (predictions, labels, weights)):
            count = _local("count")
            update = count.assign_add(_matches(labels, predictions, weights, *_KINDS[kind]))
            return _collected(count.value(), update, metrics_collections, updates_collections)

    metric.__name__ = kind
    metric.__doc__ = f"Return the number of {kind.replace('_', ' ')} so far, and what adds a batch; see `mean`."
    provided(f"tf.metrics.{kind}")(metric)


for _kind in _KINDS:
    _counting(_kind)


def _share(name: str, other: str) -> None:
    """Provide a metric that is the true positives' share in them and others."""

    def metric(
        labels: Any,
        predictions: Any,
        weights: Any = None,
        metrics_collections: Any = None,
        updates_collections: Any = None,
        name: str | None = None,
    ) -> tuple[Any, Any]:
        _refuse_eager(default)
        with variable_scope(name, default, (predictions, labels, weights)):
            hits, more_hits = _count("true_positives", labels, predictions, weights)
            rest, more_rest = _count(other, labels, predictions, weights)
            ratio: Any = _ratio
            value = ratio(hits, hits + rest, name="value")
            update = ratio(more_hits, more_hits + more_rest, name="update_op")
            return _collected(value, update, metrics_collections, updates_collections)

    default = name
    metric.__name__ = name
    metric.__doc__ = f"Return the {name} of all predictions so far, and what adds a batch; see `mean`."
    provided(f"tf.metrics.{name}")(metric)


_share("precision", "false_positives")
_share("recall", "false_negatives")


@operation(kind="confusion_at_thresholds")
def _at_thresholds(labels: Any, predictions: Any, weights: Any, thresholds: Any) -> Any:
    """Return, for each threshold, how many are true and false positives, true and false negatives: shape (4, n)."""
    true = ff.reshape(ff.cast(like(labels, None), "bool"), [1, -1])
    scores = ff.reshape(ff.cast(like(predictions, None), "float32"), [1, -1])
    each = ff.Tensor(np.ones((1, 1), np.float32))
    if weights is not None:
        shape = like(predictions, None).node.shape
        each = ff.reshape(ff.broadcast_to(ff.cast(like(weights, None), "float32"), shape), [1, -1])
    is_above = ff.greater(scores, ff.Tensor(np.asarray(thresholds, np.float32)[:, None]))
    is_below = ff.logical_not(is_above)
    is_false = ff.logical_not(true)
    found = [(true, is_above), (is_false, is_above), (is_false, is_below), (true, is_below)]
    return ff.stack([ff.sum(ff.cast(ff.logical_and(a, b), "float32") * each, 1) for a, b in found])


@operation(kind="area")
def _area(counts: Any, curve: str) -> Any:
    """Return the area under a curve from its points, by trapezoids."""
    hits, false_alarms, rejections, misses = (like(counts, None)[place] for place in range(4))
    small = 1e-6
    recall = (hits + small) / (hits + misses + small)
    if curve == "ROC":
        x, y = false_alarms / (false_alarms + rejections + small), recall
    else:
        x, y = recall, (hits + small) / (hits + false_alarms + small)
    return ff.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) * 0.5)


@provided("tf.metrics.auc")
def auc(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    num_thresholds: int = 200,
    metrics_collections: Any = None,
    updates_collections: Any = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
) -> tuple[Any, Any]:
    """Return the area under a curve of all predictions so far, and what adds a batch; see `mean`."""
    _refuse_eager("auc")
    if curve not in ("ROC", "PR"):
        raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
    if summation_method != "trapezoidal":
        raise ValueError(f"auc: summation_method={summation_method!r}. Expected 'trapezoidal'.")
    inside = [(place + 1) / (num_thresholds - 1) for place in range(num_thresholds - 2)]
    thresholds = [-1e-7, *inside, 1.0 + 1e-7]
    with variable_scope(name, "auc", (labels, predictions, weights)):
        counts = _local("counts", (4, num_thresholds))
        more = counts.assign_add(_at_thresholds(labels, predictions, weights, thresholds))
        return _collected(_area(counts, curve), _area(more, curve), metrics_collections, updates_collections)


refuse(
    "compute it with NumPy from predictions, or use tf.keras.metrics.",
    *(f"tf.metrics.{name}" for name in ("mean_iou", "mean_per_class_accuracy", "mean_tensor", "percentage_below")),
    *(f"tf.metrics.{name}" for name in ("precision_at_k", "recall_at_k", "average_precision_at_k")),
    *(f"tf.metrics.{name}" for name in ("mean_cosine_distance", "mean_relative_error", "sensitivity_at_specificity")),
    "tf.contrib.metrics",
)
