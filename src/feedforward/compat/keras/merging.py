"""Layers of Keras 1 and 2 that make one tensor of several, and the functions of their names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from feedforward import functions, layers
from feedforward.compat.keras.boundary import seen, taken
from feedforward.compat.keras.layer import KerasLayer
from feedforward.compat.names import provide, provided
from feedforward.nn.cosines import cosine
from feedforward.nn.layer import Layer as OurLayer
from feedforward.tensor import Tensor

__all__ = ["Merge"]

_MODULES = ("keras.layers", "keras.layers.merge")


def _provide(thing: Any, name: str) -> None:
    provide(thing, *(f"{module}.{name}" for module in _MODULES))


for _name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
    _body = {"__doc__": f"Our `{_name}`.", "__module__": __name__}
    _made: Any = type(_name, (KerasLayer, getattr(layers, _name)), _body)
    globals()[_name] = _made
    _provide(_made, _name)

    def _merged(inputs: Sequence[Tensor], _class: Any = _made, **settings: Any) -> Any:
        return _class(**settings)(inputs)

    _provide(_merged, _name.lower())


@provided("keras.layers.Dot", "keras.layers.merge.Dot")
class Dot(KerasLayer):
    """A layer that takes products of two inputs along an axis of each, sample by sample.

    Parameters
    ----------
    axes : int or two of them
        The axes, counted with the batch.
    normalize : bool
        Whether both are brought to length 1 along them first.
    """

    order = ("axes", "normalize")

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what it takes."""
        return ("axes", "normalize")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep the settings."""
        self._axes, self._normalize = given.pop("axes"), bool(given.pop("normalize", False))
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {**super().get_config(), "axes": self._axes, "normalize": self._normalize}

    def call(self, inputs: Any) -> Tensor:
        """Return the products."""
        return _dot(inputs, self._axes, self._normalize)


def _dot(inputs: Sequence[Tensor], axes: Any, normalize: bool) -> Tensor:
    """Return sums of products over one axis of each; of two vectors shape (n, 1)."""
    x, y = inputs
    first, second = axes if isinstance(axes, list | tuple) else (axes, axes)
    first, second = first % x.ndim, second % y.ndim
    if normalize:
        x, y = (
            each / functions.sqrt(functions.maximum(functions.sum(functions.square(each), axis, keepdims=True), 1e-12))
            for each, axis in ((x, first), (y, second))
        )
    if x.ndim == y.ndim == 2:
        return functions.sum(x * y, 1, keepdims=True)
    x = functions.transpose(x, [axis for axis in range(x.ndim) if axis != first] + [first])
    y = functions.transpose(y, [0, second, *(axis for axis in range(1, y.ndim) if axis not in (0, second))])
    if x.ndim == 2:
        return functions.squeeze(functions.expand_dims(x, 1) @ y, 1)
    return functions.squeeze(x @ functions.expand_dims(y, -1), -1) if y.ndim == 2 else x @ y


@provided("keras.layers.dot", "keras.layers.merge.dot")
def dot(inputs: Sequence[Tensor], axes: Any, normalize: bool = False, **settings: Any) -> Any:
    """Return what a `Dot` layer makes of its inputs."""
    return Dot(axes, normalize, **settings)(list(inputs))


@provided("keras.layers.Merge", "keras.legacy.layers.Merge", "keras.layers.core.Merge")
class Merge(KerasLayer):
    """Keras 1's layer that makes one tensor of several.

    Parameters
    ----------
    layers : list of models or layers
        Whose outputs are made one where it begins a model.
    mode : {"sum", "mul", "concat", "ave", "cos", "dot", "max"} or function
        How.
    concat_axis, dot_axes : int
        Along which axis.
    output_shape, arguments
        Of a function: the first need not be given.
    """

    order = ("layers", "mode", "concat_axis", "dot_axes", "output_shape", "output_mask", "arguments")

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what it takes."""
        return (*(cls.order or ()), "node_indices", "tensor_indices")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep the settings."""
        self._branches: tuple[OurLayer, ...] = ()
        vars(self)["_branches"] = tuple(given.pop("layers", None) or ())  # each is part of its own model
        self._mode = given.pop("mode", "sum")
        self._concat_axis, self._dot_axes = given.pop("concat_axis", -1), given.pop("dot_axes", -1)
        self._arguments = dict(given.pop("arguments", None) or {})
        for name in ("output_shape", "output_mask", "node_indices", "tensor_indices"):
            given.pop(name, None)
        if not callable(self._mode) and self._mode not in _MODES:
            raise ValueError(f"Merge(mode={self._mode!r}): expected {', '.join(_MODES)}, or a function.")
        return given

    @property
    def branches(self) -> tuple[Any, ...]:
        """The models whose outputs are made one."""
        return self._branches

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        own = {"mode": self._mode, "concat_axis": self._concat_axis, "dot_axes": self._dot_axes}
        return {**super().get_config(), **own}

    def call(self, inputs: Any) -> Tensor:
        """Return the inputs, made one."""
        if callable(self._mode):
            return taken(self._mode(seen(inputs), **self._arguments))  # type: ignore[no-any-return]
        return _MODES[self._mode](self, inputs)


def _reduced(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Merge, Sequence[Tensor]], Tensor]:
    return lambda layer, inputs: functools.reduce(function, inputs)


_MODES: dict[str, Callable[[Merge, Sequence[Tensor]], Tensor]] = {
    "sum": _reduced(lambda x, y: x + y),
    "mul": _reduced(lambda x, y: x * y),
    "max": _reduced(functions.maximum),
    "ave": lambda layer, inputs: functools.reduce(lambda x, y: x + y, inputs) / float(len(inputs)),
    "concat": lambda layer, inputs: functions.concatenate(list(inputs), layer._concat_axis),
    "dot": lambda layer, inputs: _dot(inputs, layer._dot_axes, False),
    "cos": lambda layer, inputs: functions.reshape(cosine(inputs[0], inputs[1]), (inputs[0].node.shape[0], 1, 1)),
}


@provided("keras.layers.merge")
def merge(inputs: Sequence[Tensor], mode: Any = "sum", name: str | None = None, **settings: Any) -> Any:
    """Return what Keras 1's `Merge` makes of tensors."""
    return Merge(mode=mode, name=name, **settings)(list(inputs))
