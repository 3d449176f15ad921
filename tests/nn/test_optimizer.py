"""Oracle: steps by hand, and identities: a copy goes on with the same bits."""

import copy
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward.nn.optimizers import SGD, Adam, Optimizer
from feedforward.tensor import Tensor, Variable

START = np.array([1, -2, 0.5])
GRADIENTS = np.float32([[0.1, -2, 3e-4], [0.5, -1, 0], [-0.3, 4, -2e-4], [0.2, 0.1, 1e-4], [1, -1, 5e-4]])


def named(*names):
    return [Variable(np.float64([2.0]), name=name) for name in names]


def after_one(optimizer, gradient, start=None):
    w = Variable(np.zeros_like(gradient) if start is None else start)
    optimizer.apply_gradients([(Tensor(gradient), w)])
    return w.tolist()


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


@pytest.mark.parametrize("make", [lambda: Averaging(0.1), lambda: Adam(0.1)])
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


def test_settings_of_an_optimizer_of_ones_own_need_no_declaration():
    @dataclass(eq=False)
    class Own(Averaging):
        learning_rate: float = 0.25
        label: str = "mine"

    own = Own()
    assert (own.learning_rate, own.label) == (0.25, "mine")
    with pytest.raises(ValueError, match=r"Own\(learning_rate=-1\): learning_rate must be a number >= 0\."):
        own.learning_rate = -1
    with pytest.raises(ValueError, match=r"Own\(is_kept=1\): is_kept must be True or False\. Got 1\."):
        own.is_kept = 1
    assert after_one(own, np.float64([1.0]), np.float64([2.0])) == [1.75]
