"""Layers that disturb in training what goes through them, as `Dropout` does, too."""

from __future__ import annotations

import math
from dataclasses import dataclass

from feedforward import random
from feedforward.nn.config import Range, check_number, registered
from feedforward.nn.layer import LAYERS, Layer
from feedforward.tensor import Tensor

__all__ = ["GaussianDropout", "GaussianNoise"]


@registered(LAYERS)
@dataclass(eq=False)
class GaussianNoise(Layer):
    """A layer that, in training, adds normal noise: y = x + e, e of mean 0 and standard deviation stddev.

    Parameters
    ----------
    stddev : float
        At least 0, in units of x.
    seed : int, optional
        The key of the noise; by default the model's.

    Raises
    ------
    ValueError
        If `stddev` is no number >= 0.

    Notes
    -----
    Outside training y = x.

    References
    ----------
    Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995.

    Examples
    --------
    >>> print(GaussianNoise(0.1)([[1.0, 2.0]]))
    [[1. 2.]]
    """

    stddev: float
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("GaussianNoise", "stddev", self.stddev, Range(0))
        self.stddev = float(self.stddev)
        self.seed = None if self.seed is None else random.check_seed(self.seed)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: each call draws other numbers."""
        return super().repeats(training) and not training

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, with noise in training."""
        if not training:
            return x
        x = self.as_float(x)
        return x + random.normal_of_step(x.node.shape, x.dtype, self.seed) * self.stddev


@registered(LAYERS)
@dataclass(eq=False)
class GaussianDropout(Layer):
    """A layer that, in training, multiplies with normal noise of mean 1 and variance rate / (1 - rate).

    Parameters
    ----------
    rate : float
        From 0 up to but not 1: mean and variance of y are those that `Dropout` gives it.
    seed : int, optional
        The key of the noise; by default the model's.

    Raises
    ------
    ValueError
        If the rate is not from 0 up to 1.

    Notes
    -----
    Outside training y = x.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 10.

    Examples
    --------
    >>> print(GaussianDropout(0.5)([[1.0, 2.0]]))
    [[1. 2.]]
    """

    rate: float
    seed: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("GaussianDropout", "rate", self.rate, Range(0, 1, has_high=False))
        self.rate = float(self.rate)
        self.seed = None if self.seed is None else random.check_seed(self.seed)

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: each call draws other numbers."""
        return super().repeats(training) and not training

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, in training each element times a number of its own."""
        if not training:
            return x
        x = self.as_float(x)
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return x * (random.normal_of_step(x.node.shape, x.dtype, self.seed) * stddev + 1.0)
