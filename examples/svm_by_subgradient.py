"""A support vector machine by subgradients, in the plane: ``python examples/svm_by_subgradient.py [folder]``.

It takes seconds. The machine is written out first, in some lines of NumPy, then found by the package, which says how
far each is from the best. With a folder, pictures of the decision and of the gaps are written there.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from feedforward.linear import InteriorPoint, LinearSVC, SubgradientDescent, plot_decision

Floats = NDArray[np.float64]
C = 1.0


def points() -> tuple[Floats, Floats]:
    """Return 100 points of two classes, -1 and 1, that overlap somewhat, each with a last column of 1."""
    random = np.random.default_rng(0)
    y = np.where(np.arange(100) % 2 == 0, -1.0, 1.0)
    plane = 1.2 * y[:, None] * [1.0, 0.6] + random.normal(size=(100, 2))
    return np.concatenate([plane, np.ones((100, 1))], axis=1), y


def objective(u: Floats, x: Floats, y: Floats) -> float:
    """Return 1/2 |u|^2 + C sum_i max(0, 1 - y_i u x_i)."""
    return float(0.5 * u @ u + C * np.maximum(0.0, 1.0 - y * (x @ u)).sum())


def subgradient(u: Floats, x: Floats, y: Floats) -> Floats:
    """Return a subgradient: where a hinge is at its kink, of all slopes between -y x and 0 we take 0."""
    inside = y * (x @ u) < 1.0
    step: Floats = u - C * (y * inside) @ x
    return step


def by_hand(x: Floats, y: Floats, steps: int) -> Floats:
    """Step along subgradients by 1/k, and return the average of the weights, the k-th counting as k."""
    u, average = np.zeros(3), np.zeros(3)
    for k in range(1, steps + 1):
        u = u - subgradient(u, x, y) / k
        average += 2.0 / (k + 1.0) * (u - average)
    return average


def main(folder: Path | None = None) -> dict[str, float]:
    """Print the objective of each way, and return how many times the best one it is."""
    x, y = points()
    plane = x[:, :2]
    best = LinearSVC(loss="hinge", C=C, solver=InteriorPoint(), tol=1e-9).fit(plane, y)
    found = {"by hand": objective(by_hand(x, y, 1000), x, y)}
    steps = {
        "constant": SubgradientDescent("constant", use_average=False),
        "1/sqrt(k)": SubgradientDescent("1/sqrt(k)", use_average=False),
        "1/k": SubgradientDescent("1/k", learning_rate=1.0, use_average=False),
        "1/k, average": SubgradientDescent("1/k", learning_rate=1.0),
    }
    gaps = {}
    for name, solver in steps.items():
        # A gap of 2 in 100 is there within some hundred steps; one of 2 in 10,000 takes them very many.
        model = LinearSVC(loss="hinge", C=C, solver=solver, tol=0.02, max_iter=20_000).fit(plane, y)
        found[name], gaps[name] = model.result_.primal, model.result_
        print(f"{name:14} P = {model.result_.primal:.4f}: {model.result_.reason}")
    print(f"by hand        P = {found['by hand']:.4f}")
    print(f"the best       P = {best.result_.primal:.4f}: {best.result_.reason}")
    print(f"{len(best.support_)} of 100 points are support vectors; {best.score(plane, y):.0%} are on their side")
    if folder is not None:
        plot_decision(best, plane, y).savefig(folder / "decision.png")
        gaps["1/k, average"].plot().savefig(folder / "gap.png")
    return {name: value / best.result_.primal for name, value in found.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
