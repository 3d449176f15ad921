"""A circuit: a formula, its inputs, and how far a reader has stepped through its forward and backward pass.

Step 0 shows the inputs alone; each of the next n computes one gate, in order; one more says that the derivative of the
result with respect to itself is 1; each of the last n takes one gate, in the opposite order, and sends its gradient
back to what it reads.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from feedforward.labs.backprop.gates.building import build
from feedforward.labs.backprop.gates.gate import OPERATIONS, Gate, kink
from feedforward.labs.backprop.gates.layout import Layout, lay_out
from feedforward.labs.backprop.gates.numbers import Evaluation, Numbers
from feedforward.labs.backprop.gates.program import program
from feedforward.labs.errors import LabError
from feedforward.labs.formulas import MOST_CHARACTERS, functions_of, parse
from feedforward.labs.settings import Flag, Many, Number, Text, Whole, shown

__all__ = ["INPUT", "PRESETS", "Circuit", "Update", "Wiring"]

INPUT = Number(-1e6, 1e6)
"""What an input may be."""

_TRIED = 1.0, 2.0, -1.0, 3.0, 0.5, -2.0
"""What new inputs are: neighbours differ, so that ``1 / (x - y)`` has a value."""

_ANY = Number(-sys.float_info.max, sys.float_info.max)

PRESETS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "product": ("(x + y) * z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    "neuron": ("sigmoid(w0*x0 + w1*x1 + w2)", {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}),
    "max": ("2 * (x*y + max(z, w))", {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0}),
    "fan_out": ("(x + sigmoid(y)) / (sigmoid(x) + (x + y)^2)", {"x": 3.0, "y": -4.0}),
}
"""Formulas and inputs of a well-known course (Karpathy, CS231n, "Backpropagation, Intuitions")."""


@dataclass(frozen=True)
class Wiring:
    """What follows from a formula alone."""

    formula: str
    is_expanded: bool
    has_sigmoid: bool
    gates: tuple[Gate, ...]
    layout: Layout
    evaluate: Evaluation

    @classmethod
    def of(cls, formula: str, is_expanded: bool) -> Wiring:
        """Return the wiring of a formula.

        Raises
        ------
        LabError
            If it is none, or too large.
        """
        expression = parse(formula)
        gates = build(expression, is_expanded)
        has_sigmoid = "sigmoid" in functions_of(expression)
        return cls(formula, is_expanded, has_sigmoid, gates, lay_out(gates), Evaluation(gates))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The gates in which something is computed, as they are computed."""
        return tuple(index for index, gate in enumerate(self.gates) if not gate.is_leaf)

    @cached_property
    def readers(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each gate which gates read it, and as which operand; as the backward pass meets them."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.gates]
        for target in reversed(self.order):
            for operand, source in enumerate(self.gates[target].operands):
                if isinstance(source, int):
                    found[source].append((target, operand))
        return tuple(map(tuple, found))

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return 2 * len(self.order) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs' names, as the formula has them."""
        return tuple(gate.text for gate in self.gates if gate.operation == "input")


@dataclass(frozen=True)
class Update:
    """What moving the inputs along their gradients has done.

    Parameters
    ----------
    before : float
        The formula's value before.
    predicted : float
        By how much it would have changed if it were as steep everywhere.
    """

    before: float
    predicted: float


@dataclass(frozen=True)
class Circuit:
    """A circuit with numbers in; begin with `Circuit.preset`. All methods leave it as it is and return another."""

    wiring: Wiring
    inputs: Mapping[str, float]
    numbers: Numbers
    step: int
    update: Update | None = None

    @classmethod
    def preset(cls, name: str = "product") -> Circuit:
        """Return one of `PRESETS`, every number in sight."""
        formula, inputs = PRESETS[name]
        return cls._of(Wiring.of(formula, is_expanded=name == "neuron"), inputs)

    @classmethod
    def _of(cls, wiring: Wiring, inputs: Mapping[str, float]) -> Circuit:
        return cls(wiring, inputs, wiring.evaluate(inputs), wiring.steps)

    @classmethod
    def from_saved(cls, saved: Any) -> Circuit:
        """Return the circuit that `saved` described, to the bit.

        Raises
        ------
        LabError
            If it is none.
        """
        try:
            if not isinstance(saved, dict) or saved.keys() != {"formula", "is_expanded", "inputs", "step", "update"}:
                raise LabError("bad_link")
            formula = Text(MOST_CHARACTERS).check("formula", saved["formula"])
            wiring = Wiring.of(formula, Flag().check("is_expanded", saved["is_expanded"]))
            count = len(wiring.names)
            inputs = dict(zip(wiring.names, Many(INPUT, count, count).check("inputs", saved["inputs"]), strict=True))
            step = Whole(0, wiring.steps).check("step", saved["step"])
            update = saved["update"]
            if update is not None:
                update = Update(*Many(_ANY, 2, 2).check("update", update))
            return cls(wiring, inputs, wiring.evaluate(inputs), step, update)
        except LabError as error:
            raise LabError("bad_link") from error

    def saved(self) -> dict[str, Any]:
        """Return what a link must hold, as JSON has it."""
        update = None if self.update is None else [self.update.before, self.update.predicted]
        return {
            "formula": self.wiring.formula,
            "is_expanded": self.wiring.is_expanded,
            "inputs": list(self.inputs.values()),
            "step": self.step,
            "update": update,
        }

    def with_formula(self, formula: str) -> Circuit:
        """Return a circuit of another formula; names that this one has, too, keep their numbers.

        Raises
        ------
        LabError
            If it is no formula, or has no finite value or gradient there; of new names some numbers are tried.
        """
        wiring = Wiring.of(formula, self.wiring.is_expanded)
        fresh = [name for name in wiring.names if name not in self.inputs]
        first: LabError | None = None
        for turn in range(len(_TRIED) if fresh else 1):
            tried = {name: _TRIED[(turn + place) % len(_TRIED)] for place, name in enumerate(fresh)}
            try:
                return self._of(wiring, {name: self.inputs.get(name, tried.get(name, 0.0)) for name in wiring.names})
            except LabError as error:
                first = first or error
        raise first or LabError("gate_no_input")

    def expanded(self, is_expanded: bool) -> Circuit:
        """Return the circuit with each sigmoid as four gates, or as one."""
        return self._of(Wiring.of(self.wiring.formula, is_expanded), self.inputs)

    def with_value(self, name: str, value: float) -> Circuit:
        """Return the circuit with another number in an input.

        Raises
        ------
        LabError
            If there is no such input, or no finite value or gradient.
        """
        if name not in self.inputs:
            raise LabError("gate_no_variable", word=shown(name), names=", ".join(self.inputs))
        return self._with_inputs({**self.inputs, name: value})

    def _with_inputs(self, inputs: Mapping[str, float]) -> Circuit:
        return replace(self, inputs=inputs, numbers=self.wiring.evaluate(inputs), update=None)

    def at(self, step: int) -> Circuit:
        """Return the circuit as a step shows it; what is beyond the last step is the last one."""
        return replace(self, step=max(0, min(step, self.wiring.steps)))

    def updated(self, rate: float) -> Circuit:
        """Return the circuit after its inputs have moved by a rate times their gradients, down if it is negative.

        Raises
        ------
        LabError
            If an input gets too large, or there is no finite value or gradient.
        """
        slopes = {
            gate.text: gradient
            for gate, gradient in zip(self.wiring.gates, self.numbers.gradients, strict=True)
            if gate.operation == "input"
        }
        moved = {name: value + rate * slopes[name] for name, value in self.inputs.items()}
        for name, value in moved.items():
            if not INPUT.low <= value <= INPUT.high:
                raise LabError("gate_far", word=name, value=f"{value:.4g}", most=f"{INPUT.high:.4g}")
        predicted = rate * sum(slope * slope for slope in slopes.values())
        update = Update(self.numbers.values[-1], predicted) if math.isfinite(predicted) else None
        return replace(self._with_inputs(moved), update=update)

    @property
    def phase(self) -> str:
        """What the present step belongs to."""
        count = len(self.wiring.order)
        if self.step == 0:
            return "inputs"
        if self.step <= count:
            return "forward"
        return "seed" if self.step == count + 1 else "backward"

    @property
    def current(self) -> int | None:
        """Which gate the present step takes."""
        order = self.wiring.order
        if self.step == 0:
            return None
        if self.step <= len(order):
            return order[self.step - 1]
        back = self.step - len(order) - 1
        return len(self.wiring.gates) - 1 if back == 0 else order[-back]

    def _agrees(self, index: int) -> bool | None:
        """Return whether an input's gradient is its central difference, as far as rounding lets one see."""
        gradient, numeric = self.numbers.gradients[index], self.numbers.numeric[self.wiring.gates[index].text]
        if not math.isfinite(numeric):
            return None
        return abs(gradient - numeric) <= 1e-5 * max(1.0, abs(gradient), abs(self.numbers.values[-1]))

    def _is_computed(self, gate: int) -> bool:
        order = self.wiring.order
        return self.wiring.gates[gate].is_leaf or gate in order[: self.step]

    def _has_sent(self, gate: int) -> bool:
        order = self.wiring.order
        back = self.step - len(order) - 1
        return back > 0 and gate in order[-back:]

    def _received(self, gate: int) -> list[dict[str, Any]]:
        """Return what has been sent to a gate so far."""
        return [
            {"gate": target, "sent": self.numbers.sent[target][operand]}
            for target, operand in self.wiring.readers[gate]
            if self._has_sent(target)
        ]

    def measures(self) -> dict[str, float | str]:
        """Return what a lesson may ask for."""
        found: dict[str, float | str] = {"gate_result": self.numbers.values[-1], "gate_phase": self.phase}
        for gate, gradient in zip(self.wiring.gates, self.numbers.gradients, strict=True):
            if gate.operation == "input":
                found[f"gate_value_{gate.text}"] = self.inputs[gate.text]
                found[f"gate_gradient_{gate.text}"] = gradient
        return found

    def frame(self) -> dict[str, Any]:
        """Return what is drawn; what the steps have not come to yet is None."""
        gates = [self._gate(index) for index in range(len(self.wiring.gates))]
        inputs = []
        for index, gate in enumerate(self.wiring.gates):
            if gate.operation == "input":
                is_known = gates[index]["is_complete"]
                numeric = self.numbers.numeric[gate.text]
                inputs.append(
                    {
                        "name": gate.text,
                        "value": self.inputs[gate.text],
                        "gradient": gates[index]["gradient"] if is_known else None,
                        "numeric": numeric if is_known and math.isfinite(numeric) else None,
                        "agrees": self._agrees(index) if is_known else None,
                    }
                )
        preset = next((name for name, (formula, _) in PRESETS.items() if formula == self.wiring.formula), "own")
        update = self.update
        return {
            "formula": self.wiring.formula,
            "is_expanded": self.wiring.is_expanded,
            "has_sigmoid": self.wiring.has_sigmoid,
            "preset": preset,
            "step": self.step,
            "steps": self.wiring.steps,
            "phase": self.phase,
            "current": self.current,
            "gates": gates,
            "wires": [
                {
                    "source": wire.source,
                    "target": wire.target,
                    "operand": wire.operand,
                    "points": wire.points,
                    "sent": self.numbers.sent[wire.target][wire.operand] if self._has_sent(wire.target) else None,
                }
                for wire in self.wiring.layout.wires
            ],
            "inputs": inputs,
            "update": None
            if update is None
            else {
                "before": update.before,
                "after": self.numbers.values[-1],
                "change": self.numbers.values[-1] - update.before,
                "predicted": update.predicted,
            },
        }

    def _gate(self, index: int) -> dict[str, Any]:
        gate, numbers, layout = self.wiring.gates[index], self.numbers, self.wiring.layout
        is_last = index == len(self.wiring.gates) - 1
        received = self._received(index)
        is_seeded = self.step > len(self.wiring.order)
        is_complete = is_seeded and gate.operation != "constant" and len(received) == len(self.wiring.readers[index])
        gradient = sum(one["sent"] for one in received) if received and gate.operation != "constant" else None
        return {
            "operation": gate.operation,
            "label": gate.label,
            "text": gate.text,
            "column": layout.columns[index],
            "row": layout.rows[index],
            "is_last": is_last,
            "value": numbers.values[index] if self._is_computed(index) else None,
            "gradient": numbers.gradients[index] if is_complete else gradient,
            "is_complete": is_complete,
            "received": received,
            "readers": len(self.wiring.readers[index]),
            "formula": "" if gate.is_leaf else OPERATIONS[gate.operation].value,
            "operands": [] if gate.is_leaf else self._operands(index),
            "kink": "" if gate.is_leaf else kink(gate, self._given(gate)),
        }

    def _given(self, gate: Gate) -> tuple[float, ...]:
        """Return the numbers that go into a gate."""
        return tuple(self.numbers.values[one] if isinstance(one, int) else one.value for one in gate.operands)

    def _operands(self, index: int) -> list[dict[str, Any]]:
        gate, has_sent = self.wiring.gates[index], self._has_sent(index)
        operation = OPERATIONS[gate.operation]
        found = []
        for place, (source, value) in enumerate(zip(gate.operands, self._given(gate), strict=True)):
            is_wire = isinstance(source, int)
            slope = self.numbers.slopes[index][place]
            found.append(
                {
                    "gate": source if isinstance(source, int) else None,
                    "value": value if not isinstance(source, int) or self._is_computed(source) else None,
                    "slope_formula": operation.slopes[place] if is_wire else "",
                    "case": operation.case(place, slope) if is_wire else "",
                    "slope": slope if is_wire and has_sent else None,
                    "sent": self.numbers.sent[index][place] if is_wire and has_sent else None,
                }
            )
        return found

    def script(self) -> str:
        """Return a program that computes the same value and gradients with the package alone."""
        return program(self.wiring.formula, self.inputs)
