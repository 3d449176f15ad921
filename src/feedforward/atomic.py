"""Files that are there whole or not at all: what a kill at any moment leaves is the old content or the new one.

Models, reports, predictions and downloads are written so. Not here: what stands in them.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes in place of what a file holds.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    content : bytes
        All that it is to hold.

    Raises
    ------
    OSError
        If it cannot be written; then the file is as it was, and nothing else is left.

    Notes
    -----
    The content goes to a new file in the same folder, with the permissions that any new file of this process has, is
    brought to the disk, and then takes the place of the old file in one step.
    """
    # Not tempfile.mkstemp, whose files only their owner may read, whatever the umask says.
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
