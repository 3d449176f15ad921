"""Graph -> kernels: which operations share a loop nest, and what that nest is.

Elementwise operations and movements are folded into what uses them: a movement only changes the index with which its
input is read. A node gets a buffer of its own, and so ends a kernel, when it is an end of the program, a product, a
reduction or a scatter, an operand of a product, or dear to compute and used more than once. Maps over the same shape
share one nest where no value has to cross from one turn to another, and so do reductions over the same loops where none
reads another's result.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from functools import partial
from typing import Any

import numpy as np

from feedforward.compiler.loops import (
    BOOL,
    INT,
    LEAST_LANES,
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
    apply,
    as_expr,
    expressions,
    flat,
    load,
    number,
    stride,
    var,
    walk,
)
from feedforward.compiler.matmul import CHAIN, Matmul
from feedforward.compiler.nests import join, long_sum, loops_over, merge, nest
from feedforward.compiler.panels import Panels
from feedforward.compiler.target import Target
from feedforward.graph.node import Array, Node, Shape, known
from feedforward.graph.op import Op, Reduction
from feedforward.graph.program import Program
from feedforward.ops.axes import is_inside

__all__ = ["NotLowered", "Lowered", "lower"]

_DEAR = 12
"""An expression of more operations than this is computed once rather than in each place that uses it."""

_MOST_READ = 2
"""A value that is used more than once and made of more arrays of its size than this is computed once: to read them all
again takes longer than to write it and read that. So a parameter that an unrolled loop updates turn after turn does not
become a sum over all turns before, in code that is another one for each turn."""

_SIMPLE, _SPREAD = 3, 1000
"""What takes more operations than this is computed once before it is spread over so many elements more."""

_LARGEST = 160
"""No expression has more operations than this."""

_DEEPEST = 100
"""No expression has more operations in one another than this: each costs some of Python's frames."""

_MOST_MOVED = 16
"""So many movements in one another make one index; each puts the index below it into several operations more."""

_MOST_JOINED = 4
"""So many reductions share a kernel: their totals stay in registers."""

_MOST_BESIDE = 6
"""Maps of so many results are not joined by one that reads none of these: the updates of a hundred biases are then
kernels of two each, all of one kind, which are compiled once, and not one whose code is as long as the network."""


class NotLowered(ValueError):
    """An operation has no native form: a program is to be cut around it before."""


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
    NotLowered
        If an operation has no native form.
    """
    return _Lowering(program, target).run()


@dataclass
class _Map:
    """A kernel of maps that is still open: where it stands in the order, its loop variables and its stores."""

    place: int
    variables: tuple[Var, ...]
    names: list[str]
    stores: dict[Buffer, Store]

    @property
    def values(self) -> list[Expr]:
        """What the stores write."""
        return [store.value for store in self.stores.values()]


@dataclass
class _Reductions:
    """A kernel of reductions over the same loops: its place in the order, and what each is called."""

    place: int
    names: list[str]


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
        self.writer: dict[Buffer, int] = {}
        self.maps: dict[int, _Map] = {}
        self.beside: dict[
            tuple[tuple[Var, ...], frozenset[Expr]], _Map
        ] = {}  # the last over some loops, after the same products
        self.reductions: dict[tuple[Any, ...], list[_Reductions]] = {}  # by their loops; full ones are gone
        self.memo: dict[tuple[Node, tuple[Expr, ...]], Expr] = {}
        self.flats: dict[tuple[tuple[Expr, ...], Shape], Expr] = {}
        self.plans: dict[Matmul, Matmul] = {}  # equal products have one, which works out its tile once
        self.bodies: dict[int, tuple[str, tuple[Statement, ...]]] = {}
        self.products: dict[int, tuple[tuple[Var, ...], Expr]] = {}
        self.elements: set[Expr] = set()
        self.numbers: set[Buffer] = set()
        self.labels = {value: f"{variable.attrs['name']}.next" for variable, value in reversed(program.updates)}

    def run(self) -> Lowered:
        program = self.program
        for node in (*program.inputs, *program.variables):
            self._buffer(node, node.attrs["name"])
        numbers = program.variables[len(program.variables) - program.numbers :]
        self.numbers = {self._buffer(node) for node in numbers if not node.shape}
        for node in self._roots():
            if node.op.name in ("constant", "size", "placeholder", "variable"):
                if node not in self.result.buffers:
                    self._lower_map(node)
            elif node.op.kind == "contraction":
                self._lower_matmul(node)
            elif _has_own_kernel(node.op):
                self._lower_reduction(node)
            else:
                self._lower_map(node)
        self._fuse_products()
        for group in self.maps.values():
            self.bodies[group.place] = " and ".join(dict.fromkeys(group.names)), self._map_body(group)
        self.result.kernels = [Kernel(*self.bodies[place]) for place in sorted(self.bodies)]
        return self.result

    def _roots(self) -> list[Node]:
        """Return the nodes that get a buffer, in order."""
        program = self.program
        ends = {*program.outputs, *(value for _, value in program.updates)}
        users: dict[Node, int] = {}
        for node in program.nodes:
            for source in node.inputs:
                users[source] = users.get(source, 0) + 1
        operands = {source for node in program.nodes if node.op.kind == "contraction" for source in node.inputs}
        spread = {node.inputs[0] for node in program.nodes if node.op.name == "broadcast_to" and _saves(node)}
        roots: list[Node] = []
        weight: dict[Node, int] = {}
        moved: dict[Node, int] = {}
        arrays: dict[Node, frozenset[Node]] = {}
        for node in program.nodes:
            if not node.op.is_native:
                raise NotLowered(f"{node.op.name} has no native form")
            total = node.op.cost + sum(weight.get(source, 0) for source in node.inputs)
            moves = (node.op.read is not None) + max((moved.get(source, 0) for source in node.inputs), default=0)
            is_leaf = node.op.name in ("placeholder", "variable", "constant", "size")
            read = frozenset[Node]().union(*(arrays.get(source, ()) for source in node.inputs))
            is_root = node in ends or (
                not is_leaf
                and (
                    _has_own_kernel(node.op)
                    or node in operands
                    or total > _LARGEST
                    or moves > _MOST_MOVED
                    or (node in spread and total > _SIMPLE)
                    or (
                        users.get(node, 0) > 1
                        and node.op.name != "broadcast_to"
                        and (total > _DEAR or _count_as_large(read, node) > _MOST_READ)
                    )
                )
            )
            weight[node], moved[node] = (0, 0) if is_root or is_leaf else (total, moves)
            arrays[node] = frozenset((node,)) if is_root or is_leaf else read
            if is_root:
                roots.append(node)
            elif is_leaf and node in operands and node.op.name in ("constant", "size"):
                roots.append(node)
        return roots

    def _buffer(self, node: Node, name: str | None = None) -> Buffer:
        """Return the buffer of a node, made when it is first asked for."""
        if node not in self.result.buffers:
            label = name or self.labels.get(node) or (f"{node.scope}/{node.op.name}" if node.scope else node.op.name)
            size = math.prod(known(node.shape))
            self.result.buffers[node] = Buffer(f"{label}.{len(self.result.buffers)}", size, node.dtype)
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
        """Return the place of an element in row-major order, worked out once for all that lie alike."""
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
            seed, step = (self.value(source, ()).as_index() for source in sources)
            args = [seed, step, self.flat(index, node.shape)]
        else:
            args = [self.value(source, index) for source in sources]
        return apply(op.name, *args, dtype=node.dtype, data=tuple(node.attrs.items()) or None)

    def _read(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node that its record's rule of places says."""
        if node.op.read is None:
            raise NotLowered(f"{node.op.name} has no rule of places")
        return as_expr(node.op.read(index, *self._operands(node), **node.attrs), node.dtype)

    def _operands(self, node: Node) -> list[_Operand]:
        return [_Operand(known(source.shape), source.dtype, partial(self.value, source)) for source in node.inputs]

    def _constant(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        value = node.attrs["value"].value
        first = value.reshape(-1)[:1]
        if value.size and value.tobytes() == first.tobytes() * value.size:
            return number(value.flat[0], node.dtype)
        buffer = self._buffer(node, "constant")
        self.result.constants[buffer] = np.ascontiguousarray(value)
        return load(buffer, self.flat(index, node.shape))

    # Kernels.

    def _lower_map(self, node: Node) -> None:
        """Compute every element of a node, in a kernel that is there already if one fits."""
        variables = loops_over(known(node.shape))
        index = tuple(var(one) for one in variables)
        value = self._compute(node, index) if node not in self.result.buffers else self.value(node, index)
        parts = list(walk([value]))  # once, since there may be a thousand groups
        loads = [expr for expr in parts if expr.op == "load"]
        last = max((self.writer.get(expr.data, -1) for expr in loads), default=-1)
        key = variables, frozenset(expr for expr in loads if expr in self.elements)
        # What is read is there only behind `last`; and only the maps at `last` may be such that they are read.
        beside, before = self.beside.get(key), self.maps.get(last)
        groups = []
        if beside is not None and beside.place > last and len(beside.stores) < _MOST_BESIDE:
            groups.append(beside)
        if before is not None and before.variables == variables:
            groups.append(before)
        for group in groups if len(parts) <= _LARGEST else ():
            fused = self._fused(group, value, loads)
            if fused is not None:
                if group is self.beside.get((variables, frozenset())) and key[1]:
                    del self.beside[
                        variables, frozenset()
                    ]  # it follows a product now: what comes beside had better not
                self._add_store(group, node, index, fused)
                return
        group = _Map(self._next_place(), variables, [], {})
        self.maps[group.place] = self.beside[key] = group
        self.bodies[group.place] = "", ()
        self._add_store(group, node, index, value)

    def _add_store(self, group: _Map, node: Node, index: tuple[Expr, ...], value: Expr) -> None:
        buffer = self._buffer(node)
        self.writer[buffer] = group.place
        group.names.append(node.scope or node.op.name)
        group.stores[buffer] = Store(buffer, self.flat(index, node.shape), value)

    def _fused(self, group: _Map, value: Expr, loads: Sequence[Expr]) -> Expr | None:
        """Return the value, of which `loads` are all loads, as that kernel would compute it; None if it cannot."""
        new: dict[Expr, Expr] = {}
        for expr in loads:
            own = group.stores.get(expr.data)
            if own is not None:
                if own.index != expr.args[0]:
                    return None
                new[expr] = own.value
        fused = _replace_loads(value, new) if new else value
        return fused if fused.depth <= _DEEPEST else None

    def _lower_matmul(self, node: Node) -> None:
        x, y = node.inputs
        rows, columns = known(node.shape)[-2:]
        inner = known(x.shape)[-2 if node.attrs["transpose_x"] else -1]
        swaps = node.attrs["transpose_x"], node.attrs["transpose_y"]
        machine = self.target.registers, self.target.register_bytes, self.target.cache_bytes
        plan = Matmul(rows, inner, columns, *swaps, node.dtype, *machine)
        plan = self.plans.setdefault(plan, plan)
        out, left, right = self._buffer(node), self.result.buffers[x], self.result.buffers[y]
        if out.size and not inner:
            whole = Var("i", out.size)
            self._own_kernel(node, out, nest([whole], (Store(out, var(whole), number(0, node.dtype)),), whole))
            return
        if not out.size:
            return
        batch = math.prod(known(node.shape)[:-2])
        copies = self._pack(node, left, plan.left, "rows"), self._pack(node, right, plan.right, "panels")
        partial = Buffer(f"{out.name}.partial", batch * plan.partial, node.dtype) if plan.partial else None
        self._own_kernel(node, out, (Multiply(out, left, right, *copies, partial, plan, batch),))
        variables = loops_over(known(node.shape))
        element = load(out, flat(tuple(map(var, variables)), node.shape))
        self.products[self.writer[out]] = variables, element
        self.elements.add(element)

    def _pack(self, node: Node, source: Buffer, panels: Panels | None, what: str) -> Buffer | None:
        """Copy a side of a product into panels, if it is to be; return where they are."""
        if panels is None:
            return None
        batch = math.prod(known(node.shape)[:-2])
        copy = Buffer(f"{self._buffer(node).name}.{what}", batch * panels.size, node.dtype)
        self._own_kernel(node, copy, (Pack(copy, source, panels, batch),), what)
        return copy

    def _fuse_products(self) -> None:
        """Let a product compute, for each of its elements, the maps that follow: bias, activation, a whole update."""
        readers = self._readers()
        ends = {self.result.buffers[node] for node in self._ends()}
        for place, (variables, own) in self.products.items():
            name, (product,) = self.bodies[place]
            if not isinstance(product, Multiply) or min(product.plan.rows, product.plan.columns) < 2:
                continue
            # A map follows the product that it reads: looking at all maps would take the square of a program's time.
            for group in [self.maps[one] for one in sorted(readers.get(product.out, ())) if one in self.maps]:
                if group.variables == variables and self._follows(group, place, own):
                    del self.maps[group.place]
                    del self.bodies[group.place]
                    for store in group.stores.values():
                        self.writer[store.buffer] = place
                    for buffer in _loaded(group.values):
                        readers[buffer] = readers[buffer] - {group.place} | {place}
                    is_needed = product.out in ends or bool(readers[product.out] - {place})
                    keep = (Store(product.out, own.args[0], own),) if is_needed else ()
                    epilogue, turns = _flattened((*keep, *group.stores.values()), variables, product.plan)
                    fused = replace_fields(product, epilogue=epilogue, variables=turns)
                    self.bodies[place] = " and ".join(dict.fromkeys([name, *group.names])), (fused,)
                    break

    def _follows(self, group: _Map, place: int, own: Expr) -> bool:
        """Return whether maps may be computed by the product at `place`, whose element is `own`."""
        is_used = False
        for expr in walk(group.values):
            if expr.op != "load":
                continue
            if expr == own:
                is_used = True
            elif expr.data is own.data or self.writer.get(expr.data, -1) >= place:
                return False
        return is_used

    def _ends(self) -> list[Node]:
        return [*self.program.outputs, *(value for _, value in self.program.updates)]

    def _readers(self) -> dict[Buffer, set[int]]:
        """Return in which kernels each buffer is read."""
        found: dict[Buffer, set[int]] = {}
        for group in self.maps.values():
            for buffer in _loaded(group.values):
                found.setdefault(buffer, set()).add(group.place)
        for place, (_, body) in self.bodies.items():
            products = [one for one in body if isinstance(one, Multiply)]
            copied = [one.source for one in body if isinstance(one, Pack)]
            for buffer in {
                *_loaded(expressions(body)),
                *copied,
                *(side for one in products for side in (one.x, one.y)),
            }:
                found.setdefault(buffer, set()).add(place)
        return found

    def _own_kernel(self, node: Node, out: Buffer, body: tuple[Statement, ...], what: str = "") -> None:
        place = self._next_place()
        self.writer[out] = place
        self.bodies[place] = _name(node, what), body

    def _next_place(self) -> int:
        return len(self.bodies)

    def _lower_reduction(self, node: Node) -> None:
        """Lower what combines many elements into one: sums, maxima, scatters."""
        reduction = node.op.reduce
        if reduction is None:
            self._own_kernel(node, self._buffer(node), self._scatter(node))
        elif reduction.is_place:
            self._own_kernel(node, self._buffer(node), self._place(node, reduction))
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
            reduced = [Var(f"o{place}", size) for place, size in enumerate(sizes)]
            value = self._read(node, tuple(var(one) for one in [*kept, *reduced]))
        self._reduction(node, kept, reduced, value, reduction)

    def _reduction(self, node: Node, kept: list[Var], reduced: list[Var], value: Expr, reduction: Reduction) -> None:
        """Combine `value` by an operation in loops over `kept` around loops over `reduced`.

        Reductions over the same loops share a kernel, where the first one's could compute the others too.
        """
        out = self._buffer(node)
        operation, start = reduction.operation, _start(reduction, node.dtype)
        place = flat(tuple(var(one) for one in kept), tuple(one.size for one in kept))
        values, kept = merge([place, value], kept)
        values, reduced = merge(values, reduced)
        place, value = values
        has_lanes = [one for one in [*kept, *reduced] if self._runs_in_lanes(one, value)]
        lane = has_lanes[-1] if has_lanes else None
        loops = reduced if lane in reduced else kept
        loops.sort(key=lambda one: one == lane)  # the loop in lanes is the innermost
        if operation == "add" and node.dtype == np.float32 and math.prod(one.size for one in reduced) > CHAIN:
            body = long_sum(reduced, lane, value, Store(out, place, value))
            self._own_kernel(node, out, nest(kept, body, lane))
            return
        is_wide = any(part.dtype == np.float64 for part in walk([value]))  # then there are fewer lanes
        common = tuple(kept), tuple(reduced), lane, is_wide
        group = self._group_for(common, value)
        name = f"total{len(group.names)}" if group else "total"
        accumulator = apply("accumulator", dtype=node.dtype, data=name)
        inner = nest(reduced, (Accumulate(name, apply(operation, accumulator, value, dtype=node.dtype)),), lane)
        combined = (Combine(name, operation),) if lane in reduced else ()
        body = nest(kept, (Accumulate(name, start), *inner, *combined, Store(out, place, accumulator)), lane)
        if group is None:
            self.reductions.setdefault(common, []).append(_Reductions(self._next_place(), [_name(node)]))
            self._own_kernel(node, out, body)
            return
        group.names.append(_name(node))
        joined = join(self.bodies[group.place][1], body)
        self.bodies[group.place] = " and ".join(dict.fromkeys(group.names)), joined
        self.writer[out] = group.place

    def _group_for(self, loops: tuple[Any, ...], value: Expr) -> _Reductions | None:
        """Return a kernel of reductions over these loops that comes after all that `value` reads."""
        last = max((self.writer.get(buffer, -1) for buffer in _loaded([value])), default=-1)
        groups = self.reductions.get(loops, [])
        number = bisect(groups, last, key=lambda group: group.place)
        if number == len(groups):
            return None
        return groups.pop(number) if len(groups[number].names) == _MOST_JOINED - 1 else groups[number]

    def _runs_in_lanes(self, variable: Var, value: Expr) -> bool:
        """Return whether a loop is long enough, and reads its arrays in order."""
        if variable.size < LEAST_LANES:
            return False
        # A number that was written in the program is none of its arrays, so that one which is fed changes no bit.
        loads = [expr for expr in walk([value]) if expr.op == "load" and expr.data not in self.numbers]
        steps = [stride(expr.args[0], variable) for expr in loads]
        return all(step in (0, 1) for step in steps) and (1 in steps or not steps)

    def _place(self, node: Node, reduction: Reduction) -> tuple[Statement, ...]:
        """Return loops that find the place of the first maximum or minimum along an axis; NaN wins."""
        source, axis = node.inputs[0], node.attrs["axis"]
        every = loops_over(known(source.shape))
        kept = [one for place, one in enumerate(every) if place != axis]
        value = self.value(source, tuple(var(one) for one in every))
        out = self._buffer(node)
        best = apply("accumulator", dtype=source.dtype, data="best")
        place = apply("accumulator", dtype=INT, data="place")
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
            Accumulate("place", at.where(better, place)),
            Accumulate("best", value.where(better, best)),
        )
        body: tuple[Statement, ...] = (
            Accumulate("best", _start(reduction, source.dtype)),
            Accumulate("place", number(0)),
            Accumulate("is_better", number(False, BOOL)),
            *nest([every[axis]], inner, None),
            Store(out, flat(tuple(var(one) for one in kept), tuple(one.size for one in kept)), place),
        )
        return nest(kept, body, None)

    def _scatter(self, node: Node) -> tuple[Statement, ...]:
        """Set everything to 0, then add each update at its place, in order."""
        if node.op.scatter is None:
            raise NotLowered(f"{node.op.name} has no native form")
        updates, out = node.inputs[0], self._buffer(node)
        every = loops_over(known(updates.shape))
        index = tuple(var(one) for one in every)
        target = node.op.scatter(index, *self._operands(node), **node.attrs)
        whole = Var("i", out.size)
        clear = nest([whole], (Store(out, var(whole), number(0, node.dtype)),), whole)
        if out.size == 0 or 0 in updates.shape:
            return clear
        places = list(target)
        value = self.value(updates, index)
        for axis, (at, size) in enumerate(zip(target, known(node.shape), strict=True)):
            if not at.is_below(size):
                is_safe = is_inside(at, size)
                places[axis] = at.where(is_safe, 0)
                value = value.where(is_safe, 0)
        # Updates of one place lie along the axes that the place does not follow; outermost, they keep their order.
        order = sorted(every, key=lambda one: var(one) in target)
        return (*clear, *nest(order, (Store(out, flat(places, node.shape), value, is_sum=True),), None))

    def _map_body(self, group: _Map) -> tuple[Statement, ...]:
        values, variables = merge(
            [part for store in group.stores.values() for part in (store.index, store.value)], list(group.variables)
        )
        pairs = zip(group.stores.values(), values[0::2], values[1::2], strict=True)
        stores = tuple(Store(store.buffer, index, value) for store, index, value in pairs)
        lane = variables[-1] if variables and variables[-1].size >= LEAST_LANES else None
        return nest(variables, stores, lane)


def _flattened(
    epilogue: tuple[Store, ...], variables: tuple[Var, ...], plan: Matmul
) -> tuple[tuple[Store, ...], tuple[Var, ...]]:
    """Return the epilogue of a narrow product over the elements in row-major order, where every index allows it."""
    if plan.columns >= plan.unit:
        return epilogue, variables
    values, left = merge([part for store in epilogue for part in (store.index, store.value)], list(variables))
    if len(left) > 1:
        return epilogue, variables
    pairs = zip(epilogue, values[0::2], values[1::2], strict=True)
    return tuple(Store(store.buffer, index, value) for store, index, value in pairs), tuple(left)


def _loaded(exprs: Sequence[Expr]) -> set[Buffer]:
    """Return the buffers that expressions read."""
    return {expr.data for expr in walk(exprs) if expr.op == "load"}


def _count_as_large(arrays: frozenset[Node], node: Node) -> int:
    """Return how many of some arrays have at least as many elements as a node."""
    if len(arrays) <= _MOST_READ:  # which spares nearly all of them the sizes
        return 0
    size = math.prod(known(node.shape))
    return sum(math.prod(known(one.shape)) >= size for one in arrays)


def _saves(node: Node) -> bool:
    """Return whether what a node spreads had better be computed before; a single number is, where it is used."""
    before, after = (math.prod(known(shape)) for shape in (node.inputs[0].shape, node.shape))
    return 1 < before <= after - _SPREAD


def _name(node: Node, what: str = "") -> str:
    """Return what to call a node's kernel."""
    return f"{node.scope}/{what or node.op.name}" if node.scope else what or node.op.name


def _start(reduction: Reduction, dtype: np.dtype[Any]) -> Expr:
    """Return the total of no terms."""
    if np.isinf(reduction.start) and dtype.kind != "f":
        limits = np.iinfo(dtype)
        return number(limits.min if reduction.start < 0 else limits.max, dtype)
    return number(reduction.start, dtype)


def _has_own_kernel(op: Op) -> bool:
    """Return whether an operation is more than an expression of each element."""
    return op.kind == "contraction" or op.reduce is not None or op.scatter is not None


def _replace_loads(expr: Expr, new: Mapping[Expr, Expr]) -> Expr:
    memo: dict[Expr, Expr] = dict(new)

    def visit(part: Expr) -> Expr:
        if part not in memo:
            args = tuple(visit(arg) for arg in part.args)
            memo[part] = part if args == part.args else Expr(part.op, args, part.dtype, part.data)
        return memo[part]

    return visit(expr)
