"""TensorFlow's random numbers: the same seeds give what its kernels for processors draw.

A seeded operation has a stream of its own, Philox4x32-10 blocks of four 32-bit words: the key is the graph's seed, the
upper half of the counter the operation's. In a session each run of it goes on where the last one ended, and skips more
blocks than it read; a new session begins anew. Not here: who keeps the streams (a session; in eager mode the program).

Whole numbers, uniform numbers and orders have TensorFlow's bits. A normal one has them in 98 cases of
100 and is otherwise off by at most 2**-22 of itself (2**-51 in double): logarithm, sine and cosine are rounded from
double here, and those of the C library that TensorFlow calls are not always. A truncated normal number that lies that
close to 2 may be kept by one and drawn again by the other.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.graph.node import Array
from feedforward.ops.random import philox, to_unit

__all__ = ["Stream", "eager_seeds", "seeds_of"]

_LARGEST_SEED = 2**31 - 1
_DEFAULT_GRAPH_SEED = 87654321
_BLOCKS_AN_ELEMENT = 256
"""Blocks skipped by a run for each number it drew (TensorFlow, random_op.cc)."""

_TRIES = 256
"""Words in which a truncated normal number is looked for (TensorFlow, random_op_cpu.h: kReservedSamplesPerOutput)."""

_SMALLEST_UNIFORM = 1e-7
"""Box-Muller takes the logarithm of no less than this (TensorFlow, random_distributions.h)."""

_BLOCKS_AT_ONCE = 2**14
"""They and their products stay in a processor's second cache from round to round."""


def seeds_of(graph_seed: int | None, op_seed: int | None, number: int) -> tuple[int, int] | None:
    """Return the two seeds of an operation's stream; None if its numbers shall differ from session to session.

    Parameters
    ----------
    graph_seed : int or None
        What `tf.set_random_seed` set.
    op_seed : int or None
        The operation's argument ``seed``.
    number : int
        How many random operations without a seed of their own were made in the graph before, once it had one.

    Notes
    -----
    With `op_seed` the numbers are those of every version. With `graph_seed` alone they are those of TensorFlow 2's
    ``tf.compat.v1``, which counts as `number` does. TensorFlow 1 counted all operations of the graph, and a variable or
    a layer made a different number of them in each version: there a program's numbers differed from version to version,
    and they differ from these.

    References
    ----------
    TensorFlow 2.21, ``python/framework/random_seed.py``.
    """
    if graph_seed is None and op_seed is None:
        return None
    graph = _DEFAULT_GRAPH_SEED if graph_seed is None else int(graph_seed)
    own = number if op_seed is None else int(op_seed)
    seeds = graph % _LARGEST_SEED, own % _LARGEST_SEED
    return seeds if seeds != (0, 0) else (0, _LARGEST_SEED)  # the kernels take two zeros for no seed


def eager_seeds(seed: int) -> Iterator[int]:
    """Yield, after `tf.set_random_seed` in eager mode, the seed of each operation without one of its own."""
    generator = random.Random(seed)
    while True:
        yield generator.randint(0, _LARGEST_SEED)


class Stream:
    """The random numbers of an operation, run after run.

    Parameters
    ----------
    graph_seed, op_seed : int
        What `seeds_of` returns.

    Examples
    --------
    >>> stream = Stream(87654321, 1)  # tf.random_normal([2], seed=1)
    >>> stream.normal((2,))
    array([-0.8113182,  1.4845988], dtype=float32)
    >>> stream.normal((2,))
    array([1.3587774, 0.5417413], dtype=float32)
    """

    def __init__(self, graph_seed: int, op_seed: int) -> None:
        self._key, self._upper = (list(np.array([[seed]], "<u8").view("<u4").T) for seed in (graph_seed, op_seed))
        self._next = 0

    def uniform(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32", low: Any = 0, high: Any = 1) -> Array:
        """Return numbers of [low, high), float32, float64, int32 or int64.

        Raises
        ------
        ValueError
            If whole numbers are asked for and there is none from `low` to below `high`.
        """
        wanted = _among("random_uniform", dtype, ("float32", "float64", "int32", "int64"))
        count = _count(shape)
        words = self._words(self._reserve(count), count * wanted.itemsize // 4)
        if wanted.kind == "f":
            return _scaled(to_unit(words, wanted), low, wanted.type(high) - wanted.type(low)).reshape(shape)
        if not int(low) < int(high):
            raise ValueError(f"random_uniform: minval={low} and maxval={high}. Expected minval < maxval.")
        # Unsigned, since the distance of two int64 may not be one.
        unsigned = np.dtype(f"u{wanted.itemsize}").type
        drawn = words if wanted.itemsize == 4 else words.view("<u8")
        result: Array = drawn % unsigned(int(high) - int(low)) + unsigned(int(low) % 2 ** (8 * wanted.itemsize))
        return result.view(wanted).reshape(shape)

    def normal(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32", mean: Any = 0, stddev: Any = 1) -> Array:
        """Return normal numbers, float32 or float64."""
        wanted = _among("random_normal", dtype, ("float32", "float64"))
        count = _count(shape)
        pairs = -(-count // 2)
        words = self._words(self._reserve(count), pairs * wanted.itemsize // 2)
        return _scaled(_box_muller(words, wanted)[:count].reshape(shape), mean, stddev)

    def truncated_normal(
        self, shape: Sequence[int], dtype: npt.DTypeLike = "float32", mean: Any = 0, stddev: Any = 1
    ) -> Array:
        """Return normal numbers, each drawn again until it lies within two standard deviations.

        They are made in groups of the numbers that a block can hold (4 float32, 2 float64), each group from blocks of
        its own, so that what is drawn again in one does not shift the next.
        """
        wanted = _among("truncated_normal", dtype, ("float32", "float64"))
        count = _count(shape)
        size = 16 // wanted.itemsize
        first = self._reserve(count)
        result = np.empty((-(-count // size), size), wanted)
        groups, tries = np.arange(len(result), dtype=np.uint64), 1
        while groups.size:
            blocks = groups[:, np.newaxis] * np.uint64(size * _TRIES // 4) + np.arange(
                first, first + tries, dtype=np.uint64
            )
            drawn = _box_muller(self._words_of(blocks.reshape(-1)), wanted).reshape(len(groups), -1)
            is_kept = np.abs(drawn) < 2.0
            count_kept = is_kept.cumsum(axis=1)
            is_full = count_kept[:, -1] >= size
            is_kept &= (count_kept <= size) & is_full[:, np.newaxis]
            result[groups[is_full]] = drawn[is_kept].reshape(-1, size)
            groups, tries = groups[~is_full], tries * 4
        return _scaled(result.reshape(-1)[:count].reshape(shape), mean, stddev)

    def order(self, count: int) -> Array:
        """Return the numbers from 0 to count - 1 in the order in which `tf.random_shuffle` puts rows."""
        result = list(range(count))
        if count > 1:
            blocks = -(-(count - 1) // 4)
            words = self._words(self._next, count - 1).tolist()
            self._next += blocks
            for place, word in enumerate(words):
                other = place + word % (count - place)
                result[place], result[other] = result[other], result[place]
        return np.array(result, np.int64)

    def multinomial(self, logits: Array, count: int) -> Array:
        """Return `count` classes for each row of logits, as int64.

        They are TensorFlow's where it computes all rows in one thread, as it does with few of them.
        """
        rows = len(logits)
        # It reserves as if each row's draws, two words each, were whole blocks.
        first = self._reserve(rows * 2 * (-(-count // 4) * 4))
        drawn = to_unit(self._words(first, rows * count * 2), np.dtype("float64")).reshape(rows, count)
        result = np.empty((rows, count), np.int64)
        for row, (scores, places) in enumerate(zip(np.asarray(logits), drawn, strict=True)):
            is_finite = np.isfinite(scores)
            largest = float(scores[is_finite].max()) if is_finite.any() else 0.0
            sums = np.cumsum(np.where(is_finite, np.exp(scores.astype(np.float64) - largest), 0.0))
            result[row] = np.searchsorted(sums, places * sums[-1], side="right")
        return result

    def _reserve(self, count: int) -> int:
        """Return the first block of a run that draws `count` numbers, and go on to that of the next run."""
        first = self._next
        self._next += count * _BLOCKS_AN_ELEMENT
        return first

    def _words(self, first: int, count: int) -> Array:
        """Return `count` words of the blocks from `first` on."""
        return self._words_of(np.arange(first, first - (-count // 4), dtype=np.uint64))[:count]

    def _words_of(self, blocks: Array) -> Array:
        """Return the words of some blocks, four each."""
        words = np.empty((len(blocks), 4), np.uint32)
        for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
            part = blocks[start : start + _BLOCKS_AT_ONCE]
            low, high = part.astype(np.uint32), (part >> np.uint64(32)).astype(np.uint32)
            for place, word in enumerate(philox(self._key, [low, high, *self._upper])):
                words[start : start + len(part), place] = word
        return words.reshape(-1)


def _among(what: str, dtype: npt.DTypeLike, names: tuple[str, ...]) -> np.dtype[Any]:
    """Return a dtype; raise a ValueError if it is not of those names."""
    wanted = np.dtype(dtype)
    if wanted.name not in names:
        raise ValueError(f"{what}: dtype {wanted.name} is not drawn. Expected {', '.join(names)}. Cast what is drawn.")
    return wanted


def _count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _box_muller(words: Array, dtype: np.dtype[Any]) -> Array:
    """Return normal numbers, sine before cosine; functions are rounded to `dtype` once, nearly as in the C library."""
    uniform = to_unit(words, dtype).reshape(-1, 2).astype(np.float64)
    logarithm = np.log(np.maximum(uniform[:, 0], dtype.type(_SMALLEST_UNIFORM))).astype(dtype)
    radius = np.sqrt(dtype.type(-2) * logarithm)
    angle = (2 * np.pi * uniform[:, 1]).astype(dtype).astype(np.float64)
    result = np.empty((len(uniform), 2), dtype)
    np.multiply(np.sin(angle).astype(dtype), radius, out=result[:, 0])
    np.multiply(np.cos(angle).astype(dtype), radius, out=result[:, 1])
    return result.reshape(-1)


def _scaled(numbers: Array, mean: Any, stddev: Any) -> Array:
    """Return `numbers * stddev + mean`, rounded to their dtype in between."""
    scaled: Array = numbers * numbers.dtype.type(stddev) + numbers.dtype.type(mean)
    return scaled
