"""A long program run piece by piece: each is code of its own, made once for pieces that are equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from feedforward.backends.backend import PlainLoop, check_variables
from feedforward.graph.cut import cut
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program

__all__ = ["Chain", "Code"]


class Code(Protocol):
    """What a piece is compiled to."""

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""


class Chain:
    """A specialised program as pieces of at most so many operations.

    Parameters
    ----------
    program : Program
        What to run.
    most : int
        Operations of a piece.
    compile_piece : callable
        Makes code of a piece.
    """

    def __init__(self, program: Program, most: int, compile_piece: Callable[[Program], Code]) -> None:
        self.program = program
        self.pieces = cut(program, most)
        codes = {one: compile_piece(one) for one in dict.fromkeys(piece.program for piece in self.pieces)}
        self._codes = [codes[piece.program] for piece in self.pieces]

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        program = self.program
        check_variables(program, variables)
        values: dict[Node, Array] = dict(zip(program.inputs, inputs, strict=True))
        values |= zip(program.variables, variables, strict=True)
        for piece, code in zip(self.pieces, self._codes, strict=True):
            found, _ = code.run([values[node] for node in piece.inputs], [])
            values |= zip(piece.outputs, found, strict=True)
            for node in piece.done:
                del values[node]

        def value(node: Node) -> Array:
            return values[node] if node in values else np.array(node.op.evaluate(**node.attrs))

        updates = dict(program.updates)
        computed = [value(node) for node in program.outputs]
        given = {id(array) for array in (*inputs, *variables)}
        outputs = [array.copy() if id(array) in given else array for array in computed]
        return outputs, [value(updates.get(node, node)) for node in program.variables]

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> PlainLoop:
        """Return it ready to go over batches; see `Executable.loop`."""
        return PlainLoop(self.run, variables, totals, done)
