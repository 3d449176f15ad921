"""Oracle (a): a loss whose course over learning rates is worked by hand; (e) the model is as it was."""

import math
import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import NotFiniteError
from feedforward.training.rates import Rates

L = ff.layers


def line(optimizer="sgd"):
    model = ff.Sequential([ff.Input((1,)), L.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(optimizer, "mean_squared_error")
    return model


def test_losses_are_those_of_steps_worked_by_hand():
    # x = 1, y = 0, w = 1: the loss is w^2, the step w (1 - 2 r). Rates 0.01, 0.1, 1: the losses are 1, 0.98^2 and
    # (0.98 * 0.8)^2.
    found = line().lr_find([[1.0]], [0.0], batch_size=1, lowest=0.01, highest=1.0, steps=3)
    np.testing.assert_allclose(found.rates, [0.01, 0.1, 1.0], rtol=1e-12)
    np.testing.assert_allclose(found.losses, [1.0, 0.98**2, (0.98 * 0.8) ** 2], rtol=1e-6)  # float32


def test_the_suggestion_is_where_the_smoothed_loss_is_half_way_down():
    # Smoothed: s1 = 4; s2 = (0.9 * 0.4 + 0.1 * 4) / 0.19 = 4; s3 = (0.81 * 0.4 + 0.09 * 4 + 0.1 * 1) / 0.271 = 2.893;
    # the level is their median, 4, half way down 3.45, and 1.0 the last rate above that.
    found = Rates(np.array([0.1, 1.0, 10.0, 100.0]), np.array([4.0, 4.0, 1.0, 20.0]))
    np.testing.assert_allclose(found.smoothed[:3], [4.0, 4.0, 0.784 / 0.271], rtol=1e-12)
    assert found.suggestion == 1.0
    assert math.isnan(Rates(np.array([0.1, 1.0]), np.array([1.0, 2.0])).suggestion)


def test_it_ends_where_the_loss_explodes_and_changes_nothing():
    ff.set_seed(1)
    model = line(ff.optimizers.Adam(0.001))
    model.fit([[1.0], [2.0]], [1.0, 3.0], verbose=0)
    before = [*model.get_weights(), *(variable.numpy() for variable in model.optimizer.variables)]
    found = model.lr_find([[1.0], [2.0]], [1.0, 3.0], highest=1e6, steps=200)
    assert len(found.rates) < 200
    assert np.isfinite(found.losses).all()
    after = [*model.get_weights(), *(variable.numpy() for variable in model.optimizer.variables)]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer.learning_rate == 0.001


def test_its_suggestion_trains():
    (x, y), _ = ff.datasets.digits()
    x = x.reshape(len(x), -1) / np.float32(16)
    ff.set_seed(2)
    model = ff.Sequential([ff.Input((64,)), L.Dense(32, "relu"), L.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    rate = model.lr_find(x, y).suggestion
    assert 1e-3 < rate < 2
    model.optimizer.learning_rate = rate
    assert model.fit(x, y, epochs=5, verbose=0).history["loss"][-1] < 0.4


def test_a_schedule_gives_way_to_the_test():
    model = line(ff.optimizers.SGD(ff.optimizers.schedules.CosineDecay(0.1, 100)))
    assert len(model.lr_find([[1.0]], [0.0], steps=4).rates) == 4


def test_a_picture_shows_rates_losses_and_the_suggestion():
    found = Rates(np.array([0.1, 1.0, 10.0, 100.0]), np.array([4.0, 4.0, 1.0, 20.0]))
    (axis,) = found.plot().axes
    np.testing.assert_array_equal(axis.lines[0].get_ydata(), found.losses)
    np.testing.assert_array_equal(axis.lines[1].get_ydata(), found.smoothed)
    assert axis.lines[2].get_xdata()[0] == 1.0
    assert axis.get_xscale() == "log"


def test_a_loss_that_is_not_finite_before_any_step_is_named():
    with pytest.raises(
        NotFiniteError, match=r"^lr_find: the loss of the first batch is inf, before any step\. Expected"
    ):
        line().lr_find([[3e38]], [-3e38])


def test_steps_that_need_a_snapshot_are_refused():
    with pytest.raises(TypeError, match=r"^lr_find: SVRG needs gradients at its snapshot, too.* Compile the model"):
        line(ff.optimizers.SVRG(0.1)).lr_find([[1.0]], [0.0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0.0}, "lr_find: lowest=0.0, highest=10.0. Expected numbers 0 < lowest < highest."),
        ({"lowest": 2.0, "highest": 1.0}, "lr_find: lowest=2.0, highest=1.0. Expected numbers"),
        ({"highest": float("nan")}, "lr_find: lowest=1e-07, highest=nan. Expected numbers"),
        (
            {"highest": 1e39},
            "lr_find: lowest=1e-07, highest=1e+39. Expected numbers 0 < lowest < highest. Give such as float32",
        ),
        ({"steps": 1}, "lr_find(steps=1): steps must be an int >= 2"),
        ({"batch_size": 0}, "lr_find(batch_size=0): batch_size must be an int >= 1"),
    ],
)
def test_a_mistake_is_named_by_the_method(settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        line().lr_find([[1.0]], [0.0], **settings)
