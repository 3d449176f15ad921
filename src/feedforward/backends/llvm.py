"""The backend that compiles a program to machine code: simplify, lower to loop nests, plan memory, emit, run.

Two native functions come of a program: ``once`` runs it, ``loop`` runs it for each batch of rows without returning to
Python. Any number of threads may enter one together; see ``compiler/schedule.py``. Buffers are found through a table of
addresses. Where a variable's new value cannot be written over the old one, because something still reads that, it is
written beside it, and the two addresses change places at the end of a step.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from feedforward.backends.interpreter import InterpretedProgram, Interpreter, check_arrays, check_variables
from feedforward.compiler.assemble import emit_module, lay_out
from feedforward.compiler.cache import code_key, read_code, write_code
from feedforward.compiler.loops import Buffer
from feedforward.compiler.lower import NotLowered
from feedforward.compiler.memory import ALIGNMENT
from feedforward.compiler.schedule import STATE_BYTES
from feedforward.compiler.simplify import simplify
from feedforward.compiler.target import Target
from feedforward.errors import ShapeError
from feedforward.graph.node import Array, Node, known
from feedforward.graph.program import Program, specialise

_PAGE, _STAGGER = 4096, 5 * ALIGNMENT
"""Bytes of a page, and by how much further into it each large array begins."""

_WORTH_THREADS = 200_000
"""A step of fewer operations than this is run by one thread: handing out its tasks would cost more."""


@cache
def host() -> Target:
    """Return this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    registers = (32, 64) if features.get("avx512f") else (16, 32)
    return Target(llvm.get_host_cpu_name(), features.flatten(), *registers)


@cache
def available_threads() -> int:
    """Return how many processors this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
        if quota != "max":
            count = min(count, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return count


class Native:
    """The backend that compiles programs to machine code.

    Parameters
    ----------
    threads : int, optional
        How many threads share a program; by default as many as there are processors for this process.
    target : Target, optional
        The processor to make code for; this machine by default.
    """

    def __init__(self, threads: int | None = None, target: Target | None = None) -> None:
        self.threads = available_threads() if threads is None else threads
        self.target = target or host()

    def compile(self, program: Program) -> NativeProgram:
        """Return `program` ready to run; machine code is made when the shapes are known."""
        return NativeProgram(program, self.target, self.threads)


class NativeProgram:
    """A program as machine code, made anew for each combination of shapes that is fed.

    Parameters
    ----------
    program : Program
        What to run.
    target : Target
        The processor.
    threads : int
        How many threads share it.
    """

    def __init__(self, program: Program, target: Target, threads: int) -> None:
        self.program = program
        self.target = target
        self.threads = threads
        self._specialised: dict[tuple[tuple[int, ...], ...], _Code | InterpretedProgram] = {}
        self._lock = threading.Lock()

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        check_arrays(self.program, inputs, variables)
        return self._code(tuple(array.shape for array in inputs)).run(inputs, variables)

    def loop(
        self,
        arrays: Sequence[Array],
        order: Array,
        batch_size: int,
        variables: Sequence[Array],
        totals: Sequence[Array] | None = None,
    ) -> tuple[list[Array], list[Array]]:
        """Run once for each batch of rows; see `Executable.loop`."""
        check_arrays(self.program, arrays, variables)
        if len({len(array) for array in arrays}) > 1:
            raise ShapeError(f"loop: the arrays have {[len(array) for array in arrays]} rows. Give them equally many.")
        if arrays and len(order) and not (0 <= order.min() and order.max() < len(arrays[0])):
            ends = f"from {order.min()} to {order.max()}"
            raise ShapeError(f"loop: the order goes {ends}, but there are {len(arrays[0])} rows.")
        sums = None if totals is None else list(totals)
        current = list(variables)
        whole = len(order) - len(order) % batch_size
        for part, size in ((order[:whole], batch_size), (order[whole:], len(order) - whole)):
            if len(part):
                code = self._code(tuple((size, *array.shape[1:]) for array in arrays))
                sums, current = code.loop(arrays, part, size, current, sums)
        return sums or [], current

    def _code(self, shapes: tuple[tuple[int, ...], ...]) -> _Code | InterpretedProgram:
        with self._lock:
            if shapes not in self._specialised:
                concrete = specialise(self.program, shapes)
                try:
                    self._specialised[shapes] = _Code(simplify(concrete), self.target, self.threads)
                except NotLowered:
                    self._specialised[shapes] = Interpreter().compile(concrete)
            return self._specialised[shapes]


class _Code:
    """The machine code of a specialised program, and the memory it works in; one call at a time uses it."""

    def __init__(self, program: Program, target: Target, threads: int) -> None:
        self.program = program
        self.layout = layout = lay_out(program, target)
        self.threads = threads if layout.work > _WORTH_THREADS else 1
        key = code_key(program, target)
        code = read_code(key)
        if code is None:
            code = _compile(emit_module(layout), target)
            write_code(key, code)
        self._engine = _link(code, target)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        self._functions = {
            name: kind(self._engine.get_function_address(name))
            for name in (["once", "loop"] if layout.has_rows else ["once"])
        }
        self._lock = threading.Lock()
        sizes = [buffer.size * buffer.dtype.itemsize for buffer in layout.places]
        self._memory = [_aligned(size, place) for place, size in enumerate(sizes)]
        self._arena = _aligned(layout.arena.size)
        self._table = np.array([memory.ctypes.data for memory in self._memory], np.uint64)
        for buffer, value in layout.lowered.constants.items():
            self._view(buffer)[:] = value.reshape(-1)

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        check_variables(self.program, variables)
        with self._lock:
            for node, array in zip((*self.program.inputs, *self.program.variables), (*inputs, *variables), strict=True):
                self._value(node)[:] = array.reshape(-1)
            self._call("once", np.array([self._table.ctypes.data, self._arena.ctypes.data], np.uint64), 1)
            outputs = [self._copy(node) for node in self.program.outputs]
            for a, b in self.layout.swaps:
                i, j = self.layout.places[a], self.layout.places[b]
                self._table[[i, j]] = self._table[[j, i]]
            return outputs, [self._copy(node) for node in self.program.variables]

    def loop(
        self,
        arrays: Sequence[Array],
        order: Array,
        batch_size: int,
        variables: Sequence[Array],
        totals: Sequence[Array] | None,
    ) -> tuple[list[Array], list[Array]]:
        """Run once for each batch; see `Executable.loop`. The order holds whole batches only."""
        check_variables(self.program, variables)
        shapes = [known(node.shape) for node in self.program.outputs]
        old = [np.zeros(shape) for shape in shapes] if totals is None else totals
        if [total.shape for total in old] != shapes:
            raise ShapeError(
                f"loop: totals of shapes {[total.shape for total in old]} for outputs of shapes {shapes}. "
                f"Let no output's shape change with the batch, and start from no totals."
            )
        with self._lock:
            for node, array in zip(self.program.variables, variables, strict=True):
                self._value(node)[:] = array.reshape(-1)
            sources = [np.ascontiguousarray(array) for array in arrays]
            rows = np.ascontiguousarray(order, np.int64)
            sums = [np.array(total, np.float64, order="C") for total in old]
            lists = [np.array([array.ctypes.data for array in group] or [0], np.uint64) for group in (sources, sums)]
            context = [self._table, self._arena, *lists, rows]
            self._call("loop", np.array([array.ctypes.data for array in context], np.uint64), len(rows) // batch_size)
            return sums, [self._copy(node) for node in self.program.variables]

    def _call(self, name: str, context: Array, steps: int) -> None:
        """Let all threads work on a native function until it is done."""
        if self.threads == 1:
            self._functions[name](None, context.ctypes.data, steps)
            return
        state = _aligned(STATE_BYTES)
        state[:] = 0
        arguments = state.ctypes.data, context.ctypes.data, steps
        helpers = [_pool().submit(self._functions[name], *arguments) for _ in range(self.threads - 1)]
        self._functions[name](*arguments)
        for helper in helpers:
            helper.result()

    def _value(self, node: Node) -> Array:
        return self._view(self.layout.lowered.buffers[node])

    def _copy(self, node: Node) -> Array:
        return self._value(node).reshape(known(node.shape)).copy()

    def _view(self, buffer: Buffer) -> Array:
        """Return the memory where a buffer lies at present."""
        address = int(self._table[self.layout.places[buffer]])
        raw = (ctypes.c_char * (buffer.size * buffer.dtype.itemsize)).from_address(address)
        values: Array = np.frombuffer(memoryview(raw).cast("B"), buffer.dtype, buffer.size)
        return values


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that help the one that calls."""
    return ThreadPoolExecutor(64, thread_name_prefix="feedforward")


def _compile(module: ir.Module, target: Target) -> bytes:
    """Return the object code of a module."""
    return bytes(_machine(target).emit_object(_optimised(module, target)))


def _optimised(module: ir.Module, target: Target) -> Any:
    """Return a module checked and optimised by LLVM."""
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
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


def _link(code: bytes, target: Target) -> Any:
    """Return LLVM's engine with object code in it, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(target))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _machine(target: Target) -> Any:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=target.features, opt=2, jit=True
    )


def _aligned(size: int, place: int = 0) -> Array:
    """Return bytes that begin at a multiple of the alignment.

    Large arrays begin at different places of a page. Else the rows of a matrix and of its moments would compete for the
    same few lines of the cache: an update of 512 x 512 takes a third longer then.
    """
    shift = place * _STAGGER % _PAGE if size >= _PAGE else 0
    raw = np.empty(max(size, 1) + ALIGNMENT + shift + _PAGE * (size >= _PAGE), np.uint8)
    start = -raw.ctypes.data % (_PAGE if size >= _PAGE else ALIGNMENT) + shift
    return raw[start : start + max(size, 1)]
