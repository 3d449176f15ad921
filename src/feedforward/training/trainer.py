"""The trainer: what `fit` does over epochs, with a step that is compiled already.

It brings the order of each epoch's samples, runs the step over them, keeps what the variables became, and tells the
listeners. It knows no model: what belongs to one, such as the epochs done so far, is handed in as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from feedforward.arrays import Origin
from feedforward.graph.node import Array
from feedforward.training.callbacks import Callback, Plan, tell, wants_batches
from feedforward.training.loop import Loop
from feedforward.training.step import Step

__all__ = ["Trainer"]


@dataclass(frozen=True)
class Trainer:
    """Runs a training step over epochs.

    Parameters
    ----------
    step : Step
        The compiled step.
    batch_size : int
        Samples in a batch.
    plan : Plan
        What is going to happen.
    listeners : sequence of Callback
        Who is told.
    order : callable
        Returns the rows in the order of the next epoch.
    keep : callable
        Takes the values of the step's variables after a chunk, and whether it was the last of its epoch.
    logs : callable
        Takes totals and a number of samples, and returns the loss and the metrics by name.
    measure : callable or None
        Returns what is measured after each epoch.
    is_stopped : callable
        Returns whether to end after the present epoch.
    """

    step: Step
    batch_size: int
    plan: Plan
    listeners: Sequence[Callback]
    order: Callable[[], Array]
    keep: Callable[[Sequence[Array], bool], None]
    logs: Callable[[Sequence[Array], int], dict[str, float]]
    measure: Callable[[], Mapping[str, float]] | None
    is_stopped: Callable[[], bool]

    def train(self, data: Sequence[Array], origins: Sequence[Origin]) -> None:
        """Train on data: inputs, targets and, if there are any, weights of the samples; origins as for `Loop`."""
        step, plan = self.step, self.plan
        loop = Loop(step.executable, step.traced.program, self.batch_size, step.values(), step.pace, origins)

        has_batches = wants_batches(self.listeners)
        logs: dict[str, float] = {}
        seen = 0

        def begin_chunk(batch: int) -> None:
            if has_batches:
                tell(self.listeners, "on_train_batch_begin", batch)
            loop.variables = step.values()

        def report(done: int, totals: Sequence[Array]) -> bool:
            nonlocal seen
            self.keep(loop.variables, done == plan.steps)
            seen = min(done * self.batch_size, plan.samples)
            running = self.logs(totals, seen)
            if has_batches:
                tell(self.listeners, "on_train_batch_end", done - 1, running)
            tell(self.listeners, "on_chunk_end", done, running)
            # How many batches a chunk has otherwise depends on the machine, and must not decide what is learnt.
            is_last = done == plan.steps or (has_batches and self.is_stopped())
            if not is_last:
                begin_chunk(done)
            return is_last

        tell(self.listeners, "on_train_begin")
        for epoch in range(plan.initial_epoch, plan.epochs):
            tell(self.listeners, "on_epoch_begin", epoch)
            begin_chunk(0)
            most = 1 if has_batches else None
            totals = loop.run(data, self.order(), report, f"epoch {epoch + 1}", most=most)
            logs = self.logs(totals, seen)
            if self.measure is not None:
                logs |= {f"val_{key}": value for key, value in self.measure().items()}
            tell(self.listeners, "on_epoch_end", epoch, logs)
            if self.is_stopped():
                break
        tell(self.listeners, "on_train_end", logs)
