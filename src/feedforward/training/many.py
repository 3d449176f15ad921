"""Many models of one architecture, trained together: seeds, folds, learning rates or penalties compared side by side.

Models are divided into groups (``group.py``). Those of small networks share groups, in which one program takes a step
of all; one of a large network has a group for itself. Groups run beside each other, on as many threads as there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from operator import is_
from typing import Any

import numpy as np

from feedforward.backends.backend import Look
from feedforward.backends.threads import thread_count
from feedforward.errors import OutOfRangeError, ShapeError
from feedforward.execution import backend
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.interrupts import held_interrupts
from feedforward.nn.config import check_int, is_int
from feedforward.stacking import Axis, Stack
from feedforward.tensor import Variable
from feedforward.training.beside import beside
from feedforward.training.data import check_batch_size, check_data, check_order, check_rows, weighed
from feedforward.training.group import Group, Stacked, Totals
from feedforward.training.model import Model
from feedforward.training.objectives import logs, names_of
from feedforward.training.on_batch import Outputs
from feedforward.training.step import Mode

__all__ = ["ManyModels"]

_CACHE = 1 << 20
"""Bytes that a core's second cache has at least: a group's weights and what belongs to them should stay there."""

_COPIES, _BYTES = 6, 4
"""A weight, its two moments, and the new value of each; those of a float32."""

_OPERATIONS, _WORTH_THREADS = 6, 10**8
"""Operations that a weight takes for a row, forth and back; and those of a group that are worth a thread: some 2 ms."""

_ROWS = 1024
"""Rows that are predicted at a time."""


class ManyModels:
    """Models of one architecture that are trained together.

    Parameters
    ----------
    models : sequence of Model
        At least one, each compiled by itself. They may differ in their weights and seeds, and in all settings that are
        numbers: learning rates, schedules, momentum, the rates of regularizers and of dropout.

    Attributes
    ----------
    batches_done : int64 array, shape (k,)
        How many batches each model was trained on here.
    is_stopped : bool array, shape (k,)
        Which models have stopped, since their loss or a weight became NaN or infinite: the batch after the first
        `batches_done` made it so. Their weights are those before that batch.

    Raises
    ------
    ValueError, TypeError
        If there are no models, one comes twice or is not compiled, or an optimizer takes snapshots; at the first call
        that needs their step, if they differ in more than numbers, or two train one variable.

    Notes
    -----
    Each model has the bits that it would have by itself, trained by `Model.train_on_batches` with the same batches.

    Between two calls their weights stay here: `model` brings one up to date. What is set in a model meanwhile, such as
    its learning rate or weights, counts from the next call on; one that has stopped goes on once its weights are set.

    Models of small networks take their steps as one program, which computes several at a time. Those whose weights
    fill a processor's cache, or which hold convolutions, take them each by itself, on a thread of its own: several
    small programs that need not wait for each other are quicker than one whose parts several threads share. On two
    processors 64 models of 2-4-2-1 units take a ninth of the time that they take one after another, 8 of 30-64-64-2
    about half, 5 of RealMLP's network two thirds, 5 of 64-256-256-256-2 nearly all of it: one of these keeps two
    processors busy. Calls of a few batches are not divided among threads.

    Examples
    --------
    >>> import feedforward as ff
    >>> def line(rate):
    ...     model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    ...     model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    ...     return model
    >>> many = ManyModels([line(rate) for rate in (0.25, 0.5, 1e30)])
    >>> many.train_on_batches([[-1], [1]], [-2, 2], order=[0, 1] * 4, batch_size=2)["loss"].tolist()
    [1.328125, 1.0, 4.0]
    >>> many.batches_done.tolist(), many.is_stopped.tolist()
    ([4, 4, 1], [False, False, True])
    >>> many.model(1).predict([[3.0]], verbose=0).tolist()
    [[6.0]]
    """

    def __init__(self, models: Sequence[Model]) -> None:
        if not isinstance(models, Iterable):
            raise TypeError(f"ManyModels: models is {models!r:.60}. Expected a list of compiled Models. Give [...].")
        self._models = list(models)
        if not self._models:
            raise ValueError("ManyModels(models=[]): there are no models. Give one at least.")
        for number, model in enumerate(self._models):
            if not isinstance(model, Model):
                raise TypeError(
                    f"ManyModels: models[{number}] is {model!r:.60}. Expected a list of compiled Models. Give one for "
                    f"each seed or setting."
                )
        if len(set(map(id, self._models))) < len(self._models):
            raise ValueError("ManyModels: a model comes twice. Give models that share nothing, such as copies.")
        for model in self._models:
            optimizer, _ = model.ready("ManyModels")
            optimizer.check_single_steps("ManyModels")
        self._groups: list[Group] = []
        self._elements = 0  # of all weights of a model
        self._stacks: dict[Hashable, Stacked] = {}

    @property
    def batches_done(self) -> Array:
        """How many batches each model was trained on here, shape (k,)."""
        if not self._groups:
            return np.zeros(len(self), np.int64)
        return np.concatenate([group.batches_done for group in self._groups])

    @property
    def is_stopped(self) -> Array:
        """Which models have stopped, shape (k,)."""
        if not self._groups:
            return np.zeros(len(self), bool)
        return ~np.concatenate([group.is_going for group in self._groups])

    def __len__(self) -> int:
        return len(self._models)

    def model(self, number: int) -> Model:
        """Return one of the models, with the weights and the state of training that it has by now.

        Parameters
        ----------
        number : int
            Which, from 0 to k - 1.

        Raises
        ------
        OutOfRangeError
            If there is none of this number.
        """
        if not is_int(number, 0) or number >= len(self):
            raise OutOfRangeError(
                f"ManyModels.model(number={number!r}): there are {len(self)} models. Expected an int from 0 to "
                f"{len(self) - 1}. Give one of these."
            )
        model = self._models[number]
        for group in self._groups:
            if model in group.models:
                return group.model(group.models.index(model))
        return model  # that nothing was done with yet

    def train_on_batches(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[Any, float] | None = None,
        *,
        order: Any,
        batch_size: int = 32,
    ) -> dict[str, Array]:
        """Make one training step of each model for each batch of some samples.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `Model.fit`.
        order : int array, shape (m,) or (k, m), or a list of k int arrays
            The rows in the order of their use, at least one. Of shape (k, m) each model has an order of its own; in a
            list these may differ in length, as the folds of a cross-validation do.
        batch_size : int
            Rows in a batch. The last batch may be smaller.

        Returns
        -------
        dict of str to float64 array, shape (k,)
            The loss, and what is measured besides, of each model: over the samples it was trained on in this call, NaN
            where there were none.

        Raises
        ------
        ValueError, TypeError
            As for `Model.train_on_batches`; if a metric needs the scores of all samples, as an AUC does. That a number
            is not finite is no error here, see `is_stopped`.
        """
        caller = "ManyModels.train_on_batches"
        check_int(caller, "batch_size", batch_size, 1)
        first = self._models[0]
        samples = check_data(first, x, y, sample_weight, caller)
        if class_weight is not None:
            samples = weighed(samples, class_weight, first.wanted(caller), caller=caller)
        orders = _checked_orders(order, samples.rows, len(self), caller)
        stacked = self._stacked("train", samples.arrays, caller)
        return self._logs(self._totals(Group.train, stacked, samples.arrays, orders, int(batch_size)), caller)

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int | None = None, sample_weight: Any = None, *, order: Any = None
    ) -> dict[str, Array]:
        """Return the loss and the metrics of each model on data, means over the samples; see `Model.evaluate`.

        Parameters
        ----------
        x, y, batch_size, sample_weight
            As for `Model.fit`.
        order : int array, shape (m,) or (k, m), or a list of k int arrays, optional
            The rows to measure, or those of each model; all of them by default.

        Returns
        -------
        dict of str to float64 array, shape (k,)
            By name; not finite where a model's loss is not.
        """
        caller = "ManyModels.evaluate"
        size = check_batch_size(batch_size, caller)
        samples = check_data(self._models[0], x, y, sample_weight, caller)
        orders = [np.arange(samples.rows)]
        if order is not None:
            orders = _checked_orders(order, samples.rows, len(self), caller)
        stacked = self._stacked("test", samples.arrays, caller)
        return self._logs(self._totals(Group.measure, stacked, samples.arrays, orders, size), caller)

    def predict(self, x: Any) -> Outputs:
        """Return the outputs of each model for data; see `Model.predict`.

        Parameters
        ----------
        x : array, shape (n, ...), a list or a dict of them by the inputs' names
            The samples.

        Returns
        -------
        array, shape (k, n, ...), or a list of them
            What the output of each model is for each sample.
        """
        first, caller = self._models[0], "ManyModels.predict"
        arrays = first._checked_inputs(x, caller)
        check_rows({"x": arrays[0]}, caller)
        stacked = self._stacked("predict", arrays, caller)
        parts = [group.predict(stacked, arrays, _ROWS) for group in self._groups]
        outputs = [np.concatenate(each) for each in zip(*parts, strict=True)]
        return outputs if first.has_many_outputs else outputs[0]

    def _totals(
        self,
        work: Callable[..., list[Totals]],
        stacked: Stacked,
        arrays: Sequence[Array],
        orders: Sequence[Array],
        size: int,
    ) -> list[Totals]:
        """Let all groups do some work on their rows, and return what each model has measured."""

        def begin(group: Group, look: Look) -> list[Totals]:
            own = orders[group.numbers] if len(orders) > 1 else orders
            return work(group, stacked, arrays, own, size, look)

        rows = max(map(len, orders)) * len(self) / len(self._groups)
        is_short = _OPERATIONS * self._elements * rows < _WORTH_THREADS
        found = beside([partial(begin, group) for group in self._groups], most=1 if is_short else None)
        return [one for part in found for one in part]

    def _logs(self, totals: Sequence[Totals], caller: str) -> dict[str, Array]:
        """Return what totals say of each model, by name."""
        wanted = [model.wanted(caller) for model in self._models]
        result = {name: np.full(len(self), np.nan) for name in names_of(wanted[0])}
        for number, one in enumerate(totals):
            if one.samples:
                found = logs(wanted[number], one.sums, one.samples)
                for name, value in zip(result, found.values(), strict=True):
                    result[name][number] = value
        return result

    def _stacked(self, mode: Mode, arrays: Sequence[Array], caller: str) -> Stacked:
        """Return the steps of all models, which all groups then know."""
        steps = [
            model._step(mode, arrays, False) if mode == "predict" else model._step_of(mode, arrays)
            for model in self._models
        ]
        key = mode, tuple([(array.dtype, array.shape[1:]) for array in arrays]), type(backend())
        known = self._stacks.get(key)
        if known is None or not all(map(is_, known.steps, steps)):
            programs = [step.traced.program for step in steps]
            if mode != "predict" and programs[0].row_outputs:
                raise ValueError(f"{caller}: a metric needs the scores of all samples. Compile the models without it.")
            groups = self._groups or self._divided(programs[0])
            stack = Stack.of(programs, groups[0].axis, caller)
            _check_apart(programs[0], list(zip(*(step.traced.variables for step in steps), strict=True)), caller)
            known = Stacked(steps, stack)
            with held_interrupts():
                for group in groups:
                    group.learn(known)
                self._groups, self._stacks[key] = groups, known
        return known

    def _divided(self, program: Program) -> list[Group]:
        """Return the models in groups, as suits a step of theirs."""
        count, axis = len(self), Axis.chosen(program, len(self))
        self._elements = max(1, sum(weight.numpy().size for weight in self._models[0].weights))
        most = count
        if not Stack.is_possible(program):
            most = 1
        elif axis.is_first:  # those whose matrices are smaller are soon done: threads would wait for each other
            most = max(1, min(_CACHE // (_COPIES * _BYTES * self._elements), -(-count // thread_count())))
        bounds = np.linspace(0, count, -(-count // most) + 1).astype(int)
        return [Group(self._models[start:end], start, axis) for start, end in pairwise(bounds)]


def _check_apart(program: Program, rows: Sequence[Sequence[Variable]], caller: str) -> None:
    """Check that no two models train one variable: here each would have a value of its own.

    Parameters
    ----------
    program : Program
        A step of the first model.
    rows : sequence of sequence of Variable
        For each variable of the step, those of all models.
    """
    updated = {node for node, _ in program.updates}
    trained = Counter(one for node, row in zip(program.variables, rows, strict=True) if node in updated for one in row)
    for variable, count in trained.items():
        if count > 1:
            raise ValueError(
                f"{caller}: {count} of the models train one variable, {variable.name!r}. "
                f"Give models that share nothing, such as copies."
            )


def _checked_orders(order: Any, rows: int, count: int, caller: str) -> list[Array]:
    """Return an order of rows for all models, or one for each."""
    if isinstance(order, list | tuple) and order and not all(np.ndim(one) == 0 for one in order):
        given = [np.asarray(one) for one in order]
        shape = f"is a list of {len(given)} arrays"
    else:
        whole = np.asarray(order)
        if whole.ndim != 2:
            return [check_order(whole, rows, caller)]
        given, shape = list(whole), f"has shape {whole.shape}"
    if len(given) != count:
        raise ShapeError(f"{caller}: order {shape}. Expected (m,) or ({count}, m), or a list of {count} arrays.")
    return [check_order(one, rows, caller) for one in given]
