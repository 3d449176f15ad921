"""Oracles: scikit-learn's metrics, arithmetic worked by hand, the Wilson bounds as roots of their defining equation."""

import numpy as np
import pytest
from sklearn import metrics

from feedforward.report.evaluation import Classification, Regression, wilson_interval


def classification(n: int = 200, classes: int = 4, seed: int = 3) -> Classification:
    draw = np.random.default_rng(seed)
    scores = draw.random((n, classes)).astype(np.float32)
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    labels = draw.integers(0, classes - 1, n)  # the last class has no samples
    return Classification(labels, probabilities, tuple("abcdefgh"[:classes]), 1.5)


def test_confusion_matrix_is_that_of_scikit_learn():
    ours = classification()
    theirs = metrics.confusion_matrix(ours.labels, ours.predicted, labels=range(4))
    assert ours.confusion.tolist() == theirs.tolist()


def test_accuracy_recall_and_precision_are_those_of_scikit_learn():
    ours = classification()
    assert ours.accuracy == metrics.accuracy_score(ours.labels, ours.predicted)
    recalls = metrics.recall_score(ours.labels, ours.predicted, labels=range(3), average=None)
    assert ours.recalls[:3] == recalls.tolist()
    precisions = metrics.precision_score(ours.labels, ours.predicted, labels=range(4), average=None)
    assert ours.precisions == precisions.tolist()


def test_recall_of_a_class_without_samples_is_nan():
    assert np.isnan(classification().recalls[3])


def test_worst_mistakes_are_the_wrong_ones_with_the_surest_first():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]], np.float32)
    evaluation = Classification(np.array([1, 1, 1, 0]), probabilities, ("no", "yes"), 0.0)
    assert evaluation.worst(10).tolist() == [0, 3, 1]
    assert evaluation.worst(2).tolist() == [0, 3]


def test_most_confused_pairs_come_by_number_and_hold_no_zeros():
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = [1, 1, 0, 2, 1, 2]
    evaluation = Classification(labels, np.eye(3, dtype=np.float32)[predicted], ("a", "b", "c"), 0.0)
    assert evaluation.most_confused(5) == [(0, 1, 2), (1, 2, 1)]


def test_regression_numbers_are_those_of_scikit_learn():
    draw = np.random.default_rng(5)
    true, predicted = draw.normal(size=50).astype(np.float32), draw.normal(size=50).astype(np.float32)
    ours = Regression(true, predicted)
    # both sum 50 terms in float64, in orders of their own: 50 eps
    as_double = true.astype(np.float64), predicted.astype(np.float64)
    assert ours.mean_squared_error == pytest.approx(metrics.mean_squared_error(*as_double), rel=50 * 2**-52)
    assert ours.mean_absolute_error == pytest.approx(metrics.mean_absolute_error(*as_double), rel=50 * 2**-52)
    assert ours.r_squared == pytest.approx(metrics.r2_score(*as_double), rel=200 * 2**-52)


def test_r_squared_of_equal_labels_is_nan_and_none_in_a_file():
    evaluation = Regression(np.ones(3, np.float32), np.zeros(3, np.float32))
    assert np.isnan(evaluation.r_squared)
    assert evaluation.summary()["r_squared"] is None


def test_worst_rows_of_a_regression_have_the_largest_error_first():
    evaluation = Regression(np.array([0, 0, 0], np.float32), np.array([1, -3, 2], np.float32))
    assert evaluation.worst(2).tolist() == [1, 2]


@pytest.mark.parametrize(("right", "total"), [(90, 100), (1, 7), (359, 360), (5, 10)])
def test_wilson_bounds_are_where_the_estimate_is_1_96_deviations_away(right, total):
    # Wilson (1927): the bounds q solve |p - q| = z sqrt(q (1 - q) / n)
    for bound in wilson_interval(right, total):
        deviations = abs(right / total - bound) / np.sqrt(bound * (1 - bound) / total)
        assert deviations == pytest.approx(1.959963984540054, rel=1e-9)  # q itself is off by a few eps


def test_wilson_interval_stays_within_0_and_1():
    assert wilson_interval(0, 5)[0] == 0.0
    assert wilson_interval(5, 5)[1] == 1.0
