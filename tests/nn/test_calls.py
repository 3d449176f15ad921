"""Oracle: worked by hand, NumPy's concatenate and sum, and identities: called with a list = called with arguments."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError
from feedforward.nn.config import registered
from feedforward.nn.layer import LAYERS

L = ff.layers
X = np.arange(6, dtype=np.float32).reshape(2, 3)
Y = np.ones((2, 3), np.float32)


@registered(LAYERS)
@dataclass(eq=False)
class ScoreForCalls(L.Layer):
    """x W y^T of each sample, and the sum: two inputs, two outputs, one weight."""

    def build(self, x_shape, y_shape):
        self.w = self.add_weight("w", (x_shape[-1], y_shape[-1]), "ones")

    def call(self, x, y):
        return ((x @ self.w) * y).sum(-1, keepdims=True), x + y


@registered(LAYERS)
@dataclass(eq=False)
class ProductForCalls(L.Layer):
    """Keras's way: one argument that is a list."""

    def build(self, shapes):
        self.shapes = shapes

    def call(self, inputs):
        return inputs[0] * inputs[-1] if isinstance(inputs, list) else inputs


@registered(LAYERS)
@dataclass(eq=False)
class NoisyForCalls(L.Layer):
    """Says whether it trains, or leaves it to the layer inside."""

    def __post_init__(self):
        super().__post_init__()
        self.drop = L.Dropout(0.5, seed=1)

    def call(self, x):
        return self.drop(x)


def test_a_layer_of_two_inputs_takes_them_as_arguments_or_as_a_list():
    layer = ScoreForCalls()
    for given in ([X, Y], [ff.Tensor(X), Y], [ff.Tensor(X), ff.Tensor(Y)]):
        for score, total in (layer(*given), layer(given), layer(tuple(given))):
            np.testing.assert_array_equal(score.numpy(), [[9.0], [36.0]])  # 3 (0+1+2) and 3 (3+4+5)
            np.testing.assert_array_equal(total.numpy(), X + 1)
    assert [weight.shape for weight in layer.weights] == [(3, 3)]


def test_a_layer_of_one_argument_is_given_the_list_and_the_list_of_shapes():
    layer = ProductForCalls()
    np.testing.assert_array_equal(layer([ff.Tensor(X), Y * 2]).numpy(), X * 2)
    assert layer.shapes == [(2, 3), (2, 3)]
    np.testing.assert_array_equal(layer(X).numpy(), X)


@pytest.mark.parametrize("layer", [L.Dense(2), L.Flatten(), L.Dropout(0.5), L.Rescaling(2.0), L.Reshape((3, 1))])
def test_a_list_of_tensors_is_never_stacked_for_a_layer_of_one(layer):
    a, b = ff.Input((3,)), ff.Input((3,))
    message = re.escape(f"layer {layer.name!r}: got 2 inputs, it takes 1")
    for call in (
        lambda: layer([a, b]),
        lambda: layer(a, b),
        lambda: layer([X, Y]),
        lambda: layer([ff.Tensor(X), [[1.0, 2.0, 3.0]]]),
    ):
        with pytest.raises(TypeError, match=message):
            call()


def test_a_list_of_numbers_stays_data():
    assert L.Dense(2)([[1, 2, 3], [4, 5, 6]]).shape == (2, 2)
    assert L.Flatten()([[ff.Tensor(1.0), ff.Tensor(2.0)]]).shape == (1, 2)


def test_inputs_may_be_given_by_name():
    layer = ScoreForCalls()
    expected = [each.numpy() for each in layer(X, Y)]
    for call in (lambda: layer(x=X, y=Y), lambda: layer(X, y=Y), lambda: layer(y=Y, x=X)):
        for found, wanted in zip(call(), expected, strict=True):
            np.testing.assert_array_equal(found.numpy(), wanted)
    np.testing.assert_array_equal(NoisyForCalls()(x=Y, training=False).numpy(), Y)
    with pytest.raises(TypeError, match=r"its call takes no 'z'. Expected x, y: give all inputs up to the last"):
        layer(X, z=Y)
    with pytest.raises(TypeError, match=r"takes no 'inputs'. Expected x and training"):
        L.Dense(2)(inputs=X)
    with pytest.raises(TypeError, match=r"its call takes no 'y'. Expected x, y: give all inputs up to the last"):
        layer(y=Y)


def test_too_few_inputs_are_named():
    with pytest.raises(TypeError, match=r"got 1 inputs, it takes 2.* Give as many; Concatenate\(\) or stack\(\) make"):
        ScoreForCalls()(X)
    with pytest.raises(TypeError, match=r"got 0 inputs, it takes 1"):
        L.Dense(2)()


@pytest.mark.parametrize("result", [(), [1.0], None, {"a": ff.Tensor(1.0)}])
def test_a_call_that_returns_no_tensor_says_so(result):
    class Wrong(L.Layer):
        def call(self, x):
            return result

    for x in (X, ff.Input((3,))):
        with pytest.raises(TypeError, match=r"its call returned .* Return a tensor, or a tuple of tensors."):
            Wrong()(x)


def test_training_reaches_layers_whose_caller_does_not_hand_it_on():
    layer = NoisyForCalls()
    np.testing.assert_array_equal(layer(Y).numpy(), Y)
    assert set(np.unique(layer(Y, training=True).numpy())) <= {0.0, 2.0}
    np.testing.assert_array_equal(layer(Y, False).numpy(), Y)
    model = ff.Sequential([ff.Input((3,)), layer])
    assert set(np.unique(model(np.ones((9, 3)), training=True).numpy())) == {0.0, 2.0}
    np.testing.assert_array_equal(model.predict(Y), Y)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_concatenate_is_numpy_s(axis):
    layer = L.Concatenate(axis)
    np.testing.assert_array_equal(layer([X, Y, X]).numpy(), np.concatenate([X, Y, X], axis))


def test_add_is_numpy_s_sum_from_first_to_last():
    np.testing.assert_array_equal(L.Add()(X, Y, X).numpy(), X + Y + X)
    np.testing.assert_array_equal(L.Add()([X, Y[:, :1]]).numpy(), X + Y[:, :1])


def test_merging_one_tensor_or_along_no_axis_is_an_error():
    with pytest.raises(ValueError, match=r"got 1 inputs.* Add expects at least 2: call it as layer\(\[a, b\]\)."):
        L.Add()(ff.Input((2,)))
    with pytest.raises(ValueError, match=r"Concatenate\(axis=1.5\): axis must be an int. Got 1.5."):
        L.Concatenate(1.5)


def several():
    a, b = ff.Input((3,), name="a"), ff.Input((3,), name="b")
    score, total = ScoreForCalls()([a, b])
    product = ProductForCalls()([a, b])
    alone = ProductForCalls()([total])
    return ff.Model([a, b], [L.Concatenate()([score, total]), product, alone])


def test_a_network_of_layers_with_several_inputs_and_outputs_computes_and_is_saved(tmp_path):
    model = several()
    expected = [np.concatenate([[[9.0], [36.0]], X + 1], 1), X, (X + 1) ** 2]
    calls = []
    layer = model.layers[0]
    original = type(layer).call
    try:
        type(layer).call = lambda self, x, y: calls.append(1) or original(self, x, y)
        found = model.predict([X, Y])
    finally:
        type(layer).call = original
    assert calls == [1]  # once for both of its outputs
    model.save(tmp_path / "m.ff")
    for outputs in (found, ff.load(tmp_path / "m.ff").predict([X, Y])):
        for output, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(output, wanted)


def test_gradients_flow_through_every_output_of_a_call():
    layer = ScoreForCalls()
    with ff.GradientTape() as tape:
        score, total = layer(X, Y)
        loss = score.sum() + (total * 0.0).sum()
    # d sum_i,jk x_ij w_jk y_ik / dw_jk = sum_i x_ij y_ik
    np.testing.assert_array_equal(tape.gradient(loss, layer.w).numpy(), X.T @ Y)


@pytest.mark.parametrize(
    "entry",
    [
        {"layer": 0, "inputs": [0, 1], "output": 2},
        {"layer": 0, "inputs": [0, 1], "output": True},
        {"layer": 0, "inputs": [0, 1]},
        {"layer": 0, "inputs": [[0, 1]], "output": 0},
        {"layer": 1, "inputs": [0], "output": 0},
        {"of": 0, "output": 0},
        {"of": True, "output": 0},
        {"of": 9, "output": 0},
        {"of": 2, "output": 5},
        {"of": 2},
        {"layer": 0, "inputs": [0, 1], "output": 0, "more": 1},
        {"layer": 0, "inputs": [0, 1], "output": 0, "training": 1},
        {"layer": 0, "inputs": [0, 1], "output": 0, "training": []},
    ],
)
def test_a_damaged_call_is_a_format_error(entry):
    config = several().network.to_config()
    place = next(
        i for i, line in enumerate(config["graph"]) if line.get("of" if "of" in entry else "layer") is not None
    )
    config["graph"][place] = entry
    if entry.get("layer") == 1:
        config["layers"][1] = {"class": "flatten"}
    with pytest.raises(FormatError):
        ff.Model([x := ff.Input((1,))], [x]).network.from_config(config)


def test_training_that_is_given_on_an_input_stays(tmp_path):
    x = ff.Input((3,), name="x")
    always, never = L.Dropout(0.5, seed=1), L.Dropout(0.5, seed=2)
    model = ff.Model(x, [always(x, training=True), never(x, training=False), L.Dropout(0.5, seed=3)(x)])
    model.save(tmp_path / "m.ff")
    ones = np.ones((9, 3), np.float32)
    for each in (model, ff.load(tmp_path / "m.ff")):
        for training, expected in ((False, [{0.0, 2.0}, {1.0}, {1.0}]), (True, [{0.0, 2.0}, {1.0}, {0.0, 2.0}])):
            assert [set(np.unique(output.numpy())) for output in each(ones, training=training)] == expected
    outer = ff.Model(x, model(x))  # which leaves it to each call
    assert [set(np.unique(output.numpy())) for output in outer(ones, training=True)] == [{0.0, 2.0}, {1.0}, {0.0, 2.0}]
    inner = ff.Model(x, model(x, training=False))
    assert set(np.unique(inner(ones, training=True)[2].numpy())) == {1.0}


def test_inputs_of_a_network_may_be_a_dict_by_name():
    model = several()
    expected = model.predict([X, Y])
    for call in (lambda: model({"b": Y, "a": X}), lambda: model.predict({"b": Y, "a": X})):
        for found, wanted in zip(call(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
    for given in ({"a": X}, {"a": X, "b": Y, "c": Y}, {}):
        with pytest.raises(ValueError, match=r"the inputs are 'a', 'b'. Give a dict with an array for each input"):
            model.predict(given)
    with pytest.raises(TypeError, match=r"layer 'd': got a dict of 'a'. Give tensors."):
        L.Dense(2, name="d")({"a": X})
