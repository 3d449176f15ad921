"""The update rule: what a learned optimizer computes of a gradient, with weights of its own that somebody trained.

To add one, write one registered dataclass: its fields are its configuration, `shapes` declares its weights, `state`
what it remembers of a parameter, and `change` is its formula. Not here: how rules are trained (``learned/``), and the
optimizer that takes steps by one (``learned.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from feedforward.arrays import numbers
from feedforward.attributes import check_attribute
from feedforward.errors import DataError, ShapeError
from feedforward.graph.node import Array
from feedforward.lookup import Registry
from feedforward.nn.config import Range, check_int
from feedforward.nn.initializers import TruncatedNormal
from feedforward.tensor import Tensor, Variable, store

__all__ = ["MOST_LAYERS", "MOST_UNITS", "SCALES", "UPDATE_RULES", "UpdateRule", "check_size"]

UPDATE_RULES: Registry[type[UpdateRule]] = Registry("update rule")
"""Every update rule by its name."""

MOST_UNITS, MOST_LAYERS = 256, 8
"""Of a rule: it has as many numbers to remember for each weight that it trains as all its layers have units."""

SCALES = Range(float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max))
"""What a rule's output may be multiplied by: float32 holds it, and it is no zero there."""


def check_size(owner: str, name: str, value: Any, most: int) -> None:
    """Check a setting that is a number of units or layers: a rule from a file must not ask for any memory it likes.

    Raises
    ------
    ValueError
        If it is no int from 1 to `most`.
    """
    check_int(owner, name, value, 1)
    if value > most:
        raise ValueError(f"{owner}({name}={value!r}): {name} must be an int from 1 to {most}. Got {value!r}.")


@dataclass(eq=False)
class UpdateRule:
    """Base of all update rules.

    Attributes
    ----------
    weights : dict of str to float32 Variable
        What is learned. Drawn when they are first asked for, from the sequence of `feedforward.random`.
    """

    is_coordinatewise: ClassVar[bool] = False
    """Whether each number of a parameter is treated by itself, so that several parameters can be one vector."""

    def __post_init__(self) -> None:
        self._weights: dict[str, Variable] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        check_attribute(self, name)
        if name in type(self).__dataclass_fields__ and "_weights" in vars(self):
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be changed: its weights are for {vars(self)[name]!r}. Make "
                f"another rule."
            )
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy or a pickle has: the weights, too, which would else be drawn anew for it."""
        return {**vars(self), "_weights": self.weights}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights, each by its name."""
        raise NotImplementedError(f"{type(self).__name__} has no shapes(). Define shapes(self).")

    def state(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Return what is remembered of a parameter of this shape: names and first values, arrays or numbers."""
        return {}

    def change(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what is added to a parameter, and the new state.

        Parameters
        ----------
        parameter, gradient : tensors of one shape and dtype
            Where it stands, and the gradient of the loss there.
        state : dict of str to tensor
            What `state` declares.
        weights : dict of str to tensor
            What `shapes` declares, in the parameter's dtype.
        """
        raise NotImplementedError(f"{type(self).__name__} has no change(). Define change(self, parameter, ...).")

    def first(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return first values of a weight: zeros for a vector, else normal numbers cut off at two deviations.

        The deviation, before they are cut off, is 1 / sqrt(inputs).
        """
        if len(shape) < 2:
            return np.zeros(shape, np.float32)
        return TruncatedNormal(stddev=1 / math.sqrt(shape[-1]))(shape).numpy()

    @property
    def weights(self) -> dict[str, Variable]:
        """The weights by their names."""
        if self._weights is None:
            self._weights = {
                name: Variable(self.first(name, shape), trainable=False, name=name)
                for name, shape in self.shapes().items()
            }
        return self._weights

    def set_weights(self, values: Mapping[str, Array]) -> None:
        """Give each weight a value.

        Parameters
        ----------
        values : dict of str to float32 array
            One for each of `shapes`.

        Raises
        ------
        TypeError
            If it is no dict of numbers.
        ShapeError
            If a weight is missing, too many are given, or one has another shape.
        DataError
            If one of the numbers is not finite in float32.
        """
        owner = f"{type(self).__name__}.set_weights"
        if not isinstance(values, Mapping):
            raise TypeError(f"{owner}: got a {type(values).__name__}. Give a dict of arrays by the names of weights.")
        shapes = self.shapes()
        given = {name: _as_weight(value, f"{owner}: {name!r}") for name, value in values.items()}
        if {name: value.shape for name, value in given.items()} != shapes:
            raise ShapeError(
                f"{owner}: got {_listed({n: v.shape for n, v in given.items()})}. Expected {_listed(shapes)}. Give one "
                f"array for each."
            )
        if self._weights is None:
            self._weights = {name: Variable(given[name], trainable=False, name=name) for name in shapes}
        else:
            store(list(self._weights.values()), [given[name] for name in self._weights])


def _as_weight(value: Any, name: str) -> Array:
    """Return the value of a weight as finite float32."""
    array = numbers(value.numpy() if isinstance(value, Tensor | Variable) else value, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is a {type(value).__name__}. Give an array of numbers.")
    with np.errstate(over="ignore"):
        weight = array.astype(np.float32)
    if not np.isfinite(weight).all():
        raise DataError(f"{name} must hold finite numbers, in float32, too. Got {array[~np.isfinite(weight)][0]}.")
    return weight


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "nothing"
