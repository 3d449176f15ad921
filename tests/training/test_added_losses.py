"""Oracle: worked by hand, float64 NumPy, and a loop with tapes that adds the same numbers itself."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import ShapeError
from feedforward.nn.config import from_config, registered, to_config
from feedforward.nn.layer import LAYERS
from feedforward.nn.regularizers import REGULARIZERS

L = ff.layers
R = ff.regularizers
RNG = np.random.default_rng(2)
X = RNG.normal(size=(20, 3)).astype(np.float32)
Y = RNG.normal(size=(20, 1)).astype(np.float32)
W = np.array([[1.0, -2.0], [0.0, 0.5]], np.float32)
EPS = float(np.finfo(np.float32).eps)


@registered(LAYERS)
@dataclass(eq=False)
class ActivityForLosses(L.Layer):
    """x, whose mean square costs something, more in training."""

    factor: float = 0.5

    def call(self, x, training):
        self.add_loss((x * x).mean() * (self.factor if training else 1.0))
        return x


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (R.L1(0.5), 0.5 * 3.5),  # 1 + 2 + 0.5
        (R.L2(0.5), 0.5 * 5.25),  # 1 + 4 + 0.25
        (R.L1L2(0.5, 2.0), 0.5 * 3.5 + 2 * 5.25),
        (R.L1(), 0.035),
        (R.L2(), 0.0525),
        (R.L1L2(), 0.0),
    ],
)
def test_every_regularizer_is_its_formula_and_comes_back(regularizer, expected):
    np.testing.assert_allclose(regularizer(ff.Tensor(W)).numpy(), expected, rtol=4 * EPS)
    assert from_config(REGULARIZERS, to_config(regularizer)) == regularizer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: R.L1(-1), "L1(l1=-1): l1 must be a number >= 0. Got -1."),
        (lambda: R.L2(np.nan), "L2(l2=nan): l2 must be a number >= 0. Got nan."),
        (lambda: R.L1L2(0, "a"), "L1L2(l2='a'): l2 must be a number >= 0. Got 'a'."),
        (lambda: L.Dense(2, kernel_regularizer="l3"), "Unknown regularizer 'l3'."),
        (lambda: L.Dense(2, bias_regularizer=0.1), "regularizer: got 0.1. Give a name or an instance"),
    ],
)
def test_what_is_no_regularizer_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()
    with pytest.raises(NotImplementedError, match=re.escape("Regularizer has no __call__().")):
        R.Regularizer()(ff.Tensor(1.0))


def regularized(is_shared=False):
    ff.set_seed(3)
    x = ff.Input((3,))
    dense = L.Dense(3, kernel_regularizer=R.L2(0.1), bias_regularizer="l1", bias_initializer="ones", name="d")
    hidden = dense(dense(x)) if is_shared else dense(x)
    return ff.Model(x, L.Dense(1, name="e")(hidden))


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_loss_holds_what_each_weight_costs_once(is_shared):
    model = regularized(is_shared)
    model.compile("sgd", "mean_squared_error", ["mean_squared_error"])
    found = model.evaluate(X, Y, verbose=0, return_dict=True, batch_size=7)
    kernel, bias = (np.float64(w) for w in model.get_layer("d").get_weights())
    cost = 0.1 * (kernel**2).sum() + 0.01 * np.abs(bias).sum()
    # The metric alone is the mean; 20 numbers below 16 with a rounding each.
    assert abs(found["loss"] - found["mean_squared_error"] - cost) < 20 * 16 * EPS
    assert abs(sum(float(loss) for loss in model.losses) - cost) < 20 * EPS


def test_a_fit_takes_the_steps_of_a_loop_that_adds_the_losses():
    model, other = regularized(), regularized()
    model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    history = model.fit(X, Y, batch_size=20, epochs=3, shuffle=False, verbose=0).history["loss"]
    optimizer, losses = ff.optimizers.SGD(0.1), []
    for _ in range(3):
        with ff.GradientTape() as tape:
            loss = ff.losses.MeanSquaredError()(Y, other(X)) + other.losses[0] + other.losses[1]
        optimizer.apply_gradients(
            zip(tape.gradient(loss, other.trainable_weights), other.trainable_weights, strict=True)
        )
        losses.append(float(loss))
    np.testing.assert_allclose(history, losses, rtol=20 * EPS)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=20 * EPS)


def test_a_frozen_weight_costs_nothing():
    model = regularized()
    model.get_layer("d").trainable = False
    assert model.losses == []
    model.compile("sgd", "mean_squared_error", ["mean_squared_error"])
    loss, error = model.evaluate(X, Y, verbose=0)
    assert loss == error


@pytest.mark.parametrize("is_nested", [False, True])
def test_what_a_layer_adds_counts_once_for_a_batch_in_fit_and_evaluate(is_nested):
    layer = ActivityForLosses()
    inner = ff.Sequential([ff.Input((3,)), layer]) if is_nested else layer
    model = ff.Sequential([ff.Input((3,)), inner, L.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    error, square = np.mean(np.float64(Y) ** 2), np.mean(np.float64(X) ** 2)
    for batch_size in (20, 5):  # whose means of squares have the same mean
        assert abs(model.evaluate(X, Y, batch_size, verbose=0) - error - square) < 20 * EPS
        loss = model.fit(X, Y, batch_size=batch_size, verbose=0).history["loss"][0]
        assert abs(loss - error - 0.5 * square) < 20 * EPS
    np.testing.assert_array_equal(model.predict(X), np.zeros((20, 1)))


def test_losses_are_those_of_the_last_call_and_hold_gradients():
    layer = ActivityForLosses()
    x = ff.Variable(X)
    with ff.GradientTape() as tape:
        layer(x)
        layer(x)
        (loss,) = layer.losses
    np.testing.assert_allclose(tape.gradient(loss, x).numpy(), 2 * X / X.size, rtol=4 * EPS)
    model = ff.Sequential([ff.Input((3,)), ActivityForLosses()])
    assert model.losses == []
    model(X)
    assert len(model.losses) == 1


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (1.0, TypeError, "add_loss got 1.0. Give a float tensor of one number."),
        (ff.Tensor(1), TypeError, "Give a float tensor of one number."),
        (ff.Tensor([1.0]), ShapeError, "add_loss got shape (1,)"),
    ],
)
def test_what_is_no_loss_is_refused(loss, error, message):
    class Wrong(L.Layer):
        def call(self, x):
            self.add_loss(loss)
            return x

    with pytest.raises(error, match=re.escape(message)):
        Wrong()(X)
    with pytest.raises(ValueError, match=r"add_loss outside of a call. Use it in call"):
        Wrong().add_loss(ff.Tensor(1.0))


def test_regularizers_and_added_losses_are_saved(tmp_path):
    model = ff.Sequential([ff.Input((3,)), ActivityForLosses(0.25), L.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mean_squared_error")
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert again.layers[1].kernel_regularizer == R.L2()
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert again.fit(X, Y, verbose=0).history == model.fit(X, Y, verbose=0).history
