"""Sizes that are not known yet.

A dimension of a shape is an ``int`` or, until a program is specialised on the shapes fed to it, a `Dimension`: a
polynomial with integer coefficients over named unknowns. Two inputs that share an unknown (``batch``) share its value.
Attributes of nodes may hold dimensions too (the target of a reshape, the padding of a slice's gradient), so that a rule
of shape or gradient is written once, with ordinary arithmetic on ``x.shape``, for known and unknown sizes alike.

Grammar of the text form::

    size  := int | sum            sum  := term (" + " term)*
    term  := [int "*"] atom ("*" atom)*
    atom  := name | "floor(" size ", " size ")" | "min(" size ", " size ")" | "max(" size ", " size ")"
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Size: TypeAlias = "int | Dimension"
"""A dimension of a shape: a number, or an expression over unknowns."""

_MOST_TERMS = 1000
"""What a product of sums may be multiplied out to; a network's sizes have a handful."""

_LONGEST_TEXT = 4000
"""Characters of a size's text."""

_OPAQUE: dict[str, Callable[[int, int], int]] = {"floor": lambda a, b: a // b, "min": min, "max": max}


@dataclass(frozen=True)
class _Atom:
    """A factor that the polynomial does not look into: an unknown, or floor / min / max of two sizes."""

    name: str
    arguments: tuple[Size, ...] = ()

    def __str__(self) -> str:
        return self.name + (f"({', '.join(map(str, self.arguments))})" if self.arguments else "")


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
        if len(self.terms) * len(_terms(other)) > _MOST_TERMS:
            raise ValueError(f"a size of more than {_MOST_TERMS} terms. Give sizes as numbers.")
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


def product(sizes: Iterable[Size]) -> Size:
    """Return the product of `sizes`, 1 for none: the number of elements of a shape."""
    return math.prod(sizes)


def evaluate(size: Size, sizes: Mapping[str, Size]) -> Size:
    """Return what `size` is when each unknown has its value in `sizes`: a number, if these are numbers.

    Raises
    ------
    KeyError
        If an unknown has no value; its argument is the unknown's name.
    """
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, coefficient in size.terms:
        total = total + product([coefficient, *(_evaluate_atom(atom, sizes) for atom in monomial)])
    return total


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
    except (SyntaxError, RecursionError, MemoryError, ArithmeticError):
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
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _from_syntax(left) + _from_syntax(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if not any(_is_sum(side) for side in (left, right)):
            return _from_syntax(left) * _from_syntax(right)
        case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in _OPAQUE:
            return _opaque(name, _from_syntax(left), _from_syntax(right))
    raise ValueError(f"{ast.unparse(syntax)!r} is no size. Expected a number or an expression such as 2*n + 1.")


def _is_sum(syntax: ast.expr) -> bool:
    return isinstance(syntax, ast.BinOp) and isinstance(syntax.op, ast.Add)


def _terms(size: Size) -> tuple[tuple[_Monomial, int], ...]:
    return size.terms if isinstance(size, Dimension) else (((), int(size)),)


def _polynomial(terms: Iterable[tuple[_Monomial, int]]) -> Size:
    """Return the normal form: like terms added, zeros dropped, highest degree first."""
    sums: dict[_Monomial, int] = {}
    for monomial, coefficient in terms:
        ordered = tuple(sorted(monomial, key=str))
        sums[ordered] = sums.get(ordered, 0) + coefficient
    kept = sorted(
        ((monomial, value) for monomial, value in sums.items() if value), key=lambda t: (-len(t[0]), str(t[0]))
    )
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
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
    if _is_natural(a - b):
        return b if name == "min" else a
    if _is_natural(b - a):
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


def _is_natural(size: Size) -> bool:
    """Return whether a size is known to be at least 0, as every unknown is."""
    if isinstance(size, int):
        return size >= 0
    return all(by > 0 and all(_is_natural_atom(atom) for atom in monomial) for monomial, by in size.terms)


def _is_natural_atom(atom: _Atom) -> bool:
    some = any if atom.name == "max" else all
    return some(_is_natural(argument) for argument in atom.arguments) if atom.arguments else True


def _arguments(size: Dimension, name: str) -> tuple[Size, Size]:
    """Return what a size that is nothing but a min or max is made of; itself twice for any other."""
    (monomial, by), *rest = size.terms
    if by == 1 and not rest and len(monomial) == 1 and monomial[0].name == name and monomial[0].arguments:
        return monomial[0].arguments[0], monomial[0].arguments[1]
    return size, size


def _opaque(name: str, a: Size, b: Size) -> Size:
    if isinstance(a, int) and isinstance(b, int):
        return _OPAQUE[name](a, b)
    return Dimension((((_Atom(name, (a, b)),), 1),))


def _evaluate_atom(atom: _Atom, sizes: Mapping[str, Size]) -> Size:
    if not atom.arguments:
        return sizes[atom.name]
    a, b = (evaluate(argument, sizes) for argument in atom.arguments)
    return a // b if atom.name == "floor" else _either(atom.name, a, b)


def _term_text(monomial: _Monomial, coefficient: int) -> str:
    factors = [str(atom) for atom in monomial]
    return "*".join(factors if coefficient == 1 and factors else [str(coefficient), *factors])
