"""Linear models: seconds to a gap, beside LIBLINEAR, scikit-learn, skglm and ReHLine; what stochastic steps cost."""

from __future__ import annotations

import datetime
import functools
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.linear import OURS, PEERS
from benchmarks.linear.contest import GAPS, TARGET_GAP, compete, methods, optimum
from benchmarks.linear.problems import STEPS, find_problem, load_data, save_data
from benchmarks.linear.steps import measure_steps
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import load, ratio, ratio_text

SPLIT_BY = "problems"
"""A run for some problems leaves what was measured for others."""

_EQUAL = 1e-3
"""By how much the objectives of one thread and of two may differ, as a share."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each problem, its size, its minimum, and the seconds of each solver to each gap and round."""
    raw: dict[str, Any] = {}
    for name in settings.problems:
        print(f"linear {name}", file=sys.stderr, flush=True)
        problem = find_problem(name)
        try:
            folder = Path(_saved(problem.data).name)
        except FileNotFoundError as error:
            raw[name] = {"skipped": str(error)}
            continue
        rows, y = load_data(folder)
        count, columns = rows.shape
        measured: dict[str, Any] = {
            "date": datetime.date.today().isoformat(),
            "rows": count,
            "columns": columns,
            "stored": int(rows.values.size),
            "load_before": round(load(), 2),
        }
        if problem.loss == STEPS:
            raw[name] = measured | measure_steps(problem.objective(rows, y), settings.rounds)
            continue
        del rows, y  # the processes have their own
        primal, dual = optimum(problem, folder)
        failures: dict[str, str] = {}
        with methods(tuple(PEERS), problem, folder, failures) as found:
            versions = {package: text for one in found for package, text in one.worker.ready["versions"].items()}
            times = compete(found, settings.rounds, dual, failures)
        raw[name] = measured | {"primal": primal, "dual": dual, "versions": versions} | times | {"failures": failures}
    return raw


@functools.lru_cache(maxsize=1)
def _saved(data: str) -> tempfile.TemporaryDirectory[str]:
    """Return a folder with the data, which lie there until others are asked for."""
    folder = tempfile.TemporaryDirectory()
    save_data(data, Path(folder.name))
    return folder


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return, for each problem, ours / the best peer's at `TARGET_GAP`; speed and gain of threads of the steps."""
    result: dict[str, float | str] = {}
    for name, measured in raw.items():
        if "skipped" in measured:
            result[name] = f"skipped: {measured['skipped']}"
        elif "seconds_per_pass" in measured:
            result |= {f"{name}:{key}": figure for key, figure in _steps(measured).items()}
        else:
            result[name] = _against_best(measured, TARGET_GAP)
    return result


def _steps(measured: dict[str, Any]) -> dict[str, float | str]:
    """Return millions of elements a second by one thread, and how many times as fast two are."""
    seconds, primal = measured["seconds_per_pass"], measured["primal"]
    difference = primal["two"] / primal["one"] - 1.0
    gain: float | str = ratio(seconds["one"], seconds["two"])
    if difference > _EQUAL:
        gain = f"does not count: the objective is {difference:.2%} higher"
    return {"speed": measured["stored"] / statistics.median(seconds["one"]) / 1e6, "threads": gain}


def _against_best(measured: dict[str, Any], gap: float) -> float | str:
    """Return our time to a gap / that of the best other, or why there is none."""
    times = _complete(measured, gap)
    best = _best(times)
    if OURS not in times:
        return f"failed: {measured['failures'].get(OURS, 'the gap was not reached')}"
    return ratio(times[OURS], times[best]) if best else "no peer reached the gap"


def _complete(measured: dict[str, Any], gap: float) -> dict[str, list[float]]:
    """Return the times of those that reached a gap in every round."""
    times: dict[str, list[float | None]] = measured["seconds"][f"{gap:g}"]
    return {peer: [one for one in row if one is not None] for peer, row in times.items() if row and None not in row}


def _rounds(measured: dict[str, Any]) -> set[str]:
    """Return those that took part in the rounds of some gap."""
    return {peer for times in measured["seconds"].values() for peer in times}


def _best(times: dict[str, list[float]]) -> str | None:
    """Return the best of those that are not ours."""
    others = [peer for peer in times if not _is_ours(peer)]
    return min(others, key=lambda peer: statistics.median(times[peer]), default=None)


def _is_ours(peer: str) -> bool:
    return peer.startswith(OURS.split(":")[0] + ":")


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    lines = [
        "## Linear models",
        "",
        "Seconds until (P - D) / P is at most a gap, the least over tolerances, medians over the rounds; in brackets "
        "one try, of a solver that took three times as long as the best. The ratio is ours / the best peer's.",
    ]
    for name, measured in raw.items():
        if "skipped" in measured:
            lines += ["", f"### {name}", "", f"Skipped: {measured['skipped']}."]
            continue
        size = f"{measured['rows']:,} x {measured['columns']:,}, {measured['stored']:,} numbers"
        head = f"{measured['date']}; {size}; load before: {measured['load_before']}."
        lines += ["", f"### {name}", "", head, "", _section(measured)]
    return "\n".join(lines)


def _section(measured: dict[str, Any]) -> str:
    """Return the table of a problem."""
    if "seconds_per_pass" in measured:
        seconds, primal = measured["seconds_per_pass"], measured["primal"]
        rows = [
            [threads, f"{statistics.median(row):.3f}", f"{measured['stored'] / statistics.median(row) / 1e6:.0f}",
             f"{primal[threads]:.6g}"]
            for threads, row in seconds.items()
        ]  # fmt: skip
        return table(["threads", "s a pass", "million numbers a second", "P after 10 passes"], rows)
    rows = [
        [peer, *(_time(measured, peer, gap) for gap in GAPS)]
        for peer in sorted({*measured["first"], *_rounds(measured)}, key=lambda peer: (not _is_ours(peer), peer))
    ]
    rows += [[peer, f"failed: {failure}", "", ""] for peer, failure in measured["failures"].items()]
    against = []
    for gap in GAPS:
        times = _complete(measured, gap)
        best = _best(times)
        against.append(ratio_text(times[OURS], times[best]) if best and OURS in times else "")
    rows.append(["ours / best peer", *against])
    return table(["solver", *(f"s to {gap:g}" for gap in GAPS)], rows)


def _time(measured: dict[str, Any], peer: str, gap: float) -> str:
    """Return the median of a solver's times to a gap, or its one try, or nothing if it did not come so near."""
    times = _complete(measured, gap)
    if peer in times:
        return f"{statistics.median(times[peer]):.4f}"
    first = measured["first"].get(peer, {}).get(f"{gap:g}")
    return f"({first[0]:.4f})" if first else "not reached"
