"""Python's operators and NumPy's methods, shared by nodes and tensors.

A method looks up the function of the same meaning by name and applies it, so this file depends on no operation, and
operations may use operators in their rules. A function is entered with `method`, where it is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

if TYPE_CHECKING:
    from feedforward.graph.dimension import Size

__all__ = ["Operand", "Axes", "method", "function", "Operators"]

Operand: TypeAlias = Any
"""A node or tensor, or what can be made a constant beside one: a number, a NumPy array, nested lists of numbers."""

Axes: TypeAlias = "int | Sequence[int] | None"
"""One axis, several, or None for all of them; negative ones count from the end."""

F = TypeVar("F", bound=Callable[..., Any])
A = TypeVar("A")

_functions: dict[str, Callable[..., Any]] = {}


def method(function: F) -> F:
    """Enter `function` under its name, so that `Operators` finds it, and return it."""
    _functions[function.__name__] = function
    return function


def function(name: str) -> Callable[..., Any]:
    """Return the function entered under `name`: how a file below the operations uses one."""
    return _functions[name]


class Operators(Generic[A]):
    """Operators of an array, which return an `A`; a subclass may change `_call` to wrap what functions take and return.

    `A` is not the type of the array itself: what is computed from a `Variable` is a `Tensor`.
    """

    __slots__ = ()

    def _call(self, name: str, *arguments: Any) -> A:
        result: A = _functions[name](*arguments)
        return result

    def __add__(self, other: Operand) -> A:
        return self._call("add", self, other)

    def __radd__(self, other: Operand) -> A:
        return self._call("add", other, self)

    def __sub__(self, other: Operand) -> A:
        return self._call("subtract", self, other)

    def __rsub__(self, other: Operand) -> A:
        return self._call("subtract", other, self)

    def __mul__(self, other: Operand) -> A:
        return self._call("multiply", self, other)

    def __rmul__(self, other: Operand) -> A:
        return self._call("multiply", other, self)

    def __truediv__(self, other: Operand) -> A:
        return self._call("divide", self, other)

    def __rtruediv__(self, other: Operand) -> A:
        return self._call("divide", other, self)

    def __floordiv__(self, other: Operand) -> A:
        return self._call("floor_divide", self, other)

    def __rfloordiv__(self, other: Operand) -> A:
        return self._call("floor_divide", other, self)

    def __mod__(self, other: Operand) -> A:
        return self._call("remainder", self, other)

    def __rmod__(self, other: Operand) -> A:
        return self._call("remainder", other, self)

    def __divmod__(self, other: Operand) -> tuple[A, A]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[A, A]:
        return other // self, other % self

    def __pow__(self, other: Operand) -> A:
        return self._call("power", self, other)

    def __rpow__(self, other: Operand) -> A:
        return self._call("power", other, self)

    def __matmul__(self, other: Operand) -> A:
        return self._call("matmul", self, other)

    def __rmatmul__(self, other: Operand) -> A:
        return self._call("matmul", other, self)

    def __neg__(self) -> A:
        return self._call("negative", self)

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> A:
        return self._call("abs", self)

    def __lt__(self, other: Operand) -> A:
        return self._call("less", self, other)

    def __le__(self, other: Operand) -> A:
        return self._call("less_equal", self, other)

    def __gt__(self, other: Operand) -> A:
        return self._call("greater", self, other)

    def __ge__(self, other: Operand) -> A:
        return self._call("greater_equal", self, other)

    def __and__(self, other: Operand) -> A:
        return self._call("logical_and", self, other)

    def __rand__(self, other: Operand) -> A:
        return self._call("logical_and", other, self)

    def __or__(self, other: Operand) -> A:
        return self._call("logical_or", self, other)

    def __ror__(self, other: Operand) -> A:
        return self._call("logical_or", other, self)

    def __invert__(self) -> A:
        return self._call("logical_not", self)

    def __getitem__(self, index: Any) -> A:
        return self._call("getitem", self, index)

    @property
    def T(self) -> A:
        """The array with its axes in reverse order."""
        return self._call("transpose", self)

    def sum(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return the sum over axes."""
        return self._call("sum", self, axis, keepdims)

    def mean(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return the mean over axes."""
        return self._call("mean", self, axis, keepdims)

    def max(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return the maximum over axes."""
        return self._call("max", self, axis, keepdims)

    def min(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return the minimum over axes."""
        return self._call("min", self, axis, keepdims)

    def any(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return whether any element is true, over axes."""
        return self._call("any", self, axis, keepdims)

    def all(self, axis: Axes = None, keepdims: bool = False) -> A:
        """Return whether all elements are true, over axes."""
        return self._call("all", self, axis, keepdims)

    def argmax(self, axis: int | None = None) -> A:
        """Return the index of the first maximum along an axis, or of the flattened array."""
        return self._call("argmax", self, axis)

    def reshape(self, *shape: Size | Sequence[Size]) -> A:
        """Return the elements in another shape; one size may be -1."""
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], list | tuple) else shape
        return self._call("reshape", self, sizes)

    def transpose(self, *axes: int | Sequence[int]) -> A:
        """Return the array with its axes in the order given, or reversed."""
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], list | tuple) else axes
        return self._call("transpose", self, order or None)

    def broadcast_to(self, shape: Sequence[Size]) -> A:
        """Return the array repeated along new axes and axes of size 1 up to `shape`."""
        return self._call("broadcast_to", self, shape)

    def astype(self, dtype: Any) -> A:
        """Return the elements converted to another dtype."""
        return self._call("cast", self, dtype)
