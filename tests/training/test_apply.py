"""Oracle: central differences in float64, forms worked by hand, and identities: own weights in place = a call."""

import copy
import pickle
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DtypeError, ShapeError

L = ff.layers
RNG = np.random.default_rng(3)
X, X2 = (RNG.normal(size=(6, 3)).astype(np.float32) for _ in range(2))
Y, Y2 = (RNG.normal(size=(6, 2)).astype(np.float32) for _ in range(2))
EPS = float(np.finfo(np.float32).eps)


def small():
    ff.set_seed(4)
    inner = ff.Sequential([ff.Input((3,)), L.Dense(4, activation="tanh", name="a")], name="inner")
    return ff.Sequential([ff.Input((3,)), inner, L.Dense(2, name="b")])


def wide_output(x, w1, b1, w2, b2):
    return np.tanh(x @ w1 + b1) @ w2 + b2


def test_own_weights_in_place_of_themselves_give_the_same_bits():
    model = small()
    expected = model(X).numpy()
    values = [ff.Tensor(w.numpy()) for w in model.trainable_weights]
    np.testing.assert_array_equal(model.apply(X, parameters=values).numpy(), expected)
    np.testing.assert_array_equal(model.apply(X).numpy(), expected)
    half = dict(zip(model.trainable_weights[:2], values[:2], strict=True))
    np.testing.assert_array_equal(model.apply(X, parameters=half).numpy(), expected)
    tensors = dict(zip(model.trainable_weights, values, strict=True))
    np.testing.assert_array_equal(model.network.apply([ff.Tensor(X)], False, tensors)[0].numpy(), expected)


def test_an_ensemble_runs_through_one_network_and_leaves_its_weights():
    model = small()
    before = model.get_weights()
    for seed in range(3):
        values = [np.random.default_rng(seed).normal(size=w.shape).astype(np.float32) for w in before]
        found = model.apply(X, parameters=values).numpy()
        # Sums of at most 4 products below 8.
        np.testing.assert_allclose(found, wide_output(X.astype(float), *map(np.float64, values)), atol=4 * 8 * 8 * EPS)
    assert all((one == two).all() for one, two in zip(before, model.get_weights(), strict=True))


def test_gradients_flow_to_what_the_parameters_come_from():
    model = small()
    scale = ff.Variable(0.5)
    with ff.GradientTape() as tape:
        fast = [w * scale for w in model.trainable_weights]
        loss = (model.apply(X, parameters=fast) ** 2).sum()
    slopes = tape.gradient(loss, [scale, *model.trainable_weights])
    weights = [np.float64(w) for w in model.get_weights()]

    def wide_loss(s):
        return (wide_output(X.astype(float), *(w * s for w in weights)) ** 2).sum()

    step = 1e-5
    expected = (wide_loss(0.5 + step) - wide_loss(0.5 - step)) / (2 * step)
    np.testing.assert_allclose(slopes[0].numpy(), expected, rtol=200 * EPS)  # some hundred roundings on the way
    assert all(slope is not None for slope in slopes)


def wide_maml(weights, rate, x, y, x2, y2):
    """Return the loss after one inner step, its gradient worked out layer by layer."""
    w1, b1, w2, b2 = weights
    hidden = np.tanh(x @ w1 + b1)
    g = 2 * (hidden @ w2 + b2 - y) / y.size
    back = (g @ w2.T) * (1 - hidden**2)
    slopes = [x.T @ back, back.sum(0), hidden.T @ g, g.sum(0)]
    return np.mean((wide_output(x2, *(w - rate * slope for w, slope in zip(weights, slopes, strict=True))) - y2) ** 2)


def test_learning_to_learn_differentiates_through_an_inner_step():
    model, error, rate = small(), ff.losses.MeanSquaredError(), 0.5
    with ff.GradientTape() as outer:
        with ff.GradientTape() as inner:
            loss = error(Y, model(X))
        slopes = inner.gradient(loss, model.trainable_weights)
        fast = [w - rate * slope for w, slope in zip(model.trainable_weights, slopes, strict=True)]
        loss = error(Y2, model.apply(X2, parameters=fast))
    found = outer.gradient(loss, model.trainable_weights)
    weights = [np.float64(w) for w in model.get_weights()]
    data = [np.float64(each) for each in (X, Y, X2, Y2)]
    np.testing.assert_allclose(float(loss), wide_maml(weights, rate, *data), rtol=100 * EPS)
    step = 1e-5
    for place, slope in enumerate(found):
        expected = np.zeros(weights[place].shape)
        for index in np.ndindex(expected.shape):
            sides = []
            for sign in (1, -1):
                moved = [w.copy() for w in weights]
                moved[place][index] += sign * step
                sides.append(wide_maml(moved, rate, *data))
            expected[index] = (sides[0] - sides[1]) / (2 * step)
        np.testing.assert_allclose(slope.numpy(), expected, atol=100 * EPS)  # second derivatives near 1


def test_a_layer_inside_a_trained_network_may_run_another_on_fast_weights():
    model = small()

    class Adapted(L.Layer):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.rate = ff.Variable(0.1, name="rate")

        def call(self, x, training):
            return self.inner.apply(x, parameters=[w * self.rate for w in self.inner.trainable_weights])

    outer = ff.Sequential([ff.Input((3,)), Adapted()])
    outer.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
    before = outer.get_weights()
    outer.fit(X, Y, verbose=0)
    assert all((one != two).any() for one, two in zip(before, outer.get_weights(), strict=True))
    expected = model.apply(X, parameters=[w * outer.layers[0].rate for w in model.trainable_weights])
    np.testing.assert_allclose(outer.predict(X), expected.numpy(), atol=16 * EPS)


def test_the_interpreter_step_by_step_reads_the_parameters_too():
    model = small()
    values = [np.zeros(w.shape, np.float32) for w in model.trainable_weights]
    with ff.eager():
        np.testing.assert_array_equal(model.apply(X, parameters=values).numpy(), np.zeros((6, 2)))
    assert model(X).numpy().any()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            lambda w: [w[0]],
            ValueError,
            "apply: got 1 parameters, sequential has 4 trainable weights. Give one for each",
        ),
        (lambda w: {ff.Variable(1.0): 1.0}, ValueError, "is no weight of sequential. Give its weights as keys."),
        (lambda w: {"b/kernel": 1.0}, ValueError, "apply: 'b/kernel' is no weight of sequential."),
        (lambda w: {w[1]: np.zeros(3, np.float32)}, ShapeError, "has shape (3,). Expected the variable's, (4,)."),
        (lambda w: {w[1]: np.zeros(4, np.int32)}, DtypeError, "is int32. Expected float32: cast it."),
        (
            lambda w: {w[1]: ff.Input((4,)).sum(0)},
            TypeError,
            "depends on an Input. Compute it in a layer, or from data",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters, error, message):
    model = small()
    with pytest.raises(error, match=re.escape(message)):
        model.apply(X, parameters=parameters(model.trainable_weights))
    np.testing.assert_array_equal(model.apply(X).numpy(), model(X).numpy())


def test_the_output_of_an_inner_layer_makes_a_model_that_shares_its_weights():
    x = ff.Input((3,), name="x")
    hidden = L.Dense(4, activation="tanh", name="hidden")(x)
    model = ff.Model(x, L.Dense(2, name="b")(hidden))
    layer = model.get_layer("hidden")
    assert layer.output.node is hidden.node
    assert layer.input.node is x.node
    part = ff.Model(x, layer.output)
    layer.set_weights([np.ones((3, 4)), np.zeros(4)])
    np.testing.assert_allclose(part.predict(X), np.tanh(X.sum(1, keepdims=True)) * np.ones(4), atol=8 * EPS)
    assert part.weights == layer.weights or all(a is b for a, b in zip(part.weights, layer.weights, strict=True))


def test_inner_outputs_of_chains_loaded_and_nested_networks(tmp_path):
    model = small()
    model.save(tmp_path / "m.ff")
    for each in (model, ff.load(tmp_path / "m.ff")):
        part = ff.Model(each.layers[0].input, each.layers[0].output)
        np.testing.assert_array_equal(part.predict(X), each.layers[0].predict(X))
        inner = each.layers[0]
        np.testing.assert_array_equal(
            ff.Model(inner.layers[0].input, inner.layers[0].output).predict(X), inner.predict(X)
        )


def test_a_layer_of_several_outputs_gives_all_of_them():
    class Halves(L.Layer):
        def call(self, a, b):
            return a * 0.5, b * 0.5

    a, b = ff.Input((3,)), ff.Input((3,))
    layer = Halves()
    kept = layer(a, b)[0]  # the other is gone, and made anew
    assert [tensor.node for tensor in layer.input] == [a.node, b.node]
    first, second = layer.output
    assert first.node is kept.node
    np.testing.assert_array_equal(ff.Model([a, b], [second, first]).predict([X, X2])[0], X2 * 0.5)


@pytest.mark.parametrize("calls", [0, 2])
def test_the_output_of_a_layer_that_was_not_called_once_is_an_error(calls):
    layer, x = L.Dense(2, name="d"), ff.Input((3,))
    kept = [layer(x) for _ in range(calls)]
    times = "2 times" if kept else "on no Input yet"
    for part in ("input", "output"):
        with pytest.raises(AttributeError, match=f"layer 'd' has no {part}: it was called {times}. Expected one call"):
            getattr(layer, part)


def test_an_attribute_called_output_is_the_subclass_s():
    class Own(L.Layer):
        def __init__(self):
            super().__init__()
            self.output = L.Dense(2)

        def call(self, x):
            return self.output(x)

    layer = Own()
    assert layer(X).shape == (6, 2)
    assert [w.name.rpartition("/")[2] for w in layer.weights] == ["kernel", "bias"]


def test_copies_of_a_layer_are_no_part_of_its_descriptions():
    layer = L.Dense(2, name="d")
    kept = layer(ff.Input((3,)))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(other(X).numpy(), layer(X).numpy())
        with pytest.raises(AttributeError, match="it was called on no Input yet"):
            other.output.node  # noqa: B018
    assert layer.output.node is kept.node


def test_parameters_that_are_none_are_refused():
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    with pytest.raises(TypeError, match=r"^apply: parameters is 5\. Give a tensor for each trainable weight, in their"):
        model.apply(np.ones((1, 2)), parameters=5)


def test_a_constant_added_to_an_input_asks_for_no_value_where_weights_were_just_set():
    ff.set_seed(1)
    x = ff.Input((3,))
    inner = ff.Model(x, L.Dense(2)(x + np.ones(3, np.float32)))
    inner.set_weights([np.ones((3, 2), np.float32), np.zeros(2, np.float32)])
    # By hand: (0 + 1) + (1 + 1) + (2 + 1) = 6. Weights are carried out in the call, amid a constant of unknown rows.
    np.testing.assert_array_equal(ff.Model(y := ff.Input((3,)), inner(y)).predict([[0.0, 1.0, 2.0]]), [[6.0, 6.0]])
