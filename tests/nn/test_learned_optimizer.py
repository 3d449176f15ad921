"""Oracles: the rules' formulas in float64 NumPy (``update_rule_reference.py``); saved, copied, resumed = as it was."""

import numpy as np
import pytest

import feedforward as ff
import update_rule_reference as reference
from feedforward import learned
from feedforward.tensor import Tensor, Variable

GRADIENTS = np.float32([[0.1, -2, 3e-4], [0.5, -1, 0], [-0.3, 4, -2e-4], [0.2, 0.1, 1e-4], [1, -1, 5e-4]])
START = np.array([1, -2, 0.5])


def rules():
    """Return one rule of each kind, with weights drawn anew and biases that are not zeros."""
    made = [
        learned.CoordinatewiseLSTM(units=5, layers=2),
        learned.CoordinatewiseLSTM(units=3, layers=1, scale=0.5, span=None),
        learned.RNNprop(units=4, layers=2, scale=0.3, decay=0.9),
    ]
    for number, rule in enumerate(made):
        draw = np.random.default_rng(number)
        rule.set_weights({name: draw.normal(0, 0.5, shape).astype("f4") for name, shape in rule.shapes().items()})
    return made


def walk(optimizer, start, gradients):
    """Return the weights after each step of ours."""
    w, path = Variable(start), []
    for g in gradients:
        optimizer.apply_gradients([(Tensor(g), w)])
        path.append(w.numpy())
    return np.array(path)


@pytest.mark.parametrize("rule", rules(), ids=repr)
@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_five_steps_are_those_of_the_formula(rule, rate):
    weights = {name: weight.numpy() for name, weight in rule.weights.items()}
    expected = reference.path(rule, weights, START, GRADIENTS, rate)
    got = walk(ff.optimizers.Learned(rule, learning_rate=rate), START, GRADIENTS.astype(np.float64))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected, rtol=0, atol=1000 * 2**-53)  # some hundred roundings a step
    single = walk(ff.optimizers.Learned(rule, learning_rate=rate), START.astype("f4"), GRADIENTS)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=0, atol=1000 * 2**-24)
