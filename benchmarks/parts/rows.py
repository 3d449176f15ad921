"""Any number of rows: predictions for numbers of rows that were not seen before."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.networks import find_network
from benchmarks.page import table
from benchmarks.parts import Settings

_NETWORK = "784-512-10/128"
_NUMBERS = 100
_MOST_ROWS = 600
_WARM = 12
"""Numbers at the start that make the code of all blocks."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds of the first prediction for each number of rows, and the least of later ones for the same.

    By `Model.predict_on_batch`, and by calling the model on an array, as ``called_first`` and ``called_later``.
    """
    from benchmarks.peers import feedforward

    network = find_network(_NETWORK)
    x, y = network.data()
    model = feedforward.prepare(network, x, y).model
    first, later = _times(model.predict_on_batch, x)
    called_first, called_later = _times(lambda given: model(given).numpy(), x)
    return {"first": first, "later": later, "called_first": called_first, "called_later": called_later}


def _times(predict: Callable[[Any], Any], x: Any) -> tuple[list[float], list[float]]:
    """Return seconds of first and later calls of a function for each number of rows."""
    first, later = [], []
    for rows in np.random.default_rng(0).permutation(np.arange(2, _MOST_ROWS))[: _WARM + _NUMBERS].tolist():
        given, seconds = x[:rows].copy(), []
        for _ in range(6):
            started = time.perf_counter()
            predict(given)
            seconds.append(time.perf_counter() - started)
        first.append(float(f"{seconds[0]:.4g}"))
        later.append(float(f"{min(seconds[1:]):.4g}"))
    return first, later


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return the median of how many milliseconds longer the first prediction takes, and the first call of the model."""
    result: dict[str, float | str] = {"first": statistics.median(_excess(raw)) * 1e3}
    if "called_first" in raw:
        called = zip(raw["called_first"][_WARM:], raw["called_later"][_WARM:], strict=True)
        result["called"] = statistics.median([first - later for first, later in called]) * 1e3
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    excess = sorted(_excess(raw))
    rows = [["first prediction", f"{statistics.median(raw['first'][_WARM:]) * 1e3:.3f}"]]
    rows += [["a later one", f"{statistics.median(raw['later'][_WARM:]) * 1e3:.3f}"]]
    rows += [["first above later", f"{statistics.median(excess) * 1e3:.3f} (at most {excess[-1] * 1e3:.3f})"]]
    if "called_first" in raw:
        rows += [["first call of the model above later ones", f"{float(figures(raw)['called']):.3f}"]]
    text = (
        f"`predict_on_batch` of {_NETWORK}, {len(excess)} numbers of rows from 2 to {_MOST_ROWS - 1}, none seen "
        f"before, after {_WARM} others."
    )
    return "\n".join(["## Any number of rows", "", text, "", table(["", "ms, median"], rows)])


def _excess(raw: dict[str, Any]) -> list[float]:
    return [first - later for first, later in zip(raw["first"][_WARM:], raw["later"][_WARM:], strict=True)]
