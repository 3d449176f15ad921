"""Oracle: worked by hand: which attributes each class declares; (a) frozen layers keep their weights to the bit."""

import re

import numpy as np
import pytest

import feedforward as ff

L = ff.layers
X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
Y = X.sum(1)


def ready():
    model = ff.Sequential([ff.Input((3,)), L.Dense(4, name="first"), L.Dense(1, name="last")])
    model.compile("sgd", "mean_squared_error")
    return model


SLIPS = [
    (ff.optimizers.SGD, "lr", "SGD has no attribute 'lr'. Did you mean 'learning_rate'?"),
    (ff.optimizers.SGD, "learningrate", "SGD has no attribute 'learningrate'. Did you mean 'learning_rate'?"),
    (ff.optimizers.Adam, "beta1", "Adam has no attribute 'beta1'. Did you mean 'beta_1'?"),
    (lambda: L.Dense(3), "unit", "Dense has no attribute 'unit'. Did you mean 'units'?"),
    (lambda: L.Dense(3), "trainible", "Dense has no attribute 'trainible'. Did you mean 'trainable'?"),
    (
        lambda: L.Dropout(0.5),
        "probability",
        "Dropout has no attribute 'probability'. Known: dtype, input_dtype, is_built,",
    ),
    (
        L.Flatten,
        "anything",
        "Flatten has no attribute 'anything'. Known: data_format, dtype, input_dtype, is_built",
    ),
    (ready, "opimizer", "Sequential has no attribute 'opimizer'. Did you mean 'optimizer'?"),
    (ready, "stop_trainig", "Sequential has no attribute 'stop_trainig'. Did you mean 'stop_training'?"),
    (ready, "trainble", "Sequential has no attribute 'trainble'. Did you mean 'trainable'?"),
    (ff.callbacks.EarlyStopping, "patient", "EarlyStopping has no attribute 'patient'. Did you mean 'patience'?"),
    (ff.callbacks.History, "histroy", "History has no attribute 'histroy'. Did you mean 'history'?"),
    (ff.callbacks.Callback, "modell", "Callback has no attribute 'modell'. Did you mean 'model'?"),
    (ff.GradientTape, "persistnt", "GradientTape has no attribute 'persistnt'. Did you mean 'persistent'?"),
    # What is computed, or would be heeded by nobody.
    (ready, "loss", "Sequential.loss cannot be set. It is: What is made small, as given to `compile`."),
    (ready, "optimizer", "Sequential.optimizer cannot be set. It is: What changes the weights, as given to `compile`."),
    (ready, "metrics", "Sequential.metrics cannot be set. It is: What is measured besides, as given to `compile`."),
    (ready, "layers", "Sequential.layers cannot be set. It is: Its layers in the order of their calls"),
    (lambda: L.Dense(3), "weights", "Dense.weights cannot be set. It is: Its variables, in the order"),
    (ff.optimizers.SGD, "iterations", "SGD.iterations cannot be set. It is: How many steps were taken."),
]


@pytest.mark.parametrize(("make", "name", "message"), SLIPS, ids=[row[1] for row in SLIPS])
def test_an_attribute_that_nobody_would_heed_is_refused(make, name, message):
    with pytest.raises(AttributeError, match=rf"^{re.escape(message)}"):
        setattr(make(), name, 3)


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        (L.Dense(2), "units", 4),
        (L.Dense(2), "activation", "relu"),
        (L.Dense(2), "kernel", 4),
        (L.Dense(2), "bias", None),
        (L.Dense(2), "is_built", False),
        (L.Dropout(0.5), "rate", 0.1),
        (L.Rescaling(2.0), "scale", 1.0),
        (L.Normalization([0.0] * 3, [1.0] * 3), "mean", [1.0] * 3),
    ],
)
def test_a_built_layer_keeps_its_settings(layer, name, value):
    layer(X)
    message = f"{type(layer).__name__}.{name} cannot be changed: layer '{layer.name}' is built. Make a new layer."
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        setattr(layer, name, value)


def test_settings_of_a_layer_that_is_not_built_take_effect():
    layer = L.Dense(2, kernel_initializer="ones")
    layer.units, layer.activation, layer.name = 3, "relu", "other"
    assert layer(-np.ones((1, 2))).tolist() == [[0.0, 0.0, 0.0]]
    assert layer.weights[0].name == "other/kernel"


def test_classes_of_users_have_what_attributes_they_like(tmp_path):
    class Block(L.Layer):
        def __init__(self):
            super().__init__()
            self.dense, self.anything = L.Dense(3), 3

        def build(self, shape):
            self.is_built = True  # as programs for Keras do
            self.scale = self.add_weight("scale", (1,), "ones")

        def call(self, x, training):
            self.calls = getattr(self, "calls", 0) + 1
            return self.dense(x) * self.scale

    class Wide(L.Dense):
        def build(self, shape):
            self.units = 2 * shape[-1]
            super().build(shape)

    class Own(ff.Sequential):
        def __init__(self, layers):
            super().__init__(layers)
            self.note = "mine"

    class OfTwo(ff.Model):
        pass

    class Slow(ff.optimizers.SGD):
        def __init__(self):
            super().__init__(0.1)
            self.betas = (0.9, 0.99)

    class Loss(ff.losses.Loss):
        def __init__(self):
            self.factor = 2.0

        def per_sample(self, y_true, y_pred):
            return ff.sum(ff.square(y_pred - ff.reshape(y_true, (-1, 1))), 1) * self.factor

    class Metric(ff.metrics.Metric):
        def __init__(self):
            super().__init__(name="own")
            self.factor = 2.0

        def values(self, y_true, y_pred):
            return y_pred * self.factor

    class Note(ff.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.last = logs["own"]

    model, note = Own([ff.Input((3,)), Block(), Wide(1), L.Dense(1)]), Note()
    model.history_of_mine = [1]
    model.compile(Slow(), Loss(), [Metric()])
    model.optimizer.lr = 3  # of their own class: theirs to know
    model.fit(X, Y, verbose=0, callbacks=[note])
    note.anything = model.layers[0].calls
    assert model.layers[1].units == 6 and np.isfinite(note.last)
    other = OfTwo(x := ff.Input((2,)), L.Dense(1)(x))
    other.note = "mine"


def test_a_slip_in_a_class_of_a_user_without_attributes_of_its_own_is_theirs():
    class Plain(L.Dense):
        pass

    layer = Plain(3)
    layer.unit = 4
    assert (layer.unit, layer.units) == (4, 3)


def test_a_learning_rate_that_is_set_after_compile_takes_effect():
    # Loss (w - 1)^2 with rate 1/4 halves the distance to 1, with rate 1/2 it is 0.
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.25), "mean_squared_error")
    one = np.ones((1, 1))
    model.fit(one, one, verbose=0)
    assert model.get_weights()[0].item() == 0.5
    model.optimizer.learning_rate = 0.5
    model.fit(one, one, verbose=0)
    assert model.get_weights()[0].item() == 1.0


def test_a_model_that_is_not_trainable_has_frozen_layers_also_in_another_model():
    base = ff.Sequential([ff.Input((3,)), L.Dense(4), L.Dense(4)])
    assert base.trainable
    base.trainable = False
    assert not base.trainable and not any(layer.trainable for layer in base.layers)
    assert base.trainable_weights == []
    start = ff.Input((3,))
    model = ff.Model(start, L.Dense(1)(base(start)))
    model.compile("sgd", "mean_squared_error")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert changed == [False] * 4 + [True] * 2
    assert model.trainable  # some of it
    # The next fit heeds it without compile; and back.
    model.trainable = False
    with pytest.raises(ValueError, match=r"^fit: the network has no trainable weights\."):
        model.fit(X, Y, verbose=0)
    model.trainable = base.trainable = True
    before = base.get_weights()
    model.fit(X, Y, verbose=0)
    assert not any(np.array_equal(*pair) for pair in zip(before, base.get_weights(), strict=True))


def test_what_is_frozen_stays_so_in_a_file(tmp_path):
    model = ready()
    model.get_layer("first").trainable = False
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert [layer.trainable for layer in again.layers] == [False, True] and again.trainable


@pytest.mark.parametrize("value", [0, "no", None])
def test_trainable_is_true_or_false(value):
    for thing in (L.Dense(1), ready()):
        with pytest.raises(
            ValueError, match=rf"^{type(thing).__name__}\(trainable={value!r}\): trainable must be True or False\."
        ):
            thing.trainable = value


@pytest.mark.parametrize("name", ["a b", "a/b", "", 3])
def test_a_name_is_one_that_files_can_hold(name):
    layer = L.Dense(1)
    message = rf"^Dense\(name={re.escape(repr(name))}\): name must be a str without blanks"
    for use in (lambda: L.Dense(1, name=name), lambda: setattr(layer, "name", name)):
        with pytest.raises(ValueError, match=message):
            use()


def test_a_frozen_model_trains_no_layer_whatever_that_says():
    # As in Keras 3, whose Layer.trainable_variables is empty where trainable is False.
    model = ff.Sequential()
    model.trainable = False
    model.add(ff.Input((3,)))
    model.add(L.Dense(1))
    assert model.trainable_weights == [] and model.layers[0].trainable


def test_a_seed_that_is_set_after_training_takes_effect():
    def weights(*seeds):
        ff.set_seed(1)
        model = ff.Sequential([ff.Input((3,)), L.Dropout(0.5), L.Dense(1)])
        model.compile(ff.optimizers.SGD(0.1), "mean_squared_error")
        for seed in seeds:
            model.seed = seed
            model.fit(X, Y, shuffle=False, verbose=0)
        return model.get_weights()[0].tolist()

    assert weights(1, 2) != weights(1, 1)


def test_an_optimizer_counts_its_steps_from_the_beginning():
    optimizer = ff.optimizers.SGD()
    assert optimizer.iterations.numpy() == 0
    optimizer.build([ff.Variable(1.0)])
    assert optimizer.iterations.numpy() == 0
