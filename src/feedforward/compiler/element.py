"""What the formulas of operations (`Op.emit`) are written on: an element of an array, or as many as there are lanes.

Here belongs what a formula may say beyond arithmetic (`Lanes`): functions with polynomials of their own, comparisons of
any dtype, conversions, random draws. What an operation makes of it stands in the operation's record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from llvmlite import ir

from feedforward.compiler import elementary, philox
from feedforward.compiler.vector import DOUBLE, FLOAT, Lanes, bits_of, call_conversion, type_of, with_element

__all__ = ["element", "Element"]


def element(builder: ir.IRBuilder, value: ir.Value, dtype: np.dtype[Any]) -> Element:
    """Return a value of a dtype as an element."""
    return Element(builder, value, dtype.kind in "if")


class Element(Lanes):
    """A float, an integer or a bool, or lanes of them; `+`, `-`, `*`, `/`, `&`, `|` and `~` are those of `Lanes`."""

    def _function(self, rule: Callable[..., ir.Value], *others: Element) -> Self:
        return self._like(rule(self.builder, self.value, *(other.value for other in others)))

    def exp(self) -> Self:
        """Return e to the power of a float."""
        return self._function(elementary.exp)

    def expm1(self) -> Self:
        """Return e to the power of a float, less 1."""
        return self._function(elementary.expm1)

    def log(self) -> Self:
        """Return the natural logarithm of a float."""
        return self._function(elementary.log)

    def log1p(self) -> Self:
        """Return the natural logarithm of 1 and a float."""
        return self._function(elementary.log1p)

    def tanh(self) -> Self:
        """Return the hyperbolic tangent of a float."""
        return self._function(elementary.tanh)

    def erf(self) -> Self:
        """Return the error function of a float."""
        return self._function(elementary.erf)

    def sin(self) -> Self:
        """Return the sine of a float, in radians."""
        return self._function(elementary.sin)

    def cos(self) -> Self:
        """Return the cosine of a float, in radians."""
        return self._function(elementary.cos)

    def sqrt(self) -> Self:
        """Return the square root of a float."""
        return self._function(elementary.sqrt)

    def floor(self) -> Self:
        """Return the largest whole number not above a float."""
        return self._function(elementary.floor)

    def power(self, exponent: Element) -> Self:
        """Return a float to the power of another."""
        return self._function(elementary.power, exponent)

    def abs(self) -> Self:
        """Return the absolute value; of the least integer, itself."""
        return self._function(elementary.absolute) if self.is_float else (-self).where(self.compare("<", 0), self)

    def maximum(self, other: Element) -> Self:
        """Return the larger, self in a tie, NaN where either is NaN."""
        if self.is_float:
            return self._function(elementary.maximum, other)
        return self.where(self.compare(">", other), other)

    def minimum(self, other: Element) -> Self:
        """Return the smaller, self in a tie, NaN where either is NaN."""
        if self.is_float:
            return self._function(elementary.minimum, other)
        return self.where(self.compare("<", other), other)

    def remainder(self, divisor: Element) -> Self:
        """Return what is left of self over a divisor, with the divisor's sign: NumPy's, NaN or 0 over 0."""
        factor = self._raise(divisor)
        x, y = self * factor, divisor * factor
        rest = x._rest(y)
        is_other = (rest.compare("<", 0) ^ y.compare("<", 0)) & rest.compare("!=", 0)
        result = (rest + y).where(is_other, rest) if self.is_signed else rest
        if not self.is_float:
            return result
        zero = self.constant(-0.0).where(y.compare("<", 0), 0.0)
        return zero.where(rest.compare("==", 0), result / factor)

    def floor_divide(self, divisor: Element) -> Self:
        """Return the largest whole number not above self over a divisor: NumPy's, 0 for an integer over 0."""
        factor = self._raise(divisor)
        x, y = self * factor, divisor * factor
        rest = x._rest(y)
        if not self.is_float:
            safe = divisor.constant(1).where(self._is_open(divisor), divisor)
            quotient = self._like((self.builder.sdiv if self.is_signed else self.builder.udiv)(self.value, safe.value))
            if not self.is_signed:
                return self.constant(0).where(divisor.compare("==", 0), quotient)
            is_other = (rest.compare("<", 0) ^ divisor.compare("<", 0)) & rest.compare("!=", 0)
            quotient = (quotient - 1).where(is_other, quotient)
            quotient = (-self).where(divisor.compare("==", -1), quotient)
            return self.constant(0).where(divisor.compare("==", 0), quotient)
        # As NumPy has it: self - rest is a multiple of the divisor, so that the quotient is whole but for a rounding.
        is_other = (rest.compare("<", 0) ^ divisor.compare("<", 0)) & rest.compare("!=", 0)
        quotient = (x - rest) / y
        quotient = (quotient - 1.0).where(is_other, quotient)
        whole = quotient.floor()
        whole = (whole + 1.0).where((quotient - whole).compare(">", 0.5), whole)
        exact = self / divisor
        whole = whole.where(quotient.compare("!=", 0), self.constant(0.0).call("llvm.copysign", exact))
        return exact.where(divisor.compare("==", 0), whole)

    def _raise(self, divisor: Element) -> Self:
        """Return what to multiply self and a divisor by, so that no rest that decides is subnormal, and so zero.

        It is 2^64 where the divisor is below 2^-64, unless self could become infinite.
        """
        if not self.is_float:
            return self.constant(1)
        is_tiny = divisor.abs().compare("<", 2.0**-64) & self.abs().compare("<", 2.0**60)
        return self.constant(2.0**64).where(is_tiny, 1.0)

    def _rest(self, divisor: Element) -> Self:
        """Return what is left over a divisor with the sign of self: exact, so that every C library gives these bits."""
        if self.is_float:
            return self._like(self.builder.frem(self.value, divisor.value))
        is_open = self._is_open(divisor)
        safe = divisor.constant(1).where(is_open, divisor)
        rest = self._like((self.builder.srem if self.is_signed else self.builder.urem)(self.value, safe.value))
        return self.constant(0).where(is_open, rest)

    def _is_open(self, divisor: Element) -> Lanes:
        """Return where the machine's division of integers is undefined: by 0, and of the least one by -1."""
        is_zero = divisor.compare("==", 0)
        return is_zero | divisor.compare("==", -1) if self.is_signed else is_zero

    def cast(self, dtype: np.dtype[Any]) -> Element:
        """Return the element converted to a dtype.

        A float becomes an integer by dropping its fraction; one beyond the range becomes the nearest end of it, NaN
        becomes 0. An integer that does not fit another keeps its lowest bits. Everything but 0 becomes True.
        """
        if dtype.kind == "b":
            return self.compare("!=", 0)
        builder, goal = self.builder, type_of(dtype)
        kind = with_element(self.type, goal)
        if self.is_float and goal in (FLOAT, DOUBLE):
            return element(builder, self.convert(goal).value, dtype)
        if self.is_float:
            # Without `sat`, LLVM may make anything of a float that does not fit.
            name = "llvm.fptosi.sat" if dtype.kind == "i" else "llvm.fptoui.sat"
            return element(builder, call_conversion(builder, name, self.value, kind), dtype)
        if goal in (FLOAT, DOUBLE):
            return element(builder, (builder.sitofp if self.is_signed else builder.uitofp)(self.value, kind), dtype)
        wider = bits_of(kind) - bits_of(self.type)
        if wider == 0:
            return element(builder, self.value, dtype)
        resize = builder.trunc if wider < 0 else builder.sext if self.is_signed else builder.zext
        return element(builder, resize(self.value, kind), dtype)

    def random_bits(self, seed: Element, step: Element, stream: ir.Value) -> Element:
        """Return the random bits of the element of a draw whose flat index self is; see ``ops/random.py``."""
        bits = philox.random_bits(self.builder, seed.value, step.value, stream, self.value)
        return Element(self.builder, bits, False)

    def random_uniform(self, seed: Element, step: Element, stream: ir.Value, dtype: np.dtype[Any]) -> Element:
        """Return the number in [0, 1) of the element of a draw whose flat index self is."""
        number = philox.random_uniform(self.builder, seed.value, step.value, stream, self.value, dtype)
        return Element(self.builder, number)
