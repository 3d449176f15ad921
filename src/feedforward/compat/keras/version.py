"""Which version of Keras a program is told that it runs on."""

from __future__ import annotations

from feedforward.compat.names import Late, provide
from feedforward.compat.version import written_for

__all__ = ["__version__"]

_LAST = {(1, 2): "1.2.2", (2, 1): "2.1.6", (2, 2): "2.2.4", (2, 3): "2.3.1"}


def __version__() -> str:
    """Return the last version like the one that the program was written for."""
    return _LAST.get(written_for().keras, ".".join(map(str, written_for().keras)))


provide(Late(__version__), "keras.__version__")
