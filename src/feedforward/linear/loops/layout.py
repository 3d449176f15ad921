"""How rows lie in memory, and what all routines over them say: of elements, of scores, of steps along a row.

Here is no routine; see ``routines.py`` and ``dual_routines.py``. Sizes are n rows, d columns, m steps, k classes, and
the number of `values` that are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from feedforward.compiler.loops import INT, Accumulate, Expr, number
from feedforward.compiler.ragged.loops import (
    Ask,
    Index,
    Let,
    Range,
    Routine,
    Statement,
    Sum,
    Vector,
    When,
    Write,
    accumulated,
    added,
    at,
    element,
    is_less,
    is_other,
    multiplied,
    size_of,
)
from feedforward.graph.dimension import Size, unknown

__all__ = [
    "Data",
    "F",
    "Form",
    "RATE",
    "SCALE",
    "SETTINGS",
    "TUBE",
    "WORST",
    "changed",
    "d",
    "inputs",
    "k",
    "m",
    "n",
    "real",
    "score_of",
    "setting",
    "step_along",
    "stored",
    "value_of",
]

F = np.dtype("float64")
n, d, m, k, stored = (unknown(name) for name in ("n", "d", "m", "k", "stored"))

_AHEAD = 8
"""How many steps before it is needed a row is asked for: some hundred nanoseconds, in which memory answers."""

_LINE_BYTES = 64
_LINES = (0, 2, 8, 16)
"""Of a row 2 lines of the cache are asked for, 8 or 16 where it is longer. Each counts: in a random order, rows of 80
values take twice as long with half of their lines."""


@dataclass(frozen=True)
class Form:
    """How rows lie: what a routine is compiled for, beside what it does.

    Parameters
    ----------
    values : {"float32", "float64"}
    indices, starts : {"int32", "int64"}, optional
        Of compressed rows.
    """

    values: str
    indices: str | None = None
    starts: str | None = None


class Data:
    """What all routines say of rows, whichever way these lie."""

    def __init__(self, form: Form) -> None:
        self.is_sparse = form.indices is not None
        self.row, self.turn, self.place, self.column = (
            Index("row", n),
            Index("turn", m),
            Index("j", stored),
            Index("column", d),
        )
        self.values = Vector("values", np.dtype(form.values), stored if self.is_sparse else n * d)
        self.order = Vector("order", INT, m, n)
        self.vectors: tuple[Vector, ...] = (self.values,)
        self.sizes: tuple[str, ...] = ("n", "d")
        if form.indices is not None and form.starts is not None:
            self.indices = Vector("indices", np.dtype(form.indices), stored, d)
            self.starts = Vector("starts", np.dtype(form.starts), n + 1, stored + 1)
            self.vectors = (self.values, self.indices, self.starts)
            self.sizes = ("n", "d", "stored")

    def number(self) -> Expr:
        """Return which row the present one is."""
        return at(self.row)

    def at_column(self) -> Expr:
        """Return the column of the present element."""
        return element(self.indices, at(self.place)).as_index() if self.is_sparse else at(self.column)

    def value(self) -> Expr:
        """Return the present element."""
        index = at(self.place) if self.is_sparse else multiplied(at(self.row), size_of(d)) + at(self.column)
        return element(self.values, index).cast(F)

    def ends(self, row: Expr) -> tuple[Expr, Expr]:
        """Return where a compressed row begins and ends."""
        return element(self.starts, row).as_index(), element(self.starts, row + 1).as_index()

    def span(self) -> tuple[Index, Expr, Expr]:
        """Return the index of the present row's elements, with its first and its end."""
        if self.is_sparse:
            return (self.place, *self.ends(at(self.row)))
        return self.column, number(0), size_of(d)

    def dot(self, name: str, vector: Vector) -> Sum:
        """Return the product of the present row with a vector."""
        return Sum(name, multiplied(self.value(), element(vector, self.at_column())), *self.span())

    def each(self, *body: Statement) -> Range:
        """Return what is done for each element of the present row."""
        return Range(*self.span(), body, is_lanes=not self.is_sparse and all(isinstance(one, Write) for one in body))

    def add(self, vector: Vector, factor: Expr) -> Range:
        """Return what adds a multiple of the present row to a vector."""
        return self.each(Write(vector, self.at_column(), multiplied(self.value(), factor), is_sum=True))

    def rows(self, *body: Statement) -> Range:
        """Return what is done for each row, in turn."""
        return Range(self.row, number(0), size_of(n), body)

    def steps(self, beside: Mapping[Vector, int], *body: Statement) -> Range:
        """Return what is done for each row that the order names.

        Its part of the vectors `beside`, which have so many elements for each row, is asked for.
        """
        here = at(self.turn)
        ahead = (here + _AHEAD).where(is_less(here + _AHEAD, size_of(m)), here)
        coming = Index("coming", n)
        asked: list[Statement] = [Let(coming, element(self.order, ahead))]
        asked += [Ask(vector, width * at(coming)) for vector, width in beside.items()]
        if self.is_sparse:
            farther = Index("farther", n)
            twice = (here + 2 * _AHEAD).where(is_less(here + 2 * _AHEAD, size_of(m)), here)
            asked += [Let(farther, element(self.order, twice)), Ask(self.starts, at(farther))]
            begin, end = self.ends(at(coming))
            for vector in (self.values, self.indices):
                per_line = _LINE_BYTES // vector.dtype.itemsize
                for first, stop in pairwise(_LINES):
                    lines = tuple(Ask(vector, begin + line * per_line) for line in range(first, stop))
                    asked.append(When(is_less(begin + first * per_line, end), lines))
        return Range(
            self.turn,
            number(0),
            size_of(m),
            (*asked, Let(self.row, element(self.order, here)), *body),
        )

    def routine(self, name: str, sizes: Sequence[str], vectors: Sequence[Vector], *body: Statement) -> Routine:
        """Return a routine over such rows."""
        return Routine(name, (*self.sizes, *sizes), (*self.vectors, *vectors), body)


def inputs(*names: str, size: Size = n) -> list[Vector]:
    """Return vectors of float64 that are read."""
    return [Vector(name, F, size) for name in names]


def changed(name: str, size: Size) -> Vector:
    """Return a vector of float64 that is changed."""
    return Vector(name, F, size, is_changed=True)


def real(value: float) -> Expr:
    """Return a number, in float64."""
    return number(value, F)


def value_of(name: str) -> Expr:
    """Return an accumulator of numbers."""
    return accumulated(name, F)


SETTINGS = Vector("settings", F, 4)
SCALE, TUBE, RATE, WORST = range(4)
"""What the settings are: the intercept's constant, the tube's half width, the step size, the worst violation before."""


def setting(position: int) -> Expr:
    """Return one of the settings."""
    return element(SETTINGS, number(position))


def score_of(data: Data, u: Vector, factor: Expr | None = None) -> list[Statement]:
    """Return what computes the score of the present row, where all weights are to be multiplied by a factor."""
    whole = added(value_of("score"), multiplied(setting(SCALE), element(u, size_of(d))))
    whole = whole if factor is None else multiplied(whole, factor)
    return [data.dot("score", u), Accumulate("score", whole)]


def step_along(data: Data, u: Vector, factor: str) -> When:
    """Return what adds a multiple of the present row, and of the intercept's constant, to weights; if it is not 0."""
    constant = multiplied(setting(SCALE), value_of(factor))
    # Without intercept no thread writes what all of them read.
    intercept = When(is_other(constant, real(0.0)), (Write(u, size_of(d), constant, is_sum=True),))
    return When(is_other(value_of(factor), real(0.0)), (data.add(u, value_of(factor)), intercept))
