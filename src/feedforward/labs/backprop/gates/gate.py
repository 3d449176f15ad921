"""What gates there are: what each computes, and what a reader is shown of it.

In the formulas ``a`` and ``b`` are what goes into a gate, and ``v`` is what comes out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import feedforward as ff
from feedforward.labs.formulas import Number

__all__ = ["OPERATIONS", "Gate", "Operation", "kink"]


@dataclass(frozen=True)
class Operation:
    """A kind of gate.

    Parameters
    ----------
    compute : callable
        Takes tensors and returns one.
    sign : str
        What stands in the gate.
    value : str
        The formula of what it computes.
    slopes : tuple of str
        The formula of its derivative with respect to each input.
    cases : mapping
        Where the derivative depends on a comparison: which one held, by the derivative's value. One mapping holds for
        the first input; with the letters exchanged, for the second.
    """

    compute: Callable[..., Any]
    sign: str
    value: str
    slopes: tuple[str, ...]
    cases: Mapping[float, str] = field(default_factory=dict)

    def case(self, operand: int, slope: float) -> str:
        """Return the comparison that gives an input's derivative, such as ``"a > b"``; empty where there is none."""
        found = self.cases.get(slope, "")
        return found if operand == 0 else found.translate({ord("a"): "b", ord("b"): "a"})


OPERATIONS = {
    "add": Operation(lambda a, b: a + b, "+", "a + b", ("1", "1")),
    "subtract": Operation(lambda a, b: a - b, "-", "a - b", ("1", "-1")),
    "multiply": Operation(lambda a, b: a * b, "*", "a * b", ("b", "a")),
    "divide": Operation(lambda a, b: a / b, "/", "a / b", ("1 / b", "-a / b^2")),
    "power": Operation(lambda a, b: a**b, "^", "a^b", ("b * a^(b - 1)", "a^b * log(a)")),
    "max": Operation(ff.maximum, "max", "max(a, b)", ("", ""), {1.0: "a > b", 0.5: "a = b", 0.0: "a < b"}),
    "min": Operation(ff.minimum, "min", "min(a, b)", ("", ""), {1.0: "a < b", 0.5: "a = b", 0.0: "a > b"}),
    "exp": Operation(ff.exp, "exp", "exp(a)", ("v",)),
    "log": Operation(ff.log, "log", "log(a)", ("1 / a",)),
    "sqrt": Operation(ff.sqrt, "sqrt", "sqrt(a)", ("1 / (2 * v)",)),
    "sin": Operation(ff.sin, "sin", "sin(a)", ("cos(a)",)),
    "cos": Operation(ff.cos, "cos", "cos(a)", ("-sin(a)",)),
    "tan": Operation(lambda a: ff.sin(a) / ff.cos(a), "tan", "tan(a)", ("1 + v^2",)),
    "tanh": Operation(ff.tanh, "tanh", "tanh(a)", ("1 - v^2",)),
    "sigmoid": Operation(ff.sigmoid, "sigmoid", "sigmoid(a)", ("v * (1 - v)",)),
    "relu": Operation(ff.relu, "relu", "max(0, a)", ("",), {1.0: "a > 0", 0.0: "a ≤ 0"}),
    "abs": Operation(ff.abs, "abs", "|a|", ("",), {1.0: "a > 0", 0.0: "a = 0", -1.0: "a < 0"}),
    "sign": Operation(ff.sign, "sign", "sign(a)", ("0",)),
}


@dataclass(frozen=True)
class Gate:
    """A gate, an input or a number of a circuit.

    Parameters
    ----------
    operation : str
        A key of `OPERATIONS`; or ``"input"``; or ``"constant"``, whose only operand is its number.
    operands : tuple of int or Number
        What goes in: which gate's output, or a number.
    text : str
        The part of the formula that it computes; of an input, its name.
    """

    operation: str
    operands: tuple[int | Number, ...]
    text: str

    @property
    def is_leaf(self) -> bool:
        """Whether nothing is computed here."""
        return self.operation in ("input", "constant")

    @property
    def sources(self) -> tuple[int, ...]:
        """Which gates' outputs go in."""
        return tuple(operand for operand in self.operands if isinstance(operand, int))

    @property
    def label(self) -> str:
        """What stands in the gate: its sign, and the number that goes in beside a wire, as in ``"*-1"``."""
        if self.operation == "input":
            return self.text
        numbers = [f"{operand.value:.4g}" for operand in self.operands if isinstance(operand, Number)]
        if self.operation == "constant":
            return numbers[0]
        sign = OPERATIONS[self.operation].sign
        if not numbers:
            return sign
        if self.operation in ("max", "min"):
            return f"{sign} {numbers[0]}"
        if isinstance(self.operands[0], Number) and self.operation in ("subtract", "divide", "power"):
            return f"{numbers[0]}{sign}x"
        return f"{'x' if self.operation == 'power' else ''}{sign}{numbers[0]}"


def kink(gate: Gate, operands: tuple[float, ...]) -> str:
    """Return which convention gives a gate's derivative where there is none in the strict sense; else an empty text.

    The words ``kink.<name>`` say what it is.
    """
    first = operands[0] if operands else 1.0
    if gate.operation in ("max", "min") and first == operands[1]:
        return "tie"
    if gate.operation in ("relu", "abs", "sign") and first == 0:
        return gate.operation
    if gate.operation == "power" and first <= 0 and isinstance(gate.operands[1], int):
        return "power"
    return ""
