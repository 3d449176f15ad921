"""The backend that compiles a program to machine code: simplify, lower to loop nests, plan memory, emit, run.

A program becomes one of two native functions: ``once`` runs it, ``loop`` runs it for each batch of rows without
returning to Python. Any number of threads may enter one together; see ``compiler/schedule.py``. A variable's new value
is written beside the old one, which stays as it was fed; where that lies in the further steps of a loop, ``Layout`` in
``compiler/assemble.py`` says.
"""

from __future__ import annotations

import ctypes
import math
import queue
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from operator import is_
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from feedforward.backends.backend import Look, PlainLoop, check_inputs, check_rows, check_variables
from feedforward.backends.blocks import BLOCKS, InBlocks, WithPadding
from feedforward.backends.chain import Chain, Runnable
from feedforward.backends.codes import Compiled, Sections, compiled_by
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.lending import lender
from feedforward.backends.threads import helpers, thread_count
from feedforward.compiler.assemble import ARENA, ARRAYS, DONE, LAST, ORDER, STOP, SUMS, Entry
from feedforward.compiler.lift import lift
from feedforward.compiler.machine import assembly_text as assembly_text
from feedforward.compiler.machine import host as host
from feedforward.compiler.memory import ALIGNMENT
from feedforward.compiler.padding import pad
from feedforward.compiler.rows import maps_rows
from feedforward.compiler.schedule import STATE_BYTES
from feedforward.compiler.simplify import simplify
from feedforward.compiler.target import Target
from feedforward.errors import InterpretedWarning, ShapeError, warn
from feedforward.forks import Locked
from feedforward.graph.cut import Section, cut
from feedforward.graph.node import Array, known, location_of
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed
from feedforward.graph.verify import verify
from feedforward.interrupts import held_interrupts

__all__ = ["Native", "NativeProgram", "NativeLoop"]

_KEPT_CODES = 64
"""How much machine code of a program is kept, for several shapes, the last used."""

_WORTH_ALIGNMENT = 4096
"""Bytes from which an array is worth an aligned beginning."""

_WORTH_RECYCLING = 1 << 14
"""Elements from which the memory of a variable's former value is used again in a call."""

_PAGE, _STAGGER = 4096, 5 * ALIGNMENT
"""Bytes of a page, and by how much further into it each large array that is written begins."""

_ROOM = 2 * _PAGE
"""Bytes more than its own in which an array finds the place where it begins."""

_OWN = 1 << 14
"""Bytes of working memory up to which code keeps its own: to be lent it takes longer than a small program."""

_ALONE = next(sys.getrefcount(raw) for raw in [np.empty(0)])
"""References that Python counts to memory in a list, in which no array lies: versions differ in it."""

_CALL_SECONDS = 0.05
"""How long a loop runs in one call, by its pace, so that Ctrl-C takes effect soon enough: a call costs some 10 us."""

_WORTH_THREADS = 100_000
"""A step of fewer operations than this is run by one thread: handing out its tasks would cost more."""

_LONGEST: dict[Entry, int] = {"once": 4096, "loop": 16384}
_SECTION = 512
"""A program of more nodes than this is run in sections of so many operations. A loop later, since it leaves machine
code after each section then; by that length, compiling it whole takes half a minute."""

_MOST_INSTANCES, _OWN_KERNELS = 2**31, 3
"""How many kernels one call may run, with a bit to spare in the schedule's word; those that a step adds to a program's:
to gather rows, to copy and to finish."""

_OWN_NUMBERS = 2
"""How many numbers of rows have code of their own though they are no block's: of whole batches, and what is left."""

Shapes: TypeAlias = tuple[tuple[int, ...], ...]
"""Those of the arrays that a program is fed."""

_Byte: Any = ctypes.c_char
_Context, _State = ctypes.c_uint64 * (STOP + 1), ctypes.c_uint64 * (STATE_BYTES // 8)


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


class NativeProgram(Locked):
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
        self._lifted = lift(program)
        self._numbers = [_aligned_copy(value) for value in self._lifted.numbers.values()]
        self._specialised: OrderedDict[Hashable, _Code | Chain] = OrderedDict()
        self._numbers_of_rows: set[int] = set()  # those that have code of their own
        self._rests: set[int] = set()  # the same, of smaller batches in a loop
        super().__init__()

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        check_inputs(self.program, inputs)
        return self._code("once", tuple([array.shape for array in inputs])).run(inputs, variables)

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> NativeLoop:
        """Return it ready to go over batches; see `Executable.loop`."""
        return NativeLoop(self, variables, totals, done)

    @overload
    def _code(self, entry: Literal["once"], shapes: Shapes) -> _Code | Chain | InBlocks | WithPadding: ...

    @overload
    def _code(self, entry: Literal["loop"], shapes: Shapes) -> _Code | Chain: ...

    def _code(self, entry: Entry, shapes: Shapes) -> _Code | Chain | InBlocks | WithPadding:
        key = entry, shapes
        with self._lock:
            found = self._specialised.get(key)
            if found is None:
                if entry == "once" and (shared := self._shared(shapes)) is not None:
                    return shared
                structure = (self._lifted.key, entry, shapes, self.target)
                compiled = compiled_by(structure, partial(self._compile, entry, shapes))
                found = self._specialised[key] = self._own(compiled, entry)
            self._specialised.move_to_end(key)
            if len(self._specialised) > _KEPT_CODES:
                self._specialised.popitem(last=False)
            return found

    def _shared(self, shapes: Shapes) -> InBlocks | WithPadding | None:
        """Return what runs rows by code for other numbers, which is there, or will be for all to come.

        The first numbers have code of their own: a program that sees no others is as quick as can be.
        """
        wanted = [node.shape for node in self.program.inputs]
        numbers = {shape[0] for shape in shapes if shape}
        if len(numbers) != 1 or numbers == {0} or [one[1:] for one in wanted] != [one[1:] for one in shapes]:
            return None
        if len(self._numbers_of_rows) < _OWN_NUMBERS:
            self._numbers_of_rows |= numbers - {*BLOCKS}
            return None
        if numbers <= self._numbers_of_rows or (self._maps_rows and numbers <= {*BLOCKS}):
            return None
        if self._maps_rows:
            return InBlocks(partial(self._code, "once"))
        return self.padding if self.padding is not None and self.padding.fits(*numbers) else None

    @cached_property
    def _maps_rows(self) -> bool:
        return maps_rows(self.program)

    @cached_property
    def padding(self) -> WithPadding | None:
        """What runs the program for any number of rows by code for some, if it does no more with them than add up."""
        padded = pad(self.program)
        return None if padded is None else WithPadding(padded, NativeProgram(padded.program, self.target, self.threads))

    def padding_for(self, rows: int) -> WithPadding | None:
        """Return what runs a smaller batch; None where it has code of its own, as the first numbers have."""
        with self._lock:
            if len(self._rests) < _OWN_NUMBERS:
                self._rests.add(rows)
            found = None if rows in self._rests else self.padding
        return found if found is not None and not any(found.steps) and found.fits(rows) else None

    def _compile(self, entry: Entry, shapes: Shapes) -> Compiled | Sections:
        """Return the code of the program for inputs of these shapes."""
        special = self._lifted.specialise(shapes)
        if special.max_elements is not None:  # it came from a file
            verify(special)
        program = simplify(special)
        if len(program.nodes) <= _LONGEST[entry] and all(node.op.is_native for node in program.nodes):
            return Compiled(program, entry, self.target)
        sections = cut(program, _SECTION)
        return Sections(program, sections, [self._compile_section(section) for section in sections])

    def _compile_section(self, section: Section) -> Compiled | None:
        if section.is_outside:
            return None
        found = compiled_by(
            (section.program.key, "once", self.target), lambda: Compiled(section.program, "once", self.target)
        )
        return found if isinstance(found, Compiled) else None

    def _own(self, found: Compiled | Sections, entry: Entry) -> _Code | Chain:
        """Return code with memory to work in, and with this program's numbers and names."""
        if isinstance(found, Compiled):
            return _Code(found, self.threads, self._numbers, self.program)
        # A model's step reads variables, or is looped; what else draws, such as an initializer, does so once.
        if (entry == "loop" or self.program.variables) and any(section.is_outside for section in found.sections):
            self._tell_outside()
        codes: dict[Program, Runnable] = {}
        for section, compiled in zip(found.sections, found.codes, strict=True):
            if section.program not in codes:
                codes[section.program] = (
                    Interpreter().compile(section.program)
                    if compiled is None
                    else _Code(compiled, self.threads, [], section.program)
                )
        return Chain(
            found.program, found.sections, [codes[one.program] for one in found.sections], self._numbers, self.program
        )

    def _tell_outside(self) -> None:
        """Warn of each operation that NumPy computes in a step, once.

        It is told of by whoever runs the code, whose layers it names, since whoever made it may be another model.
        """
        for node in self.program.nodes:
            name = node.op.name, node.scope
            if not node.op.is_native and name not in _told:
                _told[name] = self
                layer = f" of layer {node.scope!r}" if node.scope else ""
                warn(
                    f"{node.op.name}{layer}{location_of(node)} has no native form: NumPy computes it in each batch, "
                    f"between two pieces of machine code. Draw it before the training, or use another operation, for a "
                    f"step that is machine code throughout.",
                    InterpretedWarning,
                )


_told: weakref.WeakValueDictionary[tuple[str, str], NativeProgram] = weakref.WeakValueDictionary()
"""The operations, and the layers of them, that a warning was about; by the program that gave it, and as long as that is
there: the other programs of its model need not say it again, and a model that is made when it is gone is told, too."""


class NativeLoop:
    """The `Looping` of a native program: whole batches have code of their own.

    So has a smaller one at their end, or another size of batches later, where no code serves any number of rows.
    """

    def __init__(self, program: NativeProgram, variables: Sequence[Array], totals: Sequence[Array], done: int) -> None:
        self._program = program
        self._size: int | None = None
        self._code: _Code | Chain | None = None
        self._kept = program.program.row_outputs
        # The first of them until sizes are known.
        self._now: PlainLoop | _CodeLoop = PlainLoop(program.run, variables, totals, done, self._kept)

    @property
    def done(self) -> int:
        """See `Looping`."""
        return self._now.done

    @property
    def totals(self) -> list[Array]:
        """See `Looping`."""
        return self._now.totals

    @property
    def is_stopped(self) -> bool:
        """See `Looping`."""
        return self._now.is_stopped

    def variables(self) -> list[Array]:
        """See `Looping`."""
        return self._now.variables()

    def begin_anew(self) -> None:
        """See `Looping`."""
        self._now.begin_anew()

    def run(self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None = None) -> int:
        """See `Looping`."""
        check_inputs(self._program.program, arrays)
        check_rows(arrays, order, batch_size)
        steps, rest = divmod(len(order), batch_size)
        done = self._run(arrays, order[: len(order) - rest], batch_size, look) if steps else 0
        if rest and done == steps and not (done and (self.is_stopped or (look is not None and look()))):
            done += self._run(arrays, order[len(order) - rest :], rest, None, is_rest=True)
        return done

    def _run(
        self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None, is_rest: bool = False
    ) -> int:
        """Run batches of one size, and return how many."""
        if self._size is None and not is_rest:
            self._size = batch_size
        padding = None if batch_size == self._size else self._program.padding_for(batch_size)
        if padding is not None:
            self._now = PlainLoop(padding.run, self.variables(), self.totals, self.done, self._kept)
            self._code = None
            return self._now.run(arrays, order, batch_size, look)
        code = self._program._code("loop", tuple((batch_size, *array.shape[1:]) for array in arrays))
        if code is not self._code:
            self._now = code.loop(self.variables(), self.totals, self.done)
            self._code = code
        return self._now.go_over(arrays, order, batch_size, look)


class _Code(Locked):
    """The machine code of a specialised program, and the memory it works in; one `run` at a time uses it.

    Loops have frames of their own, and so may go on beside each other.

    Other threads wait for that call. The handler of a signal that came in the midst of it cannot: it gets a spare. So
    does the child of a fork that came in the midst of it, for the caller may be a thread that the child does not have.

    Native code finds every buffer through a table of addresses, so it reads what it is fed where that lies, and writes
    its results where they stay. Only what has changed since the last call is put into the table.
    """

    def __init__(self, compiled: Compiled, threads: int | None, numbers: Sequence[Array], named: Program) -> None:
        self.compiled = compiled
        self.layout = compiled.layout
        self.threads = threads if compiled.work > _WORTH_THREADS else 1
        self._numbers, self._named = numbers, named
        super().__init__()
        self._is_used = False
        self._spare: _Code | None = None  # the same with memory of its own
        self._made: dict[int, list[Array]] = {}
        self._set_slots()
        self._frame = _Frame(self)
        self._own: Array | None = None
        if self._work_bytes <= _OWN and compiled.entry == "once":
            self._own = lender.take(self._work_bytes)
            self._frame.work_in(self._own)

    def _set_slots(self) -> None:
        """Find where in the table everything is that goes in and comes out."""
        layout, program = self.layout, self.compiled.program
        slots, buffers = layout.outer_slots, layout.lowered.buffers
        self._inputs = [slots[buffers[node]] for node in program.inputs]
        variables = program.variables[: len(program.variables) - program.numbers]
        self._variables = [slots[buffers[node]] for node in variables]
        fixed = [buffers[node] for node in program.variables[len(variables) :]]
        self._constants = {
            slots[buffer]: value
            for buffer, value in (*zip(fixed, self._numbers, strict=True), *self.compiled.constants.items())
        }
        beside = {slots[old]: slots[new] for old, new in (*layout.moves, *layout.swaps)}
        self._swapped = {slots[old] for old, _ in layout.swaps}
        self._next = [beside.get(slot, slot) for slot in self._variables]
        shapes = {slots[buffers[node]]: (known(node.shape), node.dtype) for node in program.outputs}
        shapes |= {
            beside[old]: (known(node.shape), node.dtype)
            for old, node in zip(self._variables, variables, strict=True)
            if old in beside
        }
        given = {*self._inputs, *self._variables, *self._constants}
        self._results = {slot: shape for slot, shape in shapes.items() if slot not in given}
        # New values of variables take turns in the same memory: to get it from the system takes longer than to fill it.
        self._large = {
            slot
            for slot in self._next
            if slot in self._results and math.prod(self._results[slot][0]) >= _WORTH_RECYCLING
        }
        self._makers = [
            partial(self._recycled, slot, *spec) if slot in self._large else partial(_maker(*spec), *spec)
            for slot, spec in self._results.items()
        ]
        self._passed = (*self._inputs, *self._results)  # other arrays in each call
        held = (*self._passed, *self._variables, *self._constants)
        self._after = [held.index(slot) for slot in self._next]
        self._table_type = ctypes.c_uint64 * len(layout.slots)
        # The rest lies in working memory, behind the arena: what is only used inside, in a loop also rows and outputs.
        inside = {slot for slot in slots.values() if slot not in given and slot not in self._results}
        if self.compiled.entry == "loop":
            inside |= {*self._inputs, *(self._results.keys() - set(self._next))}
        self._offsets = {layout.slots[buffer]: offset for buffer, offset in layout.arena.offsets.items()}
        self._work_bytes = layout.arena.size
        for buffer, slot in slots.items():
            if slot in inside:
                self._work_bytes = -(-self._work_bytes // ALIGNMENT) * ALIGNMENT
                self._offsets[slot] = self._work_bytes
                self._work_bytes += buffer.size * buffer.dtype.itemsize
        self._last: list[weakref.ref[Array]] | None = None
        taken = given | set(self._next)
        self._outputs: list[tuple[int, tuple[int, ...], bool]] = []
        for node in program.outputs:
            slot = slots[buffers[node]]
            self._outputs.append((held.index(slot), known(node.shape), slot in taken))
            taken.add(slot)

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        with self._lock:
            if self._is_used:
                self._spare = self._spare or _Code(self.compiled, self.threads, self._numbers, self._named)
                return self._spare.run(inputs, variables)
            lent = None if self._own is not None else lender.take(self._work_bytes)
            try:
                self._is_used = True
                if lent is not None:
                    self._frame.work_in(lent)
                given = self._given(variables)
                fed = [np.asarray(array, order="C") for array in inputs]
                made = [make() for make in self._makers]
                self._frame.point(self._passed, map(_address, (*fed, *made)))
                pace = self.compiled.pace  # a short program is done before other threads have come
                ((_, count),) = pace.parts(1, self._count())
                pace.note(count, self._call(self._frame, 1, count))
            finally:
                self._is_used = False
                if lent is not None:
                    lender.give_back(lent)
        held = (*fed, *made, *given, *self._constants.values())
        outputs = [
            flushed(held[number]).reshape(shape).copy() if is_shared else held[number]
            for number, shape, is_shared in self._outputs
        ]
        return outputs, [held[number] for number in self._after]

    def loop(self, variables: Sequence[Array], totals: Sequence[Array] = (), done: int = 0) -> _CodeLoop:
        """Return it ready to go over whole batches; see `Executable.loop`."""
        return _CodeLoop(self, variables, totals, done)

    def _beside(self, variables: Sequence[Array]) -> tuple[list[Array], dict[int, Array]]:
        """Return variables to begin a loop with, and by its slot in the table an array for each new value."""
        given = [np.asarray(array, order="C") for array in variables]
        for number, slot in enumerate(self._variables):
            if slot in self._swapped:  # what is given would be written to from the second step on
                own = self._recycled(slot, given[number].shape, given[number].dtype)
                own[...] = given[number]
                given[number] = own
        return given, {slot: self._recycled(slot, *self._results[slot]) for slot in self._next if slot in self._results}

    def _recycled(self, slot: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array to write a variable's new value to, in memory of an earlier one that nobody has any more."""
        size = math.prod(shape) * dtype.itemsize
        if size < _WORTH_ALIGNMENT:
            return np.empty(shape, dtype)  # a call that makes few small steps would mostly find places
        made = self._made.setdefault(slot, [])
        size += _ROOM
        free = next((raw for raw in made if sys.getrefcount(raw) <= _ALONE), None)
        if free is None:
            free = np.empty(size, np.uint8)
            made[:] = [*made[-1:], free]
        return _placed(free, shape, dtype, slot)

    def _given(self, variables: Sequence[Array]) -> Sequence[Array]:
        """Return variables without gaps in their memory, and put them into the table: unless they are there already."""
        if self._last is not None and len(variables) == len(self._last):
            if all([known() is array for known, array in zip(self._last, variables, strict=True)]):
                return variables
        self._last = None
        check_variables(self.compiled.program, variables, self._named)
        given = [np.asarray(array, order="C") for array in variables]
        self._frame.point(self._variables, map(_address, given))
        if not self.compiled.program.updates and all(map(is_, given, variables)):  # else they hardly come again
            self._last = [weakref.ref(array) for array in given]  # old weights need not stay for this
        return given

    def _count(self) -> int:
        """Return how many threads may share the program."""
        return thread_count() if self.threads is None else self.threads

    def _call(self, frame: _Frame, steps: int, count: int) -> float:
        """Let threads work on the native function until it is done; return the seconds that took."""
        native = self.compiled.native  # its code is there as long as this name is, whatever takes its place meanwhile
        function, context = native.call, ctypes.addressof(frame.context)
        started = time.perf_counter()
        if count == 1 or _sharing.is_on:  # the handler of a signal must not wait for the helpers of what it interrupted
            function(None, context, steps)
        else:
            state = _State()
            _Share(function, (ctypes.addressof(state), context, steps)).run(count)
        seconds = time.perf_counter() - started
        self.compiled.has_run(seconds)
        return seconds

    def _parts(self, steps: int) -> Iterator[tuple[int, int]]:
        """Yield numbers of steps to run in one call, in all `steps`, and how many threads are to run them.

        A call takes about `_CALL_SECONDS`, so that signals are soon handled and better code is soon used.
        """
        most = max(1, _MOST_INSTANCES // (len(self.layout.lowered.kernels) + _OWN_KERNELS))
        while steps:
            count = self._count()
            some = min(steps, most, self.compiled.pace.steps_in(_CALL_SECONDS, count))
            yield from self.compiled.pace.parts(some, count)
            steps -= some


class _Frame:
    """What native code is called with: a table of addresses, and a context.

    Everything that a loop changes is in its frame alone, so that any number of them may use some code at a time.
    """

    def __init__(self, code: _Code) -> None:
        self._offsets = code._offsets
        self.table = code._table_type()
        self.context = _Context(ctypes.addressof(self.table))
        self.point(code._constants, map(_address, code._constants.values()))

    def point(self, slots: Iterable[int], addresses: Iterable[int]) -> None:
        """Put addresses into the table."""
        for slot, address in zip(slots, addresses, strict=True):
            self.table[slot] = address

    def work_in(self, memory: Array) -> None:
        """Let native code work in this memory."""
        start = _address(memory)
        if start == self.context[ARENA]:  # all is there already
            return
        self.context[ARENA] = start
        for slot, offset in self._offsets.items():
            self.table[slot] = start + offset


class _CodeLoop:
    """What a `Looping` is made of: some code going over whole batches.

    Native code notes in the frame after each step how many are done, and where each variable lies. So there is nothing
    to be done here after a call, and nothing that an exception could come before.
    """

    def __init__(self, code: _Code, variables: Sequence[Array], totals: Sequence[Array], done: int) -> None:
        check_variables(code.compiled.program, variables, code._named)
        self._kept, begun = code.compiled.program.kept, _begun(code.compiled.program)
        shapes = [total.shape for total in begun]
        if totals and [total.shape[one in self._kept :] for one, total in enumerate(totals)] != [
            shape[one in self._kept :] for one, shape in enumerate(shapes)
        ]:
            raise ShapeError(
                f"loop: totals of shapes {[total.shape for total in totals]} for such as begin with {shapes}. "
                f"Give those of a loop over the same program."
            )
        self._code, self._frame = code, _Frame(code)
        self._totals = [
            np.array(total, one.dtype, order="C") for total, one in zip(totals or begun, begun, strict=True)
        ]
        self._per_step = {number: known(code.compiled.program.outputs[number].shape)[0] for number in self._kept}
        self._parts: list[tuple[int, dict[int, Array]]] = []  # steps that were done before, and room for rows
        self._sums = _addresses([*map(_address, self._totals), 0])
        self._given, made = code._beside(variables)
        slots, arrays = (*code._variables, *made), (*self._given, *made.values())
        addresses = [*map(_address, arrays)]
        self._frame.point(slots, addresses)
        # Those not updated may share an address, as views of one array do.
        changed = code._swapped | made.keys()
        self._at = {at: array for slot, at, array in zip(slots, addresses, arrays, strict=True) if slot in changed}
        self._frame.context[SUMS] = ctypes.addressof(self._sums)
        self._frame.context[DONE] = done

    @property
    def done(self) -> int:
        """See `Looping`."""
        return int(self._frame.context[DONE])

    @property
    def totals(self) -> list[Array]:
        """See `Looping`."""
        if not self.done:
            return []
        return [self._rows(number) if number in self._kept else total for number, total in enumerate(self._totals)]

    def _rows(self, number: int) -> Array:
        """Return the rows of an output that is kept, of all steps that are done."""
        ends, size = [*(start for start, _ in self._parts[1:]), self.done], self._per_step[number]
        parts = [rows[number][: (end - start) * size] for (start, rows), end in zip(self._parts, ends, strict=False)]
        if len(parts) == 1 and not len(self._totals[number]):  # as they lie: who looks on asks some times a second
            return parts[0]
        return np.concatenate([self._totals[number], *parts])

    @property
    def is_stopped(self) -> bool:
        """See `Looping`."""
        return bool(self._frame.context[STOP])

    def variables(self) -> list[Array]:
        """See `Looping`."""
        table = self._frame.table
        return [self._at.get(table[slot], one) for slot, one in zip(self._code._variables, self._given, strict=True)]

    def begin_anew(self) -> None:
        """See `Looping`."""
        self._parts = []
        self._totals = [total[:0] if one in self._kept else total for one, total in enumerate(self._totals)]
        for total in self._totals:
            total.fill(0)

    def go_over(self, arrays: Sequence[Array], order: Array, batch_size: int, look: Look | None) -> int:
        """Do what `Looping.run` does, with rows that were checked, in whole batches."""
        code, context, before = self._code, self._frame.context, self.done
        sources = [np.ascontiguousarray(array) for array in arrays]
        rows = np.ascontiguousarray(order, np.int64)
        start, addresses = _address(rows), _addresses([*map(_address, sources), 0])
        steps = len(rows) // batch_size
        kept = {
            number: np.empty((steps * size, *self._totals[number].shape[1:]), self._totals[number].dtype)
            for number, size in self._per_step.items()
        }
        self._parts.append((before, kept))
        lent = lender.take(code._work_bytes)
        try:
            self._frame.work_in(lent)
            context[ARRAYS], context[STOP] = ctypes.addressof(addresses), 0
            context[LAST] = start + (len(rows) - 1) * rows.itemsize
            for some, count in code._parts(steps):
                done = self.done - before
                if context[STOP] or (done and look is not None and look()):
                    break
                context[ORDER] = start + done * batch_size * rows.itemsize
                for number, part in kept.items():
                    self._sums[number] = _address(part) + done * self._per_step[number] * part.strides[0]
                pace = code.compiled.pace  # that of the code which is run; better code may be there after it
                pace.note(count, code._call(self._frame, some, count) / some)
        finally:
            lender.give_back(lent)
        return self.done - before


def _begun(program: Program) -> list[Array]:
    """Return what the totals of a specialised program begin with: zeros to add to; no rows of outputs that are kept."""
    return [
        np.empty((0, *known(node.shape)[1:]), node.dtype) if number in program.kept else np.zeros(known(node.shape))
        for number, node in enumerate(program.outputs)
    ]


class _Sharing(threading.local):
    """Whether this thread is sharing a native function at the moment."""

    is_on = False


_sharing = _Sharing()


class _Share:
    """A native function that several threads work on until it is done.

    None begins it after its end: not even one that was asked long ago. A handler of a signal may raise between any two
    steps here, so there are no locks, which it could leave locked: a helper adds itself to a list before it looks
    whether all is over, and who ends the work says that before it looks at the list.
    """

    def __init__(self, function: Any, arguments: tuple[int, int, int]) -> None:
        self._function, self._arguments = function, arguments
        self._begun: list[None] = []
        self._ended: list[None] = []
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_over = False

    def run(self, count: int) -> None:
        """Work on it with as many threads as there are to be had, at most `count`."""
        with held_interrupts(also_second=True):  # a thread that still runs must not lose the memory it works on
            try:
                _sharing.is_on = True
                helpers.ask(self._help, count - 1)
                self._function(*self._arguments)
            finally:
                self._end()

    def _help(self) -> None:
        self._begun.append(None)
        try:
            if not self._is_over:
                self._function(*self._arguments)
        finally:
            self._ended.append(None)
            self._news.put(None)

    def _end(self) -> None:
        """Wait until nobody helps any more, whatever the handler of a signal raises meanwhile."""
        raised: BaseException | None = None
        while True:
            try:
                self._is_over = True
                # Who comes from now on sees that all is over. Counted anew each time, the ends first: one who
                # comes late ends, too, and must not stand in for one who is still inside.
                while len(self._ended) < len(self._begun):
                    self._news.get()
                break
            except BaseException as error:
                raised = error
        _sharing.is_on = False
        if raised is not None:
            raise raised


def _maker(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[..., Array]:
    """Return what makes arrays of a shape as `_empty` does: for small ones NumPy itself, since a step may have many."""
    return np.empty if math.prod(shape) * dtype.itemsize < _WORTH_ALIGNMENT else _empty


def _empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an array that begins at a multiple of the alignment, if it is large enough for that to matter."""
    size = math.prod(shape) * dtype.itemsize
    if size < _WORTH_ALIGNMENT:
        return np.empty(shape, dtype)
    return _placed(np.empty(size + _ROOM, np.uint8), shape, dtype, 0)


def _placed(raw: Array, shape: tuple[int, ...], dtype: np.dtype[Any], slot: int) -> Array:
    """Return an array in some memory, beginning where its slot says.

    Arrays for different slots of the table begin at different places of a page. Else the rows of a matrix and of its
    moments would compete for the same few lines of the cache: an update of 512 x 512 takes a third longer then.
    """
    start = -_address(raw) % _PAGE + slot * _STAGGER % _PAGE
    return raw[start : start + math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)


def _aligned_copy(array: Array) -> Array:
    result = _empty(array.shape, array.dtype)
    result[...] = array
    return result


def _address(array: Array) -> int:
    """Return where a contiguous array begins."""
    try:  # the quicker way, for arrays that may be written and are not empty
        return ctypes.addressof(_Byte.from_buffer(array))
    except (TypeError, ValueError):
        return int(array.ctypes.data)


def _addresses(numbers: Sequence[int]) -> ctypes.Array[ctypes.c_uint64]:
    return (ctypes.c_uint64 * len(numbers))(*numbers)
