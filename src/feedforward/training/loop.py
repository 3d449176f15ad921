"""The loop: a compiled step run over all batches of an epoch, in chunks of about 50 ms.

Between two chunks Python sees the running means, calls the callbacks and can be interrupted. Where the chunks are cut
changes no bit of the result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np

from feedforward.arrays import Origin
from feedforward.backends.backend import Executable
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import NotFiniteError
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.nn.optimizer import UPDATE_SCOPE

__all__ = ["LOSS_SCOPE", "Report", "Loop"]

_CHUNK_SECONDS = 0.05
"""So Ctrl-C takes effect soon enough; a chunk costs some tenths of a ms of Python, and a look at every weight."""

LOSS_SCOPE = "the loss"
"""The scope of a loss's operations; no layer can be called so, for the blank in it."""

Report = Callable[[int, Sequence[Array]], bool | None]
"""Called after each chunk with the batches done and the totals so far; returns whether the others are left out."""


class Loop:
    """Runs a step over the batches of an epoch.

    Parameters
    ----------
    executable : Executable
        The compiled step.
    program : Program
        What it was compiled from; its first output is the loss, summed over the batch.
    batch_size : int
        Samples in a batch.
    variables : sequence of arrays
        The variables' values at the start.
    pace : dict of int to float, optional
        Seconds for a batch, by the batch size, as last measured: read and kept up to date.
    origins : sequence of Origin, optional
        What messages call the cells of the arrays, in their order.

    Attributes
    ----------
    variables : list of arrays
        Their values after the last whole chunk, also when an exception ended it; where the loss or a weight became
        NaN or infinite in a batch, those before that batch.
    """

    def __init__(
        self,
        executable: Executable,
        program: Program,
        batch_size: int,
        variables: Sequence[Array],
        pace: dict[int, float] | None = None,
        origins: Sequence[Origin] = (),
    ) -> None:
        self.executable = executable
        self.program = program
        self.batch_size = batch_size
        self.variables = list(variables)
        self.pace = {} if pace is None else pace
        self.origins = origins

    def run(
        self,
        arrays: Sequence[Array],
        order: Array,
        report: Report | None = None,
        whole: str = "",
        most: int | None = None,
    ) -> list[Array]:
        """Run one step for each batch and return the totals of the outputs.

        Parameters
        ----------
        arrays : sequence of arrays, shape (n, ...)
            One for each input of the program.
        order : int64 array
            The rows in the order of their use.
        report : callable, optional
            Called after each chunk.
        whole : str
            What messages call all of the batches: ``"epoch 3"``.
        most : int, optional
            How many batches a chunk may have.

        Raises
        ------
        NotFiniteError
            If the loss of a batch, or a weight after it, is NaN or infinite.
        """
        steps = math.ceil(len(order) / self.batch_size)
        totals: list[Array] | None = None
        done = suspected = 0
        while done < steps:
            quick = int(_CHUNK_SECONDS / self.pace.get(self.batch_size, _CHUNK_SECONDS))
            count = 1 if done < suspected else max(1, min(quick, steps - done, most or steps))
            rows = order[done * self.batch_size : (done + count) * self.batch_size]
            started = time.perf_counter()
            sums, after = self.executable.loop(arrays, rows, self.batch_size, self.variables, totals)
            fault = self._fault(sums[0], after)
            if fault is not None and count > 1:
                # Again, one by one: in the backend that trained, whose bits are those of the whole chunk.
                suspected = done + count
                continue
            if fault is not None:
                what = f"{fault} became NaN or infinite in batch {done}{f' of {whole}' if whole else ''}"
                raise NotFiniteError(self._describe_fault(arrays, rows, what))
            totals, self.variables = sums, after
            done += count
            self.pace[self.batch_size] = max(time.perf_counter() - started, 1e-6) / count
            if report is not None and report(done, totals):
                break
        return totals or []

    def _fault(self, loss: Array, variables: Sequence[Array]) -> str | None:
        """Return what is not finite: the loss, or the first variable that the step changes; None if all is well."""
        if not np.isfinite(loss).all():
            return "the loss"
        updated = {node for node, _ in self.program.updates}
        for node, value in zip(self.program.variables, variables, strict=True):
            if node in updated and not np.isfinite(value).all():
                return f"the weight {node.attrs['name']!r}"
        return None

    def _describe_fault(self, arrays: Sequence[Array], rows: Array, what: str) -> str:
        """Return the message: data, a weight or an operation was the first that is not finite."""
        batch = [array[rows] for array in arrays]
        for node, array, part, origin in zip_longest(self.program.inputs, arrays, batch, self.origins):
            if not np.isfinite(part).all():
                is_bad = ~np.isfinite(array)  # of all rows: who cleans the data wants to know of each
                return (
                    f"{what}: the data {node.attrs['name']!r} hold {_word(array[is_bad][0])} in "
                    f"{(origin or Origin()).cells(is_bad)}. Clean the data: fill or drop such samples."
                )
        for node, array in zip(self.program.variables, self.variables, strict=True):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return (
                    f"{what}: the weight {node.attrs['name']!r} held {_word(array[~np.isfinite(array)][0])} before. "
                    f"Give it finite values with set_weights."
                )
        faults: list[tuple[Node, Array]] = []

        def watch(node: Node, value: Array) -> None:
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                faults.append((node, value))

        Interpreter().compile(self.program).run(batch, self.variables, watch)
        advice = "Lower the learning rate, or scale the inputs."
        if not faults:  # rounded otherwise than by the backend, a number can just escape overflow
            return f"{what}. {advice}"
        node, value = faults[0]
        part = node.scope if node.scope in ("", LOSS_SCOPE, UPDATE_SCOPE) else f"layer {node.scope!r}"
        where = f" of {part}" if part else ""
        return f"{what}: {node.op.name}{where} gave {_word(value[~np.isfinite(value)][0])}. {advice}"


def _word(value: Array) -> str:
    return "NaN" if np.isnan(value) else "infinity" if value > 0 else "-infinity"
