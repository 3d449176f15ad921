"""The program that the commands belong to: messages in one line, exit codes, what a name of data stands for.

A mistake of the user ends in one line on standard error that begins with ``error: ``, and exit code 2; training that
led to nothing ends with 1, Ctrl-C with 130. Not here: the commands (``cli``, ``train``).
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from feedforward.errors import BackendError, DataError, FormatError, LimitError, NotFiniteError, ShapeError
from feedforward.lookup import did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Program", "fail", "is_file", "new_console", "resolved_data", "visible"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells count


_CLI_WORDS = (
    (r"^(load|save): ", ""),
    (r" Give a file that save\(\) wrote\.", " Give a file that `feedforward train` wrote."),
    (r"[Gg]ive another target or delimiter\.", "give another --target or --delimiter."),
    (r"Give another target, or task=", "Give another --target, or task="),
    (r", or give the encoding it was written in\.", ", or give --encoding."),
    (r"Give the encoding that the file was written in, or none,", "Give another --encoding, or none,"),
    (r", or give another delimiter\.", ", or give another --delimiter."),
    (r"Take it for numbers, or drop it\.", "Leave --categorical out, or give --drop."),
    (r", or say use_backend\('interpreter'\)", ""),
    (r"load it with max_elements=", "use it in Python, loaded with max_elements="),
    (r"Give a password, or leave the host", "Give --password, or leave the host"),
    (r"\btask=\"(\w+)\"", r"--task \1"),
    (r"^L\w+Regression\.fit: ", "--model linear: "),
    (r"encode or drop the column", "correct it, or train without the column (--drop)"),
    (r"or drop its row or the column\.", "or drop its row, or train without the column (--drop)."),
)
"""What messages for Python programs say, and what stands for it here."""


class Program(click.Group):
    """A group whose errors are one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments left for a command; without any the help is printed."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and leave Python with its exit code."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        extra["standalone_mode"] = False
        try:
            result = super().main(*args, **extra)
        except click.Abort as error:
            click.echo(f"interrupted{f' {error}' if str(error) else ''}", err=True)
            sys.exit(_INTERRUPTED)
        except click.ClickException as error:
            fail(error.format_message())
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
        except MemoryError as error:
            fail(f"not enough memory{f' ({error})' if str(error) else ''}. Use smaller layers or less data.")
        except (BackendError, DataError, FormatError, LimitError, NotFiniteError, ShapeError) as error:
            fail(str(error))
        sys.exit(result if isinstance(result, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(f"Unknown command {args[0]!r}. {did_you_mean(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


def fail(message: str) -> NoReturn:
    """Say what was wrong, in one line, and leave."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    for python, here in _CLI_WORDS:
        line = re.sub(python, here, line)
    click.echo(f"error: {visible(line)}", err=True)
    sys.exit(2)


def visible(text: str) -> str:
    r"""Return a text in which what a terminal would obey rather than show stands as an escape; lines stay lines.

    Names of columns and classes come from files that anybody may have written.

    Examples
    --------
    >>> visible("\x1b[31mred, \u202eabc, \u5e74\n")
    '\\x1b[31mred, \\u202eabc, \u5e74\n'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)


def new_console(is_quiet: bool) -> Console:
    """Return where results are printed."""
    from rich.console import Console

    return Console(quiet=is_quiet, markup=False, emoji=False, highlight=False)


def is_file(name: str) -> bool:
    """Whether a name is a table's rather than a data set's."""
    from feedforward.data import DATASETS

    return name not in DATASETS


def resolved_data(name: str) -> str:
    """Return the data set's own name, or the path of a file that exists.

    Raises
    ------
    UsageError
        If it is neither.
    """
    from feedforward.data import DATASETS, find
    from feedforward.data.text import is_standard_input

    if name.replace("-", "_") in DATASETS:
        return find(name).name
    if Path(name).exists() or is_standard_input(Path(name)):
        return name
    if any(sign in name for sign in ("/", "\\", ".")):
        raise click.UsageError(f"{name}: no such file. Give a CSV file, or one of {', '.join(DATASETS)}.")
    names = [dataset.replace("_", "-") for dataset in DATASETS]
    raise click.UsageError(f"Unknown data set {name!r}, and no file of that name. {did_you_mean(name, names)}")
