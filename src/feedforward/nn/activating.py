"""What the `activation` of a layer may be: a name, a function, a layer that is an activation, or None for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from feedforward.attributes import is_ours
from feedforward.lookup import did_you_mean
from feedforward.nn.activation_layers import ActivationLayer
from feedforward.nn.activations import ACTIVATIONS
from feedforward.nn.config import resolve
from feedforward.nn.layer import LAYERS, Layer
from feedforward.tensor import Tensor

__all__ = ["as_activation", "as_name", "is_activation_ours"]

Setting: TypeAlias = str | Callable[[Tensor], Tensor] | None


def as_name(activation: Any) -> Setting:
    """Return what a layer keeps of its activation: its registered name, so that it can be saved, where it has one.

    Parameters
    ----------
    activation : str, callable, ActivationLayer, dict or None
        The name of a function or of an `ActivationLayer`, one of these, or the configuration of such a layer.

    Returns
    -------
    str, callable, ActivationLayer or None
        A layer, of which a name makes a new one, is to be an attribute of the one whose activation it is.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or it is none of these.
    """
    name = ACTIVATIONS.find(activation) if isinstance(activation, str) else None
    if name is not None:
        return name
    given = activation.get("class") if isinstance(activation, dict) else activation
    layer = LAYERS.find(given) if isinstance(given, str) else None
    if layer is not None and issubclass(LAYERS[layer], ActivationLayer):
        return resolve(LAYERS, activation)
    if isinstance(activation, str):
        raise ValueError(f"Unknown activation {activation!r}. {did_you_mean(activation, _names())}")
    if isinstance(activation, Layer) and not isinstance(activation, ActivationLayer):
        raise TypeError(
            f"activation: got the layer {activation.name!r}. Call it on what this layer returns; only layers such as "
            f"PReLU() may be an activation."
        )
    if activation is not None and (not callable(activation) or isinstance(activation, type)):
        raise TypeError(
            f"activation: got {activation!r:.80}. Give a name or a function; known: {', '.join(sorted(_names()))}."
        )
    return next((name for name in ACTIVATIONS if ACTIVATIONS[name] is activation), activation)


def as_activation(activation: Any) -> Callable[[Tensor], Tensor]:
    """Return the function to apply, of what `as_name` returned or may be given; None is linear.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or it is nothing that can be an activation.
    """
    setting = as_name(activation)
    if setting is None:
        return ACTIVATIONS["linear"]
    return ACTIVATIONS[setting] if isinstance(setting, str) else setting


def is_activation_ours(activation: Setting) -> bool:
    """Return whether an activation is one of this package, which does the same each time."""
    if isinstance(activation, Layer):
        return is_ours(type(activation))
    # Not by its module's name, which a decorator of a user's may copy (`functools.wraps`).
    return getattr(as_activation(activation), "__globals__", None) is ACTIVATIONS["linear"].__globals__


def _names() -> list[str]:
    """Return the names that may be given."""
    layers = [name for name in LAYERS if issubclass(LAYERS[name], ActivationLayer)]
    return list(dict.fromkeys([*ACTIVATIONS, *layers]))
