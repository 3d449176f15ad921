"""RealMLP: a multilayer perceptron for tables whose settings were tuned once, on many tables, for all others.

Here are its settings, its network and the first values of its weights. Not here: how it is trained (``members.py``),
how columns become numbers (``encoding.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import filter as filter_names
from typing import Any

import numpy as np

from feedforward import random
from feedforward.functions import reshape, take
from feedforward.graph.node import Array
from feedforward.nn.activating import as_activation, as_name
from feedforward.nn.config import Range, check_bool, check_int, check_number
from feedforward.nn.initializers import RandomNormal
from feedforward.nn.layers import (
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Input,
    ParametricActivation,
    PeriodicEmbedding,
    Scaling,
)
from feedforward.nn.optimizers import Adam
from feedforward.nn.schedules import FlatCosine, LogCosine
from feedforward.tensor import Tensor
from feedforward.training.model import Model

__all__ = ["Member", "RealMLP", "Shape"]

_MOST_ROWS = 10_000
"""Of the training rows: the first weights are measured on so many, which fixes a standard deviation to a hundredth."""

_RATE = Range(0, has_low=False)


@dataclass(frozen=True)
class RealMLP:
    """The settings of a RealMLP, by default those tuned for classes ("TD").

    Parameters
    ----------
    hidden : tuple of int
        The units of each hidden layer.
    activation : str
        f of the hidden layers.
    is_activation_learned : bool
        Whether each unit learns how much of f it takes, see `ParametricActivation`.
    waves, mixtures : int
        Of the periodic embedding of each numeric column, see `PeriodicEmbedding`; waves=0 leaves it out.
    stddev : float
        Of the frequencies of the waves at first.
    embedding_size : int
        The length of the vector of each category of the columns that are embedded.
    dropout, weight_decay : float
        Their values at first: both are that for half of the steps, then fall to 0 by a cosine.
    learning_rate : float
        The top of the four waves of the learning rate, see `LogCosine`.
    beta_2 : float
        Of Adam.
    scaling_rate, periodic_rate, embedding_rate, bias_rate, activation_rate : float
        By what factor those parameters learn faster.
    label_smoothing : float
        Of the cross-entropy, in training alone; 0 where probabilities are judged rather than errors.
    is_measured : bool
        Whether the first weights and biases are fitted to the training rows; else they are normal, the last layer's 0.
    is_clamped : bool
        Whether predicted numbers stay within the range of those that it was trained on.
    epochs : int
        How many there are: all are run.
    batch_size : int or None
        Rows in a batch, or all where there are fewer; None: by their number, from 64 up to 1,024.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
    2024, table A.1; values of weight decay for each kind of parameter are those of the authors' program, whose factors
    enter squared.

    Examples
    --------
    >>> RealMLP.for_numbers().learning_rate, RealMLP().simplified().waves
    (0.2, 0)
    """

    hidden: tuple[int, ...] = (256, 256, 256)
    activation: str = "selu"
    is_activation_learned: bool = True
    waves: int = 16
    mixtures: int = 3
    stddev: float = 0.1
    embedding_size: int = 8
    dropout: float = 0.15
    weight_decay: float = 0.02
    learning_rate: float = 0.04
    beta_2: float = 0.95
    scaling_rate: float = 6.0
    periodic_rate: float = 0.1
    embedding_rate: float = 1.0
    bias_rate: float = 0.1
    activation_rate: float = 0.1
    label_smoothing: float = 0.1
    is_measured: bool = True
    is_clamped: bool = True
    epochs: int = 256
    batch_size: int | None = 256

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, list | tuple) or not self.hidden:
            raise ValueError(
                f"RealMLP(hidden={self.hidden!r}): hidden must hold the units of at least one layer. "
                f"Got {self.hidden!r}."
            )
        for units in self.hidden:
            check_int("RealMLP", "hidden", units, 1)
        object.__setattr__(self, "hidden", tuple(int(units) for units in self.hidden))
        as_name(self.activation)
        for name, least in (("waves", 0), ("mixtures", 1), ("embedding_size", 1), ("epochs", 1)):
            check_int("RealMLP", name, getattr(self, name), least)
        if self.batch_size is not None:
            check_int("RealMLP", "batch_size", self.batch_size, 1)
        for name in ("is_activation_learned", "is_measured", "is_clamped"):
            check_bool("RealMLP", name, getattr(self, name))
        for name in (name for name in vars(self) if name.endswith("_rate")):
            check_number("RealMLP", name, getattr(self, name), _RATE)
        for name, allowed in (
            ("stddev", Range(0)),
            ("weight_decay", Range(0)),
            ("dropout", Range(0, 1, has_high=False)),
            ("beta_2", Range(0, 1, has_high=False)),
            ("label_smoothing", Range(0, 1)),
        ):
            check_number("RealMLP", name, getattr(self, name), allowed)

    @classmethod
    def for_numbers(cls) -> RealMLP:
        """Return the settings tuned for numbers: Mish, and steps five times as long."""
        return cls(activation="mish", learning_rate=0.2)

    def simplified(self) -> RealMLP:
        """Return the small variant ("TD-S"): no waves, dropout, decay or learned activation, and plain first weights.

        Its columns of categories are all to be one-hot.
        """
        return replace(
            self,
            is_activation_learned=False,
            waves=0,
            dropout=0.0,
            weight_decay=0.0,
            is_measured=False,
            is_clamped=False,
            learning_rate=0.07 if self.activation == "mish" else 0.04,
        )

    def rows_of_batch(self, rows: int) -> int:
        """Return how many rows a batch has where there are so many in all."""
        if self.batch_size is not None:
            return min(self.batch_size, rows)
        sizes = ((1024, 64), (8192, 128), (30_000, 256), (100_000, 512))
        return min(rows, next((size for most, size in sizes if rows <= most), 1024))


@dataclass(frozen=True)
class Shape:
    """What a network is made for.

    Parameters
    ----------
    numbers : int
        How many columns of numbers there are.
    waved : tuple of int
        Which of them get a periodic embedding: those that are no one-hot columns.
    sizes : tuple of int
        How many codes each embedded column of categories has.
    outputs : int
        How many classes or targets there are.
    """

    numbers: int
    waved: tuple[int, ...]
    sizes: tuple[int, ...]
    outputs: int

    def inputs(self) -> list[Tensor]:
        """Return what is fed to a network: ``numbers`` and ``codes``, where there are any."""
        numbers = [Input((self.numbers,), name="numbers")] if self.numbers else []
        return numbers + ([Input((len(self.sizes),), dtype="int32", name="codes")] if self.sizes else [])


@dataclass(frozen=True, eq=False)
class Member:
    """A network and how it is trained; an ensemble has several.

    Parameters
    ----------
    settings : RealMLP
        Its settings.
    shape : Shape
        What it is made for.
    seed : int
        What its first weights, its dropout and the order of its rows come from.
    steps : int
        In how many it will be trained.
    name : str
        What summaries call it.
    """

    settings: RealMLP
    shape: Shape
    seed: int
    steps: int
    name: str = "member"
    front: Model = field(init=False)
    model: Model = field(init=False)

    def __post_init__(self) -> None:
        with random.drawing_from(self.seed, 0):  # whatever this thread has drawn
            inputs = self.shape.inputs()
            front = self._front(inputs)
            object.__setattr__(self, "front", Model(inputs, front))
            object.__setattr__(self, "model", Model(inputs, self._behind(front), name=self.name))
        self.model.seed = self.seed

    def _front(self, inputs: list[Tensor]) -> Tensor:
        """Return what the first dense layer sees."""
        settings, shape = self.settings, self.shape
        parts = []
        if shape.numbers:
            x = inputs[0]
            waved = [*shape.waved] if settings.waves else []
            if waved:
                periodic = PeriodicEmbedding(settings.waves, settings.mixtures, settings.stddev, name="periodic")
                parts.append(periodic(_columns(x, waved)))
            others = [place for place in range(shape.numbers) if place not in waved]
            if others:
                parts.append(_columns(x, others))
        if shape.sizes:
            # One table for all columns, in which each has rows of its own.
            starts = np.cumsum([0, *shape.sizes[:-1]]).astype(np.int32)
            table = Embedding(sum(shape.sizes), settings.embedding_size, RandomNormal(stddev=1.0), name="embedding")
            found = table(inputs[-1] + starts)
            parts.append(reshape(found, (found.node.shape[0], len(shape.sizes) * settings.embedding_size)))
        return Scaling(name="scaling")(parts[0] if len(parts) == 1 else Concatenate()(*parts))

    def _behind(self, x: Tensor) -> Tensor:
        """Return the outputs; `initialise` gives kernels their first values, and random ones would take programs."""
        settings = self.settings
        for number, units in enumerate(settings.hidden, 1):
            activation: Any = settings.activation
            if settings.is_activation_learned:
                activation = ParametricActivation(settings.activation)
            x = Dense(units, activation=activation, kernel_initializer="zeros", name=f"hidden_{number}")(x)
            if settings.dropout:
                rate = FlatCosine(settings.dropout, self.steps)
                x = Dropout(rate, name=f"dropout_{number}")(x)
        return Dense(self.shape.outputs, kernel_initializer="zeros", name="output")(x)

    @property
    def dense(self) -> list[Any]:
        """Its dense layers, from the first to the last."""
        return [layer for layer in self.model.layers if isinstance(layer, Dense)]

    def optimizer(self) -> Adam:
        """Return what changes its weights.

        Notes
        -----
        The paper's layers compute x W / sqrt(d) + b. Here they are x W' + b with W' = W / sqrt(d): the steps of Adam do
        not depend on the scale of gradients, so W' with a learning rate of 1 / sqrt(d) of that of W is the same.
        """
        settings = self.settings
        factors = {"periodic/*": (settings.periodic_rate,) * 2, "scaling/*": (settings.scaling_rate,) * 2}
        factors |= {"embedding/*": (settings.embedding_rate, 1.0), "*/alpha": (settings.activation_rate,) * 2}
        for layer in self.dense:
            factors[f"{layer.name}/kernel"] = 1 / math.sqrt(layer.kernel.shape[0]), math.sqrt(layer.kernel.shape[0])
        factors["*/bias"] = settings.bias_rate, 0.0
        names = [weight.name for weight in self.model.trainable_weights]
        factors = {pattern: pair for pattern, pair in factors.items() if filter_names(names, pattern)}
        return Adam(
            LogCosine(settings.learning_rate, self.steps),
            beta_2=settings.beta_2,
            epsilon=1e-8,
            weight_decay=FlatCosine(settings.weight_decay, self.steps) if settings.weight_decay else None,
            learning_rate_factors={pattern: rate for pattern, (rate, _) in factors.items()},
            # A parameter with the factors f and h decays by (rate f) (decay h): by what it is times f^2.
            weight_decay_factors={pattern: h for pattern, (_, h) in factors.items()} if settings.weight_decay else {},
        )

    def initialise(self, arrays: Sequence[Array]) -> None:
        """Give its dense layers first weights and biases.

        Parameters
        ----------
        arrays : list of array, shapes (n, ...)
            What is fed of the training rows.

        Notes
        -----
        Where they are measured, layer after layer: W is normal, and each of its columns is divided by the standard
        deviation that the unit's sums x W have over the rows, so that it is 1. The bias is minus a mixture of the
        sums of five random rows, with weights that are exponential and add up to 1: so the kink of an activation lies
        among the data. Nothing is dropped out meanwhile.
        """
        generator = np.random.default_rng(self.seed)
        rows = len(arrays[0])
        if not self.settings.is_measured:
            for layer in self.dense[:-1]:
                d, units = layer.kernel.shape
                layer.kernel.assign((generator.normal(size=(d, units)) / math.sqrt(d)).astype(np.float32))
                layer.bias.assign(generator.normal(size=units).astype(np.float32))
            return
        if rows > _MOST_ROWS:
            chosen = generator.choice(rows, _MOST_ROWS, replace=False)
            arrays = [array[chosen] for array in arrays]
        x = self.front.predict([*arrays] if len(arrays) > 1 else arrays[0], verbose=0)
        for layer in self.dense:
            w = generator.standard_normal(layer.kernel.shape, np.float32)
            sums = x @ w
            spread = sums.std(axis=0)
            spread[spread == 0] = 1  # of rows that are all the same
            sums /= spread
            bias = -_mixed(sums, generator)
            layer.kernel.assign(w / spread)
            layer.bias.assign(bias)
            if layer is not self.dense[-1]:
                x = as_activation(layer.activation)(Tensor(sums + bias)).numpy()


def _columns(x: Tensor, places: list[int]) -> Tensor:
    """Return some columns, which are mostly neighbours."""
    return x[:, places[0] : places[-1] + 1] if places == [*range(places[0], places[-1] + 1)] else take(x, places, 1)


def _mixed(sums: Array, generator: np.random.Generator) -> Array:
    """Return for each unit a mixture of the sums of five random rows."""
    rows = generator.integers(len(sums), size=(5, sums.shape[1]))
    shares = generator.exponential(size=rows.shape)
    mixed = np.take_along_axis(sums, rows, 0) * (shares / shares.sum(axis=0))
    bias: Array = mixed.sum(axis=0).astype(np.float32)
    return bias
