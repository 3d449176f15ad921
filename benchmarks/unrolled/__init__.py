"""The training of a learned optimizer through its own steps: what it is trained on, and a file for each peer.

``prepare(problem)`` returns a `Trainer`; ``versions()`` returns the versions of what it uses. A peer is imported only
in its own process, after the number of threads is settled.
"""

from __future__ import annotations

import importlib
from typing import Protocol

from benchmarks.networks import Array
from benchmarks.unrolled.problems import Problem

PEERS = {"feedforward": "feedforward", "torch_loop": "PyTorch, a loop", "jax_scan": "JAX, scan"}
"""What tables call each peer, by its file's name."""


class Trainer(Protocol):
    """A rule and what it is trained on."""

    def train(self, runs: int) -> float:
        """Train the rule on so many runs, and return when all is computed: the loss before the last one's last step."""

    def weights(self) -> dict[str, Array]:
        """Return the rule's weights, by their names."""


class Peer(Protocol):
    """A peer's file."""

    def prepare(self, problem: Problem) -> Trainer:
        """Return a rule with the problem's first weights, to be trained."""

    def versions(self) -> dict[str, str]:
        """Return the version of each package that matters."""


def load_peer(name: str) -> Peer:
    """Return a peer's file, imported."""
    module: Peer = importlib.import_module(f"benchmarks.unrolled.{name}")
    return module
