"""Loops around statements: made, merged with their neighbours, and joined with others of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as replace_fields

import numpy as np

from feedforward.compiler.loops import (
    Accumulate,
    Combine,
    Expr,
    For,
    Statement,
    Store,
    Var,
    apply,
    linear_terms,
    number,
    replace,
    var,
    walk,
)
from feedforward.compiler.matmul import CHAIN

__all__ = ["loops_over", "nest", "merge", "join", "long_sum"]


def loops_over(shape: tuple[int, ...]) -> tuple[Var, ...]:
    """Return the variables of loops over all elements of a shape."""
    return tuple(Var(f"i{axis}", size) for axis, size in enumerate(shape))


def nest(variables: Sequence[Var], body: tuple[Statement, ...], lane: Var | None) -> tuple[Statement, ...]:
    """Return loops over `variables`, the first outermost, around a body."""
    for one in reversed([one for one in variables if one.size != 1]):
        body = (For(one, body, is_lanes=one == lane),)
    return body


def merge(exprs: Sequence[Expr], variables: list[Var]) -> tuple[list[Expr], list[Var]]:
    """Return expressions and loops with neighbouring loops made one where every index allows it.

    ``for i in 0..a: for j in 0..b: x[b*i + j]`` becomes ``for j in 0..a*b: x[j]``.
    """
    current = list(exprs)
    left = [one for one in variables if one.size != 1]
    position = len(left) - 2
    while position >= 0:
        outer, inner = left[position], left[position + 1]
        if _can_merge(current, outer, inner):
            joint = Var(inner.name, outer.size * inner.size)
            new = {outer: number(0), inner: var(joint)}
            memo: dict[Expr, Expr] = {}
            current = [replace(expr, new, memo) for expr in current]
            left[position : position + 2] = [joint]
        position -= 1
    return current, left


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


def join(first: tuple[Statement, ...], second: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Return two bodies of the same loops as one: what is before the loop of each, one loop, what is after it."""
    loops = [next((one for one in body if isinstance(one, For)), None) for body in (first, second)]
    ours, theirs = loops
    if ours is None or theirs is None:
        return first + second
    at, their_at = first.index(ours), second.index(theirs)
    loop = replace_fields(ours, body=join(ours.body, theirs.body))
    return (*first[:at], *second[:their_at], loop, *first[at + 1 :], *second[their_at + 1 :])


def long_sum(reduced: Sequence[Var], lane: Var | None, value: Expr, store: Store) -> tuple[Statement, ...]:
    """Return the sum of very many float32 terms: float32 sums of blocks, added up in float64.

    One float32 sum of n terms may be off by n roundings; here n is the length of a block, which is a sixteenth of
    `CHAIN` where lanes do not share the terms.
    """
    *outer, last = reduced
    wide, dtype = np.dtype("float64"), value.dtype
    size = min(last.size, CHAIN if last == lane else CHAIN // 16)
    total = apply("accumulator", dtype=wide, data="total")

    def block(name: str, turns: int, start: Expr) -> tuple[Statement, ...]:
        turn = Var(last.name, turns)
        part = apply("accumulator", dtype=dtype, data=name)
        term = replace(value, {last: start + var(turn)})
        inner = For(turn, (Accumulate(name, apply("add", part, term, dtype=dtype)),), is_lanes=last == lane)
        combined = (Combine(name, "add"),) if last == lane else ()
        whole = Accumulate("total", apply("add", total, part.cast(wide), dtype=wide))
        return (Accumulate(name, number(0, dtype)), inner, *combined, whole)

    blocks = Var("block", last.size // size)
    body: tuple[Statement, ...] = (For(blocks, block("part", size, var(blocks) * size)),)
    if last.size % size:
        body += block("rest", last.size % size, number(blocks.size * size))
    end = Store(store.buffer, store.index, total.cast(dtype))
    return (Accumulate("total", number(0, wide)), *nest(outer, body, None), end)
