"""TensorBoard: curves of training, and histograms of weights, in files that TensorBoard shows."""

from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path
from typing import Any

from feedforward.errors import FormatError
from feedforward.nn.config import check_int
from feedforward.nn.schedules import LearningRateSchedule
from feedforward.tensor import Variable
from feedforward.training.callbacks.callback import Callback, Logs, batches_between, number_of
from feedforward.training.callbacks.event_file import event, histogram, record, scalar, version_event
from feedforward.training.callbacks.log_file import LogFile

__all__ = ["TensorBoard"]

_NAME = re.compile(r"events\.out\.tfevents\.[\w.-]{1,200}\.v2")
_PARTS = ("train", "validation")


class TensorBoard(Callback):
    """Writes the numbers of training where TensorBoard finds them: ``tensorboard --logdir logs``.

    Parameters
    ----------
    log_dir : path
        The folder; it is made if it is not there.
    histogram_freq : int
        After each how many epochs the weights are written as histograms; 0: never.
    update_freq : "epoch" or int
        After how many batches of an epoch to write the means over it so far, too.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    OSError
        By `fit`, if a file cannot be written, or the disk is full.

    Notes
    -----
    As in Keras 3: ``epoch_loss`` and so on over the epochs, ``epoch_learning_rate``, and ``batch_loss`` over all
    batches, in ``log_dir/train``; numbers of the validation, under the same names, in ``log_dir/validation``. Numbers
    are float32. Each `fit` writes files of its own; one that goes on from a backup writes behind those of before. Keras
    can also write graphs, pictures, profiles and embeddings.

    Nothing needs to be installed, but for looking at it: ``pip install tensorboard``.

    Examples
    --------
    >>> import os, tempfile
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = model.fit([[1.0]], [1.0], epochs=2, verbose=0, callbacks=[TensorBoard(folder)])
    ...     print([name[:19] for name in os.listdir(os.path.join(folder, "train"))])
    ['events.out.tfevents']
    """

    log_dir: Path
    histogram_freq: int
    update_freq: str | int

    def __init__(
        self, log_dir: str | os.PathLike[str] = "logs", histogram_freq: int = 0, update_freq: str | int = "epoch"
    ) -> None:
        if not isinstance(log_dir, str | os.PathLike) or not str(log_dir):
            raise TypeError(f"TensorBoard(log_dir={log_dir!r}): expected the name of a folder.")
        check_int("TensorBoard", "histogram_freq", histogram_freq, 0)
        self.every = batches_between("TensorBoard", "update_freq", update_freq)
        self.log_dir = Path(log_dir)
        self.histogram_freq = histogram_freq
        self.update_freq = update_freq
        self._files: dict[str, LogFile] = {}

    def get_state(self) -> dict[str, Any]:
        """Return the names of the files, and how many bytes of each count."""
        return {part: [file.path.name, file.keep()] for part, file in self._files.items()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on with those files."""
        for part in _PARTS:
            name_and_size = state.get(part)
            if type(name_and_size) is not list or len(name_and_size) != 2:
                raise FormatError(f"the state of TensorBoard lacks the file for {part}")
            name, size = name_and_size
            if type(name) is not str or not _NAME.fullmatch(name):  # a path would lead elsewhere
                raise FormatError(f"{str(name)[:100]!r} is no name of an event file")
            self._files[part] = LogFile(self.log_dir / part / name, "TensorBoard")
            self._files[part].go_on(number_of({"size": size}, "size"))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Let this training have files of its own, which are made when there is something to write."""
        host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:100]
        name = f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}.{time.monotonic_ns()}.v2"
        # Named now, also what is written only later: a backup of before would not know of it.
        self._files = {part: LogFile(self.log_dir / part / name, "TensorBoard") for part in _PARTS}
        self._make_folder("train")

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Write the means over the epoch so far."""
        if self.model.optimizer is not None:
            values = {f"batch_{name}": scalar(number) for name, number in logs.items()}
            self._write("train", self.model.optimizer.iterations.item(), values)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the numbers of the epoch, and histograms if they are due."""
        shown = {name: number for name, number in logs.items() if name.startswith("val_")}
        values = {f"epoch_{name}": scalar(number) for name, number in logs.items() if name not in shown}
        values["epoch_learning_rate"] = scalar(self._rate())
        if self.histogram_freq and (epoch + 1) % self.histogram_freq == 0:
            values |= {path: histogram(weight.numpy()) for path, weight in self.model.weights_by_path()}
        self._write("train", epoch, values)
        if shown:
            self._write("validation", epoch, {f"epoch_{name[4:]}": scalar(number) for name, number in shown.items()})

    def _rate(self) -> float:
        """Return the learning rate of the next step."""
        optimizer = self.model.optimizer
        rate: Any = 0.0 if optimizer is None else optimizer.learning_rate
        if isinstance(rate, LearningRateSchedule) and optimizer is not None:
            rate = rate(optimizer.iterations)
        return float(rate.item() if isinstance(rate, Variable) else rate)

    def _make_folder(self, part: str) -> None:
        try:
            (self.log_dir / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise type(error)(f"TensorBoard(log_dir={str(self.log_dir)!r}): {error.strerror}.") from error

    def _write(self, part: str, step: int, values: dict[str, bytes]) -> None:
        now, file = time.time(), self._files[part]
        self._make_folder(part)
        begin = b"" if file.size else record(version_event(now))
        file.write(begin + record(event(now, step, values)))
