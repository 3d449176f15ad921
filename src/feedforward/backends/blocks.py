"""Any number of rows by code for some numbers of them.

A program that keeps rows apart is run for a block of them at a time. A row comes out the same in any, so a block larger
than what is left takes rows along that were run already, or that are none. A program that adds up over rows is run
once, with rows that count for nothing. Which programs these are stands in ``compiler/rows.py`` and ``padding.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from feedforward.compiler.padding import Padded
from feedforward.compiler.rows import steps_per_row
from feedforward.graph.node import Array

__all__ = ["BLOCKS", "InBlocks", "WithPadding"]

BLOCKS = [2**power for power in range(11)]
"""The numbers of rows in a block: powers of two, so that few blocks make any number, up to `Model.predict`'s own."""

_WORTH_A_BLOCK = 4
"""At most so many rows, or a quarter of what is left, are run in vain: a further block, of few rows, takes longer."""


class _Code(Protocol):
    """What runs a program for one number of rows: see `Executable.run`."""

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]: ...


class InBlocks:
    """What runs a program that keeps rows apart, for any number of rows.

    Parameters
    ----------
    code : callable
        Returns what runs the program for inputs of some shapes.
    """

    def __init__(self, code: Callable[[tuple[tuple[int, ...], ...]], _Code]) -> None:
        self._code = code

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        rows = len(inputs[0])
        results: list[Array] = []
        for start, size in _blocks(rows):
            given = [_part(array, start, size) for array in inputs]
            parts, variables = self._code(tuple([array.shape for array in given])).run(given, variables)
            results = results or [np.empty((rows, *part.shape[1:]), part.dtype) for part in parts]
            for result, part in zip(results, parts, strict=True):
                result[start : start + size] = part[: rows - start]
        return results, list(variables)


class WithPadding:
    """What runs a program that adds up over rows, for any number of rows that `Padded.fits`.

    Parameters
    ----------
    padded : Padded
        The program that may be fed rows that are none.
    code : object
        What runs it.

    Attributes
    ----------
    steps : list of int
        Of each output, how many steps along its first axis are a row; 0 of one without rows.
    """

    def __init__(self, padded: Padded, code: _Code) -> None:
        self._padded, self._code = padded, code
        self.steps = [steps_per_row(node.shape) for node in padded.program.outputs]

    def fits(self, rows: int) -> bool:
        """Return whether a number of rows gives the bits of code for that number."""
        return self._padded.fits(rows, _power_from(rows))

    def run(self, inputs: Sequence[Array], variables: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Run once; see `Executable.run`."""
        rows = len(inputs[0])
        size = _power_from(rows)
        given = [_part(array, 0, size) for array in inputs]
        outputs, after = self._code.run(given, [*variables, *self._padded.fed(rows, size)])
        cut = [one[: rows * steps] if steps else one for one, steps in zip(outputs, self.steps, strict=True)]
        return cut, after[: len(variables)]


def _power_from(rows: int) -> int:
    """Return the least power of two that is no less than a number of rows."""
    return 1 << (rows - 1).bit_length()


def _part(array: Array, start: int, size: int) -> Array:
    """Return some rows of an array, with zeros for those that it does not have."""
    part = array[start : start + size]
    if len(part) == size:
        return part
    whole = np.zeros((size, *array.shape[1:]), array.dtype)
    whole[: len(part)] = part
    return whole


def _blocks(rows: int) -> Iterator[tuple[int, int]]:
    """Yield first row and size of the blocks that make a number of rows.

    The last one ends with the last row, and so may begin before the end of the one before. Where there are fewer rows
    than it has, it ends behind them.
    """
    start = 0
    while start < rows:
        left = rows - start
        size = min(_power_from(left), BLOCKS[-1])
        if size - left > max(left // 4, _WORTH_A_BLOCK):
            size //= 2
        yield max(min(start, rows - size), 0), size
        start += size
