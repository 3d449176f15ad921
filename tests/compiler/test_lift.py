"""Oracles: what is fed worked by hand; the bits of the same program with its numbers left in it."""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends import codes
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.compiler import lift as module
from feedforward.compiler.lift import lift
from feedforward.graph.dimension import unknown
from feedforward.graph.node import scope
from feedforward.graph.program import Program

X = ops.placeholder((5,), "float32", "x")


def program(*outputs, inputs=(X,), updates=()):
    return Program(inputs, tuple(variable for variable, _ in updates), outputs, updates)


def fed(*outputs):
    """Return the numbers that a program is fed."""
    return [value.tolist() for value in lift(program(*outputs)).numbers.values()]


def key(*outputs):
    return lift(program(*outputs)).key


@pytest.mark.parametrize(
    ("node", "numbers"),
    [
        (X * 0.25, [0.25]),
        (X * 2.0 - 0.5, [2.0, 0.5]),
        (X * 0.0 + 1.0, []),
        (X - (-1.0), []),
        (X + np.inf, []),
        (X**2.0, []),
        (X**-0.5, []),
        (X**0.7, [np.float32(0.7).item()]),
        (X / 2.0, []),
        (X / 4.0, [4.0]),
        (X / 3.0, [3.0]),
        (4.0 / X, [4.0]),
        (ops.cast(X, "int32") * 7, []),
        (ops.where(X > 0.0, X, 0.5), [0.5]),
        (X * ops.constant([1.0, 2.0, 3.0, 4.0, 5.0]), [[1, 2, 3, 4, 5]]),
        (X * (1.0 - ops.constant(0.75)), [0.25]),
        (X * (0.25 * ops.constant(4.0)), []),
        (ops.random_uniform((5,), 7, ops.cast(X, "int32")[0], stream=3), [7]),
    ],
)
def test_numbers_are_fed_but_those_that_rules_know(node, numbers):
    assert fed(node) == numbers


@pytest.mark.parametrize("is_first", [True, False])
def test_a_number_that_a_rule_knows_in_one_of_its_uses_stays_whatever_the_others_are(is_first):
    three = ops.constant(3.0)
    uses = [lambda: X**three, lambda: X / three]
    first, second = [use() for use in (uses if is_first else reversed(uses))]
    assert fed(first, second) == []


def test_a_number_computed_ahead_is_rounded_as_before():
    # 1 - float32(0.9) is 0.100000024, not float32(0.1) = 0.1: it is computed in float32, as `fold` does.
    assert fed(X * (1.0 - ops.constant(0.9))) == [np.float32(1) - np.float32(0.9)]


def test_what_is_computed_from_numbers_and_known_is_no_number_in_another_place():
    third = ops.constant(1.0 / 3.0)
    lifted = lift(program(X * (3.0 * third) + third))
    assert [value.tolist() for value in lifted.numbers.values()] == [np.float32(1 / 3).item()]
    special = lifted.specialise(((5,),))
    assert [node.attrs["name"] for node in special.variables] == ["number"]
    assert special.numbers == 1


def test_programs_that_compute_the_same_have_one_key_whatever_they_are_called_and_when_they_were_built():
    def built(is_swapped, number, name):
        x = ops.placeholder((unknown("batch"), 3), "float32", name)
        with scope(name):
            parts = [lambda: ops.exp(x * number), lambda: ops.tanh(x + number)]
            first, second = [part() for part in (reversed(parts) if is_swapped else parts)]
            nodes = (second, first) if is_swapped else (first, second)
        return lift(Program((x,), (), (nodes[0] - nodes[1],))).key

    assert built(False, 0.25, "x") == built(True, 0.75, "layer/y")
    assert built(False, 0.25, "x") != built(False, 1.0, "x")


def test_programs_that_differ_in_anything_that_code_depends_on_have_other_keys():
    w = ops.variable((5,), "float32", "w")
    double = ops.placeholder((5,), "float64", "x")
    longer = ops.placeholder((6,), "float32", "x")
    programs = [
        program(X + 0.3),
        program(0.3 - X),
        program(X + X),
        program(ops.exp(X)),
        program(ops.exp(X), ops.exp(X)),
        program(double + 0.3, inputs=(double,)),
        program(longer + 0.3, inputs=(longer,)),
        program(X + 0.3, inputs=(X, longer)),
        program(X + w, updates=((w, w + 1.0),)),
        program(X + w, updates=((w, w + 0.0),)),
        program(X + ops.constant(np.full(5, 0.3, np.float32))),
        program(ops.where(X > 0.0, X, 0.0)),
        program(ops.where(X > -0.0, X, 0.0)),
        program(ops.where(X > 0.0, X, -0.0)),
    ]
    keys = {lift(one).key for one in programs}
    limited = Program((X,), (), (X + 0.3,), max_elements=100)
    assert len(keys | {lift(limited).key}) == len(programs) + 1


def test_two_numbers_that_happen_to_be_equal_may_differ_in_the_next_program():
    assert key(X * 0.3 + 0.3) == key(X * 0.3 + 0.4)


def reductions():
    """Return programs whose bits depend on how a sum is cut into lanes: of numbers, draws and arrays."""
    step = ops.cast(X, "int32")[0]
    draw = ops.random_uniform((37, 41), 7, step)
    places = ops.cast(ops.constant(np.arange(41)), "float32")
    return [
        (draw * 0.3).sum(),
        ops.where(draw > 0.3, 0.7, 0.1).sum(1),
        (places * 0.7 + 0.2).sum() + X,
        (X.reshape((5, 1)) * 0.37 + places * 1.7).sum(1) ** 1.5,
        ops.constant(0.3).broadcast_to((99,)).sum() * X,
        (X * X + 0.3) ** 0.7 / 0.3 - 1e-7,
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_number_that_is_fed_changes_no_bit(number, monkeypatch):
    node = reductions()[number]
    x = np.linspace(0.5, 3, 5, dtype=np.float32)
    found = Native().compile(program(node)).run([x], [])[0][0]
    assert fed(node)
    monkeypatch.setattr(module, "_is_fed", lambda value, use: False)
    codes._slots.clear()
    written = Native().compile(program(node)).run([x], [])[0][0]
    assert found.tobytes() == written.tobytes()
    wanted = Interpreter().compile(program(node)).run([x], [])[0][0]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)  # sums of 1,517 terms


def test_a_number_is_a_result_and_the_next_value_of_a_variable():
    w = ops.variable((), "float32", "w")
    number = ops.constant(0.3)
    native = Native().compile(program(number, X * number, updates=((w, number),)))
    for _ in range(2):
        outputs, after = native.run([np.ones(5, np.float32)], [np.float32(2)])
        assert [outputs[0].tolist(), outputs[1].tolist(), after[0].tolist()] == [
            np.float32(0.3),
            [np.float32(0.3)] * 5,
            np.float32(0.3),
        ]
        outputs[0][...] = 9  # a result is nobody else's
