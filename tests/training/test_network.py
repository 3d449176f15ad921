"""Oracle (e): a network rebuilt from its configuration predicts the same bits; (b) its graph computed in NumPy."""

import json
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError, LimitError, ShapeError
from feedforward.tensor import of_node
from feedforward.training.network import Network

L = ff.layers
EPS = float(np.finfo(np.float32).eps)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def dag():
    """Return inputs and outputs with a shared layer, branches, raw operations, a constant, a size and a reshape."""
    a, b = ff.Input((4,), name="a"), ff.Input((4,), name="b")
    shared = L.Dense(3, activation="tanh", name="shared")
    left, right = shared(a), shared(b)
    joined = ff.concatenate([left, right * np.array([1.0, 2.0, 3.0], np.float32), ff.exp(a) - a.mean(0)], axis=1)
    folded = ff.reshape(joined, (-1, 2, 5))
    return [a, b], [L.Dense(2, name="top")(L.Flatten(name="flat")(folded)), ff.where(left > 0.0, left, right)]


def test_a_network_finds_layers_in_the_order_of_their_calls_and_each_once():
    network = Network(*dag())
    assert [layer.name for layer in network.layers] == ["shared", "flat", "top"]
    assert len(network.calls) == 4


def test_apply_computes_the_graph():
    inputs, outputs = dag()
    network = Network(inputs, outputs)
    x1, x2 = draw(5, 4), draw(5, 4, seed=1)
    got = [t.numpy() for t in network.apply([ff.Tensor(x1), ff.Tensor(x2)], training=False)]
    (w, c), (w2, c2) = network.layers[0].get_weights(), network.layers[2].get_weights()
    left, right = np.tanh(x1.astype(float) @ w + c), np.tanh(x2.astype(float) @ w + c)
    joined = np.concatenate([left, right * [1, 2, 3], np.exp(x1.astype(float)) - x1.mean(0, dtype=float)], 1)
    # Sums of 10 products of numbers below 4.
    np.testing.assert_allclose(got[0], joined @ w2 + c2, rtol=0, atol=10 * 4 * 4 * EPS)
    np.testing.assert_allclose(got[1], np.where(left > 0, left, right), rtol=0, atol=16 * EPS)


def test_a_network_comes_back_from_its_configuration_as_json():
    inputs, outputs = dag()
    model = ff.Model(inputs, outputs)
    config = json.loads(json.dumps(model.network.to_config()))
    network = Network.from_config(config)
    assert network.to_config() == config
    again = ff.Model.of_network(network, "again", has_many_outputs=True)
    again.set_weights(model.get_weights())
    x = [draw(6, 4), draw(6, 4, seed=1)]
    for one, other in zip(model.predict(x), again.predict(x), strict=True):
        np.testing.assert_array_equal(one, other)


def test_tensors_that_hold_values_become_constants():
    x = ff.Input((3,), name="x")
    model = ff.Model(x, x * ff.Tensor([1.0, 2.0, 3.0]) + ff.Tensor(1.0) * 2.0)
    again = Network.from_config(json.loads(json.dumps(model.network.to_config())))
    data = draw(4, 3)
    expected = data * np.array([1, 2, 3], np.float32) + np.float32(2)
    np.testing.assert_array_equal(model.predict(data), expected)
    np.testing.assert_array_equal(again.apply([ff.Tensor(data)], False)[0].numpy(), expected)
    np.testing.assert_array_equal(model(data).numpy(), expected)


def test_inputs_with_unknown_sizes_of_their_own_may_differ_in_them():
    a, b = ff.Input((None, 2)), ff.Input((None, 2))
    model = ff.Model([a, b], [L.Flatten()(a), L.Flatten()(b)])
    one, two = model.predict([draw(3, 4, 2), draw(3, 5, 2)])
    assert one.shape == (3, 8)
    assert two.shape == (3, 10)


@pytest.mark.parametrize("training", [True, False])
def test_training_reaches_every_layer(training):
    seen = []

    class Note(L.Layer):
        def call(self, x, training):
            seen.append(training)
            return x

    model = ff.Sequential([ff.Input((2,)), Note(), Note()])
    seen.clear()
    model(draw(1, 2), training=training)
    assert seen == [training, training]


@pytest.mark.parametrize("samples", [(3, 4), (4, 3)])
def test_inputs_that_disagree_on_the_number_of_samples_are_named(samples):
    inputs, outputs = dag()
    model = ff.Model(inputs, outputs)
    x = [draw(samples[0], 4), draw(samples[1], 4)]
    message = f"input 'b' has {samples[1]} along axis 0, but input 'a' has {samples[0]}. Give both the same number."
    with pytest.raises(ShapeError, match=re.escape(message)):
        model(x)
    message = f"predict: the numbers of samples differ: input 'a' has {samples[0]}, input 'b' has {samples[1]}."
    with pytest.raises(ValueError, match=re.escape(message)):
        model.predict(x)


def variable_outside():
    x = ff.Input((3,), name="x")
    return [x], [x * ff.Variable([1.0, 2.0, 3.0], name="scale")]


def missing_input():
    x, y = ff.Input((3,), name="x"), ff.Input((3,), name="y")
    return [x], [x + L.Activation("relu")(y)]


def output_as_input():
    x = ff.Input((3,), name="x")
    hidden = L.Dense(2)(x)
    return [hidden], [L.Dense(1)(hidden)]


def operation_as_input():
    x = ff.Input((3,), name="x") * 2.0
    return [x], [x]


def one_input_twice():
    x = ff.Input((3,), name="x")
    return [x, x], [x * 2.0]


def two_inputs_of_one_name():
    x, y = ff.Input((3,), name="x"), ff.Input((3,), name="x")
    return [x, y], [x + y]


def layers_of_one_name():
    x = ff.Input((3,), name="x")
    return [x], [L.Dense(2, name="d")(L.Dense(2, name="d")(x))]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (variable_outside, "the outputs depend on the variable 'scale' outside any layer. Put it in a Layer, so that"),
        (missing_input, "the outputs depend on 'y', which is not among the inputs. Give Model(inputs=...) every Input"),
        (output_as_input, "Model: one of the inputs is no Input. Give what Input() returned."),
        (operation_as_input, "Model: one of the inputs is no Input. Give what Input() returned."),
        (one_input_twice, "Model: two inputs are called 'x'. Give each Input once, with a name of its own."),
        (two_inputs_of_one_name, "Model: two inputs are called 'x'. Give each Input once, with a name of its own."),
        (layers_of_one_name, "Model: two layers are called 'd'. Give each layer a name of its own."),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    inputs, outputs = make()
    with pytest.raises(ValueError, match=re.escape(message)):
        Network(inputs, outputs)


GOOD = {
    "layers": [{"class": "flatten", "name": "f", "trainable": True}],
    "graph": [
        {"input": "x", "shape": ["batch", "3"], "dtype": "float32"},
        {"layer": 0, "inputs": [0]},
        {"op": "exp", "attrs": "", "inputs": [1]},
    ],
    "inputs": [0],
    "outputs": [2],
}


def changed(**parts):
    return json.loads(json.dumps(GOOD)) | parts


def graph(*entries):
    return changed(graph=[GOOD["graph"][0], *entries], outputs=[len(entries)])


def test_the_configuration_that_is_damaged_below_is_good_before():
    network = Network.from_config(GOOD)
    data = draw(2, 3)
    # One rounding of the exponential, below 3.
    np.testing.assert_allclose(
        network.apply([ff.Tensor(data)], False)[0].numpy(), np.exp(data.astype(float)), rtol=4 * EPS
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "the network has not the four lists"),
        ([], "the network has not the four lists"),
        (None, "the network has not the four lists"),
        (changed(layers=3), "the network has not the four lists"),
        (changed(layers=[3]), "the network cannot be read: TypeError"),
        (changed(layers=[{"class": "os.system"}]), "unknown layer 'os.system'. Known: "),
        (changed(layers=[{"class": "dense", "units": -1}]), "units must be an int >= 1"),
        (changed(layers=[{"class": "dense", "units": 3, "name": "a b"}]), "name must be a str without blanks"),
        (changed(layers=[]), "the places [0] are not among the 0 before them"),
        (changed(graph=[]), "the places [0] are not among the 0 before them"),
        (changed(graph={"a": 1}), "the network has not the four lists"),
        (changed(inputs=[-3]), "the places [-3] are not among the 3 before them"),
        (changed(inputs=[3]), "the places [3] are not among the 3 before them"),
        (changed(inputs=["0"]), "the places ['0'] are not among the 3 before them"),
        (changed(inputs=[0.0]), "the places [0.0] are not among"),
        (changed(inputs=[False]), "the places [False] are not among"),
        (changed(inputs=[1]), "one of the inputs is no Input"),
        (changed(inputs=[]), "Model: 0 inputs and 1 outputs. Give at least one of each"),
        (changed(outputs=[]), "Model: 1 inputs and 0 outputs. Give at least one of each"),
        (changed(inputs=[0, 0]), "two inputs are called 'x'"),
        (changed(outputs=[9]), "the places [9] are not among the 3 before them"),
        (changed(outputs=None), "the network has not the four lists"),
        (graph({"layer": 0, "inputs": [1]}), "the places [1] are not among the 1 before them"),
        (graph({"layer": 0, "inputs": [-1]}), "the places [-1] are not among the 1 before them"),
        (graph({"layer": 1, "inputs": [0]}), "the places [1] are not among the 1 before them"),
        (graph({"layer": -1, "inputs": [0]}), "the places [-1] are not among the 1 before them"),
        (graph({"layer": 0, "inputs": []}), "is neither an input, nor a call of a layer, nor an operation"),
        (graph({"layer": 0}), "is neither an input, nor a call of a layer, nor an operation"),
        (graph({"op": "system", "attrs": "", "inputs": [0]}), "the network has a 'system' outside a layer"),
        (
            graph({"op": ["exp"], "attrs": "", "inputs": [0]}),
            "is neither an input, nor a call of a layer, nor an operation",
        ),
        (graph({"op": "exp", "attrs": "(", "inputs": [0]}), "cannot read"),
        (
            graph({"op": "exp", "attrs": 3, "inputs": [0]}),
            "is neither an input, nor a call of a layer, nor an operation",
        ),
        (graph({"op": "exp", "attrs": "x='\\N{nope}'", "inputs": [0]}), "the network cannot be read"),
        (graph({"op": "exp", "attrs": "x=1", "inputs": [0]}), "the network cannot be read"),
        (graph({"op": "exp", "attrs": "", "inputs": [0, 0]}), "the network cannot be read"),
        (graph({"op": "add", "attrs": "", "inputs": [0]}), "the network cannot be read"),
        (graph({"op": "sum", "attrs": "axes=[5]", "inputs": [0]}), "the network cannot be read"),
        (graph({"op": "sum", "attrs": f"axes={'[' * 3000}", "inputs": [0]}), "the network cannot be read"),
        (
            graph({"op": "variable", "attrs": "name='v', shape=[2], dtype=dtype:float32", "inputs": []}),
            "the network has a 'variable' outside a layer",
        ),
        (
            graph({"op": "placeholder", "attrs": "name='v', shape=[2], dtype=dtype:float32", "inputs": []}),
            "the network has a 'placeholder' outside a layer",
        ),
        (
            graph({"op": "constant", "attrs": "value=array(float32, [9999999999], AAAA)", "inputs": []}),
            "cannot be read",
        ),
        (graph({"op": "constant", "attrs": "value=array(object, [1], AAAA)", "inputs": []}), "dtype"),
        (graph({"input": "y", "shape": ["-1"], "dtype": "float32"}), "negative size"),
        (graph({"input": "y", "shape": ["9**9**9"], "dtype": "float32"}), "is no size"),
        (graph({"input": "y", "shape": ["__import__('os')"], "dtype": "float32"}), "is no size"),
        (graph({"input": "y", "shape": [3], "dtype": "float32"}), "sizes that are no texts"),
        (
            graph({"input": "y", "shape": "3", "dtype": "float32"}),
            "is neither an input, nor a call of a layer, nor an operation",
        ),
        (graph({"input": "y", "shape": ["3"] * 33, "dtype": "float32"}), "has 33 dimensions. Expected at most 32"),
        (graph({"input": "a b", "shape": ["3"], "dtype": "float32"}), "the input 'a b' has no name"),
        (graph({"layer": 0, "inputs": [0], "more": 1}), "is neither an input, nor a call of a layer, nor an operation"),
        (graph({"layer": True, "inputs": [0]}), "the places [True] are not among"),
        (changed(more=1), "the network has other parts"),
        (graph({"input": "y", "shape": ["(" * 3000], "dtype": "float32"}), "is no size"),
        (graph({"input": "y", "shape": ["3"], "dtype": "float16"}), "not supported"),
        (graph({"input": "y", "shape": ["3"]}), "is neither an input, nor a call of a layer, nor an operation"),
        (graph("input"), "is neither an input, nor a call of a layer, nor an operation"),
        (graph(["input"]), "is neither an input, nor a call of a layer, nor an operation"),
        (graph(7), "is neither an input, nor a call of a layer, nor an operation"),
    ],
)
def test_a_damaged_configuration_is_a_format_error(config, message):
    with pytest.raises(FormatError, match=re.escape(message)):
        Network.from_config(config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (graph({"input": "y", "shape": ["batch", str(2**27)], "dtype": "float32"}), "load it with max_elements=2**27"),
        (
            graph(*[{"op": "exp", "attrs": "", "inputs": [0]}] * 2048),  # and the input
            "has 2,049 layers, or calls and operations, which take long to compile: more than the 2,048 it may have",
        ),
    ],
)
def test_a_configuration_that_asks_for_too_much_is_told_so(config, message):
    with pytest.raises(LimitError, match=re.escape(message)):
        Network.from_config(config)
    if "2,049" in message:
        assert len(Network.from_config(config, 2**27).nodes) == 2


def test_a_network_made_of_one_from_a_file_has_its_limit():
    loaded = Network.from_config(GOOD, 2**26)
    x = ff.Input((3,), name="own")
    outside = ff.Model(x, of_node(loaded.apply([x], False)[0].node * 2.0, True))
    assert outside.network.max_elements == 2**26
    assert ff.Model(x, ff.layers.Dense(2)(x)).network.max_elements is None
