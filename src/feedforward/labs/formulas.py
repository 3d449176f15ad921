"""Formulas that a reader types in: read into a tree, never evaluated as Python.

    sum     = product { ("+" | "-") product }
    product = signed { ("*" | "/") signed }
    signed  = ("-" | "+") signed | power
    power   = operand [ ("^" | "**") signed ]                   to the right: 2^3^2 = 2^9, and -x^2 = -(x^2)
    operand = NUMBER | NAME | FUNCTION "(" sum { "," sum } ")" | "(" sum ")"

A name is letters (Latin, or small Greek ones), digits and ``_``; ``pi`` and ``e`` are numbers. What a Chinese keyboard
or a printed page has for a sign, such as a wide parenthesis, is taken too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from feedforward.labs.errors import LabError

__all__ = [
    "FUNCTIONS",
    "MOST_CHARACTERS",
    "Apply",
    "Expression",
    "Name",
    "Number",
    "evaluate",
    "functions_of",
    "parse",
    "written",
]

T = TypeVar("T")

MOST_CHARACTERS = 300
_DEEPEST = 50
"""How many functions and signs may stand within each other; a sum of so many terms is as deep."""
_LONGEST_NAME = 12

FUNCTIONS = {
    "sin": 1,
    "cos": 1,
    "tan": 1,
    "exp": 1,
    "log": 1,
    "sqrt": 1,
    "abs": 1,
    "tanh": 1,
    "sigmoid": 1,
    "relu": 1,
    "sign": 1,
    "max": 2,
    "min": 2,
}
"""How many arguments each function takes."""

_CONSTANTS = {"pi": math.pi, "e": math.e}
_OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power", "**": "power"}
_STRENGTHS = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2, "negate": 3, "power": 4}
_ATOM = 5
_SIGNS = {"add": " + ", "subtract": " - ", "multiply": " * ", "divide": " / ", "power": "**"}

_WIDE = 0xFEE0
"""How far the wide signs of a Chinese keyboard lie behind the usual ones."""
_SAME = {ord(one) + _WIDE: one for one in "()+-*/^,.0123456789"} | {0x2212: "-", 0xD7: "*", 0xB7: "*", 0xF7: "/"}
"""Minus, times, dot and division signs as print has them; each is one character, so that positions stay."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z\u03b1-\u03c9_][A-Za-z\u03b1-\u03c9_0-9]*)"
    r"|(?P<sign>\*\*|[-+*/^(),]))"
)


@dataclass(frozen=True)
class Number:
    """A number, such as ``2.5``."""

    value: float


@dataclass(frozen=True)
class Name:
    """A name of the reader's, such as ``x1``."""

    name: str


@dataclass(frozen=True)
class Apply:
    """A function of `FUNCTIONS`, or ``add``, ``subtract``, ``multiply``, ``divide``, ``power``, ``negate``."""

    function: str
    arguments: tuple[Expression, ...]


Expression = Number | Name | Apply


def parse(text: str, names: Collection[str] | None = None) -> Expression:
    """Return the tree of a formula.

    Parameters
    ----------
    text : str
        The formula, of at most `MOST_CHARACTERS`.
    names : collection of str, optional
        Which names it may have; any if not given.

    Raises
    ------
    LabError
        If it is no formula; the message says where, counted in characters from 1.

    Examples
    --------
    >>> parse("x * 2")
    Apply(function='multiply', arguments=(Name(name='x'), Number(value=2.0)))
    """
    if len(text) > MOST_CHARACTERS:
        raise LabError("formula_long", length=len(text), most=MOST_CHARACTERS)
    return _Parser(_tokens(text.translate(_SAME)), names).whole()


def evaluate(expression: Expression, names: Mapping[str, T], functions: Mapping[str, Callable[..., T]]) -> T | float:
    """Return the value of a formula.

    Parameters
    ----------
    expression : Expression
        The formula.
    names : mapping
        What each name stands for: numbers, arrays or tensors.
    functions : mapping
        What each function of `Apply` does with them.
    """
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return names[expression.name]
    return functions[expression.function](*(evaluate(one, names, functions) for one in expression.arguments))


def functions_of(expression: Expression) -> set[str]:
    """Return which functions a formula applies, ``add`` and its like among them."""
    if not isinstance(expression, Apply):
        return set()
    return {expression.function}.union(*map(functions_of, expression.arguments))


def written(expression: Expression, words: Mapping[str, str] | None = None) -> str:
    """Return a formula as Python has it, with no more parentheses than it needs.

    Parameters
    ----------
    expression : Expression
        The formula.
    words : mapping, optional
        What a function or a name is called there, such as ``{"max": "np.maximum"}``; as here where nothing is said.

    Examples
    --------
    >>> written(parse("2 * (max(x, 0) - y)^2"), {"max": "np.maximum"})
    '2.0 * (np.maximum(x, 0.0) - y)**2.0'
    """
    return _write(expression, words or {})[0]


def _write(expression: Expression, words: Mapping[str, str]) -> tuple[str, int]:
    """Return the text, and how strongly it holds together."""
    if isinstance(expression, Name):
        return words.get(expression.name, expression.name), _ATOM
    if isinstance(expression, Number):
        # 2.0 and not 2: among ints, 9**9**9 would be computed to its last digit.
        return repr(expression.value), _STRENGTHS["negate"] if expression.value < 0 else _ATOM
    parts = [_write(one, words) for one in expression.arguments]
    strength = _STRENGTHS.get(expression.function)
    if strength is None:
        name = words.get(expression.function, expression.function)
        return f"{name}({', '.join(text for text, _ in parts)})", _ATOM
    if expression.function == "negate":
        return f"-{_held(*parts[0], strength)}", strength
    is_power = expression.function == "power"
    left = _held(*parts[0], strength + 1 if is_power else strength)
    right = _held(*parts[1], _STRENGTHS["negate"] if is_power else strength + 1)
    return f"{left}{_SIGNS[expression.function]}{right}", strength


def _held(text: str, strength: int, least: int) -> str:
    return text if strength >= least else f"({text})"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            place += len(text[place:]) - len(text[place:].lstrip())  # the character after the blanks
            raise LabError("formula_character", character=text[place], position=place + 1)
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return [*found, _Token("end", "", place + 1)]


class _Parser:
    """Goes over the tokens once, from left to right; each method reads what the grammar has under its name."""

    def __init__(self, tokens: list[_Token], names: Collection[str] | None) -> None:
        self._tokens = tokens
        self._names = names
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *signs: str) -> _Token | None:
        """Return the next token and go on, if it is one of these signs."""
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return None
        self._place += 1
        return token

    def whole(self) -> Expression:
        if self._next.kind == "end":
            raise LabError("formula_empty")
        found = self._sum()
        if self._next.kind != "end":
            raise LabError("formula_rest", found=self._next.text, position=self._next.position)
        if _depth(found) > _DEEPEST:
            raise LabError("formula_deep", most=_DEEPEST)
        return found

    def _sum(self) -> Expression:
        left = self._product()
        while token := self._take("+", "-"):
            left = Apply(_OPERATORS[token.text], (left, self._product()))
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while token := self._take("*", "/"):
            left = Apply(_OPERATORS[token.text], (left, self._signed()))
        return left

    def _signed(self) -> Expression:
        # Everything that is nested goes through here, so this is where the depth of calls is bounded.
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LabError("formula_deep", most=_DEEPEST)
        try:
            if self._take("+"):
                return self._signed()
            if self._take("-"):
                found = self._signed()
                return Number(-found.value) if isinstance(found, Number) else Apply("negate", (found,))
            return self._power()
        finally:
            self._depth -= 1

    def _power(self) -> Expression:
        left = self._operand()
        if self._take("^", "**"):
            return Apply("power", (left, self._signed()))
        return left

    def _operand(self) -> Expression:
        token = self._next
        if token.kind == "number":
            self._place += 1
            if not math.isfinite(float(token.text)):
                raise LabError("formula_number", number=token.text, position=token.position)
            return Number(float(token.text))
        if token.kind == "name":
            self._place += 1
            opened = self._take("(")
            return self._called(token, opened) if opened else self._named(token)
        if opened := self._take("("):
            found = self._sum()
            self._close(opened)
            return found
        if token.kind == "end":
            raise LabError("formula_ended")
        raise LabError("formula_operand", found=token.text, position=token.position)

    def _called(self, token: _Token, opened: _Token) -> Expression:
        if token.text not in FUNCTIONS:
            raise LabError(
                "formula_function", word=token.text, position=token.position, functions=", ".join(sorted(FUNCTIONS))
            )
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._close(opened)
        wanted = FUNCTIONS[token.text]
        if len(arguments) != wanted:
            raise LabError(
                "formula_arguments", word=token.text, position=token.position, wanted=wanted, count=len(arguments)
            )
        return Apply(token.text, tuple(arguments))

    def _named(self, token: _Token) -> Expression:
        if token.text in _CONSTANTS:
            return Number(_CONSTANTS[token.text])
        if token.text in FUNCTIONS:
            raise LabError("formula_no_call", word=token.text, position=token.position)
        if self._names is not None and token.text not in self._names:
            raise LabError(
                "formula_name", word=token.text, position=token.position, names=", ".join(sorted(self._names))
            )
        if len(token.text) > _LONGEST_NAME:
            raise LabError("formula_long_name", word=token.text, most=_LONGEST_NAME)
        return Name(token.text)

    def _close(self, opened: _Token) -> None:
        """Read the parenthesis that closes one, or a function's arguments."""
        if not self._take(")"):
            token = self._next
            if token.kind == "end":
                raise LabError("formula_unclosed", position=opened.position)
            raise LabError("formula_rest", found=token.text, position=token.position)


def _depth(expression: Expression) -> int:
    """Return how deep a tree is, without recursion: a long sum is a deep one."""
    deepest = 0
    waiting = [(expression, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(one, Apply):
            waiting.extend((argument, depth + 1) for argument in one.arguments)
    return deepest
