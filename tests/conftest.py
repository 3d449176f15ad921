"""What test files share: JAX in 64 bits, running a graph, a backend that counts, derivatives by central differences."""

import collections
import gc
import signal
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.graph.program import Program

# Started in the background by a shell, a process ignores SIGINT, and its children inherit that. Tests send it to both.
signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path.insert(0, str(Path(__file__).parent))  # for random_programs, which two test files share

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_disable_most_optimizations", True)  # most of what JAX compiles here runs once

EPSILON = np.finfo(np.float64).eps
STEP = 1e-5
"""Step of a central difference: what is cut off is STEP**2 / 6 times the third derivative, what is rounded off
EPSILON / STEP times the value; both are near 1e-11."""


def pytest_collection_finish():
    """Let the garbage collector pass over what was imported and collected: it stays, and is a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def run():
    """Return a function that computes nodes from the values of placeholders and variables: run(nodes, {x: array})."""

    def run_nodes(nodes, feeds=()):
        feeds = dict(feeds)
        inputs = tuple(node for node in feeds if node.op.name == "placeholder")
        variables = tuple(node for node in feeds if node.op.name == "variable")
        program = Program(inputs, variables, tuple(nodes))
        outputs, _ = Interpreter().compile(program).run([feeds[x] for x in inputs], [feeds[x] for x in variables])
        return outputs

    return run_nodes


class CountingBackend:
    """The interpreter, with counts of what was compiled and run, and the outputs of each run."""

    def __init__(self):
        self.compiled = 0
        self.runs = []

    def compile(self, program):
        self.compiled += 1
        executable = Interpreter().compile(program)
        backend = self

        class Counted:
            def run(self, inputs, variables):
                backend.runs.append(len(program.outputs))
                return executable.run(inputs, variables)

        return Counted()


@pytest.fixture
def backend(monkeypatch):
    """A backend that counts, and an empty cache."""
    counting = CountingBackend()
    monkeypatch.setattr(execution, "_backend", counting)
    monkeypatch.setattr(execution, "_executables", collections.OrderedDict())
    return counting


@pytest.fixture
def central_difference():
    """Return a function that gives the derivative of a scalar function along a direction, and its tolerance."""

    def derivative(function, arrays, direction, scale):
        """Differentiate `function`, whose terms have absolute values that add up to `scale`.

        The tolerance is the difference between steps of one and two lengths, three times what is cut off, and 64
        roundings of `scale`, for the handful of operations in a row and the sums over at most some hundred terms.
        """

        def along(step):
            ahead = function([x + step * d for x, d in zip(arrays, direction, strict=True)])
            behind = function([x - step * d for x, d in zip(arrays, direction, strict=True)])
            return (ahead - behind) / (2 * step)

        once, twice = along(STEP), along(2 * STEP)
        tolerance = abs(twice - once) + 64 * EPSILON * (scale + 1) / STEP
        assert tolerance < 1e-5 * (1 + scale), "the function bends too much here, or has a kink"
        return once, tolerance

    return derivative
