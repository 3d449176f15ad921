"""Oracle: JAX's convolutions and derivatives in float64, the interpreter; identities of bits; sizes of buffers."""

import itertools
import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native, host
from feedforward.compiler.loops import Multiply
from feedforward.compiler.lower import lower
from feedforward.compiler.memory import touched
from feedforward.compiler.simplify import simplify
from feedforward.graph.gradient import gradient
from feedforward.graph.node import build
from feedforward.graph.op import OPS
from feedforward.graph.program import Program

AVX2 = replace(host(), cpu="x86-64-v3", features="", registers=16, register_bytes=32)


def convolved(x, kernel, strides=(1, 1), padding="valid", dilation=(1, 1), is_channel_first=False):
    """Return images (n, height, width, c) seen through windows, times a kernel (rows, columns, c, filters)."""
    rows, columns, channels, filters = kernel.shape
    spread = [(size - 1) * step + 1 for size, step in zip((rows, columns), dilation, strict=True)]
    seen = ops.windows(x, spread, strides, axes=(1, 2), padding=padding)  # n, h, w, c, rows, columns
    seen = seen[:, :, :, :, :: dilation[0], :: dilation[1]]
    if is_channel_first:
        flat = seen.reshape((*seen.shape[:3], channels * rows * columns))
        return flat @ kernel.transpose(2, 0, 1, 3).reshape((channels * rows * columns, filters))
    flat = seen.transpose(0, 1, 2, 4, 5, 3).reshape((*seen.shape[:3], rows * columns * channels))
    return flat @ kernel.reshape((rows * columns * channels, filters))


def parts(shape, kernel_shape, dtype="float64", **settings):
    """Return the program of a convolution and its two gradients, and arrays for it."""
    rng = np.random.default_rng(math.prod(shape) + math.prod(kernel_shape))
    x, kernel = ops.placeholder(shape, dtype, "x"), ops.placeholder(kernel_shape, dtype, "kernel")
    y = convolved(x, kernel, **settings)
    g = ops.placeholder(y.shape, dtype, "g")
    inputs = (x, kernel, g)
    program = Program(inputs, (), (y, *gradient(y, [x, kernel], g)))
    return program, [rng.normal(size=node.shape).astype(dtype) for node in inputs]


def jax_s(arrays, strides=(1, 1), padding="valid", dilation=(1, 1), is_channel_first=False):
    x, kernel, g = (jnp.asarray(array, "float64") for array in arrays)

    def theirs(x, kernel):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            x, kernel, strides, padding.upper(), rhs_dilation=dilation, dimension_numbers=numbers
        )

    y, pull = jax.vjp(theirs, x, kernel)
    return [y, *pull(g)]


def close(found, wanted, terms):
    """Compare sums of so many products of normal numbers: roundings of random sign, 8 for the largest of many."""
    tolerance = 8 * np.sqrt(terms) * np.finfo(found.dtype).eps * max(1.0, float(np.abs(wanted).max(initial=0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


CASES = [
    *(
        ((2, 7, 6, channels), (size, size, channels, filters), {"strides": (stride, stride), "padding": padding})
        for (size, stride), (channels, filters, padding) in itertools.product(
            ((1, 2), (2, 1), (3, 1), (3, 2), (5, 2)), ((1, 6, "valid"), (3, 4, "same"))
        )
    ),
    ((1, 9, 8, 2), (3, 2, 2, 5), {"strides": (2, 1), "padding": "same"}),
    ((1, 9, 8, 2), (2, 3, 2, 5), {"strides": (1, 3), "padding": "valid", "is_channel_first": True}),
    ((3, 8, 8, 2), (4, 4, 2, 7), {"strides": (2, 2), "padding": "same", "is_channel_first": True}),
    ((1, 9, 9, 2), (3, 3, 2, 4), {"dilation": (2, 2)}),
    ((1, 9, 9, 2), (3, 2, 2, 4), {"dilation": (2, 3), "padding": "same", "strides": (2, 1)}),
    ((1, 5, 5, 1), (5, 5, 1, 1), {}),
    ((2, 1, 6, 3), (1, 3, 3, 4), {"padding": "same"}),
    ((1, 28, 28, 17), (5, 5, 17, 49), {"padding": "same", "strides": (2, 2)}),
    ((3, 14, 14, 6), (5, 5, 6, 16), {}),
    ((2, 10, 10, 8), (3, 3, 8, 8), {"padding": "same"}),
]


@pytest.mark.parametrize(
    ("shape", "kernel_shape", "settings", "dtype"),
    [
        pytest.param(*case, dtype, marks=pytest.mark.slow if (number + place) % 2 else [])
        for number, case in enumerate(CASES)
        for place, dtype in enumerate(("float32", "float64"))
    ],
    ids=str,
)
def test_a_convolution_and_its_gradients_are_jax_s_for_any_number_of_threads(shape, kernel_shape, settings, dtype):
    program, arrays = parts(shape, kernel_shape, dtype, **settings)
    found = Native(threads=1).compile(program).run(arrays, [])[0]
    terms = max(math.prod(kernel_shape[:3]), math.prod(shape[:3]), math.prod(kernel_shape[:2]) * kernel_shape[3])
    for mine, theirs in zip(found, jax_s(arrays, **settings), strict=True):
        close(mine, np.asarray(theirs), terms)
    for mine, theirs in zip(found, Interpreter().compile(program).run(arrays, [])[0], strict=True):
        close(mine, theirs, terms)
    for mine, theirs in zip(found, Native(threads=2).compile(program).run(arrays, [])[0], strict=True):
        assert mine.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("seed", range(12))
def test_a_random_convolution_of_a_convolution_is_the_interpreter_s(seed):
    rng = np.random.default_rng(seed)
    n, side, c, k, f = (int(rng.integers(*span)) for span in ((1, 5), (6, 13), (1, 5), (1, 4), (1, 20)))
    settings = [
        {"strides": tuple(map(int, rng.integers(1, 4, 2))), "padding": str(rng.choice(["same", "valid"]))}
        for _ in range(2)
    ]
    x = ops.placeholder((n, side, side, c), "float64", "x")
    first = ops.placeholder((k, int(rng.integers(1, 4)), c, f), "float64", "first")
    inner = ops.tanh(convolved(x, first, **settings[0]))
    second = ops.placeholder((2 if inner.shape[1] > 1 else 1, 1, f, 3), "float64", "second")
    y = convolved(inner, second, **settings[1])
    program = Program((x, first, second), (), (y, *gradient((y * y).sum(), [x, first, second])))
    arrays = [rng.normal(size=node.shape) for node in program.inputs]
    wanted = Interpreter().compile(program).run(arrays, [])[0]
    for mine, theirs in zip(Native(threads=2).compile(program).run(arrays, [])[0], wanted, strict=True):
        close(mine, theirs, 10_000)  # through both: no sum has more terms than elements that it comes from


def kernels_of(program):
    return lower(simplify(program), host()).kernels


@pytest.mark.parametrize("is_channel_first", [False, True])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2)])
def test_no_buffer_holds_all_windows(strides, is_channel_first):
    program, _ = parts((8, 16, 16, 6), (5, 5, 6, 4), strides=strides, padding="same", is_channel_first=is_channel_first)
    windows = math.prod(program.outputs[0].shape[:3]) * 5 * 5 * 6
    sizes = [buffer.size for kernel in kernels_of(program) for buffer in touched(kernel.body)]
    # the largest is the border around x, or all phases of a stride of x: not 25 times x
    assert max(sizes) <= 20 * 20 * 8 * 6 < windows
    products = [one for kernel in kernels_of(program) for one in kernel.body if isinstance(one, Multiply)]
    assert [one.view is not None for one in products] == [True, True, True]


@pytest.mark.parametrize("size", [3, 5])
def test_the_border_above_and_below_is_not_multiplied_and_no_width_of_registers_changes_a_bit(size):
    """By hand: turn t of a row y sees the image where 0 <= y + t - border < 10, of 16 channels in each of `size`."""
    program, arrays = parts((2, 10, 10, 16), (size, size, 16, 6), "float32", padding="same")
    views = [one.view for kernel in kernels_of(program) for one in kernel.body if isinstance(one, Multiply)]
    inside, *_ = [view.inside for view in views if view and view.inside]
    run, border = 16 * size, size // 2
    place = f"-{run}*((row // 10) % 10)"
    assert [str(one) for one in inside] == [f"{place} + {border * run}", f"{place} + {(border + 10) * run}"]
    first, *others = [
        Native(threads, target).compile(program).run(arrays, [])[0]
        for threads, target in ((1, host()), (2, host()), (1, AVX2))
    ]
    for mine, theirs in zip(first, jax_s(arrays, padding="same"), strict=True):
        close(mine, np.asarray(theirs), 25 * 200)
    for other in others:
        assert [one.tobytes() for one in other] == [one.tobytes() for one in first]


def test_a_gradient_that_something_else_reads_too_is_kept_as_it_is():
    """What the product gives is an end of the program: to compute the image's gradient in another way costs more."""
    g, kernel = ops.placeholder((2, 8, 8, 3), "float64", "g"), ops.placeholder((27, 3), "float64", "kernel")
    frames = (g.reshape((128, 3)) @ kernel.transpose()).reshape((2, 8, 8, 3, 3, 3)).transpose(0, 1, 2, 5, 3, 4)
    attrs = {"axes": (1, 2), "sizes": (3, 3), "strides": (1, 1), "lengths": (10, 10)}
    image = build(OPS["overlap_add"], (frames,), attrs)
    names = [node.op.name for node in simplify(Program((g, kernel), (), (image, frames))).nodes]
    assert "overlap_add" in names
    alone = [node.op.name for node in simplify(Program((g, kernel), (), (image,))).nodes]
    assert "overlap_add" not in alone and "windows" in alone


def test_a_border_that_costs_more_than_it_saves_is_not_computed():
    """9 windows of 5 x 5 over 7 x 7: as a convolution 49 * 25 products of a channel, more than twice the 9 * 25."""
    program, arrays = parts((1, 7, 7, 1), (5, 5, 1, 2))
    names = [node.op.name for node in simplify(program).nodes]
    assert "overlap_add" in names
    found, wanted = (one.compile(program).run(arrays, [])[0] for one in (Native(threads=1), Interpreter()))
    for mine, theirs in zip(found, wanted, strict=True):
        close(mine, theirs, 25)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (2, 3), (3, 3), (3, 2), (1, 2)])
@pytest.mark.parametrize("length", [6, 7, 8])
def test_the_gradient_of_windows_is_their_adjoint(size, stride, length):
    """<windows(x), g> = <x, gradient(g)>, the definition; of windows side by side nothing is added up."""
    rng = np.random.default_rng(0)
    x = ops.placeholder((2, length, 3), "float64", "x")
    seen = ops.windows(x, [size], [stride], axes=[1])
    g = ops.placeholder(seen.shape, "float64", "g")
    (back,) = gradient(seen, [x], g)
    program = Program((x, g), (), (seen, back))
    arrays = [rng.integers(-9, 9, node.shape).astype(float) for node in (x, g)]  # so that sums are exact
    for backend in (Interpreter(), Native(threads=1)):
        mine, theirs = backend.compile(program).run(arrays, [])[0]
        assert (mine * arrays[1]).sum() == (theirs * arrays[0]).sum()
    assert ("overlap_add" in [node.op.name for node in program.nodes]) == (size > stride)


@pytest.mark.parametrize("pool", [2, 3])
def test_max_pooling_of_relus_shares_ties_and_ignores_what_no_window_has(pool):
    """Worked by hand: of pool * pool equal elements each gets 1 / pool ** 2 of g; zeros of a ReLU get nothing."""
    side = 2 * pool + 1
    x = ops.placeholder((1, side, side, 1), "float64", "x")
    seen = ops.windows(ops.maximum(x, 0.0), [pool, pool], [pool, pool], axes=[1, 2])
    (slope,) = gradient(seen.max((-2, -1)).sum(), [x])
    value = np.full((1, side, side, 1), 2.0)
    value[0, :pool, :pool] = -1.0
    expected = np.zeros_like(value)
    expected[0, : 2 * pool, : 2 * pool] = 1 / pool**2
    expected[0, :pool, :pool] = 0.0
    for backend in (Interpreter(), Native(threads=1)):
        (found,) = backend.compile(Program((x,), (), (slope,))).run([value], [])[0]
        np.testing.assert_allclose(found, expected, rtol=1e-15)  # one division


def test_nan_and_infinity_go_through_a_convolution_as_through_the_sums_written_out():
    program, arrays = parts((1, 6, 6, 2), (3, 3, 2, 3), "float32", padding="same")
    arrays[0][0, 2, 2, 1], arrays[0][0, 5, 0, 0] = np.nan, np.inf
    found, wanted = (one.compile(program).run(arrays, [])[0] for one in (Native(threads=1), Interpreter()))
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs))
        np.testing.assert_array_equal(np.isinf(mine), np.isinf(theirs))


@pytest.mark.parametrize("movement", [lambda x: x[1:, ::2], lambda x: ops.flip(x, [0]), lambda x: x[:, ::-1]])
def test_a_slice_and_a_flip_are_read_where_they_lie(movement):
    x, y = ops.placeholder((9, 8), "float32", "x"), ops.placeholder((8, 5), "float32", "y")
    side = movement(x)
    node = side @ y[: side.shape[1]]
    arrays = [np.random.default_rng(i).normal(size=one.shape).astype(np.float32) for i, one in enumerate((x, y))]
    found, wanted = (
        one.compile(Program((x, y), (), (node,))).run(arrays, [])[0][0] for one in (Native(threads=1), Interpreter())
    )
    close(found, wanted, 8)
