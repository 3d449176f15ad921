"""Random tensors, and the seed that every draw comes from.

After ``set_seed(7)`` the first draw of a thread is always the same, the second too, and so on. Inside a model's
training step a draw is keyed by the model's own seed, its place in the step, and the number of the step.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from feedforward import ops
from feedforward.backends.backend import Executable
from feedforward.errors import ShapeError
from feedforward.execution import backend
from feedforward.forks import fork_safe_lock
from feedforward.graph.dimension import Size
from feedforward.graph.node import Array, Node
from feedforward.graph.program import Program
from feedforward.lookup import namespace
from feedforward.ops.random import draw_order, philox, sorting_order
from feedforward.tensor import NewVariableError, Tensor, lift
from feedforward.undo import on_error

__all__ = ["set_seed", "normal", "permutation", "truncated_normal", "uniform"]


@dataclass
class Key:
    """Where a draw comes from; see ``ops/random.py``.

    Parameters
    ----------
    seed : int or tensor
        The generator's key.
    step : int or tensor
        Tells the runs of a program apart; outside of one, the number of the draw.
    stream : int
        Tells the draws of a program apart.
    """

    seed: int | Tensor
    step: int | Tensor = 0
    stream: int = 0

    def take(self) -> Key:
        """Return the key of the next draw."""
        key = replace(self)
        self.stream += 1  # in place: the context of a layer's call within draws from the same key
        return key


@dataclass
class TracedKey(Key):
    """The sequence of the thread that will run a function which is being traced: `seed` and `step` are its next key.

    Parameters
    ----------
    count : int
        How many draws there are up to now.
    """

    count: int = 0

    def take(self) -> Key:
        """Return the key of the next draw: what a thread's own sequence would give."""
        self.count += 1
        return Key(self.seed, self.step + (self.count - 1))


def _seed_from(key: Key, stream: int) -> int:
    """Return the seed that a stream of a key gives, apart from the draws of that key."""
    seed, step = int(key.seed), int(key.step)
    low, high, _, _ = philox([seed & 0xFFFFFFFF, seed >> 32], [key.stream, step, stream, 0])  # type: ignore[list-item]
    return int(low) | (int(high) & 0x7FFFFFFF) << 32


_root = Key(secrets.randbits(63))
"""The seed set last, in whatever thread; and, as its step, how many threads have begun to draw without one since."""

_is_seeded = False
_lock = fork_safe_lock()


class _Sequence(threading.local):
    """The next key of this thread's sequence, which no draw of another thread moves."""

    def __init__(self) -> None:
        with _lock:
            seed = _seed_from(_root, 2)
            _root.step = int(_root.step) + 1
        self.key = Key(seed)


_own = _Sequence()
_innermost: ContextVar[Key | None] = ContextVar("innermost", default=None)
"""The key of the innermost `drawing_from`; `trace` drops it whatever happens."""


def set_seed(seed: int) -> None:
    """Start this thread's sequence of random draws anew from `seed`, an int from 0 to 2**63 - 1.

    Raises
    ------
    ValueError
        If it is no such int.

    Notes
    -----
    Each thread has a sequence of its own: what it draws depends on its seed and on the order of its draws, not on other
    threads. One that sets no seed gets one from the seed set last, anywhere, before its first draw, and from how many
    such threads came before it.

    Examples
    --------
    >>> set_seed(7)
    >>> first = uniform((2,)).tolist()
    >>> set_seed(7)
    >>> uniform((2,)).tolist() == first
    True
    """
    global _is_seeded
    checked = check_seed(seed)
    _own.key = Key(checked)
    with _lock:
        _root.seed, _root.step = checked, 0
    _is_seeded = True


def is_seeded() -> bool:
    """Return whether somebody has called `set_seed`, so that what is drawn is meant to be the same in each process."""
    return _is_seeded


def check_seed(seed: int) -> int:
    """Return `seed`.

    Raises
    ------
    ValueError
        If it is no int from 0 to 2**63 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise ValueError(f"seed {seed!r} must be an int from 0 to 2**63 - 1.")
    return int(seed)


def new_seed() -> int:
    """Return a seed drawn from this thread's sequence, for a generator of its own."""
    key = _next_key(None)
    if isinstance(_innermost.get(), TracedKey):
        raise NewVariableError("seed")  # for a model or a generator, which is to be made before the function is traced
    return _seed_from(key, 1)


@contextlib.contextmanager
def drawing_from(seed: int | Tensor, step: int | Tensor) -> Iterator[None]:
    """Key the draws inside the ``with`` by `seed` and `step`; they are numbered from 0."""
    before = _innermost.get()
    try:
        _innermost.set(Key(seed, step))
        yield
    finally:
        _innermost.set(before)


def uniform(
    shape: Sequence[Size],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: npt.DTypeLike = "float32",
    seed: int | None = None,
) -> Tensor:
    """Return numbers uniform in [minval, maxval).

    Parameters
    ----------
    shape : sequence of int
        The result's shape.
    minval, maxval : float
        The bounds.
    dtype : dtype
        float32 or float64.
    seed : int, optional
        The same seed gives the same numbers every time; by default this thread's sequence goes on.

    Notes
    -----
    Other bounds than 0 and 1 scale and shift such numbers, and the sum is rounded: far from 0, to `maxval` itself.
    """
    drawn = _draw(ops.random_uniform, shape, dtype, _next_key(seed))
    return drawn if (minval, maxval) == (0.0, 1.0) else drawn * (maxval - minval) + minval


def normal(
    shape: Sequence[Size],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: npt.DTypeLike = "float32",
    seed: int | None = None,
) -> Tensor:
    """Return numbers from a normal distribution of mean `mean` and standard deviation `stddev`; see `uniform`."""
    return _scaled(_draw(ops.random_normal, shape, dtype, _next_key(seed)), mean, stddev)


def truncated_normal(
    shape: Sequence[Size],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: npt.DTypeLike = "float32",
    seed: int | None = None,
) -> Tensor:
    """Return normal numbers of which those beyond two standard deviations are drawn again; see `uniform`."""
    return _scaled(_draw(ops.truncated_normal, shape, dtype, _next_key(seed)), mean, stddev)


def permutation(n: int, seed: int | None = None) -> Tensor:
    """Return the numbers from 0 to n - 1 in random order, as int64; see `uniform` for `seed`."""
    key = _next_key(seed)
    return lift(ops.permutation)(n, _as_tensor(key.seed), _as_tensor(key.step), key.stream)


def uniform_of_step(shape: Sequence[Size], dtype: npt.DTypeLike, seed: int | None) -> Tensor:
    """Return numbers uniform in [0, 1) that are new in every step, also when they have a seed of their own.

    Parameters
    ----------
    shape : sequence of int
        The result's shape.
    dtype : dtype
        float32 or float64.
    seed : int or None
        The key of the numbers, beside the step; None: that of the innermost `drawing_from`, or this thread's.

    Raises
    ------
    ValueError
        If `seed` is no int from 0 to 2**63 - 1.
    """
    return _draw(ops.random_uniform, shape, dtype, _key_of_step(seed))


def normal_of_step(shape: Sequence[Size], dtype: npt.DTypeLike, seed: int | None) -> Tensor:
    """Return normal numbers of mean 0 and variance 1 that are new in every step; see `uniform_of_step`."""
    return _draw(ops.random_normal, shape, dtype, _key_of_step(seed))


def _key_of_step(seed: int | None) -> Key:
    key = _next_key(None)
    return Key(key.seed if seed is None else check_seed(seed), key.step, key.stream)


_ORDER_STREAM = 2**32
"""The stream of shuffling orders, beyond those of a step's own draws."""

_EPOCHS_AHEAD, _NUMBERS_AHEAD = 16, 4096
"""Short orders are drawn for so many epochs at once, of at most so many numbers: most of a draw's time does not go by
their number."""

_WORTH_CODE = 256
"""So many orders of one length are drawn by NumPy. Machine code takes 3 ms to make, at first on a machine some 70;
of 10,000 numbers it saves 0.06 ms each time."""


def order(n: int, seed: int, step: int, draw: int = 0) -> Array:
    """Return the order of the samples in an epoch.

    Parameters
    ----------
    n : int
        The number of samples.
    seed : int
        The model's.
    step : int
        The number of epochs trained before.
    draw : int
        Tells the orders of one epoch apart.

    Returns
    -------
    int64 array, shape (n,)
        The numbers from 0 to n - 1: what `permutation` draws from this key.
    """
    count = min(_EPOCHS_AHEAD, _NUMBERS_AHEAD // max(n, 1))
    if count < 2:
        return _long_orders(n, _ORDER_STREAM + draw).order(seed, step)
    first = step - step % count
    return _orders(n, seed, first, count, _ORDER_STREAM + draw)[step - first].copy()


@lru_cache(maxsize=8)  # a sampler may draw some orders for each epoch
def _orders(n: int, seed: int, first: int, count: int, stream: int) -> list[Array]:
    """Return what `draw_order` draws for so many steps from the first on."""
    blocks, steps = np.arange(-(-n // 2)), np.arange(first, first + count)[:, None] & 0xFFFFFFFF
    key, counter = [seed & 0xFFFFFFFF, seed >> 32], [blocks, steps, stream & 0xFFFFFFFF, stream >> 32]
    words = np.stack(np.broadcast_arrays(*philox(key, counter)), axis=-1).astype(np.uint64)  # type: ignore[arg-type]
    keys = (words[..., 0::2] << np.uint64(32) | words[..., 1::2]).reshape(count, -1)[:, :n]
    return [sorting_order(row) for row in keys]


class _LongOrders:
    """Draws long orders of one length, in the end by machine code, which takes a third of NumPy's time for their keys.

    Parameters
    ----------
    n, stream : int
        As for `draw_order`.
    """

    def __init__(self, n: int, stream: int) -> None:
        self._n, self._stream = n, stream
        self._drawn = 0

    def order(self, seed: int, step: int) -> Array:
        """Return what `draw_order` draws."""
        self._drawn += 1
        if self._drawn <= _WORTH_CODE:
            return draw_order(self._n, seed, step, self._stream)
        (bits,), _ = self._code.run([], [np.array(seed, np.int64), np.array(step, np.int64)])
        keys = bits.view(np.uint64)  # their upper half comes first
        return sorting_order((keys << np.uint64(32) | keys >> np.uint64(32))[: self._n])

    @cached_property
    def _code(self) -> Executable:
        seed, step = (ops.variable((), "int64", name) for name in ("seed", "step"))
        bits = ops.random_bits((4 * -(-self._n // 2),), seed, step, self._stream)
        return backend().compile(Program((), (seed, step), (bits,), ()))


_long_orders = lru_cache(maxsize=8)(_LongOrders)


def uniform_of_epoch(n: int, seed: int, step: int) -> Array:
    """Return float64 numbers in [0, 1) for the samples in an epoch, shape (n,); see `order`."""
    return _draw(ops.random_uniform, (n,), "float64", Key(seed, step, 2 * _ORDER_STREAM)).numpy()


def _scaled(drawn: Tensor, mean: float, stddev: float) -> Tensor:
    drawn = drawn if stddev == 1.0 else drawn * stddev
    return drawn if mean == 0.0 else drawn + mean


def _draw(function: Callable[..., Node], shape: Sequence[Size], dtype: npt.DTypeLike, key: Key) -> Tensor:
    if not isinstance(shape, Iterable) or isinstance(shape, str):
        raise ShapeError(f"random: shape={shape!r}: expected a tuple of sizes. Write ({shape},) for one dimension.")
    return lift(function)(tuple(shape), _as_tensor(key.seed), _as_tensor(key.step), key.stream, dtype)


def _next_key(seed: int | None) -> Key:
    """Return the key of the next draw and count it."""
    if seed is not None:
        return Key(check_seed(seed))
    innermost = _innermost.get()
    return take_keys(1) if innermost is None else innermost.take()


def take_keys(count: int) -> Key:
    """Return the key of this thread's next draw, and count so many draws; the others have the steps that follow."""
    key = _own.key
    following = Key(key.seed, int(key.step) + count)
    on_error(partial(_put_back, key, following))
    _own.key = following
    return key


def _put_back(key: Key, following: Key) -> None:
    """Let this thread's next draw have a key that nobody used in the end, unless it drew since."""
    if _own.key == following:
        _own.key = key


def trace_draws(seed: Tensor, step: Tensor) -> TracedKey:
    """Let draws from here to the end of the present `contextvars` context go on from a key that is not known yet."""
    key = TracedKey(seed, step)
    _innermost.set(key)
    return key


def has_own_key() -> bool:
    """Return whether draws are keyed by `drawing_from` here, rather than by this thread's sequence."""
    return _innermost.get() is not None


def _as_tensor(number: int | Tensor) -> Tensor:
    return number if isinstance(number, Tensor) else Tensor(np.int64(number))


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.random", __all__)
