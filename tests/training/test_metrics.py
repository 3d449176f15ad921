"""Oracles: sklearn.metrics on what predict gives; and identities: any cut and both backends give the same numbers."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as oracle

import feedforward as ff
from feedforward.errors import DataError, ShapeError
from feedforward.training.callbacks import Callback, EarlyStopping

DRAW = np.random.default_rng(1)
X = DRAW.normal(size=(103, 5)).astype(np.float32)
Y = (X[:, 0] + DRAW.normal(size=103) > 0).astype(int)
W = np.round(DRAW.random(103), 2).astype(np.float32)
RANKS = ["auc", ff.metrics.AUC("PR", name="precision_recall"), "r2"]
COUNTS = ["accuracy", "precision", "recall", "f1_score", "rmse"]


def ready(rate=0.0, metrics=(*RANKS, *COUNTS), **options):
    ff.set_seed(4)
    model = ff.Sequential([ff.Input((5,)), ff.layers.Dense(8, "tanh"), ff.layers.Dense(1, "sigmoid")])
    model.compile(ff.optimizers.SGD(rate), "binary_crossentropy", list(metrics), **options)
    return model


def expected(y, p, weight=None):
    says, options = p > 0.5, {"sample_weight": weight}
    return {
        "auc": oracle.roc_auc_score(y, p, **options),
        "precision_recall": oracle.average_precision_score(y, p, **options),
        "r2": oracle.r2_score(y, p, **options),
        "accuracy": oracle.accuracy_score(y, says, **options),
        "precision": oracle.precision_score(y, says, **options),
        "recall": oracle.recall_score(y, says, **options),
        "f1_score": oracle.f1_score(y, says, **options),
        "rmse": oracle.mean_squared_error(y, p, **options) ** 0.5,
    }


TOLERANCE = 2e-6
"""Sums of 16 float32 numbers in a batch, and predictions that are rounded otherwise in batches of another size."""


@pytest.mark.parametrize("batch_size", [1, 16, 103, 200])
def test_numbers_are_those_of_all_samples_whatever_the_batches(batch_size):
    model = ready()
    p = model.predict(X).ravel().astype(np.float64)
    found = model.evaluate(X, Y, batch_size, verbose=0, return_dict=True)
    history = model.fit(X, Y, batch_size, verbose=0, validation_data=(X[50:], Y[50:])).history  # at a rate of 0
    later = expected(Y[50:], p[50:])
    for name, number in expected(Y, p).items():
        assert found[name] == pytest.approx(number, rel=TOLERANCE), name
        assert history[name] == [pytest.approx(number, rel=TOLERANCE)], name
        assert history[f"val_{name}"] == [pytest.approx(later[name], rel=TOLERANCE)], name


def test_each_score_is_that_of_the_weights_its_batch_was_trained_with():
    # A batch at a time, by hand: predict, then train on it.
    model, other = ready(0.5), ready(0.5)
    history = model.fit(X, Y, 20, shuffle=False, verbose=0).history
    scores = []
    for start in range(0, 103, 20):
        part = slice(start, start + 20)
        scores += other.predict(X[part]).ravel().tolist()
        other.fit(X[part], Y[part], 20, shuffle=False, verbose=0)
    assert history["auc"] == [pytest.approx(oracle.roc_auc_score(Y, scores), rel=1e-12)]  # no tie is near
    assert history["r2"] == [pytest.approx(oracle.r2_score(Y, scores), rel=TOLERANCE)]


def test_weights_of_samples_count_in_weighted_metrics_alone():
    names = [name for name in (*RANKS, *COUNTS)]
    model = ready(metrics=names, weighted_metrics=[*names, "mae"])
    p = model.predict(X).ravel().astype(np.float64)
    plain, weighted = expected(Y, p), expected(Y, p, W.astype(np.float64))
    weighted["mae"] = oracle.mean_absolute_error(Y, p, sample_weight=W)
    for found in (
        model.evaluate(X, Y, 16, verbose=0, sample_weight=W, return_dict=True),
        {name: values[0] for name, values in model.fit(X, Y, 16, verbose=0, sample_weight=W).history.items()},
    ):
        for name, number in plain.items():
            assert found[name] == pytest.approx(number, rel=TOLERANCE), name
        for name, number in weighted.items():
            name = name if name == "mae" else f"weighted_{name}"
            assert found[name] == pytest.approx(number, rel=TOLERANCE), name
    unweighted = model.evaluate(X, Y, 16, verbose=0, return_dict=True)
    assert unweighted["weighted_recall"] == unweighted["recall"]


def test_classes_weigh_in_the_weighted_metrics_of_training():
    model = ready(metrics=["accuracy"], weighted_metrics=["accuracy"])
    history = model.fit(X, Y, class_weight={0: 1.0, 1: 3.0}, verbose=0, validation_data=(X, Y)).history
    says, weight = model.predict(X).ravel() > 0.5, np.where(Y, 3.0, 1.0)
    assert history["weighted_accuracy"] == [
        pytest.approx(oracle.accuracy_score(Y, says, sample_weight=weight), rel=TOLERANCE)
    ]
    assert history["val_weighted_accuracy"] == history["val_accuracy"] == history["accuracy"]


class Cut(Callback):
    """Looks after each batch."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, batch, logs):
        self.seen.append(logs["auc"])


def test_cuts_and_generators_change_no_bit():
    model, cut, yielded = ready(0.5), ready(0.5), ready(0.5)
    watch = Cut()
    whole = model.fit(X, Y, 8, 3, shuffle=False, verbose=0).history
    assert cut.fit(X, Y, 8, 3, shuffle=False, verbose=0, callbacks=[watch]).history == whole
    assert watch.seen[12::13] == whole["auc"] and len(watch.seen) == 39

    def batches():
        for start in range(0, 103, 8):
            yield X[start : start + 8], Y[start : start + 8]

    assert yielded.fit(batches, epochs=3, verbose=0).history == whole


def test_training_stopped_within_an_epoch_gives_the_numbers_of_what_was_seen():
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs):
            self.model.stop_training = batch == 3

    model = ready()
    p = model.predict(X).ravel()[:32]
    history = model.fit(X, Y, 8, shuffle=False, verbose=0, callbacks=[Stop()]).history
    assert history["auc"] == [pytest.approx(oracle.roc_auc_score(Y[:32], p), rel=1e-12)]


def test_the_interpreter_gives_the_same_numbers():
    found = []
    try:
        for backend in ("llvm", "interpreter"):
            ff.use_backend(backend)
            found.append(ready(0.5).fit(X, Y, 8, 2, verbose=0, sample_weight=W).history)
    finally:
        ff.use_backend("llvm")
    for name, values in found[0].items():
        assert found[1][name] == pytest.approx(values, rel=1e-5), name  # weights after 26 steps of other roundings


def test_several_classes_and_several_outputs():
    labels = DRAW.integers(0, 3, 103)
    x = ff.Input((5,))
    hidden = ff.layers.Dense(8, "tanh")(x)
    model = ff.Model(x, [ff.layers.Dense(3, "softmax", name="kind")(hidden), ff.layers.Dense(2, name="size")(hidden)])
    sizes = DRAW.normal(size=(103, 2))
    model.compile(
        "sgd",
        ["sparse_categorical_crossentropy", "mse"],
        {"kind": ["auc", "f1_score", "sparse_categorical_crossentropy"], "size": ["r2", "cosine_similarity"]},
        weighted_metrics={"kind": ["accuracy", "auc"]},
    )
    found = model.evaluate(X, [labels, sizes], 16, verbose=0, return_dict=True, sample_weight=W)
    p, q = model.predict(X)
    assert found["kind_auc"] == pytest.approx(
        oracle.roc_auc_score(np.eye(3)[labels], p, average="macro"), rel=TOLERANCE
    )
    assert found["kind_weighted_auc"] == pytest.approx(
        oracle.roc_auc_score(np.eye(3)[labels], p, average="macro", sample_weight=W), rel=TOLERANCE
    )
    assert found["kind_f1_score"] == pytest.approx(
        oracle.f1_score(labels, p.argmax(1), average="macro", zero_division=0, labels=range(3)), rel=TOLERANCE
    )
    logs = oracle.log_loss(labels, p.astype(np.float64) / p.sum(1, keepdims=True, dtype=np.float64))
    assert found["kind_sparse_categorical_crossentropy"] == pytest.approx(logs, rel=TOLERANCE)
    assert found["size_r2"] == pytest.approx(oracle.r2_score(sizes, q), rel=1e-5)  # near 0: digits cancel
    assert "size_weighted_r2" not in found
    assert model.fit(X, [labels, sizes], verbose=0).history.keys() == found.keys()


def test_a_function_is_measured_by_the_mean_of_its_values():
    def largest_error(y_true, y_pred):
        return ff.max(ff.abs(y_true - y_pred), -1)

    model = ready(metrics=[largest_error, "mae", ff.losses.MeanSquaredError()])
    found = model.evaluate(X, Y, 16, verbose=0, return_dict=True)
    assert found["largest_error"] == pytest.approx(found["mae"], rel=TOLERANCE)
    assert found["mean_squared_error"] == pytest.approx(np.mean((model.predict(X).ravel() - Y) ** 2), rel=TOLERANCE)
    model = ready(metrics=[lambda y, p: (y - p).mean()])
    with pytest.raises(
        ShapeError, match=r"metric '<lambda>': it returned shape \(\), expected a number for each sample"
    ):
        model.evaluate(X, Y, verbose=0)
    with pytest.raises(TypeError, match=r"metric <lambda>: it returned 1\. It must return a tensor"):
        ready(metrics=[lambda y, p: 1]).evaluate(X, Y, verbose=0)


def test_a_model_with_metrics_comes_back_from_its_file(tmp_path):
    model = ready(metrics=["auc", ff.metrics.F1Score(class_id=0, name="f"), ff.metrics.MeanLoss("bce")],
                  weighted_metrics=[ff.metrics.AUC("PR"), "r2"])  # fmt: skip
    model.save(tmp_path / "model.ff")
    again = ff.load(tmp_path / "model.ff")
    one = model.evaluate(X, Y, verbose=0, return_dict=True, sample_weight=W)
    assert again.evaluate(X, Y, verbose=0, return_dict=True, sample_weight=W) == one
    assert [*one] == ["loss", "auc", "f", "binary_crossentropy", "weighted_auc", "r2"]


def test_a_function_as_metric_is_in_no_file_and_the_model_says_so(tmp_path):
    def error(y, p):
        return ff.abs(y - p)

    model = ready(metrics=["auc"], weighted_metrics=[error])
    with pytest.warns(UserWarning, match=r"the file lacks the weighted_metrics function error"):
        model.save(tmp_path / "model.ff")
    again = ff.load(tmp_path / "model.ff")
    with pytest.raises(ValueError, match=r"saved without its weighted_metrics \(function error\)"):
        again.evaluate(X, Y, verbose=0)


def test_targets_that_a_metric_cannot_take_are_refused_before_training():
    model = ff.Sequential([ff.Input((5,)), ff.layers.Dense(1)])
    model.compile("sgd", "mse", ["auc"])
    with pytest.raises(DataError, match=r"AUC: expected targets of 0 or 1\. Got 0\.25\. Drop the metric"):
        model.fit(X, np.full(103, 0.25), verbose=0)


def test_a_metric_of_other_targets_than_the_loss_is_named():
    model = ff.Sequential([ff.Input((5,)), ff.layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", ["r2"])
    with pytest.raises(ShapeError, match=r"metric 'r2': targets have shape \(batch,\), predictions \(batch, 3\)"):
        model.evaluate(X, Y, verbose=0)


def test_which_way_is_better_is_said_by_the_metric():
    metrics = {name: ff.metrics.__dict__[name]() for name in dir(ff.metrics) if name != "Metric"}
    smaller = {name for name, metric in metrics.items() if metric.is_larger_better is False}
    ends = ("Error", "Crossentropy", "Loss")
    assert smaller == {name for name in metrics if name.endswith(ends) or name.startswith("False")}
    assert all(metric.is_larger_better is not None for metric in metrics.values())
    for monitor, is_larger in (("val_weighted_auc", True), ("rmse", False), ("val_loss", False), ("auc", True)):
        stop = EarlyStopping(monitor, patience=5)
        ready(metrics=["auc", "rmse"], weighted_metrics=["auc"]).fit(
            X, Y, verbose=0, validation_data=(X, Y), callbacks=[stop]
        )
        assert stop.is_larger_better() is is_larger


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weighted_metrics": "auc"}, TypeError, r"compile: weighted_metrics='auc' is no list\. Give a list"),
        ({"weighted_metrics": ["auk"]}, ValueError, r"Unknown metric 'auk'\. Did you mean 'auc'\?"),
        ({"weighted_metrics": ["mae", "mae"]}, ValueError, r"two numbers would be called 'mae'"),
        ({"weighted_metrics": {"x": ["mae"]}}, ValueError, r"compile: weighted_metrics has 'x', which is no output"),
        (
            {"weighted_metrics": [["mae"], ["mae"]]},
            ValueError,
            r"compile: weighted_metrics is a list of 2, the network",
        ),
    ],
)
def test_weighted_metrics_that_make_no_sense_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        ready(**options)


def test_the_example_runs(capsys):
    found = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "metrics.py"))["main"]()
    assert found["accuracy"] == found["weighted_accuracy"] > 0.85 and found["auc"] > 0.98
    assert found["wrong_probability"] < 1 - found["accuracy"] + 0.1 and found["sureness"] > found["accuracy"]
    assert "loss of the last batch" in capsys.readouterr().out
