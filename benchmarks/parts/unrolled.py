"""Training a learned optimizer through 20 of its own steps, ours, PyTorch's and JAX's by turns."""

from __future__ import annotations

import math
import statistics
import sys
from contextlib import ExitStack
from typing import Any

from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import TURN_SECONDS, Worker, WorkerError, ratio, ratio_range, rounded, take_turns
from benchmarks.unrolled import PEERS
from benchmarks.unrolled.problems import NAMES, STEPS, WINDOWS

_OURS = "feedforward"

_EQUAL = 1e-3
"""By how much losses after the first run may differ, as a share: 100 steps of float32 arithmetic, in other orders."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each problem, seconds of a window by peer and round, of the first run, and the losses after it."""
    raw: dict[str, Any] = {}
    for name in NAMES:
        print(f"unrolled {name}", file=sys.stderr, flush=True)
        ready: list[Worker] = []
        failures: dict[str, str] = {}
        with ExitStack() as stack:
            for peer in PEERS:
                worker = Worker(peer, "benchmarks.unrolled.worker", name)
                stack.callback(worker.close)
                stack.callback(worker.end)
                try:
                    worker.wait_until_ready()
                    ready.append(worker)
                except WorkerError as error:
                    failures[peer] = str(error)
            times = _turns(ready, settings.rounds)
            raw[name] = {
                "seconds_per_window": rounded(times),
                "first_run": {worker.peer: round(worker.ready["first_run"], 2) for worker in ready},
                "loss": {worker.peer: worker.ready["loss"] for worker in ready},
                "failures": failures,
            }
    return raw


def _turns(ready: list[Worker], rounds: int) -> dict[str, list[float]]:
    """Return seconds of a window, for each peer and round; a turn takes about `TURN_SECONDS`, whole runs of it."""
    tried = take_turns(ready, 1, lambda worker: float(worker.ask(train=1)["seconds"]))
    runs = {peer: max(1, math.ceil(TURN_SECONDS / seconds)) for peer, (seconds,) in tried.items()}

    def turn(worker: Worker) -> float:
        return float(worker.ask(train=runs[worker.peer])["seconds"]) / (runs[worker.peer] * WINDOWS)

    return take_turns(ready, rounds, turn)


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return how many times as fast as each peer ours is, by ``problem:peer``."""
    result: dict[str, float | str] = {}
    for name, measured in raw.items():
        times, losses = measured["seconds_per_window"], measured["loss"]
        failures = measured["failures"]
        for peer in PEERS:
            failed = {one: text for one, text in failures.items() if one in (_OURS, peer)}
            if peer == _OURS:
                continue
            if failed:
                result[f"{name}:{peer}"] = "; ".join(f"failed: {text}" for text in failed.values())
            elif abs(losses[_OURS] - losses[peer]) > _EQUAL * abs(losses[peer]):
                result[f"{name}:{peer}"] = f"does not count: the losses are {losses[_OURS]:.6g} and {losses[peer]:.6g}"
            else:
                result[f"{name}:{peer}"] = ratio(times[peer], times[_OURS])
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    gains, rows = figures(raw), []
    for name, measured in raw.items():
        for peer, seconds in measured["seconds_per_window"].items():
            gain = gains.get(f"{name}:{peer}", "")
            if isinstance(gain, float):
                low, high = ratio_range(seconds, measured["seconds_per_window"][_OURS])
                gain = f"{gain:.2f} ({low:.2f} to {high:.2f})"
            first = f"{measured['first_run'][peer]:.1f}"
            rows.append([name, PEERS[peer], first, f"{statistics.median(seconds) * 1e3:.1f}", gain])
        rows += [[name, PEERS[peer], f"failed: {text}", "", ""] for peer, text in measured["failures"].items()]
    head = ["problem", "peer", "first run, s", "a window, ms", "times as fast"]
    text = (
        f"A window: {STEPS} steps of an LSTM optimizer of two layers of 20 units, the gradient of the sum of their "
        "losses by its weights, and a step of Adam on these; on 128 quadratics of 10 dimensions, and on the network "
        f"784-20-10 with batches of 128. Medians; the first run, of {WINDOWS} windows, compiles. Last, how many times "
        "as fast as the peer ours is, with the quartiles over the rounds."
    )
    return "\n".join(["## A learned optimizer, unrolled", "", text, "", table(head, rows)])
