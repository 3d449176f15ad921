"""Oracles: the arrays that were given, NumPy's float64 formulas of softmax and sigmoid, and the page's text by hand."""

import html
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, ShapeError
from feedforward.report import Classification, Regression, of_model

N = 40


@pytest.fixture
def reported(tmp_path, monkeypatch):
    """Return a function that reports on a model: it gives the `Report` and the page's text."""
    seen = []
    monkeypatch.setattr(of_model, "write", lambda path, report: (seen.append(report), write(path, report)))
    from feedforward.report.page import write

    def report(model, x, y, **settings):
        path = tmp_path / "page.html"
        assert model.report(x, y, path, **settings) is None
        return seen[-1], path.read_text(encoding="utf-8")

    return report


def classifier(loss, outputs=3, inputs=4, **settings):
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((inputs,)), ff.layers.Dense(outputs, **settings)], name="small")
    model.compile("adam", loss, ["accuracy"])
    return model


def data(classes=3, inputs=4):
    draw = np.random.default_rng(3)
    return draw.normal(size=(N, inputs)).astype(np.float32), draw.integers(0, classes, N)


def softmax(z):
    powers = np.exp(z.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def test_logits_of_classes_are_shown_as_probabilities(reported):
    x, y = data()
    model = classifier(ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    report, text = reported(model, x, y)
    assert isinstance(report.evaluation, Classification)
    expected = softmax(model.predict(x))
    # exp, a sum of three and a division: a few roundings of numbers up to 1
    np.testing.assert_allclose(report.evaluation.probabilities, expected, rtol=0, atol=8 * 2**-24)
    np.testing.assert_array_equal(report.evaluation.labels, y)
    right = int((expected.argmax(axis=1) == y).sum())
    assert f"{right} of {N}" in text and f"accuracy, {N} rows" in text
    assert np.isclose(report.evaluation.loss, -np.log(expected[np.arange(N), y]).mean(), rtol=1e-5)  # float32 sums


def test_a_model_whose_only_output_stands_in_a_list_is_shown_as_any(reported):
    x = ff.Input((3,))
    model = ff.Model(x, [ff.layers.Dense(3, use_bias=False, kernel_initializer="identity")(x)])
    model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
    given = np.float32([[0.0, 1.0, 0.0], [2.0, 0.0, 1.0]])  # the logits, too
    report, _ = reported(model, given, [np.array([1, 2])])
    assert report.evaluation.predicted.tolist() == [1, 0]
    np.testing.assert_allclose(report.evaluation.probabilities, softmax(given), rtol=8 * 2**-23)


def test_one_hot_targets_and_probabilities_are_classes(reported):
    x, y = data()
    model = classifier("categorical_crossentropy", activation="softmax")
    report, _ = reported(model, x, np.eye(3)[y], class_names=["a", "b", "<c>"])
    np.testing.assert_array_equal(report.evaluation.labels, y)
    np.testing.assert_array_equal(report.evaluation.probabilities, model.predict(x))
    assert report.evaluation.class_names == ("a", "b", "<c>")


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_one_output_for_two_classes_is_a_classification(reported, from_logits, shape):
    x, y = data(classes=2)
    loss = ff.losses.BinaryCrossentropy(from_logits=from_logits)
    model = classifier(loss, outputs=1, activation=None if from_logits else "sigmoid")
    report, _ = reported(model, x, y.reshape(shape), class_names=("no", "yes"))
    outputs = model.predict(x)[:, 0].astype(np.float64)
    share = 1 / (1 + np.exp(-outputs)) if from_logits else outputs
    np.testing.assert_allclose(report.evaluation.probabilities, np.stack([1 - share, share], 1), atol=8 * 2**-24)
    np.testing.assert_array_equal(report.evaluation.labels, y)
    assert report.evaluation.class_names == ("no", "yes")


def test_texts_are_shown_as_they_are_also_beside_numbers(reported):
    words, x = ff.Input((), dtype="string"), ff.Input((2,))
    known = ff.layers.Embedding(3, 2)(ff.layers.StringLookup(vocabulary=["<b>", "red"])(words))
    model = ff.Model([words, x], ff.layers.Dense(1)(ff.layers.Concatenate()([known, x])))
    model.compile("sgd", "hinge")
    model.layers[-1].set_weights([np.zeros((4, 1)), np.array([-1.0])])  # so that the first is wrong alone
    report, text = reported(model, [np.array(["<b>", "red", "blue"]), np.eye(3, 2) / 8], [1, -1, -1])
    assert report.examples.x_test.tolist() == [["<b>", 0.125, 0.0], ["red", 0.0, 0.125], ["blue", 0.0, 0.0]]
    assert report.evaluation.right == 2 and ">&lt;b&gt;<" in text


@pytest.mark.parametrize("low", [0, -1])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "logistic"])
def test_a_margin_of_two_classes_is_a_classification_at_0(reported, loss, low):
    x, y = data(classes=2)
    model = classifier(loss, outputs=1)
    report, text = reported(model, x, np.where(y == 1, 1, low), class_names=("no", "yes"))
    outputs = model.predict(x)[:, 0]
    np.testing.assert_array_equal(report.evaluation.predicted, outputs > 0)
    np.testing.assert_array_equal(report.evaluation.labels, y)
    accuracy = model.evaluate(x, np.where(y == 1, 1, low), verbose=0, return_dict=True)["accuracy"]
    assert report.evaluation.accuracy == pytest.approx(accuracy, abs=1e-6)  # a mean in float32
    assert "nats" not in text and "probability" not in text and f"{loss.replace('_', ' ')}<" in text


@pytest.mark.parametrize("is_one_hot", [False, True])
@pytest.mark.parametrize("loss", ["categorical_hinge", "crammer_singer", "one_vs_all_hinge", "categorical_perceptron"])
def test_margins_of_several_classes_are_a_classification_by_the_largest(reported, loss, is_one_hot):
    x, y = data()
    model = classifier(loss)
    targets = np.eye(3)[y] if is_one_hot else y
    report, text = reported(model, x, targets)
    outputs = model.predict(x)
    np.testing.assert_array_equal(report.evaluation.probabilities, outputs)
    np.testing.assert_array_equal(report.evaluation.labels, y)
    accuracy = model.evaluate(x, targets, verbose=0, return_dict=True)["accuracy"]
    assert report.evaluation.accuracy == pytest.approx(accuracy, abs=1e-6)
    worst = report.evaluation.least_given(1)[0]
    assert f"{outputs[worst].max():.3g}" in text and "probability" not in text


def test_probabilities_as_targets_are_a_classification_too(reported):
    x, y = data()
    report, text = reported(classifier("kl_divergence", activation="softmax"), x, np.eye(3)[y] * 0.9 + 0.1 / 3)
    assert report.evaluation.has_probabilities and "probability" in text
    np.testing.assert_array_equal(report.evaluation.labels, y)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", lambda y, p: ff.square(y - p)])
def test_other_losses_of_one_number_are_a_regression(reported, loss):
    x, _ = data()
    y = x[:, 0] * 2
    model = ff.Sequential([ff.Input((4,)), ff.layers.Dense(1)])
    model.compile("sgd", loss)
    report, text = reported(model, x, y)
    assert isinstance(report.evaluation, Regression)
    np.testing.assert_array_equal(report.evaluation.predicted, model.predict(x)[:, 0])
    np.testing.assert_array_equal(report.evaluation.labels, y)
    assert f"R², {N} rows" in text


def test_the_curves_are_those_of_the_last_fit_and_a_loaded_model_has_none(reported, tmp_path):
    x, y = data()
    model = classifier("sparse_categorical_crossentropy", activation="softmax")
    assert "How it learnt" not in reported(model, x, y)[1]
    history = model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0)
    assert model.history.history is history.history and model.history.epoch is history.epoch
    report, text = reported(model, x, y)
    assert report.history == history.history
    assert "How it learnt" in text and "3 epochs" in text
    model.save(tmp_path / "m.ff")
    assert "How it learnt" not in reported(ff.load(tmp_path / "m.ff"), x, y)[1]


def test_the_command_line_is_not_mentioned(reported):
    for activation in (None, "softmax"):
        loss = ff.losses.SparseCategoricalCrossentropy(from_logits=activation is None)
        text = reported(classifier(loss, activation=activation), *data())[1]
        body = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
        assert not re.search(r"predict --row|Do it again|held out|held-out|without the header", body)


@pytest.mark.parametrize("scale", [lambda x: x, lambda x: x / 16, lambda x: x / 8 - 1, lambda x: x[..., None]])
def test_images_are_pictures_however_they_are_scaled(reported, scale):
    x, y = ff.datasets.digits()[1]
    x = scale(x)
    model = ff.Sequential([ff.Input(x.shape[1:]), ff.layers.Flatten(), ff.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    report, text = reported(model, x, y)
    # the digits' pixels are whole numbers from 0 to 16
    expected = np.rint(ff.datasets.digits()[1][0].astype(np.float64) * 255 / 16)
    np.testing.assert_array_equal(report.examples.x_test.reshape(expected.shape), expected)
    assert text.count("data:image/png;base64,") == 24


def test_images_of_one_shade_and_of_colours_are_pictures(reported):
    x, y = np.full((6, 2, 2), 7.0, np.float32), np.arange(6) % 2
    model = ff.Sequential([ff.Input((2, 2)), ff.layers.Flatten(), ff.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    assert reported(model, x, y)[0].examples.x_test.max() == 0
    x = np.random.default_rng(0).random((6, 2, 2, 3))
    model = ff.Sequential([ff.Input((2, 2, 3)), ff.layers.Flatten(), ff.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    assert "data:image/png" in reported(model, x, y)[1]


def test_other_samples_are_rows_of_numbers(reported):
    x, y = np.arange(N * 6, dtype=np.float32).reshape(N, 3, 2, 1, 1) / 240, np.arange(N) / 4.0
    model = ff.Sequential([ff.Input((3, 2, 1, 1)), ff.layers.Flatten(), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    assert reported(model, x, y)[0].examples.columns == ("0", "1", "2", "3", "4", "5")
    a, b = ff.Input((1,), name="a"), ff.Input((2,), name="b")
    both = ff.Model([a, b], ff.layers.Dense(1)(ff.concatenate([a, b], axis=-1)))
    both.compile("sgd", "mean_squared_error")
    report, _ = reported(both, [x[:, 0, 0, 0], x[:, :2, 0, 0, 0]], y)
    np.testing.assert_array_equal(report.examples.x_test[:, 1:], x[:, :2, 0, 0, 0])


class Frame:
    """What a data frame is to NumPy and to the report."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


def test_a_data_frame_gives_the_names_of_its_columns(reported):
    x, y = data()
    text = reported(
        classifier("sparse_categorical_crossentropy", activation="softmax"), Frame(x, ["a", "<b>", 2, "d"]), y
    )[1]
    assert [html.unescape(name) for name in re.findall(r'<th scope="col" class="feature">(.*?)</th>', text)] == [
        "a",
        "<b>",
        "2",
        "d",
    ]


def test_what_comes_from_outside_is_escaped(reported):
    x, y = data()
    hostile = "<script>alert('x')</script>"
    model = classifier("sparse_categorical_crossentropy", activation="softmax")
    model.name = hostile
    text = reported(model, Frame(x, [hostile] * 4), y, class_names=[hostile, "b", "c"])[1]
    assert "<script" not in text and html.escape(hostile) in text


@pytest.mark.parametrize(
    ("report", "error", "message"),
    [
        (
            lambda model, x, y: model.report(x, y, "p.html", class_names=["a"]),
            ValueError,
            "report: got 1 names of classes, the network has 3. Give one for each.",
        ),
        (
            lambda model, x, y: model.report(x, y[:3], "p.html"),
            DataError,
            "report: the numbers of samples differ: x has 40, y has 3. ",
        ),
        (
            lambda model, x, y: model.report(x, y, "."),
            IsADirectoryError,
            "report: . is a folder. Give the name of a file, such as page.html.",
        ),
        (
            lambda model, x, y: model.report(x, y, "nowhere/p.html"),
            FileNotFoundError,
            "report: there is no folder nowhere. Make it first.",
        ),
        (
            lambda model, x, y: (
                model.compile("sgd", "mean_squared_error"),
                model.report(x, np.zeros((N, 3)), "p.html"),
            ),
            ShapeError,
            "report: the network's output has shape (40, 3), its loss is the mean squared error. Expected a class, or "
            "one number, for each sample. Use a model with such an output.",
        ),
        (
            lambda model, x, y: ff.Sequential([ff.Input((4,)), ff.layers.Dense(1)]).report(x, y, "p.html"),
            ValueError,
            "report: the model is not compiled. ",
        ),
    ],
)
def test_a_mistake_is_one_error_and_leaves_no_page(tmp_path, monkeypatch, report, error, message):
    monkeypatch.chdir(tmp_path)
    model = classifier("sparse_categorical_crossentropy", activation="softmax")
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        report(model, *data())
    assert os.listdir() == []


def test_names_of_classes_for_a_number_are_refused(tmp_path):
    x, _ = data()
    model = ff.Sequential([ff.Input((4,)), ff.layers.Dense(1)])
    message = (
        "report: got 2 names of classes, but with the loss {} the network predicts a number. Leave class_names out."
    )
    for loss, name in (("mean_squared_error", "mean squared error"), (lambda y, p: ff.square(y - p), "own function")):
        model.compile("sgd", loss)
        with pytest.raises(ValueError, match=f"^{re.escape(message.format(name))}$"):
            model.report(x, x[:, 0], tmp_path / "p.html", class_names=["a", "b"])


def test_the_page_is_loaded_only_when_it_is_asked_for():
    code = "import sys, feedforward; print([name for name in sys.modules if name.startswith('feedforward.report')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
