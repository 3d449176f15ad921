"""Runs an old program as it stands: ``feedforward run FILE``.

Here: the order of events, what is said on standard error, exit codes, tracebacks. Not here: what the names of
TensorFlow and Keras mean (``tensorflow/``, ``keras/``), which version a program was written for (``evidence.py``).
"""

from __future__ import annotations

import ast
import importlib.util
import linecache
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from feedforward.compat.evidence import Source, read_version
from feedforward.compat.explaining import explained, explanation
from feedforward.compat.importing import install, uninstall
from feedforward.compat.names import NotProvidedError, NotProvidedImportError
from feedforward.compat.notebooks import Cell, Shell, display, parse_error, read_notebook
from feedforward.compat.pictures import show_all, without_screen
from feedforward.compat.surroundings import names_of_python_2, surroundings
from feedforward.errors import FormatError

__all__ = ["run_file"]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_FAILED, _NOT_PROVIDED, _INTERRUPTED = 1, 2, 130

_PYTHON_2 = {
    r"Missing parentheses in call to '(?P<what>print|exec)'": "{what} without parentheses",
    r"multiple exception types must be parenthesized": "except with a comma",
    r"leading zeros in decimal|invalid decimal literal in .*\b\d+[lL]\b": "a number as only Python 2 writes it",
}
"""How Python 3 complains of what was right in Python 2."""


@dataclass(frozen=True)
class _Part:
    """What is compiled by itself: a program, or a cell of a notebook.

    Parameters
    ----------
    label : str
        What messages call it; empty for a program.
    filename : str
        What tracebacks call it.
    text : str
        What stands in it.
    cell : Cell, optional
        Where it is one.
    """

    label: str
    filename: str
    text: str
    cell: Cell | None = None


def run_file(
    path: str,
    arguments: Sequence[str] = (),
    version: str | None = None,
    is_explained: bool = False,
    has_all_frames: bool = False,
) -> int:
    """Run a program or a notebook, and return its exit code.

    Parameters
    ----------
    path : str
        The file. A notebook runs in its folder, as Jupyter runs it, a program in the working folder.
    arguments : sequence of str
        What follows it in ``sys.argv``.
    version : str, optional
        The version that it was written for; by default it is read off the program, and said on standard error.
    is_explained : bool
        Whether to print at the end what the program became.
    has_all_frames : bool
        Whether tracebacks show the frames of this package, too.

    Returns
    -------
    int
        What the program gives ``sys.exit``; 1 when it raises, 2 when it asks for something that is not provided, 130
        after Ctrl-C.

    Raises
    ------
    OSError
        If the file cannot be read.
    FormatError
        If it is no text, no notebook, or a program of Python 2.
    ValueError
        If there is no such version.
    """
    file = Path(path)
    parts = _parts(file)
    for part in parts:  # before anything runs, since all cells but one may last for hours
        error = parse_error(part.text, part.filename)
        if error is not None:
            _refuse_python_2(error)
    own = [Source(part.label, part.text) for part in parts]
    beside = [*_modules_beside(file, own)]
    if version is None:
        version = _said_version(file, [*own, *beside])
    trees = [
        [tree for tree in map(_tree, sources) if tree is not None] for sources in (own, *([one] for one in beside))
    ]
    python_2 = sorted({name for some in trees for name in names_of_python_2(some)})
    if python_2:
        _say(f"{path} uses {', '.join(python_2)} of Python 2: given, but / and all else are those of Python 3")
    with ExitStack() as stack:
        install(version)
        stack.callback(uninstall)
        module = stack.enter_context(_as_main(file, arguments))
        stack.enter_context(surroundings(python_2))
        if file.suffix == ".ipynb":
            vars(module)["display"] = display
            stack.enter_context(chdir(file.parent))
        if any("get_ipython" in part.text for part in parts):  # elsewhere it is how a program asks where it is
            vars(module)["get_ipython"] = lambda: Shell(lambda said: _say(f"{path}: {said}"))
        stack.enter_context(without_screen(file.stem))
        stack.enter_context(explained(is_explained))
        code = _run(parts, module, has_all_frames)
        text = explanation()
        if text:
            print(f"\n{text}")
    return code


def _say(message: str) -> None:
    print(f"feedforward: {message}", file=sys.stderr, flush=True)


def _parts(file: Path) -> list[_Part]:
    """Return the parts of a program, having read them."""
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder. Give a program or a notebook.")
    if not file.exists():
        raise FileNotFoundError(f"{file}: no such file. Give a program or a notebook.")
    if file.suffix == ".ipynb":
        cells = [(f"cell {cell.number}", cell) for cell in read_notebook(file)]
        return [_Part(label, f"{file}, {label}", cell.text, cell) for label, cell in cells]
    try:
        return [_Part("", str(file), importlib.util.decode_source(file.read_bytes()))]
    except (SyntaxError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{file} cannot be read as text ({error}). Save it in UTF-8, or say its encoding in its first line, such as"
            " # -*- coding: gbk -*-."
        ) from error


def _tree(part: Source) -> ast.Module | None:
    """Return what a part means to Python; None where it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said once, when the program is compiled
        try:
            return ast.parse(part.text)
        except (SyntaxError, ValueError):
            return None


def _said_version(file: Path, sources: Sequence[Source]) -> str | None:
    """Return the version that a program was written for, having said it and why; None for one that uses neither."""
    reading = read_version(sources)
    if reading is None:
        return None
    _say(f"{file} reads as {reading.version.title} ({reading.reason}); --as {reading.other.name} changes that")
    return reading.version.name


def _modules_beside(file: Path, sources: Sequence[Source]) -> Iterator[Source]:
    """Yield the modules in a program's folder that it imports, and that those import."""
    seen = {file.resolve()}
    pending = list(sources)
    while pending:
        tree = _tree(pending.pop())
        for node in ast.walk(tree) if tree is not None else ():
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                found = file.parent.joinpath(*name.split(".")).with_suffix(".py")
                if found.is_file() and found.resolve() not in seen:
                    seen.add(found.resolve())
                    text = found.read_text(encoding="utf-8", errors="replace")
                    source = Source(found.relative_to(file.parent).as_posix(), text)
                    pending.append(source)
                    yield source


@contextmanager
def _as_main(file: Path, arguments: Sequence[str]) -> Iterator[ModuleType]:
    """Make what Python makes for a program that it runs, and take it away afterwards."""
    module = ModuleType("__main__")
    vars(module)["__builtins__"] = __builtins__
    if file.suffix != ".ipynb":
        vars(module)["__file__"] = str(file.absolute())
    folder = str(file.parent.resolve())
    before = sys.argv, sys.path[:], sys.modules["__main__"]
    modules = set(sys.modules)
    sys.argv = [str(file), *arguments]
    sys.path.insert(0, folder)
    sys.modules["__main__"] = module
    try:
        yield module
    finally:
        sys.argv, sys.path[:], sys.modules["__main__"] = before
        for name in set(sys.modules) - modules:  # another program's module may have the same name
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder + os.sep):
                del sys.modules[name]


def _run(parts: Sequence[_Part], module: ModuleType, has_all_frames: bool) -> int:
    """Run a program, say what it raised, and return its exit code."""
    try:
        for part in parts:
            _run_part(part, vars(module))
        return 0
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt as error:
        places = _frames(traceback.extract_tb(error.__traceback__))
        where = f" at {places[-1].filename}, line {places[-1].lineno}" if places else ""
        print(f"interrupted by Ctrl-C{where}", file=sys.stderr)
        return _INTERRUPTED
    except BaseException as error:
        sys.stdout.flush()  # so that what the program printed comes before
        return _say_error(error, has_all_frames)


def _run_part(part: _Part, names: dict[str, Any]) -> None:
    """Run a program or a cell; the value of a cell's last expression is shown."""
    # So that tracebacks show the lines of cells, and those of a program that goes to another folder.
    lines = part.text.splitlines(keepends=True)
    linecache.cache[part.filename] = (len(part.text), None, lines, part.filename)
    if part.cell is None:
        exec(compile(part.text, part.filename, "exec", dont_inherit=True), names)
        return
    for line, text in part.cell.passed_over:
        _say(f"{part.filename}, line {line}: passed over: {text}")
    tree = ast.parse(part.text, part.filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, part.filename, "exec", dont_inherit=True), names)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), part.filename, "eval", dont_inherit=True), names)
        if value is not None and not part.text.rstrip().endswith(";"):
            display(value)
    show_all()  # a notebook shows what a cell has drawn


_GONE = {
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
}
"""Modules of scikit-learn that old programs import, and where they went."""


def _say_error(error: BaseException, has_all_frames: bool) -> int:
    """Write the traceback of what a program raised, or the line that asks for what is not provided."""
    if isinstance(error, SyntaxError):
        _refuse_python_2(error)
    if isinstance(error, NotProvidedError | NotProvidedImportError) and not has_all_frames:
        places = _frames(traceback.extract_tb(error.__traceback__))
        sys.stderr.write("".join(traceback.format_list(places[-1:])) + f"error: {error}\n")
        return _NOT_PROVIDED
    shown = traceback.TracebackException.from_exception(error)
    is_shortened = False if has_all_frames else _shorten(shown)
    sys.stderr.write("".join(shown.format()))
    if isinstance(error, ModuleNotFoundError) and error.name == "matplotlib":
        _say("Matplotlib is not installed. Install it with pip install 'feedforward-nn[plot]'.")
    elif isinstance(error, ModuleNotFoundError) and error.name in _GONE:
        _say(f"scikit-learn gave {error.name} up with 0.20; what it had is in {_GONE[error.name]}. Change a copy.")
    elif is_shortened:
        _say("the frames of feedforward itself are left out; --traceback shows them")
    return _FAILED


def _is_own(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is of this package, or of Python's import system."""
    return frame.filename.startswith((_PACKAGE, "<frozen importlib"))


def _frames(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    return [frame for frame in stack if not _is_own(frame)]


def _shorten(shown: traceback.TracebackException) -> bool:
    """Leave out the frames of this package; return whether one was the last, where the exception was raised."""
    is_last = bool(shown.stack) and _is_own(shown.stack[-1]) and bool(_frames(shown.stack))
    shown.stack[:] = _frames(shown.stack)
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if other is not None:
            _shorten(other)
    return is_last


def _refuse_python_2(error: SyntaxError) -> None:
    """Raise if a mistake of syntax is none in Python 2."""
    for pattern, what in _PYTHON_2.items():
        found = re.match(pattern, f"{error.msg} in {error.text}")
        if found:
            first = "make a script of it with jupyter nbconvert --to script, and " * (
                ".ipynb, cell" in str(error.filename)
            )
            raise FormatError(
                f"{error.filename} is a program of Python 2: {what.format(**found.groupdict())} at line {error.lineno}."
                f" Convert a copy to Python 3: {first}take 2to3 -w, which is part of Python until 3.12, and run that."
            ) from error
