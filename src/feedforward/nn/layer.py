"""The layer: what every layer has in common, and the description of a network that calls on an `Input` leave behind.

A layer is a dataclass whose fields are its configuration, with weights made when its input's shape is known. Which
layers there are stands in ``layers.py``.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from feedforward import ops
from feedforward.errors import FormatError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Node, as_dtype, scope, shape_text
from feedforward.lookup import Registry
from feedforward.nn.config import resolve, snake_case
from feedforward.nn.initializers import INITIALIZERS
from feedforward.tensor import Tensor, Variable, is_tracing, symbolic

LAYERS: Registry[type[Layer]] = Registry("layer")
"""Every layer by its name in files."""


@dataclass(frozen=True)
class LayerCall:
    """That a layer was called on the description of a network: what a `Model` is made of."""

    layer: Layer
    inputs: tuple[Node, ...]


layer_calls: weakref.WeakKeyDictionary[Node, LayerCall] = weakref.WeakKeyDictionary()
"""The call that each described output stands for."""

_counts: dict[str, int] = {}


class _Loading(threading.local):
    """The weights of the file that this thread is loading, from which layers take theirs."""

    values: dict[str, np.ndarray[Any, Any]] | None = None


_loading = _Loading()


@contextlib.contextmanager
def loading(values: dict[str, np.ndarray[Any, Any]]) -> Iterator[None]:
    """Let layers built inside the ``with`` take their weights from `values`, by name, instead of filling new ones."""
    _loading.values = values
    try:
        yield
    finally:
        _loading.values = None


def _take_loaded(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    value = (_loading.values or {}).pop(name, None)
    if value is None or value.shape != shape:
        found = "nothing" if value is None else f"shape {value.shape}"
        raise FormatError(f"the file has {found} for the weight {name!r}. Expected shape {shape}: it is damaged.")
    return value


@dataclass(eq=False)
class Layer:
    """Base of all layers.

    Parameters
    ----------
    name : str, optional
        What messages, summaries and files call it; by default its class and a number.
    trainable : bool
        Whether training changes its weights.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)

    if TYPE_CHECKING:
        _weights: list[Variable]
        _layers: list[Layer]

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make room for what `__setattr__` tracks, whatever a subclass does first."""
        layer = super().__new__(cls)
        object.__setattr__(layer, "_weights", [])
        object.__setattr__(layer, "_layers", [])
        return layer

    def __post_init__(self) -> None:
        self.is_built = False
        if self.name is None:
            kind = snake_case(type(self).__name__)
            _counts[kind] = _counts.get(kind, 0) + 1
            self.name = kind if _counts[kind] == 1 else f"{kind}_{_counts[kind] - 1}"
        elif not isinstance(self.name, str) or not self.name or any(sign in self.name for sign in " /@{}"):
            raise ValueError(
                f"{type(self).__name__}(name={self.name!r}): name must be a str without blanks, /, @, {{, }}."
            )

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep track of variables and layers that are made attributes."""
        if isinstance(value, Variable) and all(value is not weight for weight in self._weights):
            self._weights.append(value)
        if isinstance(value, Layer):
            self._layers.append(value)
        object.__setattr__(self, name, value)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the weights for inputs of `shape`, whose first size is the batch's and may be unknown."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the layer's output.

        Parameters
        ----------
        x : tensor, shape (n, ...)
            The input.
        training : bool
            Whether the network is being trained.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(). Define call(self, x, training).")

    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """Return the output for tensors, or describe it for an `Input`.

        Raises
        ------
        ShapeError, DtypeError
            If the input does not fit the layer; names the layer.
        """
        inputs = x if isinstance(x, Tensor) else Tensor(x)
        if inputs.is_symbolic and not is_tracing():
            return self._describe(inputs)
        with scope(str(self.name)):
            self._build_once(inputs.node.shape)
            return self.call(inputs, training)

    def _describe(self, x: Tensor) -> Tensor:
        with scope(str(self.name)):
            self._build_once(x.node.shape)
            result = self.call(x, False).node
        node = ops.placeholder(result.shape, result.dtype, str(self.name))
        layer_calls[node] = LayerCall(self, (x.node,))
        return symbolic(node)

    def _build_once(self, shape: tuple[Any, ...]) -> None:
        if not self.is_built:
            self.build(shape)
            self.is_built = True

    def add_weight(self, name: str, shape: tuple[int, ...], initializer: Any, trainable: bool = True) -> Variable:
        """Make a variable of the layer, called ``layer/name``.

        Parameters
        ----------
        name : str
            What it is called within the layer.
        shape : tuple of int
            Its shape.
        initializer : str or Initializer
            What fills it.
        trainable : bool
            Whether training changes it.
        """
        full_name = f"{self.name}/{name}"
        value = resolve(INITIALIZERS, initializer)(shape) if _loading.values is None else _take_loaded(full_name, shape)
        weight = Variable(value, trainable=trainable and self.trainable, name=full_name)
        self._weights.append(weight)
        return weight

    @property
    def weights(self) -> list[Variable]:
        """Its variables, in the order in which they were made, and those of the layers in it."""
        return [*self._weights, *(weight for layer in self._layers for weight in layer.weights)]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        return [weight for weight in self.weights if weight.trainable] if self.trainable else []

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Return copies of the values of `weights`."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Give `weights` new values.

        Raises
        ------
        ValueError
            If there are not as many as weights, or a shape differs; then none is changed.
        """
        set_weights(str(self.name), self.weights, values)

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        return sum(weight.numpy().size for weight in self.weights)


def set_weights(owner: str, weights: Sequence[Variable], values: Sequence[Any]) -> None:
    """Give `weights` new values: all, or with an error none.

    Raises
    ------
    ValueError
        If the numbers of weights or a shape differ.
    """
    if len(values) != len(weights):
        raise ValueError(
            f"set_weights: {owner} has {len(weights)} weights, got {len(values)} values. Give one for each."
        )
    arrays = [np.asarray(value) for value in values]
    for weight, array in zip(weights, arrays, strict=True):
        if array.shape != weight.shape:
            raise ShapeError(
                f"set_weights: {weight.name} has shape {shape_text(weight.node.shape)}, the value "
                f"{shape_text(array.shape)}. Give the shapes that get_weights() returns."
            )
    for weight, array in zip(weights, arrays, strict=True):
        weight.assign(array.astype(weight.dtype))


def Input(shape: Sequence[int | None], dtype: str = "float32", name: str = "input") -> Tensor:
    """Return a tensor that stands for the input of a network.

    Parameters
    ----------
    shape : sequence of int or None
        The shape of one sample, without the batch.
    dtype : dtype
        What is fed: ``"uint8"`` for images as they are stored.
    name : str
        What messages call it.

    Examples
    --------
    >>> Input((784,)).shape
    (None, 784)
    """
    sizes: list[Any] = [unknown("batch")]
    for axis, size in enumerate(shape, 1):
        if size is not None and (isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1):
            raise ShapeError(f"Input(shape={tuple(shape)}): every size must be an int >= 1, or None. Got {size!r}.")
        sizes.append(unknown(f"{name}_{axis}") if size is None else int(size))
    return symbolic(ops.placeholder(sizes, as_dtype(dtype), name))
