"""A program run section by section: a long one, or one with an operation that NumPy computes between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from feedforward.backends.backend import PlainLoop, check_variables
from feedforward.graph.cut import Section
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed

__all__ = ["Chain", "Runnable"]


class Runnable(Protocol):
    """What a section is compiled to."""

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""


class Chain:
    """A specialised program in sections.

    Parameters
    ----------
    program : Program
        What to run.
    sections : list of Section
        Its sections.
    codes : list of Runnable
        What each of them is run by.
    numbers : sequence of arrays
        The values of the program's numbers, its last variables.
    named : Program
        A program of the same structure, whose names messages have.
    """

    def __init__(
        self, program: Program, sections: list[Section], codes: list[Runnable], numbers: Sequence[Array], named: Program
    ) -> None:
        self.program, self.sections = program, sections
        self._codes, self._numbers, self._named = codes, numbers, named

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        program = self.program
        check_variables(program, variables, self._named)
        values: dict[Node, Array] = dict(zip(program.inputs, inputs, strict=True))
        values |= zip(program.variables, (*variables, *self._numbers), strict=True)
        for section, code in zip(self.sections, self._codes, strict=True):
            found, _ = code.run([values[node] for node in section.inputs], [])
            values |= zip(section.outputs, found, strict=True)
            for node in section.done:
                del values[node]

        def value(node: Node) -> Array:
            return flushed(values[node] if node in values else np.array(node.op.evaluate(**node.attrs)))

        updates = dict(program.updates)
        computed = [value(node) for node in program.outputs]
        given = {id(array) for array in (*inputs, *variables, *self._numbers)}
        outputs = [array.copy() if id(array) in given else array for array in computed]
        given |= set(map(id, outputs))
        after = []
        for node, old in zip(program.variables, variables, strict=False):  # the numbers come behind them
            new = value(updates[node]) if node in updates else old
            after.append(new.copy() if node in updates and id(new) in given else new)
        return outputs, after

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> PlainLoop:
        """Return it ready to go over batches; see `Executable.loop`."""
        return PlainLoop(self.run, variables, totals, done, self.program.kept)
