"""The loop-nest IR: what a program becomes before it is machine code.

Grammar::

    kernel    := "kernel " name ":" statement*
    statement := "for " var " in 0.." size [" lanes"] ":" statement*
              |  accumulator " = " expr | accumulator " = " operation " over the lanes of " accumulator
              |  buffer "[" expr "] = " expr        | buffer "[" expr "] += " expr
              |  buffer " = panels of " matrix [each]
              |  buffer " = " matrix " @ " matrix [each] [epilogue]                                    see matmul.py
              |  term " = " expr                    what the statements below it have in common
    epilogue  := "as each element " var, ... " of it is done:" (statement | "keep " buffer)*
    matrix    := buffer ["[" expr "]" [inside]] ["ᵀ"]  of a view: where the element at "row" and "column" lies
    inside    := " for " expr " <= column < " expr     all other elements are zeros, and are not multiplied
    each      := ", each of " number              matrices that lie behind one another
    expr      := number | var | accumulator | term | buffer "[" expr "]" | operation "(" expr, ... ")"
              |  expr sign expr | "-" expr | "(" expr ")" | integer "*" expr
    sign      := " + " | " - " | " * " | " / " | " // " | " % " | " == " | " < " | " <= " | " and " | " or "
    term      := "t1" | "t2" | ...

A product with an epilogue is not stored, unless that says ``keep``. Terms are in the text only: an expression is
computed once however often it stands in a block. Numbers have as few digits as tell them from others of their dtype.

An index counts elements of a buffer in row-major order. Indices are expressions of dtype int64, in a normal form: a
sum of integers times factors, in which a loop variable's range is known, so that quotients and remainders that a
reshape brings in vanish where they can. A loop marked ``lanes`` may be run many elements at a time: no statement in it
depends on another turn, except through accumulators, which then have one value a lane.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from feedforward.compiler.matmul import Matmul, Panels

__all__ = [
    "LEAST_LANES",
    "MOST_APART",
    "Buffer",
    "Expr",
    "Var",
    "For",
    "Accumulate",
    "Combine",
    "Store",
    "View",
    "Pack",
    "Multiply",
    "Statement",
    "Kernel",
    "number",
    "as_expr",
    "apply",
    "var",
    "load",
    "add",
    "scale",
    "flat",
    "split",
    "linear_terms",
    "stride",
    "run_of",
    "depends",
    "walk",
    "replace",
    "expressions",
    "stores",
    "loops_of",
    "variables_of",
]

INT, BOOL = np.dtype("int64"), np.dtype("bool")

LEAST_LANES = 4
"""A loop of fewer turns is not worth lanes."""

MOST_APART = 7
"""So many elements may lie from a lane to the next: the classes of a row, say, when rows are in lanes."""


@dataclass(frozen=True)
class Buffer:
    """A contiguous array that kernels read and write.

    Parameters
    ----------
    name : str
        What the text calls it.
    size : int
        Its number of elements.
    dtype : numpy.dtype
        Their type.
    is_fed : bool
        Whether it may hold subnormal numbers: no program has computed them.
    """

    name: str
    size: int
    dtype: np.dtype[Any]
    is_fed: bool = False


@dataclass(frozen=True)
class Expr:
    """An expression: an operation on expressions; leaves have none.

    Parameters
    ----------
    op : str
        ``"number"``, ``"var"``, ``"accumulator"``, ``"load"``, or an operation with a formula (`Op.emit`); for indices
        also ``"linear"``, and ``"quotient"``, ``"rest"`` of nonnegative integers.
    args : tuple of Expr
        What it is applied to.
    dtype : numpy.dtype
        The type of its value.
    data : hashable
        The number, the variable, the buffer; the attributes of an operation that has some, each a name and a value.

    Attributes
    ----------
    depth : int
        How many operations are in one another.

    Notes
    -----
    The operators are what an operation's rule of indices (`Op.read`) is written in: ``+ - * // %`` on indices keep the
    normal form, divisors and factors are integers, and what is divided is not negative; comparisons and ``&`` give
    bools. As ``==`` tells whether two expressions are the same, `equals` compares their values.
    """

    op: str
    args: tuple[Expr, ...]
    dtype: np.dtype[Any]
    data: Any = None
    depth: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # At once, from the arguments' own: asked for later, a deep expression would be gone through by recursion.
        object.__setattr__(self, "depth", 1 + max([arg.depth for arg in self.args], default=0))
        object.__setattr__(self, "_hash", hash((self.op, self.args, self.dtype, self.data)))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def bounds(self) -> tuple[int | None, int | None]:
        """The smallest and the largest value of an index, None where it is not known."""
        low: int | None = 0
        high: int | None = 0
        for factor, coefficient in linear_terms(self).items():
            ends = [None if end is None else end * coefficient for end in _factor_bounds(factor)]
            if coefficient < 0:
                ends.reverse()
            low = None if low is None or ends[0] is None else low + ends[0]
            high = None if high is None or ends[1] is None else high + ends[1]
        return low, high

    @cached_property
    def rank(self) -> str:
        """What terms of a sum that have equal coefficients are ordered by: short, though shared parts may be nested."""
        text = " ".join([self.op, self.dtype.name, str(self.data), *(arg.rank for arg in self.args)])
        return text if len(text) < 200 else hashlib.sha256(text.encode()).hexdigest()

    def __str__(self) -> str:
        from feedforward.compiler.loop_text import expr_text  # which stands above, as it reads what stands here

        return expr_text(self)

    def __add__(self, other: Expr | int) -> Expr:
        return add(self, _index(other))

    __radd__ = __add__

    def __sub__(self, other: Expr | int) -> Expr:
        return add(self, scale(_index(other), -1))

    def __rsub__(self, other: int) -> Expr:
        return add(number(other), scale(self, -1))

    def __mul__(self, factor: int) -> Expr:
        return scale(self, factor)

    __rmul__ = __mul__

    def __divmod__(self, divisor: int) -> tuple[Expr, Expr]:
        return split(self, divisor)

    def __floordiv__(self, divisor: int) -> Expr:
        return split(self, divisor)[0]

    def __mod__(self, divisor: int) -> Expr:
        return split(self, divisor)[1]

    def __lt__(self, other: Expr | int) -> Expr:
        return apply("less", self, _index(other), dtype=BOOL)

    def __ge__(self, bound: int) -> Expr:
        return apply("less", number(bound - 1), self, dtype=BOOL)

    def __and__(self, other: Expr) -> Expr:
        return apply("logical_and", self, other, dtype=BOOL)

    def equals(self, other: Expr | int) -> Expr:
        """Return whether two indices have the same value."""
        return apply("equal", self, _index(other), dtype=BOOL)

    def where(self, mask: Expr, other: Expr | float) -> Expr:
        """Return self where `mask` holds, else `other`."""
        return apply("where", mask, self, as_expr(other, self.dtype), dtype=self.dtype)

    def times(self, other: Expr) -> Expr:
        """Return the product of two values, where ``*`` is for indices."""
        return apply("multiply", self, other, dtype=self.dtype)

    def cast(self, dtype: np.dtype[Any]) -> Expr:
        """Return self converted to a dtype."""
        return self if self.dtype == dtype else apply("cast", self, dtype=dtype, data=(("dtype", dtype),))

    def as_index(self) -> Expr:
        """Return an integer from data as an index."""
        return number(self.data) if self.op == "number" else self.cast(INT)

    def from_end(self, size: int) -> Expr:
        """Return the position that an index names along an axis: one below 0 counts from the end."""
        is_natural = self.bounds[0] is not None and self.bounds[0] >= 0
        return self if is_natural else (self + size).where(self < 0, self)

    def is_below(self, size: int) -> bool:
        """Return whether an index is known to lie from 0 to size - 1."""
        low, high = self.bounds
        return low is not None and high is not None and low >= 0 and high < size


@dataclass(frozen=True)
class Var:
    """A loop variable, from 0 to size - 1."""

    name: str
    size: int


@dataclass(frozen=True)
class For:
    """Run `body` for each value of a variable."""

    var: Var
    body: tuple[Statement, ...]
    is_lanes: bool = False


@dataclass(frozen=True)
class Accumulate:
    """Give an accumulator a value; the first in a block declares it."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Combine:
    """Make one value of an accumulator's lanes: ``name = operation over lanes``, always in the same order.

    It stands after the loop that ran in lanes; where that loop ran one by one, it does nothing.
    """

    name: str
    operation: str


@dataclass(frozen=True)
class Store:
    """Write a value to an element of a buffer, or add it to what is there."""

    buffer: Buffer
    index: Expr
    value: Expr
    is_sum: bool = False


@dataclass(frozen=True)
class View:
    """Where the elements of a product's left side lie in a buffer: at the sum of what its row and its column say.

    Parameters
    ----------
    rows, inner : (Var, Expr)
        A row of the left side, or a turn of the inner loop, and its part of the index.
    inside : (Expr, Expr), optional
        By its row, from which turn on, and before which, there is more than zeros: a border need not be multiplied.
    """

    rows: tuple[Var, Expr]
    inner: tuple[Var, Expr]
    inside: tuple[Expr, Expr] | None = None

    @property
    def index(self) -> Expr:
        """Where an element lies."""
        return add(self.rows[1], self.inner[1])


@dataclass(frozen=True)
class Pack:
    """Copy a side of a product into panels, the layout in which the product reads it; of each of a batch."""

    out: Buffer
    source: Buffer
    panels: Panels
    batch: int = 1


@dataclass(frozen=True)
class Multiply:
    """Compute the product of two matrices, the right one packed; of each of a batch, which lie behind one another.

    Without an epilogue the product is stored. With one, its statements are run for each element, at `variables` (row
    and column, before them those of the batch; or the flat index): there, a load of that element of `out`
    is the number just computed. With a `view`, the left side is read where it says.
    """

    out: Buffer
    x: Buffer
    y: Buffer
    left: Buffer | None
    right: Buffer | None
    partial: Buffer | None
    plan: Matmul
    batch: int = 1
    view: View | None = None
    epilogue: tuple[Store, ...] = ()
    variables: tuple[Var, ...] = ()


Statement: TypeAlias = "For | Accumulate | Combine | Store | Pack | Multiply"


@dataclass(frozen=True)
class Kernel:
    """A loop nest, run as a whole before the next begins.

    Parameters
    ----------
    name : str
        The layers and operations it stands for.
    body : tuple of statements
        What it does.
    """

    name: str
    body: tuple[Statement, ...]

    def __str__(self) -> str:
        from feedforward.compiler.loop_text import kernel_text  # as for `Expr`

        return kernel_text(self)


def number(value: Any, dtype: np.dtype[Any] = INT) -> Expr:
    """Return a number as an expression; -0.0 as ``negative(0.0)``, for it equals 0.0 and is another number."""
    item = dtype.type(value).item()
    if item == 0 and np.signbit(item) and dtype.kind == "f":
        return Expr("negative", (number(0, dtype),), dtype)
    return Expr("number", (), dtype, item)


def as_expr(value: Expr | float, dtype: np.dtype[Any]) -> Expr:
    """Return an expression as it is, a number as one of a dtype."""
    return value if isinstance(value, Expr) else number(value, dtype)


def _index(value: Expr | int) -> Expr:
    return as_expr(value, INT)


def apply(op: str, *args: Expr, dtype: np.dtype[Any], data: Any = None) -> Expr:
    """Return an operation on expressions."""
    return Expr(op, args, dtype, data)


def var(variable: Var) -> Expr:
    """Return the value of a loop variable: 0 where it has no other."""
    return number(0) if variable.size == 1 else Expr("var", (), INT, variable)


def load(buffer: Buffer, index: Expr) -> Expr:
    """Return an element of a buffer."""
    return Expr("load", (index,), buffer.dtype, buffer)


def add(*parts: Expr) -> Expr:
    """Return the sum of indices; ``d*(x // d) + x % d`` becomes ``x``, ``d*(x // d % e) + x % d`` ``x % (d*e)``."""
    terms: dict[Expr, int] = {}
    for part in parts:
        for factor, coefficient in linear_terms(part).items():
            terms[factor] = terms.get(factor, 0) + coefficient
    for rest in [factor for factor in terms if factor.op == "rest"]:
        whole = apply("quotient", *rest.args, dtype=INT)
        by = terms[rest]
        if by and terms.get(whole) == by * rest.args[1].data:
            del terms[rest], terms[whole]
            return add(_from_terms(terms), scale(rest.args[0], by))
        next_digit = next(
            (
                one
                for one in terms
                if one.op == "rest" and one.args[0] == whole and terms[one] == by * rest.args[1].data
            ),
            None,
        )
        if by and next_digit is not None:
            del terms[rest], terms[next_digit]
            both = number(rest.args[1].data * next_digit.args[1].data)
            return add(_from_terms(terms), scale(apply("rest", rest.args[0], both, dtype=INT), by))
    return _from_terms(terms)


def scale(index: Expr, coefficient: int) -> Expr:
    """Return an index times an integer."""
    return _from_terms({factor: value * coefficient for factor, value in linear_terms(index).items()})


def flat(index: Sequence[Expr], shape: Sequence[object]) -> Expr:
    """Return the flat index of an element, its number in row-major order."""
    total: Expr = number(0)
    for at, size in zip(index, shape, strict=True):
        total = add(scale(total, int(size)), at)  # type: ignore[call-overload]
    return total


def split(index: Expr, divisor: int) -> tuple[Expr, Expr]:
    """Return quotient and remainder of a nonnegative index by a positive integer."""
    if divisor == 1:
        return index, number(0)
    whole, rest = {}, {}
    for factor, coefficient in linear_terms(index).items():
        quotient, remainder = divmod(coefficient, divisor) if factor == _ONE else (coefficient // divisor, 0)
        if factor == _ONE:
            whole[factor], rest[factor] = quotient, remainder
        elif coefficient % divisor == 0:
            whole[factor] = quotient
        else:
            rest[factor] = coefficient
    remaining = _from_terms(rest)
    low, high = remaining.bounds
    if low is None:
        whole, remaining = {}, index
    elif low < 0:
        # What remains must not be negative either: instructions divide towards 0.
        turns = -(low // divisor)
        whole[_ONE] = whole.get(_ONE, 0) - turns
        remaining = add(remaining, number(turns * divisor))
        low, high = remaining.bounds
    if low is not None and high is not None and 0 <= low and high < divisor:
        return _from_terms(whole), remaining
    if low is not None and remaining.op == "quotient":  # x // a // b is x // (a*b)
        inner, before = remaining.args[0], remaining.args[1].data
        quotient_rest = apply("quotient", inner, number(before * divisor), dtype=INT)
        return add(_from_terms(whole), quotient_rest), apply("rest", remaining, number(divisor), dtype=INT)
    coarse, fine = _digits(remaining, divisor)
    if coarse is not None:
        quotient_coarse, rest_coarse = split(coarse[0], divisor // coarse[1])
        return add(_from_terms(whole), quotient_coarse), add(scale(rest_coarse, coarse[1]), fine)
    by = number(divisor)
    quotient_rest = apply("quotient", remaining, by, dtype=INT)
    return add(_from_terms(whole), quotient_rest), apply("rest", remaining, by, dtype=INT)


def _digits(index: Expr, divisor: int) -> tuple[tuple[Expr, int] | None, Expr]:
    """Return an index as ``m*a + r``: (a, m) and r, where m divides the divisor and r is from 0 to m - 1; or None."""
    terms = linear_terms(index)
    for size in sorted({math.gcd(abs(by), divisor) for by in terms.values()} - {1}, reverse=True):
        fine = _from_terms({factor: by for factor, by in terms.items() if by % size})
        low, high = fine.bounds
        coarse = _from_terms({factor: by // size for factor, by in terms.items() if by % size == 0})
        least = coarse.bounds[0]
        if low is not None and high is not None and 0 <= low and high < size and least is not None and least >= 0:
            return (coarse, size), fine
    return None, index


def linear_terms(index: Expr) -> dict[Expr, int]:
    """Return an index as a sum: a coefficient for each factor; the factor 1 stands for the constant part."""
    if index.op == "number":
        return {_ONE: index.data} if index.data else {}
    if index.op == "linear":
        return dict(zip(index.args, index.data, strict=True))
    return {index: 1}


def stride(index: Expr, variable: Var) -> int | None:
    """Return by how much an index grows with a variable; None where that is not the same everywhere."""
    total = 0
    for factor, coefficient in linear_terms(index).items():
        if factor.op == "var" and factor.data == variable:
            total += coefficient
        elif depends(factor, variable):
            return None
    return total


def run_of(index: Expr, variable: Var) -> tuple[int, int]:
    """Return in runs of how many turns an index grows evenly with a variable, and by how much in each of them.

    ``x % 5 + 32*(x // 5)`` has runs of 5, each of which begins at a multiple of 5, and grows by 1.
    """
    divisors = {part.args[1].data for part in walk([index]) if part.op in ("quotient", "rest")}
    for length in sorted({*divisors, variable.size} - {1}, reverse=True):
        run, place = Var("run", -(-variable.size // length)), Var("place", length)
        step = stride(replace(index, {variable: scale(var(run), length) + var(place)}), place)
        if step is not None:
            return length, step
    return 1, 0


def depends(expr: Expr, variable: Var) -> bool:
    """Return whether an expression's value changes with a variable."""
    return any(part.op == "var" and part.data == variable for part in walk([expr]))


def walk(roots: Sequence[Expr]) -> Iterator[Expr]:
    """Yield each expression below `roots` once."""
    seen: set[Expr] = set()
    pending = list(roots)
    while pending:
        expr = pending.pop()
        if expr not in seen:
            seen.add(expr)
            yield expr
            pending.extend(expr.args)


def replace(expr: Expr, new: Mapping[Var, Expr], memo: dict[Expr, Expr] | None = None) -> Expr:
    """Return an expression with loop variables replaced by indices."""
    memo = {} if memo is None else memo
    if expr in memo:
        return memo[expr]
    if expr.op == "var":
        result = new.get(expr.data, expr)
    elif expr.op == "linear":
        parts = [scale(replace(factor, new, memo), by) for factor, by in zip(expr.args, expr.data, strict=True)]
        result = add(*parts)
    elif expr.op in ("quotient", "rest"):
        whole, rest = split(replace(expr.args[0], new, memo), expr.args[1].data)
        result = whole if expr.op == "quotient" else rest
    else:
        args = tuple(replace(arg, new, memo) for arg in expr.args)
        result = expr if args == expr.args else Expr(expr.op, args, expr.dtype, expr.data)
    memo[expr] = result
    return result


_ONE = Expr("number", (), INT, 1)


def _from_terms(terms: Mapping[Expr, int]) -> Expr:
    kept = {factor: coefficient for factor, coefficient in terms.items() if coefficient}
    if not kept:
        return number(0)
    if set(kept) == {_ONE}:
        return number(kept[_ONE])
    if len(kept) == 1 and next(iter(kept.values())) == 1:
        return next(iter(kept))
    ordered = sorted(kept.items(), key=lambda item: (item[0] == _ONE, -abs(item[1]), item[0].rank))
    return Expr("linear", tuple(factor for factor, _ in ordered), INT, tuple(value for _, value in ordered))


def _factor_bounds(factor: Expr) -> tuple[int | None, int | None]:
    if factor.op == "number":
        return factor.data, factor.data
    if factor.op == "var":
        return 0, factor.data.size - 1
    if factor.op == "rest":
        return 0, factor.args[1].data - 1
    if factor.op == "where":
        mask, chosen, other = factor.args
        (low, high), (least, most) = _narrowed(chosen, mask), other.bounds
        if low is not None and high is not None and low > high:  # the mask never holds
            return least, most
        return (
            None if low is None or least is None else min(low, least),
            None if high is None or most is None else max(high, most),
        )
    if factor.op == "cast" and factor.args[0].dtype.kind == "u":
        return 0, int(np.iinfo(factor.args[0].dtype).max)
    if factor.op == "quotient":
        low, high = factor.args[0].bounds
        if low is None or low < 0:  # machine code divides without sign: then it may be anything
            return 0, None
        by = factor.args[1].data
        return low // by, None if high is None else high // by
    return None, None


def _narrowed(index: Expr, mask: Expr) -> tuple[int | None, int | None]:
    """Return the bounds of an index where a mask holds, which may compare just this index with numbers."""
    low, high = index.bounds
    pending = [mask]
    while pending:
        part = pending.pop()
        if part.op == "logical_and":
            pending.extend(part.args)
        elif part.op == "less" and part.args[0] == index and part.args[1].op == "number":
            most = part.args[1].data - 1
            high = most if high is None else min(high, most)
        elif part.op == "less" and part.args[1] == index and part.args[0].op == "number":
            least = part.args[0].data + 1
            low = least if low is None else max(low, least)
    return low, high


def expressions(body: Sequence[Statement]) -> list[Expr]:
    """Return the expressions of statements, and of those in their epilogues and in their loops of at least one turn."""
    found: list[Expr] = []
    for statement in body:
        match statement:
            case For():
                found.extend(expressions(statement.body) if statement.var.size else [])
            case Accumulate():
                found.append(statement.value)
            case Store():
                found.extend((statement.index, statement.value))
            case Multiply():
                found.extend(expressions(statement.epilogue))
    return found


def stores(body: Sequence[Statement]) -> list[Store]:
    """Return the stores among statements, and in their loops and epilogues."""
    found: list[Store] = []
    for statement in body:
        match statement:
            case For():
                found.extend(stores(statement.body))
            case Store():
                found.append(statement)
            case Multiply():
                found.extend(statement.epilogue)
    return found


def loops_of(body: Sequence[Statement]) -> list[For]:
    """Return the loops among statements, and inside them."""
    direct = [statement for statement in body if isinstance(statement, For)]
    return [one for loop in direct for one in (loop, *loops_of(loop.body))]


def variables_of(body: Sequence[Statement]) -> list[Var]:
    """Return the variables of the loops among statements, and inside them."""
    return [loop.var for loop in loops_of(body)]
