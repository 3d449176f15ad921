"""Pictures of linear models: the plane they decide by, losses beside each other, weights as the penalty changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import ShapeError
from feedforward.figures import new_figure
from feedforward.linear.estimators.classifiers import Classifier, LinearSVC
from feedforward.linear.estimators.estimator import Estimator
from feedforward.linear.losses import RowLoss, loss_of
from feedforward.linear.rows import rows_of
from feedforward.linear.targets import one_axis

__all__ = ["plot_decision", "plot_losses", "plot_path", "regularisation_path"]

Floats = NDArray[np.float64]


def plot_decision(model: Classifier, x: Any, y: Any) -> Any:
    """Return a Matplotlib figure of two-dimensional rows and of where a classifier decides otherwise.

    Of two classes, the line of score 0 is drawn, and dashed, those of -1 and 1, the margins; of a `LinearSVC`, rings
    around the support vectors, if these are the rows it was fitted to.

    Parameters
    ----------
    model : Classifier
        Fitted to two columns.
    x : array, shape (n, 2)
    y : array of labels, shape (n,)

    Raises
    ------
    TypeError
        If the model predicts numbers.
    ShapeError
        If there are not two columns.
    ImportError
        If Matplotlib is missing.
    """
    if not hasattr(model, "decision_function"):
        raise TypeError(
            f"plot_decision: {type(model).__name__} predicts numbers. Expected a classifier, such as LinearSVC. Plot "
            "predict(x) over a column."
        )
    rows = rows_of(x, "plot_decision")
    if rows.shape[1] != 2:
        raise ShapeError(f"plot_decision: x has {rows.shape[1]} columns, expected 2. Choose two, or project on two.")
    points, labels = rows.dense(), one_axis(y, rows.shape[0], "plot_decision")
    low, high = points.min(0), points.max(0)
    room = 0.1 * np.where(high > low, high - low, 1.0)
    first, second = (np.linspace(low[at] - room[at], high[at] + room[at], 200) for at in (0, 1))
    grid = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
    scores = model.decision_function(grid)
    figure, axes = new_figure("plot_decision", size=(5.6, 5.0))
    axis = axes[0, 0]
    number = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)
    shape = (len(second), len(first))
    levels = np.arange(len(model.classes_) + 1) - 0.5
    axis.contourf(first, second, number.reshape(shape), levels=levels, alpha=0.15, cmap="tab10", vmin=0, vmax=9)
    if scores.ndim == 1:
        lines = {"levels": [-1.0, 0.0, 1.0], "linestyles": ["--", "-", "--"], "colors": "black", "linewidths": 1.0}
        axis.contour(first, second, scores.reshape(shape), **lines)
    for at, label in enumerate(model.classes_):
        mine = points[labels == label]
        axis.scatter(mine[:, 0], mine[:, 1], s=18, color=f"C{at % 10}", label=str(label))
    if (
        isinstance(model, LinearSVC)
        and model.results_[0].beta is not None
        and len(model.results_[0].beta) == len(points)
    ):
        support = points[model.support_]
        axis.scatter(
            support[:, 0],
            support[:, 1],
            s=70,
            facecolors="none",
            edgecolors="black",
            label=f"{len(support)} support vectors",
        )
    axis.legend()
    return figure


def plot_losses(losses: Sequence[str | RowLoss] = ("hinge", "squared_hinge", "logistic", "modified_huber")) -> Any:
    """Return a Matplotlib figure of losses of two classes over the margin, beside the number of errors.

    Raises
    ------
    ValueError
        If there is no loss of such a name.
    ImportError
        If Matplotlib is missing.
    """
    margin = np.linspace(-2.0, 3.0, 501)
    figure, axes = new_figure("plot_losses")
    axis = axes[0, 0]
    axis.step(margin, (margin <= 0).astype(float), color="black", label="error")
    for loss in losses:
        values = loss_of(loss, True, "plot_losses").value(margin, np.ones_like(margin))
        axis.plot(margin, values, label=loss if isinstance(loss, str) else type(loss).__name__)
    axis.set(xlabel="margin m = y s", ylabel="loss", ylim=(0.0, 4.0))
    axis.legend()
    return figure


def regularisation_path(model: Estimator, x: Any, y: Any, values: Sequence[float]) -> Floats:
    """Return the weights for each value of C, or of the lasso's alpha, each fit beginning where the last one ended.

    Parameters
    ----------
    model : Estimator
        One with a parameter ``C`` or ``alpha``; it is not changed.
    values : sequence of float, shape (k,)

    Returns
    -------
    float64 array, shape (k, d) or (k, c, d)

    Raises
    ------
    ValueError
        If there is no value, or the model has no such parameter.
    """
    if not len(values):
        raise ValueError(
            "regularisation_path: values is empty. Expected one at least. Give np.geomspace(1e-3, 1e3, 9)."
        )
    params = model.get_params()
    name = _penalty(model)
    rows = rows_of(x, "regularisation_path")
    copy = type(model)(**{**params, "warm_start": True})
    return np.stack([copy.set_params(**{name: value}).fit(rows, y).coef_.copy() for value in values])  # type: ignore[attr-defined]


def plot_path(model: Estimator, x: Any, y: Any, values: Sequence[float]) -> Any:
    """Return a Matplotlib figure of each weight over C, or over the lasso's alpha, see `regularisation_path`.

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    """
    path = regularisation_path(model, x, y, values)
    figure, axes = new_figure("plot_path")
    axis = axes[0, 0]
    axis.semilogx(list(values), path.reshape(len(path), -1))
    axis.set(xlabel=_penalty(model), ylabel="weights")
    axis.axhline(0.0, color="black", linewidth=0.5)
    return figure


def _penalty(model: Estimator) -> str:
    """Return the name of the parameter that weighs penalty against losses."""
    params = model.get_params()
    name = next((each for each in ("C", "alpha") if each in params), None)
    if name is None or "warm_start" not in params:
        raise ValueError(
            f"regularisation_path: {type(model).__name__} has no penalty. Expected C or alpha. Use Lasso or LinearSVC."
        )
    return name
