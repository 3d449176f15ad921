"""Activations: functions of one tensor, applied to each of its elements, or along an axis.

An activation is a composition of operations, written so that neither it nor its derivative overflows, and registered
under its own name. It takes arrays and nested lists as well as tensors. A loss that needs the numbers an activation was
applied to asks `logits_of`.

References: Goodfellow, Bengio and Courville, "Deep Learning", 2016, sections 6.2.2, 6.3 and 4.1.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias

import numpy as np

from feedforward.errors import ShapeError
from feedforward.functions import (
    abs,
    erf,
    exp,
    expm1,
    log,
    log1p,
    max,
    maximum,
    minimum,
    reshape,
    stop_gradient,
    sum,
    where,
)
from feedforward.functions import sign as sign_of
from feedforward.functions import tanh as hyperbolic_tangent
from feedforward.graph.node import Node, location_text, shape_text
from feedforward.lookup import Registry, namespace
from feedforward.nn.config import check_bool, check_int
from feedforward.replay import can_replay, replay
from feedforward.tensor import Tensor, of_node

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "maxout",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sign",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

P = ParamSpec("P")
Function: TypeAlias = Callable[[Tensor], Tensor]

ACTIVATIONS: Registry[Function] = Registry("activation")
"""Every activation by its name."""

_SHORT = {"swish": ["silu"], "hard_swish": ["hard_silu"]}
"""Further names, each the one that another book or library uses."""

_origins: weakref.WeakKeyDictionary[Node, tuple[str, Node]] = weakref.WeakKeyDictionary()
"""For what softmax and sigmoid returned: which of them it was, and what it was applied to."""


def logits_of(y: Tensor) -> tuple[str, Tensor] | None:
    """Return where probabilities came from, so that a loss can be computed from there without rounding to 0 or 1.

    Parameters
    ----------
    y : tensor
        Probabilities.

    Returns
    -------
    tuple of (str, Tensor), or None
        ``"softmax"`` or ``"sigmoid"``, and what it was applied to; None for anything else.
    """
    origin = _origins.get(y.node)
    return None if origin is None else (origin[0], of_node(origin[1], y.is_symbolic))


def note_logits(y: Tensor, kind: str, logits: Tensor) -> None:
    """Remember that probabilities came from `logits` by ``"softmax"`` or ``"sigmoid"``."""
    _origins[y.node] = kind, logits.node


def activation_of(node: Node) -> str | None:
    """Return ``"softmax"`` or ``"sigmoid"`` for a node that one of them returned; None for any other."""
    return _origins[node][0] if node in _origins else None


def _activation(function: Callable[Concatenate[Tensor, P], Tensor]) -> Callable[Concatenate[Any, P], Tensor]:
    """Register an activation under its function's name, and let it take arrays and nested lists too.

    In a loop of the user's own it is one node, see ``replay.py``, unless it is one anyway.
    """
    is_one = function.__name__ in ("linear", "tanh")

    @functools.wraps(function)
    def convert(x: Any, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        x = x if isinstance(x, Tensor) else Tensor(x)
        if args or kwargs or not can_replay([x]) or is_one:
            return function(x, *args, **kwargs)
        (y,), kind = replay(convert, None, traced, [x])
        if kind is not None:
            _origins[y.node] = kind, x.node
        return y

    def traced(given: Sequence[Tensor]) -> tuple[list[Tensor], str | None]:
        y = function(given[0])  # type: ignore[call-arg]
        origin = logits_of(y)
        return [y], None if origin is None else origin[0]

    ACTIVATIONS.register(function.__name__, *_SHORT.get(function.__name__, []))(convert)
    return convert  # type: ignore[return-value]


@_activation
def linear(x: Tensor) -> Tensor:
    """Return x itself."""
    return x


@_activation
def sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + exp(-x)).

    Notes
    -----
    Computed as exp(min(x, 0)) / (1 + exp(-|x|)): both tails keep their relative accuracy, 5 * 2**-24 in float32, as
    long as the result is a normal number (x > -87). The derivative is y (1 - y), 1/4 at 0.

    Examples
    --------
    >>> print(sigmoid(Tensor([0.0, -1e4])))
    [0.5 0. ]
    """
    decay = exp(_minus_abs(x))
    y = where(x >= 0.0, 1.0, decay) / (1.0 + decay)
    _origins[y.node] = "sigmoid", x.node
    return y


@_activation
def tanh(x: Tensor) -> Tensor:
    """Return the hyperbolic tangent (exp(x) - exp(-x)) / (exp(x) + exp(-x)); its derivative is 1 - y^2."""
    return hyperbolic_tangent(x)


@_activation
def relu(x: Tensor) -> Tensor:
    """Return max(x, 0): the rectified linear unit.

    Notes
    -----
    The derivative is 1 above 0, and 0 at 0 and below. NaN stays NaN.

    References
    ----------
    Glorot, Bordes and Bengio, "Deep sparse rectifier neural networks", 2011.
    """
    return where(x <= 0.0, 0.0, x)


@_activation
def leaky_relu(x: Tensor, negative_slope: float | Tensor = 0.2) -> Tensor:
    """Return x where x > 0 and negative_slope x elsewhere.

    Parameters
    ----------
    x : float tensor
        The input.
    negative_slope : float or tensor
        The slope below 0; the default is Keras 3's.

    Notes
    -----
    The derivative at 0 is `negative_slope`.

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013; there the slope is
    0.01.
    """
    return where(x > 0.0, x, negative_slope * x)


@_activation
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Return x where x > 0 and alpha (exp(x) - 1) elsewhere: the exponential linear unit.

    Parameters
    ----------
    x : float tensor
        The input.
    alpha : float
        Minus the limit for small x.

    Notes
    -----
    The derivative at 0 is `alpha`.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", 2016,
    equation 15.
    """
    is_positive = x > 0.0
    return where(is_positive, x, alpha * expm1(where(is_positive, 0.0, x)))


@_activation
def softplus(x: Tensor) -> Tensor:
    """Return log(1 + exp(x)).

    Notes
    -----
    Computed as max(x, 0) + log1p(exp(-|x|)). The derivative is sigmoid(x), 1/2 at 0.

    References
    ----------
    Dugas et al., "Incorporating second-order functional knowledge for better option pricing", 2001.
    """
    return where(x >= 0.0, x, 0.0) + log1p(exp(_minus_abs(x)))


@_activation
def swish(x: Tensor, beta: float | Tensor = 1.0) -> Tensor:
    """Return x sigmoid(beta x); with beta = 1 also called SiLU.

    Parameters
    ----------
    x : float tensor
        The input.
    beta : float or tensor
        0 makes it x / 2, a large one `relu`.

    References
    ----------
    Ramachandran, Zoph and Le, "Searching for activation functions", 2017.
    """
    return x * sigmoid(x * beta)


@_activation
def relu6(x: Tensor) -> Tensor:
    """Return min(max(x, 0), 6); its derivative is 1 between 0 and 6, and 0 elsewhere, at 0 and 6 too.

    References
    ----------
    Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010.
    """
    return _kept_between(x, 0.0, 6.0)


@_activation
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Return x where x > 0 and alpha (exp(x / alpha) - 1) elsewhere; its derivative at 0 is 1 for every alpha.

    Parameters
    ----------
    x : float tensor
        The input.
    alpha : float
        Minus the limit for small x, above 0.

    References
    ----------
    Barron, "Continuously differentiable exponential linear units", 2017.
    """
    is_positive = x > 0.0
    return where(is_positive, x, alpha * expm1(where(is_positive, 0.0, x) / alpha))


@_activation
def selu(x: Tensor) -> Tensor:
    """Return 1.0507 elu(x, 1.6733): numbers of mean 0 and variance 1 keep them from layer to layer.

    Notes
    -----
    For weights from `LecunNormal`. The derivative at 0 is the one below it, 1.7581.

    References
    ----------
    Klambauer et al., "Self-normalizing neural networks", 2017, equation 2.
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


@_activation
def softsign(x: Tensor) -> Tensor:
    """Return x / (1 + |x|); its derivative is 1 / (1 + |x|)^2, and the result for inf is NaN.

    References
    ----------
    Bergstra et al., "Quadratic polynomials learn better image features", 2009.
    """
    return x / (1.0 + abs(x))


@_activation
def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    """Return x P(x), where P(x) = (1 + erf(x / sqrt(2))) / 2 is how likely a standard normal number is below x.

    Parameters
    ----------
    x : float tensor
        The input.
    approximate : bool
        Whether P(x) is (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 instead, up to 0.0005 off.

    Notes
    -----
    The error is that of a number of the size of x: far below 0, where the result is tiny, no digits are left.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units", 2016, section 2.
    """
    check_bool("gelu", "approximate", approximate)
    if approximate:
        return 0.5 * x * (1.0 + hyperbolic_tangent(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))
    return 0.5 * x * (1.0 + erf(x * math.sqrt(0.5)))


@_activation
def mish(x: Tensor) -> Tensor:
    """Return x tanh(softplus(x)); its derivative at 0 is 0.6.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", 2019.
    """
    return x * hyperbolic_tangent(softplus(x))


@_activation
def hard_sigmoid(x: Tensor) -> Tensor:
    """Return x / 6 + 1/2, kept between 0 and 1; its derivative is 1/6 between -3 and 3, and 0 elsewhere.

    References
    ----------
    Howard et al., "Searching for MobileNetV3", 2019, section 5.2; the slope is 0.2 in Theano and Keras 2.
    """
    return _kept_between(x * (1 / 6) + 0.5, 0.0, 1.0)


@_activation
def hard_tanh(x: Tensor) -> Tensor:
    """Return x, kept between -1 and 1; its derivative is 1 between them, and 0 elsewhere, at -1 and 1 too.

    References
    ----------
    Collobert, "Large scale machine learning", 2004.
    """
    return _kept_between(x, -1.0, 1.0)


@_activation
def hard_swish(x: Tensor) -> Tensor:
    """Return x hard_sigmoid(x): 0 below -3, x above 3.

    Notes
    -----
    The derivative is 0 at -3 and 1 at 3, as it is beyond them.

    References
    ----------
    Howard et al., "Searching for MobileNetV3", 2019, section 5.2.
    """
    return x * hard_sigmoid(x)


@_activation
def exponential(x: Tensor) -> Tensor:
    """Return exp(x), for outputs that are means of counts; it overflows to inf."""
    return exp(x)


@_activation
def log_sigmoid(x: Tensor) -> Tensor:
    """Return log(sigmoid(x)) = -softplus(-x), which never overflows; its derivative is sigmoid(-x)."""
    return -softplus(-x)


@_activation
def sign(x: Tensor) -> Tensor:
    """Return -1, 0 or 1: the output of Rosenblatt's perceptron, to be used after training.

    Notes
    -----
    The derivative is 0 everywhere, so nothing before it learns: train what is before it, with `losses.Perceptron` say.

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", 1958.
    """
    return sign_of(x)


@_activation
def maxout(x: Tensor, pieces: int = 2) -> Tensor:
    """Return the largest of each `pieces` neighbours along the last axis: (..., k pieces) becomes (..., k).

    Parameters
    ----------
    x : float tensor, shape (..., k pieces)
        The input.
    pieces : int
        How many there are to a unit.

    Raises
    ------
    ShapeError, ValueError
        If the last size is no multiple of `pieces`, or that is no int >= 1.

    Notes
    -----
    Equal largest ones share the derivative. Each unit is a convex function of what `x` was computed from linearly.

    References
    ----------
    Goodfellow et al., "Maxout networks", 2013, section 3.

    Examples
    --------
    >>> print(maxout(Tensor([[1.0, 5.0, -2.0, -3.0]])))
    [[ 5. -2.]]
    """
    check_int("maxout", "pieces", pieces, 1)
    shape = x.node.shape
    if not shape or not isinstance(shape[-1], int) or shape[-1] % pieces:
        raise ShapeError(
            f"maxout: input shape {shape_text(shape)}{location_text()} with pieces={pieces}. The last size must be a "
            f"multiple of {pieces}: give the layer before as many units for each that is to be left."
        )
    return max(reshape(x, (*shape[:-1], shape[-1] // pieces, pieces)), -1)


@_activation
def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return exp(x) / sum(exp(x)), the sum taken along an axis: positive numbers that add up to 1.

    Parameters
    ----------
    x : float tensor
        The input.
    axis : int
        Along which axis.

    Notes
    -----
    The maximum is subtracted first. A row that holds NaN or inf, or -inf alone, becomes NaN.

    Examples
    --------
    >>> print(softmax(Tensor([[1e4, 1e4, -1e4]])))
    [[0.5 0.5 0. ]]
    """
    powers = exp(x - stop_gradient(max(x, axis, keepdims=True)))
    y = powers / sum(powers, axis, keepdims=True)
    if axis in (-1, x.ndim - 1):
        _origins[y.node] = "softmax", x.node
    return y


@_activation
def softmin(x: Tensor, axis: int = -1) -> Tensor:
    """Return softmax(-x): positive numbers that add up to 1, the largest where x is smallest.

    Parameters
    ----------
    x : float tensor
        The input.
    axis : int
        Along which axis.
    """
    return softmax(-x, axis)


@_activation
def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return log(softmax(x)) without rounding small probabilities to 0: x - m - log(sum(exp(x - m))), m = max(x).

    Parameters
    ----------
    x : float tensor
        The input.
    axis : int
        Along which axis.

    Notes
    -----
    Finite for finite x: where x lies further below m than the largest float, it counts as just that far below. The
    derivative does not know of this. Where x is -inf, so is the result.

    Examples
    --------
    >>> [f"{value:.3g}" for value in log_softmax(Tensor([3e38, -3e38])).tolist()]
    ['0', '-3.4e+38']
    """
    top = stop_gradient(max(x, axis, keepdims=True))
    lowest = np.asarray(np.finfo(x.dtype).min)
    # A little less than the largest float, so that no rounding of x - nearer overflows.
    nearer = stop_gradient(minimum(top, maximum(x, lowest) - lowest * np.asarray(1.0 - 2.0**-20, x.dtype)))
    return (x - nearer) - log(sum(exp(x - top), axis, keepdims=True))


def _kept_between(x: Tensor, low: float, high: float) -> Tensor:
    """Return x, or the bound that it is at or beyond, with derivative 0 there; NaN stays NaN."""
    return where(x <= low, low, where(x >= high, high, x))


def _minus_abs(x: Tensor) -> Tensor:
    """Return -|x| with the derivative -1 at 0, as the formulas above need it."""
    return where(x >= 0.0, -x, x)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.activations", __all__)
