"""What a run is at one moment, beside its settings; and what a link may say that it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.labs.backprop.network import Array, Network
from feedforward.labs.backprop.presets import fitted_targets
from feedforward.labs.backprop.steps import steps_of
from feedforward.labs.checks import check_array, check_list, check_whole
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
    history = check_array(saved.get("history"), np.float64, (None, entries), LARGEST)
    first, second = (check_whole(axis, entries - 1) for axis in check_list(saved.get("axes"), 2))
    targets = check_array(saved.get("targets"), np.float64, (examples, network.widths[-1]), LARGEST_DATA)
    is_fitted = np.allclose(fitted_targets(network, targets), targets, rtol=0, atol=1e-12)
    if not 1 <= len(history) <= MOST_KEPT or first == second or not is_fitted:
        raise LabError("bad_link")
    return State(
        x=check_array(saved.get("x"), np.float64, (examples, network.widths[0]), LARGEST_DATA),
        targets=targets,
        history=history,
        position=check_whole(saved.get("position"), len(steps_of(network.widths))),
        dropped=check_whole(saved.get("dropped"), _MOST_UPDATES),
        traced=check_whole(saved.get("traced"), entries - 1),
        axes=(first, second),
    )
