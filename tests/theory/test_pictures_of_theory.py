"""Oracle: what is drawn, read back from Matplotlib's own objects, against numbers by hand."""

import re

import matplotlib
import numpy as np
import pytest

from feedforward import theory

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def test_an_approximation_is_drawn_beside_its_function_and_its_error_between_the_bounds():
    figure = theory.approximate(theory.Curve.polynomial([0.0, 1.0, -1.0]), 1.0, 0.25).plot(points=5)
    above, below = figure.axes
    x = np.array([0, 0.25, 0.5, 0.75, 1])
    assert above.lines[0].get_ydata().tolist() == (x - x * x).tolist()
    assert above.lines[1].get_ydata().tolist() == [0, 0.125, 0.25, 0.125, 0]
    assert below.lines[0].get_ydata().tolist() == [0, 0.0625, 0, 0.0625, 0]
    assert [line.get_ydata()[0] for line in below.lines[1:]] == [-0.25, 0.25]
    assert below.get_title() == "largest 0.0625, proven <= 0.25"


def test_a_surface_is_drawn_beside_its_error():
    figure = theory.approximate_surface(lambda p: p[:, 0] * p[:, 1], 1.5, 1.1).plot(points=3)
    network, error = (axis.collections[0].get_array().reshape(3, 3) for axis in figure.axes[:2])
    # One cell: linear on both sides of the diagonal, min(x, y); at (1/2, 1/2) it is 1/2 and f 1/4.
    assert network.tolist() == [[0, 0, 0], [0, 0.5, 0.5], [0, 0.5, 1]]
    assert error.tolist() == [[0, 0, 0], [0, 0.25, 0], [0, 0, 0]]
    assert [axis.get_title() for axis in figure.axes[:2]] == ["network: 4 hats", "|f - network|, proven <= 1.06"]


def test_pieces_of_a_line_have_a_dot_at_each_break():
    figure = theory.linear_pieces(theory.sawtooth(2), [0.0], [1.0]).plot()
    (line,) = figure.axes[0].lines
    assert line.get_xydata().tolist() == [[0, 0], [0.25, 1], [0.5, 0], [0.75, 1], [1, 0]]
    assert figure.axes[0].get_title() == "4 linear pieces, at most 9"
    two = theory.linear_pieces(theory.make_network(([[1.0, 2.0]], [0, 0], None)), [0.0], [1.0]).plot()
    assert [text.get_text() for text in two.axes[0].get_legend().get_texts()] == ["output 0", "output 1"]
    assert two.axes[0].get_title() == "1 linear pieces"


def test_regions_of_a_plane_are_tiles_colored_by_their_height():
    cross = theory.make_network(([[1.0, 0.0], [0.0, 1.0]], [-0.5, -0.5], "relu"), ([[1.0], [1.0]], [0.0], None))
    regions = theory.linear_regions(cross, [0, 0], [1, 0], [0, 1])
    (tiles,) = regions.plot().axes[0].collections
    assert len(tiles.get_paths()) == 4
    assert sorted(tiles.get_array().tolist()) == [0, 0.25, 0.25, 0.5]
    for output in (-1, 1):
        with pytest.raises(
            ValueError, match=rf"^PlaneRegions.plot\(output={output}\): the network has 1 outputs. Give"
        ):
            regions.plot(output)


def test_a_fit_is_drawn_over_the_sawtooth():
    fit = theory.fit_sawtooth(2, 1)
    saw, line = fit.plot().axes[0].lines
    assert saw.get_xydata().tolist() == [[0, 0], [0.25, 1], [0.5, 0], [0.75, 1], [1, 0]]
    assert len(line.get_xdata()) == 33
    assert re.match(r"mean square 0\.0\d+, none below 0.0417", fit.plot().axes[0].get_title())


def test_gradients_are_drawn_by_layer_on_a_logarithmic_axis():
    norms = theory.GradientNorms("relu", "HeNormal", np.array([0.25, 0.5]), np.array([0.3, 0.6]), np.ones(2))
    axis = norms.plot().axes[0]
    assert axis.get_yscale() == "log" and axis.get_title() == "relu, HeNormal: 0.5 a layer"
    assert [line.get_xydata().tolist() for line in axis.lines] == [[[1, 0.25], [2, 0.5]], [[1, 0.3], [2, 0.6]]]


def test_mistakes_and_their_bounds_are_drawn_by_margin():
    found = theory.Mistakes(np.array([0.1, 0.5]), np.array([7, 0]), np.array([100.0, 4.0]))
    bounds, made = found.plot().axes[0].lines
    assert bounds.get_xydata().tolist() == [[0.1, 100], [0.5, 4]]
    assert made.get_ydata().tolist() == [7, 1]  # none is drawn as one, on an axis that has no 0


def test_the_path_of_two_weights_is_drawn_with_its_goal():
    found = theory.Zigzag("sigmoid", np.array([[0.0, 0], [1, 1], [1, -1]]), np.array([1.0, -1]), 0.5, 2.4)
    path, goal = found.plot().axes[0].lines
    assert path.get_xydata().tolist() == [[0, 0], [1, 1], [1, -1]]
    assert goal.get_xydata().tolist() == [[1, -1]] and found.distance == 0
    assert found.plot().axes[0].get_title() == "sigmoid: 50% of one sign, 2.4 times as long"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: theory.approximate(np.sin, 1.0, 0.5).plot(1),
            "Approximation.plot(points=1): points must be an int >= 2. Got 1.",
        ),
        (
            lambda: theory.approximate_surface(lambda p: p[:, 0], 1.0, 0.9).plot(1),
            "SurfaceApproximation.plot(points=1): points must be an int >= 2. Got 1.",
        ),
    ],
)
def test_too_few_points_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call()
