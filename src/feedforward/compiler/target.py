"""The processor that code is made for."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """A processor.

    Parameters
    ----------
    cpu : str
        LLVM's name of it.
    features : str
        LLVM's list of what it can do.
    registers : int
        How many vector registers it has.
    register_bytes : int
        Their size.
    """

    cpu: str
    features: str
    registers: int
    register_bytes: int = 64
