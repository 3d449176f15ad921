"""Oracle: pairs of kernels that are, by hand, the same but for their buffers, or not; and kinds counted by hand."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends.llvm import Native
from feedforward.compiler.assemble import emit_module, lay_out
from feedforward.compiler.kinds import kind_of
from feedforward.compiler.loops import Buffer, For, Kernel, Store, Var, apply, load, number, var
from feedforward.compiler.machine import host
from feedforward.compiler.simplify import simplify
from feedforward.graph.gradient import gradient
from feedforward.graph.program import Program, specialise

I = Var("i", 4)  # noqa: E741
AT = var(I)


def buffer(name, size=4, dtype="float32"):
    return Buffer(name, size, np.dtype(dtype))


def kernel(out, *parts, index=AT, op="add", variable=I, is_lanes=False, data=None):
    """Return a kernel that writes an operation on the elements of some buffers, or on numbers."""
    args = [load(part, index) if isinstance(part, Buffer) else part for part in parts]
    value = apply(op, *args, dtype=out.dtype, data=data)
    return Kernel("any name", (For(variable, (Store(out, AT, value),), is_lanes),))


A, B, C, D, E = map(buffer, "abcde")
ZERO, MINUS = (number(value, A.dtype) for value in (0.0, -0.0))


def test_the_same_loops_over_other_buffers_are_one_kind():
    first, buffers = kind_of(kernel(A, B, C))
    second, others = kind_of(kernel(D, E, A))
    assert first == second
    assert (set(buffers), len(buffers)) == ({A, B, C}, 3)
    assert dict(zip(buffers, others, strict=True)) == {A: D, B: E, C: A}


OTHERS = {
    "one buffer twice": kernel(A, B, B),
    "in place": kernel(A, A, C),
    "of another size": kernel(A, B, buffer("c", 5)),
    "of another dtype": kernel(A, B, buffer("c", 4, "float64")),
    "at another index": kernel(A, B, C, index=number(0)),
    "another operation": kernel(A, B, C, op="multiply"),
    "with attributes": kernel(A, B, C, data=(("step", 0.0),)),
    "with another attribute": kernel(A, B, C, data=(("step", -0.0),)),
    "with a bool for a number": kernel(A, B, C, data=(("step", False),)),
    "in lanes": kernel(A, B, C, is_lanes=True),
    "of fewer turns": kernel(A, B, C, variable=Var("i", 3)),
    "a number": kernel(A, B, ZERO),
    "the same number with a sign": kernel(A, B, MINUS),
    "numbers in another order": kernel(A, ZERO, B),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_something_else_is_of_another_kind(name):
    kind = kind_of(OTHERS[name])[0]
    assert kind != kind_of(kernel(A, B, C))[0]
    assert [other for other in OTHERS if kind_of(OTHERS[other])[0] == kind] == [name]


def layout_of(count):
    """Return the training step of a network of equal layers."""
    model = ff.Sequential([ff.Input((20,)), *[ff.layers.Dense(20, activation="relu") for _ in range(count)]])
    model.compile("adam", "mean_squared_error")
    x = np.zeros((8, 20), np.float32)
    return lay_out(simplify(specialise(model.traced("train", [x, x]), [x.shape, x.shape])), host())


def test_equal_layers_share_their_code():
    layouts = [layout_of(count) for count in (6, 12)]
    kernels, codes = [], []
    for layout in layouts:
        kernels.append(len(layout.lowered.kernels))
        text = str(emit_module(layout, ["loop"]))
        codes.append(text.count('define internal void @"code_'))
        assert all(f'@"kernel_{n}"' in text for n in range(kernels[-1]))
    # A layer: forward, panels of its kernel, the gradients of its input and of its kernel, the sum for its bias; and
    # of two layers the update of their biases.
    assert kernels[1] - kernels[0] == 6 * 5 + 6 // 2
    assert codes[0] == codes[1]


def unrolled(turns):
    """Return the loss after some steps down its gradient, and the gradient of that, as programs have them."""
    x, w, b, rate = (
        ops.placeholder(s, "float32", n) for n, s in {"x": (8, 20), "w": (20, 10), "b": (10,), "r": ()}.items()
    )
    inputs = (x, w, b, rate)

    def loss(w, b):
        return ops.tanh(x @ w + b.broadcast_to((8, 10))).sum()

    for _ in range(turns):
        parts = gradient(loss(w, b), [w, b])
        w, b = (one - rate.broadcast_to(one.shape) * part for one, part in zip((w, b), parts, strict=True))
    end = loss(w, b)
    return simplify(Program(inputs, (), (end, *gradient(end, inputs[1:]))))


def test_the_turns_of_an_unrolled_loop_are_of_as_many_kinds_however_many_there_are():
    kernels = [lay_out(unrolled(turns), host()).lowered.kernels for turns in (10, 20)]
    kinds = [len({kind_of(kernel)[0] for kernel in some}) for some in kernels]
    assert len(kernels[1]) > 1.8 * len(kernels[0])
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("threads", [1, 3])
def test_kernels_that_share_their_code_each_work_on_their_own_buffers(threads):
    """The oracle: NumPy on integers below 2**24, so that nothing is rounded."""
    x = ops.placeholder((7, 9), "float32", "x")
    parts = [ops.placeholder((9, 9), "float32", f"w{n}") for n in range(5)]
    node = x
    for w in parts:
        node = (node @ w) + 1.0
    random = np.random.default_rng(0)
    fed = [random.integers(-1, 2, one.shape).astype(np.float32) for one in (x, *parts)]
    (found,), _ = Native(threads=threads).compile(Program((x, *parts), (), (node,))).run(fed, [])
    wanted = fed[0]
    for w in fed[1:]:
        wanted = wanted @ w + 1.0
    assert np.array_equal(found, wanted)
