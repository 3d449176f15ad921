"""Oracles: NumPy in float64 for float and in 64-bit significands (x87) for double; C99's special values, by hand.

Of erf, which NumPy lacks: the series 7.1.6 of Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964.

ULP states the largest error, in units of the last place of the true result, that the docstrings promise; the slow test
walks every float there is. What must not depend on the number of lanes or the processor is compared bit by bit.
"""

import ctypes
import functools
import platform
import re

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from feedforward.compiler import elementary
from feedforward.compiler.flush import emit_flushing
from feedforward.compiler.vector import Lanes, call_intrinsic, constant, convert, fma, lanes_of, splat
from feedforward.graph.subnormal import flushed

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

ULP = {
    "exp": (1.01, 1.0),
    "expm1": (1.4, 1.4),
    "tanh": (1.5, 1.5),
    "erf": (1.2, 1.2),
    "log": (0.9, 0.9),
    "log1p": (0.9, 0.9),
    "sin": (0.501, 1.1),
    "cos": (0.501, 1.1),
    "power": (0.501, 1.0),
    "sqrt": (0.5, 0.5),
}
EXACT = ("floor", "absolute")
UNARY = (*(name for name in ULP if name != "power"), *EXACT)
BINARY = ("power", "maximum", "minimum")
ELEMENTS = {np.float32: ir.FloatType(), np.float64: ir.DoubleType()}
FORMATS = pytest.mark.parametrize("dtype", ELEMENTS, ids=lambda dtype: dtype.__name__)
SAMPLES = 48 * 4096
"""A multiple of every number of lanes in use."""

EDGES = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 1 / 3, 4.0, 127.0, 128.0, 149.0, 150.0, 1023.0, 1024.0, 1074.0, 1075.0]
EDGES += [2.0**24, 2.0**24 + 2, 2.0**49, 2.0**50, 2.0**53 - 1, 2.0**53, 1e38, 1e300, np.inf, np.nan, 9.01, 20.0]
EDGES += [2.0**-149, 2.0**-1074, 1e-40, 1e-310, 2.0**-126, 2.0**-1022, 1e-8, 1e-17, 88.72, 88.73, 103.9, 103.98, 104.0]
EDGES += [709.78, 709.79, 745.13, 745.14, 746.0, np.pi, np.pi / 2, np.pi / 4]


def emit_walk(emit, dtype, lanes, arity):
    """Return a module whose function `walk` applies `emit` to arrays, some lanes at a time."""
    element = ELEMENTS[dtype]
    type = element if lanes == 1 else ir.VectorType(element, lanes)
    index = ir.IntType(64)
    module = ir.Module()
    signature = ir.FunctionType(ir.VoidType(), [element.as_pointer()] * (arity + 1) + [index])
    function = ir.Function(module, signature, "walk")
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "loop", "done"))
    ir.IRBuilder(entry).branch(loop)
    builder = ir.IRBuilder(loop)
    position = builder.phi(index)
    position.add_incoming(index(0), entry)
    places = [builder.bitcast(builder.gep(x, [position]), type.as_pointer()) for x in function.args[:-1]]
    values = [builder.load(place, align=np.dtype(dtype).itemsize) for place in places[:-1]]
    result = emit(builder, *values)
    assert result.type == type
    builder.store(result, places[-1], align=np.dtype(dtype).itemsize)
    after = builder.add(position, index(lanes))
    position.add_incoming(after, loop)
    builder.cbranch(builder.icmp_signed("<", after, function.args[-1]), loop, done)
    ir.IRBuilder(done).ret_void()
    return module


def optimised(module, processor):
    """Return the module after the pipeline of level 3 and the machine it is for; `None` means this processor."""
    name, features = processor or (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=3)
    compiled = llvm.parse_assembly(str(module))
    compiled.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(compiled, builder)
    return compiled, machine


@functools.cache
def compile_walk(emit, dtype, lanes=16, processor=None, arity=1):
    """Return a function of arrays that applies `emit` to them, some lanes at a time."""
    if isinstance(emit, str):
        emit = getattr(elementary, emit)
    module = emit_walk(emit, dtype, lanes, arity)
    module.triple = llvm.get_process_triple()
    emit_flushing(module.get_global("walk"), "walk_flushing")
    compiled, machine = optimised(module, processor)
    engine = llvm.create_mcjit_compiler(compiled, machine)
    engine.finalize_object()
    walk = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (arity + 1), ctypes.c_int64)(
        engine.get_function_address("walk_flushing")
    )

    def run(*arrays):
        arrays = [np.ascontiguousarray(x, dtype) for x in arrays]
        count = arrays[0].size
        padded = [np.append(x, np.ones(-count % lanes, dtype)) for x in arrays]
        result = np.empty_like(padded[0])
        walk(*(x.ctypes.data for x in padded), result.ctypes.data, result.size)
        return result[:count]

    run.engine = engine
    return run


def wider(x):
    """Return the array in a format with at least 11 more bits."""
    if x.dtype == np.float32:
        return x.astype(np.float64)
    if np.finfo(np.longdouble).nmant < 63:
        pytest.skip("no format wider than double here")
    return x.astype(np.longdouble)


def ulps(result, exact):
    """Return the distance of `result` from `exact`, in units of the last place of a `result` as large as `exact`."""
    format = np.finfo(result.dtype)
    with np.errstate(all="ignore"):
        rounded = exact.astype(result.dtype)
        exponent = np.maximum(np.frexp(exact)[1] - 1, format.minexp) - format.nmant
        distance = np.abs(result.astype(exact.dtype) - exact) / np.ldexp(exact.dtype.type(1), exponent)
    same = (result == rounded) | (np.isnan(result) & np.isnan(rounded))
    finite = np.isfinite(result) & np.isfinite(rounded)
    # Of a subnormal result nothing is left; an error of one unit may have made it one.
    is_zero = (result == 0) & (np.abs(exact) < format.smallest_normal * exact.dtype.type(1 + 2 * format.eps))
    return np.where(is_zero, 0, np.where(finite, distance, np.where(same, 0, np.inf))).astype(np.float64)


def random_bits(generator, dtype, count):
    return generator.integers(0, 256, count * np.dtype(dtype).itemsize, np.uint8).view(dtype)


def sample(generator, dtype, count=SAMPLES):
    """Return numbers of every size but subnormal ones, of ordinary size, and the edges."""
    edges = np.array([*EDGES, *(-x for x in EDGES)], np.float64)
    reach = 105 if dtype == np.float32 else 750
    third = count // 3
    with np.errstate(all="ignore"):
        ordinary = [generator.uniform(-2, 2, third), generator.uniform(-reach, reach, third - edges.size), edges]
        return flushed(np.concatenate([random_bits(generator, dtype, third), *(x.astype(dtype) for x in ordinary)]))


def erf_by_series(x):
    """Return 2 / sqrt(pi) exp(-x^2) sum(2^n x^(2n + 1) / (1 3 ... (2n + 1))), whose terms have one sign."""
    x = np.clip(x, -6.5, 6.5)  # where it is 1 to 64 bits
    term = total = x
    for n in range(1, 160):
        term = term * (2 * x * x / (2 * n + 1))
        total = total + term
    return 2 / np.sqrt(np.arccos(x.dtype.type(-1))) * np.exp(-x * x) * total


def expected(name, *arrays):
    with np.errstate(all="ignore"):
        if name == "erf":
            return erf_by_series(*map(wider, arrays))
        return getattr(np, name)(*(wider(x) for x in arrays))


@FORMATS
@pytest.mark.parametrize("name", [name for name in ULP if name != "power"])
def test_error_stays_within_the_stated_units_in_the_last_place(name, dtype):
    generator = np.random.default_rng(1)
    x = sample(generator, dtype)
    if name in ("log", "sqrt"):
        x = np.abs(x)
    if name in ("sin", "cos"):
        near_zeros = generator.integers(0, 2**30, SAMPLES) * (np.pi / 2)
        x = np.concatenate([x, generator.uniform(-1e5, 1e5, SAMPLES).astype(dtype), near_zeros.astype(dtype)])
        x = x[~(np.isfinite(x) & (np.abs(x) >= 2.0**49))]
    error = ulps(compile_walk(name, dtype)(x), expected(name, x))
    worst = error.argmax()
    assert error[worst] <= ULP[name][dtype == np.float64], f"{name}({x[worst]!r})"


@FORMATS
def test_power_stays_within_the_stated_units_in_the_last_place(dtype):
    generator = np.random.default_rng(2)
    low, high = (-105, 90) if dtype == np.float32 else (-750, 712)
    near_one = 1 + generator.uniform(-1, 1, SAMPLES) * 2.0 ** -generator.uniform(1, 20, SAMPLES)
    for x in (np.exp(generator.uniform(-80, 80, SAMPLES)), near_one, generator.uniform(0, 3, SAMPLES)):
        x = x.astype(dtype)
        x = x[(x > 0) & (x != 1)]
        y = (generator.uniform(low, high, x.size) / np.log(x.astype(np.float64))).astype(dtype)
        error = ulps(compile_walk("power", dtype, arity=2)(x, y), expected("power", x, y))
        worst = error.argmax()
        assert error[worst] <= ULP["power"][dtype == np.float64], f"power({x[worst]!r}, {y[worst]!r})"


INF, NAN = np.inf, np.nan
SPECIAL = {
    "exp": {-INF: 0, INF: INF, NAN: NAN, -0.0: 1, 710: INF, -746: 0},
    "expm1": {-INF: -1, INF: INF, NAN: NAN, -0.0: -0.0, 710: INF, -750: -1, 2.0**-126: 2.0**-126},
    "tanh": {-INF: -1, INF: 1, NAN: NAN, -0.0: -0.0, 30: 1, -30: -1, 2.0**-126: 2.0**-126},
    "erf": {-INF: -1, INF: 1, NAN: NAN, -0.0: -0.0, 7: 1, -7: -1},
    "log": {-INF: NAN, INF: INF, NAN: NAN, -0.0: -INF, 1: 0, -1: NAN, -(2.0**-126): NAN},
    "log1p": {-INF: NAN, INF: INF, NAN: NAN, -0.0: -0.0, -1: -INF, -1.5: NAN, -(2.0**-126): -(2.0**-126)},
    "sin": {-INF: NAN, INF: NAN, NAN: NAN, -0.0: -0.0, 2.0**49: 0, -(2.0**60): -0.0, 2.0**-126: 2.0**-126},
    "cos": {-INF: NAN, INF: NAN, NAN: NAN, -0.0: 1, 2.0**49: 1, -(2.0**60): 1},
    "sqrt": {-INF: NAN, INF: INF, NAN: NAN, -0.0: -0.0, 4: 2, -1: NAN},
    "floor": {-INF: -INF, INF: INF, NAN: NAN, -0.0: -0.0, 1.5: 1, -1.5: -2, -0.25: -1, 3: 3},
    "absolute": {-INF: INF, INF: INF, NAN: NAN, -0.0: 0, -1.5: 1.5},
}


@FORMATS
@pytest.mark.parametrize("name", UNARY)
def test_special_values_are_those_of_ieee(name, dtype):
    rows = list(SPECIAL[name].items())
    # A zero as the result at -0 is +0 at +0; any other result is the same.
    rows.append((0.0, SPECIAL[name][-0.0] or 0.0))
    x, y = (np.array(column, dtype) for column in zip(*rows, strict=True))
    result = compile_walk(name, dtype)(x)
    np.testing.assert_array_equal(result, y)
    known = ~np.isnan(y)
    np.testing.assert_array_equal(np.signbit(result[known]), np.signbit(y[known]))


@FORMATS
@pytest.mark.parametrize(
    ("x", "y", "result"),
    [
        *((x, y, 1.0) for x in (0.0, -0.0, 1.0, -7.0, INF, -INF, NAN) for y in (0.0, -0.0)),
        *((1.0, y, 1.0) for y in (INF, -INF, NAN, 3.5)),
        *((-1.0, y, 1.0) for y in (INF, -INF, 2.0)),
        *((x, y, NAN) for x in (-2.0, -0.5, -1.0) for y in (0.5, -1.5, NAN)),
        *((0.0, y, INF) for y in (-1.0, -2.0, -0.5, -INF)),
        (-0.0, -1.0, -INF),
        (-0.0, -3.0, -INF),
        *((-0.0, y, INF) for y in (-2.0, -0.5, -INF)),
        (-0.0, 3.0, -0.0),
        *((-0.0, y, 0.0) for y in (2.0, 0.5, INF)),
        *((0.0, y, 0.0) for y in (1.0, 2.0, 0.5, INF)),
        *((x, -INF, INF) for x in (0.5, -0.5)),
        *((x, -INF, 0.0) for x in (2.0, -2.0)),
        *((x, INF, 0.0) for x in (0.5, -0.5)),
        *((x, INF, INF) for x in (2.0, -2.0)),
        (-INF, -3.0, -0.0),
        *((-INF, y, 0.0) for y in (-2.0, -0.5)),
        (-INF, 3.0, -INF),
        *((-INF, y, INF) for y in (2.0, 0.5)),
        *((INF, y, 0.0) for y in (-1.0, -0.5)),
        *((INF, y, INF) for y in (1.0, 0.5)),
        *((NAN, y, NAN) for y in (1.0, -0.5, INF)),
        (3.0, 4.0, 81.0),
        (-3.0, 3.0, -27.0),
        (2.0, -126.0, 2.0**-126),
        (2.0, -127.0, 2.0**-127),
    ],
)
def test_special_powers_are_those_of_c99(x, y, result, dtype):
    value = compile_walk("power", dtype, arity=2)(*np.array([[x], [y]], dtype))[0]
    np.testing.assert_equal(value, flushed(np.array(result, dtype)))
    assert np.isnan(result) or np.signbit(value) == np.signbit(result)


@FORMATS
def test_powers_of_edges_are_those_of_numpy(dtype):
    x, y = (v.ravel() for v in np.meshgrid(*[sample(np.random.default_rng(3), dtype, 3 * 4096)[-200:]] * 2))
    error = ulps(compile_walk("power", dtype, arity=2)(x, y), expected("power", x, y))
    assert error.max() <= ULP["power"][dtype == np.float64]


@FORMATS
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_are_those_of_numpy_and_pass_nan_on(name, dtype):
    x, y = (v.ravel() for v in np.meshgrid(*[sample(np.random.default_rng(4), dtype, 3 * 4096)[-200:]] * 2))
    np.testing.assert_array_equal(compile_walk(name, dtype, arity=2)(x, y), getattr(np, name)(x, y))


@FORMATS
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_of_a_variable_and_a_constant_pass_nan_on(name, dtype):
    x = np.array([-1.0, 0.0, 2.0, NAN, INF, -INF], dtype)

    def first(builder, x):
        return getattr(elementary, name)(builder, constant(x.type, 0.5), x)

    def second(builder, x):
        return getattr(elementary, name)(builder, x, constant(x.type, 0.5))

    for emit in (first, second):
        np.testing.assert_array_equal(compile_walk(emit, dtype)(x), getattr(np, name)(x, dtype(0.5)))


@FORMATS
@pytest.mark.parametrize("name", EXACT)
def test_exact_functions_are_those_of_numpy(name, dtype):
    x = sample(np.random.default_rng(5), dtype)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(compile_walk(name, dtype)(x), getattr(np, name)(x))


@FORMATS
def test_bounded_functions_never_leave_their_bounds(dtype):
    x = sample(np.random.default_rng(6), dtype)
    for name in ("tanh", "erf", "sin", "cos"):
        result = compile_walk(name, dtype)(x)
        assert np.nanmax(np.abs(result)) <= 1
        assert not np.isnan(result[np.isfinite(x)]).any()


def processors():
    """Return this processor with what it has, and older ones that it can stand for."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return [None]
    return [None, ("x86-64-v3", "")]


@FORMATS
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_bits_depend_on_neither_lanes_nor_processor(name, dtype):
    generator = np.random.default_rng(7)
    arity = 2 if name in BINARY else 1
    arguments = [generator.permutation(sample(generator, dtype)) for _ in range(arity)]
    walks = [
        compile_walk(name, dtype, lanes, processor, arity) for processor in processors() for lanes in (1, 3, 4, 8, 16)
    ]
    first, *others = (walk(*arguments).tobytes() for walk in walks)
    assert all(other == first for other in others)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names x86 processors")
@FORMATS
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_code_calls_no_library_and_sets_no_fast_math_flag(name, dtype):
    for lanes in (1, 16):
        arity = 2 if name in BINARY else 1
        module = emit_walk(getattr(elementary, name), dtype, lanes, arity)
        text = str(module)
        assert not re.search(r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b", text)
        assert set(re.findall(r"@\"?([\w.]+)", text)) <= {
            "walk",
            *(name for name in module.globals if re.match(r"llvm\.(fma|fabs|copysign|sqrt|floor)\.", name)),
        }
        compiled, machine = optimised(module, ("x86-64-v3", ""))
        assert not re.search(r"\bcall", machine.emit_assembly(compiled))


@FORMATS
def test_a_product_and_a_sum_are_rounded_twice_and_fma_once(dtype):
    # With u from 1 to its neighbour, (1 + u)(1 - u) - 1 = -u^2 if rounded once; the product alone rounds to 1.
    u = np.finfo(dtype).eps
    x = np.array([1 + u], dtype)

    def twice(builder, x):
        lanes = Lanes(builder, x)
        return (lanes * float(1 - u) - 1.0).value

    def once(builder, x):
        return fma(builder, x, constant(x.type, float(1 - u)), constant(x.type, -1.0))

    for lanes in (1, 16):
        assert compile_walk(twice, dtype, lanes)(x)[0] == 0
        assert compile_walk(once, dtype, lanes)(x)[0] == -u * u


def test_helpers_serve_scalars_and_vectors():
    module = ir.Module()
    single, four = ir.FloatType(), ir.VectorType(ir.FloatType(), 4)
    function = ir.Function(module, ir.FunctionType(four, [single, four]), "helpers")
    builder = ir.IRBuilder(function.append_basic_block())
    spread = splat(builder, function.args[0], four)
    again = convert(builder, convert(builder, spread, ir.DoubleType()), single)
    total = call_intrinsic(builder, "llvm.fabs", four, builder.fadd(again, constant(four, 0.1)))
    builder.ret(call_intrinsic(builder, "llvm.fabs", four, total))
    llvm.parse_assembly(str(module)).verify()
    assert splat(builder, function.args[0], single) is function.args[0]
    assert (lanes_of(single), lanes_of(four)) == (1, 4)
    assert str(module).count("declare") == 1
    assert constant(four, 1.0).get_reference() == "splat (float 0x3ff0000000000000)"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exp", "log", "tanh", "sin", "expm1", "log1p", "cos"])
def test_every_float_has_an_error_within_the_stated_bound(name, record_property):
    chunk = 1 << 16  # so that a chunk and what is computed from it stay in the cache
    walk = compile_walk(name, np.float32)
    worst = 0.0
    for start in range(0, 1 << 32, chunk):
        x = flushed((np.arange(chunk, dtype=np.uint32) + np.uint32(start)).view(np.float32))
        if name in ("sin", "cos") and np.abs(x[0]) >= 2.0**49:
            fixed = np.where(np.isfinite(x), np.float32(name == "cos"), np.float32(NAN))
            np.testing.assert_array_equal(walk(x), fixed)
            continue
        result, exact = walk(x), expected(name, x)
        # As `ulps`, but by way of bits, ten times as fast: the unit in the last place is 2^(exponent - 23).
        exponent = np.maximum((exact.view(np.int64) >> 52) & 0x7FF, 1023 - 126) - 23
        with np.errstate(all="ignore"):
            error = np.abs(result - exact) / (exponent << 52).view(np.float64)
            rounded = exact.astype(np.float32)
        unusual = ~(np.isfinite(result) & np.isfinite(rounded))
        np.testing.assert_array_equal(result[unusual], rounded[unusual])
        error[unusual | ((result == 0) & (np.abs(exact) < 2.0**-126 * (1 + 2.0**-22)))] = 0.0
        worst = max(worst, error.max())
    record_property("ulp", worst)
    print(f"{name}: {worst:.4f} ulp")
    assert worst <= ULP[name][0]
