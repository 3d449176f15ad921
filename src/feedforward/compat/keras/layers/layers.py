"""The plain layers of Keras 1 and 2: ours, with Keras's arguments; and those that only Keras had."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from feedforward import activations, functions, layers, ops, random
from feedforward.compat.keras.computing.boundary import seen, taken
from feedforward.compat.keras.layers.activations import as_activation, relu
from feedforward.compat.keras.layers.layer import KerasLayer, data_format
from feedforward.compat.keras.layers.penalties import as_constraint, as_regularizer
from feedforward.compat.keras.models.serializing import serialized
from feedforward.compat.keras.spelling import is_alone, is_keras_1, is_tensorflow_2
from feedforward.compat.names import provided, refuse
from feedforward.compat.version import written_for
from feedforward.graph.dimension import product
from feedforward.nn.regularizers import L1L2
from feedforward.tensor import Tensor, Variable, of_node

__all__: list[str] = []

_DENSE_1 = (
    *("output_dim", "init", "activation", "weights", "W_regularizer", "b_regularizer", "activity_regularizer"),
    *("W_constraint", "b_constraint", "bias", "input_dim"),
)


@provided("keras.layers.Dense", "keras.layers.core.Dense")
class Dense(KerasLayer, layers.Dense):
    """Our `Dense`."""

    order_1 = _DENSE_1
    order = (
        *("units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer"),
        *("bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint"),
    )


@provided("keras.layers.Activation", "keras.layers.core.Activation")
class Activation(KerasLayer, layers.Activation):
    """Our `Activation`."""


@provided("keras.layers.Dropout", "keras.layers.core.Dropout")
class Dropout(KerasLayer, layers.Dropout):
    """Our `Dropout`: the number is the share that is dropped."""


class _WholeMaps(KerasLayer, layers.Dropout):
    """A dropout of whole channels."""

    ignored = ("noise_shape", "seed")

    def build(self, shape: Any) -> None:
        """Learn how many axes there are."""
        places = [1] * (len(shape) - 2)
        is_last = getattr(self, "_format", "channels_last") == "channels_last"
        sizes = (None, *places, None) if is_last else (None, None, *places)
        vars(self)["noise_shape"] = sizes


@provided("keras.layers.SpatialDropout1D", "keras.layers.core.SpatialDropout1D")
class SpatialDropout1D(_WholeMaps):
    """A dropout of whole channels of a sequence."""


@provided("keras.layers.SpatialDropout2D", "keras.layers.core.SpatialDropout2D")
class SpatialDropout2D(_WholeMaps):
    """A dropout of whole channels of an image."""

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("data_format",)

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep where channels are."""
        self._format = data_format(given.pop("data_format", None))
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {**super().get_config(), "data_format": self._format}


@provided("keras.layers.Flatten", "keras.layers.core.Flatten")
class Flatten(KerasLayer, layers.Flatten):
    """Our `Flatten`; where channels are is only asked where the program says it."""

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take the order as it is, unless the program says something else."""
        given["data_format"] = given.get("data_format") or "channels_last"
        return given


@provided("keras.layers.Reshape", "keras.layers.core.Reshape")
class Reshape(KerasLayer, layers.Reshape):
    """Our `Reshape`."""

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take any whole numbers."""
        sizes = given.get("target_shape", ())
        given["target_shape"] = tuple(map(int, sizes)) if isinstance(sizes, list | tuple) else (int(sizes),)
        return given


@provided("keras.layers.Permute", "keras.layers.core.Permute")
class Permute(KerasLayer, layers.Permute):
    """Our `Permute`."""


@provided("keras.layers.RepeatVector", "keras.layers.core.RepeatVector")
class RepeatVector(KerasLayer, layers.RepeatVector):
    """Our `RepeatVector`."""


@provided("keras.layers.Lambda", "keras.layers.core.Lambda")
class Lambda(KerasLayer, layers.Lambda):
    """Our `Lambda`; of several inputs its function gets the list, and what is in `arguments` by name.

    The shape of the result is that of what the function computes: `output_shape` need not be given.
    """

    order = ("function", "output_shape", "mask", "arguments")

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("output_shape", "mask", "output_mask", "arguments")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Bind arguments."""
        given.pop("output_shape", None)
        if given.pop("mask", None) is not None or given.pop("output_mask", None) is not None:
            raise ValueError("Lambda(mask=...): masks are not provided. Leave it out.")
        self._arguments = dict(given.pop("arguments", None) or {})
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings, the function by its name."""
        return {**super().get_config(), "arguments": self._arguments}

    def call(self, inputs: Any) -> Any:  # type: ignore[override]
        """Return function(inputs)."""
        return taken(partial(self.function, **self._arguments)(seen(inputs)))


@provided("keras.layers.BatchNormalization", "keras.layers.normalization.BatchNormalization")
class BatchNormalization(KerasLayer, layers.BatchNormalization):
    """Our `BatchNormalization`, with the running variance of the program's version.

    Notes
    -----
    Keras 1 keeps the variance of the batch, Keras 2 takes it times n / (n - 1 - epsilon), and where TensorFlow has one
    operation for it (images, channels last), times n / (n - 1) besides; the Keras in TensorFlow does only the latter.
    In Keras 2.1 and 2.2 the running statistics are means over the steps so far, without the 0 and 1 that they begin
    with: r := (r (1 - m^t) m + x (1 - m)) / (1 - m^(t+1)) after t steps of this model.
    Frozen, it goes on standardising by the batch in training, as before TensorFlow 2.
    """

    order_1 = ("epsilon", "mode", "axis", "momentum", "weights", "beta_init", "gamma_init", "gamma_regularizer")

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("mode",)

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse the modes of Keras 1 that standardise by something else."""
        mode = given.pop("mode", 0)
        if mode != 0:
            raise ValueError(f"BatchNormalization(mode={mode!r}): only mode 0, by features, is provided. Leave it out.")
        return given

    def build(self, shape: tuple[Any, ...]) -> None:
        """Make the weights, and count the steps, which is no weight: a file does not hold it."""
        super().build(shape)
        vars(self)["_steps"] = Variable(np.float32(0), trainable=False, name=f"{self.path}/steps")

    def _moved(self, variable: Variable, present: Tensor) -> Tensor:
        """Return a running statistic after a step."""
        m = self.momentum
        steps: Tensor = vars(self)["_steps"]
        if not (is_alone() and (2, 1) <= written_for().keras < (2, 3)):
            return variable * m + present * (1.0 - m)
        before = 1.0 - m**steps
        return (variable * before * m + present * (1.0 - m)) / (before * m + (1.0 - m))

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the standardised x."""
        if not training or is_tensorflow_2():
            return super().call(x, training)
        x = self.as_float(x)
        axes = self._axes(x.node.shape)
        others = [axis for axis in range(x.ndim) if axis not in axes]
        means = functions.mean(x, others, keepdims=True)
        variances = functions.mean(functions.square(x - means), others, keepdims=True)
        if self.trainable or is_keras_1():
            size = tuple(x.node.shape[axis] for axis in axes)
            running = variances * self._correction(x, others)
            for variable, present in ((self.moving_mean, means), (self.moving_variance, running)):
                variable.assign(self._moved(variable, functions.reshape(present, size)))
            vars(self)["_steps"].assign_add(1.0)
        return self._standardised(x, means, variances, axes)

    def _correction(self, x: Tensor, others: list[int]) -> Any:
        """Return what the running variance is multiplied by."""
        if is_keras_1():
            return 1.0
        count = of_node(ops.size(product(x.node.shape[axis] for axis in others), x.dtype), x.is_symbolic)
        factor: Any = count / (count - (1.0 + self.epsilon)) if is_alone() else 1.0
        is_one_operation = x.ndim == 4 and others == [0, 1, 2]
        return factor * (count / functions.maximum(count - 1.0, 1.0)) if is_one_operation else factor


@provided("keras.layers.Embedding", "keras.layers.embeddings.Embedding")
class Embedding(KerasLayer, layers.Embedding):
    """Our `Embedding`; numbers may come as floats, whose whole parts count."""

    order_1 = (
        *("input_dim", "output_dim", "init", "input_length", "W_regularizer", "activity_regularizer", "W_constraint"),
        *("mask_zero", "weights", "dropout"),
    )
    order = (
        *("input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "activity_regularizer"),
        *("embeddings_constraint", "mask_zero", "input_length"),
    )

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("mask_zero", "dropout")

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse masks, and know the shape of the input."""
        if given.pop("mask_zero", False):
            raise ValueError("Embedding(mask_zero=True): masks are for recurrent layers, which are not provided.")
        if given.pop("dropout", 0.0):
            raise ValueError("Embedding(dropout=...) is not provided. Put a SpatialDropout1D behind it.")
        length = given.get("input_length")
        if length is not None and given.get("input_shape") is None and given.get("batch_input_shape") is None:
            given["input_shape"] = tuple(length) if isinstance(length, list | tuple) else (length,)
        return given

    @property
    def input_dtype(self) -> str | None:
        """What an `Input` right before it takes."""
        return "int32"

    def first_input(self) -> Tensor | None:
        """Return an `Input` of whole numbers."""
        if self._input_dtype is None:
            self._input_dtype = "int32"
        return super().first_input()

    def check_fed(self, data: Any, name: str, origin: Any) -> None:
        """See our `Layer.check_fed`: floats count by their whole parts."""
        super().check_fed(data.astype("int64") if data.dtype.kind == "f" else data, name, origin)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return the vectors of categories."""
        return super().call(functions.cast(x, "int32") if x.dtype.kind == "f" else x, training)


@provided("keras.layers.GaussianNoise", "keras.layers.noise.GaussianNoise")
class GaussianNoise(KerasLayer, layers.GaussianNoise):
    """Our `GaussianNoise`."""

    ignored = ("seed",)


@provided("keras.layers.GaussianDropout", "keras.layers.noise.GaussianDropout")
class GaussianDropout(KerasLayer, layers.GaussianDropout):
    """Our `GaussianDropout`."""

    ignored = ("seed",)


@provided("keras.layers.AlphaDropout", "keras.layers.noise.AlphaDropout")
class AlphaDropout(KerasLayer, layers.Dropout):
    """A dropout for `selu`: what is dropped becomes -1.758, and the whole is moved back to mean 0 and variance 1.

    With p = -alpha scale, the limit of selu, dropped share r and a = ((1 - r) (1 + r p^2))^(-1/2):
    y = a (x m + p (1 - m)) - a p r.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", 2017, section 2.
    """

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Return x, in training with some elements at the limit of selu."""
        if not training or self.rate == 0:
            return x
        x, limit = self.as_float(x), -1.6732632423543772 * 1.0507009873554805
        rate = self.rate_now(x)
        scale = ((1.0 - rate) * (1.0 + rate * limit**2)) ** -0.5
        draw = random.uniform_of_step(self._shape_of_mask(x.node.shape), x.dtype, self.seed)
        y: Tensor = functions.where(draw >= rate, x, limit) * scale - scale * limit * rate
        return y


@provided("keras.layers.LeakyReLU", "keras.layers.advanced_activations.LeakyReLU")
class LeakyReLU(KerasLayer, layers.LeakyReLU):
    """Our `LeakyReLU`, whose slope is called alpha."""

    ignored = ("negative_slope",)
    order = ("alpha",)

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what else it takes."""
        return ("alpha",)

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Rename the slope."""
        return {**{name: value for name, value in given.items() if name != "alpha"}, **self._slope(given)}

    @staticmethod
    def _slope(given: dict[str, Any]) -> dict[str, float]:
        return {"negative_slope": float(given.get("alpha", 0.3))}

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {**super().get_config(), "alpha": self.negative_slope}


@provided("keras.layers.PReLU", "keras.layers.advanced_activations.PReLU")
class PReLU(KerasLayer, layers.PReLU):
    """Our `PReLU`."""

    order_1 = ("init", "weights", "shared_axes")


@provided("keras.layers.ELU", "keras.layers.advanced_activations.ELU")
class ELU(KerasLayer, layers.ELU):
    """Our `ELU`."""


@provided("keras.layers.Softmax", "keras.layers.advanced_activations.Softmax")
class Softmax(KerasLayer, layers.Softmax):
    """Our `Softmax`."""


class _Own(KerasLayer):
    """A layer of Keras that is not ours: its settings are the attributes named in `order`."""

    defaults: tuple[Any, ...] = ()

    @classmethod
    def extra_names(cls) -> tuple[str, ...]:
        """Return what it takes."""
        return cls.order or ()

    def prepared(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep the settings, and leave what every layer takes."""
        names = self.order or ()
        needed = len(names) - len(self.defaults)
        for place, name in enumerate(names):
            if place < needed and name not in given:
                raise TypeError(f"{type(self).__name__}: {name} is missing.")
            vars(self)[name] = given.pop(name) if name in given else self.defaults[place - needed]
        return given

    def get_config(self) -> dict[str, Any]:
        """Return its settings."""
        return {**super().get_config(), **{name: serialized(vars(self)[name]) for name in self.order or ()}}


@provided("keras.layers.ThresholdedReLU", "keras.layers.advanced_activations.ThresholdedReLU")
class ThresholdedReLU(_Own):
    """A layer that keeps what is above theta, and makes the rest 0."""

    order, defaults = ("theta",), (1.0,)
    theta: float

    def call(self, x: Tensor) -> Tensor:
        """Return x where it is above theta, else 0."""
        return functions.where(x > float(self.theta), x, 0.0)


@provided("keras.layers.ReLU", "keras.layers.advanced_activations.ReLU")
class ReLU(_Own):
    """A layer that applies `relu` with an upper limit, a slope below, and a threshold."""

    order, defaults = ("max_value", "negative_slope", "threshold"), (None, 0.0, 0.0)
    max_value: float | None
    negative_slope: float
    threshold: float

    def call(self, x: Tensor) -> Tensor:
        """Return relu(x)."""
        return relu(x, float(self.negative_slope), self.max_value, float(self.threshold))


@provided("keras.layers.ActivityRegularization", "keras.layers.core.ActivityRegularization")
class ActivityRegularization(_Own):
    """A layer that passes on what it gets, and adds l1 sum(|x|) + l2 sum(x^2) to the loss."""

    order, defaults = ("l1", "l2"), (0.0, 0.0)
    l1: float
    l2: float

    def _take_besides(self, given: dict[str, Any]) -> None:
        super()._take_besides(given)
        self._penalty = L1L2(float(self.l1), float(self.l2))

    def call(self, x: Tensor) -> Tensor:
        """Return x."""
        return self.as_float(x)


class _Keras1Dense(_Own):
    """What the two dense layers that only Keras 1 had share."""

    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    kernel_initializer: Any
    use_bias: bool
    activation: Any

    def _weight(self, name: str, shape: tuple[int, ...], start: Any) -> Any:
        kind = "bias" if name == "bias" else "kernel"
        return self.add_weight(
            name,
            shape,
            initializer=start,
            regularizer=as_regularizer(getattr(self, f"{kind}_regularizer")),
            constraint=as_constraint(getattr(self, f"{kind}_constraint")),
        )


@provided("keras.layers.MaxoutDense", "keras.layers.core.MaxoutDense", "keras.legacy.layers.MaxoutDense")
class MaxoutDense(_Keras1Dense):
    """A layer whose outputs are each the largest of several sums: y = max over f of (x W_f + b_f).

    References
    ----------
    Goodfellow et al., "Maxout networks", 2013.
    """

    order = (
        *("units", "nb_feature", "kernel_initializer", "kernel_regularizer", "bias_regularizer"),
        *("kernel_constraint", "bias_constraint", "use_bias"),
    )
    order_1 = ("output_dim", "nb_feature", "init", "weights", "W_regularizer", "b_regularizer", "activity_regularizer")
    defaults = (4, "glorot_uniform", None, None, None, None, True)
    units: int
    nb_feature: int
    kernel: Any
    bias: Any

    def build(self, shape: Any) -> None:
        """Make the weights."""
        self.kernel = self._weight("kernel", (self.nb_feature, shape[-1], self.units), self.kernel_initializer)
        self.bias = self._weight("bias", (self.nb_feature, self.units), "zeros") if self.use_bias else None

    def call(self, x: Tensor) -> Tensor:
        """Return the largest sums."""
        sums = functions.expand_dims(self.as_float(x), 0) @ self.kernel  # (features, n, units)
        sums = sums if self.bias is None else sums + functions.expand_dims(self.bias, 1)
        return functions.max(sums, 0)


@provided("keras.layers.Highway", "keras.layers.core.Highway", "keras.legacy.layers.Highway")
class Highway(_Keras1Dense):
    """A dense layer with a gate for what passes by: y = t activation(x W + b) + (1 - t) x, t = sigmoid(x W_c + b_c).

    References
    ----------
    Srivastava, Greff and Schmidhuber, "Highway networks", 2015, equation 3; the gate's bias begins at 1, as in Keras 1.
    """

    order = (
        *("kernel_initializer", "activation", "kernel_regularizer", "bias_regularizer"),
        *("kernel_constraint", "bias_constraint", "use_bias"),
    )
    order_1 = ("init", "activation", "weights", "W_regularizer", "b_regularizer", "activity_regularizer")
    defaults = ("glorot_uniform", None, None, None, None, None, True)
    kernel: Any
    bias: Any
    carry_kernel: Any
    carry_bias: Any

    def build(self, shape: Any) -> None:
        """Make the weights, in the order of Keras 1."""
        size = int(shape[-1])
        self.kernel = self._weight("kernel", (size, size), self.kernel_initializer)
        self.carry_kernel = self.add_weight("carry_kernel", (size, size), initializer=self.kernel_initializer)
        self.bias = self.carry_bias = None
        if self.use_bias:
            self.bias = self._weight("bias", (size,), "zeros")
            self.carry_bias = self.add_weight("carry_bias", (size,), initializer="ones")

    def call(self, x: Tensor) -> Tensor:
        """Return what the gate lets through."""
        x = self.as_float(x)
        gate, inner = x @ self.carry_kernel, x @ self.kernel
        if self.use_bias:
            gate, inner = gate + self.carry_bias, inner + self.bias
        gate = activations.sigmoid(gate)
        apply: Callable[[Tensor], Tensor] = as_activation(self.activation) or activations.linear
        return apply(inner) * gate + (1.0 - gate) * x


refuse(
    "recurrent layers are not provided. Use layers that see all of a sequence at once, such as Conv1D.",
    *(
        f"keras.layers.{name}"
        for name in (
            *(
                "RNN",
                "SimpleRNN",
                "GRU",
                "LSTM",
                "SimpleRNNCell",
                "GRUCell",
                "LSTMCell",
                "StackedRNNCells",
                "Recurrent",
            ),
            *("CuDNNGRU", "CuDNNLSTM", "ConvLSTM2D", "Bidirectional", "TimeDistributed", "TimeDistributedDense"),
            *("wrappers", "recurrent", "Masking", "core.Masking"),
        )
    ),
)
