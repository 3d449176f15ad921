"""Oracles: Keras 1.0's documentation of its default, channels first, and of kernels then; by hand, noise of no size."""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def keras():
    feedforward.compat.install("keras1")
    import keras

    yield keras
    feedforward.compat.uninstall()


def test_images_that_are_channels_first_are_read_so_in_keras_1(keras, capsys):
    model = keras.models.Sequential()
    model.add(keras.layers.Convolution2D(4, 3, 3, input_shape=(1, 28, 28)))
    model.add(keras.layers.MaxPooling2D())
    assert model.output_shape == (None, 4, 13, 13)
    assert capsys.readouterr().err.count("are read as channels first, as Keras 1 had it") == 1
    assert keras.backend.image_dim_ordering() == "th"


def test_its_kernels_have_filters_and_channels_first(keras):
    layer = keras.layers.Convolution2D(2, 3, 3, input_shape=(3, 5, 5), bias=False)
    model = keras.models.Sequential([layer])
    assert layer.get_weights()[0].shape == (2, 3, 3, 3)
    kernel = np.zeros((2, 3, 3, 3))
    kernel[1, 2, 0, 0] = 1.0  # the second filter takes the third channel, up and to the left
    layer.set_weights([kernel])
    x = np.random.RandomState(0).randn(2, 3, 5, 5).astype("float32")
    found = model.predict(x)
    np.testing.assert_array_equal(found[:, 0], 0)
    np.testing.assert_array_equal(found[:, 1], x[:, 2, :3, :3])


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (28, 28, 4)])
def test_other_images_are_channels_last(keras, capsys, shape):
    layer = keras.layers.Convolution2D(4, 3, 3, input_shape=shape)
    assert keras.models.Sequential([layer]).output_shape == (None, shape[0] - 2, shape[1] - 2, 4)
    assert capsys.readouterr().err == ""


def test_what_a_program_sets_or_asks_for_stays(keras):
    assert keras.backend.image_dim_ordering() == "tf"
    keras.layers.Input((3, 8, 9))
    assert keras.backend.image_dim_ordering() == "tf"


def test_what_is_drawn_for_a_batch_of_a_fixed_size_has_its_rows(keras):
    backend = keras.backend
    x = keras.layers.Input(batch_shape=(4, 2))
    noisy = keras.layers.Lambda(lambda x: x + 0.0 * backend.random_normal(shape=(4, 2), mean=0.0, std=1.0))(x)
    model = keras.models.Model(input=x, output=noisy)
    model.compile("sgd", "mse")
    data = np.arange(16.0, dtype="float32").reshape(8, 2)
    assert model.evaluate(data, data, batch_size=4, verbose=0) == 0.0
    np.testing.assert_array_equal(model.predict(data, batch_size=4), data)


def test_a_label_below_0_counts_from_the_end(keras):
    with pytest.warns(UserWarning, match="the label -1 is class 2, as in Keras"):
        rows = keras.utils.np_utils.to_categorical([0, -1], 3)
    np.testing.assert_array_equal(rows, [[1, 0, 0], [0, 0, 1]])


def test_a_model_is_written_for_graphviz(keras, tmp_path, capsys):
    x = keras.layers.Input((3,))
    model = keras.models.Model(input=x, output=keras.layers.Dense(2, name="last")(keras.layers.Dense(4)(x)))
    keras.utils.visualize_util.plot(model, to_file=str(tmp_path / "model.png"), show_shapes=True)
    text = (tmp_path / "model.dot").read_text()
    assert 'last: Dense\\ninput: (None, 4)\\noutput: (None, 2)"' in text
    assert "0 -> 1;\n1 -> 2;" in text
    assert "model.dot has the layers, for Graphviz" in capsys.readouterr().err
