"""Phases: what an optimizer has `fit` do at the begin or end of epochs and of training, beside its steps.

Each is a `Callback` that `fit` tells before those of the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.arrays import Origin
from feedforward.nn.optimizer import Optimizer
from feedforward.nn.optimizers import SVRG
from feedforward.training.callbacks.callback import Callback, Logs
from feedforward.training.feed import ArrayFeed, Feed
from feedforward.training.loop import Loop

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["phases"]


def phases(model: Model, feed: Feed, origins: Sequence[Origin]) -> list[Callback]:
    """Return what is to be told for the sake of a model's optimizer.

    Parameters
    ----------
    model : Model
        What `fit` trains.
    feed : Feed
        What brings it the batches.
    origins : sequence of Origin
        What messages call the cells of its arrays.

    Raises
    ------
    ValueError
        If the optimizer takes snapshots, and the batches are not of arrays.
    """
    optimizer = model.optimizer
    found: list[Callback] = []
    if optimizer is not None and optimizer.use_ema:
        found.append(_Averaging(optimizer))
    if isinstance(optimizer, SVRG):
        if not isinstance(feed, ArrayFeed):
            raise ValueError(
                "fit: SVRG goes over all data before it goes over their batches, and x yields batches. Give arrays."
            )
        found.append(_Snapshots(optimizer, feed, origins))
    return found


class _Averaging(Callback):
    """After training lets weights be their averages, see `Optimizer`: before a user's callback looks at them."""

    optimizer: Optimizer
    steps: int

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.steps = int(optimizer.iterations)

    def get_state(self) -> dict[str, Any]:
        """Return nothing, so that `set_state` is called."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Note that the weights are those of a backup now, which has them as they were before averages took over."""
        self.steps = -1

    def on_train_end(self, logs: Logs) -> None:
        """Put the averages in place, unless there was no step."""
        if int(self.optimizer.iterations) > self.steps:
            self.optimizer.finalize_variable_values(self.model.trainable_weights)


class _Snapshots(Callback):
    """Takes the snapshots of `SVRG`."""

    optimizer: SVRG
    feed: ArrayFeed
    is_known: bool
    origins: Sequence[Origin]

    def __init__(self, optimizer: SVRG, feed: ArrayFeed, origins: Sequence[Origin]) -> None:
        self.optimizer, self.origins = optimizer, origins
        # Each sample as often as the epoch takes it: else G(s) would be of other data than what batches are drawn from.
        self.feed = replace(feed, order=lambda turn: np.sort(feed.order(turn)), steps_per_epoch=None)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Note that the data may be others than before."""
        self.is_known = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Take one, if it is time for it; in a new fit at least compute the gradient of the last for these data."""
        optimizer, model = self.optimizer, self.model
        is_new = not int(optimizer.iterations) or model._epochs_done % optimizer.snapshot_epochs == 0
        if self.is_known and not is_new:
            return
        values = optimizer.snapshot(is_new)
        used = {*model.trainable_weights, optimizer.iterations}  # what is frozen is as it is now in every step, too
        step = model._step_of("gradients", self.feed.arrays)
        start = [values[one] if one in used else one.numpy() for one in step.traced.variables]
        loop = Loop(step.executable, step.traced.program, start, self.origins)
        # The same for all epochs that use it.
        turn = model._epochs_done - model._epochs_done % optimizer.snapshot_epochs
        sums = loop.run(self.feed.pieces(turn), whole="the snapshot")[1:]
        optimizer.keep_snapshot(values, [total / loop.samples for total in sums])
        self.is_known = True
