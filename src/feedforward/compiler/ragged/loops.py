"""The loops of solvers: what runs over rows, one after another, whose length is known only from data.

Grammar::

    routine   := "routine " name " for " size, ... " of" vector* "do" statement*
    vector    := name ": " dtype "[" size "]" [" in 0.." size] [", changed"]
    statement := "for " index " in " expr ".." expr [" lanes"] ":" statement*
              |  "if " expr ":" statement*
              |  index " = " expr                    a value that is shown to lie in the index's range
              |  name " = " expr                     an accumulator; the first sets it aside
              |  name " = sum of " expr " for " index " in " expr ".." expr
              |  name "[" expr "]" " = " expr        | name "[" expr "]" " += " expr
              |  "ask for " name "[" expr "]"        soon needed: a hint to the processor
    expr      := as in compiler/loops.py, or a size

A size is an unknown, such as ``n``, or a polynomial of some: it is known when the routine is called, and a routine
serves all sizes. A vector's elements ``in 0..n`` are integers from 0 to n - 1; whoever calls has that checked. An
index is a variable with a range, as there; its loop shows that its turns stay in it (``bounds.py``).

Unlike a kernel, a routine is sequential: each statement sees what those before it wrote. Only turns of a loop marked
``lanes`` may be run many at a time; what they read and write lies side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from feedforward.compiler.loop_text import expr_text
from feedforward.compiler.loops import BOOL, INT, Accumulate, Expr, apply
from feedforward.graph.dimension import Size

__all__ = [
    "Ask",
    "Index",
    "Let",
    "Range",
    "Routine",
    "Statement",
    "Sum",
    "Vector",
    "When",
    "Write",
    "accumulated",
    "added",
    "at",
    "divided",
    "element",
    "is_less",
    "is_not",
    "is_other",
    "larger",
    "multiplied",
    "routine_text",
    "size_of",
    "smaller",
    "subtracted",
]


@dataclass(frozen=True)
class Vector:
    """A contiguous array that a routine is called with.

    Parameters
    ----------
    name : str
        What the text calls it.
    dtype : numpy.dtype
        The type of its elements.
    size : Size
        How many there are.
    stop : Size, optional
        Of integers: each lies from 0 to stop - 1.
    is_changed : bool
        Whether the routine writes to it.
    """

    name: str
    dtype: np.dtype[Any]
    size: Size
    stop: Size | None = None
    is_changed: bool = False

    def __str__(self) -> str:
        inside = "" if self.stop is None else f" in 0..{self.stop}"
        return f"{self.name}: {self.dtype.name}[{self.size}]{inside}{', changed' if self.is_changed else ''}"


@dataclass(frozen=True)
class Index:
    """An integer from 0 to size - 1: of a loop, or read from data."""

    name: str
    size: Size


@dataclass(frozen=True)
class Range:
    """Run `body` for each value of an index from `start` to `stop` - 1; of no turns where that is below `start`."""

    index: Index
    start: Expr
    stop: Expr
    body: tuple[Statement, ...]
    is_lanes: bool = False


@dataclass(frozen=True)
class When:
    """Run `body` if a condition holds."""

    condition: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Let:
    """Give an index a value."""

    index: Index
    value: Expr


@dataclass(frozen=True)
class Sum:
    """Give an accumulator the sum of a term over a range.

    Terms that are products are added before they are rounded. Four sums are made and then added, so that the processor
    need not wait for each addition; where elements lie side by side, each of them has 16 lanes of float32 or 8 of
    float64. The order is the same on every machine.
    """

    name: str
    term: Expr
    index: Index
    start: Expr
    stop: Expr


@dataclass(frozen=True)
class Write:
    """Write a value to an element of a vector, or add it to what is there."""

    vector: Vector
    index: Expr
    value: Expr
    is_sum: bool = False


@dataclass(frozen=True)
class Ask:
    """Ask for the part of memory where an element lies, which will be needed soon; it may also lie outside."""

    vector: Vector
    index: Expr


Statement: TypeAlias = "Range | When | Let | Accumulate | Sum | Write | Ask"


@dataclass(frozen=True)
class Routine:
    """A solver's inner loop.

    Parameters
    ----------
    name : str
        What it does: an identifier.
    sizes : tuple of str
        The sizes that are known when it is called, by name.
    vectors : tuple of Vector
        What it is called with.
    body : tuple of statements
        What it does.
    """

    name: str
    sizes: tuple[str, ...]
    vectors: tuple[Vector, ...]
    body: tuple[Statement, ...]

    @property
    def bounded(self) -> tuple[Vector, ...]:
        """The vectors whose integers have a range."""
        return tuple(vector for vector in self.vectors if vector.stop is not None)

    def __str__(self) -> str:
        return routine_text(self)


# Expressions: of numbers, where `Expr` has signs for indices alone.


def element(vector: Vector, index: Expr) -> Expr:
    """Return an element of a vector."""
    return Expr("load", (index,), vector.dtype, vector)


def at(index: Index) -> Expr:
    """Return the value of an index."""
    return Expr("var", (), INT, index)


def size_of(size: Size) -> Expr:
    """Return a size as a number."""
    return Expr("number", (), INT, size) if isinstance(size, int) else Expr("size", (), INT, size)


def accumulated(name: str, dtype: np.dtype[Any]) -> Expr:
    """Return the present value of an accumulator."""
    return Expr("accumulator", (), dtype, name)


def added(x: Expr, y: Expr) -> Expr:
    """Return x + y."""
    return apply("add", x, y, dtype=x.dtype)


def subtracted(x: Expr, y: Expr) -> Expr:
    """Return x - y."""
    return apply("subtract", x, y, dtype=x.dtype)


def multiplied(x: Expr, y: Expr) -> Expr:
    """Return x * y, of numbers or of an index and a size."""
    return apply("multiply", x, y, dtype=x.dtype)


def divided(x: Expr, y: Expr) -> Expr:
    """Return x / y."""
    return apply("divide", x, y, dtype=x.dtype)


def smaller(x: Expr, y: Expr) -> Expr:
    """Return the smaller of two numbers."""
    return apply("minimum", x, y, dtype=x.dtype)


def larger(x: Expr, y: Expr) -> Expr:
    """Return the larger of two numbers."""
    return apply("maximum", x, y, dtype=x.dtype)


def is_other(x: Expr, y: Expr) -> Expr:
    """Return whether x is not y; NaN is no number's equal."""
    return is_not(apply("equal", x, y, dtype=BOOL))


def is_not(condition: Expr) -> Expr:
    """Return whether a condition does not hold."""
    return apply("logical_not", condition, dtype=BOOL)


def is_less(x: Expr, y: Expr) -> Expr:
    """Return whether x < y."""
    return apply("less", x, y, dtype=BOOL)


# Text.


def routine_text(routine: Routine) -> str:
    """Return a routine as text."""
    sizes = ", ".join(routine.sizes)
    vectors = "".join(f"    {vector}\n" for vector in routine.vectors)
    return "\n".join([f"routine {routine.name} for {sizes} of\n{vectors}do", *_lines(routine.body, "  ")])


def _lines(body: Sequence[Statement], indent: str) -> Iterator[str]:
    for statement in body:
        match statement:
            case Range():
                lanes = " lanes" if statement.is_lanes else ""
                yield f"{indent}for {_range_text(statement)}{lanes}:"
                yield from _lines(statement.body, indent + "  ")
            case When():
                yield f"{indent}if {expr_text(statement.condition)}:"
                yield from _lines(statement.body, indent + "  ")
            case Let():
                yield f"{indent}{statement.index.name} = {expr_text(statement.value)}"
            case Accumulate():
                yield f"{indent}{statement.name} = {expr_text(statement.value)}"
            case Sum():
                yield f"{indent}{statement.name} = sum of {expr_text(statement.term)} for {_range_text(statement)}"
            case Write():
                sign = "+=" if statement.is_sum else "="
                element = f"{statement.vector.name}[{expr_text(statement.index)}]"
                yield f"{indent}{element} {sign} {expr_text(statement.value)}"
            case Ask():
                yield f"{indent}ask for {statement.vector.name}[{expr_text(statement.index)}]"


def _range_text(statement: Range | Sum) -> str:
    return f"{statement.index.name} in {expr_text(statement.start)}..{expr_text(statement.stop)}"
