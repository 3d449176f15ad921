"""Activations as Keras names them, also as ``keras.backend`` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feedforward import activations, functions
from feedforward.compat.keras.serializing import Kind
from feedforward.compat.names import provide, provided
from feedforward.tensor import Tensor

__all__ = ["as_activation", "elu", "hard_sigmoid", "relu"]


@provided("keras.activations.relu", "keras.backend.relu")
def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Return x above a threshold, at most `max_value`, and alpha (x - threshold) below it."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    if not alpha and max_value is None and not threshold:
        return activations.relu(x)
    above = functions.where(x > threshold, x, 0.0) if threshold else activations.relu(x)
    above = above if max_value is None else functions.minimum(above, float(max_value))
    return above - activations.relu(threshold - x) * alpha if alpha else above


@provided("keras.activations.elu", "keras.backend.elu")
def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """Return x where it is positive, else alpha (exp(x) - 1)."""
    return activations.elu(x, alpha) if alpha != 1.0 else activations.elu(x)


@provided("keras.activations.hard_sigmoid", "keras.backend.hard_sigmoid")
def hard_sigmoid(x: Any) -> Tensor:
    """Return x / 5 + 1/2, kept between 0 and 1; the slope is that of Keras 1 and 2."""
    x = x if isinstance(x, Tensor) else Tensor(x)
    return functions.clip(x * 0.2 + 0.5, 0.0, 1.0)


_ACTIVATIONS = Kind("activation", type(None))

for _name in ("softmax", "softplus", "softsign", "tanh", "sigmoid"):
    provide(getattr(activations, _name), f"keras.activations.{_name}", f"keras.backend.{_name}")
for _name in ("selu", "linear", "exponential", "swish"):
    provide(getattr(activations, _name), f"keras.activations.{_name}")
_OURS = {name: getattr(activations, name) for name in ("softmax", "softplus", "softsign", "tanh", "sigmoid", "selu")}
_OURS |= {name: getattr(activations, name) for name in ("linear", "exponential", "swish", "relu", "elu")}
_OURS["hard_sigmoid"] = hard_sigmoid


@provided("keras.activations.get", "keras.activations.deserialize")
def as_activation(thing: Any) -> Callable[[Tensor], Tensor] | None:
    """Return the function that a name or a function stands for; None for none.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or it is no function.
    """
    if thing is None or (callable(thing) and not isinstance(thing, type)):
        found: Callable[[Tensor], Tensor] | None = OURS_OF.get(thing, thing)
        return found
    return _ACTIVATIONS.get(thing)  # type: ignore[no-any-return]


OURS_OF: dict[Any, Any] = {relu: activations.relu, elu: activations.elu}
"""What layers apply for our own functions of several arguments: those of the package, which are compiled as one."""


def _finder(function: Callable[[Tensor], Tensor]) -> Callable[[], Callable[[Tensor], Tensor]]:
    return lambda: function


for _name, _function in _OURS.items():
    _ACTIVATIONS.enter(_finder(_function), _name)
