"""Oracles: (a) every state of both sides, in float64; (c) central differences; (b) integrals by Gauss and Hermite."""

import re

import numpy as np
import pytest

import feedforward as ff
from boltzmann_reference import joint, states, statistics, tiny
from feedforward.boltzmann import log_likelihood, log_partition

FLOAT64 = 1e-12  # relative: some hundred roundings of 1.1e-16 in sums and logarithms
FLOAT32 = 2e-6  # some ten roundings of 6e-8 of numbers up to 10


@pytest.mark.parametrize("sizes", [(3, 2), (2, 4), (1, 1), (4, 4)])
def test_the_partition_function_is_the_sum_over_all_states(sizes):
    machine, W, b, c = tiny(*sizes)
    assert log_partition(machine) == pytest.approx(np.log(joint(W, b, c).sum()), rel=FLOAT64)


def test_probabilities_of_all_visible_states_add_up_to_one():
    machine, W, b, c = tiny(4, 3, size=2.0)
    weights = joint(W, b, c)
    found = [log_likelihood(machine, v[None]) for v in states(4)]
    np.testing.assert_allclose(np.exp(found), weights.sum(1) / weights.sum(), rtol=1e-11)
    assert np.exp(found).sum() == pytest.approx(1, rel=FLOAT64)


def test_a_side_of_more_states_than_a_block_has_is_gone_over_whole():
    machine, W, b, c = tiny(15, 15, size=0.1)  # 2^15 states in two blocks
    expected = np.log(np.exp(states(15) @ b + np.log1p(np.exp(states(15) @ W + c)).sum(1)).sum())
    assert log_partition(machine) == pytest.approx(expected, rel=FLOAT64)


def test_free_energy_and_energy_are_those_of_the_definition():
    machine, W, b, c = tiny(3, 2)
    v, h = states(3), states(2)
    weights = joint(W, b, c)
    np.testing.assert_allclose(machine.free_energy(v).numpy(), -np.log(weights.sum(1)), atol=FLOAT32)
    every = np.array([machine.energy(v, np.tile(row, (8, 1))).numpy() for row in h]).T
    np.testing.assert_allclose(every, -np.log(weights), atol=FLOAT32)
    given_v = weights / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(machine.hidden_means(v).numpy(), given_v @ h, atol=FLOAT32)
    np.testing.assert_allclose(machine.visible_means(h).numpy(), (weights / weights.sum(0)).T @ v, atol=FLOAT32)


def test_the_density_of_gaussian_visible_units_integrates_to_one():
    machine, W, b, c = tiny(1, 3, visible="gaussian")
    points, weights = np.polynomial.hermite_e.hermegauss(100)  # for exp(-x^2 / 2)
    h = states(3)
    energies = (points[:, None] - b) ** 2 / 2 - h @ c - points[:, None] * (W @ h.T)
    total = (weights[:, None] * np.exp(points[:, None] ** 2 / 2 - energies)).sum()
    assert log_partition(machine) == pytest.approx(np.log(total), rel=1e-9)  # the quadrature's own error is below
    v = points[40:60, None].astype(np.float32)
    np.testing.assert_allclose(
        machine.free_energy(v).numpy(), -np.log(np.exp(-energies[40:60]).sum(1)), atol=FLOAT32, rtol=FLOAT32
    )
    h = h[:4]
    np.testing.assert_allclose(machine.visible_means(h).numpy(), b + h @ W.T, atol=FLOAT32)


def test_gaussian_hidden_units_are_integrated_out():
    machine, W, b, c = tiny(3, 1, hidden="gaussian")
    points, weights = np.polynomial.hermite_e.hermegauss(100)
    v = states(3)
    energies = -(v @ b)[:, None] + (points - c) ** 2 / 2 - v @ W * points
    sums = (weights * np.exp(points**2 / 2 - energies)).sum(1)
    np.testing.assert_allclose(machine.free_energy(v).numpy(), -np.log(sums), atol=FLOAT32)
    assert log_partition(machine) == pytest.approx(np.log(sums.sum()), rel=1e-9)
    np.testing.assert_allclose(machine.hidden_means(v).numpy(), c + v @ W, atol=FLOAT32)
    every = machine.energy(v, np.full((8, 1), points[50], np.float32)).numpy()
    np.testing.assert_allclose(every, energies[:, 50], atol=FLOAT32)


def test_the_gradient_of_the_likelihood_is_data_less_model():
    machine, W, b, c = tiny(3, 2)
    x = states(3)[[1, 1, 3, 6, 7]]
    weights = joint(W, b, c)
    exact = statistics(np.full(5, 0.2), x, W, c) - statistics(weights.sum(1) / weights.sum(), states(3), W, c)
    step = 2.0**-7
    found = []
    for variable in (machine.kernel, machine.visible_bias, machine.hidden_bias):
        value = variable.numpy()
        for place in np.ndindex(value.shape):
            sides = []
            for sign in (1, -1):
                moved = value.copy()
                moved[place] += np.float32(sign * step)
                variable.assign(moved)
                sides.append((log_likelihood(machine, x), float(moved[place])))
            found.append((sides[0][0] - sides[1][0]) / (sides[0][1] - sides[1][1]))
        variable.assign(value)
    # step^2 / 6 times the third derivative, a third cumulant of numbers from 0 to 1: at most 0.1 each of two
    np.testing.assert_allclose(found, exact, atol=step**2 / 6 * 0.2)


def test_a_machine_that_is_too_large_is_refused():
    message = (
        "log_partition: RBM(26, 30, visible='binary', hidden='binary') has 2**26 states on its smaller binary side"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}. Expected at most 25 units there. Compare samples by"):
        log_partition(ff.boltzmann.RBM(26, 30))
    with pytest.raises(ValueError, match=r"has 2\*\*26 states"):  # the Gaussian side is smaller, and has no states
        log_partition(ff.boltzmann.RBM(3, 26, visible="gaussian"))


def test_the_likelihood_is_of_states_and_not_of_means():
    message = "log_likelihood: x is neither 0 nor 1 in row 1, column 2. Expected states of binary units: round it, or"
    with pytest.raises(ff.errors.DataError, match=f"^{re.escape(message)}"):
        log_likelihood(ff.boltzmann.RBM(3, 2), [[0, 1, 1], [0, 1, 0.5]])
    assert np.isfinite(log_likelihood(ff.boltzmann.RBM(3, 2, visible="gaussian"), [[0, 1, 0.5]]))
