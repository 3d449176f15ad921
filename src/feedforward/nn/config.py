"""Configurations: a thing made of settings, as the JSON that a saved model holds, and back.

A layer, loss, metric, optimizer or initializer is a dataclass; its fields are its configuration. It stands in a
`Registry` under the name that scripts and files use. Nothing read from a file is executed: a name is looked up among
those registered, and the fields are checked as if the user had written them.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from feedforward.errors import FormatError
from feedforward.lookup import Registry, did_you_mean
from feedforward.tensor import Variable

__all__ = [
    "Range",
    "number_setting",
    "check_number",
    "is_int",
    "check_int",
    "check_bool",
    "check_choice",
    "snake_case",
    "registered",
    "resolve",
    "to_config",
    "from_config",
]

T = TypeVar("T")
C = TypeVar("C")


_classes: weakref.WeakSet[type] = weakref.WeakSet()
"""Every class that is registered anywhere."""


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers that a setting may be; infinity and NaN are in no range.

    Parameters
    ----------
    low, high : float, optional
        The bounds.
    has_low, has_high : bool
        Whether a bound is itself allowed.
    """

    low: float = -math.inf
    high: float = math.inf
    has_low: bool = True
    has_high: bool = True

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            return False
        try:
            number = float(value)
        except OverflowError:  # 10**400, of which no setting could make use
            return False
        return (
            math.isfinite(number)
            and (self.low < number or (self.has_low and self.low == number))
            and (number < self.high or (self.has_high and number == self.high))
        )

    def __str__(self) -> str:
        if self.high == math.inf:
            return "a number" if self.low == -math.inf else f"a number {'>=' if self.has_low else '>'} {self.low:g}"
        if self.low == -math.inf:
            return f"a number {'<=' if self.has_high else '<'} {self.high:g}"
        above = f"from {self.low:g}" if self.has_low else f"above {self.low:g}"
        return f"a number {above} {'to' if self.has_high else 'up to, but not,'} {self.high:g}"


def number_setting(allowed: Range, default: Any = dataclasses.MISSING, **options: Any) -> Any:
    """Return a dataclass field for a number, with the numbers that it may be in its metadata.

    A default of None means that it need not be given; `options` go to `dataclasses.field`.
    """
    return dataclasses.field(default=default, metadata={"allowed": allowed}, **options)


def check_number(owner: str, name: str, value: Any, allowed: Range) -> None:
    """Check a setting that is a number.

    Raises
    ------
    ValueError
        If it is no number, or not in the range.

    Examples
    --------
    >>> check_number("RandomNormal", "stddev", -1, Range(0))
    Traceback (most recent call last):
    ValueError: RandomNormal(stddev=-1): stddev must be a number >= 0. Got -1.
    """
    if value not in allowed:
        raise ValueError(f"{owner}({name}={value!r}): {name} must be {allowed}. Got {value!r}.")


def is_int(value: Any, least: float = -math.inf) -> bool:
    """Return whether a value is a whole number, Python's or NumPy's but no bool, and at least `least`."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def check_int(owner: str, name: str, value: Any, least: int) -> None:
    """Check a setting that is a whole number.

    Raises
    ------
    ValueError
        If it is no int, or below `least`.

    Examples
    --------
    >>> check_int("Dense", "units", -3, 1)
    Traceback (most recent call last):
    ValueError: Dense(units=-3): units must be an int >= 1. Got -3.
    """
    if not is_int(value, least):
        raise ValueError(f"{owner}({name}={value!r}): {name} must be an int >= {least}. Got {value!r}.")


def check_bool(owner: str, name: str, value: Any) -> None:
    """Check a setting that is true or false.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{owner}({name}={value!r}): {name} must be True or False. Got {value!r}.")


def check_choice(owner: str, name: str, value: Any, choices: Sequence[str]) -> None:
    """Check a setting that is one of some words.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        words = f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"
        raise ValueError(f"{owner}({name}={value!r}): {name} must be {words}. Got {value!r}.")


def snake_case(name: str) -> str:
    """Return a class's name as scripts write it in a string.

    Examples
    --------
    >>> snake_case("SparseCategoricalCrossentropy"), snake_case("RMSprop"), snake_case("SGD")
    ('sparse_categorical_crossentropy', 'rmsprop', 'sgd')
    >>> snake_case("TopKCategoricalAccuracy")
    'top_k_categorical_accuracy'
    """
    # Before a word, and on both sides of a single capital between two words.
    starts = r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z][A-Z][a-z])|(?<=[a-z][A-Z])(?=[A-Z][a-z])"
    return re.sub(starts, "_", name).lower()


def registered(registry: Registry[type[T]], *short: str) -> Callable[[type[C]], type[C]]:
    """Return a class decorator that enters a class under its snake-case name, and names arguments it does not have.

    Parameters
    ----------
    registry : Registry
        Where it is entered.
    *short : str
        Shorter names that users may give, too.

    Examples
    --------
    >>> things: Registry[type] = Registry("thing")
    >>> @registered(things)
    ... @dataclasses.dataclass(frozen=True)
    ... class SquaredLength:
    ...     factor: float = 1.0
    >>> SquaredLength(faktor=2.0)
    Traceback (most recent call last):
    TypeError: SquaredLength(faktor=2.0): there is no argument 'faktor'. Did you mean 'factor'?
    """

    # A variable of its own, C, so that a type checker keeps `Dense` and its arguments instead of `Layer` and its.
    def _register(cls: type[C]) -> type[C]:
        _name_wrong_arguments(cls)
        _classes.add(cls)
        registry.register(snake_case(cls.__name__), *short)(cast(type[T], cls))
        return cls

    return _register


def _name_wrong_arguments(cls: type[Any]) -> None:
    """Let a class refuse an argument that it does not have with the nearest that it has."""
    make = cls.__init__
    parameters = list(inspect.signature(make).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    names = [parameter.name for parameter in parameters]
    needed = [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_POSITIONAL]

    @functools.wraps(make)
    def __init__(self: Any, *args: Any, **settings: Any) -> None:
        for name in settings:
            if name not in names:
                what = f"{cls.__name__}({name}={settings[name]!r}): there is no argument {name!r}."
                is_shape = name in ("input_shape", "input_dim")
                hint = "Begin the model with Input(shape)." if is_shape else did_you_mean(name, names)
                raise TypeError(f"{what} {hint}")
        missing = [name for name in needed[len(args) :] if name not in settings]
        if missing:
            what = f"{cls.__name__}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
            raise TypeError(f"{what} Write {cls.__name__}({', '.join(needed)}).")
        make(self, *args, **settings)

    cls.__init__ = __init__


def resolve(registry: Registry[type[T]], thing: Any) -> T:
    """Return the thing that a name, a configuration or an instance stands for.

    Raises
    ------
    ValueError
        If a name is unknown; the message offers the nearest.
    TypeError
        If it is none of the three, or a name of what cannot be made without settings.
    """
    if isinstance(thing, str):
        cls: Any = registry[thing]
        if needed := _settings_needed(cls):
            example = ", ".join(f"{name}=..." for name in needed)
            raise TypeError(
                f"{registry.kind} {thing!r} needs {', '.join(needed)}, which a name cannot give. Give "
                f"{cls.__name__}({example})."
            )
        return cast(T, cls())
    if isinstance(thing, dict):
        return from_config(registry, thing)
    # The class below object, such as Loss: one that is not registered cannot be saved, but may be used.
    bases: Any = tuple({registry[name].__mro__[-2] for name in registry})
    if isinstance(thing, bases):
        return cast(T, thing)
    what = f"the class {thing.__name__}; make an instance of it" if isinstance(thing, type) else repr(thing)
    raise TypeError(f"{registry.kind}: got {what}. Give a name or an instance; known: {', '.join(sorted(registry))}.")


@functools.lru_cache(maxsize=1024)
def _settings_needed(cls: type[Any]) -> list[str]:
    """Return the names of the arguments without which nothing of a class can be made."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(cls).parameters.values()
    return [one.name for one in parameters if one.default is one.empty and one.kind in named]


def to_config(thing: Any) -> dict[str, Any]:
    """Return the configuration of a dataclass instance: its name and its fields, as JSON would hold them."""
    kind, names = type(thing).__name__, [field.name for field in dataclasses.fields(thing) if field.init]
    return {"class": snake_case(kind), **{name: _to_json(f"{kind}({name}=", getattr(thing, name)) for name in names}}


def from_config(registry: Registry[type[T]], config: dict[str, Any]) -> T:
    """Return the thing that a configuration describes.

    Raises
    ------
    FormatError
        If the name is unknown or the fields do not fit.
    """
    fields = dict(config)
    name = fields.pop("class", None)
    if not isinstance(name, str) or name not in registry:
        raise FormatError(f"unknown {registry.kind} {name!r}. Known: {', '.join(sorted(registry))}.")
    try:
        settings = {key: _from_json(value) for key, value in fields.items()}
        cls: Any = registry[name]
        if _has_arguments(cls.__init__) or not dataclasses.is_dataclass(cls):
            return registry[name](**settings)
        thing = registry[name]()  # whose class takes no arguments: what every such thing has is set afterwards
        for field in dataclasses.fields(cls):
            if field.init and field.name in settings:
                setattr(thing, field.name, settings.pop(field.name))
        if settings:
            raise TypeError(f"there is no argument {next(iter(settings))!r}")
        return thing
    except (TypeError, ValueError) as error:
        given = {key: value for key, value in fields.items() if value is not None and value != {}}
        raise FormatError(f"{registry.kind} {name!r} cannot be made: {error} Its settings are {given}") from error


@functools.lru_cache(maxsize=1024)
def _has_arguments(make: Callable[..., None]) -> bool:
    """Return whether there is anything beside the thing itself that an ``__init__`` takes."""
    return len(inspect.signature(make).parameters) > 1


def _to_json(setting: str, value: Any) -> Any:
    """Return what JSON holds in place of a value; `setting` is the beginning of its error."""
    if type(value) in _classes:  # no file brings another back, whatever its name
        return to_config(value)
    if isinstance(value, tuple | list):
        return [_to_json(setting, part) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _to_json(setting, part) for key, part in value.items()}
    if isinstance(value, Variable) and value.ndim == 0:
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):  # checks of settings take them, too
        return bool(value) if isinstance(value, np.bool_) else (int if isinstance(value, np.integer) else float)(value)
    is_function = callable(value) and not isinstance(value, type) and not dataclasses.is_dataclass(value)
    advice = ' A function is registered by @feedforward.activations.ACTIVATIONS.register("its name").'
    raise FormatError(
        f"{setting}{value!r}) cannot be saved. Use a number, a name, or a registered function or class."
        f"{advice if is_function else ''}"
    )


def _from_json(value: Any) -> Any:
    return tuple(_from_json(part) for part in value) if isinstance(value, list) else value
