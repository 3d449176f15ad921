"""Callbacks of Keras 1 and 2, and how they come to be told what our trainer tells.

A callback of a program has Keras's methods (``on_batch_end``) and gets Keras's logs: those of a batch are of that batch
alone. Each stands behind a callback of ours, which calls a method for batches only where the program defines one. The
standard ones go by ``keras/callbacks.py`` of Keras 2.2.4.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.compat.keras.spelling import by_name, is_alone, is_keras_1, keeps_names
from feedforward.compat.names import provided, refuse
from feedforward.tensor import Variable
from feedforward.training import callbacks as ours

__all__ = ["BaseCallback", "Callback", "History", "Sizes", "listeners"]

Logs = dict[str, Any]


@provided("keras.callbacks.Callback")
class Callback:
    """What callbacks of programs are derived from.

    Attributes
    ----------
    model : Model
        The model that is trained.
    params : dict
        What `fit` was asked for.
    validation_data : list or None
        What is measured after each epoch.
    """

    model: Any = None
    validation_data: Any = None
    params: dict[str, Any]

    def __init__(self) -> None:
        self.params = {}

    def set_params(self, params: dict[str, Any]) -> None:
        """Keep what `fit` was asked for."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Keep the model."""
        self.model = model

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Do something before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Do something after an epoch."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Do something before a batch, counted from 0 in each epoch."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Do something after a batch."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Do something before a batch: the later name."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Do something after a batch: the later name."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Do something before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """Do something after the last epoch."""


BaseCallback = Callback

_HOOKS = (
    *("on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end", "on_train_batch_begin"),
    *("on_train_batch_end", "on_train_begin", "on_train_end"),
)


def _has(callback: Callback, hook: str) -> bool:
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not vars(Callback)[hook]


class Sizes:
    """How many samples each batch of an epoch has.

    Parameters
    ----------
    samples : int or None
        Samples in an epoch, of a known number.
    batch_size : int or None
        Samples in a batch, of a known number.
    """

    def __init__(self, samples: int | None, batch_size: int | None) -> None:
        self.samples, self.batch_size = samples, batch_size
        self.seen: list[int] = []

    def of(self, batch: int) -> int:
        """Return the size of a batch."""
        if self.samples is not None and self.batch_size is not None:
            return min(self.batch_size, self.samples - batch * self.batch_size)
        return self.seen[batch % len(self.seen)] if self.seen else 1


class _Listener(ours.Callback):
    """What our trainer tells, and a program's callback is told."""

    def __init__(self, callback: Callback, params: dict[str, Any], sizes: Sizes) -> None:
        self._callback, self._sizes = callback, sizes
        self._params = params
        self._before: dict[str, tuple[float, int]] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Introduce the model, and tell."""
        self._callback.set_params(self._params)
        self._callback.set_model(self.model)
        self._callback.on_train_begin({})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Tell."""
        self._before = {}
        self._callback.on_epoch_begin(epoch, {})

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        """Tell."""
        self._callback.on_epoch_end(epoch, logs)

    def on_train_end(self, logs: Any) -> None:
        """Tell."""
        self._callback.on_train_end({})

    def _of_batch(self, batch: int, logs: Any) -> Logs:
        """Return the numbers of a batch alone, from the means over the epoch so far.

        Metrics are means over the epoch so far since Keras 2.3, and in TensorFlow; the loss is that of the batch.
        """
        size = self._sizes.of(batch)
        found: Logs = {"batch": batch, "size": size}
        for name, value in logs.items():
            if name != "loss" and (not is_alone() or keeps_names()):
                found[name] = value
                continue
            mean, count = self._before.get(name, (0.0, 0))
            found[name] = (value * (count + size) - mean * count) / size
            self._before[name] = value, count + size
        return found


class _BatchListener(_Listener):
    """The same for a callback that wants to be told of batches."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Tell."""
        given = {"batch": batch, "size": self._sizes.of(batch)}
        self._callback.on_batch_begin(batch, given)
        self._callback.on_train_batch_begin(batch, given)

    def on_train_batch_end(self, batch: int, logs: Any) -> None:
        """Tell."""
        numbers = self._of_batch(batch, logs)
        self._callback.on_batch_end(batch, numbers)
        self._callback.on_train_batch_end(batch, numbers)


def listeners(callbacks: Any, params: dict[str, Any], sizes: Sizes) -> list[ours.Callback]:
    """Return what our trainer is to tell, for callbacks of a program.

    Raises
    ------
    TypeError
        If one of them is no callback, or has a method that nobody calls.
    """
    given = callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
    found: list[ours.Callback] = []
    for callback in given:
        if isinstance(callback, ours.Callback):
            found.append(callback)
            continue
        if not isinstance(callback, Callback):
            raise TypeError(f"fit: callbacks holds {callback!r:.80}. Give objects of classes derived from Callback.")
        for name in dir(callback):
            # Those of evaluate and predict came with Keras 2.3: before, nobody called them there either.
            later = ("on_test_begin", "on_test_end", "on_predict_begin", "on_predict_end")
            known = (*_HOOKS, *later) if is_alone() and not keeps_names() else _HOOKS
            if name.startswith("on_") and name not in known and callable(getattr(callback, name)):
                raise TypeError(f"fit: nobody calls {type(callback).__name__}.{name}. Told are {', '.join(_HOOKS)}.")
        wants_batches = any(_has(callback, hook) for hook in _HOOKS if "batch" in hook)
        found.append((_BatchListener if wants_batches else _Listener)(callback, params, sizes))
    return found


@provided("keras.callbacks.History")
class History(Callback):
    """The numbers of each epoch, which `fit` returns."""

    history: dict[str, list[float]]
    epoch: list[int]

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the numbers of an epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))


class _Watching(Callback):
    """What callbacks have in common that watch a number."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}(mode={mode!r}): expected 'auto', 'min' or 'max'.")
        self.monitor = monitor
        is_larger = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))
        self.monitor_op = np.greater if is_larger else np.less
        self.min_delta = abs(min_delta) * (1 if is_larger else -1)
        self.worst = -np.inf if is_larger else np.inf

    def _current(self, logs: Any) -> float:
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"{type(self).__name__}(monitor={self.monitor!r}): training has no such number. It has "
                f"{', '.join(logs or {})}. Give fit() validation data for those that begin with val_."
            )
        return float(logs[self.monitor])


@provided("keras.callbacks.EarlyStopping")
class EarlyStopping(_Watching):
    """Ends training when a number has not become better for some epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.wait = self.stopped_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = 0
        self.best = self.worst if self.baseline is None else self.baseline

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare an epoch with the best."""
        current = self._current(logs)
        if self.monitor_op(current - self.min_delta, self.best):
            self.best, self.wait = current, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience + is_keras_1():  # which let one epoch more go by
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.restore_best_weights and self.best_weights is not None:
                if self.verbose > 0:
                    print("Restoring model weights from the end of the best epoch")
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Any = None) -> None:
        """Say that training was stopped."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")


@provided("keras.callbacks.ModelCheckpoint")
class ModelCheckpoint(_Watching):
    """Saves the model, or its weights, after epochs."""

    def __init__(
        self,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
        save_freq: Any = "epoch",
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch":
            raise ValueError(f"ModelCheckpoint(save_freq={save_freq!r}): only 'epoch' is provided. Give period=.")
        self.filepath, self.verbose, self.period = os.fspath(filepath), verbose, period
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best, self.epochs_since_last_save = self.worst, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save where it is time to."""
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        if self.save_best_only:
            current = self._current(logs)
            if not self.monitor_op(current, self.best):
                if self.verbose > 0:
                    print(f"\nEpoch {epoch + 1:05d}: {self.monitor} did not improve from {self.best:0.5f}")
                return
            if self.verbose > 0:
                print(
                    f"\nEpoch {epoch + 1:05d}: {self.monitor} improved from {self.best:0.5f} to {current:0.5f}, "
                    f"saving model to {path}"
                )
            self.best = current
        elif self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)


def _rate_of(model: Any) -> Variable:
    """Return the variable that a model's optimizer has for its learning rate."""
    rate = getattr(model.optimizer, "lr", None)
    if not isinstance(rate, Variable):
        raise ValueError(f"the learning rate is {rate!r:.60}. Compile the model with a number for it.")
    return rate


@provided("keras.callbacks.LearningRateScheduler")
class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to what a function of the epoch returns."""

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        rate = _rate_of(self.model)
        try:
            value = self.schedule(epoch, float(rate))
        except TypeError:  # of Keras 1
            value = self.schedule(epoch)
        if not isinstance(value, float | np.floating):
            raise ValueError(f"LearningRateScheduler: schedule({epoch}) returned {value!r:.60}. Return a float.")
        rate.assign(np.float32(value))
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1:05d}: LearningRateScheduler setting learning rate to {value}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the rate to the logs."""
        if logs is not None:
            logs["lr"] = float(_rate_of(self.model))


@provided("keras.callbacks.ReduceLROnPlateau")
class ReduceLROnPlateau(_Watching):
    """Multiplies the learning rate by a factor when a number has not become better for some epochs."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        names = ("monitor", "factor", "patience", "verbose", "mode", "min_delta", "cooldown", "min_lr")
        if "epsilon" in settings:
            settings["min_delta"] = settings.pop("epsilon")
        given = by_name("ReduceLROnPlateau", names, names, args, settings)
        super().__init__(given.get("monitor", "val_loss"), given.get("mode", "auto"), given.get("min_delta", 1e-4))
        self.factor, self.patience = given.get("factor", 0.1), given.get("patience", 10)
        if self.factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau(factor={self.factor!r}): expected a number below 1.")
        self.verbose, self.cooldown = given.get("verbose", 0), given.get("cooldown", 0)
        self.min_lr = given.get("min_lr", 0)
        self.best, self.wait, self.cooldown_counter = self.worst, 0, 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew."""
        self.best, self.wait, self.cooldown_counter = self.worst, 0, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at an epoch, and make the rate smaller where it is time to."""
        rate = _rate_of(self.model)
        if logs is not None:
            logs["lr"] = float(rate)
        current = self._current(logs)
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current - self.min_delta, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience + is_keras_1():
                before = float(rate)
                if before > self.min_lr:
                    rate.assign(np.float32(max(before * self.factor, self.min_lr)))
                    if self.verbose > 0:
                        print(f"\nEpoch {epoch + 1:05d}: ReduceLROnPlateau reducing learning rate to {float(rate)}.")
                    self.cooldown_counter, self.wait = self.cooldown, int(is_keras_1())


@provided("keras.callbacks.CSVLogger")
class CSVLogger(Callback):
    """Writes the numbers of each epoch to a table."""

    def __init__(self, filename: str, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.sep, self.append = Path(filename), separator, append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin the file, or go on with it."""
        has_header = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        if not self.append:
            self.filename.write_text("")
        self._needs_header = not has_header

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write a line."""
        numbers = logs or {}
        self.keys = self.keys or sorted(numbers)
        with self.filename.open("a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *self.keys], delimiter=self.sep, lineterminator="\n")
            if self._needs_header:
                writer.writeheader()
                self._needs_header = False
            writer.writerow({"epoch": epoch, **{key: numbers.get(key, "NA") for key in self.keys}})


@provided("keras.callbacks.LambdaCallback")
class LambdaCallback(Callback):
    """Calls functions that are given by the names of methods."""

    def __init__(self, **functions: Any) -> None:
        super().__init__()
        for name, function in functions.items():
            if name not in _HOOKS:
                raise TypeError(f"LambdaCallback({name}=...): expected {', '.join(_HOOKS)}.")
            if function is not None:
                setattr(self, name, function)


@provided("keras.callbacks.TensorBoard")
class TensorBoard(ours.TensorBoard):
    """Our `TensorBoard`: loss and metrics of each epoch, and histograms of weights. No graph is written."""

    def __init__(
        self,
        log_dir: str = "./logs",
        histogram_freq: int = 0,
        batch_size: int = 32,
        write_graph: bool = True,
        write_grads: bool = False,
        write_images: bool = False,
        embeddings_freq: int = 0,
        embeddings_layer_names: Any = None,
        embeddings_metadata: Any = None,
        embeddings_data: Any = None,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
    ) -> None:
        refused = {
            "write_grads": write_grads,
            "write_images": write_images,
            "embeddings_freq": embeddings_freq,
            "update_freq": update_freq != "epoch" and update_freq,
            "profile_batch": profile_batch,
        }
        for name, value in refused.items():
            if value:
                raise ValueError(f"TensorBoard({name}={value!r}): it is not provided. Leave it out.")
        Path(log_dir).mkdir(parents=True, exist_ok=True)
        super().__init__(log_dir, histogram_freq=histogram_freq)


@provided("keras.callbacks.TerminateOnNaN")
class TerminateOnNaN(Callback):
    """Would end training at a loss that is no number, of which our trainer tells by an error of its own."""


refuse("write a callback that sends what it gets.", "keras.callbacks.RemoteMonitor")
refuse("fit() returns a History, and prints by itself.", "keras.callbacks.BaseLogger", "keras.callbacks.ProgbarLogger")
refuse("give fit(callbacks=[...]) a list.", "keras.callbacks.CallbackList")
