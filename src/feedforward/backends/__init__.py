"""Backends: each turns a program into something that runs. A backend is one file, and one row below."""

from __future__ import annotations

from collections.abc import Callable

from feedforward.backends.backend import Backend
from feedforward.backends.interpreter import Interpreter
from feedforward.lookup import Registry

BACKENDS: Registry[Callable[[], Backend]] = Registry("backend")
"""What makes each backend, by its name."""


@BACKENDS.register("interpreter")
def _interpreter() -> Backend:
    return Interpreter()


@BACKENDS.register("llvm")
def _llvm() -> Backend:
    from feedforward.backends.llvm import Native  # LLVM is loaded by those who use it

    return Native()
