"""The steps of one update, in order: each unit forwards, the loss, each unit backwards, the new weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import groupby

__all__ = ["PHASES", "Step", "ends_of_phases", "next_position", "previous_position", "steps_of"]

PHASES = ("forward", "loss", "backward", "update")


@dataclass(frozen=True)
class Step:
    """One thing that is computed.

    Parameters
    ----------
    phase : str
        One of `PHASES`.
    layer, unit : int
        Which unit; the loss and the update are steps of no unit, -1 and -1.
    """

    phase: str
    layer: int = -1
    unit: int = -1


@cache
def steps_of(widths: tuple[int, ...]) -> tuple[Step, ...]:
    """Return the steps of an update of a network of these widths, the inputs' first."""
    units = [(layer, unit) for layer, width in enumerate(widths[1:]) for unit in range(width)]
    backwards = sorted(units, key=lambda one: (-one[0], one[1]))
    return (
        *(Step("forward", *one) for one in units),
        Step("loss"),
        *(Step("backward", *one) for one in backwards),
        Step("update"),
    )


def ends_of_phases(steps: tuple[Step, ...], by_layer: bool = False) -> list[int]:
    """Return after how many steps each phase, or each layer of a phase, is done."""
    ends, done = [], 0
    for _, group in groupby(steps, lambda step: (step.phase, step.layer if by_layer else 0)):
        done += len(list(group))
        ends.append(done)
    return ends


def next_position(steps: tuple[Step, ...], position: int, by_layer: bool) -> int:
    """Return how many steps are done after one more unit, or one more layer."""
    ends = ends_of_phases(steps, by_layer=True) if by_layer else range(1, len(steps) + 1)
    return next(end for end in ends if end > position)


def previous_position(steps: tuple[Step, ...], position: int, by_layer: bool) -> int:
    """Return how many steps are done after the last unit, or layer, is taken back."""
    ends = [0, *ends_of_phases(steps, by_layer=True)] if by_layer else range(len(steps) + 1)
    return max(end for end in ends if end < position)
