"""One peer and one table in a process of its own: ``python -m benchmarks.tables.worker peer table``.

It prints a line of JSON when it has the data, then one for each line that it reads:

=========================  ======================================================================================
``{"split": number}``      ``{"seconds": of the fit, "asking": of the predictions, "error": share or relative error}``
=========================  ======================================================================================
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.tables import load_peer
from benchmarks.tables.problems import load_table, split


def error_of(predicted: Any, y: Any, is_classes: bool) -> float:
    """Return the share of wrong classes; of numbers the root of the mean squared error / the deviation of `y`."""
    if is_classes:
        return float(np.mean(np.asarray(predicted) != y))
    return float(np.sqrt(np.mean(np.square(np.asarray(predicted, np.float64) - y))) / np.std(y))


def main(peer: str, name: str) -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    warnings.simplefilter("ignore")  # such as that scikit-learn's MLP has not converged after its 200 epochs
    x, y, is_classes = load_table(name)
    module = load_peer(peer)
    answer(rows=len(y), columns=x.shape[1], is_classes=is_classes, versions=module.versions())
    for line in sys.stdin:
        number = json.loads(line)["split"]
        learnt, asked = split(y, is_classes, number)
        given, rows = x.iloc[learnt], x.iloc[asked]
        started = time.perf_counter()
        predict = module.fit(given, y[learnt], is_classes, number)
        fitted = time.perf_counter()
        predicted = predict(rows)
        asking = time.perf_counter() - fitted
        answer(seconds=fitted - started, asking=asking, error=error_of(predicted, y[asked], is_classes))


if __name__ == "__main__":
    main(*sys.argv[1:])
