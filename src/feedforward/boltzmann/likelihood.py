"""The likelihood of machines that are small enough: Z by going over all states of one side, in float64.

Not here: estimates of Z for large machines.
"""

from __future__ import annotations

import numpy as np

from feedforward.arrays import Origin
from feedforward.boltzmann.energy import free_energy
from feedforward.boltzmann.machine import RBM
from feedforward.errors import DataError
from feedforward.functions import cast, logsumexp, transpose
from feedforward.tensor import Tensor

__all__ = ["log_likelihood", "log_partition"]

_MOST_UNITS = 25
"""Of the side whose states are all gone over: 33 million."""

_BLOCK = 2**14
"""States that are gone over at a time."""


def log_partition(machine: RBM) -> float:
    """Return log Z, the logarithm of the sum of exp(-E(v, h)) over all states: exact but for rounding.

    Parameters
    ----------
    machine : RBM
        Whose smaller binary side has at most 25 units: cost is 2 to that number, times the number of weights.

    Returns
    -------
    float
        Nats. Over Gaussian units the sum is an integral.

    Raises
    ------
    ValueError
        If both sides are too large, or the binary one is.

    Examples
    --------
    >>> machine = RBM(3, 2, seed=0)
    >>> _ = machine.kernel.assign(machine.kernel * 0.0)
    >>> float(round(log_partition(machine) / np.log(2), 6))  # 2^5 states of energy 0
    5.0
    """
    kernel, b, c = (cast(each, "float64") for each in (machine.kernel, machine.visible_bias, machine.hidden_bias))
    sides = [(machine.visible_units, (kernel, b, machine.visible, c, machine.hidden))]
    sides.append((machine.hidden_units, (transpose(kernel), c, machine.hidden, b, machine.visible)))
    units, side = min((each for each in sides if each[1][2] == "binary"), key=lambda each: each[0])
    if units > _MOST_UNITS:
        raise ValueError(
            f"log_partition: {machine!r} has 2**{units} states on its smaller binary side. Expected at most "
            f"{_MOST_UNITS} units there. Compare samples by free_energy, which needs no partition function."
        )
    places = np.arange(units)
    found = -np.inf
    for start in range(0, 2**units, _BLOCK):
        states = np.arange(start, min(start + _BLOCK, 2**units))[:, None] >> places & 1
        of_block = logsumexp(-free_energy(Tensor(states.astype(np.float64)), *side))
        found = float(np.logaddexp(found, of_block.numpy()))
    return found


def log_likelihood(machine: RBM, x: object) -> float:
    """Return the mean of log p(v) over samples, exact but for rounding: -F(v) - log Z.

    Parameters
    ----------
    machine : RBM
        As for `log_partition`.
    x : array, shape (n, d)
        Samples; of binary units 0 or 1, for what lies between has no probability.

    Returns
    -------
    float
        Nats per sample; of Gaussian visible units that of the density.

    Raises
    ------
    ValueError
        As for `log_partition`.
    ShapeError, DataError
        As for `RBM.fit`, or if a number of binary units is neither 0 nor 1.
    """
    data = machine.as_samples(x, "log_likelihood")
    between = (data > 0) & (data < 1)
    if machine.visible == "binary" and between.any():
        raise DataError(
            f"log_likelihood: x is neither 0 nor 1 in {Origin().cells(between)}. Expected states of binary units: "
            f"round it, or draw from it."
        )
    v = Tensor(data.astype(np.float64))
    kernel, b, c = (cast(each, "float64") for each in (machine.kernel, machine.visible_bias, machine.hidden_bias))
    own = free_energy(v, kernel, b, machine.visible, c, machine.hidden)
    return -float(own.mean().numpy()) - log_partition(machine)
