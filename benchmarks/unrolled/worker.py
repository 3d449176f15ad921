"""One peer and one problem in a process of its own: ``python -m benchmarks.unrolled.worker peer problem``.

It prints a line of JSON after its first run, then one for each line that it reads:

====================  ====================================
``{"train": runs}``   ``{"seconds": in all, "loss": last}``
====================  ====================================
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from benchmarks.unrolled import load_peer
from benchmarks.unrolled.problems import find_problem

WARM_RUNS = 2
"""Of which the first is timed, and neither counts: compilers have made their best code by then."""


def main(peer: str, name: str) -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    problem, module = find_problem(name), load_peer(peer)
    started = time.perf_counter()
    trainer = module.prepare(problem)
    loss = trainer.train(1)
    first = time.perf_counter() - started
    trainer.train(WARM_RUNS - 1)
    answer(first_run=first, loss=loss, versions=module.versions())
    for line in sys.stdin:
        started = time.perf_counter()
        loss = trainer.train(json.loads(line)["train"])
        answer(seconds=time.perf_counter() - started, loss=loss)


if __name__ == "__main__":
    main(*sys.argv[1:])
