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
