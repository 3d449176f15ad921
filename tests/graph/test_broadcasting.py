"""Oracle: JAX in float64 on arrays of the sizes that are fed: values, gradients and a derivative of those."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.program import Program, specialise
from feedforward.graph.text import from_text, to_text

N, M = unknown("n"), unknown("m")

FITTING = [(1, 4), (4, 1), (4, 4), (1, 1), (0, 1), (1, 0), (0, 0)]

FUNCTIONS = {
    "both": (((N,), (M,)), lambda x, y, o: o.exp(x * y) + x),
    "matrix": (((N, 3), (M, 1)), lambda x, y, o: o.maximum(x, y) * x),
    "crossed": (((N, M), (M, N)), lambda x, y, o: x * y + y),
    "beside a number": (((N,), (4,)), lambda x, y, o: o.tanh(x + y) * x),
    "leading axes": (((2, N), (M,)), lambda x, y, o: x / (2.0 + y)),
    "choice": (((N,), (M,)), lambda x, y, o: o.where(x > y, x * y, y)),
    "products": (((N, 2, 3), (M, 3, 2)), lambda x, y, o: x @ y),
}


def shaped(shape, n, m):
    return tuple({N: n, M: m}.get(size, size) for size in shape)


def program_of(name):
    """Return a function of two arrays, its gradients, and what the first's sum changes with the second."""
    shapes, function = FUNCTIONS[name]
    x, y = (ops.placeholder(shape, "float64", label) for shape, label in zip(shapes, "xy", strict=True))
    z = function(x, y, ops)
    slopes = gradient((z * z).sum(), [x, y])
    mixed = gradient(slopes[0].sum(), [y])
    return Program((x, y), (), (z, *slopes, *mixed))


@pytest.mark.parametrize("sizes", FITTING)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_unknown_sizes_broadcast_as_known_ones_do(name, sizes):
    shapes, function = FUNCTIONS[name]
    if name == "beside a number" and sizes[0] == 0:
        pytest.skip("0 and 4 do not fit")
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.1, 1, shaped(shape, *sizes)) for shape in shapes)

    def total(x, y):
        return jnp.sum(function(x, y, jnp) ** 2)

    def by_jax(x, y):
        mixed = jax.grad(lambda y: jnp.sum(jax.grad(total)(x, y)))(y)
        return [function(x, y, jnp), *jax.grad(total, (0, 1))(x, y), mixed]

    wanted = jax.jit(by_jax)(x, y)  # compiled as one, and not once for each operation
    for kind in (Interpreter, Native):
        found = kind().compile(program_of(name)).run([x, y], [])[0]
        for mine, theirs in zip(found, wanted, strict=True):
            assert mine.shape == theirs.shape
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)  # some ten roundings of exp and products


@pytest.mark.parametrize("kind", [Interpreter, Native])
def test_sizes_that_do_not_fit_are_both_named(kind):
    message = (
        r"sizes m = 4 and n = 3 cannot be broadcast together, built at test_broadcasting\.py:\d+\. They must be equal, "
        r"or one of them 1: feed such arrays, or reshape one side\."
    )
    executable = kind().compile(program_of("both"))
    with pytest.raises(ShapeError, match=message):
        executable.run([np.ones(3), np.ones(4)], [])
    with pytest.raises(ShapeError, match=r"broadcast_to: \(3,\) cannot become \(4,\), built at test_broadcasting"):
        kind().compile(program_of("beside a number")).run([np.ones(3), np.ones(4)], [])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_text_of_such_a_program_is_read_again(name):
    program = program_of(name)
    assert from_text(to_text(program)).key == program.key
    shapes = [shaped(node.shape, 4, 4) for node in program.inputs]
    assert specialise(from_text(to_text(program)), shapes).key == specialise(program, shapes).key
