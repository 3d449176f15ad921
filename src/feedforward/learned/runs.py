"""Runs: an optimizer takes its steps on a task, many times side by side, as one compiled program.

Runs differ in where they begin, in their function, batches and learning rate, and so in numbers alone: see
``stacking.py``. Not here: what is learned from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from feedforward import ops, random
from feedforward.derivatives import value_and_grad
from feedforward.execution import backend
from feedforward.functions import cast, equal, where
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.learned.tasks import Task, check_task
from feedforward.nn.config import Range, check_int, check_number, resolve
from feedforward.nn.optimizers import OPTIMIZERS, Optimizer
from feedforward.stacking import Axis, Stack
from feedforward.tensor import Tensor, Variable, evaluate, symbolic
from feedforward.tracing import Traced, trace

__all__ = ["Runs", "inputs_of", "losses_of", "rows_of", "starts"]


def starts(task: Task, seed: int, step: int = 0) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the first parameters of a run, and what tells its function apart.

    Parameters
    ----------
    task : Task
        The family.
    seed : int
        The same seed gives the same run.
    step : int
        The key of the draws beside the seed: 0 for runs by a seed, -1 for the first run of an `UnrolledTraining`.
    """
    with random.drawing_from(seed, step):
        parts = task.drawn()
    values = evaluate([tensor for part in parts for tensor in part.values()])
    names = [*parts[0], *parts[1]]
    found = list(zip(names, values, strict=True))
    return dict(found[: len(parts[0])]), dict(found[len(parts[0]) :])


def inputs_of(task: Task, batches: int = 1) -> list[Tensor]:
    """Return what stands for the rows of so many batches, one after another, in a trace."""
    rows = batches * task.batch_size
    return [symbolic(ops.placeholder((rows, *array.shape[1:]), array.dtype, "batch")) for array in task.samples]


def rows_of(task: Task, seed: int, step: int, batches: int = 1, is_training: bool = False) -> Array:
    """Return which samples some batches of a run are, drawn with replacement, shape (batches * batch_size,).

    Those that a rule is trained on are others than those of any run by a seed.
    """
    if not task.samples:
        return np.zeros(1, np.int64)  # a loop counts its steps by them
    draw = np.random.default_rng([seed, step, 1] if is_training else [seed, step])
    return draw.integers(0, len(task.samples[0]), batches * task.batch_size)


class Runs:
    """Runs of one optimizer on one task.

    Parameters
    ----------
    task : Task
        What is made small.
    optimizer : str or Optimizer
        Whose steps are taken; a new one, since its state is for these runs alone.
    seeds : sequence of int
        One for each run: of its start, its function and its batches.
    steps : int
        How many each will take.
    learning_rates : sequence of float, optional
        One for each run, for an optimizer whose learning rate is a number.
    caller : str
        What messages begin with: what a user has called.

    Attributes
    ----------
    values : dict of Variable to array, shape (k, ...)
        What the k runs hold: parameters, the function, the state of the optimizer.

    Raises
    ------
    ValueError, TypeError
        If a setting is none of these, or the optimizer was used before or takes its steps in `fit` alone.
    """

    def __init__(
        self,
        task: Task,
        optimizer: str | Optimizer,
        seeds: Sequence[int],
        steps: int,
        learning_rates: Sequence[float] | None = None,
        *,
        caller: str = "Runs",
    ) -> None:
        check_task(caller, task)
        if not isinstance(seeds, Iterable) or isinstance(seeds, str):
            raise TypeError(
                f"{caller}: seeds is {seeds!r:.60}. Expected an int for each run. Give a list, or range(5)."
            )
        check_int(caller, "steps", steps, 1)
        optimizer = resolve(OPTIMIZERS, optimizer)
        optimizer.check_single_steps(caller)
        self.task, self.seeds, self.steps = task, [random.check_seed(seed) for seed in seeds], int(steps)
        if not self.seeds:
            raise ValueError(f"{caller}: seeds is empty. Expected an int for each run. Give one at least.")
        self.parameters, self._instance = (
            {name: Variable(value, trainable=False, name=name) for name, value in part.items()}
            for part in starts(task, self.seeds[0])
        )
        self._seed = Variable(np.int64(0), trainable=False, name="seed")
        self.losses = Variable(np.full(steps, np.nan, np.float32), trainable=False, name="losses")
        optimizer.build(self.parameters.values())
        self.optimizer = optimizer
        self._traced = self._trace()
        self.axis = Axis.chosen(self._traced.program, len(self.seeds))
        self.values = {variable: np.stack([variable.numpy()] * len(self.seeds)) for variable in self._traced.variables}
        self.begin(range(len(self.seeds)), self.seeds)
        if learning_rates is not None:
            self._set_rates(learning_rates, caller)
        self._executable = backend().compile(
            Stack(self._traced.program, self.axis, {}, caller).specialise(
                [(task.batch_size, *array.shape[1:]) for array in task.samples], has_own_rows=bool(task.samples)
            )
        )

    def _trace(self) -> Traced:
        """Return one step of one run."""

        def step(*batch: Tensor) -> list[Tensor]:
            instance = {name: variable.value() for name, variable in self._instance.items()}
            count = self.optimizer.iterations.value()
            with random.drawing_from(self._seed.value(), count):  # for a network with dropout
                loss, gradients = value_and_grad(lambda parameters: self.task.loss(parameters, instance, batch))(
                    {name: variable.value() for name, variable in self.parameters.items()}
                )
            self.optimizer.apply_gradients([(gradients[name], self.parameters[name]) for name in self.parameters])
            loss = cast(loss / self.task.functions, "float32")
            # One value in a vector of losses is changed: so they stay in the loop, each run's own, until it ends.
            is_now = equal(Tensor(np.arange(self.steps)), count)
            self.losses.assign(where(is_now, loss, self.losses.value()))
            # A loop stops where its first output is not finite: here a run may diverge, and the others go on.
            return [Tensor(0.0), loss]

        return trace(step, inputs_of(self.task))

    def _set_rates(self, rates: Sequence[float], caller: str) -> None:
        """Give each run a learning rate of its own."""
        given = list(rates) if isinstance(rates, Iterable) else rates
        if not isinstance(given, list) or len(given) != len(self.seeds):
            raise ValueError(
                f"{caller}: learning_rates is {rates!r:.60}. Expected a number for each of {len(self.seeds)} runs. "
                f"Give a list of as many as there are seeds."
            )
        for rate in given:
            check_number(caller, "learning_rates", rate, Range(0))
        if not isinstance(self.optimizer.learning_rate, float):
            raise TypeError(
                f"{caller}: learning_rates are for an optimizer whose learning rate is a number. Got "
                f"{self.optimizer.learning_rate!r}. Give a number there, or leave them out."
            )
        paths = {variable: name for name, variable in self.parameters.items()}
        variable = self.optimizer.state(paths)["learning_rate"]
        self.values[variable] = np.asarray(given, variable.dtype)

    @property
    def program(self) -> Program:
        """One step of one run."""
        return self._traced.program

    def begin(self, numbers: Sequence[int], seeds: Sequence[int]) -> None:
        """Let some runs begin anew.

        Parameters
        ----------
        numbers : sequence of int
            Which.
        seeds : sequence of int
            One for each of these.
        """
        if numbers:  # what others hold stays as it is
            self.values = {variable: values.copy() for variable, values in self.values.items()}
        first = {seed: starts(self.task, seed) for seed in dict.fromkeys(seeds)}
        for number, seed in zip(numbers, seeds, strict=True):
            parameters, instance = first[seed]
            own = {self.parameters[name]: value for name, value in parameters.items()}
            own |= {self._instance[name]: value for name, value in instance.items()}
            own[self._seed] = np.array(seed, np.int64)  # which dropout goes by
            self.seeds[number] = seed  # which batches go by
            for variable, values in self.values.items():
                values[number] = own.get(variable, variable.numpy())

    def _order(self, done: Sequence[int], steps: int) -> Array:
        """Return the rows of so many steps: those of a step together, those of the first run first."""
        if not self.task.samples:
            return np.zeros(steps, np.int64)
        size = self.task.batch_size
        rows = [rows_of(self.task, seed, start, steps) for seed, start in zip(self.seeds, done, strict=True)]
        return np.stack([each.reshape(steps, size) for each in rows], 1).reshape(-1)

    def go_on(self, steps: int, done: Sequence[int]) -> Array:
        """Take so many steps in each run; return the mean loss of each in them, shape (k,): NaN where it was no number.

        Parameters
        ----------
        steps : int
            How many.
        done : sequence of int
            How many each has taken before, which its batches go by.
        """
        order, size = self._order(done, steps), self.task.batch_size * len(self.seeds) if self.task.samples else 1
        place = self.axis.place
        given = [np.ascontiguousarray(np.moveaxis(value, 0, place)) for value in self.values.values()]
        loop = self._executable.loop(given)
        loop.run(self.task.samples, order, size)
        new = zip(self.values, loop.variables(), strict=True)
        self.values = {variable: np.moveaxis(value, place, 0).copy() for variable, value in new}
        losses: Array = loop.totals[1]
        return losses / steps


def losses_of(
    task: Task,
    optimizer: str | Optimizer,
    seeds: Sequence[int],
    steps: int,
    learning_rates: Sequence[float] | None = None,
    *,
    caller: str = "losses_of",
) -> Array:
    """Return the loss before each step of each run, shape (k, steps); see `Runs`.

    Examples
    --------
    >>> from feedforward import learned, optimizers
    >>> losses = learned.losses_of(learned.Squares(2), optimizers.SGD(0.5), seeds=range(3), steps=4)
    >>> losses.shape, bool((losses[:, -1] < losses[:, 0]).all())
    ((3, 4), True)
    """
    runs = Runs(task, optimizer, seeds, steps, learning_rates, caller=caller)
    runs.go_on(steps, [0] * len(runs.seeds))
    return runs.values[runs.losses]
