"""Activations that have settings or weights of their own: layers of one tensor.

Each stands as a layer of a network, or is given to another layer as its ``activation``, which then owns its weights:
``Dense(64, activation=PReLU())``. To add one, write one dataclass here. Activations without settings are functions, in
``activations.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from feedforward.errors import ShapeError
from feedforward.graph.node import location_text, shape_text
from feedforward.nn.activations import elu, leaky_relu, maxout, softmax, swish
from feedforward.nn.config import Range, check_bool, check_int, check_number, is_int, registered, resolve
from feedforward.nn.constraints import Constraint, as_constraint
from feedforward.nn.initializers import INITIALIZERS, Constant, Initializer
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.regularizers import Regularizer, as_regularizer
from feedforward.tensor import Tensor, Variable

__all__ = [
    "ELU",
    "ActivationLayer",
    "LeakyReLU",
    "Maxout",
    "PReLU",
    "Softmax",
    "Swish",
]


@dataclass(eq=False)
class ActivationLayer(Layer):
    """Base of layers that may be the ``activation`` of another layer."""


@registered(LAYERS)
@dataclass(eq=False)
class LeakyReLU(ActivationLayer):
    """A layer that computes x where x > 0, and negative_slope x elsewhere.

    Parameters
    ----------
    negative_slope : float
        The slope below 0, at least 0; the default is that of Keras 3's layer.

    Examples
    --------
    >>> print(LeakyReLU(0.5)([[-2.0, 3.0]]))
    [[-1.  3.]]
    """

    negative_slope: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("LeakyReLU", "negative_slope", self.negative_slope, Range(0))
        self.negative_slope = float(self.negative_slope)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, less steep below 0."""
        return leaky_relu(self.as_float(x), self.negative_slope)


@registered(LAYERS)
@dataclass(eq=False)
class ELU(ActivationLayer):
    """A layer that computes x where x > 0, and alpha (exp(x) - 1) elsewhere.

    Parameters
    ----------
    alpha : float
        Minus the limit for small x, at least 0.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("ELU", "alpha", self.alpha, Range(0))
        self.alpha = float(self.alpha)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, bent below 0."""
        return elu(self.as_float(x), self.alpha)


@registered(LAYERS)
@dataclass(eq=False)
class Softmax(ActivationLayer):
    """A layer that computes exp(x) / sum(exp(x)), the sum taken along an axis.

    Parameters
    ----------
    axis : int
        The axis, counted with the batch; by default the last.
    """

    axis: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_int(self.axis):
            raise ValueError(f"Softmax(axis={self.axis!r}): axis must be an int. Got {self.axis!r}.")
        self.axis = int(self.axis)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return probabilities along the axis."""
        return softmax(self.as_float(x), self.axis)


@registered(LAYERS)
@dataclass(eq=False)
class PReLU(ActivationLayer):
    """A layer that computes x where x > 0, and a x elsewhere, with a slope a for each unit that is learned.

    Parameters
    ----------
    alpha_initializer : str or Initializer
        What fills a; zeros, as in Keras, make it `relu` at first.
    alpha_regularizer : str or Regularizer, optional
        What a costs, beside the loss. He et al. advise against any: it draws the slopes to those of `relu`.
    alpha_constraint : str or Constraint, optional
        What set a is kept in.
    shared_axes : sequence of int, optional
        Axes along which one slope is shared, counted with the batch, so from 1: ``(1, 2)`` gives each channel of images
        (batch, height, width, channels) one. None are by default, of which the sizes must be known.

    Notes
    -----
    The derivative by x at 0 is a; that by a is x below 0, and 0 elsewhere.

    References
    ----------
    He et al., "Delving deep into rectifiers", 2015, section 2.1; there a is 1/4 at first.

    Examples
    --------
    >>> print(PReLU(alpha_initializer="ones")([[-2.0, 3.0]]))
    [[-2.  3.]]
    """

    alpha_initializer: str | Initializer | dict[str, Any] = "zeros"
    alpha_regularizer: str | Regularizer | dict[str, Any] | None = None
    alpha_constraint: str | Constraint | dict[str, Any] | None = None
    shared_axes: Sequence[int] | None = None
    alpha: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.alpha_initializer = resolve(INITIALIZERS, self.alpha_initializer)
        self.alpha_regularizer = as_regularizer(self.alpha_regularizer)
        self.alpha_constraint = as_constraint(self.alpha_constraint)
        if self.shared_axes is not None:
            if not isinstance(self.shared_axes, list | tuple) or not all(is_int(axis, 1) for axis in self.shared_axes):
                raise ValueError(
                    f"PReLU(shared_axes={self.shared_axes!r}): shared_axes must be ints >= 1, counted with the batch. "
                    f"Got {self.shared_axes!r}."
                )
            self.shared_axes = tuple(int(axis) for axis in self.shared_axes)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the slopes.

        Raises
        ------
        ShapeError
            If the input has no unit, lacks one of the shared axes, or the size of another axis is not known.
        """
        shared = self.shared_axes or ()
        sizes = tuple(1 if axis in shared else size for axis, size in enumerate(shape[1:], 1))
        if len(shape) < 2 or max(shared, default=1) >= len(shape) or not all(isinstance(size, int) for size in sizes):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()} with shared_axes={shared}. "
                f"PReLU expects (batch, ...) with known sizes: share the slopes along axes of unknown size."
            )
        self.alpha = self.add_weight(
            "alpha",
            sizes,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, with slope a below 0."""
        return leaky_relu(self.as_float(x), self.alpha)


@registered(LAYERS)
@dataclass(eq=False)
class Swish(ActivationLayer):
    """A layer that computes x sigmoid(beta x), with beta fixed or learned.

    Parameters
    ----------
    beta : float
        Its value, or its first value.
    is_learned : bool
        Whether training changes it; one number for the whole layer.

    References
    ----------
    Ramachandran, Zoph and Le, "Searching for activation functions", 2017.
    """

    beta: float = 1.0
    is_learned: bool = False
    learned_beta: Variable | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("Swish", "beta", self.beta, Range())
        check_bool("Swish", "is_learned", self.is_learned)
        self.beta = float(self.beta)
        self.learned_beta = None

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make beta, if it is learned."""
        if self.is_learned:
            self.learned_beta = self.add_weight("beta", (), Constant(self.beta))

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x sigmoid(beta x)."""
        return swish(self.as_float(x), self.beta if self.learned_beta is None else self.learned_beta)


@registered(LAYERS)
@dataclass(eq=False)
class Maxout(ActivationLayer):
    """A layer that takes the largest of each `pieces` neighbours along the last axis.

    Parameters
    ----------
    pieces : int
        How many there are to a unit, at least 1.

    Notes
    -----
    ``Dense(k * pieces, activation=Maxout(pieces))`` is the maxout layer of Goodfellow et al., 2013, with k units.

    Examples
    --------
    >>> print(Maxout(3)([[1.0, 5.0, 2.0, -1.0, -3.0, -2.0]]))
    [[ 5. -1.]]
    """

    pieces: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_int("Maxout", "pieces", self.pieces, 1)
        self.pieces = int(self.pieces)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the largest of each piece."""
        return maxout(self.as_float(x), self.pieces)
