"""Oracle: worked by hand; the KKT condition (x - z)' (y - z) <= 0 for points y of the set; Duchi et al.'s sort."""

import re

import numpy as np
import pytest

import feedforward as ff
from feedforward import convex
from feedforward.errors import DataError, ShapeError

RANDOM = np.random.default_rng(7)
A, B = np.array([[1.0, 2.0, 0.0, -1.0, 1.0], [0.0, 1.0, 1.0, 1.0, 0.0]]), np.array([1.0, -2.0])
NORMAL = np.array([1.0, -2.0, 0.5, 3.0, -1.0])

INSIDE = np.linalg.pinv(A) @ B
NULL = np.eye(5) - np.linalg.pinv(A) @ A

SETS = {
    "box": (lambda x: convex.project_box(x, -0.5, 1.0), lambda r: r.uniform(-0.5, 1.0, 5)),
    "box of arrays": (
        lambda x: convex.project_box(x, np.arange(5.0) - 2, np.arange(5.0) - 1),
        lambda r: np.arange(5.0) - 2 + r.random(5),
    ),
    "orthant": (lambda x: convex.project_box(x, 0.0), lambda r: r.exponential(size=5)),
    "ball": (
        lambda x: convex.project_ball(x, 2.0, NORMAL),
        lambda r: NORMAL + 2 * r.random() * (lambda v: v / np.linalg.norm(v))(r.standard_normal(5)),
    ),
    "simplex": (lambda x: convex.project_simplex(x, 3.0), lambda r: 3 * r.dirichlet(np.full(5, 0.3))),
    "l1 ball": (
        lambda x: convex.project_l1_ball(x, 1.5),
        lambda r: 1.5 * r.random() * r.dirichlet(np.full(5, 0.3)) * r.choice([-1, 1], 5),
    ),
    "halfspace": (
        lambda x: convex.project_halfspace(x, NORMAL, -1.0),
        lambda r: (lambda v: v - NORMAL * max(0, NORMAL @ v + 1) / (NORMAL @ NORMAL) * r.uniform(1, 2))(
            3 * r.standard_normal(5)
        ),
    ),
    "affine": (lambda x: convex.project_affine(x, A, B), lambda r: INSIDE + NULL @ r.standard_normal(5)),
    "subspace": (lambda x: convex.project_subspace(x, A), lambda r: r.standard_normal(2) @ A),
}


@pytest.mark.parametrize("name", SETS)
def test_a_projection_fulfils_its_kkt_condition_and_leaves_points_of_the_set_where_they_are(name):
    project, draw = SETS[name]
    inside = np.array([draw(RANDOM) for _ in range(200)])
    for x in 3 * RANDOM.standard_normal((12, 5)):
        z = project(x).numpy()
        assert z.dtype == np.float64
        # The set lies behind the plane through z; 1e-12 for rounding of numbers of about 10.
        assert ((inside - z) @ (x - z)).max() <= 1e-12
        np.testing.assert_allclose(project(z).numpy(), z, atol=1e-13)
    for y in inside[:5]:
        np.testing.assert_allclose(project(y).numpy(), y, atol=1e-13)


@pytest.mark.parametrize("name", SETS)
def test_projections_move_no_two_points_apart(name):
    project, _ = SETS[name]
    x, y = 4 * RANDOM.standard_normal((2, 20, 5))
    for one, other in zip(x, y, strict=True):
        moved = np.linalg.norm(project(one).numpy() - project(other).numpy())
        assert moved <= np.linalg.norm(one - other) * (1 + 1e-12)


def test_the_simplex_agrees_with_the_sort_of_duchi_and_others():
    for size in (1, 2, 50):
        x = RANDOM.standard_normal(size)
        down = np.sort(x)[::-1]
        excess = (np.cumsum(down) - 1.0) / np.arange(1, size + 1)
        last = np.flatnonzero(down > excess)[-1]  # rho of figure 1
        np.testing.assert_allclose(convex.project_simplex(x).numpy(), np.maximum(x - excess[last], 0), atol=1e-14)


def test_hand_calculations():
    # |(3, -1)| has sum 4; to come to 2.5 both lose 0.75.
    assert convex.project_l1_ball([3.0, -1.0], 2.5).tolist() == [2.25, -0.25]
    # (5, 1) to sum 1: losing t = 2.5 makes (2.5, 0), too much; only the first is left, and 1.
    assert convex.project_l1_ball([[5.0], [1.0]]).tolist() == [[1.0], [0.0]]
    # a = (3, 4), b = 5: a' x = 25, so x moves by (25 - 5) / 25 = 0.8 of a.
    np.testing.assert_allclose(convex.project_halfspace([3.0, 4.0], [3.0, 4.0], 5.0).numpy(), [0.6, 0.8], atol=1e-7)
    # z1 + z2 = 2, given twice: (3, 1) is 2 too large, 1 of each.
    found = convex.project_affine(np.array([3.0, 1.0]), [[1, 1], [2, 2]], [2, 4])
    np.testing.assert_allclose(found.numpy(), [2, 0], atol=1e-14)
    assert convex.project_subspace([1.0, 2.0], [[0.0, 0.0]]).tolist() == [0.0, 0.0]
    assert convex.project_ball([0.5, 0.0]).tolist() == [0.5, 0.0]


def test_a_halfspace_of_a_huge_normal_overflows_nowhere():
    np.testing.assert_allclose(
        convex.project_halfspace(np.array([2.0, 2.0]), [1e200, 1e200], 2e200).numpy(), [1, 1], atol=1e-15
    )


def test_a_projection_is_an_operation_with_a_gradient():
    # Outside of the ball the Jacobian is (I - u u') r / |x|: at (3, 4), first row (1 - 0.36, -0.48) / 5.
    rows = ff.jacobian(convex.project_ball)(np.array([3.0, 4.0])).numpy()
    np.testing.assert_allclose(rows[0], [0.128, -0.096], atol=1e-15)


def test_whole_numbers_are_not_rounded():
    assert convex.project_ball([3, 4]).tolist() == [0.6000000000000001, 0.8]
    assert convex.project_box([3, 4], 0, [1.5, 5]).tolist() == [1.5, 4.0]
    assert convex.project_simplex(np.array([1, 1])).tolist() == [0.5, 0.5]
    assert convex.L1(0.5).prox([3, -4], 1.0).tolist() == [2.5, -3.5]


def test_nan_stays_nan():
    assert np.isnan(convex.project_box([np.nan, 3.0], 0.0, 1.0).numpy()).tolist() == [True, False]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: convex.project_box([1.0]),
            ValueError,
            "project_box(low=None, high=None): it has no bounds. Give one.",
        ),
        (lambda: convex.project_box([1.0], 2, 1), ValueError, "project_box(low=2, high=1): low must be <= high every"),
        (lambda: convex.project_box([1.0], np.nan), ValueError, "project_box(low=nan, high=None): low must be <= high"),
        (
            lambda: convex.project_l1_ball([1.0], 0),
            ValueError,
            "project_l1_ball(radius=0): radius must be a number > 0",
        ),
        (
            lambda: convex.project_simplex([[1.0]]),
            ShapeError,
            "project_simplex: x has shape (1, 1). Expected a vector.",
        ),
        (
            lambda: convex.project_halfspace([1.0], [0.0], 1.0),
            DataError,
            "project_halfspace: the normal is 0. Expected a direction.",
        ),
        (
            lambda: convex.project_halfspace([1.0], [1.0, 2.0], 1.0),
            ShapeError,
            "project_halfspace: normal has shape (2,). Expected a vector of 1.",
        ),
        (
            lambda: convex.project_affine([1.0], [[1.0], [1.0]], [0.0, 2.0]),
            DataError,
            "project_affine: no point fulfils the equations; the nearest misses one by 1. Expected equations that",
        ),
        (
            lambda: convex.project_affine([1.0], [[np.nan]], [0.0]),
            DataError,
            "project_affine: matrix is not finite in row 0, column 0. Expected finite numbers.",
        ),
        (
            lambda: convex.project_subspace([[1.0]], [[1.0]]),
            ShapeError,
            "project_subspace: x has shape (1, 1). Expected",
        ),
    ],
)
def test_a_wrong_set_is_told_what_is_wrong(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        call()
