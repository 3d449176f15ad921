"""Models of tables as they come: the error on rows not seen before, and seconds to learn, beside four others."""

from __future__ import annotations

import datetime
import statistics
import sys
from typing import Any

import numpy as np

from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import Worker, WorkerError, load, take_turns
from benchmarks.tables import PEERS
from benchmarks.tables.problems import SPLITS

SPLIT_BY = "tables"
"""A run for some tables leaves what was measured for others."""

_SHIFT = 0.01
"""What is added to errors before their geometric mean is taken: else a table without errors would decide alone."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each table, its size, and errors and seconds of each peer, a number for each split."""
    return {name: _measured(name, min(settings.rounds, SPLITS)) for name in settings.tables}


def _measured(name: str, splits: int) -> dict[str, Any]:
    print(f"tables {name}", file=sys.stderr, flush=True)
    workers = [Worker(peer, "benchmarks.tables.worker", name) for peer in PEERS]
    failures: dict[str, str] = {}
    answers: dict[str, list[dict[str, Any]]] = {peer: [] for peer in PEERS}
    try:
        ready = []
        for worker in workers:
            try:
                worker.wait_until_ready()
                ready.append(worker)
            except WorkerError as error:
                failures[worker.peer] = str(error)
        if not ready:
            return {"skipped": next(iter(failures.values()))}

        def turn(worker: Worker) -> float:
            if worker.peer not in failures:
                try:
                    answers[worker.peer].append(worker.ask(split=len(answers[worker.peer])))
                except WorkerError as error:
                    failures[worker.peer] = str(error)
            return 0.0

        loaded = round(load(), 2)
        take_turns(ready, splits, turn)
        told = ready[0].ready
    finally:
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.close()
    done = {peer: each for peer, each in answers.items() if peer not in failures}
    return {
        "date": datetime.date.today().isoformat(),
        "rows": told["rows"],
        "columns": told["columns"],
        "is_classes": told["is_classes"],
        "load_before": loaded,
        "versions": {package: text for worker in ready for package, text in worker.ready["versions"].items()},
        "error": {peer: [float(f"{one['error']:.5g}") for one in each] for peer, each in done.items()},
        "seconds": {peer: [float(f"{one['seconds']:.4g}") for one in each] for peer, each in done.items()},
        "asking": {peer: [float(f"{one['asking']:.4g}") for one in each] for peer, each in done.items()},
        "failures": failures,
    }


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our errors and seconds / those of pytabkit's RealMLP, in geometric means over all tables of both."""
    both = [name for name, one in raw.items() if {"feedforward", "pytabkit"} <= one.get("error", {}).keys()]
    if not both:
        return {}
    chosen = {name: raw[name] for name in both}
    ours, theirs = (_geometric(chosen, peer) for peer in ("feedforward", "pytabkit"))
    return {"error": ours["error"] / theirs["error"], "seconds": ours["seconds"] / theirs["seconds"]}


def _geometric(raw: dict[str, Any], peer: str) -> dict[str, float]:
    """Return a peer's geometric means over tables, of shifted errors and of seconds a fit."""
    errors = [statistics.fmean(one["error"][peer]) for one in raw.values()]
    seconds = [statistics.median(one["seconds"][peer]) for one in raw.values()]
    return {
        "error": float(np.exp(np.mean(np.log(np.array(errors) + _SHIFT)))),
        "seconds": float(np.exp(np.mean(np.log(seconds)))),
    }


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    lines = [
        "## Models of tables",
        "",
        "The share of wrong classes, or the root of the mean squared error / the target's deviation, on a fifth of the "
        "rows; in brackets the seconds of a fit, all preparation included: means of errors, medians of seconds over "
        "the splits. Settings are those that a user gets who gives none.",
        "",
    ]
    measured = {name: one for name, one in raw.items() if "skipped" not in one}
    rows = [
        [f"{name}, {one['rows']:,} x {one['columns']}", *(_cell(one, peer) for peer in PEERS)]
        for name, one in measured.items()
    ]
    complete = {name: one for name, one in measured.items() if PEERS.keys() <= one["error"].keys()}
    if complete:
        means = {peer: _geometric(complete, peer) for peer in PEERS}
        title = f"geometric mean of {len(complete)} tables, errors shifted by {_SHIFT}"
        rows.append([title, *(f"{means[peer]['error']:.4f} ({means[peer]['seconds']:.2f})" for peer in PEERS)])
    lines.append(table(["table", *PEERS.values()], rows))
    lines += [f"\n{name}: skipped, {one['skipped']}." for name, one in raw.items() if "skipped" in one]
    for name, one in measured.items():
        lines += [f"\n{name}, {PEERS[peer]}: {failure}" for peer, failure in one["failures"].items()]
    return "\n".join(lines)


def _cell(measured: dict[str, Any], peer: str) -> str:
    if peer not in measured["error"]:
        return "failed"
    return f"{statistics.fmean(measured['error'][peer]):.4f} ({statistics.median(measured['seconds'][peer]):.2f})"
