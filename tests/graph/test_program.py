"""Oracles: shapes and numbers worked by hand; graphs broken by hand, each in one way that `verify` promises to see."""

from types import MappingProxyType

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import GraphError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import Literal, Node, build, next_serial, reachable
from feedforward.graph.op import OPS, Op, define
from feedforward.graph.program import Program, specialise, substitute
from feedforward.graph.verify import verify
from feedforward.ops import constant, placeholder, variable

BATCH = unknown("batch")


def two_inputs():
    x, y = placeholder((BATCH, 3), name="x"), placeholder((BATCH,), name="y")
    return Program((x, y), (), (x.sum(1) - y,))


# specialise


def test_specialise_replaces_an_unknown_size_everywhere():
    program = specialise(two_inputs(), [(5, 3), (5,)])
    assert [node.shape for node in program.inputs] == [(5, 3), (5,)]
    assert program.outputs[0].shape == (5,)
    assert all(isinstance(size, int) for node in program.nodes for size in node.shape)


def test_inputs_that_disagree_on_a_size_are_both_named():
    with pytest.raises(
        ShapeError, match=r"input 'y' has 4 along axis 0, but input 'x' has 5. Give both the same number"
    ):
        specialise(two_inputs(), [(5, 3), (4,)])


def test_an_input_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"input 'x' has shape \(5, 2\). Expected \(batch, 3\)"):
        specialise(two_inputs(), [(5, 2), (5,)])


def test_an_input_of_another_number_of_dimensions_is_refused():
    with pytest.raises(ShapeError, match=r"Expected \(batch, 3\): 2 dimensions, not 1"):
        specialise(two_inputs(), [(5,), (5,)])


def test_a_rule_that_fails_for_the_sizes_fed_names_the_line_that_built_it():
    x = placeholder((BATCH,))
    program = Program((x,), (), (x.reshape((BATCH // 2, 2)),))
    assert specialise(program, [(6,)]).outputs[0].shape == (3, 2)
    with pytest.raises(ShapeError, match=r"reshape: \(5,\) has 5 elements.*built at test_program.py"):
        specialise(program, [(5,)])


def test_a_slice_outside_the_size_fed_is_refused():
    x = placeholder((BATCH,))
    for node in (x[4], x[-5]):
        assert specialise(Program((x,), (), (node,)), [(5,)]).outputs[0].shape == ()
        with pytest.raises(ShapeError, match="out of range for an axis of size 4"):
            specialise(Program((x,), (), (node,)), [(4,)])


def test_a_program_without_unknown_sizes_stays_the_same_object():
    x = placeholder((2,))
    program = Program((x,), (), (x + x,))
    assert specialise(program, [(2,)]) is program


def test_a_size_made_of_others_is_checked():
    x, y = placeholder((BATCH,), name="x"), placeholder((2 * BATCH,), name="y")
    program = Program((x, y), (), (x.sum() + y.sum(),))
    assert specialise(program, [(2,), (4,)]).inputs[1].shape == (4,)
    with pytest.raises(ShapeError, match=r"input 'y' has shape \(5,\). Expected \(4,\), as the other sizes say"):
        specialise(program, [(2,), (5,)])


def test_a_size_that_no_input_has_is_refused():
    program = Program((), (), (ops.random_uniform((BATCH,), 0),))
    with pytest.raises(ShapeError, match="size 'batch' stands in no input's shape alone"):
        specialise(program, [])


# substitute


def test_substitute_replaces_a_node_and_rebuilds_what_depends_on_it():
    x, y = placeholder((2,), name="x"), placeholder((2,), name="y")
    inner = x * 2.0
    program = Program((x, y), (), (inner + y, y - y))
    changed = substitute(program, {inner: y})
    assert changed.outputs[0].inputs == (y, y)
    assert changed.outputs[1] is program.outputs[1]
    assert program.outputs[0].inputs == (inner, y)
    verify(changed)


def test_substitute_keeps_scope_and_source():
    x = placeholder((2,))
    y = ops.tanh(x * 2.0)
    changed = substitute(Program((x,), (), (y,)), {y.inputs[0]: x}).outputs[0]
    assert (changed.scope, changed.source) == (y.scope, y.source)


# key


def affine(width=3, factor=2.0, axis=0, name="x", dtype="float32"):
    x = placeholder((4, width), dtype, name)
    return Program((x,), (), ((x * factor).sum(axis),))


def test_programs_of_one_structure_have_one_key():
    assert affine().key == affine().key
    assert hash(affine().key) == hash(affine().key)


@pytest.mark.parametrize(
    "other",
    [
        affine(width=5),
        affine(factor=2.5),
        affine(factor=-0.0),
        affine(axis=1),
        affine(dtype="float64"),
        Program(affine().inputs, (), ()),
    ],
)
def test_programs_of_different_structure_have_different_keys(other):
    assert other.key != affine().key


def test_the_name_of_an_input_is_not_structure():
    assert affine(name="z").key == affine().key


def test_keys_tell_zero_from_minus_zero_and_one_nan_from_none():
    assert affine(factor=0.0).key != affine(factor=-0.0).key
    assert affine(factor=np.nan).key == affine(factor=np.nan).key


def test_keys_tell_apart_the_roles_of_nodes():
    x, w = placeholder((2,)), variable((2,))
    plain = Program((x,), (w,), (x + w,))
    assert Program((x,), (w,), (x + w,), ((w, x + w),)).key != plain.key
    assert Program((x,), (w,), (w + x,)).key != plain.key


def test_literals_compare_by_dtype_shape_and_bits():
    zero = Literal(np.zeros(2, np.float32))
    assert zero == Literal(np.zeros(2, np.float32))
    assert hash(zero) == hash(Literal(np.zeros(2, np.float32)))
    for other in (np.zeros(2), np.zeros((2, 1), np.float32), np.array([0.0, -0.0], np.float32)):
        assert zero != Literal(other)
    assert zero != 0


def test_nodes_are_in_topological_order_and_walks_stop_where_told():
    x = placeholder((2,))
    y = x + x
    z = y * x
    assert reachable([z]) == [x, y, z]
    assert reachable([z], stop=lambda node: node is y) == [x, y, z]
    assert reachable([y * y], stop=lambda node: node is y)[0] is y


# nodes


def test_numpy_s_integers_become_python_s_in_attributes():
    x = placeholder((np.int64(2), np.int32(3)))
    y = x.reshape((np.int64(6),))
    assert [type(size) for size in (*x.shape, *y.shape)] == [int] * 3


def test_numpy_arrays_leave_operators_to_the_node(run):
    x = placeholder((2,), "float64")
    for node in (np.float64(3.0) * x, np.array([3.0, 3.0]) * x, np.float32(3.0) * x):
        assert isinstance(node, Node) and node.dtype == np.float64
        assert run([node], {x: np.array([1.0, 2.0])})[0].tolist() == [3.0, 6.0]
    assert run([np.array([1.0, 5.0]) < x], {x: np.array([2.0, 2.0])})[0].tolist() == [True, False]


def test_a_node_is_not_iterable():
    with pytest.raises(TypeError, match="not iterable"):
        list(placeholder((BATCH, 2)))


def test_numbers_beside_float64_keep_all_their_digits(run):
    x = placeholder((), "float64")
    assert run([x + 0.1], {x: np.array(0.0)})[0] == 0.1
    assert run([x + np.array([0.1])], {x: np.array(0.0)})[0] == [0.1]


# verify


def broken(op, inputs, attrs=None, shape=(2,), dtype="float32", serial=None):
    """Return a node made by hand, past the checks of `build`."""
    more = {} if serial is None else {"serial": serial}
    return Node(op, inputs, MappingProxyType(attrs or {}), shape, np.dtype(dtype), **more)


X = placeholder((2,), name="x")
W = variable((2,), name="w")
ADD = OPS["add"]
STRANGER = Op("stranger", "elementwise", ADD.infer, ADD.evaluate, None, lambda: [])
LATE = broken(ADD, (X, X), serial=next_serial() + 10**9)

BREACHES = {
    "operation 'stranger' is not registered": Program((X,), (), (broken(STRANGER, (X, X)),)),
    "operation 'add' is not registered": Program(
        (X,), (), (broken(Op("add", "elementwise", ADD.infer, ADD.evaluate, None, lambda: []), (X, X)),)
    ),
    "has an unsupported dtype": Program((X,), (), (broken(ADD, (X, X), dtype="complex64"),)),
    "comes before one of its inputs": Program((X,), (), (broken(ADD, (LATE, X)),)),
    "has a negative size": Program((X,), (), (broken(ADD, (X, X), shape=(-2,)),)),
    r"should have shape \(2,\) and dtype float32": Program((X,), (), (broken(ADD, (X, X), shape=(3,)),)),
    r"should have shape \(2,\) and dtype float32 ?": Program((X,), (), (broken(ADD, (X, X), dtype="float64"),)),
    "breaks the rule of its operation: add: 1 inputs. Expected 2": Program((X,), (), (broken(ADD, (X,)),)),
    "breaks the rule of its operation: .*unexpected keyword": Program((X,), (), (broken(ADD, (X, X), {"axis": 1}),)),
    "has an attribute that cannot be hashed": Program((X,), (), (broken(OPS["sum"], (X,), {"axes": [0]}, ()),)),
    "one of the placeholders is something else": Program((X, X + X), (), (X,)),
    "one of the variables is something else": Program((X,), (X,), (X,)),
    "a placeholder is listed twice": Program((X, X), (), (X,)),
    "a variable is listed twice": Program((), (W, W), (W,)),
    "placeholder 'x' is used but not listed": Program((), (), (X + X,)),
    "variable 'w' is used but not listed": Program((), (), (W + W,)),
    "a variable is updated twice, or is not one of": Program((), (W,), (), ((W, W + W), (W, W * W))),
    "a variable is updated twice, or is not one of the program": Program((X,), (), (), ((X, X + X),)),
    r"cannot become the value of Node\(variable": Program((), (W,), (), ((W, W.sum()),)),
    r"cannot become the value of Node\(variable, shape": Program((), (W,), (), ((W, W.astype("float64")),)),
}


@pytest.mark.parametrize("message", BREACHES)
def test_verify_catches_a_breach_and_shows_the_graph(message):
    with pytest.raises(GraphError, match=message) as caught:
        verify(BREACHES[message])
    assert ", in\n" in str(caught.value)


def test_verify_returns_a_legal_program():
    program = Program((X,), (W,), (X + W,), ((W, X * W),))
    assert verify(program) is program


def test_an_operation_s_name_is_taken_once():
    with pytest.raises(GraphError, match="operation 'add' is defined already"):
        define(ADD)


def test_constants_are_read_only_in_the_graph():
    value = constant(np.ones(2)).attrs["value"].value
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 2.0
    (output,), _ = Interpreter().compile(Program((), (), (constant(np.ones(2)) + 1.0,))).run([], [])
    assert output.tolist() == [2.0, 2.0]


def test_a_node_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"Node.shape cannot be set: a node is never changed. Build another one."):
        ops.constant(1.0).shape = (2,)  # type: ignore[misc]


def test_what_rules_said_of_one_attribute_is_not_taken_for_an_equal_one_of_another_type() -> None:
    x = ops.placeholder((2, 2), "float32", "x")
    assert build(OPS["sum"], (x,), {"axes": (1,)}).shape == (2,)
    for wrong in [(True,), (1.0,)]:
        with pytest.raises(ShapeError, match="sum: axes="):
            build(OPS["sum"], (x,), {"axes": wrong})
    assert build(OPS["argmax"], (x,), {"axis": 1}).shape == (2,)
    with pytest.raises(ShapeError, match="argmax: axis=True"):
        build(OPS["argmax"], (x,), {"axis": True})
