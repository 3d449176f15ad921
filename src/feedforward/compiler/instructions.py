"""Instructions that emitters share: loops, arithmetic of indices, loads and stores of the first lanes of a vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from llvmlite import ir

from feedforward.compiler.vector import bits_of, call, constant, splat, suffix_of, undefined

__all__ = [
    "INDEX",
    "POINTER",
    "Turn",
    "loop",
    "index_of",
    "at",
    "times",
    "plus",
    "minimum",
    "load_lanes",
    "store_lanes",
    "load_apart",
    "store_apart",
    "prefetch",
    "lane_numbers",
]

INDEX = ir.IntType(64)
POINTER = ir.PointerType()


@dataclass
class Turn:
    """A turn of a loop while that is emitted: its index, and the values that it hands to the next."""

    index: ir.Value
    values: list[ir.Value]


@contextmanager
def loop(
    builder: ir.IRBuilder, start: ir.Value, stop: ir.Value, name: str, values: Sequence[ir.Value] = ()
) -> Iterator[Turn]:
    """Emit a loop over ``start ... stop - 1`` around the body of the ``with``, which may replace the loop's values."""
    before = builder.block
    head, body, after = (builder.append_basic_block(name + part) for part in ("", "_body", "_end"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(INDEX, name)
    carried = [builder.phi(value.type) for value in values]
    builder.cbranch(builder.icmp_signed("<", index, stop), body, after)
    builder.position_at_end(body)
    turn = Turn(index, list(carried))
    yield turn
    for phi, first, following in zip(
        [index, *carried], [start, *values], [plus(builder, index, 1), *turn.values], strict=True
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(following, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    turn.values = list(carried)


def index_of(value: int) -> ir.Constant:
    """Return an integer as an index."""
    return ir.Constant(INDEX, value)


def at(builder: ir.IRBuilder, element: ir.Type, pointer: ir.Value, index: ir.Value) -> ir.Value:
    """Return the address of an element of an array."""
    return builder.gep(pointer, [index], source_etype=element, inbounds=True)


def times(builder: ir.IRBuilder, value: ir.Value, factor: int) -> ir.Value:
    """Return ``value * factor``."""
    return value if factor == 1 else builder.mul(value, index_of(factor), flags=("nsw",))


def plus(builder: ir.IRBuilder, value: ir.Value, number: int) -> ir.Value:
    """Return ``value + number``."""
    return value if number == 0 else builder.add(value, index_of(number), flags=("nsw",))


def minimum(builder: ir.IRBuilder, value: ir.Value, bound: int) -> ir.Value:
    """Return the smaller of ``value`` and ``bound``."""
    return builder.select(builder.icmp_signed("<", value, index_of(bound)), value, index_of(bound))


def load_lanes(builder: ir.IRBuilder, pointer: ir.Value, vector: ir.Type, count: ir.Value | int) -> ir.Value:
    """Emit a load of the first ``count`` lanes of a vector, the others zero; nothing behind them is touched.

    Parameters
    ----------
    builder : ir.IRBuilder
        Where to emit.
    pointer : ir.Value of type ptr
        The first lane; aligned to an element at least.
    vector : ir.VectorType
        What to load, of whole bytes.
    count : int or ir.Value of type i64
        At least 0; more than all lanes means all.

    Returns
    -------
    ir.Value
        The vector.
    """
    size = bits_of(vector) // 8
    if isinstance(count, int) and count >= vector.count:
        return builder.load(pointer, typ=vector, align=size)
    if isinstance(count, int) and count <= 0:
        return constant(vector, 0)
    mask = _mask(builder, vector.count, count)
    arguments = [pointer, ir.Constant(ir.IntType(32), size), mask, constant(vector, 0)]
    return call(builder, f"llvm.masked.load.{suffix_of(vector)}.p0", vector, arguments)


def store_lanes(builder: ir.IRBuilder, pointer: ir.Value, value: ir.Value, count: ir.Value | int) -> None:
    """Emit a store of the first ``count`` lanes of ``value``; nothing behind them is touched.

    The parameters are those of `load_lanes`.
    """
    vector, size = value.type, bits_of(value.type) // 8
    if isinstance(count, int) and count >= vector.count:
        builder.store(value, pointer, align=size)
    elif not (isinstance(count, int) and count <= 0):
        _store_masked(builder, pointer, value, _mask(builder, vector.count, count))


def _store_masked(builder: ir.IRBuilder, pointer: ir.Value, value: ir.Value, mask: ir.Value) -> None:
    arguments = [value, pointer, ir.Constant(ir.IntType(32), bits_of(value.type) // 8), mask]
    call(builder, f"llvm.masked.store.{suffix_of(value.type)}.p0", ir.VoidType(), arguments)


def load_apart(builder: ir.IRBuilder, pointer: ir.Value, vector: ir.VectorType, count: int, step: int) -> ir.Value:
    """Emit a load of ``count`` lanes that lie ``step`` elements apart, the others zero; nothing behind them is touched.

    Whole vectors are loaded, and each gives some of the lanes, which is quicker than a load for each lane.
    """
    result, lanes = constant(vector, 0), vector.count
    for first in range(0, step * (count - 1) + 1, lanes):
        start = at(builder, vector.element, pointer, index_of(first))
        part = load_lanes(builder, start, vector, step * (count - 1) + 1 - first)
        order = [
            lanes + step * lane - first if lane < count and 0 <= step * lane - first < lanes else lane
            for lane in range(lanes)
        ]
        result = builder.shuffle_vector(result, part, lane_numbers(order))
    return result


def store_apart(builder: ir.IRBuilder, pointer: ir.Value, value: ir.Value, count: int, step: int) -> None:
    """Emit a store of the first ``count`` lanes, ``step`` elements apart; nothing between them is touched."""
    lanes = value.type.count
    for first in range(0, step * (count - 1) + 1, lanes):
        start = at(builder, value.type.element, pointer, index_of(first))
        places = [divmod(first + place, step) for place in range(lanes)]
        is_stored = [rest == 0 and lane < count for lane, rest in places]
        order = lane_numbers([lane if is_one else 0 for (lane, _), is_one in zip(places, is_stored, strict=True)])
        mask = ir.Constant(ir.VectorType(ir.IntType(1), lanes), [int(one) for one in is_stored])
        _store_masked(builder, start, builder.shuffle_vector(value, undefined(value.type), order), mask)


def _mask(builder: ir.IRBuilder, lanes: int, count: ir.Value | int) -> ir.Value:
    """Return lanes of which the first ``count`` are true."""
    if isinstance(count, int):
        return ir.Constant(ir.VectorType(ir.IntType(1), lanes), [int(i < count) for i in range(lanes)])
    numbers = ir.VectorType(INDEX, lanes)
    return builder.icmp_signed("<", ir.Constant(numbers, list(range(lanes))), splat(builder, count, numbers))


def prefetch(builder: ir.IRBuilder, pointer: ir.Value, level: int = 1) -> None:
    """Emit the request for a cache line, which may lie behind the array, in the cache of a level.

    The processor foresees a walk along a row; down a column it has to be told: 3 to 10 % of the time of a product.
    """
    arguments = [
        pointer,
        *(ir.Constant(ir.IntType(32), number) for number in (0, 4 - level, 1)),
    ]  # to read, to keep, data
    call(builder, "llvm.prefetch.p0", ir.VoidType(), arguments)


def lane_numbers(numbers: list[int]) -> ir.Constant:
    """Return which lanes a shuffle takes."""
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)
