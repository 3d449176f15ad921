"""Oracle: NumPy on the same arrays; dtype rules worked by hand."""

import math

import numpy as np
import pytest

from feedforward import Tensor, Variable, ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.program import Program
from feedforward.graph.subnormal import flushed
from feedforward.ops import constant, placeholder

VALUES = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -2.5, 3.0])
ROWS, COLUMNS = (grid.reshape(-1) for grid in np.meshgrid(VALUES, VALUES))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ops.not_equal, np.not_equal),
        (ops.less_equal, np.less_equal),
        (ops.greater, np.greater),
        (ops.greater_equal, np.greater_equal),
        (lambda x, y: x <= y, np.less_equal),
        (lambda x, y: x >= y, np.greater_equal),
        (lambda x, y: ~(x < y) | (x > y), lambda x, y: ~(x < y) | (x > y)),
        (lambda x, y: (x < y) & (x < 2.0), lambda x, y: (x < y) & (x < 2.0)),
        (lambda x, y: ops.is_finite(x + y), lambda x, y: np.isfinite(x + y)),
        (lambda x, y: ops.square(x) - abs(y), lambda x, y: np.square(x) - np.abs(y)),
        (lambda x, y: ops.clip(x, -1.0, 2.0), lambda x, y: np.clip(x, -1.0, 2.0)),
        (lambda x, y: +x / -y, lambda x, y: x / -y),
        (lambda x, y: 2.0 - x, lambda x, y: 2.0 - x),
        (lambda x, y: 2.0 / x, lambda x, y: 2.0 / x),
        (lambda x, y: 2.0**x, lambda x, y: 2.0**x),
    ],
)
def test_compositions_are_numpy_s_for_special_values_too(ours, theirs, run):
    x, y = placeholder(ROWS.shape, "float64", "x"), placeholder(ROWS.shape, "float64", "y")
    with np.errstate(all="ignore"):
        expected = theirs(ROWS, COLUMNS)
    np.testing.assert_array_equal(run([ours(x, y)], {x: ROWS, y: COLUMNS})[0], expected)


@pytest.mark.parametrize("left", [(), (1,), (3,), (2, 3), (2, 1), (4, 1, 1), (0,), (0, 3)])
@pytest.mark.parametrize("right", [(), (1,), (3,), (2, 3), (1, 3), (2, 1)])
def test_shapes_broadcast_as_numpy_s_or_are_refused(left, right, run):
    x, y = placeholder(left, "float64", "x"), placeholder(right, "float64", "y")
    try:
        expected = np.broadcast_shapes(left, right)
    except ValueError:
        with pytest.raises(ShapeError, match="cannot be broadcast together"):
            x + y
        return
    (found,) = run([x - y], {x: np.full(left, 3.0), y: np.full(right, 1.0)})
    np.testing.assert_array_equal(found, np.full(expected, 2.0))


def test_an_unknown_size_meets_one_and_itself():
    n = unknown("n")
    x = placeholder((n, 3))
    assert (x + placeholder((3,))).shape == (n, 3)
    assert (x + placeholder((1, 1))).shape == (n, 3)
    assert (x + placeholder((n, 1))).shape == (n, 3)
    assert (placeholder((n,)) + placeholder((4, n))).shape == (4, n)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "float32"),
        (1.5, "float64"),
        (True, "float32"),
        (3, "uint8"),
        (-1, "int64"),
        (True, "int32"),
        (2**40, "int64"),
    ],
)
def test_a_number_takes_the_dtype_of_the_array_beside_it(value, dtype):
    x = placeholder((2,), dtype)
    assert ops.maximum(x, value).dtype == ops.maximum(value, x).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (1.5, "int32", "1.5 stands beside an array of dtype int32"),
        (1, "bool", "1 stands beside an array of dtype bool"),
        (300, "uint8", "300 does not fit the dtype uint8"),
        (-1, "uint8", "-1 does not fit the dtype uint8"),
        (2**40, "int32", "1099511627776 does not fit the dtype int32"),
    ],
)
def test_a_number_that_the_array_beside_it_cannot_hold_is_refused(value, dtype, message):
    with pytest.raises(DtypeError, match=f"{message}.*built at test_elementwise.py"):
        ops.equal(placeholder((2,), dtype), value)


def test_integers_divide_as_float32(run):
    (found,) = run([constant([1, 2]) / constant([3, 4])])
    assert found.dtype == np.float32
    assert found.tolist() == [np.float32(1) / np.float32(3), 0.5]


def test_constants_have_the_dtype_documented():
    rows = [(1.5, "float32"), (1, "int32"), (2**31, "int64"), (True, "bool"), ([[1, 2.0]], "float32")]
    rows += [(np.float64(1), "float64"), (np.array([1], np.uint8), "uint8"), ([], "float32")]
    for value, dtype in rows:
        assert constant(value).dtype == np.dtype(dtype), value
    assert constant(1, "float64").dtype == np.float64


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (300, "uint8", "300 does not fit uint8.*Give numbers from 0 to 255"),
        (-1, "uint8", "-1 does not fit uint8"),
        (2**31, "int32", "2147483648 does not fit int32.*Give numbers from -2147483648 to 2147483647"),
        (-1, "uint32", "-1 does not fit uint32"),
        (2**63, "int64", "9223372036854775808 does not fit int64"),
        (2**63, None, "9223372036854775808 does not fit int64"),
        (2.0**63, "int64", "9.2.*e.18 does not fit int64"),
        (math.nan, "int32", "nan does not fit int32"),
        (math.inf, "int64", "inf does not fit int64"),
        (256.0, "uint8", "256.0 does not fit uint8"),
        (1 + 2j, "float32", "has dtype complex128, expected real numbers. Give real and imaginary"),
    ],
)
def test_a_number_that_a_dtype_cannot_hold_is_refused(value, dtype, message):
    array = np.array(value)
    for given in (value, [value], array, array.reshape(1, 1), array[()]):
        with pytest.raises(DtypeError, match=message):
            constant(given, dtype)
        with pytest.raises(DtypeError, match=message):
            Tensor(given, dtype)
        with pytest.raises(DtypeError, match=message):
            Variable(given, dtype=dtype)


def test_a_tensor_that_a_dtype_cannot_hold_is_refused_where_one_is_made_of_it():
    for given in (Tensor([300]), [Tensor(300)], Tensor([150]) * 2, Tensor([300.5])):
        for make in (Tensor, lambda value, dtype: Variable(value, dtype=dtype)):
            with pytest.raises(DtypeError, match=r"300(\.5)? does not fit uint8, built at test_elementwise.py"):
                make(given, dtype="uint8")
    assert Tensor(Tensor([255]), dtype="uint8").tolist() == [255]
    assert Tensor([300]).astype("uint8").tolist() == [44]  # who casts asks for the lowest bits, as with NumPy


def test_the_ends_of_a_dtype_and_fractions_beside_them_fit():
    for dtype in ("uint8", "int32", "uint32", "int64"):
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        ends = constant([low, high], dtype).attrs["value"].value
        assert ends.dtype == dtype and ends.tolist() == [low, high]
    fractions = constant([-0.9, 255.9], "uint8").attrs["value"].value
    assert fractions.tolist() == [0, 255]
    assert constant(-(2.0**63), "int64").attrs["value"].value == -(2**63)


@pytest.mark.parametrize(
    ("given", "dtype"),
    [("int8", "int32"), ("int16", "int32"), ("uint16", "int32"), ("uint64", "int64"), ("float16", "float32")],
)
def test_an_array_of_a_dtype_that_graphs_do_not_have_is_widened(given, dtype):
    array = np.array([0, 1, 100], given)
    for tensor in (Tensor(array), Variable(array), Tensor(array[2]), Tensor(array[::2])):
        assert tensor.dtype == dtype
    assert Tensor(array).tolist() == (Tensor(np.zeros(3, dtype)) + array).tolist() == [0, 1, 100]
    with pytest.raises(DtypeError, match=f"dtype '{given}' is not supported"):
        Tensor(array, dtype=given)


def test_a_number_beyond_int64_is_refused():
    for value in (2**64, -(2**63) - 1, [1, 2**70], np.array([2**64])):
        for dtype in (None, "int64", "float32"):
            with pytest.raises(
                DtypeError, match=r"^constant: -?\d+ does not fit int64. Give floats, or numbers below 2\*\*63.$"
            ):
                constant(value, dtype)
    with pytest.raises(DtypeError, match="does not fit int64"):
        Tensor(np.array([2**63], np.uint64))


def test_cast_drops_the_fraction_and_keeps_truth(run):
    x = constant(np.array([-1.7, -0.2, 0.0, 0.9, 2.5]))
    integers, truths, narrow = run([x.astype("int32"), x.astype(bool), x.astype("float32")])
    assert integers.tolist() == [-1, 0, 0, 0, 2]
    assert truths.tolist() == [True, True, False, True, True]
    assert narrow.dtype == np.float32


@pytest.mark.parametrize("compiled", [False, True], ids=["interpreter", "llvm"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("integer", ["int32", "int64", "uint8", "uint32"])
def test_cast_of_a_float_beyond_an_integer_s_range_is_the_nearest_end_and_of_nan_0(integer, dtype, compiled):
    low, high = np.iinfo(integer).min, np.iinfo(integer).max
    end = np.dtype(dtype).type(high + 1.0)  # a power of 2, so exact; what is next below it fits
    x = np.array(
        [np.nan, np.inf, -np.inf, 1e30, -1e30, end, np.nextafter(end, 0, dtype=dtype), -0.9, -0.0, 255.9], dtype
    )
    x = np.concatenate([x, [low - 1.0, low]]).astype(dtype)
    fits = [int(np.nextafter(end, 0, dtype=dtype)), 0, 0, 255]
    backend = Native() if compiled else Interpreter()
    node = placeholder(x.shape, dtype)
    (found,), _ = backend.compile(Program((node,), (), (node.astype(integer),))).run([x], [])
    assert found.dtype == integer
    assert found.tolist() == [0, high, low, high, low, high, *fits, low, low]


def test_gradient_through_a_cast_to_float32_is_rounded_once(run):
    x = placeholder((3,), "float64")
    (part,) = gradient((x.astype("float32") * np.array([0.1, 0.2, 0.3])).sum(), [x])
    expected = np.array([0.1, 0.2, 0.3], np.float32).astype(np.float64)
    np.testing.assert_array_equal(run([part], {x: np.zeros(3)})[0], expected)


def test_where_broadcasts_all_three(run):
    condition = constant(np.array([[True], [False]]))
    (found,) = run([ops.where(condition, constant([1.0, 2.0, 3.0]), 0.0)])
    assert found.tolist() == [[1, 2, 3], [0, 0, 0]]


def test_where_hides_the_value_of_the_side_not_taken_but_not_its_derivative_s_nan(run):
    x = placeholder((), "float64")
    node = ops.where(x > 0.0, ops.sqrt(x), 0.0)
    value, slope = run([node, *gradient(node, [x])], {x: np.array(0.0)})
    assert float(value) == 0.0
    assert np.isnan(slope)  # 0 * (1 / (2 sqrt(0))): documented in `where`


WHOLE = [-(2**31), -7, -3, -1, 0, 1, 2, 7, 2**31 - 1]
FLOATS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 7.5, -7.5, 2.5, 1e30, 1e-40, 3e38]


def divided(x, y, dtype):
    """Return the quotient and the remainder of Python's integers, as `dtype` wraps them; 0 and 0 over 0."""
    pair = divmod(x, y) if y else (0, 0)
    return [
        (number - np.iinfo(dtype).min) % 2 ** (8 * np.dtype(dtype).itemsize) + np.iinfo(dtype).min for number in pair
    ]


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "uint32", "float32", "float64"])
@pytest.mark.parametrize("is_turned", [False, True])
def test_division_and_remainder_are_python_s_for_whole_numbers_and_numpy_s_for_floats(dtype, is_turned):
    kind = np.dtype(dtype).kind
    values = (
        FLOATS if kind == "f" else [n % 2**8 if dtype == "uint8" else n % 2**32 if kind == "u" else n for n in WHOLE]
    )
    grid = np.array([(x, y) for x in values for y in values], dtype)
    a, b = (np.ascontiguousarray(grid.T), np.asfortranarray(grid).T)[is_turned]
    x, y = placeholder(a.shape, dtype, "x"), placeholder(b.shape, dtype, "y")
    program = Program((x, y), (), (x // y, x % y, *divmod(x.reshape((3, -1)).T, y.reshape((3, -1)).T)))
    if kind == "f":
        with np.errstate(all="ignore"):
            wanted = [np.floor_divide(flushed(a), flushed(b)), np.remainder(flushed(a), flushed(b))]
    else:
        pairs = [divided(int(one), int(other), dtype) for one, other in zip(a, b, strict=True)]
        wanted = [np.array(part, dtype) for part in zip(*pairs, strict=True)]
    for backend_ in (Interpreter(), Native()):
        found, _ = backend_.compile(program).run([a, b], [])
        for mine, theirs in zip(found, [*wanted, *(one.reshape(3, -1).T for one in wanted)], strict=True):
            np.testing.assert_array_equal(mine, theirs, strict=True)
            if kind == "f":
                is_number = ~np.isnan(theirs)
                np.testing.assert_array_equal(np.signbit(mine[is_number]), np.signbit(theirs[is_number]))


def test_bools_and_unsigned_integers_are_counted_in_int64(run):
    rows = [constant([True, False, True]), constant(np.array([200, 100, 3], np.uint8)), constant([1, 2, 3])]
    found = run([row.sum() for row in rows])
    assert [(value.dtype.name, int(value)) for value in found] == [("int64", 2), ("int64", 303), ("int32", 6)]
    (counts,) = run([ops.equal(constant([[1, 2], [3, 4]]), [[1, 0], [3, 4]]).sum(1, keepdims=True)])
    assert counts.tolist() == [[1], [2]]
