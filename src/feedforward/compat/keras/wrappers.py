"""Models as estimators of scikit-learn: ``keras.wrappers.scikit_learn``, which needs nothing of scikit-learn."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Self

import numpy as np

from feedforward.compat.keras.arrays import to_categorical
from feedforward.compat.names import provided

__all__ = ["KerasClassifier", "KerasRegressor"]

_WORDS = {
    "fit": ("batch_size", "epochs", "nb_epoch", "verbose", "callbacks", "validation_split", "validation_data"),
    "predict": ("batch_size", "verbose"),
    "evaluate": ("batch_size", "verbose"),
}
_MORE = ("shuffle", "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch", "validation_steps")


class _Estimator:
    """What both estimators have in common.

    Parameters
    ----------
    build_fn : callable, optional
        Returns a compiled model; its arguments are parameters of the estimator. A subclass may define ``__call__``.
    **sk_params
        Arguments of `build_fn`, and of `fit`, `predict` and `evaluate`.
    """

    model: Any
    _estimator_type: str

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any) -> None:
        self.build_fn, self.sk_params = build_fn, sk_params
        self._check(sk_params)

    def _builder(self) -> Callable[..., Any]:
        own: Any = self
        return own.__call__ if self.build_fn is None else self.build_fn

    def _check(self, given: dict[str, Any]) -> None:
        known = {*(word for words in _WORDS.values() for word in words), *_MORE}
        known |= set(inspect.signature(self._builder()).parameters)
        for name in given:
            if name not in known:
                raise ValueError(f"{type(self).__name__}({name}=...): no such parameter. Known: {', '.join(known)}.")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters."""
        return {**copy.copy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Self:
        """Set parameters."""
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self._check(params)
        self.sk_params.update(params)
        return self

    def _for(self, call: str, settings: dict[str, Any]) -> dict[str, Any]:
        words = (*_WORDS[call], *(_MORE if call == "fit" else ()))
        return {name: value for name, value in self.sk_params.items() if name in words} | settings

    def fit(self, x: Any, y: Any, **settings: Any) -> Any:
        """Make a model, train it, and return its history."""
        names = inspect.signature(self._builder()).parameters
        self.model = self._builder()(**{name: value for name, value in self.sk_params.items() if name in names})
        return self.model.fit(np.asarray(x), np.asarray(y), **self._for("fit", settings))

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks estimators about themselves."""
        tags: Any = import_module("sklearn.utils")  # who asks has it
        is_classifier = self._estimator_type == "classifier"
        return tags.Tags(
            estimator_type=self._estimator_type,
            target_tags=tags.TargetTags(required=True),
            transformer_tags=None,
            classifier_tags=tags.ClassifierTags() if is_classifier else None,
            regressor_tags=None if is_classifier else tags.RegressorTags(),
            input_tags=tags.InputTags(),
        )


@provided("keras.wrappers.scikit_learn.KerasClassifier")
class KerasClassifier(_Estimator):
    """A model that tells classes, as an estimator."""

    _estimator_type = "classifier"
    classes_: Any

    def fit(self, x: Any, y: Any, **settings: Any) -> Any:
        """Make a model, train it, and return its history; y are labels, or one-hot rows."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        names = inspect.signature(self._builder()).parameters
        model = self._builder()(**{name: value for name, value in self.sk_params.items() if name in names})
        loss = getattr(getattr(model.loss, "function", None), "__name__", "")
        if loss == "categorical_crossentropy" and y.ndim != 2:
            y = to_categorical(y)
        self.model = model
        return model.fit(np.asarray(x), y, **self._for("fit", settings))

    def predict(self, x: Any, **settings: Any) -> Any:
        """Return the class of each sample."""
        found = self.model.predict(np.asarray(x), **self._for("predict", settings))
        places = found.argmax(-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")
        return self.classes_[places]

    def predict_proba(self, x: Any, **settings: Any) -> Any:
        """Return the probabilities of the classes."""
        found = self.model.predict(np.asarray(x), **self._for("predict", settings))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **settings: Any) -> float:
        """Return the accuracy.

        Raises
        ------
        ValueError
            If the model was compiled without it.
        """
        labels = np.array(y)
        labels = labels if labels.ndim == 2 and labels.shape[1] > 1 else np.searchsorted(self.classes_, labels)
        loss = getattr(getattr(self.model.loss, "function", None), "__name__", "")
        if loss == "categorical_crossentropy" and labels.ndim != 2:
            labels = to_categorical(labels, len(self.classes_))
        outputs = self.model.evaluate(np.asarray(x), labels, **{"verbose": 0, **self._for("evaluate", settings)})
        for name, value in zip(self.model.metrics_names, np.atleast_1d(outputs), strict=True):
            if name in ("acc", "accuracy"):
                return float(value)
        raise ValueError("KerasClassifier.score: the model measures no accuracy. Compile it with metrics=['accuracy'].")


@provided("keras.wrappers.scikit_learn.KerasRegressor")
class KerasRegressor(_Estimator):
    """A model that tells numbers, as an estimator."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **settings: Any) -> Any:
        """Return a number for each sample."""
        return np.squeeze(self.model.predict(np.asarray(x), **self._for("predict", settings)), axis=-1)

    def score(self, x: Any, y: Any, **settings: Any) -> float:
        """Return minus the loss."""
        settings = {"verbose": 0, **self._for("evaluate", settings)}
        loss = self.model.evaluate(np.asarray(x), np.asarray(y), **settings)
        return -float(loss[0] if isinstance(loss, Sequence) else loss)
