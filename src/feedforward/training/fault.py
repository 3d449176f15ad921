"""The fault: in which batch a number first became NaN or infinite, and what made it so.

Batches are run again, in the backend that trained, whose bits are the same; the bad one in the interpreter, which lets
every operation be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from feedforward.arrays import Origin
from feedforward.backends.backend import Executable, Looping
from feedforward.backends.interpreter import Interpreter
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.nn.optimizer import UPDATE_SCOPE
from feedforward.ops.indexing import computed_places
from feedforward.training.feed import Piece

__all__ = ["LOSS_SCOPE", "Fault", "after", "bad_weight", "find_fault"]

LOSS_SCOPE = "the loss"
"""The scope of a loss's operations; no layer can be called so, for the blank in it."""

_SMALL = 4096
"""Weights of so many elements are looked at together."""


@dataclass(frozen=True)
class Fault:
    """A batch after which a number was not finite.

    Parameters
    ----------
    program : Program
        The step.
    good : int
        How many batches come before it.
    before : list of arrays
        The variables before it.
    piece : Piece
        The batch.
    subject : str
        What was not finite after it: the loss, or which weight.
    """

    program: Program
    good: int
    before: list[Array]
    piece: Piece
    subject: str

    def message(self, where: str, origins: Sequence[Origin] = ()) -> str:
        """Return what to tell the user: data, a weight or an operation was the first that is not finite."""
        what = f"{self.subject} became NaN or infinite {where}"
        arrays = self.piece.arrays
        batch = [array[self.piece.order] for array in arrays]
        for node, array, part, origin in zip_longest(self.program.inputs, arrays, batch, origins):
            if not np.isfinite(part).all():
                is_bad = ~np.isfinite(array)  # of all rows: who cleans the data wants to know of each
                return (
                    f"{what}: the data {node.attrs['name']!r} hold {_word(array[is_bad][0])} in "
                    f"{(origin or Origin()).cells(is_bad)}. Clean the data: fill or drop such samples."
                )
        for node, array in zip(self.program.variables, self.before, strict=True):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                return (
                    f"{what}: the weight {node.attrs['name']!r} held {_word(array[~np.isfinite(array)][0])} before. "
                    f"Give it finite values with set_weights."
                )
        faults: list[tuple[Node, Array]] = []

        def watch(node: Node, value: Array) -> None:
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                faults.append((node, value))

        Interpreter().compile(self.program).run(batch, self.before, watch)
        advice = "Lower the learning rate, or scale the inputs."
        if not faults:  # rounded otherwise than by the backend, a number can just escape overflow
            return f"{what}. {advice}"
        node, value = faults[0]
        part = node.scope if node.scope in ("", LOSS_SCOPE, UPDATE_SCOPE) else f"layer {node.scope!r}"
        where = f" of {part}" if part else ""
        for _, _, size in computed_places([node]):  # what it reads is finite, or it would not be the first
            advice = f"An index names no place: expected ints from 0 to {size - 1}."
        return f"{what}: {node.op.name}{where} gave {_word(value[~np.isfinite(value)][0])}. {advice}"


def bad_weight(program: Program, variables: Sequence[Array]) -> str | None:
    """Return which variable that a step changes is not finite, the first of them; None if all is well."""
    # At cuts, not in the step: native code that watches each value as it stores it (0 * value, added up) takes 1 % more
    # for a step of 784-512-10 and 5 to 14 % for small networks; this, once in an epoch of 200 such steps, 0.1 %.
    updated = {node for node, _ in program.updates}
    looked_at = [
        (node, value)
        for node, value in zip(program.variables, variables, strict=True)
        if node in updated and value.dtype.kind == "f"
    ]
    for dtype in {value.dtype for _, value in looked_at}:  # small ones together: a call takes longer than its numbers
        small = [value for _, value in looked_at if value.dtype == dtype and value.size <= _SMALL]
        if small and not np.isfinite(np.concatenate(small, axis=None)).all():
            break
    else:
        looked_at = [(node, value) for node, value in looked_at if value.size > _SMALL]
    for node, value in looked_at:
        if np.count_nonzero(np.isfinite(value)) < value.size:
            return f"the weight {node.attrs['name']!r}"
    return None


def after(executable: Executable, variables: Sequence[Array], pieces: Iterable[Piece]) -> Looping:
    """Return a loop that has gone over batches from these variables on."""
    loop = executable.loop(variables)
    for piece in pieces:
        loop.run(piece.arrays, piece.order, piece.batch_size)
    return loop


def find_fault(
    executable: Executable, program: Program, variables: Sequence[Array], pieces: Sequence[Piece], bad: int
) -> Fault:
    """Return the fault of some batches.

    Parameters
    ----------
    executable, program
        The step.
    variables : sequence of arrays
        The variables before the first batch.
    pieces : sequence of Piece
        The batches.
    bad : int
        After how many of them a number is not finite.

    Notes
    -----
    Where a weight is infinite after one batch and finite again after a later one, without the loss ever showing it, it
    may be another such batch than the first.
    """
    good, values = 0, list(variables)

    def tried(steps: int) -> tuple[list[Array], str | None]:
        """Return the variables after some batches, more than are known to be good, and what is not finite then."""
        loop = after(executable, values, _between(pieces, good, steps))
        found = loop.variables()
        return found, "the loss" if loop.is_stopped else bad_weight(program, found)

    middle = bad - 1  # an infinite weight mostly shows in the very next loss; then by halves
    while middle > good:
        found, subject = tried(middle)
        if subject is None:
            good, values = middle, found
        else:
            bad = middle
        middle = (good + bad) // 2
    _, subject = tried(good + 1)
    (piece,) = _between(pieces, good, good + 1)
    return Fault(program, good, values, piece, subject or "the loss")


def _between(pieces: Sequence[Piece], first: int, end: int) -> Iterator[Piece]:
    """Yield the batches from number `first` on that come before number `end`."""
    for piece in pieces:
        if 0 < end and first < piece.steps:
            yield piece.part(max(first, 0), end)
        first, end = first - piece.steps, end - piece.steps


def _word(value: Array) -> str:
    return "NaN" if np.isnan(value) else "infinity" if value > 0 else "-infinity"
