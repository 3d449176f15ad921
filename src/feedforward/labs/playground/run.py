"""A run of the playground: data, a network, how far it is trained, and how it came there.

What a run is follows from its settings, its own points and its record alone, to the bit: the time that anything took
has no part in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

import feedforward as ff
from feedforward.errors import NotFiniteError
from feedforward.labs.playground.data import Floats, Own, make_data, order_of
from feedforward.labs.playground.features import feature_matrix, formulas_of
from feedforward.labs.playground.measuring import Measured, measure_with
from feedforward.labs.playground.network import LOSSES, Network, Plan, build, keep_state, take_over
from feedforward.labs.playground.optimizing import Call, optimizer_of
from feedforward.labs.playground.record import Record
from feedforward.labs.playground.settings import COMPILED, PENALTIES, SPEEDS, VIEWS, Settings

__all__ = ["Position", "Run", "loss_of", "plan_of", "targets_of"]

_SPARSE = 40
"""The curve has a point for each of so many epochs, then where a 40th more is done: some 400 points after 300,000."""

_FIRST_SECONDS = 0.01
"""How long a batch is thought to take before one was timed."""

_DIVERGED = 1e6
"""A loss so many times the first one, or 1 if that is less, is taken as infinite: it soon is."""


@dataclass(frozen=True)
class Position:
    """How far a run is trained.

    Parameters
    ----------
    epoch : int
        Whole epochs done.
    samples : int
        Training points taken since.
    step : int
        Batches done in all.
    """

    epoch: int = 0
    samples: int = 0
    step: int = 0


@dataclass(frozen=True)
class _Good:
    """A state whose numbers were finite."""

    position: Position
    weights: list[np.ndarray]
    optimizer: list[np.ndarray]
    record: Record


def loss_of(task: str, chosen: str) -> tuple[str, str]:
    """Return the name of the loss and the output's activation: two classes leave a choice."""
    return LOSSES[task, {"classes": "cross_entropy", "regression": "squared"}.get(task, chosen)]


def plan_of(settings: Settings, inputs: int, task: str, classes: int) -> Plan:
    """Return what the network of some settings is built from."""
    return Plan(
        inputs=inputs,
        outputs=classes if task == "classes" else 1,
        layers=settings.layers,
        activations=settings.activations,
        output=loss_of(task, settings.loss)[1],
        dropout=settings.dropout,
        batch_norm=settings.batch_norm,
        seed=settings.seed,
    )


def targets_of(values: Floats, task: str, output: str) -> np.ndarray:
    """Return what the network shall say: classes as ints, shape (n,), else -1 or 1, 0 or 1, or numbers, (n, 1)."""
    if task == "classes":
        return values.astype(np.int64)
    return (2 * values - 1 if output == "tanh" and task == "binary" else values)[:, None]


class Run:
    """See the file's docstring.

    Parameters
    ----------
    settings : Settings
        What it begins with.
    own : Own or None
        Points of one's own, for the data ``"own"``.

    Attributes
    ----------
    settings : Settings
        What holds now.
    position : Position
        How far it is trained.
    diverged : int or None
        The step after which the loss was not finite, or so large that it soon is not; the state is that before it.
    bound : float
        A loss above it is taken as infinite.
    curve : list of (float, int, float, float)
        Epoch, step, loss of the training and of the test points, at epochs that depend on nothing.

    Raises
    ------
    LabError
        If the formula cannot be read, or its values are not finite.
    """

    def __init__(self, settings: Settings, own: Own | None = None) -> None:
        self.settings, self.own = settings, own
        share, noise = settings.train_share / 100, settings.noise / 100
        self.data = make_data(settings.data, settings.points, noise, share, settings.seed, own)
        self.formulas = formulas_of(settings.features, settings.formula)
        self.inputs = feature_matrix(self.formulas, self.data.points)
        self.position = Position()
        self.record = Record(settings)
        self.diverged: int | None = None
        self.curve: list[tuple[float, int, float, float]] = []
        self.changes = 0
        self._seconds_a_batch = _FIRST_SECONDS
        self._allowed = 0.0
        self._last_time: float | None = None
        self._measured: tuple[int, Measured] | None = None
        self._network: Network | None = None
        self._set_objective()

    # ---- what it consists of

    @property
    def network(self) -> Network:
        """The network; the first one is built when it is first asked for: several settings may change before."""
        return self._begin() if self._network is None else self._network

    def _begin(self) -> Network:
        """Build the first network, and look at it."""
        self._network = self._build()
        self._compile()
        self.bound = _DIVERGED * max(self.measured.largest, 1.0)
        self._check()
        return self._network

    def _set_objective(self) -> None:
        """Choose the loss, and what the network shall say."""
        data = self.data
        name, self.output = loss_of(data.task, self.settings.loss)
        self.loss = getattr(ff.losses, name)()
        self.targets = targets_of(data.values, data.task, self.output)
        self._train_inputs, self._train_targets = self.inputs[data.train], self.targets[data.train]

    def _build(self) -> Network:
        """Return a new network for the present settings."""
        network = build(self.plan)
        network.set_penalties(self.settings.penalties)
        self.measure = measure_with(network, self.loss, self.data, self.output)
        return network

    @property
    def plan(self) -> Plan:
        """What the present network is built from."""
        return plan_of(self.settings, self.inputs.shape[1], self.data.task, len(self.data.names))

    @property
    def batches_an_epoch(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.data.train) // self.settings.batch_size)

    @property
    def optimizer(self) -> Call:
        """The call that makes the present optimizer."""
        settings = self.settings
        steps = settings.schedule_epochs * self.batches_an_epoch
        return optimizer_of(settings.optimizer, settings.schedule, settings.learning_rate, steps)

    def _compile(self) -> None:
        self.network.model.compile(self.optimizer.make(), self.loss)

    @property
    def measured(self) -> Measured:
        """Losses, predictions and what is counted of them, of the present network."""
        if self._network is None:
            self._begin()
        if self._measured is None or self._measured[0] != self.changes:
            self._measured = self.changes, self.measure(self.inputs, self.targets)
        return self._measured[1]

    # ---- changes

    def change(self, settings: Settings, name: str) -> None:
        """Take over a setting that leaves epoch and weights as they are."""
        before, self.settings = self.settings, settings
        if self._network is None:
            self.record = Record(settings)
            self._set_objective()
        if self._network is None or name in VIEWS:
            return
        self.diverged, self._seconds_a_batch = None, _FIRST_SECONDS
        self.record.add("set", name, getattr(settings, name))
        match self.kind_of_change(before, settings, name):
            case "penalty":
                self.network.set_penalties(settings.penalties)
            case "rebuild":
                old = self.network
                self._set_objective()
                self._network = self._build()
                self._compile()
                take_over(self.network, old)
            case "compile":
                state = self.network.optimizer
                self._compile()
                keep_state(self.network.model, state)
            case "rate":
                self.network.optimizer.learning_rate = settings.learning_rate
        self.touched()

    def kind_of_change(self, before: Settings, settings: Settings, name: str) -> str:
        """Return what a changed setting needs: a penalty or a rate put in, to compile anew, to rebuild, or nothing."""
        task, is_scheduled = self.data.task, settings.schedule != "constant"
        if name in PENALTIES:
            return "penalty"
        if name == "dropout" or loss_of(task, before.loss) != loss_of(task, settings.loss):
            return "rebuild"
        if name in COMPILED or (is_scheduled and name in ("learning_rate", "batch_size")):
            return "compile"
        return "rate" if name == "learning_rate" else ""

    def set_weight(self, layer: int, place: tuple[int, ...], value: float) -> None:
        """Let a weight or a bias be a number; see `Network.set_weight`."""
        self.diverged = None
        self.record.add("weight", layer, place, value)
        self.network.set_weight(layer, place, value)
        self.touched()

    def hold(self, layer: int, place: tuple[int, ...], is_held: bool) -> None:
        """Hold a weight or a bias, or let it go; see `Network.hold`."""
        self.record.add("hold", layer, place, is_held)
        self.network.hold(layer, place, is_held)
        self.touched()

    def touched(self) -> None:
        """Note that the network has changed."""
        self.changes += 1
        self._check()

    # ---- training

    def advance(self, seconds: float) -> None:
        """Train for about so many seconds, at most as fast as the settings say."""
        begin = time.perf_counter()
        pace = SPEEDS[self.settings.speed] * self.batches_an_epoch
        if pace == float("inf"):
            self._allowed = pace
        else:
            passed = seconds if self._last_time is None else min(begin - self._last_time, 0.25)
            self._allowed = min(self._allowed, 1.0) if self._allowed != float("inf") else 0.0
            self._allowed += passed * pace
            if self._allowed < 1:
                time.sleep(min(seconds, (1 - self._allowed) / pace))
        self._last_time = begin
        while self.diverged is None and self._allowed >= 1:
            rest = seconds - (time.perf_counter() - begin)
            if rest <= 0:
                break
            most = max(int(rest / self._seconds_a_batch), 1)
            self._allowed -= self._go(self.settings.batch_size, int(min(most, self._allowed)))
        self._finish(self.settings.batch_size)

    def step(self, of: str) -> None:
        """Train on one point, on a batch, or to the end of the epoch."""
        if of == "sample":
            self.go(1, 1)
        elif of == "batch":
            self.go(self.settings.batch_size, 1)
        else:
            left = len(self.data.train) - self.position.samples
            self.go(self.settings.batch_size, -(-left // self.settings.batch_size))

    def go(self, size: int, batches: int) -> None:
        """Train on so many batches of so many points."""
        while self.diverged is None and batches > 0:
            batches -= self._go(size, batches)
        self._finish(size)

    def _finish(self, size: int) -> None:
        """Look at what was trained since the last look."""
        if self.diverged is None:
            self._check(size)

    def _go(self, size: int, most: int) -> int:
        """Train on at most so many batches, no further than the next point of the curve; return how many there were."""
        self.diverged = None
        done, is_finite = self._train(size, most)
        if not is_finite or self._is_at_point:
            self._check(size, is_finite)
        return max(done, 1)

    def _train(self, size: int, most: int) -> tuple[int, bool]:
        """Do as `_go`, unchecked; return how many batches there were, and whether the next one would be finite."""
        model, count, position = self.network.model, len(self.data.train), self.position
        per_epoch = -(-count // size)
        epochs = min(most // per_epoch, self._next_point - position.epoch)
        if position.samples == 0 and count % size == 0 and epochs > 1:
            orders = [order_of(self.settings.seed, position.epoch + index, count) for index in range(epochs)]
            order = np.concatenate(orders)
        else:
            order = order_of(self.settings.seed, position.epoch, count)[position.samples :][: most * size]
        done, is_finite = -(-len(order) // size), True
        begin = time.perf_counter()
        try:
            model.train_on_batches(self._train_inputs, self._train_targets, order=order, batch_size=min(size, count))
        except NotFiniteError as error:
            done, is_finite = error.batches_done, False
        else:
            self._seconds_a_batch = max((time.perf_counter() - begin) / done, 1e-8)
        taken = position.samples + min(done * size, len(order))
        self.position = Position(position.epoch + taken // count, taken % count, position.step + done)
        self.record.add("train", size, done)
        self.changes += 1
        return done, is_finite

    @property
    def _next_point(self) -> int:
        """The epoch at whose beginning the curve gets its next point."""
        last = int(self.curve[-1][0]) if self.curve else -1
        return last + max(last // _SPARSE, 1)

    @property
    def _is_at_point(self) -> bool:
        return self.position.samples == 0 and self.position.epoch == self._next_point

    def _check(self, size: int = 1, is_finite: bool = True) -> None:
        """Keep this state as the last good one, and a point of the curve; if it is none, go back to the last one.

        Parameters
        ----------
        size : int
            Points in each of the batches since the last good state.
        is_finite : bool
            Whether the next batch is known to give numbers that are not finite.
        """
        if self._is_good:
            self.keep()
            if self._is_at_point:
                measured = self.measured
                self.curve.append((self.position.epoch, self.position.step, measured.train, measured.test))
            if not is_finite:
                self.diverged = self.position.step + 1
            return
        # By halves, so that the state does not depend on how often it was looked at.
        bad = self.position.step
        self._go_back()
        while bad - self.position.step > 1:
            _, is_finite = self._train(size, (bad - self.position.step) // 2)
            if self._is_good:
                self.keep()
                bad = bad if is_finite else self.position.step + 1
            else:
                bad = self.position.step
                self._go_back()
        self.diverged = bad

    @property
    def _is_good(self) -> bool:
        """Whether the losses are numbers, and not so large that they soon are none."""
        return self.measured.largest <= self.bound

    def keep(self) -> None:
        """Keep this state as the one to go back to."""
        state = [one.numpy() for one in self.network.optimizer.variables]
        self._good = _Good(
            self.position, self.network.model.get_weights(), state, replace(self.record, events=[*self.record.events])
        )

    def _go_back(self) -> None:
        """Return to the last state whose numbers were finite."""
        good, model = self._good, self.network.model
        self.position, self.record = good.position, replace(good.record, events=[*good.record.events])
        model.set_weights(good.weights)
        if not good.optimizer:  # it had taken no step
            self._compile()
        for variable, value in zip(self.network.optimizer.variables, good.optimizer, strict=True):
            variable.assign(value)
        self.changes += 1
