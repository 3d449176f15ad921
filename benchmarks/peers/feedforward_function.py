"""Our library in a loop of the user's own whose step is an `ff.function`; the loss is looked at after each step."""

from __future__ import annotations

import feedforward as ff
from benchmarks.networks import Array, Network
from benchmarks.peers import feedforward_tape
from benchmarks.peers.feedforward import versions

__all__ = ["prepare", "versions"]


def prepare(network: Network, x: Array, y: Array) -> feedforward_tape.LoopTrainer:
    """Return the network, ready to be trained."""
    trainer = feedforward_tape.prepare(network, x, y)
    trainer.step = ff.function(trainer.step)  # type: ignore[method-assign]
    return trainer
