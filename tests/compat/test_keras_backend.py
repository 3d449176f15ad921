"""Oracle: worked by hand, and the names and values that Keras 2.2.4 documents."""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def keras():
    feedforward.compat.install("keras2")
    import keras

    keras.backend.clear_session()
    yield keras
    feedforward.compat.uninstall()


def test_names_of_weights_are_tensorflows_and_stay(keras):
    inner = keras.models.Sequential([keras.layers.Dense(3, input_dim=2, name="d")])
    name = inner.name
    outer = keras.models.Sequential([inner, keras.layers.Dense(1)])
    assert [weight.name for weight in outer.weights] == ["d/kernel:0", "d/bias:0", "dense_1/kernel:0", "dense_1/bias:0"]
    assert inner.name == name
    assert keras.backend.variable(0.0, name="x").name == "x:0"


def test_a_function_reads_variables_when_it_is_called(keras):
    K = keras.backend
    x = K.variable([1.0, 2.0])
    a = K.placeholder((None, 2))
    alone, fed = K.function([], [K.sum(x * x)]), K.function([a], [K.sum(a * x, axis=1), K.constant(3.0)])
    assert alone([]) == [5.0]
    K.set_value(x, [3.0, 4.0])
    assert alone([]) == [25.0]
    np.testing.assert_array_equal(fed([[[1.0, 0.0], [1.0, 1.0]]])[0], [3.0, 7.0])


def test_a_gradient_by_variables_alone_is_taken_where_they_stand(keras):
    K = keras.backend
    x = K.variable([1.0, 2.0])
    (slope,) = K.gradients(K.sum(x * x), [x])
    np.testing.assert_array_equal(K.eval(slope), [2.0, 4.0])
    K.set_value(x, [3.0, 5.0])
    np.testing.assert_array_equal(K.eval(slope), [6.0, 10.0])
    with pytest.raises(
        ValueError, match=r"^K\.gradients: the loss does not depend on number 0 of the variables\. Give"
    ):
        K.gradients(K.sum(x * x), [K.variable(1.0)])


def test_what_was_computed_of_a_variable_follows_it(keras):
    K = keras.backend
    x, a = K.variable([1.0, 2.0]), K.placeholder((None, 2))
    loss, total, twice = K.sum(K.square(x)), K.function([a], [K.sum(a * x), K.sum(x * a)]), 2.0 * x
    assert K.eval(loss) == 5.0
    K.set_value(x, [3.0, 4.0])
    assert K.eval(loss) == 25.0
    assert str(loss).startswith("Tensor(")  # looking at it settles nothing
    K.set_value(x, [0.0, 1.0])
    assert K.eval(loss) == 1.0
    np.testing.assert_array_equal(K.eval(twice), [0.0, 2.0])
    np.testing.assert_array_equal(total([[[5.0, 7.0]]]), [7.0, 7.0])
    np.testing.assert_array_equal(K.eval(K.variable(twice)), [0.0, 2.0])


def test_what_was_computed_of_a_weight_follows_it(keras):
    K = keras.backend
    model = keras.models.Sequential([keras.layers.Dense(1, use_bias=False, input_dim=2)])
    size = K.sum(K.abs(model.layers[0].kernel))
    for value in (1.0, -2.0):
        model.set_weights([np.full((2, 1), value)])
        assert K.eval(size) == 2 * abs(value)


def test_a_loss_uses_what_was_computed_of_a_variable_as_it_is_in_each_step(keras):
    K = keras.backend
    share = K.variable(1.0)
    double = share * 2.0

    def loss(y_true, y_pred):
        return double * K.mean(y_pred - y_true, axis=-1)

    model = keras.models.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", input_dim=1)])
    model.compile("sgd", loss)
    assert model.test_on_batch(np.full((2, 1), 3.0), np.ones((2, 1))) == 4.0
    K.set_value(share, 5.0)
    assert model.test_on_batch(np.full((2, 1), 3.0), np.ones((2, 1))) == 20.0


def test_an_update_is_made_when_it_is_evaluated_or_a_function_runs(keras):
    K = keras.backend
    x, a = K.variable(1.0), K.placeholder((None, 1))
    plus, less = K.update_add(x, 2.0), K.update_sub(x, 0.5)
    assert K.get_value(x) == 1.0
    assert (K.eval(plus), K.get_value(x), K.eval(plus), K.eval(less), K.get_value(x)) == (3.0, 3.0, 5.0, 4.5, 4.5)
    count = K.function([a], [K.sum(a) * x], updates=[(x, x + K.sum(a)), K.update(K.variable(0.0), 1.0)])
    assert (count([[[1.0], [1.0]]]), K.get_value(x)) == ([9.0], 6.5)
    assert (K.function([], x * 2.0, updates=[plus])([]), K.get_value(x)) == (13.0, 8.5)


def test_variables_meet_tensors_of_a_graph_and_sessions(keras):
    import tensorflow as tf

    K = keras.backend
    x, v = tf.placeholder(tf.float32, [2]), K.variable(2.0)
    square = K.square(v)
    products = [v * x, x * v, square * x, x * square]
    session = K.get_session()
    for value in (2.0, 3.0):
        K.set_value(v, value)
        found = session.run([*products, v, square], {x: [1.0, -1.0]})
        assert [each.tolist() for each in found] == [
            *[[value, -value]] * 2, *[[value**2, -(value**2)]] * 2, value, value**2,
        ]  # fmt: skip
    assert K.eval(K.update(v, tf.constant(7.0))) == K.get_value(v) == 7.0
    assert K.eval(tf.constant(3.0) * v) == 21.0


def test_a_tensor_of_a_described_model_is_refused_in_a_graph(keras):
    import tensorflow as tf

    model = keras.models.Sequential([keras.layers.Dense(1, input_dim=2)])
    for use in (keras.backend.get_session().run, lambda y: y - tf.placeholder(tf.float32, [None, 1])):
        with pytest.raises(TypeError, match=r"of shape \(None, 1\), is used in a graph or a session, where its Input"):
            use(model.output)


def test_a_product_is_one_of_elements_or_sizes(keras):
    K = keras.backend
    numbers = K.constant([[1.0, 2.0], [3.0, -4.0]])
    np.testing.assert_array_equal(K.eval(K.prod(numbers, axis=-1, keepdims=True)), [[2.0], [-12.0]])
    assert K.eval(K.prod(numbers)) == -24.0
    assert K.eval(K.prod((2, 3))) == 6


def test_draws_of_the_size_of_a_batch_follow_the_batches(keras):
    K = keras.backend
    x = keras.layers.Input(batch_shape=(4, 3))
    noise = keras.layers.Lambda(lambda x: x + K.random_normal(shape=(4, 3)) * 0.0 + K.ones((4, 1)))(x)
    model = keras.models.Model(x, keras.layers.Dense(1, kernel_initializer="ones")(noise))
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.full((8, 1), 6.0), batch_size=4, verbose=0)
    np.testing.assert_allclose(model.predict(np.ones((8, 3)), batch_size=4), np.full((8, 1), 6.0), 1e-6)
