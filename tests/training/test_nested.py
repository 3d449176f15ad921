"""Oracle: identities: a nested network = the same layers in one network, to the bit; save then load = same."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError, LimitError
from feedforward.nn.config import registered
from feedforward.nn.layer import LAYERS
from feedforward.training.network import Network

L = ff.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype(np.float32)
Y = RNG.normal(size=(20, 2)).astype(np.float32)


def dense(units, name, **options):
    return L.Dense(units, name=name, kernel_initializer=ff.initializers.GlorotUniform(seed=units), **options)


def flat():
    return ff.Sequential([ff.Input((4,)), dense(8, "a", activation="tanh"), L.Dropout(0.2, seed=3), dense(2, "b")])


def nested():
    encoder = ff.Sequential([ff.Input((4,)), dense(8, "a", activation="tanh"), L.Dropout(0.2, seed=3)], name="encoder")
    return ff.Sequential([ff.Input((4,)), encoder, dense(2, "b")])


def fit(model, **options):
    model.seed = 5
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model.fit(X, Y, batch_size=5, epochs=2, verbose=0, **options).history


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_nested_network_trains_and_predicts_as_the_same_layers_in_one():
    one, other = flat(), nested()
    assert [w.name for w in other.weights] == ["encoder/a/kernel", "encoder/a/bias", "b/kernel", "b/bias"]
    same([one.predict(X)], [other.predict(X)])
    assert fit(one) == fit(other)
    same(one.get_weights(), other.get_weights())
    assert one.evaluate(X, Y, verbose=0) == other.evaluate(X, Y, verbose=0)


def test_a_network_called_on_an_input_is_one_layer_of_the_other():
    model = nested()
    assert [layer.name for layer in model.layers] == ["encoder", "b"]
    assert model.get_layer("encoder").get_layer("a").name == "a"
    lines = []
    model.summary(lines.append)
    assert re.search(r"encoder \(Sequential\) +\(None, 8\) +40 +32\n", lines[0])
    assert "Parameters: 58 (58 trainable, 0 not)" in lines[0]


def test_a_model_is_a_layer_and_its_weights_are_shared():
    encoder = ff.Sequential([dense(3, "a")])
    assert isinstance(encoder, L.Layer)
    left, right = ff.Input((4,)), ff.Input((4,))
    model = ff.Model([left, right], L.Add()([encoder(left), encoder(right)]))
    assert len(model.weights) == 2
    same([model.predict([X, X])], [2 * encoder.predict(X)])
    encoder.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_allclose(
        model.predict([X, X])[:, 0], 2 * X.astype(float).sum(1), atol=1e-5
    )  # 4 roundings below 4


def test_networks_without_names_are_numbered_when_they_become_layers():
    x = ff.Input((4,))
    twins = [ff.Sequential([dense(3, "a")]) for _ in range(2)]
    assert [twin.name for twin in twins] == ["sequential", "sequential"]
    model = ff.Model(x, L.Concatenate()([twin(x) for twin in twins]))
    assert len({twin.name for twin in twins}) == 2
    assert len({w.name for w in model.weights}) == 4


@pytest.mark.parametrize("is_frozen_before", [True, False])
def test_a_frozen_network_is_not_trained(is_frozen_before):
    model = nested()
    encoder = model.get_layer("encoder")
    if not is_frozen_before:
        fit(model)
    encoder.trainable = False
    assert [layer.trainable for layer in encoder.layers] == [False, False]
    assert [w.name for w in model.trainable_weights] == ["b/kernel", "b/bias"]
    before = model.get_weights()
    fit(model)
    after = model.get_weights()
    same(before[:2], after[:2])
    assert (before[2] != after[2]).any()
    encoder.trainable = True
    fit(model)
    assert (model.get_weights()[0] != before[0]).any()


def test_trainable_must_be_a_bool_wherever_it_is_set():
    for thing in (nested(), L.Dense(2)):
        with pytest.raises(ValueError, match=r"trainable must be True or False. Got 0."):
            thing.trainable = 0


def deep(depth):
    model = ff.Sequential([ff.Input((4,)), dense(4, "d")])
    for place in range(depth):
        model = ff.Sequential([ff.Input((4,)), model, dense(4, "d")], name=f"s{place}")
    return model


def halves():
    """Return a network with one of two outputs inside, called twice, and a frozen one."""
    x = ff.Input((4,), name="x")
    inner = ff.Model(x, [dense(2, "a")(x), x * 2.0], name="inner")
    frozen = ff.Sequential([dense(4, "a")], name="frozen")
    start = ff.Input((4,), name="start")
    small, big = inner(frozen(start))
    frozen.trainable = False
    return ff.Model(start, [L.Concatenate()([small, inner(big)[0]]), big])


@pytest.mark.parametrize("make", [nested, halves, lambda: deep(3), lambda: deep(16)])
def test_a_nested_network_comes_back_from_its_file_with_its_training(make, tmp_path):
    model = make()
    if not model.has_many_outputs and len(model.weights) < 20:
        model.compile("adam", "mean_squared_error")
        model.fit(X, np.zeros((20, *model.predict(X).shape[1:])), verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    same(again.predict(X), model.predict(X))
    assert again.network.to_config() == model.network.to_config()
    assert [w.name for w in again.weights] == [w.name for w in model.weights]
    assert [w.name for w in again.trainable_weights] == [w.name for w in model.trainable_weights]
    again.save(tmp_path / "again.ff")
    assert (tmp_path / "again.ff").read_bytes() == (tmp_path / "m.ff").read_bytes()
    if model.optimizer is not None:
        for each in (model, again):
            each.fit(X, np.zeros((20, *model.predict(X).shape[1:])), verbose=0)
        same(again.get_weights(), model.get_weights())


def test_a_part_of_another_network_is_saved_alone_under_its_own_names(tmp_path):
    model = nested()
    outer = ff.Sequential([ff.Input((4,)), model, dense(2, "c")], name="outer")
    encoder = model.get_layer("encoder")
    for part in (encoder, model, outer):
        part.save(tmp_path / "m.ff")
        same(ff.load(tmp_path / "m.ff").predict(X), part.predict(X))


def test_a_frozen_model_is_frozen_when_it_comes_back(tmp_path):
    model = flat()
    model.trainable = False
    model.layers[0].trainable = True
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert again.trainable is False
    assert [layer.trainable for layer in again.layers] == [True, False, False]
    assert again.trainable_weights == []


def test_networks_nested_too_deeply_are_refused_when_they_are_saved(tmp_path):
    with pytest.raises(FormatError, match=r"save: networks are nested more than 16 deep. Join the innermost into one."):
        deep(17).save(tmp_path / "m.ff")


def test_networks_nested_too_deeply_or_too_often_are_refused_before_they_are_built():
    config = json.loads(json.dumps(deep(1).network.to_config()))
    inner = config["layers"][0]
    for _ in range(15):
        inner["network"]["layers"][0] = json.loads(json.dumps(inner))
        inner = inner["network"]["layers"][0]
    config["layers"][0]["network"]["layers"][0] |= {"network": json.loads(json.dumps(config))}
    with pytest.raises(FormatError, match="networks are nested more than 16 deep"):
        Network.from_config(config)

    # Each network calls the one inside of it twice: 2**12 calls from some hundred lines.
    x = {"input": "x", "shape": ["batch", "4"], "dtype": "float32"}
    network = {"layers": [{"class": "flatten", "name": "f"}], "graph": [x, {"layer": 0, "inputs": [0]}]}
    network |= {"inputs": [0], "outputs": [1]}
    for place in range(12):
        layer = {"model": "Model", "name": f"m{place}", "trainable": True, "network": network}
        network = {
            "layers": [layer | {"has_many_outputs": False}],
            "graph": [x, {"layer": 0, "inputs": [0]}, {"layer": 0, "inputs": [1]}],
            "inputs": [0],
            "outputs": [2],
        }
    with pytest.raises(LimitError, match="layers, or calls and operations"):
        Network.from_config(network)


@pytest.mark.parametrize(
    "damage",
    [
        lambda layer: layer | {"model": "Layer"},
        lambda layer: layer | {"model": "Session"},
        lambda layer: layer | {"model": 3},
        lambda layer: layer | {"more": 1},
        lambda layer: layer | {"trainable": 1},
        lambda layer: layer | {"has_many_outputs": 0},
        lambda layer: layer | {"name": 3},
        lambda layer: layer | {"name": "a/b"},
        lambda layer: layer | {"network": []},
        lambda layer: layer | {"network": {}},
        lambda layer: {**layer, "class": "sequential"},
        lambda layer: {"class": "sequential", "name": "s", "layers": []},
        lambda layer: {"class": "model", "name": "s"},
    ],
)
def test_a_damaged_network_in_a_network_is_a_format_error(damage):
    config = json.loads(json.dumps(nested().network.to_config()))
    assert len(Network.from_config(config).layers) == 2
    config["layers"][0] = damage(config["layers"][0])
    with pytest.raises(FormatError):
        Network.from_config(config)


def test_a_network_from_a_file_keeps_its_limit_as_a_layer(tmp_path):
    model = nested()
    model.save(tmp_path / "m.ff")
    loaded = ff.load(tmp_path / "m.ff")
    assert loaded.network.max_elements is not None
    outer = ff.Sequential([ff.Input((4,)), loaded])
    assert outer.network.max_elements == loaded.network.max_elements
    assert ff.Sequential([outer, L.Flatten()]).max_elements == loaded.network.max_elements


def test_a_chain_of_unknown_shape_learns_it_as_a_layer():
    inner = ff.Sequential([dense(3, "a")])
    model = ff.Sequential([inner, dense(2, "b")])
    model.compile("sgd", "mean_squared_error")
    model.fit(X, Y, verbose=0)
    assert inner.count_params() == 15
    assert model.predict(X).shape == (20, 2)
    built = ff.Sequential([dense(3, "a")])
    built.build((None, 7))
    assert built.count_params() == 24


def test_a_model_that_would_hold_itself_is_refused():
    model = ff.Sequential([L.Flatten()])
    with pytest.raises(ValueError, match=r"got a layer that holds the model itself. Give another layer."):
        model.add(model)
    outer = ff.Sequential([model])
    with pytest.raises(ValueError, match=r"got a layer that holds the model itself. Give another layer."):
        model.add(outer)

    class Block(L.Layer):
        def call(self, x):
            return x

    block = Block()
    with pytest.raises(ValueError, match=r"Block.me is the layer itself, or holds it. Give another layer."):
        block.me = block


def test_a_chain_that_is_a_layer_of_another_takes_no_more_layers():
    inner = ff.Sequential([dense(3, "a")])
    outer = ff.Sequential([ff.Input((4,)), inner])
    with pytest.raises(ValueError, match=r"it is a layer of another network already. Add all layers before."):
        inner.add(dense(3, "b"))
    del outer
    inner.add(dense(3, "c"))
    assert inner.predict(X).shape == (20, 3)


def test_a_name_that_no_layer_may_have_is_refused_when_a_model_becomes_one():
    model = ff.Sequential([dense(3, "a")], name="my model")
    assert model.predict(X).shape == (20, 3)
    with pytest.raises(ValueError, match="name must be a str without blanks"):
        model(ff.Input((4,)))
    with pytest.raises(TypeError, match=r"Sequential\(name=3\): name must be a str. Got 3."):
        ff.Sequential([], name=3)


@registered(LAYERS)
@dataclass(eq=False)
class HoldsForNested(L.Layer):
    """A layer with a model as its attribute."""

    def __post_init__(self):
        super().__post_init__()
        self.inner = ff.Sequential([L.Dense(3), L.Dense(3)])

    def call(self, x, training):
        return self.inner(x, training=training)


def test_a_model_may_be_a_part_of_a_layer(tmp_path):
    model = ff.Sequential([ff.Input((4,)), HoldsForNested(name="h"), dense(2, "b")])
    assert next(path for path, _ in model.weights_by_path()).startswith("h/inner/")
    assert len(model.trainable_weights) == 6
    fit(model)


def test_a_model_of_another_seed_draws_by_the_seed_of_the_one_that_trains():
    one, other = nested(), nested()
    other.get_layer("encoder").seed = 77
    assert fit(one) == fit(other)


def test_a_list_of_inputs_and_a_list_of_outputs_of_a_nested_network():
    a, b = ff.Input((4,), name="a"), ff.Input((4,), name="b")
    inner = ff.Model([a, b], [a + b, a * b], name="inner")
    start = ff.Input((4,))
    for call in (lambda: inner([start, start]), lambda: inner(start, start)):
        total, product = call()
        model = ff.Model(start, [product, total])
        same(model.predict(X), [X * X, X + X])
    with pytest.raises(ValueError, match=r"the network has 2 inputs, got 1. Give a list of one array for each."):
        inner(start)
