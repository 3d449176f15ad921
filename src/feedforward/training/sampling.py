"""Samplers: in which order the samples of an epoch are taken, and how often each.

An order goes by the model's seed and the number of epochs trained, so that it is the same each time and a model that is
saved goes on with the order that would have followed. To add one, write one dataclass here. Not here: the batches that
the order is cut into (``feed.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from feedforward import random
from feedforward.arrays import Origin, numbers
from feedforward.errors import DataError, ShapeError
from feedforward.graph.node import Array
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, registered, resolve
from feedforward.training.data import Samples, labels_of
from feedforward.training.feed import Order

__all__ = ["HardestFirst", "Interleaved", "Sampler", "Shuffled", "Weighted"]

SAMPLERS: Registry[type[Sampler]] = Registry("sampler")
"""Every sampler by its name."""


class Trained(Protocol):
    """What errors are measured of: a model, as far as it concerns a sampler."""

    seed: int

    def losses_for(self, samples: Samples) -> Array:
        """Return the loss of each sample, shape (n,)."""


@dataclass(frozen=True)
class Turn:
    """What a sampler may go by.

    Parameters
    ----------
    number : int
        How often the samples were gone through before.
    samples : Samples
        The samples to train on.
    model : Trained
        Who is trained.
    """

    number: int
    samples: Samples
    model: Trained

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return self.samples.rows

    def shuffled(self, n: int | None = None, draw: int = 0) -> Array:
        """Return the numbers below n, by default of all samples, in the order of a draw of this turn."""
        return random.order(self.rows if n is None else n, self.model.seed, self.number, draw)

    def uniform(self) -> Array:
        """Return a float64 number in [0, 1) for each sample, drawn for this turn."""
        return random.uniform_of_epoch(self.rows, self.model.seed, self.number)

    def labels(self) -> Array:
        """Return the class of each sample, shape (n,)."""
        return _labels(self.samples)

    def errors(self) -> Array:
        """Return the loss of each sample now, weighed as in training, shape (n,)."""
        errors = self.model.losses_for(self.samples)
        return errors if self.samples.weights is None else errors * self.samples.weights


def _labels(samples: Samples) -> Array:
    """Return the class of each sample, shape (n,).

    Raises
    ------
    ValueError, ShapeError, DataError
        If there are several outputs, or targets are no numbers of classes.
    """
    if len(samples.targets) != 1:
        raise ValueError(
            f"fit: the sampler goes by classes, the network has {len(samples.targets)} outputs with targets. "
            f"Give Weighted(weights), or a sampler of your own."
        )
    (targets,) = samples.targets.values()
    labels = labels_of(targets, "fit: the sampler")
    is_none = labels != np.floor(labels)
    if is_none.any():
        raise DataError(
            f"fit: the sampler goes by classes, y holds {labels[is_none][0]} in {Origin().cells(is_none)}. Give "
            f"the numbers of classes, or another sampler."
        )
    return labels


@dataclass(frozen=True)
class Sampler:
    """Base of all samplers: a subclass has an `order`.

    Examples
    --------
    >>> class Backwards(Sampler):
    ...     def order(self, turn):
    ...         return np.arange(turn.rows)[::-1]
    """

    is_measured: ClassVar[bool] = False
    """Whether an order goes by the weights at its beginning, so that it is not known any more in its middle."""

    def check(self, samples: Samples, rows: int) -> None:
        """Check that it fits the samples to train on, the first of so many rows that were given."""

    def order(self, turn: Turn) -> Array:
        """Return the numbers of the samples in the order of their use: as many as there are, some more than once."""
        raise NotImplementedError(f"{type(self).__name__} has no order(). Define order(self, turn).")


@registered(SAMPLERS)
@dataclass(frozen=True)
class Shuffled(Sampler):
    """Each sample once, in an order of its own for each epoch: what `fit` does by itself."""

    def order(self, turn: Turn) -> Array:
        """See `Sampler.order`."""
        return turn.shuffled()


@registered(SAMPLERS)
@dataclass(frozen=True)
class Interleaved(Sampler):
    """Each sample once, successive ones from different classes as far as that is possible.

    Notes
    -----
    The largest class, of m samples, makes m groups. The others are dealt out to them, so that no group has two of one
    class, and the groups are shuffled. Equal samples follow each other only where one class has more than all others
    together. Classes are the numbers in y, or the largest element of its rows.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.2: a network learns fastest from the most
    unexpected sample.

    Examples
    --------
    >>> import feedforward as ff
    >>> y = np.array([0, 0, 0, 1, 1, 2])
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(3)])
    >>> model.compile("sgd", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> history = model.fit(np.zeros((6, 1)), y, sampler=Interleaved(), verbose=0)
    """

    def check(self, samples: Samples, rows: int) -> None:
        """See `Sampler.check`."""
        _labels(samples)

    def order(self, turn: Turn) -> Array:
        """See `Sampler.order`."""
        labels = turn.labels()
        _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        most, shuffled = int(counts.max()), turn.shuffled()
        rank = turn.shuffled(len(counts), 1)
        rank[counts.argmax()] = -1  # the largest class is first in each group: two groups then never meet in one class
        dealt = shuffled[np.argsort(rank[classes[shuffled]], kind="stable")]
        others = len(dealt) - most
        group = np.concatenate([np.arange(most), np.arange(others) % most])
        place = turn.shuffled(most, 2)
        if others < most:  # some groups are of one sample: the last one had better be
            place[place == most - 1], place[-1] = place[-1], most - 1
        is_other = np.arange(len(dealt)) >= most
        return dealt[np.lexsort((turn.shuffled(draw=3), is_other, place[group]))]


@registered(SAMPLERS)
@dataclass(frozen=True)
class HardestFirst(Sampler):
    """Each sample once, those with the largest error first; of equal errors in random order.

    Parameters
    ----------
    outliers : float
        The share of the samples, from 0 to 1, whose errors are too large to be trusted: they come last. An error that
        is not finite is always one.

    Notes
    -----
    Errors are measured before each epoch, which costs a `predict` of all samples.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.2, with their warning: the error of an outlier
    is large each time, and to present it first does harm.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> history = model.fit([[1.0], [2.0]], [1.0, 2.0], sampler=HardestFirst(outliers=0.05), verbose=0)
    """

    is_measured: ClassVar[bool] = True
    outliers: float = 0.0

    def __post_init__(self) -> None:
        check_number("HardestFirst", "outliers", self.outliers, Range(0, 1))

    def order(self, turn: Turn) -> Array:
        """See `Sampler.order`."""
        errors, shuffled = turn.errors(), turn.shuffled()
        order = shuffled[np.argsort(-np.where(np.isfinite(errors), errors, np.inf)[shuffled], kind="stable")]
        cut = max(int(self.outliers * len(order)), int(np.count_nonzero(~np.isfinite(errors))))
        return np.concatenate([order[cut:], order[:cut]])


@registered(SAMPLERS)
@dataclass(frozen=True, eq=False)
class Weighted(Sampler):
    """As many samples as there are, drawn with replacement: each time sample i with probability w_i / sum w.

    Parameters
    ----------
    weights : array, shape (n,)
        How often each sample is to be drawn beside the others, at least 0; one for each row given to `fit`, also where
        validation_split takes some away.

    Raises
    ------
    DataError, ShapeError, TypeError
        If they are no finite numbers >= 0, or all are 0.

    Notes
    -----
    ``Weighted(1 / np.bincount(y)[y])`` draws all classes equally often.

    Examples
    --------
    >>> import feedforward as ff
    >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> history = model.fit([[1.0], [2.0]], [1.0, 2.0], sampler=Weighted([3, 1]), verbose=0)
    """

    weights: Sequence[float] | Array

    def __post_init__(self) -> None:
        weights = numbers(self.weights, "Weighted: weights")
        if weights.dtype.kind not in "biuf":
            raise TypeError(f"Weighted(weights={self.weights!r:.40}): got no array of numbers. Give one a sample.")
        if weights.ndim != 1 or not weights.size:
            raise ShapeError(
                f"Weighted: weights have shape {weights.shape}. Give one number for each sample, shape (n,)."
            )
        weights = weights.astype(np.float64)
        is_bad = ~(np.isfinite(weights) & (weights >= 0))
        if is_bad.any():
            raise DataError(
                f"Weighted: weights must be finite numbers >= 0. Got {weights[is_bad][0]} in "
                f"{Origin.of(self.weights).cells(is_bad)}. Replace it."
            )
        weights = weights / (weights.max() or 1.0)  # whose sum is finite
        object.__setattr__(self, "weights", weights)
        self._check_sum(weights)

    @staticmethod
    def _check_sum(weights: Array) -> None:
        if not weights.any():
            raise DataError("Weighted: the weights of all samples to train on are 0. Give one that is above 0.")

    def check(self, samples: Samples, rows: int) -> None:
        """See `Sampler.check`."""
        if len(self.weights) != rows:
            raise DataError(f"fit: Weighted has {len(self.weights)} weights, x has {rows} samples. Give one for each.")
        self._check_sum(np.asarray(self.weights[: samples.rows]))

    def order(self, turn: Turn) -> Array:
        """See `Sampler.order`."""
        sums = np.cumsum(self.weights[: turn.rows])
        last = int(np.flatnonzero(np.diff(sums, prepend=0.0))[-1])  # no rounding goes past the last that may be drawn
        found: Array = np.minimum(np.searchsorted(sums, turn.uniform() * sums[-1], side="right"), last)
        return found


def chosen(sampler: Any, is_shuffled: bool, steps_per_epoch: int | None) -> Sampler | None:
    """Return the sampler that the arguments of `fit` stand for, None for the order of the rows.

    Raises
    ------
    ValueError, TypeError
        If it is none, or does not go together with the others.
    """
    if sampler is None:
        return Shuffled() if is_shuffled else None
    found = resolve(SAMPLERS, sampler)
    if not is_shuffled:
        raise ValueError(f"fit: shuffle=False and sampler={found!r:.60} contradict each other. Give one of them.")
    if found.is_measured and steps_per_epoch is not None:
        raise ValueError(
            f"fit: {type(found).__name__} measures before each epoch, and with steps_per_epoch={steps_per_epoch} one "
            f"begins anywhere. Leave steps_per_epoch out."
        )
    return found


def looks_at_model(sampler: Sampler | None) -> bool:
    """Return whether a sampler may look at the model when it is asked for an order: one of a user's, too."""
    return sampler is not None and type(sampler).order not in (Shuffled.order, Interleaved.order, Weighted.order)


def order_of(sampler: Sampler | None, samples: Samples, rows: int, model: Trained) -> Order:
    """Return the orders in which a sampler takes samples, the first of so many rows."""
    if sampler is None:
        return lambda turn: np.arange(samples.rows)
    sampler.check(samples, rows)

    def order(turn: int) -> Array:
        found = np.asarray(sampler.order(Turn(turn, samples, model)))
        is_whole = found.dtype.kind in "iu" and found.shape == (samples.rows,)
        if not is_whole or found.min() < 0 or found.max() >= samples.rows:  # native code reads where it says
            raise DataError(
                f"fit: {type(sampler).__name__}.order returned {found.dtype} {found.shape}. Expected as many numbers "
                f"as there are samples, {samples.rows}, each an int from 0 to {samples.rows - 1}."
            )
        return found.astype(np.int64, copy=False)

    return order


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.sampling", __all__)
