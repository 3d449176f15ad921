"""Initializers of Keras 1 and 2: what their names stand for in the version that a program was written for.

Formulas: ``keras/initializations.py`` of Keras 1.2.2 and ``keras/initializers.py`` of Keras 2.2.4.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from feedforward import initializers, random
from feedforward.compat.keras.serializing import Kind
from feedforward.compat.keras.spelling import is_keras_1
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.dispatch import computing
from feedforward.compat.version import written_for
from feedforward.nn.config import Range, check_choice, check_number
from feedforward.nn.initializers import Initializer, fans
from feedforward.tensor import Tensor

__all__ = ["as_initializer", "drawn_seed", "seeded", "KINDS"]

_TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal distribution cut off at -2 and 2."""


@provided("keras.initializers.VarianceScaling")
@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Draws with variance scale / n, where n is the number of inputs, outputs, or their mean.

    Parameters
    ----------
    scale : float
        Above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}
        What n is.
    distribution : {"normal", "uniform", "truncated_normal", "untruncated_normal"}
        "normal" is cut off at two standard deviations.
    seed : int, optional
        The key of the numbers.

    Notes
    -----
    Keras 1 drew from a normal distribution that is not cut off. Keras 2.0 and 2.1 cut it off without making up for the
    variance that is lost; both as the program's version has it.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        check_number("VarianceScaling", "scale", self.scale, Range(0, has_low=False))
        check_choice("VarianceScaling", "mode", self.mode, ("fan_in", "fan_out", "fan_avg"))
        kinds = ("normal", "uniform", "truncated_normal", "untruncated_normal")
        check_choice("VarianceScaling", "distribution", self.distribution, kinds)

    def __call__(
        self, shape: Sequence[int], dtype: npt.DTypeLike = "float32", fan: tuple[int, int] | None = None
    ) -> Tensor:
        """Return the numbers."""
        if len(shape) < 2:  # as in both: "no specific assumptions"
            fan_in = fan_out = math.sqrt(math.prod(shape))
        else:
            fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if is_keras_1() or self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        lost = _TRUNCATED_STDDEV if written_for().keras >= (2, 2) else 1.0
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / lost, dtype, self.seed)


@dataclass(frozen=True)
class Called(Initializer):
    """A function of a program's own that returns first values: of Keras 2 ``f(shape, dtype)``, of Keras 1 ``f(shape)``.

    Parameters
    ----------
    function : callable
        The function.
    """

    function: Callable[..., Any]

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return what it returns, as numbers."""
        with computing():  # also where a program makes a graph: weights have their values at once
            try:
                values = self.function(tuple(shape), dtype=dtype)
            except TypeError:  # one of Keras 1 takes a name
                values = self.function(tuple(shape))
        return Tensor(np.asarray(values, dtype))


def _scaling(mode: str, scale: float, distribution: str) -> Callable[..., VarianceScaling]:
    def make(seed: int | None = None) -> VarianceScaling:
        """Return the initializer; of Keras 1 it is given by its name alone."""
        return VarianceScaling(scale, mode, distribution, seed)

    return make


def _keras_1_function(kind: str) -> Callable[..., Any]:
    """Return what ``keras.initializations`` has: a function that returns a variable's first values."""

    def draw(shape: Sequence[int], scale: float | None = None, name: str | None = None) -> Tensor:
        given = as_initializer(kind)
        if scale is not None:
            settings = {"uniform": {"minval": -scale, "maxval": scale}, "normal": {"stddev": scale}}
            given = dataclasses.replace(given, **settings.get(kind, {"gain": scale}))
        return seeded(given)(shape)

    draw.__name__ = kind
    return draw


_GROUPS: dict[str, Callable[..., Initializer]] = {
    "glorot_uniform": _scaling("fan_avg", 1.0, "uniform"),
    "glorot_normal": _scaling("fan_avg", 1.0, "normal"),
    "he_uniform": _scaling("fan_in", 2.0, "uniform"),
    "he_normal": _scaling("fan_in", 2.0, "normal"),
    "lecun_uniform": _scaling("fan_in", 1.0, "uniform"),
    "lecun_normal": _scaling("fan_in", 1.0, "normal"),
}

_CLASSES: dict[str, tuple[Callable[..., Initializer], tuple[str, ...]]] = {
    "Zeros": (initializers.Zeros, ("zero", "zeros")),
    "Ones": (initializers.Ones, ("one", "ones")),
    "Constant": (initializers.Constant, ("constant",)),
    "RandomUniform": (initializers.RandomUniform, ("uniform", "random_uniform")),
    "RandomNormal": (initializers.RandomNormal, ("normal", "random_normal")),
    "TruncatedNormal": (initializers.TruncatedNormal, ("truncated_normal",)),
    "Orthogonal": (initializers.Orthogonal, ("orthogonal",)),
    "Identity": (initializers.Identity, ("identity",)),
}

KINDS = Kind("initializer", Initializer)
"""Every initializer by the names that programs and configurations have for it."""

provide(Initializer, "keras.initializers.Initializer")
KINDS.enter(VarianceScaling, "VarianceScaling", "variance_scaling")
for _name, _make in _GROUPS.items():
    KINDS.enter(_make, _name)
    provide(_make, f"keras.initializers.{_name}")
for _name, (_class, _others) in _CLASSES.items():
    KINDS.enter(_class, _name, *_others)
    provide(_class, f"keras.initializers.{_name}", *(f"keras.initializers.{other}" for other in _others))
for _name in (*_GROUPS, "uniform", "normal", "orthogonal", "identity", "zero", "one"):
    provide(_keras_1_function(_name), f"keras.initializations.{_name}")


@provided("keras.initializers.get", "keras.initializations.get", "keras.initializers.deserialize")
def as_initializer(thing: Any) -> Initializer:
    """Return the initializer that a name, a configuration, an instance or a function stands for.

    Raises
    ------
    ValueError, TypeError
        If it is none of them.
    """
    if is_keras_1() and thing == "orthogonal":
        return initializers.Orthogonal(1.1)
    found = KINDS.get(thing)
    return found if isinstance(found, Initializer) else Called(found)


def drawn_seed() -> int:
    """Return a seed drawn from NumPy, as Keras's backend did: so ``np.random.seed`` makes a program repeat itself."""
    return int(np.random.randint(10_000_000))


def seeded(initializer: Initializer) -> Initializer:
    """Return the initializer with a seed of its own, where it draws and has none."""
    if getattr(initializer, "seed", 0) is None:
        return dataclasses.replace(initializer, seed=drawn_seed())  # type: ignore[call-arg]
    return initializer
