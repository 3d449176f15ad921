"""Leaves: constants, inputs, variables and sizes; and how a Python value becomes a node.

A leaf has no inputs. What a placeholder or a variable holds comes from outside, when a program runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.arrays import numbers, shown
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.attribute import DTYPE, NAME, SIZE, SIZES, AttributeType
from feedforward.graph.dimension import Dimension, Size, unknown
from feedforward.graph.node import Array, Literal, Node, Shape, Shaped, Spec, again, as_dtype, build, location_text
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import method

__all__ = [
    "LITERAL",
    "constant",
    "is_filled",
    "placeholder",
    "variable",
    "size",
    "as_array",
    "as_node",
    "to_float32",
    "one_dtype",
    "accept",
    "domains",
]


def _unbound(*, name: str, **_: Any) -> Array:
    raise ShapeError(f"input {name!r} was not fed. Give it a value when the program runs.")


def _is_literal(value: Any) -> bool:
    return type(value) is Literal and DTYPE.fits(value.value.dtype)


def _leaf_samples() -> list[Sample]:
    shapes: list[tuple[int, ...]] = [(), (1,), (0,), (3,), (2, 3), (1, 1), (4, 0), (2, 3, 4), (7,), (17,)]
    return [Sample((), {"name": "x", "shape": shape, "dtype": as_dtype("float32")}) for shape in shapes]


LITERAL = AttributeType("a Literal of a supported dtype", _is_literal, DtypeError)

_LEAF_ATTRS = {"name": NAME, "shape": SIZES, "dtype": DTYPE}

_CONSTANT = define(
    Op(
        name="constant",
        kind="state",
        infer=lambda *, value: Spec(value.value.shape, value.value.dtype),
        evaluate=lambda *, value: value.value,
        gradient=None,
        attrs={"value": LITERAL},
        samples=lambda: [
            Sample((), {"value": Literal(np.full(shape, 1.5, dtype))})
            for dtype in ("float32", "int32")
            for shape in [(), (1,), (0,), (2, 3), (2, 1, 4)]
        ],
        invalid=(
            Invalid(lambda: constant("three"), "constant: 'three' is not a number or an array of numbers"),
            Invalid(lambda: constant([[1.0], [2.0, 3.0]]), "constant: rows differ in length"),
            Invalid(
                lambda: constant(np.array([1 + 2j])), "constant has dtype complex128, expected real numbers. Give real"
            ),
        ),
    )
)

_PLACEHOLDER = define(
    Op(
        name="placeholder",
        kind="state",
        infer=lambda *, name, shape, dtype: Spec(shape, dtype),
        evaluate=_unbound,
        gradient=None,
        attrs=_LEAF_ATTRS,
        samples=_leaf_samples,
        invalid=(
            Invalid(lambda: placeholder((-1, 3)), "placeholder: shape (-1, 3) has a negative size"),
            Invalid(lambda: placeholder((2,), "float16"), "dtype 'float16' is not supported"),
        ),
    )
)

_VARIABLE = define(
    Op(
        name="variable",
        kind="state",
        infer=lambda *, name, shape, dtype: Spec(shape, dtype),
        evaluate=_unbound,
        gradient=None,
        attrs=_LEAF_ATTRS,
        samples=_leaf_samples,
        invalid=(Invalid(lambda: variable((2, -3)), "variable: shape (2, -3) has a negative size"),),
    )
)

_SIZE = define(
    Op(
        name="size",
        kind="state",
        infer=lambda *, size, dtype: Spec((), dtype),
        evaluate=lambda *, size, dtype: np.asarray(size, dtype),
        gradient=None,
        attrs={"size": SIZE, "dtype": DTYPE},
        samples=lambda: [
            Sample((), {"size": size, "dtype": as_dtype(dtype)})
            for size in (0, 1, 7, 128, 60_000)
            for dtype in ("float32", "int64")
        ],
        invalid=(Invalid(lambda: size(unknown("n"), "float16"), "dtype 'float16' is not supported"),),
        read=lambda index, *, size, dtype: size,
    )
)


@method
def constant(value: Any, dtype: npt.DTypeLike | None = None) -> Node:
    """Return a node with a fixed value.

    Parameters
    ----------
    value : number, nested list of numbers, or array
        The value; it is not copied, and must not be changed afterwards.
    dtype : dtype, optional
        Default: an array's own; float32 for Python floats, int32 (int64 where it must be) for ints, bool for bools.

    Raises
    ------
    TypeError, ShapeError, DtypeError
        If the value is no number, rows differ in length, or the dtype is not supported.
    DataError
        If one of the numbers is missing or masked.
    """
    return build(_CONSTANT, (), {"value": Literal(as_array(value, dtype))})


def is_filled(node: Node, value: float) -> bool:
    """Return whether every element of a node is known to be `value`, and not -0."""
    while node.op.name in ("broadcast_to", "reshape"):
        node = node.inputs[0]
    if node.op.name != "constant" or not node.attrs["value"].value.size:
        return False
    array = node.attrs["value"].value
    return bool((array == value).all()) and not (value == 0 and array.dtype.kind == "f" and np.signbit(array).any())


def placeholder(shape: Sequence[Size], dtype: npt.DTypeLike = "float32", name: str = "x") -> Node:
    """Return a node whose value is fed when a program runs.

    Parameters
    ----------
    shape : sequence of int or Dimension
        Its shape; sizes may be unknown.
    dtype : dtype
        Its dtype.
    name : str
        What messages call it.
    """
    return _state_leaf(_PLACEHOLDER, shape, dtype, name)


def variable(shape: Sequence[Size], dtype: npt.DTypeLike = "float32", name: str = "variable") -> Node:
    """Return a node whose value is kept from one run of a program to the next, where an update may change it."""
    return _state_leaf(_VARIABLE, shape, dtype, name)


def size(value: Size, dtype: npt.DTypeLike = "int64") -> Node:
    """Return a size as a number to compute with; it may be unknown until the program is specialised."""
    if isinstance(value, Dimension):
        return build(_SIZE, (), {"size": value, "dtype": as_dtype(dtype)})
    return constant(value, dtype)


def _state_leaf(op: Op, shape: Sequence[Size], dtype: npt.DTypeLike, name: str) -> Node:
    sizes: Shape = tuple(shape)
    if any(isinstance(axis, int) and axis < 0 for axis in sizes):
        raise ShapeError(f"{op.name}: shape {sizes} has a negative size. Every size is at least 0, or unknown.")
    return build(op, (), {"name": name, "shape": sizes, "dtype": as_dtype(dtype)})


def as_array(value: Any, dtype: npt.DTypeLike | None = None) -> Array:
    """Return `value` as an array of a supported dtype: Python floats become float32, ints int32 where they fit.

    An array keeps its dtype, where that is one of `DTYPES`; smaller ones are widened, float16 to float32 and int16 to
    int32. A dtype that cannot hold a number is refused: nothing wraps around.
    """
    array = numbers(value, "constant")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"constant: {shown(value)} is not a number or an array of numbers. Give numbers.")
    if dtype is not None:
        return _fitted(array, as_dtype(dtype))
    if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
        return _fitted(array, _WIDER.get(array.dtype.name) or as_dtype(array.dtype))
    if array.dtype.kind == "f":
        return to_float32(array)
    if array.dtype.kind in "iu":
        is_small = array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)
        return _fitted(array, as_dtype("int32" if is_small else "int64"))
    return array


_WIDER = {
    name: as_dtype(wider)
    for name, wider in (("float16", "float32"), ("int8", "int32"), ("int16", "int32"), ("uint16", "int32"))
} | {"uint64": as_dtype("int64")}
"""What becomes of an array of a dtype that graphs do not have: the next one that holds its numbers."""


def _fitted(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return numbers in another dtype; an integer one must hold each of them, but for its fraction."""
    if dtype.kind in "iu" and not np.can_cast(array.dtype, dtype):
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        whole = np.trunc(array) if array.dtype.kind == "f" else array
        # `< high + 1`, since a float rounds the largest int64 up to 2**63; and so that NaN is outside.
        outside = ~((whole >= low) & (whole < high + 1))
        if outside.any():
            raise DtypeError(
                f"constant: {array[outside].flat[0]} does not fit {dtype.name}{location_text()}. "
                f"Give numbers from {low} to {high}, or another dtype."
            )
    return array.astype(dtype, copy=False)


def to_float32(array: Array) -> Array:
    """Return floats as float32, infinity only where it was infinite before.

    Raises
    ------
    DtypeError
        If a number is beyond float32.
    """
    with np.errstate(over="ignore"):
        narrow: Array = array.astype(np.float32)
    too_large = np.isinf(narrow) & np.isfinite(array)
    if too_large.any():
        raise DtypeError(
            f"constant: {array[too_large].flat[0]} does not fit float32{location_text()}. "
            f"Give numbers up to 3.4e38, or an array of float64."
        )
    return narrow


def as_node(value: Any, like: Node | None = None) -> Node:
    """Return `value` itself when it is a node, else a constant; numbers take the dtype of the node beside them.

    Raises
    ------
    DtypeError
        If a number with a fraction stands beside an integer node, or any number beside a bool one, or one that the
        node's dtype cannot hold.
    """
    if isinstance(value, Node):
        return value
    if like is None:
        return constant(value)
    if type(value) is float and like.dtype.kind == "f" and abs(value) <= _LARGEST[like.dtype] and str(value) != "-0.0":
        return again(_number(value, like.dtype))  # as below, many times a turn of a loop
    array = as_array(value)
    if not np.can_cast(array.dtype, like.dtype, "same_kind") and array.dtype.kind + like.dtype.kind not in ("iu", "bi"):
        raise DtypeError(
            f"{value!r} stands beside an array of dtype {like.dtype.name}{location_text()}. "
            f"Cast the array first: x.astype('{array.dtype.name}')."
        )
    # Straight from Python's numbers: by way of float32, 0.1 beside float64 would lose half its digits.
    exact = np.asarray(value).astype(like.dtype)
    if like.dtype.kind in "iu" and not np.array_equal(exact, array):
        raise DtypeError(
            f"{value!r} does not fit the dtype {like.dtype.name} of the array beside it{location_text()}. "
            f"Cast the array first: x.astype('int64')."
        )
    return constant(exact)


_LARGEST = {np.dtype(kind): float(np.finfo(kind).max) for kind in (np.float32, np.float64)}


@lru_cache(maxsize=1024)
def _number(value: float, dtype: np.dtype[Any]) -> Node:
    """Return a number that is not -0.0, which equals 0.0, as a constant of a dtype."""
    return constant(value, dtype)


def one_dtype(name: str, *nodes: Shaped) -> np.dtype[Any]:
    """Return the dtype that all `nodes` share.

    Raises
    ------
    DtypeError
        If they differ.
    """
    if any(node.dtype != nodes[0].dtype for node in nodes):
        names = " and ".join(node.dtype.name for node in nodes)
        raise DtypeError(f"{name}: dtypes differ, {names}{location_text()}. Cast one side: x.astype('float32').")
    return nodes[0].dtype


def accept(name: str, node: Shaped, kinds: str) -> None:
    """Check the dtype of an operand.

    Parameters
    ----------
    name : str
        The operation.
    node : node or spec
        The operand.
    kinds : str
        NumPy's letters for what is accepted: ``f`` floats, ``i`` signed and ``u`` unsigned integers, ``b`` bool.

    Raises
    ------
    DtypeError
        If the dtype is of no such kind.
    """
    if node.dtype.kind not in kinds:
        words = {"f": "float", "i": "signed integer", "I": "integer", "u": "unsigned integer", "b": "bool"}
        names = kinds.replace("iu", "I")
        expected = " or ".join(words[kind] for kind in names)
        example = {"f": "float32", "i": "int32", "b": "bool"}[kinds[0]]
        raise DtypeError(
            f"{name}: dtype {node.dtype.name} is not {expected}{location_text()}. Cast it: x.astype('{example}')."
        )


def domains(*shapes: tuple[int, ...], low: float = -2.0, high: float = 2.0, dtype: str = "float") -> tuple[Domain, ...]:
    """Return a test's input domains that differ only in their shapes."""
    return tuple(Domain(shape, low, high, dtype) for shape in shapes)
