"""Configurations as Keras writes them, ``{"class_name": ..., "config": {...}}``, and back.

Nothing of a configuration is executed: a name is looked up among those entered, or among a program's own objects, which
it names itself. Not here: files (``saving.py``).
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from feedforward.compat.names import provided
from feedforward.errors import FormatError
from feedforward.lookup import did_you_mean
from feedforward.tensor import Variable

__all__ = ["Kind", "serialized", "custom_objects", "own_objects"]

_own: dict[str, Any] = {}
"""What a program has entered itself, by name."""


@provided("keras.utils.get_custom_objects", "keras.utils.generic_utils.get_custom_objects")
def own_objects() -> dict[str, Any]:
    """Return the dict in which a program enters classes and functions of its own by name."""
    return _own


@provided(
    "keras.utils.custom_object_scope",
    "keras.utils.CustomObjectScope",
    "keras.utils.generic_utils.CustomObjectScope",
)
@contextlib.contextmanager
def custom_objects(*given: dict[str, Any] | None) -> Iterator[None]:
    """Let names stand for a program's own objects inside the ``with``."""
    before = dict(_own)
    for objects in given:
        _own.update(objects or {})
    try:
        yield
    finally:
        _own.clear()
        _own.update(before)


class Kind:
    """Things of one kind by the names that programs have for them.

    Parameters
    ----------
    word : str
        What messages call them.
    base : type
        The class that all have in common.
    """

    def __init__(self, word: str, base: type) -> None:
        self.word, self.base = word, base
        self._makers: dict[str, Callable[..., Any]] = {}

    def enter(self, make: Callable[..., Any], *names: str) -> None:
        """Let names stand for what `make` returns."""
        self._makers.update(dict.fromkeys(names, make))

    def get(self, thing: Any, **settings: Any) -> Any:
        """Return what a name, a configuration or a class stands for; an instance or a function is itself.

        Raises
        ------
        ValueError, TypeError
            If it is none of these, or the name is unknown.
        """
        if isinstance(thing, dict) and "class_name" in thing:
            return self._made(thing["class_name"], {**thing.get("config", {}), **settings})
        if isinstance(thing, str):
            return self._made(thing, settings)
        if isinstance(thing, type) and issubclass(thing, self.base):
            return thing(**settings)
        if isinstance(thing, self.base) or callable(thing):
            return thing
        raise TypeError(f"{self.word}: got {thing!r:.80}. Expected a name, a {self.word} or a function.")

    def _made(self, name: Any, settings: dict[str, Any]) -> Any:
        make = _own.get(name, self._makers.get(name))
        if make is None:
            known = [*self._makers, *_own]
            raise ValueError(f"Unknown {self.word} {name!r}. {did_you_mean(str(name), known)}")
        return make(**settings) if isinstance(make, type) or name in self._makers or settings else make


@provided("keras.utils.serialize_keras_object", "keras.utils.generic_utils.serialize_keras_object")
def serialized(value: Any) -> Any:
    """Return what a configuration holds in place of a value: a number, a name, or class and settings.

    Raises
    ------
    FormatError
        If it is nothing of these.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | Variable) and np.ndim(value) == 0:
        return value.item()
    if isinstance(value, list | tuple):
        return [serialized(part) for part in value]
    if isinstance(value, dict):
        return {str(key): serialized(part) for key, part in value.items()}
    own = getattr(value, "get_config", None)
    if own is not None and not isinstance(value, type):
        return {"class_name": type(value).__name__, "config": serialized(own())}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if "function" in {field.name for field in dataclasses.fields(value)}:
            return serialized(vars(value)["function"])
        settings = {field.name: serialized(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"class_name": type(value).__name__, "config": settings}
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    raise FormatError(f"{value!r:.80} cannot be written as a configuration. Give its class a get_config().")
