"""A formula becomes gates: those that another reads come before it, the last one is the formula's value."""

from __future__ import annotations

import re

from feedforward.labs.backprop.gates.gate import Gate
from feedforward.labs.errors import LabError
from feedforward.labs.formulas import Apply, Expression, Name, Number, written

__all__ = ["MOST_GATES", "build"]

MOST_GATES = 64
"""More are too many to be drawn."""


def build(expression: Expression, is_expanded: bool) -> tuple[Gate, ...]:
    """Return the gates of a formula.

    A number is part of the gate that it goes into (``+1``, ``*-1``, ``1/x``). A name is one input however often it is
    used; nothing else is shared.

    Parameters
    ----------
    expression : Expression
        The formula.
    is_expanded : bool
        Whether a sigmoid is the four gates of ``1 / (1 + exp(-x))``, not one.

    Raises
    ------
    LabError
        If there are more than `MOST_GATES`, or no input.
    """
    gates: list[Gate] = []
    inputs: dict[str, int] = {}

    def gate(operation: str, operands: tuple[int | Number, ...], text: str) -> int:
        gates.append(Gate(operation, operands, text))
        return len(gates) - 1

    def operand(part: Expression) -> int | Number:
        return part if isinstance(part, Number) else index(part)

    def index(part: Expression) -> int:
        if isinstance(part, Name):
            if part.name not in inputs:
                inputs[part.name] = gate("input", (), part.name)
            return inputs[part.name]
        if isinstance(part, Number):
            return gate("constant", (part,), _shown(part))
        if part.function == "sigmoid" and is_expanded:
            grown = Apply("exp", (Apply("negate", part.arguments),))
            return index(Apply("divide", (Number(1.0), Apply("add", (grown, Number(1.0))))))
        arguments = part.arguments
        if part.function == "negate":
            return gate("multiply", (index(arguments[0]), Number(-1.0)), _shown(part))
        operands = tuple(operand(one) for one in arguments)
        if all(isinstance(one, Number) for one in operands):
            operands = (index(arguments[0]), *operands[1:])
        return gate(part.function, operands, _shown(part))

    index(expression)
    if len(gates) > MOST_GATES:
        raise LabError("gate_many", count=len(gates), most=MOST_GATES)
    if not inputs:
        raise LabError("gate_no_input")
    return tuple(gates)


def _shown(expression: Expression) -> str:
    """Return a part of the formula as it was typed, more or less: ``2`` and not ``2.0``."""
    return re.sub(r"(?<![\w.])([0-9]+)\.0\b(?![0-9])", r"\1", written(expression)).replace("**", "^")
