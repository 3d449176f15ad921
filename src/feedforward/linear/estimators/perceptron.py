"""The oldest machines: McCulloch and Pitts's neuron, and the perceptron with its bound of mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import numbers
from feedforward.errors import DataError, ModelWarning, ShapeError, warn
from feedforward.linear.estimators.classifiers import Classifier
from feedforward.linear.loops.kernels import perceptron_pass, squared_norms
from feedforward.linear.losses import Hinge
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.rows import Rows
from feedforward.linear.solvers.interior import InteriorPoint, is_small
from feedforward.linear.targets import classes_of

__all__ = ["McCullochPitts", "Perceptron"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class McCullochPitts:
    """A neuron that fires if at least `threshold` of its inputs are on, and none of those that inhibit it.

    It learns nothing: its logic is in its wiring.

    Parameters
    ----------
    threshold : int
        At least 0.
    inhibitory : tuple of int
        The columns each of which, if it is on, keeps the neuron from firing.

    References
    ----------
    McCulloch and Pitts, "A logical calculus of the ideas immanent in nervous activity", 1943.

    Examples
    --------
    And, or, and "the first but not the second" of two inputs:

    >>> inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> [McCullochPitts(threshold).predict(inputs).tolist() for threshold in (2, 1)]
    [[0, 0, 0, 1], [0, 1, 1, 1]]
    >>> McCullochPitts(1, inhibitory=(1,)).predict(inputs).tolist()
    [0, 0, 1, 0]
    """

    threshold: int
    inhibitory: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.threshold, int) and self.threshold >= 0):
            raise ValueError(f"McCullochPitts: threshold must be an int >= 0. Got {self.threshold!r}.")
        if len(set(self.inhibitory)) < len(self.inhibitory) or any(column < 0 for column in self.inhibitory):
            raise ValueError(f"McCullochPitts: inhibitory={self.inhibitory!r}, expected different columns >= 0.")

    def predict(self, x: Any) -> NDArray[np.int64]:
        """Return 1 for each row at which the neuron fires, else 0, shape (n,).

        Raises
        ------
        ShapeError
            If there are not two axes, or fewer columns than `inhibitory` names.
        DataError
            If an input is neither 0 nor 1.
        """
        inputs = numbers(x, "McCullochPitts.predict: x")
        if inputs.ndim != 2 or inputs.shape[1] <= max(self.inhibitory, default=-1):
            raise ShapeError(
                f"McCullochPitts.predict: x has shape {inputs.shape}, expected (n, d) with d > "
                f"{max(self.inhibitory, default=-1)}. Give a row of inputs for each answer."
            )
        is_bad = (inputs != 0) & (inputs != 1)
        if is_bad.any():
            row, column = np.argwhere(is_bad)[0].tolist()
            raise DataError(
                f"McCullochPitts.predict: x is {inputs[row, column]} at row {row}, column {column}. Expected 0 or 1."
            )
        is_off = np.isin(np.arange(inputs.shape[1]), self.inhibitory)
        fires = (inputs[:, ~is_off].sum(1) >= self.threshold) & ~inputs[:, is_off].any(1)
        answers: NDArray[np.int64] = fires.astype(np.int64)
        return answers


@dataclass(eq=False)
class Perceptron(Classifier):
    """Rosenblatt's rule: for a row on the wrong side, w <- w + y x; until a pass has no mistake. One against the rest.

    If the classes can be separated, it makes at most (R / gamma)^2 mistakes: R is the largest norm of a row, gamma the
    distance of the nearest row from the best separating plane, both with the intercept's column of 1.

    Parameters
    ----------
    fit_intercept : bool
    max_iter : int
        The most passes; if the last had a mistake, the weights are those of the pass that ended with the fewest wrong
        rows (the pocket).
    use_shuffle : bool
        Whether each pass has an order of its own.
    random_state : int
        The seed of these orders.

    Attributes
    ----------
    mistakes_ : int array, shape (machines,)
        The steps made for each class against the rest; for two classes there is one machine.
    mistake_bounds_ : float64 array, shape (machines,)
        (R / gamma)^2, or inf where no plane separates. gamma is that of the widest margin for small data, see
        `is_small`; else that of the weights found, which makes a larger bound.

    References
    ----------
    Rosenblatt, "The perceptron", 1958; Novikoff, "On convergence proofs on perceptrons", 1962; Gallant,
    "Perceptron-based learning algorithms", 1990 (the pocket).

    Examples
    --------
    >>> model = Perceptron().fit([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 1])
    >>> bool(model.mistakes_[0] <= model.mistake_bounds_[0])
    True
    """

    fit_intercept: bool = True
    max_iter: int = 1000
    use_shuffle: bool = True
    random_state: int = 0
    mistakes_: NDArray[np.int64] = field(init=False, repr=False)
    mistake_bounds_: Floats = field(init=False, repr=False)

    def fit(self, x: Any, y: Any) -> Self:
        """Find the weights, and return the estimator.

        Parameters
        ----------
        x : array, frame, sparse array or Rows, shape (n, d)
        y : array of labels, shape (n,)

        Raises
        ------
        ShapeError, DataError, TypeError
            If the data cannot be used as they are; says where.

        Warns
        -----
        ModelWarning
            If the last pass had mistakes.
        """
        self._check_settings()
        self._check_positive(max_iter=self.max_iter)
        rows = self._rows_to_fit(x)
        classes, number = classes_of(y, rows.shape[0], "Perceptron.fit")
        sides = [np.where(number == at, 1.0, -1.0) for at in ([1] if len(classes) == 2 else range(len(classes)))]
        found = [self._machine(rows, side, str(classes[at])) for at, side in enumerate(sides)]
        self._keep_columns(x, rows)
        self.classes_ = classes
        self.coef_ = np.stack([u[:-1] for u, _, _, _ in found])
        self.intercept_ = np.array([u[-1] if self.fit_intercept else 0.0 for u, _, _, _ in found])
        self.mistakes_ = np.array([mistakes for _, mistakes, _, _ in found])
        self.n_iter_ = max(passes for _, _, passes, _ in found)
        self.mistake_bounds_ = np.array([bound for _, _, _, bound in found])
        return self

    def _machine(self, rows: Rows, y: Floats, label: str) -> tuple[Floats, int, int, float]:
        """Return weights, mistakes, passes, and the bound of mistakes."""
        n = rows.shape[0]
        random = np.random.default_rng(self.random_state)
        problem = Problem(rows, y, np.ones(n), Hinge(), 1.0 if self.fit_intercept else 0.0)
        u, pocket = np.zeros(problem.size), np.zeros(problem.size)
        fewest, mistakes, passes = n + 1, 0, 0
        while passes < self.max_iter:
            order = random.permutation(n) if self.use_shuffle else np.arange(n)
            now = perceptron_pass(rows, y, problem.scale, u, order)
            passes += 1
            mistakes += now
            if not now:
                return u, mistakes, passes, self._bound(problem, u)
            wrong = int((y * problem.scores(u) <= 0).sum())
            if wrong < fewest:
                fewest, pocket = wrong, u.copy()
        warn(
            f"Perceptron.fit: {passes} passes, and the last had {now} mistakes; the best weights have {fewest} of {n} "
            f"rows of class {label!r} against the others wrong. Expected a pass without mistakes, which there is if a "
            "plane separates them. Raise max_iter, or use LinearSVC.",
            ModelWarning,
        )
        return pocket, mistakes, passes, math.inf

    def _bound(self, problem: Problem, u: Floats) -> float:
        """Return (R / gamma)^2 for the widest margin, or for that of weights that separate."""
        largest = float(squared_norms(problem.rows).max()) + problem.scale**2
        margins = [_margin(problem, u)]
        if is_small(problem):
            # Of weights that separate with margin 1, the shortest; its price is that of a hinge that is hard.
            price = np.full(len(problem.y), 1e3 * float(u @ u) / margins[0] ** 2 if margins[0] else 1.0)
            hard = InteriorPoint().solve(Problem(problem.rows, problem.y, price, Hinge(), problem.scale), 1e-8, 100)
            margins.append(_margin(problem, np.append(hard.w, hard.intercept / (problem.scale or 1.0))))
        return largest / max(margins) ** 2


def _margin(problem: Problem, u: Floats) -> float:
    """Return the distance of the nearest row from a plane, or 0 where a row is on the wrong side."""
    return max(0.0, float((problem.y * problem.scores(u)).min()) / float(np.linalg.norm(u)))
