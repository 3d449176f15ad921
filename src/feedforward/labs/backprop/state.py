"""What a run is at one moment, beside its settings; and what a link may say that it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.labs.backprop.network import Array, Network
from feedforward.labs.backprop.presets import fitted_targets
from feedforward.labs.backprop.steps import steps_of
from feedforward.labs.errors import LabError

__all__ = ["LARGEST", "MOST_KEPT", "State", "read_state"]

LARGEST = 1e6
"""Weights beyond it have diverged."""

LARGEST_DATA = 100.0
"""Inputs and targets lie between this and its negative."""

MOST_KEPT = 200
"""As many updates can be taken back; their weights fit into a link."""

_MOST_UPDATES = 10**9


@dataclass(frozen=True, eq=False)
class State:
    """A moment of a run.

    Parameters
    ----------
    x, targets : arrays, shapes (n, inputs) and (n, outputs)
    history : array, shape (m, entries)
        The vector of weights and biases at the beginning of each of the last updates, the present one last. All but the
        first follow from the first by the settings and the data: what is edited begins a new history.
    position : int
        How many steps of the present update are done.
    dropped : int
        Updates before the history.
    traced : int
        The entry of the vector whose paths are shown.
    axes : (int, int)
        The entries of the slice of the loss surface.
    """

    x: Array
    targets: Array
    history: Array
    position: int = 0
    dropped: int = 0
    traced: int = 0
    axes: tuple[int, int] = (0, 1)

    @property
    def vector(self) -> Array:
        """The weights and biases with which the present update began."""
        present: Array = self.history[-1]
        return present

    def saved(self) -> dict[str, Any]:
        """Return it as a link has it."""
        return {
            "x": self.x,
            "targets": self.targets,
            "history": self.history,
            "position": self.position,
            "dropped": self.dropped,
            "traced": self.traced,
            "axes": list(self.axes),
        }


def read_state(network: Network, examples: int, saved: Mapping[str, Any]) -> State:
    """Return what a link says.

    Raises
    ------
    LabError
        If anything in it cannot be.
    """
    entries = len(network.parameters)
    history = saved.get("history")
    kept = len(history) if isinstance(history, np.ndarray) and history.ndim == 2 else 0
    if not 1 <= kept <= MOST_KEPT:
        raise LabError("bad_link")
    axes = saved.get("axes")
    if not isinstance(axes, list) or len(axes) != 2:
        raise LabError("bad_link")
    first, second = (_whole(axis, entries - 1) for axis in axes)
    if first == second:
        raise LabError("bad_link")
    targets = _array(saved, "targets", (examples, network.widths[-1]), LARGEST_DATA)
    if not np.allclose(fitted_targets(network, targets), targets, rtol=0, atol=1e-12):
        raise LabError("bad_link")
    return State(
        x=_array(saved, "x", (examples, network.widths[0]), LARGEST_DATA),
        targets=targets,
        history=_array(saved, "history", (kept, entries), LARGEST),
        position=_whole(saved.get("position"), len(steps_of(network.widths))),
        dropped=_whole(saved.get("dropped"), _MOST_UPDATES),
        traced=_whole(saved.get("traced"), entries - 1),
        axes=(first, second),
    )


def _array(saved: Mapping[str, Any], name: str, shape: tuple[int, ...], largest: float) -> Array:
    value = saved.get(name)
    if not isinstance(value, np.ndarray) or value.dtype != np.float64 or value.shape != shape:
        raise LabError("bad_link")
    if not (np.abs(value) <= largest).all():
        raise LabError("bad_link")
    return value


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise LabError("bad_link")
    return value
