"""Files that are there whole or not at all: what a kill at any moment leaves is the old content or the new one.

Models, reports, predictions and downloads are written so. Not here: what stands in them.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

from feedforward.interrupts import held_interrupts

if sys.platform != "win32":
    import fcntl

__all__ = ["check_target", "write_bytes", "destination"]

_TEMPORARY = re.compile(r"\.feedforward-[0-9a-f]{16}\.tmp")
"""Names of files that are being written. Their length does not depend on the file's own, which may be the longest."""


def check_target(path: Path, caller: str, example: str) -> None:
    """Check that a file can be put in a place, before its content is made.

    Parameters
    ----------
    path : Path
        The place.
    caller : str
        What messages begin with: ``"save"``.
    example : str
        A name that the user could give.

    Raises
    ------
    IsADirectoryError, FileNotFoundError
        If the path is a folder, or its folder is not there.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{caller}: {path} is a folder. Give the name of a file, such as {example}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{caller}: there is no folder {path.parent}. Make it first.")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes in place of what a file holds.

    Parameters
    ----------
    path : Path
        The file, or a symbolic link to it, which stays. Its folder exists.
    content : bytes
        All that it is to hold.

    Raises
    ------
    OSError
        If it cannot be written, see `destination`; then the file is as it was, and nothing else is left.

    Notes
    -----
    The content goes to a new file in the same folder, is brought to the disk, and then takes the place of the old file
    in one step. The new file has the owner, group and mode of the old one as far as this process may give them away,
    but no set-user-id bit and no access list; where there was none, those of any new file of this process. Other names
    of the old file (hard links) keep the old content.

    What a killed process left half written is deleted by the next write to the folder, also by another process: a
    writer holds a lock on its temporary file, so one that can be locked has no writer any more. Where the system has
    no such locks (Windows, some network folders), it stays.
    """
    with held_interrupts():  # between the moment a file is there and the one from which it is looked after
        target, old = destination(path)
        _sweep(target.parent)
        try:
            _replace(target, content, old)
        except PermissionError as error:
            raise PermissionError(
                f"{path} cannot be written: the folder {target.parent} does not let a new file take its place"
                f" ({error.strerror}). A file is written whole or not at all. Make the folder writable or give another."
            ) from error
        except OSError as error:
            if error.errno is not None and error.filename is None:  # that of a full disk names no file
                error.filename = str(path)
            raise
        _keep_name(target.parent)


def destination(path: Path) -> tuple[Path, os.stat_result | None]:
    """Return the file that is replaced when `path` is written, symbolic links followed, and its state if it exists.

    Raises
    ------
    IsADirectoryError, FileNotFoundError
        If it is a folder, or its folder is not there.
    PermissionError
        If the file is write-protected.
    OSError
        If it is a device, a pipe or a socket, or cannot be found: links in a circle, a name that is too long.
    """
    # Asked before the links are read: the system refuses a link that somebody else left in a shared folder (Linux,
    # protected_symlinks), and knows what /dev/stdout leads to, which has no name of its own when it is a pipe.
    try:
        old = os.stat(path)
    except FileNotFoundError:
        target = Path(os.path.realpath(path))
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"{path} cannot be written: there is no folder {target.parent}. Make it first."
            ) from None
        return target, None
    except OSError as error:
        raise type(error)(f"{path} cannot be written: {error.strerror}. Give another name.") from error
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(f"{path} cannot be written: it is a folder. Give the name of a file.")
    target = Path(os.path.realpath(path))
    if not stat.S_ISREG(old.st_mode) or not target.exists():  # a file that was deleted can still be open
        raise OSError(
            f"{path} cannot be written: it is no regular file but a device, a pipe or a socket, or was deleted. Give"
            " the name of a file."
        )
    try:
        os.close(os.open(target, os.O_WRONLY))  # as `open` would: it knows access lists and read-only disks, too
    except OSError as error:
        raise type(error)(
            f"{path} cannot be written: {error.strerror}. Make it writable, or give another name."
        ) from error
    return target, old


def _replace(target: Path, content: bytes, old: os.stat_result | None) -> None:
    """Write a new file and put it in the place of `target`, of which `old` is the state."""
    temporary, handle = _new_file(target.parent, 0o666 if old is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if old is not None:
                _give_access(handle, old)
            os.fsync(handle)
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there
            # Elsewhere it stays open, and so locked, until it is no longer a temporary file.
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _new_file(folder: Path, mode: int) -> tuple[Path, int]:
    """Return a new file, locked as long as it is open, and its handle."""
    while True:
        path = folder / f".feedforward-{secrets.token_hex(8)}.tmp"
        # Not tempfile.mkstemp, whose files only their owner may read, whatever the umask says.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        if _lock(handle) and path.exists():
            return path, handle
        os.close(handle)  # swept by another process before it was locked
        path.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    """Lock a file as long as it is open; return whether no other process has locked it."""
    if sys.platform != "win32":
        try:
            # Without waiting: whoever may read the file may lock it, and could hold a save up for ever.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a disk without locks, where nobody can sweep
            pass
    return True


def _give_access(handle: int, old: os.stat_result) -> None:
    """Give a new file the owner, group and mode of the one it will replace."""
    if sys.platform == "win32":
        return
    new = os.fstat(handle)
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if new.st_uid != old.st_uid:
        with suppress(OSError):  # only root gives files away; the writer's own then
            os.fchown(handle, old.st_uid, -1)
    if new.st_gid != old.st_gid:
        try:
            os.fchown(handle, -1, old.st_gid)
        except OSError:
            mode &= ~0o070 | (mode & 0o007) << 3  # another group: it may do what everybody may, no more
    with suppress(OSError):  # a disk without modes; else the file stays the writer's alone
        os.fchmod(handle, mode)


def _sweep(folder: Path) -> None:
    """Delete the temporary files in a folder that are this user's and nobody writes to any more."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):  # being written, or gone
                    _delete_left(entry.path)


def _delete_left(path: str) -> None:
    """Delete a temporary file of this user; an OSError if it is locked."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.geteuid() in (0, os.fstat(handle).st_uid):
            # Locked while it is deleted: so a writer that is about to lock it sees that it is gone.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
    finally:
        os.close(handle)


def _keep_name(folder: Path) -> None:
    """Bring a folder's list of names to the disk, so that a power cut cannot undo the replacement."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # the file is written; a folder that cannot be read, or a system without this, is no fault
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
