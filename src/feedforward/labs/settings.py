"""Controls: what may be set, declared once; the gate of messages, the page's widgets and the link go by it.

A lab's settings are a frozen dataclass whose fields are made by `control`. What comes from a page or a link is checked
by the control of its name and by nothing else: a value that passes is of the type and in the range that it declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Protocol, TypeVar

from feedforward.labs.errors import LabError

__all__ = [
    "Choice",
    "Control",
    "Flag",
    "Many",
    "Number",
    "Row",
    "Text",
    "Whole",
    "as_json",
    "check_arguments",
    "changed",
    "control",
    "controls_of",
    "described",
    "read_settings",
    "shown",
]

S = TypeVar("S")


class Control(Protocol):
    """A kind of value that a page may give."""

    def check(self, name: str, value: Any) -> Any:
        """Return the value as the lab uses it.

        Raises
        ------
        LabError
            If it is not one of these; ``name`` is what the message calls it.
        """

    def describe(self) -> dict[str, Any]:
        """Return what the page's widget needs to know."""


@dataclass(frozen=True)
class Number:
    """A float from `low` to `high`; the widget moves along a line, or a logarithm where `is_log`."""

    low: float
    high: float
    is_log: bool = False

    def check(self, name: str, value: Any) -> float:
        """See `Control`."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise LabError("not_a_number", name=name, value=shown(value))
        if not self.low <= value <= self.high:
            raise LabError("out_of_range", name=name, value=shown(value), low=self.low, high=self.high)
        return float(value)

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "number", "low": self.low, "high": self.high, "is_log": self.is_log}


@dataclass(frozen=True)
class Whole:
    """An int from `low` to `high`."""

    low: int
    high: int

    def check(self, name: str, value: Any) -> int:
        """See `Control`."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise LabError("not_whole", name=name, value=shown(value))
        if not self.low <= value <= self.high:
            raise LabError("out_of_range", name=name, value=shown(value), low=self.low, high=self.high)
        return value

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "whole", "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Choice:
    """One of some names or numbers; the words ``choice.<name>`` say what it is called."""

    options: tuple[str | int | float, ...]

    def check(self, name: str, value: Any) -> Any:
        """See `Control`."""
        for option in self.options:
            if type(value) is type(option) and value == option:  # the type first: an array has no one answer
                return option
        raise LabError("no_choice", name=name, value=shown(value), options=", ".join(map(str, self.options)))

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "choice", "options": list(self.options)}


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    def check(self, name: str, value: Any) -> bool:
        """See `Control`."""
        if not isinstance(value, bool):
            raise LabError("no_flag", name=name, value=shown(value))
        return value

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "flag"}


@dataclass(frozen=True)
class Text:
    """A text of at most so many characters."""

    most: int

    def check(self, name: str, value: Any) -> str:
        """See `Control`."""
        if not isinstance(value, str):
            raise LabError("no_text", name=name, value=shown(value))
        if len(value) > self.most:
            raise LabError("too_long", name=name, length=len(value), most=self.most)
        return value

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "text", "most": self.most}


@dataclass(frozen=True)
class Many:
    """A list of `least` to `most` values of one kind."""

    of: Control
    most: int
    least: int = 0

    def check(self, name: str, value: Any) -> tuple[Any, ...]:
        """See `Control`."""
        if not isinstance(value, list | tuple):
            raise LabError("no_list", name=name, value=shown(value))
        if not self.least <= len(value) <= self.most:
            raise LabError("wrong_length", name=name, length=len(value), low=self.least, high=self.most)
        return tuple(self.of.check(f"{name}[{index}]", one) for index, one in enumerate(value))

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "many", "of": self.of.describe(), "least": self.least, "most": self.most}


@dataclass(frozen=True)
class Row:
    """A list with a value of each of these kinds, such as a point and its class."""

    of: tuple[Control, ...]

    def check(self, name: str, value: Any) -> tuple[Any, ...]:
        """See `Control`."""
        if not isinstance(value, list | tuple) or len(value) != len(self.of):
            raise LabError("no_row", name=name, value=shown(value), length=len(self.of))
        return tuple(
            one.check(f"{name}[{index}]", part) for index, (one, part) in enumerate(zip(self.of, value, strict=True))
        )

    def describe(self) -> dict[str, Any]:
        """See `Control`."""
        return {"kind": "row", "of": [one.describe() for one in self.of]}


def control(kind: Control, default: Any, group: str = "") -> Any:
    """Return a dataclass field for a setting.

    Parameters
    ----------
    kind : Control
        What it may be.
    default : object
        What it is at first.
    group : str
        Under which heading the page shows it, ``group.<group>`` in the words; none is shown of itself.
    """
    return field(default=default, metadata={"control": kind, "group": group})


def controls_of(settings: Any) -> dict[str, Control]:
    """Return the controls of a settings class, by name."""
    return {one.name: one.metadata["control"] for one in fields(settings)}


def described(settings: Any) -> list[dict[str, Any]]:
    """Return what a page needs to know of each control of a settings class."""
    found = []
    for one in fields(settings):
        default = None if one.default is MISSING else one.default
        found.append(
            {"name": one.name, "group": one.metadata["group"], "default": default, **one.metadata["control"].describe()}
        )
    return found


def changed(settings: S, name: str, value: Any) -> S:
    """Return settings with one of them changed.

    Raises
    ------
    LabError
        If there is none of this name, or it cannot be that.
    """
    return replace(settings, **_checked(settings, {name: value}))  # type: ignore[type-var]


def read_settings(kind: type[S], values: Mapping[str, Any]) -> S:
    """Return the settings that a link or a lesson describes; what it does not name is the default.

    Raises
    ------
    LabError
        If a name or a value is none.
    """
    return kind(**_checked(kind, values))


def as_json(settings: Any) -> dict[str, Any]:
    """Return settings by name, as JSON has them."""
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def shown(value: Any) -> str:
    """Return a value from elsewhere as a message may show it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _checked(settings: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    controls = controls_of(settings)
    for name in values:
        if name not in controls:
            raise LabError("no_setting", name=shown(name))
    return {name: controls[name].check(name, value) for name, value in values.items()}


def check_arguments(declared: Mapping[str, Control], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an action was given, each checked by the control that it declares.

    Raises
    ------
    LabError
        If one is missing, unknown, or cannot be that.
    """
    for name in given:
        if name not in declared:
            raise LabError("no_setting", name=shown(name))
    for name in declared:
        if name not in given:
            raise LabError("missing", name=name)
    return {name: kind.check(name, given[name]) for name, kind in declared.items()}
