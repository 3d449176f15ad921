"""The trainer: what `fit` does over epochs, with a step that is compiled already.

It brings the order of each epoch's samples, runs the step over them, keeps what the variables became, and tells the
listeners. It knows no model: what belongs to one, such as the epochs done so far, is handed in as functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from feedforward.graph.node import Array
from feedforward.nn.optimizers import Optimizer
from feedforward.training.callbacks import Callback, Plan
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
    optimizer : Optimizer
        Whose learning rate may be set at any time.
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
    optimizer: Optimizer
    batch_size: int
    plan: Plan
    listeners: Sequence[Callback]
    order: Callable[[], Array]
    keep: Callable[[Sequence[Array], bool], None]
    logs: Callable[[Sequence[Array], int], dict[str, float]]
    measure: Callable[[], Mapping[str, float]] | None
    is_stopped: Callable[[], bool]

    def train(self, data: Sequence[Array]) -> None:
        """Train on data: inputs, targets and, if there are any, weights of the samples."""
        step, plan = self.step, self.plan
        loop = Loop(step.executable, step.traced.program, self.batch_size, step.values(), step.pace)

        def report(done: int, totals: Sequence[Array]) -> None:
            self.keep(loop.variables, done == plan.steps)
            running = self.logs(totals, min(done * self.batch_size, plan.samples))
            for listener in self.listeners:
                listener.on_chunk_end(done, running)
            self.optimizer.sync()
            loop.variables = step.values()

        logs: dict[str, float] = {}
        for listener in self.listeners:
            listener.on_train_begin()
        for epoch in range(plan.initial_epoch, plan.epochs):
            for listener in self.listeners:
                listener.on_epoch_begin(epoch)
            self.optimizer.sync()
            loop.variables = step.values()
            totals = loop.run(data, self.order(), report, f"epoch {epoch + 1}")
            logs = self.logs(totals, plan.samples)
            if self.measure is not None:
                logs |= {f"val_{key}": value for key, value in self.measure().items()}
            for listener in self.listeners:
                listener.on_epoch_end(epoch, logs)
            if self.is_stopped():
                break
        for listener in self.listeners:
            listener.on_train_end(logs)
