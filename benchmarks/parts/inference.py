"""Predictions, for one row and for ten thousand: NumPy arrays in, NumPy arrays out."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import numpy as np

from benchmarks.networks import Array, find_network
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.peers import PEERS
from benchmarks.side_by_side import ratio, rounded, take_turns, workers

_NETWORK = "784-512-10/128"
_ROWS = {1: 300, 10_000: 3}
"""Rows, and how many predictions of them are a turn, whose median counts."""

_KERNEL_CALLS = 2000


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds a prediction of each peer and round, by rows; and of our kernel alone, for one row."""
    network, failures = find_network(_NETWORK), dict[str, str]()
    raw: dict[str, Any] = {"network": _NETWORK, "rows": {}, "failures": failures}
    with workers(settings.peers, network, failures) as ready:
        for rows, times in _ROWS.items():
            print(f"inference, rows: {rows}", file=sys.stderr, flush=True)

            def turn(worker: Any, rows: int = rows, times: int = times) -> float:
                return float(worker.ask(predict=rows, times=times)["seconds"])

            raw["rows"][str(rows)] = rounded(take_turns(ready, settings.rounds, turn))
    try:
        raw["kernel"] = [float(f"{_kernel_seconds(network.data(1)[0]):.4g}") for _ in range(settings.rounds)]
    except (AttributeError, TypeError) as error:  # it goes below the public interface
        failures["kernel"] = str(error)
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return microseconds of one row's prediction above the kernel's time."""
    if "kernel" not in raw:
        return {"above_kernel": f"kernel not measured: {raw['failures']['kernel']}"}
    ours = raw["rows"]["1"].get("feedforward")
    if ours is None:
        return {}
    return {"above_kernel": (statistics.median(ours) - statistics.median(raw["kernel"])) * 1e6}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = []
    one, many = raw["rows"]["1"], raw["rows"]["10000"]
    for peer in one:
        ratios = ["", ""]
        if peer != "feedforward" and "feedforward" in one:
            ratios = [f"{ratio(times['feedforward'], times[peer]):.3f}" for times in (one, many)]
        medians = [f"{statistics.median(times[peer]) * 1e6:.1f}" for times in (one, many)]
        rows.append([PEERS[peer], medians[0], ratios[0], medians[1], ratios[1]])
    rows += [[PEERS.get(peer, peer), f"failed: {text}", "", "", ""] for peer, text in raw["failures"].items()]
    head = ["peer", "us for 1 row", "ours / peer", "us for 10,000 rows", "ours / peer"]
    kernel = (
        f" Our kernel alone takes {statistics.median(raw['kernel']) * 1e6:.1f} us for one row."
        if "kernel" in raw
        else ""
    )
    text = f"{raw['network']}, NumPy in and NumPy out, medians.{kernel}"
    return "\n".join(["## Predictions", "", text, "", table(head, rows)])


def _kernel_seconds(x: Array) -> float:
    """Return the time of the machine code for one row: that of a row more in a loop without Python."""
    from benchmarks.peers import feedforward

    trainer = feedforward.prepare(find_network(_NETWORK), x, np.zeros(1, np.int32))
    step = trainer.model._step("predict", [x], False)
    values = step.values()

    def seconds(calls: int) -> float:
        started = time.perf_counter()
        step.executable.loop(values).run([x], np.zeros(calls, np.int64), 1)
        return time.perf_counter() - started

    seconds(1)
    few, many = (min(seconds(calls) for _ in range(3)) for calls in (_KERNEL_CALLS // 10, _KERNEL_CALLS))
    return (many - few) / (_KERNEL_CALLS - _KERNEL_CALLS // 10)
