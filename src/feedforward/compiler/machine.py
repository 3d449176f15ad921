"""LLVM's part: what processor this is, a module to object code, and object code to something that can be called.

Every option given to LLVM is here, in the folder whose source names the code kept on disk; see ``cache.py``.

No exception may come up in the midst of llvmlite, which is Python: between LLVM's freeing something and llvmlite's note
of it, one would have it freed twice. So signals are held back around all calls, and take effect between two of them;
and what is made is closed by ``with``, not left to be closed when Python collects it, which no hold can protect.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import llvmlite.binding as llvm
from llvmlite import ir

from feedforward.compiler.target import Target
from feedforward.errors import BackendError
from feedforward.forks import fork_safe_lock
from feedforward.interrupts import held_interrupts

__all__ = ["Effort", "NativeFunction", "host", "second_cache", "object_code", "assembly_text", "link"]

Effort: TypeAlias = Literal["quick", "plain", "full"]
"""How much LLVM does for better code: nothing, what takes little time, or all that it knows. The bits are the same."""

_ROOM, _ROOM_PER_BYTE = 32 << 20, 40
"""Bytes of memory that LLVM may need: at least, and for each byte of a module's text or code."""

_lock = fork_safe_lock()  # LLVM has locks of its own, which a fork must not find locked


@dataclass(frozen=True, eq=False)
class NativeFunction:
    """A function in machine code, which may be called as long as this object is there.

    Parameters
    ----------
    call : callable
        The function.
    engine : object
        LLVM's engine, which holds the code.
    """

    call: Callable[..., None]
    engine: Any


_engines: dict[weakref.ref[NativeFunction], Any] = {}
"""The engine of each function, so that Python never closes one by itself."""

_dropped: list[weakref.ref[NativeFunction]] = []
"""Functions that are gone, noted by a call into C: their engines are closed when LLVM is called next."""


@contextlib.contextmanager
def _calling(size: int = 0) -> Iterator[Callable[[], None]]:
    """Hold signals back while LLVM is called for a module of some bytes; yields what lets them take effect.

    Raises
    ------
    BackendError
        If there is not memory enough: LLVM would end the process.
    """
    with _lock, held_interrupts(also_second=True) as let_through:
        while _dropped:
            _engines.pop(_dropped.pop()).close()
        room = _ROOM + _ROOM_PER_BYTE * size
        try:
            mmap.mmap(-1, room).close()
        except (OSError, MemoryError) as error:
            raise BackendError(
                f"machine code: LLVM may need {room >> 20} MiB of memory, which this process cannot get ({error}). "
                f"Raise its limit (ulimit -v), or say use_backend('interpreter')."
            ) from error
        yield let_through


@cache
def host() -> Target:
    """Return this machine."""
    with _calling():
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        registers = (32, 64) if features.get("avx512f") else (16, 32)
        return Target(
            llvm.get_process_triple(), llvm.get_host_cpu_name(), features.flatten(), *registers, second_cache()
        )


def second_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int:
    """Return what the second cache of a core holds, in bytes: a MiB where the system does not tell as Linux does.

    It is a power of two and at least a quarter MiB, so that machines which differ little run the same code.
    """
    for place in sorted(folder.glob("index*")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            if (place / "level").read_text().strip() == "2":
                size = (place / "size").read_text().strip()
                number = int(size[:-1]) << {"K": 10, "M": 20}[size[-1:]]
                return 1 << max(18, number.bit_length() - 1)
    return 1 << 20


def object_code(text: str, target: Target, effort: Effort) -> bytes:
    """Return the object code of a module's text."""
    return bytes(_translated(text, target, effort))


def assembly_text(module: ir.Module, target: Target) -> str:
    """Return a module as the processor's own instructions."""
    return str(_translated(str(module), target, "full", is_text=True))


def _translated(text: str, target: Target, effort: Effort, is_text: bool = False) -> Any:
    """Return what a module's text becomes."""
    with _calling(len(text)) as let_through:
        # In a frame of its own, so that llvmlite's objects are gone before signals take effect again.
        return _translate(text, target, effort, is_text, let_through)


def _translate(text: str, target: Target, effort: Effort, is_text: bool, let_through: Callable[[], None]) -> Any:
    with llvm.parse_assembly(text) as parsed:
        let_through()
        parsed.verify()
        let_through()
        if effort != "quick":
            _optimise(parsed, target, effort)
            let_through()
        with _machine(target, 0 if effort == "quick" else 2) as machine:
            return machine.emit_assembly(parsed) if is_text else machine.emit_object(parsed)


def _optimise(parsed: Any, target: Target, effort: Effort) -> None:
    """Let LLVM optimise a module of its own."""
    with llvm.create_pipeline_tuning_options(speed_level=2) as options, _machine(target) as machine:
        # Vectors are explicit; LLVM's own vectorizers would only cost time.
        options.loop_vectorization = False
        options.slp_vectorization = False
        is_full = effort == "full"
        with (
            llvm.create_pass_builder(machine, options) as builder,
            builder.getModulePassManager() if is_full else llvm.create_new_module_pass_manager() as passes,
        ):
            if not is_full:
                # Tiles, lanes and what is computed before a loop are explicit, too. What remains: accumulators become
                # registers, and indices simple. That takes a tenth of the time of all passes.
                passes.add_sroa_pass()
                passes.add_instruction_combine_pass()
            passes.run(parsed, builder)


def link(code: bytes, target: Target, name: str) -> NativeFunction:
    """Return the function called `name` in some object code: one that takes two addresses and an int64."""
    with _calling(len(code)):
        engine = _engine(code, target)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        function = NativeFunction(kind(engine.get_function_address(name)), engine)
        _engines[weakref.ref(function, _dropped.append)] = engine
        return function


def _engine(code: bytes, target: Target) -> Any:
    """Return LLVM's engine with object code in it, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(target))
    with llvm.ObjectFileRef.from_data(code) as file:
        engine.add_object_file(file)
    engine.finalize_object()
    return engine


def _machine(target: Target, level: int = 2) -> Any:
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=level, jit=True
    )
