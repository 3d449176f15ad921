"""Oracle: NumPy's product in a wider type with Higham's bound, fma in rational arithmetic, and pages that trap."""

from __future__ import annotations

import ctypes
import itertools
import math
import mmap
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from feedforward.compiler.instructions import load_lanes, store_lanes
from feedforward.compiler.matmul import Matmul, Panels
from feedforward.compiler.panels import emit_pack
from feedforward.compiler.tiles import emit_task
from feedforward.compiler.vector import type_of
from feedforward.errors import GraphError

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()

INDEX, POINTER = ir.IntType(64), ir.PointerType()
SIZES = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 64, 65]
FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Target:
    """A processor to emit for."""

    name: str
    cpu: str
    needs: str
    registers: int
    register_bytes: int

    @property
    def is_here(self) -> bool:
        return not self.needs or bool(llvm.get_host_cpu_features().get(self.needs))

    def plan(
        self, rows: int, inner: int, columns: int, transpose_x: bool, transpose_y: bool, dtype: np.dtype[Any]
    ) -> Matmul:
        sizes = rows, inner, columns
        return Matmul(*sizes, transpose_x, transpose_y, dtype, self.registers, self.register_bytes)


AVX512 = Target("avx512", "x86-64-v4", "avx512f", 32, 64)
AVX2 = Target("avx2", "x86-64-v3", "avx2", 16, 32)
HOST = Target("host", llvm.get_host_cpu_name(), "", 16, 16)
TARGETS = [
    pytest.param(
        target,
        marks=pytest.mark.skipif(not target.is_here, reason=f"no {target.needs} on this machine"),
        id=target.name,
    )
    for target in (AVX512, AVX2, HOST)
]
WIDEST = next(target for target in (AVX512, AVX2, HOST) if target.is_here)


def jit(module: ir.Module, signatures: Mapping[str, Sequence[Any]], target: Target) -> dict[str, Callable[..., None]]:
    """Compile a module, once, and return its functions by their names."""
    features = llvm.get_host_cpu_features().flatten() if target is HOST else ""
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=target.cpu, features=features, opt=3, codemodel="jitdefault"
    )
    compiled = llvm.parse_assembly(str(module))
    compiled.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(3))
    builder.getModulePassManager().run(compiled, builder)
    engine = llvm.create_mcjit_compiler(compiled, machine)
    engine.finalize_object()

    def function(name: str) -> Callable[..., None]:
        native = ctypes.CFUNCTYPE(None, *signatures[name])(engine.get_function_address(name))

        def call(*arguments: Any, _alive: Any = engine) -> None:
            native(*arguments)

        return call

    return {name: function(name) for name in signatures}


def store_value(plan: Matmul, out: ir.Value) -> Callable[..., None]:
    """Return the ``finish`` that stores C."""

    def finish(builder: ir.IRBuilder, row: ir.Value, column: ir.Value, value: ir.Value, count: int) -> None:
        place = builder.add(builder.mul(row, ir.Constant(INDEX, plan.columns)), column)
        store_lanes(builder, builder.gep(out, [place], source_etype=type_of(plan.dtype)), value, count)

    return finish


def count_visits(plan: Matmul, out: ir.Value) -> Callable[..., None]:
    """Return the ``finish`` that adds 1 to each element it is called for."""

    def finish(builder: ir.IRBuilder, row: ir.Value, column: ir.Value, value: ir.Value, count: int) -> None:
        place = builder.add(builder.mul(row, ir.Constant(INDEX, plan.columns)), column)
        pointer = builder.gep(out, [place], source_etype=type_of(plan.dtype))
        one = ir.Constant(value.type, [1.0] * value.type.count)
        store_lanes(builder, pointer, builder.fadd(load_lanes(builder, pointer, value.type, count), one), count)

    return finish


def compile_matmul(plan: Matmul, target: Target, finish: Callable[..., Any] = store_value) -> Callable[..., None]:
    """Return ``multiply(x, y, out, threads=1, order=None, scratch=None)``, which runs a plan's tasks."""
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * 4 + [INDEX]), "task")
    sides = {"left": plan.left, "right": plan.right}
    for name, panels in sides.items():
        pack = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * 2 + [INDEX]), name)
        builder = ir.IRBuilder(pack.append_basic_block("entry"))
        if panels:
            emit_pack(builder, panels, *pack.args)
        builder.ret_void()
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    x, y, out, partial, task = function.args
    emit_task(builder, plan, x, y, partial, task, finish(plan, out))
    builder.ret_void()
    pointer, index = ctypes.c_void_p, ctypes.c_int64
    signatures = {**dict.fromkeys(sides, [pointer] * 2 + [index]), "task": [pointer] * 4 + [index]}
    run = jit(module, signatures, target)

    def multiply(
        x: Array,
        y: Array,
        out: Array,
        threads: int = 1,
        order: Iterable[int] | None = None,
        scratch: Mapping[str, Array] | None = None,
    ) -> None:
        scratch = scratch or scratch_of(plan)
        read = {"left": x, "right": y}
        for name, panels in sides.items():
            for index in range(panels.tasks) if panels else ():
                run[name](read[name].ctypes.data, scratch[name].ctypes.data, index)
            read[name] = scratch[name] if panels else read[name]
        buffers = [one.ctypes.data for one in (*read.values(), out, scratch["partial"])]
        share(
            lambda index: run["task"](*buffers, index),
            range(plan.tasks) if order is None else order,
            threads,
        )

    return multiply


def scratch_of(plan: Matmul) -> dict[str, Array]:
    """Return the memory that a product works in, which holds no number; it begins at the start of a page."""
    sizes = {"left": plan.left.size if plan.left else 0, "right": plan.right.size if plan.right else 0}
    sizes["partial"] = plan.partial
    return {name: guarded(np.full(size, np.nan, plan.dtype), True) for name, size in sizes.items()}


def share(work: Callable[[int], None], tasks: Iterable[int], threads: int) -> None:
    """Run ``work`` on all tasks; each thread takes the next one when it is done with its last."""
    queue = iter(tasks)

    def take() -> None:
        for task in queue:
            work(task)

    helpers = [threading.Thread(target=take) for _ in range(threads - 1)]
    for helper in helpers:
        helper.start()
    take()
    for helper in helpers:
        helper.join()


def guarded(values: Array, at_start: bool) -> Array:
    """Return a copy that begins or ends where a page begins or ends whose neighbour cannot be read or written.

    Windows has no ``mprotect``; there, only the values are checked.
    """
    page = mmap.PAGESIZE
    pages = -(-max(1, values.nbytes) // page)
    memory = mmap.mmap(-1, (pages + 2) * page)
    whole: Array = np.frombuffer(memory, np.uint8)
    offset = page if at_start else (pages + 1) * page - values.nbytes
    copy: Array = whole[offset : offset + values.nbytes].view(values.dtype).reshape(values.shape)
    copy[...] = values
    if sys.platform != "win32":
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        for start in (0, (pages + 1) * page):
            assert protect(ctypes.c_void_p(whole.ctypes.data + start), ctypes.c_size_t(page), 0) == 0
    return copy


def operands(plan: Matmul, seed: int = 0) -> tuple[Array, Array]:
    """Return op(X) and op(Y) with signs and sizes mixed, so that sums cancel."""
    return drawn(plan.rows, plan.inner, plan.columns, plan.dtype, seed)


@lru_cache(maxsize=8)
def drawn(rows: int, inner: int, columns: int, dtype: np.dtype[Any], seed: int) -> tuple[Array, Array]:
    """Return the same numbers for every way to store and to multiply them."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, inner)) * random.choice([1e-3, 1, 30], (rows, inner))
    both = x.astype(dtype), random.standard_normal((inner, columns)).astype(dtype)
    for one in both:
        one.flags.writeable = False
    return both


@lru_cache(maxsize=8)
def exact_product(rows: int, inner: int, columns: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return the product of what is drawn with seed 0 in a wider type, and how far off one in `dtype` may be."""
    x, y = drawn(rows, inner, columns, dtype, 0)
    wide = np.float64 if dtype == FLOAT32 else np.longdouble
    # Higham 2002, (3.5): K u / (1 - K u) |x| |y| with u = eps / 2; K eps covers it and the wider type's own rounding.
    bound = inner * np.finfo(dtype).eps * (np.abs(x).astype(wide) @ np.abs(y).astype(wide))
    return x.astype(wide) @ y.astype(wide), bound


def stored(matrix: Array, transpose: bool) -> Array:
    """Return a matrix as it lies in memory."""
    return np.ascontiguousarray(matrix.T if transpose else matrix)


def product(plan: Matmul, target: Target, **run: Any) -> Array:
    """Return C by the emitted code, from unaligned memory without gaps."""
    return multiplied(plan, compile_matmul(plan, target), **run)


def multiplied(plan: Matmul, multiply: Callable[..., None], seed: int = 0, **run: Any) -> Array:
    """Return C by code that was made for a plan."""
    x, y = operands(plan, seed)
    out = np.full((plan.rows, plan.columns), np.nan, plan.dtype)
    multiply(stored(x, plan.transpose_x), stored(y, plan.transpose_y), out, **run)
    return out


def sampled_plans(count: int, seed: int) -> list[tuple[Any, ...]]:
    """Return shapes, transposes and dtypes, every combination of the latter two equally often."""
    random = np.random.default_rng(seed)
    kinds = itertools.cycle(itertools.product([False, True], [False, True], [FLOAT32, FLOAT64]))
    return [(*map(int, random.choice(SIZES, 3)), *next(kinds)) for _ in range(count)]


def check_in_guarded_memory(plan: Matmul, multiply: Callable[..., None]) -> None:
    x, y = operands(plan)
    exact, bound = exact_product(plan.rows, plan.inner, plan.columns, plan.dtype)
    for at_start in (False, True):
        buffers = [stored(x, plan.transpose_x), stored(y, plan.transpose_y)]
        out = guarded(np.full((plan.rows, plan.columns), np.nan, plan.dtype), at_start)
        scratch = {name: guarded(one, at_start) for name, one in scratch_of(plan).items()}
        multiply(*(guarded(buffer, at_start) for buffer in buffers), out, scratch=scratch)
        assert np.all(np.abs(out - exact) <= bound), plan


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("arguments", sampled_plans(32, seed=1), ids=str)
def test_a_product_is_right_and_touches_no_memory_outside_its_buffers(arguments: Any, target: Target) -> None:
    plan = target.plan(*arguments)
    check_in_guarded_memory(plan, compile_matmul(plan, target))


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_many_products_are_right_and_touch_no_memory_outside_their_buffers(target: Target) -> None:
    for arguments in sampled_plans(200, seed=2):
        plan = target.plan(*arguments)
        check_in_guarded_memory(plan, compile_matmul(plan, target))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "arguments",
    [
        (128, 784, 512, False, False, FLOAT32),
        (784, 128, 500, True, False, FLOAT32),
        (100, 300, 390, False, True, FLOAT32),
        (129, 200, 70, True, True, FLOAT64),
    ],
    ids=str,
)
def test_a_product_of_many_panels_and_tasks_is_right(arguments: Any, target: Target) -> None:
    plan = target.plan(*arguments)
    check_in_guarded_memory(plan, compile_matmul(plan, target))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "shape, dtype",
    [((70, 700, 150), FLOAT32), ((131, 515, 133), FLOAT32), ((67, 4099, 130), FLOAT32), ((70, 9000, 80), FLOAT64)],
    ids=str,
)
def test_a_product_that_no_cache_holds_is_right_and_has_the_bits_of_one_that_does(
    shape: tuple[int, int, int], dtype: np.dtype[Any], target: Target
) -> None:
    """Right by float64 in guarded memory, the oracle; and an identity: blocks and copies only choose when."""
    for transpose_x, transpose_y in itertools.product([False, True], [False, True]):
        whole = replace(target.plan(*shape, transpose_x, transpose_y, dtype), cache_bytes=1 << 30)
        assert whole.left is None and whole.partial == 0
        plan = replace(whole, cache_bytes=1 << 12)
        assert plan.partial > 0 and plan.inner > plan.depth and plan.tasks > 1
        assert (plan.left is not None) == (transpose_x or plan.inner >= 4096)
        multiply, multiply_whole = compile_matmul(plan, target), compile_matmul(whole, target)
        check_in_guarded_memory(plan, multiply)
        for seed in (0, 1):  # the second in the memory of other sums would show what is left over
            order = np.random.default_rng(seed).permutation(plan.tasks).tolist()
            found = multiplied(plan, multiply, seed, order=order)
            assert found.tobytes() == multiplied(whole, multiply_whole, seed).tobytes()


@pytest.mark.parametrize("shape", [(300, 1100), (264, 1030), (1100, 260), (4, 70_000)], ids=str)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_panels_of_a_large_matrix_are_its_columns(shape: tuple[int, int], is_swapped: bool) -> None:
    """The oracle: NumPy's own reshape. They are copied in pieces of some rows, or of some panels."""
    for width, dtype in itertools.product((16, 24, 256, 300, 1030), (FLOAT32, FLOAT64)):
        panels = Panels(*shape, width, is_swapped, dtype)
        module = ir.Module()
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER] * 2 + [INDEX]), "pack")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        emit_pack(builder, panels, *function.args)
        builder.ret_void()
        pack = jit(module, {"pack": [ctypes.c_void_p] * 2 + [ctypes.c_int64]}, WIDEST)["pack"]
        values = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
        source, out = guarded(stored(values, is_swapped), False), guarded(np.full(panels.size, np.nan, dtype), False)
        for task in range(panels.tasks):
            pack(source.ctypes.data, out.ctypes.data, task)
        padded = np.pad(values, ((0, 0), (0, panels.count * width - shape[1])))
        assert np.array_equal(
            out.reshape(panels.count, shape[0], width), padded.reshape(shape[0], -1, width).swapaxes(0, 1)
        )


@pytest.mark.parametrize("inner", [4096, 4097, 300_000])
def test_the_error_of_a_long_sum_does_not_grow_with_its_length(inner: int) -> None:
    """The oracle: float64. Equal terms are the worst case: one chain of 300,000 of them is 0.3 % off."""
    plan = HOST.plan(9, inner, 20, False, False, FLOAT32)
    x, y = np.full((9, inner), 0.1, np.float32), np.full((inner, 20), 0.1, np.float32)
    out = np.empty((9, 20), np.float32)
    compile_matmul(plan, HOST)(x, y, out)
    terms = min(inner, 4096 + inner / 4096)
    np.testing.assert_allclose(out, inner * float(x[0, 0]) ** 2, rtol=terms * np.finfo(np.float32).eps / 2)


@pytest.mark.skipif(not (AVX2.is_here and AVX512.is_here), reason="needs a machine with AVX-512")
@pytest.mark.parametrize("arguments", [*sampled_plans(8, seed=3), (128, 300, 500, True, False, FLOAT32)], ids=str)
def test_bits_do_not_depend_on_registers_or_instructions(arguments: Any) -> None:
    results = {
        product(replace(AVX512.plan(*arguments), registers=registers, register_bytes=size), target).tobytes()
        for target, registers, size in ((AVX512, 32, 64), (AVX512, 16, 32), (AVX2, 16, 32), (AVX2, 32, 16))
    }
    assert len(results) == 1


def test_bits_do_not_depend_on_threads_or_the_order_of_tasks() -> None:
    plan = WIDEST.plan(100, 200, 390, False, True, FLOAT32)
    orders = [range(plan.tasks), range(plan.tasks)[::-1], np.random.default_rng(0).permutation(plan.tasks).tolist()]
    multiply = compile_matmul(plan, WIDEST)
    results = {multiplied(plan, multiply, threads=n, order=order).tobytes() for n in (1, 2, 4) for order in orders}
    assert len(results) == 1


@pytest.mark.parametrize("shape", [(9, 40, 21), (70, 33, 300), (1, 5, 1)])
def test_bits_do_not_depend_on_how_a_matrix_is_stored(shape: tuple[int, int, int]) -> None:
    flags = itertools.product([False, True], [False, True])
    results = {product(WIDEST.plan(*shape, tx, ty, FLOAT32), WIDEST).tobytes() for tx, ty in flags}
    assert len(results) == 1


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@pytest.mark.parametrize("columns", [1, 3, 16, 35])
def test_every_element_is_a_chain_of_fma_in_ascending_order(dtype: np.dtype[Any], columns: int) -> None:
    plan = WIDEST.plan(5, 9, columns, False, True, dtype)
    x, y = operands(plan)
    out = product(plan, WIDEST)
    for i, j in np.ndindex(out.shape):
        total = Fraction(0)
        for a, b in zip(x[i], y[:, j], strict=True):
            total = rounded(Fraction(float(a)) * Fraction(float(b)) + total, np.finfo(dtype).nmant + 1)
        assert Fraction(float(out[i, j])) == total


def rounded(value: Fraction, digits: int) -> Fraction:
    """Return the number of so many binary digits nearest to a value, ties to even; no overflow, no subnormals."""
    if value == 0:
        return value
    exponent = 0
    while abs(value) * Fraction(2) ** -exponent >= 2**digits:
        exponent += 1
    while abs(value) * Fraction(2) ** -exponent < 2 ** (digits - 1):
        exponent -= 1
    return round(value * Fraction(2) ** -exponent) * Fraction(2) ** exponent


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [(17, 3, 65), (100, 300, 390), (33, 9, 5), (1, 784, 512), (2, 2, 1)], ids=str)
def test_finish_is_called_once_for_every_element(shape: tuple[int, int, int], target: Target) -> None:
    plan = target.plan(*shape, False, False, FLOAT32)
    x, y = operands(plan)
    visits = np.zeros((plan.rows, plan.columns), plan.dtype)
    compile_matmul(plan, target, count_visits)(x, y, visits)
    assert np.all(visits == 1)


@pytest.mark.parametrize("transpose_y", [False, True])
@pytest.mark.parametrize("shape", [(40, 300, 50), (40, 3, 5), (64, 5, 3000), (100, 1200, 10)])
def test_panels_are_the_columns_of_y_padded_with_zeros(shape: tuple[int, int, int], transpose_y: bool) -> None:
    plan = WIDEST.plan(*shape, False, transpose_y, FLOAT32)
    x, y = operands(plan)
    scratch = scratch_of(plan)
    out = np.empty((plan.rows, plan.columns), plan.dtype)
    compile_matmul(plan, WIDEST)(x, stored(y, transpose_y), out, scratch=scratch)
    if plan.right is None:
        assert plan.is_direct
        return
    panels = scratch["right"]
    padded = np.pad(y, ((0, 0), (0, plan.panels * plan.panel - plan.columns)))
    expected = padded.reshape(plan.inner, plan.panels, plan.panel).swapaxes(0, 1)
    assert np.array_equal(panels.reshape(expected.shape), expected)


@pytest.mark.parametrize("target", TARGETS)
def test_infinity_and_nan_stay_in_their_rows_and_columns(target: Target) -> None:
    plan = target.plan(20, 50, 21, False, True, FLOAT32)
    x, y = np.ones((20, 50), np.float32), np.ones((50, 21), np.float32)
    x[3, 7], y[11, 20] = np.inf, np.nan
    expected = np.full((20, 21), 50, np.float32)  # 50 products of 1 and 1
    expected[3], expected[:, 20] = np.inf, np.nan
    out = np.empty_like(expected)
    compile_matmul(plan, target)(x, stored(y, True), out)
    assert np.array_equal(out, expected, equal_nan=True)


def test_an_empty_sum_is_zero() -> None:
    assert np.array_equal(product(WIDEST.plan(3, 0, 5, False, False, FLOAT32), WIDEST), np.zeros((3, 5)))
    assert np.array_equal(product(WIDEST.plan(40, 0, 50, True, True, FLOAT64), WIDEST), np.zeros((40, 50)))


@pytest.mark.parametrize("shape", [(0, 4, 3), (3, 4, 0), (0, 0, 0)])
def test_an_empty_product_has_no_tasks(shape: tuple[int, int, int]) -> None:
    plan = WIDEST.plan(*shape, False, True, FLOAT32)
    assert plan.tasks == plan.partial == 0 and plan.left is plan.right is None
    assert product(plan, WIDEST).size == 0


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
def test_lanes_behind_the_count_are_neither_read_nor_written(
    dtype: np.dtype[Any], is_known: bool, target: Target
) -> None:
    element = ir.FloatType() if dtype == FLOAT32 else ir.DoubleType()
    vector = ir.VectorType(element, 64 // dtype.itemsize)
    for count in range(vector.count + 1):
        module = ir.Module()
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER, INDEX]), "copy")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        source, out, number = function.args
        lanes = count if is_known else number
        value = load_lanes(builder, source, vector, lanes)
        store_lanes(builder, out, value, lanes)
        store_lanes(builder, builder.gep(out, [number], source_etype=element), value, vector.count)
        builder.ret_void()
        copy = jit(module, {"copy": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]}, target)["copy"]
        values = guarded(np.arange(1, count + 1, dtype=dtype), at_start=False)
        result = guarded(np.full(count + vector.count, np.nan, dtype), at_start=False)
        copy(values.ctypes.data, result.ctypes.data, count)
        assert result.tolist() == [*values, *values, *([0] * (vector.count - count))]


def test_a_large_product_has_enough_tasks_to_balance_four_threads() -> None:
    for target in (AVX512, AVX2):
        assert target.plan(128, 784, 512, False, False, FLOAT32).tasks >= 16
        assert target.plan(2, 2, 2, False, False, FLOAT32).tasks == 1


def test_a_tile_leaves_registers_for_a_row_of_y_and_a_number_of_x() -> None:
    # AVX2: (6 + 1) rows of 1 vector of 2 registers, and 1; AVX-512: (8 + 1) rows of 2 vectors, and 1.
    assert AVX2.plan(126, 784, 512, False, False, FLOAT32).tile == (6, 1)
    assert AVX512.plan(128, 784, 512, False, False, FLOAT32).tile == (8, 2)


@pytest.mark.parametrize("sizes, dtype", [((-1, 2, 3), FLOAT32), ((1, 2, 3), np.dtype("int32"))])
def test_a_plan_refuses_what_the_compiler_never_asks_for(sizes: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
    with pytest.raises(GraphError, match=r"matmul plan: sizes -?1, 2, 3 of .*; expected sizes >= 0 of float32 or"):
        Matmul(*sizes, False, False, dtype)


def test_tiles_of_a_large_product_that_is_quickly_computed_are_wide() -> None:
    """Right by float64, the oracle; and the bits are those of a product of each row alone."""
    shape = 600, 5, 700, True, False, FLOAT32
    rows, vectors = AVX512.plan(*shape).tile  # fewer registers, or shorter ones, leave less room
    assert rows <= 2 < vectors
    plan = WIDEST.plan(*shape)
    multiply = compile_matmul(plan, WIDEST)
    check_in_guarded_memory(plan, multiply)
    x, y = operands(plan)
    lines = [x[i : i + 1] for i in range(0, 600, 97)]
    small = WIDEST.plan(1, 5, 700, False, False, FLOAT32)
    out = np.empty((600, 700), np.float32)
    multiply(stored(x, True), y, out)
    multiply_row = compile_matmul(small, WIDEST)
    for number, line in enumerate(lines):
        row = np.empty((1, 700), np.float32)
        multiply_row(np.ascontiguousarray(line), y, row)
        assert row.tobytes() == out[97 * number].tobytes()


@pytest.mark.parametrize("target", TARGETS)
def test_a_large_product_of_few_turns_reads_its_right_side_where_it_lies(target: Target) -> None:
    """Right by float64, the oracle; the bits are those of a product of panels."""
    plan = target.plan(41, 30, 8001, True, False, FLOAT32)
    assert plan.inner * plan.columns * plan.dtype.itemsize > 1 << 15 and plan.right is None
    check_in_guarded_memory(plan, compile_matmul(plan, target))
    part = target.plan(41, 30, 1001, True, False, FLOAT32)
    assert part.right is not None  # C is not large
    x, y = operands(plan)
    whole, few = np.empty((41, 8001), np.float32), np.empty((41, 1001), np.float32)
    compile_matmul(plan, target)(stored(x, True), y, whole)
    compile_matmul(part, target)(stored(x, True), np.ascontiguousarray(y[:, -1001:]), few)
    assert whole[:, -1001:].tobytes() == few.tobytes()


@pytest.mark.parametrize("sizes", [(80, 41, 1 << 14), (80, 250, 15_910), (128, 64, 500)])
def test_a_right_side_that_would_not_stay_in_the_nearest_cache_is_copied(sizes: tuple[int, int, int]) -> None:
    assert AVX512.plan(*sizes, False, False, FLOAT32).right is not None
