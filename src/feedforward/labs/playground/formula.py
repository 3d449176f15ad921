"""A formula of x1 and x2: read by a small parser, computed by NumPy, shown as a line of Python; never run as code.

sum     = product { ("+" | "-") product }
product = sign { ("*" | "/") sign }
sign    = "-" sign | "+" sign | power
power   = atom [ "^" sign ]                                  also "**"; a^b^c is a^(b^c), -a^b is -(a^b)
atom    = NUMBER | "x1" | "x2" | "x" | "y" | "pi" | "e" | FUNCTION "(" sum { "," sum } ")" | "(" sum ")"
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedforward.labs.errors import LabError
from feedforward.labs.settings import shown

__all__ = ["LARGEST", "Formula", "read_formula"]

LARGEST = 1e6
"""The largest size that a feature may have: beyond it a network computes nothing of use."""

_DEEPEST = 20
"""How deep parentheses, signs and powers may be nested."""

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|[-+*/^(),])|(\S))")

_FUNCTIONS: dict[str, tuple[int, str, Callable[..., Any]]] = {
    "sin": (1, "np.sin", np.sin),
    "cos": (1, "np.cos", np.cos),
    "tan": (1, "np.tan", np.tan),
    "exp": (1, "np.exp", np.exp),
    "log": (1, "np.log", np.log),
    "sqrt": (1, "np.sqrt", np.sqrt),
    "abs": (1, "np.abs", np.abs),
    "tanh": (1, "np.tanh", np.tanh),
    "sign": (1, "np.sign", np.sign),
    "min": (2, "np.minimum", np.minimum),
    "max": (2, "np.maximum", np.maximum),
}
"""By name: how many arguments, what a script writes, what computes it."""

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
"""As Python has them, so that a script has the same bits."""

_VARIABLES = {"x1": "x1", "x": "x1", "x2": "x2", "y": "x2"}
_CONSTANTS = {"pi": np.pi, "e": np.e}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


@dataclass(frozen=True)
class Formula:
    """A formula, or a part of one.

    Parameters
    ----------
    text : str
        A NumPy expression of ``x1`` and ``x2``.
    level : int
        How tightly its outermost operation binds.
    compute : callable
        Takes two float64 arrays, and returns one or a number.
    is_constant : bool
        Whether it has no variable.
    """

    text: str
    level: int
    compute: Callable[[Any, Any], Any]
    is_constant: bool = False

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return its values.

        Parameters
        ----------
        points : float64 array, shape (n, 2)
            x1 and x2.

        Raises
        ------
        LabError
            If a value is not finite, or larger than `LARGEST`.
        """
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(self.compute(points[:, 0], points[:, 1]), float), len(points))
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
        if bad.size:
            x1, x2 = points[bad[0]]
            raise LabError("formula_value", x1=round(float(x1), 3), x2=round(float(x2), 3), most=f"{LARGEST:g}")
        return values

    def within(self, level: int) -> str:
        """Return the text, in parentheses where what is around binds more tightly."""
        return self.text if self.level >= level else f"({self.text})"


def read_formula(text: str) -> Formula:
    """Return what a text says.

    Raises
    ------
    LabError
        If it says nothing that can be computed; the message names the character, counted from 1.
    """
    return _Parser(text).read()


class _Parser:
    """One pass over the tokens of a text: (kind, what it says, its first character)."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        for found in _TOKEN.finditer(text):
            number, name, mark, other = found.groups()
            if other is not None:
                raise LabError("formula_character", value=shown(other), place=found.start(4) + 1)
            kind = "number" if number else "name" if name else "mark"
            self.tokens.append((kind, number or name or mark.replace("^", "**"), found.start(found.lastindex or 0) + 1))
        self.tokens.append(("end", "", len(text) + 1))
        self.next = 0
        self.depth = 0

    def read(self) -> Formula:
        found = self._sum()
        if self.tokens[self.next][0] != "end":
            raise self._unexpected()
        return found

    def _take(self, *marks: str) -> str | None:
        """Go on if one of these marks comes next, and return it."""
        kind, text, _ = self.tokens[self.next]
        if kind != "mark" or text not in marks:
            return None
        self.next += 1
        return text

    def _unexpected(self) -> LabError:
        kind, text, place = self.tokens[self.next]
        return LabError("formula_end") if kind == "end" else LabError("formula_place", value=shown(text), place=place)

    def _sum(self) -> Formula:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LabError("formula_deep", most=_DEEPEST)
        found = self._product()
        while mark := self._take("+", "-"):
            found = _operation(mark, found, self._product(), _SUM)
        self.depth -= 1
        return found

    def _product(self) -> Formula:
        found = self._sign()
        while mark := self._take("*", "/"):
            found = _operation(mark, found, self._sign(), _PRODUCT)
        return found

    def _sign(self) -> Formula:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LabError("formula_deep", most=_DEEPEST)
        if self._take("-"):
            inner = self._sign()
            found = _folded(Formula(f"-{inner.within(_SIGN)}", _SIGN, lambda a, b: -inner.compute(a, b)), inner)
        elif self._take("+"):
            found = self._sign()
        else:
            found = self._atom()
            if self._take("**"):
                found = _operation("**", found, self._sign(), _POWER)
        self.depth -= 1
        return found

    def _atom(self) -> Formula:
        kind, text, place = self.tokens[self.next]
        if kind == "number":
            self.next += 1
            return _constant(float(text))
        if kind == "name":
            self.next += 1
            if text in _VARIABLES:
                index = int(_VARIABLES[text] == "x2")
                return Formula(_VARIABLES[text], _ATOM, lambda *x: x[index])
            if text in _CONSTANTS:
                return _constant(_CONSTANTS[text])
            if text not in _FUNCTIONS:
                raise LabError("formula_name", value=shown(text), place=place, names=", ".join(_FUNCTIONS))
            return self._call(text, place)
        if self._take("("):
            found = self._sum()
            self._expect(")")
            return found
        raise self._unexpected()

    def _call(self, name: str, place: int) -> Formula:
        count, path, function = _FUNCTIONS[name]
        self._expect("(")
        given = [self._sum()]
        while self._take(","):
            given.append(self._sum())
        self._expect(")")
        if len(given) != count:
            raise LabError("formula_arguments", value=name, place=place, wanted=count, length=len(given))
        text = f"{path}({', '.join(one.text for one in given)})"
        return _folded(Formula(text, _ATOM, lambda a, b: function(*(one.compute(a, b) for one in given))), *given)

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected()


def _operation(mark: str, left: Formula, right: Formula, level: int) -> Formula:
    function = _OPERATIONS[mark]
    # The left side of a power must bind more tightly than it, the right side of the others than they.
    sides = (_ATOM, _SIGN) if mark == "**" else (level, level + 1)
    text = f"{left.within(sides[0])} {mark} {right.within(sides[1])}"
    return _folded(Formula(text, level, lambda a, b: function(left.compute(a, b), right.compute(a, b))), left, right)


def _constant(value: float) -> Formula:
    if not math.isfinite(value):
        raise LabError("formula_constant")
    return Formula(repr(value), _ATOM if value >= 0 else _SIGN, lambda *_: value, is_constant=True)


def _folded(formula: Formula, *parts: Formula) -> Formula:
    """Return a number where all parts are numbers, so that a script computes nothing but with arrays."""
    if not all(part.is_constant for part in parts):
        return formula
    try:
        with np.errstate(all="ignore"):
            return _constant(float(formula.compute(None, None)))
    except (ArithmeticError, TypeError) as error:  # 1 / 0, and the root of -1, which is complex
        raise LabError("formula_constant") from error
