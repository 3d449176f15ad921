"""The processor that code is made for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """A processor.

    Parameters
    ----------
    triple : str
        What LLVM calls its family, its system and the form of their files.
    cpu : str
        LLVM's name of it.
    features : str
        LLVM's list of what it can do.
    registers : int
        How many vector registers it has.
    register_bytes : int
        Their size.
    cache_bytes : int
        What the second cache of a core holds.
    """

    triple: str
    cpu: str
    features: str
    registers: int
    register_bytes: int
    cache_bytes: int = 1 << 20
