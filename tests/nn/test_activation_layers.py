"""Oracles: formulas in float64 NumPy, values recorded from PyTorch, central differences, and identities.

Recorded with torch 2.13.0 in float64: ``torch.nn.PReLU(3, init=0.25)`` on X3 below, the sum of squares of what it
returns, and the gradients of that by its weight and by X3.
"""

import copy
import pickle

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.errors import FormatError, ShapeError
from feedforward.nn.config import from_config, to_config
from feedforward.nn.layer import LAYERS

L = ff.layers
RNG = np.random.default_rng(6)
X = RNG.normal(size=(32, 4)).astype(np.float32)
Y = np.abs(X[:, :1] - X[:, 1:2]).astype(np.float32)
X3 = np.array([[-2.0, 0.0, 1.0], [0.5, -1.0, -4.0]])


def test_prelu_is_that_of_torch():
    layer = L.PReLU(ff.initializers.Constant(0.25))
    x = ff.Tensor(X3)
    with ff.GradientTape() as tape:
        tape.watch(x)
        loss = (layer(x) * layer(x)).sum()
    by_weight, by_x = tape.gradient(loss, [layer.alpha, x])
    assert layer(x).tolist() == [[-0.5, 0.0, 1.0], [0.5, -0.25, -1.0]]
    assert by_weight.tolist() == [2.0, 0.5, 8.0]
    assert by_x.tolist() == [[-0.25, 0.0, 2.0], [1.0, -0.125, -0.5]]


@pytest.mark.parametrize(
    ("shape", "shared_axes", "expected"),
    [
        ((2, 3), None, (3,)),
        ((2, 4, 5, 3), None, (4, 5, 3)),
        ((2, 4, 5, 3), (1, 2), (1, 1, 3)),
        ((2, 4, 5, 3), [3], (4, 5, 1)),
        ((2, 3), (), (3,)),
        ((2, 3), (1,), (1,)),
    ],
)
def test_prelu_has_a_slope_for_each_unit_that_shares_none(shape, shared_axes, expected):
    layer = L.PReLU(shared_axes=shared_axes)
    assert layer(np.ones(shape, np.float32)).shape == shape
    assert layer.alpha.shape == expected


def test_prelu_shares_along_axes_of_unknown_size():
    assert L.PReLU(shared_axes=(1,))(ff.Input((None, 3))).shape == (None, None, 3)


def network(activation):
    ff.set_seed(2)
    made = ff.Sequential([ff.Input((4,)), L.Dense(6, activation), L.Dense(1)])
    made.compile(ff.optimizers.SGD(0.1), "mse")
    return made


MAKERS = [lambda: "prelu", lambda: L.PReLU("ones"), lambda: L.Swish(2.0, is_learned=True), lambda: "PReLU"]


@pytest.mark.parametrize("make", MAKERS)
def test_an_activation_with_weights_belongs_to_its_layer_and_is_trained(make):
    made = network(make())
    dense = made.layers[0]
    name = "beta" if isinstance(dense.activation, L.Swish) else "alpha"
    assert [weight.name for weight in dense.weights] == [
        f"{dense.name}/{part}" for part in ("kernel", "bias", f"activation/{name}")
    ]
    before = dense.weights[-1].numpy()
    made.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    assert (dense.weights[-1].numpy() != before).any()
    assert made.count_params() == 4 * 6 + 6 + (1 if name == "beta" else 6) + 6 + 1


def by_file(made, folder):
    made.save(folder / "m.ff")
    return ff.load(folder / "m.ff")


@pytest.mark.parametrize("make", [*MAKERS, lambda: L.Maxout(3), lambda: L.LeakyReLU(0.5), lambda: L.Softmax()])
@pytest.mark.parametrize(
    "way",
    [lambda made, _: copy.deepcopy(made), lambda made, _: pickle.loads(pickle.dumps(made)), by_file],
    ids=["copy", "pickle", "file"],
)
def test_copies_go_on_alike_and_share_nothing(make, way, tmp_path):
    made = network(make())
    made.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    again = way(made, tmp_path)
    before = [weight.tobytes() for weight in made.get_weights()]
    assert [weight.tobytes() for weight in again.get_weights()] == before
    again.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    assert [weight.tobytes() for weight in made.get_weights()] == before
    made.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    for one, other in zip(made.get_weights(), again.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("make", MAKERS)
def test_a_loop_of_ones_own_trains_as_fit_does(make):
    fitted, looped = network(make()), network(make())
    fitted.fit(X, Y, batch_size=len(X), epochs=4, shuffle=False, verbose=0)
    loss = ff.losses.MeanSquaredError()
    for _ in range(4):
        with ff.GradientTape() as tape:
            value = loss(Y, looped(X))
        weights = looped.trainable_weights
        looped.optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
    for one, other in zip(fitted.get_weights(), looped.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2**-19)  # sums of 32 numbers below 8, in another order


def test_a_layer_with_an_activation_of_ours_is_replayed_and_with_a_users_not():
    assert L.Dense(2, L.PReLU()).repeats(False) and L.Dense(2, "prelu").repeats(True)

    class Own(L.ActivationLayer):
        def call(self, x, training):
            return x * 2.0

    layer = L.Dense(2, Own(), kernel_initializer="ones")
    assert not layer.repeats(False)
    assert layer([[1.0, 2.0]]).tolist() == [[6.0, 6.0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", [lambda: "prelu", lambda: L.Swish(2.0, is_learned=True), lambda: L.ELU(0.5)])
def test_the_interpreter_gives_the_same_in_both_dtypes(make, dtype, monkeypatch):
    ff.set_seed(2)
    made = ff.Sequential([ff.Input((4,), dtype=dtype), L.Dense(6, make()), L.Dense(1)])
    assert {weight.dtype.name for weight in made.weights} == {dtype}
    y = made.predict(X.astype(dtype))
    monkeypatch.setattr(execution, "_backend", execution.BACKENDS["interpreter"]())
    # Polynomials of a few units in the last place, and sums of 6 numbers below 4.
    np.testing.assert_allclose(made.predict(X.astype(dtype)), y, rtol=0, atol=128 * np.finfo(dtype).eps)


def test_a_frozen_layer_freezes_the_slopes_and_they_can_be_frozen_alone():
    made = network("prelu")
    made.layers[0].activation.trainable = False
    before = made.layers[0].activation.get_weights()[0]
    made.fit(X, Y, epochs=1, verbose=0)
    assert made.layers[0].activation.get_weights()[0].tobytes() == before.tobytes()
    made.layers[0].trainable = False
    assert made.layers[0].trainable_weights == []


def test_each_name_makes_slopes_of_its_own():
    one, other = L.Dense(2, "prelu"), L.Dense(2, "prelu")
    assert one.activation is not other.activation
    one([[1.0]]), other([[1.0]])
    assert one.activation.alpha is not other.activation.alpha


def test_a_loss_finds_the_logits_behind_a_softmax_layer():
    # -log(softmax([0, 200])[0]) = 200; from the rounded probability it would be 16.1, from 1e-7.
    for last in ([L.Softmax()], [L.Dense(2, L.Softmax(), kernel_initializer="identity")]):
        made = ff.Sequential([ff.Input((2,)), *last])
        made.compile("sgd", "sparse_categorical_crossentropy")
        assert made.evaluate(np.float32([[0, 200]]), np.array([0]), verbose=0) == 200


def test_a_dense_layer_with_maxout_is_that_of_goodfellow():
    layer = L.Dense(6, L.Maxout(3), bias_initializer="random_normal")
    y = layer(X).numpy()
    kernel, bias = (np.float64(weight) for weight in layer.get_weights())
    expected = (X @ kernel + bias).reshape(-1, 2, 3).max(-1)
    np.testing.assert_allclose(y, expected, rtol=0, atol=16 * 2**-24 * 4)  # sums of 5 products below 4
    assert L.Dense(6, "maxout")(X).shape == (32, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.LeakyReLU(-1), "LeakyReLU(negative_slope=-1): negative_slope must be a number >= 0. Got -1."),
        (lambda: L.ELU("1"), "ELU(alpha='1'): alpha must be a number >= 0. Got '1'."),
        (lambda: L.Softmax(1.0), "Softmax(axis=1.0): axis must be an int. Got 1.0."),
        (lambda: L.Maxout(0), "Maxout(pieces=0): pieces must be an int >= 1. Got 0."),
        (lambda: L.Swish(np.inf), "Swish(beta=inf): beta must be a number. Got inf."),
        (lambda: L.Swish(is_learned=1), "Swish(is_learned=1): is_learned must be True or False. Got 1."),
        (
            lambda: L.PReLU(shared_axes=1),
            "PReLU(shared_axes=1): shared_axes must be ints >= 1, counted with the batch.",
        ),
        (lambda: L.PReLU(shared_axes=(0,)), "PReLU(shared_axes=(0,)): shared_axes must be ints >= 1"),
        (lambda: L.PReLU(alpha_initializer="zeroes"), "Unknown initializer 'zeroes'. Did you mean 'zeros'?"),
        (lambda: L.Dense(2, "preluu"), "Unknown activation 'preluu'. Did you mean 'prelu'?"),
        (lambda: L.Dense(2, "dense"), "Unknown activation 'dense'. "),
        (lambda: L.Dense(2, L.PReLU), "activation: got <class 'feedforward.nn.activation_layers.PReLU'>. Give a name"),
        (
            lambda: L.Dense(2, L.Dense(2, name="d")),
            "activation: got the layer 'd'. Call it on what this layer returns;",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.PReLU()(ff.Input((None, 3))), "share the slopes along axes of unknown size"),
        (lambda: L.PReLU(shared_axes=(2,))(X), r"input shape \(32, 4\).* with shared_axes=\(2,\)"),
        (lambda: L.PReLU()(np.ones(3, np.float32)), r"PReLU expects \(batch, \.\.\.\)"),
        (lambda: L.Dense(3, L.Maxout(2))(X), "The last size must be a multiple of 2"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make()


@pytest.mark.parametrize(
    "activation",
    [
        {"class": "dense", "units": 2},
        {"class": "activation", "activation": {"class": "prelu"}},
        {"class": 3},
        {},
        {"class": "prelu", "shared_axes": [1.5]},
        {"class": "swish", "beta": "1", "is_learned": True},
        {"class": "maxout", "pieces": True},
        {"class": "prelu", "unknown": 1},
    ],
)
def test_a_configuration_that_is_no_activation_is_refused(activation):
    with pytest.raises(FormatError):
        from_config(LAYERS, {"class": "dense", "units": 2, "activation": activation})


def test_a_configuration_of_an_activation_comes_back():
    layer = L.Dense(2, L.PReLU("ones", shared_axes=(1,)))
    again = from_config(LAYERS, to_config(layer))
    assert type(again.activation) is L.PReLU and again.activation.shared_axes == (1,)
    assert to_config(again) == to_config(layer)
