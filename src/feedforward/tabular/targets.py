"""Targets: labels of any kind to codes and back in the user's dtype, numbers to columns.

Here: what a classifier and a regressor learn. Not here: weights (``feedforward.linear.targets``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import Origin, numbers, shown
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.tabular.cells import MISSING_TYPES

__all__ = ["Labels", "number_targets"]

_MOST_CLASSES = 100_000
_FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("boolean", (bool, np.bool_)),  # before numbers, for True is one
    ("text", (str,)),
    ("number", (int, float, np.integer, np.floating)),
)
_DTYPES = {"object", "str", "bool", "float16", "float32", "float64"}
_DTYPES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a target.

    Parameters
    ----------
    classes : array, shape (c,)
        Texts, whole numbers or bools in their order, in the dtype in which the user gave them.

    Examples
    --------
    >>> labels = Labels.learnt(["no", "yes", "no"], 3, "fit")
    >>> labels.classes.tolist(), labels.codes(["yes", "no"], 2, "score")
    (['no', 'yes'], array([1, 0]))
    >>> labels.of_codes(np.array([1, 1])).tolist()
    ['yes', 'yes']
    """

    classes: NDArray[Any] = field(repr=False)

    @classmethod
    def learnt(cls, y: Any, count: int, caller: str) -> Labels:
        """Return the classes of labels.

        Parameters
        ----------
        y : array, series or list, shape (n,)
            Texts, whole numbers, also as floats, or bools.
        count : int
            How many there have to be.
        caller : str
            What messages begin with.

        Raises
        ------
        ShapeError
            If there is not one for each of `count` rows.
        DataError
            If a label is missing or a fraction, they are of several kinds, or of one class alone.
        """
        labels = _labels(y, count, caller)
        classes = np.array(sorted(set(labels.tolist())), labels.dtype)
        if len(classes) < 2:
            raise DataError(
                f"{caller}: y has 1 class, {classes.tolist()[0]!r}, in {count} rows. Expected at least 2 classes. Give "
                "rows of others."
            )
        return cls(classes)

    def codes(self, y: Any, count: int, caller: str) -> NDArray[np.int64]:
        """Return the places of labels among the classes, shape (n,).

        Raises
        ------
        DataError
            If a label is none of the classes; and as `learnt`.
        """
        labels = _labels(y, count, caller)
        places = {label: place for place, label in enumerate(self.classes.tolist())}
        found = np.fromiter(map(places.get, labels.tolist(), repeat(-1)), np.int64, count)
        if len(found) and found.min() < 0:
            row = int(np.argmin(found))
            known = ", ".join(map(repr, self.classes[:10].tolist())) + (", ..." if len(self.classes) > 10 else "")
            raise DataError(
                f"{caller}: y is {labels.tolist()[row]!r} at row {row}. Expected one of the {len(self.classes)} "
                f"classes learnt: {known}. Correct it, or leave the row out."
            )
        return found

    def of_codes(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return the labels of codes, in the user's dtype."""
        labels: NDArray[Any] = self.classes[codes]
        return labels

    def to_config(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        dtype = "str" if self.classes.dtype.kind == "U" else str(self.classes.dtype)
        return {"dtype": dtype, "classes": self.classes.tolist()}

    @classmethod
    def from_config(cls, config: Any) -> Labels:
        """Return what `to_config` wrote; all of it is checked, for anybody may have written it.

        Raises
        ------
        FormatError
            If it is anything else.
        """
        is_good = type(config) is dict and config.keys() == {"dtype", "classes"}
        if not is_good or type(config["dtype"]) is not str or config["dtype"] not in _DTYPES:
            raise FormatError(f"the classes of its target are {str(config)[:100]}. Take a file that is whole.")
        given = config["classes"]
        kinds = set(map(type, given)) if type(given) is list else set()
        if len(kinds) != 1 or not kinds <= {str, int, float, bool} or not 2 <= len(given) <= _MOST_CLASSES:
            raise FormatError(f"the classes of its target are {str(given)[:100]}. Take a file that is whole.")
        try:
            classes = np.array(given, config["dtype"])
            is_same = classes.tolist() == given and {type(one) for one in classes.tolist()} == kinds
        except (OverflowError, ValueError, TypeError):
            is_same = False
        if not is_same or not all(low < high for low, high in pairwise(given)):
            raise FormatError(
                f"the classes of its target, {str(given)[:100]}, are not in order, or not of dtype {config['dtype']}. "
                "Take a file that is whole."
            )
        return cls(classes)


def number_targets(y: Any, count: int, caller: str) -> NDArray[np.float64]:
    """Return targets that are numbers, shape (n, k): one column for a target of one axis.

    Parameters
    ----------
    y : array, series, frame or list, shape (n,) or (n, k)
        The targets, all finite.
    count : int
        How many rows there have to be.
    caller : str
        What messages begin with.

    Raises
    ------
    ShapeError
        If there is not a row for each of `count`.
    DataError
        If a number is missing or not finite; names its row and column.
    TypeError
        If it holds something else than numbers.

    Examples
    --------
    >>> number_targets([1, 2, 4], 3, "fit").ravel()
    array([1., 2., 4.])
    """
    if y is None:
        raise DataError(f"{caller}: requires y to be passed, but the target y is None. Give numbers.")
    array = numbers(y, f"{caller}: y")
    if array.ndim not in (1, 2) or len(array) != count or array[:1].size == 0:
        raise ShapeError(
            f"{caller}: y has shape {array.shape}, x has {count} rows. Expected (n,) or (n, k), a target for each row. "
            "Give these."
        )
    values = array.astype(np.float64)
    is_bad = ~np.isfinite(values)
    if is_bad.any():
        where, value = Origin.of(y).cells(is_bad), values[is_bad][0]
        raise DataError(f"{caller}: y is {value} at {where}. Expected finite numbers (no NaN, no inf). Drop the row.")
    return values.reshape(count, -1)


def _labels(y: Any, count: int, caller: str) -> NDArray[Any]:
    """Return labels as an array of one axis and one kind, none of them missing."""
    from feedforward.linear.targets import one_axis  # loads all linear models, which who predicts does not need

    if hasattr(y, "to_pylist"):  # of Arrow, whose dictionaries lose what is missing on their way to NumPy
        y = y.to_pylist()
    if isinstance(y, list | tuple):  # NumPy would make all labels texts where one is
        objects = np.array(y, object)
        kinds = set(map(type, y))
        y = np.array(y) if objects.ndim == 1 and all(issubclass(kind, str) for kind in kinds) else objects
        if objects.ndim == 1 and len(kinds) == 1 and kinds <= {bool, int, float}:
            y = np.array(objects.tolist())
    labels = one_axis(y, count, caller)
    if labels.dtype.kind == "O":
        _check_objects(labels, caller)
    elif labels.dtype.kind == "f":
        is_bad = ~np.isfinite(labels) | (labels != np.floor(labels))
        if is_bad.any():
            _refuse(labels[is_bad.argmax()].item(), int(is_bad.argmax()), caller)
    elif labels.dtype.kind not in "biuU":
        _refuse(labels[:1].tolist()[0], 0, caller)
    return labels


def _check_objects(labels: NDArray[Any], caller: str) -> None:
    """Raise for the first object that is missing, no label, or of another kind than the first."""
    first = None
    seen: dict[type, str | None] = {}
    for row, label in enumerate(labels.tolist()):
        kind = type(label)
        if kind not in seen:
            seen[kind] = next((name for name, types in _FAMILIES if issubclass(kind, types)), None)
        family = seen[kind]
        if family is None or (family == "number" and not float(label).is_integer()):
            _refuse(label, row, caller)
        first = first or family
        if family != first:
            raise DataError(
                f"{caller}: Unknown label type: y is {shown(label)} at row {row}, a {family}, and {shown(labels[0])} "
                f"at row 0, a {first}. Expected one kind. Write all as texts: y.astype(str)."
            )


def _refuse(label: Any, row: int, caller: str) -> NoReturn:
    """Raise for what is no label."""
    if type(label).__name__ in MISSING_TYPES or label != label:
        raise DataError(
            f"{caller}: y is missing ({label}) at row {row}. Expected a label in every row (no NaN). Drop the row, "
            "or give what is missing a name."
        )
    if isinstance(label, float):
        raise DataError(
            f"{caller}: Unknown label type: y is {label} at row {row}, continuous. Expected classes: whole numbers or "
            "texts. For numbers to be predicted use a regressor."
        )
    raise DataError(
        f"{caller}: Unknown label type: y is {shown(label)} at row {row}, a {type(label).__name__}. Expected texts, "
        "whole numbers or bools. Write all as texts: y.astype(str)."
    )
