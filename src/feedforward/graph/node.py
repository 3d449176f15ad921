"""The node: one operation applied to other nodes. A graph is nothing but nodes that refer to each other.

Here are the node, the constants inside it and the two ways to walk a graph. What operations there are stands in
``feedforward.ops``; Python's operators on nodes stand in ``operators.py``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import wraps
from operator import attrgetter
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from feedforward.errors import DtypeError, GraphError, ShapeError, line_of, user_code
from feedforward.graph.attribute import DTYPE, DTYPES, SIZES, is_addressable
from feedforward.graph.dimension import Dimension, Size
from feedforward.graph.operators import Operators
from feedforward.lookup import did_you_mean

if TYPE_CHECKING:
    from feedforward.graph.op import Op

__all__ = [
    "Array",
    "Shape",
    "Spec",
    "Shaped",
    "Literal",
    "Node",
    "next_serial",
    "in_own_context",
    "scope",
    "unscoped",
    "origin_of",
    "present_origin",
    "location_of",
    "location_text",
    "set_value",
    "again",
    "build",
    "check_attributes",
    "as_dtype",
    "shape_text",
    "count_known",
    "known",
    "reachable",
]

P = ParamSpec("P")
R = TypeVar("R")

Array: TypeAlias = npt.NDArray[Any]
Shape: TypeAlias = tuple[Size, ...]
Line: TypeAlias = tuple[str, int] | tuple[CodeType, int]


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a value before it is computed.

    Parameters
    ----------
    shape : tuple of int or Dimension
        Its sizes.
    dtype : numpy.dtype
        One of `DTYPES`.
    """

    shape: Shape
    dtype: np.dtype[Any]


class Shaped(Protocol):
    """What has a shape and a dtype: a node, or a `Spec`. Rules of shape and dtype ask no more of their inputs."""

    @property
    def shape(self) -> Shape:
        """Its sizes."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """One of `DTYPES`."""


class Literal:
    """A constant array inside a node: read-only, equal to another with the same dtype, shape and bits."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Array) -> None:
        frozen = value.view()
        frozen.flags.writeable = False
        self.value = frozen
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Literal):
            return NotImplemented
        mine, theirs = self.value, other.value
        same = mine is theirs or (mine.dtype == theirs.dtype and mine.shape == theirs.shape)
        return same and (mine is theirs or mine.tobytes() == theirs.tobytes())

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.value.shape, self.value.dtype.name, self.value.tobytes()))
        return self._hash

    def __repr__(self) -> str:
        return f"Literal({np.array2string(self.value, threshold=6)})"


_serials = itertools.count()
_serial: Callable[[Node], float] = attrgetter("serial")


class _Fields(Operators["Node"]):
    """What a node holds, while it is filled."""

    __slots__ = ("__weakref__", "attrs", "dtype", "form", "inputs", "line", "op", "scope", "serial", "shape", "value")


class Node(_Fields):
    """One operation applied to its inputs; immutable, equal only to itself.

    Parameters
    ----------
    op : Op
        The operation's record.
    inputs : tuple of Node
        What it is applied to.
    attrs : mapping of str to attribute
        Its settings: hashable numbers, strings, dtypes, sizes, `Literal`, or tuples of them.
    shape, dtype
        What the operation's rule infers from the inputs and attributes.
    scope : str
        The layer that built it (``"dense_1"``), or ``""``.
    line : tuple of (str, int) or (code, int)
        File and line of the user's program that built it, or the code object and the place in it, which take less time.
    form : hashable, optional
        What it has in common with nodes of the same operation and attributes, applied to the same shapes and dtypes.
    serial : int or float, optional
        Counts nodes in order of creation; inputs come before what uses them, so sorting by it is a topological order.
        The nodes that a call stands for have fractions (``graph/call.py``).

    Attributes
    ----------
    value : array or None
        Its value, where that is known before a program runs: that of a constant, of a leaf that holds data, of a result
        that a tape still needs as a node. Set by `set_value` alone.
    """

    __slots__ = ()

    op: Op
    inputs: tuple[Node, ...]
    attrs: Mapping[str, Any]
    shape: Shape
    dtype: np.dtype[Any]
    scope: str
    line: Line
    form: Hashable
    serial: float
    value: Array | None

    __array_ufunc__ = None  # so that NumPy leaves ``array * node`` to `__rmul__`
    __iter__ = None  # a graph has no rows to look at, and there may be an unknown number of them

    def __new__(
        cls,
        op: Op,
        inputs: tuple[Node, ...],
        attrs: Mapping[str, Any],
        shape: Shape,
        dtype: np.dtype[Any],
        scope: str = "",
        line: Line = ("", 0),
        form: Hashable = None,
        serial: float | None = None,
    ) -> Node:
        """Return a node of these parts; only `build` sees to it that they fit."""
        node: Any = _Fields()  # filled before it is a node, since a frozen dataclass takes four times as long
        node.op, node.inputs, node.attrs, node.shape, node.dtype = op, inputs, attrs, shape, dtype
        node.scope, node.line, node.form = scope, line, form or (op.name, tuple(attrs.items()))
        node.value = None
        node.serial = next(_serials) if serial is None else serial
        node.__class__ = cls
        return node  # type: ignore[no-any-return]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Node.{name} cannot be set: a node is never changed. Build another one.")

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def source(self) -> tuple[str, int]:
        """File and line of the user's program that built it; ``("", 0)`` where that is not known."""
        return _file_and_line(self.line)

    def __copy__(self) -> Node:
        """Return the node itself, which nothing changes: copies of it would be other leaves and other results."""
        return self

    def __deepcopy__(self, memo: object) -> Node:
        """Return the node itself, see `__copy__`; and so without recursion, however deep the graph is."""
        return self

    def __repr__(self) -> str:
        return f"Node({self.op.name}, shape={shape_text(self.shape)}, dtype={self.dtype.name})"


_set_value: Any = vars(_Fields)["value"].__set__


def set_value(node: Node, value: Array) -> None:
    """Note the value of a node, once it is known: it changes nothing that the node computes."""
    _set_value(node, value)


def next_serial() -> int:
    """Return a number greater than the serial of every node there is, and less than that of every later one."""
    return next(_serials)


_origin: ContextVar[tuple[str, Line | None]] = ContextVar("origin", default=("", None))
"""The scope and, where it is not the line that runs, the line that new nodes are stamped with."""


def in_own_context(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that does what `function` does in a copy of the context.

    What it stamps nodes with ends with it, whatever comes. A ``with`` alone does not see to that: Ctrl-C can come
    before the first line of an ``__exit__``, and no line of Python can come after.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return copy_context().run(function, *args, **kwargs)

    return wrapped


class _Stamped:
    """A ``with`` in which new nodes have an origin; to be used in a function that is `in_own_context`.

    A class, since a generator whose ``with`` was interrupted would put back what was before whenever it is collected.
    """

    def __init__(self, scope: str, line: Line | None) -> None:
        self._inside = scope, line

    def __enter__(self) -> None:
        self._before = _origin.get()
        _origin.set(self._inside)

    def __exit__(self, *_: object) -> None:
        _origin.set(self._before)


def scope(name: str) -> _Stamped:
    """Stamp the nodes built inside the ``with`` with a layer's name; inner names are appended: ``"block/dense"``."""
    before, line = _origin.get()
    return _Stamped(f"{before}/{name}" if before else name, line)


def unscoped() -> _Stamped:
    """Stamp the nodes built inside the ``with`` with no scope but those that begin there."""
    return _Stamped("", None)


def origin_of(node: Node) -> _Stamped:
    """Stamp the nodes built inside the ``with`` with the scope and source of `node`, which they stand for."""
    return _Stamped(node.scope, node.line)


def present_origin() -> tuple[str, Line]:
    """Return the scope and the line of nodes that are built now."""
    scope, line = _origin.get()
    return scope, line or user_code()


def location_text() -> str:
    """Return ``", built at train.py:14"`` for the line that is building nodes now, or ``""`` if it is not known."""
    return _built_at(*_file_and_line(present_origin()[1]))


def location_of(node: Node) -> str:
    """Return what `location_text` said when a node was built."""
    return _built_at(*node.source)


def _file_and_line(line: Line) -> tuple[str, int]:
    where, at = line
    return (where, at) if isinstance(where, str) else line_of(where, at)


def _built_at(file: str, line: int) -> str:
    return f", built at {Path(file).name}:{line}" if file else ""


def build(op: Op, inputs: tuple[Node, ...], attrs: Mapping[str, Any] | None = None) -> Node:
    """Return the node that applies `op` to `inputs`; its rule infers shape and dtype.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If an attribute is not of the type that the operation's record declares, or as its rule says, with the user's
        line.

    Notes
    -----
    There is no other way to a node: what is said here of attributes, and in the rules, holds of every graph, and
    machine code relies on it.
    """
    scope, line = present_origin()
    key = _key(op, inputs, attrs)
    if key is None:
        own = _infer(op, inputs, attrs or {})
        node = Node(op, inputs, own.attrs, own.shape, own.dtype, scope, line)
        if op.name == "constant":
            set_value(node, own.attrs["value"].value)
        return node
    form = _forms.get(key)
    if form is None:
        if len(_forms) >= _MOST_FORMS:
            _forms.clear()
        form = _forms.setdefault(key, _infer(op, inputs, attrs or {}))
    return Node(op, inputs, form.attrs, form.shape, form.dtype, scope, line, form)


def again(node: Node) -> Node:
    """Return a node like one without inputs, such as a number, built where nodes are built now."""
    scope, line = present_origin()
    made = Node(node.op, (), node.attrs, node.shape, node.dtype, scope, line, node.form)
    if node.value is not None:
        set_value(made, node.value)
    return made


@dataclass(frozen=True, eq=False, slots=True)
class _Form:
    """What the rules said of an operation with some attributes, applied to inputs of some shapes and dtypes.

    Equal only to itself, so that it stands for all of that where graphs are compared.
    """

    attrs: Mapping[str, Any]
    shape: Shape
    dtype: np.dtype[Any]


_forms: dict[Hashable, _Form] = {}
"""What rules said before: a loop of the user's own builds the same nodes in each turn."""

_MOST_FORMS = 16384


def _key(op: Op, inputs: tuple[Node, ...], attrs: Mapping[str, Any] | None) -> Hashable | None:
    """Return all that the rules go by, or None where they are to be asked in any case.

    So they are for indices, which are looked at themselves, and for constants, each of which is another.
    """
    if op.kind == "indexing" or op.name == "constant":
        return None
    specs = tuple([(node.shape, node.dtype) for node in inputs])
    if not attrs:
        return op, specs
    for value in attrs.values():  # True, 1 and 1.0 are one to a dictionary, but not to a rule
        kind = type(value)
        if kind is tuple:
            for part in value:
                if type(part) is not int:
                    return None
        elif kind is not bool and kind is not int and kind is not str and not isinstance(value, np.dtype):
            return None
    return op, specs, tuple([(name, type(value), value) for name, value in attrs.items()])


def _infer(op: Op, inputs: tuple[Node, ...], attrs: Mapping[str, Any]) -> _Form:
    """Return what the rules say; see `build` for what it raises."""
    attrs = {name: _plain(value) for name, value in attrs.items()}
    if attrs or op.attrs:
        check_attributes(op, attrs)
    spec = op.infer(*inputs, **attrs)
    if not is_addressable(spec.shape):
        raise ShapeError(
            f"{op.name}: the result has shape {shape_text(spec.shape)}{location_text()}. Expected {SIZES.description}."
        )
    return _Form(MappingProxyType(attrs), spec.shape, spec.dtype)


def check_attributes(op: Op, attrs: Mapping[str, Any]) -> None:
    """Check that attributes are those that an operation's record declares; see `build` for what it raises."""
    if attrs.keys() != op.attrs.keys():
        raise ValueError(
            f"{op.name}: attributes {', '.join(attrs) or 'none'}{location_text()}. "
            f"Expected {', '.join(op.attrs) or 'none'}."
        )
    for name, value in attrs.items():
        wanted = op.attrs[name]
        if not wanted.fits(value):
            text = repr(value)
            raise wanted.error(
                f"{op.name}: {name}={text if len(text) < 100 else f'{text[:100]}...'} must be "
                f"{wanted.description}{location_text()}."
            )


def _plain(value: Any) -> Any:
    """Return an attribute with NumPy's scalars as Python's numbers, so that every size is an int or a `Dimension`."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value)) if any(isinstance(part, np.generic | tuple) for part in value) else value
    return value.item() if isinstance(value, np.generic) else value


def as_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return the element type that `dtype` names.

    Raises
    ------
    DtypeError
        If it is none of `DTYPES`.
    """
    if isinstance(dtype, np.dtype) and DTYPE.fits(dtype):  # NumPy takes long to tell a name
        return dtype
    try:
        name = np.dtype(dtype).name if dtype is not None else "None"
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise DtypeError(f"dtype {name!r} is not supported. {did_you_mean(name, DTYPES)}")
    return DTYPES[name]


def shape_text(shape: Shape) -> str:
    """Return a shape as Python writes a tuple: ``(32, 784)``, ``(batch,)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def count_known(shape: Shape) -> int:
    """Return the number of elements of a shape; a size that is not known yet counts as 1."""
    return math.prod([size for size in shape if type(size) is int])


def known(shape: Shape) -> tuple[int, ...]:
    """Return `shape` when every dimension of it is a number.

    Raises
    ------
    GraphError
        If one is unknown: the graph was not specialised before it was run.
    """
    if any(isinstance(size, Dimension) for size in shape):
        raise GraphError(f"shape {shape_text(shape)} has unknown sizes. Specialise the program before running it.")
    return shape  # type: ignore[return-value]


def reachable(outputs: Iterable[Node], stop: Callable[[Node], bool] | None = None) -> list[Node]:
    """Return every node that `outputs` depend on, themselves included, inputs before users.

    Parameters
    ----------
    outputs : iterable of Node
        Where the walk begins.
    stop : callable, optional
        Tells of a node whether its inputs are left out of the walk.

    Notes
    -----
    Takes time n log n and no recursion, so a chain of any length will do.
    """
    pending = list(outputs)
    seen = set(pending)
    while pending:
        node = pending.pop()
        if stop is not None and stop(node):
            continue
        for source in node.inputs:
            if source not in seen:
                seen.add(source)
                pending.append(source)
    return sorted(seen, key=_serial)
