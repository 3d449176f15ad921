"""The text of loops: how a kernel reads, by the grammar at the top of ``loops.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from feedforward.compiler.loops import (
    Accumulate,
    Buffer,
    Combine,
    Expr,
    For,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    View,
    load,
    number,
    walk,
)

__all__ = ["expr_text", "kernel_text"]

_ONE = number(1)

_SIGNS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "quotient": "//",
    "rest": "%",
    "floor_divide": "//",
    "remainder": "%",
    "equal": "==",
    "less": "<",
    "less_equal": "<=",
    "logical_and": "and",
    "logical_or": "or",
}

_LEAST_SHARED = 3
"""An expression of so many operations and elements is written once, however often a block has it."""


def expr_text(expr: Expr) -> str:
    """Return an expression as text."""
    return _Writer().text(expr)


def kernel_text(kernel: Kernel, names: Mapping[Buffer, str] = MappingProxyType({}), word: str = "kernel") -> str:
    """Return a kernel as text, in which some buffers are called as `names` says, and itself after a `word`."""
    return "\n".join([f"{word} {kernel.name}:", *_Writer(names).lines(kernel.body, 1)])


class _Writer:
    """Writes a kernel as text; buffers are called as `names` says, or by their own names."""

    def __init__(self, names: Mapping[Buffer, str] = MappingProxyType({})) -> None:
        self.names = names
        self.terms: dict[Expr, str] = {}
        self.count = 0

    def text(self, expr: Expr, is_part: bool = False) -> str:
        """Return an expression; one that `is_part` of another has parentheses where it needs them."""
        if expr in self.terms:
            return self.terms[expr]
        match expr.op:
            case "number":
                return str(expr.dtype.type(expr.data))
            case "var":
                return str(expr.data.name)
            case "accumulator" | "size":
                return str(expr.data)
            case "load":
                return f"{self.name(expr.data)}[{self.text(expr.args[0])}]"
            case "linear":
                return self._enclosed(self._sum(expr), is_part)
            case "negative":
                return self._enclosed(f"-{self.text(expr.args[0], is_part=True)}", is_part)
        sign = _SIGNS.get(expr.op)
        if sign is not None:
            return self._enclosed(f" {sign} ".join(self.text(arg, is_part=True) for arg in expr.args), is_part)
        name = expr.dtype.name if expr.op == "cast" else expr.op
        return f"{name}({', '.join(self.text(arg) for arg in expr.args)})"

    def _sum(self, expr: Expr) -> str:
        result = ""
        for factor, by in zip(expr.args, expr.data, strict=True):
            size = abs(by)
            part = str(size) if factor == _ONE else self.text(factor, is_part=True)
            part = part if factor == _ONE or size == 1 else f"{size}*{part}"
            minus, plus = (" - ", " + ") if result else ("-", "")
            result += f"{minus if by < 0 else plus}{part}"
        return result

    def _enclosed(self, text: str, is_part: bool) -> str:
        return f"({text})" if is_part else text

    def name(self, buffer: Buffer) -> str:
        """Return what a buffer is called."""
        return self.names.get(buffer, buffer.name)

    def lines(self, body: Sequence[Statement], depth: int) -> Iterator[str]:
        """Yield the lines of a block of statements; what its stores have in common, before the first that needs it."""
        indent = "  " * depth
        shared = _shared([statement for statement in body if isinstance(statement, Accumulate | Store)])
        for statement in body:
            for expr in _parts_first(_own_expressions(statement)) if shared else ():
                if expr in shared and expr not in self.terms:
                    text = self.text(expr)
                    self.count += 1
                    self.terms[expr] = f"t{self.count}"
                    yield f"{indent}t{self.count} = {text}"
            match statement:
                case For():
                    lanes = " lanes" if statement.is_lanes else ""
                    yield f"{indent}for {statement.var.name} in 0..{statement.var.size}{lanes}:"
                    yield from self.lines(statement.body, depth + 1)
                case Accumulate():
                    yield f"{indent}{statement.name} = {self.text(statement.value)}"
                case Combine():
                    yield f"{indent}{statement.name} = {statement.operation} over the lanes of {statement.name}"
                case Store() if statement.value == load(statement.buffer, statement.index):
                    yield f"{indent}keep {self.name(statement.buffer)}"
                case Store():
                    element = f"{self.name(statement.buffer)}[{self.text(statement.index)}]"
                    yield f"{indent}{element} {'+=' if statement.is_sum else '='} {self.text(statement.value)}"
                case Pack():
                    matrix = self._matrix(statement.source, statement.panels.is_swapped)
                    yield f"{indent}{self.name(statement.out)} = panels of {matrix}{_each(statement.batch)}"
                case Multiply():
                    view = self._view(statement.view) if statement.view else ""
                    x = self._matrix(statement.x, statement.plan.transpose_x, view)
                    y = self._matrix(statement.y, statement.plan.transpose_y)
                    yield f"{indent}{self.name(statement.out)} = {x} @ {y}{_each(statement.batch)}"
                    if statement.epilogue:
                        names = ", ".join(one.name for one in statement.variables)
                        yield f"{indent}as each element {names} of it is done:"
                        yield from self.lines(statement.epilogue, depth + 1)
        for expr in shared:
            self.terms.pop(expr, None)

    def _view(self, view: View) -> str:
        inside = " for {} <= column < {}".format(*map(self.text, view.inside)) if view.inside else ""
        return f"[{self.text(view.index)}]{inside}"

    def _matrix(self, buffer: Buffer, is_transposed: bool, view: str = "") -> str:
        return self.name(buffer) + view + "ᵀ" * is_transposed


def _each(batch: int) -> str:
    """Return what the text says of a batch of matrices."""
    return f", each of {batch}" if batch > 1 else ""


def _own_expressions(statement: Statement) -> list[Expr]:
    match statement:
        case Accumulate():
            return [statement.value]
        case Store():
            return [statement.index, statement.value]
    return []


def _shared(statements: Sequence[Statement]) -> set[Expr]:
    """Return the larger expressions that statements use more than once, but for those that change in between."""
    uses: dict[Expr, int] = {}
    roots = [expr for statement in statements for expr in _own_expressions(statement)]
    parts = list(walk(roots))
    for expr in (*roots, *(arg for part in parts for arg in part.args)):
        uses[expr] = uses.get(expr, 0) + 1
    repeated = (expr for expr in parts if uses[expr] > 1 and expr.op != "load")
    result = set()
    for expr in repeated:
        ops = [part.op for part in walk([expr])]
        counted = sum(op not in ("number", "var", "linear") for op in ops)
        if counted >= _LEAST_SHARED and "accumulator" not in ops:
            result.add(expr)
    return result


def _parts_first(roots: Sequence[Expr]) -> Iterator[Expr]:
    """Yield each expression below `roots` once, after what it is made of."""
    seen: set[Expr] = set()

    def visit(expr: Expr) -> Iterator[Expr]:
        if expr not in seen:
            seen.add(expr)
            for arg in expr.args:
                yield from visit(arg)
            yield expr

    for root in roots:
        yield from visit(root)
