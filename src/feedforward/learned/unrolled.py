"""Training an update rule through its own steps: they are unrolled, and the losses on the way have a gradient.

Of one run of S steps, T at a time are one program: the steps on the task, the sum of their losses, its gradient by the
rule's weights, and a step of the optimizer that trains these. Parameters and memory go over to the next T steps as
numbers (truncated backpropagation through time). The whole training is a loop over such programs in machine code: new
runs begin in it, too, from random numbers that it draws itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from feedforward import random
from feedforward.backends.backend import Executable, Looping
from feedforward.derivatives import value_and_grad
from feedforward.errors import DtypeError, NotFiniteError
from feedforward.execution import backend
from feedforward.functions import cast, concatenate, equal, reshape, stop_gradient, where
from feedforward.graph.node import Array, known
from feedforward.interrupts import held_interrupts
from feedforward.learned.resuming import Resumable, digest_of_step
from feedforward.learned.runs import inputs_of, losses_of, rows_of
from feedforward.learned.tasks import Named, Task, check_task, elements
from feedforward.nn.config import check_choice, check_int, resolve
from feedforward.nn.optimizers import OPTIMIZERS, Adam, Optimizer
from feedforward.nn.update_rules import Learned, UpdateRule
from feedforward.random import check_seed
from feedforward.tensor import Tensor, Variable, store
from feedforward.tracing import Traced, trace

__all__ = ["UnrolledTraining", "memory_of", "unroll"]

_DRAWN = 256
"""Of so many windows the batches are drawn at a time: those of a long training would take long, and all memory."""

_EACH = "all parameters"
"""What the memory of a rule is called that treats each number by itself: all parameters are one vector."""


def unroll(
    rule: UpdateRule,
    task: Task,
    weights: Named,
    parameters: Named,
    memory: Mapping[str, Named],
    instance: Named,
    batches: Sequence[Sequence[Tensor]],
) -> tuple[list[Tensor], dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """Return what a rule does to a task in some steps, as a graph through which gradients go.

    Parameters
    ----------
    rule : UpdateRule
        Who changes the parameters.
    task : Task
        What is made small.
    weights : dict of str to tensor
        The rule's.
    parameters, instance : dict of str to tensor
        As `Task.drawn` returns them.
    memory : dict of dict of str to tensor
        What the rule remembers: see `memory_of`.
    batches : sequence of sequence of tensors
        One for each step, and one more for the loss at the end.

    Returns
    -------
    losses : list of scalar tensors
        Of each batch, at the parameters before its step.
    parameters, memory
        After the last step.

    Notes
    -----
    Gradients of the task count as constants, so that no second derivatives are needed: the paper's section 2.1.
    """
    losses = []
    for batch in batches[:-1]:
        now = dict(parameters)
        loss, gradients = value_and_grad(lambda given, batch=batch: task.loss(given, instance, batch))(now)
        losses.append(loss)
        gradients = {name: stop_gradient(gradients[name]) for name in now}
        if rule.is_coordinatewise:
            changes, memory = _change_of_all(rule, weights, now, gradients, memory)
        else:
            each = {name: rule.change(now[name], gradients[name], memory[name], weights) for name in now}
            changes, memory = {n: change for n, (change, _) in each.items()}, {n: new for n, (_, new) in each.items()}
        parameters = {name: value + changes[name] for name, value in now.items()}
    losses.append(task.loss(parameters, instance, batches[-1]))
    return losses, dict(parameters), {name: dict(own) for name, own in memory.items()}


def _change_of_all(
    rule: UpdateRule, weights: Named, parameters: Named, gradients: Named, memory: Mapping[str, Named]
) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """Return the changes of a rule that treats each number by itself: of all parameters as one vector, at once."""
    flat = [concatenate([reshape(part[name], (-1,)) for name in parameters], 0) for part in (parameters, gradients)]
    change, new = rule.change(flat[0], flat[1], memory[_EACH], weights)
    changes, start = {}, 0
    for name, value in parameters.items():
        shape = known(value.node.shape)
        size = math.prod(shape)
        changes[name] = reshape(change[start : start + size], shape)
        start += size
    return changes, {_EACH: new}


def memory_of(rule: UpdateRule, task: Task) -> dict[str, dict[str, Any]]:
    """Return what a rule remembers at the beginning of a run, by the names of parameters."""
    if rule.is_coordinatewise:
        return {_EACH: rule.state((elements(task.shapes()),))}
    return {name: rule.state(shape) for name, shape in task.shapes().items()}


@dataclass(frozen=True)
class _Held:
    """What a run goes over with from one window, T steps, to the next: variables, by the names of `Task` and rule."""

    parameters: dict[str, Variable]
    memory: dict[str, dict[str, Variable]]
    instance: dict[str, Variable]


@dataclass(frozen=True)
class _Windows:
    """The program of a window, with the variables that it changes."""

    held: _Held
    traced: Traced
    executable: Executable


class UnrolledTraining(Resumable):
    """Trains an update rule by the gradient of the losses that it leads to.

    Parameters
    ----------
    rule : UpdateRule
        Whose weights are trained, in place.
    task : Task
        What it is trained on.
    steps : int
        S, how many steps a run has.
    unroll : int
        T, how many of them are one program; S is a multiple of it.
    optimizer : str or Optimizer
        What trains the weights; by default `Adam` with the rate 0.001 and gradients no longer than 1.
    counted : {"all", "last"}
        Whether the sum of all losses is made small, as Andrychowicz et al. do, or that after each T steps alone.
    seed : int
        Of the runs: equal seeds give equal bits.

    Attributes
    ----------
    runs_done : int
        How many runs it was trained on.
    history : list of float
        For each call of `train`, the mean loss at the end of a run.

    Raises
    ------
    ValueError, TypeError
        If a setting is none of these, or the optimizer was used before or takes its steps in `fit` alone.
    DtypeError
        If the task's parameters are not float32, as the rule's weights are.

    References
    ----------
    Andrychowicz et al., "Learning to learn by gradient descent by gradient descent", 2016: S = 100, T = 20.

    Examples
    --------
    >>> from feedforward import learned, set_seed
    >>> set_seed(0)
    >>> rule = learned.CoordinatewiseLSTM(units=4, layers=1)
    >>> training = UnrolledTraining(rule, learned.Quadratics(dimensions=2, functions=8), steps=10, unroll=5)
    >>> before = training.evaluate(seeds=range(4))
    >>> loss = training.train(runs=20)
    >>> training.runs_done, training.evaluate(seeds=range(4)) < before
    (20, True)
    """

    def __init__(
        self,
        rule: UpdateRule,
        task: Task,
        *,
        steps: int = 100,
        unroll: int = 20,
        optimizer: str | Optimizer | None = None,
        counted: str = "all",
        seed: int = 0,
    ) -> None:
        if not isinstance(rule, UpdateRule):
            raise TypeError(
                f"UnrolledTraining: got {rule!r:.60}. Expected an update rule. Give one, such as RNNprop()."
            )
        check_task("UnrolledTraining", task)
        check_int("UnrolledTraining", "unroll", unroll, 1)
        check_int("UnrolledTraining", "steps", steps, unroll)
        check_choice("UnrolledTraining", "counted", counted, ("all", "last"))
        if steps % unroll:
            raise ValueError(
                f"UnrolledTraining(steps={steps}, unroll={unroll}): {unroll} does not divide {steps}. Give a multiple."
            )
        self.rule, self.task, self.steps, self.unroll = rule, task, int(steps), int(unroll)
        self.counted, self.seed = counted, check_seed(seed)
        for name, value in self._drawn()[0].items():
            if value.dtype != np.float32:
                raise DtypeError(
                    f"UnrolledTraining: the task's parameter {name!r} is {value.dtype.name}. Expected float32, as a "
                    f"rule's weights are. Give a task in float32; the optimizer Learned takes float64, too."
                )
        self.optimizer = Adam(1e-3, global_clipnorm=1.0) if optimizer is None else resolve(OPTIMIZERS, optimizer)
        self.optimizer.check_single_steps("UnrolledTraining")
        self.optimizer.build(rule.weights.values())
        self.history: list[float] = []
        self._windows: _Windows | None = None

    @property
    def runs_done(self) -> int:
        """How many runs the rule was trained on."""
        return int(self.optimizer.iterations) * self.unroll // self.steps

    def train(self, runs: int = 1, look: Callable[[], bool] | None = None) -> float:
        """Train on so many runs; return their mean loss at the end.

        Parameters
        ----------
        runs : int
            How many.
        look : callable, optional
            Asked after some hundred steps of the optimizer, and some times a second; returns whether to stop.

        Returns
        -------
        float
            NaN if it was stopped before a run ended.

        Raises
        ------
        NotFiniteError
            If a loss became NaN or infinite: the weights are what they were before this call.

        Notes
        -----
        Whatever ends it, Ctrl-C too, the steps that are done count: the next call goes on from there.
        """
        check_int("UnrolledTraining.train", "runs", runs, 1)
        made = self._made()
        first, windows = int(self.optimizer.iterations), runs * self.steps // self.unroll
        loop = made.executable.loop([variable.numpy() for variable in made.traced.variables])
        try:
            for begin in range(first, first + windows, _DRAWN):
                numbers = range(begin, min(begin + _DRAWN, first + windows))
                orders = [
                    rows_of(self.task, self.seed, window, self.unroll + 1, is_training=True) for window in numbers
                ]
                done = loop.run(self.task.samples, np.concatenate(orders), len(orders[0]), look)
                if done < len(orders) or loop.is_stopped or (look is not None and look()):
                    break
        finally:  # whatever ends it, the steps that are done count
            mean = self._keep(loop, made.traced.variables)
        return mean

    def _keep(self, loop: Looping, variables: Sequence[Variable]) -> float:
        """Take over what a loop has done, if all of it is finite; return the mean loss at the end of a run."""
        first, done, values = int(self.optimizer.iterations), loop.done, loop.variables()
        if not done:
            return math.nan
        if not all(np.isfinite(value).all() for value in [*values, loop.totals[0]] if value.dtype.kind == "f"):
            raise NotFiniteError(
                f"UnrolledTraining.train: the loss was no finite number after {first + done} steps of the optimizer. "
                f"The weights are those of {first} steps. Give one with a smaller learning rate or clipped gradients."
            )
        ended = (first + done) * self.unroll // self.steps - first * self.unroll // self.steps
        mean = float(loop.totals[1]) / ended if ended else math.nan
        with held_interrupts():
            store(list(variables), values)
            self.history.append(mean)
        return mean

    def evaluate(self, seeds: Sequence[int], steps: int | None = None, task: Task | None = None) -> float:
        """Return the mean loss before the last step of runs by these seeds, without training.

        Parameters
        ----------
        seeds : sequence of int
            One for each run.
        steps : int, optional
            How many steps a run has; by default as many as in training.
        task : Task, optional
            Another than that of the training.
        """
        steps = self.steps if steps is None else steps
        task = self.task if task is None else task
        losses = losses_of(task, Learned(self.rule), seeds, steps, caller="UnrolledTraining.evaluate")
        return float(losses[:, -1].mean())

    def _made(self) -> _Windows:
        """Return the program of T steps, traced and compiled, and what a run holds."""
        if self._windows is None:
            parameters, instance = (
                {name: _zeros(name, value) for name, value in part.items()} for part in self._drawn()
            )
            memory = {
                of: {name: Variable(value, trainable=False, name=f"{name}/{of}") for name, value in own.items()}
                for of, own in memory_of(self.rule, self.task).items()
            }
            held = _Held(parameters, memory, instance)
            traced = trace(lambda *rows: self._drawing_step(held, *rows), inputs_of(self.task, self.unroll + 1))
            self._windows = _Windows(held, traced, backend().compile(traced.program))
        return self._windows

    def _drawn(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the first parameters and the function of some run, for their shapes and dtypes."""
        with random.drawing_from(self.seed, 0):
            return self.task.drawn()

    def _drawing_step(self, held: _Held, *rows: Tensor) -> list[Tensor]:
        """Do what `_step` does, with draws of its own in each window: of new runs, and of dropout in a network.

        Runs by a seed draw in steps from 0 on: those of a training are counted downwards, so that no run is in both.
        """
        with random.drawing_from(self.seed, -1 - self.optimizer.iterations.value()):
            return self._step(held, *rows)

    def _step(self, held: _Held, *rows: Tensor) -> list[Tensor]:
        """Take T steps on the task and one on the rule's weights.

        Returns the loss, and that at the end of a run, or else 0.
        """
        count = self.optimizer.iterations.value()
        is_first = equal(count % (self.steps // self.unroll), 0)
        drawn, drawn_instance = self.task.drawn()
        parameters = {n: where(is_first, drawn[n], kept.value()) for n, kept in held.parameters.items()}
        instance = {n: where(is_first, drawn_instance[n], kept.value()) for n, kept in held.instance.items()}
        memory = {
            of: {n: where(is_first, Tensor(own[n]), kept.value()) for n, kept in held.memory[of].items()}
            for of, own in memory_of(self.rule, self.task).items()
        }
        size = self.task.batch_size
        batches = [[array[t * size : (t + 1) * size] for array in rows] for t in range(self.unroll + 1)]
        ends: list[Any] = []

        def total(weights: dict[str, Tensor]) -> Tensor:
            losses, *after = unroll(self.rule, self.task, weights, parameters, memory, instance, batches)
            ends.extend([losses[-1], *after])
            # The losses that the weights are to make small; the others are on the way, and only told.
            counted = losses if self.counted == "all" else losses[-1:]
            return sum(counted[1:], counted[0]) / self.task.functions

        weights = self.rule.weights
        loss, slopes = value_and_grad(total)({name: weight.value() for name, weight in weights.items()})
        last, new_parameters, new_memory = ends
        self.optimizer.apply_gradients([(slopes[name], weight) for name, weight in weights.items()])
        for name, kept in held.parameters.items():
            kept.assign(stop_gradient(new_parameters[name]))
        for of, own in held.memory.items():
            for name, kept in own.items():
                kept.assign(stop_gradient(new_memory[of][name]))
        for name, kept in held.instance.items():
            kept.assign(instance[name])
        is_last = equal((count + 1) % (self.steps // self.unroll), 0)
        return [cast(loss, "float32"), where(is_last, cast(last / self.task.functions, "float32"), Tensor(0.0))]

    # What a file holds

    def _described(self) -> dict[str, Any]:
        """Return the settings by which training goes."""
        names = ("steps", "unroll", "counted", "seed")
        return {**{f"setting {name}": getattr(self, name) for name in names}, "task": self._digest}

    @cached_property
    def _digest(self) -> str:
        """That of T steps on the task: kept, since all samples are read for it."""
        return digest_of_step(self._made().traced.program, self.task)

    def _held(self) -> dict[str, Array]:
        """Return where the run stands."""
        return {name: variable.numpy() for name, variable in self._standing().items()}

    def _take(self, held: dict[str, Array]) -> None:
        """Let the run stand where it stood elsewhere."""
        store(list(self._standing().values()), [held[name] for name in self._standing()])

    def _standing(self) -> dict[str, Variable]:
        """Return the variables of the run, by their names in files."""
        held = self._made().held
        return {
            **{f"parameter {name}": variable for name, variable in held.parameters.items()},
            **{f"memory {name} of {of}": variable for of, own in held.memory.items() for name, variable in own.items()},
            **{f"function {name}": variable for name, variable in held.instance.items()},
        }


def _zeros(name: str, like: Tensor) -> Variable:
    return Variable(np.zeros(known(like.node.shape), like.dtype), trainable=False, name=name)
