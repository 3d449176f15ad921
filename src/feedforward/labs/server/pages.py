"""The files of the page, read once at the start: an address is a key of a table, never a path that is opened."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from feedforward.labs.catalog import rooms

__all__ = ["pages"]

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def pages() -> dict[str, tuple[bytes, str]]:
    """Return content and type of each file of the page, by its address: the shell's, and those of each lab."""
    here = files("feedforward.labs")
    found = dict(_within(here / "page", "/page"))
    found["/"] = found["/page/index.html"]
    for room in rooms().values():
        found.update(_within(room.folder / "page", f"/labs/{room.name}"))
        found[f"/labs/{room.name}/words.json"] = ((room.folder / "words.json").read_bytes(), _TYPES[".json"])
    return found


def _within(folder: Traversable, address: str) -> Iterator[tuple[str, tuple[bytes, str]]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _within(one, f"{address}/{one.name}")
            continue
        kind = _TYPES.get(one.name[one.name.rfind(".") :])
        if kind is not None:
            yield f"{address}/{one.name}", (one.read_bytes(), kind)
