"""What users give as points, vectors and matrices: made float64 arrays, or refused by what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from feedforward.arrays import Origin, numbers
from feedforward.errors import DataError, ShapeError
from feedforward.functions import cast
from feedforward.tensor import Tensor

__all__ = ["Floats", "Function", "as_matrix", "as_point", "as_tensor", "as_vector", "check_callable", "value_of"]

Floats: TypeAlias = NDArray[np.float64]
Function: TypeAlias = Callable[[Tensor], Tensor]
"""A function of one point: a tensor of any shape to a scalar tensor."""


def as_tensor(x: Any) -> Tensor:
    """Return a tensor of floats, as which whole numbers are float64: a projection of ints would be rounded."""
    tensor = x if isinstance(x, Tensor) else Tensor(x)
    return tensor if tensor.dtype.kind == "f" else cast(tensor, "float64")


def check_callable(owner: str, name: str, value: Any) -> None:
    """Check an argument that is a function.

    Raises
    ------
    TypeError
        If it cannot be called.
    """
    if not callable(value):
        raise TypeError(f"{owner}({name}={value!r}): expected a function of a tensor. Give one, such as lambda x: x.")


def as_point(caller: str, name: str, value: Any) -> Floats:
    """Return numbers as a finite float64 array of any shape that has an element.

    Raises
    ------
    DataError
        If one is NaN or infinite, or there are none.
    """
    given = value.numpy() if isinstance(value, Tensor) else value
    array = np.asarray(numbers(given, f"{caller}: {name}"))
    if array.dtype.kind not in "biuf":
        raise DataError(f"{caller}: {name} is {value!r}. Expected real numbers. Give an array of floats.")
    array = array.astype(np.float64)
    if not array.size:
        raise DataError(f"{caller}: {name} has shape {array.shape}, no element. Give at least one number.")
    is_bad = ~np.isfinite(array)
    if is_bad.any():
        where = Origin().cells(np.atleast_1d(is_bad))
        raise DataError(f"{caller}: {name} is not finite in {where}. Expected finite numbers. Replace or drop them.")
    return array


def as_vector(caller: str, name: str, value: Any, size: int | None = None) -> Floats:
    """Return numbers as a finite float64 vector, of a given size if one is given; a number is a vector of one.

    Raises
    ------
    DataError, ShapeError
        If one is not finite; if it is no vector, or has another size.
    """
    vector = np.atleast_1d(as_point(caller, name, value))
    if vector.ndim != 1 or (size is not None and len(vector) != size):
        wanted = "a vector" if size is None else f"a vector of {size}"
        raise ShapeError(f"{caller}: {name} has shape {vector.shape}. Expected {wanted}. Give shape ({size or 'n'},).")
    return vector


def as_matrix(caller: str, name: str, value: Any, columns: int | None = None) -> Floats:
    """Return numbers as a finite float64 matrix, of so many columns if a number is given; a vector is one row.

    Raises
    ------
    DataError, ShapeError
        If one is not finite; if it is no matrix, or has another number of columns.
    """
    matrix = np.atleast_2d(as_point(caller, name, value))
    if matrix.ndim != 2 or (columns is not None and matrix.shape[1] != columns):
        wanted = "a matrix" if columns is None else f"a matrix of {columns} columns"
        raise ShapeError(
            f"{caller}: {name} has shape {matrix.shape}. Expected {wanted}. Give a row for each condition."
        )
    return matrix


def value_of(caller: str, function: Function, x: Floats) -> float:
    """Return the value of a function at a point; infinity is one, as where an extended-value function has no domain.

    Raises
    ------
    TypeError, ShapeError
        If it is no scalar.
    DataError
        If it is NaN.
    """
    check_callable(caller, "function", function)
    result = function(Tensor(x))
    value = result.numpy() if isinstance(result, Tensor) else np.asarray(result)
    if value.dtype.kind not in "biuf":
        raise TypeError(f"{caller}: the function returned {result!r}. It must return a scalar tensor.")
    if value.shape != ():
        raise ShapeError(f"{caller}: the function returned shape {value.shape}. It must return a scalar: take sum().")
    if np.isnan(value):
        raise DataError(
            f"{caller}: the function is NaN at {x.tolist()}. Expected a number. Give points in its domain, or return "
            f"infinity outside of it."
        )
    return float(value)
