"""Sizes that are not known yet.

A dimension of a shape is an ``int`` or, until a program is specialised on the shapes fed to it, a `Dimension`: a
polynomial with integer coefficients over named unknowns. Two inputs that share an unknown (``batch``) share its value.
Attributes of nodes may hold dimensions too (the target of a reshape, the padding of a slice's gradient), so that a rule
of shape or gradient is written once, with ordinary arithmetic on ``x.shape``, for known and unknown sizes alike.

Grammar of the text form::

    size  := int | sum            sum  := term (" + " term)*
    term  := [int "*"] atom ("*" atom)*
    atom  := name | function "(" size ", " size ")"
    function := "floor" | "min" | "max" | "broadcast"

The last is NumPy's rule for two sizes side by side: the one that is not 1. Which that is, and whether they fit, is
known when both are numbers.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

__all__ = [
    "Size",
    "Dimension",
    "unknown",
    "smallest",
    "largest",
    "broadcast",
    "BroadcastError",
    "product",
    "is_natural",
    "evaluate",
    "parse",
]

Size: TypeAlias = "int | Dimension"
"""A dimension of a shape: a number, or an expression over unknowns."""

_MOST_TERMS, _MOST_FACTORS, _LARGEST_NUMBER, _MOST_NESTED = 1000, 256, 2**63, 60
"""What a size may be made of: terms, unknowns in a term, its number, floors and minima in one another. A network's
sizes have a handful. Without such bounds some lines of a file are enough for one that takes hours and all memory."""

_LONGEST_TEXT = 4000
"""Characters of a size's text."""


class BroadcastError(ValueError):
    """Two sizes that turned out not to fit side by side."""


def _fitting(a: int, b: int) -> int:
    """Return to what two numbers of elements broadcast."""
    if a != b and 1 not in (a, b):
        raise BroadcastError(f"{a} and {b}")
    return b if a == 1 else a


_OPAQUE: dict[str, Callable[[int, int], int]] = {
    "floor": lambda a, b: a // b if b else 0,
    "min": min,
    "max": max,
    "broadcast": _fitting,
}
"""A size divided by 0 is 0: what is left of no elements for the -1 of a reshape."""


@dataclass(frozen=True)
class _Atom:
    """A factor that the polynomial does not look into: an unknown, or a function of two sizes."""

    name: str
    arguments: tuple[Size, ...] = ()

    @cached_property
    def text(self) -> str:
        """The text form; kept, for sizes are sorted by it."""
        return self.name + (f"({', '.join(map(str, self.arguments))})" if self.arguments else "")

    @cached_property
    def depth(self) -> int:
        """How many sizes are in one another."""
        inner = [atom for size in self.arguments for monomial, _ in _terms(size) for atom in monomial]
        return 1 + max((atom.depth for atom in inner), default=0)

    def __str__(self) -> str:
        return self.text


_Monomial = tuple[_Atom, ...]


@dataclass(frozen=True)
class Dimension:
    """A size that is not known yet: a sum of terms, each an integer times unknowns.

    Notes
    -----
    Equality is equality of the normal form. Arithmetic returns an ``int`` where the unknowns cancel.

    Examples
    --------
    >>> n = unknown("n")
    >>> (n * 784) // 784 == n, n - n, str(2 * n + 3)
    (True, 0, '2*n + 3')
    """

    terms: tuple[tuple[_Monomial, int], ...]

    def __add__(self, other: Size) -> Size:
        return _polynomial([*self.terms, *_terms(other)])

    __radd__ = __add__

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + other * -1

    def __rsub__(self, other: int) -> Size:
        return self * -1 + other

    def __mul__(self, other: Size) -> Size:
        _check(len(self.terms) * len(_terms(other)) <= _MOST_TERMS)
        return _polynomial([(left + right, a * b) for left, a in self.terms for right, b in _terms(other)])

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        divisor = _terms(other)
        if len(divisor) == 1:
            quotient = [_divide_term(term, divisor[0]) for term in self.terms]
            exact = [term for term in quotient if term is not None]
            if len(exact) == len(quotient):
                return _polynomial(exact)
        return _opaque("floor", self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return 0 if other == 0 else _opaque("floor", other, self)

    def __str__(self) -> str:
        return " + ".join(_term_text(*term) for term in self.terms)

    __repr__ = __str__


def unknown(name: str) -> Dimension:
    """Return the dimension called `name`; the same name is the same size wherever it stands.

    Raises
    ------
    ValueError
        If `name` is no identifier.
    """
    if not name.isidentifier():
        raise ValueError(
            f"unknown({name!r}): the name of a dimension must be an identifier. Use letters, digits and _."
        )
    return Dimension((((_Atom(name),), 1),))


def smallest(a: Size, b: Size) -> Size:
    """Return min(a, b)."""
    return _either("min", a, b)


def largest(a: Size, b: Size) -> Size:
    """Return max(a, b)."""
    return _either("max", a, b)


def broadcast(a: Size, b: Size) -> Size:
    """Return to what two sizes broadcast.

    The order of sizes, and how often one comes, does not count, so that ``x + y``, ``y + x`` and ``x + y + x`` have one
    shape.

    Raises
    ------
    BroadcastError
        If they are numbers that differ, and neither is 1.
    """
    parts = {str(part): part for size in (a, b) for part in _broadcast_parts(size) if part != 1}
    result: Size = 1
    for _, part in sorted(parts.items()):
        result = part if result == 1 else _opaque("broadcast", result, part)
    return result


def product(sizes: Iterable[Size]) -> Size:
    """Return the product of `sizes`, 1 for none: the number of elements of a shape."""
    factors = list(sizes)
    number = math.prod(int(size) for size in factors if not isinstance(size, Dimension))  # NumPy's ints may be there
    unknown_ones: list[Size] = [size for size in factors if isinstance(size, Dimension)]
    # In pairs: one after another, the long products in front would be sorted anew for each further factor.
    while len(unknown_ones) > 1:
        odd = unknown_ones[len(unknown_ones) // 2 * 2 :]
        pairs = zip(unknown_ones[0::2], unknown_ones[1::2], strict=False)
        unknown_ones = [*(one * other for one, other in pairs), *odd]
    return unknown_ones[0] * number if unknown_ones else number


def evaluate(size: Size, sizes: Mapping[str, Size]) -> Size:
    """Return what `size` is when each unknown has its value in `sizes`: a number, if these are numbers.

    Raises
    ------
    KeyError
        If an unknown has no value; its argument is the unknown's name.
    """
    if isinstance(size, int):
        return size
    terms = [
        product([coefficient, *(_evaluate_atom(atom, sizes) for atom in monomial)])
        for monomial, coefficient in size.terms
    ]
    # Numbers are added as such: a routine is called with new sizes a thousand times in a solver.
    return sum(terms) if all(isinstance(term, int) for term in terms) else _sum(terms)


def parse(text: str) -> Size:
    """Return the size whose text form is `text`.

    Raises
    ------
    ValueError
        If the text does not follow the grammar at the top of this file.
    """
    try:
        if len(text) <= _LONGEST_TEXT:
            return _from_syntax(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, RecursionError, MemoryError, ArithmeticError, BroadcastError):
        pass
    raise ValueError(f"{text[:60]!r} is no size. Expected a number or an expression such as 2*n + 1.")


def _from_syntax(syntax: ast.expr) -> Size:
    match syntax:
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_from_syntax(operand)
        case ast.Name(id=name):
            return unknown(name)
        case ast.BinOp(op=ast.Add()):
            return _sum([_from_syntax(part) for part in _chain(syntax, ast.Add)])
        case ast.BinOp(op=ast.Mult()) if not any(map(_is_sum, factors := _chain(syntax, ast.Mult))):
            return product([_from_syntax(factor) for factor in factors])
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in _OPAQUE:
            return _opaque(name, _from_syntax(left), _from_syntax(right))
    raise ValueError(f"{ast.unparse(syntax)!r} is no size. Expected a number or an expression such as 2*n + 1.")


def _chain(syntax: ast.expr, sign: type[ast.operator]) -> list[ast.expr]:
    """Return the parts of ``a + b + c``, or of a product, however many there are."""
    parts: list[ast.expr] = []
    while isinstance(syntax, ast.BinOp) and isinstance(syntax.op, sign):
        parts.append(syntax.right)
        syntax = syntax.left
    return [syntax, *reversed(parts)]


def _is_sum(syntax: ast.expr) -> bool:
    return isinstance(syntax, ast.BinOp) and isinstance(syntax.op, ast.Add)


def _terms(size: Size) -> tuple[tuple[_Monomial, int], ...]:
    return size.terms if isinstance(size, Dimension) else (((), int(size)),)


def _sum(sizes: Iterable[Size]) -> Size:
    """Return the sum of sizes."""
    return _polynomial([term for size in sizes for term in _terms(size)])


def _check(is_small: bool) -> None:
    """Check that a size keeps the bounds above."""
    if not is_small:
        raise ValueError(
            f"a size of more than {_MOST_TERMS} terms, {_MOST_FACTORS} factors, {_MOST_NESTED} in one another, "
            f"{_LONGEST_TEXT} letters, or numbers from 2**63. Give sizes as numbers."
        )


def _polynomial(terms: Iterable[tuple[_Monomial, int]]) -> Size:
    """Return the normal form: like terms added, zeros dropped, highest degree first."""
    sums: dict[_Monomial, int] = {}
    for monomial, coefficient in terms:
        _check(len(monomial) <= _MOST_FACTORS)
        ordered = tuple(sorted(monomial, key=lambda atom: atom.text))
        sums[ordered] = sums.get(ordered, 0) + coefficient
    kept = sorted(
        ((monomial, value) for monomial, value in sums.items() if value),
        key=lambda term: (-len(term[0]), [atom.text for atom in term[0]]),
    )
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    _check(len(kept) <= _MOST_TERMS and all(abs(value) < _LARGEST_NUMBER for _, value in kept))
    return Dimension(tuple(kept))


def _divide_term(term: tuple[_Monomial, int], divisor: tuple[_Monomial, int]) -> tuple[_Monomial, int] | None:
    """Return term / divisor, or None where that is no term with an integer coefficient."""
    rest = list(term[0])
    for atom in divisor[0]:
        if atom not in rest:
            return None
        rest.remove(atom)
    quotient, remainder = divmod(term[1], divisor[1]) if divisor[1] else (0, 1)
    return None if remainder else (tuple(rest), quotient)


def _either(name: str, a: Size, b: Size) -> Size:
    """Return min or max of two sizes, decided where one is known to be no smaller than the other."""
    if is_natural(a - b):
        return b if name == "min" else a
    if is_natural(b - a):
        return a if name == "min" else b
    for one, other in ((a, b), (b, a)):
        if (
            isinstance(one, Dimension)
            and one == _opaque(name, *_arguments(one, name))
            and other in _arguments(one, name)
        ):
            return one
        # max(min(x, b), b) is b, and min(max(x, b), b) too.
        if isinstance(one, Dimension) and other in _arguments(one, "min" if name == "max" else "max") and one != other:
            return other
    return _opaque(name, a, b)


def is_natural(size: Size) -> bool:
    """Return whether a size is known to be at least 0, as every unknown is."""
    if isinstance(size, int):
        return size >= 0
    return all(by > 0 and all(_is_natural_atom(atom) for atom in monomial) for monomial, by in size.terms)


def _is_natural_atom(atom: _Atom) -> bool:
    some = any if atom.name == "max" else all
    return some(is_natural(argument) for argument in atom.arguments) if atom.arguments else True


def _arguments(size: Dimension, name: str) -> tuple[Size, Size]:
    """Return what a size that is nothing but a min or max is made of; itself twice for any other."""
    (monomial, by), *rest = size.terms
    if by == 1 and not rest and len(monomial) == 1 and monomial[0].name == name and monomial[0].arguments:
        return monomial[0].arguments[0], monomial[0].arguments[1]
    return size, size


def _broadcast_parts(size: Size) -> list[Size]:
    """Return the sizes that broadcast to a size; the size alone where it is no such thing."""
    if not isinstance(size, Dimension):
        return [size]
    parts = _arguments(size, "broadcast")
    return [size] if parts[0] is size else [one for part in parts for one in _broadcast_parts(part)]


def _opaque(name: str, a: Size, b: Size) -> Size:
    if isinstance(a, int) and isinstance(b, int):
        return _OPAQUE[name](a, b)
    # The length is added up, before there is a text: of sizes used twice in one another, it doubles each time.
    length = sum(len(atom.text) for size in (a, b) for monomial, _ in _terms(size) for atom in monomial)
    atom = _Atom(name, (a, b))
    _check(length < _LONGEST_TEXT and atom.depth <= _MOST_NESTED)
    return Dimension((((atom,), 1),))


def _evaluate_atom(atom: _Atom, sizes: Mapping[str, Size]) -> Size:
    if not atom.arguments:
        return sizes[atom.name]
    a, b = (evaluate(argument, sizes) for argument in atom.arguments)
    if atom.name == "floor":
        return 0 if b == 0 else a // b
    if atom.name == "broadcast":
        try:
            return broadcast(a, b)
        except BroadcastError:
            left, right = atom.arguments
            raise BroadcastError(f"sizes {left} = {a} and {right} = {b}") from None
    return _either(atom.name, a, b)


def _term_text(monomial: _Monomial, coefficient: int) -> str:
    factors = [str(atom) for atom in monomial]
    return "*".join(factors if coefficient == 1 and factors else [str(coefficient), *factors])
