"""Models of tables beside others: the tables, a process for each peer, and a file for each.

A peer's file has ``fit(x, y, is_classes, seed)``, which gets a data frame as people have it (numbers with gaps, words
as categories) and returns a function from such a frame to predictions; and ``versions()``. Whatever the peer has to do
with the frame before it can learn from it is counted, and so are compiling and early stopping.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

PEERS = {
    "feedforward": "feedforward, RealMLP",
    "pytabkit": "pytabkit, RealMLP-TD",
    "scikit_learn": "scikit-learn, MLP",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
}
"""What the page calls each peer, by its file's name."""

Predict = Callable[[Any], NDArray[np.generic]]
"""Returns a label or a number for each row of a frame."""


class Peer(Protocol):
    """A peer's file."""

    def fit(self, x: Any, y: NDArray[np.generic], is_classes: bool, seed: int) -> Predict:
        """Learn from a frame and its targets, integers from 0 for classes, with the default settings."""

    def versions(self) -> dict[str, str]:
        """Return the version of each package that matters."""


def load_peer(name: str) -> Peer:
    """Return a peer's file, imported."""
    module: Peer = importlib.import_module(f"benchmarks.tables.{name}")
    return module
