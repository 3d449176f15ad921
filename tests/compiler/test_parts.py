"""Oracle: the graph written by hand, and the interpreter, which rewrites nothing: machine code has its bits."""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.compiler.loops import Multiply
from feedforward.compiler.lower import lower
from feedforward.compiler.machine import host
from feedforward.compiler.memory import written
from feedforward.compiler.simplify import simplify
from feedforward.graph.gradient import gradient
from feedforward.graph.program import Program
from feedforward.graph.verify import verify

X = ops.placeholder((6, 4), "float32", "x")
Y = ops.placeholder((2, 4), "float32", "y")
WIDE = ops.placeholder((8, 500), "float32", "wide")
NARROW = ops.placeholder((2, 500), "float32", "narrow")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def padded(part, before, after, value=0.0):
    return ops.pad(part, ((before, after), (0, 0)), value)


ROWS = [X[0:1] * 2.0, X[1:3], X[3:6] * 3.0]
EDGES = [(0, 5), (1, 3), (3, 0)]
PADS = [padded(row, *edge) for row, edge in zip(ROWS, EDGES, strict=True)]
JOINED = ops.concatenate([row + 0 for row in ROWS])

REWRITES = {
    "a concatenation in another": (
        ops.concatenate([ops.concatenate([X, Y]), ops.concatenate([Y, Y]), X]),
        ops.concatenate([X, Y, Y, Y, X]),
    ),
    "along another axis": (ops.concatenate([ops.concatenate([X, Y]), ops.concatenate([X, Y])], 1),) * 2,
    "of one that is used twice": (ops.concatenate([ops.concatenate([X, Y])] * 2),) * 2,
    "of many small ones": (ops.concatenate([ops.concatenate([X] * 9), ops.concatenate([Y] * 8)]),) * 2,
    "a sum of pads": (PADS[0] + PADS[1] + PADS[2], JOINED),
    "in another order": (PADS[1] + (PADS[2] + PADS[0]), JOINED),
    "with a gap": (PADS[0] + PADS[2],) * 2,
    "that overlap": (PADS[0] + PADS[1] + PADS[1] + PADS[2],) * 2,
    "among ones": (padded(X[0:3], 0, 3, 1.0) + padded(X[3:6], 3, 0, 1.0),) * 2,
    "of two axes": (PADS[0] + ops.pad(X[0:6, 0:2], ((0, 0), (0, 2))),) * 2,
    "with something else": (PADS[0] + PADS[1] + PADS[2] + X, JOINED + X),
}


def structure(node):
    """Return what a node computes, whatever the order in which its parts were made."""
    attrs = [getattr(value, "value", value) for value in node.attrs.values()]
    return node.op.name, tuple(map(str, attrs)), tuple(map(structure, node.inputs))


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_gives_the_graph_expected_and_changes_no_bit(name):
    before, after = REWRITES[name]
    program = verify(Program((X, Y), (), (before,)))
    found = verify(simplify(program))
    assert structure(found.outputs[0]) == structure(after)
    values = [np.random.default_rng(0).normal(size=shape).astype(np.float32) for shape in ((6, 4), (2, 4))]
    values[0][:, 0] = [np.nan, -0.0, -np.inf, -0.0, 0.0, 1e-40]
    expected, *others = (Interpreter().compile(one).run(values, [])[0][0] for one in (program, found))
    native = Native().compile(program).run(values, [])[0][0]
    assert all(one.tobytes() == expected.tobytes() for one in (*others, native))


def test_a_function_of_joined_parts_is_one_of_each_part():
    joined = ops.concatenate([NARROW, WIDE[0:6]])
    found = simplify(Program((WIDE, NARROW), (), (ops.tanh(joined) * WIDE,)))
    expected = ops.concatenate([ops.tanh(NARROW) * WIDE[0:2], ops.tanh(WIDE[0:6]) * WIDE[2:8]])
    assert structure(found.outputs[0]) == structure(expected)


def test_a_function_of_what_is_used_elsewhere_or_small_is_left():
    joined = ops.concatenate([NARROW, WIDE[0:6]])
    for program in (
        Program((WIDE, NARROW), (), (ops.tanh(joined), joined)),
        Program((X, Y), (), (ops.tanh(ops.concatenate([X, Y])),)),
    ):
        assert [*map(structure, simplify(program).outputs)] == [*map(structure, program.outputs)]


def kernels(program):
    return lower(simplify(program), host()).kernels


def test_the_gradient_of_what_was_cut_is_written_by_one_kernel():
    i, f, g = WIDE[0:2], WIDE[2:4], WIDE[4:8]
    total = (ops.tanh(i * f) * (g[0:2] + g[2:4])).sum()
    (slope,) = gradient(total, [WIDE])
    (kernel,) = kernels(Program((WIDE,), (), (slope,)))
    assert len(written(kernel.body)) == 2  # tanh, which two of its parts read, and the slope


def test_parts_are_written_where_they_are_computed():
    product = ops.matmul(ops.placeholder((2, 3), "float32", "a"), ops.placeholder((3, 500), "float32", "b"))
    after = ops.tanh(product)
    inputs = tuple(node for node in product.inputs)
    program = Program((*inputs, WIDE), (), (ops.concatenate([after, WIDE, after * 2.0]),))
    names = [kernel.name for kernel in kernels(program)]
    assert names == ["matmul and tanh and concatenate", "concatenate"]


def joined(count, shape, turns):
    """Return a program of a concatenation of so many inputs, and a function of two steps that is applied in turns."""
    parts = [ops.placeholder(shape, "float32", f"part{number}") for number in range(count)]
    y = ops.concatenate(parts)
    z = ops.placeholder(y.shape, "float32", "z")
    for _ in range(turns):
        y = ops.maximum(y, -2.0) * z
    return Program((*parts, z), (), (y,))


def check_bits(program, **settings):
    random = np.random.default_rng(4)
    values = [random.normal(size=node.shape).astype(np.float32) for node in program.inputs]
    found, wanted = (one.compile(program).run(values, [])[0] for one in (Native(**settings), Interpreter()))
    assert [one.tobytes() for one in found] == [one.tobytes() for one in wanted]


def test_a_function_of_many_small_parts_is_one_of_all_of_them():
    program = joined(200, (1, 100), 4)
    assert len(simplify(program).nodes) <= len(program.nodes)
    assert len(kernels(program)) == 1
    check_bits(program)


def test_functions_of_many_large_parts_make_a_program_no_longer_than_another_of_its_length_and_a_thousand():
    program = joined(200, (2, 501), 50)
    count = len(simplify(program).nodes)
    assert 2 * len(program.nodes) < count <= 2 * len(program.nodes) + 1000
    check_bits(program)


def test_what_is_doubled_again_and_again_has_no_more_parts_than_before():
    y = ops.placeholder((1001,), "float32", "y")
    program = Program((y,), (), (y,))
    for _ in range(16):
        program = Program(program.inputs, (), (ops.concatenate([program.outputs[0]] * 2),))
    found = simplify(program)
    assert sum(len(node.inputs) for node in found.nodes) == 16 * 2


PROGRAMS = {
    "many small parts": lambda w, n: [ops.concatenate([w[:, 10 * i : 10 * i + 10] * i for i in range(50)], 1) + w],
    "parts that are read again": lambda w, n: [ops.concatenate([n * 2.0, w])[1:4] + ops.concatenate([n * 2.0, w])[5:8]],
    "one part twice": lambda w, n: [ops.concatenate([n + 1.0, n + 1.0, w]) * 2.0, n + 1.0],
    "an empty part": lambda w, n: [ops.concatenate([w, n[0:0], n])],
    "along the last axis": lambda w, n: [ops.concatenate([w[0:2] * 2.0, n, n * 3.0], 1)],
    "in the middle": lambda w, n: [ops.concatenate([w.reshape((2, 4, 500)), n.reshape((2, 1, 500))], 1).sum((1,))],
    "of each other": lambda w, n: [ops.concatenate([ops.concatenate([n, w], 0)[2:6], n]) - w[0:6]],
    "of integers": lambda w, n: [ops.concatenate([ops.cast(w * 9.0, "int32"), ops.cast(n, "int32")])],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_written_in_parts_has_the_bits_of_the_interpreter(name):
    program = Program((WIDE, NARROW), (), tuple(PROGRAMS[name](WIDE, NARROW)))
    values = [np.random.default_rng(1).normal(size=shape).astype(np.float32) for shape in ((8, 500), (2, 500))]
    expected, _ = Interpreter().compile(program).run(values, [])
    found, _ = Native().compile(program).run(values, [])
    assert [one.tobytes() for one in found] == [one.tobytes() for one in expected]


def test_a_variable_that_becomes_a_concatenation_of_its_parts_is_read_before_it_is_written():
    held = ops.variable((8, 500), "float32", "held")
    rows = ops.placeholder((1, 500), "float32", "rows")
    turned = ops.concatenate([held[4:8] + rows, held[0:4]])
    program = Program((rows,), (held,), (rows.sum(),), ((held, turned),))
    first = np.random.default_rng(2).normal(size=(8, 500)).astype(np.float32)
    batches = np.random.default_rng(3).normal(size=(5, 500)).astype(np.float32)
    expected = first
    for row in batches:  # by hand
        expected = np.concatenate([expected[4:8] + row, expected[0:4]])
    loop = Native().compile(program).loop([first])
    loop.run([batches], np.arange(5), 1)
    np.testing.assert_array_equal(loop.variables()[0], expected)


def test_large_parts_shared_by_threads_have_the_bits_of_the_interpreter():
    """The last part is a product whose right side is read where it lies; see `test_matmul.py`."""
    width = 8001
    first, second = (ops.placeholder((128, width), "float32", name) for name in ("first", "second"))
    left, right = ops.placeholder((128, 41), "float32", "left"), ops.placeholder((41, width), "float32", "right")
    rows = ops.concatenate([first * 2.0, ops.maximum(second, first), left @ right])
    program = Program((first, second, left, right), (), (ops.maximum(rows, -1.0) * 3.0,))
    (product,) = [one for kernel in kernels(program) for one in kernel.body if isinstance(one, Multiply)]
    assert product.right is None and len(product.epilogue) == 1
    check_bits(program, threads=4)
