"""Two hidden layers or one, for a function of the distance from 0: ``python examples/radial.py [folder]``.

What is proven (Eldan and Shamir, "The power of depth for feedforward neural networks", 2016, theorem 1): there are
numbers c and C such that for each dimension d > C there is a function g, nearly one of |x|, and a measure, with this
inequality: every network of one hidden layer and at most c exp(c d) units has E (network - g)^2 >= c; while g itself is
a network of two hidden layers and polynomially many units. Their g and measure are special, and c and C are not given.

What is seen here is not that: a simpler function, small d, Adam for some epochs, three seeds. A network that trains
badly looks like one that cannot. Both have as many weights and biases, but for some units of the last layer's share. It
takes less than a minute; with a folder, a picture is written there.
"""

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import feedforward as ff

Floats = NDArray[np.float32]
DIMENSIONS = (2, 5)
WIDTHS = (4, 8, 16, 32)
SEEDS = (0, 1, 2)


def target(x: Floats) -> Floats:
    """Return a wave of the distance from 0: cos(pi |x|), one and a half periods up to 3."""
    return np.cos(np.pi * np.linalg.norm(x, axis=1))


def samples(d: int, count: int, seed: int) -> tuple[Floats, Floats]:
    """Return points whose direction is uniform and whose distance from 0 is uniform up to 3, and the target there."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((count, d))
    x *= 3 * random.random((count, 1)) / np.linalg.norm(x, axis=1, keepdims=True)
    return x.astype(np.float32), target(x).astype(np.float32)


def parameters(d: int, *widths: int) -> int:
    """Return the number of weights and biases of a network from d numbers to one."""
    sizes = (d, *widths, 1)
    return sum((a + 1) * b for a, b in pairwise(sizes))


def as_large(d: int, limit: int) -> int:
    """Return how wide one hidden layer may be: (d + 1) n + n + 1 <= limit."""
    return (limit - 1) // (d + 2)


@dataclass(frozen=True)
class Row:
    """Networks of one shape in one dimension: their weights, and the mean square errors on new samples, by seed."""

    d: int
    widths: tuple[int, ...]
    parameters: int
    errors: list[float]


def trained(d: int, widths: tuple[int, ...], epochs: int) -> Row:
    """Train networks of one shape, one for each seed."""
    x, y = samples(d, 4096, 0)
    x_test, y_test = samples(d, 4096, 1)
    errors = []
    for seed in SEEDS:
        ff.set_seed(seed)
        hidden = [ff.layers.Dense(n, "relu", kernel_initializer="he_normal") for n in widths]
        model = ff.Sequential([ff.Input((d,)), *hidden, ff.layers.Dense(1)])
        model.compile(ff.optimizers.Adam(0.005), "mean_squared_error")
        model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
        errors.append(float(np.mean((model.predict(x_test, verbose=0)[:, 0] - y_test) ** 2)))
    return Row(d, widths, parameters(d, *widths), errors)


def main(folder: Path | None = None, epochs: int = 60) -> list[Row]:
    """Train all of them, print a table, and return its rows."""
    rows = []
    constant = float(target(samples(2, 4096, 1)[0]).var())
    print(f"the best constant is off by {constant:.3f}, mean square")
    print("   d  hidden units  parameters  mean square error (least to most)")
    for d in DIMENSIONS:
        for width in WIDTHS:
            for widths in ((width, width), (as_large(d, parameters(d, width, width)),)):
                row = trained(d, widths, epochs)
                rows.append(row)
                shown = " + ".join(map(str, widths))
                low, high = min(row.errors), max(row.errors)
                print(f"{d:4}  {shown:>12}  {row.parameters:10}  {np.mean(row.errors):.4f} ({low:.4f} to {high:.4f})")
    if folder is not None:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(1, len(DIMENSIONS), figsize=(9, 4), sharey=True, layout="constrained")
        for axis, d in zip(axes, DIMENSIONS, strict=True):
            for layers, color in ((1, "C0"), (2, "C1")):
                some = [row for row in rows if row.d == d and len(row.widths) == layers]
                means = [np.mean(row.errors) for row in some]
                axis.loglog(
                    [row.parameters for row in some], means, "o-", color=color, label=f"hidden layers: {layers}"
                )
                for row in some:
                    axis.loglog([row.parameters] * len(row.errors), row.errors, ".", color=color, markersize=4)
            axis.axhline(constant, color="k", linestyle=":", label="a constant")
            axis.set(xlabel="parameters", title=f"d = {d}")
        axes[0].set(ylabel="mean square error")
        axes[0].legend()
        figure.savefig(folder / "radial.png")
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
