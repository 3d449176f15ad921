"""Layers for columns of a table: numbers as waves, a factor for each column, activations that are learned in part.

Not here: categories (``categories.py``), and the network that is made of them (``feedforward.tabular.realmlp``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from feedforward.errors import ShapeError
from feedforward.functions import concatenate, cos, expand_dims, reshape, transpose
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import location_text, shape_text
from feedforward.nn.activating import as_activation, as_name, is_activation_ours
from feedforward.nn.activation_layers import ActivationLayer
from feedforward.nn.config import Range, check_int, check_number, registered
from feedforward.nn.initializers import RandomNormal, RandomUniform
from feedforward.nn.layer import LAYERS, Layer
from feedforward.tensor import Tensor, Variable

__all__ = ["ParametricActivation", "PeriodicEmbedding", "Scaling"]


@registered(LAYERS)
@dataclass(eq=False)
class Scaling(Layer):
    """A layer that multiplies each feature by a factor that is learned: y = s x.

    Notes
    -----
    Input (..., d), output of its shape; s, shape (d,), is 1 at first. With a learning rate of its own, see
    `learning_rate_factors` of an optimizer, it finds out soon which columns matter.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
    2024, section 3.

    Examples
    --------
    >>> print(Scaling()([[1.0, -2.0]]))
    [[ 1. -2.]]
    """

    scale: Variable = field(init=False, repr=False)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the factors.

        Raises
        ------
        ShapeError
            If the input has fewer than two axes, or d is not known.
        """
        self.scale = self.add_weight("scale", (_features(self, shape),), "ones")

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return s x."""
        return self.as_float(x) * self.scale


@registered(LAYERS)
@dataclass(eq=False)
class ParametricActivation(ActivationLayer):
    """A layer that computes x + a (f(x) - x), with a share a of the activation f for each unit that is learned.

    Parameters
    ----------
    activation : str or callable
        f, by its name or as a function of one tensor.

    Notes
    -----
    a, shape (d,), is 1 at first, where this is f, and need not stay between 0 and 1; at 0 the unit is linear. The
    derivative by a is f(x) - x.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, 2024, section 3, as for `Scaling`.

    Examples
    --------
    >>> print(ParametricActivation("relu")([[-2.0, 3.0]]))
    [[0. 3.]]
    """

    activation: str | Callable[[Tensor], Tensor] | None
    alpha: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.activation = as_name(self.activation)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the shares.

        Raises
        ------
        ShapeError
            If the input has fewer than two axes, or d is not known.
        """
        self.alpha = self.add_weight("alpha", (_features(self, shape),), "ones")

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`."""
        return super().repeats(training) and is_activation_ours(self.activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x + a (f(x) - x)."""
        x = self.as_float(x)
        return x + self.alpha * (as_activation(self.activation)(x) - x)


@registered(LAYERS)
@dataclass(eq=False)
class PeriodicEmbedding(Layer):
    """A layer that makes of each number x mixtures of waves, and x: h V + c with h = cos(2 pi x w + b), then x.

    Parameters
    ----------
    waves : int
        How many there are for each feature.
    units : int
        How many mixtures of them, k, there are for each feature, beside the feature itself.
    stddev : float
        The standard deviation of the frequencies w at first, in waves per unit of x.

    Notes
    -----
    Input (n, d), output (n, d (k + 1)): the k mixtures of the first feature, those of the second, and so on, then the
    d features as they are. Each feature has weights of its own: w and b, shape (d, waves), V, shape (d, waves, k), and
    c, shape (d, k). At first w is normal, b uniform in [-pi, pi), V and c are uniform in ±1 / sqrt(waves).

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular deep learning", 2022, section 3.3;
    the form with phases and the number itself ("PBLD"): Holzmüller, Grinsztajn and Steinwart, 2024, section 3.

    Examples
    --------
    >>> layer = PeriodicEmbedding(waves=16, units=3)
    >>> y = layer([[0.5, -1.0]])
    >>> y.shape, y.numpy()[0, -2:].tolist()
    ((1, 8), [0.5, -1.0])
    """

    waves: int = 16
    units: int = 3
    stddev: float = 0.1
    frequencies: Variable = field(init=False, repr=False)
    phases: Variable = field(init=False, repr=False)
    kernel: Variable = field(init=False, repr=False)
    bias: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("PeriodicEmbedding", "waves", self.waves, 1)
        check_int("PeriodicEmbedding", "units", self.units, 1)
        check_number("PeriodicEmbedding", "stddev", self.stddev, Range(0))
        self.waves, self.units, self.stddev = int(self.waves), int(self.units), float(self.stddev)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make frequencies, phases, and what mixes the waves.

        Raises
        ------
        ShapeError
            If the input has not two axes, or d is not known.
        """
        d = _features(self, shape, axes=2)
        near = RandomUniform(-1 / math.sqrt(self.waves), 1 / math.sqrt(self.waves))
        self.frequencies = self.add_weight("frequencies", (d, self.waves), RandomNormal(0.0, self.stddev))
        self.phases = self.add_weight("phases", (d, self.waves), RandomUniform(-math.pi, math.pi))
        self.kernel = self.add_weight("kernel", (d, self.waves, self.units), near)
        self.bias = self.add_weight("bias", (d, self.units), near)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the mixtures of waves of all features, then the features."""
        x = self.as_float(x)
        # The features come first, so that their matrices are a batch of products.
        waves = cos(
            expand_dims(transpose(x), -1) * expand_dims(2 * math.pi * self.frequencies, 1) + expand_dims(self.phases, 1)
        )
        mixed = waves @ self.kernel + expand_dims(self.bias, 1)
        return concatenate([reshape(transpose(mixed, (1, 0, 2)), (x.node.shape[0], self.bias.size)), x], -1)


def _features(layer: Layer, shape: tuple[Any, ...], axes: int | None = None) -> int:
    """Return how many features there are in an input of a shape."""
    if len(shape) < 2 or len(shape) != (axes or len(shape)) or isinstance(shape[-1], Dimension):
        raise ShapeError(
            f"layer {layer.name!r}: input shape {shape_text(shape)}{location_text()}. {type(layer).__name__} expects "
            f"(batch, d) with d known: give the Input its shape."
        )
    return int(shape[-1])
