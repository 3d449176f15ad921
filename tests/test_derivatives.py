"""Oracle: JAX in 64 bits, run here: jacrev, vjp and jvp of the same functions; and identities between ours.

`grad`, `value_and_grad` and `hessian` have their tests in test_tape.py.
"""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DtypeError, ShapeError

X = np.random.default_rng(0).uniform(-1, 1, (2, 3))
W = np.random.default_rng(1).uniform(-1, 1, (3, 4))
CLOSE = {"rtol": 1e-13, "atol": 1e-14}
"""Float64, with sums of at most twelve terms in another order."""


def layer(np_like, x, w):
    return np_like.tanh(np_like.matmul(x, w))


def nested(np_like, parts):
    x, (w, b) = parts["x"], parts["rest"]
    z = np_like.matmul(x, w) + b
    return {"z": z, "both": (np_like.exp(z).sum(), np_like.sin(x))}


PARTS = {"x": X, "rest": (W, np.arange(4.0))}


def same(ours, theirs):
    """Compare values of any form; JAX has sorted the keys of its dicts."""
    flat = jax.tree.leaves(jax.tree.map(lambda x: x.numpy(), ours, is_leaf=lambda x: isinstance(x, ff.Tensor)))
    expected = jax.tree.leaves(theirs)
    assert len(flat) == len(expected)
    for one, other in zip(flat, expected, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, **CLOSE)


@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1,)])
def test_all_partial_derivatives_are_those_of_jax(argnums):
    ours = ff.jacobian(lambda x, w: layer(ff, x, w), argnums)(X, W)
    theirs = jax.jacrev(lambda x, w: layer(jnp, x, w), argnums)(X, W)
    same(ours, theirs)


def test_what_functions_take_and_return_may_be_nested():
    ours, theirs = lambda p: nested(ff, p), lambda p: nested(jnp, p)
    same(ff.jacobian(ours)(PARTS), jax.jacrev(theirs)(PARTS))
    value, pull = ff.vjp(ours, PARTS)
    expected, oracle = jax.vjp(theirs, PARTS)
    same(value, expected)
    vector = jax.tree.map(lambda y: np.cos(np.asarray(y)), expected)
    same(pull(vector), oracle(vector))
    direction = jax.tree.map(lambda x: np.sin(3 * x), PARTS)
    same(ff.jvp(ours, (PARTS,), (direction,)), jax.jvp(theirs, (PARTS,), (direction,)))


def test_products_are_those_with_the_jacobian_and_may_be_taken_again():
    jacobian = ff.jacobian(lambda x, w: layer(ff, x, w), 0)(X, W).numpy()
    value, pull = ff.vjp(lambda x: layer(ff, x, W), X)
    value.numpy()  # to look at it changes nothing
    for seed in range(2):
        v, t = np.random.default_rng(seed).normal(size=(2, 4)), np.random.default_rng(seed).normal(size=(2, 3))
        (pulled,) = pull(v)
        np.testing.assert_allclose(pulled.numpy(), np.einsum("ij,ijkl->kl", v, jacobian), **CLOSE)
        _, pushed = ff.jvp(lambda x: layer(ff, x, W), (X,), (t,))
        np.testing.assert_allclose(pushed.numpy(), np.einsum("ijkl,kl->ij", jacobian, t), **CLOSE)


def test_what_does_not_depend_has_zeros():
    same(ff.jacobian(lambda x, y: x * 2.0, 1)(ff.Tensor(X), W), np.zeros((2, 3, 3, 4)))
    same(ff.jvp(lambda x: ff.Tensor(np.ones(3)), (X,), (X,))[1], np.zeros(3))
    same(ff.vjp(lambda x, y: y, X, W)[1](W), (np.zeros((2, 3)), W))


def test_scalars_one_element_and_none():
    assert ff.jacobian(lambda x: x * x)(3.0).item() == 6.0
    assert ff.jacobian(lambda x: x * x)(np.zeros((0, 2))).shape == (0, 2, 0, 2)
    assert ff.jacobian(lambda x: x * x)(np.ones((1, 1))).numpy().tolist() == [[[[2.0]]]]
    assert ff.jvp(lambda x: x * x, (np.zeros(0),), (np.zeros(0),))[1].shape == (0,)
    assert ff.jvp(lambda x: x * x, [3.0], [0.5])[1].item() == 3.0
    same(ff.vjp(lambda: ())[0], ())


def test_kinks_and_infinities_are_those_of_the_gradient():
    _, derivative = ff.jvp(ff.relu, (np.array([-1.0, 0.0, 2.0]),), (np.ones(3),))
    assert derivative.tolist() == [0, 0, 1]  # relu'(0) = 0
    _, derivative = ff.jvp(lambda x: x**0.5, (np.array([0.0, 4.0]),), (np.ones(2),))
    assert derivative.tolist() == [np.inf, 0.25]


def test_derivatives_of_derivatives():
    def cube(x):
        return (x * x * x).sum()

    def jax_cube(x):
        return (x**3).sum()

    t = np.array([1.0, -2.0])
    x = np.array([0.5, 3.0])
    # Forward over reverse: a product with the Hessian.
    same(ff.jvp(ff.grad(cube), (x,), (t,))[1], 6 * x * t)
    same(ff.jacobian(lambda x: ff.jvp(cube, (x,), (t,))[1])(x), 6 * x * t)
    same(ff.jacobian(ff.jacobian(lambda x: x * x * x))(x), jax.jacrev(jax.jacrev(lambda x: x**3))(x))
    pulled = jax.grad(lambda x: jax.vjp(jax_cube, x)[1](1.0)[0].sum())(x)
    same(ff.grad(lambda x: ff.vjp(cube, x)[1](1.0)[0].sum())(x), pulled)
    with ff.GradientTape() as tape:
        w = ff.Variable(x)
        slope = ff.jvp(cube, (w,), (t,))[1]
    same(tape.gradient(slope, w), 6 * x * t)


def test_a_function_may_look_at_its_values():
    def steep(x):
        return x * x if float(x.sum()) > 0 else x * x * x

    for x in (X[0] + 2, X[0] - 2):
        branch = (lambda x: x**2) if x.sum() > 0 else (lambda x: x**3)
        same(ff.jacobian(steep)(x), jax.jacrev(branch)(x))
        same(ff.jvp(steep, (x,), (x,)), jax.jvp(branch, (x,), (x,)))
        same(ff.vjp(steep, x)[1](x), jax.vjp(branch, x)[1](x))


def test_layers_and_eager_and_functions_give_the_same():
    ff.set_seed(0)
    dense = ff.layers.Dense(3, "tanh", dtype="float64")
    dense(X)
    w, b = (one.numpy() for one in dense.weights)
    expected = jax.jacrev(lambda x: jnp.tanh(x @ w + b))(X)
    tangent = jax.jvp(lambda x: jnp.tanh(x @ w + b), (X,), (X,))[1]

    def both(x):
        return ff.jacobian(dense)(x), ff.jvp(dense, (x,), (x,))[1], ff.vjp(dense, x)[1](x)[0]

    vector = jax.vjp(lambda x: jnp.tanh(x @ w + b), X)[1](X)[0]
    same(both(X), (expected, tangent, vector))
    same(ff.function(both)(X), (expected, tangent, vector))
    with ff.eager():
        same(both(X), (expected, tangent, vector))


def test_dtypes_are_those_of_the_function():
    x = np.float32([1, 2])
    for found in (
        ff.jacobian(lambda x: x * x)(x),
        ff.vjp(lambda x: x * x, x)[1](np.ones(2))[0],
        ff.jvp(lambda x: x * x, (x,), ([1.0, 1.0],))[1],
    ):
        assert found.dtype == np.float32


def same_again(x):
    return x


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: ff.jacobian(same_again)(3), DtypeError, r"^jacobian: the argument 3 is int32\. Give a float, as in"),
        (lambda: ff.grad(same_again, 0.5)(3.0), TypeError, r"^grad: argnums=0\.5\. Give the place of an argument, an"),
        (lambda: ff.jacobian(same_again, "x")(3.0), TypeError, r"^jacobian: argnums='x'\. Give the place of an"),
        (lambda: ff.jacobian(same_again, 1)(3.0), ValueError, r"^jacobian: argnums=1 with 1 arguments\. Give the pla"),
        (lambda: ff.jacobian(lambda x: 1.0)(3.0), TypeError, r"^jacobian: the function returned 1\.0\. It must return"),
        (lambda: ff.jacobian(lambda x: x > 1)(3.0), DtypeError, r"^jacobian: the function returned bool\. It must"),
        (lambda: ff.vjp(lambda x: [x, None], 3.0), TypeError, r"^vjp: the function returned None\. It must return"),
        (lambda: ff.vjp(same_again, 3), DtypeError, r"^vjp: the argument 3 is int32"),
        (lambda: ff.vjp(same_again, X)[1](W), ShapeError, r"^vjp: the vector: got shape \(3, 4\) for \(2, 3\)\. Give"),
        (lambda: ff.vjp(lambda x: (x, x), X)[1](X), TypeError, r"^vjp: the vector: got a ndarray for a tuple of 2\."),
        (
            lambda: ff.vjp(lambda x: {"a": x}, X)[1]({}),
            TypeError,
            r"^vjp: the vector: got a dict of  for a dict of 'a'",
        ),
        (lambda: ff.jvp(same_again, X, X), TypeError, r"^jvp: primals is a ndarray\. Give a tuple, an entry for each"),
        (lambda: ff.jvp(same_again, (X,), (X, X)), TypeError, r"^jvp: tangents: got a tuple of 2 for a tuple of 1"),
        (lambda: ff.jvp(same_again, (X,), (X[0],)), ShapeError, r"^jvp: tangents: got shape \(3,\) for \(2, 3\)"),
        (lambda: ff.jvp(lambda x: x > 0, (X,), (X,)), DtypeError, r"^jvp: the function returned bool"),
        (lambda: ff.hessian(lambda x: x.sum())(3), DtypeError, r"^hessian: the argument 3 is int32"),
    ],
)
def test_what_cannot_be_differentiated_is_refused(run, error, message):
    with pytest.raises(error, match=message):
        run()


def test_an_unknown_number_of_rows_has_no_jacobian():
    with pytest.raises(ShapeError, match=r"jacobian: the function returned shape \(None, 3\)\. Its size must be known"):
        ff.jacobian(lambda x: x * 2.0)(ff.Input((3,)))


def test_the_example_finds_the_derivatives_of_a_sum_and_a_product(capsys):
    found = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "derivatives.py"))["main"]()
    # At (1/2, -1/4) by hand; a network of 32 units that was trained for a second is that near.
    expected = {"jacobian": [[1, 1], [-0.25, 0.5]], "forward": [2, 0.25], "backward": [-0.25, 0.5], "curvature": [1, 1]}
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=0.2)
    assert capsys.readouterr().out.startswith("jacobian: [[")
