"""Routines -> LLVM: one function, in which numbers are in registers and vectors where they lie.

What a loop in lanes or a sum reads is a vector of lanes if it lies side by side; what is left of a range is one more
group, masked. Elsewhere a turn is a turn: elements that data points to are read one by one, which on today's
processors is no slower than their instruction for it. LLVM is told that no two vectors overlap, which whoever calls has
checked, and finds itself what need not be read again. No fast-math flag is set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from feedforward.compiler.element import element
from feedforward.compiler.flush import emit_flushing
from feedforward.compiler.instructions import INDEX, POINTER, index_of, lane_numbers, load_lanes, prefetch, store_lanes
from feedforward.compiler.instructions import at as address_of
from feedforward.compiler.loops import INT, Accumulate, Expr, stride, walk
from feedforward.compiler.ragged.bounds import check_routine
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
)
from feedforward.compiler.target import Target
from feedforward.compiler.vector import constant, fma, splat, type_of, undefined
from feedforward.errors import GraphError
from feedforward.graph.op import OPS

__all__ = ["ENTRY", "emit_routine"]

ENTRY = "routine"
"""The native function: of a table of addresses, one for each vector; of the sizes; and of a number, which is unused."""

_LANE_BYTES = 64
"""16 float32 or 8 float64, whatever the machine: see ``compiler/emit.py``."""

_COPIES = 4
"""How many sums a sum is cut into: an addition takes four times as long as it keeps the adder busy."""


def emit_routine(routine: Routine, target: Target) -> ir.Module:
    """Return the code of a routine for a processor: a module with one function, `ENTRY`.

    Raises
    ------
    GraphError
        If it may reach outside of its vectors.
    """
    check_routine(routine)
    module = ir.Module(routine.name)
    module.triple = target.triple
    count = len(routine.sizes) + len(routine.bounded)
    kind = ir.FunctionType(ir.VoidType(), [POINTER] * len(routine.vectors) + [INDEX] * count)
    inner = ir.Function(module, kind, f"{routine.name}_body")
    inner.linkage = "internal"
    for argument in inner.args[: len(routine.vectors)]:
        argument.add_attribute("noalias")
    _Emitter(inner, routine).emit()
    outer = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, INDEX]), f"{routine.name}_call")
    builder = ir.IRBuilder(outer.append_basic_block("entry"))
    table, numbers, _ = outer.args
    words = [(table, slot, POINTER) for slot in range(len(routine.vectors))]
    words += [(numbers, slot, INDEX) for slot in range(count)]
    given = [builder.load(address_of(builder, INDEX, start, index_of(slot)), typ=typ) for start, slot, typ in words]
    builder.call(inner, given)
    builder.ret_void()
    emit_flushing(outer, ENTRY)
    return module


class _Emitter:
    """Emits the body of a routine."""

    def __init__(self, function: ir.Function, routine: Routine) -> None:
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.routine = routine
        count = len(routine.vectors)
        self.pointers = dict(zip(routine.vectors, function.args[:count], strict=True))
        numbers = iter(function.args[count:])
        self.sizes = {name: next(numbers) for name in routine.sizes}
        self.lasts = {vector: next(numbers) for vector in routine.bounded}
        self.indices: dict[Index, ir.Value] = {}
        self.accumulators: dict[str, Any] = {}
        self.lane: Index | None = None
        self.lanes = 1
        self.active: ir.Value | int = 1
        self.memo: dict[Expr, ir.Value] = {}

    def emit(self) -> None:
        """Emit all of it."""
        self._block(self.routine.body)
        self.builder.ret_void()

    # Statements.

    def _block(self, body: Sequence[Statement]) -> None:
        for statement in body:
            self.memo = {}  # what stands before may have written what this one reads
            match statement:
                case Range():
                    self._range(statement)
                case When():
                    with self.builder.if_then(self._value(statement.condition)):
                        self._block(statement.body)
                case Let():
                    self.indices[statement.index] = self._value(statement.value)
                case Accumulate():
                    self._accumulate(statement.name, self._value(statement.value))
                case Sum():
                    self._sum(statement)
                case Write():
                    self._write(statement)
                case Ask():
                    start, index = self.pointers[statement.vector], self._value(statement.index)
                    kind = type_of(statement.vector.dtype)
                    prefetch(self.builder, self.builder.gep(start, [index], source_etype=kind))  # may be outside

    def _accumulate(self, name: str, value: ir.Value) -> None:
        if name not in self.accumulators:
            with self.builder.goto_entry_block():
                self.accumulators[name] = self.builder.alloca(value.type)
        self.builder.store(value, self.accumulators[name])

    def _range(self, statement: Range) -> None:
        start, stop = self._value(statement.start), self._value(statement.stop)
        if not statement.is_lanes:
            with _Loop(self.builder, start, stop, 1, statement.index.name) as loop:
                self.indices[statement.index] = loop.index
                self._block(statement.body)
            return
        lanes = _lanes_of(statement.body)

        def group(index: ir.Value, active: ir.Value | int) -> None:
            self._begin_lanes(statement.index, index, lanes, active)
            self._block(statement.body)
            self._end_lanes()

        with _Loop(self.builder, start, stop, lanes, statement.index.name) as loop:
            group(loop.index, lanes)
        rest = self.builder.sub(stop, loop.end)
        with self.builder.if_then(self.builder.icmp_signed(">", rest, index_of(0))):
            group(loop.end, rest)

    def _begin_lanes(self, index: Index, value: ir.Value, lanes: int, active: ir.Value | int) -> None:
        self.indices[index] = value
        self.lane, self.lanes, self.active = index, lanes, active
        self.memo = {}

    def _end_lanes(self) -> None:
        self.lane, self.lanes, self.active = None, 1, 1
        self.memo = {}

    def _sum(self, statement: Sum) -> None:
        """Emit a sum as four, in lanes or in single numbers; the first of them has what is left, of lanes masked."""
        builder, term = self.builder, statement.term
        start, stop = self._value(statement.start), self._value(statement.stop)
        loads = [expr for expr in walk([term]) if expr.op == "load"]
        is_near = all(_stride(expr.args[0], statement.index) in (0, 1) for expr in loads)
        lanes = _LANE_BYTES // term.dtype.itemsize if is_near else 1
        zero = constant(_with_lanes(type_of(term.dtype), lanes), 0)

        def plus(total: ir.Value, place: ir.Value, active: ir.Value | int) -> ir.Value:
            self._begin_lanes(statement.index, place, lanes, active)
            total = self._plus(total, term)
            self._end_lanes()
            return total

        with _Loop(builder, start, stop, lanes * _COPIES, statement.index.name, [zero] * _COPIES) as loop:
            places = [builder.add(loop.index, index_of(copy * lanes)) for copy in range(_COPIES)]
            loop.values = [plus(total, place, lanes) for total, place in zip(loop.values, places, strict=True)]
        totals = loop.values
        with _Loop(builder, loop.end, stop, lanes, f"{statement.index.name}_rest", totals[:1]) as left:
            left.values = [plus(left.values[0], left.index, lanes)]
        totals[0] = left.values[0]
        if is_near:
            rest, before = builder.sub(stop, left.end), builder.block
            with builder.if_then(builder.icmp_signed(">", rest, index_of(0))):
                some = builder.select(self._mask(lanes, rest), plus(totals[0], left.end, rest), totals[0])
                inside = builder.block
            totals[0], joined = builder.phi(zero.type), totals[0]
            totals[0].add_incoming(joined, before)
            totals[0].add_incoming(some, inside)
        while len(totals) > 1:
            half = len(totals) // 2
            totals = [self._apply("add", [totals[i], totals[i + half]], [term.dtype] * 2) for i in range(half)]
        self._accumulate(statement.name, self._folded(totals[0], term.dtype) if is_near else totals[0])

    def _plus(self, total: ir.Value, term: Expr) -> ir.Value:
        """Return a total and a term, which is not rounded before if it is a product."""
        if term.op == "multiply" and term.dtype.kind == "f":
            x, y = (self._spread(self._value(arg), self.lanes) for arg in term.args)
            return fma(self.builder, x, y, total)
        return self._apply("add", [total, self._spread(self._value(term), self.lanes)], [term.dtype] * 2)

    def _folded(self, value: ir.Value, dtype: np.dtype[Any]) -> ir.Value:
        """Return the sum of lanes, in halves: lane i and lane i + half, until one is left."""
        half = value.type.count // 2
        while half:
            low, high = (
                self.builder.shuffle_vector(value, undefined(value.type), lane_numbers([*range(first, first + half)]))
                for first in (0, half)
            )
            value = self._apply("add", [low, high], [dtype, dtype])
            half //= 2
        return self.builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    def _write(self, statement: Write) -> None:
        if self.lane is not None and _stride(statement.index, self.lane) != 1:
            raise GraphError(f"emit: lanes write to {statement.vector.name}[{statement.index}]. Write side by side.")
        value = self._value(statement.value)
        pointer = self._address(statement.vector, statement.index)
        kind, size = type_of(statement.vector.dtype), statement.vector.dtype.itemsize
        if self.lane is None:
            if statement.is_sum:
                value = self._sum_of(self.builder.load(pointer, typ=kind, align=size), statement.value, value)
            self.builder.store(value, pointer, align=size)
            return
        if statement.is_sum:
            old = load_lanes(self.builder, pointer, ir.VectorType(kind, self.lanes), self.active)
            value = self._sum_of(old, statement.value, value)
        store_lanes(self.builder, pointer, self._spread(value, self.lanes), self.active)

    def _sum_of(self, old: ir.Value, expr: Expr, value: ir.Value) -> ir.Value:
        """Return what is added up in memory: a product is not rounded before."""
        if expr.op == "multiply" and expr.dtype.kind == "f":
            x, y = (self._spread(self._value(arg), self.lanes) for arg in expr.args)
            return fma(self.builder, x, y, old)
        return self._apply("add", [old, self._spread(value, self.lanes)], [expr.dtype] * 2)

    # Expressions.

    def _value(self, expr: Expr) -> ir.Value:
        if expr not in self.memo:
            self.memo[expr] = self._compute(expr)
        return self.memo[expr]

    def _compute(self, expr: Expr) -> ir.Value:
        match expr.op:
            case "number":
                return ir.Constant(type_of(expr.dtype), expr.data)
            case "size":
                return self.sizes[str(expr.data)]
            case "var":
                return self.indices[expr.data]
            case "linear":
                total: ir.Value = index_of(0)
                for factor, by in zip(expr.args, expr.data, strict=True):
                    part = self.builder.mul(self._value(factor), index_of(by), flags=["nsw"])
                    total = self.builder.add(total, part, flags=["nsw"])
                return total
            case "accumulator":
                slot = self.accumulators[expr.data]
                return self.builder.load(slot, typ=slot.allocated_type)
            case "load":
                value = self._load(expr.data, expr.args[0])
                is_wide = expr.data in self.lasts and type_of(expr.dtype) != INDEX
                return self.builder.trunc(value, type_of(expr.dtype)) if is_wide else value
            case "cast" if expr.dtype == INT and expr.args[0].op == "load" and expr.args[0].data in self.lasts:
                return self._load(expr.args[0].data, expr.args[0].args[0])
        args = [self._value(arg) for arg in expr.args]
        lanes = max((arg.type.count for arg in args if isinstance(arg.type, ir.VectorType)), default=1)
        args = [self._spread(arg, lanes) for arg in args]
        return self._apply(expr.op, args, [arg.dtype for arg in expr.args], dict(expr.data or ()))

    def _load(self, vector: Vector, index: Expr) -> ir.Value:
        step = 0 if self.lane is None or self.lanes == 1 else _stride(index, self.lane)
        if step not in (0, 1) or (step and vector in self.lasts):
            raise GraphError(f"emit: lanes read {vector.name}[{index}]. Read side by side, or turn by turn.")
        kind, pointer = type_of(vector.dtype), self._address(vector, index)
        if vector in self.lasts:
            return self._bounded(vector, pointer)
        if step == 0:
            return self.builder.load(pointer, typ=kind, align=vector.dtype.itemsize)
        return load_lanes(self.builder, pointer, ir.VectorType(kind, self.lanes), self.active)

    def _bounded(self, vector: Vector, pointer: ir.Value) -> ir.Value:
        """Return an integer that data points with, as an index; one outside of its range becomes the last within.

        Whoever calls has checked them all, but another thread may write to the array since. So each is read once, which
        an atomic load promises and no other does, and cut to its range: two instructions that wait for no memory.
        """
        kind, last = type_of(vector.dtype), self.lasts[vector]
        value = self.builder.load_atomic(pointer, "unordered", vector.dtype.itemsize, typ=kind)
        # Without a sign, so that what is below 0 is large.
        value = value if kind == INDEX else self.builder.zext(value, INDEX)
        return self.builder.select(self.builder.icmp_unsigned("<", value, last), value, last)

    def _address(self, vector: Vector, index: Expr) -> ir.Value:
        return address_of(self.builder, type_of(vector.dtype), self.pointers[vector], self._value(index))

    def _apply(
        self, op: str, args: Sequence[ir.Value], dtypes: Sequence[Any], attrs: dict[str, Any] | None = None
    ) -> Any:
        """Return an operation on numbers or lanes, by the formula in its record."""
        formula = OPS[op].emit
        if formula is None:
            raise GraphError(f"emit: {op} has no formula. Give its record one.")
        elements = [element(self.builder, arg, dtype) for arg, dtype in zip(args, dtypes, strict=True)]
        return formula(*elements, **(attrs or {})).value

    def _spread(self, value: ir.Value, lanes: int) -> ir.Value:
        if lanes == 1 or isinstance(value.type, ir.VectorType):
            return value
        return splat(self.builder, value, ir.VectorType(value.type, lanes))

    def _mask(self, lanes: int, active: ir.Value) -> ir.Value:
        """Return which lanes are active."""
        numbers = ir.VectorType(INDEX, lanes)
        return self.builder.icmp_signed(
            "<", ir.Constant(numbers, list(range(lanes))), splat(self.builder, active, numbers)
        )


class _Loop:
    """A loop while it is emitted: over ``start, start + step, ...`` as long as a whole step fits before `stop`.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where instructions go.
    start, stop : ir.Value
        Where it begins, and where it ends.
    step : int
        By how much the index grows.
    name : str
        What its blocks are called.
    values : sequence of ir.Value
        What the first turn is handed; `values` may be replaced in a turn, for the next.

    Attributes
    ----------
    index : ir.Value
        The index in a turn.
    end : ir.Value
        The first index that had no turn, after the loop.
    """

    def __init__(
        self,
        builder: ir.IRBuilder,
        start: ir.Value,
        stop: ir.Value,
        step: int,
        name: str,
        values: Sequence[ir.Value] = (),
    ) -> None:
        self.builder, self.start, self.stop, self.step = builder, start, stop, step
        self.name, self.first = name, list(values)

    def __enter__(self) -> _Loop:
        builder = self.builder
        before = builder.block
        self.head, body, self.after = (builder.append_basic_block(self.name + part) for part in ("", "_body", "_end"))
        builder.branch(self.head)
        builder.position_at_end(self.head)
        self.index = self.end = builder.phi(INDEX, self.name)
        self.carried = [builder.phi(value.type) for value in self.first]
        self.following = builder.add(self.index, index_of(self.step), flags=["nsw"])
        builder.cbranch(builder.icmp_signed("<=", self.following, self.stop), body, self.after)
        builder.position_at_end(body)
        for phi, value in zip([self.index, *self.carried], [self.start, *self.first], strict=True):
            phi.add_incoming(value, before)
        self.values = list(self.carried)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        for phi, value in zip([self.index, *self.carried], [self.following, *self.values], strict=True):
            phi.add_incoming(value, self.builder.block)
        self.builder.branch(self.head)
        self.builder.position_at_end(self.after)
        self.values = list(self.carried)


def _stride(index: Expr, variable: Index) -> int | None:
    """Return by how much an index grows with a variable; None where it depends on data."""
    return stride(index, variable)  # type: ignore[arg-type]  # which looks at nothing but which variable it is


def _with_lanes(kind: ir.Type, lanes: int) -> ir.Type:
    return kind if lanes == 1 else ir.VectorType(kind, lanes)


def _lanes_of(body: Sequence[Statement]) -> int:
    """Return how many lanes a loop has, by what it writes."""
    sizes = {statement.vector.dtype.itemsize for statement in body if isinstance(statement, Write)}
    if len(sizes) != 1 or len(body) != sum(isinstance(statement, Write) for statement in body):
        raise GraphError("emit: a loop in lanes does more than write to vectors of one size of elements. Take turns.")
    return _LANE_BYTES // sizes.pop()
