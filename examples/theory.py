"""What is proven of networks, one after another: ``python examples/theory.py [folder]``.

It takes some seconds. With a folder, a picture of each is written there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

import feedforward as ff
from feedforward import theory


def approximation() -> list[Any]:
    """Come near to a wave with one hidden layer, and to a cone with two."""
    wave = theory.Curve(lambda x: np.sin(2 * np.pi * x), _where_the_wave_has_slope)
    found: list[Any] = [
        theory.approximate(wave, 2 * np.pi, 0.1, construction=construction)
        for construction in ("minimal", "bumps", "sigmoid")
    ]
    found.append(theory.approximate_surface(lambda p: np.hypot(p[:, 0], p[:, 1]), 1.0, 0.1, ((-1, 1), (-1, 1))))
    for each in found:
        print(f"  {each}")
    return found


def _where_the_wave_has_slope(slope: float) -> list[float]:
    """Return where 2 pi cos(2 pi x) is a number, from 0 to 1."""
    share = slope / (2 * np.pi)
    if abs(share) > 1:
        return []
    x = float(np.arccos(share) / (2 * np.pi))
    return [x, 1 - x]


def pieces() -> list[Any]:
    """Count the linear pieces of a network that nobody has trained, along a line and in a plane."""
    ff.set_seed(4)
    hidden = [ff.layers.Dense(16, "relu", kernel_initializer="he_normal", bias_initializer="normal") for _ in range(3)]
    model = ff.Sequential([ff.Input((2,)), *hidden, ff.layers.Dense(1)])
    line = theory.linear_pieces(model, [-1.0, -1.0], [1.0, 1.0])
    plane = theory.linear_regions(model, [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0])
    for name, found in (("line", line), ("plane", plane)):
        bounds = found.bounds
        if bounds is not None:
            print(
                f"  3 layers of 16, {name:5}: {found.count:4} pieces; some network has {bounds.attainable:,}, none "
                f"more than {bounds.at_most_relu:,}"
            )
    return [line, plane]


def depth() -> list[Any]:
    """Fold a line five times with ten units, and come as near to that as one layer can."""
    deep = theory.linear_pieces(theory.sawtooth(5), [0.0], [1.0])
    print(f"  5 layers of 2 units: {deep.count} pieces, error 0")
    fits = [theory.fit_sawtooth(5, units) for units in (4, 10, 16, 31)]
    for fit in fits:
        print(
            f"  1 layer of {fit.units:2} units: at most {fit.units + 1:2} pieces, mean square {fit.mean_square:.4f}, "
            f"none below {fit.mean_square_at_least:.4f}; largest error at least {fit.largest_at_least}"
        )
    return [deep, fits[1]]


def linear_layers() -> None:
    """Make a hundred linear layers one."""
    random = np.random.default_rng(0)
    turns = [(np.linalg.qr(random.standard_normal((8, 8)))[0], random.standard_normal(8), None) for _ in range(100)]
    deep = theory.make_network(*turns)
    one = theory.merged(deep)
    x = random.standard_normal((1000, 8))
    off = np.abs(deep(x).numpy() - one(x).numpy()).max()
    print(f"  {deep.count_params():,} weights in 100 layers are {one.count_params()} in one: they differ by {off:.0e}")


def perceptron() -> list[Any]:
    """Prove that no perceptron computes exclusive or, and count the mistakes of one that can be right."""
    print(f"  exclusive or: {theory.inseparable([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])}")
    found = theory.mistakes_by_margin([0.3, 0.1, 0.03, 0.01])
    for margin, made, bound in zip(found.margins, found.mistakes, found.bounds, strict=True):
        print(f"  margin {margin:4}: {made:3} mistakes, never more than {bound:7.1f}")
    return [found]


def molecules() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Learn what CO2, O3 and CO are made of, from amounts of the atoms and of what the molecules take of them.

    The rule of each molecule is a column of a linear layer from [C, O]: 1 C and 2 O, 0 C and 3 O, 1 C and 1 O.
    """
    random = np.random.default_rng(0)
    atoms = random.uniform(0.0, 1.0, (200, 2))
    things = np.stack([atoms[:, 0] + 2 * atoms[:, 1], 3 * atoms[:, 1], atoms.sum(1)], 1)
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(3, use_bias=False)])
    model.compile(ff.optimizers.SGD(0.5), "mean_squared_error")
    model.fit(atoms, things, batch_size=20, epochs=60, verbose=0)
    kernel = model.get_weights()[0]
    for name, (carbon, oxygen) in zip(("CO2", "O3", "CO"), kernel.T, strict=True):
        print(f"  {name:3} = {carbon:7.4f} C + {oxygen:7.4f} O")
    return kernel


def gradients() -> list[Any]:
    """Follow gradients down 15 layers, and two weights behind a sigmoid."""
    found = [
        theory.gradient_norms(activation, initializer, depth=15, width=64, draws=16)
        for activation, initializer in (
            ("sigmoid", "glorot_uniform"),
            ("tanh", "glorot_uniform"),
            ("relu", "glorot_uniform"),
            ("relu", "he_normal"),
            ("relu", ff.initializers.RandomNormal(0.0, 0.3)),
        )
    ]
    for each in found:
        print(
            f"  {each.activation:8} {each.initializer:14}: at the first of 15 layers {each.measured[0]:9.2e} times the "
            f"last, {each.predicted[0]:9.2e} predicted"
        )
    paths = [theory.zigzag(activation) for activation in ("sigmoid", "tanh")]
    for path in paths:
        print(
            f"  behind {path.activation:8}: {path.same_sign:4.0%} of the gradients have one sign, the way is "
            f"{path.detour:.1f} times as long, and ends {path.distance:.0e} from the goal"
        )
    return [*found, *paths]


def main(folder: Path | None = None) -> None:
    """Show all of them."""
    for theme in (approximation, pieces, depth, linear_layers, perceptron, molecules, gradients):
        print(theme.__name__.replace("_", " "))
        found = theme()
        for number, each in enumerate(found if isinstance(found, list) and folder is not None else []):
            each.plot().savefig(folder / f"{theme.__name__}_{number}.png")  # type: ignore[operator]


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
