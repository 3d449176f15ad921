"""Oracle: losses and metrics in float64 NumPy, a training loop written out with tapes, and save then load = same."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, ShapeError

L = ff.layers
RNG = np.random.default_rng(1)
X = RNG.normal(size=(24, 4)).astype(np.float32)
LABELS = np.arange(24) % 3
NUMBERS = X.sum(1, keepdims=True)
LOSSES = {"kind": "sparse_categorical_crossentropy", "size": "mean_squared_error"}
METRICS = {"kind": ["accuracy"], "size": "mean_absolute_error"}
# A mean of 24 numbers below 8, each with some roundings of exp and log.
TOLERANCE = 24 * 8 * float(np.finfo(np.float32).eps)


def two(seed=0):
    ff.set_seed(seed)
    x = ff.Input((4,), name="x")
    hidden = L.Dense(8, activation="tanh", name="hidden")(x)
    return ff.Model(x, [L.Dense(3, activation="softmax", name="kind")(hidden), L.Dense(1, name="size")(hidden)])


def compiled(optimizer="adam", **options):
    model = two()
    model.compile(optimizer, LOSSES, METRICS, **options)
    return model


def expected(model, weights=None):
    """Return the numbers of an evaluation, worked out in float64."""
    p, number = (np.asarray(output, np.float64) for output in model.predict(X))
    w = np.ones(24) if weights is None else weights
    kind = (-w * np.log(p[np.arange(24), LABELS])).sum() / 24
    size = (w * (number - NUMBERS)[:, 0] ** 2).sum() / 24
    right, error = (p.argmax(1) == LABELS).mean(), np.abs(number - NUMBERS).mean()
    return {"kind_loss": kind, "size_loss": size, "kind_accuracy": right, "size_mean_absolute_error": error}


@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, 24)])
@pytest.mark.parametrize(
    ("loss_weights", "factors"), [(None, (1, 1)), ([0.5, 3], (0.5, 3)), ({"size": 0.25}, (1, 0.25))]
)
def test_the_loss_is_the_weighted_sum_and_each_has_its_name(loss_weights, factors, weights):
    model = compiled(loss_weights=loss_weights)
    found = model.evaluate(X, [LABELS, NUMBERS], verbose=0, return_dict=True, sample_weight=weights, batch_size=7)
    numbers = expected(model, weights)
    total = factors[0] * numbers["kind_loss"] + factors[1] * numbers["size_loss"]
    assert list(found) == ["loss", *numbers]
    np.testing.assert_allclose(list(found.values()), [total, *numbers.values()], rtol=0, atol=4 * TOLERANCE)


def test_targets_are_given_as_a_list_or_by_name():
    model = compiled()
    values = [
        model.evaluate(X, y, verbose=0)
        for y in ([LABELS, NUMBERS], (LABELS, NUMBERS), {"size": NUMBERS, "kind": LABELS}, [LABELS.tolist(), NUMBERS])
    ]
    assert values[0] == values[1] == values[2] == values[3]


def test_a_fit_takes_the_steps_of_a_loop_written_out():
    model = compiled(ff.optimizers.SGD(0.1), loss_weights=[0.5, 2])
    model.fit(X, {"kind": LABELS, "size": NUMBERS}, batch_size=24, epochs=3, shuffle=False, verbose=0)
    other, optimizer = two(), ff.optimizers.SGD(0.1)
    kind, size = ff.losses.SparseCategoricalCrossentropy(), ff.losses.MeanSquaredError()
    for _ in range(3):
        with ff.GradientTape() as tape:
            p, number = other(X)
            loss = kind(LABELS, p) * 0.5 + size(NUMBERS, number) * 2.0
        optimizer.apply_gradients(
            zip(tape.gradient(loss, other.trainable_weights), other.trainable_weights, strict=True)
        )
    for one, two_ in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two_, rtol=0, atol=3 * TOLERANCE)  # each step rounds its gradient


def test_validation_and_early_stopping_follow():
    model = compiled()
    stop = ff.callbacks.EarlyStopping("val_kind_accuracy", patience=1, restore_best_weights=True)
    history = model.fit(X, [LABELS, NUMBERS], epochs=3, validation_split=0.25, verbose=0, callbacks=[stop]).history
    assert {"val_loss", "val_kind_loss", "val_size_mean_absolute_error"} < history.keys()
    assert stop.is_larger_better()
    again = compiled()
    again.fit(X[:18], [LABELS[:18], NUMBERS[:18]], validation_data=(X[18:], [LABELS[18:], NUMBERS[18:]]), verbose=0)
    assert again.history.history["val_loss"] == history["val_loss"][:1]


def test_an_output_without_a_loss_is_not_trained_and_needs_no_targets():
    model = two()
    for loss, y in (
        ([None, "mean_squared_error"], [None, NUMBERS]),
        ({"size": "mean_squared_error"}, {"size": NUMBERS}),
    ):
        model.compile("sgd", loss)
        before = model.get_layer("kind").get_weights()
        history = model.fit(X, y, verbose=0, validation_split=0.5).history
        assert list(history) == ["loss", "size_loss", "val_loss", "val_size_loss"]
        assert all((one == two_).all() for one, two_ in zip(before, model.get_layer("kind").get_weights(), strict=True))


def test_one_loss_is_that_of_every_output():
    x = ff.Input((4,))
    model = ff.Model(x, [L.Dense(1, name="a")(x), L.Dense(1, name="b")(x)])
    model.compile("sgd", "mean_squared_error", [["mean_absolute_error"], []])
    a, b = model.predict(X)
    found = model.evaluate(X, [NUMBERS, NUMBERS], verbose=0, return_dict=True)
    assert list(found) == ["loss", "a_loss", "b_loss", "a_mean_absolute_error"]
    wide = [np.mean((np.float64(each) - NUMBERS) ** 2) for each in (a, b)]
    np.testing.assert_allclose(found["loss"], sum(wide), atol=4 * TOLERANCE)


def test_a_list_of_metrics_has_one_for_each_output():
    model = two()
    model.compile("sgd", LOSSES, ["accuracy", ff.metrics.MeanSquaredError(name="accuracy")])
    found = model.evaluate(X, [LABELS, NUMBERS], verbose=0, return_dict=True)
    assert list(found)[3:] == ["kind_accuracy", "size_accuracy"]
    assert found["size_accuracy"] == found["size_loss"]


def test_outputs_are_named_after_what_made_them_and_kept_apart():
    x = ff.Input((4,), name="x")
    shared = L.Dense(4, name="d")
    once = shared(x)
    assert ff.Model(x, [once, shared(once), once * 2.0, x]).output_names == ["d", "d_1", "multiply", "x"]


def test_a_model_of_several_outputs_is_saved_with_its_objectives(tmp_path):
    model = compiled(loss_weights={"size": 0.5})
    model.fit(X, [LABELS, NUMBERS], verbose=0)
    model.save(tmp_path / "m.ff")
    again = ff.load(tmp_path / "m.ff")
    for each in (model, again):
        each.fit(X, [LABELS, NUMBERS], verbose=0)
    numbers = [each.evaluate(X, [LABELS, NUMBERS], verbose=0, return_dict=True) for each in (model, again)]
    assert numbers[0] == numbers[1]


def test_every_stage_of_several_outputs_is_explained():
    model = compiled()
    for stage in ("graph", "gradient", "loops"):
        assert "kind" in model.explain(stage)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": ["mean_squared_error"]},
            "compile: loss is a list of 1, the network has 2 outputs: kind, size. Give one",
        ),
        ({"loss": {"kin": "mean_squared_error"}}, "compile: loss has 'kin', which is no output. Did you mean 'kind'?"),
        ({"loss": [None, None]}, "compile: no loss. Give one: "),
        ({"loss": {}}, "compile: no loss. Give one: "),
        ({"loss": LOSSES, "metrics": ["accuracy"]}, "compile: metrics is a list of 1, the network has 2 outputs"),
        ({"loss": LOSSES, "metrics": {"x": "accuracy"}}, "compile: metrics has 'x', which is no output."),
        ({"loss": LOSSES, "metrics": "accuracy"}, "compile: metrics='accuracy' is no list. Give a list"),
        ({"loss": LOSSES, "metrics": {"kind": ["accuracy"] * 2}}, "two numbers would be called 'kind_accuracy'"),
        ({"loss": LOSSES, "loss_weights": [1.0]}, "compile: loss_weights is a list of 1, the network has 2 outputs"),
        ({"loss": LOSSES, "loss_weights": [1.0, -1]}, "compile: loss_weights holds -1. Expected numbers >= 0"),
        ({"loss": LOSSES, "loss_weights": [1.0, True]}, "compile: loss_weights holds True. Expected numbers >= 0"),
        (
            {"loss": LOSSES, "loss_weights": 2.0},
            "compile: loss_weights=2.0 is no list. Give one number for each output.",
        ),
    ],
)
def test_objectives_that_do_not_fit_the_outputs_are_refused_by_compile(options, message):
    model = two()
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        model.compile("sgd", **options)
    assert model.optimizer is None


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (LABELS, {}, "fit: y is a ndarray, the network has 2 outputs: kind, size. Give a list of an array for each"),
        ([LABELS], {}, "fit: y is a list of 1, the network has 2 outputs: kind, size."),
        ({"kind": LABELS}, {}, "fit: y has no targets for the output 'size'. Give y['size']."),
        ({"kind": LABELS, "size": NUMBERS, "sise": 1}, {}, "y has 'sise', which is no output of the network. Did you"),
        ([LABELS, NUMBERS[:3]], {}, "the numbers of samples differ: x has 24, y['kind'] has 24, y['size'] has 3"),
        ([LABELS + 1, NUMBERS], {}, "output 'kind': SparseCategoricalCrossentropy: labels range from 1 to 3"),
        ([LABELS, X], {}, "output 'size': MeanSquaredError: the targets have shape (24, 4), expected (n, 1)."),
        ([LABELS, NUMBERS], {"class_weight": {0: 2.0}}, "fit: class_weight needs a network of one output, this has 2."),
        ([LABELS, NUMBERS], {"sample_weight": [np.ones(24)] * 2}, "fit: sample_weight is no array. Give one weight"),
        ([LABELS, NUMBERS], {"sample_weight": {"kind": np.ones(24)}}, "fit: sample_weight is no array."),
    ],
)
def test_targets_that_do_not_fit_the_outputs_are_refused(y, options, message):
    with pytest.raises((ValueError, TypeError, DataError, ShapeError), match=re.escape(message)):
        compiled().fit(X, y, verbose=0, **options)


def test_a_report_needs_one_output(tmp_path):
    with pytest.raises(ShapeError, match=r"report: the network has 2 outputs. Expected one: ask a model of it"):
        compiled().report(X, [LABELS, NUMBERS], tmp_path / "page.html")


def test_a_list_of_one_output_takes_its_targets_alone_or_as_a_list():
    x = ff.Input((4,))
    model = ff.Model(x, [L.Dense(1, name="a")(x)])
    model.compile("sgd", ["mean_squared_error"], [["mean_absolute_error"]])
    values = [model.evaluate(X, y, verbose=0) for y in (NUMBERS, [NUMBERS], {"a": NUMBERS})]
    assert values[0] == values[1] == values[2]
    assert list(model.fit(X, NUMBERS, verbose=0).history) == ["loss", "mean_absolute_error"]


def test_a_weight_of_an_output_without_loss_is_refused():
    start = ff.Input((2,))
    model = ff.Model(start, [ff.layers.Dense(1, name="a")(start), ff.layers.Dense(1, name="b")(start)])
    with pytest.raises(ValueError, match=r"^compile: loss_weights has 'b', which has no loss\. Give it one, too\.$"):
        model.compile("sgd", {"a": "mse"}, loss_weights={"b": 3.0})
