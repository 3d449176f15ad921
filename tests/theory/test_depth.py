"""Oracles: the sawtooth and integrals of squares in fractions; networks with random kinks, none below the bound."""

import re
from fractions import Fraction

import numpy as np
import pytest

from feedforward import theory
from feedforward.theory.chain import values_of


def teeth(x, k):
    """The distance of 2^(k-1) x from the nearest whole number, twice."""
    z = Fraction(x) * 2 ** (k - 1)
    return 2 * abs(z - round(z))


@pytest.mark.parametrize("k", [1, 2, 7, 20, 45])
def test_a_sawtooth_is_exact_at_every_float64(k):
    random = np.random.default_rng(k)
    dyadic = random.integers(0, 2 ** min(k + 3, 52), 100) / 2.0 ** min(k + 3, 52)
    x = np.concatenate([[0.0, 1.0, 0.5, 2.0**-1000, 1 - 2.0**-53], dyadic, random.random(100), random.random(20) ** 9])
    found = values_of(theory.sawtooth(k), x[:, None])[:, 0]
    for number, value in zip(x.tolist(), found.tolist(), strict=True):
        exact = teeth(number, k)
        # What is below all normal numbers is 0 to the package; nothing here is.
        assert Fraction(value) == exact if exact.denominator <= 2**1020 else value == float(exact)


def test_a_sawtooth_of_k_layers_has_two_to_the_k_pieces_and_two_units_a_layer():
    model = theory.sawtooth(6)
    assert [layer.units for layer in model.layers] == [2] * 6 + [1]
    pieces = theory.linear_pieces(model, [0.0], [1.0])
    assert pieces.breaks.tolist() == [j / 64 for j in range(65)]
    assert pieces.slopes[:, 0].tolist() == [64.0, -64.0] * 32


def mean_square(model, k):
    """The integral over [0, 1] of the squared difference from the sawtooth, in fractions, for one hidden layer."""
    _, bias, heights, start = (weight.tolist() for weight in model.get_weights())
    kinks = [-Fraction(b) for b in bias]
    edges = sorted({Fraction(j, 2**k) for j in range(2**k + 1)} | {t for t in kinks if 0 < t < 1})

    def difference(x):
        ramps = (Fraction(c[0]) * max(Fraction(0), x - t) for c, t in zip(heights, kinks, strict=True))
        return Fraction(start[0]) + sum(ramps) - teeth(x, k)

    # Of a line from p to q, the square's mean is (p^2 + p q + q^2) / 3.
    ends = [difference(x) for x in edges]
    parts = zip(edges, edges[1:], ends, ends[1:], strict=False)
    return sum((b - a) * (p * p + p * q + q * q) / 3 for a, b, p, q in parts)


@pytest.mark.parametrize(("k", "units"), [(1, 1), (1, 2), (3, 2), (4, 5), (4, 15), (5, 8)])
def test_the_error_of_a_fit_is_its_integral_and_not_below_what_is_proven(k, units):
    found = theory.fit_sawtooth(k, units)
    # 1e-12: least squares in float64, whose condition is some thousands.
    assert found.mean_square == pytest.approx(float(mean_square(found.model, k)), abs=1e-12)
    assert max(0, (1 - 2 * units / 2**k)) / 12 == found.mean_square_at_least <= found.mean_square <= 1 / 12 + 1e-12
    assert found.largest_at_least == (0.5 if units + 1 < 2**k else 0.0)
    x = np.arange(2**k + 1) / 2**k
    largest = np.abs(values_of(found.model, x[:, None])[:, 0] - np.arange(2**k + 1) % 2).max()
    assert largest >= found.largest_at_least


@pytest.mark.parametrize(("k", "units"), [(4, 3), (4, 12)])
def test_a_fit_is_no_worse_than_with_kinks_side_by_side_or_far_apart(k, units):
    found = theory.fit_sawtooth(k, units).mean_square
    x = (np.arange(4096) + 0.5) / 4096
    target = np.array([float(teeth(each, k)) for each in x])
    for kinks in (np.arange(units) / 2**k, np.arange(units) / units):
        terms = np.column_stack([np.ones_like(x), np.maximum(0, x[:, None] - kinks)])
        error = ((terms @ np.linalg.lstsq(terms, target)[0] - target) ** 2).mean()
        assert found <= error + 2e-6  # squares of slopes 16, by the midpoint rule: 16^2 / 12 / 4096^2


def test_as_many_units_as_pieces_make_the_sawtooth_itself():
    found = theory.fit_sawtooth(4, 16)
    assert found.mean_square == pytest.approx(0, abs=1e-24) and found.mean_square_at_least == 0.0


def test_one_unit_can_do_no_better_than_its_best_line_on_two_pieces():
    # k = 1, n = 1, a bend at 0 or none: a line, and of all lines 1/2 is the nearest to the symmetric tooth; 1/12.
    assert theory.fit_sawtooth(1, 1).mean_square == pytest.approx(1 / 12, rel=1e-14)


def test_no_network_of_random_kinks_is_better_than_what_is_proven():
    random = np.random.default_rng(0)
    x = (np.arange(4096) + 0.5) / 4096
    target = np.array([float(teeth(each, 4)) for each in x])
    for units in (1, 3, 6):
        least = theory.fit_sawtooth(4, units).mean_square_at_least
        assert least == (1 - 2 * units / 16) / 12
        for _ in range(50):
            terms = np.maximum(0, x[:, None] - random.uniform(-0.2, 1, units))
            terms = np.column_stack([np.ones_like(x), terms])
            error = ((terms @ np.linalg.lstsq(terms, target)[0] - target) ** 2).mean()
            assert error >= least - 1e-5  # 4,096 points in place of the integral


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.sawtooth(0), "sawtooth(layers=0): layers must be an int >= 1. Got 0."),
        (lambda: theory.fit_sawtooth(0, 1), "fit_sawtooth(layers=0): layers must be an int >= 1. Got 0."),
        (lambda: theory.fit_sawtooth(2, 0), "fit_sawtooth(units=0): units must be an int >= 1. Got 0."),
        (
            lambda: theory.fit_sawtooth(2, 5),
            "fit_sawtooth(layers=2, units=5): expected at most 12 layers and 2**layers",
        ),
        (
            lambda: theory.fit_sawtooth(13, 5),
            "fit_sawtooth(layers=13, units=5): expected at most 12 layers and 2**layers",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call()
