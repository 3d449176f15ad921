"""Rewrites of a graph that keep its meaning: each rule is a function with ``before -> after`` in its docstring.

Rules see a node whose inputs are rewritten already, and return the node to use in its place. Values stay the same but
for roundings: a rule that takes a logarithm before a quotient rounds ``x - m``. What a rule leaves unused is gone,
because a program is what its ends need.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from feedforward.compiler.gathering import gather_windows
from feedforward.compiler.parts import into_parts, join_pads, join_parts
from feedforward.graph.node import Array, Node, build, in_own_context, known, origin_of
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed
from feedforward.ops.elementary import exp
from feedforward.ops.reduce import logsumexp, max, sum
from feedforward.ops.state import constant, is_filled

__all__ = [
    "Rule",
    "simplify",
    "share",
    "fold",
    "is_foldable",
    "folded",
    "unwrap_movement",
    "unwrap_transpose",
    "read_transposed",
    "turn_products",
    "drop_neutral",
    "log_of_exp",
    "log_of_softmax",
    "softmax_gradient",
    "shift_softmax",
    "shift_logsumexp",
    "RULES",
    "SHIFTS",
]

Rule = Callable[[Node], Node]

_FOLDED_SIZE = 1024
"""Constants of up to this many elements are computed ahead."""


def simplify(program: Program) -> Program:
    """Return a program that computes the same with fewer and safer operations."""
    program = _rewrite(program, RULES)
    # Exponentials are shifted last: until then, the parts of a softmax and of its gradient are known by each other.
    uses = _uses(program)
    program = _rewrite(program, (turn_products(uses), join_parts(uses), into_parts(uses), *SHIFTS), uses)
    if any(node.op.name == "overlap_add" for node in program.nodes):
        uses = _uses(program)
        program = _rewrite(program, (gather_windows(uses), *RULES), uses)
    return program


def _uses(program: Program) -> Counter[Node]:
    """Return how often each node of a program is used, by others and as an end."""
    ends = [*program.outputs, *(value for _, value in program.updates)]
    return Counter([source for node in program.nodes for source in node.inputs] + ends)


@in_own_context
def _rewrite(program: Program, rules: Sequence[Rule], uses: Counter[Node] | None = None) -> Program:
    """Return a program with rules applied to each node, inputs first, and equal nodes made one.

    Where rules go by the `uses` of nodes, those that take the place of others have theirs.
    """
    new: dict[Node, Node] = {}
    seen: dict[Hashable, Node] = {}
    for node in program.nodes:
        inputs = tuple(new[source] for source in node.inputs)
        result = node
        with origin_of(node):
            if inputs != node.inputs:
                result = build(node.op, inputs, node.attrs)
            if node.op.kind != "state":
                for rule in rules:
                    result = rule(result)
        new[node] = share(result, seen)
        if uses is not None and new[node] is not node:
            uses[new[node]] += uses[node]
    return Program(
        program.inputs,
        program.variables,
        tuple(new[node] for node in program.outputs),
        tuple((variable, new[value]) for variable, value in program.updates),
        numbers=program.numbers,
        kept=program.kept,
    )


def share(node: Node, seen: dict[Hashable, Node]) -> Node:
    """``f(x), f(x) -> y, y``: return the first node that computes the same."""
    if node.op.name in ("placeholder", "variable"):
        return node
    return seen.setdefault((node.op.name, node.inputs, tuple(node.attrs.items())), node)


def fold(node: Node) -> Node:
    """``f(constant) -> constant``, where the result is small and the same on every machine; random draws stay."""
    if not is_foldable(node) or any(source.op.name != "constant" for source in node.inputs):
        return node
    return constant(folded(node, [source.attrs["value"].value for source in node.inputs]))


def is_foldable(node: Node) -> bool:
    """Return whether a node is computed ahead where all of its inputs are constants."""
    return (
        bool(node.inputs)
        and node.op.kind != "random"
        and node.op.is_portable
        and node.op.name != "broadcast_to"
        and math.prod(known(node.shape)) <= _FOLDED_SIZE
    )


def folded(node: Node, values: Sequence[Array]) -> Array:
    """Return the value of a node from those of its inputs."""
    with np.errstate(all="ignore"):
        return flushed(np.array(node.op.evaluate(*map(flushed, values), **node.attrs), node.dtype, copy=True))


def unwrap_movement(node: Node) -> Node:
    """``reshape(reshape(x)) -> reshape(x)``, ``broadcast(broadcast(x)) -> broadcast(x)``, the same shape ``-> x``."""
    if node.op.name not in ("reshape", "broadcast_to"):
        return node
    source = node.inputs[0]
    if source.op is node.op and (node.op.name == "reshape" or source.ndim == source.inputs[0].ndim):
        node = build(node.op, source.inputs, node.attrs)
        source = node.inputs[0]
    return source if source.shape == node.shape else node


def unwrap_transpose(node: Node) -> Node:
    """``transpose(transpose(x)) -> transpose(x)``, the same order of axes ``-> x``."""
    if node.op.name != "transpose":
        return node
    source, axes = node.inputs[0], node.attrs["axes"]
    if source.op is node.op:
        axes = tuple(source.attrs["axes"][axis] for axis in axes)
        node = build(node.op, source.inputs, {"axes": axes})
        source = node.inputs[0]
    return source if axes == tuple(range(node.ndim)) else node


def read_transposed(node: Node) -> Node:
    """``transpose(x) @ y -> x' @ y``, ``x @ transpose(y) -> x @ y'``: the product reads what lies transposed."""
    if node.op.name != "matmul":
        return node
    for number, side in enumerate(("transpose_x", "transpose_y")):
        if _swaps_matrix(node.inputs[number]):
            inputs = list(node.inputs)
            inputs[number] = inputs[number].inputs[0]
            node = build(node.op, tuple(inputs), {**node.attrs, side: not node.attrs[side]})
    return node


def turn_products(uses: Counter[Node]) -> Rule:
    """``transpose(x @ y) -> y' @ x'``, such as the gradient of x @ y', where nothing else in a program uses x @ y."""

    def turn(node: Node) -> Node:
        if not _swaps_matrix(node) or node.inputs[0].op.name != "matmul" or uses[node.inputs[0]] != 1:
            return node
        product = node.inputs[0]
        sides = {"transpose_x": not product.attrs["transpose_y"], "transpose_y": not product.attrs["transpose_x"]}
        return build(product.op, product.inputs[::-1], sides)

    return turn


def _swaps_matrix(node: Node) -> bool:
    """Return whether a node is another with its last two axes swapped."""
    last = node.ndim - 1
    return node.op.name == "transpose" and node.attrs["axes"] == (*range(last - 1), last, last - 1)


def drop_neutral(node: Node) -> Node:
    """``x * 1 -> x``, ``x / 1 -> x``, ``x - 0 -> x``: exact for every x, NaN and -0 included."""
    if node.op.name == "multiply" and is_filled(node.inputs[0], 1):
        return node.inputs[1]
    neutral = {"multiply": 1, "divide": 1, "subtract": 0}.get(node.op.name)
    return node.inputs[0] if neutral is not None and is_filled(node.inputs[1], neutral) else node


def log_of_exp(node: Node) -> Node:
    """``log(exp(x)) -> x``, which neither overflows nor underflows."""
    is_pair = node.op.name == "log" and node.inputs[0].op.name == "exp"
    return node.inputs[0].inputs[0] if is_pair else node


def log_of_softmax(node: Node) -> Node:
    """``log(exp(x) / s) -> x - log(s)``: no logarithm of a quotient that was rounded to 0."""
    if node.op.name != "log" or node.inputs[0].op.name != "divide":
        return node
    over, under = node.inputs[0].inputs
    if over.op.name != "exp":
        return node
    if under.op.name != "broadcast_to":  # nor may one row alone, over which nothing is spread, get other bits than many
        return over.inputs[0] - build(node.op, (under,))
    source = under.inputs[0]
    if source.op.name == "reshape":
        inner = build(node.op, (source.inputs[0],))
        logarithm = build(under.op, (build(source.op, (inner,), source.attrs),), under.attrs)
    else:
        logarithm = build(under.op, (build(node.op, (source,)),), under.attrs)
    return over.inputs[0] - logarithm


class _Softmax(NamedTuple):
    """The parts of ``exp(x) / s``, where s is the sum of exp(x) along axes, spread over them again."""

    exponential: Node
    total: Node
    axes: tuple[int, ...]


def softmax_gradient(node: Node) -> Node:
    """``((g/p) / s - sum((g/p) p / s)) e -> g - p sum(g)``, where ``p = e / s`` is a softmax: what becomes of g log(p).

    The left side is what the gradient's rules make of a logarithm, a quotient, a sum and an exponential; where p was
    rounded to 0 it is NaN. The right side has no quotient.
    """
    if node.op.name != "multiply":
        return node
    for inner, exponential in (node.inputs, node.inputs[::-1]):
        if exponential.op.name != "exp" or inner.op.name != "add":
            continue
        for direct, spread in (inner.inputs, inner.inputs[::-1]):
            found = _gradient_parts(direct, spread, exponential)
            if found is not None:
                g, p, back = found
                total = build(back.op, (g,), back.attrs)
                if spread.inputs[0] is not back:
                    total = build(spread.inputs[0].op, (total,), spread.inputs[0].attrs)
                return g - p * build(spread.op, (total,), spread.attrs)
    return node


def _gradient_parts(direct: Node, spread: Node, exponential: Node) -> tuple[Node, Node, Node] | None:
    """Return g, p and the sum below `spread`, if these are the two parts of a softmax's gradient."""
    if direct.op.name != "divide" or direct.inputs[0].op.name != "divide" or spread.op.name != "broadcast_to":
        return None
    quotient, below = direct.inputs
    g, p = quotient.inputs
    parts = _softmax(p)
    if parts is None or parts.exponential is not exponential or parts.total is not below:
        return None
    back = spread.inputs[0].inputs[0] if spread.inputs[0].op.name == "reshape" else spread.inputs[0]
    if back.op.name != "sum" or back.attrs["axes"] != parts.axes:
        return None
    over = back.inputs[0]
    is_back = over.op.name == "divide" and over.inputs[1] is below and over.inputs[0].op.name == "negative"
    if not is_back:
        return None
    product = over.inputs[0].inputs[0]
    return (g, p, back) if product.op.name == "multiply" and set(product.inputs) == {quotient, p} else None


def _softmax(node: Node) -> _Softmax | None:
    if node.op.name != "divide":
        return None
    exponential, total = node.inputs
    if exponential.op.name != "exp" or total.op.name != "broadcast_to":
        return None
    source = total.inputs[0]
    source = source.inputs[0] if source.op.name == "reshape" else source
    is_sum = source.op.name == "sum" and source.inputs[0] is exponential
    return _Softmax(exponential, total, source.attrs["axes"]) if is_sum else None


def shift_softmax(node: Node) -> Node:
    """``exp(x) / sum(exp(x)) -> exp(x - m) / sum(exp(x - m))``, m = max(x): no exponential overflows."""
    parts = _softmax(node)
    if parts is None or not parts.axes or _is_shifted(parts.exponential.inputs[0]):
        return node
    x = parts.exponential.inputs[0]
    powers = exp(x - max(x, parts.axes, keepdims=True))
    return powers / sum(powers, parts.axes, keepdims=True)


def shift_logsumexp(node: Node) -> Node:
    """``log(sum(exp(x))) -> m + log(sum(exp(x - m)))``, m = max(x), or 0 where that is infinite."""
    if node.op.name != "log" or node.inputs[0].op.name != "sum" or node.inputs[0].inputs[0].op.name != "exp":
        return node
    x, axes = node.inputs[0].inputs[0].inputs[0], node.inputs[0].attrs["axes"]
    return node if not axes or _is_shifted(x) else logsumexp(x, axes)


def _is_shifted(x: Node) -> bool:
    """Return whether x is something less its maximum."""
    if x.op.name != "subtract":
        return False
    top = x.inputs[1]
    while top.op.name in ("broadcast_to", "reshape", "stop_gradient", "where"):
        top = top.inputs[1 if top.op.name == "where" else 0]
    return top.op.name == "max"


RULES: tuple[Rule, ...] = (
    fold,
    unwrap_movement,
    unwrap_transpose,
    read_transposed,
    drop_neutral,
    join_pads,
    log_of_exp,
    log_of_softmax,
    softmax_gradient,
)
"""The rules in the order in which they are tried."""

SHIFTS: tuple[Rule, ...] = (shift_softmax, shift_logsumexp)
"""The rules tried when no other applies any more."""
