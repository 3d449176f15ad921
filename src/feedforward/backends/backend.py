"""What every backend offers: `compile` a program into an `Executable`, which runs once or loops over batches.

Also here: what backends share, the checks of what an executable is fed, and a loop in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Protocol

import numpy as np

from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.node import Array, Node, shape_text
from feedforward.graph.program import Program

__all__ = [
    "Look",
    "Run",
    "Executable",
    "Looping",
    "PlainLoop",
    "Backend",
    "check_inputs",
    "check_variables",
    "check_rows",
]

Look = Callable[[], bool]
"""Called between two batches; returns whether to stop there."""

Run = Callable[[Sequence[Array], Sequence[Array]], tuple[list[Array], list[Array]]]
"""What runs a program once: see `Executable.run`."""


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

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> Looping:
        """Return the program ready to go over batches.

        Parameters
        ----------
        variables : sequence of arrays
            Their values at the start, which stay as they are.
        totals : sequence of arrays
            What to add to, as another loop left it; zeros, and no rows, by default: so several loops give the bits of
            one.
        done : int
            How many batches that is.

        Raises
        ------
        ShapeError, DtypeError
            If an array is not of the shape or dtype declared: here, or at the first `Looping.run`.
        """


class Looping(Protocol):
    """A program that goes over batches; its variables and totals stay where it runs until somebody asks for them.

    An exception may come at any moment, such as Ctrl-C: `done`, `totals` and `variables` are then those after the same
    number of whole batches.
    """

    @property
    def done(self) -> int:
        """How many batches are done."""

    @property
    def totals(self) -> list[Array]:
        """The outputs, added up in float64 over the batches in order; none before the first. Not to be changed.

        Of an output that has a row for each of the batch, all rows one after another: 4 bytes for a float32.
        """

    @property
    def is_stopped(self) -> bool:
        """Whether the total of the first output, the loss, holds a number that is not finite; no batch follows."""

    def variables(self) -> list[Array]:
        """Return all variables after the batches that are done. What is returned is not changed unless it goes on."""

    def begin_anew(self) -> None:
        """Let the totals begin anew, in the same arrays, as those of another epoch; the rest goes on."""

    def run(self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None = None) -> int:
        """Run once for each batch of rows, and add the outputs up.

        It stops after a batch that leaves a number in the total of the first output, the loss, that is not finite.

        Parameters
        ----------
        arrays : sequence of arrays, shape (n, ...)
            One for each input; a batch is a choice of their rows.
        order : int64 array, shape (m,)
            The rows in the order of their use: the first `batch_size` are the first batch, and so on. What is left at
            the end is a smaller batch.
        batch_size : int
            Rows in a batch.
        look : callable, optional
            Called between two batches, some times a second; returns whether to stop there.

        Returns
        -------
        int
            How many batches were done.

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


class PlainLoop:
    """The `Looping` of what runs a program once: Python hands it the batches one by one.

    Parameters
    ----------
    step : callable
        The `Executable.run` of a batch.
    variables, totals, done
        What to begin with.
    kept : set of int
        The numbers of the outputs whose rows are kept, see `Program.row_outputs`.
    """

    def __init__(
        self,
        step: Run,
        variables: Sequence[Array],
        totals: Sequence[Array] = (),
        done: int = 0,
        kept: Set[int] = frozenset(),
    ) -> None:
        self._step, self._kept = step, kept
        # One attribute, so that whoever is interrupted finds all of a batch or nothing.
        self._now = done, list(totals), list(variables)

    @property
    def done(self) -> int:
        """See `Looping`."""
        return self._now[0]

    @property
    def totals(self) -> list[Array]:
        """See `Looping`."""
        return self._now[1]

    @property
    def is_stopped(self) -> bool:
        """See `Looping`."""
        return bool(self.totals) and not np.isfinite(self.totals[0]).all()

    def variables(self) -> list[Array]:
        """See `Looping`."""
        return self._now[2]

    def begin_anew(self) -> None:
        """See `Looping`."""
        self._now = self.done, [], self.variables()

    def run(self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None = None) -> int:
        """See `Looping`."""
        check_rows(arrays, order, batch_size)
        return self.go_over(arrays, order, batch_size, look)

    def go_over(self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None) -> int:
        """Do what `run` does, with rows that were checked."""
        before = self.done
        for start in range(0, len(order), batch_size):
            if start and look is not None and look():
                break
            rows = order[start : start + batch_size]
            done, totals, variables = self._now
            outputs, after = self._step([array[rows] for array in arrays], variables)
            sums = [
                output if number in self._kept else output.astype(np.float64) for number, output in enumerate(outputs)
            ]
            if totals:
                sums = [
                    np.concatenate([total, output]) if number in self._kept else total + output
                    for number, (total, output) in enumerate(zip(totals, sums, strict=True))
                ]
            self._now = done + 1, sums, after
            if self.is_stopped:
                break
        return self.done - before


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
    """Check what a program is to loop over; see `Looping.run` for what it raises."""
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
