"""Backends: each turns a program into something that runs. A backend is one file, and one row below."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from feedforward.backends.backend import Backend
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import BackendError
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry

__all__ = ["BACKENDS", "load_llvm"]

BACKENDS: Registry[Callable[[], Backend]] = Registry("backend")
"""What makes each backend, by its name."""


@BACKENDS.register("interpreter")
def _interpreter() -> Backend:
    return Interpreter()


@BACKENDS.register("llvm")
def _llvm() -> Backend:
    backend: Backend = _guarded(lambda: load_llvm().Native())
    return backend


def load_llvm() -> ModuleType:
    """Return ``llvm.py``: LLVM is loaded by those who use it.

    Raises
    ------
    BackendError
        If it cannot be loaded.
    """
    with held_interrupts(also_second=True):
        module: ModuleType = _guarded(lambda: import_module("feedforward.backends.llvm"))
        return module


def _guarded(make: Callable[[], Any]) -> Any:
    """Return what a function that needs LLVM returns; a BackendError where it is not there, or finds no processor."""
    try:
        return make()
    except BackendError:
        raise
    except (ImportError, OSError, MemoryError, RuntimeError) as error:
        # Not the interpreter instead: its results have other bits, and take many times as long.
        raise BackendError(
            f"machine code: LLVM cannot be loaded ({error}). Install llvmlite anew, raise the limit of memory "
            f"(ulimit -v) if there is one, or say use_backend('interpreter')."
        ) from error
