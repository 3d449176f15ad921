"""Machine code known by structure: made once for all programs that compute the same, whatever their names.

What is kept here has no name of a model, and nothing that a model computed: code, and the layout by which it is called.
The memory that code works in, and the numbers it is fed, belong to who runs it (``llvm.py``).
"""

from __future__ import annotations

import math
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from feedforward.backends.pace import Pace
from feedforward.compiler.assemble import Entry, emit_module, lay_out
from feedforward.compiler.cache import code_key, read_code, write_code
from feedforward.compiler.machine import Effort, NativeFunction, link, object_code
from feedforward.compiler.target import Target
from feedforward.errors import BackendError
from feedforward.forks import Locked, fork_safe_lock
from feedforward.graph.cut import Section
from feedforward.graph.program import Program

__all__ = ["Compiled", "Sections", "compiled_by"]

_KEPT = 512
"""How many codes are kept, the last used: most take some tenths of a MiB. Who runs one keeps it, too."""

_WORTH: dict[Effort, float] = {"quick": 0.05, "plain": 2.0, "full": math.inf}
"""Seconds that code made with each effort runs before better code is made.

Plain code takes about as long to make as quick code has lost by then. Full code takes twice as long; networks gain 1 %
of it, since their products and loops in lanes leave LLVM little to find, sums over windows become 2.5 times as quick.
"""


class Compiled(Locked):
    """The machine code of a specialised program.

    Parameters
    ----------
    program : Program
        The simplified program.
    entry : {"once", "loop"}
        Which native function.
    target : Target
        The processor.

    Attributes
    ----------
    native : NativeFunction
        The function. Better code may take its place between two calls.
    work : int
        About how many operations a step takes.
    pace : Pace
        How quick that code was with how many threads.
    constants : dict of Buffer to array
        What the buffers that are never written hold.
    """

    def __init__(self, program: Program, entry: Entry, target: Target) -> None:
        self.program, self.entry = program, entry
        self.layout = lay_out(program, target)
        self.work = self.layout.work
        self._target = target
        self.constants = {buffer: np.array(value, order="C") for buffer, value in self.layout.lowered.constants.items()}
        self._key = f"{code_key(program, target)}-{entry}"
        self._text: bytes | None = None  # what better code is made of, compressed: to emit it anew takes half as long
        self.native, self.pace = self._loaded(next(iter(_WORTH)))
        super().__init__()

    def _loaded(self, least: Effort) -> tuple[NativeFunction, Pace]:
        """Return the native function, from the disk if it is there; made with the least effort unless better is."""
        efforts = list(_WORTH)
        for effort in reversed(efforts[efforts.index(least) :]):
            code = read_code(f"{self._key}-{effort}")
            if code is not None:
                break
        else:
            effort, code = least, self._made(least)
            write_code(f"{self._key}-{effort}", code)
        self._effort, self._seconds_left = effort, _WORTH[effort]
        return link(code, self._target, self.entry), Pace()

    def _made(self, effort: Effort) -> bytes:
        """Return object code made with an effort."""
        kept = self._text
        text = str(emit_module(self.layout, [self.entry])) if kept is None else zlib.decompress(kept).decode()
        is_last = _WORTH[effort] == math.inf
        self._text = None if is_last else kept or zlib.compress(text.encode(), 1)
        return object_code(text, self._target, effort)

    def has_run(self, seconds: float) -> None:
        """Note how long the code ran; after enough of that, make better code: the same bits, sooner."""
        self._seconds_left -= seconds
        if self._seconds_left < 0:
            with self._lock:
                if self._seconds_left < 0:  # nobody else was quicker
                    efforts = list(_WORTH)
                    self._seconds_left = math.inf
                    with suppress(BackendError):  # no memory for LLVM: this code goes on, for what was run is done
                        self.native, self.pace = self._loaded(efforts[efforts.index(self._effort) + 1])


@dataclass(frozen=True, eq=False)
class Sections:
    """A program in sections, each with its code; None for one that NumPy computes."""

    program: Program
    sections: list[Section]
    codes: list[Compiled | None]


class _Slot(Locked):
    """The place of one structure: who comes first makes the code, all others wait for it."""

    def __init__(self) -> None:
        self.made: Compiled | Sections | None = None
        super().__init__()

    def get(self, make: Callable[[], Compiled | Sections]) -> Compiled | Sections:
        """Return what was made, or make it."""
        with self._lock:
            if self.made is None:
                self.made = make()
            return self.made


_slots: OrderedDict[Hashable, _Slot] = OrderedDict()
_lock = fork_safe_lock()


def compiled_by(key: Hashable, make: Callable[[], Compiled | Sections]) -> Compiled | Sections:
    """Return the code of a structure, made when it is first asked for.

    Parameters
    ----------
    key : hashable
        What programs have in common that the same code computes.
    make : callable
        Makes the code.
    """
    with _lock:  # not while code is made: a fork waits for this lock, and others may need other code
        slot = _slots.get(key)
        if slot is None:
            slot = _slots[key] = _Slot()
        _slots.move_to_end(key)
        while len(_slots) > _KEPT:
            _slots.popitem(last=False)
    return slot.get(make)
