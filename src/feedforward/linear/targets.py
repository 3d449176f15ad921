"""Targets and weights: labels of any kind become numbers of classes, what each row counts becomes its cost.

Here also: which class weights there are. Not here: the rows themselves (``rows.py``).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import numbers
from feedforward.errors import DataError, ShapeError
from feedforward.lookup import did_you_mean

__all__ = ["classes_of", "costs_of", "numbers_of", "one_axis", "weights_of_classes"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def one_axis(y: Any, count: int, name: str) -> NDArray[Any]:
    """Return targets as an array of one axis.

    Raises
    ------
    ShapeError
        If there is not one for each of `count` rows.
    DataError
        If there are none, or they are complex.
    """
    if y is None:
        raise DataError(f"{name}: requires y to be passed, but the target y is None. Give fit(x, y).")
    array: NDArray[Any] = np.asarray(y)
    if array.dtype.kind == "c":
        raise DataError(f"{name}: y has dtype {array.dtype}. Complex data not supported. Give real numbers or labels.")
    if array.ndim == 2 and array.shape[1] == 1:
        _warn_of_column(name)
        array = array[:, 0]
    if array.ndim != 1 or len(array) != count:
        raise ShapeError(
            f"{name}: y has shape {array.shape}, x has {count} rows. y should be a 1d array with a target for each row."
        )
    return array


def numbers_of(y: Any, count: int, name: str) -> Floats:
    """Return targets that are real numbers, as float64.

    Raises
    ------
    ShapeError, DataError, TypeError
        If they are none, or not finite.
    """
    values: Floats = numbers(one_axis(y, count, name), f"{name}: y").astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(f"{name}: y is {values[row]} at row {row}. Expected finite numbers. Drop the row.")
    return values


def classes_of(y: Any, count: int, name: str) -> tuple[NDArray[Any], Whole]:
    """Return the classes in order, and the number of each row's class.

    Parameters
    ----------
    y : array of whole numbers, bools or texts, shape (n,)
        The labels; floats if they are whole.

    Raises
    ------
    DataError
        If there is a single class, or a label is missing or a fraction.
    """
    labels = one_axis(y, count, name)
    if labels.dtype.kind == "f":
        bad = ~np.isfinite(labels) | (labels != np.floor(labels))
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{name}: Unknown label type: y is {labels[row]} at row {row}, continuous. Expected classes: whole "
                "numbers or texts. For numbers to be predicted use a regression, such as LinearSVR."
            )
    two = _two_classes(labels)
    if two is not None:
        return two
    try:
        classes, number = np.unique(labels, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in labels})
        raise DataError(
            f"{name}: Unknown label type: labels of types {', '.join(kinds)}, which have no common order. Expected one "
            "type. Write all as texts: y.astype(str)."
        ) from None
    if len(classes) < 2:
        raise DataError(
            f"{name}: y has 1 class, {classes.tolist()[0]!r}, in {count} rows. Expected at least 2 classes. Give rows "
            "of others."
        )
    return classes, number.astype(np.int64)


def _two_classes(labels: NDArray[Any]) -> tuple[NDArray[Any], Whole] | None:
    """Return what `classes_of` does where labels are numbers of two classes; sorting all takes ten times as long."""
    if labels.dtype.kind not in "biuf" or not labels.size:
        return None
    is_other = labels != labels[0]
    other = labels[int(np.argmax(is_other))]
    if not (is_other == (labels == other)).all():  # also where all labels are the same
        return None
    is_second = is_other if labels[0] < other else ~is_other
    return np.sort(np.array([labels[0], other], labels.dtype)), is_second.astype(np.int64)


def costs_of(sample_weight: Any, count: int, name: str) -> Floats:
    """Return what each row counts, as float64; 1 where nothing was given.

    Raises
    ------
    ShapeError
        If there is not a weight for each row.
    DataError
        If one is negative or not finite, or all are 0.
    """
    if sample_weight is None:
        return np.ones(count)
    weights: Floats = numbers(sample_weight, f"{name}: sample_weight").astype(np.float64)
    if weights.ndim == 0:
        weights = np.full(count, float(weights))
    if weights.shape != (count,):
        raise ShapeError(
            f"{name}: sample_weight has shape {weights.shape}, x has {count} rows. Expected a weight for each row."
        )
    is_bad = ~(np.isfinite(weights) & (weights >= 0))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise DataError(f"{name}: sample_weight is {weights[row]} at row {row}. Expected finite numbers >= 0.")
    if not weights.any():
        raise DataError(f"{name}: all sample weights are zero. Expected one above 0. Leave them out for equal weights.")
    return weights


def weights_of_classes(class_weight: Any, classes: NDArray[Any], number: Whole, costs: Floats, name: str) -> Floats:
    """Return the weight of each class, shape (c,).

    Parameters
    ----------
    class_weight : None, "balanced" or mapping of class to float
        None is 1 for all; "balanced" is sum(costs) / (c * sum(costs of the class)), so that all classes count alike;
        a class that a mapping leaves out has 1.
    classes : array, shape (c,)
    number : int array, shape (n,)
        The number of each row's class.
    costs : float64 array, shape (n,)
        The weights of the rows.

    Raises
    ------
    DataError
        If a class is not among `classes`; offers the nearest.
    """
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(number, costs, len(classes))
        present = sums > 0  # a class whose rows all weigh 0 has no say
        return np.where(present, costs.sum() / (present.sum() * np.where(present, sums, 1.0)), 1.0)
    if not isinstance(class_weight, Mapping):
        raise DataError(
            f"{name}: class_weight must be None, 'balanced' or a dict of class to weight. Got {class_weight!r}."
        )
    place = {label: at for at, label in enumerate(classes.tolist())}
    weights = np.ones(len(classes))
    for label, weight in class_weight.items():
        if label not in place:
            hint = did_you_mean(str(label), [str(each) for each in place])
            raise DataError(f"{name}: class_weight has the class {label!r}, which y has not. {hint}")
        if not (isinstance(weight, int | float | np.number) and np.isfinite(weight) and weight >= 0):
            raise DataError(f"{name}: class_weight of {label!r} is {weight!r}. Expected a finite number >= 0.")
        weights[place[label]] = weight
    return weights


def _warn_of_column(name: str) -> None:
    """Warn that y is a column, with scikit-learn's own category where a program has it."""
    module = sys.modules.get("sklearn.exceptions")
    category = UserWarning if module is None else module.DataConversionWarning
    message = f"A column-vector y was passed when a 1d array was expected, by {name}. Give y.ravel()."
    warnings.warn(message, category, stacklevel=4)
