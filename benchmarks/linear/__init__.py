"""Linear models beside others that minimise the same: the problems, a process for each peer, and a file for each.

A peer's file has ``prepare(problem, rows, y)``, which returns a `Fitter`, and ``versions()``. The time in which a peer
makes its own form of the data is not counted, nor are compiling and a first fit.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.linear.problems import LinearProblem
from feedforward.linear import Rows

Floats = NDArray[np.float64]

PEERS = {
    "feedforward": "feedforward",
    "liblinear": "LIBLINEAR",
    "scikit_learn": "scikit-learn",
    "skglm": "skglm",
    "rehline": "ReHLine",
}
"""What tables call each peer, by its file's name."""

OURS = "feedforward: auto"
"""The solver that is compared: the one that a user gets who names none."""

CERTIFIED = "feedforward: auto, by its own gap"
"""The same, its tolerance not the loosest that is enough but the gap itself, which its certificate shows it has."""


class Fitter(Protocol):
    """A problem in a peer's own form."""

    @property
    def methods(self) -> Sequence[str]:
        """The solvers that minimise this objective; none if the peer cannot."""

    @property
    def loosest(self) -> float:
        """The tolerance at which solvers are tried first: so loose that it asks for next to nothing."""

    def fit(self, method: str, tolerance: float) -> Any:
        """Minimise, from zero weights, until the solver's own measure is below a tolerance; return what it found."""

    def weights(self, found: Any) -> Floats:
        """Return the weights of what was found, shape (d,)."""


class Peer(Protocol):
    """A peer's file."""

    def prepare(self, problem: LinearProblem, rows: Rows, y: Floats) -> Fitter:
        """Return a problem in the peer's own form; `y` holds -1 and 1."""

    def versions(self) -> dict[str, str]:
        """Return the version of each package that matters."""


def load_peer(name: str) -> Peer:
    """Return a peer's file, imported."""
    module: Peer = importlib.import_module(f"benchmarks.linear.{name}")
    return module
