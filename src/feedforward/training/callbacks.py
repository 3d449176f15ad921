"""Callbacks: what a program wants to be told, and may do, while a model trains.

Nothing that a callback defines is passed over in silence: `check_callbacks` refuses what nobody would call.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from feedforward.attributes import check_attribute
from feedforward.graph.node import Array
from feedforward.lookup import did_you_mean, namespace
from feedforward.nn.config import Range, check_int
from feedforward.training.objectives import is_larger_better
from feedforward.training.summary import counted, history_html, history_text, number_text

__all__ = ["Callback", "EarlyStopping", "History", "Plan"]

if TYPE_CHECKING:
    from feedforward.training.model import Model

Logs: TypeAlias = dict[str, float]


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
        What `fit` is going to do.
    every : int or None
        After how many batches of an epoch `on_chunk_end` is called: each time after so many, and after the last. None
        cuts an epoch into at most fifty chunks, or where its batches are not counted yet, after each fiftieth.

    Notes
    -----
    Names and meanings are those of Keras. `logs` hold the loss and the metrics, means over this epoch so far; what
    begins has none. Epochs and batches are counted from 0. `evaluate`, also that of validation data, and `predict` tell
    of their begin and end alone.

    Chunks are counted in batches, not in seconds: who sets weights or the learning rate in `on_chunk_end` gets the same
    bits on every machine. Where they are cut changes no bit by itself. A callback with a method for batches makes each
    batch a chunk, some tenths of a millisecond slower than otherwise.
    """

    model: Model
    plan: Plan
    every: int | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse what is no attribute of a callback made here; a user's may have more."""
        check_attribute(self, name)
        object.__setattr__(self, name, value)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Do something before the first epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Do something before an epoch."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch, counted from 0 in each epoch."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Do something after a batch: as `on_chunk_end` where `every` is 1."""

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Do something after some batches; see `every`. The model is up to date, and may be changed.

        Parameters
        ----------
        step : int
            Batches done in this epoch.
        logs : dict
            The loss and the metrics, means over this epoch so far.
        """

    def on_look(self, step: int, logs: Logs) -> None:
        """Show something about ten times a second, by the clock: numbers as in `on_chunk_end`, but no model.

        Its weights are those of before, and must not be set: they are on their way.
        """

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Do something after an epoch; `logs` holds the means over it, those of the validation data as ``val_...``."""

    def on_train_end(self, logs: Logs) -> None:
        """Do something after the last epoch; `logs` are those of that epoch."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Do something before data are measured."""

    def on_test_end(self, logs: Logs) -> None:
        """Do something after data were measured."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Do something before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Do something after a prediction."""


_HOOKS = {name: hook for name, hook in vars(Callback).items() if name.startswith("on_")}
"""What callbacks are told, by the method of `Callback`."""


def tell(callbacks: Sequence[Callback], hook: str, *what: Any) -> None:
    """Call a method of all callbacks, in their order."""
    for callback in callbacks:
        getattr(callback, hook)(*what)


def check_callbacks(callbacks: Any, caller: str) -> list[Callback]:
    """Return the callbacks that a user gave, none for None.

    Raises
    ------
    TypeError
        If they are no list of objects of `Callback`, or one has a method that looks like one of `Callback` and that
        nobody would call, or could call so.
    ValueError
        If one of them comes twice.
    """
    if not isinstance(callbacks, list | tuple | None):
        raise TypeError(
            f"{caller}: callbacks={callbacks!r}: expected a list of Callback objects. Write [MyCallback()]."
        )
    given = list(callbacks or [])
    for place, callback in enumerate(given):
        if isinstance(callback, type):
            name = callback.__name__
            raise TypeError(f"{caller}: callbacks holds the class {name}. Make an object of it: {name}().")
        if not isinstance(callback, Callback):
            raise TypeError(f"{caller}: callbacks holds {callback!r}. Give objects of classes derived from Callback.")
        if any(callback is other for other in given[:place]):
            raise ValueError(f"{caller}: callbacks holds the same {type(callback).__name__} twice. Give it once.")
        _check_hooks(callback, caller)
    return given


def _check_hooks(callback: Callback, caller: str) -> None:
    """Raise if a method of a callback is one that nobody calls, or takes other arguments than it would be given."""
    bare = {hook.replace("_", "") for hook in _HOOKS}
    for name in dir(callback):
        is_meant = name.startswith("on_") or name.replace("_", "").casefold() in bare
        if is_meant and name not in _HOOKS and callable(getattr(callback, name)):
            raise TypeError(
                f"{caller}: nobody calls {type(callback).__name__}.{name}. {did_you_mean(name, _HOOKS)} Callbacks are"
                f" told: {', '.join(_HOOKS)}. Rename a method of your own that begins with on_."
            )
    if callback.every is not None and not has_own(callback, "on_chunk_end"):
        raise ValueError(
            f"{caller}: {type(callback).__name__}.every={callback.every!r} is for on_chunk_end, which it does not "
            f"define. Define it, or leave out every."
        )
    for name, hook in _HOOKS.items():
        parameters = list(inspect.signature(hook).parameters.values())[1:]
        given = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
        if has_own(callback, name):
            try:
                inspect.signature(getattr(callback, name)).bind(*given)
            except TypeError as error:
                raise TypeError(
                    f"{caller}: {type(callback).__name__}.{name} cannot be called with ({', '.join(given)}): {error}."
                    f" Write def {name}({', '.join(['self', *given])})."
                ) from None


def has_own(callback: Callback, hook: str) -> bool:
    """Return whether a callback overrides a method, in its class or for itself: then it is to be told."""
    return getattr(getattr(callback, hook), "__func__", None) is not _HOOKS[hook]


class History(Callback):
    """The record of training that `fit` returns.

    Attributes
    ----------
    history : dict of str to list of float
        For the loss and each metric, one number an epoch; nats per sample for a cross-entropy.
    epoch : list of int
        The epochs, counted from 0.
    """

    history: dict[str, list[float]]
    epoch: list[int]

    def __init__(self) -> None:
        self.history = {}
        self.epoch = []

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

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
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
        Whether smaller or larger is better; ``"auto"``: smaller for a loss, and for a metric what its class says, see
        `Metric.is_larger_better`.
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

    monitor: str
    min_delta: float
    patience: int
    verbose: int
    mode: str
    baseline: float | None
    restore_best_weights: bool
    start_from_epoch: int
    best: float | None
    best_epoch: int
    stopped_epoch: int

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
        self.best = None
        self.best_epoch = self.stopped_epoch = 0
        self._is_larger_better = False
        self._wait = 0
        self._best_weights: list[Array] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training."""
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
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

    def on_train_end(self, logs: Logs) -> None:
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
        found = is_larger_better(self.model.wanted("EarlyStopping"), self.monitor)
        if found is None:
            raise ValueError(
                f"EarlyStopping(monitor={self.monitor!r}): mode='auto' asks the metric, and this one does not say. Give"
                " mode='min' or mode='max', or its class is_larger_better = False or True."
            )
        return found

    def _is_better(self, current: float, reference: float | None) -> bool:
        """Return whether a number is better than another by more than `min_delta`, or the first that is a number."""
        if reference is None:
            return not math.isnan(current)
        gain = current - reference if self._is_larger_better else reference - current
        return gain > self.min_delta


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.callbacks", __all__)
