"""Files of machines and stacks: sealed, as those of models are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.atomic import check_target, write_bytes
from feedforward.boltzmann.machine import RBM
from feedforward.boltzmann.stack import Stack
from feedforward.errors import FormatError
from feedforward.graph.node import Array
from feedforward.sealed import Seal, one_line, read_file
from feedforward.tensor import store

__all__ = ["load", "save"]

_VERSION = 2  # from that number on, a seal's digest covers the description, too
_SEAL = Seal("feedforward_boltzmann", "file of Boltzmann machines", "boltzmann.save()", _VERSION)


def save(thing: RBM | Stack, path: str | os.PathLike[str]) -> None:
    """Write a machine or a stack to a file, with the number of updates, from which on draws go on.

    Parameters
    ----------
    thing : RBM or Stack
        What to keep.
    path : path
        The file.

    Raises
    ------
    TypeError
        If it is neither.
    IsADirectoryError, FileNotFoundError
        If the path is a folder, or its folder is not there.
    OSError
        If the file cannot be written; then it is as it was.
    """
    if not isinstance(thing, RBM | Stack):
        raise TypeError(f"save: got a {type(thing).__name__}. Expected an RBM or a Stack: write save(machine, path).")
    machines = thing.machines if isinstance(thing, Stack) else (thing,)
    kinds = [[machine.visible, machine.hidden] for machine in machines]
    header = {"version": _VERSION, "is_stack": isinstance(thing, Stack), "kinds": kinds}
    tensors = {
        f"{place}/{name}": variable.numpy()
        for place, machine in enumerate(machines)
        for name, variable in machine.variables.items()
    }
    target = Path(path)
    check_target(target, "save", "machine.ff")
    write_bytes(target, _SEAL.pack(header, tensors))


def load(path: str | os.PathLike[str]) -> RBM | Stack:
    """Return the machine or the stack that `save` wrote.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FormatError
        If it is damaged, or no such file. Nothing in it is executed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "machine.ff"
    >>> save(RBM(4, 2, visible="gaussian"), path)
    >>> load(path)
    RBM(4, 2, visible='gaussian', hidden='binary')
    """
    target = Path(path)
    header, tensors = _SEAL.unpack(str(target), read_file(target, "load", "a file of Boltzmann machines"))
    try:
        machines = [_machine(kinds, place, tensors) for place, kinds in enumerate(header["kinds"])]
        thing = Stack(machines) if header["is_stack"] is True else machines[0]
    except Exception as error:  # what a file says can go wrong anywhere
        raise FormatError(
            f"{target} cannot be loaded: {one_line(f'{type(error).__name__}: {error}')}. It is damaged, or was written "
            f"by another version."
        ) from error
    if tensors:
        raise FormatError(f"{target} cannot be loaded: nothing uses its tensor {min(tensors)!r}. It is damaged.")
    return thing


def _machine(kinds: Any, place: int, tensors: dict[str, Array]) -> RBM:
    """Return a machine of the file, and take its numbers out of `tensors`."""
    visible, hidden = kinds
    # The file's own weights are its size: a few words in it cannot ask for more memory than it has bytes.
    visible_units, hidden_units = tensors[f"{place}/kernel"].shape
    machine = RBM(visible_units, hidden_units, visible, hidden, seed=0)
    values = [tensors.pop(f"{place}/{name}") for name in machine.variables]
    for variable, value in zip(machine.variables.values(), values, strict=True):
        if value.shape != variable.shape or value.dtype != variable.dtype:
            raise FormatError(f"{variable.name} is {value.dtype} {value.shape}")
        if not np.isfinite(value).all():
            raise FormatError(f"{variable.name} is not finite")
    store(list(machine.variables.values()), values)
    return machine
