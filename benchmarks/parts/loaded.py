"""The time of a training step while another process keeps one of the processors busy, ours and JAX's."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.machine import processors
from benchmarks.networks import find_network
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.peers import PEERS
from benchmarks.side_by_side import ratio, rounded, take_turns, training_turn, workers

SPLIT_BY = "networks"
"""A run for some networks leaves what was measured for others."""

_PEERS = ("feedforward", "jax_scan")
_BUSY = (
    "import os, sys\nhasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
)


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds per step, idle and loaded by turns, for each network and peer."""
    raw: dict[str, Any] = {}
    for name in settings.networks:
        print(f"loaded {name}", file=sys.stderr, flush=True)
        network, failures = find_network(name), dict[str, str]()
        with workers(_PEERS, network, failures) as ready, _busy_process() as busy:
            turn = training_turn(ready, network)
            times: dict[str, dict[str, list[float]]] = {"idle": {}, "loaded": {}}
            for _ in range(settings.rounds):
                for state, message in (("idle", signal.SIGSTOP), ("loaded", signal.SIGCONT)):
                    os.kill(busy, message)
                    time.sleep(0.05)
                    for peer, seconds in take_turns(ready, 1, turn).items():
                        times[state].setdefault(peer, []).extend(seconds)
            raw[name] = {state: rounded(measured) for state, measured in times.items()}
            raw[name]["failures"] = failures
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our slowdown over JAX's, by network."""
    result: dict[str, float | str] = {}
    for name, measured in raw.items():
        slowdowns = [_slowdown(measured, peer) for peer in _PEERS if peer in measured["idle"]]
        failed = "; ".join(f"{PEERS[peer]} failed: {text}" for peer, text in measured["failures"].items())
        result[name] = failed or slowdowns[0] / slowdowns[1]
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = []
    for name, measured in raw.items():
        for peer in measured["idle"]:
            idle, loaded = (statistics.median(measured[state][peer]) * 1e6 for state in ("idle", "loaded"))
            slowdown = f"{_slowdown(measured, peer):.2f}"
            rows.append([name, PEERS[peer], f"{idle:.1f}", f"{loaded:.1f}", slowdown])
    head = ["network", "peer", "us a step, idle", "us a step, loaded", "slowdown"]
    text = "A process that never sleeps runs on one of the processors, and is stopped for every other turn."
    return "\n".join(["## With one processor busy", "", text, "", table(head, rows)])


def _slowdown(measured: dict[str, Any], peer: str) -> float:
    """Return the median over the rounds of loaded / idle."""
    return ratio(measured["loaded"][peer], measured["idle"][peer])


@contextmanager
def _busy_process() -> Iterator[int]:
    """Run a process that keeps the last of the processors busy; gives its number."""
    process = subprocess.Popen([sys.executable, "-c", _BUSY, str(processors()[-1])])
    try:
        os.kill(process.pid, signal.SIGSTOP)
        yield process.pid
    finally:
        process.kill()
        process.wait()
