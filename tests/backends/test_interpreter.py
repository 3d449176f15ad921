"""Oracles: numbers worked by hand, NumPy on the same arrays; the identity loop = runs one after another."""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.program import Program
from feedforward.ops import constant, placeholder, variable
from looping import looped

BATCH = unknown("batch")


def counter():
    """Return a program that adds its input's sum to a variable, and shows the variable's old value."""
    x, total = placeholder((BATCH, 2), "float64", "x"), variable((), "float64", "total")
    return Interpreter().compile(Program((x,), (total,), (total * 1.0, x.sum()), ((total, total + x.sum()),)))


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3)])
def test_placeholders_and_variables_are_what_is_fed(shape):
    x, w = placeholder(shape, "float64"), variable(shape, "float64")
    value, weight = np.full(shape, 2.0), np.full(shape, 3.0)
    outputs, variables = Interpreter().compile(Program((x,), (w,), (x, w))).run([value], [weight])
    np.testing.assert_array_equal(outputs, [value, weight])
    np.testing.assert_array_equal(variables, [weight])


def test_updates_read_the_old_values():
    a, b = variable((), "float64", "a"), variable((), "float64", "b")
    program = Interpreter().compile(Program((), (a, b), (a + b,), ((a, b), (b, a + b))))  # Fibonacci
    values = [np.array(0.0), np.array(1.0)]
    for expected in [(1, 1), (1, 2), (2, 3), (3, 5), (5, 8)]:
        _, values = program.run([], values)
        assert tuple(float(v) for v in values) == expected


def test_a_variable_without_an_update_stays():
    a, b = variable((), "float64", "a"), variable((), "float64", "b")
    _, values = Interpreter().compile(Program((), (a, b), (), ((b, a * 2.0),))).run([], [np.array(3.0), np.array(0.0)])
    assert [float(v) for v in values] == [3.0, 6.0]


def test_unknown_sizes_are_read_off_what_is_fed_anew_each_time():
    x = placeholder((BATCH, 2), "float64")
    program = Interpreter().compile(Program((x,), (), (x.mean(0), ops.size(BATCH))))
    for rows in (1, 4, 2, 4):
        value = np.arange(2.0 * rows).reshape(rows, 2)
        (mean, size), _ = program.run([value], [])
        np.testing.assert_array_equal(mean, value.mean(0))
        assert size == rows and size.dtype == np.int64


def test_an_empty_batch_has_empty_results_and_zero_gradients():
    x, w = placeholder((BATCH, 5), "float64"), variable((5, 3), "float64")
    y = (x @ w)[::2, ::2]
    program = Interpreter().compile(Program((x,), (w,), (y, *gradient(y.sum(), [x, w]))))
    (value, by_x, by_w), _ = program.run([np.zeros((0, 5))], [np.ones((5, 3))])
    assert (value.shape, by_x.shape) == ((0, 2), (0, 5))
    assert by_w.tolist() == np.zeros((5, 3)).tolist()


def test_a_value_that_is_freed_early_changes_no_result():
    rng = np.random.default_rng(0)
    x = placeholder((3, 4), "float64")
    a = ops.sin(x)
    b = a * a + a
    c = b.reshape((4, 3))  # a view of b, which is freed before c is used
    d = ops.flip(c.T, 0) + b
    nodes = [d.sum(0), c, ops.exp(c).sum(), a, x]
    value = rng.normal(size=(3, 4))
    together, _ = Interpreter().compile(Program((x,), (), tuple(nodes))).run([value], [])
    kept = np.sin(value) ** 2 + np.sin(value)
    np.testing.assert_allclose(together[0], (kept.reshape(4, 3).T[::-1] + kept).sum(0), rtol=1e-14)  # 60 roundings
    for node, mine in zip(nodes, together, strict=True):
        (alone,), _ = Interpreter().compile(Program((x,), (), (node,))).run([value], [])
        np.testing.assert_array_equal(mine, alone)


def test_watch_sees_every_computed_node_once_and_its_value():
    x = placeholder((2,), "float64")
    y = x * x
    program = Program((x,), (), (y + y,))
    seen = {}
    Interpreter().compile(program).run([np.array([1.0, 3.0])], [], lambda node, value: seen.update({node: value}))
    assert list(seen) == [node for node in program.nodes if node is not x]
    assert seen[y].tolist() == [1.0, 9.0]


def test_nothing_warns_where_numpy_would():
    x = placeholder((3,))
    nodes = (ops.log(x), 1.0 / x, ops.exp(x * 1e9), x.astype("int32"), ops.sqrt(x))
    Interpreter().compile(Program((x,), (), nodes)).run([np.array([0.0, -1.0, np.inf], np.float32)], [])


# loop


def test_loop_is_runs_one_after_another():
    rows = np.arange(14.0).reshape(7, 2)
    order = np.array([6, 0, 3, 3, 1, 2, 5])
    totals, variables = looped(counter(), [rows], order, 3, [np.array(0.0)])
    sums = [rows[batch].sum() for batch in (order[:3], order[3:6], order[6:])]  # the last batch has one row
    assert float(variables[0]) == sum(sums)
    assert float(totals[0]) == 0 + sums[0] + (sums[0] + sums[1])
    assert float(totals[1]) == sum(sums)


def test_loop_adds_up_in_float64():
    x = placeholder((BATCH,))
    program = Interpreter().compile(Program((x,), (), (x.sum(),)))
    (total,), _ = looped(program, [np.full(100, 0.1, np.float32)], np.arange(100), 1, [])
    assert total.dtype == np.float64
    assert float(total) == sum([float(np.float32(0.1))] * 100)


def test_a_loop_cut_in_two_gives_the_bits_of_one():
    rng = np.random.default_rng(0)
    rows, order = rng.normal(size=(10, 2)), rng.permutation(10)
    whole = looped(counter(), [rows], order, 2, [np.array(0.0)])
    totals, variables = looped(counter(), [rows], order[:6], 2, [np.array(0.0)])
    halves = looped(counter(), [rows], order[6:], 2, variables, totals)
    for mine, other in zip([*whole[0], *whole[1]], [*halves[0], *halves[1]], strict=True):
        assert np.asarray(mine).tobytes() == np.asarray(other).tobytes()


def test_a_loop_over_no_rows_changes_no_variable():
    _, variables = looped(counter(), [np.zeros((3, 2))], np.zeros(0, np.int64), 2, [np.array(5.0)])
    assert float(variables[0]) == 5.0


def test_arrays_of_unequal_length_are_refused():
    x, y = placeholder((BATCH,), name="x"), placeholder((BATCH,), name="y")
    program = Interpreter().compile(Program((x, y), (), (x.sum(),)))
    with pytest.raises(ShapeError, match=r"loop: the arrays have \[4, 5\] rows. Give them equally many"):
        looped(program, [np.zeros(4, np.float32), np.zeros(5, np.float32)], np.arange(4), 2, [])


# what is fed


@pytest.mark.parametrize(
    ("inputs", "variables", "error", "message"),
    [
        (
            [np.zeros((2, 2), np.float32)],
            [np.array(0.0)],
            DtypeError,
            "'x' has dtype float32. Expected float64; cast it",
        ),
        ([np.zeros((2, 2))], [np.array(0)], DtypeError, "variable 'total' has dtype int64. Expected float64"),
        ([np.zeros((2, 3))], [np.array(0.0)], ShapeError, r"input 'x' has shape \(2, 3\). Expected \(batch, 2\)"),
        ([np.zeros((2, 2))], [np.zeros(1)], ShapeError, r"variable 'total' has shape \(1,\). Expected \(\)"),
        ([], [np.array(0.0)], ShapeError, "0 arrays for 1 inputs. Give one for each"),
        ([np.zeros((2, 2))], [], ShapeError, "0 arrays for 1 variables. Give one for each"),
    ],
)
def test_what_does_not_fit_is_refused(inputs, variables, error, message):
    with pytest.raises(error, match=message):
        counter().run(inputs, variables)


def test_a_placeholder_that_is_not_fed_is_named():
    x = placeholder((2,), name="picture")
    with pytest.raises(ShapeError, match="input 'picture' was not fed"):
        Interpreter().compile(Program((), (), (x + constant([1.0, 2.0]),))).run([], [])
