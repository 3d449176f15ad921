"""What depth is good for: a sawtooth of 2^k pieces from k layers of two units, and what one layer can make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from feedforward.figures import new_figure
from feedforward.nn.config import check_int
from feedforward.theory.chain import make_network, values_of
from feedforward.training.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ShallowFit", "fit_sawtooth", "sawtooth"]

_MOST_PIECES = 2**12
"""A fit takes some (pieces x units) numbers in memory and (pieces x units^2) products."""


def sawtooth(layers: int) -> Sequential:
    """Return the network of k hidden layers of two units that goes up and down between 0 and 1 in 2^k linear pieces.

    m(x) = 2 relu(x) - 4 relu(x - 1/2), applied k times: each time, the picture is drawn twice, the second time
    mirrored.

    Parameters
    ----------
    layers : int
        k, at least 1.

    Returns
    -------
    Sequential
        Of float64, from shape (n, 1) to (n, 1). At j / 2^k it is 0 for even j and 1 for odd.

    Raises
    ------
    ValueError
        If there is no layer.

    Notes
    -----
    Nothing is rounded where it matters: for x in [0, 1], 2 x is exact, and so are x - 1/2 and 2 x - 4 (x - 1/2) = 2 - 2
    x from 1/2 on; so every float64 in [0, 1] has the value that arithmetic of fractions gives.

    References
    ----------
    Telgarsky, "Benefits of depth in neural networks", 2016, section 3.3. There m has a ReLU around it, which changes
    nothing from 0 to 1, and makes two layers of each of ours.

    Examples
    --------
    >>> print(sawtooth(2)(np.array([[0.0], [0.125], [0.25], [0.5], [0.75], [1.0]])).numpy()[:, 0])
    [0.  0.5 1.  0.  1.  0. ]
    """
    check_int("sawtooth", "layers", layers, 1)
    fold, inner = [[2.0, 2.0], [-4.0, -4.0]], [0.0, -0.5]
    return make_network(
        ([[1.0, 1.0]], inner, "relu"),
        *[(fold, inner, "relu")] * (layers - 1),
        ([[2.0], [-4.0]], [0.0], None),
    )


@dataclass(frozen=True)
class ShallowFit:
    """How near one hidden layer of ReLU units comes to a sawtooth: what was found, and what nothing can be better than.

    Attributes
    ----------
    layers : int
        k: the sawtooth has 2^k pieces.
    units : int
        n, in the one hidden layer.
    largest_at_least : float
        The largest error of any such network is at least this: 1/2 if n + 1 < 2^k, else 0.
    mean_square_at_least : float
        The same of the mean of the squared error over [0, 1]: max(0, 1 - 2 n / 2^k) / 12.
    mean_square : float
        That of the network found; the constant 1/2 has 1/12.
    model : Sequential
        The network found, of float64.
    """

    layers: int
    units: int
    largest_at_least: float
    mean_square_at_least: float
    mean_square: float
    model: Sequential

    def plot(self) -> Figure:
        """Draw the sawtooth and the network found.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        figure, axes = new_figure("ShallowFit.plot")
        x = np.linspace(0.0, 1.0, 8 * 2**self.layers + 1)
        deep = 2**self.layers + 1
        axes[0, 0].plot(x[::8], np.arange(deep) % 2, lw=0.8, label=f"{self.layers} layers of 2 units")
        axes[0, 0].plot(x, values_of(self.model, x[:, np.newaxis])[:, 0], label=f"1 layer of {self.units} units")
        axes[0, 0].set(
            xlabel="x", title=f"mean square {self.mean_square:.4f}, none below {self.mean_square_at_least:.4f}"
        )
        axes[0, 0].legend()
        return figure  # type: ignore[no-any-return]


def fit_sawtooth(layers: int, units: int) -> ShallowFit:
    """Return how near a network of one hidden layer can come to the sawtooth of k layers, and how near one does.

    Parameters
    ----------
    layers : int
        k, at least 1 and at most 12.
    units : int
        n, at least 1 and at most 2^k.

    Returns
    -------
    ShallowFit
        The better of two fits by least squares: units that bend at the first kinks of the sawtooth, and at equal
        distances. The integrals are exact, up to rounding: both are linear between their kinks.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    A network of n units has at most n kinks. At the 2^k + 1 points j / 2^k the sawtooth is 0 and 1 in turn; a network
    that is off by less than 1/2 is below and above 1/2 in turn there, so it has at least 2^k pieces: n + 1 >= 2^k.

    Of the 2^(k-1) teeth at least 2^(k-1) - n have no kink of the network within them. There it is a line; a line is as
    far from a tooth as its mirror image, so by convexity none is nearer than a constant, and the best constant, 1/2,
    has the mean square 1/12. So the mean square over [0, 1] is at least (1 - 2 n / 2^k) / 12.

    References
    ----------
    Telgarsky, "Benefits of depth in neural networks", 2016, theorem 1.1: some network of 2 k^3 + 8 layers is off by at
    least 1/64, in mean absolute error, from each of at most k layers and some 2^k units. That is proven by counting
    how often a function crosses 1/2, as the first bound here is.

    Examples
    --------
    Ten units in five layers make 32 pieces; eight in one layer hardly do better than a constant, 1/12 = 0.083:

    >>> fit = fit_sawtooth(5, 8)
    >>> fit.largest_at_least, round(fit.mean_square_at_least, 4), round(fit.mean_square, 4)
    (0.5, 0.0417, 0.0673)
    """
    check_int("fit_sawtooth", "layers", layers, 1)
    check_int("fit_sawtooth", "units", units, 1)
    pieces = 2 ** min(layers, 64)
    if pieces > _MOST_PIECES or units > pieces:
        raise ValueError(
            f"fit_sawtooth(layers={layers!r}, units={units!r}): expected at most 12 layers and 2**layers units. "
            f"Take fewer."
        )
    kinks = np.arange(pieces + 1) / pieces
    teeth = np.arange(pieces + 1) % 2
    fits = []
    for bends in (kinks[:units], np.arange(units) / units):
        # Simpson's rule is exact for the squares of what is linear between the points: ends 1/6, middle 4/6.
        edges = np.union1d(kinks, bends)
        middles = (edges[1:] + edges[:-1]) / 2
        x = np.concatenate([edges[:-1], middles, edges[1:]])
        weights = np.diff(edges) * np.array([[1.0], [4.0], [1.0]]) / 6
        root = np.sqrt(weights.reshape(-1))
        terms = np.column_stack([np.ones_like(x), np.maximum(0.0, x[:, np.newaxis] - bends)])
        target = np.interp(x, kinks, teeth)
        found = np.linalg.lstsq(root[:, np.newaxis] * terms, root * target)[0]
        fits.append((float(((root * (terms @ found - target)) ** 2).sum()), bends, found))
    error, bends, found = min(fits, key=lambda fit: fit[0])
    model = make_network((np.ones((1, units)), -bends, "relu"), (found[1:, np.newaxis], found[:1], None))
    least = max(0.0, 1 - 2 * units / pieces) / 12
    return ShallowFit(layers, units, 0.5 if units + 1 < pieces else 0.0, least, error, model)
