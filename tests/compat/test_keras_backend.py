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
    loss = K.sum(x * x)
    K.eval(loss)
    with pytest.raises(ValueError, match=r"^K\.gradients: the loss does not depend on number 0 of the variables as it"):
        K.gradients(loss, [x])


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
