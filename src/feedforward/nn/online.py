"""Optimizers of online convex optimization, whose regret has a bound: both kinds of Adagrad, dual averaging, Ftrl.

Where they are shown to users, ``optimizers.py``, it is said how to add one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.functions import cast, clip, reshape, sqrt, square, where
from feedforward.nn.config import Range, number_setting, registered
from feedforward.nn.optimizer import OPTIMIZERS, Optimizer, Rate
from feedforward.tensor import Tensor, Variable

__all__ = ["Adagrad", "DualAveraging", "Ftrl", "FullMatrixAdagrad"]

_POSITIVE = Range(0, has_low=False)

_MOST_OF_MATRIX, _MOST_OF_MATRICES = 256, 2**22
"""Elements of a parameter, and of the matrices of all."""


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients: s := s + g^2, w := w - r g / sqrt(s + e).

    Parameters
    ----------
    learning_rate : float
        r.
    initial_accumulator_value : float
        s before the first step, at least 0.
    epsilon : float
        e, above 0.

    Notes
    -----
    The nearest point of a variable's constraint is that by sum(sqrt(s + e) d^2), as in the paper.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011,
    figure 1, the diagonal form; there s begins at 0 and e is added to the root.
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    initial_accumulator_value: float = number_setting(Range(0), 0.1)
    epsilon: float = number_setting(_POSITIVE, 1e-7)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``accumulator``, s."""
        return {"accumulator": np.full(parameter.shape, self.initial_accumulator_value)}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and sum after a step."""
        total = slots["accumulator"] + square(gradient)
        return parameter - step_size * gradient / sqrt(total + self.epsilon), {"accumulator": total}

    def norm(self, slots: dict[str, Tensor]) -> Tensor:
        """Return sqrt(s + e)."""
        return sqrt(slots["accumulator"] + self.epsilon)


@registered(OPTIMIZERS)
@dataclass(eq=False)
class FullMatrixAdagrad(Optimizer):
    """Steps divided by the root of the sum of all g g^T: S := S + g g^T, w := w - r S^(-1/2) g, for small models.

    Each parameter is one vector of n elements, and has a matrix S of its own.

    Parameters
    ----------
    learning_rate : float
        r.
    initial_accumulator_value : float
        S is this times the identity before the first step; above 0.

    Raises
    ------
    ValueError
        If a parameter has more than 256 elements, or all matrices together more than 2^22. A step costs some 150 n^3
        operations for a parameter, in float64 250 n^3.

    Notes
    -----
    Where gradients have one element other than 0 each, it is `Adagrad` without its e. The nearest point of a
    variable's constraint is that by d^T S^(1/2) d. Both roots are those of S + c |S| I, in Frobenius' norm, with
    c = 2^-20, in float64 2^-40, computed in float64 by Newton's and Schulz' iteration.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011,
    figure 1, the full form; there the identity is added to the root instead. Higham, "Functions of matrices", 2008,
    equation 6.35.

    Examples
    --------
    Gradients along (1, 1) alone: the other direction is never divided by them, so it is as new in the last step.

    >>> w, optimizer = Variable([0.0, 0.0]), FullMatrixAdagrad(1.0, initial_accumulator_value=1e-4)
    >>> for gradient in ([1.0, 1.0], [1.0, 1.0], [0.1, -0.1]):
    ...     optimizer.apply_gradients([(Tensor(gradient), w)])
    >>> print(w.numpy().round(2))
    [-1.91 -0.5 ]
    """

    learning_rate: Rate = number_setting(Range(0), 0.001)
    initial_accumulator_value: float = number_setting(_POSITIVE, 0.1)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``accumulator``, S, shape (n, n)."""
        return {"accumulator": np.eye(parameter.size) * self.initial_accumulator_value}

    def build(self, variables: Iterable[Variable], factors: Any = None) -> None:
        """Make the matrices, if they are few and small; see `Optimizer.build`."""
        parameters = list(variables)
        counts = [parameter.size for parameter in parameters]
        total = sum(count**2 for count in counts)
        for parameter, count in zip(parameters, counts, strict=True):
            if count > _MOST_OF_MATRIX:
                raise ValueError(
                    f"FullMatrixAdagrad: variable {parameter.name!r} has {count} elements, which needs a matrix of "
                    f"{count} x {count}. Expected at most {_MOST_OF_MATRIX}. Use Adagrad, or a smaller model."
                )
        if total > _MOST_OF_MATRICES:
            raise ValueError(
                f"FullMatrixAdagrad: {len(counts)} variables need matrices of {total:,} elements together. Expected at "
                f"most {_MOST_OF_MATRICES:,}. Use Adagrad, or a smaller model."
            )
        super().build(parameters, factors)

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and sum after a step."""
        column = reshape(gradient, (-1, 1))
        new = {"accumulator": slots["accumulator"] + column * reshape(gradient, (1, -1))}
        step = reshape(cast(self.norm(new)[1] @ cast(column, "float64"), parameter.dtype), parameter.node.shape)
        return parameter - step_size * step, new

    def norm(self, slots: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return S^(1/2) and S^(-1/2)."""
        return _roots(slots["accumulator"])


def _roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root of a symmetric matrix that is not negative, and its inverse, in float64.

    Y := Y T, Z := T Z with T = (3 I - Z Y) / 2, from Y = A and Z = I, tend to A^(1/2) and A^(-1/2) for |A| <= 1. At
    first a small eigenvalue of Z Y grows by 9/4 in each turn, at the end errors are squared.
    """
    exponent = 40 if matrix.dtype == np.float64 else 20
    turns = math.ceil(exponent * math.log(2) / math.log(9 / 4)) + 7
    wide, identity = cast(matrix, "float64"), Tensor(np.eye(len(matrix)))
    size = sqrt(square(wide).sum())
    size, start = size * (1.0 + 2.0**-exponent), (wide / size + identity * 2.0**-exponent) / (1.0 + 2.0**-exponent)
    # Both are kept divided by sqrt(2), so that their product is Z Y / 2.
    y, z, most = start * math.sqrt(0.5), identity * math.sqrt(0.5), identity * 1.5
    for _ in range(turns):
        turn = most - z @ y
        y, z = y @ turn, turn @ z
    return y * sqrt(2.0 * size), z * sqrt(2.0 / size)


@registered(OPTIMIZERS)
@dataclass(eq=False)
class DualAveraging(Optimizer):
    """Where the sum of all gradients leads from the beginning: z := z + g, w := c - r z / sqrt(t) in step t.

    Parameters
    ----------
    learning_rate : float
        r. Another one counts for the whole sum at once.
    l1_regularization_strength : float
        l, at least 0: w then comes closer to 0 by r l sqrt(t), but not beyond it, so that weights are exactly 0.

    Raises
    ------
    ValueError
        If `weight_decay` or `ema_overwrite_frequency` is given: a step does not depend on the weights before it.

    Notes
    -----
    c are the weights before the first step; t is counted for each parameter. What else changes weights, such as
    `set_weights`, is forgotten in the next step. `use_ema` with ``ema_momentum=None`` gives the mean of all w, for
    which the bound on the regret holds. With a constraint w is where z^T w + l t |w|_1 + sqrt(t) |w - c|^2 / (2 r) is
    smallest in the set, if l is 0 or the set a box.

    References
    ----------
    Nesterov, "Primal-dual subgradient methods for convex problems", 2009, equation 2.14; Xiao, "Dual averaging methods
    for regularized stochastic learning and online optimization", 2010, section 3.1, with gamma = 1 / r.

    Examples
    --------
    >>> w, optimizer = Variable(1.0), DualAveraging(0.5)
    >>> for _ in range(4):  # 1 - 0.5 * 4 / sqrt(4) in the end
    ...     optimizer.apply_gradients([(Tensor(1.0), w)])
    >>> print(w)
    0.0
    """

    learning_rate: Rate = number_setting(Range(0), 0.01)
    l1_regularization_strength: float = number_setting(Range(0), 0.0)

    def _checked(self, name: str, value: Any) -> Any:
        if name in ("weight_decay", "ema_overwrite_frequency") and value is not None:
            raise ValueError(
                f"DualAveraging({name}={value!r}): a step begins at the first weights, so that this would have no "
                f"effect. Leave it out, or take l1_regularization_strength or another optimizer."
            )
        return super()._checked(name, value)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``origin``, c, ``gradient_sum``, z, and the number ``step``, t."""
        return {"origin": parameter.numpy(), "gradient_sum": np.zeros(parameter.shape, parameter.dtype), "step": 0}

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter, sum and number after a step."""
        step = slots["step"] + 1
        root = sqrt(cast(step, parameter.dtype))
        z = slots["gradient_sum"] + gradient
        w = slots["origin"] - step_size / root * z
        if self.l1_regularization_strength:
            most = step_size * root * self.l1_regularization_strength
            w = w - clip(w, -most, most)
        return w, {"origin": slots["origin"], "gradient_sum": z, "step": step}


@registered(OPTIMIZERS)
@dataclass(eq=False)
class Ftrl(Optimizer):
    """Follow the regularized leader: weights that many steps leave at exactly 0, for linear models.

    With the sum of squares n and p = -learning_rate_power: n' := n + g^2, z := z + g + 2 s w - (n'^p - n^p) w / r,
    w := (clip(z, -l1, l1) - z) / ((n'^p + beta) / r + 2 l2).

    Parameters
    ----------
    learning_rate : float
        r, above 0.
    learning_rate_power : float
        -p, at most 0: how fast steps become smaller; 0 keeps them.
    initial_accumulator_value : float
        n before the first step, at least 0.
    l1_regularization_strength : float
        l1, at least 0: a weight is 0 while abs(z) is not above it.
    l2_regularization_strength : float
        l2, at least 0.
    l2_shrinkage_regularization_strength : float
        s, at least 0: as a penalty s w^2 in the loss, which does not count in n.
    beta : float
        Added to n'^p, at least 0.

    Notes
    -----
    w is computed from n and z alone, so the first step forgets what the weights began with. Layers whose units have to
    begin differently, all hidden ones, cannot be trained by it.

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", 2013, algorithm 1, as Keras writes it: there l2 is
    without the 2, and n begins at 0.
    """

    learning_rate: Rate = number_setting(_POSITIVE, 0.001)
    learning_rate_power: float = number_setting(Range(high=0), -0.5)
    initial_accumulator_value: float = number_setting(Range(0), 0.1)
    l1_regularization_strength: float = number_setting(Range(0), 0.0)
    l2_regularization_strength: float = number_setting(Range(0), 0.0)
    l2_shrinkage_regularization_strength: float = number_setting(Range(0), 0.0)
    beta: float = number_setting(Range(0), 0.0)

    def slots(self, parameter: Variable) -> dict[str, Any]:
        """Return ``accumulator``, n, and ``linear``, z."""
        return {
            "accumulator": np.full(parameter.shape, self.initial_accumulator_value),
            "linear": np.zeros(parameter.shape, parameter.dtype),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, step_size: Tensor, slots: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return parameter and sums after a step."""
        # The sums hold 1 / rate, so a step whose rate is 0, at the end of a schedule, is none.
        is_step, rate = step_size > 0.0, where(step_size > 0.0, step_size, 1.0)
        before, l1 = slots["accumulator"], self.l1_regularization_strength
        total = before + square(gradient)
        scale, scale_before = (
            sqrt(n) if self.learning_rate_power == -0.5 else n**-self.learning_rate_power for n in (total, before)
        )
        z = slots["linear"] + gradient - (scale - scale_before) * parameter / rate
        if self.l2_shrinkage_regularization_strength:
            z = z + parameter * (2.0 * self.l2_shrinkage_regularization_strength)
        weight = (clip(z, -l1, l1) - z) / ((scale + self.beta) / rate + 2.0 * self.l2_regularization_strength)
        return where(is_step, weight, parameter), {
            "accumulator": where(is_step, total, before),
            "linear": where(is_step, z, slots["linear"]),
        }
