"""Oracles: the formula of SVRG's paper in float64 NumPy, and identities: saved, then resumed = never stopped.

The formula: s := w at the beginning of every m-th epoch, G := mean gradient of all samples at s; for each batch
w := w - r (g(w) - g(s) + G).
"""

import copy

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.nn.optimizers import SGD, SVRG
from feedforward.training.callbacks import Callback

_random = np.random.default_rng(3)
X = _random.normal(size=(22, 3))
Y = X @ [[1.0, 2], [0, -1], [0.5, 0]] + _random.normal(size=(22, 2))


def make(optimizer, dtype="float64", hidden=()):
    ff.set_seed(1)
    x = ff.Input((3,), dtype=dtype)
    h = x
    for layer in hidden:
        h = layer(h)
    model = ff.Model(x, ff.layers.Dense(2, kernel_initializer="zeros")(h))
    model.compile(optimizer, "mean_squared_error")
    return model


def fit(model, epochs, initial_epoch=0, shuffle=False, **more):
    dtype = model.network.inputs[0].dtype
    return model.fit(
        X.astype(dtype),
        Y.astype(dtype),
        epochs=epochs,
        initial_epoch=initial_epoch,
        batch_size=4,
        shuffle=shuffle,
        verbose=0,
        **more,
    )


def slopes(w, b, x, y, weight=None):
    """Return the gradients of the mean squared error of x w + b, each sample's weighed, by hand."""
    error = 2 * (x @ w + b - y) / (2 * len(x)) * (1 if weight is None else weight[:, None])
    return [x.T @ error, error.sum(0)]


def reference(rate, epochs, every=1, momentum=0.0, weight=None):
    w, b = np.zeros((3, 2)), np.zeros(2)
    velocity = [0 * w, 0 * b]
    for epoch in range(epochs):
        if epoch % every == 0:
            s = w, b
            whole = slopes(*s, X, Y, weight)
        for start in range(0, len(X), 4):
            x, y = X[start : start + 4], Y[start : start + 4]
            part = None if weight is None else weight[start : start + 4]
            steps = [
                now - then + full
                for now, then, full in zip(slopes(w, b, x, y, part), slopes(*s, x, y, part), whole, strict=True)
            ]
            velocity = [momentum * v - rate * step for v, step in zip(velocity, steps, strict=True)]
            w, b = w + velocity[0], b + velocity[1]
    return w, b


@pytest.mark.parametrize("backend", [Native, Interpreter])
@pytest.mark.parametrize(("every", "momentum"), [(1, 0.0), (2, 0.0), (1, 0.9)])
def test_weights_are_those_of_the_formula(backend, every, momentum, monkeypatch):
    monkeypatch.setattr(execution, "_backend", backend())
    model = make(SVRG(0.05, momentum=momentum, snapshot_epochs=every))
    fit(model, 5)
    # Thirty steps, each with sums of 22 terms: some hundred roundings of numbers up to 4.
    for got, expected in zip(model.get_weights(), reference(0.05, 5, every, momentum), strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1000 * 2**-53)


def test_samples_count_by_their_weights_in_the_full_gradient():
    weight = np.linspace(0.0, 2.0, len(X)).astype(np.float32)
    model = make(SVRG(0.05))
    fit(model, 3, sample_weight=weight)
    for got, expected in zip(model.get_weights(), reference(0.05, 3, weight=weight.astype(np.float64)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1000 * 2**-53)


def test_one_batch_of_all_samples_is_gradient_descent():
    """Identity: g(s) = G(s), so that the step is g(w)."""
    ours, plain = make(SVRG(0.1)), make(SGD(0.1))
    for model in (ours, plain):
        model.fit(X, Y, epochs=4, batch_size=22, shuffle=False, verbose=0)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=100 * 2**-53)


def test_a_rate_that_does_not_fall_leads_to_the_minimum_which_it_does_not_without():
    best = np.linalg.lstsq(np.column_stack([X, np.ones(22)]), Y, rcond=None)[0]
    distances = []
    for optimizer in (SVRG(0.1), SGD(0.1)):
        model = make(optimizer)
        fit(model, 100, shuffle=True)
        distances.append(np.abs(np.vstack(model.get_weights()) - best).max())
    assert distances[0] < 1e-9 and distances[1] > 1e-3


@pytest.mark.parametrize("every", [1, 2])
def test_a_model_saved_after_an_epoch_goes_on_with_the_same_bits(every, tmp_path):
    hidden = [ff.layers.Dense(4, activation="tanh"), ff.layers.Dropout(0.25)]
    whole = make(SVRG(0.05, momentum=0.5, snapshot_epochs=every), "float32", hidden)
    fit(whole, 1, shuffle=True)
    whole.save(tmp_path / "m.ff")
    resumed, copied = ff.load(tmp_path / "m.ff"), copy.deepcopy(whole)
    for model in (whole, resumed, copied):
        fit(model, 4, 1, shuffle=True)
    for other in (resumed, copied):
        for one, two in zip(
            whole.weights + whole.optimizer.variables, other.weights + other.optimizer.variables, strict=True
        ):
            np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_other_data_in_the_next_fit_have_a_full_gradient_of_their_own():
    """Identity: one batch of all samples is gradient descent, also where a snapshot is kept for three epochs."""
    ours, plain = make(SVRG(0.1, snapshot_epochs=3)), make(SGD(0.1))
    for model in (ours, plain):
        for epoch, part in enumerate((slice(0, 22), slice(0, 9), slice(5, 22))):
            more = {"epochs": epoch + 1, "initial_epoch": epoch, "batch_size": 22, "shuffle": False, "verbose": 0}
            model.fit(X[part], Y[part], **more)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=100 * 2**-53)


def test_several_inputs_and_outputs_and_parts_of_the_data_as_epochs():
    """Identity: with batches of all samples it is gradient descent; an epoch of one batch of four has G of all."""
    found = []
    for optimizer in (SVRG(0.1), SGD(0.1)):
        ff.set_seed(2)
        one, two = ff.Input((3,), dtype="float64", name="one"), ff.Input((2,), dtype="float64", name="two")
        inner = ff.Sequential([ff.Input((3,), dtype="float64"), ff.layers.Dense(2, activation="tanh")])
        outputs = [ff.layers.Dense(2, name="a")(inner(one)), ff.layers.Dense(1, name="b")(inner(one) * two)]
        model = ff.Model([one, two], outputs)
        model.compile(optimizer, ["mean_squared_error", "mean_absolute_error"], loss_weights=[1.0, 0.5])
        model.fit([X, Y], [Y, X[:, :1]], epochs=3, batch_size=22, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for ours, plain in zip(*found, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=0, atol=100 * 2**-53)
    model = make(SVRG(0.1))
    model.fit(X, Y, epochs=1, batch_size=4, steps_per_epoch=1, shuffle=False, verbose=0)
    expected = [-0.1 * slope for slope in slopes(np.zeros((3, 2)), np.zeros(2), X, Y)]  # g(w) = g(s) in the first step
    for got, step in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, step, rtol=0, atol=100 * 2**-53)


def test_native_code_and_the_interpreter_give_the_same_weights(monkeypatch):
    found = []
    for backend in (Native, Interpreter):
        monkeypatch.setattr(execution, "_backend", backend())
        model = make(SVRG(0.05), "float32", [ff.layers.Dense(4, activation="tanh"), ff.layers.Dropout(0.25)])
        fit(model, 3, shuffle=True)
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=200 * 2**-24)  # sums in another order, eighteen steps


def test_a_frozen_layer_stays_and_goes_on_when_it_is_trained_again():
    model = make(SVRG(0.05, snapshot_epochs=3), hidden=[ff.layers.Dense(3)])
    model.layers[1].trainable = False
    frozen = model.layers[1].get_weights()
    fit(model, 1)
    for one, other in zip(frozen, model.layers[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.layers[1].trainable = True
    fit(model, 2, 1)
    assert not np.array_equal(frozen[0], model.layers[1].get_weights()[0])
    assert np.isfinite(model.get_weights()[0]).all()


def test_averages_and_clipping_act_on_its_steps():
    model = make(SVRG(0.05, use_ema=True, ema_momentum=None, clipnorm=1e-3))
    before = model.get_weights()
    fit(model, 1)
    moved = model.get_weights()[0] - before[0]
    assert 0 < np.linalg.norm(moved) <= 0.05 * 1e-3 * 6


def test_data_whose_loss_is_not_finite_are_named_in_the_snapshot():
    y = Y.copy()
    y[7] = 1e200  # whose square no float64 holds
    model = make(SVRG(0.05))
    with pytest.raises(ff.errors.NotFiniteError, match=r"^the loss became NaN or infinite in batch 1 of the snapshot"):
        model.fit(X, y, epochs=1, batch_size=4, verbose=0)


def test_samples_that_are_drawn_again_count_as_often_in_the_full_gradient():
    """Identity: in one batch of all that were drawn g(s) = G(s), so that the step is g(w) of these."""
    sampler = ff.sampling.Weighted(np.arange(22.0))
    ours, plain = make(SVRG(0.1, snapshot_epochs=2)), make(SGD(0.1))
    for model in (ours, plain):
        model.fit(X, Y, epochs=1, batch_size=22, sampler=sampler, verbose=0)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=100 * 2**-53)


def test_a_step_on_a_batch_is_refused_since_it_knows_no_full_gradient():
    model = make(SVRG(0.1))
    before = model.get_weights()
    for _ in range(2):
        with pytest.raises(
            TypeError, match=r"^train_on_batch: SVRG needs gradients at its snapshot, too, which only f"
        ):
            model.train_on_batch(X, Y)
        assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))
        for ask in (model.lr_find, model.diagnose):
            with pytest.raises(TypeError, match=rf"^{ask.__name__}: SVRG needs gradients at its snapshot"):
                ask(X, Y)
        fit(model, 1)  # a snapshot that is there is of other weights
        before = model.get_weights()
    assert np.isfinite(model.test_on_batch(X, Y))


def test_interrupted_while_a_snapshot_is_taken_it_begins_anew(monkeypatch):
    from feedforward.training import phases

    whole, model = make(SVRG(0.05)), make(SVRG(0.05))

    def stopped(self, *given, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(phases.Loop, "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            fit(model, 2)
    for each in (model, whole):
        fit(each, 2)
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_user_who_sets_weights_in_an_epoch_s_beginning_is_heeded():
    class Shift(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.set_weights([np.full((3, 2), 5.0), np.zeros(2)])

    model = make(SVRG(0.0))
    fit(model, 1, callbacks=[Shift()])
    assert (model.get_weights()[0] == 5).all()


# wrong use


def test_a_loop_of_one_s_own_is_told_what_to_do():
    w = ff.Variable(1.0)
    with pytest.raises(
        TypeError, match=r"SVRG.apply_gradients: gradients at the snapshot are needed, too.*give SGD the"
    ):
        SVRG(0.1).apply_gradients([(ff.Tensor(1.0), w)])


def test_what_yields_batches_cannot_be_gone_over_before():
    model = make(SVRG(0.1))
    with pytest.raises(ValueError, match=r"fit: SVRG goes over all data before .* yields batches. Give arrays."):
        model.fit(lambda: iter([(X, Y)]), epochs=1, steps_per_epoch=1, verbose=0)


def test_a_layer_that_changes_variables_of_its_own_is_refused():
    class Counts(ff.layers.Layer):
        def build(self, shape):
            self.count = self.add_weight("count", (), "zeros", trainable=False)

        def call(self, x, training=False):
            if training:
                self.count.assign(self.count + 1.0)
            return x

    model = make(SVRG(0.1), hidden=[Counts()])
    with pytest.raises(
        TypeError, match=r"SVRG runs the network twice in a step, where a layer changes counts/count each time"
    ):
        fit(model, 1)
    model = make(SGD(0.1), hidden=[Counts()])
    fit(model, 1)


@pytest.mark.parametrize("value", [0, 1.5, None, True])
def test_a_wrong_number_of_epochs_is_refused(value):
    with pytest.raises(ValueError, match=r"SVRG\(snapshot_epochs=.*\): snapshot_epochs must be an int >= 1. Got"):
        SVRG(snapshot_epochs=value)
