"""Oracle (e): a chain gives the bits of its layers called one after another; (a) messages and shapes worked by hand."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, ShapeError

L = ff.layers


def draw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_a_chain_is_its_layers_one_after_another():
    layers = [L.Dense(4, activation="tanh"), L.Dropout(0.5), L.Dense(2)]
    model = ff.Sequential([ff.Input((3,)), *layers])
    x = y = draw(5, 3)
    for layer in layers:
        y = layer(y)
    np.testing.assert_array_equal(model.predict(x), y.numpy())
    np.testing.assert_array_equal(model(x).numpy(), y.numpy())
    assert model.layers == layers
    assert model.get_layer(layers[2].name) is layers[2]
    assert model.count_params() == (3 * 4 + 4) + (4 * 2 + 2)


def test_layers_may_be_added_one_by_one():
    model = ff.Sequential(name="chain")
    model.add(ff.Input((3,)))
    model.add(L.Dense(4))
    assert model.predict(draw(2, 3)).shape == (2, 4)
    model.add(L.Dense(2))
    assert model.predict(draw(2, 3)).shape == (2, 2)
    assert model.name == "chain"


def test_an_optimizer_used_before_a_layer_was_added_is_refused():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4)])
    model.compile("sgd", "mean_squared_error")
    model.fit(draw(4, 3), draw(4, 4), verbose=0)
    model.add(L.Dense(1))
    with pytest.raises(ValueError, match=r"SGD was built for other variables than .*Make a new optimizer"):
        model.fit(draw(4, 3), draw(4, 1), verbose=0)
    model.compile("sgd", "mean_squared_error")
    model.fit(draw(4, 3), draw(4, 1), verbose=0)


@pytest.mark.parametrize("use", ["fit", "evaluate", "predict", "call"])
def test_without_an_input_the_shape_is_learned_from_the_first_data(use):
    model = ff.Sequential([L.Flatten(), L.Dense(2)])
    assert model.weights == []
    model.compile("sgd", "mean_squared_error")
    x, y = draw(4, 3, 2), draw(4, 2)
    {
        "fit": lambda: model.fit(x, y, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, verbose=0),
        "predict": lambda: model.predict(x),
        "call": lambda: model(x),
    }[use]()
    assert model.weights[0].shape == (6, 2)
    with pytest.raises(
        ShapeError, match=r"predict: x has shape \(4, 6\), the network expects \(n, 3, 2\). Give samples"
    ):
        model.predict(draw(4, 6))


def test_data_of_a_wrong_shape_teach_it_nothing():
    model = ff.Sequential([L.Reshape((3, 2)), L.Flatten(), L.Dense(1)])
    with pytest.raises(ShapeError, match=r"samples of shape \(5,\) do not fit \(3, 2\)"):
        model.predict(draw(4, 5))
    assert model.predict(draw(4, 6)).shape == (4, 1)


def test_single_numbers_as_samples_are_refused_with_advice():
    model = ff.Sequential([L.Dense(2)])
    message = (
        "sequential: x has shape (4,). Expected one row for each sample, shape (n, d): reshape it with x.reshape(-1, 1)"
    )
    with pytest.raises(DataError, match=re.escape(message)):
        model.predict(draw(4))


def test_targets_of_another_length_teach_it_nothing():
    model = ff.Sequential([L.Dense(2)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(DataError, match=r"x has 4, y has 3"):
        model.fit(draw(4, 5), draw(3, 2))
    assert model.weights == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: [d, ff.Input((3,))], "sequential: an Input must come first, and once. Put it before the layers."),
        (lambda d: [ff.Input((3,)), ff.Input((3,)), d], "an Input must come first, and once."),
        (lambda d: [ff.Input((3,)), d, L.Flatten(), d], "layer 'd' is in the model already. Make a new one."),
        (lambda d: [d, 3], "sequential: got 3, which is no layer. Give layers such as Dense(10)."),
        (lambda d: [L.Dense], "sequential: got <class 'feedforward.nn.layers.Dense'>, which is no layer."),
        (lambda d: [ff.Tensor(1.0)], "which is no layer. Give layers such as Dense(10)."),
        (
            lambda d: [ff.Input((3,)), d, L.Flatten(name="d")],
            "Model: two layers are called 'd'. Give each layer a name of",
        ),
        (
            lambda d: [ff.Input((3,)), L.Reshape((2, 2), name="r"), d],
            "layer 'r': samples of shape (3,) do not fit (2, 2)",
        ),
    ],
)
def test_what_makes_no_chain_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        ff.Sequential(make(L.Dense(3, name="d")))


def test_a_layer_that_does_not_fit_is_not_added():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4)])
    before = model.layers
    for layer, kind in ((L.Reshape((3, 3)), ShapeError), (before[0], ValueError), ("dense", TypeError)):
        with pytest.raises(kind):
            model.add(layer)
        assert model.layers == before
    assert model.predict(draw(2, 3)).shape == (2, 4)
    model.add(L.Dense(2))
    assert model.predict(draw(2, 3)).shape == (2, 2)


@pytest.mark.parametrize("layers", [[], [ff.Input((3,))], [L.Dense(2)]])
def test_a_chain_that_is_not_complete_says_so(layers):
    model = ff.Sequential(layers)
    message = (
        "sequential has no layers, or does not know its input's shape yet. Begin it with Input(shape), then layers; or"
    )
    for use in (lambda: model.summary(), lambda: model.save("never.ff"), lambda: model.network):
        with pytest.raises(ValueError, match=re.escape(message)):
            use()
    if len(layers) == 0 or not isinstance(layers[0], L.Layer):
        with pytest.raises(ValueError, match=re.escape(message)):
            model.predict(draw(2, 3))


def test_a_chain_may_be_part_of_a_graph():
    chain = ff.Sequential([ff.Input((3,)), L.Dense(2)])
    x = ff.Input((3,), name="x")
    model = ff.Model(x, chain(x) * 2.0)
    data = draw(4, 3)
    np.testing.assert_array_equal(model.predict(data), 2 * chain.predict(data))


def test_a_chain_without_an_input_called_on_an_input_takes_its_shape():
    chain = ff.Sequential([L.Dense(2)])
    x = ff.Input((3,), name="x")
    model = ff.Model(x, chain(x))
    assert model.predict(draw(4, 3)).shape == (4, 2)
    assert chain.predict(draw(4, 3)).shape == (4, 2)


def test_a_list_of_samples_for_a_model_without_input_is_refused_with_a_hint():
    model = ff.Sequential([ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    message = r"x is a list of 4 arrays, the model takes one. If they are samples, make them one array with np.stack"
    with pytest.raises(DataError, match=message):
        model.fit(list(np.ones((4, 2))), np.ones((4, 1)), verbose=0)


@pytest.mark.parametrize("layers", [ff.layers.Dense(3, name="one"), None, 3, "dense"])
def test_what_is_no_list_of_layers_is_refused(layers):
    with pytest.raises(TypeError, match=r"^Sequential\(.*\): expected a list of layers. Write Sequential\(\[Dense"):
        ff.Sequential(layers)
