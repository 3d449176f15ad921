"""Optimizers beside each other on a task: each with the best of the learning rates that it was tried with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from feedforward.figures import new_figure
from feedforward.graph.node import Array
from feedforward.learned.runs import losses_of
from feedforward.learned.tasks import Task, check_task, elements
from feedforward.nn.config import check_int, to_config
from feedforward.nn.optimizers import SGD, Adam, Optimizer, RMSprop

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RATES", "TUNED", "Comparison", "Curve", "compare"]

Make: TypeAlias = Callable[[float], Optimizer]
"""Returns an optimizer of a learning rate."""

TUNED: Mapping[str, Make] = {
    "SGD": SGD,
    "Nesterov": lambda rate: SGD(rate, momentum=0.9, nesterov=True),
    "RMSprop": RMSprop,
    "Adam": Adam,
}
"""The optimizers that a learned one is compared with, by their names in tables."""

RATES = tuple(float(f"{rate:.2g}") for rate in np.logspace(-4, 1, 16))
"""The learning rates that are tried: three in each power of ten from 0.0001 to 10."""

_TUNING = 1_000_000
"""Seeds of the runs that choose a learning rate begin here, so that none is measured by what it was chosen by."""

_NUMBERS = 4_000_000
"""Of so many numbers, parameters of all runs together, runs are taken side by side; more, one group after another."""


@dataclass(frozen=True)
class Curve:
    """What one optimizer did.

    Parameters
    ----------
    name : str
        What it is called.
    learning_rate : float or None
        The best of those that were tried; None where none was.
    losses : array, shape (runs, steps)
        The loss of each run before each step; NaN or infinite once it has diverged.
    """

    name: str
    learning_rate: float | None
    losses: Array

    @property
    def final(self) -> Array:
        """The loss of each run before its last step, shape (runs,); infinite where it is no number."""
        return _finite_or_infinite(self.losses[:, -1])


@dataclass(frozen=True)
class Comparison:
    """What several optimizers did on one task: `print` shows a table, `plot` the curves.

    Parameters
    ----------
    curves : tuple of Curve
        One for each optimizer, in the order in which they were given.
    """

    curves: tuple[Curve, ...]

    def __getitem__(self, name: str) -> Curve:
        """Return the curve of an optimizer."""
        return next(curve for curve in self.curves if curve.name == name)

    def __str__(self) -> str:
        steps = self.curves[0].losses.shape[1]
        width = max(len("optimizer"), *(len(curve.name) for curve in self.curves))
        lines = [f"{'optimizer':{width}}  learning rate  loss before step {steps}  log10 of it  smallest  largest"]
        for curve in self.curves:
            mean, rate = float(curve.final.mean()), curve.learning_rate
            lines.append(
                f"{curve.name:{width}}  {'' if rate is None else f'{rate:g}':>13}  {mean:>{17 + len(str(steps))}.4g}  "
                f"{_log10(mean):>11.3f}  {curve.final.min():>8.3g}  {curve.final.max():>7.3g}"
            )
        return "\n".join(lines)

    def plot(self) -> Figure:
        """Draw the mean loss of each optimizer over steps, on a logarithmic axis, between its smallest and largest run.

        Of runs of 200 steps or more each point is a mean over a hundredth of them, since batches differ.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("Comparison.plot")
        for curve in self.curves:
            runs, steps = curve.losses.shape
            width = max(1, steps // 100)
            points = steps // width
            losses = _finite_or_infinite(curve.losses[:, : points * width]).reshape(runs, points, width).mean(2)
            shown = np.where(np.isfinite(losses), losses, np.nan)
            at = (np.arange(points) + 0.5) * width + 0.5
            # A run that has diverged has no mean: without it the curve would be that of the others.
            (line,) = axes[0, 0].semilogy(at, np.mean(shown, 0), label=_label(curve), linewidth=1)
            axes[0, 0].fill_between(at, shown.min(0), shown.max(0), color=line.get_color(), alpha=0.15, linewidth=0)
        axes[0, 0].set(xlabel="step", ylabel="loss of its batch")
        axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]


def compare(
    task: Task,
    optimizers: Mapping[str, Optimizer | Make],
    *,
    steps: int = 100,
    seeds: Sequence[int] = range(5),
    learning_rates: Sequence[float] = RATES,
) -> Comparison:
    """Return what optimizers do on a task, each in runs from the same starts with the same batches.

    Parameters
    ----------
    task : Task
        What is made small.
    optimizers : dict of str to Optimizer or callable
        By the names that the table has. What is no optimizer but makes one of a learning rate, such as the class
        ``ff.optimizers.Adam`` or a function, is tuned: of `learning_rates` it gets that after which the mean loss at
        the end is smallest, in as many other runs. `TUNED` has the usual ones.
    steps : int
        Of a run.
    seeds : sequence of int
        One for each run.
    learning_rates : sequence of float
        What is tried.

    Raises
    ------
    ValueError, TypeError
        If there is no optimizer, seed or rate, an optimizer was used before, or a setting is of another kind.

    Examples
    --------
    >>> import feedforward as ff
    >>> from feedforward.learned import Squares
    >>> found = compare(Squares(4), {"SGD": ff.optimizers.SGD}, steps=9, seeds=[1, 2], learning_rates=[0.1, 1.0, 10.0])
    >>> found["SGD"].learning_rate, found["SGD"].losses.shape
    (1.0, (2, 9))
    """
    check_task("compare", task)
    if not isinstance(optimizers, Mapping) or not optimizers:
        raise TypeError(f"compare: optimizers is {optimizers!r:.60}. Give a dict of names and optimizers.")
    check_int("compare", "steps", steps, 1)
    for what, given in (("seeds", seeds), ("learning_rates", learning_rates)):
        if not len(given):
            raise ValueError(f"compare({what}={given!r}): there are none. Give one at least.")
    curves = []
    for name, optimizer in optimizers.items():
        if isinstance(optimizer, Optimizer):
            if optimizer.parameters:
                raise ValueError(f"compare: {name!r} has state, of other parameters. Give a new optimizer.")
            curves.append(Curve(name, None, losses_of(task, optimizer, list(seeds), steps, caller="compare")))
        elif callable(optimizer):
            rate = _tuned(task, optimizer, steps, len(seeds), learning_rates)
            losses = losses_of(task, optimizer(rate), list(seeds), steps, caller="compare")
            curves.append(Curve(name, rate, losses))
        else:
            raise TypeError(
                f"compare: {name!r} is {optimizer!r:.60}. Give an optimizer, or what makes one of a learning rate."
            )
    return Comparison(tuple(curves))


def _tuned(task: Task, make: Make, steps: int, runs: int, rates: Sequence[float]) -> float:
    """Return the learning rate after which the mean loss of some runs is smallest."""
    made, seeds = [make(rate) for rate in rates], range(_TUNING, _TUNING + runs)
    settings = [to_config(optimizer) | {"learning_rate": None} for optimizer in made]
    final: list[Any] = []
    if all(isinstance(one.learning_rate, float) for one in made) and all(one == settings[0] for one in settings):
        # They differ in a number alone, and so go side by side.
        pairs = [(optimizer.learning_rate, seed) for optimizer in made for seed in seeds]
        most = max(1, _NUMBERS // max(1, elements(task.shapes())))
        for start in range(0, len(pairs), most):
            part = pairs[start : start + most]
            own = [seed for _, seed in part], steps, [rate for rate, _ in part]
            final.append(losses_of(task, make(rates[0]), *own, caller="compare")[:, -1])
    else:
        final = [losses_of(task, optimizer, seeds, steps, caller="compare")[:, -1] for optimizer in made]
    means = _finite_or_infinite(np.concatenate(final)).reshape(len(rates), runs).mean(1)
    return float(rates[int(np.argmin(means))])


def _finite_or_infinite(losses: Array) -> Array:
    return np.where(np.isnan(losses), np.inf, losses)


def _log10(number: float) -> float:
    return math.log10(number) if 0 < number < math.inf else -math.inf if number == 0 else math.inf


def _label(curve: Curve) -> str:
    return curve.name if curve.learning_rate is None else f"{curve.name}, {curve.learning_rate:g}"
