"""Oracle: all pairs, written down in NumPy; central differences of the losses."""

import tracemalloc

import numpy as np
import pytest

from feedforward.linear.ranking import Pairs

RANDOM = np.random.default_rng(8)


def all_pairs(y, q):
    """Return better and worse of every pair."""
    better, worse = np.nonzero((y[:, None] > y[None, :]) & (q[:, None] == q[None, :]))
    return better, worse


def cases():
    n = 90
    yield "three grades", RANDOM.integers(0, 3, n), RANDOM.integers(0, 6, n), 2 * RANDOM.standard_normal(n)
    yield "all different", RANDOM.standard_normal(n), np.zeros(n, int), RANDOM.standard_normal(n)
    yield "scores that tie", RANDOM.integers(-2, 3, n), RANDOM.integers(0, 3, n), RANDOM.integers(-2, 3, n) / 2
    yield "one document each", np.arange(5), np.arange(5), RANDOM.standard_normal(5)
    yield "all alike", np.ones(7), np.zeros(7, int), RANDOM.standard_normal(7)
    yield "one document", np.array([1.0]), np.array([4]), np.array([0.3])
    yield "far apart", RANDOM.integers(0, 2, n), RANDOM.integers(0, 4, n), 1e3 * RANDOM.standard_normal(n)
    yield "queries with numbers of 18 digits", np.array([1, 0, 1, 0]), np.array([10**17, 10**17, 5, 5]), np.zeros(4)


CASES = {name: rest for name, *rest in cases()}


@pytest.mark.parametrize("is_query_weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_sums_over_active_pairs_are_those_of_all_pairs_written_down(name, is_query_weighted):
    y, q, s = CASES[name]
    better, worse = all_pairs(y, q)
    pairs = Pairs(y, q, is_query_weighted)
    assert pairs.count == len(better)
    c = 1 / np.array([np.sum(q[better] == q[i]) for i in better]) if is_query_weighted else np.ones(len(better))
    for margin in (1.0, 0.25):
        active = pairs.at(np.asarray(s, float), margin)
        m = np.maximum(0, margin - (s[better] - s[worse]))
        size = 1e-12 * max(1.0, float(c @ m**2))  # rounding of sums of some thousand numbers of that size
        assert active.count == np.count_nonzero(m)
        assert active.hinge == pytest.approx(c @ m, abs=size)
        assert active.squared_hinge == pytest.approx(c @ m**2, abs=size)
        slope, square, product = np.zeros((3, len(y)))
        v = np.cos(np.arange(len(y)))
        for places, sign in ((better, -1), (worse, 1)):
            np.add.at(slope, places, sign * c * (m > 0))
            np.add.at(square, places, sign * 2 * c * m)
            np.add.at(product, places, -sign * 2 * c * (m > 0) * (v[better] - v[worse]))
        np.testing.assert_allclose(active.hinge_subgradient, slope, atol=1e-12)
        np.testing.assert_allclose(active.squared_gradient, square, atol=size)
        np.testing.assert_allclose(active.curvature(v), product, atol=1e-11)


def test_the_gradient_is_the_slope_of_the_loss():
    y, q, s = CASES["three grades"]
    pairs = Pairs(y, q)
    gradient = pairs.at(s).squared_gradient
    for place in range(0, 90, 11):
        step = np.zeros(90)
        step[place] = 1e-6
        slope = (pairs.at(s + step).squared_hinge - pairs.at(s - step).squared_hinge) / 2e-6
        assert slope == pytest.approx(
            gradient[place], abs=1e-5
        )  # 1e-16 * 10^4 / 1e-6 of rounding, and as much of kinks


def test_what_is_rounded_in_a_margin_is_the_same_for_both_of_a_pair():
    # s - 1 is rounded, so some of these pairs lie on the edge: whichever way they count, both ends have to agree.
    s = 1.0 + np.arange(200) * np.finfo(float).eps
    s = np.concatenate([s, s - 1.0])
    y = np.repeat([1, 0], 200)
    active = Pairs(y).at(s)
    assert active.hinge_subgradient.sum() == 0
    assert -active.hinge_subgradient[:200].sum() == active.hinge_subgradient[200:].sum() == active.count


def test_shifting_all_scores_of_a_query_changes_nothing_but_roundings():
    y, q, s = CASES["three grades"]
    shifted = Pairs(y, q).at(s + 1e6 * q)
    assert shifted.squared_hinge == pytest.approx(
        Pairs(y, q).at(s).squared_hinge, rel=1e-8
    )  # 1e6 * 2^-52 of each margin


def test_scores_that_differ_by_less_than_their_mean_can_show_are_no_tie():
    assert Pairs(np.array([1, 0, 0])).right(np.array([2e-20, 1e-20, -1.0])) == 1.0


def test_the_share_of_pairs_in_the_right_order():
    pairs = Pairs(np.array([2, 1, 0, 1]))  # (0, 1), (0, 2), (0, 3), (1, 2), (3, 2)
    assert pairs.right(np.array([3.0, 2.0, 1.0, 2.0])) == 1.0
    assert pairs.right(np.array([2.0, 2.0, 1.0, 3.0])) == 0.7  # a tie and a wrong one
    assert pairs.right(np.zeros(4)) == 0.5
    assert np.isnan(Pairs(np.ones(3)).right(np.zeros(3)))


def test_two_hundred_million_pairs_take_no_array_of_their_size():
    y = RANDOM.standard_normal(20_000)
    pairs = Pairs(y)
    tracemalloc.start()
    active = pairs.at(y)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pairs.count == 20_000 * 19_999 // 2
    assert 0 < active.count < pairs.count
    assert most < 100 * 2**20  # bytes; a bit for each pair would be 24 MiB, a number 1.6 GiB
