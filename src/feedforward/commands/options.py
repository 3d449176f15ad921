"""What the command line's options take, each checked and turned into a value; where its files may be written."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from feedforward.atomic import destination
from feedforward.errors import DataError, FormatError, ShapeError
from feedforward.lookup import did_you_mean

__all__ = [
    "usage_errors",
    "Number",
    "Layers",
    "Known",
    "Choice",
    "Delimiter",
    "Encoding",
    "Seconds",
    "COUNT",
    "FOLDS",
    "POSITIVE",
    "SHARE",
    "OPEN_SHARE",
    "SEED",
    "ROW",
    "report_path_of",
    "rescue_path",
    "file_path",
    "check_output",
]

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]  # generic for a type checker alone, before click 8.4
else:
    _ParamType = click.ParamType

_MOST_UNITS = 1_000_000  # of a layer: what is more is a slip of the finger


@contextlib.contextmanager
def usage_errors(prefix: str = "") -> Iterator[None]:
    """Make a ValueError that the user's arguments caused an error of the command line."""
    try:
        yield
    except (DataError, FormatError, ShapeError):
        raise
    except ValueError as error:
        raise click.UsageError(prefix + str(error)) from error


class Number(_ParamType):
    """An int or a float within limits.

    Parameters
    ----------
    kind : type
        ``int`` or ``float``.
    least, below : float
        The smallest value allowed, and the first that is not.
    is_open : bool
        Whether `least` itself is not allowed.
    expected : str
        The same in words.
    """

    def __init__(self, kind: type[int] | type[float], least: float, below: float, is_open: bool, expected: str) -> None:
        self.kind, self.least, self.below, self.is_open, self.expected = kind, least, below, is_open, expected
        self.name = "int" if kind is int else "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number that a text stands for."""
        try:
            number = self.kind(value)
            is_good = self.least <= number < self.below and not (self.is_open and number == self.least)
        except (ValueError, OverflowError):
            is_good = False
        if not is_good:
            raise click.UsageError(f"{_option_name(param)} must be {self.expected}. Got {value!r}.")
        return number


class Layers(_ParamType):
    """Sizes of hidden layers, ``512,256``; ``none`` for no hidden layer."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the sizes."""
        if isinstance(value, tuple):
            return value
        if value.strip() == "none":
            return ()
        sizes = []
        for place, part in enumerate(value.split(","), 1):
            text = part.strip()
            is_count = text.isascii() and text.isdigit() and len(text) <= 20  # int() takes long for very long ones
            if not (is_count and 1 <= int(text) <= _MOST_UNITS):
                raise click.UsageError(
                    f"{_option_name(param)} must be ints from 1 to {_MOST_UNITS:,} with commas between, such as"
                    f" 512,256, or none for no hidden layer. Got {value!r}, whose part {place} is {part!r}."
                )
            sizes.append(int(text))
        return tuple(sizes)


class Known(_ParamType):
    """The name of a thing in a registry, which is imported when it is needed.

    Parameters
    ----------
    module, registry : str
        Where the registry stands.
    """

    name = "name"

    def __init__(self, module: str, registry: str) -> None:
        self.module, self.registry = module, registry

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name if there is such a thing."""
        import importlib

        registry = getattr(importlib.import_module(self.module), self.registry)
        with usage_errors(f"{_option_name(param)}: "):
            registry[value]
        return str(registry.find(value))


class Choice(_ParamType):
    """One of a few words.

    Parameters
    ----------
    words : tuple of str
        Which.
    """

    name = "word"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value not in self.words:
            raise click.UsageError(f"{_option_name(param)}: unknown {value!r}. {did_you_mean(value, list(self.words))}")
        return str(value)


class Delimiter(_ParamType):
    """A character that divides cells, or its name."""

    name = "character"
    names: ClassVar = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "blank": " ", "space": " "}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the character."""
        text = self.names.get(value, value)
        if len(text) != 1 or text in '"\r\n':
            raise click.UsageError(
                f"{_option_name(param)} must be one character, not a quote, or comma, semicolon, tab, bar or blank."
                f" Got {value!r}."
            )
        return str(text)


class Encoding(_ParamType):
    """Python's name of an encoding."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name if there is such an encoding."""
        from feedforward.data.text import check_encoding

        with usage_errors(f"{_option_name(param)}: "):
            check_encoding(value)
        return str(value)


class Seconds(_ParamType):
    """A time: ``90``, ``90s``, ``2m``, ``1.5h``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return how many seconds it is."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smh]?)", value.strip(), re.ASCII)
        seconds = float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0.0
        if not seconds:
            raise click.UsageError(
                f"{_option_name(param)} must be a time above 0, such as 90s, 2m or 1h. Got {value!r}."
            )
        return seconds


def _option_name(param: click.Parameter | None) -> str:
    return "value" if param is None else max(param.opts, key=len)


COUNT = Number(int, 1, 2**31, False, "an int from 1 to 2147483647")
PATIENCE = Number(int, 0, 2**31, False, "an int from 0 to 2147483647")
POSITIVE = Number(float, 0, float("inf"), True, "a number above 0")
SHARE = Number(float, 0, 1, False, "a number from 0 up to, but not, 1")
OPEN_SHARE = Number(float, 0, 1, True, "a number above 0 and below 1")
SEED = Number(int, 0, 2**63, False, "an int from 0 to 2**63 - 1")
FOLDS = Number(int, 2, 1001, False, "an int from 2 to 1000")
ROW = Number(int, 0, 2**63, False, "an int from 0 to 2**63 - 1")


def report_path_of(output: str, report: str | None, no_report: bool) -> Path | None:
    """Return where the report goes, None for nowhere."""
    if no_report:
        if report is not None:
            raise click.UsageError("--report and --no-report exclude each other. Leave one out.")
        return None
    if report is not None:
        return file_path(report, "--report")
    model_path = file_path(output, "--output")
    if model_path.suffix == ".html":
        raise click.UsageError(
            f"--output {model_path} would take the report's place. Give --output a name such as model.ff."
        )
    return model_path.with_suffix(".html")


def rescue_path(path: Path) -> Path:
    """Return a place in the system's temporary folder for a file that cannot be written where it should be."""
    import tempfile

    place = Path(tempfile.gettempdir()) / path.name
    return Path(tempfile.mkdtemp(prefix="feedforward-")) / path.name if os.path.lexists(place) else place


def file_path(text: str, option: str) -> Path:
    """Return the path of a file to write, having refused what names none."""
    if not text:
        raise click.UsageError(f"{option} is empty. Give the name of a file.")
    if not Path(text).name:
        raise click.UsageError(f"{option} {text} is a folder. Give the name of a file.")
    return Path(text)


def check_output(path: Path, option: str, inputs: Sequence[str]) -> None:
    """Raise if a file cannot be written, or would take the place of one that is read."""
    parent = path.parent
    if path.is_dir():
        raise click.UsageError(f"{option} {path} is a folder. Give the name of a file.")
    if not parent.is_dir():
        what = "is not a folder" if parent.exists() else "does not exist"
        raise click.UsageError(f"{option} {path}: the folder {parent} {what}. Make it first, or give another.")
    try:
        target, _ = destination(path)
    except OSError as error:
        raise click.UsageError(f"{option} {error}") from error
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise click.UsageError(f"{option} {path} cannot be written: no permission. Give another place.")
    for other in inputs:
        if str(target) == os.path.realpath(other):
            raise click.UsageError(f"{option} {path} is also {other}, which would be lost. Give another name.")
