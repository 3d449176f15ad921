"""One peer and one network in a process of its own: ``python -m benchmarks.worker peer network``.

It prints a line of JSON when it has learnt for `LEARNING_EPOCHS` epochs, then one for each line that it reads:

====================================  ==================================================================
``{"train": epochs}``                 ``{"seconds": in all}``
``{"predict": rows, "times": n}``     ``{"seconds": of each call, the median}``
====================================  ==================================================================
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from typing import Any

from benchmarks.networks import Array, cross_entropy, find_network
from benchmarks.peers import Trainer, load_peer

LEARNING_EPOCHS = 5
"""How long every peer learns before its loss is taken and its time is measured."""


_WARM_SECONDS = 0.1
"""How long predictions are made before they are measured."""


def main(peer: str, network_name: str) -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    network = find_network(network_name)
    x, y = network.data()
    started = time.perf_counter()
    module = load_peer(peer)
    trainer = module.prepare(network, x, y)
    before = cross_entropy(trainer.predict(x), y)
    trainer.train(1)
    first = time.perf_counter() - started
    trainer.train(LEARNING_EPOCHS - 1)
    after = cross_entropy(trainer.predict(x), y)
    answer(first_epoch=first, loss_before=before, loss=after, versions=module.versions())
    for line in sys.stdin:
        command = json.loads(line)
        if "train" in command:
            started = time.perf_counter()
            trainer.train(command["train"])
            answer(seconds=time.perf_counter() - started)
        else:
            answer(seconds=_predict(trainer, x[: command["predict"]].copy(), command["times"]))


def _predict(trainer: Trainer, x: Array, times: int) -> float:
    """Return the median time of predictions for rows, after some that are not counted."""
    started = time.perf_counter()
    while time.perf_counter() - started < _WARM_SECONDS:  # until compilers have made their best code
        trainer.predict(x)
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        trainer.predict(x)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
