"""Oracle: identities: a subclass with its own call = the same layers in a described network, to the bit; save then
load = same; state that steps update = a running mean in float64 NumPy.
"""

import copy
import gc
import re
import weakref
from collections import UserDict
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FormatError
from feedforward.nn.config import registered
from feedforward.nn.layer import LAYERS

L = ff.layers
RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 4)).astype(np.float32)
Y = RNG.normal(size=(20, 2)).astype(np.float32)


@registered(LAYERS)
@dataclass(eq=False)
class NetForOwn(ff.Model):
    """Two dense layers, as a dataclass."""

    units: int = 8

    def __post_init__(self):
        super().__post_init__()
        self.hidden = L.Dense(self.units, activation="tanh")
        self.drop = L.Dropout(0.2, seed=3)
        self.last = L.Dense(2)

    def call(self, x, training=False):
        return self.last(self.drop(self.hidden(x), training=training))


@registered(LAYERS)
class PlainForOwn(ff.Model):
    """The same in Keras's way, without arguments."""

    def __init__(self):
        super().__init__()
        self.hidden = L.Dense(8, activation="tanh")
        self.drop = L.Dropout(0.2, seed=3)
        self.last = L.Dense(2)

    def call(self, x):
        x = self.drop(self.hidden(x))
        return self.last(x)


@registered(LAYERS)
class PairForOwn(ff.Model):
    """Two inputs as one list, two outputs."""

    def __init__(self):
        super().__init__()
        self.left = L.Dense(2)

    def call(self, inputs, training=False):
        a, b = inputs
        return self.left(a) + b, self.left(b)


def described():
    return ff.Sequential(
        [ff.Input((4,)), L.Dense(8, activation="tanh"), L.Dropout(0.2, seed=3), L.Dense(2, name="last")]
    )


def trained(model, epochs=2):
    model.seed = 7
    model.compile(ff.optimizers.Adam(0.01), "mean_squared_error", ["mean_absolute_error"])
    return model.fit(X, Y, batch_size=6, epochs=epochs, verbose=0, validation_split=0.2).history


def same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [NetForOwn, PlainForOwn])
def test_a_model_with_its_own_call_trains_as_a_described_network(make):
    ff.set_seed(0)
    model, other = make(), described()
    assert repr(model).endswith("input shape not known yet>") or "units=8" in repr(model)
    model(X)
    other.set_weights(model.get_weights())
    assert trained(model) == trained(other)
    same(model.get_weights(), other.get_weights())
    assert model.evaluate(X, Y, verbose=0) == other.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    np.testing.assert_array_equal(model.predict_on_batch(X[:3]), other.predict_on_batch(X[:3]))
    assert [layer.name for layer in model.layers] == ["hidden", "drop", "last"]
    assert [path for path, _ in model.weights_by_path()] == ["hidden/kernel", "hidden/bias", "last/kernel", "last/bias"]
    assert "matmul" in model.explain("graph")


@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
def test_shape_and_dtype_of_the_input_come_from_the_first_data(dtype):
    model = PlainForOwn()
    model.compile("sgd", "mean_squared_error")
    model.fit(np.ones((6, 3), dtype), np.zeros((6, 2)), verbose=0)
    assert model.network.inputs[0].dtype.name == ("uint8" if dtype == "uint8" else "float32")
    assert model.get_weights()[0].shape == (3, 8)
    with pytest.raises(ff.errors.ShapeError, match=r"predict: x has shape \(2, 4\), the network expects \(n, 3\)"):
        model.predict(np.ones((2, 4), dtype))


def test_the_summary_shows_the_layers_with_their_shapes():
    model = NetForOwn(name="net")
    with pytest.raises(ValueError, match="net has no layers, or does not know its input's shape yet"):
        model.summary()
    model.predict(X)
    lines = []
    model.summary(lines.append)
    for row in (
        r"hidden \(Dense\) +\(None, 8\) +40",
        r"drop \(Dropout\) +\(None, 8\) +0",
        r"last \(Dense\) +\(None, 2\) +18",
    ):
        assert re.search(row, lines[0])
    assert "Parameters: 58 (58 trainable, 0 not)" in lines[0]


def test_several_inputs_and_outputs_of_a_model_with_its_own_call(tmp_path):
    model = PairForOwn()
    x = [X[:, :2], Y]
    model.compile("sgd", "mean_squared_error", loss_weights=[1.0, 0.5])
    history = model.fit(x, [Y, Y], verbose=0).history
    assert list(history) == ["loss", "output_1_loss", "output_2_loss"]
    one, two = model.predict(x)
    same([one - Y], [np.float32(model.left(x[0]).numpy() + Y) - Y])
    same([two], [model.left(Y).numpy()])
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert isinstance(again, PairForOwn)
    same(again.predict(x), model.predict(x))
    assert again.fit(x, [Y, Y], verbose=0).history == model.fit(x, [Y, Y], verbose=0).history


@pytest.mark.parametrize("make", [lambda: NetForOwn(6, name="mine"), PlainForOwn])
def test_a_registered_model_is_saved_and_goes_on_where_it_stopped(make, tmp_path):
    model = make()
    trained(model)
    model.last.trainable = False
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert type(again) is type(model)
    assert (again.name, again.seed) == (model.name, model.seed)
    same(again.predict(X), model.predict(X))
    again.last.trainable = False  # set in code beside the class, not by its fields
    more = [each.fit(X, Y, epochs=2, batch_size=6, verbose=0).history for each in (model, again)]
    assert more[0] == more[1]
    again.save(tmp_path / "again.ff")
    assert ff.load(tmp_path / "again.ff").get_weights()[0].shape == model.get_weights()[0].shape


def test_a_model_with_its_own_call_is_a_layer_of_others(tmp_path):
    inner = NetForOwn(name="inner")
    model = ff.Sequential([ff.Input((4,)), inner, L.Dense(2, name="b")])
    assert [path for path, _ in model.weights_by_path()][0] == "inner/hidden/kernel"  # noqa: RUF015
    trained(model)
    model.save(tmp_path / "m.ff")
    same(ff.load(tmp_path / "m.ff").predict(X), model.predict(X))
    inner.trainable = False
    assert [w.name for w in model.trainable_weights] == ["b/kernel", "b/bias"]


def test_a_model_that_no_file_could_bring_back_says_so(tmp_path):
    class Unknown(ff.Model):
        def __init__(self, units):
            super().__init__()
            self.last = L.Dense(units)

        def call(self, x):
            return self.last(x)

    model = Unknown(3)
    assert model.predict(X).shape == (20, 3)
    with pytest.raises(FormatError, match="layer Unknown is not registered as 'unknown'"):
        model.save(tmp_path / "m.ff")
    registered(LAYERS)(Unknown)
    with pytest.raises(FormatError, match="layer Unknown takes units, its fields are name, trainable"):
        model.save(tmp_path / "m.ff")


def test_a_subclass_may_describe_its_network_itself():
    class Described(ff.Model):
        def __init__(self):
            x = ff.Input((4,))
            self.hidden = L.Dense(3, name="h")
            super().__init__(x, L.Dense(2)(self.hidden(x)))

    model = Described()
    trained(model)
    assert [layer.name for layer in model.layers][0] == "h"  # noqa: RUF015
    assert len(model.weights) == 4


def test_a_model_of_nothing_says_what_is_missing():
    with pytest.raises(TypeError, match=r"Model\(inputs=None\): give what Input\(\) or a layer called on it returned."):
        ff.Model()

    class Forgets(ff.Model):
        def __init__(self):
            self.last = L.Dense(2)

        def call(self, x):
            return self.last(x)

    class Empty(ff.Model):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    empty = Empty()
    for use in (lambda: empty.fit(X, Y), lambda: empty.predict(X), lambda: empty(X), lambda: repr(empty)):
        with pytest.raises(TypeError, match=r"Empty is not set up. Call super\(\).__init__\(\) first in its __init__."):
            use()
    with pytest.raises(AttributeError, match="'PlainForOwn' object has no attribute 'hiden'"):
        PlainForOwn().hiden  # noqa: B018

    with pytest.raises(TypeError, match=r"Forgets.last is set before the layer is set up. Call super\(\).__init__\(\)"):
        Forgets()


@pytest.mark.parametrize("is_loaded", [False, True])
def test_a_model_with_its_own_call_is_freed_when_nobody_holds_it(is_loaded, tmp_path):
    model = PlainForOwn()
    trained(model)
    if is_loaded:
        model.save(tmp_path / "m.ff")
        model = ff.load(tmp_path / "m.ff")
        model.predict(X)
    assert not hasattr(model, "output")
    reference = weakref.ref(model)
    del model
    gc.collect()  # its network is a call of itself
    assert reference() is None


# State that a step updates


@registered(LAYERS)
@dataclass(eq=False)
class MeanForOwn(L.Layer):
    """Subtracts a moving average of its inputs, which every step of training moves half of the way."""

    def build(self, shape):
        self.mean = self.add_weight("mean", (shape[-1],), "zeros", trainable=False)
        self.steps = ff.Variable(np.int64(0), trainable=False, name="steps")

    def call(self, x, training):
        if training:
            self.mean.assign(self.mean * 0.5 + x.mean(0) * 0.5)
            self.steps.assign_add(1)
        return x - self.mean


def moving(x, start, batch_size):
    mean = np.float64(start)
    for first in range(0, len(x), batch_size):
        mean = 0.5 * mean + 0.5 * np.float64(x[first : first + batch_size]).mean(0)
    return mean


def with_state(is_nested):
    ff.set_seed(1)
    layer = MeanForOwn(name="m")
    inner = ff.Sequential([ff.Input((4,)), layer], name="inner") if is_nested else layer
    model = ff.Sequential([ff.Input((4,)), inner, L.Dense(2, name="d")])
    model.compile("sgd", "mean_squared_error")
    return model, layer


@pytest.mark.parametrize("is_nested", [False, True])
def test_state_moves_with_each_step_of_training_and_with_nothing_else(is_nested, tmp_path):
    model, layer = with_state(is_nested)
    assert [w.name.rpartition("/")[2] for w in model.trainable_weights] == ["kernel", "bias"]
    model.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0, validation_data=(X + 9, Y))
    expected = moving(X, moving(X, np.zeros(4), 5), 5)
    # Sums of 5 numbers below 4 and 8 steps that halve what was rounded before.
    np.testing.assert_allclose(layer.mean.numpy(), expected, atol=5 * 4 * 2**-23)
    assert int(layer.steps) == 8
    before = layer.mean.numpy().copy()
    model.evaluate(X + 9, Y, verbose=0)
    model.predict(X + 9)
    model(X + 9)
    np.testing.assert_array_equal(layer.mean.numpy(), before)
    assert int(layer.steps) == 8
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    same(again.get_weights(), model.get_weights())
    for each in (model, again):
        each.fit(X, Y, batch_size=5, verbose=0)
    same(again.get_weights(), model.get_weights())
    assert int(layer.steps) == 12


def test_the_best_weights_that_are_put_back_hold_the_state():
    model, layer = with_state(True)
    stop = ff.callbacks.EarlyStopping("loss", mode="max", patience=1, restore_best_weights=True)
    history = model.fit(X, Y, batch_size=5, epochs=5, verbose=0, callbacks=[stop]).history
    assert stop.best_epoch == 0 < len(history["loss"]) - 1
    assert int(layer.steps) == 4


def test_a_shared_layer_moves_its_state_at_each_of_its_calls():
    layer, x = MeanForOwn(), ff.Input((4,))
    model = ff.Model(x, L.Dense(2)(L.Add()([layer(x), layer(x * 2.0)])))
    model.compile("sgd", "mean_squared_error")
    model.fit(X, Y, batch_size=20, verbose=0, shuffle=False)
    mean = np.float64(X).mean(0)
    np.testing.assert_allclose(layer.mean.numpy(), 0.25 * mean + mean, atol=20 * 4 * 2**-23)
    assert int(layer.steps) == 2


def test_state_moves_in_a_loop_of_one_s_own_where_it_trains():
    layer = MeanForOwn()
    layer(X)
    layer(X, training=True)
    layer(X, training=True)
    np.testing.assert_allclose(layer.mean.numpy(), 0.75 * np.float64(X).mean(0), atol=20 * 4 * 2**-23)


def test_a_step_that_fails_leaves_the_state_as_it_was():
    model, _ = with_state(False)
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    with pytest.raises(ff.errors.NotFiniteError):
        model.fit(iter([(np.full_like(X, np.nan), Y)]), verbose=0)
    same(before, model.get_weights())


def test_a_model_with_a_call_of_its_own_is_given_no_layers():
    class Own(ff.Sequential):
        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"^Own has a call of its own, and was given inputs, outputs or layers\. Leave"):
        Own([ff.Input((2,)), ff.layers.Dense(1)])


def test_a_layer_that_nobody_tracks_is_refused_by_predict_too():
    class Late(ff.Model):
        def __init__(self):
            super().__init__()
            self.parts = []

        def call(self, x):
            if not self.parts:
                self.parts.append(ff.layers.Dense(1))
            return self.parts[0](x)

    with pytest.raises(ValueError, match=r"^predict: the network uses the variable .*, which no layer lists among its"):
        Late().predict(np.ones((2, 3)))


@registered(LAYERS)
class OfModels(ff.Model):
    """Holds models that nobody named, one described and one that learns its input."""

    def __init__(self):
        super().__init__()
        self.first = ff.Sequential([ff.layers.Dense(4), ff.layers.Dense(2)])
        self.second = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])

    def call(self, x):
        return self.second(self.first(x))


def test_a_model_that_holds_models_comes_back_whatever_layers_were_made_before(tmp_path):
    model, x = OfModels(), np.ones((3, 5), np.float32)
    model.compile("adam", "mean_squared_error")
    model.fit(x, np.ones((3, 1)), verbose=0)
    model.save(tmp_path / "m.ff")
    ff.layers.Dense(3)  # by default it takes the next name
    for again in (ff.load(tmp_path / "m.ff"), copy.deepcopy(model)):
        np.testing.assert_array_equal(again.predict(x), model.predict(x))
    kernels = ["first/dense/kernel", "first/dense_1/kernel", "second/dense/kernel"]
    assert [path for path, _ in model.weights_by_path()][::2] == kernels


def test_a_layer_of_two_networks_is_refused_by_save(tmp_path):
    start = ff.Input((4,))
    trunk = ff.layers.Dense(3, name="trunk")(start)
    mean, spread = (ff.Model(start, ff.layers.Dense(1)(trunk), name=name) for name in ("mean", "spread"))
    other = ff.Input((4,))
    model = ff.Model(other, [mean(other), spread(other)])
    with pytest.raises(FormatError, match=r"^save: the layer 'trunk' belongs to '.*' and to '.*', and a file"):
        model.save(tmp_path / "m.ff")


def test_a_prediction_that_draws_is_the_same_from_a_file(tmp_path):
    start = ff.Input((40,))
    model = ff.Model(start, ff.layers.Dropout(0.5)(start, training=True))
    model.save(tmp_path / "m.ff")
    x = np.ones((2, 40), np.float32)
    np.testing.assert_array_equal(ff.load(tmp_path / "m.ff").predict(x), model.predict(x))


def test_a_description_keeps_no_parameters():
    model, start = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)]), ff.Input((2,))
    with pytest.raises(TypeError, match=r"^apply: sequential was called on an Input with parameters, which no network"):
        model.apply(start, parameters=model.trainable_weights)


def test_outputs_of_two_dtypes_are_trained_together():
    start = ff.Input((2,))
    model = ff.Model(start, [ff.layers.Dense(1)(start), ff.layers.Dense(1, dtype="float64")(start)])
    model.compile("sgd", "mean_squared_error")
    loss = model.fit(np.ones((3, 2)), [np.ones((3, 1))] * 2, verbose=0).history
    (whole,), (one,), (other,) = loss.values()
    assert whole == pytest.approx(one + other, rel=1e-6)  # one of them in float32


def test_a_step_of_ones_own_that_nobody_would_call_is_refused():
    class Own(ff.Sequential):
        def train_step(self, data):
            return {}

    with pytest.raises(TypeError, match=r"^compile: nobody calls Own\.train_step\. Give compile a loss of your own,"):
        Own([ff.Input((2,)), ff.layers.Dense(1)]).compile("sgd", "mean_squared_error")


def test_the_dtype_of_a_model_is_that_of_what_it_learns_from_data():
    model = ff.Sequential([ff.layers.Dense(1)])
    with pytest.raises(ff.errors.DtypeError, match="banana"):
        model.dtype = "banana"
    with pytest.raises(ff.errors.DtypeError, match=r"^Sequential\(dtype='int64'\): a layer computes in float32 or"):
        model.dtype = "int64"
    model.dtype = "float64"
    assert model.predict(np.ones((2, 3))).dtype == np.float64


def test_a_number_cannot_be_called_as_those_of_validation_are():
    start = ff.Input((2,))
    model = ff.Model(start, [ff.layers.Dense(1, name="val")(start), ff.layers.Dense(1)(start)])
    with pytest.raises(ValueError, match=r"^compile: a number would be called 'val_loss', as validation's are\."):
        model.compile("sgd", "mean_squared_error")


def test_a_dict_of_any_kind_gives_inputs_by_name():
    a, b = ff.Input((2,), name="a"), ff.Input((2,), name="b")
    model, x = ff.Model([a, b], a - 2.0 * b), np.ones((1, 2), np.float32)
    assert model(UserDict(a=x, b=x)).tolist() == model.predict(UserDict(b=x, a=x)).tolist() == [[-1.0, -1.0]]

    class Own(ff.Model):
        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"^own: it is not known yet what the inputs are called\. Give tensors in"):
        Own()({"a": x})


@pytest.mark.parametrize("seed", ["a", -1, 2**70, 1.5])
def test_the_seed_of_a_model_is_checked_when_it_is_set(seed):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    with pytest.raises(ValueError, match=rf"^seed {re.escape(repr(seed))} must be an int from 0 to 2\*\*63 - 1\.$"):
        model.seed = seed


@registered(LAYERS)
@dataclass
class Doubled(ff.layers.Layer):
    """A dataclass as the documentation writes it: layers with equal fields are equal, and have no hash."""

    factor: float = 2.0

    def build(self, shape):
        self.scale = self.add_weight("scale", (1,), "ones")

    def call(self, x, training):
        return x * self.scale * self.factor


def test_a_layer_without_a_hash_is_saved_copied_and_nested(tmp_path):
    inner = ff.Sequential([ff.Input((2,)), Doubled(), Doubled()])
    start = ff.Input((2,))
    model = ff.Model(start, ff.layers.Dense(1)(inner(start)))
    model.compile("sgd", "mean_squared_error")
    x = np.ones((3, 2), np.float32)
    model.fit(x, x[:, :1], verbose=0)
    model.trainable = False
    model.trainable = True
    model.save(tmp_path / "m.ff")
    others = ff.load(tmp_path / "m.ff"), copy.deepcopy(model)
    for each in (model, *others):
        each.fit(x, x[:, :1], verbose=0)
    for other in others:
        np.testing.assert_array_equal(other.predict(x), model.predict(x))


@pytest.mark.parametrize("name", ["input", "output"])
def test_a_model_that_was_called_on_no_input_says_why_it_has_none(name):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    with pytest.raises(AttributeError, match=rf"^layer 'sequential' has no {name}: it was called on no Input yet\."):
        getattr(model, name)
