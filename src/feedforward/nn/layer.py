"""The layer: what every layer has in common, and the description of a network that calls on an `Input` leave behind.

A layer is a dataclass whose fields are its configuration, with weights made when its input's shape is known. Which
layers there are stands in ``layers.py``.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np

from feedforward import ops
from feedforward.arrays import numbers
from feedforward.attributes import check_attribute, declared
from feedforward.errors import FormatError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Node, as_dtype, in_own_context, scope, shape_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import Registry
from feedforward.nn.config import check_bool, is_int, resolve, snake_case
from feedforward.nn.initializers import INITIALIZERS
from feedforward.nn.outputs import note_output
from feedforward.ops.state import to_float32
from feedforward.tensor import Tensor, Variable, flush, is_tracing, symbolic
from feedforward.undo import all_or_nothing, on_error, remember

__all__ = [
    "LAYERS",
    "LayerCall",
    "layer_calls",
    "loading",
    "is_loading",
    "Layer",
    "set_weights",
    "as_tensor",
    "check_name",
    "Input",
]

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
    try:
        _loading.values = values
        yield
    finally:
        _loading.values = None


def _take_loaded(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    value = (_loading.values or {}).pop(name, None)
    if value is None or value.shape != shape or value.dtype != np.float32:
        found = "nothing" if value is None else f"{value.dtype.name} of shape {value.shape}"
        raise FormatError(f"the file has {found} for the weight {name!r}, expected float32 of shape {shape}")
    return value


def is_loading() -> bool:
    """Return whether layers take their weights from a file."""
    return _loading.values is not None


@dataclass(eq=False)
class Layer:
    """Base of all layers.

    Parameters
    ----------
    name : str, optional
        What messages, summaries and files call it; by default its class and a number.
    trainable : bool
        Whether training changes its weights. It may be set at any time, for the next `fit`.

    Attributes
    ----------
    is_built : bool
        Whether its weights are made. From then on its settings stay as they are.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(LAYERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config` and ``LAYERS`` from `feedforward.nn.layers`.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    is_built: bool = field(init=False, repr=False)

    _weights: list[Variable] = field(init=False, repr=False)
    _layers: list[Layer] = field(init=False, repr=False)
    _owner: Layer | None = field(init=False, repr=False)
    _has_own_name: bool = field(init=False, repr=False)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Make room for what `__setattr__` tracks, whatever a subclass does first."""
        layer = super().__new__(cls)
        object.__setattr__(layer, "_weights", [])
        object.__setattr__(layer, "_layers", [])
        object.__setattr__(layer, "_owner", None)
        return layer

    def __post_init__(self) -> None:
        self.is_built = False
        self._has_own_name = self.name is not None
        if self.name is None:
            self.name = _new_name(snake_case(type(self).__name__))
        else:
            _count_name(self.name)

    def __copy__(self) -> Self:
        """Return what `copy.deepcopy` does: a layer with weights of its own. To share them, call one layer twice."""
        return deepcopy(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what a pickle holds; no layer made after that gets its name by default."""
        vars(self).update(state)
        if self.name is not None:
            _count_name(self.name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep track of variables and layers that are made attributes, alone or in a list, and of a new name.

        Raises
        ------
        AttributeError
            If there is no such attribute, or the layer is built and would not heed it.
        """
        check_attribute(self, name)
        if name == "name" and "is_built" in vars(self):
            self._rename(value)
        elif name == "name" and value is not None:
            check_name(type(self).__name__, value)
        elif name == "trainable":
            check_bool(type(self).__name__, name, value)
        elif vars(self).get("is_built") and name in declared(type(self)) and vars(self).get(name) is not value:
            raise AttributeError(
                f"{type(self).__name__}.{name} cannot be changed: layer {self.name!r} is built. Make a new layer."
            )
        is_many = isinstance(value, list | tuple)
        for place, part in enumerate(value if is_many else [value]):
            if isinstance(part, Variable | Layer):
                self._track(f"{name}_{place}" if is_many else name, part)
        object.__setattr__(self, name, value)

    def _rename(self, name: str) -> None:
        """Take a new name: a file calls weights after their layer, and the layers in it are looked for by its path."""
        check_name(type(self).__name__, name)
        old = f"{self.path}/"
        object.__setattr__(self, "name", name)
        for weight in self.weights:
            if weight.name.startswith(old):
                weight.name = f"{self.path}/{weight.name[len(old) :]}"

    def _track(self, attribute: str, part: Variable | Layer) -> None:
        """Enter a variable or layer among its own; one without a name is called after its attribute, also in files."""
        if "name" not in vars(self):
            raise TypeError(
                f"{type(self).__name__}.{attribute} is set before the layer is set up. Call super().__init__() first."
            )
        if isinstance(part, Variable):
            if all(part is not weight for weight in self._weights):
                self._weights.append(part)
                part.name = f"{self.path}/{attribute}" if part.name == "variable" else part.name
        elif all(part is not layer for layer in self._layers):
            remember(part)
            self._layers.append(part)
            if part._owner is None and not part.is_built:
                object.__setattr__(part, "_owner", self)
                part.name = part.name if part._has_own_name else attribute

    @property
    def path(self) -> str:
        """Its name, after those of the layers that it is an attribute of: ``block/dense``."""
        return str(self.name) if self._owner is None else f"{self._owner.path}/{self.name}"

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

    @in_own_context
    def __call__(self, x: Any, training: bool = False) -> Tensor:
        """Return the output for tensors, or describe it for an `Input`.

        Raises
        ------
        ShapeError, DtypeError
            If the input does not fit the layer; names the layer.
        """
        if "is_built" not in vars(self):
            raise TypeError(f"{type(self).__name__} is not set up. Call super().__init__() first in its __init__.")
        inputs = as_tensor(x)
        return self._apply(inputs, training) if self.is_built else self._build_and_apply(inputs, training)

    @all_or_nothing
    def _build_and_apply(self, x: Tensor, training: bool) -> Tensor:
        """Make the weights, also those of layers that the first call builds, and return the output."""
        remember(self)
        with scope(str(self.name)):
            self.build(x.node.shape)
        self.is_built = True
        return self._apply(x, training)

    def _apply(self, x: Tensor, training: bool) -> Tensor:
        """Return the output for tensors, or describe it for an `Input`."""
        is_described = x.is_symbolic and not is_tracing()
        with scope(str(self.name)):
            result = self.call(x, training and not is_described)
        if not is_described:
            return result
        node = ops.placeholder(result.node.shape, result.dtype, str(self.name))
        layer_calls[node] = LayerCall(self, (x.node,))
        note_output(node, result.node, str(self.name))
        return symbolic(node)

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
        full_name = f"{self.path}/{name}"
        value = _take_loaded(full_name, shape) if is_loading() else resolve(INITIALIZERS, initializer)(shape)
        weight = Variable(value, trainable=trainable, name=full_name)
        self._weights.append(weight)
        return weight

    @property
    def weights(self) -> list[Variable]:
        """Its variables, in the order in which they were made, and those of the layers in it."""
        return list(dict.fromkeys([*self._weights, *(weight for layer in self._layers for weight in layer.weights)]))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes."""
        if not self.trainable:
            return []
        own = [weight for weight in self._weights if weight.trainable]
        return list(dict.fromkeys([*own, *(weight for layer in self._layers for weight in layer.trainable_weights)]))

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
        return sum(weight.size for weight in self.weights)


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
    names = [f"set_weights: the value for {weight.name}" for weight in weights]
    arrays = [numbers(value, name) for value, name in zip(values, names, strict=True)]
    for weight, array, name in zip(weights, arrays, names, strict=True):
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} is a {type(array.item()).__name__}. Give numbers.")
        if array.shape != weight.shape:
            raise ShapeError(
                f"set_weights: {weight.name} has shape {shape_text(weight.node.shape)}, the value "
                f"{shape_text(array.shape)}. Give the shapes that get_weights() returns."
            )
    new = [array.astype(weight.dtype) for weight, array in zip(weights, arrays, strict=True)]
    flush()  # so that nothing is computed while Ctrl-C is held back
    with held_interrupts():
        for weight, array in zip(weights, new, strict=True):
            weight.assign(array)


def as_tensor(x: Any) -> Tensor:
    """Return a tensor itself, and data as one: float64 becomes float32, as in `Model.fit`."""
    if isinstance(x, Tensor):
        return x
    tensor = Tensor(x)
    return Tensor(to_float32(tensor.numpy())) if tensor.dtype == np.float64 else tensor


def check_name(owner: str, name: Any) -> None:
    """Check what something is to be called.

    Raises
    ------
    ValueError
        If it is no text, or holds what separates names in files.
    """
    if not isinstance(name, str) or not name or not name.isprintable() or any(sign in name for sign in " /@{}"):
        raise ValueError(f"{owner}(name={name!r}): name must be a str without blanks, /, @, {{, }}. Got {name!r}.")


def _new_name(kind: str) -> str:
    """Return a name that no other thing of this kind has by default: ``dense``, then ``dense_1``."""
    number = _counts.get(kind, 0)
    on_error(partial(_free_name, kind, number))
    _counts[kind] = number + 1
    return kind if number == 0 else f"{kind}_{number}"


def _free_name(kind: str, number: int) -> None:
    """Let a name that nothing has in the end be given again, unless others followed it."""
    if _counts.get(kind) == number + 1:
        _counts[kind] = number


def _count_name(name: str) -> None:
    """Keep `_new_name` from returning a name that was given to something, by a user or in a file."""
    kind, _, end = name.rpartition("_")
    has_number = bool(kind) and end.isascii() and end.isdigit() and not end.startswith("0") and len(end) < 10
    if not has_number:
        kind, end = name, "0"
    _counts[kind] = max(_counts.get(kind, 0), int(end) + 1)


def Input(shape: Sequence[int | None], dtype: str = "float32", name: str | None = None) -> Tensor:
    """Return a tensor that stands for the input of a network.

    Parameters
    ----------
    shape : sequence of int or None
        The shape of one sample, without the batch.
    dtype : dtype
        What is fed: ``"uint8"`` for images as they are stored.
    name : str, optional
        What messages call it: letters, digits and _; by default ``input`` and a number.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If a size is no int >= 1, the dtype is not supported, or the name is none.

    Examples
    --------
    >>> Input((784,)).shape
    (None, 784)
    """
    if not isinstance(shape, list | tuple):
        raise ShapeError(f"Input(shape={shape!r}): expected the shape of one sample, a tuple. Write Input(({shape},)).")
    name = _new_name("input") if name is None else name
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"Input(name={name!r}): name must be a str of letters, digits and _. Got {name!r}.")
    _count_name(name)
    sizes: list[Any] = [unknown("batch")]
    for axis, size in enumerate(shape, 1):
        if size is not None and not is_int(size, 1):
            raise ShapeError(f"Input(shape={tuple(shape)}): every size must be an int >= 1, or None. Got {size!r}.")
        sizes.append(unknown(f"{name}_{axis}") if size is None else int(size))
    return symbolic(ops.placeholder(sizes, as_dtype(dtype), name))
