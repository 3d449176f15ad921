"""A formula on tensors as an expression in a routine: so a loss is written once, and its derivative not at all."""

from __future__ import annotations

from collections.abc import Mapping

from feedforward.compiler.loops import Buffer, Expr, Store
from feedforward.compiler.lower import lower
from feedforward.compiler.simplify import simplify
from feedforward.compiler.target import Target
from feedforward.errors import GraphError
from feedforward.graph.node import Node
from feedforward.graph.program import Program

__all__ = ["formula"]


def formula(output: Node, values: Mapping[Node, Expr], target: Target) -> Expr:
    """Return a number that a graph computes as an expression of the numbers it is computed from.

    Parameters
    ----------
    output : Node
        What to compute, of shape ().
    values : mapping of Node to Expr
        What stands for each placeholder.
    target : Target
        The processor.

    Raises
    ------
    GraphError
        If it takes more than operations on single numbers.
    """
    program = simplify(Program(tuple(values), (), (output,)))
    lowered = lower(program, target)
    found = {lowered.buffers[node]: given for node, given in zip(program.inputs, values.values(), strict=True)}
    for statement in (one for kernel in lowered.kernels for one in kernel.body):
        if not isinstance(statement, Store):
            raise GraphError(f"formula: {output.op.name} takes more than operations on single numbers. Use no others.")
        found[statement.buffer] = _replaced(statement.value, found, {})
    return found[lowered.buffers[program.outputs[0]]]


def _replaced(expr: Expr, values: Mapping[Buffer, Expr], memo: dict[Expr, Expr]) -> Expr:
    """Return an expression with values for what it loads."""
    if expr.op == "load":
        return values[expr.data]
    if expr not in memo:
        args = tuple(_replaced(arg, values, memo) for arg in expr.args)
        memo[expr] = expr if args == expr.args else Expr(expr.op, args, expr.dtype, expr.data)
    return memo[expr]
