"""Oracles: the model's own scores and supports; the losses' formulas; the lasso's largest alpha by hand."""

import matplotlib
import numpy as np
import pytest

from feedforward.errors import ShapeError
from feedforward.linear import (
    Lasso,
    LinearRegression,
    LinearSVC,
    LinearSVR,
    LogisticRegression,
    plot_decision,
    plot_losses,
    plot_path,
    regularisation_path,
)
from linear_problems import three_classes

matplotlib.use("Agg")
X, Y = three_classes()


@pytest.fixture(autouse=True)
def closed():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def test_the_decision_shows_rows_and_rings_of_support_vectors():
    model = LinearSVC(loss="hinge").fit(X, Y == 1)
    axis = plot_decision(model, X, Y == 1).axes[0]
    shown = [collection.get_offsets() for collection in axis.collections if len(collection.get_offsets()) > 1]
    assert [len(points) for points in shown] == [60, 30, len(model.support_)]
    assert np.allclose(shown[2], X[model.support_])
    assert axis.get_legend().get_texts()[-1].get_text() == f"{len(model.support_)} support vectors"


def test_the_decision_of_three_classes_is_shown():
    axis = plot_decision(LogisticRegression().fit(X, Y), X, Y).axes[0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["0", "1", "2"]


def test_three_columns_are_no_plane():
    x = np.tile(X, 2)[:, :3]
    with pytest.raises(ShapeError, match="plot_decision: x has 3 columns, expected 2"):
        plot_decision(LinearSVC().fit(x, Y), x, Y)


def test_losses_are_shown_beside_errors():
    lines = plot_losses(["hinge", "sigmoid"]).axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["error", "hinge", "sigmoid"]
    margin = lines[1].get_xdata()
    assert np.allclose(lines[1].get_ydata(), np.maximum(0, 1 - margin))


def test_the_gap_curve_ends_where_the_result_says():
    result = LinearSVC(loss="hinge", solver="dual", C=0.1, tol=1e-3).fit(X, Y == 1).result_
    axis = result.plot().axes[0]
    assert axis.get_lines()[0].get_ydata()[-1] == result.gap
    assert axis.get_title() == result.reason


def test_a_loss_without_a_dual_has_no_gap_curve():
    result = LinearSVC(loss="sigmoid", solver="sgd", max_iter=3).fit(X, Y == 1).result_
    with pytest.raises(ValueError, match="this loss has no dual"):
        result.plot()


def test_weights_of_the_lasso_leave_zero_below_the_largest_alpha():
    y = X @ [1.0, 0.5]
    largest = np.abs((X - X.mean(0)).T @ (y - y.mean())).max() / len(y)
    path = regularisation_path(Lasso(tol=1e-10), X, y, [1.01 * largest, 0.99 * largest, 1e-4])
    assert np.count_nonzero(path, axis=1).tolist() == [0, 1, 2]
    assert path[2] == pytest.approx([1.0, 0.5], abs=1e-3)
    assert len(plot_path(Lasso(), X, y, [1.0, 0.1]).axes[0].get_lines()) == 3


def test_weights_of_a_machine_grow_with_its_cost():
    path = regularisation_path(LinearSVC(), X, Y, [0.001, 0.1, 10.0])
    assert path.shape == (3, 3, 2)
    norms = np.linalg.norm(path.reshape(3, -1), axis=1)
    assert (np.diff(norms) > 0).all()


def test_least_squares_have_no_path():
    with pytest.raises(ValueError, match=r"LinearRegression has no penalty\. Expected C or alpha"):
        regularisation_path(LinearRegression(), X, Y, [1.0])


def test_what_predicts_numbers_has_no_decision_to_be_drawn():
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(TypeError, match=r"plot_decision: LinearSVR predicts numbers\. Expected a classifier"):
        plot_decision(LinearSVR().fit(x, [0.0, 1.0]), x, [0.0, 1.0])


def test_a_path_has_at_least_one_value():
    with pytest.raises(ValueError, match="regularisation_path: values is empty"):
        regularisation_path(LinearSVC(), np.eye(2), [0, 1], [])
