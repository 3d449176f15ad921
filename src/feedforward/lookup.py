"""The one rule by which a string becomes a thing, with "did you mean" when it does not.

Activations, initializers, losses, metrics, optimizers, layers and data sets are each held in a `Registry`. A thing is
registered where it is defined, under the one name that files hold; a user may spell it as the class is spelled, or give
one of the short names that stand beside it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Generic, TypeVar

__all__ = ["did_you_mean", "namespace", "Registry"]

T = TypeVar("T")

_MOST_NAMES = 40
"""A longer list is shown only where there is no better hint."""


def did_you_mean(name: str, known: Mapping[str, object] | list[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, or all of them.

    Examples
    --------
    >>> did_you_mean("rellu", ["relu", "tanh"])
    "Did you mean 'relu'?"
    >>> did_you_mean("mse", ["mean_squared_error", "hinge"])
    "Did you mean 'mean_squared_error'?"
    >>> did_you_mean("x", ["relu", "tanh"])
    'Known: relu, tanh.'
    >>> did_you_mean("x", [])
    'There are none.'
    """
    names = list(known)
    if not names:
        return "There are none."
    by_fold = {candidate.casefold(): candidate for candidate in names}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {by_fold[near[0]]!r}?"
    initials = {"".join(word[:1] for word in candidate.split("_")): candidate for candidate in names}
    if name.casefold() in initials:
        return f"Did you mean {initials[name.casefold()]!r}?"
    longer = [candidate for fold, candidate in by_fold.items() if fold.startswith(name.casefold())]
    if len(name) > 1 and longer:
        return f"Did you mean {longer[0]!r}?"
    return f"Known: {', '.join(sorted(names))}."


def namespace(
    title: str, names: Sequence[str], parts: Sequence[ModuleType] = (), later: Sequence[str] = ()
) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a module that users look into.

    `dir` shows `names` alone, not what the module needs for itself; a name that is missing is told what there is.

    Parameters
    ----------
    title : str
        What users call the module.
    names : sequence of str
        Its ``__all__``.
    parts : sequence of module
        Modules among its names, in which a missing name is looked for, too.
    later : sequence of str
        Modules within it that are loaded when they are first asked for; ``title`` is then the module's own name.

    Notes
    -----
    They are assigned where ``TYPE_CHECKING`` is false: a checker that saw a `__getattr__` would take any name for one.

    Examples
    --------
    >>> missing, names = namespace("ff.metrics", ["Metric", "BinaryAccuracy"])
    >>> names()
    ['BinaryAccuracy', 'Metric']
    >>> missing("BinaryAcuracy")
    Traceback (most recent call last):
    AttributeError: ff.metrics has no 'BinaryAcuracy'. Did you mean 'BinaryAccuracy'? Known: BinaryAccuracy, Metric.
    """

    def _missing(name: str) -> ModuleType:
        if name in later:
            return importlib.import_module(f"{title}.{name}")
        if name.startswith("__"):  # Python asks for `__path__` in every ``from ... import``: no time to guess
            raise AttributeError(f"{title} has no {name!r}.", name=name)
        where = [f"{title}.{part.__name__.rpartition('.')[2]}.{name}" for part in parts if name in dir(part)]
        hint = f"Write {' or '.join(where)}." if where else did_you_mean(name, list(names))
        if not hint.startswith("Known: ") and len(names) <= _MOST_NAMES:
            hint += f" Known: {', '.join(sorted(names))}."
        # name= keeps Python from adding a guess of its own to the message.
        raise AttributeError(f"{title} has no {name!r}. {hint}", name=name)

    return _missing, lambda: sorted(names)


class Registry(Generic[T]):
    """Things of one kind by their names.

    Parameters
    ----------
    kind : str
        What the things are, in the singular, as messages call them: ``"activation"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        self._names: dict[str, str] = {}

    def register(self, name: str, *short: str) -> Callable[[T], T]:
        """Return a decorator that registers what it decorates under `name`.

        Parameters
        ----------
        name : str
            Its name in files and messages.
        *short : str
            What users may call it, too: ``"mse"``.

        Raises
        ------
        ValueError
            If a name is taken.
        """

        def _register(thing: T) -> T:
            spellings = [_bare(one) for one in (name, *short)]
            if any(spelling in self._names for spelling in spellings):
                raise ValueError(f"{self.kind} {name!r} is registered already. Choose another name.")
            self._things[name] = thing
            self._names.update(dict.fromkeys(spellings, name))
            return thing

        return _register

    def find(self, name: str) -> str | None:
        """Return the registered name of what a user calls `name`, None if nothing is called so.

        Examples
        --------
        >>> losses: Registry[str] = Registry("loss")
        >>> _ = losses.register("mean_squared_error", "mse")("...")
        >>> losses.find("MeanSquaredError"), losses.find("MSE"), losses.find("rmse")
        ('mean_squared_error', 'mean_squared_error', None)
        """
        return name if name in self._things else self._names.get(_bare(name))

    def __getitem__(self, name: str) -> T:
        """Return the thing that a user calls `name`.

        Raises
        ------
        TypeError
            If the name is no string.
        ValueError
            If there is none; the message offers the nearest name.
        """
        if not isinstance(name, str):
            raise TypeError(f"Unknown {self.kind} {name!r}. Give a name. {did_you_mean('', self._things)}")
        found = self.find(name)
        if found is None:
            raise ValueError(f"Unknown {self.kind} {name!r}. {did_you_mean(name, self._things)}")
        return self._things[found]

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def _bare(name: str) -> str:
    """Return a name without what tells ``"mean_squared_error"`` from ``"MeanSquaredError"``."""
    return name.replace("_", "").casefold()
