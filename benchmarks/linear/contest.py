"""Times to a gap: each solver is tried along a ladder of tolerances, and the least time that reaches the gap counts.

No peer reports a gap. So what counts is the same for all: (P(w) - D) / P(w), for the largest dual value D that we know,
which is no more than 1e-6 of the minimum below it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.linear import CERTIFIED, OURS, PEERS
from benchmarks.linear.problems import LinearProblem, load_data
from benchmarks.side_by_side import Worker, WorkerError, take_turns
from feedforward.linear import DualCoordinateDescent, InteriorPoint, Newton, Result
from feedforward.linear.solvers.solver import Solver

GAPS = (1e-2, 1e-3, 1e-4)

TARGET_GAP = 1e-3

_OPTIMUM_GAP, _MOST_OPTIMUM_GAP = 1e-6, 1e-5
"""How well the minimum is to be known, and how well it must be: a tenth of the least gap."""

_LADDER = tuple(10.0 ** (-step / 2) for step in range(0, 31))
"""What a solver's loosest tolerance is multiplied by, one after the other."""

_LONGEST_FIT = 60.0
"""Seconds; a solver that took as long is not asked for more."""

_TURN_SECONDS = 0.2
"""Short fits are repeated so long, and the shortest counts."""

_FIELD = 3.0
"""A solver takes part in the rounds if its first try was at most so many times as long as the best at some gap."""


@dataclass(frozen=True)
class Method:
    """A solver of a peer; its name is that of both.

    Parameters
    ----------
    worker : Worker
    method : str
    is_certified : bool
        Whether its tolerance is to be the gap itself.
    """

    worker: Worker
    method: str
    is_certified: bool = False

    @property
    def peer(self) -> str:
        """What tables call it."""
        return CERTIFIED if self.is_certified else f"{PEERS[self.worker.peer]}: {self.method}"

    def fit(self, tolerance: float, repeat: float) -> dict[str, float]:
        """Return seconds of a fit and P of its weights."""
        return self.worker.ask(method=self.method, tolerance=tolerance, repeat=repeat)


@contextmanager
def methods(
    peers: Sequence[str], problem: LinearProblem, folder: Path, failures: dict[str, str]
) -> Iterator[list[Method]]:
    """Start a process for each peer, one after another, give all their solvers, and end all; notes why one failed."""
    started: list[Worker] = []
    found: list[Method] = []
    try:
        for peer in peers:
            worker = Worker(peer, "benchmarks.linear.worker", f"{problem.name} {folder}")
            started.append(worker)
            try:
                worker.wait_until_ready()
                found += [Method(worker, method) for method in worker.ready["methods"]]
            except WorkerError as error:
                failures[PEERS[peer]] = str(error)
        yield found
    finally:
        for worker in started:
            worker.end()
        for worker in started:
            worker.close()


def optimum(problem: LinearProblem, folder: Path) -> tuple[float, float]:
    """Return P and D, between which the minimum lies, at most 1e-6 apart if a solver comes so near.

    Raises
    ------
    ValueError
        If none comes as near as a tenth of the least gap.
    """
    rows, y = load_data(folder)
    objective = problem.objective(rows, y)
    primal, dual = math.inf, -math.inf
    for solver in _solvers(problem, objective.size):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result: Result = solver.solve(objective, _OPTIMUM_GAP, 3000)
        primal, dual = min(primal, result.primal), max(dual, result.dual)
        if primal - dual <= _OPTIMUM_GAP * primal:
            break
    if primal - dual > _MOST_OPTIMUM_GAP * primal:
        raise ValueError(
            f"{problem.name}: the minimum lies between {dual:.9g} and {primal:.9g}. Expected it to a relative "
            f"{_MOST_OPTIMUM_GAP:g}. Choose a smaller problem."
        )
    return primal, dual


def _solvers(problem: LinearProblem, columns: int) -> list[Solver]:
    """Return the solvers by which the minimum is found, the next where one is not enough."""
    if problem.loss == "logistic":
        return [Newton()]
    if problem.loss == "squared_hinge":
        return [Newton(), DualCoordinateDescent()]
    return [InteriorPoint(), DualCoordinateDescent()] if columns <= 1000 else [DualCoordinateDescent()]


def gap(primal: float, dual: float) -> float:
    """Return how far P may be from the minimum, as a share of it.

    Raises
    ------
    ValueError
        If P is below the dual value, which is not possible: a fit was of another objective, or the dual is wrong.
    """
    if primal < dual * (1.0 - 1e-9):
        raise ValueError(f"P = {primal!r} is below D = {dual!r}. Expected P >= D. Look at the objective of the peer.")
    return max(0.0, primal - dual) / primal


def climb(fit: Callable[[float], tuple[float, float]], loosest: float) -> dict[float, tuple[float, float]]:
    """Return, for each of `GAPS` that is reached, the least seconds of a fit and its tolerance.

    Parameters
    ----------
    fit : callable
        Seconds and gap of a fit with a tolerance.
    loosest : float
        The first tolerance.
    """
    best: dict[float, tuple[float, float]] = {}
    for tolerance in (loosest * factor for factor in _LADDER):
        seconds, reached = fit(tolerance)
        for wanted in GAPS:
            if reached <= wanted and (wanted not in best or seconds < best[wanted][0]):
                best[wanted] = seconds, tolerance
        if reached <= GAPS[-1] or seconds > _LONGEST_FIT:
            break
    return best


def compete(found: Sequence[Method], rounds: int, dual: float, failures: dict[str, str]) -> dict[str, Any]:
    """Return first tries of all solvers, and times of those that came near the best, round after round.

    Returns
    -------
    dict
        ``first``: seconds and tolerance for each solver and gap; ``seconds``: for each gap and solver, a list with a
        number for each round, None where the gap was missed.
    """
    tried: dict[str, dict[float, tuple[float, float]]] = {}
    for method in found:
        try:
            tried[method.peer] = climb(_fit(method, dual, 0.0), method.worker.ready["loosest"])
        except (WorkerError, ValueError) as error:
            failures[method.peer] = str(error)
    seconds: dict[str, dict[str, list[float | None]]] = {}
    for wanted in GAPS:
        least = min((best[wanted][0] for best in tried.values() if wanted in best), default=math.inf)
        reached = [one for one in found if wanted in tried.get(one.peer, {})]
        near = [one for one in reached if one.peer == OURS or tried[one.peer][wanted][0] <= _FIELD * least]
        near += [replace(one, is_certified=True) for one in near if one.peer == OURS]

        def turn(method: Method, wanted: float = wanted) -> float:
            tolerance = wanted if method.is_certified else tried[method.peer][wanted][1]
            return _time_to(wanted, _fit(method, dual, _TURN_SECONDS), tolerance)

        times = take_turns(near, rounds, turn)
        seconds[f"{wanted:g}"] = {
            peer: [None if math.isinf(one) else float(f"{one:.4g}") for one in row] for peer, row in times.items()
        }
    first = {
        peer: {f"{wanted:g}": [float(f"{best[wanted][0]:.4g}"), float(f"{best[wanted][1]:.4g}")] for wanted in best}
        for peer, best in tried.items()
    }
    return {"first": first, "seconds": seconds}


def _fit(method: Method, dual: float, repeat: float) -> Callable[[float], tuple[float, float]]:
    """Return a function of a tolerance that gives seconds and gap of a fit."""

    def fit(tolerance: float) -> tuple[float, float]:
        answer = method.fit(tolerance, repeat)
        return answer["seconds"], gap(answer["primal"], dual)

    return fit


def _time_to(wanted: float, fit: Callable[[float], tuple[float, float]], tolerance: float) -> float:
    """Return the seconds of a fit that reaches a gap: with a tolerance, or the next on the ladder; inf if neither does.

    A solver that draws another order of the rows each time may miss by a little what it reached before.
    """
    for one in (tolerance, tolerance / math.sqrt(10.0)):
        seconds, reached = fit(one)
        if reached <= wanted:
            return seconds
    return math.inf
