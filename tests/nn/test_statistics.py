"""Oracle (b): batch and layer normalisation in float64 NumPy, running means by hand; (d) Keras, run where it is."""

import copy
import pickle
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import ShapeError

L = ff.layers
EPS = float(np.finfo(np.float32).eps)


def draw(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(dtype)


def standardised(x, axes, epsilon=0.001):
    """Return x standardised over axes, with mean and variance, in float64."""
    x = np.asarray(x, np.float64)
    means, variances = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - means) / np.sqrt(variances + epsilon), means.ravel(), variances.ravel()


@pytest.mark.parametrize(
    ("shape", "axis", "others"),
    [((9, 4), -1, (0,)), ((5, 3, 4), 2, (0, 1)), ((5, 3, 4), 1, (0, 2)), ((2, 3, 5, 2), 1, (0, 2, 3))],
)
def test_in_training_a_batch_is_standardised_and_the_running_statistics_go_on(shape, axis, others):
    x, layer = draw(*shape), L.BatchNormalization(axis, momentum=0.75)
    mean, variance = np.zeros(shape[axis]), np.ones(shape[axis])
    for turn in range(3):
        y = layer(x + turn, training=True).numpy()
        expected, means, variances = standardised(x + np.float32(turn), others)
        # Sums of at most 30 numbers below 4, a root and a quotient of numbers of size 1.
        np.testing.assert_allclose(y, expected, rtol=0, atol=4 * 30 * EPS)
        mean, variance = 0.75 * mean + 0.25 * means, 0.75 * variance + 0.25 * variances
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=0, atol=4 * 30 * EPS)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=0, atol=4 * 30 * EPS)


def test_outside_training_a_row_does_not_depend_on_its_batch():
    layer = L.BatchNormalization(momentum=0.5)
    layer(draw(8, 3) * 2 + 1, training=True)
    x = draw(6, 3, seed=1)
    whole = layer(x).numpy()
    mean, variance = (w.numpy().astype(np.float64) for w in (layer.moving_mean, layer.moving_variance))
    np.testing.assert_allclose(whole, (x - mean) / np.sqrt(variance + 0.001), rtol=0, atol=16 * EPS)
    np.testing.assert_array_equal(np.concatenate([layer(row[None]).numpy() for row in x]), whole)
    before = layer.moving_mean.numpy()
    layer(x)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), before)


def test_a_frozen_layer_uses_its_running_statistics_in_training_too_and_keeps_them():
    layer, x = L.BatchNormalization(), draw(8, 3) * 3 + 5
    layer(x, training=True)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x).numpy())
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    layer.trainable = True
    assert (layer(x, training=True).numpy() != layer(x).numpy()).any()


def test_fit_heeds_that_a_layer_without_weights_of_its_own_is_frozen():
    norm = L.BatchNormalization(center=False, scale=False)
    model = ff.Sequential([ff.Input((3,)), norm, L.Dense(1)])
    model.compile("sgd", "mse")
    x, y = draw(32, 3) + 4, draw(32, 1)
    model.fit(x, y, verbose=0)
    moved = norm.moving_mean.numpy()
    assert (moved != 0).all()
    norm.trainable = False
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), moved)
    norm.trainable = True
    model.fit(x, y, verbose=0)
    assert (norm.moving_mean.numpy() != moved).all()


@pytest.mark.parametrize(("rows", "batch_size"), [(53, 20), (100, 33), (7, 7), (40, 39), (300, 128)])
def test_rows_that_pad_a_batch_do_not_enter_the_statistics(rows, batch_size):
    x, y = draw(rows, 3) + 2, draw(rows, 1, seed=1)
    norm = L.BatchNormalization(momentum=0.5)
    model = ff.Sequential([ff.Input((3,)), norm, L.Dense(1)])
    model.compile(ff.optimizers.SGD(0.0), "mse")
    mean, variance = np.zeros(3), np.ones(3)
    for _ in range(4):  # the first two numbers of rows have code of their own, the others are padded
        for size in (batch_size, batch_size + 1, batch_size + 2):
            model.fit(x, y, batch_size=size, shuffle=False, verbose=0)
            for start in range(0, rows, size):
                _, means, variances = standardised(x[start : start + size], 0)
                mean, variance = (mean + means) / 2, (variance + variances) / 2
    np.testing.assert_allclose(norm.moving_mean.numpy(), mean, rtol=0, atol=4 * 128 * EPS)  # sums of 128 below 4
    np.testing.assert_allclose(norm.moving_variance.numpy(), variance, rtol=0, atol=4 * 128 * EPS)


def test_a_variance_is_accurate_where_the_mean_is_large():
    # 4096 +- 1: mean((x - m)^2) = 1 exactly; mean(x^2) - m^2 would lose all of it, for 4096^2 has 24 bits.
    x = np.array([[4095.0], [4097.0]] * 8, np.float32)
    layer = L.BatchNormalization(momentum=0.0, epsilon=0.0)
    np.testing.assert_array_equal(layer(x, training=True).numpy(), np.sign(x - 4096))
    assert layer.moving_variance.numpy().tolist() == [1.0]


@pytest.mark.parametrize("make", [lambda: L.BatchNormalization(1), lambda: L.LayerNormalization((1, -1))])
def test_gradients_through_the_statistics_are_central_differences(make):
    x, weights = draw(5, 3, 4, dtype=np.float64), draw(5, 3, 4, seed=3, dtype=np.float64)
    layer = make()
    axes = (0, 2) if isinstance(layer, L.BatchNormalization) else (1, 2)
    tensor = ff.Tensor(x)
    layer(tensor)
    layer.set_weights([draw(*w.shape, seed=6) for w in layer.weights])
    gamma, beta = (w.numpy() for w in layer.weights[:2])
    shape = (1, 3, 1) if axes == (0, 2) else (1, 3, 4)
    with ff.GradientTape() as tape:
        tape.watch(tensor)
        loss = (layer(tensor, training=True) * ff.Tensor(weights)).sum()
    parts = [g.numpy() for g in tape.gradient(loss, [tensor, *layer.weights[:2]])]

    def formula(x, gamma, beta):
        return np.sum((standardised(x, axes)[0] * gamma.reshape(shape) + beta.reshape(shape)) * weights)

    values, step = [x, gamma, beta], 1e-6
    ways = [draw(*value.shape, seed=9, dtype=np.float64) for value in values]
    ahead, behind = (formula(*(v + s * d for v, d in zip(values, ways, strict=True))) for s in (step, -step))
    slope = sum(np.sum(g * d) for g, d in zip(parts, ways, strict=True))
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)  # 1e-16 * 100 / step, and step**2


@pytest.mark.parametrize(("axis", "axes"), [(-1, (2,)), (1, (1,)), ((1, 2), (1, 2)), ((-1, 1), (1, 2))])
def test_layer_normalization_standardises_each_sample(axis, axes):
    x = draw(4, 3, 5)
    layer = L.LayerNormalization(axis, epsilon=0.01)
    expected = standardised(x, axes, 0.01)[0]
    for training in (False, True):
        np.testing.assert_allclose(layer(x, training=training).numpy(), expected, rtol=0, atol=4 * 15 * EPS)
    assert layer.gamma.shape == tuple(x.shape[axis] for axis in axes)


def test_neither_gamma_nor_beta_is_made_where_it_is_not_wanted():
    for make in (L.BatchNormalization, L.LayerNormalization):
        layer = make(center=False)
        layer(draw(2, 3))
        assert [w.name.rpartition("/")[2] for w in layer.trainable_weights] == ["gamma"]
        layer = make(scale=False)
        layer(draw(2, 3))
        assert [w.name.rpartition("/")[2] for w in layer.trainable_weights] == ["beta"]


def network():
    ff.set_seed(2)
    model = ff.Sequential(
        [ff.Input((4,)), L.Dense(8, use_bias=False), L.BatchNormalization(), L.Activation("relu"), L.Dense(1)]
    )
    model.compile(ff.optimizers.Adam(0.01), "mse")
    return model


def test_running_statistics_are_in_copies_and_files(tmp_path):
    model, x, y = network(), draw(64, 4), draw(64, 1)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.ff")
    expected = model.predict(x)
    for again in (ff.load(tmp_path / "model.ff"), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(x), expected)
        assert [w.trainable for w in again.weights] == [True, True, True, False, False, True, True]
        assert again.fit(x, y, verbose=0).history == copy.deepcopy(model).fit(x, y, verbose=0).history


def test_a_loop_of_ones_own_and_a_compiled_function_move_the_statistics_as_fit_does():
    x, y = draw(32, 4), draw(32, 1)
    fitted, own, compiled = network(), network(), network()
    fitted.fit(x, y, epochs=3, batch_size=32, shuffle=False, verbose=0)

    def step(model, optimizer):
        with ff.GradientTape() as tape:
            loss = ((model(x, training=True) - y) ** 2).mean()
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
        )

    optimizer, other = ff.optimizers.Adam(0.01), ff.optimizers.Adam(0.01)
    function = ff.function(lambda: step(compiled, other))
    for _ in range(3):
        step(own, optimizer)
        function()
    for one in (own, compiled):
        for ours, theirs in zip(one.weights, fitted.weights, strict=True):
            np.testing.assert_allclose(
                ours.numpy(), theirs.numpy(), rtol=0, atol=1e-5
            )  # a gradient's last bit, by Adam


def test_a_model_in_a_model_keeps_statistics_of_its_own():
    inner = ff.Sequential([ff.Input((3,)), L.BatchNormalization(momentum=0.5)])
    x = ff.Input((3,))
    model = ff.Model(x, L.Dense(1)(inner(x)))
    model.compile("sgd", "mse")
    data = draw(16, 3) + 1
    model.fit(data, draw(16, 1), batch_size=16, verbose=0)
    np.testing.assert_allclose(inner.layers[0].moving_mean.numpy(), data.mean(0, np.float64) / 2, atol=16 * 4 * EPS)


def test_a_network_of_float64_has_statistics_of_float64():
    model = ff.Sequential([ff.Input((3,), dtype="float64"), L.BatchNormalization(), L.LayerNormalization()])
    assert {w.dtype for w in model.weights} == {np.dtype("float64")}
    assert L.BatchNormalization(dtype="float64")(draw(2, 3), training=True).dtype == np.float64


def test_one_row_is_its_own_mean_and_integers_are_cast():
    layer = L.BatchNormalization()
    np.testing.assert_array_equal(layer(np.array([[3, 7]]), training=True).numpy(), [[0, 0]])
    assert layer(np.array([[3, 7]], np.uint8)).dtype == np.float32
    assert layer(np.zeros((0, 2), np.float32)).shape == (0, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.BatchNormalization(1.5), "BatchNormalization(axis=1.5): axis must be an int. Got 1.5."),
        (lambda: L.BatchNormalization(momentum=1.1), "momentum must be a number from 0 to 1. Got 1.1."),
        (lambda: L.BatchNormalization(epsilon=-1), "BatchNormalization(epsilon=-1): epsilon must be a number >= 0."),
        (lambda: L.BatchNormalization(center=1), "BatchNormalization(center=1): center must be True or False."),
        (lambda: L.BatchNormalization(eps=1), "there is no argument 'eps'."),
        (lambda: L.LayerNormalization(()), "LayerNormalization(axis=()): axis must be an int, or several that differ."),
        (lambda: L.LayerNormalization((1, 1)), "axis must be an int, or several that differ. Got (1, 1)."),
        (lambda: L.LayerNormalization("last"), "axis must be an int, or several that differ. Got 'last'."),
    ],
)
def test_an_invalid_setting_is_refused_where_the_layer_is_made(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


def built(layer):
    layer(draw(2, 3))
    return layer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: L.BatchNormalization(0, name="b")(draw(2, 3)),
            "layer 'b': input shape (2, 3), built at test_statistics",
        ),
        (lambda: L.BatchNormalization(2)(draw(2, 3)), "expects features along axis 2, not the first"),
        (lambda: L.BatchNormalization()(ff.Input((None,))), "BatchNormalization expects features along axis -1"),
        (lambda: L.LayerNormalization((1, -1))(draw(2, 3)), "LayerNormalization expects features along axis (1, -1)"),
        (lambda: built(L.BatchNormalization(name="b"))(draw(2, 4)), "has 4 features along axis -1, the first had 3."),
        (
            lambda: built(L.LayerNormalization(name="b"))(draw(2, 4)),
            "does not have the features of the first one, (3,)",
        ),
    ],
)
def test_a_wrong_input_is_refused_by_name_of_the_layer(call, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("axis", [-1, 1])
def test_keras_has_the_same_values_and_statistics(axis):
    keras = pytest.importorskip("keras")
    x = draw(6, 3, 4)
    for ours, theirs in [
        (L.BatchNormalization(axis, 0.9), keras.layers.BatchNormalization(axis, 0.9)),
        (L.LayerNormalization(axis), keras.layers.LayerNormalization(axis=axis)),
    ]:
        for training in (True, True, False):
            y = ours(x, training=training).numpy()
            np.testing.assert_allclose(y, np.asarray(theirs(x, training=training)), rtol=0, atol=4 * 24 * EPS)
        for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=4 * 24 * EPS)


@pytest.mark.parametrize("shape", [(0, 3), (0, 2, 2, 3)])
def test_no_sample_is_no_batch_to_normalize_by(shape):
    layer = built(L.BatchNormalization(name="b"))
    message = (
        re.escape(f"layer 'b': input shape {shape}, built at") + ".*" + re.escape("has no mean. Give at least one")
    )
    with pytest.raises(ShapeError, match=message):
        layer(np.zeros(shape, np.float32), training=True)
    assert layer.moving_mean.numpy().tolist() == [0, 0, 0]  # 0 / 0 would have stayed in it for good
    assert layer(np.zeros(shape, np.float32)).shape == shape
