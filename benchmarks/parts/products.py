"""The matrix product as compiled programs compute it, on one thread and on all, against a measured peak and NumPy."""

from __future__ import annotations

import ctypes
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

import feedforward as ff
from benchmarks.machine import THREADS
from benchmarks.networks import Array
from benchmarks.page import table
from benchmarks.parts import Settings
from feedforward.backends.llvm import Native
from feedforward.tracing import trace

_TURN_SECONDS = 0.003
"""So short that most turns see no other process; `_TURNS` of them a round."""
_TURNS = 9

_WARM_SECONDS = 1.0
"""Until the code is the best there is, and its number of threads the quicker one."""

_LOOP_SECONDS = 0.1
"""About what a loop takes in training."""

_REST_SECONDS = 0.005

_CHAINS, _LANES = 12, 16
"""Independent sums: an fma takes 4 cycles, and two may begin in each."""

_INDEX, _POINTER, _VOID = ir.IntType(64), ir.PointerType(), ir.VoidType()

_PRODUCTS = {
    # name: rows, inner, columns, whether X and Y lie transposed
    "128x784 @ 784x512": (128, 784, 512, False, False),
    "128x784^T @ 128x512": (784, 128, 512, True, False),
    "128x512 @ 784x512^T": (128, 512, 784, False, True),
    "128x512 @ 512x512": (128, 512, 512, False, False),
    "128x512^T @ 128x512": (512, 128, 512, True, False),
    "128x512 @ 512x512^T": (128, 512, 512, False, True),
    "100x784 @ 784x10": (100, 784, 10, False, False),
    "100x784^T @ 100x10": (784, 100, 10, True, False),
    "32x64 @ 64x64": (32, 64, 64, False, False),
    "1024x1024 @ 1024x1024": (1024, 1024, 1024, False, False),
}
"""A network's products: forward, the kernel's gradient (X^T G), the gradient of a layer's input (G W^T)."""


def measure(settings: Settings) -> dict[str, Any]:
    """Return GFLOP/s of each turn by threads and product: the peak, our product, NumPy's, one after another."""
    peak = _peak()
    raw: dict[str, Any] = {}
    for threads in (1, THREADS):
        raw[str(threads)] = {}
        for name, (rows, inner, columns, transpose_x, transpose_y) in _PRODUCTS.items():
            random = np.random.default_rng(0)
            x = random.standard_normal((inner, rows) if transpose_x else (rows, inner), np.float32)
            y = random.standard_normal((columns, inner) if transpose_y else (inner, columns), np.float32)
            left, right = x.T if transpose_x else x, y.T if transpose_y else y
            ours, theirs = _ours(x, y, transpose_x, transpose_y, threads), _numpy(left, right)
            work = 2.0 * rows * inner * columns
            timed = {
                "peak": (_on_threads(peak, threads), 2.0 * _CHAINS * _LANES * _PEAK_TURNS * threads),
                "ours": (ours, work),
                "numpy": (theirs, work),
            }
            rates: dict[str, list[float]] = {key: [] for key in timed}
            counts = {}
            with _numpy_threads(threads):
                for key, (function, _) in timed.items():
                    _rest()
                    counts[key] = _count(function)
                for _ in range(settings.rounds * _TURNS):
                    for key, (function, operations) in timed.items():
                        _rest()
                        function(1)  # wakes its threads, and fetches its operands into the caches
                        # What is paid once a call, such as copying variables in and out, is no part of a product.
                        once = _seconds(function, 1)
                        seconds = _seconds(function, 1 + counts[key]) - once
                        rates[key].append(float(f"{operations * counts[key] / max(seconds, 1e-9) / 1e9:.4g}"))
            raw[str(threads)][name] = rates
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our rate over the peak, the median of the turns, by ``product:threads``."""
    return {
        f"{name}:{threads}": _fraction(rates, "ours")
        for threads, products in raw.items()
        for name, rates in products.items()
    }


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    text = (
        "GFLOP/s, medians over the turns; copying operands into panels, and handing out tasks, are in the time. The "
        f"peak is that of {_CHAINS} independent chains of fused multiply-adds in the registers of each thread, "
        "measured beside it. X^T says that X lies transposed."
    )
    lines = ["## Matrix products", "", text]
    for threads, products in raw.items():
        rows = [
            [
                name,
                *(f"{statistics.median(rates[key]):.1f}" for key in ("ours", "numpy", "peak")),
                f"{_fraction(rates, 'ours'):.3f}",
                f"{_fraction(rates, 'numpy'):.3f}",
            ]
            for name, rates in products.items()
        ]
        head = [f"product, threads: {threads}", "ours", "NumPy", "peak", "ours / peak", "NumPy / peak"]
        lines += ["", table(head, rows)]
    return "\n".join(lines)


def _fraction(rates: dict[str, list[float]], key: str) -> float:
    return statistics.median(a / b for a, b in zip(rates[key], rates["peak"], strict=True))


def _numpy_threads(threads: int) -> Any:
    """Return a context in which NumPy's product has so many threads."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(threads)


def _numpy(left: Array, right: Array) -> Callable[[int], object]:
    """Return a function that lets NumPy compute a product so many times."""
    out = np.empty((left.shape[0], right.shape[1]), np.float32)

    def multiply(times: int) -> None:
        for _ in range(times):
            np.matmul(left, right, out=out)

    return multiply


def _ours(x: Array, y: Array, transpose_x: bool, transpose_y: bool, threads: int) -> Callable[[int], object]:
    """Return a function that computes a product so many times, into temporary memory as a network's step does.

    The program's output is one element of it, so that the product is all there is to do. A variable would get each
    product beside the last one, and the caches would have to hold two.
    """
    left, right = ff.Variable(x, name="left"), ff.Variable(y, name="right")

    def step(row: ff.Tensor) -> list[ff.Tensor]:
        product = (ff.transpose(left) if transpose_x else left) @ (ff.transpose(right) if transpose_y else right)
        return [product[-1, -1]]

    traced = trace(step, [ff.Input((1,))])
    executable = Native(threads=threads).compile(traced.program)
    row, values = np.zeros((1, 1), np.float32), [variable.numpy() for variable in traced.variables]

    def multiply(times: int) -> float:
        loop = executable.loop(values)
        loop.run([row], np.zeros(times, np.int64), 1)
        return float(loop.totals[0])

    expected = (x[:, -1] if transpose_x else x[-1]) @ (y[-1] if transpose_y else y[:, -1])
    np.testing.assert_allclose(multiply(1), expected, atol=1e-3)
    _rest()
    times, started = 1, time.perf_counter()
    while time.perf_counter() - started < _WARM_SECONDS:
        if _seconds(multiply, times) < _LOOP_SECONDS / 2:
            times *= 2
    return multiply


def _on_threads(function: Callable[[int], object], threads: int) -> Callable[[int], object]:
    """Return a function that runs another in so many threads at once."""
    if threads == 1:
        return function

    def run(times: int) -> None:
        helpers = [threading.Thread(target=function, args=(times,)) for _ in range(threads - 1)]
        for helper in helpers:
            helper.start()
        function(times)
        for helper in helpers:
            helper.join()

    return run


def _count(function: Callable[[int], object]) -> int:
    """Return how many calls take a turn's time."""
    count = 1
    while (seconds := min(_seconds(function, count) for _ in range(3))) < _TURN_SECONDS / 4:
        count *= 2
    return max(1, round(count * _TURN_SECONDS / seconds))


def _rest() -> None:
    """Sleep until no thread of this process works: NumPy's spin for some ms after a product, on a processor of ours."""
    is_busy = True
    while is_busy:
        before = time.process_time()
        time.sleep(_REST_SECONDS)
        is_busy = time.process_time() - before > _REST_SECONDS / 10


def _seconds(function: Callable[[int], object], times: int) -> float:
    started = time.perf_counter()
    function(times)
    return time.perf_counter() - started


_PEAK_TURNS = 1000


def _peak() -> Callable[[int], object]:
    """Return a function that runs chains of fused multiply-adds, `_PEAK_TURNS` of each chain a time."""
    vector = ir.VectorType(ir.FloatType(), _LANES)
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(_VOID, [_POINTER, _INDEX]), "run")
    fma = ir.Function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{_LANES}f32")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    out, times = function.args
    turns = builder.mul(times, ir.Constant(_INDEX, _PEAK_TURNS))
    factor, summand = (
        builder.load(builder.gep(out, [ir.Constant(_INDEX, n)], source_etype=vector), typ=vector) for n in range(2)
    )
    entry, body, end = builder.block, function.append_basic_block("body"), function.append_basic_block("end")
    builder.branch(body)
    builder.position_at_end(body)
    turn = builder.phi(_INDEX)
    sums = [builder.phi(vector) for _ in range(_CHAINS)]
    after = builder.add(turn, ir.Constant(_INDEX, 1))
    turn.add_incoming(ir.Constant(_INDEX, 0), entry)
    turn.add_incoming(after, body)
    for chain in sums:
        chain.add_incoming(summand, entry)
        chain.add_incoming(builder.call(fma, [chain, factor, summand]), body)
    results = [chain.incomings[1][0] for chain in sums]
    builder.cbranch(builder.icmp_unsigned("<", after, turns), body, end)
    builder.position_at_end(end)
    for number, result in enumerate(results):
        builder.store(result, builder.gep(out, [ir.Constant(_INDEX, number)], source_etype=vector))
    builder.ret_void()
    return _jit(module)


def _jit(module: ir.Module) -> Callable[[int], object]:
    """Compile a module, and return its function ``run`` on numbers of its own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("run"))

    def run(times: int, _alive: Any = engine) -> None:
        memory = np.full((_CHAINS + 1) * _LANES, 0.5, np.float32)  # x * 0.5 + 0.5 stays between 0.5 and 1
        start = -memory.ctypes.data % (4 * _LANES) // 4
        function(memory[start:].ctypes.data, times)

    return run
