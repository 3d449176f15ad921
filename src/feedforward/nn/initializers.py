"""Initializers: what the first values of weights are drawn from.

To add one, write one dataclass: its fields are its configuration, `__call__` makes a tensor of a shape. An initializer
with a seed gives the same numbers every time; without one it goes on with the sequence of `feedforward.random`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from feedforward import random
from feedforward.errors import ShapeError
from feedforward.graph.node import shape_text
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import Range, check_number, registered
from feedforward.tensor import Tensor

__all__ = [
    "Initializer",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]

INITIALIZERS: Registry[type[Initializer]] = Registry("initializer")
"""Every initializer by its name."""

_TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal distribution cut off at -2 and 2."""


@dataclass(frozen=True)
class Initializer:
    """Base of all initializers.

    Notes
    -----
    To keep one of your own in a file, register it, also where the file is read: ``@registered(INITIALIZERS)`` above
    ``@dataclass``, with ``registered`` from `feedforward.nn.config`, the registry from `feedforward.nn.initializers`.
    """

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return first values.

        Parameters
        ----------
        shape : sequence of int
            Their shape.
        dtype : dtype
            Their dtype; for random ones float32 or float64.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__(). Define __call__(self, shape, dtype).")


@registered(INITIALIZERS, "zero")
@dataclass(frozen=True)
class Zeros(Initializer):
    """Fills with 0."""

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return zeros."""
        return _filled(shape, 0, dtype)


@registered(INITIALIZERS, "one")
@dataclass(frozen=True)
class Ones(Initializer):
    """Fills with 1."""

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return ones."""
        return _filled(shape, 1, dtype)


@registered(INITIALIZERS)
@dataclass(frozen=True)
class Constant(Initializer):
    """Fills with one number.

    Parameters
    ----------
    value : float
        The number.
    """

    value: float = 0.0

    def __post_init__(self) -> None:
        check_number("Constant", "value", self.value, Range())

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return `value` everywhere."""
        return _filled(shape, self.value, dtype)


@registered(INITIALIZERS, "uniform")
@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Draws uniformly from [minval, maxval).

    Parameters
    ----------
    minval, maxval : float
        The bounds.
    seed : int, optional
        The key of the numbers.
    """

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        check_number("RandomUniform", "minval", self.minval, Range())
        check_number("RandomUniform", "maxval", self.maxval, Range())
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform(minval={self.minval!r}, maxval={self.maxval!r}): minval must be <= maxval. "
                f"Got {self.minval!r} and {self.maxval!r}."
            )
        _check_seed(self.seed)

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return numbers uniform in [minval, maxval)."""
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)


@registered(INITIALIZERS, "normal")
@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Draws from a normal distribution.

    Parameters
    ----------
    mean : float
        Its mean.
    stddev : float
        Its standard deviation, at least 0.
    seed : int, optional
        The key of the numbers.
    """

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        check_number(type(self).__name__, "mean", self.mean, Range())
        check_number(type(self).__name__, "stddev", self.stddev, Range(0))
        _check_seed(self.seed)

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return normal numbers."""
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


@registered(INITIALIZERS)
@dataclass(frozen=True)
class TruncatedNormal(RandomNormal):
    """Draws from a normal distribution, and again where a number is more than two standard deviations off the mean.

    Parameters
    ----------
    mean, stddev, seed
        As for `RandomNormal`; `stddev` is that of the distribution before it is cut off.
    """

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return truncated normal numbers."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Base of those whose variance is scale / fan, so that signals keep their size from layer to layer.

    Parameters
    ----------
    seed : int, optional
        The key of the numbers.

    Notes
    -----
    fan_in and fan_out are d and k for a matrix (d, k), times the size of the window for a convolution's kernel
    (window..., d, k); for a vector (k,) both are k, for a scalar 1. "Normal" is a normal distribution cut off at two
    standard deviations and scaled so that the variance is scale / fan after the cut, as in Keras.
    """

    seed: int | None = None

    scale: ClassVar[float]
    fan: ClassVar[str]
    is_normal: ClassVar[bool]

    def __post_init__(self) -> None:
        _check_seed(self.seed)

    def __call__(
        self, shape: Sequence[int], dtype: npt.DTypeLike = "float32", fan: tuple[int, int] | None = None
    ) -> Tensor:
        """Return numbers of mean 0 and variance scale / fan; `fan` is (fan_in, fan_out) where no shape tells them."""
        fan_in, fan_out = fans(shape) if fan is None else fan
        size = fan_in if self.fan == "fan_in" else (fan_in + fan_out) / 2
        variance = self.scale / max(1.0, size)
        if self.is_normal:
            return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype, self.seed)
        limit = math.sqrt(3.0 * variance)
        return random.uniform(shape, -limit, limit, dtype, self.seed)


@registered(INITIALIZERS)
@dataclass(frozen=True)
class GlorotUniform(VarianceScaling):
    """Draws uniformly with variance 2 / (fan_in + fan_out): from [-l, l), l = sqrt(6 / (fan_in + fan_out)).

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, equation 16.

    Examples
    --------
    >>> kernel = GlorotUniform(seed=7)((200, 100)).numpy()
    >>> bool(abs(kernel).max() <= math.sqrt(6 / 300)), f"{kernel.var():.3f}"
    (True, '0.007')
    """

    scale = 1.0
    fan = "fan_average"
    is_normal = False


@registered(INITIALIZERS)
@dataclass(frozen=True)
class GlorotNormal(VarianceScaling):
    """Draws from a truncated normal distribution with variance 2 / (fan_in + fan_out).

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, equation 12.
    """

    scale = 1.0
    fan = "fan_average"
    is_normal = True


@registered(INITIALIZERS)
@dataclass(frozen=True)
class HeUniform(VarianceScaling):
    """Draws uniformly with variance 2 / fan_in: from [-l, l), l = sqrt(6 / fan_in). For layers with `relu`.

    References
    ----------
    He et al., "Delving deep into rectifiers", 2015, equation 10.
    """

    scale = 2.0
    fan = "fan_in"
    is_normal = False


@registered(INITIALIZERS)
@dataclass(frozen=True)
class HeNormal(VarianceScaling):
    """Draws from a truncated normal distribution with variance 2 / fan_in. For layers with `relu`.

    References
    ----------
    He et al., "Delving deep into rectifiers", 2015, equation 10; not truncated there.
    """

    scale = 2.0
    fan = "fan_in"
    is_normal = True


@registered(INITIALIZERS)
@dataclass(frozen=True)
class LecunUniform(VarianceScaling):
    """Draws uniformly with variance 1 / fan_in: from [-l, l), l = sqrt(3 / fan_in).

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, equation 16.
    """

    scale = 1.0
    fan = "fan_in"
    is_normal = False


@registered(INITIALIZERS)
@dataclass(frozen=True)
class LecunNormal(VarianceScaling):
    """Draws from a truncated normal distribution with variance 1 / fan_in.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, equation 16; not truncated there.
    """

    scale = 1.0
    fan = "fan_in"
    is_normal = True


@registered(INITIALIZERS)
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Draws a random orthogonal matrix times a gain, so that signals keep their length from layer to layer.

    Parameters
    ----------
    gain : float
        What it is multiplied by; sqrt(2) for layers with `relu`.
    seed : int, optional
        The key of the numbers.

    Notes
    -----
    All axes but the last are taken as one: of a (d, k) kernel the columns are orthonormal for d >= k, else the rows. It
    is the Q of a QR factorisation of normal numbers, R's diagonal made positive, in float64 by LAPACK: on another
    machine the last bits may differ.

    Raises
    ------
    ShapeError
        If there are fewer than two axes.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2014, section 3; Mezzadri, "How to generate random matrices from the classical compact groups", 2007,
    section 5, on the signs.

    Examples
    --------
    >>> q = Orthogonal(seed=1)((3, 2), "float64").numpy()
    >>> bool(abs(q.T @ q - np.eye(2)).max() < 1e-15)
    True
    """

    gain: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        check_number("Orthogonal", "gain", self.gain, Range())
        _check_seed(self.seed)

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return an orthogonal matrix, or part of one, in a shape."""
        _check_matrix("Orthogonal", shape, at_least=True)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(random.normal((long, short), dtype="float64", seed=self.seed).numpy())
        q = q * np.where(np.diagonal(r) < 0, -self.gain, self.gain)
        return Tensor((q if rows >= columns else q.T).reshape(tuple(shape)).astype(dtype))


@registered(INITIALIZERS)
@dataclass(frozen=True)
class Identity(Initializer):
    """Fills a matrix with a gain on the diagonal and 0 elsewhere.

    Parameters
    ----------
    gain : float
        The number on the diagonal.

    Raises
    ------
    ShapeError
        If there are not two axes.

    Examples
    --------
    >>> print(Identity(2.0)((2, 3)))
    [[2. 0. 0.]
     [0. 2. 0.]]
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("Identity", "gain", self.gain, Range())

    def __call__(self, shape: Sequence[int], dtype: npt.DTypeLike = "float32") -> Tensor:
        """Return `gain` on the diagonal."""
        _check_matrix("Identity", shape, at_least=False)
        return Tensor(np.eye(shape[0], shape[1], dtype=dtype) * np.asarray(self.gain, dtype))


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return how many inputs and outputs a weight of `shape` connects; see `VarianceScaling`.

    Examples
    --------
    >>> fans((784, 10)), fans((3, 3, 16, 32)), fans((10,)), fans(())
    ((784, 10), (144, 288), (10, 10), (1, 1))
    """
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _filled(shape: Sequence[int], value: float, dtype: npt.DTypeLike) -> Tensor:
    return Tensor(np.full(tuple(shape), value, dtype))


def _check_matrix(owner: str, shape: Sequence[int], at_least: bool) -> None:
    if len(shape) < 2 or (len(shape) > 2 and not at_least):
        raise ShapeError(
            f"{owner}: got shape {shape_text(tuple(shape))}. Expected {'at least ' if at_least else ''}two axes, as a "
            f"kernel has: choose another initializer for this weight."
        )


def _check_seed(seed: int | None) -> None:
    if seed is not None:
        random.check_seed(seed)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.initializers", __all__)
