"""Oracle: pairs of kernels that are, by hand, the same but for their buffers, or not; and kinds counted by hand."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.compiler.assemble import emit_module, lay_out
from feedforward.compiler.kinds import member
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
    first, second = member(kernel(A, B, C)), member(kernel(D, E, A))
    assert first.kind == second.kind
    assert (set(first.buffers), len(first.buffers)) == ({A, B, C}, 3)
    assert dict(zip(first.buffers, second.buffers, strict=True)) == {A: D, B: E, C: A}


def drawn(*streams, shape=(4,)):
    """Return a kernel that writes random numbers of some streams."""
    key = number(1), number(2), AT
    draws = [
        apply("random_uniform", *key, dtype=A.dtype, data=(("shape", shape), ("stream", one), ("dtype", A.dtype)))
        for one in streams
    ]
    return Kernel("draws", (For(I, tuple(Store(A, AT, draw) for draw in draws)),))


def test_draws_from_other_streams_are_one_kind():
    first, second, same = member(drawn(5, 6)), member(drawn(7, 2**40)), member(drawn(3, 3))
    assert first.kind == second.kind
    assert (first.streams, second.streams) == ((5, 6), (7, 2**40))
    assert first.kind != same.kind  # it draws once
    assert first.kind != member(drawn(5, 6, shape=(2, 2))).kind


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
    kind = member(OTHERS[name]).kind
    assert kind != member(kernel(A, B, C)).kind
    assert [other for other in OTHERS if member(OTHERS[other]).kind == kind] == [name]


def layout_of(count, rate):
    """Return the training step of a network of equal layers."""
    layers = [one for _ in range(count) for one in (ff.layers.Dense(20, activation="relu"), ff.layers.Dropout(rate))]
    model = ff.Sequential([ff.Input((20,)), *layers])
    model.compile("adam", "mean_squared_error")
    x = np.zeros((8, 20), np.float32)
    return lay_out(simplify(specialise(model.traced("train", [x, x]), [x.shape, x.shape])), host())


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_equal_layers_share_their_code(rate):
    kernels, codes = [], []
    for layout in (layout_of(count, rate) for count in (6, 12)):
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
    kinds = [len({member(kernel).kind for kernel in some}) for some in kernels]
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


def test_draws_of_kernels_that_share_their_code_are_from_streams_of_their_own():
    """The oracle: the interpreter, which draws the same bits."""
    streams = [*range(10), 2**32, 2**40 + 3]
    program = Program((), (), tuple([ops.random_uniform((7, 9), 3, 4, stream) for stream in streams]))
    members = [member(kernel) for kernel in lay_out(simplify(program), host()).lowered.kernels]
    assert [one.streams for one in members] == [tuple(streams[:6]), tuple(streams[6:])]
    assert members[0].kind == members[1].kind
    found, wanted = (backend.compile(program).run([], [])[0] for backend in (Native(), Interpreter()))
    assert [one.tobytes() for one in found] == [one.tobytes() for one in wanted]
