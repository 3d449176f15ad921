"""The loop: a compiled step run over all batches of an epoch, cut only where somebody wants to look.

Where it is cut changes no bit of the result. Between two cuts the variables stay with the backend. Ctrl-C needs no
cuts: what is done by then counts. Not here: where batches come from (``feed.py``), and who looks (``trainer.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from feedforward.arrays import Origin
from feedforward.backends.backend import Executable, Looping
from feedforward.errors import NotFiniteError
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.training.fault import after, bad_weight, find_fault
from feedforward.training.feed import Piece
from feedforward.training.position import NOTHING, Begun

__all__ = ["Report", "Watch", "Loop"]

_KEPT_PIECES = 16
"""After so many pieces the loop is cut anyway: pieces are kept until then, for the case that a number is not finite."""

Report = Callable[[int, int, Sequence[Array]], None]
"""Called with the batches and the samples done so far, and with the totals."""


def _ignore(done: int, samples: int, totals: Sequence[Array]) -> None:
    """Look at nothing."""


@dataclass(frozen=True)
class Watch:
    """Who looks at an epoch under way.

    Parameters
    ----------
    every : tuple of int
        The epoch is cut after each multiple of one of these numbers of batches.
    before : callable, optional
        Called with the batches done so far before more are begun; after a cut, `Loop.variables` may be set.
    report : Report
        Called at each cut and at the end. `Loop.variables` are then up to date, and may be set.
    look : Report
        Called some times a second, by the clock, while the variables are on their way.
    is_stopping : callable
        Returns whether to end the epoch: asked after the first batch, at each cut, and some times a second.
    is_stale : callable
        Returns whether to cut at once, since somebody has set a variable meanwhile: asked some times a second.
    goes_on : callable
        Returns whether another epoch follows, and nobody looks at the variables before it: asked at the end.
    """

    every: tuple[int, ...] = ()
    before: Callable[[int], None] | None = None
    report: Report = _ignore
    look: Report = _ignore
    is_stopping: Callable[[], bool] = bool
    is_stale: Callable[[], bool] = bool
    goes_on: Callable[[], bool] = bool


class Loop:
    """Runs a step over the batches of an epoch.

    Parameters
    ----------
    executable : Executable
        The compiled step.
    program : Program
        What it was compiled from; its first output is the loss, summed over the batch.
    variables : sequence of arrays
        The variables' values at the start.
    origins : sequence of Origin, optional
        What messages call the cells of the arrays, in their order.

    Attributes
    ----------
    variables : list of arrays
        Their values at the last cut; where the loss or a weight became NaN or infinite in a batch, those before that.
    totals : list of arrays
        The totals of the outputs at the last cut.
    samples : int
        How many samples of the epoch are done.
    is_over : bool
        Whether the epoch's last batch is done.
    is_kept : bool
        Set by who has kept the variables; False once they may have changed since.
    is_going_on : bool
        Whether the epoch ended without a cut: the next `run` goes on with the variables that the backend has.
    """

    def __init__(
        self, executable: Executable, program: Program, variables: Sequence[Array], origins: Sequence[Origin] = ()
    ) -> None:
        self.executable = executable
        self.program = program
        self.variables = list(variables)
        self.origins = origins
        self.is_kept, self.is_going_on = True, False
        self._running: Looping | None = None
        self._begin(NOTHING)

    def _begin(self, begun: Begun) -> None:
        self.is_over = False
        self.totals: list[Array] = list(begun.totals)
        self.samples, self._count = begun.samples, begun.steps
        if self.is_going_on and self._running is not None:
            self.is_going_on = False
            self._past += self._since
            self._before = self._running.done
            self._running.begin_anew()
        else:
            self._running = None
            # Batches are counted over all epochs between which there was no cut: at the last cut, and before this one.
            self._done, self._before = begun.steps, 0
            self._past: list[Piece] = []
        self._since: list[Piece] = []

    def run(
        self, pieces: Iterable[Piece], watch: Watch = Watch(), whole: str = "", begun: Begun = NOTHING
    ) -> list[Array]:
        """Run one step for each batch and return the totals of the outputs.

        Parameters
        ----------
        pieces : iterable of Piece
            The batches.
        watch : Watch
            Who looks.
        whole : str
            What messages call all of the batches: ``"epoch 3"``.
        begun : Begun
            What was done before these pieces.

        Raises
        ------
        NotFiniteError
            If the loss of a batch, or a weight after it, is NaN or infinite.
        """
        self._begin(begun)
        told = begun.steps
        for piece in pieces:
            start = 0
            while start < piece.steps:
                if watch.before is not None:
                    watch.before(self._count)
                count = 1 if watch.is_stopping() else self._steps_to_cut(watch.every, piece.steps)
                start += self._go_over(piece.part(start, start + count), watch)
                is_cut = any(self._count % every == 0 for every in watch.every)
                if is_cut or watch.is_stopping() or watch.is_stale() or self._is_suspect():
                    self._settle(whole)
                    told = self._count
                    watch.report(told, self.samples, self.totals)
                    if watch.is_stopping():
                        return self.totals
                elif len(self._since) >= _KEPT_PIECES:
                    self._settle(whole)
        self.is_over = True
        if self._running is not None and watch.goes_on() and self._is_sound(self._running):
            self.totals = [np.array(total) for total in self._running.totals]
            self.is_going_on = True
            return self.totals
        self._settle(whole)  # the last pieces may have been settled already, and nobody told
        if told < self._count:
            watch.report(self._count, self.samples, self.totals)
        return self.totals

    def finished(self) -> tuple[list[Array], int]:
        """Return the variables after all batches that are done, and their number; for who was interrupted.

        Where a number is not finite by now, those of the last cut, or of the last epoch that went on without one. Of
        such epochs the number counts from the beginning of the first.
        """
        running = self._running
        if running is not None and not running.is_stopped:
            values = running.variables()
            if bad_weight(self.program, values) is None:
                return values, running.done
        if self._past:
            return after(self.executable, self.variables, self._past).variables(), self._before
        return self.variables, self._done

    def _is_suspect(self) -> bool:
        return self._running is not None and self._running.is_stopped

    def _is_sound(self, running: Looping) -> bool:
        """Return whether loss and weights are finite."""
        return not running.is_stopped and bad_weight(self.program, running.variables()) is None

    def _steps_to_cut(self, every: Sequence[int], most: int) -> int:
        """Return how many batches there are to the next cut, at most so many."""
        return min((number - self._count % number for number in every), default=most)

    def _go_over(self, part: Piece, watch: Watch) -> int:
        """Run the step over some batches, and return how many are done."""
        if self._running is None:
            self._running = self.executable.loop(self.variables, self.totals, self._done)
        running = self._running
        self._since.append(part)
        self.is_kept = False
        samples, count = self.samples, self._count

        def look() -> bool:
            self._count = running.done - self._before
            self.samples = samples + part.samples(self._count - count)
            watch.look(self._count, self.samples, running.totals)
            return watch.is_stopping() or watch.is_stale()

        steps = running.run(part.arrays, part.order, part.batch_size, look)
        look()
        return steps

    def _settle(self, whole: str) -> None:
        """Bring the variables up to date, or say what is not finite."""
        running = self._running
        if running is None:
            return
        values = running.variables()
        if not self._is_sound(running):
            first = max(self._done, self._before)  # of the batches since the last cut, all but those of past epochs
            start = after(self.executable, self.variables, self._past).variables() if self._past else self.variables
            fault = find_fault(self.executable, self.program, start, self._since, running.done - first)
            self.variables, self._done, self._running, self._past = fault.before, first + fault.good, None, []
            number = self._done - self._before
            error = NotFiniteError(fault.message(f"in batch {number}{f' of {whole}' if whole else ''}", self.origins))
            error.batches_done = number
            raise error
        self.variables, self.totals, self._done = values, running.totals, running.done
        self._running, self._since, self._past = None, [], []  # last: `finished` goes by it
