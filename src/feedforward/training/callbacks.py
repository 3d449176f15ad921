"""Callbacks: what a program wants to be told, and may do, while a model trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedforward.graph.node import Array
from feedforward.lookup import did_you_mean, namespace
from feedforward.nn.config import Range, check_int
from feedforward.training.summary import counted, history_html, history_text, number_text

__all__ = ["Callback", "EarlyStopping", "History", "Plan"]

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
    steps : int or None
        Batches in an epoch; None where it is not known before its end.
    samples : int or None
        Samples in an epoch, if that is known.
    """

    epochs: int
    initial_epoch: int
    steps: int | None
    samples: int | None


class Callback:
    """Base of all callbacks: override what you need.

    Attributes
    ----------
    model : Model
        The model that trains. Setting its `stop_training` to True ends training after the batch under way.
    plan : Plan
        What is going to happen.
    every : int or None
        After how many batches of an epoch `on_chunk_end` is called: each time after so many, and after the last. None
        cuts an epoch into at most fifty chunks, or where its batches are not counted yet, after each fiftieth.

    Notes
    -----
    Chunks are counted in batches, not in seconds: who sets weights or the learning rate in `on_chunk_end` gets the same
    bits on every machine. Where they are cut changes no bit by itself.
    """

    model: Model
    plan: Plan
    every: int | None = None

    def on_train_begin(self) -> None:
        """Do something before the first epoch."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Do something before an epoch, counted from 0."""

    def on_train_batch_begin(self, batch: int) -> None:
        """Do something before each batch, counted from 0 in its epoch."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        """Do something after each batch, counted from 0 in its epoch: as `on_chunk_end` where `every` is 1."""

    def on_chunk_end(self, step: int, logs: dict[str, float]) -> None:
        """Do something after some batches; see `every`. The model is up to date, and may be changed.

        Parameters
        ----------
        step : int
            Batches done in this epoch.
        logs : dict
            The loss and the metrics, means over this epoch so far.
        """

    def on_look(self, step: int, logs: dict[str, float]) -> None:
        """Show something about ten times a second, by the clock: numbers as in `on_chunk_end`, but no model.

        Its weights are those of before, and must not be set: they are on their way.
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


class EarlyStopping(Callback):
    """Ends training when a number has not become better for some epochs, and may put the best weights back.

    Parameters
    ----------
    monitor : str
        Which of the numbers in the logs: ``"val_loss"``, ``"loss"``, ``"val_accuracy"``, ...
    min_delta : float
        By how much a number must be better than the best so far to count as better; its sign does not matter.
    patience : int
        How many epochs in a row may bring nothing better before training ends.
    verbose : {0, 1}
        1 prints a line when training is stopped and one when weights are put back.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"``: smaller for a loss or an error, larger for an accuracy.
    baseline : float, optional
        The number to beat: an epoch that does not beat it counts as one without improvement.
    restore_best_weights : bool
        Whether the model has the weights of the best epoch when training ends, also when nothing stopped it.
    start_from_epoch : int
        Epochs, counted from 0, before this one are not looked at.

    Attributes
    ----------
    best : float or None
        The best number so far, None before the first.
    best_epoch, stopped_epoch : int
        The epoch that gave it, and the one after which training was stopped, counted from 0; 0 if none was.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; during `fit` if the logs have no number called `monitor`, or `mode` is
        ``"auto"`` and nobody knows which way is better.

    Notes
    -----
    NaN is never better. Weights are put back, the optimizer's state is not: it goes on from where training ended. Each
    `fit` begins anew. After Ctrl-C call `restore` to have the best weights.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(1.0), "mean_squared_error")  # a rate at which the error never falls
    >>> stop = EarlyStopping("loss", patience=2)
    >>> model.fit([[-1], [1]], [-2, 2], epochs=100, verbose=0, callbacks=[stop]).history["loss"]
    [4.0, 4.0, 4.0]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"EarlyStopping(monitor={monitor!r}): expected the name of a number, such as 'val_loss'.")
        for name, number in (("min_delta", min_delta), ("baseline", baseline)):
            if number not in Range() and not (name == "baseline" and number is None):
                raise ValueError(f"EarlyStopping({name}={number!r}): {name} must be {Range()}. Got {number!r}.")
        for name, count in (("patience", patience), ("start_from_epoch", start_from_epoch)):
            check_int("EarlyStopping", name, count, 0)
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"EarlyStopping(mode={mode!r}): mode must be 'auto', 'min' or 'max'. Got {mode!r}.")
        if verbose not in (0, 1):
            raise ValueError(f"EarlyStopping(verbose={verbose!r}): verbose must be 0 or 1. Got {verbose!r}.")
        if not isinstance(restore_best_weights, bool):
            raise TypeError(f"EarlyStopping(restore_best_weights={restore_best_weights!r}): expected True or False.")
        self.monitor = monitor
        self.min_delta = abs(min_delta)
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._forget()

    def _forget(self) -> None:
        """Begin anew."""
        self.best: float | None = None
        self.best_epoch = self.stopped_epoch = 0
        self._is_larger_better = False
        self._wait = 0
        self._best_weights: list[Array] | None = None

    def on_train_begin(self) -> None:
        """Forget an earlier training."""
        self._forget()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Compare the epoch with the best one, and end training if there was nothing better for too long."""
        if self.monitor not in logs:
            hint = " Give fit() validation_data or validation_split." if self.monitor.startswith("val_") else ""
            raise ValueError(
                f"EarlyStopping(monitor={self.monitor!r}): training has no such number."
                f" {did_you_mean(self.monitor, list(logs))}{hint}"
            )
        self._is_larger_better = self._find_direction()
        if epoch < self.start_from_epoch:
            return
        current = logs[self.monitor]
        if self.restore_best_weights and self._best_weights is None:
            # Something to put back where every number is NaN.
            self._best_weights, self.best_epoch = self.model.get_weights(), epoch
        self._wait += 1
        if self._is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
            if self._is_better(current, self.baseline):
                self._wait = 0
            return
        # As in Keras, a first epoch without improvement ends nothing even with no patience.
        if self._wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float]) -> None:
        """Put the best weights back, if that is wanted."""
        if self.verbose and self.stopped_epoch:
            print(f"epoch {self.stopped_epoch + 1}: stopped early, {self.monitor} was best in epoch {self._best()}")
        if self.verbose and self._best_weights is not None:
            print(f"the weights are those of epoch {self._best()}")
        self.restore()

    def restore(self) -> None:
        """Give the model the weights of the best epoch so far; nothing happens if they were not to be kept."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)

    def _best(self) -> int:
        return self.best_epoch + 1

    def _find_direction(self) -> bool:
        """Return whether larger is better; a metric tells it by its class, whatever it is called."""
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        kinds = {metric.name: type(metric).__name__ for metric in self.model.resolved_metrics()}
        kind = kinds.get(name, name).casefold()
        if kind.endswith(("accuracy", "loss", "error")):
            return kind.endswith("accuracy")
        raise ValueError(
            f"EarlyStopping(monitor={self.monitor!r}): mode='auto' knows losses, errors and accuracies, and {kind!r} is"
            " none. Give mode='min' or mode='max'."
        )

    def _is_better(self, current: float, reference: float | None) -> bool:
        """Return whether a number is better than another by more than `min_delta`, or the first that is a number."""
        if reference is None:
            return not math.isnan(current)
        gain = current - reference if self._is_larger_better else reference - current
        return gain > self.min_delta


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.callbacks", __all__)
