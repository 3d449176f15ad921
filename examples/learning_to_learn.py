"""Optimizers that were learned: ``python examples/learning_to_learn.py [quadratics|mnist|rnnprop] [options]``.

Trains an update rule, then sets it beside SGD, Nesterov's momentum, RMSprop and Adam, each with the best of some
learning rates, on what it was trained on and on what it was not. By default random quadratics, in a minute or two; the
other two want MNIST and half an hour.

    --train N      on how many runs the rule is trained; 0 to measure alone
    --rule FILE    where the rule is kept: it is read if it is there, and written whenever it got better
    --plot FOLDER  pictures of the curves
    --runs N       how many runs each figure is the mean of (5)

``python examples/learning_to_learn.py mnist --rule l2l-mnist.rule``, and the same once more with ``--train 800``, made
the rule of that name which comes with the package; ``rnnprop --rule rnnprop-mnist.rule`` made the other.
"""

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import feedforward as ff
from feedforward import learned

VALIDATION = range(2_000_000, 2_000_016)
"""The seeds of the runs by which a rule is told to have got better."""


@dataclass(frozen=True)
class Test:
    """What a rule is measured on: a task, for so many steps."""

    name: str
    task: learned.Task
    steps: int = 100

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """Those that the other optimizers are tried with: of long runs every other one of the usual."""
        return learned.RATES if self.steps <= 200 else learned.RATES[3:14:2]


@dataclass(frozen=True)
class Study:
    """What a rule is trained on, and what it is measured on, the first of which tells whether it got better."""

    rule: Callable[[], learned.UpdateRule]
    task: learned.Task
    tests: tuple[Test, ...]
    runs: int
    counted: str = "all"


def quadratics() -> Study:
    """Return the study of |W x - y|^2 in ten dimensions: Andrychowicz et al., 2016, section 3.1."""
    task = learned.Quadratics()
    tests = (
        Test("other quadratics", task),
        Test("in 20 dimensions", learned.Quadratics(20)),
        Test("200 steps", task, 200),
    )
    return Study(learned.CoordinatewiseLSTM, task, tests, runs=400)


def digits(activation: str = "sigmoid", units: tuple[int, ...] = (20,), stddev: float = 0.01) -> learned.Network:
    """Return the training of a small network on MNIST, in batches of 128."""
    (x, y), _ = ff.datasets.mnist()
    layers = [ff.layers.Dense(size, activation) for size in units]
    model = ff.Sequential([ff.Input((784,)), *layers, ff.layers.Dense(10, "softmax")])
    pixels = np.asarray(x, np.float32).reshape(len(x), 784) / 255
    start = ff.initializers.RandomNormal(stddev=stddev)
    return learned.Network(model, "sparse_categorical_crossentropy", pixels, y, 128, initializer=start)


def mnist() -> Study:
    """Return the study of the 784-20-10 network: Andrychowicz et al., 2016, section 3.2."""
    task = digits()
    tests = (
        Test("as in training", task),
        Test("40 units", digits(units=(40,))),
        Test("two layers", digits(units=(20, 20))),
        Test("relu", digits("relu")),
        Test("200 steps", task, 200),
    )
    return Study(learned.CoordinatewiseLSTM, task, tests, runs=500)


def rnnprop() -> Study:
    """Return the study of long runs: Lv, Jiang and Li, 2017."""
    task = digits(stddev=0.1)
    tests = (
        Test("as in training, but not scaled", task),
        Test("1,000 steps", task, 1000),
        Test("2,000 steps", task, 2000),
        Test("two layers", digits(units=(20, 20), stddev=0.1)),
        Test("relu", digits("relu", stddev=0.1), 1000),
    )
    training = learned.Together(learned.Scaled(task, 3.0), learned.Scaled(learned.Squares(), 1.0))
    return Study(learned.RNNprop, training, tests, runs=300, counted="last")


STUDIES = {"quadratics": quadratics, "mnist": mnist, "rnnprop": rnnprop}


def train(study: Study, runs: int, path: Path | None) -> learned.UpdateRule:
    """Return the best rule of a training on so many runs, by the loss at the end of other runs of the first test."""
    ff.set_seed(1)
    rule = study.rule() if path is None or not path.exists() else learned.load_rule(path)
    test, best, kept, started = study.tests[0], math.inf, {}, time.monotonic()
    rate = ff.optimizers.schedules.CosineDecay(0.003, max(1, runs * 5))  # five updates a run: it has 100 steps, in 20s
    optimizer = ff.optimizers.Adam(rate, global_clipnorm=1.0)
    training = learned.UnrolledTraining(rule, study.task, counted=study.counted, optimizer=optimizer)
    while True:
        loss = training.evaluate(VALIDATION, test.steps, test.task)
        if not kept or not best <= loss:  # also where the first is no number
            best, kept = loss, {name: weight.numpy() for name, weight in rule.weights.items()}
            if path is not None:
                learned.save_rule(rule, path)
        passed, done = time.monotonic() - started, training.runs_done
        print(f"{passed:6.0f} s, {done:5,} runs: loss at the end {loss:.4g}, best {best:.4g}", flush=True)
        if done >= runs:
            rule.set_weights(kept)
            return rule
        training.train(min(runs - done, max(1, runs // 20)))


def main() -> None:
    """Train and compare, as the command line says."""
    parser = argparse.ArgumentParser(description="Train an update rule, and compare it with other optimizers.")
    parser.add_argument("study", nargs="?", default="quadratics", choices=STUDIES)
    parser.add_argument("--train", type=int, help="how many runs to train on")
    parser.add_argument("--rule", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    study = STUDIES[options.study]()
    rule = train(study, study.runs if options.train is None else options.train, options.rule)
    for number, test in enumerate(study.tests):
        optimizers = {**learned.TUNED, type(rule).__name__: ff.optimizers.Learned(rule)}
        found = learned.compare(
            test.task, optimizers, steps=test.steps, seeds=range(options.runs), learning_rates=test.learning_rates
        )
        print(f"\n{test.name}\n{found}", flush=True)
        if options.plot is not None:
            options.plot.mkdir(parents=True, exist_ok=True)
            figure = found.plot()
            figure.axes[0].set_title(test.name)
            figure.savefig(options.plot / f"{options.study}-{number}.png", dpi=150)


if __name__ == "__main__":
    main()
