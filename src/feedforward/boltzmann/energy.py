"""The two sides of a machine, and what one knows of the other: means, draws, and the energy with one side summed out.

A machine's energy is the same seen from either side, so each formula stands here once. Not here: the weights.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from feedforward import random
from feedforward.functions import cast, less, square
from feedforward.functions import sum as total
from feedforward.nn.activations import sigmoid, softplus
from feedforward.tensor import Tensor

__all__ = ["KINDS", "Kind", "drawn", "free_energy", "means"]

Kind: TypeAlias = Literal["binary", "gaussian"]
"""What the units of a side are: 0 or 1, or any number, with variance 1 given the other side."""

KINDS = ("binary", "gaussian")


def means(total_input: Tensor, kind: Kind) -> Tensor:
    """Return the means of units given the other side; their total input is bias and weighted sum."""
    return sigmoid(total_input) if kind == "binary" else total_input


def drawn(mean: Tensor, kind: Kind) -> Tensor:
    """Return states drawn with these means, by the random numbers of `random`."""
    if kind == "binary":
        return cast(less(random.uniform(mean.node.shape, dtype=mean.dtype), mean), mean.dtype)
    return mean + random.normal(mean.node.shape, dtype=mean.dtype)


def free_energy(states: Tensor, kernel: Tensor, bias: Tensor, kind: Kind, other_bias: Tensor, other: Kind) -> Tensor:
    """Return F of states of one side: exp(-F) is exp(-E), summed over the states of the other side.

    Parameters
    ----------
    states : float tensor, shape (n, d)
        States of the one side.
    kernel : float tensor, shape (d, m)
        Weights W from the one side to the other.
    bias, other_bias : float tensor, shapes (d,) and (m,)
        b and c.
    kind, other : {"binary", "gaussian"}
        Of the one side and the other.

    Returns
    -------
    float tensor, shape (n,)
        In nats. With a = sW: -b s or (s - b)^2 / 2 for the one side; for each unit of the other, -log(1 + exp(c + a)),
        or -(c a + a^2 / 2) - log(2 pi) / 2, the integral of exp(-(h - c)^2 / 2 + h a).
    """
    a = states @ kernel
    own: Tensor = -(states @ bias) if kind == "binary" else total(square(states - bias), 1) * 0.5
    if other == "binary":
        return own - total(softplus(a + other_bias), 1)
    return own - total(a * other_bias + square(a) * 0.5 + 0.5 * math.log(2 * math.pi), 1)
