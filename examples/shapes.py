"""Deep or wide, at the same number of weights: ``python examples/shapes.py [data] [folder]``.

Seide, Li and Yu compared networks for speech of one wide hidden layer with those of several narrower ones
("Conversational speech transcription using context-dependent deep neural networks", 2011). Here, the same is asked of
data: mnist, fashion_mnist or letter. With a folder, a picture is written there. It takes a minute or two. The
environment variable FEEDFORWARD_DATA names the folder of the data; the letter table is letter.scale.gz and
letter.scale.t.gz of LIBSVM's page, in its folder libsvm.

It stands here and not in `feedforward.theory`, since it trains: what it finds is seen in some runs, not proven.
"""

import gzip
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float32]
Labels = NDArray[Any]
Data = tuple[tuple[Floats, Labels], tuple[Floats, Labels]]


def width_of(parameters: int, depth: int, inputs: int, outputs: int) -> int:
    """Return how wide hidden layers may be that the network has no more weights and biases than allowed.

    (d + 1) n + (depth - 1) (n + 1) n + (n + 1) k <= parameters: the largest n, a root of a quadratic.
    """
    a, b, c = depth - 1, inputs + 1 + depth - 1 + outputs, outputs - parameters
    root = -c / b if a == 0 else (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    if root < 1:
        raise ValueError(
            f"width_of: {parameters} parameters are too few for {depth} hidden layers from {inputs} to {outputs}. "
            f"Expected at least {a * 2 + b - a + outputs}. Raise parameters."
        )
    return int(root)


@dataclass(frozen=True)
class Shape:
    """What became of networks of one shape.

    Attributes
    ----------
    depth, width, parameters : int
    losses : list of float
        Of the training samples after training, nats, one for each seed.
    right : list of float
        Shares of other samples that are told rightly, one for each seed.
    seconds : float
        Of one training.
    """

    depth: int
    width: int
    parameters: int
    losses: list[float]
    right: list[float]
    seconds: float


@dataclass(frozen=True)
class Shapes:
    """A row for each depth, printed as a table."""

    rows: list[Shape]

    def __str__(self) -> str:
        lines = ["layers x units  parameters  loss in training  right in the test (least to most)  seconds"]
        for row in self.rows:
            lines.append(
                f"{f'{row.depth} x {row.width}':>14}  {row.parameters:10,}  {np.mean(row.losses):16.4f}  "
                f"{np.mean(row.right):8.2%} ({min(row.right):.2%} to {max(row.right):.2%})         {row.seconds:7.1f}"
            )
        return "\n".join(lines)

    def plot(self) -> "Figure":
        """Draw the share of right answers over depth, a dot for each seed."""
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(layout="constrained")
        for row in self.rows:
            axes.plot([row.depth] * len(row.right), row.right, "C0.")
        axes.plot([row.depth for row in self.rows], [np.mean(row.right) for row in self.rows], "C0-")
        axes.set(
            xlabel="hidden layers", ylabel="right in the test", title=f"{self.rows[0].parameters:,} parameters each"
        )
        axes.set_xticks([row.depth for row in self.rows])
        return figure


def compare_shapes(
    data: Data,
    *,
    parameters: int,
    depths: Sequence[int] = (1, 2, 3, 5),
    epochs: int = 10,
    seeds: Sequence[int] = (0, 1, 2),
) -> Shapes:
    """Train networks of as many weights but different depths, and say how well each does.

    Parameters
    ----------
    data : ((x, labels), (x, labels))
        To train on, and to test: rows of numbers, shape (n, d), and whole numbers from 0.
    parameters : int
        What no network exceeds, and all but one more unit a layer make up.
    depths : sequence of int
        Numbers of hidden layers, at least 1 each.
    epochs : int
        How often every sample is learnt from.
    seeds : sequence of int
        Each network is trained once with each.
    """
    (x, y), (x_test, y_test) = data
    classes = int(y.max()) + 1
    rows = []
    for depth in depths:
        width = width_of(parameters, depth, x.shape[1], classes)
        losses, right, began = [], [], time.perf_counter()
        for seed in seeds:
            ff.set_seed(seed)
            hidden = [ff.layers.Dense(width, "relu", kernel_initializer="he_normal") for _ in range(depth)]
            model = ff.Sequential([ff.Input((x.shape[1],)), *hidden, ff.layers.Dense(classes, "softmax")])
            model.compile(ff.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(x, y, batch_size=64, epochs=epochs, verbose=0)
            losses.append(float(model.evaluate(x, y, verbose=0)[0]))
            right.append(float(model.evaluate(x_test, y_test, verbose=0)[1]))
        seconds = (time.perf_counter() - began) / len(seeds)
        rows.append(Shape(depth, width, model.count_params(), losses, right, seconds))
    return Shapes(rows)


def pictures(name: str, count: int = 10_000) -> Data:
    """Return the first pictures of MNIST or Fashion-MNIST as rows from 0 to 1, and the first to test on."""
    (x, y), (x_test, y_test) = ff.datasets.load(name)
    scaled = [(each[:count].reshape(-1, 784) / 255).astype(np.float32) for each in (x, x_test)]
    return (scaled[0], y[:count]), (scaled[1], y_test[:count])


def letters(folder: Path) -> Data:
    """Return the letter table of a folder: 15,000 letters, 16 measures of each from -1 to 1, and 5,000 to test on."""
    parts = []
    for name in ("letter.scale.gz", "letter.scale.t.gz"):
        with gzip.open(folder / name, "rt") as lines:
            rows = [line.split() for line in lines]
        x = np.zeros((len(rows), 16), np.float32)  # a measure that is not named is 0
        for row, (_, *measures) in enumerate(rows):
            for column, value in (measure.split(":") for measure in measures):
                x[row, int(column) - 1] = float(value)
        parts.append((x, np.array([int(float(label)) - 1 for label, *_ in rows])))
    return parts[0], parts[1]


def main(name: str = "mnist", folder: Path | None = None) -> Shapes:
    """Compare shapes on one of the data sets, and print the table."""
    found = (
        compare_shapes(letters(Path(os.environ["FEEDFORWARD_DATA"]) / "libsvm"), parameters=10_000, epochs=20)
        if name == "letter"
        else compare_shapes(pictures(name), parameters=50_000)
    )
    print(found)
    if folder is not None:
        found.plot().savefig(folder / f"shapes_{name}.png")
    return found


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "mnist", Path(sys.argv[2]) if len(sys.argv) > 2 else None)
