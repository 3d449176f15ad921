"""How many linear pieces networks can have: what is proven for given numbers of inputs and units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb, prod

from feedforward.nn.config import check_int

__all__ = ["PieceBounds", "piece_bounds"]


@dataclass(frozen=True)
class PieceBounds:
    """Bounds of the largest number of linear pieces that networks of a shape can have.

    Attributes
    ----------
    attainable : int
        So many some network of ReLU units has (Montufar et al., 2014); 0 where a hidden layer has fewer units than
        there are inputs, of which the theorem says nothing.
    at_most : int
        No network of activations with one kink has more: each layer cuts each piece by as many planes as it has units
        (of ReLU units, Montufar, 2017).
    at_most_relu : int
        No network of ReLU units has more (Serra et al., 2018, theorem 1): a unit that is off leaves the next layers one
        dimension less.
    """

    attainable: int
    at_most: int
    at_most_relu: int


def piece_bounds(inputs: int, widths: Sequence[int]) -> PieceBounds:
    """Return what is proven about the number of linear pieces.

    attainable:  prod_{l<L} floor(n_l / d)^d sum_{j=0}^d C(n_L, j)
    at most:     prod_l sum_{j=0}^{d_l} C(n_l, j),  d_l = min(d, n_1, ..., n_{l-1})
    of ReLU:     sum over (j_1, ..., j_L) of prod_l C(n_l, j_l),  j_l <= min(d, n_1 - j_1, ..., n_{l-1} - j_{l-1}, n_l)

    Parameters
    ----------
    inputs : int
        d, at least 1. Along a line it is 1, in a plane 2, whatever the network has.
    widths : sequence of int
        n_l: the units of each hidden layer, each at least 1. A unit whose activation has two kinks counts twice.

    Returns
    -------
    PieceBounds

    Raises
    ------
    ValueError
        If a number is below 1, or there is no layer.

    Notes
    -----
    For one input, and layers of at least 2 units, the last is prod (n_l + 1).

    References
    ----------
    Zaslavsky, "Facing up to arrangements", 1975 (one layer); Montufar, Pascanu, Cho and Bengio, "On the number of
    linear regions of deep neural networks", 2014 (attainable); Montufar, "Notes on the number of linear regions of deep
    neural networks", 2017 (at most); Serra, Tjandraatmadja and Ramalingam, "Bounding and counting linear regions of
    deep neural networks", 2018, theorem 1 (of ReLU).

    Examples
    --------
    Three lines cut the plane into at most 7 pieces; of two layers of 3, the second cuts each of the 7 by three more:

    >>> piece_bounds(2, [3]).at_most
    7
    >>> piece_bounds(2, [3, 3])
    PieceBounds(attainable=7, at_most=49, at_most_relu=40)
    """
    check_int("piece_bounds", "inputs", inputs, 1)
    if not len(widths):
        raise ValueError(f"piece_bounds(widths={widths!r}): there is no layer. Give the units of at least one.")
    for width in widths:
        check_int("piece_bounds", "widths", width, 1)
    at_most, dimension = 1, inputs
    for width in widths:
        at_most *= sum(comb(width, j) for j in range(dimension + 1))
        dimension = min(dimension, width)
    folds = prod((width // inputs) ** inputs for width in widths[:-1])
    attainable = folds * sum(comb(widths[-1], j) for j in range(inputs + 1)) if min(widths) >= inputs else 0

    @cache
    def serra(layer: int, dimension: int) -> int:
        """Return the bound for the layers from one on, if what comes before them leaves so many dimensions."""
        if layer == len(widths):
            return 1
        width = widths[layer]
        return sum(
            comb(width, j) * serra(layer + 1, min(dimension, width - j)) for j in range(min(dimension, width) + 1)
        )

    return PieceBounds(attainable, at_most, serra(0, inputs))
