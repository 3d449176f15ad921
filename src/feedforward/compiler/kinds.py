"""Which kernels are the same but for what they work on: such kernels share their machine code.

The layers of a network that are alike, and the steps of an unrolled loop, have the same loops over buffers of the same
sizes, and draw the same random numbers but from streams of their own. A kernel's *kind* is what it does, with its
buffers and its draws numbered in the order in which they come up.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from feedforward.compiler.loops import (
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
)
from feedforward.compiler.memory import operands
from feedforward.graph.op import OPS

__all__ = ["Member", "member"]


@dataclass(frozen=True)
class Member:
    """A kernel as one of its kind.

    Parameters
    ----------
    kind : hashable
        What it does: members of equal kinds do the same, each with what follows.
    buffers : tuple of Buffer
        What it works on.
    draws : tuple of Expr
        Its random draws.
    """

    kind: Hashable
    buffers: tuple[Buffer, ...]
    draws: tuple[Expr, ...]

    @property
    def streams(self) -> tuple[int, ...]:
        """The streams that it draws from."""
        return tuple([dict(draw.data)["stream"] for draw in self.draws])


def member(kernel: Kernel) -> Member:
    """Return a kernel as one of its kind."""
    reader = _Words()
    reader.block(kernel.body)
    return Member(tuple(reader.words), tuple(reader.buffers), tuple(reader.draws))


class _Words:
    """Reads statements into words, in which expressions and buffers are numbers."""

    def __init__(self) -> None:
        self.words: list[Hashable] = []
        self.buffers: dict[Buffer, int] = {}
        self.numbers: dict[Expr, int] = {}
        self.draws: list[Expr] = []

    def block(self, body: Sequence[Statement]) -> None:
        """Read the statements of a block."""
        for statement in body:
            match statement:
                case For():
                    self.words.append(("for", statement.var, statement.is_lanes))
                    self.block(statement.body)
                case Accumulate():
                    self.words.append((statement.name, self.expression(statement.value)))
                case Combine():
                    self.words.append(("combine", statement.name, statement.operation))
                case Store():
                    parts = self.expression(statement.index), self.expression(statement.value)
                    self.words.append(("store", self.buffer(statement.buffer), *parts, statement.is_sum))
                case Pack():
                    sides = self.buffer(statement.out), self.buffer(statement.source)
                    self.words.append(("pack", *sides, statement.panels, statement.batch))
                case Multiply():
                    factors = tuple(map(self.buffer, (statement.out, *operands(statement))))
                    view = statement.view
                    self.words.append(
                        ("multiply", *factors, statement.plan, statement.batch, view, statement.variables)
                    )
                    self.block(statement.epilogue)
        self.words.append("end")

    def expression(self, expr: Expr) -> int:
        """Return the number of an expression, read when it first comes up."""
        if expr not in self.numbers:
            args = tuple(map(self.expression, expr.args))
            match expr.op:
                case "load":
                    data: Hashable = self.buffer(expr.data), expr.data.is_fed
                case "var":
                    data = expr.data
                case op if op in OPS and OPS[op].kind == "random":
                    data = repr([attr for attr in expr.data if attr[0] != "stream"])
                    self.draws.append(expr)
                case _:
                    data = repr(expr.data)  # where 0.0 and -0.0, and 1 and True, differ
            self.words.append((expr.op, expr.dtype, data, args))
            self.numbers[expr] = len(self.numbers)
        return self.numbers[expr]

    def buffer(self, buffer: Buffer) -> Hashable:
        """Return what counts of a buffer: its number, its size and its dtype."""
        return self.buffers.setdefault(buffer, len(self.buffers)), buffer.size, buffer.dtype
