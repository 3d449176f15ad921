"""Oracle: a list written by hand. All operations but those become machine code, whatever their sample and dtype.

Where a program is left to the interpreter, a comparison with the interpreter compares it with itself.
"""

import numpy as np
import pytest

import feedforward.backends.llvm as backend
from feedforward import ops
from feedforward.backends.chain import Chain
from feedforward.backends.llvm import Native, host
from feedforward.compiler.lower import NotLowered, lower
from feedforward.compiler.simplify import simplify
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program, specialise

LEFT = {"permutation", "truncated_normal"}
"""They are run before a training or between its epochs, never in a step."""

COMPUTED = [op for op in OPS.values() if op.kind != "state"]


def program_of(op, sample, dtype):
    """Return a program of one operation on placeholders like a sample's inputs."""
    kinds = [dtype if domain.dtype == "float" else domain.dtype for domain in sample.inputs]
    inputs = [
        ops.placeholder(x.shape, kind, f"x{i}") for i, (x, kind) in enumerate(zip(sample.inputs, kinds, strict=True))
    ]
    return Program(tuple(inputs), (), (build(op, tuple(inputs), sample.attrs),))


def is_left(program):
    shapes = [node.shape for node in program.inputs]
    try:
        lower(simplify(specialise(program, shapes)), host())
    except NotLowered:
        return True
    return False


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_only_two_operations_are_left_to_the_interpreter(dtype):
    samples = [(op, sample) for op in COMPUTED for sample in op.samples()]
    assert {op.name for op, _ in samples} == {op.name for op in COMPUTED}
    assert {op.name for op, sample in samples if is_left(program_of(op, sample, dtype))} == LEFT


@pytest.mark.parametrize("name", ["permutation", "truncated_normal", "random_uniform"])
def test_what_is_left_is_run_by_the_interpreter(name):
    sample = OPS[name].samples()[0]
    code = Native().compile(program_of(OPS[name], sample, "float32"))
    arrays = [np.ones(domain.shape, domain.dtype if domain.dtype != "float" else "float32") for domain in sample.inputs]
    code.run(arrays, [])
    (found,) = code._specialised.values()
    assert isinstance(found, Chain if name in LEFT else backend._Code)
