"""Layers that bring numbers to mean 0 and variance 1 by those that they see: over a batch, or within a sample.

`Normalization`, which goes by the training data as a whole, stands in ``layers.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from feedforward.errors import ShapeError
from feedforward.functions import mean, reshape, sqrt, square
from feedforward.graph.node import Shape, location_text, shape_text
from feedforward.nn.config import Range, check_bool, check_number, is_int, registered, resolve
from feedforward.nn.constraints import Constraint, as_constraint
from feedforward.nn.initializers import INITIALIZERS, Initializer
from feedforward.nn.layer import LAYERS, Layer
from feedforward.nn.regularizers import Regularizer, as_regularizer
from feedforward.tensor import Tensor, Variable

__all__ = ["BatchNormalization", "LayerNormalization"]


class _Standardising(Layer):
    """What layers have in common that standardise by what they see, then scale and shift: y = gamma z + beta.

    No dataclass: each of them names its fields itself, in the order of Keras.
    """

    axis: int | Sequence[int]
    epsilon: float
    center: bool
    scale: bool
    beta_initializer: str | Initializer | dict[str, Any]
    gamma_initializer: str | Initializer | dict[str, Any]
    beta_regularizer: str | Regularizer | dict[str, Any] | None
    gamma_regularizer: str | Regularizer | dict[str, Any] | None
    beta_constraint: str | Constraint | dict[str, Any] | None
    gamma_constraint: str | Constraint | dict[str, Any] | None
    gamma: Variable | None
    beta: Variable | None

    def __post_init__(self) -> None:
        super().__post_init__()
        owner = type(self).__name__
        check_number(owner, "epsilon", self.epsilon, Range(0))
        check_bool(owner, "center", self.center)
        check_bool(owner, "scale", self.scale)
        self.epsilon = float(self.epsilon)
        self.beta_initializer = resolve(INITIALIZERS, self.beta_initializer)
        self.gamma_initializer = resolve(INITIALIZERS, self.gamma_initializer)
        self.beta_regularizer = as_regularizer(self.beta_regularizer)
        self.gamma_regularizer = as_regularizer(self.gamma_regularizer)
        self.beta_constraint = as_constraint(self.beta_constraint)
        self.gamma_constraint = as_constraint(self.gamma_constraint)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make gamma and beta.

        Raises
        ------
        ShapeError
            If the input has no such axis, it is the batch's, or its size is not known.
        """
        size = tuple(shape[axis] for axis in self._axes(shape))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                size,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                size,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def _axes(self, shape: Shape) -> tuple[int, ...]:
        """Return the axes that have an element of gamma and beta each."""
        given = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        axes = [int(axis) + len(shape) * (axis < 0) for axis in given]
        is_known = all(1 <= axis < len(shape) and isinstance(shape[axis], int) for axis in axes)
        if not is_known or len(set(axes)) < len(axes):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(shape)}{location_text()}. {type(self).__name__} expects "
                f"features along axis {self.axis}, not the first, and as many as are known. Choose another axis."
            )
        return tuple(sorted(axes))

    def _along(self, weight: Tensor, x: Tensor, axes: Sequence[int]) -> Tensor:
        """Return a weight with axes of one element where x has others than `axes`."""
        sizes = iter(weight.node.shape)
        return reshape(weight, tuple(next(sizes) if axis in axes else 1 for axis in range(x.ndim)))

    def _standardised(self, x: Tensor, means: Tensor, variances: Tensor, axes: Sequence[int]) -> Tensor:
        """Return gamma (x - mean) / sqrt(variance + epsilon) + beta."""
        y = (x - means) / sqrt(variances + self.epsilon)
        y = y if self.gamma is None else y * self._along(self.gamma, x, axes)
        return y if self.beta is None else y + self._along(self.beta, x, axes)


@registered(LAYERS)
@dataclass(eq=False)
class BatchNormalization(_Standardising):
    """A layer that standardises each feature by the batch it trains on: y = gamma (x - m) / sqrt(v + epsilon) + beta.

    Parameters
    ----------
    axis : int
        The features': by default the last. Mean and variance go over all other axes, the batch among them.
    momentum : float
        What the running mean and variance keep of themselves in each step of training, from 0 to 1:
        r becomes momentum r + (1 - momentum) m.
    epsilon : float
        What is added to the variance, at least 0.
    center, scale : bool
        Whether there is a beta, and a gamma; both are learned.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer : str or Initializer
        What fills them.
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
        What they cost, beside the loss.
    beta_constraint, gamma_constraint : str or Constraint, optional
        What set they are kept in.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range.

    Notes
    -----
    In training m and v are mean and variance of the batch, v = mean((x - m)^2), in two passes, so that it is accurate
    where the mean is large. Outside training, and while ``trainable`` is False, they are the running ones, which start
    at 0 and 1 and are in the file with the weights: then a sample's output does not depend on its batch. PyTorch calls
    1 - momentum momentum, and its running variance has the divisor n - 1.

    Before `relu` no bias is needed: ``Dense(100, use_bias=False)``, for beta is one.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
    2015, algorithms 1 and 2; running means in place of those over all batches, as everybody has it.

    Examples
    --------
    >>> layer = BatchNormalization(epsilon=0.0)
    >>> print(layer([[1.0], [3.0]], training=True))
    [[-1.]
     [ 1.]]
    >>> print(f"{layer.moving_mean.numpy()[0]:.2f} {layer.moving_variance.numpy()[0]:.2f}")
    0.02 1.00
    """

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer | dict[str, Any] = "zeros"
    gamma_initializer: str | Initializer | dict[str, Any] = "ones"
    moving_mean_initializer: str | Initializer | dict[str, Any] = "zeros"
    moving_variance_initializer: str | Initializer | dict[str, Any] = "ones"
    beta_regularizer: str | Regularizer | dict[str, Any] | None = None
    gamma_regularizer: str | Regularizer | dict[str, Any] | None = None
    beta_constraint: str | Constraint | dict[str, Any] | None = None
    gamma_constraint: str | Constraint | dict[str, Any] | None = None
    gamma: Variable | None = field(init=False, repr=False)
    beta: Variable | None = field(init=False, repr=False)
    moving_mean: Variable = field(init=False, repr=False)
    moving_variance: Variable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_int(self.axis):
            raise ValueError(f"BatchNormalization(axis={self.axis!r}): axis must be an int. Got {self.axis!r}.")
        check_number("BatchNormalization", "momentum", self.momentum, Range(0, 1))
        self.axis, self.momentum = int(self.axis), float(self.momentum)
        self.moving_mean_initializer = resolve(INITIALIZERS, self.moving_mean_initializer)
        self.moving_variance_initializer = resolve(INITIALIZERS, self.moving_variance_initializer)

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make gamma, beta and the running statistics; see `_Standardising.build`."""
        super().build(shape)
        size = tuple(shape[axis] for axis in self._axes(shape))
        self.moving_mean = self.add_weight("moving_mean", size, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", size, self.moving_variance_initializer, trainable=False
        )

    def repeats(self, training: bool) -> bool:
        """See `Layer.repeats`: what a call in training does depends on `trainable`, which may change at any time."""
        return super().repeats(training) and not training

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the standardised x; in training the running statistics go on.

        Raises
        ------
        ShapeError
            If the input has other features than the first one had; in training, if it has no elements.
        """
        x = self.as_float(x)
        axes = self._axes(x.node.shape)
        size = tuple(x.node.shape[axis] for axis in axes)
        if size != self.moving_mean.node.shape:
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()} has {size[0]} features "
                f"along axis {self.axis}, the first had {self.moving_mean.shape[0]}. Give as many."
            )
        if not (training and self.trainable):
            means, variances = (self._along(weight, x, axes) for weight in (self.moving_mean, self.moving_variance))
            return self._standardised(x, means, variances, axes)
        others = [axis for axis in range(x.ndim) if axis not in axes]
        if any(x.node.shape[axis] == 0 for axis in others):  # 0 / 0 would stay in the running statistics for good
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()} has no mean. Give at "
                f"least one sample in training."
            )
        means = mean(x, others, keepdims=True)
        variances = mean(square(x - means), others, keepdims=True)
        for running, present in ((self.moving_mean, means), (self.moving_variance, variances)):
            running.assign(running * self.momentum + reshape(present, size) * (1.0 - self.momentum))
        return self._standardised(x, means, variances, axes)


@registered(LAYERS)
@dataclass(eq=False)
class LayerNormalization(_Standardising):
    """A layer that standardises each sample by itself: y = gamma (x - m) / sqrt(v + epsilon) + beta.

    Parameters
    ----------
    axis : int or several
        The axes over which mean m and variance v of a sample go, and along which gamma and beta have an element each;
        by default the last.
    epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint,
    gamma_constraint
        As for `BatchNormalization`.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016, equation 4.

    Examples
    --------
    >>> print(LayerNormalization(epsilon=0.0)([[1.0, 3.0], [2.0, 6.0]]))
    [[-1.  1.]
     [-1.  1.]]
    """

    axis: int | Sequence[int] = -1
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    beta_initializer: str | Initializer | dict[str, Any] = "zeros"
    gamma_initializer: str | Initializer | dict[str, Any] = "ones"
    beta_regularizer: str | Regularizer | dict[str, Any] | None = None
    gamma_regularizer: str | Regularizer | dict[str, Any] | None = None
    beta_constraint: str | Constraint | dict[str, Any] | None = None
    gamma_constraint: str | Constraint | dict[str, Any] | None = None
    gamma: Variable | None = field(init=False, repr=False)
    beta: Variable | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        given: Any = self.axis
        axes = list(given) if isinstance(given, list | tuple) else [given]
        if not axes or not all(is_int(axis) for axis in axes) or len(set(axes)) < len(axes):
            raise ValueError(
                f"LayerNormalization(axis={given!r}): axis must be an int, or several that differ. Got {given!r}."
            )
        self.axis = tuple(int(axis) for axis in axes) if isinstance(given, list | tuple) else int(given)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the standardised x.

        Raises
        ------
        ShapeError
            If the input has other features than the first one had.
        """
        x = self.as_float(x)
        axes = self._axes(x.node.shape)
        weight = self.gamma if self.gamma is not None else self.beta
        if weight is not None and weight.node.shape != tuple(x.node.shape[axis] for axis in axes):
            raise ShapeError(
                f"layer {self.name!r}: input shape {shape_text(x.node.shape)}{location_text()} does not have the "
                f"features of the first one, {shape_text(weight.node.shape)} along axis {self.axis}. Give as many."
            )
        means = mean(x, axes, keepdims=True)
        return self._standardised(x, means, mean(square(x - means), axes, keepdims=True), axes)
