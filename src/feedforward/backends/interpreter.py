"""The interpreter: calls each operation's NumPy rule, node by node.

Slow and obvious; the oracle for every other backend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from feedforward.backends.backend import PlainLoop, check_inputs, check_variables
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program, specialise
from feedforward.graph.subnormal import flushed

__all__ = ["Observer", "Interpreter", "InterpretedProgram"]

Observer = Callable[[Node, Array], None]
"""Called with each node and its value as it is computed."""


class Interpreter:
    """The backend that runs a program with NumPy."""

    def compile(self, program: Program) -> InterpretedProgram:
        """Return `program` ready to run; nothing is compiled ahead."""
        return InterpretedProgram(program)


class InterpretedProgram:
    """A program run node by node.

    Parameters
    ----------
    program : Program
        What to run; specialised anew for each combination of shapes that is fed.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._specialised: dict[tuple[tuple[int, ...], ...], _Schedule] = {}

    def run(
        self, inputs: Sequence[Array], variables: Sequence[Array], watch: Observer | None = None
    ) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`. `watch` is called with each node and its value."""
        check_inputs(self.program, inputs)
        shapes = tuple(array.shape for array in inputs)
        if shapes not in self._specialised:
            self._specialised[shapes] = _Schedule(specialise(self.program, shapes))
        schedule = self._specialised[shapes]
        check_variables(schedule.program, variables)
        return schedule.run(inputs, variables, watch)

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> PlainLoop:
        """Return it ready to go over batches; see `Executable.loop`."""
        return PlainLoop(self.run, variables, totals, done, self.program.row_outputs)


class _Schedule:
    """A specialised program with, for each node, the values that nobody needs after it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        ends = [*program.outputs, *(value for _, value in program.updates)]
        leaves = {*program.inputs, *program.variables}
        last_use: dict[Node, Node] = {}
        for node in program.nodes:
            for source in node.inputs:
                last_use[source] = node
        self.steps: list[tuple[Node, list[Node]]] = []
        kept = {*ends, *leaves}
        free: dict[Node, list[Node]] = {}
        for source, user in last_use.items():
            if source not in kept:
                free.setdefault(user, []).append(source)
        self.steps = [(node, free.get(node, [])) for node in program.nodes if node not in leaves]

    def run(
        self, inputs: Sequence[Array], variables: Sequence[Array], watch: Observer | None
    ) -> tuple[list[Array], list[Array]]:
        program = self.program
        values: dict[Node, Array] = {}
        with np.errstate(all="ignore"):
            values |= zip(program.inputs, map(flushed, inputs), strict=True)
            values |= zip(program.variables, map(flushed, variables), strict=False)
            for node, free in self.steps:
                value = np.asarray(node.op.evaluate(*(values[source] for source in node.inputs), **node.attrs))
                values[node] = value = flushed(value)
                if watch is not None:
                    watch(node, value)
                for source in free:
                    del values[source]
        updates = dict(program.updates)
        return (
            [values[node] for node in program.outputs],
            [
                values[updates[node]] if node in updates else given
                for node, given in zip(program.variables, variables, strict=False)
            ],
        )
