"""Oracle: JAX in float64. Random programs, by thousands where marked slow, are built with our operations and jax.numpy.

Each program's value and gradients are compared, each is legal, and each survives the way through text. A program is a
function of its seed alone, so a failure is had again with ``check(seed, True)``.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from feedforward.backends.interpreter import Interpreter
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import reachable
from feedforward.graph.op import OPS
from feedforward.graph.program import Program
from feedforward.graph.text import from_text, to_text
from feedforward.graph.verify import verify
from random_programs import RandomProgram

AMPLIFICATION = 1e3
"""The most by which later steps are taken to enlarge a rounding; each value is below `LARGEST`, each divisor above
1/2, and a program has at most ten steps."""


def run(program, arrays):
    """Return the outputs, and the largest absolute value of any node."""
    sizes = [1.0]
    compiled = Interpreter().compile(program)
    outputs, _ = compiled.run(arrays, [], lambda node, x: sizes.append(float(np.max(np.abs(x), initial=0.0))))
    return outputs, max(sizes)


def check(seed, is_whole):
    """Compare one program with JAX, its text with itself, and, of every fourth, its value in float32 too.

    JAX compiles it as one where `is_whole`, which takes 80 ms; else each operation alone, but only once a shape, which
    is quicker for thousands of programs.
    """
    is_narrow = seed % 4 == 0
    random = RandomProgram(seed)
    inputs, loss = random.nodes("float64")
    parts = [zeros_like(x) if part is None else part for x, part in zip(inputs, gradient(loss, inputs), strict=True)]
    program = verify(Program(tuple(inputs), (), (loss, *parts)))
    text = to_text(program)
    try:
        found, largest = run(program, random.inputs)
        by_jax = jax.value_and_grad(random.jax_loss, tuple(range(len(inputs))))
        expected, theirs = (jax.jit(by_jax) if is_whole else by_jax)(*map(jnp.asarray, random.inputs))
        tolerance = AMPLIFICATION * len(program.nodes) * np.finfo(np.float64).eps * largest
        for mine, other in zip(found, [expected, *theirs], strict=True):
            assert mine.shape == other.shape
            np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)

        again = from_text(text)
        assert to_text(again) == text
        for first, second in zip(found, run(again, random.inputs)[0], strict=True):
            assert first.tobytes() == second.tobytes()

        if is_narrow:
            narrow_inputs, narrow_loss = random.nodes("float32")
            program = verify(Program(tuple(narrow_inputs), (), (narrow_loss,)))
            (narrow,), largest = run(program, [x.astype(np.float32) for x in random.inputs])
            # without the gradient's steps, and without their amplification: values meet slopes below 30
            tolerance = 30 * len(program.nodes) * np.finfo(np.float32).eps * largest
            assert narrow.dtype == np.float32
            np.testing.assert_allclose(narrow, expected, rtol=0, atol=tolerance)
    except Exception:
        print(f"seed {seed}\n{text}")
        raise


CHUNK = 100


@pytest.mark.parametrize("chunk", range(3))
def test_random_programs_agree_with_jax(chunk):
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check(seed, is_whole=True)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(3, 220))
def test_twenty_thousand_further_random_programs_agree_with_jax(chunk):
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        check(seed, is_whole=False)


def test_random_programs_use_most_operations():
    """The generator would be no test of an operation that it never draws."""
    drawn = set()
    for seed in range(300):
        _, loss = RandomProgram(seed).nodes("float64")
        drawn |= {node.op.name for node in reachable([loss])}
    state = {"size", "variable", "random_bits", "random_uniform", "truncated_normal", "permutation"}
    adjoints = {"overlap_add", "scatter_along_axis"}
    steps = {"floor_divide", "remainder"}  # a rounding decides where they step; see tests/ops/test_elementwise.py
    stacked = {"matmul_beside"}  # of many models alone; see tests/training/test_many.py
    assert set(OPS) - drawn <= state | adjoints | steps | stacked
