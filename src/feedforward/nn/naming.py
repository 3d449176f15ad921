"""What layers and inputs are called: names that may be given, and those that they have by default."""

from __future__ import annotations

from functools import partial
from typing import Any

from feedforward.undo import on_error

__all__ = ["check_name", "count_name", "new_name"]

_counts: dict[str, int] = {}
"""How many names of a kind were given."""


def check_name(owner: str, name: Any) -> None:
    """Check what something is to be called.

    Raises
    ------
    ValueError
        If it is no text, or holds what separates names in files.
    """
    if not isinstance(name, str) or not name or not name.isprintable() or any(sign in name for sign in " /@{}"):
        raise ValueError(f"{owner}(name={name!r}): name must be a str without blanks, /, @, {{, }}. Got {name!r}.")


def new_name(kind: str) -> str:
    """Return a name that no other thing of this kind has by default: ``dense``, then ``dense_1``."""
    number = _counts.get(kind, 0)
    on_error(partial(_free_name, kind, number))
    _counts[kind] = number + 1
    return kind if number == 0 else f"{kind}_{number}"


def _free_name(kind: str, number: int) -> None:
    """Let a name that nothing has in the end be given again, unless others followed it."""
    if _counts.get(kind) == number + 1:
        _counts[kind] = number


def count_name(name: str) -> None:
    """Keep `new_name` from returning a name that was given to something, by a user or in a file."""
    kind, _, end = name.rpartition("_")
    has_number = bool(kind) and end.isascii() and end.isdigit() and not end.startswith("0") and len(end) < 10
    if not has_number:
        kind, end = name, "0"
    _counts[kind] = max(_counts.get(kind, 0), int(end) + 1)
