"""The trainer: what `fit` does over epochs, with a step that is compiled already.

It takes each epoch's batches from a feed, runs the step over them, keeps what the variables became, and tells the
listeners. It knows no model: what belongs to one, such as the epochs done so far, is handed in as functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from feedforward.arrays import Origin
from feedforward.graph.node import Array
from feedforward.nn.config import check_int
from feedforward.training.callbacks.backup_and_restore import BackupAndRestore, backup_among
from feedforward.training.callbacks.callback import AT_THE_END, Callback, Plan, has_own, looks_at_model, tell
from feedforward.training.feed import ArrayFeed, Feed
from feedforward.training.loop import Loop, Watch
from feedforward.training.position import Begun, Position
from feedforward.training.step import Step

__all__ = ["Trainer"]

_CHUNKS = 50
"""Into how many chunks an epoch is cut for those who do not say after how many batches they want to look."""

_LOOK_SECONDS, _LOOK_SHARE = 0.1, 0.05
"""How often those are told who look by the clock; the share of the time that their numbers may take, such as an AUC."""

_KEPT_SECONDS = 0.05
"""How old the variables may get where nobody looks at them but another thread: to store them takes longer than a short
epoch."""


@dataclass
class _Stretch:
    """Epochs between which the loop was not cut: how many were done before the first, and when it began."""

    turn: int = 0
    started: float = 0.0


@dataclass(frozen=True)
class Trainer:
    """Runs a training step over epochs.

    Parameters
    ----------
    step : Step
        The compiled step.
    feed : Feed
        What brings the batches.
    origins : sequence of Origin
        What messages call the cells of its arrays.
    plan : Plan
        What is going to happen.
    listeners : sequence of Callback
        Who is told.
    epochs_done : callable
        Returns how many epochs the model was trained before.
    keep : callable
        Takes the values of the step's variables at a cut, and the number of epochs that are done with it.
    logs : callable
        Takes totals and a number of samples, and returns the loss and the metrics by name.
    measure : callable or None
        Returns what is measured after each epoch.
    is_stopped : callable
        Returns whether to end after the batch under way.
    """

    step: Step
    feed: Feed
    origins: Sequence[Origin]
    plan: Plan
    listeners: Sequence[Callback]
    epochs_done: Callable[[], int]
    keep: Callable[[Sequence[Array], int], None]
    logs: Callable[[Sequence[Array], int], dict[str, float]]
    measure: Callable[[], Mapping[str, float]] | None
    is_stopped: Callable[[], bool]

    def train(self) -> None:
        """Train."""
        plan, listeners = self.plan, self.listeners
        # Its variables will be those of each epoch's start.
        loop = Loop(self.step.executable, self.step.traced.program, [], self.origins)
        logs: dict[str, float] = {}
        now, backup = Position(plan.initial_epoch, self.epochs_done()), backup_among(listeners)
        if backup is not None:
            backup.follow(listeners, now)
        tell(listeners, "on_train_begin")
        if backup is not None:
            now = backup.position
            logs = dict(now.logs)
        told = [one for listener in listeners for one in self._told(listener)]
        begins = [listener for listener in listeners if has_own(listener, "on_train_batch_begin")]
        shown = [listener for listener in listeners if has_own(listener, "on_look")]
        stretch = _Stretch()
        try:
            for epoch in range(now.epoch, now.epoch if now.is_stopped else plan.epochs):
                if now.begun.steps == 0:  # of an epoch that goes on they were told
                    tell(listeners, "on_epoch_begin", epoch)
                    if not loop.is_going_on:
                        now = replace(now, turn=self.epochs_done())  # a callback may have trained the model, too
                totals = self._train_epoch(loop, now, told, begins, shown, backup, stretch)
                logs = self.logs(totals, loop.samples)
                if self.measure is not None:
                    logs |= {f"val_{key}": value for key, value in self.measure().items()}
                now = Position(epoch + 1, now.turn + 1 if loop.is_going_on else self.epochs_done(), logs=logs)
                if backup is not None:
                    backup.follow(listeners, now)
                tell(listeners, "on_epoch_end", epoch, logs)
                if self.is_stopped():
                    break
        except BaseException:
            self._catch_up(loop, stretch)
            raise
        self._catch_up(loop, stretch)
        tell(listeners, "on_train_end", logs)

    def _catch_up(self, loop: Loop, stretch: _Stretch) -> None:
        """Keep what the variables are after all batches that are done."""
        if not loop.is_kept:
            values, done = loop.finished()
            self.keep(values, stretch.turn + (0 if self.plan.steps is None else done // self.plan.steps))
            loop.is_kept = True

    @cached_property
    def _is_looked_at(self) -> bool:
        """Whether somebody may look at the model between two epochs, so that its variables must be up to date."""
        hooks = ("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end", "on_chunk_end")
        return (
            not isinstance(self.feed, ArrayFeed)  # what yields batches is a user's code
            or self.feed.looks_at_model
            or self.measure is not None
            or any(looks_at_model(listener, hook) for listener in self.listeners for hook in hooks)
        )

    def _train_epoch(
        self,
        loop: Loop,
        now: Position,
        told: Sequence[tuple[Callable[[int, dict[str, float]], None], int]],
        begins: Sequence[Callback],
        shown: Sequence[Callback],
        backup: BackupAndRestore | None,
        stretch: _Stretch,
    ) -> Sequence[Array]:
        """Train what is left of an epoch, and return its totals; some are told after so many batches each."""
        steps, epochs = self.plan.steps, now.turn
        looked, pause = time.perf_counter(), _LOOK_SECONDS

        def report(done: int, samples: int, totals: Sequence[Array]) -> None:
            self.keep(loop.variables, epochs + (done == steps))
            loop.is_kept = True
            due = [listen for listen, every in told if done % every == 0 or done == steps or loop.is_over]
            if due:
                running = self.logs(totals, samples)
                if backup is not None:
                    backup.follow(self.listeners, replace(now, begun=Begun(done, samples, totals)))
                for listen in due:
                    listen(done, running)
            if due or is_stale():
                refresh()

        def before_batch(done: int) -> None:
            tell(begins, "on_train_batch_begin", done)
            refresh()

        def look(done: int, samples: int, totals: Sequence[Array]) -> None:
            nonlocal looked, pause
            if shown and (started := time.perf_counter()) - looked >= pause:
                tell(shown, "on_look", done, self.logs(totals, samples))
                looked = time.perf_counter()
                pause = max(_LOOK_SECONDS, (looked - started) / _LOOK_SHARE)

        read = self.step.traced.variables[len(self.step.traced.program.updates) :]

        def is_stale() -> bool:
            """Return whether another thread, a slider's, has set what a step only reads, such as the learning rate."""
            given = loop.variables[len(loop.variables) - len(read) :]
            return any(variable.numpy() is not value for variable, value in zip(read, given, strict=True))

        def refresh() -> None:
            loop.variables = self.step.values()

        def goes_on() -> bool:
            is_last = now.epoch + 1 >= self.plan.epochs
            return not is_last and not self._is_looked_at and time.perf_counter() - stretch.started < _KEPT_SECONDS

        if not loop.is_going_on:
            stretch.turn, stretch.started = epochs, time.perf_counter()
            refresh()
        every = tuple({*(every for _, every in told), *([1] if begins else [])})
        watch = Watch(every, before_batch if begins else None, report, look, self.is_stopped, is_stale, goes_on)
        pieces = self.feed.pieces(epochs, now.begun.steps)
        totals = loop.run(pieces, watch, f"epoch {now.epoch + 1}", now.begun)
        if steps is None and loop.is_over:
            self.keep(loop.variables, epochs + 1)
        return totals

    def _told(self, listener: Callback) -> Iterator[tuple[Callable[[int, dict[str, float]], None], int]]:
        """Yield what a listener is told by, and after how many batches."""
        if has_own(listener, "on_train_batch_end"):
            yield lambda done, logs: listener.on_train_batch_end(done - 1, logs), 1
        if has_own(listener, "on_chunk_end"):
            every = listener.every
            if every is None:
                every = _CHUNKS if self.plan.steps is None else -(-self.plan.steps // _CHUNKS)
            else:
                check_int(type(listener).__name__, "every", every, 1)
            if every != AT_THE_END:  # metrics such as an AUC are dear: at the end they are computed once
                yield listener.on_chunk_end, every
