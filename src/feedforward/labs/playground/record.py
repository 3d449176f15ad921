"""The record of a run: what was done, in order, so that a script can do it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from feedforward.labs.playground.settings import Settings

__all__ = ["MOST_EVENTS", "Event", "Record"]

MOST_EVENTS = 2000
"""What a record holds; beyond it a run has no script."""

Event = tuple[Any, ...]
"""("train", size, batches), ("set", name, value), ("weight", layer, place, value), ("hold", layer, place, is_held)."""


@dataclass
class Record:
    """What a run began with, and what was done since.

    Parameters
    ----------
    begun : Settings
        The settings at the beginning.
    events : list of Event
        What was done, in order.
    is_whole : bool
        Whether nothing is missing, since there was too much.
    """

    begun: Settings
    events: list[Event] = field(default_factory=list)
    is_whole: bool = True

    def add(self, *event: Any) -> None:
        """Add what was done; what is done on and on is one event."""
        last = self.events[-1] if self.events else ()
        if event[0] == "train":
            if event[2] == 0:
                return
            if last[:2] == event[:2]:
                self.events[-1] = (*event[:2], last[2] + event[2])
                return
        elif last[:-1] == event[:-1]:
            self.events[-1] = event
            return
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)
        else:
            self.is_whole = False
