"""Loops of the user's own: gather a batch, tape, gradient, update, and look at the loss, in every step."""

from __future__ import annotations

import statistics
import sys
from typing import Any

from benchmarks.networks import find_network
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import ratio, ratio_text, rounded, take_turns, training_turn, workers

NETWORKS = ("784-512-10/128", "2-4-2-2/10")

_THEIRS = "torch_loop"
_LOOPS = {
    "feedforward_tape": "feedforward, tape",
    "feedforward_function": "feedforward, the step an ff.function",
    _THEIRS: "PyTorch, fused Adam",
}


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each network, seconds per step of each loop and round, and failures."""
    raw: dict[str, Any] = {}
    for name in NETWORKS:
        print(f"own loops, {name}", file=sys.stderr, flush=True)
        network, failures = find_network(name), dict[str, str]()
        with workers(list(_LOOPS), network, failures) as ready:
            times = take_turns(ready, settings.rounds, training_turn(ready, network))
        raw[name] = {"seconds_per_step": rounded(times), "failures": failures}
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our time over PyTorch's, by ``network:loop``."""
    result: dict[str, float | str] = {}
    for name, measured in raw.items():
        times = measured["seconds_per_step"]
        for loop in times:
            if loop != _THEIRS and _THEIRS in times:
                result[f"{name}:{loop}"] = ratio(times[loop], times[_THEIRS])
        result |= {f"{name}:{loop}": f"failed: {failure}" for loop, failure in measured["failures"].items()}
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    lines = [
        "## Loops of the user's own",
        "",
        "A Python loop that gathers a batch, takes the gradient, applies Adam and looks at the loss, in every step. "
        "The ratio is that loop / PyTorch's, with its quartiles.",
    ]
    for name, measured in raw.items():
        times = measured["seconds_per_step"]
        rows = []
        for loop, seconds in times.items():
            against = ratio_text(seconds, times[_THEIRS]) if loop != _THEIRS and _THEIRS in times else ""
            rows.append([_LOOPS[loop], f"{statistics.median(seconds) * 1e6:.1f}", against])
        rows += [[_LOOPS[loop], f"failed: {failure}", ""] for loop, failure in measured["failures"].items()]
        lines += ["", f"### {name}, own loop", "", table(["loop", "us a step", "loop / PyTorch"], rows)]
    return "\n".join(lines)
