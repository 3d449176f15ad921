"""Object code on disk, so that a program is compiled once and not in every process.

A file is named by a hash of all that its code depends on: the program's text, the processor, the versions of LLVM and
of this package's own source. A file that cannot be written or read is as good as none.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import llvmlite

from feedforward.compiler.target import Target
from feedforward.graph.program import Program
from feedforward.graph.text import to_text

_LARGEST = 256 * 2**20
"""Bytes that the folder may hold; beyond it the files used longest ago are deleted."""


def folder() -> Path:
    """Return where code is kept: ``feedforward/code`` in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "feedforward" / "code"


def code_key(program: Program, target: Target) -> str:
    """Return the name of a program's code for a processor."""
    parts = (to_text(program), repr(target), llvmlite.__version__, _own_source())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_code(key: str) -> bytes | None:
    """Return the code called `key`, or None when there is none."""
    try:
        path = folder() / f"{key}.o"
        content = path.read_bytes()
        digest, code = content[:32], content[32:]
        if hashlib.sha256(code).digest() != digest:
            return None
        os.utime(path)
        return code
    except OSError:
        return None


def write_code(key: str, code: bytes) -> None:
    """Keep code, with its checksum before it, all at once; make room when the folder is full."""
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        temporary = place / f"{key}.{os.getpid()}.tmp"
        temporary.write_bytes(hashlib.sha256(code).digest() + code)
        os.replace(temporary, place / f"{key}.o")
        files = sorted(((file.stat(), file) for file in place.glob("*.o")), key=lambda item: item[0].st_mtime)
        excess = sum(stat.st_size for stat, _ in files) - _LARGEST
        for stat, file in files:
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            excess -= stat.st_size
    except OSError:
        return


@cache
def _own_source() -> str:
    """Return a hash of the source that turns programs into code."""
    root = Path(__file__).parent.parent
    files = sorted([*(root / "compiler").glob("*.py"), *(root / "ops").glob("*.py"), *(root / "graph").glob("*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
