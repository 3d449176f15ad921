"""Oracle: sklearn.metrics, run here, on scores with ties, weights and rare classes; and areas worked by hand."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as oracle
from sklearn.exceptions import UndefinedMetricWarning

from feedforward.errors import DataError, ShapeError
from feedforward.nn import losses
from feedforward.nn.metrics import AUC, CosineSimilarity, F1Score, Precision, R2Score, Recall, resolve_metric

DRAW = np.random.default_rng(3)
N = 300
LABELS = DRAW.integers(0, 4, N)
LABELS[LABELS == 3] = np.where(DRAW.random((LABELS == 3).sum()) < 0.1, 3, 0)  # a rare class
BITS = np.eye(4)[LABELS]
SCORES = np.round(DRAW.random((N, 4)) + 0.5 * BITS, 1).astype(np.float32)  # few different ones: many ties
WEIGHTS = np.round(DRAW.random(N), 3).astype(np.float32)
SUM = N * 2**-23
"""Of N float32 numbers, each rounded once; what is added up in float64 has far less."""


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_areas_are_those_of_sklearn(average, weight):
    for curve, area in (("ROC", oracle.roc_auc_score), ("PR", oracle.average_precision_score)):
        metric = AUC(curve, average)
        weight = None if weight is None else weight.astype(np.float64)  # else the oracle adds up in float32
        expected = area(BITS, SCORES, average=average, sample_weight=weight)
        # All sums are of float64 in either, of N K numbers.
        for targets in (BITS, LABELS, LABELS[:, None], BITS * 2 - 1, BITS.astype(bool)):
            assert metric(targets, SCORES, weight) == pytest.approx(expected, rel=8 * N * 2**-53)
        one = area(BITS[:, 0], SCORES[:, 0], sample_weight=weight)
        assert metric(BITS[:, 0], SCORES[:, :1], weight) == pytest.approx(one, rel=8 * N * 2**-53)
        assert metric(BITS[:, 0], SCORES[:, 0], weight) == pytest.approx(one, rel=8 * N * 2**-53)


def test_an_area_takes_nothing_but_the_order_of_scores():
    y = np.array([0, 1, 0, 1])
    assert AUC()(y, np.float32([-1e30, -7, -7, np.inf])) == 3.5 / 4  # by hand: of four pairs one is a tie
    assert AUC()(y, np.zeros(4)) == 0.5
    assert AUC("PR")(y, np.zeros(4)) == 0.5  # the share of positives


def test_close_scores_are_told_apart():
    # Neighbours in float32, of which 200 thresholds see nothing.
    p = np.float32([0.5, np.nextafter(np.float32(0.5), 1), np.nextafter(np.float32(0.5), 0)])
    assert AUC()([0, 1, 0], p) == 1


def test_areas_where_there_is_no_curve():
    for y in ([1, 1], [0, 0]):
        assert np.isnan(AUC()(y, [0.1, 0.2]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.simplefilter("ignore", UserWarning)
        assert AUC("PR")([0, 0], [0.1, 0.2]) == oracle.average_precision_score([0, 0], [0.1, 0.2]) == 0
    for metric in (AUC(), AUC("PR")):
        assert np.isnan(metric(np.zeros((0, 1)), np.zeros((0, 1))))
        assert np.isnan(metric([0, 1], [np.nan, 0.5]))
        assert np.isnan(metric([0, 1], [0.2, 0.5], [0, 0])) or metric.curve == "PR"


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize(
    ("kind", "score"),
    [(Precision, oracle.precision_score), (Recall, oracle.recall_score), (F1Score, oracle.f1_score)],
)
def test_precision_recall_and_f1_are_those_of_sklearn(kind, score, average, weight):
    options = {"average": average, "sample_weight": weight, "zero_division": 0}
    several = score(BITS, SCORES > 0.9, **options)
    assert kind(threshold=0.9, average=average)(BITS, SCORES, weight) == pytest.approx(several, rel=SUM)
    largest = score(LABELS, SCORES.argmax(1), labels=range(4), **options)
    for targets in (LABELS, LABELS[:, None], BITS):
        assert kind(threshold=None, average=average)(targets, SCORES, weight) == pytest.approx(largest, rel=SUM)
    for place in range(4):
        one = score(LABELS == place, SCORES.argmax(1) == place, sample_weight=weight, zero_division=0)
        metric = kind(threshold=None, average=average, class_id=place)
        assert metric(LABELS, SCORES, weight) == pytest.approx(one, rel=SUM)


def test_nothing_said_or_nothing_there_is_zero():
    for metric in (Precision(), Recall(), F1Score(), F1Score(average="weighted")):
        assert metric([0, 0], [0.1, 0.2]) == 0
        assert metric(np.zeros((0, 1)), np.zeros((0, 1))) == 0
    assert F1Score()([0, 1], [0.2, 0.9]) == 1  # of one output the threshold is 1/2


def test_steps_of_sequences_count_as_samples():
    y, p = BITS.reshape(N // 3, 3, 4), SCORES.reshape(N // 3, 3, 4)
    assert AUC()(y, p) == AUC()(BITS, SCORES)
    assert F1Score()(y, p) == F1Score()(BITS, SCORES)
    weight = WEIGHTS[: N // 3]
    assert Recall()(y, p, weight) == pytest.approx(Recall()(BITS, SCORES, np.repeat(weight, 3)), rel=SUM)


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(("mean", "dtype"), [(0, np.float32), (1e6, np.float32), (1e12, np.float64)])
def test_r2_is_that_of_sklearn_also_where_the_mean_is_large_beside_the_spread(mean, dtype, weight):
    y = (mean + DRAW.normal(size=(N, 3)) * [1, 2, 3]).astype(dtype)
    p = (y + DRAW.normal(size=(N, 3))).astype(dtype)
    # Without the mean, which is subtracted exactly, the oracle has all digits.
    expected = oracle.r2_score(y.astype(np.float64) - mean, p.astype(np.float64) - mean, sample_weight=weight)
    # Sums of N float64 numbers in either, which sum(w) and sum(w y) in float32, the oracle's, are not.
    assert R2Score()(y, p, weight) == pytest.approx(expected, rel=1e-11 if weight is None else 1e-6)
    assert 0 < expected < 1


def test_r2_of_constant_targets_and_of_few_samples():
    assert R2Score()([2.0, 2.0], [2.0, 2.0]) == 1
    assert R2Score()([2.0, 2.0], [2.0, 3.0]) == 0
    assert np.isnan(R2Score()([2.0], [2.0]))
    assert R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 9.0], [1, 1, 0]) == 1


def test_cosines_of_any_length_of_vectors():
    y, p = np.float32([[1e-30, 0], [1e30, 1e30], [0, 0]]), np.float32([[2, 0], [1e-30, 0], [1, 1]])
    # By hand 1, 1 / sqrt(2), 0.
    assert CosineSimilarity()(y, p) == pytest.approx((1 + 0.5**0.5) / 3, rel=4 * 2**-24)
    assert CosineSimilarity()([1.0, -2.0, 3.0], [2.0, 2.0, 0.0]) == 0


def test_a_name_stands_for_what_fits_the_loss():
    logits = losses.BinaryCrossentropy(from_logits=True)
    assert resolve_metric("precision", logits, (None, 1)) == Precision(threshold=0.0)
    assert resolve_metric("F1", losses.CategoricalCrossentropy(), (None, 3)) == F1Score(name="F1")
    assert resolve_metric("recall", losses.SparseCategoricalCrossentropy(), (None, 3)) == Recall(threshold=None)
    assert resolve_metric("bce", logits, (None, 1)).from_logits
    assert resolve_metric("AUC", logits, (None, 1)) == AUC(name="AUC")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Precision(threshold="x"), r"Precision\(threshold='x'\): threshold must be a number\. Got 'x'"),
        (lambda: F1Score(average="mean"), r"F1Score\(average='mean'\): average must be one of 'micro', 'macro', 'weig"),
        (lambda: F1Score(average=None), r"Got None\. Of each class alone: class_id"),
        (lambda: Recall(class_id=-1), r"Recall\(class_id=-1\): class_id must be an int >= 0\. Got -1"),
        (lambda: AUC("roc"), r"AUC\(curve='roc'\): curve must be one of 'ROC', 'PR'\. Got 'roc'"),
        (lambda: AUC(average=None), r"AUC\(average=None\): average must be one of 'macro', 'micro', 'weighted'"),
        (lambda: Recall(class_id=4)(BITS, SCORES), r"Recall\(class_id=4\): the network has 4 outputs\. Give a number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("y", "shape", "message"),
    [
        ([0.0, 0.3], (None, 1), r"expected targets of 0 or 1\. Got 0\.3\. Drop the metric, or number the targets so"),
        ([-1, 0], (None,), r"expected targets of -1 or 1\. Got 0"),
        ([0, 4], (None, 4), r"expected labels from 0 to 3\. Got 4"),
        ([[0], [-1]], (None, 4), r"expected labels from 0 to 3\. Got -1"),
        ([[0.5, 0.5]], (None, 2), r"expected targets of 0 or 1\. Got 0\.5"),
    ],
)
def test_targets_that_are_neither_yes_nor_no_are_refused(y, shape, message):
    for metric in (AUC(), Precision(), F1Score()):
        with pytest.raises(DataError, match=f"{type(metric).__name__}: {message}"):
            metric.check_targets(np.array(y), shape)
        with pytest.raises(DataError, match=message):
            metric(np.array(y), np.zeros((2, *shape[1:])))
        metric.check_targets(np.array([0, 1, 1]), (None, 3))
        metric.check_targets(np.array([[-1], [1]]), (None, 1))


def test_shapes_that_do_not_fit_are_refused():
    for metric in (AUC(), Precision(), R2Score()):
        with pytest.raises(ShapeError, match=r"targets have shape \(4, 2\), predictions \(4, 3\)"):
            metric(np.zeros((4, 2)), np.zeros((4, 3)))
