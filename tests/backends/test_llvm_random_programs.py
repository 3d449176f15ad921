"""Oracle: the interpreter. Thousands of random programs, their values and gradients, in float32 and float64.

Many random programs are compiled as one, so that LLVM is started once for them; a failure names the seed of its
program. Small shapes cover the most structure; wide ones have loops in lanes with something left over. In every fourth
group each access of a kernel is checked to lie in its buffer; in others the inputs are variables that go down the
gradient. In a loop, where new values are written over old ones, the oracle is as many single runs, where they are not.
"""

import ctypes
import functools
import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward.backends.llvm as backend
from feedforward import ops
from feedforward.backends import codes
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.compiler import work
from feedforward.compiler.assemble import emit_module
from feedforward.compiler.loops import For, Kernel, Store, Var, load, var
from feedforward.compiler.simplify import simplify
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.program import Program, substitute
from feedforward.graph.verify import verify
from looping import looped
from random_programs import RandomProgram

GROUP = 20
"""Random programs in one compiled program."""

AMPLIFICATION = 1e3
"""The most by which later steps are taken to enlarge a rounding; see tests/graph/test_random_programs.py."""

SIZES = [(3, 2), (3, 2), (3, 2), (17, 2), (16, 5), (33, 3), (19, 18)]


RATE = 0.01
"""How far variables go down the gradient."""


@pytest.fixture(autouse=True)
def _many_tasks(monkeypatch):
    """Code is made anew, and is cut into many tasks, of which three threads take their share."""
    monkeypatch.setattr(codes, "_slots", OrderedDict())  # so that no other test gets code of tiny tasks
    monkeypatch.setattr(codes, "read_code", lambda key: None)
    monkeypatch.setattr(codes, "write_code", lambda key, code: None)
    monkeypatch.setattr(backend, "_WORTH_THREADS", 2000)
    monkeypatch.setattr(work, "_TASK_WORK", 100)


def status_of(executable):
    """Return the number of a kernel that touched what it must not, and the index; zeros when all is well."""
    ((_, code),) = executable._specialised.items()
    address = code.compiled.native.engine.get_global_value_address("status")
    return list((ctypes.c_int64 * 2).from_address(address))


@dataclass(frozen=True)
class Case:
    """A random program: its seed, its value and gradients, and what it is fed."""

    seed: int
    program: Program
    arrays: list


def case_of(seed, sizes, dtype, is_training):
    """Return a random program; `is_training` makes its inputs variables, which go down the gradient."""
    random = RandomProgram(seed, sizes)
    inputs, loss = random.nodes(dtype)
    parts = [zeros_like(x) if part is None else part for x, part in zip(inputs, gradient(loss, inputs), strict=True)]
    program = Program(tuple(inputs), (), (loss, *parts))
    if is_training:
        variables = {x: ops.variable(x.shape, dtype, f"v{i}") for i, x in enumerate(inputs)}
        outputs = substitute(program, variables).outputs
        updates = tuple((v, v - RATE * part) for v, part in zip(variables.values(), outputs[1:], strict=True))
        program = Program((), tuple(variables.values()), outputs[:1], updates)
    return Case(seed, verify(program), [x.astype(dtype) for x in random.inputs])


def joined(cases):
    """Return random programs as one."""
    return Program(*(tuple(x for case in cases for x in getattr(case.program, ends)) for ends in ENDS))


def compare(seeds, sizes, dtype, is_checked, is_training, effort):
    """Compare programs, compiled as one, with the interpreter, which runs each alone."""
    cases = [case_of(seed, sizes, dtype, is_training) for seed in seeds]
    joint = joined(cases)
    label = f"seeds {seeds}, sizes {sizes}, {dtype}, checked {is_checked}, training {is_training}, effort {effort}"
    arrays = [x for case in cases for x in case.arrays]
    fed = ([], arrays) if is_training else (arrays, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "emit_module", functools.partial(emit_module, is_checked=is_checked))
        patch.setattr(codes, "_WORTH", {effort: math.inf})
        codes._slots.clear()
        executable = Native(threads=3).compile(joint)
        outputs, variables = (iter(values) for values in executable.run(*fed))
    (code,) = executable._specialised.values()
    assert isinstance(code, backend._Code), f"{label}: left to the interpreter"
    if is_checked:
        assert status_of(executable) == [0, 0], f"{label}: a kernel left its buffer"
    again = [iter(values) for values in executable.run(*fed)]
    for case in cases:
        largest = [1.0]
        fed = ([], case.arrays) if is_training else (case.arrays, [])
        wanted, new = (
            Interpreter()
            .compile(case.program)
            .run(*fed, lambda node, x, largest=largest: largest.append(float(np.max(np.abs(x), initial=0.0))))
        )
        tolerance = AMPLIFICATION * len(case.program.nodes) * np.finfo(dtype).eps * max(largest)
        for place, theirs in enumerate([*wanted, *new]):
            is_update = place >= len(wanted)
            mine, later = next(variables if is_update else outputs), next(again[is_update])
            where = f"{label}: seed {case.seed}, result {place}"
            assert mine.shape == theirs.shape, where
            assert mine.dtype == theirs.dtype, where
            assert mine.tobytes() == later.tobytes(), f"{where}: a second run gives other bits"
            # the loss meets no slopes but those of the forward steps; updates are a small part of the gradient
            bound = tolerance * (0.03 if place == 0 or is_training else 1.0)
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=bound, err_msg=where)


ENDS = "inputs", "variables", "outputs", "updates"


@pytest.mark.parametrize(("shift", "found"), [(0, [0, 0]), (1, [1, 5])])
def test_an_element_behind_a_buffer_is_noticed(shift, found, monkeypatch):
    """Without this the check of the other programs might check nothing."""
    x = ops.placeholder((5,), "float32", "x")
    program = Program((x,), (), (x + 1.0,))
    original = codes.lay_out

    def with_own_kernel(program, target):
        layout = original(program, target)
        buffers = layout.lowered.buffers
        i = Var("i", 5)
        store = Store(buffers[program.outputs[0]], var(i), load(buffers[program.inputs[0]], var(i) + shift))
        layout.lowered.kernels[:] = [Kernel("by hand", (For(i, (store,)),))]
        return layout

    monkeypatch.setattr(codes, "lay_out", with_own_kernel)
    monkeypatch.setattr(codes, "emit_module", functools.partial(emit_module, is_checked=True))
    executable = Native(threads=1).compile(program)
    executable.run([np.arange(5, dtype=np.float32)], [])
    assert status_of(executable) == found


@pytest.mark.parametrize("is_checked", [False, True])
def test_no_address_goes_through_an_integer(is_checked):
    """LLVM 22 miscompiles such arithmetic (numba #10695)."""
    program = simplify(joined([case_of(seed, SIZES[0], "float32", True) for seed in range(GROUP)]))
    text = str(emit_module(codes.lay_out(program, backend.host()), is_checked=is_checked))
    assert "getelementptr" in text
    assert "inttoptr" not in text
    assert "ptrtoint" not in text


def groups(first, count):
    """Yield the arguments of `compare` for `count` programs."""
    for start in range(first, first + count, GROUP):
        turn = start // GROUP
        seeds = range(start, min(start + GROUP, first + count))
        dtype = ("float32", "float64")[turn % 2]
        effort = ("full", "quick", "plain")[turn % 3]
        yield seeds, SIZES[turn % len(SIZES)], dtype, turn // 2 % 4 == 0, turn // 8 % 2 == 0, effort


CHUNK = 240


@pytest.mark.parametrize("chunk", range(4))
def test_random_programs_agree_with_the_interpreter(chunk):
    for group in groups(chunk * CHUNK, CHUNK):
        compare(*group)


@pytest.mark.parametrize(
    ("sizes", "dtype"),
    [
        ((3, 2), "float32"),
        ((33, 3), "float64"),
        ((19, 18), "float32"),
        pytest.param((3, 2), "float64", marks=pytest.mark.slow),
        pytest.param((33, 3), "float32", marks=pytest.mark.slow),
        pytest.param((19, 18), "float64", marks=pytest.mark.slow),
    ],
)
def test_a_loop_that_writes_over_old_values_has_the_bits_of_single_runs(sizes, dtype):
    cases = [case_of(seed, sizes, dtype, True) for seed in range(1000, 1000 + GROUP)]
    start = [x for case in cases for x in case.arrays]
    executable = Native(threads=3).compile(joined(cases))
    wanted, sums = start, [np.zeros(()) for _ in cases]
    for _ in range(3):
        outputs, wanted = executable.run([], wanted)
        sums = [total + output for total, output in zip(sums, outputs, strict=True)]
    totals, found = looped(executable, [], np.zeros(3, np.int64), 1, start)
    assert any(code.layout.moves for code in executable._specialised.values())
    for mine, theirs in zip([*totals, *found], [*sums, *wanted], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(4, 438))
def test_a_hundred_thousand_further_random_programs_agree_with_the_interpreter(chunk):
    for group in groups(chunk * CHUNK, CHUNK):
        compare(*group)
