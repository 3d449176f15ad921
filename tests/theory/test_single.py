"""Oracles: products in fractions; certificates added up in fractions; linear programs; geometry of the points drawn."""

import re
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

import feedforward as ff
from feedforward import theory
from feedforward.errors import DataError, LimitError, ShapeError

CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_a_hundred_linear_layers_are_one():
    random = np.random.default_rng(0)
    # Signed permutations and whole biases: nothing is rounded, and no number grows.
    parts = [
        (np.eye(4)[random.permutation(4)] * random.choice([-1, 1], 4), random.integers(-9, 10, 4)) for _ in range(100)
    ]
    model = theory.make_network(*[(kernel, bias, None) for kernel, bias in parts])
    kernel, bias = [[Fraction(int(i == j)) for j in range(4)] for i in range(4)], [Fraction(0)] * 4
    for w, b in parts:
        columns = list(zip(*w.tolist(), strict=True))
        kernel = [
            [sum(a * Fraction(c) for a, c in zip(row, column, strict=True)) for column in columns] for row in kernel
        ]
        shifted = [sum(a * Fraction(c) for a, c in zip(bias, column, strict=True)) for column in columns]
        bias = [s + int(t) for s, t in zip(shifted, b, strict=True)]
    one = theory.merged(model)
    assert len(one.layers) == 1 and one.get_weights()[0].tolist() == kernel and one.get_weights()[1].tolist() == bias


def test_merging_follows_layers_of_any_width_and_rescaling():
    ff.set_seed(1)
    sizes = (7, 2, 5, 3)
    hidden = [ff.layers.Dense(k, bias_initializer="normal") for k in sizes]
    model = ff.Sequential([ff.Input((4,), dtype="float64"), ff.layers.Rescaling(0.5, 1.0), *hidden])
    x = np.random.default_rng(1).standard_normal((6, 4))
    # 24 roundings of numbers near 1, four layers.
    np.testing.assert_allclose(theory.merged(model)(x).numpy(), model(x).numpy(), atol=1e-13)


def test_a_layer_that_bends_is_named():
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1), ff.layers.Dense(1, "relu", name="bends")])
    with pytest.raises(
        ValueError, match=r"^merged: layer 'bends' has an activation that bends. Expected none: only linear"
    ):
        theory.merged(model)


def check(proof, x, y):
    """Add the inequalities of a proof up in fractions: multipliers above 0, and the sum 0."""
    signs = np.where(np.asarray(y) == max(y), 1, -1).tolist()
    rows = [[*map(Fraction, np.asarray(x, float)[row].tolist()), Fraction(1)] for row in proof.rows]
    assert min(proof.multipliers) > 0 and len(proof.rows) <= len(rows[0]) + 1
    for column in zip(*rows, strict=True):
        terms = zip(proof.multipliers, proof.rows, column, strict=True)
        assert sum(m * signs[row] * number for m, row, number in terms) == 0


def test_no_perceptron_computes_exclusive_or():
    proof = theory.inseparable(CORNERS, [0, 1, 1, 0])
    assert proof == theory.Inseparable((0, 1, 2, 3), (1, 1, 1, 1))
    check(proof, CORNERS, [0, 1, 1, 0])
    assert "1 * row 0 + 1 * row 1 + 1 * row 2 + 1 * row 3 is 0 > 0" in str(proof)


def test_of_the_sixteen_functions_of_two_bits_only_two_are_beyond_a_perceptron():
    beyond = []
    for number in range(1, 15):  # 0 and 15 are constant: one class
        y = [number >> row & 1 for row in range(4)]
        if theory.inseparable(CORNERS, y) is not None:
            beyond.append(y)
    assert beyond == [[0, 1, 1, 0], [1, 0, 0, 1]]


@pytest.mark.parametrize("seed", range(12))
def test_a_proof_is_found_where_and_only_where_a_linear_program_finds_no_plane(seed):
    random = np.random.default_rng(seed)
    d = 1 + seed % 3
    x, y = random.integers(-4, 5, (8, d)) / 2, np.arange(8) % 2
    x[y == 1] += random.integers(0, 3)
    signed = np.where(y == 1, 1.0, -1.0)[:, None] * np.column_stack([x, np.ones(8)])
    plane = linprog(np.zeros(d + 1), A_ub=-signed, b_ub=-np.ones(8), bounds=[(None, None)] * (d + 1))
    proof = theory.inseparable(x, y)
    assert (proof is None) == plane.success
    if proof is not None:
        check(proof, x, y)


def test_one_point_of_both_classes_is_proof_enough():
    assert theory.inseparable([[0.1, 0.2], [3, 4], [0.1, 0.2]], [-1, -1, 1]) == theory.Inseparable((0, 2), (1, 1))
    # Between two of the other class: 3 * 1 = 2 * 0 + 1 * 3.
    assert theory.inseparable([[0.0], [1.0], [3.0]], ["a", "b", "a"]) == theory.Inseparable((0, 1, 2), (2, 3, 1))


def test_two_hidden_units_compute_exclusive_or():
    assert theory.xor_network()(np.array(CORNERS, float)).numpy()[:, 0].tolist() == [0, 1, 1, 0]
    assert theory.xor_network().count_params() == 9


def test_mistakes_stay_below_novikoffs_bound_and_points_keep_their_margin():
    found = theory.mistakes_by_margin([0.5, 0.2, 0.05], samples=100, size=3, seed=2)
    assert (found.mistakes >= 1).all() and (found.mistakes <= found.bounds).all()
    # R <= 1, and the margin is at least that of the plane that parts them: (R / gamma)^2 <= 1 / margin^2.
    assert (found.bounds <= 1 / found.margins**2 * (1 + 1e-6)).all()
    # Of 100 points some lie near the strip, so that the widest margin is not much wider.
    assert (found.bounds > 0.1 / found.margins**2).all()


def test_points_on_a_line_keep_their_margin_too():
    found = theory.mistakes_by_margin([0.5], samples=50, size=1)
    # Numbers from 1/2 to 1, with their signs as classes: the first mistake is the only one.
    assert found.mistakes.tolist() == [1] and 1 <= found.bounds[0] <= 4


def test_gradients_behind_a_sigmoid_share_a_sign_and_the_path_zigzags():
    sigmoid, tanh = theory.zigzag("sigmoid", steps=200), theory.zigzag("tanh", steps=200)
    assert sigmoid.same_sign == 1.0
    assert 0.4 < tanh.same_sign < 0.6  # signs of two independent symmetric numbers: half of 200, three deviations
    moves = np.diff(sigmoid.path, axis=0)
    assert (moves[:, 0] * moves[:, 1] >= 0).all()
    # Monotone in neither direction, it cannot be shorter than |w_1| + |w_2| of its end: 2 / sqrt(2).
    assert sigmoid.detour > np.sqrt(2) * 0.99 and sigmoid.detour > 2 * tanh.detour
    assert tanh.distance < 1e-6 < sigmoid.distance
    assert sigmoid.path[0].tolist() == [0, 0] and sigmoid.path.shape == (201, 2)


def test_a_step_is_that_of_the_normalised_rule():
    found = theory.zigzag("linear", steps=3, learning_rate=1.0, seed=4)
    inputs = np.random.default_rng(4).standard_normal((3, 2))
    w = np.zeros(2)
    for h, after in zip(inputs, found.path[1:], strict=True):
        w = w - (w @ h - (h[0] - h[1])) / (h @ h) * h
        np.testing.assert_allclose(after, w, atol=1e-14)
        assert after @ h == pytest.approx(h[0] - h[1], abs=1e-13)  # the sample is right at once


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: theory.inseparable(CORNERS, [0, 0, 0, 0]),
            ShapeError,
            "inseparable: y has shape (4,) and 1 classes for 4 points. Expected a class for each, two different ones.",
        ),
        (
            lambda: theory.inseparable(np.zeros((99, 2)), np.arange(99) % 2),
            LimitError,
            "inseparable: 99 points in 2 dimensions can be chosen in 3926076 ways. Expected at most 20000.",
        ),
        (lambda: theory.inseparable([[np.nan]], [0]), DataError, "inseparable: x is not finite in row 0, column 0."),
        (
            lambda: theory.mistakes_by_margin([]),
            ValueError,
            "mistakes_by_margin(margins=[]): there is none. Give at least",
        ),
        (
            lambda: theory.mistakes_by_margin([1.0]),
            ValueError,
            "mistakes_by_margin(margins=1.0): margins must be a number above 0 up to, but not, 1. Got 1.0.",
        ),
        (
            lambda: theory.mistakes_by_margin([0.1], samples=1),
            ValueError,
            "mistakes_by_margin(samples=1): samples must be an int >= 2. Got 1.",
        ),
        (
            lambda: theory.mistakes_by_margin([0.1], size=0),
            ValueError,
            "mistakes_by_margin(size=0): size must be an int >= 1",
        ),
        (
            lambda: theory.mistakes_by_margin([0.1], seed=-1),
            ValueError,
            "mistakes_by_margin(seed=-1): seed must be an int >= 0",
        ),
        (lambda: theory.zigzag(steps=0), ValueError, "zigzag(steps=0): steps must be an int >= 1. Got 0."),
        (lambda: theory.zigzag(seed=-1), ValueError, "zigzag(seed=-1): seed must be an int >= 0. Got -1."),
        (
            lambda: theory.zigzag(learning_rate=2.0),
            ValueError,
            "zigzag(learning_rate=2.0): learning_rate must be a number above 0 up to, but not, 2. Got 2.0.",
        ),
        (
            lambda: theory.zigzag(lambda z: 0.0 * z),
            DataError,
            "zigzag(activation=<function ",
        ),
    ],
)
def test_what_cannot_be_answered_is_told_why(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
