"""Programs of lecture decks as they stand, from start to end: ours, and through TensorFlow's compatibility layer."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.outside import KINDS, STEPS, data_folder, slides_folder
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import ROOT, Worker, WorkerError, load, ratio, ratio_text, rounded, take_turns

_STEP_TITLES = {"tf1_softmax.py": "a session's run", "eager_digits.py": "a tape, its gradient, six assignments"}

SPLIT_BY = "programs"
"""A run for some programs leaves what was measured of others."""

_HEAD = ("program", "ours", "TensorFlow's", "ours / theirs", "turns", "load before", "our last line", "theirs")
_OURS, _THEIRS = "feedforward", "tensorflow"
_TURN_STEPS = 500
_LONGEST_SECONDS = 1800


@dataclass(frozen=True)
class _Way:
    """A way to run a program.

    Parameters
    ----------
    peer : str
        Whose.
    command : tuple of str
        What follows Python.
    """

    peer: str
    command: tuple[str, ...]


def measure(settings: Settings) -> dict[str, Any]:
    """Return for each program the seconds of each way and round, the last line it printed, and those of its step."""
    folder, data = slides_folder(), data_folder()
    if folder is None:
        return {}
    if data is not None:
        os.environ["FEEDFORWARD_DATA"] = str(data)
    there = [name for name in settings.programs if _is_there(folder / name, data is not None)]
    return {name: _measured(name, folder, settings.rounds) for name in there}


def _is_there(file: Path, has_data: bool) -> bool:
    return file.exists() and (has_data or "mnist" not in file.read_text())


def _measured(name: str, folder: Path, rounds: int) -> dict[str, Any]:
    """Return what was measured of a program, or why it could not be."""
    print(f"old programs, {name}", file=sys.stderr, flush=True)
    file, printed, busy = str(folder / name), dict[str, str](), round(load(), 2)
    ways = [
        _Way(_OURS, ("-m", "feedforward", "run", file)),
        _Way(_THEIRS, (str(ROOT / "benchmarks" / "through_tensorflow.py"), KINDS[name], file)),
    ]

    def turn(way: _Way) -> float:
        seconds, printed[way.peer] = _run(way)
        return seconds

    try:
        seconds = rounded(take_turns(ways, rounds, turn))
        found: dict[str, Any] = {"seconds": seconds, "printed": printed, "load_before": busy}
        return found | ({"step": _steps(name, rounds)} if name in STEPS else {})
    except (RuntimeError, WorkerError, subprocess.TimeoutExpired) as error:
        return {"failure": str(error)}


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return ours / theirs for each program, and microseconds of a step above its kernel, by ``step:program``."""
    missing = "skipped: FEEDFORWARD_SLIDES names no folder with the program, or FEEDFORWARD_DATA none with its data"
    result: dict[str, float | str] = dict.fromkeys([*KINDS, *(f"step:{name}" for name in STEPS)], missing)
    for name, measured in raw.items():
        if "failure" in measured:
            result |= {key: f"failed: {measured['failure']}" for key in (name, f"step:{name}") if key in result}
            continue
        result[name] = ratio(measured["seconds"][_OURS], measured["seconds"][_THEIRS])
        if "step" in measured:
            result[f"step:{name}"] = statistics.median(measured["step"]["above"]) * 1e6
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows, steps = [], []
    for name, measured in ((name, raw[name]) for name in KINDS if name in raw):
        if "failure" in measured:
            rows.append([name, f"failed: {measured['failure']}", *[""] * 6])
            continue
        ours, theirs = measured["seconds"][_OURS], measured["seconds"][_THEIRS]
        medians = [f"{statistics.median(times):.2f}" for times in (ours, theirs)]
        circumstances = [str(len(ours)), str(measured.get("load_before", ""))]
        last = [measured["printed"][way] for way in (_OURS, _THEIRS)]
        rows.append([name, *medians, ratio_text(ours, theirs), *circumstances, *last])
        if "step" in measured:
            steps.append([f"{name}: {_STEP_TITLES[name]}", *_step_cells(measured["step"])])
    lines = [
        "## Old programs",
        "",
        "Seconds of the whole process, the import with all else, by `feedforward run` with an empty cache, and through "
        "the compatibility layer of TensorFlow 2.21 (`tf.compat.v1`, tf-keras); medians, and the ratio of the turns "
        "with its quartiles. The last line that each printed stands beside it.",
        "",
        table(_HEAD, rows),
    ]
    if steps:
        head = ["step", "us", "of them in machine code", "above it", "TensorFlow's us", "ours / theirs"]
        lines += ["", "### A step alone", "", table(head, steps)]
    return "\n".join(lines)


def _step_cells(step: dict[str, list[float]]) -> list[str]:
    times = [step[key] for key in (_OURS, "kernel", "above", _THEIRS)]
    return [*(f"{statistics.median(some) * 1e6:.1f}" for some in times), ratio_text(step[_OURS], step[_THEIRS])]


def _run(way: _Way) -> tuple[float, str]:
    """Return how long a program took, and the last line that it printed.

    It runs in a folder of its own, with an empty cache of machine code: so a student runs it the first time.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        environment = {**os.environ, "XDG_CACHE_HOME": folder, "PYTHONPATH": os.pathsep.join(paths)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where nobody said otherwise
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *way.command],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{way.peer}: {(done.stderr.strip().splitlines() or [str(done.returncode)])[-1][:200]}")
    lines = re.split(r"[\r\n]+", done.stdout.strip())
    return seconds, lines[-1][-80:]


def _steps(name: str, rounds: int) -> dict[str, list[float]]:
    """Return seconds a step of ours and of theirs, and of ours in machine code and above it, of each round."""
    inside: dict[str, list[float]] = {"kernel": [], "above": []}

    def turn(worker: Worker) -> float:
        answer = worker.ask(steps=_TURN_STEPS)
        if worker.peer == _OURS:
            for key, seconds in inside.items():
                seconds.append(answer[key])
        return float(answer["seconds"])

    with _step_workers(name) as ready:
        seconds = take_turns(ready, rounds, turn)
    return rounded(seconds | inside)


@contextmanager
def _step_workers(name: str) -> Iterator[list[Worker]]:
    """Start both processes, one after another, and end them."""
    started: list[Worker] = []
    try:
        for peer in (_OURS, _THEIRS):
            started.append(Worker(peer, "benchmarks.old_steps", name))
            started[-1].wait_until_ready()
        yield started
    finally:
        for worker in started:
            worker.end()
        for worker in started:
            worker.close()
