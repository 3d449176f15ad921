"""Oracle: worked by hand, from the documentation and sources of Keras 1.2.2, 2.2.4, 2.3.1 and TensorFlow 2.0."""

import re

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError
from feedforward.compat.version import write_for, written_for


@pytest.fixture
def version():
    before = written_for().name
    feedforward.compat.install()

    def choose(name):
        write_for(name)
        import keras

        keras.backend.clear_session()
        return keras

    yield choose
    choose(before).backend.set_image_data_format("channels_last")
    feedforward.compat.uninstall()


def small(keras, **settings):
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(3, input_shape=(4,), activation="softmax", **settings))
    return model


X, Y = np.random.RandomState(0).rand(8, 4).astype("float32"), np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("keras1", ["loss", "acc", "mean_absolute_error"]),
        ("keras2", ["loss", "acc", "mean_absolute_error"]),
        ("tf1.15", ["loss", "acc", "mean_absolute_error"]),
        ("keras2.3", ["loss", "accuracy", "mae"]),
        ("tf2.0", ["loss", "accuracy", "mae"]),
    ],
)
def test_numbers_are_called_as_the_version_called_them(version, name, keys):
    model = small(version(name))
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy", "mae"])
    history = model.fit(X, Y, verbose=0).history
    assert list(history) == keys == model.metrics_names
    assert all(type(value) is float for values in history.values() for value in values)


def test_keras_1_trains_ten_epochs_and_later_ones_one(version):
    for name, count in (("keras1", 10), ("keras2", 1)):
        model = small(version(name))
        model.compile("sgd", "mse")
        assert model.fit(X, Y, verbose=0).epoch == list(range(count))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keras1", ["dense_1", "dense_2", "convolution2d_1"]),
        ("keras2", ["dense_1", "dense_2", "conv2d_1"]),
        ("tf2.0", ["dense", "dense_1", "conv2d"]),
    ],
)
def test_layers_are_named_as_the_version_named_them(version, name, expected):
    layers = version(name).layers
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.Conv2D(1, (2, 2)).name] == expected


def test_default_rates_are_those_of_the_version(version):
    for name, rates in (("keras1", (1.0, 0.01, 0.002)), ("keras2", (1.0, 0.01, 0.002)), ("tf2.0", (0.001,) * 3)):
        keras = version(name)
        kinds = (keras.optimizers.Adadelta, keras.optimizers.Adagrad, keras.optimizers.Adamax)
        assert tuple(round(float(kind().lr), 6) for kind in kinds) == rates
        assert keras.optimizers.RMSprop().epsilon == (1e-8 if name == "keras1" else 1e-7)


def test_both_spellings_make_the_same_layer(version):
    keras = version("keras2")
    rows = [
        (keras.layers.Dense(output_dim=5, init="uniform", W_regularizer="l2", b_constraint="maxnorm", bias=True),
         keras.layers.Dense(5, kernel_initializer="uniform", kernel_regularizer="l2", bias_constraint="max_norm")),
        (keras.layers.Convolution2D(8, 3, 2, border_mode="same", subsample=(2, 2), dim_ordering="th"),
         keras.layers.Conv2D(8, (3, 2), padding="same", strides=(2, 2), data_format="channels_first")),
        (keras.layers.Convolution2D(nb_filter=8, nb_row=3, nb_col=2), keras.layers.Conv2D(8, (3, 2))),
        (keras.layers.Convolution1D(nb_filter=4, filter_length=3, subsample_length=2), keras.layers.Conv1D(4, 3, 2)),
        (keras.layers.MaxPooling1D(pool_length=3, stride=2), keras.layers.MaxPooling1D(3, 2)),
        (keras.layers.Dropout(p=0.3), keras.layers.Dropout(0.3)),
        (keras.layers.GaussianNoise(sigma=0.3), keras.layers.GaussianNoise(0.3)),
        (keras.layers.Embedding(5, 2, init="normal"), keras.layers.Embedding(5, 2, embeddings_initializer="normal")),
        (keras.layers.BatchNormalization(beta_init="one"), keras.layers.BatchNormalization(beta_initializer="ones")),
    ]  # fmt: skip
    for old, new in rows:
        settings, others = ({k: v for k, v in each.get_config().items() if k != "name"} for each in (old, new))
        assert settings == others


def test_positions_are_those_of_the_version(version):
    layers = version("keras1").layers
    old = layers.Dense(5, "normal", "relu")
    assert (old.units, type(old.kernel_initializer).__name__) == (5, "RandomNormal")
    assert old.activation == "relu"
    old = layers.Convolution2D(4, 3, 2, "uniform", "tanh", None, "same")
    assert (old.kernel_size, old.padding, old.activation) == ((3, 2), "same", "tanh")
    new = version("tf2.0").layers.Conv2D(4, 3, 2)
    assert (new.kernel_size, new.strides) == ((3, 3), (2, 2))


def test_channels_are_where_the_program_says_for_all(version):
    keras = version("keras1")
    assert keras.backend.image_dim_ordering() == "tf"
    keras.backend.set_image_dim_ordering("th")
    model = keras.models.Sequential([keras.layers.Convolution2D(4, 3, 3, input_shape=(1, 8, 8))])
    assert model.output_shape == (None, 4, 6, 6)


def test_weights_of_zero_are_refused_where_keras_divided_by_the_others(version):
    model = small(version("keras2"))
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ValueError, match=re.escape("fit: a weight is 0. Keras before TensorFlow 2 divides")):
        model.fit(X, Y, sample_weight=np.array([0.0] + [1.0] * 7), verbose=0)
    model = small(version("tf2.0"))
    model.compile("sgd", "categorical_crossentropy")
    model.fit(X, Y, sample_weight=np.array([0.0] + [1.0] * 7), verbose=0)


def test_a_softmax_is_clipped_before_tensorflow_1_13_and_its_logits_are_taken_after(version):
    # p of the right class is exp(-100): clipped to 1e-7 the loss is -log(1e-7) = 16.118, of the logits it is 100.
    for name, loss in (("keras2", 16.118095), ("tf2.0", 100.0)):
        keras = version(name)
        model = keras.models.Sequential([keras.layers.Activation("softmax", input_shape=(2,))])
        inputs, target = np.array([[0.0, 100.0]], "float32"), np.array([[1.0, 0.0]])
        model.add(keras.layers.Dense(2, trainable=False))
        model.pop()
        model.compile("sgd", "categorical_crossentropy")
        assert model.evaluate(inputs, target, verbose=0) == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: k.layers.LSTM(3), "keras.layers.LSTM is not provided: recurrent layers are not provided."),
        (lambda k: k.layers.Densee, "keras.layers.Densee is not provided: the nearest thing is keras.layers.Dense."),
        (lambda k: k.layers.Dense(5, unit=3), "Dense(unit=3): there is no such argument. Did you mean 'units'?"),
        (lambda k: k.layers.Dense(5, output_dim=3), "Dense(output_dim=3): units was given another value, too."),
        (lambda k: k.layers.Dense(), "Dense: units is missing."),
        (lambda k: k.layers.BatchNormalization(mode=1), "BatchNormalization(mode=1): only mode 0, by features"),
        (lambda k: k.layers.Embedding(5, 2, mask_zero=True), "Embedding(mask_zero=True): masks are for recurrent"),
        (lambda k: k.layers.Conv2D(1, 2, data_format="last"), "data_format='last': expected 'channels_first'"),
        (lambda k: k.layers.Merge(mode="plus"), "Merge(mode='plus'): expected sum, mul, max"),
        (lambda k: k.layers.UpSampling2D(interpolation="bilinear"), "only 'nearest' is provided"),
        (lambda k: k.layers.Conv2DTranspose(1, 2, dilation_rate=2), "dilation_rate=2): neither is provided"),
        (lambda k: k.layers.Lambda(len, mask=1), "Lambda(mask=...): masks are not provided."),
        (lambda k: k.optimizers.SGD(rate=1), "SGD(rate=1): there is no such argument."),
        (lambda k: k.optimizers.Nadam(decay=0.1), "Nadam(decay=0.1): in Keras it is the schedule."),
        (lambda k: k.optimizers.get("adm"), "Unknown optimizer 'adm'. Did you mean 'adam'?"),
        (lambda k: k.initializers.get("unifrom"), "Unknown initializer 'unifrom'. Did you mean 'uniform'?"),
        (lambda k: k.regularizers.get("l3"), "Unknown regularizer 'l3'."),
        (lambda k: k.constraints.get(3), "constraint: got 3. Expected a name, a constraint or a function."),
        (lambda k: k.layers.Activation("rellu"), "Unknown activation 'rellu'. Did you mean 'relu'?"),
        (lambda k: small(k).compile("sgd", "mse", sample_weight_mode="temporal"), "sample_weight_mode=...): it is not"),
        (lambda k: small(k).compile("sgd", "msee"), "Unknown loss 'msee'."),
        (lambda k: small(k).compile("sgd", "mse", metrics=["acuracy"]), "Unknown metric 'acuracy'."),
        (lambda k: small(k).get_layer("dens"), "get_layer('dens'): no such layer. The layers are dense_1."),
        (lambda k: small(k).get_layer(index=4), "get_layer(index=4): the model has 1 layers."),
        (lambda k: small(k).to_yaml(), "to_yaml(): YAML is not provided. Use to_json()."),
        (lambda k: small(k).add_loss(k.backend.constant(1.0)), "Model.add_loss(): it is not provided outside"),
        (lambda k: k.models.Model(small(k).input, small(k).input, dynamic=True), "Model(dynamic=True): a model is"),
        (lambda k: k.models.Model(small(k).input, small(k).input, dtype="float64"), "a model has the dtype of its"),
        (lambda k: k.models.Sequential().add(3), "add(3): expected a layer, such as Dense(10)."),
        (lambda k: k.models.Sequential().pop(), "pop(): there are no layers in the model."),
        (lambda k: k.layers.Input(), "Input(): there is no shape."),
        (lambda k: k.layers.Input((3,), sparse=True), "Input(sparse=True, tensor=None): neither is provided."),
        (lambda k: k.callbacks.EarlyStopping(mode="least"), "EarlyStopping(mode='least'): expected 'auto'"),
        (lambda k: k.callbacks.ReduceLROnPlateau(factor=2), "ReduceLROnPlateau(factor=2): expected a number below 1."),
        (lambda k: k.callbacks.LambdaCallback(on_epoch=len), "LambdaCallback(on_epoch=...): expected on_epoch_begin"),
        (lambda k: k.backend.set_floatx("float16"), "set_floatx('float16'): expected 'float32' or 'float64'."),
        (lambda k: k.backend.set_image_dim_ordering("x"), "set_image_dim_ordering('x'): expected 'th' or 'tf'."),
        (lambda k: k.backend.set_learning_phase(2), "set_learning_phase(2): expected 0 or 1."),
        (lambda k: k.backend.function([], [], updates=[1]), "K.function(updates=...): got 1. Expected what K.update()"),
        (lambda k: k.backend.placeholder(ndim=2), "K.placeholder(ndim=2): give its shape"),
        (lambda k: k.utils.to_categorical([0, 3], 3), "labels range from 0 to 3. Expected 0 to 2"),
        (lambda k: k.utils.model_to_dot, "keras.utils.model_to_dot is not provided: plot_model() writes a file"),
    ],
)
def test_what_is_not_there_is_refused_by_name(version, call, message):
    with pytest.raises((ValueError, TypeError, NotProvidedError), match=re.escape(message)):
        call(version("keras2"))


def test_names_that_nobody_calls_are_refused_in_callbacks(version):
    keras = version("keras2")

    class Watch(keras.callbacks.Callback):
        def on_epoch_ends(self, epoch, logs=None):
            pass

    model = small(keras)
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=re.escape("fit: nobody calls Watch.on_epoch_ends.")):
        model.fit(X, Y, verbose=0, callbacks=[Watch()])
    with pytest.raises(TypeError, match=re.escape("fit: callbacks holds 3. Give objects of classes")):
        model.fit(X, Y, verbose=0, callbacks=[3])
    with pytest.raises(ValueError, match=re.escape("EarlyStopping(monitor='val_loss'): training has no such number.")):
        model.fit(X, Y, verbose=0, callbacks=[keras.callbacks.EarlyStopping()])


@pytest.mark.parametrize(("name", "limit"), [("keras1", 0.05), ("keras2", 0.05)])
def test_uniform_is_within_a_twentieth(version, name, limit):
    kernel = (
        version(name).models.Sequential([version(name).layers.Dense(50, input_dim=40, init="uniform")]).get_weights()
    )
    # 2,000 numbers: their largest is within 1 % of the bound with probability 1 - 0.99^2000.
    assert 0.99 * limit < np.abs(kernel[0]).max() <= limit


@pytest.mark.parametrize(
    ("name", "largest", "variance"),
    # Cut off at two standard deviations, and made wider by 1 / 0.87963 from Keras 2.2 on.
    [("keras1", None, 0.01), ("tf1.4", 0.2, 0.01 * 0.7737), ("keras2", 0.2 / 0.87963, 0.01)],
)
def test_he_normal_is_that_of_the_version(version, name, largest, variance):
    keras = version(name)
    np.random.seed(1)
    kernel = keras.initializers.he_normal(seed=3)((200, 300)).numpy()
    # The variance of 60,000 numbers has a relative deviation of sqrt(2 / 60000) = 0.6 %; five of them.
    assert kernel.var() == pytest.approx(variance, rel=0.03)
    if largest is None:
        assert np.abs(kernel).max() > 0.3
    else:
        assert 0.99 * largest < np.abs(kernel).max() <= largest * 1.0001


def test_numpy_seeds_weights_and_order_as_it_did(version):
    found = []
    for _ in range(2):
        keras = version("keras2")
        np.random.seed(7)
        model = small(keras)
        model.add(keras.layers.Dropout(0.5))
        model.compile("sgd", "mse")
        model.fit(X, Y, epochs=2, batch_size=2, verbose=0)
        found.append(model.get_weights())
    assert all((a == b).all() for a, b in zip(*found, strict=True))


def test_version_says_which_keras_it_is(version):
    for name, text in (("keras1", "1.2.2"), ("keras2", "2.2.4"), ("keras2.3", "2.3.1")):
        assert version(name).__version__ == text


@pytest.mark.parametrize("name, is_trained", [("keras2", False), ("keras2.3", True), ("tf1.15", True)])
def test_a_variable_that_no_layer_lists_is_trained_since_keras_2_3(version, name, is_trained):
    keras = version(name)

    class Scaled(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = keras.backend.variable(2.0)
            super().build(input_shape)

        def call(self, inputs):
            return inputs * self.scale

    model = keras.models.Sequential([keras.layers.Dense(1, kernel_initializer="ones", input_dim=1), Scaled()])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0)
    scale = model.layers[1].scale
    assert keras.backend.get_value(scale) == pytest.approx(
        2.0 - 0.1 * 4.0 if is_trained else 2.0
    )  # d(2s)/ds = 2 * 2 * 1


def test_a_model_may_be_frozen_when_it_is_made(version):
    keras = version("keras2.3")
    inner = small(keras)
    assert keras.models.Model(inner.input, inner.output, trainable=False).trainable_weights == []
