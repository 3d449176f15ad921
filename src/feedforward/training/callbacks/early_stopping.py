"""Early stopping: training ends when nothing has become better for some epochs."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.errors import FormatError
from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_int, check_number
from feedforward.training.callbacks.callback import Logs, check_verbose, float_of, number_of
from feedforward.training.callbacks.monitor import Monitor

__all__ = ["EarlyStopping"]


class EarlyStopping(Monitor):
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
        Whether smaller or larger is better; ``"auto"``: smaller for a loss, and for a metric what
        its class says, see `Metric.is_larger_better`.
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

    patience: int
    verbose: int
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
        super().__init__(monitor, mode, min_delta)
        if baseline is not None:
            check_number("EarlyStopping", "baseline", baseline, Range())
        for name, count in (("patience", patience), ("start_from_epoch", start_from_epoch)):
            check_int("EarlyStopping", name, count, 0)
        check_verbose("EarlyStopping", verbose)
        if not isinstance(restore_best_weights, bool):
            raise TypeError(f"EarlyStopping(restore_best_weights={restore_best_weights!r}): expected True or False.")
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._forget()

    def _forget(self) -> None:
        """Begin anew."""
        self.best = None
        self.best_epoch = self.stopped_epoch = 0
        self._wait = 0
        self._best_weights: list[Array] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training."""
        self._forget()

    def get_state(self) -> dict[str, Any]:
        """Return the best epoch, its weights and how long it is ago."""
        weights = {f"weight/{place}": weight for place, weight in enumerate(self._best_weights or [])}
        numbers = {"best": self.best, "best_epoch": self.best_epoch, "stopped_epoch": self.stopped_epoch}
        return numbers | {"wait": self._wait} | weights

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from it."""
        self.best, self._wait = float_of(state, "best"), number_of(state, "wait")
        self.best_epoch, self.stopped_epoch = number_of(state, "best_epoch"), number_of(state, "stopped_epoch")
        given = [value for name, value in state.items() if name.startswith("weight/")]
        wanted = self.model.get_weights() if given else []
        if [(one.shape, one.dtype) for one in wanted] != [(one.shape, one.dtype) for one in given]:
            raise FormatError("the best weights do not fit the model")
        self._best_weights = [np.array(weight) for weight in given] or None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare the epoch with the best one, and end training if there was nothing better for too long."""
        current = self.current(logs)
        self.is_larger_better()  # also before the first epoch that is looked at: who cannot tell says so now
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self._best_weights is None:
            # Something to put back where every number is NaN.
            self._best_weights, self.best_epoch = self.model.get_weights(), epoch
        self._wait += 1
        if self.is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
            if self.is_better(current, self.baseline):
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
