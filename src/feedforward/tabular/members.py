"""Training of the members of an ensemble, and the one model that comes of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from feedforward import random
from feedforward.errors import NotFiniteError
from feedforward.graph.node import Array
from feedforward.tabular.aims import Aim
from feedforward.tabular.realmlp import Member, RealMLP, Shape
from feedforward.training.many import ManyModels
from feedforward.training.model import Model

__all__ = ["Course", "Fitted", "Rows", "fitted", "trained"]

_TRIED = 32
"""Batches of an epoch that is only to show how long one takes: of some, for those of a large table would take long."""

Tell = Callable[[int, int, float, float], bool | None]
"""Called after each epoch with the numbers of the member and of the epoch, from 1, the loss and the error.

What is true ends training after this epoch, each member with the weights of its best one."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table, encoded.

    Parameters
    ----------
    inputs : list of array, shapes (n, ...)
        ``numbers`` and ``codes``, where there are any.
    targets : array, shape (n,) or (n, k)
        Classes from 0, or numbers.
    weights : float array, shape (n,), optional
        What each row counts.
    """

    inputs: list[Array]
    targets: Array
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def first(self, share: float) -> Rows:
        """Return a part of them, from the first on, one row at least."""
        count = max(1, round(len(self) * share))
        weights = None if self.weights is None else self.weights[:count]
        return Rows([array[:count] for array in self.inputs], self.targets[:count], weights)

    @property
    def fed(self) -> Any:
        """What a model takes of them."""
        return self.inputs if len(self.inputs) > 1 else self.inputs[0]


@dataclass
class Course:
    """How the training of a member went.

    Attributes
    ----------
    losses, errors : list of float
        The loss in training, and the error on validation rows, of each epoch.
    best_epoch : int
        The epoch whose weights it has, from 1.
    outputs : array, shape (n, k), or None
        What it gave for the validation rows after that epoch.
    """

    losses: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    best_epoch: int = 0
    outputs: Array | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came of training.

    Parameters
    ----------
    model : Model
        What predicts what users want, for encoded rows.
    residuals : list of list of float
        For each number, by how much it was off in validation rows, in order.
    courses : list of Course
        How the training of each member went.
    epochs : int
        How many there were to be: fewer than the settings say where a budget says so.
    """

    model: Model
    residuals: list[list[float]]
    courses: list[Course]
    epochs: int


def fitted(
    settings: RealMLP,
    aim: Aim,
    shape: Shape,
    training: Rows,
    validation: Rows | None,
    *,
    members: int = 1,
    seed: int = 0,
    budget_s: float | None = None,
    tell: Tell | None = None,
) -> Fitted:
    """Train an ensemble and return one model of it.

    Parameters
    ----------
    settings : RealMLP
        How.
    aim : Aim
        What for.
    shape : Shape
        What networks are made for.
    training, validation : Rows
        What is trained on, and what decides which epoch is kept, the last where there are none.
    members : int
        How many networks; their seeds follow from `seed`.
    seed : int
        What all draws come from.
    budget_s : float, optional
        Seconds that all of it may take: epochs are fewer then, so that every schedule still runs to its end.
    tell : callable, optional
        See `Tell`.

    Raises
    ------
    NotFiniteError
        If a loss becomes NaN or infinite in the first epoch of a member.
    """
    started = time.perf_counter()
    seeds = [int(each) for each in np.random.SeedSequence(seed).generate_state(members, np.uint32)]
    epochs = settings.epochs
    if budget_s is not None:
        a_second = _seconds_of_epoch(settings, aim, shape, training, validation, seed)
        left = budget_s - (time.perf_counter() - started)
        epochs = max(1, min(epochs, int(left / (a_second * members))))
    settings = replace(settings, epochs=epochs)
    steps = len(training) // settings.rows_of_batch(len(training)) * epochs
    group = [Member(settings, shape, each, steps, f"member_{number}") for number, each in enumerate(seeds, 1)]
    deadline = None if budget_s is None else started + budget_s
    courses = trained(group, aim, training, validation, deadline, tell)
    sharpness, residuals = 1.0, list[list[float]]()
    if validation is not None:
        outputs = [course.outputs for course in courses if course.outputs is not None]
        sharpness = aim.sharpness(outputs, validation.targets, validation.weights)
        residuals = aim.residuals(outputs, validation.targets)
    inputs = shape.inputs()
    model = Model(inputs, aim.result([member.model(*inputs) for member in group], sharpness), name="table")
    return Fitted(model, residuals, courses, epochs)


def _seconds_of_epoch(
    settings: RealMLP, aim: Aim, shape: Shape, training: Rows, validation: Rows | None, seed: int
) -> float:
    """Return how long an epoch takes once everything is compiled, by short epochs of some of the rows."""
    times = []
    size = settings.rows_of_batch(len(training))
    share = min(1.0, _TRIED * size / len(training))
    member = Member(replace(settings, epochs=3, batch_size=size), shape, seed, steps=3 * _TRIED)
    some, others = training.first(share), None if validation is None else validation.first(share)
    trained([member], aim, some, others, None, lambda *_: times.append(time.perf_counter()))
    return (times[-1] - times[-2]) / share


def trained(
    members: Sequence[Member],
    aim: Aim,
    training: Rows,
    validation: Rows | None,
    deadline: float | None = None,
    tell: Tell | None = None,
) -> list[Course]:
    """Train networks for all epochs of their settings, and leave each with the weights of its best epoch.

    Parameters
    ----------
    members : sequence of Member
        The networks, of one shape and settings.
    aim, training, validation
        As for `fitted`.
    deadline : float, optional
        The time, as `time.perf_counter` has it, after which no epoch begins.
    tell : callable, optional
        See `Tell`.

    Returns
    -------
    list of Course
        How it went, for each.

    Raises
    ------
    NotFiniteError
        If one never got through its first epoch. One that fails later keeps what was best until then.
    """
    for member in members:
        member.initialise(training.inputs)
        member.model.compile(member.optimizer(), aim.loss(member.settings))
    many, settings = ManyModels([member.model for member in members]), members[0].settings
    courses, best = [Course() for _ in members], [member.model.get_weights() for member in members]
    size = settings.rows_of_batch(len(training))
    rows = len(training) // size * size  # of an epoch: what is left makes no batch
    for epoch in range(settings.epochs):
        if epoch and deadline is not None and time.perf_counter() > deadline:
            break
        orders = np.stack([random.order(len(training), member.seed, epoch)[:rows] for member in members])
        logs = many.train_on_batches(training.fed, training.targets, training.weights, order=orders, batch_size=size)
        outputs = None if validation is None else many.predict(validation.fed)
        is_enough = bool(many.is_stopped.all())
        for number in np.flatnonzero(~many.is_stopped).tolist():
            course, error = courses[number], math.nan
            if validation is not None and outputs is not None:
                error = aim.error(outputs[number], validation.targets, validation.weights)
            course.losses.append(float(logs["loss"][number]))
            course.errors.append(error)
            # Of several epochs that are as good the last is taken: it has been trained longer.
            if epoch == 0 or validation is None or error <= course.errors[course.best_epoch - 1]:
                course.best_epoch, course.outputs = epoch + 1, None if outputs is None else outputs[number]
                best[number] = [weight.numpy() for weight in many.model(number).weights]
            if tell is not None and tell(number + 1, epoch + 1, course.losses[-1], error):
                is_enough = True
        if is_enough:
            break
    for number, (member, course) in enumerate(zip(members, courses, strict=True), 1):
        if not course.losses:
            raise NotFiniteError(
                f"network {number}: its loss or a weight became NaN or infinite in the first epoch. Expected finite "
                f"numbers. Give settings with a smaller learning_rate than {member.settings.learning_rate:g}."
            )
        member.model.set_weights(best[number - 1])
    return courses
