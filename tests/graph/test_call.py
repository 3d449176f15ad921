"""Oracle: an identity: a call computes what the nodes that it stands for compute, to the bit, and so do gradients."""

import gc
import weakref

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.errors import GraphError
from feedforward.execution import _executables, values
from feedforward.graph.call import CALL, call
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Node, next_serial, reachable, set_value
from feedforward.graph.program import Program, structure, substitute
from feedforward.graph.text import to_text
from feedforward.graph.verify import verify
from feedforward.tensor import bind

rng = np.random.default_rng(3)
X, W, B = (rng.normal(size=shape).astype(np.float32) for shape in [(5, 4), (4, 3), (3,)])


def body(x: Node, w: Node, b: Node) -> list[Node]:
    """A layer, in which w is used twice, so that its gradient is a sum."""
    hidden = ops.tanh(x @ w + b)
    return [hidden, (hidden * hidden).sum() + (w * w).sum()]


def traced() -> Program:
    inputs = tuple(ops.placeholder(array.shape, array.dtype, name) for array, name in [(X, "x"), (W, "w"), (B, "b")])
    return Program(inputs, (), tuple(body(*inputs)))


def bits(nodes: list[Node | None]) -> list[bytes]:
    return [array.tobytes() for array in values([node for node in nodes if node is not None])]


def test_a_call_is_one_node_and_computes_what_its_program_does() -> None:
    program, leaves = traced(), list(map(bind, (X, W, B)))
    results = call(program, leaves)
    assert [node.op.name for node in reachable(results)] == ["placeholder"] * 3 + ["call", "result", "result"]
    assert [(node.shape, node.dtype.name) for node in results] == [((5, 3), "float32"), ((), "float32")]
    assert bits(results) == bits(body(*leaves))


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
def test_gradients_of_a_call_have_the_bits_of_those_of_its_nodes(backend: str) -> None:
    ff.use_backend(backend)
    try:
        x, w, b = map(bind, (X, W, B))
        found = []
        for apply in (lambda *leaves: call(traced(), leaves), body):
            hidden, penalty = apply(x, w, b)
            again, further = apply(hidden @ ops.transpose(w) * 0.5, w, b)  # a call of what a call gave, and w once more
            loss = penalty * 3.0 + further + (w * again.sum()).sum()
            first = gradient(loss, [x, w, b, hidden])
            second = gradient((first[1] * first[1]).sum() + loss, [x, w])  # they meet in the nodes of the calls
            found.append(bits([*first, *second]))
        assert found[0] == found[1]
    finally:
        ff.use_backend("llvm")


def test_a_tape_sees_what_a_call_stands_for_as_made_when_the_call_was() -> None:
    x, w, b = map(bind, (X, W, B))
    found = []
    for apply in (lambda *leaves: call(traced(), leaves), body):
        before = next_serial()
        loss = apply(x, w, b)[1] * 2.0
        between = next_serial()
        slope = gradient(loss, [w])[0]  # which writes the call out, after the moment `between`
        assert slope is not None
        late = gradient((slope * slope).sum(), [w], is_recorded=lambda node, at=between: node.serial > at)
        early = gradient(loss, [w], is_recorded=lambda node, at=before, to=between: at < node.serial < to)
        found.append([bits(late), bits(early)])
    assert found[0] == found[1]


def test_a_result_that_is_an_input_is_that_input() -> None:
    x = ops.placeholder((3,), "float32", "x")
    (same,) = call(Program((x,), (), (x,)), [leaf := bind(np.ones(3, np.float32))])
    assert values([same])[0].tolist() == [1, 1, 1]
    (slope,) = gradient((same * same).sum(), [leaf])
    assert values([slope])[0].tolist() == [2, 2, 2]


def test_the_new_values_of_a_programs_variables_are_results() -> None:
    x, w = ops.placeholder((), "float32", "x"), ops.variable((), "float32", "w")
    product, new = call(Program((x,), (w,), (x * w,), ((w, w - x),)), [bind(np.float32(3)), bind(np.float32(5))])
    assert [float(value) for value in values([product, new])] == [15.0, 2.0]


def test_equal_calls_have_one_structure_and_calls_of_other_programs_another() -> None:
    program = traced()

    def key(program: Program) -> object:
        leaves = list(map(bind, (X, W, B)))
        ends = call(program, leaves)
        return structure(reachable(ends), leaves, ends)

    assert key(program) == key(program) != key(traced())


def test_programs_texts_and_rules_never_meet_a_call() -> None:
    x, w, b = (ops.placeholder(array.shape, array.dtype, name) for array, name in [(X, "x"), (W, "w"), (B, "b")])
    written = substitute(Program((x, w, b), (), tuple(call(traced(), [x, w, b]))), {})
    assert to_text(verify(written)) == to_text(traced())


def test_places_outside_of_an_axis_are_found_in_a_call() -> None:
    x, place = ops.placeholder((3,), "float32", "x"), ops.placeholder((2,), "int32", "place")
    program = Program((x, place), (), (ops.take(x, place, 0),))
    leaf = bind(np.arange(3, dtype=np.float32))
    assert values(call(program, [leaf, bind(np.array([2, 0], np.int32))]))[0].tolist() == [2, 0]
    for wrong in (bind(np.array([2, 5], np.int32)), bind(np.array([1, 4], np.int32)) + 1):
        with pytest.raises(ff.errors.OutOfRangeError, match=r"index 5 is out of range .* built at test_call.py"):
            values(call(program, [leaf, wrong]))
        with pytest.raises(ff.errors.OutOfRangeError, match="index 5 is out of range"):
            values([gradient(call(program, [leaf, wrong])[0].sum(), [leaf])[0] or leaf])


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(GraphError, match=r"call: inputs \(5, 4\) float32. Expected those of the program: \(5, 4\)"):
        call(traced(), [bind(X)])
    with pytest.raises(GraphError, match=r"call: inputs none. Expected those of the program: "):
        call(traced(), [])
    x = bind(X)
    with pytest.raises(GraphError, match="Expected those of the program: none"):
        call(Program((), (), (ops.constant(1.0),)), [x])


def test_a_call_is_never_computed_as_it_is() -> None:
    with pytest.raises(GraphError, match="a call was to be computed as it is"):
        CALL.evaluate(program=traced())


def test_nothing_is_kept_of_a_call_that_was_written_out() -> None:
    program, leaves = traced(), list(map(bind, (X, W, B)))
    loss = call(program, leaves)[1] * 2.0
    slopes = gradient(loss, leaves)
    values([node for node in slopes if node is not None])
    gone = [weakref.ref(node) for node in reachable([loss]) if node not in leaves]
    written = [weakref.ref(node) for node in reachable([n for n in slopes if n is not None]) if node not in leaves]
    del loss, slopes
    _executables.clear()  # a program that was compiled keeps its constants
    gc.collect()
    assert not [reference() for reference in (*gone, *written) if reference() is not None and reference().inputs]


def test_known_values_of_results_are_not_computed_again() -> None:
    leaves = list(map(bind, (X, W, B)))
    hidden, loss = call(traced(), leaves)
    set_value(hidden, values([hidden])[0])
    slope = gradient(loss * hidden.sum(), [leaves[1]])[0]
    assert slope is not None
    assert sum(node.value is not None for node in reachable([slope])) >= len(leaves) + 1
