"""Emission of LLVM instructions on scalars and vectors of any number of lanes alike.

A value is a float, a double, an integer, or a vector of them; what is written here and with it never asks which, so the
same lines emit one lane or sixteen, and each lane gets the same bits in either case. Here belong constants, intrinsics,
conversions and `Lanes`, arithmetic in the notation of formulas. Loops, loads, stores and masks of a loop's tail do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from llvmlite import ir

__all__ = [
    "FLOAT",
    "DOUBLE",
    "type_of",
    "lanes_of",
    "element_of",
    "with_element",
    "bits_of",
    "integer_type",
    "constant",
    "undefined",
    "splat",
    "suffix_of",
    "call_intrinsic",
    "call_conversion",
    "call",
    "fma",
    "canonical",
    "convert",
    "Lanes",
]

FLOAT = ir.FloatType()
DOUBLE = ir.DoubleType()
_INDEX = ir.IntType(32)


def type_of(dtype: np.dtype[Any]) -> ir.Type:
    """Return the type of an element while it is computed with: `float32 -> float`, `uint8 -> i8`, `bool -> i1`."""
    if dtype.kind == "f":
        return DOUBLE if dtype.itemsize == 8 else FLOAT
    return ir.IntType(1 if dtype.kind == "b" else 8 * dtype.itemsize)


def lanes_of(type: ir.Type) -> int:
    """Return the number of lanes of a type: 1 for a scalar."""
    return type.count if isinstance(type, ir.VectorType) else 1


def element_of(type: ir.Type) -> ir.Type:
    """Return the type of one lane: `<16 x float> -> float`, `float -> float`."""
    return type.element if isinstance(type, ir.VectorType) else type


def with_element(type: ir.Type, element: ir.Type) -> ir.Type:
    """Return the type with as many lanes as `type`, each an `element`: `<16 x float>, i32 -> <16 x i32>`."""
    return ir.VectorType(element, type.count) if isinstance(type, ir.VectorType) else element


def bits_of(type: ir.Type) -> int:
    """Return the width of one lane in bits."""
    element = element_of(type)
    if isinstance(element, ir.IntType):
        return int(element.width)
    return {FLOAT: 32, DOUBLE: 64}[element]


def integer_type(type: ir.Type) -> ir.Type:
    """Return the integer type of the same lanes and width: `<16 x float> -> <16 x i32>`."""
    return with_element(type, ir.IntType(bits_of(type)))


def constant(type: ir.Type, number: float | int | bool) -> ir.Constant:
    """Return `number` in every lane, rounded to the element type."""
    element = ir.Constant(element_of(type), number)
    if not isinstance(type, ir.VectorType):
        return element
    return _worded(type, f"splat ({element.type} {element.get_reference()})")


@cache
def undefined(type: ir.VectorType) -> ir.Constant:
    """Return lanes that mean nothing."""
    return _worded(type, "undef")


def _worded(type: ir.VectorType, word: str) -> ir.Constant:
    """Return lanes by LLVM's own word for them: lane by lane they take longer to write and to parse."""
    result = ir.FormattedConstant(type, "")
    result.constant = word  # the constructor would make one constant per lane of its text
    return result


def splat(builder: ir.IRBuilder, value: ir.Value, type: ir.Type) -> ir.Value:
    """Return a vector (or the scalar) of `type` with the scalar `value` in every lane."""
    if not isinstance(type, ir.VectorType):
        return value
    first = builder.insert_element(undefined(type), value, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(first, undefined(type), _first_lane(type.count))


@cache
def _first_lane(count: int) -> ir.Constant:
    """Return what takes the first lane for each of `count`: lane by lane, as llvmlite reads it."""
    return ir.Constant(ir.VectorType(_INDEX, count), None)


def suffix_of(type: ir.Type) -> str:
    """Return how the names of intrinsics write a type: `<16 x float> -> v16f32`."""
    element = f"{'f' if element_of(type) in (FLOAT, DOUBLE) else 'i'}{bits_of(type)}"
    return f"v{type.count}{element}" if isinstance(type, ir.VectorType) else element


def call_intrinsic(builder: ir.IRBuilder, name: str, type: ir.Type, *arguments: ir.Value) -> ir.Value:
    """Call the LLVM intrinsic `name` (without its type suffix), whose arguments and result are of one `type`.

    Only intrinsics that are instructions of the processor and rounded correctly (fma, sqrt, floor, fabs, copysign) keep
    the promise of equal bits everywhere; `llvm.exp` and its like would call the C library.
    """
    return call(builder, f"{name}.{suffix_of(type)}", type, arguments)


def call_conversion(builder: ir.IRBuilder, name: str, x: ir.Value, type: ir.Type) -> ir.Value:
    """Call the LLVM intrinsic `name` (without its type suffixes) that converts `x` to lanes of another `type`."""
    return call(builder, f"{name}.{suffix_of(type)}.{suffix_of(x.type)}", type, [x])


def call(builder: ir.IRBuilder, name: str, type: ir.Type, arguments: Sequence[ir.Value]) -> ir.Value:
    """Emit a call of an intrinsic, declared on first use (llvmlite's own declarations know no vectors)."""
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(type, [argument.type for argument in arguments])
        function = ir.Function(builder.module, kind, name)
    return builder.call(function, arguments)


def fma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    """Return a * b + c, rounded once."""
    return call_intrinsic(builder, "llvm.fma", a.type, a, b, c)


def canonical(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Return x, or a zero of its sign where it is subnormal: x * 1, which LLVM takes for x where it is written so."""
    return call_intrinsic(builder, "llvm.canonicalize", x.type, x)


def convert(builder: ir.IRBuilder, x: ir.Value, element: ir.Type) -> ir.Value:
    """Return floating-point lanes as lanes of `element`: float -> double exactly, double -> float rounded."""
    if element_of(x.type) == element:
        return x
    widen = bits_of(x.type) < bits_of(element)
    return (builder.fpext if widen else builder.fptrunc)(x, with_element(x.type, element))


@dataclass(frozen=True)
class Lanes:
    """A value together with the builder, so that formulas read as formulas: `(x + 1) * x` emits an add and a multiply.

    Operands that are Python numbers become constants of the same type. Arithmetic is IEEE, rounded to nearest, with no
    fast-math flag. On integers `>>` is the arithmetic shift, and everything wraps around.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where instructions go.
    value : ir.Value
        The number, or the vector.
    is_signed : bool
        Whether integers are compared and converted as signed ones.
    """

    builder: ir.IRBuilder
    value: ir.Value
    is_signed: bool = True

    @property
    def type(self) -> ir.Type:
        """The LLVM type of the value."""
        return self.value.type

    @property
    def is_float(self) -> bool:
        """Whether the lanes are floating-point numbers."""
        return element_of(self.type) in (FLOAT, DOUBLE)

    def _like(self, value: ir.Value) -> Self:
        """Return another value of the same sort."""
        return type(self)(self.builder, value, self.is_signed)

    def _operand(self, other: Lanes | float) -> ir.Value:
        return other.value if isinstance(other, Lanes) else constant(self.type, other)

    def _emit(self, name: str, other: Lanes | float) -> Self:
        """Emit the instruction `name`, or `f` + `name` on floating-point lanes."""
        prefix = "f" if self.is_float else ""
        return self._like(getattr(self.builder, prefix + name)(self.value, self._operand(other)))

    def _bitwise(self, name: str, other: Lanes | int) -> Self:
        return self._like(getattr(self.builder, name)(self.value, self._operand(other)))

    def __add__(self, other: Lanes | float) -> Self:
        return self._emit("add", other)

    def __radd__(self, other: float) -> Self:
        return self + other

    def __sub__(self, other: Lanes | float) -> Self:
        return self._emit("sub", other)

    def __rsub__(self, other: float) -> Self:
        return self.constant(other) - self

    def __mul__(self, other: Lanes | float) -> Self:
        return self._emit("mul", other)

    def __rmul__(self, other: float) -> Self:
        return self * other

    def __truediv__(self, other: Lanes | float) -> Self:
        return self._emit("div", other)

    def __rtruediv__(self, other: float) -> Self:
        return self.constant(other) / self

    def __neg__(self) -> Self:
        return self._like((self.builder.fneg if self.is_float else self.builder.neg)(self.value))

    def __and__(self, other: Lanes | int) -> Self:
        return self._bitwise("and_", other)

    def __or__(self, other: Lanes | int) -> Self:
        return self._bitwise("or_", other)

    def __xor__(self, other: Lanes | int) -> Self:
        return self._bitwise("xor", other)

    def __lshift__(self, count: int) -> Self:
        return self._bitwise("shl", count)

    def __rshift__(self, count: int) -> Self:
        return self._bitwise("ashr", count)

    def __invert__(self) -> Self:
        return self._like(self.builder.not_(self.value))

    def constant(self, number: float) -> Self:
        """Return `number` in lanes of the same type."""
        return self._like(constant(self.type, number))

    def fma(self, factor: Lanes | float, addend: Lanes | float) -> Self:
        """Return self * factor + addend, rounded once."""
        return self._like(fma(self.builder, self.value, self._operand(factor), self._operand(addend)))

    def call(self, name: str, *others: Lanes) -> Self:
        """Call an LLVM intrinsic on self and `others`."""
        arguments = (self.value, *(other.value for other in others))
        return self._like(call_intrinsic(self.builder, name, self.type, *arguments))

    def compare(self, sign: str, other: Lanes | float) -> Self:
        """Return the mask of `self sign other`: <, <=, ==, >, >= (false if unordered), != (true), ord or uno."""
        builder, ordered = self.builder, sign != "!="
        if self.is_float:
            emit: Any = builder.fcmp_ordered if ordered else builder.fcmp_unordered
        else:
            emit = builder.icmp_signed if self.is_signed else builder.icmp_unsigned
        return type(self)(builder, emit(sign, self.value, self._operand(other)), False)

    def where(self, mask: Lanes, other: Lanes | float) -> Self:
        """Return self in the lanes where `mask` holds, `other` in the rest."""
        return self._like(self.builder.select(mask.value, self.value, self._operand(other)))

    def bits(self) -> Self:
        """Return the bits of floating-point lanes as integers of the same width."""
        return self._like(self.builder.bitcast(self.value, integer_type(self.type)))

    def number(self, type: ir.Type) -> Self:
        """Return integer lanes read as the bits of floating-point lanes of `type`."""
        return self._like(self.builder.bitcast(self.value, type))

    def convert(self, element: ir.Type) -> Self:
        """Return floating-point lanes as lanes of `element`."""
        return self._like(convert(self.builder, self.value, element))

    def at_most(self, bound: float) -> Self:
        """Return the smaller of self and `bound`; NaN stays NaN."""
        return self.constant(bound).where(self.compare(">", bound), self)

    def at_least(self, bound: float) -> Self:
        """Return the larger of self and `bound`; NaN stays NaN."""
        return self.constant(bound).where(self.compare("<", bound), self)

    def polynomial(self, coefficients: Sequence[float]) -> Self:
        """Return c[0] + c[1] x + c[2] x^2 + ... by Horner's rule with fma."""
        result = self.fma(coefficients[-1], coefficients[-2])
        for coefficient in reversed(coefficients[:-2]):
            result = result.fma(self, coefficient)
        return result
