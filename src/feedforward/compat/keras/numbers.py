"""What all of ``keras.backend`` computes with: the fuzz number and the dtype of floats, which a program may set."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedforward.compat.names import provided

__all__ = ["EPSILON", "floatx"]


class _Epsilon:
    """How near to 0 and 1 a probability may come."""

    value = 1e-7


class _Floats:
    name = "float32"


EPSILON, _FLOATS = _Epsilon(), _Floats()


@provided("keras.backend.epsilon", "keras.backend.common.epsilon")
def epsilon() -> float:
    """Return the fuzz number, 1e-7 unless the program set another."""
    return EPSILON.value


@provided("keras.backend.set_epsilon")
def set_epsilon(e: float) -> None:
    """Set the fuzz number."""
    EPSILON.value = float(e)


@provided("keras.backend.floatx", "keras.backend.common.floatx")
def floatx() -> str:
    """Return the dtype of floats."""
    return _FLOATS.name


@provided("keras.backend.set_floatx")
def set_floatx(floatx: str) -> None:
    """Set the dtype of floats.

    Raises
    ------
    ValueError
        If it is neither float32 nor float64.
    """
    if floatx not in ("float32", "float64"):
        raise ValueError(f"set_floatx({floatx!r}): expected 'float32' or 'float64'.")
    _FLOATS.name = floatx


@provided("keras.backend.cast_to_floatx")
def cast_to_floatx(x: Any) -> Any:
    """Return an array as one of floats."""
    return np.asarray(x, _FLOATS.name)
