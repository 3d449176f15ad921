"""The backend that compiles a program to machine code: simplify, lower to loop nests, plan memory, emit, run.

A program becomes one of two native functions: ``once`` runs it, ``loop`` runs it for each batch of rows without
returning to Python. Any number of threads may enter one together; see ``compiler/schedule.py``. Where a variable's new
value cannot be written over the old one, because something still reads that, it is written beside it, and the two
addresses change places at the end of a step.
"""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from concurrent.futures import wait
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt
from llvmlite import ir

from feedforward.backends.backend import check_arrays, check_rows, check_variables
from feedforward.backends.interpreter import InterpretedProgram, Interpreter
from feedforward.backends.threads import pool, thread_count
from feedforward.compiler.assemble import Entry, emit_module, lay_out
from feedforward.compiler.cache import code_key, read_code, write_code
from feedforward.compiler.lower import NotLowered
from feedforward.compiler.memory import ALIGNMENT
from feedforward.compiler.schedule import STATE_BYTES
from feedforward.compiler.simplify import simplify
from feedforward.compiler.target import Target
from feedforward.errors import ShapeError
from feedforward.graph.node import Array, Node, known
from feedforward.graph.program import Program, specialise
from feedforward.interrupts import held_interrupts

_KEPT_CODES = 64
"""How much machine code of a program is kept, for several shapes, the last used."""

_WORTH_ALIGNMENT = 4096
"""Bytes from which an array is worth an aligned beginning."""

_WORTH_OPTIMISING = 0.05
"""Seconds that a program runs as code made the quick way, before better code is made: that takes about as long."""

_PAGE, _STAGGER = 4096, 5 * ALIGNMENT
"""Bytes of a page, and by how much further into it each large array that is written begins."""

_FIRST_TRIALS, _TRIAL_EVERY, _TRIAL_SECONDS = 3, 8, 0.003
"""In the first loops, and then in one of so many, the other number of threads is tried, for about so long."""

_WORTH_THREADS = 100_000
"""A step of fewer operations than this is run by one thread: handing out its tasks would cost more."""


_Byte: Any = ctypes.c_char


@cache
def host() -> Target:
    """Return this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    registers = (32, 64) if features.get("avx512f") else (16, 32)
    return Target(llvm.get_host_cpu_name(), features.flatten(), *registers)


class Native:
    """The backend that compiles programs to machine code.

    Parameters
    ----------
    threads : int, optional
        How many threads share a program; by default what `set_threads` says at each run.
    target : Target, optional
        The processor to make code for; this machine by default.
    """

    def __init__(self, threads: int | None = None, target: Target | None = None) -> None:
        self.threads = threads
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
    threads : int, optional
        How many threads share it; see `Native`.
    """

    def __init__(self, program: Program, target: Target, threads: int | None) -> None:
        self.program = program
        self.target = target
        self.threads = threads
        self._specialised: OrderedDict[Hashable, _Code | InterpretedProgram] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        check_arrays(self.program, inputs, variables)
        return self._code("once", tuple(array.shape for array in inputs)).run(inputs, variables)

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
        check_rows(arrays, order)
        sums = None if totals is None else list(totals)
        current = list(variables)
        whole = len(order) - len(order) % batch_size
        for part, size in ((order[:whole], batch_size), (order[whole:], len(order) - whole)):
            if len(part):
                code = self._code("loop", tuple((size, *array.shape[1:]) for array in arrays))
                sums, current = code.loop(arrays, part, size, current, sums)
        return sums or [], current

    def _code(self, entry: Entry, shapes: tuple[tuple[int, ...], ...]) -> _Code | InterpretedProgram:
        key = entry, shapes
        with self._lock:
            found = self._specialised.get(key)
            if found is None:
                concrete = specialise(self.program, shapes)
                try:
                    found = _Code(simplify(concrete), entry, self.target, self.threads)
                except NotLowered:
                    found = Interpreter().compile(concrete)
                self._specialised[key] = found
            self._specialised.move_to_end(key)
            if len(self._specialised) > _KEPT_CODES:
                self._specialised.popitem(last=False)
            return found


class _Code:
    """The machine code of a specialised program, and the memory it works in; one call at a time uses it.

    Native code finds every buffer through a table of addresses, so it reads what it is fed where that lies, and writes
    its results where they stay.
    """

    def __init__(self, program: Program, entry: Entry, target: Target, threads: int | None) -> None:
        self.program = program
        self.layout = layout = lay_out(program, target)
        self.threads = threads if layout.work > _WORTH_THREADS else 1
        self._entry, self._target = entry, target
        self._load(is_quick=_WORTH_OPTIMISING > 0)
        self._lock = threading.Lock()
        self._pace = Pace()
        self._arena = _empty((layout.arena.size,), np.uint8)
        self._state = _empty((STATE_BYTES,), np.uint8)
        self._constants = {
            layout.places[buffer]: _aligned_copy(value) for buffer, value in layout.lowered.constants.items()
        }
        self._batch: dict[int, Array] = {}
        self._set_places()

    def _load(self, is_quick: bool) -> None:
        """Get the native function, from the disk if it is there; made the quick way unless better code is there."""
        key = f"{code_key(self.program, self._target)}-{self._entry}"
        code = read_code(key)
        seconds_left = math.inf
        if code is None and is_quick:
            seconds_left = _WORTH_OPTIMISING
            key += "-quick"
            code = read_code(key)
        if code is None:
            code = _compile(emit_module(self.layout, [self._entry]), self._target, is_quick)
            write_code(key, code)
        engine = _link(code, self._target)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        # At once, since Ctrl-C may come between any two lines: without its engine a function is gone.
        self._native = engine, kind(engine.get_function_address(self._entry))
        self._seconds_left = seconds_left

    def _set_places(self) -> None:
        """Find where in the table everything is that goes in and comes out."""
        layout, program = self.layout, self.program
        places, buffers = layout.places, layout.lowered.buffers

        def place(node: Node) -> int:
            return places[layout.aliases.get(buffers[node], buffers[node])]

        self._inputs = [place(node) for node in program.inputs]
        self._variables = [place(node) for node in program.variables]
        self._outputs = [place(node) for node in program.outputs]
        # A new value is written over the old one, or beside it, and then the two change places.
        beside = {places[old]: places[new] for old, new in layout.swaps}
        self._over = {place(variable) for variable, _ in program.updates} - beside.keys()
        self._next = [beside.get(place, place) for place in self._variables]
        shapes = {place(node): (known(node.shape), node.dtype) for node in program.outputs}
        shapes |= {
            beside[old]: (known(node.shape), node.dtype)
            for old, node in zip(self._variables, program.variables, strict=True)
            if old in beside
        }
        given = {*self._inputs, *self._variables, *self._constants}
        self._results = {place: shape for place, shape in shapes.items() if place not in given}
        self._scratch = {
            number: _empty((buffer.size,), buffer.dtype)
            for buffer, number in places.items()
            if number not in given and number not in self._results
        }
        self._table = _addresses([0] * len(places))
        for fixed in (self._constants, self._scratch):
            for number, array in fixed.items():
                self._table[number] = _address(array)
        self._last: list[Array] = []
        self._updated = {place(variable) for variable, _ in program.updates}
        taken = given | set(self._next)
        self._is_shared = []
        for one in self._outputs:
            self._is_shared.append(one in taken)
            taken.add(one)

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        check_variables(self.program, variables)
        fed = [np.ascontiguousarray(array) for array in inputs]
        given = [
            _aligned_copy(array) if place in self._over else np.ascontiguousarray(array)
            for place, array in zip(self._variables, variables, strict=True)
        ]
        made = {place: _empty(shape, dtype) for place, (shape, dtype) in self._results.items()}
        with self._lock:
            table = self._table_of(given)
            for place, array in (*zip(self._inputs, fed, strict=True), *made.items()):
                table[place] = _address(array)
            self._call(table, [], 1, self._count())
        held = self._constants | dict(zip((*self._inputs, *self._variables), (*fed, *given), strict=True)) | made
        outputs = [
            held[place].reshape(known(node.shape)).copy() if is_shared else held[place]
            for place, node, is_shared in zip(self._outputs, self.program.outputs, self._is_shared, strict=True)
        ]
        return outputs, [held[place].reshape(array.shape) for place, array in zip(self._next, variables, strict=True)]

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
        sources = [np.ascontiguousarray(array) for array in arrays]
        rows = np.ascontiguousarray(order, np.int64)
        sums = [np.array(total, np.float64, order="C") for total in old]
        lists = [_addresses([*map(_address, group), 0]) for group in (sources, sums)]
        with self._lock:
            given = [
                _aligned_copy(array, place) if place in self._updated else np.ascontiguousarray(array)
                for place, array in zip(self._variables, variables, strict=True)
            ]
            table = self._table_of(given)
            beside = {place: _empty(*self._results[place]) for place in {*self._next} - {*self._variables}}
            for place, array in (*self._batch_memory().items(), *beside.items()):
                table[place] = _address(array)
            first = 0
            for steps, count in self._pace.parts(len(rows) // batch_size, self._count()):
                place = _address(rows) + first * batch_size * rows.itemsize
                seconds = self._call(table, [*map(ctypes.addressof, lists), place], steps, count)
                self._pace.note(count, seconds / steps)
                first += steps
        at = {_address(array): array for array in (*given, *beside.values())}
        return sums, [
            at[table[place]].reshape(array.shape) for place, array in zip(self._variables, variables, strict=True)
        ]

    def _batch_memory(self) -> dict[int, Array]:
        """Return memory for the rows of a batch and for what a step computes, kept from one loop to the next."""
        if not self._batch:
            for node, place in zip(self.program.inputs, self._inputs, strict=True):
                self._batch[place] = _empty(known(node.shape), node.dtype)
            for place, (shape, dtype) in self._results.items():
                if place not in self._next:
                    self._batch[place] = _empty(shape, dtype)
        return self._batch

    def _table_of(self, variables: Sequence[Array]) -> ctypes.Array[ctypes.c_uint64]:
        """Return a table with the addresses of constants, of what is only used inside, and of variables."""
        if len(variables) != len(self._last) or any(a is not b for a, b in zip(variables, self._last, strict=True)):
            for place, array in zip(self._variables, variables, strict=True):
                self._table[place] = _address(array)
            # Kept are only those that nothing writes to: mostly they come again.
            self._last = list(variables) if not self._updated else []
        return type(self._table).from_buffer_copy(self._table)

    def _count(self) -> int:
        """Return how many threads may share the program."""
        return thread_count() if self.threads is None else self.threads

    def _call(self, table: ctypes.Array[ctypes.c_uint64], more: Sequence[int], steps: int, count: int) -> float:
        """Let threads work on the native function until it is done; return the seconds that took."""
        context = _addresses([ctypes.addressof(table), _address(self._arena), *more])
        function = self._native[1]
        started = time.perf_counter()
        if count == 1:
            function(None, ctypes.addressof(context), steps)
        else:
            self._state[:] = 0
            _share(function, (_address(self._state), ctypes.addressof(context), steps), count)
        seconds = time.perf_counter() - started
        self._seconds_left -= seconds
        if self._seconds_left < 0:
            self._load(is_quick=False)  # the same bits, sooner
        return seconds


class Pace:
    """Whether one thread or all run a program's steps: whichever was quicker of late.

    Sharing pays where a step is long enough, the threads' processors are near each other, and no other process needs
    them; all of that may change while a program runs. So now and then a small part of the steps is run the other way.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._calls = 0

    def parts(self, steps: int, count: int) -> list[tuple[int, int]]:
        """Return numbers of steps, in all `steps`, and how many threads are to run them: at most `count`."""
        if count == 1:
            return [(steps, 1)]
        best = min((count, 1), key=lambda one: self._seconds.get(one, 0.0))
        other = 1 if best == count else count
        self._calls += 1
        if steps == 1 or (self._calls > _FIRST_TRIALS and self._calls % _TRIAL_EVERY):
            return [(steps, best)]
        tried = steps // 16
        if len(self._seconds) == 2:
            tried = min(tried, int(_TRIAL_SECONDS / self._seconds[best]))
        tried = max(1, tried)
        return [(steps - tried, best), (tried, other)]

    def note(self, count: int, seconds: float) -> None:
        """Remember how long a step took with so many threads; a worse time than before may be chance."""
        before = self._seconds.get(count, seconds)
        self._seconds[count] = min(seconds, (before + seconds) / 2)


def _share(function: Any, arguments: tuple[int, int, int], count: int) -> None:
    """Let several threads work on a native function until it is done."""
    with held_interrupts():  # a thread that still runs must not lose the memory it works on
        helpers = [pool().submit(function, *arguments) for _ in range(count - 1)]
        function(*arguments)
        wait(helpers)


def _compile(module: ir.Module, target: Target, is_quick: bool = False) -> bytes:
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


def _link(code: bytes, target: Target) -> Any:
    """Return LLVM's engine with object code in it, ready to be called."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(target))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


def _machine(target: Target, level: int = 2) -> Any:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=target.features, opt=level, jit=True
    )


def _empty(shape: tuple[int, ...], dtype: npt.DTypeLike, place: int = 0) -> Array:
    """Return an array that begins at a multiple of the alignment, if it is large enough for that to matter.

    Arrays for different places of the table begin at different places of a page. Else the rows of a matrix and of its
    moments would compete for the same few lines of the cache: an update of 512 x 512 takes a third longer then.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size < _WORTH_ALIGNMENT:
        return np.empty(shape, kind)
    raw = np.empty(size + 2 * _PAGE, np.uint8)
    start = -_address(raw) % _PAGE + place * _STAGGER % _PAGE
    return raw[start : start + size].view(kind).reshape(shape)


def _aligned_copy(array: Array, place: int = 0) -> Array:
    result = _empty(array.shape, array.dtype, place)
    result[...] = array
    return result


def _address(array: Array) -> int:
    """Return where a contiguous array begins."""
    if array.flags.writeable and array.nbytes:
        return ctypes.addressof(_Byte.from_buffer(array))  # quicker, but for these alone
    return int(array.ctypes.data)


def _addresses(numbers: Sequence[int]) -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * len(numbers))(*numbers)
