"""Oracles: (a) what contrastive divergence gives on average, by every state or by quadrature; (e) identities.

A mean over n draws of a number from 0 to 1 has a standard deviation of at most 0.5 / sqrt(n); five of these are given.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

import feedforward as ff
from boltzmann_reference import joint, sigmoid, states, statistics, tiny, transition
from feedforward.boltzmann import RBM, ContrastiveDivergence, log_likelihood
from feedforward.errors import NotFiniteError

COUNT = 40_000
PLAIN = ContrastiveDivergence(epochs=1, batch_size=COUNT, learning_rate=1.0, momentum=0.0, weight_decay=0.0)
"""With these settings the weights change by what contrastive divergence takes for the gradient of log p."""
SPREAD = 5 * 0.5 / COUNT**0.5


def change(machine, x, learning, seed=0):
    """Return by how much W, b and c change, in one vector, per unit of the learning rate."""
    before = [each.numpy() for each in list(machine.variables.values())[:3]]
    machine.fit(x, learning, seed)
    after = [each.numpy() for each in list(machine.variables.values())[:3]]
    moved = [(a.astype(np.float64) - b).ravel() for a, b in zip(after, before, strict=True)]
    return np.concatenate(moved) / learning.learning_rate


def of_data(units=3):
    """Return rows, of which some states have more than others, and the share of each state."""
    share = np.arange(1.0, 2**units + 1)
    share[0] = 20
    x = np.repeat(states(units), (COUNT * share / share.sum()).astype(int), 0)
    return x, np.array([(x == v).all(1).mean() for v in states(units)])


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_an_update_is_on_average_that_of_k_steps_from_the_data(steps):
    machine, W, b, c = tiny(3, 2, size=2.0)
    x, share = of_data()

    def expected(k):
        return statistics(share, states(3), W, c) - statistics(
            share @ np.linalg.matrix_power(transition(W, b, c), k), states(3), W, c
        )

    found = change(machine, x, replace(PLAIN, steps=steps))
    np.testing.assert_allclose(found, expected(steps), atol=SPREAD)
    assert np.abs(found - expected(2 if steps == 1 else 1)).max() > SPREAD  # the oracle tells these apart


def test_with_means_the_last_visible_states_are_not_drawn():
    machine, W, b, c = tiny(3, 2, size=2.0)
    x, share = of_data()
    v, h = states(3), states(2)
    weights = joint(W, b, c)
    of_h = share @ (weights / weights.sum(1, keepdims=True))
    expected = statistics(share, v, W, c) - statistics(of_h, sigmoid(b + h @ W.T), W, c)
    found = change(machine, x, replace(PLAIN, use_visible_means=True))
    np.testing.assert_allclose(found, expected, atol=SPREAD)
    drawn = statistics(share, v, W, c) - statistics(share @ transition(W, b, c), v, W, c)
    assert np.abs(drawn - expected).max() > SPREAD


def test_chains_go_on_from_update_to_update():
    _, W, b, c = tiny(3, 2, size=2.0, seed=2)  # whose chains forget slowly where they began: at one state
    x, v = np.ones((COUNT, 3)), states(3)
    # Learning so slowly leaves the weights as good as they are, and float32 the change of one near 4 within 2.4e-7.
    learning = replace(PLAIN, chains=COUNT, learning_rate=1e-4)
    five, six = (change(tiny(3, 2, size=2.0, seed=2)[0], x, replace(learning, epochs=epochs)) for epochs in (5, 6))
    after = [np.linalg.matrix_power(transition(W, b, c), k)[-1] for k in (1, 6)]
    anew, sixth = (statistics(share, v, W, c) for share in after)
    spread = SPREAD + 4 * 2.4e-7 / 1e-4
    np.testing.assert_allclose(six - five, statistics(np.ones(1), v[-1:], W, c) - sixth, atol=spread)
    assert np.abs(sixth - anew).max() > 2 * spread  # chains that begin anew each time are told from these


def test_an_update_of_gaussian_visible_units_is_on_average_that_of_one_step():
    machine, W, b, c = tiny(1, 2, visible="gaussian")
    x = np.repeat([[-1.0], [0.5], [2.0]], COUNT // 3, 0)
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    h = states(2)
    p = sigmoid(np.array([[-1.0], [0.5], [2.0]]) @ W + c)
    of_h = np.prod(np.where(h[None] == 1, p[:, None], 1 - p[:, None]), 2).mean(0)
    v = (b + h @ W.T + points).reshape(-1, 1)  # for each h the points of a normal density around its mean
    after = statistics(np.outer(of_h, weights).ravel(), v, W, c)
    before = statistics(np.full(3, 1 / 3), np.array([[-1.0], [0.5], [2.0]]), W, c)
    # v has here a standard deviation below 2, and so has v p(h|v): four times that of a number from 0 to 1
    np.testing.assert_allclose(change(machine, x, PLAIN), before - after, atol=4 * SPREAD)


def test_an_update_of_gaussian_hidden_units_is_on_average_that_of_one_step():
    machine, W, b, c = tiny(2, 1, hidden="gaussian")
    x, share = of_data(2)
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    v = states(2)
    h = c + v @ W + points  # for each v the points of a normal density around its mean
    p = sigmoid(b + h[:, :, None] @ W.T)
    given_v = (weights[:, None] * np.prod(np.where(v == 1, p[:, :, None], 1 - p[:, :, None]), 3)).sum(1)

    def linear(of_v):
        a = v @ W
        return np.concatenate([((of_v[:, None] * v).T @ (c + a)).ravel(), of_v @ v, of_v @ a])

    found = change(machine, x, PLAIN)
    np.testing.assert_allclose(found, linear(share) - linear(share @ given_v), atol=4 * SPREAD)


def test_sparsity_adds_the_gradient_of_its_penalty():
    x, _ = of_data()
    plain, W, _, c = tiny(3, 2)
    sparse, *_ = tiny(3, 2)
    learning = replace(PLAIN, target_activity=0.1, sparsity_cost=3.0)
    found = change(sparse, x, learning) - change(plain, x, PLAIN)  # the same draws in both
    p = sigmoid(x @ W + c)
    factor = 2 * 3.0 * (p.mean(0) - 0.1)
    slope = factor * p * (1 - p) / len(x)
    expected = -np.concatenate([(x.T @ slope).ravel(), np.zeros(3), slope.sum(0)])
    np.testing.assert_allclose(found, expected, atol=1e-5)  # float32: weights near 2, means of 40,000 numbers


def test_decay_draws_weights_and_no_biases_to_zero():
    x, _ = of_data()
    plain, W, *_ = tiny(3, 2)
    decayed, *_ = tiny(3, 2)
    found = change(decayed, x, replace(PLAIN, weight_decay=0.25)) - change(plain, x, PLAIN)
    np.testing.assert_allclose(found, np.concatenate([-0.25 * W.ravel(), np.zeros(5)]), atol=1e-5)


def test_momentum_is_that_of_sgd():
    x, _ = of_data()
    machine, *_ = tiny(3, 2)
    first = change(machine, x, PLAIN)
    second = change(machine, x, PLAIN)
    other, *_ = tiny(3, 2)
    found = change(other, x, replace(PLAIN, momentum=0.5, epochs=2))
    # m1 = g1; m2 = m1 / 2 + g2, where g2 belongs to the same weights and draws: after the first step both are alike
    np.testing.assert_allclose(found, first + second + first / 2, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    x, _ = of_data()
    learning = ContrastiveDivergence(epochs=2, batch_size=900, steps=2)
    found = [change(tiny(3, 2)[0], x, learning, seed) for seed in (3, 3, 4)]
    assert (found[0] == found[1]).all() and (found[0] != found[2]).any()


def test_going_on_has_the_bits_of_learning_in_one_go():
    x, _ = of_data()
    learning = ContrastiveDivergence(epochs=1, batch_size=900, momentum=0.0)
    (twice, *_), (whole, *_) = tiny(3, 2), tiny(3, 2)
    errors = twice.fit(x, learning) + twice.fit(x, learning)
    assert errors == whole.fit(x, replace(learning, epochs=2))
    for name, variable in twice.variables.items():
        assert (variable.numpy() == whole.variables[name].numpy()).all()
    assert int(twice.updates.numpy()) == 2 * -(-len(x) // 900)


def test_whoever_interrupts_keeps_what_was_learnt_by_then(monkeypatch):
    x, _ = of_data()
    learning = ContrastiveDivergence(epochs=3, batch_size=900)
    (stopped, *_), (whole, *_) = tiny(3, 2), tiny(3, 2)
    order = ff.random.order

    def interrupt(n, seed, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return order(n, seed, epoch)

    whole.fit(x, replace(learning, epochs=1))
    monkeypatch.setattr(ff.random, "order", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(x, learning)
    for name, variable in stopped.variables.items():
        assert (variable.numpy() == whole.variables[name].numpy()).all()


def test_the_interpreter_learns_the_same_within_rounding():
    x, _ = of_data()
    learning = ContrastiveDivergence(epochs=1, batch_size=20_000, steps=2)
    (machine, *_), (other, *_) = tiny(3, 2), tiny(3, 2)
    found = change(machine, x, learning)
    ff.use_backend("interpreter")
    try:
        expected = change(other, x, learning)
    finally:
        ff.use_backend("llvm")
    # A draw beside its threshold may fall on the other side: some of 20,000 rows, by 1 / 20,000 each.
    np.testing.assert_allclose(found, expected, atol=5e-4)


def test_the_error_is_the_squared_distance_to_a_reconstruction():
    machine, W, b, c = tiny(3, 2)
    x, share = of_data()
    v, h = states(3), states(2)
    weights = joint(W, b, c)
    distances = ((v[:, None] - sigmoid(b + h @ W.T)) ** 2).sum(2)
    expected = share @ (weights / weights.sum(1, keepdims=True) * distances).sum(1)
    assert machine.fit(x, PLAIN) == [pytest.approx(expected, abs=3 * SPREAD)]  # a distance is from 0 to 3


@pytest.mark.parametrize("learning", [{"chains": 100}, {"steps": 10}])
def test_learning_makes_the_data_likelier_nearly_to_the_most_there_is(learning):
    x = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]] * 25)
    machine = RBM(6, 6, seed=0)
    assert log_likelihood(machine, x) < -4.1  # all states alike: -6 log 2 = -4.16
    machine.fit(x, ContrastiveDivergence(epochs=400, batch_size=20, learning_rate=0.1, weight_decay=0.0, **learning))
    assert -1.8 < log_likelihood(machine, x) <= -np.log(4)  # no distribution gives four states alike more


def test_chains_of_samples_come_to_the_distribution_of_the_machine():
    machine, W, b, c = tiny(3, 2)
    weights = joint(W, b, c)
    found = machine.sample(COUNT, steps=60)
    shares = [(found == v).all(1).mean() for v in states(3)]
    np.testing.assert_allclose(shares, weights.sum(1) / weights.sum(), atol=SPREAD)
    # what 60 steps leave of a start, at most: the second eigenvalue to that power
    assert np.sort(np.abs(np.linalg.eigvals(transition(W, b, c))))[-2] ** 60 < 1e-3 * SPREAD
    assert (machine.sample(5, 3, seed=1) == machine.sample(5, 3, seed=1)).all()
    start = np.ones((COUNT, 3))
    after = machine.sample(COUNT, steps=1, start=start)
    shares = [(after == v).all(1).mean() for v in states(3)]
    np.testing.assert_allclose(shares, transition(W, b, c)[-1], atol=SPREAD)


def test_a_learning_rate_that_is_too_high_leaves_the_weights_of_before():
    machine, W, *_ = tiny(3, 2)
    x, _ = of_data()
    with pytest.raises(NotFiniteError, match="in batch 0 of epoch 1"):
        machine.fit(x * 0 + 1, replace(PLAIN, learning_rate=1e38, sparsity_cost=1e38, target_activity=1.0))
    assert (machine.kernel.numpy() == W).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "(steps=0): steps must be an int >= 1. Got 0."),
        ({"chains": -1}, "(chains=-1): chains must be an int >= 0. Got -1."),
        ({"epochs": 0}, "(epochs=0): epochs must be an int >= 1. Got 0."),
        ({"batch_size": 0.5}, "(batch_size=0.5): batch_size must be an int >= 1. Got 0.5."),
        ({"learning_rate": -1}, "(learning_rate=-1): learning_rate must be a number >= 0. Got -1."),
        ({"momentum": 1.0}, "(momentum=1.0): momentum must be a number from 0 up to, but not, 1. Got 1.0."),
        ({"weight_decay": "x"}, "(weight_decay='x'): weight_decay must be a number >= 0. Got 'x'."),
        ({"target_activity": 2}, "(target_activity=2): target_activity must be a number from 0 to 1. Got 2."),
        ({"use_visible_means": 1}, "(use_visible_means=1): use_visible_means must be True or False. Got 1."),
        (
            {"sparsity_cost": 1.0},
            "(target_activity=None, sparsity_cost=1.0): expected both or none. Give a cost above 0 with a target.",
        ),
        (
            {"target_activity": 0.1},
            "(target_activity=0.1, sparsity_cost=0.0): expected both or none. Give a cost above 0 with a target.",
        ),
        (
            {"chains": 3, "use_visible_means": True},
            "(chains=3, use_visible_means=True): chains go on with states, not means. Leave one of them out.",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape('ContrastiveDivergence' + message)}$"):
        ContrastiveDivergence(**settings)


def test_sparsity_is_for_binary_hidden_units():
    message = "fit: target_activity=0.1 is for binary hidden units, and these are gaussian. Leave it out."
    learning = ContrastiveDivergence(target_activity=0.1, sparsity_cost=1.0)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ff.boltzmann.RBM(3, 2, hidden="gaussian").fit(np.ones((4, 3)), learning)
