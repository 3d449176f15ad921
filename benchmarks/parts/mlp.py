"""MLPs of tables: fits and predictions of a row beside scikit-learn's, at equal settings and equal losses."""

from __future__ import annotations

import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.side_by_side import load, ratio, rounded
from benchmarks.tables.problems import load_table

EPOCHS = {
    "pendigits:20000": 20,
    "letter:20000": 10,
    "ijcnn1:20000": 10,
    "adult:40000": 5,
    "covertype:20000": 10,
    "magic:20000": 10,
    "california:30000": 10,
    "wine, white": 40,
    "abalone": 40,
}
"""The tables, all of their rows, and how many epochs are timed: about half a second of scikit-learn's, or more."""

_CALLS = 300
"""Predictions of one row in a turn, whose median counts."""

_PAUSE_SECONDS = 0.2
"""Before a turn, so that threads of the last one that still spin fall asleep."""

_EQUAL = 1e-5
"""By how much the losses of the two may differ, as a share."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return, for each table, the seconds of a fit and of a prediction of one row, by peer and round."""
    raw: dict[str, Any] = {}
    for name in EPOCHS:
        print(f"mlp {name}", file=sys.stderr, flush=True)
        try:
            raw[name] = _measured(name, settings.rounds)
        except FileNotFoundError as error:
            raw[name] = {"skipped": str(error)}
    return raw


def _measured(name: str, rounds: int) -> dict[str, Any]:
    from sklearn import neural_network

    import feedforward.sklearn as ours

    x, y, is_classes = _numbers(name)
    kind = "MLPClassifier" if is_classes else "MLPRegressor"
    makers = {"feedforward": getattr(ours, kind), "scikit-learn": getattr(neural_network, kind)}
    settings = {"max_iter": EPOCHS[name], "random_state": 0}
    fitted: dict[str, Any] = {}

    def fit(peer: str) -> float:
        model = makers[peer](**settings)
        started = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the few epochs
            fitted[peer] = model.fit(x, y)
        return time.perf_counter() - started

    def predict(peer: str) -> float:
        model, row = fitted[peer], x[:1]
        times = []
        for _ in range(_CALLS):
            started = time.perf_counter()
            model.predict(row)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    first = fit("feedforward")  # its code is compiled, or read
    measured = {
        "rows": x.shape[0],
        "columns": x.shape[1],
        "epochs": EPOCHS[name],
        "load_before": round(load(), 2),
        "first": round(first, 4),
        "fit": _turns(list(makers), rounds, fit),
        "row": _turns(list(makers), rounds, predict),
    }
    return measured | {"loss": {peer: model.loss_ for peer, model in fitted.items()}}


def _numbers(name: str) -> tuple[Any, Any, bool]:
    """Return a table as standardised float64, its targets, and whether these are classes.

    Each category has a column, a missing number is the median of the others; targets that are numbers are standardised.
    """
    import pandas

    frame, y, is_classes = load_table(name)
    frame = frame.fillna(frame.median(numeric_only=True))
    x = pandas.get_dummies(frame).to_numpy(np.float64)
    spread = x.std(0)
    x = (x - x.mean(0)) / np.where(spread > 0.0, spread, 1.0)
    return np.ascontiguousarray(x), y if is_classes else (y - y.mean()) / y.std(), is_classes


def _turns(peers: list[str], rounds: int, turn: Callable[[str], float]) -> dict[str, list[float]]:
    """Return what turns of the peers took, each round begun by another."""
    times: dict[str, list[float]] = {peer: [] for peer in peers}
    for number in range(rounds):
        for peer in peers if number % 2 == 0 else peers[::-1]:
            time.sleep(_PAUSE_SECONDS)
            times[peer].append(turn(peer))
    return rounded(times)


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return how many times as fast ours fits, and predicts a row: geometric means over the tables."""
    measured = {name: one for name, one in raw.items() if "skipped" not in one}
    if not measured:
        return {key: f"skipped: {next(iter(raw.values()))['skipped']}" for key in ("fit", "row")} if raw else {}
    unequal = [name for name, one in measured.items() if _difference(one) > _EQUAL]
    if unequal:
        return dict.fromkeys(("fit", "row"), f"does not count: the losses differ on {', '.join(unequal)}")
    return {
        key: math.exp(statistics.fmean(math.log(_gain(one[key])) for one in measured.values()))
        for key in ("fit", "row")
    }


def _gain(times: dict[str, list[float]]) -> float:
    return ratio(times["scikit-learn"], times["feedforward"])


def _difference(measured: dict[str, Any]) -> float:
    """Return by how much the two losses differ, as a share."""
    ours, theirs = measured["loss"]["feedforward"], measured["loss"]["scikit-learn"]
    return abs(ours - theirs) / abs(theirs)


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = []
    for name, one in raw.items():
        if "skipped" in one:
            rows.append([name, f"skipped: {one['skipped']}", *[""] * 8])
            continue
        fits, singles = ([statistics.median(one[key][peer]) for peer in one[key]] for key in ("fit", "row"))
        rows.append(
            [
                name,
                f"{one['rows']:,} x {one['columns']}",
                str(one["epochs"]),
                f"{one['first']:.2f}",
                *(f"{seconds:.3f}" for seconds in fits),
                f"{_gain(one['fit']):.1f}",
                *(f"{seconds * 1e6:.0f}" for seconds in singles),
                f"{_gain(one['row']):.1f}",
            ]
        )
    head = ["table", "size", "epochs", "first fit, s", "fit, s", "scikit-learn, s", "times as fast"]
    head += ["a row, us", "scikit-learn, us", "times as fast"]
    text = (
        "Fits of MLPClassifier and MLPRegressor with defaults but for the number of epochs, in float64, from the same "
        "random state, so that the losses are equal; medians, the two taking turns in one process. The first fit of a "
        "process compiles its code, or reads it."
    )
    return "\n".join(["## MLPs of tables", "", text, "", table(head, rows)])
