"""Two hidden layers for functions of two numbers: a hat on each node of a grid of triangles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.convex.points import Floats
from feedforward.errors import DataError
from feedforward.figures import new_figure
from feedforward.nn.config import Range, check_int, check_number
from feedforward.theory.approximation import Function, SupremumError, as_domain, values_at
from feedforward.theory.chain import make_network, values_of
from feedforward.training.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SurfaceApproximation", "approximate_surface"]

_MOST_WEIGHTS = 2**21
"""Between the two hidden layers, nearly all of them 0: 16 MiB, which each point that is measured passes through."""


@dataclass(frozen=True)
class SurfaceApproximation:
    """A network that is near a function of two numbers, how near it must be, and how near it is.

    Attributes
    ----------
    model : Sequential
        The network, of float64: from shape (n, 2) to (n, 1).
    units : tuple of int
        In its two hidden layers.
    nodes : tuple of int
        Of the grid, in each direction.
    bound : float
        No function with the Lipschitz constant that was given is further from its network, but for rounding.
    error : SupremumError
        How far this one is.
    function : callable
    domain : tuple
        ((a, b), (c, d)).
    """

    model: Sequential
    units: tuple[int, int]
    nodes: tuple[int, int]
    bound: float
    error: SupremumError
    function: Function
    domain: tuple[tuple[float, float], tuple[float, float]]

    def __str__(self) -> str:
        return f"{self.units[0]} and {self.units[1]} units: error {self.error}, proven <= {self.bound:.6g}"

    def plot(self, points: int = 100) -> Figure:
        """Draw the network, and beside it how far it is from the function.

        Parameters
        ----------
        points : int
            For how many values of each number, at least 2.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        """
        check_int("SurfaceApproximation.plot", "points", points, 2)
        figure, axes = new_figure("SurfaceApproximation.plot", 1, 2, (9.6, 4.2))
        x, y = np.meshgrid(*(np.linspace(*side, points) for side in self.domain))
        rows = np.stack([x.reshape(-1), y.reshape(-1)], 1)
        made = values_of(self.model, rows)[:, 0]
        off = np.abs(values_at("SurfaceApproximation.plot", self.function, rows) - made)
        for axis, heights, title in (
            (axes[0, 0], made, f"network: {self.units[1]} hats"),
            (axes[0, 1], off, f"|f - network|, proven <= {self.bound:.3g}"),
        ):
            figure.colorbar(axis.pcolormesh(x, y, heights.reshape(x.shape), shading="nearest"))
            axis.set(xlabel="x", ylabel="y", title=title, aspect="equal")
        return figure  # type: ignore[no-any-return]


def approximate_surface(
    function: Function,
    lipschitz: float,
    epsilon: float,
    domain: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0)),
) -> SurfaceApproximation:
    """Return a network of two hidden layers that is nowhere further than epsilon from a function of two numbers.

    With u and v the two numbers counted in cells of the grid, and (i, j) a node:

        network = sum_ij f(node) hat(u - i, v - j),  hat(p, q) = relu(1 - (|p| + |q| + |p - q|) / 2)

    The first hidden layer has relu(+-(u - i)), relu(+-(v - j)), relu(+-(u - v - k)), whose pairs add up to the absolute
    values; the second a hat for each node.

    Parameters
    ----------
    function : callable
        f: from rows (x, y), float64 of shape (n, 2), to n numbers.
    lipschitz : float
        L, above 0: |f(p) - f(q)| <= L |p - q|, Euclidean, in the domain.
    epsilon : float
        How far the network may be, above 0.
    domain : pair of pairs of float
        The least and largest x, and y.

    Returns
    -------
    SurfaceApproximation

    Raises
    ------
    ValueError
        If a number is out of its range, or more than 2**21 weights would be needed between the hidden layers.
    TypeError, ShapeError, DataError
        If the domain is no rectangle; if the function is none, or returns no finite number for each row, or changes by
        more than `lipschitz` allows.

    Notes
    -----
    A hat is 1 at its node, 0 at all others, and linear on each triangle, the cells being cut along their diagonals u -
    v = k: so the network is f at the nodes and linear between them. At p = sum l_i v_i, an average of the corners,

        |f(p) - network(p)| <= L sum l_i |p - v_i| <= L sqrt(sum l_i |p - v_i|^2) <= L R,

    R being the triangle's circumradius, since sum l_i |p - v_i|^2 = R^2 - |p - m|^2 for its circumcenter m. Cells of
    sides h have R = h / sqrt(2); so h <= sqrt(2) epsilon / L.

    One hidden layer cannot make a hat, nor anything else that is 0 outside of some disk. It is a sum of terms
    c relu(w x + b), each of which bends along a whole line, the jump of the slope across it being the same everywhere
    on it. Far out on the line, where no other line crosses, that jump must be 0; so it is 0 on the whole line, and on
    every line, and the sum has no bend at all.

    The measured error is the largest at the nodes of a grid four times as fine. Its triangles lie within those of the
    first, on which the network is linear; so, as above, in between it is larger by at most L R / 4.

    References
    ----------
    Freudenthal, "Simplizialzerlegungen von beschränkter Flachheit", 1942; He, Li, Xu and Zheng, "ReLU deep neural
    networks and linear finite elements", 2020.

    Examples
    --------
    >>> from feedforward import theory
    >>> print(theory.approximate_surface(lambda p: np.hypot(p[:, 0], p[:, 1]), 1.0, 0.2))
    38 and 25 units: error 0.0222682 to 0.0664624, proven <= 0.176777
    """
    caller = "approximate_surface"
    check_number(caller, "lipschitz", lipschitz, Range(0, has_low=False))
    check_number(caller, "epsilon", epsilon, Range(0, has_low=False))
    sides = _rectangle(caller, domain)
    low = np.array([side[0] for side in sides])
    extent = np.array([side[1] - side[0] for side in sides])
    cells = [max(1, math.ceil(size * lipschitz / (math.sqrt(2) * epsilon))) for size in extent.tolist()]
    n, m = cells[0] + 1, cells[1] + 1
    pairs = n + m + (n + m - 1)
    if 2 * pairs * n * m > _MOST_WEIGHTS:
        raise ValueError(
            f"{caller}(lipschitz={lipschitz!r}, epsilon={epsilon!r}): a grid of {n} x {m} nodes is needed, and "
            f"{2 * pairs * n * m} weights. Expected at most {_MOST_WEIGHTS}. Raise epsilon, or take a smaller domain."
        )
    step = extent / cells
    i, j = (each.reshape(-1) for each in np.meshgrid(np.arange(n), np.arange(m), indexing="ij"))
    nodes = low + np.stack([i, j], 1) * step
    values = values_at(caller, function, nodes)
    heights = values.reshape(n, m)
    rises = [np.abs(np.diff(heights, axis=axis)) / step[axis] for axis in (0, 1)]
    steepest = max(float(rise.max()) for rise in rises)
    # Values may be off by some roundings of their own size.
    if steepest > lipschitz + 2.0**-48 * np.abs(values).max() / step.min():
        raise DataError(
            f"{caller}: between neighbouring nodes the function changes by {steepest:g} times their distance. Expected "
            f"at most lipschitz = {lipschitz:g}. Give a larger one."
        )
    # u - i, v - j, and u - v - k: their coefficients in u and v, and i, j, k.
    directions = np.repeat([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]], [n, m, n + m - 1], axis=0)
    places = np.concatenate([np.arange(n), np.arange(m), np.arange(1 - m, n)])
    kernel = (directions / step).T
    bias = -(directions / step) @ low - places
    hats = np.zeros((pairs, n * m))
    node = np.arange(n * m)
    for row in (i, n + j, n + m + (i - j) + (m - 1)):
        hats[row, node] = -0.5
    model = make_network(
        (np.concatenate([kernel, -kernel], 1), np.concatenate([bias, -bias]), "relu"),
        (np.concatenate([hats, hats]), np.ones(n * m), "relu"),
        (values[:, np.newaxis], [0.0], None),
    )
    bound = lipschitz * float(np.hypot(*step)) / 2
    lines: list[Floats] = [np.linspace(*side, 4 * count + 1) for side, count in zip(sides, cells, strict=True)]
    error = _error_at(caller, model, function, lines, bound / 4)
    return SurfaceApproximation(model, (2 * pairs, n * m), (n, m), bound, error, function, sides)


def _rectangle(caller: str, domain: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    if np.shape(domain) != (2, 2):
        raise DataError(f"{caller}: domain is {domain!r:.60}. Expected ((a, b), (c, d)). Give two pairs of numbers.")
    return as_domain(caller, domain[0]), as_domain(caller, domain[1])


def _error_at(caller: str, model: Sequential, function: Function, lines: list[Floats], rise: float) -> SupremumError:
    """Return the largest error at the nodes of a grid, given by how much it is larger in between at most."""
    x, y = np.meshgrid(*lines)
    rows = np.stack([x.reshape(-1), y.reshape(-1)], 1)
    errors = np.abs(values_at(caller, function, rows) - values_of(model, rows)[:, 0])
    largest = int(errors.argmax())
    low, (first, second) = float(errors[largest]), rows[largest].tolist()
    return SupremumError(low, low + rise, (first, second))
