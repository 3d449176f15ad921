"""Regularizers: what large weights cost, a number that is added to the loss.

To add one, write one dataclass here: its fields are its configuration, `__call__` its formula. What a layer does with
one stands in `Layer.add_weight`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedforward.functions import abs, square, sum
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, registered, resolve
from feedforward.tensor import Tensor

__all__ = ["Regularizer", "L1", "L1L2", "L2"]

REGULARIZERS: Registry[type[Regularizer]] = Registry("regularizer")
"""Every regularizer by its name."""


@dataclass(frozen=True)
class Regularizer:
    """Base of all regularizers.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(REGULARIZERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``REGULARIZERS`` from
    `feedforward.nn.regularizers`.
    """

    def __call__(self, weight: Tensor) -> Tensor:
        """Return what a weight costs, one number."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, weight).")


@registered(REGULARIZERS)
@dataclass(frozen=True)
class L1(Regularizer):
    """l1 sum(|w|): draws small weights to 0; its derivative is 0 there.

    Parameters
    ----------
    l1 : float
        At least 0.
    """

    l1: float = 0.01

    def __post_init__(self) -> None:
        check_number("L1", "l1", self.l1, Range(0))

    def __call__(self, weight: Tensor) -> Tensor:
        """Return l1 sum(|w|)."""
        return sum(abs(weight)) * self.l1


@registered(REGULARIZERS)
@dataclass(frozen=True)
class L2(Regularizer):
    """l2 sum(w^2).

    Parameters
    ----------
    l2 : float
        At least 0; not halved, as in Keras.
    """

    l2: float = 0.01

    def __post_init__(self) -> None:
        check_number("L2", "l2", self.l2, Range(0))

    def __call__(self, weight: Tensor) -> Tensor:
        """Return l2 sum(w^2)."""
        return sum(square(weight)) * self.l2


@registered(REGULARIZERS)
@dataclass(frozen=True)
class L1L2(Regularizer):
    """l1 sum(|w|) + l2 sum(w^2).

    Parameters
    ----------
    l1, l2 : float
        At least 0.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        check_number("L1L2", "l1", self.l1, Range(0))
        check_number("L1L2", "l2", self.l2, Range(0))

    def __call__(self, weight: Tensor) -> Tensor:
        """Return l1 sum(|w|) + l2 sum(w^2)."""
        return L1(self.l1)(weight) + L2(self.l2)(weight)


def as_regularizer(regularizer: Any) -> Regularizer | None:
    """Return the regularizer that a name, a configuration or an instance stands for; None for none."""
    return None if regularizer is None else resolve(REGULARIZERS, regularizer)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.regularizers", __all__)
