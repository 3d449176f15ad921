"""What an attribute of an operation may be: a type for each, declared in the operation's record.

Only the value itself is judged here; whether it fits the inputs is for the operation's rule. `build` asks both of every
node, whoever wants it: a user's line, a gradient, a program whose unknown sizes become numbers, or a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.dimension import Dimension

__all__ = [
    "MOST_AXES",
    "LARGEST_SIZE",
    "DTYPES",
    "AttributeType",
    "is_addressable",
    "SIZE",
    "SIZES",
    "OFFSETS",
    "STEPS",
    "AXIS",
    "AXES",
    "FLAG",
    "NAME",
    "STREAM",
    "dtype_among",
    "DTYPE",
]

MOST_AXES = 32
"""Dimensions of an array: what every release of NumPy can hold."""

LARGEST_SIZE = 2**48
"""No size is as large as this, nor is the number of elements of a value that is computed: so no address overflows."""

DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {name: np.dtype(name) for name in ("float32", "float64", "int32", "int64", "uint8", "uint32", "bool")}
)
"""The element types of a graph; uint32 holds random bits."""


@dataclass(frozen=True)
class AttributeType:
    """What an attribute may be.

    Parameters
    ----------
    description : str
        As messages say it: ``"a tuple of ints >= 1"``.
    fits : callable
        Tells of a value whether it is one. Types are exact: True is no int, and an int is no float.
    error : exception class
        What is raised for a value that does not fit.
    """

    description: str
    fits: Callable[[Any], bool]
    error: type[Exception] = ShapeError


def _is_size(value: Any) -> bool:
    return 0 <= value < LARGEST_SIZE if type(value) is int else type(value) is Dimension


def _are_sizes(value: Any) -> bool:
    return type(value) is tuple and is_addressable(value)


def is_addressable(shape: tuple[Any, ...]) -> bool:
    """Return whether an array may have a shape: sizes in their range, and few enough elements as far as is known."""
    count = 1
    for size in shape:  # as a loop, since it is asked of every node
        if type(size) is int:
            if not 0 <= size < LARGEST_SIZE:
                return False
            count *= size or 1  # NumPy counts so, too: where there are no elements, strides may still overflow
        elif type(size) is not Dimension:
            return False
    return count < LARGEST_SIZE and len(shape) <= MOST_AXES


def _is_offset(value: Any) -> bool:
    return -LARGEST_SIZE < value < LARGEST_SIZE if type(value) is int else type(value) is Dimension


def _are_offsets(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MOST_AXES and all(map(_is_offset, value))


def _are_steps(value: Any) -> bool:
    return (
        type(value) is tuple
        and len(value) <= MOST_AXES
        and all(type(one) is int and 1 <= one < LARGEST_SIZE for one in value)
    )


def _is_axis(value: Any) -> bool:
    return type(value) is int and 0 <= value < MOST_AXES


def _are_axes(value: Any) -> bool:
    return type(value) is tuple and len(value) <= MOST_AXES and all(map(_is_axis, value))


SIZE = AttributeType("an int from 0 to 2**48 - 1", _is_size)
SIZES = AttributeType(f"a tuple of at most {MOST_AXES} ints >= 0, with a product below 2**48", _are_sizes)
OFFSETS = AttributeType(f"a tuple of at most {MOST_AXES} ints, below 2**48", _are_offsets)
STEPS = AttributeType(f"a tuple of at most {MOST_AXES} ints from 1 to 2**48 - 1", _are_steps)
AXIS = AttributeType(f"an int from 0 to {MOST_AXES - 1}", _is_axis)
AXES = AttributeType(f"a tuple of ints from 0 to {MOST_AXES - 1}", _are_axes)
FLAG = AttributeType("True or False", lambda value: type(value) is bool, ValueError)
NAME = AttributeType("a str", lambda value: type(value) is str, ValueError)
STREAM = AttributeType(
    "an int from -2**63 to 2**64 - 1", lambda value: type(value) is int and -(2**63) <= value < 2**64, ValueError
)


def dtype_among(*names: str) -> AttributeType:
    """Return the type of an attribute that is one of these dtypes."""
    known = frozenset(DTYPES[name] for name in names)
    return AttributeType(
        f"the dtype {' or '.join(names)}", lambda value: isinstance(value, np.dtype) and value in known, DtypeError
    )


DTYPE = dtype_among(*DTYPES)
