"""Early stopping: training ends when nothing has become better for some epochs."""

from __future__ import annotations

import math

from feedforward.graph.node import Array
from feedforward.lookup import did_you_mean
from feedforward.nn.config import Range, check_int
from feedforward.training.callbacks.callback import Callback, Logs
from feedforward.training.objectives import metrics_by_name

__all__ = ["EarlyStopping"]


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
        name = self.monitor.removeprefix("val_")
        metrics = metrics_by_name(self.model.wanted("EarlyStopping"))
        kinds = {name: type(metric).__name__ for name, metric in metrics.items()}
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
