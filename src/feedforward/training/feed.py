"""A feed: brings the batches of each epoch in pieces, from arrays, or from whatever yields batches.

Arrays are one piece: native code gathers the rows of each batch by itself, from a file that is mapped into memory,
too, which is never read as a whole. What yields batches is a piece for each. Not here: whether samples fit a network
(``data.py``), and what is done with a piece (``loop.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np

from feedforward.errors import DataError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Array, shape_text
from feedforward.nn.config import check_int
from feedforward.tensor import Tensor

__all__ = [
    "Piece",
    "Feed",
    "ArrayFeed",
    "BatchFeed",
    "yields_batches",
    "has_places",
    "as_columns",
    "rows_of",
    "check_steps",
    "check_unused",
]

Order = Callable[[int], Array]
"""Returns the order, of samples or of batches, in which data are gone through for so many times, counted from 0."""


_READ_WHOLE = 2**30
_SPREAD_ROWS = 2**16
_BLOCK = 2**22
"""Bytes of the arrays that are hashed as a whole, rows of others, and bytes that are hashed at a time."""


@dataclass(frozen=True)
class Piece:
    """Batches that a backend goes over in one call.

    Parameters
    ----------
    arrays : sequence of arrays, shape (n, ...)
        One for each input of a step.
    order : int64 array, shape (m,)
        The rows in the order of their use, at least one.
    batch_size : int
        Samples in a batch; the last one may be smaller.
    """

    arrays: Sequence[Array]
    order: Array
    batch_size: int

    @property
    def steps(self) -> int:
        """The number of batches."""
        return -(-len(self.order) // self.batch_size)

    def samples(self, steps: int) -> int:
        """Return how many samples the first batches have."""
        return min(steps * self.batch_size, len(self.order))

    def part(self, first: int, end: int) -> Piece:
        """Return the batches from number `first` on that come before number `end`."""
        if first <= 0 and end >= self.steps:
            return self
        return replace(self, order=self.order[first * self.batch_size : end * self.batch_size])


class Feed(Protocol):
    """What brings the batches of an epoch.

    Attributes
    ----------
    steps, samples : int or None
        How many batches and samples an epoch has; None: it is not known before its end.
    """

    @property
    def steps(self) -> int | None:
        """See `Feed`."""

    @property
    def samples(self) -> int | None:
        """See `Feed`."""

    def pieces(self, epoch: int, start: int = 0) -> Iterator[Piece]:
        """Yield the batches of an epoch.

        Parameters
        ----------
        epoch : int
            How many epochs the model was trained before: by that number an order is drawn.
        start : int
            How many of the epoch's batches are done: to go on from there.

        Raises
        ------
        DataError
            If there are too few batches, one does not fit the others, or there is no way to go on from `start`.
        """

    def digest(self) -> dict[str, Any]:
        """Return what tells these batches from others, as JSON holds it.

        Raises
        ------
        DataError
            If they cannot be brought once more.
        """


@dataclass(frozen=True)
class ArrayFeed:
    """Arrays, gone through in an order.

    Parameters
    ----------
    arrays : sequence of arrays, shape (n, ...)
        One for each input of a step.
    batch_size : int
        Samples in a batch.
    order : callable
        The order of the samples.
    steps_per_epoch : int, optional
        Batches in an epoch, which begins where the last one ended; by default as many as there are.
    is_measured : bool
        Whether the order goes by the weights at an epoch's beginning, and is not known any more in its middle.
    looks_at_model : bool
        Whether who gives the order may look at the model, whose weights must be up to date then.
    """

    arrays: Sequence[Array]
    batch_size: int
    order: Order
    steps_per_epoch: int | None = None
    is_measured: bool = False
    looks_at_model: bool = True

    @property
    def steps(self) -> int:
        """See `Feed`."""
        return self.steps_per_epoch or self._batches

    @property
    def samples(self) -> int | None:
        """See `Feed`."""
        return len(self.arrays[0]) if self.steps == self._batches else None

    @property
    def _batches(self) -> int:
        return -(-len(self.arrays[0]) // self.batch_size)

    def pieces(self, epoch: int, start: int = 0) -> Iterator[Piece]:
        """See `Feed.pieces`."""
        steps = self.steps
        if start and self.is_measured:
            raise DataError(
                f"fit: the order of the samples goes by the weights before the epoch, which are gone after {start} "
                f"batches. Go on from the beginning of an epoch, or take another sampler."
            )
        for turn, first, end in _turns(epoch * steps + start, (epoch + 1) * steps, self._batches):
            yield Piece(self.arrays, self.order(turn), self.batch_size).part(first, end)

    def digest(self) -> dict[str, Any]:
        """See `Feed.digest`. The numbers and the order of the first turn; of large arrays some of their rows."""
        sizes = {"samples": len(self.arrays[0]), "batch_size": self.batch_size, "steps": self.steps}
        order = "measured" if self.is_measured else _digest([self.order(0)])  # the first weights may be other ones
        return sizes | {"numbers": _digest(self.arrays), "order": order}


def _digest(arrays: Iterable[Array]) -> str:
    """Return a hash of arrays: of all numbers, or of rows spread over them where reading all would take long."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}".encode())
        rows: Array = np.arange(len(array))
        if array.nbytes > _READ_WHOLE:
            rows = np.unique(np.linspace(0, len(array) - 1, _SPREAD_ROWS).astype(np.int64))
        block = max(1, _BLOCK * len(array) // max(array.nbytes, 1))
        for start in range(0, len(rows), block):
            found.update(np.ascontiguousarray(array[rows[start : start + block]]).data)
    return found.hexdigest()


def _turns(first: int, end: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Yield which of `count` things, gone through over and over, have the numbers from `first` on, before `end`.

    A turn is how often they were all gone through before, and a range in it: with 10 things, 25 to 35 are
    (2, 5, 10) and (3, 0, 5).
    """
    while first < end:
        turn, place = divmod(first, count)
        some = min(count - place, end - first)
        yield turn, place, place + some
        first += some


class BatchFeed:
    """What yields batches: a generator, a function that returns one, an iterable, or a sequence of batches.

    Parameters
    ----------
    source : iterator, callable, iterable, or sequence
        What yields them.
    read : callable
        Returns the arrays of a batch, checked.
    caller : str
        What messages begin with: ``"fit"``.
    steps : int, optional
        Batches in an epoch, which begins where the last one ended; by default all that `source` has.
    order : callable, optional
        The order in which the batches of a sequence are taken.
    first : int
        The epoch with which `source` is begun.
    """

    def __init__(
        self,
        source: Any,
        read: Callable[[Any], list[Array]],
        caller: str,
        steps: int | None = None,
        order: Order | None = None,
        first: int = 0,
    ) -> None:
        self._source, self._read, self._caller, self._order = source, read, caller, order
        self._first = first
        self._count = None if _is_iterator(source) else _length(source)
        self._given_steps = steps
        self._kinds: list[tuple[Any, ...]] = []
        self._begun: Iterator[list[Array]] | None = None
        self._rest: Iterator[Any] = iter(())

    @property
    def steps(self) -> int | None:
        """See `Feed`."""
        return self._given_steps or self._count

    @property
    def samples(self) -> int | None:
        """See `Feed`."""
        return None

    def begin(self, epoch: int) -> list[Array]:
        """Return the arrays of the first batch of an epoch, whose `pieces` are to be asked for next."""
        if hasattr(self._source, "on_epoch_end"):
            for _ in range(self._first, epoch):  # what a process that was killed has told it
                self._source.on_epoch_end()
        batches = self._arrays(epoch, 0)
        first = next(batches)
        self._begun = chain([first], batches)
        return first

    def pieces(self, epoch: int, start: int = 0) -> Iterator[Piece]:
        """See `Feed.pieces`."""
        begun, self._begun = self._begun, None
        for arrays in begun if begun and not start else self._arrays(epoch, start):
            yield Piece(arrays, np.arange(len(arrays[0])), len(arrays[0]))

    def digest(self) -> dict[str, Any]:
        """See `Feed.digest`. What the batches are like: nobody has seen them all."""
        if _is_iterator(self._source):
            raise DataError(
                f"{self._caller}: a generator cannot go on from a backup. Give a function that returns a new one, or a "
                f"sequence of batches."
            )
        return {"steps": self.steps, "batches": _described(self._kinds)}

    def _arrays(self, epoch: int, start: int) -> Iterator[list[Array]]:
        """Yield the arrays of an epoch's batches, checked."""
        done = start
        for batch in self._batches(epoch, start):
            arrays = self._read(batch)
            kinds = [(array.dtype.name, *array.shape[1:]) for array in arrays]
            self._kinds = self._kinds or kinds
            if kinds != self._kinds:
                raise DataError(
                    f"{self._caller}: batch {done} holds {_described(kinds)}, the first one {_described(self._kinds)}. "
                    f"Give all batches the same dtypes and shapes, but for the number n of samples."
                )
            yield arrays
            done += 1
        if done == 0:
            raise DataError(
                f"{self._caller}: the data yield no batch. A generator can be gone through once: give a function that "
                f"returns a new one, or say how many of its batches make an epoch."
            )
        if self.steps is not None and done < self.steps:
            raise DataError(
                f"{self._caller}: the data ended after {done} of {self.steps} batches. Give more, or ask for fewer."
            )
        if hasattr(self._source, "on_epoch_end"):  # a sequence as Keras has it
            self._source.on_epoch_end()

    def _batches(self, epoch: int, start: int) -> Iterator[Any]:
        """Yield an epoch's batches as they come, without the first ones."""
        source = self._source
        if _is_iterator(source):
            if start:
                raise DataError(
                    f"{self._caller}: a generator cannot go on from batch {start}. Give a function that returns a new "
                    f"one, or a sequence of batches."
                )
            return islice(source, self.steps)
        if has_places(source) and self._count:
            steps = self._given_steps or self._count
            return self._picked(epoch * steps + start, (epoch + 1) * steps, self._count)
        if self._given_steps is None:
            return islice(self._begun_anew(), start, self.steps)
        if start or epoch == 0 or not self._kinds:  # validation has no epochs but 0: it begins anew each time
            done = (epoch - self._first) * self._given_steps + start
            self._rest = islice(_over_and_over(self._begun_anew), done, None)
        return islice(self._rest, self._given_steps - start)

    def _begun_anew(self) -> Iterable[Any]:
        """Return what can be gone through once more."""
        source = self._source
        if hasattr(source, "__iter__") or not callable(source):
            again: Iterator[Any] = iter(source)
            return again
        found: object = source()
        if not isinstance(found, Iterable):
            raise TypeError(
                f"{self._caller}: the function given as x returned {found!r}. Expected what yields batches. Use yield."
            )
        return found

    def _picked(self, first: int, end: int, count: int) -> Iterator[Any]:
        """Yield the batches of a sequence that have these numbers, if it is gone through over and over."""
        for turn, one, other in _turns(first, end, count):
            order = np.arange(count) if self._order is None else self._order(turn)
            for place in order[one:other]:
                yield self._source[int(place)]


def _over_and_over(begin: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """Yield batches over and over, as long as there are any."""
    is_empty = False
    while not is_empty:
        is_empty = True
        for batch in begin():
            is_empty = False
            yield batch


def _described(kinds: Sequence[tuple[Any, ...]]) -> str:
    return ", ".join(f"{dtype} {shape_text((unknown('n'), *shape))}" for dtype, *shape in kinds)


def _is_iterator(source: Any) -> bool:
    return hasattr(source, "__next__")


def has_places(source: Any) -> bool:
    """Return whether batches can be asked for by their numbers, so that they can be shuffled."""
    return hasattr(source, "__getitem__") and hasattr(source, "__len__")


def _length(source: Any) -> int | None:
    """Return how many batches something has, None where it does not know."""
    try:
        return len(source)
    except (TypeError, NotImplementedError):
        return None


def yields_batches(x: Any) -> bool:
    """Return whether data are something that yields batches, rather than samples.

    An iterator, a function, or what can be gone through or has places, but is no collection of Python's own and shows
    itself as no array: a generator, ``keras.utils.Sequence``, ``torch.utils.data.DataLoader``.

    Raises
    ------
    TypeError
        If it is a query, of which it is not known yet what it gives.
    """
    if type(x).__name__ == "LazyFrame":  # of polars: it can be gone through, by column
        raise TypeError("x is a LazyFrame, which has no numbers yet. Expected a frame. Give x.collect().")
    if x is None or isinstance(x, np.ndarray | Tensor | Sequence | Mapping | Set | bytearray | type):
        return False
    if any(
        hasattr(x, name) for name in ("__array__", "__array_interface__", "__dlpack__", "__dataframe__", "typecode")
    ):
        return False
    return callable(x) or any(hasattr(x, name) for name in ("__next__", "__iter__", "__getitem__"))


def as_columns(batch: Any, caller: str) -> tuple[Any, Any, Any]:
    """Return samples, targets and weights of a batch, None for each that it lacks.

    Raises
    ------
    TypeError, DataError
        If it has no one to three parts, or is a single sample.
    """
    if not isinstance(batch, tuple | list) or not 1 <= len(batch) <= 3:
        got = f"{len(batch)} parts" if isinstance(batch, tuple | list) else f"a {type(batch).__name__}"
        raise TypeError(f"{caller}: a batch is {got}. Expected (x, y) or (x, y, sample_weight). Yield such tuples.")
    x, y, weights = (*batch, None, None)[:3]
    if getattr(y, "shape", None) == () or (isinstance(y, int | float) and np.ndim(x) > 0):
        raise DataError(
            f"{caller}: x yields single samples: a target is the single number {y}. Expected batches. Give "
            f"torch.utils.data.DataLoader(x, batch_size=32), or np.stack the samples."
        )
    return x, y, weights


def rows_of(steps: int, rows: int, batch_size: int, caller: str) -> int:
    """Return how many rows the first batches have.

    Raises
    ------
    DataError
        If there are not so many batches.
    """
    batches = -(-rows // batch_size)
    if steps > batches:
        raise DataError(
            f"{caller}: {steps} batches of {batch_size} were asked for, the data have {batches}. Ask for fewer."
        )
    return min(steps * batch_size, rows)


def check_steps(caller: str, name: str, steps: Any) -> int | None:
    """Return a number of batches that was asked for, or None.

    Raises
    ------
    ValueError
        If it is no int >= 1.
    """
    if steps is not None:
        check_int(caller, name, steps, 1)
    return None if steps is None else int(steps)


def check_unused(caller: str, **arguments: Any) -> None:
    """Check that arguments were not given that mean nothing where batches are yielded.

    Raises
    ------
    ValueError
        If one was; names it.
    """
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"{caller}: {name} was given, and x yields batches. It brings targets, weights and sizes itself. "
                f"Drop {name}; a batch is (x, y) or (x, y, sample_weight)."
            )
