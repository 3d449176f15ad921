"""Graph -> kernels: what each node computes, as loops; which nodes share a kernel, `fuse.py` says.

An element of a node is an expression of the elements of its inputs: a movement only changes the index with which its
input is read. So it goes on down to the nodes that have a buffer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from feedforward.compiler.fuse import LEAVES, Kernels, has_own_kernel, stored
from feedforward.compiler.loops import (
    BOOL,
    INT,
    LEAST_LANES,
    MOST_APART,
    Accumulate,
    Buffer,
    Combine,
    Expr,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    Var,
    View,
    apply,
    as_expr,
    flat,
    load,
    number,
    run_of,
    stride,
    var,
    walk,
)
from feedforward.compiler.matmul import CHAIN, Matmul, Panels
from feedforward.compiler.nests import long_sum, loops_over, merge, nest
from feedforward.compiler.parts import is_in_parts
from feedforward.compiler.target import Target
from feedforward.compiler.views import seen_operands
from feedforward.errors import GraphError
from feedforward.graph.node import Array, Node, Shape, known
from feedforward.graph.op import Reduction
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed
from feedforward.ops.axes import is_inside

__all__ = ["Lowered", "lower"]


@dataclass
class Lowered:
    """A program as kernels.

    Parameters
    ----------
    kernels : list of Kernel
        In the order in which they run.
    buffers : dict of Node to Buffer
        Where each input, variable, output and intermediate value lives.
    constants : dict of Buffer to array
        What the buffers that are never written hold.
    """

    kernels: list[Kernel] = field(default_factory=list)
    buffers: dict[Node, Buffer] = field(default_factory=dict)
    constants: dict[Buffer, Array] = field(default_factory=dict)


def lower(program: Program, target: Target) -> Lowered:
    """Return the kernels of a specialised program, for a processor.

    Raises
    ------
    GraphError
        If an operation has no native form: a program is to be cut around it before.
    """
    return _Lowering(program, target).run()


@dataclass(slots=True)
class _Operand:
    """An input of a node as the rules in its record see it: a shape, a dtype, and an element at each index."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    value: Callable[[tuple[Expr, ...]], Expr]

    def __getitem__(self, index: Sequence[Expr | int]) -> Expr:
        return self.value(tuple([at if isinstance(at, Expr) else number(at) for at in index]))


class _Lowering:
    """The state of lowering one program."""

    def __init__(self, program: Program, target: Target) -> None:
        self.program = program
        self.target = target
        self.result = Lowered()
        self.kernels = Kernels()
        self.memo: dict[tuple[Node, tuple[Expr, ...]], Expr] = {}
        self.flats: dict[tuple[tuple[Expr, ...], Shape], Expr] = {}
        self.plans: dict[Matmul, Matmul] = {}  # equal products have one, which works out its tile once
        self.numbers: set[Buffer] = set()
        self.views = seen_operands(program)
        self.labels = {value: f"{variable.attrs['name']}.next" for variable, value in reversed(program.updates)}

    def run(self) -> Lowered:
        program = self.program
        for node in (*program.inputs, *program.variables):
            self._buffer(node, node.attrs["name"])
        numbers = program.variables[len(program.variables) - program.numbers :]
        self.numbers = {self._buffer(node) for node in numbers if not node.shape}
        for node in program.nodes:
            if not node.op.is_native:
                raise _no_form(node)
        for node in stored(program, self.views):
            if node.op.kind == "contraction":
                self._lower_matmul(node)
            elif has_own_kernel(node.op):
                self._lower_reduction(node)
            elif is_in_parts(node):
                self._lower_parts(node)
            elif node not in self.result.buffers or node.op.name not in LEAVES:
                self._lower_map(node)
        ends = [*program.outputs, *(value for _, value in program.updates)]
        self.result.kernels = self.kernels.finished({self.result.buffers[node] for node in ends})
        return self.result

    def _buffer(self, node: Node, name: str | None = None) -> Buffer:
        """Return the buffer of a node, made when it is first asked for."""
        if node not in self.result.buffers:
            label = name or self.labels.get(node) or (f"{node.scope}/{node.op.name}" if node.scope else node.op.name)
            size = math.prod(known(node.shape))
            is_fed = node.op.name in ("placeholder", "variable")
            self.result.buffers[node] = Buffer(f"{label}.{len(self.result.buffers)}", size, node.dtype, is_fed)
        return self.result.buffers[node]

    # A value at an index.

    def value(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node at `index`, one expression for each axis."""
        key = (node, index)
        if key not in self.memo:
            buffer = self.result.buffers.get(node)
            self.memo[key] = (
                self._compute(node, index) if buffer is None else load(buffer, self.flat(index, node.shape))
            )
        return self.memo[key]

    def flat(self, index: tuple[Expr, ...], shape: Shape) -> Expr:
        """Return the flat index of an element, worked out once for all that lie alike."""
        if any(one.depth > 1 for one in index):  # to find a deep index among others, all below it would be compared
            return flat(index, shape)
        key = index, shape
        if key not in self.flats:
            self.flats[key] = flat(index, shape)
        return self.flats[key]

    def _compute(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node that has no buffer, from the elements of its inputs."""
        op, sources = node.op, node.inputs
        if op.name == "constant":
            return self._constant(node, index)
        if op.read is not None:
            return self._read(node, index)
        if op.kind == "random":
            keys = sources[0].ndim  # the draw is the part of an element's index behind them
            seed, step = (self.value(source, index[:keys]).as_index() for source in sources)
            args = [seed, step, self.flat(index[keys:], node.shape[keys:])]
        else:
            args = [self.value(source, index) for source in sources]
        return apply(op.name, *args, dtype=node.dtype, data=tuple(node.attrs.items()) or None)

    def _read(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node that its record's rule of indices says."""
        if node.op.read is None:
            raise _no_form(node)
        return as_expr(node.op.read(index, *self._operands(node), **node.attrs), node.dtype)

    def _operands(self, node: Node) -> list[_Operand]:
        return [_Operand(known(source.shape), source.dtype, partial(self.value, source)) for source in node.inputs]

    def _constant(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        value = flushed(node.attrs["value"].value)
        first = value.reshape(-1)[:1]
        if value.size and value.tobytes() == first.tobytes() * value.size:
            return number(value.flat[0], node.dtype)
        buffer = self._buffer(node, "constant")
        self.result.constants[buffer] = np.ascontiguousarray(value)
        return load(buffer, self.flat(index, node.shape))

    # Kernels.

    def _lower_map(self, node: Node) -> None:
        """Compute every element of a node."""
        variables = loops_over(known(node.shape))
        index = tuple(var(one) for one in variables)
        value = self._compute(node, index) if node not in self.result.buffers else self.value(node, index)
        store = Store(self._buffer(node), self.flat(index, node.shape), value)
        self.kernels.add_map(node.scope or node.op.name, variables, store)

    def _lower_parts(self, node: Node) -> None:
        """Write the parts of a concatenation, each beside what computes it where that has the same loops."""
        axis, start = node.attrs["axis"], 0
        for part in node.inputs:
            variables = loops_over(known(part.shape))
            index = tuple(var(one) for one in variables)
            moved = (*index[:axis], index[axis] + start, *index[axis + 1 :])
            start += known(part.shape)[axis]
            if math.prod(known(part.shape)):
                store = Store(self._buffer(node), self.flat(moved, node.shape), self.value(part, index))
                self.kernels.add_map(node.scope or node.op.name, variables, store)

    def _lower_matmul(self, node: Node) -> None:
        x, y = node.inputs
        rows, columns = known(node.shape)[-2:]
        inner = known(x.shape)[-2 if node.attrs["transpose_x"] else -1]
        swaps = node.attrs["transpose_x"], node.attrs["transpose_y"]
        machine = self.target.registers, self.target.register_bytes, self.target.cache_bytes
        out, left, right = self._buffer(node), self._side(x), self._side(y)
        view = self._view(x, node.attrs["transpose_x"])
        viewed = (left.size * node.dtype.itemsize, run_of(*view.rows[::-1])[0]) if view else ()
        plan = Matmul(rows, inner, columns, *swaps, node.dtype, *machine, *viewed)
        plan = self.plans.setdefault(plan, plan)
        if view and view.inside and not (plan.has_even_rows and _is_same_in_runs(view, plan)):
            view = replace(view, inside=None)
        if out.size and not inner:
            whole = Var("i", out.size)
            zeros = (Store(out, var(whole), number(0, node.dtype)),)
            self.kernels.add(_name(node), out, nest([whole], zeros, whole))
            return
        if not out.size:
            return
        batch = math.prod(known(node.shape)[:-2])
        copies = self._pack(node, left, plan.left, "rows"), self._pack(node, right, plan.right, "panels")
        partial = Buffer(f"{out.name}.partial", batch * plan.partial, node.dtype) if plan.partial else None
        variables = loops_over(known(node.shape))
        element = load(out, flat(tuple(map(var, variables)), node.shape))
        product = Multiply(out, left, right, *copies, partial, plan, batch, view)
        self.kernels.add_product(_name(node), product, variables, element)

    def _side(self, side: Node) -> Buffer:
        """Return the buffer in which the elements of a side of a product lie."""
        return self.result.buffers[self.views[side].source if side in self.views else side]

    def _view(self, x: Node, is_swapped: bool) -> View | None:
        """Return where the left side of a product has its elements; None where it lies as a matrix."""
        seen = self.views.get(x)
        if seen is None or seen.is_matrix:
            return None
        parts = (seen.row, seen.of_row), (seen.column, seen.of_column)
        return View(*parts[::-1]) if is_swapped else View(*parts, seen.inside)

    def _pack(self, node: Node, source: Buffer, panels: Panels | None, what: str) -> Buffer | None:
        """Copy a side of a product into panels, if it is to be; return where they are."""
        if panels is None:
            return None
        batch = math.prod(known(node.shape)[:-2])
        copy = Buffer(f"{self._buffer(node).name}.{what}", batch * panels.size, node.dtype)
        self.kernels.add(_name(node, what), copy, (Pack(copy, source, panels, batch),))
        return copy

    def _lower_reduction(self, node: Node) -> None:
        """Lower what combines many elements into one: sums, maxima, scatters."""
        reduction = node.op.reduce
        if reduction is None:
            self.kernels.add(_name(node), self._buffer(node), self._scatter(node))
        elif reduction.is_position:
            self.kernels.add(_name(node), self._buffer(node), self._position(node, reduction))
        else:
            self._reduce(node, reduction)

    def _reduce(self, node: Node, reduction: Reduction) -> None:
        if reduction.over is None:
            axes, every = node.attrs["axes"], loops_over(known(node.inputs[0].shape))
            kept = [one for axis, one in enumerate(every) if axis not in axes]
            reduced = [every[axis] for axis in axes]
            value = self.value(node.inputs[0], tuple(var(one) for one in every))
        else:
            kept = list(loops_over(known(node.shape)))
            sizes = reduction.over(*self._operands(node), **node.attrs)
            reduced = [Var(f"o{axis}", size) for axis, size in enumerate(sizes)]
            value = self._read(node, tuple(var(one) for one in [*kept, *reduced]))
        self._reduction(node, kept, reduced, value, reduction)

    def _reduction(self, node: Node, kept: list[Var], reduced: list[Var], value: Expr, reduction: Reduction) -> None:
        """Combine `value` by an operation in loops over `kept` around loops over `reduced`."""
        out = self._buffer(node)
        keeps_rows = reduction.over is not None or 0 not in node.attrs["axes"]
        operation, start = reduction.operation, _start(reduction, node.dtype)
        index = flat(tuple(var(one) for one in kept), tuple(one.size for one in kept))
        values, kept = merge([index, value], kept)
        values, reduced = merge(values, reduced)
        index, value = values
        is_fused = operation == "multiply_add"  # each total a chain in order, as in a product
        candidates = kept if is_fused else [*kept, *reduced]
        has_lanes = [one for one in candidates if self._runs_in_lanes(one, value)]
        lane = has_lanes[-1] if has_lanes else None
        if keeps_rows and lane in reduced and lane.size <= MOST_APART:
            # So few terms of a row are added up in order, whether rows can be in lanes or not: its bits go by neither.
            lane = next((one for one in reversed(kept) if self._runs_in_lanes(one, value, MOST_APART)), None)
        loops = reduced if lane in reduced else kept
        loops.sort(key=lambda one: one == lane)  # the loop in lanes is the innermost
        if operation == "add" and node.dtype == np.float32 and math.prod(one.size for one in reduced) > CHAIN:
            body = long_sum(reduced, lane, value, Store(out, index, value))
            self.kernels.add(_name(node), out, nest(kept, body, lane))
            return
        is_wide = any(part.dtype == np.float64 for part in walk([value]))  # then there are fewer lanes
        common = tuple(kept), tuple(reduced), lane, is_wide

        def body_of(total: str) -> tuple[Statement, ...]:
            accumulator = apply("accumulator", dtype=node.dtype, data=total)
            terms = (*value.args, accumulator) if is_fused else (accumulator, value)
            turn = Accumulate(total, apply(operation, *terms, dtype=node.dtype))
            combined = (Combine(total, operation),) if lane in reduced else ()
            inner = (*nest(reduced, (turn,), lane), *combined)
            return nest(kept, (Accumulate(total, start), *inner, Store(out, index, accumulator)), lane)

        self.kernels.add_reduction(_name(node), out, common, value, body_of)

    def _runs_in_lanes(self, variable: Var, value: Expr, apart: int = 1) -> bool:
        """Return whether a loop is long enough, and reads its arrays in order, elements at most so far apart."""
        if variable.size < LEAST_LANES:
            return False
        # A number that was written in the program is none of its arrays, so that one which is fed changes no bit.
        loads = [expr for expr in walk([value]) if expr.op == "load" and expr.data not in self.numbers]
        steps = [stride(expr.args[0], variable) for expr in loads]
        return all(step is not None and 0 <= step <= apart for step in steps) and (any(steps) or not steps)

    def _position(self, node: Node, reduction: Reduction) -> tuple[Statement, ...]:
        """Return loops that find the position of the first maximum or minimum along an axis; NaN wins."""
        source, axis = node.inputs[0], node.attrs["axis"]
        every = loops_over(known(source.shape))
        kept = [one for other, one in enumerate(every) if other != axis]
        value = self.value(source, tuple(var(one) for one in every))
        out = self._buffer(node)
        best = apply("accumulator", dtype=source.dtype, data="best")
        position = apply("accumulator", dtype=INT, data="position")
        pair = (best, value) if reduction.operation == "maximum" else (value, best)
        is_better = apply("less", *pair, dtype=BOOL)
        if source.dtype.kind == "f":
            is_nan = apply("logical_not", apply("equal", value, value, dtype=BOOL), dtype=BOOL)
            is_number = apply("equal", best, best, dtype=BOOL)
            is_better = apply("logical_or", is_better, is_nan & is_number, dtype=BOOL)
        at = var(every[axis])
        # The start itself may be the winner, so the first element is taken whatever it is.
        is_better = apply("logical_or", is_better, at.equals(0), dtype=BOOL)
        better = apply("accumulator", dtype=BOOL, data="is_better")
        inner: tuple[Statement, ...] = (
            Accumulate("is_better", is_better),
            Accumulate("position", at.where(better, position)),
            Accumulate("best", value.where(better, best)),
        )
        body: tuple[Statement, ...] = (
            Accumulate("best", _start(reduction, source.dtype)),
            Accumulate("position", number(0)),
            Accumulate("is_better", number(False, BOOL)),
            *nest([every[axis]], inner, None),
            Store(out, flat(tuple(var(one) for one in kept), tuple(one.size for one in kept)), position),
        )
        return nest(kept, body, None)

    def _scatter(self, node: Node) -> tuple[Statement, ...]:
        """Set everything to 0, then add each update at its index, in order."""
        if node.op.scatter is None:
            raise _no_form(node)
        updates, out = node.inputs[0], self._buffer(node)
        every = loops_over(known(updates.shape))
        index = tuple(var(one) for one in every)
        target = node.op.scatter(index, *self._operands(node), **node.attrs)
        whole = Var("i", out.size)
        clear = nest([whole], (Store(out, var(whole), number(0, node.dtype)),), whole)
        if out.size == 0 or 0 in updates.shape:
            return clear
        indices = list(target)
        value = self.value(updates, index)
        for axis, (at, size) in enumerate(zip(target, known(node.shape), strict=True)):
            if not at.is_below(size):
                is_safe = is_inside(at, size)
                indices[axis] = at.where(is_safe, 0)
                value = value.where(is_safe, 0)
        # Updates of one element lie along the axes that its index does not follow; outermost, they keep their order.
        order = sorted(every, key=lambda one: var(one) in target)
        return (*clear, *nest(order, (Store(out, flat(indices, node.shape), value, is_sum=True),), None))


def _is_same_in_runs(view: View, plan: Matmul) -> bool:
    """Return whether all rows of a tile have the same turns inside, and no chain of turns ends on the way."""
    length, step = run_of(view.inside[0], view.rows[0]) if view.inside else (1, 0)
    return step == 0 and length % plan.run == 0 and plan.inner <= CHAIN


def _name(node: Node, what: str = "") -> str:
    """Return what to call a node's kernel."""
    return f"{node.scope}/{what or node.op.name}" if node.scope else what or node.op.name


def _no_form(node: Node) -> GraphError:
    return GraphError(
        f"lower: {node.op.name} has no native form. Give its record one, or cut the program around it before."
    )


def _start(reduction: Reduction, dtype: np.dtype[Any]) -> Expr:
    """Return the total of no terms."""
    if np.isinf(reduction.start) and dtype.kind != "f":
        limits = np.iinfo(dtype)
        return number(limits.min if reduction.start < 0 else limits.max, dtype)
    return number(reduction.start, dtype)
