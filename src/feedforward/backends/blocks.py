"""Any number of rows by code for some numbers: a program that keeps rows apart, run for some of them at a time.

Which programs do is for ``compiler/rows.py`` to say. A row comes out the same in whatever block it is, so one that is
larger than what is left takes rows along that were run already, or that are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from feedforward.graph.node import Array

__all__ = ["BLOCKS", "InBlocks"]

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
        size = min(1 << (left - 1).bit_length(), BLOCKS[-1])
        if size - left > max(left // 4, _WORTH_A_BLOCK):
            size //= 2
        yield max(min(start, rows - size), 0), size
        start += size
