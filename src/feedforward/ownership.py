"""Folders that nobody else can have written to: a folder is opened so that what stands in it is ours.

Who may be trusted: us, and root, who can do everything anyway. A folder is ours when no one else can put a thing into
it, take one out, or put another folder in its place, and that holds for every folder on the way to it.

Here: opening such a folder, and the files in it. Not here: what the files mean (``compiler/cache.py``).
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NotOursError", "Folder", "open_folder"]

_HAS_OWNERS = hasattr(os, "getuid") and os.open in os.supports_dir_fd
"""Whether the system has owners and modes of files; Windows has neither, and lets nobody else into a user's folders."""

# O_PATH, where there is one, since a folder on the way may be one that we can pass and not list, as /home often is.
_PASSED = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_LISTED = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# O_NONBLOCK, since opening a pipe waits for its other end.
_READ = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_MOST_LINKS = 40
"""As many as Linux follows before it takes them for a circle."""


class NotOursError(Exception):
    """What was found may be another user's. No OSError, since those mean that there is nothing or no room."""


@dataclass(frozen=True)
class Folder:
    """An open folder of ours, and its files by their names.

    Parameters
    ----------
    descriptor : int or None
        The open folder. Names are looked up in it and not along a path, so nothing that happens to the path between
        the check and the use leads elsewhere. None on a system without owners.
    prefix : str
        What to put before a name: nothing, or the path where there is no descriptor.
    """

    descriptor: int | None
    prefix: str = ""

    def read(self, name: str, most: int) -> bytes:
        """Return what a file holds.

        Parameters
        ----------
        name : str
            The file.
        most : int
            Bytes beyond which it is not read.

        Raises
        ------
        NotOursError
            If it is a link or no regular file, another user's, or one that others can write to.
        OSError
            If there is none, or it cannot be read.
        """
        with open(name, "rb", opener=self._open_to_read) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise NotOursError(f"{name!r} is no regular file. Expected one. Delete it.")
            if _HAS_OWNERS:
                _check(found, name, {os.getuid()})
            if found.st_size > most:
                raise OSError(errno.EFBIG, "a file longer than any that was written here", name)
            return file.read(found.st_size)

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place of what has its name, all at once. What a crash leaves of it need not be whole."""
        temporary = f"{secrets.token_hex(8)}.tmp"
        try:
            with open(temporary, "xb", opener=self._open) as file:
                file.write(content)
            paths = self.prefix + temporary, self.prefix + name
            os.replace(*paths, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            with suppress(OSError):
                self.delete(temporary)
            raise

    def touch(self, name: str) -> None:
        """Set the time at which a file was used to now."""
        os.utime(self.prefix + name, dir_fd=self.descriptor)

    def delete(self, name: str) -> None:
        """Delete a file."""
        os.unlink(self.prefix + name, dir_fd=self.descriptor)

    def files(self) -> list[tuple[str, os.stat_result]]:
        """Return name and status of every regular file."""
        found = []
        with ExitStack() as closing:
            place: int | str = self.prefix
            if self.descriptor is not None:
                # Opened anew: one that is only passed cannot be listed, and who lists moves on in a descriptor.
                closing.callback(os.close, place := self._open(".", _LISTED))
            for entry in closing.enter_context(os.scandir(place)):
                if entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):  # another process deletes, too
                        found.append((entry.name, entry.stat(follow_symlinks=False)))
        return found

    def _open_to_read(self, name: str, flags: int) -> int:
        try:
            return self._open(name, flags | _READ)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotOursError(f"{name!r} is a link. Expected a file. Delete it.") from None
            raise

    def _open(self, name: str, flags: int) -> int:
        return os.open(self.prefix + name, flags, 0o600, dir_fd=self.descriptor)


def open_folder(base: str, names: tuple[str, ...], closing: ExitStack, is_made: bool = False) -> Folder:
    """Return a folder, open, which only we can have written to.

    Parameters
    ----------
    base : str
        An absolute path. The folders on it are ours or root's; on the way there may be links that we or root made, and
        folders like ``/tmp`` in which all may write but, being sticky, take away only what is theirs.
    names : tuple of str
        The folders below it, one in another: ours, and no links.
    closing : ExitStack
        What closes it.
    is_made : bool
        Whether to make the folders that are missing, for us alone.

    Raises
    ------
    NotOursError
        If `base` is relative, or another user may have written to a folder or put it there.
    OSError
        If it is not there, or cannot be opened or made.

    Notes
    -----
    Each folder is opened in the one before it, without following a link, and then asked for its owner and mode. So
    what was checked is what is used: no other user can exchange an entry of a folder that they cannot write to, nor,
    in a sticky one, an entry of ours. The system follows no link; we do, by its text and a step at a time.
    """
    if not os.path.isabs(base):
        raise NotOursError(f"{base!r} depends on where a program is started. Expected an absolute path. Set one.")
    if not _HAS_OWNERS:
        path = Path(base, *names)
        if is_made:
            path.mkdir(parents=True, exist_ok=True)
        return Folder(None, f"{path}{os.sep}")
    us = os.getuid()
    here, place = _enter("/", None, closing), "/"
    found = os.fstat(here)
    _check(found, place, {us, 0}, is_sticky_safe=True)
    parts = _parts(base)
    links = 0
    while parts:
        part = parts.pop()
        try:
            there = _enter(part, here, closing, is_made)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
            target = os.readlink(part, dir_fd=here)  # OSError for a file, which is no danger
            # A link is as good as who made it. Where others can write, a second name of one of ours can be put.
            if found.st_mode & _OTHERS_WRITE or os.lstat(part, dir_fd=here).st_uid not in {us, 0}:
                raise NotOursError(
                    f"{os.path.join(place, part)!r} is a link that another user may have made. Expected a folder. Name "
                    f"the folder itself."
                ) from None
            links += 1
            if links > _MOST_LINKS:
                raise
            parts += _parts(target)
            if not target.startswith("/"):
                continue
            there, part = _enter("/", None, closing), "/"
        here, place = there, os.path.join(place, part)
        found = os.fstat(here)
        _check(found, place, {us, 0}, is_sticky_safe=True)
    for name in names:
        place = os.path.join(place, name)
        try:
            here = _enter(name, here, closing, is_made)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise NotOursError(f"{place!r} is a link or a file. Expected a folder. Delete it.") from None
            raise
        _check(os.fstat(here), place, {us})
    return Folder(here)


def _parts(path: str) -> list[str]:
    """Return the names on a path, the last one first. A ``..`` is a name like others, that of the folder above."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _enter(name: str, above: int | None, closing: ExitStack, is_made: bool = False) -> int:
    """Return a folder in another one, open and still to be checked; made if it is missing and to be made."""
    try:
        closing.callback(os.close, descriptor := os.open(name, _PASSED, dir_fd=above))
    except FileNotFoundError:
        if not is_made:
            raise
        with suppress(FileExistsError):  # another process makes it, too
            os.mkdir(name, 0o700, dir_fd=above)
        closing.callback(os.close, descriptor := os.open(name, _PASSED, dir_fd=above))
    return descriptor


def _check(found: os.stat_result, place: str, owners: set[int], is_sticky_safe: bool = False) -> None:
    """Raise NotOursError unless a thing that was opened is one of these users' and nobody else can write to it."""
    is_writable = found.st_mode & _OTHERS_WRITE and not (is_sticky_safe and found.st_mode & stat.S_ISVTX)
    if found.st_uid not in owners or is_writable:
        raise NotOursError(
            f"{place!r} belongs to user {found.st_uid} with mode {stat.S_IMODE(found.st_mode):o}. Expected user "
            f"{' or '.join(map(str, sorted(owners)))}, and nobody else able to write to it. Use chown and "
            f"chmod go-w, or another folder."
        )
