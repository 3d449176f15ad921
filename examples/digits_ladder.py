"""From a softmax to convolutions with batch normalization on the MNIST digits: ``python examples/digits_ladder.py``.

The ladder that courses climb: each rung adds one technique, and the table at the end shows what it brings. A rung is
trained for 10,000 steps of 100 digits (the first for 2,000), and what counts is the mean of its last five measurements,
not the best. ``--rung relu`` climbs one of them. MNIST is read from the folder that ``FEEDFORWARD_DATA`` names, or
downloaded.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import feedforward as ff

Layers = list[ff.layers.Layer]


def flat(*layers: ff.layers.Layer) -> Layers:
    """Return layers for images as rows of pixels."""
    return [ff.layers.Flatten(), *layers]


def hidden(activation: str, dropout: float = 0.0, normalized: bool = False) -> Layers:
    """Return the five layers 200-100-60-30-10 of the slides."""
    layers: Layers = []
    for units in (200, 100, 60, 30):
        layers.append(ff.layers.Dense(units, None if normalized else activation, not normalized))
        if normalized:
            layers += [ff.layers.BatchNormalization(), ff.layers.Activation(activation)]
        if dropout:
            layers.append(ff.layers.Dropout(dropout))
    return flat(*layers, ff.layers.Dense(10, "softmax"))


def convolutions(channels: tuple[int, int, int], first: int, dropout: float = 0.0, normalized: bool = False) -> Layers:
    """Return three convolutions, the latter two of stride 2, and two dense layers."""
    layers: Layers = [ff.layers.Reshape((28, 28, 1))]
    for count, size, strides in zip(channels, (first, 5, 4), (1, 2, 2), strict=True):
        layers.append(
            ff.layers.Conv2D(
                count, size, strides, "same", activation=None if normalized else "relu", use_bias=not normalized
            )
        )
        if normalized:
            layers += [ff.layers.BatchNormalization(), ff.layers.Activation("relu")]
    layers += [ff.layers.Flatten(), ff.layers.Dense(200, None if normalized else "relu", not normalized)]
    if normalized:
        layers += [ff.layers.BatchNormalization(), ff.layers.Activation("relu")]
    if dropout:
        layers.append(ff.layers.Dropout(dropout))
    return [*layers, ff.layers.Dense(10, "softmax")]


def decaying(largest: float, steps: float) -> Any:
    """Return the learning rate 1e-4 + largest exp(-t / steps) after t steps."""
    return ff.optimizers.schedules.ExponentialDecay(1e-4 + largest, steps, math.exp(-1), end_learning_rate=1e-4)


def plain() -> Layers:
    """Return the best network without convolutions: wide, with much dropout and normalized."""
    layers: Layers = [ff.layers.Flatten(), ff.layers.Dropout(0.2)]
    for _ in range(3):
        layers += [ff.layers.Dense(1024, use_bias=False, kernel_initializer="he_normal")]
        layers += [ff.layers.BatchNormalization(), ff.layers.Activation("relu"), ff.layers.Dropout(0.4)]
    return [*layers, ff.layers.Dense(10, "softmax")]


@dataclass(frozen=True)
class Rung:
    """A network, what trains it, and the share of test digits that it should get right."""

    what: str
    layers: Callable[[], Layers]
    optimizer: Callable[[], ff.optimizers.Optimizer]
    target: float
    steps: int = 10_000
    batch_size: int = 100


def adam(largest: float = 0.003, steps: float = 2000.0) -> Callable[[], ff.optimizers.Optimizer]:
    """Return what makes an Adam of a decaying rate."""
    return lambda: ff.optimizers.Adam(decaying(largest, steps))


RUNGS = {
    "softmax": Rung(
        "softmax, gradient descent 0.5",
        lambda: flat(ff.layers.Dense(10, "softmax", kernel_initializer="zeros")),
        lambda: ff.optimizers.SGD(0.5),
        0.920,
        2_000,
    ),
    "sigmoid": Rung("200-100-60-30 sigmoid, Adam", lambda: hidden("sigmoid"), lambda: ff.optimizers.Adam(0.003), 0.975),
    "relu": Rung("the same with relu, decaying rate", lambda: hidden("relu"), adam(), 0.980),
    "dropout": Rung("and dropout 0.25", lambda: hidden("relu", 0.25), adam(), 0.979),
    "norm-sigmoid": Rung(
        "batch normalization, sigmoid", lambda: hidden("sigmoid", normalized=True), adam(0.03, 1000.0), 0.983
    ),
    "norm-relu": Rung("batch normalization, relu", lambda: hidden("relu", normalized=True), adam(0.03, 1000.0), 0.983),
    "conv": Rung("convolutions 4, 8, 12", lambda: convolutions((4, 8, 12), 5), adam(), 0.987),
    "conv-dropout": Rung("convolutions 6, 12, 24, dropout", lambda: convolutions((6, 12, 24), 6, 0.25), adam(), 0.990),
    "conv-norm": Rung(
        "convolutions 24, 48, 64, dropout, normalized",
        lambda: convolutions((24, 48, 64), 6, 0.4, normalized=True),
        adam(0.01, 1500.0),
        0.993,
    ),
    "plain": Rung(
        "no convolution: 1024-1024-1024, dropout, normalized",
        plain,
        lambda: ff.optimizers.AdamW(ff.optimizers.schedules.CosineDecay(0.002, 40_000), weight_decay=0.02),
        0.990,
        40_000,
        128,
    ),
}


def climb(rung: Rung, data: Any, verbose: int = 0) -> tuple[float, float]:
    """Train a rung, and return the mean of its last five accuracies on the test digits, and the seconds it took."""
    (x, y), test = data
    ff.set_seed(2019)
    model = ff.Sequential([ff.Input((28, 28), dtype="uint8"), ff.layers.Rescaling(1 / 255), *rung.layers()])
    model.compile(rung.optimizer(), "sparse_categorical_crossentropy", ["accuracy"])
    start = time.perf_counter()
    every = max(1, rung.steps // 40)  # steps between two measurements
    history = model.fit(
        x,
        y,
        batch_size=rung.batch_size,
        epochs=rung.steps // every,
        steps_per_epoch=every,
        validation_data=test,
        verbose=verbose,
    )
    last = history.history["val_accuracy"][-5:]
    return sum(last) / len(last), time.perf_counter() - start


def main(names: list[str] | None = None, verbose: int = 0) -> dict[str, float]:
    """Climb the rungs of these names, all by default, print a table, and return the accuracy of each."""
    data = ff.datasets.mnist()
    found = {}
    print(f"{'rung':52}  {'right':>7}  {'wanted':>6}  {'seconds':>7}")
    for name in names or list(RUNGS):
        rung = RUNGS[name]
        found[name], seconds = climb(rung, data, verbose)
        print(f"{rung.what:52}  {found[name]:7.2%}  {rung.target:6.1%}  {seconds:7.1f}", flush=True)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rung", action="append", choices=RUNGS, help="climb this one; may be given several times")
    parser.add_argument("--verbose", type=int, default=0, choices=(0, 1, 2))
    arguments = parser.parse_args()
    main(arguments.rung, arguments.verbose)
