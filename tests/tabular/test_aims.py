"""Oracle (a): errors, sharpness and intervals worked by hand; (b) the cross-entropy in float64 on a grid."""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward.tabular.aims import Classes, Numbers, interval
from feedforward.tabular.realmlp import RealMLP


def cross_entropy(logits, labels):
    top = logits.max(axis=1, keepdims=True)
    normal = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return -normal[np.arange(len(labels)), labels].mean()


def test_the_error_of_classes_is_the_share_of_rows_or_of_weight():
    outputs, labels = np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]), np.array([1, 1, 1])
    assert Classes(2).error(outputs, labels, None) == pytest.approx(1 / 3)
    assert Classes(2).error(outputs, labels, np.array([1.0, 2.0, 1.0])) == pytest.approx(1 / 2)


def test_the_error_of_numbers_is_taken_within_their_range():
    y = np.array([[1.0], [3.0]])  # mean 2, deviation 1: they become -1 and 1
    outputs = np.array([[-3.0], [0.0]], np.float32)
    clamped, free = Numbers.of(y, RealMLP()), Numbers.of(y, RealMLP(is_clamped=False))
    np.testing.assert_array_equal(clamped.fed(y), [[-1.0], [1.0]])
    assert clamped.error(outputs, clamped.fed(y), None) == pytest.approx(math.sqrt((0 + 1) / 2))
    assert free.error(outputs, free.fed(y), None) == pytest.approx(math.sqrt((4 + 1) / 2))
    assert free.error(outputs, free.fed(y), np.array([0.0, 2.0])) == pytest.approx(1)


def test_targets_that_are_all_the_same_become_zeros():
    same = Numbers.of(np.full((3, 1), 5.0), RealMLP())
    np.testing.assert_array_equal(same.fed(np.full((3, 1), 5.0)), np.zeros((3, 1)))
    np.testing.assert_array_equal(predicted(same, [np.full((2, 1), 9.0, np.float32)]), [[5.0], [5.0]])


def predicted(aim, outputs, sharpness=1.0):
    """Return what users get of the outputs of members."""
    fed = [ff.Input(each.shape[1:]) for each in outputs]
    return ff.Model(fed, aim.result(fed, sharpness)).predict([np.asarray(each, np.float32) for each in outputs])


def test_numbers_of_members_are_clamped_each_and_averaged():
    aim = Numbers.of(np.array([[1.0, 10.0], [3.0, 30.0]]), RealMLP())
    first, second = np.array([[0.5, 0.0]]), np.array([[9.0, 0.5]])
    # By hand: 2.5 and 3 (clamped) give 2.75; 20 and 25 give 22.5.
    np.testing.assert_allclose(predicted(aim, [first, second]), [[2.75, 22.5]], rtol=1e-6)


@pytest.mark.parametrize(("scale", "start"), [(1.0, 1e9), (1e200, 0.0), (1e-200, 0.0)])
def test_numbers_far_from_zero_huge_or_tiny_come_back_to_a_few_digits(scale, start):
    y = np.array([[0.0], [4.0]])  # mean 2, deviation 2: an output of 0.5 is 3
    aim = Numbers.of(y * scale + start, RealMLP())
    np.testing.assert_array_equal(aim.fed(y * scale + start), [[-1.0], [1.0]])
    np.testing.assert_allclose(
        (predicted(aim, [np.array([[0.5]])]) - start) / scale, [[3.0]], rtol=1e-6
    )  # float32 of outputs


def test_probabilities_of_members_are_averaged_before_they_are_sharpened():
    logits = [np.log([[0.8, 0.2]]), np.log([[0.4, 0.6]])]
    # The mean is (0.6, 0.4); squared (0.36, 0.16), which adds up to 0.52.
    np.testing.assert_allclose(predicted(Classes(2), logits, 2.0), [[0.36 / 0.52, 0.16 / 0.52]], rtol=1e-6)
    np.testing.assert_allclose(predicted(Classes(2), logits[:1], 2.0), [[0.64 / 0.68, 0.04 / 0.68]], rtol=1e-6)


@pytest.mark.parametrize("members", [1, 3])
def test_sharpness_gives_the_least_cross_entropy(members):
    draws = np.random.default_rng(0)
    logits = draws.normal(size=(members, 2000, 3)) * 3
    labels = (logits.mean(axis=0) + draws.gumbel(size=(2000, 3)) * 2).argmax(axis=1)
    found = Classes(3).sharpness(list(logits), labels, None)
    means = logits[0] if members == 1 else np.log(np.mean([np.exp(x) / np.exp(x).sum(1)[:, None] for x in logits], 0))
    grid = np.exp(np.linspace(-2, 2, 401))
    best = grid[np.argmin([cross_entropy(s * means, labels) for s in grid])]
    # The grid's step is a hundredth, and one row in 2,001 counts otherwise.
    assert found == pytest.approx(best, rel=0.02)


def test_sharpness_is_finite_where_all_rows_are_right_and_small_where_outputs_say_nothing():
    labels = np.array([0, 1] * 10)
    right = np.where(np.arange(2) == labels[:, None], 1.0, -1.0)
    # By hand: softmax(s (1, -1)) is 1 - 1 / 42 where exp(2 s) = 41.
    assert Classes(2).sharpness([right], labels, None) == pytest.approx(math.log(41) / 2, rel=1e-6)
    assert Classes(2).sharpness([-right], labels, None) < 0.02
    # A row of weight 0 counts for nothing.
    weights = np.array([1.0] * 20 + [0.0])
    both = np.concatenate([right, [[5.0, -5.0]]])
    more = Classes(2).sharpness([both], np.append(labels, 1), weights)
    assert more == pytest.approx(math.log(43) / 2, rel=1e-6)


def test_an_interval_reaches_from_one_rank_to_the_other():
    residuals = [[-3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0]]
    # Of 9 residuals there are 10 places: with 80 % one lies below the first rank and one above the ninth.
    np.testing.assert_allclose(interval(np.array([[10.0]]), residuals, 0.8), [[[7.0, 18.0]]])
    np.testing.assert_allclose(interval(np.array([[10.0]]), residuals, 0.6), [[[8.0, 14.0]]])
    np.testing.assert_array_equal(interval(np.array([[10.0]]), residuals, 0.9), [[[-np.inf, np.inf]]])


def test_intervals_cover_as_many_new_numbers_as_they_say():
    draws, hits, count = np.random.default_rng(0), 0, 4000
    aim = Numbers.of(np.array([[0.0], [1.0]]), RealMLP())
    for _ in range(count):
        known = draws.exponential(size=(50, 1))
        residuals = aim.residuals([np.full((50, 1), -1.0)], aim.fed(known))  # predicts 0
        low, high = interval(np.zeros((1, 1)), residuals, 0.8)[0, 0]
        hits += low <= draws.exponential() <= high
    # Between 0.8 and 0.8 + 2 / 51, and five standard deviations of a count of 4,000.
    margin = 5 * math.sqrt(0.16 / count)
    assert 0.8 - margin < hits / count < 0.8 + 2 / 51 + margin


def test_many_residuals_are_kept_as_their_quantiles():
    aim = Numbers.of(np.array([[-1.0], [1.0]]), RealMLP())
    off = np.linspace(-1, 1, 9999)[:, None]
    (kept,) = aim.residuals([np.zeros((9999, 1))], aim.fed(off))
    assert len(kept) == 999
    # The i-th of 999 stands where 10 i stands among 9,999; float32 targets round by 6e-8.
    np.testing.assert_allclose(kept, off[9::10, 0][:999], atol=2e-7)
