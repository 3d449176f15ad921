"""Losses of a margin: how far outputs, which are any numbers, are on the right side of 0, or of each other.

Of two classes the margin is m = y s, for an output s and a target y that is -1 or 1; 0 counts as -1. Of c classes it is
what the output of the right one is above another; targets are their numbers from 0 to c - 1, which as for
`SparseCategoricalCrossentropy` are checked, or one-hot rows. The last
layer has no activation.

References: Bartlett, Jordan and McAuliffe, "Convexity, classification, and risk bounds", 2006 (two classes); Rifkin and
Klautau, "In defense of one-vs-all classification", 2004 (c classes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.functions import exp, expand_dims, max, one_hot, square, squeeze, sum, take_along_axis, tanh, where
from feedforward.graph.node import Array
from feedforward.nn.activations import relu, softplus
from feedforward.nn.config import Range, check_number, registered
from feedforward.nn.loss import LOSSES, Loss, OutputShape, align, check_class_count, classes_of, mean_of_sample
from feedforward.tensor import Tensor

__all__ = [
    "CategoricalHinge",
    "CategoricalPerceptron",
    "ClassMarginLoss",
    "CrammerSinger",
    "Exponential",
    "Hinge",
    "Logistic",
    "MarginLoss",
    "ModifiedHuber",
    "OneVsAllHinge",
    "Perceptron",
    "SigmoidLoss",
    "SquaredHinge",
]


class MarginLoss(Loss):
    """Base of losses of two classes: the mean over the outputs of a function of the margin."""

    def of_margin(self, m: Tensor) -> Tensor:
        """Return the loss of each margin."""
        raise NotImplementedError(f"{type(self).__name__} has no of_margin(). Define of_margin(self, m).")

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean loss of the outputs of each sample."""
        y, s = align(y_true, y_pred)
        return mean_of_sample(self.of_margin(where(y > 0.0, s, -s)))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a target -1, 0 or 1 for each output."""
        self._check_shape(y, output_shape)
        advice = "Number two classes -1 and 1, or 0 and 1; for more of them use CategoricalHinge."
        self._refuse(y, ~np.isin(y, (-1, 0, 1)), "targets must be -1 or 1", advice)

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return binary accuracy: an output above 0 says 1."""
        return {"class": "binary_accuracy", "threshold": 0.0}


@registered(LOSSES)
@dataclass(frozen=True)
class Hinge(MarginLoss):
    """max(0, 1 - m): the loss of a support vector machine; its derivative is 0 at m = 1.

    References
    ----------
    Cortes and Vapnik, "Support-vector networks", 1995.

    Examples
    --------
    >>> print(Hinge()([1.0, -1.0], [0.5, -3.0]))  # (0.5 + 0) / 2
    0.25
    """

    def of_margin(self, m: Tensor) -> Tensor:
        """Return max(0, 1 - m)."""
        return relu(1.0 - m)


@registered(LOSSES)
@dataclass(frozen=True)
class SquaredHinge(MarginLoss):
    """max(0, 1 - m)^2."""

    def of_margin(self, m: Tensor) -> Tensor:
        """Return max(0, 1 - m)^2."""
        return square(relu(1.0 - m))


@registered(LOSSES)
@dataclass(frozen=True)
class Perceptron(MarginLoss):
    """max(0, -m): what is wrong costs what it is off.

    Notes
    -----
    The derivative by m at 0 is -1, as in Rosenblatt's rule, which changes weights where m <= 0: else weights of 0 would
    stay so.

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", 1958.
    """

    def of_margin(self, m: Tensor) -> Tensor:
        """Return max(0, -m)."""
        return where(m > 0.0, 0.0, -m)


@registered(LOSSES)
@dataclass(frozen=True)
class Logistic(MarginLoss):
    """log2(1 + exp(-m)), in bits: 1 at m = 0, and nowhere below the number of errors.

    Notes
    -----
    It is `BinaryCrossentropy` from logits divided by log(2). It never overflows.
    """

    def of_margin(self, m: Tensor) -> Tensor:
        """Return log2(1 + exp(-m))."""
        return softplus(-m) * (1.0 / math.log(2.0))


@registered(LOSSES)
@dataclass(frozen=True)
class ModifiedHuber(MarginLoss):
    """max(0, 1 - m)^2 where m >= -1, and -4 m below.

    References
    ----------
    Zhang, "Solving large scale linear prediction problems using stochastic gradient descent algorithms", 2004.
    """

    def of_margin(self, m: Tensor) -> Tensor:
        """Return max(0, 1 - m)^2, continued by a line."""
        return where(m < -1.0, -4.0 * m, square(relu(1.0 - where(m < -1.0, -1.0, m))))


@registered(LOSSES)
@dataclass(frozen=True)
class Exponential(MarginLoss):
    """exp(-m): the loss that AdaBoost makes small; it overflows to inf for m < -88.

    References
    ----------
    Freund and Schapire, "A decision-theoretic generalization of on-line learning and an application to boosting", 1997.
    """

    def of_margin(self, m: Tensor) -> Tensor:
        """Return exp(-m)."""
        return exp(-m)


@registered(LOSSES)
@dataclass(frozen=True)
class SigmoidLoss(MarginLoss):
    """1 - tanh(k m): smooth and bounded by 2, so that no outlier counts for more; not convex.

    Parameters
    ----------
    k : float
        How steep it is, above 0. 1/2 makes it 2 / (1 + exp(m)).

    References
    ----------
    Bartlett, Jordan and McAuliffe, "Convexity, classification, and risk bounds", 2006.
    """

    k: float = 1.0

    def __post_init__(self) -> None:
        check_number("SigmoidLoss", "k", self.k, Range(0, has_low=False))

    def of_margin(self, m: Tensor) -> Tensor:
        """Return 1 - tanh(k m)."""
        return 1.0 - tanh(self.k * m)


class ClassMarginLoss(Loss):
    """Base of losses of c classes, one of which is right for each sample."""

    def of_outputs(self, f: Tensor, is_right: Tensor, right: Tensor) -> Tensor:
        """Return the losses.

        Parameters
        ----------
        f : float tensor, shape (..., c)
            The outputs.
        is_right : bool tensor, shape (..., c)
            Which of them are those of the right classes.
        right : float tensor, shape (..., 1)
            These outputs.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no of_outputs(). Define of_outputs(self, f, is_right, right)."
        )

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each sample."""
        f = align(y_pred, y_pred)[1]
        labels = classes_of(y_true, y_pred)
        is_right = one_hot(labels, f.node.shape[-1], "bool")
        right = take_along_axis(f, expand_dims(labels, -1), -1)  # which checks labels that `check` has not seen
        return mean_of_sample(self.of_outputs(f, is_right, right))

    def check(self, y: Array, output_shape: tuple[int | None, ...]) -> None:
        """Check that there is a label from 0 to c - 1, or a one-hot row, for each row of outputs.

        Raises
        ------
        ShapeError
            If the network has a single output, or the shape of the targets is another.
        DataError
            If a label is no whole number, or outside the classes, or a row is not one-hot.
        """
        check_class_count(self._name, output_shape, "Hinge")
        if y.ndim != len(output_shape) or y.shape[-1] != output_shape[-1]:
            self._check_labels(y, output_shape)
            return
        is_bad = ~np.isin(y, (0, 1)) | (np.count_nonzero(y, axis=-1) != 1)[..., None]
        self._refuse(y, is_bad, "rows must be one-hot: a single 1 and else 0", "Give labels from 0, or one-hot rows.")

    def accuracy(self, output_shape: OutputShape) -> dict[str, Any]:
        """Return the accuracy that takes labels and one-hot rows."""
        return {"class": "class_accuracy"}


@registered(LOSSES)
@dataclass(frozen=True)
class CategoricalHinge(ClassMarginLoss):
    """sum(max(0, 1 + f_j - f_y)) over the wrong classes j: the multiclass support vector machine.

    Notes
    -----
    Keras's loss of this name is `CrammerSinger`, which counts the worst class alone.

    References
    ----------
    Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999.

    Examples
    --------
    max(0, 1 - 5 - 3) + max(0, 1 + 2.5 - 3):

    >>> print(CategoricalHinge()([0], [[3.0, -5.0, 2.5]]))
    0.5
    """

    def of_outputs(self, f: Tensor, is_right: Tensor, right: Tensor) -> Tensor:
        """Return the sum of hinges over the wrong classes."""
        return sum(where(is_right, 0.0, relu(1.0 + f - right)), -1)


@registered(LOSSES)
@dataclass(frozen=True)
class OneVsAllHinge(ClassMarginLoss):
    """max(0, 1 - f_y) + sum(max(0, 1 + f_j)) over the wrong classes j: c machines, each of one class and all others.

    References
    ----------
    Rifkin and Klautau, "In defense of one-vs-all classification", 2004.
    """

    def of_outputs(self, f: Tensor, is_right: Tensor, right: Tensor) -> Tensor:
        """Return the sum of hinges of all classes."""
        return sum(relu(1.0 - where(is_right, right, -f)), -1)


@registered(LOSSES)
@dataclass(frozen=True)
class CrammerSinger(ClassMarginLoss):
    """max(0, 1 + max(f_j) - f_y), the inner maximum over the wrong classes j: the structured hinge loss.

    References
    ----------
    Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", 2001.
    """

    def of_outputs(self, f: Tensor, is_right: Tensor, right: Tensor) -> Tensor:
        """Return the hinge of the worst wrong class."""
        return relu(1.0 + _best_wrong(f, is_right) - squeeze(right, -1))


@registered(LOSSES)
@dataclass(frozen=True)
class CategoricalPerceptron(ClassMarginLoss):
    """max(0, max(f_j) - f_y), the inner maximum over the wrong classes j.

    Notes
    -----
    Where both are equal the derivative is as if the answer were wrong, see `Perceptron`; equal wrong ones share it.

    References
    ----------
    Crammer and Singer, "Ultraconservative online algorithms for multiclass problems", 2003.
    """

    def of_outputs(self, f: Tensor, is_right: Tensor, right: Tensor) -> Tensor:
        """Return what the best wrong class is above the right one."""
        lead = _best_wrong(f, is_right) - squeeze(right, -1)
        return where(lead < 0.0, 0.0, lead)


def _best_wrong(f: Tensor, is_right: Tensor) -> Tensor:
    """Return the largest output of a wrong class."""
    return max(where(is_right, -np.inf, f), -1)
