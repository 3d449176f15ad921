"""Positions: where training stands, as a loop, a trainer and a backup tell each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedforward.graph.node import Array

__all__ = ["NOTHING", "Begun", "Position"]


@dataclass(frozen=True)
class Begun:
    """What is done of an epoch.

    Parameters
    ----------
    steps, samples : int
        How many batches, and samples in them.
    totals : sequence of float64 arrays
        The outputs, added up over these batches; none before the first.
    """

    steps: int = 0
    samples: int = 0
    totals: Sequence[Array] = ()


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
