"""Oracle (b): backpropagation by hand in float64 NumPy; (d) JAX's gradients; (e) the same seed, the same bits."""

import copy
import os
import pickle
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, DtypeError, NotFiniteError, ShapeError

L = ff.layers
EPS = float(np.finfo(np.float32).eps)


def draw(*shape, seed=0, scale=1.0):
    return np.random.default_rng(seed).uniform(-scale, scale, shape).astype(np.float32)


def labels(n, c, seed=0):
    return np.random.default_rng(seed).integers(0, c, n)


def wide(x):
    """Return x as float64."""
    return np.asarray(x, np.float64)


def two_layers(d=5, h=7, k=3, activation="tanh", seed=1):
    ff.set_seed(seed)
    return ff.Sequential([ff.Input((d,)), L.Dense(h, activation=activation), L.Dense(k)])


def softmax_loss(z, y):
    """Return the sparse categorical cross-entropy of each row of logits."""
    z = wide(z)
    top = z.max(-1, keepdims=True)
    return (np.log(np.exp(z - top).sum(-1)) + top[:, 0]) - z[np.arange(len(z)), y]


# A training step, against independent formulas


def test_three_steps_of_sgd_are_those_of_backpropagation_by_hand():
    x, y, rate = draw(12, 5), draw(12, 3, seed=2), 0.3
    model = two_layers()
    w1, b1, w2, b2 = (wide(w) for w in model.get_weights())
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    losses = []
    for start in (0, 4, 8):
        u, t = wide(x[start : start + 4]), wide(y[start : start + 4])
        # Forward: h = tanh(u w1 + b1), p = h w2 + b2, loss = mean over 4 samples and 3 outputs of (p - t)^2.
        h = np.tanh(u @ w1 + b1)
        p = h @ w2 + b2
        losses.append(np.mean((p - t) ** 2))
        # Backward: dp = 2 (p - t) / 12; through the second layer, then tanh' = 1 - h^2, then the first.
        dp = 2 * (p - t) / 12
        dw2, db2 = h.T @ dp, dp.sum(0)
        da = (dp @ w2.T) * (1 - h**2)
        dw1, db1 = u.T @ da, da.sum(0)
        w1, b1, w2, b2 = w1 - rate * dw1, b1 - rate * db1, w2 - rate * dw2, b2 - rate * db2
    history = model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
    # Each number passes some twenty operations on numbers below 4, in sums of at most 12 terms, three times over.
    tolerance = 3 * 20 * 4 * EPS
    for got, expected in zip(model.get_weights(), (w1, b1, w2, b2), strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(history.history["loss"], [np.mean(losses)], rtol=0, atol=tolerance)


def test_steps_of_adam_on_softmax_cross_entropy_are_those_of_jax():
    n, d, h, c, rate, steps = 64, 6, 9, 4, 0.01, 8
    x, y = draw(n, d), labels(n, c)
    model = two_layers(d, h, c, "relu")
    weights = [jnp.asarray(wide(w)) for w in model.get_weights()]
    model.compile(ff.optimizers.Adam(rate), ff.losses.SparseCategoricalCrossentropy(from_logits=True))

    def loss(weights, x, y):
        w1, b1, w2, b2 = weights
        z = jax.nn.relu(x @ w1 + b1) @ w2 + b2
        return -jax.nn.log_softmax(z)[jnp.arange(len(y)), y].mean()

    m = v = [jnp.zeros_like(w) for w in weights]
    for t in range(1, steps + 1):
        rows = slice((t - 1) * 8, t * 8)
        g = jax.grad(loss)(weights, jnp.asarray(wide(x[rows])), jnp.asarray(y[rows]))
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        step = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = [w - step * a / (jnp.sqrt(b) + 1e-7) for w, a, b in zip(weights, m, v, strict=True)]
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    # A step is about `rate` long, whatever the gradient, and its relative error is that of the gradient: some 30 EPS of
    # the largest terms of its sums, which may be 100 times the sum itself.
    tolerance = steps * rate * 3000 * EPS + 4 * EPS
    for got, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


def test_dropout_in_training_zeroes_gradients_where_it_dropped():
    # One input of 1, weights w: y = sum(m w) / (1 - rate); with a target of 0 the slope of w is 0 exactly where m is.
    layer = L.Dense(1, use_bias=False, kernel_initializer="ones")
    model = ff.Sequential([ff.Input((64,)), L.Dropout(0.5), layer])
    model.compile(ff.optimizers.SGD(0.001), "mean_squared_error")
    model.fit(np.ones((1, 64)), np.zeros((1, 1)), verbose=0)
    (w,) = layer.get_weights()
    kept = w != 1
    assert 0 < kept.sum() < 64
    assert len(np.unique(w[kept])) == 1
    # y = 2 k for k kept; slope 2 y * 2 = 8 k; the product and the difference round once each.
    np.testing.assert_allclose(w[kept], 1 - 0.001 * 8 * kept.sum(), rtol=8 * EPS)


# The numbers that are reported


def losses_with_still_weights(model, x, y, **options):
    """Return the history of a training that changes no weight."""
    model.compile(ff.optimizers.SGD(0.0), ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    return model.fit(x, y, verbose=0, **options).history


def test_numbers_in_logs_are_called_what_the_user_called_them_also_from_a_file(tmp_path):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    model.compile("SGD", "MSE", ["mae", "MSE", "acc"])
    x, y = np.eye(2), np.ones(2)
    assert [*model.fit(x, y, verbose=0, validation_data=(x, y)).history] == [
        *("loss", "mae", "MSE", "acc"),
        *("val_loss", "val_mae", "val_MSE", "val_acc"),
    ]
    model.save(tmp_path / "m.ff")
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    assert ff.load(tmp_path / "m.ff").evaluate(x, y, verbose=0, return_dict=True) == expected


@pytest.mark.parametrize(("n", "batch_size"), [(12, 4), (13, 4), (3, 4), (1, 1), (7, 1), (40, None)])
def test_loss_and_accuracy_are_means_over_samples_also_with_a_smaller_last_batch(n, batch_size):
    model, x, y = two_layers(), draw(n, 5), labels(n, 3)
    history = losses_with_still_weights(model, x, y, batch_size=batch_size, epochs=2)
    z = np.tanh(wide(x) @ model.get_weights()[0]) @ wide(model.get_weights()[2])
    # Some twenty roundings of numbers below 4.
    np.testing.assert_allclose(history["loss"], [softmax_loss(z, y).mean()] * 2, rtol=0, atol=80 * EPS)
    assert history["accuracy"] == [np.mean(z.argmax(-1) == y)] * 2


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches_before_their_steps():
    x, y, rate = draw(10, 2), draw(10, 1, seed=3), 0.1
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((2,)), L.Dense(1, use_bias=False)])
    w = wide(model.get_weights()[0])
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    means = []
    for _ in range(2):
        total = 0.0
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            error = wide(x[rows]) @ w - y[rows]
            total += np.sum(error**2)
            w = w - rate * wide(x[rows]).T @ error * 2 / len(error)
        means.append(total / 10)
    # Six steps of some ten roundings of numbers below 2.
    np.testing.assert_allclose(history.history["loss"], means, rtol=0, atol=6 * 10 * 2 * EPS)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=0, atol=6 * 10 * 2 * EPS)


def test_sample_weight_multiplies_losses_and_is_divided_by_the_count():
    model, x, y, w = two_layers(), draw(9, 5), labels(9, 3), np.arange(9) / 4
    z = model.predict(x)
    expected = np.sum(softmax_loss(z, y) * w) / 9
    history = losses_with_still_weights(model, x, y, sample_weight=w, batch_size=4)
    np.testing.assert_allclose(history["loss"], [expected], rtol=20 * EPS)  # as above, one product more
    assert history["accuracy"] == [np.mean(z.argmax(-1) == y)]
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0, sample_weight=w)[0], expected, rtol=20 * EPS)


@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weight_multiplies_the_losses_of_a_class(one_hot):
    model, x, y = two_layers(), draw(9, 5), labels(9, 3)
    z = model.predict(x)
    w = np.array([2.0, 1.0, 0.5])[y]
    targets = np.eye(3)[y] if one_hot else y
    kind = ff.losses.CategoricalCrossentropy if one_hot else ff.losses.SparseCategoricalCrossentropy
    model.compile(ff.optimizers.SGD(0.0), kind(from_logits=True))
    weights = {0: 2.0, 2: np.float32(0.5)}
    history = model.fit(x, targets, verbose=0, class_weight=weights).history
    np.testing.assert_allclose(history["loss"], [np.mean(softmax_loss(z, y) * w)], rtol=20 * EPS)
    both = model.fit(x, targets, verbose=0, class_weight=weights, sample_weight=np.arange(9.0)).history
    np.testing.assert_allclose(both["loss"], [np.mean(softmax_loss(z, y) * w * np.arange(9))], rtol=20 * EPS)


def test_class_weight_counts_in_training_and_not_in_what_is_measured():
    # Class 2 stands in the validation part alone, and still is a class of y.
    x, y, w = draw(8, 5), np.array([0, 1, 0, 1, 0, 1, 2, 2]), np.arange(8) / 4
    model, weights = two_layers(), {0: 5.0, 1: 2.0, 2: 3.0}
    z = model.predict(x)
    factor = np.array([5.0, 2.0])[y[:4]]
    losses = softmax_loss(z, y)
    model.compile(ff.optimizers.SGD(0.0), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, y, validation_split=0.5, class_weight=weights, verbose=0).history
    np.testing.assert_allclose(history["loss"], [np.mean(losses[:4] * factor)], rtol=20 * EPS)
    np.testing.assert_allclose(history["val_loss"], [np.mean(losses[4:])], rtol=20 * EPS)
    both = model.fit(x, y, validation_split=0.5, class_weight=weights, sample_weight=w, verbose=0).history
    np.testing.assert_allclose(both["loss"], [np.mean((losses * w)[:4] * factor)], rtol=20 * EPS)
    np.testing.assert_allclose(both["val_loss"], [np.mean((losses * w)[4:])], rtol=20 * EPS)


def test_a_weight_of_zero_takes_a_sample_out_of_training():
    x, y = draw(6, 5), draw(6, 3, seed=4)
    model, other = two_layers(), two_layers()
    for one in (model, other):
        one.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    weight = np.array([2.0, 2, 2, 0, 0, 0])
    model.fit(x, y, sample_weight=weight, shuffle=False, verbose=0)
    other.fit(x[:3], y[:3], shuffle=False, verbose=0)  # sum(2 l) / 6 = sum(l) / 3
    for got, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=40 * EPS)  # sums of other terms, all below 4


def test_validation_split_takes_the_end_and_does_not_train_on_it():
    x, y = draw(10, 5), labels(10, 3)
    model, other = two_layers(), two_layers()
    model.seed = other.seed
    for one in (model, other):
        one.compile("sgd", ff.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, y, validation_split=0.3, epochs=2, verbose=0).history
    given = other.fit(x[:7], y[:7], validation_data=(x[7:], y[7:]), epochs=2, verbose=0).history
    assert history == given
    z = model.predict(x[7:])
    np.testing.assert_allclose(history["val_loss"][-1], softmax_loss(z, y[7:]).mean(), rtol=20 * EPS)
    assert history["val_accuracy"][-1] == np.mean(z.argmax(-1) == y[7:])


def test_validation_data_may_have_weights_and_split_data_keep_theirs():
    x, y, w = draw(10, 5), labels(10, 3), np.arange(10.0)
    model = two_layers()
    model.compile(ff.optimizers.SGD(0.0), ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    expected = np.mean(softmax_loss(model.predict(x[5:]), y[5:]) * w[5:])
    three = model.fit(x, y, validation_data=(x[5:], y[5:], w[5:]), verbose=0).history
    split = model.fit(x, y, sample_weight=w, validation_split=0.5, verbose=0).history
    none = model.fit(x, y, validation_data=[x[5:], y[5:], None], verbose=0).history
    np.testing.assert_allclose(three["val_loss"], [expected], rtol=20 * EPS)
    np.testing.assert_allclose(split["val_loss"], [expected], rtol=20 * EPS)
    np.testing.assert_allclose(none["val_loss"], [softmax_loss(model.predict(x[5:]), y[5:]).mean()], rtol=20 * EPS)


def test_evaluate_returns_a_number_a_list_or_a_dict(capsys):
    x, y = draw(6, 5), draw(6, 3, seed=1)
    model = two_layers()
    model.compile("sgd", "mean_squared_error")
    expected = np.mean((wide(model.predict(x)) - y) ** 2)
    alone = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(alone, expected, rtol=20 * EPS)
    model.compile("sgd", "mean_squared_error", ["mean_absolute_error"])
    loss, error = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(error, np.mean(np.abs(wide(model.predict(x)) - y)), rtol=20 * EPS)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "mean_absolute_error": error}
    assert capsys.readouterr().out == ""
    model.evaluate(x, y)
    assert capsys.readouterr().out == f"loss: {loss:.4f} - mean_absolute_error: {error:.4f}\n"


def test_predictions_are_those_of_numpy():
    model, x = two_layers(activation="relu"), draw(9, 5)
    w1, b1, w2, b2 = map(wide, model.get_weights())
    expected = np.maximum(wide(x) @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(model.predict(x), expected, rtol=0, atol=20 * 4 * EPS)  # two sums of 5 and 7 terms
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=0, atol=20 * 4 * EPS)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000])
def test_the_batch_size_of_predict_and_evaluate_does_not_matter(batch_size):
    model, x, y = two_layers(), draw(23, 5), draw(23, 3, seed=1)
    model.compile("sgd", "mean_squared_error")
    # BLAS may add up a product's terms in another order for another number of rows: sums of 7 terms below 2.
    tolerance = 7 * 2 * EPS
    np.testing.assert_allclose(model.predict(x, batch_size), model.predict(x), rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        model.evaluate(x, y, batch_size, 0), model.evaluate(x, y, verbose=0), rtol=0, atol=4 * tolerance
    )


def test_no_samples_are_predicted_as_none():
    assert two_layers().predict(np.zeros((0, 5))).shape == (0, 3)


# Data of every kind


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.uint8),
        lambda x: x.astype(np.int64),
        lambda x: x.astype(np.int16),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float16),
        lambda x: x.tolist(),
        lambda x: tuple(map(tuple, x.tolist())),
        lambda x: ff.Tensor(x),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, 0)[::2],
    ],
)
def test_every_kind_of_data_trains_and_predicts_the_same(convert):
    x, y = np.random.default_rng(0).integers(0, 9, (8, 5)).astype(np.float32), labels(8, 3)
    results = []
    for data in (x, convert(x)):
        model = two_layers()
        model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(data, y, batch_size=3, verbose=0)
        results.append([model.predict(data), *model.get_weights()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_bools_are_zeros_and_ones():
    x = np.array([[True, False, True, True, False]])
    model = two_layers()
    np.testing.assert_array_equal(model.predict(x), model.predict(x.astype(np.float32)))


@pytest.mark.parametrize("convert", [np.float64, np.uint8, np.int32, lambda y: y.tolist(), lambda y: y[:, None]])
def test_every_kind_of_labels_trains_the_same(convert):
    x, y = draw(8, 5), labels(8, 3)
    model, other = two_layers(), two_layers()
    for one, targets in ((model, y), (other, convert(y))):
        one.compile("sgd", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
        one.fit(x, targets, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_samples_of_several_axes_are_trained_on():
    x, y = draw(6, 2, 3), draw(6, 2, 4, seed=1)
    model = ff.Sequential([ff.Input((2, 3)), L.Dense(4)])
    w = wide(model.get_weights()[0])
    model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    model.fit(x, y, verbose=0)
    error = wide(x) @ w - y
    slope = np.einsum("nad,nak->dk", wide(x), error) * 2 / error.size
    np.testing.assert_allclose(model.get_weights()[0], w - 0.1 * slope, rtol=0, atol=20 * 2 * EPS)


def test_images_stay_bytes_and_are_rescaled_in_the_network():
    x = np.random.default_rng(0).integers(0, 256, (6, 2, 2), np.uint8)
    model = ff.Sequential([ff.Input((2, 2), "uint8"), L.Rescaling(1 / 255), L.Flatten(), L.Dense(3)])
    w = wide(model.get_weights()[0])
    expected = (wide(x).reshape(6, 4) / 255) @ w
    for data in (x, x.astype(np.int64), x.tolist()):
        np.testing.assert_allclose(model.predict(data), expected, rtol=0, atol=4 * 8 * EPS)  # 4 products below 2


def test_calling_a_model_casts_integers_as_predict_does_and_lets_gradients_through():
    x = np.array([[0, 128, 255]], np.uint8)
    model = ff.Sequential([ff.Input((3,), "uint8"), L.Rescaling(1 / 255), L.Dense(2)])
    np.testing.assert_array_equal(model(x).numpy(), model.predict(x))
    t = ff.Variable(x.astype(np.float32))
    with ff.GradientTape() as tape:
        y = model(t).sum()
    expected = wide(model.get_weights()[0]).sum(1)[None] / 255
    np.testing.assert_allclose(tape.gradient(y, t).numpy(), expected, rtol=8 * EPS, atol=EPS / 255)


# Networks that are no chains


def test_branches_and_raw_operations_join():
    a, b = ff.Input((4,), name="a"), ff.Input((4,), name="b")
    dense = L.Dense(3, activation="tanh")
    joined = ff.concatenate([dense(a), dense(b) * 2.0 - 1.0, ff.exp(a)], axis=1)
    model = ff.Model([a, b], ff.maximum(joined, 0.0) + 0.5)
    x1, x2 = draw(5, 4), draw(5, 4, seed=1)
    w, c = map(wide, dense.get_weights())
    parts = [np.tanh(wide(x1) @ w + c), np.tanh(wide(x2) @ w + c) * 2 - 1, np.exp(wide(x1))]
    expected = np.maximum(np.concatenate(parts, 1), 0) + 0.5
    np.testing.assert_allclose(model.predict([x1, x2]), expected, rtol=0, atol=40 * EPS)
    assert model.layers == [dense]
    assert model.count_params() == 15


def test_a_shared_layer_gets_the_sum_of_its_gradients():
    a, b = ff.Input((3,), name="a"), ff.Input((3,), name="b")
    dense = L.Dense(1, use_bias=False)
    model = ff.Model([a, b], dense(a) - dense(b))
    x1, x2, y = draw(6, 3), draw(6, 3, seed=1), draw(6, 1, seed=2)
    w = wide(dense.get_weights()[0])
    model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    model.fit([x1, x2], y, verbose=0)
    difference = wide(x1) - wide(x2)
    slope = difference.T @ (difference @ w - y) * 2 / 6
    np.testing.assert_allclose(dense.get_weights()[0], w - 0.1 * slope, rtol=0, atol=20 * 2 * EPS)


def test_several_outputs_are_predicted_as_a_list():
    x = ff.Input((4,))
    hidden = L.Dense(3)(x)
    model = ff.Model(x, [hidden, hidden * 2.0])
    one, two = model.predict(draw(5, 4), batch_size=2)
    np.testing.assert_array_equal(two, 2 * one)
    assert [part.shape for part in model(draw(5, 4))] == [(5, 3), (5, 3)]
    only = ff.Model(x, [hidden])
    assert isinstance(only.predict(draw(5, 4)), list)


def test_a_model_called_on_an_input_is_part_of_another():
    inner = two_layers()
    x = ff.Input((5,), name="x")
    outer = ff.Model(x, L.Activation("tanh")(inner(x)))
    data = draw(4, 5)
    np.testing.assert_allclose(outer.predict(data), np.tanh(wide(inner.predict(data))), rtol=8 * EPS)
    assert all(a is b for a, b in zip(outer.weights, inner.weights, strict=True))


def test_an_operation_may_depend_on_the_number_of_samples():
    x = ff.Input((4,))
    centred = L.Dense(2)(x)
    model = ff.Model(x, centred - centred.mean(0))
    np.testing.assert_allclose(model.predict(draw(6, 4)).sum(0), [0, 0], atol=6 * 4 * EPS)
    assert model.predict(draw(3, 4)).shape == (3, 2)


# Seeds and orders


def orders(shuffle, epochs, seed, n=9):
    """Return for each epoch the batches of one that were done after each chunk, and the total of their losses."""
    seen = []

    class Watch(ff.callbacks.Callback):
        def on_epoch_begin(self, epoch):
            seen.append([])

        def on_chunk_end(self, step, logs):
            seen[-1].append((step, logs["loss"] * step))

    ff.set_seed(seed)
    # The network always says 0, so that the loss of a sample is its target.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.0), "mean_absolute_error")
    model.fit(
        np.zeros((n, 1)),
        2.0 ** np.arange(n),
        batch_size=1,
        epochs=epochs,
        shuffle=shuffle,
        verbose=0,
        callbacks=[Watch()],
    )
    return seen


def test_shuffled_epochs_are_permutations_that_differ_by_epoch_and_repeat_with_the_seed():
    ff.set_seed(5)
    model = two_layers()
    found = []
    for epoch in range(4):
        found.append(model._order(50, True, epoch))
    for order in found:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order) for order in found}) == 4
    again = two_layers()
    again.seed = model.seed
    np.testing.assert_array_equal(again._order(50, True, 0), found[0])
    np.testing.assert_array_equal(again._order(50, False, 0), np.arange(50))


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_epoch_uses_every_sample_once(shuffle):
    # Sample i has the loss 2^i, so that a running total, a sum of distinct powers of 2, tells which samples are in it.
    for seen in orders(shuffle, epochs=3, seed=1):
        assert seen[-1] == (9, 2.0**9 - 1)
        for step, total in seen:
            assert bin(round(total)).count("1") == step
            if not shuffle:
                assert total == 2.0**step - 1


def train(seed, dropout=True, optimizer="adam"):
    ff.set_seed(seed)
    model = ff.Sequential([ff.Input((5,)), L.Dense(8, activation="relu"), L.Dropout(0.3 if dropout else 0), L.Dense(3)])
    model.compile(optimizer, ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    history = model.fit(draw(40, 5), labels(40, 3), batch_size=7, epochs=3, verbose=0, validation_split=0.2)
    return [*model.get_weights(), *(np.array(numbers) for numbers in history.history.values())]


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_ones():
    for one, other in zip(train(3), train(3), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(train(3)[:1], train(4)[:1], strict=True):
        assert (one != other).all()


_SCRIPT = """
import sys, hashlib
import numpy as np
import feedforward as ff
ff.set_seed(int(sys.argv[1]))
L = ff.layers
model = ff.Sequential([ff.Input((5,)), L.Dense(8, activation="relu"), L.Dropout(0.3), L.Dense(3)])
model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
rng = np.random.default_rng(0)
history = model.fit(rng.normal(size=(64, 5)), rng.integers(0, 3, 64), epochs=3, verbose=0)
print(hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights()) + repr(history.history).encode()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bits_in_two_processes():
    # One thread each: BLAS may split sums otherwise when it has more.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def digest(seed, hash_seed):
        environment = os.environ | threads | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", _SCRIPT, str(seed)]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    first = digest(7, "1")
    assert first == digest(7, "2")
    assert first != digest(8, "1")


def test_training_on_in_parts_is_training_at_once():
    whole, parts = two_layers(), two_layers()
    parts.seed = whole.seed
    for model in (whole, parts):
        model.compile("adam", "mean_squared_error")
    x, y = draw(20, 5), draw(20, 3, seed=1)
    history = whole.fit(x, y, epochs=4, verbose=0).history["loss"]
    first = parts.fit(x, y, epochs=1, verbose=0).history["loss"]
    rest = parts.fit(x, y, epochs=4, initial_epoch=1, verbose=0)
    assert first + rest.history["loss"] == history
    assert rest.epoch == [1, 2, 3]
    for one, other in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_learning_rate_that_is_set_between_epochs_counts():
    class Halve(ff.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.optimizer.learning_rate /= 2

    # loss (w - 1)^2 from w = 0: w1 = 0.5, then with rate 0.125 w2 = 0.5 + 0.125 * 2 * 0.5 = 0.625; exact in float32.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    model.fit([[1.0]], [[1.0]], epochs=2, verbose=0, callbacks=[Halve()])
    assert model.get_weights()[0].tolist() == [[0.625]]


def test_frozen_layers_stay_as_they_are():
    frozen = L.Dense(4, trainable=False)
    model = ff.Sequential([ff.Input((5,)), frozen, L.Dense(3)])
    before = frozen.get_weights()
    model.compile("adam", "mean_squared_error")
    model.fit(draw(8, 5), draw(8, 3), verbose=0)
    for now, then in zip(frozen.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    frozen.trainable = True
    model.compile("adam", "mean_squared_error")
    model.fit(draw(8, 5), draw(8, 3), verbose=0)
    assert (frozen.get_weights()[0] != before[0]).any()


def test_a_custom_loop_takes_the_same_steps_as_fit():
    x, y = draw(12, 5), draw(12, 3, seed=2)
    fitted, own = two_layers(), two_layers()
    fitted.compile(ff.optimizers.Adam(0.01), "mean_squared_error")
    fitted.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    optimizer, loss = ff.optimizers.Adam(0.01), ff.losses.MeanSquaredError()
    for start in (0, 4, 8):
        rows = slice(start, start + 4)
        with ff.GradientTape() as tape:
            value = loss(ff.Tensor(y[rows]), own(x[rows], training=True))
        optimizer.apply_gradients(zip(tape.gradient(value, own.trainable_weights), own.trainable_weights, strict=True))
    for one, other in zip(fitted.get_weights(), own.get_weights(), strict=True):
        # sum / n and mean are the same sums; only the place of a division may differ, three times over.
        np.testing.assert_allclose(one, other, rtol=0, atol=3 * 0.01 * 3000 * EPS)


# Numbers that are not finite


def exploding(rate=1e30):
    model = ff.Sequential([ff.Input((2,)), L.Dense(4, name="first"), L.Dense(1, name="last")])
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
    return model


def test_an_explosion_names_operation_layer_and_batch_and_leaves_finite_weights():
    ff.set_seed(0)
    model = exploding()
    x, y = np.ones((12, 2)), np.zeros((12, 1))
    with pytest.raises(
        NotFiniteError,
        match=r"became NaN or infinite in batch \d of epoch 1: \w+( of layer '\w+'| of the loss)? gave",
    ) as caught:
        model.fit(x, y, batch_size=2, verbose=0)
    assert re.search(r"(-?infinity|NaN). Lower the learning rate, or scale the inputs.$", str(caught.value))
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_weights_after_an_explosion_are_those_before_the_bad_batch(batches):
    x, y = np.ones((6, 2), np.float32), np.ones((6, 1), np.float32)
    x[2 * batches - 2] = 3e38  # its product overflows in this batch
    ff.set_seed(1)
    model, good = exploding(0.1), None
    ff.set_seed(1)
    good = exploding(0.1)
    with pytest.raises(NotFiniteError, match=rf"the loss became NaN or infinite in batch {batches - 1} of epoch 1: "):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    if batches > 1:
        good.fit(x[: 2 * batches - 2], y[: 2 * batches - 2], batch_size=2, shuffle=False, verbose=0)
    for got, expected in zip(model.get_weights(), good.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_layer_in_which_a_number_overflowed_is_named():
    model = exploding(0.0)
    model.get_layer("last").set_weights([np.full((4, 1), 3e38), [0.0]])
    model.get_layer("first").set_weights([np.ones((2, 4)), np.ones(4)])
    with pytest.raises(NotFiniteError, match=r"in batch 0 of epoch 1: matmul of layer 'last' gave infinity."):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)


def test_a_loss_that_overflows_itself_is_named_with_the_epoch():
    # The outputs are 1e30 and finite, their squares are not.
    model = exploding(0.0)
    model.get_layer("last").set_weights([np.full((4, 1), 0.25e30), [0.0]])
    model.get_layer("first").set_weights([np.zeros((2, 4)), np.ones(4)])
    message = r"^the loss became NaN or infinite in batch 0 of epoch 3: \w+ of the loss gave infinity. Lower the"
    with pytest.raises(NotFiniteError, match=message):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), epochs=4, initial_epoch=2, verbose=0)


def test_an_evaluation_that_is_not_finite_says_why():
    x, y = np.ones((6, 2)), np.ones((6, 1))
    model = exploding(0.1)
    bad = x.copy()
    bad[5, 0] = np.nan
    message = r": x must hold finite numbers\. Got nan in row 5, column 0\. Fill or drop such samples, or let the netw"
    with pytest.raises(DataError, match=f"^evaluate{message}"):
        model.evaluate(bad, y, batch_size=2, verbose=0)
    with pytest.raises(DataError, match=f"^fit: validation{message}"):
        model.fit(x, y, validation_data=(bad, y), batch_size=2, verbose=0)
    assert model.optimizer.iterations.numpy() == 0  # found before training
    name = model.network.inputs[0].attrs["name"]
    where = rf"^the loss became NaN or infinite in batch 2 of the evaluation: the data '{name}' hold NaN in row 1, c"
    with pytest.raises(NotFiniteError, match=where):
        model.evaluate(((bad[place : place + 2], y[:2]) for place in (0, 2, 4)), verbose=0)
    model.get_layer("last").set_weights([np.full((4, 1), 3e38), [0.0]])
    model.get_layer("first").set_weights([np.ones((2, 4)), np.ones(4)])
    with pytest.raises(NotFiniteError, match=r"batch 0 of the evaluation: matmul of layer 'last' gave infinity."):
        model.evaluate(x, y, verbose=0)


def test_weights_that_overflow_in_the_last_batch_are_found_too():
    # The loss is finite, 1; its gradient times the rate is not.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="zeros", name="d")])
    model.compile(ff.optimizers.SGD(1e38), "mean_squared_error")
    with pytest.raises(
        NotFiniteError, match=r"the weight 'd/kernel' became NaN or infinite in batch 0 of epoch 1: mul"
    ):
        model.fit([[100.0]], [[1.0]], verbose=0)
    assert model.get_weights()[0].tolist() == [[0.0]]


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "-infinity")])
def test_data_that_are_not_finite_are_named_before_training(value, word):
    x, y = np.ones((8, 2)), np.ones((8, 1))
    x[5, 1] = value
    model = exploding(0.1)
    before = model.get_weights()
    message = (
        rf"^fit: x must hold finite numbers. Got {value} in row 5, column 1. Fill or drop such samples, or let the"
    )
    with pytest.raises(DataError, match=message):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()
    name = model.network.inputs[0].attrs["name"]
    message = (
        rf"the loss became NaN or infinite in batch 2 of epoch 1: the data '{name}' hold {word} in row 1, column 1. "
        r"Clean the data: fill or drop such samples.$"
    )
    with pytest.raises(NotFiniteError, match=message):  # what yields batches is looked at as they come
        model.fit(((x[place : place + 2], y[:2]) for place in range(0, 8, 2)), verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_infinity_that_the_network_bounds_is_taken_and_found_where_its_gradient_is_none():
    model = ff.Sequential([ff.Input((1,)), L.Activation("tanh"), L.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    model.fit([[np.inf], [0.0]], [[1.0], [0.0]], verbose=0)
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, "tanh", kernel_initializer="ones")])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(NotFiniteError, match=r"in batch 0 of epoch 1: the data .* hold infinity in row 1, column 0"):
        model.fit([[0.0], [np.inf]], [[1.0], [0.0]], verbose=0)


@pytest.mark.parametrize("weight", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("use", ["fit", "evaluate"])
def test_sample_weights_that_are_no_numbers_from_0_are_refused_by_row(use, weight):
    message = (
        rf"^{use}: sample_weight must hold numbers >= 0. Got {weight} in row 1. Drop the row or replace the value.$"
    )
    with pytest.raises(DataError, match=message):
        getattr(exploding(0.1), use)(np.ones((2, 2)), np.ones((2, 1)), sample_weight=[1.0, weight], verbose=0)


def test_targets_that_are_not_finite_are_refused_by_row():
    message = r"^fit: y must hold finite numbers. Got nan in row 1, column 0. Drop the row or replace the value.$"
    with pytest.raises(DataError, match=message):
        exploding().fit(np.ones((2, 2)), [[1.0], [np.nan]], verbose=0)


def test_a_weight_that_was_not_finite_before_is_named():
    model = exploding(0.1)
    model.get_layer("first").set_weights([np.full((2, 4), np.nan), np.zeros(4)])
    message = (
        r"in batch 0 of epoch 1: the weight 'first/kernel' held NaN before. Give it finite values with set_weights."
    )
    with pytest.raises(NotFiniteError, match=message):
        model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=0)


def test_training_goes_on_after_an_explosion_with_a_smaller_learning_rate():
    ff.set_seed(0)
    model = exploding(1e30)
    x, y = draw(12, 2), draw(12, 1, seed=1)
    before = model.get_weights()
    with pytest.raises(NotFiniteError):
        model.fit(x, y, batch_size=2, verbose=0, epochs=3)
    model.set_weights(before)
    model.optimizer.learning_rate = 0.01
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0] < np.inf


def test_predictions_of_data_that_are_not_finite_are_not_finite():
    assert np.isnan(exploding().predict([[np.nan, 1.0]])).all()


# Mistakes


LOSS = ff.losses.SparseCategoricalCrossentropy(from_logits=True)


def ready(loss=LOSS, **options):
    model = two_layers()
    model.compile("sgd", loss, **options)
    return model


X, Y = draw(6, 5), labels(6, 3)


@pytest.mark.parametrize("convert", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_the_history_of_training_is_copied_without_the_model(convert):
    history = ready().fit(X, Y, epochs=2, verbose=0)
    again = convert(history)
    assert (again.history, again.epoch) == (history.history, [0, 1])
    assert "model" not in vars(again) and "plan" not in vars(again)


class Distance(ff.losses.Loss):
    """A loss of a user's, not registered."""

    def per_sample(self, y_true, y_pred):
        return ff.abs(ff.cast(y_true, y_pred.dtype) - y_pred).mean(1)


@pytest.mark.parametrize(
    "loss",
    [Distance(), lambda y, p: ff.abs(y - p).mean(1), lambda y, p: ff.abs(y - p), "mean_absolute_error"],
    ids=["instance", "values", "more axes", "name"],
)
def test_a_loss_of_ones_own_trains_and_only_its_file_lacks_it(loss, tmp_path):
    # |y - p| by hand: the bias moves by rate * sign, halved by the mean over two outputs.
    model = ff.Sequential([ff.Input((1,)), L.Dense(2, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.5), loss, ["accuracy"])
    history = model.fit(np.zeros((4, 1)), np.array([[3, -1]] * 4), verbose=0)
    assert history.history["loss"] == [2.0]
    assert model.get_weights()[1].tolist() == [0.25, -0.25]
    if isinstance(loss, str):
        model.save(tmp_path / "m.ff")
    else:
        with pytest.warns(UserWarning, match=r"^save: the file lacks the loss (function <lambda>|Distance\(\)): "):
            model.save(tmp_path / "m.ff")
    np.testing.assert_array_equal(ff.load(tmp_path / "m.ff").predict([[1.0]]), model.predict([[1.0]]))


def test_a_function_as_loss_gets_targets_of_the_outputs_shape():
    # Of shape (4,) beside (4, 1) they would be broadcast to (4, 4).
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", lambda y, p: (y - p) ** 2)
    assert model.evaluate(np.zeros((4, 1)), [1, 2, 3, 4], verbose=0) == 7.5  # (1 + 4 + 9 + 16) / 4


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda y, p: ff.mean(p), "it returned shape (), expected one number for each sample. Take the mean over all"),
        (lambda y, p: 3.0, "loss <lambda>: it returned 3.0. It must return a tensor."),
    ],
)
def test_what_a_function_as_loss_must_return_is_said(loss, message):
    model = ff.Sequential([ff.Input((1,)), L.Dense(1)])
    model.compile("sgd", loss)
    with pytest.raises((ShapeError, TypeError), match=re.escape(message)):
        model.fit([[1.0]], [[1.0]], verbose=0)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda m: m.fit(), "fit: x is missing. Give an array with one row for each sample."),
        (lambda m: m.fit(X), "fit: y is missing. Give an array with one row for each sample."),
        (lambda m: m.evaluate(X), "evaluate: y is missing."),
        (lambda m: m.predict(None), "predict: x is missing."),
        (lambda m: m.fit(X, Y, epochs=0), "fit(epochs=0): epochs must be an int >= 1. Got 0."),
        (lambda m: m.fit(X, Y, epochs=1.5), "fit(epochs=1.5): epochs must be an int >= 1. Got 1.5."),
        (lambda m: m.fit(X, Y, epochs=True), "fit(epochs=True): epochs must be an int >= 1. Got True."),
        (lambda m: m.fit(X, Y, initial_epoch=-1), "fit(initial_epoch=-1): initial_epoch must be an int >= 0. Got -1."),
        (lambda m: m.fit(X, Y, batch_size=0), "fit(batch_size=0): batch_size must be an int >= 1. Got 0."),
        (lambda m: m.fit(X, Y, batch_size=True), "fit(batch_size=True): batch_size must be an int >= 1. Got True."),
        (lambda m: m.evaluate(X, Y, batch_size=2.5), "evaluate(batch_size=2.5): batch_size must be an int >= 1."),
        (lambda m: m.predict(X, batch_size="8"), "predict(batch_size='8'): batch_size must be an int >= 1. Got '8'."),
        (lambda m: m.fit(X, Y, verbose=5), "verbose=5: verbose must be 'auto', 0, 1 or 2. Got 5."),
        (lambda m: m.evaluate(X, Y, verbose="loud"), "verbose='loud': verbose must be 'auto', 0, 1 or 2."),
        (lambda m: m.fit(X, Y, callbacks=ff.callbacks.Callback()), "expected a list of Callback objects. Write"),
        (
            lambda m: m.fit(X, Y, callbacks=[ff.callbacks.Callback]),
            "fit: callbacks holds the class Callback. Make an object",
        ),
        (
            lambda m: m.fit(X, Y, callbacks=[print]),
            "fit: callbacks holds <built-in function print>. Give objects of classes",
        ),
        (lambda m: m.fit(X, Y[:4]), "fit: the numbers of samples differ: x has 6, y has 4. Give one row of each for"),
        (lambda m: m.fit(X, Y, sample_weight=np.ones(5)), "x has 6, y has 6, sample_weight has 5."),
        (
            lambda m: m.fit(X, Y, sample_weight=np.ones((6, 2))),
            "fit: sample_weight has shape (6, 2). Give one number for",
        ),
        (lambda m: m.fit(X, Y, sample_weight=["a"] * 6), "fit: sample_weight: row 0 holds 'a', a str. Expected"),
        (lambda m: m.fit(X[:0], Y[:0]), "fit: there are no samples. Give at least one."),
        (lambda m: m.evaluate(X[:0], Y[:0]), "evaluate: there are no samples. Give at least one."),
        (
            lambda m: m.fit(X, Y, validation_data=X),
            "fit: validation_data is no pair. Give (x, y) or (x, y, sample_weight).",
        ),
        (lambda m: m.fit(X, Y, validation_data=(X,)), "fit: validation_data is no pair."),
        (
            lambda m: m.fit(X, Y, validation_data=(X[:, :4], Y)),
            "fit: validation: x has shape (6, 4), the network expects",
        ),
        (lambda m: m.fit(X, Y, validation_data=(X, Y + 3)), "labels range from"),
        (
            lambda m: m.fit(list(X), Y),
            "fit: got 6 inputs, the network has 1. Give one array; of a list of samples, np.stack(x).",
        ),
        (lambda m: m.fit([X, X], Y), "fit: got 2 inputs, the network has 1."),
        (lambda m: m([X, X]), "the network has 1 inputs, got 2. Give a list of one array for each."),
        (lambda m: m.get_layer("nope"), "no layer 'nope'. The layers are dense"),
        (lambda m: m.compile("sgd"), "compile: no loss. Give one: binary_crossentropy, categorical_crossentropy"),
        (lambda m: m.compile("sgdd", "mean_squared_error"), "Unknown optimizer 'sgdd'. Did you mean 'sgd'?"),
        (lambda m: m.compile("sgd", "mean_squared"), "Unknown loss 'mean_squared'. Did you mean 'mean_squared_error'?"),
        (lambda m: m.compile("sgd", 3), "loss: got 3. Give a name or an instance; known: binary_crossentropy"),
        (lambda m: m.compile("Adamm", "mean_squared_error"), "Unknown optimizer 'Adamm'. Did you mean 'adam'?"),
        (
            lambda m: m.compile("sgd", "mean_squared_error", ["accurate"]),
            "Unknown metric 'accurate'. Did you mean 'accuracy'?",
        ),
        (lambda m: m.compile(ff.optimizers.SGD, "mean_squared_error"), "the class SGD; make an instance of it."),
        (
            lambda m: m.compile("sgd", "mean_squared_error", "accuracy"),
            "metrics='accuracy' is no list. Give a list, such",
        ),
        (lambda m: m.compile("sgd", "mean_squared_error", {"a": 1}), "metric: got 1. Give a name or an instance;"),
        (
            lambda m: m.compile("sgd", "mean_squared_error", ["acuracy"]),
            "Unknown metric 'acuracy'. Did you mean 'accuracy'?",
        ),
        (lambda m: m.compile("sgd", "mean_squared_error", ["accuracy"] * 2), "two numbers would be called 'accuracy'."),
        (
            lambda m: m.compile("sgd", "mean_squared_error", [ff.metrics.MeanSquaredError(name="loss")]),
            "compile: two numbers would be called 'loss'. Give the metric another name=.",
        ),
        (lambda m: m.set_weights([1]), "set_weights: sequential has 4 weights, got 1 values. Give one for each."),
    ],
)
def test_a_mistake_is_one_clear_error(use, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)) as caught:
        use(ready())
    assert "\n" not in str(caught.value)


def test_a_model_that_is_not_compiled_says_so():
    for use in ("fit", "evaluate"):
        with pytest.raises(
            ValueError, match=rf"{use}: the model is not compiled. Call compile\(optimizer, loss, metrics"
        ):
            getattr(two_layers(), use)(X, Y)


def test_a_failed_compile_changes_nothing():
    model = ready()
    optimizer = model.optimizer
    with pytest.raises(ValueError, match=r"Unknown loss"):
        model.compile("adam", "nothing")
    assert model.optimizer is optimizer
    model.fit(X, Y, verbose=0)


def test_a_network_without_trainable_weights_cannot_be_trained():
    model = ff.Sequential([ff.Input((5,)), L.Flatten()])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(
        ValueError, match=r"fit: the network has no trainable weights. Add a Dense layer, or set trainable"
    ):
        model.fit(X, X)


def test_an_optimizer_belongs_to_one_model():
    optimizer = ff.optimizers.SGD()
    for number in range(2):
        model = two_layers()
        model.compile(optimizer, "mean_squared_error")
        if number == 0:
            model.fit(X, draw(6, 3), verbose=0)
    with pytest.raises(ValueError, match=r"SGD was built for other variables than .* Make a new optimizer for another"):
        model.fit(X, draw(6, 3), verbose=0)


def test_inputs_and_outputs_must_be_symbolic():
    x = ff.Input((4,))
    with pytest.raises(TypeError, match=r"Model\(inputs=3\): give what Input\(\) or a layer called on it returned."):
        ff.Model(3, L.Dense(2)(x))
    with pytest.raises(TypeError, match=r"Model\(outputs=<class 'feedforward.nn.layers.Dense'>\): give what"):
        ff.Model(x, L.Dense)
    with pytest.raises(TypeError, match=r"Model\(outputs="):
        ff.Model(x, ff.Tensor(1.0))


def test_an_output_without_a_row_for_each_sample_is_refused_but_may_be_called():
    x = ff.Input((4,))
    model = ff.Model(x, L.Dense(2, kernel_initializer="ones")(x).sum())
    assert float(model(np.ones((3, 4)))) == 24.0
    model.compile("sgd", "mean_squared_error")
    message = r"the network's output has shape \(\), expected \(batch, ...\). Let it have one row for each sample"
    with pytest.raises(ShapeError, match=rf"predict: {message}"):
        model.predict(np.ones((3, 4)))
    with pytest.raises(ShapeError, match=rf"fit: {message}"):
        model.fit(np.ones((3, 4)), np.ones(3))


def test_floats_for_an_input_of_bytes_are_refused():
    model = ff.Sequential([ff.Input((5,), "uint8"), L.Rescaling(1 / 255), L.Dense(1)])
    message = r"predict: x holds floats, the network's Input takes uint8. Give the data unscaled, or declare Input"
    with pytest.raises(DtypeError, match=message):
        model.predict(X)
    message = r"predict: x has values from 0 to 300, the network's Input takes uint8. Give values from 0 to 255."
    with pytest.raises(DtypeError, match=message):
        model.predict([[0, 300, 1, 2, 3]])
    model = ff.Sequential([ff.Input((2,), "bool"), L.Dense(1)])
    with pytest.raises(
        DtypeError, match=r"x has values from 0 to 2, the network's Input takes bool. Give values from 0"
    ):
        model.predict([[0, 2]])
    assert model.predict([[0, 1]]).shape == (1, 1)


@pytest.mark.slow
def test_digits_are_learnt():
    (x, y), (x_test, y_test) = ff.datasets.digits()
    ff.set_seed(7)
    model = ff.Sequential(
        [ff.Input((8, 8), "uint8"), L.Rescaling(1 / 16), L.Flatten(), L.Dense(64, "relu"), L.Dense(10)]
    )
    model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    model.fit(x, y, epochs=30, verbose=0)
    # scikit-learn 1.5's MLPClassifier(64) reaches 0.97 to 0.98 on such a split.
    assert model.evaluate(x_test, y_test, verbose=0)[1] > 0.95


def test_a_layer_frozen_between_two_fits_stays_as_it_is_and_learns_on_when_it_is_freed(tmp_path):
    ff.set_seed(3)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(3, name="first"), ff.layers.Dense(1, name="last")])
    model.compile(ff.optimizers.SGD(0.1, momentum=0.5), "mean_squared_error")
    x, y = np.ones((8, 2)), np.ones((8, 1))
    model.fit(x, y, verbose=0)
    first, last = model.layers
    first.trainable = False
    before = [first.get_weights()[0], last.get_weights()[0]]
    model.fit(x, y, verbose=0)
    assert (first.get_weights()[0] == before[0]).all()
    assert (last.get_weights()[0] != before[1]).any()

    model.save(tmp_path / "frozen.ff")
    loaded = ff.load(tmp_path / "frozen.ff")
    assert not loaded.layers[0].trainable
    loaded.layers[0].trainable = True
    loaded.fit(x, y, verbose=0)
    assert (loaded.layers[0].get_weights()[0] != before[0]).any()


# one batch


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_predict_on_gives_what_predict_gives(rows, dtype):
    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(5, activation="tanh"), ff.layers.Dense(2)])
    x = np.arange(3 * rows).reshape(rows, 3).astype(dtype)
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x))
    np.testing.assert_array_equal(model.predict_on_batch(x.tolist()), model.predict(x))


def test_predict_on_follows_the_weights_and_hands_out_arrays_of_its_own():
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1, kernel_initializer="ones")])
    x = np.array([[1, 2]], np.float32)
    first = model.predict_on_batch(x)
    model.set_weights([[[3.0], [4.0]], [5.0]])
    assert (first.tolist(), model.predict_on_batch(x).tolist()) == ([[3.0]], [[16.0]])  # 3 + 8 + 5


def test_predict_on_takes_and_gives_several_arrays():
    a, b = ff.Input((2,)), ff.Input((3,))
    model = ff.Model([a, b], [ff.layers.Dense(1)(a), ff.layers.Dense(2)(b)])
    arrays = [np.ones((4, 2), np.float32), np.ones((4, 3), np.float32)]
    for mine, theirs in zip(model.predict_on_batch(arrays), model.predict(arrays), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_predict_on_refuses_what_predict_refuses():
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    with pytest.raises(ShapeError, match="the network expects"):
        model.predict_on_batch(np.ones((1, 3), np.float32))
    assert model.predict_on_batch(np.ones((0, 2), np.float32)).shape == (0, 1)


class Labelled:
    """What NumPy and the messages see of a frame."""

    columns = ("age", "height")

    def __init__(self, rows, index):
        self.rows, self.index = np.asarray(rows), index

    def __array__(self, dtype=None, copy=None):
        return self.rows


def test_what_is_not_finite_is_named_by_the_rows_and_columns_of_the_user():
    x = np.ones((10, 2))
    x[[3, 7, 8], [1, 0, 1]] = np.nan
    frame = Labelled(x, [f"id{row}" for row in range(10)])
    where = r"Got nan in row 3 \(index 'id3'\), column 'height'; row 7 \(index 'id7'\), column 'age'; row 8 .* "
    model = exploding(0.1)
    with pytest.raises(DataError, match=where + r"\(3 of 10 rows\)\. Fill"):
        model.fit(frame, np.ones(10), batch_size=2, verbose=0)
    with pytest.raises(DataError, match=where):
        model.evaluate(frame, np.ones(10), batch_size=2, verbose=0)
    y = Labelled(x[:, :1], frame.index)
    with pytest.raises(
        DataError, match=r"^fit: y must hold finite numbers. Got nan in row 7 \(index 'id7'\), column 'age'."
    ):
        model.fit(np.ones((10, 2)), y, verbose=0)
    with pytest.raises(
        DataError, match=r"^evaluate: sample_weight must hold numbers >= 0. Got nan in row 7 \(index 'id7'\)."
    ):
        model.evaluate(np.ones((10, 2)), np.ones(10), sample_weight=y, verbose=0)


def test_rows_of_the_part_that_is_held_out_are_counted_from_the_first_sample():
    x = np.ones((10, 2))
    x[9, 1] = np.inf
    with pytest.raises(DataError, match=r"fit: x must hold finite numbers\. Got inf in row 9, column 1\. Fill or drop"):
        exploding(0.1).fit(x, np.ones(10), validation_split=0.3, verbose=0)
    y = np.ones(10)
    y[8] = 1e30  # whose square float32 does not hold
    with pytest.raises(NotFiniteError, match=r"in batch 0 of the validation: .* of the loss gave infinity"):
        exploding(0.0).fit(np.ones((10, 2)), y, validation_split=0.3, verbose=0)


def test_the_input_that_is_not_finite_is_named():
    a, b = ff.Input((2,), name="a"), ff.Input((2,), name="b")
    model = ff.Model([a, b], L.Dense(1)(a + b))
    model.compile("sgd", "mean_squared_error")
    x = np.ones((4, 2))
    bad = x.copy()
    bad[2, 1] = np.nan
    with pytest.raises(DataError, match=r"fit: input 'b' must hold finite numbers\. Got nan in row 2, column 1\. Fill"):
        model.fit({"a": x, "b": bad}, np.ones(4), verbose=0)


def test_a_network_may_make_numbers_of_what_is_missing():
    class Fill(L.Layer):
        def call(self, x, training):
            return ff.where(ff.equal(x, x), x, 0.0)  # NaN is not equal to itself

    model = ff.Sequential([ff.Input((2,)), Fill(), L.Dense(1, kernel_initializer="ones")])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    x = np.array([[1.0, np.nan], [2.0, 3.0]])
    # outputs 1 and 5, of which the targets are
    assert model.fit(x, [1.0, 5.0], verbose=0).history["loss"] == [0.0]
    assert model.predict(x).tolist() == [[1.0], [5.0]]


def test_a_prediction_for_what_is_not_finite_is_not_refused():
    model = ff.Sequential([ff.Input((2,)), L.Dense(1, kernel_initializer="ones")])
    np.testing.assert_array_equal(model.predict([[np.nan, 1.0], [1.0, 2.0]]), [[np.nan], [3.0]])


def test_several_inputs_may_come_by_name_or_as_lists():
    a, b = ff.Input((2,), name="a"), ff.Input((1,), name="b")
    model = ff.Model([a, b], L.Dense(1)(a * b))
    model.compile("sgd", "mean_squared_error")
    x, z, y = draw(4, 2), draw(4, 1), draw(4, 1)
    expected = model.predict([x, z])
    for both in ({"b": z, "a": x}, {"a": x.tolist(), "b": z[:, 0]}, (x.tolist(), z.tolist()), [x, z[:, 0].tolist()]):
        for use in (model.predict, model.predict_on_batch, model):
            np.testing.assert_array_equal(np.asarray(use(both)), expected)
        assert model.evaluate(both, y, verbose=0) == model.evaluate([x, z], y, verbose=0)
    model.fit({"b": z, "a": x}, y, validation_data=({"a": x, "b": z}, y), verbose=0)
    for use in (model.predict, model.predict_on_batch, model, lambda x: model.fit(x, y, verbose=0)):
        with pytest.raises(ValueError, match=r": x is a dict of \['a'\], the inputs are 'a', 'b'. Give a dict with an"):
            use({"a": x})


def test_a_network_of_one_number_takes_a_row_of_them():
    model = ff.Sequential([ff.Input((1,)), L.Dense(2)])
    model.compile("sgd", "mean_squared_error")
    x = draw(5, 1)
    for use in (model.predict, model.predict_on_batch, model):
        for given in (x[:, 0], x[:, 0].tolist(), x[:, :, None]):
            np.testing.assert_array_equal(np.asarray(use(given)), model.predict(x))
    np.testing.assert_array_equal(model(ff.Tensor(x[:, 0])).numpy(), model.predict(x))
    assert model.evaluate(x[:, 0], draw(5, 2), verbose=0) == model.evaluate(x, draw(5, 2), verbose=0)


@pytest.mark.parametrize("use", ["predict", "predict_on_batch", "fit", "evaluate"])
def test_one_sample_alone_is_told_how_to_be_a_batch(use):
    model = ff.Sequential([ff.Input((3,)), L.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    message = (
        rf"^{use}: x has shape \(3,\), the network expects \(n, 3\). Give one sample as a batch of one: x\[None\], or"
    )
    more = () if use.startswith("predict") else ([1.0, 2.0, 3.0],)
    for sample in (np.ones(3), [1.0, 2.0, 3.0]):
        with pytest.raises(ShapeError, match=message):
            getattr(model, use)(sample, *more)
    for sample in (np.ones(3), [1.0, 2.0, 3.0], ff.Tensor([1.0, 2.0, 3.0])):
        with pytest.raises(
            ShapeError,
            match=r"^sequential: x has shape \(3,\), the network expects \(n, 3\). Give one sample as a batch",
        ):
            model(sample)


def test_numbers_beyond_float32_are_refused_wherever_they_arrive():
    model = ff.Sequential([ff.Input((1,)), L.Dense(1)])
    for use in (model.predict, model.predict_on_batch, model, model.layers[0]):
        for given in (np.array([[1e300]]), [[1e300]]):
            with pytest.raises((DataError, DtypeError), match="float32"):
                use(given)
