"""Activations as Keras names them, also as ``keras.backend`` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedforward import activations, functions
from feedforward.compat.keras.boundary import entry, with_boundary
from feedforward.compat.keras.serializing import Kind
from feedforward.compat.names import provided
from feedforward.tensor import Tensor

__all__ = ["as_activation", "relu"]

Function = Callable[[Tensor], Tensor]

_ACTIVATIONS = Kind("activation", type(None))

_OURS: dict[Any, Function] = {}
"""What layers apply for functions that programs are given: those of the package, which are compiled as one."""


def _enter(name: str, function: Callable[..., Tensor], ours: Function, *modules: str) -> None:
    """Let programs know an activation in some modules, and let layers apply ours."""
    entry(*(f"keras.{module}.{name}" for module in modules))(function)
    _OURS[function] = ours
    _ACTIVATIONS.enter(lambda: ours, name)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Return x above a threshold, at most `max_value`, and alpha (x - threshold) below it."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    if not alpha and max_value is None and not threshold:
        return activations.relu(x)
    above = functions.where(x > threshold, x, 0.0) if threshold else activations.relu(x)
    above = above if max_value is None else functions.minimum(above, float(max_value))
    return above - activations.relu(threshold - x) * alpha if alpha else above


def hard_sigmoid(x: Any) -> Tensor:
    """Return x / 5 + 1/2, kept between 0 and 1; the slope is that of Keras 1 and 2."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    return functions.clip(x * 0.2 + 0.5, 0.0, 1.0)


for _name in ("softmax", "softplus", "softsign", "tanh", "sigmoid", "elu"):
    _enter(_name, getattr(activations, _name), getattr(activations, _name), "activations", "backend")
for _name in ("selu", "linear", "exponential", "swish"):
    _enter(_name, getattr(activations, _name), getattr(activations, _name), "activations")
_enter("relu", relu, activations.relu, "activations", "backend")
_enter("hard_sigmoid", hard_sigmoid, hard_sigmoid, "activations", "backend")


@provided("keras.activations.get", "keras.activations.deserialize")
def as_activation(thing: Any) -> Function | None:
    """Return the function that a name or a function stands for; None for none.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or it is no function.
    """
    if thing is None or not callable(thing) or isinstance(thing, type):
        return None if thing is None else _ACTIVATIONS.get(thing)
    ours = _OURS.get(getattr(thing, "__wrapped__", thing), _OURS.get(thing))
    return ours if ours is not None else with_boundary(thing)
