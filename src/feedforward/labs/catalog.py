"""Which labs there are: each folder here with a ``LAB``, in the order of the page's tabs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from feedforward.labs.lab import Lab
from feedforward.labs.lessons import Lesson, read_lessons

__all__ = ["Room", "rooms"]

_FIRST = ("playground", "linear", "backprop", "digits")
"""The tabs in the order in which a course takes them; others follow by name."""


@dataclass(frozen=True)
class Room:
    """A lab's folder."""

    name: str
    lab: type[Lab]
    folder: Traversable
    lessons: Mapping[str, Lesson]


@cache
def rooms() -> dict[str, Room]:
    """Return the labs' folders by name, in the order of the tabs."""
    here = files("feedforward.labs")
    names = [one.name for one in here.iterdir() if one.is_dir() and (one / "lessons.json").is_file()]
    names.sort(key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    found = {}
    for name in names:
        lab: type[Lab] = importlib.import_module(f"feedforward.labs.{name}").LAB
        found[name] = Room(name, lab, here / name, read_lessons(here / name))
    return found
