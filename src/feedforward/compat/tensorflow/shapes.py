"""TensorFlow's shapes: sizes that may be unknown, and a number of dimensions that may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, SupportsIndex

import numpy as np

from feedforward.compat.names import provided

__all__ = ["Dimension", "TensorShape", "as_shape"]


@provided("tf.Dimension")
class Dimension:
    """A size, or None for one that is not known.

    Parameters
    ----------
    value : int, Dimension or None
        The size.
    """

    def __init__(self, value: Any) -> None:
        self.value: int | None = value.value if isinstance(value, Dimension) else None if value is None else int(value)

    def __int__(self) -> int:
        if self.value is None:
            raise TypeError("a Dimension of an unknown size is no int. Use tf.shape(x) for the size when a graph runs.")
        return self.value

    __index__ = __int__

    def __eq__(self, other: object) -> Any:
        theirs = other.value if isinstance(other, Dimension) else other
        return None if self.value is None or theirs is None else self.value == theirs

    def __ne__(self, other: object) -> Any:
        same = self == other
        return None if same is None else not same

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self.value is None or self.value != 0

    def _with(self, other: Any, compute: Any) -> Dimension:
        theirs = other.value if isinstance(other, Dimension) else other
        return Dimension(None if self.value is None or theirs is None else compute(self.value, theirs))

    def __add__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a // b)

    __div__ = __floordiv__

    def __mod__(self, other: Any) -> Dimension:
        return self._with(other, lambda a, b: a % b)

    def __truediv__(self, other: Any) -> float:
        return int(self) / int(other)

    def __rtruediv__(self, other: Any) -> float:
        return float(other / int(self))

    def __float__(self) -> float:
        return float(int(self))

    def __lt__(self, other: Any) -> bool:
        return int(self) < int(other)

    def __le__(self, other: Any) -> bool:
        return int(self) <= int(other)

    def __gt__(self, other: Any) -> bool:
        return int(self) > int(other)

    def __ge__(self, other: Any) -> bool:
        return int(self) >= int(other)

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)


@provided("tf.TensorShape")
class TensorShape:
    """A shape, of which sizes or even the number of dimensions may be unknown.

    Parameters
    ----------
    dims : sequence of sizes, int or None
        The sizes; None where the number of dimensions is not known.
    """

    def __init__(self, dims: Any) -> None:
        if isinstance(dims, TensorShape):
            dims = dims.dims
        elif isinstance(dims, int | np.integer | Dimension):
            dims = [dims]
        self.dims: list[Dimension] | None = None if dims is None else [Dimension(size) for size in dims]

    @property
    def ndims(self) -> int | None:
        """The number of dimensions; None if it is not known."""
        return None if self.dims is None else len(self.dims)

    rank = ndims

    def _known(self) -> list[Dimension]:
        if self.dims is None:
            raise ValueError("a shape of an unknown number of dimensions has no list of sizes. Use tf.shape(x).")
        return self.dims

    def as_list(self) -> list[int | None]:
        """Return the sizes, None where one is not known.

        Raises
        ------
        ValueError
            If the number of dimensions is not known.
        """
        return [size.value for size in self._known()]

    def is_fully_defined(self) -> bool:
        """Return whether all sizes are known."""
        return self.dims is not None and all(size.value is not None for size in self.dims)

    def assert_is_fully_defined(self) -> None:
        """Raise ValueError unless all sizes are known."""
        if not self.is_fully_defined():
            raise ValueError(f"shape {self} is not fully defined.")

    def num_elements(self) -> int | None:
        """Return the number of elements; None if it is not known."""
        return int(np.prod([int(size) for size in self._known()])) if self.is_fully_defined() else None

    def is_compatible_with(self, other: Any) -> bool:
        """Return whether one shape could be both."""
        other = as_shape(other)
        if self.dims is None or other.dims is None:
            return True
        return len(self.dims) == len(other.dims) and all(
            mine.value is None or theirs.value is None or mine.value == theirs.value
            for mine, theirs in zip(self.dims, other.dims, strict=True)
        )

    def merge_with(self, other: Any) -> TensorShape:
        """Return what is known by either.

        Raises
        ------
        ValueError
            If no shape is both.
        """
        other = as_shape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        if self.dims is None or other.dims is None:
            return other if self.dims is None else self
        return TensorShape(
            [a.value if b.value is None else b.value for a, b in zip(self.dims, other.dims, strict=True)]
        )

    def concatenate(self, other: Any) -> TensorShape:
        """Return the sizes of both, one after the other."""
        other = as_shape(other)
        return TensorShape(None if self.dims is None or other.dims is None else [*self.dims, *other.dims])

    def with_rank(self, rank: int) -> TensorShape:
        """Return the shape if it may have so many dimensions.

        Raises
        ------
        ValueError
            If not.
        """
        return self.merge_with(TensorShape([None] * rank))

    def __len__(self) -> int:
        return len(self._known())

    def __iter__(self) -> Iterator[Any]:
        from feedforward.compat.version import written_for

        return iter(self.as_list() if written_for().tensorflow >= (2, 0) else self._known())

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return TensorShape(self._known()[index])
        return list(self)[index]

    def __bool__(self) -> bool:
        return self.dims is not None

    def __eq__(self, other: object) -> bool:
        try:
            theirs = as_shape(other)
        except TypeError:
            return False
        if self.dims is None or theirs.dims is None:
            return self.dims is theirs.dims
        return self.as_list() == theirs.as_list()

    def __hash__(self) -> int:
        return hash(None if self.dims is None else tuple(self.as_list()))

    def __repr__(self) -> str:
        return f"TensorShape({None if self.dims is None else list(self)})"

    def __str__(self) -> str:
        if self.dims is None:
            return "<unknown>"
        return f"({', '.join(map(str, self))}{',' if len(self.dims) == 1 else ''})"


def as_shape(value: Any) -> TensorShape:
    """Return the shape that a program gives as a list of sizes, an int or a TensorShape."""
    return value if isinstance(value, TensorShape) else TensorShape(value)
