"""Backup and restore: training that was killed goes on as if it had never stopped, to the bit.

A backup is a sealed file (``sealed.py``). It holds every variable that the step reads or writes, where in which epoch
training stands, the totals of that epoch, the state of the callbacks, the history among them; and what tells network,
data and seed from others, with which going on would give other bits.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward import random
from feedforward.atomic import write_bytes
from feedforward.errors import DataError, FormatError
from feedforward.graph.node import Array, Node
from feedforward.graph.text import to_text
from feedforward.nn.config import Range, check_bool, check_number, to_config
from feedforward.sealed import LONGEST_HEADER, MOST_TENSORS, Seal, header_length, one_line, read_file
from feedforward.tensor import Variable, store
from feedforward.training.callbacks.callback import Callback, Logs, batches_between, number_of
from feedforward.training.feed import ArrayFeed, Feed
from feedforward.training.position import Begun, Position
from feedforward.training.step import Step
from feedforward.undo import all_or_nothing, remember

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["BackupAndRestore", "backup_among"]

_SEAL = Seal("feedforward-backup", "backup of a training", "BackupAndRestore", 1)
_NAME = "backup.ff-backup"


@dataclass(frozen=True)
class _Found:
    """A backup that was there when `fit` was called; all but its arrays has been looked at.

    Parameters
    ----------
    position : Position
        Where training stands, without totals.
    totals : int
        How many there are.
    seed, first_turn, epochs_done : int
        The model's, when training began, and now.
    learning_rate : float or None
        What the optimizer's attribute says, where that is a number.
    states : list of (str, dict, list of str)
        Of each callback its class, its state, and the names of the arrays in it.
    known : object
        What tells this training from others.
    tensors : dict of str to array
        Variables, totals, and arrays of states.
    """

    position: Position
    totals: int
    seed: int
    first_turn: int
    epochs_done: int
    learning_rate: float | None
    states: list[tuple[str, dict[str, Any], list[str]]]
    known: Any
    tensors: dict[str, Array]

    @classmethod
    def of(cls, header: dict[str, Any], tensors: dict[str, Array]) -> _Found:
        """Return what a file holds; FormatError if it is not what a backup may say."""
        begun = Begun(number_of(header, "steps"), number_of(header, "samples"))
        logs, states = _typed(header, "logs", dict), _typed(header, "states", list)
        if not all(type(number) is float for number in logs.values()):
            raise FormatError("its logs hold something that is no number")
        for state in states:
            is_state = type(state) is list and [type(part) for part in state] == [str, dict, list]
            if not is_state or not all(type(name) is str for name in state[2]):
                raise FormatError("it has something else in place of a callback's state")
        rate = None if header.get("learning_rate") is None else _typed(header, "learning_rate", float)
        if rate is not None and rate not in Range(0):
            raise FormatError(f"learning_rate={rate} must be a number >= 0")
        position = Position(
            number_of(header, "epoch"), number_of(header, "turn"), begun, logs, _typed(header, "is_stopped", bool)
        )
        first, done = number_of(header, "first_turn"), number_of(header, "epochs_done")
        if not 0 <= position.turn - first <= position.epoch or done - position.turn not in (0, 1):
            raise FormatError("its numbers of epochs do not go together")
        return cls(
            position,
            min(number_of(header, "totals"), MOST_TENSORS),
            random.check_seed(_typed(header, "seed", int)),
            first,
            done,
            rate,
            [(name, state, arrays) for name, state, arrays in states],
            header.get("known"),
            tensors,
        )


class BackupAndRestore(Callback):
    """Keeps a backup of training, and lets the next `fit` go on from it: with the bits of a training never stopped.

    Parameters
    ----------
    backup_dir : path
        A folder for this training alone. It is made if it is not there, in a folder that is.
    save_freq : "epoch" or int
        When a backup is written: after each epoch; or, so many batches apart, also within epochs.
    seconds : float
        How long ago the last backup must be at least, for those within epochs.
    delete_checkpoint : bool
        Whether the backup is deleted when training has come to its end.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; by `fit`, if network, optimizer, data, callbacks or seed are not those of the
        backup: it names what differs.
    FormatError
        By `fit`, if the backup is damaged, or a callback's state cannot be kept.
    DataError
        By `fit`, if the data come from a generator, which no second process can begin anew.
    OSError
        By `fit`, if the disk is full or the folder cannot be written to. The backup of before is still there.

    Notes
    -----
    Run the same program again: `fit` finds the backup, and goes on after the batch at which it was written. Weights,
    optimizer, random draws, history and the state of the other callbacks are those of that moment; nobody is told of
    the begin of an epoch that was under way. The number of epochs may be another one. A model whose seed was drawn,
    since `set_seed` was not called, gets the backup's.

    It is told after all other callbacks. The first backup is written before the first batch, so that a folder that
    cannot be written to is known then. A backup takes the place of the one before all at once or not at all. It does
    not hold: `Model.metadata`, variables of your own that the step does not read, what callbacks of your own know
    unless they say it, see `Callback.get_state`.

    What yields batches must yield the same again: let what shuffles by itself do so by the number of the epoch. Arrays
    of more than 1 GiB are compared by some of their rows.

    As in Keras 3, where training begins the epoch anew in which it was stopped; there is `double_checkpoint`, too.

    Examples
    --------
    >>> import tempfile
    >>> import feedforward as ff
    >>> def train(epochs, folder):
    ...     ff.set_seed(1)
    ...     model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    ...     model.compile("adam", "mean_squared_error")
    ...     backup = BackupAndRestore(folder, save_freq=10, delete_checkpoint=False)
    ...     return model.fit([[-1], [1]], [-2, 2], epochs=epochs, verbose=0, callbacks=[backup]).history["loss"]
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    ...     stopped = train(2, one)
    ...     print(train(5, one) == train(5, other), train(5, one)[:2] == stopped)
    True True
    """

    backup_dir: Path
    save_freq: str | int
    seconds: float
    delete_checkpoint: bool
    _is_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        seconds: float = 0.0,
        delete_checkpoint: bool = True,
    ) -> None:
        if not isinstance(backup_dir, str | os.PathLike) or not str(backup_dir):
            raise TypeError(f"BackupAndRestore(backup_dir={backup_dir!r}): expected the name of a folder.")
        self.every = batches_between("BackupAndRestore", "save_freq", save_freq)
        check_number("BackupAndRestore", "seconds", seconds, Range(0))
        if seconds and save_freq == "epoch":
            raise ValueError(
                f"BackupAndRestore(save_freq='epoch', seconds={seconds!r}): seconds are for backups within epochs. "
                f"Give save_freq a number of batches, too."
            )
        check_bool("BackupAndRestore", "delete_checkpoint", delete_checkpoint)
        self.backup_dir = Path(backup_dir)
        self.save_freq = save_freq
        self.seconds = float(seconds)
        self.delete_checkpoint = delete_checkpoint
        self._found: _Found | None = None
        self._known: dict[str, Any] = {}
        self._variables: list[Variable] = []
        self._first_turn = 0
        self._outputs: list[Node] = []
        self._written = 0.0
        self._position = Position(0, 0)
        self._listeners: Sequence[Callback] = ()

    @property
    def path(self) -> Path:
        """The file of the backup."""
        return self.backup_dir / _NAME

    # What `fit` and its trainer do with it

    def open(self, model: Model, epochs: int) -> None:
        """Read the backup, if there is one, and give a model its seed and its number of epochs done."""
        self._found, self._first_turn = None, model._epochs_done
        _make_folder(self.backup_dir)
        if not os.path.lexists(self.path):
            return
        content = read_file(self.path, "fit", "a backup")
        try:
            found = _Found.of(*_SEAL.unpack(str(self.path), content))
        except ValueError as error:
            raise self._unreadable(error) from error
        if random.is_seeded() and found.seed != model.seed:
            raise ValueError(
                f"fit: the backup in {self.backup_dir} is of a training with another seed: {found.seed} there, "
                f"{model.seed} here. Call set_seed() as in that run, before the model is made; or delete {self.path}."
            )
        if found.position.epoch > epochs:
            raise ValueError(
                f"fit(epochs={epochs}): the backup in {self.backup_dir} stands after {found.position.epoch} epochs. "
                f"Give as many or more; or delete {self.path} to begin anew."
            )
        remember(model)
        model.seed, model._epochs_done = found.seed, found.position.turn
        self._found, self._first_turn = found, found.first_turn

    @property
    def first_turn(self) -> int:
        """How many epochs the model was trained before this training was begun, in whatever process."""
        return self._first_turn

    def compare(self, model: Model, step: Step, feed: Feed, test: Feed | None, told: Sequence[Callback]) -> None:
        """Check that all by which training goes is as it was when the backup was written.

        Raises
        ------
        ValueError
            If it is not, and names what; or if it could not be read again within an epoch, where it is to be written.
        """
        if isinstance(feed, ArrayFeed) and feed.is_measured and self.save_freq != "epoch":
            raise ValueError(
                f"fit: BackupAndRestore(save_freq={self.save_freq!r}): the sampler's order goes by the weights before "
                f"each epoch, so that training cannot go on within one. Give save_freq='epoch', or another sampler."
            )
        optimizer = [] if model.optimizer is None else model.optimizer.variables
        self._variables = [*dict.fromkeys([*model.weights, *optimizer, *step.traced.variables])]
        known = {
            "the network": _network_of(model),
            "the optimizer": _config_of(model.optimizer),
            "the losses": [_config_of(wanted.loss) for wanted in model.wanted("fit")],
            "the metrics": [[_config_of(metric) for metric in wanted.measured] for wanted in model.wanted("fit")],
            "the data": feed.digest(),
            "the validation data": None if test is None else test.digest(),
            "the callbacks": [type(callback).__name__ for callback in told],
            "the step": hashlib.sha256(to_text(step.traced.program, has_names=False).encode()).hexdigest(),
        }
        self._known = json.loads(json.dumps(known))
        self._outputs = list(step.traced.program.outputs)
        if self._found is not None:
            difference = _difference(self._found.known, self._known)
            if difference:
                raise ValueError(
                    f"fit: the backup in {self.backup_dir} is of another training: {difference}. Train as in the run "
                    f"that wrote it; or delete {self.path} to begin anew."
                )

    def begin_with(self, epoch: int) -> int:
        """Return the epoch to begin with: that of the backup, or without one the given one."""
        return epoch if self._found is None else self._found.position.epoch

    def follow(self, listeners: Sequence[Callback], position: Position) -> None:
        """Take note of who is told what, and of where training stands; a backup in `on_train_begin` goes before."""
        self._listeners, self._position = listeners, position

    @property
    def position(self) -> Position:
        """Where training stands, in the end."""
        return self._position

    # What it is told

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go on from the backup, or write the first one."""
        found, self._found = self._found, None
        if found is not None:
            try:
                self._restore(found)
            except DataError:  # of a log file
                raise
            except Exception as error:  # what a file says can go wrong anywhere
                raise self._unreadable(error) from error
        else:
            self._write()

    def on_chunk_end(self, step: int, logs: Logs) -> None:
        """Write a backup within an epoch; that of its end comes after the validation."""
        is_end = step == self.plan.steps or self.model.stop_training
        if not is_end and time.monotonic() - self._written >= self.seconds:
            self._write()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write a backup after an epoch."""
        self._write()

    def on_train_end(self, logs: Logs) -> None:
        """Delete the backup, if that is wanted."""
        if self.delete_checkpoint:
            self.path.unlink(missing_ok=True)

    def _unreadable(self, error: Exception) -> FormatError:
        reason = str(error) if isinstance(error, FormatError) else f"{type(error).__name__}: {error}"
        return FormatError(f"fit: the backup cannot be used: {one_line(reason)}. Delete {self.path} to begin anew.")

    def _write(self) -> None:
        position, begun = self._position, self._position.begun
        states, tensors = [], dict[str, Array]()
        for place, listener in enumerate(self._others()):
            state, arrays = _parts(listener)
            states.append([type(listener).__name__, state, [*arrays]])  # the file keeps arrays in another order
            tensors |= {f"state/{place}/{name}": array for name, array in arrays.items()}
        tensors |= {f"total/{place}": _plain(total) for place, total in enumerate(begun.totals)}
        tensors |= {f"variable/{place}": _plain(one.numpy()) for place, one in enumerate(self._variables)}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        header = {
            "version": 1,
            "seed": self.model.seed,
            "epoch": position.epoch,
            "turn": position.turn,
            "first_turn": self._first_turn,
            "epochs_done": self.model._epochs_done,
            "steps": begun.steps,
            "samples": begun.samples,
            "totals": len(begun.totals),
            "logs": {name: float(number) for name, number in position.logs.items()},
            "is_stopped": bool(self.model.stop_training),
            "learning_rate": rate if isinstance(rate, float) else None,
            "states": states,
            "known": self._known,
        }
        content = _SEAL.pack(header, tensors)
        if len(tensors) >= MOST_TENSORS or header_length(content) > LONGEST_HEADER:
            raise FormatError(
                f"BackupAndRestore: {len(tensors):,} arrays and a description of {header_length(content):,} bytes are "
                f"more than a file holds: {MOST_TENSORS:,} and {LONGEST_HEADER:,}. Keep less in callbacks."
            )
        try:
            write_bytes(self.path, content)
        except OSError as error:
            if error.errno is None:  # it says already what to do
                raise
            raise type(error)(
                f"fit: the backup {self.path} cannot be written: {error.strerror}. If there was one before, it is "
                f"still there: make room, and run the program again."
            ) from error
        self._written = time.monotonic()

    def _others(self) -> list[Callback]:
        """Return whose state is kept: not what only shows something, whose presence changes nothing."""
        return [one for one in self._listeners if one is not self and type(one).get_state is not Callback.get_state]

    @all_or_nothing
    def _restore(self, found: _Found) -> None:
        """Let model and callbacks be as they were when the backup was written."""
        tensors, values = dict(found.tensors), []
        for place, variable in enumerate(self._variables):
            value = tensors.pop(f"variable/{place}", None)
            if value is None or value.shape != variable.shape or value.dtype != variable.dtype:
                raise FormatError(f"it has nothing that fits the variable {variable.name!r}")
            values.append(np.array(value))
        totals = [tensors.pop(f"total/{place}", np.zeros(0, np.int64)) for place in range(found.totals)]
        begun = replace(found.position.begun, totals=totals)
        if totals and [(each.shape, each.dtype) for each in totals] != [*map(begun.form_of, self._outputs)]:
            raise FormatError("it lacks totals of the epoch")
        others = self._others()
        if [name for name, _, _ in found.states] != [type(other).__name__ for other in others]:
            raise FormatError("it has states of other callbacks")
        remember(self.model)
        store(self._variables, values)
        optimizer = self.model.optimizer
        if optimizer is not None and isinstance(optimizer.learning_rate, float):
            optimizer.learning_rate = found.learning_rate
        self.model._epochs_done = found.epochs_done
        self.model.stop_training = found.position.is_stopped
        for place, (other, (_, state, names)) in enumerate(zip(others, found.states, strict=True)):
            other.set_state(state | {name: tensors.pop(f"state/{place}/{name}") for name in names})
        if tensors:
            raise FormatError(f"nothing uses its array {next(iter(tensors))!r}")
        self._position = replace(found.position, begun=begun)


def _make_folder(path: Path) -> None:
    """Make a folder in one that is there, unless it is there itself."""
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"fit: BackupAndRestore: {path} is a file. Give the name of a folder.") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"fit: BackupAndRestore: there is no folder {path.parent}. Make it first.") from None
    except OSError as error:
        raise type(error)(
            f"fit: BackupAndRestore: the folder {path} cannot be made: {error.strerror}. Give another."
        ) from error


def backup_among(callbacks: Sequence[Callback]) -> BackupAndRestore | None:
    """Return the callback that keeps backups, None where there is none.

    Raises
    ------
    ValueError
        If there are two.
    """
    found = [callback for callback in callbacks if isinstance(callback, BackupAndRestore)]
    if len(found) > 1:
        raise ValueError("fit: callbacks holds BackupAndRestore twice. One keeps all that there is: give it once.")
    return found[0] if found else None


def _parts(callback: Callback) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the state of a callback as JSON holds it, and its arrays apart."""
    name = type(callback).__name__
    state = callback.get_state()
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise FormatError(f"BackupAndRestore: {name}.get_state() returned {state!r:.100}. Expected a dict by names.")
    arrays = {key: _plain(value) for key, value in state.items() if isinstance(value, np.ndarray)}
    rest = {key: value for key, value in state.items() if key not in arrays}
    try:
        is_kept = repr(json.loads(json.dumps(rest))) == repr(rest)  # by text: NaN is no other than itself there
    except (TypeError, ValueError, RecursionError):
        is_kept = False
    if not is_kept or any(array.dtype.kind not in "biuf" for array in arrays.values()):
        raise FormatError(
            f"BackupAndRestore: the state of {name} cannot be kept: {rest!r:.200}. Use str, numbers, lists, dicts of "
            f"them by str, and arrays of numbers."
        )
    return rest, arrays


def _plain(array: Array) -> Array:
    return np.asarray(array, order="C")


def _network_of(model: Model) -> Any:
    """Return the description of a network without names, which count the layers of a process; None if it has none."""
    try:
        return _without_names(model.network.to_config())
    except FormatError:  # a layer that is not registered: the step tells what it computes
        return None


def _without_names(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: _without_names(value) for key, value in config.items() if key not in ("name", "input")}
    return [_without_names(value) for value in config] if isinstance(config, list | tuple) else config


def _config_of(thing: Any) -> Any:
    """Return the settings of an optimizer, a loss or a metric, or of one that no file can hold its class alone."""
    try:
        return to_config(thing)
    except (FormatError, TypeError):
        return type(thing).__name__


def _difference(there: Any, here: Any, where: str = "") -> str:
    """Return where two descriptions differ first, and in what; nothing where they do not."""
    if isinstance(there, dict) and isinstance(here, dict) and there.keys() == here.keys():
        pairs = [(f"{where}, {key}" if where else key, there[key], here[key]) for key in here]
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = [(f"{where} {number}", one, other) for number, (one, other) in enumerate(zip(there, here, strict=True))]
    else:
        if type(there) is type(here) and there == here:
            return ""
        is_digest = isinstance(here, str) and len(here) == 64
        return f"{where}: not the same" if is_digest else f"{where}: {_short(there)} there, {_short(here)} here"
    return next(filter(None, (_difference(one, other, name) for name, one, other in pairs)), "")


def _short(value: Any) -> str:
    text = one_line(str(value))
    return text if len(text) <= 60 else f"{text[:60]} ..."


def _typed(header: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """Return a value of the description, which must be exactly of a type: True is no int."""
    value = header.get(name)
    if type(value) is not kind:
        raise FormatError(f"{name}={str(value)[:100]} must be of type {kind.__name__}")
    return value
