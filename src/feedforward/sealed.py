"""Sealed files: what models and backups are kept in, and the gate that everything from such a file passes first.

The format is safetensors: a header, then the raw numbers. The header's metadata holds a description as JSON, and in it
a digest of all that the file holds. Nothing in it is executed. Not here: what a description means.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from feedforward.errors import FormatError
from feedforward.graph.node import Array

__all__ = ["LONGEST_HEADER", "MOST_TENSORS", "Seal", "digest_of", "header_length", "one_line", "read_file"]

MOST_TENSORS = 20_000
"""Of a model: its weights, and the optimizer's state of each."""

LONGEST_HEADER = 2**24
"""Bytes of a header: read as JSON, it takes some twenty times as much memory."""


class Seal:
    """One kind of sealed files.

    Parameters
    ----------
    key : str
        What the description stands under in the metadata.
    kind : str
        What messages call such a file: ``"feedforward model"``.
    writer : str
        Who writes it, for messages: ``"save()"``.
    version : int
        Of the format as it is written; it and those before it are read.
    """

    def __init__(self, key: str, kind: str, writer: str, version: int) -> None:
        self.key, self.kind, self.writer, self.version = key, kind, writer, version

    def pack(self, header: dict[str, Any], tensors: dict[str, Array]) -> bytes:
        """Return a file's content; the header holds what JSON gives back as it is."""
        return write_tensors(tensors, {self.key: json.dumps(header | {"digest": digest_of(header, tensors)})})

    def unpack(self, source: str, content: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return header and tensors of a file; format and sizes are checked before anything is made of them.

        Parameters
        ----------
        source : str
            Where it is from, as messages call it.
        content : bytes
            What `pack` returned, or what somebody made to look like it.

        Raises
        ------
        FormatError
            If it is no such file, is damaged, or asks for too much.
        """
        try:
            length = header_length(content)
            if length > LONGEST_HEADER:
                raise FormatError(f"its header has {length:,} bytes, more than {LONGEST_HEADER:,}")
            outer = json.loads(content[8 : 8 + length].decode())
            if len(outer) > MOST_TENSORS:
                raise FormatError(f"it has {len(outer):,} tensors, more than {MOST_TENSORS:,}")
            text = outer["__metadata__"][self.key]
            tensors = read_tensors(content)
            header = json.loads(text)
        except Exception as error:
            raise FormatError(
                f"{source} is no {self.kind}, or is damaged ({one_line(str(error))}). Give a file that {self.writer} "
                f"wrote."
            ) from error
        version = header.get("version") if isinstance(header, dict) else None
        if type(version) is not int or version not in range(1, self.version + 1):
            raise FormatError(
                f"{source} has format version {one_line(repr(version))}. This release reads versions 1 to "
                f"{self.version}: install another."
            )
        given = header.pop("digest", None)
        try:
            digest = digest_of(header, tensors)
        except RecursionError:  # JSON is read somewhat deeper than it is written
            raise FormatError(f"{source} cannot be loaded: its description is nested too deeply.") from None
        if given != digest:
            raise FormatError(
                f"{source} cannot be loaded: what it holds is not what was saved. Fetch or save it again."
            )
        return header, tensors


def read_file(path: Path, caller: str, what: str) -> bytes:
    """Return what a file holds; `what` is what messages call such a file.

    Raises
    ------
    IsADirectoryError, FileNotFoundError
        If there is a folder or nothing.
    FormatError
        If it is a pipe, a device or a socket.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{caller}: {path} is a folder. Give the name of {what}.")
    if not path.exists():
        raise FileNotFoundError(f"{caller}: there is no file {path}. Check the name.")
    if not path.is_file():  # a pipe may never end, nor /dev/zero
        raise FormatError(f"{caller}: {path} is no regular file. Give the name of {what}.")
    return path.read_bytes()


def header_length(content: bytes) -> int:
    """Return how many bytes the header of a file has, by its own word."""
    return int.from_bytes(content[:8], "little")


def digest_of(header: dict[str, Any], tensors: dict[str, Array]) -> str:
    """Return the SHA-256 of the header, and of names, dtypes, shapes and bytes in the order of the names."""
    digest = hashlib.sha256()
    if header["version"] > 1:
        digest.update(json.dumps(header, sort_keys=True).encode())
    for name, array in sorted(tensors.items()):
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def one_line(text: str) -> str:
    """Return a text on one line, its end left out when it is long."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= 300 else f"{line[:300]} ..."
