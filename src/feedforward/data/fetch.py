"""A data set's files: found on this machine or downloaded, and never used unchecked.

A file is looked for in three places, in this order:

1. the folder that the environment variable ``FEEDFORWARD_DATA`` names;
2. the user's cache, ``$XDG_CACHE_HOME/feedforward`` or ``~/.cache/feedforward``;
3. the mirrors, from which it is downloaded into the cache.

In the first two it may also lie unpacked. Whichever it is, the content has the SHA-256 sum that the data set's row
states, so the place cannot change a result.
Here: bytes that are right. Not here: what they mean (``idx``, ``datasets``).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from feedforward.atomic import write_bytes
from feedforward.errors import DataError

__all__ = ["RemoteFile", "cache_folder", "read_file", "fault_of"]

_TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set.

    Parameters
    ----------
    path : str
        Its place below the data folder and below the cache: ``"mnist/t10k-labels-idx1-ubyte.gz"``.
    size : int
        Its length in bytes.
    sha256 : str
        The SHA-256 sum of its content, 64 hexadecimal digits.
    unpacked : RemoteFile or None
        The same file as ``gunzip`` leaves it, which serves as well.
    """

    path: str
    size: int
    sha256: str
    unpacked: RemoteFile | None = None


def cache_folder() -> Path | None:
    """Return the folder in which downloads are kept, whether or not it exists; None for a user without a home.

    A path that is not absolute is none (XDG Base Directory Specification): it would mean the working folder's.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # nobody knows where it is
            return None
    return base / "feedforward" if base.is_absolute() else None


def read_file(file: RemoteFile, mirrors: tuple[str, ...]) -> bytes:
    """Return the content of `file`, downloaded first if this machine does not have it.

    Parameters
    ----------
    file : RemoteFile
        What to read.
    mirrors : tuple of str
        Addresses of folders that hold the file under the last part of its path, each ending in a slash; tried in turn.

    Returns
    -------
    bytes
        Content whose SHA-256 sum is ``file.sha256``.

    Raises
    ------
    DataError
        If the file in ``FEEDFORWARD_DATA`` has another sum, or if no place has the file: the message lists all of them.

    Notes
    -----
    A damaged file in ``FEEDFORWARD_DATA`` is the user's and an error; one in the cache is ours and downloaded anew.
    """
    tried = []
    folder = os.environ.get("FEEDFORWARD_DATA")
    if folder:
        for path, kind in _places(Path(os.path.expanduser(folder)), file):
            try:
                content = _content(path, kind)
            except DataError as error:
                raise DataError(
                    f"{path}: {error}. Replace the file, or unset FEEDFORWARD_DATA to download it."
                ) from error
            if content is not None:
                return content
        also = ", packed or unpacked," if file.unpacked else ""
        tried.append(
            f"{Path(os.path.expanduser(folder)) / file.path} (no such file{also} in the folder FEEDFORWARD_DATA)"
        )
    else:
        tried.append("the folder FEEDFORWARD_DATA (not set)")

    cache = cache_folder()
    if cache is None:
        tried.append("the user's cache (neither XDG_CACHE_HOME nor HOME is an absolute path)")
        mirrors = ()
    else:
        cached = cache / file.path
        faults = []
        for path, kind in _places(cache, file):
            try:
                content = _content(path, kind)
                if content is not None:
                    return content
            except DataError as error:
                faults.append(f"{path} ({error})")
        tried += faults or [f"{cached} (no such file in the cache)"]

    import http.client  # by which an import of the package would take a tenth longer; few programs come this far

    for mirror in mirrors:
        address = mirror + file.path.rpartition("/")[2]
        try:
            return _download(address, cached, file)
        except (OSError, ValueError, http.client.HTTPException) as error:  # a redirection can be no address at all
            tried.append(f"{address} ({str(error) or type(error).__name__})")
    raise DataError(
        f"{file.path} is in none of these places: {'; '.join(tried)}. Expected {file.size} bytes with sha256"
        f" {file.sha256}. Connect to the internet with a cache that can be written,"
        f" or set FEEDFORWARD_DATA to a folder that holds {file.path}."
    )


def _places(folder: Path, file: RemoteFile) -> list[tuple[Path, RemoteFile]]:
    """Return where in a folder a file may lie, and what its content must be there."""
    places = [(folder / file.path, file)]
    if file.unpacked is not None:
        # Some programs that unpack write train-images.idx3-ubyte: a dot for the dash.
        names = (file.unpacked.path, file.unpacked.path.replace("-idx", ".idx"))
        places += [(folder / name, file.unpacked) for name in names]
    return places


def _content(path: Path, file: RemoteFile) -> bytes | None:
    """Return the content of a file, None where there is none; DataError if it cannot be read or is another."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as opened:
            content = opened.read(file.size + 1)  # a longer one is wrong already
    except OSError as error:
        raise DataError(f"it cannot be read ({error.strerror})") from error
    if fault := fault_of(content, file):
        raise DataError(fault)
    return content


def fault_of(content: bytes, file: RemoteFile) -> str:
    """Return what is wrong with `content`, "" if it is the file's."""
    digest = hashlib.sha256(content).hexdigest()
    if digest == file.sha256:
        return ""
    return f"{len(content)} bytes with sha256 {digest}, expected {file.size} with {file.sha256}"


def _download(address: str, destination: Path, file: RemoteFile) -> bytes:
    """Return what `address` holds, having put it at `destination` in one step, and only if its sum is right."""
    import urllib.request  # see `read_file`

    destination.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as response:
        content: bytes = response.read(file.size + 1)  # a longer answer is wrong already
    if fault := fault_of(content, file):
        raise DataError(fault)
    write_bytes(destination, content)
    return content
