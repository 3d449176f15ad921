"""Dual coordinate descent for the logistic loss, whose dual is an entropy: no variable ever comes to an end of its box.

Here: how often, and which variables. One step is in ``loops/``; `DualCoordinateDescent` is what users see.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from feedforward.linear.loops.kernels import logistic_dual_pass, squared_norms
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.result import Result, Watch

__all__ = ["solve_logistic"]

Floats = NDArray[np.float64]

_FARTHEST = 18.0
"""The largest margin at which a variable begins: it is c / (1 + exp(18)), 1.5e-8 of its largest."""


def solve_logistic(problem: Problem, tol: float, max_iter: int, seed: int, start: Result | None) -> Result:
    """Return weights and their certificate.

    The gap is a sum over rows, of at most c_i v_i^2 / 8 for the slope v_i along a row's variable. So variables with a
    slope below sqrt(tol P / sum_i c_i) may stay: together they are an eighth of the gap asked for.
    """
    watch = Watch(tol, max_iter, problem.advice)
    random = np.random.default_rng(seed)
    norms = squared_norms(problem.rows) + problem.scale**2
    counting = np.flatnonzero(problem.cost > 0)
    held = _held(problem, problem.start_beta(start))
    total = float(problem.cost.sum())
    passes = 0
    while True:
        beta = problem.beta_of(problem.y * held)
        if passes % 20 == 0:
            u = problem.weights(beta)  # so that the roundings of all steps do not add up
        if watch.see(passes, u, problem.primal(u), problem.dual(beta, u), beta):
            return watch.result(problem.scale)
        least = math.sqrt(tol * watch.primal / total)
        logistic_dual_pass(
            problem.rows,
            problem.y,
            problem.cost,
            problem.scale,
            norms,
            held,
            u,
            random.permutation(counting),
            least,
        )
        passes += 1


def _held(problem: Problem, beta: Floats) -> Floats:
    """Return the margins t at which c / (1 + exp(t)) is y beta, from -18 to 18; 0 where rows count nothing."""
    share = np.divide(problem.y * beta, problem.cost, out=np.full_like(beta, 0.5), where=problem.cost > 0)
    with np.errstate(divide="ignore"):
        held: Floats = np.clip(np.log1p(-share) - np.log(share), -_FARTHEST, _FARTHEST)
    return held
