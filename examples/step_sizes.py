"""Step sizes, and what is proven of them: ``python examples/step_sizes.py [--plot FILE]``.

It takes some ten seconds. The functions' minima are known, and so are the constants of the theorems. A line of a
table is a rule: the gap to the minimum that was measured after k steps <= the one that a theorem promises, and the
largest share of its bound that a gap ever had. With --plot, FILE has the same as a picture: gaps as lines, bounds
dashed. The theorems are in the docstrings of `ff.convex`, with their proofs.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from feedforward import convex

Floats = NDArray[np.float64]


def kinks(steps: int) -> list[convex.RateCheck]:
    """Fit sum |A x - b|, b = A x*: smallest, 0, at x*; a subgradient A' sign(A x - b) is at most |A| sqrt(n) long."""
    random = np.random.default_rng(0)
    a, best = random.standard_normal((50, 10)), random.standard_normal(10)
    b = a @ best
    steepest, far = float(np.linalg.norm(a, 2) * np.sqrt(50)), float(np.linalg.norm(best))
    rates = {
        "constant": convex.SubgradientRate(convex.Constant(far / steepest / np.sqrt(steps + 1)), steepest, far),
        "a / sqrt(k)": convex.SubgradientRate(convex.InverseRoot(far / steepest), steepest, far),
        "a / k": convex.SubgradientRate(convex.InverseTime(far / steepest), steepest, far),
        "Polyak": convex.PolyakRate(steepest, far),
    }
    checks = []
    for name, rate in rates.items():
        step = rate.step if isinstance(rate, convex.SubgradientRate) else convex.Polyak()
        found = convex.subgradient_method(
            lambda x: convex.norm(_product(a, x) - b, 1),
            np.zeros(10),
            step=step,
            lower_bound=0.0,
            tolerance=0.0,
            max_iterations=steps,
        )
        checks.append(convex.check_rate(rate, found, 0.0, name=name))
    return checks


def kinks_and_curvature(steps: int) -> list[convex.RateCheck]:
    """Minimise |x - c|_1 + |x|^2 / 2: m = 1, smallest where x is c cut to [-1, 1].

    All is done in the ball that these x are in, of radius sqrt(n); a subgradient there is at most 2 sqrt(n) long.
    """
    n = 20
    goal = 2.0 * np.random.default_rng(0).standard_normal(n)
    best = np.clip(goal, -1.0, 1.0)
    smallest = float(np.abs(best - goal).sum() + best @ best / 2)
    checks = []
    for rate, name in (
        (convex.CurvedSubgradientRate("uniform", 2 * np.sqrt(n), 1.0), "1 / (m k)"),
        (convex.CurvedSubgradientRate("linear", 2 * np.sqrt(n), 1.0), "2 / (m (k + 1))"),
    ):
        found = convex.subgradient_method(
            lambda x: convex.norm(x - goal, 1) + ff.sum(ff.square(x)) / 2.0,
            np.zeros(n),
            lambda x: convex.project_ball(x, np.sqrt(n)),
            step=rate.step,
            max_iterations=steps,
            average=rate.average,
        )
        checks += [convex.check_rate(rate, found, smallest, name=name, use_average=each) for each in (False, True)]
    return checks


def smooth(steps: int) -> list[convex.RateCheck]:
    """Minimise two functions with L = 1 on which no such method can do much better, after just so many steps.

    Huber's: x^2 / 2 near 0, and lines from 1 / (2 steps + 1) on. Nesterov's: x' T x / 8 - x_1 / 4, T = 2 on the
    diagonal and -1 beside it.
    """
    knee, n = 1 / (2 * steps + 1), 2 * steps + 1
    best = 1 - np.arange(1, n + 1) / (n + 1)
    far = float(np.linalg.norm(best))

    def huber(x: Any) -> Any:
        return ff.sum(ff.where(ff.abs(x) < knee, ff.square(x) / 2.0, knee * (ff.abs(x) - knee / 2.0)))

    def nesterov(x: Any) -> Any:
        return (ff.sum(ff.square(x[1:] - x[:-1])) + ff.square(x[0]) + ff.square(x[-1])) / 8.0 - x[0] / 4.0

    checks = []
    for name, function, begin, smallest, rate in (
        ("gradient, Huber", huber, np.ones(1), 0.0, convex.SmoothGradientRate(1.0, 1.0)),
        ("gradient, Huber, with h", huber, np.ones(1), 0.0, convex.GradientRate(1.0, 1.0)),
        ("gradient, Nesterov", nesterov, np.zeros(n), -n / (n + 1) / 8, convex.SmoothGradientRate(1.0, far)),
        ("accelerated, Nesterov", nesterov, np.zeros(n), -n / (n + 1) / 8, convex.AcceleratedRate(1.0, far)),
    ):
        found = convex.proximal_gradient(
            function,
            begin,
            step=convex.Constant(1.0),
            is_accelerated=isinstance(rate, convex.AcceleratedRate),
            use_restart=False if isinstance(rate, convex.AcceleratedRate) else None,
            tolerance=0.0,
            max_iterations=steps,
        )
        checks.append(convex.check_rate(rate, found, smallest, name=name))
    return checks


def lasso(steps: int) -> list[convex.RateCheck]:
    """Fit |A x - b|^2 / 2 + 5 |x|_1: the smallest value is known up to a duality gap of 1e-12."""
    random = np.random.default_rng(1)
    a, b = random.standard_normal((60, 20)), random.standard_normal(60)
    eigenvalues = np.linalg.eigvalsh(a.T @ a)
    curvature, smoothness = float(eigenvalues[0]), float(eigenvalues[-1])

    def squares(x: Any) -> Any:
        return ff.sum(ff.square(_product(a, x) - b)) / 2.0

    begin, term = np.full(20, 3.0), convex.L1(5.0)
    exact = convex.proximal_gradient(squares, begin, term, tolerance=1e-12, gap=convex.lasso_gap(a, b, 5.0))
    far = float(np.linalg.norm(exact.x - begin))
    step = convex.Constant(1 / smoothness)
    checks = []
    for is_accelerated, rates in (
        (
            False,
            {
                "L / (2 k)": convex.GradientRate(smoothness, far),
                "(1 - m/L)^k": convex.LinearRate(smoothness, far, curvature),
                "(1 - m/L)^(2k - 1)": convex.ContractionRate(smoothness, far, curvature),
            },
        ),
        (True, {"accelerated": convex.AcceleratedRate(smoothness, far)}),
    ):
        found = convex.proximal_gradient(
            squares,
            begin,
            term,
            step=step,
            is_accelerated=is_accelerated,
            use_restart=False if is_accelerated else None,
            tolerance=0.0,
            max_iterations=steps,
        )
        checks += [
            convex.check_rate(rate, found, exact.value - exact.measure, name=name) for name, rate in rates.items()
        ]
    return checks


def _product(matrix: Floats, x: Any) -> Any:
    return ff.reshape(ff.Tensor(matrix) @ ff.reshape(x, (-1, 1)), (-1,))


def main(arguments: list[str] | None = None) -> dict[str, list[convex.RateCheck]]:
    """Print the tables, draw them where asked to, and return the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", metavar="FILE", type=Path, help="where to write the picture")
    parser.add_argument("--steps", type=int, default=1000, help="of each method, at least 10 (default 1000)")
    options = parser.parse_args(arguments)
    checks = {
        "Kinks": kinks(options.steps),
        "Kinks and curvature": kinks_and_curvature(options.steps),
        "Smooth": smooth(options.steps),
        "Smooth, curved, with |x|_1": lasso(options.steps),
    }
    for title, panel in checks.items():
        shown = [k for k in (1, 10, 100, 1000, 10000) if k <= options.steps]
        print(f"{title}: measured gap <= proven\n{convex.rates_table(panel, shown)}\n")
    if options.plot is not None:
        convex.plot_rates(checks).savefig(options.plot)
    return checks


if __name__ == "__main__":
    main()
