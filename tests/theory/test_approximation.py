"""Oracles: worked by hand; weights multiplied out in fractions; the error of a dense grid, which bounds enclose."""

import re
from fractions import Fraction

import numpy as np
import pytest

import feedforward as ff
from feedforward import theory
from feedforward.errors import DataError, ShapeError
from feedforward.theory.chain import values_of

EPSILON = 2.0**-52
CONSTRUCTIONS = ("minimal", "bumps", "sigmoid")


def zigzag_curve(pieces):
    """Between the ends of so many pieces of [0, 1] as steep as it may be, L = 1, and 0 at the ends themselves."""
    x = np.arange(2 * pieces + 1) / (2 * pieces)
    y = np.where(np.arange(2 * pieces + 1) % 2, (-1.0) ** (np.arange(2 * pieces + 1) // 2), 0.0) / (2 * pieces)
    return theory.Curve.through(x, y)


def in_fractions(model, x):
    """The output of a network of ReLU units by the arithmetic of fractions."""
    h = [Fraction(x)]
    *hidden, last = [[weight.tolist() for weight in layer.get_weights()] for layer in model.layers]
    for kernel, bias in hidden:
        sums = [
            sum((a * Fraction(b) for a, b in zip(h, c, strict=True)), Fraction(0)) for c in zip(*kernel, strict=True)
        ]
        h = [max(Fraction(0), s + Fraction(b)) for s, b in zip(sums, bias, strict=True)]
    return sum((a * Fraction(b[0]) for a, b in zip(h, last[0], strict=True)), Fraction(last[1][0]))


def test_the_parabola_is_met_at_its_nodes_and_a_quarter_of_the_squared_width_off_between_them():
    found = theory.approximate(theory.Curve.polynomial([0.0, 1.0, -1.0]), 1.0, 0.125)
    assert (found.units, found.bound) == (4, 0.125)  # w = 1/4 = 2 epsilon / L; L w / 2
    # x - x^2 lies (w / 2)^2 above its chord in the middle of each piece.
    assert found.error.is_exact and found.error.low == 1 / 64
    kernel, bias, heights, start = found.model.get_weights()
    assert (kernel == 1).all() and bias.tolist() == [0.0, -0.25, -0.5, -0.75]
    # Slopes 3/4, 1/4, -1/4, -3/4 between 0, 3/16, 1/4, 3/16, 0.
    assert heights[:, 0].tolist() == [0.75, -0.5, -0.5, -0.5] and start.tolist() == [0.0]
    assert [in_fractions(found.model, x) for x in (Fraction(1, 4), Fraction(3, 8))] == [
        Fraction(3, 16),
        Fraction(7, 32),
    ]


def test_the_bound_is_reached_by_what_is_as_steep_as_it_may_be_between_nodes():
    for construction in ("minimal", "bumps"):
        found = theory.approximate(zigzag_curve(8), 1.0, 1 / 16, construction=construction)
        # minimal: 8 pieces, 0 at every node, and 1/16 off in between. bumps: a middle is an extreme, an end a zero.
        assert found.units == {"minimal": 8, "bumps": 14}[construction]
        assert found.error.low == pytest.approx(found.bound, abs=64 * EPSILON)


@pytest.mark.parametrize("construction", CONSTRUCTIONS)
@pytest.mark.parametrize("seed", range(3))
def test_measured_errors_enclose_that_of_a_dense_grid_and_are_within_epsilon(construction, seed):
    random = np.random.default_rng(seed)
    knots, slopes = np.linspace(-1.0, 2.0, 14), random.uniform(-3, 3, 13)
    heights = np.concatenate([[0.5], 0.5 + np.cumsum(slopes * np.diff(knots))])
    curve = theory.Curve.through(knots, heights)
    epsilon = float(random.uniform(0.02, 0.2))
    x = np.linspace(-1.0, 2.0, 50_001)
    for function in (curve, lambda x: curve(x)):  # one that knows its kinks, and one that does not
        found = theory.approximate(function, 3.0, epsilon, (-1.0, 2.0), construction)
        dense = np.abs(curve(x) - values_of(found.model, x[:, None])[:, 0]).max()
        assert found.bound <= epsilon * (1 + EPSILON)
        assert found.error.low <= found.bound + 1e-12  # rounding, by the Notes: 200 units x 9 x 2^-52
        assert found.error.low <= dense + 6.0 / 50_000 and dense <= found.error.high + 1e-12
        assert found.error.is_exact == (function is curve and construction != "sigmoid")
        at = abs(curve(np.array([found.error.at])) - values_of(found.model, np.array([[found.error.at]]))[:, 0])
        assert at[0] == pytest.approx(found.error.low, abs=1e-14)


def test_the_numbers_of_units_are_those_of_the_proofs():
    # L (b - a) / (2 epsilon) = 10 pieces: a unit for each; two for each step between; and one piece more, one for each.
    units = [theory.approximate(np.sin, 1.0, 0.05, (0.0, 1.0), name).units for name in CONSTRUCTIONS]
    assert units == [10, 18, 10]
    assert theory.approximate(np.sin, 1.0, 9.0).units == 1
    assert theory.approximate(np.sin, 1.0, 9.0, construction="bumps").units == 2  # one step


def test_a_function_may_be_one_of_tensors():
    assert str(theory.approximate(ff.sin, 1.0, 0.1)) == str(theory.approximate(np.sin, 1.0, 0.1))


def test_a_step_of_two_units_is_flat_around_the_middles():
    found = theory.approximate(theory.Curve.polynomial([0.0, 1.0]), 1.0, 0.25, construction="bumps")
    # Two pieces with middles 1/4 and 3/4; the step from 3/8 to 5/8.
    x = np.array([0.0, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0])
    assert values_of(found.model, x[:, None])[:, 0].tolist() == [0.25, 0.25, 0.25, 0.5, 0.75, 0.75, 0.75]
    assert (found.error.low, found.error.high) == (0.25, 0.25)


def test_a_step_of_a_sigmoid_is_as_steep_as_its_formula_says():
    found = theory.approximate(theory.Curve.polynomial([0.0, 1.0]), 1.0, 0.25, construction="sigmoid")
    # Three pieces, w = 1/3: q / (1 - q) = 0.25 * 3 - 1/2 = 1/4, q = 1/5 = exp(-k / 6).
    kernel, bias, heights, start = found.model.get_weights()
    np.testing.assert_allclose(kernel, 6 * np.log(5.0), rtol=4 * EPSILON)
    np.testing.assert_allclose(-bias / kernel[0], [1 / 3, 2 / 3], rtol=4 * EPSILON)
    np.testing.assert_allclose([*heights[:, 0], *start], [1 / 3, 1 / 3, 1 / 6], rtol=4 * EPSILON)
    # Its slope is at most L w k (1/4 + 1/4) = log 5; between 48 + 1 points the error rises by (L + that) / 48 / 2.
    assert found.error.high == pytest.approx(found.error.low + (1 + np.log(5.0)) / 96, rel=1e-14)


def test_a_curve_is_furthest_at_an_end_a_kink_or_where_slopes_agree():
    line = theory.make_network(([[1.0]], [0.0], None))
    square = theory.Curve.polynomial([0.0, 0.0, 1.0])
    assert theory.supremum_error(line, square, 4.0, (0.0, 2.0)) == theory.SupremumError(2.0, 2.0, 2.0)
    assert theory.supremum_error(line, square, 4.0, (0.0, 1.0)).at == 0.5
    bent = theory.Curve.through([0.0, 0.25, 1.0], [0.0, 1.0, 1.0])
    assert theory.supremum_error(line, bent, 4.0) == theory.SupremumError(0.75, 0.75, 0.25)
    beyond = theory.Curve.through([-1.0, 0.0, 1.0, 2.0], [9.0, 0.0, 1.0, 9.0])  # bends outside of the domain, too
    assert theory.supremum_error(line, beyond, 9.0) == theory.SupremumError(0.0, 0.0, 0.0)
    wave = theory.Curve(np.sin, lambda slope: [np.arccos(slope)] if abs(slope) <= 1 else [])
    flat = theory.make_network(([[0.0]], [0.0], None))
    found = theory.supremum_error(flat, wave, 1.0, (0.0, 3.0))
    assert (found.low, found.at) == (1.0, np.pi / 2)


def test_the_error_of_a_network_that_was_not_constructed_is_enclosed_too():
    ff.set_seed(3)
    layers = ff.layers
    model = ff.Sequential([ff.Input((1,)), layers.Dense(7, "relu", bias_initializer="normal"), layers.Dense(1)])
    x = np.linspace(0.0, 1.0, 10_001)
    dense = np.abs(np.sin(9 * x) - model(x[:, None]).numpy()[:, 0]).max()
    found = theory.supremum_error(model, lambda x: np.sin(9 * x), 9.0, points=200)
    # The network is float32: some roundings of numbers near 1. Between points no more than 9 / 200 / 2 is missed.
    assert found.low - 1e-6 <= dense + 9e-4 and dense <= found.high + 1e-6 and found.high - found.low < 0.023


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: theory.approximate(lambda x: np.array(["a"] * len(x)), 1, 1),
            TypeError,
            "approximate: what the function returned: row 0 holds 'a', a str. Expected real numbers.",
        ),
        (
            lambda: theory.approximate(np.sin, 0, 1),
            ValueError,
            "approximate(lipschitz=0): lipschitz must be a number > 0",
        ),
        (
            lambda: theory.approximate(np.sin, 1, -1),
            ValueError,
            "approximate(epsilon=-1): epsilon must be a number > 0",
        ),
        (
            lambda: theory.approximate(np.sin, 1, 1, (1, 1)),
            DataError,
            "approximate: domain is (1.0, 1.0). Expected (a, b) with a < b.",
        ),
        (
            lambda: theory.approximate(np.sin, 1, 1, (0, 1, 2)),
            ShapeError,
            "approximate: domain has shape (3,). Expected",
        ),
        (
            lambda: theory.approximate(np.sin, 1, 1, construction="tent"),
            ValueError,
            "approximate(construction='tent'): construction must be ",
        ),
        (
            lambda: theory.approximate(np.sin, 1, 1e-6),
            ValueError,
            "approximate(lipschitz=1, epsilon=1e-06): 500000 pieces are needed on (0.0, 1.0). Expected at most 4096.",
        ),
        (
            lambda: theory.approximate(lambda x: 2 * x, 1, 0.25),
            DataError,
            "approximate: the function changes from 0 to 1 between x = 0 and 0.5. Expected at most lipschitz = 1 times",
        ),
        (
            lambda: theory.approximate(lambda x: 1.0, 1, 0.25),
            ShapeError,
            "approximate: the function returned shape () for x of shape (3,). Expected (3,).",
        ),
        (
            lambda: theory.approximate(lambda x: np.where(x > 0, 1 / np.maximum(x, 1), np.inf), 1, 0.25),
            DataError,
            "approximate: the function is inf at 0.0. Expected finite numbers.",
        ),
        (
            lambda: theory.approximate("sin", 1, 1),
            TypeError,
            "approximate: function is 'sin'. Expected a function of an",
        ),
        (
            lambda: theory.supremum_error(theory.make_network(([[1, 1]], [0, 0], None)), np.sin, 1.0),
            ShapeError,
            "supremum_error: the network has 2 outputs. Expected one.",
        ),
        (
            lambda: theory.Curve.through([0, 0], [1, 1]),
            DataError,
            "Curve.through: x is [0.0, 0.0]. Expected ascending numbers.",
        ),
    ],
)
def test_what_cannot_be_approximated_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
