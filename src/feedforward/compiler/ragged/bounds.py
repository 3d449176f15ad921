"""The gate before a routine becomes machine code: it reads and writes nowhere outside of its vectors.

As in ``compiler/bounds.py``, every index has bounds, and these lie within the vector. Here they are polynomials of
unknown sizes, each of which is at least 0, and they come from three things alone: the ranges of indices, which the
loop or the value that an index is given is shown to keep; the sizes of vectors; and what integers in vectors lie
between, to which the code cuts each as it reads it (``emit.py``), whatever was checked before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from feedforward.compiler.loops import INT, Accumulate, Expr, linear_terms, walk
from feedforward.compiler.ragged.loops import Index, Let, Range, Routine, Statement, Sum, Vector, When, Write
from feedforward.errors import GraphError
from feedforward.graph.dimension import Size, is_natural, largest, smallest

__all__ = ["bounds_of", "check_routine"]

_Bounds: TypeAlias = "tuple[Size | None, Size | None]"
"""The smallest and the largest value of an index, None where it is not known."""

_ANY: _Bounds = (None, None)


def check_routine(routine: Routine) -> None:
    """Check that a routine stays within its vectors, and writes to none but those it says.

    Raises
    ------
    GraphError
        If that cannot be shown; with its text.
    """
    fault = _Checker(routine).fault(routine.body)
    if fault:
        raise GraphError(f"a routine may reach outside of a vector: {fault}, in\n{routine}")


class _Checker:
    """Goes through a routine in the order in which it runs."""

    def __init__(self, routine: Routine) -> None:
        self.vectors, self.sizes = {*routine.vectors}, {*routine.sizes}
        self.known: set[Index] = set()  # indices that have a value where we are

    def fault(self, body: Sequence[Statement]) -> str:
        """Return what may reach outside, or nothing."""
        given: list[Index] = []
        fault = ""
        for statement in body:
            fault = self._load_fault(_read_before(statement))
            match statement:
                case Range() | Sum():
                    fault = fault or self._range_fault(statement)
                    self.known.add(statement.index)
                    inner = self._load_fault([statement.term]) if isinstance(statement, Sum) else ""
                    inner = inner or (self.fault(statement.body) if isinstance(statement, Range) else "")
                    self.known.discard(statement.index)
                    fault = fault or inner
                case When():
                    fault = fault or self.fault(statement.body)
                case Let():
                    fault = fault or _value_fault(statement.index.name, statement.value, statement.index.size)
                    self.known.add(statement.index)
                    given.append(statement.index)
                case Write():
                    fault = fault or self._write_fault(statement)
            if fault:
                break
        self.known.difference_update(given)
        return fault

    def _range_fault(self, statement: Range | Sum) -> str:
        low, high = bounds_of(statement.start)[0], bounds_of(statement.stop)[1]
        if low is not None and high is not None and is_natural(low) and is_natural(statement.index.size - high):
            return ""
        ends = f"{_text(low)}..{_text(high)}"
        return f"{statement.index.name} goes over {ends}, and not over 0..{statement.index.size}"

    def _write_fault(self, write: Write) -> str:
        if not write.vector.is_changed:
            return f"{write.vector.name} is written to, and not said to be changed"
        fault = self._index_fault(write.vector, write.index)
        if not fault and write.vector.stop is not None:
            name = f"{write.vector.name}[{write.index}]"
            return f"{name} is added to" if write.is_sum else _value_fault(name, write.value, write.vector.stop)
        return fault

    def _load_fault(self, roots: Sequence[Expr]) -> str:
        for expr in walk(roots):
            if expr.op == "var" and expr.data not in self.known:
                return f"{expr.data.name} has no value here"
            if expr.op == "size" and str(expr.data) not in self.sizes:
                return f"{expr.data} is none of the routine's sizes"
            if expr.op == "load" and (fault := self._index_fault(expr.data, expr.args[0])):
                return fault
        return ""

    def _index_fault(self, vector: Vector, index: Expr) -> str:
        if vector not in self.vectors:
            return f"{vector.name} is none of the routine's vectors"
        return _value_fault(f"the index of {vector.name}[{index}]", index, vector.size)


def _read_before(statement: Statement) -> list[Expr]:
    """Return the expressions that a statement computes, but for those inside of its loop."""
    match statement:
        case Range() | Sum():
            return [statement.start, statement.stop]
        case When():
            return [statement.condition]
        case Let() | Accumulate():
            return [statement.value]
        case Write():
            return [statement.index, statement.value]
    return [statement.index]


def _value_fault(name: str, value: Expr, stop: Size) -> str:
    """Return a fault if a value may lie outside of 0..stop."""
    low, high = bounds_of(value)
    if low is not None and high is not None and is_natural(low) and is_natural(stop - high - 1):
        return ""
    return f"{name} goes from {_text(low)} to {_text(high)}, and not over 0..{stop}"


def _text(end: Size | None) -> str:
    return "?" if end is None else str(end)


def bounds_of(index: Expr) -> _Bounds:
    """Return the smallest and the largest value of an index, by what is known of its parts."""
    low: Size | None = 0
    high: Size | None = 0
    for factor, by in linear_terms(index).items():
        ends = [None if end is None else end * by for end in _factor_bounds(factor)]
        if by < 0:
            ends.reverse()
        low = None if low is None or ends[0] is None else low + ends[0]
        high = None if high is None or ends[1] is None else high + ends[1]
    return low, high


def _factor_bounds(factor: Expr) -> _Bounds:
    match factor.op, factor.data:
        case (("number" | "size"), size):
            return size, size
        case "var", Index(size=size):
            return 0, size - 1
        case "load", Vector(stop=stop) if stop is not None:
            return 0, stop - 1
    if factor.op == "cast" and factor.args[0].dtype.kind == "i" and factor.dtype == INT:  # which holds each of them
        return bounds_of(factor.args[0])
    if factor.op in ("minimum", "maximum"):
        return _of_extreme(factor.op, *map(bounds_of, factor.args))
    if factor.op == "where" and factor.args[0].op == "less":
        return _of_choice(*factor.args)
    if factor.op == "multiply" and factor.args[1].op == "size":  # an index times a size, which is at least 0
        low, high = bounds_of(factor.args[0])
        by = factor.args[1].data
        return None if low is None else low * by, None if high is None else high * by
    return _ANY


def _of_extreme(op: str, x: _Bounds, y: _Bounds) -> _Bounds:
    """Return the bounds of the smaller or the larger of two: one that is known holds on one side, on the other both."""
    pick = smallest if op == "minimum" else largest
    low, high = (
        pick(one, other) if one is not None and other is not None else None for one, other in zip(x, y, strict=True)
    )
    if op == "minimum":
        return low, high if high is not None else x[1] if y[1] is None else y[1]
    return low if low is not None else x[0] if y[0] is None else y[0], high


def _of_choice(mask: Expr, chosen: Expr, other: Expr) -> _Bounds:
    """Return the bounds of ``chosen if mask else other``, where the mask may say what `chosen` is less than."""
    (low, high), (least, most) = bounds_of(chosen), bounds_of(other)
    if mask.args[0] == chosen and (bound := bounds_of(mask.args[1])[1]) is not None:
        high = bound - 1
    return (
        None if low is None or least is None else smallest(low, least),
        None if high is None or most is None else largest(high, most),
    )
