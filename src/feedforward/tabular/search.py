"""Random search: settings drawn from ranges, their models trained side by side, as long as a budget lasts.

Models of one architecture are trained together (``training/many.py``): settings that are numbers alone, such as rates,
make such models; of each other choice there are groups. Not here: cross-validation (``folds.py``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from feedforward import random
from feedforward.errors import DataError, ShapeError
from feedforward.figures import new_frame, new_grid
from feedforward.graph.node import Array
from feedforward.nn.config import Range, check_int, check_number
from feedforward.stacking import are_alike
from feedforward.tabular.bar import Bar
from feedforward.tabular.folds import labels_of, seeds_of
from feedforward.training.data import check_batch_size, check_data, check_order
from feedforward.training.many import ManyModels
from feedforward.training.model import Model
from feedforward.training.objectives import is_larger_better, names_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Choice", "LogUniform", "Search", "Setting", "Trial", "Uniform", "search"]

_ROWS = 1024
"""Rows that are measured at a time."""


class Setting(Protocol):
    """What a setting is drawn from."""

    def draw(self, generator: np.random.Generator) -> Any:
        """Return a value."""


@dataclass(frozen=True)
class Uniform:
    """Numbers from `low` to `high`, each as likely.

    Raises
    ------
    ValueError
        If they are no finite numbers with low < high.

    Examples
    --------
    >>> 0.0 <= Uniform(0, 0.5).draw(np.random.default_rng(0)) < 0.5
    True
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_ends(self, Range())

    def draw(self, generator: np.random.Generator) -> float:
        """Return a number."""
        return float(generator.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """Numbers from `low` to `high`, above 0, each order of magnitude as likely: exp(u), u uniform in logarithms.

    Raises
    ------
    ValueError
        If they are no finite numbers with 0 < low < high.

    Examples
    --------
    >>> 1e-4 <= LogUniform(1e-4, 1e-1).draw(np.random.default_rng(0)) < 1e-1
    True
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_ends(self, Range(0, has_low=False))

    def draw(self, generator: np.random.Generator) -> float:
        """Return a number."""
        return math.exp(generator.uniform(math.log(self.low), math.log(self.high)))


@dataclass(frozen=True)
class Choice:
    """One of some values, each as likely.

    Raises
    ------
    ValueError
        If there are none.

    Examples
    --------
    >>> Choice((16, 32)).draw(np.random.default_rng(0)) in (16, 32)
    True
    """

    values: Sequence[Any]

    def __post_init__(self) -> None:
        is_sequence = isinstance(self.values, Sequence | np.ndarray) and not isinstance(self.values, str)
        if not is_sequence or not len(self.values):
            raise ValueError(f"Choice(values={self.values!r}): expected a sequence of values. Give at least one.")

    def draw(self, generator: np.random.Generator) -> Any:
        """Return a value."""
        return self.values[int(generator.integers(len(self.values)))]


def _check_ends(setting: Uniform | LogUniform, allowed: Range) -> None:
    title = type(setting).__name__
    for name in ("low", "high"):
        check_number(title, name, getattr(setting, name), allowed)
    if not setting.low < setting.high:
        raise ValueError(f"{title}(low={setting.low!r}, high={setting.high!r}): expected low < high. Swap them.")
    if not math.isfinite(float(setting.high) - float(setting.low)):
        raise ValueError(
            f"{title}(low={setting.low!r}, high={setting.high!r}): they are further apart than float64 can say. Bring "
            f"them nearer."
        )


@dataclass(frozen=True)
class Trial:
    """Settings that were tried.

    Parameters
    ----------
    settings : dict of str to value
        What `build` was given.
    score : float
        What was measured on the validation rows after the epoch that was best; NaN where none was finite.
    epoch : int
        That epoch, from 1; 0 where none was finite.
    epochs : int
        How many epochs there were.
    """

    settings: Mapping[str, Any]
    score: float
    epoch: int
    epochs: int


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found.

    Parameters
    ----------
    monitor : str
        What the scores are: the loss, or a metric.
    is_larger_better : bool
        Which way a score is better.
    trials : tuple of Trial
        What was tried, in its order.
    model : Model
        The best model, with the weights of its best epoch.
    seconds : float
        How long it took.
    """

    monitor: str
    is_larger_better: bool
    trials: tuple[Trial, ...]
    model: Model = field(repr=False)
    seconds: float

    @property
    def best(self) -> Trial:
        """The trial with the best score; of several the first."""
        return self.sorted[0]

    @property
    def sorted(self) -> list[Trial]:
        """The trials, the best first, those without a score last."""
        sign = -1.0 if self.is_larger_better else 1.0
        return sorted(self.trials, key=lambda one: sign * one.score if math.isfinite(one.score) else math.inf)

    def to_frame(self) -> Any:
        """Return the trials as a data frame of pandas or polars, the best first, with a column for each setting.

        Raises
        ------
        ImportError
            If neither is installed.
        """
        found = self.sorted
        columns: dict[str, list[Any]] = {self.monitor: [one.score for one in found]}
        columns |= {name: [one.settings[name] for one in found] for name in found[0].settings}
        return new_frame("to_frame", columns | {"epoch": [one.epoch for one in found]})

    def __str__(self) -> str:
        """Return how many were tried, and the best."""
        best, count = self.best, len(self.trials)
        settings = ", ".join(f"{name}={_short(value)}" for name, value in best.settings.items())
        return f"{count} trials in {self.seconds:.1f} s: {self.monitor} {best.score:.4g} with {settings}"

    def plot(self) -> Figure:
        """Return a figure with a picture for each setting: the score of each trial over its value.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        names = list(self.best.settings)
        figure, all_axes = new_grid("plot", len(names), (3.5, 3.0))
        for name, axes in zip(names, all_axes, strict=True):
            values = [one.settings[name] for one in self.trials]
            is_number = all(isinstance(value, float) for value in values)
            axes.plot(values if is_number else list(map(_short, values)), [one.score for one in self.trials], "o")
            if is_number and min(values) > 0 and max(values) > 20 * min(values):
                axes.set_xscale("log")
            axes.set(xlabel=name, ylabel=self.monitor)
            axes.set_axis_on()
        return figure  # type: ignore[no-any-return]


def search(
    build: Callable[..., Model],
    space: Mapping[str, Setting],
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    budget_s: float = 60.0,
    epochs: int = 20,
    batch_size: int | None = None,
    together: int = 8,
    validation: Any = 0.2,
    monitor: str | None = None,
    most: int | None = None,
    seed: int = 0,
    verbose: str | int = "auto",
) -> Search:
    """Try settings drawn at random, several at a time, as long as a budget lasts; return the best model.

    Parameters
    ----------
    build : callable
        Makes a compiled model of the settings, which it is given by their names.
    space : dict of str to Uniform, LogUniform or Choice
        What each setting is drawn from.
    x, y, sample_weight
        The samples, as for `Model.fit`; y is one array, shape (n, ...).
    budget_s : float
        Seconds that all of it may take.
    epochs, batch_size
        As for `Model.fit`, of each model; an epoch that is not over in time is none.
    together : int
        How many models are trained at a time.
    validation : float or int array, shape (m,)
        What part of the rows is left out of training, above 0 and below 1, of each class as much; or which rows.
    monitor : str, optional
        What decides, ``"loss"`` or the name of a metric; by default the first metric, else the loss.
    most : int, optional
        How many settings to try, at most.
    seed : int
        What settings, weights and orders come from, at least 0.
    verbose : "auto" or int
        0 shows nothing; else there is a bar in a terminal.

    Returns
    -------
    Search
        Ctrl-C ends it as the budget does, once an epoch is over.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or `build` makes no compiled model.
    DataError
        If no score is finite, or no epoch was over in time.

    Notes
    -----
    The budget holds but for the epoch that is begun when it ends: none is begun that would not be over, by the time
    that the last one took. Compiling counts: the first epoch of the first models may take a second or two. To drop the
    worse half of the models on the way ("successive halving") made 10 % more trials and found nothing better: those
    that remain share no program.

    References
    ----------
    Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012.

    Examples
    --------
    >>> import feedforward as ff
    >>> def build(rate):
    ...     model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    ...     model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    ...     return model
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> found = search(build, {"rate": LogUniform(1e-4, 0.1)}, x, 3 * x, most=8, epochs=5, verbose=0)
    >>> len(found.trials), found.best.settings["rate"] == max(one.settings["rate"] for one in found.trials)
    (8, True)
    """
    begin = time.perf_counter()
    caller = "search"
    check_number(caller, "budget_s", budget_s, Range(0, has_low=False))
    for name, value, low in (("epochs", epochs, 1), ("together", together, 1), ("seed", seed, 0)):
        check_int(caller, name, value, low)
    if most is not None:
        check_int(caller, "most", most, 1)
    if not callable(build) or isinstance(build, Model):
        raise TypeError(
            f"{caller}: build is {build!r:.60}. Expected a function that makes a compiled model of the settings. Give "
            f"one, such as def build(rate): ..."
        )
    _check_space(space)
    held, rows = _held_out(validation, np.asarray(y), seed)
    data = _Data(x, y, sample_weight, rows, held, check_batch_size(batch_size, caller))
    running = _Running(build, space, data, epochs, monitor, seed, begin + budget_s, Bar(verbose), most)
    try:
        while count := running.affordable(together):
            running.wave(count)
    except KeyboardInterrupt:
        if running.best is None:
            raise
    finally:
        running.bar.close()
    if running.best is None:
        raise DataError(
            f"search: none of {len(running.trials)} settings had a finite {running.monitor or 'score'} after an epoch "
            f"within {budget_s} s. Give a larger budget, or smaller rates."
        )
    running.best.set_weights(running.best_weights)
    return Search(
        running.monitor, running.is_larger_better, tuple(running.trials), running.best, time.perf_counter() - begin
    )


@dataclass(frozen=True, eq=False)
class _Data:
    """The samples, which rows are for what, and how many are a batch."""

    x: Any
    y: Any
    sample_weight: Any
    rows: Array
    held: Array
    batch_size: int


class _Running:
    """A search under way: what was tried, the best model, and how long things take."""

    monitor: str = ""
    is_larger_better: bool = False

    def __init__(
        self,
        build: Callable[..., Model],
        space: Mapping[str, Setting],
        data: _Data,
        epochs: int,
        monitor: str | None,
        seed: int,
        deadline: float,
        bar: Bar,
        most: int | None,
    ) -> None:
        self.trials: list[Trial] = []
        self.best: Model | None = None
        self.best_weights: list[Array] = []
        self.bar = bar
        self._build, self._space, self._data, self._epochs = build, space, data, epochs
        self._asked, self._seed, self._most = monitor, seed, most
        self._begin, self._deadline = time.perf_counter(), deadline
        self._generator = np.random.default_rng([seed, 2])
        self._best_score = math.nan
        self._seconds = 0.0  # what one model of the last wave took
        self._compiling = 0.0  # by how much a first epoch took longer than the one after it, at most

    def affordable(self, together: int) -> int:
        """Return for how many models there is time, at most so many, by what the last ones took; 0 ends the search."""
        if self._most is not None:
            together = min(together, self._most - len(self.trials))
        if not self.trials or self._left() > together * self._seconds:
            return together
        # Fewer models at a time are another program.
        return max(0, int((self._left() - self._compiling) / self._seconds))

    def _left(self) -> float:
        return self._deadline - time.perf_counter()

    def wave(self, count: int) -> None:
        """Draw settings, and train their models, those of one architecture together."""
        began = time.perf_counter()
        seeds = seeds_of(self._seed + 1, len(self.trials) + count)[len(self.trials) :]
        drawn, models, programs = [], [], []
        for each in seeds:
            settings = {name: one.draw(self._generator) for name, one in self._space.items()}
            model = _built(self._build, settings, each)
            arrays = check_data(model, self._data.x, self._data.y, None, "search").arrays
            drawn.append(settings)
            models.append(model)
            programs.append(model.traced("train", arrays))
            if time.perf_counter() - began > self._left() / 4:  # to make models is not to take the time to train them
                break
        count = len(models)
        self._settle_monitor(models[0])
        groups: list[list[int]] = []
        for number, program in enumerate(programs):
            same = next((group for group in groups if are_alike(programs[group[0]], program)), None)
            if same is None:
                groups.append([number])
            else:
                same.append(number)
        done = 0
        for group in groups:
            # What is left is for all groups that are not done: each has its part.
            until = time.perf_counter() + max(0.0, self._left()) * len(group) / (count - done)
            self._train([models[one] for one in group], [drawn[one] for one in group], until)
            done += len(group)
        self._seconds = (time.perf_counter() - began) / count

    def _settle_monitor(self, model: Model) -> None:
        wanted = model.wanted("search")
        names = names_of(wanted)
        name = self._asked or (names[1] if len(names) > 1 else names[0])
        if name not in names:
            raise ValueError(f"search(monitor={name!r}): the model measures {', '.join(names)}. Give one of these.")
        self.monitor, self.is_larger_better = name, bool(is_larger_better(wanted, name))

    def _train(self, models: Sequence[Model], settings: Sequence[Mapping[str, Any]], until: float) -> None:
        """Train models of one architecture for all epochs, or as long as there is time, and keep the best."""
        data, many = self._data, ManyModels(models)
        scores = np.full((self._epochs, len(models)), np.nan)
        first_seconds, epoch_seconds, done = 0.0, 0.0, 0
        try:
            for epoch in range(self._epochs):
                began = time.perf_counter()
                if began + epoch_seconds > until and (epoch or self.trials):
                    break
                orders = [data.rows[random.order(len(data.rows), one.seed, epoch)] for one in models]
                many.train_on_batches(data.x, data.y, data.sample_weight, order=orders, batch_size=data.batch_size)
                found = many.evaluate(data.x, data.y, _ROWS, data.sample_weight, order=data.held)[self.monitor]
                scores[epoch] = np.where(many.is_stopped, np.nan, found)
                done = epoch + 1
                for number in np.flatnonzero(np.isfinite(scores[epoch])):
                    self._consider(float(scores[epoch, number]), many, int(number))
                seconds = time.perf_counter() - began
                if epoch == 0:  # it was compiled, which says little of how long the others take
                    first_seconds = seconds
                else:
                    epoch_seconds = seconds
                    self._compiling = max(self._compiling, first_seconds - seconds)
                self._show()
        finally:  # also after Ctrl-C
            if done:
                self.trials += [self._trial(one, scores[:done, number]) for number, one in enumerate(settings)]

    def _consider(self, score: float, many: ManyModels, number: int) -> None:
        """Keep a model's weights of this epoch if none was as good."""
        is_better = score > self._best_score if self.is_larger_better else score < self._best_score
        if is_better or math.isnan(self._best_score):
            model = many.model(number)
            self.best, self.best_weights = model, model.get_weights()
            self._best_score = score

    def _trial(self, settings: Mapping[str, Any], scores: Array) -> Trial:
        if np.isnan(scores).all():
            return Trial(settings, math.nan, 0, len(scores))
        at = int(np.nanargmax(scores) if self.is_larger_better else np.nanargmin(scores))
        return Trial(settings, float(scores[at]), at + 1, len(scores))

    def _show(self) -> None:
        now = time.perf_counter()
        part = (now - self._begin) / (self._deadline - self._begin)
        self.bar.show(part, f"{len(self.trials)} tried  best {self.monitor} {self._best_score:.4g}")


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _built(build: Callable[..., Model], settings: Mapping[str, Any], seed: int) -> Model:
    """Return what a user's function makes of settings, drawing from a seed."""
    with random.drawing_from(seed, 0):
        model = build(**settings)
    if not isinstance(model, Model):
        raise TypeError(f"search: build returned {model!r:.60}. Expected a compiled Model: return one.")
    model.ready("search")
    return model


def _check_space(space: Any) -> None:
    if not isinstance(space, Mapping) or not space:
        raise TypeError(f"search: space is {space!r:.60}. Expected a dict with a setting or more. Name what to draw.")
    for name, one in space.items():
        if not hasattr(one, "draw"):
            raise TypeError(
                f"search: space[{name!r}] is {one!r:.60}. Expected Uniform, LogUniform or Choice: write "
                f"Choice([...]) for some values."
            )


def _held_out(validation: Any, y: Array, seed: int) -> tuple[Array, Array]:
    """Return which rows are for validation, and which for training."""
    if not y.ndim:
        raise ShapeError(f"search: y is {y.item()!r:.60}. Expected one array, shape (n, ...): a target for each row.")
    n, held = len(y), np.asarray(validation)
    if not held.ndim:
        check_number("search", "validation", validation, Range(0, 1, has_low=False, has_high=False))
        order, labels = np.random.default_rng([seed, 3]).permutation(n), labels_of(y)
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        counts = np.floor(np.arange(1, n + 1) * validation + 0.5)  # so many of the first rows are held out, of each
        held = order[np.diff(counts, prepend=0) > 0]
    else:
        held = check_order(held, n, "search: validation")
    rows = np.setdiff1d(np.arange(n), held)
    if not len(held) or not len(rows):
        raise DataError(
            f"search(validation={validation!r:.60}): {len(held)} of {n} rows are for validation. Expected some, and "
            f"some for training. Give another part."
        )
    return held, rows
