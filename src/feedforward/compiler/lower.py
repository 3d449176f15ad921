"""Graph -> kernels: which operations share a loop nest, and what that nest is.

Elementwise operations and movements are folded into what uses them: a movement only changes the index with which its
input is read. A node gets a buffer of its own, and so ends a kernel, when it is an end of the program, a product, a
reduction or a scatter, an operand of a product, or dear to compute and used more than once. Maps over the same shape
share one nest where no value has to cross from one turn to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from typing import Any

import numpy as np

from feedforward.compiler.loops import (
    INT,
    LEAST_LANES,
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
    add,
    apply,
    expressions,
    flat,
    linear_terms,
    load,
    number,
    replace,
    scale,
    split,
    stride,
    var,
    walk,
)
from feedforward.compiler.matmul import Matmul
from feedforward.compiler.target import Target
from feedforward.graph.node import Array, Node, known
from feedforward.graph.program import Program

_DEAR = 12
"""An expression of more operations than this is computed once rather than in each place that uses it."""

_SIMPLE, _SPREAD = 3, 1000
"""What takes more operations than this is computed once before it is spread over so many elements more."""

_LARGEST = 160
"""No expression has more operations than this."""

_COSTS = {
    "exp": 8,
    "log": 8,
    "log1p": 10,
    "expm1": 10,
    "tanh": 10,
    "sin": 10,
    "cos": 10,
    "power": 20,
    "divide": 3,
    "sqrt": 3,
}
_OWN_KERNEL = {"matmul", "sum", "max", "min", "argmax", "scatter_add", "scatter_along_axis", "overlap_add"}
_RANDOM = {"random_bits", "random_uniform"}


class NotLowered(ValueError):
    """An operation has no native form: the program is left to the interpreter."""


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
    """A kernel of maps that is still open: its loop variables, stores, and where it stands in the order."""

    place: int
    variables: tuple[Var, ...]
    names: list[str]
    stores: list[Store]


class _Lowering:
    """The state of lowering one program."""

    def __init__(self, program: Program, target: Target) -> None:
        self.program = program
        self.target = target
        self.result = Lowered()
        self.writer: dict[Buffer, int] = {}
        self.maps: list[_Map] = []
        self.memo: dict[tuple[Node, tuple[Expr, ...]], Expr] = {}
        self.bodies: dict[int, tuple[str, tuple[Statement, ...]]] = {}
        self.products: list[int] = []

    def run(self) -> Lowered:
        program = self.program
        for node in (*program.inputs, *program.variables):
            self._buffer(node, node.attrs["name"])
        for node in self._roots():
            if node.op.name in ("constant", "size", "placeholder", "variable"):
                if node not in self.result.buffers:
                    self._lower_map(node)
            elif node.op.name == "matmul":
                self._lower_matmul(node)
            elif node.op.name in _OWN_KERNEL:
                self._lower_reduction(node)
            else:
                self._lower_map(node)
        self._fuse_products()
        for group in self.maps:
            self.bodies[group.place] = "_".join(dict.fromkeys(group.names)), self._map_body(group)
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
        operands = {source for node in program.nodes if node.op.name == "matmul" for source in node.inputs}
        spread = {node.inputs[0] for node in program.nodes if node.op.name == "broadcast_to" and _saves(node)}
        roots: list[Node] = []
        weight: dict[Node, int] = {}
        for node in program.nodes:
            if node.op.name in ("truncated_normal", "permutation"):
                raise NotLowered(f"{node.op.name} has no native form")
            total = _COSTS.get(node.op.name, 30 if node.op.name in _RANDOM else 1)
            total += sum(weight.get(source, 0) for source in node.inputs)
            is_leaf = node.op.name in ("placeholder", "variable", "constant", "size")
            is_root = node in ends or (
                not is_leaf
                and (
                    node.op.name in _OWN_KERNEL
                    or node in operands
                    or total > _LARGEST
                    or (node in spread and total > _SIMPLE)
                    or (users.get(node, 0) > 1 and total > _DEAR and node.op.name != "broadcast_to")
                )
            )
            weight[node] = 0 if is_root or is_leaf else total
            if is_root:
                roots.append(node)
            elif is_leaf and node in operands and node.op.name in ("constant", "size"):
                roots.append(node)
        return roots

    def _buffer(self, node: Node, name: str | None = None) -> Buffer:
        """Return the buffer of a node, made when it is first asked for."""
        if node not in self.result.buffers:
            label = name or (f"{node.scope}/{node.op.name}" if node.scope else node.op.name)
            size = int(np.prod(known(node.shape), dtype=np.int64))
            self.result.buffers[node] = Buffer(f"{label}.{len(self.result.buffers)}", size, node.dtype)
        return self.result.buffers[node]

    # A value at an index.

    def value(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node at `index`, one expression for each axis."""
        key = (node, index)
        if key not in self.memo:
            buffer = self.result.buffers.get(node)
            self.memo[key] = self._compute(node, index) if buffer is None else load(buffer, flat(index, node.shape))
        return self.memo[key]

    def _compute(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return the element of a node that has no buffer, from the elements of its inputs."""
        attrs, sources = node.attrs, node.inputs
        match node.op.name:
            case "constant":
                return self._constant(node, index)
            case "size":
                return number(attrs["size"], node.dtype)
            case "broadcast_to":
                source = sources[0]
                new = node.ndim - source.ndim
                kept = zip(index[new:], source.shape, strict=True)
                return self.value(source, tuple(number(0) if size == 1 else at for at, size in kept))
            case "reshape":
                return self.value(sources[0], unflatten(flat(index, node.shape), known(sources[0].shape)))
            case "transpose":
                order = [attrs["axes"].index(axis) for axis in range(node.ndim)]
                return self.value(sources[0], tuple(index[axis] for axis in order))
            case "slice":
                steps = zip(index, attrs["starts"], attrs["steps"], strict=True)
                return self.value(sources[0], tuple(add(scale(at, step), number(start)) for at, start, step in steps))
            case "flip":
                ends = enumerate(zip(index, known(node.shape), strict=True))
                turned = (add(number(n - 1), scale(at, -1)) if axis in attrs["axes"] else at for axis, (at, n) in ends)
                return self.value(sources[0], tuple(turned))
            case "pad":
                return self._pad(node, index)
            case "concatenate":
                return self._concatenate(node, index)
            case "windows":
                ndim = sources[0].ndim
                places = list(index[:ndim])
                for axis, step, offset in zip(attrs["axes"], attrs["strides"], index[ndim:], strict=True):
                    places[axis] = add(scale(places[axis], step), offset)
                return self.value(sources[0], tuple(places))
            case "take":
                axis, count = attrs["axis"], sources[1].ndim
                at = self._integer(sources[1], index[axis : axis + count])
                return self._guarded(sources[0], axis, at, (*index[:axis], at, *index[axis + count :]))
            case "take_along_axis":
                axis = attrs["axis"]
                at = self._integer(sources[1], index)
                return self._guarded(sources[0], axis, at, (*index[:axis], at, *index[axis + 1 :]))
            case "one_hot":
                is_hot = apply("equal", self._integer(sources[0], index[:-1]), index[-1], dtype=np.dtype("bool"))
                return apply("cast", is_hot, dtype=node.dtype)
            case name if name in _RANDOM:
                seed, step = (self._integer(source, ()) for source in sources)
                element = flat(index, node.shape)
                return apply(name, seed, step, element, dtype=node.dtype, data=attrs["stream"])
            case "stop_gradient":
                return self.value(sources[0], index)
        if node.op.kind != "elementwise":
            raise NotLowered(f"{node.op.name} has no native form")
        return apply(node.op.name, *(self.value(source, index) for source in sources), dtype=node.dtype)

    def _constant(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        value = node.attrs["value"].value
        first = value.reshape(-1)[:1]
        if value.size and value.tobytes() == first.tobytes() * value.size:
            return number(value.flat[0], node.dtype)
        buffer = self._buffer(node, "constant")
        self.result.constants[buffer] = np.ascontiguousarray(value)
        return load(buffer, flat(index, node.shape))

    def _integer(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        """Return an integer element as an index."""
        value = self.value(node, index)
        if value.op == "number":
            return number(value.data)
        return value if value.dtype == INT else apply("cast", value, dtype=INT)

    def _guarded(self, source: Node, axis: int, at: Expr, index: tuple[Expr, ...]) -> Expr:
        """Return the element of `source` at an index from data: 0 where it is outside."""
        is_inside = _inside(at, known(source.shape)[axis])
        safe = apply("where", is_inside, at, number(0), dtype=INT)
        zero = number(0, source.dtype)
        if known(source.shape)[axis] == 0:
            return zero
        inner = self.value(source, (*index[:axis], safe, *index[axis + 1 :]))
        return apply("where", is_inside, inner, zero, dtype=source.dtype)

    def _pad(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        source, border = node.inputs
        if 0 in source.shape:
            return self.value(border, ())
        is_inside: Expr | None = None
        places = []
        attrs = node.attrs
        for at, before, step, size in zip(index, attrs["before"], attrs["steps"], known(source.shape), strict=True):
            moved = add(at, number(-before))
            conditions = [] if (before == 0 and at == moved and _always_below(at, size * step)) else [moved]
            if not conditions and step == 1:
                places.append(at)
                continue
            positive = apply("where", _inside(moved, size * step), moved, number(0), dtype=INT)
            place, rest = split(positive, step)
            checks = [_inside(moved, (size - 1) * step + 1)]
            if step > 1:
                checks.append(apply("equal", rest, number(0), dtype=np.dtype("bool")))
            for check in checks:
                is_inside = (
                    check if is_inside is None else apply("logical_and", is_inside, check, dtype=np.dtype("bool"))
                )
            limit = apply("where", _inside(place, size), place, number(0), dtype=INT)
            places.append(limit)
        inner = self.value(source, tuple(places))
        return (
            inner if is_inside is None else apply("where", is_inside, inner, self.value(border, ()), dtype=node.dtype)
        )

    def _concatenate(self, node: Node, index: tuple[Expr, ...]) -> Expr:
        axis = node.attrs["axis"]
        result: Expr | None = None
        start = int(sum(known(source.shape)[axis] for source in node.inputs))
        for source in reversed(node.inputs):
            size = known(source.shape)[axis]
            start -= size
            if size == 0:
                continue
            moved = add(index[axis], number(-start))
            is_here = _inside(moved, size)
            safe = apply("where", is_here, moved, number(0), dtype=INT)
            part = self.value(source, (*index[:axis], safe, *index[axis + 1 :]))
            result = part if result is None else apply("where", is_here, part, result, dtype=node.dtype)
        return number(0, node.dtype) if result is None else result

    # Kernels.

    def _lower_map(self, node: Node) -> None:
        """Compute every element of a node, in a kernel that is there already if one fits."""
        variables = _variables(known(node.shape))
        index = tuple(var(one) for one in variables)
        value = self._compute(node, index) if node not in self.result.buffers else self.value(node, index)
        for group in reversed(self.maps):
            fused = self._fits(group, variables, value)
            if fused is not None:
                self._add_store(group, node, index, fused)
                return
        group = _Map(self._next_place(), variables, [], [])
        self.maps.append(group)
        self.bodies[group.place] = "", ()
        self._add_store(group, node, index, value)

    def _add_store(self, group: _Map, node: Node, index: tuple[Expr, ...], value: Expr) -> None:
        buffer = self._buffer(node)
        self.writer[buffer] = group.place
        group.names.append(node.scope or node.op.name)
        group.stores.append(Store(buffer, flat(index, node.shape), value))

    def _fits(self, group: _Map, variables: tuple[Var, ...], value: Expr) -> Expr | None:
        """Return the value as that kernel would compute it, or None if it cannot stand there."""
        if group.variables != variables or sum(1 for _ in walk([value])) > _LARGEST:
            return None
        own = {store.buffer: store for store in group.stores}
        loads: dict[Expr, Expr] = {}
        for expr in walk([value]):
            if expr.op != "load":
                continue
            written = self.writer.get(expr.data)
            if written is not None and written > group.place:
                return None
            if expr.data in own:
                if own[expr.data].index != expr.args[0]:
                    return None
                loads[expr] = own[expr.data].value
        return _replace_loads(value, loads) if loads else value

    def _lower_matmul(self, node: Node) -> None:
        x, y = node.inputs
        rows, columns = known(node.shape)[-2:]
        inner = known(x.shape)[-2 if node.attrs["transpose_x"] else -1]
        swaps = node.attrs["transpose_x"], node.attrs["transpose_y"]
        plan = Matmul(rows, inner, columns, *swaps, node.dtype, self.target.registers, self.target.register_bytes)
        out, left, right = self._buffer(node), self.result.buffers[x], self.result.buffers[y]
        if out.size and not inner:
            whole = Var("i", out.size)
            self._own_kernel(node, out, nest([whole], (Store(out, var(whole), number(0, node.dtype)),), whole))
            return
        for matrix in range(int(np.prod(known(node.shape)[:-2], dtype=np.int64)) if out.size else 0):
            panels = Buffer(f"{out.name}.{matrix}.panels", plan.scratch, node.dtype)
            offsets = (matrix * rows * columns, matrix * rows * inner, matrix * inner * columns)
            if plan.pack_tasks:
                self._own_kernel(node, panels, (Pack(panels, right, plan, offsets[2]),), "panels")
            self._own_kernel(node, out, (Multiply(out, left, right, panels, plan, offsets),))
            self.products.append(self._next_place() - 1)

    def _fuse_products(self) -> None:
        """Let a product compute, for each of its elements, the maps that follow: bias, activation, a whole update."""
        for place in self.products:
            name, (product,) = self.bodies[place]
            if not isinstance(product, Multiply):
                continue
            rows, columns = product.plan.rows, product.plan.columns
            if product.out.size != rows * columns or min(rows, columns) < 2:
                continue
            own = load(product.out, flat(tuple(var(one) for one in _variables((rows, columns))), (rows, columns)))
            for group in self.maps:
                if group.variables == _variables((rows, columns)) and self._follows(group, place, own):
                    self.maps.remove(group)
                    del self.bodies[group.place]
                    for store in group.stores:
                        self.writer[store.buffer] = place
                    is_needed = product.out in {self.result.buffers[node] for node in self._ends()} or any(
                        expr.data is product.out for expr in self._loads_beside(place)
                    )
                    keep = (Store(product.out, own.args[0], own),) if is_needed else ()
                    epilogue, variables = _flattened((*keep, *group.stores), group.variables, product.plan)
                    fused = replace_fields(product, epilogue=epilogue, variables=variables)
                    self.bodies[place] = "_".join(dict.fromkeys([name, *group.names])), (fused,)
                    break

    def _follows(self, group: _Map, place: int, own: Expr) -> bool:
        """Return whether maps may be computed by the product at `place`, whose element is `own`."""
        is_used = False
        for expr in walk([store.value for store in group.stores]):
            if expr.op != "load":
                continue
            if expr == own:
                is_used = True
            elif expr.data is own.data or self.writer.get(expr.data, -1) >= place:
                return False
        return is_used

    def _ends(self) -> list[Node]:
        return [*self.program.outputs, *(value for _, value in self.program.updates)]

    def _loads_beside(self, place: int) -> list[Expr]:
        """Return what kernels other than the one at `place` load."""
        roots = [store.value for group in self.maps for store in group.stores]
        for other, (_, body) in self.bodies.items():
            if other != place:
                roots.extend(expressions(body))
        loads = [expr for expr in walk(roots) if expr.op == "load"]
        operands = [
            load(buffer, number(0))
            for _, body in self.bodies.values()
            for one in body
            if isinstance(one, Multiply | Pack)
            for buffer in ((one.x, one.y) if isinstance(one, Multiply) else (one.y,))
        ]
        return loads + operands

    def _own_kernel(self, node: Node, out: Buffer, body: tuple[Statement, ...], what: str = "") -> None:
        place = self._next_place()
        self.writer[out] = place
        name = f"{node.scope}/{what or node.op.name}" if node.scope else what or node.op.name
        self.bodies[place] = name, body

    def _next_place(self) -> int:
        return len(self.bodies)

    def _lower_reduction(self, node: Node) -> None:
        """Lower what combines many elements into one: sums, maxima, scatters."""
        match node.op.name:
            case "sum" | "max" | "min":
                body = self._reduce(node)
            case "argmax":
                body = self._argmax(node)
            case "overlap_add":
                body = self._overlap_add(node)
            case _:
                body = self._scatter(node)
        self._own_kernel(node, self.result.buffers[node], body)

    def _reduce(self, node: Node) -> tuple[Statement, ...]:
        source, axes = node.inputs[0], node.attrs["axes"]
        every = _variables(known(source.shape))
        kept = [one for axis, one in enumerate(every) if axis not in axes]
        reduced = [every[axis] for axis in axes]
        value = self.value(source, tuple(var(one) for one in every))
        return self._reduction(
            node, kept, reduced, value, {"sum": "add", "max": "maximum", "min": "minimum"}[node.op.name]
        )

    def _reduction(
        self, node: Node, kept: list[Var], reduced: list[Var], value: Expr, operation: str
    ) -> tuple[Statement, ...]:
        """Return loops over `kept` around loops over `reduced` that combine `value` by an operation."""
        out = self._buffer(node)
        starts = {"add": number(0, node.dtype), "maximum": _least(node.dtype), "minimum": _largest(node.dtype)}
        start = starts[operation]
        place = flat(tuple(var(one) for one in kept), tuple(one.size for one in kept))
        values, kept = merge([place, value], kept)
        values, reduced = merge(values, reduced)
        place, value = values
        accumulator = apply("accumulator", dtype=node.dtype, data="total")
        combined = Accumulate("total", apply(operation, accumulator, value, dtype=node.dtype))
        has_lanes = [one for one in [*kept, *reduced] if self._runs_in_lanes(one, value)]
        lane = has_lanes[-1] if has_lanes else None
        if lane is not None and lane in reduced:
            reduced = [*(one for one in reduced if one != lane), lane]
            ends: tuple[Statement, ...] = (Combine("total", operation),)
        else:
            kept = [*(one for one in kept if one != lane), *([lane] if lane is not None else [])]
            ends = ()
        inner = nest(reduced, (combined,), lane)
        body: tuple[Statement, ...] = (Accumulate("total", start), *inner, *ends, Store(out, place, accumulator))
        return nest(kept, body, lane)

    def _runs_in_lanes(self, variable: Var, value: Expr) -> bool:
        """Return whether a loop is long enough, and reads its arrays in order."""
        if variable.size < LEAST_LANES:
            return False
        steps = [stride(expr.args[0], variable) for expr in walk([value]) if expr.op == "load"]
        return all(step in (0, 1) for step in steps) and (1 in steps or not steps)

    def _argmax(self, node: Node) -> tuple[Statement, ...]:
        source, axis = node.inputs[0], node.attrs["axis"]
        every = _variables(known(source.shape))
        kept = [one for place, one in enumerate(every) if place != axis]
        value = self.value(source, tuple(var(one) for one in every))
        out = self._buffer(node)
        best = apply("accumulator", dtype=source.dtype, data="best")
        place = apply("accumulator", dtype=INT, data="place")
        boolean = np.dtype("bool")
        is_better = apply("less", best, value, dtype=boolean)
        if source.dtype.kind == "f":
            is_nan = apply("logical_not", apply("equal", value, value, dtype=boolean), dtype=boolean)
            is_number = apply("equal", best, best, dtype=boolean)
            first_nan = apply("logical_and", is_nan, is_number, dtype=boolean)
            is_better = apply("logical_or", is_better, first_nan, dtype=boolean)
        at = var(every[axis])
        # -inf itself must win over the start, so the first element is taken whatever it is.
        is_first = apply("equal", at, number(0), dtype=boolean)
        is_better = apply("logical_or", is_better, is_first, dtype=boolean)
        better = apply("accumulator", dtype=boolean, data="is_better")
        inner: tuple[Statement, ...] = (
            Accumulate("is_better", is_better),
            Accumulate("place", apply("where", better, at, place, dtype=INT)),
            Accumulate("best", apply("where", better, value, best, dtype=source.dtype)),
        )
        body: tuple[Statement, ...] = (
            Accumulate("best", _least(source.dtype)),
            Accumulate("place", number(0)),
            Accumulate("is_better", number(False, boolean)),
            *nest([every[axis]], inner, None),
            Store(out, flat(tuple(var(one) for one in kept), tuple(one.size for one in kept)), place),
        )
        return nest(kept, body, None)

    def _overlap_add(self, node: Node) -> tuple[Statement, ...]:
        """Sum, for each place, what the windows that cover it hold there."""
        source, attrs = node.inputs[0], node.attrs
        kept = list(_variables(known(node.shape)))
        offsets = [Var(f"o{place}", size) for place, size in enumerate(attrs["sizes"])]
        boolean = np.dtype("bool")
        places = [var(one) for one in kept]
        is_covered: Expr | None = None
        for axis, offset, step in zip(attrs["axes"], offsets, attrs["strides"], strict=True):
            moved = add(var(kept[axis]), scale(var(offset), -1))
            count = known(source.shape)[axis]
            is_inside = _inside(moved, (count - 1) * step + 1) if count else number(False, boolean)
            safe = apply("where", is_inside, moved, number(0), dtype=INT)
            place, rest = split(safe, step)
            checks = [is_inside] if step == 1 else [is_inside, apply("equal", rest, number(0), dtype=boolean)]
            for check in checks:
                is_covered = check if is_covered is None else apply("logical_and", is_covered, check, dtype=boolean)
            places[axis] = place
        zero = number(0, node.dtype)
        if 0 in source.shape:
            value = zero
        else:
            value = self.value(source, (*places, *(var(one) for one in offsets)))
            value = value if is_covered is None else apply("where", is_covered, value, zero, dtype=node.dtype)
        return self._reduction(node, kept, offsets, value, "add")

    def _scatter(self, node: Node) -> tuple[Statement, ...]:
        """Set everything to 0, then add each update at its place, in order."""
        updates, indices = node.inputs
        axis, size = node.attrs["axis"], node.attrs["size"]
        out = self._buffer(node)
        every = _variables(known(updates.shape))
        index = tuple(var(one) for one in every)
        if node.op.name == "scatter_add":
            count = indices.ndim
            at = self._integer(indices, index[axis : axis + count])
            target = (*index[:axis], at, *index[axis + count :])
            order = [*every[axis : axis + count], *every[:axis], *every[axis + count :]]
        else:
            at = self._integer(indices, index)
            target = (*index[:axis], at, *index[axis + 1 :])
            order = [every[axis], *every[:axis], *every[axis + 1 :]]
        whole = Var("i", out.size)
        clear = nest([whole], (Store(out, var(whole), number(0, node.dtype)),), whole)
        if out.size == 0 or 0 in updates.shape:
            return clear
        is_inside = _inside(at, size)
        safe = apply("where", is_inside, at, number(0), dtype=INT)
        place = flat((*target[:axis], safe, *target[axis + 1 :]), node.shape)
        value = apply("where", is_inside, self.value(updates, index), number(0, node.dtype), dtype=node.dtype)
        return (*clear, *nest(order, (Store(out, place, value, is_sum=True),), None))

    def _map_body(self, group: _Map) -> tuple[Statement, ...]:
        values, variables = merge(
            [part for store in group.stores for part in (store.index, store.value)], list(group.variables)
        )
        pairs = zip(group.stores, values[0::2], values[1::2], strict=True)
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


def _saves(node: Node) -> bool:
    """Return whether what a node spreads had better be computed before; a single number is, where it is used."""
    before, after = (int(np.prod(known(shape), dtype=np.int64)) for shape in (node.inputs[0].shape, node.shape))
    return 1 < before <= after - _SPREAD


def unflatten(place: Expr, shape: tuple[int, ...]) -> tuple[Expr, ...]:
    """Return the index of the element at a place in row-major order."""
    index: list[Expr] = []
    for axis in range(len(shape) - 1, -1, -1):
        if axis == 0 and all(shape):
            index.append(place)
        else:
            place, rest = split(place, max(shape[axis], 1))
            index.append(rest)
    return tuple(reversed(index))


def merge(exprs: Sequence[Expr], variables: list[Var]) -> tuple[list[Expr], list[Var]]:
    """Return expressions and loops with neighbouring loops made one where every index allows it.

    ``for i in 0..a: for j in 0..b: x[b*i + j]`` becomes ``for j in 0..a*b: x[j]``.
    """
    current = list(exprs)
    left = [one for one in variables if one.size != 1]
    place = len(left) - 2
    while place >= 0:
        outer, inner = left[place], left[place + 1]
        if _can_merge(current, outer, inner):
            joint = Var(inner.name, outer.size * inner.size)
            new = {outer: number(0), inner: var(joint)}
            memo: dict[Expr, Expr] = {}
            current = [replace(expr, new, memo) for expr in current]
            left[place : place + 2] = [joint]
        place -= 1
    return current, left


def nest(variables: Sequence[Var], body: tuple[Statement, ...], lane: Var | None) -> tuple[Statement, ...]:
    """Return loops over `variables`, the first outermost, around a body."""
    for one in reversed([one for one in variables if one.size != 1]):
        body = (For(one, body, is_lanes=one == lane),)
    return body


def _can_merge(exprs: Sequence[Expr], outer: Var, inner: Var) -> bool:
    tops = [expr for expr in exprs if expr.op in ("var", "linear")]
    for expr in walk(exprs):
        if expr.op != "linear":
            tops.extend(arg for arg in expr.args if arg.op in ("var", "linear"))
    for top in tops:
        by = {factor.data: value for factor, value in linear_terms(top).items() if factor.op == "var"}
        if by.get(outer, 0) != by.get(inner, 0) * inner.size:
            return False
    return True


def _variables(shape: tuple[int, ...]) -> tuple[Var, ...]:
    return tuple(Var(f"i{axis}", size) for axis, size in enumerate(shape))


def _inside(at: Expr, size: int) -> Expr:
    boolean = np.dtype("bool")
    low = apply("less", number(-1), at, dtype=boolean)
    return apply("logical_and", low, apply("less", at, number(size), dtype=boolean), dtype=boolean)


def _always_below(at: Expr, size: int) -> bool:
    from feedforward.compiler.loops import bounds

    low, high = bounds(at)
    return low is not None and high is not None and low >= 0 and high < size


def _least(dtype: np.dtype[Any]) -> Expr:
    return number(-np.inf if dtype.kind == "f" else np.iinfo(dtype).min, dtype)


def _largest(dtype: np.dtype[Any]) -> Expr:
    return number(np.inf if dtype.kind == "f" else np.iinfo(dtype).max, dtype)


def _replace_loads(expr: Expr, new: Mapping[Expr, Expr]) -> Expr:
    memo: dict[Expr, Expr] = dict(new)

    def visit(part: Expr) -> Expr:
        if part not in memo:
            args = tuple(visit(arg) for arg in part.args)
            memo[part] = part if args == part.args else Expr(part.op, args, part.dtype, part.data)
        return memo[part]

    return visit(expr)
