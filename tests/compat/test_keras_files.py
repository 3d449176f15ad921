"""Oracle: identities (save then load = same, also in training), and tables that Keras 1.2.2 and 2.2.4 printed."""

import os
import re

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.version import write_for, written_for
from feedforward.errors import FormatError


@pytest.fixture
def keras():
    before = written_for().name
    feedforward.compat.install()
    write_for("keras2")
    import keras

    keras.backend.clear_session()
    yield keras
    feedforward.compat.uninstall()
    write_for(before)


X, Y = np.random.RandomState(0).rand(12, 4).astype("float32"), np.eye(3)[np.arange(12) % 3]


def sequence(keras):
    layers = keras.layers
    model = keras.models.Sequential([layers.Dense(5, input_shape=(4,), activation="relu", kernel_regularizer="l2")])
    model.add(layers.BatchNormalization())
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(keras.optimizers.Adam(lr=0.01, decay=0.1), "categorical_crossentropy", metrics=["accuracy"])
    return model


def branches(keras):
    layers = keras.layers
    first, second = layers.Input(shape=(4,)), layers.Input(shape=(4,))
    shared = layers.Dense(5, activation="tanh")
    joined = layers.concatenate([shared(first), shared(second), layers.multiply([first, second])])
    model = keras.models.Model([first, second], [layers.Dense(3)(joined), layers.Dense(1, name="one")(joined)])
    model.compile("sgd", "mse", loss_weights=[1.0, 0.5])
    return model


def test_a_saved_model_predicts_the_same_and_trains_on_as_if_it_never_stopped(keras, tmp_path):
    model = sequence(keras)
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.h5")
    loaded = keras.models.load_model(tmp_path / "model.h5")
    assert (loaded.predict(X) == model.predict(X)).all()
    # The running statistics of Keras 2.2 begin anew in a loaded model, as they did; weights and losses go on.
    histories = [each.fit(X, Y, epochs=2, verbose=0, shuffle=False).history for each in (model, loaded)]
    assert histories[0] == histories[1]


def test_a_saved_network_of_branches_computes_the_same(keras, tmp_path):
    model = branches(keras)
    model.save(tmp_path / "model.hdf5")
    loaded = keras.models.load_model(tmp_path / "model.hdf5")
    for a, b in zip(loaded.predict([X, X * 2]), model.predict([X, X * 2]), strict=True):
        assert (a == b).all()
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert loaded.evaluate([X, X], [Y, X[:, :1]], verbose=0) == model.evaluate([X, X], [Y, X[:, :1]], verbose=0)


def test_configurations_and_weights_make_the_same_model(keras, tmp_path):
    for make, inputs in ((sequence, X), (branches, [X, X])):
        model = make(keras)
        again = keras.models.model_from_json(model.to_json())
        again.set_weights(model.get_weights())
        model.save_weights(tmp_path / "weights.h5")
        third = type(model).from_config(model.get_config())
        third.load_weights(tmp_path / "weights.h5")
        for other in (again, third):
            pairs = zip(list(other.predict(inputs)), list(model.predict(inputs)), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)


def test_weights_are_taken_by_name(keras, tmp_path):
    dense = keras.layers.Dense
    first = keras.models.Sequential([dense(2, input_shape=(4,), name="a"), dense(2, name="b")])
    first.save_weights(tmp_path / "weights")
    second = keras.models.Sequential([dense(2, input_shape=(4,), name="a"), dense(9)])
    second.load_weights(tmp_path / "weights", by_name=True)
    assert (second.layers[0].get_weights()[0] == first.layers[0].get_weights()[0]).all()


def test_what_is_no_file_of_ours_is_refused(keras, tmp_path):
    (tmp_path / "real.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(FormatError, match=re.escape("is an HDF5 file of the real Keras, which is not read here.")):
        keras.models.load_model(tmp_path / "real.h5")
    model = sequence(keras)
    model.save_weights(tmp_path / "weights")
    with pytest.raises(FormatError, match="holds weights alone"):
        keras.models.load_model(tmp_path / "weights")
    with pytest.raises(FileExistsError, match="Give overwrite=True, or another"):
        model.save(tmp_path / "weights", overwrite=False)
    with pytest.raises(FormatError, match="has weights for 3 layers, the model has 1 with weights"):
        keras.models.Sequential([keras.layers.Dense(5, input_shape=(4,))]).load_weights(tmp_path / "weights")
    damaged = bytearray((tmp_path / "weights").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "weights").write_bytes(bytes(damaged))
    with pytest.raises(FormatError, match="what it holds is not what was saved"):
        model.load_weights(tmp_path / "weights")


def test_checkpoints_have_the_names_that_programs_give(keras, tmp_path):
    path = os.path.join(tmp_path, "{epoch:02d}-{val_acc:.1f}.h5")
    save = keras.callbacks.ModelCheckpoint(path, monitor="val_acc", period=2)
    sequence(keras).fit(X, Y, epochs=4, verbose=0, validation_data=(X, Y), callbacks=[save])
    assert [name[:3] for name in sorted(os.listdir(tmp_path))] == ["02-", "04-"]


SUMMARY = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
dense_1 (Dense)              (None, 4)                 16        
_________________________________________________________________
activation_1 (Activation)    (None, 4)                 0         
=================================================================
Total params: 16
Trainable params: 16
Non-trainable params: 0
_________________________________________________________________
"""  # noqa: W291 - as Keras 2.2.4 printed it


def test_a_summary_is_the_table_that_keras_printed(keras, capsys):
    model = keras.models.Sequential([keras.layers.Dense(4, input_dim=3), keras.layers.Activation("softmax")])
    model.summary()
    assert capsys.readouterr().out == SUMMARY


def test_an_epoch_is_shown_as_keras_showed_it(keras, capsys):
    model = sequence(keras)
    for verbose in (1, 2):
        model.fit(X, Y, epochs=1, verbose=verbose, validation_split=0.25)
    shown = re.sub(r" - \d+s( \d+[mu]?s/step)?", " TIME", capsys.readouterr().out)
    numbers = r"loss: [\d.e-]+ - acc: [\d.e+-]+ - val_loss: [\d.e-]+ - val_acc: [\d.e+-]+\n"
    head = r"Train on 9 samples, validate on 3 samples\nEpoch 1/1\n"
    assert re.fullmatch(head + r"9/9 \[={30}\] TIME - " + numbers + head + r" TIME - " + numbers, shown)
    model.fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""
