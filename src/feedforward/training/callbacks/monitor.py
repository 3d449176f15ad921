"""The monitor: what callbacks have in common that watch one number, and know which way is better."""

from __future__ import annotations

import math

from feedforward.lookup import did_you_mean
from feedforward.nn.config import Range
from feedforward.training.callbacks.callback import Callback, Logs
from feedforward.training.objectives import is_larger_better

__all__ = ["Monitor"]


class Monitor(Callback):
    """Base of callbacks that watch a number.

    Parameters
    ----------
    monitor : str
        Which of the numbers in the logs: ``"val_loss"``, ``"loss"``, ``"val_accuracy"``, ...
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; ``"auto"``: smaller for a loss, and for a metric what
        its class says, see `Metric.is_larger_better`.
    min_delta : float
        By how much a number must be better than another to count as better; its sign does not matter.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; during `fit` if the logs have no number called `monitor`, or `mode` is
        ``"auto"`` and nobody knows which way is better.

    Notes
    -----
    NaN is never better.

    Examples
    --------
    >>> watch = Monitor("loss", mode="min", min_delta=0.1)
    >>> watch.is_better(0.8, 1.0), watch.is_better(0.95, 1.0), watch.is_better(0.95, None)
    (True, False, True)
    """

    monitor: str
    mode: str
    min_delta: float

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0) -> None:
        owner = type(self).__name__
        if not isinstance(monitor, str):
            raise TypeError(f"{owner}(monitor={monitor!r}): expected the name of a number, such as 'val_loss'.")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{owner}(mode={mode!r}): mode must be 'auto', 'min' or 'max'. Got {mode!r}.")
        if min_delta not in Range():
            raise ValueError(f"{owner}(min_delta={min_delta!r}): min_delta must be {Range()}. Got {min_delta!r}.")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)

    def current(self, logs: Logs) -> float:
        """Return the number that is watched.

        Raises
        ------
        ValueError
            If there is none.
        """
        if self.monitor not in logs:
            hint = " Give fit() validation_data or validation_split." if self.monitor.startswith("val_") else ""
            raise ValueError(
                f"{type(self).__name__}(monitor={self.monitor!r}): training has no such number."
                f" {did_you_mean(self.monitor, list(logs))}{hint}"
            )
        return logs[self.monitor]

    def is_better(self, current: float, reference: float | None) -> bool:
        """Return whether a number is better than another by more than `min_delta`, or the first that is a number."""
        is_larger_better = self.is_larger_better()
        if reference is None:
            return not math.isnan(current)
        return (current - reference if is_larger_better else reference - current) > self.min_delta

    def is_larger_better(self) -> bool:
        """Return whether larger is better; a metric tells it by its class, whatever it is called.

        Raises
        ------
        ValueError
            If `mode` is ``"auto"`` and nobody knows.
        """
        if self.mode != "auto":
            return self.mode == "max"
        owner = type(self).__name__
        found = is_larger_better(self.model.wanted(owner), self.monitor)
        if found is None:
            raise ValueError(
                f"{owner}(monitor={self.monitor!r}): mode='auto' asks the metric, and this one does not say. Give"
                " mode='min' or mode='max', or its class is_larger_better = False or True."
            )
        return found
