"""An update rule without a recurrent memory: a small perceptron sees what optimizers know of a gradient.

As in ``recurrent.py`` columns are coordinates: of n numbers the features are (30, n), and a layer multiplies from the
left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.functions import clip, concatenate, matmul, maximum, reshape, sqrt, square
from feedforward.graph.node import known
from feedforward.nn.activations import relu
from feedforward.nn.config import check_number, number_setting, registered
from feedforward.nn.update_rules.update_rule import (
    MOST_LAYERS,
    MOST_UNITS,
    SCALES,
    UPDATE_RULES,
    UpdateRule,
    check_size,
)
from feedforward.tensor import Tensor

__all__ = ["PerceptronRule"]

_DECAYS = (0.9, 0.99, 0.999)
"""The share of the old in the running means of a gradient, and in those of its square by rows and columns."""

_SQUARE_DECAY = 0.95
"""The same, in the running mean of the square of each number."""

_FEATURES, _OF_SIDES = 30, 6
"""How many there are, and how many of them are the same in a whole row, and in a whole column."""

_LARGEST = 1e15
"""Of a gradient: the square of a larger one may be no float32 any more, and infinity over infinity no number."""


@registered(UPDATE_RULES)
@dataclass(eq=False)
class PerceptronRule(UpdateRule):
    """A perceptron that sees the moments of a gradient and returns a direction; how far it goes, a step size says.

    w := w - s u / rms(u), with u = m(x / rms(x)), where rms is the root of the mean square over a whole parameter, once
    for each feature. For each number of a parameter, x is

        g and g cut off at 0.1; w; m; v; m / sqrt(v), g / sqrt(v) and 1 / sqrt(v); r, c, 1 / sqrt(r) and 1 / sqrt(c);
        g f and m f with f = 1 / sqrt(r c / mean(r))

    where m are running means of g with shares 0.9, 0.99 and 0.999 of the old, v that of g^2 with 0.95, and r and c
    those of the means of g^2 over a row and a column, as Adafactor has them, with the shares of m.

    Parameters
    ----------
    units : int
        Of each hidden layer, at most 256.
    layers : int
        How many, at most 8.
    scale : float
        s, above 0: the root of the mean square of a step.

    Notes
    -----
    It remembers four numbers for each weight, and three for each row and column. A parameter of more than two axes is a
    matrix whose columns are its last. One of less has no rows: running means of g^2 of each number, with the shares of
    m, stand for r and c, and f = 1 / sqrt(r). All roots and quotients are kept from zero by small numbers.

    Steps do not become smaller near a minimum, since each has the size s, wherever u is not as small as 0.003: let
    `Learned.learning_rate` fall by a schedule. Where all gradients are zero it moves, too, by what its biases say.

    References
    ----------
    Celo2 (arXiv 2602.19142), whose features, sizes and shares these are, without its orthogonal updates; Metz et al.,
    "Practical tradeoffs between memory, compute, and performance in learned optimizers", 2022, section 3.2, for what
    stands for r and c. There r and c are means over the two largest axes, and features of a parameter with more than
    two axes are divided by the rms of each of its matrices. Adafactor: Shazeer and Stern, 2018.

    Examples
    --------
    >>> rule = PerceptronRule()
    >>> sum(weight.size for weight in rule.weights.values())
    329
    """

    units: int = 8
    layers: int = 2
    scale: float = number_setting(SCALES, 0.001)

    def __post_init__(self) -> None:
        check_size("PerceptronRule", "units", self.units, MOST_UNITS)
        check_size("PerceptronRule", "layers", self.layers, MOST_LAYERS)
        check_number("PerceptronRule", "scale", self.scale, SCALES)
        super().__post_init__()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(1, self.layers + 1):
            shapes[f"kernel_{layer}"] = (self.units, _FEATURES if layer == 1 else self.units)
            shapes[f"bias_{layer}"] = (self.units,)
        return shapes | {"output": (1, self.units), "output_bias": (1,)}

    def state(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """Return the running means, zeros: of g, of g^2, and of g^2 by rows and columns or what stands for them."""
        many, (rows, columns) = len(_DECAYS), _as_matrix(shape)
        sides = {"rows": (many, rows), "columns": (many, columns)} if len(shape) > 1 else {"each": (many, columns)}
        shapes = {"means": (many, rows, columns), "squares": (rows, columns), **sides}
        return {name: np.zeros(size, np.float32) for name, size in shapes.items()}

    def change(
        self, parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor], weights: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return -s u / rms(u), and the running means after it."""
        shape = known(parameter.node.shape)
        matrix = _as_matrix(shape)
        g = clip(reshape(gradient, matrix), -_LARGEST, _LARGEST)
        elements, rows, columns, new = _features(reshape(parameter, matrix), g, state)
        # x / rms(x) for each feature: the weights are divided instead, which are much fewer.
        of_elements = [_inverse_rms(reshape(element, (1, -1))) for element in elements]
        factors = concatenate([*of_elements, _inverse_rms(rows), _inverse_rms(columns)], 0)
        kernel = weights["kernel_1"] * reshape(factors, (1, -1))
        many = len(elements), len(elements) + _OF_SIDES
        x = reshape(matmul(kernel[:, many[0] : many[1]], rows), (self.units, -1, 1 if len(shape) > 1 else matrix[1]))
        x = x + reshape(matmul(kernel[:, many[1] :], columns), (self.units, 1, -1))
        x = x + reshape(weights["bias_1"], (-1, 1, 1))
        for number, element in enumerate(elements):
            x = x + reshape(kernel[:, number], (-1, 1, 1)) * element
        x = reshape(relu(x), (self.units, -1))
        for layer in range(2, self.layers + 1):
            x = relu(matmul(weights[f"kernel_{layer}"], x) + reshape(weights[f"bias_{layer}"], (-1, 1)))
        u = matmul(weights["output"], x) + reshape(weights["output_bias"], (1, 1))
        return reshape(u * (_inverse_rms(u) * -self.scale), shape), new


def _as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the shape of a parameter as a matrix; one row if it is a vector or a number."""
    return math.prod(shape[:-1]), math.prod(shape[-1:])


def _features(
    w: Tensor, g: Tensor, state: Mapping[str, Tensor]
) -> tuple[list[Tensor], Tensor, Tensor, dict[str, Tensor]]:
    """Return what the perceptron sees, and the new running means, for w and g of shape (r, c).

    Returns
    -------
    elements : list of 18 tensors, shape (r, c)
        Features of each number.
    rows, columns : tensors, shapes (6, r) and (6, c)
        Features of all numbers in a row or column; of a vector of n numbers, (6, n) both.
    new : dict of str to tensor
        What `PerceptronRule.state` declares.
    """
    kept = Tensor(np.reshape(_DECAYS, (-1, 1)), g.dtype)
    each = reshape(kept, (-1, 1, 1))
    means = each * state["means"] + (1.0 - each) * g
    v = _SQUARE_DECAY * state["squares"] + (1.0 - _SQUARE_DECAY) * square(g)
    new = {"means": means, "squares": v}
    squares = square(g) + 1e-30
    if "each" in state:
        r = c = new["each"] = kept * state["each"] + (1.0 - kept) * squares
        f = reshape(_inverse_root(r + 1e-9), means.node.shape)
    else:
        r = new["rows"] = kept * state["rows"] + (1.0 - kept) * _mean(squares, 1)
        c = new["columns"] = kept * state["columns"] + (1.0 - kept) * _mean(squares, 0)
        of_rows = _inverse_root(maximum(r / (reshape(_mean(r, 1), (-1, 1)) + 1e-9), 1e-9))
        f = reshape(of_rows, (len(_DECAYS), -1, 1)) * reshape(_inverse_root(maximum(c, 1e-9)), (len(_DECAYS), 1, -1))
    root = _inverse_root(v + 1e-8)
    m, f_of = ([part[number] for number in range(len(_DECAYS))] for part in (means, f))
    elements = [g, clip(g, -0.1, 0.1), w, *m, v, *(one * root for one in m), g * root, root]
    elements += [*(g * factor for factor in f_of), *(one * factor for one, factor in zip(m, f_of, strict=True))]
    rows, columns = (concatenate([side, _inverse_root(side + 1e-8)], 0) for side in (r, c))
    return elements, rows, columns, new


def _mean(x: Tensor, axis: int) -> Tensor:
    """Return means, and zeros where there is nothing to take them of."""
    return x.sum(axis) / max(1, known(x.node.shape)[axis])


def _inverse_root(x: Tensor) -> Tensor:
    return 1.0 / sqrt(x)


def _inverse_rms(x: Tensor) -> Tensor:
    """Return 1 / rms of each row."""
    return _inverse_root(_mean(square(x), 1) + 1e-5)
