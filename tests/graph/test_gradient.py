"""Oracles: values worked by hand, with the arithmetic on the line; central differences in float64; counts of nodes."""

import math

import numpy as np
import pytest

from feedforward import ops
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import reachable, scope
from feedforward.ops import constant, placeholder, variable


def slope(function, *values):
    """Return the gradient of the sum of function(x, ...) for each of the values, as arrays."""
    nodes = [placeholder(np.shape(value), "float64", f"x{i}") for i, value in enumerate(values)]
    return nodes, gradient(function(*nodes).sum(), nodes)


@pytest.fixture
def slopes(run):
    """Return a function that gives the gradients of the sum of function(...) as lists."""

    def of(function, *values):
        nodes, parts = slope(function, *values)
        feeds = {node: np.asarray(value, np.float64) for node, value in zip(nodes, values, strict=True)}
        return [part if part is None else run([part], feeds)[0].tolist() for part in parts]

    return of


# kinks and ties: what is chosen is documented


def test_relu_built_with_where_has_slope_zero_at_zero(slopes):
    assert slopes(lambda x: ops.where(x > 0.0, x, 0.0), [-1.0, 0.0, 2.0]) == [[0.0, 0.0, 1.0]]


def test_relu_built_with_maximum_shares_the_tie_at_zero(slopes):
    assert slopes(lambda x: ops.maximum(x, 0.0), [-1.0, 0.0, 2.0]) == [[0.0, 0.5, 1.0]]


def test_absolute_value_has_slope_zero_at_zero(slopes):
    assert slopes(abs, [-3.0, 0.0, -0.0, 3.0]) == [[-1.0, 0.0, 0.0, 1.0]]


def test_maximum_and_minimum_give_half_to_each_side_of_a_tie(slopes):
    assert slopes(ops.maximum, [1.0, 2.0, 3.0], [1.0, 5.0, 0.0]) == [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]
    assert slopes(ops.minimum, [1.0, 2.0, 3.0], [1.0, 5.0, 0.0]) == [[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]]


def test_elements_that_tie_for_the_maximum_share_its_gradient(slopes):
    x = [[4.0, 4.0, 1.0, 4.0], [0.0, 7.0, 7.0, -1.0]]
    third = 1 / 3
    assert slopes(lambda x: x.max(1), x) == [[[third, third, 0.0, third], [0.0, 0.5, 0.5, 0.0]]]
    assert slopes(lambda x: x.max(), x) == [[[0.0] * 4, [0.0, 0.5, 0.5, 0.0]]]
    assert slopes(lambda x: x.min(1), x) == [[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]]


def test_clip_has_slope_one_half_on_its_bounds(slopes):
    assert slopes(lambda x: ops.clip(x, 0.0, 1.0), [-1.0, 0.0, 0.5, 1.0, 2.0]) == [[0.0, 0.5, 1.0, 0.5, 0.0]]


def test_power_at_zero_has_the_slopes_documented(slopes):
    # d(x^0)/dx = 0 everywhere; d(0^2)/dx = 2*0 = 0; d(0^1)/dx = 1; by y: 0 where x <= 0, else x^y log x
    by_x, by_y = slopes(ops.power, [0.0, 0.0, 0.0, -2.0, 2.0], [0.0, 2.0, 1.0, 3.0, 3.0])
    assert by_x == [0.0, 0.0, 1.0, 12.0, 12.0]
    assert by_y[:4] == [0.0, 0.0, 0.0, 0.0]
    assert by_y[4] == pytest.approx(8 * math.log(2), rel=4 * np.finfo(float).eps)


def test_square_root_has_an_infinite_slope_at_zero(slopes):
    assert slopes(ops.sqrt, [0.0, 4.0]) == [[math.inf, 0.25]]  # 1 / (2 sqrt(4)) = 1/4


def test_the_side_that_where_does_not_take_gets_zero(slopes):
    taken, left = slopes(lambda x, y: ops.where(constant([True, False]), x, y), [1.0, 2.0], [3.0, 4.0])
    assert (taken, left) == ([1.0, 0.0], [0.0, 1.0])


# what depends on what


def test_gradient_of_an_unused_input_is_none():
    x, y = placeholder((2,)), placeholder((3,), name="y")
    used, unused = gradient(x.sum(), [x, y])
    assert used.shape == (2,)
    assert unused is None


def test_gradient_of_an_output_with_respect_to_itself_is_one(run):
    x = placeholder((), "float64")
    (part,) = gradient(x, [x])
    assert run([part], {x: np.array(5.0)})[0] == 1.0


def test_an_input_named_twice_gets_its_gradient_twice():
    x = placeholder((2,))
    first, second = gradient((x * x).sum(), [x, x])
    assert first is second


def test_a_node_used_twice_adds_up_both_uses(slopes):
    assert slopes(lambda x: x * x + 3.0 * x, [1.0, -2.0]) == [[5.0, -1.0]]  # 2x + 3


def test_an_input_inside_the_graph_of_another_gets_its_own_gradient(run):
    x = placeholder((), "float64")
    y = x * 3.0
    by_x, by_y = gradient(y * y, [x, y])
    assert [float(v) for v in run([by_x, by_y], {x: np.array(2.0)})] == [36.0, 12.0]  # 2 * 9 * 2 and 2 * 6


def test_stop_gradient_is_a_constant(slopes):
    assert slopes(lambda x: x * ops.stop_gradient(x), [3.0]) == [[3.0]]
    assert slopes(lambda x: ops.stop_gradient(x * x), [3.0]) == [None]


def test_steps_have_no_gradient(slopes):
    assert slopes(lambda x: ops.sign(x) + ops.floor(x), [0.5]) == [None]
    assert slopes(lambda x: (x > 0.0).astype("float64"), [0.5]) == [None]
    assert slopes(lambda x: x.astype("int32").astype("float64"), [2.5]) == [None]


def test_an_integer_input_has_no_gradient():
    x, rows = placeholder((5, 2)), placeholder((3,), "int64", "rows")
    by_x, by_rows = gradient(ops.take(x, rows).sum(), [x, rows])
    assert by_x.shape == (5, 2)
    assert by_rows is None


def test_cast_takes_the_gradient_back_to_the_dtype_of_its_input(run):
    x = placeholder((2,), "float64")
    (part,) = gradient((x.astype("float32") * 3.0).sum(), [x])
    assert part.dtype == np.float64
    assert run([part], {x: np.array([1.0, 2.0])})[0].tolist() == [3.0, 3.0]


def test_is_recorded_keeps_the_walk_out_of_a_node():
    x = placeholder((), "float64")
    inner = x * x
    outer = inner * 2.0
    assert gradient(outer, [x], is_recorded=lambda node: node is not inner) == [None]
    assert gradient(outer, [inner], is_recorded=lambda node: node is not inner)[0] is not None


def test_gradient_nodes_carry_the_scope_and_the_line_of_what_they_stand_for():
    x = placeholder((2,))
    with scope("dense_1"):
        y = ops.tanh(x)
    (part,) = gradient(y.sum(), [x])
    before = set(reachable([y.sum()]))
    stamped = [node for node in reachable([part]) if node not in before and node.scope == "dense_1"]
    assert stamped
    assert {node.source for node in stamped} == {y.source}


# output_gradient and errors


def test_output_gradient_weighs_the_elements(run):
    x, weights = placeholder((3,), "float64"), constant(np.array([1.0, 10.0, 100.0]))
    (part,) = gradient(x * x, [x], weights)
    assert run([part], {x: np.array([1.0, 2.0, 3.0])})[0].tolist() == [2.0, 40.0, 600.0]


def test_an_output_that_is_no_scalar_is_refused():
    x = placeholder((2, 3))
    with pytest.raises(ShapeError, match=r"gradient: the output has shape \(2, 3\). A scalar was expected"):
        gradient(x, [x])


def test_an_output_gradient_of_another_shape_is_refused():
    x = placeholder((2,))
    with pytest.raises(ShapeError, match=r"output_gradient has shape \(3,\), the output \(2,\)"):
        gradient(x, [x], constant([1.0, 2.0, 3.0]))


def test_an_integer_output_is_refused():
    x = placeholder((), "int32")
    with pytest.raises(DtypeError, match=r"the output is int32\. Only a float can be differentiated"):
        gradient(x, [x])


def test_zeros_like_has_the_shape_and_dtype(run):
    x = placeholder((2, 3), "float64")
    (zeros,) = run([zeros_like(x)])
    assert zeros.shape == (2, 3) and zeros.dtype == np.float64 and not zeros.any()


# through movement, by hand


def test_gradient_through_broadcasting_sums_over_what_was_repeated(slopes):
    x, y = [[1.0], [2.0]], [10.0, 20.0, 30.0]
    assert slopes(lambda x, y: x * y, x, y) == [[[60.0], [60.0]], [3.0, 3.0, 3.0]]  # 10+20+30; 1+2


def test_gradient_through_a_slice_with_steps_is_zero_between(slopes):
    assert slopes(lambda x: x[1::2] * constant(np.array([3.0, 5.0])), [0.0] * 5) == [[0.0, 3.0, 0.0, 5.0, 0.0]]
    assert slopes(lambda x: x[::-2] * constant(np.array([1.0, 2.0])), [0.0] * 4) == [[0.0, 2.0, 0.0, 1.0]]


def test_gradient_through_concatenate_is_cut_up_again(slopes):
    weights = constant(np.array([1.0, 2.0, 3.0]))
    assert slopes(lambda x, y: ops.concatenate([x, y]) * weights, [0.0], [0.0, 0.0]) == [[1.0], [2.0, 3.0]]


def test_gradient_through_take_adds_up_rows_taken_twice(slopes):
    assert slopes(lambda x: ops.take(x, [2, 0, 2, -1]), [0.0, 0.0, 0.0]) == [[1.0, 0.0, 3.0]]


def test_gradient_through_windows_counts_the_windows_over_each_element(slopes):
    # windows of 3 over 5 elements: the places are seen by 1, 2, 3, 2 and 1 of them
    assert slopes(lambda x: ops.windows(x, [3], axes=[0]), [0.0] * 5) == [[1.0, 2.0, 3.0, 2.0, 1.0]]


# second order


def test_hessian_of_a_two_layer_tanh_network_is_the_central_difference_of_its_gradient(run):
    rng = np.random.default_rng(0)
    x, targets = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    shapes = [(3, 4), (4,), (4, 2), (2,)]
    weights = [variable(shape, "float64", f"w{i}") for i, shape in enumerate(shapes)]
    values = [rng.normal(size=shape) for shape in shapes]
    hidden = ops.tanh(constant(x) @ weights[0] + weights[1])
    loss = ops.square(ops.tanh(hidden @ weights[2] + weights[3]) - constant(targets)).mean()
    first = gradient(loss, weights)

    def gradients(values):
        return np.concatenate([g.reshape(-1) for g in run(first, zip(weights, values, strict=True))])

    rows = []
    for part in first:
        for place in np.ndindex(part.shape):
            second = gradient(part[place], weights)
            seconds = [zeros_like(w) if g is None else g for w, g in zip(weights, second, strict=True)]
            row = run(seconds, zip(weights, values, strict=True))
            rows.append(np.concatenate([g.reshape(-1) for g in row]))
    hessian = np.array(rows)

    step, columns = 1e-5, []  # cuts off 1e-10 / 6 third derivatives, rounds off 1e-16 / 1e-5
    for i, value in enumerate(values):
        for place in np.ndindex(value.shape):
            ahead, behind = ([v.copy() for v in values] for _ in range(2))
            ahead[i][place] += step
            behind[i][place] -= step
            columns.append((gradients(ahead) - gradients(behind)) / (2 * step))
    assert hessian.shape == (26, 26)
    np.testing.assert_allclose(hessian, np.array(columns).T, rtol=0, atol=1e-6)  # asked for; 1e-9 is what is reached
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-13)


def test_fourth_derivative_of_sine_is_sine(run):
    x = placeholder((), "float64")
    y = ops.sin(x)
    for _ in range(4):
        (y,) = gradient(y, [x])
    assert float(run([y], {x: np.array(0.7)})[0]) == pytest.approx(math.sin(0.7), abs=4 * np.finfo(float).eps)


# size of the graph


def test_a_chain_of_ten_thousand_steps_needs_no_recursion_and_few_nodes(run):
    x = placeholder((), "float64")
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    (part,) = gradient(y, [x])
    assert len(reachable([part])) <= 4 * 10_000
    # one rounding a step
    assert float(run([part], {x: np.array(1.0)})[0]) == pytest.approx(1.0001**10_000, rel=1e4 * np.finfo(float).eps)


def test_a_chain_that_doubles_itself_has_a_linear_gradient(run):
    x = placeholder((), "float64")
    y = x
    for _ in range(200):
        y = (y + y) * 0.5  # 2^200 paths
    (part,) = gradient(y, [x])
    assert len(reachable([y, part])) <= 200 * 8
    assert run([part], {x: np.array(1.0)})[0] == 1.0


def network(layers):
    x = placeholder((8, 16))
    weights = []
    for i in range(layers):
        weights += [variable((16, 16), name=f"w{i}"), variable((16,), name=f"b{i}")]
        x = ops.tanh(x @ weights[-2] + weights[-1])
    return ops.square(x).mean(), weights


def test_the_gradient_of_a_network_grows_by_the_same_number_of_nodes_a_layer():
    counts = []
    for layers in (5, 10, 20):
        loss, weights = network(layers)
        counts.append(len(reachable([loss, *gradient(loss, weights)])))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])
    assert (counts[2] - counts[1]) / 10 <= 25
