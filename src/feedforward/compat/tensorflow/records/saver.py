"""Checkpoints of variables: `tf.train.Saver`, what is told of them in the file ``checkpoint``, and their readers.

A checkpoint ``model.ckpt-100`` is one sealed file, ``model.ckpt-100.safetensors``: names, shapes and dtypes are
compared before anything is assigned, and nothing in it is executed. TensorFlow's own format is not read. Not here:
checkpoints of objects in eager mode (``checkpoints.py``).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.atomic import write_bytes
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.dtypes import DType, as_dtype
from feedforward.compat.tensorflow.graphs.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from feedforward.compat.tensorflow.graphs.graph import GraphKeys, default_graph
from feedforward.compat.tensorflow.graphs.session import Session
from feedforward.compat.tensorflow.graphs.variables import EagerVariable, GraphVariable
from feedforward.graph.node import Array
from feedforward.sealed import Seal, read_file

__all__ = ["Rotation", "assign_all", "checkpoint_file", "read_checkpoint", "state_of", "write_checkpoint"]

_SEAL = Seal("feedforward.compat", "checkpoint of feedforward's", "tf.train.Saver.save", version=2)

_ENDING = ".safetensors"


def checkpoint_file(prefix: Any) -> Path:
    """Return the file of a checkpoint."""
    return Path(os.fspath(prefix) + _ENDING)


def write_checkpoint(prefix: str, arrays: Mapping[str, Array]) -> None:
    """Write arrays under their names; the file is there whole or not at all.

    Raises
    ------
    ValueError
        If the folder above the file's is not there, or an array holds text.
    """
    folder = Path(prefix).parent
    if folder.parent.is_dir():  # TensorFlow's savers make one folder, not those above it
        folder.mkdir(exist_ok=True)
    if not folder.is_dir():
        raise ValueError(f"Parent directory of {prefix} doesn't exist, can't save.")
    for name, array in arrays.items():
        if array.dtype == object:
            raise ValueError(
                f"variable {name!r} holds text, which a checkpoint does not keep. Leave it out of var_list."
            )
    content = _SEAL.pack({"version": 2}, {name: np.array(array, order="C") for name, array in arrays.items()})
    write_bytes(checkpoint_file(prefix), content)


def read_checkpoint(prefix: str) -> dict[str, Array]:
    """Return the arrays of a checkpoint by their names.

    Raises
    ------
    ValueError
        If there is no such checkpoint, or it is one of TensorFlow's own.
    FormatError
        If the file is damaged, or no checkpoint.
    """
    if not checkpoint_file(prefix).exists():
        if Path(f"{prefix}.index").exists() or Path(prefix).is_file():
            raise ValueError(
                f"The passed save_path is not a valid checkpoint: {prefix} is one of TensorFlow's own format, which "
                f"feedforward does not read. Export its arrays where TensorFlow runs, by tf.train.load_variable and "
                f"np.savez, and assign them."
            )
        raise ValueError(f"The passed save_path is not a valid checkpoint: {prefix}")
    return _SEAL.unpack(prefix, read_file(checkpoint_file(prefix), "restore", "a checkpoint"))[1]


# Variables by their names


def _name_of(variable: Any) -> str:
    name: str = variable.op.name if isinstance(variable, GraphVariable) else variable.name.rpartition(":")[0]
    return name


def _named(var_list: Any) -> dict[str, Any]:
    """Return variables by the names that a checkpoint has for them."""
    if isinstance(var_list, Mapping):
        named = dict(var_list)
    else:
        named = {}
        for variable in var_list:
            if not isinstance(variable, GraphVariable | EagerVariable):
                raise TypeError(f"Variable to save is not a Variable: {variable!r}")
            name = _name_of(variable)
            if name in named:
                raise ValueError(f"At least two variables have the same name: {name}")
            named[name] = variable
    for name, variable in named.items():
        if not isinstance(name, str) or not isinstance(variable, GraphVariable | EagerVariable):
            raise TypeError(
                f"names_to_saveables must be a dict mapping string names to variables: {name!r}, {variable!r}"
            )
    return named


def _value_of(variable: Any, sess: Any) -> Array:
    if isinstance(variable, EagerVariable):
        return np.asarray(variable.numpy())
    value: Array | None = sess.value_of(variable)
    if value is None:
        raise FailedPreconditionError(
            variable.op, variable.op, f"Attempting to use uninitialized value {variable.op.name}: run its initializer."
        )
    return value


def assign_all(pairs: Sequence[tuple[str, Any, Array]], sess: Any, is_reshaped: bool = False) -> None:
    """Give variables their values: all of them, or none if one does not fit.

    Parameters
    ----------
    pairs : sequence of (name, variable, array)
        The name under which a value was found, for messages.
    sess : Session
        Which keeps the values of variables of a graph.
    is_reshaped : bool
        Whether a value of another shape but as many elements fits.
    """
    fitting = []
    for name, variable, value in pairs:
        wanted, shape = variable.dtype.base_dtype, variable.shape
        if as_dtype(value.dtype) != wanted:
            raise InvalidArgumentError(
                None, None, f"tensor_name = {name}; expected dtype {wanted.name} does not equal {value.dtype.name}."
            )
        if is_reshaped and shape.is_fully_defined() and value.size == shape.num_elements():
            value = value.reshape(shape.as_list())
        if not shape.is_compatible_with(value.shape):
            raise InvalidArgumentError(
                None,
                None,
                f"Assign requires shapes of both tensors to match. lhs shape= {shape} rhs shape= {value.shape}: "
                f"{name!r} in the checkpoint is of another shape than variable {_name_of(variable)!r}.",
            )
        fitting.append((variable, value))
    stored = {}
    for variable, value in fitting:
        if isinstance(variable, EagerVariable):
            variable.assign(value)
        else:
            stored[variable] = np.array(value)
    if stored:
        sess.store(stored)


# What there is in a folder


@provided("tf.train.CheckpointState")
class CheckpointState:
    """What the file ``checkpoint`` of a folder says.

    Parameters
    ----------
    model_checkpoint_path : str
        The last checkpoint.
    all_model_checkpoint_paths : sequence of str
        All that are kept, the last one last.
    """

    def __init__(self, model_checkpoint_path: str = "", all_model_checkpoint_paths: Iterable[str] = ()) -> None:
        self.model_checkpoint_path = model_checkpoint_path
        self.all_model_checkpoint_paths = list(all_model_checkpoint_paths)

    def __str__(self) -> str:
        lines = [f'model_checkpoint_path: "{_quoted(self.model_checkpoint_path)}"']
        lines += [f'all_model_checkpoint_paths: "{_quoted(path)}"' for path in self.all_model_checkpoint_paths]
        return "\n".join(lines) + "\n"

    __repr__ = __str__


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_LINE = re.compile(r'^(model_checkpoint_path|all_model_checkpoint_paths): "((?:[^"\\]|\\.)*)"$')


@provided("tf.train.get_checkpoint_state")
def state_of(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """Return what the file ``checkpoint`` of a folder says; None where there is none."""
    folder = os.fspath(checkpoint_dir)
    path = os.path.join(folder, latest_filename or "checkpoint")
    if not os.path.isfile(path):
        return None
    state = CheckpointState()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = _LINE.match(line.rstrip())
            if match is None:
                continue
            found = re.sub(r"\\(.)", r"\1", match[2])
            found = found if os.path.isabs(found) else os.path.join(folder, found)
            if match[1] == "model_checkpoint_path":
                state.model_checkpoint_path = found
            else:
                state.all_model_checkpoint_paths.append(found)
    return state if state.model_checkpoint_path else None


@provided("tf.train.update_checkpoint_state")
def update_checkpoint_state(
    save_dir: Any,
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Any = None,
    latest_filename: str | None = None,
    is_relative: bool = False,
) -> None:
    """Write the file ``checkpoint`` of a folder; with names relative to it where they are not absolute, or told so."""
    folder = os.fspath(save_dir)
    paths = list(all_model_checkpoint_paths or [])
    if model_checkpoint_path not in paths:
        paths.append(model_checkpoint_path)
    shown = [os.path.relpath(path, folder or ".") if is_relative or not os.path.isabs(path) else path for path in paths]
    last = shown[paths.index(model_checkpoint_path)]
    name = Path(folder or ".") / (latest_filename or "checkpoint")
    write_bytes(name, str(CheckpointState(last, shown)).encode())


@provided("tf.train.latest_checkpoint")
def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """Return the last checkpoint of a folder; None where there is none."""
    state = state_of(checkpoint_dir, latest_filename)
    return state.model_checkpoint_path if state and checkpoint_exists(state.model_checkpoint_path) else None


@provided("tf.train.checkpoint_exists")
def checkpoint_exists(checkpoint_prefix: str) -> bool:
    """Return whether there is a checkpoint, of ours or of TensorFlow's, which `restore` then tells of."""
    prefix = os.fspath(checkpoint_prefix)
    return checkpoint_file(prefix).is_file() or os.path.isfile(f"{prefix}.index")


@provided("tf.train.remove_checkpoint")
def remove_checkpoint(
    checkpoint_prefix: str, checkpoint_format_version: Any = None, meta_graph_suffix: str = "meta"
) -> None:
    """Delete a checkpoint: one of ours, of which there is one form, without a graph."""
    with suppress(FileNotFoundError):
        checkpoint_file(os.fspath(checkpoint_prefix)).unlink()


class Rotation:
    """Which checkpoints are kept.

    Parameters
    ----------
    most : int or None
        How many; None or 0: all.
    every_hours : float
        One for each so many hours stays for good.
    """

    def __init__(self, most: int | None, every_hours: float) -> None:
        self.most, self.every_hours = most or 0, every_hours
        self.paths: list[tuple[str, float]] = []
        self._stays_after = time.time() + every_hours * 3600

    def add(self, path: str) -> None:
        """Add a checkpoint, and delete the oldest if there are too many."""
        self.paths = [(each, when) for each, when in self.paths if each != path] + [(path, time.time())]
        if self.most and len(self.paths) > self.most:
            oldest, when = self.paths.pop(0)
            if when > self._stays_after:
                self._stays_after += self.every_hours * 3600
            else:
                remove_checkpoint(oldest)


@provided("tf.train.SaverDef")
class SaverDef:
    """The forms of TensorFlow's own checkpoints, for `Saver(write_version=...)`; here there is one."""

    LEGACY, V1, V2 = range(3)


@provided("tf.train.Saver", "tf.contrib.eager.Saver")
class Saver:
    """Saves variables to checkpoints, and restores them.

    Parameters
    ----------
    var_list : list of variables, or dict of them by name, optional
        Which; by default all that the graph has now.
    reshape : bool
        Whether a variable may be restored from one of another shape with as many elements.
    max_to_keep : int or None
        How many checkpoints to keep; the oldest are deleted. None or 0: all.
    keep_checkpoint_every_n_hours : float
        One checkpoint for each so many hours is not deleted.
    defer_build : bool
        Whether variables are looked for when `build` is called.
    allow_empty : bool
        Whether there may be no variables.
    pad_step_number : bool
        Whether steps are written with eight digits.
    save_relative_paths : bool
        Whether the file ``checkpoint`` names checkpoints relative to its folder, which may then be moved.

    Notes
    -----
    No graph is written beside the variables, whatever `write_meta_graph` says: the program that made it does so again.
    How TensorFlow shared the work, `sharded`, `restore_sequentially`, `write_version`, changes no value.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: Any = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: Any = None,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if saver_def is not None or builder is not None:
            raise ValueError("Saver: saver_def and builder are TensorFlow's own. Leave them out, and give var_list.")
        if write_version not in (None, *range(3)):
            raise ValueError(f"Saver: write_version must be one of tf.train.SaverDef's, 0 to 2. Got {write_version!r}.")
        self._var_list, self._reshape, self._allow_empty = var_list, reshape, allow_empty
        self._pads, self._is_relative = pad_step_number, save_relative_paths
        self._rotation = Rotation(max_to_keep, keep_checkpoint_every_n_hours)
        self._named: dict[str, Any] | None = None
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Settle which variables it saves.

        Raises
        ------
        ValueError
            If there are none.
        """
        found = self._var_list
        if found is None:
            if is_eager():
                raise RuntimeError(
                    "When eager execution is enabled, `var_list` must specify a list or dict of variables."
                )
            graph = default_graph()
            found = [
                each for each in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if isinstance(each, GraphVariable)
            ]
        self._named = _named(found)
        if not self._named and not self._allow_empty:
            raise ValueError("No variables to save")

    def _variables(self, sess: Any) -> dict[str, Any]:
        if self._named is None:
            raise RuntimeError("Saver: call build() first, since it was made with defer_build=True.")
        if any(isinstance(each, GraphVariable) for each in self._named.values()) and not isinstance(sess, Session):
            raise TypeError(f"'sess' must be a Session; {sess}")
        return self._named

    def save(
        self,
        sess: Any = None,
        save_path: Any = None,
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str:
        """Save the variables, and return the name of the checkpoint.

        Parameters
        ----------
        sess : Session
            Which keeps their values; eager ones keep their own, and `tfe.Saver.save` begins with the path.
        save_path : str
            The beginning of the name.
        global_step : int, tensor or variable, optional
            A number that is put behind it, as in ``model.ckpt-100``.
        latest_filename : str, optional
            The file that tells of checkpoints, by default ``checkpoint``.
        write_state : bool
            Whether to write it.

        Raises
        ------
        ValueError
            If the folder is not there.
        tf.errors.FailedPreconditionError
            If a variable has no value.
        """
        sess, save_path, global_step = _in_order(sess, save_path, global_step)
        named = self._variables(sess)
        path: str = os.fspath(save_path)
        if global_step is not None:
            path += f"-{_number(global_step, sess):08d}" if self._pads else f"-{_number(global_step, sess)}"
        write_checkpoint(path, {name: _value_of(variable, sess) for name, variable in named.items()})
        self._rotation.add(path)
        if write_state:
            folder = os.path.dirname(path)
            update_checkpoint_state(folder, path, self.last_checkpoints, latest_filename, self._is_relative)
        return path

    def restore(self, sess: Any = None, save_path: Any = None) -> None:
        """Give the variables the values that a checkpoint has: all of them, or none if one does not fit.

        Raises
        ------
        ValueError, FormatError
            If there is no such checkpoint, or it is damaged.
        tf.errors.NotFoundError
            If it lacks a variable.
        tf.errors.InvalidArgumentError
            If a variable has another shape or dtype there.
        """
        sess, save_path, _ = _in_order(sess, save_path, None)
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        named = self._variables(sess)
        found = read_checkpoint(os.fspath(save_path))
        for name in named:
            if name not in found:
                raise NotFoundError(
                    None, None, f"Key {name} not found in checkpoint {save_path}. There are {sorted(found)}."
                )
        assign_all([(name, variable, found[name]) for name, variable in named.items()], sess, self._reshape)

    @property
    def last_checkpoints(self) -> list[str]:
        """The checkpoints that it has saved and not deleted, the last one last."""
        return [path for path, _ in self._rotation.paths]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Let it know checkpoints that were saved before, so that it deletes the oldest."""
        self._rotation.paths = [(path, 0.0) for path in last_checkpoints]

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[str]) -> None:
        """Let it know those of some checkpoints that are there."""
        self.set_last_checkpoints([path for path in checkpoint_paths if checkpoint_exists(path)])


def _in_order(sess: Any, save_path: Any, global_step: Any) -> tuple[Any, Any, Any]:
    """Return session, path and step; an eager saver is given path and step alone."""
    if isinstance(sess, str | os.PathLike):
        return None, sess, save_path if save_path is not None else global_step
    return sess, save_path, global_step


def _number(step: Any, sess: Any) -> int:
    return int(sess.run(step)) if hasattr(step, "graph") else int(step)


# Looking into one


@provided("tf.train.NewCheckpointReader", "tf.train.load_checkpoint")
class CheckpointReader:
    """What a checkpoint holds.

    Parameters
    ----------
    ckpt_dir_or_file : str
        A checkpoint, or a folder, of which the last one is meant.
    """

    def __init__(self, ckpt_dir_or_file: Any) -> None:
        path = os.fspath(ckpt_dir_or_file)
        prefix = latest_checkpoint(path) if os.path.isdir(path) else path
        if prefix is None:
            raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {path}")
        self._arrays = read_checkpoint(prefix)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the shapes by name."""
        return {name: list(array.shape) for name, array in self._arrays.items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Return the dtypes by name."""
        return {name: as_dtype(array.dtype) for name, array in self._arrays.items()}

    def has_tensor(self, name: str) -> bool:
        """Return whether there is a variable of a name."""
        return name in self._arrays

    def get_tensor(self, name: str) -> Any:
        """Return the value of a variable.

        Raises
        ------
        tf.errors.NotFoundError
            If there is none.
        """
        if name not in self._arrays:
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint. There are {sorted(self._arrays)}.")
        value = self._arrays[name]
        return value if value.ndim else value[()]


@provided("tf.train.list_variables", "tf.contrib.framework.list_variables")
def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Return names and shapes of the variables of a checkpoint."""
    return sorted(CheckpointReader(ckpt_dir_or_file).get_variable_to_shape_map().items())


@provided("tf.train.load_variable", "tf.contrib.framework.load_variable")
def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """Return the value of a variable of a checkpoint."""
    return CheckpointReader(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


provide(CheckpointReader, "tf.contrib.framework.load_checkpoint")
refuse(
    "no graph is kept in a file. Run the program's code that makes it, then tf.train.Saver().restore(sess, path).",
    "tf.train.import_meta_graph",
    "tf.train.export_meta_graph",
    "tf.MetaGraphDef",
)
refuse("use tf.train.Saver({name: variable}).restore(sess, path).", "tf.train.init_from_checkpoint")
refuse("keep the program, and its variables by tf.train.Saver.", "tf.saved_model", "tf.train.write_graph")
refuse(
    "use tf.Session, tf.train.Saver and a loop of your own.",
    "tf.train.MonitoredTrainingSession",
    "tf.train.MonitoredSession",
    "tf.train.SingularMonitoredSession",
    "tf.train.Supervisor",
    "tf.train.Scaffold",
    *(f"tf.train.{kind}Hook" for kind in "SessionRun StopAtStep CheckpointSaver LoggingTensor NanTensor".split()),
    *(f"tf.train.{kind}Hook" for kind in "SummarySaver StepCounter GlobalStepWaiter FinalOps Feed Profiler".split()),
    "tf.train.SessionRunArgs",
)
