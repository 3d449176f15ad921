"""Checkpoints of objects in eager mode: `tf.train.Checkpoint`, and those that are kept of it.

What an object holds is known by the names that the program gives to `Checkpoint` and by its place in there. What has no
variables yet, such as a model that was never called, gets its values when it makes them, as in TensorFlow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from feedforward.attributes import is_ours
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.contrib_eager import Network
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.saver import (
    Rotation,
    assign_all,
    latest_checkpoint,
    read_checkpoint,
    state_of,
    update_checkpoint_state,
    write_checkpoint,
)
from feedforward.compat.tensorflow.variables import EagerVariable, shown_variable
from feedforward.graph.node import Array
from feedforward.nn.layer import Layer as OurLayer
from feedforward.tensor import Variable

__all__ = ["Checkpoint", "CheckpointManager"]


class _Own:
    """The variables that a layer of a program's class has besides those of the layers in it."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    @property
    def variables(self) -> list[Any]:
        """Its variables."""
        return [shown_variable(weight) for weight in self._layer._weights]

    @property
    def is_built(self) -> bool:
        """Whether they are made."""
        return bool(self._layer._weights or self._layer.is_built)

    def wait(self, restore: Callable[[list[Any]], None]) -> None:
        """Have something called when they are made."""
        self._layer.waiting = lambda _: restore(self.variables)


def _parts_of(thing: Any, path: str) -> dict[str, Any]:
    """Return what has variables in a thing, by its path: a layer of a program's class is taken apart."""
    found: dict[str, Any] = {}
    if isinstance(thing, Checkpoint):
        parts: Iterable[tuple[Any, Any]] = thing._things.items()
    elif isinstance(thing, list | tuple):
        parts = enumerate(thing)
    elif isinstance(thing, Mapping):
        parts = thing.items()
    elif isinstance(thing, Network):
        parts = enumerate(thing.layers)
    elif isinstance(thing, OurLayer) and not is_ours(type(thing)):
        found[path] = _Own(thing)
        parts = ((f"layer-{n}", part) for n, part in enumerate([*thing._layers, *vars(thing).get("_others", ())]))
    else:
        return {path: thing}
    for name, part in parts:
        found.update(_parts_of(part, f"{path}/{name}" if path else str(name)))
    return found


def _variables_of(thing: Any, path: str) -> dict[str, EagerVariable] | None:
    """Return the variables of a thing by their names in a checkpoint; None if they are not made yet.

    Raises
    ------
    TypeError
        If it has none.
    """
    if isinstance(thing, EagerVariable | Variable):
        return {path: _as_shown(thing)}
    found = getattr(thing, "variables", None)
    if found is None:
        raise TypeError(
            f"Checkpoint({path}={thing!r:.60}): it has no variables. Give variables, layers, models, optimizers or "
            f"checkpoints."
        )
    variables = list(found() if callable(found) else found)
    if (hasattr(thing, "waiting") or isinstance(thing, _Own)) and not _is_made(thing, variables):
        return None
    return {f"{path}/{place}": _as_shown(each) for place, each in enumerate(variables)}


def _is_made(thing: Any, variables: list[Any]) -> bool:
    """Return whether a layer or optimizer has its variables."""
    for name in ("is_built", "built", "_is_built"):
        if hasattr(thing, name):
            return bool(getattr(thing, name))
    return bool(variables)


def _as_shown(variable: Any) -> EagerVariable:
    return shown_variable(variable) if isinstance(variable, Variable) else variable


@provided("tf.train.Checkpoint", "tf.contrib.eager.Checkpoint")
class Checkpoint:
    """Variables, layers, models and optimizers under names, saved and restored together.

    Parameters
    ----------
    **kwargs
        What is saved, under names of the program's own.

    Raises
    ------
    RuntimeError
        In a graph, whose variables a session keeps.
    """

    def __init__(self, **kwargs: Any) -> None:
        if not is_eager():
            raise RuntimeError("tf.train.Checkpoint is for eager programs. In a graph use tf.train.Saver.")
        self._things: dict[str, Any] = {}
        for name, thing in kwargs.items():
            setattr(self, name, thing)
        if "save_counter" not in self._things:
            self.save_counter = EagerVariable(np.int64(0), trainable=False, name="save_counter")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            self._things[name] = value
        object.__setattr__(self, name, value)

    def write(self, file_prefix: Any) -> str:
        """Write a checkpoint of exactly this name, and return it."""
        prefix: str = os.fspath(file_prefix)
        arrays: dict[str, Array] = {}
        for path, thing in _parts_of(self, "").items():
            arrays.update({name: np.asarray(each.numpy()) for name, each in (_variables_of(thing, path) or {}).items()})
        os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)
        write_checkpoint(prefix, arrays)
        return prefix

    def save(self, file_prefix: Any) -> str:
        """Write a checkpoint whose name ends in a number that grows, and return it."""
        self.save_counter.assign_add(1)
        prefix = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        update_checkpoint_state(os.path.dirname(prefix), prefix)
        return prefix

    def restore(self, save_path: str | None) -> Restored:
        """Give all that is saved its values; what has no variables yet gets them when it makes them.

        Parameters
        ----------
        save_path : str or None
            What `save` or `tf.train.latest_checkpoint` returned; None changes nothing.

        Raises
        ------
        ValueError, FormatError, InvalidArgumentError
            If there is no such checkpoint, it is damaged, or a value does not fit; then nothing is changed.
        """
        if save_path is None:
            return Restored([], [])
        arrays = read_checkpoint(os.fspath(save_path))
        pairs, missing, later = [], [], []
        for path, thing in _parts_of(self, "").items():
            variables = _variables_of(thing, path)
            if variables is None:
                own = {name: array for name, array in arrays.items() if name.startswith(f"{path}/")}
                if own:
                    later.append((thing, _Waiting(path, own)))
                continue
            missing += [name for name in variables if name not in arrays]
            pairs += [(name, each, arrays[name]) for name, each in variables.items() if name in arrays]
        assign_all(pairs, None)
        for thing, waiting in later:
            if isinstance(thing, _Own):
                thing.wait(waiting)
            else:
                thing.waiting = waiting
        used = {name for name, _, _ in pairs}
        used.update(name for _, waiting in later for name in waiting.arrays)
        return Restored(missing, [name for name in arrays if name not in used])

    read = restore


class _Waiting:
    """Values of what has no variables yet.

    Parameters
    ----------
    path : str
        What it is called.
    arrays : dict of str to array
        Its values.
    """

    def __init__(self, path: str, arrays: dict[str, Array]) -> None:
        self.path, self.arrays = path, arrays

    def __call__(self, variables: list[Any]) -> None:
        """Give variables that were made just now their values."""
        named = {f"{self.path}/{place}": each for place, each in enumerate(variables)}
        assign_all([(name, each, self.arrays[name]) for name, each in named.items() if name in self.arrays], None)


class Restored:
    """What `Checkpoint.restore` found.

    Parameters
    ----------
    missing : list of str
        What is not in the checkpoint.
    unused : list of str
        What only the checkpoint has.
    """

    def __init__(self, missing: list[str], unused: list[str]) -> None:
        self._missing, self._unused = missing, unused

    def assert_existing_objects_matched(self) -> Restored:
        """Raise AssertionError if something has no value in the checkpoint."""
        if self._missing:
            raise AssertionError(f"not in the checkpoint: {', '.join(self._missing)}. It was saved from other objects.")
        return self

    def assert_consumed(self) -> Restored:
        """Raise AssertionError as well if the checkpoint has what nothing was given."""
        self.assert_existing_objects_matched()
        if self._unused:
            raise AssertionError(f"Unresolved object in checkpoint: {', '.join(self._unused)}. Nothing takes them.")
        return self

    def expect_partial(self) -> Restored:
        """Say that a part is enough: nothing warns of the rest."""
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Do nothing: values are there as soon as `restore` returned."""

    initialize_or_restore = run_restore_ops


@provided("tf.train.CheckpointManager", "tf.contrib.checkpoint.CheckpointManager")
class CheckpointManager:
    """Keeps the last checkpoints of a `Checkpoint` in a folder.

    Parameters
    ----------
    checkpoint : Checkpoint
        What is saved.
    directory : path
        Where.
    max_to_keep : int or None
        How many; None: all.
    keep_checkpoint_every_n_hours : float, optional
        One for each so many hours stays for good.
    checkpoint_name : str
        What files begin with.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        self.checkpoint, self.directory = checkpoint, os.fspath(directory)
        self._prefix = os.path.join(self.directory, checkpoint_name)
        self._kept = Rotation(max_to_keep, keep_checkpoint_every_n_hours or 1e6)
        state = state_of(self.directory)
        for path in [] if state is None else state.all_model_checkpoint_paths:
            self._kept.add(path)

    @property
    def latest_checkpoint(self) -> str | None:
        """The last one."""
        return latest_checkpoint(self.directory)

    @property
    def checkpoints(self) -> list[str]:
        """All that are kept, the oldest first."""
        return [path for path, _ in self._kept.paths]

    def save(self, checkpoint_number: Any = None) -> str:
        """Write another one, and return its name."""
        counter = self.checkpoint.save_counter
        counter.assign_add(1)
        number = int(counter) if checkpoint_number is None else int(checkpoint_number)
        path = self.checkpoint.write(f"{self._prefix}-{number}")
        self._kept.add(path)
        update_checkpoint_state(self.directory, path, self.checkpoints)
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the last one, and return its name; None where there is none."""
        found = self.latest_checkpoint
        self.checkpoint.restore(found)
        return found


@provided("tf.Module")
class Module:
    """Variables and other modules that are attributes, known together.

    Parameters
    ----------
    name : str, optional
        What it is called.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()

    def _flat(self, is_wanted: Callable[[Any], bool]) -> list[Any]:
        found: dict[int, Any] = {}
        pending = [value for _, value in sorted(vars(self).items())]
        while pending:
            value = pending.pop(0)
            if isinstance(value, list | tuple | Mapping):
                pending[:0] = list(value.values()) if isinstance(value, Mapping) else list(value)
                continue
            if is_wanted(value):
                found[id(value)] = value
            if isinstance(value, Module):
                found.update({id(each): each for each in value._flat(is_wanted)})
            elif hasattr(value, "trainable_variables"):  # a layer
                found.update({id(each): each for each in value.variables if is_wanted(each)})
        return list(found.values())

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables."""
        return tuple(self._flat(lambda value: isinstance(value, EagerVariable)))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those that tapes watch."""
        return tuple(each for each in self.variables if each.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules inside."""
        return tuple(self._flat(lambda value: isinstance(value, Module)))
