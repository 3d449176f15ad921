"""Numbers that name rows or categories, checked where they are known: before a compiled step, which cannot raise."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.arrays import Origin
from feedforward.errors import DtypeError, OutOfRangeError
from feedforward.graph.node import Array, location_text
from feedforward.tensor import Tensor

__all__ = ["check_indices", "check_whole"]


def check_whole(layer: Any, x: Tensor) -> None:
    """Check that a layer is called on integers.

    Raises
    ------
    DtypeError
        If it is not.
    """
    if x.dtype.kind not in "iu":
        raise DtypeError(
            f"layer {layer.name!r}: input of {x.dtype.name}{location_text()}. {type(layer).__name__} expects the "
            f"numbers of categories: declare Input(dtype='int32'), or cast(x, 'int32')."
        )


def check_indices(
    layer: Any, indices: Array, size: int, setting: str, name: str = "", origin: Origin | None = None
) -> None:
    """Check that indices are from 0 to size - 1.

    Parameters
    ----------
    layer : Layer
        Who reads with them, as messages name it.
    indices : integer array, shape (n, ...)
        What it was given.
    size : int
        How many rows or categories it has.
    setting : str
        Which setting says so.
    name : str
        What messages call the data: ``"fit: x"``.
    origin : Origin, optional
        What messages call its cells.

    Raises
    ------
    OutOfRangeError
        If one is not; names the layer, the number and its row.
    """
    if not indices.size or (indices.min() >= 0 and indices.max() < size):
        return
    is_bad = (indices < 0) | (indices >= size)
    cells = f" in {(origin or Origin()).cells(np.atleast_1d(is_bad))}" if indices.ndim else ""
    raise OutOfRangeError(
        f"{f'{name}: ' if name else ''}layer {layer.name!r} was given {indices[is_bad].flat[0]}{cells}"
        f"{'' if name else location_text()}. Expected ints from 0 to {size - 1}: give such, or a larger {setting}."
    )
