"""Philox4x32-10 as instructions: random bits of an element, from nothing but its number; see ``ops/random.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from feedforward.compiler.vector import constant, splat, with_element

__all__ = ["random_bits", "random_uniform", "philox"]

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10


def random_bits(
    builder: ir.IRBuilder, seed: ir.Value, step: ir.Value, stream: ir.Value, element: ir.Value, words: int = 1
) -> Any:
    """Return the random bits of an element of a draw.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where instructions go.
    seed, step, stream : ir.Value
        The key, the step and the draw's stream, int64; a vector of them where elements are of several draws.
    element : ir.Value
        The element's number, int64, or a vector of them.
    words : {1, 2}
        How many int32 to return: one, or a list of two.
    """
    first = builder.mul(element, _like(element, words))
    block = philox(builder, seed, step, stream, builder.lshr(first, _like(element, 2)))
    lane = builder.and_(first, _like(element, 3))
    if words == 1:
        return _choose(builder, block, lane)
    return [_choose(builder, block, lane), _choose(builder, block, builder.add(lane, _like(element, 1)))]


def random_uniform(
    builder: ir.IRBuilder, seed: ir.Value, step: ir.Value, stream: ir.Value, element: ir.Value, dtype: np.dtype[Any]
) -> ir.Value:
    """Return the number in [0, 1) of an element of a draw, as float or double; see `random_bits`."""
    if dtype == np.float64:
        return _unit_double(builder, *random_bits(builder, seed, step, stream, element, 2))
    return _unit_float(builder, random_bits(builder, seed, step, stream, element))


def philox(builder: ir.IRBuilder, seed: ir.Value, step: ir.Value, stream: ir.Value, block: ir.Value) -> list[ir.Value]:
    """Return the four words, as int64 below 2**32, of the blocks numbered `block`."""
    mask = _like(block, 0xFFFFFFFF)

    def spread(value: ir.Value) -> ir.Value:
        return value if value.type == block.type else splat(builder, value, block.type)

    def words(value: ir.Value) -> tuple[ir.Value, ir.Value]:
        return spread(builder.and_(value, _like(value, 0xFFFFFFFF))), spread(builder.lshr(value, _like(value, 32)))

    low_key, high_key = words(seed)
    a, (b, _), (c, d) = builder.and_(block, mask), words(step), words(stream)
    for _ in range(_ROUNDS):
        first, second = builder.mul(a, _like(block, _MULTIPLIERS[0])), builder.mul(c, _like(block, _MULTIPLIERS[1]))
        half = _like(block, 32)
        a = builder.xor(builder.xor(builder.lshr(second, half), b), low_key)
        c = builder.xor(builder.xor(builder.lshr(first, half), d), high_key)
        b, d = builder.and_(second, mask), builder.and_(first, mask)
        low_key = builder.and_(builder.add(low_key, _like(block, _KEY_STEPS[0])), mask)
        high_key = builder.and_(builder.add(high_key, _like(block, _KEY_STEPS[1])), mask)
    return [a, b, c, d]


def _choose(builder: ir.IRBuilder, block: list[ir.Value], lane: ir.Value) -> ir.Value:
    """Return the word of each block that `lane`, from 0 to 3, names, as int32."""
    result = block[3]
    for word in (2, 1, 0):
        result = builder.select(builder.icmp_signed("==", lane, _like(lane, word)), block[word], result)
    return builder.trunc(result, with_element(lane.type, _I32))


def _unit_float(builder: ir.IRBuilder, bits: ir.Value) -> ir.Value:
    mantissa = builder.or_(builder.and_(bits, _like(bits, 0x7FFFFF)), _like(bits, 0x3F800000))
    kind = with_element(bits.type, ir.FloatType())
    return builder.fsub(builder.bitcast(mantissa, kind), constant(kind, 1.0))


def _unit_double(builder: ir.IRBuilder, high: ir.Value, low: ir.Value) -> ir.Value:
    wide = with_element(high.type, _I64)
    top = builder.shl(builder.zext(builder.and_(high, _like(high, 0xFFFFF)), wide), constant(wide, 32))
    mantissa = builder.or_(builder.or_(top, builder.zext(low, wide)), constant(wide, 0x3FF0000000000000))
    kind = with_element(high.type, ir.DoubleType())
    return builder.fsub(builder.bitcast(mantissa, kind), constant(kind, 1.0))


def _like(value: ir.Value, number: int) -> ir.Constant:
    return constant(value.type, number)
