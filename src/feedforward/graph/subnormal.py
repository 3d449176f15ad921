"""Subnormal numbers, which this language does not have: each is a zero of its sign, wherever one is fed or computed.

A float32 below 2^-126 in size, a float64 below 2^-1022, has fewer and fewer digits, and a processor may take a hundred
times as long for it: a network whose units are dead is full of them after a while. So a program reads one that it is
fed, or that is written in it, as a zero of its sign, and gives such a zero where a result would be one. An array that
no program computed, such as a variable before it is first assigned to, is left as it is.

Machine code has the processor do it (``compiler/flush.py``), all that NumPy computes goes through `flushed`. One
value cannot agree: of a result less than a unit in the last place below the smallest number that is left, Intel's and
AMD's processors go by what it rounds to, ARM's by what it was before, and `flushed` by what NumPy made of it.
"""

from __future__ import annotations

import numpy as np

from feedforward.graph.node import Array

__all__ = ["flushed"]


def flushed(array: Array) -> Array:
    """Return an array with a zero of its sign in place of each subnormal number; the array itself if it has none."""
    if array.dtype.kind != "f":
        return array
    is_subnormal = (np.abs(array) < np.finfo(array.dtype).smallest_normal) & (array != 0)
    return np.where(is_subnormal, np.copysign(array.dtype.type(0), array), array) if is_subnormal.any() else array
