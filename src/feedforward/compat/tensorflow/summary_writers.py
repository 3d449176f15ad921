"""Files for TensorBoard: `tf.summary.FileWriter`, and the writers of eager mode.

Not here: what stands in them (``summary_protos.py``), operations that tell of a step (``summary.py``).
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.compat.importing import at_start
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.graph import Graph, Operation
from feedforward.compat.tensorflow.schedules import get_global_step
from feedforward.compat.tensorflow.summary_protos import Summary
from feedforward.compat.tensorflow.tensors import EagerTensor
from feedforward.compat.version import written_for
from feedforward.graph.node import Array
from feedforward.training.callbacks.event_file import (
    bytes_field,
    double_field,
    int_field,
    record,
    summary_event,
    version_event,
)

__all__ = ["EventFile", "FileWriter", "SummaryWriter", "write_now"]


class EventFile:
    """A file of events, which is made when it is opened.

    Parameters
    ----------
    folder : path
        Where; made if it is not there.
    ending : str, optional
        What its name ends in.
    queue : int
        After how many events they are brought to the file.
    seconds : float
        Or after what time.
    """

    def __init__(self, folder: Any, ending: str | None, queue: int, seconds: float) -> None:
        self.folder, self._queue, self._seconds = os.fspath(folder), queue, seconds
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:100]
        now = time.time()
        # Two writers of one second have files of their own: the last number differs.
        name = f"events.out.tfevents.{int(now):010d}.{host}.{os.getpid()}.{time.monotonic_ns()}{ending or ''}"
        self.path = Path(self.folder) / name
        self._waiting = [record(version_event(now))]
        self._flushed = now
        self.flush()

    def add(self, content: bytes) -> None:
        """Add an event."""
        self._waiting.append(record(content))
        if len(self._waiting) >= self._queue or time.time() - self._flushed > self._seconds:
            self.flush()

    def flush(self) -> None:
        """Bring all events to the file."""
        with open(self.path, "ab") as file:  # opened each time: nothing stays open when a program ends
            file.write(b"".join(self._waiting))
        self._waiting.clear()
        self._flushed = time.time()


def _number(step: Any) -> int:
    if step is None:
        return 0
    if isinstance(step, EagerTensor):
        return int(step)
    if hasattr(step, "graph"):
        raise TypeError(f"global_step: {step!r} is a tensor of a graph. Expected a number: run it first.")
    return int(step)


@provided("tf.summary.FileWriter", "tf.train.SummaryWriter", "tf.contrib.summary.FileWriter")
class FileWriter:
    """Writes what summaries tell where TensorBoard finds it: ``tensorboard --logdir logs``.

    Parameters
    ----------
    logdir : path
        The folder; it is made if it is not there.
    graph : Graph, optional
        A graph to show.
    max_queue : int
        After how many events they are brought to the file.
    flush_secs : float
        Or after how many seconds.
    filename_suffix : str, optional
        What the file's name ends in.
    session : Session, optional
        Which TensorFlow wrote through; not here.
    """

    def __init__(
        self,
        logdir: Any,
        graph: Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        if is_eager():
            raise RuntimeError(
                "tf.summary.FileWriter is not compatible with eager execution. Use tf.summary.create_file_writer, or "
                "tf.contrib.summary.create_file_writer."
            )
        if session is not None:
            raise ValueError("FileWriter: session= writes by operations, which is not provided. Leave it out.")
        self._settings = (logdir, filename_suffix, max_queue, flush_secs)
        self._file: EventFile | None = EventFile(*self._settings)
        shown = graph if graph is not None else graph_def
        if shown is not None:
            self.add_graph(shown)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get_logdir(self) -> str:
        """Return the folder."""
        return str(os.fspath(self._settings[0]))

    def _open(self) -> EventFile:
        if self._file is None:
            raise RuntimeError("FileWriter: it is closed. Call reopen() first.")
        return self._file

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write what a summary tells of a step.

        Parameters
        ----------
        summary : bytes or Summary
            What a session gave for a summary operation, or a `tf.Summary`.
        global_step : int, optional
            The number of the step.
        """
        content = summary.SerializeToString() if isinstance(summary, Summary) else summary
        if not isinstance(content, bytes):
            raise TypeError(f"add_summary: {summary!r:.80} is no summary. Expected what a session gave for one.")
        self._open().add(summary_event(time.time(), _number(global_step), content))

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Write the operations of a graph, their names, types and inputs."""
        shown = graph_def if graph is None else graph
        if not isinstance(shown, Graph):
            raise TypeError(f"add_graph: the passed graph must be a tf.Graph. Got {shown!r:.80}.")
        content = b"".join(bytes_field(1, _node(op)) for op in shown.get_operations())
        event = double_field(1, time.time()) + int_field(2, _number(global_step)) + bytes_field(4, content)
        self._open().add(event)

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Pass a run's metadata over: no device was traced. TensorBoard shows none."""

    def flush(self) -> None:
        """Bring all events to the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Bring all events to the file, and take none any more."""
        self.flush()
        self._file = None

    def reopen(self) -> None:
        """Take events again, into a new file."""
        if self._file is None:
            self._file = EventFile(*self._settings)


def _node(op: Operation) -> bytes:
    """Return what TensorBoard shows of an operation."""
    inputs = [x.op.name if not x.value_index else x.name for x in op.inputs]
    inputs += [f"^{each.name}" for each in op.control_inputs]
    return b"".join(
        [
            bytes_field(1, op.name.encode()),
            bytes_field(2, op.type.encode()),
            *(bytes_field(3, name.encode()) for name in inputs),
        ]
    )


class _Cache:
    """Writers by folder."""

    def __init__(self) -> None:
        self.writers: dict[str, FileWriter] = {}


_cache = _Cache()


@provided("tf.summary.FileWriterCache")
class FileWriterCache:
    """Writers, one for each folder."""

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """Return the writer of a folder."""
        return _cache.writers.setdefault(os.fspath(logdir), FileWriter(logdir))

    @staticmethod
    def clear() -> None:
        """Close all."""
        for writer in _cache.writers.values():
            writer.close()
        _cache.writers.clear()


# Eager mode


class _State:
    """What eager summaries go by.

    Attributes
    ----------
    writer : SummaryWriter or None
        Where they are written.
    is_recorded : callable or bool
        Whether they are.
    step : int, tensor or None
        Of which step they tell unless told otherwise.
    """

    def __init__(self) -> None:
        self.writer: SummaryWriter | None = None
        self.is_recorded: Any = None
        self.step: Any = None


_state = _State()


@at_start
def _forget() -> None:
    _state.writer = _state.is_recorded = _state.step = None
    _cache.writers.clear()


class SummaryWriter:
    """Writes what summaries of eager mode tell; see `create_file_writer`.

    Parameters
    ----------
    file : EventFile or None
        Where; None: nowhere, as the program gave no folder.
    """

    def __init__(self, file: EventFile | None) -> None:
        self._file, self._is_closed = file, False

    def set_as_default(self) -> None:
        """Let summaries be written here from now on."""
        _state.writer = self

    @contextlib.contextmanager
    def as_default(self) -> Iterator[SummaryWriter]:
        """Let summaries be written here in a block."""
        before, _state.writer = _state.writer, self
        try:
            yield self
        finally:
            self.flush()
            _state.writer = before

    def add(self, content: bytes, step: int) -> None:
        """Write what a summary tells of a step."""
        if self._is_closed:
            raise RuntimeError("SummaryWriter is already closed.")
        if self._file is not None:
            self._file.add(summary_event(time.time(), step, content))

    def init(self) -> None:
        """Do nothing: its file is there."""

    def flush(self) -> None:
        """Bring all to the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Bring all to the file, and take nothing any more."""
        self.flush()
        self._file, self._is_closed = None, True


@provided("tf.contrib.summary.create_file_writer", "tf.summary.create_file_writer")
def create_file_writer(
    logdir: Any,
    max_queue: int | None = None,
    flush_millis: float | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
) -> SummaryWriter:
    """Return a writer of files for TensorBoard, in eager mode; see `FileWriter`. Without a folder it writes nothing."""
    if not is_eager():
        raise NotImplementedError(
            "create_file_writer: its summaries are written in eager mode alone. In a graph use tf.summary.FileWriter."
        )
    if logdir is None:
        return SummaryWriter(None)
    seconds = 120.0 if flush_millis is None else flush_millis / 1000
    return SummaryWriter(EventFile(logdir, filename_suffix or ".v2", 10 if max_queue is None else max_queue, seconds))


@contextlib.contextmanager
def _recorded(condition: Any) -> Iterator[None]:
    before, _state.is_recorded = _state.is_recorded, condition
    try:
        yield
    finally:
        _state.is_recorded = before


@provided("tf.contrib.summary.always_record_summaries")
def always_record_summaries() -> Any:
    """Return a context in which summaries are written."""
    return _recorded(True)


@provided("tf.contrib.summary.never_record_summaries")
def never_record_summaries() -> Any:
    """Return a context in which summaries are not written."""
    return _recorded(False)


@provided("tf.contrib.summary.record_summaries_every_n_global_steps")
def record_summaries_every_n_global_steps(n: int, global_step: Any = None) -> Any:
    """Return a context in which the summaries of each n-th step are written."""
    step = get_global_step() if global_step is None else global_step
    return _recorded(lambda: int(step) % n == 0)


@provided("tf.summary.record_if")
def record_if(condition: Any) -> Any:
    """Return a context in which summaries are written if a condition, or what it returns, is true."""
    return _recorded(condition)


@provided("tf.contrib.summary.should_record_summaries", "tf.summary.should_record_summaries")
def should_record_summaries() -> bool:
    """Return whether summaries are written here."""
    if _state.is_recorded is None:
        return written_for().tensorflow >= (2, 0)
    return bool(_state.is_recorded() if callable(_state.is_recorded) else _state.is_recorded)


@provided("tf.summary.experimental.set_step")
def set_step(step: Any) -> None:
    """Let summaries tell of a step unless told otherwise."""
    _state.step = step


@provided("tf.summary.experimental.get_step")
def get_step() -> Any:
    """Return the step that `set_step` set."""
    return _state.step


@provided("tf.contrib.summary.flush", "tf.summary.flush")
def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Bring all that was written to the file."""
    found = writer or _state.writer
    if found is not None:
        found.flush()


def write_now(kind: str, name: str, parts: Callable[[str, Array], bytes], value: Any, step: Any) -> bool:
    """Write what a summary tells, if there is a writer and summaries are recorded; return whether it was.

    Raises
    ------
    NotImplementedError
        Where a function is made a program.
    ValueError
        If there is no step.
    """
    if _state.writer is None or not should_record_summaries():
        return False
    if isinstance(value, EagerTensor) and value._has_no_value():
        raise NotImplementedError(
            f"summary {name!r}: {value!s} has no value while a function is made a program. Return it, and write the "
            f"summary outside of the function."
        )
    when = step if step is not None else _state.step
    when = get_global_step() if when is None else when
    if when is None:
        raise ValueError("No step set. Please specify one either through the `step` argument or through set_step().")
    _state.writer.add(parts(name, np.asarray(value)), _number(when))
    return True
