"""What a run of the linear lab is besides its settings: points, parameters, how far training has come.

A state that a link brings comes from elsewhere: `read_state` takes nothing that the lab itself could not have made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.labs.checks import check_array, check_whole
from feedforward.labs.errors import LabError

__all__ = ["CLASSES", "EDGE", "LARGEST", "LONGEST", "MOST_POINTS", "State", "first_state", "read_state"]

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

CLASSES = 3
EDGE = 1.5
"""Points lie in the square from -EDGE to EDGE."""
MOST_POINTS = 60
LARGEST = 1e6
"""No parameter is larger; training that goes beyond has diverged."""
LONGEST = 300
"""How many losses the curve goes back."""
_MOST_UPDATES = 10**12


@dataclass(frozen=True)
class State:
    """A moment of a run.

    Parameters
    ----------
    x : float64 array, shape (n, 2)
        The points.
    y : int32 array, shape (n,)
        Their classes, 0 to 2.
    W : float64 array, shape (3, 2)
        The weights, a row for each class.
    b : float64 array, shape (3,)
        The biases.
    first_W, first_b : float64 arrays
        Weights and biases before the updates that nothing else came between.
    since : int
        How many updates these were.
    updates : int
        How many updates there were since the lab began.
    draws : int
        How often parameters were drawn at random.
    losses : float64 array, shape (m,), m <= LONGEST
        The total loss before each of the last m updates.
    """

    x: Floats
    y: Integers
    W: Floats
    b: Floats
    first_W: Floats
    first_b: Floats
    since: int
    updates: int
    draws: int
    losses: Floats

    def edited(self, **changes: Any) -> State:
        """Return the state after something that was no update: what follows is a new start."""
        after = replace(self, **changes)
        return replace(after, first_W=after.W, first_b=after.b, since=0)

    def updated(self, W: Floats, b: Floats, loss: float) -> State:
        """Return the state after an update; `loss` is what the total loss was before it."""
        losses = np.append(self.losses, loss)[-LONGEST:]
        return replace(self, W=W, b=b, since=self.since + 1, updates=self.updates + 1, losses=losses)

    def saved(self) -> dict[str, Any]:
        """Return the state as a link takes it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def first_state() -> State:
    """Return the nine points and the parameters that the lab begins with.

    References
    ----------
    Karpathy, "Linear classification loss visualization", the interactive demo of Stanford's course CS231n, 2015.
    """
    x = [
        (0.5, 0.4),
        (0.8, 0.3),
        (0.3, 0.8),
        (-0.4, 0.3),
        (-0.3, 0.7),
        (-0.7, 0.2),
        (0.7, -0.4),
        (0.5, -0.6),
        (-0.4, -0.5),
    ]
    W = np.array([[1.0, 2.0], [2.0, -4.0], [3.0, -1.0]])
    b = np.array([0.0, 0.5, -0.5])
    y = np.repeat(np.arange(CLASSES, dtype=np.int32), 3)
    return State(np.array(x), y, W, b, W, b, since=0, updates=0, draws=0, losses=np.zeros(0))


def read_state(saved: Mapping[str, Any]) -> State:
    """Return the state that a link holds.

    Raises
    ------
    LabError
        If it is none: a part is missing or unknown, or has another type, shape or range.
    """
    names = [one.name for one in fields(State)]
    if sorted(saved) != sorted(names):
        raise LabError("bad_link")
    for name in ("since", "updates", "draws"):
        check_whole(saved[name], _MOST_UPDATES)
    if saved["since"] > saved["updates"]:
        raise LabError("bad_link")
    x = check_array(saved["x"], np.float64, (None, 2), EDGE)
    y = check_array(saved["y"], np.int32, (len(x),), CLASSES - 1)
    losses = check_array(saved["losses"], np.float64, (None,))
    if not 1 <= len(x) <= MOST_POINTS or y.min() < 0 or len(losses) > min(LONGEST, saved["updates"]):
        raise LabError("bad_link")
    for name in ("W", "first_W"):
        check_array(saved[name], np.float64, (CLASSES, 2), LARGEST)
    for name in ("b", "first_b"):
        check_array(saved[name], np.float64, (CLASSES,), LARGEST)
    return State(**saved)
