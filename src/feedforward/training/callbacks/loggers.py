"""Loggers: the numbers of each epoch in a file that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from pathlib import Path
from typing import Any

from feedforward.nn.config import check_bool
from feedforward.training.callbacks.callback import Callback, Logs, batches_between, number_of
from feedforward.training.callbacks.log_file import LogFile

__all__ = ["CSVLogger", "JSONLogger"]


class _Logger(Callback):
    """What both have in common.

    Parameters
    ----------
    filename : path
        The file. Its folder exists.
    append : bool
        Whether to write behind what the file holds; else that is replaced.
    """

    filename: str
    append: bool

    def __init__(self, filename: str | os.PathLike[str], append: bool) -> None:
        owner = type(self).__name__
        if not isinstance(filename, str | os.PathLike) or not str(filename):
            raise TypeError(f"{owner}(filename={filename!r}): expected the name of a file.")
        check_bool(owner, "append", append)
        self.filename = os.fspath(filename)
        self.append = append
        self._file = LogFile(Path(filename), owner)

    def get_state(self) -> dict[str, Any]:
        """Return how many bytes of the file count."""
        return {"size": self._file.keep()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Let no more count: what was written after the backup is written again."""
        self._file.go_on(number_of(state, "size"))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Find out whether the file can be written."""
        self._file.begin(self.append)


class CSVLogger(_Logger):
    """Writes a line of a table for each epoch.

    Parameters
    ----------
    filename : path
        The file. Its folder exists.
    separator : str
        One letter, between the columns.
    append : bool
        Whether to write behind what the file holds, which must have the same columns; else that is replaced.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these; by `fit`, if the file has other columns.
    OSError
        By `fit`, if the file cannot be written, or the disk is full.

    Notes
    -----
    The first column is ``epoch``, counted from 0, then come the logs in their order. Numbers are written so that they
    are read back with all their bits. When training goes on from a backup, there is one line for each epoch.

    Examples
    --------
    >>> import os, pathlib, tempfile
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "log.csv")
    ...     _ = model.fit([[-1], [1]], [-2, 2], epochs=2, verbose=0, callbacks=[CSVLogger(path)])
    ...     print(pathlib.Path(path).read_text(), end="")
    epoch,loss
    0,4.0
    1,1.0
    """

    separator: str

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__(filename, append)
        if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
            raise ValueError(f"CSVLogger(separator={separator!r}): separator must be one letter, such as ','.")
        self.separator = separator

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write a line."""
        columns = self._line(["epoch", *logs])
        is_begun = self._file.size > 0
        if is_begun and self._file.head() != columns.rstrip(b"\n"):
            found, wanted = (line.decode(errors="replace").rstrip() for line in (self._file.head(), columns))
            raise ValueError(
                f"CSVLogger(filename={self.filename!r}): the file has the columns {found!r:.200}, this training "
                f"{wanted!r:.200}. Give another file, or append=False."
            )
        row = self._line([epoch, *(repr(float(number)) for number in logs.values())])
        self._file.write((self._file.line_end() if is_begun else columns) + row)

    def _line(self, cells: list[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerow(cells)
        return text.getvalue().encode()


class JSONLogger(_Logger):
    """Writes a line of JSON for each epoch, or for each so many batches, too.

    Parameters
    ----------
    filename : path
        The file. Its folder exists.
    append : bool
        Whether to write behind what the file holds; else that is replaced.
    update_freq : "epoch" or int
        After how many batches of an epoch to write a line with the means over it so far, too.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    OSError
        By `fit`, if the file cannot be written, or the disk is full.

    Notes
    -----
    ``{"epoch": 0, "loss": 0.5}`` after an epoch, counted from 0; ``{"epoch": 0, "step": 100, "loss": 0.7}`` after 100
    batches of it. JSON has no NaN and no infinity: for them stands ``null``. When training goes on from a backup, no
    line is there twice.

    Examples
    --------
    >>> import os, pathlib, tempfile
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "log.jsonl")
    ...     _ = model.fit([[-1], [1]], [-2, 2], epochs=2, verbose=0, callbacks=[JSONLogger(path)])
    ...     print(pathlib.Path(path).read_text(), end="")
    {"epoch": 0, "loss": 4.0}
    {"epoch": 1, "loss": 1.0}
    """

    update_freq: str | int

    def __init__(
        self, filename: str | os.PathLike[str], append: bool = False, update_freq: str | int = "epoch"
    ) -> None:
        super().__init__(filename, append)
        self.every = batches_between("JSONLogger", "update_freq", update_freq)
        self.update_freq = update_freq
        self._epoch = 0

    def set_state(self, state: dict[str, Any]) -> None:
        """Let no more count."""
        super().set_state(state)
        self._epoch = self.plan.initial_epoch

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember which epoch is under way."""
        self._epoch = epoch

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Write a line within an epoch."""
        self._write({"epoch": self._epoch, "step": step}, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write a line."""
        self._write({"epoch": epoch}, logs)

    def _write(self, place: dict[str, int], logs: Logs) -> None:
        numbers = {name: float(number) if math.isfinite(number) else None for name, number in logs.items()}
        self._file.write(self._file.line_end() + f"{json.dumps(place | numbers)}\n".encode())
