"""Losses and metrics of Keras 1 and 2, as functions and as what `compile` takes.

Formulas: ``keras/losses.py`` and ``keras/backend/tensorflow_backend.py`` of Keras 2.2.4, and those of the Keras in
TensorFlow 2.0 where a program was written for it. Unlike our own losses they take any targets, as Keras did; the
cross-entropies of the package clip probabilities to [1e-7, 1 - 1e-7], also where they come straight from a softmax.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from feedforward import functions as f
from feedforward import ops
from feedforward.compat.keras.computing.boundary import entry, has_graph_tensor, seen, taken
from feedforward.compat.keras.computing.numbers import EPSILON
from feedforward.compat.keras.models.closures import connected
from feedforward.compat.keras.models.serializing import Kind, own_objects
from feedforward.compat.keras.spelling import is_alone, is_keras_1, is_tensorflow_2, keeps_names
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.graphs.graph import default_graph
from feedforward.functions import abs, clip, exp, expand_dims, log, log1p, maximum, mean, square, sum, where
from feedforward.lookup import did_you_mean
from feedforward.nn.activations import log_softmax, logits_of, softplus
from feedforward.nn.config import snake_case
from feedforward.nn.loss import Loss, OutputShape, align, labels_of, mean_of_sample
from feedforward.nn.metrics.metric import Metric
from feedforward.tensor import Tensor, of_node

__all__ = [
    "MEASURES",
    "OBJECTS",
    "CalledLoss",
    "CalledMetric",
    "as_loss",
    "as_metric",
    "binary",
    "categorical",
    "loss_function",
    "sparse",
    "binary_accuracy",
    "categorical_accuracy",
    "fbeta_score",
    "fmeasure",
    "precision",
    "recall",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

Function = Callable[..., Tensor]

_FUNCTIONS: dict[str, Function] = {}
"""Losses by all of their names."""

MEASURES: dict[str, Function] = {}
"""Metrics that are no losses, by name."""

OBJECTS: dict[type, Callable[[Any], Any]] = {}
"""Classes of losses and metrics that hold a function, and what makes of one what `compile` takes."""


def loss_function(name: str) -> Function:
    """Return the loss function of a name."""
    return _FUNCTIONS[name]


def _of_object(thing: Any) -> Any:
    """Return what `compile` takes of a loss or metric that is an object or such a class, or the thing itself."""
    for kind, make in OBJECTS.items():
        if isinstance(thing, kind):
            return make(thing)
        if isinstance(thing, type) and issubclass(thing, kind):
            return make(thing())
    return thing


def _tensor(value: Any) -> Tensor:
    value = taken(value)
    return value if isinstance(value, Tensor) else Tensor(value)


def _loss(*names: str) -> Callable[[Function], Function]:
    """Return a decorator that lets programs know a function of targets and predictions as loss and as metric."""

    def enter(function: Function) -> Function:
        def called(y_true: Any, y_pred: Any, **settings: Any) -> Tensor:
            if has_graph_tensor((y_true, y_pred)):
                recorded: Tensor = default_graph().record(function.__name__, called, (y_true, y_pred), settings)
                return recorded
            y, p = _tensor(y_true), _tensor(y_pred)
            y = f.cast(y, p.dtype) if y.dtype != p.dtype and p.dtype.kind == "f" else y
            result = function(y, p, **settings)
            is_inner = isinstance(y_true, Tensor) and isinstance(y_pred, Tensor)
            shown: Tensor = result if is_inner else seen(result)
            return shown

        called.__name__ = function.__name__
        called.__doc__ = function.__doc__
        for name in (function.__name__, *names):
            _FUNCTIONS[name] = called
            provide(called, *(f"keras.{module}.{name}" for module in ("losses", "objectives", "metrics")))
        return called

    return enter


@_loss("mse", "MSE")
def mean_squared_error(y: Tensor, p: Tensor) -> Tensor:
    """Return mean((p - y)^2) over the last axis."""
    return mean(square(p - y), -1)


@_loss("mae", "MAE")
def mean_absolute_error(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(|p - y|) over the last axis."""
    return mean(abs(p - y), -1)


@_loss("mape", "MAPE")
def mean_absolute_percentage_error(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(100 |(y - p) / max(|y|, 1e-7)|) over the last axis."""
    return mean(abs((y - p) / maximum(abs(y), EPSILON.value)), -1) * 100.0


@_loss("msle", "MSLE")
def mean_squared_logarithmic_error(y: Tensor, p: Tensor) -> Tensor:
    """Return mean((log(max(p, 1e-7) + 1) - log(max(y, 1e-7) + 1))^2) over the last axis."""
    return mean(square(log(maximum(p, EPSILON.value) + 1.0) - log(maximum(y, EPSILON.value) + 1.0)), -1)


def _signs(y: Tensor) -> Tensor:
    """Return targets of a margin: in TensorFlow 2 targets that are all 0 or 1 become -1 or 1."""
    if not is_tensorflow_2():
        return y
    is_binary = f.all((y == 0.0) | (y == 1.0))
    return where(is_binary, y * 2.0 - 1.0, y)


@_loss()
def squared_hinge(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(max(1 - y p, 0)^2) over the last axis."""
    return mean(square(maximum(1.0 - _signs(y) * p, 0.0)), -1)


@_loss()
def hinge(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(max(1 - y p, 0)) over the last axis."""
    return mean(maximum(1.0 - _signs(y) * p, 0.0), -1)


@_loss()
def categorical_hinge(y: Tensor, p: Tensor) -> Tensor:
    """Return max(0, largest of the wrong outputs - the right one + 1)."""
    return maximum(f.max((1.0 - y) * p, -1) - sum(y * p, -1) + 1.0, 0.0)


@_loss("log_cosh")
def logcosh(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(log(cosh(p - y))) over the last axis."""
    d = p - y
    return mean(d + softplus(d * -2.0) - 0.6931471805599453, -1)


@_loss("kld", "KLD")
def kullback_leibler_divergence(y: Tensor, p: Tensor) -> Tensor:
    """Return sum(y log(y / p)) over the last axis, both kept in [1e-7, 1]."""
    y, p = clip(y, EPSILON.value, 1.0), clip(p, EPSILON.value, 1.0)
    return sum(y * log(y / p), -1)


@_loss()
def poisson(y: Tensor, p: Tensor) -> Tensor:
    """Return mean(p - y log(p + 1e-7)) over the last axis."""
    return mean(p - y * log(p + EPSILON.value), -1)


@_loss("cosine", "cosine_similarity")
def cosine_proximity(y: Tensor, p: Tensor) -> Tensor:
    """Return minus the cosine of the angle of y and p; in Keras 1 divided by the size of the axis."""
    products = _unit(y) * _unit(p)
    return -mean(products, -1) if is_keras_1() else -sum(products, -1)


def _unit(x: Tensor) -> Tensor:
    return x / f.sqrt(maximum(sum(square(x), -1, keepdims=True), 1e-12))


def _logits(p: Tensor, kind: str) -> Tensor | None:
    """Return what probabilities come from, where the program's Keras looks for it: the one in TensorFlow does."""
    origin = None if is_alone() else logits_of(p)
    return origin[1] if origin is not None and origin[0] == kind else None


def categorical(y: Tensor, p: Tensor, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return -sum(y log(p)) along an axis, p divided by its sum and clipped."""
    z = p if from_logits else _logits(p, "softmax")
    if z is not None:
        return -sum(y * log_softmax(z, axis), axis)
    p = clip(p / sum(p, axis, keepdims=True), EPSILON.value, 1.0 - EPSILON.value)
    return -sum(y * log(p), axis)


def sparse(y: Tensor, p: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log(p of the right class), of p that is clipped, its logarithm taken for logits."""
    z = p if from_logits else _logits(p, "softmax")
    if z is None:
        z = log(clip(p, EPSILON.value, 1.0 - EPSILON.value))
    labels = labels_of(y, p)
    return -f.squeeze(f.take_along_axis(log_softmax(z), expand_dims(labels, -1), -1), -1)


def binary(y: Tensor, p: Tensor, from_logits: bool = False) -> Tensor:
    """Return -y log(p) - (1 - y) log(1 - p) of each output, p clipped."""
    z = p if from_logits else _logits(p, "sigmoid")
    if z is not None:
        return maximum(z, 0.0) - z * y + log1p(exp(-abs(z)))
    p = clip(p, EPSILON.value, 1.0 - EPSILON.value)
    if is_tensorflow_2():
        return -(y * log(p + EPSILON.value) + (1.0 - y) * log(1.0 - p + EPSILON.value))
    z = log(p / (1.0 - p))  # as the backend does, whose roundings these are
    return maximum(z, 0.0) - z * y + log1p(exp(-abs(z)))


@_loss()
def categorical_crossentropy(y: Tensor, p: Tensor, from_logits: bool = False, label_smoothing: float = 0.0) -> Tensor:
    """Return -sum(y log(p)) over the last axis."""
    y = y * (1.0 - label_smoothing) + label_smoothing / float(p.shape[-1] or 1) if label_smoothing else y
    return categorical(y, p, from_logits)


@_loss()
def sparse_categorical_crossentropy(y: Tensor, p: Tensor, from_logits: bool = False) -> Tensor:
    """Return -log(p of the right class)."""
    return sparse(y, p, from_logits)


@_loss("bce", "BCE")
def binary_crossentropy(y: Tensor, p: Tensor, from_logits: bool = False, label_smoothing: float = 0.0) -> Tensor:
    """Return the mean of -y log(p) - (1 - y) log(1 - p) over the last axis."""
    y = y * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y
    return mean(binary(y, p, from_logits), -1)


def _measure(function: Function) -> Function:
    """Let programs know a metric."""
    MEASURES[function.__name__] = function
    return entry(f"keras.metrics.{function.__name__}")(function)


def _as_number(is_right: Tensor) -> Tensor:
    return f.cast(is_right, "float32")


@_measure
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return the share of outputs that are on the right side of 1/2."""
    y, p = align(_tensor(y_true), _tensor(y_pred))
    return mean(_as_number(y == _as_number(p > threshold)), -1)


@_measure
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest output is where the largest target is."""
    return _as_number(f.argmax(_tensor(y_true), -1) == f.argmax(_tensor(y_pred), -1))


@_measure
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest output is that of the label."""
    p = _tensor(y_pred)
    return _as_number(f.argmax(p, -1) == labels_of(_tensor(y_true), p))


@_measure
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the class of the largest target is among the k largest outputs."""
    return _in_top_k(f.argmax(_tensor(y_true), -1), _tensor(y_pred), k)


@_measure
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the label is among the k largest outputs."""
    p = _tensor(y_pred)
    return _in_top_k(labels_of(_tensor(y_true), p), p, k)


def _in_top_k(labels: Tensor, p: Tensor, k: int) -> Tensor:
    """Return 1 where fewer than k outputs are larger: those that are equal count in, as in TensorFlow."""
    own = f.take_along_axis(p, expand_dims(labels, -1), -1)
    return _as_number(sum(_as_number(p > own), -1) < float(k))


def _rounded(x: Tensor) -> Tensor:
    return _as_number(clip(x, 0.0, 1.0) > 0.5)


@_measure
def precision(y_true: Any, y_pred: Any) -> Tensor:
    """Return the share of what is found that is right, of one batch: Keras 1's."""
    y, p = align(_tensor(y_true), _tensor(y_pred))
    return sum(_rounded(y * p)) / (sum(_rounded(p)) + EPSILON.value)


@_measure
def recall(y_true: Any, y_pred: Any) -> Tensor:
    """Return the share of what is right that is found, of one batch: Keras 1's."""
    y, p = align(_tensor(y_true), _tensor(y_pred))
    return sum(_rounded(y * p)) / (sum(_rounded(y)) + EPSILON.value)


@_measure
def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1.0) -> Tensor:
    """Return the weighted harmonic mean of precision and recall, of one batch: Keras 1's."""
    p, r, square_of = precision(y_true, y_pred), recall(y_true, y_pred), beta**2
    return p * r * (1.0 + square_of) / (p * square_of + r + EPSILON.value)


@_measure
def fmeasure(y_true: Any, y_pred: Any) -> Tensor:
    """Return the harmonic mean of precision and recall, of one batch: Keras 1's."""
    return fbeta_score(y_true, y_pred)


@dataclass(frozen=True)
class CalledLoss(Loss):
    """A loss that is a function of Keras's kind: of targets and predictions, it returns a number for each sample.

    Parameters
    ----------
    function : callable
        It may return more numbers for each, whose mean counts, or one for all.
    of : callable, optional
        The function of Keras's own that this is with other settings.
    """

    function: Function
    of: Function | None = None

    @property
    def _plain(self) -> Function:
        """The function of Keras's own that it is, whatever its settings."""
        return self.of or self.function

    @property
    def _name(self) -> str:
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def _is_known(self) -> bool:
        return _FUNCTIONS.get(self._plain.__name__) is self._plain

    @property
    def _repeats(self) -> bool:
        return self._is_known

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each sample."""
        y, p = y_true, y_pred
        if self.function is not _FUNCTIONS["sparse_categorical_crossentropy"]:
            y = f.cast(y, p.dtype)
            if y.ndim == p.ndim - 1 and p.shape[-1] == 1:  # a column, as Keras feeds it
                y = expand_dims(y, -1)
        values = connected(taken(self.function(seen(y), seen(p))))
        if not isinstance(values, Tensor):
            raise TypeError(f"loss {self._name}: it returned {values!r:.80}. It must return a tensor.")
        if values.ndim == 0:
            return f.broadcast_to(values, (p.node.shape[0],))
        return mean_of_sample(values)

    def check(self, y: Any, output_shape: tuple[int | None, ...]) -> None:
        """Check what Keras did: that there is a target for each output, a label for each row."""
        if self._plain is _FUNCTIONS["sparse_categorical_crossentropy"]:
            self._check_labels(y, output_shape)
        elif self._is_known:
            self._check_shape(y, output_shape)

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return what "accuracy" stands for; `as_metric` knows it."""
        raise NotImplementedError(f"{self._name}: as_metric says what accuracy is.")

    def accuracy_function(self, output_shape: OutputShape) -> Function:
        """Return what "accuracy" stands for beside this loss."""
        has_one = len(output_shape) < 2 or output_shape[-1] == 1
        if has_one or self._plain is _FUNCTIONS["binary_crossentropy"]:
            return binary_accuracy
        is_sparse = self._plain is _FUNCTIONS["sparse_categorical_crossentropy"]
        return sparse_categorical_accuracy if is_sparse else categorical_accuracy


@dataclass(frozen=True)
class CalledMetric(Metric):
    """The mean over samples of what a function of targets and predictions returns for each, or for a batch."""

    function: Function = field(default=NotImplemented)

    def totals(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the sum over a batch, and its number of samples."""
        y, p = _tensor(y_true), _tensor(y_pred)
        if y.ndim == p.ndim - 1 and p.shape[-1] == 1:
            y = expand_dims(y, -1)
        y = y if y.dtype.kind == "f" else f.cast(y, p.dtype)
        values = connected(_tensor(self.function(seen(y), seen(p))))
        count = of_node(ops.size(p.node.shape[0], "float32"), p.is_symbolic)
        if values.ndim == 0:  # one for the batch, which counts as its samples do, in TensorFlow's Keras once
            number = f.cast(values, "float32")
            return f.stack([number * count, count] if is_alone() else [number, f.broadcast_to(1.0, ())])
        each = mean_of_sample(values if values.dtype.kind == "f" else f.cast(values, "float32"))
        if sample_weight is None:
            return f.stack([f.cast(sum(each), "float32"), count])
        weight = f.cast(_tensor(sample_weight), each.dtype)
        return f.stack([sum(each * weight), sum(_as_number(weight != 0.0)) if is_alone() else sum(weight)])


LOSSES = Kind("loss", Loss)
"""Losses that are classes, as TensorFlow has them."""


def _finder(function: Function) -> Callable[[], Function]:
    return lambda: function


for _name, _function in _FUNCTIONS.items():
    LOSSES.enter(_finder(_function), _name)


@provided("keras.losses.get", "keras.losses.deserialize", "keras.objectives.get")
def _get_loss(identifier: Any) -> Any:
    """Return the loss function of a name."""
    return _FUNCTIONS.get(identifier, identifier) if isinstance(identifier, str) else identifier


@provided("keras.metrics.get", "keras.metrics.deserialize")
def _get_metric(identifier: Any) -> Any:
    """Return the metric function of a name."""
    return {**_FUNCTIONS, **MEASURES}.get(identifier, identifier) if isinstance(identifier, str) else identifier


def as_loss(thing: Any) -> Loss:
    """Return the loss that a name, a class, an instance or a function stands for.

    Raises
    ------
    ValueError, TypeError
        If it is none of them.
    """
    found = LOSSES.get(_of_object(thing))
    return found if isinstance(found, Loss) else CalledLoss(found)


def as_metric(thing: Any, loss: Loss | None, output_shape: OutputShape) -> Metric:
    """Return the metric that a name, an instance or a function stands for, called as the program's Keras called it.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    thing = _of_object(thing)
    if isinstance(thing, Metric):
        return thing
    if isinstance(thing, type) and issubclass(thing, Metric):
        return as_metric(thing(), loss, output_shape)
    if isinstance(thing, Loss):
        return CalledMetric(thing.per_sample, name=snake_case(type(thing).__name__))
    if not isinstance(thing, str):
        name = getattr(thing, "name", None) or getattr(thing, "__name__", type(thing).__name__)
        return CalledMetric(thing, name=str(name))
    if thing in ("accuracy", "acc"):
        called = loss if isinstance(loss, CalledLoss) else CalledLoss(_FUNCTIONS[_name_of_class(loss)])
        return CalledMetric(called.accuracy_function(output_shape), name=thing if keeps_names() else "acc")
    if thing in ("crossentropy", "ce"):
        called = loss if isinstance(loss, CalledLoss) else CalledLoss(_FUNCTIONS[_name_of_class(loss)])
        return CalledMetric(_crossentropy_of(called, output_shape), name=thing if keeps_names() else "ce")
    function = {**_FUNCTIONS, **MEASURES, **own_objects()}.get(thing)
    if function is None:
        raise ValueError(f"Unknown metric {thing!r}. {did_you_mean(thing, ['accuracy', *_FUNCTIONS, *MEASURES])}")
    return CalledMetric(function, name=thing if keeps_names() else function.__name__)


def _crossentropy_of(loss: CalledLoss, output_shape: OutputShape) -> Function:
    accuracy = loss.accuracy_function(output_shape)
    if accuracy is binary_accuracy:
        return _FUNCTIONS["binary_crossentropy"]
    is_sparse = accuracy is sparse_categorical_accuracy
    return _FUNCTIONS["sparse_categorical_crossentropy" if is_sparse else "categorical_crossentropy"]


def _name_of_class(loss: Loss | None) -> str:
    """Return the name of the function that a loss which is a class stands for."""
    name = "mean_squared_error" if loss is None else snake_case(type(loss).__name__)
    return name if name in _FUNCTIONS else "mean_squared_error"
