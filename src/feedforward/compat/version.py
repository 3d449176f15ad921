"""Which version a program was written for: what a version did differently follows it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Version", "VERSIONS", "written_for", "write_for"]


@dataclass(frozen=True)
class Version:
    """A version that a program was written for.

    Parameters
    ----------
    name : str
        What ``--as`` calls it.
    tensorflow : tuple of int
        TensorFlow's version.
    keras : tuple of int
        Keras's version, as the program imports it.
    """

    name: str
    tensorflow: tuple[int, int]
    keras: tuple[int, int]


VERSIONS = {
    version.name: version
    for version in (
        Version("tf0.12", (0, 12), (1, 2)),
        Version("tf1.4", (1, 4), (2, 1)),
        Version("tf1.15", (1, 15), (2, 3)),
        Version("tf2.0", (2, 0), (2, 3)),
        Version("keras1", (0, 12), (1, 2)),
        Version("keras2", (1, 12), (2, 2)),
    )
}
"""The versions to choose from; the one is like those near it."""

_written_for = VERSIONS["tf1.15"]


def written_for() -> Version:
    """Return the version that the program was written for."""
    return _written_for


def write_for(name: str) -> None:
    """Choose the version that the program was written for.

    Raises
    ------
    ValueError
        If there is no such version.
    """
    global _written_for
    if name not in VERSIONS:
        raise ValueError(f"version {name!r} is not known. Known: {', '.join(VERSIONS)}.")
    _written_for = VERSIONS[name]
