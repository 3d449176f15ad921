"""Object code on disk, so that a program is compiled once and not in every process.

A file is named by a hash of all that its code depends on: the program's text, the processor, the versions of LLVM and
of this package's own source. A file that cannot be written or read is as good as none.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from feedforward.compiler.target import Target
from feedforward.graph.program import Program
from feedforward.graph.text import to_text

_LARGEST = 256 * 2**20
"""Bytes that the folder may hold; beyond it the files used longest ago are deleted."""

_WRITES = 16
"""One in so many writes looks whether the folder is too full: that takes long where there are thousands of files."""

_LEFT_SECONDS = 3600
"""A file that has been half written for so long was left by a process that was killed."""


def folder() -> Path | None:
    """Return where code is kept: ``feedforward/code`` in the user's cache; None for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "feedforward" / "code"
    except RuntimeError:
        return None


def code_key(program: Program, target: Target) -> str:
    """Return the name of a program's code for a processor."""
    parts = (to_text(program), repr(target), llvmlite.__version__, repr(llvm.llvm_version_info), _own_source())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_code(key: str) -> bytes | None:
    """Return the code called `key`, or None when there is none."""
    place = folder()
    if place is None:
        return None
    try:
        if not _is_private(place):
            return None
        path = place / f"{key}.o"
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    if digest != _digest(key, code):
        return None
    with suppress(OSError):
        os.utime(path)
    return code


def write_code(key: str, code: bytes) -> None:
    """Keep code, with a checksum of it and its key before it, all at once; make room when the folder is full."""
    place = folder()
    if place is None:
        return
    with suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(place):
            _replace(place / f"{key}.o", _digest(key, code) + code)
            if os.urandom(1)[0] % _WRITES == 0:
                _make_room(place)


def _digest(key: str, code: bytes) -> bytes:
    """Return a checksum of code and of its key, so that code under another key's name is as good as damaged."""
    return hashlib.sha256(hashlib.sha256(key.encode()).digest() + code).digest()


def _is_private(place: Path) -> bool:
    """Return whether nobody else can have put code there: it is going to be run."""
    if not hasattr(os, "getuid"):
        return True  # such a system lets nobody else into a user's folders
    found = place.stat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _replace(path: Path, content: bytes) -> None:
    """Write a file all at once. What a crash leaves of it need not be whole, for it has a checksum."""
    handle, name = tempfile.mkstemp(".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _make_room(place: Path) -> None:
    """Delete what was left half written, and what was used longest ago when there is too much."""
    files = []
    with os.scandir(place) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another process makes room, too
                found = entry.stat()
                files.append((found.st_mtime, found.st_size, entry.name))
    files.sort()
    excess = sum(size for _, size, _ in files) - _LARGEST
    for used, size, name in files:
        is_left = name.endswith(".tmp") and time.time() - used > _LEFT_SECONDS
        if is_left or (name.endswith(".o") and excess > 0):
            (place / name).unlink(missing_ok=True)
            excess -= size


@cache
def _own_source() -> str:
    """Return a hash of the source that turns programs into code."""
    root = Path(__file__).parent.parent
    files = sorted([*(root / "compiler").glob("*.py"), *(root / "ops").glob("*.py"), *(root / "graph").glob("*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
