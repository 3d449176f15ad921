"""Text as data: it never enters the graph. A `StringLookup` makes it numbers where it is fed, before a program runs.

An ``Input(dtype="string")`` is, to the graph, an input of int32: of the numbers that the lookup gives. Here is which
inputs these are, which lookup makes their numbers, and how what users give is read as text.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import ops
from feedforward.arrays import Origin, shown
from feedforward.errors import DataError, ShapeError
from feedforward.graph.dimension import Size
from feedforward.graph.node import Array, Node
from feedforward.tensor import Tensor

if TYPE_CHECKING:
    from feedforward.nn.categories import StringLookup  # whose numbers are fed

__all__ = ["TEXT", "TEXT_DTYPE", "as_texts", "is_text", "looks_like_text", "lookup_of", "note_lookup", "text_input"]

TEXT = "string"
"""What the dtype of an input of text is called, by users and in files."""

TEXT_DTYPE = np.dtype(np.int32)
"""Of the numbers that stand for texts."""

_lookups: weakref.WeakKeyDictionary[Node, StringLookup | None] = weakref.WeakKeyDictionary()
"""Of each input of text: what makes it numbers, None while it was called on nothing yet."""


_RAGGED = "rows differ in length. Give every row the same number of texts."


def text_input(shape: Sequence[Size], name: str) -> Node:
    """Return what stands for an input of text."""
    node = ops.placeholder(shape, TEXT_DTYPE, name)
    _lookups[node] = None
    return node


def is_text(node: Node) -> bool:
    """Return whether a node stands for an input of text."""
    return node in _lookups


def lookup_of(node: Node) -> StringLookup | None:
    """Return what makes an input of text numbers; None for one of numbers, or where none was called on it."""
    return _lookups.get(node)


def note_lookup(node: Node, lookup: StringLookup) -> None:
    """Remember that an input of text goes into a lookup.

    Raises
    ------
    ValueError
        If it goes into another one already.
    """
    other = _lookups[node]
    if other is not None and other is not lookup:
        raise ValueError(
            f"layer {lookup.name!r}: the text input {node.attrs['name']!r} goes into {other.name!r} already, and is "
            f"fed as the numbers of one lookup. Give each lookup an Input of its own."
        )
    _lookups[node] = lookup


def looks_like_text(value: Any) -> bool:
    """Return whether what a user gave is text rather than numbers, as far as its first element tells."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    if isinstance(value, str):
        return True
    if isinstance(value, Tensor) or not hasattr(value, "__array__"):
        return False
    array = np.asarray(value)
    return array.dtype.kind in "UT" or (array.dtype.kind == "O" and array.size > 0 and isinstance(array.flat[0], str))


def as_texts(value: Any, name: str) -> Array:
    """Return what a user gave as an array of str.

    Parameters
    ----------
    value : array, frame, or nested lists of str, shape (n, ...)
        The texts.
    name : str
        What messages call it: ``"fit: x"``.

    Raises
    ------
    TypeError, DataError, ShapeError
        If something else than text is in it, or a text is missing, named by row and column; if rows differ in length,
        or there are none.

    Examples
    --------
    >>> as_texts([["red", "blue"]], "x")
    array([['red', 'blue']], dtype=object)
    """
    if isinstance(value, Tensor):
        raise TypeError(f"{name} is a tensor of numbers, and text is expected. Give a list or an array of str.")
    try:
        array = np.asarray(value if isinstance(value, list | tuple) else np.asarray(value), object)
    except ValueError:
        raise ShapeError(f"{name}: {_RAGGED}") from None
    if array.ndim == 0:
        raise TypeError(f"{name} is {shown(value)}, and not a text for each sample. Give a list or an array of str.")
    kinds = set(map(type, array.flat))
    if any(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        raise ShapeError(f"{name}: {_RAGGED}")
    bad = {kind for kind in kinds if not issubclass(kind, str)}
    if bad:
        place = next(place for place, one in np.ndenumerate(array) if type(one) in bad)
        one, where = array[place], Origin.of(value).cell(place)
        if one is None or one != one or type(one).__name__ in ("NAType", "NaTType"):
            raise DataError(f"{name}: {where} is missing ({one}), and text is expected. Fill or drop it.")
        advice = "Decode it: x.astype(str)." if isinstance(one, bytes) else "Give str, such as x.astype(str)."
        raise TypeError(
            f"{name}: {where} holds {shown(one)}, of type {type(one).__name__}, and text is expected. {advice}"
        )
    return array
