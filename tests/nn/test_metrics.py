"""Oracles: sklearn.metrics, counts by hand, and values recorded from Keras.

KERAS was recorded with keras 3.15.1 on TensorFlow 2.21.0: with m a keras metric, ``m.update_state(y, p)`` and
``m.result()``, and the same with ``sample_weight=[2, .5]``, on the arrays below.
"""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

import feedforward as ff
from feedforward.errors import FormatError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.nn.config import from_config, to_config
from feedforward.nn.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    SparseCategoricalCrossentropy,
)
from feedforward.nn.losses import MeanAbsoluteError as MeanAbsoluteErrorLoss
from feedforward.nn.losses import MeanSquaredError as MeanSquaredErrorLoss
from feedforward.nn.metrics import (
    AUC,
    METRICS,
    BinaryAccuracy,
    CategoricalAccuracy,
    ClassAccuracy,
    CosineSimilarity,
    F1Score,
    FalseNegatives,
    FalsePositives,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanLoss,
    MeanSquaredError,
    Metric,
    Precision,
    R2Score,
    Recall,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
    detection,
    likelihood,
    resolve_metric,
)
from feedforward.nn.metrics import BinaryCrossentropy as BinaryCrossentropyMetric
from feedforward.nn.metrics import CategoricalCrossentropy as CategoricalCrossentropyMetric
from feedforward.nn.metrics import SparseCategoricalCrossentropy as SparseCategoricalCrossentropyMetric
from feedforward.ops import placeholder
from feedforward.tensor import Tensor, symbolic
from feedforward.tracing import trace

P = np.float32([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
Q = np.float32([[2, 5, 3], [0, 0, 0.5]])
Y = np.float32([[0, 1, 0], [0.5, 0.25, 0.25]])
Z = np.float32([[2, -1, 0.5], [-40, 0, 30]])
BITS = np.array([[1, 0, 0], [0, 1, 1]])

NAMES = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "class_accuracy": ClassAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "root_mean_squared_error": RootMeanSquaredError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "cosine_similarity": CosineSimilarity,
    "r2_score": R2Score,
    "precision": Precision,
    "recall": Recall,
    "f1_score": F1Score,
    "true_positives": TruePositives,
    "false_positives": FalsePositives,
    "true_negatives": TrueNegatives,
    "false_negatives": FalseNegatives,
    "auc": AUC,
    "mean_loss": MeanLoss,
    "binary_crossentropy": BinaryCrossentropyMetric,
    "categorical_crossentropy": CategoricalCrossentropyMetric,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropyMetric,
}

KERAS = [
    (BinaryAccuracy(), BITS, P, 0.6666666865348816, 0.6666666865348816),
    (BinaryAccuracy(threshold=0), BITS, Z, 0.6666666865348816, 0.6666666865348816),
    (CategoricalAccuracy(), np.array([[0, 1, 0], [1, 0, 0]]), P, 0.5, 0.800000011920929),
    (SparseCategoricalAccuracy(), np.array([1, 0]), P, 0.5, 0.800000011920929),
    # The same two, as Keras has them apart.
    (ClassAccuracy(), np.array([[0, 1, 0], [1, 0, 0]]), P, 0.5, 0.800000011920929),
    (ClassAccuracy(), np.array([1, 0]), P, 0.5, 0.800000011920929),
    # Not Keras's, which knows 0 and 1 alone: by hand.
    (BinaryAccuracy(threshold=0), 2 * BITS - 1, Z, 0.6666666865348816, 0.6666666865348816),
    (MeanSquaredError(), Y, Q, 4.895833492279053, 7.758333683013916),
    (MeanAbsoluteError(), Y, Q, 1.6666666269302368, 2.4666666984558105),
    (MeanLoss(MeanSquaredErrorLoss()), Y, Q, 4.895833492279053, 7.758333683013916),
    (TopKCategoricalAccuracy(2), np.array([[0, 0, 1], [1, 0, 0]]), P, 1.0, 1.0),
    (SparseTopKCategoricalAccuracy(2), np.array([2, 0]), P, 1.0, 1.0),
    (RootMeanSquaredError(), Y, Q, 2.212653160095215, 2.7853784561157227),
    (MeanAbsolutePercentageError(), Y + 1, Q, 118.33332824707031, 137.33334350585938),
    (CosineSimilarity(), Y, Q, 0.6096776723861694, 0.7305353283882141),
    (R2Score(), Y, Q, -126.03704071044922, -313.9537353515625),
    (Precision(), BITS, P, 1.0, 1.0),
    (Precision(class_id=1), BITS, P, 0.0, 0.0),
    (Precision(threshold=0), BITS, Z, 0.6666666865348816, 0.5555555820465088),
    (Recall(), BITS, P, 0.3333333432674408, 0.1666666716337204),
    (TruePositives(), BITS, P, 1.0, 0.5),
    (FalsePositives(threshold=0.25), BITS, P, 2.0, 4.0),
    (TrueNegatives(threshold=0.25), BITS, P, 1.0, 0.5),
    (FalseNegatives(), BITS, P, 2.0, 2.5),
    (F1Score(average="micro", threshold=0.25), BITS, P, 0.333333283662796, 0.13333328068256378),
    (F1Score(average="macro"), BITS, P, 0.333333283662796, 0.33333322405815125),
    (F1Score(average="weighted", threshold=0.25), BITS, P, 0.2222221940755844, 0.0555555485188961),
    (BinaryCrossentropyMetric(), Y, P, 0.7324115633964539, 0.5475577116012573),
    (BinaryCrossentropyMetric(from_logits=True), Y, Q, 1.23626708984375, 1.530953049659729),
    (CategoricalCrossentropyMetric(), Y, P, 1.237936019897461, 0.9110627174377441),
    (SparseCategoricalCrossentropyMetric(), np.array([1, 0]), P, 1.497866153717041, 1.015034794807434),
    (SparseCategoricalCrossentropyMetric(from_logits=True), np.array([1, 0]), Z, 36.62065505981445, 16.593050003051758),
    # No record: Keras takes thresholds. By hand: two of the outputs have both classes, in order and reversed; of the
    # pair in order one sample is worth 2 and the other 1/2, which changes no area of a single pair.
    (AUC(), np.array([[1, 0], [0, 1]]), np.float32([[0.9, 0.6], [0.1, 0.4]]), 0.5, 0.5),
]

L = ff.losses
TWO_CLASSES = [L.Hinge, L.SquaredHinge, L.Perceptron, L.Logistic, L.ModifiedHuber, L.Exponential, L.SigmoidLoss]
MANY_CLASSES = [L.CategoricalHinge, L.OneVsAllHinge, L.CrammerSinger, L.CategoricalPerceptron]
OF_NUMBERS = [L.Huber, L.LogCosh, L.Quantile, L.Poisson, L.CosineSimilarity]
OF_NUMBERS += [L.MeanAbsolutePercentageError, L.MeanSquaredLogarithmicError]

# For each loss: the network's output, and the accuracy that fits.
FITS = [
    (BinaryCrossentropy(), (None, 1), BinaryAccuracy(threshold=0.5, name="accuracy")),
    (BinaryCrossentropy(), (None, 5), BinaryAccuracy(threshold=0.5, name="accuracy")),
    (BinaryCrossentropy(from_logits=True), (None, 1), BinaryAccuracy(threshold=0.0, name="accuracy")),
    (CategoricalCrossentropy(), (None, 3), CategoricalAccuracy(name="accuracy")),
    (SparseCategoricalCrossentropy(from_logits=True), (None, 3), SparseCategoricalAccuracy(name="accuracy")),
    (MeanSquaredErrorLoss(), (None, 1), BinaryAccuracy(threshold=0.5, name="accuracy")),
    (MeanSquaredErrorLoss(), (None,), BinaryAccuracy(threshold=0.5, name="accuracy")),
    (MeanSquaredErrorLoss(), (None, 3), CategoricalAccuracy(name="accuracy")),
    (MeanAbsoluteErrorLoss(), (None, 1), BinaryAccuracy(threshold=0.5, name="accuracy")),
    (MeanAbsoluteErrorLoss(), (None, 2, 3), CategoricalAccuracy(name="accuracy")),
    *((loss(), (None, 1), BinaryAccuracy(threshold=0.0, name="accuracy")) for loss in TWO_CLASSES),
    *((loss(), (None, 3), ClassAccuracy(name="accuracy")) for loss in MANY_CLASSES),
    *((loss(), (None, 1), BinaryAccuracy(threshold=0.5, name="accuracy")) for loss in OF_NUMBERS),
    (ff.losses.KullbackLeiblerDivergence(), (None, 3), CategoricalAccuracy(name="accuracy")),
]


def measure(metric, y, p, weight=None):
    weight = None if weight is None else Tensor(weight)
    return metric.result(metric.totals(Tensor(y), Tensor(p), weight).numpy())


def test_every_metric_is_registered_under_its_snake_case_name_and_has_an_oracle():
    known = {type(row[0]) for row in KERAS}
    missing = [f"no oracle for metrics.{name}" for name in METRICS if METRICS[name] not in known]
    assert not missing, missing
    assert {name: METRICS[name] for name in METRICS} == NAMES
    assert known == set(NAMES.values())


RELATIVE = 32 * 2**-24
"""Sums of at most six float32 numbers in either, logarithms and roots of them; Keras adds 1e-7 to some divisors."""


@pytest.mark.parametrize(("metric", "y", "p", "plain", "weighted"), KERAS, ids=lambda x: repr(x)[:60])
def test_arrays_and_lists_are_taken_as_tensors_are(metric, y, p, plain, weighted):
    for one, other, weight in ((y, p, np.float32([2, 0.5])), (y.tolist(), p.tolist(), [2, 0.5])):
        assert metric(one, other) == pytest.approx(plain, rel=RELATIVE)
        assert metric(one, other, weight) == pytest.approx(weighted, rel=RELATIVE)


def test_every_loss_has_a_row_that_says_which_accuracy_fits_it():
    missing = [f"no accuracy for losses.{name}" for name in LOSSES if LOSSES[name] not in {type(r[0]) for r in FITS}]
    assert not missing, missing


# Read from Keras 3's get_metric: a metric has the name by which it was asked for.
@pytest.mark.parametrize(
    ("given", "metric"),
    [
        ("acc", SparseCategoricalAccuracy(name="acc")),
        ("Accuracy", SparseCategoricalAccuracy(name="Accuracy")),
        ("mse", MeanSquaredError(name="mse")),
        ("MAE", MeanAbsoluteError(name="MAE")),
        ("MeanAbsoluteError", MeanAbsoluteError(name="MeanAbsoluteError")),
        ("mean_absolute_error", MeanAbsoluteError()),
    ],
)
def test_a_metric_is_called_what_it_was_given_as(given, metric):
    assert resolve_metric(given, SparseCategoricalCrossentropy(), (None, 3)) == metric


def test_a_loss_of_a_user_says_itself_which_accuracy_fits_it():
    class Hinge(Loss):
        def accuracy(self, output_shape):
            return {"class": "binary_accuracy", "threshold": -0.25}

    assert resolve_metric("accuracy", Hinge(), (None, 1)) == BinaryAccuracy(threshold=-0.25, name="accuracy")


@pytest.mark.parametrize(("metric", "y", "p", "plain", "weighted"), KERAS, ids=lambda x: repr(x)[:60])
def test_values_are_those_of_keras(metric, y, p, plain, weighted):
    assert measure(metric, y, p) == pytest.approx(plain, rel=RELATIVE)
    assert measure(metric, y, p, np.float32([2, 0.5])) == pytest.approx(weighted, rel=RELATIVE)


def test_values_are_those_of_sklearn():
    random = np.random.default_rng(1)
    labels, p, w = random.integers(0, 5, 200), random.random((200, 5)), random.random(200)
    right = sklearn_metrics.accuracy_score(labels, p.argmax(1))
    assert measure(SparseCategoricalAccuracy(), labels, p) == right
    assert measure(CategoricalAccuracy(), np.eye(5)[labels], p) == right
    weighted = sklearn_metrics.accuracy_score(labels, p.argmax(1), sample_weight=w)
    assert measure(SparseCategoricalAccuracy(), labels, p, w) == pytest.approx(weighted, rel=200 * 2**-53)
    bits = labels > 2
    assert measure(BinaryAccuracy(), bits, p[:, :1]) == sklearn_metrics.accuracy_score(bits, p[:, 0] > 0.5)
    y, tolerance = random.random((200, 5)), 1000 * 2**-53
    for metric, oracle in [
        (MeanSquaredError(), sklearn_metrics.mean_squared_error),
        (MeanAbsoluteError(), sklearn_metrics.mean_absolute_error),
    ]:
        assert measure(metric, y, p) == pytest.approx(oracle(y, p), rel=tolerance)
        assert measure(metric, y, p, w) == pytest.approx(oracle(y, p, sample_weight=w), rel=tolerance)


def test_totals_of_batches_add_up_to_those_of_all():
    random = np.random.default_rng(2)
    labels, p = random.integers(0, 3, 50), random.random((50, 3)).astype(np.float32)
    metric = SparseCategoricalAccuracy()
    parts = [metric.totals(Tensor(labels[i : i + 7]), Tensor(p[i : i + 7])).numpy() for i in range(0, 50, 7)]
    whole = metric.totals(Tensor(labels), Tensor(p)).numpy()
    np.testing.assert_array_equal(np.sum(parts, axis=0), whole)
    assert whole.tolist() == [(p.argmax(1) == labels).sum(), 50]


def test_counts_are_exact_up_to_2_to_the_24():
    n = 2**24
    p = np.zeros((n, 1), np.float32)
    p[0] = 1
    assert BinaryAccuracy().totals(Tensor(np.zeros(n, np.uint8)), Tensor(p)).tolist() == [n - 1, n]


def test_the_first_of_equal_outputs_counts():
    p = np.float32([[0.5, 0.5, 0.1], [0.1, 0.4, 0.4]])
    assert measure(SparseCategoricalAccuracy(), np.array([0, 1]), p) == 1
    assert measure(SparseCategoricalAccuracy(), np.array([1, 2]), p) == 0
    assert measure(CategoricalAccuracy(), np.array([[0.5, 0.5, 0], [0, 1, 1]]), p) == 1


def test_an_output_at_the_threshold_says_zero():
    assert measure(BinaryAccuracy(), np.array([0, 1]), np.float32([[0.5], [0.5]])) == 0.5
    assert measure(BinaryAccuracy(threshold=0.0), np.array([0]), np.float32([[0.0]])) == 1


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_a_column_and_a_vector_are_the_same(shape):
    y, p = np.array([0, 1, 1, 0]).reshape(shape), np.float32([0.2, 0.7, 0.4, 0.9])
    for other in ((4,), (4, 1)):
        assert measure(BinaryAccuracy(), y, p.reshape(other)) == 0.5
        # By hand: (0.04 + 0.09 + 0.36 + 0.81) / 4, four float32 roundings.
        assert measure(MeanSquaredError(), y, p.reshape(other)) == pytest.approx(0.325, rel=8 * 2**-24)


def test_labels_may_stand_in_a_column_and_have_any_dtype():
    for dtype in (np.uint8, np.int32, np.int64, np.float32):
        assert measure(SparseCategoricalAccuracy(), np.array([[1], [0]], dtype), P) == 0.5


def test_sequences_count_every_element():
    p = np.eye(3)[[[0, 1], [2, 2]]]
    labels = np.array([[0, 1], [2, 0]])
    assert SparseCategoricalAccuracy().totals(Tensor(labels), Tensor(p)).tolist() == [3, 4]
    assert CategoricalAccuracy().totals(Tensor(np.eye(3)[labels]), Tensor(p)).tolist() == [3, 4]
    weighted = SparseCategoricalAccuracy().totals(Tensor(labels), Tensor(p), Tensor(np.array([2.0, 5.0])))
    assert weighted.tolist() == [2 * 2 + 5 * 1, 2 * 2 + 5 * 2]


def test_nan_counts_as_wrong_in_binary_accuracy_and_spreads_in_errors():
    assert measure(BinaryAccuracy(), np.array([1.0]), np.float32([np.nan])) == 0
    assert np.isnan(measure(MeanSquaredError(), np.array([1.0]), np.float32([np.nan])))


def test_no_samples_give_nan():
    for metric, y in [(BinaryAccuracy(), np.zeros((0, 3))), (SparseCategoricalAccuracy(), np.zeros(0, int))]:
        assert np.isnan(measure(metric, y, np.zeros((0, 3), np.float32)))
    assert np.isnan(measure(MeanSquaredError(), Y, Q, np.zeros(2)))


@pytest.mark.parametrize(("metric", "y", "p"), [row[:3] for row in KERAS], ids=lambda x: repr(x)[:30])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_program_for_batches_of_any_size_gives_the_same_bits(metric, y, p, is_weighted, run):
    w = np.float32([0.3, 2])
    batch = unknown("batch")
    inputs = [symbolic(placeholder((batch, *x.shape[1:]), x.dtype, name)) for x, name in [(y, "y"), (p, "p"), (w, "w")]]
    traced = trace(lambda y, p, w: [metric.totals(y, p, w if is_weighted else None)], inputs)
    result = run(traced.program.outputs, zip(traced.program.inputs, [y, p, w], strict=True))[0]
    expected = metric.totals(Tensor(y), Tensor(p), Tensor(w) if is_weighted else None).numpy()
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("metric", "y", "p"),
    [
        (BinaryAccuracy(), (4, 2), (4, 3)),
        (CategoricalAccuracy(), (4,), (4, 3)),
        (MeanSquaredError(), (3, 1), (4, 1)),
        (SparseCategoricalAccuracy(), (4, 3), (4, 3)),
        (SparseCategoricalAccuracy(), (3,), (4, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(metric, y, p):
    with pytest.raises(
        ShapeError, match=r"(targets|labels) have shape \(.*\), predictions \(.*\), built at test_metrics"
    ):
        metric.totals(Tensor(np.zeros(y)), Tensor(np.zeros(p)))


# what "accuracy" stands for


@pytest.mark.parametrize(("loss", "output_shape", "expected"), FITS)
def test_accuracy_is_the_one_that_fits_the_loss(loss, output_shape, expected):
    metric = resolve_metric("accuracy", loss, output_shape)
    assert metric == expected
    assert metric.name == "accuracy"


def test_other_names_configurations_and_instances_are_taken_as_they_are():
    loss = BinaryCrossentropy(from_logits=True)
    assert resolve_metric("binary_accuracy", loss, (None, 1)) == BinaryAccuracy(threshold=0.5)
    mine = BinaryAccuracy(threshold=0.3, name="at 0.3")
    assert resolve_metric(mine, loss, (None, 1)) is mine
    assert resolve_metric(to_config(mine), loss, (None, 1)) == mine


def test_the_name_is_the_class_in_snake_case_by_default():
    for name, metric in NAMES.items():
        assert metric().name == ("mean_squared_error" if metric is MeanLoss else name)
        assert from_config(METRICS, to_config(metric(name="x"))) == metric(name="x")
    assert from_config(METRICS, to_config(MeanLoss("bce"))) == MeanLoss(
        BinaryCrossentropy(), name="binary_crossentropy"
    )


@pytest.mark.parametrize(
    ("thing", "error", "message"),
    [
        ("acuracy", ValueError, r"Unknown metric 'acuracy'\. Did you mean 'accuracy'\?"),
        ("mean_square", ValueError, r"Unknown metric 'mean_square'\. Did you mean 'mean_squared_error'\?"),
        (BinaryAccuracy, TypeError, r"metric: got the class BinaryAccuracy; make an instance of it"),
        (3, TypeError, r"metric: got 3\. Give a name or an instance"),
    ],
)
def test_what_is_no_metric_is_refused(thing, error, message):
    with pytest.raises(error, match=message):
        resolve_metric(thing, BinaryCrossentropy(), (None, 1))


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(ValueError) as caught:
        BinaryAccuracy(threshold="half")
    assert str(caught.value) == "BinaryAccuracy(threshold='half'): threshold must be a number. Got 'half'."


def test_the_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Metric has no values\(\)\. Define"):
        Metric().totals(Tensor(Y), Tensor(P))
    with pytest.raises(NotImplementedError, match=r"_Counted has no number\(\)\. Define number\(self, found, said, "):
        detection._Counted()(BITS[:, :2], BITS[:, 1:])
    with pytest.raises(NotImplementedError, match=r"_Crossentropy has no loss\. Define the property loss\(self\)\."):
        likelihood._Crossentropy()(Y, P)


def test_a_name_that_is_no_text_is_refused_also_where_a_loss_gives_one():
    with pytest.raises(TypeError, match=r"^MeanLoss\(name=0\): name must be a str\. Got 0\.$"):
        MeanLoss("mse", name=0)


# Of a random choice of outputs without ties, the classes of the k largest by NumPy's sort.
def test_the_k_largest_are_those_of_a_sort_and_of_equal_outputs_the_first():
    random = np.random.default_rng(5)
    labels, p = random.integers(0, 6, 100), random.permuted(np.tile(np.arange(6.0), (100, 1)), axis=1)
    for k in range(1, 7):
        right = (np.argsort(-p, 1)[:, :k] == labels[:, None]).any(1).mean()
        assert SparseTopKCategoricalAccuracy(k)(labels, p) == right
        assert TopKCategoricalAccuracy(k)(np.eye(6)[labels], p) == right
    for k, right in ((1, 1 / 3), (2, 2 / 3), (3, 1)):
        assert SparseTopKCategoricalAccuracy(k)([0, 1, 2], np.zeros((3, 3))) == pytest.approx(right, rel=2**-23)
    assert SparseTopKCategoricalAccuracy(2)([0], [[np.nan, 1.0, 2.0]]) == 0
    assert SparseTopKCategoricalAccuracy(1)([0], [[1.0, np.nan, 0.0]]) == 0


def test_more_answers_than_outputs_are_refused():
    with pytest.raises(ValueError, match=r"TopKCategoricalAccuracy\(k=4\): the network has 3 outputs, so every answer"):
        TopKCategoricalAccuracy(4)(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match=r"SparseTopKCategoricalAccuracy\(k=0\): k must be an int >= 1\. Got 0"):
        SparseTopKCategoricalAccuracy(0)


def test_a_name_that_only_losses_have_is_the_mean_of_the_loss():
    metric = resolve_metric("mae", MeanSquaredErrorLoss(), (None, 1))
    assert isinstance(metric, MeanAbsoluteError)
    assert resolve_metric(BinaryCrossentropy(True), BinaryCrossentropy(), (None, 1)).loss == BinaryCrossentropy(True)


@pytest.mark.parametrize(
    "config",
    [
        {"class": "auc", "name": 3},
        {"class": "auc", "name": ["x"]},
        {"class": "auc", "curve": ["ROC"]},
        {"class": "auc", "average": {}},
        {"class": "precision", "threshold": True},
        {"class": "recall", "class_id": 1.0},
        {"class": "f1_score", "average": ["macro"]},
        {"class": "top_k_categorical_accuracy", "k": True},
        {"class": "mean_loss", "loss": {"class": "mean_loss"}},
        {"class": "mean_loss", "loss": {"class": "mean_squared_error", "x": 1}},
        {"class": "mean_loss", "loss": ["mse"]},
        {"class": "mean_loss", "loss": None},
        {"class": "mean_loss", "loss": "os.system"},
        {"class": "binary_crossentropy", "from_logits": 1},
        {"class": "_function", "function": "print"},
    ],
    ids=str,
)
def test_what_a_file_may_not_say_of_a_metric_is_refused(config):
    with pytest.raises(FormatError, match="metric"):
        from_config(METRICS, config)
