"""Convex programs, each solved twice: ``python examples/convex_programs.py``.

It takes some seconds, and needs CVXPY: ``pip install 'feedforward-nn[convex]'``. A general solver gets the program in
its standard form, and says by its multipliers how good the solution is; beside it a gradient method of `ff.convex`
works on the same problem, in the form in which a projection or a subgradient is easy.
"""

from typing import Any

import numpy as np

import feedforward as ff
from feedforward import convex


def game() -> tuple[float, float]:
    """Linear: what to play of rock, paper, scissors, where the other's paper wins twice as much, to lose least.

    With the matrix of the other's gains, minimise t in M p <= t over probabilities p; or max_i (M p)_i by subgradients.
    """
    gains = np.array([[0.0, -1.0, 1.0], [2.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    inequalities = (np.block([[gains, -np.ones((3, 1))], [-np.eye(3), np.zeros((3, 1))]]), np.zeros(6))
    solved = convex.linear_program([0.0, 0.0, 0.0, 1.0], inequalities, ([[1.0, 1.0, 1.0, 0.0]], [1.0]))
    found = convex.subgradient_method(
        lambda p: ff.max(_product(gains, p)),
        [1.0, 0.0, 0.0],
        convex.project_simplex,
        step=convex.InverseRoot(0.5),
        lower_bound=solved.value - solved.gap,
        tolerance=1e-3,
        max_iterations=5000,
    )
    print(f"LP    play {solved.x[:3].round(3)}, value {solved.value:.6f}; subgradients: {found.reason}")
    return solved.value, found.value


def portfolio() -> tuple[float, float]:
    """Quadratic: shares of money that vary little for what they bring, x' S x / 2 - r' x over x >= 0, sum x = 1."""
    random = np.random.default_rng(0)
    root, gain = random.standard_normal((8, 5)), random.random(5)
    spread = root.T @ root / 8
    solved = convex.quadratic_program(spread, -gain, (-np.eye(5), np.zeros(5)), (np.ones((1, 5)), [1.0]))
    found = convex.projected_gradient(
        lambda x: ff.sum(x * _product(spread, x)) / 2.0 - ff.sum(gain * x), np.full(5, 0.2), convex.project_simplex
    )
    print(f"QP    shares {solved.x.round(3)}, value {solved.value:.6f}; projected gradient: {found.reason}")
    return solved.value, found.value


def meeting_point() -> tuple[float, float]:
    """Of second-order cones: the point with the least sum of distances to some others: sum t_i, |x - a_i| <= t_i.

    Of four corners it is where the diagonals cross. The solver's value is what Polyak's steps need.
    """
    homes = np.array([[0.0, 0.0], [4.0, 0.0], [3.0, 3.0], [0.0, 2.0]])
    here = np.eye(2, 6)
    cones = [(here, -home, np.eye(6)[2 + i], 0.0) for i, home in enumerate(homes)]
    solved = convex.second_order_cone_program(np.r_[0.0, 0.0, np.ones(4)], cones)
    found = convex.subgradient_method(
        lambda x: sum(convex.norm(x - home) for home in homes),
        [0.0, 5.0],
        step=convex.Polyak(),
        lower_bound=solved.value - abs(solved.gap),
        tolerance=1e-4,
    )
    print(f"SOCP  at {solved.x[:2].round(3)}, value {solved.value:.6f}; subgradients: {found.reason}")
    return solved.value, found.value


def box() -> tuple[float, float]:
    """Geometric: the box of least surface x y + 2 x z + 2 y z, without a lid, that holds 4.

    In logarithms u, x = exp(u_1), the surface is a sum of exponentials, and x y z = 4 a plane, to project onto.
    """
    sides = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    counts = np.array([1.0, 2.0, 2.0])
    solved = convex.geometric_program((sides, counts), [([[-1.0, -1.0, -1.0]], [4.0])])
    found = convex.projected_gradient(
        lambda u: ff.sum(counts * ff.exp(_product(sides, u))),
        np.zeros(3),
        lambda u: convex.project_affine(u, [[1.0, 1.0, 1.0]], [np.log(4.0)]),
    )
    print(f"GP    sides {solved.x.round(3)}, value {solved.value:.6f}; projected gradient: {found.reason}")
    return solved.value, found.value


def eigenvalue() -> tuple[float, float]:
    """Semidefinite: the largest eigenvalue is the least t for which t I - M has none below 0; NumPy's beside it."""
    root = np.random.default_rng(1).standard_normal((4, 4))
    matrix = (root + root.T) / 2
    solved = convex.semidefinite_program([1.0], [-np.eye(4)], matrix)
    exact = float(np.linalg.eigvalsh(matrix)[-1])
    print(f"SDP   t = {solved.value:.6f}; NumPy's eigenvalue {exact:.6f}")
    return solved.value, exact


def _product(matrix: Any, x: Any) -> Any:
    return ff.reshape(ff.Tensor(matrix) @ ff.reshape(x, (-1, 1)), (-1,))


def main() -> dict[str, tuple[float, float]]:
    """Solve all, and return the values of both ways."""
    return {each.__name__: each() for each in (game, portfolio, meeting_point, box, eigenvalue)}


if __name__ == "__main__":
    main()
