"""Callbacks: what a program wants to be told, and may do, while a model trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.training.summary import counted, history_html, history_text, number_text

__all__ = ["Callback", "History", "Plan"]

if TYPE_CHECKING:
    from feedforward.training.model import Model


@dataclass(frozen=True)
class Plan:
    """What a call of `fit` is going to do.

    Parameters
    ----------
    epochs : int
        The epoch to stop before.
    initial_epoch : int
        The epoch to begin with, counted from 0.
    steps : int
        Batches in an epoch.
    samples : int
        Samples in an epoch.
    """

    epochs: int
    initial_epoch: int
    steps: int
    samples: int


class Callback:
    """Base of all callbacks: override what you need.

    Attributes
    ----------
    model : Model
        The model that trains. Setting its `stop_training` to True ends training after the present epoch.
    plan : Plan
        What is going to happen.
    """

    model: Model
    plan: Plan

    def on_train_begin(self) -> None:
        """Do something before the first epoch."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Do something before an epoch, counted from 0."""

    def on_chunk_end(self, step: int, logs: dict[str, float]) -> None:
        """Do something several times a second.

        Parameters
        ----------
        step : int
            Batches done in this epoch.
        logs : dict
            The loss and the metrics, means over this epoch so far.
        """

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Do something after an epoch; `logs` holds the means over it, those of the validation data as ``val_...``."""

    def on_train_end(self, logs: dict[str, float]) -> None:
        """Do something after the last epoch; `logs` are those of that epoch."""


class History(Callback):
    """The record of training that `fit` returns.

    Attributes
    ----------
    history : dict of str to list of float
        For the loss and each metric, one number an epoch; nats per sample for a cross-entropy.
    epoch : list of int
        The epochs, counted from 0.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def __getstate__(self) -> dict[str, object]:
        """Let copies and pickles hold the numbers, without the model."""
        return {"history": self.history, "epoch": self.epoch}

    def __str__(self) -> str:
        """Return a table with a row for each epoch."""
        return history_text(self.epoch, self.history)

    def __repr__(self) -> str:
        last = (f"{name} {number_text(values[-1])}" for name, values in self.history.items() if values)
        numbers = ", ".join(last)
        return f"<History: {counted(len(self.epoch), 'epoch')}{f', at the end {numbers}' if numbers else ''}>"

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        return history_html(self.epoch, self.history)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Add the epoch's numbers, all or, whenever Ctrl-C comes, none."""
        before = {key: len(values) for key, values in self.history.items()}
        epochs = len(self.epoch)
        try:
            for key, value in logs.items():
                self.history.setdefault(key, []).append(value)
            self.epoch.append(epoch)
        except BaseException:
            del self.epoch[epochs:]
            for key in [*self.history]:
                del self.history[key][before.get(key, 0) :]
                if key not in before:
                    del self.history[key]
            raise


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.callbacks", __all__)
