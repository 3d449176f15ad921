"""MLPClassifier and MLPRegressor: what labels and numbers need beside what the two share (``mlp_estimator.py``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from feedforward.graph.node import Array
from feedforward.nn.config import Range
from feedforward.sklearn.mlp_estimator import MLP, is_stochastic
from feedforward.sklearn.mlp_goal import Goal, classification, regression

__all__ = ["MLPClassifier", "MLPRegressor"]


def _has_probabilities(estimator: MLPClassifier) -> bool:
    """Return whether outputs are probabilities."""
    if estimator._activation_of_outputs() == "identity":
        raise AttributeError(
            f"MLPClassifier(loss={estimator.loss!r}): it has scores, and no probabilities. Use decision_function, or "
            f"loss='log_loss'."
        )
    return True


def _has_scores(estimator: MLPClassifier) -> bool:
    """Return whether outputs are scores."""
    if estimator._activation_of_outputs() != "identity":
        raise AttributeError(
            f"MLPClassifier(loss={estimator.loss!r}): it has probabilities, and no scores. Use predict_proba, or a "
            f"loss of margins, such as 'hinge'."
        )
    return True


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, MLP):  # type: ignore[misc]  # scikit-learn carries no types
    """A multi-layer perceptron that says to which class a row belongs, or which labels it has.

    Parameters
    ----------
    loss : str, Loss or function
        ``"log_loss"``, the cross-entropy; or any of `feedforward.losses`. With one of margins, such as ``"hinge"``,
        there is a `decision_function` in place of `predict_proba`.
    class_weight : dict, "balanced", or a list of dicts; optional
        What the samples of each class weigh beside `sample_weight`; ``"balanced"``: n / (classes * count of this one).
    hidden_layer_sizes, activation, solver, ...
        As for `feedforward.sklearn.mlp_parameters.Parameters`, which both estimators share, and which tells of the
        attributes, too.

    Attributes
    ----------
    classes_ : array, shape (c,)
        The classes in the order of the outputs; of several labels for each row their numbers.

    Examples
    --------
    >>> x, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["same", "other", "other", "same"]
    >>> model = MLPClassifier((8,), "tanh", solver="lbfgs", random_state=1).fit(x, y)
    >>> [str(label) for label in model.predict([[0.1, 0.9], [0.9, 0.8]])]
    ['other', 'same']
    """

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    loss: Any = field(default="log_loss", kw_only=True)
    class_weight: Any = field(default=None, kw_only=True)

    _takes_numbers: ClassVar[bool] = False

    def _activation_of_outputs(self) -> str:
        found: str | None = vars(self).get("out_activation_")
        return classification(self.loss, "binary", 2).out_activation if found is None else found

    def _targets(self, y: Array, is_first: bool, is_partial: bool) -> tuple[Array, Goal]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"MLPClassifier: y has shape {y.shape} and several classes in a column. Expected one label for each "
                f"row, or columns of 0 and 1. Use sklearn.multioutput.MultiOutputClassifier."
            )
        has_labels = kind == "multilabel-indicator"
        classes = np.arange(y.shape[1]) if has_labels else np.unique(y)
        if is_first and not (is_partial and not has_labels):  # else the first `partial_fit` was told the classes
            self.classes_ = classes
        if is_first:
            self._kind = "multilabel" if has_labels else "multiclass" if len(self.classes_) > 2 else "binary"
        strange = np.setdiff1d(classes, self.classes_)
        is_less = self.warm_start and not is_partial and len(classes) < len(self.classes_)
        if len(strange) or is_less or has_labels != (self._kind == "multilabel"):
            raise ValueError(
                f"MLPClassifier: `y` has classes not in `self.classes_`, or with warm_start not all of them: "
                f"{classes.tolist()}. Expected {self._kind} labels of {self.classes_.tolist()}, as before. Name all "
                f"classes in the first partial_fit, or make a new classifier."
            )
        goal = classification(self.loss, self._kind, len(self.classes_))
        if has_labels:
            return y, goal
        codes = np.searchsorted(self.classes_, y)
        if goal.takes_codes:
            return codes.astype(np.int32), goal
        return (codes[:, None] == 1 if goal.outputs == 1 else codes[:, None] == np.arange(goal.outputs)), goal

    def _weights(self, sample_weight: Any, x: Any, y: Array, is_partial: bool) -> Array | None:
        weight = super()._weights(sample_weight, x, y, is_partial)
        if self.class_weight is None:
            return weight
        if is_partial and self.class_weight == "balanced":
            raise ValueError(
                "MLPClassifier(class_weight='balanced'): partial_fit does not know how many samples of each class will "
                "come. Expected a dict of weights. Use sklearn.utils.compute_class_weight on all labels."
            )
        if self.class_weight != "balanced" and not isinstance(self.class_weight, dict | list):
            raise ValueError(
                f"MLPClassifier(class_weight={self.class_weight!r}): expected 'balanced', or a dict of numbers by "
                f"classes; of several labels a list of dicts. Give one of these."
            )
        for each in self.class_weight if isinstance(self.class_weight, list) else [self.class_weight]:
            for label, value in each.items() if isinstance(each, dict) else ():
                if value not in Range(0):
                    raise ValueError(
                        f"MLPClassifier(class_weight={self.class_weight!r}): class {label!r} weighs {value!r}. "
                        f"Expected finite numbers >= 0. Give others."
                    )
        by_class: Array = compute_sample_weight(self.class_weight, y).astype(x.dtype)
        return by_class if weight is None else by_class * weight

    def _score_of(self, outputs: Array, targets: Array, weight: Array | None) -> float:
        """Return the accuracy; of several labels for each row all must be right."""
        found = self._found(outputs)
        if found.ndim == 2:
            is_right = (found == targets).all(1)
        else:
            is_right = found == (
                targets if targets.ndim == 1 else targets.argmax(1) if targets.shape[1] > 1 else targets[:, 0]
            )
        return float(np.average(is_right, weights=weight))

    def _found(self, outputs: Array) -> Array:
        """Return the number of the class that each row's outputs say, or 0 and 1 for each label."""
        threshold = 0.0 if self.out_activation_ == "identity" else 0.5
        if self._kind == "multilabel":
            return (outputs > threshold).astype(np.int64)
        found: Array = outputs.argmax(1) if outputs.shape[1] > 1 else (outputs[:, 0] > threshold).view(np.int8)
        return found

    def predict(self, X: Any) -> Array:
        """Return the class of each row, shape (n,); of several labels 0 or 1 for each, shape (n, c).

        Parameters
        ----------
        X : array, frame or sparse matrix, shape (n, d)
            The rows.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X does not fit what `fit` was given.
        """
        found = self._found(self._outputs(X))
        if self._kind == "multilabel":
            return found
        classes: Array = self.classes_.take(found, mode="clip")  # of one class alone both numbers mean it
        return classes

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, or label, for each row, shape (n, c); see `predict`."""
        p = self._outputs(X)
        if len(self.classes_) == 1:
            return np.ones((len(p), 1), p.dtype)
        return p if p.shape[1] > 1 or self._kind == "multilabel" else np.concatenate([1.0 - p, p], 1)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            logs: Array = np.log(self.predict_proba(X))
        return logs

    @available_if(_has_scores)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """Return the score of each class for each row, shape (n, c); of two classes that of the second, (n,).

        Where there is a score for both, it is by how much the second is larger.
        """
        scores = self._outputs(X)
        if self._kind != "binary":
            return scores
        return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on these samples, from the weights and the optimizer's state that are there.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`. Settings of the solver, such as its rate, stay as they were; only `fit` takes new ones.
        classes : array, shape (c,)
            All classes that will come; needed in the first call.

        Raises
        ------
        ValueError
            If `classes` are missing in the first call, or others than before.
        """
        if not self.__sklearn_is_fitted__():
            if classes is None:
                raise ValueError(
                    "MLPClassifier.partial_fit: classes must be passed on the first call to partial_fit. Expected all "
                    "that will come. Give classes=np.unique(all_labels)."
                )
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(
                f"MLPClassifier.partial_fit: `classes={classes!r}` is not the same as on last call to partial_fit, "
                f"{self.classes_!r}. Expected the same ones. Leave them out, or make a new classifier."
            )
        return self._fit(X, y, sample_weight, is_partial=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, MLP):  # type: ignore[misc]  # scikit-learn carries no types
    """A multi-layer perceptron that predicts numbers.

    Parameters
    ----------
    loss : str, Loss or function
        ``"squared_error"``, half of it as in scikit-learn; ``"poisson"``, half the deviance of counts, whose outputs
        are exponentials; or any of `feedforward.losses`: ``"mean_absolute_error"``, ``"huber"``, ``Quantile(0.9)``.
    hidden_layer_sizes, activation, solver, ...
        As for `feedforward.sklearn.mlp_parameters.Parameters`, which both estimators share, and which tells of the
        attributes, too.

    Examples
    --------
    >>> x = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", tol=0.01, random_state=1)
    >>> model.fit(x, [0.0, 1.0, 4.0, 9.0]).predict([[2.0]]).round(1)
    array([4.])
    """

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"

    _takes_numbers: ClassVar[bool] = True

    def _targets(self, y: Array, is_first: bool, is_partial: bool) -> tuple[Array, Goal]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = y[:, None] if y.ndim == 1 else y
        goal = regression(self.loss, targets.shape[1])
        goal.loss.check_targets(targets, (None, goal.outputs))
        return targets, goal

    def _score_of(self, outputs: Array, targets: Array, weight: Array | None) -> float:
        """Return R^2, the part of the variance that is explained, the mean over several outputs."""
        return float(r2_score(targets, outputs, sample_weight=weight))

    def predict(self, X: Any) -> Array:
        """Return the number predicted of each row, shape (n,), or several of them, shape (n, k).

        Parameters
        ----------
        X : array, frame or sparse matrix, shape (n, d)
            The rows.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X does not fit what `fit` was given.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    @available_if(is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these samples, from the weights and the optimizer's state that are there.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`. Settings of the solver, such as its rate, stay as they were; only `fit` takes new ones.
        """
        return self._fit(X, y, sample_weight, is_partial=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
