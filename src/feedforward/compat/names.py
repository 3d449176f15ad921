"""Which old names there are: each thing says where it is defined under which names programs know it.

``@provided("tf.nn.relu", "keras.backend.relu")`` is all it takes: the modules ``tensorflow.nn`` and ``keras.backend``
consist of what was provided under their names. ``tf.keras`` is ``keras``. A name that is not there raises at once, and
the message has the nearest one. Not here: how ``import tensorflow`` comes to mean these modules (``importing.py``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeVar

from feedforward.lookup import did_you_mean

__all__ = [
    "NotProvidedError",
    "NotProvidedImportError",
    "provide",
    "provided",
    "refuse",
    "namespace_names",
    "message_of",
    "Namespace",
    "module_name",
]

T = TypeVar("T")

_things: dict[str, Any] = {}
"""What programs know, by its full name: ``tf.nn.relu``."""

_refused: dict[str, str] = {}
"""What is not provided and will not be, by its full name, with what to do instead."""

_ROOTS = {"tf": "tensorflow", "keras": "keras"}


class NotProvidedError(AttributeError):
    """A program asks for something of TensorFlow or Keras that is not provided."""


class NotProvidedImportError(ImportError):
    """A program imports something of TensorFlow or Keras that is not provided."""


def provide(thing: T, *names: str) -> T:
    """Let programs know a thing under some full names, and return it.

    Parameters
    ----------
    thing : object
        A function, class or value.
    *names : str
        Full names, each beginning with ``tf.`` or ``keras.``; what is named ``keras.x`` is ``tf.keras.x``, too.

    Raises
    ------
    ValueError
        If a name is taken.
    """
    for name in names:
        if name in _things or name.partition(".")[0] not in _ROOTS:
            raise ValueError(f"{name!r} is provided already, or does not begin with 'tf.' or 'keras.'.")
        _things[name] = thing
    return thing


def provided(*names: str) -> Callable[[T], T]:
    """Return a decorator that lets programs know what it decorates under some full names; see `provide`."""
    return lambda thing: provide(thing, *names)


def refuse(why: str, *names: str) -> None:
    """Say of names, or of all that begin with one, why they are out of scope, and what to use instead."""
    _refused.update(dict.fromkeys(names, why))


def _canonical(name: str) -> str:
    """Return the name under which a thing was provided: ``tf.compat.v1.keras.layers.Dense -> keras.layers.Dense``."""
    for theirs, ours in (("tf.compat.v1", "tf"), ("tf.contrib.keras", "keras"), ("tf.keras", "keras")):
        while name == theirs or name.startswith(f"{theirs}."):
            name = ours + name[len(theirs) :]
    return name


def namespace_names(namespace: str) -> list[str]:
    """Return the names that a module has, in the order of the alphabet."""
    head = _canonical(namespace) + "."
    names = {name[len(head) :].partition(".")[0] for name in _things if name.startswith(head)}
    return sorted(names | ({"keras"} if namespace == "tf" else set()))


def message_of(name: str) -> str:
    """Return what to say of a full name that is not provided."""
    canonical = _canonical(name)
    parts = canonical.split(".")
    for count in range(len(parts), 0, -1):
        why = _refused.get(".".join(parts[:count]))
        if why is not None:
            return f"{name} is not provided: {why}"
    namespace, _, last = canonical.rpartition(".")
    elsewhere = sorted(known for known in _things if known.rpartition(".")[2] == last)
    if elsewhere:
        return f"{name} is not provided. The nearest thing is {_shown(elsewhere[0], name)}."
    near = did_you_mean(last, namespace_names(namespace))
    if near.startswith("Did you mean '"):
        return f"{name} is not provided. The nearest thing is {_shown(f'{namespace}.{near[14:-2]}', name)}."
    near = did_you_mean(canonical, sorted(_things))
    hint = f"The nearest thing is {_shown(near[14:-2], name)}." if near.startswith("Did you mean '") else ""
    return f"{name} is not provided. {hint or 'Nothing like it is there; write it with what is.'}"


def _shown(name: str, like: str) -> str:
    """Return a name as the program would spell it."""
    return f"tf.{name}" if like.startswith("tf.keras") and name.startswith("keras.") else name


def module_name(name: str) -> str:
    """Return what Python calls the module of a full name: ``tf.nn -> tensorflow.nn``."""
    root, dot, rest = name.partition(".")
    return _ROOTS[root] + dot + rest


class Namespace(ModuleType):
    """A module of TensorFlow or Keras that consists of what is provided under its name.

    Parameters
    ----------
    name : str
        Its full name, such as ``tf.nn``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(module_name(name), f"{module_name(name)}, as far as feedforward provides it.")
        self.__path__: list[str] = []  # a package, so that its parts can be imported
        self._name = name

    @property
    def __all__(self) -> list[str]:
        """What ``from ... import *`` takes."""
        return namespace_names(self._name)

    def __getattr__(self, name: str) -> Any:
        """Return what is provided under a name, found when it is asked for.

        Raises
        ------
        NotProvidedError
            If it is not provided.
        """
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        full = f"{self._name}.{name}"
        canonical = _canonical(full)
        if canonical in _things:
            found = _things[canonical]
            return found() if isinstance(found, Late) else found
        if is_namespace(full):
            return submodule(full)
        raise NotProvidedError(message_of(full), name=name)

    def __dir__(self) -> list[str]:
        return namespace_names(self._name)


class Late:
    """A thing that depends on the version that a program was written for: it is made when it is asked for.

    Parameters
    ----------
    make : callable
        Returns the thing.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def __call__(self) -> Any:
        """Return the thing."""
        return self._make()


def _below(name: str) -> Iterator[str]:
    return (known for known in _things if known.startswith(f"{name}."))


def is_namespace(name: str) -> bool:
    """Return whether a full name is one of a module."""
    canonical = _canonical(name)
    return canonical in (*_ROOTS, "tf.compat") or any(True for _ in _below(canonical))


def submodule(name: str) -> ModuleType:
    """Return the module of a full name, always the same one."""
    called = module_name(name)
    found = sys.modules.get(called)
    if not isinstance(found, Namespace):
        found = sys.modules[called] = Namespace(name)
    return found
