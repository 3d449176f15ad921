"""Exceptions, and where in the user's program they arose.

Every message has one form: what failed with the values got; what was expected; what to do. An exception that a user can
cause is a ``ValueError``, a ``TypeError`` or one of the subclasses below. Messages are worded where the mistake is
found; this file holds only what all of them share.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from feedforward.lookup import namespace

__all__ = [
    "ShapeError",
    "DtypeError",
    "BackendError",
    "GraphError",
    "DataError",
    "FormatError",
    "LimitError",
    "OutOfRangeError",
    "NotFiniteError",
    "ModelWarning",
    "InterpretedWarning",
    "FunctionWarning",
]

_PACKAGE = str(Path(__file__).parent) + os.sep

_is_ours: dict[str, bool] = {}
"""Of each file whose code has called the package: whether it is a part of it."""


class ShapeError(ValueError):
    """Shapes do not fit together."""


class OutOfRangeError(ShapeError, IndexError):
    """An index names a place that an axis does not have."""


class DtypeError(TypeError):
    """A dtype is not one that the operation accepts."""


class BackendError(RuntimeError):
    """A backend cannot be used: LLVM cannot be loaded, or has not memory enough."""


class GraphError(RuntimeError):
    """A graph breaks one of its own rules: a fault in the package, with the graph's text around it."""


class DataError(ValueError):
    """A data file or an array cannot be used as it is; says where in it."""


class FormatError(ValueError):
    """A saved model cannot be read: it is damaged, or not one of ours."""


class LimitError(ValueError):
    """A model from a file asks for more memory or work than it may; says how to allow it."""


class NotFiniteError(ArithmeticError):
    """A loss became NaN or infinite; names the operation, the layer and the batch where that began.

    Attributes
    ----------
    batches_done : int
        How many batches of the epoch, or of the call that goes over batches, came before that one. What is kept are the
        weights after these.
    """

    batches_done = 0


class ModelWarning(UserWarning):
    """A model can be trained, but hardly as it was meant: its output and its loss are at odds; says how."""


class InterpretedWarning(UserWarning):
    """NumPy computes an operation in the midst of machine code, which has no form for it; names it and its layer."""


class FunctionWarning(UserWarning):
    """A function makes one program after another, since a number it is called with changes; says how to go on."""


def warn(message: str, category: type[Warning]) -> None:
    """Give a warning at the line of the user's program that is being carried out."""
    file, line = user_location()
    warnings.warn_explicit(message, category, file or __file__, line)


def user_location() -> tuple[str, int]:
    """Return file and line of the innermost caller outside the package.

    Returns
    -------
    tuple of (str, int)
        The file's path and the line, ``("", 0)`` when every caller is inside the package.
    """
    where, at = user_code()
    return (where, at) if isinstance(where, str) else line_of(where, at)


def user_code() -> tuple[str, int] | tuple[CodeType, int]:
    """Return what `line_of` makes `user_location` of: taken for every node, of which few are ever asked.

    The frame itself would keep all that the caller's variables hold.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        is_ours = _is_ours.get(file)
        if is_ours is None:
            is_ours = _is_ours[file] = file.startswith(_PACKAGE)
        if not is_ours:
            return code, frame.f_lasti
        frame = frame.f_back
    return "", 0


def line_of(code: CodeType, at: int) -> tuple[str, int]:
    """Return file and line of the instruction at a place of a code object."""
    lines = (line for start, end, line in code.co_lines() if start <= at < end and line is not None)
    return code.co_filename, next(lines, code.co_firstlineno)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.errors", __all__)
