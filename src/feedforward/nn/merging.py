"""Layers that make one tensor of several."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from feedforward.errors import ShapeError
from feedforward.functions import concatenate, expand_dims, maximum, minimum, sum
from feedforward.graph.node import location_text, shape_text
from feedforward.nn.config import check_bool, is_int, registered
from feedforward.nn.cosines import cosine
from feedforward.nn.layer import LAYERS, Layer
from feedforward.tensor import Tensor

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"]


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


@dataclass(eq=False)
class _Merging(Layer):
    """What layers have in common that join their inputs element by element, from the first to the last."""

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the inputs, made one."""
        _check_several(self, inputs)
        return functools.reduce(self._pair, inputs)

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what two inputs become."""
        raise NotImplementedError(f"{type(self).__name__} has no _pair(). Define _pair(self, x, y).")


@registered(LAYERS)
@dataclass(eq=False)
class Add(_Merging):
    """A layer that adds its inputs, element by element; axes of size 1 are stretched as NumPy does.

    Examples
    --------
    >>> print(Add()([[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]))
    [[ 9. 12.]]
    """

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


@registered(LAYERS)
@dataclass(eq=False)
class Subtract(Layer):
    """A layer that subtracts its second input from its first, element by element.

    Examples
    --------
    >>> print(Subtract()([[1.0, 2.0]], [[3.0, 5.0]]))
    [[-2. -3.]]
    """

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the first input minus the second.

        Raises
        ------
        ValueError
            If there are not two inputs.
        """
        _check_two(self, inputs)
        return inputs[0] - inputs[1]


@registered(LAYERS)
@dataclass(eq=False)
class Multiply(_Merging):
    """A layer that multiplies its inputs, element by element; axes of size 1 are stretched as NumPy does.

    Examples
    --------
    >>> print(Multiply()([[1.0, 2.0]], [[3.0, 4.0]]))
    [[3. 8.]]
    """

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        return x * y


@registered(LAYERS)
@dataclass(eq=False)
class Average(_Merging):
    """A layer that takes the mean of its inputs, element by element; axes of size 1 are stretched as NumPy does.

    Examples
    --------
    >>> print(Average()([[1.0, 2.0]], [[3.0, 4.0]]))
    [[2. 3.]]
    """

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the mean of the inputs."""
        return super().call(*map(self.as_float, inputs)) / float(len(inputs))

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


@registered(LAYERS)
@dataclass(eq=False)
class Maximum(_Merging):
    """A layer that takes the largest of its inputs, element by element; axes of size 1 are stretched as NumPy does.

    Notes
    -----
    Equal elements share the gradient; NaN in one input is NaN in the result.

    Examples
    --------
    >>> print(Maximum()([[1.0, 4.0]], [[3.0, 2.0]]))
    [[3. 4.]]
    """

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        return maximum(x, y)


@registered(LAYERS)
@dataclass(eq=False)
class Minimum(_Merging):
    """A layer that takes the smallest of its inputs, element by element; see `Maximum`.

    Examples
    --------
    >>> print(Minimum()([[1.0, 4.0]], [[3.0, 2.0]]))
    [[1. 2.]]
    """

    def _pair(self, x: Tensor, y: Tensor) -> Tensor:
        return minimum(x, y)


@registered(LAYERS)
@dataclass(eq=False)
class Dot(Layer):
    """A layer that takes the scalar product of two vectors for each sample: y = sum over i of a[i] b[i], shape (n, 1).

    Parameters
    ----------
    normalize : bool
        Whether both are brought to length 1 first, so that y is the cosine of their angle; where one is 0, y is 0.

    Raises
    ------
    ValueError
        If `normalize` is no bool.

    Notes
    -----
    As in Keras with ``axes=1``, for vectors alone: of other shapes take ``a @ b``.

    Examples
    --------
    >>> print(Dot()([[1.0, 2.0]], [[3.0, 4.0]]))
    [[11.]]
    """

    normalize: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bool("Dot", "normalize", self.normalize)

    def call(self, *inputs: Tensor) -> Tensor:
        """Return the scalar products.

        Raises
        ------
        ValueError, ShapeError
            If there are not two inputs, or they are no vectors of one length.
        """
        _check_two(self, inputs)
        x, y = map(self.as_float, inputs)
        if x.ndim != 2 or x.node.shape[1:] != y.node.shape[1:]:
            raise ShapeError(
                f"layer {self.name!r}: inputs of shape {shape_text(x.node.shape)} and {shape_text(y.node.shape)}"
                f"{location_text()}. Dot expects two of shape (batch, d). Begin with Flatten()."
            )
        return expand_dims(cosine(x, y), -1) if self.normalize else sum(x * y, 1, keepdims=True)


def _check_two(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Check that a layer of two inputs has two."""
    if len(inputs) != 2:
        raise ValueError(
            f"layer {layer.name!r}: got {len(inputs)} inputs{location_text()}. "
            f"{type(layer).__name__} expects 2: call it as layer([a, b])."
        )


def _check_several(layer: Layer, inputs: Sequence[Tensor]) -> None:
    """Check that a layer that merges has something to merge."""
    if len(inputs) < 2:
        raise ValueError(
            f"layer {layer.name!r}: got {len(inputs)} inputs{location_text()}. "
            f"{type(layer).__name__} expects at least 2: call it as layer([a, b])."
        )
