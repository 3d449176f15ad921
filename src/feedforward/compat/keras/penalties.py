"""Regularizers and constraints of Keras 1 and 2, under all names that they had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from feedforward import constraints, regularizers
from feedforward.compat.keras.boundary import seen, taken
from feedforward.compat.keras.serializing import Kind
from feedforward.compat.keras.spelling import by_name
from feedforward.compat.names import provide, provided, refuse
from feedforward.nn.constraints import Constraint
from feedforward.nn.regularizers import L1L2, Regularizer
from feedforward.tensor import Tensor, Variable

__all__ = ["as_regularizer", "as_constraint"]

_PENALTIES = Kind("regularizer", Regularizer)
_SETS = Kind("constraint", Constraint)


@dataclass(frozen=True)
class _CalledPenalty(Regularizer):
    """A function of a program's own that says what a weight costs."""

    function: Callable[[Tensor], Tensor]

    def __call__(self, weight: Tensor) -> Tensor:
        """Return what it costs."""
        value = weight.value() if isinstance(weight, Variable) else weight
        return taken(self.function(seen(value)))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _CalledSet(Constraint):
    """A function of a program's own, or an object that can be called, that returns the weight to keep."""

    function: Callable[[Tensor], Tensor]

    def __call__(self, weight: Tensor) -> Tensor:
        """Return the weight to keep."""
        return taken(self.function(seen(weight)))  # type: ignore[no-any-return]


@provided("keras.regularizers.l1", "keras.regularizers.activity_l1")
def l1(l: float = 0.01) -> Regularizer:  # noqa: E741 - Keras's own name
    """Return the penalty l sum(|w|)."""
    return L1L2(l1=float(l))


@provided("keras.regularizers.l2", "keras.regularizers.activity_l2")
def l2(l: float = 0.01) -> Regularizer:  # noqa: E741
    """Return the penalty l sum(w^2)."""
    return L1L2(l2=float(l))


@provided("keras.regularizers.l1_l2", "keras.regularizers.l1l2", "keras.regularizers.activity_l1l2")
def l1_l2(l1: float = 0.01, l2: float = 0.01) -> Regularizer:
    """Return the penalty l1 sum(|w|) + l2 sum(w^2)."""
    return L1L2(float(l1), float(l2))


def _making(make: Callable[..., Constraint]) -> Callable[..., Constraint]:
    """Return a function that makes a constraint, and takes the words of Keras 1, too."""
    names = [field.name for field in fields(make)]  # type: ignore[arg-type]

    def made(*args: Any, **settings: Any) -> Constraint:
        return make(**by_name(make.__name__, names, names, args, settings))

    made.__name__ = make.__name__
    return made


provide(Regularizer, "keras.regularizers.Regularizer")
provide(
    L1L2,
    *(f"keras.regularizers.{name}" for name in ("L1L2", "L1L2Regularizer", "WeightRegularizer", "ActivityRegularizer")),
)
provide(Constraint, "keras.constraints.Constraint")
_PENALTIES.enter(L1L2, "L1L2", "L1L2Regularizer", "WeightRegularizer", "ActivityRegularizer")
_PENALTIES.enter(regularizers.L1, "L1")
_PENALTIES.enter(regularizers.L2, "L2")
for _name, _penalty in (("l1", l1), ("l2", l2), ("l1_l2", l1_l2), ("l1l2", l1_l2)):
    _PENALTIES.enter(_penalty, _name)
for _set, _names in (
    (constraints.MaxNorm, ("MaxNorm", "max_norm", "maxnorm")),
    (constraints.NonNegative, ("NonNeg", "non_neg", "nonneg")),
    (constraints.UnitNorm, ("UnitNorm", "unit_norm", "unitnorm")),
    (constraints.MinMaxNorm, ("MinMaxNorm", "min_max_norm")),
):
    _made = provide(_making(_set), *(f"keras.constraints.{name}" for name in _names))
    _SETS.enter(_made, *_names, _set.__name__)
refuse("write the penalty as a function of the weight.", "keras.regularizers.EigenvalueRegularizer")


@provided("keras.regularizers.get", "keras.regularizers.deserialize")
def as_regularizer(thing: Any) -> Regularizer | None:
    """Return the regularizer that a name, a configuration, an instance or a function stands for; None for none."""
    found = None if thing is None else _PENALTIES.get(thing)
    return found if found is None or isinstance(found, Regularizer) else _CalledPenalty(found)


@provided("keras.constraints.get", "keras.constraints.deserialize")
def as_constraint(thing: Any) -> Constraint | None:
    """Return the constraint that a name, a configuration, an instance or a function stands for; None for none."""
    found = None if thing is None else _SETS.get(thing)
    return found if found is None or isinstance(found, Constraint) else _CalledSet(found)
