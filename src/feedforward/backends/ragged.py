"""Routines as machine code: compiled once for all sizes, kept on disk, and called with arrays that are checked.

What ``compiler/ragged/bounds.py`` takes as given is checked here at each call: dtypes, sizes, that what is written
overlaps with nothing, and that integers lie where they must. Of large arrays that are used in many calls the last is
checked once, by `checked`.

That check is for the user, whose mistake it names; memory does not rest on it. An array may be changed afterwards, by
the user or by another thread in the midst of a call, so code cuts each integer to its range as it reads it
(``compiler/ragged/emit.py``). Results are then wrong, and nothing outside of the arrays is read or written.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from feedforward.compiler.cache import read_code, text_key, write_code
from feedforward.compiler.machine import NativeFunction, host, link, object_code
from feedforward.compiler.ragged.emit import ENTRY, emit_routine
from feedforward.compiler.ragged.loops import Routine, Vector
from feedforward.errors import ShapeError
from feedforward.graph.dimension import Size, evaluate
from feedforward.graph.node import Array

__all__ = ["Checked", "RoutineCode", "checked", "last_of"]


@dataclass(frozen=True, eq=False)
class Checked:
    """An array of integers that were seen to lie from 0 to stop - 1; made by `checked`.

    Notes
    -----
    The array is not copied. If it is changed while this is used, an integer that lies outside is taken for the largest
    within: results are wrong, and no other memory is touched.
    """

    array: Array
    stop: int


def checked(array: Array, stop: int, name: str = "indices") -> Checked:
    """Return an array of integers with the proof that they lie from 0 to stop - 1.

    Raises
    ------
    ValueError
        If one does not; with its position.
    """
    if array.size and (int(array.min()) < 0 or int(array.max()) >= stop):
        position = int(np.argmax((array < 0) | (array >= stop)))
        raise ValueError(
            f"{name}[{position}] is {array.flat[position]}; expected integers from 0 to {stop - 1}. "
            f"Correct the array, or say that there are more columns or rows."
        )
    return Checked(array, stop)


class RoutineCode:
    """A routine as machine code for this machine.

    Parameters
    ----------
    routine : Routine
        What to run.

    Notes
    -----
    A call holds no lock and not Python's: several threads may call it at a time, also with the same vectors. Then an
    element that one adds to while another does may lose one of the two, as in Hogwild (Niu et al., 2011), and nothing
    else happens.
    """

    def __init__(self, routine: Routine) -> None:
        self.routine = routine
        self._native = _compiled(routine)
        self._numbers = lru_cache(maxsize=16)(partial(_numbers, routine))  # a solver calls with few sizes

    def __call__(self, sizes: Mapping[str, int], arrays: Mapping[str, Array | Checked]) -> None:
        """Run it, with a number for each size and an array for each vector; those that it changes change in place.

        Raises
        ------
        TypeError, ShapeError, ValueError
            If an array is missing, or has another dtype or size than the routine says, is not contiguous, or overlaps
            with one that is written to; or integers lie outside of their range.
        """
        vectors, name = self.routine.vectors, self.routine.name
        wanted = [one.name for one in vectors]
        if sizes.keys() != {*self.routine.sizes} or arrays.keys() != {*wanted}:
            raise TypeError(
                f"{name}: got sizes {sorted(sizes)} and arrays {sorted(arrays)}; expected {sorted(self.routine.sizes)} "
                f"and {sorted(wanted)}. Give each of them by its name."
            )
        if min(sizes.values(), default=0) < 0:
            raise ShapeError(f"{name}: sizes {dict(sizes)}; expected numbers from 0 on. Take them from the arrays.")
        given = [arrays[vector.name] for vector in vectors]
        plain = [one.array if isinstance(one, Checked) else one for one in given]
        counts, stops = self._numbers(tuple([sizes[one] for one in self.routine.sizes]))
        for vector, array, count in zip(vectors, plain, counts, strict=True):
            self._check_form(vector, array, count)
        for vector, one, stop in zip(vectors, given, stops, strict=True):
            if stop is not None and not (isinstance(one, Checked) and one.stop <= stop and stop > 0):
                checked(one.array if isinstance(one, Checked) else one, stop, f"{name}: {vector.name}")
        starts = [int(array.__array_interface__["data"][0]) for array in plain]
        self._check_apart(starts, [start + array.nbytes for start, array in zip(starts, plain, strict=True)])
        addresses = (ctypes.c_uint64 * len(plain))(*starts)
        given_sizes = [sizes[one] for one in self.routine.sizes]
        lasts = [last_of(vector, stop) for vector, stop in zip(vectors, stops, strict=True) if stop is not None]
        numbers = (ctypes.c_int64 * (len(given_sizes) + len(lasts) + 1))(*given_sizes, *lasts)
        self._native.call(ctypes.addressof(addresses), ctypes.addressof(numbers), 0)

    def _check_form(self, vector: Vector, array: Array, count: int) -> None:
        if array.size != count:
            raise ShapeError(
                f"{self.routine.name}: {vector.name} has {array.size} elements; expected {count}, which is "
                f"{vector.size}. Give arrays of one data set."
            )
        if array.dtype != vector.dtype or not array.flags.c_contiguous or not array.flags.aligned:
            form = "contiguous" if array.flags.c_contiguous else "not contiguous"
            form += "" if array.flags.aligned else ", not aligned"
            raise TypeError(
                f"{self.routine.name}: {vector.name} is {array.dtype}, {form}; expected {vector.dtype}, contiguous. "
                f"Convert it with np.require(array, np.{vector.dtype}, 'CA')."
            )
        if vector.is_changed and not array.flags.writeable:
            raise ValueError(f"{self.routine.name}: {vector.name} is read-only, and is to be changed. Give a copy.")

    def _check_apart(self, starts: Sequence[int], stops: Sequence[int]) -> None:
        """Check that what is written overlaps with nothing."""
        vectors = self.routine.vectors
        for one, changed in enumerate(vectors):
            for other in range(len(vectors)) if changed.is_changed else ():
                is_apart = stops[one] <= starts[other] or stops[other] <= starts[one]
                if other != one and not is_apart:
                    raise ValueError(
                        f"{self.routine.name}: {changed.name}, which is to be changed, overlaps with "
                        f"{vectors[other].name}. Give a copy of one of them."
                    )


def _numbers(routine: Routine, sizes: Sequence[int]) -> tuple[list[int], list[int | None]]:
    """Return how many elements each vector has, and below what its integers lie, when sizes are these numbers."""
    named = dict(zip(routine.sizes, sizes, strict=True))

    def number(size: Size) -> int:
        return int(evaluate(size, named))  # type: ignore[arg-type]  # all unknowns are known

    stops = [None if vector.stop is None else number(vector.stop) for vector in routine.vectors]
    return [number(vector.size) for vector in routine.vectors], stops


def last_of(vector: Vector, stop: int) -> int:
    """Return the largest integer below `stop` that a vector's dtype holds."""
    return min(stop - 1, int(np.iinfo(vector.dtype).max))


def _compiled(routine: Routine) -> NativeFunction:
    """Return the native function of a routine, from the disk if it is there."""
    target = host()
    text = str(emit_routine(routine, target))
    key = text_key(target, text)
    code = read_code(key)
    if code is None:
        code = object_code(text, target, "full")
        write_code(key, code)
    return link(code, target, ENTRY)
