"""Groups of models that are trained, measured and asked together: the steps of those in one are one program.

A model that has a group for itself takes its steps as ever. Here is where the weights of models are in the meantime,
what each has measured, and that one whose loss is not finite stops by itself. Not here: which models make a group, and
who runs several groups beside each other (``many.py``); how programs become one (``stacking.py``).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from feedforward import ops
from feedforward.backends.backend import Executable, Look
from feedforward.errors import NotFiniteError
from feedforward.execution import backend
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.stacking import Axis, Stack
from feedforward.tensor import Variable, store
from feedforward.training.feed import Piece
from feedforward.training.loop import Loop, Watch
from feedforward.training.model import Model
from feedforward.training.position import Begun
from feedforward.training.step import Step

__all__ = ["Group", "Part", "Stacked", "Totals"]

_Now: TypeAlias = tuple[list[Array], Array, Array]
"""The values of variables, with an axis over models if there are several; batches done, and who is going on, each."""


@dataclass(frozen=True, eq=False)
class Stacked:
    """The steps of all models for one kind of data, and what groups of them run.

    Parameters
    ----------
    steps : list of Step
        Those of each model by itself.
    stack : Stack
        All of them, whose axis is that of the groups but for its size.
    """

    steps: list[Step]
    stack: Stack
    executables: dict[Hashable, Executable] = field(default_factory=dict)

    def executable(self, count: int, arrays: Sequence[Array], part: Part, is_careful: bool = False) -> Executable:
        """Return what makes a step of so many models for such batches; see `_stopping`."""
        key = count, part.size, part.has_own_rows, is_careful
        if key not in self.executables:
            stack = replace(self.stack, axis=replace(self.stack.axis, count=count))
            shapes = [(part.size, *array.shape[1:]) for array in arrays]
            self.executables[key] = backend().compile(_stopping(stack, shapes, part.has_own_rows, is_careful))
        return self.executables[key]


@dataclass(frozen=True, eq=False)
class Part:
    """Batches of one size that all models of a group have.

    Parameters
    ----------
    size : int
        Rows of a batch that each model has.
    rows : int64 array
        The rows of all batches. Where each model has rows of its own, those of a batch stand together, those of the
        first model first.
    length : int
        How many rows of these are a batch.
    """

    size: int
    rows: Array
    length: int

    @property
    def has_own_rows(self) -> bool:
        """Whether each model has rows of its own."""
        return self.length > self.size


@dataclass
class Totals:
    """What loops over batches have added up of one model.

    Parameters
    ----------
    samples : int
        How many there were.
    sums : list of arrays
        The outputs, added up over batches; none before the first.
    """

    samples: int = 0
    sums: list[Array] = field(default_factory=list)

    def add(self, samples: int, sums: Sequence[Array]) -> None:
        """Add what one loop has."""
        if samples:
            self.samples += samples
            self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)] if self.sums else list(sums)


class Group:
    """Some of many models.

    Parameters
    ----------
    models : sequence of Model
        At least one.
    first : int
        The number of the first of them, among all.
    axis : Axis
        That over all models.
    """

    def __init__(self, models: Sequence[Model], first: int, axis: Axis) -> None:
        self.models = list(models)
        self.numbers = slice(first, first + len(self.models))
        self.axis = axis
        self._axis = replace(axis, count=len(self.models)) if len(self.models) > 1 else None
        self._variables: list[list[Variable]] = [[] for _ in self.models]  # of each model, in one order
        self._seen: list[list[Array]] = [[] for _ in self.models]  # what they held when they were last looked at
        self._place: dict[Variable, int] = {}  # where in that order a variable of the first model stands
        # One attribute, so that whoever is interrupted finds all of a batch or nothing.
        self._now: _Now = [], np.zeros(len(self.models), np.int64), np.ones(len(self.models), bool)

    @property
    def batches_done(self) -> Array:
        """How many batches each model was trained on here."""
        return self._now[1]

    @property
    def is_going(self) -> Array:
        """Which models have not stopped."""
        return self._now[2]

    def model(self, number: int) -> Model:
        """Return one of these models, up to date."""
        model, (values, _, _) = self.models[number], self._taken_over()
        variables, seen = self._variables[number], self._seen[number]
        new = [self._own(value, number).copy() for value in values]
        changed = [at for at, value in enumerate(new) if value.tobytes() != seen[at].tobytes()]
        store([variables[at] for at in changed], [new[at] for at in changed])
        self._seen[number] = [variable.numpy() for variable in variables]
        return model

    def learn(self, stacked: Stacked) -> None:
        """Take over the variables that steps have, where they were not known before."""
        steps = stacked.steps[self.numbers]
        for row in zip(*(step.traced.variables for step in steps), strict=True):
            if row[0] not in self._place:
                values, held = self._now[0], [variable.numpy() for variable in row]
                for number, (variable, value) in enumerate(zip(row, held, strict=True)):
                    self._variables[number].append(variable)
                    self._seen[number].append(value)
                self._place[row[0]] = len(values)
                values.append(held[0] if self._axis is None else np.stack(held, self._axis.place))

    def train(
        self, stacked: Stacked, arrays: Sequence[Array], orders: Sequence[Array], size: int, look: Look
    ) -> list[Totals]:
        """Make a step of each model for each batch of its rows; return what each has measured.

        Parameters
        ----------
        stacked : Stacked
            Steps that train.
        arrays : sequence of arrays, shape (n, ...)
            The samples.
        orders : sequence of int64 arrays, shape (m,)
            The rows of each of these models, or one for all of them.
        size : int
            Rows in a batch; the last batch may be smaller.
        look : Look
            Asked now and then whether to stop.
        """
        totals = [Totals() for _ in self.models]
        for part in self._parts(orders, size):
            self._train_part(stacked, arrays, part, look, totals)
            if look():
                return totals
        for number, rows in self._rests(orders, size):
            self._train_one(stacked, number, Piece(arrays, rows, size), look, totals[number])
            if look():
                return totals
        return totals

    def measure(
        self, stacked: Stacked, arrays: Sequence[Array], orders: Sequence[Array], size: int, look: Look
    ) -> list[Totals]:
        """Measure each model on its rows; see `train`."""
        totals, values = [Totals() for _ in self.models], self._taken_over()[0]
        for part in self._parts(orders, size):
            loop = stacked.executable(len(self.models), arrays, part).loop(self._given(stacked, values))
            loop.run(arrays, part.rows, part.length, look)
            self._share_out(loop.totals, totals)
        for number, rows in self._rests(orders, size):
            step, one = stacked.steps[self.numbers][number], totals[number]
            loop = step.executable.loop(self._given_one(stacked, number, values), one.sums)
            loop.run(arrays, rows, size, look)
            one.samples, one.sums = one.samples + len(rows), loop.totals
        return totals

    def predict(self, stacked: Stacked, arrays: Sequence[Array], size: int) -> list[Array]:
        """Return the outputs of all of these models, each of shape (k, n, ...), computed in blocks of some rows."""
        values, blocks = self._taken_over()[0], []
        for start in range(0, len(arrays[0]), size):
            block = [array[start : start + size] for array in arrays]
            if self._axis is None:
                step = stacked.steps[self.numbers][0]
                outputs = [one[None] for one in step.executable.run(block, self._given_one(stacked, 0, values))[0]]
            else:
                part = Part(len(block[0]), block[0], len(block[0]))
                executable = stacked.executable(len(self.models), arrays, part)
                _, *found = executable.run(block, self._given(stacked, values))[0]
                outputs = [np.moveaxis(one, self._axis.place, 0) for one in found]
            blocks.append(outputs)
        return [np.concatenate(each, 1) for each in zip(*blocks, strict=True)]

    def _parts(self, orders: Sequence[Array], size: int) -> list[Part]:
        """Return those batches that all models have: whole ones, then what is left of orders of one length."""
        if self._axis is None:
            return []
        least, most = min(map(len, orders)), max(map(len, orders))
        whole = least // size * size
        cuts = [(size, 0, whole), (least - whole, whole, least)] if least == most else [(size, 0, whole)]
        return [
            Part(one, np.stack([rows[start:end].reshape(-1, one) for rows in orders], 1).reshape(-1), one * len(orders))
            for one, start, end in cuts
            if end > start
        ]

    def _rests(self, orders: Sequence[Array], size: int) -> list[tuple[int, Array]]:
        """Return what models have besides, each by its number: rows in batches of its own."""
        least, most = min(map(len, orders)), max(map(len, orders))
        if self._axis is not None and least == most:
            return []
        whole = 0 if self._axis is None else least // size * size
        return [(number, rows[whole:]) for number, rows in enumerate(orders) if len(rows) > whole]

    def _places(self, stacked: Stacked) -> list[int]:
        """Return where the values of the variables of a step stand."""
        return [self._place[variable] for variable in stacked.steps[self.numbers][0].traced.variables]

    def _given(self, stacked: Stacked, values: Sequence[Array]) -> list[Array]:
        """Return what a program of all these models is fed: variables, then numbers that differ."""
        own = [self.axis.part(one, self.numbers) for one in stacked.stack.numbers.values()]
        return [*(values[place] for place in self._places(stacked)), *own]

    def _given_one(self, stacked: Stacked, number: int, values: Sequence[Array]) -> list[Array]:
        """Return what the step of one model is fed."""
        return [self._own(values[place], number) for place in self._places(stacked)]

    def _train_part(
        self,
        stacked: Stacked,
        arrays: Sequence[Array],
        part: Part,
        look: Look,
        totals: Sequence[Totals],
    ) -> None:
        """Train all models with batches of one size.

        To look at every weight in every step takes as long as to change it. So the steps look at the loss alone; if
        they left a weight that is not finite, they are forgotten, and made once more by a program that does look.
        """
        values, *own = self._taken_over()
        given = [*self._given(stacked, values), *own]
        for is_careful in (False, True):
            loop = stacked.executable(len(self.models), arrays, part, is_careful).loop(given)
            loop.run(arrays, part.rows, part.length, look)
            *found, done, is_going = loop.variables()
            if is_careful or all(np.isfinite(value).all() for value in found if value.dtype.kind == "f"):
                break
        new = dict(zip(self._places(stacked), found, strict=False))
        self._now = [new.get(place, value) for place, value in enumerate(values)], done, is_going
        self._share_out(loop.totals, totals)

    def _share_out(self, found: Sequence[Array], totals: Sequence[Totals]) -> None:
        """Add to the totals of each model what a program of all has measured."""
        samples, *sums = found
        for number, one in enumerate(totals):
            one.add(int(samples[number]), [self._own(total, number) for total in sums])

    def _train_one(self, stacked: Stacked, number: int, piece: Piece, look: Look, totals: Totals) -> None:
        """Train one model by itself, as `Model.train_on_batches` does, up to a batch that makes a number not finite."""
        values, done, is_going = self._taken_over()
        if not is_going[number]:
            return
        step = stacked.steps[self.numbers][number]
        begun, given = Begun(0, totals.samples, totals.sums), self._given_one(stacked, number, values)
        loop = Loop(step.executable, step.traced.program, given)
        try:
            loop.run([piece], Watch(is_stopping=look), begun=begun)
        except NotFiniteError as error:
            is_going = is_going.copy()
            is_going[number] = False
            good = piece.part(0, error.batches_done)
            loop = Loop(step.executable, step.traced.program, given)
            loop.run([good] if len(good.order) else [], begun=begun)
        done, values = done.copy(), [*values]
        new, batches = loop.finished()
        done[number] += batches
        for place, value in zip(self._places(stacked), new, strict=True):
            if self._axis is None:
                values[place] = value
            else:
                values[place] = values[place].copy()
                self._own(values[place], number)[...] = value
        totals.samples, totals.sums = loop.samples, list(loop.totals)
        self._now = values, done, is_going

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


def _stopping(stack: Stack, shapes: Sequence[tuple[int, ...]], has_own_rows: bool, is_careful: bool) -> Program:
    """Return the step of all models in which each stops by itself: if its loss, or if careful a weight, is not finite.

    Two more variables follow the others: how many batches each has done, and whether it goes on. The first output is
    how many samples each was trained on: it is finite, so that no loop ends. What a model that has stopped computes is
    left out of the others, and changes nothing of it.
    """
    axis = stack.axis
    samples = ops.constant(np.full(axis.count, shapes[0][0], np.float64))
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
