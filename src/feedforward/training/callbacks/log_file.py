"""A log file: what grows line by line, and is cut back to where it was when training goes on from a backup."""

from __future__ import annotations

import os
from pathlib import Path

from feedforward.errors import DataError

__all__ = ["LogFile"]


class LogFile:
    """A file that is written at its end.

    Parameters
    ----------
    path : Path
        The file.
    owner : str
        Who writes it, as messages say.

    Attributes
    ----------
    size : int
        Bytes that count. What is behind them, because a process was killed after its last backup or wrote half a line,
        is cut off before more is written.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path, self.owner = path, owner
        self.size = 0

    def begin(self, is_appended: bool) -> None:
        """Make the file if it is not there, and count what it holds if that is to stay.

        Raises
        ------
        FileNotFoundError, OSError
            If its folder is not there, or it cannot be written.
        """
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"{self.owner}: there is no folder {self.path.parent}. Make it first.")
        try:
            with open(self.path, "ab") as file:
                self.size = file.tell() if is_appended else 0
        except OSError as error:
            raise self._failed(error) from error

    def go_on(self, size: int) -> None:
        """Let so many bytes count.

        Raises
        ------
        DataError
            If there are fewer.
        """
        found = self.path.stat().st_size if self.path.exists() else 0
        if found < size:
            raise DataError(
                f"{self.owner}: {self.path} has {found:,} bytes, and had {size:,} when the backup was written. Put the "
                f"file back, or delete the backup to begin anew."
            )
        self.size = size

    def head(self) -> bytes:
        """Return the first line of what counts."""
        with open(self.path, "rb") as file:
            return file.readline(self.size).rstrip(b"\r\n")

    def line_end(self) -> bytes:
        """Return what ends the last line of what counts, so that a new one may follow: nothing, unless it was cut."""
        if not self.size:
            return b""
        with open(self.path, "rb") as file:
            file.seek(self.size - 1)
            return b"" if file.read(1) == b"\n" else b"\n"

    def write(self, content: bytes) -> None:
        """Write at the end of what counts.

        Raises
        ------
        OSError
            If the disk is full, or the file cannot be written; then as much counts as before.
        """
        try:
            # Opened each time: between two lines of an epoch there is time enough, and nothing stays open or buffered.
            with open(self.path, "r+b" if self.path.exists() else "wb") as file:
                if file.seek(0, os.SEEK_END) > self.size:
                    file.truncate(self.size)
                    file.seek(self.size)
                end = file.tell() + len(content)
                file.write(content)
        except OSError as error:
            raise self._failed(error) from error
        self.size = end

    def keep(self) -> int:
        """Bring the file to the disk, since a backup is to say how much of it counts; returns that."""
        if self.path.exists():
            with open(self.path, "rb") as file:
                os.fsync(file.fileno())
        return self.size

    def _failed(self, error: OSError) -> OSError:
        return type(error)(
            f"{self.owner}: {self.path} cannot be written: {error.strerror}. Make room, or give another file."
        )
