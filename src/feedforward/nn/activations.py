"""Activations: functions of one tensor, applied to each of its elements, or along an axis.

An activation is a composition of operations, written so that neither it nor its derivative overflows, and registered
under its own name. It takes arrays and nested lists as well as tensors. A loss that needs the numbers an activation was
applied to asks `logits_of`.

References: Goodfellow, Bengio and Courville, "Deep Learning", 2016, sections 6.2.2, 6.3 and 4.1.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias

import numpy as np

from feedforward.functions import exp, expm1, log, log1p, max, maximum, minimum, stop_gradient, sum, where
from feedforward.functions import tanh as hyperbolic_tangent
from feedforward.graph.node import Node
from feedforward.lookup import Registry, namespace
from feedforward.replay import can_replay, replay
from feedforward.tensor import Tensor, of_node

__all__ = ["elu", "leaky_relu", "linear", "log_softmax", "relu", "sigmoid", "softmax", "softplus", "swish", "tanh"]

P = ParamSpec("P")
Function: TypeAlias = Callable[[Tensor], Tensor]

ACTIVATIONS: Registry[Function] = Registry("activation")
"""Every activation by its name."""

_SHORT = {"swish": ["silu"]}
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
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """Return x where x > 0 and negative_slope x elsewhere.

    Parameters
    ----------
    x : float tensor
        The input.
    negative_slope : float
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
def swish(x: Tensor) -> Tensor:
    """Return x sigmoid(x), also called SiLU.

    References
    ----------
    Ramachandran, Zoph and Le, "Searching for activation functions", 2017, with beta = 1.
    """
    return x * sigmoid(x)


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


def _minus_abs(x: Tensor) -> Tensor:
    """Return -|x| with the derivative -1 at 0, as the formulas above need it."""
    return where(x >= 0.0, -x, x)


if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.activations", __all__)
