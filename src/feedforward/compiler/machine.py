"""LLVM's part: what processor this is, a module to object code, and object code to something that can be called.

Every option given to LLVM is here, in the folder whose source names the code kept on disk; see ``cache.py``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

from feedforward.compiler.target import Target


@cache
def host() -> Target:
    """Return this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    registers = (32, 64) if features.get("avx512f") else (16, 32)
    return Target(llvm.get_host_cpu_name(), features.flatten(), *registers)


def object_code(module: ir.Module, target: Target, is_quick: bool = False) -> bytes:
    """Return the object code of a module."""
    if is_quick:
        return bytes(_machine(target, 0).emit_object(_parsed(module)))
    return bytes(_machine(target).emit_object(_optimised(module, target)))


def _parsed(module: ir.Module) -> Any:
    """Return a module as LLVM's own, checked."""
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    return parsed


def _optimised(module: ir.Module, target: Target) -> Any:
    """Return a module checked and optimised by LLVM."""
    parsed = _parsed(module)
    # Vectors are explicit; LLVM's own vectorizers would only cost time.
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    passes = llvm.create_pass_builder(_machine(target), options)
    passes.getModulePassManager().run(parsed, passes)
    return parsed


def assembly_text(module: ir.Module, target: Target) -> str:
    """Return a module as the processor's own instructions."""
    return str(_machine(target).emit_assembly(_optimised(module, target)))


def link(code: bytes, target: Target) -> Any:
    """Return LLVM's engine with object code in it, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(target))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _machine(target: Target, level: int = 2) -> Any:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=target.features, opt=level, jit=True
    )
