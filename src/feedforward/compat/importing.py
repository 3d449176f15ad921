"""How ``import tensorflow`` and ``import keras`` come to mean our modules, even where the real ones are installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from feedforward.compat.names import NotProvidedImportError, forget_modules, is_namespace, message_of, submodule
from feedforward.compat.version import DEFAULT, write_for

__all__ = ["at_start", "install", "uninstall"]

_ROOTS = {"tensorflow": "tf", "keras": "keras"}


class _Finder(MetaPathFinder, Loader):
    """Finds the modules of TensorFlow and Keras among what is provided."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that is provided; None for those that are not TensorFlow's or Keras's.

        Raises
        ------
        NotProvidedImportError
            If a part of TensorFlow or Keras is not provided.
        """
        root, dot, rest = fullname.partition(".")
        if root not in _ROOTS:
            return None
        name = _ROOTS[root] + dot + rest
        if not is_namespace(name):
            # Without name=: by it `from tensorflow import x` would take the error for its own, and say less.
            raise NotProvidedImportError(message_of(name))
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of a spec."""
        root, dot, rest = spec.name.partition(".")
        return submodule(_ROOTS[root] + dot + rest)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: a module's names are found when they are asked for."""


_finder = _Finder()
_hidden: dict[str, ModuleType] = {}
"""The real modules that were loaded before."""

_first_acts: list[Callable[[], None]] = []


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] in _ROOTS


def at_start(act: Callable[[], None]) -> Callable[[], None]:
    """Say what is to be done before a program starts, such as to empty the default graph; used as a decorator."""
    _first_acts.append(act)
    return act


def install(version: str | None = None) -> None:
    """Let ``tensorflow`` and ``keras`` mean our modules in this process from now on.

    Modules of the real ones that were imported before stay what they are to those who hold them.

    Parameters
    ----------
    version : str, optional
        The version that the program was written for, ``"tf0.12"``, ``"tf1.4"``, ``"tf1.15"``, ``"tf2.0"``,
        ``"keras1"``, ``"keras2"`` or ``"keras2.3"``. By default ``"tf1.15"``; where it is installed, what it was.

    Raises
    ------
    ValueError
        If there is no such version.

    Examples
    --------
    >>> import feedforward.compat
    >>> feedforward.compat.install()
    >>> import tensorflow as tf
    >>> node = tf.constant(3.0) + tf.constant(4.0)
    >>> print(tf.Session().run(node))
    7.0
    >>> feedforward.compat.uninstall()
    """
    is_installed = _finder in sys.meta_path
    if version is not None or not is_installed:
        write_for(version or DEFAULT)
    if is_installed:
        return
    for act in _first_acts:
        act()
    for name in [name for name in sys.modules if _is_theirs(name)]:
        _hidden[name] = sys.modules.pop(name)
    sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Let ``tensorflow`` and ``keras`` mean again what they did before `install`."""
    if _finder not in sys.meta_path:
        return
    sys.meta_path.remove(_finder)
    for name in [name for name in sys.modules if _is_theirs(name)]:
        del sys.modules[name]
    forget_modules()
    sys.modules.update(_hidden)
    _hidden.clear()
