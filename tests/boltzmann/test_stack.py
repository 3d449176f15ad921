"""Oracles: (b) a stack's means written out in float64; (e) a network that begins with a stack computes what it does."""

import re

import numpy as np
import pytest

import feedforward as ff
from boltzmann_reference import sigmoid
from feedforward.boltzmann import RBM, ContrastiveDivergence, Stack, initialise_from
from feedforward.errors import ShapeError

FLOAT32 = 2e-6  # some ten roundings of 6e-8 of numbers up to 5
X = np.random.default_rng(0).random((10, 5)).astype(np.float32)


def stack_of_three():
    """A stack whose weights are no longer small."""
    stack = Stack([RBM(5, 4), RBM(4, 3), RBM(3, 2, hidden="gaussian")])
    random = np.random.default_rng(1)
    for machine in stack.machines:
        for variable in (machine.kernel, machine.visible_bias, machine.hidden_bias):
            variable.assign(random.standard_normal(variable.shape).astype(np.float32))
    return stack


def weights(machine):
    return [each.numpy().astype(np.float64) for each in list(machine.variables.values())[:3]]


def test_the_code_is_the_mean_of_means_up_the_stack():
    stack = stack_of_three()
    (A, _, a), (B, _, b), (C, _, c) = map(weights, stack.machines)
    expected = sigmoid(sigmoid(X @ A + a) @ B + b) @ C + c
    np.testing.assert_allclose(stack.transform(X), expected, atol=FLOAT32)
    np.testing.assert_allclose(stack.encoder().predict(X, verbose=0), expected, atol=FLOAT32)


def test_the_autoencoder_goes_up_and_down_again_with_the_same_weights():
    stack = stack_of_three()
    (A, a, _), (B, b, _), (C, c, _) = map(weights, stack.machines)
    code = stack.transform(X).astype(np.float64)
    expected = sigmoid(sigmoid(sigmoid(code @ C.T + c) @ B.T + b) @ A.T + a)
    found = stack.autoencoder()
    np.testing.assert_allclose(found.predict(X, verbose=0), expected, atol=FLOAT32)
    assert [layer.units for layer in found.layers] == [4, 3, 2, 3, 4, 5]


def test_each_machine_learns_from_the_means_of_the_one_below():
    learning = [ContrastiveDivergence(epochs=3, batch_size=4), ContrastiveDivergence(epochs=2, learning_rate=0.01)]
    stack = Stack([RBM(5, 4, seed=0), RBM(4, 3, hidden="gaussian", seed=1)])
    errors = stack.fit(X, learning, seed=9)
    below, above = RBM(5, 4, seed=0), RBM(4, 3, hidden="gaussian", seed=1)
    assert errors == [below.fit(X, learning[0], 9), above.fit(below.hidden_means(X), learning[1], 9)]
    assert (above.kernel.numpy() == stack.machines[1].kernel.numpy()).all()
    assert [len(each) for each in Stack([RBM(5, 2), RBM(2, 2)]).fit(X)] == [10, 10]
    with pytest.raises(ValueError, match=r"^fit: learning has 1 records for 2 machines\. Give one for each, or one "):
        stack.fit(X, learning[:1])


@pytest.mark.parametrize("has_input", [True, False])
def test_a_network_begins_with_the_stack_and_its_other_layers_stay(has_input):
    stack = stack_of_three()
    dense = ff.layers.Dense
    layers = [dense(4, "sigmoid"), ff.layers.Dropout(0.5), dense(3, "sigmoid"), dense(2), dense(7, "softmax")]
    model = ff.Sequential([ff.Input((5,)), *layers] if has_input else layers)
    if not has_input:
        model.build((None, 5))
    before = layers[-1].kernel.numpy().copy()
    initialise_from(model, stack)
    assert (layers[-1].kernel.numpy() == before).all()
    expected = layers[-1](stack.transform(X)).numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, atol=FLOAT32)


def test_pre_training_is_followed_by_training():
    stack = Stack([RBM(5, 4, seed=0)])
    stack.fit(X)
    model = ff.Sequential([ff.layers.Dense(4, "sigmoid"), ff.layers.Dense(2, "softmax")])
    initialise_from(model, stack)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, np.arange(10) % 2, epochs=1, verbose=0)
    assert (model.layers[0].kernel.numpy() != stack.machines[0].kernel.numpy()).any()  # its weights are its own


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Stack(3), TypeError, "Stack(3): expected machines. Write Stack([RBM(784, 1000), RBM(1000, 500)])."),
        (lambda: Stack([3]), TypeError, "Stack: got 3. Expected machines: write Stack([RBM(784, 1000), ...])."),
        (lambda: Stack([]), ValueError, "Stack([]): expected at least one machine, each of them once. Make a machine"),
        (lambda: Stack([RBM(2, 2)] * 2), ValueError, "Stack([RBM(2, 2, visible='binary', hidden='binary'), RBM(2, 2"),
        (
            lambda: Stack([RBM(3, 2), RBM(4, 2)]),
            ShapeError,
            "Stack: RBM(4, 2, visible='binary', hidden='binary') stands on RBM(3, 2, visible='binary', "
            "hidden='binary'), which has 2 hidden units. Expected as many visible ones: make it RBM(2, 2).",
        ),
        (
            lambda: Stack([RBM(3, 2, hidden="gaussian"), RBM(2, 2)]),
            ValueError,
            "Stack: RBM(2, 2, visible='binary', hidden='binary') stands on RBM(3, 2, visible='binary', "
            "hidden='gaussian'), whose hidden units are gaussian. Expected visible ones of that kind: make it with "
            "visible='gaussian'.",
        ),
    ],
)
def test_a_stack_that_does_not_stand_is_refused(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make()


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (
            [ff.layers.Dense(4, "relu")],
            ValueError,
            "initialise_from: layer 'LAYER' has activation 'relu', use_bias=True. The hidden units of RBM(5, 4, "
            "visible='binary', hidden='binary') expect 'sigmoid' with a bias: make it Dense(4, 'sigmoid').",
        ),
        (
            [ff.layers.Dense(4, "sigmoid", use_bias=False)],
            ValueError,
            "initialise_from: layer 'LAYER' has activation 'sigmoid', use_bias=False.",
        ),
        (
            [ff.layers.Dense(3, "sigmoid")],
            ShapeError,
            "initialise_from: layer 'LAYER' has a kernel of shape (5, 3), RBM(5, 4, visible='binary', "
            "hidden='binary') one of (5, 4). Expected the same: change the units of one of them.",
        ),
        (
            [ff.layers.Flatten()],
            ValueError,
            "initialise_from: MODEL has 0 dense layers for 1 machines. Expected one for each. Add layers",
        ),
    ],
)
def test_a_network_that_does_not_fit_is_refused(layers, error, message):
    model = ff.Sequential(layers)
    message = message.replace("LAYER", layers[0].name).replace("MODEL", model.name)
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        initialise_from(model, Stack([RBM(5, 4)]))


def test_only_a_sequential_begins_with_a_stack():
    with pytest.raises(TypeError, match=r"^initialise_from: got a Sequential and a RBM\. Expected a Sequential and a "):
        initialise_from(ff.Sequential([ff.layers.Dense(4)]), RBM(5, 4))
