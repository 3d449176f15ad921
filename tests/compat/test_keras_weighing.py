"""Oracles: worked by hand, from the sources of Keras 2.2.4 and TensorFlow 1.15; tf-keras 2.21 in graph mode agrees.

What weighs in a loss and in a metric, what moves moving averages, and what optimizers began with in each version.
"""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def keras_of():
    """Return what gives the Keras of a version."""

    def install(name):
        feedforward.compat.install(name)
        if name.startswith("keras"):
            import keras
        else:
            from tensorflow import keras
        keras.backend.clear_session()
        return keras

    yield install
    feedforward.compat.uninstall()


def doubling(keras):
    """Return a model that doubles its inputs and is not trained, since it learns at a rate of 0."""
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0), input_shape=(1,))
    return keras.models.Sequential([layer])


@pytest.mark.parametrize("name", ["keras2", "tf1.15", "tf2.0"])
def test_weights_of_classes_weigh_in_the_loss_on_what_fit_splits_off(keras_of, name):
    keras = keras_of(name)
    model = doubling(keras)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = np.array([[1.0], [2.0], [1.0], [3.0]]), np.array([0.0, 1.0, 1.0, 0.0])
    history = model.fit(
        x, y, batch_size=4, class_weight={0: 1.0, 1: 10.0}, validation_split=0.5, verbose=0, shuffle=False
    ).history
    assert history["loss"][0] == pytest.approx((1 * 4 + 10 * 9) / 2)  # (2 - 0)^2, (4 - 1)^2
    assert history["val_loss"][0] == pytest.approx((10 * 1 + 1 * 36) / 2)  # (2 - 1)^2, (6 - 0)^2


def test_keras_before_2_3_took_one_kind_of_weights(keras_of):
    keras = keras_of("keras2")
    model = doubling(keras)
    model.compile("sgd", "mse")
    for call in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match=r"got sample_weight and class_weight\. Keras before 2\.3 passed over"):
            call(np.ones((2, 1)), np.array([0, 1]), sample_weight=np.ones(2), class_weight={0: 2.0, 1: 1.0})


@pytest.mark.parametrize(("name", "metric"), [("tf1.15", 4.0), ("keras2", 10 / 3)])
def test_a_number_for_a_batch_weighs_as_its_samples_only_in_keras_itself(keras_of, name, metric):
    keras = keras_of(name)

    def largest(y_true, y_pred):
        return keras.backend.max(y_pred)

    model = doubling(keras)
    model.compile("sgd", "mse", metrics=[largest])
    x = np.array([[1.0], [1.0], [3.0]])  # batches of 2 and 1, whose largest outputs are 2 and 6
    assert model.evaluate(x, x, batch_size=2, verbose=0)[1] == pytest.approx(metric)


@pytest.mark.parametrize(
    ("name", "called"), [("keras2", "weighted_mean_"), ("tf1.15", "weighted_mean_"), ("tf2.0", "")]
)
def test_weighted_metrics_are_called_so_before_keras_2_3(keras_of, name, called):
    keras = keras_of(name)
    model = doubling(keras)
    model.compile("sgd", "mse", weighted_metrics=["mean_absolute_error"])
    assert model.metrics_names[1] == (f"{called}absolute_error" if called else "mean_absolute_error")


def normalizing(keras):
    model = keras.models.Sequential([keras.layers.BatchNormalization(momentum=0.5, epsilon=0.0, input_shape=(1,))])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model


DATA = np.array([[1.0], [3.0]])  # of mean 2 and variance 1


@pytest.mark.parametrize(("name", "mean"), [("keras2", 2.0), ("tf1.15", 1.0)])
def test_a_function_in_the_training_phase_moves_no_averages(keras_of, name, mean):
    keras = keras_of(name)
    model = normalizing(keras)
    run = keras.backend.function([model.input, keras.backend.learning_phase()], [model.output])
    np.testing.assert_allclose(run([DATA, 1])[0], [[-1.0], [1.0]], rtol=1e-6)
    np.testing.assert_allclose(run([DATA, 0])[0], DATA, rtol=1e-6)  # by mean 0 and variance 1, as at first
    model.fit(DATA, DATA, verbose=0)
    # Keras 2.2 leaves the 0 out that the mean begins with: (0 * 0.5 + 2 * 0.5) / (1 - 0.5).
    np.testing.assert_allclose(model.get_weights()[2], [mean], rtol=1e-6)


def test_a_fixed_training_phase_normalizes_by_the_batch_and_moves_averages_in_training_alone(keras_of):
    keras = keras_of("tf1.15")
    keras.backend.set_learning_phase(1)
    model = normalizing(keras)
    np.testing.assert_allclose(model.predict(DATA), [[-1.0], [1.0]], rtol=1e-6)
    assert model.evaluate(DATA, DATA, verbose=0) == pytest.approx(4.0)  # (-1 - 1)^2, (1 - 3)^2
    np.testing.assert_array_equal(model.get_weights()[2], [0.0])
    model.train_on_batch(DATA, DATA)
    np.testing.assert_allclose(model.get_weights()[2], [1.0], rtol=1e-6)


@pytest.mark.parametrize(("name", "start"), [("keras2", 0.0), ("tf1.15", 0.1), ("tf2.0", 0.1)])
def test_adagrad_begins_at_a_tenth_in_tensorflow_since_1_14(keras_of, name, start):
    keras = keras_of(name)
    model = doubling(keras)
    model.compile(keras.optimizers.Adagrad(0.5), "mse")
    model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))  # of slope 4
    np.testing.assert_allclose(model.get_weights()[0], [[2.0 - 0.5 * 4.0 / np.sqrt(start + 16.0)]], rtol=1e-6)


@pytest.mark.parametrize(("name", "rate"), [("keras2", 1.0), ("tf1.15", 0.001), ("tf2.0", 0.001)])
def test_adadelta_has_a_small_rate_in_tensorflow_since_1_14(keras_of, name, rate):
    keras = keras_of(name)
    assert float(keras.backend.get_value(keras.optimizers.Adadelta().lr)) == pytest.approx(rate)


@pytest.mark.parametrize(("name", "second"), [("keras2", 9.0), ("tf1.15", 5.0)])
def test_metrics_of_a_batch_are_means_over_the_epoch_so_far_in_tensorflow(keras_of, name, second):
    keras = keras_of(name)
    told = []

    class Note(keras.callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            told.append((logs["loss"], logs["mean_absolute_error"]))

    model = doubling(keras)
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    x = np.array([[1.0], [9.0]])  # which the model misses by 1 and 9
    model.fit(x, x, batch_size=1, verbose=0, shuffle=False, callbacks=[Note()])
    assert told == [(1.0, 1.0), (81.0, second)]
