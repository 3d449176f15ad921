"""Phases: what an optimizer has `fit` do at the begin or end of epochs and of training, beside its steps.

Each is a `Callback` that `fit` tells before those of the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedforward.training.callbacks import Callback, Logs

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["phases"]


def phases(model: Model) -> list[Callback]:
    """Return what is to be told for the sake of a model's optimizer."""
    optimizer = model.optimizer
    return [_Averaging()] if optimizer is not None and optimizer.use_ema else []


class _Averaging(Callback):
    """After training lets weights be their averages, see `Optimizer`: before a user's callback looks at them."""

    _steps = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Note how many steps were taken before."""
        self._steps = self._count()

    def on_train_end(self, logs: Logs) -> None:
        """Put the averages in place, unless there was no step."""
        optimizer = self.model.optimizer
        if optimizer is not None and self._count() > self._steps:
            optimizer.finalize_variable_values(self.model.trainable_weights)

    def _count(self) -> int:
        return 0 if self.model.optimizer is None else int(self.model.optimizer.iterations)
