"""The networks of the lab, each a list of rows: from one row come both the layer and the line of the script.

They are the rungs of the ladder (``examples/digits_ladder.py``), which takes its steps from M. Görner, "TensorFlow and
deep learning, without a PhD" (2017): a softmax, five layers, dropout, batch normalization, convolutions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from typing import Any

import feedforward as ff

__all__ = ["NETWORKS", "Network", "Part", "networks", "optimizer", "optimizer_text"]


@dataclass(frozen=True)
class Part:
    """A layer: the name of its class, and what it is given.

    Examples
    --------
    >>> Part("Dense", {"units": 10, "activation": "softmax"}).text
    "ff.layers.Dense(units=10, activation='softmax')"
    """

    kind: str
    given: dict[str, Any]

    @property
    def text(self) -> str:
        """The layer as a program writes it."""
        return f"ff.layers.{self.kind}({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"

    @property
    def is_shown(self) -> bool:
        """Whether its outputs are those that the page shows: what an activation leaves of a layer."""
        return self.kind == "Activation" or "activation" in self.given

    def layer(self) -> ff.layers.Layer:
        """Return a new layer."""
        made: ff.layers.Layer = getattr(ff.layers, self.kind)(**self.given)
        return made


@dataclass(frozen=True)
class Network:
    """Layers, and how they are trained.

    Parameters
    ----------
    parts : tuple of Part
        The layers after the pixels were scaled to 0..1.
    rate : float
        The learning rate; of one that falls, see `optimizer`, the largest but for 0.0001.
    decay : int
        In how many steps the learning rate falls by the factor e; 0: it does not.
    is_adam : bool
        Whether Adam changes the weights; otherwise plain gradient descent does.
    every : int
        After how many steps there is a point of the curves at first.
    """

    parts: tuple[Part, ...]
    rate: float
    decay: int = 0
    is_adam: bool = True
    every: int = 10


def _dense(units: int, activation: str, dropout: float = 0.0) -> Iterable[Part]:
    yield Part("Dense", {"units": units, "activation": activation})
    if dropout:
        yield Part("Dropout", {"rate": dropout})


def _normalized(units: int) -> Iterable[Part]:
    yield Part("Dense", {"units": units, "use_bias": False})  # the normalization has one
    yield Part("BatchNormalization", {})
    yield Part("Activation", {"activation": "relu"})


def _five(activation: str, dropout: float = 0.0) -> tuple[Part, ...]:
    hidden = [part for units in (200, 100, 60, 30) for part in _dense(units, activation, dropout)]
    return (Part("Flatten", {}), *hidden, *_dense(10, "softmax"))


def _convolution(filters: int, size: int, strides: int) -> Part:
    given = {"filters": filters, "kernel_size": size, "strides": strides, "padding": "same", "activation": "relu"}
    return Part("Conv2D", given)


def networks(side: int) -> dict[str, Network]:
    """Return the networks for images of so many pixels a side, by name."""
    return {
        "softmax": Network(
            (
                Part("Flatten", {}),
                Part("Dense", {"units": 10, "activation": "softmax", "kernel_initializer": "zeros"}),
            ),
            rate=0.5,
            is_adam=False,
        ),
        "sigmoid": Network(_five("sigmoid"), rate=0.003),
        "relu": Network(_five("relu"), rate=0.003, decay=2000),
        "dropout": Network(_five("relu", 0.25), rate=0.003, decay=2000),
        "norm": Network(
            (
                Part("Flatten", {}),
                *(part for units in (200, 100, 60, 30) for part in _normalized(units)),
                *_dense(10, "softmax"),
            ),
            rate=0.03,
            decay=1000,
        ),
        "conv": Network(
            (
                Part("Reshape", {"target_shape": (side, side, 1)}),
                _convolution(4, 5, 1),
                _convolution(8, 5, 2),
                _convolution(12, 4, 2),
                Part("Flatten", {}),
                *_dense(200, "relu"),
                *_dense(10, "softmax"),
            ),
            rate=0.003,
            decay=2000,
            every=20,
        ),
    }


NETWORKS = tuple(networks(28))
"""The names of the networks, in the order of a course."""

_LEAST_RATE = 1e-4


def optimizer(network: Network, rate: float, decay: int) -> ff.optimizers.Optimizer:
    """Return what trains a network.

    A learning rate that falls is ``0.0001 + rate exp(-t / decay)`` after t steps.
    """
    falling = ff.optimizers.schedules.ExponentialDecay(
        _LEAST_RATE + rate, max(decay, 1), exp(-1), end_learning_rate=_LEAST_RATE
    )
    kind = ff.optimizers.Adam if network.is_adam else ff.optimizers.SGD
    return kind(falling if decay else rate)


def optimizer_text(network: Network, rate: float, decay: int) -> str:
    """Return the same as a program writes it."""
    falling = (
        f"ff.optimizers.schedules.ExponentialDecay({_LEAST_RATE + rate!r}, {decay}, {exp(-1)!r}, "
        f"end_learning_rate={_LEAST_RATE!r})"
    )
    return f"ff.optimizers.{'Adam' if network.is_adam else 'SGD'}({falling if decay else repr(rate)})"
