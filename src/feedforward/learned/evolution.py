"""Training an update rule without gradients of its steps: by runs with its weights a little changed, in pairs.

What long runs lead to is as rough as it is far away, so that its gradient is large and says little. Evolution
strategies take that of a smoothed loss, from the values of the loss alone; persistent ones do so from parts of runs
that go on from one update of the weights to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedforward.errors import FormatError, NotFiniteError
from feedforward.graph.node import Array
from feedforward.interrupts import held_interrupts
from feedforward.learned.resuming import RUNS, Resumable, digest_of_step
from feedforward.learned.runs import Runs
from feedforward.learned.tasks import Task
from feedforward.nn.config import Range, check_bool, check_int, check_number, is_int, resolve, to_config
from feedforward.nn.optimizer import Rate
from feedforward.nn.optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from feedforward.nn.update_rules import Learned, UpdateRule
from feedforward.random import check_seed
from feedforward.tensor import Tensor, Variable

__all__ = ["EvolvedTraining"]

_POSITIVE = Range(0, has_low=False)
_SEEDS = 2**62


@dataclass(frozen=True)
class _Standing:
    """Where the p pairs of runs on a task stand.

    Parameters
    ----------
    values : dict of Variable to array, shape (2 p, ...)
        See `Runs`; the first p are the one half of each pair, those after them the other.
    seeds, done, lengths : int64 arrays, shape (p,)
        Of each pair, the seed of its run, how many steps it has taken, and after how many it ends.
    sums : dict of str to float32 array, shape (p, ...)
        For each weight, the sum of all changes of it since the run began.
    """

    values: dict[Variable, Array]
    seeds: Array
    done: Array
    lengths: Array
    sums: dict[str, Array]


class EvolvedTraining(Resumable):
    """Trains an update rule by persistent evolution strategies, on several tasks at a time.

    Each task has p pairs of runs. Before each update of the weights w all runs take T steps, those of a pair with w + e
    and w - e, where e is drawn anew, and from the same start, with the same batches and dropout. With the sum d of all
    e since the run of a pair began, and the mean losses a and b of its two runs in these steps, the gradient is

        g = mean over tasks and pairs of  d (a - b) / (2 s^2)        e ~ N(0, s^2)

    which is, in the mean, the gradient of the mean loss over whole runs. With e in place of d it would leave out what a
    weight did to later steps.

    Parameters
    ----------
    rule : UpdateRule
        Whose weights are trained, in place.
    tasks : sequence of Task
        What it is trained on.
    unroll : int
        T, how many steps the runs take for an update of the weights.
    steps : (int, int)
        How many steps a run has, from and to, uniform in the logarithm and rounded to a multiple of T. The first runs
        are shorter, so that not all end at the same time.
    pairs : int
        p, of each task.
    deviation : float
        s, above 0.
    learning_rate : float, Variable or LearningRateSchedule
        That of the runs, see `Learned`: to train a rule for a schedule, give it and the length that it is for.
    optimizer : str or Optimizer
        What trains the weights; by default `Adam` with the rate 0.001 and gradients no longer than 1.
    is_relative : bool
        Whether losses count as multiples of the first in their run, so that no task outweighs another.
    largest : float
        What a larger loss counts as, or one that is no number: a run may diverge.
    is_persistent : bool
        Whether d is that sum; else it is e, plain truncated evolution strategies, to see how they go wrong.
    seed : int
        Of runs and changes: equal seeds give equal bits.

    Attributes
    ----------
    history : list of float
        For each call of `train`, the mean loss in it.

    Raises
    ------
    ValueError, TypeError
        If a setting is none of these, or the optimizer was used before or takes its steps in `fit` alone.

    References
    ----------
    Vicol, Metz and Sohl-Dickstein, "Unbiased gradient estimation in unrolled computation graphs with persistent
    evolution strategies", 2021, algorithm 2. Lengths and their begin: Metz et al., "Practical tradeoffs between
    memory, compute, and performance in learned optimizers", 2022.

    Examples
    --------
    >>> from feedforward import learned, optimizers, set_seed
    >>> set_seed(0)
    >>> rule, task = learned.PerceptronRule(scale=0.05), learned.Squares(dimensions=4)
    >>> training = EvolvedTraining(rule, [task], unroll=5, steps=(10, 20), optimizer=optimizers.Adam(0.01))
    >>> first = training.train(updates=10)
    >>> training.train(updates=100) < first
    True
    """

    def __init__(
        self,
        rule: UpdateRule,
        tasks: Sequence[Task],
        *,
        unroll: int = 20,
        steps: tuple[int, int] = (100, 500),
        pairs: int = 4,
        deviation: float = 0.01,
        learning_rate: Rate = 1.0,
        optimizer: str | Optimizer | None = None,
        is_relative: bool = True,
        largest: float = 10.0,
        is_persistent: bool = True,
        seed: int = 0,
    ) -> None:
        self.tasks = tuple(tasks) if isinstance(tasks, Sequence) else ()
        if not isinstance(rule, UpdateRule) or not self.tasks or not all(isinstance(one, Task) for one in self.tasks):
            raise TypeError(f"EvolvedTraining: got {rule!r:.60} and {tasks!r:.60}. Give an update rule and some tasks.")
        check_int("EvolvedTraining", "unroll", unroll, 1)
        check_int("EvolvedTraining", "pairs", pairs, 1)
        check_number("EvolvedTraining", "deviation", deviation, _POSITIVE)
        check_number("EvolvedTraining", "largest", largest, _POSITIVE)
        check_bool("EvolvedTraining", "is_relative", is_relative)
        check_bool("EvolvedTraining", "is_persistent", is_persistent)
        if not _are_lengths(steps, unroll):
            raise ValueError(
                f"EvolvedTraining(steps={steps!r}): expected two ints, from and to, not less than unroll={unroll}. "
                f"Give (100, 500)."
            )
        self.rule, self.unroll, self.steps, self.pairs = rule, int(unroll), (int(steps[0]), int(steps[1])), int(pairs)
        self.deviation, self.largest = float(deviation), float(largest)
        self.is_relative, self.is_persistent, self.seed = is_relative, is_persistent, check_seed(seed)
        self.learning_rate = Learned(rule=rule, learning_rate=learning_rate).learning_rate
        self.optimizer = Adam(1e-3, global_clipnorm=1.0) if optimizer is None else resolve(OPTIMIZERS, optimizer)
        self.optimizer.check_single_steps("EvolvedTraining")
        self.optimizer.build(rule.weights.values())
        self.history: list[float] = []
        self._runs: list[Runs] = []
        self._standings: list[_Standing] = []
        self._estimates = 0

    @property
    def updates_done(self) -> int:
        """How many times the rule's weights were changed."""
        return int(self.optimizer.iterations)

    def train(self, updates: int = 1, look: Callable[[], bool] | None = None) -> float:
        """Change the rule's weights so many times; return the mean loss meanwhile.

        Parameters
        ----------
        updates : int
            How many times. Before each, all runs take T steps.
        look : callable, optional
            Asked after each; returns whether to stop.

        Raises
        ------
        NotFiniteError
            If a weight is not finite.

        Notes
        -----
        Whatever ends it, Ctrl-C too, the updates that are done count.
        """
        check_int("EvolvedTraining.train", "updates", updates, 1)
        losses: list[float] = []
        try:
            # Whether to stop is asked once an update is made, so that each call makes one at least.
            while len(losses) < updates and not (losses and look is not None and look()):
                gradient, loss, standings = self._estimate()
                with held_interrupts():  # an update is made with all that belongs to it
                    self._count(standings)
                    weights = self.rule.weights
                    self.optimizer.apply_gradients([(Tensor(gradient[name]), weights[name]) for name in weights])
                    losses.append(loss)
        finally:
            if losses:
                self.history.append(float(np.mean(losses)))
        return self.history[-1]

    def estimate(self) -> dict[str, Array]:
        """Let all runs go on by T steps; return the gradient that they tell, and leave the weights as they are.

        Returns
        -------
        dict of str to float32 array
            For each weight of the rule.

        Raises
        ------
        NotFiniteError
            If a weight is not finite.
        """
        gradient, _, standings = self._estimate()
        self._count(standings)
        return gradient

    def _count(self, standings: list[_Standing]) -> None:
        """Let runs stand where an estimate has left them: only then is it counted, and draws the next one anew."""
        self._standings, self._estimates = standings, self._estimates + 1

    def _estimate(self) -> tuple[dict[str, Array], float, list[_Standing]]:
        """Return gradient, mean loss, and where runs stand after T steps; nothing is changed but in `Runs`."""
        weights = {name: weight.numpy() for name, weight in self.rule.weights.items()}
        for name, weight in weights.items():
            if not np.isfinite(weight).all():
                raise NotFiniteError(
                    f"EvolvedTraining: the weight {name} is not finite after {self.updates_done} updates. Give an "
                    f"optimizer with a smaller learning rate, and begin anew or resume."
                )
        self._begin()
        results = [self._go_on(number, weights) for number in range(len(self.tasks))]
        gradient = {name: np.mean([result[0][name] for result in results], 0) for name in weights}
        return gradient, float(np.mean([loss for _, loss, _ in results])), [standing for _, _, standing in results]

    def _begin(self) -> None:
        """Compile the steps on all tasks, and let all runs have ended, so that new ones begin."""
        if self._standings:
            return
        none = [0] * (2 * self.pairs)
        self._runs = [Runs(task, self._learned(), none, 1, caller="EvolvedTraining") for task in self.tasks]
        ended = np.zeros(self.pairs, np.int64)
        sums = {name: np.zeros((self.pairs, *shape), np.float32) for name, shape in self.rule.shapes().items()}
        self._standings = [_Standing(runs.values, ended, ended, ended, sums) for runs in self._runs]

    def _learned(self) -> Learned:
        return Learned(rule=self.rule, learning_rate=self.learning_rate)

    def _go_on(self, number: int, weights: dict[str, Array]) -> tuple[dict[str, Array], float, _Standing]:
        """Return gradient and mean loss of T steps on one task, and where its runs stand then."""
        runs, now = self._runs[number], self._standings[number]
        draw = np.random.default_rng([self.seed, number, self._estimates])
        ended = now.done >= now.lengths
        seeds = np.where(ended, draw.integers(_SEEDS, size=self.pairs), now.seeds)
        lengths = np.where(ended, self._lengths(draw), now.lengths)
        done = np.where(ended, 0, now.done)
        runs.seeds, runs.values = [*now.seeds.tolist()] * 2, dict(now.values)
        new = np.flatnonzero(ended)
        runs.begin([*new, *(new + self.pairs)], [*seeds[new].tolist()] * 2)
        sums: dict[str, Array] = {}
        for name, weight in weights.items():
            # e is one for both halves of a pair: what start and batches do to a loss is the same in both, and cancels.
            change = (self.deviation * draw.standard_normal((self.pairs, *weight.shape))).astype(np.float32)
            # d is of one run: where that ended and another began, it is e alone.
            is_kept = self.is_persistent & ~ended.reshape(-1, *(1,) * weight.ndim)
            sums[name] = np.where(is_kept, now.sums[name], np.float32(0)) + change
            runs.values[self.rule.weights[name]] = np.concatenate([weight + change, weight - change])
        losses = self._counted(runs.go_on(self.unroll, [*done.tolist()] * 2), runs)
        # Over 2 s^2, as w + e and w - e are 2 e apart and the mean of e^2 is s^2; over p, for the mean of the pairs.
        share = (losses[: self.pairs] - losses[self.pairs :]) / (2 * self.pairs * self.deviation**2)
        gradient = {name: np.tensordot(share, of, 1).astype(np.float32) for name, of in sums.items()}
        return gradient, float(losses.mean()), _Standing(runs.values, seeds, done + self.unroll, lengths, sums)

    def _counted(self, losses: Array, runs: Runs) -> Array:
        """Return losses as the gradient counts them: relative to the first or not, and none above `largest`."""
        with np.errstate(all="ignore"):  # those of runs that diverge
            relative = losses / runs.values[runs.losses][:, 0] if self.is_relative else losses
        return np.where(relative < self.largest, relative, self.largest)

    def _lengths(self, draw: np.random.Generator) -> Array:
        """Return lengths of runs that begin; before the first estimate, what is left of some that are under way."""
        low, high = (math.log(end) for end in self.steps)
        lengths = np.exp(draw.uniform(low, high, self.pairs))
        if not self._estimates:
            lengths *= draw.uniform(size=self.pairs)
        return np.maximum(1, np.rint(lengths / self.unroll)).astype(np.int64) * self.unroll

    # What a file holds

    def _described(self) -> dict[str, Any]:
        """Return the settings by which training goes."""
        self._begin()
        names = ("unroll", "steps", "pairs", "deviation", "is_relative", "largest", "is_persistent", "seed")
        return {
            **{f"setting {name}": getattr(self, name) for name in names},
            "setting learning_rate": to_config(SGD(self.learning_rate))["learning_rate"],  # as any optimizer's
            "number of tasks": len(self.tasks),
            **{f"task {number}": digest for number, digest in enumerate(self._digests)},
        }

    @cached_property
    def _digests(self) -> list[str]:
        """Those of the steps on all tasks: kept, since all samples are read for them."""
        return [digest_of_step(runs.program, runs.task) for runs in self._runs]

    def _held(self) -> dict[str, Array]:
        """Return what is held from one estimate to the next: where the runs stand."""
        self._begin()
        held: dict[str, Array] = {"estimates": np.array(self._estimates)}
        for number, now in enumerate(self._standings):
            held |= {f"{number}/seeds": now.seeds, f"{number}/done": now.done, f"{number}/lengths": now.lengths}
            held |= {f"{number}/sum of {name}": value for name, value in now.sums.items()}
            held |= {f"{RUNS}{number}/{place}": value for place, value in enumerate(now.values.values())}
        return held

    def _take(self, held: dict[str, Array]) -> None:
        """Let the runs stand where they stood elsewhere."""
        standings = []
        for number, now in enumerate(self._standings):
            seeds, done, lengths = (held[f"{number}/{name}"] for name in ("seeds", "done", "lengths"))
            if not ((seeds < _SEEDS) & (done <= lengths) & (lengths < self.steps[1] + self.unroll)).all():
                raise FormatError(f"resume: the runs on task {number} stand where none can. Save it again.")
            values = {variable: held[f"{RUNS}{number}/{place}"] for place, variable in enumerate(now.values)}
            sums = {name: held[f"{number}/sum of {name}"] for name in now.sums}
            standings.append(_Standing(values, seeds, done, lengths, sums))
        self._standings, self._estimates = standings, int(held["estimates"])


def _are_lengths(steps: Any, unroll: int) -> bool:
    """Return whether this is the shortest and the longest length that a run may have."""
    if not isinstance(steps, tuple | list) or len(steps) != 2:
        return False
    return all(is_int(length, unroll) for length in steps) and steps[0] <= steps[1]
