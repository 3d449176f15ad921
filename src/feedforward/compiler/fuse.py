"""Which nodes share a kernel; what each kernel computes, `lower.py` says.

Elementwise operations and movements are folded into what uses them, but for those that `stored` names: they get a
buffer. Maps over the same shape then share one nest where no value has to cross from one turn to another, and so do
reductions over the same loops where none reads another's result. What follows a product elementwise is computed as its
elements are done.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields

from feedforward.compiler.loops import (
    LEAST_LANES,
    MOST_APART,
    Buffer,
    Expr,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    Var,
    expressions,
    stride,
    walk,
)
from feedforward.compiler.matmul import Matmul
from feedforward.compiler.nests import join, merge, nest
from feedforward.compiler.parts import is_in_parts
from feedforward.compiler.views import Seen
from feedforward.graph.node import Node, known
from feedforward.graph.op import Op
from feedforward.graph.program import Program

__all__ = ["LEAVES", "Kernels", "has_own_kernel", "stored"]

LEAVES = ("placeholder", "variable", "constant", "size")

_DEAR = 12
"""An expression of more operations than this is computed once rather than in each place that uses it."""

_MOST_READ = 2
"""A value that is used more than once and made of more arrays of its size than this is computed once: to read them all
again takes longer than to write it and read that. So a parameter that an unrolled loop updates turn after turn does not
become a sum over all turns before, in code that is another one for each turn."""

_SIMPLE, _SPREAD = 2, 1000
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


def has_own_kernel(op: Op) -> bool:
    """Return whether an operation is more than an expression of each element."""
    return op.kind == "contraction" or op.reduce is not None or op.scatter is not None


def stored(program: Program, views: Mapping[Node, Seen]) -> list[Node]:
    """Return the nodes that get a buffer, in order.

    They are the ends of the program, products, reductions and scatters, the operands of products (of one that is seen
    in another, that), and what is dear to compute and used more than once.
    """
    ends = {*program.outputs, *(value for _, value in program.updates)}
    users: dict[Node, int] = {}
    for node in program.nodes:
        for source in node.inputs:
            users[source] = users.get(source, 0) + 1
    sides = [source for node in program.nodes if node.op.kind == "contraction" for source in node.inputs]
    operands = {views[side].source if side in views else side for side in sides}
    operands |= {_unmoved(side) for node in program.nodes if _adds_products(node.op) for side in node.inputs}
    spread = {node.inputs[0] for node in program.nodes if node.op.name == "broadcast_to" and _saves(node)}
    found: list[Node] = []
    weight: dict[Node, int] = {}
    moved: dict[Node, int] = {}
    arrays: dict[Node, frozenset[Node]] = {}
    for node in program.nodes:
        total = _own_cost(node) + sum(weight.get(source, 0) for source in node.inputs)
        moves = (node.op.read is not None) + max((moved.get(source, 0) for source in node.inputs), default=0)
        is_leaf = node.op.name in LEAVES
        read = frozenset[Node]().union(*(arrays.get(source, ()) for source in node.inputs))
        is_stored = node in ends or (
            not is_leaf
            and (
                has_own_kernel(node.op)
                or node in operands
                or total > _LARGEST
                or moves > _MOST_MOVED
                or (node in spread and total > _SIMPLE)
                or is_in_parts(node)
                or (
                    users.get(node, 0) > 1
                    and node.op.name != "broadcast_to"
                    and (total > _DEAR or _count_as_large(read, node) > _MOST_READ)
                )
            )
        )
        weight[node], moved[node] = (0, 0) if is_stored or is_leaf else (total, moves)
        arrays[node] = frozenset((node,)) if is_stored or is_leaf else read
        if is_stored or (node in operands and node.op.name in ("constant", "size")):
            found.append(node)
    return found


def _adds_products(op: Op) -> bool:
    return op.reduce is not None and op.reduce.operation == "multiply_add"


def _unmoved(node: Node) -> Node:
    """Return what a node only moves the elements of: each is read in many products, and is to be computed once."""
    while node.op.kind == "movement" and len(node.inputs) == 1:
        node = node.inputs[0]
    return node


def _own_cost(node: Node) -> int:
    """Return about how many additions an element of a node costs: none where only an index changes."""
    return 0 if node.op.kind in ("movement", "window") and len(node.inputs) == 1 else node.op.cost


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


@dataclass
class _Map:
    """A kernel of maps that is still open: its position in the order, its loop variables and its stores."""

    position: int
    variables: tuple[Var, ...]
    names: list[str]
    stores: dict[tuple[Buffer, Expr], Store]  # by what they write where: the parts of a concatenation are one buffer's

    @property
    def values(self) -> list[Expr]:
        """What the stores write."""
        return [store.value for store in self.stores.values()]

    @property
    def body(self) -> tuple[Statement, ...]:
        """Its loops."""
        stores, variables = _merged(self.stores.values(), self.variables)
        *_, outer, last = [None, None, *variables]
        lane = last if last and last.size >= LEAST_LANES else None
        if outer and last and last.size <= MOST_APART < outer.size and _lie_near(stores, outer):
            lane = outer
        return nest(variables, stores, lane)


@dataclass
class _Reductions:
    """A kernel of reductions over the same loops: its position in the order, and what each is called."""

    position: int
    names: list[str]


class Kernels:
    """The kernels of a program, in order, while they are made: what comes later joins one of them where it can."""

    def __init__(self) -> None:
        self._bodies: list[tuple[str, tuple[Statement, ...]] | None] = []  # None of what went into a product
        self._writers: dict[Buffer, set[int]] = {}
        self._maps: dict[int, _Map] = {}
        # The last map over some loops, after the same products.
        self._beside: dict[tuple[tuple[Var, ...], frozenset[Expr]], _Map] = {}
        self._reductions: dict[Hashable, list[_Reductions]] = {}  # by their loops; full ones are gone
        self._products: dict[int, tuple[tuple[Var, ...], Expr]] = {}
        self._elements: set[Expr] = set()

    def add(self, name: str, out: Buffer, body: tuple[Statement, ...]) -> None:
        """Add a kernel that writes a buffer and that nothing joins."""
        self._writers[out] = {len(self._bodies)}
        self._bodies.append((name, body))

    def add_product(self, name: str, product: Multiply, variables: tuple[Var, ...], element: Expr) -> None:
        """Add a product; what reads its `element` at `variables` may follow it."""
        self._products[len(self._bodies)] = variables, element
        self._elements.add(element)
        self.add(name, product.out, (product,))

    def add_map(self, name: str, variables: tuple[Var, ...], store: Store) -> None:
        """Add a store in loops over `variables`, in a kernel that is there already if one fits."""
        parts = list(walk([store.value]))  # once, since there may be a thousand groups
        loads = [expr for expr in parts if expr.op == "load"]
        last = self._last_writer(loads)
        follows = frozenset(expr for expr in loads if expr in self._elements)
        # What is read is there only behind `last`; and only the maps at `last` may be such that they are read.
        beside, before = self._beside.get((variables, follows)), self._maps.get(last)
        groups = []
        if beside is not None and beside.position > last and len(beside.stores) < _MOST_BESIDE:
            groups.append(beside)
        if before is not None and before.variables == variables:
            groups.append(before)
        for group in groups if len(parts) <= _LARGEST else ():
            fused = _fused(group, store.value, loads)
            if fused is not None:
                if follows and group is self._beside.get((variables, frozenset())):
                    # It follows a product now: what comes beside had better not.
                    del self._beside[variables, frozenset()]
                self._add_store(group, name, replace_fields(store, value=fused))
                return
        group = _Map(len(self._bodies), variables, [], {})
        self._maps[group.position] = self._beside[variables, follows] = group
        self._bodies.append(None)
        self._add_store(group, name, store)

    def _add_store(self, group: _Map, name: str, store: Store) -> None:
        self._writers.setdefault(store.buffer, set()).add(group.position)
        group.names.append(name)
        group.stores[store.buffer, store.index] = store

    def _last_writer(self, loads: Sequence[Expr]) -> int:
        """Return the position of the last kernel that writes what is loaded; -1 where none does."""
        return max((self._written(expr.data) for expr in loads), default=-1)

    def _written(self, buffer: Buffer) -> int:
        """Return the position of the last kernel that writes a buffer; -1 where none does."""
        return max(self._writers.get(buffer, ()), default=-1)

    def add_reduction(
        self, name: str, out: Buffer, loops: Hashable, value: Expr, body: Callable[[str], tuple[Statement, ...]]
    ) -> None:
        """Add a reduction of `value`, in a kernel over the same loops where one could compute it, too.

        `body` is its kernel, given what to call its total.
        """
        last = self._last_writer([expr for expr in walk([value]) if expr.op == "load"])
        groups = self._reductions.setdefault(loops, [])
        at = bisect(groups, last, key=lambda group: group.position)
        if at == len(groups):
            groups.append(_Reductions(len(self._bodies), [name]))
            self.add(name, out, body("total"))
            return
        group = groups[at]
        joined = join(self._body(group.position)[1], body(f"total{len(group.names)}"))
        group.names.append(name)
        if len(group.names) == _MOST_JOINED:
            del groups[at]
        self._bodies[group.position] = _title(group.names), joined
        self._writers[out] = {group.position}

    def finished(self, ends: Collection[Buffer]) -> list[Kernel]:
        """Return the kernels; `ends` are the buffers that are read after them."""
        self._fuse_products(ends)
        for group in self._maps.values():
            self._bodies[group.position] = _title(group.names), group.body
        return [Kernel(*body) for body in self._bodies if body is not None]

    def _body(self, position: int) -> tuple[str, tuple[Statement, ...]]:
        """Return name and statements of a kernel that is no open map."""
        return self._bodies[position] or ("", ())

    def _fuse_products(self, ends: Collection[Buffer]) -> None:
        """Let a product compute, for each of its elements, the maps that follow: bias, activation, a whole update."""
        readers = self._readers()
        for position, (variables, own) in self._products.items():
            name, (product,) = self._body(position)
            if not isinstance(product, Multiply) or min(product.plan.rows, product.plan.columns) < 2:
                continue
            # A map follows the product that it reads: looking at all maps would take the square of a program's time.
            for group in [self._maps[one] for one in sorted(readers.get(product.out, ())) if one in self._maps]:
                if group.variables == variables and self._follows(group, position, own):
                    del self._maps[group.position]
                    for store in group.stores.values():
                        self._writers[store.buffer] = self._writers[store.buffer] - {group.position} | {position}
                    for buffer in _loaded(group.values):
                        readers[buffer] = readers[buffer] - {group.position} | {position}
                    is_needed = product.out in ends or bool(readers[product.out] - {position})
                    keep = (Store(product.out, own.args[0], own),) if is_needed else ()
                    epilogue, turns = _flattened((*keep, *group.stores.values()), variables, product.plan)
                    fused = replace_fields(product, epilogue=epilogue, variables=turns)
                    self._bodies[position] = _title([name, *group.names]), (fused,)
                    break

    def _follows(self, group: _Map, position: int, own: Expr) -> bool:
        """Return whether maps may be computed by the product at `position`, whose element is `own`."""
        is_used = False
        for expr in walk(group.values):
            if expr.op != "load":
                continue
            if expr == own:
                is_used = True
            elif expr.data is own.data or self._written(expr.data) >= position:
                return False
        return is_used

    def _readers(self) -> dict[Buffer, set[int]]:
        """Return in which kernels each buffer is read."""
        found: dict[Buffer, set[int]] = {}
        for group in self._maps.values():
            for buffer in _loaded(group.values):
                found.setdefault(buffer, set()).add(group.position)
        for position in range(len(self._bodies)):
            _, body = self._body(position)
            products = [one for one in body if isinstance(one, Multiply)]
            copied = [one.source for one in body if isinstance(one, Pack)]
            for buffer in {
                *_loaded(expressions(body)),
                *copied,
                *(side for one in products for side in (one.x, one.y)),
            }:
                found.setdefault(buffer, set()).add(position)
        return found


def _title(names: Sequence[str]) -> str:
    """Return what to call a kernel of several parts."""
    return " and ".join(dict.fromkeys(names))


def _fused(group: _Map, value: Expr, loads: Sequence[Expr]) -> Expr | None:
    """Return the value, of which `loads` are all loads, as that kernel would compute it; None if it cannot."""
    new: dict[Expr, Expr] = {}
    written = {buffer for buffer, _ in group.stores}
    for expr in loads:
        if expr.data in written:
            own = group.stores.get((expr.data, expr.args[0]))
            if own is None:
                return None
            new[expr] = own.value
    fused = _replace_loads(value, new) if new else value
    return fused if fused.depth <= _DEEPEST else None


def _replace_loads(expr: Expr, new: Mapping[Expr, Expr]) -> Expr:
    memo: dict[Expr, Expr] = dict(new)

    def visit(part: Expr) -> Expr:
        if part not in memo:
            args = tuple(visit(arg) for arg in part.args)
            memo[part] = part if args == part.args else Expr(part.op, args, part.dtype, part.data)
        return memo[part]

    return visit(expr)


def _flattened(
    epilogue: tuple[Store, ...], variables: tuple[Var, ...], plan: Matmul
) -> tuple[tuple[Store, ...], tuple[Var, ...]]:
    """Return the epilogue of a narrow product over the elements in row-major order, where every index allows it."""
    if plan.columns >= plan.unit:
        return epilogue, variables
    stores, left = _merged(epilogue, variables)
    return (epilogue, variables) if len(left) > 1 else (stores, tuple(left))


def _merged(stores: Collection[Store], variables: Sequence[Var]) -> tuple[tuple[Store, ...], list[Var]]:
    """Return stores and the loops around them, with neighbouring loops made one."""
    parts, left = merge([part for store in stores for part in (store.index, store.value)], list(variables))
    pairs = zip(stores, parts[0::2], parts[1::2], strict=True)
    return tuple(Store(store.buffer, index, value) for store, index, value in pairs), left


def _lie_near(stores: Sequence[Store], variable: Var) -> bool:
    """Return whether what a loop reads and writes lies at most `MOST_APART` elements from one turn to the next."""
    loads = [expr.args[0] for expr in walk([store.value for store in stores]) if expr.op == "load"]
    steps = [stride(index, variable) for index in (*loads, *(store.index for store in stores))]
    return all(step is not None and 0 <= step <= MOST_APART for step in steps)


def _loaded(exprs: Sequence[Expr]) -> set[Buffer]:
    """Return the buffers that expressions read."""
    return {expr.data for expr in walk(exprs) if expr.op == "load"}
