"""Losses and metrics as objects, as the Keras in TensorFlow has them since 1.13: called on tensors in a loop.

Their formulas are the functions of ``losses.py``; `compile` takes these objects, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from feedforward import functions as f
from feedforward.compat.keras.boundary import seen, taken
from feedforward.compat.keras.initializers import as_initializer
from feedforward.compat.keras.losses import MEASURES, OBJECTS, CalledLoss, CalledMetric, loss_function
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.variables import shown_variable
from feedforward.nn.config import snake_case
from feedforward.tensor import Tensor, Variable

__all__ = ["KerasLoss", "KerasMetric"]


def _tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """Return a value as a tensor, of floats where what it is compared with holds floats."""
    found = taken(value)
    found = found if isinstance(found, Tensor) else Tensor(np.asarray(found))
    if found.dtype == np.float64 and not hasattr(value, "dtype"):  # numbers of Python's
        found = f.cast(found, "float32")
    is_other = like is not None and like.dtype.kind == "f" and found.dtype != like.dtype
    return f.cast(found, like.dtype) if is_other and like is not None else found


def _weighed(values: Tensor, sample_weight: Any) -> Tensor:
    """Return values times the weights of samples, which may have axes fewer."""
    if sample_weight is None:
        return values
    weight = _tensor(sample_weight, values)
    if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
        weight = f.squeeze(weight, -1)
    while weight.ndim < values.ndim:
        weight = f.expand_dims(weight, -1)
    return values * weight


@provided("keras.losses.Loss")
class KerasLoss:
    """A loss that is called on targets and predictions: a subclass says in `call` what each sample costs.

    Parameters
    ----------
    reduction : {"auto", "sum_over_batch_size", "sum", "none"}
        What is made of the costs: their mean by default.
    name : str, optional
        What it is called.
    """

    def __init__(self, reduction: str = "auto", name: str | None = None) -> None:
        if reduction not in ("auto", "sum_over_batch_size", "sum", "none"):
            raise ValueError(f"Invalid Reduction Key {reduction!r}. Expected 'auto', 'sum_over_batch_size' or 'sum'.")
        self.reduction, self.name = reduction, name or snake_case(type(self).__name__)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what each sample costs."""
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define call(self, y_true, y_pred).")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return what predictions cost."""
        p = _tensor(y_pred)
        values = _weighed(_tensor(self.call(seen(_tensor(y_true)), seen(p))), sample_weight)
        if self.reduction == "none":
            return seen(values)
        return seen(f.sum(values) if self.reduction == "sum" else f.mean(values))

    def for_training(self) -> CalledLoss:
        """Return what `compile` takes.

        Raises
        ------
        ValueError
            If it adds up the costs of a batch, and takes no mean.
        """
        if self.reduction not in ("auto", "sum_over_batch_size"):
            raise ValueError(
                f"compile(loss={type(self).__name__}(reduction={self.reduction!r})): fit() makes the mean over a batch "
                f"small. Leave reduction out."
            )

        def called(y_true: Any, y_pred: Any) -> Any:
            return self.call(y_true, y_pred)

        called.__name__ = self.name
        return CalledLoss(called)

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {"reduction": self.reduction, "name": self.name}


class _Named(KerasLoss):
    """A loss of Keras's own."""

    function_name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **settings: Any) -> None:
        cls = type(self)
        names = (*cls.names, "reduction", "name")
        if len(args) > len(names) or (unknown := settings.keys() - set(names)):
            what = f"{len(args)} arguments" if len(args) > len(names) else f"{', '.join(sorted(unknown))}"
            raise TypeError(f"{cls.__name__}: got {what}. Expected {', '.join(names)}.")
        given = {**dict(zip(names, args, strict=False)), **settings}
        super().__init__(given.pop("reduction", "auto"), given.pop("name", None))
        self._settings = given

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what each sample costs."""
        return loss_function(self.function_name)(y_true, y_pred, **self._settings)

    def for_training(self) -> CalledLoss:
        """Return what `compile` takes."""
        called = super().for_training()
        return CalledLoss(called.function, of=loss_function(self.function_name))

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {**super().get_config(), **self._settings}


class Reduction:
    """What a loss makes of the costs of a batch."""

    AUTO, NONE, SUM, SUM_OVER_BATCH_SIZE = "auto", "none", "sum", "sum_over_batch_size"


provide(Reduction, "keras.losses.Reduction")

_CROSSENTROPIES = {
    "CategoricalCrossentropy": ("from_logits", "label_smoothing"),
    "BinaryCrossentropy": ("from_logits", "label_smoothing"),
    "SparseCategoricalCrossentropy": ("from_logits",),
}
_LOSSES = {
    **_CROSSENTROPIES,
    **dict.fromkeys(
        [
            *("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"),
            *("Hinge", "SquaredHinge", "CategoricalHinge", "LogCosh", "Poisson", "KLDivergence", "CosineSimilarity"),
        ],
        (),
    ),
}
_FUNCTIONS = {"KLDivergence": "kullback_leibler_divergence", "LogCosh": "logcosh"}


def _function_name(name: str) -> str:
    return _FUNCTIONS.get(name, snake_case(name))


for _name, _settings in _LOSSES.items():
    _about = f"The loss `{_function_name(_name)}`, called on tensors."
    _class = type(_name, (_Named,), {"function_name": _function_name(_name), "names": _settings, "__doc__": _about})
    provide(_class, f"keras.losses.{_name}")


# Metrics


@provided("keras.metrics.Metric")
class KerasMetric:
    """A number that is added up over batches: a subclass defines `update_state` and `result`.

    Parameters
    ----------
    name : str, optional
        What it is called.
    dtype : dtype, optional
        Of what it adds up; float32 by default.
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.dtype = np.dtype(getattr(dtype, "name", dtype) or "float32").name
        self.weights: list[Any] = []

    @property
    def variables(self) -> list[Any]:
        """What it adds up."""
        return list(self.weights)

    def add_weight(
        self, name: str = "weight", shape: Any = (), initializer: Any = None, dtype: Any = None, **_: Any
    ) -> Any:
        """Return a variable that `reset_states` sets back to 0."""
        kind = np.dtype(getattr(dtype, "name", dtype) or self.dtype)
        start = np.zeros(tuple(shape), kind)
        if initializer not in (None, "zeros", "zero") and not callable(initializer):
            start = np.asarray(as_initializer(initializer)(tuple(shape), "float32").numpy(), kind)
        elif callable(initializer):
            start = np.asarray(taken(initializer(tuple(shape))), kind)
        weight = shown_variable(Variable(start, trainable=False, name=f"{self.name}/{name}"))
        self.weights.append(weight)
        return weight

    def update_state(self, *args: Any, **settings: Any) -> Any:
        """Add a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no update_state(). Define it.")

    def result(self) -> Any:
        """Return the number."""
        raise NotImplementedError(f"{type(self).__name__} has no result(). Define it.")

    def reset_states(self) -> None:
        """Begin anew."""
        for weight in self.weights:
            weight.assign(np.zeros(tuple(weight.shape.as_list()), weight.dtype.as_numpy_dtype))

    def reset_state(self) -> None:
        """Begin anew."""
        self.reset_states()

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Add a batch, and return the number of all."""
        self.update_state(*args, **settings)
        return self.result()


class _Adding(KerasMetric):
    """A sum, and the sum of weights."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total, self.count = self.add_weight("total"), self.add_weight("count")

    def _add(self, values: Tensor, sample_weight: Any) -> None:
        values = f.cast(values, self.dtype)
        ones = f.broadcast_to(Tensor(np.ones((), self.dtype)), values.node.shape)
        self.total.ours.assign_add(f.sum(_weighed(values, sample_weight)))
        self.count.ours.assign_add(f.sum(_weighed(ones, sample_weight)))

    def result(self) -> Any:
        """Return the mean of all that was added; 0 if nothing was."""
        total, count = self.total.ours.value(), self.count.ours.value()
        return seen(f.where(count == 0.0, 0.0, total / f.where(count == 0.0, 1.0, count)))


@provided("keras.metrics.Mean")
class Mean(_Adding):
    """The mean of numbers."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add numbers."""
        self._add(_tensor(values), sample_weight)


@provided("keras.metrics.Sum")
class Sum(_Adding):
    """The sum of numbers."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add numbers."""
        self._add(_tensor(values), sample_weight)

    def result(self) -> Any:
        """Return the sum."""
        return seen(self.total.ours.value())


class _Measured(_Adding):
    """The mean over samples of what a function returns for each."""

    names: ClassVar[tuple[str, ...]] = ()
    measure: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, dtype: Any = None, **settings: Any) -> None:
        unknown = settings.keys() - set(self.names)
        if unknown:
            raise TypeError(f"{type(self).__name__}: it takes no {', '.join(sorted(unknown))}.")
        super().__init__(name, dtype)
        self._settings = settings

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add targets and predictions."""
        self._add(taken(self.of(y_true, y_pred)), sample_weight)

    def of(self, y_true: Any, y_pred: Any) -> Any:
        """Return what is measured of each sample."""
        p = _tensor(y_pred)
        return type(self).measure(seen(_tensor(y_true)), seen(p), **self._settings)

    def for_training(self) -> CalledMetric:
        """Return what `compile` takes."""
        return CalledMetric(self.of, name=self.name)


@provided("keras.metrics.MeanMetricWrapper")
class MeanMetricWrapper(_Measured):
    """The mean over samples of what a function of targets and predictions returns."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **settings: Any) -> None:
        _Adding.__init__(self, name or getattr(fn, "__name__", None), dtype)
        self._function, self._settings = fn, settings

    def of(self, y_true: Any, y_pred: Any) -> Any:
        """Return what is measured of each sample."""
        return self._function(seen(_tensor(y_true)), seen(_tensor(y_pred)), **self._settings)


def _equal(y_true: Any, y_pred: Any) -> Any:
    y, p = _tensor(y_true), _tensor(y_pred)
    y = f.cast(y, p.dtype) if y.dtype != p.dtype else y
    if y.ndim == p.ndim + 1 and y.shape[-1] == 1:
        y = f.squeeze(y, -1)
    return f.cast(y == p, "float32")


_METRICS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "Accuracy": (_equal, ()),
    "BinaryAccuracy": (MEASURES["binary_accuracy"], ("threshold",)),
    "CategoricalAccuracy": (MEASURES["categorical_accuracy"], ()),
    "SparseCategoricalAccuracy": (MEASURES["sparse_categorical_accuracy"], ()),
    "TopKCategoricalAccuracy": (MEASURES["top_k_categorical_accuracy"], ("k",)),
    "SparseTopKCategoricalAccuracy": (MEASURES["sparse_top_k_categorical_accuracy"], ("k",)),
    **{name: (loss_function(_function_name(name)), names) for name, names in _LOSSES.items()},
}
for _name, (_measure, _settings) in _METRICS.items():
    _about = f"The mean of `{snake_case(_name)}` over samples."
    _class = type(_name, (_Measured,), {"measure": staticmethod(_measure), "names": _settings, "__doc__": _about})
    provide(_class, f"keras.metrics.{_name}")


class _Detected(KerasMetric):
    """A share of outputs that are above a threshold, or were to be."""

    def __init__(self, thresholds: float | None = None, name: str | None = None, dtype: Any = None) -> None:
        if thresholds is not None and not isinstance(thresholds, int | float):
            raise ValueError(f"{type(self).__name__}(thresholds={thresholds!r}): only one number is provided.")
        super().__init__(name, dtype)
        self.threshold = 0.5 if thresholds is None else float(thresholds)
        self.true_positives, self.others = self.add_weight("true_positives"), self.add_weight("others")

    def _others(self, y: Tensor, p: Tensor) -> Tensor:
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add targets and predictions."""
        p = _tensor(y_pred)
        y = f.cast(f.cast(_tensor(y_true), "bool"), "float32")
        p = f.cast(p > self.threshold, "float32")
        self.true_positives.ours.assign_add(f.sum(_weighed(y * p, sample_weight)))
        self.others.ours.assign_add(f.sum(_weighed(self._others(y, p), sample_weight)))

    def result(self) -> Any:
        """Return the share; 0 where there is nothing."""
        right, others = self.true_positives.ours.value(), self.others.ours.value()
        count = right + others
        return seen(f.where(count == 0.0, 0.0, right / f.where(count == 0.0, 1.0, count)))

    def for_training(self) -> CalledMetric:
        """Refuse: it is no mean over samples."""
        raise ValueError(
            f"compile(metrics=[{type(self).__name__}()]): it is provided for loops of a program's own. In compile give "
            f"'accuracy', or predict() and compute it with NumPy."
        )


@provided("keras.metrics.Precision")
class Precision(_Detected):
    """The share of what is found that is right."""

    def _others(self, y: Tensor, p: Tensor) -> Tensor:
        return (1.0 - y) * p


@provided("keras.metrics.Recall")
class Recall(_Detected):
    """The share of what is right that is found."""

    def _others(self, y: Tensor, p: Tensor) -> Tensor:
        return y * (1.0 - p)


def _for_training(thing: Any) -> Any:
    made = getattr(thing, "for_training", None)
    if made is None:
        raise ValueError(
            f"compile: {type(thing).__name__} adds up in a way of its own, which fit() does not do. Give a function of "
            f"y_true and y_pred."
        )
    return made()


OBJECTS[KerasLoss] = OBJECTS[KerasMetric] = _for_training
