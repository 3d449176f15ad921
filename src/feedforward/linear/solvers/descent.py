"""Steps along subgradients: of all rows, of batches, of one row after the other, and by several threads at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import sgd_pass
from feedforward.linear.objectives.problem import Problem, scores_of, sum_of_rows
from feedforward.linear.result import Result, Watch
from feedforward.linear.solvers.solver import Certificates, check_steps, check_whole, rates, steepest

__all__ = ["Hogwild", "MiniBatch", "SGD", "SubgradientDescent"]

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class SubgradientDescent:
    """u <- u - r_k (u + sum_i c_i l'(s_i) x_i): one step for each pass over all rows.

    Parameters
    ----------
    steps : str
        "constant", "1/k" or "1/sqrt(k)", see `rates`. Of a loss with kinks, constant steps end at a distance from the
        minimum that is as large as the step.
    learning_rate : float, optional
        The first step; else 1 / L, for the largest curvature L of P, a kink being counted as a
        curvature of 1 in the score.
    use_average : bool
        Whether the weights returned are the average of those seen, the k-th counting as k.
    use_projection : bool
        Whether each step ends in the ball |u|^2 <= 2 P(0), in which the minimum lies.

    Notes
    -----
    The minimum lies in the ball since 1/2 |u|^2 <= P(u) <= P(0). For the hinge, Pegasos's is smaller by sqrt(2).

    References
    ----------
    Shor, "Minimization Methods for Non-differentiable Functions", 1985; Shalev-Shwartz, Singer and Srebro, "Pegasos:
    primal estimated sub-gradient solver for SVM", 2007; Lacoste-Julien, Schmidt and Bach, "A simpler approach to
    obtaining an O(1/t) convergence rate for the projected stochastic subgradient method", 2012 (the average).
    """

    steps: str = "1/k"
    learning_rate: float | None = None
    use_average: bool = True
    use_projection: bool = True

    def __post_init__(self) -> None:
        check_steps("SubgradientDescent", self.steps, self.learning_rate)

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate; nothing is drawn."""
        watch = Watch(tol, max_iter, problem.advice)
        certificates = Certificates(problem, watch)
        first = self.learning_rate or 1.0 / _whole_curvature(problem)
        radius = math.sqrt(2.0 * problem.primal(np.zeros(problem.size)))
        u = problem.start(start)
        average = u.copy()
        step = 0
        while not certificates.see(step, average if self.use_average else u, u):
            rate = float(rates(self.steps, first, step, 1)[0])
            u = (1.0 - rate) * u - rate * problem.weights(problem.slopes(problem.scores(u)))
            if self.use_projection:
                u = _projected(u, radius)
            step += 1
            average += 2.0 / (step + 1.0) * (u - average)
        return watch.result(problem.scale)


@dataclass(frozen=True)
class SGD:
    """Stochastic subgradient descent: a step for each row, in an order that is drawn anew for each pass.

    Parameters
    ----------
    steps : str
        "constant", "1/k" or "1/sqrt(k)", see `rates`.
    learning_rate : float, optional
        The first step; else 1 / (1 + n max(c_i |x_i|^2) k) for the curvature k of the loss.
    use_average : bool
        Whether the weights returned are the average of those after each pass, the k-th counting as k.

    References
    ----------
    Robbins and Monro, "A stochastic approximation method", 1951; Bottou, "Stochastic gradient descent tricks", 2012.
    """

    steps: str = "1/k"
    learning_rate: float | None = None
    use_average: bool = True

    def __post_init__(self) -> None:
        check_steps(type(self).__name__, self.steps, self.learning_rate)

    def solve(self, problem: Problem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None) -> Result:
        """Return weights and their certificate."""
        n = problem.rows.shape[0]
        watch = Watch(tol, max_iter, problem.advice)
        certificates = Certificates(problem, watch)
        random = np.random.default_rng(seed)
        first = self.learning_rate or 1.0 / steepest(problem, n)
        u = problem.start(start)
        average = u.copy()
        passes = 0
        while not certificates.see(passes, average if self.use_average else u, u):
            with np.errstate(over="ignore", invalid="ignore"):  # `watch` says so where a step is too large
                self._run(problem, u, random.permutation(n), first, passes * n)
            passes += 1
            average += 2.0 / (passes + 1.0) * (u - average)
        return watch.result(problem.scale)

    def _run(self, problem: Problem, u: Floats, order: Whole, first: float, begin: int) -> None:
        """Step along all rows once, in place."""
        sizes = rates(self.steps, first, begin, len(order))
        sgd_pass(problem.rows, problem.y, problem.cost, problem.loss, problem.scale, u, order, sizes)


@dataclass(frozen=True)
class Hogwild(SGD):
    """SGD by several threads, each along rows of its own, that change the same weights without a lock.

    Parameters
    ----------
    threads : int
        At least 1. With more than one, results differ from run to run: what one thread adds another may overwrite.

    References
    ----------
    Recht, Ré, Wright and Niu, "Hogwild!: a lock-free approach to parallelizing stochastic gradient descent", 2011.
    """

    threads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("Hogwild", "threads", self.threads)

    def _run(self, problem: Problem, u: Floats, order: Whole, first: float, begin: int) -> None:
        """Step along all rows once, the order dealt out to the threads; a step keeps the size it has in SGD."""
        sizes = rates(self.steps, first, begin, len(order))
        rows, y, cost, loss = problem.rows, problem.y, problem.cost, problem.loss
        sgd_pass(rows, y, cost, loss, problem.scale, u, order, sizes, self.threads)


@dataclass(frozen=True)
class MiniBatch(SGD):
    """A step for each batch of rows, with the mean of their subgradients at the same weights.

    Parameters
    ----------
    batch_size : int
        Rows in a batch, at least 1; the last of a pass may have fewer.
    """

    batch_size: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("MiniBatch", "batch_size", self.batch_size)

    def _run(self, problem: Problem, u: Floats, order: Whole, first: float, begin: int) -> None:
        """Step along all batches once, in place."""
        n = len(order)
        count = -(-n // self.batch_size)
        sizes = rates(self.steps, first, begin // n * count, count)
        for number, rate in enumerate(sizes.tolist()):
            chosen = np.sort(order[number * self.batch_size : (number + 1) * self.batch_size])
            batch = replace(
                problem,
                rows=problem.rows.take(chosen),
                y=problem.y[chosen],
                cost=problem.cost[chosen] * n / len(chosen),
            )
            slopes = batch.slopes(scores_of(batch.rows, u, batch.scale))
            u *= 1.0 - rate
            u -= rate * sum_of_rows(batch.rows, slopes, batch.scale)


def _whole_curvature(problem: Problem) -> float:
    """Return about the largest curvature of P, by power iteration; a kink counts as a curvature of 1 in the score."""
    smoothness = problem.loss.smoothness if math.isfinite(problem.loss.smoothness) else 1.0
    v = np.ones(problem.size)
    largest = 0.0
    for _ in range(20):
        v /= float(np.linalg.norm(v)) or 1.0
        v = problem.weights(problem.cost * problem.scores(v))
        largest = float(np.linalg.norm(v))
    return 1.0 + 1.1 * smoothness * largest  # the iteration ends somewhat below


def _projected(u: Floats, radius: float) -> Floats:
    """Return the nearest point of a ball around 0."""
    norm = float(np.linalg.norm(u))
    return u * (radius / norm) if norm > radius else u
