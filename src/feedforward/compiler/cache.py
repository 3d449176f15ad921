"""Object code on disk, so that a program is compiled once and not in every process.

A file is named by a hash of all that its code depends on: the program's text, the processor, the versions of LLVM and
of this package's own source. A file that cannot be written or read is as good as none.

What is read is run. So it is read only from a folder and a file that nobody else can have written to
(``ownership.py``), and only under the key it was written for. The checksum is against accidents; against others stand
the owners and modes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from feedforward.compiler.target import Target
from feedforward.graph.program import Program
from feedforward.graph.text import to_text
from feedforward.interrupts import held_interrupts
from feedforward.ownership import Folder, NotOursError, open_folder

__all__ = ["code_key", "text_key", "read_code", "write_code"]

_FOLDERS = ("feedforward", "code")
"""Where code is kept in the user's folder of caches."""

_LARGEST = 256 * 2**20
"""Bytes that the folder may hold; beyond it the files used longest ago are deleted."""

_WRITES = 16
"""One in so many writes looks whether the folder is too full: that takes long where there are thousands of files."""

_LEFT_SECONDS = 3600
"""A file that has been half written for so long was left by a process that was killed."""

_DIGEST_BYTES = hashlib.sha256().digest_size

_is_told = False
"""Whether this process has told its user that no code is kept."""


def code_key(program: Program, target: Target) -> str:
    """Return the name of a program's code for a processor: by what it computes, not by what its parts are called."""
    return text_key(target, to_text(program, has_names=False), str((program.numbers, sorted(program.kept))))


def text_key(target: Target, *texts: str) -> str:
    """Return the name of the code for a processor that is made of these texts."""
    parts = (*texts, repr(target), llvmlite.__version__, repr(llvm.llvm_version_info), _own_source())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_code(key: str) -> bytes | None:
    """Return the code called `key`, or None when there is none."""
    with _done_without() as closing:
        if base := _base():
            folder = open_folder(base, _FOLDERS, closing)
            content = folder.read(f"{key}.o", _LARGEST)
            digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
            if digest == _digest(key, code):
                with suppress(OSError):
                    folder.touch(f"{key}.o")
                return code
    return None


def write_code(key: str, code: bytes) -> None:
    """Keep code, with a checksum of it and its key before it, all at once; make room when the folder is full."""
    with _done_without() as closing:
        if base := _base():
            folder = open_folder(base, _FOLDERS, closing, is_made=True)
            folder.write(f"{key}.o", _digest(key, code) + code)
            if os.urandom(1)[0] % _WRITES == 0:
                _make_room(folder)


def _base() -> str | None:
    """Return the user's folder of caches, not always an absolute path; None for a user without a home."""
    try:
        # The XDG Base Directory Specification takes an empty name for none. An empty HOME is a mistake: it is told of.
        return os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", Path.home()), ".cache")
    except RuntimeError:
        return None


@contextmanager
def _done_without() -> Iterator[ExitStack]:
    """Let what fails inside be as if there were no code; yields what closes folders at the end.

    That there is no home, no room or no right to write is silent: nothing is wrong, and programs only start later. A
    folder that another user may have written to is told of, since what stands there would be run; but once, not for
    each program.
    """
    global _is_told
    try:
        # A descriptor must be noted before Ctrl-C. None of this waits for anybody, so a second one can wait, too.
        with held_interrupts(also_second=True), ExitStack() as closing:
            yield closing
    except OSError:
        pass
    except NotOursError as fault:
        if not _is_told:
            _is_told = True
            # Not a warning, which -W error would make an exception: programs run as well without kept code.
            logging.getLogger("feedforward").warning(
                "machine code is not kept on disk, below XDG_CACHE_HOME or else HOME: %s", fault
            )


def _digest(key: str, code: bytes) -> bytes:
    """Return a checksum of code and of its key, so that code under another key's name is as good as damaged."""
    return hashlib.sha256(hashlib.sha256(key.encode()).digest() + code).digest()


def _make_room(folder: Folder) -> None:
    """Delete what was left half written, and what was used longest ago when there is too much."""
    files = sorted((status.st_mtime, status.st_size, name) for name, status in folder.files())
    excess = sum(size for _, size, _ in files) - _LARGEST
    for used, size, name in files:
        is_left = name.endswith(".tmp") and time.time() - used > _LEFT_SECONDS
        if is_left or (name.endswith(".o") and excess > 0):
            with suppress(FileNotFoundError):  # another process makes room, too
                folder.delete(name)
            excess -= size


@cache
def _own_source() -> str:
    """Return a hash of the source that turns programs into code."""
    root = Path(__file__).parent.parent
    files = sorted([*(root / "compiler").glob("*.py"), *(root / "ops").glob("*.py"), *(root / "graph").glob("*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
