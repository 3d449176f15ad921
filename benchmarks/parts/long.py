"""The time of a step epoch by epoch, in a network trained for so long that units are dead and moments decay to nothing.

A moment that no gradient reaches any more is a tenth less after each step: after a few epochs it is subnormal, which
some processors take a hundred times as long for.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.networks import find_network
from benchmarks.page import table
from benchmarks.parts import Settings

NETWORK = "784-512-512-10/128"

_EPOCHS = 16
_WARM = 1
"""Epochs at the start that compile, which do not count."""
_COUNTED = 4
"""Epochs that count as the first, after those, and as the last."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return our seconds per step of each epoch."""
    from benchmarks.peers import feedforward

    network = find_network(NETWORK)
    trainer = feedforward.prepare(network, *network.data())
    seconds = []
    for _ in range(_EPOCHS):
        started = time.perf_counter()
        trainer.train(1)
        seconds.append(float(f"{(time.perf_counter() - started) / network.steps:.4g}"))
    return {"seconds_per_step": seconds}


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return the time of a step in the last epochs over that in the first; the least of each, as in ``curve.py``."""
    counted = raw["seconds_per_step"][_WARM:]
    return {"slowdown": round(min(counted[-_COUNTED:]) / min(counted[:_COUNTED]), 3)}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    seconds = raw["seconds_per_step"]
    text = (
        f"Our step of {NETWORK}, Adam, in one long training; the first epoch compiles. Nothing that decays may make a "
        f"later step slower."
    )
    rows = [["us a step", *(f"{value * 1e6:.0f}" for value in seconds)]]
    head = ["epoch", *(str(epoch) for epoch in range(1, len(seconds) + 1))]
    return "\n".join(["## A long training", "", text, "", table(head, rows)])
