"""Oracle: averages worked by hand, formulas in float64 NumPy, and identities: saved then resumed = never stopped.

What Keras gives stands in ``test_optimizer_peers.py``.
"""

import copy
import pickle

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.nn.optimizers import SGD, Adam, Optimizer
from feedforward.training.callbacks import Callback

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
Y = X[:, :2] @ np.float32([[1, 2], [0, -1]])


def make(optimizer, seed=1):
    ff.set_seed(seed)
    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(4, activation="tanh"), ff.layers.Dense(2)])
    model.compile(optimizer, "mean_squared_error")
    return model


def fit(model, epochs, initial_epoch=0, **more):
    return model.fit(X, Y, epochs=epochs, initial_epoch=initial_epoch, batch_size=4, verbose=0, **more)


class Note(Callback):
    """Keeps the weights after each step, and those at the end of training."""

    def on_train_begin(self, logs=None):
        self.path, self.final = [], None

    def on_train_batch_end(self, batch, logs):
        self.path.append([weight.numpy() for weight in self.model.weights])

    def on_train_end(self, logs):
        self.final = [weight.numpy() for weight in self.model.weights]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_averages_by_hand():
    # w goes from 0 to 1, 3, 0. m = 1/2: 1, 1/2 + 3/2 = 2, 1. Mean: 1, 2, 4/3. Two overwritings: at 2 w = a = 2, then
    # w = -1 and a = 2 / 2 - 1 / 2 = 1/2.
    for momentum, every, averages, end in [
        (0.5, None, [1, 2, 1], 0),
        (None, None, [1, 2, 4 / 3], 0),
        (0.0, None, [1, 3, 0], 0),
        (1.0, None, [1, 1, 1], 0),
        (0.5, 2, [1, 2, 0.5], -1),
    ]:
        w = ff.Variable(np.float64(0))
        optimizer = SGD(1.0, use_ema=True, ema_momentum=momentum, ema_overwrite_frequency=every)
        got = []
        for gradient in (-1.0, -2.0, 3.0):
            optimizer.apply_gradients([(ff.Tensor(gradient), w)])
            got.append(float(optimizer.variables[-1]))
        np.testing.assert_allclose(got, averages, rtol=4 * 2**-53)
        assert float(w) == end
        optimizer.finalize_variable_values([w])
        assert float(w) == got[-1]


def test_a_parameter_without_a_gradient_counts_with_the_value_that_it_has():
    v, w = ff.Variable(np.float64(8)), ff.Variable(np.float64(8))
    optimizer = SGD(1.0, use_ema=True, ema_momentum=None)
    for step in range(4):
        optimizer.apply_gradients([(ff.Tensor(1.0), v), (ff.Tensor(1.0) if step == 1 else None, w)])
    optimizer.finalize_variable_values([v, w])
    assert (float(v), float(w)) == ((7 + 6 + 5 + 4) / 4, (8 + 7 + 7 + 7) / 4)


@pytest.mark.parametrize("backend", [Native, Interpreter])
@pytest.mark.parametrize("momentum", [0.9, None])
def test_the_weights_after_fit_are_the_averages_of_those_of_its_steps(backend, momentum, monkeypatch):
    monkeypatch.setattr(execution, "_backend", backend())
    model, note = make(Adam(0.01, use_ema=True, ema_momentum=momentum)), Note()
    fit(model, 2, callbacks=[note])
    assert len(note.path) == 10
    for place, weight in enumerate(model.weights):
        path = np.array([weights[place] for weights in note.path], np.float64)
        mean = path[0]
        for t, w in enumerate(path[1:], 2):
            share = 1 / t if momentum is None else 1 - momentum
            mean = mean + (w - mean) * share
        np.testing.assert_allclose(weight.numpy(), mean, rtol=0, atol=40 * 2**-24)  # ten steps of weights up to 1
        assert not np.array_equal(weight.numpy(), path[-1])
    assert same(note.final, [weight.numpy() for weight in model.weights])  # callbacks are told afterwards


def test_averages_change_nothing_of_the_training():
    plain, averaged = Note(), Note()
    fit(make(Adam(0.01)), 2, callbacks=[plain])
    model = make(Adam(0.01, use_ema=True))
    history = fit(model, 2, callbacks=[averaged], validation_data=(X, Y))
    assert all(same(a, b) for a, b in zip(plain.path, averaged.path, strict=True))
    # What is measured while it trains are the weights, what is measured afterwards the averages.
    weights = model.get_weights()
    model.set_weights(averaged.path[-1])
    assert model.evaluate(X, Y, batch_size=4, verbose=0) == history.history["val_loss"][-1]
    model.set_weights(weights)
    assert model.evaluate(X, Y, verbose=0) != history.history["val_loss"][-1]


def test_a_model_saved_within_fit_goes_on_with_the_same_bits(tmp_path):
    class Save(Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 0:
                self.model.save(tmp_path / "m.ff")

    whole = make(Adam(0.01, use_ema=True, ema_overwrite_frequency=4))
    fit(whole, 3, callbacks=[Save()])
    resumed = ff.load(tmp_path / "m.ff")
    assert resumed.optimizer.use_ema and len(resumed.optimizer.variables) == len(whole.optimizer.variables)
    assert any(variable.name.startswith("average/") for variable in resumed.optimizer.variables)
    fit(resumed, 3, 1)
    for one, other in zip(
        whole.weights + whole.optimizer.variables, resumed.weights + resumed.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_averages_of_its_own_and_goes_on_with_the_same_bits(copied):
    model = make(SGD(0.1, use_ema=True, ema_momentum=None))
    fit(model, 1)
    other = copied(model)
    fit(other, 2, 1)
    before = [variable.numpy() for variable in model.optimizer.variables]
    fit(model, 2, 1)
    assert not same(before, [variable.numpy() for variable in model.optimizer.variables])
    assert same(model.get_weights(), other.get_weights())


def test_a_fit_without_a_step_puts_no_averages_in_place():
    model = make(SGD(0.1, use_ema=True))
    fit(model, 1)
    given = [np.zeros_like(weight) for weight in model.get_weights()]
    model.set_weights(given)
    fit(model, 1, 1)
    assert same(model.get_weights(), given)


def test_an_interrupted_fit_leaves_the_weights_which_can_be_averaged_by_hand():
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs):
            raise KeyboardInterrupt

    model, note = make(SGD(0.1, use_ema=True)), Note()
    with pytest.raises(KeyboardInterrupt):
        fit(model, 2, callbacks=[note, Stop()])
    assert same(model.get_weights(), note.path[-1])
    model.optimizer.finalize_variable_values(model.trainable_weights)
    assert not same(model.get_weights(), note.path[-1])


def test_a_frozen_layer_keeps_its_weights():
    model = make(SGD(0.1, use_ema=True, ema_overwrite_frequency=1))
    fit(model, 1)
    model.layers[0].trainable = False
    given = [weight + 1 for weight in model.layers[0].get_weights()]
    model.layers[0].set_weights(given)
    fit(model, 2, 1)
    assert same(model.layers[0].get_weights(), given)


def test_what_cannot_be_averaged_is_said():
    with pytest.raises(ValueError, match=r"SGD\(ema_momentum=0.9\): there is no average that it is for. Give use_ema"):
        SGD(ema_momentum=0.9)
    with pytest.raises(ValueError, match=r"SGD\(ema_overwrite_frequency=3\): there is no average that it is for."):
        SGD(ema_overwrite_frequency=3)
    with pytest.raises(
        ValueError, match=r"SGD\(ema_momentum=1.5\): ema_momentum must be a number from 0 to 1. Got 1.5."
    ):
        SGD(use_ema=True, ema_momentum=1.5)
    for value in (0, 2.5, True):
        with pytest.raises(ValueError, match=r"ema_overwrite_frequency must be an int >= 1. Got"):
            SGD(use_ema=True, ema_overwrite_frequency=value)
    with pytest.raises(ValueError, match=r"SGD\(use_ema=1\): use_ema must be True or False. Got 1."):
        SGD(use_ema=1)
    w = ff.Variable(1.0, name="w")
    with pytest.raises(ValueError, match=r"values: there is no average of w. Make the optimizer with use_ema=True."):
        SGD().finalize_variable_values([w])
    optimizer = SGD(use_ema=True)
    with pytest.raises(ValueError, match=r"there is no average of w. Take a step first."):
        optimizer.finalize_variable_values([w])
    optimizer.build([ff.Variable(1.0)])
    with pytest.raises(ValueError, match=r"there is no average of w. Give parameters that it trains."):
        optimizer.finalize_variable_values([w])

    class Own(Optimizer):
        def slots(self, parameter):
            return {"average": 0.0}

    with pytest.raises(
        ValueError, match=r"Own\(use_ema=True\): its slots\(\) declares 'average', the name under which"
    ):
        Own(use_ema=True).build([w])
