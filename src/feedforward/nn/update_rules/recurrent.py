"""Update rules with a memory of their own: a small recurrent network, the same for each number that is trained.

Columns are coordinates, so that a processor's lanes compute several at a time: of n numbers an input is (features, n),
a state (units, n), and a layer multiplies from the left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from feedforward.functions import abs as absolute
from feedforward.functions import clip, concatenate, log, matmul, maximum, reshape, sqrt, square, stack, tanh
from feedforward.graph.node import known
from feedforward.nn.activations import elu
from feedforward.nn.config import Range, check_number, number_setting, registered
from feedforward.nn.update_rules.update_rule import (
    MOST_LAYERS,
    MOST_UNITS,
    SCALES,
    UPDATE_RULES,
    UpdateRule,
    check_size,
)
from feedforward.tensor import Tensor

__all__ = ["CoordinatewiseLSTM", "RNNprop"]


@dataclass(eq=False)
class _Recurrent(UpdateRule):
    """What both rules have in common: LSTM layers, and a linear one that makes a number of the last.

    Notes
    -----
    A layer: i, f, g, o = the quarters of A (x, h) + b; c := sigmoid(f + 1) c + sigmoid(i) tanh(g);
    h := sigmoid(o) tanh(c). The 1 lets it remember before it has learnt to.
    """

    is_coordinatewise: ClassVar[bool] = True

    units: int = 20
    layers: int = 2

    def __post_init__(self) -> None:
        check_size(type(self).__name__, "units", self.units, MOST_UNITS)
        check_size(type(self).__name__, "layers", self.layers, MOST_LAYERS)
        super().__post_init__()

    @property
    def _features(self) -> int:
        """How many numbers go into the first layer."""
        return 2

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(1, self.layers + 1):
            inputs = self._features if layer == 1 else self.units
            shapes[f"kernel_{layer}"] = (4 * self.units, inputs + self.units)
            shapes[f"bias_{layer}"] = (4 * self.units,)
        return shapes | {"output": (1, self.units), "output_bias": (1,)}

    def state(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Return the states of the layers, zeros."""
        zeros = np.zeros((self.units, math.prod(shape)), np.float32)
        return {f"{kind}_{layer}": zeros for layer in range(1, self.layers + 1) for kind in ("hidden", "cell")}

    def _output(
        self, x: Tensor, state: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return a number for each coordinate, shape (n,), and the new states of the layers."""
        new: dict[str, Tensor] = {}
        ones = np.ones((1, known(x.node.shape)[1]), x.dtype)
        for layer in range(1, self.layers + 1):
            inputs = concatenate([x, state[f"hidden_{layer}"], ones], 0)
            t = tanh(matmul(self._whole_kernel(weights, layer), inputs))
            i, f, g, o = (t[self.units * quarter : self.units * (quarter + 1)] for quarter in range(4))
            cell = 0.5 * ((1.0 + f) * state[f"cell_{layer}"] + (1.0 + i) * g)
            x = 0.5 * (1.0 + o) * tanh(cell)
            new |= {f"hidden_{layer}": x, f"cell_{layer}": cell}
        return (reshape(weights["output"], (-1, 1)) * x).sum(0) + weights["output_bias"], new

    def _whole_kernel(self, weights: Mapping[str, Tensor], layer: int) -> Tensor:
        """Return what multiplies (x, h, 1), so that tanh of the product is all four gates.

        sigmoid(z) = (1 + tanh(z / 2)) / 2: so rows of gates are halved, and one function of one product, whose gradient
        1 - t^2 goes by the result alone, is all that is computed of the widest array here, and all that is kept of it.
        """
        kernel, bias = weights[f"kernel_{layer}"], weights[f"bias_{layer}"]
        remembering = np.repeat(np.array([0, 1, 0, 0], bias.dtype), self.units)
        shares = np.repeat(np.array([0.5, 0.5, 1, 0.5], bias.dtype), self.units)
        return concatenate([kernel, reshape(bias + remembering, (-1, 1))], 1) * shares[:, np.newaxis]


@registered(UPDATE_RULES)
@dataclass(eq=False)
class CoordinatewiseLSTM(_Recurrent):
    """An LSTM that sees a gradient's size and sign and returns a change, the same network for every coordinate.

    w := w + s m(p(g), h), with the preprocessing of a gradient g

        p(g) = (log|g| / P, sign(g))  where |g| >= exp(-P), else  (-1, exp(P) g)

    Parameters
    ----------
    units : int
        Of each layer, at most 256.
    layers : int
        How many, at most 8.
    scale : float
        s, above 0.
    span : float or None
        P, above 0: gradients of sizes from exp(-P) to 1 fill inputs from -1 to 0. None: the gradient itself.

    References
    ----------
    Andrychowicz et al., "Learning to learn by gradient descent by gradient descent", 2016, section 2.1 and appendix A.
    Scale 0.1 as in their section 3; their code has P = 5 and 0.01 for MNIST.
    """

    scale: float = number_setting(SCALES, 0.1)
    span: float | None = number_setting(Range(0, has_low=False), 10.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(type(self).__name__, "scale", self.scale, SCALES)
        if self.span is not None:
            check_number(type(self).__name__, "span", self.span, Range(0, 80, has_low=False))

    @property
    def _features(self) -> int:
        return 1 if self.span is None else 2

    def change(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return s m(p(g), h), and the states after it."""
        g = reshape(gradient, (-1,))
        if self.span is None:
            x = reshape(g, (1, -1))
        else:
            size = log(maximum(absolute(g), math.exp(-self.span))) / self.span
            x = stack([size, clip(g * math.exp(self.span), -1.0, 1.0)], 0)
        output, new = self._output(x, state, weights)
        return reshape(output * self.scale, parameter.node.shape), new


@registered(UPDATE_RULES)
@dataclass(eq=False)
class RNNprop(_Recurrent):
    """An LSTM that sees what RMSProp and Adam would do, and returns a change of at most `scale`.

    With the running means m of g and v of g^2, both with the share b of the old, and without their bias as in Adam::

        x = elu(A (g / sqrt(v), m / sqrt(v)) + a)      w := w - s tanh(r(x, h))

    Gradients of any size look the same to it, and no step is longer than s: so it goes on working far from what it was
    trained on, where `CoordinatewiseLSTM` does not.

    Parameters
    ----------
    units, layers : int
        As in `CoordinatewiseLSTM`.
    scale : float
        s, above 0.
    decay : float
        b, from 0 to 1, 1 left out.

    References
    ----------
    Lv, Jiang and Li, "Learning gradient descent: better generalization and longer horizons", 2017, section 4.
    """

    scale: float = number_setting(SCALES, 0.1)
    decay: float = number_setting(Range(0, 1, has_high=False), 0.95)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(type(self).__name__, "scale", self.scale, SCALES)
        check_number(type(self).__name__, "decay", self.decay, Range(0, 1, has_high=False))

    @property
    def _features(self) -> int:
        return self.units

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return {"features": (self.units, 2), "features_bias": (self.units,), **super().shapes()}

    def state(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Return the states of the layers, the running means, and the power of b that their bias goes by."""
        zeros = np.zeros(math.prod(shape), np.float32)
        return {"mean": zeros, "square": zeros, "power": np.float32(1.0), **super().state(shape)}

    def change(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return -s tanh(r(x, h)), and means and states after it."""
        g, b = reshape(gradient, (-1,)), self.decay
        mean = b * state["mean"] + (1.0 - b) * g
        squares = b * state["square"] + (1.0 - b) * square(g)
        power = b * state["power"]
        root = sqrt(squares / (1.0 - power)) + 1e-8
        both = stack([g / root, mean / (1.0 - power) / root], 0)
        x = elu(matmul(weights["features"], both) + reshape(weights["features_bias"], (-1, 1)))
        output, new = self._output(x, state, weights)
        change = reshape(tanh(output) * -self.scale, parameter.node.shape)
        return change, {"mean": mean, "square": squares, "power": power, **new}
