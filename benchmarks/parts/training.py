"""The time of a training step, all peers side by side: shuffling and the gathering of batches included."""

from __future__ import annotations

import datetime
import statistics
import sys
from typing import Any

from benchmarks.networks import find_network
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.peers import PEERS
from benchmarks.side_by_side import WorkerError, load, ratio, ratio_text, rounded, take_turns, training_turn, workers

_OURS = "feedforward"

SPLIT_BY = "networks"
"""A run for some networks leaves what was measured for others."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each network, seconds per step of each peer and round, losses, versions, failures."""
    raw: dict[str, Any] = {}
    for name in settings.networks:
        print(f"training {name}", file=sys.stderr, flush=True)
        network, failures = find_network(name), dict[str, str]()
        load_before = load()
        with workers(settings.peers, network, failures) as ready:
            try:
                times = take_turns(ready, settings.rounds, training_turn(ready, network))
            except WorkerError as error:
                print(f"training {name}: {error}", file=sys.stderr, flush=True)
                continue
            raw[name] = {
                "date": datetime.date.today().isoformat(),
                "seconds_per_step": rounded(times),
                "loss": {worker.peer: round(worker.ready["loss"], 4) for worker in ready},
                "loss_before": {worker.peer: round(worker.ready["loss_before"], 4) for worker in ready},
                "versions": {package: text for worker in ready for package, text in worker.ready["versions"].items()},
                "failures": failures,
                "load_before": round(load_before, 2),
            }
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our time over each peer's, by ``network:peer``; a reason where our loss is not among the peers'."""
    result: dict[str, float | str] = {}
    for name, measured in raw.items():
        times = measured["seconds_per_step"]
        for peer in times:
            if peer != _OURS and _OURS in times:
                result[f"{name}:{peer}"] = ratio(times[_OURS], times[peer])
                if not has_learnt(measured["loss"], _OURS):
                    result[f"{name}:{peer}"] = f"does not count: loss {measured['loss'][_OURS]}"
        for peer, failure in measured["failures"].items():
            result[f"{name}:{peer}"] = f"failed: {failure}"
    return result


def has_learnt(losses: dict[str, float], peer: str) -> bool:
    """Return whether a peer's loss is at most a tenth, and 0.02, above the median of all."""
    return losses[peer] <= 1.1 * statistics.median(losses.values()) + 0.02


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    lines = [
        "## Time of a training step",
        "",
        "Medians over the rounds. The ratio is ours / the peer's, with its quartiles; below 1 we are faster. The loss "
        "is that of the whole training set after the same number of epochs, from the same formula for all.",
    ]
    for name, measured in raw.items():
        times = measured["seconds_per_step"]
        rows = []
        for peer in sorted(times, key=lambda peer: list(PEERS).index(peer)):
            against = ratio_text(times[_OURS], times[peer]) if peer != _OURS and _OURS in times else ""
            learnt = "" if has_learnt(measured["loss"], peer) else " (too high: has not learnt)"
            median = statistics.median(times[peer]) * 1e6
            rows.append([PEERS[peer], f"{median:.1f}", against, f"{measured['loss'][peer]:.3f}{learnt}"])
        rows += [[PEERS[peer], f"failed: {failure}", "", ""] for peer, failure in measured["failures"].items()]
        rounds = len(next(iter(times.values()), []))
        lines += [
            "",
            f"### {name}",
            "",
            f"{measured['date']}; {rounds} rounds; load before: {measured['load_before']}.",
            "",
        ]
        lines += [table(["peer", "us a step", "ours / peer", "loss"], rows)]
    return "\n".join(lines)
