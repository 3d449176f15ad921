"""Oracle: worked by hand; optimality of the operator's own minimum by random perturbation; Moreau's identity."""

import re

import numpy as np
import pytest

from feedforward import convex
from feedforward.convex import L1, L2, Indicator, SquaredL2, lasso_gap, project_ball, project_box
from feedforward.errors import ShapeError
from feedforward.tensor import Tensor

RANDOM = np.random.default_rng(3)
TERMS = {
    "l1": L1(0.7),
    "l2": L2(1.3),
    "squared l2": SquaredL2(2.5),
    "box": Indicator(lambda x: project_box(x, -1.0, 0.5)),
    "nothing": L1(0.0),
}


@pytest.mark.parametrize("name", TERMS)
def test_the_operator_finds_the_smallest_value_of_its_definition(name):
    term = TERMS[name]
    for step in (0.1, 1.0, 3.0):
        x = 2 * RANDOM.standard_normal(4)
        z = term.prox(x, step).numpy()

        def objective(point, x=x, step=step):
            return float(term(Tensor(point))) + np.sum((point - x) ** 2) / (2 * step)

        least = objective(z)
        assert np.isfinite(least)
        for size in (1e-4, 1e-2, 1.0):
            for direction in RANDOM.standard_normal((20, 4)):
                # It is strongly convex by 1/t: the value rises by |move|^2 / (2 t) at least; 1e-13 for rounding.
                moved = size * direction
                assert objective(z + moved) >= least + moved @ moved / (2 * step) - 1e-13


@pytest.mark.parametrize(
    ("term", "dual"),
    [(L1(0.7), lambda x: project_box(x, -0.7, 0.7)), (L2(1.3), lambda x: project_ball(x, 1.3))],
    ids=["l1", "l2"],
)
def test_moreau_splits_a_point_into_the_operator_and_a_projection(term, dual):
    # x = prox_h(x) + the projection on the dual norm's ball of radius a, since h* is its indicator.
    for x in 2 * RANDOM.standard_normal((10, 4)):
        np.testing.assert_allclose(term.prox(x, 1.0).numpy() + dual(x).numpy(), x, atol=1e-15)


def test_hand_calculations():
    assert L1(1.0).prox(np.array([2.0, -0.25, 0.5]), 0.5).tolist() == [1.5, 0.0, 0.0]
    assert L2(1.0).prox(np.array([0.0, 0.0]), 0.5).tolist() == [0.0, 0.0]
    assert SquaredL2(1.0).prox(np.array([3.0]), 0.5).tolist() == [2.0]
    assert float(TERMS["box"](Tensor([0.6]))) == np.inf and float(TERMS["box"](Tensor([0.5]))) == 0.0


def test_the_gap_of_the_lasso_is_no_less_than_what_is_missing_and_0_at_the_solution():
    a, b = RANDOM.standard_normal((20, 6)), RANDOM.standard_normal(20)
    gap = lasso_gap(a, b, 2.0)

    def value(x):
        return np.sum((a @ x - b) ** 2) / 2 + 2.0 * np.abs(x).sum()

    x = np.zeros(6)
    size = np.linalg.norm(a, 2) ** 2
    for _ in range(3000):  # ISTA in NumPy, to rounding
        moved = x - a.T @ (a @ x - b) / size
        x = np.sign(moved) * np.maximum(np.abs(moved) - 2.0 / size, 0)
    assert gap(x) <= 1e-12
    for point in RANDOM.standard_normal((20, 6)):
        assert gap(point) >= value(point) - value(x)
    assert gap(np.zeros(6)) >= value(np.zeros(6)) - value(x) > 0


def test_a_gap_without_residual_is_the_value_itself():
    assert lasso_gap([[1.0]], [3.0], 0.5)([3.0]) == 1.5  # the residual is 0, hence the dual point, too


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: L1(-1.0), ValueError, "L1(weight=-1.0): weight must be a number >= 0. Got -1.0."),
        (lambda: L2("x"), ValueError, "L2(weight='x'): weight must be a number >= 0. Got 'x'."),
        (lambda: lasso_gap([[1.0]], [1.0], 0), ValueError, "lasso_gap(weight=0): weight must be a number > 0. Got 0."),
        (
            lambda: lasso_gap([[1.0]], [1.0], 1)([1.0, 2.0]),
            ShapeError,
            "lasso_gap: x has shape (2,). Expected a vector",
        ),
        (
            lambda: convex.Term().prox(Tensor([1.0]), 1.0),
            NotImplementedError,
            "Term has no prox(). Define prox(self, x,",
        ),
        (
            lambda: convex.Term()(Tensor([1.0])),
            NotImplementedError,
            "Term has no __call__(). Define __call__(self, x).",
        ),
    ],
)
def test_a_wrong_term_is_told_what_is_wrong(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
