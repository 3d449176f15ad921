"""Oracles: JAX in float64; derivatives by hand; central differences; TensorFlow's documented rules for its tape."""

import collections
import gc
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import feedforward as ff
from feedforward import GradientTape, Tensor, Variable, grad, hessian, value_and_grad
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.node import Node

EPSILON = np.finfo(np.float64).eps


def check_same(ours, expected, roundings=64):
    """Compare within a number of roundings, of which the functions here make a few dozen."""
    expected = np.asarray(expected)
    assert ours.shape == expected.shape
    scale = np.abs(expected).max(initial=1.0)
    np.testing.assert_allclose(ours.numpy(), expected, rtol=0, atol=roundings * EPSILON * scale)


def second_derivatives(function, argnums=0):
    """Return JAX's, compiled as a whole: op by op it takes seconds."""
    return jax.jit(jax.hessian(function, argnums))


# the tape


def test_the_gradient_of_a_square_is_twice_its_root():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    assert float(tape.gradient(y, w)) == 6.0


def test_sources_may_be_nested_and_the_result_has_their_form():
    a, b = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = a * b
    assert [float(g) for g in tape.gradient(y, [a, b])] == [3.0, 2.0]
    assert tuple(float(g) for g in tape.gradient(y, (a, b))) == (3.0, 2.0)
    found = tape.gradient(y, {"b": b, "both": (a, [b])})
    assert list(found) == ["b", "both"] and type(found["both"]) is tuple and type(found["both"][1]) is list
    assert (float(found["b"]), float(found["both"][0]), float(found["both"][1][0])) == (2.0, 3.0, 2.0)
    assert tape.gradient(y, []) == []
    assert [float(g) for g in tape.gradient(y, [a, a])] == [3.0, 3.0]


def test_a_tape_can_be_asked_once():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    tape.gradient(y, w)
    with pytest.raises(RuntimeError, match=r"asked for a gradient before\. Use GradientTape\(persistent=True\)\.$"):
        tape.gradient(y, w)


def test_a_persistent_tape_can_be_asked_often():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        z = y * w
    assert [float(tape.gradient(target, w)) for target in (y, z, y)] == [6.0, 27.0, 6.0]


def test_a_question_that_was_wrong_does_not_count():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    with pytest.raises(TypeError, match="no tensor"):
        tape.gradient(y, "w")
    assert float(tape.gradient(y, w)) == 6.0


def test_a_tape_that_was_asked_can_record_again():
    w = Variable(3.0)
    tape = GradientTape()
    for exponent in (2.0, 3.0):
        with tape:
            y = w**exponent
        assert float(tape.gradient(y, w)) == exponent * 3.0 ** (exponent - 1.0)


def test_a_persistent_tape_records_in_two_blocks():
    w = Variable(3.0)
    tape = GradientTape(persistent=True)
    with tape:
        y = w * w
    aside = y * w
    with tape:
        z = y * y
    assert float(tape.gradient(z, w)) == 108.0  # 4 w^3
    assert tape.gradient(aside, w) is None


def test_a_tape_that_records_cannot_be_entered():
    with GradientTape() as tape, pytest.raises(ValueError, match=r"^this GradientTape is recording already"):
        tape.__enter__()


def test_the_gradient_may_be_asked_for_inside_the_block():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
        g = tape.gradient(y, w)
        w.assign_sub(g * 0.5)
    assert (float(g), float(w), float(y)) == (6.0, 0.0, 9.0)


def test_a_tensor_that_is_not_watched_has_no_gradient():
    x = Tensor(3.0)
    with GradientTape(persistent=True) as tape:
        inside = Tensor(2.0)
        y = x * x * inside
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, [x, inside]) == [None, None]
    assert float(tape.gradient(y, x, unconnected_gradients="zero")) == 0.0


def test_a_tensor_that_is_watched_has_a_gradient():
    x, y = Tensor([1.0, 2.0]), Tensor(3.0)
    with GradientTape() as tape:
        tape.watch([x, y])
        z = (x * x).sum() * y
    gx, gy = tape.gradient(z, [x, y])
    assert gx.tolist() == [6.0, 12.0] and float(gy) == 5.0


def test_only_tensors_are_watched():
    with GradientTape() as tape, pytest.raises(TypeError, match=r"^watch: 3\.0 is no tensor\. Give a Tensor or a Var"):
        tape.watch([3.0])


def test_an_intermediate_of_the_tape_has_a_gradient():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        z = y * y
    assert float(tape.gradient(z, y)) == 18.0
    assert [float(g) for g in tape.gradient(z, [w, y, z])] == [108.0, 18.0, 1.0]


def test_a_watched_intermediate_made_before_the_tape_has_a_gradient():
    w = Variable(3.0)
    y = w * w
    with GradientTape(persistent=True) as tape:
        tape.watch(y)
        str(y)
        z = y * y
    str(y)
    assert [None if g is None else float(g) for g in tape.gradient(z, [y, w])] == [18.0, None]


def test_looking_inside_the_tape_changes_nothing():
    w = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = w * w
        assert str(y) == "[1. 4.]"
        z = y.sum()
        if z > 2.0:
            z = z * float(z)
        assert float(z) == 25.0
        total = sum(row * row for row in y)
    assert tape.gradient(z, w).tolist() == [10.0, 20.0]
    assert tape.gradient(z, y).tolist() == [5.0, 5.0]
    assert tape.gradient(total, w).tolist() == [4.0, 32.0]  # of w^4: 4 w^3


def test_looking_after_the_tape_changes_nothing():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
        z = y * w
    assert (float(z), float(y)) == (27.0, 9.0)
    assert float(tape.gradient(z, w)) == 27.0


def test_what_was_computed_before_the_tape_is_a_constant_to_it():
    w = Variable(3.0)
    before = w * w
    with GradientTape(persistent=True) as tape:
        y = before * w
    assert float(tape.gradient(y, w)) == 9.0
    assert tape.gradient(before, w) is None
    assert tape.gradient(y, before) is None


def test_what_is_computed_after_the_tape_is_not_recorded():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    assert tape.gradient(y * w, w) is None


def test_nothing_is_recorded_while_the_tape_pauses():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        with tape.stop_recording():
            aside = y * w
        z = y * y + aside
    assert float(tape.gradient(z, w)) == 108.0
    assert tape.gradient(aside, w) is None
    assert float(tape.gradient(z, aside, unconnected_gradients="zero")) == 0.0


def test_only_a_tape_that_records_can_pause():
    with pytest.raises(ValueError, match=r"^stop_recording: this GradientTape is not recording\. Use it inside"):
        with GradientTape().stop_recording():
            pass


def test_a_tape_forgets_what_it_recorded():
    w, x = Variable(3.0), Tensor(1.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = w * w * x
        tape.reset()
        z = y * w
    assert tape.gradient(y, w) is None
    assert float(tape.gradient(z, w)) == 9.0
    assert tape.gradient(z, x) is None
    tape.reset()
    assert tape.gradient(w * w, w) is None


def test_the_gradient_of_an_array_is_that_of_its_sum():
    w = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = w * w
    assert tape.gradient(y, w).tolist() == [2.0, 4.0]


def test_output_gradients_weigh_the_target():
    w = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = w * w
    assert tape.gradient(y, w, output_gradients=[10.0, 100.0]).tolist() == [20.0, 400.0]
    assert tape.gradient(y, w, output_gradients=Tensor(np.array([1.0, 0.0]))).tolist() == [2.0, 0.0]
    assert tape.gradient(y, w, output_gradients=3.0).tolist() == [6.0, 12.0]
    with pytest.raises(ShapeError, match=r"^broadcast_to: \(3,\) cannot become \(2,\)"):
        tape.gradient(y, w, output_gradients=[1.0, 2.0, 3.0])


def test_what_a_target_does_not_depend_on_has_no_gradient():
    a, b = Variable(2.0), Variable([3.0, 4.0])
    with GradientTape(persistent=True) as tape:
        y = a * a
        b * 2.0
    assert tape.gradient(y, [a, b])[1] is None
    zeros = tape.gradient(y, [a, b], unconnected_gradients="zero")[1]
    assert zeros.tolist() == [0.0, 0.0] and zeros.dtype == np.float32
    with pytest.raises(ValueError, match=r"^unconnected_gradients: 'one' is not 'none' or 'zero'\.$"):
        tape.gradient(y, a, unconnected_gradients="one")


def test_a_gradient_stops_where_it_is_told_to():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = ff.stop_gradient(w * w) * w
    assert float(tape.gradient(y, w)) == 9.0


def test_a_variable_that_is_not_trainable_is_not_watched():
    w = Variable(3.0, trainable=False)
    with GradientTape(persistent=True) as tape:
        y = w * w
    assert tape.gradient(y, w) is None
    with GradientTape() as tape:
        tape.watch(w)
        y = w * w
    assert float(tape.gradient(y, w)) == 6.0


def test_a_tape_may_be_told_not_to_watch_variables():
    w, v = Variable(3.0), Variable(2.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        y = w * v
    gw, gv = tape.gradient(y, [w, v])
    assert gw is None and float(gv) == 3.0


def test_a_variable_may_be_assigned_to_after_the_tape():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    w.assign(10.0)
    assert float(w) == 10.0
    w.assign(20.0)
    assert float(tape.gradient(y, w)) == 6.0


def test_reads_before_and_after_an_assignment_inside_the_tape_both_count():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w  # its derivative is 6 at w = 3
        w.assign(y)  # a constant to the tape
        total = y + w * w * w  # 3 w^2 = 243 at w = 9
    w.assign(0.0)
    assert float(tape.gradient(total, w)) == 6.0 + 243.0


def test_a_watched_variable_is_watched_after_it_is_assigned_to():
    w = Variable(3.0, trainable=False)
    with GradientTape() as tape:
        tape.watch(w)
        w.assign(4.0)
        y = w * w
    assert float(tape.gradient(y, w)) == 8.0


def test_an_assignment_before_the_tape_may_be_pending():
    w = Variable(3.0)
    w.assign_add(1.0)
    with GradientTape() as tape:
        y = w * w
    assert float(tape.gradient(y, w)) == 8.0


def test_nested_tapes_give_second_derivatives():
    w = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = w * w * w
        slope = inner.gradient(y, w)
        str(slope)
    assert (float(slope), float(outer.gradient(slope, w))) == (12.0, 12.0)  # 3 w^2, 6 w


def test_one_persistent_tape_gives_a_second_derivative_of_what_it_was_asked_inside():
    x = Tensor(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        slope = tape.gradient(y, x)
    assert float(tape.gradient(slope, x)) == 12.0


def test_an_outer_tape_sees_through_grad():
    w = Variable(2.0)
    with GradientTape() as tape:
        slope = grad(lambda x: x * x * x)(w)
        str(slope)
    assert float(tape.gradient(slope, w)) == 12.0


def test_an_integer_cannot_be_differentiated():
    w = Variable([3.0, 1.0])
    with GradientTape() as tape:
        y = w.argmax()
    with pytest.raises(DtypeError, match=r"^gradient: the output is int64\. Only a float can be differentiated"):
        tape.gradient(y, w)


@pytest.mark.parametrize(("target", "source"), [(1.0, None), (None, None), ("y", None)])
def test_a_target_is_a_tensor(target, source):
    w = Variable(3.0)
    with GradientTape() as tape:
        pass
    with pytest.raises(TypeError, match=r"^gradient: the target .* is no tensor\. Give what was computed inside"):
        tape.gradient(target, w)


@pytest.mark.parametrize("source", [None, "w", 1.0, [1.0], {"a": None}], ids=repr)
def test_a_source_is_a_tensor(source):
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    with pytest.raises(TypeError, match=r"^gradient: the source .* is no tensor\. Give a Tensor or a Variable"):
        tape.gradient(y, source)


def test_gradients_keep_the_dtype_of_their_source():
    w = Variable(np.array([1.0, 2.0]))
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = (w * v.astype("float64")).sum()
    assert [g.dtype.name for g in tape.gradient(y, [w, v])] == ["float64", "float32"]


def test_the_gradient_under_eager_is_the_same():
    def compute():
        w = Variable([1.0, 2.0])
        with GradientTape(persistent=True) as tape:
            y = ff.tanh(w * w)
            w.assign_add(1.0)
            z = (y * w).sum()
        return tape.gradient(z, [w, y])

    lazily = compute()
    with ff.eager():
        at_once = compute()
    for one, other in zip(lazily, at_once, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), strict=True)


def test_a_persistent_tape_does_not_remember_assignments_that_come_after_it():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
    w.assign_add(1.0).numpy()
    gc.collect()
    before = sum(isinstance(thing, Node) for thing in gc.get_objects())
    for _ in range(300):
        w.assign_add(1.0).numpy()
    gc.collect()
    assert sum(isinstance(thing, Node) for thing in gc.get_objects()) <= before + 5
    assert float(tape.gradient(y, w)) == 6.0


# grad, value_and_grad, hessian


def bent(numpy, x, y):
    return numpy.sum(numpy.tanh(x * y) * numpy.exp(-x * x) + numpy.log(1.0 + y * y))


def bent_of_tensors(x, y):
    return (ff.tanh(x * y) * ff.exp(-x * x) + ff.log(1.0 + y * y)).sum()


X = np.array([0.3, -1.2, 0.7])
Y = np.array([1.5, 0.4, -0.8])


def test_grad_is_that_of_jax():
    check_same(grad(bent_of_tensors)(X, Y), jax.jit(jax.grad(lambda x, y: bent(jnp, x, y)))(X, Y))


@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1, 0), [1]], ids=str)
def test_the_arguments_to_differentiate_by_are_those_of_jax(argnums):
    value, ours = value_and_grad(bent_of_tensors, argnums)(X, Y)
    theirs = jax.jit(jax.grad(lambda x, y: bent(jnp, x, y), argnums if isinstance(argnums, int) else tuple(argnums)))(
        X, Y
    )
    assert float(value) == pytest.approx(float(bent(np, X, Y)), rel=64 * EPSILON)
    if isinstance(argnums, int):
        ours, theirs = (ours,), (theirs,)
    assert type(ours) is tuple
    for mine, their in zip(ours, theirs, strict=True):
        check_same(mine, their)


@pytest.mark.parametrize("argnums", [2, -3, (0, 5)])
def test_an_argument_that_is_not_there_is_refused(argnums):
    for derivative in (grad, value_and_grad):
        with pytest.raises(
            ValueError, match=r"^grad: argnums=-?\d with 2 arguments\. Give the place of an argument\.$"
        ):
            derivative(bent_of_tensors, argnums)(X, Y)


def test_the_matrix_of_an_argument_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"^hessian: argnums=2 with 2 arguments"):
        hessian(bent_of_tensors, 2)(X, Y)
    with pytest.raises(ValueError, match=r"^hessian: argnums=0 with 0 arguments"):
        hessian(bent_of_tensors)()


def test_grad_of_grad_of_grad_is_the_third_derivative():
    ours = grad(grad(grad(lambda x: ff.sin(x) * x**2.0)))(np.float64(1.3))
    check_same(ours, jax.jit(jax.grad(jax.grad(jax.grad(lambda x: jnp.sin(x) * x**2.0))))(1.3))


def test_a_gradient_inside_a_function_is_differentiated():
    def penalty(numpy_grad, f, x):
        return (numpy_grad(f)(x) ** 2.0).sum() + f(x)

    ours = grad(lambda x: penalty(grad, lambda z: (ff.tanh(z) * z).sum(), x))(X)
    theirs = jax.jit(jax.grad(lambda x: penalty(jax.grad, lambda z: (jnp.tanh(z) * z).sum(), x)))(X)
    check_same(ours, theirs)


def test_a_closure_over_the_outer_argument_keeps_the_levels_apart():
    # d/dx [x * d/dy (x + y)] = d/dx x = 1: the classical case of confused perturbations (Siskind and Pearlmutter, 2005)
    assert float(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)) == 1.0
    ours = grad(lambda x: x * grad(lambda y: x * y * y)(x))(2.0)
    assert float(ours) == 24.0  # d/dx 2 x^3


def test_a_closure_over_other_tensors_takes_them_as_constants():
    scale, w = Tensor(3.0), Variable(5.0)
    unseen = scale * w
    assert float(grad(lambda x: x * x * unseen)(2.0)) == 60.0
    assert float(grad(lambda x: x * w)(2.0)) == 5.0


def test_an_argument_may_be_used_outside_of_its_place():
    x = Tensor(2.0)
    assert float(grad(lambda y: y * x)(x)) == 2.0  # the x outside is a constant


def test_arguments_may_be_lists_tuples_and_dicts():
    tree = {"w": [np.float64(2.0), np.array([3.0, 4.0])], "b": (np.float64(5.0),)}

    def function(parts):
        return parts["w"][0] * (parts["w"][1] * parts["w"][1]).sum() + parts["b"][0] ** 2

    ours = grad(function)(tree)
    theirs = jax.jit(jax.grad(function))(tree)
    assert list(ours) == ["w", "b"] and type(ours["w"]) is list and type(ours["b"]) is tuple
    check_same(ours["w"][0], theirs["w"][0])
    check_same(ours["w"][1], theirs["w"][1])
    check_same(ours["b"][0], theirs["b"][0])


def test_a_tuple_with_names_keeps_its_form():
    pair = collections.namedtuple("Pair", ["a", "b"])
    ours = grad(lambda p: p.a * p.a * p.b)(pair(np.float64(2.0), np.float64(3.0)))
    assert type(ours) is pair and (float(ours.a), float(ours.b)) == (12.0, 4.0)
    w = Variable(2.0)
    with GradientTape() as tape:
        y = w * w
    assert float(tape.gradient(y, pair(w, [w])).b[0]) == 4.0


def test_an_argument_that_does_not_matter_has_a_gradient_of_zeros():
    ours = grad(lambda x, y: (x * x).sum(), argnums=(0, 1))(X, Y)
    check_same(ours[1], np.zeros(3))
    check_same(grad(lambda x: ff.floor(x).sum())(X), np.zeros(3))


def test_looking_inside_a_function_does_not_hide_its_gradient():
    def function(x):
        y = x * x
        str(x), str(y)
        if y.sum() > 1.0:
            y = y * y
        total = y.sum()
        float(total)
        return total

    check_same(grad(function)(X), 4.0 * X**3)
    check_same(hessian(function)(X), np.diag(12.0 * X**2))
    check_same(grad(lambda x: (grad(function)(x) ** 2).sum())(X), 96.0 * X**5)  # of 16 x^6


def test_derivatives_under_eager_are_the_same():
    lazily = grad(bent_of_tensors)(X, Y), hessian(bent_of_tensors)(X, Y)
    with ff.eager():
        at_once = grad(bent_of_tensors)(X, Y), hessian(bent_of_tensors)(X, Y)
    for one, other in zip(lazily, at_once, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), strict=True)


@pytest.mark.parametrize("value", [3, [1, 2], np.array([1]), Tensor(3), True], ids=repr)
def test_an_argument_to_differentiate_by_is_a_float(value):
    with pytest.raises(
        DtypeError, match=r"^grad: the argument .+ is (int32|int64|bool)\. Give a float, as in 3\.0 for 3"
    ):
        grad(lambda x: Tensor(1.0))(value)


def test_an_argument_that_is_not_differentiated_by_may_be_anything():
    assert float(grad(lambda x, n, name: x**2.0 * n if name == "square" else x)(3.0, 2, "square")) == 12.0


@pytest.mark.parametrize(
    ("returned", "error", "message"),
    [
        (lambda x: x, ShapeError, r"^grad: the function returned shape \(3,\)\. It must return a scalar: take its sum"),
        (lambda x: 1.0, TypeError, r"^grad: the function returned 1\.0\. It must return a tensor\.$"),
        (lambda x: None, TypeError, "the function returned None"),
        (lambda x: (x.sum(), x), TypeError, "It must return a tensor"),
        (lambda x: x.argmax(), DtypeError, "the output is int64"),
        (lambda x: x.sum().numpy(), TypeError, "It must return a tensor"),
    ],
    ids=["array", "number", "None", "tuple", "integer", "NumPy"],
)
def test_a_function_to_differentiate_returns_a_scalar_tensor(returned, error, message):
    with pytest.raises(error, match=message):
        grad(returned)(X)


def test_the_second_derivatives_are_those_of_jax():
    check_same(hessian(bent_of_tensors)(X, Y), second_derivatives(lambda x, y: bent(jnp, x, y))(X, Y))
    check_same(hessian(bent_of_tensors, 1)(X, Y), second_derivatives(lambda x, y: bent(jnp, x, y), 1)(X, Y))
    check_same(hessian(bent_of_tensors, -1)(X, Y), second_derivatives(lambda x, y: bent(jnp, x, y), 1)(X, Y))


def test_the_second_derivatives_have_the_shape_of_the_argument_twice():
    x = np.arange(6.0).reshape(2, 3)
    ours = hessian(lambda x: (x * x * x).sum() + x[0, 0] * x[1, 2])(x)
    check_same(ours, second_derivatives(lambda x: (x * x * x).sum() + x[0, 0] * x[1, 2])(x))
    assert hessian(lambda x: x * x * x)(np.float64(2.0)).shape == ()
    assert float(hessian(lambda x: x * x * x)(2.0)) == 12.0
    assert hessian(lambda x: x.sum())(np.zeros(0)).shape == (0, 0)


def test_a_linear_function_has_second_derivatives_of_zero():
    check_same(hessian(lambda x: (2.0 * x).sum())(X), np.zeros((3, 3)))


def test_the_second_derivatives_of_a_network_are_those_of_central_differences():
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(8, 3)), rng.normal(size=(8, 2))
    sizes = [(3, 4), (4,), (4, 2), (2,)]
    ends = np.cumsum([0, *(int(np.prod(size)) for size in sizes)])
    weights = rng.normal(size=ends[-1])

    def loss(numpy, parameters):
        parts = zip(ends, ends[1:], sizes, strict=False)
        w1, b1, w2, b2 = (parameters[start:stop].reshape(size) for start, stop, size in parts)
        outputs = numpy.tanh(numpy.tanh(inputs @ w1 + b1) @ w2 + b2)
        return ((outputs - targets) ** 2).mean()

    ours = hessian(lambda parameters: loss(ff, parameters))(weights).numpy()
    step = 1e-3
    units = np.eye(len(weights)) * step

    def second(i, j, size):
        corners = [
            sign_i * sign_j * loss(np, weights + size * (sign_i * units[i] + sign_j * units[j]))
            for sign_i in (1, -1)
            for sign_j in (1, -1)
        ]
        return sum(corners) / (2.0 * size * step) ** 2

    for i in range(0, len(weights), 3):
        for j in range(len(weights)):
            # Richardson: what the steps h and 2h cut off is as 1 to 4; left is O(h^4) = 1e-12, and eps / h^2 = 2e-10.
            expected = (4.0 * second(i, j, 1.0) - second(i, j, 2.0)) / 3.0
            assert ours[i, j] == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(ours, ours.T, rtol=0, atol=1e-14)
    theirs = second_derivatives(lambda parameters: loss(jnp, parameters))(weights)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("value", [[1.0, 2.0], (1.0, 2.0), [[1.0], [2.0]], ((1.0, 2.0),), [1, 2.5], np.ones(2)])
def test_nested_lists_of_numbers_are_one_array(value):
    # d/dv sum(v^2) = 2 v
    slope = grad(lambda v: (v * v).sum())(value)
    assert isinstance(slope, Tensor)
    np.testing.assert_array_equal(slope, 2.0 * np.array(value))


def test_lists_of_arrays_and_tensors_stay_lists():
    slopes = grad(lambda v: (v[0] * v[1]).sum())([np.full(2, 3.0), Tensor(np.full(2, 5.0))])
    assert [slope.tolist() for slope in slopes] == [[5.0, 5.0], [3.0, 3.0]]
    slopes = grad(lambda v: v["a"].sum() * v["b"])({"a": [1.0, 2.0], "b": 4.0})
    assert slopes["a"].tolist() == [4.0, 4.0] and float(slopes["b"]) == 3.0


def test_keyword_arguments_are_passed_on_and_not_differentiated():
    def power(x, *, factor, n=2):
        return (factor * x**n).sum()

    value, slope = value_and_grad(power)([1.0, 2.0], factor=3.0)
    assert float(value) == 15.0 and slope.tolist() == [6.0, 12.0]
    assert grad(power)(2.0, factor=3.0, n=3).item() == 36.0
    assert hessian(power)(2.0, factor=Tensor(3.0)).item() == 6.0


def test_the_gradient_of_a_long_chain_needs_no_recursion():
    def chain(x):
        for _ in range(3000):
            x = x * 1.001
        return x

    assert float(grad(chain)(np.float64(2.0))) == pytest.approx(1.001**3000, rel=3000 * EPSILON)


# powers, whose rule has a case for y = 0 and one for x <= 0


def derivative(take, function, path):
    """Return the derivative of a function of x and y by the arguments named by `path`, one after another."""
    for place in path:
        function = take(function, place)
    return function


ORDERS = [path for length in (1, 2, 3) for path in itertools.product((0, 1), repeat=length)]


@pytest.mark.parametrize("path", ORDERS)
def test_derivatives_of_a_power_are_those_of_exp_of_y_log_x(path):
    # JAX's own power has the case for y = 0 too, and wrong second derivatives there; its exponential has none.
    smooth = jax.jit(derivative(jax.grad, lambda x, y: jnp.exp(y * jnp.log(x)), path))
    ours = derivative(grad, lambda x, y: x**y, path)
    for x, y in itertools.product((0.5, 1.0, 2.0, 23.0), (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0)):
        x, y = np.float64(x), np.float64(y)
        scale = max(1.0, float(x**y)) * (1 + np.log(23)) ** 3 * 2**3  # of the largest terms, which may cancel
        check = smooth(x, y)
        np.testing.assert_allclose(ours(Tensor(x), Tensor(y)), check, rtol=0, atol=64 * EPSILON * scale)
        if 1 not in path:
            fixed = derivative(grad, lambda x, exponent=float(y): x**exponent, path)(Tensor(x))
            np.testing.assert_allclose(fixed, check, rtol=0, atol=64 * EPSILON * scale)


@pytest.mark.parametrize("path", [path for path in ORDERS if 1 in path])
@pytest.mark.parametrize("x", [0.0, -2.0, np.nan])
def test_a_power_of_what_is_not_positive_is_constant_in_its_exponent(x, path):
    for y in (0.0, 1.0, 2.0, 3.0):
        value = float(derivative(grad, lambda x, y: x**y, path)(Tensor(x), Tensor(y)))
        assert value == 0.0 or np.isnan(x)


@pytest.mark.parametrize(
    ("x", "y", "slopes"),
    [
        (0.0, 0.0, (0.0, 0.0, 0.0)),
        (0.0, 1.0, (1.0, 0.0, 0.0)),
        (0.0, 2.0, (0.0, 2.0, 0.0)),
        (0.0, 3.0, (0.0, 0.0, 6.0)),
        (-2.0, 0.0, (0.0, 0.0, 0.0)),
        (-2.0, 3.0, (12.0, -12.0, 6.0)),  # 3 x^2, 6 x, 6
        (np.inf, 0.0, (0.0, 0.0, 0.0)),
        (np.nan, 0.0, (0.0, 0.0, 0.0)),  # nan^0 is 1
        (1e-40, 0.0, (0.0, 0.0, 0.0)),  # where 1 / x overflows in float32
    ],
)
def test_a_polynomial_s_derivatives_hold_at_zero_below_it_and_at_infinity(x, y, slopes):
    for order, expected in enumerate(slopes, 1):
        path = (0,) * order
        assert float(derivative(grad, lambda x, y: x**y, path)(Tensor(x), Tensor(y))) == expected
        assert float(derivative(grad, lambda x: x**y, path)(Tensor(x))) == expected
