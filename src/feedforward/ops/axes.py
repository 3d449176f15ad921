"""How shapes, axes and indices fit together: what the rules of many operations say in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedforward.errors import ShapeError
from feedforward.graph.dimension import Dimension, Size, broadcast
from feedforward.graph.node import Shape, location_text, shape_text

__all__ = ["unify", "broadcast_shapes", "normalize_axis", "normalize_axes", "flat_of", "index_of", "is_inside"]


def unify(name: str, a: Shape, b: Shape) -> Shape:
    """Return the one shape that `a` and `b` both are, a number taking precedence over an unknown size.

    Raises
    ------
    ShapeError
        If they have two numbers that differ. Unknown sizes are compared when the program is specialised.
    """
    clash = len(a) != len(b) or any(
        isinstance(m, int) and isinstance(n, int) and m != n for m, n in zip(a, b, strict=True)
    )
    if clash:
        raise ShapeError(
            f"{name}: shapes {shape_text(a)} and {shape_text(b)} differ{location_text()}. "
            f"Give both the same shape: reshape or broadcast one."
        )
    return tuple(n if isinstance(m, Dimension) else m for m, n in zip(a, b, strict=True))


def broadcast_shapes(name: str, a: Shape, b: Shape) -> Shape:
    """Return the shape to which `a` and `b` broadcast by NumPy's rule: aligned at the end, 1 stretches.

    Raises
    ------
    ShapeError
        If a pair of sizes differs and neither is 1. An unknown size beside a number other than 1 is taken to fit it;
        to what two unknown ones broadcast, and whether they fit, is seen when the program is specialised.
    """
    ndim = max(len(a), len(b))
    sizes: list[Size] = []
    for m, n in zip((1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b, strict=True):
        if isinstance(m, int) and isinstance(n, int) and m != n and 1 not in (m, n):
            raise ShapeError(
                f"{name}: shapes {shape_text(a)} and {shape_text(b)} cannot be broadcast together{location_text()}. "
                f"From the end, sizes must be equal or 1: reshape or transpose one side."
            )
        if isinstance(m, Dimension) and isinstance(n, Dimension):
            sizes.append(broadcast(m, n))
        else:
            sizes.append(n if m == 1 or (isinstance(m, Dimension) and n != 1) else m)
    return tuple(sizes)


def normalize_axis(name: str, axis: int, ndim: int) -> int:
    """Return `axis` counted from the front.

    Raises
    ------
    ShapeError
        If the array has no such axis.
    """
    if not isinstance(axis, int | np.integer) or not -ndim <= axis < ndim:
        raise ShapeError(
            f"{name}: axis {axis!r} does not exist in an array of {ndim} dimensions{location_text()}. "
            f"Give an int from {-ndim} to {ndim - 1}."
        )
    return int(axis) % ndim


def normalize_axes(name: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return axes counted from the front, in order; None stands for all.

    Raises
    ------
    ShapeError
        If one does not exist or is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    axes = tuple(sorted(normalize_axis(name, one, ndim) for one in given))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{name}: axes {given} name one twice{location_text()}. Name each axis once.")
    return axes


def flat_of(index: Sequence[Any], shape: Sequence[int]) -> Any:
    """Return the number of an element in row-major order, its flat index."""
    flat: Any = 0
    for at, size in zip(index, shape, strict=True):
        flat = flat * size + at
    return flat


def index_of(flat: Any, shape: Sequence[int]) -> list[Any]:
    """Return the index of the element with a flat index."""
    index = []
    for axis in range(len(shape) - 1, -1, -1):
        at = flat
        if axis or 0 in shape:
            flat, at = divmod(flat, max(shape[axis], 1))
        index.append(at)
    return index[::-1]


def is_inside(at: Any, size: int) -> Any:
    """Return where positions lie from 0 to size - 1."""
    return (at >= 0) & (at < size)
