"""Oracle: float64 NumPy: a network in float64 computes and learns what the formula says, to some 1e-16."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DtypeError
from feedforward.nn.config import from_config, to_config
from feedforward.nn.layer import LAYERS
from feedforward.training.network import config_of

L = ff.layers
RNG = np.random.default_rng(6)
X = RNG.normal(size=(16, 3)) + 1e6  # whose differences float32 does not hold
Y = RNG.normal(size=(16, 2))
EPS = float(np.finfo(np.float64).eps)


def double(has_input=True):
    ff.set_seed(8)
    layers = [
        L.Rescaling(1.0, -1e6, dtype="float64"),
        L.Dense(4, activation="tanh", dtype="float64"),
        L.Dense(2, dtype="float64"),
    ]
    return ff.Sequential([ff.Input((3,), dtype="float64"), *layers] if has_input else layers)


def formula(x, w1, b1, w2, b2):
    return np.tanh((x - 1e6) @ w1 + b1) @ w2 + b2


@pytest.mark.parametrize("has_input", [True, False])
def test_a_network_in_float64_predicts_and_learns_in_it(has_input):
    model = double(has_input)
    model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    model.build((None, 3))
    assert all(w.dtype == np.float64 for w in model.weights)
    weights = model.get_weights()
    assert (weights[0] != np.float32(weights[0])).any()
    found = model.predict(X)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, formula(X, *weights), atol=64 * EPS)  # some sums of numbers below 4
    np.testing.assert_allclose(model(X).numpy(), found, atol=64 * EPS)
    hidden = np.tanh((X - 1e6) @ weights[0] + weights[1])
    g = 2 * (formula(X, *weights) - Y) / Y.size
    back = (g @ weights[2].T) * (1 - hidden**2)
    slopes = [(X - 1e6).T @ back, back.sum(0), hidden.T @ g, g.sum(0)]
    history = model.fit(X, Y, batch_size=16, verbose=0, shuffle=False).history
    np.testing.assert_allclose(history["loss"], np.mean((found - Y) ** 2), rtol=64 * EPS)
    for weight, before, slope in zip(model.get_weights(), weights, slopes, strict=True):
        np.testing.assert_allclose(weight, before - 0.1 * slope, atol=256 * EPS)


def test_data_are_kept_in_float64_the_first_time_too():
    one, other = double(), double(has_input=False)
    np.testing.assert_array_equal(other.predict(X), one.predict(X))
    for each in (one, other):
        each.compile("adam", "mean_squared_error", ["mean_absolute_error"])
    assert (
        one.fit(X, Y, verbose=0, validation_split=0.5).history
        == other.fit(X, Y, verbose=0, validation_split=0.5).history
    )


def test_a_network_in_float64_is_saved_and_goes_on(tmp_path):
    model = double()
    model.compile("adam", "mean_squared_error")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert [layer.dtype for layer in again.layers] == ["float64"] * 3
    for each in (model, again):
        each.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_layer_casts_what_it_is_given_to_its_dtype():
    for dtype, x in (("float64", np.float32(X)), ("float32", ff.Tensor(X)), ("float64", np.arange(6).reshape(2, 3))):
        layer = L.Dense(2, dtype=dtype)
        assert layer(x).dtype == layer.kernel.dtype == np.dtype(dtype)
    model = ff.Sequential([ff.Input((3,)), L.Dense(2, dtype="float64"), L.Dense(2, dtype="float32"), L.Dropout(0.5)])
    assert model.predict(X).dtype == np.float32
    drop = L.Dropout(0.5, dtype="float64")
    assert drop(np.ones((4, 3), np.float32), training=True).dtype == np.float64


def test_an_input_of_float64_makes_a_network_of_float64(tmp_path):
    x = ff.Input((3,), dtype="float64")
    hidden = L.Dense(4, activation="tanh", name="a")(L.Normalization([1e6] * 3, [1.0] * 3, name="n")(x))
    model = ff.Model(x, L.Dense(2, name="b")(hidden))
    weights = model.get_weights()
    assert all(w.dtype == np.float64 for w in weights)
    np.testing.assert_allclose(model.predict(X), formula(X, *weights[2:]), atol=64 * EPS)
    model.compile("adam", "mean_squared_error")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.ff")
    np.testing.assert_array_equal(ff.load(tmp_path / "m.ff").predict(X), model.predict(X))


def test_arrays_are_computed_in_float32_unless_the_layer_says_otherwise():
    layer = L.Dense(2)
    assert layer(X).dtype == layer.kernel.dtype == np.float32
    with pytest.raises(DtypeError, match="matmul: dtypes differ, float64 and float32"):
        layer(ff.Tensor(X))
    assert "dtype" not in config_of(LAYERS, layer)
    double = L.Dense(2, dtype=np.float64)
    assert config_of(LAYERS, double)["dtype"] == "float64"
    assert from_config(LAYERS, to_config(double)).dtype == "float64"


@pytest.mark.parametrize(
    ("dtype", "message"),
    [
        ("int32", "Dense(dtype='int32'): a layer computes in float32 or float64."),
        ("float16", "dtype 'float16' is not supported."),
        (3, "dtype '3' is not supported."),
    ],
)
def test_a_layer_of_another_dtype_is_refused(dtype, message):
    with pytest.raises(DtypeError, match=re.escape(message)):
        L.Dense(2, dtype=dtype)


def test_numbers_beyond_float32_are_still_refused_where_float32_is_computed():
    with pytest.raises(ff.errors.DataError, match="beyond float32"):
        ff.Sequential([ff.Input((3,)), L.Dense(2)]).predict(np.full((2, 3), 1e300))
    big = ff.Sequential([ff.Input((3,), dtype="float64"), L.Rescaling(1e-300, dtype="float64")])
    np.testing.assert_allclose(big.predict(np.full((2, 3), 1e300)), 1.0, rtol=EPS)


def test_sample_weights_and_metrics_go_with_float64():
    model = double()
    model.compile("sgd", "mean_squared_error", ["mean_absolute_error"])
    weights = np.linspace(0, 2, 16)
    found = model.evaluate(X, Y, verbose=0, sample_weight=weights, return_dict=True)
    error = model.predict(X) - Y
    # Weights are float32.
    np.testing.assert_allclose(found["loss"], np.mean(np.float32(weights) * (error**2).mean(1)), rtol=64 * EPS)
    np.testing.assert_allclose(found["mean_absolute_error"], np.abs(error).mean(), rtol=64 * EPS)
