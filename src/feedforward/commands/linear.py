"""A network without hidden layers, solved rather than trained: logistic or linear regression by `feedforward.linear`.

The result is an ordinary network, so everything that a model can do it can; only its weights come from a solver that
knows how far from the best they are, and says it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import ModelWarning

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["solve"]


def solve(model: Model, x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None) -> str:
    """Give a network the weights that suit its rows best, and return a sentence that says how near the best they are.

    Of classes, with z the standardised inputs: the smallest 1/2 |w|^2 + sum_i c_i cross-entropy(z_i w + b, y_i). Of
    numbers: the smallest sum_i c_i (y_i - z_i w - b)^2, and of several minima the one with the smallest |w|.

    Parameters
    ----------
    model : Model
        Layers named ``normalization`` and ``output``, a Dense one.
    x : float32 array, shape (n, d)
        Rows to learn from.
    y : int64 array, shape (n,), or float64 array, shape (n, 1)
        Their classes or numbers.
    weights : array or None, shape (n,)
        What each row counts: c.
    """
    from feedforward.linear import LinearRegression, LogisticRegression

    mean, variance = (np.asarray(part, dtype=np.float64) for part in model.get_layer("normalization").get_weights())
    if weights is not None:  # what counts nothing is not there: a class of such rows alone is unknown
        x, y, weights = x[weights > 0], y[weights > 0], weights[weights > 0]
    rows = (x - mean) / np.sqrt(np.where(variance > 0, variance, 1.0))
    output = model.get_layer("output")
    kernel, bias = (np.zeros(part.shape) for part in output.get_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)  # it would say what the sentence says
        if y.ndim == 2:
            numbers = LinearRegression().fit(rows, y[:, 0], weights)
            kernel[:, 0], bias[0] = numbers.coef_, numbers.intercept_
            told = f"Least squares: the columns and what is left have a cosine of {numbers.residual_:.1g}, at best 0."
        else:
            classes = LogisticRegression().fit(rows, y, weights)
            # Of two classes the solver has the second's score less the first's.
            known = classes.classes_[-len(classes.coef_) :]
            kernel[:, known], bias[known] = classes.coef_.T, classes.intercept_
            # A class of no row here is as rare as can be said from so many.
            unknown = np.setdiff1d(np.arange(len(bias)), classes.classes_)
            bias[unknown] = min(bias[classes.classes_]) - np.log(len(y))
            found = classes.result_
            told = (
                f"Logistic regression: the objective is {found.primal:.6g}, and at most {found.gap:.2g} above the least"
                f" there is (its duality gap), after {found.passes} passes."
            )
    output.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return told
