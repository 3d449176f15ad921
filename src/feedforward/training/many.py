"""Many models of one architecture, trained as one program: seeds, learning rates or penalties compared side by side.

What is one step of a model (``step.py``) is stacked (``stacking.py``): one program takes a step of all models. Here is
what belongs to the models: where their weights are in the meantime, what each has measured, and that one whose loss is
not finite stops by itself. Not here: how programs become one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import is_
from typing import Any, TypeAlias

import numpy as np

from feedforward import ops
from feedforward.backends.backend import Executable
from feedforward.errors import ShapeError
from feedforward.execution import backend
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.interrupts import held_interrupts
from feedforward.nn.config import check_int
from feedforward.stacking import Axis, Stack
from feedforward.tensor import Variable, store
from feedforward.training.data import check_batch_size, check_data, check_order, check_rows, weighed
from feedforward.training.model import Model
from feedforward.training.objectives import logs, names_of
from feedforward.training.on_batch import Outputs
from feedforward.training.step import Mode, Step

__all__ = ["ManyModels"]


class ManyModels:
    """Models of one architecture that take their steps together, as one program.

    Parameters
    ----------
    models : sequence of Model
        At least one, each compiled by itself. They may differ in their weights, and in all settings that are numbers:
        learning rates, schedules, momentum, the rates of regularizers.

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
        that needs their step, if they differ in more than numbers, two train one variable, or a layer draws random
        numbers or is a convolution.

    Notes
    -----
    Each model has the bits that it would have by itself, trained by `Model.train_on_batches` with the same batches:
    products and sums, of up to 4,096 terms, are computed in the same order.

    Between two calls their weights stay here: `model` brings one up to date. What is set in a model meanwhile, such as
    its learning rate or weights, counts from the next call on; one that has stopped goes on once its weights are set.

    It is for small networks, whose steps are over before a processor is busy: 64 of 2-4-2-1 units take a third of the
    time that they take one after another, 8 of 64-32-10 half. Layers of a hundred units and more gain little.

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
        self._models = list(models)
        if not self._models:
            raise ValueError("ManyModels(models=[]): there are no models. Give one at least.")
        if len(set(map(id, self._models))) < len(self._models):
            raise ValueError("ManyModels: a model comes twice. Give models that share nothing, such as copies.")
        for model in self._models:
            optimizer, _ = model.ready("ManyModels")
            optimizer.check_single_steps("ManyModels")
        count = len(self._models)
        self._variables: list[list[Variable]] = [[] for _ in self._models]  # of each model, in one order
        self._seen: list[list[Array]] = [[] for _ in self._models]  # what they held when they were last looked at
        self._place: dict[Variable, int] = {}  # where in that order a variable of the first model stands
        self._axis: Axis | None = None
        self._stacks: dict[Hashable, _Stacked] = {}
        # One attribute, so that whoever is interrupted finds all of a batch or nothing: the values of all models, with
        # an axis over them; batches done; who is going on.
        self._now: _Now = [], np.zeros(count, np.int64), np.ones(count, bool)

    @property
    def batches_done(self) -> Array:
        """How many batches each model was trained on here, shape (k,)."""
        return self._now[1]

    @property
    def is_stopped(self) -> Array:
        """Which models have stopped, shape (k,)."""
        return ~self._now[2]

    def __len__(self) -> int:
        return len(self._models)

    def model(self, number: int) -> Model:
        """Return one of the models, with the weights and the state of training that it has by now.

        Parameters
        ----------
        number : int
            Which, from 0 to k - 1.
        """
        model, (values, _, _) = self._models[number], self._taken_over()
        variables, seen = self._variables[number], self._seen[number]
        new = [self._own(value, number).copy() for value in values]
        changed = [at for at, value in enumerate(new) if value.tobytes() != seen[at].tobytes()]
        store([variables[at] for at in changed], [new[at] for at in changed])
        self._seen[number] = [variable.numpy() for variable in variables]
        return model

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
        order : int array, shape (m,) or (k, m)
            The rows in the order of their use, at least one; of shape (k, m) each model has an order of its own.
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
        rows = _checked_order(order, samples.rows, len(self), caller)
        stacked = self._stack("train", samples.arrays, caller)
        totals = _Totals()
        for size, part in _by_size(rows, int(batch_size)):
            totals.add(self._trained(stacked, samples.arrays, part, size, has_own_rows=rows.ndim == 2))
        return self._logs(totals, caller)

    def _trained(
        self, stacked: _Stacked, arrays: Sequence[Array], part: Array, size: int, has_own_rows: bool
    ) -> Sequence[Array]:
        """Train all models with batches of one size, and return the totals.

        To look at every weight in every step takes as long as to change it. So the steps look at the loss alone; if
        they left a weight that is not finite, they are forgotten, and made once more by a program that does look.
        """
        values, *own = self._taken_over()
        given = [*(values[place] for place in stacked.places), *stacked.stack.numbers.values(), *own]
        for is_careful in (False, True):
            loop = stacked.executable(arrays, size, has_own_rows, is_careful).loop(given)
            try:
                loop.run(arrays, part, size * len(self) if has_own_rows else size)
            finally:  # also after Ctrl-C
                *found, done, is_going = loop.variables()
                is_kept = is_careful or all(np.isfinite(value).all() for value in found if value.dtype.kind == "f")
                if is_kept:
                    new = dict(zip(stacked.places, found, strict=False))
                    self._now = [new.get(place, value) for place, value in enumerate(values)], done, is_going
            if is_kept:
                break
        return loop.totals

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int | None = None, sample_weight: Any = None
    ) -> dict[str, Array]:
        """Return the loss and the metrics of each model on data, means over the samples; see `Model.evaluate`.

        Parameters
        ----------
        x, y, batch_size, sample_weight
            As for `Model.fit`.

        Returns
        -------
        dict of str to float64 array, shape (k,)
            By name; not finite where a model's loss is not.
        """
        caller = "ManyModels.evaluate"
        most = check_batch_size(batch_size, caller)
        samples = check_data(self._models[0], x, y, sample_weight, caller)
        stacked = self._stack("test", samples.arrays, caller)
        values = [self._taken_over()[0][place] for place in stacked.places]
        totals = _Totals()
        for size, part in _by_size(np.arange(samples.rows), most):
            loop = stacked.executable(samples.arrays, size).loop([*values, *stacked.stack.numbers.values()])
            loop.run(samples.arrays, part, size)
            totals.add(loop.totals)
        return self._logs(totals, caller)

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
        stacked = self._stack("predict", arrays, caller)
        values = [*(self._taken_over()[0][place] for place in stacked.places), *stacked.stack.numbers.values()]
        parts = [
            stacked.executable(arrays, size).run([array[part[at : at + size]] for array in arrays], values)[0][1:]
            for size, part in _by_size(np.arange(len(arrays[0])), 1024)
            for at in range(0, len(part), size)
        ]
        place = stacked.stack.axis.place
        outputs = [
            np.concatenate([np.moveaxis(part, place, 0) for part in each], 1) for each in zip(*parts, strict=True)
        ]
        return outputs if first.has_many_outputs else outputs[0]

    def _logs(self, totals: _Totals, caller: str) -> dict[str, Array]:
        """Return what totals say of each model, by name."""
        counts, *rest = totals.sums
        wanted = [model.wanted(caller) for model in self._models]
        result = {name: np.full(len(self), np.nan) for name in names_of(wanted[0])}
        for number, samples in enumerate(counts):
            if samples:
                found = logs(wanted[number], [self._own(total, number) for total in rest], int(samples))
                for name, one in zip(result, found.values(), strict=True):
                    result[name][number] = one
        return result

    def _stack(self, mode: Mode, arrays: Sequence[Array], caller: str) -> _Stacked:
        """Return the steps of all models as one."""
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
            if self._axis is None:
                self._axis = Axis.chosen(programs[0], len(programs))
            stack = Stack.of(programs, self._axis, caller)
            rows = list(zip(*(step.traced.variables for step in steps), strict=True))
            _check_apart(programs[0], rows, caller)
            places = [self._place_of(row) for row in rows]
            known = self._stacks[key] = _Stacked(steps, stack, places)
        return known

    def _place_of(self, row: Sequence[Variable]) -> int:
        """Return where the values of a variable stand, which each model has one of."""
        if row[0] not in self._place:
            values, held = self._now[0], [variable.numpy() for variable in row]
            with held_interrupts():
                for number, (variable, value) in enumerate(zip(row, held, strict=True)):
                    self._variables[number].append(variable)
                    self._seen[number].append(value)
                self._place[row[0]] = len(values)
                values.append(np.stack(held, 0 if self._axis is None else self._axis.place))
        return self._place[row[0]]

    def _own(self, value: Array, number: int) -> Array:
        """Return a view of what one model has of a value of all."""
        return value if self._axis is None else self._axis.of(value, number)

    def _taken_over(self) -> _Now:
        """Return the present state of all models, with what was set in one since it was last looked at."""
        values, done, is_going = self._now
        for number, (variables, seen) in enumerate(zip(self._variables, self._seen, strict=True)):
            held = [variable.numpy() for variable in variables]
            changed = [at for at, value in enumerate(held) if value is not seen[at]]
            if changed:
                values, is_going = [*values], is_going.copy()
                for at in changed:
                    values[at] = values[at].copy()
                    self._own(values[at], number)[...] = held[at]
                is_going[number] = True
                self._now = values, done, is_going
                self._seen[number] = held  # last: whoever is interrupted before looks at it again
        return self._now


_Now: TypeAlias = tuple[list[Array], Array, Array]


@dataclass(frozen=True, eq=False)
class _Stacked:
    """The steps of all models as one, compiled for each size of a batch."""

    steps: list[Step]
    stack: Stack
    places: list[int]
    executables: dict[Hashable, Executable] = field(default_factory=dict)

    def executable(
        self, arrays: Sequence[Array], size: int, has_own_rows: bool = False, is_careful: bool = False
    ) -> Executable:
        """Return what makes a step of all models for batches of a size; see `_stopping`."""
        key = size, has_own_rows, is_careful
        if key not in self.executables:
            shapes = [(size, *array.shape[1:]) for array in arrays]
            self.executables[key] = backend().compile(_stopping(self.stack, shapes, size, has_own_rows, is_careful))
        return self.executables[key]


def _stopping(
    stack: Stack, shapes: Sequence[tuple[int, ...]], size: int, has_own_rows: bool, is_careful: bool
) -> Program:
    """Return the step of all models in which each stops by itself where its loss, or if careful a weight, is not finite.

    Two more variables follow the others: how many batches each has done, and whether it goes on. The first output is
    how many samples each was trained on: it is finite, so that no loop ends. What a model that has stopped computes is
    left out of the others, and changes nothing of it.
    """
    axis = stack.axis
    samples = ops.constant(np.full(axis.count, size, np.float64))
    if not stack.program.updates:
        program = stack.specialise(shapes, has_own_rows)
        return replace(program, outputs=(samples, *program.outputs))
    done = ops.variable((axis.count,), "int64", "batches_done")
    is_going = ops.variable((axis.count,), "bool", "is_going")
    good: list[Node] = []
    program = stack.specialise(
        shapes, has_own_rows, lambda loss: good.append(ops.logical_and(is_going, ops.is_finite(loss)))
    )
    (is_good,) = good
    changed = [value for _, value in program.updates if value.dtype.kind == "f"]
    for value in changed if is_careful else ():
        is_good = ops.logical_and(is_good, ops.all(ops.is_finite(value), axis.others(range(value.ndim - 1))))
    return replace(
        program,
        variables=(*program.variables, done, is_going),
        outputs=tuple(_where(axis, is_good, value) for value in (samples, *program.outputs)),
        updates=(
            *((variable, _where(axis, is_good, value, variable)) for variable, value in program.updates),
            (done, done + ops.cast(is_good, "int64")),
            (is_going, is_good),
        ),
    )


def _where(axis: Axis, is_good: Node, value: Node, other: Node | None = None) -> Node:
    """Return a value for those models that are good, for others what it was, or 0."""
    other = ops.constant(0, value.dtype) if other is None else other
    return ops.where(axis.whole(is_good, value), value, other)


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


class _Totals:
    """What loops over batches of several sizes have added up."""

    def __init__(self) -> None:
        self.sums: list[Array] = []

    def add(self, totals: Sequence[Array]) -> None:
        """Add what one loop has."""
        self.sums = [a + b for a, b in zip(self.sums, totals, strict=True)] if self.sums else list(totals)


def _checked_order(order: Any, rows: int, count: int, caller: str) -> Array:
    """Return an order of rows for all models, or one for each."""
    given = np.asarray(order)
    if given.ndim != 2:
        return check_order(given, rows, caller)
    if len(given) != count:
        raise ShapeError(f"{caller}: order has shape {given.shape}. Expected (m,) or ({count}, m), a row a model.")
    return check_order(given.reshape(-1), rows, caller).reshape(given.shape)


def _by_size(rows: Array, batch_size: int) -> Iterator[tuple[int, Array]]:
    """Yield the whole batches of an order, then what is left, each as a size and an order by itself.

    Where each model has an order of its own, its rows of a batch stand together, those of the first model first.
    """
    whole = rows.shape[-1] // batch_size * batch_size
    for size, part in ((batch_size, rows[..., :whole]), (rows.shape[-1] - whole, rows[..., whole:])):
        if part.size:
            apart = part.reshape(*rows.shape[:-1], -1, size)
            yield size, (np.moveaxis(apart, 0, 1) if rows.ndim == 2 else apart).reshape(-1)
