"""Oracle (e): a copy of a model, and what comes out of its pickle, has the same bits and goes on as the model does."""

import copy
import dataclasses
import multiprocessing
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone

import feedforward as ff
from feedforward.errors import FormatError, LimitError
from feedforward.nn.config import registered
from feedforward.nn.initializers import INITIALIZERS
from feedforward.nn.layer import LAYERS
from feedforward.nn.losses import LOSSES
from feedforward.nn.metrics import METRICS
from feedforward.nn.optimizers import OPTIMIZERS
from feedforward.tensor import symbolic

L = ff.layers
X = np.random.default_rng(0).uniform(-1, 1, (40, 4)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 40)


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = {"deepcopy": copy.deepcopy, "pickle": pickled}
way = pytest.mark.parametrize("way", WAYS)
OTHER_WAYS = {
    "copy": copy.copy,
    "oldest protocol": lambda model: pickle.loads(pickle.dumps(model, 0)),
    "scikit-learn": lambda model: clone(model, safe=False),
    "copy of a copy": lambda model: copy.deepcopy(pickled(model)),
}


@registered(LAYERS)
@dataclasses.dataclass(eq=False)
class BlockForCopies(L.Layer):
    """A layer with a layer in it."""

    units: int

    def __post_init__(self):
        super().__post_init__()
        self.dense = L.Dense(self.units, activation="tanh")
        self.scale = ff.Variable(np.float32(0.5), trainable=False)

    def call(self, x, training):
        return self.dense(x) * self.scale


def chain():
    normalization = L.Normalization()
    normalization.adapt(X)
    layers = [normalization, L.Dense(8, activation="relu"), L.Dropout(0.3), BlockForCopies(4), L.Dense(3)]
    return ff.Sequential([ff.Input((4,)), *layers], name="chain")


def branches():
    a = ff.Input((4,), name="a")
    shared = L.Dense(4, activation="tanh")
    return ff.Model(a, L.Dense(3)(ff.concatenate([shared(a), shared(L.Dropout(0.2)(a)) * 0.5], axis=1)), "branches")


class Chain(ff.Sequential):
    """A class of a user's, with more than the network."""

    def __init__(self, units):
        super().__init__([ff.Input((4,)), L.Dense(units, activation="relu"), L.Dense(3)], name="own")
        self.units = units
        self.last = self.layers[-1]
        self.parts = {"first": [self.layers[0]], "weights": (self.last.kernel,), "me": self}


class Branches(ff.Model):
    def __init__(self):
        x = ff.Input((4,))
        self.hidden = L.Dense(5, activation="tanh")
        super().__init__(x, L.Dense(3)(self.hidden(x)))


def own_loss(y, p):
    return ff.losses.SparseCategoricalCrossentropy(from_logits=True).per_sample(y, p)


class OwnMetric(ff.metrics.SparseCategoricalAccuracy):
    """Not registered."""


class OwnOptimizer(ff.optimizers.Adam):
    """Not registered."""


def trained(make=chain, epochs=1, optimizer="adam", **settings):
    ff.set_seed(3)
    model = make()
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**{"optimizer": optimizer, "loss": loss, "metrics": ["sparse_categorical_accuracy"]} | settings)
    if epochs:
        model.fit(X, Y, batch_size=7, epochs=epochs, verbose=0)
    return model


def bits(model):
    return [variable.numpy().tobytes() for variable in [*model.weights, *model.optimizer.variables]]


def check_goes_on(model, again):
    """Check that both train to the same bits, one after the other, so that they share nothing."""
    assert bits(again) == bits(model)
    before = bits(again)
    options = {"batch_size": 7, "epochs": 2, "verbose": 0}
    history = model.fit(X, Y, **options).history
    assert bits(again) == before != bits(model)
    assert again.fit(X, Y, **options).history == history
    assert bits(again) == bits(model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@way
@pytest.mark.parametrize("make", [chain, branches, lambda: Chain(6), Branches])
@pytest.mark.parametrize("epochs", [0, 2])
def test_a_copy_goes_on_as_the_model_and_shares_nothing(make, epochs, way):
    model = trained(make, epochs)
    model.metadata = {1: (2, np.float32(3)), "labels": ["a"]}
    again = WAYS[way](model)
    assert type(again) is type(model) and again.name == model.name
    assert again.metadata == model.metadata and again.metadata["labels"] is not model.metadata["labels"]
    assert again.network.to_config() == model.network.to_config()
    assert again.history is model.history is None or again.history.history == model.history.history
    check_goes_on(model, again)


@pytest.mark.parametrize("other_way", OTHER_WAYS)
def test_every_way_to_a_copy_is_one(other_way):
    model = trained()
    check_goes_on(model, OTHER_WAYS[other_way](model))


@way
def test_attributes_of_a_class_of_ones_own_are_those_of_the_copy(way):
    model = Chain(6)
    again = WAYS[way](model)
    assert again.units == 6 and again.last is again.layers[-1] and again.parts["first"] == [again.layers[0]]
    assert again.parts["weights"][0] is again.last.kernel and again.parts["me"] is again
    assert WAYS[way](Branches()).hidden.name.startswith("dense")
    model = Branches()
    again = WAYS[way](model)
    assert again.hidden is again.layers[0] is not model.layers[0]


@way
def test_a_model_that_is_not_compiled_is_copied(way):
    for make in (chain, branches):
        model = make()
        again = WAYS[way](model)
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.optimizer is again.loss is None and again.metrics == []
        assert not {*again.weights} & {*model.weights} and again.seed == model.seed


BARE = {
    "nothing": lambda: [],
    "layers": lambda: [L.Dense(4), L.Dropout(0.2), L.Dense(3)],
    "an input": lambda: [ff.Input((4,), "int32", "rows")],
}


@way
@pytest.mark.parametrize("layers", BARE)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_model_without_a_network_is_copied(layers, is_compiled, way):
    ff.set_seed(4)
    model = ff.Sequential(BARE[layers](), name="bare")
    if is_compiled:
        model.compile("adam", own_loss, ["sparse_categorical_accuracy"])
    again = WAYS[way](model)
    assert again.name == "bare" and again.layers is not model.layers and str(again) == str(model)
    for one in (model, again):
        one.add(L.Dense(3, kernel_initializer=ff.initializers.GlorotUniform(seed=1), name="added"))
        if not is_compiled:
            one.compile("adam", own_loss)
        ff.set_seed(5)  # weights are drawn now
        one.fit(X if layers != "an input" else X.astype(np.int32), Y, verbose=0)
    assert bits(again) == bits(model)
    assert again.network.inputs[0].dtype == model.network.inputs[0].dtype


@way
def test_layers_that_were_built_before_their_model_keep_their_weights(way):
    layer = L.Dense(3)
    layer(X)
    model = ff.Sequential([layer])
    again = WAYS[way](model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert not {*again.weights} & {*model.weights}


def test_two_things_copied_at_once_still_belong_together():
    model = trained()
    kept = {"model": model, "layer": model.layers[1], "twice": model, "inner": model.layers[3].dense}
    again = copy.deepcopy(kept)
    assert again["twice"] is again["model"] and again["layer"] is again["model"].layers[1]
    assert again["inner"] is again["model"].layers[3].dense
    again = pickled({"one": model, "two": model})
    assert again["one"] is again["two"]


@pytest.mark.parametrize("limit", [2**27, None])
def test_a_limit_is_that_of_the_model(limit, tmp_path):
    """65 samples of 2**20 elements are more than 2**26: a model from a file may not, one of this program may."""
    x = ff.Input((1,), name="x")
    model = ff.Model(x, symbolic((x.node + 0.0).broadcast_to((x.node.shape[0], 2**20))).sum(1))
    rows = np.zeros((65, 1), np.float32)
    for convert in (copy.deepcopy, pickled):
        assert convert(model).network.max_elements is None
        convert(model).predict(rows)
    model.save(tmp_path / "m.ff")
    for convert in (copy.deepcopy, pickled):
        loaded = ff.load(tmp_path / "m.ff") if limit is None else ff.load(tmp_path / "m.ff", max_elements=limit)
        assert convert(loaded).network.max_elements == loaded.network.max_elements == (limit or 2**26)
        if limit is None:
            with pytest.raises(LimitError, match=r"load it with max_elements=2\*\*27"):
                convert(loaded).predict(rows)


def test_a_pickle_that_was_damaged_is_refused():
    content = pickle.dumps(chain())
    place = content.index(b'"epochs_done\\": 0'.replace(b'"', b'\\"', 1)) + len(b'\\"epochs_done\\": ')
    damaged = content[:place] + b"7" + content[place + 1 :]
    with pytest.raises(FormatError, match=r"^the pickle cannot be loaded: what it holds is not what was saved. Fetch"):
        pickle.loads(damaged)


def test_weights_frozen_or_renamed_by_hand_are_so_in_a_copy():
    for convert in (copy.deepcopy, pickled):
        model = trained(epochs=0)
        model.layers[1].bias.trainable = False
        model.layers[4].name = "end"
        model.fit(X, Y, batch_size=7, verbose=0)
        again = convert(model)
        assert again.layers[4].kernel.name == "end/kernel"
        check_goes_on(model, again)


def test_a_copy_made_while_training_changes_nothing_and_is_the_model_of_that_moment():
    class Keep(ff.callbacks.Callback):
        def __init__(self):
            self.copies = []

        def on_epoch_end(self, epoch, logs):
            self.copies += [copy.deepcopy(self.model), pickled(self.model)]

    plain, watched, keep = trained(epochs=0), trained(epochs=0), Keep()
    plain.fit(X, Y, epochs=3, batch_size=7, verbose=0)
    watched.fit(X, Y, epochs=3, batch_size=7, verbose=0, callbacks=[keep])
    assert bits(watched) == bits(plain)
    for place, again in enumerate(keep.copies):
        if place < 4:
            again.fit(X, Y, epochs=2 - place // 2, batch_size=7, verbose=0)
        assert bits(again) == bits(plain)


def test_copying_draws_no_random_numbers():
    model = trained()
    ff.set_seed(5)
    expected = ff.random.uniform((3,)).numpy()
    for convert in [*WAYS.values(), *OTHER_WAYS.values()]:
        ff.set_seed(5)
        convert(model)
        np.testing.assert_array_equal(ff.random.uniform((3,)).numpy(), expected)


# What no file holds


@pytest.mark.parametrize("convert", [copy.deepcopy, copy.copy])
def test_a_copy_has_every_function_and_class(convert):
    model = trained(loss=lambda y, p: own_loss(y, p), metrics=[OwnMetric()], optimizer=OwnOptimizer(0.01))
    again = convert(model)
    assert again.loss == model.loss and type(again.optimizer) is OwnOptimizer
    check_goes_on(model, again)


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_pickle_has_functions_and_classes_that_are_found_by_name(epochs):
    model = trained(epochs=epochs, loss=own_loss, metrics=["sparse_categorical_accuracy", OwnMetric()])
    check_goes_on(model, pickled(model))
    if not epochs:
        model = trained(epochs=0, optimizer=OwnOptimizer(0.01))
        check_goes_on(model, pickled(model))


@pytest.mark.parametrize("make", [chain, lambda: ff.Sequential([L.Dense(3)])])
def test_a_pickle_lacks_a_lambda_and_says_so(make):
    model = trained(make, epochs=0, loss=lambda y, p: own_loss(y, p))
    with pytest.warns(UserWarning, match=r"^pickle: the file lacks the loss function <lambda>: no function ") as caught:
        content = pickle.dumps(model)
    assert len(caught) == 1 and caught[0].filename == __file__
    again = pickle.loads(content)
    with pytest.raises(
        ValueError, match=r"^fit: the model was saved without its loss \(function <lambda>\). Compile it"
    ):
        again.fit(X, Y)
    again.compile(again.optimizer, own_loss)
    again.fit(X, Y, verbose=0)
    for convert in (copy.deepcopy, lambda model: pickle.loads(content)):
        with pytest.raises(ValueError, match=r"^evaluate: the model was saved without its loss"):
            convert(pickle.loads(content)).evaluate(X, Y)


def test_a_pickle_lacks_the_state_of_an_optimizer_that_is_not_registered_and_says_so():
    model = trained(optimizer=OwnOptimizer(0.01))
    with pytest.warns(UserWarning, match=r"^pickle: the file lacks the optimizer OwnOptimizer\(learning_rate=0.01, "):
        content = pickle.dumps(model)
    np.testing.assert_array_equal(pickle.loads(content).predict(X), model.predict(X))


@pytest.mark.parametrize("convert", [copy.deepcopy, copy.copy, pickle.dumps])
def test_a_layer_that_is_not_registered_is_named(convert):
    class Own(L.Layer):
        def call(self, x, training):
            return x

    for layer, message in (
        (
            Own(),
            r"layer Own is not registered as 'own', so that no file with it could be read. Decorate the class with",
        ),
        (
            L.Activation(lambda x: x),
            r"Activation\(activation=<function .*>\) cannot be saved. Use a number, a name, or",
        ),
    ):
        model = ff.Sequential([ff.Input((2,)), layer], name="mine")
        with pytest.raises(
            FormatError, match=f"^mine: a model is copied and pickled by way of its file, which cannot be: {message}"
        ):
            convert(model)


# Other processes


def predicted(model):
    return model.predict(X)


def test_a_model_is_used_in_a_process_of_its_own():
    model = trained(loss=own_loss)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(predicted, (model,)), model.predict(X))


def test_a_model_goes_through_joblib(tmp_path):
    model = trained()
    joblib.dump(model, tmp_path / "m.joblib", compress=3)
    check_goes_on(model, joblib.load(tmp_path / "m.joblib"))


# Parts of models


@pytest.mark.parametrize("convert", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("registry", [INITIALIZERS, LOSSES, METRICS, OPTIMIZERS], ids=lambda registry: registry.kind)
def test_settings_are_copied(registry, convert):
    for name in registry:
        thing = registry[name]()
        again = convert(thing)
        assert type(again) is type(thing) and dataclasses.asdict(again) == dataclasses.asdict(thing)
    assert convert(ff.losses.BinaryCrossentropy(from_logits=True)).from_logits
    assert convert(ff.optimizers.SGD(0.5)).learning_rate == 0.5


@pytest.mark.parametrize("convert", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("is_built", [False, True])
def test_a_copy_of_a_layer_has_weights_of_its_own(is_built, convert):
    for layer in (
        BlockForCopies(2),
        L.Dense(2, activation="relu"),
        L.Normalization(mean=[1.0] * 4, variance=[4.0] * 4),
    ):
        if is_built:
            layer(X)
        again = convert(layer)
        again(X), layer(X)
        assert len(again.weights) == len(layer.weights) and not {*again.weights} & {*layer.weights}
        if is_built:
            np.testing.assert_array_equal(again(X).numpy(), layer(X).numpy())
        again.set_weights([value + 1 for value in again.get_weights()])
        assert (again(X).numpy() != layer(X).numpy()).any()
    again = convert(L.Dense(3, kernel_initializer="ones", name="kept", trainable=False))
    assert (again.name, again.units, again.trainable, again.is_built) == ("kept", 3, False, False)


def test_copies_of_a_layer_are_layers_of_one_model_once_each_has_a_name(tmp_path):
    first = L.Dense(4, name="one")
    first(X)
    second = copy.deepcopy(first)
    with pytest.raises(ValueError, match=r"two layers are called 'one'. Give each layer a name of its own."):
        ff.Sequential([ff.Input((4,)), first, second])
    second.name = "two"
    model = ff.Sequential([ff.Input((4,)), first, second])
    model.save(tmp_path / "m.ff")
    np.testing.assert_array_equal(ff.load(tmp_path / "m.ff").predict(X), model.predict(X))


def test_the_name_of_a_layer_from_a_pickle_is_not_given_again():
    content = pickle.dumps(L.Dense(2, name="fresh_for_pickles_100"))
    pickle.loads(content.replace(b"fresh_for_pickles_100", b"fresh_for_pickles_999"))

    class FreshForPickles(L.Layer):
        pass

    assert FreshForPickles().name == "fresh_for_pickles_1000"


@pytest.mark.parametrize("convert", [copy.copy, copy.deepcopy, pickled])
def test_an_optimizer_is_copied_with_the_layers_it_trains(convert):
    layer, optimizer = L.Dense(1), ff.optimizers.Adam(0.1)

    def step(layer, optimizer):
        with ff.GradientTape() as tape:
            loss = ff.square(layer(X)).mean()
        optimizer.apply_gradients(zip(tape.gradient(loss, layer.weights), layer.weights, strict=True))
        return [value.tobytes() for value in [*layer.get_weights(), *(slot.numpy() for slot in optimizer.variables)]]

    step(layer, optimizer)
    if convert is not copy.copy:  # of a tuple it copies nothing
        other_layer, other_optimizer = convert((layer, optimizer))
        assert step(other_layer, other_optimizer) == step(layer, optimizer) != step(layer, optimizer)
    alone = convert(optimizer)
    assert alone.iterations.numpy() == optimizer.iterations.numpy() and alone.iterations is not optimizer.iterations
    with pytest.raises(
        ValueError, match=r"Adam was built for other variables than .*. Make a new optimizer for another"
    ):
        step(layer, alone)


def test_everything_here_warns_of_nothing_by_itself():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        copy.deepcopy(trained(loss=lambda y, p: own_loss(y, p))), pickle.dumps(trained(loss=own_loss))
    assert not caught
