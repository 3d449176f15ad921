"""Oracle: the interpreter. Every operation's samples, in every dtype, and every form of program give its values.

What only moves, compares, counts or rounds once is equal to the bit. For the rest the bounds are derived: those that
``compiler/elementary.py`` states, with two units for NumPy's own; and for sums of n terms n roundings of the sum
of absolute values on either side.
"""

import functools
import math
import threading
import weakref

import numpy as np
import pytest

import feedforward.backends.llvm as backend
from feedforward import ops
from feedforward.backends import codes
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.backends.pace import Pace
from feedforward.compiler import work
from feedforward.compiler.assemble import emit_module, lay_out
from feedforward.compiler.machine import host
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.attribute import DTYPES
from feedforward.graph.dimension import unknown
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.graph.verify import verify
from looping import looped

ULPS = {"exp": 3.1, "log": 3, "log1p": 3, "expm1": 3.5, "tanh": 3.6, "erf": 3.2, "sin": 3, "cos": 3, "power": 2.6}
"""Stated error of ours in units in the last place, and two for NumPy's, half of one rounding of the bound."""

SIZES = [0, 1, 2, 15, 16, 17, 31, 33, 100]
SPECIAL = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    1e-40,
    -1e-40,
    5e-324,
    1.0,
    -1.0,
    1e30,
    -1e30,
    0.5,
    2.0,
    88.0,
    -104.0,
    3.5,
]
COMPUTED = [op for op in OPS.values() if op.kind != "state"]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    """Every program is compiled anew: code in the cache may have been cut into other tasks."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def draw(rng, domain, dtype):
    if domain.dtype == "bool":
        return rng.integers(0, 2, domain.shape).astype(bool)
    if domain.dtype != "float":
        return rng.integers(int(domain.low), int(domain.high), domain.shape).astype(domain.dtype)
    return rng.uniform(domain.low, domain.high, domain.shape).astype(dtype)


def canonical(x):
    """Return an array's bits, with one NaN for all."""
    return np.where(x != x, np.nan, x).astype(x.dtype).tobytes() if x.dtype.kind == "f" else x.tobytes()


def without_subnormals(x):
    """Return an array in which a number whose exponent has no bit set is a zero of its sign."""
    if x.dtype.kind != "f":
        return x
    word, exponent, sign = {4: (np.uint32, 0xFF << 23, 1 << 31), 8: (np.uint64, 0x7FF << 52, 1 << 63)}[x.itemsize]
    bits = np.ascontiguousarray(x).view(word)
    return np.where(bits & word(exponent), bits, bits & word(sign)).astype(word).view(x.dtype).reshape(x.shape)


def assert_close(name, attrs, found, wanted, arrays):
    """Compare an operation's result with the interpreter's, as its kind allows."""
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted)
        return
    epsilon = np.finfo(found.dtype).eps
    with np.errstate(all="ignore"):
        if name in ULPS:
            bound = ULPS[name] * np.spacing(np.abs(wanted))
        elif name == "sum":
            count = np.prod([arrays[0].shape[axis] for axis in attrs["axes"]], initial=1.0)
            bound = count * epsilon * np.sum(np.abs(arrays[0]), attrs["axes"])
        elif name == "matmul":
            inner = arrays[0].shape[-2 if attrs["transpose_x"] else -1]
            sizes = OPS["matmul"].evaluate(np.abs(arrays[0]), np.abs(arrays[1]), **attrs)
            bound = inner * epsilon * sizes
        elif name == "matmul_beside":
            bound = arrays[0].shape[1] * epsilon * OPS[name].evaluate(np.abs(arrays[0]), np.abs(arrays[1]))
        elif name == "overlap_add":
            bound = np.prod(attrs["sizes"]) * epsilon * OPS[name].evaluate(np.abs(arrays[0]), **attrs)
        elif name in ("maximum", "minimum", "max", "min"):
            np.testing.assert_array_equal(found, wanted)  # which of 0 and -0 is larger is not said
            return
        else:
            assert canonical(found) == canonical(wanted)
            return
    ordinary = np.isfinite(wanted) & np.isfinite(bound)
    np.testing.assert_array_equal(found[~ordinary], wanted[~ordinary])
    error = np.abs(found[ordinary] - wanted[ordinary])
    np.testing.assert_array_less(error, bound[ordinary] + np.finfo(found.dtype).tiny)


def joined(cases):
    """Return nodes, each ``(op, attrs, arrays)``, as one program."""
    inputs, outputs = [], []
    for op, attrs, values in cases:
        places = [ops.placeholder(x.shape, x.dtype, f"x{len(inputs) + i}") for i, x in enumerate(values)]
        inputs += places
        outputs.append(build(op, tuple(places), attrs))
    return verify(Program(tuple(inputs), (), tuple(outputs)))


def compare(cases):
    """Run nodes, each ``(op, attrs, arrays)``, as one program on both backends."""
    program = joined(cases)
    compare_by(Interpreter().compile(program), Native().compile(program), cases)


def compare_by(slow, fast, cases):
    """Run both backends' executables of a joined program."""
    arrays = [x for _, _, values in cases for x in values]
    wanted, found = slow.run(arrays, [])[0], fast.run(arrays, [])[0]
    for (op, attrs, values), mine, theirs in zip(cases, found, wanted, strict=True):
        assert_close(op.name, attrs, mine, theirs, values)


def drawn_samples(op, dtype):
    rng = np.random.default_rng(0)
    return [(op, sample.attrs, [draw(rng, domain, dtype) for domain in sample.inputs]) for sample in op.samples()]


@functools.cache
def executables(op, dtype):
    """Return an operation's samples as one program of each backend; two tests run them."""
    program = joined(drawn_samples(op, dtype))
    return Interpreter().compile(program), Native().compile(program)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", COMPUTED, ids=lambda op: op.name)
def test_every_operation_agrees_on_its_samples(op, dtype):
    compare_by(*executables(op, dtype), drawn_samples(op, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", COMPUTED, ids=lambda op: op.name)
def test_every_operation_reads_and_gives_zeros_in_place_of_subnormal_numbers(op, dtype):
    """The interpreter is compared, to the bit, with NumPy's rule between zeros put in by hand."""
    rng, tiny = np.random.default_rng(0), np.finfo(dtype).smallest_normal
    # Sums of these are exact and not subnormal half way, where NumPy would go on with a number and machine code with 0.
    pool = [tiny / 2, -tiny / 2, np.finfo(dtype).smallest_subnormal, tiny, -tiny, 2 * tiny, 0.0, -0.0, 1.0, -2.0]
    pool += [0.75, 1.75 * tiny, -1.25 * tiny, 3e5] if op.kind == "elementwise" else []
    cases = []
    for sample in op.samples():
        own = [
            rng.choice(np.array(pool, dtype), domain.shape) if domain.dtype == "float" else draw(rng, domain, dtype)
            for domain in sample.inputs
        ]
        cases.append((sample.attrs, own))
    arrays = [x for _, own in cases for x in own]
    slow, fast = (one.run(arrays, [])[0] for one in executables(op, dtype))
    for (attrs, own), mine, theirs in zip(cases, fast, slow, strict=True):
        clean = [without_subnormals(x) for x in own]
        with np.errstate(all="ignore"):
            by_hand = without_subnormals(np.asarray(op.evaluate(*clean, **attrs)))
        assert canonical(theirs) == canonical(by_hand)
        assert canonical(mine) == canonical(without_subnormals(mine))
        assert_close(op.name, attrs, mine, theirs, clean)


def fits(op, arrays, attrs):
    try:
        build(op, tuple(ops.placeholder(x.shape, x.dtype) for x in arrays), attrs)
    except (TypeError, ValueError):
        return False
    return True


ELEMENTWISE = [op for op in COMPUTED if op.kind == "elementwise"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_elementwise_operations_agree_on_every_dtype_and_size(op, dtype):
    """Sizes lie on both sides of a group of lanes, inner axes are odd, floats hold NaN, infinities and subnormals."""
    rng = np.random.default_rng(1)
    sample = op.samples()[3]
    targets = [{"dtype": np.dtype(name)} for name in DTYPES]
    cases = []
    for shape in [(), *((size,) for size in SIZES), (3, 7), (5, 17), (2, 33), (4, 1, 19)]:
        count = int(np.prod(shape))
        arrays = []
        for domain in sample.inputs:
            if domain.dtype == "bool" and op.name == "where":
                arrays.append(rng.integers(0, 2, shape).astype(bool))
            elif np.dtype(dtype).kind == "f":
                with np.errstate(all="ignore"):
                    special = np.array(SPECIAL, dtype)
                    if op.name in ("sin", "cos"):  # from 2**49 on, they are not computed
                        special = np.where(np.abs(special) == special.dtype.type(1e30), 1e6, special)
                mixed = np.where(rng.random(count) < 0.5, rng.choice(special, count), rng.uniform(-4, 4, count))
                arrays.append(mixed.astype(dtype).reshape(shape))
            elif dtype == "bool":
                arrays.append(rng.integers(0, 2, shape).astype(bool))
            else:
                low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
                wide = rng.integers(low, high, shape, np.dtype(dtype), endpoint=True)
                arrays.append(np.where(rng.random(shape) < 0.5, wide, wide % 5).astype(dtype))
        for attrs in targets if op.name == "cast" else [{}]:
            if op.name == "cast" and attrs["dtype"] == np.dtype(dtype):
                continue
            if fits(op, arrays, attrs):
                cases.append((op, attrs, arrays))
    if not cases:
        pytest.skip(f"{op.name} takes no {dtype}")
    compare(cases)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "bool"])
@pytest.mark.parametrize(
    "name", ["transpose", "flip", "slice", "pad", "concatenate", "reshape", "broadcast_to", "stop_gradient"]
)
def test_movements_of_odd_shapes_agree(name, dtype):
    rng = np.random.default_rng(2)
    wide = (rng.integers(0, 250, (3, 17, 5)) % (2 if dtype == "bool" else 250)).astype(dtype)
    op = OPS[name]
    cases = {
        "transpose": [({"axes": axes}, [wide]) for axes in [(2, 1, 0), (0, 2, 1), (1, 2, 0), (0, 1, 2)]],
        "flip": [({"axes": axes}, [wide]) for axes in [(0,), (2,), (0, 2), (0, 1, 2)]],
        "slice": [
            ({"starts": starts, "sizes": sizes, "steps": steps}, [wide])
            for starts, sizes, steps in [
                ((1, 2, 3), (2, 15, 2), (1, 1, 1)),
                ((0, 0, 0), (2, 6, 3), (2, 3, 2)),
                ((0, 0, 4), (3, 17, 1), (1, 1, 1)),
                ((0, 5, 0), (3, 0, 5), (1, 1, 1)),
            ]
        ],
        "pad": [
            ({"before": before, "after": after, "steps": steps}, [wide, np.ones((), dtype)])
            for before, after, steps in [((1, 0, 2), (0, 3, 1), (1, 1, 1)), ((0, 0, 0), (1, 1, 1), (1, 2, 3))]
        ],
        "concatenate": [({"axis": axis}, [wide, wide[:, :, ::-1], wide]) for axis in range(3)],
        "reshape": [({"shape": shape}, [wide]) for shape in [(255,), (15, 17), (17, 3, 5), (5, 51)]],
        "broadcast_to": [({"shape": (2, 3, 17, 5)}, [wide]), ({"shape": (4, 17, 33)}, [wide[0, :, :1].copy()])],
        "stop_gradient": [({}, [wide])],
    }[name]
    compare([(op, attrs, arrays) for attrs, arrays in cases])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("name", ["sum", "max", "argmax"])
def test_reductions_over_all_choices_of_axes_agree(name, dtype):
    rng = np.random.default_rng(3)
    cases = []
    for shape in [
        (1,),
        (15,),
        (16,),
        (17,),
        (33,),
        (100,),
        (3, 17),
        (17, 3),
        (2, 33, 5),
        (16, 16),
        (5, 3, 31),
        (3, 64, 2),
    ]:
        x = rng.uniform(-9, 9, shape).astype(dtype) if dtype[0] == "f" else rng.integers(0, 99, shape).astype(dtype)
        choices = [
            axes for bits in range(1, 2 ** len(shape)) if (axes := tuple(a for a in range(len(shape)) if bits >> a & 1))
        ]
        for axes in choices:
            attrs = {"axis": axes[0]} if name == "argmax" else {"axes": axes}
            if fits(OPS[name], [x], attrs):
                cases.append((OPS[name], attrs, [x]))
    if cases:
        compare(cases)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_reductions_of_nan_infinity_and_ties_agree(dtype):
    for place in range(0, 40, 3):
        x = np.zeros((3, 40), dtype)
        x[0, place] = np.nan
        x[1] = -np.inf
        x[2, [place, 39]] = np.inf
        compare(
            [(OPS[name], {"axis": 1} if name == "argmax" else {"axes": (1,)}, [x]) for name in ("max", "argmax", "sum")]
        )
    x = np.array([[np.nan, 1.0], [np.nan, np.nan], [-np.inf, -np.inf], [-np.inf, np.nan], [1.0, 1.0]], dtype)
    compare(
        [(OPS["argmax"], {"axis": axis}, [x]) for axis in (0, 1)] + [(OPS["max"], {"axes": (a,)}, [x]) for a in (0, 1)]
    )


@pytest.mark.parametrize("index", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_an_index_outside_reads_nan_and_writes_nothing(dtype, index):
    rng = np.random.default_rng(4)
    x = rng.integers(-9, 9, (5, 17, 3)).astype(dtype)
    cases = []
    for axis in range(3):
        low = 0 if index == "uint8" else -4
        at = rng.integers(low, 30, (2, 19)).astype(index)
        along = rng.integers(low, 30, [4 if i == axis else n for i, n in enumerate(x.shape)]).astype(index)
        cases.append((OPS["take"], {"axis": axis}, [x, at]))
        cases.append((OPS["take_along_axis"], {"axis": axis}, [x, along]))
        one = rng.integers(low, 30, x.shape[axis]).astype(index)
        cases.append((OPS["scatter_add"], {"axis": axis, "size": 9}, [x, one]))
        cases.append(
            (OPS["scatter_along_axis"], {"axis": axis, "size": 9}, [x, rng.integers(low, 30, x.shape).astype(index)])
        )
        cases.append((OPS["one_hot"], {"depth": 17, "dtype": np.dtype(dtype)}, [at]))
    compare(cases)


def agree(program, arrays, variables, runs=3, exact=True):
    """Run a program several times, each from the variables the last left; return what it gave last.

    One without inputs is run in a loop, too, whose further steps write new values over old ones.
    """
    verify(program)
    first, second = Interpreter().compile(program), Native().compile(program)
    ours = theirs = variables
    totals = [0.0] * len(program.outputs)
    for _ in range(runs):
        wanted, theirs = first.run(arrays, theirs)
        found, ours = second.run(arrays, ours)
        totals = [total + output.astype(np.float64) for total, output in zip(totals, found, strict=True)]
        for mine, other in zip([*found, *ours], [*wanted, *theirs], strict=True):
            assert mine.shape == other.shape
            assert mine.dtype == other.dtype
            if exact:
                assert canonical(mine) == canonical(np.ascontiguousarray(other))
            else:  # sums of at most some hundred terms near 1
                np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-4)
    if not arrays:
        sums, last = looped(second, [], np.zeros(runs, np.int64), 1, variables)
        for mine, other in zip([*sums, *last], [*totals, *ours], strict=True):
            assert canonical(mine) == canonical(np.asarray(other, mine.dtype))
    return found, ours


def two_variables(shape=(3, 3), dtype="float32"):
    a, b = ops.variable(shape, dtype, "a"), ops.variable(shape, dtype, "b")
    rng = np.random.default_rng(5)
    return a, b, [rng.integers(-9, 9, shape).astype(dtype) for _ in range(2)]


SHAPES = [(), (1,), (17,), (5, 5), (33, 33)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_variable_updated_from_anothers_old_value_sees_the_old_value(shape):
    a, b, values = two_variables(shape)
    agree(Program((), (a, b), (), ((a, a + 1.0), (b, a * 2.0))), [], values)
    agree(Program((), (a, b), (), ((b, a * 2.0), (a, a + b))), [], values)


@pytest.mark.parametrize("shape", SHAPES)
def test_two_variables_swap_values(shape):
    a, b, values = two_variables(shape)
    agree(Program((), (a, b), (), ((a, b), (b, a))), [], values)
    agree(Program((), (a, b), (a, b), ((a, b + 0.5), (b, a - 0.5))), [], values)
    agree(Program((), (a, b), (), ((a, b + 1.0), (b, a + b))), [], values)


@pytest.mark.parametrize("shape", SHAPES)
def test_two_updates_with_the_same_node(shape):
    a, b, values = two_variables(shape)
    total = a * 0.5 + b
    agree(Program((), (a, b), (), ((a, total), (b, total))), [], values)
    agree(Program((), (a, b), (total, a), ((a, total), (b, total))), [], values)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_update_that_is_an_input_a_constant_or_a_variable(shape):
    a, b, values = two_variables(shape)
    x = ops.placeholder(shape, "float32", "x")
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    agree(Program((x,), (a, b), (), ((a, x), (b, a))), [array], values)
    agree(Program((x,), (a, b), (x, a), ((a, x), (b, x))), [array], values)
    for constant in (array, np.full(shape, 2.5, np.float32)):
        agree(Program((), (a, b), (b,), ((a, ops.constant(constant)), (b, a))), [], values)
    agree(Program((), (a, b), (), ((a, a),)), [], values)
    agree(Program((), (a, b), (a,), ((a, b),)), [], values)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_variable_that_is_an_output_gives_its_old_value_and_an_update_its_new_one(shape):
    a, b, values = two_variables(shape)
    new = a + b
    found, variables = agree(Program((), (a, b), (a, new, new, a, b), ((a, new),)), [], values, runs=1)
    np.testing.assert_array_equal(found[0], values[0])
    np.testing.assert_array_equal(found[1], values[0] + values[1])
    np.testing.assert_array_equal(variables[0], values[0] + values[1])
    agree(Program((), (a, b), (a, new, new, a, b), ((a, new),)), [], values)


@pytest.mark.parametrize("size", [3, 17, 40])
def test_an_update_is_not_written_over_what_another_index_still_reads(size):
    a, b, values = two_variables((size, size))
    turned = a.transpose((1, 0))
    agree(Program((), (a, b), (), ((a, turned),)), [], values)
    agree(Program((), (a, b), (), ((a, a + turned),)), [], values)
    agree(Program((), (a, b), (turned * 2.0,), ((a, a * 0.5),)), [], values)
    agree(Program((), (a, b), (a,), ((a, a * 0.5),)), [], values)
    agree(Program((), (a, b), (), ((a, a * 0.5), (b, a))), [], values)
    agree(Program((), (a, b), (), ((a, a * 0.5), (b, turned))), [], values)
    agree(Program((), (a, b), (turned.sum(0),), ((a, a * 0.5 + 1.0), (b, b + ops.flip(a, (0, 1))))), [], values)
    agree(Program((), (a, b), (), ((a, ops.flip(a, (0,))), (b, a[0] + b))), [], values)
    agree(Program((), (a, b), (), ((a, a + a[0]), (b, b + b[:, :1]))), [], values)
    agree(Program((), (a, b), (), ((a, a - a.sum(0)), (b, b + a.sum(1)))), [], values)
    agree(Program((), (a, b), (), ((a, ops.take(a, [size - 1, *range(size - 1)])),)), [], values)


@pytest.mark.parametrize("size", [3, 17, 40])
def test_an_update_that_is_a_product_or_a_reduction(size):
    a, b, _ = two_variables((size, size))
    rng = np.random.default_rng(6)
    values = [rng.uniform(-1, 1, (size, size)).astype(np.float32) / size for _ in range(2)]
    for program in [
        Program((), (a, b), (), ((a, ops.matmul(a, b)),)),
        Program((), (a, b), (a,), ((a, ops.matmul(a, b)), (b, ops.matmul(b, a, True, True)))),
        Program((), (a, b), (), ((b, ops.matmul(a, b) + a), (a, a - 0.1 * ops.matmul(b, a)))),
    ]:
        agree(program, [], values, exact=False)
    v = ops.variable((size,), "float32", "v")
    agree(Program((), (a, v), (), ((v, (a * v).sum(0)), (a, a * v))), [], [values[0], values[1][0]], exact=False)


@pytest.mark.parametrize("size", [2, 3, 17, 40])
def test_what_follows_a_product_waits_for_all_it_reads(size):
    """A map of a product's elements that also reads what is computed later must not be fused into the product."""
    rng = np.random.default_rng(12)
    a, b = (ops.placeholder((size, size), "float32", name) for name in "ab")
    bias = ops.placeholder((size,), "float32", "bias")
    arrays = [rng.integers(-2, 3, shape).astype(np.float32) for shape in [(size, size)] * 2 + [(size,)]]
    p = ops.matmul(a, b)
    rows, other = p.max(1, keepdims=True), ops.matmul(b, a)
    for outputs in [
        (p * p.sum(),),
        (p - rows, p + bias),
        (p + other, p),
        (ops.maximum(p + bias, 0.0), other * p),
        (p.transpose((1, 0)) + p, ops.matmul(p, b) + p),
        (p[0] + bias, p + p[:, :1], ops.matmul(p + bias, p)),
        (ops.take(p, [0, 1], 0) + bias, p + bias, p - bias.sum()),
    ]:
        agree(Program((a, b, bias), (), outputs), arrays, [])  # whole numbers below 2**24: every order is exact


def test_variables_whose_names_are_like_those_of_the_compiler_stay_apart():
    a, b = ops.variable((3,), "float32", "next"), ops.variable((3,), "float32", "next.0")
    values = [np.float32([1, 2, 3]), np.float32([4, 5, 6])]
    agree(Program((), (a, b), (), ((a, b), (b, a))), [], values)
    c = ops.variable((3,), "float32", "next.1")
    agree(Program((), (c, a, b), (), ((a, b), (b, c), (c, a))), [], [values[0] * 9, *values])


def test_zero_and_minus_zero_are_two_constants():
    """As numbers they compare equal; 1 / x tells them apart."""
    x = ops.placeholder((4,), "float32", "x")
    outputs = (
        ops.constant(np.float32([0.0, -0.0])),
        x * ops.constant(np.zeros(4, np.float32)) + 1.0 / ops.constant(np.float32([0.0, -0.0, 0.0, -0.0])),
        ops.where(x > 0.0, 0.0, -0.0) * x,
        1.0 / ops.where(x > 1.0, ops.constant(np.full(4, -0.0, np.float32)), ops.constant(np.zeros(4, np.float32))),
    )
    agree(Program((x,), (), outputs), [np.float32([1, 2, 3, -1])], [])


def test_indices_that_run_backwards_are_split_rightly():
    """A flip beneath a reshape whose rows are no multiple of its own: quotients of a falling index."""
    for shape, order in [
        ((2, 3), (3, 2)),
        ((6,), (2, 3)),
        ((4, 5, 6), (3, 40)),
        ((4, 5, 6), (8, 15)),
        ((7, 17), (17, 7)),
    ]:
        x = ops.placeholder(shape, "float32", "x")
        array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        flat = x.reshape((-1,))
        outputs = (
            ops.flip(flat, (0,)).reshape(order),
            ops.flip(x.reshape(order), (0, 1)).reshape(shape),
            ops.flip(ops.flip(x, tuple(range(len(shape)))).reshape(order), (1,)),
            flat[::-1][1:],
            ops.flip(x.reshape(order), (1,)).transpose((1, 0)).reshape((-1,))[::-2],
        )
        agree(Program((x,), (), outputs), [array], [])


def test_a_program_without_inputs_runs_and_loops():
    a = ops.variable((3,), "float32", "a")
    program = Program((), (a,), (a.sum(), ops.constant(2.0)), ((a, a + 1.0),))
    values = [np.float32([1, 2, 3])]
    agree(program, [], values)
    order = np.arange(5)
    wanted = looped(Interpreter().compile(program), [], order, 1, values)
    found = looped(Native().compile(program), [], order, 1, values)
    for mine, other in zip([*found[0], *found[1]], [*wanted[0], *wanted[1]], strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_program_without_outputs_or_nodes_runs():
    x = ops.placeholder((2,), "float32", "x")
    a = ops.variable((2,), "float32", "a")
    agree(Program((), (), ()), [], [])
    agree(Program((x,), (a,), ()), [np.float32([1, 2])], [np.float32([3, 4])])


@pytest.mark.parametrize("shape", [(), (0,), (1,), (17,), (0, 3)])
def test_outputs_may_be_leaves_and_duplicates(shape):
    x, a = ops.placeholder(shape, "float32", "x"), ops.variable(shape, "float32", "a")
    one, other = ops.constant(np.full(shape, 1.5, np.float32)), ops.constant(np.arange(17, dtype=np.int32))
    y = x + a
    outputs = (x, a, one, other, y, y, x, ops.stop_gradient(x), x + 0.0, other, y.reshape(shape))
    array = np.ones(shape, np.float32)
    agree(Program((x,), (a,), outputs, ((a, y),)), [array], [array * 3])


def test_outputs_are_copies():
    x = ops.placeholder((3,), "float32", "x")
    code = Native().compile(Program((x,), (), (x, x * 2.0)))
    first = code.run([np.float32([1, 2, 3])], [])[0]
    code.run([np.float32([4, 5, 6])], [])
    np.testing.assert_array_equal(first, [[1, 2, 3], [2, 4, 6]])


def test_arrays_need_not_be_contiguous():
    x, a = ops.placeholder((3, 5), "float32", "x"), ops.variable((5, 3), "float32", "a")
    wide = np.arange(60, dtype=np.float32).reshape(5, 12)
    program = Program((x,), (a,), (x.transpose((1, 0)) + a,), ((a, a * 2.0),))
    agree(program, [wide.T[::4]], [wide[:, ::4]])
    order = np.arange(10, dtype=np.int64)[::2]
    for backend_ in (Interpreter(), Native()):
        (total,), _ = looped(
            backend_.compile(program), [np.arange(150, dtype=np.float32).reshape(5, 30).T], order[:3], 3, [wide[:, ::4]]
        )
        rows = np.arange(150, dtype=np.float32).reshape(5, 30).T[[0, 2, 4]]
        np.testing.assert_array_equal(total, rows.T + wide[:, ::4])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
def test_empty_arrays_pass_through_every_kind_of_kernel(shape):
    x = ops.placeholder(shape, "float32", "x")
    y = ops.placeholder((1,) * len(shape), "float32", "y")
    at = ops.placeholder((2,), "int64", "at")
    wide = y.broadcast_to(shape)
    outputs = [x + y, x.sum(), x.sum(0), (x * wide).sum(-1), ops.flip(x, (0,)), ops.pad(x, [(1, 1)] * len(shape), 2.0)]
    outputs += [ops.concatenate([x, x], 0), x.reshape((-1,)), ops.exp(x).sum((0,)), wide, (wide + 1.0).sum()]
    if len(shape) == 2:
        outputs += [ops.matmul(x, x, False, True), ops.matmul(x, x, True, False), x.transpose((1, 0))]
        outputs += [ops.take(x, at, 0), ops.take(x, at, 1)]
    arrays = [np.zeros(shape, np.float32), np.ones(y.shape, np.float32), np.array([0, 1])]
    agree(Program((x, y, at), (), tuple(outputs)), arrays, [])


# Loops.

BATCH = unknown("batch")


def average_program(dtype="float32"):
    """Outputs and an update that depend on the order of rows and of batches."""
    x = ops.placeholder((BATCH, 3), dtype, "x")
    y = ops.placeholder((BATCH,), "int64", "y")
    a = ops.variable((3,), "float32", "a")
    wide = ops.cast(x, "float32")
    moved = a * 0.5 + wide[0]
    loss = ((wide - a) * (wide - a)).sum() + ops.cast(y, "float32").sum()
    return Program(
        (x, y), (a,), (loss, moved, ops.argmax(ops.one_hot(y, 7).sum(0)), (y > 2).reshape((-1,))[0]), ((a, moved),)
    )


@pytest.mark.parametrize("rows, size", [(12, 4), (13, 4), (3, 4), (1, 1), (5, 2), (0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_loop_agrees_with_the_interpreter_with_a_smaller_batch_at_the_end(dtype, rows, size):
    rng = np.random.default_rng(7)
    arrays = [rng.integers(0, 9, (20, 3)).astype(dtype), rng.integers(0, 7, 20)]
    order = rng.permutation(20)[:rows]
    program = average_program(dtype)
    start = [np.float32([1, 2, 4])]
    wanted, theirs = looped(Interpreter().compile(program), arrays, order, size, list(start))
    code = Native().compile(program)
    for _ in range(2):
        found, ours = looped(code, arrays, order, size, list(start))
        for mine, other in zip([*found, *ours], [*wanted, *theirs], strict=True):
            assert mine.dtype == other.dtype
            np.testing.assert_array_equal(mine, other)  # small whole numbers and halves: sums are exact


def test_totals_are_carried_so_that_a_cut_epoch_gives_the_bits_of_a_whole_one():
    rng = np.random.default_rng(8)
    arrays = [rng.uniform(-1, 1, (40, 3)).astype(np.float32), rng.integers(0, 7, 40)]
    order = rng.permutation(40)
    code = Native().compile(average_program())
    whole, variables = looped(code, arrays, order, 4, [np.zeros(3, np.float32)])
    sums, current = (), [np.zeros(3, np.float32)]
    for start in range(0, 40, 8):
        sums, current = looped(code, arrays, order[start : start + 8], 4, current, sums)
    for mine, other in zip([*sums, *current], [*whole, *variables], strict=True):
        assert mine.tobytes() == other.tobytes()
    again, _ = looped(code, arrays, order[:0], 4, current, sums)
    np.testing.assert_array_equal(again[1], sums[1])


def test_totals_of_another_dtype_are_added_to_as_doubles():
    # 1 + 2 + 3 by hand; a loop that took them for doubles would write beyond them.
    x = ops.placeholder((2, 3), "float32", "x")
    code = Native().compile(Program((x,), (), (ops.sum(x, 0),)))
    running = code.loop([], [np.ones(3, np.float32)])
    running.run([np.float32([[1, 2, 3], [1, 2, 3]])], np.arange(2), 2)
    assert [total.tolist() for total in running.totals] == [[3.0, 5.0, 7.0]]


def test_a_loop_does_not_change_what_it_is_given():
    arrays = [np.ones((8, 3), np.float32), np.zeros(8, np.int64)]
    start, totals = [np.float32([1, 2, 4])], [np.ones(()), np.ones(3), np.ones(()), np.ones(())]
    looped(Native().compile(average_program()), arrays, np.arange(8), 4, start, totals)
    np.testing.assert_array_equal(start[0], [1, 2, 4])
    np.testing.assert_array_equal(totals[1], np.ones(3))


def test_runs_and_loops_of_several_shapes_may_alternate():
    rng = np.random.default_rng(9)
    arrays = [rng.integers(0, 9, (20, 3)).astype(np.float32), rng.integers(0, 7, 20)]
    program = average_program()
    states = {}
    for kind in (Interpreter, Native):
        code, state, seen = kind().compile(program), [np.float32([1, 2, 4])], []
        for size in (3, 5, 3, 1, 5):
            outputs, state = code.run([x[:size] for x in arrays], state)
            totals, state = looped(code, arrays, np.arange(11), size, state)
            seen += [*outputs, *totals, *state]
        states[kind] = seen
    for mine, other in zip(states[Native], states[Interpreter], strict=True):
        np.testing.assert_allclose(mine, other, rtol=15 * 11 * np.finfo(np.float32).eps)  # 15 terms, 11 batches


def test_a_loop_refuses_arrays_that_do_not_fit():
    arrays = [np.ones((8, 3), np.float32), np.zeros(8, np.int64)]
    code, start = Native().compile(average_program()), [np.zeros(3, np.float32)]
    with pytest.raises(ShapeError, match="have \\[8, 7\\] rows"):
        looped(code, [arrays[0], arrays[1][:7]], np.arange(7), 1, start)
    with pytest.raises(ShapeError, match="order goes from 0 to 8, but there are 8 rows"):
        looped(code, arrays, np.arange(9), 3, start)
    with pytest.raises(ShapeError, match="order goes from -1"):
        looped(code, arrays, np.arange(-1, 2), 3, start)
    with pytest.raises(DtypeError, match="placeholder 'x' has dtype float64"):
        looped(code, [arrays[0].astype(np.float64), arrays[1]], np.arange(8), 4, start)
    with pytest.raises(DtypeError, match="variable 'a' has dtype int64"):
        looped(code, arrays, np.arange(8), 4, [np.zeros(3, np.int64)])
    with pytest.raises(ShapeError, match="variable 'a' has shape"):
        looped(code, arrays, np.arange(8), 4, [np.zeros(1, np.float32)])
    with pytest.raises(ShapeError, match="variable 'a' has shape"):
        code.run([x[:4] for x in arrays], [np.zeros((3, 1), np.float32)])
    with pytest.raises(ShapeError, match="input 'x' has shape"):
        code.run([arrays[0][:, :2], arrays[1]], start)
    with pytest.raises(ShapeError, match="totals"):
        looped(code, arrays, np.arange(8), 4, start, [np.zeros(()), np.zeros(1), np.zeros(()), np.zeros(())])
    with pytest.raises(ShapeError, match="totals"):
        looped(code, arrays, np.arange(8), 4, start, [np.zeros(())])


@pytest.mark.parametrize("kind", [Native, Interpreter])
def test_a_loop_says_what_is_wrong_with_its_rows(kind):
    arrays = [np.ones((8, 3), np.float32), np.zeros(8, np.int64)]
    code, start = kind().compile(average_program()), [np.zeros(3, np.float32)]
    for size in (0, -4):
        with pytest.raises(ValueError, match=f"loop: batch_size is {size}. Expected an int >= 1."):
            looped(code, arrays, np.arange(8), size, start)
    for size in (2.0, "2", True, None):
        with pytest.raises(TypeError, match=r"loop: batch_size is .* Expected an int >= 1."):
            looped(code, arrays, np.arange(8), size, start)
    with pytest.raises(
        DtypeError, match=r"loop: the order has dtype float64. Expected int64; give the numbers of rows"
    ):
        looped(code, arrays, np.arange(8.0), 4, start)
    with pytest.raises(ShapeError, match=r"loop: the order has shape \(2, 4\). Expected one dimension"):
        looped(code, arrays, np.arange(8).reshape(2, 4), 4, start)
    with pytest.raises(ShapeError, match=r"loop: the arrays have shapes \[\(8, 3\), \(\)\]. Expected rows"):
        looped(code, [arrays[0], np.array(1)], np.arange(8), 4, start)


@pytest.mark.parametrize("kind", [Native, Interpreter])
def test_variables_that_stay_may_be_views_of_one_array(kind):
    x = ops.placeholder((BATCH,), "float32", "x")
    a, b, c = (ops.variable((size,), "float32", name) for size, name in ((4, "a"), (2, "b"), (2, "c")))
    program = Program((x,), (a, b, c), (x.sum() + a.sum(),), ((c, c + b),))
    data = np.arange(4, dtype=np.float32)
    totals, after = looped(kind().compile(program), [data], np.arange(4), 2, [data, data[:2], data[:2]])
    assert [array.tolist() for array in (*totals, *after)] == [18, [0, 1, 2, 3], [0, 1], [0, 3]]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loop_of_more_kernels_than_can_be_counted_is_run_in_parts(monkeypatch, threads):
    monkeypatch.setattr(backend, "_WORTH_THREADS", 0)
    x, calls, call = np.arange(40, dtype=np.float32), [], backend._Code._call
    arrays, start = [np.stack([x, x + 1, -x], 1), np.arange(40) % 3], [np.ones(3, np.float32)]
    expected = looped(Native().compile(average_program()), arrays, np.arange(40), 2, start)
    monkeypatch.setattr(backend._Code, "_call", lambda *given: (calls.append(given[2]), call(*given))[1])
    monkeypatch.setattr(backend, "_MOST_INSTANCES", 30)
    found = looped(Native(threads=threads).compile(average_program()), arrays, np.arange(40), 2, start)
    assert len(calls) > 1
    assert sum(calls) == 20
    assert max(calls) * 3 <= 30  # at least three kernels: to gather, to compute and to finish
    for one, other in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", [Native, Interpreter])
def test_an_output_with_a_row_for_each_of_the_batch_is_kept_row_after_row(kind):
    # Batches of 8, a rest of 1, batches of 10, and 3 that are a loop of their own; by hand, twice what was fed.
    x = ops.placeholder((BATCH, 2), "float32", "x")
    step = ops.variable((), "int64", "step")
    program = Program(
        (x,), (step,), (ops.sum(x), x * 2.0, x[:, 0] > 30, (x + 1.0).reshape((2 * BATCH,))), ((step, step + 1),)
    )
    code, fed = kind().compile(program), np.arange(206, dtype=np.float32).reshape(103, 2)
    order = np.random.default_rng(5).permutation(103)
    loop = code.loop([np.int64(0)])
    loop.run([fed], order[:48], 8)
    loop.run([fed], order[48:], 8)
    loop.run([fed], order[:30], 10)
    totals, done = loop.totals, loop.done
    again = code.loop(loop.variables(), totals, done)
    again.run([fed], order[:3], 10)
    expected = fed[[*order, *order[:30], *order[:3]]]
    total, rows, flags, halves = again.totals
    assert total == expected.sum(dtype=np.float64)
    assert again.done == 6 + 7 + 3 + 1
    assert rows.dtype == np.float32 and flags.dtype == np.bool_
    np.testing.assert_array_equal(rows, 2 * expected)
    np.testing.assert_array_equal(flags, expected[:, 0] > 30)
    np.testing.assert_array_equal(halves, 1 + expected.ravel())  # two for each of the batch
    assert len(totals[1]) == 133  # what a loop was given stays as it is


def test_rows_are_those_of_the_batches_that_are_done():
    x = ops.placeholder((BATCH, 1), "float32", "x")
    code = Native(threads=1).compile(Program((x,), (), (ops.sum(1.0 / x), x + 0.0)))
    fed = np.ones((12, 1), np.float32)
    fed[5] = 0  # its batch, the third of 2, is the last: the total is infinite
    loop = code.loop([])
    assert loop.totals == []
    assert loop.run([fed], np.arange(12), 2) == 3 and loop.is_stopped
    assert [one.shape for one in loop.totals] == [(), (6, 1)]


def test_totals_of_other_shapes_than_the_outputs_are_refused():
    x = ops.placeholder((BATCH, 2), "float32", "x")
    code = Native().compile(Program((x,), (), (ops.sum(x, 0), x * 2.0)))
    for totals in ([np.zeros(3), np.zeros((4, 2))], [np.zeros(2), np.zeros((4, 3))]):
        with pytest.raises(ShapeError, match="totals"):
            looped(code, [np.ones((6, 2), np.float32)], np.arange(6), 3, [], totals)


# Threads.


@pytest.mark.parametrize("threads", [1, 3])
def test_several_threads_may_call_one_executable(monkeypatch, threads):
    monkeypatch.setattr(backend, "_WORTH_THREADS", 0)
    x = ops.placeholder((BATCH, 50), "float32", "x")
    a = ops.variable((50,), "float32", "a")
    code = Native(threads=threads).compile(Program((x,), (a,), ((x * a).sum(1), a), ((a, a + x[0]),)))
    wrong = []

    def call(number):
        for size in (3, 5, 3):
            array = np.full((size, 50), number, np.float32)
            (found, old), (new,) = code.run([array], [np.full(50, number, np.float32)])
            if (found != 50 * number**2).any() or (old != number).any() or (new != 2 * number).any():
                wrong.append(number)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def weighing(size):
    """Return a function that tells whether x exp(a) + b, with x = 1, a = 0 and its argument for b, is size + b.

    The program leaves its variables as they are; it is run twice with the same.
    """
    x, a = ops.placeholder((BATCH, size), "float32", "x"), ops.variable((size, 2), "float32", "a")
    b = ops.variable((), "float32", "b")
    code = Native().compile(Program((x,), (a, b), (x @ ops.exp(a) + b,)))

    def is_right(number):
        variables = [np.zeros((size, 2), np.float32), np.array(number, np.float32)]
        found = [code.run([np.ones((3, size), np.float32)], variables)[0][0] for _ in range(2)]
        return all((one == size + number).all() for one in found)

    return is_right


@pytest.mark.parametrize("size", [5, 5000])  # with working memory of its own, and lent
def test_each_thread_gets_the_results_for_its_own_variables(size):
    is_right, found = weighing(size), []
    callers = [threading.Thread(target=lambda k=k: found.extend(map(is_right, range(k, 200, 4)))) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [True] * 200


@pytest.mark.parametrize("size", [5, 5000])
def test_a_call_in_the_midst_of_another_leaves_that_its_variables(monkeypatch, size):
    """So calls the handler of a signal."""
    is_right, call, found = weighing(size), backend._Code._call, []

    def interrupted(code, *given):
        if not found:
            found.append(None)
            found.append(is_right(7))
        return call(code, *given)

    monkeypatch.setattr(backend._Code, "_call", interrupted)
    assert [is_right(1), is_right(2), *found[1:]] == [True] * 3


def test_engines_of_dropped_code_are_closed_when_llvm_is_called_next():
    x = ops.placeholder((2,), "float32", "x")

    def compiled(number):
        total = functools.reduce(lambda total, _: total + x, range(number), x)
        code = Native().compile(Program((x,), (), (total,)))
        assert code.run([np.ones(2, np.float32)], [])[0][0].tolist() == [number + 1] * 2
        return code, next(iter(code._specialised.values())).compiled.native.engine

    code, engine = compiled(3)
    other, kept = compiled(4)
    assert not engine.closed
    del code
    codes._slots.clear()
    compiled(5)
    assert engine.closed
    assert not kept.closed
    assert other.run([np.ones(2, np.float32)], [])[0][0].tolist() == [5, 5]


def test_old_values_of_variables_are_not_kept():
    x, w = ops.placeholder((2,), "float32", "x"), ops.variable((2,), "float32", "w")
    code = Native().compile(Program((x,), (w,), (x * w,)))
    value = np.full(2, 3, np.float32)
    for _ in range(2):
        (found,), _ = code.run([np.ones(2, np.float32)], [value])
    kept = weakref.ref(value)
    del value, _
    assert found.tolist() == [3, 3]
    assert kept() is None


def test_variables_are_read_anew_whether_exchanged_or_changed_in_place():
    x, a = ops.placeholder((BATCH, 2), "float32", "x"), ops.variable((2, 3), "float32", "a")
    code = Native().compile(Program((x,), (a,), (x @ a,)))
    fed = np.array([[1, 10]], np.float32)
    plain, strided = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones((3, 2), np.float32).T
    results, wanted = [], []
    for variable in (plain, plain, strided, strided, plain):
        results.append(code.run([fed], [variable])[0][0])
        wanted.append(fed @ variable)  # exact: small whole numbers
        variable += 1
    for found, right in zip(results, wanted, strict=True):  # no later call has touched an earlier one's result
        np.testing.assert_array_equal(found, right)
    with pytest.raises(ShapeError, match="0 arrays for 1 variables"):
        code.run([fed], [])
    with pytest.raises(DtypeError, match="variable 'a' has dtype float64"):
        code.run([fed], [plain.astype(np.float64)])
    np.testing.assert_array_equal(code.run([fed], [plain])[0][0], fed @ plain)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 32, 33, 47, 48, 49, 160, 161, 175, 176, 1000])
def test_kernels_cut_into_many_tasks_touch_each_element_once(monkeypatch, size):
    """Where the last task has no whole group of lanes, it must not run one."""
    monkeypatch.setattr(work, "_TASK_WORK", 8)
    monkeypatch.setattr(backend, "_WORTH_THREADS", 0)
    a = ops.variable((size,), "float32", "a")
    b = ops.variable((size,), "float64", "b")
    m = ops.variable((7, size), "float32", "m")
    program = Program((), (a, b, m), (m.sum(0), m.sum(1)), ((a, a + 1.0), (b, b * 2.0 + 1.0), (m, m - 1.0)))
    values = [np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float64), np.ones((7, size), np.float32)]
    agree(program, [], values)


# Code and memory.


def test_what_does_not_change_in_a_loop_is_computed_before_it():
    """Of LLVM's passes, plain code has none that would see to that: a root for each element took 2.5 times as long."""
    x, scale = ops.placeholder((64, 40), "float32", "x"), ops.placeholder((), "float32", "scale")
    rows = ops.placeholder((64,), "int64", "rows")
    root = emitted(Program((x, scale), (), (x * ops.sqrt(scale),)))
    assert root.index("call float") < root.index("phi")  # the root of one number, before the first loop
    taken = emitted(Program((x, rows), (), (ops.take(x, rows),)))
    inner = taken.rindex("phi")
    assert taken.index("phi") < taken.index("load i64") < inner  # the place of a row, before the loop over its elements
    assert "load i64" not in taken[inner:]


def emitted(program):
    """Return the code of a program's first kernel as LLVM's text."""
    text = str(emit_module(lay_out(program, host()), ["once"]))
    return text[text.index('@"code_0"') : text.index("\n}")]


def test_code_made_the_quick_way_and_the_best_give_the_same_bits(monkeypatch):
    rng = np.random.default_rng(0)
    x = ops.placeholder((BATCH, 37), "float32", "x")
    w, m = ops.variable((37, 29), "float32", "w"), ops.variable((37, 29), "float32", "m")
    y = ops.tanh(x @ w)
    slope = x.T @ (y * ops.exp(-y * y))
    program = Program((x,), (w, m), (ops.log1p(y * y).sum(), y.sum(0)), ((w, w - 0.01 * m), (m, 0.9 * m + slope)))
    arrays = [rng.normal(size=(64, 37)).astype(np.float32)]
    values = [rng.normal(size=(37, 29)).astype(np.float32) for _ in range(2)]
    found = []
    never, at_once = math.inf, 1e-9  # better code is made: after the first call
    for worth in (
        {"full": never},
        {"quick": never},
        {"plain": never},
        {"quick": at_once, "plain": never},
        {"quick": at_once, "plain": at_once, "full": never},
    ):
        monkeypatch.setattr(codes, "_WORTH", worth)
        codes._slots.clear()
        code = Native().compile(program)
        for _ in range(2):
            results = [*looped(code, arrays, np.arange(64), 16, values), *code.run(arrays, values)]
            found.append([array.tobytes() for group in results for array in group])
    assert found == [found[0]] * 10


def test_what_is_fed_is_not_changed_and_results_share_no_memory():
    x = ops.placeholder((5,), "float32", "x")
    a, b, c = (ops.variable((5,), "float32", name) for name in "abc")
    total = a + x
    program = Program((x,), (a, b, c), (x, total, total, b), ((a, total), (b, b * 2.0), (c, a)))
    fed = [np.arange(5, dtype=np.float32) + number for number in range(4)]
    copies = [array.copy() for array in fed]
    code = Native().compile(program)
    for _ in range(2):
        outputs, after = code.run(fed[:1], fed[1:])
        for array, copy in zip(fed, copies, strict=True):
            np.testing.assert_array_equal(array, copy)
        expected = Interpreter().compile(program).run(fed[:1], fed[1:])
        for array, right in zip((*outputs, *after), (*expected[0], *expected[1]), strict=True):
            np.testing.assert_array_equal(array, right)
        for place, array in enumerate([*outputs, *after[:2]]):
            for other in [*fed, *outputs[:place]]:
                assert not np.shares_memory(array, other)


def test_read_only_and_strided_arrays_can_be_fed():
    x, w = ops.placeholder((BATCH, 3), "float32", "x"), ops.variable((3, 2), "float32", "w")
    code = Native().compile(Program((x,), (w,), (x @ w,)))
    array = np.arange(24, dtype=np.float32).reshape(4, 6)[:, ::2]
    weights = np.arange(6, dtype=np.float32).reshape(2, 3).T
    weights.flags.writeable = False
    np.testing.assert_array_equal(code.run([array], [weights])[0][0], array @ weights)


def test_the_code_for_the_shapes_used_longest_ago_is_dropped(monkeypatch):
    monkeypatch.setattr(backend, "_KEPT_CODES", 2)
    x = ops.placeholder((BATCH,), "float32", "x")
    code = Native().compile(Program((x,), (), (x.sum(),)))
    for rows in (1, 2, 1, 3):
        code.run([np.ones(rows, np.float32)], [])
    assert [shapes for _, shapes in code._specialised] == [((1,),), ((3,),)]


def test_pace_keeps_to_the_number_of_threads_that_was_quicker() -> None:
    # Truth: a machine on which a step takes 3 with one thread and 2 with four, and later 9 with four.
    for seconds, best in (({1: 3.0, 4: 2.0}, 4), ({1: 3.0, 4: 9.0}, 1)):
        pace = Pace()
        counts: dict[int, int] = {1: 0, 4: 0}
        for _ in range(80):
            parts = pace.parts(100, 4)
            assert sum(steps for steps, _ in parts) == 100
            for steps, count in parts:
                pace.note(count, seconds[count])
                counts[count] += steps
        assert counts[best] > 0.97 * 8000
        assert min(counts.values()) > 0


def test_pace_finds_out_that_sharing_has_become_slow() -> None:
    pace = Pace()
    for turn in range(41):
        for _, count in pace.parts(100, 2):
            pace.note(count, 3.0 if count == 1 else 2.0 if turn < 20 else 30.0)
    assert pace.parts(100, 2) == [(100, 1)]


def test_pace_tries_the_other_number_of_threads_where_a_call_is_one_long_step() -> None:
    # Truth: a step takes 0.2 with one thread and 0.11 with two; the first of each takes longer, from cold memory.
    pace, counts = Pace(), {1: 0, 2: 0}
    for turn in range(400):
        ((steps, count),) = pace.parts(1, 2)
        assert steps == 1
        pace.note(count, (0.2 if count == 1 else 0.11) + (0.3 if turn == 0 else 0.0))
        counts[count] += 1
    assert counts[2] > 0.97 * 400
    # Then another process takes the second processor, and gives it back.
    for two, best in ((0.4, 1), (0.11, 2)):
        chosen = []
        for _ in range(400):
            ((_, count),) = pace.parts(1, 2)
            pace.note(count, 0.2 if count == 1 else two)
            chosen.append(count)
        assert chosen.count(best) > 0.75 * 400 and chosen[-100:].count(best) > 95


def test_one_thread_alone_is_never_asked_to_share() -> None:
    assert Pace().parts(7, 1) == [(7, 1)]


def test_pace_goes_on_when_the_number_of_threads_changes() -> None:
    pace = Pace()
    for most in (2, 4, 3, 2, 7, 5, 6, 8, 9):
        parts = pace.parts(100, most)
        assert sum(steps for steps, _ in parts) == 100
        assert {count for _, count in parts} <= {1, most}
        for _, count in parts:
            pace.note(count, 0.1)


def test_the_time_of_code_made_the_quick_way_is_not_held_against_better_code(monkeypatch):
    monkeypatch.setattr(codes, "_WORTH", {"quick": 1e-9, "full": math.inf})
    native = Native().compile(average_program())
    arrays, variables = [np.ones((4, 3), np.float32), np.zeros(4, np.int64)], [np.ones(3, np.float32)]
    looped(native, arrays, np.arange(2), 2, variables)
    (code,) = native._specialised.values()
    assert code.compiled.pace._seconds == {}
    looped(native, arrays, np.arange(4), 2, variables)
    assert code.compiled.pace._seconds.keys() == {1}
