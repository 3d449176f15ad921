"""Losses and metrics that are objects, as the Keras in TensorFlow has them: also what loops of a program's own call."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from feedforward import functions
from feedforward.compat.keras.boundary import seen, taken
from feedforward.compat.keras.losses import CalledLoss, CalledMetric, Function, function_called
from feedforward.compat.names import provide, provided
from feedforward.nn.config import snake_case
from feedforward.nn.loss import OutputShape, align
from feedforward.tensor import Tensor, Variable

__all__ = ["LossObject", "MetricObject"]

_REDUCTIONS = ("auto", "sum_over_batch_size", "sum", "none")


@provided("keras.losses.Loss")
class LossObject(CalledLoss):
    """A loss that is an object; a program's own defines ``call(y_true, y_pred)``.

    Parameters
    ----------
    reduction : {"auto", "sum_over_batch_size", "sum", "none"}
        What a call returns: the mean of all numbers, their sum, or all of them.
    name : str, optional
        What it is called.
    """

    def __init__(self, reduction: str = "auto", name: str | None = None) -> None:
        if str(reduction).lower() not in _REDUCTIONS:
            raise ValueError(f"{type(self).__name__}(reduction={reduction!r}): expected {', '.join(_REDUCTIONS)}.")
        self._keep(reduction=str(reduction).lower(), name=name or snake_case(type(self).__name__), function=self.call)

    def _keep(self, **settings: Any) -> None:
        for word, value in settings.items():
            object.__setattr__(self, word, value)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define call(self, y_true, y_pred).")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of some samples, reduced."""
        y, p = taken(y_true), taken(y_pred)
        y, p = (each if isinstance(each, Tensor) else Tensor(np.asarray(each)) for each in (y, p))
        values = taken(self.call(seen(y), seen(p)))
        if sample_weight is not None:
            weight = functions.cast(Tensor(taken(sample_weight)), values.dtype)
            while weight.ndim < values.ndim:
                weight = functions.expand_dims(weight, -1)
            values = values * weight
        reduction = vars(self)["reduction"]
        if reduction == "none":
            return seen(values)
        return seen(functions.sum(values) if reduction == "sum" else functions.mean(values))


class _Named(LossObject):
    """A loss object of a loss function."""

    base: str

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, reduction: str = "auto", name: str | None = None
    ) -> None:
        super().__init__(reduction, name)
        self._keep(from_logits=from_logits, label_smoothing=label_smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample."""
        y, p = taken(y_true), taken(y_pred)
        if self.base != "sparse_categorical_crossentropy":
            y, p = align(y, p)
        smoothing = vars(self)["label_smoothing"]
        if smoothing:
            count = 2 if self.base == "binary_crossentropy" else int(p.shape[-1] or 1)
            y = y * (1.0 - smoothing) + smoothing / count
        function = function_called(self.base)
        return function(seen(y), seen(p), **({"from_logits": True} if vars(self)["from_logits"] else {}))

    def accuracy_function(self, output_shape: OutputShape) -> Function:
        """Return what "accuracy" stands for beside this loss."""
        return CalledLoss(function_called(self.base)).accuracy_function(output_shape)


class _Plain(_Named):
    def __init__(self, reduction: str = "auto", name: str | None = None) -> None:
        super().__init__(False, 0.0, reduction, name)


_CLASSES = (
    *("BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "MeanSquaredError"),
    *("MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Hinge", "SquaredHinge"),
    *("CategoricalHinge", "LogCosh", "Poisson", "CosineSimilarity"),
)
_BASES = {"LogCosh": "logcosh", "CosineSimilarity": "cosine_proximity"}

for _name in _CLASSES:
    _kind = _Named if "Crossentropy" in _name else _Plain
    _body = {"base": _BASES.get(_name, snake_case(_name)), "__doc__": f"{_name}, as an object.", "__module__": __name__}
    provide(type(_name, (_kind,), _body), f"keras.losses.{_name}")


@provided("keras.metrics.Metric")
class MetricObject(CalledMetric):
    """A metric that is an object: the mean of all values that it was told.

    Parameters
    ----------
    name : str, optional
        What it is called.
    dtype
        Taken for the sake of programs: values are float32.
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        words = name or re.sub(r"^_+", "", snake_case(type(self).__name__))
        for word, value in (("name", words), ("function", self.values_of)):
            object.__setattr__(self, word, value)
        for word in ("_total", "_count"):
            object.__setattr__(self, word, Variable(np.float32(0), trainable=False, name=f"{words}/{word[1:]}"))

    def values_of(self, *values: Any) -> Any:
        """Return the values whose mean it is."""
        return values[0]

    def update_state(self, *values: Any, sample_weight: Any = None) -> None:
        """Take values in."""
        found = taken(self.values_of(*values))
        found = functions.cast(found if isinstance(found, Tensor) else Tensor(np.asarray(found, "float32")), "float32")
        weight = functions.broadcast_to(Tensor(np.float32(1)), found.node.shape)
        if sample_weight is not None:
            given = functions.cast(Tensor(taken(sample_weight)), "float32")
            weight = weight * functions.reshape(given, (*given.node.shape, *[1] * (found.ndim - given.ndim)))
        own = vars(self)
        own["_total"].assign_add(functions.sum(found * weight))
        own["_count"].assign_add(functions.sum(weight))

    def __call__(self, *values: Any, sample_weight: Any = None) -> Any:
        """Take values in, and return the mean of all so far."""
        self.update_state(*values, sample_weight=sample_weight)
        return self.result()

    def result(self, totals: Any = None) -> Any:
        """Return the mean of all so far, 0 of none; of what a model added up, see our `Metric`."""
        if totals is not None:
            return super().result(totals)
        total, count = (vars(self)[name].value() for name in ("_total", "_count"))
        return seen(functions.where(count > 0.0, total / functions.maximum(count, 1e-12), 0.0))

    def reset_states(self) -> None:
        """Begin anew."""
        for name in ("_total", "_count"):
            vars(self)[name].assign(np.float32(0))

    reset_state = reset_states

    @property
    def variables(self) -> list[Variable]:
        """Its state."""
        return [vars(self)["_total"], vars(self)["_count"]]


@provided("keras.metrics.Mean")
class Mean(MetricObject):
    """The mean of all values that it was told."""


@provided("keras.metrics.Accuracy")
class Accuracy(MetricObject):
    """The share of predictions that equal their targets."""

    def values_of(self, y_true: Any, y_pred: Any) -> Any:
        """Return 1 for each that is equal."""
        y, p = (each if isinstance(each, Tensor) else Tensor(np.asarray(each)) for each in taken((y_true, y_pred)))
        return seen(functions.cast(functions.equal(*align(y, p)), "float32"))


class _Measuring(MetricObject):
    base: str

    def values_of(self, y_true: Any, y_pred: Any) -> Any:
        """Return the number of each sample."""
        return function_called(self.base)(y_true, y_pred)


for _name in (
    *("BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy"),
    *("SparseTopKCategoricalAccuracy", "BinaryCrossentropy", "CategoricalCrossentropy"),
    *("SparseCategoricalCrossentropy", "MeanSquaredError", "MeanAbsoluteError", "Hinge", "Poisson"),
):
    _measured = {"base": snake_case(_name), "__doc__": f"{_name}, as an object.", "__module__": __name__}
    provide(type(_name, (_Measuring,), _measured), f"keras.metrics.{_name}")
