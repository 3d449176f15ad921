"""Callbacks made of functions, and one that Keras programs give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedforward.lookup import did_you_mean
from feedforward.training.callbacks.callback import HOOKS, Callback

__all__ = ["LambdaCallback", "TerminateOnNaN"]


class LambdaCallback(Callback):
    """Calls functions while a model trains.

    Parameters
    ----------
    every : int, optional
        As for `Callback`: after how many batches ``on_chunk_end`` is called.
    **hooks : callable
        By the names of the methods of `Callback`, each with their arguments: ``on_epoch_end=lambda epoch, logs: ...``.

    Raises
    ------
    TypeError
        If there is no such method, what is given is no function, or, by `fit`, it does not take these arguments.

    Notes
    -----
    A backup keeps no state of it; see `BackupAndRestore`.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> _ = model.fit([[-1], [1]], [-2, 2], epochs=2, verbose=0, callbacks=[show])
    0 4.0
    1 1.0
    """

    def __init__(self, *, every: int | None = None, **hooks: Callable[..., Any]) -> None:
        for name, function in hooks.items():
            if name not in HOOKS:
                raise TypeError(f"LambdaCallback({name}=...): nobody calls {name}. {did_you_mean(name, HOOKS)}")
            if not callable(function):
                raise TypeError(f"LambdaCallback({name}={function!r}): expected a function. Write lambda *what: ...")
            setattr(self, name, function)
        self.every = every


class TerminateOnNaN(Callback):
    """Stands for what happens in any case: a loss or a weight that becomes NaN or infinite ends training.

    Notes
    -----
    `fit` then raises a `NotFiniteError`, which names the operation, the layer and the batch, and leaves the weights of
    before that batch. In Keras 3 `fit` returns, and the weights may be NaN. So this callback has nothing to do; it is
    here for programs that give it.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> _ = model.fit([[1.0]], [1.0], verbose=0, callbacks=[TerminateOnNaN()])
    """
