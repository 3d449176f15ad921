"""Oracle: programs solved by hand, KKT conditions in NumPy; without CVXPY only what needs none is run."""

import builtins
import re

import numpy as np
import pytest

from feedforward.convex import (
    geometric_program,
    linear_program,
    quadratic_program,
    second_order_cone_program,
    semidefinite_program,
)
from feedforward.errors import DataError, ShapeError

NEAR = 1e-6  # what Clarabel's tolerance of 1e-8 leaves of numbers of about 1


@pytest.fixture
def solver():
    return pytest.importorskip("cvxpy", reason="CVXPY is not installed")


def test_a_linear_program_takes_its_value_at_a_corner(solver):
    # maximise x + y in x + 2 y <= 4, 3 x + y <= 6, x, y >= 0: the corner (8/5, 6/5), value 14/5; multipliers 2/5, 1/5.
    g, h = np.array([[1.0, 2], [3, 1], [-1, 0], [0, -1]]), np.array([4.0, 6, 0, 0])
    found = linear_program([-1, -1], (g, h))
    np.testing.assert_allclose(found.x, [1.6, 1.2], atol=NEAR)
    assert found.value == pytest.approx(-2.8, abs=NEAR)
    np.testing.assert_allclose(found.inequality_multipliers[0], [0.4, 0.2, 0, 0], atol=NEAR)
    assert abs(found.gap) <= NEAR and found.solver == "CLARABEL"


def test_a_quadratic_program_fulfils_its_kkt_conditions(solver):
    random = np.random.default_rng(1)
    root = random.standard_normal((4, 4))
    p, q, a, b = root @ root.T, random.standard_normal(4), np.ones((1, 4)), np.array([1.0])
    found = quadratic_program(p, q, (-np.eye(4), np.zeros(4)), (a, b))
    (multipliers,) = found.inequality_multipliers
    np.testing.assert_allclose(p @ found.x + q - multipliers + found.equality_multipliers @ a, 0, atol=1e-5)
    assert (multipliers >= -NEAR).all() and abs(multipliers @ found.x) <= NEAR
    assert found.x.sum() == pytest.approx(1, abs=NEAR) and found.x.min() >= -NEAR
    assert found.value == pytest.approx(found.x @ p @ found.x / 2 + q @ found.x, abs=NEAR)


def test_a_second_order_cone_program_touches_its_ball(solver):
    # minimise x1 + x2 in |x - (1, 2)| <= 2: 3 - 2 sqrt(2), where the normal is (1, 1) / sqrt(2); multiplier sqrt(2).
    found = second_order_cone_program([1, 1], [(np.eye(2), [-1, -2], [0, 0], 2.0)])
    np.testing.assert_allclose(found.x, [1 - np.sqrt(2), 2 - np.sqrt(2)], atol=1e-4)
    assert found.value == pytest.approx(3 - 2 * np.sqrt(2), abs=NEAR)
    assert float(found.inequality_multipliers[0]) == pytest.approx(np.sqrt(2), abs=1e-5)


def test_a_geometric_program_finds_the_box_of_least_surface(solver):
    # minimise 2 (x y + y z + x z) with x y z >= 1: the cube, surface 6.
    found = geometric_program(([[1, 1, 0], [0, 1, 1], [1, 0, 1]], [2, 2, 2]), [([[-1, -1, -1]], [1])])
    np.testing.assert_allclose(found.x, 1, atol=1e-4)
    assert found.value == pytest.approx(6, abs=1e-5)
    # With x = 2 y as well: x = 2 y, z = 1 / (2 y^2), surface 2 (2 y^2 + 3 / (2 y)), smallest for y^3 = 3/8.
    y = (3 / 8) ** (1 / 3)
    found = geometric_program(
        ([[1, 1, 0], [0, 1, 1], [1, 0, 1]], [2, 2, 2]), [([[-1, -1, -1]], [1])], [([[1, -1, 0]], [0.5])]
    )
    np.testing.assert_allclose(found.x, [2 * y, y, 1 / (2 * y * y)], atol=1e-4)


def test_a_semidefinite_program_finds_the_largest_eigenvalue(solver):
    # minimise t with M - t I <= 0; the multiplier is v v' of the eigenvector.
    m = np.array([[2.0, 1.0], [1.0, 2.0]])
    found = semidefinite_program([1.0], [-np.eye(2)], m)
    assert found.value == pytest.approx(3, abs=NEAR)
    np.testing.assert_allclose(found.inequality_multipliers[0], [[0.5, 0.5], [0.5, 0.5]], atol=1e-5)
    assert abs(found.gap) <= NEAR


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: linear_program([1.0], ([[1.0], [-1.0]], [0.0, -1.0])),
            "the status is 'infeasible', expected 'optimal'",
        ),
        (lambda: linear_program([1.0]), "the status is 'unbounded', expected 'optimal': the value has no bound below."),
    ],
)
def test_a_program_without_solution_is_told_why(solver, call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(f'linear_program: {message}')}"):
        call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: quadratic_program([[-1.0]], [0.0]),
            DataError,
            "quadratic_program: the smallest eigenvalue of the matri",
        ),
        (
            lambda: quadratic_program([[0, 1], [0, 0]], [0, 0]),
            DataError,
            "quadratic_program: the matrix, shape (2, 2), is",
        ),
        (
            lambda: second_order_cone_program([1.0], [([[1.0]], [0.0])]),
            TypeError,
            "second_order_cone_program: cone 0 is ([[1.0]], [0.0]). Expected four: (A, b, c, d).",
        ),
        (lambda: linear_program([np.nan]), DataError, "linear_program: cost is not finite in row 0."),
        (
            lambda: geometric_program(([[1.0]], [-1.0])),
            DataError,
            "geometric_program: the coefficients of objective are [-1.0]. Expected all above 0",
        ),
        (
            lambda: geometric_program([1.0]),
            TypeError,
            "geometric_program: objective is list. Expected exponents and coef",
        ),
        (
            lambda: semidefinite_program([1.0], [], [[1.0]]),
            ShapeError,
            "semidefinite_program: got 0 matrices for 1 costs.",
        ),
        (
            lambda: semidefinite_program([1.0], [[[0, 1], [0, 0]]], np.eye(2)),
            DataError,
            "semidefinite_program: matrix 0, shape (2, 2), is not symmetric",
        ),
    ],
)
def test_a_wrong_program_is_told_what_is_wrong(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()


def test_without_cvxpy_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "cvxpy":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    wanted = "linear_program: CVXPY is not installed. Install it with pip install 'feedforward-nn[convex]'."
    with pytest.raises(ImportError, match=f"^{re.escape(wanted)}$"):
        linear_program([1.0])
