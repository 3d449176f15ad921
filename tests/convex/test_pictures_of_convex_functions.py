"""Oracle: what is drawn, read back from Matplotlib's own objects, against formulas by hand."""

import re

import matplotlib
import numpy as np
import pytest

import feedforward as ff
from feedforward.convex import plot_cost, plot_quadratic_model
from feedforward.errors import ShapeError
from feedforward.linear import LinearSVC

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def test_a_function_of_one_number_is_drawn_beside_its_parabola():
    figure = plot_quadratic_model(lambda x: ff.sum(ff.exp(x)), [0.0], radius=2.0, points=5)
    curve, model, point = figure.axes[0].lines
    x = np.linspace(-2, 2, 5)
    np.testing.assert_allclose(curve.get_ydata(), np.exp(x), rtol=1e-14)
    np.testing.assert_allclose(model.get_ydata(), 1 + x + x * x / 2, rtol=1e-14)
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.0, 1.0)


def test_a_function_of_two_numbers_shows_its_eigenvalues():
    figure = plot_quadratic_model(lambda x: x[0] * x[0] + 8.0 * x[1] * x[1], [1.0, 1.0], points=5)
    left, right = figure.axes
    assert (left.get_title(), right.get_title()) == ("f", "quadratic model")
    assert {text.get_text() for text in right.texts} == {"", "2", "16"}  # an arrow is a text without letters


def test_a_large_c_leaves_no_sample_within_the_margins_and_a_small_one_does():
    x, y = np.array([[-2.0, 0], [-0.4, 0], [0.4, 0], [2, 1]]), np.array(["no", "no", "yes", "yes"])
    asked = []

    def fit(samples, labels, cost):
        asked.append(cost)
        return lambda z: z[:, 0] * (3.0 if cost > 1 else 0.6)  # margins at 1/3 and at 5/3

    figure = plot_cost(fit, x, y, costs=(0.01, 100.0))
    assert asked == [0.01, 100.0]
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["C = 0.01: 2 inside the margins", "C = 100: 0 inside the margins"]


def test_a_support_vector_machine_narrows_its_margin_as_c_grows():
    x = np.array([[-2.0, 0], [-1, 0], [1, 0], [2, 0]])
    figure = plot_cost(lambda x, y, cost: LinearSVC(C=cost, loss="hinge").fit(x, y), x, [0, 0, 1, 1], (0.01, 100.0))
    # C = 100: w = 1, so that two lie on the margins. C = 0.01: all are within, and w = 0.01 (2 + 1 + 1 + 2).
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["C = 0.01: 4 inside the margins", "C = 100: 0 inside the margins"]


def test_any_object_with_a_decision_function_can_be_drawn():
    class Fitted:
        def decision_function(self, x):
            return x[:, 1]

    figure = plot_cost(lambda x, y, cost: Fitted(), [[0.0, -1.0], [0.0, 1.0]], [0, 1], costs=[2])
    assert figure.axes[0].get_title() == "C = 2: 0 inside the margins"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot_quadratic_model(ff.sum, [1.0, 2.0, 3.0]),
            ShapeError,
            "plot_quadratic_model: x has shape (3,). Exp",
        ),
        (
            lambda: plot_cost(None, [[1.0, 2.0]], [0]),
            ShapeError,
            "plot_cost: y has shape (1,) and 1 classes for 1 samples",
        ),
        (
            lambda: plot_cost(None, [[1.0]], [0]),
            ShapeError,
            "plot_cost: x has shape (1, 1). Expected a matrix of 2 colum",
        ),
        (
            lambda: plot_cost(None, [[1.0, 2.0]] * 2, [0, 1], []),
            ValueError,
            "plot_cost(costs=[]): there is none. Give at",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
