"""Positions: where training stands, as a loop, a trainer and a backup tell each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Array, Node, Shape

__all__ = ["NOTHING", "Begun", "Position"]


@dataclass(frozen=True)
class Begun:
    """What is done of an epoch.

    Parameters
    ----------
    steps, samples : int
        How many batches, and samples in them.
    totals : sequence of arrays
        The outputs, added up over these batches in float64, or row after row of them all; none before the first.
    """

    steps: int = 0
    samples: int = 0
    totals: Sequence[Array] = ()

    def form_of(self, output: Node) -> tuple[Shape, np.dtype[Any]]:
        """Return the shape and dtype that the total of an output has by now."""
        if output.shape and isinstance(output.shape[0], Dimension):
            return (self.samples, *output.shape[1:]), output.dtype
        return output.shape, np.dtype(np.float64)


NOTHING = Begun()


@dataclass(frozen=True)
class Position:
    """Where training stands.

    Parameters
    ----------
    epoch : int
        The epoch under way, or the one to begin next.
    turn : int
        How many epochs the model was trained before that one.
    begun : Begun
        What is done of it.
    logs : dict
        The numbers of the epoch before it.
    is_stopped : bool
        Whether a callback has ended training there.
    """

    epoch: int
    turn: int
    begun: Begun = NOTHING
    logs: Mapping[str, float] = field(default_factory=dict)
    is_stopped: bool = False
