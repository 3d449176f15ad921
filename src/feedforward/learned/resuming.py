"""The file of a training that goes on another day: with the bits of one that was never stopped.

Here is what both ways to train a rule share; what they hold besides is theirs to say.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.atomic import check_target, write_bytes
from feedforward.errors import FormatError
from feedforward.graph.node import Array
from feedforward.graph.program import Program
from feedforward.graph.text import to_text
from feedforward.interrupts import held_interrupts
from feedforward.learned.tasks import Task
from feedforward.nn.config import to_config
from feedforward.nn.optimizer import Optimizer
from feedforward.nn.update_rules import UpdateRule
from feedforward.sealed import Seal, read_file
from feedforward.tensor import store

__all__ = ["RUNS", "Resumable", "digest_of_step"]

_SEAL = Seal("feedforward_rule_training", "file of a rule's training", "training.save()", 2)
_HISTORY = "history"

RUNS = "runs/"
"""What the names of arrays begin with that may hold numbers that are not finite: a run may diverge."""


class Resumable:
    """Base of trainings that `save` and `resume`.

    Attributes
    ----------
    rule : UpdateRule
        Whose weights are trained.
    optimizer : Optimizer
        What trains them; it is built.
    history : list of float
        For each call of `train`, a loss.
    """

    rule: UpdateRule
    optimizer: Optimizer
    history: list[float]

    def _described(self) -> dict[str, Any]:
        """Return the settings by which training goes, each by what messages call it, as JSON would hold them."""
        raise NotImplementedError(f"{type(self).__name__} has no _described(). Define _described(self).")

    def _held(self) -> dict[str, Array]:
        """Return all that it holds beside what this class has, arrays by their names."""
        raise NotImplementedError(f"{type(self).__name__} has no _held(). Define _held(self).")

    def _take(self, held: dict[str, Array]) -> None:
        """Take over what `held` returned elsewhere: names, shapes and dtypes are those of here.

        Raises
        ------
        FormatError
            If it cannot be; then nothing was changed.
        """
        raise NotImplementedError(f"{type(self).__name__} has no _take(). Define _take(self, held).")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all by which training goes on to a file, in place of what it held.

        Parameters
        ----------
        path : str or path
            The file. The rule by itself is written by `save_rule`.

        Raises
        ------
        IsADirectoryError, FileNotFoundError
            If the path is a folder, or its folder is not there.
        OSError
            If the file cannot be written; then it is as it was.
        """
        target = Path(path)
        check_target(target, "save", "rule.training")
        arrays = {**self._own(), **self._held(), _HISTORY: np.array(self.history, np.float64)}
        write_bytes(target, _SEAL.pack({"version": 2, "training": self._known()}, arrays))

    def resume(self, path: str | os.PathLike[str]) -> None:
        """Go on from a file that `save` wrote for a training like this one.

        Parameters
        ----------
        path : str or path
            The file.

        Raises
        ------
        FileNotFoundError, IsADirectoryError
            If there is none.
        ValueError
            If rule, task, optimizer or a setting are not those of the file: it names what differs.
        FormatError
            If the file is damaged, or none of a training. Nothing in it is executed, and nothing was changed.
        """
        target = Path(path)
        header, arrays = _SEAL.unpack(str(target), read_file(target, "resume", "a training"))
        there, here = header.get("training"), self._known()
        kind = there.get("kind") if isinstance(there, dict) else None
        if not isinstance(there, dict) or kind != here["kind"]:
            raise FormatError(f"resume: {target} holds no {here['kind']}, but {kind!r:.60}. Give a file that it wrote.")
        for name, value in here.items():
            if there.get(name) != value:
                told = "" if name.startswith("task") else f", {there.get(name)!r:.200} there, {value!r:.200} here"
                raise ValueError(
                    f"resume: {target} is of another training: the {name} is not the same{told}. Make this one as that "
                    f"was made; or begin anew, without the file."
                )
        own = self._own()
        history = arrays.pop(_HISTORY, np.zeros(0))
        _check(target, arrays, own | self._held(), history)
        with held_interrupts():
            self._take({name: value for name, value in arrays.items() if name not in own})
            store(self._variables(), [arrays[name] for name in own])
            self.history = history.tolist()

    def _known(self) -> dict[str, Any]:
        """Return what must be the same where training goes on, as JSON gives it back."""
        parts = {"kind": type(self).__name__, "rule": to_config(self.rule), "optimizer": to_config(self.optimizer)}
        known: dict[str, Any] = json.loads(json.dumps({**parts, **self._described()}))
        return known

    def _variables(self) -> list[Any]:
        return [*self.rule.weights.values(), *self.optimizer.variables]

    def _own(self) -> dict[str, Array]:
        """Return the weights of the rule, and the state of the optimizer."""
        weights = {f"rule/{name}": weight.numpy() for name, weight in self.rule.weights.items()}
        state = {f"optimizer/{number}": part.numpy() for number, part in enumerate(self.optimizer.variables)}
        return weights | state


def _check(path: Path, arrays: dict[str, Array], expected: dict[str, Array], history: Array) -> None:
    """Check that a file holds arrays like those expected, and finite numbers where no run has diverged."""
    forms, wanted = ({name: (a.shape, a.dtype) for name, a in part.items()} for part in (arrays, expected))
    is_history = history.ndim == 1 and history.dtype == np.float64
    wrong = next((name for name in [*wanted, *forms] if forms.get(name) != wanted.get(name)), None)
    if wrong is not None or not is_history:
        raise FormatError(
            f"resume: {path} cannot be used: {_HISTORY if wrong is None else wrong} is missing, too much, or of "
            f"another shape or dtype. It is damaged, or was written by another version."
        )
    for name, array in arrays.items():
        if name.startswith(RUNS):
            continue
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FormatError(f"resume: {path} cannot be used: {name} is not finite. Save it again.")
        if array.dtype.kind == "i" and (array < 0).any():
            raise FormatError(f"resume: {path} cannot be used: {name} is negative, and counts. Save it again.")


def digest_of_step(program: Program, task: Task) -> str:
    """Return a digest of a step on a task and of its samples: equal where training would give the same bits."""
    digest = hashlib.sha256(to_text(program, has_names=False).encode())
    for array in task.samples:
        digest.update(f"{array.shape} {array.dtype}".encode())
        # The bytes as they lie, in one row, which is all that a digest takes: a copy would be as large as the samples.
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
