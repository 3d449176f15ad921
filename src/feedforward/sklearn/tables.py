"""Models of tables as they are: columns of any kind in, honest probabilities or numbers with intervals out.

Not here: how they are trained (``feedforward.tabular``), multilayer perceptrons with scikit-learn's parameters
(``mlp.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_bool, check_int, check_number
from feedforward.tabular.aims import interval
from feedforward.tabular.columns import Table
from feedforward.tabular.fitting import TableRecord, fit_table, held_out
from feedforward.tabular.frames import table_of
from feedforward.tabular.realmlp import RealMLP
from feedforward.tabular.targets import Labels, number_targets

__all__ = ["TabularClassifier", "TabularRegressor"]

_FRACTION = Range(0, 1, has_high=False)
_COVERAGE = Range(0, 1, has_low=False, has_high=False)


@dataclass(eq=False, repr=False, kw_only=True)
class _TableModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """What both estimators share; `TabularRegressor` says what parameters mean."""

    ensemble: int = 1
    epochs: int | None = None
    batch_size: int | str | None = None
    settings: RealMLP | None = None
    categorical_features: Sequence[Any] | None = None
    validation_fraction: float = 0.2
    budget_s: float | None = None
    random_state: Any = None
    verbose: bool = False

    _tuned: ClassVar[RealMLP] = RealMLP()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Let pickles hold the bytes of the model's file rather than what is read from these."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "record_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "model_" in state:
            self.record_ = TableRecord.of(state["model_"])

    def _checked_settings(self) -> RealMLP:
        """Return the settings of the networks, with those that are parameters here."""
        owner, settings = type(self).__name__, self.settings
        if settings is None:
            settings = self._tuned
        if not isinstance(settings, RealMLP):
            raise TypeError(f"{owner}(settings={settings!r:.80}): expected a RealMLP. Give RealMLP(hidden=(256, 256)).")
        check_int(owner, "ensemble", self.ensemble, 1)
        check_number(owner, "validation_fraction", self.validation_fraction, _FRACTION)
        check_bool(owner, "verbose", self.verbose)
        if self.epochs is not None:
            check_int(owner, "epochs", self.epochs, 1)
            settings = replace(settings, epochs=int(self.epochs))
        if self.batch_size is not None:
            size: Any = None if self.batch_size == "auto" else self.batch_size
            if size is not None:
                check_int(owner, "batch_size", size, 1)
            settings = replace(settings, batch_size=size)
        return settings

    def _table(self, X: Any, caller: str, reset: bool = False) -> Table:
        """Return rows as a table, whose columns are those of `fit`."""
        name = f"{type(self).__name__}.{caller}"
        if not reset:
            check_is_fitted(self)
        table = table_of(X, name)
        if not isinstance(X, Mapping):
            validate_data(self, X, reset=reset, skip_check_array=True)
        elif reset:  # scikit-learn does not know dicts of columns; later ones are looked through by the encoding
            self.n_features_in_, self.feature_names_in_ = len(table.names), np.array(table.names, object)
        return table

    def _fit(self, table: Table, labels: Labels | None, y: Array, sample_weight: Any, validation_rows: Any) -> Self:
        """Train, and keep what came of it."""
        caller, settings = f"{type(self).__name__}.fit", self._checked_settings()
        seed = int(check_random_state(self.random_state).randint(2**31))
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        classes = None if labels is None else labels.codes(y, len(y), caller)
        if validation_rows is None:
            held = held_out(len(y), self.validation_fraction, classes, np.random.default_rng(seed))
        else:
            held = _as_mask(validation_rows, len(y), caller)
        for rows, what in ((~held, "to train on"), (held, "held out")):
            if weights is not None and rows.any() and not weights[rows].any():
                raise ValueError(f"{caller}: the weights of all rows {what} are 0. Expected one above 0. Give others.")
        outcome = fit_table(
            table,
            labels,
            y,
            settings,
            weights=weights,
            validation=held,
            categorical=() if self.categorical_features is None else self.categorical_features,
            members=int(self.ensemble),
            seed=seed,
            budget_s=self.budget_s,
            tell=_say if self.verbose else None,
            caller=caller,
        )
        self.model_, self.record_ = outcome.model, TableRecord.of(outcome.model)
        shortest = min(len(course.losses) for course in outcome.courses)
        curves = [
            np.mean([getattr(course, name)[:shortest] for course in outcome.courses], axis=0).tolist()
            for name in ("losses", "errors")
        ]
        self.n_iter_, self.loss_curve_ = shortest, curves[0]
        self.validation_errors_ = curves[1] if held.any() else None
        self.best_epochs_ = [course.best_epoch for course in outcome.courses]
        return self

    def _predicted(self, X: Any, caller: str) -> Array:
        """Return what the model gives for rows, in float64."""
        table = self._table(X, caller)
        found: Array = self.model_.predict(self.record_.fed(table, f"{type(self).__name__}.{caller}"))
        return found.astype(np.float64)


@dataclass(eq=False, repr=False, kw_only=True)
class TabularClassifier(ClassifierMixin, _TableModel):  # type: ignore[misc]
    """A RealMLP that tells rows of a table apart, with the settings that its authors tuned for all tables.

    Parameters
    ----------
    ensemble, epochs, batch_size, settings, categorical_features, validation_fraction, budget_s, random_state, verbose
        See `TabularRegressor`.
    class_weight : dict, "balanced" or None
        What rows of each class count in training.

    Attributes
    ----------
    classes_ : array, shape (c,)
        The labels, in order.
    model_, record_, n_iter_, loss_curve_, validation_errors_, best_epochs_, n_features_in_, feature_names_in_
        See `TabularRegressor`; errors are shares of rows that got another class.

    Notes
    -----
    Training smooths labels, which lowers errors and makes probabilities shy. They are made honest afterwards: the
    logarithms are multiplied by the number with which validation rows have the least cross-entropy ("temperature").

    Examples
    --------
    >>> import numpy as np
    >>> rows = [[size, city] for size in (1.0, 2.0, None, 4.0) for city in ("Bern", "Rome")] * 10
    >>> labels = ["big" if city == "Bern" else "small" for _, city in rows]
    >>> model = TabularClassifier(epochs=8, random_state=0).fit(np.array(rows, object), labels)
    >>> model.predict(np.array([[3.0, "Rome"], [None, "Bern"]], object)).tolist()
    ['small', 'big']
    """

    class_weight: Any = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_rows: Any = None) -> Self:
        """Train on rows and their labels; see `TabularRegressor.fit`.

        Parameters
        ----------
        X, sample_weight, validation_rows
            See `TabularRegressor.fit`.
        y : sequence, shape (n,)
            Texts, whole numbers or bools.
        """
        table = self._table(X, "fit", reset=True)
        if getattr(y, "ndim", 1) == 2:
            y = column_or_1d(y, warn=True)
        caller = "TabularClassifier.fit"
        labels = Labels.learnt(y, len(table), caller)
        y = labels.of_codes(labels.codes(y, len(table), caller))
        self.classes_ = labels.classes
        if self.class_weight is not None:
            own = compute_sample_weight(self.class_weight, y)
            sample_weight = own if sample_weight is None else own * _check_sample_weight(sample_weight, y)
        return self._fit(table, labels, y, sample_weight, validation_rows)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, float64 array of shape (n, c), for rows as `fit` takes them."""
        found = self._predicted(X, "predict_proba")
        normal: Array = found / found.sum(axis=1, keepdims=True)
        return normal

    def predict(self, X: Any) -> Any:
        """Return the most probable label of each row, shape (n,), in the dtype of those of `fit`."""
        places = self._predicted(X, "predict").argmax(axis=1)
        return self.classes_[places]

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`."""
        found: Array = np.log(self.predict_proba(X))
        return found


@dataclass(eq=False, repr=False, kw_only=True)
class TabularRegressor(RegressorMixin, _TableModel):  # type: ignore[misc]
    """A RealMLP that predicts numbers from rows of a table, with the settings that its authors tuned for all tables.

    Parameters
    ----------
    ensemble : int
        How many networks are trained, whose predictions are averaged.
    epochs, batch_size : int, optional
        As in `RealMLP`, of whose defaults they take the place; ``batch_size="auto"`` goes by the number of rows.
    settings : RealMLP, optional
        All that is tuned; by default what the authors found for classes, or for numbers.
    categorical_features : sequence of str, int or bool, optional
        Columns whose numbers stand for categories, by names or places; texts and pandas' categories are taken for
        them in any case.
    validation_fraction : float
        The part of the rows that is not trained on: they say which epoch is kept, make probabilities honest, and
        intervals as wide as they need to be. 0: the last epoch is kept.
    budget_s : float, optional
        Seconds that `fit` may take: it trains fewer epochs if need be, with schedules that still run to their end.
    random_state : int, RandomState or None
        What rows held out, first weights, orders and dropout are drawn from.
    verbose : bool
        Whether loss and error of each epoch are printed.

    Attributes
    ----------
    model_ : feedforward.Model
        What predicts, with the inputs ``numbers`` and ``codes``: save it, serve it, explain it.
    record_ : TableRecord
        How columns become these, in words ``record_.encoding.lines()``. It is kept in the model's file.
    n_iter_ : int
        How many epochs were run.
    loss_curve_ : list of float
        The mean loss of each epoch, over all networks.
    validation_errors_ : list of float or None
        The mean error on the rows held out after each: here the root of the mean squared error, in units of the
        targets' standard deviation in training.
    best_epochs_ : list of int
        Which epoch of each network was kept, from 1.
    n_features_in_ : int
        How many columns there are.
    feature_names_in_ : array of str
        Their names, if X was a frame that has some.

    Notes
    -----
    All epochs are run; of several that are as good the last is kept. A pickle holds the bytes of the model's file.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
    2024.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> model = TabularRegressor(epochs=16, batch_size=32, random_state=0).fit(x, x[:, 0] * 3 + 1)
    >>> bool(model.score(x, x[:, 0] * 3 + 1) > 0.9)
    True
    >>> low, high = model.predict_interval(x[:1], coverage=0.8)[0]
    >>> bool(low < model.predict(x[:1])[0] < high)
    True
    """

    _tuned: ClassVar[RealMLP] = RealMLP.for_numbers()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_rows: Any = None) -> Self:
        """Train on rows and their numbers.

        Parameters
        ----------
        X : frame or array, shape (n, d)
            Of pandas, polars or Arrow, or of NumPy with numbers, texts or objects; cells may be missing.
        y : array, shape (n,) or (n, k)
            Finite numbers.
        sample_weight : array, shape (n,), optional
            What each row counts, at least 0, in training and in its error.
        validation_rows : int or bool array, optional
            Which rows are held out, rather than a random part of them.

        Raises
        ------
        ValueError, TypeError
            If data or a parameter is none of these.
        """
        table = self._table(X, "fit", reset=True)
        targets = number_targets(y, len(table), "TabularRegressor.fit")
        self._has_columns = np.asarray(y).ndim == 2
        return self._fit(table, None, targets, sample_weight, validation_rows)

    def predict(self, X: Any) -> Array:
        """Return numbers for rows as `fit` takes them, float64, shape (n,), or (n, k) if targets had two axes."""
        found = self._predicted(X, "predict")
        return found if self._has_columns else found[:, 0]

    def predict_interval(self, X: Any, coverage: float = 0.9) -> Array:
        """Return intervals that hold the true numbers with a probability.

        Parameters
        ----------
        X : frame or array, shape (n, d)
            The rows.
        coverage : float
            The probability, above 0 and below 1.

        Returns
        -------
        float64 array, shape (n, 2), or (n, k, 2) if targets had two axes
            Low and high ends; see `feedforward.tabular.aims.interval`.

        Raises
        ------
        ValueError
            If no rows were held out, or `coverage` is no such number.

        Notes
        -----
        They come from how far off the rows held out were, and are as wide for every row. A pair of quantiles trained
        beside the number would be wider where it is less sure, but takes another training, and its coverage is that on
        rows that it was trained on; this has it on new rows, whatever the model is wrong about. (The same rows chose
        the epoch, which makes intervals a little too narrow.)
        """
        check_number("TabularRegressor.predict_interval", "coverage", coverage, _COVERAGE)
        predicted = self._predicted(X, "predict_interval")
        if not self.record_.residuals:
            raise ValueError(
                "TabularRegressor.predict_interval: no rows were held out, which would say how wide it has to be. "
                "Expected a validation_fraction that is a row at least. Fit again with it."
            )
        found = interval(predicted, self.record_.residuals, coverage)
        return found if self._has_columns else found[:, 0]


def _as_mask(rows: Any, count: int, caller: str) -> Array:
    """Return which rows are held out, of their numbers or of a bool for each."""
    given = np.asarray(rows)
    mask = np.zeros(count, bool)
    is_mask = given.dtype == bool and given.shape == (count,)
    is_list = (
        given.dtype.kind in "iu" and given.ndim == 1 and (not given.size or (given.min() >= 0 and given.max() < count))
    )
    if not (is_mask or is_list):
        raise ValueError(
            f"{caller}: validation_rows has dtype {given.dtype}, shape {given.shape}. Expected numbers of rows, from "
            f"0 to {count - 1}, or {count} bools. Give one of them."
        )
    mask[given] = True
    if mask.all():
        raise ValueError(f"{caller}: validation_rows are all {count} rows. Expected some to train on. Hold out fewer.")
    return mask


def _say(number: int, epoch: int, loss: float, error: float) -> None:
    """Print a line of an epoch."""
    print(f"network {number}, epoch {epoch}: loss {loss:.4f}, error {error:.4f}")
