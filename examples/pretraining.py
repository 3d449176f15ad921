"""Restricted Boltzmann machines, and networks from them: ``python examples/pretraining.py [mnist [folder]]``.

By default on the digits that come with the package, 8 by 8 pixels, in seconds; MNIST takes ten minutes on two cores.
With a folder, a picture of what the first units look for is written there.

MNIST, 20,000 pictures to learn from without labels, and labels of 300: of 10,000 test pictures a network of sigmoids,
784-500-500-10, gets 86.3 % right if it is pre-trained, 84.0 % if not; over five seeds the gain is 1.8 to 2.9 points.
One of relu, not pre-trained, gets 85.3 %. The autoencoder 784-1000-500-250-30 is off by 6.3 a picture (squares, summed
over pixels), by 28.0 if it is not pre-trained, and 30 principal components by 13.9. Hinton and Salakhutdinov, "Reducing
the dimensionality of data with neural networks", 2006, figure 2B, have 3.00 and 13.87, from 60,000 pictures.
"""

import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from feedforward.boltzmann import RBM, ContrastiveDivergence, Stack, initialise_from

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Study:
    """Pictures as rows from 0 to 1, and how large everything is.

    Parameters
    ----------
    x, y, x_test, y_test : arrays, shapes (n, d) and (n,)
        Pictures and digits.
    hidden : tuple of int
        Units of the layers of the classifier.
    code : tuple of int
        Units of the layers of the autoencoder, down to its code.
    labels : int
        Of so many pictures the digit is known.
    epochs, tuning, unrolled : int
        Epochs of each machine, of the classifier, and of the autoencoder.
    """

    x: Floats
    y: NDArray[np.int64]
    x_test: Floats
    y_test: NDArray[np.int64]
    hidden: tuple[int, ...]
    code: tuple[int, ...]
    labels: int
    epochs: int
    tuning: int
    unrolled: int


def study(name: str, rows: int = 20_000) -> Study:
    """Return the study of ``"digits"`` or ``"mnist"``, with the first `rows` pictures for pre-training."""
    (x, y), (x_test, y_test) = ff.datasets.mnist() if name == "mnist" else ff.datasets.digits()
    top = 255 if name == "mnist" else 16
    x, x_test = (each.reshape(len(each), -1).astype(np.float32) / np.float32(top) for each in (x, x_test))
    data = x[:rows], y[:rows].astype(np.int64), x_test, y_test.astype(np.int64)
    if name == "mnist":
        return Study(
            *data, hidden=(500, 500), code=(1000, 500, 250, 30), labels=300, epochs=10, tuning=100, unrolled=10
        )
    return Study(*data, hidden=(100, 100), code=(100, 50, 10), labels=50, epochs=40, tuning=400, unrolled=100)


def pretrained(study: Study, units: tuple[int, ...], seed: int, *, has_code: bool = False) -> Stack:
    """Return a stack of machines that learnt from all pictures, whose last one has Gaussian units for a code."""
    sizes = (study.x.shape[1], *units)
    last = len(units) - 1 if has_code else len(units)
    machines = [
        RBM(below, above, hidden="gaussian" if place == last else "binary", seed=1000 * seed + place)
        for place, (below, above) in enumerate(pairwise(sizes))
    ]
    learning = [
        # As Hinton and Salakhutdinov had it: a rate of 0.1, of 0.001 for Gaussian units, and means for visible ones.
        ContrastiveDivergence(
            use_visible_means=True,
            epochs=study.epochs,
            learning_rate=0.001 if machine.hidden == "gaussian" else 0.1,
            momentum=0.8,
        )
        for machine in machines
    ]
    stack = Stack(machines)
    stack.fit(study.x, learning, seed)
    return stack


def classifier(study: Study, activation: str) -> ff.Sequential:
    """Return a new network from pictures to digits."""
    hidden = [ff.layers.Dense(units, activation) for units in study.hidden]
    return ff.Sequential([ff.Input((study.x.shape[1],)), *hidden, ff.layers.Dense(10, "softmax")])


def few_labels(study: Study, seed: int) -> dict[str, float]:
    """Train with few labels; return the share of test pictures that are right with each beginning."""
    chosen = np.random.default_rng(seed).permutation(len(study.x))[: study.labels]
    stack = pretrained(study, study.hidden, seed)
    found = {}
    for name, activation in (("pre-trained", "sigmoid"), ("none", "sigmoid"), ("none, relu", "relu")):
        ff.set_seed(seed)
        model = classifier(study, activation)
        if name == "pre-trained":
            initialise_from(model, stack)
        model.compile(ff.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(study.x[chosen], study.y[chosen], batch_size=25, epochs=study.tuning, verbose=0)
        found[name] = float(model.evaluate(study.x_test, study.y_test, verbose=0)[1])
    return found


def squared_error(x: Floats, reconstruction: Floats) -> float:
    """Return the mean over pictures of the sum over pixels of the squared difference."""
    return float(np.square(x - reconstruction).sum(1).mean())


def principal_components(study: Study) -> float:
    """Return the error on test pictures of as many principal components as the code has numbers."""
    mean = study.x.mean(0, dtype=np.float64)
    _, vectors = np.linalg.eigh(np.cov(study.x.astype(np.float64), rowvar=False))
    basis = vectors[:, -study.code[-1] :]
    return squared_error(study.x_test, (mean + (study.x_test - mean) @ basis @ basis.T).astype(np.float32))


def autoencoder(study: Study, seed: int) -> dict[str, float]:
    """Train the deep autoencoder from a stack, and from Glorot's weights; return the errors on test pictures."""
    found = {"principal components": principal_components(study)}
    stack = pretrained(study, study.code, seed, has_code=True)
    unrolled = stack.autoencoder()
    found["unrolled stack, not trained further"] = squared_error(
        study.x_test, unrolled.predict(study.x_test, verbose=0)
    )
    sizes = (*study.code, *study.code[-2::-1], study.x.shape[1])
    ff.set_seed(seed)
    fresh = [
        ff.layers.Dense(units, None if place == len(study.code) - 1 else "sigmoid") for place, units in enumerate(sizes)
    ]
    for name, model in (
        ("autoencoder, pre-trained", unrolled),
        ("autoencoder, none", ff.Sequential([ff.Input((study.x.shape[1],)), *fresh])),
    ):
        model.compile(ff.optimizers.Adam(0.001), "binary_crossentropy")
        model.fit(study.x, study.x, batch_size=100, epochs=study.unrolled, verbose=0)
        found[name] = squared_error(study.x_test, model.predict(study.x_test, verbose=0))
    return found


def main(
    name: str = "digits", folder: Path | None = None, seeds: int = 5, rows: int = 20_000
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Show both; return the shares of each seed, and the errors."""
    given = study(name, rows)
    started = time.perf_counter()
    shares = [few_labels(given, seed) for seed in range(seeds)]
    print(f"{given.labels} labels, {len(given.x):,} pictures, {seeds} seeds: right of {len(given.x_test):,}")
    for key in shares[0]:
        found = np.array([share[key] for share in shares])
        print(f"  {key:12}: {found.mean():.2%}, standard deviation {found.std(ddof=1) if seeds > 1 else 0:.2%}")
    gain = np.array([share["pre-trained"] - share["none"] for share in shares])
    print(f"  gain        : {gain.mean():.2%}, from {gain.min():.2%} to {gain.max():.2%}")
    print(f"  {time.perf_counter() - started:.0f} s", flush=True)
    started = time.perf_counter()
    errors = autoencoder(given, 0)
    print(f"{'-'.join(map(str, (given.x.shape[1], *given.code)))}: squared error of a test picture")
    for key, error in errors.items():
        print(f"  {key}: {error:.2f}")
    print(f"  {time.perf_counter() - started:.0f} s")
    if folder is not None:
        pretrained(given, given.hidden[:1], 0).encoder().plot_filters().savefig(folder / "filters.png")
    return shares, errors


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(Path, sys.argv[2:3]))
