"""What sets the learning rate between epochs: by a function of the epoch, or when nothing becomes better."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from feedforward.nn.config import Range, check_int, check_number
from feedforward.nn.schedules import LearningRateSchedule
from feedforward.tensor import Variable
from feedforward.training.callbacks.callback import Callback, Logs, check_verbose, float_of, number_of
from feedforward.training.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau", "rate_of"]


def rate_of(model: Model, owner: str) -> float:
    """Return the present learning rate of a model whose rate a callback, called `owner`, sets.

    Raises
    ------
    TypeError
        If it is a schedule, which nobody can set.
    """
    rate: Any = None if model.optimizer is None else model.optimizer.learning_rate
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{owner}: the optimizer's learning_rate is {rate!r}, which sets it in every step. Give the optimizer a "
            f"number, or leave out {owner}."
        )
    return float(rate.item() if isinstance(rate, Variable) else rate)


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Parameters
    ----------
    schedule : callable
        Takes the epoch, counted from 0, and, unless it takes one argument, the present learning rate; returns the new
        one, at least 0.
    verbose : {0, 1}
        1 prints a line before each epoch.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these; during `fit` if the optimizer has a schedule, or the function returns something
        else than a number >= 0.

    Notes
    -----
    To set it in every step give the optimizer one of `feedforward.optimizers.schedules` instead: it is computed with
    the step. As in Keras 3, where the rate is also among the logs.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    >>> model.compile(ff.optimizers.SGD(0.5), "mean_squared_error")
    >>> halved = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    >>> _ = model.fit([[1.0]], [1.0], epochs=3, verbose=0, callbacks=[halved])
    >>> model.optimizer.learning_rate
    0.125
    """

    schedule: Callable[..., float]
    verbose: int

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(
                f"LearningRateScheduler(schedule={schedule!r}): expected a function, such as lambda epoch, rate: rate."
            )
        check_verbose("LearningRateScheduler", verbose)
        self.schedule = schedule
        self.verbose = verbose

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Check that the rate can be set."""
        rate_of(self.model, "LearningRateScheduler")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        before = rate_of(self.model, "LearningRateScheduler")
        given = (epoch, before) if _takes_two(self.schedule) else (epoch,)
        rate: Any = self.schedule(*given)
        if rate not in Range(0):
            raise ValueError(
                f"LearningRateScheduler: schedule({', '.join(map(str, given))}) returned {rate!r}. Expected the "
                f"learning rate, {Range(0)}. Let it return float(rate)."
            )
        _set_rate(self.model, float(rate))
        if self.verbose:
            print(f"epoch {epoch + 1}: the learning rate is {rate:g}")


def _takes_two(schedule: Callable[..., float]) -> bool:
    """Return whether a function can be called with epoch and rate."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except (TypeError, ValueError):  # of a function that is not written in Python nobody knows: those take one
        return False
    return True


def _set_rate(model: Model, rate: float) -> None:
    if model.optimizer is not None:
        model.optimizer.learning_rate = rate


class ReduceLROnPlateau(Monitor):
    """Makes the learning rate smaller when a number has not become better for some epochs.

    Parameters
    ----------
    monitor, mode, min_delta
        As for `Monitor`.
    factor : float
        What the rate is multiplied by, above 0 and below 1.
    patience : int
        After how many epochs in a row without anything better.
    verbose : {0, 1}
        1 prints a line each time.
    cooldown : int
        For how many epochs after that nobody counts.
    min_lr : float
        The smallest rate.

    Attributes
    ----------
    best : float or None
        The best number so far.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; during `fit` as for `Monitor`, and if the optimizer has a schedule.

    Notes
    -----
    As in Keras 3, but that NaN is never better.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(1.0), "mean_squared_error")  # a rate at which the error never falls
    >>> reduce = ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> model.fit([[-1], [1]], [-2, 2], epochs=5, verbose=0, callbacks=[reduce]).history["loss"]
    [4.0, 4.0, 4.0, 4.0, 0.0]
    """

    factor: float
    patience: int
    verbose: int
    cooldown: int
    min_lr: float
    best: float | None

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        check_number("ReduceLROnPlateau", "factor", factor, Range(0, 1, has_low=False, has_high=False))
        check_int("ReduceLROnPlateau", "patience", patience, 0)
        check_verbose("ReduceLROnPlateau", verbose)
        check_int("ReduceLROnPlateau", "cooldown", cooldown, 0)
        check_number("ReduceLROnPlateau", "min_lr", min_lr, Range(0))
        self.factor = float(factor)
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = float(min_lr)
        self._forget()

    def _forget(self) -> None:
        self.best = None
        self._wait = self._cooling = 0

    def get_state(self) -> dict[str, Any]:
        """Return the best number, how long it is ago, and for how many epochs nobody counts."""
        return {"best": self.best, "wait": self._wait, "cooling": self._cooling}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from it."""
        self.best, self._wait, self._cooling = (
            float_of(state, "best"),
            number_of(state, "wait"),
            number_of(state, "cooling"),
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget an earlier training, and check that the rate can be set."""
        rate_of(self.model, "ReduceLROnPlateau")
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare the epoch with the best one, and make the rate smaller if there was nothing better for too long."""
        current = self.current(logs)
        is_cooling = self._cooling > 0
        if is_cooling:
            self._cooling -= 1
            self._wait = 0
            is_cooling = self._cooling > 0
        if self.is_better(current, self.best):
            self.best, self._wait = current, 0
        elif not is_cooling:
            self._wait += 1
            rate = rate_of(self.model, "ReduceLROnPlateau")
            if self._wait >= self.patience and rate > self.min_lr:
                new = max(rate * self.factor, self.min_lr)
                _set_rate(self.model, new)
                self._cooling, self._wait = self.cooldown, 0
                if self.verbose:
                    print(f"epoch {epoch + 1}: {self.monitor} is no better, the learning rate becomes {new:g}")
