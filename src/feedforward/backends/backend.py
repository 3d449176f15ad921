"""What every backend offers: `compile` a program into an `Executable`, which runs once or loops over batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from feedforward.graph.node import Array
from feedforward.graph.program import Program


class Executable(Protocol):
    """A compiled program."""

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once.

        Parameters
        ----------
        inputs, variables : sequence of arrays
            In the program's order; what is unknown in a shape is read off them.

        Returns
        -------
        outputs, variables : lists of arrays
            What was computed, and all variables after the updates.

        Raises
        ------
        ShapeError, DtypeError
            If an array is not of the shape or dtype declared.
        """

    def loop(
        self,
        arrays: Sequence[Array],
        order: Array,
        batch_size: int,
        variables: Sequence[Array],
        totals: Sequence[Array] | None = None,
    ) -> tuple[list[Array], list[Array]]:
        """Run once for each batch of rows, and add the outputs up.

        Parameters
        ----------
        arrays : sequence of arrays, shape (n, ...)
            One for each input; a batch is a choice of their rows.
        order : int64 array, shape (m,)
            The rows in the order of their use: the first `batch_size` are the first batch, and so on. What is left at
            the end is a smaller batch.
        batch_size : int
            Rows in a batch.
        variables : sequence of arrays
            Their values at the start; a backend may overwrite them.
        totals : sequence of float64 arrays, optional
            What to add to; zeros by default. So an epoch cut into chunks gives the bits of one that is not.

        Returns
        -------
        totals, variables : lists of arrays
            The outputs, added up in float64 over the batches in order, and all variables after the last.
        """


class Backend(Protocol):
    """Something that compiles programs."""

    def compile(self, program: Program) -> Executable:
        """Return `program` ready to run."""
