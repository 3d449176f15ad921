"""Oracles: truth tables; Rosenblatt's rule by hand; Novikoff's bound, with the margin of two points by hand."""

import math

import numpy as np
import pytest
from scipy import sparse

from feedforward.errors import DataError, ModelWarning, ShapeError
from feedforward.linear import McCullochPitts, Perceptron
from linear_problems import overlapping, three_classes

TABLE = [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("neuron", "answers"),
    [
        (McCullochPitts(2), [0, 0, 0, 1]),
        (McCullochPitts(1), [0, 1, 1, 1]),
        (McCullochPitts(1, inhibitory=(1,)), [0, 0, 1, 0]),
        (McCullochPitts(0, inhibitory=(0, 1)), [1, 0, 0, 0]),
        (McCullochPitts(0), [1, 1, 1, 1]),
    ],
)
def test_a_neuron_computes_its_truth_table(neuron, answers):
    assert neuron.predict(TABLE).tolist() == answers
    assert neuron.predict(np.array(TABLE, bool)).tolist() == answers


def test_two_layers_of_neurons_compute_exclusive_or():
    x = np.array(TABLE)
    hidden = np.stack([McCullochPitts(1, (1,)).predict(x), McCullochPitts(1, (0,)).predict(x)], 1)
    assert McCullochPitts(1).predict(hidden).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: McCullochPitts(-1), ValueError, "threshold must be an int >= 0. Got -1"),
        (lambda: McCullochPitts(1, (0, 0)), ValueError, r"inhibitory=\(0, 0\), expected different columns"),
        (
            lambda: McCullochPitts(1, (2,)).predict(TABLE),
            ShapeError,
            r"x has shape \(4, 2\), expected \(n, d\) with d > 2",
        ),
        (lambda: McCullochPitts(1).predict([[0, 2]]), DataError, "x is 2 at row 0, column 1. Expected 0 or 1"),
    ],
)
def test_what_is_no_neuron_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_rule_is_as_by_hand():
    # Without intercept and shuffling: (1, 0), +: s = 0, a mistake, w = (1, 0). (1, 1), -: s = 1, w = (0, -1).
    # (0, 2), -: s = -2. Second pass: (1, 0): s = 0, w = (1, -1). (1, 1): s = 0, w = (0, -2). Third: (1, 0): s = 0,
    # w = (1, -2); then s is -1 and -4.
    model = Perceptron(fit_intercept=False, use_shuffle=False).fit([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [1, 0, 0])
    assert model.coef_.tolist() == [[1.0, -2.0]] and model.intercept_.tolist() == [0.0]
    assert model.mistakes_.tolist() == [5] and model.n_iter_ == 4


def test_the_bound_is_novikoffs():
    # (3, 1), + and (-3, 1), - with columns of 1: the widest plane is x_0 = 0, its margin 3, R^2 = 9 + 1 + 1.
    model = Perceptron().fit([[3.0, 1.0], [-3.0, 1.0]], [1, 0])
    assert model.mistake_bounds_ == pytest.approx([11 / 9], rel=1e-3)
    assert model.mistakes_[0] <= 11 / 9


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_classes_that_a_plane_separates_are_separated_within_the_bound(form):
    x, _ = overlapping(200)
    score = x @ np.linspace(1.0, -1.0, 5)
    x, y = x[np.abs(score) > 0.3], score[np.abs(score) > 0.3] > 0
    model = Perceptron().fit(form(x), y)
    assert model.score(form(x), y) == 1.0
    assert 0 < model.mistakes_[0] <= model.mistake_bounds_[0] < math.inf


def test_the_bound_of_the_widest_margin_is_below_that_of_any_other():
    random = np.random.default_rng(0)
    x = random.normal(size=(30, 2)) + np.where(np.arange(30) % 2, 3.0, -3.0)[:, None]
    y = np.arange(30) % 2
    model = Perceptron().fit(x, y)
    full = np.concatenate([x, np.ones((30, 1))], 1)
    u = np.append(model.coef_, model.intercept_)
    margin = (np.where(y == 1, 1, -1) * (full @ u)).min() / np.linalg.norm(u)
    assert model.mistake_bounds_[0] <= (full**2).sum(1).max() / margin**2


def test_classes_that_no_plane_separates_end_with_the_best_weights_seen():
    x, y = overlapping()
    with pytest.warns(ModelWarning, match=r"Perceptron\.fit: 30 passes, and the last had .* Raise max_iter"):
        model = Perceptron(max_iter=30).fit(x, y)
    assert model.mistake_bounds_.tolist() == [math.inf]
    assert model.score(x, y) > 0.75


def test_three_classes_are_three_machines():
    x, y = three_classes()
    model = Perceptron().fit(10.0 * np.eye(3)[y] + 0.1 * np.tile(x, 2)[:, :3], y)
    assert model.coef_.shape == (3, 3) and model.mistakes_.shape == (3,)
    assert (model.mistakes_ <= model.mistake_bounds_).all()
