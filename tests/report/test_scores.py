"""Oracles: scikit-learn's curves, areas and calibration run beside ours; small cases counted by hand."""

import math

import numpy as np
import pytest
from sklearn import calibration, metrics

from feedforward.report.scores import ranking_of, reliability_of

EPSILON = np.finfo(np.float64).eps


def some_scores(kind: str, n: int = 400):
    """Return which of n samples are of a class, and scores that say something of it."""
    draw = np.random.default_rng(7)
    is_positive = draw.random(n) < 0.3
    scores = is_positive + draw.normal(size=n)
    if kind == "tied":
        return is_positive, np.round(scores)
    if kind == "float32":
        return is_positive, (1 / (1 + np.exp(-scores))).astype(np.float32)
    return is_positive, scores if kind == "distinct" else np.full(n, 0.25)


KINDS = pytest.mark.parametrize("kind", ["distinct", "tied", "float32", "all equal"])


@KINDS
def test_the_roc_curve_is_that_of_scikit_learn(kind):
    is_positive, scores = some_scores(kind)
    x, y, thresholds = metrics.roc_curve(is_positive, scores, drop_intermediate=False)
    ranking = ranking_of(is_positive, scores)
    assert np.array_equal(ranking.roc[0], x) and np.array_equal(ranking.roc[1], y)
    assert np.array_equal(ranking.thresholds, thresholds[1:])  # theirs begins with infinity


@KINDS
def test_precision_and_recall_are_those_of_scikit_learn(kind):
    is_positive, scores = some_scores(kind)
    precision, recall, thresholds = metrics.precision_recall_curve(is_positive, scores)
    ranking = ranking_of(is_positive, scores)
    # theirs come by rising threshold, with the point (1, 0), which no threshold gives, at the end
    assert np.array_equal(ranking.precision_recall[0], precision[-2::-1])
    assert np.array_equal(ranking.precision_recall[1], recall[-2::-1])
    assert np.array_equal(ranking.thresholds, thresholds[::-1])


@KINDS
def test_areas_are_those_of_scikit_learn(kind):
    is_positive, scores = some_scores(kind)
    ranking = ranking_of(is_positive, scores)
    # sums of at most 400 terms whose sizes add up to 1, each in an order of its own
    assert abs(ranking.area - metrics.roc_auc_score(is_positive, scores)) < 400 * EPSILON
    assert abs(ranking.average_precision - metrics.average_precision_score(is_positive, scores)) < 400 * EPSILON


def test_a_class_without_samples_or_without_others_has_no_area():
    scores = np.array([0.1, 0.9])
    nobody, all_of_them = ranking_of(np.array([False, False]), scores), ranking_of(np.array([True, True]), scores)
    assert math.isnan(nobody.area) and math.isnan(nobody.average_precision)
    assert math.isnan(all_of_them.area) and all_of_them.average_precision == 1.0


def test_one_sample_is_one_threshold():
    ranking = ranking_of(np.array([True]), np.array([0.5]))
    assert (ranking.thresholds.tolist(), ranking.found.tolist(), ranking.mistaken.tolist()) == ([0.5], [1], [0])


@pytest.mark.parametrize("bins", [1, 5, 10])
def test_the_reliability_is_scikit_learns_calibration_curve(bins):
    is_positive, scores = some_scores("float32")
    scores[:3] = [0.0, 1.0, 0.5]  # the ends, and an edge of two bins
    found = reliability_of(is_positive, scores, bins)
    observed, predicted = calibration.calibration_curve(is_positive, scores.astype(np.float64), n_bins=bins)
    is_filled = found.counts > 0
    assert np.array_equal(found.observed[is_filled], observed)
    assert np.allclose(found.predicted[is_filled], predicted, rtol=400 * EPSILON, atol=0)  # means of at most 400 terms
    assert found.counts.sum() == len(scores)


def test_the_calibration_error_weighs_each_bin_by_its_samples():
    # three samples at 0.2, of which one happened, and one at 0.9 that did not: (3 * |1/3 - 0.2| + 1 * |0 - 0.9|) / 4
    found = reliability_of(np.array([True, False, False, False]), np.array([0.2, 0.2, 0.2, 0.9]))
    assert found.error == pytest.approx((3 * (1 / 3 - 0.2) + 0.9) / 4, rel=8 * EPSILON)  # some eight roundings
    assert np.isnan(found.observed[5]) and np.isnan(found.predicted[5])
