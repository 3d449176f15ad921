"""What all estimators share: parameters, the gates of fit and predict, tags for scikit-learn, which is not required.

An estimator is a dataclass: its fields that `__init__` takes are its parameters, checked by `fit`; those that end with
an underscore are there after `fit`.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError, ModelWarning, ShapeError, warn
from feedforward.linear.loops.kernels import margins, squared_norms
from feedforward.linear.losses import Logistic
from feedforward.linear.objectives.multiclass import MarginProblem, SoftmaxProblem
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result
from feedforward.linear.rows import Rows, check_sizes, column_names, rows_of
from feedforward.linear.solvers.combined import DualThenInterior
from feedforward.linear.solvers.descent import SGD, Hogwild, MiniBatch, SubgradientDescent
from feedforward.linear.solvers.dual import DualCoordinateDescent
from feedforward.linear.solvers.exact import QuadraticProgram
from feedforward.linear.solvers.interior import InteriorPoint, is_small
from feedforward.linear.solvers.newton import Newton
from feedforward.linear.solvers.solver import Solver
from feedforward.linear.solvers.variance import SAGA, SVRG
from feedforward.linear.targets import costs_of, numbers_of
from feedforward.lookup import did_you_mean
from feedforward.nn.config import check_bool, check_int

__all__ = ["Estimator", "Regressor", "solver_of"]

Floats = NDArray[np.float64]

_SOLVERS: dict[str, type[Any]] = {
    "newton": Newton,
    "interior_point": InteriorPoint,
    "dual": DualCoordinateDescent,
    "dual_then_interior": DualThenInterior,
    "subgradient": SubgradientDescent,
    "sgd": SGD,
    "minibatch": MiniBatch,
    "hogwild": Hogwild,
    "svrg": SVRG,
    "saga": SAGA,
    "quadratic_program": QuadraticProgram,
}

_FEW_COLUMNS = 300
"""Of more columns than this and than rows, the dual variables are fewer than the weights."""

_LOW_CURVATURE = 10.0
"""Up to which mean of c_i |x_i|^2 the dual of the logistic loss takes some passes: at 1, 3 to a gap of 1e-3 and 6 to
1e-6 for texts, which Newton's method does in twice the time; at 14, as of a9a, both take as long."""


def solver_of(solver: str | Solver, problem: Problem | SoftmaxProblem | MarginProblem, name: str) -> Solver:
    """Return the solver of a name; "auto" is the one that is usual for the problem.

    Raises
    ------
    ValueError
        If there is none of that name, or it does not solve such a problem.
    """
    if isinstance(solver, str):
        if solver == "auto":
            return _automatic(problem, name)
        if solver not in _SOLVERS:
            raise ValueError(f"{name}: solver={solver!r} is none. {did_you_mean(solver, ['auto', *_SOLVERS])}")
        solver = cast(Solver, _SOLVERS[solver]())
    if not hasattr(solver, "solve"):
        raise ValueError(f"{name}: solver={solver!r} is none. Expected a name or an object such as SGD().")
    only = {SoftmaxProblem: Newton, MarginProblem: DualCoordinateDescent}.get(type(problem))
    if only is not None and not isinstance(solver, only):
        raise ValueError(
            f"{name}: solver={solver!r} does not solve a {type(problem).__name__}. Expected {only.__name__}(). Use "
            "multi_class='one_vs_rest' for the others."
        )
    return solver


def _automatic(problem: Problem | SoftmaxProblem | MarginProblem, name: str) -> Solver:
    """Return the solver that is usual for a problem."""
    if isinstance(problem, SoftmaxProblem):
        return Newton()
    if isinstance(problem, MarginProblem):
        return DualCoordinateDescent()
    if not problem.loss.is_convex:
        raise ValueError(
            f"{name}: {type(problem.loss).__name__} is not convex, so that no solver can say how far it is from the "
            "minimum. Expected a convex loss, or a solver that steps. Give solver='sgd'."
        )
    has_box = problem.box is not None
    if has_box and not math.isfinite(problem.loss.smoothness):
        return DualThenInterior() if is_small(problem) else DualCoordinateDescent()
    is_wide = problem.size > max(_FEW_COLUMNS, problem.rows.shape[0])
    if has_box and is_wide:  # fewer dual variables than weights
        return DualCoordinateDescent()
    is_sparse_logistic = isinstance(problem.loss, Logistic) and problem.rows.is_sparse
    if is_sparse_logistic and (is_wide or _mean_curvature(problem) <= _LOW_CURVATURE):
        return DualCoordinateDescent()
    return Newton()


def _mean_curvature(problem: Problem) -> float:
    """Return the mean of c_i (|x_i|^2 + B^2), four times what a row adds at most to a logistic curvature."""
    return float(np.mean(problem.cost * (squared_norms(problem.rows) + problem.scale**2)))


@dataclass(eq=False)
class Estimator:
    """Base of estimators.

    Attributes
    ----------
    n_features_in_ : int
        The number of columns in `fit`.
    feature_names_in_ : array of str, shape (d,)
        Their names, if x was a frame.
    results_ : tuple of Result
        What the solver found, and how far that is from the best: one, or one for each class against the rest.
    n_iter_ : int
        The most passes that one of them took.
    """

    _kind: ClassVar[str] = "regressor"

    n_features_in_: int = field(init=False, repr=False)
    feature_names_in_: NDArray[Any] = field(init=False, repr=False)
    results_: tuple[Result, ...] = field(init=False, repr=False)
    n_iter_: int = field(init=False, repr=False)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; scikit-learn copies an estimator by them."""
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.init}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, and return the estimator.

        Raises
        ------
        ValueError
            If there is none of a name; offers the nearest.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}. {did_you_mean(name, list(known))}")
            setattr(self, name, value)
        return self

    @property
    def result_(self) -> Result:
        """What the solver found; of several, that with the largest relative gap."""
        self._check_fitted("result_")
        if "results_" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__} has no result_: nothing is minimised that has a gap. Look at the others."
            )
        return max(self.results_, key=lambda result: result.relative_gap)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn, which asks, wants to know of the estimator."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        is_classifier = self._kind == "classifier"
        return Tags(
            estimator_type=self._kind,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if is_classifier else None,
            regressor_tags=None if is_classifier else RegressorTags(),
            input_tags=InputTags(sparse=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether `fit` was called."""
        return "n_features_in_" in vars(self)

    def _rows_to_fit(self, x: Any) -> Rows:
        """Return the rows of `fit`, which remembers nothing before all is well: see `_keep_columns`."""
        name = f"{type(self).__name__}.fit"
        rows = rows_of(x, name)
        check_sizes(rows, name)
        return rows

    def _keep_columns(self, x: Any, rows: Rows) -> None:
        """Remember the columns of `fit`; from then on the estimator is fitted."""
        names = None if isinstance(x, Rows) else column_names(x)
        self.n_features_in_ = rows.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        elif "feature_names_in_" in vars(self):
            del self.feature_names_in_

    def _rows_to_predict(self, x: Any, method: str) -> Rows:
        """Return rows with the columns that `fit` had."""
        self._check_fitted(method)
        name = f"{type(self).__name__}.{method}"
        rows = rows_of(x, name, getattr(self, "feature_names_in_", None))
        if rows.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"{name}: X has {rows.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input. Give the columns that fit had."
            )
        return rows

    def _check_fitted(self, method: str = "predict") -> None:
        """Check that `fit` was called."""
        if self.__sklearn_is_fitted__():
            return
        # Who asks for scikit-learn's own exception has loaded it.
        module = sys.modules.get("sklearn.exceptions")
        category = ValueError if module is None else module.NotFittedError
        raise category(
            f"{type(self).__name__}.{method}: the estimator is not fitted. Expected fit first. Call fit(x, y)."
        )

    def _keep(self, results: list[Result]) -> None:
        """Remember what solvers found, and say where one did not reach what was asked for."""
        self.results_ = tuple(results)
        self.n_iter_ = max(1, max(result.passes for result in results))
        for result in results:
            if not result.is_done and (math.isfinite(result.dual) or not math.isfinite(result.primal)):
                warn(f"{type(self).__name__}.fit: {result.reason}", ModelWarning)

    def _check_settings(self) -> None:
        """Check the parameters that are true or false, and the seed, of those that the estimator has."""
        owner, settings = type(self).__name__, self.get_params()
        for name in ("fit_intercept", "warm_start", "use_shuffle"):
            if name in settings:
                check_bool(owner, name, settings[name])
        if "random_state" in settings:
            check_int(owner, "random_state", settings["random_state"], 0)

    def _check_positive(self, **values: float) -> None:
        """Check that parameters are numbers above 0, and that passes are counted in whole ones."""
        if "max_iter" in values and not isinstance(values["max_iter"], int | np.integer):
            raise ValueError(f"{type(self).__name__}: max_iter={values['max_iter']!r}, expected an int >= 1. Use 1000.")
        for name, value in values.items():
            if not (isinstance(value, int | float | np.number) and value > 0 and math.isfinite(value)):
                raise ValueError(
                    f"{type(self).__name__}: {name}={value!r}, expected a finite number > 0. Use set_params({name}=1)."
                )


@dataclass(eq=False)
class Regressor(Estimator):
    """Base of what predicts numbers, x w + b.

    Attributes
    ----------
    coef_ : float64 array, shape (d,)
    intercept_ : float
    """

    coef_: Floats = field(init=False, repr=False)
    intercept_: float = field(init=False, repr=False)

    def predict(self, x: Any) -> Floats:
        """Return x w + b, shape (n,).

        Raises
        ------
        ShapeError, DataError, TypeError
            If x is not as in `fit`.
        """
        rows = self._rows_to_predict(x, "predict")
        return margins(rows, self.coef_) + self.intercept_

    def score(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R^2, 1 - sum(c (y - p)^2) / sum(c (y - mean(y))^2); 1 at best, 0 for the mean alone."""
        predicted = self.predict(x)
        target = numbers_of(y, len(predicted), f"{type(self).__name__}.score")
        weight = costs_of(sample_weight, len(predicted), f"{type(self).__name__}.score")
        spread = float(weight @ np.square(target - np.average(target, weights=weight)))
        if spread == 0.0:
            raise DataError(f"{type(self).__name__}.score: all targets are equal, so that R^2 is 0 / 0. Give others.")
        return 1.0 - float(weight @ np.square(target - predicted)) / spread
