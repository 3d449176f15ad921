"""What the `activation` of a layer may be: the name of one that is registered, a function, or None for none."""

from __future__ import annotations

from collections.abc import Callable

from feedforward.nn.activations import ACTIVATIONS
from feedforward.tensor import Tensor

__all__ = ["as_activation", "as_name", "is_activation_ours"]


def as_activation(activation: str | Callable[[Tensor], Tensor] | None) -> Callable[[Tensor], Tensor]:
    """Return the function that an activation's name stands for; None is linear.

    Raises
    ------
    ValueError, TypeError
        If the name is unknown, or it is neither a name nor a function.
    """
    if activation is None:
        return ACTIVATIONS["linear"]
    if isinstance(activation, str):
        return ACTIVATIONS[activation]
    if callable(activation):
        return activation
    raise TypeError(
        f"activation: got {activation!r}. Give a name or a function; known: {', '.join(sorted(ACTIVATIONS))}."
    )


def is_activation_ours(activation: str | Callable[[Tensor], Tensor] | None) -> bool:
    """Return whether an activation is one of this package, which does the same each time."""
    # Not by its module's name, which a decorator of a user's may copy (`functools.wraps`).
    return getattr(as_activation(activation), "__globals__", None) is ACTIVATIONS["linear"].__globals__


def as_name(activation: str | Callable[[Tensor], Tensor] | None) -> str | Callable[[Tensor], Tensor] | None:
    """Return the name under which an activation is registered, so that it can be saved; else the function."""
    if isinstance(activation, str):
        return ACTIVATIONS.find(activation)
    names = [name for name in ACTIVATIONS if ACTIVATIONS[name] is activation]
    return names[0] if names else activation
