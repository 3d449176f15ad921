"""One peer and one problem in a process of its own: ``python -m benchmarks.linear.worker peer "problem folder"``.

It prints a line of JSON with its methods and their loosest tolerance when it has the data in its own form, then one for
each line that it reads:

==============================================================  ======================================================
``{"method": name, "tolerance": number, "repeat": seconds}``    ``{"seconds": of a fit, "primal": P of its weights}``
==============================================================  ======================================================

Fits are repeated until so many seconds have gone, at least once; the answer is that of the shortest.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.linear import load_peer
from benchmarks.linear.problems import find_problem, load_data

WARM_TOLERANCE = 0.5
"""Of the first fit of each method, which is not counted."""


def main(peer: str, task: str) -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    warnings.simplefilter("ignore")  # that a loose tolerance was not reached in the passes allowed shows in the gap
    name, _, folder = task.partition(" ")
    problem = find_problem(name)
    rows, y = load_data(Path(folder))
    objective = problem.objective(rows, y)
    module = load_peer(peer)
    fitter = module.prepare(problem, rows, y)
    for method in fitter.methods:
        fitter.fit(method, WARM_TOLERANCE)
    answer(methods=list(fitter.methods), loosest=fitter.loosest, versions=module.versions())
    for line in sys.stdin:
        command = json.loads(line)
        best, found, began = float("inf"), None, time.perf_counter()
        while found is None or time.perf_counter() - began < command["repeat"]:
            started = time.perf_counter()
            last = fitter.fit(command["method"], command["tolerance"])
            seconds = time.perf_counter() - started
            if seconds < best:
                best, found = seconds, last
        weights = fitter.weights(found)
        answer(seconds=best, primal=objective.primal(_with_intercept(weights, rows.shape[1])))


def _with_intercept(weights: Any, columns: int) -> Any:
    """Return weights for all columns, and 0 for the intercept; a peer may leave out last columns that no row has."""
    return np.pad(np.asarray(weights, np.float64), (0, columns + 1 - len(weights)))


if __name__ == "__main__":
    main(*sys.argv[1:])
