"""How large gradients are from layer to layer: as measured, and as the recursion of variances predicts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.convex.points import Floats
from feedforward.derivatives import grad
from feedforward.figures import new_figure
from feedforward.functions import sum
from feedforward.nn.activating import as_activation
from feedforward.nn.config import check_int, resolve
from feedforward.nn.initializers import (
    INITIALIZERS,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from feedforward.nn.layers import Dense, Input
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor
from feedforward.training.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GradientNorms", "gradient_norms", "weight_variance"]

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(200)
"""Gauss-Hermite quadrature; an even number of points, so that half of them are on each side of a kink at 0."""


@dataclass(frozen=True)
class GradientNorms:
    """Root mean squares of the gradients by the sums of each hidden layer, that of the last sums being 1.

    Attributes
    ----------
    activation, initializer : str
    measured, predicted : float64 array, shape (depth,)
        From the first hidden layer to the last. Measured over all units and draws; predicted of infinitely wide layers.
    sums : float64 array, shape (depth,)
        The predicted root mean square of the sums z themselves, for inputs of mean square 1.
    """

    activation: str
    initializer: str
    measured: Floats
    predicted: Floats
    sums: Floats

    @property
    def factor(self) -> float:
        """By how much the measured gradient changes from one layer to the one before, on the (geometric) average."""
        return float(self.measured[0] ** (1 / len(self.measured)))

    def plot(self) -> Figure:
        """Draw both over depth, on a logarithmic axis.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("GradientNorms.plot")
        layers = np.arange(1, len(self.measured) + 1)
        axes[0, 0].semilogy(layers, self.measured, "o", label="measured")
        axes[0, 0].semilogy(layers, self.predicted, label="predicted")
        axes[0, 0].set(
            xlabel="hidden layer",
            ylabel="gradient, root mean square",
            title=f"{self.activation}, {self.initializer}: {self.factor:.3g} a layer",
        )
        axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]


def gradient_norms(
    activation: Any = "relu",
    initializer: Any = "he_normal",
    *,
    depth: int = 20,
    width: int = 100,
    draws: int = 8,
    seed: int = 0,
) -> GradientNorms:
    """Return how large gradients are at each layer of a network that nobody has trained.

    With weights of mean 0 and variance v, layers of n units and z normal with the mean square q_l:

        q_1 = n v,  q_{l+1} = n v E[phi(z)^2],  E[delta_l^2] = n v E[phi'(z)^2] E[delta_{l+1}^2]

    Where n v E[phi'^2] is below 1 gradients vanish, above 1 they explode, exponentially in depth.

    Parameters
    ----------
    activation : str or callable
        phi, applied to each element.
    initializer : str or Initializer
        What draws the weights; biases are 0.
    depth : int
        Hidden layers, at least 1, before one without activation, whose sums the gradient starts from.
    width : int
        n, of inputs and layers, at least 1.
    draws : int
        Over how many networks, each with an input of its own, the squares are averaged; at least 1.
    seed : int
        From which weights, inputs and gradients at the last layer are drawn; a seed of the initializer counts for
        nothing.

    Returns
    -------
    GradientNorms

    Raises
    ------
    ValueError, TypeError
        If a number is out of its range, a name unknown; if the initializer does not draw numbers of mean 0 and a known
        variance.

    Notes
    -----
    The prediction is of layers that are infinitely wide; of n units and depth L, the measured squares scatter by a
    share of some sqrt(5 L / (n draws)). Expectations are by Gauss-Hermite quadrature with 200 points: exact for relu
    and abs, and to some digits for activations that bend elsewhere than at 0.

    References
    ----------
    Glorot and Bengio, 2010, equations 5 and 6; He et al., 2015, equations 10 and 14; Poole et al., "Exponential
    expressivity in deep neural networks through transient chaos", 2016; Schoenholz et al., "Deep information
    propagation", 2017.

    Examples
    --------
    >>> from feedforward import theory
    >>> relu = theory.gradient_norms("relu", "he_normal", depth=4, width=20, draws=2)
    >>> print(relu.predicted)  # n v E[phi'^2] = 2 * 1/2
    [1. 1. 1. 1.]
    >>> sigmoid = theory.gradient_norms("sigmoid", "glorot_normal", depth=4, width=20, draws=2)
    >>> print(sigmoid.predicted.round(4))  # at most 1/4 a layer
    [0.0028 0.0131 0.0557 0.236 ]
    """
    caller = "gradient_norms"
    for name, value in {"depth": depth, "width": width, "draws": draws, "seed": seed}.items():
        check_int(caller, name, value, 0 if name == "seed" else 1)
    function = as_activation(activation)
    draw = resolve(INITIALIZERS, initializer)
    variance = weight_variance(draw, width)
    slope = grad(lambda z: sum(function(z)))
    chances = _WEIGHTS / _WEIGHTS.sum()
    square, squares, factors = width * variance, [], []
    for _ in range(depth):
        z = np.sqrt(square) * _POINTS
        squares.append(square)
        factors.append(width * variance * float(chances @ slope(z).numpy() ** 2))
        square = width * variance * float(chances @ function(z).numpy() ** 2)
    predicted = np.sqrt(np.cumprod(factors[::-1])[::-1])
    hidden = [Dense(width, activation, kernel_initializer="zeros") for _ in range(depth)]
    model = Sequential([Input((width,), dtype="float64"), *hidden, Dense(width, kernel_initializer="zeros")])
    biases = [layer.bias for layer in hidden]
    random = np.random.default_rng(seed)
    found = np.zeros(depth)
    for _ in range(draws):
        weights: list[Floats] = []
        for _ in range(depth + 1):
            seeded: Any = dataclasses.replace(draw, **{"seed": int(random.integers(2**31))})
            weights += [seeded((width, width), "float64").numpy(), np.zeros(width)]
        model.set_weights(weights)
        x, last = random.standard_normal((2, 1, width))
        with GradientTape() as tape:
            loss = sum(model(Tensor(x)) * last)
        # A bias is added to the sums of one sample: its gradient is theirs.
        gradients = tape.gradient(loss, biases)
        found += [float((each.numpy() ** 2).mean() / (last**2).mean()) for each in gradients]
    shown = activation if isinstance(activation, str) else getattr(activation, "__name__", type(activation).__name__)
    return GradientNorms(str(shown), type(draw).__name__, np.sqrt(found / draws), predicted, np.sqrt(np.array(squares)))


def weight_variance(initializer: Initializer, width: int) -> float:
    """Return the variance of what an initializer draws for a matrix of shape (width, width).

    Raises
    ------
    ValueError
        If it does not draw numbers of mean 0 and a known variance.

    Examples
    --------
    >>> import feedforward as ff
    >>> weight_variance(ff.initializers.HeUniform(), 50)
    0.04
    """
    if isinstance(initializer, VarianceScaling):
        return initializer.scale / width
    if isinstance(initializer, Orthogonal):
        return float(initializer.gain**2 / width)
    if isinstance(initializer, RandomNormal) and initializer.mean == 0:
        # Cut off at two standard deviations: 1 - 4 phi(2) / (2 Phi(2) - 1) of the variance is left.
        return float(initializer.stddev**2 * (0.7737413035499232 if isinstance(initializer, TruncatedNormal) else 1.0))
    if isinstance(initializer, RandomUniform) and initializer.minval == -initializer.maxval:
        return float(initializer.maxval**2 / 3)
    raise ValueError(
        f"gradient_norms(initializer={initializer!r}): its weights do not have mean 0 and a known variance. Expected "
        f"one that draws at random around 0. Give 'he_normal', 'glorot_uniform', 'orthogonal' or "
        f"RandomNormal(0, stddev)."
    )
