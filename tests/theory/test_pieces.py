"""Oracles: arrangements of lines counted in fractions; slopes of a dense grid; the network itself at random points."""

import re
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest

import feedforward as ff
from feedforward import theory
from feedforward.errors import DataError, LimitError, ShapeError

layers = ff.layers


def whole_network(seed, *sizes, activation="relu"):
    """A network whose weights are small whole numbers, so that float64 computes sums and slopes without rounding."""
    random = np.random.default_rng(seed)
    parts = [
        (random.integers(-4, 5, (d, k)).astype(float), random.integers(-9, 10, k).astype(float), activation)
        for d, k in pairwise(sizes)
    ]
    return theory.make_network(*parts[:-1], (*parts[-1][:2], None))


def slope_in_fractions(model, start, direction, t):
    """The derivative along a direction at a point where no unit is at its kink, by the arithmetic of fractions."""
    h = [Fraction(a) + Fraction(t) * Fraction(b) for a, b in zip(start, direction, strict=True)]
    slope = [Fraction(b) for b in direction]
    for layer in model.layers:
        kernel, bias = (weight.tolist() for weight in layer.get_weights())
        columns = list(zip(*kernel, strict=True))
        h = [
            sum(a * Fraction(w) for a, w in zip(h, c, strict=True)) + Fraction(b)
            for c, b in zip(columns, bias, strict=True)
        ]
        slope = [sum(a * Fraction(w) for a, w in zip(slope, c, strict=True)) for c in columns]
        if layer.activation == "relu":
            slope = [s if z > 0 else Fraction(0) for s, z in zip(slope, h, strict=True)]
            h = [max(z, Fraction(0)) for z in h]
    return slope


@pytest.mark.parametrize("seed", range(6))
def test_slopes_on_a_line_are_those_of_fractions_and_neighbours_differ(seed):
    model = whole_network(seed, 3, 6, 5, 1)
    start, end = [-2.0, 1.0, 0.5], [3.0, -1.0, 1.25]
    direction = [b - a for a, b in zip(start, end, strict=True)]
    found = theory.linear_pieces(model, start, end)
    middles = (found.breaks[1:] + found.breaks[:-1]) / 2
    for t, slope in zip(middles.tolist(), found.slopes.tolist(), strict=True):
        assert slope_in_fractions(model, start, direction, t) == slope
    assert (np.diff(found.slopes[:, 0]) != 0).all()
    assert found.count - 1 <= found.crossings and found.count <= found.bounds.at_most_relu
    assert found.bounds == theory.piece_bounds(1, [6, 5])


@pytest.mark.parametrize("seed", range(4))
def test_a_dense_grid_sees_every_piece_of_a_line(seed):
    model = whole_network(seed, 2, 7, 6, 1)
    found = theory.linear_pieces(model, [-3.0, 2.0], [2.0, -1.0])
    grid = (np.arange(512) + 0.5) / 512
    slopes = [slope_in_fractions(model, [-3.0, 2.0], [5.0, -3.0], t)[0] for t in grid.tolist()]
    seen = 1 + sum(a != b for a, b in pairwise(slopes))
    shortest = np.diff(found.breaks).min()
    assert seen == found.count if shortest > 1 / 512 else seen <= found.count
    assert [float(slope) for slope in slopes] == found.slopes[np.searchsorted(found.breaks, grid) - 1, 0].tolist()


def test_values_at_the_breaks_are_those_of_the_network():
    ff.set_seed(2)
    model = ff.Sequential(
        [
            ff.Input((3,), dtype="float64"),
            layers.Rescaling(0.5, -0.1),
            layers.Dense(8, bias_initializer="normal"),
            layers.LeakyReLU(0.1),
            layers.Dropout(0.5),
            layers.Dense(8, layers.PReLU(alpha_initializer="normal"), use_bias=False),
            layers.Dense(8, ff.abs, bias_initializer="normal"),
            layers.Dense(5, "hard_tanh"),
            layers.Activation("hard_sigmoid"),
            layers.Dense(4, "relu6"),
            layers.Dense(4, "leaky_relu"),
            layers.Dense(2),
        ]
    )
    start, end = np.array([-20.0, 3.0, 5.0]), np.array([20.0, 1.0, -9.0])
    found = theory.linear_pieces(model, start, end)
    assert found.count > 20
    for shares in (found.breaks, (found.breaks[1:] + found.breaks[:-1]) / 2):
        expected = model(start + shares[:, None] * (end - start)).numpy()
        got = np.stack([np.interp(shares, found.breaks, column) for column in found.values.T], 1)
        np.testing.assert_allclose(got, expected, atol=1e-12)  # 60 roundings a layer of numbers up to 20
    np.testing.assert_allclose(
        found.slopes, np.diff(found.values, axis=0) / np.diff(found.breaks)[:, None], rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(
    "activation", ["linear", "relu", "leaky_relu", "relu6", "hard_tanh", "hard_sigmoid", ff.abs, layers.LeakyReLU(0.4)]
)
def test_an_activation_is_found_on_all_of_its_pieces(activation):
    model = ff.Sequential([ff.Input((1,), dtype="float64"), layers.Activation(activation)])
    found = theory.linear_pieces(model, [-10.0], [10.0])
    x = np.linspace(-10.0, 10.0, 401)
    expected = model(x[:, None]).numpy()[:, 0]
    np.testing.assert_allclose(np.interp(x, 20 * found.breaks - 10, found.values[:, 0]), expected, atol=1e-14)
    second = np.abs(np.diff(expected, 2)) > 1e-9  # where three points in a row are on no line
    assert found.count == 1 + second.sum()


def test_a_model_within_a_model_and_one_of_calls_are_chains_too():
    inner = whole_network(0, 2, 4, 3)
    x = ff.Input((2,), dtype="float64")
    outer = ff.Model(x, layers.Dense(1, kernel_initializer="ones")(layers.Activation("relu")(inner(x))))
    found = theory.linear_pieces(outer, [-2.0, 0.0], [2.0, 1.0])
    kernel, bias, second, last = inner.get_weights()
    same = theory.make_network((kernel, bias, "relu"), (second, last, "relu"), (np.ones((3, 1)), [0.0], None))
    other = theory.linear_pieces(same, [-2.0, 0.0], [2.0, 1.0])
    assert found.breaks.tolist() == other.breaks.tolist() and found.slopes.tolist() == other.slopes.tolist()


def test_a_network_without_kinks_is_one_piece():
    found = theory.linear_pieces(theory.make_network(([[2.0]], [1.0], None)), [0.0], [1.0])
    assert (found.count, found.crossings, found.bounds) == (1, 0, None)
    assert (found.values.tolist(), found.slopes.tolist()) == ([[1.0], [3.0]], [[2.0]])


def test_kinks_that_cancel_are_crossed_but_make_no_piece():
    # relu(x - 1/2) - relu(x - 1/2) = 0, and relu(x - 1/4) - relu(1/4 - x) = x - 1/4.
    model = theory.make_network(
        ([[1, 1, 1, -1]], [-0.5, -0.5, -0.25, 0.25], "relu"), ([[1], [-1], [1], [-1]], [0], None)
    )
    found = theory.linear_pieces(model, [0.0], [1.0])
    assert (found.count, found.crossings, found.slopes.tolist()) == (1, 2, [[1.0]])


def test_kinks_that_cancel_but_for_rounding_make_no_piece():
    # 3 relu(0.1 x - 0.05) - relu(0.3 x - 0.15): in float64, 3 * 0.1 - 0.3 is 5.6e-17.
    model = theory.make_network(([[0.1, 0.3]], [-0.05, -0.15], "relu"), ([[3.0], [-1.0]], [0.0], None))
    found = theory.linear_pieces(model, [0.0], [1.0])
    assert (found.count, found.crossings) == (1, 1)


def test_kinks_nearer_than_the_tolerance_are_one():
    model = theory.make_network(([[1.0, 1.0]], [-0.5, -0.5 - 1e-13], "relu"), ([[1.0], [1.0]], [0.0], None))
    assert theory.linear_pieces(model, [0.0], [1.0]).count == 2
    assert theory.linear_pieces(model, [0.0], [1.0], tolerance=1e-15).count == 3


def regions_in_fractions(kernel, bias):
    """Regions of the square from -1 to 1 cut by lines, no three of which meet: 1 + lines + points where two cross."""
    lines = [tuple(map(Fraction, (*w, b))) for w, b in zip(zip(*kernel, strict=True), bias, strict=True)]
    corners = [(x, y) for x in (-1, 1) for y in (-1, 1)]
    inside = [line for line in lines if len({line[0] * x + line[1] * y + line[2] > 0 for x, y in corners}) == 2]
    crossings = set()
    for (a, b, c), (d, e, f) in combinations(inside, 2):
        determinant = a * e - b * d
        if determinant:
            x, y = (b * f - c * e) / determinant, (c * d - a * f) / determinant
            if abs(x) < 1 and abs(y) < 1:
                assert (x, y) not in crossings
                crossings.add((x, y))
    return 1 + len(inside) + len(crossings)


@pytest.mark.parametrize("seed", range(8))
def test_one_layer_cuts_the_square_into_as_many_regions_as_its_lines_do(seed):
    random = np.random.default_rng(seed)
    kernel, bias = random.uniform(-1, 1, (2, 12)), random.uniform(-1, 1, 12)
    model = theory.make_network((kernel, bias, "relu"), (np.ones((12, 1)), [0.0], None))
    found = theory.linear_regions(model, [-1, -1], [1, -1], [-1, 1])
    assert found.count == regions_in_fractions(kernel.tolist(), bias.tolist()) <= found.bounds.at_most
    assert found.bounds.at_most == 1 + 12 + 66


@pytest.mark.parametrize("seed", range(4))
def test_regions_of_a_deep_network_tile_the_square_and_hold_its_values(seed):
    ff.set_seed(seed)
    dense = [layers.Dense(width, "relu", bias_initializer="normal") for width in (6, 5, 4)]
    model = ff.Sequential([ff.Input((4,), dtype="float64"), *dense, layers.Dense(2)])
    random = np.random.default_rng(seed)
    origin, right, up = random.standard_normal((3, 4)) * 3
    found = theory.linear_regions(model, origin, right, up)
    assert found.areas.sum() == pytest.approx(1, abs=1e-12) and found.areas.min() > 0
    # Patterns of units that are on, of points of a grid: as many regions have been met, and no more.
    s, t = (each.ravel() for each in np.meshgrid((np.arange(200) + 0.5) / 200, (np.arange(200) + 0.5) / 200))
    h = origin + s[:, None] * (right - origin) + t[:, None] * (up - origin)
    patterns = []
    for layer in dense:
        h = np.maximum(h @ layer.kernel.numpy() + layer.bias.numpy(), 0)
        patterns.append(h > 0)
    seen = len(np.unique(np.concatenate(patterns, 1), axis=0))
    large = int((found.areas > 1e-3).sum())  # 40 points of the grid each
    assert large <= seen <= found.count <= found.bounds.at_most_relu
    for polygon, map in zip(found.polygons, found.maps, strict=True):
        at = np.vstack([polygon, random.dirichlet(np.ones(len(polygon)), 3) @ polygon])
        x = origin + at[:, :1] * (right - origin) + at[:, 1:] * (up - origin)
        np.testing.assert_allclose(np.column_stack([np.ones(len(at)), at]) @ map, model(x).numpy(), atol=1e-10)


def test_a_plane_has_the_pieces_of_each_line_in_it():
    model = whole_network(5, 2, 6, 5, 1)
    found = theory.linear_regions(model, [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0])
    line = theory.linear_pieces(model, [-1.0, -0.3], [1.0, 0.43])
    height = lambda corners: corners @ [-0.365, 1] - 0.35  # noqa: E731
    cut = [corners for corners in found.polygons if height(corners).min() < -1e-9 and height(corners).max() > 1e-9]
    assert len(cut) == line.crossings + 1


def test_an_activation_of_two_kinks_cuts_twice():
    model = theory.make_network(([[1.0], [0.0]], [0.0], "hard_tanh"), ([[1.0]], [0.0], None))
    found = theory.linear_regions(model, [-2, 0], [2, 0], [-2, 1])
    assert sorted(found.areas.tolist()) == [0.25, 0.25, 0.5] and found.bounds.at_most == 4
    assert found.bounds == theory.piece_bounds(2, [2])
    # -1, x = -2 + 4 s, and 1.
    assert sorted(map[:, 0].tolist() for map in found.maps) == [[-2, 4, 0], [-1, 0, 0], [1, 0, 0]]


def test_bounds_are_those_of_the_theorems():
    # Three lines: 1 + 3 + 3. Montufar: floor(4/2)^2 (1 + 4 + 6). Serra: j_1 off of 4 leave min(2, 4 - j_1) dimensions.
    assert theory.piece_bounds(2, [3]) == theory.PieceBounds(7, 7, 7)
    assert theory.piece_bounds(2, [4, 4]) == theory.PieceBounds(44, 121, 121)
    # j_1 = 0, 1: 1 + 3 regions with 2 dimensions, 7 each; j_1 = 2: 3 with one, 1 + 3 each.
    assert theory.piece_bounds(2, [3, 3]) == theory.PieceBounds(7, 49, 4 * 7 + 3 * 4)
    assert theory.piece_bounds(1, [2, 3, 4]) == theory.PieceBounds(2 * 3 * 5, 60, 60)
    assert theory.piece_bounds(2, [1, 3]).at_most == 2 * (1 + 3)  # a line is cut, where one unit is all there is
    assert theory.piece_bounds(5, [3]) == theory.PieceBounds(0, 8, 8)
    assert (
        theory.piece_bounds(1, [1, 1]).at_most_relu == 3
    )  # of relu(relu(x) - 1), 1 + 1 dimension: on, on; on, off; off


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_sawtooth_has_nearly_as_many_pieces_as_some_network_of_its_size_must_have(k):
    # Montufar et al. for one input: 2 ... 2 (1 + 2), of which [0, 1] has all but those outside of it.
    found = theory.linear_pieces(theory.sawtooth(k), [0.0], [1.0])
    assert found.count == 2**k <= found.bounds.attainable == 2 ** (k - 1) * 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: theory.linear_pieces(None, [0], [1]), TypeError, "linear_pieces: got None, which is no model."),
        (
            lambda m: theory.linear_pieces(m, [0, 0], [0, 0]),
            DataError,
            "linear_pieces: start and end are both [0.0, 0.0]. Expected two points.",
        ),
        (
            lambda m: theory.linear_pieces(m, [0], [1]),
            ShapeError,
            "linear_pieces: start has shape (1,). Expected a vector of 2",
        ),
        (
            lambda m: theory.linear_pieces(m, [0, 0], [1, 1], tolerance=-1),
            ValueError,
            "linear_pieces(tolerance=-1): tolerance must be a number from 0 to 0.5",
        ),
        (
            lambda m: theory.linear_regions(m, [0, 0], [1, 1], [2, 2]),
            DataError,
            "linear_regions: the corners [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]] lie on a line. Move one.",
        ),
        (
            lambda m: theory.linear_regions(m, [-9, -9], [9, -9], [-9, 9], max_regions=2),
            LimitError,
            "linear_regions: more than 2 regions at layer 'dense",
        ),
        (
            lambda m: theory.linear_pieces(
                ff.Sequential([ff.Input((4, 4)), layers.Flatten(), layers.Dense(1)]), [0], [1]
            ),
            ShapeError,
            "linear_pieces: the input of 'sequential",
        ),
        (
            lambda m: theory.linear_pieces(
                ff.Sequential([ff.Input((2,)), layers.Dense(2, "tanh", name="bent")]), [0, 0], [1, 1]
            ),
            ValueError,
            "linear_pieces: layer 'bent' has the activation 'tanh', which is not piecewise linear, or not known to be.",
        ),
        (
            lambda m: theory.linear_pieces(
                ff.Sequential([ff.Input((2,)), layers.LayerNormalization(name="norm")]), [0, 0], [1, 1]
            ),
            ValueError,
            "linear_pieces: layer 'norm' is a LayerNormalization. Expected Dense, ",
        ),
        (lambda m: theory.piece_bounds(2, []), ValueError, "piece_bounds(widths=[]): there is no layer."),
        (
            lambda m: theory.piece_bounds(0, [1]),
            ValueError,
            "piece_bounds(inputs=0): inputs must be an int >= 1. Got 0.",
        ),
        (
            lambda m: theory.piece_bounds(1, [0]),
            ValueError,
            "piece_bounds(widths=0): widths must be an int >= 1. Got 0.",
        ),
    ],
)
def test_what_has_no_pieces_to_find_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call(whole_network(0, 2, 4, 1))


def test_branches_and_operations_between_layers_are_refused():
    x = ff.Input((2,))
    h = layers.Dense(2, "relu")(x)
    branched = ff.Model(x, layers.Add()([layers.Dense(2)(h), h]))
    with pytest.raises(
        ValueError, match=r"^linear_pieces: layer 'add.*' does not follow the one before it: there is a branch"
    ):
        theory.linear_pieces(branched, [0, 0], [1, 1])
    with pytest.raises(
        ValueError, match=r"^linear_pieces: the network has 'multiply' between layers, or a second input"
    ):
        theory.linear_pieces(ff.Model(x, h * h), [0, 0], [1, 1])
    with pytest.raises(
        ValueError, match=r"^linear_pieces: the network has 2 outputs. Expected layers one after another"
    ):
        theory.linear_pieces(ff.Model(x, [h, layers.Dense(1)(h)]), [0, 0], [1, 1])
    with pytest.raises(ValueError, match=r"^linear_pieces: 'model.*' has no layers. Expected layers one after another"):
        theory.linear_pieces(ff.Model(x, x), [0, 0], [1, 1])


def test_a_layer_that_is_called_twice_counts_twice():
    x = ff.Input((1,), dtype="float64")
    fold = layers.Dense(1, ff.abs, name="fold")
    model = ff.Model(x, fold(fold(x)))
    fold.kernel.assign([[2.0]])
    fold.bias.assign([-1.0])
    # |2 |2 x - 1| - 1|: kinks at 1/2, and where |2 x - 1| = 1/2.
    found = theory.linear_pieces(model, [0.0], [1.0])
    assert found.breaks.tolist() == [0, 0.25, 0.5, 0.75, 1] and found.values[:, 0].tolist() == [1, 0, 1, 0, 1]
