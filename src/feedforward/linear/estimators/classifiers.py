"""Classifiers: logistic regression and support vector machines, for two classes and more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from feedforward.backends.threads import thread_count
from feedforward.errors import DataError
from feedforward.linear.estimators.estimator import Estimator, solver_of
from feedforward.linear.loops.kernels import given_up, margins
from feedforward.linear.losses import Logistic, RowLoss, loss_of
from feedforward.linear.objectives.multiclass import MarginProblem, SoftmaxProblem
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result
from feedforward.linear.rows import Rows
from feedforward.linear.solvers.solver import Solver
from feedforward.linear.targets import classes_of, costs_of, one_axis, weights_of_classes
from feedforward.lookup import did_you_mean

__all__ = ["Classifier", "LinearSVC", "LogisticRegression", "support_of"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(eq=False)
class Classifier(Estimator):
    """Base of what predicts classes by scores x w + b.

    Attributes
    ----------
    classes_ : array, shape (c,)
        The labels, in order.
    coef_ : float64 array, shape (c, d); of two classes (1, d)
    intercept_ : float64 array, shape (c,); of two classes (1,)
    """

    _kind: ClassVar[str] = "classifier"

    classes_: NDArray[Any] = field(init=False, repr=False)
    coef_: Floats = field(init=False, repr=False)
    intercept_: Floats = field(init=False, repr=False)

    def decision_function(self, x: Any) -> Floats:
        """Return the scores: shape (n,) for two classes, above 0 for the second; else (n, c), the largest decides."""
        return self._scores(x, "decision_function")

    def _scores(self, x: Any, method: str) -> Floats:
        """Return the scores, for a method that messages name."""
        rows = self._rows_to_predict(x, method)
        scores = margins(rows, self.coef_.T) + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, x: Any) -> NDArray[Any]:
        """Return the class of each row, shape (n,); of equal scores the first class.

        Raises
        ------
        ShapeError, DataError, TypeError
            If x is not as in `fit`.
        """
        scores = self._scores(x, "predict")
        number = (scores > 0).astype(np.int64) if scores.ndim == 1 else scores.argmax(1)
        predicted: NDArray[Any] = self.classes_[number]
        return predicted

    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of rows whose class is predicted, each row counting its weight."""
        predicted = self.predict(x)
        name = f"{type(self).__name__}.score"
        weight = costs_of(sample_weight, len(predicted), name)
        return float(np.average(predicted == one_axis(y, len(predicted), name), weights=weight))


@dataclass(eq=False)
class _Penalised(Classifier):
    """Classifiers that minimise 1/2 |w|^2 + C sum of losses."""

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the weights, and return the estimator.

        Parameters
        ----------
        x : array, frame, sparse array or Rows, shape (n, d)
            float32 or float64; dense in C order, or CSR, it is not copied.
        y : array of labels, shape (n,)
            Whole numbers, bools or texts.
        sample_weight : array, shape (n,), optional
            What each row counts, at least 0.

        Raises
        ------
        ShapeError, DataError, TypeError
            If the data cannot be used as they are; says where.
        ValueError
            If a parameter is none.

        Warns
        -----
        ModelWarning
            If the gap asked for was not reached; says how far it is and what to do.
        """
        name = f"{type(self).__name__}.fit"
        settings: Any = self  # the fields that both classes have
        self._check_settings()
        self._check_positive(C=settings.C, tol=settings.tol, max_iter=settings.max_iter)
        if settings.fit_intercept:
            self._check_positive(intercept_scaling=settings.intercept_scaling)
        start = self.results_ if settings.warm_start and self.__sklearn_is_fitted__() else ()
        earlier = getattr(self, "classes_", None)
        rows = self._rows_to_fit(x)
        classes, number = classes_of(y, rows.shape[0], name)
        weight = costs_of(sample_weight, rows.shape[0], name)
        by_class = weights_of_classes(settings.class_weight, classes, number, weight, name)
        cost = settings.C * weight * by_class[number]
        idle = np.bincount(number, cost, len(classes)) == 0
        if idle.any():
            label = classes.tolist()[int(np.argmax(idle))]
            raise DataError(
                f"{name}: all weights of class {label!r} are zero. Expected each to count. "
                "Drop its rows, or give them weights above 0."
            )
        scale = float(settings.intercept_scaling) if settings.fit_intercept else 0.0
        problems = self._problems(rows, number, cost, len(classes), scale)
        fits = len(start) == len(problems) and earlier is not None and np.array_equal(earlier, classes)
        fits = fits and all(result.w.shape[0] == rows.shape[1] for result in start)

        def solved(at: int) -> Result:
            solver = solver_of(settings.solver, problems[at], name)
            begin = start[at] if fits else None
            return solver.solve(problems[at], settings.tol, settings.max_iter, settings.random_state, begin)

        results = _in_threads(solved, len(problems))
        self._keep_columns(x, rows)
        self.classes_ = classes
        self.coef_ = np.vstack([result.w.T for result in results])
        self.intercept_ = np.concatenate([np.atleast_1d(result.intercept) for result in results])
        self._keep(results)
        return self

    def _strategies(self) -> tuple[str, ...]:
        """Return the ways of more than two classes."""
        return ("one_vs_rest",)

    def _loss(self) -> RowLoss:
        """Return the loss of two classes."""
        raise NotImplementedError(f"{type(self).__name__} has no _loss(). Define it.")

    def _problems(self, rows: Rows, number: Whole, cost: Floats, classes: int, scale: float) -> list[Any]:
        """Return what is to be minimised: one problem, or one for each class against the rest."""
        strategy = getattr(self, "multi_class", "one_vs_rest")
        if strategy not in self._strategies():
            hint = did_you_mean(str(strategy), list(self._strategies()))
            raise ValueError(f"{type(self).__name__}: multi_class={strategy!r} is none. {hint}")
        loss = self._loss()
        if classes == 2:
            return [Problem(rows, np.where(number == 1, 1.0, -1.0), cost, loss, scale)]
        if strategy == "softmax":
            return [SoftmaxProblem(rows, number, cost, classes, scale)]
        if strategy != "one_vs_rest":
            return [MarginProblem(rows, number, cost, classes, scale, strategy)]
        return [Problem(rows, np.where(number == at, 1.0, -1.0), cost, loss, scale) for at in range(classes)]


@dataclass(eq=False)
class LogisticRegression(_Penalised):
    """1/2 |w|^2 + C sum_i c_i log(1 + exp(-y_i s_i)); of more classes, the cross-entropy of softmax.

    Parameters
    ----------
    C : float
        What a loss of one nat costs, above 0; large C trusts the data, small C keeps weights small.
    multi_class : str
        "softmax" or "one_vs_rest", for more than two classes.
    fit_intercept : bool
    intercept_scaling : float
        B: the intercept is B v with v^2 / 2 in the objective, as in LIBLINEAR; a larger one lets it more free.
    class_weight : None, "balanced" or dict of class to float
        What each row counts by its class, also for one against the rest (LIBLINEAR leaves the rest at 1).
    solver : str or Solver
        "auto" is "newton"; of sparse rows one against the rest, or of two classes, "dual" where there are more columns
        than rows (and than 300), or the mean of C |x|^2 is at most 10.
    tol : float
        The duality gap to reach, as a share of the objective.
    max_iter : int
        The most passes over the rows.
    warm_start : bool
        Whether `fit` begins where the last one ended.
    random_state : int
        The seed of solvers that draw.

    Examples
    --------
    >>> model = LogisticRegression().fit([[-1.0], [0.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[-2.0], [4.0]]).tolist()
    ['no', 'yes']
    >>> model.result_.is_done
    True
    """

    C: float = 1.0
    multi_class: str = "softmax"
    fit_intercept: bool = True
    intercept_scaling: float = 1.0
    class_weight: Any = None
    solver: str | Solver = "auto"
    tol: float = 1e-6
    max_iter: int = 1000
    warm_start: bool = False
    random_state: int = 0

    def predict_proba(self, x: Any) -> Floats:
        """Return the probability of each class, shape (n, c): of one against the rest, divided by their sum."""
        return np.exp(self.predict_log_proba(x))

    def predict_log_proba(self, x: Any) -> Floats:
        """Return the logarithm of each probability, nats, shape (n, c); finite where probabilities round to 0."""
        scores = self._scores(x, "predict_proba")
        if scores.ndim == 1:
            return np.stack([-np.logaddexp(0.0, scores), -np.logaddexp(0.0, -scores)], axis=1)
        if self.multi_class == "one_vs_rest":
            scores = -np.logaddexp(0.0, -scores)
        top = scores.max(1, keepdims=True)
        logs: Floats = scores - top - np.log(np.exp(scores - top).sum(1, keepdims=True))
        return logs

    def _strategies(self) -> tuple[str, ...]:
        return ("softmax", "one_vs_rest")

    def _loss(self) -> RowLoss:
        return Logistic()


@dataclass(eq=False)
class LinearSVC(_Penalised):
    """1/2 |w|^2 + C sum_i c_i l(y_i s_i): a support vector machine.

    Parameters
    ----------
    loss : str
        "squared_hinge", "hinge", "modified_huber" or another of two classes; of more, for one against the rest.
    C : float
        What a loss of 1 costs, above 0; with large C the margin is hard, with small C wide.
    multi_class : str
        "one_vs_rest", "crammer_singer" or "weston_watkins"; the last two are hinges of their own, whatever `loss`.
    fit_intercept, intercept_scaling, class_weight, tol, max_iter, warm_start, random_state
        As for `LogisticRegression`.
    solver : str or Solver
        "auto" is "newton" for smooth losses, and "dual" where their columns are more than 300 and than the rows; of a
        hinge, "dual_then_interior" for small data (n d^2 and d^3 <= 2**27), else "dual", which is also that of
        "crammer_singer" and "weston_watkins".

    Attributes
    ----------
    support_ : int array
        The rows whose dual variables are not 0: without the others, the weights are the same.

    References
    ----------
    Cortes and Vapnik, "Support-vector networks", 1995.

    Examples
    --------
    Of the rows at 0 and 2 the widest margin has its middle at 1 (without penalty on the intercept, and almost so here):

    >>> model = LinearSVC(loss="hinge", C=10.0, intercept_scaling=100.0).fit([[0.0], [2.0]], [0, 1])
    >>> print(f"{model.coef_[0, 0]:.3f} {model.intercept_[0]:.3f}")
    1.000 -1.000
    """

    loss: str | RowLoss = "squared_hinge"
    C: float = 1.0
    multi_class: str = "one_vs_rest"
    fit_intercept: bool = True
    intercept_scaling: float = 1.0
    class_weight: Any = None
    solver: str | Solver = "auto"
    tol: float = 1e-6
    max_iter: int = 1000
    warm_start: bool = False
    random_state: int = 0

    @property
    def support_(self) -> Whole:
        """The rows with a dual variable that is not 0, at 1e-6 of the largest."""
        self._check_fitted("support_")
        return support_of(self.results_)

    def _strategies(self) -> tuple[str, ...]:
        return ("one_vs_rest", "crammer_singer", "weston_watkins")

    def _loss(self) -> RowLoss:
        return loss_of(self.loss, True, "LinearSVC")


def _in_threads(solved: Callable[[int], Result], count: int) -> list[Result]:
    """Return the results of some problems, which threads share: machine code holds no lock; no result depends on it."""
    threads = min(thread_count(), count)
    if threads == 1:
        return [solved(at) for at in range(count)]
    pool, is_over = ThreadPoolExecutor(threads), Event()

    def in_thread(at: int) -> Result:
        given_up.set(is_over)
        return solved(at)

    try:
        return list(pool.map(in_thread, range(count)))
    finally:
        is_over.set()  # after Ctrl-C, or where one failed, the rest need not end, or begin
        pool.shutdown(cancel_futures=True)


def support_of(results: tuple[Result, ...]) -> Whole:
    """Return the rows of whose dual variables one is not 0: above 1e-6 of the largest, for they are found by a gap."""
    used: NDArray[np.bool_] = np.zeros(1, bool)
    for result in results:
        if result.beta is None:
            raise DataError("support_: the solver found no dual variables. Expected a convex loss. Choose another.")
        size = np.abs(result.beta).reshape(len(result.beta), -1).max(1)
        mine = size > 1e-6 * size.max()
        used = used | mine
    return np.flatnonzero(used)
