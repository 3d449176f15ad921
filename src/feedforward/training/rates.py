"""The learning-rate range test: a short training in which the rate grows until the loss does, too."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward import random
from feedforward.errors import NotFiniteError
from feedforward.figures import new_figure
from feedforward.nn.config import Range, check_int
from feedforward.tensor import Variable
from feedforward.training.data import check_batch_size, check_data, check_finite
from feedforward.training.step import Task, make_step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from feedforward.training.model import Model

__all__ = ["Rates", "find_rates"]

_MEMORY = 0.9
"""What a smoothed loss keeps of the one before."""

_TOO_FAR = 4.0
"""How many times its lowest a smoothed loss may be, before the test ends."""


@dataclass(frozen=True, eq=False)
class Rates:
    """Losses over learning rates; what `Model.lr_find` returns.

    Parameters
    ----------
    rates : float64 array, shape (k,)
        The learning rate of each step.
    losses : float64 array, shape (k,)
        The mean loss of its batch, before the step.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The losses as a running mean, shape (k,): 0.9 of the one before, and corrected for its start at 0."""
        return np.array(_smoothed(self.losses.tolist()))

    @property
    def suggestion(self) -> float:
        """The rate at which the smoothed loss is half way down to its lowest: about where it is steepest.

        NaN where it falls no deeper than batches differ from each other.

        Notes
        -----
        The steepest step itself, which others take, is one of noise where the loss falls slowly.
        """
        smoothed = self.smoothed
        start = min(10, len(smoothed) // 4)  # the first ones are hardly smoothed
        smoothed = smoothed[: start + int(np.argmin(smoothed[start:])) + 1]  # what follows climbs already
        level, lowest = float(np.median(smoothed)), float(smoothed[-1])
        if not level - lowest > float(np.std(self.losses[: len(smoothed)] - smoothed)):
            return math.nan
        return float(self.rates[np.flatnonzero(smoothed > (level + lowest) / 2)[-1]])

    def plot(self) -> Figure:
        """Return a picture of the losses over the rates, with the suggestion; ImportError without Matplotlib."""
        figure, axes = new_figure("plot")
        axis = axes[0, 0]
        axis.semilogx(self.rates, self.losses, color="0.75", label="loss of a batch")
        axis.semilogx(self.rates, self.smoothed, label="smoothed")
        if math.isfinite(self.suggestion):
            axis.axvline(self.suggestion, color="0.3", linestyle=":", label=f"suggestion {self.suggestion:.2g}")
        lowest = min(self.smoothed.min(), self.losses.min())
        room = 0.1 * max(self.losses[0] - lowest, 1e-9)
        axis.set(xlabel="learning rate", ylabel="loss", ylim=(lowest - room, self.losses[0] + 3 * room))
        axis.legend()
        return figure  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return (
            f"<Rates: {len(self.rates)} from {self.rates[0]:.2g} to {self.rates[-1]:.2g}, suggestion "
            f"{self.suggestion:.2g}>"
        )


def find_rates(
    model: Model, x: Any, y: Any, batch_size: int | None, lowest: float, highest: float, steps: int
) -> Rates:
    """Train on copies of the weights with growing rates; see `Model.lr_find`."""
    optimizer, _ = model.ready("lr_find")
    optimizer.check_single_steps("lr_find")
    check_int("lr_find", "steps", steps, 2)
    size = check_batch_size(batch_size, "lr_find")
    largest = float(np.finfo(np.float32).max)
    if lowest not in Range(0, has_low=False) or highest not in Range(lowest, largest, has_low=False):
        raise ValueError(
            f"lr_find: lowest={lowest!r}, highest={highest!r}. Expected numbers 0 < lowest < highest. Give such as "
            f"float32 holds."
        )
    samples = check_finite(model, check_data(model, x, y, None, "lr_find"), "lr_find")
    rate = Variable(np.float32(lowest), trainable=False, name="learning_rate")
    # The step of a new optimizer, whose moments are its own; nothing that it computes is stored.
    task = Task(model, model.network, model.wanted("lr_find"), replace(optimizer, learning_rate=rate), model.seed)
    step = make_step(task, "train", samples.arrays, False)
    values = step.values()
    place = next(place for place, variable in enumerate(step.traced.variables) if variable is rate)
    rates, losses = np.geomspace(lowest, highest, steps), list[float]()
    for number, order in zip(range(steps), _batches(samples.rows, size, model.seed), strict=False):
        values[place] = rates[number].astype(values[place].dtype)
        outputs, values = step.executable.run([array[order] for array in samples.arrays], values)
        losses.append(float(outputs[0]) / len(order))
        *_, last = smoothed = _smoothed(losses)
        if min(smoothed) > 0 and not last <= _TOO_FAR * min(smoothed):
            break
    is_finite = np.isfinite(losses)
    count = len(losses) if is_finite.all() else int(np.argmin(is_finite))
    if count == 0:
        raise NotFiniteError(
            f"lr_find: the loss of the first batch is {losses[0]}, before any step. Expected a finite loss: scale the "
            f"inputs and targets, or begin with smaller weights."
        )
    return Rates(rates[:count], np.array(losses[:count]))


def _batches(rows: int, size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of one batch after another, in a new order each time all were used."""
    for epoch in itertools.count():
        order = random.order(rows, seed, epoch)
        yield from (order[start : start + size] for start in range(0, rows, size))


def _smoothed(losses: Sequence[float]) -> list[float]:
    """Return a running mean, corrected for its start at 0."""
    mean, result = 0.0, []
    for count, loss in enumerate(losses, 1):
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        result.append(mean / (1 - _MEMORY**count))
    return result
