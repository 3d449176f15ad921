"""What an old program finds around it besides TensorFlow and Keras: names of Python 2, ``six``, the NumPy of its time.

Given is only what means the same today: ``xrange`` is `range`. What is there already stays as it is, and a program
that defines such a name itself gets its own. Not here: converting a program that is no Python 3.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import io
import itertools
import pickle
import sys
import urllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["surroundings", "names_of_python_2"]

_PYTHON_2 = {"xrange": range, "raw_input": input, "unicode": str}

_NUMPY: dict[str, Any] = {
    **{name: getattr(builtins, name) for name in ("bool", "int", "float", "complex", "object", "str")},
    "long": int,
    "unicode": str,
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode_": np.str_,
    "string_": np.bytes_,
    "Inf": np.inf,
    "Infinity": np.inf,
    "infty": np.inf,
    "PINF": np.inf,
    "NINF": -np.inf,
    "NaN": np.nan,
    "alltrue": np.all,
    "sometrue": np.any,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "row_stack": np.vstack,
    "asscalar": lambda a: a.item(),
}
"""Names that NumPy gave up in 1.24 and 2.0, and what they meant."""


_URLLIB = {"urlopen": "request", "urlretrieve": "request", "quote": "parse", "unquote": "parse", "urlencode": "parse"}
"""What stood in ``urllib`` itself in Python 2, with the same arguments as today, and where it is now."""


def _of_urllib(name: str) -> Any:
    """Return what ``urllib`` is asked for: loaded now, since that takes a tenth of what ``feedforward run`` takes."""
    if name in _URLLIB:
        return getattr(importlib.import_module(f"urllib.{_URLLIB[name]}"), name)
    if name in _URLLIB.values():
        return importlib.import_module(f"urllib.{name}")
    raise AttributeError(f"module 'urllib' has no attribute {name!r}", name=name)


def names_of_python_2(trees: Iterable[ast.AST]) -> list[str]:
    """Return which names of Python 2 a program uses and does not define itself.

    Examples
    --------
    >>> names_of_python_2([ast.parse("for i in xrange(3): print(i)")])
    ['xrange']
    """
    used: set[str] = set()
    made: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
    return [name for name in _PYTHON_2 if name in used - made and not hasattr(builtins, name)]


def _module(name: str, names: Mapping[str, Any]) -> ModuleType:
    """Return a module that holds some names."""
    module = ModuleType(name, f"{name}, as far as feedforward stands for it where it is not installed.")
    vars(module).update(names, __path__=[])
    return module


def _late(name: str) -> ModuleType:
    """Return a module that has what another one has, which is loaded when something of it is asked for."""
    names = {"__getattr__": lambda wanted: getattr(importlib.import_module(name), wanted)}
    return _module(f"six.moves.{name}", names)


def _stands() -> dict[str, ModuleType]:
    """Return the modules that stand for others, by their names."""
    parts = {part: _late(f"urllib.{part}") for part in ("error", "parse", "request")}
    six_urllib = _module("six.moves.urllib", parts)
    same = {name: getattr(builtins, name) for name in ("range", "input", "zip", "map", "filter")}
    others = {"xrange": range, "zip_longest": itertools.zip_longest, "cPickle": pickle, "urllib": six_urllib}
    moves = _module("six.moves", same | others)
    six = {
        "PY2": False,
        "PY3": True,
        "string_types": (str,),
        "integer_types": (int,),
        "text_type": str,
        "binary_type": bytes,
        "StringIO": io.StringIO,
        "BytesIO": io.BytesIO,
        "iteritems": lambda mapping: iter(mapping.items()),
        "iterkeys": lambda mapping: iter(mapping.keys()),
        "itervalues": lambda mapping: iter(mapping.values()),
        "moves": moves,
    }
    modules = {"six": _module("six", six), "six.moves": moves, "six.moves.urllib": six_urllib, "cPickle": pickle}
    return modules | {f"six.moves.urllib.{name}": part for name, part in parts.items()}


@contextmanager
def surroundings(python_2: Sequence[str]) -> Iterator[None]:
    """Give a program what it finds around it, and take it away afterwards.

    Parameters
    ----------
    python_2 : sequence of str
        Which names of Python 2 it uses.
    """
    given: dict[ModuleType, dict[str, Any]] = {np: _NUMPY, urllib: {"__getattr__": _of_urllib}}
    missing = [(module, name) for module, names in given.items() for name in names if name not in vars(module)]
    modules = {
        name: module for name, module in _stands().items() if importlib.util.find_spec(name.partition(".")[0]) is None
    }
    for name in python_2:
        setattr(builtins, name, _PYTHON_2[name])
    for module, name in missing:  # hasattr would warn of some
        setattr(module, name, given[module][name])
    sys.modules.update(modules)
    # Since NumPy 2 a list of numbers is shown as [np.float32(3.0)]; programs, and the slides beside them, show [3.0].
    shown = np.printoptions(legacy="1.25") if int(np.__version__.partition(".")[0]) >= 2 else nullcontext()
    try:
        with shown:
            yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        for module, name in missing:
            delattr(module, name)
        for name in python_2:
            delattr(builtins, name)
