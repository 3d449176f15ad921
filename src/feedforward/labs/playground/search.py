"""Sixty-four networks trained at once, as one program: eight learning rates by eight penalty rates.

They are built, compiled and trained in a thread of their own, so that the page is answered in the meantime. It ends by
itself when nobody asks for what it has found.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.playground.data import Data, Floats, order_of
from feedforward.labs.playground.network import Penalty, Plan, layers_of
from feedforward.labs.playground.optimizing import optimizer_of
from feedforward.labs.playground.run import Run
from feedforward.labs.playground.settings import Settings

__all__ = ["EPOCHS", "PENALTIES", "RATES", "Search"]

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
PENALTIES = (0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
EPOCHS = 200

_PATIENCE = 5.0
"""Seconds after which nobody is taken to be interested any more."""

_PAUSE = 0.02
"""Seconds between two looks at what was found: they are drawn."""


@dataclass(frozen=True)
class _Task:
    """What all networks have in common, as it is when the search begins."""

    plan: Plan
    loss: Any
    inputs: Floats
    targets: np.ndarray
    data: Data
    batches_an_epoch: int


@dataclass(frozen=True)
class _Found:
    """What was found up to now: the epochs done, and the test loss of each network, a row for each penalty rate."""

    epoch: int
    losses: list[list[float | None]]


class Search:
    """A search that has begun.

    Parameters
    ----------
    run : Run
        Whose data, network and settings are taken; its weights, but the first ones, have no part in it.

    Raises
    ------
    LabError
        If the network has dropout, whose draws cannot be stacked.

    Attributes
    ----------
    fault : Exception or None
        What went wrong, if something did.
    """

    def __init__(self, run: Run) -> None:
        if run.settings.dropout:
            raise LabError("search_dropout")
        self.settings = run.settings
        if run.settings.penalty == "none":
            self.settings = replace(run.settings, penalty="l2")
        self.fault: Exception | None = None
        self._found = _Found(0, [[None] * len(RATES) for _ in PENALTIES])
        self._asked = time.monotonic()
        self._is_wanted = True
        task = _Task(run.plan, run.loss, run.inputs, run.targets, run.data, run.batches_an_epoch)
        self._thread = threading.Thread(target=self._run, args=(task,), name="a search", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let it end soon."""
        self._is_wanted = False

    def wait(self, seconds: float) -> None:
        """Wait for it, at most so long."""
        self._asked = time.monotonic()
        self._thread.join(seconds)

    def frame(self) -> dict[str, Any]:
        """Return what the page draws."""
        self._asked = time.monotonic()
        found = self._found
        return {
            "rates": list(RATES),
            "penalties": list(PENALTIES),
            "penalty": self.settings.penalty,
            "loss": found.losses,
            "epoch": found.epoch,
            "epochs": EPOCHS,
            "is_running": self.is_running,
        }

    def _goes_on(self) -> bool:
        return self._is_wanted and time.monotonic() - self._asked < _PATIENCE

    def _run(self, task: _Task) -> None:
        try:
            self._search(task)
        except Exception as error:  # the session's thread tells the page
            self.fault = error

    def _search(self, task: _Task) -> None:
        settings, data = self.settings, task.data
        models = []
        for penalty in PENALTIES:
            for rate in RATES:
                if not self._goes_on():
                    return
                models.append(_model(task, replace(settings, learning_rate=rate, penalty_rate=penalty)))
        many = ff.ManyModels(models)
        train = task.inputs[data.train], task.targets[data.train]
        test = task.inputs[data.test], task.targets[data.test]
        size = min(settings.batch_size, len(data.train))
        epoch = 0
        while epoch < EPOCHS and self._goes_on():
            begin = time.monotonic()
            while epoch < EPOCHS and time.monotonic() - begin < _PAUSE:
                many.train_on_batches(*train, order=order_of(settings.seed, epoch, len(data.train)), batch_size=size)
                epoch += 1
            _, losses = many.evaluate(*test).values()  # the first one has the penalty in it
            is_good = np.isfinite(losses) & ~many.is_stopped
            rows = np.where(is_good, losses, np.nan).reshape(len(PENALTIES), len(RATES))
            self._found = _Found(epoch, [[None if np.isnan(one) else float(one) for one in row] for row in rows])


def _model(task: _Task, settings: Settings) -> ff.Sequential:
    """Return a model with some settings, which measures its loss without the penalty, too."""
    penalty = Penalty(*(ff.Variable(np.float64(rate), trainable=False) for rate in settings.penalties))
    layers = layers_of(task.plan, penalty, [(None, None)] * (len(task.plan.layers) + 1))
    model = ff.Sequential([ff.Input((task.plan.inputs,), dtype="float64"), *layers])
    steps = settings.schedule_epochs * task.batches_an_epoch
    optimizer = optimizer_of(settings.optimizer, settings.schedule, settings.learning_rate, steps)
    model.compile(optimizer.make(), task.loss, metrics=[getattr(ff.metrics, type(task.loss).__name__)()])
    return model
