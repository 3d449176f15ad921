"""What every backend offers: `compile` a program into an `Executable`, which runs once or loops over batches.

Also here: the checks of what an executable is fed, which all backends share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.node import Array, Node, shape_text
from feedforward.graph.program import Program

__all__ = ["Executable", "Backend", "check_inputs", "check_variables", "check_rows"]


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
            Their values at the start, which stay as they are.
        totals : sequence of float64 arrays, optional
            What to add to; zeros by default. So an epoch cut into chunks gives the bits of one that is not.

        Returns
        -------
        totals, variables : lists of arrays
            The outputs, added up in float64 over the batches in order, and all variables after the last.

        Raises
        ------
        ShapeError
            If an array is not of the shape declared or has no rows, if arrays differ in their number of rows, or if
            the order names a row that is not there.
        DtypeError
            If an array is not of the dtype declared, or the order holds no integers.
        TypeError, ValueError
            If `batch_size` is no int, or less than 1.
        """


class Backend(Protocol):
    """Something that compiles programs."""

    def compile(self, program: Program) -> Executable:
        """Return `program` ready to run."""


def check_inputs(program: Program, inputs: Sequence[Array]) -> None:
    """Check number and dtypes of the arrays that a program is fed; see `Executable.run` for what it raises."""
    _check_dtypes("input", program.inputs, inputs)


def check_variables(program: Program, variables: Sequence[Array], named: Program | None = None) -> None:
    """Check the variables' values that a specialised program is fed; see `Executable.run` for what it raises.

    Messages have the names of `named`, a program of the same structure, if there is one.
    """
    nodes = (named or program).variables
    _check_dtypes("variable", nodes, variables)
    for node, array, own in zip(program.variables, variables, nodes, strict=False):  # no numbers are given
        if array.shape != node.shape:
            raise ShapeError(
                f"variable {own.attrs['name']!r} has shape {array.shape}. Expected {shape_text(node.shape)}."
            )


def check_rows(arrays: Sequence[Array], order: Array, batch_size: int) -> None:
    """Check what a program is to loop over; see `Executable.loop` for what it raises."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer):
        raise TypeError(f"loop: batch_size is {batch_size!r}. Expected an int >= 1.")
    if batch_size < 1:
        raise ValueError(f"loop: batch_size is {batch_size}. Expected an int >= 1.")
    if order.dtype.kind not in "iu":
        raise DtypeError(f"loop: the order has dtype {order.dtype.name}. Expected int64; give the numbers of rows.")
    if order.ndim != 1:
        raise ShapeError(f"loop: the order has shape {order.shape}. Expected one dimension; give the numbers of rows.")
    if any(array.ndim == 0 for array in arrays):
        raise ShapeError(
            f"loop: the arrays have shapes {[array.shape for array in arrays]}. Expected rows; give each one dimension "
            f"or more."
        )
    if len({len(array) for array in arrays}) > 1:
        raise ShapeError(f"loop: the arrays have {[len(array) for array in arrays]} rows. Give them equally many.")
    if arrays and len(order) and not (0 <= order.min() and order.max() < len(arrays[0])):
        ends = f"from {order.min()} to {order.max()}"
        raise ShapeError(f"loop: the order goes {ends}, but there are {len(arrays[0])} rows.")


def _check_dtypes(word: str, nodes: Sequence[Node], arrays: Sequence[Array]) -> None:
    if len(nodes) != len(arrays):
        raise ShapeError(f"run: {len(arrays)} arrays for {len(nodes)} {word}s. Give one for each.")
    for node, array in zip(nodes, arrays, strict=True):
        if array.dtype != node.dtype:
            raise DtypeError(
                f"{node.op.name} {node.attrs['name']!r} has dtype {array.dtype.name}. "
                f"Expected {node.dtype.name}; cast it."
            )
