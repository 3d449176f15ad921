"""What a lab finds in a link where it looks for an int, a list or an array; anything else there is a bad link."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.labs.errors import LabError

__all__ = ["check_array", "check_list", "check_whole"]


def check_whole(value: Any, most: int, least: int = 0) -> int:
    """Return an int from `least` to `most`.

    Raises
    ------
    LabError
        If the value is none.
    """
    if type(value) is not int or not least <= value <= most:
        raise LabError("bad_link")
    return value


def check_list(value: Any, length: int | None = None) -> list[Any]:
    """Return a list, of so many values if a length is given.

    Raises
    ------
    LabError
        If the value is none.
    """
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise LabError("bad_link")
    return list(value)


def check_array(
    value: Any, dtype: npt.DTypeLike, shape: tuple[int | None, ...], largest: float = math.inf
) -> npt.NDArray[Any]:
    """Return an array of a type and a shape; None stands for any size.

    Parameters
    ----------
    value : object
        What a link holds.
    dtype : dtype
    shape : tuple of int or None
    largest : float
        All numbers are finite and lie between this and its negative.

    Raises
    ------
    LabError
        If the value is none.
    """
    if not isinstance(value, np.ndarray) or value.dtype != dtype or value.ndim != len(shape):
        raise LabError("bad_link")
    if any(wanted not in (None, size) for wanted, size in zip(shape, value.shape, strict=True)):
        raise LabError("bad_link")
    if not (np.isfinite(value) & (-largest <= value) & (value <= largest)).all():
        raise LabError("bad_link")
    return value
