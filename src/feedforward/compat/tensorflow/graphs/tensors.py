"""Tensors as TensorFlow shows them: outputs of a graph's operations, and eager ones that hold a value.

Both are computed with by the same functions (``dispatch.py``). Not here: variables (``variables.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import feedforward
from feedforward.compat.names import provide
from feedforward.compat.tensorflow.graphs.dtypes import DType, as_dtype
from feedforward.compat.tensorflow.graphs.shapes import TensorShape, as_shape
from feedforward.compat.version import written_for
from feedforward.graph.attribute import DTYPES
from feedforward.graph.operators import Operators
from feedforward.tensor import symbolic

if TYPE_CHECKING:
    from feedforward.compat.tensorflow.graphs.graph import Graph, Operation

__all__ = [
    "Tensor",
    "GraphTensor",
    "EagerTensor",
    "Probe",
    "shown",
    "plain",
    "operators",
    "probe_of",
    "are_numbers",
    "UNKNOWN_SIZES",
]

operators: dict[str, Callable[..., Any]] = {}
"""What an operator of Python's does, by our name of it: entered by ``maths.py`` and ``arrays.py``."""

Probe = feedforward.Tensor
"""A tensor without a value that stands for a graph's tensor with its unknown sizes replaced by numbers."""

UNKNOWN_SIZES = (7, 11)
"""What unknown sizes are replaced by in the first and in the second probe: where the two differ, a size is unknown."""


class Tensor(Operators[Any]):
    """A tensor of TensorFlow's; see `GraphTensor` and `EagerTensor`."""

    __slots__ = ()

    def _call(self, name: str, *arguments: Any) -> Any:
        return operators[name](*arguments)

    def get_shape(self) -> TensorShape:
        """Return the shape."""
        shape: TensorShape = self.shape  # type: ignore[attr-defined]
        return shape

    def __div__(self, other: Any) -> Any:
        return self._call("divide", self, other)

    def __xor__(self, other: Any) -> Any:
        return self._call("logical_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._call("logical_xor", other, self)


class GraphTensor(Tensor):
    """An output of an operation of a graph, which has a value only when a session runs.

    Parameters
    ----------
    op : Operation
        What computes it.
    value_index : int
        Which of its outputs it is.
    dtype : DType
        The type of its elements.
    probes : tuple of two tensors, or None
        What stands for it where shapes are found out; None if nothing is known.
    """

    __slots__ = ("__weakref__", "_dtype", "_shape", "op", "probes", "value_index")

    def __init__(self, op: Operation, value_index: int, dtype: DType, probes: tuple[Probe, Probe] | None) -> None:
        self.op, self.value_index, self._dtype, self.probes = op, value_index, dtype, probes
        self._shape: TensorShape | None = None

    @property
    def dtype(self) -> DType:
        """The type of its elements."""
        return self._dtype

    @property
    def name(self) -> str:
        """The name of its operation, and which output it is."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        """The graph that it is a part of."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Where it is computed: wherever the session likes."""
        return ""

    @property
    def shape(self) -> TensorShape:
        """Its sizes, as far as they are known before a session runs."""
        if self._shape is None:
            self._shape = _shape_of(self.probes)
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Say what its shape will be.

        Raises
        ------
        ValueError
            If that contradicts what is known.
        """
        self._shape = self.shape.merge_with(as_shape(shape))
        self.probes = probe_of(self._shape, self._dtype)

    def consumers(self) -> list[Operation]:
        """Return the operations that use it."""
        return [op for op in self.graph.get_operations() if self in op.inputs]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Return its value in a session, by default the present one."""
        from feedforward.compat.tensorflow.graphs.session import session_of  # which stands on tensors

        return session_of(session, f"eval() of {self.name!r}").run(self, feed_dict)

    __hash__ = object.__hash__  # which defining `__eq__` takes away

    def __eq__(self, other: object) -> Any:
        if written_for().tensorflow < (2, 0):
            return self is other
        return operators["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        if written_for().tensorflow < (2, 0):
            return self is not other
        return operators["not_equal"](self, other)

    def __iter__(self) -> Iterator[Any]:
        if self.shape.ndims is None or self.shape.as_list()[:1] in ([], [None]):
            raise TypeError(f"'Tensor' object is not iterable: {self.name!r} has shape {self.shape}. Use tf.unstack.")
        return (self[row] for row in range(int(self.shape[0])))

    def __bool__(self) -> bool:
        raise TypeError(
            f"Using a `tf.Tensor` as a Python `bool` is not allowed: {self.name!r} has no value before a session runs. "
            f"Use `if t is not None:`, or tf.cond."
        )

    def __array__(self, *_: Any) -> Any:
        raise NotImplementedError(
            f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array: it has no value before a session runs."
        )

    __array_priority__ = 100
    __array_ufunc__ = None  # so that NumPy leaves ``array * tensor`` to `__rmul__`

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self.shape.dims is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'


class EagerTensor(Tensor):
    """A tensor that is computed when somebody looks, where TensorFlow's eager ones were computed at once.

    Parameters
    ----------
    ours : feedforward.Tensor
        What it shows.
    """

    __slots__ = ("__weakref__", "ours")

    def __init__(self, ours: feedforward.Tensor) -> None:
        self.ours = ours

    @property
    def shape(self) -> TensorShape:
        """Its sizes."""
        return TensorShape(self.ours.shape)

    @property
    def dtype(self) -> DType:
        """The type of its elements."""
        return as_dtype(self.ours.dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.ours.ndim

    @property
    def device(self) -> str:
        """Where it is computed."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def numpy(self) -> Any:
        """Return the value: an array, or a number of NumPy's where there is no dimension."""
        value = self.ours.numpy()
        return value.copy() if value.ndim else value[()]

    def cpu(self) -> EagerTensor:
        """Return the tensor, which is there already."""
        return self

    def gpu(self, *_: Any) -> EagerTensor:
        """Raise: there is no GPU."""
        raise RuntimeError("Error copying tensor to device: GPU:0. There is no GPU; feedforward computes on the CPU.")

    def __feedforward_tensor__(self) -> feedforward.Tensor:
        return self.ours

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.ours.__array__(*args, **kwargs)

    __array_priority__ = 100  # so that NumPy leaves ``array * tensor`` to `__rmul__`

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Let NumPy's functions work on the value."""
        return function(*_mapped(_as_array, args), **_mapped(_as_array, kwargs))

    def __float__(self) -> float:
        return float(self.ours)

    def __int__(self) -> int:
        return int(self.ours)

    def __index__(self) -> int:
        return self.ours.__index__()

    def __bool__(self) -> bool:
        if self._has_no_value():
            raise TypeError(
                f"Using a `tf.Tensor` as a Python `bool` is not allowed: {self!s} has no value while a function is "
                f"made a program, and autograph, which wrote `if` and `while` anew, is not provided. Use tf.where or "
                f"tf.cond."
            )
        return bool(self.ours)

    def __len__(self) -> int:
        return len(self.ours)

    def __iter__(self) -> Iterator[Any]:
        return map(EagerTensor, self.ours)

    def __eq__(self, other: object) -> Any:
        return self is other if written_for().tensorflow < (2, 0) else operators["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return self is not other if written_for().tensorflow < (2, 0) else operators["not_equal"](self, other)

    __hash__ = object.__hash__

    def __str__(self) -> str:
        if self._has_no_value():
            return f'Tensor("{self._symbol()}:0", shape={self.shape}, dtype={self.dtype.name})'
        return f"tf.Tensor({self.numpy()!s}, shape={self.shape}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        if self._has_no_value():
            return f"<tf.Tensor '{self._symbol()}:0' shape={self.shape} dtype={self.dtype.name}>"
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={self._as_text()}>"

    def _as_text(self) -> str:
        """Return the value as `repr` shows it."""
        value = self.numpy()
        return str(value) if not value.ndim else f"\n{value!r}" if value.ndim > 1 else repr(value)

    def __format__(self, spec: str) -> str:
        return format(str(self) if self._has_no_value() else self.numpy(), spec)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.ours.item(), digits)

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self

    def _has_no_value(self) -> bool:
        return self.ours._has_no_value()

    def _symbol(self) -> str:
        node = self.ours.node
        return str(node.attrs.get("name", node.op.name.title().replace("_", "")))


provide(Tensor, "tf.Tensor")


def shown(value: Any) -> Any:
    """Return a structure with TensorFlow's tensors in place of ours."""
    return _mapped(lambda part: EagerTensor(part) if type(part) is feedforward.Tensor else part, value)


def plain(value: Any) -> Any:
    """Return a structure with our tensors and variables in place of TensorFlow's eager ones."""
    return _mapped(lambda part: part.ours if isinstance(part, EagerTensor) else part, value)


_NUMBERS = frozenset([int, float, complex, bool, str, bytes, type(None), np.ndarray, *np.sctypeDict.values()])


def are_numbers(values: Iterable[Any]) -> bool:
    """Return whether there is nothing but numbers, arrays and texts: asked of batches, which may be lists of rows."""
    return _NUMBERS.issuperset(map(type, values))


def _as_array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, EagerTensor) else value


def _mapped(function: Callable[[Any], Any], value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return value if are_numbers(value) else kind([_mapped(function, part) for part in value])
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make([_mapped(function, part) for part in value])
    if kind is dict:
        return {key: _mapped(function, part) for key, part in value.items()}
    return function(value)


def probe_of(shape: Any, dtype: DType) -> tuple[Probe, Probe] | None:
    """Return what stands for a tensor of a shape while shapes are found out; None for strings.

    Of a shape with an unknown number of dimensions, one probe has none and one has one.
    """
    if dtype.base_dtype.name not in DTYPES:
        return None
    shape = as_shape(shape)
    ranks: tuple[list[int | None], ...] = ([], [None]) if shape.dims is None else (shape.as_list(),) * 2
    sizes = [
        tuple(stand_in if size is None else size for size in rank)
        for rank, stand_in in zip(ranks, UNKNOWN_SIZES, strict=True)
    ]
    first = _placeholder(sizes[0], dtype)
    return first, first if sizes[0] == sizes[1] else _placeholder(sizes[1], dtype)


def _placeholder(shape: tuple[int, ...], dtype: DType) -> Probe:
    return symbolic(feedforward.ops.placeholder(shape, dtype.base_dtype.as_numpy_dtype, "probe"))


def _shape_of(probes: tuple[Probe, Probe] | None) -> TensorShape:
    """Return what two probes say of a shape."""
    if probes is None:
        return TensorShape(None)
    first, second = (probe.node.shape for probe in probes)
    if len(first) != len(second):
        return TensorShape(None)
    return TensorShape([a if a == b else None for a, b in zip(first, second, strict=True)])
