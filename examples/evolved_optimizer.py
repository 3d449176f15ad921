"""Train an optimizer by persistent evolution strategies on small tables: ``python examples/evolved_optimizer.py``.

5,000 updates of its weights take some five minutes on two cores. ``--resume evolved.training`` goes on from that file,
and keeps it up to date; ``--seconds 60`` stops after a minute. ``--out`` is where the rule is written, for `Learned`.
The rule that comes with the package as ``small-tables`` was made by these settings.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import feedforward as ff
from feedforward import learned

MOST_UPDATES, RUN = 5000, 300
"""Updates of the rule's weights, and steps of a run on a held-out task."""

RATES = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0]
"""Times the default rate: those of which the best is chosen for each optimizer."""

Make: TypeAlias = Callable[[Any], ff.optimizers.Optimizer]
"""Returns an optimizer of a learning rate, which may be a schedule."""


def digits(hidden: tuple[int, ...], activation: str, batch_size: int, is_test: bool = False) -> learned.Task:
    """Return the training of a classifier of 8 x 8 digits."""
    x, y = ff.datasets.digits()[is_test]
    layers = [ff.layers.Dense(units, activation) for units in hidden]
    model = ff.Sequential([ff.Input((64,)), *layers, ff.layers.Dense(10)])
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    return learned.Network(model, loss, x.reshape(-1, 64) / 16.0, y.astype(np.int64), batch_size)


def spirals(arms: int, activation: str, batch_size: int) -> learned.Task:
    """Return the training of a classifier of points in the plane, of which each class is an arm of a spiral."""
    draw = np.random.default_rng(arms)
    y = draw.integers(0, arms, 600)
    radius = np.sqrt(draw.uniform(0.02, 1, 600))
    angle = 7 * radius + 2 * np.pi * y / arms + 0.1 * draw.standard_normal(600)
    x = 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(32, activation), ff.layers.Dense(arms)])
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    return learned.Network(model, loss, x, y, batch_size)


def table(columns: int, activation: str, batch_size: int) -> learned.Task:
    """Return the training of a regression on columns, some of which act together, with noise."""
    draw = np.random.default_rng(columns)
    x = draw.standard_normal((800, columns))
    y = np.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.5 * x[:, 3:4] + 0.1 * draw.standard_normal((800, 1))
    model = ff.Sequential([ff.Input((columns,)), ff.layers.Dense(32, activation), ff.layers.Dense(1)])
    return learned.Network(model, "mean_squared_error", x, y, batch_size)


def tasks() -> list[learned.Task]:
    """Return what the rule is trained on; in runs of the last all weights are measured in another unit."""
    return [
        digits((32,), "relu", 32),
        spirals(2, "tanh", 64),
        table(8, "relu", 64),
        learned.Scaled(digits((32,), "tanh", 64), 1.0, "all"),
    ]


def held_out() -> dict[str, learned.Task]:
    """Return tasks that it is not trained on: other data, sizes, activations and batches."""
    return {
        "other digits, two layers of 24, elu": digits((24, 24), "elu", 16, is_test=True),
        "three spirals, relu": spirals(3, "relu", 32),
        "12 columns, sigmoid": table(12, "sigmoid", 32),
    }


def training_of(rule: learned.UpdateRule, seed: int = 0) -> learned.EvolvedTraining:
    """Return the training of a rule on all tasks."""
    optimizer = ff.optimizers.Adam(
        ff.optimizers.schedules.CosineDecay(0.003, MOST_UPDATES, alpha=0.1), global_clipnorm=1.0
    )
    return learned.EvolvedTraining(
        rule, tasks(), unroll=20, steps=(60, 400), pairs=4, deviation=0.03, optimizer=optimizer, seed=seed
    )


def loss_of(task: learned.Task, make: Make, rate: float, is_falling: bool, seeds: Sequence[int] = range(5)) -> float:
    """Return the mean loss of the last tenth of runs, whose rate is constant or falls to 0 like a cosine."""
    schedule = ff.optimizers.schedules.CosineDecay(rate, RUN) if is_falling else rate
    losses = learned.losses_of(task, make(schedule), list(seeds), RUN)[:, -RUN // 10 :]
    return float(np.where(np.isnan(losses), np.inf, losses).mean())


def tuned(task: learned.Task, make: Make, default: float, is_falling: bool) -> tuple[float, float]:
    """Return the rate of `RATES`, times the default, that is best in other runs, and the loss with it."""
    found = {rate: loss_of(task, make, rate * default, is_falling, range(100, 105)) for rate in RATES}
    best = min(found, key=found.__getitem__) * default
    return best, loss_of(task, make, best, is_falling)


def table_of(rule: learned.UpdateRule) -> str:
    """Return what the rule reaches on held-out tasks beside other optimizers, at default rates and at the best."""
    makers: dict[str, tuple[Make, float]] = {
        "the rule": (lambda rate: ff.optimizers.Learned(rule, learning_rate=rate), 1.0),
        "Adam": (ff.optimizers.Adam, 0.001),
        "RMSprop": (ff.optimizers.RMSprop, 0.001),
        "Nesterov": (lambda rate: ff.optimizers.SGD(rate, momentum=0.9, nesterov=True), 0.01),
    }
    lines = []
    for name, task in held_out().items():
        lines.append(f"{name:38} default rate   falling    best rate (it)       falling (it)")
        for of, (make, default) in makers.items():
            plain = [loss_of(task, make, default, is_falling) for is_falling in (False, True)]
            best = [tuned(task, make, default, is_falling) for is_falling in (False, True)]
            shown = "  ".join(f"{loss:10.4f} {f'({rate:g})':9}" for rate, loss in best)
            lines.append(f"  {of:36} {plain[0]:12.4f} {plain[1]:9.4f}  {shown}")
    return "\n".join(lines)


def main(
    updates: int = MOST_UPDATES,
    seconds: float = math.inf,
    resume: Path | None = None,
    out: Path = Path("evolved.rule"),
    scale: float = 0.005,
    seed: int = 0,
) -> learned.EvolvedTraining:
    """Train a rule, show how it does on held-out tasks, and write it to a file."""
    ff.set_seed(seed)
    rule = learned.PerceptronRule(scale=scale)
    training, held = training_of(rule, seed), held_out()
    if resume is not None and resume.exists():
        training.resume(resume)
        print(f"resumed after {training.updates_done:,} updates")
    for name, task in held.items():
        print(f"{name}: Adam {loss_of(task, ff.optimizers.Adam, 0.001, False):.3f}")
    begin = time.monotonic()
    while training.updates_done < updates and time.monotonic() - begin < seconds:
        # To the next multiple of 50, wherever it was stopped before: at multiples of 500 more is shown.
        count = min(50 - training.updates_done % 50, updates - training.updates_done)
        loss = training.train(count, lambda: time.monotonic() - begin > seconds)
        said = f"{training.updates_done:6,} updates  {time.monotonic() - begin:6.0f} s  {loss:.4f} of the first loss"
        if training.updates_done % 500 == 0:
            found = (loss_of(task, lambda rate: ff.optimizers.Learned(rule), 1.0, False) for task in held.values())
            said += "   held out: " + "  ".join(f"{loss:.3f}" for loss in found)
        print(said, flush=True)
        if resume is not None:
            training.save(resume)
    learned.save_rule(rule, out)
    return training


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=MOST_UPDATES, help="of the rule's weights, in all")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many")
    parser.add_argument("--resume", type=Path, help="a file to go on from, if it is there, and to keep up to date")
    parser.add_argument("--out", type=Path, default=Path("evolved.rule"), help="where the rule is written to")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(table_of(main(given.updates, given.seconds, given.resume, given.out, seed=given.seed).rule))
