"""Oracle (e): a model that was saved and loaded has the same bits, and goes on as if it had never stopped."""

import copy
import dataclasses
import functools
import hashlib
import io
import json
import math
import os
import pickle
import random
import re
import stat
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError, LimitError
from feedforward.nn.layer import LAYERS
from feedforward.tensor import symbolic
from feedforward.training import checkpoint

L = ff.layers


def draw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


X, Y = draw(40, 4), np.random.default_rng(1).integers(0, 3, 40)


def chain():
    normalization = L.Normalization()
    normalization.adapt(X)
    return ff.Sequential(
        [
            ff.Input((4,)),
            normalization,
            L.Dense(8, activation="relu", kernel_initializer=ff.initializers.HeNormal()),
            L.Dropout(0.3),
            L.Reshape((2, 4)),
            L.Activation("tanh"),
            L.Flatten(),
            L.Dense(3, use_bias=False),
        ],
        name="chain",
    )


def branches():
    a = ff.Input((4,), name="a")
    shared = L.Dense(4, activation="tanh")
    once = shared(a)
    twice = shared(L.Dropout(0.2)(once))
    return ff.Model(a, L.Dense(3)(ff.concatenate([once, twice * 0.5, a], axis=1)), name="branches")


OPTIMIZERS = {
    "adam": lambda: ff.optimizers.Adam(0.01),
    "amsgrad": lambda: ff.optimizers.Adam(0.01, amsgrad=True),
    "momentum": lambda: ff.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "plain": lambda: ff.optimizers.SGD(0.05),
    "rmsprop": lambda: ff.optimizers.RMSprop(0.01, centered=True, momentum=0.5),
}


def trained(make=chain, optimizer="adam", epochs=1):
    ff.set_seed(3)
    model = make()
    model.compile(
        OPTIMIZERS[optimizer](),
        ff.losses.SparseCategoricalCrossentropy(from_logits=True),
        ["accuracy", ff.metrics.SparseCategoricalAccuracy(name="again")],
    )
    if epochs:
        model.fit(X, Y, batch_size=7, epochs=epochs, verbose=0)
    return model


def bits(model):
    state = [*model.weights, *(model.optimizer.variables if model.optimizer else [])]
    return [model.predict(X), *(variable.numpy() for variable in state)]


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [chain, branches])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_that_was_saved_and_loaded_goes_on_as_if_it_had_not_stopped(make, optimizer, tmp_path):
    whole = trained(make, optimizer)
    whole.save(tmp_path / "m.ff")
    resumed = ff.load(tmp_path / "m.ff")
    same(bits(resumed), bits(whole))
    assert type(resumed) is type(whole)
    assert resumed.network.to_config() == whole.network.to_config()
    assert resumed.evaluate(X, Y, verbose=0, return_dict=True) == whole.evaluate(X, Y, verbose=0, return_dict=True)
    options = {"batch_size": 7, "epochs": 3, "initial_epoch": 1, "verbose": 0}
    first, second = (model.fit(X, Y, **options).history for model in (whole, resumed))
    assert first == second
    same(bits(resumed), bits(whole))


def test_a_model_saved_twice_gives_the_same_bytes(tmp_path):
    model = trained()
    for name in ("one", "two"):
        model.save(tmp_path / name)
    ff.load(tmp_path / "one").save(tmp_path / "three")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert json.loads(read(tmp_path / "one")[0]) == json.loads(read(tmp_path / "three")[0])


def test_everything_that_describes_a_model_comes_back(tmp_path):
    model = trained(optimizer="rmsprop")
    model.metadata = {"labels": ["a", "b\n", "ü"], "scores": {"x": [1, 2.5, None, True]}, "empty": {}}
    model.save(tmp_path / "m.ff")
    again = ff.load(str(tmp_path / "m.ff"))
    assert again.metadata == model.metadata
    assert again.name == "chain"
    assert again.loss == model.loss
    assert dataclasses.asdict(again.optimizer) == dataclasses.asdict(model.optimizer)
    assert again.metrics[0] == "accuracy"
    assert again.metrics[1] == model.metrics[1]
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    lines, expected = [], []
    again.summary(lines.append)
    model.summary(expected.append)
    assert lines == expected


@pytest.mark.parametrize("state", ["not compiled", "compiled", "trained"])
def test_a_model_can_be_saved_in_every_state(state, tmp_path):
    ff.set_seed(1)
    model = chain()
    if state != "not compiled":
        model = trained(epochs=int(state == "trained"))
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert (again.optimizer is None) == (state == "not compiled")
    if model.optimizer is not None:
        for one in (model, again):
            one.fit(X, Y, verbose=0)
        same(bits(again), bits(model))


def test_several_outputs_and_inputs_come_back(tmp_path):
    a, b = ff.Input((4,), name="a"), ff.Input((None, 2), "uint8", name="b")
    model = ff.Model([a, b], [L.Dense(2)(a), L.Rescaling(0.5)(b)])
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    x = [draw(3, 4), np.arange(30, dtype=np.uint8).reshape(3, 5, 2)]
    for one, other in zip(again.predict(x), model.predict(x), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("unused_comes_first", [False, True])
def test_a_model_with_an_input_that_it_does_not_use_goes_on_as_before(unused_comes_first, tmp_path):
    def make():
        used, unused = ff.Input((4,), name="used"), ff.Input((), name="unused", dtype="int64")
        inputs = [unused, used] if unused_comes_first else [used, unused]
        ff.set_seed(5)
        model = ff.Model(inputs, L.Dense(3, name="only")(used), name="m")
        model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    x = [Y, X] if unused_comes_first else [X, Y]
    model, unbroken = make(), make()
    model.fit(x, Y, epochs=1, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.evaluate(x, Y, verbose=0) == model.evaluate(x, Y, verbose=0)
    again.fit(x, Y, epochs=1, verbose=0)
    unbroken.fit(x, Y, epochs=2, verbose=0)
    for weight, expected in zip(again.weights, unbroken.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy())
    again.save(tmp_path / "again.ff")
    assert ff.load(tmp_path / "again.ff").network.to_config() == model.network.to_config()


def test_outputs_that_are_inputs_come_back(tmp_path):
    a, b = ff.Input((4,), name="a"), ff.Input((2,), name="b")
    ff.Model([a, b], [b, a]).save(tmp_path / "m.ff")
    outputs = ff.load(tmp_path / "m.ff").predict([X, X[:, :2]], verbose=0)
    np.testing.assert_array_equal(outputs[0], X[:, :2])
    np.testing.assert_array_equal(outputs[1], X)


def test_a_learning_rate_set_after_the_last_step_is_kept(tmp_path):
    model = trained()
    model.optimizer.learning_rate = 0.5
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert again.optimizer.learning_rate == 0.5
    for one in (model, again):
        one.fit(X, Y, verbose=0)
    same(bits(again), bits(model))


def test_weights_of_a_normalization_that_were_set_by_hand_are_kept(tmp_path):
    model = chain()
    layer = model.layers[0]
    layer.set_weights([np.full(4, 2.0), np.full(4, 9.0)])
    model.save(tmp_path / "m.ff")
    np.testing.assert_array_equal(ff.load(tmp_path / "m.ff").predict(X), model.predict(X))


def test_frozen_layers_come_back_frozen(tmp_path):
    model = ff.Sequential([ff.Input((4,)), L.Dense(3, trainable=False), L.Dense(3)])
    model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert len(again.trainable_weights) == 2
    same(bits(again), bits(model))


def change_bias(model):
    model.layers[1].bias.trainable = not model.layers[1].bias.trainable


def rename(model):
    model.layers[1].name = "renamed"
    assert [weight.name for weight in model.layers[1].weights] == ["renamed/kernel", "renamed/bias"]


def add_layer(model):
    model.add(L.Dense(3, name="added"))
    model.compile(model.optimizer, ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.layers[-1].trainable = False


@pytest.mark.parametrize("change", [change_bias, rename, add_layer])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("optimizer", ["adam", "momentum", "plain"])
def test_what_was_changed_by_hand_around_training_comes_back(change, when, optimizer, tmp_path):
    """Frozen or named otherwise, or added after the optimizer made its state: the file went to waste."""
    model = trained(optimizer=optimizer, epochs=int(when == "after"))
    change(model)
    if when == "before":
        model.fit(X, Y, batch_size=7, verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert [weight.trainable for weight in again.weights] == [weight.trainable for weight in model.weights]
    same(bits(again), bits(model))
    if change is not add_layer or when == "before":  # else the optimizer refuses another variable, in both
        for one in (model, again):
            one.fit(X, Y, batch_size=7, verbose=0)
        same(bits(again), bits(model))


def test_a_weight_that_was_frozen_for_a_while_comes_back_with_its_slots(tmp_path):
    model = trained(epochs=0)
    change_bias(model)
    model.fit(X, Y, batch_size=7, verbose=0)
    change_bias(model)
    model.save(tmp_path / "m.ff")
    assert len(ff.load(tmp_path / "m.ff").optimizer.variables) == len(model.optimizer.variables)


def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path):
    model = chain()
    model.layers[-1].name = model.layers[1].name
    with pytest.raises(FormatError, match=r"save: two layers share a name. Give each layer a name of its own."):
        model.save(tmp_path / "m.ff")
    with pytest.raises(ValueError, match=r"Dense\(name='a b'\): name must be a str without blanks"):
        model.layers[1].name = "a b"
    other, model = trained(branches), trained(epochs=0)
    model.compile(other.optimizer, model.loss)
    with pytest.raises(
        FormatError, match=r"save: the optimizer was built for '.*', which is no weight of the model. Co"
    ):
        model.save(tmp_path / "m.ff")
    assert not [*tmp_path.iterdir()]


def test_loading_draws_no_random_numbers(tmp_path):
    trained().save(tmp_path / "m.ff")
    ff.set_seed(5)
    expected = ff.random.uniform((3,)).numpy()
    ff.set_seed(5)
    before = ff.random._own.key.step
    ff.load(tmp_path / "m.ff")
    assert ff.random._own.key.step - before <= 1  # the seed that every new model draws, replaced by the file's
    ff.set_seed(5)
    np.testing.assert_array_equal(ff.random.uniform((3,)).numpy(), expected)


def test_a_loaded_model_owns_its_weights(tmp_path):
    model = trained()
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    (tmp_path / "m.ff").unlink()
    before = again.get_weights()
    again.fit(X, Y, verbose=0)
    assert (again.get_weights()[2] != before[2]).any()
    np.testing.assert_array_equal(model.get_weights()[2], before[2])


# Writing


def test_nothing_but_the_file_is_left_and_an_old_one_is_replaced(tmp_path):
    path = tmp_path / "m.ff"
    path.write_bytes(b"old")
    trained().save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.ff"]
    assert type(ff.load(path)) is ff.Sequential


@pytest.mark.parametrize("place", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_old_file_and_nothing_else(place, error, tmp_path, monkeypatch):
    path = tmp_path / "m.ff"
    trained().save(path)
    old = path.read_bytes()
    model = trained(branches)

    def fail(*_):
        raise error

    if place == "write":
        original = os.fdopen

        def half(*args):
            file = original(*args)

            class Half:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                def write(self, content):
                    file.write(content[: len(content) // 2])
                    raise error

            return Half()

        monkeypatch.setattr(os, "fdopen", half)
    else:
        monkeypatch.setattr(checkpoint.os, place, fail)
    with pytest.raises(type(error)):
        model.save(path)
    monkeypatch.undo()
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.ff"]
    assert path.read_bytes() == old


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    model = chain()
    with pytest.raises(IsADirectoryError, match=r"save: .* is a folder. Give the name of a file, such as model.ff."):
        model.save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"save: there is no folder .*nowhere. Make it first."):
        model.save(tmp_path / "nowhere" / "m.ff")


@pytest.mark.skipif(os.name != "posix", reason="links and modes are those of POSIX")
def test_a_model_is_saved_through_a_link_and_stays_private(tmp_path):
    (tmp_path / "link.ff").symlink_to("m.ff")
    model = ff.Sequential([ff.Input((4,)), L.Dense(3, name="only")], name="first")
    model.save(tmp_path / "m.ff")
    (tmp_path / "m.ff").chmod(0o600)
    model.name = "second"
    model.save(tmp_path / "link.ff")
    assert (tmp_path / "link.ff").is_symlink()
    assert ff.load(tmp_path / "m.ff").name == "second"
    assert stat.S_IMODE((tmp_path / "m.ff").stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.ff", "m.ff"]


@pytest.mark.parametrize(
    "metadata", [{"a": np.float32(1)}, {"a": object()}, {"a": {1, 2}}, {("a",): 1}, {"a": b"bytes"}]
)
def test_metadata_that_json_cannot_hold_are_refused_before_anything_is_written(metadata, tmp_path):
    model = chain()
    model.metadata = metadata
    with pytest.raises(
        FormatError, match=r"save: metadata cannot be written as JSON: .*Use str, numbers, lists and dicts."
    ):
        model.save(tmp_path / "m.ff")
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_are_no_dict_are_refused(tmp_path):
    model = chain()
    model.metadata = ["a"]
    with pytest.raises(FormatError, match=r"save: metadata is a list, expected a dict. Give one, or {}."):
        model.save(tmp_path / "m.ff")


def test_weights_that_share_a_name_cannot_be_saved(tmp_path, monkeypatch):
    class Twice(L.Layer):
        def build(self, shape):
            self.a = self.add_weight("w", (1,), "ones")
            self.b = self.add_weight("w", (1,), "ones")

        def call(self, x, training):
            return x * self.a * self.b

    monkeypatch.setitem(LAYERS._things, "twice", Twice)
    model = ff.Sequential([ff.Input((2,)), Twice()])
    with pytest.raises(FormatError, match=r"save: two weights share a name. Give each layer a name of its own."):
        model.save(tmp_path / "m.ff")


# What a file cannot hold of the training


class OwnOptimizer(ff.optimizers.SGD):
    """None of these is registered."""


class OwnLoss(ff.losses.SparseCategoricalCrossentropy):
    pass


class OwnMetric(ff.metrics.SparseCategoricalAccuracy):
    pass


def own_loss(y, p):
    return ff.losses.SparseCategoricalCrossentropy(from_logits=True).per_sample(y, p)


class Callable:
    """An object that is called as a function is."""

    def __call__(self, y, p):
        return own_loss(y, p)


OWN = {
    "an object": {"loss": Callable()},
    "a part": {"loss": functools.partial(own_loss)},
    "a method": {"loss": Callable().__call__},
    "a function": {"loss": own_loss},
    "a lambda": {"loss": lambda y, p: own_loss(y, p)},
    "a loss": {"loss": OwnLoss(from_logits=True)},
    "a metric": {"metrics": ["sparse_categorical_accuracy", OwnMetric()]},
    "two metrics": {"metrics": [OwnMetric(name="one"), "sparse_categorical_accuracy", OwnMetric(name="two")]},
    "an optimizer": {"optimizer": OwnOptimizer(0.05)},
    "all": {"optimizer": OwnOptimizer(0.05), "loss": own_loss, "metrics": [OwnMetric()]},
}


@pytest.mark.parametrize("own", OWN)
def test_a_model_is_saved_without_what_no_file_holds_and_goes_on_once_it_has_it_again(own, tmp_path):
    def given():
        return {
            "optimizer": ff.optimizers.Adam(0.01),
            "loss": ff.losses.SparseCategoricalCrossentropy(from_logits=True),
            "metrics": ["sparse_categorical_accuracy"],
        } | copy.deepcopy(OWN[own])  # an optimizer is for one model

    ff.set_seed(3)
    model = chain()
    model.compile(**given())
    model.fit(X, Y, batch_size=7, verbose=0)
    with pytest.warns(UserWarning) as caught:
        model.save(tmp_path / "once.ff")
    assert len(caught) == 1 and caught[0].filename == __file__ and " at 0x" not in str(caught[0].message)
    again = ff.load(tmp_path / "once.ff")
    with pytest.warns(UserWarning, match="^save: the file lacks the "):
        again.save(tmp_path / "twice.ff")
    again = ff.load(tmp_path / "twice.ff")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert "name='y'" not in again.explain("graph")  # the prediction alone
    parts = ", ".join(f"{name}=..." for name in OWN[own])
    assert f"compile it again with {parts}. To keep it register a class, see feedforward." in str(caught[0].message)
    for caller, use in (("fit", again.fit), ("evaluate", again.evaluate)):
        with pytest.raises(ValueError, match=rf"^{caller}: the model was saved without its .* again with {parts}"):
            use(X, Y)
    for name in given().keys() - OWN[own].keys():
        assert getattr(again, name)
    again.compile(**{name: value if name in OWN[own] else getattr(again, name) for name, value in given().items()})
    options = {"batch_size": 7, "epochs": 2, "initial_epoch": 1, "verbose": 0}
    histories = [one.fit(X, Y, **options).history for one in (again, model)]
    if "optimizer" not in OWN[own]:  # whose state is gone
        assert histories[0] == histories[1]
        same(bits(again), bits(model))


def test_what_is_missing_is_named_and_what_to_do(tmp_path):
    model = chain()
    model.compile("adam", lambda y, p: own_loss(y, p), ["accuracy", OwnMetric()])
    message = (
        "save: the file lacks the loss function <lambda>, metrics OwnMetric(name='own_metric'): no function is in a "
        "file, and no class that is not registered. The model that is loaded predicts; before fit or evaluate compile "
        "it again with loss=..., metrics=.... To keep it register a class, see feedforward.losses.Loss and "
        "feedforward.metrics.Metric."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        model.save(tmp_path / "m.ff")
    message = (
        "fit: the model was saved without its loss (function <lambda>), metrics (OwnMetric(name='own_metric')). "
        "Compile it again with loss=..., metrics=..., and with optimizer=model.optimizer to go on as before."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ff.load(tmp_path / "m.ff").fit(X, Y)


def test_the_file_is_written_before_its_warning_is_an_error(tmp_path):
    model = chain()
    model.compile("adam", own_loss)
    with pytest.raises(UserWarning, match="the file lacks the loss function own_loss"):  # as everywhere in these tests
        model.save(tmp_path / "m.ff")
    assert ff.load(tmp_path / "m.ff").loss is None


# Reading what is no model


def read(path):
    """Return the JSON that describes a model, and its tensors as (name, dtype, shape, bytes)."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    outer = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    text = outer.pop("__metadata__")["feedforward"]
    return text, {
        name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])]) for name, entry in outer.items()
    }


def write(path, text, tensors, **outer):
    """Write a file in the format of safetensors, by hand."""
    entries, data = {"__metadata__": {"feedforward": text}}, b""
    for name, (dtype, shape, content) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    header = json.dumps(entries | outer).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32", "C64": "complex64"}


def digest(header, tensors):
    """Return the SHA-256 that a file keeps of its description and its tensors; version 1 of its tensors alone."""
    whole = hashlib.sha256()
    if header.get("version") != 1:
        whole.update(json.dumps(header, sort_keys=True).encode())
    for name, (dtype, shape, content) in sorted(tensors.items()):
        whole.update(json.dumps([name, NAMES.get(dtype, dtype), shape]).encode() + content)
    return whole.hexdigest()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return the file of a trained model."""
    path = tmp_path_factory.mktemp("models") / "good.ff"
    trained().save(path)
    return path


ALLOWED = (FormatError, FileNotFoundError, IsADirectoryError)


def refused(path, message=None):
    """Check that a file is refused with one line, and without making room for what it claims to hold."""
    tracemalloc.start()
    try:
        with pytest.raises(ALLOWED, match=message) as caught:
            ff.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 600 + len(str(path))
    # The process is counted as a whole: what its other threads need meanwhile, too.
    assert peak < 60_000_000 + 10 * (path.stat().st_size if path.is_file() else 0)


def test_a_file_written_by_hand_in_the_same_format_is_the_same_model(good, tmp_path):
    write(tmp_path / "m.ff", *read(good))
    same(bits(ff.load(tmp_path / "m.ff")), bits(ff.load(good)))


def test_what_is_no_file_is_named(tmp_path):
    refused(tmp_path / "none.ff", r"load: there is no file .*none.ff. Check the name.")
    refused(tmp_path, r"load: .* is a folder. Give the name of a model's file.")


class Touch:
    """A pickle that, when it is loaded, leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", "{}")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\xff" * 8,
        b"\xff" * 100,
        b"just some text, longer than a header's length",
        zipped(),
        b"\x89HDF\r\n\x1a\n" + b"\0" * 100,
        b"\x93NUMPY\x01\x00" + b"\0" * 100,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 20) + b'{"__metadata__": 12}',
        struct.pack("<Q", 100_000) + b"[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    (tmp_path / "m.ff").write_bytes(content)
    refused(tmp_path / "m.ff", r"m.ff is no feedforward model, or is damaged \(.*\). Give a file that save\(\) wrote.")


def test_a_pickle_is_refused_and_not_executed(tmp_path):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "m.ff").write_bytes(pickle.dumps(Touch(tmp_path / "executed"), protocol))
        refused(tmp_path / "m.ff", "is no feedforward model")
    assert not (tmp_path / "executed").exists()


def test_a_file_of_safetensors_that_is_no_model_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.zeros(3)}, tmp_path / "m.ff", {"format": "np"})
    refused(tmp_path / "m.ff", r"is no feedforward model, or is damaged \('feedforward'\)")


def test_a_file_cut_off_anywhere_is_refused(good, tmp_path):
    content = good.read_bytes()
    for length in [*range(9), *np.linspace(9, len(content) - 1, 40, dtype=int).tolist()]:
        (tmp_path / "m.ff").write_bytes(content[:length])
        refused(tmp_path / "m.ff", "is no feedforward model, or is damaged")
    (tmp_path / "m.ff").write_bytes(content + b"\0")
    refused(tmp_path / "m.ff", "is no feedforward model, or is damaged")


def edited(good, tmp_path, edit):
    """Return a file whose description went through `edit(header, tensors)`."""
    text, tensors = read(good)
    header = json.loads(text)
    result = edit(header, tensors)
    header = header if result is None else result
    if isinstance(header, dict):
        header.pop("digest", None)
        header["digest"] = digest(header, tensors)
    write(tmp_path / "m.ff", header if isinstance(header, str) else json.dumps(header), tensors)
    return tmp_path / "m.ff"


def at(*keys):
    """Return a function that puts a value at a place in the description."""

    def put(value):
        def edit(header, tensors):
            part = header
            for key in keys[:-1]:
                part = part[key]
            part[keys[-1]] = value

        return edit

    return put


def drop(name):
    return lambda header, tensors: tensors.pop(next(key for key in tensors if name in key)) and None


def tensor(name, *entry):
    def edit(header, tensors):
        key = next(key for key in tensors if name in key)
        tensors[key] = tuple(new if new is not None else old for new, old in zip(entry, tensors[key], strict=True))

    return edit


def extra(header, tensors):
    tensors["more"] = ("F32", [2], b"\0" * 8)


def extra_slot(header, tensors):
    tensors["optimizer/more"] = ("F32", [2], b"\0" * 8)


DENSE, NORMALIZATION, DROPOUT, RESHAPE = (("network", "layers", place) for place in (1, 0, 2, 3))
DAMAGES = {
    "not json": (lambda h, t: "{", "is no feedforward model"),
    "an empty text": (lambda h, t: "", "is no feedforward model"),
    "a list": (lambda h, t: "[]", "has format version None. This release reads versions 1 to 3: install another."),
    "a number": (lambda h, t: "7", "has format version None"),
    "deep": (lambda h, t: "[" * 200_000, "is no feedforward model"),
    "deep objects": (lambda h, t: '{"a":' * 100_000, "is no feedforward model"),
    "a huge number": (lambda h, t: "9" * 10_000, "is no feedforward model"),
    "version 4": (at("version")(4), "has format version 4. This release reads versions 1 to 3: install another."),
    "version 0": (at("version")(0), "has format version 0"),
    "trainable a number": (at("trainable")(1), "trainable=1 must be of type bool"),
    "version text": (at("version")("1"), "has format version '1'"),
    "version list": (at("version")([1] * 10_000), "has format version"),
    "no network": (lambda h, t: h.pop("network") and None, "KeyError: 'network'"),
    "no metadata": (lambda h, t: {k: v for k, v in h.items() if k != "metadata"}, "KeyError: 'metadata'"),
    "metadata a number": (at("metadata")(3), "metadata=3 must be of type dict"),
    "kind": (at("kind")("Session"), "unknown kind of model 'Session'"),
    "kind its own": (at("kind")("Own"), "the network is no model with a call of its own"),
    "kind a list": (at("kind")([]), "unknown kind of model"),
    "seed": (at("seed")(-1), "seed -1 must be an int"),
    "seed NaN": (at("seed")(math.nan), "seed=nan must be of type int"),
    "seed a bool": (at("seed")(True), "seed=True must be of type int"),
    "epochs infinite": (at("epochs_done")(math.inf), "epochs_done=inf must be of type int"),
    "epochs NaN": (at("epochs_done")(math.nan), "epochs_done=nan must be of type int"),
    "epochs negative": (at("epochs_done")(-1), "epochs_done=-1 must be from 0"),
    "epochs beyond int64": (at("epochs_done")(2**63), r"must be from 0 to 2\*\*63 - 1"),
    "epochs text": (at("epochs_done")("x"), "epochs_done=x must be of type int"),
    "network a list": (at("network")([]), "the network has not the four lists"),
    "layer unknown": (at(*DENSE, "class")("lambda"), "unknown layer 'lambda'"),
    "layer a list": (at(*DENSE, "class")(["dense"]), "unknown layer"),
    "units huge": (at(*DENSE, "units")(10**12), r"samples of shape \(1000000000000,\) do not fit"),
    "units huger": (at(*DENSE, "units")(10**400), "ValueError: Maximum allowed dimension exceeded"),
    "units negative": (at(*DENSE, "units")(-8), "units must be an int >= 1"),
    "units NaN": (at(*DENSE, "units")(math.nan), "units must be an int >= 1"),
    "activation unknown": (at(*DENSE, "activation")("eval"), "Unknown activation 'eval'"),
    "activation an object": (at(*DENSE, "activation")({"class": "x"}), "activation: got"),
    "initializer unknown": (at(*DENSE, "kernel_initializer", "class")("x"), "unknown initializer 'x'"),
    "initializer deep": (at(*DENSE, "kernel_initializer")([[[[]]]]), "initializer: got"),
    "name of a weight": (at(*DENSE, "name")("other"), "the file has nothing for the weight 'other/kernel'"),
    "name long": (at(*DENSE, "name")("x" * 100_000), "the file has nothing for the weight"),
    "name in lines": (at(*DENSE, "name")("a\nb"), "name must be a str without blanks"),
    "rate": (at(*DROPOUT, "rate")(2), "rate must be a number"),
    "reshape huge": (at(*RESHAPE, "target_shape")([10**18]), "do not fit"),
    "reshape text": (at(*RESHAPE, "target_shape")("44"), "sizes must be ints"),
    "mean NaN": (at(*NORMALIZATION, "mean")([math.nan] * 4), "mean must hold a number"),
    "mean short": (at(*NORMALIZATION, "mean")([0.0]), "mean of 1 and variance of 4 features"),
    "input huge": (at("network", "graph", 0, "shape")(["batch", "9" * 300]), "cannot be loaded"),
    "input zero": (at("network", "graph", 0, "shape")(["batch", "0"]), "cannot be loaded"),
    "outputs": (at("network", "outputs")([99]), r"the places \[99\] are not among"),
    "outputs of itself": (
        at("network", "graph", 2, "inputs")([2]),
        r"the places \[2\] are not among the 2 before them",
    ),
    "missing weight": (drop("kernel"), "the file has nothing for the weight"),
    "missing slot": (drop("optimizer/velocity"), "the optimizer's 'velocity/.*' is missing or has another shape"),
    "extra tensor": (extra, "nothing uses its tensor 'more'"),
    "extra slot": (extra_slot, "nothing uses its tensor 'optimizer/more'"),
    "kernel of ints": (tensor("kernel", "I32", None, None), "the file has int32 of shape .* expected float32 of shape"),
    "kernel of another shape": (tensor("kernel", None, [8, 4], None), r"the file has float32 of shape \(8, 4\)"),
    "kernel of doubles": (tensor("kernel", "F64", [2, 8], None), "the file has float64 of shape"),
    "kernel of halves": (tensor("kernel", "F16", [8, 8], None), "the file has float16 of shape"),
    "kernel of bfloats": (tensor("kernel", "BF16", [8, 8], None), None),
    "kernel of eight bits": (tensor("kernel", "F8_E4M3", [16, 8], None), None),
    "kernel of nothing": (tensor("kernel", "X9", None, None), "is no feedforward model"),
    "kernel of complex": (tensor("kernel", "C64", [4, 4], None), None),
    "kernel negative": (tensor("kernel", None, [-4, -8], None), "is no feedforward model"),
    "kernel huge": (tensor("kernel", None, [2**40, 2**40], None), "is no feedforward model"),
    "iterations of floats": (tensor("iterations", "F64", None, None), "'iterations' is missing or has another shape"),
    "training a list": (at("training")([]), "must be of type dict"),
    "training with more": (at("training", "more")(1), "unexpected keyword argument 'more'"),
    "optimizer unknown": (at("training", "optimizer", "class")("x"), "unknown optimizer 'x'"),
    "optimizer other": (at("training", "optimizer")("sgd"), "nothing uses its tensor 'optimizer/"),
    "learning rate NaN": (
        at("training", "optimizer", "learning_rate")(math.nan),
        "learning_rate must be a number >= 0",
    ),
    "learning rate huge": (at("training", "optimizer", "learning_rate")(10**400), r"Adam\(learning_rate=1000"),
    "loss unknown": (at("training", "loss")({"class": "eval"}), "unknown loss 'eval'"),
    "loss None": (at("training", "loss")(None), "no loss"),
    "metrics unknown": (at("training", "metrics")(["eval"]), "Unknown metric 'eval'"),
    "metrics a text": (at("training", "metrics")("accuracy"), "is no list"),
    "missing a text": (at("training", "missing")("loss"), "missing=loss must be of type dict"),
    "missing a number": (at("training", "missing")({"loss": 1}), "must name parts of training"),
    "missing something": (at("training", "missing")({"network": "x"}), "must name parts of training"),
    "frozen a text": (at("frozen")("dense"), "frozen=dense must be of type list"),
    "optimized a text": (at("optimized")("dense"), "optimized=dense must be of type list"),
    "optimized unknown": (
        at("optimized")(["dense"]),
        "the optimizer's state is for weights that",
    ),
    "optimized lists": (
        at("optimized")([[]]),
        "the optimizer's state is for weights that",
    ),
    "optimized too few": (at("optimized")([]), "it has factors of other weights than the optimizer's state is for"),
    "no training": (at("training")(None), "nothing uses its tensor 'optimizer/"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_description_is_refused(damage, good, tmp_path):
    edit, message = DAMAGES[damage]
    refused(edited(good, tmp_path, edit), message)


def test_wrong_places_of_tensors_are_refused(good, tmp_path):
    text, tensors = read(good)
    for offsets in ([0, 10**15], [-1, 4], [4, 0], [0, 1], ["0", "4"], [0], None):
        write(tmp_path / "m.ff", text, tensors, more={"dtype": "F32", "shape": [1], "data_offsets": offsets})
        refused(tmp_path / "m.ff")


def outcome(path):
    """Return whether a damaged file was refused as it should be; anything else is raised."""
    try:
        model = ff.load(path)
    except ALLOWED as error:
        assert "\n" not in str(error)
        return True
    assert isinstance(model, ff.Model)
    return False


@pytest.mark.parametrize("part", ["header", "anywhere"])
def test_flipped_bytes_give_a_model_or_one_of_our_errors(part, good, tmp_path):
    generator = random.Random(11)
    content = good.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0] if part == "header" else len(content)
    refusals = 0
    for _ in range(250):
        damaged = bytearray(content)
        for _ in range(generator.choice([1, 1, 1, 3, 10])):
            damaged[generator.randrange(end)] = generator.randrange(256)
        (tmp_path / "m.ff").write_bytes(damaged)
        refusals += outcome(tmp_path / "m.ff")
    assert refusals > 100 if part == "header" else refusals > 0


def test_a_number_that_changed_in_any_bit_is_refused(good, tmp_path):
    content = good.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    for place in range(start, len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "m.ff").write_bytes(damaged)
        with pytest.raises(FormatError, match=r"what it holds is not what was saved. Fetch or save it again.$"):
            ff.load(tmp_path / "m.ff")


def test_a_header_that_changed_in_any_bit_is_refused_unless_it_says_the_same(good, tmp_path):
    """1e-07 may become 1E-07."""
    content = good.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    same = []
    for place in range(end):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "m.ff").write_bytes(damaged)
        try:
            ff.load(tmp_path / "m.ff").save(tmp_path / "again.ff")
        except FormatError:
            continue
        assert (tmp_path / "again.ff").read_bytes() == content
        same.append(place)
    assert len(same) <= 2


def test_a_file_of_version_1_still_loads_with_the_same_bits():
    """The file was written at bd6f725, and the hashes of its predictions, before and after an epoch more, printed."""
    x = (np.arange(40, dtype=np.float32).reshape(10, 4) % 7 - 3) / 4
    model = ff.load(Path(__file__).parent / "version_1.ff")
    hashes = []
    for _ in range(2):
        hashes.append(hashlib.sha256(model.predict(x).tobytes()).hexdigest())
        model.fit(x, x[:, :2], epochs=1, batch_size=4, verbose=0)
    assert hashes == [
        "cac62c0bbb61ca158ebd337050759dcd82b4b14642d7893026a57d9be1748ff7",
        "b58e56de42c6557cd9f9ed58b9354b200b878edd373e1212195ab220e51110d2",
    ]
    assert model.metadata["classes"] == ["a", "b"]


def test_the_training_in_a_file_of_version_2_goes_on_with_the_same_bits():
    """As for version 1, at ec3e38f: with the state of Adam, and no settings of clipping, decay and factors."""
    x = (np.arange(40, dtype=np.float32).reshape(10, 4) % 7 - 3) / 4
    model = ff.load(Path(__file__).parent / "version_2.ff")
    hashes = []
    for _ in range(2):
        hashes.append(hashlib.sha256(model.predict(x).tobytes()).hexdigest())
        model.fit(x, x[:, :2], epochs=1, batch_size=4, verbose=0)
    assert hashes == [
        "16cc94deca7a617614f8c8f79b4ee9523d69ca9e6d44f219b1b8e071c927ad78",
        "7c3dfee15fa413f1d622f34b101813599e05b71804e4f3a8f2f344683e430fd6",
    ]
    assert (model.optimizer.learning_rate, model.optimizer.amsgrad) == (0.03, True)


def test_a_description_too_long_to_be_read_is_not_written(tmp_path):
    model = chain()
    model.metadata = {"text": "x" * 2**24}
    with pytest.raises(FormatError, match="more than the 16,777,216 that load"):
        model.save(tmp_path / "m.ff")
    assert not list(tmp_path.iterdir())


def test_a_header_too_long_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "m.ff").write_bytes(struct.pack("<Q", 2**24 + 1) + b"{" * (2**24 + 1))
    refused(tmp_path / "m.ff", "its header has 16,777,217 bytes, more than 16,777,216")


def test_metadata_nested_too_deeply_are_refused(tmp_path):
    model = chain()
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    model.metadata = {"deep": deep}
    with pytest.raises(FormatError, match="metadata cannot be written as JSON"):
        model.save(tmp_path / "m.ff")
    while deep:  # Python's own clean-up of it would recurse as deeply
        deep = deep[0]


def greedy(many, tmp_path):
    """Return the file of a model that makes `many` elements of each number it is given."""
    x = ff.Input((1,), name="x")
    model = ff.Model(x, symbolic((x.node + 0.0).broadcast_to((x.node.shape[0], many))).sum(1))
    model.save(tmp_path / "m.ff")
    return tmp_path / "m.ff"


def test_a_file_that_asks_for_too_much_for_one_sample_is_not_loaded(tmp_path):
    path = greedy(2**26 + 1, tmp_path)
    refused(path, "has more elements than the 67,108,864 it may have. If you trust the file, load it with max_elements")
    assert ff.load(path, max_elements=2**27).count_params() == 0


@pytest.mark.parametrize("use", [lambda model, x: model.predict(x), lambda model, x: model(x).numpy()])
def test_a_file_that_asks_for_too_much_for_many_samples_is_told_so(use, tmp_path):
    """65 samples of 2**20 elements are more than 2**26, 64 are not."""
    path = greedy(2**20, tmp_path)
    model = ff.load(path)
    assert np.shape(use(model, np.zeros((2, 1), np.float32))) == (2,)
    with pytest.raises(LimitError, match=r"of shape \(65, 1048576\).*load it with max_elements=2\*\*27"):
        use(model, np.zeros((65, 1), np.float32))
    assert ff.load(path, max_elements=2**27).explain("graph", 65)


def test_changed_words_of_the_description_give_a_model_or_one_of_our_errors(good, tmp_path):
    generator = random.Random(12)
    text, tensors = read(good)
    values = [
        "null",
        "-1",
        "0",
        "1e999",
        "NaN",
        '"x"',
        "[]",
        "{}",
        "true",
        "99999999999999999999",
        '"float32"',
        "[[0]]",
    ]
    places = [match.span() for match in re.finditer(r'"[^"]*"|-?\d[\d.e+-]*|true|false|null', text)]
    for _ in range(250):
        start, end = generator.choice(places)
        write(tmp_path / "m.ff", text[:start] + generator.choice(values) + text[end:], tensors)
        outcome(tmp_path / "m.ff")


def test_a_file_that_may_not_be_read_keeps_its_own_error(good, tmp_path):
    path = tmp_path / "m.ff"
    path.write_bytes(good.read_bytes())
    path.chmod(0)
    try:
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
        with pytest.raises(PermissionError):
            ff.load(path)
    finally:
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)


def test_metadata_nested_as_deep_as_json_is_read_are_refused_as_a_format_error(tmp_path):
    path = tmp_path / "deep.ff"
    for depth in range(900, 1000):  # reading and writing JSON give up at depths that differ by the frames above
        text = '{"version": 2, "digest": "", "metadata": ' + "[" * depth + "]" * depth + "}"
        outer = json.dumps({"__metadata__": {"feedforward": text}}).encode()
        path.write_bytes(len(outer).to_bytes(8, "little") + outer)
        with pytest.raises(FormatError):
            ff.load(path)


def test_factors_by_pattern_come_back_though_names_have_changed(tmp_path):
    model = ff.Sequential([ff.Input((4,)), L.Dense(3, name="h"), L.Dense(3)])
    model.compile(ff.optimizers.SGD(0.1, learning_rate_factors={"h/*": 0.5}), "mean_squared_error")
    model.fit(X, np.eye(3)[Y], verbose=0)
    model.layers[0].name = "renamed"
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    for each in (model, again):
        each.fit(X, np.eye(3)[Y], verbose=0)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_layer_cannot_be_called_like_the_optimizers_state(tmp_path, monkeypatch):
    class Counting(L.Layer):
        def build(self, shape):
            self.iterations = self.add_weight("iterations", (1,), "ones")

        def call(self, x):
            return x * self.iterations

    monkeypatch.setitem(LAYERS._things, "counting", Counting)
    model = ff.Sequential([ff.Input((4,)), Counting(name="optimizer"), L.Dense(3)])
    model.compile("sgd", "mean_squared_error")
    model.fit(X, np.eye(3)[Y], verbose=0)
    with pytest.raises(FormatError, match=r"^save: 'optimizer/iterations' is the optimizer's and a layer's\."):
        model.save(tmp_path / "m.ff")
