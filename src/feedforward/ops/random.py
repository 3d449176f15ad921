"""Counter-based random numbers: every draw is a function of (seed, stream, step, element) and of nothing else.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
Its key is the seed, low word first. Its counter is, word by word: the block of four 32-bit numbers within the draw, the
step, and the stream, low word first. With step 0 this is the layout of TensorFlow's kernels: the key is their `seed`,
the stream their `seed2`. So a seeded TensorFlow draw comes out here with the same bits.

A stream tells apart the draws of one program, a step the runs of it. Both are below 2**32 for streams that never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward.errors import ShapeError
from feedforward.graph.attribute import SIZES, STREAM, dtype_among
from feedforward.graph.dimension import Size, product
from feedforward.graph.node import Array, Node, Shape, Shaped, Spec, as_dtype, build, location_text
from feedforward.graph.op import Domain, Invalid, Op, Sample, define
from feedforward.graph.operators import Operand
from feedforward.ops.arithmetic import cast, maximum
from feedforward.ops.elementary import cos, log, sin, sqrt
from feedforward.ops.shape import SLICE, stack
from feedforward.ops.state import accept, as_node

__all__ = [
    "philox",
    "draw_order",
    "sorting_order",
    "to_unit",
    "random_bits",
    "random_uniform",
    "random_normal",
    "truncated_normal",
    "permutation",
]

_MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)
_KEY_STEPS = np.array([[0x9E3779B9 << 32], [0xBB67AE85 << 32]], np.uint64)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.array(32, np.uint64)  # an array of no dimension: NumPy starts on it faster than on a number

_BLOCKS_AT_ONCE = 2**14
"""They and their products take half a MiB, which stays in a processor's second cache from round to round."""

_SMALLEST_UNIFORM = 1e-7
"""Box-Muller takes the logarithm of no less than this (TensorFlow, random_distributions.h)."""

_TRIES = 256
"""Random words reserved for one truncated normal number (TensorFlow, random_op_cpu.h: kReservedSamplesPerOutput)."""


def philox(key: Sequence[Array], counter: Sequence[Array]) -> list[Array]:
    """Return four uint32 arrays of random bits for the counters.

    Parameters
    ----------
    key : two uint32 numbers
        The seed, low word first.
    counter : four uint32 arrays
        They are broadcast together.

    References
    ----------
    Salmon et al. (2011), section 3.3; the known answers of their Random123 library hold.
    """
    pairs = _philox_pairs(key, counter)
    return [word.astype(np.uint32) for pair in pairs for word in (pair >> _HALF, pair & _LOW)]


def _philox_pairs(key: Sequence[Array], counter: Sequence[Array]) -> Array:
    """Return the four words of `philox` as two uint64, the first word of a pair in the upper half; shape (2, ...)."""
    a, b, c, d = (np.asarray(word, np.uint32).astype(np.uint64) for word in counter)
    result = np.empty((2, *np.broadcast(a, b, c, d).shape), np.uint64)
    result[0], result[1] = a << _HALF | b, c << _HALF | d
    keys = np.array(key, np.uint32).astype(np.uint64).reshape(2, 1) << _HALF
    pairs = result.reshape(2, -1)
    products = np.empty_like(pairs)
    for _ in range(_ROUNDS):
        # The product of a pair's first word is the other pair's next value, but for its upper half: that is combined
        # with the other pair's second word and the key.
        np.right_shift(pairs, _HALF, out=products)
        products *= _MULTIPLIERS
        pairs <<= _HALF
        pairs ^= products[::-1]
        pairs ^= keys
        keys += _KEY_STEPS
    return result


def _words(number: int | Array) -> tuple[Array, Array]:
    """Return the low and the high 32 bits of a 64-bit number."""
    bits = np.asarray(number).astype(np.int64).astype(np.uint64)
    return (bits & _LOW).astype(np.uint32), (bits >> _HALF).astype(np.uint32)


def _pairs(seed: int | Array, step: int | Array, stream: int, count: int) -> Array:
    """Return `count` random uint64, two to a block."""
    pairs = np.empty((-(-count // 2), 2), np.uint64)
    for start in range(0, len(pairs), _BLOCKS_AT_ONCE):
        part = pairs[start : start + _BLOCKS_AT_ONCE]
        blocks = np.arange(start, start + len(part), dtype=np.uint32)
        part[:, 0], part[:, 1] = _philox_pairs(_words(seed), [blocks, _words(step)[0], *_words(stream)])
    return pairs.reshape(-1)[:count]


def _bits(seed: Array, step: Array, stream: int, count: int) -> Array:
    """Return `count` random uint32, four to a block."""
    pairs = _pairs(seed, step, stream, -(-count // 2))
    return np.stack([pairs >> _HALF, pairs & _LOW], axis=-1).astype(np.uint32).reshape(-1)[:count]


def to_unit(bits: Array, dtype: np.dtype[Any]) -> Array:
    """Return numbers in [0, 1): random bits are the mantissa of a number in [1, 2), one word each, two for float64."""
    if dtype == np.float32:
        return ((bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)
    high, low = bits[0::2].astype(np.uint64), bits[1::2].astype(np.uint64)
    mantissa = ((high & np.uint64(0xFFFFF)) << _HALF) | low
    return (mantissa | np.uint64(0x3FF0000000000000)).view(np.float64) - 1.0


def _infer_random(seed: Shaped, step: Shaped, *, shape: Shape, stream: int, dtype: np.dtype[Any]) -> Spec:
    accept("random: seed", seed, "iu")
    accept("random: step", step, "iu")
    if seed.shape != step.shape:
        raise ShapeError(
            f"random: seed has shape {seed.shape} and step {step.shape}{location_text()}. Give one integer for each, "
            f"or as many seeds as steps."
        )
    return Spec((*seed.shape, *shape), dtype)


def _infer_permutation(seed: Shaped, step: Shaped, *, shape: Shape, stream: int, dtype: np.dtype[Any]) -> Spec:
    if len(shape) != 1:
        raise ShapeError(f"permutation: shape {shape}{location_text()}. Expected one dimension.")
    return _infer_random(seed, step, shape=shape, stream=stream, dtype=dtype)


def _for_each_key(draw: Callable[..., Array]) -> Callable[..., Array]:
    """Return what draws for arrays of seeds and steps as `draw` does for one of each."""

    def evaluate(seed: Array, step: Array, *, shape: Any, stream: int, dtype: Any) -> Array:
        keys = zip(seed.reshape(-1), step.reshape(-1), strict=True)
        each = [draw(*key, shape=shape, stream=stream, dtype=dtype) for key in keys]
        return np.array(each, dtype).reshape((*seed.shape, *shape))

    return evaluate


def _evaluate_bits(seed: Array, step: Array, *, shape: Any, stream: int, dtype: Any) -> Array:
    return _bits(seed, step, stream, int(np.prod(shape, dtype=np.int64))).reshape(shape)


def _evaluate_uniform(seed: Array, step: Array, *, shape: Any, stream: int, dtype: Any) -> Array:
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize // 4
    return to_unit(_bits(seed, step, stream, count), dtype).reshape(shape)


def _evaluate_truncated(seed: Array, step: Array, *, shape: Any, stream: int, dtype: Any) -> Array:
    """Return normal numbers, each drawn again until it lies within two standard deviations.

    Numbers are made in groups (4 float32, 2 float64), each from blocks of its own, so that the rejections of one group
    do not shift the next.
    """
    count = int(np.prod(shape, dtype=np.int64))
    size = 16 // dtype.itemsize
    groups = np.arange(-(-count // size), dtype=np.int64)
    result = np.empty((len(groups), size), dtype)
    filled = np.zeros(len(groups), np.int64)
    block = 0
    while (open_rows := np.flatnonzero(filled < size)).size:
        first = groups[open_rows] * (size * _TRIES // 4)
        words = philox(_words(seed), [_words(first + block)[0], _words(step)[0], *_words(stream)])
        uniform = to_unit(np.stack(words, axis=-1).reshape(-1), dtype).reshape(len(open_rows), -1, 2)
        radius = np.sqrt(-2.0 * np.log(np.maximum(uniform[..., 0], _SMALLEST_UNIFORM))).astype(dtype)
        # TensorFlow takes this product in double: a number near 2 must be kept or drawn again by both.
        angle = (2 * np.pi * uniform[..., 1].astype(np.float64)).astype(dtype)
        drawn = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=-1).reshape(len(open_rows), -1)
        for column in drawn.T:
            is_kept = (np.abs(column) < 2.0) & (filled[open_rows] < size)
            rows = open_rows[is_kept]
            result[rows, filled[rows]] = column[is_kept]
            filled[rows] += 1
        block += 1
    return result.reshape(-1)[:count].reshape(shape)


def _evaluate_permutation(seed: Array, step: Array, *, shape: Any, stream: int, dtype: Any) -> Array:
    return draw_order(shape[0], seed, step, stream)


def draw_order(n: int, seed: int | Array, step: int | Array, stream: int) -> Array:
    """Return the value of `permutation`."""
    return sorting_order(_pairs(seed, step, stream, n))


def sorting_order(keys: Array) -> Array:
    """Return the order that sorts random uint64 `keys`, as int64; of equal ones the first comes first.

    NumPy sorts 16 bits by counting. After that few keys are out of place, and its stable sort of 64 bits, made for
    sequences that are sorted in part, is quick.
    """
    order = np.argsort((keys >> np.uint64(48)).astype(np.uint16), kind="stable")
    return order[np.argsort(keys[order], kind="stable")]


def _samples(dtypes: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> list[Sample]:
    return [
        Sample((Domain(keys, 0, 1000, "int64"),) * 2, {"shape": shape, "stream": stream, "dtype": as_dtype(dtype)})
        for dtype in dtypes
        for stream, (shape, keys) in enumerate(
            [*((shape, ()) for shape in shapes), *((shapes[4], one) for one in _KEYS)]
        )
    ]


_ATTRS = {"shape": SIZES, "stream": STREAM}
_FLOATS = dtype_among("float32", "float64")

_KEYS = (3,), (17,), (2, 3), (0,)
_SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (3,), (2, 3), (17,), (4, 1, 2), (0, 5), (33, 3), (128,))


_RANDOM_BITS = define(
    Op(
        name="random_bits",
        kind="random",
        infer=_infer_random,
        evaluate=_for_each_key(_evaluate_bits),
        gradient=None,
        attrs={**_ATTRS, "dtype": dtype_among("uint32")},
        samples=lambda: _samples(["uint32"], _SHAPES),
        invalid=(
            Invalid(
                lambda: random_bits((2, -1), 0), "random_bits: shape=(2, -1) must be a tuple of at most 32 ints >= 0"
            ),
        ),
        emit=lambda seed, step, index, *, shape, stream, dtype: index.random_bits(seed, step, stream),
        cost=30,
    )
)
_RANDOM_UNIFORM = define(
    Op(
        name="random_uniform",
        kind="random",
        infer=_infer_random,
        evaluate=_for_each_key(_evaluate_uniform),
        gradient=None,
        attrs={**_ATTRS, "dtype": _FLOATS},
        samples=lambda: _samples(["float32", "float64"], _SHAPES),
        invalid=(
            Invalid(lambda: random_uniform((2,), 0.5), "random: seed: dtype float32 is not integer"),
            Invalid(lambda: random_uniform((2,), [1, 2]), "random: seed has shape (2,)"),
            Invalid(
                lambda: random_uniform((2,), 0, dtype="int32"),
                "random_uniform: dtype=dtype('int32') must be the dtype float32 or float64",
            ),
        ),
        emit=lambda seed, step, index, *, shape, stream, dtype: index.random_uniform(seed, step, stream, dtype),
        cost=30,
    )
)
_TRUNCATED_NORMAL = define(
    Op(
        name="truncated_normal",
        kind="random",
        infer=_infer_random,
        evaluate=_for_each_key(_evaluate_truncated),
        gradient=None,
        attrs={**_ATTRS, "dtype": _FLOATS},
        samples=lambda: _samples(["float32", "float64"], _SHAPES),
        invalid=(
            Invalid(
                lambda: truncated_normal((2,), 0, dtype="bool"),
                "truncated_normal: dtype=dtype('bool') must be the dtype float32 or float64",
            ),
        ),
    )
)
_PERMUTATION = define(
    Op(
        name="permutation",
        kind="random",
        infer=_infer_permutation,
        evaluate=_for_each_key(_evaluate_permutation),
        gradient=None,
        attrs={**_ATTRS, "dtype": dtype_among("int64")},
        samples=lambda: _samples(["int64"], [(n,) for n in (0, 1, 2, 3, 5, 10, 17, 33, 100, 1000)]),
        invalid=(Invalid(lambda: permutation(-1, 0), "permutation: shape=(-1,) must be a tuple"),),
    )
)


def _draw(op: Op, shape: Sequence[Size], seed: Operand, step: Operand, stream: int, dtype: npt.DTypeLike) -> Node:
    attrs = {"shape": tuple(shape), "stream": stream, "dtype": as_dtype(dtype)}
    return build(op, (as_node(seed), as_node(step)), attrs)


def random_bits(shape: Sequence[Size], seed: Operand, step: Operand = 0, stream: int = 0) -> Node:
    """Return 32 random bits an element, as uint32.

    Parameters
    ----------
    shape : sequence of int
        The result's shape, or that of each of many draws.
    seed : integer, or array of them, shape (...)
        The generator's key. Each of many seeds has a draw of its own: the result has shape (..., *shape).
    step : integer, or array of them, shape (...)
        Tells the runs of a program apart.
    stream : int
        Tells the draws of a program apart.
    """
    return _draw(_RANDOM_BITS, shape, seed, step, stream, "uint32")


def random_uniform(
    shape: Sequence[Size], seed: Operand, step: Operand = 0, stream: int = 0, dtype: npt.DTypeLike = "float32"
) -> Node:
    """Return numbers uniform in [0, 1), multiples of 2**-23 (2**-52 for float64); see `random_bits`."""
    return _draw(_RANDOM_UNIFORM, shape, seed, step, stream, dtype)


def random_normal(
    shape: Sequence[Size], seed: Operand, step: Operand = 0, stream: int = 0, dtype: npt.DTypeLike = "float32"
) -> Node:
    """Return numbers from the normal distribution of mean 0 and variance 1; see `random_bits`.

    Two numbers come from two uniform ones: sqrt(-2 log u) sin(2 pi v), then the same with cos.

    References
    ----------
    Box and Muller, "A note on the generation of random normal deviates", 1958; sine first, as TensorFlow has it.
    """
    count = product(shape)
    half = count // 2
    pairs = half if half * 2 == count else (count + 1) // 2  # so that of 2*batch the half is batch
    uniform = random_uniform((pairs, 2), seed, step, stream, dtype)
    radius = sqrt(-2.0 * log(maximum(uniform[:, 0], _SMALLEST_UNIFORM)))
    angle = cast((2.0 * np.pi) * cast(uniform[:, 1], "float64"), dtype)  # in double, as TensorFlow has it
    both = stack([sin(angle) * radius, cos(angle) * radius], axis=1).reshape((pairs * 2,))
    if pairs * 2 != count:
        both = build(SLICE, (both,), {"starts": (0,), "sizes": (count,), "steps": (1,)})
    return both.reshape(shape)


def truncated_normal(
    shape: Sequence[Size], seed: Operand, step: Operand = 0, stream: int = 0, dtype: npt.DTypeLike = "float32"
) -> Node:
    """Return normal numbers of mean 0 and variance 1, drawn again until they lie in (-2, 2); see `random_bits`.

    Notes
    -----
    The standard deviation of what remains is 0.8796.
    """
    return _draw(_TRUNCATED_NORMAL, shape, seed, step, stream, dtype)


def permutation(n: Size, seed: Operand, step: Operand = 0, stream: int = 0) -> Node:
    """Return the numbers from 0 to n - 1 in random order, as int64, shape (n,); see `random_bits`.

    Each number gets 64 random bits and they are sorted by these; a tie (probability below n**2 / 2**65) keeps order.
    """
    return _draw(_PERMUTATION, (n,), seed, step, stream, "int64")
