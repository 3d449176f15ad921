"""The numbers of a circuit, all computed by the engine: values, gradients, local derivatives, central differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.backprop.gates.gate import OPERATIONS, Gate
from feedforward.labs.errors import LabError

__all__ = ["Evaluation", "Numbers"]

_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
"""Where central differences are most exact: the errors of rounding and of truncation are of one size."""


@dataclass(frozen=True)
class Numbers:
    """What a circuit comes to.

    Parameters
    ----------
    values : tuple of float
        What comes out of each gate.
    gradients : tuple of float
        The derivative of the last gate's value with respect to each gate's.
    slopes : tuple of tuple of float
        The derivative of each gate with respect to each of its operands, others held still; 0 for a number.
    sent : tuple of tuple of float
        What each gate sends back to each operand: that derivative times the gradient of the gate itself.
    numeric : dict
        The derivative with respect to each input by central differences; not finite where there is no value nearby.
    """

    values: tuple[float, ...]
    gradients: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]
    sent: tuple[tuple[float, ...], ...]
    numeric: Mapping[str, float]


class Evaluation:
    """A circuit as one compiled function of its inputs.

    Every input is an array of 1 + 2 n numbers, n being how many inputs there are: itself, and itself with each input in
    turn a little greater and a little smaller. So one run gives values, gradients and central differences.

    Parameters
    ----------
    gates : sequence of Gate
        As `build` returns them.
    """

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = gates
        self._names = [gate.text for gate in gates if gate.operation == "input"]
        self._run = ff.function(self._compute)

    def __call__(self, inputs: Mapping[str, float]) -> Numbers:
        """Return the numbers for inputs by name.

        Raises
        ------
        LabError
            If a value or a gradient is not finite.
        """
        given = np.array([inputs[name] for name in self._names], np.float64)
        moves = _STEP * np.maximum(1.0, np.abs(given))
        rows = np.repeat(given[:, None], 1 + 2 * len(given), axis=1)
        places = np.arange(len(given))
        rows[places, 1 + places] += moves
        rows[places, 1 + len(given) + places] -= moves
        values, gradients, slopes, sent = (one.numpy() for one in self._run(ff.Tensor(rows)))
        self._check(values[:, 0], gradients[:, 0], slopes)
        above, below = values[-1, 1 : 1 + len(given)], values[-1, 1 + len(given) :]
        with np.errstate(invalid="ignore"):  # infinity - infinity
            numeric = (above - below) / (rows[places, 1 + places] - rows[places, 1 + len(given) + places])
        return Numbers(
            tuple(values[:, 0].tolist()),
            tuple(gradients[:, 0].tolist()),
            self._by_gate(slopes),
            self._by_gate(sent),
            dict(zip(self._names, numeric.tolist(), strict=True)),
        )

    def _compute(self, rows: Any) -> tuple[Any, Any, Any, Any]:
        """Return values and gradients, (gates, rows), and for each wire the local derivative and what is sent back."""
        shape = rows.shape[1:]
        inputs = {name: rows[place] for place, name in enumerate(self._names)}
        values: list[Any] = []
        with ff.GradientTape() as tape:
            for gate in self._gates:
                if gate.operation == "input":
                    value = inputs[gate.text]
                else:
                    operands = [values[one] if isinstance(one, int) else one.value for one in gate.operands]
                    if gate.operation == "constant":
                        value = ff.broadcast_to(ff.Tensor(operands[0], dtype="float64"), shape)
                    else:
                        value = OPERATIONS[gate.operation].compute(*operands)
                values.append(value)
                if gate.is_leaf:
                    tape.watch(value)
        gradients = tape.gradient(values[-1], values, unconnected_gradients="zero")
        slopes, upstream = [], []
        for gate, gradient in zip(self._gates, gradients, strict=True):
            if not gate.is_leaf:
                slopes.extend(_slopes(gate, values))
                upstream.extend([gradient[0]] * len(gate.sources))
        if not slopes:  # the formula is a name alone
            slopes = upstream = [ff.Tensor(0.0, dtype="float64")]
        slope = ff.stack(slopes)
        return ff.stack(values), ff.stack(gradients), slope, slope * ff.stack(upstream)

    def _by_gate(self, flat: Any) -> tuple[tuple[float, ...], ...]:
        """Return numbers of all wires as a tuple for each gate, with a 0 where a number goes in."""
        found = iter(flat.tolist())
        return tuple(
            tuple(next(found) if isinstance(one, int) else 0.0 for one in gate.operands) if not gate.is_leaf else ()
            for gate in self._gates
        )

    def _check(self, values: Any, gradients: Any, slopes: Any) -> None:
        for gate, value in zip(self._gates, values, strict=True):
            if not math.isfinite(value):
                operands = [values[one] if isinstance(one, int) else one.value for one in gate.operands]
                raise _error(gate, [float(one) for one in operands])
        by_gate = self._by_gate(slopes)
        for gate, gradient, own in reversed(list(zip(self._gates, gradients, by_gate, strict=True))):
            if not all(math.isfinite(one) for one in (gradient, *own)):
                raise LabError("gate_steep", text=gate.text)


def _slopes(gate: Gate, values: Sequence[Any]) -> list[Any]:
    """Return the derivative of a gate with respect to each wire that goes in, by a tape around that gate alone."""
    operands: list[Any] = []
    wires: list[Any] = []
    for one in gate.operands:
        if isinstance(one, int):
            wires.append(ff.stop_gradient(values[one][0]))
            operands.append(wires[-1])
        else:
            operands.append(one.value)
    with ff.GradientTape() as tape:
        tape.watch(wires)
        value = OPERATIONS[gate.operation].compute(*operands)
    found: list[Any] = tape.gradient(value, wires, unconnected_gradients="zero")
    return found


def _error(gate: Gate, operands: list[float]) -> LabError:
    """Return why a gate has no finite value."""
    first = f"{operands[0]:.4g}"
    if gate.operation in ("log", "sqrt"):
        return LabError(f"gate_{gate.operation}", value=first, text=gate.text)
    if gate.operation == "divide" and operands[1] == 0:
        return LabError("gate_divide", text=gate.text)
    if gate.operation == "power" and operands[0] <= 0:
        return LabError("gate_power", value=first, exponent=f"{operands[1]:.4g}", text=gate.text)
    return LabError("gate_overflow", text=gate.text)
