"""The time of a step over widths and batch sizes, and where it rises by more than the work does."""

from __future__ import annotations

import itertools
import sys
import time
from typing import Any

from benchmarks.networks import Network
from benchmarks.page import table
from benchmarks.parts import Settings

WIDTHS = (8, 16, 17, 32, 64, 100, 128, 256, 512, 1000, 1024)
BATCHES = (1, 2, 4, 8, 16, 32, 33, 64, 100, 128, 256, 512, 1024)
ALLOWANCE = 1.2

_CLASSES = 10
_TURN_SECONDS = 0.05
_WARM_SECONDS = 0.25
_TURNS = 3
_SECOND_LOOKS = 3


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds per step of width-width-10, by ``width/batch``: the least of some turns.

    The least, not the median: there is nobody beside whom it is measured. Steps up that look too dear are measured
    again, both ends, before they count.
    """
    cells = [(width, batch) for width in WIDTHS for batch in BATCHES]
    seconds = {}
    for width, batch in cells:
        if batch == BATCHES[0]:
            print(f"curve, width {width}", file=sys.stderr, flush=True)
        seconds[width, batch] = _seconds_per_step(width, batch)
    for _ in range(_SECOND_LOOKS):
        dear = {end for excess, before, after in steps_up(seconds) if excess > 1 for end in (before, after)}
        for cell in dear:
            seconds[cell] = min(seconds[cell], _seconds_per_step(*cell))
    return {f"{width}/{batch}": float(f"{value:.4g}") for (width, batch), value in seconds.items()}


def operations(width: int, batch: int) -> float:
    """Return the floating-point operations of a step.

    Each product's forward pass and kernel gradient take 2 batch inputs units; the gradient of a layer's input is needed
    for the second layer only. Adam takes 12 for a weight, ReLU and softmax 10 for a unit of a sample.
    """
    products = 2 * batch * (2 * width * width + 3 * width * _CLASSES)
    return products + 12 * weights(width) + 10 * batch * (width + _CLASSES)


def traffic(width: int, batch: int) -> float:
    """Return the bytes that a step must read and write: weights, gradients and moments, samples and activations."""
    return 4 * (8 * weights(width) + batch * (4 * width + 4 * _CLASSES))


def weights(width: int) -> int:
    """Return the number of weights."""
    return width * width + width + width * _CLASSES + _CLASSES


def steps_up(seconds: dict[tuple[int, int], float]) -> list[tuple[float, tuple[int, int], tuple[int, int]]]:
    """Return each step up in width or batch: time after / (time before * growth of work * 1.2), before, after.

    The work grows by the greater of the growths of operations and of traffic.
    """
    pairs = [((a, batch), (b, batch)) for a, b in itertools.pairwise(WIDTHS) for batch in BATCHES]
    pairs += [((width, a), (width, b)) for a, b in itertools.pairwise(BATCHES) for width in WIDTHS]
    result = []
    for before, after in pairs:
        growth = max(operations(*after) / operations(*before), traffic(*after) / traffic(*before))
        result.append((seconds[after] / (seconds[before] * growth * ALLOWANCE), before, after))
    return result


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return the worst step up."""
    return {"worst": max(excess for excess, _, _ in steps_up(_by_cell(raw)))}


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    seconds = _by_cell(raw)
    rows = [[str(width), *(f"{seconds[width, batch] * 1e6:.3g}" for batch in BATCHES)] for width in WIDTHS]
    rates = [
        [str(width), *(f"{operations(width, batch) / seconds[width, batch] / 1e9:.3g}" for batch in BATCHES)]
        for width in WIDTHS
    ]
    dear = sorted((step for step in steps_up(seconds) if step[0] > 1), reverse=True)
    head = ["width", *(f"batch {batch}" for batch in BATCHES)]
    text = (
        "Our step of width-width-10, the least of some turns. A step up in width or batch should not cost more than "
        "the growth of its work, the greater of that of operations and that of bytes moved, plus 20 %."
    )
    found = [f"- {_name(before)} to {_name(after)}: {excess:.2f} of what is allowed" for excess, before, after in dear]
    lines = ["## Widths and batches", "", text, "", "Microseconds a step:", "", table(head, rows), ""]
    lines += ["GFLOP/s:", "", table(head, rates), "", f"Steps up that cost more: {len(dear) or 'none'}."]
    return "\n".join([*lines, *([""] if found else []), *found])


def _by_cell(raw: dict[str, Any]) -> dict[tuple[int, int], float]:
    return {(int(key.split("/")[0]), int(key.split("/")[1])): value for key, value in raw.items()}


def _name(cell: tuple[int, int]) -> str:
    return f"width {cell[0]} batch {cell[1]}"


def _seconds_per_step(width: int, batch: int) -> float:
    """Return the least time of a step over some turns."""
    from benchmarks.peers import feedforward

    guess = operations(width, batch) / 50e9 + traffic(width, batch) / 10e9 + 5e-6
    steps = max(8, min(4000, int(_TURN_SECONDS / guess)))
    network = Network((width, width, _CLASSES), batch, batch * steps)
    trainer = feedforward.prepare(network, *network.data())
    started = time.perf_counter()
    while time.perf_counter() - started < _WARM_SECONDS:  # until the code is the best there is
        trainer.train(1)
    times = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        trainer.train(1)
        times.append((time.perf_counter() - started) / steps)
    return min(times)
