"""What variables of TensorFlow's start from, by the formulas and defaults of TensorFlow 1."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import provided
from feedforward.compat.tensorflow import arrays, random
from feedforward.compat.tensorflow.dispatch import is_eager, operation
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.running import present_plan
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.version import written_for
from feedforward.nn.initializers import Initializer as OurInitializer

__all__ = ["Initializer", "called_without_shape", "default_of", "first_value"]

_TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal distribution cut off at -2 and 2."""


class Initializer:
    """Base of all initializers: ``initializer(shape, dtype)`` returns first values."""

    dtype: Any = None

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """Return a tensor of a shape.

        Parameters
        ----------
        shape : sequence of int
            Its shape.
        dtype : dtype, optional
            The type of its elements; by default that of the initializer.
        partition_info : optional
            Which part of a variable it is; here they are whole.
        """
        sizes = TensorShape(shape).as_list() if isinstance(shape, TensorShape) else arrays.ints(shape)
        return self.make(sizes, as_dtype(dtype or self.dtype or "float32").base_dtype)

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """Return first values."""
        raise NotImplementedError(f"{type(self).__name__} has no make().")

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        return {key: value for key, value in vars(self).items() if key != "dtype"} | {
            "dtype": as_dtype(self.dtype or "float32").name
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Return an initializer of some settings."""
        return cls(**config)


class _Filled(Initializer):
    """Fills with one number; before TensorFlow 1.0 it was a function of the shape."""

    _number: float

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        shape = args[0] if args else kwargs.pop("shape", None)
        if not isinstance(shape, list | tuple | TensorShape):
            return made
        made.__init__(*args[1:], **kwargs)  # type: ignore[misc]
        return made(shape)

    def __init__(self, dtype: Any = "float32") -> None:
        self.dtype = dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        return (arrays.ones if self._number else arrays.zeros)(shape, dtype)


@provided("tf.zeros_initializer", "tf.initializers.zeros", "tf.initializers.Zeros")
class Zeros(_Filled):
    """Fills with 0."""

    _number = 0


@provided("tf.ones_initializer", "tf.initializers.ones", "tf.initializers.Ones")
class Ones(_Filled):
    """Fills with 1."""

    _number = 1


@provided("tf.constant_initializer", "tf.initializers.constant", "tf.initializers.Constant")
class Constant(Initializer):
    """Fills with a number, or with those of a list in their order and then its last one.

    Parameters
    ----------
    value : number, list or array
        What is filled in.
    dtype : dtype
        The type of the elements.
    verify_shape : bool
        Whether there must be as many as the shape has.
    """

    def __init__(self, value: Any = 0, dtype: Any = "float32", verify_shape: bool = False) -> None:
        self.value, self.dtype, self.verify_shape = value, dtype, verify_shape

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        numbers = np.asarray(self.value).astype(dtype.as_numpy_dtype)
        return arrays.constant(numbers, dtype, shape, verify_shape=self.verify_shape)


@provided("tf.random_normal_initializer", "tf.initializers.random_normal", "tf.initializers.RandomNormal")
class RandomNormal(Initializer):
    """Draws from a normal distribution; since TensorFlow 2.0 of standard deviation 0.05 unless told otherwise."""

    def __init__(self, mean: Any = 0.0, stddev: Any = None, seed: Any = None, dtype: Any = "float32") -> None:
        self.mean, self.seed, self.dtype = mean, seed, dtype
        self.stddev = (0.05 if written_for().tensorflow >= (2, 0) else 1.0) if stddev is None else stddev

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        return random.random_normal(shape, self.mean, self.stddev, dtype, self.seed)


@provided("tf.truncated_normal_initializer", "tf.initializers.truncated_normal", "tf.initializers.TruncatedNormal")
class TruncatedNormal(RandomNormal):
    """Draws as `RandomNormal` does, and again where a number is more than two deviations off."""

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


@provided("tf.random_uniform_initializer", "tf.initializers.random_uniform", "tf.initializers.RandomUniform")
class RandomUniform(Initializer):
    """Draws uniformly from 0 to 1; since TensorFlow 2.0 from -0.05 to 0.05 unless told otherwise."""

    def __init__(self, minval: Any = None, maxval: Any = None, seed: Any = None, dtype: Any = "float32") -> None:
        is_new = written_for().tensorflow >= (2, 0)
        self.minval = (-0.05 if is_new else 0) if minval is None else minval
        self.maxval = 0.05 if maxval is None and is_new else maxval
        self.seed, self.dtype = seed, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        return random.random_uniform(shape, self.minval, self.maxval, dtype, self.seed)


@provided("tf.uniform_unit_scaling_initializer", "tf.initializers.uniform_unit_scaling")
class UniformUnitScaling(Initializer):
    """Draws uniformly from -m to m, m = factor sqrt(3 / n), where n is the product of all sizes but the last."""

    def __init__(self, factor: float = 1.0, seed: Any = None, dtype: Any = "float32") -> None:
        self.factor, self.seed, self.dtype = factor, seed, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        limit = math.sqrt(3 / max(1.0, float(math.prod(shape[:-1])))) * self.factor
        return random.random_uniform(shape, -limit, limit, dtype, self.seed)


@provided("tf.variance_scaling_initializer", "tf.initializers.variance_scaling", "tf.initializers.VarianceScaling")
class VarianceScaling(Initializer):
    """Draws with variance scale / n, where n is the number of inputs, of outputs, or their mean.

    Parameters
    ----------
    scale : float
        See above.
    mode : {"fan_in", "fan_out", "fan_avg"}
        What n is.
    distribution : {"normal", "truncated_normal", "untruncated_normal", "uniform"}
        What is drawn from; ``"normal"`` is truncated, and has that variance after the cut since TensorFlow 1.10.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        dtype: Any = "float32",
    ) -> None:
        if scale <= 0:
            raise ValueError(f"`scale` must be positive float. Got {scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode}. Expected fan_in, fan_out or fan_avg.")
        if distribution.lower() not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(f"Invalid `distribution` argument: {distribution}. Expected normal or uniform.")
        self.scale, self.mode, self.distribution = scale, mode, distribution.lower()
        self.seed, self.dtype = seed, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        fan_in, fan_out = ff.nn.initializers.fans(shape)
        sizes = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, sizes[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.random_uniform(shape, -limit, limit, dtype, self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.random_normal(shape, 0.0, stddev, dtype, self.seed)
        if written_for().tensorflow >= (1, 10):
            stddev /= _TRUNCATED_STDDEV
        return random.truncated_normal(shape, 0.0, stddev, dtype, self.seed)


def _scaling(scale: float, mode: str, distribution: str, *names: str) -> None:
    """Provide `VarianceScaling` with some settings, under names."""

    class Scaled(VarianceScaling):
        def __init__(self, seed: Any = None, dtype: Any = "float32") -> None:
            super().__init__(scale, mode, distribution, seed, dtype)

    Scaled.__name__ = Scaled.__qualname__ = names[0].rpartition(".")[2]
    Scaled.__doc__ = f"`VarianceScaling` with scale {scale:g}, {mode} and a {distribution} distribution."
    provided(*names)(Scaled)


_scaling(1.0, "fan_avg", "uniform", "tf.glorot_uniform_initializer", "tf.initializers.glorot_uniform")
_scaling(1.0, "fan_avg", "truncated_normal", "tf.glorot_normal_initializer", "tf.initializers.glorot_normal")
_scaling(2.0, "fan_in", "uniform", "tf.initializers.he_uniform")
_scaling(2.0, "fan_in", "truncated_normal", "tf.initializers.he_normal")
_scaling(1.0, "fan_in", "uniform", "tf.initializers.lecun_uniform")
_scaling(1.0, "fan_in", "truncated_normal", "tf.initializers.lecun_normal")
_scaling(1.0, "fan_avg", "uniform", "tf.initializers.GlorotUniform")
_scaling(1.0, "fan_avg", "truncated_normal", "tf.initializers.GlorotNormal")


@provided("tf.orthogonal_initializer", "tf.initializers.orthogonal", "tf.initializers.Orthogonal")
class Orthogonal(Initializer):
    """Draws an orthogonal matrix times a gain: the Q of a QR factorisation of normal numbers."""

    def __init__(self, gain: float = 1.0, seed: Any = None, dtype: Any = "float32") -> None:
        self.gain, self.seed, self.dtype = gain, seed, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        if len(shape) < 2:
            raise ValueError(f"The tensor to initialize must be at least two-dimensional. Got shape {list(shape)}.")
        return _orthogonal(tuple(shape), self.gain, dtype, random.draws_of(self.seed))


@operation(kind="orthogonal")
def _orthogonal(shape: tuple[int, ...], gain: float, dtype: Any, draws: Any) -> Any:
    """Return an orthogonal matrix in a shape."""
    rows, columns = math.prod(shape[:-1]), shape[-1]
    size = max(rows, columns), min(rows, columns)

    def turned(normal: Any) -> Any:
        q, r = np.linalg.qr(normal)
        q = q * np.where(np.diagonal(r) < 0, -gain, gain)
        return (q if rows >= columns else q.T).reshape(shape)

    plan = present_plan()
    if draws is None and plan is not None:

        def once(state: Any) -> Any:
            seed, step = state.take_keys(1)
            with ff.random.drawing_from(seed, step):
                return turned(ff.random.normal(size, dtype="float64").numpy()).astype(dtype.as_numpy_dtype)

        return plan.drawn(once, shape, dtype.as_numpy_dtype)
    return random.drawn(
        draws,
        lambda stream: turned(stream.normal(size, dtype.name)),
        lambda: _natively(size, shape, turned, dtype),
        shape,
        dtype.as_numpy_dtype,
        "normal",
    )


def _natively(size: tuple[int, int], shape: tuple[int, ...], turned: Callable[[Any], Any], dtype: Any) -> Any:
    if ff.random.has_own_key():  # only the shape is asked for
        return ff.random.normal(shape, dtype=dtype.as_numpy_dtype)
    return ff.Tensor(turned(ff.random.normal(size, dtype="float64").numpy()).astype(dtype.as_numpy_dtype))


@provided("tf.initializers.identity", "tf.initializers.Identity")
class Identity(Initializer):
    """Fills a matrix with a gain on the diagonal and 0 elsewhere."""

    def __init__(self, gain: float = 1.0, dtype: Any = "float32") -> None:
        self.gain, self.dtype = gain, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        if len(shape) != 2:
            raise ValueError(f"Identity matrix initializer can only be used for 2D matrices. Got shape {list(shape)}.")
        return arrays.constant(np.eye(shape[0], shape[1]) * self.gain, dtype)


@provided("tf.contrib.layers.variance_scaling_initializer")
class ContribVarianceScaling(Initializer):
    """Draws with variance about factor / n; normal numbers, cut off, have sqrt(1.3 factor / n) before the cut."""

    def __init__(
        self, factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: Any = None, dtype: Any = "float32"
    ) -> None:
        if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
            raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
        self.factor, self.mode, self.uniform, self.seed, self.dtype = factor, mode, uniform, seed, dtype

    def make(self, shape: Sequence[Any], dtype: Any) -> Any:
        """See `Initializer.make`."""
        window = math.prod(shape[:-2])
        fan_in = float(shape[-2] if len(shape) > 1 else shape[-1]) * window if shape else 1.0
        fan_out = float(shape[-1]) * window if shape else 1.0
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[self.mode]
        if self.uniform:
            limit = math.sqrt(3.0 * self.factor / n)
            return random.random_uniform(shape, -limit, limit, dtype, self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(1.3 * self.factor / n), dtype, self.seed)


@provided("tf.contrib.layers.xavier_initializer", "tf.contrib.layers.xavier_initializer_conv2d")
def xavier_initializer(uniform: bool = True, seed: Any = None, dtype: Any = "float32") -> ContribVarianceScaling:
    """Return what draws with variance 1 / n, n the mean of inputs and outputs."""
    return ContribVarianceScaling(1.0, "FAN_AVG", uniform, seed, dtype)


def default_of(dtype: Any) -> Initializer:
    """Return what variables start from of which nothing is said."""
    if not dtype.is_floating:
        return Zeros(dtype)
    return UniformUnitScaling() if written_for().tensorflow < (1, 0) else VarianceScaling(1.0, "fan_avg", "uniform")


@operation(kind="initial")
def _ours(initializer: Any, shape: Any, dtype: Any) -> Any:
    return initializer(tuple(shape), dtype)


def first_value(initializer: Callable[..., Any], shape: Sequence[Any], dtype: Any) -> Any:
    """Return what an initializer makes: one of TensorFlow's, of Keras's, or a function of the program's own."""
    if isinstance(initializer, OurInitializer) and not is_eager():
        return _ours(initializer, list(shape), dtype.as_numpy_dtype)
    if isinstance(initializer, OurInitializer):
        return initializer(list(shape), dtype.as_numpy_dtype)
    if isinstance(initializer, Initializer):
        return initializer(list(shape), dtype)
    try:
        takes = inspect.signature(initializer).parameters
    except (TypeError, ValueError):
        return initializer(list(shape))
    has_any = any(each.kind is each.VAR_KEYWORD for each in takes.values())
    settings = {"dtype": dtype, "partition_info": None}
    return initializer(list(shape), **{key: value for key, value in settings.items() if has_any or key in takes})


def called_without_shape(initializer: Callable[..., Any]) -> Callable[[], Any] | None:
    """Return a function of no arguments as it is; None where it takes a shape."""
    try:
        takes = inspect.signature(initializer).parameters.values()
    except (TypeError, ValueError):
        return None
    return initializer if all(each.default is not each.empty for each in takes) else None
