"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedforward.functions import concatenate
from feedforward.graph.node import location_text
from feedforward.nn.config import is_int, registered
from feedforward.nn.layer import LAYERS, Layer
from feedforward.tensor import Tensor

__all__ = ["Add", "Concatenate"]


@registered(LAYERS)
@dataclass(eq=False)
class Concatenate(Layer):
    """A layer that joins its inputs, of equal sizes but for one axis, along that axis.

    Parameters
    ----------
    axis : int
        The axis, counted with the batch; by default the last.

    Examples
    --------
    >>> print(Concatenate()([[1.0, 2.0]], [[3.0]]))
    [[1. 2. 3.]]
    """

    axis: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_int(self.axis):
            raise ValueError(f"Concatenate(axis={self.axis!r}): axis must be an int. Got {self.axis!r}.")
        self.axis = int(self.axis)

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the inputs, one behind the other."""
        _check_several(self, inputs)
        return concatenate(list(inputs), self.axis)


@registered(LAYERS)
@dataclass(eq=False)
class Add(Layer):
    """A layer that adds its inputs, element by element; axes of size 1 are stretched as NumPy does.

    Examples
    --------
    >>> print(Add()([[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]))
    [[ 9. 12.]]
    """

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the sum of the inputs, from the first to the last."""
        _check_several(self, inputs)
        total = inputs[0]
        for x in inputs[1:]:
            total = total + x
        return total


def _check_several(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Check that a layer that merges has something to merge."""
    if len(inputs) < 2:
        raise ValueError(
            f"layer {layer.name!r}: got {len(inputs)} inputs{location_text()}. "
            f"{type(layer).__name__} expects at least 2: call it as layer([a, b])."
        )
