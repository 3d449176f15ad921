"""``tf.gfile`` and ``tf.io.gfile``: files and folders of this machine, by TensorFlow's names and with its errors."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

from feedforward.compat.names import provided
from feedforward.compat.tensorflow.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    NotFoundError,
    PermissionDeniedError,
)

__all__ = ["GFile"]

AnyPath: TypeAlias = str | bytes | os.PathLike[str]


def _names(old: str, new: str) -> tuple[str, ...]:
    return f"tf.gfile.{old}", f"tf.io.gfile.{new}"


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Raise TensorFlow's errors for Python's."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(None, None, f"{what}: {error.filename}; No such file or directory") from error
    except FileExistsError as error:
        raise AlreadyExistsError(None, None, f"{what}: {error.filename}; file already exists") from error
    except PermissionError as error:
        raise PermissionDeniedError(None, None, f"{what}: {error.filename}; Permission denied") from error
    except OSError as error:
        raise FailedPreconditionError(None, None, f"{what}: {error.filename}; {error.strerror}") from error


@provided(*_names("Exists", "exists"))
def exists(path: AnyPath) -> bool:
    """Return whether there is a file or folder."""
    return os.path.exists(path)


@provided(*_names("IsDirectory", "isdir"))
def is_directory(path: AnyPath) -> bool:
    """Return whether there is a folder."""
    return os.path.isdir(path)


@provided(*_names("MakeDirs", "makedirs"))
def make_dirs(path: AnyPath) -> None:
    """Make a folder and those above it; one that is there stays."""
    with _translated("MakeDirs"):
        os.makedirs(path, exist_ok=True)


@provided(*_names("MkDir", "mkdir"))
def make_dir(path: AnyPath) -> None:
    """Make a folder.

    Raises
    ------
    AlreadyExistsError, NotFoundError
        If it is there, or the one above it is not.
    """
    with _translated("MkDir"):
        os.mkdir(path)


@provided(*_names("DeleteRecursively", "rmtree"))
def delete_recursively(path: AnyPath) -> None:
    """Delete a folder and all that is in it.

    Raises
    ------
    NotFoundError
        If it is not there.
    """
    with _translated("DeleteRecursively"):
        shutil.rmtree(path)


@provided(*_names("Remove", "remove"))
def remove(path: AnyPath) -> None:
    """Delete a file.

    Raises
    ------
    NotFoundError
        If it is not there.
    """
    with _translated("Remove"):
        os.remove(path)


@provided(*_names("ListDirectory", "listdir"))
def list_directory(path: AnyPath) -> list[str]:
    """Return the names in a folder, in the order of the alphabet.

    Raises
    ------
    NotFoundError
        If it is not there.
    """
    with _translated("ListDirectory"):
        return sorted(os.fsdecode(name) for name in os.listdir(path))


@provided(*_names("Glob", "glob"))
def glob(pattern: AnyPath | list[AnyPath]) -> list[str]:
    """Return the paths that match a pattern, or one of several, in the order of the alphabet."""
    patterns = pattern if isinstance(pattern, list) else [pattern]
    return sorted(path for one in patterns for path in _glob.glob(os.fsdecode(one)))


@provided(*_names("Walk", "walk"))
def walk(top: AnyPath, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield a folder, the folders in it and the files in it, and so on for these folders."""
    return os.walk(os.fsdecode(top), topdown=in_order)


@provided(*_names("Copy", "copy"))
def copy(old: AnyPath, new: AnyPath, overwrite: bool = False) -> None:
    """Copy a file.

    Raises
    ------
    NotFoundError, AlreadyExistsError
        If it is not there, or the new one is and `overwrite` is false.
    """
    _refuse_existing("Copy", new, overwrite)
    with _translated("Copy"):
        shutil.copyfile(os.fsdecode(old), os.fsdecode(new))


@provided(*_names("Rename", "rename"))
def rename(old: AnyPath, new: AnyPath, overwrite: bool = False) -> None:
    """Give a file another name, or another place.

    Raises
    ------
    NotFoundError, AlreadyExistsError
        If it is not there, or the new one is and `overwrite` is false.
    """
    _refuse_existing("Rename", new, overwrite)
    with _translated("Rename"):
        os.replace(os.fsdecode(old), os.fsdecode(new))


def _refuse_existing(what: str, path: AnyPath, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise AlreadyExistsError(
            None, None, f"{what}: {os.fsdecode(path)}; file already exists. Give overwrite=True to replace it."
        )


@provided(*_names("GFile", "GFile"), "tf.gfile.Open", "tf.gfile.FastGFile")
class GFile:
    """A file that is opened when it is first read or written.

    Parameters
    ----------
    name : str or path
        Where it is.
    mode : str
        ``r``, ``w``, ``a``, with ``+`` for both ways; with ``b``, what is read is bytes, else str of UTF-8. What is
        written may be either.

    Raises
    ------
    NotFoundError
        At the first use, if a file to be read is not there.
    """

    def __init__(self, name: AnyPath, mode: str = "r") -> None:
        if mode.replace("b", "").replace("t", "") not in ("r", "w", "a", "r+", "w+", "a+"):
            raise ValueError(f"GFile: mode {mode!r} is not known. Expected r, w or a, with + and b as open has it.")
        self.name, self.mode = os.fsdecode(name), mode
        self._opened: IO[bytes] | None = None

    def _file(self) -> IO[bytes]:
        if self._opened is None:
            with _translated("GFile"):
                self._opened = open(self.name, self.mode.replace("b", "").replace("t", "") + "b")
        return self._opened

    def _shown(self, content: bytes) -> Any:
        return content if "b" in self.mode else content.decode()

    def size(self) -> int:
        """Return how many bytes there are."""
        with _translated("size"):
            return os.path.getsize(self.name)

    def read(self, n: int = -1) -> Any:
        """Return the next n bytes; all of the rest if n is negative."""
        return self._shown(self._file().read(n))

    def readline(self) -> Any:
        """Return the next line with its end, nothing at the end of the file."""
        return self._shown(self._file().readline())

    def readlines(self) -> list[Any]:
        """Return all lines that are left."""
        return list(self)

    def write(self, file_content: str | bytes) -> None:
        """Write str, as UTF-8, or bytes."""
        self._file().write(file_content.encode() if isinstance(file_content, str) else file_content)

    def seek(self, offset: int = 0, whence: int = 0) -> None:
        """Go to a byte."""
        self._file().seek(offset, whence)

    def tell(self) -> int:
        """Return at which byte the file stands."""
        return self._file().tell()

    def flush(self) -> None:
        """Have all that was written on its way to the disk."""
        if self._opened is not None:
            self._opened.flush()

    def close(self) -> None:
        """Close the file; one that was never written is not made."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, self._shown(b""))
