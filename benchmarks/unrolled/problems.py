"""What rules are trained on: the quadratics and the network of Andrychowicz et al. (2016), the same for all peers.

A *window* is 20 steps of the rule on the task, the gradient of the sum of their losses by the rule's weights, and a
step of Adam on these. A *run* is five windows, each of which begins where the one before ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import feedforward as ff
from benchmarks.networks import Array
from feedforward import learned
from feedforward.learned.runs import rows_of, starts

NAMES = ("quadratics", "network")

STEPS, WINDOWS = 20, 5
"""Steps of a window, and windows of a run."""

SCALE, SPAN = 0.1, 10.0
"""The rule's settings: what its output is multiplied by, and which logarithms of gradients it sees."""

ADAM = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-12}
"""So small an epsilon that it is the same whether it is added before or after the bias of the moments is taken out."""

_SEED = 0
_UNITS, _LAYERS = 20, 2
_SAMPLES, _BATCH = 10_000, 128


@dataclass(frozen=True)
class Problem:
    """A rule and a task.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    task : Task
        What the rule is to make small.
    weights : dict of str to array
        The rule's first: an LSTM of two layers of 20 units, see `CoordinatewiseLSTM`.
    parameters, instance : dict of str to array
        Where the first run begins, and what tells its function apart.
    """

    name: str
    task: Any
    weights: dict[str, Array]
    parameters: dict[str, Array]
    instance: dict[str, Array]

    @property
    def samples(self) -> tuple[Array, ...]:
        """Samples and labels, if it has any."""
        return tuple(self.task.samples)

    def rows(self, window: int) -> Array:
        """Return which samples the batches of a window are, shape (steps + 1, batch size)."""
        rows = rows_of(self.task, _SEED, window, STEPS + 1, is_training=True)
        return rows.reshape(STEPS + 1, -1) if self.samples else rows

    def rule(self) -> learned.CoordinatewiseLSTM:
        """Return the rule with its first weights."""
        rule = new_rule()
        for name, value in self.weights.items():
            rule.weights[name].assign(value)
        return rule

    def training(self) -> learned.UnrolledTraining:
        """Return our training of it."""
        return learned.UnrolledTraining(
            self.rule(),
            self.task,
            steps=STEPS * WINDOWS,
            unroll=STEPS,
            optimizer=ff.optimizers.Adam(**ADAM),
            seed=_SEED,
        )


def new_rule() -> learned.CoordinatewiseLSTM:
    """Return the rule with weights of its own."""
    return learned.CoordinatewiseLSTM(units=_UNITS, layers=_LAYERS, scale=SCALE, span=SPAN)


def find_problem(name: str) -> Problem:
    """Return a problem by its name.

    Raises
    ------
    ValueError
        If there is none of it.
    """
    if name not in NAMES:
        raise ValueError(f"problem {name!r}: expected one of {', '.join(NAMES)}.")
    ff.set_seed(_SEED)
    task: Any = learned.Quadratics(10, 128) if name == "quadratics" else _network()
    weights = {key: value.numpy() for key, value in new_rule().weights.items()}
    return Problem(name, task, weights, *starts(task, _SEED, step=-1))


def _network() -> learned.Network:
    """Return the network 784-20-10 with sigmoid, on samples that are drawn: what is in them changes no time."""
    random = np.random.default_rng(_SEED)
    x = random.random((_SAMPLES, 784), np.float32)
    y = random.integers(0, 10, _SAMPLES).astype(np.int32)
    hidden = ff.layers.Dense(20, "sigmoid", name="hidden")
    model = ff.Sequential([ff.Input((784,)), hidden, ff.layers.Dense(10, "softmax", name="out")])
    first = ff.initializers.RandomNormal(stddev=0.01)
    return learned.Network(model, "sparse_categorical_crossentropy", x, y, _BATCH, initializer=first)
