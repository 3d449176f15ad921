"""Oracles: the losses of networks, values and gradients; central differences; the infimum that a dual is, by search."""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward.linear import losses
from feedforward.linear.losses import loss_of

S = np.array([-3.0, -1.0, -0.5, 0.0, 0.3, 1.0, 1.7, 4.0])
OF_CLASSES = {
    "hinge": (ff.losses.Hinge(), 1.0),
    "squared_hinge": (ff.losses.SquaredHinge(), 1.0),
    "modified_huber": (ff.losses.ModifiedHuber(), 1.0),
    "perceptron": (ff.losses.Perceptron(), 1.0),
    "logistic": (ff.losses.Logistic(), math.log(2.0)),  # that of networks is in bits
    "exponential": (ff.losses.Exponential(), 1.0),
    "sigmoid": (ff.losses.SigmoidLoss(), 1.0),
}
OF_NUMBERS = ["squared", "epsilon_insensitive", "squared_epsilon_insensitive"]


def made(name):
    if name in OF_CLASSES:
        return loss_of(name, True, "test")
    return {"squared": losses.Squared(), "epsilon_insensitive": losses.EpsilonInsensitive(0.3)}.get(
        name, losses.SquaredEpsilonInsensitive(0.3)
    )


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_values_and_slopes_are_those_of_the_losses_of_networks(name, side):
    network, factor = OF_CLASSES[name]
    loss, y = made(name), np.full(S.shape, side)
    scores = ff.Variable(S[:, None], dtype="float64")
    with ff.GradientTape() as tape:
        each = network.per_sample(ff.Tensor(y[:, None], dtype="float64"), scores)
    value, slope = each.numpy(), tape.gradient(each, scores).numpy()[:, 0]
    assert loss.value(S, y) == pytest.approx(factor * value, rel=1e-14, abs=1e-15)
    assert loss.slope(S, y) == pytest.approx(factor * slope, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", [*OF_CLASSES, *OF_NUMBERS])
def test_slopes_and_curvatures_are_central_differences(name):
    loss = made(name)
    s = np.linspace(-2.93, 2.95, 60)  # no kink is within a step
    y = np.where(np.arange(60) % 2 == 0, 1.0, -1.0)
    step = 1e-5
    slope = (loss.value(s + step, y) - loss.value(s - step, y)) / (2 * step)
    assert loss.slope(s, y) == pytest.approx(slope, abs=1e-8)  # 1e-16 * 20 / 1e-5, and 1e-10 cut off
    if math.isfinite(loss.smoothness) and loss.is_convex:
        curvature = (loss.slope(s + step, y) - loss.slope(s - step, y)) / (2 * step)
        assert loss.curvature(s, y) == pytest.approx(curvature, abs=1e-8)
        assert curvature.max() <= loss.smoothness * (1 + 1e-9)


@pytest.mark.parametrize("name", [name for name in [*OF_CLASSES, *OF_NUMBERS] if name != "sigmoid"])
@pytest.mark.parametrize("target", [-1.0, 1.0])
@pytest.mark.parametrize("cost", [0.5, 3.0])
def test_the_dual_is_the_conjugate_found_by_search(name, target, cost):
    # -c l*(-b / c) = min over s of c l(s) + b s, over a grid of 1e-4 that reaches far enough for these b
    loss = made(name)
    grid = np.arange(-30.0, 30.0, 1e-4)
    y, c = np.array([target]), np.array([cost])
    for beta in (0.1, 0.45):
        b = np.array([beta if loss.of_classes is False else beta * target])
        assert (loss.clipped(b, y, c) == b).all()
        found = (cost * loss.value(grid, np.full_like(grid, target)) + b[0] * grid).min()
        # A grid misses the minimum by at most 1e-4 times a slope of at most 1 at a kink, else by the square.
        assert loss.conjugate_sum(b, y, c) == pytest.approx(found, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in [*OF_CLASSES, *OF_NUMBERS] if name != "sigmoid"])
def test_a_row_that_costs_nothing_has_a_dual_variable_of_zero(name):
    loss = made(name)
    y, c = np.array([1.0, -1.0]), np.zeros(2)
    clipped = loss.clipped(np.array([0.3, -0.3]), y, c)
    assert clipped.tolist() == [0.0, 0.0]
    assert loss.conjugate_sum(clipped, y, c) == 0.0


def test_the_logistic_loss_is_exact_far_out():
    loss = losses.Logistic()
    one = np.ones(2)
    assert loss.value(np.array([-800.0, 800.0]), one).tolist() == [800.0, 0.0]
    assert loss.slope(np.array([-800.0, 40.0]), one) == pytest.approx([-1.0, -math.exp(-40)], rel=1e-12)


def test_an_unknown_loss_is_told_the_nearest():
    with pytest.raises(ValueError, match=r"fit: loss='hinges' is none for classes\. Did you mean 'hinge'\?"):
        loss_of("hinges", True, "fit")
    with pytest.raises(ValueError, match="is none for numbers"):
        loss_of("hinge", False, "fit")


@pytest.mark.parametrize("share", [1e-20, 1e-16, 1e-13])
def test_the_logistic_dual_of_small_shares_keeps_its_digits(share):
    y, cost = np.array([1.0, -1.0]), np.array([1e10, 1e10])
    # -(p log p + (1 - p) log(1 - p)) = p - p log p - p^2 / 2 ...
    expected = 2e10 * (share - share * math.log(share))
    assert losses.Logistic().conjugate_sum(y * share * cost, y, cost) == pytest.approx(expected, rel=1e-12)
