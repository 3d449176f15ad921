"""Checkpoints of objects in eager mode: `tf.train.Checkpoint` and the manager of several.

The variables of what is given are found by the way that leads to them: ``model/0``, ``optimizer/iterations``. Not here:
the file (``saver.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.errors import NotFoundError
from feedforward.compat.tensorflow.saver import (
    Rotation,
    assign_all,
    latest_checkpoint,
    read_checkpoint,
    state_of,
    update_checkpoint_state,
    write_checkpoint,
)
from feedforward.compat.tensorflow.variables import EagerVariable

__all__ = ["Checkpoint", "CheckpointManager"]


def _variables(path: str, thing: Any) -> Iterator[tuple[str, EagerVariable]]:
    """Yield the variables of an object, each with what leads to it."""
    if isinstance(thing, EagerVariable):
        yield path, thing
        return
    if isinstance(thing, feedforward.Variable):
        yield path, EagerVariable(thing)
        return
    if isinstance(thing, dict):
        parts = list(thing.items())
    elif isinstance(thing, list | tuple):
        parts = list(enumerate(thing))
    elif isinstance(thing, Checkpoint):
        parts = list(thing.objects.items())
    else:
        found = next((getattr(thing, name) for name in ("weights", "variables") if hasattr(thing, name)), None)
        if found is None:
            raise ValueError(
                f"`Checkpoint` was expecting a trackable object, got {thing!r:.80} for {path!r}. Give a variable, a "
                f"model, an optimizer, or a list or dict of them."
            )
        parts = list(enumerate(found() if callable(found) else found))
    for name, part in parts:
        yield from _variables(f"{path}/{name}" if path else str(name), part)


class _Status:
    """What `Checkpoint.restore` found."""

    def __init__(self, unused: list[str]) -> None:
        self._unused = unused

    def assert_consumed(self) -> _Status:
        """Raise AssertionError if the checkpoint has more than was restored."""
        if self._unused:
            raise AssertionError(f"Unresolved objects in checkpoint: {self._unused}")
        return self

    def assert_existing_objects_matched(self) -> _Status:
        """Return it: what was not in the checkpoint has raised already."""
        return self

    assert_nontrivial_match = expect_partial = assert_existing_objects_matched

    def initialize_or_restore(self, session: Any = None) -> None:
        """Do nothing: all is restored."""

    run_restore_ops = initialize_or_restore


@provided("tf.train.Checkpoint", "tf.contrib.eager.Checkpoint")
class Checkpoint:
    """Saves the variables of objects, and restores them, in eager mode.

    Parameters
    ----------
    **objects
        Variables, models, optimizers, or lists and dicts of them, by the names that a checkpoint has for them.

    Notes
    -----
    What `restore` is to give values must be there: a model after its first call, an optimizer after its first step.
    TensorFlow gave them values when they were made later.
    """

    def __init__(self, **objects: Any) -> None:
        if not is_eager():
            raise NotImplementedError("tf.train.Checkpoint is provided in eager mode. In a graph use tf.train.Saver.")
        self.objects = objects
        self.save_counter = EagerVariable(np.int64(0), trainable=False, name="save_counter")
        for name, thing in objects.items():
            setattr(self, name, thing)
            list(_variables(name, thing))

    def _all(self) -> dict[str, EagerVariable]:
        return dict(_variables("", {**self.objects, "save_counter": self.save_counter}))

    def write(self, file_prefix: Any) -> str:
        """Write a checkpoint of a name, and return the name."""
        path = str(os.fspath(file_prefix))
        write_checkpoint(path, {name: np.asarray(variable.numpy()) for name, variable in self._all().items()})
        return path

    def save(self, file_prefix: Any) -> str:
        """Write a checkpoint with its number behind the name, tell of it in the file ``checkpoint``, and return it."""
        Path(file_prefix).parent.mkdir(parents=True, exist_ok=True)
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        update_checkpoint_state(os.path.dirname(path), path)
        return path

    def restore(self, save_path: Any) -> _Status:
        """Give all variables the values that a checkpoint has: all of them, or none if one does not fit.

        Raises
        ------
        ValueError, FormatError
            If there is no such checkpoint, or it is damaged.
        tf.errors.NotFoundError
            If it lacks a variable, or holds some of an object that has none yet.
        tf.errors.InvalidArgumentError
            If a variable has another shape or dtype there.
        """
        if save_path is None:  # as tf.train.latest_checkpoint gives it where there is none
            return _Status([])
        found, variables = read_checkpoint(str(os.fspath(save_path))), self._all()
        for name in self.objects:
            if any(key.split("/")[0] == name for key in found) and not any(k.split("/")[0] == name for k in variables):
                raise NotFoundError(
                    None,
                    None,
                    f"restore: {name!r} has no variables yet, and the checkpoint has some of it. Call the model, or "
                    f"take a step with the optimizer, before.",
                )
        for name in variables:
            if name not in found:
                raise NotFoundError(
                    None, None, f"Key {name} not found in checkpoint {save_path}. There are {sorted(found)}."
                )
        assign_all([(name, variable, found[name]) for name, variable in variables.items()], None)
        return _Status(sorted(set(found) - set(variables)))

    read = restore


@provided("tf.train.CheckpointManager", "tf.contrib.checkpoint.CheckpointManager")
class CheckpointManager:
    """Keeps the last checkpoints in a folder.

    Parameters
    ----------
    checkpoint : Checkpoint
        What to save.
    directory : path
        Where.
    max_to_keep : int or None
        How many; None: all.
    keep_checkpoint_every_n_hours : float, optional
        One for each so many hours is not deleted.
    checkpoint_name : str
        The beginning of their names.
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
        self._rotation = Rotation(max_to_keep, keep_checkpoint_every_n_hours or float("inf"))
        state = state_of(self.directory)
        self._rotation.paths = [(path, 0.0) for path in (state.all_model_checkpoint_paths if state else [])]

    @property
    def checkpoints(self) -> list[str]:
        """The checkpoints that are kept, the last one last."""
        return [path for path, _ in self._rotation.paths]

    @property
    def latest_checkpoint(self) -> str | None:
        """The last checkpoint; None where there is none."""
        return latest_checkpoint(self.directory)

    def save(self, checkpoint_number: Any = None) -> str:
        """Save, delete what is too much, and return the name."""
        Path(self.directory).mkdir(parents=True, exist_ok=True)
        self.checkpoint.save_counter.assign_add(1)
        number = int(self.checkpoint.save_counter if checkpoint_number is None else checkpoint_number)
        path = self.checkpoint.write(f"{self._prefix}-{number}")
        self._rotation.add(path)
        update_checkpoint_state(self.directory, path, self.checkpoints)
        return path
