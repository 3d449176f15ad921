"""Oracle: an identity. Training gives the same bits for every number of threads and width of vectors, every time.

Kernels and products are cut into tasks so small that small networks have many of them.
"""

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass, replace

import llvmlite.binding as llvm
import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends import codes
from feedforward.backends import llvm as backend
from feedforward.backends.llvm import Native, host
from feedforward.compiler import matmul, schedule, work
from feedforward.compiler.loops import Multiply
from feedforward.compiler.work import work_of
from feedforward.nn.layer import Layer

L = ff.layers
AVX2 = replace(host(), cpu="x86-64-v3", features="", registers=16, register_bytes=32)


@pytest.fixture(autouse=True)
def _many_tasks(monkeypatch):
    """Code is cut into many tasks, and is kept for the tests of this file only."""
    monkeypatch.setattr(codes, "_slots", OrderedDict())  # so that no other test gets code of tiny tasks
    monkeypatch.setattr(codes, "read_code", lambda key: _kept.get((key, *_sizes())))
    monkeypatch.setattr(codes, "write_code", lambda key, code: _kept.update({(key, *_sizes()): code}))
    monkeypatch.setattr(backend, "_WORTH_THREADS", 0)
    monkeypatch.setattr(work, "_TASK_WORK", 200)
    monkeypatch.setattr(matmul, "_LEAST_TASK", 2000)
    monkeypatch.setattr(matmul, "_MOST_TASK", 2000)


_kept = {}
"""Code by its key and `_sizes`: most of the time here would be spent on making the same code again."""


def _sizes():
    """Return what the code depends on besides its key."""
    tasks = work._TASK_WORK, matmul._LEAST_TASK, matmul._MOST_TASK, schedule._MOST_TAKEN
    return *tasks, matmul._DIRECT_TILES, matmul._DIRECT_BYTES, matmul._LEAST_DEPTH


@dataclass(eq=False)
class BatchNorm(Layer):
    """Standardises each feature over the batch, keeps moving averages, scales and shifts."""

    def build(self, shape):
        for name, start in (("gamma", "ones"), ("beta", "zeros")):
            setattr(self, name, self.add_weight(name, (shape[-1],), start))
        self.average = self.add_weight("average", (shape[-1],), "zeros", trainable=False)

    def call(self, x, training):
        axes = tuple(range(x.ndim - 1))
        mean = ff.mean(x, axes)
        variance = ff.mean((x - mean) ** 2.0, axes)
        if training:
            self.average.assign(0.9 * self.average + 0.1 * mean)
        return self.gamma * (x - mean) / ff.sqrt(variance + 1e-3) + self.beta


@dataclass(eq=False)
class Convolution(Layer):
    """A convolution of 3 x 3 windows, from windows and a product."""

    filters: int = 4

    def build(self, shape):
        self.kernel = self.add_weight("kernel", (9 * shape[-1], self.filters), "glorot_uniform")

    def call(self, x, training):
        n, height, width, channels = x.node.shape
        w = ff.windows(x, [3, 3], [1, 1], axes=[1, 2], padding="same")
        w = ff.transpose(w, (0, 1, 2, 4, 5, 3))
        flat = ff.reshape(w, (n * height * width, 9 * channels))
        return ff.reshape(flat @ self.kernel, (n, height, width, self.filters))


def dropout_net():
    x = np.random.default_rng(0).integers(0, 256, (203, 60)).astype(np.uint8)
    layers = [L.Rescaling(1 / 255), L.Dense(50, activation="relu"), L.Dropout(0.3), L.Dense(33, activation="sigmoid")]
    return ff.Sequential([ff.Input((60,), dtype="uint8"), *layers, L.Dense(10, activation="softmax")]), x


def normalised_net():
    x = np.random.default_rng(1).normal(size=(203, 45)).astype(np.float32)
    layers = [L.Dense(75), BatchNorm(), L.Activation("tanh"), L.Dense(10, activation="softmax")]
    return ff.Sequential([ff.Input((45,)), *layers]), x


def convolution_net():
    x = np.random.default_rng(2).normal(size=(67, 9, 7, 2)).astype(np.float32)
    layers = [
        Convolution(5),
        BatchNorm(),
        L.Activation("swish"),
        Convolution(3),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    ]
    return ff.Sequential([ff.Input((9, 7, 2)), *layers]), x


def equal_net():
    """Layers that are alike, and so share their code."""
    x = np.random.default_rng(3).normal(size=(203, 40)).astype(np.float32)
    layers = [one for _ in range(4) for one in (L.Dense(40, activation="tanh"), L.Dropout(0.1))]
    return ff.Sequential([ff.Input((40,)), *layers, L.Dense(10, activation="softmax")]), x


NETS = {"equal": equal_net, "dropout": dropout_net, "normalised": normalised_net, "convolution": convolution_net}
SAMPLED = [pytest.param(name, marks=[] if name in ("equal", "convolution") else pytest.mark.slow) for name in NETS]
"""All networks, of which those whose kernels are least alike are a part of every run."""


def trained(name, threads, target, monkeypatch):
    """Return a hash of weights and losses after training, and the most tasks of a product and of another kernel."""
    monkeypatch.setattr(execution, "_backend", Native(threads, target))
    execution._executables.clear()
    codes._slots.clear()
    made = []
    original = codes.lay_out
    monkeypatch.setattr(codes, "lay_out", lambda program, target: made.append(original(program, target)) or made[-1])
    ff.set_seed(3)
    model, x = NETS[name]()
    y = np.random.default_rng(4).integers(0, 10, len(x))
    model.compile(ff.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    history = model.fit(x, y, epochs=3, batch_size=32, verbose=0)
    monkeypatch.setattr(codes, "lay_out", original)
    digest = hashlib.sha256()
    for weight in model.get_weights():
        assert np.isfinite(weight).all()
        digest.update(np.ascontiguousarray(weight).tobytes())
    digest.update(repr(history.history).encode())
    assert made, "nothing was compiled to machine code"
    kernels = [kernel for layout in made for kernel in layout.lowered.kernels]
    products = [kernel for kernel in kernels if any(isinstance(one, Multiply) for one in kernel.body)]
    most = [
        max(work_of(one).tasks for one in kernels if (one in products) == is_product) for is_product in (True, False)
    ]
    return digest.hexdigest(), most


@pytest.mark.parametrize("name", NETS)
def test_threads_vector_width_and_repetition_change_no_bit(name, monkeypatch):
    first, tasks = trained(name, 1, host(), monkeypatch)
    assert min(tasks) >= 8, "too few tasks for seven threads, of products and of other kernels"
    for threads in (1, 2, 3, 4, 7):
        assert trained(name, threads, host(), monkeypatch)[0] == first, f"{threads} threads"
    for threads in (1, 3):
        assert trained(name, threads, AVX2, monkeypatch)[0] == first, f"AVX2, {threads} threads"
    monkeypatch.setattr(codes, "read_code", lambda key: None)
    assert trained(name, 1, host(), monkeypatch)[0] == first, "compiled anew"


@pytest.mark.parametrize("name", SAMPLED)
def test_the_size_of_tasks_changes_no_bit(name, monkeypatch):
    first, tasks = trained(name, 2, host(), monkeypatch)
    for least in (800, 10**9):
        monkeypatch.setattr(work, "_TASK_WORK", least)
        monkeypatch.setattr(matmul, "_LEAST_TASK", least)
        monkeypatch.setattr(matmul, "_MOST_TASK", least)
        found, others = trained(name, 2, host(), monkeypatch)
        assert others != tasks
        assert found == first, f"tasks of {least} operations"


@pytest.mark.parametrize("name", SAMPLED)
def test_the_size_of_the_cache_changes_no_bit(name, monkeypatch):
    first, _ = trained(name, 1, host(), monkeypatch)
    for constant, value in (("_DIRECT_TILES", 1), ("_DIRECT_BYTES", 0), ("_LEAST_DEPTH", 8)):
        monkeypatch.setattr(matmul, constant, value)
    plans, original = [], codes.lay_out

    def lay_out(program, target):
        layout = original(program, target)
        plans.extend(one.plan for kernel in layout.lowered.kernels for one in kernel.body if isinstance(one, Multiply))
        return layout

    monkeypatch.setattr(codes, "lay_out", lay_out)
    for target, threads in ((host(), 1), (host(), 3), (AVX2, 2)):
        plans.clear()
        found, _ = trained(name, threads, replace(target, cache_bytes=1024), monkeypatch)
        assert any(plan.partial for plan in plans) and any(plan.left for plan in plans), "nothing was cut or copied"
        assert found == first, f"{target.cpu}, {threads} threads"


@pytest.mark.parametrize("name", SAMPLED)
def test_taking_several_tasks_at_a_time_changes_no_bit(name, monkeypatch):
    first, tasks = trained(name, 1, host(), monkeypatch)
    monkeypatch.setattr(schedule, "_MOST_TAKEN", 3)
    assert min(tasks) > 2 * schedule._MOST_TAKEN
    for threads in (1, 2, 3, 7):
        assert trained(name, threads, host(), monkeypatch)[0] == first, f"{threads} threads"


@pytest.mark.parametrize("name", SAMPLED)
def test_code_made_the_quick_way_changes_no_bit(name, monkeypatch):
    first, _ = trained(name, 1, host(), monkeypatch)
    made, kept, compiled = [], {}, codes.object_code
    monkeypatch.setattr(codes, "object_code", lambda *given: made.append(given[2]) or compiled(*given))
    monkeypatch.setattr(codes, "read_code", kept.get)
    monkeypatch.setattr(codes, "write_code", kept.__setitem__)
    monkeypatch.setattr(codes, "_WORTH", {"quick": math.inf, "full": math.inf})
    assert trained(name, 3, host(), monkeypatch)[0] == first, "quick"
    assert set(made) == {"quick"}
    made.clear()
    monkeypatch.setattr(codes, "_WORTH", {"quick": 1e-9, "plain": 1e-9, "full": math.inf})
    assert trained(name, 3, host(), monkeypatch)[0] == first, "quick from the disk, then better"
    assert set(made) == {"plain", "full"}
    trained(name, 3, host(), monkeypatch)  # what ran once by then is made better now
    made.clear()
    assert trained(name, 3, host(), monkeypatch)[0] == first, "better code from the disk"
    assert set(made) <= {"full"}  # what ran but once was not made with all effort


def test_no_multiplication_and_addition_is_fused_unasked():
    """a * b + c of numbers whose product needs more than 24 bits: fused, the rounding of the product would be gone."""
    from feedforward import ops
    from feedforward.graph.program import Program

    a, b, c = (ops.placeholder((64,), "float32", name) for name in "abc")
    rng = np.random.default_rng(5)
    arrays = [rng.uniform(-1, 1, 64).astype(np.float32) for _ in range(2)]
    arrays.append(-(arrays[0] * arrays[1]))
    for target in (host(), AVX2):
        (found,), _ = Native(1, target).compile(Program((a, b, c), (), (a * b + c,))).run(arrays, [])
        np.testing.assert_array_equal(found, np.zeros(64, np.float32))


def test_this_machine_can_run_both_widths():
    """Elsewhere the tests above compare less than they say."""
    features = llvm.get_host_cpu_features()
    if not features.get("avx512f"):
        pytest.skip("no AVX-512 here")
    assert host().registers == 32
