"""Oracles: hats and barycentric coordinates worked by hand; the error of a denser grid; ridge functions."""

import re

import numpy as np
import pytest

from feedforward import theory
from feedforward.errors import DataError
from feedforward.theory.chain import values_of


def interpolated(heights, u, v):
    """Linear interpolation on the triangles of the cells, which are cut along u - v = k, by barycentric coordinates."""
    i, j = np.minimum(int(u), heights.shape[0] - 2), np.minimum(int(v), heights.shape[1] - 2)
    p, q = u - i, v - j
    corner = heights[i + 1, j] if p >= q else heights[i, j + 1]
    return (1 - max(p, q)) * heights[i, j] + abs(p - q) * corner + min(p, q) * heights[i + 1, j + 1]


def test_a_network_is_linear_on_the_triangles_of_its_grid():
    random = np.random.default_rng(0)
    table = random.uniform(-0.1, 0.1, (4, 3))

    def function(p):
        return np.array([interpolated(table, u, v) for u, v in p])

    found = theory.approximate_surface(function, 1.0, 1 / np.sqrt(2), ((0.0, 3.0), (0.0, 2.0)))
    assert found.nodes == (4, 3) and found.units == (2 * (4 + 3 + 6), 12)
    points = random.uniform(0, [3, 2], (200, 2))
    # 64 roundings of sums of 26 numbers up to 3.
    np.testing.assert_allclose(values_of(found.model, points)[:, 0], function(points), atol=64 * 2.0**-52 * 3)
    assert found.error.low <= 64 * 2.0**-52 * 3


def test_a_hat_is_one_at_its_node_and_nothing_beyond_its_six_triangles():
    network = theory.approximate_surface(lambda p: (p == 1).all(1).astype(float), 1.0, 0.71, ((0, 2), (0, 2))).model
    inside = [[1, 1], [1.5, 1], [1, 0.5], [1.5, 1.5], [0.75, 0.5], [1.25, 0.75]]
    # 1 - max(|p|, |q|, |p - q|) at each.
    assert values_of(network, np.array(inside))[:, 0].tolist() == [1, 0.5, 0.5, 0.5, 0.5, 0.5]
    outside = [[0, 0], [2, 1], [0.5, 1.5], [2, 0], [-1, -1], [5, 1], [1, -7]]
    assert values_of(network, np.array(outside, float))[:, 0].tolist() == [0] * 7


@pytest.mark.parametrize("epsilon", [0.3, 0.11])
def test_measured_errors_enclose_that_of_a_denser_grid_and_are_within_epsilon(epsilon):
    def function(p):  # the distance to a point within: L = 1
        return np.hypot(p[:, 0] - 0.3, p[:, 1] + 0.1)

    domain = ((-0.5, 1.0), (-1.0, 0.2))
    found = theory.approximate_surface(function, 1.0, epsilon, domain)
    cells = np.array(found.nodes) - 1
    assert found.bound == pytest.approx(np.hypot(1.5 / cells[0], 1.2 / cells[1]) / 2, rel=1e-15)
    assert found.bound <= epsilon
    x, y = np.meshgrid(np.linspace(*domain[0], 151), np.linspace(*domain[1], 151))
    rows = np.stack([x.ravel(), y.ravel()], 1)
    dense = np.abs(function(rows) - values_of(found.model, rows)[:, 0]).max()
    assert found.error.low <= found.bound and dense <= found.error.high
    assert dense >= found.error.low - found.bound / 4
    at = np.array([found.error.at])
    assert abs(function(at) - values_of(found.model, at)[:, 0])[0] == pytest.approx(found.error.low, abs=1e-14)
    assert f"proven <= {found.bound:.6g}" in str(found)


def test_one_hidden_layer_bends_alike_along_the_whole_of_a_line():
    # Why it can make no hat: across w x + b = 0 the slope jumps by c |w|, here and far out, whatever the others do.
    random = np.random.default_rng(4)
    w, b, c = random.standard_normal((2, 6)), random.standard_normal(6), random.standard_normal((6, 1))
    network = theory.make_network((w, b, "relu"), (c, [0.0], None))
    for unit in range(6):
        length = np.linalg.norm(w[:, unit])
        normal = w[:, unit] / length
        along = np.array([-normal[1], normal[0]])
        for t in (-3.1, 0.7, 50.3, -811.0):
            on = -b[unit] / length * normal + t * along
            step = 1e-3 / length
            left, here, right = values_of(network, on + step * np.array([[-1], [0], [1]]) * normal)[:, 0]
            others = np.abs((on @ w + b)[np.arange(6) != unit]).min()
            assert others > np.abs(w).max() * 2 * step  # no other line is crossed
            # Numbers up to 811 x 6 x 3 are rounded.
            assert (left - 2 * here + right) / step == pytest.approx(c[unit, 0] * length, abs=2e4 * 2.0**-50 / step)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: theory.approximate_surface(lambda p: p[:, 0], 1, 0.1, (0, 1)),
            DataError,
            "approximate_surface: domain is (0, 1). Expected ((a, b), (c, d)).",
        ),
        (
            lambda: theory.approximate_surface(lambda p: 3 * p[:, 0], 1, 0.1),
            DataError,
            "approximate_surface: between neighbouring nodes the function changes by 3 times their distance. Expect",
        ),
        (
            lambda: theory.approximate_surface(lambda p: p[:, 0], 1, 0.001),
            ValueError,
            "approximate_surface(lipschitz=1, epsilon=0.001): a grid of 709 x 709 nodes is needed, and ",
        ),
        (
            lambda: theory.approximate_surface(lambda p: p[:, 0], -1, 0.1),
            ValueError,
            "approximate_surface(lipschitz=-1): lipschitz must be a number > 0.",
        ),
        (
            lambda: theory.approximate_surface(lambda p: p[:, 0], 1, 0),
            ValueError,
            "approximate_surface(epsilon=0): epsilon must be a number > 0.",
        ),
    ],
)
def test_what_cannot_be_approximated_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
