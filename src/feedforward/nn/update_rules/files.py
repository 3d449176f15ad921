"""Files of update rules, sealed as those of models are, and the trained ones that come with the package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.atomic import check_target, write_bytes
from feedforward.errors import FormatError
from feedforward.lookup import did_you_mean
from feedforward.nn.config import from_config, to_config
from feedforward.nn.update_rules.update_rule import UPDATE_RULES, UpdateRule
from feedforward.sealed import Seal, one_line, read_file

__all__ = ["load_rule", "save_rule", "shipped_rules"]

_VERSION = 2  # from that number on, a seal's digest covers the description, too
_SEAL = Seal("feedforward_update_rule", "file of an update rule", "learned.save_rule()", _VERSION)
_SHIPPED = Path(__file__).parent / "shipped"


def shipped_rules() -> list[str]:
    """Return the names of the trained rules that come with the package."""
    return sorted(path.stem for path in _SHIPPED.glob("*.rule"))


def save_rule(rule: UpdateRule, path: str | os.PathLike[str]) -> None:
    """Write an update rule with its weights to a file.

    Raises
    ------
    TypeError
        If it is none, or the path is neither a text nor a path.
    IsADirectoryError, FileNotFoundError
        If the path is a folder, or its folder is not there.
    OSError
        If the file cannot be written; then it is as it was.
    """
    if not isinstance(rule, UpdateRule):
        raise TypeError(f"save_rule: got a {type(rule).__name__}. Expected an update rule, such as RNNprop().")
    target = _path(path, "save_rule")
    check_target(target, "save_rule", "optimizer.rule")
    header = {"version": _VERSION, "rule": to_config(rule)}
    write_bytes(target, _SEAL.pack(header, {name: weight.numpy() for name, weight in rule.weights.items()}))


def load_rule(name: str | os.PathLike[str]) -> UpdateRule:
    """Return a trained update rule: one that comes with the package, by its name, or what `save_rule` wrote.

    Parameters
    ----------
    name : str or path
        A name of `shipped_rules`, or a file.

    Raises
    ------
    TypeError
        If it is neither a text nor a path.
    FileNotFoundError, IsADirectoryError
        If there is neither, or a folder.
    FormatError
        If the file is damaged, or none of an update rule. Nothing in it is executed.

    Examples
    --------
    >>> from feedforward.nn.update_rules.recurrent import RNNprop
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "small.rule"
    >>> save_rule(RNNprop(units=4), path)
    >>> load_rule(path)
    RNNprop(units=4, layers=2, scale=0.1, decay=0.95)
    """
    target = _path(name, "load_rule")
    if str(name) in shipped_rules():
        target = _SHIPPED / f"{name}.rule"
    if isinstance(name, str) and not target.suffix and not target.exists():
        raise FileNotFoundError(
            f"load_rule: there is no update rule {name!r}. {did_you_mean(name, shipped_rules())} Or give the path of a "
            f"file that save_rule wrote."
        )
    header, tensors = _SEAL.unpack(str(target), read_file(target, "load_rule", "a file of an update rule"))
    try:
        rule = from_config(UPDATE_RULES, header["rule"])
        if any(value.dtype != np.float32 or not np.isfinite(value).all() for value in tensors.values()):
            raise FormatError("a weight is no float32, or not finite")
        rule.set_weights(tensors)
    except Exception as error:  # what a file says can go wrong anywhere
        raise FormatError(
            f"{target} cannot be loaded: {one_line(f'{type(error).__name__}: {error}')}. It is damaged, or was written "
            f"by another version."
        ) from error
    return rule


def _path(path: Any, caller: str) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{caller}: got {path!r:.60}. Expected the path of a file. Give a text or a Path.")
    return Path(path)
