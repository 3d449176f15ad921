"""Loop nests -> LLVM: each statement as instructions, the loop marked ``lanes`` many elements at a time.

A loop in lanes has vectors for values, and goes over whole groups of lanes; what is left is one more group, of which
only the first lanes are loaded, stored and added up. What does not change with the lane stays a single number and is
spread where it meets a vector; what does not change with a loop is computed before it. The number of lanes is the same
on every machine (16 float32, 8 float64), so results do not depend on the width of its registers. No fast-math flag is
ever set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np
from llvmlite import ir

from feedforward.compiler import instructions
from feedforward.compiler.element import element
from feedforward.compiler.instructions import (
    lane_numbers,
    load_apart,
    load_lanes,
    minimum,
    plus,
    prefetch,
    store_apart,
    store_lanes,
    times,
)
from feedforward.compiler.loops import (
    MOST_APART,
    Accumulate,
    Buffer,
    Combine,
    Expr,
    For,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    Var,
    View,
    expressions,
    flat,
    load,
    run_of,
    stores,
    stride,
    var,
    variables_of,
    walk,
)
from feedforward.compiler.panels import emit_pack
from feedforward.compiler.tiles import Offset, OfOne, SeenX, emit_task
from feedforward.compiler.vector import bits_of, canonical, constant, fma, splat, type_of, undefined
from feedforward.compiler.work import Work
from feedforward.errors import GraphError
from feedforward.graph.attribute import DTYPES
from feedforward.graph.op import OPS

__all__ = ["POINTER", "TYPES", "STATUS_BYTES", "KernelEmitter"]

I1, I8, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 32, 64))
POINTER = ir.PointerType()

TYPES: dict[str, Any] = {name: type_of(dtype) for name, dtype in DTYPES.items()}
"""The LLVM type of an element while it is computed with."""


STATUS_BYTES = 2 * 8 + 16 * 8
"""A kernel's number, an index, and what the widest access touches."""


class KernelEmitter:
    """Emits kernels into a function.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where instructions go; it stands in the function's body.
    pointers : mapping of Buffer to ir.Value
        Where each buffer lies.
    streams : mapping of Expr to ir.Value
        Which stream each random draw is from.
    status : ir.Value, optional
        For tests: where to write the kernel's number and an index that lies outside its buffer; such an element is then
        not touched, but memory behind the status instead (`STATUS_BYTES` in all). What products touch is not checked.
    number : int
        The kernel's number, from 1.
    """

    def __init__(
        self,
        builder: ir.IRBuilder,
        pointers: Mapping[Buffer, ir.Value],
        streams: Mapping[Expr, ir.Value],
        status: ir.Value | None = None,
        number: int = 0,
    ) -> None:
        self.builder = builder
        self.pointers, self.streams = pointers, streams
        self.status, self.number = status, number
        self.variables: dict[Var, ir.Value] = {}
        self.lane: Var | None = None
        self.lanes = 1
        self.active = 1
        self.scopes: list[dict[str, dict[int, Any]]] = []
        self.memo: list[dict[tuple[Expr, bool], ir.Value]] = [{}]

    def emit(self, kernel: Kernel, work: Work, task: ir.Value) -> None:
        """Emit one of the tasks that a kernel's work is cut into."""
        self.memo = [{}]
        self.kernel_lanes = work.lanes
        self.task = task
        match kernel.body:
            case (Pack() as pack,):
                with self._units(work):
                    self._pack(pack)
            case (Multiply() as product,):
                self._hoist(product, product.variables)
                with self._units(work):
                    self._multiply(product)
            case (For() as loop,):
                self._hoist(loop, variables_of([loop]))
                self._share_of(loop, work)
            case body:
                self._block(body)

    @contextmanager
    def _units(self, work: Work) -> Iterator[None]:
        """Emit around the body of the ``with``, a piece of a product, a loop over those of a task if they are many."""
        if work.share == 1:
            yield
            return
        first: ir.Value = ir.Constant(I64, 0)
        end: ir.Value = ir.Constant(I64, work.units)
        if work.share < work.units:
            first = times(self.builder, self.task, work.share)
            end = minimum(self.builder, plus(self.builder, first, work.share), work.units)
        with instructions.loop(self.builder, first, end, "piece") as turn:
            self.task = turn.index
            self.memo.append({})
            yield
            self.memo.pop()

    def _share_of(self, loop: For, work: Work) -> None:
        """Emit the turns of a kernel's outermost loop that belong to a task."""
        if work.tasks == 1:
            self._for(loop)
            return
        builder = self.builder
        start = builder.mul(self.task, ir.Constant(I64, work.share))
        end = builder.add(start, ir.Constant(I64, work.share))
        size = ir.Constant(I64, loop.var.size)
        stop = builder.select(builder.icmp_signed("<", end, size), end, size)
        if not loop.is_lanes:
            self._counted(loop, start, stop, 1)
            return
        # Only the last task has turns that fill no group of lanes.
        whole = loop.var.size - loop.var.size % self.kernel_lanes
        end = ir.Constant(I64, whole)
        with builder.if_then(builder.icmp_signed("<", start, end)):
            self._in_lanes(loop, start, builder.select(builder.icmp_signed("<", stop, end), stop, end))
        if whole < loop.var.size:
            with builder.if_then(builder.icmp_signed("==", stop, size)):
                self._rest_in_lanes(loop, whole)

    # Statements.

    def _block(self, body: Sequence[Statement]) -> None:
        combined = {statement.name for statement in body if isinstance(statement, Combine)}
        self.scopes.append({})
        plain = [one for one in body if isinstance(one, Store) and not one.is_sum]
        if len(plain) == len(body):
            # All that a turn reads is read before it writes: a new value may lie where the old one did.
            for store in plain:
                self.value(store.value)
        for statement in body:
            match statement:
                case For():
                    self._for(statement)
                    if any(self.scopes):
                        self.memo[-1].clear()
                case Accumulate():
                    self._accumulate(statement, statement.name in combined)
                case Combine():
                    self._combine(statement)
                case Store():
                    self._store(statement)
        self.scopes.pop()

    def _for(self, loop: For) -> None:
        self._hoist(loop, variables_of([loop]))
        zero, size = ir.Constant(I64, 0), ir.Constant(I64, loop.var.size)
        if loop.is_lanes:
            whole = loop.var.size - loop.var.size % self.kernel_lanes
            if whole:
                self._in_lanes(loop, zero, ir.Constant(I64, whole))
            if whole < loop.var.size:
                self._rest_in_lanes(loop, whole)
        elif loop.var.size:
            self._counted(loop, zero, size, 1)

    def _in_lanes(self, loop: For, start: ir.Value, stop: ir.Value) -> None:
        """Emit the turns of a loop that fill whole groups of lanes."""
        self.lane, self.lanes, self.active = loop.var, self.kernel_lanes, self.kernel_lanes
        self._counted(loop, start, stop, self.kernel_lanes)
        self.lane, self.lanes, self.active = None, 1, 1

    def _rest_in_lanes(self, loop: For, start: int) -> None:
        """Emit the turns of a loop from `start` on, fewer than a group of lanes, as one."""
        self.lane, self.lanes, self.active = loop.var, self.kernel_lanes, loop.var.size - start
        self.variables[loop.var] = ir.Constant(I64, start)
        self.memo.append({})
        self._block(loop.body)
        self.memo.pop()
        del self.variables[loop.var]
        self.lane, self.lanes, self.active = None, 1, 1

    def _counted(self, loop: For, start: ir.Value, stop: ir.Value, step: int) -> None:
        """Emit a loop from `start` to before `stop`, of at least one turn."""
        builder = self.builder
        before = builder.block
        block = builder.append_basic_block(loop.var.name)
        after = builder.append_basic_block(f"{loop.var.name}_end")
        builder.branch(block)
        builder.position_at_end(block)
        counter = builder.phi(I64)
        counter.add_incoming(start, before)
        self.variables[loop.var] = counter
        self.memo.append({})
        self._block(loop.body)
        self.memo.pop()
        following = builder.add(counter, ir.Constant(I64, step), flags=["nsw", "nuw"])
        counter.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, stop), block, after)
        builder.position_at_end(after)
        del self.variables[loop.var]

    def _hoist(self, loop: For | Multiply, variables: Sequence[Var]) -> None:
        """Compute before a loop over `variables` what does not change in it, but for sums of indices.

        Code made quickly has none of LLVM's passes that would see to that, and computes it again in each turn.
        """
        inner = set(variables)
        written = {store.buffer for store in stores([loop])}
        found: dict[Expr, bool] = {}

        def is_same(expr: Expr) -> bool:
            """Tell whether an expression has one value in all turns; if not, compute those parts of it that have."""
            if expr not in found:
                changes = expr.op == "accumulator" or (expr.op == "var" and expr.data in inner)
                changes = changes or (expr.op == "load" and expr.data in written)
                same = [arg for arg in expr.args if is_same(arg)]
                found[expr] = not changes and len(same) == len(expr.args)
                for arg in same if not found[expr] else ():
                    if arg.op not in ("number", "var", "linear"):
                        self.value(arg)
            return found[expr]

        for root in expressions([loop]):
            if is_same(root) and root.op not in ("number", "var", "linear"):
                self.value(root)

    def _accumulate(self, statement: Accumulate, is_combined: bool) -> None:
        """Give an accumulator a value; the first time, make room for it.

        One that a later loop in lanes changes has a vector for that loop, and a number for what comes of it.
        """
        value = self.value(statement.value)
        slots = self._slots(statement.name)
        if slots is None:
            slots = self.scopes[-1].setdefault(statement.name, {})
            kind = TYPES[statement.value.dtype.name]
            for lanes in {self.lanes} | ({self.kernel_lanes} if is_combined else set()):
                slots[lanes] = self._allocate(_vector(kind, lanes))
                self.builder.store(self._spread(value, lanes), slots[lanes])
        else:
            lanes = self.lanes if self.lanes in slots else 1
            value = self._spread(value, lanes)
            if self.active < lanes and 1 in slots:
                value = self.builder.select(self._mask(), value, self._read(slots[lanes]))
            self.builder.store(value, slots[lanes])
        self.memo[-1].clear()

    def _slots(self, name: str) -> dict[int, Any] | None:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def _combine(self, statement: Combine) -> None:
        """Fold the lanes of an accumulator in halves: lane i with lane i + half, until one is left."""
        slots = self._slots(statement.name) or {}
        value = self._read(slots[self.kernel_lanes])
        dtype = _dtype_of(slots[1].allocated_type)
        half = self.kernel_lanes // 2
        while half:
            low, high = (
                self.builder.shuffle_vector(value, undefined(value.type), lane_numbers([*range(start, start + half)]))
                for start in (0, half)
            )
            value = self._apply(statement.operation, [low, high], [dtype, dtype])
            half //= 2
        self.builder.store(self.builder.extract_element(value, ir.Constant(I32, 0)), slots[1])
        self.memo[-1].clear()

    def _read(self, slot: ir.Value) -> ir.Value:
        return self.builder.load(slot, typ=slot.allocated_type)

    def _store(self, statement: Store) -> None:
        value = self.value(statement.value)
        buffer = statement.buffer
        memory = _memory_type(buffer)
        step = 1 if self.lane is None else stride(statement.index, self.lane)
        if step == 1:
            pointer = self._address(buffer, self.base(statement.index), self.active)
            value = self._spread(value, self.lanes)
            if statement.is_sum:
                old = self._read_lanes(pointer, memory, self.lanes)
                value = self._apply("add", [old, value], [buffer.dtype, buffer.dtype])
            if buffer.dtype == np.bool_:
                value = self.builder.zext(value, _vector(memory, self.lanes))
            if self.lanes == 1:
                self.builder.store(value, pointer, align=buffer.dtype.itemsize)
            else:
                store_lanes(self.builder, pointer, value, self.active)
            return
        if not statement.is_sum and step is not None and 1 < step <= MOST_APART and buffer.dtype != np.bool_:
            pointer = self._address(buffer, self.base(statement.index), step * (self.active - 1) + 1)
            store_apart(self.builder, pointer, self._spread(value, self.lanes), self.active, step)
            return
        index = self._spread(self.value(statement.index), self.lanes)
        value = self._spread(value, self.lanes)
        for lane in range(self.active):
            one_index = self.builder.extract_element(index, ir.Constant(I32, lane))
            one = self.builder.extract_element(value, ir.Constant(I32, lane))
            one = self.builder.zext(one, I8) if buffer.dtype == np.bool_ else one
            self.builder.store(one, self._address(buffer, one_index, 1), align=buffer.dtype.itemsize)

    def _read_lanes(self, pointer: ir.Value, kind: ir.Type, lanes: int) -> ir.Value:
        """Return one number, or the active ones of a group of lanes."""
        if lanes == 1:
            return self.builder.load(pointer, typ=kind, align=bits_of(kind) // 8)
        return load_lanes(self.builder, pointer, ir.VectorType(kind, lanes), self.active)

    def _mask(self) -> ir.Value:
        """Return which lanes are active."""
        return ir.Constant(ir.VectorType(I1, self.lanes), [int(lane < self.active) for lane in range(self.lanes)])

    def _matrix(self, batch: int, count: int) -> tuple[ir.Value, ir.Value]:
        """Return which matrix of a batch a task is of, and which of its `count` pieces."""
        if batch == 1:
            return ir.Constant(I64, 0), self.task
        return self.builder.udiv(self.task, ir.Constant(I64, count)), self.builder.urem(
            self.task, ir.Constant(I64, count)
        )

    def _pack(self, pack: Pack) -> None:
        """Emit one piece of a copy into panels."""
        panels = pack.panels
        matrix, piece = self._matrix(pack.batch, panels.tasks)
        sizes = panels.inner * panels.columns, panels.size
        source, out = (self._start(*one, matrix) for one in zip((pack.source, pack.out), sizes, strict=True))
        emit_pack(self.builder, panels, source, out, piece)

    def _start(self, buffer: Buffer, size: int, matrix: ir.Value) -> ir.Value:
        """Return where a matrix of a batch begins, each of so many elements."""
        first = isinstance(matrix, ir.Constant)
        return self._address(buffer, matrix if first else times(self.builder, matrix, size))

    def _multiply(self, product: Multiply) -> None:
        """Emit one block of a product."""
        plan, builder = product.plan, self.builder
        matrix, piece = self._matrix(product.batch, plan.tasks)
        sizes = plan.rows * plan.columns, plan.rows * plan.inner, plan.inner * plan.columns
        out, x, y = (self._start(*one, matrix) for one in zip((product.out, product.x, product.y), sizes, strict=True))
        kind = TYPES[plan.dtype.name]

        def finish(_: ir.IRBuilder, row: ir.Value, column: ir.Value, value: ir.Value, count: int) -> None:
            if not product.epilogue:
                offset = builder.add(builder.mul(row, ir.Constant(I64, plan.columns)), column)
                store_lanes(builder, builder.gep(out, [offset], source_etype=kind), value, count)
                return
            self._epilogue(product, matrix, row, column, value, count)

        def prepare(_: ir.IRBuilder, row: ir.Value, column: ir.Value) -> None:
            offset = builder.add(builder.mul(row, ir.Constant(I64, plan.columns)), column)
            for buffer, start in beside:
                prefetch(builder, builder.gep(start, [offset], inbounds=True, source_etype=_memory_type(buffer)))

        index = flat([var(one) for one in product.variables], [one.size for one in product.variables])
        loads = [expr for expr in walk([s.value for s in product.epilogue]) if expr.op == "load"]
        read = dict.fromkeys(
            expr.data
            for expr in loads
            if expr.args[0] == index
            and expr.data is not product.out
            and expr.data.size * expr.data.dtype.itemsize > _CACHED
        )
        beside = [(buffer, self._start(buffer, sizes[0], matrix)) for buffer in read]
        if product.left and plan.left:
            x = self._start(product.left, plan.left.size, matrix)
        if product.right and plan.right:
            y = self._start(product.right, plan.right.size, matrix)
        partial = self._start(product.partial, plan.partial, matrix) if product.partial else None
        is_flat = len(product.variables) == 1
        view = self._view(product.view) if product.view else None
        emit_task(builder, plan, x, y, partial, piece, finish, prepare if beside else None, is_flat, view)

    def _view(self, view: View) -> SeenX:
        """Return how the left side of a product is seen."""
        (row, of_row), (column, of_column) = view.rows, view.inner
        inside = view.inside and tuple(self._of_one(row, index) for index in view.inside)
        return SeenX(self._offset(row, of_row), self._offset(column, of_column), inside)

    def _offset(self, variable: Var, index: Expr) -> Offset:
        """Return an index that goes by one variable, and how it grows."""
        return Offset(self._of_one(variable, index), *run_of(index, variable))

    def _of_one(self, variable: Var, index: Expr) -> OfOne:
        """Return what emits an index that goes by one variable."""

        def emit(_: ir.IRBuilder, value: ir.Value) -> ir.Value:
            self.variables[variable] = value
            self.memo.append({})
            result = self.value(index)
            self.memo.pop()
            del self.variables[variable]
            return result

        return emit

    def _epilogue(
        self, product: Multiply, matrix: ir.Value, row: ir.Value, column: ir.Value, value: ir.Value, count: int
    ) -> None:
        """Emit what follows for `count` elements of the product: of a row, from `column` on; or of all in order."""
        builder, (*outer, last) = self.builder, product.variables
        if product.batch > 1 and not outer:
            size = product.plan.rows * product.plan.columns
            column = builder.add(times(builder, matrix, size), column)
        self.variables = {last: column}
        if outer:
            self.variables[outer.pop()] = row
        for one in reversed(outer):
            self.variables[one] = builder.urem(matrix, ir.Constant(I64, one.size))
            matrix = builder.udiv(matrix, ir.Constant(I64, one.size))
        self.lane, self.lanes, self.active = product.variables[-1], value.type.count, count
        index = flat([var(one) for one in product.variables], [one.size for one in product.variables])
        self.memo.append({(load(product.out, index), False): value})
        self._block(product.epilogue)
        self.memo.pop()
        self.variables, self.lane, self.lanes, self.active = {}, None, 1, 1

    # Expressions.

    def value(self, expr: Expr) -> ir.Value:
        """Return the value of an expression: a vector if it changes with the lane, else a single number."""
        return self._remembered(expr, False)

    def base(self, index: Expr) -> ir.Value:
        """Return the value of an index in the first lane."""
        return self._remembered(index, True)

    def _remembered(self, expr: Expr, is_base: bool) -> ir.Value:
        for level in reversed(self.memo):
            value = level.get((expr, is_base))
            if value is None and is_base:  # a single number is that of the first lane, too
                value = level.get((expr, False))
                value = None if value is None or isinstance(value.type, ir.VectorType) else value
            if value is not None:
                return value
        value = self.memo[-1][expr, is_base] = self._compute(expr, is_base)
        return value

    def _compute(self, expr: Expr, is_base: bool) -> ir.Value:
        kind = TYPES[expr.dtype.name]
        match expr.op:
            case "number":
                return ir.Constant(kind, _literal(expr.data, expr.dtype))
            case "var":
                counter = self.variables[expr.data]
                if expr.data != self.lane or is_base:
                    return counter
                steps = ir.Constant(ir.VectorType(I64, self.lanes), list(range(self.lanes)))
                return self.builder.add(self._spread(counter, self.lanes), steps)
            case "linear":
                total: ir.Value | None = None
                for factor, by in zip(expr.args, expr.data, strict=True):
                    part = self._remembered(factor, is_base)
                    part = part if by == 1 else self._both("mul", part, ir.Constant(I64, by))
                    total = part if total is None else self._both("add", total, part)
                return total
            case "accumulator":
                slots = self._slots(expr.data) or {}
                return self._read(slots[self.lanes if self.lanes in slots else 1])
            case "load":
                value = self._load(expr, is_base)
                is_open = expr.data.is_fed and expr.dtype.kind == "f"
                return canonical(self.builder, value) if is_open else value
        args = [self._remembered(arg, is_base) for arg in expr.args]
        if expr.op in ("quotient", "rest"):
            return (self.builder.udiv if expr.op == "quotient" else self.builder.urem)(*self._same_lanes(args))
        attrs = dict(expr.data or ())
        if expr in self.streams:  # a draw, whose key stays a single number where it is one
            attrs["stream"] = self.streams[expr]
            args[-1] = self._same_lanes(args)[-1]
        else:
            args = self._same_lanes(args)
        return self._apply(expr.op, args, [arg.dtype for arg in expr.args], attrs)

    def _load(self, expr: Expr, is_base: bool) -> ir.Value:
        buffer, index = expr.data, expr.args[0]
        memory = _memory_type(buffer)
        step = 0 if self.lane is None or is_base else stride(index, self.lane)
        if step in (0, 1):
            lanes = self.lanes if step == 1 else 1
            pointer = self._address(buffer, self.base(index), self.active if step == 1 else 1)
            value = self._read_lanes(pointer, memory, lanes)
            return self.builder.trunc(value, _vector(I1, lanes)) if buffer.dtype == np.bool_ else value
        if step is not None and 1 < step <= MOST_APART and buffer.dtype != np.bool_:
            pointer = self._address(buffer, self.base(index), step * (self.active - 1) + 1)
            return load_apart(self.builder, pointer, ir.VectorType(memory, self.lanes), self.active, step)
        indices = self.value(index)
        # Zeros behind them, as in `load_lanes`: what is undefined may be a divisor that stops the machine.
        result: Any = constant(ir.VectorType(memory, self.lanes), 0)
        for lane in range(self.active):
            one_index = self.builder.extract_element(indices, ir.Constant(I32, lane))
            one = self.builder.load(self._address(buffer, one_index, 1), typ=memory, align=buffer.dtype.itemsize)
            result = self.builder.insert_element(result, one, ir.Constant(I32, lane))
        return self.builder.trunc(result, _vector(I1, self.lanes)) if buffer.dtype == np.bool_ else result

    def _apply(
        self,
        op: str,
        args: list[ir.Value],
        dtypes: list[np.dtype[Any]],
        attrs: Mapping[str, Any] = MappingProxyType({}),
    ) -> ir.Value:
        """Return an operation on numbers, or on vectors of as many lanes, by the formula in its record."""
        if op == "multiply_add":
            return fma(self.builder, *args)
        formula = OPS[op].emit
        if formula is None:
            raise GraphError(f"emit: {op} has no formula. Give its record one.")
        elements = [element(self.builder, arg, dtype) for arg, dtype in zip(args, dtypes, strict=True)]
        return formula(*elements, **attrs).value

    # Small pieces.

    def _both(self, name: str, a: ir.Value, b: ir.Value) -> ir.Value:
        return getattr(self.builder, name)(*self._same_lanes([a, b]))

    def _same_lanes(self, values: list[ir.Value]) -> list[ir.Value]:
        """Return values with single numbers spread, if any is a vector."""
        lanes = max((value.type.count for value in values if isinstance(value.type, ir.VectorType)), default=1)
        return [self._spread(value, lanes) for value in values]

    def _spread(self, value: ir.Value, lanes: int) -> ir.Value:
        if lanes == 1 or isinstance(value.type, ir.VectorType):
            return value
        kind = ir.VectorType(value.type, lanes)
        if isinstance(value, ir.Constant):
            return constant(kind, value.constant)
        return splat(self.builder, value, kind)

    def _address(self, buffer: Buffer, index: ir.Value, count: int = 0) -> ir.Value:
        """Return where an element of a buffer lies; `count` are touched from there on."""
        address = self.builder.gep(self.pointers[buffer], [index], inbounds=True, source_etype=_memory_type(buffer))
        return address if self.status is None or not count else self._checked(buffer, index, count, address)

    def _checked(self, buffer: Buffer, index: ir.Value, count: int, address: ir.Value) -> ir.Value:
        builder = self.builder
        is_inside = builder.icmp_unsigned("<", index, ir.Constant(I64, max(buffer.size - count + 1, 0)))
        # By getelementptr alone, as every address: LLVM 22 miscompiles sums that go through integers (numba #10695).
        words = [builder.gep(self.status, [ir.Constant(I64, 0), ir.Constant(I64, word)]) for word in range(3)]
        for word, value in zip(words, (ir.Constant(I64, self.number), index), strict=False):
            builder.store(builder.select(is_inside, builder.load(word, typ=I64), value), word)
        return builder.select(is_inside, address, words[2])

    def _allocate(self, kind: ir.Type) -> ir.Value:
        """Return memory for one value, set aside once at the function's start."""
        with self.builder.goto_entry_block():
            return self.builder.alloca(kind)


_CACHED = 1 << 17
"""Bytes of an array so small that it stays in the nearest cache, and need not be asked for."""


def _vector(kind: ir.Type, lanes: int) -> ir.Type:
    return kind if lanes == 1 else ir.VectorType(kind, lanes)


def _memory_type(buffer: Buffer) -> ir.Type:
    return I8 if buffer.dtype == np.bool_ else TYPES[buffer.dtype.name]


def _literal(value: Any, dtype: np.dtype[Any]) -> Any:
    return float(value) if dtype.kind == "f" else int(value)


def _dtype_of(kind: ir.Type) -> np.dtype[Any]:
    return np.dtype(
        {ir.FloatType(): "float32", ir.DoubleType(): "float64", I32: "int32", I64: "int64", I8: "uint8"}[kind]
    )
