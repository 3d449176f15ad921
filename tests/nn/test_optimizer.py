"""Oracles: steps by hand, formulas in float64 NumPy, values recorded from Keras and PyTorch, and identities.

KERAS was recorded with keras 3.15.1 on torch 2.13.0 in float64, as in ``test_optimizers.py``; TORCH with torch 2.13.0
in float64: ``torch.optim.AdamW([v], 0.1, eps=1e-7, weight_decay=0.3)``, and
``torch.nn.utils.clip_grad_norm_([v], 1.5)`` before each step of ``torch.optim.SGD([v], 0.1)``.
"""

import copy
import math
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.nn.config import from_config, to_config
from feedforward.nn.optimizers import OPTIMIZERS, SGD, Adam, Nadam, Optimizer, RMSprop
from feedforward.nn.schedules import CosineDecay, ExponentialDecay
from feedforward.tensor import Tensor, Variable

START = np.array([1, -2, 0.5])
GRADIENTS = np.float32([[0.1, -2, 3e-4], [0.5, -1, 0], [-0.3, 4, -2e-4], [0.2, 0.1, 1e-4], [1, -1, 5e-4]])

KERAS = [
    (lambda: SGD(0.1, weight_decay=0.3), [0.7130744483006387, -1.7352021895445413, 0.4292995720618333]),
    (lambda: Adam(0.1, weight_decay=0.3), [0.5680211882512033, -1.5842626214963467, 0.19905688983253825]),
    (lambda: RMSprop(0.1, clipvalue=0.25), [0.2727984242232403, -1.5518603824903439, 0.3030309620981403]),
    (lambda: SGD(0.1, clipnorm=1.5), [0.8337278493732447, -1.8097670397573746, 0.4999250070631359]),
    (
        lambda: SGD(0.1, momentum=0.9, clipnorm=1.0, weight_decay=0.1),
        [0.6912232344062088, -1.4148621029513235, 0.47539412918454316],
    ),
    (lambda: SGD(ExponentialDecay(0.1, 2, 0.5)), [0.9375735934704749, -1.9078248558399615, 0.4999639644639121]),
    (
        lambda: Adam(CosineDecay(0.1, 4), weight_decay=0.2),
        [0.7632733508128349, -1.7390725002780492, 0.31664385442995285],
    ),
]


def walk(optimizer, start=START, gradients=GRADIENTS):
    """Return the weights after steps of ours in float64."""
    w = Variable(start)
    for g in gradients.astype(np.float64):
        optimizer.apply_gradients([(Tensor(g), w)])
    return w.numpy()


@pytest.mark.parametrize(("make", "expected"), KERAS)
def test_weights_after_five_steps_are_those_of_keras(make, expected):
    # Keras on torch rounds some of its settings to float32: 6e-8 of steps of up to 0.1, six times.
    np.testing.assert_allclose(walk(make()), expected, rtol=0, atol=1e-7 if "Adam" not in repr(make()) else 5e-6)


def test_the_norm_of_all_gradients_is_that_of_keras():
    optimizer, v, w = SGD(0.1, global_clipnorm=1.5), Variable(START), Variable(np.float64([3.0]))
    for g in GRADIENTS.astype(np.float64):
        optimizer.apply_gradients([(Tensor(g), v), (Tensor(g[1:2] * 0.5), w)])
    expected = [0.8333382418762317, -1.809833113104105, 0.49992658864352324, 3.0950834434479475]
    np.testing.assert_allclose([*v.numpy(), *w.numpy()], expected, rtol=0, atol=1e-7)


def test_decay_and_clipping_are_those_of_torch():
    adamw = [0.5680175603556508, -1.5842623971357785, 0.19707450610804472]
    # PyTorch adds e to the corrected root, which matters to the third, whose gradients are as small as 1e-4.
    np.testing.assert_allclose(walk(Adam(0.1, weight_decay=0.3, epsilon=1e-7))[:2], adamw[:2], rtol=0, atol=5e-6)
    # There c / (norm + 1e-6) is the factor: 1e-6 of steps of up to 0.15, in three of them.
    clipped = [0.8337278507425804, -1.8097670847908818, 0.49992500707342036]
    np.testing.assert_allclose(walk(SGD(0.1, clipnorm=1.5)), clipped, rtol=0, atol=5e-7)


# clipping


def after_one(optimizer, gradient, start=None):
    w = Variable(np.zeros_like(gradient) if start is None else start)
    optimizer.apply_gradients([(Tensor(gradient), w)])
    return w.tolist()


def test_clipping_by_hand():
    g = np.float64([3.0, -4.0])  # of norm 5
    assert after_one(SGD(1.0, clipnorm=2.5), g) == [-1.5, 2.0]
    assert after_one(SGD(1.0, global_clipnorm=2.5), g) == [-1.5, 2.0]
    assert after_one(SGD(1.0, clipvalue=3.5), g) == [-3.0, 3.5]
    assert after_one(SGD(1.0, clipnorm=1.0), np.float64(-3.0)) == 1.0


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_a_gradient_within_the_limit_keeps_its_bits(setting):
    g = np.float32([0.1, 0.2, -0.3])
    plain, clipped = SGD(0.3), SGD(0.3, **{setting: 0.4})
    assert after_one(clipped, g) == after_one(plain, g)
    assert after_one(SGD(0.3, **{setting: 0.4}), np.zeros(3, np.float32)) == [0, 0, 0]


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm"])
def test_a_norm_whose_square_is_no_float32_is_clipped_all_the_same(setting):
    g = np.float32([3e30, 4e30])
    np.testing.assert_allclose(after_one(SGD(1.0, **{setting: 5.0}), g), [-3, -4], rtol=4 * 2**-24)
    tiny = np.float32([3e-30, 4e-30])
    got = after_one(SGD(1.0, **{setting: 5e-32}), tiny)
    np.testing.assert_allclose(got, [-3e-32, -4e-32], rtol=4 * 2**-24)


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_not_hidden_by_clipping(setting, bad):
    assert np.isnan(after_one(SGD(1.0, **{setting: 1.0}), np.float64([bad, 1.0]))).any()
    assert np.isnan(after_one(SGD(1.0, clipvalue=1.0), np.float64([math.nan, 1.0]))[0])


def test_a_variable_without_a_gradient_does_not_count_in_the_norm():
    v, w = Variable(np.float64(0.0)), Variable(np.float64(0.0))
    SGD(1.0, global_clipnorm=1.0).apply_gradients([(Tensor(np.float64(2.0)), v), (None, w)])
    assert (float(v), float(w)) == (-1.0, 0.0)


# decay and factors


def test_decay_by_hand_is_of_the_weight_before_the_step_and_not_scaled_by_the_optimizer():
    # 2 - 0.5 * 0.25 * 2 = 1.75, then - 0.5 * 1.
    assert after_one(SGD(0.5, weight_decay=0.25), np.float64([1.0]), np.float64([2.0])) == [1.25]
    # Adam's first step is r, whatever the gradient: 1.75 - 0.5.
    got = after_one(Adam(0.5, weight_decay=0.25, epsilon=1e-30), np.float64([1.0]), np.float64([2.0]))
    np.testing.assert_allclose(got, [1.25], rtol=16 * 2**-53)
    assert after_one(SGD(0.5, weight_decay=0.0), np.float64([1.0]), np.float64([2.0])) == [1.5]


def test_decay_may_be_a_variable_or_a_schedule():
    for decay in (Variable(0.25), ExponentialDecay(0.25, 1, 0.5)):
        assert after_one(SGD(0.5, weight_decay=decay), np.float64([1.0]), np.float64([2.0])) == [1.25]
    w, decay = Variable(np.float64(2.0)), Variable(0.25)
    optimizer = SGD(0.5, weight_decay=decay)
    optimizer.apply_gradients([(Tensor(np.float64(0.0)), w)])
    decay.assign(0.5)
    optimizer.apply_gradients([(Tensor(np.float64(0.0)), w)])
    assert float(w) == 1.75 * 0.75


def named(*names):
    return [Variable(np.float64([2.0]), name=name) for name in names]


def test_factors_by_hand_go_by_the_first_pattern_that_fits_the_name():
    kernel, bias, scale = named("dense/kernel", "dense/bias", "scale/bias")
    optimizer = SGD(
        0.5,
        weight_decay=0.25,
        learning_rate_factors={"scale/*": 4.0, "*/bias": 0.5},
        weight_decay_factors={"*/bias": 0.0},
    )
    optimizer.apply_gradients([(Tensor(np.float64([1.0])), each) for each in (kernel, bias, scale)])
    # 2 - 0.5 * 0.25 * 2 - 0.5; 2 - 0.25; 2 - 2.
    assert [each.item() for each in (kernel, bias, scale)] == [1.25, 1.75, 0.0]
    (both,) = named("scale/w")
    optimizer = SGD(0.5, weight_decay=0.25, learning_rate_factors={"*": 2.0}, weight_decay_factors={"*": 0.5})
    optimizer.apply_gradients([(Tensor(np.float64([0.0])), both)])
    assert both.item() == 2 - (0.5 * 2) * (0.25 * 0.5) * 2


@pytest.mark.parametrize("kind", [SGD, Adam, RMSprop, Nadam])
def test_a_factor_is_a_learning_rate_of_its_own(kind):
    one, other = named("a", "b")
    optimizer = kind(0.1, learning_rate_factors={"b": 0.5})
    (same,) = named("c")
    half = kind(0.05)
    for g in (1.0, -0.3, 2.0):
        gradient = Tensor(np.float64([g]))
        optimizer.apply_gradients([(gradient, one), (gradient, other)])
        half.apply_gradients([(gradient, same)])
    np.testing.assert_allclose(other.numpy(), same.numpy(), rtol=16 * 2**-53)
    assert abs(one.item() - other.item()) > 0.01


def test_a_factor_of_zero_leaves_a_weight_as_it_is():
    one, other = named("a", "b")
    optimizer = Adam(0.1, weight_decay=0.1, learning_rate_factors={"b": 0})
    optimizer.apply_gradients([(Tensor(np.float64([1.0])), each) for each in (one, other)])
    assert (one.item() != 2, other.item()) == (True, 2.0)


def test_the_factors_of_a_model_are_used_saved_and_loaded(tmp_path):
    x = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)

    def ready():
        ff.set_seed(2)
        model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(4, name="hidden"), ff.layers.Dense(1, name="out")])
        optimizer = Adam(
            0.1,
            weight_decay=0.02,
            global_clipnorm=0.1,
            learning_rate_factors={"hidden/*": 0.0, "*/bias": 0.1},
            weight_decay_factors={"*/bias": 0.0},
        )
        model.compile(optimizer, "mean_squared_error")
        return model

    whole, stopped = ready(), ready()
    hidden = whole.get_weights()[:2]
    whole.fit(x, x[:, :1], batch_size=4, epochs=4, verbose=0)
    for before, after in zip(hidden, whole.get_weights(), strict=False):
        np.testing.assert_array_equal(after, before)
    stopped.fit(x, x[:, :1], batch_size=4, epochs=2, verbose=0)
    stopped.save(tmp_path / "m.ff")
    resumed = ff.load(tmp_path / "m.ff")
    assert to_config(resumed.optimizer) == to_config(whole.optimizer)
    resumed.fit(x, x[:, :1], batch_size=4, epochs=4, initial_epoch=2, verbose=0)
    for one, other in zip(resumed.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_pattern_without_effect_is_refused():
    message = (
        r"SGD\(learning_rate_factors={'\*/biass': 0.1}\): the pattern fits no parameter that those before it left. The"
    )
    with pytest.raises(ValueError, match=message + r" names are dense/bias\."):
        SGD(learning_rate_factors={"*/biass": 0.1}).build(named("dense/bias"))
    with pytest.raises(ValueError, match=r"weight_decay_factors={'\*/bias': 2}.* fits no parameter"):
        SGD(weight_decay=0.1, weight_decay_factors={"*": 0, "*/bias": 2}).build(named("dense/bias"))


# the learning rate


def test_the_learning_rate_may_be_set_at_any_time():
    optimizer, w = SGD(0.5), Variable(np.float64([1.0]))
    optimizer.apply_gradients([(Tensor([1.0]), w)])
    optimizer.learning_rate = 0.25
    optimizer.apply_gradients([(Tensor([1.0]), w)])
    assert w.tolist() == [0.25]
    optimizer.learning_rate /= 2
    assert (optimizer.learning_rate, float(optimizer.variables[1])) == (0.125, 0.125)


def test_setting_the_learning_rate_leaves_pending_assignments_alone():
    optimizer, w = SGD(0.5), Variable(1.0)
    optimizer.build([w])
    w.assign_add(1.0)
    optimizer.learning_rate = 1e-4
    assert float(optimizer.variables[1]) == np.float32(1e-4)
    assert optimizer.learning_rate == 1e-4
    assert float(w) == 2


def test_a_rate_that_is_a_variable_is_read_in_each_step_and_set_by_assigning():
    rate, w = Variable(0.5, name="rate"), Variable(np.float64([4.0]))
    optimizer = SGD(rate)
    for value, expected in ((0.5, 3.5), (0.25, 3.25)):
        rate.assign(value)
        optimizer.apply_gradients([(Tensor(np.float64([1.0])), w)])
        assert w.tolist() == [expected]
    optimizer.learning_rate = 1.0
    assert (float(rate), optimizer.learning_rate is rate) == (1.0, True)
    assert rate not in {*optimizer.variables}


def test_a_model_trains_with_a_rate_that_is_a_variable_and_keeps_its_value(tmp_path):
    rate = Variable(
        0.25
    )  # trainable, as a variable is unless one says otherwise: no weight of the network all the same
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(SGD(rate), lambda y, p: p)
    model.fit([[1.0]], [[0.0]], verbose=0)
    assert model.get_weights()[0].item() == -0.25
    rate.assign(0.5)
    model.fit([[1.0]], [[0.0]], verbose=0)
    assert model.get_weights()[0].item() == -0.75
    model.compile(SGD(rate), "mean_squared_error")
    model.fit([[1.0]], [[-0.75]], verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    assert (again.optimizer.learning_rate, float(again.optimizer.variables[1])) == (0.5, 0.5)
    assert int(again.optimizer.iterations) == 1


def test_a_rate_set_by_another_thread_during_a_chunk_is_not_undone_after_it():
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(SGD(1.0), lambda y, p: p)
    model.fit([[1.0]], [[0.0]], verbose=0)
    step = next(iter(model._compiled.values()))
    loop = step.executable.loop

    def slide(*args):
        model.optimizer.learning_rate = 0.25
        return loop(*args)

    object.__setattr__(step, "executable", type("Slid", (), {"loop": staticmethod(slide)})())
    model.fit([[1.0]], [[0.0]], epochs=2, verbose=0)
    # The step that was under way still took the rate of its start: -1, -1, then -0.25.
    assert model.get_weights()[0].item() == -2.25
    assert (model.optimizer.learning_rate, float(model.optimizer.variables[1])) == (0.25, 0.25)


@pytest.mark.parametrize(
    "rate", [Variable([0.1, 0.2], name="rates"), Variable(1, name="rates")], ids=["two numbers", "an int"]
)
def test_a_variable_that_is_not_one_float_is_no_rate(rate):
    with pytest.raises(
        TypeError, match=r"SGD\(learning_rate=...\): variable 'rates' is .* Give one that holds one float"
    ):
        SGD(rate)


# state


@dataclass(eq=False)
class Averaging(Optimizer):
    """w := w - r g; keeps the mean of all gradients, their number, and the largest norm."""

    shrink: float = 1.0
    is_kept: bool = True

    def slots(self, parameter):
        return {"mean": np.zeros(parameter.shape), "count": 0, "largest": -1.0}

    def update(self, parameter, gradient, step_size, slots):
        count = slots["count"] + 1
        mean = slots["mean"] + (gradient - slots["mean"]) / ff.cast(count, gradient.dtype)
        largest = ff.maximum(slots["largest"], ff.sqrt((gradient * gradient).sum()))
        return parameter - gradient * step_size * self.shrink, {"mean": mean, "count": count, "largest": largest}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_of_any_shape_is_kept_as_declared(dtype):
    optimizer, w = Averaging(0.5, shrink=0.5), Variable(np.zeros(2, dtype), name="w")
    for g in ([3.0, 4.0], [1.0, 0.0]):
        optimizer.apply_gradients([(Tensor(np.asarray(g, dtype)), w)])
    state = {each.name: each for each in optimizer.variables[2:]}
    assert {name: each.dtype for name, each in state.items()} == {
        "mean/w": dtype,
        "count/w": np.int64,
        "largest/w": dtype,
    }
    assert [state[name].tolist() for name in ("mean/w", "count/w", "largest/w")] == [[2.0, 2.0], 2, 5.0]
    assert w.tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("make", [lambda: Averaging(0.1), lambda: Nadam(0.1, weight_decay=0.1, clipnorm=1.0)])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_with_its_variables_goes_on_with_the_same_bits(make, copied):
    optimizer, w = make(), Variable(np.float32(START), name="w")
    for g in GRADIENTS[:2]:
        optimizer.apply_gradients([(Tensor(g), w)])
    other, v = copied((optimizer, w))
    for g in GRADIENTS[2:]:
        optimizer.apply_gradients([(Tensor(g), w)])
        before = w.tolist()
        other.apply_gradients([(Tensor(g), v)])
        assert w.tolist() == before
    for mine, theirs in zip([w, *optimizer.variables], [v, *other.variables], strict=True):
        assert (mine.name, mine.dtype) == (theirs.name, theirs.dtype)
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    other.learning_rate = 0.0
    assert optimizer.learning_rate == 0.1


def test_a_copy_of_settings_alone_begins_anew():
    optimizer = Adam(0.1, weight_decay=0.1, learning_rate_factors={"*": 2.0})
    assert to_config(copy.deepcopy(optimizer)) == to_config(optimizer)
    assert copy.deepcopy(optimizer).variables == []


def test_slots_that_are_declared_otherwise_are_refused():
    class Old(SGD):
        def slots(self, parameter):
            return ("momentum",)

    with pytest.raises(
        TypeError, match=r"Old.slots\(\): got \('momentum',\), expected a dict of names and first values"
    ):
        Old().build(named("w"))

    class Forgetful(Averaging):
        def update(self, parameter, gradient, step_size, slots):
            return parameter, {"mean": gradient, "more": gradient}

    with pytest.raises(
        ValueError, match=r"it returned the slots mean, more, slots\(\) declares mean, count, largest. Ret"
    ):
        Forgetful().apply_gradients([(Tensor(np.float64([1.0])), named("w")[0])])


# settings


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD(clipnorm=0), ValueError, "SGD(clipnorm=0): clipnorm must be a number > 0. Got 0."),
        (lambda: SGD(clipvalue=-1), ValueError, "SGD(clipvalue=-1): clipvalue must be a number > 0. Got -1."),
        (lambda: SGD(global_clipnorm="1"), ValueError, "global_clipnorm must be a number > 0. Got '1'."),
        (
            lambda: Adam(clipnorm=1.0, clipvalue=2),
            ValueError,
            "Adam(clipnorm=1.0, clipvalue=2): gradients are clipped in one way. Give only one of clipnorm, clipvalue, ",
        ),
        (lambda: SGD(weight_decay=-0.1), ValueError, "SGD(weight_decay=-0.1): weight_decay must be a number >= 0."),
        (lambda: SGD(weight_decay=True), ValueError, "weight_decay must be a number >= 0. Got True."),
        (lambda: SGD(learning_rate=None), ValueError, "SGD(learning_rate=None): learning_rate must be a number >= 0."),
        (lambda: SGD(learning_rate=lambda: 0.1), ValueError, "learning_rate must be a number >= 0. Got <function"),
        (lambda: SGD(0.1, 0.9, False, 0.1), TypeError, "positional arguments"),
        (
            lambda: SGD(learning_rate_factors=[("*", 1)]),
            TypeError,
            "SGD(learning_rate_factors=[('*', 1)]): expected a dict of patterns and numbers. Write {'*/bias': 0.1}.",
        ),
        (lambda: SGD(weight_decay_factors={1: 2}), TypeError, "SGD(weight_decay_factors={1: 2}): expected a dict"),
        (
            lambda: SGD(weight_decay_factors={"*": -1}),
            ValueError,
            "SGD(weight_decay_factors=-1): weight_decay_factors must be a number >= 0. Got -1.",
        ),
        (lambda: SGD(decay=0.1), TypeError, "SGD(decay=0.1): there is no argument 'decay'."),
        (lambda: SGD({"class": "halves"}), ValueError, "unknown schedule 'halves'. Known: "),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_settings_but_the_rate_are_kept_after_the_first_step():
    optimizer = SGD(clipnorm=1.0)
    optimizer.clipnorm = None
    optimizer.clipvalue = 2
    assert optimizer.clipvalue == 2.0
    optimizer.build(named("w"))
    for name, value in (("clipvalue", 1.0), ("weight_decay", 0.1), ("learning_rate_factors", {"*": 2})):
        with pytest.raises(AttributeError, match=rf"SGD\.{name} cannot be changed after the first step\. Make a new"):
            setattr(optimizer, name, value)


def test_settings_of_an_optimizer_of_ones_own_need_no_declaration():
    @dataclass(eq=False)
    class Own(Averaging):
        learning_rate: float = 0.25
        weight_decay: float | None = 0.5
        label: str = "mine"

    own = Own()
    assert (own.learning_rate, own.weight_decay, own.label) == (0.25, 0.5, "mine")
    with pytest.raises(ValueError, match=r"Own\(learning_rate=-1\): learning_rate must be a number >= 0\."):
        own.learning_rate = -1
    with pytest.raises(ValueError, match=r"Own\(is_kept=1\): is_kept must be True or False\. Got 1\."):
        own.is_kept = 1
    assert after_one(own, np.float64([0.0]), np.float64([2.0])) == [1.75]


def test_a_configuration_holds_all_of_it():
    optimizer = Adam(
        ExponentialDecay(0.1, 10, 0.5),
        weight_decay=CosineDecay(0.1, 10),
        global_clipnorm=1.0,
        learning_rate_factors={"*/bias": 0.1},
        weight_decay_factors={"*/bias": 0.0, "*": 2.0},
    )
    again = from_config(OPTIMIZERS, to_config(optimizer))
    assert to_config(again) == to_config(optimizer)
    assert (again.learning_rate, again.weight_decay) == (optimizer.learning_rate, optimizer.weight_decay)
    assert [*again.weight_decay_factors] == ["*/bias", "*"]
    assert to_config(SGD(Variable(0.5)))["learning_rate"] == 0.5


def test_factors_of_a_decay_that_is_none_are_refused():
    with pytest.raises(
        ValueError, match=r"^SGD\(weight_decay_factors=\{'\*/bias': 0\.0\}\): there is no decay for them\."
    ):
        ff.optimizers.SGD(0.1, weight_decay_factors={"*/bias": 0.0})
