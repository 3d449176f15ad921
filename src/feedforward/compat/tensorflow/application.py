"""What surrounds a program: ``tf.app.flags``, ``tf.app.run``, ``tf.logging``, TensorFlow's version.

Not here: files (``files.py``), exceptions (``errors.py``), tests (``testing.py``).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

from feedforward.compat.importing import at_start
from feedforward.compat.names import Late, provide, provided
from feedforward.compat.version import written_for
from feedforward.lookup import did_you_mean

__all__ = ["FLAGS", "Flag", "Flags", "FlagError", "run"]


def _flag_names(name: str) -> tuple[str, str]:
    return f"tf.app.flags.{name}", f"tf.flags.{name}"


@provided(*_flag_names("Error"))
class FlagError(Exception):
    """A flag was defined twice, is not known, or has a value that it cannot have."""


provide(FlagError, *_flag_names("UnrecognizedFlagError"), *_flag_names("IllegalFlagValueError"))
provide(FlagError, *_flag_names("DuplicateFlagError"))


class Flag:
    """An option of the program's command line.

    Parameters
    ----------
    name : str
        What stands behind the two dashes.
    default : object
        Its value where it is not given.
    help : str
        What it is for.
    read : callable
        Returns the value that a text stands for.
    is_boolean : bool
        Whether it may be given without value, and as ``--noname``.

    Attributes
    ----------
    value : object
        Its present value.
    is_required : bool
        Whether it must not be None.
    """

    def __init__(self, name: str, default: Any, help: str | None, read: Callable[[str], Any], is_boolean: bool) -> None:
        self.name, self.help, self.read, self.is_boolean = name, help or "", read, is_boolean
        # Argparse, which stood below until 1.4, read a default only if it was a text.
        is_read = default is not None and (isinstance(default, str) or _is_strict())
        self.default = self.value = self.parse(default) if is_read else default
        self.is_required = False

    def parse(self, text: Any) -> Any:
        """Return the value that a text stands for.

        Raises
        ------
        FlagError
            If it is none that the flag can have.
        """
        try:
            return self.read(text)
        except ValueError as error:
            raise FlagError(f"flag --{self.name}={text}: {error}.") from error


def _is_strict() -> bool:
    """Return whether flags are those of absl, as from 1.5 on, and not those of argparse."""
    return written_for().tensorflow >= (1, 5)


class Flags:
    """The flags of a program: an attribute for each, and the command line is read when the first is asked for.

    ``--name=value``, ``--name value``, ``--switch`` and ``--noswitch`` are understood, with one dash, too; what follows
    ``--`` is the program's. In programs for TensorFlow before 1.5 a switch also takes ``--switch False``.

    Examples
    --------
    >>> flags = Flags()
    >>> flags._define(Flag("rate", 0.1, "The learning rate.", float, False))
    >>> flags(["train.py", "--rate", "0.5", "more"])
    ['train.py', 'more']
    >>> flags.rate
    0.5
    """

    def __init__(self) -> None:
        self.__dict__["_known"] = {}
        self.__dict__["_is_parsed"] = False

    def _define(self, flag: Flag) -> None:
        if flag.name in self._known:
            raise FlagError(f"flag --{flag.name} is defined twice. Give the second one another name.")
        self._known[flag.name] = flag
        self.__dict__["_is_parsed"] = False

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Read a command line, and return what is left of it: the program's name, and what is no flag.

        Raises
        ------
        FlagError
            If a flag is not known (unless `known_only`), has no value or a wrong one, or a required one is missing.
        """
        self.__dict__["_is_parsed"] = True
        left, words = list(argv[:1]), list(argv[1:])
        while words:
            word = words.pop(0)
            if word == "--":
                left += words
                break
            name, equals, text = word.lstrip("-").partition("=")
            if not word.startswith("-") or not name or name[0].isdigit() or name[0] == ".":  # a negative number
                left.append(word)
                continue
            negated = self._known.get(name[2:]) if name.startswith("no") and not equals else None
            flag = self._known.get(name)
            if flag is None and negated is not None and negated.is_boolean:
                negated.value = False
            elif flag is None:
                if name in ("help", "helpshort", "helpfull", "h"):
                    self._help()
                if not known_only:
                    raise FlagError(
                        f"Unknown command line flag {name!r}. {did_you_mean(name, list(self._known))} What is not meant"
                        " for the flags comes after --."
                    )
                left.append(word)
            elif equals:
                flag.value = flag.parse(text)
            elif flag.is_boolean:
                takes_word = not _is_strict() and words and not words[0].startswith("-")
                flag.value = flag.parse(words.pop(0)) if takes_word else True
            elif not words:
                raise FlagError(f"flag --{name} has no value. Write --{name}=VALUE.")
            else:
                flag.value = flag.parse(words.pop(0))
        missing = [flag.name for flag in self._known.values() if flag.is_required and flag.value is None]
        if missing:
            raise FlagError(f"flag --{missing[0]} must be given. Write --{missing[0]}=VALUE.")
        return left

    def _help(self) -> NoReturn:
        print(sys.modules["__main__"].__doc__ or f"{sys.argv[0]}:")
        for flag in self._known.values():
            print(f"  --{'[no]' if flag.is_boolean else ''}{flag.name}: {flag.help} (default: {flag.default})")
        sys.exit(0)

    def _parse_flags(self, args: Sequence[str] | None = None) -> list[str]:
        """Read the command line, and return what is left of it."""
        return self(["", *(sys.argv[1:] if args is None else args)])[1:]

    def _ready(self) -> dict[str, Flag]:
        """Return all flags, the command line being read."""
        if not self._is_parsed:
            self(sys.argv)
        known: dict[str, Flag] = self._known
        return known

    def flag_values_dict(self) -> dict[str, Any]:
        """Return the values of all flags by their names."""
        return {name: flag.value for name, flag in self._ready().items()}

    def _flags(self) -> dict[str, Flag]:
        known: dict[str, Flag] = self._known
        return known

    def mark_as_parsed(self) -> None:
        """Let every flag have its default, without looking at the command line."""
        self.__dict__["_is_parsed"] = True

    def is_parsed(self) -> bool:
        """Return whether a command line was read."""
        parsed: bool = self._is_parsed
        return parsed

    def __getattr__(self, name: str) -> Any:
        if name == "__flags":  # what programs print: before 1.5 the values
            return self._ready() if _is_strict() else self.flag_values_dict()
        if name not in self._known:
            raise AttributeError(f"flag --{name} is not defined. {did_you_mean(name, list(self._known))}", name=name)
        return self._ready()[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._known:
            raise AttributeError(f"flag --{name} is not defined. {did_you_mean(name, list(self._known))}", name=name)
        self._ready()[name].value = value

    def __delattr__(self, name: str) -> None:
        del self._known[name]

    def __getitem__(self, name: str) -> Flag:
        return self._ready()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __dir__(self) -> list[str]:
        return sorted(self._known)


FLAGS = provide(Flags(), *_flag_names("FLAGS"))


@at_start
def _forget() -> None:
    """Let a program start without the flags and messages of another one."""
    FLAGS.__init__()  # type: ignore[misc]
    _counts.clear()
    get_logger().setLevel(logging.WARNING)


def _definer(name: str, read: Callable[[str], Any], is_boolean: bool = False) -> Callable[..., None]:
    """Return the function that defines a flag of one kind."""

    def define(
        name: str = "",
        default: Any = None,
        help: str | None = None,
        *,
        flag_name: str = "",  # until 1.4 the three were called so
        default_value: Any = None,
        docstring: str | None = None,
    ) -> None:
        first = default if default_value is None else default_value
        FLAGS._define(Flag(name or flag_name, first, help or docstring, read, is_boolean))

    define.__name__ = name
    define.__doc__ = f"Define a flag whose value is read as {name.partition('_')[2]}; None where there is no default."
    return provide(define, *_flag_names(name))


def _integer(text: Any) -> int:
    number = int(text, 16 if text.startswith("0x") else 10) if isinstance(text, str) else int(text)
    if not isinstance(text, str) and number != text:
        raise ValueError("it must be a whole number")
    return number


def _boolean(text: Any) -> bool:
    folded = str(text).lower()
    if folded not in ("true", "t", "1", "false", "f", "0"):
        raise ValueError("it must be true or false")
    return folded in ("true", "t", "1")


def _list(text: Any) -> list[str]:
    return [part.strip() for part in text.split(",")] if isinstance(text, str) and text else list(text)


_definer("DEFINE_string", str)
_definer("DEFINE_integer", _integer)
_definer("DEFINE_float", float)
_definer("DEFINE_list", _list)
provide(_definer("DEFINE_boolean", _boolean, is_boolean=True), *_flag_names("DEFINE_bool"))


@provided(*_flag_names("DEFINE_enum"))
def define_enum(name: str, default: Any, enum_values: Sequence[str], help: str | None = None) -> None:
    """Define a flag whose value is one of some words."""

    def _read(text: Any) -> Any:
        if text not in enum_values:
            raise ValueError(f"it must be one of {', '.join(map(str, enum_values))}")
        return text

    FLAGS._define(Flag(name, default, help, _read, False))


@provided(*_flag_names("mark_flag_as_required"))
def mark_flag_as_required(flag_name: str) -> None:
    """Have a flag given, unless it has a default."""
    FLAGS._known[flag_name].is_required = True


@provided(*_flag_names("mark_flags_as_required"))
def mark_flags_as_required(flag_names: Sequence[str]) -> None:
    """Have some flags given."""
    for name in flag_names:
        mark_flag_as_required(name)


@provided("tf.app.run")
def run(main: Callable[[list[str]], Any] | None = None, argv: Sequence[str] | None = None) -> NoReturn:
    """Read the flags, call the program's `main` with what is left of the command line, and exit with what it returns.

    Parameters
    ----------
    main : callable or None
        By default the function `main` of the program.
    argv : sequence of str or None
        The command line, by default `sys.argv`.

    Notes
    -----
    TensorFlow hands unknown flags on to `main`. Here they are an error, so that a slip is none that nobody sees; but a
    program that defines no flags gets everything.
    """
    words = list(sys.argv if argv is None else argv)
    try:
        left = FLAGS(words, known_only=not len(FLAGS))
    except FlagError as error:
        print(f"FATAL Flags parsing error: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit((main or sys.modules["__main__"].main)(left))


# tf.logging


class _PresentStderr(logging.StreamHandler[Any]):
    """Writes to what is stderr now, which a notebook or a test may have changed."""

    @property
    def stream(self) -> Any:
        """The present stderr."""
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Keep what is given at the start nowhere."""


_logger = logging.getLogger("tensorflow")


@provided("tf.get_logger")
def get_logger() -> logging.Logger:
    """Return the logger that `tf.logging` writes to; it shows warnings and errors, on stderr, until it is told else."""
    if not any(isinstance(handler, _PresentStderr) for handler in _logger.handlers):
        handler = _PresentStderr()
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        _logger.addHandler(handler)
        _logger.propagate = False  # what the root logger shows, too, would be shown twice
        _logger.setLevel(logging.WARNING)
    return _logger


def _logging(name: str) -> Any:
    """Return a function of the logger's, once that shows its messages."""
    return getattr(get_logger(), name)


for _name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
    provide(getattr(logging, _name), f"tf.logging.{_name}")
for _name in ("debug", "info", "warning", "error", "fatal", "log"):
    provide(Late(partial(_logging, _name)), f"tf.logging.{_name}")
provide(Late(partial(_logging, "warning")), "tf.logging.warn")


@provided("tf.logging.set_verbosity")
def set_verbosity(v: int) -> None:
    """Show messages of a level and above; the levels are Python's."""
    get_logger().setLevel(v)


@provided("tf.logging.get_verbosity")
def get_verbosity() -> int:
    """Return the level from which on messages are shown."""
    return get_logger().getEffectiveLevel()


@provided("tf.logging.flush")
def flush() -> None:
    """Have all messages written."""
    sys.stderr.flush()


@provided("tf.logging.log_if")
def log_if(level: int, msg: str, condition: bool, *args: Any) -> None:
    """Show a message if a condition is true."""
    if condition:
        get_logger().log(level, msg, *args)


_counts: dict[str, int] = {}


@provided("tf.logging.log_every_n")
def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Show a message the first time, and then every nth one."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    log_if(level, msg, count % n == 0, *args)


@provided("tf.logging.log_first_n")
def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Show a message the first n times."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    log_if(level, msg, count < n, *args)


# The version


def _version() -> str:
    return ".".join(map(str, (*written_for().tensorflow, 0)))


provide(Late(_version), "tf.__version__", "tf.VERSION", "tf.version.VERSION")
