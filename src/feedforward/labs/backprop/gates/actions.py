"""What a page may do with a circuit; the lab of backpropagation has these actions beside its own."""

from __future__ import annotations

from feedforward.labs.backprop.gates.circuit import INPUT, PRESETS, Circuit
from feedforward.labs.formulas import MOST_CHARACTERS
from feedforward.labs.lab import action
from feedforward.labs.settings import Choice, Flag, Number, Text, Whole

__all__ = ["GateActions"]


class GateActions:
    """Actions on `circuit`; one that is refused leaves it as it was.

    Attributes
    ----------
    circuit : Circuit
        What the page shows.
    """

    circuit: Circuit

    @action(preset=Choice(tuple(PRESETS)))
    def gate_preset(self, preset: str) -> None:
        """Show a well-known circuit."""
        self.circuit = Circuit.preset(preset)

    @action(formula=Text(MOST_CHARACTERS))
    def gate_formula(self, formula: str) -> None:
        """Show the circuit of a formula."""
        self.circuit = self.circuit.with_formula(formula)

    @action(is_expanded=Flag())
    def gate_expand(self, is_expanded: bool) -> None:
        """Show each sigmoid as the four gates that it is made of, or as one."""
        self.circuit = self.circuit.expanded(is_expanded)

    @action(variable=Text(MOST_CHARACTERS), value=INPUT)
    def gate_value(self, variable: str, value: float) -> None:
        """Put a number into an input."""
        self.circuit = self.circuit.with_value(variable, value)

    @action(step=Whole(0, 1000))
    def gate_step(self, step: int) -> None:
        """Go to a step of the two passes; to the last one, where there are not so many."""
        self.circuit = self.circuit.at(step)

    @action(rate=Number(0, 100), direction=Choice(("up", "down")))
    def gate_update(self, rate: float, direction: str) -> None:
        """Move every input by a rate times its gradient, so that the result grows, or shrinks."""
        self.circuit = self.circuit.updated(rate if direction == "up" else -rate)
