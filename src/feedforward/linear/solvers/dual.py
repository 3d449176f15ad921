"""Dual coordinate descent: the dual is maximised along one variable after the other, and shows how far it is to go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import class_pass, dual_pass, squared_norms
from feedforward.linear.losses import Logistic
from feedforward.linear.objectives.multiclass import MarginProblem
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch
from feedforward.linear.solvers.logistic import solve_logistic

__all__ = ["DualCoordinateDescent"]

Floats = NDArray[np.float64]

_LONGEST = 10
"""The most passes between two looks at the gap."""

_REFRESHED = 20
"""After so many passes the weights are added up anew."""

_PASSES, _STILL = 5, 0.3
"""Of several classes: how many times as many steps as rows are made before a look at the gap, which costs a pass or so;
and rows that move less than this share of the mean wait for it. Most do, once the few that decide are known."""


@dataclass(frozen=True)
class DualCoordinateDescent:
    """Dual coordinate descent: for duals that are quadratic in each variable, the logistic loss, and several classes.

    Parameters
    ----------
    use_shrinking : bool
        Whether variables at an end of their box, that would leave it if they could, are left out of further passes; all
        come back before the solver stops.

    References
    ----------
    Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale linear SVM", 2008;
    Ho and Lin, "Large-scale linear support vector regression", 2012; Yu, Huang and Lin, "Dual coordinate descent
    methods for logistic regression and maximum entropy models", 2011; Keerthi et al., "A sequential dual method for
    large scale multi-class linear SVMs", 2008.
    """

    use_shrinking: bool = True

    def solve(
        self, problem: Problem | MarginProblem, tol: float, max_iter: int, seed: int = 0, start: Result | None = None
    ) -> Result:
        """Return weights and their certificate."""
        if isinstance(problem, MarginProblem):
            return _solve_classes(problem, tol, max_iter, seed, start)
        if isinstance(problem.loss, Logistic):
            return solve_logistic(problem, tol, max_iter, seed, start)
        box = problem.box
        if box is None:
            raise ValueError(
                f"DualCoordinateDescent: the dual of {type(problem.loss).__name__} is not quadratic in each variable. "
                "Expected hinge, squared_hinge, logistic, epsilon_insensitive or their like. Use Newton for this one."
            )
        watch = Watch(tol, max_iter, problem.advice)
        random = np.random.default_rng(seed)
        norms = squared_norms(problem.rows) + problem.scale**2
        everything = np.flatnonzero(problem.cost > 0)  # the variable of a row that counts nothing stays 0
        beta = problem.start_beta(start)
        u = problem.weights(beta)
        active: NDArray[np.integer[Any]] = everything
        worst, passes, wait, before = math.inf, 0, 1, math.inf
        total = float(problem.cost.sum())
        mean = u.copy()
        while not _see(watch, passes, problem, beta, u, mean):
            wait = _passes_until(tol, before, watch.gap, wait, max_iter - passes)
            before, steps, enough = watch.gap, 0, tol * watch.primal / total
            while steps < wait * len(everything):
                kept, violation = dual_pass(
                    problem.rows, box, problem.scale, norms, beta, u, random.permutation(active), worst
                )
                steps += max(1, len(active))
                mean += 0.5 * (u - mean)
                if violation <= enough:  # what is left is solved: look at all again
                    is_all = len(active) == len(everything)
                    active, worst = everything, math.inf
                    if is_all:
                        break
                elif self.use_shrinking:
                    active, worst = kept, violation
            made = min(wait, -(-steps // len(everything)))  # less than `wait` where all is solved before
            passes += made
            if passes // _REFRESHED > (passes - made) // _REFRESHED:
                u = problem.weights(beta)  # so that the roundings of all steps do not add up
        return watch.result(problem.scale)


def _see(watch: Watch, passes: int, problem: Problem, beta: Floats, u: Floats, mean: Floats) -> bool:
    """Note the better of u(beta) and the mean of the last ones, in which single steps matter less; whether to stop."""
    primal, of_mean = problem.primal(u), problem.primal(mean)
    best = u if primal <= of_mean else mean
    return watch.see(passes, best, min(primal, of_mean), problem.dual(beta, u), beta)


def _passes_until(tol: float, before: float, gap: float, passes: int, most: int) -> int:
    """Return after how many passes to look again: half of those until `tol` if the gap falls as in the last ones.

    A look costs about half as much as a pass, and a gap that falls by fits and starts is found as soon as half way.

    Examples
    --------
    After 2 passes from 0.1 to 0.01, another 4 lead to 1e-4.

    >>> _passes_until(1e-4, 0.1, 0.01, 2, 100)
    2
    """
    if not 0 < gap < before < math.inf:
        return 1
    ahead = _LONGEST if tol <= 0 else math.log(gap / tol) * passes / math.log(before / gap) / 2
    return max(1, min(int(ahead), _LONGEST, most))


def _solve_classes(problem: MarginProblem, tol: float, max_iter: int, seed: int, start: Result | None) -> Result:
    """Return the weights of all classes, by exact steps in the variables of one row after the other."""
    watch = Watch(tol, max_iter, problem.advice)
    random = np.random.default_rng(seed)
    norms = squared_norms(problem.rows) + problem.scale**2
    counting = np.flatnonzero(problem.cost > 0)
    alpha = problem.start_alpha(start)
    u = problem.weights(alpha)
    passes = 0
    while not watch.see(passes, u, problem.primal(u), problem.dual(alpha, u), alpha):
        active: NDArray[np.integer[Any]] = counting
        steps, least = 0, 0.0
        while steps < _PASSES * len(counting) and len(active):
            active, moves = class_pass(
                problem.rows,
                problem.kind,
                problem.labels,
                problem.cost,
                problem.scale,
                norms,
                alpha,
                u,
                random.permutation(active),
                least,
            )
            least = least or _STILL * moves / len(counting)
            steps += max(len(active), len(counting) // 10)
        passes += 1
        if passes % 4 == 0:
            u = problem.weights(alpha)  # so that the roundings of all steps do not add up
    return watch.result(problem.scale)
