"""The parts of the benchmark, one file each; `PARTS` is the order in which they run and stand on the page."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.linear.problems import PROBLEMS
from benchmarks.networks import NETWORKS
from benchmarks.outside import KINDS
from benchmarks.peers import PEERS
from benchmarks.tables.problems import TABLES

PARTS = (
    "training",
    "own_loops",
    "deep",
    "long",
    "products",
    "curve",
    "loaded",
    "inference",
    "rows",
    "old_programs",
    "labs",
    "startup",
    "linear",
    "tables",
    "mlp",
    "many",
    "served",
    "unrolled",
)


@dataclass(frozen=True)
class Settings:
    """What the command line may narrow.

    Parameters
    ----------
    rounds : int
        Turns of each peer.
    networks, peers, programs, problems, tables : tuple of str
        Names.
    """

    rounds: int = 7
    networks: tuple[str, ...] = tuple(NETWORKS)
    peers: tuple[str, ...] = tuple(PEERS)
    programs: tuple[str, ...] = tuple(KINDS)
    problems: tuple[str, ...] = PROBLEMS
    tables: tuple[str, ...] = tuple(TABLES)


class Part(Protocol):
    """A part's file."""

    def measure(self, settings: Settings) -> dict[str, Any]:
        """Return what was measured, as JSON holds it."""

    def figures(self, raw: dict[str, Any]) -> dict[str, float | str]:
        """Return a number, or why there is none, for each key of `targets.TARGETS` that was measured."""

    def render(self, raw: dict[str, Any]) -> str:
        """Return the part's section of the page, in Markdown, beginning with its heading."""


def load_part(name: str) -> Part:
    """Return a part's file, imported."""
    part: Part = importlib.import_module(f"benchmarks.parts.{name}")
    return part
