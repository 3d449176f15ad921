"""Oracle: the messages written out; what Keras 2.2.4 documents of the arguments that have an effect here."""

import json

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.keras.models.saving import _MODEL
from feedforward.errors import FormatError

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")


@pytest.fixture
def keras():
    feedforward.compat.install("keras2.3")
    import keras

    yield keras
    feedforward.compat.uninstall()


def compiled(keras):
    model = keras.models.Sequential([keras.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    return model


REFUSED = {
    "fit(shuffle='foo'): expected True, False or 'batch'.": lambda model: model.fit(X, Y, shuffle="foo"),
    "evaluate(callbacks=...): only fit() tells callbacks. Leave them out.": lambda model: model.evaluate(
        X, Y, callbacks=[3]
    ),
    "predict(callbacks=...): only fit() tells callbacks. Leave them out.": lambda model: model.predict(
        X, callbacks=[3]
    ),
    "train_on_batch(reset_metrics=False): metrics are those of one batch. Use evaluate() for more.": lambda model: (
        model.train_on_batch(X, Y, reset_metrics=False)
    ),
    "test_on_batch(reset_metrics=False): metrics are those of one batch. Use evaluate() for more.": lambda model: (
        model.test_on_batch(X, Y, reset_metrics=False)
    ),
    "evaluate(batch_size=0): batch_size must be an int >= 1. Got 0.": lambda model: model.evaluate(X, Y, batch_size=0),
    "predict(batch_size=0): batch_size must be an int >= 1. Got 0.": lambda model: model.predict(X, batch_size=0),
}


@pytest.mark.parametrize("message", REFUSED)
def test_an_argument_without_effect_is_refused(message, keras):
    with pytest.raises(ValueError) as caught:
        REFUSED[message](compiled(keras))
    assert str(caught.value) == message


def test_refused_arguments_of_the_backend_say_so(keras):
    K = keras.backend
    with pytest.raises(ValueError, match=r"^K\.placeholder\(sparse=True\): it is not provided\. Feed arrays\.$"):
        K.placeholder((2, 3), sparse=True)
    with pytest.raises(ValueError, match=r"^K\.sparse_categorical_crossentropy\(axis=0\): expected the last axis"):
        K.sparse_categorical_crossentropy(np.array([0]), np.ones((1, 2)), axis=0)
    with pytest.raises(ValueError, match=r"^TensorBoard\(update_freq='batch'\): it is not provided"):
        keras.callbacks.TensorBoard(update_freq="batch")
    first, second = (K.get_value(K.random_normal_variable((3,), 0.0, 1.0, seed=7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_backend_goes_by_where_channels_are(keras):
    K = keras.backend
    random = np.random.RandomState(1)
    x, kernel = random.rand(2, 5, 4, 3).astype("float32"), random.rand(2, 2, 3, 6).astype("float32")
    moved = np.moveaxis(x, -1, 1)
    last = K.eval(K.bias_add(K.conv2d(x, kernel), np.arange(6.0)))
    first = K.conv2d(moved, kernel, data_format="channels_first")
    first = K.eval(K.bias_add(first, np.arange(6.0), data_format="channels_first"))
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, 1e-6)
    assert K.eval(K.depthwise_conv2d(moved, kernel, data_format="channels_first")).shape == (2, 18, 4, 3)


def test_a_callback_may_stand_alone_and_has_no_method_that_nobody_calls(keras):
    seen = []
    compiled(keras).fit(
        X, Y, verbose=0, callbacks=keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(1))
    )
    assert seen == [1]

    class Own(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            pass

    with pytest.raises(TypeError, match=r"^fit: nobody calls Own\.on_test_begin\. Told are "):
        compiled(keras).fit(X, Y, verbose=0, callbacks=[Own()])


def test_a_sequence_gives_its_batches_in_another_order_unless_told_not_to(keras):
    class Batches(keras.utils.Sequence):
        def __init__(self):
            self.asked = []

        def __len__(self):
            return 30

        def __getitem__(self, place):
            self.asked.append(place)
            return X, Y

    orders = []
    for shuffle in (True, False):
        batches = Batches()
        compiled(keras).fit_generator(batches, epochs=1, verbose=0, shuffle=shuffle)
        orders.append(batches.asked[-30:])
    assert sorted(orders[0]) == orders[1] == list(range(30))
    assert orders[0] != orders[1]


def test_an_input_spec_holds_of_shape_and_dtype(keras):
    layer = keras.layers.Dense(1)
    layer.input_spec = keras.layers.InputSpec(shape=(None, 3))
    with pytest.raises(
        ValueError, match=r"input float32 \(None, 2\)\. Expected what its input_spec says: shape=\(None"
    ):
        layer(keras.layers.Input((2,)))


def test_a_file_from_elsewhere_is_refused_in_words(keras, tmp_path):
    path = tmp_path / "model.h5"
    compiled(keras).save(path)
    header, tensors = _MODEL.unpack("model.h5", path.read_bytes())
    for change, message in (
        ({"config": None}, r"^load_model: .*model\.h5 does not describe a model \(TypeError: .*"),
        ({"config": {"layers": [3]}}, r"does not describe a model \(TypeError: .*"),
        ({"class_name": "Dense"}, r"does not describe a model \(TypeError: Dense"),
        ({"names": None}, r"model\.h5 does not say which layers it is of\. Give a file that save\(\) wrote here\.$"),
    ):
        path.write_bytes(_MODEL.pack(json.loads(json.dumps(header | change)), tensors))
        with pytest.raises(FormatError, match=message):
            keras.models.load_model(path)
    with pytest.raises(FormatError, match=r"^model_from_json: got 'xx'\. Expected what to_json\(\) returned\.$"):
        keras.models.model_from_json("xx")
    with pytest.raises(FormatError, match=r"^the configuration does not describe a model \(KeyError: 'layers'\)"):
        keras.models.model_from_json('{"class_name": "Sequential", "config": {}}')
