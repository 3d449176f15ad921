"""The learning phase of Keras: whether what is computed is training, as programs ask for it and may set it."""

from __future__ import annotations

from typing import Any

from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graph import default_graph
from feedforward.nn import layer

__all__ = ["PHASE", "fixed_phase", "is_training", "set_free", "set_learning_phase"]


class _Phase:
    """What ``K.learning_phase()`` returns: it may be fed to ``K.function``, and is 0 or 1 inside of a call."""

    fixed: bool | None = None

    @property
    def tensor(self) -> Any:
        """What stands for it in the default graph, to be fed to a session."""
        from feedforward.compat.keras.in_graphs import phase_of  # which stands on layers

        return phase_of(default_graph())

    def __int__(self) -> int:
        return int(is_training())

    __index__ = __int__

    def __bool__(self) -> bool:
        return is_training()

    def __eq__(self, other: object) -> bool:
        return other is self or (isinstance(other, int) and int(self) == other)

    __hash__ = object.__hash__


PHASE = _Phase()
"""The phase."""


def fixed_phase() -> bool | None:
    """Return the phase that the program set for everything; None if it set none."""
    return PHASE.fixed


def is_training() -> bool:
    """Return whether what is computed here is training."""
    return layer._is_training.get() if PHASE.fixed is None else PHASE.fixed


@provided("keras.backend.learning_phase")
def learning_phase() -> Any:
    """Return the learning phase: 1 in training, else 0."""
    return PHASE


@provided("keras.backend.set_learning_phase")
def set_learning_phase(value: int) -> None:
    """Let everything be computed as in training (1), or as in use (0), from now on.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if value not in (0, 1):
        raise ValueError(f"set_learning_phase({value!r}): expected 0 or 1.")
    PHASE.fixed = bool(value)


def set_free() -> None:
    """Let the phase be what it is where something is computed."""
    PHASE.fixed = None
