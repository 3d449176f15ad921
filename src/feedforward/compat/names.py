"""Which old names there are: each thing says where it is defined under which names programs know it.

``@provided("tf.nn.relu", "keras.backend.relu")`` is all it takes: the modules ``tensorflow.nn`` and ``keras.backend``
consist of what was provided under their names. ``tf.keras`` is ``keras``. A name that is not there raises at once, and
the message has the nearest one. Not here: how ``import tensorflow`` comes to mean these modules (``importing.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeVar

from feedforward.compat.version import written_for

__all__ = [
    "NotProvidedError",
    "NotProvidedImportError",
    "provide",
    "provided",
    "refuse",
    "namespace_names",
    "is_namespace",
    "message_of",
    "Namespace",
    "Late",
    "module_name",
    "submodule",
    "forget_modules",
]

T = TypeVar("T")

_things: dict[str, Any] = {}
"""What programs know, by its full name: ``tf.nn.relu``."""

_refused: dict[str, str] = {
    "tf.python": "it is the inside of TensorFlow, which is not there. Use what tf itself has, such as "
    "tf.reset_default_graph."
}
"""What is not provided and will not be, by its full name, with what to do instead."""

_ROOTS = {"tf": "tensorflow", "keras": "keras"}

_ALIASES = {
    "tf.keras": "keras",
    "tf.python.keras": "keras",
    "tf.contrib.keras": "keras",
    "tf.compat.v1": "tf",
    "tf.python.framework.ops": "tf",  # of which programs use reset_default_graph
    "tf.python.platform.tf_logging": "tf.logging",
    "tf.python.platform": "tf",  # of which they use app, flags and gfile, or import it for nothing
    "tf.optimizers": "keras.optimizers",
}
"""Modules that have the same things as another."""

_ALIASES_IN_2 = {f"tf.{part}": f"keras.{part}" for part in ("losses", "metrics", "initializers")}
"""Modules that are Keras's since TensorFlow 2.0, and were others before."""

_namespaces: dict[str, Namespace] = {}
"""The modules that programs have come by, by their full names."""


class NotProvidedError(AttributeError):
    """A program asks for something of TensorFlow or Keras that is not provided."""


class NotProvidedImportError(ModuleNotFoundError):
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
    """Return the name under which a thing was provided: ``tf.keras.layers.Dense -> keras.layers.Dense``."""
    aliases = _ALIASES | _ALIASES_IN_2 if written_for().tensorflow >= (2, 0) else _ALIASES
    for alias, meant in aliases.items():
        if name == alias or name.startswith(f"{alias}."):
            return _canonical(meant + name[len(alias) :])
    return name


def namespace_names(namespace: str) -> list[str]:
    """Return the names that a module has, in the order of the alphabet."""
    canonical = _canonical(namespace)
    names = {known[len(canonical) + 1 :].partition(".")[0] for known in _below(canonical)}
    return sorted(names | ({"keras"} if canonical == "tf" else set()))


def message_of(name: str) -> str:
    """Return what to say of a full name that is not provided."""
    canonical = _canonical(name)
    if canonical in _things:
        namespace, _, last = name.rpartition(".")
        return f"{name} is no module, but a thing in one: write from {module_name(namespace)} import {last}."
    parts = canonical.split(".")
    for count in range(len(parts), 0, -1):
        why = _refused.get(".".join(parts[:count]))
        if why is not None:
            return f"{name} is not provided: {why}"
    nearest = _nearest(canonical)
    if nearest is None:
        return f"{name} is not provided: nothing is called like it. Write it with what there is."
    is_keras = nearest.startswith("keras.") and name.startswith("tf.")
    return f"{name} is not provided: the nearest thing is {'tf.' * is_keras}{nearest}."


def _nearest(name: str) -> str | None:
    """Return the full name that is nearest: that of another module, or one that is spelled like it."""
    namespace, _, last = name.rpartition(".")
    elsewhere = [known for known in _things if known.rpartition(".")[2] == last]
    if elsewhere:
        return max(sorted(elsewhere), key=lambda known: difflib.SequenceMatcher(None, name, known).ratio())
    here = {known.casefold(): known for known in namespace_names(namespace)}
    near = difflib.get_close_matches(last.casefold(), here, n=1, cutoff=0.7)
    if near:
        return f"{namespace}.{here[near[0]]}"
    return next(iter(difflib.get_close_matches(name, sorted(_things), n=1, cutoff=0.75)), None)


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
            if isinstance(found, Late):
                return found()
        elif is_namespace(full):
            found = submodule(full)
        else:
            raise NotProvidedError(message_of(full), name=name)
        self.__dict__[name] = found  # the next time Python finds it without asking
        return found

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
    # One that has only what is refused is imported all the same, so that it is that whose reason is told.
    is_above = any(f"{other}.".startswith(f"{canonical}.") for other in (*_ALIASES, *(_refused.keys() - {canonical})))
    return canonical in _ROOTS or is_above or any(True for _ in _below(canonical))


def submodule(name: str) -> Namespace:
    """Return the module of a full name, the same one until `forget_modules`."""
    if name not in _namespaces:
        _namespaces[name] = Namespace(name)
    return _namespaces[name]


def forget_modules() -> None:
    """Let the next program find modules in their first state, without what this one wrote into them."""
    _namespaces.clear()
