"""What a pass of stochastic steps costs, by one thread and by two without a lock, and how good their weights are."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.side_by_side import rounded, take_turns
from feedforward.linear import SGD, Hogwild
from feedforward.linear.loops.kernels import sgd_pass
from feedforward.linear.objectives.problem import Problem
from feedforward.linear.solvers.solver import rates, steepest

_PASSES = 10
"""After which objectives are compared."""

_THREADS = {"one": 1, "two": 2}


class _Stepper:
    def __init__(self, peer: str) -> None:
        self.peer = peer


def measure_steps(objective: Problem, rounds: int) -> dict[str, Any]:
    """Return seconds of a pass over all rows in an order that is drawn, and P after 10 passes."""
    n = len(objective.y)
    order = np.random.default_rng(0).permutation(n)
    sizes = rates("1/k", 1.0 / steepest(objective, n), n, n)  # those of the second pass
    weights = np.zeros(objective.size)

    def turn(stepper: _Stepper) -> float:
        started = time.perf_counter()
        sgd_pass(
            objective.rows,
            objective.y,
            objective.cost,
            objective.loss,
            objective.scale,
            weights,
            order,
            sizes,
            _THREADS[stepper.peer],
        )
        return time.perf_counter() - started

    steppers = [_Stepper(name) for name in _THREADS]
    take_turns(steppers, 1, turn)  # compiles
    seconds = take_turns(steppers, rounds, turn)
    solvers = {"one": SGD(), "two": Hogwild(threads=2)}
    primal = {name: solver.solve(objective, 0.0, _PASSES).primal for name, solver in solvers.items()}
    return {"seconds_per_pass": rounded(seconds), "primal": primal}
