"""``keras.utils.get_file``: the files that programs download, where this machine has them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from feedforward.compat.names import provided

__all__: list[str] = []


@provided("keras.utils.get_file", "keras.utils.data_utils.get_file")
def get_file(
    fname: str,
    origin: str,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str = "auto",
    cache_dir: Any = None,
) -> str:
    """Return the path of a file that Keras downloaded, if it is there: nothing of a program's choice is downloaded.

    Parameters
    ----------
    fname : str
        Its name, or an absolute path.
    origin : str
        Where Keras downloaded it from.
    md5_hash, file_hash : str, optional
        Its digest, MD5 or SHA-256, compared.
    cache_subdir, cache_dir : path
        Where Keras kept it, by default ``~/.keras/datasets``; the folder ``FEEDFORWARD_DATA`` is looked into first.
    untar, extract, archive_format
        Refused where an archive was to be unpacked.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If it is to be unpacked, or its digest is another.
    """
    if untar or extract:
        raise ValueError(f"get_file({fname!r}): archives are not unpacked. Unpack it yourself, and give the path.")
    folders = [Path(os.path.expanduser(os.fspath(cache_dir or "~/.keras"))) / cache_subdir]
    given = os.environ.get("FEEDFORWARD_DATA")
    folders[:0] = [Path(os.path.expanduser(given))] if given else []
    places = [folder / fname for folder in folders]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"get_file: {fname} is not there, and nothing is downloaded for a program. Download {origin} to "
            f"{places[-1]}."
        )
    digest = file_hash or md5_hash
    if digest is not None:
        kind = "sha256" if len(digest) == 64 else "md5"
        real = hashlib.new(kind, found.read_bytes(), usedforsecurity=False).hexdigest()
        if real != digest:
            raise ValueError(f"get_file: {found} has the {kind} {real}. Expected {digest}: replace the file.")
    return str(found)
